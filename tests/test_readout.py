"""lh.Readout: an LSTM and a linear head, as the functions that attribution asks for."""

import dataclasses
import re
import tracemalloc

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import numpy_lstm

RNG = np.random.default_rng(0)
W = lh.LSTMWeights.from_arrays([RNG.normal(size=shape) for shape in ((2, 12), (3, 12), (12,))])
HEAD, BIAS = RNG.normal(size=3), 0.25
X = RNG.normal(size=(5, 6, 2))


@pytest.mark.parametrize("head", [HEAD, HEAD[:, None], HEAD.tolist()], ids=["1d", "2d", "list"])
def test_forward_is_the_last_hidden_state_times_the_head_plus_the_bias(head):
    expected = lh.replay(W, X).hidden[:, -1] @ HEAD + BIAS
    assert np.allclose(lh.Readout(W, head, BIAS).forward(X), expected, rtol=0, atol=1e-12)


def test_gradient_is_that_of_forward():
    readout, eps = lh.Readout(W, HEAD, BIAS), 1e-6
    found = readout.gradient(X)
    assert found.shape == X.shape
    for place in ((0, 0), (3, 1), (5, 0)):
        push = np.zeros(X.shape)
        push[:, *place] = eps
        slope = (readout.forward(X + push) - readout.forward(X - push)) / (2 * eps)
        assert np.allclose(found[:, *place], slope, rtol=0, atol=1e-8)


def test_the_dtype_is_that_of_the_weights():
    arrays = [array.astype("float32") for array in W.to_arrays()]
    readout = lh.Readout(lh.LSTMWeights.from_arrays(arrays), HEAD, BIAS)
    assert readout.head.dtype == readout.forward(X).dtype == readout.gradient(X).dtype == "float32"


def test_in_blocks_the_numbers_stay(monkeypatch):
    readout, x = lh.Readout(W, HEAD, BIAS), np.concatenate([X, X[:3]])
    mask = np.arange(48).reshape(8, 6) % 5 > 0
    whole, masked = readout.forward(x), readout.forward(x, mask)
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 1)
    assert np.allclose(readout.forward(x), whole, rtol=0, atol=1e-12)
    assert np.allclose(readout.forward(x, mask), masked, rtol=0, atol=1e-12)


def test_forward_keeps_the_last_hidden_states_alone(monkeypatch):
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 2**18)
    readout, x = lh.Readout(W, HEAD, BIAS), np.zeros((4000, 30, 2))
    tracemalloc.start()
    readout.forward(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # Beside the block: three arrays (batch, units) and a few of (batch,); one signal has 2.9 MB.
    assert peak < 2**18 + 6 * 4000 * 3 * 8


MASK = RNG.random((5, 6)) > 0.4
MASK[0], MASK[1, -1], MASK[2, 0] = False, False, False


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
def test_forward_and_gradient_with_a_mask(zero_output_for_mask, go_backwards):
    options = {"zero_output_for_mask": zero_output_for_mask, "go_backwards": go_backwards}
    readout = lh.Readout(dataclasses.replace(W, **options), HEAD, BIAS)
    expected = lh.replay(readout.w, X, mask=MASK).hidden[:, -1] @ HEAD + BIAS
    assert np.allclose(readout.forward(X, MASK), expected, rtol=0, atol=1e-12)
    assert np.allclose(readout.forward(X, mask=MASK.astype(float)), expected, rtol=0, atol=1e-12)
    assert readout.forward(X, MASK)[0] == BIAS  # nothing counts: the hidden state is 0
    found = readout.gradient(X, MASK)
    jacobian = lh.input_jacobian(readout.w, X, HEAD[:, None], mask=MASK)[:, 0]
    assert np.allclose(found, jacobian, rtol=0, atol=1e-12)
    assert not found[~MASK].any()
    assert found.any()
    with pytest.raises(ValueError, match=r"^expected mask of True and False, got nan$"):
        readout.gradient(X, np.full((5, 6), np.nan))
    with pytest.raises(ValueError, match=r"^expected mask of shape \(5, 6\), got \(4, 6\)$"):
        readout.forward(X, MASK[:4])


@pytest.mark.parametrize("bias", [10**30, -(10**30), 3.4e38])
def test_a_large_bias_that_single_precision_can_hold(bias):
    w = lh.LSTMWeights.from_arrays([array.astype("float32") for array in W.to_arrays()])
    found = lh.Readout(w, HEAD, bias).forward(X)
    assert np.allclose(found, float(bias), rtol=1e-6)


@pytest.mark.parametrize("bias", [3.5e38, -1e39, 10**39, 10**400])
def test_a_bias_that_it_cannot(bias):
    w = lh.LSTMWeights.from_arrays([array.astype("float32") for array in W.to_arrays()])
    message = re.escape(f"expected bias within ±3.403e+38, what float32 can hold, got {bias!r}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        lh.Readout(w, HEAD, bias)


def test_no_window_no_output():
    assert lh.Readout(W, HEAD).forward(X[:0]).shape == (0,)


def test_without_a_bias_nothing_is_added():
    expected = lh.replay(W, X).hidden[:, -1] @ HEAD
    assert np.allclose(lh.Readout(W, HEAD).forward(X), expected, rtol=0, atol=1e-12)


def test_windows_may_be_lists():
    readout = lh.Readout(W, HEAD, BIAS)
    assert readout.forward(X.tolist()).tolist() == readout.forward(X).tolist()


def test_it_says_what_it_is():
    assert repr(lh.Readout(W, HEAD, BIAS)) == f"Readout({W!r}, bias=0.25)"


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (("w", HEAD), TypeError, "expected LSTMWeights, got str"),
        ((dataclasses.replace(W, stateful=True), HEAD), ValueError, "got a stateful one"),
        ((W, HEAD[:2]), ValueError, r"expected head of shape \(3,\) or \(3, 1\), got \(2,\)$"),
        ((W, np.ones((3, 2))), ValueError, r"got \(3, 2\): take one column, head\[:, \[0\]\]"),
        ((W, "abc"), TypeError, "expected head as real numbers, got str"),
        ((W, HEAD, [1.0]), TypeError, r"expected bias as a number, got \[1.0\]"),
        ((W, HEAD, np.nan), ValueError, "expected bias as a finite number, got nan"),
    ],
)
def test_what_does_not_fit_is_refused_at_once(arguments, error, message):
    with pytest.raises(error, match=message):
        lh.Readout(*arguments)


def test_windows_of_another_shape_are_refused():
    readout = lh.Readout(W, HEAD)
    with pytest.raises(ValueError, match=r"expected x of shape \(batch, time, features\), got"):
        readout.forward(X[0])
    with pytest.raises(ValueError, match="expected 2 features in x, got 3"):
        readout.forward(np.ones((0, 4, 3)))
