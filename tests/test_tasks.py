"""Tasks and worlds whose answer is known: it is where the docstring says, and nowhere else."""

import dataclasses

import numpy as np
import pytest

from lstm_helpers.course import methods, scoring, tasks, worlds
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.numpy_lstm import replay
from lstm_helpers.readout import Readout

MAKERS = [tasks.remember_first, tasks.adding]


def test_remember_first_asks_for_the_first_value():
    inputs, targets = tasks.remember_first(50, 7, seed=0)
    assert (inputs.shape, targets.shape) == ((50, 7, 1), (50, 1))
    np.testing.assert_array_equal(targets[:, 0], inputs[:, 0, 0])
    assert not np.shares_memory(inputs, targets)


@pytest.mark.parametrize("time_steps", [2, 3, 7, 100])
def test_adding_asks_for_the_sum_of_the_two_marked_values(time_steps):
    inputs, targets = tasks.adding(400, time_steps, seed=0)
    assert (inputs.shape, targets.shape) == ((400, time_steps, 2), (400, 1))
    values, marks = inputs[..., 0], inputs[..., 1]
    half = time_steps // 2
    assert set(np.unique(marks)) <= {0, 1}
    np.testing.assert_array_equal(marks[:, :half].sum(1), 1)
    np.testing.assert_array_equal(marks[:, half:].sum(1), 1)
    np.testing.assert_allclose(targets[:, 0], (values * marks).sum(1), rtol=1e-6)
    if time_steps < 10:
        assert (marks.sum(0) > 0).all(), "every step is marked in some sequence"


@pytest.mark.parametrize(
    ("make", "low", "mean", "variance"),
    [
        (tasks.remember_first, -1, 0, tasks.REMEMBER_VARIANCE),
        (tasks.adding, 0, 1, tasks.ADDING_VARIANCE),
    ],
)
def test_mean_and_variance_are_as_documented(make, low, mean, variance):
    inputs, targets = make(100_000, 4, seed=0)
    assert targets.mean() == pytest.approx(mean, abs=0.01)
    assert targets.var(dtype=float) == pytest.approx(variance, rel=0.01)
    values = inputs[..., 0]
    assert low <= values.min() < low + 1e-3
    assert 1 - 1e-3 < values.max() <= 1
    together = np.corrcoef(values.T)
    assert np.abs(together - np.eye(4)).max() < 0.02, "independent from step to step"


@pytest.mark.parametrize("make", MAKERS)
def test_seeded_and_float32(make):
    first, again, other = make(5, 6, 1), make(5, 6, 1), make(5, 6, 2)
    for n in range(2):
        assert first[n].dtype == np.float32
        np.testing.assert_array_equal(first[n], again[n])
        assert (first[n] != other[n]).any()


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(("samples", "time_steps"), [(0, 5), (5, 0)])
def test_nothing_to_make_is_refused(make, samples, time_steps):
    message = rf"time steps?, got {samples} and {time_steps}$"
    with pytest.raises(ValueError, match=message):
        make(samples, time_steps, seed=0)


# Planted worlds. The formulas of the docstring, for windows that the worlds themselves never show:
# lag 0 comes first, v, flag and other are (batch, time).


def last_flagged(v, flag):
    is_on = flag.astype(bool)
    return np.where(is_on.any(1), v[np.arange(len(v)), is_on.argmax(1)], 0)


def ramp(distance):
    return np.clip(2 * distance, 0, 1)


FORMULAS = {
    "one lag": lambda v, flag, other, near, far: v[:, far],
    "two lags": lambda v, flag, other, near, far: v[:, near] - v[:, far],
    "switch": lambda v, flag, other, near, far: v[:, far] * flag[:, 0],
    "latch": lambda v, flag, other, near, far: last_flagged(v, flag),
    "closed gate": lambda v, flag, other, near, far: v[:, far] + (1 - flag[:, 0]) * 8 * other[:, 0],
    "silent": lambda v, flag, other, near, far: v[:, far] + 5 * other[:, 0],
    "either": lambda v, flag, other, near, far: np.maximum(flag[:, near], flag[:, far]),
    "jump": lambda v, flag, other, near, far: (
        v[:, far] * np.clip(10 * (0.6 - v[:, 0] + v[:, 1]), 0, 1)
    ),
    "between": lambda v, flag, other, near, far: (
        v[:, far] + 8 * other[:, 0] * ramp(flag[:, 0] + 0.75) * ramp(0.75 - flag[:, 0])
    ),
    "season": lambda v, flag, other, near, far: v[:, far] + other[:, 0],
}
SEEDS = range(20)
EXACT = {"rtol": 0, "atol": 1e-12}


def lag_first(x):
    return np.moveaxis(x[:, ::-1], 2, 0)


@pytest.mark.parametrize("name", worlds.WORLDS)
@pytest.mark.parametrize("time_steps", [5, 24])
def test_the_lstm_is_its_formula(name, time_steps):
    for seed in SEEDS:
        world = worlds.planted(name, seed, time_steps=time_steps, samples=30)
        assert (world.name, world.inputs.shape) == (name, (30, time_steps, 3))
        assert world.weights.dtype == world.inputs.dtype == world.targets.dtype == float
        near, far = world.lags[0], world.lags[-1]
        size = world.head.max()
        assert size == 1 or name == "two lags"
        assert size == -world.head.min() or name != "two lags"

        rng = np.random.default_rng(seed)
        x = rng.normal(size=(50, time_steps, 3))
        x[..., worlds.FLAG] = rng.integers(0, 2, (50, time_steps))
        if name == "between":  # on the way too
            x[..., worlds.FLAG] = rng.uniform(-1.2, 1.2, (50, time_steps))
        for windows in (x, world.inputs):
            formula = size * FORMULAS[name](*lag_first(windows), near, far)
            np.testing.assert_allclose(world.forward(windows), formula, **EXACT)
        np.testing.assert_allclose(world.targets, formula, **EXACT)


TRUE = {
    "one lag": [("far", "value")],
    "two lags": [("near", "value"), ("far", "value")],
    "switch": [("far", "value"), (0, "flag")],
    "latch": [("near", "value"), ("near", "flag"), ("far", "value"), ("far", "flag")],
    "closed gate": [("far", "value")],
    "silent": [("far", "value")],
    "either": [("near", "flag"), ("far", "flag")],
    "jump": [("far", "value")],
    "between": [("far", "value")],
    "season": [("far", "value"), (0, "other")],
}


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_the_truth_is_what_moves_the_output(name):
    for seed in SEEDS:
        world = worlds.planted(name, seed)
        two_lags = worlds.planted("two lags", seed).lags
        lag = {0: 0, **dict(zip(("near", "far"), two_lags, strict=True))}
        true = {(lag[where], worlds.FEATURES.index(what)) for where, what in TRUE[name]}
        assert set(zip(*np.nonzero(world.truth), strict=True)) == true
        assert set(world.lags) == {lag for lag, _ in true}

        x, others = world.inputs, np.roll(world.inputs, 1, axis=0)
        mixed = np.where(world.truth[::-1], x, others)
        np.testing.assert_allclose(world.forward(mixed), world.targets, **EXACT)
        for lag, feature in true:
            mixed = x.copy()
            mixed[:, -1 - lag, feature] = others[:, -1 - lag, feature]
            assert (world.forward(mixed) != world.targets).any(), (lag, feature)


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_the_sign_of_the_truth_is_which_way_the_output_goes(name):
    """A reading from another window moves the output as its sign says, or both ways if it is 0."""
    for seed in range(5):
        world = worlds.planted(name, seed)
        assert not world.signs[~world.truth].any()
        assert set(np.unique(world.signs)) <= {-1, 0, 1}
        for lag, feature in zip(*np.nonzero(world.truth), strict=True):
            products = []
            for by in range(1, 20):
                mixed = world.inputs.copy()
                mixed[:, -1 - lag, feature] = np.roll(mixed[:, -1 - lag, feature], by)
                rise = (mixed - world.inputs)[:, -1 - lag, feature]
                products.append(np.sign(rise) * (world.forward(mixed) - world.targets))
            up, down = np.max(products) > 1e-9, np.min(products) < -1e-9
            assert (up, down) == {1: (True, False), -1: (False, True), 0: (True, True)}[
                world.signs[lag, feature]
            ]


def test_which_signs_there_are():
    found = {name: worlds.planted(name, 0).signs for name in worlds.WORLDS}
    assert [name for name, signs in found.items() if (signs < 0).any()] == ["two lags"]
    undefined = {n: int((worlds.planted(n, 0).truth & (s == 0)).sum()) for n, s in found.items()}
    assert {n: count for n, count in undefined.items() if count} == {"switch": 1, "latch": 2}
    assert all(signs.any() for signs in found.values())


def test_the_gates_of_between_are_open_on_the_way_alone():
    world = worlds.planted("between", 0)
    flag = world.inputs[..., worlds.FLAG]
    assert set(np.unique(flag)) == {-1, 1}
    assert (flag == flag[:, :1]).all()
    assert flag[:, 0].sum() == 0
    trace = replay(world.weights, world.inputs)
    assert (trace.gates.i * trace.gates.o)[:, :, -1].max() == 0
    trace = replay(world.weights, 0 * world.inputs)
    assert (trace.gates.i * trace.gates.o)[:, :, -1].min() == 1


def test_the_seasons_differ_and_little_else_does():
    v = worlds.planted("season", 0).inputs[..., worlds.VALUE]
    assert set(np.unique(v.round())) == {-1, 1}
    assert (v.round() == v.round()[:, :1]).all()
    assert 0.0099 < np.abs(v - v.round()).max() <= 0.01


def test_lags_are_drawn_from_the_seed_and_cover_what_is_said():
    lags = {worlds.planted("two lags", seed, time_steps=6, samples=2).lags for seed in range(60)}
    assert lags == {(2, 3), (2, 4), (3, 4)}
    assert len({worlds.planted("two lags", seed).head.max() for seed in range(5)}) == 5


@pytest.mark.parametrize("name", worlds.WORLDS)
def test_one_seed_one_world(name):
    first, again, other = (worlds.planted(name, seed) for seed in (1, 1, 2))
    for field in ("inputs", "targets", "truth", "signs", "head"):
        np.testing.assert_array_equal(getattr(first, field), getattr(again, field))
    assert (first.inputs != other.inputs).any()


def test_the_gradient_of_a_world_is_that_of_its_formula():
    world = worlds.planted("two lags", 0)
    (near, far), size = world.lags, world.head.max()
    expected = np.zeros(world.inputs.shape)
    expected[:, -1 - near, worlds.VALUE], expected[:, -1 - far, worlds.VALUE] = size, -size
    np.testing.assert_allclose(world.gradient(world.inputs), expected, **EXACT)


@pytest.mark.parametrize("name", ["closed gate", "silent", "between"])
def test_some_weights_are_large_and_serve_nothing(name):
    world = worlds.planted(name, 0)
    largest = [np.abs(gate).max(axis=1) for gate in world.weights.kernel]
    value, _, other = np.max(largest, axis=0)
    assert 5 * value <= other <= 10 * value
    assert not world.truth[:, worlds.OTHER].any()


def test_no_series_of_jump_jumps():
    steps = np.diff(worlds.planted("jump", 0, samples=2000).inputs[..., worlds.VALUE], axis=1)
    assert 0.29 < np.abs(steps).max() < 0.3 + 1e-12


def test_a_world_cannot_be_rewritten():
    world = worlds.planted("one lag", 0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        world.truth = ~world.truth


def test_what_cannot_be_planted_is_refused():
    with pytest.raises(ValueError, match=r"^expected a world of 'one lag', .*'season', got 'two'$"):
        worlds.planted("two", 0)
    for sizes in ({"samples": 1}, {"time_steps": 4}):
        with pytest.raises(ValueError, match=r"^expected at least 2 samples and 5 time"):
            worlds.planted("one lag", 0, **sizes)


# What methods says of a world whose every number follows from its formula.


def test_methods_on_two_lags():
    world = worlds.planted("two lags", 0)
    near, far = world.lags
    size, v = world.head.max(), world.inputs[:, ::-1, worlds.VALUE]
    some = v[: methods.SOME]
    two = [near, far]
    away = {  # what each puts in the place of a reading, subtracted from it
        "gradient": np.ones_like(v),
        "gradient x input": v,
        "integrated gradients, zeros": v,
        "occlusion, zeros": v,
        "integrated gradients, mean": v - v.mean(axis=0),
        "expected gradients, others": some - v[40:60].mean(axis=0),
        "Shapley values": some - v[40:50].mean(axis=0),
    }
    found = scoring.ask(world)
    for name, distance in away.items():
        by_lag = np.zeros(24)
        by_lag[two] = size * np.abs(distance[:, two]).mean(axis=0)
        np.testing.assert_allclose(found["lag"].pop(name), by_lag, **EXACT)
        if name != "Shapley values":
            by_feature = [by_lag.sum(), 0, 0]
            np.testing.assert_allclose(found["feature"].pop(name), by_feature, **EXACT)
    # As slopes: the gradient itself, and for all others size times the variance.
    np.testing.assert_allclose(found["sign"].pop("gradient"), size * world.signs, **EXACT)
    variances = np.zeros((24, 3))
    variances[two, 0] = size * np.array([1, -1]) * v[:, two].var(axis=0)
    np.testing.assert_allclose(found["sign"]["occlusion, zeros"], variances, **EXACT)
    # Effects of others' readings, one after the other: the mean of the sizes is theirs.
    lost = some - v[40:50, None].mean(axis=0)
    by_lag = size * np.abs(lost).mean(axis=0)[two]
    np.testing.assert_allclose(found["lag"].pop("occlusion, others")[two], by_lag, **EXACT)
    # Two units that the head reads; each keeps nothing.
    newest = np.eye(24)[0]
    np.testing.assert_allclose(found["lag"].pop("gate products"), 2 * size * newest, **EXACT)
    written = np.abs(world.targets).mean() * newest
    np.testing.assert_allclose(found["lag"].pop("cell contributions"), written, **EXACT)
    np.testing.assert_array_equal(found["feature"].pop("weight norms"), [1, 0, 0])
    rest = {"expected gradients, alike", "permutation", "permutation, alike", "saliency rescaling"}
    assert found["lag"].keys() == rest
    assert found["feature"].keys() == rest | {"occlusion, others"}
    no_sign = rest - {"expected gradients, alike"} | {"weight norms", "gate products"}
    assert found["sign"].keys() == scoring.METHODS.keys() - no_sign - {"gradient"}


def test_references_are_other_windows_and_those_that_are_alike():
    world = worlds.planted("between", 0)
    x = world.inputs
    np.testing.assert_array_equal(methods.others(world)[:, 0], x[40:60])
    near = methods.alike(world)
    assert near.shape == (20, 40, 24, 3)
    regime = x[:40, 0, worlds.FLAG]
    assert (near[..., 0, worlds.FLAG] == regime).all()
    # By another way: sorted, with the feature's spread for a unit.
    unit = x.std(axis=(0, 1))
    for n in (0, 39):
        far = (((x - x[n]) / unit) ** 2).sum(axis=(1, 2))
        np.testing.assert_array_equal(near[:, n], x[np.argsort(far)[1:21]])
    assert np.isfinite(methods.alike(worlds.planted("silent", 0))).all()  # no spread there


def test_slopes_are_covariances_lag_0_first():
    x = np.random.default_rng(0).normal(size=(50, 4, 2))
    weights = np.arange(8.0).reshape(4, 2) - 3
    expected = (weights * x.var(axis=0))[::-1]
    np.testing.assert_allclose(methods.slopes(weights * (x - 7), x), expected, rtol=1e-12)
    one = methods.slopes(x[..., :1], x)
    np.testing.assert_allclose(one[:, 0], x[..., 0].var(axis=0)[::-1], rtol=1e-12)
    with pytest.raises(ValueError, match=r"in the shape of inputs, \(50, 4, 2\), or with one"):
        methods.slopes(x[:9], x)


def test_cell_contributions_sum_to_the_output_if_none_is_negative():
    rng = np.random.default_rng(0)
    shapes = (3, 4), (4, 4), (4,)
    w = LSTMWeights(
        *(Gates(*rng.uniform(0, 0.3, (4, *shape))) for shape in shapes), activation="linear"
    )
    x, truth = rng.uniform(size=(5, 6, 3)), np.ones((6, 3), bool)
    readout = Readout(w, rng.uniform(size=(4, 1)))
    world = worlds.World("positive", readout, x, np.zeros(5), truth, 1 * truth)
    asked = {name: methods.METHODS[name] for name in ("gate products", "cell contributions")}
    by_lag = scoring.ask(world, asked)["lag"]
    np.testing.assert_allclose(by_lag["cell contributions"].sum(), world.forward(x).mean(), **EXACT)
    # A candidate of 1 everywhere makes the two the same.
    zeros = np.zeros((4, 4))
    ones = Gates(*w.bias[:2], np.ones(4), w.bias.o)
    w = LSTMWeights(w.kernel._replace(c=zeros[:3]), Gates(*[zeros] * 4), ones, activation="linear")
    world = dataclasses.replace(world, readout=Readout(w, world.head))
    by_lag = scoring.ask(world, asked)["lag"]
    np.testing.assert_allclose(by_lag["cell contributions"], by_lag["gate products"], **EXACT)


# The score.

TRUTH = np.array([True, False, True, False])


@pytest.mark.parametrize(
    ("importance", "expected"),
    [
        ([3, 0, 3, 0], (1, 1, 0, 0, True)),
        ([0, 3, 0, 3], (-1, 0, 2, 2, False)),
        # Ranks 4 1.5 3 1.5 against 3.5 1.5 3.5 1.5: 4 / sqrt(4.5 * 4).
        ([3, 0, 1, 0], (4 / 18**0.5, 1, 0, 0, True)),
        # Ranks 4 3 2 1: 2 / sqrt(5 * 4).
        ([6, 3, 1, 0], (2 / 20**0.5, 0.7, 0, 1, False)),
        ([7, 7, 7, 7], (0, 0.5, 0, 2, False)),
        ([0, 0, 0, 0], (0, 0, 2, 0, False)),
        ([100, 1.99, 2, 0], (4 / 20**0.5, 102 / 103.99, 0, 0, True)),
        ([100, 2, 1.99, 0], (2 / 20**0.5, 101.99 / 103.99, 1, 1, False)),
        # Rounding does not break ties.
        ([3, 1e-16, 3 + 1e-15, 0], (1, 1, 0, 0, True)),
        # It is below 1e-9 of the largest; 2e-9 is a difference, and so ranks 3 1 4 2.
        ([1, 0.4e-9, 1, 0], (1, 1, 0, 0, True)),
        ([1, 0, 1 + 2e-9, 2e-9], (4 / 20**0.5, 1, 0, 0, True)),
        (TRUTH, (1, 1, 0, 0, True)),
    ],
)
@pytest.mark.parametrize("shape", [(4,), (2, 2)])
def test_score(importance, expected, shape):
    found = scoring.score(np.reshape(importance, shape), TRUTH.reshape(shape))
    assert (*found, found.passed) == pytest.approx(expected)
    scaled = scoring.score(np.reshape(importance, shape) * 1e-30, TRUTH.reshape(shape))
    assert scaled == pytest.approx(found)


def test_what_is_smeared_over_everything_does_not_pass():
    truth = np.arange(20) == 0
    found = scoring.score(np.where(truth, 1, 0.019), truth)
    assert (found.misses, found.false_alarms, found.passed) == (0, 0, False)
    assert found.mass == pytest.approx(1 / 1.361)


def test_ranks_mean_nothing_where_all_is_true():
    assert scoring.score([1.0, 2.0], np.array([True, True])) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    ("importance", "truth", "error", "message"),
    [
        ([1, 2], TRUTH, ValueError, r"in the shape of truth, \(4,\), got \(2,\)"),
        ([1, 2, -3, 4], TRUTH, ValueError, "from 0 up, got -3"),
        ([1, 2, 3, -1e-9], TRUTH, ValueError, "from 0 up, got -1e-09"),
        ([1, np.nan, 3, 4], TRUTH, ValueError, "from 0 up, got nan"),
        ([1, np.inf, 3, 4], TRUTH, ValueError, "from 0 up, got inf"),
        ([1, 2, 3, 4], ~(TRUTH | True), ValueError, "at least one true entry, got none"),
        ([1, 2, 3, 4], TRUTH * 1.0, TypeError, "truth as bool, got dtype float64"),
        (["1", "2", "3", "4"], TRUTH, TypeError, "importance as real numbers, got dtype <U1"),
    ],
)
def test_what_cannot_be_scored_is_refused(importance, truth, error, message):
    with pytest.raises(error, match=f"^expected .*{message}$"):
        scoring.score(importance, truth)


@pytest.mark.parametrize(
    ("directions", "signs", "expected", "passed"),
    [
        ([2, -3], [1, -1], (2, 0, 0), True),
        ([2, 3], [1, -1], (1, 1, 0), False),
        ([-2, 3], [1, -1], (0, 2, 0), False),
        ([2, 0], [1, -1], (1, 0, 1), False),
        ([0, 0], [1, -1], (0, 0, 2), False),
        ([100, -2], [1, -1], (2, 0, 0), True),
        ([100, -1.99], [1, -1], (1, 0, 1), False),
        ([100, 1.99], [1, -1], (1, 0, 1), False),
        ([1, -9], [1, 0], (1, 0, 0), True),
        # What has no sign is no measure of what is small.
        ([1, -900], [1, 0], (1, 0, 0), True),
    ],
)
@pytest.mark.parametrize("shape", [(2,), (2, 1)])
def test_score_of_signs(directions, signs, expected, passed, shape):
    directions, signs = np.reshape(directions, shape), np.reshape(signs, shape)
    found = scoring.score_signs(directions, signs)
    assert (found, found.passed) == (expected, passed)
    assert scoring.score_signs(directions * 1e-30, signs) == expected


@pytest.mark.parametrize(
    ("directions", "signs", "message"),
    [
        ([1, 2], [1, 1, 0], r"directions in the shape of signs, \(3,\), got \(2,\)"),
        ([1, 2], [0, 0], "signs of -1, 0 and 1, and one that is not 0"),
        ([1, 2], [1, 2], "signs of -1, 0 and 1, and one that is not 0"),
        ([1, np.nan], [1, -1], "finite directions"),
        ([1, np.inf], [1, 0], "finite directions"),
    ],
)
def test_what_cannot_be_scored_signed_is_refused(directions, signs, message):
    with pytest.raises(ValueError, match=f"^expected {message}"):
        scoring.score_signs(directions, np.array(signs))
