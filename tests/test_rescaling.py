"""Temporal saliency rescaling: the algorithm in plain loops, and where the answer is known."""

import numpy as np
import pytest
from common import random_weights

import lstm_helpers as lh
from lstm_helpers import _calls

EXACT = {"rtol": 0, "atol": 1e-12}

BATCH, TIME, FEATURES = 3, 4, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(BATCH, TIME, FEATURES))
OTHERS = RNG.normal(size=(4, TIME, FEATURES))
OWN = RNG.normal(size=(BATCH, TIME, FEATURES))
MIXED = RNG.normal(size=(TIME * FEATURES, TIME * FEATURES))
BASELINES = {
    "number": (-0.5, np.full((1, BATCH, TIME, FEATURES), -0.5)),
    "window": (OTHERS[0], np.broadcast_to(OTHERS[0], (1, BATCH, TIME, FEATURES))),
    "each its own": (OWN, OWN[None]),
    "others": (OTHERS[:, None], np.broadcast_to(OTHERS[:, None], (4, BATCH, TIME, FEATURES))),
}


def tangled(x):
    """A map in which all readings meet, of both signs."""
    return np.sin(x.reshape(len(x), -1) @ MIXED).reshape(x.shape)


def in_loops(attribute, x, samples, quantile=0.0, real=None):
    """Algorithm 1 window by window, step by step."""
    found = np.zeros(x.shape)
    for row, window in enumerate(x):
        kept = np.ones(len(window), bool) if real is None else real[row]

        def change(step, feature, row=row, window=window, kept=kept):
            total = 0
            for sample in samples:
                replaced = window.copy()
                replaced[step, feature] = sample[row, step, feature]
                maps = attribute(np.array([window, replaced]))
                total += np.abs(maps[0] - maps[1])[kept].sum()
            return total / len(samples)

        steps = {step: change(step, slice(None)) for step in np.flatnonzero(kept)}
        limit = np.quantile([*steps.values()], quantile)
        for step, relevance in steps.items():
            for feature in range(x.shape[2]) if relevance >= limit else ():
                found[row, step, feature] = relevance * change(step, feature)
    return found


@pytest.mark.parametrize("quantile", [0.0, 0.4, 1.0])
@pytest.mark.parametrize(("given", "samples"), BASELINES.values(), ids=BASELINES)
def test_the_algorithm_in_plain_loops(given, samples, quantile):
    found = lh.temporal_saliency_rescaling(tangled, X, given, quantile=quantile)
    expected = in_loops(tangled, X, samples, quantile)
    np.testing.assert_allclose(found, expected, **EXACT)
    asked = {0.0: TIME, 0.4: 2, 1.0: 1}[quantile]
    assert (found > 0).all(axis=2).sum(axis=1).tolist() == [asked] * BATCH
    assert (found > 0).any(axis=2).sum(axis=1).tolist() == [asked] * BATCH


def test_baselines_are_zeros_and_all_steps_are_asked_unless_said_otherwise():
    found = lh.temporal_saliency_rescaling(tangled, X)
    np.testing.assert_array_equal(
        found, lh.temporal_saliency_rescaling(tangled, X, 0.0, quantile=0.0)
    )


def test_integrated_gradients_of_a_linear_function():
    """Their map is the weights times the inputs: only the entries replaced change."""
    weights = np.array([[1.0, 0.0], [-2.0, 1.0], [0.0, 0.0], [3.0, -0.5]])

    def integrated(x):
        return lh.integrated_gradients(lambda z: np.broadcast_to(weights, z.shape), x)

    size = np.abs(weights * (X - OWN))
    found = lh.temporal_saliency_rescaling(integrated, X, OWN)
    np.testing.assert_allclose(found, size * size.sum(axis=2, keepdims=True), **EXACT)
    # The gradient is the same everywhere: no change at all.
    constant = lh.temporal_saliency_rescaling(lambda x: np.broadcast_to(weights, x.shape), X, OWN)
    assert (constant == 0).all()


def test_over_several_methods_of_an_lstm():
    rng = np.random.default_rng(1)
    readout = lh.Readout(random_weights(rng, features=FEATURES), rng.normal(size=3))
    methods = (
        lambda x: lh.saliency(readout.gradient, x),
        lambda x: lh.integrated_gradients(readout.gradient, x, OTHERS[0], 8),
        lambda x: lh.occlusion(readout.forward, x, OTHERS[:, None]),
    )
    for method in methods:
        found = lh.temporal_saliency_rescaling(method, X, OTHERS[:, None])
        expected = in_loops(method, X, BASELINES["others"][1])
        np.testing.assert_allclose(found, expected, **EXACT)
        assert (found > 0).all()


# Padding.

PAD = 50.0
LENGTHS = [4, 3, 1]
AFTER = np.arange(TIME) < np.array(LENGTHS)[:, None]


@pytest.mark.parametrize("quantile", [0.0, 0.4, 1.0])
@pytest.mark.parametrize("real", [AFTER, AFTER[:, ::-1]], ids=["after", "before"])
def test_padding_keeps_its_value_and_counts_nowhere(real, quantile):
    x, seen = np.where(real[..., None], X, PAD), []

    def attribute(x):
        seen.append(x.copy())
        found = tangled(np.where(x == PAD, 0, x))
        return np.where(x == PAD, 100 * found.sum(axis=(1, 2), keepdims=True), found)

    found = lh.temporal_saliency_rescaling(attribute, x, OWN, quantile=quantile, mask=real)
    points = np.concatenate(seen)
    assert {tuple(one) for one in (points == PAD).all(axis=2).tolist()} == {
        tuple(one) for one in (~real).tolist()
    }
    np.testing.assert_allclose(found, in_loops(attribute, x, OWN[None], quantile, real), **EXACT)
    assert (found[~real] == 0).all()
    assert (found.max(axis=(1, 2)) > 0).all()


def test_nothing_at_padding_is_ever_seen():
    x = np.where(AFTER[..., None], X, np.nan)

    def attribute(x):
        return np.where(np.isnan(x), np.nan, np.nan_to_num(x) ** 2)

    found = lh.temporal_saliency_rescaling(attribute, x, OWN, quantile=0.5, mask=AFTER)
    assert np.isfinite(found).all()


def test_a_window_of_padding_alone_has_nothing():
    real = AFTER.copy()
    real[1] = False
    found = lh.temporal_saliency_rescaling(tangled, X, quantile=0.5, mask=real)
    assert (found[1] == 0).all()
    some = lh.temporal_saliency_rescaling(tangled, X[::2], quantile=0.5, mask=real[::2])
    np.testing.assert_allclose(found[::2], some, **EXACT)
    assert (some != 0).any(axis=(1, 2)).all()


class Skipping:
    """A gradient of a model whose Masking skips zeros."""

    mask_value = 0.0

    def __call__(self, x):
        return 2 * x


def test_baselines_that_masking_skips():
    with pytest.raises(ValueError, match=r"^expected baselines that the model reads, got .+ at 12"):
        lh.temporal_saliency_rescaling(Skipping(), X)
    with pytest.raises(ValueError, match=r"^expected baselines that the model reads, got .+ at 8"):
        lh.temporal_saliency_rescaling(Skipping(), X, mask=AFTER)
    assert lh.temporal_saliency_rescaling(Skipping(), X, 1.0).all()


# How the function is called.


def counted(function):
    def run(x, *args):
        run.windows += len(x)
        run.largest = max(run.largest, x.nbytes)
        run.calls += 1
        return function(x, *args)

    run.windows = run.largest = run.calls = 0
    return run


@pytest.mark.parametrize("samples", [1, 3])
@pytest.mark.parametrize(("quantile", "asked"), [(0.0, TIME), (0.4, 2), (1.0, 1)])
def test_how_often_the_function_is_asked(samples, quantile, asked):
    attribute = counted(tangled)
    lh.temporal_saliency_rescaling(attribute, X, OTHERS[:samples, None], quantile=quantile)
    assert attribute.windows == BATCH * (1 + samples * (TIME + asked * FEATURES))
    assert attribute.calls == 3


@pytest.mark.parametrize("windows", [1, 2, 7, 1000])
def test_no_call_gets_more_than_it_may(windows, monkeypatch):
    expected = lh.temporal_saliency_rescaling(tangled, X, OTHERS[:, None])
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows * X[0].nbytes)
    attribute = counted(tangled)
    found = lh.temporal_saliency_rescaling(attribute, X, OTHERS[:, None])
    np.testing.assert_allclose(found, expected, **EXACT)
    assert attribute.largest <= windows * X[0].nbytes
    full = [-(-count // windows) for count in (BATCH, 4 * BATCH * TIME, 8 * BATCH * TIME)]
    assert attribute.calls == sum(full)


def test_rows_follow_their_windows(monkeypatch):
    plain = lh.temporal_saliency_rescaling(tangled, X, OTHERS[:, None])
    monkeypatch.setattr(_calls, "_CALL_BYTES", 5 * X[0].nbytes)
    factors = np.array([1.0, -2.0, 3.0])

    def attribute(x, factor, nothing):
        assert nothing is None
        return factor[:, None, None] * tangled(x)

    found = lh.temporal_saliency_rescaling(
        attribute, X, OTHERS[:, None], additional_forward_args=(factors, None)
    )
    np.testing.assert_allclose(found, factors[:, None, None] ** 2 * plain, rtol=0, atol=1e-11)


def test_what_the_function_does_to_its_windows_changes_nothing():
    def attribute(x):
        found = tangled(x)
        x[:] = np.nan
        return found

    x, others = X.copy(), OTHERS[:, None].copy()
    found = lh.temporal_saliency_rescaling(attribute, x, others)
    np.testing.assert_array_equal(found, lh.temporal_saliency_rescaling(tangled, X, others))
    np.testing.assert_array_equal(x, X)


def test_the_dtype_is_that_of_the_inputs():
    seen = set()

    def attribute(x):
        seen.add(x.dtype.name)
        return tangled(x.astype(float))

    found = lh.temporal_saliency_rescaling(attribute, X.astype("float32"), OTHERS[:, None])
    assert (found.dtype, seen) == (np.float32, {"float32"})
    expected = lh.temporal_saliency_rescaling(tangled, X, OTHERS[:, None])
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    whole = lh.temporal_saliency_rescaling(tangled, np.ones((1, TIME, FEATURES), int), 0.5)
    assert whole.dtype == float
    assert whole.all()


def test_sums_are_in_float64():
    """A map in float32 whose changes a sum in float32 would lose."""
    x = np.ones((1, 1, 4), "float32")

    def attribute(x):
        return (x[..., :1] * np.array([2**24, 1, 1, 1], "float32")).astype("float32")

    found = lh.temporal_saliency_rescaling(attribute, x)
    np.testing.assert_array_equal(found[0, 0, 0], np.float32((2.0**24 + 3) ** 2))


def test_no_windows_have_no_map():
    assert lh.temporal_saliency_rescaling(tangled, X[:0]).shape == (0, TIME, FEATURES)


# What is refused, before the function is called.


def never(x):
    raise AssertionError("called")


REFUSED = [
    (
        lambda: lh.temporal_saliency_rescaling(X, X),
        "expected attribute as a function of windows, got ndarray",
    ),
    (
        lambda: lh.temporal_saliency_rescaling(never, X[0]),
        r"expected inputs of shape \(batch, time, features\), got \(4, 2\)",
    ),
    (
        lambda: lh.temporal_saliency_rescaling(never, X, OTHERS),
        r"expected baselines that broadcast to \(3, 4, 2\), the shape of the inputs or to "
        r"\(samples, \*that\), got \(4, 4, 2\)",
    ),
    *(
        (
            lambda wrong=wrong: lh.temporal_saliency_rescaling(never, X, quantile=wrong),
            f"expected quantile {message}, got {wrong}",
        )
        for wrong, message in (
            (-0.1, "from 0 to 1"),
            (1.1, "from 0 to 1"),
            (np.nan, "as a finite number"),
            (None, "as a number"),
            (True, "as a number"),
        )
    ),
    (
        lambda: lh.temporal_saliency_rescaling(never, X, mask=np.ones(TIME)),
        r"expected mask of shape \(3, 4\), got \(4,\)",
    ),
    (
        lambda: lh.temporal_saliency_rescaling(never, X, additional_forward_args=np.ones(4)),
        r"expected additional_forward_args with a row for each of 3 windows, got shape \(4,\)",
    ),
    (
        lambda: lh.temporal_saliency_rescaling(lambda x: x[:, 0], X),
        r"expected attribute to return shape \(3, 4, 2\), got shape \(3, 2\)",
    ),
]


@pytest.mark.parametrize(("call", "message"), REFUSED, ids=[m[:60] for _, m in REFUSED])
def test_what_is_refused_in_one_clear_line(call, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}$"):
        call()
