"""PyTorch as a second opinion: its nn.LSTM on states, its autograd on the Jacobian."""

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
