"""How each format stores the twelve arrays of an LSTM: one table, plain arrays in and out.

A layout turns the list of arrays of one format into ``(kernel, recurrent_kernel, bias)``, each a
dictionary from gate to array, and back. ``bias`` is None where the format's list has none. In the
table F stands for features and H for units.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

GATES = ("i", "f", "c", "o")
"""Input gate, forget gate, candidate, output gate: the order of Keras 2 and 3."""

Arrays = Sequence[np.ndarray]
ByGate = dict[str, np.ndarray]
Parts = tuple[ByGate, ByGate, ByGate | None]


@dataclasses.dataclass(frozen=True)
class Layout:
    """One row of the table.

    Attributes
    ----------
    order : str
        The gates in the order in which the format stores them, by Keras' letters: what PyTorch
        calls g and TensorFlow 1 calls j is c.
    shapes : tuple of str
        Of the arrays of one layer, those of the bias last.
    biases : int
        How many of them, the last ones, a layer without bias has not. 0 where a format has no such
        layers.
    split : callable
        Arrays -> Parts, once their shapes are known to fit.
    join : callable
        Parts -> arrays.
    source : str
        Where the format says so.
    recurrent_activation : str
        What the gates of such a layer pass through unless it was told otherwise.
    forget_bias : float
        What such a layer adds to its forget gate when it runs, beside the stored bias.

    Examples
    --------
    >>> lh.LAYOUTS["keras"].order, lh.LAYOUTS["onnx"].order
    ('ifco', 'iofc')
    >>> lh.LAYOUTS["pytorch"].stored_as
    '(4H, F), (4H, H), (4H,), (4H,)'
    >>> lh.LAYOUTS["keras"].fits([np.ones((2, 12)), np.ones((3, 12)), np.ones(12)])
    True
    """

    order: str
    shapes: tuple[str, ...]
    biases: int
    split: Callable[[Arrays], Parts]
    join: Callable[[Parts], list[np.ndarray]]
    source: str
    recurrent_activation: str = "sigmoid"
    forget_bias: float = 0.0

    @property
    def counts(self) -> tuple[int, ...]:
        """How many arrays a layer has: with bias, and without.

        Examples
        --------
        >>> lh.LAYOUTS["pytorch"].counts, lh.LAYOUTS["keras1"].counts
        ((4, 2), (12,))
        """
        most = len(self.shapes)
        return (most, most - self.biases) if self.biases else (most,)

    @property
    def stored_as(self) -> str:
        """The shapes in words.

        Examples
        --------
        >>> lh.LAYOUTS["onnx"].stored_as
        '(1, 4H, F), (1, 4H, H), (1, 8H)'
        """
        if self.shapes == self.shapes[:3] * 4:
            return ", ".join(self.shapes[:3]) + " of each gate"
        return ", ".join(self.shapes)

    def fits(self, arrays: Arrays) -> bool:
        """Whether number and shapes are those of one layer in this layout.

        Parameters
        ----------
        arrays : sequence of ndarray

        Returns
        -------
        bool

        Examples
        --------
        >>> two_biases = [np.ones((12, 2)), np.ones((12, 3)), np.ones(12), np.ones(12)]
        >>> [name for name, layout in lh.LAYOUTS.items() if layout.fits(two_biases)]
        ['pytorch']
        """
        if len(arrays) not in self.counts:
            return False
        sizes = _sizes(self.shapes[0], arrays[0].shape)
        return sizes is not None and all(
            array.shape == tuple(sizes[size] for size in _axes(shape))
            for array, shape in zip(arrays, self.shapes, strict=False)
        )


def checked_layout(name: str, arrays: Arrays) -> Layout:
    """The layout of that name, if the arrays fit it; else one error that says what would.

    Parameters
    ----------
    name : str
        A name in ``LAYOUTS``, known to be one.
    arrays : sequence of ndarray

    Returns
    -------
    Layout

    Raises
    ------
    ValueError
        Number or shapes of the arrays do not fit.

    Examples
    --------
    >>> from lstm_helpers.layouts import checked_layout
    >>> checked_layout("keras", [np.ones((2, 12)), np.ones((3, 12))]).order
    'ifco'
    """
    layout = LAYOUTS[name]
    if layout.fits(arrays):
        return layout
    without = f" or {layout.counts[1]} without bias" if layout.biases else ""
    raise ValueError(
        f"layout {name!r}: expected {layout.counts[0]} arrays{without}, of shapes "
        f"{layout.stored_as} (F features, H units), got {_described(arrays)}{_hint(name, arrays)}"
    )


def _axes(shape: str) -> list[str]:
    """The sizes in the text: of "(F, 4H)" they are "F" and "4H"."""
    return re.findall(r"[^(), ]+", shape)


def _sizes(shape: str, lengths: tuple[int, ...]) -> dict[str, int] | None:
    """Every size that occurs in the table, read from one array; None where it does not fit."""
    axes = _axes(shape)
    if len(axes) != len(lengths):
        return None
    found = dict(zip(axes, lengths, strict=True))
    units = found["H"] if "H" in found else found["4H"] // 4
    features = found["F"] if "F" in found else found["F+H"] - units
    if units < 1 or features < 1:
        return None
    sizes = {"1": 1, "F": features, "H": units, "4H": 4 * units, "8H": 8 * units}
    return sizes | {"F+H": features + units}


def _described(arrays: Arrays) -> str:
    shapes = [array.shape for array in arrays[:6]]
    more = ", ..." if len(arrays) > 6 else ""
    return f"{len(arrays)} of shapes {', '.join(map(str, shapes))}{more}" if arrays else "0"


def _hint(name: str, arrays: Arrays) -> str:
    """What these arrays are more likely to be."""
    if not arrays:
        return ": is the layer built?"
    others = [repr(other) for other, layout in LAYOUTS.items() if layout.fits(arrays)]
    if others and len(arrays) > 1:  # any matrix could be tf1's, without its bias
        return f": they would fit layout {' or '.join(others)}"
    for layout in (LAYOUTS[name], *LAYOUTS.values()):
        for count in layout.counts:
            parts = [arrays[n : n + count] for n in range(0, len(arrays), count)]
            if len(parts) > 1 and all(map(layout.fits, parts)):
                places = (f"[{n}:{n + count}]" for n in range(0, len(arrays), count))
                of = "" if layout is LAYOUTS[name] else f" of layout {_name(layout)!r}"
                return (
                    f": they are {len(parts)} sets{of}, one a layer, or one a direction, forward "
                    f"first: take one of {', '.join(places)}"
                )
    if len(arrays) in (2, 3) and arrays[0].ndim == 3 and arrays[0].shape[0] == 2:
        return ": axis 0 has two directions, forward and reverse: take one, array[[0]] or [[1]]"
    if len(arrays) > 3 and arrays[0].ndim == 3:
        return (
            ": take W, R and B of the node; sequence_lens, initial states are given to replay, and "
            "peepholes (P) are not reproduced"
        )
    counts = {count for count in LAYOUTS[name].counts if count < len(arrays)}
    if any(LAYOUTS[name].fits(arrays[:count]) for count in counts):
        return ": are these a whole model's weights? Take those of the layer"
    return ""


def _name(layout: Layout) -> str:
    return next(name for name, other in LAYOUTS.items() if other is layout)


def _cut(array: np.ndarray, order: str, axis: int = -1) -> ByGate:
    """Views on the four quarters."""
    return dict(zip(order, np.split(array, 4, axis), strict=True))


def _put(part: ByGate, order: str, axis: int = -1) -> np.ndarray:
    return np.concatenate([part[gate] for gate in order], axis)


How = tuple[Callable[[Arrays], Parts], Callable[[Parts], list[np.ndarray]]]


def _side_by_side(order: str) -> How:
    """Kernel, recurrent kernel and bias, the gates of each along the last axis."""

    def split(arrays: Arrays) -> Parts:
        kernel, recurrent_kernel, *bias = [_cut(array, order) for array in arrays]
        return kernel, recurrent_kernel, bias[0] if bias else None

    def join(parts: Parts) -> list[np.ndarray]:
        return [_put(part, order) for part in parts if part is not None]

    return split, join


def _one_by_one(order: str) -> How:
    """Kernel, recurrent kernel and bias of one gate after the other."""

    def split(arrays: Arrays) -> Parts:
        kernel, recurrent_kernel, bias = [
            dict(zip(order, arrays[n::3], strict=True)) for n in range(3)
        ]
        return kernel, recurrent_kernel, bias

    def join(parts: Parts) -> list[np.ndarray]:
        return [part[gate] for gate in order for part in parts if part is not None]

    return split, join


def _two_biases(bias: ByGate, order: str) -> list[np.ndarray]:
    """The format adds two: all of it in the first."""
    first = _put(bias, order)
    return [first, np.zeros_like(first)]


def _transposed(order: str) -> How:
    """Units first, and a bias for each of the two kernels."""

    def split(arrays: Arrays) -> Parts:
        kernel, recurrent_kernel = (_cut(array.T, order) for array in arrays[:2])
        bias = _cut(arrays[2] + arrays[3], order) if len(arrays) == 4 else None
        return kernel, recurrent_kernel, bias

    def join(parts: Parts) -> list[np.ndarray]:
        kernels = [_put(part, order).T for part in parts[:2]]
        return kernels + ([] if parts[2] is None else _two_biases(parts[2], order))

    return split, join


def _with_directions(order: str) -> How:
    """As ``_transposed``, with an axis of directions in front, and the two biases as one array."""
    split_one, join_one = _transposed(order)

    def split(arrays: Arrays) -> Parts:
        kernel, recurrent_kernel, *bias = [array.squeeze(axis=0) for array in arrays]
        halves = [half for both in bias for half in np.split(both, 2)]
        return split_one([kernel, recurrent_kernel, *halves])

    def join(parts: Parts) -> list[np.ndarray]:
        kernel, recurrent_kernel, *biases = join_one(parts)
        arrays = [kernel, recurrent_kernel, *([np.concatenate(biases)] if biases else [])]
        return [array[None] for array in arrays]

    return split, join


def _one_matrix(order: str) -> How:
    """Kernel and recurrent kernel as one, the first on top."""

    def split(arrays: Arrays) -> Parts:
        matrix, *bias = arrays
        units = matrix.shape[1] // 4
        kernel, recurrent_kernel = _cut(matrix[:-units], order), _cut(matrix[-units:], order)
        return kernel, recurrent_kernel, _cut(bias[0], order) if bias else None

    def join(parts: Parts) -> list[np.ndarray]:
        kernels = np.concatenate([_put(part, order) for part in parts[:2]])
        return [kernels, *([] if parts[2] is None else [_put(parts[2], order)])]

    return split, join


def _turned(order: str) -> How:
    """Every gate's matrix transposed in its place, whatever its shape, and two biases in one."""

    def split(arrays: Arrays) -> Parts:
        kernel, recurrent_kernel = (
            {gate: k.T.reshape(k.shape, order="F") for gate, k in _cut(array, order).items()}
            for array in arrays[:2]
        )
        bias = _cut(np.add(*np.split(arrays[2], 2)), order) if len(arrays) == 3 else None
        return kernel, recurrent_kernel, bias

    def join(parts: Parts) -> list[np.ndarray]:
        kernels = [
            _put({gate: k.T.reshape(k.shape) for gate, k in part.items()}, order)
            for part in parts[:2]
        ]
        bias = [] if parts[2] is None else [np.concatenate(_two_biases(parts[2], order))]
        return kernels + bias

    return split, join


def _row(
    order: str, shapes: str, biases: int, how: Callable[[str], How], source: str, **more: Any
) -> Layout:
    split, join = how(order)
    return Layout(order, tuple(shapes.split("; ")), biases, split, join, source, **more)


LAYOUTS = {
    "keras": _row(
        "ifco", "(F, 4H); (H, 4H); (4H,)", 1, _side_by_side,
        "Keras 3, keras/src/layers/rnn/lstm.py, LSTMCell.build and call; the same in Keras 2",
    ),
    "keras1": _row(
        "icfo", "; ".join(["(F, H); (H, H); (H,)"] * 4), 0, _one_by_one,
        "Keras 2.0.8, keras/engine/topology.py, preprocess_weights_for_loading",
        recurrent_activation="hard_sigmoid_keras1",
    ),
    "cudnn": _row(
        "ifco", "(F, 4H); (H, 4H); (8H,)", 1, _turned,
        "tf_keras, src/saving/legacy/hdf5_format.py, _convert_rnn_weights of CuDNNLSTM",
    ),
    "pytorch": _row(
        "ifco", "(4H, F); (4H, H); (4H,); (4H,)", 2, _transposed,
        "torch/nn/modules/rnn.py, LSTM, weight_ih_l[k]: (W_ii|W_if|W_ig|W_io)",
    ),
    "onnx": _row(
        "iofc", "(1, 4H, F); (1, 4H, H); (1, 8H)", 1, _with_directions,
        "ONNX operator LSTM, inputs W, R and B: W[iofc], and Wb[iofc] before Rb[iofc]",
    ),
    "tf1": _row(
        "icfo", "(F+H, 4H); (4H,)", 1, _one_matrix,
        "TensorFlow 1.15, python/ops/rnn_cell_impl.py, BasicLSTMCell.call: i, j, f, o",
        forget_bias=1.0,
    ),
}  # fmt: skip
"""The formats by name: how they name the arrays of one layer, in what order and shape."""
