"""Readings put to the test: what somebody says of a model, and the experiment that decides it.

A reading is a sentence as data: the output uses this feature at that lag, this unit carries it, the
state knows that quantity. What led to it, a norm, a correlation, a probe, is not asked again:
``check_reading`` changes something, and looks at what follows.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _checks, _claim_experiments, _report_models

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "uses": "the output depends on this feature, this lag, or this feature at this lag",
        "ignores": "it does not",
        "largest": "no other feature, or no other lag, moves the output as far",
        "looks back": "the output depends on what is as old as this lag, or older",
        "unit": "the output comes through this unit; with a feature: what that feature does",
        "knows": "the last hidden state tells a quantity, and it was learned",
        "same unit": "the unit of this number does the same in the other networks",
        "skilled": "the model forecasts better than a constant, from what comes before",
        "needs": "networks that were trained without it forecast worse",
    }
)
"""What a reading may say, by kind."""

_ASKS = {  # kind: (fields of which at least one is asked for, fields that may be given)
    "uses": (("feature", "lag"), ("feature", "lag")),
    "ignores": (("feature", "lag"), ("feature", "lag")),
    "largest": (("feature", "lag"), ("feature", "lag")),
    "looks back": (("lag",), ("lag",)),
    "unit": (("unit",), ("unit", "feature")),
    "knows": ((), ()),
    "same unit": (("unit",), ("unit",)),
    "skilled": ((), ()),
    "needs": (("feature", "lag"), ("feature", "lag")),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Reading:
    """What somebody says of a model.

    Parameters
    ----------
    kind : str
        One of ``claims.KINDS``.
    feature : int, optional
        A column of the windows.
    lag : int, optional
        Steps back from the newest reading, which is 0.
    unit : int, optional
        Of the LSTM of the model. Of several, ``"unit"`` can't tell, and ``"same unit"`` counts the
        units of all, in the order in which they run.
    evidence : str or (windows,) array
        What led to it, in words. Of ``"knows"``: the quantity that is said to be known, a number
        for each window.

    Raises
    ------
    TypeError, ValueError
        There is no such kind, or it asks for other fields, or a number is negative or not whole.

    Examples
    --------
    >>> lh.Reading("uses", feature=2, lag=5, evidence="a peak in the saliency map")
    Reading('uses', feature=2, lag=5)
    """

    kind: str
    feature: int | None = None
    lag: int | None = None
    unit: int | None = None
    evidence: Any = ""

    def __post_init__(self) -> None:
        _checks.one_of("kind", self.kind, KINDS)
        asked, allowed = _ASKS[self.kind]
        given = self.fields()
        if asked and not given:
            raise ValueError(
                f"expected a reading {self.kind!r} with {' or '.join(asked)}, got none"
            )
        for name, number in given.items():
            if name not in allowed:
                raise ValueError(f"expected a reading {self.kind!r} without {name}, got {number!r}")
            _checks.whole_number(name, number, least=0)
        if self.kind == "unit" and self.unit is None:
            raise ValueError("expected a reading 'unit' with unit, got none")
        if self.kind == "largest" and len(given) > 1:
            raise ValueError("expected a reading 'largest' with feature or lag, got both")
        if self.kind == "knows":
            quantity = _checks.real_numbers("evidence of 'knows'", self.evidence)
            if quantity.ndim != 1 or not np.isfinite(quantity).all():
                raise ValueError(
                    "expected evidence of 'knows' as a finite number for each window, "
                    f"got shape {quantity.shape}"
                )
        elif not isinstance(self.evidence, str):
            raise TypeError(f"expected evidence as a text, got {type(self.evidence).__name__}")

    def fields(self) -> dict[str, int]:
        """The fields that are given, of feature, lag and unit.

        Examples
        --------
        >>> lh.Reading("looks back", lag=5).fields()
        {'lag': 5}
        """
        values = {name: getattr(self, name) for name in ("feature", "lag", "unit")}
        return {name: value for name, value in values.items() if value is not None}

    def __repr__(self) -> str:
        given = "".join(f", {name}={value}" for name, value in self.fields().items())
        return f"Reading({self.kind!r}{given})"


@dataclasses.dataclass(frozen=True)
class Checked:
    """What an experiment says of a reading.

    Attributes
    ----------
    verdict : str
        ``"holds"``, ``"fails"`` or ``"cannot tell"``.
    experiment : str
        What was changed, and what followed, with the numbers.
    numbers : dict from str to float
        The numbers of that sentence.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
    >>> found = lh.check_reading(lh.Reading("uses", lag=0), lh.Readout(w, np.ones(3)), x)
    >>> found.verdict, list(found.numbers)
    ('holds', ['moved (%)', 'standard error'])
    """

    verdict: str
    experiment: str
    numbers: dict[str, float]

    def __str__(self) -> str:
        return f"{self.verdict}: {self.experiment}"


def check_reading(
    reading: Reading,
    model: Any,
    x: np.ndarray,
    y: ArrayLike | None = None,
    others: Iterable[Any] = (),
) -> Checked:
    """Put a reading to the test.

    Parameters
    ----------
    reading : Reading
    model : keras.Model, torch.nn.Module or Readout
        As in ``report``; its output 0 is asked about.
    x : (windows, time, features)
        Windows that occur, at least 20; the verdict holds for these.
    y : (windows,), optional
        Targets in the unit of the output, for ``"skilled"`` and ``"needs"``.
    others : sequence of models, optional
        For ``"same unit"``: networks of the same shape, trained alike. For ``"needs"``: networks
        that were trained without the feature or lag, and are asked with it in the windows as they
        are. For ``"knows"``: untrained networks of the same kind; without them the layer is drawn
        anew, five times.

    Returns
    -------
    Checked
        ``verdict`` and ``experiment``. It is ``"cannot tell"`` where numbers are between the two
        bounds, or what the experiment needs is not given.

    Raises
    ------
    TypeError, ValueError
        The reading is none, its feature, lag or unit does not exist, or model, windows and targets
        do not fit, as in ``report``.

    Notes
    -----
    ``"uses"``, ``"ignores"``, ``"largest"``, ``"looks back"``: readings are exchanged with those of
    other windows, and what moves is compared with what moves when the whole window is exchanged.
    Less than 0.5 % is nothing, 2 % is something. No baseline is made up: all readings occur.
    ``"unit"``: the same with the state of one unit, which is given another window's values in
    every step; with a feature, that is exchanged while the unit is held, and what is then lacking
    came through the unit (Vig et al. 2020, https://arxiv.org/abs/2004.12265). The linear head of a
    Keras or PyTorch model is found from the windows, 200 at most, and takes 20 more of them than
    the layer has units.
    ``"knows"``: a linear probe beside those of untrained layers (Hewitt and Liang 2019,
    https://arxiv.org/abs/1909.03368). ``"same unit"``: units have no order, so the unit's
    correlations with all readings must be most like those of the same number elsewhere.

    A model may use what it does not need: only ``"needs"`` asks networks that did without.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(60, 6, 2))
    >>> readout = lh.Readout(w, head=np.array([1.0, 0.0, 0.0]))
    >>> lh.check_reading(lh.Reading("unit", unit=0), readout, x).verdict
    'holds'
    >>> lh.check_reading(lh.Reading("unit", unit=2), readout, x).verdict
    'fails'
    """
    if not isinstance(reading, Reading):
        raise TypeError(f"expected a Reading, got {type(reading).__name__}")
    x = _report_models.checked_windows("x", x)
    if len(x) < _claim_experiments.LEAST:
        raise ValueError(f"expected at least {_claim_experiments.LEAST} windows, got {len(x)}")
    for name, count in (("lag", x.shape[1]), ("feature", x.shape[2])):
        given = getattr(reading, name)
        if given is not None and given >= count:
            raise ValueError(f"expected {name} from 0 to {count - 1}, got {given}")
    targets = None if y is None else _report_models.checked_targets(y, len(x))
    if reading.kind == "knows" and len(reading.evidence) != len(x):
        raise ValueError(
            f"expected evidence for each of {len(x)} windows, got {len(reading.evidence)}"
        )
    if isinstance(others, str | Mapping) or not isinstance(others, Iterable):
        raise TypeError(f"expected others as a list of models, got {type(others).__name__}")
    opened = [_report_models.opened(one, 0) for one in (model, *others)]
    experiment = _claim_experiments.BY_KIND[reading.kind]
    return Checked(*experiment(reading, opened[0], x, targets, opened[1:]))
