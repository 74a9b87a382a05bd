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


def _date_axis(ax: Axes) -> None:
    locator = mpl.dates.AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mpl.dates.ConciseDateFormatter(locator))
