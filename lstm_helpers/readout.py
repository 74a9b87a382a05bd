"""One output of a network, as functions on arrays: an LSTM and the linear head behind it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers.gates import LSTMWeights, require_weights
from lstm_helpers.jacobian import input_jacobian
from lstm_helpers.numpy_lstm import last_hidden


class Readout:
    """An LSTM and a linear head, with the two functions that attributions need.

    Parameters
    ----------
    w : LSTMWeights
        Of a layer that starts each window from zero states: a stateful one raises an error.
    head : (units,) or (units, 1) array
        What the last hidden state is multiplied by: one column of a Dense layer's kernel. A factor
        in it changes the unit: multiplied by the standard deviation of the target, it gives outputs
        and gradients in the target's unit.
    bias : float
        Added to every output; not larger than the dtype of the weights can hold.

    Attributes
    ----------
    w : LSTMWeights
    head : (units, 1) array
        In the dtype of the weights.
    bias : float

    Raises
    ------
    TypeError, ValueError
        ``w`` is not LSTMWeights or is stateful, or ``head`` or ``bias`` does not fit.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> shapes = ((2, 12), (3, 12), (12,))
    >>> w = lh.LSTMWeights.from_arrays([rng.normal(size=shape) for shape in shapes])
    >>> readout = lh.Readout(w, head=[1.0, 0.0, -1.0], bias=0.5)
    >>> x = rng.normal(size=(4, 6, 2))
    >>> readout.forward(x).shape, readout.gradient(x).shape
    ((4,), (4, 6, 2))
    >>> lh.integrated_gradients(readout.gradient, x).shape
    (4, 6, 2)
    """

    def __init__(self, w: LSTMWeights, head: ArrayLike, bias: float = 0.0) -> None:
        require_weights(w)
        if w.stateful:
            raise ValueError(
                "expected a layer that starts each window from zeros, got a stateful one"
            )
        column = _checks.real_numbers("head", head)
        if column.shape not in ((w.units,), (w.units, 1)):
            more = ": take one column, head[:, [0]]" if column.shape[:1] == (w.units,) else ""
            raise ValueError(
                f"expected head of shape ({w.units},) or ({w.units}, 1), got {column.shape}{more}"
            )
        self.w = w
        self.head = column.reshape(w.units, 1).astype(w.dtype)
        self.bias = _checks.finite_number("bias", bias, w.dtype)

    def forward(self, x: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The output at the end of each window.

        Parameters
        ----------
        x : (batch, time, features)
            What the layer reads.
        mask : (batch, time) of bool, or of 0 and 1, optional
            False at steps that are skipped.

        Returns
        -------
        (batch,) array
            In the dtype of the weights.

        Raises
        ------
        TypeError, ValueError
            As in ``replay``.

        Notes
        -----
        The work takes about 256 MiB at most, in blocks of the batch, unless a single window needs
        more. Only the last hidden state of each window is kept.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> readout = lh.Readout(w, head=np.ones(3), bias=0.5)
        >>> readout.forward(np.zeros((4, 6, 2))).tolist()
        [0.5, 0.5, 0.5, 0.5]
        """
        hidden = last_hidden(self.w, x, mask)
        return (hidden @ self.head).ravel() + self.w.dtype.type(self.bias)

    def gradient(self, x: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
        """The exact derivative of each window's output by that window.

        Parameters
        ----------
        x : (batch, time, features)
            What the layer reads.
        mask : (batch, time) of bool, or of 0 and 1, optional
            False at steps that are skipped.

        Returns
        -------
        (batch, time, features) array
            In units of output per unit of input, in the dtype of the weights.

        Raises
        ------
        TypeError, ValueError
            As in ``replay``.

        Examples
        --------
        >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
        >>> readout = lh.Readout(w, head=np.ones(3))
        >>> gradient = readout.gradient(np.zeros((4, 6, 2)))
        >>> gradient.shape
        (4, 6, 2)
        >>> gradient[0, -1].tolist()  # of both features at the newest step
        [0.75, 0.75]
        """
        return input_jacobian(self.w, x, self.head, mask=mask).squeeze(axis=1)

    def __repr__(self) -> str:
        return f"Readout({self.w!r}, bias={self.bias:g})"
