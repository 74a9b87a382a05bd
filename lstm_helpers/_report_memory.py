"""What a report measures inside: of each LSTM its gates, how long its cells keep, and by which road
old readings arrive.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from lstm_helpers import memory
from lstm_helpers._report_models import Layer
from lstm_helpers._report_tables import Table, table
from lstm_helpers.gates import feature_norms, gate_norms
from lstm_helpers.jacobian import input_jacobian

CLOSED, OPEN = 0.05, 0.95
# A gate of one unit that stays beyond these in nearly all steps does not gate.
_STUCK, _MOST = 0.01, 0.95
# The six signals of all layers, for as many windows as fit.
_TRACE_BYTES = 2**26
_TRACED = 200
_DIRECTIONS = 16


@dataclasses.dataclass(frozen=True)
class Inside:
    """Of each LSTM, by path. ``slowest`` in steps; ``line`` and ``all`` by lag, newest first."""

    layers: dict[str, Layer]
    half_lives: dict[str, np.ndarray]
    slowest: dict[str, float]
    line: dict[str, np.ndarray]
    all_paths: dict[str, np.ndarray]
    spreads: dict[str, np.ndarray]
    effects: dict[str, np.ndarray | None]


def windows_to_trace(units: int, shape: tuple[int, ...]) -> int:
    """How many windows the traces of so many units have room for."""
    count, time, _ = shape
    return min(count, _TRACED, max(2, _TRACE_BYTES // (24 * max(units, 1) * time)))


def measured(layers: dict[str, Layer]) -> Inside:
    """Half-lives, time constants and roads of each layer."""
    inside = Inside(layers, {}, {}, {}, {}, {}, {})
    for path, layer in layers.items():
        kept = _counted(layer.trace.gates.f, layer)
        with np.errstate(divide="ignore"):
            # What a cell keeps is a product of gates, so the mean is that of the logarithms.
            usual = np.exp(np.log(np.clip(kept, 0, 1)).mean(axis=0))
        inside.half_lives[path] = np.asarray(memory.half_life(usual))
        inside.slowest[path] = _slowest(layer)
        inside.line[path], inside.all_paths[path] = _roads(layer)
        last = layer.trace.hidden[:, -1].astype(float)
        inside.spreads[path] = _counted(layer.trace.hidden, layer).std(axis=0)
        inside.effects[path] = (
            None if layer.head is None else np.abs(layer.head[:, 0]) * last.std(axis=0)
        )
    return inside


def _counted(signal: np.ndarray, layer: Layer) -> np.ndarray:
    """(steps that count, units), float64."""
    mask = layer.trace.mask
    flat = signal.reshape(-1, signal.shape[2]) if mask is None else signal[mask]
    return flat.astype(float)


def _part(layer: Layer, count: int) -> dict[str, Any]:
    """What functions of a layer take beside weights and readings, for the first windows."""
    mask, state = layer.trace.mask, layer.trace.initial_state
    if mask is not None and layer.w.go_backwards:
        mask = mask[:, ::-1]  # a trace has it in the order of the work
    return {
        "mask": None if mask is None else mask[:count],
        "initial_state": (state[0][:count], state[1][:count]),
    }


def _slowest(layer: Layer) -> float:
    """The median over windows of the longest time constant at the last step, in steps."""
    # An eigenvalue problem of size n costs about n^3.
    count = int(np.clip(1e8 / (2 * layer.w.units) ** 3, 2, 50))
    count = min(count, len(layer.reads))
    mask = layer.trace.mask
    reads = layer.reads[:count]
    if mask is not None and not mask[:count].any(axis=1).all():
        return float("nan")
    try:
        found = memory.time_constants(layer.w, reads, **_part(layer, count))
    except ValueError:  # NaN or infinity
        return float("nan")
    return float(np.median(found[:, 0]))


def _roads(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Mean size of the derivative by each lag: along the cell's own line, and by all paths."""
    units, head = layer.w.units, layer.head
    if head is None:
        rng = np.random.default_rng(0)
        outputs = min(units, _DIRECTIONS)
        # All units where they are few, else random directions: sizes are the same on average.
        head = np.eye(units) if units <= _DIRECTIONS else rng.normal(size=(units, outputs))
    run = 24.0 * layer.w.units * (layer.w.units + layer.w.input_dim) * layer.reads.shape[1]
    count = int(np.clip(3e10 / (run * head.shape[1]), 8, 100))
    count = min(count, len(layer.reads))
    found = []
    for function in (memory.recurrence_cut, input_jacobian):
        part = function(layer.w, layer.reads[:count], head, **_part(layer, count))
        by_step = np.abs(part.astype(float)).sum(axis=(1, 3)).mean(axis=0)
        # In the order of the layer's own work: lag 0 is what it read last.
        found.append(by_step if layer.w.go_backwards else by_step[::-1])
    return found[0], found[1]


def tables(inside: Inside, step: str) -> dict[str, Table]:
    """The tables by name: layers, norms, gates, memory, roads, units."""
    layers = inside.layers
    if not layers:
        return {}
    weights = [layer.w for layer in layers.values()]
    paths = list(layers)
    gates = [(path, gate) for path in paths for gate in "ifo"]
    values = [_counted(getattr(layers[p].trace.gates, gate), layers[p]) for p, gate in gates]
    lives = inside.half_lives.values()
    share = {path: _share(inside.line[path], inside.all_paths[path]) for path in paths}
    norms = {path: gate_norms(layer.w) for path, layer in layers.items()}
    return {
        "layers": table(
            "The LSTMs",
            {
                "layer": paths,
                "features": [w.input_dim for w in weights],
                "units": [w.units for w in weights],
                "weights": [sum(array.size for array in w.to_arrays()) for w in weights],
                "steps": [layer.reads.shape[1] for layer in layers.values()],
                "reads": ["from the end" if w.go_backwards else "forwards" for w in weights],
                "activations": [f"{w.activation}, {w.recurrent_activation}" for w in weights],
                "windows looked at": [len(layer.reads) for layer in layers.values()],
            },
            "Kernel W (features, units), recurrent kernel U (units, units) and bias b (units) for "
            "each of four gates: input i, forget f, candidate c, output o.",
        ),
        "norms": table(
            "Sizes of the arrays (Frobenius norm)",
            {"layer": paths}
            | {
                name: [norms[path].get(name) for path in paths]
                for name in dict.fromkeys(name for of in norms.values() for name in of)
            },
        ),
        "gates": table(
            "How open the gates are",
            {
                "layer": [path for path, _ in gates],
                "gate": [gate for _, gate in gates],
                "mean": [found.mean() for found in values],
                f"below {CLOSED} (%)": [100 * (found < CLOSED).mean() for found in values],
                f"above {OPEN} (%)": [100 * (found > OPEN).mean() for found in values],
                "units that stay at an end (%)": [100 * _stuck(found).mean() for found in values],
            },
            "Over all steps, units and windows looked at. 0 is closed, 1 is open.",
        ),
        "memory": table(
            f"How long the cells keep, in {step}",
            {
                "layer": paths,
                "shortest half-life": [life.min() for life in lives],
                "median half-life": [np.median(life) for life in lives],
                "longest half-life": [life.max() for life in lives],
                "slowest time constant": list(inside.slowest.values()),
                "by the cell's own line (%)": list(share.values()),
            },
            "A half-life is of a unit's usual forget gate, the cell alone. The time constant "
            "counts all ways through a step. The last column: of the effect of readings from the "
            "older half of the window, what the cell's own line gives without the hidden state; it "
            "may be over 100, where the other ways have the other sign.",
        ),
        "roads": table(
            "By which road a reading arrives",
            {
                "layer": [path for path in paths for _ in inside.line[path]],
                "lag": [lag for path in paths for lag in range(len(inside.line[path]))],
                "all paths": np.concatenate([inside.all_paths[path] for path in paths]),
                "the cell's own line": np.concatenate([inside.line[path] for path in paths]),
            },
            "Mean size of the derivative by what the layer read at that lag, of "
            + _outputs_of(layers)
            + ".",
        ),
        "units": table(
            "The units",
            {
                "layer": [path for path in paths for _ in inside.spreads[path]],
                "unit": [n for path in paths for n in range(len(inside.spreads[path]))],
                "half-life": np.concatenate(list(lives)),
                "spread of the hidden state": np.concatenate(list(inside.spreads.values())),
                "effect on the output": [
                    None if effect is None else effect[n]
                    for path, effect in inside.effects.items()
                    for n in range(len(inside.spreads[path]))
                ],
            },
            "Effect: size of the head's weight times the spread of the last hidden state, where a "
            "linear head stands behind the layer.",
        ),
    }


def _outputs_of(layers: dict[str, Layer]) -> str:
    behind = [layer.head is not None for layer in layers.values()]
    if all(behind):
        return "the output behind its linear head"
    if not any(behind):
        return "its last hidden state (no linear head was found behind it)"
    return "the output where a linear head was found behind the layer, else its last hidden state"


def _stuck(values: np.ndarray) -> np.ndarray:
    """Of (steps, units): which units are at one end in nearly all steps."""
    return np.asarray(
        ((values < _STUCK).mean(axis=0) > _MOST) | ((values > 1 - _STUCK).mean(axis=0) > _MOST)
    )


def _share(line: np.ndarray, all_paths: np.ndarray) -> float:
    """Per cent of what the older half of the lags has."""
    old = slice(len(line) // 2, None)
    total = all_paths[old].sum()
    return float(100 * line[old].sum() / total) if total else float("nan")


def norms_beside(
    layers: dict[str, Layer], names: list[str], importance: np.ndarray
) -> dict[str, Table]:
    """The rows of the first layer's kernel beside what the features are worth, where they match."""
    if not layers:
        return {}
    path, layer = next(iter(layers.items()))
    if layer.w.input_dim != len(names):
        return {}
    sizes = np.sqrt(sum(rows**2 for rows in feature_norms(layer.w)))
    return {
        "feature norms": table(
            f"Weights on each feature in {path}, beside what the feature is worth",
            {
                "feature": names,
                "norm of its rows": sizes,
                "expected gradients": importance,
            },
            "A norm does not know how far a feature moves: scaled by ten with weights of a tenth, "
            "the output is the same and the norm another.",
        )
    }
