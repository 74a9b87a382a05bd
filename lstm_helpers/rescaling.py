"""Attributions rescaled: first which steps matter, then which features at them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _calls, _checks
from lstm_helpers._checks import OfWindows


def temporal_saliency_rescaling(
    attribute: OfWindows,
    inputs: np.ndarray,
    baselines: ArrayLike = 0.0,
    *,
    quantile: float = 0.0,
    mask: ArrayLike | None = None,
    additional_forward_args: Any = None,
) -> np.ndarray:
    """How much another method's whole map changes if a step is replaced, and then a feature of it.

    Ismail et al. (2020), https://arxiv.org/abs/2010.13924, algorithm 1. The relevance of a step is
    the sum of the sizes of all changes of a window's map when all features of that step are
    replaced; that of a feature at a step, when this one entry is. Their product is returned. In the
    paper most methods mix up steps and features, so the two are asked one after the other.

    Parameters
    ----------
    attribute : callable
        (windows, time, features) -> attributions of the same shape by any method, such as
        ``lambda x: lh.integrated_gradients(gradient, x, reference)``. What it returns for a window
        must not depend on the other windows of the call.
    inputs : (batch, time, features)
    baselines : float or array
        The replacement, in one of the shapes that ``integrated_gradients`` takes. With four axes
        each sample is used in turn, and each relevance is the mean over them. It need not be the
        baseline that ``attribute`` uses.
    quantile : float
        From 0 to 1. Features are asked only at steps whose relevance is at least this quantile of
        those of their window. At other steps the result is 0. With 0 all steps are asked. The
        authors' program uses .55.
    mask : (batch, time) of bool, optional
        False at padding, which keeps its value. It counts neither as a step nor in the map, and its
        attribution is 0.
    additional_forward_args : array, or tuple of arrays and other values, optional
        What ``attribute`` takes after the windows; each array has a row for each window.

    Returns
    -------
    (batch, time, features) array
        0 or more, in the square of the unit of the attributions; the dtype of the inputs, float64
        for integers.

    Raises
    ------
    TypeError, ValueError
        ``attribute`` is not a function or returns another shape, baselines do not fit the inputs or
        are not finite, ``quantile`` is not a number from 0 to 1, or another argument does not fit.

    Notes
    -----
    ``attribute`` is called for each window, and for each sample with each step and each entry of
    the steps that are asked: 1 + time (1 + features) maps a window. Each call gets at most 1 MiB,
    or one window. Sums are in float64. The gradient of a linear function is the same everywhere, so
    all relevances of ``saliency`` are 0 there; integrated gradients change.

    The authors' program differs from their algorithm: it scales the relevances of the steps, and
    those of the features at each step, to 0 ... 1 before it multiplies them, and gives all features
    at steps that are not asked the relevance .1. Here, as in the algorithm, nothing is scaled, and
    what is not asked is 0. Where the algorithm masks "feature i at time t", its formula blanks the
    feature at all steps; the program replaces that one entry, and so does this function.

    Examples
    --------
    >>> x = np.array([[[1.0, 0.0], [3.0, 4.0]]])  # output: the sum of x squared
    >>> lh.temporal_saliency_rescaling(lambda x: 2 * x, x).tolist()
    [[[4.0, 0.0], [84.0, 112.0]]]
    """
    _checks.function("attribute", attribute)
    inputs = _checks.windows("inputs", inputs)
    replacements = _calls.checked_baselines(baselines, inputs)
    if not 0 <= _checks.finite_number("quantile", quantile) <= 1:
        raise ValueError(f"expected quantile from 0 to 1, got {quantile!r}")
    padding = _calls.checked_padding(mask, inputs)
    _calls.require_not_skipped((attribute,), replacements, inputs, padding)
    args = _calls.checked_args(additional_forward_args, len(inputs))

    maps = _calls.Asked("attribute", attribute, inputs.shape[1:], args)
    whole = maps.on_all(inputs)
    features = inputs.shape[2]
    real = ~padding.squeeze(2)

    def relevance(asked: np.ndarray, sets: np.ndarray) -> np.ndarray:
        """(batch, time, sets): the change of the map by each set of features, at steps asked."""
        found = np.zeros((*asked.shape, len(sets)))
        rows, steps = np.nonzero(asked)
        shape = (len(rows), len(sets), len(replacements))
        count, size = math.prod(shape), _calls.windows_at_once(inputs)
        for first in range(0, count, size):
            last = min(first + size, count)
            place, chosen, sample = np.unravel_index(np.arange(first, last), shape)
            row, step = rows[place], steps[place]
            points, each = inputs[row], np.arange(last - first)
            points[each, step] = np.where(
                sets[chosen], replacements[sample, row, step], points[each, step]
            )
            changes = np.abs(maps.on_rows(points, row) - whole[row])
            sums = np.where(padding[row], 0, changes).sum(axis=(1, 2), dtype=float)
            np.add.at(found, (row, step, chosen), sums / len(replacements))
        return found

    of_step = relevance(real, np.ones((1, features), bool))
    limits = np.zeros(len(inputs))
    some = real.any(axis=1)
    limits[some] = np.nanquantile(np.where(padding, np.nan, of_step)[some], quantile, axis=(1, 2))
    asked = real & (of_step.squeeze(2) >= limits[:, None])
    of_feature = relevance(asked, np.eye(features, dtype=bool))
    return (of_step * of_feature).astype(inputs.dtype)
