"""The forget-bias experiments in data/ are what their card says, and one row comes out again."""

import json

import numpy as np
import pytest
from common import DATA, load_script

import lstm_helpers as lh
from lstm_helpers.course import forecaster, models, tasks

CARD = json.loads((DATA / "forget_bias_experiments.json").read_text(encoding="utf-8"))


with lh.quiet():
    script = load_script(DATA / "make_experiments.py")
    import keras


def keys(rows, *names):
    return [tuple(row[name] for name in names) for row in rows]


def test_the_card_says_what_the_script_does():
    now = script.card()
    assert CARD.keys() == now.keys()
    same = CARD.keys() - {"versions", "rows", "weather_rows"}
    assert {name: CARD[name] for name in same} == {name: now[name] for name in same}
    assert CARD["versions"].keys() == now["versions"].keys()
    assert all(CARD["versions"].values())


def test_every_cell_of_the_grid_has_one_row():
    settings = CARD["settings"]
    wanted = {
        (task, bias, rate, seed)
        for task in ("remember", "adding")
        for bias in (0, 1, 3, 5, "chrono")
        for rate in (3e-3, 1e-2)
        for seed in range(5)
    }
    found = keys(CARD["rows"], "task", "bias", "learning_rate", "seed")
    assert len(found) == len(wanted) == 100
    assert set(found) == wanted
    assert settings["tasks"]["remember"] == {"steps": 600, "variance": tasks.REMEMBER_VARIANCE}
    assert settings["tasks"]["adding"] == {"steps": 800, "variance": tasks.ADDING_VARIANCE}
    found = keys(CARD["weather_rows"], "bias", "seed")
    assert len(found) == 15
    assert set(found) == {(bias, seed) for bias in (0, 1, 3, 5, "chrono") for seed in range(3)}


def test_each_outcome_follows_from_its_error():
    for row in CARD["rows"]:
        part = row["mse"] / CARD["settings"]["tasks"][row["task"]]["variance"]
        word = "solved" if part < 0.5 else "unsolved" if part > 0.9 else "between"
        assert row["outcome"] == word
        assert 0 < part < 1.2


@pytest.mark.parametrize(
    ("error", "word"),
    [(0.49, "solved"), (0.5, "between"), (0.9, "between"), (0.91, "unsolved"), (9, "unsolved")],
)
def test_bounds_of_solved_and_unsolved(error, word):
    assert script.outcome(2 * error, 2) == word


def test_the_script_starts_the_layer_as_asked_with_the_kernels_of_its_seed():
    def start(bias):
        keras.utils.set_random_seed(3)
        initializer = script.forget_bias(bias, 100, 3)
        layer = keras.layers.LSTM(32, bias_initializer=initializer, unit_forget_bias=False)
        layer.build((None, 100, 1))
        return lh.gate_weights(layer)

    fixed, chrono = start(5), start("chrono")
    assert set(fixed.bias.f.tolist()) == {5}
    assert 0 < chrono.bias.f.min() < 3
    assert 4 < chrono.bias.f.max() < np.log(99)
    np.testing.assert_array_equal(chrono.bias.i, -chrono.bias.f)
    for one, other in zip(fixed.kernel, chrono.kernel, strict=True):
        np.testing.assert_array_equal(one, other)


def test_one_row_comes_out_again():
    """The errors of another machine may differ; what is counted must not, in a clear case."""
    for bias, word in ((5, "solved"), (1, "unsolved")):
        asked = {"task": "remember", "bias": bias, "learning_rate": 3e-3, "seed": 0}
        (row,) = (row for row in CARD["rows"] if asked.items() <= row.items())
        again = script.run_task(**asked)
        assert again.keys() == row.keys()
        assert row["outcome"] == again["outcome"] == word


def test_drifts_of_the_forecaster_are_those_of_its_biases():
    for row in CARD["weather_rows"]:
        before, after = np.array(row["before"]), np.array(row["after"])
        assert before.shape == after.shape == (32,)
        moved = after - before
        for name, value in (("mean", moved.mean()), ("min", moved.min()), ("max", moved.max())):
            assert row["drift"][name] == pytest.approx(value, abs=2e-3)
        if row["bias"] == "chrono":
            assert 0 < before.min() < before.max() < np.log(23)
        else:
            assert set(before) == {row["bias"]}


def test_from_bias_1_the_forecaster_is_the_course_s_own():
    """Nothing is trained: the errors and the biases of the models that ``make model`` left."""
    card = json.loads((DATA / "weather_models.json").read_text(encoding="utf-8"))
    rows = [row for row in CARD["weather_rows"] if row["bias"] == 1]
    assert len(rows) == 3
    for row in rows:
        found = card["models"][f"trained_6h_seed{row['seed']}"]["validation"]
        errors = [found[station]["MAE"]["temp"] for station in forecaster.TRAINING_STATIONS]
        assert row["mae"] == pytest.approx(np.mean(errors), abs=3e-4)
        arrays = models.load_model_arrays(DATA, seed=row["seed"])
        learned = lh.LSTMWeights.from_arrays(arrays[:3]).bias.f
        np.testing.assert_allclose(row["after"], learned, atol=2e-3)
