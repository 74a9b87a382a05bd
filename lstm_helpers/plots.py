"""Every picture of the course.

Each function draws on the Axes it is given, or on new ones, and returns them; none shows or saves.
``show`` puts a finished figure into a notebook, with a sentence for those who can't see it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lstm_helpers.layouts import GATES
from lstm_helpers.weather import UNITS

GATE_COLORS = {"i": "#0072B2", "f": "#D55E00", "c": "#009E73", "o": "#CC79A7"}
"""One colour per gate in every figure, told apart by colour-blind eyes (Okabe and Ito 2008)."""

GATE_NAMES = {"i": "input gate", "f": "forget gate", "c": "candidate", "o": "output gate"}

FEATURE_NAMES = {
    "temp": "temperature",
    "dewp": "dew point",
    "pres": "pressure",
    "wspm": "wind speed",
    "u": "wind to the east",
    "v": "wind to the north",
    "rain": "rain",
}
HIGHLIGHT, MUTED, INK = "#D55E00", "#8C8C8C", "#222222"

STYLE = {
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "figure.facecolor": "white",
    "axes.facecolor": "white",
}
"""The look of all figures; white behind them, so that they read on a dark page too."""

WIDTH = 7.6
"""Inches; shown 100 pixels an inch, drawn with twice as many for projectors."""


def subplots(rows: int = 1, columns: int = 1, *, height: float = 3.2, **kwargs) -> tuple:
    """``plt.subplots`` in the style of the course, as wide as a notebook.

    Parameters
    ----------
    rows, columns : int
    height : float
        Of the whole figure, in inches.
    **kwargs
        Passed on: ``sharex``, ``width_ratios``, ...

    Returns
    -------
    fig, axes
        As ``plt.subplots`` returns them.
    """
    with mpl.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=(WIDTH, height), layout="constrained", **kwargs)


def show(fig: Figure, alt: str) -> None:
    """Display a figure with a sentence that says what it shows, and close it.

    The sentence goes along three ways: as the image's alt text in its metadata (which web pages
    use), as its plain text (which nbval compares), and as a caption under the figure (which
    everybody reads: JupyterLab drops the first).

    Parameters
    ----------
    fig : Figure
    alt : str
        With at least one number read from what was drawn.

    Raises
    ------
    ValueError
        The sentence is empty or holds no number.
    """
    from IPython.display import display

    alt = " ".join(alt.split())
    if not any(character.isdigit() for character in alt):
        raise ValueError(f"expected alt text with a number read from the figure, got {alt!r}")
    png = io.BytesIO()
    # Without the version of matplotlib in it, the same figure is the same bytes.
    fig.savefig(png, format="png", dpi=200, metadata={"Software": None})
    width, height = (round(100 * inches) for inches in fig.get_size_inches())
    plt.close(fig)
    display(
        {"image/png": png.getvalue(), "text/plain": alt},
        metadata={"image/png": {"alt": alt, "width": width, "height": height}},
        raw=True,
    )
    display({"text/markdown": f"*{alt}*", "text/plain": alt}, raw=True)


def label(feature: str) -> str:
    """A feature's name with its unit."""
    return f"{FEATURE_NAMES[feature]} ({UNITS[feature]})"


def weather(features: pd.DataFrame, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
    """The weather of some days, in four panels over one time axis.

    Parameters
    ----------
    features : (hours, features) DataFrame
        As ``weather.clean`` returns it.
    axes : four Axes, optional

    Returns
    -------
    four Axes
        Temperature with dew point, pressure, wind speed, rain.
    """
    if axes is None:
        _, axes = subplots(4, height=5.6, sharex=True, height_ratios=(2, 1, 1, 1))
    groups = (("temp", "dewp"), ("pres",), ("wspm",), ("rain",))
    colors = {"dewp": "#56B4E9"}
    for ax, group in zip(axes, groups, strict=True):
        for name in group:
            color = colors.get(name, INK)
            ax.plot(features.index, features[name], color=color, label=FEATURE_NAMES[name])
        ax.set_ylabel(UNITS[group[0]])
        ax.set_title(" and ".join(FEATURE_NAMES[name] for name in group), loc="left")
    axes[0].legend(frameon=False, ncols=2, loc="upper right")
    _date_axis(axes[-1])
    return axes


def window(w, number: int, feature: int = 0, ax: Axes | None = None) -> Axes:
    """One window and its target: what the network sees of one feature, and what it is to say.

    Parameters
    ----------
    w : forecaster.Windows
    number : int
        Which window.
    feature : int
        Which column.
    ax : Axes, optional

    Returns
    -------
    Axes
        Hours before and after the newest reading on the horizontal axis.
    """
    if ax is None:
        _, ax = subplots(height=2.8)
    seen = w.inputs[number, :, feature]
    newest, future = seen[-1], w.future[number, feature]
    hours = np.arange(1 - len(seen), 1)
    ax.plot(hours, seen, "o-", color=INK, markersize=4, label="what the network sees")
    ax.plot([w.horizon], [future], "D", color=HIGHLIGHT, markersize=8, label="what it is to say")
    ax.annotate(
        "",
        (w.horizon, future),
        (w.horizon, newest),
        arrowprops={"arrowstyle": "->", "color": HIGHLIGHT},
    )
    ax.hlines(newest, 0, w.horizon, color=MUTED, linestyle=":")
    ax.axvline(0, color=MUTED, linewidth=0.8)
    ax.set_xlabel("hours after the newest reading")
    name = list(UNITS)[feature]
    ax.set_ylabel(label(name))
    ax.legend(frameon=False)
    return ax


def error_bars(
    errors: Mapping[str, float], unit: str, *, highlight: str, ax: Axes | None = None
) -> Axes:
    """One horizontal bar a forecast, the largest error on top, the value beside each.

    Parameters
    ----------
    errors : mapping from name to error
    unit : str
        Of the errors.
    highlight : str
        The name of the bar that stands out.
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if ax is None:
        _, ax = subplots(height=0.6 + 0.36 * len(errors))
    ordered = sorted(errors.items(), key=lambda item: item[1])
    names, values = zip(*ordered, strict=True)
    colors = [HIGHLIGHT if name == highlight else MUTED for name in names]
    bars = ax.barh(names, values, color=colors)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=4)
    ax.set_xlabel(f"mean absolute error ({unit})")
    ax.margins(x=0.12)
    return ax


def forecast_lines(
    times: pd.DatetimeIndex,
    observed: np.ndarray,
    forecasts: Mapping[str, np.ndarray],
    feature: str = "temp",
    ax: Axes | None = None,
) -> Axes:
    """What came, as a dark line, and what each forecast had said for the same hours.

    Parameters
    ----------
    times : (hours,) DatetimeIndex
        The hours that are forecast.
    observed : (hours,) array
        In the feature's unit.
    forecasts : mapping from name to (hours,) array
        At most three.
    feature : str
    ax : Axes, optional

    Returns
    -------
    Axes
    """
    if ax is None:
        _, ax = subplots(height=3.2)
    ax.plot(times, observed, color=INK, linewidth=2, label="observed")
    for (name, values), color in zip(
        forecasts.items(), (HIGHLIGHT, "#56B4E9", MUTED), strict=False
    ):
        ax.plot(times, values, color=color, linewidth=1.4, label=name)
    ax.set_ylabel(label(feature))
    ax.legend(frameon=False, ncols=len(forecasts) + 1, loc="lower left", bbox_to_anchor=(0, 1))
    _date_axis(ax)
    return ax


def array_map(shapes: Mapping[str, tuple[int, ...]], ax: Axes | None = None) -> Axes:
    """The arrays of an LSTM layer drawn to scale, each cut into its four quarters.

    Parameters
    ----------
    shapes : mapping from name to shape
        Last axis 4 * units.
    ax : Axes, optional

    Returns
    -------
    Axes
        One cell a number: columns across, rows down.
    """
    if ax is None:
        _, ax = subplots(height=3.6)
    top, ticks = 0.0, {}
    gap = 0.15 * sum(shape[0] if len(shape) == 2 else 1 for shape in shapes.values())
    for name, shape in shapes.items():
        rows = shape[0] if len(shape) == 2 else 1
        units = shape[-1] // 4
        for n, gate in enumerate(GATES):
            ax.add_patch(
                Rectangle(
                    (n * units, top), units, rows, facecolor=GATE_COLORS[gate], edgecolor="white"
                )
            )
            if rows > 2:
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


def order_errors(errors: Mapping[str, float], ax: Axes | None = None) -> Axes:
    """How far each way to name the four quarters is from Keras, on a logarithmic axis.

    Parameters
    ----------
    errors : mapping from order, as "ifco", to largest difference
        All above 0.
    ax : Axes, optional

    Returns
    -------
    Axes
        One bar an order, smallest first; the smallest stands out.
    """
    if ax is None:
        _, ax = subplots(height=3)
    ordered = sorted(errors.items(), key=lambda item: item[1])
    names, values = zip(*ordered, strict=True)
    ax.bar(names, values, color=[HIGHLIGHT] + [MUTED] * (len(names) - 1))
    ax.set_yscale("log")
    ax.set_ylabel("largest difference from Keras")
    ax.set_xlabel("which gate the quarters hold, first to last")
    ax.tick_params(axis="x", rotation=90)
    return ax


def retention(left: Mapping[str, np.ndarray], unit: str = "hours", ax: Axes | None = None) -> Axes:
    """What is left of a cell, one line a forget bias (or a unit, or whatever is compared).

    Parameters
    ----------
    left : mapping from name to (steps + 1,) array
        Share of the cell state still there after 0, 1, 2, ... steps: the powers of a forget gate,
        or ``memory.retention(trace)[sample, ::-1, unit]``. First line lightest, last line darkest.
    unit : str
        Of a step, in the plural.
    ax : Axes, optional

    Returns
    -------
    Axes
        A dotted line stands at one half: where it is crossed is the half-life.

    Raises
    ------
    ValueError
        There is no line, or one is not of one axis.
    """
    lines = {name: np.asarray(values) for name, values in left.items()}
    if not lines:
        raise ValueError("expected at least one line, got none")
    for name, values in lines.items():
        if values.ndim != 1 or values.size == 0:
            raise ValueError(f"expected {name!r} of shape (steps + 1,), got {values.shape}")
    if ax is None:
        _, ax = subplots(height=3)
    ax.axhline(0.5, color=MUTED, linestyle=":", linewidth=1)
    shades = mpl.colormaps["viridis"](np.linspace(0, 0.8, len(lines))[::-1])
    for (name, values), color in zip(lines.items(), shades, strict=True):
        ax.plot(np.arange(values.size), values, color=color, linewidth=1.8, label=name)
    ax.set_xlabel(f"{unit} after it was written")
    ax.set_ylabel("share of the cell still there")
    ax.margins(x=0)
    ax.set_ylim(-0.02, 1.02)
    ax.set_yticks([0, 0.5, 1])
    # Beside the lines: with high biases they fill the panel.
    ax.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def gate_trace(
    trace,
    features: pd.DataFrame,
    *,
    sample: int = 0,
    order: Sequence[int] | None = None,
    axes: Sequence[Axes] | None = None,
) -> Sequence[Axes]:
    """The weather above and the gates below, on one time axis.

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.
    features : (time, features) DataFrame
        What the layer read, in units, one row a step; its index says the hours.
    sample : int
        Which one of the batch.
    order : (units,) of int, optional
        Which unit each row shows, top to bottom; 0, 1, 2, ... unless given.
    axes : six Axes, optional

    Returns
    -------
    six Axes
        Temperature with dew point, pressure, then i, f, c, o with one row a unit: white is 0 and
        full colour 1, but the candidate goes from -1 over white to 1.

    Raises
    ------
    ValueError
        ``features`` has not one row a step.
    """
    _, time, units = trace.hidden.shape
    if len(features) != time:
        raise ValueError(f"expected {time} rows of features, one a step, got {len(features)}")
    if axes is None:
        _, axes = subplots(6, height=9.6, sharex=True, height_ratios=(1.8, 1, 2, 2, 2, 2))
    order = np.arange(units) if order is None else np.asarray(order)
    for ax, names in zip(axes, (("temp", "dewp"), ("pres",)), strict=False):
        for name, color in zip(names, (INK, "#56B4E9"), strict=False):
            ax.plot(features.index, features[name], color=color, label=FEATURE_NAMES[name])
        ax.set_ylabel(UNITS[names[0]])
        ax.set_title(" and ".join(FEATURE_NAMES[name] for name in names), loc="left")
    axes[0].legend(frameon=False, ncols=2, loc="lower left")

    half = (features.index[1] - features.index[0]) / 2 if time > 1 else pd.Timedelta(minutes=30)
    edges = (features.index - half).append(features.index[-1:] + half)
    for ax, gate, values in zip(axes[2:], GATES, trace.gates, strict=True):
        signed = gate == "c"
        mesh = ax.pcolormesh(
            edges,
            np.arange(units + 1),
            values[sample].T[order],
            cmap=SIGNED if signed else _from_white(GATE_COLORS[gate]),
            vmin=-1 if signed else 0,
            vmax=1,
        )
        ax.set_title(f"{gate}: {GATE_NAMES[gate]}", loc="left", color=GATE_COLORS[gate])
        ax.set_ylabel("unit")
        # Every unit has its row; only some rows have room for a number.
        rows = np.arange(0, units, max(1, -(-units // 8)))
        ax.set_yticks(rows + 0.5, order[rows])
        ax.invert_yaxis()
        bar = ax.figure.colorbar(mesh, ax=ax, ticks=(-1, 0, 1) if signed else (0, 1), pad=0.01)
        shut, open_ = ("0, forget", "1, keep") if gate == "f" else ("0, shut", "1, open")
        bar.set_ticklabels(("-1", "0", "1") if signed else (shut, open_))
    _date_axis(axes[-1])
    return axes


SIGNED = "RdBu_r"
"""For values that have a sign: blue below zero, white at zero, red above, always zero-centred."""


def _from_white(color: str) -> mpl.colors.Colormap:
    return mpl.colors.LinearSegmentedColormap.from_list(color, ["white", color])


def _date_axis(ax: Axes) -> None:
    locator = mpl.dates.AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mpl.dates.ConciseDateFormatter(locator))
