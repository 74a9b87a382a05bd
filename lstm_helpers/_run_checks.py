"""What a run of the layer needs: weights, input, states, mask, head and edit, checked together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers.gates import LSTMWeights, require_weights

State = tuple[np.ndarray, np.ndarray]
"""Hidden and cell state, each (batch, units)."""

Edit = Callable[[str, int, np.ndarray], np.ndarray]
"""(signal, step, value) -> value, (batch, units) both."""


def checked_run(
    w: LSTMWeights, x: Any, initial_state: Any, mask: Any
) -> tuple[np.ndarray, State, np.ndarray | None]:
    """Return all that a run needs as arrays: x, (hidden, cell) and the mask, if there is one.

    Examples
    --------
    >>> from lstm_helpers._run_checks import checked_run
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x, (hidden, cell), mask = checked_run(w, np.zeros((1, 2, 2)), None, [[1, 0]])
    >>> hidden.shape, mask.tolist()
    ((1, 3), [[True, False]])
    """
    x = checked_input(w, x)
    batch, time, _ = x.shape
    state = checked_state(w, initial_state, batch)
    return x, state, None if mask is None else _checks.mask(mask, batch, time)


def checked_input(w: LSTMWeights, x: Any) -> np.ndarray:
    """Return x as an array, after all checks that the layer can be run on it.

    Examples
    --------
    >>> from lstm_helpers._run_checks import checked_input
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> checked_input(w, [[[1, 2], [3, 4]]]).shape
    (1, 2, 2)
    """
    require_weights(w)
    for name in ("activation", "recurrent_activation"):
        if getattr(w, name) not in ACTIVATIONS:
            raise ValueError(
                f"expected {name} to be one of {', '.join(ACTIVATIONS)}, got {getattr(w, name)!r}"
            )
    if w.compute_dtype not in (None, w.dtype.name):
        raise ValueError(
            f"expected a layer that computes in the dtype of its weights, {w.dtype}, got "
            f"compute_dtype={w.compute_dtype!r}: mixed precision is not reproduced"
        )
    x = _checks.real_numbers("x", x)
    if x.ndim != 3:
        raise ValueError(f"expected x of shape (batch, time, features), got {x.shape}")
    if x.shape[2] != w.input_dim:
        raise ValueError(f"expected {w.input_dim} features in x, got {x.shape[2]}")
    if x.shape[1] == 0:
        raise ValueError(f"expected at least one step in x, got shape {x.shape}")
    return x


def checked_state(w: LSTMWeights, state: Any, batch: int) -> State:
    """Return (hidden, cell) before the first step; zeros if no state is given.

    Examples
    --------
    >>> from lstm_helpers._run_checks import checked_state
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> hidden, cell = checked_state(w, None, batch=4)
    >>> hidden.shape, cell.shape
    ((4, 3), (4, 3))
    """
    if state is None:
        if w.stateful:
            raise ValueError(
                "expected an initial_state for a stateful layer, which starts where its last batch "
                "ended, got none: pass zeros for a new start"
            )
        return np.zeros((batch, w.units), w.dtype), np.zeros((batch, w.units), w.dtype)
    if not isinstance(state, tuple | list) or len(state) != 2:
        got = f"{len(state)} of them" if isinstance(state, tuple | list) else type(state).__name__
        raise ValueError(f"expected initial_state as (hidden, cell), got {got}")
    state = [_checks.real_numbers("initial_state", part) for part in state]
    shapes = [part.shape for part in state]
    if shapes != [(batch, w.units)] * 2:
        raise ValueError(
            f"expected two arrays of shape ({batch}, {w.units}) in initial_state, got {shapes}"
        )
    hidden, cell = (part.astype(w.dtype) for part in state)
    return hidden, cell


def checked_head(w: LSTMWeights, head: Any) -> np.ndarray:
    """Return the matrix behind the hidden state, (units, outputs), as an array.

    Examples
    --------
    >>> from lstm_helpers._run_checks import checked_head
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> checked_head(w, [[1], [0], [-1]]).shape
    (3, 1)
    """
    head = _checks.real_numbers("head", head)
    if head.ndim != 2 or head.shape[0] != w.units or head.shape[1] == 0:
        raise ValueError(f"expected head of shape ({w.units}, outputs), got {head.shape}")
    return head


def checked_edit(edit: Any) -> None:
    """Raise unless it can be called.

    Examples
    --------
    >>> from lstm_helpers._run_checks import checked_edit
    >>> checked_edit(lambda signal, step, value: value) is None
    True
    """
    if not callable(edit):
        raise TypeError(
            f"expected edit as a function of (signal, step, value), got {type(edit).__name__}"
        )


def apply_edit(edit: Edit, signal: str, step: int, rows: np.ndarray) -> None:
    """Hand (units, batch) to the caller's function, and write what comes back over it.

    The function gets a view that can't be written to. So the same view back means that nothing has
    changed: it needs no check, and an edit of one signal costs the others next to nothing. (Six
    copies a step would cost a fifth of the run.)

    Examples
    --------
    >>> from lstm_helpers._run_checks import apply_edit
    >>> rows = np.ones((3, 4))  # 3 units, 4 windows
    >>> apply_edit(lambda signal, step, value: value / 2, "f", 0, rows)
    >>> rows[0].tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    value = rows.T
    value.flags.writeable = False
    found = edit(signal, step, value)
    if found is value:
        return
    at = f"edit({signal!r}, {step}, ...)"
    if found is None:
        raise TypeError(f"expected {at} to return an array, got None: return value to keep it")
    # A copy, since what came back may be a view of the same memory, such as value[::-1].
    cast = _checks.returned(at, found, value.shape).astype(rows.dtype)
    # What the run itself made NaN or infinite may stay so, as without an edit.
    wrong = ~np.isfinite(cast) & np.isfinite(value)
    if wrong.any():
        raise ValueError(
            f"expected {at} to return finite {rows.dtype} numbers, got {cast[wrong][0]}"
        )
    rows[...] = cast.T
