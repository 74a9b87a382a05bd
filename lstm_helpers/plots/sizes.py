"""Pictures of the size of weights: norms, distributions, and one measure against another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.scale import get_scale_names
from matplotlib.text import Annotation

from lstm_helpers import _checks
from lstm_helpers.gates import NORMS, LSTMWeights, gate_norms
from lstm_helpers.layouts import GATES
from lstm_helpers.plots.figure import (
    GATE_COLORS,
    GATE_NAMES,
    HIGHLIGHT,
    INK,
    MUTED,
    GivenAxes,
    given_axes,
    legend_above,
    number,
    panel,
    subplots,
)
from lstm_helpers.plots.weights import (
    GROUP_NAMES,
    PER_ONE,
    color_limit,
    largest_entry,
    weight_groups,
)


def norm_bars(w: LSTMWeights, *, ord: str = "fro", ax: Axes | None = None) -> Axes:
    """The twelve norms as bars, with the value on each.

    Parameters
    ----------
    w : LSTMWeights
    ord : {"fro", "spectral", "rms"}
        As in ``gate_norms``.
    ax : Axes, optional

    Returns
    -------
    Axes
        W, U and b from left to right, and i, f, c, o in each. For a norm that is NaN or infinite,
        the word stands in place of the bar.

    Raises
    ------
    ValueError
        ``ord`` is not one of the three.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> ax = plots.norm_bars(w, ord="rms")
    >>> len(ax.patches), ax.get_ylabel()
    (12, 'root mean square of the weights')
    """
    norms = gate_norms(w, ord)
    ax = panel(ax, 3.2)
    places = {name: n + n // 4 * 0.8 for n, name in enumerate(norms)}
    for gate in GATES:
        own = [name for name in norms if name.endswith(gate)]
        heights = [norms[name] if np.isfinite(norms[name]) else 0.0 for name in own]
        bars = ax.bar(
            [places[name] for name in own],
            heights,
            width=0.86,
            color=GATE_COLORS[gate],
            label=f"{gate}: {GATE_NAMES[gate]}",
        )
        ax.bar_label(bars, [number(norms[name]) for name in own], padding=2)
    ax.set_xticks(list(places.values()), list(places))
    ax.tick_params(bottom=False)
    names = {"W": "W: kernel", "U": "U: recurrent kernel", "b": "b: bias"}
    ax.set_xlabel(",  ".join(names[letter] for letter in dict.fromkeys(name[0] for name in norms)))
    ax.set_ylabel(f"{NORMS[ord]} of the weights")
    ax.margins(y=0.1)
    legend_above(ax)
    return ax


def describe_norms(w: LSTMWeights, *, ord: str = "fro") -> str:
    """What ``norm_bars`` shows, in words, for a caption.

    Parameters
    ----------
    w : LSTMWeights
    ord : {"fro", "spectral", "rms"}

    Returns
    -------
    str
        The largest and the smallest norm of each array; of equals the first of i, f, c, o.

    Raises
    ------
    ValueError
        ``ord`` is not one of the three.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.arange(4.0)[None], np.zeros((1, 4))])
    >>> plots.describe_norms(w).split(";")[0]
    'Frobenius norm by gate: kernel largest 3.00 (output gate), smallest 0.00 (input gate)'
    """
    norms = gate_norms(w, ord)
    parts = []
    for letter, group in zip("WUb", weight_groups(w), strict=False):
        own = {name: norms[f"{letter}_{name}"] for name in GATES}
        finite = {gate: norm for gate, norm in own.items() if np.isfinite(norm)}
        words = []
        if finite:
            high, low = max(finite, key=finite.__getitem__), min(finite, key=finite.__getitem__)
            words.append(f"largest {number(own[high])} ({GATE_NAMES[high]})")
            words.append(f"smallest {number(own[low])} ({GATE_NAMES[low]})")
        words += [f"{number(n)} ({GATE_NAMES[g]})" for g, n in own.items() if g not in finite]
        parts.append(f"{GROUP_NAMES[group]} {', '.join(words)}")
    return f"{NORMS[ord].capitalize()} by gate: {'; '.join(parts)}."


def gate_distributions(
    w: LSTMWeights,
    *,
    bins: int = 25,
    limit: float | None = None,
    axes: GivenAxes | None = None,
) -> np.ndarray:
    """How the weights of each gate are distributed, as outlines in the colours of the gates.

    Parameters
    ----------
    w : LSTMWeights
    bins : int
        The number of bins, the same for all. With an odd one, zero is in the middle of a bin.
    limit : float, optional
        Where every panel ends, left and right of zero. If not given, the kernels end at the largest
        weight of both, and the bias has its own scale.
    axes : Axes, optional
        Three, or two for a layer without bias.

    Returns
    -------
    (3,) array of Axes, or (2,) without bias
        Kernel, recurrent kernel, bias: percent of a gate's entries in each bin. Zero is in the
        middle of each panel. Entries beyond the ends, NaN and infinity are left out, and counted
        in the title.

    Raises
    ------
    ValueError
        The number of Axes does not fit, ``bins`` is below 1, or ``limit`` is not above 0.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> axes = plots.gate_distributions(w, limit=2.0)
    >>> axes.shape, [ax.get_title(loc="left").strip() for ax in axes]
    ((3,), ['kernel', 'recurrent kernel', 'bias'])
    """
    groups = weight_groups(w)
    _checks.whole_number("bins", bins, 1)
    end = color_limit(w, limit)
    if axes is None:
        _, axes = subplots(len(groups), height=0.9 + 1.7 * len(groups), squeeze=False)
    axes = given_axes(axes, len(groups), "one for each array")
    for ax, (group, arrays) in zip(axes, groups.items(), strict=True):
        own = limit is None and group == "bias"
        ends = largest_entry(arrays) or 1.0 if own else end
        edges = np.linspace(-ends, ends, bins + 1)
        lost = beyond = 0
        for gate, array in zip(GATES, arrays, strict=True):
            finite = array[np.isfinite(array)]
            lost += array.size - finite.size
            beyond += int(np.count_nonzero(np.abs(finite) > ends))
            counts, _ = np.histogram(finite, edges)
            ax.stairs(
                100 * counts / max(finite.size, 1),
                edges,
                color=GATE_COLORS[gate],
                linewidth=1.6,
                label=f"{gate}: {GATE_NAMES[gate]}",
            )
        notes = [GROUP_NAMES[group] + (" (a scale of its own)" if own else "")]
        notes += [f"without {beyond} beyond the ends"] * bool(beyond)
        notes += [f"without {lost} not finite"] * bool(lost)
        ax.set_title(", ".join(notes), loc="left")
        ax.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
        ax.set_xlim(-1.02 * ends, 1.02 * ends)
        ax.set_ylim(bottom=0)
        ax.spines["bottom"].set_zorder(3)
        ax.set_ylabel("% of entries")
    axes[-1].set_xlabel(PER_ONE)
    legend_above(axes[0])
    return axes


def describe_distributions(w: LSTMWeights) -> str:
    """What ``gate_distributions`` shows, in words, for a caption.

    Parameters
    ----------
    w : LSTMWeights

    Returns
    -------
    str
        For each array and gate, the median size of the finite entries, and how many are not.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.arange(4.0)[None], np.zeros((1, 4))])
    >>> plots.describe_distributions(w).split(": ")[1]
    'kernel i 0.00, f 1.00, c 2.00, o 3.00; recurrent kernel i 0.00, f 0.00, c 0.00, o 0.00.'
    """
    parts, lost = [], 0
    for group, arrays in weight_groups(w).items():
        lost += sum(int(np.count_nonzero(~np.isfinite(array))) for array in arrays)
        sizes = [np.abs(array[np.isfinite(array)]) for array in arrays]
        words = [
            f"{gate} {number(np.median(size) if size.size else np.nan)}"
            for gate, size in zip(GATES, sizes, strict=True)
        ]
        parts.append(f"{GROUP_NAMES[group]} {', '.join(words)}")
    without = f" Without {lost} that {'is' if lost == 1 else 'are'} not finite." if lost else ""
    return f"Half of a gate's entries are at most this far from zero: {'; '.join(parts)}.{without}"


def rank_scatter(
    x: Sequence[float],
    y: Sequence[float],
    labels: Sequence[str],
    xlabel: str,
    ylabel: str,
    *,
    highlight: str | None = None,
    yscale: str = "linear",
    ax: Axes | None = None,
) -> Axes:
    """Two measures of the same things: one point for each, with its label.

    A label stands where it covers no other, if there is such a place beside its point.

    Parameters
    ----------
    x, y : (things,) of float
        The measures, each in its own unit.
    labels : (things,) of str
    xlabel, ylabel : str
        What was measured, with its unit.
    highlight : str, optional
        The label of the point that stands out.
    yscale : str
        Matplotlib's name of the scale: ``"log"``, say. Set it here, and not afterwards: where the
        labels have room depends on it.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Lengths differ, a value is NaN or infinite, there is no such scale, or a y is not above 0
        on a logarithmic one.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> ax = plots.rank_scatter([1, 2], [20, 10], ["flow", "current"], "norm", "cost (l/s)")
    >>> [text.get_text() for text in ax.texts], ax.get_ylabel()
    (['flow', 'current'], 'cost (l/s)')
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not xs.shape == ys.shape == (len(labels),):
        raise ValueError(f"expected {len(labels)} x and y, got shapes {xs.shape} and {ys.shape}")
    lost = [
        name for name, ok in zip(labels, np.isfinite(xs) & np.isfinite(ys), strict=True) if not ok
    ]
    if lost:
        raise ValueError(f"expected finite x and y, got NaN or infinite for {', '.join(lost)}")
    if yscale not in get_scale_names():
        raise ValueError(f"expected yscale of {', '.join(get_scale_names())}, got {yscale!r}")
    if yscale == "log" and (ys <= 0).any():
        low = [name for name, at in zip(labels, ys, strict=True) if at <= 0]
        raise ValueError(f"expected y above 0 with yscale='log', got others for {', '.join(low)}")
    ax = panel(ax, 3.6)
    colors = [HIGHLIGHT if name == highlight else INK for name in labels]
    ax.scatter(xs, ys, color=colors, s=28)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.set_yscale(yscale)
    ax.margins(0.12)
    texts = [
        ax.annotate(name, (at_x, at_y), _BESIDE[0], textcoords="offset points", color=color)
        for at_x, at_y, name, color in zip(xs, ys, labels, colors, strict=True)
    ]
    if isinstance(ax.figure, Figure):
        ax.figure.draw_without_rendering()  # lays it out, which moves the points
    placed: list[Annotation] = []
    for n in np.argsort(xs, kind="stable"):  # from the left, as labels lie to the right
        _give_room(texts[n], placed)
        placed.append(texts[n])
    return ax


_BESIDE = [(5, 4), (5, -4), (-5, 4), (-5, -4)]
"""Where a label may stand, in points from its point: the first that is free is taken."""


def _give_room(text: Annotation, placed: list[Annotation]) -> None:
    taken = [other.get_window_extent() for other in placed]
    for right, up in [*_BESIDE, _BESIDE[0]]:  # none is free: then as if all were
        text.set_position((right, up))
        text.set_horizontalalignment("left" if right > 0 else "right")
        text.set_verticalalignment("baseline" if up > 0 else "top")
        if not any(text.get_window_extent().overlaps(box) for box in taken):
            return
