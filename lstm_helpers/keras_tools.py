"""The tools that need Keras: an initializer for a new LSTM layer, and any model as functions.

Import this module before ``keras.models.load_model`` reads a model that was made with its
initializer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _checks, _outputs
from lstm_helpers._checks import OfWindows
from lstm_helpers._outputs import Output
from lstm_helpers._quiet import quiet

with quiet():
    import keras

InputShape = tuple[int | None, int | None]
"""(time, features) of what a model reads; None where it leaves that open."""

# The largest number of a dtype; bfloat16 reaches about as far as float32.
_LARGEST = {"float16": float(np.finfo(np.float16).max), "float64": float(np.finfo(float).max)}


@keras.saving.register_keras_serializable("lstm_helpers")
class ForgetBias(keras.initializers.Initializer):
    """A ``bias_initializer`` for a new LSTM layer: you choose the forget bias.

    The layer needs ``unit_forget_bias=False``::

        keras.layers.LSTM(32, bias_initializer=ForgetBias(5.0), unit_forget_bias=False)

    With Keras' default, True, the layer writes 1 into the forget quarter itself, whatever the
    initializer returns. So ForgetBias raises an error when such a layer is built.

    Parameters
    ----------
    value : float or "chrono"
        A number goes into the forget quarter, and 0 into the others. ``"chrono"`` draws the
        forget bias as log(u), u uniform on 1 to horizon - 1, one draw a unit, and sets the input
        bias to -log(u): the chrono initialization of Tallec and Ollivier (2018),
        https://arxiv.org/abs/1804.11188, section 3. A unit then keeps its cell for about u steps.
    horizon : float, optional
        How many steps the layer has to remember, above 2. Only for ``"chrono"``.
    seed : int or keras.random.SeedGenerator, optional
        Of the draws. If not given, it comes from ``keras.utils.set_random_seed``, as in Keras' own
        initializers.

    Raises
    ------
    TypeError
        ``value`` or ``horizon`` is not a number.
    ValueError
        ``value`` is another text or not finite; or ``horizon`` is missing, too small, or given with
        a number. When a layer is built: it asks for another shape than the whole bias of an LSTM,
        or its dtype cannot hold the value.

    Notes
    -----
    An initializer gets a shape and nothing else. With ``unit_forget_bias=True`` Keras calls it
    twice, with (units,) and with (2 * units,). To notice this, each instance accepts one length
    only. So layers of different widths need an instance each.

    Examples
    --------
    >>> from lstm_helpers.keras_tools import ForgetBias
    >>> with lh.quiet():
    ...     import keras
    ...     bias = ForgetBias(5.0)
    ...     layer = keras.layers.LSTM(2, bias_initializer=bias, unit_forget_bias=False)
    ...     layer.build((None, 6, 3))
    >>> lh.gate_weights(layer).bias.f.tolist()
    [5.0, 5.0]
    """

    def __init__(
        self, value: float | str, horizon: float | None = None, seed: Any | None = None
    ) -> None:
        self.value: float | str
        self.horizon: float | None = None
        if isinstance(value, str):
            if value != "chrono":
                raise ValueError(f"expected a number or 'chrono', got {value!r}")
            if horizon is None:
                raise ValueError("expected a horizon with 'chrono', as in horizon=100, got none")
            self.horizon = _checks.finite_number("horizon", horizon)
            if self.horizon <= 2:
                raise ValueError(f"expected a horizon above 2 steps, got {self.horizon:g}")
            self.value = value
        else:
            self.value = _checks.finite_number("value", value)
            if horizon is not None:
                raise ValueError(f"expected no horizon with a number, got horizon={horizon!r}")
        # Keeps and saves the seed as Keras does; a constant needs no seed.
        self._draw: Any = (
            None
            if self.horizon is None
            else keras.initializers.RandomUniform(1.0, self.horizon - 1, seed=seed)
        )
        self._length: int | None = None

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None) -> Any:
        """The whole bias of an LSTM layer.

        Parameters
        ----------
        shape : (4 * units,)
        dtype : str, optional
            If not given, Keras' ``floatx``.

        Returns
        -------
        (4 * units,) tensor
            The quarters i, f, c, o.

        Raises
        ------
        ValueError
            The shape is another one or has another length than before, or the value is too large
            for the dtype.
        """
        shape = tuple(shape)
        if len(shape) != 1 or shape[0] % 4 or self._length not in (None, shape[0]):
            before = "" if self._length is None else f" after ({self._length},)"
            self._length = None  # so that the instance works once the layer is corrected
            raise ValueError(
                "ForgetBias: expected the shape (4 * units,) of an LSTM's bias, always the same, "
                f"got {shape}{before}: pass unit_forget_bias=False to the layer, and to each "
                "layer its own ForgetBias"
            )
        units, dtype = shape[0] // 4, keras.backend.standardize_dtype(dtype)
        zeros = keras.ops.zeros((units,), dtype)
        if not isinstance(self.value, str):
            largest = _LARGEST.get(dtype, float(np.finfo(np.float32).max))
            if abs(self.value) > largest:
                raise ValueError(
                    f"ForgetBias: expected a value that {dtype} holds, up to {largest:g}, "
                    f"got {self.value:g}"
                )
            forget = keras.ops.full((units,), self.value, dtype)
            bias = (zeros, forget, zeros, zeros)
        else:
            forget = keras.ops.cast(keras.ops.log(self._draw((units,), "float32")), dtype)
            bias = (-forget, forget, zeros, zeros)
        self._length = shape[0]
        return keras.ops.concatenate(bias)

    def get_config(self) -> dict[str, Any]:
        """What ``from_config`` needs to make the initializer again; Keras saves it with the layer.

        Examples
        --------
        >>> from lstm_helpers.keras_tools import ForgetBias
        >>> ForgetBias("chrono", horizon=100, seed=1).get_config()
        {'value': 'chrono', 'horizon': 100.0, 'seed': 1}
        """
        seed = None if self._draw is None else self._draw.get_config()["seed"]
        return {"value": self.value, "horizon": self.horizon, "seed": seed}


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
    _outputs.require_output(output)
    backend = keras.backend.backend()
    if backend not in _BACKENDS:
        raise NotImplementedError(
            f"expected Keras to run on {' or '.join(_BACKENDS)}, got {backend!r}"
        )

    def select(x: Any) -> Any:
        # One input may still stand in a list or a dict.
        given = keras.tree.map_structure(lambda _: x, getattr(model, "input", x))
        return _outputs.selected(model(given, training=False), output, x.shape[0])

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
        return y, _outputs.found(tape.gradient(y, x)) if gradient else y

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
        _outputs.require_windows(y.shape, len(x))
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
                result = _outputs.found(slope)
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
