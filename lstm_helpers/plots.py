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

from lstm_helpers.gates import NORMS, LSTMWeights, gate_norms
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
    axes[0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
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
    """The arrays of an LSTM layer, row heights to scale, each cut into its four quarters.

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


def lag_profile(
    profiles: np.ndarray | Mapping[str, np.ndarray],
    ax: Axes | None = None,
    *,
    unit: str = "°C",
    label: str = "mean effect",
    steps: str = "hours",
    colors: Sequence[str] | None = None,
    mark: Sequence[tuple] = (),
    signed: bool | None = None,
) -> Axes:
    """How much each past reading counts: one value a lag, time running to the right.

    Parameters
    ----------
    profiles : (lags,) or (series, lags) array, or mapping from name to such arrays
        Lag 0, the newest reading, comes first, as in ``attribution.temporal_profile``. Of several
        series, such as one a seed, there is a thin line each and one with points for their mean.
        Names, such as methods and controls, have a legend, and may differ in lags.
    ax : Axes, optional
    unit, label : str
        Of the values, and what they are.
    steps : str
        Unit of a lag, in the plural.
    colors : sequence of str, optional
        One a name. Needed for more than eight.
    mark : sequence of (first, last) or (first, last, text)
        Spans of lags to shade, both ends included; the text is "first to last", or the one lag,
        unless given.
    signed : bool, optional
        With a line at zero instead of an axis that starts there; if a value is below zero, unless
        given.

    Returns
    -------
    Axes
        Lag 0 is at the right edge, as in ``window``. Where a value is NaN or infinite the lines are
        open, and a yellow ring stands at the bottom.

    Raises
    ------
    TypeError
        The profiles are no numbers.
    ValueError
        They have another shape or there is none, colours are too few or too many, a span does not
        lie within the lags, or ``signed`` is False and a value below zero.
    """
    groups = _profiles(profiles)
    lags = max(series.shape[1] for series in groups.values())
    spans = _spans(mark, lags)
    values = np.concatenate([series.ravel() for series in groups.values()])
    finite = values[np.isfinite(values)]
    below = bool((finite < 0).any())
    if signed is not None and not signed and below:
        raise ValueError(f"expected signed profiles or none below 0, got {finite.min():g}")
    signed = below if signed is None else signed
    colors = PROFILE_COLORS[: len(groups)] if colors is None else tuple(colors)
    if len(colors) != len(groups):
        raise ValueError(f"expected {len(groups)} colors, one a name, got {len(colors)}")
    if ax is None:
        _, ax = subplots(height=3)

    for first, last, text in spans:
        ax.axvspan(first - 0.5, last + 0.5, color=MUTED, alpha=0.2, linewidth=0, zorder=0)
        ax.text(
            (first + last) / 2, 0.98, text, transform=ax.get_xaxis_transform(),
            ha="center", va="top", color=INK, fontsize="small",
        )  # fmt: skip
    size = 4.5 if lags <= 48 else 2.5
    lost, places = 0, set()
    for (name, series), color, marker in zip(groups.items(), colors, "osD^vPX*", strict=False):
        bad = ~np.isfinite(series)
        lost += np.count_nonzero(bad)
        places |= set(np.flatnonzero(bad.any(axis=0)).tolist())
        shown = np.where(bad, np.nan, series)
        count, hours = len(shown), np.arange(shown.shape[1])
        if count > 1:
            for one in shown:
                ax.plot(hours, one, color=color, linewidth=0.8, alpha=0.45, label="_")
        mean = f"mean of {count}" if count > 1 else ""
        ax.plot(
            hours, shown.mean(axis=0), color=color, linewidth=1.6, marker=marker, markersize=size,
            label=", ".join(part for part in (name, mean) if part) or "_",
        )  # fmt: skip
    for lag in sorted(places):
        ax.plot(
            lag, 0, "o", markerfacecolor=NOT_FINITE, markeredgecolor=INK, clip_on=False,
            scalex=False, scaley=False, transform=ax.get_xaxis_transform(), label="_",
        )  # fmt: skip

    # A quarter of a day, half a day and whole days where there is no room for every hour.
    step = next((s for s in (1, 2, 3, 6, 12) if lags <= 13 * s), 24 * -(-lags // 312))
    ax.set_xticks(np.arange(0, lags, step))
    ax.set_xlim(lags - 0.5, -0.5)
    ax.margins(y=0.18 if spans else 0.08)
    if signed:
        ax.axhline(0, color=MUTED, linewidth=0.8, zorder=0, label="_")
    else:
        ax.set_ylim(bottom=0)
    note = f"; yellow, ringed: {lost} not finite" if lost else ""
    ax.set_xlabel(f"{steps} before the newest reading{note}")
    ax.set_ylabel(f"{label} ({unit})")
    if any(not line.get_label().startswith("_") for line in ax.lines):
        ax.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


def describe_lag_profile(
    profiles: np.ndarray | Mapping[str, np.ndarray],
    *,
    unit: str = "°C",
    label: str = "mean effect",
    steps: str = "hours",
    mark: Sequence[tuple] = (),
) -> str:
    """What ``lag_profile`` shows, in words, for a caption.

    Parameters
    ----------
    profiles, unit, label, steps, mark
        As given to ``lag_profile``.

    Returns
    -------
    str
        For each name, of the mean over its series: the value that is largest in size, the newest of
        equals, and its lag; a second hump; and what part of the sum of all sizes the marked spans
        hold. A second hump rises from the lowest value on the way to it by a fifth of the
        largest or more, and is the highest that does.

    Raises
    ------
    TypeError, ValueError
        As ``lag_profile``.
    """
    groups = _profiles(profiles)
    spans = _spans(mark, max(series.shape[1] for series in groups.values()))
    texts = []
    for name, series in groups.items():
        lost = np.count_nonzero(~np.isfinite(series))
        mean = np.where(np.isfinite(series), series, np.nan).mean(axis=0)
        size = np.abs(mean)
        if np.isnan(size).all():
            words = ["nothing is finite"]
        else:
            first = int(np.nanargmax(size))
            words = [f"largest {_number(mean[first])} at {first}"]
            second = _second_hump(size, first)
            words.append(
                "no second hump"
                if second is None
                else f"a second hump of {_number(mean[second])} at {second}"
            )
            for start, last, text in spans:
                part = np.nansum(size[start : last + 1]) / (np.nansum(size) or 1.0)
                words.append(f"{100 * part:.0f} % of the sum in {text}")
        words += [f"{lost} not finite"] * bool(lost)
        of = f"mean of {len(series)}" if len(series) > 1 else ""
        who = f"{name} ({of})" if name and of else name or of
        texts.append((f"{who}: " if who else "") + ", ".join(words))
    head = f"{label[:1].upper()}{label[1:]} in {unit} by {steps} before the newest reading"
    return f"{head}: {'; '.join(texts)}."


def _second_hump(size: np.ndarray, first: int) -> int | None:
    """Lag of the highest value that rises from the valley between it and the first hump."""
    valley = np.empty_like(size)
    valley[first:] = np.fmin.accumulate(size[first:])
    valley[: first + 1] = np.fmin.accumulate(size[first::-1])[::-1]
    humps = np.where(size - valley > 0.2 * size[first], size, np.nan)
    return None if np.isnan(humps).all() else int(np.nanargmax(humps))


PROFILE_COLORS = (
    INK, HIGHLIGHT, "#56B4E9", MUTED, "#009E73", "#CC79A7", "#0072B2", "#E69F00",
)  # fmt: skip
"""For named profiles, in this order; told apart by colour-blind eyes, and by the points too."""


def _profiles(profiles: np.ndarray | Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """(series, lags) float64 arrays by name; without names the only one is called ""."""
    named = profiles if isinstance(profiles, Mapping) else {"": profiles}
    if not named:
        raise ValueError("expected at least one profile, got none")
    groups = {}
    for name, given in named.items():
        try:
            array = np.asarray(given)
        except ValueError:  # rows of different lengths
            array = np.asarray(None)
        of = f" for {name!r}" if name else ""
        if array.dtype.kind not in "fiub":
            raise TypeError(f"expected profiles of real numbers{of}, got dtype {array.dtype}")
        if array.ndim not in (1, 2) or array.size == 0:
            raise ValueError(
                f"expected profiles of shape (lags,) or (series, lags){of}, got {array.shape}"
            )
        groups[name] = np.atleast_2d(array).astype(np.float64)
    return groups


def _spans(mark: Sequence[tuple], lags: int) -> list[tuple[int, int, str]]:
    """(first, last, text) of each span."""
    spans = []
    for span in mark:
        ends = span[:2] if isinstance(span, tuple | list) and len(span) in (2, 3) else ()
        whole = [n for n in ends if isinstance(n, int | np.integer)]
        if len(whole) != 2 or not 0 <= whole[0] <= whole[1] < lags:
            raise ValueError(
                f"expected spans (first, last) or (first, last, text) of lags from 0 to "
                f"{lags - 1}, got {span!r}"
            )
        first, last = whole
        text = str(first) if first == last else f"{first} to {last}"
        spans.append((first, last, span[2] if len(span) == 3 else text))
    return spans


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
        _, axes = subplots(6, height=7.4, sharex=True, height_ratios=(1.8, 1, 2, 2, 2, 2))
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
        rows = np.arange(0, units, max(1, -(-units // 6)))
        ax.set_yticks(rows + 0.5, order[rows])
        ax.invert_yaxis()
        bar = ax.figure.colorbar(mesh, ax=ax, ticks=(-1, 0, 1) if signed else (0, 1), pad=0.01)
        shut, open_ = ("0, forget", "1, keep") if gate == "f" else ("0, shut", "1, open")
        bar.set_ticklabels(("-1", "0", "1") if signed else (shut, open_))
    _date_axis(axes[-1])
    return axes


def gate_heatmaps(
    w: LSTMWeights,
    *,
    features: Sequence[str] | None = None,
    limit: float | None = None,
    axes: Sequence[Axes] | None = None,
) -> np.ndarray:
    """Every weight of the layer in its place, by gate, all on one scale.

    Parameters
    ----------
    w : LSTMWeights
    features : (input_dim,) of str, optional
        Names for the rows of the kernel; their numbers unless given.
    limit : float, optional
        Where the colours end, above and below zero; the largest weight in size unless given. Give
        it to compare two layers.
    axes : Axes, optional
        Twelve, or eight for a layer without bias, row by row.

    Returns
    -------
    (3, 4) array of Axes, or (2, 4) without bias
        Kernel, recurrent kernel, bias; i, f, c, o across. Rows are where a weight comes from,
        columns the unit that it goes to. What is NaN or infinite is yellow with a ring, and counted
        under the colours.

    Raises
    ------
    ValueError
        Number of features or Axes does not fit, or ``limit`` is not above 0.
    """
    groups = _groups(w)
    names = _feature_names(w, features)
    limit = _limit(w, limit)
    if axes is None:
        # A name needs a line; "recurrent kernel" beside its rows needs the most.
        heights = [min(max(0.2 * w.input_dim, 0.5), 3.6), min(max(0.1 * w.units, 1.4), 1.7), 0.2]
        heights = heights[: len(groups)]
        _, axes = subplots(
            len(groups), 4, height=2 + sum(heights), height_ratios=heights, squeeze=False
        )
    axes = np.asarray(axes, dtype=object)
    if axes.size != 4 * len(groups):
        raise ValueError(f"expected {4 * len(groups)} Axes, four a row, got {axes.size}")
    axes = axes.reshape(len(groups), 4)

    colors = mpl.colormaps[SIGNED].with_extremes(bad=NOT_FINITE)
    lost = 0
    for n, (group, arrays) in enumerate(groups.items()):
        origins = {"kernel": names, "bias": ["bias"]}.get(group, range(w.units))
        ticks = _some(len(origins), 20 if group == "kernel" else 5)
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
            # Among many units a cell is a speck, so the eye needs help. A crowd needs none.
            places = np.argwhere(~np.isfinite(shown))
            lost += len(places)
            for y, x in places[:MOST_RINGS]:
                ax.plot(x, y, "o", scalex=False, scaley=False, clip_on=False, **RING)
            ax.set_yticks(ticks, [str(origins[tick]) for tick in ticks])
            ax.set_xticks(_some(w.units, 4))
            first, last = column == 0, n == len(groups) - 1
            ax.tick_params(labelleft=first, labelbottom=last, left=first, bottom=last)
            ax.spines[:].set_visible(False)
    axes[0, 0].set_ylabel("kernel")
    axes[1, 0].set_ylabel("recurrent kernel\nfrom unit")
    for ax, gate in zip(axes[0], GATES, strict=True):
        ax.set_title(f"{gate}: {GATE_NAMES[gate]}", color=GATE_COLORS[gate])
    for ax in axes[-1]:
        ax.set_xlabel("to unit")
    values = _entries(w)
    finite = values[np.isfinite(values)]
    extend = ("neither", "max", "min", "both")[
        int((finite > limit).any()) + 2 * int((finite < -limit).any())
    ]
    bar = axes[0, 0].figure.colorbar(
        image, ax=list(axes.flat), location="bottom", aspect=45, pad=0.02, extend=extend
    )
    bar.set_label(PER_ONE + (f"; yellow, ringed: {lost} not finite" if lost else ""))
    return axes


def describe_heatmaps(
    w: LSTMWeights, *, features: Sequence[str] | None = None, limit: float | None = None
) -> str:
    """What ``gate_heatmaps`` shows, in words, for a caption.

    Parameters
    ----------
    w : LSTMWeights
    features : (input_dim,) of str, optional
    limit : float, optional
        As given to ``gate_heatmaps``.

    Returns
    -------
    str
        The largest in size of each of the arrays, with its sign and its place; of equals the
        first one, i before f before c before o, then by row.

    Raises
    ------
    ValueError
        As ``gate_heatmaps``.
    """
    groups = _groups(w)
    names = _feature_names(w, features)
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
        value = _number(stacked[gate, row, unit])
        parts.append(f"the largest {what} is {value}, {GATE_NAMES[GATES[gate]]}, {place}")
    text = "; ".join(parts)
    text = f"{text[0].upper()}{text[1:]}. Blue is below zero, red above"
    text += f", full colour at {_number(_limit(w, limit))}."
    lost = np.count_nonzero(~np.isfinite(_entries(w)))
    return text + (f" Yellow, ringed: {lost} not finite." if lost else "")


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
        W, U and b from left to right, in each i, f, c, o. A norm that is NaN or infinite has no
        bar but its word.

    Raises
    ------
    ValueError
        ``ord`` is none of the three.
    """
    norms = gate_norms(w, ord)
    if ax is None:
        _, ax = subplots(height=3.2)
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
        ax.bar_label(bars, [_number(norms[name]) for name in own], padding=2)
    ax.set_xticks(list(places.values()), list(places))
    ax.tick_params(bottom=False)
    names = {"W": "W: kernel", "U": "U: recurrent kernel", "b": "b: bias"}
    ax.set_xlabel(",  ".join(names[letter] for letter in dict.fromkeys(name[0] for name in norms)))
    ax.set_ylabel(f"{NORMS[ord]} of the weights")
    ax.margins(y=0.1)
    _legend_above(ax)
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
        Largest and smallest norm of each array; of equals the first in the order i, f, c, o.

    Raises
    ------
    ValueError
        ``ord`` is none of the three.
    """
    norms = gate_norms(w, ord)
    parts = []
    for letter, group in zip("WUb", _groups(w), strict=False):
        own = {name: norms[f"{letter}_{name}"] for name in GATES}
        finite = {gate: norm for gate, norm in own.items() if np.isfinite(norm)}
        words = []
        if finite:
            high, low = max(finite, key=finite.get), min(finite, key=finite.get)
            words.append(f"largest {_number(own[high])} ({GATE_NAMES[high]})")
            words.append(f"smallest {_number(own[low])} ({GATE_NAMES[low]})")
        words += [f"{_number(n)} ({GATE_NAMES[g]})" for g, n in own.items() if g not in finite]
        parts.append(f"{_GROUP_NAMES[group]} {', '.join(words)}")
    return f"{NORMS[ord].capitalize()} by gate: {'; '.join(parts)}."


def gate_distributions(
    w: LSTMWeights, *, bins: int = 25, axes: Sequence[Axes] | None = None
) -> np.ndarray:
    """How the weights of each gate are spread, as outlines in the colours of the gates.

    Parameters
    ----------
    w : LSTMWeights
    bins : int
        The same ones for all; an odd number puts zero in the middle of one.
    axes : Axes, optional
        Three, or two for a layer without bias.

    Returns
    -------
    (3,) array of Axes, or (2,) without bias
        Kernel, recurrent kernel, bias: percent of a gate's entries in each bin. The horizontal
        axis is one for all and zero is its middle. What is NaN or infinite is left out, and
        counted in the title.

    Raises
    ------
    ValueError
        Number of Axes does not fit, or ``bins`` is below 1.
    """
    groups = _groups(w)
    if bins < 1:
        raise ValueError(f"expected at least 1 bin, got {bins}")
    if axes is None:
        _, axes = subplots(len(groups), height=0.9 + 1.5 * len(groups), sharex=True, squeeze=False)
    axes = np.asarray(axes, dtype=object).ravel()
    if axes.size != len(groups):
        raise ValueError(f"expected {len(groups)} Axes, got {axes.size}")
    limit = _limit(w, None)
    edges = np.linspace(-limit, limit, bins + 1)
    for ax, (group, arrays) in zip(axes, groups.items(), strict=True):
        lost = 0
        for gate, array in zip(GATES, arrays, strict=True):
            finite = array[np.isfinite(array)]
            lost += array.size - finite.size
            counts, _ = np.histogram(finite, edges)
            ax.stairs(
                100 * counts / max(finite.size, 1),
                edges,
                color=GATE_COLORS[gate],
                linewidth=1.6,
                label=f"{gate}: {GATE_NAMES[gate]}",
            )
        title = _GROUP_NAMES[group] + (f", without {lost} not finite" if lost else "")
        ax.set_title(title, loc="left")
        ax.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
        ax.set_xlim(-1.02 * limit, 1.02 * limit)
        ax.set_ylim(bottom=0)
        ax.spines["bottom"].set_zorder(3)
        ax.set_ylabel("% of entries")
    axes[-1].set_xlabel(PER_ONE)
    _legend_above(axes[0])
    return axes


def describe_distributions(w: LSTMWeights) -> str:
    """What ``gate_distributions`` shows, in words, for a caption.

    Parameters
    ----------
    w : LSTMWeights

    Returns
    -------
    str
        For each array and gate the median size of the finite entries.
    """
    parts = []
    for group, arrays in _groups(w).items():
        sizes = [np.abs(array[np.isfinite(array)]) for array in arrays]
        words = [
            f"{gate} {_number(np.median(size) if size.size else np.nan)}"
            for gate, size in zip(GATES, sizes, strict=True)
        ]
        parts.append(f"{_GROUP_NAMES[group]} {', '.join(words)}")
    return f"Half of a gate's entries are at most this far from zero: {'; '.join(parts)}."


def rank_scatter(
    x: Sequence[float],
    y: Sequence[float],
    labels: Sequence[str],
    xlabel: str,
    ylabel: str,
    *,
    highlight: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Two measures of the same things, one labelled point a thing.

    Parameters
    ----------
    x, y : (things,) of float
        As measured; each in its own unit.
    labels : (things,) of str
    xlabel, ylabel : str
        What was measured, with its unit.
    highlight : str, optional
        The label of the point that stands out.
    ax : Axes, optional

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        Lengths differ, or a value is NaN or infinite: it has no place.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if not x.shape == y.shape == (len(labels),):
        raise ValueError(f"expected {len(labels)} x and y, got shapes {x.shape} and {y.shape}")
    lost = [
        name for name, ok in zip(labels, np.isfinite(x) & np.isfinite(y), strict=True) if not ok
    ]
    if lost:
        raise ValueError(f"expected finite x and y, got NaN or infinite for {', '.join(lost)}")
    if ax is None:
        _, ax = subplots(height=3.6)
    colors = [HIGHLIGHT if name == highlight else INK for name in labels]
    ax.scatter(x, y, color=colors, s=28)
    for *point, name, color in zip(x, y, labels, colors, strict=True):
        ax.annotate(name, point, (5, 4), textcoords="offset points", color=color)
    ax.set_xlabel(xlabel)
    ax.set_ylabel(ylabel)
    ax.margins(0.12)
    return ax


SIGNED = "RdBu_r"
"""For values that have a sign: blue below zero, white at zero, red above, always zero-centred."""

NOT_FINITE = "#F0E442"
"""For what is NaN or infinite: no map of the course has yellow in it."""

RING = {"color": "none", "markeredgecolor": INK, "markersize": 8}
MOST_RINGS = 50
"""In one panel, around what is not finite."""

PER_ONE = "weight (per 1 of what it multiplies)"
"""The unit of a weight: the sum before a gate has none, the input of the layer may have one."""

_GROUP_NAMES = {"kernel": "kernel", "recurrent_kernel": "recurrent kernel", "bias": "bias"}


def _groups(w: LSTMWeights) -> dict[str, tuple[np.ndarray, ...]]:
    """The arrays by their name, gates in order, as float64; without the bias that is not there."""
    return {
        name: tuple(array.astype(np.float64) for array in group)
        for name in _GROUP_NAMES
        if (group := getattr(w, name)) is not None
    }


def _entries(w: LSTMWeights) -> np.ndarray:
    return np.concatenate([array.ravel() for arrays in _groups(w).values() for array in arrays])


def _limit(w: LSTMWeights, limit: float | None) -> float:
    """Half the width of a zero-centred scale that holds every finite weight, or what was asked."""
    if limit is None:
        values = _entries(w)
        # Where all is zero any scale will do.
        return float(np.abs(values[np.isfinite(values)]).max(initial=0.0)) or 1.0
    if not 0 < limit < np.inf:
        raise ValueError(f"expected a limit above 0, got {limit}")
    return float(limit)


def _feature_names(w: LSTMWeights, features: Sequence[str] | None) -> list[str]:
    if features is None:
        return [f"feature {n}" for n in range(w.input_dim)]
    if len(features) != w.input_dim:
        raise ValueError(f"expected {w.input_dim} names of features, got {len(features)}")
    return list(features)


def _some(count: int, most: int) -> list[int]:
    """At most so many of the first ``count`` numbers, from 0 in steps of a power of two."""
    step = 1
    while count > most * step:
        step *= 2
    return list(range(0, count, step))


def _number(value: float) -> str:
    """Two decimals, unless they would say that something is nothing."""
    if np.isnan(value):
        return "NaN"
    return f"{value:.0e}" if 0 < abs(value) < 0.005 else f"{value:.2f}"


def _legend_above(ax: Axes) -> None:
    """The four gates over the panel and its title: in one line where it is wide enough."""
    width = ax.get_window_extent().width / ax.figure.dpi
    columns = 4 if width > 4.8 else 2 if width > 2.4 else 1
    title = ax.get_title(loc="left")
    above = mpl.transforms.offset_copy(
        ax.transAxes, ax.figure, y=18 if title else 2, units="points"
    )
    legend = ax.legend(
        frameon=False, ncols=columns, loc="lower left", bbox_to_anchor=(0, 1),
        bbox_transform=above, borderpad=0.1, borderaxespad=0, labelcolor="linecolor",
        handlelength=1.2, columnspacing=1.2,
    )  # fmt: skip
    # The layout takes room for a title's height but never for its width: so a legend that is
    # wider than a shrunken figure is cut off, and the panel stays.
    legend.set_in_layout(False)
    ax.set_title("\n" * (4 // columns - (not title)) + (title or " "), loc="left")


def _from_white(color: str) -> mpl.colors.Colormap:
    return mpl.colors.LinearSegmentedColormap.from_list(color, ["white", color])


def _date_axis(ax: Axes) -> None:
    locator = mpl.dates.AutoDateLocator(maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(mpl.dates.ConciseDateFormatter(locator))
