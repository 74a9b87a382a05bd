"""Half-life, retention and contributions on cells whose answer is known in closed form."""

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import memory


def cell(units, features, dtype=np.float64, **options):
    """Weights of zeros: what a test needs it sets."""
    arrays = [np.zeros(shape, dtype) for shape in ((features, units), (units, units), (units,))]
    gates = [lh.Gates(*(array.copy() for _ in range(4))) for array in arrays]
    return lh.LSTMWeights(*gates, **options)


def random_trace(dtype=np.float64, mask=None, initial_state="random", **options):
    rng = np.random.default_rng(0)
    shapes = ((2, 12), (3, 12), (12,))
    w = lh.LSTMWeights.from_arrays([rng.normal(size=s).astype(dtype) for s in shapes], **options)
    if initial_state == "random":
        initial_state = tuple(rng.normal(size=(2, 4, 3)))
    return lh.replay(w, rng.normal(size=(4, 9, 2)), initial_state, mask)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# Half-life.


@pytest.mark.parametrize(
    ("forget", "steps"),
    [(0.5, 1), (0.25, 0.5), (2**-0.1, 10), (0, 0), (1, np.inf), (0.0, 0), (np.float32(0.5), 1)],
)
def test_half_life_of_one_gate(forget, steps):
    found = lh.half_life(forget)
    assert isinstance(found, float)
    assert not np.signbit(found)
    assert found == pytest.approx(steps, rel=1e-15)


def test_half_of_the_cell_is_left_after_the_half_life():
    gates = np.linspace(0.01, 0.999, 40).reshape(5, 8)
    steps = lh.half_life(gates)
    assert (steps.shape, steps.dtype) == ((5, 8), np.float64)
    np.testing.assert_allclose(gates**steps, 0.5, rtol=1e-13)


def test_half_lives_of_the_biases_in_the_course():
    """On paper: 1 / log2(1 + exp(-b)), for b = 0 exactly 1."""
    biases = np.array([0, 1, 3, 5])
    steps = lh.half_life(sigmoid(biases))
    np.testing.assert_allclose(steps, 1 / np.log2(1 + np.exp(-biases)), rtol=1e-12)
    assert [f"{value:.1f}" for value in steps] == ["1.0", "2.2", "14.3", "103.2"]


def test_half_life_leaves_its_argument_alone_and_takes_none_at_all():
    gates = np.array([0.5, 1.0])
    assert lh.half_life(gates).tolist() == [1, np.inf]
    assert gates.tolist() == [0.5, 1]
    assert lh.half_life([]).shape == (0,)


@pytest.mark.parametrize(
    ("forget", "got"), [(-0.1, "-0.1"), (5.0, "5"), ([0.5, 1.5, 3], "1.5"), (np.nan, "nan")]
)
def test_what_is_no_gate_is_refused(forget, got):
    message = f"^expected forget gates from 0 to 1, got {got}: of a bias take the sigmoid first$"
    with pytest.raises(ValueError, match=message):
        lh.half_life(forget)


@pytest.mark.parametrize(
    ("forget", "got"),
    [("0.5", "str"), (None, "NoneType"), (True, "bool"), (["a"], "list of <U1"), ([[1], []], "li")],
)
def test_what_is_no_number_is_refused(forget, got):
    with pytest.raises(TypeError, match=f"^expected forget gates as numbers, got {got}"):
        lh.half_life(forget)


# Cells built by hand.


def test_constant_gates_decay_like_powers():
    """Half-lives of 1, 2 and 3 steps: after 6 steps 1/64, 1/8 and 1/4 are left."""
    w = cell(units=3, features=1)
    forget = 0.5 ** (1 / np.array([1, 2, 3]))
    w.bias.f[...] = np.log(forget / (1 - forget))
    w.bias.i[...] = [0.0, 1.0, -1.0]
    w.bias.c[...] = [0.5, -0.5, 2.0]
    trace = lh.replay(w, np.zeros((1, 7, 1)))
    powers = forget ** np.arange(6, -1, -1)[:, None]
    kept = memory.retention(trace)
    np.testing.assert_allclose(kept[0], powers, rtol=1e-12)
    np.testing.assert_allclose(kept[0, 0], [1 / 64, 1 / 8, 1 / 4], rtol=1e-12)
    for unit, steps in enumerate(lh.half_life(trace.gates.f[0, -1]).round(9).astype(int)):
        assert kept[0, -1 - steps, unit] == pytest.approx(0.5)
    written, left = memory.cell_contributions(trace)
    writes = sigmoid(np.array([0.0, 1.0, -1.0])) * np.tanh([0.5, -0.5, 2.0])
    np.testing.assert_allclose(written[0], writes * powers, rtol=1e-12)
    np.testing.assert_array_equal(left, np.zeros((1, 3)))
    np.testing.assert_allclose(
        trace.cell[:, -1], [writes * (1 - forget**7) / (1 - forget)], rtol=1e-12
    )


def switched(units, features):
    """A cell whose gates are exactly 0 or 1 and whose candidate is what it is given."""
    return cell(units, features, activation="linear", recurrent_activation="hard_sigmoid")


MARKED = np.zeros((1, 6, 2))
MARKED[0, :, 0] = [1.0, -2.0, 4.0, -8.0, 16.0, -32.0]
MARKED[0, [1, 3], 1] = 1


def test_a_latch_that_adds_holds_what_was_marked_and_nothing_else():
    w = switched(units=1, features=2)
    w.kernel.c[0] = 1  # the candidate is the value
    w.kernel.i[1], w.bias.i[...] = 6, -3  # open where marked
    w.bias.f[...] = 3  # never forgets
    trace = lh.replay(w, MARKED, (np.zeros((1, 1)), np.full((1, 1), 100.0)))
    np.testing.assert_array_equal(memory.retention(trace), np.ones((1, 6, 1)))
    written, left = memory.cell_contributions(trace)
    assert written[0, :, 0].tolist() == [0, -2, 0, -8, 0, 0]
    assert left.tolist() == [[100]]
    assert trace.cell[0, -1, 0] == 90


def test_a_latch_that_overwrites_holds_the_last_mark():
    w = switched(units=1, features=2)
    w.kernel.c[0] = 1
    w.kernel.i[1], w.bias.i[...] = 6, -3
    w.kernel.f[1], w.bias.f[...] = -6, 3  # shut where marked
    trace = lh.replay(w, MARKED, (np.zeros((1, 1)), np.full((1, 1), 100.0)))
    assert memory.retention(trace)[0, :, 0].tolist() == [0, 0, 0, 1, 1, 1]
    written, left = memory.cell_contributions(trace)
    assert written[0, :, 0].tolist() == [0, 0, 0, -8, 0, 0]
    assert left.tolist() == [[0]]


def test_a_delay_keeps_nothing_in_its_cells_and_still_remembers():
    """Each unit hands its value to the next through the hidden state: all forget gates are shut.

    So the last step wrote everything, though what it wrote came in up to three steps before.
    """
    w = switched(units=4, features=1)
    w.kernel.c[0, 0] = 1
    w.recurrent_kernel.c[...] = np.eye(4, k=1)
    w.bias.i[...], w.bias.o[...], w.bias.f[...] = 3, 3, -3
    trace = lh.replay(w, MARKED[..., :1])
    assert trace.cell[0, -1].tolist() == [-32, 16, -8, 4]
    kept = memory.retention(trace)
    assert kept[0].tolist() == [[0] * 4] * 5 + [[1] * 4]
    written, left = memory.cell_contributions(trace)
    assert written[0].tolist() == [[0] * 4] * 5 + [[-32, 16, -8, 4]]
    assert left.tolist() == [[0] * 4]


# Any cell.

MASK = np.random.default_rng(3).random((4, 9)) > 0.4
MASK[0], MASK[1, -1], MASK[2, 0], MASK[3] = True, False, False, False


@pytest.mark.parametrize("options", [{}, {"go_backwards": True}, {"activation": "relu"}], ids=str)
@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
@pytest.mark.parametrize("state", ["random", None])
@pytest.mark.parametrize(("dtype", "rtol"), [(np.float64, 1e-13), (np.float32, 1e-5)])
def test_contributions_sum_to_the_cell(state, mask, options, dtype, rtol):
    trace = random_trace(dtype, mask, state, **options)
    written, left = memory.cell_contributions(trace)
    assert written.dtype == left.dtype == memory.retention(trace).dtype == dtype
    assert (written.shape, left.shape) == ((4, 9, 3), (4, 3))
    scale = np.abs(written).sum(1).max()
    np.testing.assert_allclose(written.sum(1) + left, trace.cell[:, -1], rtol=0, atol=rtol * scale)
    assert (left == 0).all() == (state is None)


@pytest.mark.parametrize("mask", [None, MASK], ids=["all", "masked"])
def test_each_share_against_a_loop_over_the_steps(mask):
    trace = random_trace(mask=mask)
    counts = np.ones((4, 9), bool) if mask is None else mask
    kept, (written, left) = memory.retention(trace), memory.cell_contributions(trace)
    for sample in range(4):
        for start in range(-1, 9):  # -1: before the first step
            share = np.ones(3)
            for step in range(start + 1, 9):
                if counts[sample, step]:
                    share = share * trace.gates.f[sample, step]
            if start == -1:
                before = trace.initial_state[1][sample]
                np.testing.assert_allclose(left[sample], share * before, rtol=1e-12)
                continue
            np.testing.assert_allclose(kept[sample, start], share, rtol=1e-12)
            wrote = trace.gates.i[sample, start] * trace.gates.c[sample, start]
            wrote = wrote if counts[sample, start] else np.zeros(3)
            np.testing.assert_allclose(written[sample, start], share * wrote, rtol=1e-12)


def test_infinity_passes_through_without_a_warning_as_in_replay():
    one, zeros = np.ones((1, 3, 1)), np.zeros((1, 1))
    candidate = np.array([[[np.inf], [1.0], [2.0]]])
    gates = lh.Gates(i=one, f=0 * one, c=candidate, o=one)
    trace = lh.LSTMTrace(gates, one, one, (zeros, np.array([[np.nan]])))
    written, left = memory.cell_contributions(trace)
    np.testing.assert_array_equal(written[0, :, 0], [np.nan, 0, 2])
    np.testing.assert_array_equal(left, [[np.nan]])


def test_the_trace_stays_as_it_is():
    trace = random_trace(mask=MASK)
    before = [a.tobytes() for a in (*trace.gates, trace.cell, trace.mask, *trace.initial_state)]
    memory.retention(trace)
    memory.cell_contributions(trace)
    after = [a.tobytes() for a in (*trace.gates, trace.cell, trace.mask, *trace.initial_state)]
    assert before == after


@pytest.mark.parametrize("function", [memory.retention, memory.cell_contributions])
@pytest.mark.parametrize("thing", [None, np.ones((1, 2, 3))], ids=["None", "array"])
def test_something_else_than_a_trace_is_refused(function, thing):
    message = f"^expected an LSTMTrace, as replay returns it, got {type(thing).__name__}$"
    with pytest.raises(TypeError, match=message):
        function(thing)
