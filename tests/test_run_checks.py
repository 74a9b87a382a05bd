"""What a run of the layer needs: everyone who runs it refuses the same with the same words."""

import dataclasses

import numpy as np
import pytest
from common import random_weights

import lstm_helpers as lh
from lstm_helpers import _run_checks, memory


@pytest.fixture(scope="module")
def w():
    return random_weights(np.random.default_rng(10), 4, 2, dtype="float32")


X = np.zeros((3, 5, 2))
STATE = np.zeros((3, 4))
DOORS = {
    "replay": lambda w, x, state, mask: lh.replay(w, x, state, mask),
    "input_jacobian": lambda w, x, state, mask: lh.input_jacobian(
        w, x, np.eye(4), initial_state=state, mask=mask
    ),
    "recurrence_cut": lambda w, x, state, mask: memory.recurrence_cut(
        w, x, np.eye(4), initial_state=state, mask=mask
    ),
    "time_constants": lambda w, x, state, mask: memory.time_constants(
        w, x, initial_state=state, mask=mask
    ),
}
each_door = pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
BAD_ARGUMENTS = {
    "rank": ((X[0],), ValueError, r"expected x of shape \(batch, time, features\), got \(5, 2\)"),
    "features": ((X[..., :1],), ValueError, "expected 2 features in x, got 1"),
    "no steps": ((X[:, :0],), ValueError, "expected at least one step in x"),
    "objects": ((X.astype(object),), TypeError, "expected x as real numbers, got dtyp"),
    "complex": ((X.astype(complex),), TypeError, "real numbers, got dtype complex128"),
    "one state": ((X, STATE), ValueError, r"initial_state as \(hidden, cell\), got ndarray"),
    "three": ((X, [STATE] * 3), ValueError, r"initial_state as \(hidden, cell\), got 3 of them"),
    "state": (
        (X, (STATE, STATE[:2])),
        ValueError,
        r"two arrays of shape \(3, 4\) in initial_state",
    ),
    "state of objects": (
        (X, (STATE, STATE.astype(object))),
        TypeError,
        "^expected initial_state as real numbers, got dtype obj",
    ),
    "mask": ((X, None, X > 0), ValueError, r"expected mask of shape \(3, 5\), got \(3, 5, 2\)"),
    "mask of text": ((X, None, [["yes"] * 5] * 3), TypeError, "expected mask as real numbers"),
    "mask of halves": (
        (X, None, np.full((3, 5), 0.5)),
        ValueError,
        "^expected mask of True and False, got 0.5$",
    ),
}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"), BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS
)
@each_door
def test_bad_arguments_are_named(door, w, arguments, kind, message):
    x, state, mask = (*arguments, None, None)[:3]
    with pytest.raises(kind, match=message):
        door(w, x, state, mask)


@each_door
def test_weights_must_be_ours(door, w):
    with pytest.raises(TypeError, match="expected LSTMWeights, got list"):
        door(w.to_arrays(), X, None, None)


@pytest.mark.parametrize("function", [lh.input_jacobian, memory.recurrence_cut])
@pytest.mark.parametrize("head", [np.ones(4), np.ones((3, 4)), np.ones((4, 0))])
def test_head_must_fit(function, w, head):
    with pytest.raises(ValueError, match=r"expected head of shape \(4, outputs\), got"):
        function(w, X, head)


@pytest.mark.parametrize("function", [lh.input_jacobian, memory.recurrence_cut])
def test_head_must_hold_numbers(function, w):
    with pytest.raises(TypeError, match=r"^expected head as real numbers, got dtype <U"):
        function(w, X, [["a"]] * 4)


def test_the_initial_state_is_kept_in_the_dtype_of_the_weights_as_a_copy(w):
    state = (np.full((3, 4), 0.1), np.ones((3, 4), int))
    trace = lh.replay(w, X, state)
    assert [part.dtype for part in trace.initial_state] == ["float32", "float32"]
    np.testing.assert_array_equal(trace.initial_state[0], np.float32(0.1) * np.ones((3, 4)))
    trace = lh.replay(w, X, [part.astype("float32") for part in state])
    trace.initial_state[0][...] = 7
    assert (state[0] == 0.1).all()


REFUSED = {
    "activation": ({"activation": "elu"}, "expected activation to be one of tanh, .*, got 'elu'"),
    "own": (
        {"recurrent_activation": "custom soft"},
        "expected recurrent_activation .*'custom soft",
    ),
    "precision": ({"compute_dtype": "float16"}, "compute_dtype='float16': mixed precision"),
    "stateful": ({"stateful": True}, "expected an initial_state for a stateful layer"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
@each_door
def test_what_is_not_reproduced_is_refused_by_name(door, w, changes, message):
    w = dataclasses.replace(w, **changes)
    with pytest.raises(ValueError, match=message):
        door(w, X, None, None)


@each_door
def test_a_stateful_layer_runs_from_the_states_it_is_given(door, w):
    rng = np.random.default_rng(1)
    x, state = rng.normal(size=(3, 5, 2)), tuple(rng.normal(size=(2, 3, 4)))
    found = door(dataclasses.replace(w, stateful=True), x, state, None)
    expected, fresh = door(w, x, state, None), door(w, x, None, None)
    if door is DOORS["replay"]:
        found, expected, fresh = (trace.hidden for trace in (found, expected, fresh))
    np.testing.assert_array_equal(found, expected)
    assert np.abs(found - fresh).max() > 1e-3


@pytest.mark.parametrize("form", [bool, np.uint8, np.int64, np.float32, float, list])
def test_a_mask_may_be_of_numbers(form, w):
    x = np.random.default_rng(3).normal(size=(2, 5, 2))
    numbers = [[0, 1, 1, 0, 1], [1, 0, 1, 1, 0]]
    mask = numbers if form is list else np.array(numbers, form)
    expected = lh.replay(w, x, mask=np.array(numbers) == 1)
    trace = lh.replay(w, x, mask=mask)
    assert trace.mask.dtype == bool
    np.testing.assert_array_equal(trace.mask, expected.mask)
    np.testing.assert_array_equal(trace.hidden, expected.hidden)
    assert (trace.hidden != lh.replay(w, x).hidden).any()


def test_the_caller_keeps_its_mask(w):
    mask = np.ones((3, 5), bool)
    trace = lh.replay(w, X, mask=mask)
    trace.mask[...] = False
    assert mask.all()
    assert _run_checks.checked_run(w, X, None, None)[2] is None


# Edits.

ROWS = np.arange(12.0, dtype="float32").reshape(4, 3)
BAD_EDITS = {
    "nothing": (None, TypeError, "an array, got None: return value to keep it"),
    "one number": (0.5, ValueError, r"shape \(3, 4\), got shape \(\)"),
    "turned": (ROWS, ValueError, r"shape \(3, 4\), got shape \(4, 3\)"),
    "complex": (ROWS.T * 1j, TypeError, "real numbers, got dtype complex"),
    "masked": (
        np.ma.masked_array(ROWS.T, ROWS.T > 3),
        TypeError,
        "real numbers, got a masked array",
    ),
    "NaN": (np.where(ROWS.T == 7, np.nan, 1), ValueError, "finite float32 numbers, got nan"),
    "too large": (np.where(ROWS.T == 7, -1e39, 1), ValueError, "finite float32 numbers, got -inf"),
}


@pytest.mark.parametrize(("result", "error", "message"), BAD_EDITS.values(), ids=BAD_EDITS)
def test_what_an_edit_may_not_return(result, error, message):
    rows = ROWS.copy()
    with (
        np.errstate(all="ignore"),
        pytest.raises(error, match=rf"^expected edit\('f', 7, ...\) to return {message}"),
    ):
        _run_checks.apply_edit(lambda signal, step, value: result, "f", 7, rows)
    np.testing.assert_array_equal(rows, ROWS)


def test_an_edit_may_return_what_it_got_or_other_real_numbers():
    rows = ROWS.copy()
    rows[1, 2], before = np.nan, rows.copy()
    before[1, 2] = np.nan
    for same in (lambda *at: at[2], lambda *at: at[2].copy(), lambda *at: at[2].tolist()):
        _run_checks.apply_edit(same, "f", 7, rows)
        np.testing.assert_array_equal(rows, before)
    _run_checks.apply_edit(lambda *at: at[2] > 5, "f", 7, rows)
    np.testing.assert_array_equal(rows, before > 5)
    assert rows.flags.writeable


def test_an_edit_is_told_where_it_is_and_can_not_write_there():
    rows, told = ROWS.copy(), []

    def edit(signal, step, value):
        told.append((signal, step, value.shape))
        value[...] = 0

    with pytest.raises(ValueError, match="read-only"):
        _run_checks.apply_edit(edit, "f", 7, rows)
    assert told == [("f", 7, ROWS.T.shape)]
    np.testing.assert_array_equal(rows, ROWS)


@pytest.mark.parametrize("edit", [0, "cell", np.zeros((3, 4)), {"cell": 1}])
def test_an_edit_is_a_function(edit):
    message = r"^expected edit as a function of \(signal, step, value\), got "
    with pytest.raises(TypeError, match=message + type(edit).__name__):
        _run_checks.checked_edit(edit)
