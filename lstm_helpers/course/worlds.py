"""Worlds with a known answer: LSTMs set by hand, so we know what the output depends on."""

from __future__ import annotations

import dataclasses

import numpy as np

from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.readout import Readout

FEATURES = ("value", "flag", "other")
"""What every world reads: value and other are noise, flag is 0 or 1, unless the world differs."""
VALUE, FLAG, OTHER = range(3)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class World:
    """An LSTM that was set by hand, windows for it, and what its output depends on in them.

    Attributes
    ----------
    name : str
        One of ``WORLDS``.
    readout : Readout
        The LSTM, float64, ``linear`` with gates of ``hard_sigmoid``, which can be 0 and 1 exactly,
        and the head that follows its last hidden state.
    inputs : (samples, time, features) array
        The features are ``FEATURES``; the newest step comes last.
    targets : (samples,) array
        From a formula, without the LSTM. The LSTM gives the same.
    truth : (time, features) array of bool
        What changes the output, in windows such as these. Lag 0, the newest reading, comes first.
    signs : (time, features) array of int
        1 where a higher reading never lowers the output, -1 where it never raises it. 0 where it
        can do both, as a flag that chooses between two values, and where truth is False.

    Examples
    --------
    >>> from lstm_helpers.course.worlds import planted
    >>> world = planted("one lag", seed=0)
    >>> world.inputs.shape, world.targets.shape, world.truth.shape
    ((150, 24, 3), (150,), (24, 3))
    >>> int(world.signs[world.truth][0])
    1
    >>> len(world.lags), world.readout.forward(world.inputs).shape
    (1, (150,))
    """

    name: str
    readout: Readout
    inputs: np.ndarray
    targets: np.ndarray
    truth: np.ndarray
    signs: np.ndarray

    @property
    def weights(self) -> LSTMWeights:
        """The weights of the LSTM.

        Examples
        --------
        >>> from lstm_helpers.course.worlds import planted
        >>> world = planted("one lag", seed=0)
        >>> world.weights.kernel.f.shape
        (3, 20)
        """
        return self.readout.w

    @property
    def head(self) -> np.ndarray:
        """(units, 1): the matrix behind the last hidden state.

        Examples
        --------
        >>> from lstm_helpers.course.worlds import planted
        >>> world = planted("one lag", seed=0)
        >>> world.head.shape
        (20, 1)
        """
        return self.readout.head

    @property
    def lags(self) -> tuple[int, ...]:
        """The true lags, in steps before the newest reading.

        Examples
        --------
        >>> from lstm_helpers.course.worlds import planted
        >>> len(planted("one lag", seed=0).lags), len(planted("two lags", seed=0).lags)
        (1, 2)
        """
        return tuple(np.flatnonzero(self.truth.any(axis=1)).tolist())

    def forward(self, windows: np.ndarray) -> np.ndarray:
        """Output of the LSTM: (batch, time, features) -> (batch,).

        Examples
        --------
        >>> from lstm_helpers.course.worlds import planted
        >>> world = planted("one lag", seed=0)
        >>> np.allclose(world.forward(world.inputs), world.targets)
        True
        """
        return self.readout.forward(windows)

    def gradient(self, windows: np.ndarray) -> np.ndarray:
        """Its exact derivative by the windows, in their shape.

        Examples
        --------
        >>> from lstm_helpers.course.worlds import planted
        >>> world = planted("one lag", seed=0)
        >>> world.gradient(world.inputs).shape
        (150, 24, 3)
        """
        return self.readout.gradient(windows)

    def __repr__(self) -> str:
        return f"World({self.name!r}, lags={self.lags}, inputs={self.inputs.shape})"


def planted(name: str, seed: int, *, time_steps: int = 24, samples: int = 150) -> World:
    """Make a world whose answer is known.

    v is the value, near and far are two lags that are drawn from the seed. The output is

    ============= ================================================================
    one lag       v[far], handed on from unit to unit through the recurrent kernel
    two lags      size * (v[near] - v[far]), the size drawn too
    switch        v[far] if the flag of the newest step is 1, else 0
    latch         v where the flag was 1 last, near or far, held in the cell
    closed gate   v[far]; large weights on "other", behind an input gate that the
                  flag keeps closed: it is 1 in every window
    silent        v[far] + 5 * other[0]; but "other" is 0 in every window
    either        1 if the flag was 1 near or far, else 0; it was at both or neither
    jump          v[far], but 0 if v rose by .6 or more in the newest step; v walks
                  slowly, like the weather, at most .3 a step, and never does that
    between       v[far] + 8 * other[0] while the flag of the newest step is between
                  -.5 and .5; but it is -1 or 1, the same in the whole window
    season        v[far] + other[0]; but v is a season, 1 or -1 in the whole window,
                  and hardly anything more: it varies by .01
    ============= ================================================================

    Parameters
    ----------
    name : str
        One of ``WORLDS``.
    seed : int
        One seed, one world; the two lags are the same in all worlds of a seed.
    time_steps : int
        Length of the windows, at least 5: lags are drawn from 2 to ``time_steps - 2``.
    samples : int
        Windows, at least 2.

    Returns
    -------
    World

    Raises
    ------
    ValueError
        There is no such world, or too few steps or windows.

    Examples
    --------
    >>> from lstm_helpers.course.worlds import WORLDS, planted
    >>> world = planted("two lags", seed=0, time_steps=12, samples=5)
    >>> world.inputs.shape, len(world.lags), len(WORLDS)
    ((5, 12, 3), 2, 10)
    """
    if name not in WORLDS:
        raise ValueError(f"expected a world of {', '.join(map(repr, WORLDS))}, got {name!r}")
    if samples < 2 or time_steps < 5:
        raise ValueError(
            f"expected at least 2 samples and 5 time steps, got {samples} and {time_steps}"
        )
    rng = np.random.default_rng(seed)
    near, far = sorted(rng.choice(np.arange(2, time_steps - 1), 2, replace=False).tolist())
    x = rng.normal(size=(samples, time_steps, 3))
    x[..., FLAG] = rng.integers(0, 2, (samples, time_steps))
    w, units, targets, true = _MAKERS[name](x, near, far, rng)
    head = np.zeros((w.units, 1))
    for unit, weight in units.items():
        head[unit] = weight
    truth, signs = np.zeros((time_steps, 3), bool), np.zeros((time_steps, 3), int)
    for entry, sign in true.items():
        truth[entry], signs[entry] = True, sign
    return World(name, Readout(w, head), x, targets, truth, signs)


# Each may change the windows, and returns the weights, what the head reads of which unit, the
# targets, and the true entries (lag, feature), each with its sign.


def _one_lag(x, near, far, rng):
    return _delay_line(far + 1), {far: 1}, _at(x, far), {(far, VALUE): 1}


def _two_lags(x, near, far, rng):
    size = rng.uniform(0.5, 2)
    targets = size * _at(x, near) - size * _at(x, far)
    true = {(near, VALUE): 1, (far, VALUE): -1}
    return _delay_line(far + 1), {near: size, far: -size}, targets, true


def _switch(x, near, far, rng):
    w = _delay_line(far + 1)
    w.kernel.o[FLAG, far], w.bias.o[far] = 6, -3  # flag 0: -3, closed; flag 1: 3, open
    return w, {far: 1}, _at(x, far) * _at(x, 0, FLAG), {(far, VALUE): 1, (0, FLAG): 0}


def _latch(x, near, far, rng):
    w = _delay_line(1)
    # First empty, then fill: while the flag goes from 0 to 1, f has closed before i opens.
    w.kernel.f[FLAG], w.bias.f[:] = -12, 3
    w.kernel.i[FLAG], w.bias.i[:] = 12, -9
    is_near = rng.permutation(len(x)) % 2
    x[:, -1 - far :, FLAG] = 0  # flags before are left as they are: the cell is overwritten
    x[:, -1 - near, FLAG], x[:, -1 - far, FLAG] = is_near, 1 - is_near
    targets = np.where(is_near, _at(x, near), _at(x, far))
    true = {(lag, n): sign for lag in (near, far) for n, sign in ((VALUE, 1), (FLAG, 0))}
    return w, {0: 1}, targets, true


def _closed_gate(x, near, far, rng):
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 8
    w.kernel.i[FLAG, -1] = -6  # with the bias of 3: closed at 1, open at 0
    x[..., FLAG] = 1
    return w, {far: 1, -1: 1}, _at(x, far), {(far, VALUE): 1}


def _silent(x, near, far, rng):
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 5
    x[..., OTHER] = 0
    return w, {far: 1, -1: 1}, _at(x, far), {(far, VALUE): 1}


def _either(x, near, far, rng):
    # Gates read the hidden state of the step before: lag n is what unit n - 1 showed then.
    w = _delay_line(far, reads=FLAG, spare=1)
    w.bias.c[-1] = 1
    w.recurrent_kernel.o[[near - 1, far - 1], -1], w.bias.o[-1] = 6, -3
    x[:, -1 - near, FLAG] = x[:, -1 - far, FLAG] = rng.permutation(len(x)) % 2
    return w, {-1: 1}, _at(x, far, FLAG), {(near, FLAG): 1, (far, FLAG): 1}


def _jump(x, near, far, rng):
    walk = rng.uniform(-0.3, 0.3, x.shape[:2])
    walk[:, 0] *= 5  # where it starts
    x[..., VALUE] = walk.cumsum(axis=1)
    w = _delay_line(far + 1)
    # Open up to a rise of .5, closed from .6 on.
    w.kernel.o[VALUE, far], w.recurrent_kernel.o[0, far], w.bias.o[far] = -60, 60, 33
    return w, {far: 1}, _at(x, far), {(far, VALUE): 1}


def _between(x, near, far, rng):
    x[..., FLAG] = (2 * (rng.permutation(len(x)) % 2) - 1)[:, None]
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 8
    # i opens from -.75 to -.25, o closes from .25 to .75: one of them is closed at -1 and at 1.
    w.kernel.i[FLAG, -1], w.bias.i[-1] = 12, 6
    w.kernel.o[FLAG, -1], w.bias.o[-1] = -12, 6
    return w, {far: 1, -1: 1}, _at(x, far), {(far, VALUE): 1}


def _season(x, near, far, rng):
    season = 2 * (rng.permutation(len(x)) % 2) - 1
    x[..., VALUE] = season[:, None] + rng.uniform(-0.01, 0.01, x.shape[:2])
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 1
    targets = _at(x, far) + _at(x, 0, OTHER)
    return w, {far: 1, -1: 1}, targets, {(far, VALUE): 1, (0, OTHER): 1}


_MAKERS = {
    "one lag": _one_lag,
    "two lags": _two_lags,
    "switch": _switch,
    "latch": _latch,
    "closed gate": _closed_gate,
    "silent": _silent,
    "either": _either,
    "jump": _jump,
    "between": _between,
    "season": _season,
}
WORLDS = tuple(_MAKERS)
"""Names of the worlds that ``planted`` makes."""


def _at(x, lag, feature=VALUE):
    return x[:, -1 - lag, feature].copy()


def _delay_line(length, reads=VALUE, spare=0):
    """Unit 0 shows the newest reading, unit n what unit n - 1 showed before: that of lag n.

    Gates i and o are open and f is closed, in the spare units too, which read nothing.
    """
    units = length + spare
    shapes = (3, units), (units, units), (units,)
    w = LSTMWeights(
        *(Gates(*np.zeros((4, *shape))) for shape in shapes),
        activation="linear",
        recurrent_activation="hard_sigmoid",
    )
    w.bias.i[:], w.bias.f[:], w.bias.o[:] = 3, -3, 3  # hard_sigmoid: 0 up to -3, 1 from 3 on
    w.kernel.c[reads, 0] = 1
    w.recurrent_kernel.c[np.arange(length - 1), np.arange(1, length)] = 1
    return w
