"""One place for "expected ..., got ...": the checks of arguments.

Each check raises one clear error, or returns the argument in the form that the caller works with.
"""

from __future__ import annotations

import math
import numbers
import os
from collections.abc import Callable, Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np

OfWindows = Callable[..., np.ndarray]
"""A function of windows (windows, time, features), and of what else its caller gives it."""

Shape = tuple[int, ...]


def array(what: str, given: Any) -> np.ndarray:
    """An array of anything, if its rows are of one length and no entry is masked.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.array("a group for each window", ["a", "b"]).shape
    (2,)
    """
    if np.ma.is_masked(given):  # as an array it would show what the mask hides
        raise TypeError(f"expected {what}, got a masked array")
    try:
        return np.asarray(given)
    except ValueError:  # NumPy's own text is about its inner shapes
        raise TypeError(f"expected {what}, got rows of different lengths") from None


def real_numbers(name: str, given: Any, *, booleans: bool = True) -> np.ndarray:
    """An array of real numbers: not complex numbers, texts or objects, and none of them masked.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.real_numbers("x", [1, 2]).shape
    (2,)
    """
    found = array(f"{name} as real numbers", given)
    if found.dtype.kind not in ("fiub" if booleans else "fiu"):
        got = f"dtype {found.dtype}" if found.ndim else type(given).__name__
        raise TypeError(f"expected {name} as real numbers, got {got}")
    return found


def windows(name: str, given: Any) -> np.ndarray:
    """A float array (batch, time, features) with at least one step and one feature.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.windows("inputs", [[[1, 2], [3, 4]]]).dtype
    dtype('float64')
    """
    found = real_numbers(name, given)
    if found.ndim != 3 or 0 in found.shape[1:]:
        raise ValueError(f"expected {name} of shape (batch, time, features), got {found.shape}")
    return found if found.dtype.kind == "f" else found.astype(float)


def mask(given: Any, batch: int, time: int) -> np.ndarray:
    """Which steps are real and which are padding: (batch, time) of True and False, or of 1 and 0.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.mask([[0, 1, 1]], batch=1, time=3).tolist()
    [[False, True, True]]
    """
    numbers = real_numbers("mask", given)
    if numbers.shape != (batch, time):
        raise ValueError(f"expected mask of shape ({batch}, {time}), got {numbers.shape}")
    real = numbers.astype(bool)
    if (real != numbers).any():
        raise ValueError(f"expected mask of True and False, got {numbers[real != numbers][0]}")
    return real


def whole_number(name: str, given: Any, least: int) -> int:
    """A whole number of at least ``least``; True and False do not count as numbers.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.whole_number("repeats", np.int64(5), least=1)
    5
    """
    if not is_whole(given) or given < least:
        raise ValueError(f"expected {name} as a whole number of at least {least}, got {given!r}")
    return int(given)


def place(name: str, given: Any, count: int) -> int:
    """An index of ``count`` things, from 0 on; negative ones count from the end.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.place("step", -1, count=6)
    5
    """
    if not is_whole(given) or not -count <= given < count:
        raise ValueError(f"expected {name} from {-count} to {count - 1}, got {given!r}")
    return int(given) % count


def is_whole(given: Any) -> bool:
    """Whether it is a whole number; True and False do not count as numbers.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.is_whole(3), _checks.is_whole(3.0), _checks.is_whole(True)
    (True, False, False)
    """
    return isinstance(given, numbers.Integral) and not isinstance(given, bool | np.bool_)


def finite_number(name: str, given: Any, dtype: Any = float) -> float:
    """One number, neither NaN nor infinite in ``dtype``; True and False do not count as numbers.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.finite_number("bias", 2)
    2.0
    """
    if isinstance(given, bool | np.bool_) or not isinstance(given, numbers.Real):
        raise TypeError(f"expected {name} as a number, got {given!r}")
    largest = float(np.finfo(dtype).max)
    # A whole number of Python may be too large to become a float; NumPy's numbers never are.
    size = abs(given if isinstance(given, int) else float(given))
    if largest < size < math.inf:
        raise ValueError(
            f"expected {name} within ±{largest:.4g}, what {np.dtype(dtype)} can hold, got {given!r}"
        )
    if not math.isfinite(given):
        raise ValueError(f"expected {name} as a finite number, got {float(given)}")
    return float(given)


def true_or_false(name: str, given: Any) -> None:
    """Raise unless it is True or False; 0, 1 and texts are not.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.true_or_false("stateful", True) is None
    True
    """
    if not isinstance(given, bool | np.bool_):
        raise TypeError(f"expected {name} as True or False, got {given!r}")


def window_size(given: Any, shape: Shape) -> tuple[int, int]:
    """The (steps, features) of an occlusion of windows of that shape.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.window_size([2, 1], shape=(10, 5, 3))
    (2, 1)
    """
    _, time, features = shape
    if (
        not isinstance(given, tuple | list)
        or len(given) != 2
        or not all(map(is_whole, given))
        or not (1 <= given[0] <= time and 1 <= given[1] <= features)
    ):
        raise ValueError(
            f"expected window as (steps, features) from (1, 1) to ({time}, {features}), "
            f"got {given!r}"
        )
    return given[0], given[1]


def function(name: str, given: Any) -> None:
    """Raise unless it can be called.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.function("forward", np.sum) is None
    True
    """
    if not callable(given):
        raise TypeError(f"expected {name} as a function of windows, got {type(given).__name__}")


def returned(name: str, result: Any, shape: Shape) -> np.ndarray:
    """The result of a function that the caller passed, if it is real numbers of that shape.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.returned("forward", [0.5, 0.25], shape=(2,)).shape
    (2,)
    """
    found = array(f"{name} to return real numbers", result)
    wanted = f"shape {shape}" if shape else "one number"
    if found.shape != shape:
        raise ValueError(f"expected {name} to return {wanted}, got shape {found.shape}")
    if found.dtype.kind not in "fiub":
        raise TypeError(f"expected {name} to return real numbers, got dtype {found.dtype}")
    return found


def one_of(name: str, given: Any, options: Iterable[str]) -> None:
    """Raise unless it is one of these texts.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.one_of("axis", "lag", ("lag", "feature")) is None
    True
    """
    options = tuple(options)
    if not isinstance(given, str) or given not in options:
        raise ValueError(f"expected {name} of {', '.join(map(repr, options))}, got {given!r}")


def some_of(name: str, given: Any, options: Iterable[str]) -> None:
    """Raise unless it is a sequence of at least one of these texts, and of nothing else.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.some_of("keep", ("cell",), ("cell", "hidden")) is None
    True
    """
    if not isinstance(given, list | tuple):
        raise TypeError(f"expected {name} as a list or tuple of names, got {given!r}")
    options = tuple(options)
    if not given or not all(isinstance(one, str) and one in options for one in given):
        raise ValueError(f"expected {name} of {', '.join(map(repr, options))}, got {given!r}")


def arrays(name: str, given: Any) -> list[np.ndarray]:
    """A list of arrays of real numbers, from any sequence of them.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> [array.shape for array in _checks.arrays("arrays", [[1, 2], [[3]]])]
    [(2,), (1, 1)]
    """
    if isinstance(given, Mapping | Set | str | bytes) or not isinstance(given, Iterable):
        raise TypeError(f"expected {name} as a list of arrays, got {type(given).__name__}")
    return [real_numbers(f"{name}[{n}]", one) for n, one in enumerate(given)]


def by_name(what: str, given: Any) -> Mapping[str, Any]:
    """A dict, or what works like one, with at least one entry.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> len(_checks.by_name("lines", {"a": 1}))
    1
    """
    if not isinstance(given, Mapping):
        raise TypeError(f"expected {what} by name, in a dict, got {type(given).__name__}")
    if not given:
        raise ValueError(f"expected {what} by name, in a dict, got none")
    return given


def names_of(count: int, what: str, names: Any, missing: str) -> list[str]:
    """A name for each of ``count`` things: those given, or ``missing`` with the number in it.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.names_of(2, "names of features", None, "feature {}")
    ['feature 0', 'feature 1']
    """
    if names is None:
        return [missing.format(n) for n in range(count)]
    if not isinstance(names, Iterable):
        raise TypeError(f"expected {count} {what}, got {type(names).__name__}")
    if isinstance(names, str):
        raise ValueError(f"expected {count} {what}, got one text, {names!r}")
    names = [str(name) for name in names]
    if len(names) != count:
        raise ValueError(f"expected {count} {what}, got {len(names)}")
    return names


def inputs_and_targets(
    name: str, given: Any, like: tuple[np.ndarray, np.ndarray] | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Windows and their targets, a row each, at least one; of the shapes of another pair.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> inputs, targets = _checks.inputs_and_targets("training", (np.ones((5, 3, 2)), range(5)))
    >>> inputs.shape, targets.shape
    ((5, 3, 2), (5,))
    """
    if not isinstance(given, tuple | list) or len(given) != 2:
        got = f"{len(given)} items" if isinstance(given, tuple | list) else type(given).__name__
        raise TypeError(f"expected {name} as (inputs, targets), got {got}")
    inputs = windows(f"inputs of {name}", given[0])
    targets = real_numbers(f"targets of {name}", given[1])
    if targets.ndim == 0 or len(targets) != len(inputs):
        raise ValueError(
            f"expected targets of {name} with a row for each of {len(inputs)} windows, "
            f"got shape {targets.shape}"
        )
    if len(inputs) == 0:
        raise ValueError(f"expected at least one window of {name}, got none")
    for what, array, other in zip(
        ("inputs", "targets"), (inputs, targets), like or (inputs, targets), strict=True
    ):
        if array.shape[1:] != other.shape[1:]:
            wanted = ", ".join(["windows", *map(str, other.shape[1:])])
            raise ValueError(f"expected {what} of {name} of shape ({wanted}), got {array.shape}")
    return inputs, targets


def different_numbers(name: str, given: Any, least: int, most: int) -> list[int]:
    """One whole number or several different ones, from ``least`` to ``most``, as a list.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.different_numbers("lags", range(3, 5), 0, 23)
    [3, 4]
    """
    wanted = f"expected {name} as different whole numbers from {least} to {most}, got"
    try:
        if isinstance(given, str | bytes | Mapping):  # these can be walked through too
            raise TypeError
        several = [given] if is_whole(given) else list(given)
    except TypeError:
        raise TypeError(f"{wanted} {type(given).__name__}") from None
    if (
        not several
        or not all(map(is_whole, several))
        or not least <= min(several) <= max(several) <= most
        or len({*several}) < len(several)
    ):
        raise ValueError(f"{wanted} {several}")
    return [int(number) for number in several]


def path(name: str, given: Any) -> Path:
    """The path of a file, which may not exist yet; complete, so that it stays the same file.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.path("store", "errors.jsonl").is_absolute()
    True
    """
    if not isinstance(given, str | os.PathLike):
        raise TypeError(f"expected {name} as the path of a file, got {type(given).__name__}")
    found = Path(given).resolve()
    if found.is_dir():
        raise ValueError(f"expected {name} as the path of a file, got a folder: {given}")
    if not found.parent.is_dir():
        raise ValueError(f"expected {name} in a folder that exists, got {given}")
    return found
