"""The picture of removal curves: how the error grows as hours are hidden, or never seen.

Curves are given as ``{method: {hours hidden: growth of the error in °C, one for each network}}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes

from lstm_helpers.plots.figure import MUTED, given_axes, subplots
from lstm_helpers.plots.profiles import PROFILE_COLORS

Curves = Mapping[str, Mapping[int, Sequence[float]]]

MARKERS = "osD^vPX*"
APART = 0.14
"""Hours between the marks of two methods in the right panel, so that no range hides another."""


def removal_curves(
    hidden: Curves, anew: Curves, *, axes: Sequence[Axes] | None = None
) -> np.ndarray:
    """How the error grows as more and more hours are hidden, a colour for each order of hiding.

    Parameters
    ----------
    hidden : mapping from name to mapping from hours hidden to (networks,) growths
        Of networks that were trained on all hours. Of eight names at most.
    anew : the same
        Of networks that were trained without these hours; of the same names.
    axes : two Axes, optional

    Returns
    -------
    array of two Axes
        Left both on one scale, solid and dashed, means over the networks. Right those trained anew,
        on a scale of their own, with a bar from the lowest to the highest network.

    Raises
    ------
    ValueError
        The names are not the same, or there are more than eight.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> hidden = {"gradient": {0: [0, 0], 6: [2.9, 3.1]}}
    >>> left, right = figures.removal_curves(hidden, {"gradient": {6: [0.27, 0.34]}})
    >>> [line.get_linestyle() for line in left.lines][:2], left.get_xlabel()
    (['-', '--'], 'hours hidden (of 24)')
    """
    if list(hidden) != list(anew):
        raise ValueError(f"expected the same names twice, got {list(hidden)} and {list(anew)}")
    if len(hidden) > len(PROFILE_COLORS):
        raise ValueError(f"expected at most {len(PROFILE_COLORS)} names, got {len(hidden)}")
    if axes is None:
        _, axes = subplots(1, 2, height=4.0)
    left, right = given_axes(axes, 2, "one for both and one for those trained anew")
    for n, (name, color, marker) in enumerate(zip(hidden, PROFILE_COLORS, MARKERS, strict=False)):
        look = {"color": color, "marker": marker}
        left.plot(*_means(hidden[name]), markersize=5, label=name, **look)
        left.plot(*_means(anew[name]), "--", markersize=3, **look)
        counts, means = _means(anew[name])
        low, high = (np.array([end(found) for found in anew[name].values()]) for end in (min, max))
        right.errorbar(
            counts + APART * (n - (len(hidden) - 1) / 2),
            means,
            np.array([means - low, high - means]),
            linestyle="--", linewidth=1.2, elinewidth=2, markersize=5, **look,
        )  # fmt: skip
    left.set_xticks(range(0, 25, 6))
    right.set_xticks(sorted({count for found in anew.values() for count in found}))
    for ax in (left, right):
        ax.axhline(0, color=MUTED, linewidth=0.8, zorder=0)
        ax.set_xlabel("hours hidden (of 24)")
        ax.set_ylabel("growth of the error (°C)")
    left.set_title("solid: hidden, dashed: trained anew", loc="left", fontsize=10.5)
    right.set_title("trained anew, enlarged", loc="left", fontsize=10.5)
    left.figure.legend(frameon=False, ncols=3, loc="outside upper left", fontsize=9.5)
    return np.array([left, right])


def describe_removal_curves(hidden: Curves, anew: Curves) -> str:
    """What ``removal_curves`` shows, in words, for a caption.

    Parameters
    ----------
    hidden, anew
        As given to ``removal_curves``.

    Returns
    -------
    str
        The highest point of each of the two kinds of curves.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> hidden = {"gradient": {0: [0, 0], 6: [2.9, 3.1]}}
    >>> figures.describe_removal_curves(hidden, {"gradient": {6: [0.27, 0.33]}}).split("; ")[2]
    'trained anew: 0.30 °C at most, 6 hours in the order of gradient.'
    """
    parts = []
    for kind, curves in (("hidden", hidden), ("trained anew", anew)):
        means = {
            (count, name): float(np.mean(grown))
            for name, found in curves.items()
            for count, grown in found.items()
        }
        count, name = most = max(means, key=means.__getitem__)
        parts.append(f"{kind}: {means[most]:.2f} °C at most, {count} hours in the order of {name}")
    return f"Growth of the error, mean of the networks; {'; '.join(parts)}."


def _means(found: Mapping[int, Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Hours hidden, and the mean over the networks."""
    return np.array(list(found)), np.array([np.mean(grown) for grown in found.values()])
