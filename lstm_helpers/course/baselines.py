"""Rules that a network has to beat.

Each takes Windows and returns the change from now, (windows, features), in units. A rule that has
to learn something has a ``fit``, which makes it from training windows.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from lstm_helpers.course.forecaster import Scaler, Windows, day_and_year
from lstm_helpers.course.windowing import HOUR


def persistence(w: Windows) -> np.ndarray:
    """Nothing will change.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> w.future.shape, bool(baselines.persistence(w).any())
    ((11, 1), False)
    """
    return np.zeros(w.future.shape)


def same_hour_yesterday(w: Windows) -> np.ndarray:
    """The target hour will be as it was one day before.

    Raises
    ------
    ValueError
        The window does not reach back to that hour, that hour is still in the future, or the
        readings are not hourly.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> change = baselines.same_hour_yesterday(w)
    >>> float(np.abs(change - w.change).max())  # this series is the same every day
    0.0
    """
    if w.step != HOUR:
        raise ValueError(f"expected hourly windows, got steps of {w.step}: see last_season")
    lag = 24 - w.horizon
    if not 0 <= lag < w.time_steps:
        raise ValueError(
            f"expected a horizon of at most 24 hours and a window that holds lag {lag}, "
            f"got horizon {w.horizon} and {w.time_steps} hours"
        )
    return w.at_lag(lag) - w.newest


def last_season(w: Windows, season: int) -> np.ndarray:
    """The target will be as it was one season before, or two, ... where that is known by then.

    Parameters
    ----------
    w : Windows
    season : int
        Steps after which the same time comes again: 24 hours, seven days.

    Returns
    -------
    (windows, features) array

    Raises
    ------
    ValueError
        The window does not reach back to that reading.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=80, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(80.0) % 24}, hours), horizon=30)
    >>> float(np.abs(baselines.last_season(w, 24) - w.change).max())  # lag 18, two days before
    0.0
    """
    lag = season * -(-w.horizon // season) - w.horizon
    if lag >= w.time_steps:
        raise ValueError(f"expected a window that holds lag {lag}, got {w.time_steps} steps")
    return w.at_lag(lag) - w.newest


@dataclasses.dataclass(frozen=True)
class Climatology:
    """The mean of every month and hour of day: ``table`` is (12, 24, features), in units.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-01-01", periods=366 * 24, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"hour": hours.hour.astype(float)}, hours))
    >>> rule = baselines.Climatology.fit(w)
    >>> rule.table.shape, np.allclose(rule(w), w.change)  # this series is the same every day
    ((12, 24, 1), True)
    """

    table: np.ndarray

    @classmethod
    def fit(cls, training: Windows) -> Climatology:
        """Average the training windows' future readings by month and hour.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import baselines, forecaster
        >>> hours = pd.date_range("2015-01-01", periods=366 * 24, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"month": hours.month.astype(float)}, hours))
        >>> baselines.Climatology.fit(w).table[:, 12, 0].round(1).tolist()
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0]
        """
        when = training.target_times
        cell = (when.month - 1) * 24 + when.hour
        count = np.bincount(cell, minlength=288)
        if (count == 0).any():
            raise ValueError("expected training windows in every month and hour")
        sums = [np.bincount(cell, column, minlength=288) for column in training.future.T]
        return cls((np.array(sums) / count).T.reshape(12, 24, -1))

    def __call__(self, w: Windows) -> np.ndarray:
        when = w.target_times
        return self.table[when.month - 1, when.hour] - w.newest


@dataclasses.dataclass(frozen=True)
class Ridge:
    """A linear map from the flattened window, least squares with a penalty on the weights.

    ``weights`` is (time_steps * features [+ clock] + 1, features), on scaled values.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> rule = baselines.Ridge.fit(w, forecaster.Scaler.fit(w))
    >>> rule.weights.shape, rule(w).shape
    ((25, 1), (11, 1))
    """

    weights: np.ndarray
    scaler: Scaler
    clock: bool

    @classmethod
    def fit(
        cls, training: Windows, scaler: Scaler, clock: bool = False, penalty: float = 10.0
    ) -> Ridge:
        """Solve the normal equations; ``clock`` adds hour and season of the target as inputs.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import baselines, forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> scaler = forecaster.Scaler.fit(w)
        >>> baselines.Ridge.fit(w, scaler).weights.shape
        (25, 1)
        >>> baselines.Ridge.fit(w, scaler, clock=True).weights.shape  # 24 more inputs
        (49, 1)
        """
        design = cls._design(training, scaler, clock)
        target = training.change / scaler.change_std
        return cls(least_squares(design, target, penalty), scaler, clock)

    @staticmethod
    def _design(w: Windows, scaler: Scaler, clock: bool) -> np.ndarray:
        scaled = scaler.scale(w.inputs).reshape(len(w), -1)
        columns = [scaled, *([clock_features(w)] if clock else []), np.ones((len(w), 1))]
        return np.concatenate(columns, axis=1, dtype=float)

    def __call__(self, w: Windows) -> np.ndarray:
        scaled = self._design(w, self.scaler, self.clock) @ self.weights
        return self.scaler.unscale_change(scaled)


def least_squares(design: np.ndarray, targets: np.ndarray, penalty: float = 10.0) -> np.ndarray:
    """The weights of a linear map by the normal equations; the last column is the constant.

    Parameters
    ----------
    design : (windows, columns)
    targets : (windows,) or (windows, outputs)
    penalty : float
        On the squares of all weights but that of the constant.

    Returns
    -------
    (columns,) or (columns, outputs) array

    Examples
    --------
    >>> from lstm_helpers.course import baselines
    >>> design = np.array([[0.0, 1.0], [1.0, 1.0], [2.0, 1.0]])  # x and the constant
    >>> baselines.least_squares(design, np.array([5.0, 7.0, 9.0]), penalty=0).round(6).tolist()
    [2.0, 5.0]
    """
    gram = design.T @ design
    gram.flat[: -1 : len(gram) + 1] += penalty
    return np.linalg.solve(gram, design.T @ targets)


def clock_features(w: Windows) -> np.ndarray:
    """Hour and season of the target hour as waves.

    Returns
    -------
    (windows, 24) array
        Two harmonics of the day, two of the year, and every product of one of each.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import baselines, forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> baselines.clock_features(w).shape
    (11, 24)
    """
    of_day, of_year = (
        np.stack([wave(n * angle) for n in (1, 2) for wave in (np.sin, np.cos)], axis=1)
        for angle in day_and_year(w.target_times)
    )
    products = (of_day[:, :, None] * of_year[:, None, :]).reshape(len(w), -1)
    return np.concatenate([of_day, of_year, products], axis=1)
