"""What the gates, the candidate and the cell's output pass through: functions and their slopes."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Activation(NamedTuple):
    """A function and its derivative.

    Attributes
    ----------
    function : callable
        (z, out): writes the function of ``z`` into the array ``out``.
    slope : callable
        (y, out): writes the derivative, computed from the function's *value* y. It is 0 at the
        corners of relu and hard_sigmoid.

    Examples
    --------
    >>> from lstm_helpers._activations import ACTIVATIONS
    >>> out = np.empty(3)
    >>> function, slope = ACTIVATIONS["sigmoid"]
    >>> function(np.array([-1.0, 0.0, 1.0]), out)
    >>> out.round(3).tolist()
    [0.269, 0.5, 0.731]
    >>> slope(out.copy(), out)
    >>> out.round(3).tolist()
    [0.197, 0.25, 0.197]
    """

    function: Callable[[np.ndarray, np.ndarray], Any]
    slope: Callable[[np.ndarray, np.ndarray], Any]


def _sigmoid(z: np.ndarray, out: np.ndarray) -> None:
    np.exp(-z, out=out)
    out += 1
    np.reciprocal(out, out=out)


def _hard_sigmoid(z: np.ndarray, out: np.ndarray) -> None:
    np.add(z, 3, out=out)
    np.clip(out, 0, 6, out=out)
    out /= 6


def _hard_sigmoid_keras1(z: np.ndarray, out: np.ndarray) -> None:
    np.multiply(z, 0.2, out=out)
    out += 0.5
    np.clip(out, 0, 1, out=out)


def _tanh_slope(y: np.ndarray, out: np.ndarray) -> None:
    np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)


def _sigmoid_slope(y: np.ndarray, out: np.ndarray) -> None:
    np.multiply(y, y, out=out)
    np.subtract(y, out, out=out)


def _between(y: np.ndarray, slope: float, out: np.ndarray) -> None:
    """``slope`` where 0 < y < 1."""
    np.multiply((y > 0) & (y < 1), y.dtype.type(slope), out=out)


ACTIVATIONS = {
    "tanh": Activation(np.tanh, _tanh_slope),
    "sigmoid": Activation(_sigmoid, _sigmoid_slope),
    "relu": Activation(
        lambda z, out: np.maximum(z, 0, out=out), lambda y, out: np.greater(y, 0, out=out)
    ),
    "linear": Activation(np.positive, lambda y, out: out.fill(1)),
    "hard_sigmoid": Activation(_hard_sigmoid, lambda y, out: _between(y, 1 / 6, out)),
    "hard_sigmoid_keras1": Activation(_hard_sigmoid_keras1, lambda y, out: _between(y, 0.2, out)),
}
"""By Keras' names. ``hard_sigmoid_keras1`` is the one of Keras 1 and 2, 0.2 x + 0.5."""


def gates_of_sums(
    recurrent_activation: str, activation: str, matrix: np.ndarray
) -> Callable[[np.ndarray, np.ndarray], None]:
    """The function (z, out) that writes all four gates: rows i, f, o, candidate, as in ``matrix``.

    ``z`` is what comes of the matrix *after* this call, which may put a factor into its rows: that
    costs nothing at each step, and is exact.

    Examples
    --------
    >>> from lstm_helpers._activations import gates_of_sums
    >>> matrix, gates = np.ones((4, 1)), np.empty((4, 1))
    >>> gates_of_sums("sigmoid", "tanh", matrix)(matrix @ [[1.0]], gates)
    >>> gates.ravel().round(3).tolist()
    [0.731, 0.731, 0.731, 0.762]
    """
    sigmoids = 3 * len(matrix) // 4
    gate_activation = ACTIVATIONS[recurrent_activation].function
    candidate_activation = ACTIVATIONS[activation].function
    # Arrays, as each Python number costs a microsecond at each step.
    one, half = np.array(1, matrix.dtype), np.array(0.5, matrix.dtype)

    def by_tanh(z: np.ndarray, out: np.ndarray) -> None:
        """sigmoid(z) = tanh(z / 2) / 2 + 1/2: one tanh serves all four gates."""
        np.tanh(z, out=out)
        gates = out[:sigmoids]
        np.multiply(gates, half, out=gates)
        np.add(gates, half, out=gates)

    def by_exp(z: np.ndarray, out: np.ndarray) -> None:
        """sigmoid(z) = 1 / (1 + exp(-z))."""
        gates = out[:sigmoids]
        np.exp(z[:sigmoids], out=gates)
        np.add(gates, one, out=gates)
        np.divide(one, gates, out=gates)  # faster than np.reciprocal
        candidate_activation(z[sigmoids:], out[sigmoids:])

    def one_by_one(z: np.ndarray, out: np.ndarray) -> None:
        gate_activation(z[:sigmoids], out[:sigmoids])
        candidate_activation(z[sigmoids:], out[sigmoids:])

    if recurrent_activation != "sigmoid":
        return one_by_one
    if activation == "tanh" and fast_tanh(matrix.dtype):
        matrix[:sigmoids] *= half
        return by_tanh
    matrix[:sigmoids] *= -one
    return by_exp


@functools.cache
def fast_tanh(dtype: np.dtype[Any]) -> bool:
    """Whether NumPy's tanh takes no longer than its exp on this processor.

    Its loops for AVX-512 don't. Those for AVX2 look up a table and take twice as long as exp, those
    of x86 without AVX2 seven times. On other processors it was not measured, and counts as fast.

    Examples
    --------
    >>> from lstm_helpers._activations import fast_tanh
    >>> fast_tanh(np.dtype("float32")) in (True, False)
    True
    """
    loops = np.lib.introspect.opt_func_info(func_name="^tanh$")["tanh"]
    loop = loops.get(2 * dtype.char, {"current": "unknown"})
    return not re.search("SSE|AVX2|X86_V[123]", loop["current"])
