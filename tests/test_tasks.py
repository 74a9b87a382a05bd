"""Sequences whose answer is known: the answer is where the docstring says, and nowhere else."""

import numpy as np
import pytest

from lstm_helpers import tasks

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
