"""The models in data/ are what their card says: every number again, and one training again."""

import hashlib
import json
import re
import zipfile

import numpy as np
import pytest
from common import DATA

import lstm_helpers as lh
from lstm_helpers.course import baselines, forecaster, models, weather

with lh.quiet():
    import keras

CARD = json.loads((DATA / "weather_models.json").read_text(encoding="utf-8"))
LEADS = (1, 6, 24)
PARTS = ("validation", "test")


@pytest.fixture(scope="module")
def data():
    return {lead: forecaster.load_data(DATA, horizon=lead) for lead in LEADS}


@pytest.fixture(scope="module")
def windows(data):
    return {lead: found.parts for lead, found in data.items()}


@pytest.fixture(scope="module")
def scalers(data):
    return {lead: found.scaler for lead, found in data.items()}


def predict_in_numpy(arrays, w, scaler):
    """What models.predict gives, ten times faster: 360 forecasts of a year are made here."""
    *lstm, head, bias = arrays
    weights = lh.LSTMWeights.from_arrays(lstm)
    hidden = lh.replay(weights, scaler.scale(w.inputs)).hidden[:, -1]
    return scaler.unscale_change(hidden @ head + bias)


def assert_errors(found, card):
    """Four decimals, and a little for another machine's last bits."""
    for measure in ("MAE", "RMSE"):
        np.testing.assert_allclose(found[measure], list(card[measure].values()), atol=1.5e-4)
        assert list(found.index) == list(card[measure])


def test_card_names_the_data_the_settings_and_the_units():
    for name, checksum in CARD["data"].items():
        assert hashlib.sha256((DATA / name).read_bytes()).hexdigest() == checksum
    assert len(CARD["data"]) == 4
    assert {p: tuple(y) for p, y in CARD["years"].items()} == forecaster.YEARS
    assert CARD["features"] == {name: weather.UNITS[name] for name in weather.FEATURES}
    settings = CARD["settings"]
    assert settings["epochs"] == models.EPOCHS
    assert settings["time_steps"] == forecaster.TIME_STEPS
    assert settings["batch_size"] == models.BATCH_SIZE
    assert settings["learning_rate"] == models.LEARNING_RATE
    assert len(CARD["models"]) == 3 * 5 * 3


@pytest.mark.parametrize("lead", LEADS)
def test_scaling_is_that_of_the_training_years(lead, scalers):
    for name, values in CARD["scalers"][f"{lead}h"].items():
        np.testing.assert_allclose(getattr(scalers[lead], name), values, rtol=1e-12)


@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("kind", ["trained", "untrained", "shuffled"])
def test_every_error_of_the_models(lead, kind, windows, scalers):
    for seed in range(5):
        arrays = models.load_model_arrays(DATA, lead, seed, kind)
        card = CARD["models"][f"{kind}_{lead}h_seed{seed}"]
        for part in PARTS:
            for station, w in windows[lead][part].items():
                change = predict_in_numpy(arrays, w, scalers[lead])
                assert_errors(forecaster.errors(change, w), card[part][station])


@pytest.mark.parametrize("lead", LEADS)
def test_every_error_of_the_baselines(lead, data, windows, scalers):
    known = data[lead].joined("training")
    rules = {
        "persistence": baselines.persistence,
        "same hour yesterday": baselines.same_hour_yesterday,
        "climatology": baselines.Climatology.fit(known),
        "ridge": baselines.Ridge.fit(known, scalers[lead]),
        "ridge with clock": baselines.Ridge.fit(known, scalers[lead], clock=True),
    }
    for name, rule in rules.items():
        for part in PARTS:
            for station, w in windows[lead][part].items():
                card = CARD["baselines"][f"{name}_{lead}h"][part][station]
                assert_errors(forecaster.errors(rule(w), w), card)


def test_reference_is_the_best_seed_on_validation_and_the_saved_model():
    def validation_error(seed):
        card = CARD["models"][f"trained_6h_seed{seed}"]["validation"]
        return np.mean([card[s]["MAE"]["temp"] for s in forecaster.TRAINING_STATIONS])

    assert min(range(5), key=validation_error) == forecaster.REFERENCE_SEED
    assert CARD["reference"] == f"trained_6h_seed{forecaster.REFERENCE_SEED}"
    saved = keras.models.load_model(DATA / "weather_lstm.keras", compile=False)
    stored = models.load_model_arrays(DATA)
    for one, other in zip(saved.get_weights(), stored, strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_saved_model_asks_for_nothing_that_only_a_new_keras_has():
    """Keras 3.8 to 3.14 open no model with a setting that they don't know."""
    with zipfile.ZipFile(DATA / "weather_lstm.keras") as archive:
        config = archive.read("config.json").decode()
    assert '"unit_forget_bias": true' in config
    assert re.findall("input_axes|output_axes|quantization_config", config) == []


def test_training_again_gives_a_network_as_good_and_alike(data, windows, scalers):
    """Not the same weights: without FMA, and on arm64, some end up 0.2 away (tests/README.md)."""
    known, scaler = data[6].joined("training"), scalers[6]
    keras.utils.set_random_seed(forecaster.REFERENCE_SEED)
    model = models.build_model(forecaster.TIME_STEPS, len(weather.FEATURES))
    models.train(model, scaler.scale(known.inputs), scaler.scale_change(known.change))
    stored = models.load_model_arrays(DATA)
    for w in windows[6]["validation"].values():
        again = models.predict(model, w, scaler)
        forecaster.assert_alike(again, predict_in_numpy(stored, w, scaler), w)


@pytest.mark.parametrize("seed", [0, 1, 3, 4])
def test_another_seed_is_not_alike(seed, windows, scalers):
    """So that the test above can fail."""
    for w in windows[6]["validation"].values():
        other, stored = (
            predict_in_numpy(models.load_model_arrays(DATA, seed=s), w, scalers[6])
            for s in (seed, forecaster.REFERENCE_SEED)
        )
        forecaster.assert_alike(stored, stored, w)
        with pytest.raises(AssertionError, match="is not like the stored one"):
            forecaster.assert_alike(other, stored, w)


def test_controls_are_what_they_are_called():
    def temperature(name):
        return CARD["models"][name]["validation"]["changping"]["MAE"]["temp"]

    for seed in range(5):
        trained, untrained, shuffled = (
            temperature(f"{kind}_6h_seed{seed}") for kind in ("trained", "untrained", "shuffled")
        )
        persistence = CARD["baselines"]["persistence_6h"]["validation"]["changping"]["MAE"]["temp"]
        assert trained < 0.5 * persistence
        assert untrained > 0.9 * persistence
        assert abs(shuffled - persistence) < 0.1 * persistence


def test_loaded_model_predicts_what_its_arrays_do(windows, scalers):
    w = windows[6]["validation"]["gucheng"]
    change = models.predict(models.load_model(DATA), w, scalers[6])
    in_numpy = predict_in_numpy(models.load_model_arrays(DATA), w, scalers[6])
    np.testing.assert_allclose(change, in_numpy, atol=1e-4)


def test_a_model_that_does_not_exist_is_refused():
    with pytest.raises(
        ValueError, match=r"expected one of shuffled_1h_seed0, .*got trained_6h_seed7"
    ):
        models.load_model_arrays(DATA, seed=7)
