"""The exact gradient of an LSTM's hidden state with respect to what the layer reads, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers._run_checks import State, checked_head, checked_run
from lstm_helpers.gates import LSTMWeights
from lstm_helpers.numpy_lstm import blocks, run_forward, shown_steps, side_by_side


# NaN and infinity pass through silently, as in replay.
@np.errstate(all="ignore")
def input_jacobian(
    w: LSTMWeights,
    x: np.ndarray,
    head: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    initial_state: State | None = None,
    step: int | None = -1,
) -> np.ndarray:
    """How each output changes with each input: d(h_T @ head)/dx, exactly.

    Backpropagation through time (Werbos 1990) on the stored trace, for all outputs at once.

    Parameters
    ----------
    w : LSTMWeights
        From ``gate_weights`` or ``LSTMWeights.from_arrays``.
    x : (batch, time, features)
        What the layer reads.
    head : (units, outputs)
        The matrix behind the hidden state, such as the kernel of a Dense layer; for one output a
        single column. The identity gives the Jacobian of the hidden state itself.
    mask : (batch, time) of bool, or of 0 and 1, optional
        False at steps that are skipped: their inputs have derivative 0.
    initial_state : (hidden, cell), each (batch, units), optional
        The states before the first step, which are constants here. If not given, zeros; a stateful
        layer needs it.
    step : int or None
        After which step the hidden state is read, -1 being the last. It counts in the order of the
        layer's work, as ``replay(w, x).hidden[:, step]`` does. None is for all steps.

    Returns
    -------
    (batch, outputs, time, features)
        In units of output per unit of input, in the dtype of the weights. Steps are in the order
        of ``x``, with ``go_backwards`` too. Inputs that are read after ``step`` have derivative 0.

        With ``step=None`` (batch, time, outputs, time, features). The first time is the step whose
        hidden state is read, in the order of the work: ``[:, k]`` is what ``step=k`` gives.

    Raises
    ------
    TypeError, ValueError
        As in ``replay``, or ``head`` or ``step`` does not fit.

    Notes
    -----
    Each activation's derivative is taken from its value, tanh' = 1 - tanh^2; at the corners of
    relu and hard_sigmoid it is 0. Where ``replay`` shows zeros for the hidden state (before the
    first step that counts and, with ``zero_output_for_mask``, at every masked step), all is 0.

    The work takes about 256 MiB at most, in blocks of the batch, unless a single window needs more.
    With ``step=None`` the result is ``time`` times as large, and takes that much longer.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> jacobian = lh.input_jacobian(w, np.zeros((4, 6, 2)), head=np.eye(3))
    >>> jacobian.shape
    (4, 3, 6, 2)
    >>> jacobian[0, 0, -3:, 0].tolist()  # each step before the newest counts half as much
    [0.0625, 0.125, 0.25]
    >>> lh.input_jacobian(w, np.zeros((4, 6, 2)), np.eye(3), step=3)[0, 0, -3:, 0].tolist()
    [0.25, 0.0, 0.0]
    """
    x, (hidden, cell), mask = checked_run(w, x, initial_state, mask)
    head = checked_head(w, head)
    batch, time, features = x.shape
    outputs = head.shape[1]
    chosen = range(time) if step is None else [_checks.place("step", step, time)]
    # Work in the layer's own order of time; what it writes here stands in the order of x.
    order = slice(None, None, -1 if w.go_backwards else 1)
    jacobian = np.zeros((len(chosen), time, features, outputs, batch), w.dtype)
    worked = jacobian[:, order]
    x = x[:, order][:, : chosen[-1] + 1]
    mask = None if mask is None else mask[:, order][:, : chosen[-1] + 1]
    per_sample = 6 * w.units * x.shape[1] + outputs * (10 * w.units + features) + 20 * w.units
    for part in blocks(batch, w.dtype.itemsize * per_sample):
        _backward(
            w,
            x[part],
            (hidden[part], cell[part]),
            None if mask is None else mask[part],
            head,
            dict(zip(chosen, worked[..., part], strict=True)),
        )
    jacobian = jacobian.transpose(4, 0, 3, 1, 2)
    return jacobian if step is None else jacobian[:, 0]


def _backward(
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: State,
    mask: np.ndarray | None,
    head: np.ndarray,
    jacobians: dict[int, np.ndarray],
) -> None:
    """Fill, for each step, its (time, features, outputs, batch), after one forward pass."""
    steps = np.empty((x.shape[1] + 1, 6 * w.units, len(x)), w.dtype)
    run_forward(w, x, initial_state, mask, steps, activated=True)
    for last, jacobian in jacobians.items():
        skipped = None if mask is None else ~mask.T[: last + 1]
        _from_step(w, steps[: last + 2], skipped, head, jacobian[: last + 1])
        if mask is not None:
            jacobian[..., ~shown_steps(w, mask)[:, last]] = 0


def _from_step(
    w: LSTMWeights,
    steps: np.ndarray,
    skipped: np.ndarray | None,
    head: np.ndarray,
    jacobian: np.ndarray,
) -> None:
    """Fill ``jacobian`` (time, features, outputs, batch) from the last of these steps back.

    With dh and dc the derivatives of all outputs by hidden and cell state, at each step, the last
    first: dc += dh * o * act'(c); then through each gate to z = [U W b] @ [h; x; 1], and back by
    its transpose, [dh; dx] = [U W]' @ dz. What does not depend on the output is computed once.
    At a step that is skipped, (time, batch), dh and dc stay as they are.
    """
    batch = steps.shape[-1]
    units, outputs = head.shape
    back = np.ascontiguousarray(side_by_side(w)[:, : units + w.input_dim].T)
    slope = ACTIVATIONS[w.activation].slope
    gate_slope = ACTIVATIONS[w.recurrent_activation].slope
    local = np.empty((4 * units, batch), w.dtype)
    of_gates, of_candidate = local[: 3 * units], local[3 * units :]
    to_i_f, (to_o, to_c) = np.split(local.reshape(4, units, 1, batch), [2])
    dz = np.empty((4, units, outputs, batch), w.dtype)
    dc = np.zeros((units, outputs, batch), w.dtype)
    opened = np.empty((units, batch), w.dtype)
    through = np.empty((units, outputs, batch), w.dtype)
    dh_dx = np.empty((len(back), outputs * batch), w.dtype)
    dh = dh_dx[:units].reshape(units, outputs, batch)
    dx = dh_dx[units:].reshape(-1, outputs, batch)
    dh[...] = head[:, :, None]
    kept = np.empty((2, units, outputs, batch), w.dtype)
    skips: Any = [None] * len(jacobian) if skipped is None else skipped[::-1]
    for step, jacobian_t, skip in zip(steps[-2::-1], jacobian[::-1], skips, strict=True):
        if skip is not None:
            kept[0], kept[1] = dh, dc
        i, f, o, candidate, _, tanh_c = step.reshape(6, units, batch)
        # In place: each new array would cost a few percent of the whole.
        gate_slope(step[: 3 * units], of_gates)
        np.multiply(of_gates, step[3 * units :], out=of_gates)
        slope(candidate, of_candidate)
        np.multiply(of_candidate, i, out=of_candidate)
        slope(tanh_c, opened)
        np.multiply(opened, o, out=opened)
        np.multiply(dh, opened[:, None], out=through)
        np.add(dc, through, out=dc)
        np.multiply(dc, to_i_f, out=dz[:2])
        np.multiply(dh, to_o, out=dz[2])
        np.multiply(dc, to_c, out=dz[3])
        np.matmul(back, dz.reshape(4 * units, outputs * batch), out=dh_dx)
        dc *= f[:, None]
        if skip is not None:
            np.copyto(dh, kept[0], where=skip)
            np.copyto(dc, kept[1], where=skip)
            np.copyto(dx, 0, where=skip)
        jacobian_t[...] = dx
