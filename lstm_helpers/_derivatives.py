"""Derivatives of one step, and along the line on which the cell hands itself on."""

from __future__ import annotations

import numpy as np

from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.numpy_lstm import LSTMTrace, shown_steps


def products(trace: LSTMTrace) -> np.ndarray:
    """(batch, time + 1, units): at ``t`` the product of the forget gates of steps t to T - 1.

    Examples
    --------
    >>> from lstm_helpers._derivatives import products
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> products(lh.replay(w, np.zeros((4, 2, 2))))[0, :, 0].tolist()
    [0.25, 0.5, 1.0]
    """
    forget = trace.gates.f
    batch, time, units = forget.shape
    # In memory the batch comes last, as in the trace: each step is one contiguous product.
    kept = np.ones((time + 1, units, batch), forget.dtype).transpose(2, 0, 1)
    kept[:, :-1] = forget
    if trace.mask is not None:
        kept[:, :-1][~trace.mask] = 1  # the state stays as it is
    for step in range(time - 1, -1, -1):
        kept[:, step] *= kept[:, step + 1]
    return kept


def along_the_line(w: LSTMWeights, trace: LSTMTrace, ways: Gates[np.ndarray]) -> np.ndarray:
    """(time, features * outputs, batch), in the order of the work.

    ``ways`` lead from each gate's sum to features and outputs. The batch comes last, as it does
    in the memory of a trace.

    Examples
    --------
    >>> from lstm_helpers._derivatives import along_the_line
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> ways = lh.Gates(*(kernel for kernel in w.kernel))  # to the sum of all hidden states
    >>> along_the_line(w, lh.replay(w, np.zeros((4, 6, 2))), ways).shape
    (6, 2, 4)
    """
    gates = Gates(*(gate.transpose(1, 2, 0) for gate in trace.gates))
    cell = trace.cell.transpose(1, 2, 0)
    before = np.concatenate([trace.initial_state[1].T[None], cell[:-1]])
    last, each = _last_steps(trace), np.arange(cell.shape[2])
    shown, opened = _into_hidden(w, gates.o[last, :, each].T, cell[-1])
    line = products(trace)[:, 1:].transpose(1, 2, 0)
    line *= shown
    sums = np.stack(_into_cell(w, gates, before), axis=1)
    sums *= line[:, None]
    written = np.concatenate([ways.i, ways.f, ways.c], axis=1)
    found = written @ sums.reshape(len(sums), -1, cell.shape[2])
    found[last, :, each] += (ways.o @ opened).T
    if trace.mask is not None:
        found.transpose(2, 0, 1)[~(trace.mask & shown_steps(w, trace.mask)[:, -1:])] = 0
    return found


def step_jacobians(w: LSTMWeights, trace: LSTMTrace) -> np.ndarray:
    """(batch, 2 units, 2 units) of the last step: rows (h_t, c_t), columns (h_{t-1}, c_{t-1}).

    The last step is that of each window which is not masked.

    Examples
    --------
    >>> from lstm_helpers._derivatives import step_jacobians
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> matrices = step_jacobians(w, lh.replay(w, np.zeros((4, 6, 2))))
    >>> matrices.shape, float(matrices[0, 3, 3])  # the forget gate
    ((4, 6, 6), 0.5)
    """
    units = w.units
    at, each = _last_steps(trace), np.arange(len(trace.cell))
    last = Gates(*(gate[each, at] for gate in trace.gates))
    before = np.where(at[:, None] > 0, trace.cell[each, at - 1], trace.initial_state[1])
    into = _into_cell(w, last, before)
    shown, opened = _into_hidden(w, last.o, trace.cell[:, -1])
    U = w.recurrent_kernel
    matrices = np.zeros((len(shown), 2 * units, 2 * units))
    of_hidden, of_cell = matrices[:, :units], matrices[:, units:]
    for push, kernel in zip(into, (U.i, U.f, U.c), strict=True):
        of_cell[..., :units] += push[..., None] * kernel.T
    diagonal = np.arange(units)
    of_cell[:, diagonal, units + diagonal] = last.f
    np.multiply(shown[..., None], of_cell, out=of_hidden)
    of_hidden[..., :units] += opened[..., None] * U.o.T
    return matrices


def _last_steps(trace: LSTMTrace) -> np.ndarray:
    """(batch,): the last step of each window that counts; where none does, the last of all."""
    batch, time, _ = trace.cell.shape
    if trace.mask is None:
        return np.full(batch, time - 1)
    return time - 1 - trace.mask[:, ::-1].argmax(axis=1)


def _into_cell(
    w: LSTMWeights, gates: Gates[np.ndarray], before: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dc_t/dz for the sums z that go into i, f and candidate, given the cell before the step."""
    return (
        gates.c * _slope(w.recurrent_activation, gates.i),
        before * _slope(w.recurrent_activation, gates.f),
        gates.i * _slope(w.activation, gates.c),
    )


def _into_hidden(w: LSTMWeights, o: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dh_t/dc_t, and dh_t/dz for the sum z that goes into the output gate."""
    activated = np.empty_like(cell)
    ACTIVATIONS[w.activation].function(cell, activated)
    return o * _slope(w.activation, activated), activated * _slope(w.recurrent_activation, o)


def _slope(activation: str, value: np.ndarray) -> np.ndarray:
    out = np.empty_like(value)
    ACTIVATIONS[activation].slope(value, out)
    return out
