"""Which past inputs matter to an output: gradient, integrated gradients, occlusion, permutation.

The model can be any. ``forward`` is a function of windows (batch, time, features) that returns one
output for each, (batch,); ``gradient`` is its derivative by the windows and has their shape. Both
are there for an LSTM with a linear head (``lh.Readout``), in ``keras_tools`` and ``torch_tools``.
What they return for a window must not depend on the other windows of the call. What they do to
their argument changes nothing: each call gets a copy.

Attributions are in the unit of the output; ``saliency`` is in that unit per unit of input.

Two arguments that several of them take:

mask : (batch, time) of bool
    True at real steps, False at padding. Padding keeps the value of the input in every baseline and
    every replacement, and its attribution is exactly 0. A function that needs a mask itself gets it
    through ``additional_forward_args``.
additional_forward_args : array, or tuple of arrays and other values
    What the function takes after the windows, as in captum: ``function(windows, *args)``. Each copy
    of a window gets the row of its window, as a copy. A number, a text or a list is passed on as
    it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _calls, _checks, _lags
from lstm_helpers._checks import OfWindows


def saliency(
    gradient: OfWindows,
    inputs: np.ndarray,
    *,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray:
    """The absolute gradient: how fast the output changes with each entry, up or down.

    Simonyan, Vedaldi and Zisserman (2014), https://arxiv.org/abs/1312.6034, section 3.

    Parameters
    ----------
    gradient : callable
        (windows, time, features) -> the derivative of each window's output, the same shape.
    inputs : (batch, time, features)
    mask : (batch, time) of bool, optional
        False at padding, which keeps its value. Its attribution is 0.
    additional_forward_args : array, or tuple of arrays and other values, optional
        What the function takes after the windows; each array has a row for each window.

    Returns
    -------
    (batch, time, features) array
        In units of output per unit of input; the dtype of the inputs, float64 for integers.

    Raises
    ------
    TypeError, ValueError
        ``gradient`` is not a function or returns another shape, or another argument does not fit.

    Examples
    --------
    >>> x = np.ones((1, 3, 2))  # output: the sum of x squared, so the gradient is 2 x
    >>> lh.saliency(lambda x: 2 * x, -x).tolist()
    [[[2.0, 2.0], [2.0, 2.0], [2.0, 2.0]]]
    """
    _checks.function("gradient", gradient)
    inputs = _checks.windows("inputs", inputs)
    padding = _calls.checked_padding(mask, inputs)
    args = _calls.checked_args(additional_forward_args, len(inputs))
    slopes = _calls.Asked("gradient", gradient, inputs.shape[1:], args).on_all(inputs)
    return np.where(padding, 0, np.abs(slopes)).astype(inputs.dtype)


@overload
def integrated_gradients(
    gradient: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    n_steps: int = 50,
    *,
    return_convergence_delta: Literal[False] = False,
    forward: OfWindows | None = None,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
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
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> tuple[np.ndarray, np.ndarray]: ...


def integrated_gradients(
    gradient: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    n_steps: int = 50,
    *,
    return_convergence_delta: bool = False,
    forward: OfWindows | None = None,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """The gradient, averaged along the line from a baseline to the inputs, times their distance.

    Sundararajan, Taly and Yan (2017), https://arxiv.org/abs/1703.01365, equation 1::

        (x - b) * integral from 0 to 1 of gradient(b + a (x - b)) da

    The integral is a sum over Gauss-Legendre nodes, as in captum: exact for a polynomial of degree
    up to ``2 * n_steps - 1`` along the line.

    With several samples of baselines it is the mean over them: expected gradients, Erion et al.
    (2021), https://arxiv.org/abs/1906.10670. They draw a random point of the line for each sample,
    as GradientShap does; here each sample has all nodes.

    Parameters
    ----------
    gradient : callable
        (windows, time, features) -> the derivative of each window's output, the same shape.
    inputs : (batch, time, features)
    baselines : float or array, broadcast to the inputs
        Where the line starts: one number, one for each feature (features,), one reference window
        (time, features), or one for each window, such as ``inputs[:, -1:]``, the newest reading
        repeated. With four axes, (samples, batch or 1, time, features), the mean over the samples
        is returned: ``others[:, None]`` for other windows (samples, time, features).
    n_steps : int
        Number of nodes; ``gradient`` is called for each node, sample and window.
    return_convergence_delta : bool
        Also return the error of the sum. Needs ``forward``.
    forward : callable, optional
        (windows, time, features) -> (windows,), the output that ``gradient`` belongs to.
    mask : (batch, time) of bool, optional
        False at padding, which keeps its value. Its attribution is 0.
    additional_forward_args : array, or tuple of arrays and other values, optional
        What both functions take after the windows; each array has a row for each window.

    Returns
    -------
    attributions : (batch, time, features) array
        In the unit of the output; the dtype of the inputs, float64 for integers. The sum over a
        window is forward(inputs) - forward(baselines), or minus its mean over the samples, up to
        the error of the integral.
    delta : (batch,) array, float64
        That error, the sum minus the difference. Only with ``return_convergence_delta``.

    Raises
    ------
    TypeError, ValueError
        A function is missing or returns another shape, baselines do not fit the inputs or are not
        finite, ``n_steps`` is not a whole number of at least 1, or another argument does not fit.

    Notes
    -----
    Sums are in float64. Each call of ``gradient`` gets at most 1 MiB, or one window. Pass ``mask``
    if a Masking layer skips padding: it would read other values there.

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # output: the sum of x squared
    >>> lh.integrated_gradients(lambda x: 2 * x, x).round(6).tolist()
    [[[1.0, 4.0], [9.0, 16.0]]]
    """
    _checks.function("gradient", gradient)
    inputs = _checks.windows("inputs", inputs)
    starts = _calls.checked_baselines(baselines, inputs)
    _checks.whole_number("n_steps", n_steps, 1)
    if forward is not None:
        _checks.function("forward", forward)
    elif return_convergence_delta:
        raise ValueError("expected forward with return_convergence_delta, got None")
    padding = _calls.checked_padding(mask, inputs)
    _calls.require_not_skipped((gradient, forward), starts, inputs, padding)
    args = _calls.checked_args(additional_forward_args, len(inputs))

    slope = _calls.Asked("gradient", gradient, inputs.shape[1:], args)
    nodes, node_weights = np.polynomial.legendre.leggauss(n_steps)  # on -1 to 1
    along = ((1 + nodes) / 2).astype(inputs.dtype)[:, None, None, None]
    shares = node_weights / 2 / len(starts)
    attributions = np.zeros(inputs.shape)
    for part, some in _calls.parts(inputs, len(starts) * n_steps):
        sample, node = np.divmod(np.arange(some.start, some.stop), n_steps)
        start = np.where(padding[part], inputs[part], starts[sample, part])
        distance = inputs[part] - start
        gradients = slope.on(start + along[node] * distance, part)
        attributions[part] += np.einsum("c,cwtf,cwtf->wtf", shares[node], gradients, distance)
    attributions[padding[..., 0]] = 0  # also where the gradient is not finite
    if forward is None or not return_convergence_delta:
        return attributions.astype(inputs.dtype)

    output = _calls.Asked("forward", forward, (), args)
    difference = output.on_all(inputs)
    for part, some in _calls.parts(inputs, len(starts)):
        start = np.where(padding[part], inputs[part], starts[some, part])
        difference[part] -= output.on(start, part).sum(axis=0, dtype=float) / len(starts)
    delta = attributions.sum(axis=(1, 2)) - difference
    return attributions.astype(inputs.dtype), delta


def occlusion(
    forward: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    window: tuple[int, int] = (1, 1),
    *,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray:
    """What the output loses when some steps and features are replaced: f(x) - f(x replaced).

    Zeiler and Fergus (2014), https://arxiv.org/abs/1311.2901, section 4, for series.

    Parameters
    ----------
    forward : callable
        (windows, time, features) -> (windows,).
    inputs : (batch, time, features)
    baselines : float or array
        The replacement, in one of the shapes that ``integrated_gradients`` takes. With four axes
        each sample is used in turn, and the mean effect is returned.
    window : (steps, features)
        The size of what is replaced at once. It moves by one step and one feature.
    mask : (batch, time) of bool, optional
        False at padding, which keeps its value. Its attribution is 0.
    additional_forward_args : array, or tuple of arrays and other values, optional
        What the function takes after the windows; each array has a row for each window.

    Returns
    -------
    (batch, time, features) array
        In the unit of the output; the dtype of the inputs, float64 for integers. Each entry is the
        mean effect of all replacements that cover it, as in captum, and each of them counts in
        full. So only with a window of (1, 1) may entries be added up.

    Raises
    ------
    TypeError, ValueError
        ``forward`` is not a function or returns another shape, baselines do not fit the inputs or
        are not finite, ``window`` is not two whole numbers from 1 to the length of their axis, or
        another argument does not fit.

    Notes
    -----
    ``forward`` is called for each window, sample and place; each call gets at most 1 MiB, or one
    window. Sums are in float64. Where what is replaced reaches into padding, the real steps alone
    are replaced.

    Examples
    --------
    >>> x = np.array([[[1.0, 2.0], [3.0, 4.0]]])  # output: the sum of x squared
    >>> lh.occlusion(lambda x: (x**2).sum(axis=(1, 2)), x).tolist()
    [[[1.0, 4.0], [9.0, 16.0]]]
    """
    _checks.function("forward", forward)
    inputs = _checks.windows("inputs", inputs)
    replacements = _calls.checked_baselines(baselines, inputs)
    steps, features = _checks.window_size(window, inputs.shape)
    padding = _calls.checked_padding(mask, inputs)
    if features == inputs.shape[2]:
        _calls.require_not_skipped((forward,), replacements, inputs, padding)
    output = _calls.Asked(
        "forward", forward, (), _calls.checked_args(additional_forward_args, len(inputs))
    )

    _, time, feature_count = inputs.shape
    places = [
        (slice(t, t + steps), slice(n, n + features))
        for t in range(time - steps + 1)
        for n in range(feature_count - features + 1)
    ]
    tasks = [(place, sample) for place in places for sample in range(len(replacements))]
    whole = output.on_all(inputs)
    lost = np.zeros(inputs.shape)
    for part, some in _calls.parts(inputs, len(tasks)):
        points = np.repeat(inputs[None, part], len(tasks[some]), axis=0)
        for copy, (place, sample) in zip(points, tasks[some], strict=True):
            copy[:, *place] = replacements[sample, part][:, *place]
        outputs = output.on(np.where(padding[part], inputs[part], points), part)
        for found, (place, _) in zip(outputs, tasks[some], strict=True):
            lost[part, *place] += (whole[part] - found)[:, None, None]
    lost[padding[..., 0]] = 0
    cover = np.zeros((time, feature_count))
    for place in places:
        cover[place] += len(replacements)
    return (lost / cover).astype(inputs.dtype)


def permutation(
    error: Callable[[np.ndarray], Any],
    inputs: np.ndarray,
    *,
    axis: str = "lag",
    groups: ArrayLike | None = None,
    together: Sequence[Sequence[int]] | None = None,
    repeats: int = 5,
    seed: int = 0,
    mask: ArrayLike | None = None,
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
        https://doi.org/10.1186/1471-2105-9-307). A window alone in its group stays as it is.
    together : sequence of sequences of int, optional
        Lags, or features, that come from the same other window: ``[range(14, 20)]`` is six lags at
        once, ``[[0], [1, 2]]`` one feature and then two. If not given, each alone. What several
        lags say alike is lost only if they are shuffled together.
    repeats : int
        Number of shuffles to take the mean of. Every lag or feature gets the same ones.
    seed : int
        Of the shuffles.
    mask : (batch, time) of bool, optional
        False at padding, before or after the real steps. Lags are counted from the last real step
        of each window. A reading is replaced by one of the same lag, and padding neither moves nor
        is replaced: windows exchange lags that all of them have, and a whole feature only with
        windows that have the same lags.

    Returns
    -------
    (time,) or (features,) array, or one value for each of ``together``; float64
        error(shuffled) - error(inputs), in the unit of the error. Lag 0, the newest reading, comes
        first, as in ``temporal_profile``. NaN where no two windows could exchange anything, as at a
        lag that only one window has.

    Raises
    ------
    TypeError, ValueError
        ``error`` is not a function or does not return one number, no window has a partner to
        exchange with, groups have None or NaN, or another argument does not fit.

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

    number = _lags.checked_groups(groups, len(inputs))
    places = _lags.checked_places(axis, together, inputs.shape)
    steps, has = _lags.steps_of(~_calls.checked_padding(mask, inputs)[..., 0])
    partners = [_lags.partners(number, has[:, lags]) for lags, _ in places]
    if not any(partners):
        raise ValueError("expected a group of at least 2 windows to shuffle, got each window alone")

    before = _called_error(error, inputs.copy())
    changes = np.full(len(places), np.nan)
    for n, (lags, features) in enumerate(places):
        if not partners[n]:
            continue
        rows, chosen = np.nonzero(has[:, lags])
        rows, lag = rows[:, None], np.array(lags)[chosen, None]
        changes[n] = 0
        for order in _lags.orders(partners[n], len(inputs), repeats, seed):
            shuffled, other = inputs.copy(), order[rows]
            shuffled[rows, steps[rows, lag], features] = inputs[other, steps[other, lag], features]
            changes[n] += _called_error(error, shuffled) - before
    return changes / repeats


def temporal_profile(attributions: np.ndarray, *, lengths: ArrayLike | None = None) -> np.ndarray:
    """Mean absolute attribution by lag, summed over the features.

    Parameters
    ----------
    attributions : (batch, time, features)
        As the functions above return them, oldest step first. If ``occlusion`` replaced several
        features at once, the sum would count the effect several times: then pass one feature,
        ``attributions[..., :1]``.
    lengths : (batch,) of int, optional
        Number of real steps of each window, from 1 to time, if padding stands after them (Keras'
        ``padding="post"``). Lag 0 is then the last real step of each window, and the mean at a lag
        is over the windows that have it. Padding before the real steps needs no lengths for lag 0,
        but there lags that a window does not have count as 0.

    Returns
    -------
    (time,) array, float64
        In the unit of the attributions. Lag 0, the newest reading, comes first. NaN at lags that no
        window has.

    Raises
    ------
    TypeError, ValueError
        ``attributions`` is not an array of numbers of that shape, or has no window, or ``lengths``
        does not fit.

    Examples
    --------
    >>> attributions = np.array([[[1.0, -2.0], [0.5, 0.0]]])  # 1 window, 2 steps, 2 features
    >>> lh.temporal_profile(attributions).tolist()
    [0.5, 3.0]
    """
    attributions = _checks.windows("attributions", attributions)
    if len(attributions) == 0:
        raise ValueError("expected at least one window of attributions, got none")
    sizes = np.abs(attributions).sum(axis=2, dtype=float)
    if lengths is None:
        return sizes.mean(axis=0)[::-1].copy()
    batch, time = sizes.shape
    last = _lags.checked_lengths(lengths, batch, time) - 1
    steps, has = _lags.steps_of(np.arange(time) <= last[:, None])
    count = has.sum(axis=0)
    total = np.where(has, np.take_along_axis(sizes, steps, axis=1), 0).sum(axis=0)
    return np.divide(total, count, out=np.full(time, np.nan), where=count > 0)


def _called_error(error: Callable[[np.ndarray], Any], inputs: np.ndarray) -> float:
    return float(_checks.returned("error", error(inputs), ()))
