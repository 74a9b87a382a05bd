"""How long a cell keeps what was written into it, and who wrote what is in it now.

All of it follows from one line of the LSTM, ``c_t = f_t * c_{t-1} + i_t * c~_t``: multiplied out,
the last cell state is a sum over the steps, each term what that step wrote times the product of
all forget gates after it. Nothing here counts what the hidden state carries: through the recurrent
kernel an old reading can also come back into a cell that has forgotten it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_helpers.numpy_lstm import LSTMTrace


def half_life(forget: Any) -> Any:
    """Steps until half of the cell state is left, if the forget gate stays where it is.

    ``n`` steps leave ``forget ** n``, so half is left after ``n = log(1/2) / log(forget)``: the
    half-life of exponential decay, here in time steps. 0.5 gives 1.

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
        Something else than real numbers.
    ValueError
        A value below 0 or above 1, or NaN.
    """
    try:
        gate = np.asarray(forget)
    except ValueError:  # rows of different lengths
        gate = np.asarray(None)
    if gate.dtype.kind not in "fiu":
        items = f" of {gate.dtype}" if gate.ndim else ""
        raise TypeError(f"expected forget gates as numbers, got {type(forget).__name__}{items}")
    gate = gate.astype(float)
    outside = ~((gate >= 0) & (gate <= 1))
    if outside.any():
        raise ValueError(
            f"expected forget gates from 0 to 1, got {gate[outside].flat[0]:g}: of a bias take "
            "the sigmoid first"
        )
    # log2 is exact at powers of two; its 0 and minus infinity at the ends give the limits.
    with np.errstate(divide="ignore"):
        steps = -1 / np.log2(gate)
    return np.abs(steps)[()]  # 1 / -0.0 is minus infinity


# NaN and infinity pass through silently, as in replay.
@np.errstate(all="ignore")
def retention(trace: LSTMTrace) -> np.ndarray:
    """What the cell keeps by itself: the product of the forget gates after each step.

    Of what was in the cell after step ``t``, the share ``f_{t+1} * f_{t+2} * ... * f_T`` is still
    there after the last step ``T``: the constant error carousel of Hochreiter and Schmidhuber
    (1997) with the forget gate of Gers, Schmidhuber and Cummins (2000).

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.

    Returns
    -------
    (batch, time, units) array
        From 0 to 1 with sigmoid gates, 1 at the last step. In the order of the layer's work and
        the dtype of the trace. A masked step keeps all, whatever its forget gate says.

    Raises
    ------
    TypeError
        Not an LSTMTrace.
    """
    return _products(trace)[:, 1:]


@np.errstate(all="ignore")
def cell_contributions(trace: LSTMTrace) -> tuple[np.ndarray, np.ndarray]:
    """The last cell state, split into what each step wrote; exact, not an estimate.

    Step ``t`` wrote ``i_t * c~_t``, of which ``f_{t+1} * ... * f_T`` is left: the recurrence of
    Gers, Schmidhuber and Cummins (2000) multiplied out.

    Parameters
    ----------
    trace : LSTMTrace
        As ``replay`` returns it.

    Returns
    -------
    written : (batch, time, units) array
        In units of the cell state, with its sign. 0 at masked steps, which write nothing.
    left : (batch, units) array
        What is left of the initial cell state: zeros where the layer starts from zeros.

        ``written.sum(axis=1) + left`` is ``trace.cell[:, -1]``, to rounding.

    Raises
    ------
    TypeError
        Not an LSTMTrace.

    Notes
    -----
    That a step wrote a share does not make its reading the cause: what it wrote also depends on
    the hidden state it came with, and so on readings before it.
    """
    kept = _products(trace)
    written = trace.gates.i * trace.gates.c
    if trace.mask is not None:
        written[~trace.mask] = 0
    written *= kept[:, 1:]
    return written, kept[:, 0] * trace.initial_state[1]


def _products(trace: LSTMTrace) -> np.ndarray:
    """(batch, time + 1, units): at ``t`` the product of the forget gates of steps t to T - 1."""
    if not isinstance(trace, LSTMTrace):
        raise TypeError(f"expected an LSTMTrace, as replay returns it, got {type(trace).__name__}")
    forget = trace.gates.f
    batch, time, units = forget.shape
    products = np.ones((batch, time + 1, units), forget.dtype)
    products[:, :-1] = forget
    if trace.mask is not None:
        products[:, :-1][~trace.mask] = 1  # the state stays as it is
    backwards = products[:, ::-1]
    np.multiply.accumulate(backwards, axis=1, out=backwards)
    return products
