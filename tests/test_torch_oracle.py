"""A second opinion: PyTorch's nn.LSTM and autograd, and captum's attributions on that LSTM."""

import numpy as np
import pytest

import lstm_helpers as lh

torch = pytest.importorskip("torch")


def weights_and_module(rng, features, units, dtype):
    """One set of weights as ours and as nn.LSTM, whose rows run in the same order i, f, g, o."""
    arrays = [
        rng.uniform(-0.4, 0.4, shape).astype(dtype)
        for shape in ((features, 4 * units), (units, 4 * units), (4 * units,))
    ]
    module = torch.nn.LSTM(features, units, batch_first=True, dtype=getattr(torch, dtype))
    with torch.no_grad():
        module.weight_ih_l0.copy_(torch.from_numpy(arrays[0].T.copy()))
        module.weight_hh_l0.copy_(torch.from_numpy(arrays[1].T.copy()))
        module.bias_ih_l0.copy_(torch.from_numpy(arrays[2]))
        module.bias_hh_l0.zero_()
    return lh.LSTMWeights.from_arrays(arrays), module


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
@pytest.mark.parametrize("units", [1, 7, 64])
def test_states_are_those_of_pytorch(units, dtype, tolerance):
    rng = np.random.default_rng(units)
    w, module = weights_and_module(rng, 3, units, dtype)
    x = rng.normal(size=(5, 40, 3)).astype(dtype)
    state = rng.uniform(-1, 1, (2, 5, units)).astype(dtype)
    with torch.no_grad():
        hidden, (_, cell) = module(
            torch.from_numpy(x), tuple(torch.from_numpy(part[None]) for part in state)
        )
    trace = lh.replay(w, x, tuple(state))
    np.testing.assert_allclose(trace.hidden, hidden.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_allclose(trace.cell[:, -1], cell[0].numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-6), ("float64", 1e-13)])
def test_jacobian_is_that_of_autograd(dtype, tolerance):
    rng = np.random.default_rng(0)
    w, module = weights_and_module(rng, 3, 7, dtype)
    x = rng.normal(size=(5, 12, 3)).astype(dtype)
    head = rng.normal(size=(7, 4)).astype(dtype)
    inputs = torch.from_numpy(x).requires_grad_()
    outputs = module(inputs)[0][:, -1] @ torch.from_numpy(head)
    # The samples do not meet, so the sum over the batch keeps each one's own gradient.
    theirs = [
        torch.autograd.grad(outputs[:, k].sum(), inputs, retain_graph=True)[0].numpy()
        for k in range(4)
    ]
    ours = lh.input_jacobian(w, x, head)
    np.testing.assert_allclose(ours, np.stack(theirs, axis=1), rtol=0, atol=tolerance)


# captum: its attributions on LSTM and linear head in PyTorch, ours on the same in NumPy.

WINDOWS, STEPS, FEATURES = 5, 12, 3
BASELINES = {
    "zero": 0.0,
    "a number": -1.5,
    "reference window": np.random.default_rng(1).normal(size=(STEPS, FEATURES)),
    "each its own": np.random.default_rng(2).normal(size=(WINDOWS, STEPS, FEATURES)),
}


@pytest.fixture
def both(dtype, monkeypatch):
    """captum.attr; the windows; the model as our forward and gradient, and as theirs."""
    captum = pytest.importorskip("captum.attr")
    if dtype == "float64":
        # captum 0.9 rounds to float32 on its way, whatever it is given: the weights of the nodes,
        # and what was lost before it takes the mean. That would leave an agreement of 1e-8 to 1e-7.
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
        torch.set_default_dtype(torch.float64)
    rng = np.random.default_rng(3)
    w, module = weights_and_module(rng, FEATURES, 16, dtype)
    head = rng.normal(size=(16, 1)).astype(dtype)
    x = rng.normal(size=(WINDOWS, STEPS, FEATURES)).astype(dtype)

    def forward(x):
        return (lh.replay(w, x).hidden[:, -1] @ head)[:, 0]

    def gradient(x):
        return lh.input_jacobian(w, x, head)[:, 0]

    def theirs(x):
        return (module(x)[0][:, -1] @ torch.from_numpy(head))[:, 0]

    yield captum, x, forward, gradient, theirs
    torch.set_default_dtype(torch.float32)


def tensor(baseline, dtype):
    """As captum takes it: a number, or an array with an axis of windows, which may be of one."""
    if np.ndim(baseline) == 0:
        return baseline
    array = np.asarray(baseline, dtype)
    return torch.from_numpy(array if array.ndim == 3 else array[None])


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_integrated_gradients_and_delta_are_those_of_captum(both, baseline, dtype, tolerance):
    captum, x, forward, gradient, theirs = both
    expected, expected_delta = captum.IntegratedGradients(theirs).attribute(
        torch.from_numpy(x),
        tensor(baseline, dtype),
        n_steps=50,
        method="gausslegendre",
        return_convergence_delta=True,
    )
    found, delta = lh.integrated_gradients(
        gradient, x, baseline, 50, return_convergence_delta=True, forward=forward
    )
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=tolerance)
    np.testing.assert_allclose(delta, expected_delta.numpy(), rtol=0, atol=tolerance)


@pytest.mark.parametrize("dtype", ["float64"])
def test_two_nodes_miss_the_integral_and_captum_says_by_as_much(both):
    captum, x, forward, gradient, theirs = both
    _, expected = captum.IntegratedGradients(theirs).attribute(
        torch.from_numpy(x), n_steps=2, return_convergence_delta=True
    )
    _, delta = lh.integrated_gradients(
        gradient, x, n_steps=2, return_convergence_delta=True, forward=forward
    )
    assert np.abs(delta).max() > 1e-3
    np.testing.assert_allclose(delta, expected.numpy(), rtol=0, atol=1e-10)


# Both slide a full window over the inputs, by one step and one feature, and never over an edge
# (with larger strides captum would put a part of a window there), and both give each entry the mean
# over the windows that cover it.
@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize("window", [(1, 1), (1, FEATURES), (5, 2)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_occlusion_is_that_of_captum(both, window, baseline, dtype, tolerance):
    captum, x, forward, _, theirs = both
    with torch.no_grad():
        expected = captum.Occlusion(theirs).attribute(
            torch.from_numpy(x),
            sliding_window_shapes=window,
            strides=(1, 1),
            baselines=tensor(baseline, dtype),
            perturbations_per_eval=16,
        )
    found = lh.occlusion(forward, x, baseline, window)
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=tolerance)
