"""Load and clean hourly weather observations.

``load`` reads a station's file as it is and raises an error for impossible values; ``clean`` fills
short gaps, cuts long ones and counts both; ``segments`` finds the unbroken stretches that are left.
"""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import numpy as np
import pandas as pd

COLUMNS = {
    "TEMP": "temp",
    "PRES": "pres",
    "DEWP": "dewp",
    "RAIN": "rain",
    "WSPM": "wspm",
}
"""Columns of the raw files that hold numbers, and their names here."""

LIMITS = {
    "temp": (-60.0, 60.0),
    "pres": (500.0, 1100.0),
    "dewp": (-80.0, 40.0),
    "rain": (0.0, 400.0),
    "wspm": (0.0, 120.0),
}
"""Lowest and highest value that a weather station on Earth could report."""

COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE")
COMPASS += ("S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")
"""The 16 points, clockwise from north, 22.5 degrees apart."""

FEATURES = ("temp", "dewp", "pres", "wspm", "u", "v", "rain")
"""Columns of a cleaned frame, the inputs and outputs of the course's network, in order."""

UNITS = {
    "temp": "°C",
    "dewp": "°C",
    "pres": "hPa",
    "wspm": "m/s",
    "u": "m/s",
    "v": "m/s",
    "rain": "log(1 + mm)",
}
"""Unit of every feature."""

_HOUR = pd.Timedelta(hours=1)
_KEYS = ("year", "month", "day", "hour")


@dataclasses.dataclass(frozen=True)
class CleaningReport:
    """What ``clean`` did: ``rows_in == rows_kept + rows_cut``, and values filled by column.

    Examples
    --------
    >>> from lstm_helpers.course import weather
    >>> _, report = weather.clean(weather.load("../data/gucheng.csv.gz"))
    >>> report.rows_in == report.rows_kept + report.rows_cut, list(report.filled)[:2]
    (True, ['temp', 'dewp'])
    """

    rows_in: int
    rows_kept: int
    rows_cut: int
    filled: dict[str, int]
    segments: int

    def __str__(self) -> str:
        filled = ", ".join(f"{name} {count}" for name, count in self.filled.items())
        return (
            f"{self.rows_in} rows in = {self.rows_kept} kept + {self.rows_cut} cut; "
            f"{self.segments} unbroken segments\nvalues filled: {filled}"
        )


def data_file(*parts: str | Path) -> Path:
    """The path of a file of the course's data, of its folder and name; it must be there.

    Raises
    ------
    FileNotFoundError
        It is not: the message tells a learner who has moved a notebook what to do.

    Examples
    --------
    >>> from lstm_helpers.course import weather
    >>> weather.data_file("../data", "gucheng.csv.gz").name
    'gucheng.csv.gz'
    """
    path = Path(*parts)
    if not path.exists():
        raise FileNotFoundError(
            f"expected a file {path.as_posix()}, got none, seen from {Path.cwd().as_posix()}: the "
            "notebooks find their data from the folder in which the course put them, so keep "
            "yours there, or name the folder of the data"
        )
    return path


def load(path: str | Path) -> pd.DataFrame:
    """Read one station's file.

    Parameters
    ----------
    path : str or Path
        CSV file, gzipped or not, with the columns year, month, day, hour, TEMP (°C), PRES (hPa),
        DEWP (°C), RAIN (mm), wd (one of 16 compass points) and WSPM (m/s). Blank means missing.

    Returns
    -------
    DataFrame
        Columns temp, pres, dewp, rain, wspm (float64) and wd (text), indexed by the hour. Missing
        values are NaN. Hours that the file leaves out are left out here too.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    ValueError
        A column is missing, a value cannot be read or lies outside ``LIMITS``, or an hour is the
        same as the one before or earlier. The message names file, row (as an editor counts
        them: the header is row 1) and column.

    Examples
    --------
    >>> from lstm_helpers.course import weather
    >>> frame = weather.load("../data/gucheng.csv.gz")
    >>> frame.shape, list(frame.columns)
    ((35064, 6), ['temp', 'pres', 'dewp', 'rain', 'wspm', 'wd'])
    """
    path = data_file(path)
    try:
        # A skipped line would shift the row that an error names.
        raw = pd.read_csv(path, dtype=str, skipinitialspace=True, skip_blank_lines=False)
    except (pd.errors.EmptyDataError, pd.errors.ParserError) as error:
        raise ValueError(f"{path.name}: expected a CSV file, got: {str(error).strip()}") from error
    wanted = [*_KEYS, *COLUMNS, "wd"]
    missing = [name for name in wanted if name not in raw.columns]
    if missing:
        raise ValueError(
            f"{path.name}: expected the columns {', '.join(wanted)}, "
            f"got no column {', '.join(missing)}"
        )
    keys = {name: _numbers(raw[name], path) for name in _KEYS}
    for name, column in keys.items():
        _refuse(column.isna() | (column % 1 != 0), raw[name], path, "a whole number")
    hours = pd.to_datetime(pd.DataFrame(keys), errors="coerce")
    bad_day = hours.isna() | (keys["hour"] < 0) | (keys["hour"] > 23)
    date = raw["year"] + "-" + raw["month"] + "-" + raw["day"] + " " + raw["hour"] + " h"
    _refuse(bad_day, date.rename("year, month, day, hour"), path, "a date and an hour from 0 to 23")
    _refuse(
        hours.diff() <= pd.Timedelta(0),
        date.rename("hour"),
        path,
        "an hour later than that of the row before",
    )

    frame = pd.DataFrame(index=pd.DatetimeIndex(hours, name="time"))
    for source, name in COLUMNS.items():
        column = _numbers(raw[source], path)
        low, high = LIMITS[name]
        _refuse(
            (column < low) | (column > high), raw[source], path, f"a value from {low:g} to {high:g}"
        )
        frame[name] = column.to_numpy(dtype=float)
    unknown = raw["wd"].notna() & ~raw["wd"].isin(COMPASS)
    _refuse(unknown, raw["wd"], path, "one of the 16 compass points")
    frame["wd"] = raw["wd"].to_numpy(dtype=object)
    return frame


def wind_components(direction: pd.Series, speed: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Turn compass points and speeds into eastward and northward wind.

    Parameters
    ----------
    direction : (hours,) text
        Where the wind comes from, as one of ``COMPASS``; may be missing.
    speed : (hours,) float
        In m/s.

    Returns
    -------
    u, v : (hours,) float64
        Wind towards the east and towards the north, in m/s; a north wind has ``v < 0``. NaN where
        direction or speed is missing, but 0 in a calm, which has no direction.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import weather
    >>> u, v = weather.wind_components(pd.Series(["N", "W"]), pd.Series([2.0, 3.0]))
    >>> [float(wind.round(3)) + 0.0 for wind in (u[1], v[0])]  # to the east, to the south
    [3.0, -2.0]
    """
    degrees = direction.map({point: 22.5 * n for n, point in enumerate(COMPASS)}).astype(float)
    radians = np.deg2rad(degrees.to_numpy())
    speed = speed.to_numpy(dtype=float)
    calm = speed == 0
    u = np.where(calm, 0.0, -speed * np.sin(radians))
    v = np.where(calm, 0.0, -speed * np.cos(radians))
    return u, v


def clean(frame: pd.DataFrame, max_gap: int = 3) -> tuple[pd.DataFrame, CleaningReport]:
    """Make the seven features, fill short gaps, cut long ones.

    Parameters
    ----------
    frame : DataFrame
        As ``load`` returns it.
    max_gap : int
        Longest run of missing hours, per column, that is filled on a straight line between its
        two neighbours. Rows inside longer runs, or without a neighbour, are cut.

    Returns
    -------
    features : DataFrame
        Columns ``FEATURES`` in ``UNITS``, float64, without NaN. Where rows were cut the index
        jumps; ``segments`` finds the stretches between.
    report : CleaningReport

    Raises
    ------
    ValueError
        ``max_gap`` is negative, or no complete row is left.

    Examples
    --------
    >>> from lstm_helpers.course import weather
    >>> features, report = weather.clean(weather.load("../data/gucheng.csv.gz"))
    >>> list(features.columns), len(features) == report.rows_kept
    (['temp', 'dewp', 'pres', 'wspm', 'u', 'v', 'rain'], True)
    """
    if max_gap < 0:
        raise ValueError(f"expected max_gap of 0 hours or more, got {max_gap}")
    u, v = wind_components(frame["wd"], frame["wspm"])
    raw = frame.assign(u=u, v=v, rain=np.log1p(frame["rain"]))[list(FEATURES)]

    # A straight line may only join readings of one stretch of clock time.
    stretch = (raw.index.to_series().diff() != _HOUR).cumsum()
    filled = raw.groupby(stretch.to_numpy(), group_keys=False).apply(
        lambda part: part.apply(_fill_short_gaps, max_gap=max_gap)
    )
    kept = filled.dropna()
    if kept.empty:
        raise ValueError(f"expected at least one complete row, got none of {len(frame)}")
    counts = raw.loc[kept.index].isna().sum()
    report = CleaningReport(
        rows_in=len(frame),
        rows_kept=len(kept),
        rows_cut=len(frame) - len(kept),
        filled={name: int(counts[name]) for name in FEATURES},
        segments=len(segments(kept)),
    )
    return kept, report


def segments(features: pd.DataFrame, step: pd.Timedelta = _HOUR) -> list[pd.DataFrame]:
    """Split a frame where its index jumps. No step is missing in a part; parts are views.

    Parameters
    ----------
    features : (hours, features) DataFrame
    step : Timedelta
        From row to row: an hour.

    Returns
    -------
    list of DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import weather
    >>> hours = pd.date_range("2015-03-01", periods=6, freq="h")
    >>> frame = pd.DataFrame({"temp": np.arange(6.0)}, hours).drop(hours[2])
    >>> [len(part) for part in weather.segments(frame)]
    [2, 3]
    """
    jumps = np.flatnonzero(features.index.to_series().diff().iloc[1:] != step) + 1
    edges = [0, *jumps.tolist(), len(features)]
    return [features.iloc[a:b] for a, b in itertools.pairwise(edges)]


def _numbers(column: pd.Series, path: Path) -> pd.Series:
    numbers = pd.to_numeric(column, errors="coerce")
    unreadable = (numbers.isna() & column.notna()) | np.isinf(numbers)
    _refuse(unreadable, column, path, "a number or a blank")
    return numbers


def _refuse(bad: pd.Series, column: pd.Series, path: Path, expected: str) -> None:
    """Raise for the first bad row."""
    if bad.any():
        row = int(np.argmax(bad.to_numpy()))
        raise ValueError(
            f"{path.name}, row {row + 2}, column {column.name}: expected {expected}, "
            f"got {column.iloc[row]!r}"
        )


def _fill_short_gaps(column: pd.Series, max_gap: int) -> pd.Series:
    gap = column.isna()
    length = gap.groupby((gap != gap.shift()).cumsum()).transform("size")
    line = column.interpolate(limit_area="inside")
    return column.where(~(gap & (length <= max_gap)), line)
