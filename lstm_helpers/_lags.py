"""Lags of windows that may be padded, and which windows exchange them: for ``attribution``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._checks import Shape


def steps_of(real: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each window and lag, (batch, time): the step, and whether it is a real one.

    Lag 0 is the last real step. A lag from before the first step is no real one, at step 0.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> steps, has = _lags.steps_of(np.array([[True, True, False]]))
    >>> steps.tolist(), has.tolist()
    ([[1, 0, 0]], [[True, True, False]])
    """
    time = real.shape[1]
    last = time - 1 - real[:, ::-1].argmax(axis=1)
    steps = last[:, None] - np.arange(time)
    inside = np.maximum(steps, 0)
    return inside, (steps >= 0) & np.take_along_axis(real, inside, axis=1)


def partners(number: np.ndarray, has: np.ndarray) -> list[np.ndarray]:
    """Sets of two windows or more of one group that have the same of these lags, one at least.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> has = np.array([[True, False], [True, True], [True, False], [False, False]])
    >>> _lags.partners(np.array([0, 0, 0, 0]), has)
    [array([0, 2])]
    """
    for lag in has.T:
        _, number = np.unique(2 * number + lag, return_inverse=True)
    number = np.where(has.any(axis=1), number, -1)
    sets = [np.flatnonzero(number == n) for n in range(number.max() + 1)]
    return [some for some in sets if len(some) > 1]


def orders(sets: list[np.ndarray], batch: int, repeats: int, seed: int) -> Iterator[np.ndarray]:
    """From which window each takes, for each shuffle; the same whenever the sets are.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> [order[1].item() for order in _lags.orders([np.array([0, 2])], batch=3, repeats=2, seed=0)]
    [1, 1]
    """
    rng = np.random.default_rng(seed)
    for _ in range(repeats):
        order = np.arange(batch)
        for some in sets:
            order[some] = rng.permutation(some)
        yield order


def checked_groups(given: Any, batch: int) -> np.ndarray:
    """The number of each window's group; all are in one if None is given.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> _lags.checked_groups(["May", "June", "May"], batch=3).tolist()
    [1, 0, 1]
    """
    if given is None:
        return np.zeros(batch, int)
    groups = _checks.array("a group for each window", given)
    if groups.shape != (batch,):
        raise ValueError(f"expected a group for each window, ({batch},), got {groups.shape}")
    for group in groups.tolist():  # a missing date becomes None there
        if group is None or group != group:
            raise ValueError(f"expected a group for each window, got {group}")
    return np.unique(groups, return_inverse=True)[1]


def checked_places(axis: str, together: Any, shape: Shape) -> list[tuple[list[int], list[int]]]:
    """The (lags, features) that are exchanged at once, for each value that is asked for.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> _lags.checked_places("lag", [[3, 4]], shape=(10, 5, 2))
    [([3, 4], [0, 1])]
    """
    _, time, features = shape
    count = time if axis == "lag" else features
    sets = [[n] for n in range(count)] if together is None else [list(some) for some in together]
    if not sets:
        raise ValueError(f"expected at least one set of {axis}s in together, got none")
    for some in sets:
        whole = bool(some) and all(map(_checks.is_whole, some))
        if not whole or not 0 <= min(some) <= max(some) < count or len({*some}) < len(some):
            raise ValueError(
                f"expected sets of different {axis}s from 0 to {count - 1} in together, got {some}"
            )
    if axis == "feature":
        return [(list(range(time)), some) for some in sets]
    return [(some, list(range(features))) for some in sets]


def require_apart(axis: str, places: list[tuple[list[int], list[int]]]) -> None:
    """Raise if a lag, or a feature, is in two of these places.

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> _lags.require_apart("lag", [([3, 4], [0, 1]), ([0], [0, 1])]) is None
    True
    """
    seen: set[int] = set()
    for lags, features in places:
        some = lags if axis == "lag" else features
        if seen & {*some}:
            raise ValueError(
                f"expected each {axis} in one set of together, got {min(seen & {*some})} in two"
            )
        seen |= {*some}


def checked_lengths(given: Any, batch: int, time: int) -> np.ndarray:
    """Number of real steps of each window, (batch,).

    Examples
    --------
    >>> from lstm_helpers import _lags
    >>> _lags.checked_lengths([3, 1], batch=2, time=3).tolist()
    [3, 1]
    """
    lengths = _checks.real_numbers("lengths", given, booleans=False)
    if lengths.shape != (batch,):
        raise ValueError(f"expected lengths of shape ({batch},), got {lengths.shape}")
    for length in lengths:
        if not _checks.is_whole(length) or not 1 <= length <= time:
            raise ValueError(f"expected lengths as whole numbers from 1 to {time}, got {length}")
    return lengths.astype(int)
