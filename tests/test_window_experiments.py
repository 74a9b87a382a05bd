"""The retrainings in data/ are what their card says, and one row comes out again."""

import json

import numpy as np
import pandas as pd
import pytest
from common import DATA, load_script

import lstm_helpers as lh
from lstm_helpers.course import forecaster, models, weather

CARD = json.loads((DATA / "window_experiments.json").read_text(encoding="utf-8"))
STATIONS = (*forecaster.TRAINING_STATIONS, forecaster.UNSEEN_STATION)


with lh.quiet():
    script = load_script(DATA / "make_window_experiments.py")


def row_of(**asked):
    (row,) = (row for row in CARD["rows"] if asked.items() <= row.items())
    return row


@pytest.fixture(scope="module")
def data():
    return {lead: forecaster.load_data(DATA, horizon=lead) for lead in (1, 6)}


def test_the_card_says_what_the_script_does():
    now = script.card()
    assert CARD.keys() == now.keys()
    same = CARD.keys() - {"versions", "rows"}
    assert {name: CARD[name] for name in same} == {name: now[name] for name in same}
    assert all(CARD["versions"].values())


def test_every_training_of_the_plan_has_one_row():
    plan = script.jobs()
    assert len(plan) == len(CARD["rows"])
    for job in plan:
        row = row_of(**job)
        assert row.keys() - job.keys() == {"validation", "test"}
        for part in ("validation", "test"):
            assert tuple(sorted(row[part])) == tuple(sorted(STATIONS))
            assert all(0.4 < error < 5 for error in row[part].values())


def ramp(hours=60):
    """Windows whose readings say how many hours old they are: 0 the newest."""
    index = pd.date_range("2015-01-01", periods=hours, freq="h")
    frame = pd.DataFrame(0.0, index, weather.FEATURES)
    w = forecaster.windows(frame)
    ages = np.arange(24.0)[::-1]
    inputs = np.broadcast_to(ages[None, :, None], w.inputs.shape)
    return forecaster.Windows((inputs,), w.future, w.times, w.horizon)


def test_what_the_network_is_shown():
    class Plain:
        def scale(self, values):
            return values.astype(np.float32) + 1  # so that a blank, 0, is no reading

    w = ramp()
    whole = script.shown(w, Plain())
    np.testing.assert_array_equal(whole[0, :, 0], np.arange(24)[::-1] + 1)
    np.testing.assert_array_equal(script.shown(w, Plain(), newest=3)[0, :, 0], [3, 2, 1])
    blanked = script.shown(w, Plain(), without=[14, 19])
    assert np.flatnonzero(~blanked[0, :, 0].astype(bool)[::-1]).tolist() == [14, 15, 16, 17, 18, 19]
    np.testing.assert_array_equal(blanked[:, -14:], whole[:, -14:])
    np.testing.assert_array_equal(blanked[:, :4], whole[:, :4])
    timed = script.shown(w, Plain(), clock=True)
    assert timed.shape == (*whole.shape[:2], len(weather.FEATURES) + 4)
    np.testing.assert_array_equal(timed[..., : len(weather.FEATURES)], whole)


def test_one_row_comes_out_again(data):
    """The quickest: the newest hour alone."""
    row = row_of(horizon=1, seed=0, newest=1)
    again, model = script.run(1, 0, data[1], newest=1)
    assert again.keys() == row.keys()
    assert model.input_shape == (None, 1, len(weather.FEATURES))
    for part in ("validation", "test"):
        assert again[part] == pytest.approx(row[part], abs=1e-3)


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_table_of_all_networks(part):
    table = models.load_window_experiments(DATA, part)
    assert len(table) == len(CARD["rows"]) + 10
    assert table.index.is_unique
    names = {"newest 3": {"newest": 3}, "without lags 14 to 19": {"without": [14, 19]}}
    for shown, asked in (names | {"with the clock": {"clock": True}}).items():
        row = row_of(horizon=6, seed=3, **asked)[part]
        mean = (row["changping"] + row["huairou"] + row["shunyi"]) / 3
        assert table.loc[6, shown, 3].to_dict() == pytest.approx(
            {"training": mean, "unseen": row["gucheng"]}
        )
    course = json.loads((DATA / "weather_models.json").read_text(encoding="utf-8"))["models"]
    whole = course["trained_1h_seed4"][part]["gucheng"]["MAE"]["temp"]
    assert table.loc[(1, "newest 24", 4), "unseen"] == whole


@pytest.mark.parametrize("seed", range(5))
def test_the_stored_models_with_the_clock_make_the_errors_of_their_rows(data, seed):
    row = row_of(horizon=6, seed=seed, clock=True)
    model = models.load_model(DATA, seed=seed, kind="clock")
    scaler = data[6].scaler
    for part in ("validation", "test"):
        for station in STATIONS:
            w = data[6].parts[part][station]
            change = models.predict(model, w, scaler, script.shown(w, scaler, clock=True))
            error = forecaster.errors(change, w).loc["temp", "MAE"]
            assert error == pytest.approx(row[part][station], abs=3e-4)
