"""An initializer for a new LSTM layer: you choose the forget bias."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_helpers import _checks
from lstm_helpers._quiet import quiet

with quiet():
    import keras

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
