"""What needs Keras itself: an initializer for the bias of a new LSTM layer.

Import this module before ``keras.models.load_model`` reads a model that was made with it.
"""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from lstm_helpers import quiet

with quiet():
    import keras

# The largest number of a dtype; bfloat16 reaches about as far as float32.
_LARGEST = {"float16": float(np.finfo(np.float16).max), "float64": float(np.finfo(float).max)}


@keras.saving.register_keras_serializable("lstm_helpers")
class ForgetBias(keras.initializers.Initializer):
    """The bias of a new LSTM layer, its forget quarter chosen: for ``bias_initializer``.

    The layer needs ``unit_forget_bias=False``::

        keras.layers.LSTM(32, bias_initializer=ForgetBias(5.0), unit_forget_bias=False)

    With Keras' default, True, the layer writes 1 into the forget quarter itself, whatever its
    initializer says. That is refused when the layer is built.

    Parameters
    ----------
    value : float or "chrono"
        A number goes into the forget quarter, and 0 into the others. ``"chrono"`` draws the
        forget bias as log(u), u uniform on 1 to horizon - 1, one draw a unit, and sets the input
        bias to -log(u): the chrono initialization of Tallec and Ollivier (2018),
        https://arxiv.org/abs/1804.11188, section 3. A unit then keeps its cell for about u steps.
    horizon : float, optional
        Steps over which the layer is to remember, above 2: for ``"chrono"`` and only there.
    seed : int or keras.random.SeedGenerator, optional
        Of the draws. Without one the seed comes, as in Keras' own initializers, from
        ``keras.utils.set_random_seed``.

    Raises
    ------
    TypeError
        ``value`` or ``horizon`` is no number.
    ValueError
        ``value`` is another text or not finite; ``horizon`` is missing, too small, or given with a
        number. When a layer is built: it asks for something else than the whole bias of an LSTM,
        or its dtype cannot hold the value.

    Notes
    -----
    An initializer is told a shape and no more. Keras' default asks it twice, for (units,) and for
    (2 * units,), so one instance serves one length, and whoever asks for two is refused. Layers of
    different widths need an instance each.
    """

    def __init__(
        self, value: float | str, horizon: float | None = None, seed: Any | None = None
    ) -> None:
        if isinstance(value, str):
            if value != "chrono":
                raise ValueError(f"expected a number or 'chrono', got {value!r}")
            if horizon is None:
                raise ValueError("expected a horizon with 'chrono', as in horizon=100, got none")
            self.horizon = _finite("horizon", horizon)
            if self.horizon <= 2:
                raise ValueError(f"expected a horizon above 2 steps, got {self.horizon:g}")
            self.value = value
        else:
            self.value, self.horizon = _finite("value", value), None
            if horizon is not None:
                raise ValueError(f"expected no horizon with a number, got horizon={horizon!r}")
        # Keeps and saves the seed as Keras does; a constant needs none and draws none.
        self._draw = (
            None
            if self.horizon is None
            else keras.initializers.RandomUniform(1.0, self.horizon - 1, seed=seed)
        )
        self._length = None

    def __call__(self, shape: tuple[int, ...], dtype: str | None = None):
        """The whole bias of an LSTM layer.

        Parameters
        ----------
        shape : (4 * units,)
        dtype : str, optional
            Keras' ``floatx`` unless given.

        Returns
        -------
        (4 * units,) tensor
            The quarters i, f, c, o.

        Raises
        ------
        ValueError
            Not that shape, another length than before, or a value too large for the dtype.
        """
        shape = tuple(shape)
        if len(shape) != 1 or shape[0] % 4 or self._length not in (None, shape[0]):
            before = "" if self._length is None else f" after ({self._length},)"
            self._length = None  # so that the instance serves once the layer is put right
            raise ValueError(
                "ForgetBias: expected the shape (4 * units,) of an LSTM's bias, always the same, "
                f"got {shape}{before}: pass unit_forget_bias=False to the layer, and to each "
                "layer its own ForgetBias"
            )
        units, dtype = shape[0] // 4, keras.backend.standardize_dtype(dtype)
        zeros = keras.ops.zeros((units,), dtype)
        if self.horizon is None:
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

    def get_config(self) -> dict:
        """What ``from_config`` needs to make it again; Keras saves it with the layer."""
        seed = None if self._draw is None else self._draw.get_config()["seed"]
        return {"value": self.value, "horizon": self.horizon, "seed": seed}


def _finite(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"expected {name} as a number, got {value!r}")
    value = float(value)
    if not math.isfinite(value):
        raise ValueError(f"expected {name} as a finite number, got {value}")
    return value
