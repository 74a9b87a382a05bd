"""Which past inputs matter to an output: gradient, integrated gradients, occlusion, permutation.

The model can be any. ``forward`` is a function of windows (batch, time, features) that returns one
output for each, (batch,); ``gradient`` is its derivative by the windows and has their shape. Both
are there for an LSTM with a linear head, ``lh.Readout``, and for any Keras model, ``keras_tools``.
What they return for a window must not depend on the other windows of the call.

Attributions are in the unit of the output; ``saliency`` is in that unit per unit of input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers._checks import OfWindows, Shape

# Bytes of the windows that one call gets, at least one window. A model that keeps its states for
# the gradient takes tens of times as much. With 4 MiB here that does not fit into the cache, and
# the NumPy gradient takes two to three times as long.
_CALL_BYTES = 2**20


def saliency(gradient: OfWindows, inputs: np.ndarray) -> np.ndarray:
    """The absolute gradient: how fast the output changes with each entry, up or down.

    Simonyan, Vedaldi and Zisserman (2014), https://arxiv.org/abs/1312.6034, section 3.

    Parameters
    ----------
    gradient : callable
        (windows, time, features) -> the derivative of each window's output, the same shape.
    inputs : (batch, time, features)

    Returns
    -------
    (batch, time, features) array
        In units of output per unit of input; the dtype of the inputs, float64 for integers.

    Raises
    ------
    TypeError, ValueError
        ``gradient`` is not a function or returns another shape, or the inputs do not fit.

    Examples
    --------
    >>> x = np.ones((1, 3, 2))  # output: the sum of x squared, so the gradient is 2 x
    >>> lh.saliency(lambda x: 2 * x, -x).tolist()
    [[[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]]
    """
    _checks.function("gradient", gradient)
    inputs = _checks.windows("inputs", inputs)
    return np.abs(_called_on("gradient", gradient, inputs, inputs.shape[1:])).astype(inputs.dtype)


@overload
def integrated_gradients(
    gradient: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    n_steps: int = 50,
    *,
    return_convergence_delta: Literal[False] = False,
    forward: OfWindows | None = None,
) -> np.ndarray: ...


@overload
def integrated_gradients(
    gradient: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    n_steps: int = 50,
    *,
    return_convergence_delta: Literal[True],
    forward: OfWindows,
) -> tuple[np.ndarray, np.ndarray]: ...


def integrated_gradients(
    gradient: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    n_steps: int = 50,
    *,
    return_convergence_delta: bool = False,
    forward: OfWindows | None = None,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The gradient, averaged along the line from a baseline to the inputs, times their distance.

    Sundararajan, Taly and Yan (2017), https://arxiv.org/abs/1703.01365, equation 1::

        (x - b) * integral from 0 to 1 of gradient(b + a (x - b)) da

    The integral is a sum over Gauss-Legendre nodes, as in captum: exact for a polynomial of degree
    up to ``2 * n_steps - 1`` along the line.

    Parameters
    ----------
    gradient : callable
        (windows, time, features) -> the derivative of each window's output, the same shape.
    inputs : (batch, time, features)
    baselines : float or array, broadcast to the inputs
        Where the line starts: one number, one for each feature (features,), one reference window
        (time, features), or one for each window, such as ``inputs[:, -1:]``, the newest reading
        repeated.
    n_steps : int
        Number of nodes; ``gradient`` is called for each node and window.
    return_convergence_delta : bool
        Also return the error of the sum. Needs ``forward``.
    forward : callable, optional
        (windows, time, features) -> (windows,), the output that ``gradient`` belongs to.

    Returns
    -------
    attributions : (batch, time, features) array
        In the unit of the output; the dtype of the inputs, float64 for integers. The sum over a
        window is forward(inputs) - forward(baselines), up to the error of the integral.
    delta : (batch,) array, float64
        That error, the sum minus the difference. Only with ``return_convergence_delta``.

    Raises
    ------
    TypeError, ValueError
        A function is missing or returns another shape, baselines do not fit the inputs, or
        ``n_steps`` is not a whole number of at least 1.

    Notes
    -----
    Sums are in float64. Each call of ``gradient`` gets at most 1 MiB, or one window. Padding that
    a Masking layer skips must have the same value in the baselines; other values would be read.

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # output: the sum of x squared
    >>> lh.integrated_gradients(lambda x: 2 * x, x).round(6).tolist()
    [[[1.0, 4.0], [9.0, 16.0]]]
    """
    _checks.function("gradient", gradient)
    inputs = _checks.windows("inputs", inputs)
    baselines = _checked_baselines(baselines, inputs)
    _checks.whole_number("n_steps", n_steps, 1)
    if forward is not None:
        _checks.function("forward", forward)
    elif return_convergence_delta:
        raise ValueError("expected forward with return_convergence_delta, got None")

    nodes, node_weights = np.polynomial.legendre.leggauss(n_steps)  # on -1 to 1
    along = ((1 + nodes) / 2).astype(inputs.dtype)[:, None, None, None]
    attributions = np.zeros(inputs.shape)
    for part, steps in _calls(inputs, n_steps):
        start = baselines[part]
        points = start + along[steps] * (inputs[part] - start)
        gradients = _called("gradient", gradient, _flat(points), inputs.shape[1:])
        mean = np.tensordot(node_weights[steps] / 2, gradients.reshape(points.shape), axes=1)
        attributions[part] += mean
    attributions *= inputs - baselines
    if forward is None or not return_convergence_delta:
        return attributions.astype(inputs.dtype)
    end, start = (_called_on("forward", forward, ends, ()) for ends in (inputs, baselines))
    delta = attributions.sum(axis=(1, 2)) - (end - start)
    return attributions.astype(inputs.dtype), delta


def occlusion(
    forward: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    window: tuple[int, int] = (1, 1),
) -> np.ndarray:
    """What the output loses when some steps and features are replaced: f(x) - f(x replaced).

    Zeiler and Fergus (2014), https://arxiv.org/abs/1311.2901, section 4, for series.

    Parameters
    ----------
    forward : callable
        (windows, time, features) -> (windows,).
    inputs : (batch, time, features)
    baselines : float or array
        The replacement, in one of the shapes that ``integrated_gradients`` takes. With four axes,
        (samples, batch or 1, time, features), each sample is used in turn, and the mean effect
        is returned: ``others[:, None]`` for other windows (samples, time, features).
    window : (steps, features)
        The size of what is replaced at once. It moves by one step and one feature.

    Returns
    -------
    (batch, time, features) array
        In the unit of the output; the dtype of the inputs, float64 for integers. Each entry is the
        mean effect of all replacements that cover it, as in captum, and each of them counts in
        full. So only with a window of (1, 1) may entries be added up.

    Raises
    ------
    TypeError, ValueError
        ``forward`` is not a function or returns another shape, baselines do not fit the inputs, or
        ``window`` is not two whole numbers from 1 to the length of their axis.

    Notes
    -----
    ``forward`` is called for each window, sample and place; each call gets at most 1 MiB, or one
    window. Sums and padding: as in ``integrated_gradients``.

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # output: the sum of x squared
    >>> lh.occlusion(lambda x: (x**2).sum(axis=(1, 2)), x).tolist()
    [[[1.0, 4.0], [9.0, 16.0]]]
    """
    _checks.function("forward", forward)
    inputs = _checks.windows("inputs", inputs)
    baselines = _checked_baselines(baselines, inputs, samples=True)
    steps, features = _checked_window(window, inputs)

    _, time, feature_count = inputs.shape
    places = [
        (slice(t, t + steps), slice(n, n + features))
        for t in range(time - steps + 1)
        for n in range(feature_count - features + 1)
    ]
    tasks = [(place, sample) for place in places for sample in range(len(baselines))]
    whole = _called_on("forward", forward, inputs, ())
    lost = np.zeros(inputs.shape)
    for part, some in _calls(inputs, len(tasks)):
        points = np.repeat(inputs[None, part], len(tasks[some]), axis=0)
        for copy, (place, sample) in zip(points, tasks[some], strict=True):
            copy[:, *place] = baselines[sample, part][:, *place]
        outputs = _called("forward", forward, _flat(points), ())
        for output, (place, _) in zip(outputs.reshape(points.shape[:2]), tasks[some], strict=True):
            lost[part, *place] += (whole[part] - output)[:, None, None]
    cover = np.zeros((time, feature_count))
    for place in places:
        cover[place] += len(baselines)
    return (lost / cover).astype(inputs.dtype)


def permutation(
    error: Callable[[np.ndarray], Any],
    inputs: np.ndarray,
    *,
    axis: str = "lag",
    groups: np.ndarray | None = None,
    together: Sequence[Sequence[int]] | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> np.ndarray:
    """How much worse the forecasts get when one lag or one feature comes from other windows.

    Breiman (2001), Random Forests, section 10, for any model. A lag is shuffled with all its
    features, a feature with all its lags.

    Parameters
    ----------
    error : callable
        (batch, time, features) -> one number, such as the mean absolute error. It gets all windows
        in the order of the inputs, so it can compare them with the targets.
    inputs : (batch, time, features)
        Two windows or more.
    axis : str
        ``"lag"`` or ``"feature"``.
    groups : (batch,) array, optional
        Windows are shuffled only within their group, such as the same month: so each window keeps
        what its group has in common (conditional importance, Strobl et al. 2008,
        https://doi.org/10.1186/1471-2105-9-307). A window alone in its group stays as it is. If
        windows of different lengths are padded, pass their lengths.
    together : sequence of sequences of int, optional
        Lags, or features, that come from the same other window: ``[range(14, 20)]`` is six lags at
        once, ``[[0], [1, 2]]`` one feature and then two. If not given, each alone. What several
        lags say alike is lost only if they are shuffled together.
    repeats : int
        Number of shuffles to take the mean of. Every lag or feature gets the same ones.
    seed : int
        Of the shuffles.

    Returns
    -------
    (time,) or (features,) array, or one value for each of ``together``; float64
        error(shuffled) - error(inputs), in the unit of the error. Lag 0, the newest reading, comes
        first, as in ``temporal_profile``.

    Raises
    ------
    TypeError, ValueError
        ``error`` is not a function or does not return one number, or another argument does not fit.

    Notes
    -----
    ``error`` is called once, and ``repeats`` times for each value that is returned. Each time it
    gets a copy of all inputs, which it may change. Shuffled windows may be unlike any real one, and
    the model's errors there are part of the result. With groups they stay closer to real ones.

    Examples
    --------
    >>> x = np.arange(12.0).reshape(6, 2, 1)  # 6 windows; the target is the newest reading
    >>> cost = lh.permutation(lambda z: np.abs(z[:, -1, 0] - x[:, -1, 0]).mean(), x)
    >>> cost.shape, bool(cost[0] > 1), float(cost[1])
    ((2,), True, 0.0)
    """
    _checks.function("error", error)
    inputs = _checks.windows("inputs", inputs)
    if len(inputs) < 2:
        raise ValueError(f"expected at least 2 windows to shuffle, got {len(inputs)}")
    _checks.one_of("axis", axis, ("lag", "feature"))
    _checks.whole_number("repeats", repeats, 1)
    _checks.whole_number("seed", seed, 0)

    groups = np.zeros(len(inputs)) if groups is None else np.asarray(groups)
    if groups.shape != inputs.shape[:1]:
        raise ValueError(f"expected a group for each window, ({len(inputs)},), got {groups.shape}")

    rng = np.random.default_rng(seed)
    _, number = np.unique(groups, return_inverse=True)
    members = [np.flatnonzero(number == n) for n in range(number.max() + 1)]
    if len(members) == len(inputs):
        raise ValueError("expected a group of at least 2 windows to shuffle, got each window alone")
    orders = np.zeros((repeats, len(inputs)), int)
    for order in orders:
        for member in members:
            order[member] = rng.permutation(member)
    places = _checked_places(axis, together, inputs.shape)
    before = _called_error(error, inputs.copy())
    changes = np.zeros(len(places))
    for n, place in enumerate(places):
        for order in orders:
            shuffled = inputs.copy()
            shuffled[:, *place] = inputs[:, *place][order]
            changes[n] += _called_error(error, shuffled) - before
    return changes / repeats


def temporal_profile(attributions: np.ndarray) -> np.ndarray:
    """Mean absolute attribution by lag, summed over the features.

    Parameters
    ----------
    attributions : (batch, time, features)
        As the functions above return them, oldest step first. If ``occlusion`` replaced several
        features at once, the sum would count the effect several times: then pass one feature,
        ``attributions[..., :1]``.

    Returns
    -------
    (time,) array, float64
        In the unit of the attributions. Lag 0, the newest reading, comes first.

    Raises
    ------
    TypeError, ValueError
        ``attributions`` is not an array of numbers of that shape, or has no window.

    Examples
    --------
    >>> attributions = np.array([[[1.0, -2.0], [0.5, 0.0]]])  # 1 window, 2 steps, 2 features
    >>> lh.temporal_profile(attributions).tolist()
    [0.5, 3.0]
    """
    attributions = _checks.windows("attributions", attributions)
    if len(attributions) == 0:
        raise ValueError("expected at least one window of attributions, got none")
    return np.abs(attributions).sum(axis=2, dtype=float).mean(axis=0)[::-1].copy()


def _calls(inputs: np.ndarray, copies: int) -> Iterator[tuple[slice, slice]]:
    """(part of the batch, part of the copies) for each call, none with too many bytes."""
    batch = len(inputs)
    windows = max(1, _CALL_BYTES // (inputs.itemsize * inputs[:1].size or 1))
    for start in range(0, batch, windows):
        part = slice(start, min(start + windows, batch))
        size = windows // (part.stop - part.start)
        for first in range(0, copies, size):
            yield part, slice(first, first + size)


def _flat(points: np.ndarray) -> np.ndarray:
    """(copies, batch, time, features) as one batch."""
    return points.reshape(-1, *points.shape[2:])


def _called(name: str, function: OfWindows, points: np.ndarray, shape: Shape) -> np.ndarray:
    """The result of a call, checked: what was expected for each window."""
    return _checks.returned(name, function(points), (len(points), *shape))


def _called_on(name: str, function: OfWindows, inputs: np.ndarray, shape: Shape) -> np.ndarray:
    """The results for all inputs, in as many calls as needed."""
    results = np.zeros((len(inputs), *shape))
    for part, _ in _calls(inputs, 1):
        # A copy: what the function does to its argument must not reach the caller's data.
        results[part] = _called(name, function, inputs[part].copy(), shape)
    return results


def _called_error(error: Callable[[np.ndarray], Any], inputs: np.ndarray) -> float:
    return float(_checks.returned("error", error(inputs), ()))


def _checked_baselines(baselines: Any, inputs: np.ndarray, samples: bool = False) -> np.ndarray:
    """Baselines in the shape of the inputs, with an axis of samples in front if allowed."""
    given = _checks.real_numbers("baselines", baselines)
    shape = inputs.shape
    if samples:
        shape = (given.shape[0] if given.ndim == 4 else 1, *shape)
    try:
        if 0 in shape[: len(shape) - 3]:
            raise ValueError
        return np.broadcast_to(given.astype(inputs.dtype, copy=False), shape)
    except ValueError:
        more = " or to (samples, *that)" if samples else ""
        raise ValueError(
            f"expected baselines that broadcast to {inputs.shape}, the shape of the inputs{more}, "
            f"got {given.shape}"
        ) from None


def _checked_places(axis: str, together: Any, shape: Shape) -> list[tuple[Any, Any]]:
    """The entries that are shuffled at once: their indices of time and features."""
    _, time, features = shape
    count = time if axis == "lag" else features
    sets = [[n] for n in range(count)] if together is None else [list(some) for some in together]
    if not sets:
        raise ValueError(f"expected at least one set of {axis}s in together, got none")
    for some in sets:
        whole = bool(some) and all(map(_checks.is_whole, some))
        if not whole or not 0 <= min(some) <= max(some) < count or len({*some}) < len(some):
            raise ValueError(
                f"expected sets of different {axis}s from 0 to {count - 1} in together, got {some}"
            )
    if axis == "feature":
        return [(slice(None), some) for some in sets]
    return [([time - 1 - lag for lag in some], slice(None)) for some in sets]


def _checked_window(window: Any, inputs: np.ndarray) -> tuple[int, int]:
    _, time, features = inputs.shape
    if (
        not isinstance(window, tuple | list)
        or len(window) != 2
        or not all(_checks.is_whole(size) for size in window)
        or not (1 <= window[0] <= time and 1 <= window[1] <= features)
    ):
        raise ValueError(
            f"expected window as (steps, features) from (1, 1) to ({time}, {features}), "
            f"got {window!r}"
        )
    return window[0], window[1]
