"""The times of a table of one's own: read dates, find the step, make the grid regular."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd

NICE = [f"{n}s" for n in (1, 5, 10, 15, 30)]
NICE += [f"{n}min" for n in (1, 2, 3, 5, 6, 10, 12, 15, 20, 30)]
NICE += [f"{n}h" for n in (1, 2, 3, 4, 6, 8, 12)] + ["1D", "7D"]
"""Steps that people choose: a median distance within 5 % of one is taken to be it."""
OFF = 0.25
"""A row counts for a point of the grid if it is at most this part of a step off."""
MOST_OFF = 0.2
"""If a larger part of the rows is off the grid, or a time comes twice, that is no grid."""

_DAY = pd.Timedelta(days=1)
_PARTS = ("year", "month", "day", "hour", "minute", "second")
_SLASHED = r"^\s*\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}"
_ISO = r"^\s*\d{4}-\d{1,2}"
_COMPACT = (  # year to hour, minute or second
    r"^(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])(?:[01]\d|2[0-3])(?:[0-5]\d){0,2}$"
)
# Behind a clock, unlike the end of 01-01-2013.
_ZONE = r"(?:\dZ|[:T]\d\d(?:\d\d)*(?:\.\d+)?\s*[+-]\d\d(?::?\d\d)?)$"
_NUMBER = r"^\s*\d{9,14}(?:\.\d*)?\s*$"  # seconds or milliseconds since 1970


def looks_like_dates(column: pd.Series) -> bool:
    """Whether the first texts of a column can be read as dates.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import own_times
    >>> own_times.looks_like_dates(pd.Series(["2013-01-01 06:00", "2013-01-01 07:00"]))
    True
    >>> own_times.looks_like_dates(pd.Series(["39.02", "3"]))
    False
    """
    some = column.dropna()[:50].astype(str)
    written = some.str.contains(r"\d[-/.]\d+[-/.]\d|\d:\d|[A-Za-z]{3}.*\d{4}", regex=True)
    compact = some.str.fullmatch(r"\s*(19|20)\d\d(0[1-9]|1[0-2])([0-2]\d|3[01])\s*")
    if some.empty or not (written | compact | some.str.contains(_NUMBER, regex=True)).all():
        return False
    return bool(_dates(some)[0].notna().mean() > 0.9)


def parsed(
    columns: pd.DataFrame, file: str, notes: list[str]
) -> tuple[pd.DatetimeIndex, np.ndarray]:
    """Read the times; rows without one are left out.

    Parameters
    ----------
    columns : (rows, parts) DataFrame of text
        One column of dates, or several that together say the time.
    file : str
        The file's name, for errors.
    notes : list of str
        Gets a sentence for what is unusual.

    Returns
    -------
    times : (rows kept,) DatetimeIndex
        Without time zone.
    kept : (rows,) array of bool

    Raises
    ------
    ValueError
        More than a tenth can't be read as dates.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import own_times
    >>> days = pd.DataFrame({"date": ["13.01.2013", "14.01.2013"], "hour": ["05:00", "06:00"]})
    >>> own_times.parsed(days, "mine.csv", [])[0].astype(str).tolist()
    ['2013-01-13 05:00:00', '2013-01-14 06:00:00']
    """
    names = list(columns.columns)
    lower = {str(name).strip().lower(): name for name in names}
    if len(names) > 1 and {"year"} <= set(lower) <= set(_PARTS):
        numbers = pd.DataFrame({k: pd.to_numeric(columns[v], "coerce") for k, v in lower.items()})
        for part in ("month", "day"):
            numbers[part] = numbers.get(part, 1)
        found, how = pd.to_datetime(numbers, errors="coerce"), ""
    else:
        # A name and not all rows: a file with 1,000,000 rows has enough texts.
        first, others = columns[names[0]], [columns[name].str.strip() for name in names[1:]]
        whole = first.str.contains(r"\d[-/.]\d+[-/.]\d|\d{8}", regex=True).mean() > 0.5
        if whole and len(others) == 1 and others[0].dropna().str.fullmatch(r"\d\d?").all():
            others = [others[0].str.zfill(2) + ":00"]  # hours alone
        texts = first.str.cat(others, sep=" ")
        found, how = _dates(texts)
    kept = found.notna().to_numpy()
    if kept.mean() < 0.9:
        bad = int(np.argmin(kept))
        raise ValueError(
            f"{file}, column {' and '.join(map(str, names))}: expected dates such as 2013-01-31 "
            f"18:00, got {' '.join(map(str, columns.iloc[bad]))!r} in row {bad + 2}"
        )
    if how:
        notes.append(how)
    if not kept.all():
        notes.append(f"Rows without a time that can be read, not used: {int((~kept).sum()):,}.")
    return pd.DatetimeIndex(found[kept], name="time"), kept


def _dates(texts: pd.Series) -> tuple[pd.Series, str]:
    """Times without zone, NaT where a text can't be read; and a sentence on how it was done."""
    texts = texts.astype("string").str.strip()
    some = texts.dropna()[:1000]
    if some.str.contains(_COMPACT, regex=True).all() and some.str.len().nunique() == 1:
        way = "%Y%m%d%H%M%S"[: len(some.iloc[0]) - 2]
        return pd.to_datetime(texts, format=way, errors="coerce"), ""
    if len(some) and some.str.contains(_NUMBER, regex=True).all():
        numbers = pd.to_numeric(texts, errors="coerce").astype(float)
        unit = "ms" if numbers.median() > 1e11 else "s"
        word = {"s": "seconds", "ms": "milliseconds"}[unit]
        return pd.to_datetime(numbers, unit=unit, errors="coerce"), f"Times: {word} since 1970."
    ways = [{}, {"format": "mixed"}]
    if len(some) and some.str.contains(_ISO, regex=True).all():
        ways = [{"format": "ISO8601"}, {"format": "mixed"}]
    elif len(some) and some.str.contains(_SLASHED, regex=True).mean() > 0.5:  # not each: units
        ways = [{"dayfirst": True}, {"format": "mixed", "dayfirst": True}]
        if some.str.contains(r"^\d+\.", regex=True).mean() < 0.5:  # 1.2.2013 is always the 1st
            ways += [{}, {"format": "mixed"}]
    best, score, chosen = pd.Series(pd.NaT, texts.index), -1.0, {}
    for way in ways:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # that it could not infer a format: it is looked at here
            found = pd.to_datetime(texts, errors="coerce", utc=True, **way)
        # The right order of day and month is the one that gives regular distances.
        gaps = found.drop_duplicates().sort_values().diff().dropna()
        regular = gaps.value_counts().max() / len(gaps) if len(gaps) else 0.0
        if found.notna().mean() + 0.1 * regular > score:
            best, score, chosen = found, found.notna().mean() + 0.1 * regular, way
    said = []
    if "dayfirst" in chosen:
        read = some[best.loc[some.index].notna().to_numpy()]
        if len(read):
            said.append(
                f"Times: the day stands first ({read.iloc[0]} is {best.loc[read.index[0]]:%d %B})."
            )
    if some.str.contains(_ZONE, regex=True).mean() > 0.5:
        said.append("Times have a zone: they are in UTC here.")
    return best.dt.tz_localize(None), " ".join(said)


def on_a_grid(
    frame: pd.DataFrame, raw: pd.DataFrame, rows_are_steps: bool, file: str, notes: list[str]
) -> tuple[pd.DataFrame, pd.Timedelta]:
    """Sort by time, find the step, and give each step one row.

    Parameters
    ----------
    frame : (rows, columns) DataFrame
        Indexed by time, in any order.
    raw : (rows, columns) DataFrame
        The same rows as text: an error names the columns that tell several series apart.
    rows_are_steps : bool
        As in ``own_table.read``.
    file : str
    notes : list of str

    Returns
    -------
    frame : (steps, columns) DataFrame
        NaN where the file has no row.
    step : Timedelta

    Raises
    ------
    ValueError
        Too few rows, several rows for each time, or no regular distances.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import own_times
    >>> hours = pd.date_range("2015-03-01", periods=30, freq="h").delete(7)
    >>> frame, notes = pd.DataFrame({"temp": np.arange(29.0)}, hours), []
    >>> grid, step = own_times.on_a_grid(frame, frame, False, "mine.csv", notes)
    >>> len(grid), str(step), int(grid["temp"].isna().sum())
    (30, '0 days 01:00:00', 1)
    """
    if not frame.index.is_monotonic_increasing:
        notes.append("The rows were not in order of time: they were sorted.")
    order = np.argsort(frame.index, kind="stable")
    frame, raw = frame.iloc[order], raw.iloc[order]
    again = frame.index.duplicated()
    if again.mean() > MOST_OFF:
        raise ValueError(
            f"{file}: expected one row for each time, got {again.sum():,} of {len(frame):,} rows "
            f"with the time of another row. {_several(raw)}"
        )
    if again.any():
        notes.append(f"Rows with the time of another, of which the first is kept: {again.sum():,}.")
        frame = frame[~again]
    if len(frame) < 10:
        raise ValueError(f"{file}: expected at least 10 different times, got {len(frame)}")
    if rows_are_steps:
        notes.append("Each row is one step, whatever lies between: the dates are approximate.")
        even = pd.date_range(frame.index[0], frame.index[-1], periods=len(frame)).floor("s")
        step = pd.Timedelta((even[-1] - even[0]) / (len(even) - 1)).floor("s")
        index = even[0] + step * np.arange(len(even))
        return frame.set_axis(pd.DatetimeIndex(index, name="time")), step
    gaps = frame.index.to_series().diff().iloc[1:]
    step = _nice(gaps.median())
    place = ((frame.index - frame.index[0]) / step).to_numpy()
    # The first row may itself be off: the grid lies where most rows are.
    place = place - np.median(place - np.round(place))
    off = np.abs(place - np.round(place)) > OFF
    regular = float((np.abs(gaps / step - 1) <= OFF).mean())
    if off.mean() > MOST_OFF or regular < 0.5:
        raise ValueError(
            f"{file}: expected rows at equal distances in time, got distances from {gaps.min()} to "
            f"{gaps.max()}, the median {gaps.median()}. For months or trading days set "
            "rows_are_steps=True; else bring them to equal distances first, by pandas' resample"
        )
    place = np.round(place).astype(int)
    place = place - place[0]
    keep = ~off & ~pd.Series(place).where(~off).duplicated().to_numpy()
    if not keep.all():
        notes.append(f"Rows between the steps, not used: {(~keep).sum():,}.")
    last = place[keep].max() + 1
    first = (frame.index[keep] - step * place[keep]).to_series().median().round("s")
    grid = pd.DatetimeIndex(first + step * np.arange(last), name="time")
    found = frame[keep].set_axis(place[keep]).reindex(np.arange(last)).set_axis(grid)
    lost = int(last - keep.sum())
    longest = int(np.diff(place[keep]).max()) - 1
    notes.append(
        f"One row each {step_in_words(step)}, from {grid[0]} to {grid[-1]}; {lost:,} of "
        f"{last:,} steps have no row, at most {longest} in a row."
    )
    return found, step


def _nice(median: pd.Timedelta) -> pd.Timedelta:
    for text in NICE:
        if abs(median / pd.Timedelta(text) - 1) < 0.05:
            return pd.Timedelta(text)
    return median


def _several(raw: pd.DataFrame) -> str:
    for name in raw.columns:
        texts = raw[name].dropna().astype(str)
        if len(texts) and texts.str.fullmatch(r"\s*\d\d?:\d\d(:\d\d)?\s*([AaPp][Mm])?\s*").all():
            return (
                f"Is the rest of the time in {name}? Then name both columns: time=[..., {name!r}]"
            )
    for name in raw.columns:
        values = raw[name].dropna().unique()
        if 2 <= len(values) <= 50 and pd.to_numeric(pd.Series(values), "coerce").isna().all():
            some = ", ".join(map(str, values[:5]))
            return (
                f"Does it hold several series? Keep one, by only={{{name!r}: {str(values[0])!r}}} "
                f"(got {some})"
            )
    return "Does it hold several series? Keep one, by only={column: value}"


def step_in_words(step: pd.Timedelta) -> str:
    """A distance in time as people say it.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import own_times
    >>> [own_times.step_in_words(pd.Timedelta(text)) for text in ("1h", "30min", "7D")]
    ['hour', '30 minutes', 'week']
    """
    for unit, word in ((7 * _DAY, "week"), (_DAY, "day"), ("1h", "hour"), ("1min", "minute")):
        count = step / pd.Timedelta(unit)
        if count >= 1 and count == int(count):
            return word if count == 1 else f"{int(count)} {word}s"
    return f"{step.total_seconds():g} seconds"


def named(step: pd.Timedelta) -> tuple[str, int | None]:
    """What steps are called, in the plural, and after how many the same time comes again.

    Returns
    -------
    steps : str
    season : int or None
        Steps in a day; of days the seven of a week, of weeks the 52 of a year.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import own_times
    >>> [own_times.named(pd.Timedelta(text)) for text in ("1h", "30min", "1D")]
    [('hours', 24), ('steps of 30 minutes', 48), ('days', 7)]
    """
    word = step_in_words(step)
    steps = f"steps of {word}" if " " in word else f"{word}s"
    if step < _DAY:
        return steps, int(_DAY / step) if _DAY % step == pd.Timedelta(0) else None
    return steps, {_DAY: 7, 7 * _DAY: 52}.get(step)
