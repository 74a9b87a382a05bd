"""Reading and writing Keras layers, proved against what the layers do."""

import dataclasses

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import layers

with lh.quiet():
    import keras

LSTM, RNN, LSTMCell = keras.layers.LSTM, keras.layers.RNN, keras.layers.LSTMCell
FEATURES, UNITS = 3, 2


def lstm(units=UNITS, **options):
    return LSTM(units, **options)


def rnn(units=UNITS, dtype=None, use_bias=True, **options):
    return RNN(LSTMCell(units, dtype=dtype, use_bias=use_bias), dtype=dtype, **options)


def built(layer, features=FEATURES):
    """The layer with random weights, biases too."""
    layer.build((4, None, features))
    rng = np.random.default_rng(1)
    layer.set_weights([rng.normal(size=a.shape).astype(a.dtype) for a in layer.get_weights()])
    return layer


def contents(layer):
    """Everything that set_gate_weights could have changed, to the bit."""
    return [(a.dtype, a.shape, a.tobytes()) for a in layer.get_weights()]


def other_weights(layer):
    """Random weights that fit the layer."""
    rng = np.random.default_rng(2)
    arrays = [rng.normal(size=a.shape).astype(a.dtype) for a in layer.get_weights()]
    w = lh.gate_weights(layer)
    new = lh.LSTMWeights.from_arrays(arrays)
    kept = ("activation", "recurrent_activation", "go_backwards")
    return dataclasses.replace(new, **{name: getattr(w, name) for name in kept})


def changed(w, part, gate, value):
    """The same weights with one gate's array filled with one value."""
    gates = getattr(w, part)
    new = gates._replace(**{gate: np.full_like(getattr(gates, gate), value)})
    return dataclasses.replace(w, **{part: new})


def one_step(layer, x, hidden, cell):
    """The states after one step, from the layer's own cell."""
    step = layer.cell(keras.ops.convert_to_tensor(x), [hidden, cell])[1]
    return [keras.ops.convert_to_numpy(state) for state in step]


# Read and write.


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("kind", [lstm, rnn])
def test_round_trip_bit_for_bit(kind, use_bias, dtype):
    source = built(kind(use_bias=use_bias, dtype=dtype))
    target = kind(use_bias=use_bias, dtype=dtype)
    target.build((4, None, FEATURES))
    w = lh.gate_weights(source)
    assert (w.input_dim, w.units, w.dtype) == (FEATURES, UNITS, np.dtype(dtype))
    assert (w.bias is not None) == use_bias
    assert contents(target) != contents(source)
    lh.set_gate_weights(target, w)
    assert contents(target) == contents(source)


@pytest.mark.parametrize("kind", [lstm, rnn])
def test_slices_are_views_on_what_get_weights_returned(kind, monkeypatch):
    layer = built(kind())
    returned = []
    original = keras.layers.Layer.get_weights

    def spy(self):
        returned.append(original(self))
        return returned[-1]

    monkeypatch.setattr(keras.layers.Layer, "get_weights", spy)
    w = lh.gate_weights(layer)
    assert len(returned) == 1
    for part, array in zip((w.kernel, w.recurrent_kernel, w.bias), returned[0], strict=True):
        for view in part:
            assert np.shares_memory(view, array)


def test_editing_a_slice_changes_the_copy_and_not_the_layer():
    layer = built(lstm())
    before = contents(layer)
    lh.gate_weights(layer).kernel.f[:] = 0
    assert contents(layer) == before


def test_a_narrower_dtype_is_written_exactly():
    narrow, wide = built(lstm(dtype="float16")), built(lstm(dtype="float32"))
    lh.set_gate_weights(wide, lh.gate_weights(narrow))
    for before, after in zip(narrow.get_weights(), wide.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before.astype(np.float32), strict=True)


def test_what_else_decides_the_output_is_carried():
    options = {"go_backwards": True, "stateful": True, "zero_output_for_mask": True}
    plain = lh.gate_weights(built(rnn()))
    special = lh.gate_weights(built(rnn(**options)))
    assert {name: getattr(plain, name) for name in options} == dict.fromkeys(options, False)
    assert {name: getattr(special, name) for name in options} == options


@pytest.mark.parametrize("option", ["go_backwards", "stateful"])
def test_options_of_an_lstm_are_carried_one_by_one(option):
    w = lh.gate_weights(built(lstm(**{option: True})))
    assert [w.go_backwards, w.stateful] == [option == "go_backwards", option == "stateful"]


def test_mixed_precision_is_told_from_the_dtype_of_the_weights():
    w = lh.gate_weights(built(lstm(dtype="mixed_float16")))
    assert (w.dtype, w.compute_dtype) == (np.float32, "float16")


@pytest.mark.parametrize("side", ["forward_layer", "backward_layer"])
def test_the_two_layers_of_a_bidirectional_one_by_one(side):
    wrapper = built(keras.layers.Bidirectional(LSTM(UNITS)))
    layer = getattr(wrapper, side)
    before = contents(wrapper)
    mine, other = (slice(3), slice(3, 6))[:: 1 if side == "forward_layer" else -1]
    w = lh.gate_weights(layer)
    assert [a.tobytes() for a in w.to_arrays()] == [data for _, _, data in before[mine]]
    assert w.go_backwards == (side == "backward_layer")
    new = other_weights(layer)
    lh.set_gate_weights(layer, new)
    after = contents(wrapper)
    assert [data for _, _, data in after[mine]] == [a.tobytes() for a in new.to_arrays()]
    assert after[other] == before[other]


def test_a_trained_layer_inside_a_model():
    model = keras.Sequential([keras.Input((5, FEATURES)), LSTM(UNITS), keras.layers.Dense(1)])
    w = lh.gate_weights(model.layers[0])
    assert [a.shape for a in w.to_arrays()] == [a.shape for a in model.get_weights()[:3]]


# Which quarter is which gate: shut or open it by its name here, and see what the layer does.
# Nothing here knows the order in which Keras stores the gates.

HIDDEN, CELL = np.float32([[0.3, -0.2]]), np.float32([[0.7, -0.4]])
X = np.float32([[0.5, -1.0, 2.0]])


def steered(kind, **values):
    """The states after one step, and with another cell state, of a layer with steered gates."""
    layer = built(kind())
    w = lh.gate_weights(layer)
    for gate, value in values.items():
        w = changed(w, "bias", gate, value)
    lh.set_gate_weights(layer, w)
    return one_step(layer, X, HIDDEN, CELL), one_step(layer, X, HIDDEN, CELL + 1)


@pytest.mark.parametrize("kind", [lstm, rnn])
class TestEachNameSteersItsGate:
    def test_input_gate_shut_and_forget_gate_open_keep_the_cell(self, kind):
        (_, cell), (_, cell_2) = steered(kind, i=-100, f=100)
        np.testing.assert_array_equal(cell, CELL)
        np.testing.assert_array_equal(cell_2, CELL + 1)

    def test_forget_gate_shut_the_old_cell_does_not_matter(self, kind):
        (_, cell), (_, cell_2) = steered(kind, f=-100)
        np.testing.assert_array_equal(cell, cell_2)
        assert (np.abs(cell) > 1e-3).all()

    def test_input_and_forget_gate_shut_nothing_is_left(self, kind):
        (hidden, cell), _ = steered(kind, i=-100, f=-100)
        assert np.abs(cell).max() < 1e-30
        assert np.abs(hidden).max() < 1e-30

    @pytest.mark.parametrize("sign", [1, -1])
    def test_candidate_at_its_bound_is_what_an_open_input_gate_writes(self, kind, sign):
        (_, cell), _ = steered(kind, i=100, f=-100, c=100 * sign)
        np.testing.assert_array_equal(cell, np.full_like(CELL, sign))

    def test_output_gate_shut_the_cell_is_hidden(self, kind):
        (hidden, cell), _ = steered(kind, o=-100)
        (_, cell_as_it_was), _ = steered(kind)
        assert np.abs(hidden).max() < 1e-30
        np.testing.assert_array_equal(cell, cell_as_it_was)

    def test_output_gate_open_shows_the_cell(self, kind):
        (hidden, cell), _ = steered(kind, o=100)
        np.testing.assert_allclose(hidden, np.tanh(cell), atol=1e-6)


@pytest.mark.parametrize("features", [FEATURES, UNITS])
@pytest.mark.parametrize("kind", [lstm, rnn])
def test_one_step_by_hand_from_the_named_arrays(kind, features):
    """Rows, columns and the two kernels too; also where both kernels have one shape."""
    layer = built(kind(), features)
    w, x = lh.gate_weights(layer), X[:, :features]
    i, f, c, o = (
        x @ getattr(w.kernel, gate) + HIDDEN @ getattr(w.recurrent_kernel, gate)
        + getattr(w.bias, gate)
        for gate in "ifco"
    )  # fmt: skip
    cell = sigmoid(f) * CELL + sigmoid(i) * np.tanh(c)
    hidden = sigmoid(o) * np.tanh(cell)
    for found, expected in zip(one_step(layer, x, HIDDEN, CELL), (hidden, cell), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_a_fresh_forget_bias_is_one_and_the_rest_zero():
    layer = LSTM(UNITS)
    layer.build((None, None, FEATURES))
    bias = lh.gate_weights(layer).bias
    assert [gate.tolist() for gate in bias] == [[0, 0], [1, 1], [0, 0], [0, 0]]


# What set_gate_weights refuses: each time the layer stays as it was.


def arrays_of(w, dtype=None):
    return [array.astype(dtype or array.dtype) for array in w.to_arrays()]


REFUSED = {
    "other units": (
        ValueError, "expected input_dim=3, units=2 like the layer, got input_dim=3, units=4",
        lambda w: lh.gate_weights(built(lstm(4))),
    ),
    "other features": (
        ValueError, "expected input_dim=3, units=2 like the layer, got input_dim=5, units=2",
        lambda w: lh.gate_weights(built(lstm(), 5)),
    ),
    "wider dtype": (
        TypeError, "expected float32 or narrower, got float64: that would be rounded",
        lambda w: lh.LSTMWeights.from_arrays(arrays_of(w, np.float64)),
    ),
    "NaN in the kernel": (
        ValueError, "expected finite values in kernel, got 6 NaN or infinite",
        lambda w: changed(w, "kernel", "i", np.nan),
    ),
    "NaN": (
        ValueError, "expected finite values in recurrent_kernel, got 4 NaN or infinite",
        lambda w: changed(w, "recurrent_kernel", "c", np.nan),
    ),
    "infinite": (
        ValueError, "expected finite values in bias, got 2 NaN or infinite",
        lambda w: changed(w, "bias", "o", -np.inf),
    ),
    "bias missing": (
        ValueError, "expected weights with bias like the layer, got without bias",
        lambda w: dataclasses.replace(w, bias=None),
    ),
    "activation": (
        ValueError, "expected activation='tanh' like the layer, got 'relu': the same numbers",
        lambda w: dataclasses.replace(w, activation="relu"),
    ),
    "activation of the gates": (
        ValueError, "expected recurrent_activation='sigmoid' like the layer, got 'hard_sigmoid_k",
        lambda w: dataclasses.replace(w, recurrent_activation="hard_sigmoid_keras1"),
    ),
    "a list": (TypeError, "expected LSTMWeights, got list", lambda w: w.to_arrays()),
    "None": (TypeError, "expected LSTMWeights, got NoneType", lambda w: None),
}  # fmt: skip


@pytest.mark.parametrize(("error", "message", "spoil"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("kind", [lstm, rnn])
def test_weights_that_do_not_fit_are_refused_and_nothing_changes(kind, error, message, spoil):
    layer = built(kind())
    before = contents(layer)
    with pytest.raises(error, match=f"^{message}"):
        lh.set_gate_weights(layer, spoil(other_weights(layer)))
    assert contents(layer) == before
    lh.set_gate_weights(layer, other_weights(layer))
    assert contents(layer) != before


def test_a_bias_too_many_is_refused():
    layer = built(lstm(use_bias=False))
    before = contents(layer)
    with pytest.raises(ValueError, match=r"expected weights without bias .*, got with bias"):
        lh.set_gate_weights(layer, lh.gate_weights(built(lstm())))
    assert contents(layer) == before


# What is not such a layer.


class OwnCall(LSTMCell):
    def call(self, inputs, states, training=False):
        return super().call(inputs, states, training=training)


class OwnLoop(LSTM):
    def inner_loop(self, *args, **kwargs):
        return super().inner_loop(*args, **kwargs)


class OnlyRenamed(LSTM):
    pass


class NoCell(RNN):
    def __init__(self):
        keras.layers.Layer.__init__(self)


class Namesake(keras.layers.Layer):
    """Called as Keras' own, and something else."""

    state_size, output_size = [UNITS, UNITS], UNITS

    def call(self, inputs, states, training=False):
        return states[0], states


Namesake.__name__ = "LSTMCell"


WANTED = "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell, got "
FOREIGN = {
    "GRU": (lambda: built(keras.layers.GRU(UNITS)), "GRU around GRUCell"),
    "SimpleRNN": (
        lambda: built(keras.layers.SimpleRNN(UNITS)), "SimpleRNN around SimpleRNNCell",
    ),
    "stacked cells": (
        lambda: built(RNN([LSTMCell(UNITS), LSTMCell(UNITS)])), "RNN around StackedRNNCells",
    ),
    "Bidirectional": (
        lambda: built(keras.layers.Bidirectional(LSTM(UNITS))),
        "Bidirectional: .*layer.forward_layer and layer.backward_layer",
    ),
    "model": (
        lambda: keras.Sequential([keras.Input((5, FEATURES)), LSTM(UNITS)]),
        r"a model \(Sequential\): .*model.layers\[0\]",
    ),
    "convolutional": (
        lambda: keras.layers.ConvLSTM1D(UNITS, 2), "ConvLSTM1D around ConvLSTMCell",
    ),
    "Dense": (lambda: built(keras.layers.Dense(UNITS)), "Dense"),
    "a cell alone": (lambda: LSTMCell(UNITS), "LSTMCell"),
    "the class": (lambda: LSTM, "type"),
    "None": (lambda: None, "None"),
    "string": (lambda: "lstm", "str"),
    "arrays": (lambda: built(lstm()).get_weights(), "list"),
    "no cell": (lambda: NoCell(), "NoCell without a cell"),
    "a namesake of the layer": (lambda: type("LSTM", (), {})(), "LSTM of test_layers"),
    "a namesake of the wrapper": (
        lambda: type("RNN", (), {"cell": LSTMCell(UNITS)})(), "RNN of test_layers",
    ),
    "PyTorch's": (
        lambda: type("LSTM", (), {"__module__": "torch.nn.modules.rnn"})(),
        r"LSTM of torch: torch_tools.torch_weights reads those of PyTorch, or give its arrays to "
        "LSTMWeights.from_arrays, layout='pytorch'",
    ),
    "a namesake of the cell": (lambda: RNN(Namesake()), "RNN around LSTMCell"),
    "own cell": (lambda: built(RNN(OwnCall(UNITS))), r"OwnCall, which has its own call\(\)"),
    "own layer": (lambda: built(OwnLoop(UNITS)), r"OwnLoop, which has its own inner_loop\(\)"),
}  # fmt: skip


@pytest.mark.parametrize(("make", "got"), FOREIGN.values(), ids=FOREIGN)
def test_anything_else_is_refused_by_name(make, got):
    thing = make()
    with pytest.raises(TypeError, match=f"^{WANTED}{got}$"):
        lh.gate_weights(thing)
    with pytest.raises(TypeError, match=f"^{WANTED}{got}$"):
        lh.set_gate_weights(thing, lh.gate_weights(built(lstm())))


@pytest.mark.parametrize("kind", [lstm, rnn])
def test_a_layer_that_is_not_built_yet(kind):
    layer = kind(name="memory")
    message = f"^{WANTED}'memory' without weights: call the model once, or give it an Input$"
    with pytest.raises(ValueError, match=message):
        lh.gate_weights(layer)
    with pytest.raises(ValueError, match=message):
        lh.set_gate_weights(layer, lh.gate_weights(built(lstm())))


def test_a_subclass_that_computes_the_same_is_read():
    assert lh.gate_weights(built(OnlyRenamed(UNITS))).units == UNITS


# Activations: Keras' own by their names, and nobody else's under such a name.


def tanh(z):
    return 3 * z


@pytest.mark.parametrize(
    ("activation", "name"),
    [
        ("tanh", "tanh"),
        ("relu", "relu"),
        (None, "linear"),
        (keras.activations.hard_sigmoid, "hard_sigmoid"),
        (tanh, "custom tanh"),
        (lambda z: z, "custom <lambda>"),
        (keras.layers.LeakyReLU(), "custom LeakyReLU"),
    ],
    ids=["tanh", "relu", "None", "hard_sigmoid", "own tanh", "lambda", "layer"],
)
def test_names_of_activations(activation, name):
    w = lh.gate_weights(built(lstm(activation=activation, recurrent_activation=activation)))
    assert (w.activation, w.recurrent_activation) == (name, name)


def test_activation_and_that_of_the_gates_are_told_apart():
    w = lh.gate_weights(built(lstm(activation="relu", recurrent_activation="hard_sigmoid")))
    assert (w.activation, w.recurrent_activation) == ("relu", "hard_sigmoid")


# The forget bias: one quarter of one array, and nothing else.


def without_forget_bias(layer):
    """The bits of all weights but the forget bias."""
    w = lh.gate_weights(layer)
    arrays = [*w.kernel, *w.recurrent_kernel, w.bias.i, w.bias.c, w.bias.o]
    return [(a.dtype, a.tobytes()) for a in arrays]


# Keras 3.15 reads its variables for saving in a way that NumPy 2.4 warns of.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy keyword")
def test_the_forget_bias_of_seed_003(tmp_path):
    """LSTM(64) on 10 features, 5.0: set, checked, saved, loaded."""
    model = keras.Sequential([keras.Input((20, 10)), LSTM(64), keras.layers.Dense(1)])
    layer = model.layers[0]
    before, head = without_forget_bias(layer), contents(model.layers[1])
    lh.set_forget_bias(layer, 5.0)
    np.testing.assert_array_equal(
        lh.gate_weights(layer).bias.f, np.full(64, 5, np.float32), strict=True
    )
    assert without_forget_bias(layer) == before
    assert contents(model.layers[1]) == head
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert contents(loaded) == contents(model)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    "value",
    [0.1, -3, np.float64(1e-300), np.int8([7, -7]), np.uint8([7, 8]), [0.1, 0.2], (1, 2.5)],
    ids=["float", "int", "tiny", "int8", "uint8", "list", "tuple"],
)
@pytest.mark.parametrize("kind", [lstm, rnn])
def test_a_forget_bias_is_rounded_to_the_dtype_and_nothing_else_moves(kind, value, dtype):
    layer = built(kind(dtype=dtype))
    before = without_forget_bias(layer)
    lh.set_forget_bias(layer, value)
    expected = np.broadcast_to(np.array(value, dtype), UNITS)
    np.testing.assert_array_equal(lh.gate_weights(layer).bias.f, expected, strict=True)
    assert without_forget_bias(layer) == before


def test_a_kernel_that_is_no_longer_finite_stays_as_it_is_too():
    layer = built(lstm())
    arrays = layer.get_weights()
    arrays[0][1, 3], arrays[2][0] = np.nan, -0.0
    layer.set_weights(arrays)
    before = without_forget_bias(layer)
    lh.set_forget_bias(layer, 5.0)
    assert without_forget_bias(layer) == before
    assert lh.gate_weights(layer).bias.f.tolist() == [5, 5]


def test_the_cell_keeps_what_the_new_forget_bias_says():
    """The quarter proved by what the layer does: at a zero input the gate is sigmoid(bias)."""
    layer = LSTM(UNITS)
    layer.build((None, None, FEATURES))
    lh.set_forget_bias(layer, [5.0, -1.0])
    nothing = np.zeros((1, UNITS), np.float32)
    _, cell = one_step(layer, np.zeros((1, FEATURES), np.float32), nothing, CELL)
    np.testing.assert_allclose(cell, CELL * sigmoid(np.float64([5, -1])), rtol=1e-6)


@pytest.mark.parametrize("jit_compile", [False, True])
def test_between_two_fits_nothing_is_compiled_anew_and_the_new_value_counts(jit_compile):
    traced = []

    def loss(target, prediction):
        traced.append("once a compilation")
        return keras.ops.mean(keras.ops.square(target - prediction))

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5, FEATURES)), LSTM(UNITS), keras.layers.Dense(1)])
    model.compile("adam", loss=loss, jit_compile=jit_compile)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(8, 5, FEATURES)), rng.normal(size=(8, 1))
    fit = {"batch_size": 8, "verbose": 0}
    model.fit(x, y, **fit)
    function, count = model.train_function, len(traced)
    lh.set_forget_bias(model.layers[0], 5.0)
    expected = float(np.mean((np.asarray(model(x)) - y) ** 2))
    # One batch, whose loss is taken before its step: that of the weights as they were set.
    assert model.fit(x, y, **fit).history["loss"][0] == pytest.approx(expected, rel=1e-5)
    assert model.train_function is function
    assert len(traced) == count > 0
    assert int(model.optimizer.iterations) == 2
    moved = np.abs(lh.gate_weights(model.layers[0]).bias.f - 5)
    assert ((moved > 0) & (moved < 0.01)).all()


FORGET_BIASES = {
    "NaN": (ValueError, "expected a finite forget bias, got 1 NaN or infinite", np.nan),
    "infinity": (ValueError, "expected a finite forget bias, got 1 NaN or infinite", -np.inf),
    "one NaN": (ValueError, "expected a finite forget bias, got 1 NaN or infinite", [1, np.nan]),
    "too short": (
        ValueError, r"expected one forget bias, or one for each of 2 units, got shape \(1,\)", [1],
    ),
    "whole bias": (
        ValueError, r"expected one forget bias, .* got shape \(8,\)", np.ones(4 * UNITS),
    ),
    "a column": (ValueError, r"expected one forget bias, .* got shape \(2, 1\)", np.ones((2, 1))),
    "nothing": (ValueError, r"expected one forget bias, .* got shape \(0,\)", []),
    "too large": (
        ValueError, r"expected a forget bias that float32 holds, up to 3.40282e\+38, got 1e\+39",
        [0, -1e39],
    ),
    "text": (TypeError, "expected the forget bias as real numbers, got str", "5.0"),
    "texts": (TypeError, "expected the forget bias as real numbers, got dtype <U1", ["5", "5"]),
    "None": (TypeError, "expected the forget bias as real numbers, got NoneType", None),
    "bool": (TypeError, "expected the forget bias as real numbers, got bool", True),
    "complex": (TypeError, "expected the forget bias as real numbers, got complex", 1j),
    "huge int": (TypeError, "expected the forget bias as real numbers, got int", 10**400),
    "ragged": (
        TypeError, "expected the forget bias as real numbers, got rows of different lengths",
        [[1], [1, 2]],
    ),
    "gates": (
        TypeError, "expected the forget bias as real numbers, got rows of different lengths",
        lh.Gates([1], [1, 2], 3, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("error", "message", "value"), FORGET_BIASES.values(), ids=FORGET_BIASES)
@pytest.mark.parametrize("kind", [lstm, rnn])
def test_a_forget_bias_that_does_not_fit_is_refused_and_nothing_changes(
    kind, error, message, value
):
    layer = built(kind())
    before = contents(layer)
    with pytest.raises(error, match=f"^{message}$"):
        lh.set_forget_bias(layer, value)
    assert contents(layer) == before
    lh.set_forget_bias(layer, 5.0)
    assert contents(layer) != before


def test_what_float16_cannot_hold_is_refused():
    layer = built(lstm(dtype="float16"))
    before = contents(layer)
    with pytest.raises(ValueError, match=r"that float16 holds, up to 65504, got 70000$"):
        lh.set_forget_bias(layer, 7e4)
    assert contents(layer) == before


NO_FORGET_BIAS = {
    "without bias": (
        ValueError, "expected a layer with a bias, got 'memory' with use_bias=False",
        lambda: built(lstm(use_bias=False, name="memory")),
    ),
    "GRU": (TypeError, f"{WANTED}GRU around GRUCell", FOREIGN["GRU"][0]),
    "model": (TypeError, f"{WANTED}{FOREIGN['model'][1]}", FOREIGN["model"][0]),
}  # fmt: skip


@pytest.mark.parametrize(("error", "message", "make"), NO_FORGET_BIAS.values(), ids=NO_FORGET_BIAS)
def test_what_has_no_forget_bias_is_refused_and_untouched(error, message, make):
    layer = make()
    before = contents(layer)
    with pytest.raises(error, match=f"^{message}$"):
        lh.set_forget_bias(layer, 5.0)
    assert contents(layer) == before


@pytest.mark.parametrize("kind", [lstm, rnn])
def test_the_forget_bias_of_a_layer_that_is_not_built_yet(kind):
    layer = kind(name="memory")
    with pytest.raises(ValueError, match=f"^{WANTED}'memory' without weights: call the model"):
        lh.set_forget_bias(layer, 5.0)
    assert not layer.built
    assert not layer.weights


@pytest.mark.parametrize("given", [0, 1])
@pytest.mark.parametrize("switch", ["go_backwards", "stateful", "zero_output_for_mask"])
def test_a_switch_that_keras_was_given_as_a_number(switch, given):
    layer = keras.layers.LSTM(3, **{switch: given})
    layer.build((4, 4, 2))
    assert getattr(lh.gate_weights(layer), switch) is bool(given)


# Every LSTM of a model, by its path.


class Block(keras.layers.Layer):
    """Holds LSTMs in attributes and in a list, two of them under one name."""

    def __init__(self, name="block"):
        super().__init__(name=name)
        self.one, self.two = LSTM(2, name="lstm"), LSTM(3, name="lstm")
        self.rest = [LSTM(4, name="lstm"), keras.layers.GRU(5, name="gru")]


def test_paths_through_models_wrappers_and_layers_of_ones_own():
    inner = keras.Sequential([Block(), rnn(name="cell")], name="inner")
    both = keras.layers.Bidirectional(lstm(name="lstm"), name="both")
    steps = keras.layers.TimeDistributed(lstm(name="lstm"), name="steps")
    last = lstm(name="last")
    model = keras.Sequential([inner, both, steps, last], name="model")
    found = lh.lstm_layers(model)
    block = inner.layers[0]
    assert found == {
        "inner/block/lstm": block.one,
        "inner/block/lstm#2": block.two,
        "inner/block/lstm#3": block.rest[0],
        "inner/cell": inner.layers[1],
        "both/forward_lstm": both.forward_layer,
        "both/backward_lstm": both.backward_layer,
        "steps/lstm": steps.layer,
        "last": last,
    }
    assert list(found)[:3] == ["inner/block/lstm", "inner/block/lstm#2", "inner/block/lstm#3"]


def test_a_layer_in_two_places_is_found_once_and_one_alone_is_a_model_too():
    shared = lstm(name="shared")
    inputs = keras.Input((5, FEATURES))
    turned = keras.layers.Permute((2, 1))(shared(inputs)[:, None])
    model = keras.Model(inputs, [shared(inputs), turned])
    assert lh.lstm_layers(model) == {"shared": shared}
    holders = [keras.Sequential([shared], name=name) for name in ("one", "two")]
    assert lh.lstm_layers(keras.Sequential(holders)) == {"one/shared": shared}
    assert lh.lstm_layers(shared) == {"shared": shared}


@pytest.mark.parametrize("bad", [None, [], "model", LSTM, type("LSTM", (), {})()])
def test_what_is_no_model_has_no_layers(bad):
    got = "LSTM of test_layers" if type(bad).__name__ == "LSTM" else type(bad).__name__
    with pytest.raises(TypeError, match=f"^expected a Keras model or layer, got {got}$"):
        lh.lstm_layers(bad)


@pytest.mark.parametrize(
    ("parts", "got"),
    [
        ((keras.layers.Flatten(),), "no recurrent layer"),
        (
            (keras.layers.GRU(2, name="a"), keras.layers.SimpleRNN(2, name="b")),
            r"'a' \(GRU\), 'b' \(SimpleRNN\)",
        ),
        ((NoCell(),), r"'no_cell' \(NoCell\)"),
    ],
)  # fmt: skip
def test_a_model_without_an_lstm_says_what_it_has(parts, got):
    model = keras.Sequential(parts) if len(parts) > 1 else parts[0]
    with pytest.raises(ValueError, match=f"^expected a model with an LSTM, got {got}$"):
        lh.lstm_layers(model)


@pytest.mark.parametrize(
    ("layer", "got"),
    [
        (lambda: OwnLoop(UNITS, name="own"), r"OwnLoop, which has its own inner_loop\(\)"),
        (lambda: RNN(OwnCall(UNITS), name="own"), r"OwnCall, which has its own call\(\)"),
        (
            lambda: RNN([keras.layers.GRUCell(UNITS), LSTMCell(UNITS)], name="own"),
            "RNN around StackedRNNCells",
        ),
    ],
)
def test_an_lstm_that_computes_something_else_is_refused_by_its_path(layer, got):
    inner = keras.Sequential([keras.Input((5, FEATURES)), layer()], name="inner")
    with pytest.raises(TypeError, match=f"^'inner/own': {WANTED}{got}$"):
        lh.lstm_layers(keras.Sequential([inner, keras.layers.Dense(1)]))


def test_a_name_that_is_taken_gets_the_next_number():
    assert layers.free_name("a", []) == "a"
    assert layers.free_name("a", {"b"}) == "a"
    assert layers.free_name("a", {"a"}) == "a#2"
    assert layers.free_name("a", {"a", "a#2", "a#4"}) == "a#3"
