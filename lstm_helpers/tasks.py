"""Tasks with a known answer: to count memory, and to test who finds it. NumPy only.

``remember_first`` and ``adding`` are to be learned. Whoever answers with the mean of all targets
has the variance as squared error: that is the mark of having learned nothing.

``planted`` gives a world: an LSTM whose weights are set by hand, so that it is known what its
output depends on. ``methods`` asks every method that answers this, ``score`` compares, and
``scoreboard`` does so for all worlds of a seed.
"""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import numpy as np

from lstm_helpers import attribution, memory
from lstm_helpers.gates import Gates, LSTMWeights, feature_norms
from lstm_helpers.numpy_lstm import input_jacobian, replay

REMEMBER_VARIANCE = 1 / 3
"""Variance of the targets of ``remember_first``: of one uniform number from -1 to 1."""
ADDING_VARIANCE = 1 / 6
"""Variance of the targets of ``adding``: of the sum of two uniform numbers from 0 to 1."""


def remember_first(samples: int, time_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Say at the end what came first, after ``time_steps - 1`` values of noise.

    Parameters
    ----------
    samples : int
        Sequences.
    time_steps : int
        Length of each; the answer lies at lag ``time_steps - 1``.
    seed : int
        One seed, one set of sequences.

    Returns
    -------
    inputs : (samples, time_steps, 1) float32
        Uniform from -1 to 1, each independent of all others.
    targets : (samples, 1) float32
        The first value; mean 0, variance ``REMEMBER_VARIANCE``.

    Raises
    ------
    ValueError
        There is no sample or no step.
    """
    if samples < 1 or time_steps < 1:
        raise ValueError(
            f"expected at least 1 sample and 1 time step, got {samples} and {time_steps}"
        )
    rng = np.random.default_rng(seed)
    inputs = 2 * rng.random((samples, time_steps, 1), np.float32) - 1
    return inputs, inputs[:, 0].copy()


def adding(samples: int, time_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Add the two values that are marked, one in each half of the sequence.

    The adding problem of Hochreiter and Schmidhuber (1997), *Long short-term memory*, Neural
    Computation 9(8), experiment 4, in the plainer form of Le, Jaitly and Hinton (2015),
    https://arxiv.org/abs/1504.00941: values from 0 to 1, marks 1 and else 0, the plain sum.

    Parameters
    ----------
    samples : int
        Sequences.
    time_steps : int
        Length of each, at least 2. The first mark stands in the first ``time_steps // 2`` steps,
        the second in the others: lags of up to ``time_steps - 1``.
    seed : int
        One seed, one set of sequences.

    Returns
    -------
    inputs : (samples, time_steps, 2) float32
        The value, uniform from 0 to 1, and the mark.
    targets : (samples, 1) float32
        The sum of the two marked values; mean 1, variance ``ADDING_VARIANCE``.

    Raises
    ------
    ValueError
        There is no sample, or fewer than two steps.
    """
    if samples < 1 or time_steps < 2:
        raise ValueError(
            f"expected at least 1 sample and 2 time steps, got {samples} and {time_steps}"
        )
    rng = np.random.default_rng(seed)
    inputs = np.zeros((samples, time_steps, 2), np.float32)
    inputs[..., 0] = rng.random((samples, time_steps), np.float32)
    rows, half = np.arange(samples), time_steps // 2
    first = rng.integers(0, half, samples)
    second = rng.integers(half, time_steps, samples)
    inputs[rows, first, 1] = inputs[rows, second, 1] = 1
    return inputs, (inputs[rows, first, :1] + inputs[rows, second, :1])


# Planted worlds.

FEATURES = ("value", "flag", "other")
"""What every world reads: two times noise, and 0 or 1, unless the world says otherwise."""
VALUE, FLAG, OTHER = range(3)


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class World:
    """An LSTM that was set by hand, windows for it, and what it looks at in them.

    Attributes
    ----------
    name : str
        One of ``WORLDS``.
    weights : LSTMWeights
        float64, ``linear`` with gates of ``hard_sigmoid``, which can be 0 and 1 exactly.
    head : (units, 1) array
        What follows the last hidden state.
    inputs : (samples, time, features) array
        The features are ``FEATURES``; the newest step comes last.
    targets : (samples,) array
        By formula, without the LSTM, which gives the same.
    truth : (time, features) array of bool
        What moves the output, in windows such as these. Lag 0, the newest reading, comes first.
    """

    name: str
    weights: LSTMWeights
    head: np.ndarray
    inputs: np.ndarray
    targets: np.ndarray
    truth: np.ndarray

    @property
    def lags(self) -> tuple[int, ...]:
        """The true lags, in steps before the newest reading."""
        return tuple(np.flatnonzero(self.truth.any(axis=1)).tolist())

    def forward(self, windows: np.ndarray) -> np.ndarray:
        """Output of the LSTM: (batch, time, features) -> (batch,)."""
        return (replay(self.weights, windows).hidden[:, -1] @ self.head)[:, 0]

    def gradient(self, windows: np.ndarray) -> np.ndarray:
        """Its exact derivative by the windows, in their shape."""
        return input_jacobian(self.weights, windows, self.head)[:, 0]

    def __repr__(self) -> str:
        return f"World({self.name!r}, lags={self.lags}, inputs={self.inputs.shape})"


def planted(name: str, seed: int, *, time_steps: int = 24, samples: int = 150) -> World:
    """Make a world whose answer is known.

    With v for the value, near and far for two lags that are drawn from the seed, the output is

    ============= ================================================================
    one lag       v[far], handed on from unit to unit through the recurrent kernel
    two lags      size * (v[near] - v[far]), the size drawn too
    switch        v[far] if the flag of the newest step is 1, else 0
    latch         v where the flag was 1 last, near or far, held in the cell
    closed gate   v[far]; large weights on "other", behind an input gate that the
                  flag keeps closed: it is 1 in every window
    silent        v[far] + 5 * other[0]; but "other" is 0 in every window
    either        1 if the flag was 1 near or far, else 0; it was at both or at none
    jump          v[far], but 0 if v rose by .6 or more in the newest step; v walks
                  slowly, like the weather, at most .3 a step, and never does that
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
    truth = np.zeros((time_steps, 3), bool)
    for entry in true:
        truth[entry] = True
    return World(name, w, head, x, targets, truth)


# Each may change the windows, and returns the weights, what the head reads of which unit, the
# targets, and the true entries (lag, feature).


def _one_lag(x, near, far, rng):
    return _delay_line(far + 1), {far: 1}, _at(x, far), [(far, VALUE)]


def _two_lags(x, near, far, rng):
    size = rng.uniform(0.5, 2)
    targets = size * _at(x, near) - size * _at(x, far)
    true = [(near, VALUE), (far, VALUE)]
    return _delay_line(far + 1), {near: size, far: -size}, targets, true


def _switch(x, near, far, rng):
    w = _delay_line(far + 1)
    w.kernel.o[FLAG, far], w.bias.o[far] = 6, -3  # flag 0: -3, closed; flag 1: 3, open
    return w, {far: 1}, _at(x, far) * _at(x, 0, FLAG), [(far, VALUE), (0, FLAG)]


def _latch(x, near, far, rng):
    w = _delay_line(1)
    # First empty, then fill: while the flag goes from 0 to 1, f has closed before i opens.
    w.kernel.f[FLAG], w.bias.f[:] = -12, 3
    w.kernel.i[FLAG], w.bias.i[:] = 12, -9
    is_near = rng.permutation(len(x)) % 2
    x[:, -1 - far :, FLAG] = 0  # flags before are left as they are: the cell is overwritten
    x[:, -1 - near, FLAG], x[:, -1 - far, FLAG] = is_near, 1 - is_near
    targets = np.where(is_near, _at(x, near), _at(x, far))
    return w, {0: 1}, targets, [(lag, n) for lag in (near, far) for n in (VALUE, FLAG)]


def _closed_gate(x, near, far, rng):
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 8
    w.kernel.i[FLAG, -1] = -6  # with the bias of 3: closed at 1, open at 0
    x[..., FLAG] = 1
    return w, {far: 1, -1: 1}, _at(x, far), [(far, VALUE)]


def _silent(x, near, far, rng):
    w = _delay_line(far + 1, spare=1)
    w.kernel.c[OTHER, -1] = 5
    x[..., OTHER] = 0
    return w, {far: 1, -1: 1}, _at(x, far), [(far, VALUE)]


def _either(x, near, far, rng):
    # Gates read the hidden state of the step before: lag n is what unit n - 1 showed then.
    w = _delay_line(far, reads=FLAG, spare=1)
    w.bias.c[-1] = 1
    w.recurrent_kernel.o[[near - 1, far - 1], -1], w.bias.o[-1] = 6, -3
    x[:, -1 - near, FLAG] = x[:, -1 - far, FLAG] = rng.permutation(len(x)) % 2
    return w, {-1: 1}, _at(x, far, FLAG), [(near, FLAG), (far, FLAG)]


def _jump(x, near, far, rng):
    walk = rng.uniform(-0.3, 0.3, x.shape[:2])
    walk[:, 0] *= 5  # where it starts
    x[..., VALUE] = walk.cumsum(axis=1)
    w = _delay_line(far + 1)
    # Open up to a rise of .5, closed from .6 on.
    w.kernel.o[VALUE, far], w.recurrent_kernel.o[0, far], w.bias.o[far] = -60, 60, 33
    return w, {far: 1}, _at(x, far), [(far, VALUE)]


_MAKERS = {
    "one lag": _one_lag,
    "two lags": _two_lags,
    "switch": _switch,
    "latch": _latch,
    "closed gate": _closed_gate,
    "silent": _silent,
    "either": _either,
    "jump": _jump,
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


def methods(world: World) -> dict[str, dict[str, np.ndarray]]:
    """Ask every method which lags and which features matter.

    Parameters
    ----------
    world : World

    Returns
    -------
    dict with "lag" and "feature", each a dict from method to importance
        (time,) arrays, lag 0 first, and (features,) arrays. What no method could say is missing:
        weights serve every step alike, so their norms know no lag; gates know no feature.

        - weight norms: rows of the kernel, all gates together
        - gate products: how far the gates are open from a step's writing to the output,
          ``i_t * f_{t+1} * ... * f_T * o_T``
        - cell contributions: the same times what was written; they sum to the output
        - gradient, gradient x input, integrated gradients (from zeros), occlusion (by zeros):
          absolute values, mean over windows, sum over the other axis
        - permutation: increase of the mean absolute error
    """
    w, x, head = world.weights, world.inputs, world.head
    trace = replay(w, x)
    out = trace.gates.o[:, -1:]
    products = trace.gates.i * memory.retention(trace) * out
    written, _ = memory.cell_contributions(trace)
    integrated = attribution.integrated_gradients(world.gradient, x, n_steps=20)
    attributions = {
        "gradient": attribution.saliency(world.gradient, x),
        "gradient x input": np.abs(world.gradient(x) * x),
        "integrated gradients": np.abs(integrated),
        "occlusion": np.abs(attribution.occlusion(world.forward, x)),
    }

    def error(windows):
        return np.abs(world.forward(windows) - world.targets).mean()

    by_lag = {"gate products": products @ np.abs(head), "cell contributions": written * out @ head}
    by_lag |= attributions
    return {
        "lag": {name: attribution.temporal_profile(each) for name, each in by_lag.items()}
        | {"permutation": attribution.permutation(error, x)},
        "feature": {"weight norms": np.linalg.norm(feature_norms(w), axis=0)}
        | {name: each.sum(axis=1).mean(axis=0) for name, each in attributions.items()}
        | {"permutation": attribution.permutation(error, x, axis="feature")},
    }


def scoreboard(seed: int) -> dict[str, dict[str, dict[str, bool]]]:
    """Which method passes in which world of a seed.

    Returns
    -------
    dict with "lag" and "feature", each a dict from world to a dict from method to bool
        Whether ``score`` of what ``methods`` says has passed.
    """
    board = {"lag": {}, "feature": {}}
    for name in WORLDS:
        world = planted(name, seed)
        truth = {"lag": world.truth.any(axis=1), "feature": world.truth.any(axis=0)}
        for axis, said in methods(world).items():
            board[axis][name] = {
                method: score(importance, truth[axis]).passed for method, importance in said.items()
            }
    return board


NOTICED = 0.02
"""An entry counts as found from this share of the largest importance on."""


class Score(NamedTuple):
    """How well an importance agrees with the truth.

    Attributes
    ----------
    rank_agreement : float
        Spearman's correlation with the truth, ties at their mean rank. 0 if all entries are alike.
    mass : float
        Share of the importance that lies on true entries; 0 if there is none.
    misses : int
        True entries that were not found: below ``NOTICED`` of the largest.
    false_alarms : int
        Other entries that were.
    """

    rank_agreement: float
    mass: float
    misses: int
    false_alarms: int

    @property
    def passed(self) -> bool:
        """All that is true was found, nothing else was, and at least .9 of the mass is there."""
        return self.misses == self.false_alarms == 0 and self.mass >= 0.9


def score(importance: Any, truth: Any) -> Score:
    """Compare what a method says with what is true.

    Parameters
    ----------
    importance : array of any shape
        0 or more, in any unit.
    truth : array of the same shape
        True where the output depends on it, at least once. By lag it is
        ``world.truth.any(axis=1)``, by feature ``world.truth.any(axis=0)``.

    Returns
    -------
    Score
        Its ranks take differences below 1e-9 of the largest importance for rounding.

    Raises
    ------
    TypeError, ValueError
        Shapes differ, an importance is no number from 0 up, or nothing is true.

    Notes
    -----
    Spearman (1904), The proof and measurement of association between two things. American Journal
    of Psychology 15. With a truth of two values it is 1 only for importances of two values.
    """
    importance, truth = np.asarray(importance), np.asarray(truth)
    if importance.dtype.kind not in "fiub" or truth.dtype != bool:
        raise TypeError(
            "expected importance as real numbers and truth as bool, got dtypes "
            f"{importance.dtype} and {truth.dtype}"
        )
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
