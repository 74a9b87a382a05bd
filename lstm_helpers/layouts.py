"""How each format stores the twelve arrays of an LSTM: one table, plain arrays in and out.

A layout turns the list of arrays of one format into ``(kernel, recurrent_kernel, bias)`` and back.
Each of the three is a dictionary from gate to array. ``bias`` is None if the layer has no bias.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

GATES = ("i", "f", "c", "o")
"""Input gate, forget gate, candidate, output gate: the order of Keras 2 and 3."""

Parts = tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray] | None]


@dataclasses.dataclass(frozen=True)
class Layout:
    """One row of the table.

    Attributes
    ----------
    order : str
        The gates in the order in which the format stores them.
    stored_as : str
        The shapes in words, with F features and H units.
    recurrent_activation : str
        The format's default activation of the gates i, f and o.
    split : callable
        List of arrays -> Parts.
    join : callable
        Parts -> list of arrays.

    Examples
    --------
    >>> lh.LAYOUTS["keras"].order, lh.LAYOUTS["keras1"].order
    ('ifco', 'icfo')
    >>> lh.LAYOUTS["keras1"].stored_as
    '12 arrays: W (F, H), U (H, H), b (H,) of one gate after the other'
    """

    order: str
    stored_as: str
    recurrent_activation: str
    split: Callable[[Sequence[np.ndarray]], Parts]
    join: Callable[[Parts], list[np.ndarray]]


def _split_keras(arrays: Sequence[np.ndarray]) -> Parts:
    if len(arrays) not in (2, 3):
        raise ValueError(
            "layout 'keras': expected 3 arrays (kernel, recurrent_kernel, bias) or 2 without "
            f"bias, got {len(arrays)}{_hint(arrays)}"
        )
    units = len(np.atleast_1d(arrays[1]))
    expected = [np.shape(arrays[0])[1:] == (4 * units,), np.shape(arrays[1]) == (units, 4 * units)]
    expected += [np.shape(bias) == (4 * units,) for bias in arrays[2:]]
    if not all(expected):
        raise ValueError(
            "layout 'keras': expected shapes (features, 4 * units), (units, 4 * units) and "
            f"(4 * units,), got {[np.shape(a) for a in arrays]}"
        )
    quarters = [slice(n * units, (n + 1) * units) for n in range(4)]
    kernel, recurrent_kernel, *bias = [
        {gate: array[..., quarter] for gate, quarter in zip(GATES, quarters, strict=True)}
        for array in arrays
    ]
    return kernel, recurrent_kernel, next(iter(bias), None)


def _join_keras(parts: Parts) -> list[np.ndarray]:
    return [
        np.concatenate([part[gate] for gate in GATES], axis=-1)
        for part in parts
        if part is not None
    ]


_KERAS1_ORDER = "icfo"


def _split_keras1(arrays: Sequence[np.ndarray]) -> Parts:
    if len(arrays) != 12:
        raise ValueError(
            "layout 'keras1': expected 12 arrays (W, U, b of each gate, gates in the order "
            f"i, c, f, o), got {len(arrays)}{_hint(arrays)}"
        )
    kernel, recurrent_kernel, bias = [
        dict(zip(_KERAS1_ORDER, arrays[n::3], strict=True)) for n in range(3)
    ]
    return kernel, recurrent_kernel, bias


def _join_keras1(parts: Parts) -> list[np.ndarray]:
    kernel, recurrent_kernel, bias = parts
    if bias is None:
        raise ValueError("layout 'keras1': expected a bias, got none: Keras 1 always had one")
    return [part[gate] for gate in _KERAS1_ORDER for part in (kernel, recurrent_kernel, bias)]


def _hint(arrays: Sequence[np.ndarray]) -> str:
    """Name the likely mistake."""
    if len(arrays) == 0:
        return ": is the layer built?"
    if len(arrays) == 12:
        return ": Keras 1 stored a layer as twelve, layout 'keras1'"
    if len(arrays) in (5, 4):
        return ": are these a whole model's weights? Take those of the layer"
    if len(arrays) == 6:
        return ": a Bidirectional layer holds three forward, then three backward"
    return ""


LAYOUTS = {
    "keras": Layout(
        "ifco",
        "kernel (F, 4H), recurrent_kernel (H, 4H), bias (4H,), the gates side by side",
        "sigmoid",
        _split_keras,
        _join_keras,
    ),
    "keras1": Layout(
        _KERAS1_ORDER,
        "12 arrays: W (F, H), U (H, H), b (H,) of one gate after the other",
        "hard_sigmoid_keras1",
        _split_keras1,
        _join_keras1,
    ),
}
"""The formats by name.

Sources: Keras 3, ``keras/src/layers/rnn/lstm.py``, ``LSTMCell.build`` and ``call``; Keras 2.0.8,
``keras/engine/topology.py``, ``preprocess_weights_for_loading``, for the order of Keras 1.
"""
