"""What the gates, the candidate and the cell's output pass through: functions and their slopes."""

from __future__ import annotations

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
        y -> the derivative, computed from the function's *value* y. It is 0 at the corners of
        relu and hard_sigmoid.

    Examples
    --------
    >>> from lstm_helpers._activations import ACTIVATIONS
    >>> out = np.empty(3)
    >>> function, slope = ACTIVATIONS["sigmoid"]
    >>> function(np.array([-1.0, 0.0, 1.0]), out)
    >>> out.round(3).tolist(), slope(out).round(3).tolist()
    ([0.269, 0.5, 0.731], [0.197, 0.25, 0.197])
    """

    function: Callable[[np.ndarray, np.ndarray], Any]
    slope: Callable[[np.ndarray], np.ndarray]


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


ACTIVATIONS = {
    "tanh": Activation(np.tanh, lambda y: 1 - y * y),
    "sigmoid": Activation(_sigmoid, lambda y: y - y * y),
    "relu": Activation(lambda z, out: np.maximum(z, 0, out=out), lambda y: (y > 0).astype(y.dtype)),
    "linear": Activation(np.positive, np.ones_like),
    "hard_sigmoid": Activation(_hard_sigmoid, lambda y: ((y > 0) & (y < 1)) * y.dtype.type(1 / 6)),
    "hard_sigmoid_keras1": Activation(
        _hard_sigmoid_keras1, lambda y: ((y > 0) & (y < 1)) * y.dtype.type(0.2)
    ),
}
"""By Keras' names. ``hard_sigmoid_keras1`` is the one of Keras 1 and 2, 0.2 x + 0.5."""
