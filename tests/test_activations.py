"""Each activation and its slope, against the functions as one would write them."""

import numpy as np
import pytest

from lstm_helpers import _activations
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
    function = ACTIVATIONS[name].function
    assert ACTIVATIONS.keys() == FUNCTIONS.keys()
    z = np.array([-8, -3.5, -2.8, -1.5, -0.25, 0.75, 1, 2.25, 2.75, 3.25, 4], dtype)
    y = np.empty_like(z)
    function(z, y)
    tolerance = {"rtol": 0, "atol": 4 * np.finfo(dtype).eps * (5 if name == "linear" else 1)}
    moved = FUNCTIONS[name](z.astype(float) + 1e-30j)
    np.testing.assert_allclose(y, moved.real, **tolerance)
    np.testing.assert_allclose(slope_of(name, y), moved.imag / 1e-30, **tolerance)
    if name == "relu" or name.startswith("hard"):  # at its corners it is 0
        corners = np.array([0] if name == "relu" else [0, 1], dtype)
        assert not slope_of(name, corners).any()


def test_a_pair_is_read_by_its_names():
    z = np.array([0.0, 1.0])
    y = np.empty_like(z)
    ACTIVATIONS["tanh"].function(z, y)
    assert y.tolist() == [0, np.tanh(1)]
    assert slope_of("tanh", y)[0] == 1


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("activation", FUNCTIONS)
@pytest.mark.parametrize("recurrent", FUNCTIONS)
def test_all_gates_whatever_way_this_processor_takes(
    recurrent, activation, dtype, fast, monkeypatch
):
    monkeypatch.setattr(_activations, "fast_tanh", lambda asked: fast and asked == dtype)
    matrix = np.linspace(-3, 4, 8).astype(dtype)[:, None]
    sums = matrix.astype(float)
    activate = _activations.gates_of_sums(recurrent, activation, matrix)
    gates = np.empty_like(matrix)
    activate(matrix @ np.ones((1, 1), dtype), gates)
    expected = np.concatenate(
        [FUNCTIONS[recurrent](sums[:6] + 0j), FUNCTIONS[activation](sums[6:] + 0j)]
    )
    tolerance = 4 * 5 * np.finfo(dtype).eps
    np.testing.assert_allclose(gates, expected.real, rtol=0, atol=tolerance)
    halved = fast and (recurrent, activation) == ("sigmoid", "tanh")
    factor = 0.5 if halved else -1 if recurrent == "sigmoid" else 1
    assert (matrix[:6] == factor * sums[:6]).all()
    assert (matrix[6:] == sums[6:]).all()


@pytest.mark.parametrize(
    ("loop", "fast"),
    [
        ("X86_V4", True),
        ("AVX512_SKX", True),
        ("NEON_VFPV4", True),
        ("baseline(NEON NEON_FP16 NEON_VFPV4 ASIMD)", True),
        ("X86_V3", False),
        ("AVX2 FMA3", False),
        ("FMA3__AVX2", False),
        ("baseline(X86_V2)", False),
        ("baseline(SSE SSE2 SSE3)", False),
    ],
)
def test_tanh_is_fast_by_the_loop_that_numpy_chose(loop, fast, monkeypatch):
    found = {"tanh": {"ff": {"current": loop}, "dd": {"current": "X86_V4"}}}
    monkeypatch.setattr(np.lib.introspect, "opt_func_info", lambda func_name: found)
    ask = _activations.fast_tanh.__wrapped__
    assert ask(np.dtype("float32")) is fast
    assert ask(np.dtype("float64")) is True
    assert ask(np.dtype("longdouble")) is True  # not listed


def test_tanh_is_fast_on_this_numpy_or_not():
    for dtype in ("float16", "float32", "float64", "longdouble"):
        assert isinstance(_activations.fast_tanh(np.dtype(dtype)), bool)


def slope_of(name, y):
    out = np.full_like(y, np.nan)
    ACTIVATIONS[name].slope(y, out)
    return out
