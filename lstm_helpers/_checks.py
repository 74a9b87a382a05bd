"""One place for "expected ..., got ...": the checks of arguments.

Each check raises one clear error, or returns the argument in the form that the caller works with.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterable
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


def is_whole(given: Any) -> bool:
    """Whether it is a whole number; True and False do not count as numbers.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.is_whole(3), _checks.is_whole(3.0), _checks.is_whole(True)
    (True, False, False)
    """
    return isinstance(given, numbers.Integral) and not isinstance(given, bool | np.bool_)


def finite_number(name: str, given: Any) -> float:
    """One number, neither NaN nor infinite; True and False do not count as numbers.

    Examples
    --------
    >>> from lstm_helpers import _checks
    >>> _checks.finite_number("bias", 2)
    2.0
    """
    if isinstance(given, bool | np.bool_) or not isinstance(given, numbers.Real):
        raise TypeError(f"expected {name} as a number, got {given!r}")
    if not math.isfinite(given):
        raise ValueError(f"expected {name} as a finite number, got {float(given)}")
    return float(given)


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
    names = [str(name) for name in names]
    if len(names) != count:
        raise ValueError(f"expected {count} {what}, got {len(names)}")
    return names
