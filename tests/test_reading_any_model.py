"""report on models that people bring: those of the four questions behind the course, and others."""

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest

import lstm_helpers as lh

with lh.quiet():
    import keras
    from keras import layers


@pytest.fixture(autouse=True)
def fresh():
    """Keras' names begin anew, and weights are the same in each run."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)


def sequential(shape, *parts):
    return keras.Sequential([keras.Input(shape), *parts])


def question_000():
    return sequential((6, 2), layers.LSTM(5), layers.Dense(1))


def question_001():
    """A forecast of every feature, with an activation of its own."""
    return sequential((8, 3), layers.LSTM(6), layers.Dense(3), layers.Activation("linear"))


def question_002():
    return sequential((10, 10), layers.LSTM(128), layers.Dense(1))


def question_003():
    """64 units, and windows of any length."""
    return sequential((None, 10), layers.LSTM(64), layers.Dense(1))


def stacked():
    parts = layers.LSTM(4, return_sequences=True), layers.LSTM(3)
    return sequential((8, 3), *parts, layers.Dense(1))


def each_step():
    each = layers.TimeDistributed(layers.Dense(2))
    return sequential((8, 3), layers.LSTM(4, return_sequences=True), each, layers.LSTM(3))


def with_states():
    """An encoder gives its states to a decoder."""
    x = keras.Input((8, 3))
    _, *states = layers.LSTM(4, return_state=True)(x)
    return keras.Model(x, layers.Dense(1)(layers.LSTM(4)(x, initial_state=states)))


def nested():
    inner = sequential((8, 3), layers.LSTM(4))
    return sequential((8, 3), inner, layers.Dense(1))


class Subclassed(keras.Model):
    """An LSTM as an attribute."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = layers.LSTM(4), layers.Dense(1)

    def call(self, x):
        """The forecast."""
        return self.head(self.lstm(x))


def subclassed():
    model = Subclassed()
    model(np.zeros((1, 8, 3), "float32"))
    return model


def unrolled():
    return sequential((8, 3), layers.LSTM(4, unroll=True), layers.Dense(1))


def with_dropout():
    lstm = layers.LSTM(4, dropout=0.3, recurrent_dropout=0.3)
    return sequential((8, 3), lstm, layers.Dropout(0.5), layers.Dense(1))


def backwards():
    return sequential((8, 3), layers.LSTM(4, go_backwards=True), layers.Dense(1))


def one_unit():
    return sequential((8, 3), layers.LSTM(1), layers.Dense(1))


def behind_a_convolution():
    return sequential((8, 3), layers.Conv1D(4, 3), layers.LSTM(4), layers.Dense(1))


BROUGHT = {  # how many LSTMs a report looks into
    question_000: 1,
    question_001: 1,
    question_002: 1,
    question_003: 1,
    stacked: 2,
    each_step: 2,
    with_states: 2,
    nested: 1,
    subclassed: 1,
    unrolled: 1,
    with_dropout: 1,
    backwards: 1,
    one_unit: 1,
    behind_a_convolution: 1,
}


@pytest.mark.parametrize("make", BROUGHT)
def test_a_report_of_what_people_bring(make):
    model = make()
    inputs = getattr(model, "inputs", None)  # a subclassed model names none
    _, steps, features = inputs[0].shape if inputs else (None, 8, 3)
    x = np.random.default_rng(0).normal(size=(40, steps or 9, features)).astype("float32")
    found = lh.report(model, x)
    assert len(found.weights) == BROUGHT[make], found.text
    assert "Nothing can be said of the inside" not in found.text
    profile = found.tables["lags"].column("expected gradients")
    assert len(profile) == x.shape[1]
    assert np.isfinite(profile).all()
    assert max(profile) > 0
    assert "looks untrained" in [warned.kind for warned in found.warnings]
    assert found.named == (None,) * 3 or found.named.lags is None
    assert "<svg" in found.html() or "<img" in found.html()


def test_a_gru_is_asked_from_outside():
    model = sequential((8, 3), layers.GRU(4), layers.Dense(1))
    found = lh.report(model, np.random.default_rng(0).normal(size=(40, 8, 3)).astype("float32"))
    assert found.weights == {}
    assert "Nothing can be said of the inside" in found.text
    assert max(found.tables["lags"].column("expected gradients")) > 0


def of_two_inputs():
    x, fixed = keras.Input((8, 3), name="x"), keras.Input((2,), name="fixed")
    both = layers.Concatenate()([layers.LSTM(4)(x), fixed])
    return keras.Model([x, fixed], layers.Dense(1)(both))


def stateful():
    return keras.Sequential(
        [keras.Input(batch_shape=(40, 8, 3)), layers.LSTM(4, stateful=True), layers.Dense(1)]
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [(of_two_inputs, "expected a model with one input, got 'x', 'fixed'"), (stateful, "stateful")],
)
def test_what_a_report_does_not_take_is_one_clear_error(make, words):
    x = np.random.default_rng(0).normal(size=(40, 8, 3)).astype("float32")
    with pytest.raises((TypeError, ValueError), match=words):
        lh.report(make(), x)
