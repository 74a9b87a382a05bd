"""Tasks with a known answer, to measure memory by training. NumPy only.

A network that has learned nothing answers with the mean of all targets. Its squared error is then
their variance.
"""

from __future__ import annotations

import numpy as np

REMEMBER_VARIANCE = 1 / 3
"""Variance of the targets of ``remember_first``: of one uniform number from -1 to 1."""
ADDING_VARIANCE = 1 / 6
"""Variance of the targets of ``adding``: of the sum of two uniform numbers from 0 to 1."""


def remember_first(samples: int, time_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Say at the end what the first value was, after ``time_steps - 1`` values of noise.

    Parameters
    ----------
    samples : int
        Sequences.
    time_steps : int
        Length of each; the answer lies at lag ``time_steps - 1``.
    seed : int
        One seed, one set of sequences.

    Returns
    -------
    inputs : (samples, time_steps, 1) float32
        Uniform from -1 to 1, each independent of all others.
    targets : (samples, 1) float32
        The first value; mean 0, variance ``REMEMBER_VARIANCE``.

    Raises
    ------
    ValueError
        There is no sample or no step.

    Examples
    --------
    >>> from lstm_helpers.course import tasks
    >>> inputs, targets = tasks.remember_first(samples=100, time_steps=20, seed=0)
    >>> inputs.shape, targets.shape, np.array_equal(targets, inputs[:, 0])
    ((100, 20, 1), (100, 1), True)
    """
    if samples < 1 or time_steps < 1:
        raise ValueError(
            f"expected at least 1 sample and 1 time step, got {samples} and {time_steps}"
        )
    rng = np.random.default_rng(seed)
    inputs = 2 * rng.random((samples, time_steps, 1), np.float32) - 1
    return inputs, inputs[:, 0].copy()


def adding(samples: int, time_steps: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Add the two values that are marked, one in each half of the sequence.

    The adding problem of Hochreiter and Schmidhuber (1997), *Long short-term memory*, Neural
    Computation 9(8), experiment 4, in the plainer form of Le, Jaitly and Hinton (2015),
    https://arxiv.org/abs/1504.00941: values from 0 to 1, marks 1 and else 0, the plain sum.

    Parameters
    ----------
    samples : int
        Sequences.
    time_steps : int
        Length of each, at least 2. The first mark stands in the first ``time_steps // 2`` steps,
        the second in the others: lags of up to ``time_steps - 1``.
    seed : int
        One seed, one set of sequences.

    Returns
    -------
    inputs : (samples, time_steps, 2) float32
        The value, uniform from 0 to 1, and the mark.
    targets : (samples, 1) float32
        The sum of the two marked values; mean 1, variance ``ADDING_VARIANCE``.

    Raises
    ------
    ValueError
        There is no sample, or fewer than two steps.

    Examples
    --------
    >>> from lstm_helpers.course import tasks
    >>> inputs, targets = tasks.adding(samples=100, time_steps=20, seed=0)
    >>> inputs.shape, targets.shape
    ((100, 20, 2), (100, 1))
    >>> np.allclose((inputs[..., 0] * inputs[..., 1]).sum(axis=1), targets[:, 0])
    True
    """
    if samples < 1 or time_steps < 2:
        raise ValueError(
            f"expected at least 1 sample and 2 time steps, got {samples} and {time_steps}"
        )
    rng = np.random.default_rng(seed)
    inputs = np.zeros((samples, time_steps, 2), np.float32)
    inputs[..., 0] = rng.random((samples, time_steps), np.float32)
    rows, half = np.arange(samples), time_steps // 2
    first = rng.integers(0, half, samples)
    second = rng.integers(half, time_steps, samples)
    inputs[rows, first, 1] = inputs[rows, second, 1] = 1
    return inputs, (inputs[rows, first, :1] + inputs[rows, second, :1])
