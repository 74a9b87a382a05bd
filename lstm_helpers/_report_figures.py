"""The figures of a report, each with a sentence for those who can't see it. Needs Matplotlib."""

from __future__ import annotations

import base64
import dataclasses
import functools
import io
from typing import Any

import numpy as np

from lstm_helpers._report_measures import METHODS
from lstm_helpers._report_tables import Table, shown

# Of a deep stack the first layers: a page of more figures nobody reads, and the tables have all.
_MOST_LAYERS = 6


@dataclasses.dataclass(frozen=True)
class Picture:
    """A PNG as base64, its sentence, and its size on the page."""

    png: str
    alt: str
    width: int
    height: int


def all_pictures(tables: dict[str, Table], weights: dict[str, Any], step: str) -> dict[str, Any]:
    """By section, the pictures. Raises ImportError where Matplotlib is not installed."""
    from lstm_helpers import plots

    outside = [
        _drawn(plots, 3.2, functools.partial(_methods, plots, tables["lags"], step)),
        _drawn(plots, _map_height(tables), functools.partial(_map, tables["map"], step)),
    ]
    inside, norms = [], []
    for path in list(weights)[:_MOST_LAYERS]:
        roads = functools.partial(_roads, plots, tables["roads"], path, step)
        kept = functools.partial(_kept, plots, tables["memory"], path, step)
        inside += [_drawn(plots, 3.0, roads), _drawn(plots, 3.0, kept)]
        norms.append(_drawn(plots, 3.0, functools.partial(_norms, plots, weights[path], path)))
    return {"outside": outside, "inside": inside, "norms": norms}


def _drawn(plots: Any, height: float, draw: Any) -> Picture:
    import matplotlib.pyplot as plt

    fig, ax = plots.subplots(height=height)
    alt = draw(ax)
    png = io.BytesIO()
    # Without the version of Matplotlib in it, the same figure is the same bytes.
    fig.savefig(png, format="png", dpi=150, metadata={"Software": None})
    width, high = (round(100 * inches) for inches in fig.get_size_inches())
    plt.close(fig)
    return Picture(base64.b64encode(png.getvalue()).decode("ascii"), alt, width, high)


def _methods(plots: Any, lags: Table, step: str, ax: Any) -> str:
    profiles = {}
    for method in METHODS:
        column = next(name for name in lags.columns if name.startswith(method))
        values = np.array(lags.column(column), dtype=float)
        largest = np.nanmax(np.abs(values))
        profiles[method] = values / largest if largest else values
    plots.lag_profile(profiles, label="share of the largest", step=step, ax=ax)
    tops = ", ".join(
        f"{np.nanargmax(np.nan_to_num(values))} by {method}" for method, values in profiles.items()
    )
    return f"Three profiles over the lags, each as a share of its largest. The largest lag: {tops}."


def _map_height(tables: dict[str, Table]) -> float:
    return 1.3 + 0.28 * min(max(len(tables["map"].columns) - 1, 3), 24)


def _map(grid: Table, step: str, ax: Any) -> str:
    names = grid.columns[1:]
    values = np.array([row[1:] for row in grid.rows], dtype=float)
    lags = len(values)
    mesh = ax.pcolormesh(
        np.arange(lags + 1) - 0.5, np.arange(len(names) + 1), values.T, cmap="cividis", vmin=0
    )
    every = -(-len(names) // 24)
    ticks = np.arange(0, len(names), every)
    ax.set_yticks(ticks + 0.5, [_literal(names[n][:24]) for n in ticks])
    ax.invert_yaxis()
    ax.set_xlim(lags - 0.5, -0.5)
    ax.set_xlabel(f"lag ({_literal(step)} before the newest)")
    ax.figure.colorbar(mesh, ax=ax, pad=0.01, label="mean size")
    lag, feature = np.unravel_index(np.nanargmax(values), values.shape)
    return (
        f"A map of {lags} lags by {len(names)} features. The largest is {names[feature]} at lag "
        f"{lag}: {shown(float(values[lag, feature]))}."
    )


def _roads(plots: Any, roads: Table, path: str, step: str, ax: Any) -> str:
    rows = [row for row in roads.rows if row[0] == path]
    both = {
        name: np.array([row[n] for row in rows], dtype=float)
        for n, name in ((2, "all paths"), (3, "the cell's own line"))
    }
    plots.lag_profile(both, label="size of the derivative", step=step, ax=ax)
    ax.set_title(_literal(path), loc="right")  # on the left is the legend
    every, line = (shown(float(values[-1])) for values in both.values())
    return (
        f"Derivatives of {path} by lag. At the oldest lag, {len(rows) - 1}: {every} by all paths, "
        f"{line} by the cell's own line."
    )


def _kept(plots: Any, memory: Table, path: str, step: str, ax: Any) -> str:
    row: Any = next(row for row in memory.rows if row[0] == path)
    at = np.arange(25)
    lives = dict(zip(("shortest", "median", "longest"), map(float, row[1:4]), strict=True))
    left = {
        f"{name} half-life": np.where(at == 0, 1.0, 0.5 ** (at / life)) if life else 1.0 * (at == 0)
        for name, life in lives.items()
    }
    plots.retention(left, step=step, ax=ax)
    ax.set_title(_literal(path), loc="left")
    said = ", ".join(f"{name} {shown(life)}" for name, life in lives.items())
    return f"What is left in the cells of {path} after each step. Half-lives in {step}: {said}."


def _norms(plots: Any, w: Any, path: str, ax: Any) -> str:
    ax.set_title(_literal(path), loc="left")  # first: the legend goes above it
    plots.norm_bars(w, ax=ax)
    return f"{path}: {plots.describe_norms(w)}"


def _literal(text: str) -> str:
    """As it is: Matplotlib would read what stands between dollars as mathematics."""
    return text.replace("$", r"\$")
