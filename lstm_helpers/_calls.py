"""How the caller's functions are called: in parts of limited size, and with the rows that belong.

What ``attribution`` asks a function for are *copies* of windows, (copies, windows, time, features):
one for each node of an integral, or each place that is replaced.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._checks import OfWindows, Shape

# Bytes of the windows that one call gets, at least one window. A model that keeps its states for
# the gradient takes tens of times as much. With 4 MiB here that does not fit into the cache, and
# the NumPy gradient takes two to three times as long.
_CALL_BYTES = 2**20


def parts(inputs: np.ndarray, copies: int) -> Iterator[tuple[slice, slice]]:
    """(part of the batch, part of the copies) for each call, none with too many bytes.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> list(_calls.parts(np.ones((2, 5, 3)), copies=7))
    [(slice(0, 2, None), slice(0, 7, None))]
    """
    batch, windows = len(inputs), windows_at_once(inputs)
    for start in range(0, batch, windows):
        part = slice(start, min(start + windows, batch))
        size = windows // (part.stop - part.start)
        for first in range(0, copies, size):
            yield part, slice(first, min(first + size, copies))


def windows_at_once(inputs: np.ndarray) -> int:
    """How many windows of this size one call gets.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> _calls.windows_at_once(np.ones((2, 64, 8))) * 64 * 8 * 8 == 2**20
    True
    """
    return max(1, _CALL_BYTES // (inputs.itemsize * inputs[:1].size or 1))


@dataclasses.dataclass(frozen=True)
class Asked:
    """A function of the caller, with what it takes beside the windows and returns for each.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> asked = _calls.Asked("forward", lambda x, c: c * x[:, -1, 0], (), (np.array([2, 3]),))
    >>> asked.on_all(np.ones((2, 4, 1))).tolist()
    [2.0, 3.0]
    """

    name: str
    function: OfWindows
    shape: Shape
    args: tuple[Any, ...] = ()

    def on(self, points: np.ndarray, part: slice) -> np.ndarray:
        """The results (copies, windows, ...) of one call, for copies of this part of the batch.

        Examples
        --------
        >>> from lstm_helpers import _calls
        >>> asked = _calls.Asked("forward", lambda x: x.sum((1, 2)), ())
        >>> asked.on(np.ones((7, 2, 4, 1)), slice(0, 2)).shape
        (7, 2)
        """
        rows = np.tile(np.arange(part.start, part.stop), len(points))
        found = self.on_rows(points.reshape(len(rows), *points.shape[2:]), rows)
        return found.reshape(*points.shape[:2], *self.shape)

    def on_rows(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The results (windows, ...) of one call, for a copy of each of these rows of the batch.

        Examples
        --------
        >>> from lstm_helpers import _calls
        >>> asked = _calls.Asked("forward", lambda x, c: c * x[:, -1, 0], (), (np.array([2, 3]),))
        >>> asked.on_rows(np.ones((3, 4, 1)), np.array([1, 1, 0])).tolist()
        [3.0, 3.0, 2.0]
        """
        # Chosen by a list of rows: a copy, so that nothing done to it reaches the caller's data.
        args = [arg[rows] if _has_rows(arg) else arg for arg in self.args]
        return _checks.returned(self.name, self.function(points, *args), (len(rows), *self.shape))

    def on_all(self, inputs: np.ndarray) -> np.ndarray:
        """The results for all windows, in as many calls as needed.

        Examples
        --------
        >>> from lstm_helpers import _calls
        >>> _calls.Asked("forward", lambda x: x.sum((1, 2)), ()).on_all(np.ones((2, 4, 1))).tolist()
        [4.0, 4.0]
        """
        results = np.zeros((len(inputs), *self.shape))
        for part, _ in parts(inputs, 1):
            results[part] = self.on_rows(inputs[part].copy(), np.arange(part.start, part.stop))
        return results


def checked_args(given: Any, batch: int) -> tuple[Any, ...]:
    """``additional_forward_args`` as a tuple; each array in it has a row for each window.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> len(_calls.checked_args((np.ones((2, 5)), "a text"), batch=2))
    2
    """
    if given is None:
        return ()
    args = given if isinstance(given, tuple) else (given,)
    for arg in args:
        if _has_rows(arg) and len(arg) != batch:
            raise ValueError(
                f"expected additional_forward_args with a row for each of {batch} windows, "
                f"got shape {arg.shape}"
            )
    return args


def checked_baselines(given: Any, inputs: np.ndarray) -> np.ndarray:
    """Baselines as (samples, batch, time, features), one sample unless more are given.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> _calls.checked_baselines([1, 2, 3], np.ones((4, 5, 3))).shape
    (1, 4, 5, 3)
    """
    array = _checks.real_numbers("baselines", given)
    with np.errstate(over="ignore"):  # what is too large for the dtype is named below
        cast = array.astype(inputs.dtype, copy=False)
    if not np.isfinite(cast).all():
        wrong = array[~np.isfinite(cast)][0]
        raise ValueError(f"expected baselines of finite {inputs.dtype} numbers, got {wrong}")
    samples = len(array) if array.ndim == 4 else 1
    try:
        if not samples:
            raise ValueError
        return np.broadcast_to(cast, (samples, *inputs.shape))
    except ValueError:
        raise ValueError(
            f"expected baselines that broadcast to {inputs.shape}, the shape of the inputs or to "
            f"(samples, *that), got {array.shape}"
        ) from None


def checked_padding(mask: Any, inputs: np.ndarray) -> np.ndarray:
    """Where padding is, (batch, time, 1): nowhere without a mask.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> _calls.checked_padding([[False, True]], np.ones((1, 2, 3)))[..., 0].tolist()
    [[True, False]]
    """
    batch, time, _ = inputs.shape
    real = np.ones((batch, time), bool) if mask is None else _checks.mask(mask, batch, time)
    return ~real[..., None]


def require_not_skipped(
    functions: tuple[Any, ...], baselines: np.ndarray, inputs: np.ndarray, padding: np.ndarray
) -> None:
    """Raise where a baseline is what the model's Masking skips: ``mask_value`` of the functions.

    Such a step would be left out, not replaced, and the output jumps on the way there.

    Examples
    --------
    >>> from lstm_helpers import _calls
    >>> x, padding = np.ones((4, 5, 3)), np.zeros((4, 5, 1), bool)
    >>> _calls.require_not_skipped((np.sum,), np.zeros((1, 4, 5, 3)), x, padding) is None
    True
    """
    for function in functions:
        value = getattr(function, "mask_value", None)
        if value is None:
            continue
        real = ~padding.squeeze(2)
        skipped = (baselines == value).all(axis=3) & real & (inputs != value).any(axis=2)
        if skipped.any():
            raise ValueError(
                f"expected baselines that the model reads, got what Masking({value:g}) skips "
                f"at {skipped.sum()} steps: pass others, such as baselines=x.mean(axis=0), and "
                "mask= for padding"
            )


def _has_rows(arg: Any) -> bool:
    """Whether it is an array that follows the windows; any other value is passed on as it is."""
    return isinstance(arg, np.ndarray) and arg.ndim > 0
