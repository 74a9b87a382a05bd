"""The mysteries that were trained: read from data/mysteries.npz, or trained now."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

import lstm_helpers as lh
from lstm_helpers.gates import LSTMWeights
from lstm_helpers.readout import Readout

STORE = "mysteries.npz"
UNITS = 12
WINDOWS, EPOCHS, BATCH = 4000, 20, 100
_PARTS = ("kernel", "recurrent_kernel", "bias", "head", "head_bias")


def network(rule: str, seed: int, draw: Callable[..., tuple], folder: str | Path | None) -> Readout:
    """The network of that rule and seed, stored in a folder or trained."""
    found = None if folder is None else stored(Path(folder) / STORE).get((rule, seed))
    return _readout(trained(rule, seed, draw) if found is None else found)


@functools.cache
def stored(path: Path) -> dict[tuple[str, int], list[np.ndarray]]:
    """Arrays by rule and seed."""
    found = {}
    with np.load(path) as file:
        for rule in file["rules"].tolist():
            seeds = file[f"{rule}/seeds"].tolist()
            stacks = [file[f"{rule}/{part}"] for part in _PARTS]
            for n, seed in enumerate(seeds):
                found[rule, seed] = [stack[n] for stack in stacks]
    return found


def store(networks: dict[tuple[str, int], list[np.ndarray]]) -> dict[str, np.ndarray]:
    """The arrays of the file, as ``stored`` reads them."""
    rules = list(dict.fromkeys(rule for rule, _ in networks))
    arrays = {"rules": np.array(rules)}
    for rule in rules:
        seeds = sorted(seed for of, seed in networks if of == rule)
        arrays[f"{rule}/seeds"] = np.array(seeds)
        for n, part in enumerate(_PARTS):
            arrays[f"{rule}/{part}"] = np.stack([networks[rule, seed][n] for seed in seeds])
    return arrays


def trained(rule: str, seed: int, draw: Callable[..., tuple]) -> list[np.ndarray]:
    """Kernel, recurrent kernel, bias, head and bias of the head, float32."""
    with lh.quiet():
        import keras
    x, y, _ = draw(np.random.default_rng([1, seed]), WINDOWS, seed)
    model = _compiled(x.shape[1:])
    for variable in model.optimizer.variables:  # Adam's start
        variable.assign(keras.ops.zeros_like(variable))
    keras.utils.set_random_seed(seed)
    model.set_weights(_fresh(x.shape[1:]).get_weights())
    model.fit(x.astype("float32"), y, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    return model.get_weights()


@functools.cache
def _compiled(shape: tuple[int, ...]):
    """One model for all of them: XLA compiles once."""
    import keras

    model = _fresh(shape)
    rate = keras.optimizers.schedules.CosineDecay(0.01, EPOCHS * WINDOWS // BATCH)
    optimizer = keras.optimizers.Adam(rate)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer, loss="mse", jit_compile=True)
    return model


def _fresh(shape: tuple[int, ...]):
    import keras

    layers = [keras.Input(shape), keras.layers.LSTM(UNITS), keras.layers.Dense(1)]
    return keras.Sequential(layers)


def _readout(arrays: list[np.ndarray]) -> Readout:
    """In float64, so that what is printed of it has the same digits on every computer."""
    *lstm, head, bias = (array.astype(float) for array in arrays)
    return Readout(LSTMWeights.from_arrays(lstm), head, float(bias[0]))
