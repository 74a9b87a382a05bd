"""Models of several inputs, windows for a deeper layer, models that change or hide steps."""

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers.keras_tools import keras_forward, keras_gradient

with lh.quiet():
    import keras
    from keras import layers, ops

LSTM = layers.LSTM
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 5, 3)).astype("float32")
PLACE = RNG.normal(size=(6, 2)).astype("float32")
BOTH = [keras_forward, keras_gradient]


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(1)


def two_inputs(pack=list):
    """The static input multiplies, so that the rows must go with their windows."""
    series, place = keras.Input((5, 3), name="series"), keras.Input((2,), name="place")
    read = layers.Multiply()([LSTM(4)(series), layers.Dense(4)(place)])
    given = {"series": series, "place": place} if pack is dict else [series, place]
    return keras.Model(given, layers.Dense(2)(read))


def near(a, b, atol=1e-6):
    np.testing.assert_allclose(a, np.asarray(b), rtol=0, atol=atol)


@pytest.mark.parametrize("pack", [list, dict])
def test_other_inputs_are_fixed_or_follow_the_windows(pack):
    model = two_inputs(pack)

    def answer(x, place):
        given = {"series": x, "place": place} if pack is dict else [x, place]
        return model(given).numpy()[:, 1]

    row = PLACE[2]
    for one in (row, row[None], row.tolist()):
        near(keras_forward(model, 1, "series", {"place": one})(X), answer(X, np.tile(row, (6, 1))))
    near(keras_forward(model, 1, "series", {"place": PLACE})(X), answer(X, PLACE))
    forward, gradient = (make(model, 1, "series") for make in BOTH)
    near(forward(X, PLACE), answer(X, PLACE))
    near(forward(X[:2], PLACE[4:]), answer(X[:2], PLACE[4:]))
    # The gradient by a difference of the outputs, in another window each time.
    slope, step = gradient(X, PLACE), np.zeros_like(X)
    step[np.arange(6), np.arange(6) % 5, np.arange(6) % 3] = 1e-2
    change = (answer(X + step, PLACE) - answer(X - step, PLACE)) / 2e-2
    near(slope[step > 0], change, 2e-4)
    assert slope.shape == X.shape


def test_the_fixed_row_is_a_copy():
    model, row = two_inputs(), PLACE[:1].copy()
    forward = keras_forward(model, 1, "series", {"place": row})
    before = forward(X)
    row[:] = 9
    near(forward(X), before, 0)


def test_windows_can_be_any_of_the_inputs():
    a, b = keras.Input((5, 3), name="a"), keras.Input((4, 2), name="b")
    model = keras.Model([a, b], layers.Dense(1)(layers.Concatenate()([LSTM(3)(a), LSTM(2)(b)])))
    y = RNG.normal(size=(6, 4, 2)).astype("float32")
    slope = keras_gradient(model, 0, "b")(y, X)
    assert slope.shape == y.shape
    near(keras_forward(model, 0, "b")(y, X), keras_forward(model, 0, "a")(X, y), 0)
    assert np.abs(slope).min() > 0


NAMES = "expected inputs of 'series', 'place', got "
OTHERS = "expected names of other inputs in fixed, 'place', got "


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("inputs", "fixed", "error", "message"),
    [
        (None, None, ValueError, NAMES + "None"),
        ("Series", None, ValueError, NAMES + "'Series'"),
        (0, None, ValueError, NAMES + "0"),
        ("place", None, ValueError, r"expected a model of \(windows, time, features\), got .*2\)"),
        ("series", {"lace": 1}, ValueError, OTHERS + "'lace'"),
        ("series", {"series": X}, ValueError, OTHERS + "the windows' own"),
        ("series", [PLACE], TypeError, "expected fixed as a dict of arrays, got list"),
        ("series", {"place": "a"}, TypeError, "expected place as real numbers, got str"),
        ("series", {"place": PLACE.T}, ValueError, r"expected place of .*, 2\), got \(2, 6\)"),
    ],
)
def test_names_and_fixed_inputs_are_checked_at_once(make, inputs, fixed, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        make(two_inputs(), 1, inputs, fixed)


@pytest.mark.parametrize("make", BOTH)
def test_rows_are_checked_with_each_call(make):
    call = make(two_inputs(), 1, "series")
    with pytest.raises(ValueError, match=r"^expected 'place' beside the windows, .* got 0 arrays$"):
        call(X)
    with pytest.raises(ValueError, match=r"a row of 'place' for each of 6 windows, got 5: pass"):
        call(X, PLACE[:5])
    with pytest.raises(ValueError, match=r"expected place of shape .* got \(6, 1\)$"):
        call(X, PLACE[:, :1])
    fixed = make(two_inputs(), 1, "series", {"place": PLACE})
    with pytest.raises(ValueError, match=r"for each of 4 windows, got 6: .* additional_forward_ar"):
        fixed(X[:4])
    alone = make(keras.Sequential([keras.Input((5, 3)), LSTM(2)]))
    with pytest.raises(ValueError, match=r"^expected nothing beside the windows, .* got 1 arrays$"):
        alone(X, PLACE)


# What a deeper layer reads.


def deep():
    parts = [LSTM(4, return_sequences=True, name="a"), LSTM(3, name="b"), layers.Dense(2)]
    return keras.Sequential([keras.Input((5, 3)), *parts])


@pytest.mark.parametrize("by_name", [True, False])
def test_windows_for_a_deeper_layer(by_name):
    model = deep()
    layer = "b" if by_name else model.layers[1]
    read = keras.Model(model.inputs, model.layers[0].output)([X]).numpy()
    forward, gradient = (make(model, 1, layer=layer) for make in BOTH)
    near(forward(read), model(X)[:, 1])
    w, (head, bias) = lh.gate_weights(model.layers[1]), model.layers[2].get_weights()
    near(gradient(read), lh.Readout(w, head[:, 1], bias[1]).gradient(read))
    near(keras_forward(model, 1, layer="a")(X), model(X)[:, 1])
    # The weights of the model itself, as they are at the time of the call.
    lh.set_forget_bias(model.layers[1], -5.0)
    near(forward(read), model(X)[:, 1])


def test_a_deeper_layer_of_a_model_with_other_inputs():
    series, place = keras.Input((5, 3), name="series"), keras.Input((2,), name="place")
    inner = LSTM(4, return_sequences=True)(series)
    read = layers.Multiply()([LSTM(3, name="deep")(inner), layers.Dense(3)(place)])
    model = keras.Model([series, place], layers.Dense(1)(read))
    states = keras.Model(series, inner)(X).numpy()
    forward = keras_forward(model, layer="deep", fixed={"place": PLACE, "series": X})
    near(forward(states), model([X, PLACE])[:, 0])


@pytest.mark.parametrize("make", BOTH)
def test_a_layer_that_reads_an_input_itself(make):
    model = two_inputs()
    (lstm,) = lh.lstm_layers(model).values()
    given = {"layer": lstm, "fixed": {"place": PLACE}}
    near(make(model, 1, **given)(X), make(model, 1, "series", {"place": PLACE})(X))


def shared_layer():
    shared, inputs = LSTM(3, return_sequences=True, name="shared"), keras.Input((5, 3))
    return keras.Model(inputs, shared(shared(inputs)))


def decoder():
    inputs = keras.Input((5, 3))
    _, *states = LSTM(4, return_state=True)(inputs)
    return keras.Model(inputs, LSTM(4, name="decoder")(inputs, initial_state=states))


def masked():
    parts = [layers.Masking(), LSTM(4, return_sequences=True), LSTM(3, name="b")]
    return keras.Sequential([keras.Input((5, 3)), *parts])


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize(
    ("model", "layer", "message"),
    [
        (deep, "c", "expected layer of 'a', 'b', 'dense.*', got 'c'"),
        (deep, 1, "expected layer of 'a', 'b', 'dense.*', got 1"),
        (deep, LSTM(2, name="mine"), "expected layer of 'a', 'b', 'dense.*', got 'mine'"),
        (
            deep,
            "dense",
            r"expected a model of \(windows, time, features\), got inputs of \(None, 3",
        ),
        (shared_layer, "shared", "expected a layer that is used once, got 'shared'"),
        (decoder, "decoder", "expected a layer that reads one tensor, got 'decoder' with several"),
        (masked, "b", "expected a layer that no mask reaches, got 'b'"),
    ],
)
def test_a_layer_that_cannot_be_a_door(make, model, layer, message):
    model = model()
    if layer == "dense":
        layer = model.layers[-1]
    with pytest.raises(ValueError, match=f"^{message}"):
        make(model, 0, layer=layer)
    with pytest.raises(ValueError, match=r"^expected (inputs or layer, got both)"):
        make(model, 0, "x", layer=layer)


# Models that change, and models that keep their states.


@pytest.mark.parametrize("make", BOTH)
def test_a_model_that_was_changed_answers_as_it_is_now(make):
    """The graph that was traced for the old one would go on to answer for it."""
    model = deep()
    call = make(model, 1)
    call(X)
    model.pop()
    near(call(X), make(model, 1)(X), 0)
    model.add(layers.Dense(2))
    near(call(X), make(model, 1)(X), 0)
    model.pop()
    model.add(layers.Dense(1))
    with pytest.raises(ValueError, match=r"expected output as a place in \(windows, 1\), got 1$"):
        call(X)


class Holding(keras.Model):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x):
        return self.inner(x)


def nested_stateful(subclass):
    inner = keras.Sequential(
        [keras.Input(batch_shape=(6, 5, 3)), LSTM(2, stateful=True, name="kept")]
    )
    if subclass:
        model = Holding(inner)
        model(X)
        return model
    inputs = keras.Input(batch_shape=(6, 5, 3))
    return keras.Model(inputs, inner(inputs))


@pytest.mark.parametrize("make", BOTH)
@pytest.mark.parametrize("subclass", [True, False])
def test_a_stateful_layer_is_found_wherever_it_is(make, subclass):
    model = nested_stateful(subclass)
    kept = next(iter(lh.lstm_layers(model).values()))
    states = [state.numpy() for state in kept.states]
    with pytest.raises(ValueError, match=r"from zeros, got the stateful 'kept'$"):
        make(model)
    after = [state.numpy() for state in kept.states]
    assert all((a == b).all() for a, b in zip(states, after, strict=True))


@pytest.mark.parametrize("make", BOTH)
def test_a_subclass_has_no_names(make):
    model = Holding(LSTM(2))
    model(X)
    make(model)(X)
    for options in ({"inputs": "x"}, {"fixed": {}}, {"layer": "inner"}):
        with pytest.raises(ValueError, match=r"with inputs, fixed or layer, got a subclass \(Hold"):
            make(model, **options)


# The value that a Masking layer skips.


def test_where_masking_reads_the_windows_its_value_is_said():
    def value(*parts):
        return keras_forward(keras.Sequential([keras.Input((5, 3)), *parts])).mask_value

    assert value(LSTM(2)) is None
    assert value(layers.Masking(), LSTM(2)) == 0.0
    assert value(layers.Masking(-9.0), LSTM(2)) == -9.0
    assert value(layers.Dense(3), layers.Masking(), LSTM(2)) is None
    subclass = Holding(keras.Sequential([layers.Masking(), LSTM(2)]))
    subclass(X)
    assert keras_gradient(subclass).mask_value == 0.0
    assert ops.shape(subclass(X)) == (6, 2)


def test_a_baseline_that_masking_skips_is_refused():
    """The whole window would be left out, and the output jumps: silent, and up to .4 of 1.5."""
    model = keras.Sequential([keras.Input((5, 3)), layers.Masking(), LSTM(4), layers.Dense(1)])
    # Where all biases are 0, no step and a step of zeros are the same.
    model.set_weights([RNG.normal(size=weight.shape) for weight in model.get_weights()])
    forward, gradient = keras_forward(model), keras_gradient(model)
    x = X.copy()
    x[0, 3:] = 0  # padding, which no one has declared, is the same in both
    real = (x != 0).any(axis=2)
    message = r"got what Masking\(0\) skips at 28 steps: pass others, .*mask= for padding$"
    for options in ({}, {"mask": real}):
        with pytest.raises(ValueError, match=message):
            lh.integrated_gradients(gradient, x, **options)
        with pytest.raises(ValueError, match=message):
            lh.occlusion(forward, x, window=(2, 3), **options)
    given = {"return_convergence_delta": True, "forward": forward, "n_steps": 100}
    found, delta = lh.integrated_gradients(gradient, x, x.mean(axis=0), mask=real, **given)
    assert np.abs(delta).max() < 1e-4
    assert not found[0, 3:].any()
    # One feature of three in its place: the step is still read.
    assert lh.occlusion(forward, x).any()
    # What the check is there for: without it, the sum is not the difference of the outputs.
    bare = {"return_convergence_delta": True, "forward": lambda z: forward(z)}
    _, jump = lh.integrated_gradients(lambda z: gradient(z), x[1:], n_steps=100, **bare)
    assert np.abs(jump).max() > 0.01


# XLA.


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA of TensorFlow")
@pytest.mark.parametrize("make", BOTH)
def test_compiled_by_xla_it_is_the_same(make, monkeypatch):
    import tensorflow as tf

    asked, function = [], tf.function
    monkeypatch.setattr(
        tf, "function", lambda *a, **k: asked.append(k["jit_compile"]) or function(*a, **k)
    )
    parts = [layers.Masking(-9.0), layers.Bidirectional(LSTM(4)), layers.Dense(2)]
    model = keras.Sequential([keras.Input((None, 3)), *parts])
    x = X.copy()
    x[2:, 3:] = -9
    plain, compiled = make(model, 1)(x), make(model, 1, jit_compile=True)
    assert asked == [False]
    near(compiled(x), plain)
    assert asked == [False, True]
    near(compiled(x[:2, :3]), make(model, 1)(x[:2, :3]))
    model.set_weights([2 * weight for weight in model.get_weights()])
    near(compiled(x), make(model, 1)(x))
    assert np.abs(compiled(x) - plain).max() > 1e-3


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="XLA of TensorFlow")
def test_what_xla_cannot_compile_runs_without_it():
    import tensorflow as tf

    class Text(layers.Layer):
        """Numbers through a text and back, which is no work for XLA."""

        runs = 0

        def call(self, x):
            self.runs += 1
            return tf.strings.to_number(tf.strings.as_string(x[:, -1, :], precision=6))

    text = Text()
    model = keras.Sequential([keras.Input((5, 3)), text])
    forward = keras_forward(model, 1, jit_compile=True)
    near(forward(X), X[:, -1, 1])
    runs = text.runs
    near(forward(X[:2]), X[:2, -1, 1])
    assert text.runs == runs, "asked once, and not again with each call"


@pytest.mark.parametrize("make", BOTH)
def test_jit_compile_is_yes_or_no(make):
    for given in (None, "auto", 1):
        message = f"^expected jit_compile as True or False, got {given!r}$"
        with pytest.raises(TypeError, match=message):
            make(deep(), jit_compile=given)
