"""Pictures of how much each lag matters: profiles."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers.plots.figure import HIGHLIGHT, INK, MUTED, NOT_FINITE, number, panel

NOTICED = 0.2
"""A caption speaks of what is more than this share of the largest value: the rest may be noise."""

_LEGEND_WIDTH = 0.92
"""Of a figure: a wider legend would be cut off, and take the panel's room."""

PROFILE_COLORS = (
    INK, HIGHLIGHT, "#56B4E9", MUTED, "#009E73", "#CC79A7", "#0072B2", "#E69F00",
)  # fmt: skip
"""For named profiles, in this order; made for colour-blind eyes, and the points differ too."""


def lag_profile(
    profiles: ArrayLike | Mapping[str, ArrayLike],
    *,
    unit: str | None = None,
    label: str = "mean effect",
    step: str = "steps",
    colors: Sequence[str] | None = None,
    mark: Sequence[tuple[Any, ...]] = (),
    signed: bool | None = None,
    ax: Axes | None = None,
) -> Axes:
    """How much each past reading matters: one value for each lag, with time to the right.

    Parameters
    ----------
    profiles : (lags,) or (series, lags) array, or mapping from name to such arrays
        Lag 0, the newest reading, comes first, as in ``temporal_profile``. Several series, such as
        one for each seed, have a thin line each, and their mean a line with points. Names, such as
        methods and controls, stand in a legend; they may have different numbers of lags.
    unit : str, optional
        Of the values.
    label : str
        What the values are.
    step : str
        What a step is, in the plural: ``"hours"``.
    colors : sequence of str, optional
        One for each name. Needed for more than eight.
    mark : sequence of (first, last) or (first, last, text)
        Spans of lags to shade, both ends included. If no text is given, it is "first to last", or
        the one lag.
    signed : bool, optional
        Draw a line at zero instead of an axis that starts there. If not given, this is done if a
        value is below zero.
    ax : Axes, optional

    Returns
    -------
    Axes
        Lag 0 is at the right edge. Where a value is NaN or infinite, the line has a gap and a
        yellow ring stands at the bottom.

    Raises
    ------
    TypeError
        The profiles are not made of numbers, or ``mark`` is no list.
    ValueError
        They have another shape or there is no profile, the number of colours does not fit or one
        is unknown, a span does not lie within the lags, or ``signed`` is False and a value is below
        zero.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> profiles = {"pump": [0.1, 0.3, 0.2], "valve": [0.2, 0.1, 0.0]}  # lag 0 first
    >>> ax = plots.lag_profile(profiles, unit="l/s", step="steps of 5 minutes")
    >>> ax.get_ylabel(), ax.get_xlabel()
    ('mean effect (l/s)', 'lag (steps of 5 minutes before the newest)')
    >>> bool(ax.xaxis_inverted())  # time runs to the right
    True
    """
    groups = _profiles(profiles)
    lags = max(series.shape[1] for series in groups.values())
    spans = _spans(mark, lags)
    values = np.concatenate([series.ravel() for series in groups.values()])
    finite = values[np.isfinite(values)]
    below = bool((finite < 0).any())
    if signed is not None and not signed and below:
        raise ValueError(f"expected no value below 0 with signed=False, got {finite.min():g}")
    signed = below if signed is None else signed
    colors = PROFILE_COLORS[: len(groups)] if colors is None else tuple(colors)
    wrong = [color for color in colors if not is_color_like(color)]
    if wrong:
        raise ValueError(f"expected colors that Matplotlib knows, got {wrong[0]!r}")
    if len(colors) != len(groups):
        raise ValueError(f"expected {len(groups)} colors, one for each name, got {len(colors)}")
    ax = panel(ax, 3)

    for first, last, text in spans:
        ax.axvspan(first - 0.5, last + 0.5, color=MUTED, alpha=0.2, linewidth=0, zorder=0)
        ax.text(
            (first + last) / 2, 0.98, text, transform=ax.get_xaxis_transform(),
            ha="center", va="top", color=INK, fontsize="small",
        )  # fmt: skip
    size = 4.5 if lags <= 48 else 2.5
    lost, places, named = 0, set(), []
    for (name, series), color, marker in zip(
        groups.items(), colors, itertools.cycle("osD^vPX*"), strict=False
    ):
        bad = ~np.isfinite(series)
        lost += int(np.count_nonzero(bad))
        places |= set(np.flatnonzero(bad.any(axis=0)).tolist())
        shown = np.where(bad, np.nan, series)
        count, at = len(shown), np.arange(shown.shape[1])
        if count > 1:
            for one in shown:
                ax.plot(at, one, color=color, linewidth=0.8, alpha=0.45, label="_")
        mean = f"mean of {count}" if count > 1 else ""
        ax.plot(
            at, shown.mean(axis=0), color=color, linewidth=1.6, marker=marker, markersize=size,
            label=", ".join(part for part in (name, mean) if part) or "_",
        )  # fmt: skip
        if name or mean:
            named.append(ax.lines[-1])
    for lag in sorted(places):
        ax.plot(
            lag, 0, "o", markerfacecolor=NOT_FINITE, markeredgecolor=INK, clip_on=False,
            scalex=False, scaley=False, transform=ax.get_xaxis_transform(), label="_",
        )  # fmt: skip

    ax.set_xticks(np.arange(0, lags, _tick_distance(lags, step)))
    ax.set_xlim(lags - 0.5, -0.5)
    ax.margins(y=0.18 if spans else 0.08)
    if signed:
        ax.axhline(0, color=MUTED, linewidth=0.8, zorder=0, label="_")
    else:
        ax.set_ylim(bottom=0)
    note = f"; yellow, ringed: {lost} not finite" if lost else ""
    ax.set_xlabel(f"lag ({step} before the newest){note}")
    ax.set_ylabel(label if unit is None else f"{label} ({unit})")
    for columns in (3, 2, 1) if named else ():
        # Texts too: Matplotlib leaves out lines whose own begins with an underscore.
        legend = ax.legend(
            named, [str(line.get_label()) for line in named], frameon=False, ncols=columns,
            loc="lower left", bbox_to_anchor=(0, 1),
        )  # fmt: skip
        if legend.get_window_extent().width < _LEGEND_WIDTH * ax.figure.bbox.width:
            break
    return ax


def describe_lag_profile(
    profiles: ArrayLike | Mapping[str, ArrayLike],
    *,
    unit: str | None = None,
    label: str = "mean effect",
    step: str = "steps",
    mark: Sequence[tuple[Any, ...]] = (),
) -> str:
    """What ``lag_profile`` shows, in words, for a caption.

    Parameters
    ----------
    profiles, unit, label, step, mark
        As given to ``lag_profile``.

    Returns
    -------
    str
        For each name, of the mean over its series: the value that is largest in size and its lag,
        of equals the newest; the largest of the other sign, if it is more than a fifth of that;
        a second hump; and the share of the marked spans in the sum of all sizes. A second hump has
        the sign of the largest value, and between the two lies a valley that is lower by more than
        a fifth of the largest; of several it is the highest. At the oldest lag it is a rise at the
        far edge: what lies further back is not seen.

    Raises
    ------
    TypeError, ValueError
        As ``lag_profile``.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> plots.describe_lag_profile([0.1, 0.3, 0.2], unit="l/s")
    'Mean effect in l/s by lag, in steps: largest 0.30 at 1, no second hump (over a fifth of that).'
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
            words = [f"largest {number(mean[first])} at {first}"]
            same_sign = np.where(mean * np.sign(mean[first]) > 0, size, np.minimum(size, 0))
            other = np.where(same_sign > 0, 0, size)
            if np.nanmax(other) > NOTICED * size[first]:
                opposite = int(np.nanargmax(other))
                words.append(f"of the other sign {number(mean[opposite])} at {opposite}")
            second = _second_hump(same_sign, first)
            if second is None:
                words.append("no second hump (over a fifth of that)")
            elif second == len(mean) - 1:
                words.append(f"a rise to {number(mean[second])} at the far edge, {second}")
            else:
                words.append(f"a second hump of {number(mean[second])} at {second}")
            for start, last, text in spans:
                part = np.nansum(size[start : last + 1]) / (np.nansum(size) or 1.0)
                seen = f", of which it has no lag above {len(size) - 1}" * (last >= len(size))
                words.append(f"{100 * part:.0f} % of the sum in {text}{seen}")
        words += [f"{lost} not finite"] * bool(lost)
        of = f"mean of {len(series)}" if len(series) > 1 else ""
        who = f"{name} ({of})" if name and of else name or of
        texts.append((f"{who}: " if who else "") + ", ".join(words))
    head = f"{label[:1].upper()}{label[1:]}{f' in {unit}' if unit else ''} by lag, in {step}"
    return f"{head}: {'; '.join(texts)}."


def _second_hump(size: np.ndarray, first: int) -> int | None:
    """Lag of the highest value behind a valley that divides it from the first hump."""
    valley = np.empty_like(size)
    valley[first:] = np.fmin.accumulate(size[first:])
    valley[: first + 1] = np.fmin.accumulate(size[first::-1])[::-1]
    humps = np.where(size - valley > NOTICED * size[first], size, np.nan)
    return None if np.isnan(humps).all() else int(np.nanargmax(humps))


def _profiles(profiles: ArrayLike | Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """(series, lags) float64 arrays by name; without names the only one is called ""."""
    named = profiles if isinstance(profiles, Mapping) else {"": profiles}
    if not named:
        raise ValueError("expected at least one profile, got none")
    groups = {}
    for name, given in named.items():
        name = str(name)  # a horizon is a name too
        of = f" for {name!r}" if name else ""
        array = _checks.real_numbers(f"profiles{of}", given)
        if array.ndim not in (1, 2) or array.size == 0:
            raise ValueError(
                f"expected profiles of shape (lags,) or (series, lags){of}, got {array.shape}"
            )
        groups[name] = np.atleast_2d(array).astype(np.float64)
    return groups


def _spans(mark: Sequence[tuple[Any, ...]], lags: int) -> list[tuple[int, int, str]]:
    """(first, last, text) of each span."""
    spans = []
    if not isinstance(mark, Sequence) or isinstance(mark, str):
        raise TypeError(f"expected mark as a list of spans, got {type(mark).__name__}")
    for span in mark:
        ends = span[:2] if isinstance(span, tuple | list) and len(span) in (2, 3) else ()
        whole = [n for n in ends if _checks.is_whole(n)]
        if len(whole) != 2 or not 0 <= whole[0] <= whole[1] < lags:
            raise ValueError(
                f"expected spans (first, last) or (first, last, text) of lags from 0 to "
                f"{lags - 1}, got {span!r}"
            )
        first, last = whole
        text = str(first) if first == last else f"{first} to {last}"
        spans.append((first, last, span[2] if len(span) == 3 else text))
    return spans


def _tick_distance(lags: int, step: str) -> int:
    """For at most 13 numbers along the axis; hours in parts of a day, or in days."""
    if step == "hours":
        return next((s for s in (1, 2, 3, 6, 12) if lags <= 13 * s), 24 * -(-lags // 312))
    sizes = (s * 10**power for power in range(9) for s in (1, 2, 5))
    return next(s for s in sizes if lags <= 13 * s)
