"""Attributions: exact on functions whose answer is known, complete on the model of the course."""

import numpy as np
import pytest
from common import DATA, random_weights

import lstm_helpers as lh
from lstm_helpers import _calls, attribution
from lstm_helpers.course import forecaster, models

EXACT = {"rtol": 0, "atol": 1e-12}

# A linear function: weight times what was replaced is the whole answer.

BATCH, TIME, FEATURES = 4, 6, 3
RNG = np.random.default_rng(0)
WEIGHTS = RNG.normal(size=(TIME, FEATURES))
X = RNG.normal(size=(BATCH, TIME, FEATURES))
REFERENCE = RNG.normal(size=(TIME, FEATURES))
OTHERS = RNG.normal(size=(5, TIME, FEATURES))
BASELINES = {
    "zero": 0.0,
    "number": -1.5,
    "a feature": np.array([1, 2, 3]),
    "reference window": REFERENCE,
    "each its newest": X[:, -1:],
    "each its own": X[::-1],
}


def forward(x):
    return np.einsum("btf,tf->b", x, WEIGHTS) + 7


def gradient(x):
    return np.broadcast_to(WEIGHTS, x.shape)


def test_a_call_gets_as_much_as_the_docstring_says():
    assert _calls._CALL_BYTES == 2**20
    assert "at most 1 MiB" in lh.occlusion.__doc__


def test_defaults_are_those_that_the_docstrings_show():
    asked = []

    def counted(function):
        def run(x):
            asked.append(len(x))
            return function(x)

        return run

    found = lh.integrated_gradients(counted(gradient), X)
    assert sum(asked) == 50 * BATCH
    np.testing.assert_array_equal(found, lh.integrated_gradients(gradient, X, 0.0, 50))
    np.testing.assert_array_equal(
        lh.occlusion(forward, X), lh.occlusion(forward, X, 0.0, window=(1, 1))
    )
    asked.clear()
    lh.occlusion(counted(forward), X)
    assert sum(asked) == BATCH * (1 + TIME * FEATURES)
    asked.clear()
    found = lh.permutation(counted(lambda x: np.abs(forward(x)).mean()), X)
    assert len(asked) == 1 + 5 * TIME
    given = lh.permutation(
        lambda x: np.abs(forward(x)).mean(), X, axis="lag", groups=None, repeats=5, seed=0
    )
    np.testing.assert_array_equal(found, given)


def test_saliency_of_a_linear_function_is_the_size_of_its_weights():
    np.testing.assert_allclose(lh.saliency(gradient, X), np.abs([WEIGHTS] * BATCH), **EXACT)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
@pytest.mark.parametrize("n_steps", [1, 2, 50])
def test_integrated_gradients_of_a_linear_function(baseline, n_steps):
    found, delta = lh.integrated_gradients(
        gradient, X, baseline, n_steps, return_convergence_delta=True, forward=forward
    )
    np.testing.assert_allclose(found, WEIGHTS * (X - baseline), **EXACT)
    np.testing.assert_allclose(delta, np.zeros(BATCH), **EXACT)
    np.testing.assert_array_equal(lh.integrated_gradients(gradient, X, baseline, n_steps), found)


@pytest.mark.parametrize("baseline", BASELINES.values(), ids=BASELINES)
def test_occlusion_of_a_linear_function(baseline):
    found = lh.occlusion(forward, X, baseline)
    np.testing.assert_allclose(found, WEIGHTS * (X - baseline), **EXACT)


def test_occlusion_by_samples_is_the_mean_over_them():
    found = lh.occlusion(forward, X, OTHERS[:, None])
    np.testing.assert_allclose(found, WEIGHTS * (X - OTHERS.mean(0)), **EXACT)
    one_each = lh.occlusion(forward, X, np.stack([X[::-1], X]))
    np.testing.assert_allclose(one_each, WEIGHTS * (X - X[::-1]) / 2, **EXACT)


@pytest.mark.parametrize("window", [(2, 1), (1, 2), (3, 2), (1, FEATURES), (TIME, FEATURES)])
def test_a_larger_window_gives_each_entry_the_mean_over_the_windows_that_cover_it(window):
    steps, features = window
    effect = WEIGHTS * (X - REFERENCE)
    expected = np.empty(X.shape)
    for t in range(TIME):
        for n in range(FEATURES):
            covering = [
                effect[:, first : first + steps, left : left + features].sum((1, 2))
                for first in range(TIME - steps + 1)
                for left in range(FEATURES - features + 1)
                if first <= t < first + steps and left <= n < left + features
            ]
            expected[:, t, n] = np.mean(covering, axis=0)
    np.testing.assert_allclose(lh.occlusion(forward, X, REFERENCE, window), expected, **EXACT)


def test_profile_starts_at_the_newest_reading():
    attributions = np.zeros((2, 4, 3))
    attributions[:, -1, 0] = [1, -3]  # mean size 2
    attributions[0, -2] = [2, -2, 2]  # features add up by size
    attributions[1, 0, 1] = -10
    found = attribution.temporal_profile(attributions)
    assert found.tolist() == [2, 3, 0, 5]
    assert found.strides == (8,), "not a view that runs backwards: PyTorch takes none"


# Permutation: what is shuffled, and what comes of it.


@pytest.mark.parametrize(("axis", "count"), [("lag", TIME), ("feature", FEATURES)])
def test_permutation_shuffles_one_lag_or_feature_across_windows(axis, count):
    x = np.random.default_rng(1).normal(size=(40, TIME, FEATURES))
    targets = forward(x)
    seen = []

    def error(inputs):
        seen.append(inputs.copy())
        return np.mean((forward(inputs) - targets) ** 2) + 100

    found = attribution.permutation(error, x, axis=axis, repeats=3, seed=5)
    assert found.shape == (count,)
    np.testing.assert_array_equal(seen[0], x)
    first = np.random.default_rng(5).permutation(40)
    expected = np.zeros(count)
    for n, runs in enumerate(np.reshape(seen[1:], (count, 3, *x.shape))):
        place = np.s_[:, TIME - 1 - n] if axis == "lag" else np.s_[:, :, n]
        np.testing.assert_array_equal(runs[0][place], x[place][first])
        assert not np.array_equal(runs[0], runs[1])
        for run in runs:
            assert not np.array_equal(run[place], x[place])
            np.testing.assert_array_equal(
                np.sort(run[place].reshape(40, -1), 0), np.sort(x[place].reshape(40, -1), 0)
            )
            # Linear: the error is the mean square of what was swapped, times the weights.
            swapped = np.zeros(x.shape)
            swapped[place] = run[place] - x[place]
            expected[n] += np.mean(np.einsum("btf,tf->b", swapped, WEIGHTS) ** 2) / 3
            run[place] = x[place]
            np.testing.assert_array_equal(run, x)
    np.testing.assert_allclose(found, expected, **EXACT)


@pytest.mark.parametrize("axis", ["lag", "feature"])
@pytest.mark.parametrize(
    "groups", [["a", "b", "b", "c"] * 10, [1.5, 2, 2, 0] * 10], ids=["text", "number"]
)
def test_permutation_stays_within_the_groups(axis, groups):
    groups = np.array(groups)
    groups[7] = groups[-1] if groups.dtype.kind == "f" else "alone"
    _, number = np.unique(groups, return_inverse=True)
    x = np.random.default_rng(1).normal(size=(40, TIME, FEATURES))
    seen = []

    def error(inputs):
        seen.append(inputs.copy())
        return 0.0

    attribution.permutation(error, x, axis=axis, groups=groups, repeats=2)
    place = np.s_[:, TIME - 1] if axis == "lag" else np.s_[:, :, 0]
    for run in seen[1:3]:
        assert not np.array_equal(run[place], x[place])
        for n in range(number.max() + 1):
            shuffled, whole = run[place][number == n], x[place][number == n]
            np.testing.assert_array_equal(np.sort(shuffled, 0), np.sort(whole, 0))
            assert np.array_equal(shuffled, whole) == (len(whole) == 1)
    again = []
    attribution.permutation(
        lambda inputs: again.append(inputs.copy()) or 0.0,
        x,
        axis=axis,
        groups=groups.tolist(),
        repeats=2,
    )
    np.testing.assert_array_equal(again, seen)
    with pytest.raises(ValueError, match=r"expected a group for each window, \(40,\), got \(39,\)"):
        attribution.permutation(error, x, groups=groups[1:])
    with pytest.raises(ValueError, match="expected a group of at least 2 windows to shuffle"):
        attribution.permutation(error, x, groups=np.arange(40))
    assert len(seen) == 1 + 2 * (TIME if axis == "lag" else FEATURES)


def test_permutation_of_what_does_not_count_changes_nothing():
    targets = X[:, -3, 1].copy()  # lag 2 of feature 1 is all there is

    def error(x):
        return np.abs(x[:, -3, 1] - targets).mean()

    by_lag = attribution.permutation(error, X)
    assert np.flatnonzero(by_lag).tolist() == [2]
    by_feature = attribution.permutation(error, X, axis="feature")
    assert np.flatnonzero(by_feature).tolist() == [1]
    # The same shuffles for all: so the same answer.
    assert by_lag[2] == by_feature[1] > 0
    assert attribution.permutation(error, X, seed=1)[2] != by_lag[2]


# Beyond linear.


def test_n_nodes_integrate_a_polynomial_of_degree_2n_minus_1_and_no_higher():
    def power_of(degree):
        return lambda x: (degree + 1) * x**degree

    for degree in range(8):
        found = lh.integrated_gradients(power_of(degree), X, REFERENCE, 3)
        exact = X ** (degree + 1) - REFERENCE ** (degree + 1)
        wrong = np.abs(found - exact).max() / np.abs(exact).max()
        assert wrong < 1e-14 if degree <= 5 else wrong > 1e-4


def test_delta_is_the_sum_minus_the_difference():
    _, delta = lh.integrated_gradients(
        lambda x: 3 * x**2,
        np.full((2, 1, 1), 2.0),
        n_steps=1,
        return_convergence_delta=True,
        forward=lambda x: (x**3).sum((1, 2)),
    )
    assert delta.tolist() == [6 - 8, 6 - 8]  # the midpoint alone: 2 * 3 * 1**2


def test_forward_is_called_for_the_delta_only():
    found = lh.integrated_gradients(gradient, X, forward=never)
    assert np.array_equal(found, lh.integrated_gradients(gradient, X))


# Any inputs.


CALLS = {
    "saliency": lambda f, g, x: lh.saliency(g, x),
    "integrated_gradients": lambda f, g, x: np.append(
        *lh.integrated_gradients(g, x, X[::-1], 7, return_convergence_delta=True, forward=f)
    ),
    "occlusion": lambda f, g, x: lh.occlusion(f, x, OTHERS[:, None] + X[::-1], (2, 2)),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("windows_a_call", [1, 3, 9])
def test_no_call_gets_more_than_it_may_and_the_numbers_are_the_same(
    call, windows_a_call, monkeypatch
):
    sizes = []

    def counted(function):
        def run(x):
            sizes.append(len(x))
            return function(x)

        return run

    def cubic(x):
        return forward(x**3)

    def slope(x):
        return 3 * x**2 * WEIGHTS

    whole = call(cubic, slope, X)
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows_a_call * X[0].nbytes + 1)
    parts = call(counted(cubic), counted(slope), X)
    np.testing.assert_allclose(parts, whole, **EXACT)
    assert max(sizes) <= windows_a_call
    assert windows_a_call == 9 or max(sizes) == windows_a_call
    # Gradients; those of 7 nodes and two outputs; an output, and one for each place and sample.
    asked = {"saliency": 1, "integrated_gradients": 7 + 2, "occlusion": 1 + 5 * 2 * 5}
    assert sum(sizes) == BATCH * next(n for name, n in asked.items() if CALLS[name] is call)


def test_a_window_larger_than_a_call_may_be_is_a_call_of_its_own(monkeypatch):
    monkeypatch.setattr(_calls, "_CALL_BYTES", 1)
    found = lh.integrated_gradients(gradient, X, REFERENCE, 3)
    np.testing.assert_allclose(found, WEIGHTS * (X - REFERENCE), **EXACT)


def test_true_and_false_are_numbers():
    """Of inputs, of outputs such as a class, and of errors."""
    flags = X > 0
    np.testing.assert_allclose(lh.occlusion(forward, flags), WEIGHTS * flags, **EXACT)
    found = lh.occlusion(lambda x: x[:, -1, 0] > 0, X)
    expected = np.zeros(X.shape)
    expected[:, -1, 0] = X[:, -1, 0] > 0
    np.testing.assert_array_equal(found, expected)
    some = lh.permutation(lambda x: np.any(x[:, -1, 0] != X[:, -1, 0]), X, repeats=20)
    assert np.flatnonzero(some).tolist() == [0]
    assert 0.8 < some[0] <= 1


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("given", ["float32", "float64", "int64"])
def test_dtype_is_that_of_the_inputs_which_stay_as_they_are(name, given):
    seen = set()

    def noted(function):
        def run(x):
            seen.add(x.dtype.name)
            return function(x)

        return run

    x = (10 * X).astype(given)
    before = x.tobytes()
    found = CALLS[name](noted(forward), noted(gradient), x)
    expected = "float64" if given == "int64" else given
    assert seen == {expected}
    if name != "integrated_gradients":  # there with the delta, which is float64
        assert found.dtype == expected
    assert x.tobytes() == before


@pytest.mark.parametrize("axis", ["lag", "feature"])
def test_two_windows_are_enough_to_shuffle(axis):
    x = X[:2]
    targets = forward(x)
    found = lh.permutation(lambda z: np.abs(forward(z) - targets).mean(), x, axis=axis, repeats=40)
    assert found.shape == (TIME if axis == "lag" else FEATURES,)
    # Each shuffle leaves the two or exchanges them: what remains is a share of the exchange.
    whole = WEIGHTS * (x[0] - x[1])
    whole = np.abs(whole.sum(1)[::-1] if axis == "lag" else whole.sum(0))
    np.testing.assert_allclose(found / whole, (found / whole)[0], rtol=1e-12)
    assert 0.2 < (found / whole)[0] < 0.8


@pytest.mark.parametrize("axis", ["lag", "feature"])
def test_together_comes_from_one_other_window(axis):
    """Two windows, and two lags (features) that say the same: alone neither is missed."""
    x = X.copy()
    twins = (slice(None), [-1, -3]) if axis == "lag" else (slice(None), slice(None), [0, 2])
    first = x[:, -1:] if axis == "lag" else x[..., :1]
    x[twins] = first

    def error(z):
        one, other = (z[:, -1], z[:, -3]) if axis == "lag" else (z[..., 0], z[..., 2])
        gone = np.any(one != other, axis=1)  # not the same: as if nothing had changed
        return np.where(gone, 0, np.any(one != first.squeeze(), axis=1)).mean()

    alone, both, all_three = lh.permutation(
        error, x, axis=axis, together=[[0], [0, 2], [2, 1, 0]], repeats=50
    )
    assert alone == 0
    assert both > 0.5
    assert all_three == both  # the same shuffles, and lag 1 says nothing


def test_together_alone_is_each_alone():
    def error(z):
        return np.abs(forward(z) - forward(X)).mean()

    alone = lh.permutation(error, X)
    assert alone.tolist() == lh.permutation(error, X, together=[[n] for n in range(TIME)]).tolist()
    some = lh.permutation(error, X, together=[range(2, 4), (5,)])
    assert some.shape == (2,)
    assert some[1] == alone[5]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("method", ["saliency", "integrated", "delta", "occlusion", "permutation"])
def test_a_function_that_changes_its_argument_harms_nobody(method, masked):
    def spoil(function):
        def run(z, *args):
            found = function(z.copy(), *(arg.copy() for arg in args))
            z -= 5
            for arg in args:
                arg -= 5
            return found

        return run

    given = [X.copy(), OTHERS[:, None] + X, np.arange(4.0)]  # windows, baselines, rows
    x, samples, rows = given
    more = {"mask": AFTER.copy() if masked else None}
    also = {**more, "additional_forward_args": rows}
    slope = lambda z, rows: slope_of_cubic(z) * rows[:, None, None]  # noqa: E731
    model = lambda z, rows: cubic(z) * rows  # noqa: E731
    error = lambda z: np.abs(forward(z)).mean()  # noqa: E731
    calls = {
        "saliency": lambda change: lh.saliency(change(slope), x, **also),
        "integrated": lambda change: lh.integrated_gradients(change(slope), x, samples, 3, **also),
        "delta": lambda change: lh.integrated_gradients(
            slope, x, x, 1, return_convergence_delta=True, forward=change(model), **also
        )[1],
        "occlusion": lambda change: lh.occlusion(change(model), x, samples, **also),
        "permutation": lambda change: lh.permutation(change(error), x, **more),
    }
    before = [array.tobytes() for array in given]
    expected = calls[method](lambda function: function)
    np.testing.assert_array_equal(calls[method](spoil), expected)
    assert [array.tobytes() for array in given] == before
    assert not masked or np.array_equal(more["mask"], AFTER)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_integrated_gradients_are_in_the_dtype_of_the_inputs_and_the_delta_in_double(dtype):
    x = X.astype(dtype)
    found, delta = lh.integrated_gradients(
        gradient, x, return_convergence_delta=True, forward=forward
    )
    assert (found.dtype, delta.dtype) == (dtype, float)
    assert lh.integrated_gradients(gradient, x).dtype == dtype


def test_no_window_gives_no_attribution():
    for function in (gradient, forward):
        method = lh.saliency if function is gradient else lh.occlusion
        assert method(function, X[:0]).shape == (0, TIME, FEATURES)
    found, delta = lh.integrated_gradients(
        gradient, X[:0], OTHERS[:, None], return_convergence_delta=True, forward=forward
    )
    assert (found.shape, delta.shape) == ((0, TIME, FEATURES), (0,))


# Expected gradients: the mean over samples of baselines.


def cubic(x):
    return forward(x**3)


def slope_of_cubic(x):
    return 3 * x**2 * WEIGHTS


@pytest.mark.parametrize("windows_a_call", [1, 7, 1000])
def test_expected_gradients_are_the_mean_over_the_samples(windows_a_call, monkeypatch):
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows_a_call * X[0].nbytes)
    for samples in (OTHERS[:, None], OTHERS[:, None] + X[::-1]):
        found, delta = lh.integrated_gradients(
            slope_of_cubic, X, samples, 3, return_convergence_delta=True, forward=cubic
        )
        np.testing.assert_allclose(found, WEIGHTS * (X**3 - (samples**3).mean(0)), **EXACT)
        np.testing.assert_allclose(delta, np.zeros(BATCH), **EXACT)
        each = [lh.integrated_gradients(slope_of_cubic, X, sample, 3) for sample in samples]
        np.testing.assert_allclose(found, np.mean(each, axis=0), **EXACT)


def test_each_sample_has_all_nodes():
    asked = []
    lh.integrated_gradients(
        lambda x: asked.append(x.copy()) or gradient(x), X[:2], OTHERS[:, None], 3
    )
    points = np.concatenate(asked)
    assert len(points) == 2 * 5 * 3
    nodes = (1 + np.array([-np.sqrt(3 / 5), 0, np.sqrt(3 / 5)])) / 2
    expected = [b + a * (x - b) for b in OTHERS for a in nodes for x in X[:2]]
    np.testing.assert_allclose(points, expected, **EXACT)


def test_delta_of_expected_gradients_is_what_too_few_nodes_miss():
    found, delta = lh.integrated_gradients(
        slope_of_cubic, X, OTHERS[:, None], 1, return_convergence_delta=True, forward=cubic
    )
    difference = cubic(X) - np.mean([cubic(other[None])[0] for other in OTHERS])
    np.testing.assert_allclose(delta, found.sum((1, 2)) - difference, **EXACT)
    assert np.abs(delta).min() > 0.01


# Padding: it keeps its value, and its attribution is 0.

LENGTHS = np.array([6, 2, 4, 2])
AFTER = np.arange(TIME) < LENGTHS[:, None]
MASKS = {"before": AFTER[:, ::-1], "after": AFTER, "between": np.arange(24).reshape(4, 6) % 3 > 0}


def padded(mask, value=9.0):
    """X, where each window has a padding of its own."""
    return np.where(mask[..., None], X, value + np.arange(BATCH)[:, None, None])


def strict(mask, function):
    """The function, which raises an error unless padding stands where it was."""
    x = padded(mask)

    def run(z, numbers):
        assert np.array_equal(z[~mask[numbers]], x[numbers][~mask[numbers]])
        return function(z)

    return run


NUMBERS = np.arange(BATCH)


@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("windows_a_call", [1, 7, 1000])
def test_padding_stays_and_its_attribution_is_0(mask, windows_a_call, monkeypatch):
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows_a_call * X[0].nbytes)
    x, real = padded(mask), mask[..., None]
    samples = OTHERS[:, None]
    more = {"mask": mask, "additional_forward_args": NUMBERS}
    found, delta = lh.integrated_gradients(
        strict(mask, slope_of_cubic), x, samples, 3,
        return_convergence_delta=True, forward=strict(mask, cubic), **more,
    )  # fmt: skip
    expected = np.where(real, WEIGHTS * (x**3 - (samples**3).mean(0)), 0)
    np.testing.assert_allclose(found, expected, **EXACT)
    np.testing.assert_allclose(delta, np.zeros(BATCH), rtol=0, atol=1e-10)  # padding is large
    occluded = lh.occlusion(strict(mask, forward), x, samples, **more)
    expected = np.where(real, WEIGHTS * (x - samples.mean(0)), 0)
    np.testing.assert_allclose(occluded, expected, rtol=0, atol=1e-11)
    slopes = lh.saliency(strict(mask, slope_of_cubic), x, **more)
    np.testing.assert_allclose(slopes, np.where(real, np.abs(slope_of_cubic(x)), 0), **EXACT)
    for attributions in (found, occluded, slopes):
        assert (attributions[~mask] == 0).all()
        assert (attributions[mask] != 0).all()


def test_an_occlusion_that_reaches_into_padding_replaces_the_real_steps():
    mask, x = AFTER, padded(AFTER)
    found = lh.occlusion(forward, x, REFERENCE, (2, 1), mask=mask)
    effect = np.where(mask[..., None], WEIGHTS * (x - REFERENCE), 0)
    pairs = effect[:, :-1] + effect[:, 1:]
    expected = np.concatenate([pairs[:, :1], (pairs[:, 1:] + pairs[:, :-1]) / 2, pairs[:, -1:]], 1)
    expected[~mask] = 0
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)


def test_padding_of_nan_harms_nobody():
    """Of a model that skips it; its gradient there is NaN too."""
    x = np.where(AFTER[..., None], X, np.nan)
    model = lambda z: np.nansum(z * WEIGHTS, axis=(1, 2))  # noqa: E731
    slope = lambda z: np.where(np.isnan(z), np.nan, WEIGHTS)  # noqa: E731
    expected = np.where(AFTER[..., None], WEIGHTS * X, 0)
    found, delta = lh.integrated_gradients(
        slope, x, return_convergence_delta=True, forward=model, mask=AFTER
    )
    np.testing.assert_allclose(found, expected, **EXACT)
    np.testing.assert_allclose(delta, np.zeros(BATCH), **EXACT)
    np.testing.assert_allclose(lh.occlusion(model, x, mask=AFTER), expected, **EXACT)
    found = lh.saliency(slope, x, mask=AFTER)
    np.testing.assert_allclose(found, np.where(AFTER[..., None], np.abs(WEIGHTS), 0), **EXACT)


@pytest.mark.parametrize("kind", [bool, int, float])
def test_a_mask_of_ones_is_no_mask(kind):
    ones = np.ones((BATCH, TIME), kind)
    error = lambda z: np.abs(cubic(z) - cubic(X)).mean()  # noqa: E731
    for call in (
        lambda **more: lh.saliency(slope_of_cubic, X, **more),
        lambda **more: lh.integrated_gradients(slope_of_cubic, X, OTHERS[:, None], 3, **more),
        lambda **more: lh.occlusion(cubic, X, REFERENCE, (2, 2), **more),
        lambda **more: lh.permutation(error, X, **more),
        lambda **more: lh.permutation(error, X, axis="feature", together=[[0, 2]], **more),
    ):
        assert np.array_equal(call(mask=ones), call())


def test_padding_is_0_in_the_dtype_of_the_inputs():
    x = X.astype("float32")
    assert lh.saliency(gradient, x, mask=AFTER).dtype == "float32"
    assert lh.occlusion(forward, x, mask=AFTER).dtype == "float32"
    assert lh.integrated_gradients(gradient, x, mask=AFTER).dtype == "float32"


# Permutation of windows of different lengths.

MANY = 60
LONG = np.random.default_rng(3).integers(1, TIME + 1, MANY)
READINGS = np.random.default_rng(4).normal(size=(MANY, TIME, FEATURES))  # by lag
HAS = np.arange(TIME) < LONG[:, None]


def windows_by(side):
    """(inputs, mask): the readings of each window, newest last, with padding of its own."""
    x = np.repeat(100.0 + np.arange(MANY), TIME * FEATURES).reshape(READINGS.shape)
    mask = np.zeros((MANY, TIME), bool)
    for n, length in enumerate(LONG):
        steps = slice(TIME - length, TIME) if side == "before" else slice(0, length)
        x[n, steps] = READINGS[n, :length][::-1]
        mask[n, steps] = True
    return x, mask


def by_lag(x, side):
    """The real readings by lag, 0 where a window has none."""
    found = np.zeros(x.shape)
    for n, length in enumerate(LONG):
        steps = slice(TIME - length, TIME) if side == "before" else slice(0, length)
        found[n, :length] = x[n, steps][::-1]
    return found


def shuffles(side, **more):
    """What error got: the windows themselves, and each shuffle of each place."""
    x, mask = windows_by(side)
    seen = []

    def error(z):
        assert np.array_equal(z[~mask], x[~mask]), "padding neither moves nor is replaced"
        seen.append(by_lag(z, side))
        return np.abs(z[mask]).mean()

    found = lh.permutation(error, x, mask=mask, **more)
    return found, np.array(seen)


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_lag_comes_from_windows_that_have_it(side):
    _, seen = shuffles(side, repeats=3)
    whole = seen[0]
    for lag, runs in enumerate(seen[1:].reshape(TIME, 3, *whole.shape)):
        have = HAS[:, lag]
        for run in runs:
            assert np.array_equal(np.delete(run, lag, 1), np.delete(whole, lag, 1))
            assert np.array_equal(np.sort(run[have, lag], 0), np.sort(whole[have, lag], 0))
            assert (run[have, lag] != whole[have, lag]).any(axis=1).mean() > 0.5
            assert (run[~have, lag] == 0).all()


@pytest.mark.parametrize("side", ["before", "after"])
def test_a_feature_comes_from_windows_of_the_same_lags(side):
    _, seen = shuffles(side, axis="feature", repeats=2)
    whole = seen[0]
    for feature, runs in enumerate(seen[1:].reshape(FEATURES, 2, *whole.shape)):
        for run in runs:
            assert np.array_equal(np.delete(run, feature, 2), np.delete(whole, feature, 2))
            for length in range(1, TIME + 1):
                alike = length == LONG
                one, other = run[alike, :, feature], whole[alike, :, feature]
                assert sorted(map(tuple, one)) == sorted(map(tuple, other))
                assert not np.array_equal(one, other)


def test_lags_together_come_from_one_window_with_the_same_of_them():
    """Lags 1 and 3: windows of length 2 and 3 exchange lag 1 alone, longer ones both."""
    _, seen = shuffles("after", together=[[1, 3]], repeats=4)
    whole = seen[0]
    for run in seen[1:]:
        for alike in ((LONG == 2) | (LONG == 3), LONG > 3):
            one, other = (z[alike][:, [1, 3]].reshape(alike.sum(), -1) for z in (run, whole))
            assert sorted(map(tuple, one)) == sorted(map(tuple, other))
            assert not np.array_equal(one, other)
        assert np.array_equal(run[:, [0, 2, 4, 5]], whole[:, [0, 2, 4, 5]])


def test_the_side_of_the_padding_is_nothing_to_a_permutation():
    for more in ({}, {"axis": "feature"}, {"groups": np.arange(MANY) % 3}):
        _, before = shuffles("before", **more)
        _, after = shuffles("after", **more)
        assert np.array_equal(before, after)


def test_groups_hold_with_padding_too():
    groups = np.arange(MANY) % 3
    _, seen = shuffles("before", groups=groups)
    for lag, runs in enumerate(seen[1:].reshape(TIME, 5, *seen[0].shape)):
        for run in runs:
            for group in range(3):
                some = groups == group
                assert np.array_equal(np.sort(run[some, lag], 0), np.sort(seen[0][some, lag], 0))


def test_a_lag_that_no_two_windows_have_has_no_importance():
    mask = AFTER.copy()  # lengths 6, 2, 4, 2
    asked = []
    found = lh.permutation(lambda z: asked.append(0) or np.abs(z[:, :2]).mean(), X, mask=mask)
    assert np.isnan(found).tolist() == [False] * 4 + [True] * 2
    assert len(asked) == 1 + 5 * 4
    # Windows 1 and 3 alone are as long as each other.
    found = lh.permutation(lambda z: 0.0, X, mask=mask, axis="feature", groups=[0, 1, 2, 1])
    assert found.tolist() == [0] * FEATURES
    with pytest.raises(ValueError, match=r"^expected a group of at least 2 windows to shuffle"):
        lh.permutation(never, X, mask=mask, axis="feature", groups=[0, 0, 0, 1])


def test_a_window_of_padding_alone_stays():
    mask = np.ones((BATCH, TIME), bool)
    mask[2] = False
    seen = []
    found = lh.permutation(lambda z: seen.append(z.copy()) or 0.0, X, mask=mask, repeats=8)
    assert found.tolist() == [0] * TIME
    assert all(np.array_equal(z[2], X[2]) for z in seen)
    assert any(not np.array_equal(z, X) for z in seen)


# The profile of windows of different lengths.


@pytest.mark.parametrize("kind", ["int64", "uint8"])
def test_lag_0_of_the_profile_is_the_last_real_step(kind):
    attributions = np.full((3, 4, 2), 99.0)  # at padding: never read
    attributions[0] = [[1, -1], [2, 0], [0, 3], [2, 2]]
    attributions[1, :2] = [[10, 0], [-20, 1]]
    attributions[2, :1] = [[0, 60]]
    found = lh.temporal_profile(attributions, lengths=np.array([4, 2, 1], kind))
    assert found.tolist() == [(4 + 21 + 60) / 3, (3 + 10) / 2, 2, 2]
    attributions[1, 2:] = np.nan
    assert lh.temporal_profile(attributions, lengths=[4, 2, 1]).tolist() == found.tolist()
    some = lh.temporal_profile(attributions[1:], lengths=[2, 1])
    assert some[:2].tolist() == [(21 + 60) / 2, 10]
    assert np.isnan(some[2:]).tolist() == [True, True]


def test_full_lengths_are_no_lengths():
    found = lh.temporal_profile(X, lengths=[TIME] * BATCH)
    np.testing.assert_allclose(found, lh.temporal_profile(X), rtol=1e-13)
    assert (found.dtype, found.shape) == (float, (TIME,))
    single = lh.temporal_profile(X.astype("float32"), lengths=[TIME] * BATCH)
    assert single.dtype == float


# What a function takes beside the windows.


def test_rows_follow_their_windows(monkeypatch):
    monkeypatch.setattr(_calls, "_CALL_BYTES", 7 * X[0].nbytes)
    factors, shift = np.array([1.0, -2.0, 3.0, 0.5]), np.arange(8.0).reshape(4, 2)
    args = (factors, shift, None, "text")

    def model(x, factor, more, nothing, text):
        assert (nothing, text) == (None, "text")
        return factor * cubic(x) + more.sum(1)

    def slope(x, factor, more, nothing, text):
        assert (len(more), nothing, text) == (len(x), None, "text")
        return factor[:, None, None] * slope_of_cubic(x)

    by_window = factors[:, None, None]
    found, delta = lh.integrated_gradients(
        slope, X, OTHERS[:, None], 3,
        return_convergence_delta=True, forward=model, additional_forward_args=args,
    )  # fmt: skip
    plain = lh.integrated_gradients(slope_of_cubic, X, OTHERS[:, None], 3)
    np.testing.assert_allclose(found, by_window * plain, **EXACT)
    np.testing.assert_allclose(delta, np.zeros(BATCH), rtol=0, atol=1e-11)
    found = lh.occlusion(model, X, OTHERS[:, None], (2, 1), additional_forward_args=args)
    plain = lh.occlusion(cubic, X, OTHERS[:, None], (2, 1))
    np.testing.assert_allclose(found, by_window * plain, rtol=0, atol=1e-11)
    found = lh.saliency(slope, X, additional_forward_args=args)
    np.testing.assert_allclose(found, np.abs(by_window * slope_of_cubic(X)), **EXACT)


def test_one_array_needs_no_tuple():
    factors = np.array([1.0, -2.0, 3.0, 0.5])
    found = lh.occlusion(lambda x, c: c * forward(x), X, additional_forward_args=factors)
    np.testing.assert_allclose(found, factors[:, None, None] * WEIGHTS * X, **EXACT)


def test_a_model_with_a_mask_of_its_own():
    """replay takes the mask; attributions give it to each copy of a window."""
    rng = np.random.default_rng(5)
    w, head = random_weights(rng, features=FEATURES, scale=0.4), rng.normal(size=3)
    x = padded(AFTER, 50.0)
    model = lambda z, mask: lh.replay(w, z, mask=mask).hidden[:, -1] @ head  # noqa: E731
    found = lh.occlusion(model, x, mask=AFTER, additional_forward_args=AFTER)
    for n, length in enumerate(LENGTHS):
        short = lh.occlusion(lambda z: lh.replay(w, z).hidden[:, -1] @ head, X[n : n + 1, :length])
        np.testing.assert_allclose(found[n, :length], short[0], rtol=0, atol=1e-12)


# What is refused, before any function is called.


def never(x):
    raise AssertionError("called")


integrated, occluded, permuted = (lh.integrated_gradients, lh.occlusion, attribution.permutation)
profile = attribution.temporal_profile
SHAPE = r"expected inputs of shape \(batch, time, features\), got "
FLAT = SHAPE + r"\(4, 6\)"
FITS = (
    r"expected baselines that broadcast to \(4, 6, 3\), the shape of the inputs or to "
    r"\(samples, \*that\), got "
)
WINDOW = r"expected window as \(steps, features\) from \(1, 1\) to \(6, 3\), got "
REFUSED = [
    (lambda: lh.saliency(WEIGHTS, X), "expected gradient as a function of windows, got ndarray"),
    (lambda: lh.saliency(never, X[..., 0]), FLAT),
    (lambda: lh.saliency(never, X[:, :0]), SHAPE + r"\(4, 0, 3\)"),
    (
        lambda: lh.saliency(never, X * 1j),
        "expected inputs as real numbers, got dtype complex128",
    ),
    (
        lambda: lh.saliency(never, [[1], [1, 2]]),
        "expected inputs as real numbers, got rows of different lengths",
    ),
    (lambda: integrated(None, X), "expected gradient as a function of windows, got NoneType"),
    (lambda: integrated(never, X[..., 0]), FLAT),
    (lambda: integrated(never, X, np.ones(TIME)), FITS + r"\(6,\)"),
    (lambda: integrated(never, X, OTHERS), FITS + r"\(5, 6, 3\)"),
    (lambda: integrated(never, X, OTHERS[:0, None]), FITS + r"\(0, 1, 6, 3\)"),
    (
        lambda: integrated(never, X, "zero"),
        "expected baselines as real numbers, got str",
    ),
    (
        lambda: integrated(never, X, n_steps=0),
        "expected n_steps as a whole number of at least 1, got 0",
    ),
    (
        lambda: integrated(never, X, n_steps=5.0),
        r"expected n_steps as a whole number of at least 1, got 5\.0",
    ),
    (
        lambda: integrated(never, X, return_convergence_delta=True),
        "expected forward with return_convergence_delta, got None",
    ),
    (
        lambda: integrated(never, X, forward=X),
        "expected forward as a function of windows, got ndarray",
    ),
    (lambda: occluded(1, X), "expected forward as a function of windows, got int"),
    (lambda: occluded(never, X[..., 0]), FLAT),
    (lambda: occluded(never, X, OTHERS), FITS + r"\(5, 6, 3\)"),
    (lambda: occluded(never, X, OTHERS[:0, None]), FITS + r"\(0, 1, 6, 3\)"),
    (lambda: occluded(never, X, window=2), WINDOW + "2"),
    (lambda: occluded(never, X, window=(0, 1)), WINDOW + r"\(0, 1\)"),
    (lambda: occluded(never, X, window=(1, 0)), WINDOW + r"\(1, 0\)"),
    (lambda: occluded(never, X, window=(7, 1)), WINDOW + r"\(7, 1\)"),
    (lambda: occluded(never, X, window=(1, 4)), WINDOW + r"\(1, 4\)"),
    (lambda: occluded(never, X, window=(1.0, 1)), WINDOW + r"\(1\.0, 1\)"),
    (lambda: permuted("mae", X), "expected error as a function of windows, got str"),
    (lambda: permuted(never, X[..., 0]), FLAT),
    (lambda: permuted(never, X[:1]), "expected at least 2 windows to shuffle, got 1"),
    (
        lambda: permuted(never, X, together=[]),
        "expected at least one set of lags in together, got none",
    ),
    *(
        (
            lambda some=some: permuted(never, X, together=[[0], some]),
            "expected sets of different lags from 0 to 5 in together, got "
            + str(some).replace("[", r"\["),
        )
        for some in ([], [6], [-1], [0, 0], [0.0], ["0"], [True])
    ),
    (
        lambda: permuted(never, X, axis="feature", together=[[0, 3]]),
        "expected sets of different features from 0 to 2 in together, got \\[0, 3\\]",
    ),
    (lambda: permuted(never, X, axis="time"), "expected axis of 'lag', 'feature', got 'time'"),
    (
        lambda: permuted(never, X, repeats=True),
        "expected repeats as a whole number of at least 1, got True",
    ),
    (
        lambda: permuted(never, X, seed=-1),
        "expected seed as a whole number of at least 0, got -1",
    ),
    (lambda: profile(X[0]), SHAPE.replace("inputs", "attributions") + r"\(6, 3\)"),
    (
        lambda: permuted(never, X, groups=[1, None, 1, 2]),
        "expected a group for each window, got None",
    ),
    (
        lambda: permuted(
            never, X, mask=np.eye(4, 6, dtype=bool)[[0, 1, 2, 0]], groups=[0, 1, 2, 3]
        ),
        "expected a group of at least 2 windows to shuffle, got each window alone",
    ),
    (
        lambda: permuted(never, X, mask=np.zeros((4, 6))),
        "expected a group of at least 2 windows to shuffle, got each window alone",
    ),
    (
        lambda: profile(X, lengths=[1, 2, 3, 7]),
        "expected lengths as whole numbers from 1 to 6, got 7",
    ),
    (lambda: profile(X[:0]), "expected at least one window of attributions, got none"),
]


# What all of them refuse alike.
EACH = {
    "saliency": lambda x, **more: lh.saliency(never, x, **more),
    "integrated": lambda x, **more: integrated(never, x, **more),
    "occlusion": lambda x, **more: occluded(never, x, **more),
    "permutation": lambda x, **more: permuted(never, x, **more),
}
NO_MASKS = {
    "one axis": (np.ones(TIME), r"expected mask of shape \(4, 6\), got \(6,\)"),
    "too many": (np.ones((BATCH, TIME, 1)), r"expected mask of shape \(4, 6\), got \(4, 6, 1\)"),
    "half": (np.full((BATCH, TIME), 0.5), r"expected mask of True and False, got 0\.5"),
    "NaN": (np.full((BATCH, TIME), np.nan), "expected mask of True and False, got nan"),
    "two": (np.full((BATCH, TIME), 2), "expected mask of True and False, got 2"),
    "text": (np.full((BATCH, TIME), "1"), "expected mask as real numbers, got dtype <U1"),
}
REFUSED += [
    (lambda call=call, mask=mask: call(X, mask=mask), message)
    for call in EACH.values()
    for mask, message in NO_MASKS.values()
]
REFUSED += [
    (
        lambda call=call: call(np.ma.array(X, mask=X > 1)),
        "expected inputs as real numbers, got a masked array",
    )
    for call in EACH.values()
]
REFUSED += [
    (
        lambda name=name: EACH[name](X, additional_forward_args=(1, np.ones((5, 2)))),
        r"expected additional_forward_args with a row for each of 4 windows, got shape \(5, 2\)",
    )
    for name in ("saliency", "integrated", "occlusion")
]
REFUSED += [
    (lambda name=name, wrong=wrong: EACH[name](X, baselines=wrong), message)
    for name in ("integrated", "occlusion")
    for wrong, message in (
        (np.nan, "expected baselines of finite float64 numbers, got nan"),
        (np.full((2, 1, TIME, FEATURES), np.inf), "expected baselines of finite .+ got inf"),
        (np.ma.array(REFERENCE, mask=True), "expected baselines as real numbers, got a masked .+"),
    )
]


def test_bfloat16_is_refused_in_one_clear_line():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for call in EACH.values():
        with pytest.raises(
            TypeError, match=r"^expected inputs as real numbers, got dtype bfloat16$"
        ):
            call(X.astype(ml_dtypes.bfloat16))


class Fickle:
    """Returns what is expected at its first call, and later something else."""

    calls = 0

    def __call__(self, x):
        self.calls += 1
        return forward(x) if self.calls == 1 else forward(x)[:, None]


# And what a function returns.
REFUSED += [
    (
        lambda: lh.saliency(forward, X),
        r"expected gradient to return shape \(4, 6, 3\), got shape \(4,\)",
    ),
    (
        lambda: integrated(forward, X, n_steps=1),
        r"expected gradient to return shape \(4, 6, 3\), got shape \(4,\)",
    ),
    (
        lambda: occluded(lambda x: x[:, 0, :1], X),
        r"expected forward to return shape \(4,\), got shape \(4, 1\)",
    ),
    (
        lambda: occluded(lambda x: ["a"] * len(x), X),
        "expected forward to return real numbers, got dtype <U1",
    ),
    (
        lambda: integrated(gradient, X, return_convergence_delta=True, forward=gradient),
        r"expected forward to return shape \(4,\), got shape \(4, 6, 3\)",
    ),
    (
        lambda: occluded(Fickle(), X),
        r"expected forward to return shape \(72,\), got shape \(72, 1\)",
    ),
    (lambda: permuted(forward, X), r"expected error to return one number, got shape \(4,\)"),
    (
        lambda: permuted(lambda x: None, X),
        "expected error to return real numbers, got dtype object",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[m[:60] for _, m in REFUSED])
def test_what_is_refused_in_one_clear_line(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        call()


# The model of the course, last: it takes the longest.


def course_model(dtype):
    """Its temperature output, in multiples of the usual change, and the exact gradient."""
    *lstm, kernel, bias = (a.astype(dtype) for a in models.load_model_arrays(DATA))
    w, head = lh.LSTMWeights.from_arrays(lstm), kernel[:, :1]
    return (
        lambda x: (lh.replay(w, x).hidden[:, -1] @ head)[:, 0] + bias[0],
        lambda x: lh.input_jacobian(w, x, head)[:, 0],
    )


@pytest.fixture(scope="module")
def windows():
    """900 of the test year of three stations, float32, spread evenly."""
    data = forecaster.load_data(DATA)
    test = data.joined("test")
    chosen = np.linspace(0, len(test) - 1, 900).astype(int)
    return data.scaler.scale(test.inputs[chosen])


@pytest.mark.parametrize(("n_steps", "share"), [(50, 0.99), (200, 1.0)])
def test_integrated_gradients_are_complete_on_the_forecaster(windows, n_steps, share):
    model, slope = course_model("float32")
    found, delta = lh.integrated_gradients(
        slope, windows, n_steps=n_steps, return_convergence_delta=True, forward=model
    )
    assert (np.abs(delta) <= 1e-5).mean() >= share
    assert (found.dtype, delta.dtype, delta.shape) == (np.float32, np.float64, (900,))
    difference = model(windows) - model(np.zeros_like(windows))
    np.testing.assert_allclose(found.sum((1, 2), dtype=float) - difference, delta, atol=2e-6)
    assert difference.std() > 0.1  # there is something to share out


def test_expected_gradients_are_complete_on_the_forecaster(windows):
    model, slope = course_model("float64")
    x, others = windows[::90].astype(float), windows[40::100].astype(float)
    found, delta = lh.integrated_gradients(
        slope, x, others[:, None], 200, return_convergence_delta=True, forward=model
    )
    assert np.abs(delta).max() < 1e-6
    difference = model(x) - model(others).mean()
    np.testing.assert_allclose(found.sum((1, 2)), difference, rtol=0, atol=1e-6)
    assert difference.std() > 0.1


def test_what_misses_in_single_precision_is_rounding(windows):
    model, slope = course_model("float64")
    _, delta = lh.integrated_gradients(
        slope, windows[::9].astype(float), return_convergence_delta=True, forward=model
    )
    assert np.abs(delta).max() < 1e-8


def test_occlusion_of_the_forecaster_against_a_loop(windows):
    model, _ = course_model("float64")
    x = windows[:3].astype(float)
    found = lh.occlusion(model, x, 0.5, (2, 3))
    some = np.zeros((3, 2, 2))
    for n, t in enumerate((0, 22)):  # in these corners one window covers the entry
        for m, f in enumerate((0, 4)):
            replaced = x.copy()
            replaced[:, t : t + 2, f : f + 3] = 0.5
            some[:, n, m] = model(x) - model(replaced)
    np.testing.assert_allclose(found[:, [0, -1]][:, :, [0, -1]], some, **EXACT)


# A model whose Masking layer skips zeros says so: a baseline of zeros would be left out.


class Skipping:
    def __init__(self, function):
        self.function, self.mask_value = function, 0.0

    def __call__(self, x):
        return self.function(x)


def test_baselines_that_masking_skips_are_refused_by_each_method():
    skipped = f"^expected baselines that the model reads, got .* at {BATCH * TIME} steps: "
    for given, options in (
        (Skipping(gradient), {}),
        (gradient, {"return_convergence_delta": True, "forward": Skipping(forward)}),
    ):
        with pytest.raises(ValueError, match=skipped):
            lh.integrated_gradients(given, X, **options)
    with pytest.raises(ValueError, match=skipped):
        lh.occlusion(Skipping(forward), X, window=(1, FEATURES))
    # One feature of several is no whole step, and what is not zero is read.
    for options in ({"window": (1, 1)}, {"window": (1, FEATURES), "baselines": 1.0}):
        np.testing.assert_array_equal(
            lh.occlusion(Skipping(forward), X, **options), lh.occlusion(forward, X, **options)
        )
