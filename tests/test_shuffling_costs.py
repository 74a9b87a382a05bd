"""The table of what shuffling each hour costs is complete, and a row comes out again."""

import numpy as np
import pandas as pd
import pytest
from common import DATA, load_script

import lstm_helpers as lh
from lstm_helpers.course import forecaster, weather

with lh.quiet():
    script = load_script(DATA / "make_shuffling_costs.py")

TABLE = pd.read_csv(DATA / "shuffling_costs.csv")
READINGS = pd.read_csv(DATA / "reading_costs.csv")


def test_there_is_a_row_for_each_network_and_station():
    rows = [tuple(row) for row in TABLE[["horizon", "station", "seed"]].to_numpy()]
    stations = ("changping", "gucheng")
    assert rows == [(h, s, n) for h in (1, 6, 24) for s in stations for n in range(5)]
    lags = [str(lag) for lag in range(24)] + ["2-7", "8-13", "14-19", "20-23"]
    assert list(TABLE)[3:] == lags == list(script.TOGETHER)
    assert TABLE[lags].notna().all(axis=None)
    for name, together in list(script.TOGETHER.items())[24:]:
        first, last = map(int, name.split("-"))
        assert together == list(range(first, last + 1))


def test_no_sample_of_windows_misses_hours_of_the_day():
    assert all(np.gcd(every, 24) == 1 for every in (*script.EVERY.values(), script.EVERY_READING))


def test_there_is_a_cost_of_each_reading_at_each_lag():
    keys = [tuple(row) for row in READINGS[["horizon", "seed"]].to_numpy()]
    assert keys == [(horizon, seed) for horizon in (1, 6, 24) for seed in range(5)]
    names = [f"{name} {lag}" for lag in range(24) for name in weather.FEATURES]
    assert list(READINGS)[2:] == names == list(script.PLACES)
    assert READINGS.notna().all(axis=None)
    window = np.arange(24 * 7).reshape(24, 7)  # the oldest hour first
    for name, place in script.PLACES.items():
        feature, lag = name.split()
        assert place == window[23 - int(lag), list(weather.FEATURES).index(feature)]


@pytest.mark.parametrize(("horizon", "station"), [(1, "changping"), (24, "gucheng")])
def test_a_row_comes_out_again(horizon, station):
    data = forecaster.load_data(DATA, horizon=horizon)
    again = script.costs(data, horizon, station, seed=3)
    asked = (TABLE["horizon"] == horizon) & (TABLE["station"] == station) & (TABLE["seed"] == 3)
    (row,) = TABLE[asked].to_dict("records")
    assert again == {name: pytest.approx(value, abs=2e-4) for name, value in row.items()}


def test_rows_at_6_hours_are_of_all_windows_of_the_year():
    """Every lag again would take long: the newest one, and six together, with the same shuffles."""
    data = forecaster.load_data(DATA, horizon=6)
    few = {name: script.TOGETHER[name] for name in ("0", "14-19")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "TOGETHER", few)
        again = script.costs(data, 6, "changping", seed=1)
    (row,) = TABLE.query("horizon == 6 and station == 'changping' and seed == 1").to_dict("records")
    assert script.EVERY[6] == 1
    assert [again[name] for name in few] == pytest.approx([row[name] for name in few], abs=2e-4)


@pytest.mark.parametrize(("horizon", "seed"), [(1, 4), (24, 0)])
def test_costs_of_single_readings_come_out_again(horizon, seed):
    """Every reading again would take long: the temperature and the rain, new and of yesterday."""
    data = forecaster.load_data(DATA, horizon=horizon)
    few = {name: script.PLACES[name] for name in ("temp 0", "rain 0", "temp 17", "dewp 23")}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(script, "PLACES", few)
        again = script.costs_of_readings(data, horizon, seed)
    (row,) = READINGS.query(f"horizon == {horizon} and seed == {seed}").to_dict("records")
    assert [again[name] for name in few] == pytest.approx([row[name] for name in few], abs=2e-4)
