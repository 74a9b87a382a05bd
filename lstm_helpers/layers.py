"""A Keras layer to LSTMWeights and back, and every LSTM of a model.

Keras itself is not imported. A layer is read through its own methods, so every backend works.
"""

from __future__ import annotations

import types
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lstm_helpers import _checks
from lstm_helpers.gates import LSTMWeights, require_weights

_WANTED = "expected a built keras.layers.LSTM, or keras.layers.RNN around one LSTMCell"


def gate_weights(layer: Any) -> LSTMWeights:
    """Read the weights of a layer, by gate.

    Parameters
    ----------
    layer : keras.layers.LSTM or keras.layers.RNN
        Built; an RNN must hold one LSTMCell.

    Returns
    -------
    LSTMWeights
        Its arrays are views on a copy of the layer's weights. To edit them does not change the
        layer; ``set_gate_weights`` does.

    Raises
    ------
    TypeError
        ``layer`` is something else.
    ValueError
        The layer has no weights yet.

    Examples
    --------
    >>> with lh.quiet():
    ...     import keras
    >>> layer = keras.layers.LSTM(4)
    >>> layer.build((None, 6, 2))
    >>> w = lh.gate_weights(layer)
    >>> w.kernel.f.shape, w.bias.f.shape
    ((2, 4), (4,))
    """
    cell = _cell(layer)
    arrays = layer.get_weights()
    if not arrays:
        raise ValueError(
            f"{_WANTED}, got {layer.name!r} without weights: call the model once, "
            "or give it an Input"
        )
    return LSTMWeights.from_arrays(
        arrays,
        activation=_activation_name(cell.activation),
        recurrent_activation=_activation_name(cell.recurrent_activation),
        go_backwards=bool(layer.go_backwards),
        stateful=bool(layer.stateful),
        zero_output_for_mask=bool(layer.zero_output_for_mask),
        compute_dtype=cell.compute_dtype,
    )


def set_gate_weights(layer: Any, w: LSTMWeights) -> None:
    """Write weights into a layer, bit for bit; after an error the layer is as it was.

    Parameters
    ----------
    layer : keras.layers.LSTM or keras.layers.RNN
        As for ``gate_weights``.
    w : LSTMWeights
        Of the layer's shapes, activations and direction, in its dtype or a narrower one.

    Raises
    ------
    TypeError
        ``layer`` or ``w`` is something else, or the dtype of ``w`` would have to be rounded.
    ValueError
        A shape, an activation or the direction differs, only one of the two has a bias, or a value
        is not finite.

    Examples
    --------
    >>> with lh.quiet():
    ...     import keras
    >>> layer = keras.layers.LSTM(4)
    >>> layer.build((None, 6, 2))
    >>> w = lh.gate_weights(layer)
    >>> w.kernel.f[...] = 0  # so the forget gate reads no feature
    >>> lh.set_gate_weights(layer, w)
    >>> lh.gate_norms(lh.gate_weights(layer))["W_f"]
    0.0
    """
    now = gate_weights(layer)
    require_weights(w)
    if (w.bias is None) != (now.bias is None):
        has = {True: "without bias", False: "with bias"}
        raise ValueError(
            f"expected weights {has[now.bias is None]} like the layer, got {has[w.bias is None]}"
        )
    if (w.input_dim, w.units) != (now.input_dim, now.units):
        raise ValueError(
            f"expected input_dim={now.input_dim}, units={now.units} like the layer, "
            f"got input_dim={w.input_dim}, units={w.units}"
        )
    for name in ("activation", "recurrent_activation", "go_backwards"):
        mine, theirs = getattr(now, name), getattr(w, name)
        if mine != theirs:
            raise ValueError(
                f"expected {name}={mine!r} like the layer, got {theirs!r}: the same numbers "
                f"would compute something else (if you mean it, dataclasses.replace(w, "
                f"{name}={mine!r}))"
            )
    if not np.can_cast(w.dtype, now.dtype, casting="safe"):
        raise TypeError(f"expected {now.dtype} or narrower, got {w.dtype}: that would be rounded")
    arrays = w.to_arrays()
    for name, array in zip(("kernel", "recurrent_kernel", "bias"), arrays, strict=False):
        bad = np.size(array) - np.isfinite(array).sum()
        if bad:
            raise ValueError(f"expected finite values in {name}, got {bad} NaN or infinite")
    layer.set_weights(arrays)


def set_forget_bias(layer: Any, value: ArrayLike) -> None:
    """Write the forget quarter of a layer's bias, and nothing else.

    Works at any time: on a new layer, and on a compiled model between two fits, without a new
    ``compile``. An optimizer keeps what it has stored about the old values.

    Parameters
    ----------
    layer : keras.layers.LSTM or keras.layers.RNN
        As for ``gate_weights``, with a bias.
    value : float or (units,)
        For all units, or one for each. It is rounded to the layer's dtype, as Keras does it.

    Raises
    ------
    TypeError
        ``layer`` is something else, or ``value`` is not made of numbers.
    ValueError
        The layer has no weights yet or no bias; or ``value`` has another shape, is not finite, or
        is too large for the layer's dtype. The layer is as it was.

    Examples
    --------
    >>> with lh.quiet():
    ...     import keras
    >>> layer = keras.layers.LSTM(4)
    >>> layer.build((None, 6, 2))
    >>> lh.set_forget_bias(layer, 5.0)
    >>> lh.gate_weights(layer).bias.f.tolist()
    [5.0, 5.0, 5.0, 5.0]
    """
    w = gate_weights(layer)
    if w.bias is None:
        raise ValueError(f"expected a layer with a bias, got {layer.name!r} with use_bias=False")
    forget = _checks.real_numbers("the forget bias", value, booleans=False)
    if forget.shape not in ((), (w.units,)):
        raise ValueError(
            f"expected one forget bias, or one for each of {w.units} units, got shape "
            f"{forget.shape}"
        )
    bad = forget.size - np.isfinite(forget).sum()
    if bad:
        raise ValueError(f"expected a finite forget bias, got {bad} NaN or infinite")
    with np.errstate(over="ignore", under="ignore"):
        rounded = forget.astype(w.dtype)
    if not np.isfinite(rounded).all():
        raise ValueError(
            f"expected a forget bias that {w.dtype} holds, up to {np.finfo(w.dtype).max:g}, "
            f"got {np.abs(forget).max():g}"
        )
    # w holds a copy of the bias as it is now. The bias is the only variable that changes.
    w.bias.f[...] = rounded
    _cell(layer).bias.assign(np.concatenate(w.bias))


def lstm_layers(model: Any) -> dict[str, Any]:
    """Every LSTM of a model, by its path.

    Parameters
    ----------
    model : keras.Model or keras.layers.Layer
        Of any kind: sequential, functional, subclassed; with models inside; with Bidirectional,
        TimeDistributed or a layer of your own around an LSTM.

    Returns
    -------
    dict of layer
        ``keras.layers.LSTM``, or ``keras.layers.RNN`` around one LSTMCell. In the order in which
        Keras keeps the layers. A path is the names of the layers on the way, such as
        ``"encoder/bidirectional/forward_lstm"``, without the model's own name. A name that stands
        in its place already gets a number: ``"lstm#2"``. A layer that is used in two places is
        there once.

    Raises
    ------
    TypeError
        ``model`` is something else; or it holds an LSTM that computes something else than Keras'
        own, or cells in a stack. The error names its path.
    ValueError
        It has no LSTM.

    Examples
    --------
    >>> with lh.quiet():
    ...     import keras
    ...     both = keras.layers.Bidirectional(keras.layers.LSTM(4, name="lstm"), name="both")
    ...     model = keras.Sequential([keras.Input((6, 2)), both, keras.layers.Dense(1)])
    >>> list(lh.lstm_layers(model))
    ['both/forward_lstm', 'both/backward_lstm']
    """
    if "Layer" not in _keras_bases(model):
        raise TypeError(f"expected a Keras model or layer, got {_named(type(model))}")
    found: dict[str, Any] = {}
    others = []
    for path, layer in _recurrent("", model, set()):
        cell = getattr(layer, "cell", None)
        if not any("LSTMCell" in _keras_bases(one) for one in getattr(cell, "cells", [cell])):
            others.append(f"{path!r} ({type(layer).__name__})")
            continue
        try:
            _cell(layer)
        except TypeError as error:
            raise TypeError(f"{path!r}: {error}") from None
        found[free_name(path, found)] = layer
    if not found:
        got = ", ".join(others) or "no recurrent layer"
        raise ValueError(f"expected a model with an LSTM, got {got}")
    return found


def free_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it if it is taken.

    Examples
    --------
    >>> from lstm_helpers.layers import free_name
    >>> free_name("lstm", {"lstm", "lstm#2"})
    'lstm#3'
    """
    names = (name if n == 1 else f"{name}#{n}" for n in range(1, len(taken) + 2))
    return next(free for free in names if free not in taken)


def _recurrent(path: str, layer: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """(path, layer) of each recurrent layer in a layer, itself included."""
    if id(layer) in seen:
        return
    seen.add(id(layer))
    if "RNN" in _keras_bases(layer):
        yield path or layer.name, layer
        return
    # Keras tracks what a layer holds, in attributes and in lists, for its own weights.
    for inner in layer._flatten_layers(include_self=False, recursive=False):
        yield from _recurrent(f"{path}/{inner.name}" if path else inner.name, inner, seen)


def _cell(layer: Any) -> Any:
    """The LSTMCell of a layer, if the layer computes what Keras' own LSTM computes."""
    kind = type(layer).__name__
    bases = _keras_bases(layer)
    if "Bidirectional" in bases:
        raise TypeError(
            f"{_WANTED}, got Bidirectional: read its two layers one by one, "
            "layer.forward_layer and layer.backward_layer"
        )
    if "Model" in bases:
        raise TypeError(f"{_WANTED}, got a model ({kind}): pass one of its layers, model.layers[0]")
    if "RNN" not in bases:  # LSTM is one
        raise TypeError(f"{_WANTED}, got {'None' if layer is None else _named(type(layer))}")
    if not hasattr(layer, "cell"):
        raise TypeError(f"{_WANTED}, got {kind} without a cell")
    cell, own = layer.cell, type(layer.cell)
    original: Any = next(
        (b for b in own.__mro__ if b.__name__ == "LSTMCell" and _is_keras(b)), None
    )
    if original is None:
        raise TypeError(f"{_WANTED}, got {kind} around {own.__name__}")
    if own.call is not original.call:
        raise TypeError(f"{_WANTED}, got {own.__name__}, which has its own call()")
    wrapper = bases.get("LSTM", bases["RNN"])
    for method in ("call", "inner_loop"):
        if getattr(type(layer), method) is not getattr(wrapper, method):
            raise TypeError(f"{_WANTED}, got {kind}, which has its own {method}()")
    return cell


def _named(kind: type) -> str:
    """Its name; of a namesake of Keras' layers also where it comes from."""
    root = kind.__module__.split(".")[0]
    of = "" if root in ("keras", "builtins") else f" of {root}"
    hint = (
        ": torch_tools.torch_weights reads those of PyTorch, or give its arrays to "
        "LSTMWeights.from_arrays, layout='pytorch'"
        if root == "torch"
        else ""
    )
    return f"{kind.__name__}{of}{hint}"


def _keras_bases(layer: Any) -> dict[str, Any]:
    """The classes of Keras itself that it is of, by name."""
    return {base.__name__: base for base in type(layer).__mro__ if _is_keras(base)}


def _is_keras(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "keras"


def _activation_name(function: Any) -> str:
    """Keras' name of its own functions; for other functions a name that replay does not accept."""
    name = getattr(function, "__name__", type(function).__name__)
    # Read from the function: get_config() says 'tanh' of any function with that name.
    own = isinstance(function, types.FunctionType) and function.__module__.split(".")[0] == "keras"
    return name if own else f"custom {name}"
