"""What a report measures from outside: by three methods, which lags and features count, and how
far the methods agree.

All of it works on any model. Other windows of the data take the place of a baseline: they occur.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _lags
from lstm_helpers._ranks import spearman
from lstm_helpers._report_models import Opened
from lstm_helpers._report_tables import Table, table
from lstm_helpers.attribution import integrated_gradients

# Floating-point operations that each of the two may cost. With 3e11 a report on 128 units, 168
# steps and 2,000 windows takes 29 s of processor time and 357 MB, through Keras.
_FOR_GRADIENTS = 4e11
_FOR_REPLACED = 4e11
_WINDOWS = 300
_SAMPLES = 20
# Four nodes on each line: with 20 lines the profile of the course's model is within 0.7 % of its
# largest value of what 30 nodes give; two nodes are off by 5 %, eight by 0.1 %.
_NODES = 4


@dataclasses.dataclass(frozen=True)
class Effort:
    """How much is measured, decided by sizes alone, so that the same data gives the same report.

    ``windows`` and ``samples`` of other windows for expected gradients, ``replaced`` windows and
    ``donors`` for what is replaced, in ``blocks`` of so many lags.
    """

    windows: int
    samples: int
    replaced: int
    donors: int
    block: int

    @classmethod
    def of(cls, model: Opened, shape: tuple[int, ...]) -> Effort:
        """As much as the sizes allow."""
        count, time, features = shape
        run = 2.0 * model.numbers * time
        samples = min(_SAMPLES, count - 1)
        windows = int(_FOR_GRADIENTS / (3 * run * samples * _NODES))
        if windows < 40:
            samples = min(8, samples)
            windows = int(_FOR_GRADIENTS / (3 * run * samples * _NODES))
        donors, least = min(5, samples), 40
        block = 1
        while block < time:
            if least * donors * (-(-time // block) + features) * run <= _FOR_REPLACED:
                break
            block += 1
        places = -(-time // block) + features
        replaced = int(_FOR_REPLACED / (donors * places * run))
        most = min(count, _WINDOWS)
        return cls(
            min(max(windows, 16), most), samples, min(max(replaced, 16), most), donors, block
        )


@dataclasses.dataclass(frozen=True)
class Outside:
    """The measurements.

    Attributes
    ----------
    effort : Effort
    chosen : (windows,) of int
        Which of the windows expected gradients were computed for.
    attributions : (windows, time, features)
        In the order of lags: index 0 is the newest. NaN where a window does not have the lag.
    delta : float
        Mean error of the integrals, as a share of the mean change that they explain.
    outputs : (all windows,)
    lags, features : dict of array
        By method, one value for each lag or feature.
    lag_errors, feature_errors : dict of array
        Their standard errors.
    blocks : list of list of int
        The lags that were replaced at once.
    """

    effort: Effort
    chosen: np.ndarray
    attributions: np.ndarray
    delta: float
    outputs: np.ndarray
    lags: dict[str, np.ndarray]
    lag_errors: dict[str, np.ndarray]
    features: dict[str, np.ndarray]
    feature_errors: dict[str, np.ndarray]
    blocks: list[list[int]]

    @property
    def map(self) -> np.ndarray:
        """(lags, features): mean absolute attribution."""
        return np.asarray(np.nanmean(np.abs(self.attributions), axis=0))


METHODS = ("expected gradients", "occlusion", "permutation")


def measured(
    model: Opened, x: np.ndarray, targets: np.ndarray | None, mask: np.ndarray | None
) -> Outside:
    """All attributions of one output."""
    # First of all, so that windows which do not fit raise what the caller knows.
    outputs = in_parts(model.forward, x)
    effort = Effort.of(model, x.shape)
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.choice(len(x), effort.windows, replace=False))
    real = np.ones(x.shape[:2], bool) if mask is None else mask
    # Those that lend their readings have every lag that a window has, as far as there are such.
    length = real.sum(axis=1)
    able = np.flatnonzero(length >= np.sort(length)[-min(len(x), max(effort.samples * 2, 2))])
    lenders = np.sort(rng.choice(able, min(effort.samples, len(able)), replace=False))
    baselines = _lent(x, real, chosen, lenders)
    found, delta = integrated_gradients(
        model.gradient,
        x[chosen],
        baselines,
        n_steps=_NODES,
        return_convergence_delta=True,
        forward=model.forward,
        mask=None if mask is None else mask[chosen],
    )
    explained = np.abs(found.sum(axis=(1, 2), dtype=float)).mean()
    steps, has = _lags.steps_of(real[chosen])
    by_lag = np.take_along_axis(found.astype(float), steps[..., None], axis=1)
    by_lag[~has] = np.nan

    few = chosen[: effort.replaced] if effort.replaced < len(chosen) else chosen
    if effort.replaced > len(chosen):
        few = np.sort(rng.choice(len(x), effort.replaced, replace=False))
    time, features = x.shape[1:]
    blocks = [list(range(n, min(n + effort.block, time))) for n in range(0, time, effort.block)]
    places = [(lags, list(range(features))) for lags in blocks]
    places += [(list(range(time)), [n]) for n in range(features)]
    changed = _replaced(model, x, real, few, lenders[: effort.donors], places)
    now = outputs[few].astype(float)
    truth = now if targets is None else targets[few].astype(float)
    # Occlusion: how far the mean over the lenders is from the output. Permutation: how much the
    # error grows, or, without targets, how far the output moves.
    occluded = np.abs((now - changed).mean(axis=0))
    permuted = (np.abs(truth - changed) - np.abs(truth - now)).mean(axis=0)
    at = len(blocks)
    own = np.abs(by_lag)
    lag_of, feature_of = np.nansum(own, axis=2), np.nansum(own, axis=1)
    lag_of[~has] = np.nan
    spread = np.repeat(np.arange(len(blocks)), [len(block) for block in blocks])
    return Outside(
        effort,
        chosen,
        by_lag,
        float(np.abs(delta).mean() / explained) if explained else 0.0,
        outputs,
        lags=_by_method(_mean, lag_of, occluded[:at].T, permuted[:at].T, spread),
        lag_errors=_by_method(_error, lag_of, occluded[:at].T, permuted[:at].T, spread),
        features=_by_method(_mean, feature_of, occluded[at:].T, permuted[at:].T),
        feature_errors=_by_method(_error, feature_of, occluded[at:].T, permuted[at:].T),
        blocks=blocks,
    )


def _by_method(
    over_windows: Callable[[np.ndarray], np.ndarray],
    attributed: np.ndarray,
    occluded: np.ndarray,
    permuted: np.ndarray,
    spread: slice | np.ndarray = slice(None),
) -> dict[str, np.ndarray]:
    """One number a lag or feature; what was replaced in blocks of lags goes to each of them."""
    replaced = (over_windows(values)[spread] for values in (occluded, permuted))
    return dict(zip(METHODS, (over_windows(attributed), *replaced), strict=True))


def tables(found: Outside, names: list[str], unit: str | None) -> dict[str, Table]:
    """The tables by name: lags, features, map, agreement."""
    of = f" ({unit})" if unit else ""
    columns: dict[str, Any] = {"lag": list(range(len(found.lags[METHODS[0]])))}
    rows: dict[str, Any] = {"feature": names}
    for method in METHODS:
        columns[f"{method}{of}"] = found.lags[method]
        columns[f"± {method}"] = found.lag_errors[method]
        rows[f"{method}{of}"] = found.features[method]
        rows[f"± {method}"] = found.feature_errors[method]
    together = (
        f" {found.effort.block} lags were replaced at a time, and share a value."
        if found.effort.block > 1
        else ""
    )
    error = (
        "± is a standard error over windows; where they overlap they are alike, and it is larger."
    )
    grid = found.map
    return {
        "lags": table("Each lag, by three methods", columns, error + together),
        "features": table("Each feature, by three methods", rows, error),
        "map": table(
            f"Expected gradients by lag and feature{of}",
            {"lag": columns["lag"]} | {name: grid[:, n] for n, name in enumerate(_once(names))},
            "Mean absolute attribution over windows.",
        ),
        "agreement": _agreement(found),
    }


def _agreement(found: Outside) -> Table:
    """Spearman over lags and over features, and how far the largest are apart, for each pair."""
    firsts = [block[0] for block in found.blocks]
    pairs = [(a, b) for n, a in enumerate(METHODS) for b in METHODS[n + 1 :]]
    blocked = {
        method: np.array([np.nansum(values[block]) for block in found.blocks])
        if method == METHODS[0]
        else values[firsts]
        for method, values in found.lags.items()
    }
    columns: dict[str, Any] = {"methods": [f"{a} and {b}" for a, b in pairs]}
    for what, of in (("lags", blocked), ("features", found.features)):
        columns[f"rank correlation over {what}"] = [spearman(of[a], of[b]) for a, b in pairs]
        columns[f"shared over {what} (%)"] = [100 * shared(of[a], of[b]) for a, b in pairs]
    return table(
        "How far the methods agree",
        columns,
        "Rank correlation: 1 is the same order, 0 is none; where most values are near nothing, "
        "their order is chance. Shared: each method's values as shares of their sum, and what two "
        "of them have in common.",
    )


def shares(values: np.ndarray) -> np.ndarray:
    """Of a profile, the share of each lag; what is below zero counts as nothing."""
    positive = np.clip(np.nan_to_num(values), 0, None)
    total = positive.sum()
    return np.asarray(positive / total) if total else positive


def shared(a: np.ndarray, b: np.ndarray) -> float:
    """What two profiles have in common: 1 where they are proportional, 0 where they do not meet."""
    return float(np.minimum(shares(a), shares(b)).sum())


def _once(names: list[str]) -> list[str]:
    """The names, told apart: a column of a table has one name."""
    return [f"{name} #{n}" if names.count(name) > 1 else name for n, name in enumerate(names)]


def _lent(x: np.ndarray, real: np.ndarray, chosen: np.ndarray, lenders: np.ndarray) -> np.ndarray:
    """(lenders, chosen, time, features): each lender's readings, lag for lag, where it has them."""
    if real.all():
        return x[lenders][:, None]
    steps, has = _lags.steps_of(real)
    lent = np.repeat(x[None, chosen], len(lenders), axis=0)
    for n, lender in enumerate(lenders):
        windows, lags = np.nonzero(has[chosen] & has[lender])
        lent[n, windows, steps[chosen][windows, lags]] = x[lender, steps[lender, lags]]
    return lent


def _replaced(
    model: Opened,
    x: np.ndarray,
    real: np.ndarray,
    chosen: np.ndarray,
    lenders: np.ndarray,
    places: list[tuple[list[int], list[int]]],
) -> np.ndarray:
    """(lenders, places, windows): outputs with these lags and features from another window."""
    lent = np.broadcast_to(_lent(x, real, chosen, lenders), (len(lenders), *x[chosen].shape))
    steps, has = _lags.steps_of(real[chosen])
    outputs = np.empty((len(lenders), len(places), len(chosen)))
    rows = np.arange(len(chosen))[:, None]
    for n, (lags, features) in enumerate(places):
        points = np.repeat(x[None, chosen], len(lenders), axis=0)
        at, within = steps[:, lags], has[:, lags]
        for feature in features:
            points[:, rows, at, feature] = np.where(
                within, lent[:, rows, at, feature], points[:, rows, at, feature]
            )
        flat = points.reshape(-1, *x.shape[1:])
        outputs[:, n] = in_parts(model.forward, flat).reshape(len(lenders), len(chosen))
    return outputs


def in_parts(forward: Any, x: np.ndarray) -> np.ndarray:
    """The outputs, in calls of at most 16 MiB of windows."""
    size = max(1, 2**24 // x[:1].nbytes)
    return np.concatenate([forward(x[n : n + size]) for n in range(0, len(x), size)])


def _mean(values: np.ndarray) -> np.ndarray:
    count = np.isfinite(values).sum(axis=0)
    total = np.nansum(values, axis=0)
    return np.asarray(np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0))


def _error(values: np.ndarray) -> np.ndarray:
    """Of the mean over windows, which are the first axis."""
    count = np.isfinite(values).sum(axis=0)
    squared = np.nansum((values - _mean(values)) ** 2, axis=0)
    return np.asarray(np.sqrt(squared / np.maximum(count - 1, 1) / np.maximum(count, 1)))
