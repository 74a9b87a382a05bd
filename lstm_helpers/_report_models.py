"""What a report asks a model for: an output and its gradient as functions, and a look inside."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._checks import OfWindows
from lstm_helpers.gates import LSTMWeights
from lstm_helpers.layers import gate_weights, lstm_layers
from lstm_helpers.numpy_lstm import LSTMTrace, replay
from lstm_helpers.readout import Readout


@dataclasses.dataclass(frozen=True, eq=False)
class Layer:
    """One LSTM of a model, and what it did while the model read some windows.

    ``reads`` is what the layer read; its mask and the trace are in the order of the layer's work.
    """

    w: LSTMWeights
    reads: np.ndarray
    trace: LSTMTrace
    head: np.ndarray | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Opened:
    """A model, whatever it comes from.

    Attributes
    ----------
    kind, name : str
    forward, gradient : callable
        As attributions call them.
    look : callable
        Windows -> the LSTMs by path, in the order in which they ran. Raises TypeError or ValueError
        with the reason where nothing can be seen.
    numbers : int
        How many weights it has.
    normalizes : bool
        Whether a layer in it scales what it reads.
    mask_value : float or None
        What a Masking layer skips.
    """

    kind: str
    name: str
    forward: OfWindows
    gradient: OfWindows
    look: Callable[[np.ndarray], dict[str, Layer]]
    numbers: int
    normalizes: bool = False
    mask_value: float | None = None


def opened(model: Any, output: Any) -> Opened:
    """The model as functions; a clear error if it is none that a report can read."""
    if isinstance(model, Readout):
        if output != 0:
            raise ValueError(f"expected output=0 of a Readout, which has one, got {output!r}")
        return _of_readout(model)
    roots = {(base.__module__.split(".")[0], base.__name__) for base in type(model).__mro__}
    # Keras first: on PyTorch its layers are torch modules too.
    if ("keras", "Layer") in roots:
        return _of_keras(model, output)
    if ("torch", "Module") in roots:
        return _of_torch(model, output)
    got = f"the class {model.__name__}" if isinstance(model, type) else type(model).__name__
    raise TypeError(f"expected a Keras model, a PyTorch module or a Readout, got {got}")


def _of_readout(readout: Readout) -> Opened:
    w = readout.w

    def look(x: np.ndarray) -> dict[str, Layer]:
        return {"lstm": Layer(w, x, replay(w, x), readout.head)}

    arrays = w.to_arrays()
    numbers = sum(array.size for array in arrays) + readout.head.size + 1
    return Opened("Readout", "Readout", readout.forward, readout.gradient, look, numbers)


def _of_keras(model: Any, output: Any) -> Opened:
    from lstm_helpers import keras_tools

    inputs = getattr(model, "inputs", None) or ()  # a subclassed model names none
    if len(inputs) > 1:
        got = ", ".join(repr(tensor.name) for tensor in inputs)
        raise ValueError(f"expected a model with one input, got {got}")
    forward = keras_tools.keras_forward(model, output)
    gradient = keras_tools.keras_gradient(model, output)

    def look(x: np.ndarray) -> dict[str, Layer]:
        layers = lstm_layers(model)
        with _read_by(layers) as reads:
            traces = keras_tools.keras_trace(model, x)
        found: dict[str, Layer] = {}
        for path, trace in traces.items():
            name, _, again = path.rpartition("#")
            layer = layers.get(path) or layers[name]
            nth = 0 if path in layers else int(again) - 1
            found[path] = Layer(gate_weights(layer), reads[id(layer)][nth], trace)
        return found

    names = [type(part).__name__ for part in model._flatten_layers()]
    return Opened(
        "Keras model",
        str(model.name),
        forward,
        gradient,
        look,
        int(model.count_params()),
        any("Normalization" in name or name == "Rescaling" for name in names),
        getattr(forward, "mask_value", None),
    )


@contextlib.contextmanager
def _read_by(layers: dict[str, Any]) -> Iterator[dict[int, list[np.ndarray]]]:
    """What each of these layers is called with, as long as the block runs; by id of the layer."""
    read: dict[int, list[np.ndarray]] = {id(layer): [] for layer in layers.values()}
    before = {id(layer): vars(layer).get("call") for layer in layers.values()}

    def listening(layer: Any) -> Any:
        call = layer.call

        @functools.wraps(call)
        def listen(*args: Any, **kwargs: Any) -> Any:
            sequences = args[0] if args else kwargs["sequences"]
            # keras_trace says it clearly if these are symbols, which are no arrays.
            with contextlib.suppress(NotImplementedError, TypeError, AttributeError, RuntimeError):
                tensor = getattr(sequences, "value", sequences)
                tensor = tensor.detach().cpu() if hasattr(tensor, "detach") else tensor
                read[id(layer)].append(np.asarray(tensor).copy())
            return call(*args, **kwargs)

        return listen

    for layer in layers.values():
        vars(layer)["call"] = listening(layer)
    try:
        yield read
    finally:
        for layer in layers.values():
            vars(layer).pop("call", None)
            if before[id(layer)] is not None:
                vars(layer)["call"] = before[id(layer)]


def _of_torch(module: Any, output: Any) -> Opened:
    import torch

    from lstm_helpers import torch_tools

    forward = torch_tools.torch_forward(module, output)
    gradient = torch_tools.torch_gradient(module, output)

    def look(x: np.ndarray) -> dict[str, Layer]:
        weights = torch_tools.torch_weights(module)
        calls: list[tuple[Any, Any, Any]] = []
        lstms = {p: m for p, m in module.named_modules() if isinstance(m, torch.nn.LSTM)}
        if not lstms:
            raise ValueError("expected an nn.LSTM to look into, got nn.LSTMCell alone")
        hooks = [
            part.register_forward_hook(
                lambda part, args, returned, path=path: calls.append((path, args, returned))
            )
            for path, part in lstms.items()
        ]
        try:
            forward(x)
        finally:
            for hook in hooks:
                hook.remove()
        found: dict[str, Layer] = {}
        # Where windows are as many as steps, torch_forward makes two calls: the parts are joined.
        for path, part in lstms.items():
            of_it = [(args, returned) for at, args, returned in calls if at == path]
            found |= _replayed(path, part, of_it, weights)
        return found

    names = [type(part).__name__ for part in module.modules()]
    return Opened(
        "PyTorch module",
        type(module).__name__,
        forward,
        gradient,
        look,
        sum(parameter.numel() for parameter in module.parameters()),
        any("Norm" in name for name in names),
    )


def _replayed(
    path: str, part: Any, calls: list[Any], weights: dict[str, LSTMWeights]
) -> dict[str, Layer]:
    """Each layer and direction of one nn.LSTM, fed as PyTorch feeds it."""
    at = repr(path or "the module")
    if not calls:
        raise ValueError(f"expected every LSTM to run, got {at} unused")
    if any(len(args) != 1 or not hasattr(args[0], "ndim") for args, _ in calls):
        raise ValueError(
            f"expected an LSTM that starts from zeros and reads an array, got {at} with initial "
            "states or a packed sequence"
        )
    batch_axis = 0 if part.batch_first else 1

    def joined(tensors: list[Any]) -> np.ndarray:
        arrays = [tensor.detach().cpu().numpy() for tensor in tensors]
        found = np.concatenate(arrays, axis=batch_axis)
        return found if part.batch_first else found.swapaxes(0, 1)

    reads = joined([args[0] for args, _ in calls])
    returned = joined([outputs[0] for _, outputs in calls])
    found = {}
    for n in range(part.num_layers):
        hidden = []
        for direction in ("", "_reverse") if part.bidirectional else ("",):
            name = ".".join(filter(None, (path, f"l{n}{direction}")))
            w = weights[name]
            trace = replay(w, reads)
            found[name] = Layer(w, reads, trace)
            hidden.append(trace.hidden[:, ::-1] if w.go_backwards else trace.hidden)
        reads = np.concatenate(hidden, axis=2)
    largest = max(1.0, float(np.abs(returned).max(initial=0)))
    # As keras_trace: a wrong gate order is off by tenths, rounding by less than a tenth of this.
    if np.abs(reads - returned).max(initial=0) > 1e-5 * largest:
        raise ValueError(f"expected the replay of {at} to be what PyTorch returned, got another")
    return found


HEAD_WINDOWS = 20
"""To find a head takes so many windows more than there are units."""


def with_heads(layers: dict[str, Layer], outputs: np.ndarray) -> dict[str, Layer]:
    """Each layer with the linear head behind its last hidden state, where the output has one.

    The output is regressed on the last hidden states of all layers: where it is linear in them, the
    coefficients are the head. Without enough windows, or where the output is something else, a
    layer's head stays None.
    """
    if all(layer.head is not None for layer in layers.values()):
        return layers
    own = {p: layer for p, layer in layers.items() if len(layer.trace.hidden) == len(outputs)}
    states = [layer.trace.hidden[:, -1].astype(float) for layer in own.values()]
    units = sum(state.shape[1] for state in states)
    if not states or len(outputs) < units + HEAD_WINDOWS:
        return layers
    centred = np.concatenate(states, axis=1)
    centred = centred - centred.mean(axis=0)
    target = outputs.astype(float) - outputs.mean(dtype=float)
    # Directions in which the states hardly move say nothing but rounding.
    found, *_ = np.linalg.lstsq(centred, target, rcond=1e-5)
    left = target - centred @ found
    if (left**2).sum() > 1e-3 * (target**2).sum() or not target.any():
        return layers
    ends = np.cumsum([state.shape[1] for state in states])[:-1]
    heads = dict(zip(own, np.split(found, ends), strict=True))
    sizes = {
        path: float(np.abs(head).max() * own[path].trace.hidden[:, -1].std())
        for path, head in heads.items()
    }
    return {
        path: dataclasses.replace(layer, head=heads[path][:, None].astype(layer.w.dtype))
        # In a stack only the last layer is in front of the head.
        if path in heads and sizes[path] > 1e-2 * max(sizes.values())
        else layer
        for path, layer in layers.items()
    }


def checked_windows(name: str, given: Any) -> np.ndarray:
    """Windows that a report can read: at least two, finite, float32 unless they are float64."""
    x = _checks.windows(name, given)
    if len(x) < 2:
        raise ValueError(f"expected at least 2 windows, got {len(x)}")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=(1, 2)))
    if bad.size:
        raise ValueError(f"expected finite {name}, got NaN or infinity in window {bad[0]}")
    return x


def checked_targets(y: Any, count: int, output: Any = 0) -> np.ndarray:
    """A target for each window, float64; of several columns the one of the output."""
    found = _checks.real_numbers("y", y)
    if found.ndim == 2 and found.shape[1] == 1:
        found = found[:, 0]
    if found.ndim == 2 and _checks.is_whole(output) and -found.shape[1] <= output < found.shape[1]:
        found = found[:, output]
    if found.shape != (count,):
        raise ValueError(
            f"expected y with a target for each of {count} windows, ({count},) or ({count}, "
            f"outputs) with a column for output {output!r}, got {np.shape(y)}"
        )
    if not np.isfinite(found).all():
        raise ValueError("expected finite targets in y, got NaN or infinity")
    return found.astype(float)
