"""Retrain the forecaster on less, and on more: run by ``make experiments``.

How much an hour is worth, asked in the way that costs most: train without it and see what is lost.
Windows cut to their newest hours, windows with some hours blanked, or with some features of these
hours, and, the other way round, windows of two days, and windows that also tell the time of every
reading. Leaves, in this folder:

- ``window_experiments.csv``: one row a training;
- ``window_experiments.json``: the card, with the plan;
- ``clock_models.npz``: the arrays of the models that know the time.

All trainings see the same windows and targets, those of the course at 24 hours; only what is in
the windows differs. (Windows of 48 hours are fewer by 24 in each unbroken stretch.) ``--continue``
keeps the rows that are there. The same machine gives the same rows again, another one the same
errors to about four digits.
"""

from __future__ import annotations

import json
import platform
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import lstm_helpers as lh

with lh.quiet():
    import keras
    import tensorflow as tf

from lstm_helpers.course import forecaster, models, weather

HERE = Path(__file__).parent
CARD = HERE / "window_experiments.json"
TABLE = HERE / "window_experiments.csv"
CLOCK_MODELS = HERE / "clock_models.npz"
STATIONS = (*forecaster.TRAINING_STATIONS, forecaster.UNSEEN_STATION)
JOB = ["horizon", "seed", "newest", "without", "features", "clock"]
"""What a training is told by: the columns of the table before its errors."""
NO_TEMP = [name for name in weather.FEATURES if name != "temp"]
METHODS = (
    "permutation",
    "permutation, same month",
    "gradient",
    "integrated gradients from zeros",
    "expected gradients",
)
"""Whose first lags are blanked together."""
YESTERDAY = range(14, 20)
"""The lags around the target hour of 6 hours ahead, a day before: 18 and its neighbours."""


def job(horizon, seed, newest=forecaster.TIME_STEPS, without=(), features=(), clock=False):
    """One training of the plan: a row of the table without its errors.

    ``without`` are lags, ``features`` the names that are blanked there, all if none is named.
    """
    lags, names = " ".join(map(str, sorted(without))), " ".join(features)
    return dict(zip(JOB, (horizon, seed, newest, lags, names, clock), strict=True))


def plan(named: dict[str, list[int]]) -> list[dict]:
    """Every row to make, in the order of the table; what decides most is made first.

    ``named`` are the lags that each method puts first, as ``rank_lags`` returns them.
    """
    blocks = [[4], range(2, 8), range(8, 14), YESTERDAY]
    part_of_yesterday = [
        {"without": YESTERDAY, "features": features} for features in (["temp"], NO_TEMP)
    ]

    def hidden(seed, count):
        """As many lags as each method puts first, and random ones, others for each seed."""
        random = np.random.default_rng(seed).permutation(forecaster.TIME_STEPS).tolist()
        return [{"without": order[:count]} for order in (*named.values(), random)]

    rows = []

    def add(horizon, seeds, *settings):
        """Once each: methods share lags."""
        asked = (job(horizon, seed, **one) for one in settings for seed in seeds)
        rows.extend(one for one in asked if one not in rows)

    for seed in range(5):
        for horizon in (1, 6):
            add(horizon, [seed], *({"newest": n} for n in (1, 2, 3, 4, 5, 6, 9, 12, 18, 20)))
            add(horizon, [seed], *({"without": lags} for lags in blocks))
        add(6, [seed], {"clock": True})
    add(6, range(5), {"without": YESTERDAY, "clock": True})
    add(24, range(5), {"without": YESTERDAY}, {"newest": 1}, {"newest": 6})
    for seed in range(5):
        add(6, [seed], *hidden(seed, 6), *part_of_yesterday)
    add(6, [0], {"newest": 48})
    for count in (3, 12, 1):
        for seed in range(5):
            add(6, [seed], *hidden(seed, count))
    return rows


def rank_lags(data: forecaster.Data) -> dict[str, list[int]]:
    """The lags in the order in which each method puts them, at 6 hours, mean over five networks.

    Changping in the validation year: every 37th window (a stride prime to 24 brings all hours of
    the day), for permutation every 13th.
    """

    def seen(every):
        w = data.parts["validation"]["changping"]
        inputs = data.scaled("validation", "changping", every)
        return inputs, w.change[::every, 0], w.times[::every].strftime("%m")

    (many, observed, month), (few, *_) = seen(13), seen(37)
    others = data.scaled("training", "changping", every=875)[:, None]

    profiles = {name: 0.0 for name in METHODS}
    for seed in range(5):
        net = models.load_readout(HERE, data.scaler, 6, seed)

        def error(x, net=net):
            return np.abs(net.forward(x) - observed).mean()

        found = [lh.permutation(error, many, groups=g, repeats=2) for g in (None, month)]
        found += [
            lh.temporal_profile(attributions)
            for attributions in (
                net.gradient(many),
                lh.integrated_gradients(net.gradient, few, 0.0, n_steps=20),
                lh.integrated_gradients(net.gradient, few, others, n_steps=5),
            )
        ]
        for name, profile in zip(METHODS, found, strict=True):
            profiles[name] = profiles[name] + profile / 5
    return {
        name: np.argsort(-profile, kind="stable").tolist() for name, profile in profiles.items()
    }


def shown(w, scaler, newest=forecaster.TIME_STEPS, without="", features="", clock=False):
    """What the network gets to see of these windows, scaled. A blank is 0, the mean."""
    inputs = scaler.scale(w.inputs)
    columns = [weather.FEATURES.index(name) for name in features.split()]
    for lag in map(int, without.split()):
        inputs[:, -1 - lag, columns or slice(None)] = 0
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
        for station, w in data.parts[part].items():
            change = models.predict(model, w, scaler, shown(w, scaler, **settings))
            error = forecaster.errors(change, w).loc["temp", "MAE"]
            row[f"{part} {station}"] = round(float(error), 4)
    return row, model


def card(named: dict[str, list[int]]) -> dict:
    """What the table is."""
    return {
        "what": "the forecaster of the course, trained on less of its 24 hours, or on more",
        "made_by": "make experiments",
        "error": "mean absolute error of temperature in °C, by part and station",
        "columns": {
            "horizon": "hours ahead",
            "newest": "hours in the window",
            "without": "lags that are blanked (0, the mean), in training and afterwards",
            "features": "what is blanked at these lags; all features where none is named",
            "clock": "with sine and cosine of the day and of the year of every reading",
        },
        "training": "as in weather_models.json",
        "named": named,
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
    }


def read() -> list[dict]:
    """The rows that are there."""
    table = pd.read_csv(TABLE, keep_default_na=False, dtype={"without": str, "features": str})
    return table.to_dict("records")


def write(rows: list[dict]) -> None:
    text = pd.DataFrame(rows).to_csv(index=False, float_format="%.4f", lineterminator="\n")
    TABLE.write_text(text, encoding="utf-8", newline="\n")


def main(arguments: list[str]) -> None:
    rows, arrays, named = [], {}, None
    if "--continue" in arguments and TABLE.exists() and CARD.exists():
        rows = read()
        named = json.loads(CARD.read_text(encoding="utf-8"))["named"]
        if CLOCK_MODELS.exists():
            with np.load(CLOCK_MODELS) as stored:
                arrays = dict(stored)
    data = {}

    def data_for(time_steps, horizon):
        if (time_steps, horizon) not in data:
            data[time_steps, horizon] = forecaster.load_data(HERE, time_steps, horizon)
        return data[time_steps, horizon]

    if named is None:
        named = rank_lags(data_for(forecaster.TIME_STEPS, 6))
    text = json.dumps(card(named), indent=1, ensure_ascii=False)
    # A list of numbers on one line.
    text = re.sub(r"\[[\d,\s]+\]", lambda found: " ".join(found[0].split()), text)
    CARD.write_text(text + "\n", encoding="utf-8")
    bar = tqdm(plan(named), file=sys.stdout)
    for one in bar:
        bar.set_description(" ".join(f"{name} {value}" for name, value in one.items() if value))
        if any(one.items() <= row.items() for row in rows):
            continue
        settings = {name: one[name] for name in JOB[2:]}
        horizon, seed = one["horizon"], one["seed"]
        seen = data_for(max(one["newest"], forecaster.TIME_STEPS), horizon)
        row, model = run(horizon, seed, seen, **settings)
        # In the order of the plan, also after --continue.
        rows = [r for o in plan(named) for r in (*rows, row) if o.items() <= r.items()]
        if one == job(horizon, seed, clock=True):
            name = models.stored_name("clock", horizon, seed)
            arrays.update({f"{name}/{n}": array for n, array in enumerate(model.get_weights())})
            np.savez_compressed(CLOCK_MODELS, **arrays)
        write(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
