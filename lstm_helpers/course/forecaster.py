"""What a forecast needs and how good it is: split, scale, cut into windows, errors.

NumPy and pandas; the network is in ``models``, the rules that it has to beat are in ``baselines``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lstm_helpers.course import weather

TRAINING_STATIONS = ("changping", "huairou", "shunyi")
UNSEEN_STATION = "gucheng"
TIME_STEPS = 24
"""Hours that the network of the course sees."""
REFERENCE_SEED = 2
"""Seed of the model that the course explains: the best of five on the validation year."""
YEARS = {
    "training": ("2013-03-01 00:00", "2015-02-28 23:00"),
    "validation": ("2015-03-01 00:00", "2016-02-29 23:00"),
    "test": ("2016-03-01 00:00", "2017-02-28 23:00"),
}
"""First and last hour of each part: two years to train on, one to choose on, one to report."""


def split(features: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Cut a cleaned frame into training, validation and test, in the order of time.

    Parameters
    ----------
    features : (hours, features) DataFrame
        As ``weather.clean`` returns it.

    Returns
    -------
    dict
        The parts named in ``YEARS``; no hour is in two of them.
    """
    return {name: features.loc[first:last] for name, (first, last) in YEARS.items()}


@dataclasses.dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of every feature, and of its change over the horizon.

    Each is an array (features,), in the feature's unit. ``fit`` makes one from training windows.
    """

    mean: np.ndarray
    std: np.ndarray
    change_std: np.ndarray

    @classmethod
    def fit(cls, training: Windows) -> Scaler:
        """Measure on the windows of the training years only.

        Raises
        ------
        ValueError
            There is no window, or a feature never changes.
        """
        if len(training) == 0:
            raise ValueError("expected at least one window to scale by, got none")
        newest = training.newest.astype(float)
        scaler = cls(newest.mean(0), newest.std(0), training.change.std(0))
        constant = np.flatnonzero((scaler.std == 0) | (scaler.change_std == 0))
        if constant.size:
            raise ValueError(f"expected features that vary, got constant columns {constant}")
        return scaler

    def scale(self, values: np.ndarray) -> np.ndarray:
        """(..., features) in units -> standard deviations from the mean, float32."""
        scaled = values - self.mean
        scaled /= self.std  # in place: a year of windows is large
        return scaled.astype(np.float32)

    def scale_change(self, change: np.ndarray) -> np.ndarray:
        """(..., features) change in units -> multiples of the usual change, float32."""
        return (change / self.change_std).astype(np.float32)

    def unscale_change(self, scaled: np.ndarray) -> np.ndarray:
        """The way back from ``scale_change``, float64."""
        return np.asarray(scaled, dtype=float) * self.change_std


@dataclasses.dataclass(frozen=True)
class Windows:
    """Pairs of what the network sees and what it has to forecast.

    Attributes
    ----------
    stretches : tuple of (windows, time_steps, features) arrays
        The windows of each unbroken stretch of hours, as views on its readings. Neighbouring
        windows share all hours but one, so a copy would be 24 times as large.
    inputs : (windows, time_steps, features)
        All of them. Oldest hour first: ``inputs[:, -1]`` is the newest reading, lag 0. A view
        where there is one stretch; else a copy, made anew whenever it is asked for.
    future : (windows, features)
        The readings ``horizon`` hours after the newest one.
    times : (windows,) DatetimeIndex
        The hour of the newest reading.
    horizon : int
        In hours.
    """

    stretches: tuple[np.ndarray, ...]
    future: np.ndarray
    times: pd.DatetimeIndex
    horizon: int

    def __len__(self) -> int:
        return len(self.future)

    @property
    def time_steps(self) -> int:
        """Hours in a window."""
        return self.stretches[0].shape[1]

    @property
    def inputs(self) -> np.ndarray:
        """(windows, time_steps, features): what the network sees."""
        return self.stretches[0] if len(self.stretches) == 1 else np.concatenate(self.stretches)

    @property
    def newest(self) -> np.ndarray:
        """(windows, features): the newest reading of every window."""
        return self.at_lag(0)

    def at_lag(self, lag: int) -> np.ndarray:
        """(windows, features): the readings ``lag`` hours before the newest ones."""
        return np.concatenate([views[:, -1 - lag] for views in self.stretches])

    @property
    def change(self) -> np.ndarray:
        """(windows, features): what the model learns, future minus newest."""
        return self.future - self.newest


def windows(segment: pd.DataFrame, time_steps: int = TIME_STEPS, horizon: int = 6) -> Windows:
    """Every window of one unbroken segment, as views on its values: nothing is copied.

    Parameters
    ----------
    segment : (hours, features) DataFrame
        Hourly without a gap, one item of ``weather.segments``.
    time_steps : int
        Hours in a window.
    horizon : int
        Hours from the newest reading of the window to the reading to forecast.

    Returns
    -------
    Windows
        ``hours - time_steps - horizon + 1`` of them, none where the segment is too short.

    Raises
    ------
    ValueError
        A length is below 1, or an hour is missing in the segment.
    """
    if time_steps < 1 or horizon < 1:
        raise ValueError(
            f"expected time_steps and horizon of at least 1 hour, got {time_steps} and {horizon}"
        )
    if len(weather.segments(segment)) > 1:
        raise ValueError("expected hourly rows without a gap, got a gap: use weather.segments")
    values = segment.to_numpy()
    count = max(0, len(values) - time_steps - horizon + 1)
    if count == 0:
        inputs = np.empty((0, time_steps, values.shape[1]), values.dtype)
    else:
        view = np.lib.stride_tricks.sliding_window_view(values, time_steps, axis=0)
        inputs = view[:count].swapaxes(1, 2)
    newest = time_steps - 1
    return Windows(
        (inputs,),
        values[newest + horizon :][:count],
        segment.index[newest : newest + count],
        horizon,
    )


def all_windows(
    frames: Sequence[pd.DataFrame], time_steps: int = TIME_STEPS, horizon: int = 6
) -> Windows:
    """The windows of several frames in one set; none crosses a gap or joins two frames.

    Parameters
    ----------
    frames : sequence of DataFrame
        Cleaned frames, of one station or part each, gaps allowed.
    time_steps, horizon : int
        As in ``windows``.

    Returns
    -------
    Windows
        Views on the frames' readings.

    Raises
    ------
    ValueError
        There is no frame, or as in ``windows``.
    """
    parts = [windows(part, time_steps, horizon) for f in frames for part in weather.segments(f)]
    return join(parts)


def load_windows(
    folder: str | Path, time_steps: int = TIME_STEPS, horizon: int = 6
) -> dict[str, dict[str, Windows]]:
    """Load, clean, split and cut the four stations, in one call.

    Parameters
    ----------
    folder : str or Path
        Where the stations' ``.csv.gz`` files are.
    time_steps, horizon : int
        As in ``windows``.

    Returns
    -------
    dict of dict of Windows
        ``[part][station]``: parts as in ``YEARS``, the four stations by name.
    """
    parts = {}
    for station in (*TRAINING_STATIONS, UNSEEN_STATION):
        features, _ = weather.clean(weather.load(Path(folder) / f"{station}.csv.gz"))
        for part, frame in split(features).items():
            parts.setdefault(part, {})[station] = all_windows([frame], time_steps, horizon)
    return parts


@dataclasses.dataclass(frozen=True)
class Data:
    """All that the course forecasts from: windows of each part and station, and their scaler.

    Attributes
    ----------
    parts : dict of dict of Windows
        ``[part][station]``, as ``load_windows`` returns it.
    scaler : Scaler
        Fitted on the training years of the three training stations.
    """

    parts: dict[str, dict[str, Windows]]
    scaler: Scaler

    def joined(self, part: str) -> Windows:
        """The windows of the three training stations in one part, as one set.

        Parameters
        ----------
        part : str
            ``"training"``, ``"validation"`` or ``"test"``.

        Returns
        -------
        Windows
        """
        return join(self.parts[part][station] for station in TRAINING_STATIONS)

    def scaled(self, part: str, station: str, every: int = 1) -> np.ndarray:
        """What a network of the course reads of one station, float32.

        Parameters
        ----------
        part, station : str
        every : int
            1 for all windows, 2 for every second one, ...

        Returns
        -------
        (windows, time_steps, features) array
        """
        return self.scaler.scale(self.parts[part][station].inputs[::every])


def load_data(folder: str | Path, time_steps: int = TIME_STEPS, horizon: int = 6) -> Data:
    """The windows of the four stations, and the scaler of the course, in one call.

    Parameters
    ----------
    folder : str or Path
        Where the stations' ``.csv.gz`` files are.
    time_steps, horizon : int
        As in ``windows``.

    Returns
    -------
    Data
    """
    parts = load_windows(folder, time_steps, horizon)
    training = join(parts["training"][station] for station in TRAINING_STATIONS)
    return Data(parts, Scaler.fit(training))


def join(sets: Iterable[Windows]) -> Windows:
    """Several sets of windows of one horizon as one.

    Raises
    ------
    ValueError
        There is no set, or horizons differ.
    """
    sets = list(sets)
    horizons = {item.horizon for item in sets}
    if len(horizons) != 1:
        raise ValueError(f"expected windows of one horizon, got {sorted(horizons) or 'no windows'}")
    if len(sets) == 1:
        return sets[0]
    return Windows(
        tuple(views for item in sets for views in item.stretches),
        np.concatenate([item.future for item in sets]),
        sets[0].times.append([item.times for item in sets[1:]]),
        horizons.pop(),
    )


def with_clock(inputs: np.ndarray, w: Windows) -> np.ndarray:
    """The windows with four more features: hour of day and day of year of every reading, as waves.

    Parameters
    ----------
    inputs : (windows, time_steps, features)
        Scaled readings of ``w``, oldest hour first.
    w : Windows
        Their times are used.

    Returns
    -------
    (windows, time_steps, features + 4) array
        In the dtype of the inputs. The last four are sine and cosine of the day, then of the year,
        each from -1 to 1.

    Raises
    ------
    ValueError
        ``inputs`` and ``w`` have different numbers of windows.
    """
    if len(inputs) != len(w):
        raise ValueError(f"expected inputs of {len(w)} windows, got {len(inputs)}")
    lags = pd.to_timedelta(np.arange(inputs.shape[1])[::-1], unit="h")
    waves = [
        [wave(angle) for angle in day_and_year(w.times - lag) for wave in (np.sin, np.cos)]
        for lag in lags
    ]
    return np.concatenate([inputs, np.moveaxis(waves, 2, 0).astype(inputs.dtype)], axis=2)


def day_and_year(times: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """Time of day and time of year as angles."""
    hour = times.hour.to_numpy()
    return 2 * np.pi * hour / 24, 2 * np.pi * (times.day_of_year.to_numpy() + hour / 24) / 365.25


def errors(change: np.ndarray, w: Windows) -> pd.DataFrame:
    """Mean absolute and root mean square error of a forecast, by feature, in its unit.

    Parameters
    ----------
    change : (windows, features)
        The forecast, as the change from the newest reading.
    w : Windows
        What it was made for.

    Returns
    -------
    DataFrame
        One row a feature, columns ``MAE`` and ``RMSE``.

    Raises
    ------
    ValueError
        The shapes differ.
    """
    if np.shape(change) != w.future.shape:
        raise ValueError(f"expected a forecast of shape {w.future.shape}, got {np.shape(change)}")
    wrong = np.asarray(change, dtype=float) - w.change
    return pd.DataFrame(
        {"MAE": np.abs(wrong).mean(0), "RMSE": np.sqrt((wrong**2).mean(0))},
        index=pd.Index(weather.FEATURES[: wrong.shape[1]], name="feature"),
    )


ALIKE = {"error": 0.01, "correlation": 0.99}
"""What counts as the same training on another machine; see ``assert_alike``."""


def assert_alike(change: np.ndarray, stored: np.ndarray, w: Windows) -> None:
    """Check that a network trained again is as good as the stored one, and forecasts the same.

    Weights can't be compared: processors round differently, and a training makes small
    differences large. Measured on the validation year, on several processors: errors within 0.4 %
    and correlations from 0.998 on. Another *seed* is 2 to 3 % off in the temperature and correlates
    with 0.93 to 0.98.

    Parameters
    ----------
    change : (windows, features)
        Forecast of the network that was trained again, as the change from the newest reading.
    stored : (windows, features)
        Forecast of the stored network.
    w : Windows
        What both were made for.

    Raises
    ------
    AssertionError
        For some feature the mean absolute errors differ by more than ``ALIKE["error"]`` of the
        stored network's, or the forecasts correlate with less than ``ALIKE["correlation"]``.
    ValueError
        The shapes differ.
    """
    off = (errors(change, w)["MAE"] / errors(stored, w)["MAE"] - 1).abs()
    together = [np.corrcoef(a, b)[0, 1] for a, b in zip(change.T, stored.T, strict=True)]
    together = pd.Series(together, off.index)
    # Asked this way round, a forecast of NaN is not alike.
    if (off <= ALIKE["error"]).all() and (together >= ALIKE["correlation"]).all():
        return
    raise AssertionError(
        f"This network is not like the stored one. The errors differ by up to {off.max():.1%} "
        f"({off.idxmax()}; expected: at most {ALIKE['error']:.0%}), and the forecasts correlate "
        f"with {together.min():.3f} ({together.idxmin()}; expected: at least "
        f"{ALIKE['correlation']}). Did the training cell run twice, or was the seed or a setting "
        f"changed? Then run again from the cell that sets the seed. What follows uses the stored "
        f"network, so you can also go on."
    )
