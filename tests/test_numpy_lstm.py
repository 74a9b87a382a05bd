"""The NumPy LSTM against Keras, and against a textbook loop."""

import dataclasses
import functools
import itertools
import re
import tracemalloc

import numpy as np
import pytest
from common import glorot, random_weights
from test_activations import FUNCTIONS

import lstm_helpers as lh
from lstm_helpers import _activations, numpy_lstm

with lh.quiet():
    import keras
    import tensorflow as tf

ACTIVATIONS = ("tanh", "sigmoid", "relu", "linear", "hard_sigmoid")
# At ordinary (Glorot) scale; half precision has 11 bits.
TOLERANCE = {"float32": 1e-6, "float64": 1e-13, "float16": 4e-3}
glorot_weights = functools.partial(random_weights, draw=glorot)


# First what needs NumPy alone: it is fast, and a mistake shows here at the simplest.


def textbook(w, x, state=None, mask=None):
    """The six lines, as one would write them; returns i, f, c~, o, cell, hidden by step."""
    activation, gate = FUNCTIONS[w.activation], FUNCTIONS[w.recurrent_activation]
    h, c = np.zeros((2, len(x), w.units)) if state is None else state
    mask = np.ones(x.shape[:2], bool) if mask is None else mask
    W, U, b = w.kernel, w.recurrent_kernel, w.bias or lh.Gates(0, 0, 0, 0)
    shown, signals = np.zeros_like(h), []
    for t in range(x.shape[1])[:: -1 if w.go_backwards else 1]:
        i = gate(x[:, t] @ W.i + h @ U.i + b.i)
        f = gate(x[:, t] @ W.f + h @ U.f + b.f)
        candidate = activation(x[:, t] @ W.c + h @ U.c + b.c)
        o = gate(x[:, t] @ W.o + h @ U.o + b.o)
        counts = mask[:, t, None]
        c = np.where(counts, f * c + i * candidate, c)
        h = np.where(counts, o * activation(c), h)
        shown = np.where(counts, h, 0 if w.zero_output_for_mask else shown)
        signals.append((i, f, candidate, o, c, shown))
    return [np.stack(signal, axis=1) for signal in zip(*signals, strict=True)]


def check_signals(trace, expected):
    for ours, theirs in zip((*trace.gates, trace.cell, trace.hidden), expected, strict=True):
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(
    "names",
    [
        ("tanh", "sigmoid"),
        ("tanh", "hard_sigmoid"),
        ("tanh", "hard_sigmoid_keras1"),
        ("sigmoid", "sigmoid"),
        ("linear", "sigmoid"),
        ("relu", "tanh"),
    ],
    ids="-".join,
)
def test_every_signal_is_that_of_the_textbook_loop(names, use_bias):
    rng = np.random.default_rng(0)
    w = glorot_weights(rng, 11, 3, scale=2.0, bias=use_bias)
    w = dataclasses.replace(w, activation=names[0], recurrent_activation=names[1])
    x = rng.normal(size=(7, 24, 3))
    check_signals(lh.replay(w, x), textbook(w, x))


@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks_and_states_are_those_of_the_textbook_loop(
    go_backwards, zero_output_for_mask, with_state
):
    rng = np.random.default_rng(1)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    w = glorot_weights(rng, 4, 3, **options)
    x, mask = rng.normal(size=(9, 6, 3)), rng.random((9, 6)) > 0.4
    mask[0], mask[1] = False, True
    state = tuple(rng.normal(size=(2, 9, 4))) if with_state else None
    given = [part.copy() for part in (x, mask, *(state or ()))]
    trace = lh.replay(w, x, state, mask)
    check_signals(trace, textbook(w, x, state, mask))
    np.testing.assert_array_equal(trace.mask, mask[:, ::-1] if go_backwards else mask)
    for ours, theirs in zip(trace.initial_state, state or np.zeros((2, 9, 4)), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for before, after in zip(given, (x, mask, *(state or ())), strict=True):
        np.testing.assert_array_equal(before, after)


def test_what_is_not_finite_or_too_large_passes_silently():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(4, 5, 2))
    x[0, 1], x[1, 2], x[2, 3] = np.nan, [np.inf, -np.inf], 1e300  # infinite in single precision
    for names in (("relu", "sigmoid"), ("linear", "hard_sigmoid")):
        w = glorot_weights(rng, 3, 2, dtype="float32")
        w = dataclasses.replace(w, activation=names[0], recurrent_activation=names[1])
        broken = ~np.isfinite(lh.replay(w, x).hidden).all(axis=(1, 2))
        assert broken.tolist() == [True, True, True, False]
        assert np.isfinite(lh.input_jacobian(w, x, np.eye(3))[3]).all()


def test_the_allowance_is_what_the_docstring_says():
    assert numpy_lstm._WORKSPACE == 256 * 2**20
    assert "256 MiB" in lh.replay.__doc__


def test_blocks_fill_the_allowance_and_cover_the_batch_once(monkeypatch):
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 100)
    assert numpy_lstm.blocks(10, 33) == [slice(0, 3), slice(3, 6), slice(6, 9), slice(9, 10)]
    assert numpy_lstm.blocks(10, 34) == [slice(n, n + 2) for n in range(0, 10, 2)]
    assert numpy_lstm.blocks(4, 1) == [slice(0, 4)]
    assert numpy_lstm.blocks(2, 1000) == [slice(0, 1), slice(1, 2)]
    assert numpy_lstm.blocks(0, 1) == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_what_one_sample_is_taken_to_need(dtype, monkeypatch):
    """The blocks are cut by it; another test measures that they keep to the allowance."""
    asked = []

    def spy(batch, bytes_per_sample):
        asked.append((batch, bytes_per_sample))
        return [slice(0, batch)]

    monkeypatch.setattr(numpy_lstm, "blocks", spy)
    w = glorot_weights(np.random.default_rng(0), 5, 2, dtype=dtype)
    x, size = np.zeros((4, 7, 2)), np.dtype(dtype).itemsize
    lh.replay(w, x)
    lh.replay(w, x, keep=("cell",))
    numpy_lstm.last_hidden(w, x)
    # 5 units, 2 features; all six signals of 7 steps, and of the state before them.
    some = 6 * 5 * 8 + 12 * 5 + 2
    assert asked == [(4, size * (12 * 5 + 2)), (4, size * some), (4, size * some)]


@pytest.fixture(scope="module")
def w():
    return glorot_weights(np.random.default_rng(10), 4, 2, dtype="float32")


X = np.zeros((3, 5, 2))


def test_an_empty_batch_gives_an_empty_trace(w):
    assert lh.replay(w, X[:0]).gates.o.shape == (0, 5, 4)
    assert lh.input_jacobian(w, X[:0], np.eye(4)).shape == (0, 4, 5, 2)


def test_a_trace_is_compared_by_identity_and_cannot_be_rewritten(w):
    trace = lh.replay(w, X)
    assert len({trace, lh.replay(w, X)}) == 2
    assert repr(trace) == "LSTMTrace(batch=3, time=5, units=4, dtype=float32)"
    with pytest.raises(dataclasses.FrozenInstanceError):
        trace.hidden = trace.cell


# What is kept.


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("keep", [("hidden",), ["f", "cell"], ("o", "c", "i"), ("hidden", "i")])
@pytest.mark.parametrize("at_once", [2**28, 2000])
def test_what_is_kept_is_the_same_and_the_rest_is_none(
    keep, zero_output_for_mask, go_backwards, at_once, monkeypatch
):
    rng = np.random.default_rng(11)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    w = glorot_weights(rng, 4, 2, **options)
    x, mask = rng.normal(size=(7, 5, 2)), rng.random((7, 5)) > 0.4
    mask[0] = False
    state = tuple(rng.normal(size=(2, 7, 4)))
    whole = lh.replay(w, x, state, mask)
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", at_once)
    some = lh.replay(w, x, state, mask, keep=keep)
    for name in numpy_lstm.SIGNALS:
        ours, expected = (
            getattr(trace if name in ("cell", "hidden") else trace.gates, name)
            for trace in (some, whole)
        )
        if name in keep:
            np.testing.assert_allclose(ours, expected, rtol=0, atol=1e-13)
            assert ours.dtype == expected.dtype
        else:
            assert ours is None
    np.testing.assert_array_equal(some.mask, whole.mask)
    np.testing.assert_array_equal(some.initial_state, whole.initial_state)
    kept = tuple(name for name in numpy_lstm.SIGNALS if name in keep)
    assert repr(some) == f"LSTMTrace(batch=7, time=5, units=4, dtype=float64, keep={kept})"
    assert "keep" not in repr(whole)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("at_once", [2**28, 2000])
def test_the_last_hidden_state_alone(zero_output_for_mask, go_backwards, at_once, monkeypatch):
    rng = np.random.default_rng(12)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    w = glorot_weights(rng, 4, 2, **options)
    x, mask = rng.normal(size=(7, 5, 2)), rng.random((7, 5)) > 0.4
    mask[0] = False
    mask[1] = [True, True, False, True, True]
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", at_once)
    for given in (None, mask):
        expected = lh.replay(w, x, mask=given).hidden[:, -1]
        found = numpy_lstm.last_hidden(w, x, given)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    assert (found[0] == 0).all()
    assert (found[1] != 0).all()
    assert numpy_lstm.last_hidden(w, x[:0]).shape == (0, 4)
    assert lh.replay(w, x[:0], keep=["o"]).gates.o.shape == (0, 5, 4)


def peak(work):
    """The most that Python and NumPy hold during it, in bytes; the same at each run."""
    tracemalloc.start()
    kept = work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return most


def test_what_is_not_kept_takes_no_memory(monkeypatch):
    """Of a signal of 300 KiB; the block is 1 MiB beside them, whatever is kept."""
    rng = np.random.default_rng(13)
    w = glorot_weights(rng, 16, 2, dtype="float32")
    x = rng.normal(size=(3000, 50, 2)).astype("float32")
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 2**20)
    signal, spare = 3000 * 50 * 16 * 4, 6 * 3000 * 16 * 4  # states, and the row behind the last
    everything = peak(lambda: lh.replay(w, x))
    assert 6 * signal < everything
    for keep in (("hidden",), ("i", "cell")):
        most = peak(lambda keep=keep: lh.replay(w, x, keep=keep))
        assert len(keep) * signal < most < len(keep) * signal + 2**20 + spare < everything / 2
    assert peak(lambda: numpy_lstm.last_hidden(w, x)) < 2**20 + spare < signal


# Edits.


@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_masked_step_is_skipped_with_its_edits(go_backwards):
    """So padding changes nothing, whatever an edit does at its steps."""
    rng = np.random.default_rng(14)
    w = glorot_weights(rng, 4, 2, go_backwards=go_backwards)
    x, state = rng.normal(size=(3, 5, 2)), tuple(rng.uniform(-1, 1, (2, 3, 4)))

    def halve(signal, step, value):
        return value / 2 if signal in ("f", "cell", "hidden") else value

    plain = lh.replay(w, x, state, edit=halve)
    padded, mask = np.full((3, 8, 2), 9.0), np.zeros((3, 8), bool)
    places = [0, 2, 3, 5, 6]
    padded[:, places], mask[:, places] = x, True
    trace = lh.replay(w, padded, state, mask, edit=halve)
    np.testing.assert_allclose(trace.hidden[:, -1], plain.hidden[:, -1], rtol=0, atol=1e-13)
    np.testing.assert_allclose(trace.cell[:, -1], plain.cell[:, -1], rtol=0, atol=1e-13)
    assert np.abs(plain.cell[:, -1] - lh.replay(w, x, state).cell[:, -1]).min() > 1e-3


def test_an_edit_gets_the_whole_batch_and_what_is_kept_takes_no_more_memory(monkeypatch):
    rng = np.random.default_rng(15)
    w = glorot_weights(rng, 16, 2)
    x, shapes = rng.normal(size=(300, 50, 2)), set()

    def note(signal, step, value):
        shapes.add(value.shape)
        return value

    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 1)
    assert lh.replay(w, x, keep=["hidden"], edit=note).hidden.base.nbytes == 300 * 50 * 16 * 8
    assert lh.replay(w, x, edit=note).cell.shape == (300, 50, 16)
    assert shapes == {(300, 16)}
    shapes.clear()
    for keep in (numpy_lstm.SIGNALS, ["cell"]):
        assert lh.replay(w, x[:0], keep=keep, edit=note).cell.shape == (0, 50, 16)
    assert not shapes


def test_what_an_edit_gets_it_cannot_change_and_what_it_returns_is_copied(w):
    def in_place(signal, step, value):
        value[...] = 0
        return value

    with pytest.raises(ValueError, match="read-only"):
        lh.replay(w, X, edit=in_place)

    given = []

    def others(signal, step, value):
        """The windows in another order: a view of what is written to."""
        given.append((value, value.copy(), np.array(value[::-1])))
        return value[::-1]

    x = np.random.default_rng(16).normal(size=(3, 5, 2))
    lh.replay(w, x, edit=others)
    assert len(given) == 5 * 6
    for shown, _, returned in given:
        np.testing.assert_array_equal(shown, returned)
    assert any((before != returned).any() for _, before, returned in given)


def test_nan_that_an_edit_only_passes_on_is_no_error(w):
    x = np.zeros((3, 5, 2))
    x[1, 2] = np.nan
    plain = lh.replay(w, x)
    assert np.isnan(plain.hidden).any()
    copied = lh.replay(w, x, edit=lambda signal, step, value: value.copy())
    np.testing.assert_array_equal(copied.hidden, plain.hidden)
    for bad in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match=r"^expected edit\('o', 3, ...\) to return finite"):
            lh.replay(w, x, edit=lambda *at, bad=bad: at[2] + (bad if at[:2] == ("o", 3) else 0))


@pytest.mark.parametrize("dtype", ["int64", "float64", "float32", bool])
def test_what_an_edit_returns_is_cast_to_the_dtype_of_the_weights(dtype):
    w = random_weights(np.random.default_rng(10), 4, 2, dtype="float32")

    def open_all(signal, step, value):
        return np.ones(value.shape, dtype) if signal in "if" else value

    trace = lh.replay(w, X, edit=open_all)
    assert {signal.dtype for signal in trace._kept().values()} == {np.dtype("float32")}
    assert (trace.gates.i == 1).all()
    assert (trace.gates.f == 1).all()
    np.testing.assert_allclose(trace.cell[:, 1], trace.gates.c[:, :2].sum(axis=1), rtol=1e-6)


@pytest.mark.parametrize("keep", [(), ["hidden", "h"], ("gates",), [None], [["i"]]])
def test_what_cannot_be_kept(w, keep):
    message = re.escape(f"expected keep of 'i', 'f', 'c', 'o', 'cell', 'hidden', got {keep!r}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        lh.replay(w, X, keep=keep)


@pytest.mark.parametrize("keep", ["hidden", None, {"i": 1}])
def test_keep_is_a_list_of_names(w, keep):
    message = re.escape(f"expected keep as a list or tuple of names, got {keep!r}")
    with pytest.raises(TypeError, match=f"^{message}$"):
        lh.replay(w, X, keep=keep)


def test_a_trace_is_asked_for_what_it_holds(w):
    trace = lh.replay(w, X, keep=("cell", "f"))
    numpy_lstm.checked_trace(trace, "cell", "f")
    message = (
        "^expected a trace that holds i, f, got one of f, cell: "
        r"name all of them in replay\(..., keep=...\)$"
    )
    with pytest.raises(ValueError, match=message):
        numpy_lstm.checked_trace(trace, "i", "f")
    with pytest.raises(TypeError, match=r"^expected an LSTMTrace, as replay returns it, got int$"):
        numpy_lstm.checked_trace(3, "f")


@pytest.mark.parametrize("fast", [False, True])
def test_gates_in_single_precision_are_right_to_9e_8(fast, monkeypatch):
    """As the docstring of ``replay`` says.

    Measured on this grid: 8.9e-8 by exp, 6.0e-8 by tanh, 7.2e-8 by tanh without FMA.
    """
    monkeypatch.setattr(_activations, "fast_tanh", lambda dtype: fast)
    kernel = np.array([[0, 1, 0, 0]], "float32")
    w = lh.LSTMWeights.from_arrays([kernel, np.zeros_like(kernel)])
    z = np.linspace(-40, 40, 200_001, dtype="float32")
    found = lh.replay(w, z[:, None, None], keep=("f",)).gates.f[:, 0, 0]
    exact = 1 / (1 + np.exp(-z.astype(float)))
    assert np.abs(found - exact).max() < (8e-8 if fast else 1e-7)
    shut = np.abs(exact - 1e-8) < 1e-9
    assert shut.any()
    if fast:
        assert (np.isclose(found[shut], 3e-8, rtol=0.01) | (found[shut] == 0)).all()
    else:
        np.testing.assert_allclose(found[shut], exact[shut], rtol=1e-6)
    assert "about 9e-8" in lh.replay.__doc__
    # Since Python 3.13 a docstring has lost its indentation.
    assert "1e-8 comes out as 0 or 3e-8" in " ".join(lh.replay.__doc__.split())


# Against Keras.


def keras_layer(units, features, **options):
    options = {"return_sequences": True, "return_state": True} | options
    layer = keras.layers.LSTM(units, **options)
    layer.build((options.get("batch"), None, features))
    return layer


def redraw(rng, layer, scale=1.0):
    """Set Glorot weights and a small random bias: Keras' own draws, but seeded."""
    layer.set_weights([scale * glorot(rng, a.shape).astype(a.dtype) for a in layer.get_weights()])
    return lh.gate_weights(layer)


def random_state(rng, batch, units, dtype):
    return tuple(rng.uniform(-1, 1, (batch, units)).astype(dtype) for _ in range(2))


def run_keras(layer, x, state=None, mask=None):
    """Return (all hidden states, last hidden state, last cell state)."""
    state = None if state is None else [tf.constant(part) for part in state]
    mask = None if mask is None else tf.constant(mask)
    return [part.numpy() for part in layer(tf.constant(x), initial_state=state, mask=mask)]


# Gates that are not bounded let most networks explode, whatever computes them: a few steps then.
CONFIGURATIONS = [
    (activation, recurrent_activation, dtype)
    for dtype in ("float32", "float64")
    for activation, recurrent_activation in itertools.product(ACTIVATIONS, repeat=2)
]


@pytest.mark.parametrize("number", range(len(CONFIGURATIONS)))
def test_generated_layers_equal_keras(number):
    activation, recurrent_activation, dtype = CONFIGURATIONS[number]
    rng = np.random.default_rng(number)
    units = int(np.linspace(1, 128, len(CONFIGURATIONS))[number])
    features = int(rng.integers(1, 12))
    layer = keras_layer(
        units,
        features,
        activation=activation,
        recurrent_activation=recurrent_activation,
        dtype=dtype,
        use_bias=number % 3 > 0,
        go_backwards=number % 2 > 0,
    )
    with_state, with_mask = number % 5 > 1, number % 7 > 3
    signature = [tf.TensorSpec((None, None, features), dtype)]
    signature += with_state * [tf.TensorSpec((None, units), dtype)] * 2
    signature += with_mask * [tf.TensorSpec((None, None), "bool")]

    @tf.function(input_signature=signature)
    def oracle(x, *rest):
        state = list(rest[:2]) if with_state else None
        return layer(x, initial_state=state, mask=rest[-1] if with_mask else None)

    longest = 200 if recurrent_activation not in ("relu", "linear") else 8
    for example in range(10):
        w = redraw(rng, layer)
        batch = int(rng.integers(1, 9))
        time = longest if example == 0 else int(rng.integers(1, longest))
        x = rng.normal(size=(batch, time, features)).astype(dtype)
        state = random_state(rng, batch, units, dtype) if with_state else None
        mask = rng.random((batch, time)) > 0.3 if with_mask else None
        given = [x, *(state or []), *([mask] if with_mask else [])]
        hidden, _, last_cell = (part.numpy() for part in oracle(*map(tf.constant, given)))

        trace = lh.replay(w, x, state, mask)

        assert trace.hidden.dtype == dtype
        np.testing.assert_allclose(trace.hidden, hidden, rtol=0, atol=TOLERANCE[dtype])
        np.testing.assert_allclose(trace.cell[:, -1], last_cell, rtol=0, atol=TOLERANCE[dtype])
        if recurrent_activation in ("sigmoid", "hard_sigmoid"):
            for gate in (trace.gates.i, trace.gates.f, trace.gates.o):
                assert gate.min() >= 0
                assert gate.max() <= 1


@pytest.mark.parametrize("scale", [1, 3, 10, 30])
def test_no_further_from_float64_than_keras_however_large_the_weights(scale):
    """Chaotic networks blow rounding up: then no two programs agree, and ours is no worse."""
    rng = np.random.default_rng(scale)
    layer = keras_layer(32, 8)
    exact_layer = keras_layer(32, 8, dtype="float64")
    x = rng.normal(size=(64, 72, 8)).astype("float32")
    w = redraw(rng, layer, scale)
    exact_layer.set_weights(layer.get_weights())
    exact = run_keras(exact_layer, x.astype("float64"))[0]
    theirs = np.abs(run_keras(layer, x)[0] - exact).max()
    ours = np.abs(lh.replay(w, x).hidden - exact).max()
    assert ours <= max(1e-6, 4 * theirs)


def test_half_precision():
    rng = np.random.default_rng(1)
    layer = keras_layer(6, 3, dtype="float16")
    w = redraw(rng, layer)
    x = rng.normal(size=(4, 20, 3)).astype("float16")
    trace = lh.replay(w, x)
    assert trace.hidden.dtype == "float16"
    np.testing.assert_allclose(
        trace.hidden, run_keras(layer, x)[0], rtol=0, atol=TOLERANCE["float16"]
    )


def test_input_is_cast_to_the_dtype_of_the_weights():
    rng = np.random.default_rng(2)
    w = redraw(rng, keras_layer(4, 2))
    for x in (rng.normal(size=(3, 5, 2)), rng.integers(-9, 9, (3, 5, 2))):
        trace = lh.replay(w, x)
        assert trace.hidden.dtype == "float32"
        np.testing.assert_array_equal(trace.hidden, lh.replay(w, x.astype("float32")).hidden)
    assert lh.input_jacobian(w, x, np.eye(4)).dtype == "float32"


MASKS = {
    "padding behind": [1, 1, 1, 1, 0, 0],
    "padding in front": [0, 0, 1, 1, 1, 1],
    "holes": [0, 1, 0, 0, 1, 0],
    "nothing left": [0, 0, 0, 0, 0, 0],
}


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks_with_an_initial_state_equal_keras(mask, zero_output_for_mask, go_backwards):
    rng = np.random.default_rng(3)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    layer = keras_layer(5, 2, **options)
    w = redraw(rng, layer)
    x = rng.normal(size=(3, 6, 2)).astype("float32")
    x[:, ~np.array(mask, bool)] = np.nan  # what is masked must not be felt
    mask = np.array([mask, mask, [1] * 6], bool)
    x[2] = 1
    state = random_state(rng, 3, 5, "float32")
    hidden, _, last_cell = run_keras(layer, x, state, mask)

    trace = lh.replay(w, x, state, mask)

    np.testing.assert_allclose(trace.hidden, hidden, rtol=0, atol=1e-6)
    np.testing.assert_allclose(trace.cell[:, -1], last_cell, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(trace.mask, mask[:, ::-1] if go_backwards else mask)
    np.testing.assert_array_equal(trace.initial_state, state)


def test_backwards_the_trace_runs_in_the_order_of_the_work():
    rng = np.random.default_rng(4)
    w = redraw(rng, keras_layer(5, 2))
    x = rng.normal(size=(3, 6, 2)).astype("float32")
    backwards = lh.replay(dataclasses.replace(w, go_backwards=True), x)
    np.testing.assert_array_equal(backwards.gates.f, lh.replay(w, x[:, ::-1]).gates.f)


def test_stateful_layer_goes_on_from_the_state_it_is_given():
    rng = np.random.default_rng(5)
    layer = keras.layers.LSTM(4, stateful=True, return_sequences=True)
    layer.build((3, 6, 2))
    w = redraw(rng, layer)
    first, second = rng.normal(size=(2, 3, 6, 2)).astype("float32")
    layer(tf.constant(first))
    theirs = layer(tf.constant(second)).numpy()
    zeros = np.zeros((3, 4))
    trace = lh.replay(w, first, (zeros, zeros))
    trace = lh.replay(w, second, (trace.hidden[:, -1], trace.cell[:, -1]))
    np.testing.assert_allclose(trace.hidden, theirs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nan_and_infinity_come_out_where_keras_puts_them(activation, recurrent_activation):
    rng = np.random.default_rng(6)
    layer = keras_layer(5, 3, activation=activation, recurrent_activation=recurrent_activation)
    w = redraw(rng, layer)
    x = rng.normal(size=(6, 8, 3)).astype("float32")
    x[1, 3, 0] = np.nan
    x[2, 3, 1] = np.inf
    x[3, 3, 2] = -np.inf
    x[4, 3] = [np.inf, -np.inf, 1]
    x[5, 3] = 3e38
    hidden, _, cell = run_keras(layer, x)
    trace = lh.replay(w, x)
    np.testing.assert_allclose(trace.hidden, hidden, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(trace.cell[:, -1], cell, rtol=1e-5, atol=1e-6)
    assert np.isnan(trace.hidden).any(axis=(1, 2)).tolist()[:2] == [False, True]
    # A double too large for single precision is infinity there, silently.
    too_large = np.where(x == np.inf, 1e300, x.astype("float64"))
    np.testing.assert_array_equal(lh.replay(w, too_large).hidden, trace.hidden)
    lh.input_jacobian(w, x, np.eye(5))


def test_in_blocks_of_the_batch_the_numbers_stay_and_memory_is_kept(monkeypatch):
    rng = np.random.default_rng(9)
    w = redraw(rng, keras_layer(32, 8), scale=2.0)
    x = rng.normal(size=(5000, 6, 8)).astype("float32")
    mask = rng.random((5000, 6)) > 0.2
    head = rng.normal(size=(32, 4)).astype("float32")

    def work():
        tracemalloc.start()
        trace = lh.replay(w, x, mask=mask)
        beyond_trace = tracemalloc.get_traced_memory()[1] - 6 * trace.hidden.nbytes
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        jacobian = lh.input_jacobian(w, x, head, mask=mask)
        beyond_jacobian = tracemalloc.get_traced_memory()[1] - before - jacobian.nbytes
        tracemalloc.stop()
        return trace, jacobian, beyond_trace, beyond_jacobian

    whole, whole_jacobian, *_ = work()
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 2**20)
    trace, jacobian, beyond_trace, beyond_jacobian = work()
    # Not to the bit: products of other widths may add in another order. Measured over the kernels
    # of OpenBLAS, 12 seeds: 3.8e-7 with Haswell and Zen (Jacobian 4.2e-7), 0 with the others.
    np.testing.assert_allclose(trace.hidden, whole.hidden, rtol=0, atol=1e-6)
    np.testing.assert_allclose(trace.gates, whole.gates, rtol=0, atol=1e-6)
    np.testing.assert_allclose(jacobian, whole_jacobian, rtol=0, atol=1e-6)
    # Besides the work: eight arrays (batch, units), two initial states and the row behind the last.
    assert beyond_trace < 2**20 + 8 * 5000 * 32 * 4
    assert beyond_jacobian < 2**20 + 8 * 5000 * 32 * 4


def test_refusals_see_what_the_layer_says():
    for options in ({"activation": "elu"}, {"dtype": "mixed_bfloat16"}):
        with pytest.raises(ValueError, match=r"'elu'|mixed precision"):
            lh.replay(lh.gate_weights(keras_layer(4, 2, **options)), X)
