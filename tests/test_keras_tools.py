"""The initializer for a new layer's bias beside Keras' own; forward and gradient of any model."""

import importlib.util
import inspect
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from common import TOP

import lstm_helpers as lh
from lstm_helpers import keras_tools
from lstm_helpers.keras_tools import ForgetBias, keras_forward, keras_gradient

with lh.quiet():
    import keras

LSTM = keras.layers.LSTM


def model_with(initializer, units=6, unit_forget_bias=False):
    layer = LSTM(units, bias_initializer=initializer, unit_forget_bias=unit_forget_bias)
    return keras.Sequential([keras.Input((5, 3)), layer])


def bias_of(model):
    return lh.gate_weights(model.layers[0]).bias


def array(initializer, units=6, dtype=None):
    return np.asarray(initializer((4 * units,), dtype))


# What Keras does.


def test_the_default_puts_1_into_the_forget_quarter_and_asks_twice():
    """The docstring of Keras says that the others are forced to zeros: they are not."""
    asked = []

    def spy(shape, dtype=None):
        asked.append(shape)
        return keras.ops.full(shape, 7.0, dtype)

    bias = bias_of(model_with(spy, units=2, unit_forget_bias=True))
    assert [gate.tolist() for gate in bias] == [[7, 7], [1, 1], [7, 7], [7, 7]]
    assert asked == [(2,), (4,)]
    asked.clear()
    bias = bias_of(model_with(spy, units=2))
    assert [gate.tolist() for gate in bias] == [[7, 7]] * 4
    assert asked == [(8,)]


@pytest.mark.parametrize("kind", [5.0, "chrono"])
@pytest.mark.parametrize("units", [1, 2, 3, 4, 6, 8, 16, 30])
def test_with_the_default_of_keras_it_is_refused_and_serves_once_that_is_mended(units, kind):
    initializer = ForgetBias(kind, horizon=100 if kind == "chrono" else None, seed=1)
    with pytest.raises(ValueError, match=r"pass unit_forget_bias=False to the layer") as caught:
        model_with(initializer, units, unit_forget_bias=True)
    if units % 4:
        assert f"got ({units},): pass" in str(caught.value)
    else:
        assert f"got ({2 * units},) after ({units},): pass" in str(caught.value)
    assert bias_of(model_with(initializer, units)).f.shape == (units,)


@pytest.mark.parametrize("shape", [(3, 8), (2, 12), (), (7,)])
def test_what_is_not_the_bias_of_an_lstm_is_refused(shape):
    with pytest.raises(ValueError, match=r"expected the shape \(4 \* units,\) of an LSTM's bias"):
        ForgetBias(5.0)(shape)


@pytest.mark.parametrize("make", [keras.layers.GRU, keras.layers.SimpleRNN])
def test_other_layers_are_refused(make):
    layer = make(6, bias_initializer=ForgetBias(5.0))
    with pytest.raises(ValueError, match="of an LSTM's bias"):
        layer.build((None, None, 3))


def test_layers_of_one_width_may_share_it_and_others_are_told_not_to():
    shared = ForgetBias(5.0)
    assert bias_of(model_with(shared, 4)).f.tolist() == bias_of(model_with(shared, 4)).f.tolist()
    with pytest.raises(ValueError, match=r"to each layer its own ForgetBias$"):
        model_with(shared, 8)


# What it gives.


@pytest.mark.parametrize("value", [5, -0.1, np.float32(3), 0])
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", None])
def test_a_number_fills_the_forget_quarter_and_zeros_the_rest(value, dtype):
    i, f, c, o = np.split(array(ForgetBias(value), 3, dtype), 4)
    np.testing.assert_array_equal(f, np.full(3, value, dtype or "float32"), strict=True)
    for other in (i, c, o):
        np.testing.assert_array_equal(other, np.zeros(3, dtype or "float32"), strict=True)


@pytest.mark.parametrize("floatx", ["float16", "float64"])
def test_without_a_dtype_it_is_the_one_that_keras_is_set_to(floatx):
    before = keras.config.floatx()
    keras.config.set_floatx(floatx)
    try:
        bias = np.asarray(ForgetBias(5.0)((8,)))
    finally:
        keras.config.set_floatx(before)
    np.testing.assert_array_equal(bias, np.array([0, 0, 5, 5, 0, 0, 0, 0], floatx), strict=True)


def test_bias_1_is_what_keras_starts_with():
    keras_own = keras.Sequential([keras.Input((5, 3)), LSTM(6)])
    for mine, theirs in zip(bias_of(model_with(ForgetBias(1))), bias_of(keras_own), strict=True):
        np.testing.assert_array_equal(mine, theirs)


@pytest.mark.parametrize("horizon", [3, 100, 2.5])
def test_chrono_is_the_log_of_a_uniform_draw_and_the_input_bias_its_negative(horizon):
    units = 4000
    i, f, c, o = np.split(array(ForgetBias("chrono", horizon=horizon, seed=1), units), 4)
    np.testing.assert_array_equal(i, -f)
    np.testing.assert_array_equal(c, 0)
    np.testing.assert_array_equal(o, 0)
    draws = (np.exp(f.astype(float)) - 1) / (horizon - 2)  # uniform from 0 to 1
    assert draws.min() > -1e-6
    assert draws.max() < 1 + 1e-6
    counts = np.histogram(draws, 10, (0, 1))[0]
    assert np.abs(counts - units / 10).max() < 100  # five standard deviations are 95


def test_chrono_keeps_for_as_many_steps_as_it_drew():
    """What the log is for: a unit with draw u forgets 1 part in 1 + u at each step."""
    f = array(ForgetBias("chrono", horizon=100, seed=1))[6:12].astype(float)
    np.testing.assert_allclose(1 / (1 - 1 / (1 + np.exp(-f))), 1 + np.exp(f))


def test_chrono_under_float16_draws_the_same():
    initializer = ForgetBias("chrono", horizon=100, seed=1)
    in_float16 = array(initializer, dtype="float16")
    assert in_float16.dtype == np.float16
    np.testing.assert_array_equal(in_float16, array(initializer).astype(np.float16))


# Seeds.


def test_one_seed_one_draw():
    def draw(seed):
        return array(ForgetBias("chrono", horizon=100, seed=seed)).tolist()

    assert draw(1) == draw(1)
    assert draw(1) != draw(2)


def test_without_a_seed_set_random_seed_decides():
    def draw(seed):
        keras.utils.set_random_seed(seed)
        return [array(ForgetBias("chrono", horizon=100)).tolist() for _ in range(2)]

    first = draw(1)
    assert draw(1) == first
    assert draw(2) != first
    assert first[0] != first[1]


@pytest.mark.parametrize("options", [{"value": 5.0}, {"value": "chrono", "horizon": 9, "seed": 3}])
def test_with_its_own_seed_or_none_to_need_it_leaves_the_kernels_of_a_seed_alone(options):
    def kernels(make):
        keras.utils.set_random_seed(7)
        return [a.tobytes() for a in model_with(make()).get_weights()[:2]]

    assert kernels(lambda: ForgetBias(**options)) == kernels(lambda: "zeros")


# Saving.


# Keras 3.15 reads its variables for saving in a way that NumPy 2.4 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
@pytest.mark.parametrize(
    "initializer",
    [
        ForgetBias(np.float32(5.5)),
        ForgetBias("chrono", horizon=100),
        ForgetBias("chrono", horizon=np.int64(100), seed=4),
        ForgetBias("chrono", horizon=100, seed=keras.random.SeedGenerator(5)),
    ],
    ids=["number", "chrono", "seed", "generator"],
)
def test_saved_and_loaded_with_the_model(initializer, tmp_path):
    model = model_with(initializer)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert [a.tobytes() for a in loaded.get_weights()] == [a.tobytes() for a in model.get_weights()]
    again = loaded.layers[0].cell.bias_initializer
    assert type(again) is ForgetBias
    assert again.get_config() == initializer.get_config()
    if isinstance(initializer.get_config()["seed"], int):
        np.testing.assert_array_equal(array(again), array(initializer))


def test_a_cloned_model_has_a_bias_of_its_own_from_the_same_seed():
    model = model_with(ForgetBias("chrono", horizon=100, seed=1))
    lh.set_forget_bias(model.layers[0], 0)
    clone = keras.models.clone_model(model)
    np.testing.assert_array_equal(
        np.concatenate(bias_of(clone)), array(ForgetBias("chrono", horizon=100, seed=1))
    )


def test_both_directions_of_a_bidirectional():
    layer = LSTM(6, bias_initializer=ForgetBias(5.0), unit_forget_bias=False)
    wrapper = keras.layers.Bidirectional(layer)
    wrapper.build((None, 5, 3))
    for one in (wrapper.forward_layer, wrapper.backward_layer):
        assert lh.gate_weights(one).bias.f.tolist() == [5] * 6


# What it refuses when it is made.

REFUSED = {
    "None": (TypeError, "expected value as a number, got None", (None,)),
    "bool": (TypeError, "expected value as a number, got True", (True,)),
    "list": (TypeError, r"expected value as a number, got \[1, 2\]", ([1, 2],)),
    "NaN": (ValueError, "expected value as a finite number, got nan", (np.nan,)),
    "infinity": (ValueError, "expected value as a finite number, got inf", (np.inf,)),
    "text": (ValueError, "expected a number or 'chrono', got 'chronos'", ("chronos",)),
    "no horizon": (
        ValueError, "expected a horizon with 'chrono', as in horizon=100, got none", ("chrono",),
    ),
    "horizon with a number": (
        ValueError, "expected no horizon with a number, got horizon=9", (5.0, 9),
    ),
    "short horizon": (ValueError, "expected a horizon above 2 steps, got 2", ("chrono", 2)),
    "text as horizon": (TypeError, "expected horizon as a number, got '9'", ("chrono", "9")),
    "infinite horizon": (
        ValueError, "expected horizon as a finite number, got inf", ("chrono", np.inf),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "message", "arguments"), REFUSED.values(), ids=REFUSED)
def test_what_makes_no_sense_is_refused_at_once(error, message, arguments):
    with pytest.raises(error, match=f"^{message}$"):
        ForgetBias(*arguments)


@pytest.mark.parametrize(("dtype", "value"), [("float16", 7e4), ("float32", -1e39)])
def test_a_value_that_the_dtype_cannot_hold(dtype, value):
    with pytest.raises(ValueError, match=f"expected a value that {dtype} holds, up to"):
        ForgetBias(value)((8,), dtype)


# Forward and gradient of any model.

layers = keras.layers
TIME, FEATURES = 5, 3
X = np.random.default_rng(0).normal(size=(6, TIME, FEATURES))


@pytest.fixture
def float64():
    before = keras.config.floatx(), keras.config.dtype_policy()
    keras.config.set_floatx("float64")  # of the inputs
    keras.config.set_dtype_policy("float64")  # of the layers
    yield
    keras.config.set_floatx(before[0])
    keras.config.set_dtype_policy(before[1])


def sequential(*parts, time=TIME):
    """A model whose weights are all drawn, biases too."""
    model = keras.Sequential([keras.Input((time, FEATURES)), *parts])
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 0.9, a.shape) for a in model.get_weights()])
    return model


class Subclass(keras.Model):
    def __init__(self):
        super().__init__()
        self.lstm, self.head = LSTM(4), layers.Dense(2)

    def call(self, x):
        return self.head(self.lstm(x))


def called_on_data(model):
    model(X[:4])
    return model


def one_input_in_a_dict():
    x = keras.Input((TIME, FEATURES), name="x")
    return keras.Model({"x": x}, layers.Dense(2)(LSTM(4)(x)))


def outputs_in_a_dict():
    x = keras.Input((TIME, FEATURES))
    hidden = LSTM(4)(x)
    return keras.Model([x], {"one": layers.Dense(2)(hidden), "two": layers.Dense(1)(hidden)})


def convolution():
    return (layers.Conv1D(4, 3, activation="tanh"), layers.BatchNormalization(),
            layers.Dropout(0.5), layers.Flatten(), layers.Dense(2))  # fmt: skip


# A model, which output, and the same output of what model(x, training=False) returns.
MODELS = {
    "LSTM": (lambda: sequential(LSTM(4), layers.Dense(2)), 1, lambda y: y[:, 1]),
    "GRU": (lambda: sequential(layers.GRU(4), layers.Dense(2)), -2, lambda y: y[:, 0]),
    "stacked": (
        lambda: sequential(LSTM(4, return_sequences=True), LSTM(3, return_sequences=True)),
        (-1, 0),
        lambda y: y[:, 4, 0],
    ),
    "any length": (
        lambda: sequential(LSTM(4, return_sequences=True), time=None),
        (1, np.int64(2)),
        lambda y: y[:, 1, 2],
    ),
    "convolution": (lambda: sequential(*convolution()), 0, lambda y: y[:, 0]),
    "no axis but the windows": (lambda: sequential(LSTM(1), layers.Reshape(())), (), lambda y: y),
    "function": (
        lambda: sequential(layers.Bidirectional(LSTM(2)), layers.Dense(2)),
        lambda y: y[:, 0] ** 2 - y[:, 1],
        lambda y: y[:, 0] ** 2 - y[:, 1],
    ),
    "outputs in a dict": (outputs_in_a_dict, lambda y: y["two"][:, 0], lambda y: y["two"][:, 0]),
    "input in a dict": (one_input_in_a_dict, 1, lambda y: y[:, 1]),
    "subclass": (lambda: called_on_data(Subclass()), 0, lambda y: y[:, 0]),
    "built by data": (
        lambda: called_on_data(keras.Sequential([LSTM(4), layers.Dense(2)])), 0, lambda y: y[:, 0],
    ),
}  # fmt: skip


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize(("make", "output", "taken"), MODELS.values(), ids=MODELS)
def test_gradient_of_any_model_is_the_slope_of_its_forward(make, output, taken):
    model = make()
    forward, gradient = keras_forward(model, output), keras_gradient(model, output)
    given = {"x": X} if isinstance(getattr(model, "input", None), dict) else X
    given = [X] if isinstance(getattr(model, "input", None), list) else given
    expected = np.asarray(taken(model(given, training=False)))
    np.testing.assert_allclose(forward(X), expected, rtol=1e-12)

    found, slopes, step = gradient(X), np.empty(X.shape), 1e-5
    for place in np.ndindex(X.shape[1:]):
        moved = np.zeros(X.shape[1:])
        moved[place] = step
        slopes[:, *place] = (forward(X + moved) - forward(X - moved)) / (2 * step)
    np.testing.assert_allclose(found, slopes, rtol=0, atol=1e-9)
    assert found.dtype == np.float64
    assert np.abs(found).max() > 1e-2


def course_like(units=32, time=24, features=7):
    model = keras.Sequential(
        [keras.Input((time, features)), LSTM(units), layers.Dense(features, name="head")]
    )
    return model, np.random.default_rng(2).normal(size=(40, time, features)).astype("float32")


def test_of_lstm_and_head_it_is_replay_and_input_jacobian():
    model, x = course_like()
    w, (head, bias) = lh.gate_weights(model.layers[0]), model.layers[1].get_weights()
    jacobian = lh.input_jacobian(w, x, head)
    for n in (0, 6):
        forward, gradient = keras_forward(model, n), keras_gradient(model, n)
        expected = lh.replay(w, x).hidden[:, -1] @ head[:, n] + bias[n]
        np.testing.assert_allclose(forward(x), expected, rtol=0, atol=1e-6)
        np.testing.assert_allclose(gradient(x), jacobian[:, n], rtol=0, atol=1e-6)
        assert (forward(x).dtype, gradient(x).dtype) == (np.float32, np.float32)


@pytest.mark.usefixtures("float64")
def test_of_a_linear_model_it_is_its_weights():
    model = sequential(layers.Flatten(), layers.Dense(2))
    weights, bias = model.get_weights()
    one = weights[:, 1].reshape(TIME, FEATURES)
    forward, gradient = keras_forward(model, 1), keras_gradient(model, 1)
    exact = {"rtol": 0, "atol": 1e-12}
    np.testing.assert_allclose(forward(X), np.einsum("btf,tf->b", X, one) + bias[1], **exact)
    np.testing.assert_allclose(gradient(X), np.broadcast_to(one, X.shape), **exact)
    np.testing.assert_allclose(lh.occlusion(forward, X), X * one, **exact)
    np.testing.assert_allclose(lh.integrated_gradients(gradient, X), X * one, **exact)


def test_integrated_gradients_of_a_keras_model_are_complete():
    model, x = course_like()
    forward = keras_forward(model, 0)
    found, delta = lh.integrated_gradients(
        keras_gradient(model, 0), x, x[:, -1:], return_convergence_delta=True, forward=forward
    )
    newest = np.repeat(x[:, -1:], 24, axis=1)
    np.testing.assert_allclose(found.sum((1, 2)), forward(x) - forward(newest), rtol=0, atol=1e-5)
    assert np.abs(delta).max() < 1e-5
    assert np.abs(forward(x) - forward(newest)).max() > 0.1


def test_any_number_of_windows_and_of_models_without_a_word_of_retracing(caplog):
    made = []

    class Counted(layers.Layer):
        def call(self, x):
            made.append(x.shape)
            return x[:, -1]

    for _ in range(8):
        gradient = keras_gradient(sequential(Counted()))
        made.clear()
        for windows in (1, 6, 2, 5, 3, 4, 0):
            assert gradient(X[:windows]).shape == (windows, TIME, FEATURES)
        assert made == [], "traced once, when it was made"
    assert caplog.text == ""


def test_the_weights_are_those_at_the_call():
    model = sequential(LSTM(4), layers.Dense(1))
    forward, gradient = keras_forward(model), keras_gradient(model)
    before = forward(X), gradient(X)
    model.layers[1].set_weights([3 * a for a in model.layers[1].get_weights()])
    np.testing.assert_allclose(forward(X), 3 * before[0], rtol=1e-5)
    np.testing.assert_allclose(gradient(X), 3 * before[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("policy", "output", "gradient"),
    [("mixed_float16", "float16", "float32"), ("mixed_bfloat16", "float32", "float32")],
)
def test_mixed_precision_comes_out_as_what_numpy_knows(policy, output, gradient):
    model = sequential(LSTM(4, dtype=policy), layers.Dense(1, dtype=policy))
    assert keras_forward(model)(X).dtype == output
    assert keras_gradient(model)(X).dtype == gradient


# What they refuse.


def two_inputs():
    one, two = keras.Input((TIME, FEATURES)), keras.Input((TIME, FEATURES))
    return keras.Model([one, two], LSTM(2)(one) + LSTM(2)(two))


def constant(y):
    return keras.ops.stop_gradient(y[:, 0])


NOT_A_MODEL = {
    "layer": (LSTM(4), "expected a Keras model, got LSTM"),
    "not built": (
        keras.Sequential([LSTM(4)], name="new"),
        "expected a built model, got 'new' without weights: call it on data once",
    ),
    "subclass, not built": (Subclass(), "expected a built model, got 'subclass.*' without weights"),
    "two inputs": (two_inputs(), "expected inputs of 'keras_tensor.*', 'keras_tensor.*', got None"),
    "flat inputs": (
        keras.Sequential([keras.Input((7,)), layers.Dense(1)]),
        r"expected a model of \(windows, time, features\), got inputs of \(None, 7\)",
    ),
    "stateful": (
        keras.Sequential(
            [keras.Input((TIME, FEATURES), batch_size=6), LSTM(4, stateful=True, name="s")]
        ),
        "expected layers that start windows from zeros, got the stateful 's'",
    ),
}
NO_OUTPUT = "expected output as a whole number, a tuple of them or a function, got "
PLACE = r"expected output as a place in \(windows, 2\), got "
SHAPE = r"expected output to return shape \(windows,\), got "
NOT_AN_OUTPUT = {
    "float": (1.0, NO_OUTPUT + r"1\.0"),
    "bool": (True, NO_OUTPUT + "True"),
    "list": ([0], NO_OUTPUT + r"\[0\]"),
    "text in a tuple": ((0, "a"), NO_OUTPUT + r"\(0, 'a'\)"),
    "too large": (2, PLACE + "2"),
    "too small": (-3, PLACE + "-3"),
    "too many axes": ((0, 0), PLACE + r"\(0, 0\)"),
    "no axis": ((), PLACE + r"\(\)"),
    "all columns": (lambda y: y, SHAPE + r"\(None, 2\)"),
    "sum of windows": (lambda y: keras.ops.sum(y, 0), SHAPE + r"\(2,\)"),
    "one number": (lambda y: keras.ops.sum(y), SHAPE + r"\(\)"),
    "no tensor": (lambda y: None, "expected output to return a tensor, got NoneType"),
}


@pytest.mark.parametrize("function", [keras_forward, keras_gradient])
@pytest.mark.parametrize(("model", "message"), NOT_A_MODEL.values(), ids=NOT_A_MODEL)
def test_what_is_no_model_of_windows_is_refused(function, model, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        function(model)


@pytest.mark.parametrize("function", [keras_forward, keras_gradient])
@pytest.mark.parametrize(("output", "message"), NOT_AN_OUTPUT.values(), ids=NOT_AN_OUTPUT)
def test_what_is_no_output_is_refused_at_once(function, output, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        function(sequential(LSTM(4), layers.Dense(2)), output)


@pytest.mark.parametrize("function", [keras_forward, keras_gradient])
def test_what_only_a_call_can_tell_is_refused_then(function):
    open_length = function(sequential(LSTM(2, return_sequences=True), time=None), (3, 0))
    assert open_length(X[:, :4]).shape[0] == 6
    with pytest.raises(ValueError, match=r"expected output as a place in \(windows, 3, 2\), got "):
        open_length(X[:, :3])
    for inputs, got in ((X[:, :, :2], r"\(6, 4, 2\)"), (X[0], r"\(4, 3\)")):
        with pytest.raises(ValueError, match=rf"of shape \(windows, time, 3\), got {got}$"):
            open_length(inputs[..., :4, :])
    with pytest.raises(ValueError, match=r"of shape \(windows, 5, 3\), got \(6, 4, 3\)$"):
        function(sequential(LSTM(2)))(X[:, 1:])
    with pytest.raises(
        ValueError, match=r"expected a model of one output, or a function .*got dict"
    ):
        function(outputs_in_a_dict())
    two_from_each = function(sequential(LSTM(2)), lambda y: keras.ops.reshape(y, (-1,)))
    with pytest.raises(ValueError, match=rf"^{SHAPE}\(12,\)$"):
        two_from_each(X)


def test_an_output_without_a_gradient_is_refused_and_has_a_forward():
    model = sequential(LSTM(4), layers.Dense(2))
    np.testing.assert_array_equal(keras_forward(model, constant)(X), keras_forward(model)(X))
    message = "^expected an output that depends on the inputs, got one without a gradient$"
    with pytest.raises(ValueError, match=message):
        keras_gradient(model, constant)


@pytest.mark.parametrize(
    ("function", "backend", "message"),
    [
        (keras_forward, "openvino", "tensorflow or torch or jax, got 'openvino'"),
        (keras_gradient, "jax", "tensorflow or torch, got 'jax'"),
    ],
)
def test_another_backend_is_named(function, backend, message, monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    with pytest.raises(NotImplementedError, match=f"^expected Keras to run on {message}$"):
        function(sequential(LSTM(4)))


ON_TORCH = """
import numpy as np, keras, lstm_helpers as lh
from lstm_helpers.keras_tools import keras_forward, keras_gradient, keras_trace
assert keras.backend.backend() == "torch"
model = keras.Sequential([keras.Input((24, 7)), keras.layers.LSTM(32), keras.layers.Dense(7)])
x = np.random.default_rng(0).normal(size=(40, 24, 7)).astype("float32")
w, (head, bias) = lh.gate_weights(model.layers[0]), model.layers[1].get_weights()
forward, gradient = keras_forward(model, 2), keras_gradient(model, 2)
jacobian = lh.input_jacobian(w, x, head)[:, 2]
assert np.abs(jacobian).max() > 1e-2
for n in (40, 3):
    np.testing.assert_allclose(gradient(x[:n]), jacobian[:n], rtol=0, atol=1e-6)
expected = lh.replay(w, x).hidden[:, -1] @ head[:, 2] + bias[2]
np.testing.assert_allclose(forward(x), expected, rtol=0, atol=1e-6)
assert model.layers[1].kernel.value.grad is None, "the model is left as it was"
policy = keras.Sequential([keras.Input((24, 7)), keras.layers.LSTM(4, dtype="mixed_bfloat16")])
assert keras_forward(policy)(x).dtype == keras_gradient(policy)(x).dtype == np.float32
for output in (7, (0, 0), lambda y: y, lambda y: keras.ops.stop_gradient(y[:, 0]),
               lambda y: keras.ops.ones((len(y),))):
    try:
        keras_gradient(model, output)(x)
    except ValueError as error:
        print(error)
# Here the states of a layer are memory that the run writes over.
kept = keras.Sequential([keras.Input(batch_shape=(4, 5, 2)), keras.layers.LSTM(3, stateful=True)])
kept(np.ones((4, 5, 2), "float32"))
states = kept.layers[0].states
before = [state.value.detach().numpy().copy() for state in states]
(trace,) = keras_trace(kept, np.full((4, 5, 2), -1, "float32")).values()
assert all((a == b).all() for a, b in zip(trace.initial_state, before)) and before[0].any()
assert all((s.value.detach().numpy() == b).all() for s, b in zip(states, before))
"""


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_on_torch_it_is_the_same():
    done = subprocess.run(
        # Keras 3.15 reads weights from PyTorch in a way that NumPy 2.4 warns of.
        [sys.executable, "-W", "error", "-W", "ignore:__array__ implementation", "-c", ON_TORCH],
        cwd=TOP,
        env={**os.environ, "KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "expected output as a place in (windows, 7), got 7",
        "expected output as a place in (windows, 7), got (0, 0)",
        "expected output to return shape (windows,), got (40, 7)",
        "expected an output that depends on the inputs, got one without a gradient",
        "expected an output that depends on the inputs, got one without a gradient",
    ]


ON_JAX = """
import numpy as np, keras, lstm_helpers as lh
from lstm_helpers.keras_tools import keras_forward, keras_trace
assert keras.backend.backend() == "jax"
layers = [keras.layers.Masking(), keras.layers.LSTM(32), keras.layers.Dense(7)]
model = keras.Sequential([keras.Input((24, 7)), *layers])
x = np.random.default_rng(0).normal(size=(40, 24, 7)).astype("float32")
x[:20, 12:] = 0
(trace,) = keras_trace(model, x).values()
head, bias = model.layers[-1].get_weights()
expected = trace.hidden[:, -1] @ head[:, 2] + bias[2]
np.testing.assert_allclose(keras_forward(model, 2)(x), expected, rtol=0, atol=1e-6)
lost = lh.occlusion(keras_forward(model, 2), x[:3], baselines=x.mean(axis=0))
assert lost.shape == (3, 24, 7)
"""


@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_on_jax_forward_and_traces_are_the_same():
    done = subprocess.run(
        [sys.executable, "-c", ON_JAX],
        cwd=TOP,
        env={**os.environ, "KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


# What a user trains.


def test_the_network_in_the_docstring_of_retrain_without_learns_what_is_needed():
    text = inspect.getdoc(lh.retrain_without)
    code = textwrap.dedent(text.split("A network of Keras::")[1].split("Examples\n")[0])
    scope = {"keras": keras, "keras_tools": keras_tools}
    exec(code, scope)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 640, 4, 2)).astype("float32")
    y = x[:, :, -1, 0]
    found = lh.retrain_without(
        scope["fit"],
        lambda outputs, targets: np.abs(outputs - targets).mean(),
        (x[0], y[0]),
        (x[1], y[1]),
        features=0,
        seeds=1,
        progress=False,
    )
    # Who knows nothing is off by 0.8.
    assert (found.whole < 0.4).all()
    assert (found.without > 0.75).all()
