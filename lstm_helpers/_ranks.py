"""Rank correlation: do two methods put lags, features or units in the same order?"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike


def spearman(a: ArrayLike, b: ArrayLike) -> float:
    """Pearson's correlation of the ranks, over the places where both are finite.

    Parameters
    ----------
    a, b : (things,) arrays
        Equal values share their mean rank.

    Returns
    -------
    float
        From -1 to 1; NaN if one of them does not vary.

    References
    ----------
    Spearman (1904), The proof and measurement of association between two things,
    https://doi.org/10.2307/1412159.

    Examples
    --------
    >>> from lstm_helpers._ranks import spearman
    >>> spearman([1, 2, 9], [3, 2, 1]), spearman([1, 1, 1], [1, 2, 3])
    (-1.0, nan)
    """
    first, second = np.asarray(a, dtype=float).ravel(), np.asarray(b, dtype=float).ravel()
    good = np.isfinite(first) & np.isfinite(second)
    if not good.any():
        return float("nan")
    centred = [
        ranks - ranks.mean() for ranks in (_mean_ranks(first[good]), _mean_ranks(second[good]))
    ]
    size = float(np.sqrt((centred[0] ** 2).sum() * (centred[1] ** 2).sum()))
    return float((centred[0] * centred[1]).sum()) / size if size else float("nan")


def _mean_ranks(values: np.ndarray) -> np.ndarray:
    """From 1 up, equal values at the mean of their ranks."""
    _, which, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[which])
