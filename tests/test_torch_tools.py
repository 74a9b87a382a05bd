"""Any PyTorch module as functions on arrays, and the weights of its LSTMs."""

import re
import subprocess
import sys

import numpy as np
import pytest
from common import TOP

import lstm_helpers as lh

torch = pytest.importorskip("torch")

from lstm_helpers.torch_tools import torch_forward, torch_gradient, torch_weights  # noqa: E402

nn = torch.nn
WINDOWS, TIME, FEATURES = 6, 5, 3
X = np.random.default_rng(0).normal(size=(WINDOWS, TIME, FEATURES))
TOLERANCE = {"float32": 1e-6, "float64": 1e-12}


class Forecaster(nn.Module):
    """LSTM and Linear, with what options ask for."""

    def __init__(self, units=4, outputs=2, *, every_step=False, **options):
        super().__init__()
        self.rnn = nn.LSTM(FEATURES, units, **{"batch_first": True} | options)
        self.head = nn.Linear(units * (1 + self.rnn.bidirectional), outputs)
        self.every_step = every_step

    def forward(self, x):
        hidden = self.rnn(x)[0]
        if not self.every_step:
            hidden = hidden[:, -1] if self.rnn.batch_first else hidden[-1]
        return self.head(hidden)


class Packed(Forecaster):
    """Reads windows of different lengths; those may come as an argument."""

    def forward(self, x, lengths=None):
        lengths = torch.tensor([5, 4, 3, 2, 2, 1]) if lengths is None else lengths
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True)
        return self.head(self.rnn(packed)[1][0][-1])


class WithStatic(Forecaster):
    """A second input, a row a window, and a flag."""

    def forward(self, x, static, scale=None, twice=False):
        y = super().forward(x) * static[:, :1] + static[:, 1:]
        y = y if scale is None else y * scale
        return 2 * y if twice else y


class InPlace(nn.Module):
    def forward(self, x):
        x.mul_(3)
        return x.sum(1)


class Weighted(nn.Module):
    """Linear in all that it reads."""

    def forward(self, x):
        return torch.einsum("btf,tf->b", x, torch.arange(15.0, dtype=x.dtype).reshape(5, 3))[
            :, None
        ]


def made(make=Forecaster, *arguments, dtype="float64", **options):
    torch.manual_seed(1)
    return make(*arguments, **options).to(getattr(torch, dtype))


def autograd(module, take, x=X):
    """Forward and gradient as one writes them by hand."""
    inputs = torch.tensor(x, requires_grad=True)
    result = take(module.eval()(inputs))
    (slope,) = torch.autograd.grad(result.sum(), inputs)
    return result.detach().numpy(), slope.numpy()


def of_lstm(column):
    return lambda returned: returned[0][:, -1, column]


# A module, which output, and the same output of what module(x) returns.
MODULES = {
    "column": (made(), 1, lambda y: y[:, 1]),
    "from the end": (made(), np.int64(-2), lambda y: y[:, 0]),
    "every step": (made(every_step=True), (-1, 0), lambda y: y[:, -1, 0]),
    "two layers, both directions": (
        made(num_layers=2, bidirectional=True, dropout=0.5), 1, lambda y: y[:, 1],
    ),
    "function": (made(), lambda y: y[:, 0] ** 2 - y[:, 1], lambda y: y[:, 0] ** 2 - y[:, 1]),
    "packed": (made(Packed), 0, lambda y: y[:, 0]),
    "LSTM alone": (
        made(nn.LSTM, FEATURES, 4, batch_first=True, bias=False), of_lstm(2), of_lstm(2),
    ),
    "GRU": (made(nn.GRU, FEATURES, 4, batch_first=True), of_lstm(0), of_lstm(0)),
    "no axis but the windows": (
        nn.Sequential(made(outputs=1), nn.Flatten(0)), (), lambda y: y,
    ),
    "no weights": (Weighted(), 0, lambda y: y[:, 0]),
}  # fmt: skip


@pytest.mark.parametrize(("module", "output", "taken"), MODULES.values(), ids=MODULES)
def test_forward_is_the_module_and_gradient_is_autograd(module, output, taken):
    if not list(module.parameters()):
        torch.set_default_dtype(torch.float64)
    try:
        expected, slope = autograd(module, taken)
        found, gradient = torch_forward(module, output)(X), torch_gradient(module, output)(X)
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(gradient, slope, rtol=0, atol=1e-12)
    assert found.dtype == gradient.dtype == np.float64
    assert np.abs(gradient).max() > 1e-2


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_of_lstm_and_head_it_is_readout(dtype):
    module = made(units=8, dtype=dtype)
    head, bias = (p.detach().numpy() for p in module.head.parameters())
    readout = lh.Readout(torch_weights(module)["rnn.l0"], head[1], bias[1])
    close = {"rtol": 0, "atol": TOLERANCE[dtype]}
    x = X.astype(dtype)
    found, gradient = torch_forward(module, 1)(x), torch_gradient(module, 1)(x)
    np.testing.assert_allclose(found, readout.forward(x), **close)
    np.testing.assert_allclose(gradient, readout.gradient(x), **close)
    assert found.dtype == gradient.dtype == dtype


# The axis of the windows.


@pytest.mark.parametrize("windows", [1, 2, 3, TIME, WINDOWS, 0])
@pytest.mark.parametrize("every_step", [False, True])
def test_a_module_that_reads_time_first_is_the_same(every_step, windows):
    first = made(every_step=every_step)
    second = made(every_step=every_step, batch_first=False)
    output = (-2, 1) if every_step else 1
    for function in (torch_forward, torch_gradient):
        expected = function(first, output)(X[:windows])
        found = function(second, output, batch_first=False)(X[:windows])
        assert len(found) == windows
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("windows", [2, 3, TIME, WINDOWS])
@pytest.mark.parametrize("time", [2, 3, TIME])
@pytest.mark.parametrize("module_is_batch_first", [True, False])
def test_the_wrong_order_is_refused_also_where_there_are_as_many_windows_as_steps(
    module_is_batch_first, windows, time
):
    module = made(batch_first=module_is_batch_first)  # takes the newest step of its own order
    function = torch_gradient(module, 1, batch_first=not module_is_batch_first)
    with pytest.raises(ValueError, match=r"windows for .*, got shape .*pass batch_first=False"):
        function(X[:windows, :time])


def test_a_function_gets_what_the_module_returns_as_it_is():
    module, seen = made(nn.LSTM, FEATURES, 4), []

    def output(returned):
        seen.append([tuple(part.shape) for part in (returned[0], *returned[1])])
        return returned[0][-1, :, 0]

    gradient = torch_gradient(module, output, batch_first=False)(X)
    assert seen == [[(TIME, WINDOWS, 4), (1, WINDOWS, 4), (1, WINDOWS, 4)]]
    module.batch_first = True
    _, expected = autograd(module, of_lstm(0))
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-12)


def test_a_function_gets_a_tensor_as_it_is_too():
    module, seen = made(every_step=True, batch_first=False), []
    forward = torch_forward(
        module, lambda y: seen.append(y.shape) or y[-1, :, 1], batch_first=False
    )
    expected = torch_forward(made(), 1)(X)
    np.testing.assert_allclose(forward(X), expected, rtol=0, atol=1e-12)
    assert seen == [(TIME, WINDOWS, 2)]


def test_one_window_of_one_step_is_one_call():
    seen = []
    forward = torch_forward(made(), lambda y: seen.append(len(y)) or y[:, 0])
    assert forward(X[:1, :1]).shape == (1,)
    assert seen == [1]


# Further arguments.

STATIC = np.random.default_rng(3).uniform(0.5, 2, (WINDOWS, 2))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("windows", [TIME, WINDOWS])  # TIME: in two calls
def test_further_arguments_one_row_or_a_row_a_window(batch_first, windows):
    module, x = made(WithStatic, batch_first=batch_first), X[:windows]
    order = {"batch_first": batch_first}
    plain = made(batch_first=batch_first)
    y, slope = torch_forward(plain, **order)(x), torch_gradient(plain, **order)(x)
    scale, shift = STATIC[:windows].T
    close = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(
        torch_forward(module, **order)(x, STATIC[:windows]), y * scale + shift, **close
    )
    rows = torch.tensor(STATIC[:windows], requires_grad=True)
    fixed = {"static": rows, "scale": np.array(3.0), "twice": True}
    np.testing.assert_allclose(
        torch_forward(module, **order, fixed=fixed)(x), 6 * (y * scale + shift), **close
    )
    np.testing.assert_allclose(
        torch_gradient(module, **order, fixed=fixed)(x), 6 * slope * scale[:, None, None], **close
    )
    one = torch_gradient(module, **order, fixed={"static": STATIC[:1], "scale": None})
    np.testing.assert_allclose(one(x), slope * scale[0], **close)


def test_whole_numbers_stay_whole_and_may_say_lengths():
    module, lengths = made(Packed), np.array([5, 5, 4, 3, 3, 2])
    readout = lh.Readout(torch_weights(module)["rnn.l0"], module.head.weight.detach().numpy()[0])
    expected = np.zeros(X.shape)
    for n, length in enumerate(lengths):
        expected[n, :length] = readout.gradient(X[[n], :length])[0]
    found = torch_gradient(module)(X, lengths)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)


def test_whole_numbers_may_be_places():
    class Station(nn.Module):
        def __init__(self):
            super().__init__()
            self.offsets = nn.Embedding.from_pretrained(torch.tensor([[1.0], [2.0], [3.0]]))

        def forward(self, x, station):
            return x[:, -1] + self.offsets(station)

    found = torch_forward(Station())(X, np.array([0, 1, 2, 2, 1, 0]))
    np.testing.assert_allclose(found, X[:, -1, 0] + [1, 2, 3, 3, 2, 1], rtol=1e-5)


def test_a_module_may_take_arguments_of_any_name_but_that_of_the_windows():
    class Open(nn.Module):
        def forward(self, x, **more):
            return x[:, -1] * more["factor"]

    found = torch_forward(Open(), fixed={"factor": 2})(X)
    np.testing.assert_allclose(found, 2 * X[:, -1, 0], rtol=1e-5)
    with pytest.raises(ValueError, match=r"^expected names in fixed of .*, got 'x'$"):
        torch_forward(Open(), fixed={"x": X})


def test_booleans_stay_booleans_and_copies_are_passed():
    class Choose(nn.Module):
        def forward(self, x, which, static):
            assert which.dtype == torch.bool
            static.add_(1)  # of one row for all: also in place
            return torch.where(which, x.sum((1, 2)), 0)[:, None] * static

    which, static = np.arange(WINDOWS) < 2, np.ones((1, 1))
    found = torch_forward(Choose(), fixed={"which": which, "static": static})(X)
    np.testing.assert_allclose(found, 2 * X.sum((1, 2)) * which, rtol=1e-5)
    assert static == 1


# Attributions.


def test_integrated_gradients_are_complete_and_those_of_captum():
    captum = pytest.importorskip("captum.attr")
    module = made(num_layers=2, bidirectional=True, dtype="float32").eval()
    forward, x = torch_forward(module, 1), X.astype("float32")
    found, delta = lh.integrated_gradients(
        torch_gradient(module, 1), x, return_convergence_delta=True, forward=forward
    )
    difference = forward(x) - forward(np.zeros_like(x))
    np.testing.assert_allclose(found.sum((1, 2)), difference, rtol=0, atol=1e-6)
    assert np.abs(delta).max() < 1e-6
    assert np.abs(difference).max() > 0.01
    expected = captum.IntegratedGradients(module).attribute(torch.tensor(x), target=1)
    np.testing.assert_allclose(found, expected.numpy(), rtol=0, atol=1e-6)


def test_all_attributions_of_a_linear_module_are_its_weights():
    torch.set_default_dtype(torch.float64)
    try:
        forward, gradient = torch_forward(Weighted()), torch_gradient(Weighted())
        w = np.arange(15.0).reshape(TIME, FEATURES)
        np.testing.assert_allclose(lh.occlusion(forward, X), X * w, rtol=0, atol=1e-12)
        np.testing.assert_allclose(lh.integrated_gradients(gradient, X), X * w, rtol=0, atol=1e-12)
        np.testing.assert_allclose(lh.saliency(gradient, X), np.broadcast_to(w, X.shape))
    finally:
        torch.set_default_dtype(torch.float32)


# The module is left as it was.


@pytest.mark.parametrize("function", [torch_forward, torch_gradient])
def test_modes_and_gradients_of_the_module_are_left_as_they_were(function):
    module = nn.Sequential(made(num_layers=2, dropout=0.5), nn.Dropout(0.5), nn.BatchNorm1d(2))
    module = module.double().train()
    module[0].head.eval()
    module[0].head.weight.requires_grad_(False)
    for n, parameter in enumerate(module.parameters()):
        parameter.grad = torch.full_like(parameter, n) if n % 2 else None
    modes = {name: part.training for name, part in module.named_modules()}
    flags = [parameter.requires_grad for parameter in module.parameters()]
    state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert len(set(modes.values())) == 2

    # Without dropout, twice the same.
    np.testing.assert_array_equal(function(module)(X), function(module)(X))
    wrong = (lambda y: 1 / 0, 7, lambda y: y, lambda y: None)
    for output in wrong:
        with pytest.raises((TypeError, ValueError, ZeroDivisionError)):
            function(module, output)(X)
    with pytest.raises(ValueError, match="that Sequential can read"):
        function(module)(X[..., :2])

    assert {name: part.training for name, part in module.named_modules()} == modes
    assert [parameter.requires_grad for parameter in module.parameters()] == flags
    assert all(torch.equal(tensor, state[name]) for name, tensor in module.state_dict().items())
    for n, parameter in enumerate(module.parameters()):
        if n % 2:
            assert torch.equal(parameter.grad, torch.full_like(parameter, n))
        else:
            assert parameter.grad is None


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_module_that_changes_what_it_gets_does_not_change_the_callers(dtype):
    x = X.astype("float32")
    before = x.copy()
    torch.set_default_dtype(getattr(torch, dtype))
    try:
        found, slope = torch_forward(InPlace())(x), torch_gradient(InPlace())(x)
    finally:
        torch.set_default_dtype(torch.float32)
    np.testing.assert_array_equal(x, before)
    np.testing.assert_allclose(found, 3 * x[:, :, 0].sum(1), rtol=1e-5)
    expected = np.zeros(X.shape)
    expected[..., 0] = 3
    np.testing.assert_array_equal(slope, expected)


def test_the_callers_mode_of_autograd_does_not_matter():
    module = made()
    expected = torch_gradient(module)(X)
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            np.testing.assert_array_equal(torch_gradient(module)(X), expected)
    seen = []
    torch_forward(module, lambda y: seen.append(y.requires_grad) or y[:, 0])(X)
    assert seen == [False]


def test_on_a_gpu_the_lstm_would_run_without_cudnn_which_has_no_gradient_then():
    seen, before = [], torch.backends.cudnn.enabled
    torch_gradient(made(), lambda y: seen.append(torch.backends.cudnn.enabled) or y[:, 0])(X)
    assert seen == [False]
    assert torch.backends.cudnn.enabled is before


def test_dtype_and_weights_are_those_at_the_call():
    module = made()
    forward, gradient = torch_forward(module), torch_gradient(module)
    before = forward(X)
    for dtype, expected in (("float16", "float16"), ("bfloat16", "float32")):
        module.to(getattr(torch, dtype))
        assert forward(X).dtype == gradient(X).dtype == expected
        np.testing.assert_allclose(forward(X), before, atol=0.05)
        assert torch_weights(module)["rnn.l0"].dtype == expected
    with torch.no_grad():
        module.head.bias.add_(1)
    np.testing.assert_allclose(forward(X), before + 1, atol=0.05)
    assert forward(X.tolist()).shape == (WINDOWS,)
    assert forward(np.ones((2, 4, FEATURES), int)).shape == (2,)


def test_the_dtype_may_be_that_of_a_buffer_and_whole_numbers_do_not_decide():
    class Buffers(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", torch.zeros(2, dtype=torch.int64))
            self.register_buffer("scale", torch.full((1,), 2.0, dtype=torch.float64))

        def forward(self, x):
            return x[:, -1] * self.scale

    found = torch_forward(Buffers())(X)
    np.testing.assert_array_equal(found, 2 * X[:, -1, 0], strict=True)


def test_tensors_are_made_on_the_device_of_the_module():
    seen = []
    module = made(WithStatic).to("meta")  # which holds shapes and no numbers to bring back
    forward = torch_forward(module, lambda y: seen.append(y.device.type) or y[:, 0])
    with pytest.raises(NotImplementedError, match="meta"):
        forward(X, STATIC)
    assert seen == ["meta"]


# The weights.


def of_parameters(module, names):
    return [getattr(module, name).detach().numpy() for name in names]


@pytest.mark.parametrize("bias", [True, False])
def test_weights_of_all_layers_and_directions_replay_the_module(bias):
    module = made(num_layers=2, bidirectional=True, bias=bias)
    found = torch_weights(module)
    assert list(found) == ["rnn.l0", "rnn.l0_reverse", "rnn.l1", "rnn.l1_reverse"]
    assert [w.go_backwards for w in found.values()] == [False, True, False, True]
    assert {w.bias is None for w in found.values()} == {not bias}
    hidden = X
    for n in range(2):
        there, back = found[f"rnn.l{n}"], found[f"rnn.l{n}_reverse"]
        back = lh.replay(back, hidden).hidden[:, ::-1]
        hidden = np.concatenate([lh.replay(there, hidden).hidden, back], axis=2)
    expected = module.rnn(torch.tensor(X))[0].detach().numpy()
    np.testing.assert_allclose(hidden, expected, rtol=0, atol=1e-12)


def test_names_are_those_of_a_file_of_the_module():
    with np.load(TOP / "tests" / "fixtures" / "torch.npz") as file:
        stored = dict(file)

    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = nn.LSTM(3, 2, 2, bidirectional=True)
            self.cell = nn.LSTMCell(4, 2)
            self.gru = nn.GRU(2, 2)
            self.head = nn.Linear(2, 1)

    module = Reader()
    module.load_state_dict({name: torch.tensor(array) for name, array in stored.items()})
    found, opened = torch_weights(module), lh.open_weights(TOP / "tests/fixtures/torch.npz")
    assert found.keys() == opened.keys()
    for name, w in found.items():
        assert w.go_backwards == opened[name].go_backwards
        for ours, theirs in zip(w.to_arrays(), opened[name].to_arrays(), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_an_lstm_alone_a_cell_alone_and_many_layers():
    assert list(torch_weights(nn.LSTM(3, 2, 11)))[-2:] == ["l9", "l10"]
    cell = nn.LSTMCell(3, 2, bias=False)
    (name, w), = torch_weights(cell).items()  # fmt: skip
    assert name == "lstm"
    assert w.bias is None
    np.testing.assert_array_equal(w.kernel.f, cell.weight_ih.detach().numpy()[2:4].T)


def test_weights_are_copies():
    module = made()
    w = torch_weights(module)["rnn.l0"]
    before = w.kernel.i.copy()
    with torch.no_grad():
        module.rnn.weight_ih_l0.add_(1)
    np.testing.assert_array_equal(w.kernel.i, before)


class Own(nn.LSTM):
    def forward(self, x):
        return super().forward(-x)


@pytest.mark.parametrize(
    ("module", "error", "message"),
    [
        (nn.Linear(2, 2), ValueError, "expected a module with an nn.LSTM or nn.LSTMCell, got "
         "Linear without one"),
        (nn.Sequential(nn.LSTM(3, 4, proj_size=2)), ValueError, "expected an LSTM without "
         "projection, got proj_size=2 at '0': its hidden state is not what this package replays"),
        (Own(3, 4), TypeError, "expected nn.LSTM, got Own at 'the module', which has its own "
         "forward()"),
        (None, TypeError, "expected a PyTorch module, got NoneType"),
    ],
)  # fmt: skip
def test_what_has_no_weights_to_replay(module, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        torch_weights(module)


# What is refused.

BOTH = pytest.mark.parametrize("function", [torch_forward, torch_gradient])
REFUSED_AT_ONCE = {
    "no module": (
        (torch.sum,), {}, TypeError, "expected a PyTorch module, got builtin_function_or_method",
    ),
    "a class": ((nn.LSTM,), {}, TypeError, "expected a PyTorch module, got the class LSTM"),
    "lazy": (
        (nn.Sequential(nn.Flatten(), nn.LazyLinear(1)),), {}, ValueError,
        "expected a module with weights, got Sequential with lazy ones: call it on data once",
    ),
    "lazy without parameters": (
        (nn.LazyBatchNorm1d(affine=False),), {}, ValueError,
        "expected a module with weights, got LazyBatchNorm1d with lazy ones: call it on data once",
    ),
    "output": (
        (made(), 1.0), {}, TypeError,
        "expected output as a whole number, a tuple of them or a function, got 1.0",
    ),
    "batch_first": (
        (made(),), {"batch_first": 0}, TypeError, "expected batch_first as True or False, got 0",
    ),
    "fixed": (
        (made(),), {"fixed": [X]}, TypeError,
        "expected fixed as a dict of arrays by name, got list",
    ),
    "fixed of another name": (
        (made(WithStatic),), {"fixed": {"x": X}}, ValueError,
        "expected names in fixed of 'static', 'scale', 'twice', got 'x'",
    ),
    "fixed of no name": (
        (made(),), {"fixed": {"static": X}}, ValueError,
        "expected names in fixed of no argument, got 'static'",
    ),
    "fixed of texts": (
        (made(WithStatic),), {"fixed": {"static": ["a"]}}, TypeError,
        "expected 'static' of fixed as real numbers, got dtype <U1",
    ),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("arguments", "options", "error", "message"), REFUSED_AT_ONCE.values(), ids=REFUSED_AT_ONCE
)
def test_what_makes_no_sense_is_refused_at_once(function, arguments, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        function(*arguments, **options)


WINDOWS_OF = "expected inputs of shape (batch, time, features), got "
REFUSED_AT_THE_CALL = {
    "two axes": (made(), 0, (X[0],), ValueError, WINDOWS_OF + "(5, 3)"),
    "no steps": (made(), 0, (X[:, :0],), ValueError, WINDOWS_OF + "(6, 0, 3)"),
    "texts": (made(), 0, ([[["a"]]],), TypeError, "expected inputs as real numbers, got dtype <U1"),
    "features": (
        made(), 0, (X[..., :2],), ValueError, "expected inputs that Forecaster can read, got "
        "(6, 5, 2): input.size(-1) must be equal to input_size. Expected 3, got 2",
    ),
    "column": (made(), 2, (X,), ValueError, "expected output as a place in (windows, 2), got 2"),
    "place": (
        made(), (0, 0), (X,), ValueError, "expected output as a place in (windows, 2), got (0, 0)",
    ),
    "a tuple": (
        made(nn.LSTM, FEATURES, 4, batch_first=True), 0, (X,), ValueError,
        "expected a module of one output, or a function that takes it from them, as in "
        "output=lambda outputs: outputs[0][:, -1, 0], got tuple",
    ),
    "no tensor": (
        made(), lambda y: y.detach().numpy()[:, 0], (X,), TypeError,
        "expected output to return a tensor, got ndarray",
    ),
    "two axes of a function": (
        made(), lambda y: y, (X,), ValueError,
        "expected output to return shape (windows,), got (6, 2)",
    ),
    "rows": (
        made(WithStatic), 0, (X, STATIC[:4]), ValueError,
        "expected argument 2 with 1 row for all windows or 6, one for each, got shape (4, 2)",
    ),
}  # fmt: skip


@BOTH
@pytest.mark.parametrize(
    ("module", "output", "arguments", "error", "message"),
    REFUSED_AT_THE_CALL.values(),
    ids=REFUSED_AT_THE_CALL,
)
def test_what_only_a_call_can_tell(function, module, output, arguments, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        function(module, output)(*arguments)


@BOTH
def test_fixed_rows_that_do_not_fit_the_windows(function):
    message = "expected 'static' of fixed with 1 row for all windows or 3, one for each, got shape"
    with pytest.raises(ValueError, match=re.escape(message)):
        function(made(WithStatic), fixed={"static": STATIC})(X[:3])


@pytest.mark.parametrize(
    "output",
    [
        lambda y: y[:, 0].detach(),
        lambda y: (y[:, 0] > 0).long(),
        lambda y: torch.ones(len(y)),
        lambda y: torch.nn.Parameter(torch.ones(len(y))),
    ],
    ids=["detached", "rounded", "constant", "a parameter"],
)
def test_an_output_without_a_gradient_is_refused_and_has_a_forward(output):
    assert torch_forward(made(), output)(X).shape == (WINDOWS,)
    message = "^expected an output that depends on the inputs, got one without a gradient$"
    with pytest.raises(ValueError, match=message):
        torch_gradient(made(), output)(X)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        (
            "torch",
            "expected PyTorch for lstm_helpers.torch_tools, got none: pip install torch, or "
            "lstm-helpers[torch]",
        ),
        ("torch.nn", "No module named 'torch.nn'"),
    ],
)
def test_without_pytorch_the_import_says_what_to_install(missing, message):
    """Also: another module that is missing inside PyTorch is named as that."""
    code = (
        "import sys\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] == 'torch':\n"
        f"            raise ModuleNotFoundError('No module named {missing!r}', name={missing!r})\n"
        "sys.meta_path.insert(0, Missing())\n"
        "import lstm_helpers\n"
        "try:\n"
        "    import lstm_helpers.torch_tools\n"
        "except ImportError as error:\n"
        "    print(error, end='')\n"
    ).replace(f"'No module named {missing!r}'", f'"No module named {missing!r}"')
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert done.stdout == message, done.stderr
