"""The figure kit: one style, one width, and a sentence for those who can't see the picture."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import matplotlib.transforms as mtransforms
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

GATE_COLORS = {"i": "#0072B2", "f": "#D55E00", "c": "#009E73", "o": "#CC79A7"}
"""One colour per gate in every figure, told apart by colour-blind eyes (Okabe and Ito 2008)."""

GATE_NAMES = {"i": "input gate", "f": "forget gate", "c": "candidate", "o": "output gate"}

HIGHLIGHT, MUTED, INK = "#D55E00", "#8C8C8C", "#222222"

SIGNED = "RdBu_r"
"""For values that have a sign: blue below zero, white at zero, red above, always zero-centred."""

NOT_FINITE = "#F0E442"
"""For NaN and infinity: no colour map here has yellow in it."""

STYLE: dict[Any, Any] = {
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


GivenAxes = Sequence[Axes] | np.ndarray
"""What a caller may pass for several panels: a list, or what ``subplots`` returned."""


def subplots(
    rows: int = 1, columns: int = 1, *, height: float = 3.2, **kwargs: Any
) -> tuple[Figure, Any]:
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

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> fig, axes = plots.subplots(2, 1, height=4, sharex=True)
    >>> axes.shape, fig.get_size_inches().tolist()
    ((2,), [7.6, 4.0])
    """
    with mpl.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=(WIDTH, height), layout="constrained", **kwargs)


def show(fig: Figure, alt: str) -> None:
    """Display a figure with a sentence that says what it shows, and close it.

    The sentence stands in three places: in the image's metadata as alt text (web pages use it), as
    its plain text (nbval compares it), and under the figure as a caption (JupyterLab shows no alt
    text, so this is the one that all can read).

    Parameters
    ----------
    fig : Figure
    alt : str
        With at least one number read from what was drawn.

    Raises
    ------
    TypeError, ValueError
        ``fig`` is no figure, or the sentence is no text, is empty or holds no number.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> fig, ax = plots.subplots()
    >>> plots.show(fig, "A line that rises.")
    Traceback (most recent call last):
    ...
    ValueError: expected alt text with a number read from the figure, got 'A line that rises.'
    """
    from IPython.display import display

    if not isinstance(fig, Figure) or not isinstance(alt, str):
        got = f"{type(fig).__name__} and {type(alt).__name__}"
        raise TypeError(f"expected a figure and a sentence, got {got}")
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
    display({"text/markdown": f"*{_as_markdown(alt)}*", "text/plain": alt}, raw=True)


def _as_markdown(text: str) -> str:
    """The text as it is read: a name of the caller's is no emphasis, formula or tag."""
    return re.sub(r"([\\`*_\[\]$])", r"\\\1", html.escape(text, quote=False))


def number(value: float) -> str:
    """The value with two decimals; without, or with an exponent, where it is large or small.

    Examples
    --------
    >>> from lstm_helpers.plots import figure
    >>> [figure.number(value) for value in (1.25, 0.0004, 4096.4, 1.2e7, float("nan"))]
    ['1.25', '4e-04', '4096', '1e+07', 'NaN']
    """
    if np.isnan(value):
        return "NaN"
    if 0 < abs(value) < 0.005 or abs(value) >= 1e5:
        return f"{value:.0e}"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.2f}"


def outside(values: np.ndarray, low: float, high: float) -> tuple[str, list[str]]:
    """How the colour bar of a scale ends, and what a note says of values that have no colour there.

    Examples
    --------
    >>> from lstm_helpers.plots import figure
    >>> figure.outside(np.array([0.5, 3.0, np.nan]), -1, 1)
    ('max', ["1 beyond the colours' ends", 'yellow: 1 not finite'])
    """
    finite = values[np.isfinite(values)]
    above, below = (int(np.count_nonzero(found)) for found in (finite > high, finite < low))
    extend = ("neither", "max", "min", "both")[(above > 0) + 2 * (below > 0)]
    lost = values.size - finite.size
    notes = [f"{above + below} beyond the colours' ends"] * bool(above + below)
    return extend, notes + [f"yellow: {lost} not finite"] * bool(lost)


def some(count: int, most: int) -> list[int]:
    """At most ``most`` of the first ``count`` numbers: from 0 in steps of a power of two.

    Examples
    --------
    >>> from lstm_helpers.plots import figure
    >>> figure.some(10, most=4)
    [0, 4, 8]
    """
    step = 1
    while count > most * step:
        step *= 2
    return list(range(0, count, step))


def legend_above(ax: Axes) -> None:
    """A legend of the four gates above the panel and its title; in one line if it is wide enough.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> from lstm_helpers.plots import figure
    >>> fig, ax = plots.subplots()
    >>> line = ax.plot([0, 1], label="f: forget gate")
    >>> figure.legend_above(ax)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['f: forget gate']
    """
    width = ax.get_window_extent().width / ax.figure.dpi
    columns = 4 if width > 4.8 else 2 if width > 2.4 else 1
    title = ax.get_title(loc="left")
    fig: Any = ax.figure  # a SubFigure serves too, but Matplotlib's types do not say so
    above = mtransforms.offset_copy(ax.transAxes, fig, y=18 if title else 2, units="points")
    legend = ax.legend(
        frameon=False, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1),
        bbox_transform=above, borderpad=0.1, borderaxespad=0, labelcolor="linecolor",
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
    # The layout makes room for a title's height, but not for its width. So a legend that is wider
    # than a small figure is cut off, and the panel keeps its size.
    legend.set_in_layout(False)
    ax.set_title("\n" * (4 // columns - (not title)) + (title or " "), loc="left")


def panel(ax: Axes | None, height: float) -> Axes:
    """The given Axes, or new ones.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> from lstm_helpers.plots import figure
    >>> fig, ax = plots.subplots()
    >>> figure.panel(ax, height=3) is ax, figure.panel(None, height=3) is ax
    (True, False)
    """
    return subplots(height=height)[1] if ax is None else ax


def given_axes(axes: Any, count: int, what: str) -> np.ndarray:
    """The given Axes as an array (count,).

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> from lstm_helpers.plots import figure
    >>> fig, axes = plots.subplots(2, 2)
    >>> figure.given_axes(axes, 4, "two a row").shape
    (4,)
    """
    axes = np.asarray(axes, dtype=object).ravel()
    if axes.size != count:
        raise ValueError(f"expected {count} Axes, {what}, got {axes.size}")
    return axes


def time_axis(ax: Axes, times: Sequence[Any] | None) -> None:
    """Label the x-axis with dates, if ``times`` are dates.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> from lstm_helpers.plots import figure
    >>> fig, ax = plots.subplots()
    >>> days = np.arange("2024-03-01", "2024-03-05", dtype="datetime64[D]")
    >>> line = ax.plot(days, [0, 1, 2, 3])
    >>> figure.time_axis(ax, days)
    >>> type(ax.xaxis.get_major_formatter()).__name__
    'ConciseDateFormatter'
    """
    if times is None or not is_dates(times):
        return
    # Where they have a time zone, their hours are its hours.
    zone = getattr(np.asarray(times).flat[0], "tzinfo", None)
    first, last = ax.get_xlim()
    # Of some years Matplotlib asks for five ticks at least, finds too many months, and warns.
    locator = mdates.AutoDateLocator(zone, minticks=2 if last - first > 700 else 5, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mdates.ConciseDateFormatter(locator, zone))


def is_dates(times: Any) -> bool:
    """Whether these are dates: of NumPy, of pandas or of Python.

    Examples
    --------
    >>> from lstm_helpers.plots import figure
    >>> figure.is_dates(np.array(["2024-03-01"], "datetime64[D]")), figure.is_dates([0, 1])
    (True, False)
    """
    times = np.asarray(times)
    return times.dtype.kind in "MO"
