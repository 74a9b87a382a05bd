"""What a forecast needs and how good it is: split, scale, cut into windows, errors.

NumPy and pandas; the network is in ``models``, the rules that it has to beat are in ``baselines``.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pandas as pd

from lstm_helpers.course import weather
from lstm_helpers.course.windowing import (
    TIME_STEPS,
    Windows,
    all_windows,
    join,
)
from lstm_helpers.course.windowing import (
    windows as windows,  # so that a notebook finds it here
)

TRAINING_STATIONS = ("changping", "huairou", "shunyi")
UNSEEN_STATION = "gucheng"
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

    Examples
    --------
    >>> from lstm_helpers.course import forecaster, weather
    >>> features, _ = weather.clean(weather.load("../data/gucheng.csv.gz"))
    >>> {name: len(part) for name, part in forecaster.split(features).items()}
    {'training': 17513, 'validation': 8784, 'test': 8748}
    """
    return {name: features.loc[first:last] for name, (first, last) in YEARS.items()}


@dataclasses.dataclass(frozen=True)
class Scaler:
    """Mean and standard deviation of every feature, and of its change over the horizon.

    Each is an array (features,), in the feature's unit. ``fit`` makes one from training windows.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> scaler = forecaster.Scaler.fit(w)
    >>> scaler.mean.shape, scaler.scale(w.inputs).shape
    ((1,), (11, 24, 1))
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

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> scaler = forecaster.Scaler.fit(w)
        >>> scaler.mean.shape, scaler.std.shape, scaler.change_std.shape
        ((1,), (1,), (1,))
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
        """(..., features) in units -> standard deviations from the mean, float32.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> scaler = forecaster.Scaler.fit(w)
        >>> float(scaler.scale(scaler.mean)[0]), float(scaler.scale(scaler.mean + scaler.std)[0])
        (0.0, 1.0)
        """
        scaled = values - self.mean
        scaled /= self.std  # in place: a year of windows is large
        return scaled.astype(np.float32)

    def scale_change(self, change: np.ndarray) -> np.ndarray:
        """(..., features) change in units -> multiples of the usual change, float32.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> scaler = forecaster.Scaler.fit(w)
        >>> scaler.scale_change(w.change).shape, float(scaler.scale_change(scaler.change_std)[0])
        ((11, 1), 1.0)
        """
        return (change / self.change_std).astype(np.float32)

    def unscale_change(self, scaled: np.ndarray) -> np.ndarray:
        """The way back from ``scale_change``, float64.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> scaler = forecaster.Scaler.fit(w)
        >>> scaled = scaler.scale_change(w.change)
        >>> scaler.unscale_change(scaled)[:3, 0].round(3).tolist()
        [-18.0, 6.0, 6.0]
        """
        return np.asarray(scaled, dtype=float) * self.change_std


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

    Examples
    --------
    >>> from lstm_helpers.course import forecaster
    >>> parts = forecaster.load_windows("../data")
    >>> list(parts), list(parts["test"])
    (['training', 'validation', 'test'], ['changping', 'huairou', 'shunyi', 'gucheng'])
    >>> parts["test"]["gucheng"].inputs.shape[1:]
    (24, 7)
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

    Examples
    --------
    >>> from lstm_helpers.course import forecaster
    >>> data = forecaster.load_data("../data")
    >>> len(data.parts["test"]), data.scaler.mean.shape
    (4, (7,))
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

        Examples
        --------
        >>> from lstm_helpers.course import forecaster
        >>> data = forecaster.load_data("../data")
        >>> of_each = [len(data.parts["test"][station]) for station in forecaster.TRAINING_STATIONS]
        >>> len(data.joined("test")) == sum(of_each)
        True
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

        Examples
        --------
        >>> from lstm_helpers.course import forecaster
        >>> data = forecaster.load_data("../data")
        >>> inputs = data.scaled("test", "gucheng", every=25)
        >>> inputs.shape[1:], str(inputs.dtype)
        ((24, 7), 'float32')
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

    Examples
    --------
    >>> from lstm_helpers.course import forecaster
    >>> data = forecaster.load_data("../data")
    >>> data.parts["test"]["gucheng"].inputs.shape[1:]
    (24, 7)
    >>> round(float(data.scaler.mean[0]), 1)  # mean temperature in °C
    13.2
    """
    parts = load_windows(folder, time_steps, horizon)
    training = join(parts["training"][station] for station in TRAINING_STATIONS)
    return Data(parts, Scaler.fit(training))


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

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> forecaster.with_clock(w.inputs, w).shape
    (11, 24, 5)
    """
    if len(inputs) != len(w):
        raise ValueError(f"expected inputs of {len(w)} windows, got {len(inputs)}")
    lags = w.step * np.arange(inputs.shape[1])[::-1]
    waves = [
        [wave(angle) for angle in day_and_year(w.times - lag) for wave in (np.sin, np.cos)]
        for lag in lags
    ]
    return np.concatenate([inputs, np.moveaxis(waves, 2, 0).astype(inputs.dtype)], axis=2)


def day_and_year(times: pd.DatetimeIndex) -> tuple[np.ndarray, np.ndarray]:
    """Time of day and time of year as angles.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> day, year = forecaster.day_and_year(pd.date_range("2015-03-01", periods=4, freq="6h"))
    >>> (day / np.pi).tolist()  # in half turns
    [0.0, 0.5, 1.0, 1.5]
    """
    hour = times.hour.to_numpy() + times.minute.to_numpy() / 60
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

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> table = forecaster.errors(np.zeros(w.future.shape), w)
    >>> table.shape, table.loc["temp", "MAE"].round(2)
    ((1, 2), np.float64(7.09))
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

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> stored, again = 1.1 * w.change, 1.1001 * w.change
    >>> print(forecaster.assert_alike(again, stored, w))
    None
    """
    off = (errors(change, w)["MAE"] / errors(stored, w)["MAE"] - 1).abs()
    with np.errstate(invalid="ignore", divide="ignore"):
        together = [np.corrcoef(a, b)[0, 1] for a, b in zip(change.T, stored.T, strict=True)]
    # A forecast of NaN, or one that is always the same, is like none.
    off, together = off.fillna(np.inf), pd.Series(together, off.index).fillna(-1)
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
