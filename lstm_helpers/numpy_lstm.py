"""The LSTM in NumPy: every signal forward, the exact gradient with respect to the input backward.

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
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers.gates import Gates, LSTMWeights, require_weights

# Bytes that the work may take beside inputs and outputs; with more, it goes in blocks of the batch.
_WORKSPACE = 2**28


@dataclasses.dataclass(frozen=True, eq=False)
class LSTMTrace:
    """What happened inside an LSTM while it read a batch: its gates and states at every step.

    Steps are in the order of the layer's work, as Keras returns them: with ``go_backwards`` index
    0 belongs to the *last* input. The signals are views on one array; in its memory the batch is
    the last axis.

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
    initial_state: tuple[np.ndarray, np.ndarray]
    mask: np.ndarray | None = None

    def __repr__(self) -> str:
        batch, time, units = self.hidden.shape
        return f"LSTMTrace(batch={batch}, time={time}, units={units}, dtype={self.hidden.dtype})"


# NaN and infinity pass through silently, as in Keras.
@np.errstate(all="ignore")
def replay(
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: tuple[np.ndarray, np.ndarray] | None = None,
    mask: np.ndarray | None = None,
) -> LSTMTrace:
    """Run the layer in NumPy and keep all six signals: four gates, cell and hidden state.

    Parameters
    ----------
    w : LSTMWeights
        From ``gate_weights`` or ``LSTMWeights.from_arrays``.
    x : (batch, time, features)
        What the layer reads, at least one step. It is cast to the dtype of the weights.
    initial_state : (hidden, cell), each (batch, units), optional
        In the order of Keras. If not given, zeros; a stateful layer needs it.
    mask : (batch, time), optional
        False at steps that are skipped: the states stay, and the output repeats.

    Returns
    -------
    LSTMTrace
        In the dtype of the weights.

    Raises
    ------
    TypeError
        ``w`` is not LSTMWeights, or an array does not hold real numbers.
    ValueError
        A shape does not fit, or the layer does something that is not reproduced here: an
        activation other than tanh, sigmoid, relu, linear, hard_sigmoid and hard_sigmoid_keras1,
        mixed precision, or a state that is kept between batches.

    Notes
    -----
    The equations are at the top of this module. NaN and infinity come out where Keras has them.
    Beside input and output the work takes about 256 MiB at most, in blocks of the batch.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.zeros((4, 6, 2))
    >>> x[:, 0] = 1  # a push at the first step, which then fades
    >>> trace = lh.replay(w, x)
    >>> trace.cell.shape
    (4, 6, 3)
    >>> trace.cell[0, :3, 0].round(3).tolist()
    [0.849, 0.425, 0.212]
    """
    x = checked_input(w, x)
    batch, time, _ = x.shape
    initial_state = checked_state(w, initial_state, batch)
    mask = None if mask is None else _checked_mask(mask, batch, time)
    if w.go_backwards:
        x = x[:, ::-1]
        mask = None if mask is None else mask[:, ::-1]

    units = w.units
    steps = np.empty((time + 1, 6 * units, batch), w.dtype)
    for part in blocks(batch, w.dtype.itemsize * (12 * units + w.input_dim)):
        _forward(
            w,
            x[part],
            [state[part] for state in initial_state],
            None if mask is None else mask[part],
            steps[..., part],
        )
    signals = steps.reshape(time + 1, 6, units, batch).transpose(1, 3, 0, 2)
    i, f, o, c = signals[:4, :, :-1]
    cell, hidden = signals[4:, :, 1:]
    trace = LSTMTrace(Gates(i, f, c, o), cell, hidden, initial_state, mask)
    if mask is not None:
        shown = mask if w.zero_output_for_mask else np.logical_or.accumulate(mask, axis=1)
        trace.hidden[~shown] = 0
    return trace


@np.errstate(all="ignore")
def input_jacobian(w: LSTMWeights, x: np.ndarray, head: np.ndarray) -> np.ndarray:
    """How each output changes with each input: d(h_T @ head)/dx, exactly.

    Backpropagation through time (Werbos 1990) on the stored trace, for all outputs at once.

    Parameters
    ----------
    w : LSTMWeights
        Of a layer that starts each window from zero states: a stateful one raises an error.
    x : (batch, time, features)
        What the layer reads.
    head : (units, outputs)
        The matrix behind the last hidden state, such as the kernel of a Dense layer; for one
        output a single column. The identity gives the Jacobian of the hidden state itself.

    Returns
    -------
    (batch, outputs, time, features)
        In units of output per unit of input, in the dtype of the weights. Steps are in the order
        of ``x``, with ``go_backwards`` too.

    Raises
    ------
    TypeError, ValueError
        As in ``replay``, or ``head`` does not fit.

    Notes
    -----
    Each activation's derivative is taken from its value, tanh' = 1 - tanh^2; at the corners of
    relu and hard_sigmoid it is 0. No mask can be given. The work takes about 256 MiB at most, in
    blocks of the batch, unless a single window needs more.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> jacobian = lh.input_jacobian(w, np.zeros((4, 6, 2)), head=np.eye(3))
    >>> jacobian.shape
    (4, 3, 6, 2)
    >>> jacobian[0, 0, -3:, 0].tolist()  # each step before the newest counts half as much
    [0.0625, 0.125, 0.25]
    """
    x, head = checked_for_gradient(w, x, head)
    batch, time, features = x.shape
    outputs = head.shape[1]
    jacobian = np.empty((time, features, outputs, batch), w.dtype)
    # Work in the layer's own order of time; what it writes here stands in the order of x.
    ordered = slice(None, None, -1 if w.go_backwards else 1)
    per_sample = 6 * w.units * time + outputs * (8 * w.units + features) + 20 * w.units
    for part in blocks(batch, w.dtype.itemsize * per_sample):
        _backward(w, x[part, ordered], head, jacobian[ordered, ..., part])
    return jacobian.transpose(3, 2, 0, 1)


def _forward(
    w: LSTMWeights,
    x: np.ndarray,
    initial_state: Sequence[np.ndarray],
    mask: np.ndarray | None,
    steps: np.ndarray,
) -> None:
    """Fill ``steps``, (time + 1, 6 units, batch).

    Rows of a step: i, f, o, candidate, and cell and hidden state *before* the step. So i * c~ and
    f * c are one product of neighbours. The batch is the last axis, where memory is contiguous.
    """
    units = w.units
    matrix = _side_by_side(w)
    activate = _all_gates(w, matrix)
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
    # The shortest of these, x, ends the loop.
    rows = zip(
        x.transpose(1, 2, 0),
        skipped,
        steps[:, : 4 * units],
        steps[:, : 2 * units],
        steps[:, 3 * units : 5 * units],
        steps[:, 2 * units : 3 * units],
        steps[1:, 4 * units : 5 * units],
        steps[1:, 5 * units :],
        strict=False,
    )
    for x_t, skip, gates, i_f, candidate_cell, o, cell, hidden in rows:
        reads_x[...] = x_t
        np.matmul(matrix, reads, out=z)
        activate(z, gates)
        np.multiply(i_f, candidate_cell, out=products)
        np.add(written, kept, out=cell)
        output_activation(cell, hidden)
        np.multiply(hidden, o, out=hidden)
        if skip is not None:
            np.copyto(cell, candidate_cell[units:], where=skip)
            np.copyto(hidden, h, where=skip)
        h[...] = hidden


def _backward(w: LSTMWeights, x: np.ndarray, head: np.ndarray, jacobian: np.ndarray) -> None:
    """Fill ``jacobian`` (time, features, outputs, batch), after a forward pass of its own.

    With dh and dc the derivatives of all outputs by hidden and cell state, at each step, the last
    first: dc += dh * o * act'(c); then through each gate to z = [U W b] @ [h; x; 1], and back by
    its transpose, [dh; dx] = [U W]' @ dz. What does not depend on the output is computed once.
    """
    batch, time, _ = x.shape
    units, outputs = head.shape
    steps = np.empty((time + 1, 6 * units, batch), w.dtype)
    zeros = np.zeros((batch, units), w.dtype)
    _forward(w, x, (zeros, zeros), None, steps)
    back = np.ascontiguousarray(_side_by_side(w)[:, : units + w.input_dim].T)
    activation, slope = ACTIVATIONS[w.activation]
    gate_slope = ACTIVATIONS[w.recurrent_activation].slope
    tanh_c = np.empty((units, batch), w.dtype)  # or the layer's other activation
    local = np.empty((4 * units, batch), w.dtype)
    dz = np.empty((4, units, outputs, batch), w.dtype)
    dc = np.zeros((units, outputs, batch), w.dtype)
    through = np.empty((units, outputs, batch), w.dtype)
    dh_dx = np.empty((len(back), outputs * batch), w.dtype)
    dh = dh_dx[:units].reshape(units, outputs, batch)
    dx = dh_dx[units:].reshape(-1, outputs, batch)
    dh[...] = head[:, :, None]
    for step, cell, jacobian_t in zip(
        steps[-2::-1], steps[:0:-1, 4 * units : 5 * units], jacobian[::-1], strict=True
    ):
        i, f, o, candidate = step[: 4 * units].reshape(4, units, batch)
        activation(cell, tanh_c)
        np.multiply(
            gate_slope(step[: 2 * units]), step[3 * units : 5 * units], out=local[: 2 * units]
        )
        np.multiply(gate_slope(o), tanh_c, out=local[2 * units : 3 * units])
        np.multiply(slope(candidate), i, out=local[3 * units :])
        to_i, to_f, to_o, to_c = local.reshape(4, units, 1, batch)
        np.multiply(dh, (o * slope(tanh_c))[:, None], out=through)
        dc += through
        np.multiply(dc, to_i, out=dz[0])
        np.multiply(dc, to_f, out=dz[1])
        np.multiply(dh, to_o, out=dz[2])
        np.multiply(dc, to_c, out=dz[3])
        np.matmul(back, dz.reshape(4 * units, outputs * batch), out=dh_dx)
        dc *= f[:, None]
        jacobian_t[...] = dx


def _side_by_side(w: LSTMWeights) -> np.ndarray:
    """[U W b]', (4 units, units + features + 1), its rows in the order i, f, o, candidate."""
    groups = [w.recurrent_kernel, w.kernel]
    if w.bias is not None:
        groups.append(Gates(*(bias[None] for bias in w.bias)))
    gates = [np.concatenate([getattr(group, gate) for group in groups]) for gate in "ifoc"]
    return np.ascontiguousarray(np.concatenate(gates, axis=1).T)


def _all_gates(w: LSTMWeights, matrix: np.ndarray) -> Callable[[np.ndarray, np.ndarray], None]:
    """The function that turns z into the four gates. It may put a factor into the matrix."""
    sigmoids = 3 * w.units
    if (w.activation, w.recurrent_activation) == ("tanh", "sigmoid"):
        # sigmoid(z) = tanh(z / 2) / 2 + 1/2: one tanh serves all four gates, and is faster than
        # exp. Halving the weights is exact.
        half = np.array(0.5, w.dtype)
        matrix[:sigmoids] *= half

        def activate(z: np.ndarray, out: np.ndarray) -> None:
            np.tanh(z, out=out)
            gates = out[:sigmoids]
            np.multiply(gates, half, out=gates)
            np.add(gates, half, out=gates)

    else:
        gate_activation = ACTIVATIONS[w.recurrent_activation].function
        activation = ACTIVATIONS[w.activation].function

        def activate(z: np.ndarray, out: np.ndarray) -> None:
            gate_activation(z[:sigmoids], out[:sigmoids])
            activation(z[sigmoids:], out[sigmoids:])

    return activate


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


def checked_input(w: LSTMWeights, x: Any) -> np.ndarray:
    """Return x as an array, after all checks that the layer can be run on it.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import checked_input
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


def checked_for_gradient(w: LSTMWeights, x: Any, head: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return x and head as arrays, for a layer that starts from zeros.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import checked_for_gradient
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x, head = checked_for_gradient(w, np.zeros((4, 6, 2)), [[1], [0], [-1]])
    >>> x.shape, head.shape
    ((4, 6, 2), (3, 1))
    """
    x = checked_input(w, x)
    checked_state(w, None, 0)
    head = _checks.real_numbers("head", head)
    if head.ndim != 2 or head.shape[0] != w.units or head.shape[1] == 0:
        raise ValueError(f"expected head of shape ({w.units}, outputs), got {head.shape}")
    return x, head


def checked_state(w: LSTMWeights, state: Any, batch: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (hidden, cell) before the first step; zeros if no state is given.

    Examples
    --------
    >>> from lstm_helpers.numpy_lstm import checked_state
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


def _checked_mask(mask: Any, batch: int, time: int) -> np.ndarray:
    mask = _checks.real_numbers("mask", mask)
    if mask.shape != (batch, time):
        raise ValueError(f"expected mask of shape ({batch}, {time}), got {mask.shape}")
    return mask.astype(bool)
