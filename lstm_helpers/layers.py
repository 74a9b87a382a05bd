"""A Keras layer to LSTMWeights and back.

Keras itself is not imported: a layer is read through its own methods, so every backend serves.
"""

from __future__ import annotations

import types
from typing import Any

import numpy as np

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
        Slices that are views on the arrays which ``layer.get_weights()`` returned. Those are
        copies: editing them does not change the layer, ``set_gate_weights`` does.

    Raises
    ------
    TypeError
        Something else than such a layer.
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
        go_backwards=layer.go_backwards,
        stateful=layer.stateful,
        zero_output_for_mask=layer.zero_output_for_mask,
        compute_dtype=cell.compute_dtype,
    )


def set_gate_weights(layer: Any, w: LSTMWeights) -> None:
    """Write weights into a layer, bit for bit; after an error the layer is as it was.

    Parameters
    ----------
    layer : keras.layers.LSTM or keras.layers.RNN
        As for ``gate_weights``.
    w : LSTMWeights
        Of the layer's shapes and activations, in its dtype or a narrower one.

    Raises
    ------
    TypeError
        Not such a layer, not LSTMWeights, or a dtype that would have to be rounded.
    ValueError
        Another shape or activation, bias on one side only, or a value that is not finite.

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
    for name in ("activation", "recurrent_activation"):
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


def set_forget_bias(layer: Any, value: Any) -> None:
    """Write the forget quarter of a layer's bias, and nothing else.

    Works at any time: on a fresh layer, and on a compiled model between two fits, which needs no
    recompiling. What an optimizer has stored about the old values stays.

    Parameters
    ----------
    layer : keras.layers.LSTM or keras.layers.RNN
        As for ``gate_weights``, with a bias.
    value : float or (units,)
        For all units, or one for each. It is rounded to the layer's dtype as Keras would do.

    Raises
    ------
    TypeError
        Not such a layer, or ``value`` is not made of numbers.
    ValueError
        The layer has no weights yet or no bias; ``value`` has another shape, is not finite, or is
        too large for the layer's dtype. The layer is as it was.

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
    # A copy of the bias as it stands, and the one variable that changes is the bias.
    w.bias.f[...] = rounded
    _cell(layer).bias.assign(np.concatenate(w.bias))


def _cell(layer: Any) -> Any:
    """The LSTMCell of a layer that computes what Keras' own LSTM computes."""
    kind = type(layer).__name__
    bases = {base.__name__: base for base in type(layer).__mro__ if _is_keras(base)}
    if "Bidirectional" in bases:
        raise TypeError(
            f"{_WANTED}, got Bidirectional: read its two layers one by one, "
            "layer.forward_layer and layer.backward_layer"
        )
    if "Model" in bases:
        raise TypeError(f"{_WANTED}, got a model ({kind}): pass one of its layers, model.layers[0]")
    if "RNN" not in bases:  # LSTM is one
        raise TypeError(f"{_WANTED}, got {'None' if layer is None else kind}")
    if not hasattr(layer, "cell"):
        raise TypeError(f"{_WANTED}, got {kind} without a cell")
    cell, own = layer.cell, type(layer.cell)
    original: Any = next(
        (b for b in own.__mro__ if b.__name__ == "LSTMCell" and _is_keras(b)), None
    )
    if original is None:
        raise TypeError(f"{_WANTED}, got {kind} around {own.__name__}")
    if own.call is not original.call:
        raise TypeError(f"{_WANTED}, got {own.__name__}, whose call() is its own")
    wrapper = bases.get("LSTM", bases["RNN"])
    for method in ("call", "inner_loop"):
        if getattr(type(layer), method) is not getattr(wrapper, method):
            raise TypeError(f"{_WANTED}, got {kind}, whose {method}() is its own")
    return cell


def _is_keras(kind: type) -> bool:
    return kind.__module__.split(".")[0] == "keras"


def _activation_name(function: Any) -> str:
    """Keras' name for its own functions; for others one that no replay will take for them."""
    name = getattr(function, "__name__", type(function).__name__)
    # Read from the function, not from get_config(): that says 'tanh' of anyone's tanh.
    own = isinstance(function, types.FunctionType) and function.__module__.split(".")[0] == "keras"
    return name if own else f"custom {name}"
