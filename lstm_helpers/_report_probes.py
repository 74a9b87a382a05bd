"""What the last hidden states of a model know of the time, beside what they need not have learned.

A high probe alone says nothing: each stands beside an untrained layer of the same shape, the
readings themselves, and targets that were shuffled (Hewitt and Liang 2019, arXiv:1909.03368).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import numpy as np

from lstm_helpers._report_memory import windows_to_trace
from lstm_helpers._report_models import Opened
from lstm_helpers._report_tables import Table, table
from lstm_helpers.gates import LSTMWeights
from lstm_helpers.numpy_lstm import last_hidden
from lstm_helpers.probing import probe

_MOST = 1500
_LEAST = 100
_CALENDAR = {"hour of the day": 86_400.0, "day of the year": 365.25 * 86_400}
# Windows in the order of time are cut into so many parts, and every third is for validation: so
# both have all hours and seasons, and few windows overlap.
_PARTS = 12


def measured(opened: Opened, x: np.ndarray, times: np.ndarray) -> dict[str, Table]:
    """The table ``probes``; none where there is no LSTM, or too little to probe."""
    seconds = times.astype("datetime64[s]").astype(np.int64)
    wanted = {}
    for name, period in _CALENDAR.items():
        angle = 2 * np.pi * (seconds % period) / period
        targets = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        # What hardly moves, as the hour of daily readings, can't be probed.
        if np.ptp(seconds) > 2 * period / 3 and targets.std(axis=0).min() > 0.3:
            wanted[name] = targets
    count = min(len(x), _MOST)
    if not wanted or count < _LEAST:
        return {}
    chosen = np.random.default_rng(0).choice(len(x), count, replace=False)
    chosen = chosen[np.argsort(seconds[chosen], kind="stable")]
    try:
        states = last_states(opened, x[chosen])
    except (TypeError, ValueError, RuntimeError):
        states = {}
    if not states:
        return {}
    later = parts_of(count)
    readings = x[chosen].reshape(count, -1)
    rows = []
    for name, angles in wanted.items():
        targets = angles[chosen]
        shuffled = np.random.default_rng(1).permutation(targets)
        plain = [score_of(source, targets, later) for source in (readings, x[chosen, -1])]
        for path, (trained, untrained) in states.items():
            own = [score_of(source, targets, later) for source in (trained, untrained)]
            rows.append((path, name, *own, *plain, score_of(trained, shuffled, later)))
    columns = (
        "layer", "quantity", "last hidden state", "untrained layer", "all readings of the window",
        "newest reading", "shuffled quantity",
    )  # fmt: skip
    return {
        "probes": table(
            "What a linear probe reads of the time (R² on windows it was not fitted on)",
            dict(zip(columns, zip(*rows, strict=True), strict=True))
            | {"windows": [count] * len(rows)},
            "1: read exactly; 0 or less: not at all. Only what is above the untrained layer was "
            "learned, and a probe does not say that the model uses it.",
        )
    }


def parts_of(count: int) -> np.ndarray:
    """Which of so many windows are for validation: every third of the parts."""
    return np.asarray(np.arange(count) * _PARTS // count % 3 == 2)


def score_of(states: np.ndarray, targets: np.ndarray, later: np.ndarray) -> float:
    """R² on the ``later`` windows of a probe fitted on the others."""
    return probe((states[~later], targets[~later]), (states[later], targets[later])).r2


def last_states(
    opened: Opened, x: np.ndarray, seeds: Iterable[int] = (0,)
) -> dict[str, list[np.ndarray]]:
    """By path, (windows, units): the last hidden states, then those of untrained layers, each drawn
    from its seed, that read the same.

    Raises what ``opened.look`` does where nothing can be seen.
    """
    units = sum(layer.w.units for layer in opened.look(x[:2]).values())
    size = windows_to_trace(units, x.shape)
    found: dict[str, list[list[np.ndarray]]] = {}
    for start in range(0, len(x), size):
        for path, layer in opened.look(x[start : start + size]).items():
            if len(layer.reads) != len(x[start : start + size]):
                continue  # it does not run once for each window
            mask = layer.trace.mask
            if mask is not None and layer.w.go_backwards:
                mask = mask[:, ::-1]
            fresh = [last_hidden(_fresh(layer.w, seed), layer.reads, mask) for seed in seeds]
            parts = [layer.trace.hidden[:, -1], *fresh]
            for states, part in zip(
                found.setdefault(path, [[] for _ in parts]), parts, strict=True
            ):
                states.append(part.astype(float))
    return {path: [np.concatenate(states) for states in of] for path, of in found.items()}


def _fresh(w: LSTMWeights, seed: int) -> LSTMWeights:
    """A layer of that shape as Keras starts one: Glorot, orthogonal rows, forget bias 1."""
    rng = np.random.default_rng(seed)
    limit = (6 / (w.input_dim + 4 * w.units)) ** 0.5
    kernel = rng.uniform(-limit, limit, (w.input_dim, 4 * w.units))
    recurrent = np.linalg.qr(rng.normal(size=(4 * w.units, w.units)))[0].T
    bias = np.zeros(4 * w.units)
    bias[w.units : 2 * w.units] = 1
    arrays = [array.astype(w.dtype) for array in (kernel, recurrent, bias)]
    new = LSTMWeights.from_arrays(arrays)
    return dataclasses.replace(
        w, kernel=new.kernel, recurrent_kernel=new.recurrent_kernel, bias=new.bias
    )
