"""What each LSTM of a model did, equal to what Keras shows of it."""

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers.keras_tools import keras_trace

with lh.quiet():
    import keras
    from keras import layers, ops

LSTM = layers.LSTM
RNG = np.random.default_rng(0)
X = RNG.normal(size=(5, 7, 3)).astype("float32")
PADDED = X.copy()
for row, (start, end) in zip(PADDED, [(0, 7), (2, 7), (0, 4), (1, 3), (7, 7)], strict=True):
    row[:start], row[end:] = 0, 0
REAL = (PADDED != 0).any(axis=2)


@pytest.fixture(autouse=True)
def seeded():
    keras.utils.set_random_seed(1)


def sequential(*parts, shape=(7, 3)):
    return keras.Sequential([keras.Input(shape), *parts])


def outputs_of(model, names, x):
    """What Keras itself gives for these layers, by a model of its own."""
    wanted = [model.get_layer(name).output for name in names]
    return [np.asarray(one) for one in keras.Model(model.inputs, wanted)([x])]


def near(a, b, atol=1e-6):
    np.testing.assert_allclose(a, np.asarray(b), rtol=0, atol=atol)


class Subclassed(keras.Model):
    """LSTMs in attributes and in a list, and the data goes another way than they were made."""

    def __init__(self):
        super().__init__()
        self.last = LSTM(2, name="last")
        self.blocks = [LSTM(4, return_sequences=True, name=f"block{n}") for n in range(2)]

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return self.last(x)


def test_a_stack_in_the_order_of_its_work():
    model = sequential(LSTM(4, return_sequences=True, name="a"), LSTM(2, name="b"))
    traces = keras_trace(model, X)
    assert list(traces) == ["a", "b"]
    a, b = outputs_of(model, ["a", "b"], X)
    near(traces["a"].hidden, a)
    near(traces["b"].hidden[:, -1], b)


@pytest.mark.parametrize("merge", ["concat", None])
@pytest.mark.parametrize("sequences", [True, False])
def test_both_directions_with_padding_at_both_ends(sequences, merge):
    inputs = keras.Input((7, 3))
    both = layers.Bidirectional(
        LSTM(4, return_sequences=sequences, name="lstm"), merge_mode=merge, name="both"
    )
    model = keras.Model(inputs, both(layers.Masking()(inputs)))
    traces = keras_trace(model, PADDED)
    assert list(traces) == ["both/forward_lstm", "both/backward_lstm"]
    forward, backward = traces.values()
    assert (forward.mask == REAL).all()
    assert (backward.mask == REAL[:, ::-1]).all()
    out = model(PADDED)
    out = np.split(out, 2, axis=-1) if merge else out
    if sequences:
        near(forward.hidden, out[0])
        near(backward.hidden[:, ::-1], out[1])
    else:
        near(forward.hidden[:, -1], out[0])
        near(backward.hidden[:, -1], out[1])


def test_a_head_at_every_step():
    head = layers.TimeDistributed(layers.Dense(2), name="head")
    model = sequential(LSTM(4, return_sequences=True, name="a"), head)
    (trace,) = keras_trace(model, X).values()
    kernel, bias = head.get_weights()
    near(trace.hidden @ kernel + bias, model(X))


def test_an_lstm_in_time_distributed_runs_once_a_step():
    model = sequential(layers.TimeDistributed(LSTM(2, name="inner"), name="td"), shape=(3, 7, 3))
    x = np.stack([X, 2 * X, -X], axis=1)
    traces = keras_trace(model, x)
    assert list(traces) == ["td/inner", "td/inner#2", "td/inner#3"]
    near(np.stack([t.hidden[:, -1] for t in traces.values()], axis=1), model(x))


def test_a_layer_that_runs_in_a_graph_of_its_own_says_so():
    tf = pytest.importorskip("tensorflow")

    class Compiled(layers.Layer):
        def __init__(self):
            super().__init__(name="compiled")
            self.inner = LSTM(2, name="inner")

        @tf.function
        def call(self, x):
            return self.inner(x)

    model = sequential(Compiled())
    with pytest.raises(ValueError, match=r"'compiled/inner' unused or in a compiled graph: give"):
        keras_trace(model, X)
    assert "call" not in vars(model.layers[0].inner)


def test_an_encoder_hands_its_states_to_a_decoder_of_two_inputs():
    source, target = keras.Input((7, 3), name="source"), keras.Input((4, 2), name="target")
    _, *states = LSTM(4, return_state=True, name="encoder")(layers.Masking()(source))
    decoder = LSTM(4, return_sequences=True, name="decoder")
    model = keras.Model([source, target], decoder(target, initial_state=states))
    y = RNG.normal(size=(5, 4, 2)).astype("float32")
    traces = keras_trace(model, [PADDED, y])
    assert list(traces) == ["encoder", "decoder"]
    for given in ({"source": PADDED, "target": y}, (PADDED, y)):
        again = keras_trace(model, given)
        assert [t.hidden.tolist() for t in again.values()] == [
            t.hidden.tolist() for t in traces.values()
        ]
    near(traces["decoder"].hidden, model([PADDED, y]))
    ended = keras.Model(source, states)(PADDED)
    near(traces["decoder"].initial_state[0], ended[0])
    near(traces["decoder"].initial_state[1], ended[1])
    assert traces["encoder"].mask is not None
    assert traces["decoder"].mask is None


@pytest.mark.parametrize("zeros", [True, False])
@pytest.mark.parametrize("backwards", [True, False])
def test_states_at_the_end_of_padding(zeros, backwards):
    inputs = keras.Input((7, 3))
    layer = LSTM(
        4, return_sequences=True, return_state=True, zero_output_for_mask=zeros,
        go_backwards=backwards, name="a",
    )  # fmt: skip
    model = keras.Model(inputs, layer(layers.Masking()(inputs)))
    # keras_trace compares all three that Keras returns; here that it had something to compare.
    (trace,) = keras_trace(model, PADDED).values()
    out, hidden, cell = model(PADDED)
    near(trace.hidden, out)
    near(trace.cell[:, -1], cell)
    # Without a step that counts, a layer ends where it started.
    assert not hidden[-1].numpy().any()


def test_inside_models_and_subclasses():
    inner = sequential(LSTM(4, return_sequences=True, name="a"), LSTM(2, name="a2"))
    inner.name = "inner"
    inputs = keras.Input((7, 3))
    model = keras.Model(inputs, layers.Dense(1)(inner(inputs)))
    traces = keras_trace(model, X)
    assert list(traces) == ["inner/a", "inner/a2"]
    near(traces["inner/a2"].hidden[:, -1], inner(X))

    model = Subclassed()
    with pytest.raises(ValueError, match=r"expected a built model, got .* call it on data once"):
        keras_trace(model, X)
    y = model(X)
    assert set(lh.lstm_layers(model)) == {"last", "block0", "block1"}
    traces = keras_trace(model, X)
    assert list(traces) == ["block0", "block1", "last"]
    near(traces["last"].hidden[:, -1], y)


def test_a_layer_that_is_used_twice_has_two_traces():
    shared, inputs = LSTM(3, return_sequences=True, name="shared"), keras.Input((7, 3))
    model = keras.Model(inputs, shared(shared(inputs)))
    assert list(lh.lstm_layers(model)) == ["shared"]
    traces = keras_trace(model, X)
    assert list(traces) == ["shared", "shared#2"]
    near(traces["shared#2"].hidden, model(X))


@pytest.mark.parametrize(
    "options",
    [
        {"unroll": True},
        {"go_backwards": True},
        {"dropout": 0.5, "recurrent_dropout": 0.5},
        {"use_bias": False},
        {"recurrent_activation": "hard_sigmoid", "activation": "relu"},
        {"dtype": "float64"},
    ],
)
@pytest.mark.parametrize("sequences", [True, False])
def test_options_of_the_layer(options, sequences):
    model = sequential(LSTM(4, return_sequences=sequences, name="a", **options))
    trace = keras_trace(model, X)["a"]
    shown = trace.hidden if sequences else trace.hidden[:, -1]
    near(shown, model(X), 1e-13 if "dtype" in options else 1e-6)


def test_a_cell_in_an_rnn():
    model = sequential(layers.RNN(layers.LSTMCell(4), name="a"))
    near(keras_trace(model, X)["a"].hidden[:, -1], model(X))


@pytest.mark.parametrize(("units", "steps"), [(1, 1), (1, 2000), (512, 1), (512, 300)])
def test_sizes(units, steps):
    x = RNG.normal(size=(2, steps, 3)).astype("float32")
    model = sequential(LSTM(units, name="a"), shape=(None, 3))
    near(keras_trace(model, x)["a"].hidden[:, -1], model(x))


def test_a_stateful_layer_starts_where_it_was_and_is_put_back():
    inputs = keras.Input(batch_shape=(5, 7, 3))
    gru = layers.GRU(2, stateful=True, return_sequences=True, name="gru")
    model = keras.Model(inputs, LSTM(4, stateful=True, name="a")(gru(inputs)))
    model(X)
    before = [state.numpy() for one in (gru, model.layers[-1]) for state in one.states]
    trace = keras_trace(model, -X)["a"]
    assert all(state.any() for state in before)
    after = [state.numpy() for one in (gru, model.layers[-1]) for state in one.states]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    assert (trace.initial_state[0] == before[1]).all()
    assert (trace.initial_state[1] == before[2]).all()
    near(trace.hidden[:, -1], model(-X))


def test_nothing_is_left_behind_and_what_was_there_stays():
    model = sequential(LSTM(4, name="a"))
    layer = model.layers[0]
    keras_trace(model, X)
    assert "call" not in vars(layer)
    mine = layer.call
    vars(layer)["call"] = mine
    keras_trace(model, X)
    assert vars(layer)["call"] is mine


def test_a_replay_that_differs_is_never_returned():
    """The check itself: a layer that answers something else than it computes."""
    model = sequential(LSTM(4, name="a"))
    layer = model.layers[0]
    call = layer.call
    vars(layer)["call"] = lambda sequences, mask=None, training=False: call(sequences) + 2e-5
    with pytest.raises(RuntimeError, match=r"^'a': expected the replay .* got a difference of 2"):
        keras_trace(model, X)


@pytest.mark.parametrize("unroll", [True, False])
def test_zeros_that_keras_puts_at_the_wrong_steps_are_said_to_be_its_own(unroll):
    inputs = keras.Input((7, 3))
    both = layers.Bidirectional(
        LSTM(4, return_sequences=True, unroll=unroll, name="a"), name="both"
    )
    model = keras.Model(inputs, both(layers.Masking()(inputs)))
    if not unroll:
        assert len(keras_trace(model, PADDED)) == 2
        return
    # Padding that is the same from both ends is zeroed where it is.
    assert len(keras_trace(model, PADDED[3:] * REAL[3:, ::-1, None])) == 2
    words = r"^'both/backward_a': .* the wrong steps, so the outputs .* make it with unroll=False"
    with pytest.raises(RuntimeError, match=words):
        keras_trace(model, PADDED)


def test_in_float64_a_smaller_difference_is_one():
    model = sequential(LSTM(4, name="a", dtype="float64"))
    layer = model.layers[0]
    call = layer.call
    vars(layer)["call"] = lambda sequences, mask=None, training=False: call(sequences) + 2e-10
    with pytest.raises(RuntimeError, match=r"within 1e-11, got a difference of 2\.0e-10$"):
        keras_trace(model, X)


def test_rounding_of_large_outputs_is_no_difference():
    model = sequential(LSTM(4, name="a", activation="relu"))
    layer = model.layers[0]
    layer.set_weights([100 * weight for weight in layer.get_weights()])
    trace = keras_trace(model, 1000 * X)["a"]
    assert trace.hidden[:, -1].max() > 1e5
    np.testing.assert_allclose(trace.hidden[:, -1], model(1000 * X), rtol=1e-5)


def test_a_window_of_padding_alone_ends_in_the_states_that_it_was_given():
    inputs, hidden, cell = keras.Input((7, 3)), keras.Input((4,)), keras.Input((4,))
    layer = LSTM(4, return_sequences=True, return_state=True, zero_output_for_mask=True, name="a")
    # Beside states, Keras passes no mask on by itself.
    mask = layers.Masking().compute_mask(inputs)
    read = layer(inputs, initial_state=[hidden, cell], mask=mask)
    model = keras.Model([inputs, hidden, cell], read)
    states = [RNG.normal(size=(5, 4)).astype("float32") for _ in range(2)]
    (trace,) = keras_trace(model, [PADDED, *states]).values()
    _, ended, kept = model([PADDED, *states])
    near(ended[-1], states[0][-1])
    near(kept[-1], states[1][-1])
    near(trace.initial_state[0], states[0])


def test_nan_in_the_data_is_nan_in_both():
    x = X.copy()
    x[0, 3, 1] = np.nan
    hidden = keras_trace(sequential(LSTM(4, name="a")), x)["a"].hidden
    assert np.isnan(hidden).any(axis=2).tolist() == [[False] * 3 + [True] * 4] + [[False] * 7] * 4


def test_without_padding_nothing_is_said_of_keras():
    options = {"unroll": True, "go_backwards": True, "zero_output_for_mask": True}
    model = sequential(LSTM(4, return_sequences=True, name="a", **options))
    layer = model.layers[0]
    call = layer.call
    vars(layer)["call"] = lambda sequences, mask=None, training=False: call(sequences) + 2e-5
    with pytest.raises(RuntimeError, match=r"a difference of [0-9.e-]+$"):
        keras_trace(model, X)


class OwnCall(LSTM):
    def call(self, sequences, initial_state=None, mask=None, training=False):
        return super().call(sequences)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sequential(layers.GRU(2, name="g")), ValueError, r"an LSTM, got 'g' \(GRU\)$"),
        (
            lambda: sequential(layers.SimpleRNN(2, name="s")),
            ValueError,
            r"an LSTM, got 's' \(SimpleRNN\)$",
        ),
        (
            lambda: sequential(layers.ConvLSTM1D(2, 2, name="c"), shape=(4, 7, 3)),
            ValueError,
            r"an LSTM, got 'c' \(ConvLSTM1D\)$",
        ),
        (
            lambda: sequential(layers.RNN([layers.LSTMCell(2), layers.LSTMCell(3)], name="cells")),
            TypeError,
            "^'cells': expected .*, got RNN around StackedRNNCells",
        ),
        (lambda: sequential(OwnCall(2, name="own")), TypeError, "^'own': .* its own call"),
        (
            lambda: sequential(layers.Flatten(), layers.Dense(2)),
            ValueError,
            "an LSTM, got no recurrent layer$",
        ),
        (
            lambda: sequential(LSTM(2, activation="gelu", name="a")),
            ValueError,
            "^'a': expected activation to be one of .*, got 'gelu'",
        ),
        (
            lambda: sequential(LSTM(2, dtype="mixed_bfloat16", name="a")),
            ValueError,
            "^'a': .*mixed precision is not reproduced",
        ),
        (lambda: LSTM(2), TypeError, "^expected a Keras model, got LSTM"),
        (lambda: None, TypeError, "^expected a Keras model, got NoneType"),
    ],
)
def test_what_is_refused_by_name(make, error, message):
    x = np.zeros((2, 4, 7, 3)) if "ConvLSTM" in message else X
    with pytest.raises(error, match=message):
        keras_trace(make(), x)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[0], ValueError, r"expected x of shape \(any, 7, 3\), got \(7, 3\)$"),
        (X[:, :6], ValueError, r"expected x of shape \(any, 7, 3\), got \(5, 6, 3\)$"),
        ([X, X], ValueError, r"got \(5, 7, 3\), \(5, 7, 3\)$"),
        ([], ValueError, r"expected x of shape \(any, 7, 3\), got \(0,\)$"),
        (None, TypeError, "expected x as real numbers, got NoneType"),
        ([[1, 2], [3]], TypeError, "expected x as real numbers, got rows of different lengths"),
        ({"x": ["a"]}, TypeError, "expected x as real numbers, got"),
    ],
)
def test_inputs_that_do_not_fit(x, error, message):
    model = sequential(LSTM(2, name="a"))
    with pytest.raises(error, match=message):
        keras_trace(model, x)
    assert "call" not in vars(model.layers[0])


def test_lists_of_numbers_are_an_array():
    model = sequential(LSTM(2, name="a"))
    assert (keras_trace(model, X.tolist())["a"].hidden == keras_trace(model, X)["a"].hidden).all()


def test_names_that_come_twice_and_a_layer_for_a_model():
    class Twins(layers.Layer):
        def __init__(self):
            super().__init__(name="twins")
            self.one, self.two = LSTM(2, name="lstm"), LSTM(3, name="lstm")

        def call(self, x):
            return ops.concatenate([self.one(x), self.two(x)], axis=-1)

    model = sequential(Twins())
    assert [layer.units for layer in lh.lstm_layers(model).values()] == [2, 3]
    assert list(lh.lstm_layers(model)) == ["twins/lstm", "twins/lstm#2"]
    assert list(keras_trace(model, X)) == ["twins/lstm", "twins/lstm#2"]
    lone = LSTM(2, name="lone")
    assert lh.lstm_layers(lone) == {"lone": lone}
    for bad in (None, [lone], X):
        with pytest.raises(TypeError, match="expected a Keras model or layer, got"):
            lh.lstm_layers(bad)


def test_other_layers_beside_an_lstm_are_passed_by():
    model = sequential(layers.GRU(3, return_sequences=True), LSTM(2, name="a"))
    assert list(lh.lstm_layers(model)) == ["a"]
    near(keras_trace(model, X)["a"].hidden[:, -1], model(X))


def test_half_precision_is_refused_by_name():
    model = sequential(LSTM(2, name="a", dtype="float16"))
    with pytest.raises(ValueError, match=r"^'a': expected an LSTM of float32 or float64, got flo"):
        keras_trace(model, X)
