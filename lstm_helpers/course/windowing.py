"""Cut hourly readings into windows: what a network reads, and what it is to forecast."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd

from lstm_helpers.course import weather

TIME_STEPS = 24
"""Hours that the network of the course sees."""
HOUR = pd.Timedelta(hours=1)


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
        In hours, or steps.
    step : Timedelta
        From reading to reading.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> len(w), w.inputs.shape, w.future.shape
    (11, (11, 24, 1), (11, 1))
    >>> w.times[0].hour, float(w.newest[0, 0]), float(w.future[0, 0])
    (23, 23.0, 5.0)
    """

    stretches: tuple[np.ndarray, ...]
    future: np.ndarray
    times: pd.DatetimeIndex
    horizon: int
    step: pd.Timedelta = HOUR

    def __len__(self) -> int:
        return len(self.future)

    @property
    def time_steps(self) -> int:
        """Hours in a window.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.time_steps
        24
        """
        return self.stretches[0].shape[1]

    @property
    def inputs(self) -> np.ndarray:
        """(windows, time_steps, features): what the network sees.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.inputs.shape
        (11, 24, 1)
        """
        return self.stretches[0] if len(self.stretches) == 1 else np.concatenate(self.stretches)

    @property
    def newest(self) -> np.ndarray:
        """(windows, features): the newest reading of every window.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.newest.shape, w.newest[:3, 0].tolist()
        ((11, 1), [23.0, 0.0, 1.0])
        """
        return self.at_lag(0)

    def at_lag(self, lag: int) -> np.ndarray:
        """(windows, features): the readings ``lag`` hours before the newest ones.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.at_lag(1).shape, w.at_lag(1)[:3, 0].tolist()
        ((11, 1), [22.0, 23.0, 0.0])
        """
        return np.concatenate([views[:, -1 - lag] for views in self.stretches])

    @property
    def target_times(self) -> pd.DatetimeIndex:
        """(windows,): when each future is.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.times[0].hour, w.target_times[0].hour
        (23, 5)
        """
        return self.times + self.horizon * self.step

    @property
    def change(self) -> np.ndarray:
        """(windows, features): what the model learns, future minus newest.

        Examples
        --------
        >>> import pandas as pd
        >>> from lstm_helpers.course import forecaster
        >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
        >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
        >>> w.change.shape, w.change[:3, 0].tolist()
        ((11, 1), [-18.0, 6.0, 6.0])
        """
        return self.future - self.newest


def windows(
    segment: pd.DataFrame,
    time_steps: int = TIME_STEPS,
    horizon: int = 6,
    *,
    step: pd.Timedelta = HOUR,
) -> Windows:
    """Every window of one unbroken segment, as views on its values: nothing is copied.

    Parameters
    ----------
    segment : (hours, features) DataFrame
        Hourly without a gap, one item of ``weather.segments``.
    time_steps : int
        Hours in a window.
    horizon : int
        Hours from the newest reading of the window to the reading to forecast.
    step : Timedelta
        From row to row. If it is not an hour, read "step" for "hour" here.

    Returns
    -------
    Windows
        ``hours - time_steps - horizon + 1`` of them, none where the segment is too short.

    Raises
    ------
    ValueError
        A length is below 1, or an hour is missing in the segment.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> frame = pd.DataFrame({"temp": np.arange(40.0)}, hours)
    >>> w = forecaster.windows(frame, time_steps=24, horizon=6)
    >>> len(w), w.inputs.shape, w.horizon  # 40 - 24 - 6 + 1 windows
    (11, (11, 24, 1), 6)
    """
    if time_steps < 1 or horizon < 1:
        raise ValueError(
            f"expected time_steps and horizon of at least 1 hour, got {time_steps} and {horizon}"
        )
    if len(weather.segments(segment, step)) > 1:
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
        step,
    )


def all_windows(
    frames: Sequence[pd.DataFrame],
    time_steps: int = TIME_STEPS,
    horizon: int = 6,
    *,
    step: pd.Timedelta = HOUR,
) -> Windows:
    """The windows of several frames in one set; none crosses a gap or joins two frames.

    Parameters
    ----------
    frames : sequence of DataFrame
        Cleaned frames, of one station or part each, gaps allowed.
    time_steps, horizon, step
        As in ``windows``.

    Returns
    -------
    Windows
        Views on the frames' readings.

    Raises
    ------
    ValueError
        There is no frame, or as in ``windows``.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> frame = pd.DataFrame({"temp": np.arange(40.0)}, hours)
    >>> len(forecaster.all_windows([frame, frame])), len(forecaster.windows(frame))
    (22, 11)
    """
    parts = [
        windows(part, time_steps, horizon, step=step)
        for frame in frames
        for part in weather.segments(frame, step)
    ]
    return join(parts)


def join(sets: Iterable[Windows]) -> Windows:
    """Several sets of windows of one horizon as one.

    Raises
    ------
    ValueError
        There is no set, or horizons or steps differ.

    Examples
    --------
    >>> import pandas as pd
    >>> from lstm_helpers.course import forecaster
    >>> hours = pd.date_range("2015-03-01", periods=40, freq="h")
    >>> w = forecaster.windows(pd.DataFrame({"temp": np.arange(40.0) % 24}, hours))
    >>> len(w), len(forecaster.join([w, w]))
    (11, 22)
    """
    sets = list(sets)
    horizons = {item.horizon for item in sets}
    if len(horizons) != 1:
        raise ValueError(f"expected windows of one horizon, got {sorted(horizons) or 'no windows'}")
    steps = {item.step for item in sets}
    if len(steps) != 1:
        raise ValueError(f"expected windows of one step, got {', '.join(map(str, sorted(steps)))}")
    if len(sets) == 1:
        return sets[0]
    return Windows(
        tuple(views for item in sets for views in item.stretches),
        np.concatenate([item.future for item in sets]),
        sets[0].times.append([item.times for item in sets[1:]]),
        horizons.pop(),
        steps.pop(),
    )
