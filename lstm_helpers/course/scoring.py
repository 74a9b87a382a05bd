"""Which method finds the known answer: ask every method in every world, and compare."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._ranks import spearman
from lstm_helpers.course.methods import METHODS, Answers, by_axis, slopes
from lstm_helpers.course.worlds import WORLDS, World, planted


def ask(
    world: World, methods: Mapping[str, Callable[[World], Any]] = METHODS
) -> dict[str, Answers]:
    """Ask every method which lags and which features matter, and which way they push.

    Parameters
    ----------
    world : World
    methods : mapping from name to function
        As in ``METHODS``. You can add your own: ``METHODS | {"mine": function}``.

    Returns
    -------
    dict with "lag", "feature" and "sign", each a dict from method to its answer
        (time,) arrays, lag 0 first; (features,) arrays; (time, features) arrays, lag 0 first. A
        method that does not answer a question is missing there.

    Raises
    ------
    ValueError
        A method returned something else.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import METHODS, ask
    >>> from lstm_helpers.course.worlds import planted
    >>> said = ask(planted("one lag", seed=0), {"gradient": METHODS["gradient"]})
    >>> said["lag"]["gradient"].shape, said["sign"]["gradient"].shape
    ((24,), (24, 3))
    """
    time, features = world.truth.shape
    shapes = {"lag": (time,), "feature": (features,), "sign": (time, features)}
    found: dict[str, Answers] = {question: {} for question in shapes}
    for name, method in methods.items():
        said = method(world)
        if not isinstance(said, Mapping):
            said = _checks.returned(f"the method {name!r}", said, world.inputs.shape)
            said = by_axis(said) | {"sign": slopes(said, world.inputs)}
        if not said or not said.keys() <= shapes.keys():
            raise ValueError(
                f"expected the method {name!r} to return lag, feature or sign, got {list(said)}"
            )
        for question, answer in said.items():
            found[question][name] = _checks.returned(
                f"the method {name!r}", answer, shapes[question]
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
    dict with "lag", "feature" and "sign", each a dict from world to a dict from method to bool
        Whether ``score``, or ``score_signs``, of what ``ask`` returns has passed.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import METHODS, scoreboard
    >>> board = scoreboard(0, {"gradient": METHODS["gradient"]})
    >>> board["lag"]["one lag"], board["lag"]["either"], board["sign"]["two lags"]
    ({'gradient': True}, {'gradient': False}, {'gradient': True})
    """
    board: dict[str, dict[str, dict[str, bool]]] = {"lag": {}, "feature": {}, "sign": {}}
    for name in WORLDS:
        world = planted(name, seed)
        said = ask(world, methods)
        for axis, truth in (("lag", world.truth.any(axis=1)), ("feature", world.truth.any(axis=0))):
            board[axis][name] = {
                method: score(importance, truth).passed for method, importance in said[axis].items()
            }
        board["sign"][name] = {
            method: score_signs(direction, world.signs).passed
            for method, direction in said["sign"].items()
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

    # Processors differ in the last digits of a correlation; what is printed must not.
    def __repr__(self) -> str:
        return (
            f"Score(rank_agreement={self.rank_agreement:.2f}, mass={self.mass:.2f}, "
            f"misses={self.misses}, false_alarms={self.false_alarms})"
        )

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
    agreement = np.nan_to_num(spearman(relative.round(9), truth))
    misses, false_alarms = truth & ~found, found & ~truth
    return Score(float(agreement), float(mass), int(misses.sum()), int(false_alarms.sum()))


class SignScore(NamedTuple):
    """How many of the entries that have a sign got the right one.

    Attributes
    ----------
    right, wrong : int
    missed : int
        Entries whose direction is below ``NOTICED`` of the largest of them.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import score_signs
    >>> score_signs([2.0, 3.0, 0.0], np.array([1, -1, 1]))
    SignScore(right=1, wrong=1, missed=1)
    """

    right: int
    wrong: int
    missed: int

    @property
    def passed(self) -> bool:
        """Every entry that has a sign got it.

        Examples
        --------
        >>> from lstm_helpers.course.scoring import score_signs
        >>> score_signs([2.0, -3.0, 5.0], np.array([1, -1, 0])).passed
        True
        """
        return self.wrong == self.missed == 0


def score_signs(directions: Any, signs: Any) -> SignScore:
    """Compare which way a method says that readings push with the way they do.

    Parameters
    ----------
    directions : array of any shape
        Above 0 where a higher reading raises the output, below where it lowers it, in any unit.
    signs : array of the same shape
        1, -1, or 0 where there is nothing to compare: ``world.signs``.

    Returns
    -------
    SignScore

    Raises
    ------
    TypeError, ValueError
        Shapes differ, a direction is not finite, a sign is another number, or all signs are 0.

    Examples
    --------
    >>> from lstm_helpers.course.scoring import score_signs
    >>> score_signs([0.5, -0.1, 9.0], np.array([1, -1, 0]))
    SignScore(right=2, wrong=0, missed=0)
    """
    directions = _checks.real_numbers("directions", directions)
    signs = _checks.real_numbers("signs", signs)
    if not np.isin(signs, (-1, 0, 1)).all() or not signs.any():
        raise ValueError("expected signs of -1, 0 and 1, and one that is not 0")
    if directions.shape != signs.shape:
        raise ValueError(
            f"expected directions in the shape of signs, {signs.shape}, got {directions.shape}"
        )
    if not np.isfinite(directions).all():
        raise ValueError("expected finite directions")
    along = directions[signs != 0] * signs[signs != 0]
    seen = np.abs(along) >= NOTICED * (np.abs(along).max() or 1)
    right, wrong = seen & (along > 0), seen & (along < 0)
    return SignScore(int(right.sum()), int(wrong.sum()), int((~seen).sum()))
