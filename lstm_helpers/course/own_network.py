"""Train one kind of network again and again, on windows of one's own, compiled once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np

from lstm_helpers import _checks

LEARNING_RATE = 1e-2
EPOCHS, UPDATES = 8, 320
"""At least so many rounds through all windows, and so many steps of the optimiser."""
FEW = 2_000
"""Of fewer windows a batch has 32, else 128."""


class Trainer:
    """The ``fit`` of ``retrain_without``, and the training of the network that is reported.

    Training: the mean absolute error; Adam with a learning rate that falls from ``LEARNING_RATE``
    to 0 along a cosine. What was trained once, on the same windows from the same seed, is kept and
    not trained again. Targets are divided by their standard deviation, and the last layer is
    multiplied by it in the end, so that the network forecasts in the unit of the target.

    Parameters
    ----------
    build : callable
        () -> a Keras model (windows, time, features) -> (windows, 1), whose last layer is a linear
        Dense layer. It is called once for each training, after the seed is set.
    epochs : int, optional
        Rounds through all windows. If not given, ``EPOCHS``, or as many as give ``UPDATES`` steps.

    Raises
    ------
    TypeError, ValueError
        ``build`` is no function, or ``epochs`` no whole number from 1 on.

    Examples
    --------
    >>> from lstm_helpers.course import models, own_network
    >>> fit = own_network.Trainer(lambda: models.build_model(4, 1, 2), epochs=3)
    >>> x = np.random.default_rng(0).normal(size=(80, 4, 1)).astype("float32")
    >>> forward = fit(x, x[:, -1, 0], seed=0)
    >>> forward(x).shape
    (80,)
    """

    def __init__(self, build: Callable[[], Any], *, epochs: int | None = None) -> None:
        _checks.function("build", build)
        self.build = build
        self.epochs = None if epochs is None else _checks.whole_number("epochs", epochs, 1)
        self._compiled: dict[tuple, Any] = {}
        self._trained: dict[str, list[np.ndarray]] = {}

    def __call__(
        self, inputs: np.ndarray, targets: np.ndarray, seed: int
    ) -> Callable[[np.ndarray], np.ndarray]:
        """Train a new network, and return it as a function (windows, time, features) -> (windows,).

        Examples
        --------
        >>> from lstm_helpers.course import models, own_network
        >>> fit = own_network.Trainer(lambda: models.build_model(4, 1, 2), epochs=1)
        >>> x = np.random.default_rng(0).normal(size=(80, 4, 1)).astype("float32")
        >>> fit(x, x[:, -1, 0], seed=0)(x[:5]).shape
        (5,)
        """
        model = self.train(inputs, targets, seed)
        return lambda windows: forecast(model, windows)

    def train(
        self,
        inputs: np.ndarray,
        targets: np.ndarray,
        seed: int,
        validation: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> Any:
        """Train a new network, and return it.

        Parameters
        ----------
        inputs : (windows, time, features)
        targets : (windows,)
        seed : int
        validation : (inputs, targets), optional
            If given, a line for each quarter of the training says how large the error is there.

        Returns
        -------
        keras.Model
            Its output is in the unit of the targets.

        Raises
        ------
        ValueError
            ``build`` makes a model that does not end in a linear Dense layer with one output, or
            a target that does not vary.

        Examples
        --------
        >>> from lstm_helpers.course import models, own_network
        >>> fit = own_network.Trainer(lambda: models.build_model(4, 1, 2), epochs=1)
        >>> x = np.random.default_rng(0).normal(size=(80, 4, 1)).astype("float32")
        >>> fit.train(x, x[:, -1, 0], seed=0).output_shape
        (None, 1)
        """
        import keras

        spread = float(np.std(targets))
        if not spread > 0:
            raise ValueError("expected targets that vary, got the same number everywhere")
        keras.utils.set_random_seed(seed)
        new = self.build()
        _ends_in_a_number(new, keras)
        key = _key(inputs, targets, seed)
        if key in self._trained and validation is None:
            new.set_weights(self._trained[key])
            return new
        model, fresh = self._ready(np.shape(inputs), keras)
        model.set_weights(new.get_weights())
        model.optimizer.load_own_variables(fresh)
        batch, epochs = self._plan(len(inputs))
        keras.utils.set_random_seed(seed)  # the order of the windows is that of the seed, too
        callbacks = [] if validation is None else [_progress(*validation, spread, epochs, keras)]
        model.fit(
            keras.ops.convert_to_tensor(np.asarray(inputs, np.float32)),
            keras.ops.convert_to_tensor((np.asarray(targets) / spread).astype(np.float32)[:, None]),
            epochs=epochs, batch_size=batch, verbose=0, callbacks=callbacks,
        )  # fmt: skip
        *body, kernel, bias = model.get_weights()
        self._trained[key] = [*body, kernel * spread, bias * spread]
        new.set_weights(self._trained[key])
        return new

    def _plan(self, count: int) -> tuple[int, int]:
        """Windows in a batch, and rounds through all of them."""
        batch = 32 if count < FEW else 128
        return batch, self.epochs or max(EPOCHS, -(-UPDATES * batch // count))

    def _ready(self, shape: tuple[int, ...], keras: Any) -> tuple[Any, dict]:
        """A compiled network for inputs of this shape, and its optimiser before the first step.

        Compiling takes as long as a short training, so each training gets the same network with
        new weights.
        """
        if shape not in self._compiled:
            model, (batch, epochs) = self.build(), self._plan(shape[0])
            rate = keras.optimizers.schedules.CosineDecay(
                LEARNING_RATE, epochs * -(-shape[0] // batch)
            )
            adam = keras.optimizers.Adam(rate)
            # XLA needs longer to compile than it saves here.
            model.compile(optimizer=adam, loss="mae", jit_compile=False)
            adam.build(model.trainable_variables)
            adam.save_own_variables(fresh := {})
            self._compiled = {shape: (model, fresh)}
        return self._compiled[shape]


def forecast(model: Any, inputs: np.ndarray) -> np.ndarray:
    """The one output of a Keras model, in blocks, so that memory suffices for many windows.

    Parameters
    ----------
    model : keras.Model
    inputs : (windows, time, features)

    Returns
    -------
    (windows,) array, float64

    Examples
    --------
    >>> from lstm_helpers.course import models, own_network
    >>> with lh.quiet():
    ...     model = models.build_model(time_steps=4, feature_count=1, output_count=1)
    >>> own_network.forecast(model, np.zeros((5, 4, 1), "float32")).shape
    (5,)
    """
    import keras

    blocks = [inputs[n : n + 1024] for n in range(0, len(inputs), 1024)]
    parts = [keras.ops.convert_to_numpy(model(block, training=False)) for block in blocks]
    return np.concatenate(parts)[:, 0].astype(float)


def _key(inputs: np.ndarray, targets: np.ndarray, seed: int) -> str:
    made = hashlib.sha256(f"{seed} {np.shape(inputs)}".encode())
    for array in (inputs, targets):
        made.update(np.ascontiguousarray(array).tobytes())
    return made.hexdigest()


def _ends_in_a_number(model: Any, keras: Any) -> None:
    last = model.layers[-1]
    linear = isinstance(last, keras.layers.Dense) and last.activation is keras.activations.linear
    if not linear or last.units != 1 or not last.use_bias:
        raise ValueError(
            "expected build to make a model that ends in keras.layers.Dense(1), linear and with "
            f"bias, got {type(last).__name__} with output {model.output_shape}"
        )


def _progress(
    inputs: np.ndarray, targets: np.ndarray, spread: float, epochs: int, keras: Any
) -> Any:
    """A callback that prints the error on other windows, at each quarter of the training."""
    shown = {-(-epochs * part // 4) for part in range(1, 5)}

    class Progress(keras.callbacks.Callback):
        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            if epoch + 1 in shown:
                error = np.abs(forecast(self.model, inputs) * spread - targets).mean()
                print(f"epoch {epoch + 1} of {epochs}: validation error {error:.3g}", flush=True)

    return Progress()
