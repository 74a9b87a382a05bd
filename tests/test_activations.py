"""Each activation and its slope, against the functions as one would write them."""

import numpy as np
import pytest

from lstm_helpers._activations import ACTIVATIONS

# Analytic, or piecewise so, on complex numbers too.
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "linear": lambda z: z,
    "hard_sigmoid": lambda z: np.where(np.abs(z.real) < 3, z / 6 + 0.5, z.real > 0),
    "hard_sigmoid_keras1": lambda z: np.where(np.abs(z.real) < 2.5, z / 5 + 0.5, z.real > 0),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_activation_and_its_slope(name, dtype):
    function, slope = ACTIVATIONS[name]
    assert ACTIVATIONS.keys() == FUNCTIONS.keys()
    z = np.array([-8, -3.5, -2.8, -1.5, -0.25, 0.75, 1, 2.25, 2.75, 3.25, 4], dtype)
    y = np.empty_like(z)
    function(z, y)
    tolerance = {"rtol": 0, "atol": 4 * np.finfo(dtype).eps * (5 if name == "linear" else 1)}
    moved = FUNCTIONS[name](z.astype(float) + 1e-30j)
    np.testing.assert_allclose(y, moved.real, **tolerance)
    np.testing.assert_allclose(slope(y), moved.imag / 1e-30, **tolerance)
    assert y.dtype == slope(y).dtype == dtype
    if name == "relu" or name.startswith("hard"):  # at its corners it is 0
        corners = np.array([0] if name == "relu" else [0, 1], dtype)
        assert not slope(corners).any()


def test_a_pair_is_read_by_its_names():
    z = np.array([0.0, 1.0])
    y = np.empty_like(z)
    ACTIVATIONS["tanh"].function(z, y)
    assert y.tolist() == [0, np.tanh(1)]
    assert ACTIVATIONS["tanh"].slope(y)[0] == 1
