"""The retrainings in data/ are what their card says, and some rows come out again."""

import json

import numpy as np
import pandas as pd
import pytest
from common import DATA, load_script

import lstm_helpers as lh
from lstm_helpers.course import forecaster, models, weather

CARD = json.loads((DATA / "window_experiments.json").read_text(encoding="utf-8"))
STATIONS = (*forecaster.TRAINING_STATIONS, forecaster.UNSEEN_STATION)
ERRORS = [f"{part} {station}" for part in ("validation", "test") for station in STATIONS]
SETTINGS = {"newest": 24, "without": "", "features": "", "clock": False}


with lh.quiet():
    script = load_script(DATA / "make_window_experiments.py")

ROWS = script.read()


def row_of(**asked):
    (row,) = (row for row in ROWS if (SETTINGS | asked).items() <= row.items())
    return row


@pytest.fixture(scope="module")
def data():
    return {lead: forecaster.load_data(DATA, horizon=lead) for lead in (1, 6, 24)}


def test_the_card_says_what_the_script_does():
    now = script.card(CARD["named"])
    assert CARD.keys() == now.keys()
    same = CARD.keys() - {"versions"}
    assert {name: CARD[name] for name in same} == {name: now[name] for name in same}
    assert all(CARD["versions"].values())


def test_every_training_of_the_plan_has_one_row():
    plan = script.plan(CARD["named"])
    assert [{name: row[name] for name in script.JOB} for row in ROWS] == plan
    assert len({tuple(job.values()) for job in plan}) == len(plan)
    for row in ROWS:
        assert list(row) == script.JOB + ERRORS
        assert all(0.4 < row[name] < 5 for name in ERRORS)


def test_the_lags_that_each_method_names_come_out_again(data):
    """The closest two of one method are 0.0001 °C apart, machines differ by a hundredth of it."""
    assert script.rank_lags(data[6]) == CARD["named"] == models.load_named_lags(DATA)
    assert tuple(CARD["named"]) == script.METHODS


@pytest.mark.parametrize(
    ("count", "random"),
    [
        (1, ["18", "1"]),
        (3, ["4 18 21", "1 7 21"]),
        (6, ["2 4 10 11 18 21", "1 7 16 17 21 23"]),
        (12, ["2 3 4 6 8 10 11 18 20 21 22 23", "1 2 7 11 12 15 16 17 20 21 22 23"]),
    ],
)
def test_what_a_method_names_first_is_blanked(count, random):
    """As many as asked for, in five networks, and other random ones for each seed."""
    asked = {(row["seed"], row["without"]) for row in script.plan(CARD["named"])}
    for order in CARD["named"].values():
        lags = " ".join(map(str, sorted(order[:count])))
        assert {(seed, lags) for seed in range(5)} <= asked
    assert {(0, random[0]), (1, random[1])} <= asked
    assert (1, random[0]) not in asked


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("seed", range(5))
def test_the_more_of_an_order_is_blanked_the_more_is_lost(part, seed):
    """The first 3 lags of an order are among its first 6. Random ones may be of no use."""
    for method, order in CARD["named"].items():
        errors = []
        for count in (3, 6, 12):
            lags = " ".join(map(str, sorted(order[:count])))
            row = row_of(horizon=6, seed=seed, without=lags)
            errors.append([row[f"{part} {station}"] for station in STATIONS])
        assert (np.diff(errors, axis=0) > 0).all(), method


def lost_anew(count, part="validation"):
    """By how much networks without the first lags of each order are worse, by seed, and random."""
    table = models.load_window_experiments(DATA, part)["training"]
    random = [np.random.default_rng(seed).permutation(24).tolist() for seed in range(5)]
    orders = {name: [order] * 5 for name, order in CARD["named"].items()} | {"random": random}
    return {
        name: [
            table[6, models.without(order[:count]), seed] - table[6, "newest 24", seed]
            for seed, order in enumerate(five)
        ]
        for name, five in orders.items()
    }


def apart(found):
    """Pairs of orders, the first above the second: their ranges over the seeds do not overlap."""
    return {(a, b) for a in found for b in found if min(found[a]) > max(found[b])}


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize("count", [1, 3, 6, 12])
def test_new_networks_tell_methods_from_chance_if_more_than_one_lag_is_blanked(count, part):
    chance = {(name, "random") for name in CARD["named"]}
    assert (chance <= apart(lost_anew(count, part))) == (count > 1)


def test_new_networks_tell_two_methods_from_the_others():
    """What notebook 07 says of them, on the validation year."""
    month, slope = "permutation, same month", "gradient"
    others = set(CARD["named"]) - {month, slope}
    found = {count: lost_anew(count) for count in (1, 3, 6, 12)}
    pairs = {count: apart(found[count]) for count in found}
    assert not any({(a, b) for a in others for b in others} & pairs[count] for count in found)
    assert found[6][month] == found[6][slope]
    assert {(first, other) for first in (month, slope) for other in others} <= pairs[6]
    assert {(month, other) for other in {*others, slope}} <= pairs[12]
    assert (slope, "permutation") in pairs[12]
    assert not {(slope, other) for other in others} <= pairs[12]


def ramp(hours=60):
    """Windows whose readings say how many hours old they are: 0 the newest."""
    index = pd.date_range("2015-01-01", periods=hours, freq="h")
    frame = pd.DataFrame(0.0, index, weather.FEATURES)
    w = forecaster.windows(frame)
    ages = np.arange(24.0)[::-1]
    inputs = np.broadcast_to(ages[None, :, None], w.inputs.shape)
    return forecaster.Windows((inputs,), w.future, w.times, w.horizon)


class Plain:
    """A scaler of which a blank, 0, is no reading."""

    def scale(self, values):
        return values.astype(np.float32) + 1


def test_what_the_network_is_shown():
    w = ramp()
    whole = script.shown(w, Plain())
    np.testing.assert_array_equal(whole[0, :, 0], np.arange(24)[::-1] + 1)
    np.testing.assert_array_equal(script.shown(w, Plain(), newest=3)[0, :, 0], [3, 2, 1])
    blanked = script.shown(w, Plain(), without="14 15 19")
    assert np.flatnonzero(~blanked[0, :, 0].astype(bool)[::-1]).tolist() == [14, 15, 19]
    assert (blanked[:, [8, 9, 4]] == 0).all()
    kept = [n for n in range(24) if n not in (8, 9, 4)]
    np.testing.assert_array_equal(blanked[:, kept], whole[:, kept])
    timed = script.shown(w, Plain(), clock=True)
    assert timed.shape == (*whole.shape[:2], len(weather.FEATURES) + 4)
    np.testing.assert_array_equal(timed[..., : len(weather.FEATURES)], whole)


def test_some_features_are_blanked_and_the_clock_never():
    w = ramp()
    whole = script.shown(w, Plain())
    part = script.shown(w, Plain(), without="17", features="dewp rain")
    zeros = np.argwhere(part[5] == 0).tolist()
    assert zeros == [[6, weather.FEATURES.index(name)] for name in ("dewp", "rain")]
    assert (part != whole).sum() == 2 * len(w)
    timed = script.shown(w, Plain(), without="17", clock=True)
    clock = script.shown(w, Plain(), clock=True)[..., len(weather.FEATURES) :]
    assert (timed[:, 6, : len(weather.FEATURES)] == 0).all()
    np.testing.assert_array_equal(timed[..., len(weather.FEATURES) :], clock)


@pytest.mark.parametrize("horizon", [1, 24])
def test_a_row_comes_out_again(data, horizon):
    """The quickest: the newest hour alone."""
    row = row_of(horizon=horizon, seed=0, newest=1)
    again, model = script.run(horizon, 0, data[horizon], **SETTINGS | {"newest": 1})
    assert again.keys() == row.keys()
    assert model.input_shape == (None, 1, len(weather.FEATURES))
    assert [again[name] for name in ERRORS] == pytest.approx(
        [row[name] for name in ERRORS], abs=1e-3
    )


@pytest.mark.parametrize("part", ["validation", "test"])
def test_the_table_of_all_networks(part):
    table = models.load_window_experiments(DATA, part)
    assert len(table) == len(ROWS) + 15
    assert table.index.is_unique
    yesterday = {"without": "14 15 16 17 18 19"}
    others = "dewp, pres, wspm, u, v, rain"
    names = {
        "newest 3": {"newest": 3},
        "newest 48": {"newest": 48},
        "with the clock": {"clock": True},
        "without lag 4": {"without": "4"},
        "without lags 14 to 19": yesterday,
        "with the clock, without lags 14 to 19": yesterday | {"clock": True},
        "without temp at lags 14 to 19": yesterday | {"features": "temp"},
        f"without {others} at lags 14 to 19": yesterday | {"features": others.replace(",", "")},
        "without lags 0, 1, 2, 17, 18, 23": {"without": "0 1 2 17 18 23"},
    }
    for shown, asked in names.items():
        row = row_of(horizon=6, seed=0, **asked)
        errors = [row[f"{part} {station}"] for station in STATIONS]
        assert table.loc[6, shown, 0].to_dict() == pytest.approx(
            {"training": np.mean(errors[:3]), "unseen": errors[3]}
        )
    course = json.loads((DATA / "weather_models.json").read_text(encoding="utf-8"))["models"]
    for horizon in (1, 6, 24):
        whole = course[f"trained_{horizon}h_seed4"][part]["gucheng"]["MAE"]["temp"]
        assert table.loc[(horizon, "newest 24", 4), "unseen"] == whole


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
            assert error == pytest.approx(row[f"{part} {station}"], abs=3e-4)


def test_two_days_and_one_are_compared_on_nearly_the_same_windows(data):
    """The first 24 windows of a stretch have no second day; without them errors are the same."""
    two_days = forecaster.load_data(DATA, 48).parts["validation"]
    for seed in (0, 1):
        net = models.load_readout(DATA, data[6].scaler, 6, seed)
        for station in STATIONS:
            w = data[6].parts["validation"][station]
            assert len(w) - len(two_days[station]) == 24 * len(w.stretches)
            off = np.abs(net.forward(data[6].scaled("validation", station)) - w.change[:, 0])
            both = w.times.isin(two_days[station].times)
            assert both.sum() == len(two_days[station])
            assert abs(off.mean() - off[both].mean()) < 0.004
