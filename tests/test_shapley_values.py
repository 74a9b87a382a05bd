"""Shapley values: a brute force over all sets, the axioms, and random orders within their error."""

import itertools
import math

import numpy as np
import pytest
from common import random_weights

import lstm_helpers as lh
from lstm_helpers import _calls, shapley_values

EXACT = {"rtol": 0, "atol": 1e-12}

BATCH, TIME, FEATURES = 3, 5, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(BATCH, TIME, FEATURES))
OTHERS = RNG.normal(size=(4, TIME, FEATURES))
OWN = RNG.normal(size=(BATCH, TIME, FEATURES))
MIXED = RNG.normal(size=(TIME * FEATURES, 3))


def tangled(x):
    """A function in which all readings meet."""
    return np.tanh(x.reshape(len(x), -1) @ MIXED).prod(axis=1) + np.sin(x.sum(axis=(1, 2)))


def brute_force(forward, x, baselines, groups):
    """By the definition, window by window and set by set; groups of (step, feature) places."""
    found = np.zeros((len(x), len(groups)))
    for row, window in enumerate(x):
        worth = {}
        for size in range(len(groups) + 1):
            for there in itertools.combinations(range(len(groups)), size):
                points = np.array([sample[row] for sample in baselines])
                for n, group in enumerate(groups):
                    for step, feature in group if n in there else ():
                        points[:, step, feature] = window[step, feature]
                worth[frozenset(there)] = float(np.mean(forward(points)))
        for there, value in worth.items():
            for n in range(len(groups)):
                if n not in there:
                    orders = math.factorial(len(there)) * math.factorial(
                        len(groups) - len(there) - 1
                    )
                    gain = worth[there | {n}] - value
                    found[row, n] += orders / math.factorial(len(groups)) * gain
    return found


def lags(time, features, sets):
    return [[(time - 1 - lag, f) for lag in some for f in range(features)] for some in sets]


def test_ten_lags_of_an_lstm_equal_a_brute_force_over_1024_sets():
    rng = np.random.default_rng(1)
    w, head = random_weights(rng, units=4, features=FEATURES), rng.normal(size=4)
    readout = lh.Readout(w, head)
    x, others = rng.normal(size=(2, 10, FEATURES)), rng.normal(size=(3, 10, FEATURES))
    found, error = lh.shapley(readout.forward, x, others[:, None], return_standard_error=True)
    samples = np.broadcast_to(others[:, None], (3, 2, 10, FEATURES))
    expected = brute_force(
        readout.forward, x, samples, lags(10, FEATURES, [[n] for n in range(10)])
    )
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
    assert (error == 0).all()
    assert (error.shape, error.dtype) == (found.shape, float)


SETS = {
    "lags": ("lag", [[2], [0, 4], [1, 3]], lags(TIME, FEATURES, [[2], [0, 4], [1, 3]])),
    "features": ("feature", [[1], [0]], [[(t, f) for t in range(TIME)] for f in (1, 0)]),
    "one": ("lag", [range(TIME)], lags(TIME, FEATURES, [range(TIME)])),
}
BASELINES = {
    "number": (-0.5, np.full((1, BATCH, TIME, FEATURES), -0.5)),
    "a feature": ([1, 2], np.broadcast_to([1.0, 2.0], (1, BATCH, TIME, FEATURES))),
    "window": (OTHERS[0], np.broadcast_to(OTHERS[0], (1, BATCH, TIME, FEATURES))),
    "each its own": (OWN, OWN[None]),
    "others": (OTHERS[:, None], np.broadcast_to(OTHERS[:, None], (4, BATCH, TIME, FEATURES))),
    "each its others": (np.stack([OWN, X[::-1]]), np.stack([OWN, X[::-1]])),
}


@pytest.mark.parametrize(("given", "samples"), BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize(("axis", "together", "places"), SETS.values(), ids=SETS)
def test_groups_and_baselines_of_every_kind(axis, together, places, given, samples):
    found = lh.shapley(tangled, X, given, axis=axis, together=together)
    np.testing.assert_allclose(found, brute_force(tangled, X, samples, places), **EXACT)
    drawn = lh.shapley(tangled, X, given, axis=axis, together=together, n_samples=3)
    if len(together) < 3:  # one order there and back is all orders
        np.testing.assert_allclose(drawn, found, **EXACT)
    whole = tangled(X) - np.mean([tangled(sample) for sample in samples], axis=0)
    np.testing.assert_allclose(found.sum(axis=1), whole, **EXACT)
    np.testing.assert_allclose(drawn.sum(axis=1), whole, **EXACT)


def test_each_lag_alone_unless_groups_are_given_and_lag_0_is_the_newest():
    found = lh.shapley(tangled, X, OWN)
    assert found.shape == (BATCH, TIME)
    given = lh.shapley(tangled, X, OWN, axis="lag", together=[[0], [1], [2], [3], [4]])
    np.testing.assert_array_equal(found, given)
    newest = lh.shapley(lambda x: x[:, -1].sum(axis=1), X)
    np.testing.assert_allclose(newest[:, 0], X[:, -1].sum(axis=1), **EXACT)
    np.testing.assert_allclose(newest[:, 1:], 0, **EXACT)
    features = lh.shapley(lambda x: x[:, :, 1].sum(axis=1), X, axis="feature")
    np.testing.assert_allclose(features, [[0, total] for total in X[:, :, 1].sum(axis=1)], **EXACT)


def test_what_is_in_no_group_keeps_its_value():
    seen = []

    def forward(x):
        seen.append(x.copy())
        return tangled(x)

    found = lh.shapley(forward, X, 9.0, together=[[1], [3]])
    points = np.concatenate(seen).reshape(-1, BATCH, TIME, FEATURES)
    steps = [0, 2, 4]
    np.testing.assert_array_equal(
        points[:, :, steps], np.broadcast_to(X, points.shape)[:, :, steps]
    )
    replaced = X.copy()
    replaced[:, [1, 3]] = 9
    np.testing.assert_allclose(found.sum(axis=1), tangled(X) - tangled(replaced), **EXACT)


# The axioms, in exact values and in those from random orders.


@pytest.mark.parametrize("n_samples", [None, 4])
def test_axioms(n_samples):
    def values(forward):
        return lh.shapley(forward, X, OTHERS[:, None], n_samples=n_samples)

    def without_lag_2(x):
        return tangled(x * np.array([1, 1, 0, 1, 1])[:, None])

    np.testing.assert_allclose(values(without_lag_2)[:, 2], 0, **EXACT)  # dummy
    added = values(lambda x: 2 * tangled(x) + without_lag_2(x) + 5)  # linear
    np.testing.assert_allclose(added, 2 * values(tangled) + values(without_lag_2), **EXACT)


def test_two_lags_that_are_used_alike_have_one_value():
    x = X.copy()
    x[:, 1] = x[:, 3]

    def forward(x):
        return np.tanh(x[:, 1] + x[:, 3]).prod(axis=1) * np.exp(x[:, 0, 0]) + x[:, 2, 1]

    found = lh.shapley(forward, x)
    np.testing.assert_allclose(found[:, 1], found[:, 3], **EXACT)
    assert np.abs(found[:, 1]).min() > 1e-3


def test_an_order_there_and_back_is_exact_where_readings_meet_in_pairs():
    """Each pair's product goes to the later of the two: half to each, whatever the order."""
    table = np.random.default_rng(2).normal(size=(12, 12))

    def forward(x):
        return np.einsum("bt,ts,bs->b", x[..., 0], table, x[..., 0])

    x = np.random.default_rng(3).normal(size=(4, 12, 1))
    found, error = lh.shapley(forward, x, return_standard_error=True)
    expected = x[..., 0] * (x[..., 0] @ (table + table.T)) / 2
    np.testing.assert_allclose(found, expected[:, ::-1], **EXACT)
    np.testing.assert_allclose(error, 0, **EXACT)


# Random orders.


def counted(forward):
    def run(x):
        run.windows += len(x)
        run.largest = max(run.largest, x.nbytes)
        return forward(x)

    run.windows = run.largest = 0
    return run


@pytest.mark.parametrize(
    ("groups", "samples", "n_samples", "asked"),
    [
        (10, 1, None, 2**10),
        (10, 3, None, 3 * 2**10),
        (11, 1, None, 50 * 2 * 10 + 2),
        (11, 3, None, 3 * (17 * 2 * 10 + 1) + 1),
        (10, 1, 7, 7 * 2 * 9 + 2),
        (10, 3, 7, 3 * (3 * 2 * 9 + 1) + 1),
        (10, 3, 6, 3 * (2 * 2 * 9 + 1) + 1),
        (4, 3, 1, 3 * (2 * 2 * 3 + 1) + 1),
        (1, 1, 1, 2),
    ],
)
def test_how_often_the_function_is_asked(groups, samples, n_samples, asked):
    rng = np.random.default_rng(4)
    x, others = rng.normal(size=(2, groups, 1)), rng.normal(size=(samples, groups, 1))
    forward = counted(lambda x: np.sin(x.sum(axis=(1, 2))))
    lh.shapley(forward, x, others[:, None], n_samples=n_samples)
    assert forward.windows == 2 * asked
    assert shapley_values._MOST_EXACT == 10
    assert "from 50 orders beyond" in lh.shapley.__doc__


@pytest.mark.parametrize(("samples", "n_samples"), [(1, 20), (4, 12)])
def test_random_orders_are_off_by_their_standard_error(samples, n_samples):
    """400 runs: the mean is right, and the spread is the one that each run states."""
    baselines = OTHERS[:samples, None]
    expected = lh.shapley(tangled, X, baselines)
    runs = [
        lh.shapley(
            tangled, X, baselines, n_samples=n_samples, seed=seed, return_standard_error=True
        )
        for seed in range(400)
    ]
    values, errors = map(np.array, zip(*runs, strict=True))
    spread = values.std(axis=0)
    assert spread.min() > 1e-4
    assert (np.abs(values.mean(axis=0) - expected) < 4.5 * spread / 20).all()
    stated = np.sqrt((errors**2).mean(axis=0))
    np.testing.assert_allclose(stated / spread, 1, atol=0.15)
    whole = tangled(X) - tangled(OTHERS[:samples]).mean()
    np.testing.assert_allclose(values.sum(axis=2), np.tile(whole, (400, 1)), **EXACT)


def test_more_orders_leave_a_smaller_error():
    x = np.random.default_rng(5).normal(size=(2, 11, 1))
    runs = [
        lh.shapley(
            lambda x: np.sin(x.sum(axis=(1, 2))), x, n_samples=n, return_standard_error=True
        )[1].mean()
        for n in (25, 400)
    ]
    assert 3 < runs[0] / runs[1] < 5.5


def test_baselines_that_differ_are_no_error_of_the_orders():
    found, error = lh.shapley(
        lambda x: x.sum(axis=(1, 2)), X, OTHERS[:, None], n_samples=8, return_standard_error=True
    )
    np.testing.assert_allclose(found, (X - OTHERS.mean(axis=0)).sum(axis=2)[:, ::-1], **EXACT)
    np.testing.assert_allclose(error, 0, **EXACT)


def test_the_seed_says_which_orders_and_all_windows_get_the_same():
    def run(x=X, **more):
        return lh.shapley(tangled, x, OTHERS[:, None], n_samples=8, **more)

    found = run()
    np.testing.assert_array_equal(found, run(seed=0))
    assert not np.array_equal(found, run(seed=1))
    np.testing.assert_allclose(run(X[1:2]), found[1:2], **EXACT)


def test_each_sample_of_the_baselines_has_orders_of_its_own():
    found = lh.shapley(tangled, X, np.stack([OWN, OWN]), n_samples=4)
    one = lh.shapley(tangled, X, OWN, n_samples=2)
    assert not np.allclose(found, one, rtol=0, atol=1e-6)
    four = lh.shapley(tangled, X, OWN, n_samples=4)
    np.testing.assert_allclose(found, four, **EXACT)


# Padding.


PAD = 50.0
LENGTHS = [5, 3, 1]
AFTER = np.arange(TIME) < np.array(LENGTHS)[:, None]


def padded(real):
    """The first steps of X, as many as are real, and PAD at the others."""
    x = np.full(X.shape, PAD)
    for n, length in enumerate(LENGTHS):
        x[n, real[n]] = X[n, :length]
    return x


def of_real_steps(x):
    """Sees the real steps, in their order, and how many they are."""
    return np.array([np.cumsum(np.sin(one[one != PAD]))[::2].prod() for one in x])


@pytest.mark.parametrize("real", [AFTER, AFTER[:, ::-1]], ids=["after", "before"])
def test_lags_count_from_the_last_real_step(real):
    x, sets = padded(real), [[0, 3], [1], [2, 4]]
    found = lh.shapley(of_real_steps, x, [2.0, 3.0], mask=real, together=sets)
    for n, own in enumerate((sets, [[0], [1], [2]], [[0]])):
        short = lh.shapley(of_real_steps, X[n : n + 1, : LENGTHS[n]], [2.0, 3.0], together=own)
        np.testing.assert_allclose(found[n, : len(own)], short[0], **EXACT)
    assert found[2, 1:].tolist() == [0, 0]


@pytest.mark.parametrize("n_samples", [None, 3])
@pytest.mark.parametrize("real", [AFTER, AFTER[:, ::-1]], ids=["after", "before"])
def test_padding_keeps_its_value(real, n_samples):
    x, seen = padded(real), []

    def forward(x):
        seen.append(x.copy())
        return of_real_steps(x)

    found = lh.shapley(forward, x, [2.0, 3.0], mask=real, n_samples=n_samples)
    points = np.concatenate([some.reshape(-1, *X.shape) for some in seen])
    np.testing.assert_array_equal((points == PAD).all(axis=0), np.repeat(~real[..., None], 2, 2))
    empty = of_real_steps(np.where(real[..., None], [2.0, 3.0], x))
    np.testing.assert_allclose(found.sum(axis=1), of_real_steps(x) - empty, **EXACT)
    has = np.arange(TIME) < np.array(LENGTHS)[:, None]
    np.testing.assert_array_equal(found != 0, has)


def test_a_window_of_padding_alone_has_nothing():
    real = np.ones((BATCH, TIME), bool)
    real[1] = False
    # Its outputs are never the same twice.
    rng = np.random.default_rng(6)
    for n_samples in (None, 3):
        found, error = lh.shapley(
            lambda x: rng.normal(size=len(x)), X, mask=real, n_samples=n_samples,
            return_standard_error=True,
        )  # fmt: skip
        assert (found[1] == 0).all()
        assert (error[1] == 0).all()
        assert (found[[0, 2]] != 0).all()


def test_features_of_padded_windows():
    real = np.array([[0, 1, 1, 1, 1], [1, 1, 1, 1, 0], [0, 0, 1, 1, 0]], bool)
    weights = np.random.default_rng(7).normal(size=(TIME, FEATURES))
    found = lh.shapley(
        lambda x: np.einsum("btf,tf->b", x, weights), X, OWN, axis="feature", mask=real
    )
    np.testing.assert_allclose(found, ((X - OWN) * weights * real[..., None]).sum(axis=1), **EXACT)


class Skipping:
    """A function of a model whose Masking skips zeros."""

    mask_value = 0.0

    def __call__(self, x):
        return x.sum(axis=(1, 2))


SKIPPED = r"^expected baselines that the model reads, got what Masking\(0\) skips at {} steps: "


def test_baselines_that_masking_skips():
    with pytest.raises(ValueError, match=SKIPPED.format(15)):
        lh.shapley(Skipping(), X)
    with pytest.raises(ValueError, match=SKIPPED.format(15)):
        lh.shapley(Skipping(), X, axis="feature")
    with pytest.raises(ValueError, match=SKIPPED.format(6)):
        lh.shapley(Skipping(), X, together=[[1], [3]])
    real = np.arange(TIME) > np.array([[0], [1], [2]])
    with pytest.raises(ValueError, match=SKIPPED.format(9)):
        lh.shapley(Skipping(), X, mask=real)
    # One feature stays, so no step is skipped.
    found = lh.shapley(Skipping(), X, axis="feature", together=[[1]])
    np.testing.assert_allclose(found[:, 0], X[..., 1].sum(axis=1), **EXACT)


# How the function is called.


@pytest.mark.parametrize("n_samples", [None, 3])
def test_rows_follow_their_windows(n_samples, monkeypatch):
    plain = lh.shapley(tangled, X, OTHERS[:, None], n_samples=n_samples)
    monkeypatch.setattr(_calls, "_CALL_BYTES", 7 * X[0].nbytes)
    factors, shift = np.array([1.0, -2.0, 3.0]), np.arange(6.0).reshape(3, 2)

    def forward(x, factor, more, nothing):
        assert nothing is None
        return factor * tangled(x) + more.sum(axis=1)

    found = lh.shapley(
        forward, X, OTHERS[:, None], n_samples=n_samples,
        additional_forward_args=(factors, shift, None),
    )  # fmt: skip
    np.testing.assert_allclose(found, factors[:, None] * plain, rtol=0, atol=1e-11)


@pytest.mark.parametrize("n_samples", [None, 3])
@pytest.mark.parametrize("windows", [1, 2, 7, 1000])
def test_no_call_gets_more_than_it_may(n_samples, windows, monkeypatch):
    expected = lh.shapley(tangled, X, OTHERS[:, None], n_samples=n_samples)
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows * X[0].nbytes)
    forward = counted(tangled)
    found = lh.shapley(forward, X, OTHERS[:, None], n_samples=n_samples)
    np.testing.assert_allclose(found, expected, **EXACT)
    assert forward.largest <= windows * X[0].nbytes


@pytest.mark.parametrize("n_samples", [None, 3])
def test_what_the_function_does_to_its_windows_changes_nothing(n_samples):
    def forward(x):
        found = tangled(x)
        x[:] = np.nan
        return found

    x, others = X.copy(), OTHERS[:, None].copy()
    found = lh.shapley(forward, x, others, n_samples=n_samples)
    np.testing.assert_array_equal(found, lh.shapley(tangled, X, others, n_samples=n_samples))
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("n_samples", [None, 3])
def test_the_dtype_is_that_of_the_inputs(n_samples):
    single = X.astype("float32")
    seen = set()

    def forward(x):
        seen.add(x.dtype.name)
        return tangled(x.astype(float))

    found, error = lh.shapley(
        forward, single, OTHERS[:, None], n_samples=n_samples, return_standard_error=True
    )
    assert (found.dtype, error.dtype, seen) == (np.float32, float, {"float32"})
    expected = lh.shapley(tangled, X, OTHERS[:, None], n_samples=n_samples)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    whole = lh.shapley(tangled, np.ones((1, TIME, FEATURES), int), 0.5, n_samples=n_samples)
    assert whole.dtype == float
    np.testing.assert_array_equal(
        whole, lh.shapley(tangled, np.ones((1, TIME, FEATURES)), 0.5, n_samples=n_samples)
    )


def test_no_windows_have_no_values():
    for n_samples in (None, 3):
        found = lh.shapley(tangled, X[:0], n_samples=n_samples)
        assert found.shape == (0, TIME)


# What is refused, before the function is called.


def never(x):
    raise AssertionError("called")


REFUSED = [
    (lambda: lh.shapley(X, X), "expected forward as a function of windows, got ndarray"),
    (
        lambda: lh.shapley(never, X[0]),
        r"expected inputs of shape \(batch, time, features\), got \(5, 2\)",
    ),
    (
        lambda: lh.shapley(never, X, OTHERS),
        r"expected baselines that broadcast to \(3, 5, 2\), the shape of the inputs or to "
        r"\(samples, \*that\), got \(4, 5, 2\)",
    ),
    (lambda: lh.shapley(never, X, axis="time"), "expected axis of 'lag', 'feature', got 'time'"),
    (
        lambda: lh.shapley(never, X, together=[[0, 5]]),
        r"expected sets of different lags from 0 to 4 in together, got \[0, 5\]",
    ),
    (
        lambda: lh.shapley(never, X, together=[[0, 3, 1], [2], [4, 3, 1]]),
        "expected each lag in one set of together, got 1 in two",
    ),
    (
        lambda: lh.shapley(never, X, axis="feature", together=[[1], [1]]),
        "expected each feature in one set of together, got 1 in two",
    ),
    *(
        (
            lambda wrong=wrong: lh.shapley(never, X, n_samples=wrong),
            f"expected n_samples as a whole number of at least 1, got {wrong}",
        )
        for wrong in (0, -1, 2.5, True)
    ),
    (
        lambda: lh.shapley(never, X, seed=-1),
        "expected seed as a whole number of at least 0, got -1",
    ),
    (lambda: lh.shapley(never, X, mask=X[..., 0]), "expected mask of True and False, got .+"),
    (
        lambda: lh.shapley(never, X, additional_forward_args=(1, np.ones((4, 2)))),
        r"expected additional_forward_args with a row for each of 3 windows, got shape \(4, 2\)",
    ),
    (
        lambda: lh.shapley(lambda x: x, X),
        r"expected forward to return shape \(96,\), got shape \(96, 5, 2\)",
    ),
    (
        lambda: lh.shapley(lambda x: x, X, n_samples=1),
        r"expected forward to return shape \(3,\), got shape \(3, 5, 2\)",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[m[:60] for _, m in REFUSED])
def test_what_is_refused_in_one_clear_line(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        call()
