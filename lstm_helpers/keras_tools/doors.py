"""Where windows go into a Keras model, and what goes in beside them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._quiet import quiet

with quiet():
    import keras

Known = tuple[int | None, ...]
"""A shape without the axis of the windows; None for a length that is left open."""


@dataclasses.dataclass(frozen=True)
class Door:
    """The inputs of a model, or of the part of it behind a layer.

    Attributes
    ----------
    model : keras.Model
    place : int
        Which of its inputs the windows go into.
    names, shapes, dtypes : tuple
        Of all its inputs.
    fixed : dict of array
        By place: inputs that are the same in each call.
    mask_value : float or None
        What a Masking layer that reads the windows skips.

    Examples
    --------
    >>> from lstm_helpers.keras_tools import doors
    >>> with lh.quiet():
    ...     import keras
    ...     model = keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(4)])
    >>> door = doors.opened(model, inputs=None, fixed=None, layer=None)
    >>> door.place, door.shapes, door.dtypes, door.mask_value
    (0, ((6, 2),), ('float32',), None)
    """

    model: Any
    place: int
    names: tuple[str, ...]
    shapes: tuple[Known, ...]
    dtypes: tuple[str, ...]
    fixed: dict[int, np.ndarray]
    mask_value: float | None

    def arrays(self, windows: Any, others: Sequence[Any]) -> list[np.ndarray]:
        """All inputs of one call: the windows, and for each of them a row of every other input.

        Examples
        --------
        >>> from lstm_helpers.keras_tools import doors
        >>> names, shapes, dtypes = ("x", "place"), ((6, 2), (3,)), ("float32", "float32")
        >>> fixed = {1: np.ones((1, 3))}
        >>> door = doors.Door(None, 0, names, shapes, dtypes, fixed, mask_value=None)
        >>> [array.shape for array in door.arrays(np.zeros((5, 6, 2)), others=())]
        [(5, 6, 2), (5, 3)]
        """
        windows = self._fitting(self.place, "inputs", windows)
        asked = [n for n in range(len(self.names)) if n != self.place and n not in self.fixed]
        if len(others) != len(asked):
            wants = ", ".join(repr(self.names[n]) for n in asked) or "nothing"
            raise ValueError(
                f"expected {wants} beside the windows, as fixed or in additional_forward_args, got "
                f"{len(others)} arrays"
            )
        rows = {n: self._fitting(n, self.names[n], a) for n, a in zip(asked, others, strict=True)}
        rows = self.fixed | rows
        found = []
        for n, name in enumerate(self.names):
            array = windows if n == self.place else rows[n]
            if n in self.fixed and len(array) == 1:
                array = np.repeat(array, len(windows), axis=0)
            if len(array) != len(windows):
                more = ", or in additional_forward_args" if n in self.fixed else ""
                raise ValueError(
                    f"expected a row of {name!r} for each of {len(windows)} windows, got "
                    f"{len(array)}: pass one row for all{more}"
                )
            found.append(array.astype(self.dtypes[n], copy=False))
        return found

    def packed(self, tensors: Sequence[Any]) -> Any:
        """The tensors in the list, dict or whatever else the model is called with.

        Examples
        --------
        >>> from lstm_helpers.keras_tools import doors
        >>> with lh.quiet():
        ...     import keras
        ...     model = keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(4)])
        >>> door = doors.opened(model, inputs=None, fixed=None, layer=None)
        >>> door.packed([np.ones((5, 6, 2))]).shape
        (5, 6, 2)
        """
        given = getattr(self.model, "input", None)
        return tensors[0] if given is None else keras.tree.pack_sequence_as(given, list(tensors))

    def _fitting(self, n: int, name: str, given: Any) -> np.ndarray:
        array = np.asarray(given)
        known = self.shapes[n]
        if array.ndim != len(known) + 1 or any(
            size not in (None, got) for size, got in zip(known, array.shape[1:], strict=True)
        ):
            axes = ("time", "features") if len(known) == 2 else ("any",) * len(known)
            wanted = ", ".join(str(size or axis) for size, axis in zip(known, axes, strict=True))
            raise ValueError(f"expected {name} of shape (windows, {wanted}), got {array.shape}")
        return array


def opened(model: Any, inputs: Any, fixed: Any, layer: Any) -> Door:
    """The door of a model for windows (windows, time, features), after all checks.

    Examples
    --------
    >>> from lstm_helpers.keras_tools import doors
    >>> with lh.quiet():
    ...     import keras
    ...     layers = [keras.layers.LSTM(4, return_sequences=True), keras.layers.LSTM(3)]
    ...     model = keras.Sequential([keras.Input((6, 2)), *layers])
    >>> doors.opened(model, inputs=None, fixed=None, layer=layers[1]).shapes
    ((6, 4),)
    """
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model, got {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"expected a built model, got {model.name!r} without weights: call it on data once"
        )
    for part in model._flatten_layers():
        if getattr(part, "stateful", False):
            raise ValueError(
                f"expected layers that start windows from zeros, got the stateful {part.name!r}"
            )
    tensors = getattr(model, "inputs", None)
    if tensors is None:  # a subclass of keras.Model
        if any(given is not None for given in (inputs, fixed, layer)):
            raise ValueError(
                "expected a functional model with inputs, fixed or layer, got a subclass "
                f"({type(model).__name__}), whose inputs have no names"
            )
        return Door(
            model, 0, ("inputs",), ((None, None),), (model.variable_dtype,), {}, _skipped(model)
        )
    if layer is not None:
        model, place = _behind(model, layer, inputs), 0
    else:
        place = _place(model, inputs)
    tensors = model.inputs
    shape = tuple(tensors[place].shape)
    if len(shape) != 3:
        raise ValueError(f"expected a model of (windows, time, features), got inputs of {shape}")
    names = tuple(tensor.name for tensor in tensors)
    shapes = tuple(tuple(tensor.shape)[1:] for tensor in tensors)
    dtypes = tuple(tensor.dtype for tensor in tensors)
    door = Door(model, place, names, shapes, dtypes, {}, _skipped(model))
    return dataclasses.replace(door, fixed=_checked_fixed(door, fixed))


def _place(model: Any, inputs: Any) -> int:
    names = [tensor.name for tensor in model.inputs]
    if inputs is None and len(names) == 1:
        return 0
    if inputs not in names:
        raise ValueError(f"expected inputs of {', '.join(map(repr, names))}, got {inputs!r}")
    return names.index(inputs)


def _checked_fixed(door: Door, fixed: Any) -> dict[int, np.ndarray]:
    if fixed is not None and not isinstance(fixed, dict):
        raise TypeError(f"expected fixed as a dict of arrays, got {type(fixed).__name__}")
    others = [name for n, name in enumerate(door.names) if n != door.place]
    found = {}
    for name, given in (fixed or {}).items():
        if name not in others:
            got = "the windows' own" if name in door.names else repr(name)
            raise ValueError(
                f"expected names of other inputs in fixed, {', '.join(map(repr, others)) or 'none'}"
                f", got {got}"
            )
        n = door.names.index(name)
        row = _checks.real_numbers(name, given)
        # One row may come without the axis of the windows. A copy: the caller's may change.
        row = np.array(row[None] if row.ndim == len(door.shapes[n]) else row)
        found[n] = door._fitting(n, name, row)
    return found


def _behind(model: Any, layer: Any, inputs: Any) -> Any:
    """The part of a model from what a layer reads to the outputs, with that as its first input."""
    if inputs is not None:
        raise ValueError(
            f"expected inputs or layer, got both: layer reads what it reads, {inputs!r}"
        )
    names = [part.name for part in model.layers]
    found = [part for part in model.layers if part is layer or part.name == layer]
    if not found:
        got = getattr(layer, "name", layer)
        raise ValueError(f"expected layer of {', '.join(map(repr, names))}, got {got!r}")
    name, graph = found[0].name, getattr(model, "_functional", model)
    calls = [
        node
        for nodes in graph._nodes_by_depth.values()
        for node in nodes
        if node.operation is found[0]
    ]
    if len(calls) != 1:
        raise ValueError(f"expected a layer that is used once, got {name!r}")
    read, *more = (tensor for tensor in calls[0].input_tensors if tensor.dtype != "bool")
    if len(more) < len(calls[0].input_tensors) - 1:  # a mask is a tensor of its own
        raise ValueError(
            f"expected a layer that no mask reaches, got {name!r}: what it reads alone would not "
            "say which steps are skipped"
        )
    if more:
        raise ValueError(f"expected a layer that reads one tensor, got {name!r} with several")
    outputs = model.outputs[0] if len(model.outputs) == 1 else model.output
    others = [tensor for tensor in model.inputs if tensor is not read]
    return keras.Model([read, *others] if _lead_past(others, read, model) else [read], outputs)


def _lead_past(inputs: list[Any], read: Any, model: Any) -> bool:
    """Whether one of the inputs leads to the outputs by another way than through what is read."""
    waiting, seen = list(model.outputs), {id(read)}
    while waiting:
        tensor = waiting.pop()
        if id(tensor) not in seen:
            seen.add(id(tensor))
            operation, call, _ = tensor._keras_history
            waiting += operation._inbound_nodes[call].input_tensors
    return any(id(tensor) in seen for tensor in inputs)


def _skipped(model: Any) -> float | None:
    """The value that a Masking layer skips, if it may read the windows themselves."""
    for part in model._flatten_layers():
        if isinstance(part, keras.layers.Masking):
            # Without a known place in a graph, as in a subclass, it may.
            nodes = part._inbound_nodes
            made_by = nodes[0].input_tensors[0]._keras_history.operation if nodes else None
            if made_by is None or isinstance(made_by, keras.layers.InputLayer):
                return float(part.mask_value)
    return None
