"""What shuffling each hour costs the networks of the course: run by ``make experiments``.

Five networks at 1, 6 and 24 hours, at a station that they were trained on and at one that they
were not, on the validation year. At 6 hours on all windows: there, on a sample of every 13th, the
cost of one lag differs by 0.03 °C from sample to sample, more than from network to network. At 1
and 24 hours on every 5th (5 and 24 have no common factor). Leaves, in this folder,
``shuffling_costs.csv``: a row for each network and station, a column for each lag and for blocks of
lags that were shuffled together, in °C.

And ``reading_costs.csv``: what it costs to shuffle one reading at one lag, at the station trained
on: a row for each network, on every 17th window, other windows for each seed; a column for each of
the 24 * 7 readings, the newest hour first. ``--continue`` keeps the rows that are there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import lstm_helpers as lh
from lstm_helpers.course import forecaster, models, weather

HERE = Path(__file__).parent
TABLE = HERE / "shuffling_costs.csv"
READINGS = HERE / "reading_costs.csv"
STATIONS = ("changping", forecaster.UNSEEN_STATION)
BLOCKS = ((2, 7), (8, 13), (14, 19), (20, 23))
"""First and last lag of what comes from one other window."""
EVERY = {1: 5, 6: 1, 24: 5}
"""Every how many-th window, by horizon."""
LAGS = {str(lag): [lag] for lag in range(forecaster.TIME_STEPS)}
TOGETHER = LAGS | {f"{first}-{last}": list(range(first, last + 1)) for first, last in BLOCKS}
"""What is shuffled together, by the name of its column."""
EVERY_READING = 17
PLACES = {
    f"{name} {lag}": (forecaster.TIME_STEPS - 1 - lag) * len(weather.FEATURES) + n
    for lag in range(forecaster.TIME_STEPS)
    for n, name in enumerate(weather.FEATURES)
}
"""Where each reading stands in a window that was laid out as one row."""


def costs(data: forecaster.Data, horizon: int, station: str, seed: int) -> dict:
    """One row: growth of the mean absolute error of temperature, windows of the same month."""
    every = EVERY[horizon]
    w = data.parts["validation"][station]
    observed, months = w.change[::every, 0], w.times[::every].month
    net = models.load_readout(HERE, data.scaler, horizon, seed)
    found = lh.permutation(
        lambda x: np.abs(net.forward(x) - observed).mean(),
        data.scaled("validation", station, every),
        groups=months,
        together=list(TOGETHER.values()),
        repeats=1,
        seed=seed,
    )
    row = {"horizon": horizon, "station": station, "seed": seed}
    return row | dict(zip(TOGETHER, found.round(4).tolist(), strict=True))


def costs_of_readings(data: forecaster.Data, horizon: int, seed: int) -> dict:
    """One row, as ``costs``, of single readings: each window is laid out as one row of features."""
    w, part = data.parts["validation"]["changping"], slice(seed, None, EVERY_READING)
    observed, months = w.change[part, 0], w.times[part].month
    x = data.scaler.scale(w.inputs[part])
    net = models.load_readout(HERE, data.scaler, horizon, seed)
    found = lh.permutation(
        lambda rows: np.abs(net.forward(rows.reshape(x.shape)) - observed).mean(),
        x.reshape(len(x), 1, -1),
        axis="feature",
        groups=months,
        together=[[place] for place in PLACES.values()],
        repeats=1,
        seed=seed,
    )
    row = {"horizon": horizon, "seed": seed}
    return row | dict(zip(PLACES, found.round(4).tolist(), strict=True))


def write(path: Path, rows: list[dict], keys: list[str]) -> None:
    text = (
        pd.DataFrame(rows)
        .sort_values(keys)
        .to_csv(index=False, float_format="%.4f", lineterminator="\n")
    )
    path.write_text(text, encoding="utf-8", newline="\n")


def kept(path: Path, arguments: list[str]) -> list[dict]:
    """The rows that are there, if the run is to go on where one stopped."""
    if "--continue" in arguments and path.exists():
        return pd.read_csv(path).to_dict("records")
    return []


def main(arguments: list[str]) -> None:
    rows, of_readings = kept(TABLE, arguments), kept(READINGS, arguments)
    done = {(row["horizon"], row["station"], row["seed"]) for row in rows}
    done |= {(row["horizon"], row["seed"]) for row in of_readings}
    for horizon in (6, 1, 24):
        data = forecaster.load_data(HERE, horizon=horizon)
        plan = [(station, seed) for station in STATIONS for seed in range(5)]
        for station, seed in tqdm(plan, file=sys.stdout, desc=f"{horizon} hours"):
            if (horizon, station, seed) in done:
                continue
            rows.append(costs(data, horizon, station, seed))
            write(TABLE, rows, ["horizon", "station", "seed"])
        for seed in tqdm(range(5), file=sys.stdout, desc=f"{horizon} hours, readings"):
            if (horizon, seed) not in done:
                of_readings.append(costs_of_readings(data, horizon, seed))
                write(READINGS, of_readings, ["horizon", "seed"])


if __name__ == "__main__":
    main(sys.argv[1:])
