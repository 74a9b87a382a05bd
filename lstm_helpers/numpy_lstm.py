"""The LSTM in NumPy: what it does at every step, signal by signal.

The equations are those of ``LSTMCell.call`` in Keras 3, ``keras/src/layers/rnn/lstm.py``: the cell
of Hochreiter and Schmidhuber (1997) with the forget gate of Gers, Schmidhuber and Cummins (2000)::

    i, f, o = sigmoid(x W + h U + b)      a kernel, a recurrent kernel and a bias each
    c~      = tanh(x W_c + h U_c + b_c)
    c       = f * c + i * c~
    h       = o * tanh(c)
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._activations import ACTIVATIONS, gates_of_sums
from lstm_helpers._run_checks import Edit, State, apply_edit, checked_edit, checked_run
from lstm_helpers.gates import Gates, LSTMWeights

# Bytes that the work may take beside inputs and outputs; with more, it goes in blocks of the batch.
_WORKSPACE = 2**28

SIGNALS = ("i", "f", "c", "o", "cell", "hidden")
"""What happens at a step, by name: four gates and two states."""


@dataclasses.dataclass(frozen=True, eq=False)
class LSTMTrace:
    """What happened inside an LSTM while it read a batch: its gates and states at every step.

    Steps are in the order of the layer's work, as Keras returns them: with ``go_backwards`` index
    0 belongs to the *last* input. In memory the batch is the last axis of a signal. A signal that
    ``replay`` was not asked to keep is None.

    Attributes
    ----------
    gates : Gates of (batch, time, units)
        After the activation; ``gates.c`` is the candidate. At a masked step they are what Keras
        computes and does not use.
    cell : (batch, time, units)
        Cell state after each step.
    hidden : (batch, time, units)
        What Keras returns with ``return_sequences=True``: the hidden state after each step. A
        masked step has zeros where Keras has them: before the first step that counts and, with
        ``zero_output_for_mask``, everywhere.
    initial_state : (hidden, cell), each (batch, units)
        The states before the first step.
    mask : (batch, time) of bool, or None
        True where a step counts, in the order of the work.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> trace = lh.replay(w, np.zeros((4, 6, 2)))  # 4 windows of 6 steps
    >>> trace
    LSTMTrace(batch=4, time=6, units=3, dtype=float64)
    >>> trace.gates.f.shape, trace.cell.shape, trace.hidden.shape
    ((4, 6, 3), (4, 6, 3), (4, 6, 3))
    >>> trace.gates.f[0, 0].tolist()  # the sigmoid of 0
    [0.5, 0.5, 0.5]
    """

    gates: Gates[np.ndarray]
    cell: np.ndarray
    hidden: np.ndarray
    initial_state: State
    mask: np.ndarray | None = None

    def __repr__(self) -> str:
        kept = self._kept()
        one = next(iter(kept.values()))
        batch, time, units = one.shape
        some = "" if len(kept) == len(SIGNALS) else f", keep={tuple(kept)}"
        return f"LSTMTrace(batch={batch}, time={time}, units={units}, dtype={one.dtype}{some})"

    def _kept(self) -> dict[str, np.ndarray]:
        signals = zip(SIGNALS, (*self.gates, self.cell, self.hidden), strict=True)
        return {name: signal for name, signal in signals if signal is not None}


# NaN and infinity pass through silently, as in Keras.
@np.errstate(all="ignore")
def replay(
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: State | None = None,
    mask: np.ndarray | None = None,
    *,
    keep: Sequence[str] = SIGNALS,
    edit: Edit | None = None,
) -> LSTMTrace:
    """Run the layer in NumPy and keep its signals: four gates, cell and hidden state.

    Parameters
    ----------
    w : LSTMWeights
        From ``gate_weights`` or ``LSTMWeights.from_arrays``.
    x : (batch, time, features)
        What the layer reads, at least one step. It is cast to the dtype of the weights.
    initial_state : (hidden, cell), each (batch, units), optional
        In the order of Keras. If not given, zeros; a stateful layer needs it.
    mask : (batch, time) of bool, or of 0 and 1, optional
        False at steps that are skipped: the states stay, and the output repeats.
    keep : sequence of str
        Which signals the trace holds: some of ``"i"``, ``"f"``, ``"c"``, ``"o"``, ``"cell"`` and
        ``"hidden"``. The others are None in it. All six unless given.
    edit : function (signal, step, value) -> value, optional
        It may change each signal as soon as it is computed, after the activation, and the run goes
        on from what it returns. It is called at each step for ``"i"``, ``"f"``, ``"c"`` and
        ``"o"``, which all come from the state before the step, then for ``"cell"``, which has been
        made from them, then for ``"hidden"``. ``step`` is the index of the trace, in the order of
        the layer's work. ``value`` is (batch, units), a view that can't be written to: return it
        where nothing changes, and a new array of its shape elsewhere. The view later shows what
        was returned, so copy what you want to keep.

    Returns
    -------
    LSTMTrace
        In the dtype of the weights. It shows what ``edit`` returned.

    Raises
    ------
    TypeError
        ``w`` is not LSTMWeights, an array does not hold real numbers, ``keep`` is no sequence, or
        ``edit`` no function, or it returns no array of real numbers.
    ValueError
        A shape does not fit, a number in ``mask`` is neither 0 nor 1, ``keep`` has another name or
        none, ``edit`` returns NaN or infinity where there was none. Or the layer does something
        that is not reproduced here: an activation other than tanh, sigmoid, relu, linear,
        hard_sigmoid and hard_sigmoid_keras1, mixed precision, or a state that is kept between
        batches.

    Notes
    -----
    The equations are at the top of this module. NaN and infinity come out where Keras has them.

    Each signal takes batch * time * units numbers. Beside input and output the work takes about
    256 MiB at most, in blocks of the batch, unless a single window needs more. So of a large batch
    ``keep=("hidden",)`` holds a sixth of what all signals take, and one block.

    In float32 a sigmoid gate is right to about 9e-8, absolutely and not relatively: it is computed
    by tanh or by exp, whichever this processor does faster. By tanh one of 1e-8 comes out as 0 or
    3e-8.

    A masked step is skipped with its edits: ``edit`` is called for the whole batch, but the states
    of a window whose step is masked stay. With ``edit`` the batch is not cut into blocks. The work
    then takes what all signals take, whatever is kept of them.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.zeros((4, 6, 2))
    >>> x[:, 0] = 1  # a push at the first step, which then fades
    >>> trace = lh.replay(w, x)
    >>> trace.cell.shape, trace.cell[0, :3, 0].round(3).tolist()
    ((4, 6, 3), [0.849, 0.425, 0.212])
    >>> def open_gates(signal, step, value):  # and what is in the cell does not fade
    ...     return np.ones_like(value) if signal == "f" else value
    >>> lh.replay(w, x, edit=open_gates).cell[0, :3, 0].round(3).tolist()
    [0.849, 0.849, 0.849]
    """
    x, initial_state, mask = checked_run(w, x, initial_state, mask)
    _checks.some_of("keep", keep, SIGNALS)
    if edit is not None:
        checked_edit(edit)
    x, mask = _in_order(w, x, mask)
    if set(keep) == set(SIGNALS):
        kept = _all_signals(w, x, initial_state, mask, edit)
    else:
        shape = (x.shape[1], w.units, len(x))
        kept = {name: np.empty(shape, w.dtype).transpose(2, 0, 1) for name in keep}
        _fill(kept, w, x, initial_state, mask, edit)
    signals: dict[str, Any] = dict.fromkeys(SIGNALS)
    i, f, c, o, cell, hidden = (signals | kept).values()
    trace = LSTMTrace(Gates(i, f, c, o), cell, hidden, initial_state, mask)
    if mask is not None and hidden is not None:
        hidden[~shown_steps(w, mask)] = 0
    return trace


# NaN and infinity pass through silently, as in replay.
@np.errstate(all="ignore")
def last_hidden(w: LSTMWeights, x: np.ndarray, mask: np.ndarray | None = None) -> np.ndarray:
    """``replay(w, x, mask=mask).hidden[:, -1]`` alone, without memory for the steps before.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import last_hidden
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> last_hidden(w, np.zeros((4, 6, 2))).shape
    (4, 3)
    """
    x, initial_state, mask = checked_run(w, x, None, mask)
    x, mask = _in_order(w, x, mask)
    hidden = np.empty((len(x), w.units), w.dtype)
    _fill({"hidden": hidden[:, None]}, w, x, initial_state, mask)
    if mask is not None:
        hidden[~shown_steps(w, mask)[:, -1]] = 0
    return hidden


def _in_order(
    w: LSTMWeights, x: np.ndarray, mask: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray | None]:
    """Both in the order of the work."""
    if w.go_backwards:
        x, mask = x[:, ::-1], None if mask is None else mask[:, ::-1]
    return x, mask


def shown_steps(w: LSTMWeights, mask: np.ndarray) -> np.ndarray:
    """Where ``hidden`` shows a state and not zeros, given a mask in the order of the work.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import shown_steps
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> shown_steps(w, np.array([[False, True, False]])).tolist()
    [[False, True, True]]
    """
    return mask if w.zero_output_for_mask else np.logical_or.accumulate(mask, axis=1)


def _all_signals(
    w: LSTMWeights, x: np.ndarray, initial_state: State, mask: np.ndarray | None, edit: Edit | None
) -> dict[str, Any]:
    """All six, written to where they stay."""
    steps = np.empty((x.shape[1] + 1, 6 * w.units, len(x)), w.dtype)
    for part in _parts(len(x), w.dtype.itemsize * (12 * w.units + w.input_dim), edit):
        run_forward(w, *_part(part, x, initial_state, mask), steps[..., part], edit=edit)
    return _signals(steps)


def _fill(
    signals: dict[str, Any],
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: State,
    mask: np.ndarray | None,
    edit: Edit | None = None,
) -> None:
    """Fill each array (batch, steps, units) with the last steps of the signal of that name."""
    numbers = 6 * w.units * (x.shape[1] + 1) + 12 * w.units + w.input_dim
    parts = _parts(len(x), w.dtype.itemsize * numbers, edit)
    # One array for all blocks: a new one would be made before the old one is given up.
    largest = np.empty((x.shape[1] + 1, 6 * w.units, parts[0].stop if parts else 0), w.dtype)
    for part in parts:
        steps = largest[..., : part.stop - part.start]
        run_forward(w, *_part(part, x, initial_state, mask), steps, edit=edit)
        found = _signals(steps)
        for name, signal in signals.items():
            signal[part] = found[name][:, -signal.shape[1] :]


def _parts(batch: int, bytes_per_sample: int, edit: Edit | None) -> list[slice]:
    """The blocks of the batch. An edit gets the whole batch at once: its rows are the windows'."""
    if edit is None:
        return blocks(batch, bytes_per_sample)
    return [slice(0, batch)] if batch else []


def _part(
    part: slice, x: np.ndarray, initial_state: State, mask: np.ndarray | None
) -> tuple[np.ndarray, State, np.ndarray | None]:
    hidden, cell = initial_state
    return x[part], (hidden[part], cell[part]), None if mask is None else mask[part]


def _signals(steps: np.ndarray) -> dict[str, Any]:
    """By name, (batch, time, units) each: views on what ``run_forward`` wrote."""
    time, rows, batch = steps.shape
    i, f, o, c, cell, hidden = steps.reshape(time, 6, rows // 6, batch).transpose(1, 3, 0, 2)
    before = {"i": i, "f": f, "c": c, "o": o}
    after = {"cell": cell, "hidden": hidden}
    return {name: signal[:, :-1] for name, signal in before.items()} | {
        name: signal[:, 1:] for name, signal in after.items()
    }


def run_forward(
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: State,
    mask: np.ndarray | None,
    steps: np.ndarray,
    *,
    activated: bool = False,
    edit: Edit | None = None,
) -> None:
    """Fill ``steps``, (time + 1, 6 units, batch), from x and mask in the order of the work.

    Rows of a step: i, f, o, candidate, and cell and hidden state *before* the step. So i * c~ and
    f * c are one product of neighbours. The batch is the last axis, where memory is contiguous.
    With ``activated`` the last rows are the activated cell *after* the step, tanh(c), and no
    hidden state is kept: each of i, f, o then stands three places before what it is multiplied by.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import run_forward
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> steps, zeros = np.empty((7, 18, 4)), np.zeros((4, 3))
    >>> run_forward(w, np.zeros((4, 6, 2)), (zeros, zeros), None, steps)
    >>> steps[0, 0].tolist()  # the input gates of the first unit
    [0.5, 0.5, 0.5, 0.5]
    """
    units = w.units
    matrix = side_by_side(w)
    activate = gates_of_sums(w.recurrent_activation, w.activation, matrix)
    output_activation = ACTIVATIONS[w.activation].function
    # One product a step, [U W b] @ [h; x; 1]; the row of ones stays as it is.
    reads = np.ones((matrix.shape[1], len(x)), w.dtype)
    h, reads_x = reads[:units], reads[units : units + w.input_dim]
    z = np.empty((4 * units, len(x)), w.dtype)
    products = np.empty((2 * units, len(x)), w.dtype)
    written, kept = products[:units], products[units:]
    h[...] = initial_state[0].T
    steps[0, 4 * units : 5 * units] = initial_state[1].T
    skipped = itertools.repeat(None) if mask is None else ~mask.T
    hidden_states = steps[1:, 5 * units :]
    # The shortest of these, x, ends the loop.
    rows = zip(
        x.transpose(1, 2, 0),
        skipped,
        steps[:, : 4 * units],
        steps[:, : 2 * units],
        steps[:, 3 * units : 5 * units],
        steps[:, 2 * units : 3 * units],
        steps[1:, 4 * units : 5 * units],
        steps[:, 5 * units :] if activated else hidden_states,
        itertools.repeat(np.empty_like(h)) if activated else hidden_states,
        strict=False,
    )
    for step, (x_t, skip, gates, i_f, candidate_cell, o, cell, tanh_c, hidden) in enumerate(rows):
        reads_x[...] = x_t
        np.matmul(matrix, reads, out=z)
        activate(z, gates)
        if edit is not None:
            i, f, candidate = i_f[:units], i_f[units:], candidate_cell[:units]
            for signal, changed in (("i", i), ("f", f), ("c", candidate), ("o", o)):
                apply_edit(edit, signal, step, changed)
        np.multiply(i_f, candidate_cell, out=products)
        np.add(written, kept, out=cell)
        if edit is not None:
            apply_edit(edit, "cell", step, cell)
        output_activation(cell, tanh_c)
        np.multiply(tanh_c, o, out=hidden)
        if edit is not None:
            apply_edit(edit, "hidden", step, hidden)
        if skip is not None:
            np.copyto(cell, candidate_cell[units:], where=skip)
            np.copyto(hidden, h, where=skip)
        h[...] = hidden


def side_by_side(w: LSTMWeights) -> np.ndarray:
    """[U W b]', (4 units, units + features + 1), its rows in the order i, f, o, candidate.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import side_by_side
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> side_by_side(w).shape
    (12, 6)
    """
    groups = [w.recurrent_kernel, w.kernel]
    if w.bias is not None:
        groups.append(Gates(*(bias[None] for bias in w.bias)))
    gates = [np.concatenate([getattr(group, gate) for group in groups]) for gate in "ifoc"]
    return np.ascontiguousarray(np.concatenate(gates, axis=1).T)


def blocks(batch: int, bytes_per_sample: int) -> list[slice]:
    """Parts of the batch that fit into the memory for the work, at least one sample each.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import blocks
    >>> blocks(batch=5, bytes_per_sample=2**27)
    [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
    """
    size = max(1, _WORKSPACE // bytes_per_sample)
    return [slice(start, min(start + size, batch)) for start in range(0, batch, size)]


def checked_trace(trace: Any, *needed: str) -> None:
    """Raise unless it is an LSTMTrace that holds these signals.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import checked_trace
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> checked_trace(lh.replay(w, np.zeros((4, 6, 2)), keep=["cell", "f"]), "f") is None
    True
    """
    if not isinstance(trace, LSTMTrace):
        raise TypeError(f"expected an LSTMTrace, as replay returns it, got {type(trace).__name__}")
    kept = trace._kept()
    if not set(needed) <= set(kept):
        raise ValueError(
            f"expected a trace that holds {', '.join(needed)}, got one of {', '.join(kept)}: "
            "name all of them in replay(..., keep=...)"
        )
