"""The weather's own figures, and those of a forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from lstm_helpers.course.boards import describe_scoreboard as describe_scoreboard
from lstm_helpers.course.boards import scoreboard as scoreboard
from lstm_helpers.course.forecaster import Windows
from lstm_helpers.course.removal import describe_removal_curves as describe_removal_curves
from lstm_helpers.course.removal import removal_curves as removal_curves
from lstm_helpers.course.weather import UNITS
from lstm_helpers.plots.figure import (
    HIGHLIGHT,
    INK,
    MUTED,
    SIGNED,
    given_axes,
    number,
    panel,
    subplots,
    time_axis,
)

FEATURE_NAMES = {
    "temp": "temperature",
    "dewp": "dew point",
    "pres": "pressure",
    "wspm": "wind speed",
    "u": "wind to the east",
    "v": "wind to the north",
    "rain": "rain",
}


def label(feature: str) -> str:
    """A feature's name with its unit.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> figures.label("temp")
    'temperature (°C)'
    """
    return f"{FEATURE_NAMES[feature]} ({UNITS[feature]})"


def weather_panels(features: pd.DataFrame, *, axes: Sequence[Axes] | None = None) -> Sequence[Axes]:
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

    Examples
    --------
    >>> from lstm_helpers.course import figures, weather
    >>> features, _ = weather.clean(weather.load("../data/gucheng.csv.gz"))
    >>> axes = figures.weather_panels(features[:72])
    >>> [ax.get_ylabel() for ax in axes]
    ['°C', 'hPa', 'm/s', 'log(1 + mm)']
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
    time_axis(axes[-1], features.index)
    return axes


def window(w: Windows, number: int, feature: int = 0, *, ax: Axes | None = None) -> Axes:
    """One window and its target: what the network sees of one feature, and what it has to forecast.

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

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import figures, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> ax = figures.window(w, 0)
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('hours after the newest reading', 'temperature (°C)')
    """
    ax = panel(ax, 2.8)
    seen = w.inputs[number, :, feature]
    newest, future = seen[-1], w.future[number, feature]
    hours = np.arange(1 - len(seen), 1)
    ax.plot(hours, seen, "o-", color=INK, markersize=4, label="what the network sees")
    said = "what it has to forecast"
    ax.plot([w.horizon], [future], "D", color=HIGHLIGHT, markersize=8, label=said)
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
    """One horizontal bar for each forecast, the largest error on top, the value beside each.

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

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> ax = figures.error_bars({"persistence": 3.4, "network": 1.7}, "°C", highlight="network")
    >>> ax.get_xlabel(), [text.get_text() for text in ax.texts]
    ('mean absolute error (°C)', ['1.70', '3.40'])
    """
    ax = panel(ax, 0.6 + 0.36 * len(errors))
    ordered = sorted(errors.items(), key=lambda item: item[1])
    names, values = zip(*ordered, strict=True)
    colors = [HIGHLIGHT if name == highlight else MUTED for name in names]
    bars = ax.barh(names, values, color=colors)
    ax.bar_label(bars, [f"{value:.2f}" for value in values], padding=4)
    ax.set_xlabel(f"mean absolute error ({unit})")
    ax.margins(x=0.12)
    return ax


def parts_of_time(
    target: pd.Series, parts: Mapping[str, Windows], unit: str, *, ax: Axes | None = None
) -> Axes:
    """The whole series of a target, in the parts of time that it is split into.

    Parameters
    ----------
    target : (rows,) Series
        On a regular grid; the line has a gap where it is NaN.
    parts : mapping from name to Windows
        In order of time, at most three.
    unit : str
    ax : Axes, optional

    Returns
    -------
    Axes
        Each part in its colour, with its number of windows in the legend.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import figures, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=100, freq="h")
    >>> frame = pd.DataFrame({"power": np.arange(100.0) % 24}, hours)
    >>> parts = {"training": forecaster.windows(frame[:60]), "test": forecaster.windows(frame[60:])}
    >>> ax = figures.parts_of_time(frame["power"], parts, "kW")
    >>> ax.get_ylabel(), [line.get_label() for line in ax.lines]
    ('power (kW)', ['training: 31 windows', 'test: 11 windows'])
    """
    ax = panel(ax, 3.0)
    ends = [w.times[-1] for w in parts.values()]
    starts = [target.index[0], *ends[:-1]]
    for (name, w), start, color in zip(
        parts.items(), starts, (INK, "#56B4E9", HIGHLIGHT), strict=False
    ):
        end = target.index[-1] if w is list(parts.values())[-1] else w.times[-1]
        shown = target.loc[start:end]
        ax.plot(shown.index, shown, color=color, linewidth=0.8, label=f"{name}: {len(w):,} windows")
    ax.set_ylabel(f"{target.name} ({unit})" if unit else str(target.name))
    ax.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    time_axis(ax, target.index)
    return ax


def forecast_lines(
    times: pd.DatetimeIndex,
    observed: np.ndarray,
    forecasts: Mapping[str, np.ndarray],
    feature: str = "temp",
    *,
    ylabel: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """The observed values as a dark line, and each forecast for the same hours.

    Parameters
    ----------
    times : (hours,) DatetimeIndex
        The hours that are forecast.
    observed : (hours,) array
        In the feature's unit.
    forecasts : mapping from name to (hours,) array
        At most three.
    feature : str
    ylabel : str, optional
        Of data that is no weather, in place of the feature's name.
    ax : Axes, optional

    Returns
    -------
    Axes

    Examples
    --------
    >>> from lstm_helpers.course import figures, weather
    >>> features, _ = weather.clean(weather.load("../data/gucheng.csv.gz"))
    >>> day = features["temp"][:24]
    >>> ax = figures.forecast_lines(day.index, day, {"persistence": day.shift(6)})
    >>> [line.get_label() for line in ax.lines], ax.get_ylabel()
    (['observed', 'persistence'], 'temperature (°C)')
    """
    ax = panel(ax, 3.2)
    ax.plot(times, observed, color=INK, linewidth=2, label="observed")
    for (name, values), color in zip(
        forecasts.items(), (HIGHLIGHT, "#56B4E9", MUTED), strict=False
    ):
        ax.plot(times, values, color=color, linewidth=1.4, label=name)
    ax.set_ylabel(label(feature) if ylabel is None else ylabel)
    ax.legend(frameon=False, ncols=len(forecasts) + 1, loc="lower left", bbox_to_anchor=(0, 1))
    time_axis(ax, times)
    return ax


def lag_maps(
    maps: Mapping[str, np.ndarray], unit: str, *, axes: Sequence[Axes] | None = None
) -> np.ndarray:
    """How much each reading matters: for each map a panel of features by lags, time to the right.

    Parameters
    ----------
    maps : mapping from name to (lags, features) array
        Lag 0, the newest reading, comes first; features in the order of ``weather.FEATURES``.
    unit : str
        Of the values.
    axes : Axes, one for each map, optional

    Returns
    -------
    array of Axes
        Each panel has colours of its own: white is 0, the darkest is the largest size in it.

    Raises
    ------
    ValueError
        A map has another shape than the first, or the number of Axes does not fit.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> values = np.zeros((24, 7))
    >>> values[17, 0] = 0.3
    >>> axes = figures.lag_maps({"gradient": values}, "°C")
    >>> axes[0].images[0].get_array().shape, axes[0].get_yticklabels()[0].get_text()
    ((7, 24), 'temperature')
    """
    shapes = {np.shape(values) for values in maps.values()}
    if len(shapes) != 1 or not (shape := shapes.pop())[1:] == (len(FEATURE_NAMES),):
        raise ValueError(
            f"expected maps of one shape (lags, {len(FEATURE_NAMES)}), got "
            f"{[np.shape(values) for values in maps.values()]}"
        )
    if axes is None:
        _, axes = subplots(len(maps), height=2.1 * len(maps), sharex=True, squeeze=False)
    axes = given_axes(axes, len(maps), "one for each map").ravel()
    for ax, (name, values) in zip(axes, maps.items(), strict=True):
        most = np.abs(values).max() or 1.0
        image = ax.imshow(
            np.transpose(values), cmap=mpl.colormaps[SIGNED], vmin=-most, vmax=most,
            aspect="auto", interpolation="nearest",
        )  # fmt: skip
        ax.set_yticks(range(shape[1]), FEATURE_NAMES.values())
        ax.set_xlim(shape[0] - 0.5, -0.5)
        ax.set_title(name, loc="left")
        ax.spines[:].set_visible(False)
        ax.figure.colorbar(image, ax=ax, aspect=12, pad=0.02, label=unit)
    axes[-1].set_xticks(range(0, shape[0], 2))
    axes[-1].set_xlabel("lag (hours before the newest)")
    return axes


def describe_lag_maps(
    maps: Mapping[str, np.ndarray], unit: str, lags: Sequence[int] | None = None
) -> str:
    """What ``lag_maps`` shows, in words, for a caption.

    Parameters
    ----------
    maps, unit
        As given to ``lag_maps``.
    lags : sequence of int, optional
        Also say the share of the temperature at these lags, which follow each other.

    Returns
    -------
    str
        For each map the reading with the largest size, and the share of the temperature in the sum
        of all sizes, of the whole map and of ``lags``.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> values = np.zeros((24, 7))
    >>> values[17, 0], values[2, 1] = 0.3, 0.1
    >>> figures.describe_lag_maps({"gradient": values}, "°C")
    'gradient: largest 0.30 °C, temperature at lag 17; 75 % of the sum is temperature.'
    """
    texts = []
    for name, values in maps.items():
        size = np.abs(np.asarray(values, dtype=float))
        lag, feature = np.unravel_index(size.argmax(), size.shape)
        text = (
            f"{name}: largest {number(values[lag][feature])} {unit}, "
            f"{list(FEATURE_NAMES.values())[feature]} at lag {lag}; "
            f"{size[:, 0].sum() / size.sum():.0%} of the sum is temperature"
        )
        if lags is not None:
            part = size[list(lags)]
            share = part[:, 0].sum() / part.sum()
            text += f", at lags {min(lags)} to {max(lags)} alone {share:.0%}"
        texts.append(text.replace("%", " %") + ".")
    return " ".join(texts)
