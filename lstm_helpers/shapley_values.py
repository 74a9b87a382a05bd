"""Shapley values of lags, features or groups of them: each one's fair share of an output.

An output and a baseline differ because many readings differ. How much one group of readings
changes depends on which others are there already. Its Shapley value is the mean of its change over
all orders in which the groups can come in.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _calls, _checks, _lags
from lstm_helpers._checks import OfWindows

# Of 10 groups there are 1,024 coalitions, about as many as 50 orders of 10 groups ask for, there
# and back. Each further group would double them.
_MOST_EXACT = 10
_ORDERS = 50


@overload
def shapley(
    forward: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    *,
    axis: str = "lag",
    together: Sequence[Sequence[int]] | None = None,
    n_samples: int | None = None,
    seed: int = 0,
    return_standard_error: Literal[False] = False,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray: ...


@overload
def shapley(
    forward: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    *,
    axis: str = "lag",
    together: Sequence[Sequence[int]] | None = None,
    n_samples: int | None = None,
    seed: int = 0,
    return_standard_error: Literal[True],
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> tuple[np.ndarray, np.ndarray]: ...


def shapley(
    forward: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    *,
    axis: str = "lag",
    together: Sequence[Sequence[int]] | None = None,
    n_samples: int | None = None,
    seed: int = 0,
    return_standard_error: bool = False,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """What each lag, feature or group of them adds to the output, over all orders to add them.

    Shapley (1953), A value for n-person games, https://doi.org/10.1515/9781400881970-018; for the
    inputs of any model Štrumbelj and Kononenko (2014), https://doi.org/10.1007/s10115-013-0679-x.
    Of n groups, the value of group g is the sum over the sets S of other groups::

        |S|! (n - |S| - 1)! / n! * (f(S and g) - f(S))

    f(S) is the output for a window whose groups in S are as they are; the others come from the
    baselines. Exact up to 10 groups, from all 2^n sets. Beyond, it is the mean over random orders
    (Castro et al. 2009, https://doi.org/10.1016/j.cor.2008.04.004). Each order is also taken
    backward (antithetic sampling), so it is exact for a sum of products of two groups each.

    Parameters
    ----------
    forward : callable
        (windows, time, features) -> (windows,).
    inputs : (batch, time, features)
    baselines : float or array
        What stands where a group is absent, in one of the shapes that ``integrated_gradients``
        takes. With four axes, (samples, batch or 1, time, features), f(S) is the mean over the
        samples: ``others[:, None]`` puts in the readings of other windows.
    axis : str
        ``"lag"`` or ``"feature"``.
    together : sequence of sequences of int, optional
        The groups, as in ``permutation``: ``[range(6), range(6, 24)]`` are two groups of lags. No
        lag may be in two of them. What is in no group always keeps its value. If not given, each
        lag or feature is a group of its own.
    n_samples : int, optional
        Number of random orders, also for few groups. If not given, the values are exact up to 10
        groups, and from 50 orders beyond. The samples of the baselines share the orders evenly:
        each has at least two, and the number is rounded up.
    seed : int
        Of the orders.
    return_standard_error : bool
        Also return how far off the random orders leave the values.
    mask : (batch, time) of bool, optional
        False at padding, which keeps its value, before or after the real steps. Lags are counted
        from the last real step of each window.
    additional_forward_args : array, or tuple of arrays and other values, optional
        What the function takes after the windows; each array has a row for each window.

    Returns
    -------
    values : (batch, groups) array
        In the unit of the output; the dtype of the inputs, float64 for integers. In the order of
        ``together``; without it lag 0, the newest reading, comes first, as in ``temporal_profile``.
        The sum over a window is forward(inputs) minus the mean of forward where all groups come
        from the baselines, also if the orders are random. 0 for lags that a window does not have.
    standard_error : (batch, groups) array, float64
        Of the values, by the spread of the orders; 0 where all sets were asked. Only with
        ``return_standard_error``.

    Raises
    ------
    TypeError, ValueError
        ``forward`` is not a function or returns another shape, baselines do not fit the inputs or
        are not finite, a lag is in two groups, ``n_samples`` is not a whole number of at least 1,
        or another argument does not fit.

    Notes
    -----
    For each window and sample of the baselines ``forward`` is asked 2^n times, or 2 (n - 1) times
    for each of its orders and once more; each call gets at most 1 MiB, or one window. Sums are in
    float64.

    All windows get the same orders: what is found for a window does not depend on the others. So
    their errors go together, and a mean over windows is hardly more exact than one window.

    Readings put together from several windows may be unlike any real window, and what the model
    does there is part of the result.

    Examples
    --------
    >>> x = np.array([[[1.0], [2.0], [3.0]]])  # output: lag 0 plus the product of lags 1 and 2
    >>> lh.shapley(lambda x: x[:, 2, 0] + x[:, 1, 0] * x[:, 0, 0], x).round(6).tolist()
    [[3.0, 1.0, 1.0]]
    """
    _checks.function("forward", forward)
    inputs = _checks.windows("inputs", inputs)
    starts = _calls.checked_baselines(baselines, inputs)
    _checks.one_of("axis", axis, ("lag", "feature"))
    places = _lags.checked_places(axis, together, inputs.shape)
    _lags.require_apart(axis, places)
    if n_samples is not None:
        _checks.whole_number("n_samples", n_samples, 1)
    _checks.whole_number("seed", seed, 0)
    padding = _calls.checked_padding(mask, inputs)
    numbers = _numbers(places, padding, inputs)
    kept = (numbers == len(places)).any(axis=2, keepdims=True)
    _calls.require_not_skipped((forward,), starts, inputs, kept)
    args = _calls.checked_args(additional_forward_args, len(inputs))

    game = _Game(_calls.Asked("forward", forward, (), args), inputs, starts, numbers, len(places))
    if n_samples is None and len(places) <= _MOST_EXACT:
        values = _exact(game)
        error = np.zeros(values.shape)
    else:
        values, error = _sampled(game, n_samples or _ORDERS, seed)
    for n in range(len(places)):
        absent = ~(numbers == n).any(axis=(1, 2))
        values[absent, n] = error[absent, n] = 0
    values = values.astype(inputs.dtype)
    return (values, error) if return_standard_error else values


class _Game(NamedTuple):
    """What the output is for any set of groups; ``numbers`` says which entry is in which."""

    output: _calls.Asked
    inputs: np.ndarray
    starts: np.ndarray
    numbers: np.ndarray
    groups: int

    def outputs(
        self, sets: np.ndarray, samples: np.ndarray
    ) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
        """(part of the batch, numbers of sets, outputs) of each call; sets (sets, groups) of bool.

        Each set is asked for each of these samples of the baselines.
        """
        # What is in no group has the last number, and is there in all sets.
        there = np.column_stack([sets, [True] * len(sets)])
        for part, some in _calls.parts(self.inputs, len(sets) * len(samples)):
            chosen, which = np.divmod(np.arange(some.start, some.stop), len(samples))
            points = np.where(
                there[chosen][:, self.numbers[part]],
                self.inputs[part],
                self.starts[samples[which], part],
            )
            yield part, chosen, self.output.on(points, part)

    def table(self, sets: np.ndarray, sample: int) -> np.ndarray:
        """(sets, batch): the outputs for one sample of the baselines."""
        found = np.empty((len(sets), len(self.inputs)))
        for part, chosen, outputs in self.outputs(sets, np.array([sample])):
            found[chosen, part] = outputs
        return found


def _numbers(
    places: list[tuple[list[int], list[int]]], padding: np.ndarray, inputs: np.ndarray
) -> np.ndarray:
    """The number of the group that each entry is in, (batch, time, features); the last: in none."""
    steps, has = _lags.steps_of(~padding.squeeze(2))
    numbers = np.full(inputs.shape, len(places))
    for n, (lags, features) in enumerate(places):
        rows, chosen = np.nonzero(has[:, lags])
        rows, lag = rows[:, None], np.array(lags)[chosen, None]
        numbers[rows, steps[rows, lag], features] = n
    return numbers


def _exact(game: _Game) -> np.ndarray:
    """From all sets: each value is a weighted sum of their outputs."""
    n, samples = game.groups, len(game.starts)
    sets = np.array(list(itertools.product((False, True), repeat=n)))
    share = np.array([1 / (n * math.comb(n - 1, size)) for size in range(n)])
    others = sets.sum(axis=1, keepdims=True) - sets  # how many, for each set and group
    weights = np.where(sets, share[others], -share[others])
    values = np.zeros((len(game.inputs), n))
    for part, chosen, outputs in game.outputs(sets, np.arange(samples)):
        values[part] += outputs.T @ weights[chosen] / samples
    return values


def _sampled(game: _Game, orders: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """From random orders, there and back: the values and their standard error."""
    rng = np.random.default_rng(seed)
    n, samples = game.groups, len(game.starts)
    each = max(2, math.ceil(orders / samples))
    values, variance = np.zeros((2, len(game.inputs), n))
    whole = game.output.on_all(game.inputs)
    for sample in range(samples):
        gap = whole - game.table(np.zeros((1, n), bool), sample)
        mean, spread = np.zeros((2, *values.shape))
        for number in range(each):
            place = rng.permutation(n)  # of each group in the order
            first = place < np.arange(1, n)[:, None]  # the first group, the first two, ...
            found = game.table(np.concatenate([first, ~first]), sample)
            # A group comes to the first ones on the way there, and leaves the last ones, which are
            # all but those, on the way back: so both changes are in one difference.
            half = np.concatenate([-gap, found[: n - 1] - found[n - 1 :], gap]) / 2
            change = np.diff(half, axis=0)[place].T
            # Welford (1962): mean and spread without a store of all orders.
            off = change - mean
            mean += off / (number + 1)
            spread += off * (change - mean)
        values += mean / samples
        variance += spread / ((each - 1) * each * samples**2)
    return values, np.sqrt(variance)
