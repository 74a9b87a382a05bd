"""What people read out of the mysteries: false readings as they are really drawn, and honest ones.

A false one comes from a way of looking that misleads: one unit picked out of many on a few windows,
a probe without a control, a path from zeros, a unit's number in another network, a norm read as
importance. Each is drawn from the network as the mistake draws it; the rule only decides whether
what came out is false.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

import lstm_helpers as lh
from lstm_helpers.claims import Reading
from lstm_helpers.course.mysteries import FEATURE_NAMES, Mystery
from lstm_helpers.gates import Gates
from lstm_helpers.readout import Readout

WAYS = (
    "cherry-picked unit",
    "probe without control",
    "zero baseline",
    "number of a unit",
    "norm as importance",
    "small error",
)
"""How false readings are drawn."""


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Drawn:
    """A reading of a mystery, and whether it is honest, which is not displayed.

    Attributes
    ----------
    reading : Reading
        With the evidence in words.
    others : tuple of Readout
        What ``check_reading`` is given as ``others``.
    way : str
        How it was drawn: one of ``WAYS``, or ``"honest"``.

    Examples
    --------
    >>> from lstm_helpers.course.drawn_readings import drawn
    >>> from lstm_helpers.course.mysteries import mystery
    >>> one = drawn(mystery("closed gate", seed=0))[0]
    >>> one.honest
    False
    """

    reading: Reading
    others: tuple[Readout, ...]
    way: str

    @property
    def honest(self) -> bool:
        """Whether the rule of the mystery agrees.

        Examples
        --------
        >>> from lstm_helpers.course.drawn_readings import drawn
        >>> from lstm_helpers.course.mysteries import mystery
        >>> [one.honest for one in drawn(mystery("closed gate", seed=0))].count(True) > 2
        True
        """
        return self.way == "honest"

    def __repr__(self) -> str:
        return f"Drawn({self.reading!r})"


def drawn(case: Mystery) -> tuple[Drawn, ...]:
    """All readings of a mystery, the false ones first.

    Parameters
    ----------
    case : Mystery

    Returns
    -------
    tuple of Drawn

    Examples
    --------
    >>> from lstm_helpers.course.drawn_readings import drawn
    >>> from lstm_helpers.course.mysteries import mystery
    >>> case = mystery("counter", seed=0)
    >>> [one.reading for one in drawn(case) if one.way == "norm as importance"]
    [Reading('largest', feature=0)]
    """
    return (*_false(case), *(Drawn(reading, (), "honest") for reading in _honest(case)))


def siblings(case: Mystery, count: int = 3) -> tuple[Readout, ...]:
    """Networks that compute the same, with their units in another order, as trainings leave them.

    Examples
    --------
    >>> from lstm_helpers.course.drawn_readings import siblings
    >>> from lstm_helpers.course.mysteries import mystery
    >>> case = mystery("counter", seed=0)
    >>> first, *_ = siblings(case)
    >>> np.allclose(first.forward(case.inputs), case.readout.forward(case.inputs))
    True
    """
    rng = np.random.default_rng(5)
    w, head = case.readout.w, case.readout.head
    found = []
    for _ in range(count):
        order = rng.permutation(w.units)
        new = dataclasses.replace(
            w,
            kernel=Gates(*(part[:, order] for part in w.kernel)),
            recurrent_kernel=Gates(*(part[order][:, order] for part in w.recurrent_kernel)),
            bias=Gates(*(part[order] for part in w.bias)),
        )
        found.append(Readout(new, head[order], case.readout.bias))
    return tuple(found)


def _useless(case: Mystery) -> list[int]:
    used = case.truth.features
    return [] if used is None else [n for n in range(case.inputs.shape[2]) if n not in used]


def _false(case: Mystery) -> Iterator[Drawn]:
    x, w = case.inputs, case.readout.w
    hidden = lh.replay(w, x).hidden[:, -1].astype(float)
    useless = _useless(case)
    if useless:
        yield _cherry(x, hidden, useless)
        yield from _uncontrolled(x, hidden, useless)
        norms = np.sqrt(sum(rows**2 for rows in lh.feature_norms(w)))
        top = int(np.argmax(norms))
        if top in useless:
            said = f"feature {FEATURE_NAMES[top]} has the largest weights, norm {norms[top]:.2f}"
            yield Drawn(Reading("largest", feature=top, evidence=said), (), WAYS[4])
        zeros = lh.integrated_gradients(case.readout.gradient, x[:60], n_steps=20)
        by_feature = np.abs(zeros).mean(axis=0).sum(axis=0)
        top = int(np.argmax(by_feature))
        if top in useless:
            said = f"integrated gradients from zeros give {FEATURE_NAMES[top]} most"
            yield Drawn(Reading("largest", feature=top, evidence=said), (), WAYS[2])
    if w.units >= 6:
        effect = np.abs(case.readout.head[:, 0]) * hidden.std(axis=0)
        unit, others = int(np.argmax(effect)), siblings(case)
        # By chance a number may be the same in another order.
        if len({round(float(o.head[unit, 0]), 6) for o in (case.readout, *others)}) > 2:
            said = f"unit {unit} has the largest effect, as it had in another training"
            yield Drawn(Reading("same unit", unit=unit, evidence=said), others, WAYS[3])
    if case.truth.features is None or "target" in case.truth.rule:
        said = "the model was delivered as a good forecaster"
        yield Drawn(Reading("skilled", evidence=said), (), WAYS[5])


def _cherry(x: np.ndarray, hidden: np.ndarray, useless: list[int]) -> Drawn:
    """The unit, feature and lag with the largest correlation in twelve windows."""
    few = slice(0, 12)
    states, readings = (part[few] - part[few].mean(axis=0) for part in (hidden, x[..., useless]))
    sizes = np.sqrt((states**2).sum(axis=0)), np.sqrt((readings**2).sum(axis=0))
    both = np.einsum("nu,ntf->utf", states, readings)
    scale = sizes[0][:, None, None] * sizes[1]
    likeness = np.abs(both) / np.where(scale > 1e-9, scale, np.inf)
    unit, step, at = np.unravel_index(np.argmax(likeness), likeness.shape)
    feature, lag = useless[at], x.shape[1] - 1 - int(step)
    said = (
        f"in 12 windows the state of unit {unit} goes with {FEATURE_NAMES[feature]} at lag {lag}: "
        f"correlation {likeness.max():.2f}"
    )
    return Drawn(Reading("unit", feature=feature, unit=int(unit), evidence=said), (), WAYS[0])


def _uncontrolled(x: np.ndarray, hidden: np.ndarray, useless: list[int]) -> Iterator[Drawn]:
    """What a probe reads best of what the rule does not ask for: a mean of the newest readings."""
    half = len(x) // 2
    scores = {}
    for feature in useless:
        for steps in (3, 6):
            quantity = x[:, -steps:, feature].mean(axis=1)
            if quantity.std() > 0:
                halves = (
                    (hidden[part], quantity[part]) for part in (slice(half), slice(half, None))
                )
                scores[feature, steps] = lh.probe(*halves).r2
    feature, steps = max(scores, key=scores.__getitem__)
    if scores[feature, steps] > 0.15:
        quantity = x[:, -steps:, feature].mean(axis=1)
        yield Drawn(Reading("knows", evidence=quantity), (), WAYS[1])


def _honest(case: Mystery) -> Iterator[Reading]:
    truth = case.truth
    for feature in truth.features or ():
        yield Reading("uses", feature=feature, evidence="the output moves with it")
    for lag in truth.lags or ():
        yield Reading("uses", lag=lag, evidence="the output moves with it")
    if truth.lags and max(truth.lags):
        yield Reading("looks back", lag=max(truth.lags), evidence="an old reading moves the output")
    if truth.features and len(truth.features) == 1:
        yield Reading("largest", feature=truth.features[0], evidence="shuffled, it costs most")
    if truth.units:  # set by hand: what the rule does not name does nothing at all
        yield Reading("unit", unit=truth.units[0], evidence="without it the output is another")
        varies = case.inputs.std(axis=(0, 1)) > 0  # of what never does nobody can tell
        for feature in np.intersect1d(_useless(case), np.flatnonzero(varies)).tolist():
            yield Reading("ignores", feature=feature, evidence="shuffled, it costs nothing")
    if truth.features:
        yield Reading("knows", evidence=case.targets)
        readings = case.inputs.reshape(len(case.inputs), -1)
        likeness = np.corrcoef(np.c_[case.targets, readings[:, readings.std(axis=0) > 0]].T)[0, 1:]
        if np.abs(likeness).max() < 0.99:
            said = "its error is below that of a constant, and no reading is the target"
            yield Reading("skilled", evidence=said)
