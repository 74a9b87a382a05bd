"""What should make a reader of a report doubt, each with its number and its reason.

Thresholds are beside the numbers that they come from: *course* are the 15 trained, 15 on shuffled
targets and 5 untrained networks in ``data/``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_helpers._report_measures import METHODS, Outside, shares
from lstm_helpers._report_memory import Inside
from lstm_helpers._report_tables import Table, Warned, shown, table
from lstm_helpers.gates import LSTMWeights

KINDS = (
    "inputs not scaled",
    "a baseline that never occurs",
    "looks untrained",
    "no better than a constant",
    "a reading that is the target",
    "too few windows",
    "methods disagree",
    "attribution at the far edge",
    "window longer than what is used",
    "saturated gates",
    "dead units",
)


def scales(x: np.ndarray, mask: np.ndarray | None, names: list[str]) -> Table:
    """What the features look like, over all real readings."""
    flat = x.reshape(-1, x.shape[2]) if mask is None else x[mask]
    flat = flat.astype(float)
    std = flat.std(axis=0)
    return table(
        "What the model reads",
        {
            "feature": names,
            "mean": flat.mean(axis=0),
            "std": std,
            "smallest": flat.min(axis=0),
            "largest": flat.max(axis=0),
            "from 0 to the nearest reading (std)": np.abs(flat).min(axis=0)
            / np.where(std > 0, std, 1),
        },
        "Over all windows, steps included.",
    )


def unscaled(of: Table, normalizes: bool) -> list[Warned]:
    """Features far from mean 0 and spread 1, which a layer in the model does not bring there."""
    if normalizes:
        return []
    found = []
    for name, mean, std in zip(*map(of.column, ("feature", "mean", "std")), strict=True):
        if abs(mean) > MOST_MEAN:
            found.append(
                Warned(
                    KINDS[0], name, abs(mean), MOST_MEAN,
                    f"The mean of {name} is {shown(mean)}, far from 0: such readings push gates to "
                    "their ends, and training is slow. Scale it by the training data.",
                )
            )  # fmt: skip
        elif std > MOST_STD:
            found.append(
                Warned(
                    KINDS[0], name, std, MOST_STD,
                    f"The spread of {name} is {shown(std)} and not near 1: such readings push "
                    "gates to their ends. Scale it by the training data.",
                )
            )  # fmt: skip
    return found


# In a fresh Keras layer of 8 to 128 units, one feature with that mean: at 5 no gate is within 0.01
# of an end, at 10 up to 2.5 % are, at 20 up to 46 %, and of the same units always. With that
# spread: at 5 up to 0.5 %, at 10 8 %, at 20 27 %.
MOST_MEAN, MOST_STD = 5.0, 5.0


def never_zero(of: Table) -> list[Warned]:
    """Features that are never near 0, which is the default baseline of many tools."""
    name = "from 0 to the nearest reading (std)"
    rows = zip(of.column("feature"), of.column(name), of.column("std"), strict=True)
    return [
        Warned(
            KINDS[1], feature, gap, NEAR_ZERO,
            f"No reading of {feature} is within {shown(gap)} standard deviations of 0. A baseline "
            "of zeros, which many tools take, is then no window that occurs. This report takes "
            "other windows of the data.",
        )
        for feature, gap, std in rows
        if gap > NEAR_ZERO and std > 0
    ]  # fmt: skip


NEAR_ZERO = 0.25


def moved(w: LSTMWeights) -> dict[str, Any]:
    """How far weights are from what Keras and PyTorch start with."""
    kernel, recurrent, *bias = (array.astype(float) for array in w.to_arrays())
    units = w.units
    square = recurrent @ recurrent.T
    biases = [part.std() for part in np.split(bias[0], 4)] if bias else []
    return {
        # Keras starts with orthogonal rows: 0.
        "rows of U from orthogonal": float(np.linalg.norm(square - np.eye(units)) / units**0.5),
        # PyTorch draws all weights from within 1 / root of units: at most 1.
        "largest weight (PyTorch's start: 1)": float(
            max(np.abs(kernel).max(), np.abs(recurrent).max()) * units**0.5
        ),
        "spread of biases in a gate": float(max(biases)) if biases else None,
    }


def starts(layers: dict[str, LSTMWeights]) -> Table:
    """``moved`` of each layer."""
    found = [moved(w) for w in layers.values()]
    return table(
        "How far the weights are from a start",
        {"layer": list(layers)} | {name: [of[name] for of in found] for name in found[0]},
        "A network that was never trained has 0 in the first column if Keras made it, and at most "
        "1 in the second if PyTorch did.",
    )


def untrained(of: Table) -> list[Warned]:
    """Layers whose weights are as initializers leave them."""
    found = []
    for path, orthogonal, largest, spread in of.rows:
        assert isinstance(path, str)
        assert isinstance(orthogonal, float)
        assert isinstance(largest, float)
        if orthogonal < LEAST_MOVED:
            found.append(
                Warned(
                    KINDS[2], path, orthogonal, LEAST_MOVED,
                    f"The rows of the recurrent kernel of {path} are {shown(orthogonal)} from "
                    "orthogonal, as Keras makes them before training.",
                )
            )  # fmt: skip
        elif largest <= 1 and spread is not None:
            found.append(
                Warned(
                    KINDS[2], path, largest, 1.0,
                    f"No weight of {path} is beyond {shown(largest)} of the bound within which "
                    "PyTorch draws them before training.",
                )
            )  # fmt: skip
    return found


# Course: untrained 0.000, on shuffled targets 2.3 and more, trained 13 and more.
LEAST_MOVED = 0.05


def against_targets(
    x: np.ndarray, outputs: np.ndarray, targets: np.ndarray, names: list[str]
) -> tuple[Table, list[Warned]]:
    """The error beside that of a constant; and the reading that is most like the target."""
    truth = targets.astype(float)
    error = float(np.abs(truth - outputs).mean())
    constant = float(np.abs(truth - np.median(truth)).mean())
    likeness = like_targets(x, truth)
    best = int(likeness.argmax())
    step, feature = divmod(best, x.shape[2])
    lag = x.shape[1] - 1 - step
    of = table(
        "Beside the targets",
        {
            "what": ["mean error", "mean error of a constant", "largest correlation of a reading"],
            "value": [error, constant, float(likeness[best])],
            "lag": [None, None, lag],
            "feature": [None, None, names[feature]],
        },
        "Mean absolute error over all windows; the constant is the targets' median.",
    )
    found = []
    if constant and error / constant > NO_SKILL:
        found.append(
            Warned(
                KINDS[3], "", error / constant, NO_SKILL,
                f"Its mean error is {shown(error)}, that of a constant {shown(constant)}. What "
                "such a network looks at says nothing of what a forecast needs.",
            )
        )  # fmt: skip
    if likeness[best] > LEAKED:
        found.append(
            Warned(
                KINDS[4], names[feature], float(likeness[best]), LEAKED,
                f"{names[feature]} at lag {lag} has correlation {shown(float(likeness[best]))} "
                "with the target. Does it hold what is to be forecast?",
            )
        )  # fmt: skip
    return of, found


def like_targets(x: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """(steps x features,): the size of each reading's correlation with the target."""
    flat = x.reshape(len(x), -1).astype(float)
    flat, centred = flat - flat.mean(axis=0), targets - targets.mean()
    size = np.sqrt((flat**2).sum(axis=0) * (centred**2).sum())
    return np.asarray(np.abs(flat.T @ centred) / np.where(size > 0, size, np.inf))


# Course, validation year: untrained 1.02 to 1.07, on shuffled targets 0.99 to 1.00, trained 0.65 to
# 0.69 at 1 h.
NO_SKILL, LEAKED = 0.98, 0.999


def about_methods(found: Outside, agreement: Table, windows: int, step: str) -> list[Warned]:
    """What the attributions themselves give reason to doubt."""
    return [*_few(found, windows), *_disagree(agreement), *_edges(found, step)]


def _few(found: Outside, windows: int) -> list[Warned]:
    profile, error = (of[METHODS[0]] for of in (found.lags, found.lag_errors))
    top = int(np.nanargmax(profile))
    relative = float(error[top] / profile[top]) if profile[top] else 0.0
    few = []
    if windows < LEAST_WINDOWS or relative > MOST_ERROR:
        some = windows >= LEAST_WINDOWS
        number, bound = (relative, MOST_ERROR) if some else (float(windows), LEAST_WINDOWS)
        start = f"The {windows} windows differ much" if some else f"Only {windows} windows"
        few.append(
            Warned(
                KINDS[5], "", number, bound,
                f"{start}: the standard error at the largest lag, {top}, is "
                f"{shown(float(error[top]))} of {shown(float(profile[top]))}.",
            )
        )  # fmt: skip
    return few


LEAST_WINDOWS, MOST_ERROR = 50, 0.2


def _disagree(of: Table) -> list[Warned]:
    warned = []
    for what in ("lags", "features"):
        common = of.column(f"shared over {what} (%)")
        least = int(np.argmin(common))
        if common[least] < LEAST_COMMON:
            warned.append(
                Warned(
                    KINDS[6], what, common[least], LEAST_COMMON,
                    f"Over {what}, {of.column('methods')[least]} have only "
                    f"{shown(common[least])} % in common. Don't read one of them alone.",
                )
            )  # fmt: skip
    return warned


# Course, of 60 to 100 windows: trained 55 and more, but for 38 in one at 24 h; untrained 0 to 47.
LEAST_COMMON = 35.0


def _edges(found: Outside, step: str) -> list[Warned]:
    parts = [shares(found.lags[method]) for method in METHODS[:2]]
    time = len(parts[0])
    if time < 4 or not all(part.any() for part in parts):  # of a constant output no lag counts
        return []
    warned = []
    oldest = [float(part[-1] / part.max()) if part.max() else 0.0 for part in parts]
    if min(oldest) > EDGE:
        warned.append(
            Warned(
                KINDS[7], "", 100 * min(oldest), 100 * EDGE,
                f"The oldest lag, {time - 1}, has {shown(100 * oldest[0])} % of the largest by "
                f"{METHODS[0]} and {shown(100 * oldest[1])} % by {METHODS[1]}. The model may want "
                "a longer window.",
            )
        )  # fmt: skip
    used = max(int(np.flatnonzero(part[::-1].cumsum()[::-1] > UNUSED).max()) for part in parts) + 1
    if used <= time // 2:
        warned.append(
            Warned(
                KINDS[8], "", float(used), time / 2,
                f"The newest {used} of {time} {step} have all but {shown(100 * UNUSED)} % of the "
                "attribution. A shorter window may do: train one and see.",
            )
        )  # fmt: skip
    return warned


# Course: 0.13 and less at 1 h, 0.00 to 0.02 untrained; 0.52 to 0.70 at 6 h, where a day and more
# behind the window would repeat itself.
EDGE, UNUSED = 0.4, 0.02


def about_layers(inside: Inside, of: dict[str, Table]) -> list[Warned]:
    """Gates that do not gate, and units that do nothing."""
    warned = []
    if "gates" in of:
        for row in of["gates"].rows:
            path, gate, stuck = row[0], row[1], row[-1]
            assert isinstance(stuck, float)
            if stuck > MOST_STUCK:
                warned.append(
                    Warned(
                        KINDS[9], f"{path}, {gate}", stuck, MOST_STUCK,
                        f"Of the gates {gate} in {path}, {shown(stuck)} % stay open or closed "
                        "whatever is read. They do not gate, and have hardly a gradient.",
                    )
                )  # fmt: skip
    for path, spread in inside.spreads.items():
        dead = spread < DEAD * max(float(spread.max(initial=0)), 1e-12)
        if dead.any():
            share = 100 * float(dead.mean())
            warned.append(
                Warned(
                    KINDS[10], path, share, 0.0,
                    f"{int(dead.sum())} of {len(spread)} units of {path} hardly move "
                    f"({shown(share)} %).",
                )
            )  # fmt: skip
    return warned


# Course: 0 % of units stay at an end in any gate; the unit that moves least moves 0.29 as far as
# the one that moves most.
MOST_STUCK, DEAD = 10.0, 0.01
