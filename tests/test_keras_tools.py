"""The initializer for a new layer's bias, and what Keras' own default does to it."""

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers.keras_tools import ForgetBias

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
