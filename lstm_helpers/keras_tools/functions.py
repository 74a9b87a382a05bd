"""Any Keras model as functions on arrays: what attributions call."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._checks import OfWindows
from lstm_helpers._quiet import quiet

with quiet():
    import keras

Output = int | tuple[int, ...] | Callable[[Any], Any]
"""Which output of a model is meant: its column, its place, or a function that takes it."""

InputShape = tuple[int | None, int | None]
"""(time, features) of what a model reads; None where it leaves that open."""


def keras_forward(model: Any, output: Output = 0) -> OfWindows:
    """One output of a Keras model, as a function on arrays: the ``forward`` of attributions.

    Parameters
    ----------
    model : keras.Model
        Built, with one input (windows, time, features) and layers of any kind. Each call uses the
        weights that the model has at that time, and runs it with ``training=False``.
    output : int, tuple of int or callable
        Which of its outputs. A number is a column of (windows, outputs). A tuple is the place in
        an output with more axes, without the axis of the windows: ``(-1, 0)`` is column 0 at the
        last step of (windows, time, outputs). A function gets all that the model returns, as
        tensors, and returns a tensor (windows,).

    Returns
    -------
    callable
        (windows, time, features) -> (windows,), in the dtype in which the model returns it,
        float32 for bfloat16. Inputs that do not fit the model raise an error.

    Raises
    ------
    TypeError, ValueError
        ``model`` is not a Keras model, is not built, has another number or shape of inputs, or has
        a stateful layer. ``output`` is something else or out of range, or the function returns
        another shape. Under TensorFlow, if the model knows its number of steps, this is raised at
        once, otherwise at the first call.
    NotImplementedError
        Keras runs on another backend than TensorFlow or PyTorch.

    Notes
    -----
    TensorFlow traces once for each number of steps, not for each number of windows.

    Examples
    --------
    >>> from lstm_helpers import keras_tools
    >>> with lh.quiet():
    ...     import keras
    ...     layers = [keras.Input((6, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)]
    ...     model = keras.Sequential(layers)
    >>> forward = keras_tools.keras_forward(model)
    >>> forward(np.zeros((3, 6, 2))).shape
    (3,)
    """
    return _on_arrays(model, output, gradient=False)


def keras_gradient(model: Any, output: Output = 0) -> OfWindows:
    """The gradient of one output of a Keras model by its inputs: the ``gradient`` of attributions.

    Backpropagation by the backend: ``GradientTape`` of TensorFlow, autograd of PyTorch. For one
    LSTM and a linear head, ``Readout.gradient`` is the same, without Keras.

    Parameters
    ----------
    model : keras.Model
    output : int, tuple of int or callable
        Both as in ``keras_forward``.

    Returns
    -------
    callable
        (windows, time, features) -> the derivative of each window's output, the same shape, in
        the dtype of the model's inputs. In units of output per unit of input.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        As ``keras_forward``. Also if no path with a derivative leads from the inputs to the output,
        because it is constant, rounded or behind ``stop_gradient``: zeros would say that no input
        matters.

    Notes
    -----
    One window's output must not depend on the others. With ``training=False`` no layer of Keras
    itself mixes windows.

    Examples
    --------
    >>> from lstm_helpers import keras_tools
    >>> with lh.quiet():
    ...     import keras
    ...     layers = [keras.Input((6, 2)), keras.layers.LSTM(4), keras.layers.Dense(1)]
    ...     model = keras.Sequential(layers)
    >>> gradient = keras_tools.keras_gradient(model)
    >>> lh.integrated_gradients(gradient, np.zeros((3, 6, 2))).shape
    (3, 6, 2)
    """
    return _on_arrays(model, output, gradient=True)


def _on_arrays(model: Any, output: Any, gradient: bool) -> OfWindows:
    shape, dtype = _checked_inputs_of(model)
    if not (callable(output) or _checks.is_whole(output) or isinstance(output, tuple)) or (
        isinstance(output, tuple) and not all(map(_checks.is_whole, output))
    ):
        raise TypeError(
            f"expected output as a whole number, a tuple of them or a function, got {output!r}"
        )
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise NotImplementedError(
            f"expected Keras to run on {' or '.join(_BACKENDS)}, got {backend!r}"
        )

    def select(x: Any) -> Any:
        # One input may still stand in a list or a dict.
        given = keras.tree.map_structure(lambda _: x, getattr(model, "input", x))
        return _selected(model(given, training=False), output, x.shape[0])

    run = _BACKENDS[backend](select, gradient, shape, dtype)

    def on_arrays(inputs: np.ndarray) -> np.ndarray:
        inputs = np.asarray(inputs)
        if inputs.ndim != 3 or any(
            known not in (None, got) for known, got in zip(shape, inputs.shape[1:], strict=True)
        ):
            time, features = shape[0] or "time", shape[1] or "features"
            raise ValueError(
                f"expected inputs of shape (windows, {time}, {features}), got {inputs.shape}"
            )
        return run(inputs.astype(dtype, copy=False))

    return on_arrays


def _on_tensorflow(
    select: Callable[[Any], Any], gradient: bool, shape: InputShape, dtype: str
) -> OfWindows:
    import tensorflow as tf

    def compute(x: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = select(x)
        return y, _found(tape.gradient(y, x)) if gradient else y

    # The graph itself is kept: with one tf.function for many models, TensorFlow would warn that it
    # is traced too often.
    @functools.cache
    def traced(shape: InputShape) -> Any:
        spec = tf.TensorSpec((None, *shape), dtype)
        return tf.function(compute, autograph=False).get_concrete_function(spec)

    if None not in shape:
        traced(shape)

    def run(x: np.ndarray) -> np.ndarray:
        y, result = traced(x.shape[1:])(tf.constant(x))
        _check_windows(y.shape, len(x))
        return (tf.cast(result, tf.float32) if result.dtype == tf.bfloat16 else result).numpy()

    return run


def _on_torch(
    select: Callable[[Any], Any], gradient: bool, shape: InputShape, dtype: str
) -> OfWindows:
    import torch

    def run(x: np.ndarray) -> np.ndarray:
        with torch.set_grad_enabled(gradient):
            x = keras.ops.convert_to_tensor(x).requires_grad_(gradient)
            result = select(x)
            if gradient:
                slope = None
                if result.requires_grad:
                    (slope,) = torch.autograd.grad(result.sum(), x, allow_unused=True)
                result = _found(slope)
        # Not convert_to_numpy of Keras: with torch it does what NumPy 2 warns about.
        result = result.detach().cpu()
        return (result.float() if result.dtype == torch.bfloat16 else result).numpy()

    return run


_BACKENDS = {"tensorflow": _on_tensorflow, "torch": _on_torch}


def _checked_inputs_of(model: Any) -> tuple[InputShape, str]:
    """((time, features), dtype) of the model's input; None for a length that is left open."""
    if not isinstance(model, keras.Model):
        raise TypeError(f"expected a Keras model, got {type(model).__name__}")
    if not model.built:
        raise ValueError(
            f"expected a built model, got {model.name!r} without weights: call it on data once"
        )
    inputs = getattr(model, "inputs", None)
    if inputs is None:  # a subclass of keras.Model
        return (None, None), model.variable_dtype
    if len(inputs) != 1:
        raise ValueError(f"expected a model of one input, got {len(inputs)} of them")
    shape = tuple(inputs[0].shape)
    if len(shape) != 3:
        raise ValueError(f"expected a model of (windows, time, features), got inputs of {shape}")
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            raise ValueError(
                f"expected layers that start windows from zeros, got the stateful {layer.name!r}"
            )
    return shape[1:], inputs[0].dtype


def _selected(outputs: Any, output: Any, windows: int | None) -> Any:
    """(windows,) of what the model returned. Their number is None while TensorFlow traces."""
    if callable(output):
        selected = output(outputs)
        if not hasattr(selected, "shape"):
            raise TypeError(f"expected output to return a tensor, got {type(selected).__name__}")
        _check_windows(selected.shape, windows)
        return selected
    if not hasattr(outputs, "shape"):
        raise ValueError(
            "expected a model of one output, or a function that takes it from them, as in "
            f"output=lambda outputs: outputs[0][:, 0], got {type(outputs).__name__}"
        )
    place = output if isinstance(output, tuple) else (output,)
    shape = tuple(outputs.shape)
    if len(place) != len(shape) - 1 or not all(
        size is None or -size <= index < size for index, size in zip(place, shape[1:], strict=True)
    ):
        axes = ", ".join(str(size) for size in ("windows", *shape[1:]))
        raise ValueError(f"expected output as a place in ({axes}), got {output!r}")
    return outputs[(slice(None), *map(int, place))]


def _check_windows(shape: Any, windows: int | None) -> None:
    shape = tuple(shape)
    if len(shape) != 1 or shape[0] not in (None, windows):
        raise ValueError(f"expected output to return shape (windows,), got {shape}")


def _found(gradient: Any) -> Any:
    if gradient is None:
        raise ValueError(
            "expected an output that depends on the inputs, got one without a gradient"
        )
    return gradient
