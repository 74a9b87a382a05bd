"""Pictures over steps: what a cell keeps, and the gates of one window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap
from matplotlib.dates import date2num
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers.layouts import GATES
from lstm_helpers.numpy_lstm import LSTMTrace, checked_trace
from lstm_helpers.plots.figure import (
    GATE_COLORS,
    GATE_NAMES,
    INK,
    MUTED,
    NOT_FINITE,
    SIGNED,
    GivenAxes,
    given_axes,
    is_dates,
    outside,
    panel,
    some,
    subplots,
    time_axis,
)


def retention(
    left: Mapping[str, np.ndarray], *, step: str = "steps", ax: Axes | None = None
) -> Axes:
    """What is left of a cell state after each step: one line for each forget bias, unit, ...

    Parameters
    ----------
    left : mapping from name to (steps + 1,) array
        The share of the cell state that is left after 0, 1, 2, ... steps: the powers of a forget
        gate, or ``memory.retention(trace)[sample, ::-1, unit]``. The first line is the lightest,
        the last the darkest.
    step : str
        What a step is, in the plural: ``"hours"``.
    ax : Axes, optional

    Returns
    -------
    Axes
        A dotted line stands at one half. A line crosses it at its half-life. The axis goes from 0
        to 1, and further if a line does.

    Raises
    ------
    TypeError, ValueError
        There is no line, or a line is not made of numbers or has more than one axis.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> kept = {f"forget gate {f}": f ** np.arange(25) for f in (0.5, 0.9)}
    >>> ax = plots.retention(kept, step="hours")
    >>> ax.get_xlabel(), len(ax.lines)  # two, and the one at one half
    ('hours after it was written', 3)
    """
    lines = {
        str(name): _checks.real_numbers(f"the line {name!r}", values)
        for name, values in _checks.by_name("lines", left).items()
    }
    for name, values in lines.items():
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"expected {name!r} of shape (steps + 1,), got {values.shape}")
    ax = panel(ax, 3)
    ax.axhline(0.5, color=MUTED, linestyle=":", linewidth=1)
    shades = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(lines))[::-1])
    for (name, values), color in zip(lines.items(), shades, strict=True):
        ax.plot(np.arange(values.size), values, color=color, linewidth=1.8, label=name)
    values = np.concatenate(list(lines.values()))
    values = values[np.isfinite(values)]
    low, high = values.min(initial=0), values.max(initial=1)
    ax.set_xlabel(f"{step} after it was written")
    ax.set_ylabel("share of the cell still there")
    ax.margins(x=0)
    # With gates that are no sigmoids more can be left than there was, or less than nothing.
    ax.set_ylim(low - 0.02 * (high - low), high + 0.02 * (high - low))
    ax.set_yticks([0, 0.5, 1])
    # Beside the panel: with high forget biases the lines fill it.
    ax.legend(
        ax.lines[-len(lines) :],
        list(lines),
        frameon=False,
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )
    return ax


def gate_trace(
    trace: LSTMTrace,
    series: ArrayLike | None = None,
    *,
    sample: int = 0,
    feature_names: Sequence[str] | None = None,
    times: Sequence[Any] | None = None,
    order: Sequence[int] | None = None,
    step: str = "steps",
    axes: GivenAxes | None = None,
) -> np.ndarray:
    """Above what a layer read, below its gates, on one time axis.

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.
    series : (time, features) array or DataFrame, optional
        What the layer read in this window, in the caller's units, or any other series of the same
        steps. In the order of the layer's work: with ``go_backwards`` the newest step comes first.
    sample : int
        Which window of the batch.
    feature_names : (features,) of str, optional
        With their units, as in ``"pressure (bar)"``. A DataFrame has them in its columns.
    times : (time,), optional
        Dates or numbers, rising or falling; dates with a zone have the hours of that zone. A step
        is drawn from half way to the one before to half way to the next, so one beside a gap is
        wide. A DataFrame has them in its index. Otherwise, if not given, 0, 1, 2, ...
    order : (units,) of int, optional
        Which unit each row shows, from top to bottom. If not given, 0, 1, 2, ...
    step : str
        What a step is, in the plural. Stands under the axis, unless ``times`` are dates.
    axes : Axes, optional
        As many as this function returns.

    Returns
    -------
    array of Axes
        First those of the series, if there is one. Up to three features have a panel each. More
        have one panel together, with a row each, in standard deviations from the feature's mean:
        blue below, red above. Then i, f, c, o, with a row for each unit: white is 0 and full colour
        is 1; the candidate goes from -1, blue, to 1, red. What is beyond, as with a ReLU, has the
        end's colour; what is not finite is yellow; a panel's title counts both.

    Raises
    ------
    TypeError, ValueError
        ``series``, ``times``, names, ``order``, ``sample`` or Axes do not fit the trace.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.zeros((4, 6, 2))
    >>> names = ["pressure (bar)", "flow (l/s)"]
    >>> axes = plots.gate_trace(lh.replay(w, x), x[0], feature_names=names)
    >>> [ax.get_title(loc="left") for ax in axes[1:4]]
    ['flow (l/s)', 'i: input gate', 'f: forget gate']
    >>> axes[3].collections[0].get_array().shape  # of f: (units, steps)
    (3, 6)
    """
    checked_trace(trace, "i", "f", "c", "o")
    batch, time, units = trace.gates.i.shape
    if not _checks.is_whole(sample) or not -batch <= sample < batch:
        raise ValueError(f"expected sample as one of {batch}, got {sample!r}")
    table: Any = series
    if hasattr(table, "columns"):
        feature_names = list(table.columns) if feature_names is None else feature_names
        times = table.index if times is None else times
    read = np.empty((time, 0)) if series is None else _checks.real_numbers("series", series)
    if read.ndim != 2 or len(read) != time:
        raise ValueError(
            f"expected series of shape ({time}, features), one row for each step, got {read.shape}"
        )
    count = read.shape[1]
    names = _checks.names_of(count, "names of features", feature_names, "feature {}")
    shown = _shown(order, units)
    places = _places(times, time)

    panels = count if count <= 3 else 1
    if axes is None:
        above = [1.3] * panels if count <= 3 else [min(max(0.22 * count, 1.2), 3.6)]
        below = [min(max(0.045 * units, 1.25), 2.6)] * 4
        heights = [*above, *below]
        _, axes = subplots(
            panels + 4, height=1 + sum(heights), sharex=True, height_ratios=heights, squeeze=False
        )
    axes = given_axes(axes, panels + 4, "one for each panel")
    if count > 3:
        _feature_rows(axes[0], read, names, places)
    else:
        for ax, values, name in zip(axes, read.T, names, strict=False):
            ax.plot(places, values, color=INK)
            ax.set_title(name, loc="left")
    edges = _edges(places)
    for ax, gate, of_batch in zip(axes[panels:], GATES, trace.gates, strict=True):
        signed = gate == "c"
        values, low = of_batch[sample].T[shown], -1 if signed else 0
        colors = mpl.colormaps[SIGNED] if signed else _from_white(GATE_COLORS[gate])
        mesh = ax.pcolormesh(
            edges,
            np.arange(units + 1),
            np.ma.masked_invalid(values),
            cmap=colors.with_extremes(bad=NOT_FINITE),
            vmin=low,
            vmax=1,
        )
        extend, notes = outside(values, low, 1)
        title = "; ".join([f"{gate}: {GATE_NAMES[gate]}", *notes])
        ax.set_title(title, loc="left", color=GATE_COLORS[gate])
        ax.set_ylabel("unit")
        # Every unit has a row, but only some rows have room for a number.
        rows = np.arange(0, units, max(1, -(-units // 6)))
        ax.set_yticks(rows + 0.5, shown[rows])
        ax.invert_yaxis()
        ends = (-1, 0, 1) if signed else (0, 1)
        bar = ax.figure.colorbar(mesh, ax=ax, ticks=ends, pad=0.01, extend=extend)
        shut, open_ = ("0, forget", "1, keep") if gate == "f" else ("0, shut", "1, open")
        bar.set_ticklabels(("-1", "0", "1") if signed else (shut, open_))
    time_axis(axes[-1], times)
    if times is None or not is_dates(times):
        axes[-1].set_xlabel(step)
    return axes


def _feature_rows(ax: Axes, series: np.ndarray, names: Sequence[str], places: np.ndarray) -> None:
    """One row for each feature, in standard deviations from its mean."""
    finite = np.ma.masked_invalid(series)
    spread = finite.std(axis=0).filled(0)
    scaled = (finite - finite.mean(axis=0)) / np.where(spread > 0, spread, 1)
    mesh = ax.pcolormesh(
        _edges(places),
        np.arange(len(names) + 1),
        scaled.T,
        cmap=mpl.colormaps[SIGNED].with_extremes(bad=NOT_FINITE),
        vmin=-2.5,
        vmax=2.5,
    )
    _, notes = outside(np.where(finite.mask, np.nan, 0), -1, 1)
    ticks = np.array(some(len(names), 16))
    ax.set_yticks(ticks + 0.5, [names[tick] for tick in ticks])
    ax.invert_yaxis()
    title = "what the layer read, each in its own scale"
    ax.set_title("; ".join([title, *notes]), loc="left")
    bar = ax.figure.colorbar(mesh, ax=ax, ticks=(-2.5, 0, 2.5), pad=0.01, extend="both")
    bar.set_ticklabels(("-2.5 std", "its mean", "+2.5 std"))


def _places(times: Sequence[Any] | None, count: int) -> np.ndarray:
    """Where each step stands on the axis."""
    if times is None:
        return np.arange(count, dtype=float)
    given = _checks.array("times as dates or numbers", times)
    if given.shape != (count,):
        got = str(len(given)) if given.ndim == 1 else f"shape {given.shape}"
        raise ValueError(f"expected {count} times, one for each step, got {got}")
    if is_dates(given):
        try:
            places = np.asarray(date2num(given))
        except (AttributeError, TypeError, ValueError):  # objects, but none of dates
            wrong = next((time for time in given if not _is_date(time)), given[0])
            raise TypeError(f"expected times as dates or numbers, got {wrong!r}") from None
    else:
        places = _checks.real_numbers("times", given).astype(float)
    forwards = np.diff(places) > 0
    if not np.isfinite(places).all() or not (forwards.all() or (np.diff(places) < 0).all()):
        raise ValueError("expected times that rise, or fall, from each step to the next")
    return places


def _is_date(time: Any) -> bool:
    try:
        date2num(np.array([time], dtype=object))
    except (AttributeError, TypeError, ValueError):
        return False
    return True


def _shown(order: Any, units: int) -> np.ndarray:
    """Which unit each row shows."""
    if order is None:
        return np.arange(units)
    given = _checks.array("order as whole numbers", order)
    if (
        given.shape != (units,)
        or not all(map(_checks.is_whole, given))
        or set(given) != set(range(units))
    ):
        raise ValueError(f"expected order to name each of {units} units once, got {order!r}")
    return given.astype(int)


def _edges(places: np.ndarray) -> np.ndarray:
    """Half way between neighbours, and as far beyond the first and the last."""
    if len(places) == 1:
        return np.array([places[0] - 0.5, places[0] + 0.5])
    between = (places[1:] + places[:-1]) / 2
    return np.concatenate([[2 * places[0] - between[0]], between, [2 * places[-1] - between[-1]]])


def _from_white(color: str) -> Colormap:
    return LinearSegmentedColormap.from_list(color, ["white", color])
