"""Any Keras model as functions on arrays: what attributions call."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lstm_helpers import _outputs
from lstm_helpers._checks import OfWindows
from lstm_helpers._outputs import Output
from lstm_helpers._quiet import quiet
from lstm_helpers.keras_tools.doors import Door, Known, opened

with quiet():
    import keras

Run = Callable[[Sequence[np.ndarray]], np.ndarray]
"""The arrays of all inputs of a model -> (windows,), or the shape of the windows."""


def keras_forward(
    model: Any,
    output: Output = 0,
    inputs: str | None = None,
    fixed: dict[str, Any] | None = None,
    *,
    layer: Any = None,
    jit_compile: bool = False,
) -> OfWindows:
    """One output of a Keras model, as a function on arrays: the ``forward`` of attributions.

    Parameters
    ----------
    model : keras.Model
        Built, with an input (windows, time, features) and layers of any kind. Each call uses the
        layers and weights that the model has at that time, and runs it with ``training=False``.
    output : int, tuple of int or callable
        Which of its outputs. A number is a column of (windows, outputs). A tuple is the place in
        an output with more axes, without the axis of the windows: ``(-1, 0)`` is column 0 at the
        last step of (windows, time, outputs). A function gets all that the model returns, as
        tensors, and returns a tensor (windows,).
    inputs : str, optional
        Of a model with several inputs: the name of the one that the windows go into, as
        ``model.inputs[0].name``.
    fixed : dict of array, optional
        The other inputs, by name: one row for all windows, or a row a window. Inputs that are
        not here are given with each call: see Returns.
    layer : str or keras.layers.Layer, optional
        Of the model itself. The windows are then what this layer reads, not what the model reads:
        ``keras.Model(model.inputs, layer.input)`` gives them.
    jit_compile : bool
        Under TensorFlow: whether XLA compiles the graph; see Notes. Where XLA cannot, the graph
        runs without it. Other backends take no notice.

    Returns
    -------
    callable
        (windows, time, features) -> (windows,), in the dtype in which the model returns it,
        float32 for bfloat16. Inputs that do not fit the model raise an error. Inputs that are
        neither the windows nor ``fixed`` follow them, a row a window, in the order of
        ``model.inputs``: attributions pass them on as ``additional_forward_args``. Where
        ``Masking`` reads the windows, ``mask_value`` is the value that it skips.

    Raises
    ------
    TypeError, ValueError
        ``model`` is not a Keras model, is not built, has inputs of another shape, or has a stateful
        layer. ``inputs``, ``fixed`` or ``layer`` is not of this model, or a mask reaches ``layer``.
        ``output`` is something else or out of range, or the function returns another shape. Under
        TensorFlow, if the model knows its number of steps, this is raised at once, otherwise at
        the first call.
    NotImplementedError
        Keras runs on another backend than TensorFlow, PyTorch or JAX.

    Notes
    -----
    TensorFlow traces once for each number of steps, not for each number of windows, and again once
    layers were added or taken off. It does not notice when an option of a layer changes, such as
    its activation: make the function anew.

    XLA compiles again for each number of windows, so ``jit_compile`` is for many calls of one size,
    as in ``integrated_gradients`` of thousands of windows. Measured on one and two LSTMs of 32
    units, 24 steps, 7 features, 1,560 windows a call: 0.44 and 0.62 of the time of the graph alone,
    the gradient 0.8. A compilation takes as long as 20 to 27 calls. Results agree within 2e-7. XLA
    leaves out assertions that a layer of yours makes.

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
    return _on_arrays(model, output, inputs, fixed, layer, jit_compile, gradient=False)


def keras_gradient(
    model: Any,
    output: Output = 0,
    inputs: str | None = None,
    fixed: dict[str, Any] | None = None,
    *,
    layer: Any = None,
    jit_compile: bool = False,
) -> OfWindows:
    """The gradient of one output of a Keras model by its inputs: the ``gradient`` of attributions.

    Backpropagation by the backend: ``GradientTape`` of TensorFlow, autograd of PyTorch. For one
    LSTM and a linear head, ``Readout.gradient`` is the same, without Keras.

    Parameters
    ----------
    model : keras.Model
    output : int, tuple of int or callable
    inputs : str, optional
    fixed : dict of array, optional
    layer : str or keras.layers.Layer, optional
    jit_compile : bool
        All as in ``keras_forward``. With several inputs the derivative is by the windows alone.

    Returns
    -------
    callable
        (windows, time, features) -> the derivative of each window's output, the same shape, in
        the dtype of the model's inputs. In units of output per unit of input.

    Raises
    ------
    TypeError, ValueError, NotImplementedError
        As ``keras_forward``; JAX has no gradient here. Also if no path with a derivative leads from
        the inputs to the output, because it is constant, rounded or behind ``stop_gradient``: zeros
        would say that no input matters.

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
    return _on_arrays(model, output, inputs, fixed, layer, jit_compile, gradient=True)


def _on_arrays(
    model: Any,
    output: Any,
    inputs: Any,
    fixed: Any,
    layer: Any,
    jit_compile: Any,
    gradient: bool,
) -> OfWindows:
    _outputs.require_output(output)
    if not isinstance(jit_compile, bool):
        raise TypeError(f"expected jit_compile as True or False, got {jit_compile!r}")
    backend = keras.backend.backend()
    backends = _GRADIENTS if gradient else _BACKENDS
    if backend not in backends:
        raise NotImplementedError(
            f"expected Keras to run on {' or '.join(backends)}, got {backend!r}"
        )
    prepared: list[Any] = []

    def prepare() -> tuple[Door, Run]:
        """Once, and again for other layers: a traced graph would answer for the model as it was."""
        layers = model._flatten_layers() if isinstance(model, keras.Model) else []
        known = prepared[0] if prepared else None
        if known is None or [*map(id, known)] != [*map(id, layers)]:
            door = opened(model, inputs, fixed, layer)

            def select(tensors: Sequence[Any]) -> Any:
                windows = tensors[door.place].shape[0]
                return _outputs.selected(
                    door.model(door.packed(tensors), training=False), output, windows
                )

            run = backends[backend](select, gradient, door, jit_compile)
            prepared[:] = layers, door, run
        return prepared[1], prepared[2]

    def on_arrays(windows: np.ndarray, *others: np.ndarray) -> np.ndarray:
        door, run = prepare()
        return run(door.arrays(windows, others))

    on_arrays.mask_value = prepare()[0].mask_value  # type: ignore[attr-defined]
    return on_arrays


def _on_tensorflow(
    select: Callable[[Sequence[Any]], Any], gradient: bool, door: Door, jit_compile: bool
) -> Run:
    import tensorflow as tf

    def compute(*tensors: Any) -> Any:
        x = tensors[door.place]
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = select(tensors)
        return y, _outputs.found(tape.gradient(y, x)) if gradient else y

    # The graph itself is kept: with one tf.function for many models, TensorFlow would warn that it
    # is traced too often.
    @functools.cache
    def traced(shapes: tuple[Known, ...], by_xla: bool = False) -> Any:
        specs = [
            tf.TensorSpec((None, *shape), dtype)
            for shape, dtype in zip(shapes, door.dtypes, strict=True)
        ]
        graph = tf.function(compute, autograph=False, jit_compile=by_xla)
        return graph.get_concrete_function(*specs)

    if not any(None in shape for shape in door.shapes):
        traced(door.shapes)

    refused: set[tuple[Known, ...]] = set()

    def run(arrays: Sequence[np.ndarray]) -> np.ndarray:
        shapes = tuple(array.shape[1:] for array in arrays)
        tensors = [tf.constant(array) for array in arrays]
        found = None
        if jit_compile and shapes not in refused:
            try:
                found = traced(shapes, by_xla=True)(*tensors)
            except tf.errors.OpError:  # texts, data in a loop of unknown length, a py_function
                refused.add(shapes)
        y, result = traced(shapes)(*tensors) if found is None else found
        _outputs.require_windows(y.shape, len(arrays[0]))
        return (tf.cast(result, tf.float32) if result.dtype == tf.bfloat16 else result).numpy()

    return run


def _on_torch(
    select: Callable[[Sequence[Any]], Any], gradient: bool, door: Door, jit_compile: bool
) -> Run:
    import torch

    def run(arrays: Sequence[np.ndarray]) -> np.ndarray:
        with torch.set_grad_enabled(gradient):
            tensors = [keras.ops.convert_to_tensor(array) for array in arrays]
            x = tensors[door.place].requires_grad_(gradient)
            result = select(tensors)
            if gradient:
                slope = None
                if result.requires_grad:
                    (slope,) = torch.autograd.grad(result.sum(), x, allow_unused=True)
                result = _outputs.found(slope)
        # Not convert_to_numpy of Keras: with torch it does what NumPy 2 warns about.
        result = result.detach().cpu()
        return (result.float() if result.dtype == torch.bfloat16 else result).numpy()

    return run


def _on_jax(
    select: Callable[[Sequence[Any]], Any], gradient: bool, door: Door, jit_compile: bool
) -> Run:
    def run(arrays: Sequence[np.ndarray]) -> np.ndarray:
        result = select([keras.ops.convert_to_tensor(array) for array in arrays])
        if result.dtype == "bfloat16":
            result = keras.ops.cast(result, "float32")
        return np.asarray(result)

    return run


_GRADIENTS = {"tensorflow": _on_tensorflow, "torch": _on_torch}
_BACKENDS = {**_GRADIENTS, "jax": _on_jax}
