"""Patches: what a run with another run's signals must give, exactly."""

import dataclasses

import numpy as np
import pytest
from common import glorot, random_weights

import lstm_helpers as lh
from lstm_helpers import patching

RNG = np.random.default_rng(0)
W = random_weights(RNG, 5, 3, draw=glorot)
X = RNG.normal(size=(4, 8, 3))
OTHER = RNG.normal(size=(4, 8, 3))
OWN, DONOR = lh.replay(W, X), lh.replay(W, OTHER)
EXACT = {"rtol": 0, "atol": 1e-12}


@pytest.mark.parametrize(
    "edit",
    [
        patching.patch(DONOR, ["cell", "hidden"], 7),
        patching.patch(DONOR, ["hidden"], -1),
        patching.patch(DONOR, patching.GATES, range(8)),
        patching.patch(DONOR, lh.numpy_lstm.SIGNALS, np.arange(8)),
        patching.patch(DONOR, ("cell", "o"), iter([7])),
    ],
    ids=["last states", "last hidden state", "all gates", "everything", "cell and output gate"],
)
def test_everything_patched_gives_the_donors_output(edit):
    patched = lh.replay(W, X, edit=edit)
    np.testing.assert_allclose(patched.hidden[:, -1], DONOR.hidden[:, -1], **EXACT)
    assert np.abs(OWN.hidden[:, -1] - DONOR.hidden[:, -1]).max() > 0.1


@pytest.mark.parametrize("step", [0, 3, -2])
def test_both_states_and_all_later_readings_give_the_donors_output(step):
    x = X.copy()
    x[:, step % 8 + 1 :] = OTHER[:, step % 8 + 1 :]
    patched = lh.replay(W, x, edit=patching.patch(DONOR, ["cell", "hidden"], step))
    for name in ("cell", "hidden"):
        found, wanted = getattr(patched, name), getattr(DONOR, name)
        np.testing.assert_allclose(found[:, step:], wanted[:, step:], **EXACT)
        np.testing.assert_array_equal(found[:, : step % 8], getattr(OWN, name)[:, : step % 8])
    alone = lh.replay(W, x, edit=patching.patch(DONOR, ["cell"], step)).hidden[:, -1]
    assert np.abs(alone - DONOR.hidden[:, -1]).max() > 1e-4


def test_from_itself_and_at_no_step_nothing_changes():
    for edit in (
        patching.patch(OWN, lh.numpy_lstm.SIGNALS, range(8)),
        patching.patch(DONOR, ["cell"], []),
        patching.in_turn(),
    ):
        np.testing.assert_array_equal(lh.replay(W, X, edit=edit).hidden, OWN.hidden)


def held(step, by):
    return patching.patch(by, patching.GATES, range(step + 1, 8))


@pytest.mark.parametrize("step", [0, 4, 7])
def test_with_gates_held_the_cell_keeps_what_its_forget_gates_let_through(step):
    edit = patching.in_turn(patching.patch(DONOR, ["cell"], step), held(step, OWN))
    found = lh.replay(W, X, edit=edit).cell[:, -1]
    kept = OWN.gates.f[:, step + 1 :].prod(axis=1)
    wanted = OWN.cell[:, -1] + kept * (DONOR.cell - OWN.cell)[:, step]
    np.testing.assert_allclose(found, wanted, **EXACT)
    assert np.abs(found - OWN.cell[:, -1]).max() > 1e-4


def test_with_gates_held_a_hidden_state_moves_nothing():
    edit = patching.in_turn(patching.patch(DONOR, ["hidden"], 4), held(4, OWN))
    np.testing.assert_array_equal(lh.replay(W, X, edit=edit).hidden[:, -1], OWN.hidden[:, -1])
    free = lh.replay(W, X, edit=patching.patch(DONOR, ["hidden"], 4)).hidden[:, -1]
    assert np.abs(free - OWN.hidden[:, -1]).max() > 1e-3


def direct_and_indirect(w, step=3):
    """Total, direct and indirect effect on the last hidden state of a patched cell."""
    own, donor = lh.replay(w, X), lh.replay(w, OTHER)
    swap = patching.patch(donor, ["cell"], step)
    total = lh.replay(w, X, edit=swap)
    direct = lh.replay(w, X, edit=patching.in_turn(swap, held(step, own)))
    indirect = lh.replay(w, X, edit=held(step, total))
    return [run.hidden[:, -1] - own.hidden[:, -1] for run in (total, direct, indirect)]


def linear_world():
    """Gates that do not move, a linear candidate: the state works through the candidate alone."""
    zeros = lh.Gates(*(np.zeros_like(part) for part in W.kernel))
    back = lh.Gates(*(np.zeros_like(part) for part in W.recurrent_kernel))
    return dataclasses.replace(
        W,
        kernel=zeros._replace(c=W.kernel.c),
        recurrent_kernel=back._replace(c=W.recurrent_kernel.c),
        activation="linear",
    )


def test_direct_and_indirect_add_up_in_a_linear_world_and_in_no_other():
    total, direct, indirect = direct_and_indirect(linear_world())
    np.testing.assert_allclose(total, direct + indirect, **EXACT)
    assert min(np.abs(direct).max(), np.abs(indirect).max()) > 0.01
    total, direct, indirect = direct_and_indirect(W)
    assert np.abs(total - direct - indirect).max() > 1e-3


def test_edits_in_turn_see_what_came_before():
    plus, twice = (lambda s, t, value: value + 1), (lambda s, t, value: 2 * value)
    assert patching.in_turn(plus, twice)("f", 0, 1.0) == 4
    assert patching.in_turn(twice, plus)("f", 0, 1.0) == 3


def test_donors_of_another_number_are_refused_by_replay():
    edit = patching.patch(lh.replay(W, OTHER[:3]), ["cell"], 2)
    message = r"^expected edit\('cell', 2, ...\) to return shape \(4, 5\), got shape \(3, 5\)"
    with pytest.raises(ValueError, match=message):
        lh.replay(W, X, edit=edit)


MASKED = lh.replay(W, X, mask=np.arange(8) != [[2], [9], [9], [9]])
SOME = lh.replay(W, X, keep=["cell", "f"])
BAD = {
    "no trace": (
        (W, ["cell"], 1),
        TypeError,
        "an LSTMTrace, as replay returns it, got LSTM",
    ),
    "a text": ((OWN, "cell", 1), TypeError, "signals as a list or tuple of names, got 'cell'"),
    "a name": ((OWN, ["memory"], 1), ValueError, "signals of 'i', 'f', 'c', 'o', 'cell', 'hidden'"),
    "not kept": (
        (SOME, ["hidden"], 1),
        ValueError,
        "a trace that holds hidden, got one of f, c",
    ),
    "too late": ((OWN, ["cell"], 8), ValueError, "step from -8 to 7, got 8"),
    "too early": ((OWN, ["cell"], [3, -9]), ValueError, "step from -8 to 7, got -9"),
    "a half": ((OWN, ["cell"], [0.5]), ValueError, "step from -8 to 7, got 0.5"),
    "one half": ((OWN, ["cell"], 0.5), TypeError, "steps as whole numbers, got 0.5"),
    "text": ((OWN, ["cell"], "1"), TypeError, "steps as whole numbers, got '1'"),
    "skipped": (
        (MASKED, ["cell"], [1, 2]),
        ValueError,
        "a trace in which these steps count, got",
    ),
}


@pytest.mark.parametrize(("arguments", "error", "message"), BAD.values(), ids=BAD)
def test_what_it_refuses(arguments, error, message):
    with pytest.raises(error, match=f"^expected {message}"):
        patching.patch(*arguments)


def test_steps_that_count_may_be_patched_where_others_are_skipped():
    edit = patching.patch(MASKED, ["cell"], [1, 3])
    np.testing.assert_array_equal(lh.replay(W, X, edit=edit).cell[:, 3], MASKED.cell[:, 3])
    np.testing.assert_array_equal(
        lh.replay(W, X, edit=patching.patch(SOME, ["f"], 1)).gates.f, OWN.gates.f
    )


def test_what_is_no_edit():
    message = r"^expected edit as a function of \(signal, step, value\), got int"
    with pytest.raises(TypeError, match=message):
        patching.in_turn(patching.patch(OWN, ["cell"], 1), 7)
