"""What stands out: the few lags, features and units that have nearly all, if few have."""

from __future__ import annotations

import dataclasses

import numpy as np

from lstm_helpers._report_measures import METHODS, Outside, shares
from lstm_helpers._report_memory import Inside
from lstm_helpers._report_tables import Table, table


@dataclasses.dataclass(frozen=True)
class Named:
    """What a report names; None where nothing stands out.

    Attributes
    ----------
    lags, features : tuple of int or None
        Steps back from the newest; columns of the windows.
    units : tuple of (str, int) or None
        Path of the layer, and number.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(60, 6, 2)) * [1, 0.01]
    >>> lh.report(lh.Readout(w, np.eye(3)[0]), x).named
    Named(lags=None, features=(0,), units=(('lstm', 0),))
    """

    lags: tuple[int, ...] | None
    features: tuple[int, ...] | None
    units: tuple[tuple[str, int], ...] | None


def named(outside: Outside, inside: Inside, untrained: bool) -> Named:
    """The few that have nearly all. Of an untrained network nothing is named: it is chance."""
    if untrained:
        return Named(None, None, None)
    effects = {path: of for path, of in inside.effects.items() if of is not None}
    places = [(path, n) for path, of in effects.items() for n in range(len(of))]
    units = few(np.concatenate(list(effects.values()))) if effects else None
    return Named(
        few(outside.lags[METHODS[0]]),
        few(outside.features[METHODS[0]]),
        None if units is None else tuple(places[n] for n in units),
    )


def few(values: np.ndarray) -> tuple[int, ...] | None:
    """Places of at most four values that have ``MOST`` of the sum and end at the widest gap."""
    share = shares(values)
    order = np.argsort(-share, kind="stable")
    ordered = share[order]
    most = min(4, max(1, len(share) // 2))
    following = np.append(ordered[1:], 0.0)[:most]
    gaps = ordered[:most] / np.maximum(following, FLOOR)
    count = int(np.argmax(gaps)) + 1
    if gaps[count - 1] < GAP or ordered[:count].sum() < MOST:
        return None
    return tuple(sorted(order[:count].tolist()))


# Set on mysteries of the seeds 0 and 1: named ones hold 87 % and more, the next 5 % and less.
GAP, MOST, FLOOR = 3.0, 0.8, 0.01


def short(found: Named, outside: Outside, inside: Inside, names: list[str]) -> Table:
    """The table "stands out"."""
    lag, feature = (shares(of[METHODS[0]]) for of in (outside.lags, outside.features))
    sizes = {path: of for path, of in inside.effects.items() if of is not None}
    total = sum(float(of.sum()) for of in sizes.values())
    held = [
        None if found.lags is None else float(lag[list(found.lags)].sum()),
        None if found.features is None else float(feature[list(found.features)].sum()),
        None
        if found.units is None
        else sum(float(sizes[path][n]) for path, n in found.units) / total,
    ]
    rows = {
        "lags": None if found.lags is None else ", ".join(map(str, found.lags)),
        "features": None if found.features is None else ", ".join(names[n] for n in found.features),
        "units": None
        if found.units is None
        else ", ".join(f"{path} {n}" for path, n in found.units),
    }
    return table(
        "What stands out",
        {
            "what": list(rows),
            "named": list(rows.values()),
            "of all (%)": [None if part is None else 100 * part for part in held],
        },
        f"At most four that hold {100 * MOST:.0f} % or more of what expected gradients give, or of "
        "the units' effects, with a gap behind them. No name: many share it, or nothing was "
        "learned, or, of units, no linear head was found.",
    )
