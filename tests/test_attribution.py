"""Attributions: exact on functions whose answer is known, complete on the model of the course."""

import numpy as np
import pytest
from common import DATA

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
    "groups", [["a", "b", "b", "c"] * 10, [1.5, np.nan, np.nan, 0] * 10], ids=["text", "nan"]
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


@pytest.mark.parametrize("method", ["saliency", "integrated", "occlusion", "permutation"])
def test_a_function_that_changes_its_argument_harms_nobody(method):
    def spoil(function):
        def run(z):
            found = function(z.copy())
            z -= 5
            return found

        return run

    x = X.copy()
    error = lambda z: np.abs(forward(z)).mean()  # noqa: E731 - one of four, side by side
    calls = {
        "saliency": lambda change: lh.saliency(change(gradient), x),
        "integrated": lambda change: lh.integrated_gradients(change(gradient), x),
        "occlusion": lambda change: lh.occlusion(change(forward), x),
        "permutation": lambda change: lh.permutation(change(error), x),
    }
    expected = calls[method](lambda function: function)
    assert np.array_equal(calls[method](spoil), expected)
    assert np.array_equal(x, X)


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
    assert lh.integrated_gradients(gradient, X[:0]).shape == (0, TIME, FEATURES)


# What is refused, before any function is called.


def never(x):
    raise AssertionError("called")


integrated, occluded, permuted = (lh.integrated_gradients, lh.occlusion, attribution.permutation)
profile = attribution.temporal_profile
SHAPE = r"expected inputs of shape \(batch, time, features\), got "
FLAT = SHAPE + r"\(4, 6\)"
FITS = r"expected baselines that broadcast to \(4, 6, 3\), the shape of the inputs"
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
    (lambda: integrated(never, X, np.ones(TIME)), FITS + r", got \(6,\)"),
    (lambda: integrated(never, X, OTHERS[:, None]), FITS + r", got \(5, 1, 6, 3\)"),
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
    (lambda: occluded(never, X, OTHERS), FITS + r" or to \(samples, \*that\), got \(5, 6, 3\)"),
    (
        lambda: occluded(never, X, OTHERS[:0, None]),
        FITS + r" or to \(samples, \*that\), got \(0, 1, 6, 3\)",
    ),
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
    (lambda: profile(X[:0]), "expected at least one window of attributions, got none"),
]


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
