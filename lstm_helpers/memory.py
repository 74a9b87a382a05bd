"""How long a cell keeps what was written into it, and which step wrote it.

Most of it follows from one line of the LSTM, ``c_t = f_t * c_{t-1} + i_t * c~_t``. Multiplied out,
the last cell state is a sum over the steps: what each step wrote, times the product of all forget
gates after it. ``half_life``, ``retention``, ``cell_contributions`` and ``recurrence_cut`` look at
this line alone. They do not count what the hidden state carries: through the recurrent kernel an
old reading can come back into a cell that has forgotten it. ``time_constants`` counts both ways for
one step, ``input_jacobian`` for a whole window.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.numpy_lstm import (
    LSTMTrace,
    blocks,
    checked_for_gradient,
    checked_input,
    checked_state,
    replay,
)


@overload
def half_life(forget: float) -> float: ...


@overload
def half_life(forget: np.ndarray | Sequence[Any]) -> np.ndarray: ...


def half_life(forget: Any) -> Any:
    """Steps until half of the cell state is left, if the forget gate keeps its value.

    ``n`` steps leave ``forget ** n``, so half is left after ``n = log(1/2) / log(forget)``: the
    half-life of exponential decay, here in steps. 0.5 gives 1.

    Parameters
    ----------
    forget : float or array of any shape
        The gate after its activation, from 0 to 1.

    Returns
    -------
    float or array of the same shape, float64
        In steps, not rounded. The two ends are the limits: 0 for a gate of 0, infinity for 1.

    Raises
    ------
    TypeError
        ``forget`` is not made of real numbers.
    ValueError
        A value below 0 or above 1, or NaN.

    Examples
    --------
    >>> float(lh.half_life(0.5))
    1.0
    >>> lh.half_life([0.0, 0.5, 0.99, 1.0]).round(1).tolist()
    [0.0, 1.0, 69.0, inf]
    """
    gate = _checks.real_numbers("forget gates", forget, booleans=False).astype(float)
    outside = ~((gate >= 0) & (gate <= 1))
    if outside.any():
        raise ValueError(
            f"expected forget gates from 0 to 1, got {gate[outside].flat[0]:g}: for a bias, "
            "take the sigmoid first"
        )
    # log2 is exact at powers of two; its 0 and minus infinity at the ends give the limits.
    with np.errstate(divide="ignore"):
        steps = 1 / np.log2(gate)
    return np.abs(steps)[()]  # the logarithm is negative, and 0 may have either sign


# NaN and infinity pass through silently, as in replay.
@np.errstate(all="ignore")
def retention(trace: LSTMTrace) -> np.ndarray:
    """What the cell keeps by itself: the product of the forget gates after each step.

    After the last step ``T``, the share ``f_{t+1} * f_{t+2} * ... * f_T`` is left of what was in
    the cell after step ``t``. This is the constant error carousel of Hochreiter and Schmidhuber
    (1997) with the forget gate of Gers, Schmidhuber and Cummins (2000).

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.

    Returns
    -------
    (batch, time, units) array
        From 0 to 1 with sigmoid gates, 1 at the last step. In the order of the layer's work and
        the dtype of the trace. A masked step keeps all, whatever its forget gate is.

    Raises
    ------
    TypeError
        ``trace`` is not an LSTMTrace.

    Examples
    --------
    >>> from lstm_helpers import memory
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> trace = lh.replay(w, np.zeros((4, 3, 2)))  # all forget gates are 0.5
    >>> memory.retention(trace).shape
    (4, 3, 3)
    >>> memory.retention(trace)[0, :, 0].tolist()
    [0.25, 0.5, 1.0]
    """
    return _products(trace)[:, 1:]


@np.errstate(all="ignore")
def cell_contributions(trace: LSTMTrace) -> tuple[np.ndarray, np.ndarray]:
    """The last cell state, split exactly into what each step wrote.

    Step ``t`` wrote ``i_t * c~_t``, of which ``f_{t+1} * ... * f_T`` is left: the recurrence of
    Gers, Schmidhuber and Cummins (2000) multiplied out.

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.

    Returns
    -------
    written : (batch, time, units) array
        In units of the cell state, with its sign. Masked steps write nothing and have 0.
    left : (batch, units) array
        What is left of the initial cell state: zeros if the layer starts from zeros.

        ``written.sum(axis=1) + left`` is ``trace.cell[:, -1]``, to rounding.

    Raises
    ------
    TypeError
        ``trace`` is not an LSTMTrace.

    Notes
    -----
    A step that wrote a large share need not have read something important: what it wrote also
    depends on the hidden state before it, and so on older readings.

    Examples
    --------
    >>> from lstm_helpers import memory
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> trace = lh.replay(w, np.ones((4, 3, 2)))
    >>> written, left = memory.cell_contributions(trace)
    >>> written.shape, left.shape
    ((4, 3, 3), (4, 3))
    >>> np.allclose(written.sum(axis=1) + left, trace.cell[:, -1])
    True
    """
    kept = _products(trace)
    written = trace.gates.i * trace.gates.c
    if trace.mask is not None:
        written[~trace.mask] = 0
    written *= kept[:, 1:]
    return written, kept[:, 0] * trace.initial_state[1]


@np.errstate(all="ignore")
def recurrence_cut(w: LSTMWeights, x: np.ndarray, head: np.ndarray) -> np.ndarray:
    """The part of the input Jacobian that comes along the cell's own line: d(h_T @ head)/dx, cut.

    Every path from a hidden state into a gate or a candidate is cut: the forward pass is the usual
    one, but the derivative takes ``h_{t-1}`` for a constant. What is left is what a reading wrote,
    kept by the forget gates alone. ``input_jacobian`` minus this part went through the recurrent
    kernel at least once.

    Parameters
    ----------
    w : LSTMWeights
        Of a layer that starts each window from zero states: a stateful one raises an error.
    x : (batch, time, features)
        What the layer reads. No mask can be given.
    head : (units, outputs)
        The matrix behind the last hidden state, such as the kernel of a Dense layer. In a stack,
        where another layer follows, ``np.eye(units)`` gives this layer's own last hidden state.

    Returns
    -------
    (batch, outputs, time, features)
        In units of output per unit of input, in the dtype of the weights. Steps are in the order
        of ``x``, with ``go_backwards`` too.

    Raises
    ------
    TypeError, ValueError
        As in ``input_jacobian``.

    Notes
    -----
    This is the truncated gradient by which the first LSTM was trained, Hochreiter and Schmidhuber
    (1997), appendix A.1, with the forget gate of Gers, Schmidhuber and Cummins (2000). Unit by
    unit, with z the sum that goes into a gate::

        dc_T/dx_t = f_{t+1} * ... * f_T * (c~_t di/dz W_i + c_{t-1} df/dz W_f + i_t dc~/dz W_c)
        dh_T/dx_t = o_T act'(c_T) dc_T/dx_t, at the last step plus act(c_T) do/dz W_o

    Derivatives at corners and memory use are as in ``input_jacobian``. What is cut off can have the
    other sign, so this part may be larger than the whole.

    Examples
    --------
    >>> from lstm_helpers import memory
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x, head = np.ones((4, 6, 2)), np.ones((3, 1))
    >>> part = memory.recurrence_cut(w, x, head)
    >>> part.shape
    (4, 1, 6, 2)
    >>> np.allclose(part, lh.input_jacobian(w, x, head))  # all of it: the recurrent kernel is 0
    True
    """
    x, head = checked_for_gradient(w, x, head)
    batch, time, features = x.shape
    units, outputs = head.shape
    head = head.astype(w.dtype)
    # From features and outputs to the sum that goes into a gate: (features * outputs, units).
    ways = Gates(*((W[:, None] * head.T).reshape(-1, units) for W in w.kernel))
    jacobian = np.empty((time, features * outputs, batch), w.dtype)
    ordered = slice(None, None, -1 if w.go_backwards else 1)
    per_sample = 16 * units * (time + 2) + features * outputs * (time + 2)
    for part in blocks(batch, w.dtype.itemsize * per_sample):
        jacobian[ordered, :, part] = _along_the_line(w, x[part], ways)
    return jacobian.reshape(time, features, outputs, batch).transpose(3, 2, 0, 1)


@overload
def time_constants(
    w: LSTMWeights, x: np.ndarray, *, return_eigenvalues: Literal[False] = False
) -> np.ndarray: ...


@overload
def time_constants(
    w: LSTMWeights, x: np.ndarray, *, return_eigenvalues: Literal[True]
) -> tuple[np.ndarray, np.ndarray]: ...


@np.errstate(all="ignore")
def time_constants(
    w: LSTMWeights, x: np.ndarray, *, return_eigenvalues: bool = False
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """How fast a small push on the state fades at the last step of each window, in steps.

    One step maps the state before it to the state after it. Its effect on a small push is a
    matrix, the step Jacobian d(h_t, c_t)/d(h_{t-1}, c_{t-1}): a push along an eigenvector is
    multiplied by the eigenvalue λ. If the step were repeated, the push would fall to 1/e in
    ``tau = -1 / ln|λ|`` steps. If λ is complex, it would turn once in ``2 pi / |angle(λ)|`` steps.

    Parameters
    ----------
    w : LSTMWeights
        Of a layer that starts each window from zero states: a stateful one raises an error.
    x : (batch, time, features)
        What the layer reads. No mask can be given. The matrix is taken at the last step that the
        layer works on: at the state that all steps before have left, and at the last reading. With
        ``go_backwards`` that is the first in ``x``.
    return_eigenvalues : bool
        Also return the eigenvalues.

    Returns
    -------
    constants : (batch, 2 * units) array, float64
        In steps, longest first. 0 for an eigenvalue of 0, infinity if a push does not fade,
        ``|λ| >= 1``.
    eigenvalues : (batch, 2 * units) array, complex128
        In the same order: by ``|λ|``, largest first. Of equals by imaginary part and then by real
        part, largest first, so that a pair starts with the positive angle. Only with
        ``return_eigenvalues``.

    Raises
    ------
    TypeError
        As in ``replay``.
    ValueError
        As in ``replay``; or the layer is stateful, or a matrix holds NaN or infinity and so has
        no eigenvalues.

    Notes
    -----
    Sussillo and Barak (2013), Neural Computation 25(3), https://doi.org/10.1162/NECO_a_00409, and
    FixedPointFinder, Golub and Sussillo (2018), https://doi.org/10.21105/joss.01003, take these
    eigenvalues at fixed points: states that a step does not change, so that it does repeat. Here
    the states are those that the layer visits, and the next step has another matrix. How much of a
    push is left after a window depends on the product of all its matrices, which has other
    eigenvalues. And a push between the eigenvectors can grow before it fades.

    A linear cell with open gates and a constant forget gate f has the eigenvalues of
    ``recurrent_kernel.c`` plus f, and as many zeros: its hidden state is its cell state. Without
    recurrent kernel they are the forget gates, and ``tau`` is ``half_life(f) / ln 2``.

    Computed in float64, in blocks of the batch: about 256 MiB at most, unless a single window
    needs more. Rounding moves an eigenvalue of 1 by about 1e-16. It moves an eigenvalue of 0 by
    much more if the matrix has too few eigenvectors, as that of a delay line: do not read the
    shortest time constants.

    Examples
    --------
    >>> from lstm_helpers import memory
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> constants = memory.time_constants(w, np.zeros((4, 6, 2)))
    >>> constants.shape
    (4, 6)
    >>> constants[0, :3].round(2).tolist()  # 3 cells with forget gates of 0.5
    [1.44, 1.44, 1.44]
    """
    x = checked_input(w, x)
    checked_state(w, None, 0)
    batch, time, features = x.shape
    w = _in_float64(w)
    size = 2 * w.units
    eigenvalues = np.empty((batch, size), complex)
    per_sample = time * (6 * w.units + features) + 5 * size**2 + 32 * w.units
    for part in blocks(batch, 8 * per_sample):
        matrices = _step_jacobians(w, replay(w, x[part]))
        bad = np.flatnonzero(~np.isfinite(matrices).all(axis=(1, 2)))
        if bad.size:
            raise ValueError(
                "expected finite states and weights, got NaN or infinity in the step Jacobian of "
                f"window {part.start + bad[0]}"
            )
        found = np.linalg.eigvals(matrices)
        order = np.lexsort((-found.real, -found.imag, -np.abs(found)), axis=1)
        eigenvalues[part] = np.take_along_axis(found, order, axis=1)
    sizes = np.abs(eigenvalues)
    constants = np.where(sizes < 1, -1 / np.log(sizes), np.inf)
    return (constants, eigenvalues) if return_eigenvalues else constants


def _along_the_line(w: LSTMWeights, x: np.ndarray, ways: Gates[np.ndarray]) -> np.ndarray:
    """(time, features * outputs, batch), in the order of the work.

    ``ways`` lead from each gate's sum to features and outputs. The batch comes last, as it does
    in the memory of a trace.
    """
    trace = replay(w, x)
    gates = Gates(*(gate.transpose(1, 2, 0) for gate in trace.gates))
    cell = trace.cell.transpose(1, 2, 0)
    before = np.concatenate([np.zeros_like(cell[:1]), cell[:-1]])
    shown, opened = _into_hidden(w, gates.o[-1], cell[-1])
    line = retention(trace).transpose(1, 2, 0)
    line *= shown
    sums = np.stack(_into_cell(w, gates, before), axis=1)
    sums *= line[:, None]
    written = np.concatenate([ways.i, ways.f, ways.c], axis=1)
    found = written @ sums.reshape(len(sums), -1, len(x))
    found[-1] += ways.o @ opened
    return found


def _step_jacobians(w: LSTMWeights, trace: LSTMTrace) -> np.ndarray:
    """(batch, 2 units, 2 units) of the last step: rows (h_t, c_t), columns (h_{t-1}, c_{t-1})."""
    units = w.units
    last = Gates(*(gate[:, -1] for gate in trace.gates))
    before = trace.cell[:, -2] if trace.cell.shape[1] > 1 else trace.initial_state[1]
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


def _in_float64(w: LSTMWeights) -> LSTMWeights:
    def cast(group: Gates[np.ndarray]) -> Gates[np.ndarray]:
        return Gates(*(array.astype(float) for array in group))

    return dataclasses.replace(
        w,
        kernel=cast(w.kernel),
        recurrent_kernel=cast(w.recurrent_kernel),
        bias=None if w.bias is None else cast(w.bias),
        compute_dtype=None,
    )


def _into_cell(
    w: LSTMWeights, gates: Gates[np.ndarray], before: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """dc_t/dz for the sums z that go into i, f and candidate, given the cell before the step."""
    slope = ACTIVATIONS[w.activation].slope
    gate_slope = ACTIVATIONS[w.recurrent_activation].slope
    return gates.c * gate_slope(gates.i), before * gate_slope(gates.f), gates.i * slope(gates.c)


def _into_hidden(w: LSTMWeights, o: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """dh_t/dc_t, and dh_t/dz for the sum z that goes into the output gate."""
    activation, slope = ACTIVATIONS[w.activation]
    activated = np.empty_like(cell)
    activation(cell, activated)
    return o * slope(activated), activated * ACTIVATIONS[w.recurrent_activation].slope(o)


def _products(trace: LSTMTrace) -> np.ndarray:
    """(batch, time + 1, units): at ``t`` the product of the forget gates of steps t to T - 1."""
    if not isinstance(trace, LSTMTrace):
        raise TypeError(f"expected an LSTMTrace, as replay returns it, got {type(trace).__name__}")
    forget = trace.gates.f
    batch, time, units = forget.shape
    # In memory the batch comes last, as in the trace: each step is one contiguous product.
    products = np.ones((time + 1, units, batch), forget.dtype).transpose(2, 0, 1)
    products[:, :-1] = forget
    if trace.mask is not None:
        products[:, :-1][~trace.mask] = 1  # the state stays as it is
    for step in range(time - 1, -1, -1):
        products[:, step] *= products[:, step + 1]
    return products
