"""The experiment of each kind of reading: what is changed, what follows, and where it decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from lstm_helpers import _lags
from lstm_helpers._report_measures import in_parts
from lstm_helpers._report_memory import windows_to_trace
from lstm_helpers._report_models import HEAD_WINDOWS, Layer, Opened, with_heads
from lstm_helpers._report_probes import last_states, parts_of, score_of
from lstm_helpers._report_tables import shown
from lstm_helpers._report_warnings import LEAKED, NO_SKILL, like_targets
from lstm_helpers.numpy_lstm import replay

Found = tuple[str, str, dict[str, float]]
HOLDS, FAILS, CANNOT = "holds", "fails", "cannot tell"

LEAST = 20
_WINDOWS, _LENDERS = 120, 4
# Of what moves when all readings are exchanged, in per cent. In hand-set worlds, what is not used
# moves nothing, and the least of what is used moves some 10 %.
NOTHING, SOMETHING = 0.5, 2.0


def _draw(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows that are asked, and others that lend each of them readings: (lenders, windows).

    The same in each run.
    """
    rng = np.random.default_rng(0)
    chosen = np.sort(rng.permutation(count)[:_WINDOWS])
    away = rng.permutation(count - 1)[:_LENDERS] + 1
    return chosen, (chosen + away[:, None]) % count


def _moves(
    opened: Opened, x: np.ndarray, places: list[tuple[list[int], list[int]]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean size of the change (places,), in per cent of a whole exchange, its standard error, all.

    All are by window: (places, windows).
    """
    chosen, lenders = _draw(len(x))
    value = opened.mask_value
    real = np.ones(x.shape[:2], bool) if value is None else ~(x == value).all(axis=2)
    steps, has = _lags.steps_of(real)
    rows = np.arange(len(chosen))[:, None]
    now = in_parts(opened.forward, x[chosen])
    moved = np.zeros((len(places) + 1, len(chosen)))
    for n, (lags, features) in enumerate([*places, (range(x.shape[1]), range(x.shape[2]))]):
        for lender in lenders:
            points = x[chosen]
            at, there = steps[chosen][:, lags], steps[lender][:, lags]
            both = has[chosen][:, lags] & has[lender][:, lags]
            for feature in features:
                points[rows, at, feature] = np.where(
                    both, x[lender[:, None], there, feature], points[rows, at, feature]
                )
            moved[n] += np.abs(in_parts(opened.forward, points) - now) / len(lenders)
    whole = moved[-1].mean()
    by_window = 100 * moved[:-1] / whole if whole else 0 * moved[:-1]
    return by_window.mean(axis=1), by_window.std(axis=1) / np.sqrt(len(chosen)), by_window


def _place(reading: Any, x: np.ndarray) -> tuple[list[int], list[int]]:
    lags = range(x.shape[1]) if reading.lag is None else [reading.lag]
    features = range(x.shape[2]) if reading.feature is None else [reading.feature]
    return list(lags), list(features)


def _named(reading: Any) -> str:
    parts = []
    if reading.feature is not None:
        parts.append(f"feature {reading.feature}")
    if reading.lag is not None:
        parts.append(f"lag {reading.lag}")
    return " at ".join(parts)


def _between(moved: float) -> str:
    return HOLDS if moved >= SOMETHING else FAILS if moved < NOTHING else CANNOT


_OPPOSITE = {HOLDS: FAILS, FAILS: HOLDS, CANNOT: CANNOT}


def uses(reading: Any, opened: Opened, x: np.ndarray, *_: Any) -> Found:
    """Exchange it with other windows'."""
    lags, features = _place(reading, x)
    asked = x[:, [x.shape[1] - 1 - lag for lag in lags]][..., features]
    if not (asked != asked[0]).any():
        return CANNOT, f"{_named(reading).capitalize()} never varies in these windows.", {}
    moved, error = _moves(opened, x, [_place(reading, x)])[:2]
    verdict = _between(float(moved[0]))
    text = (
        f"{_named(reading).capitalize()} was exchanged with that of other windows. The output "
        f"moved {shown(float(moved[0]))} % as far as with all readings exchanged "
        f"(standard error {shown(float(error[0]))})."
    )
    numbers = {"moved (%)": float(moved[0]), "standard error": float(error[0])}
    return (verdict if reading.kind == "uses" else _OPPOSITE[verdict]), text, numbers


def looks_back(reading: Any, opened: Opened, x: np.ndarray, *_: Any) -> Found:
    """Exchange all that is so old, together."""
    old = (list(range(reading.lag, x.shape[1])), list(range(x.shape[2])))
    moved, error = _moves(opened, x, [old])[:2]
    text = (
        f"All readings from lag {reading.lag} on were exchanged together. The output moved "
        f"{shown(float(moved[0]))} % as far as with all readings exchanged "
        f"(standard error {shown(float(error[0]))})."
    )
    numbers = {"moved (%)": float(moved[0]), "standard error": float(error[0])}
    return _between(float(moved[0])), text, numbers


def largest(reading: Any, opened: Opened, x: np.ndarray, *_: Any) -> Found:
    """Exchange each feature, or each lag, and compare."""
    _, time, features = x.shape
    if reading.feature is None:
        what, own = "lag", reading.lag
        places = [([lag], list(range(features))) for lag in range(time)]
    else:
        what, own = "feature", reading.feature
        places = [(list(range(time)), [feature]) for feature in range(features)]
    by_window = _moves(opened, x, places)[2]
    moved = by_window.mean(axis=1)
    rival = int(np.argmax(np.where(np.arange(len(moved)) == own, -np.inf, moved)))
    apart = by_window[own] - by_window[rival]
    mean, error = float(apart.mean()), float(apart.std() / np.sqrt(len(apart)))
    if not moved.any():
        verdict = FAILS
    else:
        verdict = HOLDS if mean > 2 * error else FAILS if mean < -2 * error else CANNOT
    text = (
        f"Each {what} was exchanged with that of other windows. {what.capitalize()} {own} moved "
        f"the output {shown(float(moved[own]))} % as far as all readings do, {what} {rival} "
        f"{shown(float(moved[rival]))} %; the difference is {shown(mean)}, its standard error "
        f"{shown(error)}."
    )
    numbers = {"moved (%)": float(moved[own]), "most of the others (%)": float(moved[rival]),
               "difference": mean, "standard error": error}  # fmt: skip
    return verdict, text, numbers


def _inside(opened: Opened, x: np.ndarray) -> tuple[Layer | None, str]:
    """The one LSTM that reads the windows and has a linear head, or why there is none."""
    try:
        layers = with_heads(opened.look(x), in_parts(opened.forward, x))
    except (TypeError, ValueError, RuntimeError) as error:
        return None, str(error)
    layer = next(iter(layers.values()), None)
    if len(layers) != 1 or layer is None:
        return None, f"the model has {len(layers)} LSTMs, and one can be patched"
    if layer.head is None:
        least = layer.w.units + HEAD_WINDOWS
        if len(x) < least:
            return None, (
                f"to find a linear head takes {HEAD_WINDOWS} windows more than the layer has "
                f"units, {least}, and {len(x)} were looked at"
            )
        return None, "the output is not linear in the last hidden state"
    if not np.array_equal(layer.reads, x) or layer.trace.mask is not None or layer.w.go_backwards:
        return None, "the LSTM does not read the windows as they are"
    return layer, ""


def _traced(opened: Opened, x: np.ndarray) -> np.ndarray:
    """Which windows there is room for, with all that the gates do; the same in each run."""
    try:
        units = sum(layer.w.units for layer in opened.look(x[:2]).values())
    except (TypeError, ValueError, RuntimeError):
        return np.arange(len(x))
    count = min(len(x), max(LEAST, windows_to_trace(units, x.shape)))
    return np.sort(np.random.default_rng(0).choice(len(x), count, replace=False))


def _unit_of(reading: Any, layer: Layer) -> int:
    if reading.unit >= layer.w.units:
        raise ValueError(f"expected unit from 0 to {layer.w.units - 1}, got {reading.unit}")
    return int(reading.unit)


def unit(reading: Any, opened: Opened, x: np.ndarray, *_: Any) -> Found:
    """Give one unit another window's state; or hold it while the feature is exchanged."""
    x = x[_traced(opened, x)]
    layer, why = _inside(opened, x)
    if layer is None:
        return CANNOT, f"Nothing can be exchanged inside: {why}.", {}
    number = _unit_of(reading, layer)
    w, head = layer.w, layer.head
    assert head is not None
    chosen, lenders = _draw(len(x))
    own = layer.trace

    def held_at(rows: np.ndarray) -> Callable[[str, int, np.ndarray], np.ndarray]:
        def edit(signal: str, step: int, value: np.ndarray) -> np.ndarray:
            if signal in ("cell", "hidden"):
                value = value.copy()
                value[:, number] = getattr(own, signal)[rows, step, number]
            return value

        return edit

    def output(windows: np.ndarray, rows: np.ndarray | None = None) -> np.ndarray:
        edit = None if rows is None else held_at(rows)
        return np.asarray(replay(w, windows, edit=edit).hidden[:, -1] @ head)[:, 0].astype(float)

    now = output(x[chosen])
    whole = np.mean([np.abs(output(x[lender]) - now) for lender in lenders])
    if not whole:
        return FAILS, "The output never moves.", {}
    if reading.feature is None:
        moved = np.mean([np.abs(output(x[chosen], lender) - now) for lender in lenders], axis=0)
        share, error = 100 * moved.mean() / whole, 100 * moved.std() / whole / len(moved) ** 0.5
        text = (
            f"Unit {number} was given the states of other windows. The output moved "
            f"{shown(float(share))} % as far as with all readings exchanged "
            f"(standard error {shown(float(error))})."
        )
        numbers = {"moved (%)": float(share), "standard error": float(error)}
        return _between(float(share)), text, numbers
    free, held = [], []
    for lender in lenders:
        points = x[chosen]
        points[:, :, reading.feature] = x[lender, :, reading.feature]
        free.append(np.abs(output(points) - now).mean())
        held.append(np.abs(output(points, chosen) - now).mean())
    effect = float(100 * np.mean(free) / whole)
    left = float(100 * np.mean(held) / whole)
    through = 100 * (1 - left / effect) if effect else 0.0
    text = (
        f"Feature {reading.feature} was exchanged: the output moved {shown(effect)} % as far as "
        f"with all readings exchanged. With unit {number} held as it was, {shown(left)} %: "
        f"{shown(through)} % of it came through the unit."
    )
    numbers = {"moved (%)": effect, "moved while held (%)": left, "through the unit (%)": through}
    if effect < NOTHING or through < LITTLE:
        return FAILS, text, numbers
    return (HOLDS if through >= MUCH and effect >= SOMETHING else CANNOT), text, numbers


# Twin units carry half each; a unit that merely looks like the feature carries nothing.
LITTLE, MUCH = 10.0, 40.0


def knows(reading: Any, opened: Opened, x: np.ndarray, _: Any, others: list[Opened]) -> Found:
    """The same probe on untrained layers."""
    quantity = np.asarray(reading.evidence, dtype=float)
    if not (quantity != quantity[0]).any():
        return CANNOT, "The quantity never varies in these windows.", {}
    try:
        own, *fresh = _states(opened, x, () if others else range(5))
        fresh += [_states(one, x)[0] for one in others]
    except (TypeError, ValueError, RuntimeError) as error:
        return CANNOT, f"Nothing can be probed: {error}.", {}
    later = parts_of(len(x))
    if own.shape[1] >= (~later).sum() or not (quantity[later] != quantity[later][0]).any():
        return CANNOT, f"{len(x)} windows are too few for {own.shape[1]} units.", {}
    score = score_of(own, quantity, later)
    controls = [score_of(states, quantity, later) for states in fresh]
    shuffled = score_of(own, np.random.default_rng(1).permutation(quantity), later)
    best = max(*controls, shuffled)
    numbers = {"R²": score, "best untrained": max(controls), "shuffled": shuffled}
    text = (
        f"A linear probe reads it with R² {shown(score)} from the last hidden state, with "
        f"{shown(max(controls))} from the best of {len(controls)} untrained ones, and "
        f"{shown(shuffled)} if it is shuffled."
    )
    rise = score - best
    numbers["rise"] = rise
    if score < _LEAST_READ or rise < _NO_RISE:
        return FAILS, text, numbers
    return (HOLDS if rise >= 2 * _NO_RISE and score >= 2 * _LEAST_READ else CANNOT), text, numbers


# Untrained layers of 12 units read the mean of the last hours as well as trained ones do, within
# 0.02; what was learned is read 0.2 to 0.9 better.
_LEAST_READ, _NO_RISE = 0.1, 0.05


def _states(opened: Opened, x: np.ndarray, seeds: Iterable[int] = ()) -> list[np.ndarray]:
    """(windows, units) of all LSTMs: the last hidden states, then those of untrained layers."""
    layers = last_states(opened, x, seeds)
    if not layers:
        raise ValueError("expected an LSTM that runs once for each window, got none")
    return [np.concatenate(of, axis=1) for of in zip(*layers.values(), strict=True)]


def same_unit(reading: Any, opened: Opened, x: np.ndarray, _: Any, others: list[Opened]) -> Found:
    """Whether the unit of that number is the most alike, in each of the others."""
    if not others:
        return CANNOT, "No other networks were given.", {}
    try:
        own, *rest = (_roles(one, x) for one in (opened, *others))
    except (TypeError, ValueError, RuntimeError) as error:
        return CANNOT, f"Nothing can be seen inside: {error}.", {}
    if reading.unit >= len(own):
        raise ValueError(f"expected unit from 0 to {len(own) - 1}, got {reading.unit}")
    if any(roles.shape != own.shape for roles in rest):
        return CANNOT, "The other networks have another number of units.", {}
    best = [int(np.argmax(roles @ own[reading.unit])) for roles in rest]
    same = sum(unit == reading.unit for unit in best)
    text = (
        f"The unit most like unit {reading.unit} in {len(rest)} other networks has the number "
        f"{', '.join(map(str, best))}: the same in {same}."
    )
    numbers = {"the same": float(same), "of": float(len(rest))}
    if same == len(rest):
        # By chance it is the same in one of as many networks as there are units.
        return (HOLDS if len(own) ** len(rest) >= 20 else CANNOT), text, numbers
    return (FAILS if 2 * same <= len(rest) else CANNOT), text, numbers


def _roles(opened: Opened, x: np.ndarray) -> np.ndarray:
    """(units, steps x features): how each last hidden state goes with each reading, of length 1."""
    (states,), readings = _states(opened, x), x.reshape(len(x), -1).astype(float)
    parts = [part - part.mean(axis=0) for part in (states, readings)]
    sizes = [np.sqrt((part**2).sum(axis=0)) for part in parts]
    states, readings = (p / np.where(s > 0, s, 1) for p, s in zip(parts, sizes, strict=True))
    roles = np.abs(states.T @ readings)
    length = np.sqrt((roles**2).sum(axis=1, keepdims=True))
    return np.asarray(roles / np.where(length > 0, length, 1))


def skilled(_: Any, opened: Opened, x: np.ndarray, targets: np.ndarray | None, *__: Any) -> Found:
    """Its error beside that of a constant; and whether a reading is the target."""
    if targets is None:
        return CANNOT, "No targets were given.", {}
    outputs = in_parts(opened.forward, x).astype(float)
    error = float(np.abs(targets - outputs).mean())
    constant = float(np.abs(targets - np.median(targets)).mean())
    if not constant:
        return CANNOT, "The target never varies in these windows.", {}
    alike = float(like_targets(x, targets).max())
    text = (
        f"Its mean error is {shown(error)}, that of a constant {shown(constant)}. The reading most "
        f"like the target has correlation {shown(alike)} with it."
    )
    numbers = {"error": error, "error of a constant": constant, "correlation": alike}
    if alike > LEAKED:
        return FAILS, text + " The target stands in the readings.", numbers
    ratio = error / constant
    return (HOLDS if ratio < _SKILL else FAILS if ratio > NO_SKILL else CANNOT), text, numbers


_SKILL = 0.9


def needs(
    reading: Any,
    opened: Opened,
    x: np.ndarray,
    targets: np.ndarray | None,
    others: list[Opened],
) -> Found:
    """Networks that were trained without it."""
    if targets is None or not others:
        lacking = "targets" if targets is None else "networks that were trained without it"
        return CANNOT, f"This takes {lacking}, and none were given.", {}
    if max(float(_moves(one, x, [_place(reading, x)])[0][0]) for one in others) >= NOTHING:
        return CANNOT, f"The other networks use {_named(reading)} themselves.", {}
    errors = [float(np.abs(targets - in_parts(one.forward, x)).mean()) for one in (opened, *others)]
    worse = [100 * (error / errors[0] - 1) for error in errors[1:]]
    text = (
        f"The error is {shown(errors[0])}, that of {len(worse)} networks trained without "
        f"{_named(reading)} {shown(min(errors[1:]))} to {shown(max(errors[1:]))}: "
        f"{shown(min(worse))} to {shown(max(worse))} % more."
    )
    numbers = {"error": errors[0], "least more (%)": min(worse), "most more (%)": max(worse)}
    if min(worse) > 1:
        return HOLDS, text, numbers
    return (FAILS if max(worse) <= 1 else CANNOT), text, numbers


BY_KIND: dict[str, Callable[..., Found]] = {
    "uses": uses,
    "ignores": uses,
    "largest": largest,
    "looks back": looks_back,
    "unit": unit,
    "knows": knows,
    "same unit": same_unit,
    "skilled": skilled,
    "needs": needs,
}
