"""Everything in ``memory`` on cells whose answer is known in closed form, and against loops."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from common import random_weights

import lstm_helpers as lh
from lstm_helpers import memory, numpy_lstm


def cell(units, features, dtype=np.float64, **options):
    """Weights of zeros: what a test needs it sets."""
    arrays = [np.zeros(shape, dtype) for shape in ((features, units), (units, units), (units,))]
    gates = [lh.Gates(*(array.copy() for _ in range(4))) for array in arrays]
    return lh.LSTMWeights(*gates, **options)


def random_trace(dtype=np.float64, mask=None, initial_state="random", **options):
    rng = np.random.default_rng(0)
    w = random_weights(rng, dtype=dtype, **options)
    if initial_state == "random":
        initial_state = tuple(rng.normal(size=(2, 4, 3)))
    return lh.replay(w, rng.normal(size=(4, 9, 2)), initial_state, mask)


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


# Half-life.


@pytest.mark.parametrize(
    ("forget", "steps"),
    [
        (0.5, 1),
        (0.25, 0.5),
        (2**-0.1, 10),
        (0, 0),
        (1, np.inf),
        (0.0, 0),
        (np.float32(0.5), 1),
        (np.uint8(1), np.inf),
    ],
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
    message = f"^expected forget gates from 0 to 1, got {got}: for a bias, take the sigmoid first$"
    with pytest.raises(ValueError, match=message):
        lh.half_life(forget)


@pytest.mark.parametrize(
    ("forget", "got"),
    [
        ("0.5", "str"),
        (None, "NoneType"),
        (True, "bool"),
        (["a"], "dtype <U1"),
        ([[1], []], "rows of different lengths"),
    ],
)
def test_what_is_no_number_is_refused(forget, got):
    with pytest.raises(TypeError, match=f"^expected forget gates as real numbers, got {got}$"):
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


def delay_line(units):
    w = switched(units, features=1)
    w.kernel.c[0, 0] = 1
    w.recurrent_kernel.c[...] = np.eye(units, k=1)
    w.bias.i[...], w.bias.o[...], w.bias.f[...] = 3, 3, -3
    return w


def test_a_delay_keeps_nothing_in_its_cells_and_still_remembers():
    """Each unit hands its value to the next through the hidden state: all forget gates are shut.

    So the last step wrote everything, though what it wrote came in up to three steps before.
    """
    trace = lh.replay(delay_line(4), MARKED[..., :1])
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


def test_what_is_not_finite_passes_silently():
    """Gates without bounds can be infinite, and infinity times 0 is NaN: no warning."""
    one = np.ones((1, 2, 1))
    infinite, zero = np.array([[[np.inf], [0.0]]]), np.array([[[0.0], [np.inf]]])
    gates = lh.Gates(infinite, infinite, zero, one)
    trace = lh.LSTMTrace(gates, one, one, (one[:, 0], one[:, 0]))
    np.testing.assert_array_equal(memory.retention(trace), [[[0.0], [1.0]]])
    written, left = memory.cell_contributions(trace)
    np.testing.assert_array_equal(written, [[[np.nan], [np.nan]]])
    np.testing.assert_array_equal(left, [[np.nan]])


# The gradient along the cell's own line.


def without_recurrence(w):
    zeros = lh.Gates(*(np.zeros_like(array) for array in w.recurrent_kernel))
    return dataclasses.replace(w, recurrent_kernel=zeros)


@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("time", [1, 7])
@pytest.mark.parametrize(
    "names", [("tanh", "sigmoid"), ("relu", "hard_sigmoid"), ("linear", "tanh")], ids="-".join
)
def test_without_a_recurrent_kernel_nothing_is_cut(names, time, go_backwards):
    rng = np.random.default_rng(1)
    options = {"activation": names[0], "recurrent_activation": names[1]}
    w = without_recurrence(random_weights(rng, 4, 3, go_backwards=go_backwards, **options))
    x, head = rng.normal(size=(5, time, 3)), rng.normal(size=(4, 2))
    cut = memory.recurrence_cut(w, x, head)
    assert (cut.shape, cut.dtype) == ((5, 2, time, 3), np.float64)
    np.testing.assert_allclose(cut, lh.input_jacobian(w, x, head), rtol=0, atol=1e-12)
    assert np.abs(cut).max() > 0.1


# Analytic, or piecewise so, on complex numbers too.
FUNCTIONS = {
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "linear": lambda z: z,
    "relu": lambda z: np.where(z.real > 0, z, 0),
    "hard_sigmoid": lambda z: np.where(np.abs(z.real) < 3, z / 6 + 0.5, z.real > 0),
}


def last_hidden_with_frozen_recurrence(w, x, frozen):
    """The textbook loop, but its gates read the hidden states that they are given."""
    act, gate = FUNCTIONS[w.activation], FUNCTIONS[w.recurrent_activation]
    W, U, b = w.kernel, w.recurrent_kernel, w.bias or lh.Gates(0, 0, 0, 0)
    c = np.zeros((len(x), w.units))
    for t in range(x.shape[1]):
        i, f, o = (
            gate(x[:, t] @ getattr(W, g) + frozen[:, t] @ getattr(U, g) + getattr(b, g))
            for g in "ifo"
        )
        c = f * c + i * act(x[:, t] @ W.c + frozen[:, t] @ U.c + b.c)
    return o * act(c)


@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize(
    "names",
    [("tanh", "sigmoid"), ("relu", "hard_sigmoid"), ("linear", "tanh"), ("sigmoid", "sigmoid")],
    ids="-".join,
)
def test_the_cut_against_a_loop_whose_gates_read_frozen_hidden_states(
    names, go_backwards, use_bias
):
    """The complex step: f(x + i s) / s has f'(x) as imaginary part, without a difference."""
    rng = np.random.default_rng(2)
    options = {"activation": names[0], "recurrent_activation": names[1]}
    w = random_weights(rng, 4, 2, scale=0.7, go_backwards=go_backwards, **options)
    w = w if use_bias else dataclasses.replace(w, bias=None)
    x, head = rng.normal(size=(3, 6, 2)), rng.normal(size=(4, 2))
    order = slice(None, None, -1 if go_backwards else 1)
    hidden = lh.replay(w, x).hidden
    frozen = np.concatenate([np.zeros((3, 1, 4)), hidden[:, :-1]], axis=1)
    expected = np.empty((3, 2, 6, 2))
    for t in range(6):
        for feature in range(2):
            moved = x.astype(complex)
            moved[:, t, feature] += 1e-30j
            last = last_hidden_with_frozen_recurrence(w, moved[:, order], frozen)
            np.testing.assert_allclose(last.real, hidden[:, -1], rtol=1e-12)
            expected[:, :, t, feature] = last.imag @ head / 1e-30
    cut = memory.recurrence_cut(w, x, head)
    np.testing.assert_allclose(cut, expected, rtol=0, atol=1e-12)
    assert np.abs(cut - lh.input_jacobian(w, x, head)).max() > 1e-3


def test_a_delay_through_the_recurrent_kernel_is_all_cut_off():
    x, each_unit = np.random.default_rng(3).normal(size=(2, 6, 1)), np.eye(4)
    whole = lh.input_jacobian(delay_line(4), x, each_unit)[..., 0]
    cut = memory.recurrence_cut(delay_line(4), x, each_unit)[..., 0]
    assert whole[..., ::-1].tolist() == 2 * [np.eye(4, 6).tolist()]  # unit k hands on lag k
    assert cut[..., ::-1].tolist() == 2 * [np.eye(1, 6).tolist() + 3 * [[0] * 6]]


@pytest.mark.parametrize("go_backwards", [False, True])
def test_what_an_accumulator_holds_is_all_kept(go_backwards):
    w = switched(units=1, features=1)
    w.kernel.c[...] = 1
    w.bias.i[...], w.bias.o[...], w.bias.f[...] = 3, 3, 0
    w = dataclasses.replace(w, go_backwards=go_backwards)
    x = np.random.default_rng(4).normal(size=(1, 6, 1))
    cut = memory.recurrence_cut(w, x, np.full((1, 1), 4.0))[0, 0, :, 0]
    lags = np.arange(6) if go_backwards else np.arange(6)[::-1]
    np.testing.assert_array_equal(cut, 4 * 0.5**lags)


def peak_beyond(function, *arguments):
    tracemalloc.start()
    found = function(*arguments)
    peak = tracemalloc.get_traced_memory()[1] - found.nbytes
    tracemalloc.stop()
    return found, peak


@pytest.mark.parametrize("function", ["recurrence_cut", "time_constants"])
def test_in_blocks_of_the_batch_numbers_stay_and_memory_is_kept(function, monkeypatch):
    rng = np.random.default_rng(5)
    batch, units = (4000, 32) if function == "recurrence_cut" else (600, 16)
    w = random_weights(rng, units, 3, scale=0.3)
    x, head = rng.normal(size=(batch, 5, 3)), rng.normal(size=(units, 4))
    arguments = (w, x, head) if function == "recurrence_cut" else (w, x)
    # What grows with the batch, beyond the result: two initial states; eigenvalues and their sizes,
    # no matrix.
    spare = (2 if function == "recurrence_cut" else 10) * batch * units * 8
    whole, much = peak_beyond(getattr(memory, function), *arguments)
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 2**20)
    parts, little = peak_beyond(getattr(memory, function), *arguments)
    np.testing.assert_allclose(parts, whole, rtol=1e-8, atol=1e-12)
    assert little < 2**20 + spare < much


@pytest.mark.parametrize(
    ("function", "dtype", "numbers"),
    [
        # 5 units, 2 features, 3 outputs, 7 steps, and one row before and behind.
        ("recurrence_cut", "float32", 16 * 5 * 9 + 2 * 3 * 9),
        ("recurrence_cut", "float64", 16 * 5 * 9 + 2 * 3 * 9),
        # Single weights too are worked in double: the trace, matrices of 10 by 10, single rows.
        ("time_constants", "float32", 7 * (6 * 5 + 2) + 5 * 100 + 32 * 5),
    ],
)
def test_what_one_sample_is_taken_to_need(function, dtype, numbers, monkeypatch):
    """The blocks are cut by it; the test above measures that they keep to their allowance."""
    asked = []

    def spy(batch, bytes_per_sample):
        asked.append((batch, bytes_per_sample))
        return [slice(0, batch)]

    monkeypatch.setattr(memory, "blocks", spy)
    rng = np.random.default_rng(6)
    w, x = random_weights(rng, 5, 2, dtype=dtype), rng.normal(size=(4, 7, 2))
    head = [rng.normal(size=(5, 3))] if function == "recurrence_cut" else []
    getattr(memory, function)(w, x, *head)
    assert asked == [
        (4, numbers * (8 if function == "time_constants" else np.dtype(dtype).itemsize))
    ]


def test_the_cut_is_in_the_dtype_of_the_weights():
    rng = np.random.default_rng(6)
    w = random_weights(rng, dtype=np.float32)
    x, head = rng.normal(size=(4, 5, 2)), rng.normal(size=(3, 2))
    cut = memory.recurrence_cut(w, x, head)
    assert cut.dtype == np.float32
    np.testing.assert_array_equal(cut, memory.recurrence_cut(w, x, head.astype("float32")))
    exact = memory.recurrence_cut(memory._in_float64(w), x.astype("float32"), head)
    np.testing.assert_allclose(cut, exact, rtol=0, atol=1e-6)
    assert memory.recurrence_cut(w, x[:0], head).shape == (0, 2, 5, 2)


def test_an_infinite_gate_shows_in_the_cut_and_warns_of_nothing():
    w = cell(1, 1, activation="relu", recurrent_activation="relu")
    w.kernel.i[...] = 1e200  # open without bound, and the candidate is 0
    cut = memory.recurrence_cut(w, np.full((1, 2, 1), 1e200), np.ones((1, 1)))
    assert np.isnan(cut).all()


@pytest.mark.parametrize("zero_output_for_mask", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("state", ["random", None])
def test_with_masks_and_states_nothing_is_cut_without_a_recurrent_kernel(
    state, go_backwards, zero_output_for_mask
):
    rng = np.random.default_rng(13)
    options = {"go_backwards": go_backwards, "zero_output_for_mask": zero_output_for_mask}
    w = without_recurrence(random_weights(rng, 4, 3, **options))
    x, head = rng.normal(size=(4, 9, 3)), rng.normal(size=(4, 2))
    given = {"mask": MASK, "initial_state": tuple(rng.normal(size=(2, 4, 4))) if state else None}
    whole = lh.input_jacobian(w, x, head, **given)
    x[~MASK] = np.nan  # what is masked must not be felt
    cut = memory.recurrence_cut(w, x, head, **given)
    np.testing.assert_allclose(cut, whole, rtol=0, atol=1e-13)
    assert not cut.transpose(0, 2, 1, 3)[~MASK].any()
    assert np.abs(cut).max() > 0.1


ENDS = {
    "behind": [1, 1, 1, 1, 0, 0],
    "before": [0, 0, 1, 1, 1, 1],
    "both ends": [0, 1, 1, 1, 1, 0],
    "holes": [1, 0, 1, 1, 0, 1],
}


@pytest.mark.parametrize("mask", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("function", ["recurrence_cut", "time_constants"])
def test_padded_windows_are_as_windows_without_the_padding(
    function, go_backwards, with_state, mask
):
    rng = np.random.default_rng(14)
    w = random_weights(rng, 4, 2, go_backwards=go_backwards)
    x, mask = rng.normal(size=(3, 6, 2)), np.array(mask, bool)
    head = [rng.normal(size=(4, 2))] if function == "recurrence_cut" else []
    state = tuple(rng.normal(size=(2, 3, 4))) if with_state else None
    work = getattr(memory, function)
    expected = work(w, x[:, mask], *head, initial_state=state)
    x[:, ~mask] = np.nan
    found = work(w, x, *head, mask=np.tile(mask, (3, 1)), initial_state=state)
    if head:
        assert not found[:, :, ~mask].any()
        found = found[:, :, mask]
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)
    if with_state:
        fresh = work(w, x[:, mask], *head)
        assert np.abs(found - fresh).max() > 1e-3


def test_each_window_has_a_last_step_of_its_own():
    rng = np.random.default_rng(15)
    w, x, mask = random_weights(rng, 4, 2), rng.normal(size=(3, 6, 2)), np.ones((3, 6), bool)
    mask[0, 1:], mask[1, 4:] = False, False
    found = memory.time_constants(w, x, mask=mask)
    for window, length in enumerate([1, 4, 6]):
        alone = memory.time_constants(w, x[[window], :length])
        np.testing.assert_allclose(found[[window]], alone, rtol=1e-10)


def test_a_window_without_a_step_has_no_time_constants(monkeypatch):
    mask = np.ones((3, 5), bool)
    mask[1:] = False
    x, w = np.ones((3, 5, 2)), cell(4, 2)
    message = "^expected a step that counts in each window, got none in window 1$"
    for bytes_at_once in (2**28, 1):  # whole, and one window at a time
        monkeypatch.setattr(numpy_lstm, "_WORKSPACE", bytes_at_once)
        with pytest.raises(ValueError, match=message):
            memory.time_constants(w, x, mask=mask)
    assert not memory.recurrence_cut(w, x, np.eye(4), mask=mask)[1].any()


def test_in_blocks_masks_and_states_stay_with_their_windows(monkeypatch):
    rng = np.random.default_rng(16)
    w, x, head = random_weights(rng), rng.normal(size=(4, 9, 2)), np.eye(3)
    mask = MASK | (np.arange(9) == 4)
    given = {"mask": mask, "initial_state": tuple(rng.normal(size=(2, 4, 3)))}
    cut = memory.recurrence_cut(w, x, head, **given)
    constants = memory.time_constants(w, x, **given)
    monkeypatch.setattr(numpy_lstm, "_WORKSPACE", 1)
    np.testing.assert_allclose(memory.recurrence_cut(w, x, head, **given), cut, atol=1e-13)
    np.testing.assert_allclose(memory.time_constants(w, x, **given), constants, rtol=1e-10)


@pytest.mark.parametrize(
    ("function", "needed"), [(memory.retention, "f"), (memory.cell_contributions, "i, f, c")]
)
def test_a_trace_that_lacks_what_is_needed(function, needed):
    rng = np.random.default_rng(17)
    w, x = random_weights(rng), rng.normal(size=(4, 9, 2))
    enough = lh.replay(w, x, keep=needed.split(", "))
    for ours, expected in zip(function(enough), function(lh.replay(w, x)), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-14)
    message = f"^expected a trace that holds {needed}, got one of o, hidden: name all"
    with pytest.raises(ValueError, match=message):
        function(lh.replay(w, x, keep=("hidden", "o")))


# Eigenvalues of one step.


def linear_cell(recurrent_kernel, forget):
    """Hidden state is cell state: c_t = (forget + U) c_{t-1} + what is read."""
    w = switched(len(recurrent_kernel), features=1)
    w.kernel.c[...] = 1
    w.recurrent_kernel.c[...] = recurrent_kernel
    w.bias.i[...], w.bias.o[...], w.bias.f[...] = 3, 3, 6 * (np.array(forget) - 0.5)
    return w


TURN = np.array([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
LINEAR = {
    "diagonal": (np.diag([0.4, -0.3, 0.1]), 0.5, [0.9, 0.6, 0.2]),
    "triangle": ([[0.2, 5.0], [0.0, -0.6]], 0.25, [0.45, -0.35]),
    "turned": (0.9 * TURN, 0, 0.9 * np.exp([0.3j, -0.3j])),
    "pair beside a real one": (
        [[0.25, -0.5, 0], [0.5, 0.25, 0], [0, 0, -0.1]],
        0.25,
        [0.5 + 0.5j, 0.5 - 0.5j, 0.15],
    ),
    "each unit its own": (np.zeros((2, 2)), [0.3, 0.8], [0.8, 0.3]),
    "one grows": (np.diag([1.0, 0.25]), 0.5, [1.5, 0.75]),
    "signs of one size": (np.diag([-0.5, 0.5]), 0, [0.5, -0.5]),
}


@pytest.mark.parametrize(("U", "forget", "expected"), LINEAR.values(), ids=LINEAR)
def test_a_linear_cell_has_the_eigenvalues_of_its_matrix_and_as_many_zeros(U, forget, expected):
    w = linear_cell(np.array(U), forget)
    x = np.random.default_rng(7).normal(size=(2, 4, 1))
    constants, eigenvalues = memory.time_constants(w, x, return_eigenvalues=True)
    units = len(expected)
    assert (constants.shape, constants.dtype) == ((2, 2 * units), np.float64)
    assert (eigenvalues.shape, eigenvalues.dtype) == ((2, 2 * units), np.complex128)
    for window in range(2):
        np.testing.assert_allclose(eigenvalues[window, :units], expected, rtol=0, atol=1e-12)
        np.testing.assert_allclose(eigenvalues[window, units:], 0, rtol=0, atol=1e-12)
        steps = [-1 / np.log(size) if size < 1 else np.inf for size in np.abs(expected)]
        np.testing.assert_allclose(constants[window, :units], steps, rtol=1e-11)
        assert (constants[window, units:] < 0.04).all()
    np.testing.assert_array_equal(memory.time_constants(w, x), constants)


def test_a_cell_that_keeps_nothing_has_time_constants_of_0_and_one_that_keeps_all_infinity():
    for forget, steps in ((0, [0, 0]), (1, [np.inf, 0])):
        found = memory.time_constants(linear_cell(np.zeros((1, 1)), forget), np.ones((1, 3, 1)))
        assert found.tolist() == [steps]
        assert not np.signbit(found).any()


@pytest.mark.parametrize("time", [1, 6])
@pytest.mark.parametrize("recurrent_activation", ["sigmoid", "hard_sigmoid"])
def test_without_a_recurrent_kernel_they_are_the_forget_gates(recurrent_activation, time):
    rng = np.random.default_rng(8)
    w = random_weights(rng, 5, 2, recurrent_activation=recurrent_activation)
    w = without_recurrence(w)
    x = rng.normal(size=(4, time, 2))
    constants, eigenvalues = memory.time_constants(w, x, return_eigenvalues=True)
    forget = -np.sort(-lh.replay(w, x).gates.f[:, -1])
    np.testing.assert_allclose(eigenvalues[:, :5], forget, rtol=1e-12)
    assert (eigenvalues[:, 5:] == 0).all()
    np.testing.assert_allclose(constants[:, :5], lh.half_life(forget) / np.log(2), rtol=1e-11)
    assert (constants[:, 5:] == 0).all()


@pytest.mark.parametrize("time", [1, 2, 8])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize(
    "names",
    [("tanh", "sigmoid"), ("tanh", "hard_sigmoid"), ("sigmoid", "tanh"), ("relu", "sigmoid")],
    ids="-".join,
)
def test_eigenvalues_of_a_step_made_by_replay(names, use_bias, time):
    rng = np.random.default_rng(9)
    options = {"activation": names[0], "recurrent_activation": names[1]}
    w = random_weights(rng, 4, 3, **options)
    w = w if use_bias else dataclasses.replace(w, bias=None)
    x = rng.normal(size=(3, time, 3))
    constants, eigenvalues = memory.time_constants(w, x, return_eigenvalues=True)
    state = np.zeros((3, 8))
    if time > 1:
        trace = lh.replay(w, x[:, :-1])
        state = np.concatenate([trace.hidden[:, -1], trace.cell[:, -1]], axis=1)

    def step(states, window):
        repeated = np.repeat(x[window : window + 1, -1:], len(states), axis=0)
        trace = lh.replay(w, repeated, (states[:, :4], states[:, 4:]))
        return np.concatenate([trace.hidden[:, -1], trace.cell[:, -1]], axis=1)

    for window in range(3):
        push = 1e-6 * np.eye(8)
        moved = step(state[window] + push, window) - step(state[window] - push, window)
        expected = np.linalg.eigvals(moved.T / 2e-6)
        found = eigenvalues[window]
        assert (np.diff(np.abs(found)) <= 0).all()
        np.testing.assert_allclose(np.poly(found), np.poly(expected), rtol=0, atol=1e-8)
    # Undone: exp(-1 / tau) is the size, or 1 where that is larger.
    with np.errstate(divide="ignore"):
        np.testing.assert_allclose(
            np.exp(-1 / constants), np.minimum(np.abs(eigenvalues), 1), rtol=1e-12
        )


def test_single_weights_are_taken_to_double_before_the_work():
    rng = np.random.default_rng(10)
    w, x = random_weights(rng, dtype=np.float32), rng.normal(size=(3, 6, 2))
    found = memory.time_constants(w, x)
    assert found.dtype == np.float64
    double = lh.LSTMWeights.from_arrays([array.astype(float) for array in w.to_arrays()])
    np.testing.assert_array_equal(found, memory.time_constants(double, x))
    assert memory.time_constants(w, x[:0]).shape == (0, 6)


@pytest.mark.parametrize("function", ["recurrence_cut", "time_constants"])
def test_backwards_the_last_step_worked_is_the_first_reading(function):
    rng = np.random.default_rng(11)
    w, x = random_weights(rng), rng.normal(size=(3, 6, 2))
    head = [rng.normal(size=(3, 2))] if function == "recurrence_cut" else []
    backwards = dataclasses.replace(w, go_backwards=True)
    found = getattr(memory, function)(backwards, x, *head)
    expected = getattr(memory, function)(w, x[:, ::-1], *head)
    expected = expected[:, :, ::-1] if function == "recurrence_cut" else expected
    np.testing.assert_array_equal(found, expected)


# What is refused.

X = np.zeros((3, 5, 2))
REFUSED = {
    "weights": ([np.eye(2)], X, TypeError, "^expected LSTMWeights, got list$"),
    "rank": (
        {},
        X[0],
        ValueError,
        r"^expected x of shape \(batch, time, features\), got \(5, 2\)$",
    ),
    "features": ({}, X[..., :1], ValueError, "^expected 2 features in x, got 1$"),
    "no steps": ({}, X[:, :0], ValueError, "^expected at least one step in x, got shape"),
    "text": ({}, [[["a"]]], TypeError, "^expected x as real numbers, got dtype <U1$"),
    "own": (
        {"activation": "elu"},
        X,
        ValueError,
        "^expected activation to be one of .* got 'elu'$",
    ),
    "precision": (
        {"compute_dtype": "float16"},
        X,
        ValueError,
        "mixed precision is not reproduced$",
    ),
    "stateful": (
        {"stateful": True},
        X[:0],
        ValueError,
        "^expected an initial_state for a stateful lay",
    ),
}


@pytest.mark.parametrize(("changes", "x", "kind", "message"), REFUSED.values(), ids=REFUSED)
def test_what_replay_refuses_is_refused(changes, x, kind, message):
    w = dataclasses.replace(cell(4, 2), **changes) if isinstance(changes, dict) else changes
    for work in (
        lambda: memory.recurrence_cut(w, x, np.eye(4)),
        lambda: memory.time_constants(w, x),
    ):
        with pytest.raises(kind, match=message):
            work()


@pytest.mark.parametrize("head", [np.ones(4), np.ones((3, 1)), np.ones((4, 0))])
def test_head_must_fit(head):
    with pytest.raises(ValueError, match=r"^expected head of shape \(4, outputs\), got"):
        memory.recurrence_cut(cell(4, 2), X, head)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_passes_through_the_cut_and_is_no_state_to_take_eigenvalues_at(value, monkeypatch):
    rng = np.random.default_rng(12)
    w, x = random_weights(rng, activation="relu"), rng.normal(size=(3, 5, 2))
    x[1, 2] = value
    cut = memory.recurrence_cut(w, x, np.eye(3))
    assert np.isnan(cut).any(axis=(1, 2, 3)).tolist() == [False, True, False]
    for bytes_at_once in (2**28, 1):  # whole, and one window at a time
        monkeypatch.setattr(numpy_lstm, "_WORKSPACE", bytes_at_once)
        with pytest.raises(ValueError, match=r"^expected finite states .* Jacobian of window 1$"):
            memory.time_constants(w, x)
