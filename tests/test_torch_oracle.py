"""A second opinion: PyTorch's nn.LSTM and autograd, and captum's attributions on that LSTM."""

import importlib.util
import subprocess
import sys

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
        # Shapley values it sums in float32: in torch.float.
        monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
        monkeypatch.setattr(torch, "float", torch.float64)
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


# Padding: captum is given baselines that keep it, on an LSTM that has no mask.

MASK = np.arange(STEPS) < np.array([12, 7, 3, 9, 1])[:, None]


@pytest.mark.parametrize("real", [MASK, MASK[:, ::-1]], ids=["after", "before"])
@pytest.mark.parametrize("dtype", ["float64"])
def test_integrated_gradients_with_padding_are_those_of_captum(both, real):
    captum, x, forward, gradient, theirs = both
    x[~real] = 0.0
    reference = BASELINES["reference window"]
    kept = np.where(real[..., None], reference, x)
    expected, expected_delta = captum.IntegratedGradients(theirs).attribute(
        torch.from_numpy(x), torch.from_numpy(kept), n_steps=50, return_convergence_delta=True
    )
    found, delta = lh.integrated_gradients(
        gradient, x, reference, 50, return_convergence_delta=True, forward=forward, mask=real
    )
    assert np.abs(found).max() > 0.1
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-10)
    np.testing.assert_allclose(delta, expected_delta.numpy(), rtol=0, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float64"])
def test_rows_beside_the_windows_are_those_of_captum(both):
    """The same model, times a number of each window, and plus a value that is no array."""
    captum, x, forward, gradient, theirs = both
    rows = np.array([1.0, -2.0, 0.5, 3.0, 0.0])
    reference = BASELINES["reference window"]
    args = (torch.from_numpy(rows), 7)
    expected = captum.IntegratedGradients(lambda x, c, d: theirs(x) * c + d).attribute(
        torch.from_numpy(x), tensor(reference, "float64"), additional_forward_args=args
    )
    found = lh.integrated_gradients(
        lambda x, c, d: gradient(x) * c[:, None, None],
        x,
        reference,
        additional_forward_args=(rows, 7),
    )
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-10)
    with torch.no_grad():
        expected = captum.Occlusion(lambda x, c, d: theirs(x) * c + d).attribute(
            torch.from_numpy(x),
            sliding_window_shapes=(5, 2),
            strides=(1, 1),
            baselines=tensor(reference, "float64"),
            additional_forward_args=args,
            perturbations_per_eval=16,
        )
    found = lh.occlusion(
        lambda x, c, d: forward(x) * c + d,
        x,
        reference,
        (5, 2),
        additional_forward_args=(rows, 7),
    )
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-10)


# Shapley values: captum walks all orders of the groups, ours are a sum over all sets of them.

GROUPS = [[0], [1, 2], range(6, 12), [3], [4, 5]]


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-10)])
def test_shapley_values_are_those_of_captum(both, baseline, dtype, tolerance):
    captum, x, forward, _, theirs = both
    number = np.zeros((1, STEPS, FEATURES), int)
    for n, lags in enumerate(GROUPS):
        number[:, [STEPS - 1 - lag for lag in lags]] = n
    with torch.no_grad():
        expected = captum.ShapleyValues(theirs).attribute(
            torch.from_numpy(x),
            baselines=tensor(baseline, dtype),
            feature_mask=torch.from_numpy(number),
            perturbations_per_eval=120,
        )
    found = lh.shapley(forward, x, baseline, together=GROUPS)
    assert np.abs(found).max() > 0.1
    for n, lags in enumerate(GROUPS):  # captum gives each entry the value of its whole group
        np.testing.assert_allclose(
            found[:, n], expected[:, STEPS - 1 - lags[0], 0].numpy(), rtol=0, atol=tolerance
        )


@pytest.mark.parametrize("dtype", ["float64"])
def test_shapley_values_of_more_lags_are_those_that_captum_draws(both):
    captum, x, forward, _, theirs = both
    number = torch.arange(STEPS)[None, :, None].repeat(1, 1, FEATURES)
    torch.manual_seed(0)
    with torch.no_grad():
        runs = [
            captum.ShapleyValueSampling(theirs)
            .attribute(torch.from_numpy(x), feature_mask=number, n_samples=10)
            .numpy()[:, ::-1, 0]
            for _ in range(15)
        ]
    found, error = lh.shapley(forward, x, n_samples=150, return_standard_error=True)
    drawn = np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs))
    together = np.hypot(error, drawn)
    assert (error < drawn).mean() > 0.9, "as many orders, each there and back"
    assert near(found, np.mean(runs, axis=0), together)
    assert not near(found[:, ::-1], np.mean(runs, axis=0), together)
    assert not near(lh.occlusion(forward, x, 0.0, (1, FEATURES))[:, ::-1, 0], found, together)


# Expected gradients: theirs are drawn at random, so the mean of many is near ours.

OTHERS = np.random.default_rng(4).normal(size=(6, STEPS, FEATURES))


def near(found, drawn, error):
    """Whether each entry is within 5 standard errors of the mean that was drawn."""
    assert (error > 0).all()
    return (np.abs(found - drawn) <= 5 * error).all()


def judged(found, wrong, drawn, error):
    """Ours agrees, and the comparison is sharp enough to see two mistakes that could be made."""
    assert np.abs(found).max() > 20 * error.max()
    assert near(found, drawn, error)
    assert not near(wrong, drawn, error), "one baseline, the mean of the samples"
    assert not near(-found, drawn, error)


@pytest.mark.parametrize("dtype", ["float64"])
def test_expected_gradients_are_those_of_captum_but_for_what_it_draws(both):
    captum, x, _, gradient, theirs = both
    torch.manual_seed(0)
    np.random.seed(0)  # noqa: NPY002 - captum draws from this one
    runs = [
        captum.GradientShap(theirs)
        .attribute(torch.from_numpy(x), torch.from_numpy(OTHERS), n_samples=100)
        .detach()
        .numpy()
        for _ in range(60)
    ]
    judged(
        lh.integrated_gradients(gradient, x, OTHERS[:, None]),
        lh.integrated_gradients(gradient, x, OTHERS.mean(axis=0)),
        np.mean(runs, axis=0),
        np.std(runs, axis=0, ddof=1) / np.sqrt(len(runs)),
    )


DRAWS = 4000

EXPLAINED = """
import sys
import numpy as np
import torch
import shap

torch.set_default_dtype(torch.float64)


class Head(torch.nn.Module):
    def __init__(self, arrays):
        super().__init__()
        units = arrays["hh"].shape[1]
        self.lstm = torch.nn.LSTM(arrays["ih"].shape[1], units, batch_first=True)
        self.head = torch.from_numpy(arrays["head"])
        names = {"weight_ih_l0": "ih", "weight_hh_l0": "hh", "bias_ih_l0": "bias"}
        state = {name: torch.from_numpy(arrays[short]) for name, short in names.items()}
        self.lstm.load_state_dict(state | {"bias_hh_l0": torch.zeros(4 * units)})

    def forward(self, x):
        return self.lstm(x)[0][:, -1] @ self.head


arrays = np.load(sys.argv[1])
explainer = shap.GradientExplainer(Head(arrays), torch.from_numpy(arrays["others"]))
values, variances = explainer.shap_values(
    torch.from_numpy(arrays["x"]), nsamples=int(sys.argv[2]), rseed=0, return_variances=True
)
np.savez(sys.argv[1], values=values, variances=variances[0])
"""


@pytest.mark.parametrize("dtype", ["float64"])
def test_expected_gradients_are_those_of_shap_but_for_what_it_draws(dtype, tmp_path):
    """In a process of its own: shap 0.51 changes what TensorFlow does in its own."""
    if importlib.util.find_spec("shap") is None:
        pytest.skip("shap is not installed")
    rng = np.random.default_rng(5)
    w, module = weights_and_module(rng, FEATURES, 8, dtype)
    head = rng.normal(size=(8, 1))
    x = rng.normal(size=(WINDOWS, STEPS, FEATURES))
    path = tmp_path / "arrays.npz"
    state = {
        short: module.state_dict()[f"{name}_l0"].numpy()
        for short, name in (("ih", "weight_ih"), ("hh", "weight_hh"), ("bias", "bias_ih"))
    }
    np.savez(path, x=x, others=OTHERS, head=head, **state)
    command = [sys.executable, "-c", EXPLAINED, str(path), str(DRAWS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = np.load(path)
    readout = lh.Readout(w, head[:, 0])
    judged(
        lh.integrated_gradients(readout.gradient, x, OTHERS[:, None]),
        lh.integrated_gradients(readout.gradient, x, OTHERS.mean(axis=0)),
        said["values"].reshape(x.shape),
        # What shap 0.51 calls variances is the variance of the draws over the root of their number.
        np.sqrt(said["variances"].reshape(x.shape) / np.sqrt(DRAWS)),
    )
