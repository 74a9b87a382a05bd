"""The horizon to the hour, nothing learned from later years, baselines against known answers."""

import dataclasses
import itertools

import numpy as np
import pandas as pd
import pytest

import lstm_helpers as lh

with lh.quiet():
    import keras

from lstm_helpers.course import baselines, forecaster, models, weather

START = pd.Timestamp("2013-03-01 00:00")
HOUR = pd.Timedelta(hours=1)
F = len(weather.FEATURES)


def hours_since_start(times):
    return ((times - START) / HOUR).to_numpy()


def hour_index(count, start=START, features=F):
    """A frame in which every value is the number of its own hour."""
    times = pd.date_range(start, periods=count, freq="h", name="time")
    values = np.repeat(hours_since_start(times)[:, None], features, axis=1)
    return pd.DataFrame(values, index=times, columns=weather.FEATURES[:features])


def without(frame, *numbers):
    return frame.drop(frame.index[list(numbers)])


def random_frame(count, start=START, seed=0):
    frame = hour_index(count, start)
    frame[:] = np.random.default_rng(seed).normal(size=frame.shape) * 3 + 10
    return frame


def assert_hours_are_right(w, time_steps, horizon):
    """Of windows on hour indices: where each stands, and how far ahead its future is."""
    assert w.horizon == horizon
    assert w.inputs.shape == (len(w), time_steps, w.future.shape[1])
    np.testing.assert_array_equal(w.future - w.newest, np.full(w.future.shape, horizon))
    np.testing.assert_array_equal(w.change, np.full(w.future.shape, horizon))
    for lag in range(time_steps):
        np.testing.assert_array_equal(w.inputs[:, -1 - lag], w.newest - lag)
    now = hours_since_start(w.times)
    np.testing.assert_array_equal(w.newest, np.repeat(now[:, None], w.newest.shape[1], axis=1))


# Years.


def test_split_has_these_first_and_last_hours():
    frame = hour_index(35064)
    parts = forecaster.split(frame)
    assert {name: (str(p.index[0]), str(p.index[-1]), len(p)) for name, p in parts.items()} == {
        "training": ("2013-03-01 00:00:00", "2015-02-28 23:00:00", 730 * 24),
        "validation": ("2015-03-01 00:00:00", "2016-02-29 23:00:00", 366 * 24),
        "test": ("2016-03-01 00:00:00", "2017-02-28 23:00:00", 365 * 24),
    }
    pd.testing.assert_frame_equal(pd.concat(parts.values()), frame, check_freq=False)


# The horizon.


@pytest.mark.parametrize("time_steps", [1, 24])
@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_horizon_of_windows_to_the_hour(horizon, time_steps):
    w = forecaster.windows(hour_index(100), time_steps, horizon)
    assert_hours_are_right(w, time_steps, horizon)
    assert len(w) == 100 - time_steps - horizon + 1
    assert (w.inputs[0, 0, 0], w.future[-1, 0]) == (0, 99)


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_horizon_of_all_windows_to_the_hour(horizon):
    frames = [
        without(hour_index(200), 60, 61, 150),
        hour_index(90, START + 500 * HOUR),
    ]
    w = forecaster.all_windows(frames, 24, horizon)
    assert_hours_are_right(w, 24, horizon)
    stretches = (60, 88, 49, 90)
    assert len(w) == sum(max(0, hours - 24 - horizon + 1) for hours in stretches)
    assert w.times.is_unique


def test_the_defaults_are_those_of_the_course():
    w = forecaster.windows(hour_index(50))
    assert_hours_are_right(w, time_steps=24, horizon=6)
    assert forecaster.all_windows([hour_index(50)]).inputs.shape == w.inputs.shape == (21, 24, F)


# A small copy of the data folder: every column tells its hour, within what a station can report.

COLUMNS_FROM_HOUR = {
    "temp": lambda h: -20 + h / 1000,
    "dewp": lambda h: -40 + h / 1000,
    "pres": lambda h: 900 + h / 1000,
    "wspm": lambda h: 1 + h / 1000,
    "rain": lambda h: h / 100,
}
HOUR_FROM_FEATURES = {
    "temp": lambda x: (x + 20) * 1000,
    "dewp": lambda x: (x + 40) * 1000,
    "pres": lambda x: (x - 900) * 1000,
    "wspm": lambda x: (x - 1) * 1000,
    "u": None,
    "v": lambda x: (x - 1) * 1000,  # the wind blows from the south: v is the speed
    "rain": lambda x: np.expm1(x) * 100,
}
STRETCHES = (  # across each border between the parts, with a gap of five hours in the last
    ("2013-03-01 00:00", 100),
    ("2015-02-26 12:00", 120),
    ("2016-02-28 00:00", 100),
    ("2016-03-03 09:00", 60),
)


def write_stations(folder, spoil=lambda station, frame: frame):
    """The four files; ``spoil`` may change a station's frame before it is written."""
    times = pd.DatetimeIndex(
        np.concatenate([pd.date_range(t, periods=n, freq="h") for t, n in STRETCHES])
    )
    hours = hours_since_start(times)
    raw = {name.lower(): function(hours) for name, function in COLUMNS_FROM_HOUR.items()}
    names = {name: source for source, name in weather.COLUMNS.items()}
    for station in (*forecaster.TRAINING_STATIONS, forecaster.UNSEEN_STATION):
        frame = pd.DataFrame(raw, index=times).rename(columns=names).assign(wd="S")
        frame = spoil(station, frame)
        for part in ("year", "month", "day", "hour"):
            frame[part] = getattr(frame.index, part)
        frame.to_csv(folder / f"{station}.csv.gz", index=False)
    return folder


def hours_of(readings):
    """(..., features) of the stations above -> the hour that each feature tells, without u."""
    decoded = [
        function(readings[..., n])
        for n, function in enumerate(HOUR_FROM_FEATURES.values())
        if function is not None
    ]
    return np.stack(decoded, axis=-1)


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_horizon_of_load_windows_to_the_hour(tmp_path, horizon):
    """From the files through load, clean, split and all_windows, as the notebooks do it."""
    parts = forecaster.load_windows(write_stations(tmp_path), horizon=horizon)
    assert list(HOUR_FROM_FEATURES) == list(weather.FEATURES)
    assert list(parts) == list(forecaster.YEARS)
    for part, stations in parts.items():
        first, last = (hours_since_start(pd.DatetimeIndex([t]))[0] for t in forecaster.YEARS[part])
        assert list(stations) == ["changping", "huairou", "shunyi", "gucheng"]
        for w in stations.values():
            assert len(w) > 0
            inputs, future, now = hours_of(w.inputs), hours_of(w.future), hours_since_start(w.times)
            now = now[:, None]
            np.testing.assert_allclose(future - now, np.full(future.shape, horizon), atol=1e-6)
            for lag in range(24):
                np.testing.assert_allclose(
                    inputs[:, -1 - lag] - now, np.full(future.shape, -lag), atol=1e-6
                )
            # A window belongs to one part with all its hours, the future one too.
            assert inputs.min() > first - 0.5
            assert future.max() < last + 0.5


def test_load_windows_counts_every_stretch(tmp_path):
    """Stretches by part: 100 and 60 h, 60 and 48 h, 52 and 60 h."""
    parts = forecaster.load_windows(write_stations(tmp_path))  # 24 hours, 6 ahead
    assert {w.horizon for stations in parts.values() for w in stations.values()} == {6}
    counts = {part: {len(w) for w in stations.values()} for part, stations in parts.items()}
    assert counts == {"training": {71 + 31}, "validation": {31 + 19}, "test": {23 + 31}}


# Windows.


def test_what_was_fitted_or_cut_cannot_be_rewritten():
    w = forecaster.windows(hour_index(40))
    made = [w, forecaster.Scaler(0, 1, 1), baselines.Climatology(0), baselines.Ridge(0, 0, False)]
    for thing in made:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(thing, dataclasses.fields(thing)[0].name, 0)


@pytest.mark.parametrize(
    ("hours", "time_steps", "horizon", "count"),
    [(30, 24, 6, 1), (29, 24, 6, 0), (31, 24, 6, 2), (5, 24, 6, 0), (2, 1, 1, 1), (0, 3, 1, 0)],
)
def test_count_of_windows(hours, time_steps, horizon, count):
    w = forecaster.windows(hour_index(hours), time_steps, horizon)
    assert len(w) == len(w.inputs) == len(w.future) == len(w.times) == count
    assert w.inputs.shape[1:] == (time_steps, F)
    assert w.future.shape[1:] == (F,)


def test_windows_are_views():
    frame = random_frame(100)
    values = frame.to_numpy()
    for w in (forecaster.windows(frame), forecaster.all_windows([frame])):
        assert np.shares_memory(w.inputs, values)
        assert np.shares_memory(w.future, values)
    # Of the same numbers 24 times over, not one was copied: neighbours overlap.
    assert np.shares_memory(w.inputs[0], w.inputs[23])


def test_windows_of_one_segment_of_a_cleaned_frame_are_views():
    frame = without(random_frame(100), 50)
    part = weather.segments(frame)[1]
    assert np.shares_memory(forecaster.windows(part).inputs, frame.to_numpy())


@pytest.mark.parametrize("gap", [[50], [50, 51, 52, 53], [30, 60]])
def test_no_window_crosses_a_gap(gap):
    frame = without(hour_index(100), *gap)
    w = forecaster.all_windows([frame], 10, 3)
    assert_hours_are_right(w, 10, 3)
    edges = [-1, *gap, 100]
    stretches = [b - a - 1 for a, b in itertools.pairwise(edges)]
    assert len(w) == sum(max(0, hours - 12) for hours in stretches)
    with pytest.raises(ValueError, match="expected hourly rows without a gap, got a gap"):
        forecaster.windows(frame, 10, 3)


def test_no_window_crosses_what_clean_cut():
    frame = hour_index(100).assign(wd="S")
    frame["rain"] = 0.0
    frame.iloc[40:44, frame.columns.get_loc("temp")] = np.nan
    frame.iloc[70:73, frame.columns.get_loc("temp")] = np.nan
    features, report = weather.clean(frame)
    w = forecaster.all_windows([features], 10, 3)
    assert (report.rows_cut, report.filled["temp"]) == (4, 3)
    assert len(w) == (40 - 12) + (56 - 12)
    temp = w.inputs[..., 0]
    np.testing.assert_array_equal(np.diff(temp, axis=1), np.ones((len(w), 9)))
    np.testing.assert_array_equal(w.change[:, 0], np.full(len(w), 3))


def test_no_window_joins_two_frames():
    """Even where the second goes on with the hour after the first one's last."""
    frame = hour_index(80)
    w = forecaster.all_windows([frame[:40], frame[40:]], 10, 3)
    assert len(w) == 2 * (40 - 12)
    np.testing.assert_array_equal(w.newest[:, 0], np.r_[9:37, 49:77])


@pytest.mark.parametrize(("time_steps", "horizon"), [(0, 6), (24, 0), (24, -1)])
def test_lengths_below_one_are_refused(time_steps, horizon):
    message = f"expected .* of at least 1 hour, got {time_steps} and {horizon}$"
    with pytest.raises(ValueError, match=message):
        forecaster.windows(hour_index(50), time_steps, horizon)


def test_join_keeps_the_order_and_refuses_two_horizons_and_nothing():
    one, two = (forecaster.windows(hour_index(40, START + n * HOUR)) for n in (0, 300))
    both = forecaster.join(w for w in (two, one))
    assert_hours_are_right(both, 24, 6)
    assert both.times.equals(two.times.append(one.times))
    assert forecaster.join([one]) is one
    other = forecaster.windows(hour_index(40), horizon=1)
    with pytest.raises(ValueError, match=r"expected windows of one horizon, got \[1, 6\]"):
        forecaster.join([one, other])
    for nothing in (lambda: forecaster.join([]), lambda: forecaster.all_windows([])):
        with pytest.raises(ValueError, match="expected windows of one horizon, got no windows"):
            nothing()


# Scaling.


def training_scaler(folder):
    """The path of the course, from files to scaler."""
    return forecaster.load_data(folder).scaler


def noisy(station, frame, first=None, last=None, seed=1):
    """The same frame with other readings from the first hour to the last."""
    rng = np.random.default_rng([seed, *station.encode()])
    hours, columns = frame.loc[first:last].index, list(weather.COLUMNS)
    frame.loc[hours, columns] *= rng.uniform(0.8, 1, size=(len(hours), len(columns)))
    frame.loc[hours, "wd"] = rng.choice(weather.COMPASS, size=len(hours))
    return frame


def scaler_if(folder, spoil):
    """The scaler's three arrays, where ``spoil`` changed the noisy files first."""
    folder.mkdir()
    scaler = training_scaler(write_stations(folder, lambda s, f: spoil(s, noisy(s, f))))
    return np.array([scaler.mean, scaler.std, scaler.change_std])


def test_the_scaler_knows_nothing_of_later_years_nor_of_the_unseen_station(tmp_path):
    def other_future(station, frame):
        return noisy(station, frame, first="2015-03-01 00:00", seed=2)

    def other_unseen_station(station, frame):
        return noisy(station, frame, seed=2) if station == "gucheng" else frame

    as_is = scaler_if(tmp_path / "a", lambda s, f: f)
    np.testing.assert_array_equal(scaler_if(tmp_path / "b", other_future), as_is)
    np.testing.assert_array_equal(scaler_if(tmp_path / "c", other_unseen_station), as_is)


@pytest.mark.parametrize("station", forecaster.TRAINING_STATIONS)
def test_the_scaler_knows_each_training_station(tmp_path, station):
    """So the test above can fail: the same change in the training years moves every number."""

    def other_past(name, frame):
        return noisy(name, frame, last="2015-02-28 23:00", seed=2) if name == station else frame

    as_is = scaler_if(tmp_path / "a", lambda s, f: f)
    assert (scaler_if(tmp_path / "b", other_past) != as_is).all()


def test_scaler_against_numbers_by_hand():
    times = pd.date_range(START, periods=2, freq="h")
    inputs = np.array([[[9.0, 9.0], [1.0, 10.0]], [[9.0, 9.0], [5.0, 30.0]]])
    future = np.array([[2.0, 10.0], [10.0, 20.0]])
    scaler = forecaster.Scaler.fit(forecaster.Windows((inputs,), future, times, 1))
    assert [scaler.mean.tolist(), scaler.std.tolist()] == [[3, 20], [2, 10]]
    assert scaler.change_std.tolist() == [2, 5]  # of 1 and 5, of 0 and -10
    assert scaler.scale(np.array([[5.0, 0.0]])).tolist() == [[1, -2]]
    assert scaler.scale_change(np.array([[5.0, -10.0]])).tolist() == [[2.5, -2]]
    assert scaler.scale(inputs).dtype == scaler.scale_change(future).dtype == np.float32


def test_unscale_is_the_way_back():
    w = forecaster.windows(random_frame(300))
    scaler = forecaster.Scaler.fit(w)
    scaled = scaler.scale_change(w.change)
    np.testing.assert_allclose(scaled.std(0), np.ones(F), atol=1e-5)
    back = scaler.unscale_change(scaled)
    assert back.dtype == float
    np.testing.assert_allclose(back, w.change, atol=1e-5)
    newest = scaler.scale(w.newest)
    np.testing.assert_allclose([newest.mean(0), newest.std(0)], [[0] * F, [1] * F], atol=1e-5)


# Baselines.


def test_persistence_says_no_change():
    w = forecaster.windows(random_frame(50))
    np.testing.assert_array_equal(baselines.persistence(w), np.zeros((21, F)), strict=True)


@pytest.mark.parametrize("horizon", [1, 6, 23, 24])
def test_same_hour_yesterday_is_24_hours_before_the_target(horizon):
    w = forecaster.windows(hour_index(100), horizon=horizon)
    forecast = w.newest + baselines.same_hour_yesterday(w)
    np.testing.assert_array_equal(forecast, w.future - 24)


@pytest.mark.parametrize(("time_steps", "horizon"), [(24, 25), (18, 6), (1, 23)])
def test_same_hour_yesterday_must_be_in_the_window(time_steps, horizon):
    w = forecaster.windows(hour_index(100), time_steps, horizon)
    message = f"lag {24 - horizon}, got horizon {horizon} and {time_steps} hours"
    with pytest.raises(ValueError, match=message):
        baselines.same_hour_yesterday(w)
    shortest = forecaster.windows(hour_index(100), 19, 6)
    np.testing.assert_array_equal(baselines.same_hour_yesterday(shortest)[:, 0], -18)


def month_and_hour(frame):
    """The same frame with 100 * month + hour in its first column, zero in the others."""
    frame = frame * 0
    frame["temp"] = 100.0 * frame.index.month + frame.index.hour
    return frame


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_climatology_knows_month_and_hour_of_the_target(horizon):
    """One year in which the reading is a function of both: the forecast is right everywhere."""
    w = forecaster.windows(month_and_hour(hour_index(366 * 24)), horizon=horizon)
    climatology = baselines.Climatology.fit(w)
    assert climatology.table.shape == (12, 24, F)
    expected = 100 * np.arange(1, 13)[:, None] + np.arange(24)
    np.testing.assert_allclose(climatology.table[..., 0], expected, atol=1e-9)
    np.testing.assert_array_equal(climatology.table[..., 1:], 0)
    np.testing.assert_allclose(climatology(w), w.change, atol=1e-9)


def test_climatology_is_the_mean_over_training_and_forecasts_other_windows():
    year = month_and_hour(hour_index(366 * 24))
    training = forecaster.all_windows([year, year + 10])
    later = forecaster.windows(month_and_hour(hour_index(100, pd.Timestamp("2016-05-30"))) + 70)
    forecast = baselines.Climatology.fit(training)(later)
    np.testing.assert_allclose(forecast - later.change, np.full(later.change.shape, 5 - 70))


def test_climatology_needs_every_month_and_hour():
    with pytest.raises(ValueError, match="expected training windows in every month and hour"):
        baselines.Climatology.fit(forecaster.windows(hour_index(24 * 200)))


UNIT_SCALER = forecaster.Scaler(np.zeros(F), np.ones(F), np.ones(F))


def with_future(w, future):
    return forecaster.Windows(w.stretches, future, w.times, w.horizon)


def float32_windows(count, time_steps=4, seed=0):
    """Windows on numbers that float32 holds exactly, so that scaling rounds nothing."""
    frame = random_frame(count + time_steps + 5, seed=seed)
    frame[:] = frame.to_numpy().astype(np.float32)
    return forecaster.windows(frame, time_steps)


def test_ridge_recovers_a_planted_linear_map_of_lags():
    rng = np.random.default_rng(3)
    planted, constant = rng.normal(size=(4, F, F)), rng.normal(size=F)

    def world(w):
        change = np.einsum("wtf,tfg->wg", w.inputs, planted) + constant
        return with_future(w, w.newest + change)

    training, test = world(float32_windows(600)), world(float32_windows(100, seed=9))
    ridge = baselines.Ridge.fit(training, UNIT_SCALER, penalty=1e-9)
    assert ridge.weights.shape == (4 * F + 1, F)
    np.testing.assert_allclose(ridge.weights[:-1].reshape(4, F, F), planted, atol=1e-6)
    np.testing.assert_allclose(ridge.weights[-1], constant, atol=1e-6)
    np.testing.assert_allclose(ridge(test), test.change, atol=1e-6)


def test_ridge_forecasts_in_units_whatever_the_scale():
    training = float32_windows(600)
    scaler = forecaster.Scaler.fit(training)
    planted = np.zeros((4, F, F))
    planted[1] = np.diag(np.arange(1.0, F + 1))
    world = with_future(
        training, training.newest + np.einsum("wtf,tfg->wg", training.inputs, planted)
    )
    forecast = baselines.Ridge.fit(world, scaler, penalty=1e-9)(world)
    np.testing.assert_allclose(forecast, world.change, atol=1e-4)


def test_a_large_penalty_leaves_the_mean_alone():
    """The constant is not punished, and every other weight is."""
    training = forecaster.windows(random_frame(400) + 7, 4)
    training = with_future(training, training.future + 5)
    ridge = baselines.Ridge.fit(training, forecaster.Scaler.fit(training), penalty=1e12)
    np.testing.assert_allclose(ridge(training)[0], training.change.mean(0), atol=1e-4)
    assert np.abs(ridge.weights[:-1]).max() < 1e-8


def test_ridge_uses_the_clock_only_when_told():
    w = float32_windows(2000)
    target_hour = (w.times + 6 * HOUR).hour.to_numpy()
    change = np.repeat(np.sin(2 * np.pi * target_hour / 24)[:, None], F, axis=1)
    w = with_future(w, w.newest + change)
    with_clock = baselines.Ridge.fit(w, UNIT_SCALER, clock=True, penalty=1e-6)
    without_clock = baselines.Ridge.fit(w, UNIT_SCALER, penalty=1e-6)
    assert with_clock.weights.shape == (4 * F + 24 + 1, F)
    assert without_clock.weights.shape == (4 * F + 1, F)
    np.testing.assert_allclose(with_clock(w), change, atol=1e-6)
    assert np.abs(without_clock(w) - change).mean() > 0.5
    # At another hour the same readings give another forecast, or the same.
    later = forecaster.Windows(w.stretches, w.future, w.times + 12 * HOUR, w.horizon)
    np.testing.assert_allclose(with_clock(later), -change, atol=1e-2)
    np.testing.assert_array_equal(without_clock(later), without_clock(w))


@pytest.mark.parametrize("horizon", [1, 6, 24])
def test_clock_features_are_those_of_the_target_hour(horizon):
    w = forecaster.windows(hour_index(500, pd.Timestamp("2015-12-20")), horizon=horizon)
    found = baselines.clock_features(w)
    assert found.shape == (len(w), 24)
    for row, time in zip(found[::37], w.times[::37], strict=True):
        target = time + horizon * HOUR
        day = 2 * np.pi * target.hour / 24
        year = 2 * np.pi * (target.day_of_year + target.hour / 24) / 365.25
        of_day = [np.sin(day), np.cos(day), np.sin(2 * day), np.cos(2 * day)]
        of_year = [np.sin(year), np.cos(year), np.sin(2 * year), np.cos(2 * year)]
        products = [a * b for a in of_day for b in of_year]
        np.testing.assert_allclose(row, of_day + of_year + products, atol=1e-12)


def test_with_clock_tells_the_time_of_every_reading():
    w = forecaster.windows(hour_index(500, pd.Timestamp("2015-12-20")), time_steps=30)
    inputs = np.arange(len(w) * 60, dtype=np.float32).reshape(len(w), 30, 2)
    found = forecaster.with_clock(inputs, w)
    assert (found.shape, found.dtype) == ((len(w), 30, 6), np.float32)
    np.testing.assert_array_equal(found[..., :2], inputs)
    for row, newest in zip(found[::37], w.times[::37], strict=True):
        for lag in (0, 1, 7, 29):
            time = newest - lag * HOUR
            day = 2 * np.pi * time.hour / 24
            year = 2 * np.pi * (time.day_of_year + time.hour / 24) / 365.25
            expected = [np.sin(day), np.cos(day), np.sin(year), np.cos(year)]
            np.testing.assert_allclose(row[-1 - lag, 2:], expected, atol=1e-6)
    with pytest.raises(ValueError, match=f"expected inputs of {len(w)} windows, got 3"):
        forecaster.with_clock(inputs[:3], w)


# Errors.


def test_errors_against_numbers_by_hand():
    times = pd.date_range(START, periods=2, freq="h")
    inputs = np.array([[[0.0, 10.0]], [[1.0, 20.0]]])
    future = np.array([[3.0, 10.0], [1.0, 26.0]])  # changes 3 and 0, 0 and 6
    w = forecaster.Windows((inputs,), future, times, 1)
    found = forecaster.errors(np.array([[0, 1], [4, 5]]), w)  # wrong by -3 and 4, 1 and -1
    assert found.to_dict() == {
        "MAE": {"temp": 3.5, "dewp": 1.0},
        "RMSE": {"temp": 12.5**0.5, "dewp": 1.0},
    }


def test_errors_of_a_perfect_forecast_are_zero_for_every_feature():
    w = forecaster.windows(random_frame(50))
    found = forecaster.errors(w.change, w)
    assert tuple(found.index) == weather.FEATURES
    assert (found == 0).all(axis=None)


@pytest.mark.parametrize("shape", [(21,), (20, F), (21, F - 1), (21, 1)])
def test_errors_refuses_another_shape(shape):
    w = forecaster.windows(hour_index(50))
    with pytest.raises(ValueError, match=r"expected a forecast of shape \(21, 7\), got \("):
        forecaster.errors(np.zeros(shape), w)


# The model.


def test_the_model_of_the_course():
    model = models.build_model(24, 7, 32)
    H = 32
    assert [a.shape for a in model.get_weights()] == [
        (7, 4 * H),
        (H, 4 * H),
        (4 * H,),
        (H, 7),
        (7,),
    ]
    assert (model.input_shape, model.output_shape) == ((None, 24, 7), (None, 7))
    lstm, dense = model.layers
    assert (type(lstm), type(dense)) == (keras.layers.LSTM, keras.layers.Dense)
    assert dense.activation is keras.activations.linear


def test_shapes_do_not_hold_time_steps():
    shapes = {
        tuple(a.shape for a in models.build_model(hours, 3, 5).get_weights())
        for hours in (6, 24, 120)
    }
    assert shapes == {((3, 20), (5, 20), (20,), (5, 3), (3,))}


def test_predict_scales_inputs_and_unscales_the_change():
    """Also where one block ends and the next begins, and for a set of several blocks."""
    w = forecaster.windows(random_frame(8192 + 20), time_steps=2)
    scaler = forecaster.Scaler(np.full(F, 10.0), np.full(F, 3.0), np.arange(1.0, F + 1))
    model = models.build_model(2, F, 4)
    found = models.predict(model, w, scaler)
    assert found.shape == w.future.shape
    assert found.dtype == float
    ends = [*range(3), *range(8190, 8195), len(w) - 1]
    outputs = np.asarray(model(((w.inputs[ends] - 10) / 3).astype(np.float32)))
    np.testing.assert_allclose(found[ends], outputs * np.arange(1, F + 1), atol=1e-5)


class Recorder:
    """Stands for a model: keeps what compile and fit were given."""

    def compile(self, **options):
        self.compiled = options

    def fit(self, inputs, targets, **options):
        self.fitted = options


def test_train_is_as_the_course_says():
    model = Recorder()
    windows, validation = models.BATCH_SIZE * 3 + 1, ("x", "y")
    models.train(
        model, np.zeros((windows, 2, 1)), np.zeros((windows, 1)), validation_data=validation
    )
    rate = model.compiled["optimizer"]._learning_rate
    assert isinstance(model.compiled["optimizer"], keras.optimizers.Adam)
    assert (model.compiled["loss"], model.compiled["jit_compile"]) == ("mae", True)
    steps = models.EPOCHS * 4
    assert float(rate(0)) == pytest.approx(models.LEARNING_RATE)
    assert float(rate(steps / 2)) == pytest.approx(models.LEARNING_RATE / 2)
    assert float(rate(steps)) == pytest.approx(0, abs=1e-9)
    assert model.fitted == {
        "epochs": models.EPOCHS,
        "batch_size": models.BATCH_SIZE,
        "verbose": 0,
        "validation_data": validation,
    }


def test_one_line_an_epoch_without_times(capsys):
    report = models.print_epochs()
    report.on_epoch_end(0, {"loss": 0.12345, "val_loss": 0.5, "lr": 1.0})
    report.on_epoch_end(1, {"loss": 0.1})
    assert capsys.readouterr().out == (
        "epoch 1: training loss 0.123, validation loss 0.500\nepoch 2: training loss 0.100\n"
    )


def test_stored_models_come_back(tmp_path):
    model = models.build_model(24, 7, 3)
    names = ("trained_6h_seed0", "trained_1h_seed2", "untrained_seed1", "shuffled_24h_seed0")
    stored = {
        f"{name}/{n}": array + place
        for place, name in enumerate(names)
        for n, array in enumerate(model.get_weights())
    }
    np.savez(tmp_path / "weather_models.npz", **stored)
    asked = ((6, 0, "trained"), (1, 2, "trained"), (6, 1, "untrained"), (24, 0, "shuffled"))
    for place, (horizon, seed, kind) in enumerate(asked):
        arrays = models.load_model_arrays(tmp_path, horizon, seed, kind)
        loaded = models.load_model(tmp_path, horizon, seed, kind).get_weights()
        for a, b, original in zip(arrays, loaded, model.get_weights(), strict=True):
            np.testing.assert_array_equal(a, original + place, strict=True)
            np.testing.assert_array_equal(b, original + place, strict=True)
    message = "expected one of shuffled_24h_seed0, .*, got trained_24h_seed0"
    with pytest.raises(ValueError, match=message):
        models.load_model(tmp_path, 24, seed=0)


def test_scaler_refuses_what_it_cannot_scale_by():
    hours = pd.date_range("2014-01-01", periods=9, freq="h")
    frame = pd.DataFrame({"a": np.arange(9.0) ** 2, "b": 1.0}, index=hours)
    with pytest.raises(
        ValueError, match=r"expected features that vary, got constant columns \[1\]"
    ):
        forecaster.Scaler.fit(forecaster.windows(frame, 2, 1))
    with pytest.raises(ValueError, match="expected at least one window"):
        forecaster.Scaler.fit(forecaster.windows(frame, 20, 1))


def test_rules_know_a_step_that_is_no_hour():
    """Once half hours were taken for hours, without a word."""
    times = pd.date_range("2014-01-01", periods=2 * 24 * 366, freq="30min")
    frame = pd.DataFrame({"hour": times.hour.astype(float)}, times)
    w = forecaster.windows(frame, 24, 12, step=pd.Timedelta("30min"))
    assert w.target_times[0] == times[23 + 12]
    np.testing.assert_allclose(baselines.Climatology.fit(w).table[:, :, 0], [range(24)] * 12)
    clock = forecaster.with_clock(w.inputs, w)[0]
    turned = np.diff(np.unwrap(np.arctan2(clock[:, 1], clock[:, 2])))
    np.testing.assert_allclose(turned, 2 * np.pi / 48)
    with pytest.raises(ValueError, match=r"^expected hourly windows, got steps of 0 days 00:30"):
        baselines.same_hour_yesterday(w)
    with pytest.raises(ValueError, match=r"^expected windows of one step, got 0 days 00:30.*01:00"):
        forecaster.join([w, forecaster.windows(frame[::2], 24, 12)])


# The same training on another machine.


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda change: change * [1, 1.3], r"correlate with 1\.000"),
        (lambda change: np.add(change, [0, 1.0]), "differ by up to"),
        (lambda change: change[::-1], r"correlate with -?0\.\d+ \("),
        (lambda change: change * [1, np.nan], r"differ by up to inf% \(dewp;"),
        (lambda change: change * np.nan, "differ by up to inf%"),
        (lambda change: 0 * change, r"correlate with -1\.000"),
    ],
    ids=["scaled", "shifted", "of other windows", "nan", "all nan", "always the same"],
)
def test_what_is_not_alike(spoil, said):
    w = forecaster.windows(random_frame(400).iloc[:, :2])
    rng = np.random.default_rng(0)
    stored = w.change + rng.normal(size=w.change.shape)
    forecaster.assert_alike(stored + 0.01 * rng.normal(size=stored.shape), stored, w)
    with pytest.raises(AssertionError, match=said):
        forecaster.assert_alike(spoil(stored), stored, w)
