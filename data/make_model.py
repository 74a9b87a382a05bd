"""Train the models of the course: run by ``make model`` from the top of the repository.

Five seeds at three leads, each with its controls (the untrained network, targets shuffled over
time), and the variants that the choices were made among. Leaves, in this folder:

- ``weather_models.npz``: the five arrays of every model;
- ``weather_lstm.keras``: the reference model, whole, as Keras saves it;
- ``weather_models.json``: the card, with data, settings, versions and every error.

The same machine gives the same bytes again; another one the same errors to about six digits.
"""

from __future__ import annotations

import hashlib
import io
import json
import platform
import re
import sys
import zipfile
from pathlib import Path

import numpy as np
from tqdm import tqdm

import lstm_helpers as lh

with lh.quiet():
    import keras
    import tensorflow as tf

from lstm_helpers.course import baselines, forecaster, models, weather

HERE = Path(__file__).parent
LEADS = (1, 6, 24)
SEEDS = (0, 1, 2, 3, 4)
VARIANTS = {
    "the course's settings": {},
    "squared error as the loss": {"loss": "mse"},
    "the value as the target": {"target": "value"},
    "4 epochs": {"epochs": 4},
    "12 epochs": {"epochs": 12},
}
"""What the settings were chosen among, at 6 hours, on the validation year."""


def train_model(training, scaler, seed, *, shuffled=False, target="change", **settings):
    """One model from one seed; ``shuffled`` breaks the tie between windows and targets."""
    keras.utils.set_random_seed(seed)
    model = models.build_model(forecaster.TIME_STEPS, len(weather.FEATURES))
    if target == "change":
        targets = scaler.scale_change(training.change)
    else:
        targets = scaler.scale(training.future)
    if shuffled:
        targets = targets[np.random.default_rng(seed).permutation(len(targets))]
    models.train(model, scaler.scale(training.inputs), targets, **settings)
    return model


def change_from_value(model, w, scaler):
    """The forecast of a model that was trained on values, as a change in units."""
    raw = np.asarray(model(scaler.scale(w.inputs), training=False), dtype=float)
    return raw * scaler.std + scaler.mean - w.newest


def errors(forecast, windows_by_station):
    """MAE and RMSE by station and feature, to four decimals."""
    table = {}
    for station, w in windows_by_station.items():
        found = forecaster.errors(forecast(w), w).round(4)
        table[station] = {measure: found[measure].to_dict() for measure in found}
    return table


def save_reproducibly(model, path):
    """Save without optimizer state, time of saving, addresses, and what only a new Keras reads."""
    model.save(path, include_optimizer=False)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in sorted(archive.namelist())}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = ""
    members["metadata.json"] = json.dumps(metadata).encode()
    config = members["config.json"].decode()
    # Keras names objects that occur twice by their address; any number serves.
    addresses = dict.fromkeys(re.findall(r'"shared_object_id": (\d+)', config))
    for number, address in enumerate(addresses):
        config = config.replace(f'"shared_object_id": {address}', f'"shared_object_id": {number}')
    # Unset. Keras before 3.15 opens no model with names that it doesn't know.
    for name in ("input_axes", "output_axes", "quantization_config"):
        config = re.sub(rf', "{name}": null', "", config)
    members["config.json"] = config.encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    path.write_bytes(buffer.getvalue())


def main() -> None:
    stored = {}
    card = {
        "what": "24 hours of 7 features in, the change of all 7 after 1, 6 or 24 hours out",
        "made_by": "make model",
        "data": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(HERE.glob("*.csv.gz"))
        },
        "years": forecaster.YEARS,
        "training_stations": forecaster.TRAINING_STATIONS,
        "unseen_station": forecaster.UNSEEN_STATION,
        "features": {name: weather.UNITS[name] for name in weather.FEATURES},
        "settings": {
            "time_steps": forecaster.TIME_STEPS,
            "hidden_neurons": 32,
            "epochs": models.EPOCHS,
            "batch_size": models.BATCH_SIZE,
            "learning_rate": models.LEARNING_RATE,
            "schedule": "cosine to 0",
            "optimizer": "Adam",
            "loss": "mae",
        },
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
        "scalers": {},
        "baselines": {},
        "models": {},
        "choices": {},
    }
    total = len(LEADS) * len(SEEDS) * 3 + len(VARIANTS) * len(SEEDS)
    bar = tqdm(total=total, file=sys.stdout)
    for lead in LEADS:
        data = forecaster.load_data(HERE, horizon=lead)
        windows, scaler, training = data.parts, data.scaler, data.joined("training")
        card["scalers"][f"{lead}h"] = {
            name: getattr(scaler, name).tolist() for name in ("mean", "std", "change_std")
        }
        rules = {
            "persistence": baselines.persistence,
            "same hour yesterday": baselines.same_hour_yesterday,
            "climatology": baselines.Climatology.fit(training),
            "ridge": baselines.Ridge.fit(training, scaler),
            "ridge with clock": baselines.Ridge.fit(training, scaler, clock=True),
        }
        for name, forecast in rules.items():
            card["baselines"][f"{name}_{lead}h"] = {
                part: errors(forecast, windows[part]) for part in ("validation", "test")
            }

        def record(kind, seed, model, lead=lead, windows=windows, scaler=scaler):
            if kind != "untrained" or lead == LEADS[0]:  # the same network at every lead
                key = models.stored_name(kind, lead, seed)
                stored.update({f"{key}/{n}": a for n, a in enumerate(model.get_weights())})
            card["models"][f"{kind}_{lead}h_seed{seed}"] = {
                part: errors(lambda w: models.predict(model, w, scaler), windows[part])
                for part in ("validation", "test")
            }
            bar.update()

        for seed in SEEDS:
            bar.set_description(f"{lead} h, seed {seed}")
            keras.utils.set_random_seed(seed)
            untrained = models.build_model(forecaster.TIME_STEPS, len(weather.FEATURES))
            record("untrained", seed, untrained)
            record("trained", seed, train_model(training, scaler, seed))
            record("shuffled", seed, train_model(training, scaler, seed, shuffled=True))
        if lead != 6:
            continue
        for name, settings in VARIANTS.items():
            bar.set_description(name)
            forecast = change_from_value if settings.get("target") == "value" else models.predict
            card["choices"][name] = []
            for seed in SEEDS:
                model = train_model(training, scaler, seed, **settings)
                card["choices"][name].append(
                    errors(
                        lambda w: forecast(model, w, scaler),  # noqa: B023 - called here and now
                        {s: windows["validation"][s] for s in forecaster.TRAINING_STATIONS},
                    )
                )
                bar.update()

    # The reference is the seed with the lowest validation error of temperature at 6 hours.
    def validation_error(seed):
        found = card["models"][f"trained_6h_seed{seed}"]["validation"]
        return np.mean([found[s]["MAE"]["temp"] for s in forecaster.TRAINING_STATIONS])

    reference = min(SEEDS, key=validation_error)
    card["reference"] = f"trained_6h_seed{reference}"
    bar.close()
    np.savez_compressed(HERE / "weather_models.npz", **stored)
    keras.utils.clear_session()  # or its layers would be numbered after all those before
    model = models.build_model(forecaster.TIME_STEPS, len(weather.FEATURES))
    model.set_weights([stored[f"{card['reference']}/{n}"] for n in range(5)])
    save_reproducibly(model, HERE / "weather_lstm.keras")
    text = json.dumps(card, indent=1, ensure_ascii=False)
    (HERE / "weather_models.json").write_text(text + "\n", encoding="utf-8")
    print(f"reference: {card['reference']}")


if __name__ == "__main__":
    main()
