"""Mysteries: networks with a known rule, dressed so that nobody sees it.

Some are worlds (``worlds.planted``) and rules like them, set by hand; some were trained. Features
and units are in a drawn order, one more feature and one more unit do nothing, and nothing that is
displayed tells the rule. ``Mystery.truth`` does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lstm_helpers as lh
from lstm_helpers import _checks
from lstm_helpers.course import _mystery_training, worlds
from lstm_helpers.course.worlds import FLAG, OTHER, VALUE
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.readout import Readout

FEATURE_NAMES = ("a", "b", "c", "d")
"""What every mystery reads; which of them does what is drawn."""
SPARE = 3  # the feature that mysteries have and worlds do not: noise


@dataclasses.dataclass(frozen=True)
class Truth:
    """What the rule of a mystery says; None where it names none.

    Attributes
    ----------
    rule : str
        In words.
    lags : tuple of int or None
        What the output depends on; None if on all lags, or on nothing in particular.
    features : tuple of int or None
    units : tuple of int or None
        Which units the output is read from; None if many share it, as in a trained network.

    Examples
    --------
    >>> from lstm_helpers.course.mysteries import mystery
    >>> truth = mystery("counter", seed=0).truth
    >>> truth.lags is None, len(truth.features), len(truth.units)
    (True, 1, 1)
    """

    rule: str
    lags: tuple[int, ...] | None
    features: tuple[int, ...] | None
    units: tuple[int, ...] | None


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Mystery:
    """A network, windows and targets; its rule is not displayed.

    Attributes
    ----------
    readout : Readout
    inputs : (windows, 24, 4) array
        The features are ``FEATURE_NAMES``; the newest step comes last.
    targets : (windows,) array
    times : (windows,) of datetime64
        Of the newest reading of each window, 29 hours apart.
    truth : Truth
        The answer.

    Examples
    --------
    >>> from lstm_helpers.course.mysteries import mystery
    >>> case = mystery("delay", seed=0)
    >>> case
    Mystery(inputs=(240, 24, 4), units=24)
    >>> case.readout.forward(case.inputs).shape
    (240,)
    """

    readout: Readout
    inputs: np.ndarray
    targets: np.ndarray
    times: np.ndarray
    truth: Truth

    def __repr__(self) -> str:
        return f"Mystery(inputs={self.inputs.shape}, units={self.readout.w.units})"


def mystery(rule: str, seed: int, folder: str | Path | None = None) -> Mystery:
    """Make a mystery.

    =============== ====================================================================
    delay           a reading of long ago
    difference      a reading minus an older one
    latch           the reading at which a flag was up last
    switch          an old reading, if another feature is up now, else 0
    either or       whether a flag was up at one of two lags; it was at both or neither
    closed gate     an old reading; large weights on another behind a gate that is shut
    silent feature  an old reading, and another feature, which never moves
    counter         how often a flag was up
    twin units      a mean that fades, held in two units alike
    untrained       nothing: the weights are as they are drawn before training
    trained delay   a reading of some steps ago, learned
    trained switch  the newest reading, if another feature is up, learned
    trained clock   the time of a wave that one feature shows, under noise; learned
    leaked target   learned from readings that hold what is to be forecast
    trained mean    the mean of a feature over the window, learned
    =============== ====================================================================

    Parameters
    ----------
    rule : str
        One of ``RULES``.
    seed : int
        One seed, one mystery.
    folder : str or Path, optional
        Where ``mysteries.npz`` lies, with the networks of ``TRAINED`` for the seeds 0 to 3 and 100
        to 119. Others are trained now, which takes Keras and some ten seconds.

    Returns
    -------
    Mystery

    Raises
    ------
    ValueError
        There is no such rule, or the seed is no whole number of at least 0.

    Examples
    --------
    >>> from lstm_helpers.course.mysteries import RULES, mystery
    >>> len(RULES), mystery("switch", seed=3).inputs.shape
    (15, (240, 24, 4))
    """
    if rule not in RULES:
        raise ValueError(f"expected a rule of {', '.join(map(repr, RULES))}, got {rule!r}")
    _checks.whole_number("seed", seed, least=0)
    rng = np.random.default_rng([RULES.index(rule), seed])
    readout, x, y, truth = (_SET_BY_HAND.get(rule) or _trained(rule, seed, folder))(rng)
    return _dressed(readout, x, y, truth, rng)


def case(number: int, folder: str | Path | None = None) -> Mystery:
    """A mystery of which you don't know the rule: the number draws it.

    Parameters
    ----------
    number : int
        One number, one mystery.
    folder : str or Path, optional
        As in ``mystery``: for the numbers 0 to 3 and 100 to 119, nothing is trained then.

    Returns
    -------
    Mystery

    Raises
    ------
    ValueError
        The number is no whole number of at least 0.

    Examples
    --------
    >>> from lstm_helpers.course import mysteries
    >>> mysteries.case(4).inputs.shape
    (240, 24, 4)
    """
    number = _checks.whole_number("number", number, least=0)
    return mystery(str(np.random.default_rng([8, number]).choice(RULES)), number, folder)


def _dressed(readout: Readout, x: np.ndarray, y: np.ndarray, truth: Truth, rng) -> Mystery:
    """Features and units in another order."""
    places, units = rng.permutation(x.shape[2]), rng.permutation(readout.w.units)
    # What was feature n stands at column places[n].
    column, unit = np.argsort(places), np.argsort(units)
    w = readout.w
    new = dataclasses.replace(
        w,
        kernel=Gates(*(part[column][:, unit] for part in w.kernel)),
        recurrent_kernel=Gates(*(part[unit][:, unit] for part in w.recurrent_kernel)),
        bias=Gates(*(part[unit] for part in w.bias)),
    )
    said = dataclasses.replace(
        truth,
        features=truth.features and tuple(sorted(int(places[n]) for n in truth.features)),
        units=truth.units and tuple(sorted(int(units[n]) for n in truth.units)),
    )
    times = np.datetime64("2021-01-01T00", "h") + 29 * np.arange(len(x))
    return Mystery(Readout(new, readout.head[unit], readout.bias), x[..., column], y, times, said)


WINDOWS, STEPS = 240, 24


def _of_world(name: str, rule: str, units: Callable[[worlds.World], tuple[int, ...]]):
    """A world, with a feature and a unit more: large weights on noise, which nothing reads."""

    def make(rng):
        world = worlds.planted(name, int(rng.integers(2**31)), samples=WINDOWS)
        w = world.weights
        new = _empty(w.units + 1)
        for mine, theirs in zip(
            (*new.kernel, *new.recurrent_kernel, *new.bias),
            (*w.kernel, *w.recurrent_kernel, *w.bias),
            strict=True,
        ):
            mine[tuple(slice(size) for size in theirs.shape)] = theirs
        _decoy(new, w.units)
        x = np.concatenate([world.inputs, rng.normal(size=(WINDOWS, STEPS, 1))], axis=2)
        features = tuple(np.flatnonzero(world.truth.any(axis=0)).tolist())
        head = np.append(world.head, 0.0)
        return Readout(new, head), x, world.targets, Truth(rule, world.lags, features, units(world))

    return make


def _head_units(world: worlds.World) -> tuple[int, ...]:
    """Those with a weight in the head whose state moves in these windows."""
    last = lh.replay(world.weights, world.inputs).hidden[:, -1]
    return tuple(np.flatnonzero((world.head[:, 0] != 0) & (last.std(axis=0) > 1e-9)).tolist())


def _empty(units: int) -> LSTMWeights:
    shapes = (4, units), (units, units), (units,)
    w = LSTMWeights(
        *(Gates(*np.zeros((4, *shape))) for shape in shapes),
        activation="linear",
        recurrent_activation="hard_sigmoid",
    )
    w.bias.i[:], w.bias.f[:], w.bias.o[:] = 3, -3, 3  # open, empty, open
    return w


def _decoy(w: LSTMWeights, unit: int) -> None:
    w.kernel.c[SPARE, unit] = 8


def _noise(rng) -> np.ndarray:
    x = rng.normal(size=(WINDOWS, STEPS, 4))
    x[..., FLAG] = rng.integers(0, 2, (WINDOWS, STEPS))
    return x


def _counter(rng):
    x = _noise(rng)
    x[..., FLAG] = rng.uniform(size=(WINDOWS, STEPS)) < rng.uniform(size=(WINDOWS, 1))
    w = _empty(6)
    w.bias.f[0] = 3
    w.kernel.c[FLAG, 0] = 0.125
    for unit, feature in enumerate((VALUE, OTHER, VALUE, OTHER), start=1):
        w.kernel.c[feature, unit] = 1
    _decoy(w, 5)
    y = 0.125 * x[..., FLAG].sum(axis=1)
    truth = Truth("how often the flag was up in the window", None, (FLAG,), (0,))
    return Readout(w, np.eye(6)[0]), x, y, truth


def _twins(rng):
    x = _noise(rng)
    w = _empty(6)
    keep = 0.9
    w.bias.f[:2] = 6 * keep - 3  # hard_sigmoid(z) = z / 6 + 1 / 2
    w.kernel.c[VALUE, :2] = 1
    for unit, feature in enumerate((FLAG, OTHER, VALUE), start=2):
        w.kernel.c[feature, unit] = 1
    _decoy(w, 5)
    y = x[..., VALUE] @ keep ** np.arange(STEPS)[::-1]
    truth = Truth("a mean of one feature that fades, in two units alike", None, (VALUE,), (0, 1))
    return Readout(w, [0.5, 0.5, 0, 0, 0, 0]), x, y, truth


def _untrained(rng):
    x = _noise(rng)
    units = 12
    limit = (6 / (4 + 4 * units)) ** 0.5
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1
    recurrent = np.linalg.qr(rng.normal(size=(4 * units, units)))[0].T
    w = LSTMWeights.from_arrays([rng.uniform(-limit, limit, (4, 4 * units)), recurrent, bias])
    head = rng.uniform(-1, 1, units) * (6 / (units + 1)) ** 0.5
    y = x[:, -1 - rng.integers(2, 12), VALUE].copy()
    return Readout(w, head), x, y, Truth("nothing: it was never trained", None, None, None)


_SET_BY_HAND = {
    "delay": _of_world("one lag", "an old reading", _head_units),
    "difference": _of_world("two lags", "a reading minus an older one", _head_units),
    "latch": _of_world("latch", "the reading at which a flag was up last", _head_units),
    "switch": _of_world("switch", "an old reading, if a flag is up now", _head_units),
    "either or": _of_world("either", "a flag at one of two lags", _head_units),
    "closed gate": _of_world("closed gate", "an old reading, beside a shut gate", _head_units),
    "silent feature": _of_world("silent", "an old reading, beside a still feature", _head_units),
    "counter": _counter,
    "twin units": _twins,
    "untrained": _untrained,
}


def _trained(rule: str, seed: int, folder: str | Path | None):
    def make(rng):
        x, y, truth = LEARNED[rule](rng, WINDOWS, seed)
        return _mystery_training.network(rule, seed, LEARNED[rule], folder), x, y, truth

    return make


# Each draws so many windows and targets; what the rule leaves open comes from ``seed`` alone.


def _trained_delay(rng, count, seed):
    lag = 2 + seed % 4
    x = rng.normal(size=(count, STEPS, 4))
    return x, x[:, -1 - lag, VALUE].copy(), Truth("a reading of before", (lag,), (VALUE,), None)


def _trained_switch(rng, count, seed):
    x = rng.normal(size=(count, STEPS, 4))
    x[..., FLAG] = rng.integers(0, 2, (count, STEPS))
    y = x[:, -1, VALUE] * x[:, -1, FLAG]
    return x, y, Truth("the newest reading, if a flag is up", (0,), (VALUE, FLAG), None)


def _trained_clock(rng, count, seed):
    x = rng.normal(size=(count, STEPS, 4))
    hours = 29 * np.arange(count)  # as in ``times``
    turn = 2 * np.pi / 24
    x[..., VALUE] *= 0.7
    x[..., VALUE] += np.sin(turn * (hours[:, None] - np.arange(STEPS)[::-1]))
    y = np.sin(turn * (hours + 6))
    return x, y, Truth("the hour of the day, from a noisy wave", None, (VALUE,), None)


def _leaked_target(rng, count, seed):
    x = rng.normal(size=(count, STEPS, 4))
    walk = 0.3 * rng.normal(size=(count, STEPS + 6)).cumsum(axis=1)
    y = walk[:, -1]
    x[..., VALUE], x[..., OTHER] = walk[:, :STEPS], walk[:, 6:]
    return x, y.copy(), Truth("a feature that holds the target", (0,), (OTHER,), None)


def _trained_mean(rng, count, seed):
    x = rng.normal(size=(count, STEPS, 4))
    y = x[..., VALUE].mean(axis=1) * STEPS**0.5
    return x, y, Truth("the mean of one feature over the window", None, (VALUE,), None)


LEARNED = {
    "trained delay": _trained_delay,
    "trained switch": _trained_switch,
    "trained clock": _trained_clock,
    "leaked target": _leaked_target,
    "trained mean": _trained_mean,
}
RULES = (*_SET_BY_HAND, *LEARNED)
"""The rules that ``mystery`` makes networks of."""
TRAINED = tuple(LEARNED)
"""Those of them that were trained, and not set by hand."""
