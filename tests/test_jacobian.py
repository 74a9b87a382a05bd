"""The input Jacobian against a textbook loop, central differences of replay, and Keras."""

import dataclasses
import re

import numpy as np
import pytest
from test_activations import FUNCTIONS
from test_numpy_lstm import ACTIVATIONS, glorot_weights, keras_layer, random_state, redraw, textbook

import lstm_helpers as lh
from lstm_helpers import jacobian, numpy_lstm

with lh.quiet():
    import tensorflow as tf


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("recurrent_activation", FUNCTIONS)
@pytest.mark.parametrize("activation", [name for name in FUNCTIONS if name[-1] != "1"])
def test_jacobian_is_that_of_the_textbook_loop(activation, recurrent_activation, go_backwards):
    """The complex step: f(x + i s) / s has f'(x) as imaginary part, without a difference."""
    rng = np.random.default_rng(2)
    w = glorot_weights(rng, 4, 2, scale=1.3, bias=activation != "relu")
    names = {"activation": activation, "recurrent_activation": recurrent_activation}
    w = dataclasses.replace(w, go_backwards=go_backwards, **names)
    x, head = rng.normal(size=(3, 5, 2)), rng.normal(size=(4, 3))
    moved = (x + 1e-30j * np.eye(10).reshape(10, 1, 5, 2)).reshape(-1, 5, 2)
    last = textbook(w, moved)[-1][:, -1]
    expected = (last.imag @ head / 1e-30).reshape(5, 2, 3, 3).transpose(2, 3, 0, 1)
    found = lh.input_jacobian(w, x, head)
    size = max(1, np.abs(expected).max())
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * size)
    np.testing.assert_array_equal(lh.input_jacobian(w, x, head.tolist()), found)


@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid_keras1", "linear"])
def test_jacobian_equals_central_differences(recurrent_activation):
    rng = np.random.default_rng(8)
    w = glorot_weights(rng, 6, 2)
    w = dataclasses.replace(w, recurrent_activation=recurrent_activation)
    x = 0.3 * rng.normal(size=(2, 7, 2))
    head = rng.normal(size=(6, 3))
    step = 1e-5
    moved = step * np.eye(14).reshape(14, 1, 7, 2)
    up, down = (
        lh.replay(w, (x + sign * moved).reshape(-1, 7, 2)).hidden[:, -1] @ head for sign in (1, -1)
    )
    expected = ((up - down) / (2 * step)).reshape(7, 2, 2, 3).transpose(2, 3, 0, 1)
    np.testing.assert_allclose(lh.input_jacobian(w, x, head), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("use_bias", [False, True])
@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid", "tanh"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian_equals_gradient_tape(activation, recurrent_activation, use_bias, go_backwards):
    rng = np.random.default_rng(7)
    layer = keras_layer(
        5,
        3,
        activation=activation,
        recurrent_activation=recurrent_activation,
        use_bias=use_bias,
        go_backwards=go_backwards,
        dtype="float64",
        unroll=True,
    )
    w = redraw(rng, layer)
    x = rng.normal(size=(4, 6, 3))
    head = rng.normal(size=(5, 2))
    inputs = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        outputs = tf.unstack(layer(inputs)[1] @ head, axis=1)
    theirs = np.stack([tape.gradient(output, inputs) for output in outputs], axis=1)
    np.testing.assert_allclose(lh.input_jacobian(w, x, head), theirs, rtol=0, atol=1e-13)


# Masks, states, and other steps than the last.

PLACES = {
    "before": [0, 0, 1, 1, 1, 1],
    "behind": [1, 1, 1, 1, 0, 0],
    "both ends": [0, 1, 1, 1, 0, 0],
    "holes": [1, 0, 1, 0, 0, 1],
    "one step": [0, 0, 0, 1, 0, 0],
    "nothing left": [0, 0, 0, 0, 0, 0],
}
MASK = np.array([*PLACES.values(), [1] * 6], bool)


def case(seed=0, **options):
    """Weights, windows of 6 steps, a head, and states before the first step, one a mask."""
    rng = np.random.default_rng(seed)
    w = glorot_weights(rng, 4, 2, scale=1.5, **options)
    state = tuple(rng.normal(size=(2, len(MASK), 4)))
    return w, rng.normal(size=(len(MASK), 6, 2)), rng.normal(size=(4, 3)), state


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_every_step_equals_central_differences_of_replay(
    go_backwards, zero_output_for_mask, with_state, mask
):
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    w, x, head, state = case(**options)
    state = state if with_state else None
    found = lh.input_jacobian(w, x, head, mask=mask, initial_state=state, step=None)
    assert found.shape == (7, 6, 3, 6, 2)
    push = 1e-5
    for step, feature in np.ndindex(6, 2):
        moved = np.zeros_like(x)
        moved[:, step, feature] = push
        up, down = (lh.replay(w, x + sign * moved, state, mask).hidden @ head for sign in (1, -1))
        expected = (up - down) / (2 * push)
        np.testing.assert_allclose(found[..., step, feature], expected, rtol=1e-6, atol=1e-10)
    assert np.abs(found).max() > 0.1
    if mask is not None:
        assert not found.transpose(0, 3, 1, 2, 4)[~mask].any()


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("go_backwards", [False, True])
def test_a_single_step_is_one_of_all(go_backwards, mask):
    w, x, head, state = case(1, go_backwards=go_backwards)
    given = {"mask": mask, "initial_state": state}
    every = lh.input_jacobian(w, x, head, step=None, **given)
    for step in range(-6, 6):
        found = lh.input_jacobian(w, x, head, step=step, **given)
        np.testing.assert_allclose(found, every[:, step], rtol=0, atol=1e-13)
    last = lh.input_jacobian(w, x, head, **given)
    np.testing.assert_allclose(last, every[:, -1], rtol=0, atol=1e-13)
    found = lh.input_jacobian(w, x, head, step=2, **given)
    after = found[:, :, :3] if go_backwards else found[:, :, 3:]
    assert not after.any()
    assert found.any()


# Unrolled, Keras zeroes the outputs of a backward layer by the mask in the order of the input.
@pytest.mark.parametrize(
    ("unroll", "zero_output_for_mask"), [(False, False), (False, True), (True, False)]
)
@pytest.mark.parametrize("go_backwards", [False, True])
def test_masks_states_and_steps_equal_gradient_tape(unroll, go_backwards, zero_output_for_mask):
    rng = np.random.default_rng(2)
    layer = keras_layer(
        4,
        2,
        go_backwards=go_backwards,
        zero_output_for_mask=zero_output_for_mask,
        dtype="float64",
        unroll=unroll,
    )
    w = redraw(rng, layer, 1.5)
    x, head = rng.normal(size=(len(MASK), 6, 2)), rng.normal(size=(4, 2))
    state = random_state(rng, len(MASK), 4, "float64")
    inputs = tf.constant(x)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(inputs)
        hidden = layer(inputs, initial_state=list(map(tf.constant, state)), mask=tf.constant(MASK))
        outputs = [tf.unstack(step @ head, axis=1) for step in tf.unstack(hidden[0], axis=1)]
    found = lh.input_jacobian(w, x, head, mask=MASK, initial_state=state, step=None)
    for step, of_step in enumerate(outputs):
        for output, theirs in enumerate(of_step):
            gradient = tape.gradient(theirs, inputs)
            np.testing.assert_allclose(found[:, step, output], gradient, rtol=0, atol=1e-13)


@pytest.mark.parametrize("zero_output_for_mask", [False, True])
def test_what_is_masked_is_not_felt(zero_output_for_mask):
    w, x, head, state = case(3, zero_output_for_mask=zero_output_for_mask)
    given = {"mask": MASK, "initial_state": state}
    expected = lh.input_jacobian(w, x, head, step=None, **given)
    for value in (np.nan, np.inf):
        x[~MASK] = value
        found = lh.input_jacobian(w, x, head, step=None, **given)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_padding_changes_nothing():
    w, x, head, _ = case(4)
    expected = lh.input_jacobian(w, x[:, 1:4], head)
    mask = np.broadcast_to(np.array(PLACES["both ends"]), (7, 6))
    found = lh.input_jacobian(w, x, head, mask=mask)
    np.testing.assert_allclose(found[:, :, 1:4], expected, rtol=0, atol=1e-13)
    assert not np.delete(found, [1, 2, 3], axis=2).any()


def test_in_blocks_of_the_batch_masks_and_states_stay_with_their_windows(monkeypatch):
    w, x, head, state = case(5)
    given = {"mask": MASK, "initial_state": state, "step": None}
    expected = lh.input_jacobian(w, x, head, **given)
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 1)
    np.testing.assert_allclose(lh.input_jacobian(w, x, head, **given), expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("step", "read"), [(-1, 7), (None, 7), (2, 3)])
def test_what_one_sample_is_taken_to_need(step, read, dtype, monkeypatch):
    """The blocks are cut by it; another test measures that they keep to the allowance."""
    asked = []

    def spy(batch, bytes_per_sample):
        asked.append((batch, bytes_per_sample))
        return [slice(0, batch)]

    monkeypatch.setattr(jacobian, "blocks", spy)
    w = glorot_weights(np.random.default_rng(0), 5, 2, dtype=dtype)
    lh.input_jacobian(w, np.zeros((4, 7, 2)), np.zeros((5, 3)), step=step)
    # 5 units, 2 features, 3 outputs; of the steps that are read all six signals.
    numbers = 6 * 5 * read + 3 * (10 * 5 + 2) + 20 * 5
    assert asked == [(4, np.dtype(dtype).itemsize * numbers)]


@pytest.mark.parametrize("step", [6, -7, 1.0, "all", True, [1]])
def test_a_step_that_is_none(step):
    w, x, head, _ = case()
    message = re.escape(f"expected step from -6 to 5, got {step!r}")
    with pytest.raises(ValueError, match=f"^{message}$"):
        lh.input_jacobian(w, x, head, step=step)


def test_of_no_window_at_all_every_step():
    w, x, head, _ = case()
    assert lh.input_jacobian(w, x[:0], head, step=None).shape == (0, 6, 3, 6, 2)
