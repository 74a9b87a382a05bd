"""What shuffling each hour costs the networks of the course: run by ``make experiments``.

Five networks at 1, 6 and 24 hours, at a station that they were trained on and at one that they
were not, on the validation year. At 6 hours on all windows: there, on a sample of every 13th, the
cost of one lag differs by 0.03 °C from sample to sample, more than from network to network. At 1
and 24 hours on every 5th (5 and 24 have no common factor). Leaves, in this folder,
``shuffling_costs.csv``: a row for each network and station, a column for each lag and for blocks of
lags that were shuffled together, in °C. ``--continue`` keeps the rows that are there.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

import lstm_helpers as lh
from lstm_helpers.course import forecaster, models

HERE = Path(__file__).parent
TABLE = HERE / "shuffling_costs.csv"
STATIONS = ("changping", forecaster.UNSEEN_STATION)
BLOCKS = ((2, 7), (8, 13), (14, 19), (20, 23))
"""First and last lag of what comes from one other window."""
EVERY = {1: 5, 6: 1, 24: 5}
"""Every how many-th window, by horizon."""
LAGS = {str(lag): [lag] for lag in range(forecaster.TIME_STEPS)}
TOGETHER = LAGS | {f"{first}-{last}": list(range(first, last + 1)) for first, last in BLOCKS}
"""What is shuffled together, by the name of its column."""


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


def main(arguments: list[str]) -> None:
    rows = []
    if "--continue" in arguments and TABLE.exists():
        rows = pd.read_csv(TABLE).to_dict("records")
    done = {(row["horizon"], row["station"], row["seed"]) for row in rows}
    for horizon in (6, 1, 24):
        data = forecaster.load_data(HERE, horizon=horizon)
        plan = [(station, seed) for station in STATIONS for seed in range(5)]
        for station, seed in tqdm(plan, file=sys.stdout, desc=f"{horizon} hours"):
            if (horizon, station, seed) in done:
                continue
            rows.append(costs(data, horizon, station, seed))
            table = pd.DataFrame(rows).sort_values(["horizon", "station", "seed"])
            text = table.to_csv(index=False, float_format="%.4f", lineterminator="\n")
            TABLE.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(sys.argv[1:])
