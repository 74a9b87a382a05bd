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
from lstm_helpers._derivatives import along_the_line, products, step_jacobians
from lstm_helpers._run_checks import State, checked_head, checked_run
from lstm_helpers.gates import Gates, LSTMWeights
from lstm_helpers.numpy_lstm import LSTMTrace, blocks, checked_trace, replay


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
        As ``replay`` returns it. Of its signals, ``f`` is needed.

    Returns
    -------
    (batch, time, units) array
        From 0 to 1 with sigmoid gates, 1 at the last step. In the order of the layer's work and
        the dtype of the trace. A masked step keeps all, whatever its forget gate is.

    Raises
    ------
    TypeError
        ``trace`` is not an LSTMTrace.
    ValueError
        It does not hold the signal.

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
    checked_trace(trace, "f")
    return products(trace)[:, 1:]


@np.errstate(all="ignore")
def cell_contributions(trace: LSTMTrace) -> tuple[np.ndarray, np.ndarray]:
    """The last cell state, split exactly into what each step wrote.

    Step ``t`` wrote ``i_t * c~_t``, of which ``f_{t+1} * ... * f_T`` is left: the recurrence of
    Gers, Schmidhuber and Cummins (2000) multiplied out.

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it. Of its signals, ``i``, ``f`` and ``c`` are needed.

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
    ValueError
        It does not hold these signals.

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
    checked_trace(trace, "i", "f", "c")
    kept = products(trace)
    written = trace.gates.i * trace.gates.c
    if trace.mask is not None:
        written[~trace.mask] = 0
    written *= kept[:, 1:]
    return written, kept[:, 0] * trace.initial_state[1]


@np.errstate(all="ignore")
def recurrence_cut(
    w: LSTMWeights,
    x: np.ndarray,
    head: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    initial_state: State | None = None,
) -> np.ndarray:
    """The part of the input Jacobian that comes along the cell's own line: d(h_T @ head)/dx, cut.

    Every path from a hidden state into a gate or a candidate is cut: the forward pass is the usual
    one, but the derivative takes ``h_{t-1}`` for a constant. What is left is what a reading wrote,
    kept by the forget gates alone. ``input_jacobian`` minus this part went through the recurrent
    kernel at least once.

    Parameters
    ----------
    w : LSTMWeights
    x : (batch, time, features)
        What the layer reads.
    head : (units, outputs)
        The matrix behind the last hidden state, such as the kernel of a Dense layer. In a stack,
        where another layer follows, ``np.eye(units)`` gives this layer's own last hidden state.
    mask : (batch, time) of bool, or of 0 and 1, optional
        False at steps that are skipped: their inputs have derivative 0.
    initial_state : (hidden, cell), each (batch, units), optional
        The states before the first step. If not given, zeros; a stateful layer needs it.

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
    x, state, mask = checked_run(w, x, initial_state, mask)
    batch, time, features = x.shape
    head = checked_head(w, head).astype(w.dtype)
    units, outputs = head.shape
    # From features and outputs to the sum that goes into a gate: (features * outputs, units).
    ways = Gates(*((W[:, None] * head.T).reshape(-1, units) for W in w.kernel))
    jacobian = np.empty((time, features * outputs, batch), w.dtype)
    ordered = slice(None, None, -1 if w.go_backwards else 1)
    per_sample = 16 * units * (time + 2) + features * outputs * (time + 2)
    for part in blocks(batch, w.dtype.itemsize * per_sample):
        jacobian[ordered, :, part] = along_the_line(w, _replay(part, w, x, state, mask), ways)
    return jacobian.reshape(time, features, outputs, batch).transpose(3, 2, 0, 1)


@overload
def time_constants(
    w: LSTMWeights,
    x: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    initial_state: State | None = None,
    return_eigenvalues: Literal[False] = False,
) -> np.ndarray: ...


@overload
def time_constants(
    w: LSTMWeights,
    x: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    initial_state: State | None = None,
    return_eigenvalues: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...


@np.errstate(all="ignore")
def time_constants(
    w: LSTMWeights,
    x: np.ndarray,
    *,
    mask: np.ndarray | None = None,
    initial_state: State | None = None,
    return_eigenvalues: bool = False,
) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
    """How fast a small push on the state fades at the last step of each window, in steps.

    One step maps the state before it to the state after it. Its effect on a small push is a
    matrix, the step Jacobian d(h_t, c_t)/d(h_{t-1}, c_{t-1}): a push along an eigenvector is
    multiplied by the eigenvalue λ. If the step were repeated, the push would fall to 1/e in
    ``tau = -1 / ln|λ|`` steps. If λ is complex, it would turn once in ``2 pi / |angle(λ)|`` steps.

    Parameters
    ----------
    w : LSTMWeights
    x : (batch, time, features)
        What the layer reads. The matrix is taken at the last step that the layer works on: at the
        state that all steps before have left, and at the last reading. With ``go_backwards`` that
        is the first in ``x``.
    mask : (batch, time) of bool, or of 0 and 1, optional
        False at steps that are skipped. The matrix is taken at the last one that is not.
    initial_state : (hidden, cell), each (batch, units), optional
        The states before the first step. If not given, zeros; a stateful layer needs it.
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
        As in ``replay``; or all steps of a window are skipped, or a matrix holds NaN or infinity
        and so has no eigenvalues.

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
    x, state, mask = checked_run(w, x, initial_state, mask)
    batch, time, features = x.shape
    if mask is not None and not mask.any(axis=1).all():
        none = np.flatnonzero(~mask.any(axis=1))[0]
        raise ValueError(f"expected a step that counts in each window, got none in window {none}")
    w = _in_float64(w)
    size = 2 * w.units
    eigenvalues = np.empty((batch, size), complex)
    per_sample = time * (6 * w.units + features) + 5 * size**2 + 32 * w.units
    for part in blocks(batch, 8 * per_sample):
        matrices = step_jacobians(w, _replay(part, w, x, state, mask))
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


def _replay(
    part: slice, w: LSTMWeights, x: np.ndarray, state: State, mask: np.ndarray | None
) -> LSTMTrace:
    hidden, cell = state
    return replay(w, x[part], (hidden[part], cell[part]), None if mask is None else mask[part])


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
