"""From a table of one's own to windows in three parts of time, and the rules to beat.

``own_table.read`` makes the table; what trains is in ``own_network``.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd

from lstm_helpers import _checks
from lstm_helpers.course import baselines
from lstm_helpers.course.forecaster import Scaler
from lstm_helpers.course.own_table import OwnTable
from lstm_helpers.course.windowing import Windows, all_windows

PARTS = {"training": 0.6, "validation": 0.2, "test": 0.2}
"""Part of the time that each gets, in this order."""
LEAST = {"training": 200, "validation": 50, "test": 50}
"""Fewer windows can't teach or judge anything."""
NEW = 0.2
"""A column drifts if a larger part of its validation readings lies outside all of training."""
MOST = {"training": 20_000, "validation": 5_000, "test": 5_000}
"""Of more windows so many are drawn: for the memory and the time of a laptop."""


@dataclasses.dataclass(frozen=True, eq=False)
class OwnData:
    """Windows of three parts of time, and how they are scaled.

    Attributes
    ----------
    parts : dict of Windows
        ``"training"``, ``"validation"`` and ``"test"``, in order of time. The target is feature 0,
        and was really read at the time that is to be forecast.
    scaler : Scaler
        Measured on the training part only.
    names : list of str
        Of the features, the target first.
    step : Timedelta
    steps : str
        What a step is, in the plural.
    season : int or None
        As in ``OwnTable``.
    drifting : dict of float
        Columns that a network reads as the difference from the newest reading of the window, and
        what this is divided by.
    notes : tuple of str

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> data = own_data.prepare(table, horizon=6, window=24)
    >>> list(data.parts), data.inputs("test").shape[1:]
    (['training', 'validation', 'test'], (24, 8))
    """

    parts: dict[str, Windows]
    scaler: Scaler
    names: list[str]
    step: pd.Timedelta
    steps: str
    season: int | None
    drifting: dict[str, float]
    notes: tuple[str, ...]

    def inputs(self, part: str) -> np.ndarray:
        """(windows, time, features) float32: what a network reads, scaled.

        Examples
        --------
        >>> from lstm_helpers.course import own_data, own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
        >>> data = own_data.prepare(table, horizon=6, window=24)
        >>> data.inputs("training").dtype, float(data.inputs("training")[:, -1, 0].std().round(3))
        (dtype('float32'), 1.0)
        """
        inputs = self.parts[part].inputs
        scaled = self.scaler.scale(inputs)
        for name, spread in self.drifting.items():
            own = inputs[..., self.names.index(name)]
            scaled[..., self.names.index(name)] = (own - own[:, -1:]) / spread
        return scaled

    def change(self, part: str) -> np.ndarray:
        """(windows,) float64: how the target really changed over the horizon, in its unit.

        Examples
        --------
        >>> from lstm_helpers.course import own_data, own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
        >>> data = own_data.prepare(table, horizon=6, window=24)
        >>> data.change("test").shape == (len(data.parts["test"]),)
        True
        """
        return self.parts[part].change[:, 0]

    def target_times(self, part: str) -> pd.DatetimeIndex:
        """(windows,): the times that are forecast.

        Examples
        --------
        >>> from lstm_helpers.course import own_data, own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
        >>> data = own_data.prepare(table, horizon=6, window=24)
        >>> data.target_times("training")[0] - data.parts["training"].times[0]
        Timedelta('0 days 06:00:00')
        """
        w = self.parts[part]
        return w.target_times

    @property
    def ahead(self) -> str:
        """The horizon in words.

        Examples
        --------
        >>> from lstm_helpers.course import own_data, own_table
        >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
        >>> [own_data.prepare(table, horizon=n, window=24).ahead for n in (1, 6)]
        ['1 hour', '6 hours']
        """
        count = self.parts["training"].horizon
        if count > 1:
            return f"{count} {self.steps}"
        first, *others = self.steps.split(" ", 1)
        return " ".join([f"1 {first.removesuffix('s')}", *others])

    def __str__(self) -> str:
        return "\n".join(f"- {note}" for note in self.notes)


def prepare(table: OwnTable, *, horizon: int, window: int) -> OwnData:
    """Split by time, cut windows that cross no gap, and scale by the training part.

    Parameters
    ----------
    table : OwnTable
    horizon : int
        Steps from the newest reading to the one that is forecast.
    window : int
        Steps that the network reads.

    Returns
    -------
    OwnData

    Raises
    ------
    TypeError, ValueError
        ``horizon`` or ``window`` is no whole number from 1 on, or too few windows are left; the
        message says how many, and what to try.

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> data = own_data.prepare(table, horizon=6, window=24)
    >>> data.parts["training"].times.max() < data.parts["validation"].times.min()
    True
    """
    horizon = _checks.whole_number("horizon", horizon, 1)
    window = _checks.whole_number("window", window, 1)
    frame, notes = table.frame, []
    ends = np.round(np.cumsum([0, *PARTS.values()]) * len(frame)).astype(int)
    spans = dict(zip(PARTS, itertools.pairwise(ends), strict=True))
    frame = _without_constants(frame, spans["training"][1], horizon, notes)
    known = pd.Series(table.observed, frame.index)
    parts = {}
    for part, (start, end) in spans.items():
        rows = frame.iloc[start:end]
        parts[part] = _windows(rows.dropna(), known, window, horizon, table.step, MOST[part])
        if len(parts[part]) < LEAST[part]:
            raise ValueError(
                f"expected at least {LEAST[part]} windows for {part}, got {len(parts[part])} from "
                f"{end - start:,} rows, of which {int(rows.isna().any(axis=1).sum()):,} are "
                f"incomplete: a window of {window} and a horizon of {horizon} {table.steps} need "
                f"{window + horizon} complete rows in a row. Try a shorter window, or leave out "
                "the column with most gaps"
            )
        first, last = (f"{time:%Y-%m-%d %H:%M}" for time in (rows.index[0], rows.index[-1]))
        notes.append(f"{part}: {len(parts[part]):,} windows, from {first} to {last}.")
    scaler = Scaler.fit(parts["training"])
    names = [str(name) for name in frame.columns]
    drifting = _drifting(parts, names, notes)
    return OwnData(
        parts, scaler, names, table.step, table.steps, table.season, drifting, tuple(notes)
    )


def _drifting(parts: dict[str, Windows], names: list[str], notes: list[str]) -> dict[str, float]:
    """Columns whose level in the validation part is new to training, as in a rising series.

    A network can't know what to do with numbers that it never saw. As differences from the newest
    reading of the window they are like those of training again.
    """
    training, later = parts["training"], parts["validation"].newest
    if training.time_steps == 1:
        return {}
    newest = training.newest
    outside = ((later < newest.min(axis=0)) | (later > newest.max(axis=0))).mean(axis=0)
    found = {}
    for n in np.flatnonzero(outside > NEW):
        own = training.inputs[..., n]
        if spread := float((own - own[:, -1:]).std()):
            found[names[n]] = spread
            notes.append(
                f"{names[n]} drifts: {100 * outside[n]:.0f} % of its validation readings lie "
                "outside all of training. So the network reads its difference from the newest "
                "reading (and at lag 0 always 0)."
            )
    return found


def _without_constants(
    frame: pd.DataFrame, end: int, horizon: int, notes: list[str]
) -> pd.DataFrame:
    """Without columns that can't be scaled: in training the same, or with the same change."""
    training = frame.iloc[:end]
    change = training.shift(-horizon) - training
    flat = [
        name for name in frame if training[name].std() == 0 or np.isclose(change[name].std(), 0)
    ]
    if frame.columns[0] in flat:
        raise ValueError(
            f"expected a target that varies in the training part, got {frame.columns[0]}, which "
            "stays the same or always changes by the same amount"
        )
    if flat:
        notes.append(
            f"Left out, the same or with the same change all through training: {', '.join(flat)}."
        )
    return frame.drop(columns=flat)


def _windows(
    rows: pd.DataFrame,
    known: pd.Series,
    window: int,
    horizon: int,
    step: pd.Timedelta,
    most: int,
) -> Windows:
    """Windows whose target was really read, at most so many."""
    w = all_windows([rows], window, horizon, step=step)
    kept = known.reindex(w.target_times).to_numpy(dtype=bool)
    if kept.sum() > most:  # drawn, so that all hours of the day come up; the same in each run
        left = np.random.default_rng(0).choice(np.flatnonzero(kept), most, replace=False)
        kept = np.isin(np.arange(len(kept)), left)
    ends = np.cumsum([len(views) for views in w.stretches])[:-1]
    chosen = [
        views[some]
        for views, some in zip(w.stretches, np.split(kept, ends), strict=True)
        if any(some)
    ]
    if not chosen:
        chosen = [w.stretches[0][:0]]
    return Windows(tuple(chosen), w.future[kept], w.times[kept], horizon, step)


def rules(data: OwnData, part: str) -> dict[str, np.ndarray]:
    """What simple rules forecast: the change of the target, in its unit.

    Parameters
    ----------
    data : OwnData
    part : str
        ``"validation"`` or ``"test"``.

    Returns
    -------
    dict of (windows,) arrays
        ``"persistence"``: no change. ``"last season"``: as one day (week, year) before the target;
        only where the window holds that reading. ``"ridge"``: a linear map of the whole window,
        fitted to the training part.

    Raises
    ------
    ValueError
        There is no such part.

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> data = own_data.prepare(table, horizon=6, window=24)
    >>> list(own_data.rules(data, "test"))
    ['persistence', 'last season', 'ridge']
    """
    _checks.one_of("part", part, PARTS)
    w = data.parts[part]
    found = {"persistence": baselines.persistence(w)[:, 0]}
    if data.season is not None and season_lag(data) is not None:
        found["last season"] = baselines.last_season(w, data.season)[:, 0]
    ridge = linear_fit(data.inputs("training"), data.change("training"))
    return found | {"ridge": ridge(data.inputs(part))}


def linear_fit(
    inputs: np.ndarray, targets: np.ndarray, seed: int = 0
) -> Callable[[np.ndarray], np.ndarray]:
    """Ridge regression as the ``fit`` of ``retrain_without``: a linear map of the whole window.

    Parameters
    ----------
    inputs : (windows, time, features)
        Scaled.
    targets : (windows,)
    seed : int
        Takes no part: there is one solution.

    Returns
    -------
    callable
        (windows, time, features) -> (windows,), in the unit of the targets.

    Examples
    --------
    >>> from lstm_helpers.course import own_data
    >>> x = np.random.default_rng(0).normal(size=(500, 4, 1))
    >>> forward = own_data.linear_fit(x, 3 * x[:, -1, 0])
    >>> float(np.abs(forward(x) - 3 * x[:, -1, 0]).mean().round(1))
    0.0
    """

    def design(inputs: np.ndarray) -> np.ndarray:
        flat = np.asarray(inputs, dtype=float).reshape(len(inputs), -1)
        return np.concatenate([flat, np.ones((len(inputs), 1))], axis=1)

    weights = baselines.least_squares(design(inputs), np.asarray(targets, dtype=float))
    return lambda inputs: design(inputs) @ weights


def season_lag(data: OwnData) -> int | None:
    """The lag of the reading one season before the target; None where the window does not hold it.

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> own_data.season_lag(own_data.prepare(table, horizon=6, window=24))
    18
    """
    w = data.parts["training"]
    if data.season is None:
        return None
    lag = data.season * -(-w.horizon // data.season) - w.horizon
    return lag if lag < w.time_steps else None


def errors(data: OwnData, part: str, forecasts: dict[str, np.ndarray]) -> dict[str, float]:
    """Mean absolute error of each forecast of the change, in the unit of the target.

    Parameters
    ----------
    data : OwnData
    part : str
    forecasts : dict of (windows,) arrays

    Returns
    -------
    dict of float

    Raises
    ------
    ValueError
        A forecast has another shape.

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> data = own_data.prepare(table, horizon=6, window=24)
    >>> own_data.errors(data, "test", {"the truth": data.change("test")})
    {'the truth': 0.0}
    """
    observed = data.change(part)
    for name, forecast in forecasts.items():
        if np.shape(forecast) != observed.shape:
            raise ValueError(
                f"expected a forecast of shape {observed.shape} from {name!r}, got "
                f"{np.shape(forecast)}"
            )
    return {name: float(np.abs(f - observed).mean()) for name, f in forecasts.items()}


def asked_lags(data: OwnData) -> list[int]:
    """A block of lags worth asking about: is it needed?

    Returns
    -------
    list of int
        Around the reading one season before the target, a quarter of a season wide, if the window
        holds it; else the older half of the window.

    Examples
    --------
    >>> from lstm_helpers.course import own_data, own_table
    >>> table = own_table.read("../data/newark_2013.csv.gz", time="time_hour", target="temp")
    >>> own_data.asked_lags(own_data.prepare(table, horizon=6, window=24))
    [15, 16, 17, 18, 19, 20, 21]
    """
    steps = data.parts["training"].time_steps
    lag = season_lag(data)
    if lag is None or lag == 0:
        return list(range(steps // 2, steps)) if steps > 1 else [0]
    reach = max(data.season // 8, 1)
    return list(range(max(lag - reach, 1), min(lag + reach, steps - 1) + 1))
