"""Read a CSV file of your own: find its step, put its rows on a regular grid, say what was done.

Nothing is changed silently: each choice, and all that was left out, is a note of the ``OwnTable``.
"""

from __future__ import annotations

import dataclasses
import io
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lstm_helpers import _checks
from lstm_helpers.course import own_times

MOST_MISSING = 0.2
"""A column with a larger part missing is left out."""
_GROUPED = r"[+-]?[1-9]\d{0,2}[.,]\d{3}"  # 1,524 may be a thousand or 1.524
MAX_GAP = 3
"""Steps in a row for which the last reading counts on."""
NUMBERS = 0.9
"""A column counts as numbers if this part of what it holds can be read as such."""
FAR = 20.0
"""A value is far from the others if it lies that many times their usual spread outside."""


@dataclasses.dataclass(frozen=True, eq=False)
class OwnTable:
    """A file on a regular grid of time.

    Attributes
    ----------
    frame : (rows, columns) DataFrame
        float64, the target first. One row a step, NaN where nothing is known.
    observed : (rows,) array of bool
        Where the file itself has the target. (Elsewhere it was filled, or is missing.)
    step : Timedelta
        From row to row.
    steps : str
        What a step is, in the plural: ``"hours"``.
    season : int or None
        After how many steps the same time comes again: of the day, or of the week for days.
    notes : tuple of str
        What was done, a sentence each.

    Examples
    --------
    >>> from lstm_helpers.course import own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> table.target, table.steps, table.season
    ('temp', 'hours', 24)
    """

    frame: pd.DataFrame
    observed: np.ndarray
    step: pd.Timedelta
    steps: str
    season: int | None
    notes: tuple[str, ...]

    @property
    def target(self) -> str:
        """The name of the column that is to be forecast.

        Examples
        --------
        >>> from lstm_helpers.course import own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="dewp")
        >>> table.target
        'dewp'
        """
        return str(self.frame.columns[0])

    def summary(self) -> pd.DataFrame:
        """Lowest, median and highest value of each column, and what is missing after filling.

        Examples
        --------
        >>> from lstm_helpers.course import own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
        >>> table.summary().loc["temp"].tolist()  # °F
        [10.94, 55.94, 100.04, 4.0]
        """
        columns = {"lowest": self.frame.min(), "median": self.frame.median()}
        columns |= {"highest": self.frame.max(), "missing rows": self.frame.isna().sum()}
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        return "\n".join(f"- {note}" for note in self.notes)


def read(
    path: str | Path,
    *,
    time: str | Sequence[str] | None = None,
    target: str | None = None,
    leave_out: Sequence[str] = (),
    limits: Mapping[str, tuple[float, float]] | None = None,
    only: Mapping[str, Any] | None = None,
    decimal: str = ".",
    rows_are_steps: bool = False,
) -> OwnTable:
    """Read a CSV file with a time column and columns of numbers.

    Parameters
    ----------
    path : str or Path
        Gzipped or not. Which of ``, ; | tab`` separates the columns is found out.
    time : str or several, optional
        The column with the time, or the columns that together say it, such as date and hour. If not
        given, the first column of dates.
    target : str, optional
        The column to forecast. If not given, the first column of numbers.
    leave_out : sequence of str
        Columns that are not used.
    limits : dict from str to (lowest, highest), optional
        What lies outside can't be true, and counts as missing.
    only : dict from str to value, optional
        Of a file with several series: keep the rows with this value in this column.
    decimal : str
        ``","`` where numbers are written as 3,5.
    rows_are_steps : bool
        Take no notice of distances in time: each row is one step. For trading days, or months.

    Returns
    -------
    OwnTable
        Rows in order of time, one each step. Where readings are missing, ``MAX_GAP`` steps at most
        are filled with the one before them, never with what comes later.

    Raises
    ------
    FileNotFoundError
        There is no such file.
    TypeError, ValueError
        The file can't be read as such a table; the message says what to do.

    Examples
    --------
    >>> from lstm_helpers.course import own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> list(table.frame.columns)[:3], str(table.step)
    (['temp', 'dewp', 'humid'], '0 days 01:00:00')
    >>> print(table.notes[2])
    Not used: origin (text, such as 'EWR').
    """
    path, notes = Path(path), []
    _checks.one_of("decimal", decimal, (".", ","))
    if not isinstance(limits or {}, Mapping):
        raise TypeError(
            "expected limits by name, as in {'wind': (0, 150)}, got " + type(limits).__name__
        )
    raw = _as_text(path, notes)
    if isinstance(leave_out, str):
        leave_out = [leave_out]
    gone = [name for name in (*leave_out, *(limits or {})) if name not in raw.columns]
    if gone:  # settings for another file, perhaps: not wrong, but worth a word
        notes.append(f"Named in leave_out or limits, but not in the file: {', '.join(gone)}.")
    for name in only or {}:
        _known(name, raw, path, "")
    for name, value in (only or {}).items():
        raw = raw[raw[name] == str(value)]
        if raw.empty:
            raise ValueError(f"{path.name}: expected rows with {value!r} in {name}, got none")
    names = _time_columns(time, raw, path)
    times, kept = own_times.parsed(raw[names], path.name, notes)
    raw = raw[kept].drop(columns=names)
    frame = _numbers(raw, target, leave_out, decimal, path, notes)
    _within(frame, limits or {}, times, notes)
    frame.index = times
    frame, step = own_times.on_a_grid(frame, raw, rows_are_steps, path.name, notes)
    steps, season = ("rows", None) if rows_are_steps else own_times.named(step)
    frame = _without_holes(frame, path, notes)
    observed = frame.iloc[:, 0].notna().to_numpy()
    filled = frame.ffill(limit=MAX_GAP)
    count = int(filled.notna().sum().sum() - frame.notna().sum().sum())
    notes.append(
        f"{count:,} missing values were filled with the reading before (at most {MAX_GAP} steps "
        f"long); {int(filled.isna().any(axis=1).sum()):,} of {len(frame):,} rows stay incomplete."
    )
    return OwnTable(filled, observed, step, steps, season, tuple(notes))


def _as_text(path: Path, notes: list[str]) -> pd.DataFrame:
    """The file as a table of texts."""
    if path.suffix.lower() in (".xlsx", ".xls", ".ods"):
        raise ValueError(f"expected a CSV file, got {path.name}: save the sheet as CSV")
    if not path.is_file():
        raise FileNotFoundError(
            f"expected a CSV file, got no file {path.as_posix()}: paths count from the folder of "
            "the notebook"
        )
    compressed = "gzip" if path.read_bytes()[:2] == b"\x1f\x8b" else None
    handles = pd.io.common.get_handle(path, "rb", compression=compressed, is_text=False)
    with handles:
        content = handles.handle.read()
    text = _decoded(content, notes)
    lines = text.split("\n", 1000)
    above = next((n for n, line in enumerate(lines) if line.strip()[:1] not in ("", "#")), None)
    if above is None:
        raise ValueError(f"{path.name}: expected a header and rows, got an empty file")
    header = lines[above]
    separator = max(",;\t|", key=header.count)
    if not header.count(separator):
        raise ValueError(
            f"{path.name}: expected at least two columns, of time and target, got the header "
            f"{header.strip()[:60]!r}"
        )
    body = text.split("\n", above)[-1]
    rows = body.splitlines()[1:]
    if all(row.rstrip().endswith(separator) for row in rows) and not header.rstrip().endswith(
        separator
    ):
        body = body.replace(
            "\n", f"{separator}\n", 1
        )  # each row ends in one too many: so may the header
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)  # that values would be lost
            raw = pd.read_csv(
                io.StringIO(body), sep=separator, dtype=str, skipinitialspace=True, index_col=False
            )
    except (pd.errors.ParserError, pd.errors.ParserWarning) as error:
        raise ValueError(
            f"{path.name}: expected as many columns in each row as in the first line, "
            f"{header.strip()[:60]!r}, got: {str(error).strip()}. Is there text above the header? "
            "Delete it"
        ) from error
    raw.columns = raw.columns.str.strip()
    if raw.empty:
        raise ValueError(f"{path.name}: expected rows below the header, got none")
    word = {"\t": "a tab"}.get(separator, f"'{separator}'")
    skipped = f" {above} lines above the header were skipped." if above else ""
    notes.append(
        f"{path.name}: {len(raw):,} rows, {raw.shape[1]} columns, separated by {word}.{skipped}"
    )
    return raw


def _decoded(content: bytes, notes: list[str]) -> str:
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        notes.append("The file is not UTF-8: it was read as Latin-1, the usual code of old files.")
        return content.decode("latin-1")


def _known(name: str, raw: pd.DataFrame, path: Path, what: str) -> None:
    if name not in raw.columns:
        raise ValueError(
            f"{path.name}: expected a column {name!r}{what}, got the columns "
            f"{', '.join(map(str, raw.columns))}"
        )


def _time_columns(time: str | Sequence[str] | None, raw: pd.DataFrame, path: Path) -> list[str]:
    if time is None:
        found = next((name for name in raw.columns if own_times.looks_like_dates(raw[name])), None)
        if found is None:
            raise ValueError(
                f"{path.name}: expected a column of dates, got none among "
                f"{', '.join(raw.columns)}: say which it is, time=..."
            )
        return [found]
    names = [time] if isinstance(time, str) else list(time)
    for name in names:
        _known(name, raw, path, " for the time")
    return names


def _numbers(
    raw: pd.DataFrame,
    target: str | None,
    leave_out: Sequence[str],
    decimal: str,
    path: Path,
    notes: list[str],
) -> pd.DataFrame:
    """The columns of numbers, the target first."""
    if target is not None:
        _known(target, raw, path, " as the target")
        if target in leave_out:
            raise ValueError(f"expected another target than what is left out, got {target!r}")
    columns, texts = {}, []
    for name in raw.columns:
        if name in leave_out:
            continue
        text = raw[name].str.strip()
        held = text.notna() & (text != "")
        numbers = _parsed(text, decimal)
        if not held.any():
            texts.append(f"{name} (empty)")
        elif numbers.notna().sum() >= NUMBERS * held.sum():
            columns[name] = numbers
            has = text.str.contains(decimal, regex=False, na=False)
            marked, bare = text[has], numbers[~has]
            group = marked.str.fullmatch(_GROUPED)
            if len(marked) and group.all() and (bare.abs() >= 100).any():
                notes.append(
                    f"LOOK: {name} has {marked.iloc[0]!r}, read as {numbers[marked.index[0]]:g}. "
                    f"If {decimal!r} groups thousands there, delete each in this column first."
                )
            odd = text[held & numbers.isna()]
            if len(odd):
                some = ", ".join(map(repr, odd.unique()[:3]))
                notes.append(f"{name}: no numbers, and so missing: {len(odd):,} ({some}).")
        else:
            shown = text[held & numbers.isna()].iloc[0]
            other = {",": ".", ".": ","}[decimal]
            comma = _parsed(text, other).notna().sum() >= NUMBERS * held.sum()
            if name == target or (comma and target is None):
                do = f": set decimal={other!r}" if comma else ""
                marked = text[text.str.contains(other, regex=False, na=False)]
                if comma and marked.str.fullmatch(_GROUPED).all():
                    plain = shown.replace(other, "")
                    do += f" if that is {shown.replace(other, '.')}. If it is {plain}, delete "
                    do += f"each {other!r} in this column first"
                raise ValueError(
                    f"{path.name}, column {name}: expected numbers such as 3{decimal}5, "
                    f"got {shown!r}{do}"
                )
            hint = f", a number if decimal={other!r}" if comma else ""
            texts.append(f"{name} (text, such as {shown!r}{hint})")
    texts += [f"{name} (left out)" for name in leave_out if name in raw.columns]
    if texts:
        notes.append(f"Not used: {', '.join(texts)}.")
    if not columns:
        raise ValueError(f"{path.name}: expected a column of numbers beside the time, got none")
    frame = pd.DataFrame(columns)
    first = frame.columns[0] if target is None else target
    return frame[[first, *(name for name in frame.columns if name != first)]]


def _parsed(text: pd.Series, decimal: str) -> pd.Series:
    if decimal == ",":
        text = text.where(~text.str.contains(".", regex=False, na=False))
        text = text.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(text, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))


def _within(
    frame: pd.DataFrame,
    limits: Mapping[str, tuple[float, float]],
    times: pd.DatetimeIndex,
    notes: list[str],
) -> None:
    """Values outside the limits become missing; what is far from all others gets a note."""
    for name, bounds in limits.items():
        if name in frame:
            try:
                low, high = map(float, bounds)
            except (TypeError, ValueError):
                low = high = np.nan
            if not low < high:
                raise ValueError(
                    f"expected limits of {name} as (lowest, highest), got {bounds!r}: write "
                    "-float('inf') or float('inf') for a side that has no limit"
                )
            outside = (frame[name] < low) | (frame[name] > high)
            notes.append(
                f"{name}: outside {low:g} to {high:g}, and so missing: {int(outside.sum()):,}."
            )
            frame[name] = frame[name].mask(outside)
    for name in frame:
        low, high = frame[name].quantile([0.1, 0.9])
        far = np.maximum(low - frame[name], frame[name] - high) > FAR * (high - low)
        if high > low and far.any():
            first = int(np.argmax(far.to_numpy()))
            notes.append(
                f"LOOK: {name} has values far from all others: {int(far.sum()):,}, the first "
                f"{frame[name].iloc[first]:,.6g} at {times[first]}. If that can't be true, set "
                f"limits={{{name!r}: (lowest, highest)}}."
            )


def _without_holes(frame: pd.DataFrame, path: Path, notes: list[str]) -> pd.DataFrame:
    """Without columns that are mostly missing, or always the same."""
    missing = frame.isna().mean()
    target = frame.columns[0]
    if missing[target] > MOST_MISSING:
        raise ValueError(
            f"{path.name}: expected a target that is known most of the time, got {target} with "
            f"{missing[target]:.0%} of the steps missing"
        )
    holes = [name for name in frame if missing[name] > MOST_MISSING]
    if holes:
        listed = ", ".join(f"{name} ({100 * missing[name]:.0f} % missing)" for name in holes)
        notes.append(f"Left out, since more than {100 * MOST_MISSING:.0f} % is missing: {listed}.")
    same = [name for name in frame if frame[name].nunique() < 2 and name not in holes]
    if target in same:
        raise ValueError(
            f"{path.name}: expected a target that varies, got {target} always the same"
        )
    if same:
        notes.append(f"Left out, always the same: {', '.join(same)}.")
    return frame.drop(columns=holes + same)
