"""Measure what the forget bias does: run by ``make experiments`` from the top of the repository.

Two tasks at a lag of about 100 steps, five forget biases, two learning rates, five seeds; and the
forecaster of the course with each of these biases, in three seeds. Leaves, in this folder,
``forget_bias_experiments.json``: the card, and one row a training. The file is written after each
row; ``--continue`` keeps the rows that are there.

The same machine gives the same rows again. On another one the errors differ, and counts of solved
and unsolved may differ by one or two where an error lies near a bound.
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

from lstm_helpers.course import forecaster, models, tasks, weather
from lstm_helpers.keras_tools import ForgetBias

HERE = Path(__file__).parent
CARD = HERE / "forget_bias_experiments.json"
BIASES = (0, 1, 3, 5, "chrono")
TASKS = {
    "remember": (tasks.remember_first, 600, tasks.REMEMBER_VARIANCE),
    "adding": (tasks.adding, 800, tasks.ADDING_VARIANCE),
}
"""What makes the sequences, how many steps of training, the variance of the targets."""
LEARNING_RATES = (3e-3, 1e-2)
SEEDS = (0, 1, 2, 3, 4)
WEATHER_SEEDS = (0, 1, 2)
TIME_STEPS, UNITS, BATCH_SIZE, CLIPNORM = 100, 32, 64, 1.0
VALIDATION_SAMPLES, VALIDATION_SEED = 2000, 1_000_000
SOLVED, UNSOLVED = 0.5, 0.9
"""Bounds on the error, as parts of the variance."""


def forget_bias(bias, horizon, seed):
    """The initializer; its own seed, so that the kernels of a seed are the same for each bias."""
    return ForgetBias(bias, horizon=horizon if bias == "chrono" else None, seed=seed)


def outcome(error, variance):
    """The word for a squared error."""
    if error < SOLVED * variance:
        return "solved"
    return "unsolved" if error > UNSOLVED * variance else "between"


def drift(before, after):
    """How far the forget biases moved: mean, least, most."""
    moved = after.astype(float) - before
    return {name: round(float(f(moved)), 4) for name, f in (("mean", np.mean), ("min", np.min),
            ("max", np.max))}  # fmt: skip


def run_task(task: str, bias, learning_rate: float, seed: int) -> dict:
    """One training on fresh samples in every step, and its row."""
    make, steps, variance = TASKS[task]
    inputs, targets = make(steps * BATCH_SIZE, TIME_STEPS, seed)
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input(inputs.shape[1:]),
            keras.layers.LSTM(
                UNITS,
                bias_initializer=forget_bias(bias, TIME_STEPS, seed),
                unit_forget_bias=False,
            ),
            keras.layers.Dense(1),
        ]
    )
    before = lh.gate_weights(model.layers[0]).bias.f
    optimizer = keras.optimizers.Adam(learning_rate, clipnorm=CLIPNORM)
    model.compile(optimizer=optimizer, loss="mse", jit_compile=True)
    model.fit(inputs, targets, batch_size=BATCH_SIZE, shuffle=False, verbose=0)
    inputs, targets = make(VALIDATION_SAMPLES, TIME_STEPS, VALIDATION_SEED)
    wrong = np.asarray(model(inputs, training=False), dtype=float) - targets
    error = float((wrong**2).mean())
    return {
        "task": task,
        "bias": bias,
        "learning_rate": learning_rate,
        "seed": seed,
        "mse": float(f"{error:.4g}"),
        "outcome": outcome(error, variance),
        "drift": drift(before, lh.gate_weights(model.layers[0]).bias.f),
    }


def run_weather(bias, seed: int, data) -> dict:
    """The forecaster of the course from another forget bias, and its row.

    From bias 1 this is the course's own model of that seed.
    """
    training, scaler = data.joined("training"), data.scaler
    keras.utils.set_random_seed(seed)
    model = models.build_model(forecaster.TIME_STEPS, len(weather.FEATURES))
    layer = model.layers[0]
    start = forget_bias(bias, forecaster.TIME_STEPS, seed)((4 * layer.units,))
    layer.cell.bias.assign(start)
    before = lh.gate_weights(layer).bias.f
    targets = scaler.scale_change(training.change)
    models.train(model, scaler.scale(training.inputs), targets)
    after = lh.gate_weights(layer).bias.f
    errors = [
        forecaster.errors(models.predict(model, w, scaler), w).loc["temp", "MAE"]
        for w in (data.parts["validation"][s] for s in forecaster.TRAINING_STATIONS)
    ]
    return {
        "bias": bias,
        "seed": seed,
        "mae": round(float(np.mean(errors)), 4),
        "drift": drift(before, after),
        "before": [round(float(value), 3) for value in before],
        "after": [round(float(value), 3) for value in after],
    }


def card() -> dict:
    """All but the rows."""
    return {
        "what": "what the forget bias does to memory: two tasks of 100 steps and the forecaster",
        "made_by": "make experiments",
        "settings": {
            "biases": list(BIASES),
            "chrono": "Tallec and Ollivier (2018), horizon = time_steps",
            "tasks": {
                name: {"steps": steps, "variance": variance}
                for name, (_, steps, variance) in TASKS.items()
            },
            "learning_rates": list(LEARNING_RATES),
            "seeds": list(SEEDS),
            "time_steps": TIME_STEPS,
            "units": UNITS,
            "optimizer": "Adam",
            "clipnorm": CLIPNORM,
            "batch_size": BATCH_SIZE,
            "samples": "fresh in every step",
            "validation_samples": VALIDATION_SAMPLES,
            "error": "mean squared error on validation samples after the last step",
            "solved_below": SOLVED,
            "unsolved_above": UNSOLVED,
            "bounds": "as parts of the variance",
        },
        "weather_settings": {
            "biases": list(BIASES),
            "seeds": list(WEATHER_SEEDS),
            "horizon_hours": 6,
            "time_steps": forecaster.TIME_STEPS,
            "epochs": models.EPOCHS,
            "error": "mean absolute error of temperature in °C on the validation year, mean over "
            "the three training stations",
        },
        "versions": {
            "python": platform.python_version(),
            "tensorflow": tf.__version__,
            "keras": keras.__version__,
            "numpy": np.__version__,
        },
        "rows": [],
        "weather_rows": [],
    }


def jobs() -> list[tuple[str, dict]]:
    """Every row to make, and where it goes; seed by seed, so that an early end leaves a grid."""
    grid = [
        ("rows", {"task": task, "bias": bias, "learning_rate": rate, "seed": seed})
        for seed in SEEDS
        for task in TASKS
        for rate in LEARNING_RATES
        for bias in BIASES
    ]
    forecasters = [
        ("weather_rows", {"bias": bias, "seed": seed}) for seed in WEATHER_SEEDS for bias in BIASES
    ]
    return grid[: len(grid) // len(SEEDS)] + forecasters + grid[len(grid) // len(SEEDS) :]


def main(arguments: list[str]) -> None:
    result = card()
    if "--continue" in arguments and CARD.exists():
        known = json.loads(CARD.read_text(encoding="utf-8"))
        for name in ("rows", "weather_rows"):
            result[name] = known[name]
    data = forecaster.load_data(HERE)
    bar = tqdm(jobs(), file=sys.stdout)
    for place, job in bar:
        bar.set_description(" ".join(map(str, job.values())))
        if any(job.items() <= row.items() for row in result[place]):
            continue
        row = run_task(**job) if place == "rows" else run_weather(**job, data=data)
        result[place].append(row)
        text = json.dumps(result, indent=1, ensure_ascii=False)
        CARD.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
