"""Which method finds the known answer: ask every method in every world, and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lstm_helpers import _checks, attribution, memory
from lstm_helpers.course.worlds import WORLDS, World, planted
from lstm_helpers.gates import feature_norms
from lstm_helpers.numpy_lstm import replay

Importances = dict[str, np.ndarray]
"""By axis: "lag", (time,) with lag 0 first, and "feature", (features,); 0 or more, in any unit."""


def _weight_norms(world: World) -> Importances:
    """Rows of the kernel, all gates together. Every step uses the same weights: no lags."""
    return {"feature": np.linalg.norm(feature_norms(world.weights), axis=0)}


def _gate_products(world: World) -> Importances:
    """How far the gates are open from a step until the output. They tell nothing of features."""
    trace = replay(world.weights, world.inputs)
    opened = trace.gates.i * memory.retention(trace) * trace.gates.o[:, -1:]
    return {"lag": attribution.temporal_profile(opened @ np.abs(world.head))}


def _cell_contributions(world: World) -> Importances:
    """The same, multiplied by what was written: they add up to the output."""
    trace = replay(world.weights, world.inputs)
    written = memory.cell_contributions(trace)[0] * trace.gates.o[:, -1:]
    return {"lag": attribution.temporal_profile(written @ world.head)}


def _permutation(world: World) -> Importances:
    """Increase of the mean absolute error."""

    def error(windows):
        return np.abs(world.forward(windows) - world.targets).mean()

    return {
        axis: attribution.permutation(error, world.inputs, axis=axis) for axis in ("lag", "feature")
    }


METHODS: dict[str, Callable[[World], Importances | np.ndarray]] = {
    "weight norms": _weight_norms,
    "gate products": _gate_products,
    "cell contributions": _cell_contributions,
    "gradient": lambda world: attribution.saliency(world.gradient, world.inputs),
    "gradient x input": lambda world: world.gradient(world.inputs) * world.inputs,
    "integrated gradients": lambda world: attribution.integrated_gradients(
        world.gradient, world.inputs, n_steps=20
    ),
    "occlusion": lambda world: attribution.occlusion(world.forward, world.inputs),
    "permutation": _permutation,
}
"""Functions of a World. One may return attributions in the shape of the world's inputs, of which
``ask`` takes absolute values, the mean over windows and the sum over the other axis; or
``Importances``. Integrated gradients and occlusion start from zeros."""


def ask(
    world: World, methods: Mapping[str, Callable[[World], Any]] = METHODS
) -> dict[str, Importances]:
    """Ask every method which lags and which features matter.

    Parameters
    ----------
    world : World
    methods : mapping from name to function
        As in ``METHODS``. You can add your own: ``METHODS | {"mine": function}``.

    Returns
    -------
    dict with "lag" and "feature", each a dict from method to importance
        (time,) arrays, lag 0 first, and (features,) arrays. A method that says nothing of an axis
        is missing there.

    Raises
    ------
    ValueError
        A method returned something else.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import METHODS, ask
    >>> from lstm_helpers.course.worlds import planted
    >>> said = ask(planted("one lag", seed=0), {"gradient": METHODS["gradient"]})
    >>> said["lag"]["gradient"].shape, said["feature"]["gradient"].shape
    ((24,), (3,))
    """
    time, features = world.truth.shape
    lengths = {"lag": time, "feature": features}
    found: dict[str, Importances] = {axis: {} for axis in lengths}
    for name, method in methods.items():
        said = method(world)
        if not isinstance(said, Mapping):
            said = _checks.returned(f"the method {name!r}", said, world.inputs.shape)
            said = {
                "lag": attribution.temporal_profile(said),
                "feature": np.abs(said).sum(axis=1).mean(axis=0),
            }
        if not said or not said.keys() <= lengths.keys():
            raise ValueError(
                f"expected the method {name!r} to return lag or feature, got {list(said)}"
            )
        for axis, importance in said.items():
            found[axis][name] = _checks.returned(
                f"the method {name!r}", importance, (lengths[axis],)
            )
    return found


def scoreboard(
    seed: int, methods: Mapping[str, Callable[[World], Any]] = METHODS
) -> dict[str, dict[str, dict[str, bool]]]:
    """Which method passes in which world of a seed.

    Parameters
    ----------
    seed : int
    methods : mapping from name to function
        As in ``ask``.

    Returns
    -------
    dict with "lag" and "feature", each a dict from world to a dict from method to bool
        Whether ``score`` of what ``ask`` returns has passed.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import METHODS, scoreboard
    >>> board = scoreboard(0, {"gradient": METHODS["gradient"]})
    >>> board["lag"]["one lag"], board["lag"]["either"]
    ({'gradient': True}, {'gradient': False})
    """
    board: dict[str, dict[str, dict[str, bool]]] = {"lag": {}, "feature": {}}
    for name in WORLDS:
        world = planted(name, seed)
        truth = {"lag": world.truth.any(axis=1), "feature": world.truth.any(axis=0)}
        for axis, said in ask(world, methods).items():
            board[axis][name] = {
                method: score(importance, truth[axis]).passed for method, importance in said.items()
            }
    return board


NOTICED = 0.02
"""An entry counts as found if it has at least this share of the largest importance."""


class Score(NamedTuple):
    """How well an importance agrees with the truth.

    Attributes
    ----------
    rank_agreement : float
        Spearman's correlation with the truth, ties at their mean rank. 0 if all entries are equal.
    mass : float
        Share of the importance that lies on true entries; 0 if no entry has any.
    misses : int
        True entries that were not found: below ``NOTICED`` of the largest.
    false_alarms : int
        Other entries that were found.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import score
    >>> found = score([1.0, 0.0, 3.0], np.array([False, False, True]))
    >>> round(found.rank_agreement, 2), found.mass
    (0.87, 0.75)
    """

    rank_agreement: float
    mass: float
    misses: int
    false_alarms: int

    @property
    def passed(self) -> bool:
        """Every true entry was found and no other, and they have at least .9 of the importance.

        Examples
        --------
        >>> from lstm_helpers.course.scoring import score
        >>> truth = np.array([False, False, True])
        >>> score([0.0, 0.0, 3.0], truth).passed, score([1.0, 0.0, 3.0], truth).passed
        (True, False)
        """
        return self.misses == self.false_alarms == 0 and self.mass >= 0.9


def score(importance: Any, truth: Any) -> Score:
    """Compare what a method says with what is true.

    Parameters
    ----------
    importance : array of any shape
        0 or more, in any unit.
    truth : array of the same shape
        True where the output depends on the entry, at least once. By lag it is
        ``world.truth.any(axis=1)``, by feature ``world.truth.any(axis=0)``.

    Returns
    -------
    Score
        Its ranks ignore differences below 1e-9 of the largest importance.

    Raises
    ------
    TypeError, ValueError
        Shapes differ, an importance is not a number from 0 up, or no entry is true.

    Notes
    -----
    Spearman (1904), The proof and measurement of association between two things. American Journal
    of Psychology 15. With a truth of two values it is 1 only for importances of two values.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import score
    >>> found = score([0.5, 0.0, 1.5], np.array([False, False, True]))
    >>> found.mass, found.misses, found.false_alarms
    (0.75, 0, 1)
    """
    importance = _checks.real_numbers("importance", importance)
    truth = np.asarray(truth)
    if truth.dtype != bool:
        raise TypeError(f"expected truth as bool, got dtype {truth.dtype}")
    if importance.shape != truth.shape:
        raise ValueError(
            f"expected importance in the shape of truth, {truth.shape}, got {importance.shape}"
        )
    if not truth.any():
        raise ValueError("expected at least one true entry, got none")
    importance = importance.astype(float)
    bad = ~((importance >= 0) & np.isfinite(importance))
    if bad.any():
        raise ValueError(f"expected finite importances from 0 up, got {importance[bad][0]:g}")

    relative = importance / (importance.max() or 1)
    found = relative >= NOTICED
    mass = relative[truth].sum() / (relative.sum() or 1)
    ranks = np.array([_ranks(relative.round(9)), _ranks(truth)])
    ranks -= ranks.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(ranks, axis=1)
    agreement = ranks[0] @ ranks[1] / (lengths.prod() or 1)
    misses, false_alarms = truth & ~found, found & ~truth
    return Score(float(agreement), float(mass), int(misses.sum()), int(false_alarms.sum()))


def _ranks(values):
    """From 1 up, equal values at the mean of their ranks."""
    _, which, counts = np.unique(values.ravel(), return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[which]
