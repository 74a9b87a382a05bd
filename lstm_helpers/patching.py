"""Put one run's signals into another: edits for ``replay`` that say what causes what.

A forecast that moves when a state is exchanged depends on that state. With the gates held, what
still moves it came along the cell's own line; the rest came through the gates. These are the
direct and the indirect effect of Vig et al. (2020), arXiv:2004.12265, after Pearl (2001). Only in
a linear network do the two add up to the whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._run_checks import Edit, checked_edit
from lstm_helpers.numpy_lstm import SIGNALS, LSTMTrace, checked_trace

GATES = ("i", "f", "c", "o")
"""The signals that are held where the cell's own line alone is asked for."""


def patch(trace: LSTMTrace, signals: Sequence[str], steps: int | Iterable[int]) -> Edit:
    """An edit for ``replay``: these signals, at these steps, are those of another run.

    Parameters
    ----------
    trace : LSTMTrace
        Of the other run: of the donors, or of the same windows before anything was changed, which
        holds a signal where it was. It has a row for each window that will be edited.
    signals : sequence of str
        Some of ``"i"``, ``"f"``, ``"c"``, ``"o"``, ``"cell"`` and ``"hidden"``; ``GATES`` for the
        first four. The trace holds them.
    steps : int or several
        Indices of the trace, in the order of the layer's work; negative ones count from the end,
        so that lag 0, the newest, is step -1. May be none: then nothing changes.

    Returns
    -------
    function (signal, step, value) -> value
        For ``replay(..., edit=)``.

    Raises
    ------
    TypeError
        ``trace`` is not an LSTMTrace, or ``signals`` or ``steps`` is no sequence.
    ValueError
        The trace has no such signal or step, or skips one of the steps in some window: there it
        shows no state.

    Notes
    -----
    A patched hidden state works through the gates of the next step alone, or is the output. So
    with the gates held it moves the output at the last step only.

    Examples
    --------
    >>> from lstm_helpers import patching
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.eye(3, 12), np.zeros(12)])
    >>> own, donors = (lh.replay(w, np.full((4, 6, 2), value)) for value in (0.0, 1.0))
    >>> swap = patching.patch(donors, ["cell"], steps=3)
    >>> held = patching.patch(own, patching.GATES, steps=range(4, 6))  # after that step
    >>> along_the_line = lh.replay(w, np.zeros((4, 6, 2)), edit=patching.in_turn(swap, held))
    >>> along_the_line.cell.shape, bool((along_the_line.gates.f == own.gates.f)[:, 4:].all())
    ((4, 6, 3), True)
    """
    _checks.some_of("signals", signals, SIGNALS)
    checked_trace(trace, *signals)
    arrays = {name: signal for name, signal in trace._kept().items() if name in signals}
    time = next(iter(arrays.values())).shape[1]
    if _checks.is_whole(steps):
        steps = [steps]  # type: ignore[list-item]
    elif isinstance(steps, str) or not isinstance(steps, Iterable):
        raise TypeError(f"expected steps as whole numbers, got {steps!r}")
    places = {_checks.place("step", step, time) for step in steps}
    if trace.mask is not None and not trace.mask[:, sorted(places)].all():
        raise ValueError("expected a trace in which these steps count, got one that skips some")

    def edit(signal: str, step: int, value: np.ndarray) -> np.ndarray:
        return arrays[signal][:, step] if signal in arrays and step in places else value

    return edit


def in_turn(*edits: Edit) -> Edit:
    """An edit for ``replay`` that applies several, each to what the one before it returned.

    Parameters
    ----------
    *edits : functions (signal, step, value) -> value

    Returns
    -------
    function (signal, step, value) -> value

    Raises
    ------
    TypeError
        One of them is no function.

    Examples
    --------
    >>> from lstm_helpers import patching
    >>> def halve(signal, step, value):
    ...     return value / 2 if signal == "f" else value
    >>> patching.in_turn(halve, halve)("f", 0, np.ones((4, 3))).tolist()[0]
    [0.25, 0.25, 0.25]
    """
    for one in edits:
        checked_edit(one)

    def edit(signal: str, step: int, value: np.ndarray) -> np.ndarray:
        for one in edits:
            value = one(signal, step, value)
        return value

    return edit
