"""Whether some past inputs are needed, and not only used: train anew without them.

Attribution says what a trained network uses. It may use an hour although another one says the same.
An hour is needed if new networks that never saw it are worse.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lstm_helpers import _checks

Fit = Callable[[np.ndarray, np.ndarray, int], Callable[[np.ndarray], Any]]
"""(inputs, targets, seed) -> forward."""

Part = tuple[np.ndarray, np.ndarray]
"""Inputs and targets, a row a window."""

_MADE_BY = "lstm_helpers.retrain_without"
_TRAINED = ("whole", "without")
_LAST_SEED = 2**32 - 1  # np.random.seed and keras.utils.set_random_seed take no larger one

_Job = tuple[int, bool]
"""A training: its seed, and whether it is without the inputs in question."""


@dataclasses.dataclass(frozen=True, eq=False)
class Retrained:
    """The errors of networks that were trained with everything, and without some inputs.

    Attributes
    ----------
    seeds : (seeds,) array of int
    whole, without : (seeds,) arrays, float64
        The validation error of the network of each seed, trained on the whole inputs and on the
        blanked ones. In the unit of the error.

    Examples
    --------
    >>> found = lh.Retrained(np.arange(2), np.array([1.0, 1.2]), np.array([1.5, 1.5]))
    >>> print(found)
    error 1.1 with all inputs, 1.5 without: lost 0.4 (0.3 to 0.5 over 2 seeds), worse in 2 of 2
    """

    seeds: np.ndarray
    whole: np.ndarray
    without: np.ndarray

    @property
    def lost(self) -> np.ndarray:
        """(seeds,) array: ``without - whole``. Positive where the inputs were needed.

        Examples
        --------
        >>> found = lh.Retrained(np.arange(2), np.array([1.0, 1.25]), np.array([1.5, 1.5]))
        >>> found.lost.tolist()
        [0.5, 0.25]
        """
        return self.without - self.whole

    @property
    def mean(self) -> float:
        """The mean of ``lost`` over the seeds.

        Examples
        --------
        >>> found = lh.Retrained(np.arange(2), np.array([1.0, 1.25]), np.array([1.5, 1.5]))
        >>> found.mean
        0.375
        """
        return float(self.lost.mean())

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest of ``lost``. If 0 lies between them, seeds disagree.

        Examples
        --------
        >>> found = lh.Retrained(np.arange(2), np.array([1.0, 1.25]), np.array([1.5, 1.5]))
        >>> found.spread
        (0.25, 0.5)
        """
        return float(self.lost.min()), float(self.lost.max())

    def __str__(self) -> str:
        low, high = self.spread
        count = len(self.seeds)
        return (
            f"error {self.whole.mean():.3g} with all inputs, {self.without.mean():.3g} without: "
            f"lost {self.mean:.3g} ({low:.3g} to {high:.3g} over {_counted(count, 'seed')}), "
            f"worse in {(self.lost > 0).sum()} of {count}"
        )


def retrain_without(
    fit: Fit,
    error: Callable[[Any, np.ndarray], Any],
    training: Part,
    validation: Part,
    *,
    lags: int | Iterable[int] | None = None,
    features: int | Iterable[int] | None = None,
    seeds: int | Iterable[int] = 5,
    store: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Retrained:
    """How much worse new networks get that never saw some lags or features.

    For each seed a network is trained with everything, and one on blanked inputs, from the same
    seed. Hooker et al. (2019), https://arxiv.org/abs/1806.10758, blank and train anew in
    this way; Lei et al. (2018), https://arxiv.org/abs/1604.04173, leave out whole
    features.

    Parameters
    ----------
    fit : callable
        (inputs, targets, seed) -> forward. It makes and trains a new network on windows (windows,
        time, features). The result is a function of windows; its outputs may have any shape.
    error : callable
        (outputs, targets) -> one number: how bad the outputs for the validation windows are.
    training, validation : (inputs, targets)
        Inputs (windows, time, features), oldest step first, and targets (windows, ...).
    lags : int or several, optional
        What is blanked: these steps, with all features. Lag 0 is the newest reading.
    features : int or several, optional
        What is blanked: these features, at all steps. With ``lags``: only these at those lags.
    seeds : int or several
        A number n stands for the seeds 0 to n - 1; ``[7]`` is the seed 7. At most 2**32 - 1.
    store : str or path, optional
        A file that gets each error as soon as it is known. If a call stops, the same call goes on
        where it stopped, with more seeds too. The file knows the data, ``lags`` and ``features``,
        but not ``fit`` and ``error``: take a new file if you change these.
    progress : bool
        Print a line before the first training and one after each.

    Returns
    -------
    Retrained
        ``lost`` is the error without minus the error with everything, one value a seed.

    Raises
    ------
    TypeError, ValueError
        An argument does not fit, before anything is trained. ``store`` is of another experiment or
        damaged; it is left as it is. ``fit`` returns no function, or ``error`` no finite number.

    Notes
    -----
    A blanked entry is the mean of its feature over all training windows and steps, the same in
    every window of both parts: for scaled inputs 0. Nothing is left to learn from it. Padding is
    blanked like any reading, and counts in the mean.

    Functions get copies, which they may change; inputs that are no floats come as float64. The
    store is a text file, a JSON line a training. Each write replaces the whole file.

    A network of Keras::

        def fit(inputs, targets, seed):
            keras.utils.set_random_seed(seed)
            model = keras.Sequential([keras.layers.LSTM(16), keras.layers.Dense(1)])
            model.compile("adam", "mae")
            model.fit(inputs, targets, epochs=20, verbose=0)
            return keras_tools.keras_forward(model)

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(size=(100, 4, 1))
    >>> y = x[:, -2, 0]  # the reading at lag 1
    >>> def fit(x, y, seed):  # least squares: the same from every seed
    ...     weights = np.linalg.lstsq(x[..., 0], y)[0]
    ...     return lambda x: x[..., 0] @ weights
    >>> error = lambda outputs, y: np.abs(outputs - y).mean()
    >>> found = lh.retrain_without(fit, error, (x, y), (x, y), lags=1, seeds=2, progress=False)
    >>> found.lost.round(1).tolist()
    [0.8, 0.8]
    """
    _checks.function("fit", fit)
    _checks.function("error", error)
    training = _checks.inputs_and_targets("training", training)
    validation = _checks.inputs_and_targets("validation", validation, like=training)
    blank = _checked_blank(lags, features, training[0])
    if _checks.is_whole(seeds):
        seeds = range(_checks.whole_number("seeds", seeds, 1))
    seeds = _checks.different_numbers("seeds", seeds, 0, _LAST_SEED)
    path = None if store is None else _checks.path("store", store)

    header = _header(blank, training, validation)
    errors = {} if path is None else _read(path, header)
    if path is not None:
        _write(path, header, errors)  # a folder that can't be written is known before hours pass
    # Seed by seed, so that an early end leaves pairs.
    plan = [(seed, without) for seed in seeds for without in (False, True)]
    if progress:
        _print_start(plan, errors, blank)
    for number, (seed, without) in enumerate(plan, 1):
        if (seed, without) in errors:
            continue
        which = f"seed {seed}, {blank.words if without else 'whole'}"
        seen = [_copies(part, blank if without else None) for part in (training, validation)]
        errors[seed, without] = _error_of_one(fit, error, seen[0], seen[1], seed, which)
        if path is not None:
            _write(path, header, errors)
        if progress:
            print(f"{number} of {len(plan)}: {which}: {errors[seed, without]:.3g}", flush=True)
    both = (np.array([errors[seed, without] for seed in seeds]) for without in (False, True))
    return Retrained(np.array(seeds), *both)


class _Blank(NamedTuple):
    """Which entries are blanked, what stands there then, and how to say it."""

    lags: list[int]
    features: list[int]
    constants: np.ndarray
    words: str


def _checked_blank(lags: Any, features: Any, inputs: np.ndarray) -> _Blank:
    if lags is None and features is None:
        raise ValueError("expected lags or features to train without, got neither")
    _, time, count = inputs.shape
    some_lags = _checks.different_numbers(
        "lags", range(time) if lags is None else lags, 0, time - 1
    )
    some = _checks.different_numbers(
        "features", range(count) if features is None else features, 0, count - 1
    )
    some_lags, some = sorted(some_lags), sorted(some)
    constants = inputs[..., some].mean(axis=(0, 1), dtype=float)
    for feature, mean in zip(some, constants, strict=True):
        _checks.finite_number(f"the mean of feature {feature} in training", mean)
    parts = [] if features is None else [_listed("feature", some)]
    parts += [] if lags is None else [_listed("lag", some_lags)]
    return _Blank(some_lags, some, constants, f"without {' at '.join(parts)}")


def _copies(part: Part, blank: _Blank | None) -> Part:
    """What functions of the caller get of one part: they may change it."""
    inputs, targets = part[0].copy(), part[1].copy()
    if blank is not None:
        newest = inputs.shape[1] - 1
        steps = [[newest - lag] for lag in blank.lags]  # a column: crossed with the features
        inputs[:, steps, blank.features] = blank.constants
    return inputs, targets


def _error_of_one(
    fit: Fit,
    error: Callable[[Any, np.ndarray], Any],
    training: Part,
    validation: Part,
    seed: int,
    which: str,
) -> float:
    """Train one network, and say how bad it is."""
    forward = fit(*training, seed)
    _checks.function(f"the result of fit ({which})", forward)
    inputs, targets = validation
    found = _checks.returned(f"error ({which})", error(forward(inputs), targets), ())
    return _checks.finite_number(f"the error ({which})", float(found))


def _print_start(plan: list[_Job], errors: Mapping[_Job, float], blank: _Blank) -> None:
    done = sum(job in errors for job in plan)
    stored = f", {done} of them stored" if done else ""
    print(f"{len(plan)} trainings, whole and {blank.words}{stored}", flush=True)


# The store: a line that says of which experiment, and then one for each training.


def _header(blank: _Blank, *parts: Part) -> dict[str, str]:
    """What must be alike for errors to belong together; with the text that errors show."""
    made = hashlib.sha256(f"{blank.lags} {blank.features}".encode())
    for array in (array for part in parts for array in part):
        made.update(str(array.shape).encode())
        made.update(array.tobytes())
    found = made.hexdigest()
    shapes = " and ".join(str(inputs.shape) for inputs, _ in parts)
    words = f"{blank.words}, inputs {shapes}, fingerprint {found[:8]}"
    return {"made_by": _MADE_BY, "experiment": words, "fingerprint": found}


def _read(path: Path, header: dict[str, str]) -> dict[_Job, float]:
    """The errors in the file; none where there is no file."""
    try:
        text = path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return {}
    # What follows the last end of a line was cut short: that training is done again.
    first, *rows = text.rpartition("\n")[0].split("\n")
    found = _parsed(first)
    if found.get("made_by") != _MADE_BY:
        raise ValueError(
            f"expected a store of retrain_without, got another file or one cut short: {path}"
        )
    if found.get("fingerprint") != header["fingerprint"]:
        raise ValueError(
            f"expected a store of this experiment ({header['experiment']}), got one of another "
            f"({found.get('experiment')}): {path}"
        )
    return dict(_row(line, number, path) for number, line in enumerate(rows, 2))


def _row(line: str, number: int, path: Path) -> tuple[_Job, float]:
    row = _parsed(line)
    try:
        _checks.one_of("trained", row.get("trained"), _TRAINED)
        seed = _checks.whole_number("seed", row.get("seed"), 0)
        value = _checks.finite_number("error", row.get("error"))
    except (TypeError, ValueError):
        raise ValueError(
            f"expected a training in line {number} of the store, got {line[:80]!r}: {path}"
        ) from None
    return (seed, bool(_TRAINED.index(row["trained"]))), value


def _parsed(line: str) -> dict[str, Any]:
    """The object in a line of JSON; an empty one where there is none."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, header: dict[str, str], errors: Mapping[_Job, float]) -> None:
    """The file as a whole or not at all: hours of training are in it."""
    rows = [
        {"seed": seed, "trained": _TRAINED[without], "error": value}
        for (seed, without), value in errors.items()
    ]
    half = path.with_name(f".{path.name}.part")
    with half.open("w", encoding="utf-8", newline="\n") as file:
        file.writelines(json.dumps(row) + "\n" for row in (header, *rows))
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


# Words.


def _listed(word: str, numbers: list[int]) -> str:
    """As lag 3, lags 14 to 19, or lags 3, 5."""
    first, last = numbers[0], numbers[-1]
    if first == last:
        return f"{word} {first}"
    if len(numbers) > 2 and last - first == len(numbers) - 1:
        return f"{word}s {first} to {last}"
    return f"{word}s {', '.join(map(str, numbers))}"


def _counted(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
