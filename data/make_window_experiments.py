"""Retrain the forecaster on less, and on more: run by ``make experiments``.

How much an hour is worth, asked in the way that costs most: train without it and see what is lost.
Windows cut to their newest hours, windows with some hours blanked, and, the other way round,
windows that also tell the time of every reading. Leaves, in this folder:

- ``window_experiments.json``: the card, and one row a training;
- ``clock_models.npz``: the arrays of the models that know the time.

All trainings see the same windows and targets, those of the course at 24 hours; only what is in
the windows differs. ``--continue`` keeps the rows that are there. The same machine gives the same
rows again, another one the same errors to about six digits.
"""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

import lstm_helpers as lh

with lh.quiet():
    import keras
    import tensorflow as tf

from lstm_helpers.course import forecaster, models, weather

HERE = Path(__file__).parent
CARD = HERE / "window_experiments.json"
CLOCK_MODELS = HERE / "clock_models.npz"
LEADS = (1, 6)
SEEDS = (0, 1, 2, 3, 4)
NEWEST = (1, 2, 3, 4, 5, 6, 9, 12, 18, 20)
"""Hours that are left of the 24."""
WITHOUT = ((4, 4), (2, 7), (8, 13), (14, 19))
"""First and last lag that is blanked: a 0, the mean of the scaled feature, in every window."""


def shown(w, scaler, newest=forecaster.TIME_STEPS, without=None, clock=False):
    """What the network gets to see of these windows, scaled."""
    inputs = scaler.scale(w.inputs)
    if without is not None:
        first, last = without
        inputs[:, forecaster.TIME_STEPS - 1 - last : forecaster.TIME_STEPS - first] = 0
    if clock:
        inputs = forecaster.with_clock(inputs, w)
    return inputs[:, -newest:]


def run(horizon, seed, data, **settings):
    """One training: its row, and the model. ``settings`` as in ``shown``."""
    training, scaler = data.joined("training"), data.scaler
    inputs = shown(training, scaler, **settings)
    keras.utils.set_random_seed(seed)
    model = models.build_model(*inputs.shape[1:], output_count=len(weather.FEATURES))
    models.train(model, inputs, scaler.scale_change(training.change))
    row = {"horizon": horizon, "seed": seed, **settings}
    for part in ("validation", "test"):
        row[part] = {}
        for station, w in data.parts[part].items():
            change = models.predict(model, w, scaler, shown(w, scaler, **settings))
            error = forecaster.errors(change, w).loc["temp", "MAE"]
            row[part][station] = round(float(error), 4)
    return row, model


def card() -> dict:
    """All but the rows."""
    return {
        "what": "the forecaster of the course, trained on less of its 24 hours, or with the clock",
        "made_by": "make experiments",
        "error": "mean absolute error of temperature in °C",
        "settings": {
            "horizons": list(LEADS),
            "seeds": list(SEEDS),
            "newest": list(NEWEST),
            "without": [list(lags) for lags in WITHOUT],
            "clock": "at 6 hours: sine and cosine of the day and of the year of every reading",
            "training": "as in weather_models.json",
        },
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
        "rows": [],
    }


def jobs() -> list[dict]:
    """Every row to make, seed by seed, so that an early end leaves whole columns."""
    return [
        {"horizon": horizon, "seed": seed, **settings}
        for seed in SEEDS
        for horizon in LEADS
        for settings in (
            *({"newest": hours} for hours in NEWEST),
            *({"without": list(lags)} for lags in WITHOUT),
            *([{"clock": True}] if horizon == 6 else []),
        )
    ]


def main(arguments: list[str]) -> None:
    result, arrays = card(), {}
    if "--continue" in arguments and CARD.exists():
        result["rows"] = json.loads(CARD.read_text(encoding="utf-8"))["rows"]
        if CLOCK_MODELS.exists():
            with np.load(CLOCK_MODELS) as stored:
                arrays = dict(stored)
    data = {lead: forecaster.load_data(HERE, horizon=lead) for lead in LEADS}
    plan = jobs()
    bar = tqdm(plan, file=sys.stdout)
    for job in bar:
        bar.set_description(" ".join(f"{name} {value}" for name, value in job.items()))
        if any(job.items() <= row.items() for row in result["rows"]):
            continue
        settings = {name: job[name] for name in job.keys() - {"horizon", "seed"}}
        row, model = run(job["horizon"], job["seed"], data[job["horizon"]], **settings)
        rows = [*result["rows"], row]
        # In the order of the plan, also after --continue.
        result["rows"] = [r for job in plan for r in rows if job.items() <= r.items()]
        if "clock" in job:
            name = models.stored_name("clock", job["horizon"], job["seed"])
            arrays.update({f"{name}/{n}": array for n, array in enumerate(model.get_weights())})
            np.savez_compressed(CLOCK_MODELS, **arrays)
        text = json.dumps(result, indent=1, ensure_ascii=False)
        CARD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
