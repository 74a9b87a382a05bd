"""The twelve arrays of an LSTM, by gate, and how large each is.

Gates follow Keras: input ``i``, forget ``f``, candidate ``c``, output ``o``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from lstm_helpers import _checks
from lstm_helpers.layouts import LAYOUTS, checked_layout

T = TypeVar("T")
_SWITCHES = ("go_backwards", "stateful", "zero_output_for_mask")


class Gates(NamedTuple, Generic[T]):
    """One thing for each gate, in the order of Keras: arrays, norms, names.

    Attributes
    ----------
    i : input gate
    f : forget gate
    c : candidate, which Keras' source calls the cell
    o : output gate

    Examples
    --------
    >>> gates = lh.Gates(i="in", f="keep", c="new", o="out")
    >>> gates.f, gates[1]
    ('keep', 'keep')
    """

    i: T
    f: T
    c: T
    o: T


@dataclasses.dataclass(frozen=True, eq=False)
class LSTMWeights:
    """The weights of one LSTM layer, and the settings that its output depends on.

    Attributes
    ----------
    kernel : Gates of (input_dim, units)
        Weights on the input of a step; column ``j`` belongs to unit ``j``.
    recurrent_kernel : Gates of (units, units)
        Weights on the hidden state of the step before; from the row's unit to the column's.
    bias : Gates of (units,), or None
        None if the layer has no bias.
    activation : str
        Its name. The candidate and the cell's output pass through it.
    recurrent_activation : str
        Its name. The gates i, f and o pass through it. ``hard_sigmoid`` is the one of Keras 3,
        x/6 + 0.5; ``hard_sigmoid_keras1`` the one of Keras 1 and 2, 0.2 x + 0.5.
    go_backwards, stateful, zero_output_for_mask : bool
        As on the layer.
    compute_dtype : str or None
        The dtype that the layer computes in. Under mixed precision it is not the dtype of the
        weights. None means the dtype of the arrays.

    Raises
    ------
    TypeError
        An array is not a floating-point NumPy array, dtypes differ, or a bool is something else.
    ValueError
        Shapes do not fit together.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> w.kernel.f.shape, w.recurrent_kernel.f.shape, w.bias.f.shape  # 2 features, 3 units
    ((2, 3), (3, 3), (3,))
    >>> w.kernel.f[0].tolist(), w.bias.o.tolist()
    ([1.0, 1.0, 1.0], [0.0, 0.0, 0.0])
    """

    kernel: Gates[np.ndarray]
    recurrent_kernel: Gates[np.ndarray]
    bias: Gates[np.ndarray] | None = None
    activation: str = "tanh"
    recurrent_activation: str = "sigmoid"
    go_backwards: bool = False
    stateful: bool = False
    zero_output_for_mask: bool = False
    compute_dtype: str | None = None

    def __post_init__(self) -> None:
        for name in _SWITCHES:
            _checks.true_or_false(name, getattr(self, name))
        groups = {"kernel": self.kernel, "recurrent_kernel": self.recurrent_kernel}
        if self.bias is not None:
            groups["bias"] = self.bias
        dtypes = set()
        for name, group in groups.items():
            if not isinstance(group, Gates):
                raise TypeError(f"expected {name} as Gates(i, f, c, o), got {_kind(group)}")
            for gate, array in group._asdict().items():
                if not isinstance(array, np.ndarray) or array.dtype.kind != "f":
                    raise TypeError(
                        f"expected {name}.{gate} as an array of floats, got {_kind(array)}"
                    )
                dtypes.add(array.dtype)
        if len(dtypes) > 1:
            raise TypeError(
                f"expected one dtype in all arrays, got {', '.join(sorted(map(str, dtypes)))}"
            )
        shape = np.shape(self.kernel.i)
        if len(shape) != 2 or 0 in shape:
            raise ValueError(f"expected kernel.i of shape (input_dim, units), got {shape}")
        input_dim, units = shape
        shapes = {
            "kernel": (input_dim, units),
            "recurrent_kernel": (units, units),
            "bias": (units,),
        }
        for name, group in groups.items():
            for gate, array in group._asdict().items():
                if array.shape != shapes[name]:
                    raise ValueError(
                        f"expected {name}.{gate} of shape {shapes[name]}, got {array.shape}"
                    )

    @property
    def input_dim(self) -> int:
        """Number of features that the layer reads.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> w.input_dim
        2
        """
        return self.kernel.i.shape[0]

    @property
    def units(self) -> int:
        """Number of units: the length of the hidden state.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> w.units
        3
        """
        return self.kernel.i.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """Dtype of the arrays.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> w.dtype
        dtype('float64')
        """
        return self.kernel.i.dtype

    @classmethod
    def from_arrays(
        cls,
        arrays: Sequence[np.ndarray],
        layout: str = "keras",
        *,
        activation: str = "tanh",
        recurrent_activation: str | None = None,
        forget_bias: float | None = None,
        **options: Any,
    ) -> LSTMWeights:
        """Name the arrays of a list.

        Parameters
        ----------
        arrays : sequence of ndarray
            As the format stores them, of one layer. What comes back are views on them where the
            format allows it.
        layout : str
            A name in ``LAYOUTS``.
        activation : str
            The activation of the layer that the arrays came from.
        recurrent_activation : str, optional
            The activation of its gates. If not given, the format's default.
        forget_bias : float, optional
            What the layer adds to its forget gate when it runs, and did not store: for ``"tf1"``
            and only there, 1.0 unless given.
        **options
            Other fields of LSTMWeights: go_backwards, stateful, ...

        Returns
        -------
        LSTMWeights

        Raises
        ------
        ValueError
            The layout is unknown, number or shapes of the arrays do not fit it (the error says
            which layouts they would fit), or it has no ``forget_bias``.
        TypeError
            ``arrays`` is no sequence, an array is not of floats, or dtypes differ.

        Examples
        --------
        >>> kernel = np.arange(24.0).reshape(2, 12)
        >>> w = lh.LSTMWeights.from_arrays([kernel, np.zeros((3, 12)), np.zeros(12)])
        >>> w.kernel.i
        array([[ 0.,  1.,  2.],
               [12., 13., 14.]])
        >>> w.kernel.f  # the second quarter of the columns
        array([[ 3.,  4.,  5.],
               [15., 16., 17.]])
        """
        _checks.one_of("a layout", layout, LAYOUTS)
        added = _forget_bias(layout, forget_bias)
        arrays = _checks.arrays("arrays", arrays)
        chosen = checked_layout(layout, arrays)
        kernel, recurrent_kernel, bias = chosen.split(arrays)
        if added:
            dtype, units = kernel["f"].dtype, kernel["f"].shape[1]
            bias = dict.fromkeys("ifco", np.zeros(units, dtype)) if bias is None else dict(bias)
            bias["f"] = (bias["f"] + np.asarray(added, dtype)).astype(dtype, copy=False)
        return cls(
            Gates(**kernel),
            Gates(**recurrent_kernel),
            None if bias is None else Gates(**bias),
            activation=activation,
            recurrent_activation=recurrent_activation or chosen.recurrent_activation,
            **options,
        )

    def to_arrays(
        self, layout: str = "keras", *, forget_bias: float | None = None
    ) -> list[np.ndarray]:
        """The way back from ``from_arrays``, bit for bit; with ``"tf1"`` to one rounding.

        Parameters
        ----------
        layout : str
            A name in ``LAYOUTS``.
        forget_bias : float, optional
            What the layer will add when it runs, and so is taken off the stored bias: for
            ``"tf1"`` and only there, 1.0 unless given.

        Returns
        -------
        list of ndarray
            Where a format adds two biases, all is in the first, and the second is zero.

        Raises
        ------
        ValueError
            The layout is unknown, or cannot hold these weights, or has no ``forget_bias``.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> [array.shape for array in w.to_arrays()]
        [(2, 12), (3, 12), (12,)]
        >>> len(w.to_arrays("keras1"))
        12
        """
        _checks.one_of("a layout", layout, LAYOUTS)
        added = _forget_bias(layout, forget_bias)
        bias = None if self.bias is None else self.bias._asdict()
        if bias is None and not LAYOUTS[layout].biases:
            raise ValueError(f"layout {layout!r}: expected a bias, got none: it always has one")
        if added:
            bias = dict.fromkeys("ifco", np.zeros(self.units, self.dtype)) if bias is None else bias
            bias["f"] = bias["f"] - np.asarray(added, self.dtype)
        return LAYOUTS[layout].join((self.kernel._asdict(), self.recurrent_kernel._asdict(), bias))

    def __repr__(self) -> str:
        extras = [name for name in _SWITCHES if getattr(self, name)]
        return (
            f"LSTMWeights(input_dim={self.input_dim}, units={self.units}, "
            f"bias={self.bias is not None}, dtype={self.dtype}, "
            f"activation={self.activation!r}, recurrent_activation={self.recurrent_activation!r}"
            + "".join(f", {name}=True" for name in extras)
            + ")"
        )


NORMS = {
    "fro": "Frobenius norm",
    "spectral": "spectral norm",
    "rms": "root mean square",
}
"""What ``gate_norms`` can compute, and what figures call it."""


def gate_norms(w: LSTMWeights, ord: str = "fro") -> dict[str, float]:
    """The size of each of the twelve arrays, as one number.

    Computed in float64, whatever the dtype of the weights. One NaN in an array makes its norm NaN.
    Without a NaN, one infinite entry makes it infinite.

    Parameters
    ----------
    w : LSTMWeights
    ord : {"fro", "spectral", "rms"}
        "fro": the Frobenius norm, the root of the sum of all squared entries. "spectral": the
        largest singular value, the most that the matrix can stretch a vector. For a bias both are
        its Euclidean length. "rms": the root of the mean of the squared entries, so that arrays
        of different shapes can be compared.

    Returns
    -------
    dict from str to float
        "W_i", "W_f", "W_c", "W_o" of the kernel, then "U_i", ... of the recurrent kernel, then
        "b_i", ... of the bias: twelve. Eight if the layer has no bias, since a norm of 0 would
        say that it has one.

    Raises
    ------
    TypeError
        ``w`` is not LSTMWeights.
    ValueError
        ``ord`` is not one of the three.

    Notes
    -----
    Golub and Van Loan, Matrix Computations, section 2.3.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> norms = lh.gate_norms(w)
    >>> len(norms), round(norms["W_f"], 3), norms["U_f"]
    (12, 2.449, 0.0)
    >>> lh.gate_norms(w, "rms")["W_f"]
    1.0
    """
    require_weights(w)
    _checks.one_of("ord", ord, NORMS)
    groups = {"W": w.kernel, "U": w.recurrent_kernel}
    if w.bias is not None:
        groups["b"] = w.bias
    return {
        f"{letter}_{gate}": _norm(array.astype(np.float64), ord)
        for letter, group in groups.items()
        for gate, array in group._asdict().items()
    }


def feature_norms(w: LSTMWeights) -> Gates[np.ndarray]:
    """How much weight each gate puts on each input feature: the row norms of its kernel.

    Parameters
    ----------
    w : LSTMWeights

    Returns
    -------
    Gates of (input_dim,) float64
        Euclidean length of the row, over all units. NaN if the row holds a NaN. The squares of a
        gate add up to the square of its norm, ``gate_norms(w)["W_f"]`` for the forget gate.

    Raises
    ------
    TypeError
        ``w`` is not LSTMWeights.

    Examples
    --------
    >>> kernel = np.ones((2, 16)) * [[3.0], [1.0]]  # (2 features, 4 * 4 units)
    >>> w = lh.LSTMWeights.from_arrays([kernel, np.zeros((4, 16))])
    >>> lh.feature_norms(w).f
    array([6., 2.])
    """
    require_weights(w)
    return Gates(*(np.linalg.norm(array.astype(np.float64), axis=1) for array in w.kernel))


def unit_norms(w: LSTMWeights) -> Gates[np.ndarray]:
    """How much weight flows into each unit's gates: its columns of both kernels as one vector.

    The bias is left out: no input is multiplied by it, and a forget gate's bias starts at 1.

    Parameters
    ----------
    w : LSTMWeights

    Returns
    -------
    Gates of (units,) float64
        Euclidean length of a kernel column and a recurrent column together, input_dim + units
        numbers. NaN if one of them is NaN. The squares of a gate add up to the squares of its two
        norms, ``W_f ** 2 + U_f ** 2`` of ``gate_norms(w)`` for the forget gate.

    Raises
    ------
    TypeError
        ``w`` is not LSTMWeights.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.full((1, 8), 3.0), np.full((2, 8), 4.0)])
    >>> lh.unit_norms(w).f.shape
    (2,)
    >>> lh.unit_norms(w).f.round(3)  # the root of 9 + 16 + 16
    array([6.403, 6.403])
    """
    require_weights(w)
    columns = (
        np.concatenate(pair).astype(np.float64)
        for pair in zip(w.kernel, w.recurrent_kernel, strict=True)
    )
    return Gates(*(np.linalg.norm(stacked, axis=0) for stacked in columns))


def _norm(array: np.ndarray, ord: str) -> float:
    # The singular values of a matrix with a NaN raise, those of one with an infinity are NaN.
    if ord == "spectral" and array.ndim == 2 and np.isfinite(array).all():
        return float(np.linalg.norm(array, 2))
    length = float(np.linalg.norm(array))
    return length / array.size**0.5 if ord == "rms" else length


def require_weights(w: object) -> None:
    """Raise unless it is LSTMWeights.

    Examples
    --------
    >>> from lstm_helpers.gates import require_weights
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> require_weights(w) is None
    True
    """
    if not isinstance(w, LSTMWeights):
        raise TypeError(f"expected LSTMWeights, got {type(w).__name__}")


def _forget_bias(layout: str, given: float | None) -> float:
    """What a layer of this layout adds to its forget gate when it runs."""
    default = LAYOUTS[layout].forget_bias
    if given is None:
        return default
    if not default:
        raise ValueError(f"layout {layout!r}: expected no forget_bias, got {given!r}: it adds none")
    return _checks.finite_number("forget_bias", given)


def _kind(thing: object) -> str:
    dtype = f" of {thing.dtype}" if isinstance(thing, np.ndarray) else ""
    return f"{type(thing).__name__}{dtype}"
