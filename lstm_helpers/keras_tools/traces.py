"""What each LSTM of a Keras model did on a batch: caught in a run of the model, and replayed."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._quiet import quiet
from lstm_helpers.layers import free_name, gate_weights, lstm_layers
from lstm_helpers.numpy_lstm import LSTMTrace, replay

with quiet():
    import keras

# How far the replay may be from Keras, of outputs around 1. A wrong gate order is off by tenths,
# rounding in 2,000 steps of 512 units by less than a tenth of this.
_TOLERANCE = {"float32": 1e-5, "float64": 1e-11}

_IN_A_GRAPH = (
    " or in a compiled graph: give TimeDistributed a fixed number of steps, and a layer of yours "
    "no tf.function"
)


@dataclasses.dataclass(frozen=True)
class _Call:
    """What a layer was called with, and what it returned, as arrays."""

    path: str
    layer: Any
    sequences: np.ndarray
    mask: np.ndarray | None
    state: tuple[np.ndarray, np.ndarray] | None
    returned: list[np.ndarray]


def keras_trace(model: Any, x: Any) -> dict[str, LSTMTrace]:
    """Run a model once, and give the gates and states of each of its LSTMs.

    Each LSTM is replayed on what it was called with in that run: its inputs, its mask, the states
    it started from. Then the replay is compared with what Keras returned.

    Parameters
    ----------
    model : keras.Model
        Built, of any kind: see ``lh.lstm_layers``. It runs with ``training=False``, so without
        dropout.
    x : (batch, ...) array, or a list or dict of them
        What the model is called with.

    Returns
    -------
    dict of LSTMTrace
        By path, in the order in which they ran. Steps are in the order of each layer's own work:
        for the backward layer of a Bidirectional, index 0 belongs to the last input. If a layer
        ran more than once, its second trace is ``path#2``. Where a stateful layer started from
        stands in ``initial_state``; its states are put back afterwards.

    Raises
    ------
    TypeError
        ``model`` is not a Keras model, ``x`` does not hold real numbers, or an LSTM computes
        something else than Keras' own.
    ValueError
        The model is not built or has no LSTM; ``x`` does not fit; an LSTM does something that
        ``replay`` does not reproduce; or it does not run, or only inside a compiled graph.
    RuntimeError
        A replay is not what Keras returned. That would be an error in this package; or Keras 3 put
        zeros at the wrong steps, as it does in an unrolled layer that reads padding from the end.

    Notes
    -----
    Six signals of every LSTM are kept, (batch, time, units) each: take some windows, not all.

    Examples
    --------
    >>> from lstm_helpers import keras_tools
    >>> with lh.quiet():
    ...     import keras
    ...     lstms = [keras.layers.LSTM(4, return_sequences=True), keras.layers.LSTM(3)]
    ...     model = keras.Sequential([keras.Input((6, 2)), *lstms])
    >>> traces = keras_tools.keras_trace(model, np.zeros((5, 6, 2)))
    >>> [trace.hidden.shape for trace in traces.values()]
    [(5, 6, 4), (5, 6, 3)]
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model, got {type(model).__name__}")
    layers = lstm_layers(model)
    if not model.built:
        raise ValueError(
            f"expected a built model, got {model.name!r} without weights: call it on data once"
        )
    x = _checked(model, x)
    with _states_put_back(model), _caught(layers) as calls:
        model(x, training=False)
    missed = [path for path in layers if path not in {call.path for call in calls}]
    if missed:
        raise ValueError(
            f"expected every LSTM to run where it can be seen, got {', '.join(map(repr, missed))} "
            f"unused{_IN_A_GRAPH}"
        )
    traces: dict[str, LSTMTrace] = {}
    for call in calls:
        traces[free_name(call.path, traces)] = _replayed(call)
    return traces


def _checked(model: Any, x: Any) -> Any:
    """What the model is called with, as arrays of the shapes that it knows of."""
    several = isinstance(x, dict) or (
        isinstance(x, list | tuple) and any(hasattr(part, "shape") for part in x)
    )
    x = (
        keras.tree.map_structure(lambda part: _checks.real_numbers("x", part), x)
        if several
        else _checks.real_numbers("x", x)
    )
    parts, inputs = keras.tree.flatten(x), getattr(model, "inputs", None)
    if inputs is None:  # a subclass of keras.Model
        return x
    wanted = [tuple(tensor.shape) for tensor in inputs]
    got = [part.shape for part in parts]
    fits = len(wanted) == len(got) and all(
        len(shape) == len(have) and all(n in (None, m) for n, m in zip(shape, have, strict=True))
        for shape, have in zip(wanted, got, strict=True)
    )
    if not fits:
        wants = ", ".join(str(shape).replace("None", "any") for shape in wanted)
        raise ValueError(f"expected x of shape {wants}, got {', '.join(map(str, got)) or 'none'}")
    return x


@contextlib.contextmanager
def _states_put_back(model: Any) -> Iterator[None]:
    states = [
        (state, _array(state))
        for layer in model._flatten_layers()
        for state in keras.tree.flatten(getattr(layer, "states", None) or [])
    ]
    try:
        yield
    finally:
        for state, before in states:
            state.assign(before)


@contextlib.contextmanager
def _caught(layers: dict[str, Any]) -> Iterator[list[_Call]]:
    """The list that calls of these layers go into, as long as the block runs."""
    calls: list[_Call] = []
    before = {path: vars(layer).get("call") for path, layer in layers.items()}
    for path, layer in layers.items():
        vars(layer)["call"] = _listening(path, layer, calls)
    try:
        yield calls
    finally:
        for path, layer in layers.items():
            del vars(layer)["call"]
            if before[path] is not None:
                vars(layer)["call"] = before[path]


def _listening(path: str, layer: Any, calls: list[_Call]) -> Any:
    call = layer.call

    @functools.wraps(call)
    def listening(*args: Any, **kwargs: Any) -> Any:
        given = inspect.signature(call).bind(*args, **kwargs).arguments
        state = given.get("initial_state")
        state = layer.states if state is None and layer.stateful else state
        try:
            read = _array(given["sequences"])
            mask = None if given.get("mask") is None else _array(given["mask"])
            start = None if state is None else (_array(state[0]), _array(state[1]))
        except (NotImplementedError, TypeError, AttributeError, RuntimeError):
            raise ValueError(
                f"{path!r}: expected an LSTM to run where it can be seen, got symbols{_IN_A_GRAPH}"
            ) from None
        returned = call(*args, **kwargs)
        parts = [_array(part) for part in keras.tree.flatten(returned)]
        calls.append(_Call(path, layer, read, mask, start, parts))
        return returned

    return listening


def _array(tensor: Any) -> np.ndarray:
    if keras.backend.standardize_dtype(tensor.dtype) == "bfloat16":  # NumPy has none
        tensor = keras.ops.cast(tensor, "float32")
    # Of torch not by convert_to_numpy of Keras, which does what NumPy 2 warns about.
    tensor = getattr(tensor, "value", tensor)
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu().numpy()
    # A copy: the state of a stateful layer is written over.
    return np.asarray(tensor).copy()


def _replayed(call: _Call) -> LSTMTrace:
    try:
        trace = replay(gate_weights(call.layer), call.sequences, call.state, call.mask)
    except (TypeError, ValueError) as error:
        raise type(error)(f"{call.path!r}: {error}") from None
    dtype = trace.hidden.dtype.name
    if dtype not in _TOLERANCE:
        raise ValueError(
            f"{call.path!r}: expected an LSTM of {' or '.join(_TOLERANCE)}, got {dtype}"
        )
    output = trace.hidden if call.layer.return_sequences else trace.hidden[:, -1]
    expected = [output, *_last_states(trace)] if call.layer.return_state else [output]
    for mine, theirs in zip(expected, call.returned, strict=True):
        largest = np.max(np.abs(theirs), initial=1.0, where=np.isfinite(theirs))
        bound = _TOLERANCE[dtype] * largest
        if not np.allclose(mine, theirs, rtol=0, atol=bound, equal_nan=True):
            difference = np.nanmax(np.abs(mine - theirs))
            raise RuntimeError(
                f"{call.path!r}: expected the replay to be what Keras returned, within "
                f"{bound:.0e}, got a difference of {difference:.1e}{_why(call)}"
            )
    return trace


def _why(call: _Call) -> str:
    """What Keras 3.15 does wrong there: its rnn() reverses the mask, but not for the zeros."""
    layer = call.layer
    if call.mask is None or not (
        layer.unroll
        and layer.go_backwards
        and layer.zero_output_for_mask
        and layer.return_sequences
    ):
        return ""
    return (
        ": with unroll, go_backwards and zero_output_for_mask together, Keras puts the zeros of "
        "padding at the wrong steps, so the outputs of this layer are wrong: make it with "
        "unroll=False, the weights stay the same"
    )


def _last_states(trace: LSTMTrace) -> tuple[np.ndarray, np.ndarray]:
    """(hidden, cell) that the layer ends in: at a masked step the output may be zeros instead."""
    hidden = trace.hidden[:, -1].copy()
    if trace.mask is not None:
        last = trace.mask.shape[1] - 1 - trace.mask[:, ::-1].argmax(axis=1)
        windows = np.arange(len(hidden))
        some = np.asarray(trace.mask.any(axis=1))
        hidden = np.where(some[:, None], trace.hidden[windows, last], trace.initial_state[0])
    return hidden, trace.cell[:, -1]
