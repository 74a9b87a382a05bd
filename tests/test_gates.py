"""The container: what it refuses, and what it says about itself."""

import dataclasses

import numpy as np
import pytest

import lstm_helpers as lh


def zeros(*shape, dtype=np.float32):
    return lh.Gates(*(np.zeros(shape, dtype) for _ in range(4)))


def fields(**changes):
    """Weights of 3 features and 2 units, as keyword arguments."""
    valid = {"kernel": zeros(3, 2), "recurrent_kernel": zeros(2, 2), "bias": zeros(2)}
    return {**valid, **changes}


def test_gates_are_named_in_the_order_of_keras():
    assert lh.Gates._fields == ("i", "f", "c", "o")
    assert lh.Gates(1, 2, 3, 4).c == 3


def test_sizes_come_from_the_arrays():
    w = lh.LSTMWeights(**fields())
    assert (w.input_dim, w.units, w.dtype) == (3, 2, np.float32)


@pytest.mark.parametrize(
    ("error", "message", "changes"),
    [
        pytest.param(
            TypeError, r"expected kernel as Gates\(i, f, c, o\), got list",
            {"kernel": [np.zeros((3, 2))] * 4}, id="not Gates",
        ),
        pytest.param(
            TypeError, r"expected bias as Gates\(i, f, c, o\), got ndarray of float64",
            {"bias": np.zeros(8)}, id="bias in one piece",
        ),
        pytest.param(
            TypeError, "expected kernel.f as an array of floats, got list",
            {"kernel": zeros(3, 2)._replace(f=[[0.0, 0.0]] * 3)}, id="a list",
        ),
        pytest.param(
            TypeError, "expected recurrent_kernel.i as an array of floats, got ndarray of int64",
            {"recurrent_kernel": zeros(2, 2, dtype=np.int64)}, id="integers",
        ),
        pytest.param(
            TypeError, "expected bias.i as an array of floats, got ndarray of complex64",
            {"bias": zeros(2, dtype=np.complex64)}, id="complex",
        ),
        pytest.param(
            TypeError, "expected one dtype in all arrays, got float32, float64",
            {"bias": zeros(2, dtype=np.float64)}, id="two dtypes",
        ),
        pytest.param(
            ValueError, r"expected kernel.i of shape \(input_dim, units\), got \(2,\)",
            {"kernel": zeros(2)}, id="kernel of one dimension",
        ),
        pytest.param(
            ValueError, r"expected kernel.i of shape \(input_dim, units\), got \(0, 2\)",
            {"kernel": zeros(0, 2)}, id="no features",
        ),
        pytest.param(
            ValueError, r"expected kernel.o of shape \(3, 2\), got \(2, 3\)",
            {"kernel": zeros(3, 2)._replace(o=np.zeros((2, 3), np.float32))}, id="one transposed",
        ),
        pytest.param(
            ValueError, r"expected recurrent_kernel.i of shape \(2, 2\), got \(3, 2\)",
            {"recurrent_kernel": zeros(3, 2)}, id="recurrent kernel not square",
        ),
        pytest.param(
            ValueError, r"expected bias.c of shape \(2,\), got \(1, 2\)",
            {"bias": zeros(2)._replace(c=np.zeros((1, 2), np.float32))}, id="bias as a row",
        ),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(error, message, changes):
    with pytest.raises(error, match=f"^{message}$"):
        lh.LSTMWeights(**fields(**changes))


def test_repr_is_one_line():
    assert repr(lh.LSTMWeights(**fields())) == (
        "LSTMWeights(input_dim=3, units=2, bias=True, dtype=float32, "
        "activation='tanh', recurrent_activation='sigmoid')"
    )


def test_repr_names_what_else_decides_the_output():
    w = lh.LSTMWeights(**fields(bias=None), activation="relu", go_backwards=True, stateful=True)
    assert repr(w) == (
        "LSTMWeights(input_dim=3, units=2, bias=False, dtype=float32, "
        "activation='relu', recurrent_activation='sigmoid', go_backwards=True, stateful=True)"
    )
    assert "zero_output_for_mask=True" in repr(dataclasses.replace(w, zero_output_for_mask=True))


def test_fields_cannot_be_rebound():
    w = lh.LSTMWeights(**fields())
    with pytest.raises(dataclasses.FrozenInstanceError):
        w.kernel = zeros(3, 2)


def test_from_arrays_passes_options_on():
    arrays = lh.LSTMWeights(**fields()).to_arrays()
    options = {"activation": "relu", "go_backwards": True, "stateful": True}
    options |= {"zero_output_for_mask": True, "compute_dtype": "float16"}
    w = lh.LSTMWeights.from_arrays(arrays, **options)
    assert {name: getattr(w, name) for name in options} == options
