"""Pictures of weights in their places: the arrays of a layer, and heatmaps by gate."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from lstm_helpers import _checks
from lstm_helpers.gates import LSTMWeights, require_weights
from lstm_helpers.layouts import GATES
from lstm_helpers.plots.figure import (
    GATE_COLORS,
    GATE_NAMES,
    HIGHLIGHT,
    INK,
    MUTED,
    NOT_FINITE,
    SIGNED,
    GivenAxes,
    given_axes,
    number,
    outside,
    panel,
    some,
    subplots,
)

RING = {"color": "none", "markeredgecolor": INK, "markersize": 8}
MOST_RINGS = 50
"""At most so many rings in one panel, around entries that are not finite."""

PER_ONE = "weight (per 1 of what it multiplies)"
"""The unit of a weight: the sum before a gate has no unit, the input of the layer may have one."""

GROUP_NAMES = {"kernel": "kernel", "recurrent_kernel": "recurrent kernel", "bias": "bias"}


def array_map(shapes: Mapping[str, tuple[int, ...]], *, ax: Axes | None = None) -> Axes:
    """The arrays of an LSTM layer, drawn to scale, each cut into its four quarters.

    Parameters
    ----------
    shapes : mapping from name to shape
        Last axis 4 * units.
    ax : Axes, optional

    Returns
    -------
    Axes
        One cell for each number: columns from left to right, rows from top to bottom.

    Raises
    ------
    TypeError, ValueError
        There is no array, or a shape is not (rows, 4 * units) or (4 * units,).

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> ax = plots.array_map({"kernel": (2, 12), "recurrent_kernel": (3, 12), "bias": (12,)})
    >>> len(ax.patches), ax.get_xlabel()
    (12, 'column')
    """
    for name, shape in _checks.by_name("shapes", shapes).items():
        sizes = shape if isinstance(shape, tuple) else ()
        whole = all(_checks.is_whole(size) and size > 0 for size in sizes)
        if len(sizes) not in (1, 2) or not whole or sizes[-1] % 4:
            raise ValueError(
                f"expected shape (rows, 4 * units) or (4 * units,) for {name!r}, got {shape!r}"
            )
    ax = panel(ax, 3.6)
    top, ticks = 0.0, {}
    heights = [shape[0] if len(shape) == 2 else 1 for shape in shapes.values()]
    total, most = sum(heights), max(heights)
    gap = 0.15 * total
    for name, shape in shapes.items():
        rows = shape[0] if len(shape) == 2 else 1
        units = shape[-1] // 4
        for n, gate in enumerate(GATES):
            ax.add_patch(
                Rectangle(
                    (n * units, top),
                    units,
                    rows,
                    facecolor=GATE_COLORS[gate],
                    edgecolor="white",
                    linewidth=min(1, 80 / total),  # or it would cover a single row of many
                )
            )
            if rows > min(2, most - 1):
                ax.text(
                    (n + 0.5) * units,
                    top + rows / 2,
                    gate,
                    color="white",
                    ha="center",
                    va="center",
                    fontweight="bold",
                )
        ticks[f"{name}\n{shape}"] = top + rows / 2
        top += rows + gap
    ax.set_yticks(list(ticks.values()), list(ticks))
    ax.set_xticks(np.arange(5) * units)
    ax.set_xlabel("column")
    ax.set_xlim(0, 4 * units)
    ax.set_ylim(top - gap, 0)
    ax.tick_params(left=False)
    ax.spines["left"].set_visible(False)
    return ax


def order_errors(
    errors: Mapping[str, float], *, rounding: float = 1e-6, ax: Axes | None = None
) -> Axes:
    """How far the output is from Keras for each order of the four quarters, on a log axis.

    Parameters
    ----------
    errors : mapping from order, as "ifco", to largest difference
        0 or more.
    rounding : float
        What is smaller is drawn as if it were this, and called rounding: its size is another one on
        each processor.
    ax : Axes, optional

    Returns
    -------
    Axes
        One bar for each order, smallest first; the smallest stands out.

    Raises
    ------
    TypeError, ValueError
        There is no order, an error is not a number of 0 or more, or ``rounding`` is not above 0.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> ax = plots.order_errors({"icfo": 0.3, "ifco": 1e-8})
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['ifco', 'icfo']
    """
    if _checks.finite_number("rounding", rounding) <= 0:
        raise ValueError(f"expected rounding above 0, got {rounding!r}")
    for order, error in _checks.by_name("errors", errors).items():
        if _checks.finite_number(f"the error of {order!r}", error) < 0:
            raise ValueError(f"expected errors of 0 or more, got {error!r} for {order!r}")
    ax = panel(ax, 3)
    shown = {order: max(error, rounding) for order, error in errors.items()}
    names, values = zip(*sorted(shown.items(), key=lambda item: item[1]), strict=True)
    ax.bar(names, values, color=[HIGHLIGHT] + [MUTED] * (len(names) - 1))
    ax.set_yscale("log")
    ax.set_ylim(bottom=rounding / 3)
    for place in range(values.count(rounding)):
        ax.text(place, 1.3 * rounding, "rounding", rotation=90, ha="center", va="bottom", color=INK)
    ax.set_ylabel("largest difference from Keras")
    ax.set_xlabel("which gate the quarters hold, first to last")
    ax.tick_params(axis="x", rotation=90)
    return ax


def gate_heatmaps(
    w: LSTMWeights,
    *,
    feature_names: Sequence[str] | None = None,
    limit: float | None = None,
    axes: GivenAxes | None = None,
) -> np.ndarray:
    """Every weight of a layer in its place, by gate, all on one scale.

    Parameters
    ----------
    w : LSTMWeights
    feature_names : (input_dim,) of str, optional
        Names for the rows of the kernel. If not given, their numbers.
    limit : float, optional
        Where the colours end, above and below zero. If not given, at the largest weight of both
        kernels: the bias of a new forget gate is 1, and would make everything else pale. Entries
        beyond have the end's colour and are counted under the colour bar. Pass the same limit to
        compare two layers.
    axes : Axes, optional
        Twelve, or eight for a layer without bias, row by row.

    Returns
    -------
    (3, 4) array of Axes, or (2, 4) without bias
        Kernel, recurrent kernel, bias from top to bottom; i, f, c, o from left to right. A row is
        where a weight comes from, a column the unit that it goes to. NaN and infinity are yellow
        with a ring, and counted under the colour bar too.

    Raises
    ------
    ValueError
        The number of names or Axes does not fit, or ``limit`` is not above 0.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> axes = plots.gate_heatmaps(w, feature_names=["pressure", "flow"])
    >>> axes.shape
    (3, 4)
    >>> axes[0, 1].get_title()
    'f: forget gate'
    >>> axes[0, 1].images[0].get_array().shape  # the kernel of the forget gate
    (2, 3)
    """
    groups = weight_groups(w)
    names = _checks.names_of(w.input_dim, "names of features", feature_names, "feature {}")
    limit = color_limit(w, limit)
    if axes is None:
        # A name needs a line; "recurrent kernel" beside its rows needs the most.
        heights = [min(max(0.2 * w.input_dim, 0.5), 3.6), min(max(0.1 * w.units, 1.4), 1.7), 0.2]
        heights = heights[: len(groups)]
        _, axes = subplots(
            len(groups), 4, height=2 + sum(heights), height_ratios=heights, squeeze=False
        )
    axes = given_axes(axes, 4 * len(groups), "four a row").reshape(len(groups), 4)

    colors = mpl.colormaps[SIGNED].with_extremes(bad=NOT_FINITE)
    for n, (group, arrays) in enumerate(groups.items()):
        origins = {"kernel": names, "bias": ["bias"]}.get(group, range(w.units))
        ticks = some(len(origins), 20 if group == "kernel" else 5)
        for column, array in enumerate(arrays):
            ax, shown = axes[n, column], np.atleast_2d(array)
            image = ax.imshow(
                np.ma.masked_invalid(shown),
                cmap=colors,
                vmin=-limit,
                vmax=limit,
                aspect="auto",
                # Anything else blends neighbours where cells are smaller than pixels.
                interpolation="nearest",
            )
            # With many units a cell is tiny, so a ring helps to find it; not if there are many.
            for y, x in np.argwhere(~np.isfinite(shown))[:MOST_RINGS]:
                ax.plot(x, y, "o", scalex=False, scaley=False, clip_on=False, **RING)
            ax.set_yticks(ticks, [str(origins[tick]) for tick in ticks])
            ax.set_xticks(some(w.units, 4))
            first, last = column == 0, n == len(groups) - 1
            ax.tick_params(labelleft=first, labelbottom=last, left=first, bottom=last)
            ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("kernel")
    axes[1, 0].set_ylabel("recurrent kernel\nfrom unit")
    for ax, gate in zip(axes[0], GATES, strict=True):
        ax.set_title(f"{gate}: {GATE_NAMES[gate]}", color=GATE_COLORS[gate])
    for ax in axes[-1]:
        ax.set_xlabel("to unit")
    extend, notes = outside(_entries(w), -limit, limit)
    bar = axes[0, 0].figure.colorbar(
        image, ax=list(axes.flat), location="bottom", aspect=45, pad=0.02, extend=extend
    )
    bar.set_label(
        "; ".join([PER_ONE, *(note.replace("yellow", "yellow, ringed") for note in notes)])
    )
    return axes


def describe_heatmaps(
    w: LSTMWeights, *, feature_names: Sequence[str] | None = None, limit: float | None = None
) -> str:
    """What ``gate_heatmaps`` shows, in words, for a caption.

    Parameters
    ----------
    w : LSTMWeights
    feature_names : (input_dim,) of str, optional
    limit : float, optional
        As given to ``gate_heatmaps``.

    Returns
    -------
    str
        For each array the entry that is largest in size, with its sign and its place; of equals
        the first in the order i, f, c, o, then by row.

    Raises
    ------
    ValueError
        As ``gate_heatmaps``.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> kernel = np.zeros((2, 12))
    >>> kernel[1, 4] = -0.7
    >>> w = lh.LSTMWeights.from_arrays([kernel, np.eye(3, 12) / 2])
    >>> text = plots.describe_heatmaps(w, feature_names=["pressure", "flow"])
    >>> text.split(";")[0]
    'The largest kernel weight is -0.70, forget gate, from flow to unit 1'
    """
    groups = weight_groups(w)
    names = _checks.names_of(w.input_dim, "names of features", feature_names, "feature {}")
    parts = []
    for group, arrays in groups.items():
        stacked = np.stack([np.atleast_2d(array) for array in arrays])
        size = np.where(np.isfinite(stacked), np.abs(stacked), -1)
        gate, row, unit = np.unravel_index(np.argmax(size), size.shape)
        what = {"kernel": "kernel weight", "recurrent_kernel": "recurrent weight"}.get(group, group)
        if size[gate, row, unit] <= 0:
            none = size[gate, row, unit] < 0
            parts.append(f"no {what} is finite" if none else f"no {what} differs from 0")
            continue
        origin = names[row] if group == "kernel" else f"unit {row}"
        place = f"unit {unit}" if group == "bias" else f"from {origin} to unit {unit}"
        value = number(stacked[gate, row, unit])
        parts.append(f"the largest {what} is {value}, {GATE_NAMES[GATES[gate]]}, {place}")
    text = "; ".join(parts)
    text = f"{text[0].upper()}{text[1:]}. Blue is below zero, red above"
    end, values = color_limit(w, limit), _entries(w)
    text += f", full colour at {number(end)}"
    of_kernels = limit is None and largest_entry([*w.kernel, *w.recurrent_kernel]) > 0
    text += ", the largest of both kernels" if of_kernels else ""
    beyond = np.count_nonzero(np.abs(values[np.isfinite(values)]) > end)
    text += f"; {beyond} {'lies' if beyond == 1 else 'lie'} beyond." if beyond else "."
    lost = np.count_nonzero(~np.isfinite(values))
    return text + (f" Yellow, ringed: {lost} not finite." if lost else "")


def weight_groups(w: LSTMWeights) -> dict[str, tuple[np.ndarray, ...]]:
    """The arrays by name, for the gates in order, as float64; without a bias that is None.

    Examples
    --------
    >>> from lstm_helpers.plots.weights import weight_groups
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> {name: len(arrays) for name, arrays in weight_groups(w).items()}
    {'kernel': 4, 'recurrent_kernel': 4, 'bias': 4}
    """
    require_weights(w)
    return {
        name: tuple(array.astype(np.float64) for array in group)
        for name in GROUP_NAMES
        if (group := getattr(w, name)) is not None
    }


def _entries(w: LSTMWeights) -> np.ndarray:
    return np.concatenate(
        [array.ravel() for arrays in weight_groups(w).values() for array in arrays]
    )


def color_limit(w: LSTMWeights, limit: float | None) -> float:
    """Half the width of a zero-centred scale: ``limit``, or the largest kernel weight.

    Examples
    --------
    >>> from lstm_helpers.plots.weights import color_limit
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> color_limit(w, None), color_limit(w, 2.5)
    (1.0, 2.5)
    """
    if limit is None:
        # Where all is zero any scale will do.
        return largest_entry([*w.kernel, *w.recurrent_kernel]) or largest_entry(w.bias or ()) or 1.0
    limit = _checks.finite_number("limit", limit)
    if limit <= 0:
        raise ValueError(f"expected a limit above 0, got {limit:g}")
    return limit


def largest_entry(arrays: Sequence[np.ndarray]) -> float:
    """The size of the largest finite entry; 0 if no entry is finite.

    Examples
    --------
    >>> from lstm_helpers.plots.weights import largest_entry
    >>> largest_entry([np.array([0.5, -2.0]), np.array([np.nan])])
    2.0
    """
    sizes = [np.abs(array[np.isfinite(array)]).max(initial=0.0) for array in arrays]
    return float(max(sizes, default=0.0))
