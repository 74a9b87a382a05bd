"""The LSTM layers in the config of a Keras model, of any version: names, places and options.

The config is read as text, and nothing in it is run: the code of a Lambda layer stays a string.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

# Keras' own functions, which a config calls by a bare name.
_KERAS_FUNCTIONS = {
    "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu",
    "hard_swish", "hard_tanh", "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish",
    "relu", "relu6", "selu", "sigmoid", "silu", "soft_shrink", "softmax", "softplus",
    "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus", "swish", "tanh",
    "tanh_shrink", "threshold",
}  # fmt: skip
Spec = dict[str, Any]
"""A layer or a model as a config has it: ``class_name`` and ``config``."""

Path = tuple[str, ...]
"""Names, from the outermost layer to this one."""

_DTYPES = ("bfloat16", "float16", "float32", "float64")


class Version(NamedTuple):
    """Which Keras wrote the file, as far as it matters.

    Attributes
    ----------
    major : int
    old_gates : bool
        Whether its LSTM used hard_sigmoid unless told otherwise: until 2.3, and in TensorFlow
        until 1.12. (TensorFlow 1.14 and 1.15 did too, but the version in their files, 2.2.4-tf, is
        also that of TensorFlow 2.0, which did not.)
    zeros : bool
        Whether its Bidirectional makes its layers give zeros where the mask hides the input.
    """

    major: int
    old_gates: bool
    zeros: bool

    @classmethod
    def of(cls, text: str) -> Version:
        """From "1.2.2", "2.2.4-tf", "3.15.1"; tf.keras counted in its own way."""
        numbers = [int(n) for n in re.findall(r"\d+", text)[:2]] or [1]
        old_gates = numbers < ([2, 2] if "tf" in text else [2, 3])
        return cls(numbers[0], old_gates, numbers >= [2, 4] or (numbers >= [2, 2] and "tf" in text))


class Layer(NamedTuple):
    """One LSTM as a config describes it.

    Attributes
    ----------
    path : tuple of str
        Names, from the outermost layer to this one.
    group : str
        Where the newer way stores its cell.
    options : dict
        For ``LSTMWeights.from_arrays``.
    """

    path: Path
    group: str
    options: dict[str, Any]


def classes_in(spec: Spec) -> Iterator[str]:
    """The class of every layer, for a message."""
    for inner in _inner(spec):
        yield str(inner.get("class_name"))
        yield from classes_in(inner)


def _inner(spec: Spec) -> list[Spec]:
    """The layers inside of a layer, and in it only: config keys that hold layers."""
    config = spec.get("config")
    if isinstance(config, list):  # Sequential until Keras 2.2.2
        return [layer for layer in config if isinstance(layer, dict)]
    if not isinstance(config, dict):
        return []
    layers = config.get("layers")
    listed = layers if isinstance(layers, list) else []
    listed = [*listed, *(config.get(key) for key in ("layer", "cell"))]
    return [layer for layer in listed if isinstance(layer, dict) and "class_name" in layer]


def lstm_layers_in(spec: Spec, path: Path, group: str, version: Version) -> Iterator[Layer]:
    """Every LSTM inside of a model.

    Parameters
    ----------
    spec : dict
        The model's: ``class_name`` and ``config``.
    path : tuple of str
        Names of the layers around it.
    group : str
        Where the newer way stores the model, "" or with a slash at the end.
    version : Version

    Yields
    ------
    Layer
    """
    counts: dict[str, int] = {}
    for layer in _inner(spec):
        kind = _snake_case(str(layer["class_name"]))
        number = counts[kind] = counts.get(kind, -1) + 1
        place = f"{group}layers/{kind}" + (f"_{number}" if number else "")
        yield from _layer(layer, path, place, version)


def _layer(spec: Spec, path: Path, group: str, version: Version) -> Iterator[Layer]:
    """Every LSTM of a layer, which may be a model, or a wrapper."""
    kind, config = spec["class_name"], spec.get("config")
    if spec.get("registered_name") not in (None, kind):
        kind = None  # somebody's own class, whatever it is called
    if not isinstance(config, dict):
        name = str(spec.get("name") or _snake_case(str(kind)))
        yield from lstm_layers_in(spec, (*path, name), f"{group}/", version)
        return
    name = str(config.get("name") or spec.get("name") or _snake_case(str(kind)))
    here, inner = (*path, name), config.get("layer")
    if kind == "LSTM":
        yield Layer(here, f"{group}/cell", _options(config, config, version))
    elif kind == "CuDNNLSTM":  # which has no choice
        always = {"activation": "tanh", "recurrent_activation": "sigmoid"}
        yield Layer(here, f"{group}/cell", _options(config | always, config, version))
    elif kind == "RNN":
        yield from _rnn(config, here, group, version)
    elif kind == "Bidirectional" and isinstance(inner, dict):
        for end, one in _both(config, version).items():
            yield from _layer(one, here, f"{group}/{end}_layer", version)
    elif isinstance(inner, dict) and "class_name" in inner:
        yield from _layer(inner, here, f"{group}/layer", version)
    elif isinstance(config.get("layers"), list):
        yield from lstm_layers_in(spec, here, f"{group}/", version)


def _rnn(config: Spec, path: Path, group: str, version: Version) -> Iterator[Layer]:
    cell = config.get("cell")
    cell = cell if isinstance(cell, dict) else {}
    inside = cell.get("config", {})
    if cell.get("class_name") == "LSTMCell" and cell.get("registered_name") is None:
        yield Layer(path, f"{group}/cell", _options(inside, config, version))
    elif cell.get("class_name") == "StackedRNNCells":
        counts: dict[str, int] = {}
        for one in inside["cells"]:
            kind = _snake_case(one["class_name"])
            number = counts[kind] = counts.get(kind, -1) + 1
            place = f"{group}/cell/cells/{kind}" + (f"_{number}" if number else "")
            if one["class_name"] == "LSTMCell" and one.get("registered_name") is None:
                name = str(one["config"].get("name", place.rpartition("/")[2]))
                yield Layer((*path, name), place, _options(one["config"], config, version))


def _both(config: Spec, version: Version) -> dict[str, Spec]:
    """The two layers that Bidirectional makes of one: their names, and who reads backwards."""
    layer, given = config["layer"], config.get("backward_layer")
    name = str(layer["config"].get("name", "lstm"))
    forward = dict(layer["config"], name=f"forward_{name.removeprefix('forward_')}")
    if isinstance(given, dict):
        other = str(given["config"].get("name", name))
        if version.major < 3 and not other.startswith("backward_"):
            other = f"backward_{other}"
        backward = dict(given["config"], name=other)
    else:
        given = layer
        backward = dict(
            layer["config"],
            name=f"backward_{name.removeprefix('forward_').removeprefix('backward_')}",
            go_backwards=not layer["config"].get("go_backwards", False),
        )
    if version.zeros:
        for one in (forward, backward):
            one["zero_output_for_mask"] = bool(one.get("return_sequences", False))
    return {"forward": dict(layer, config=forward), "backward": dict(given, config=backward)}


def _options(cell: Spec, layer: Spec, version: Version) -> dict[str, Any]:
    """Fields of LSTMWeights. Keras 1 has inner_activation for recurrent_activation."""
    default = "hard_sigmoid" if version.old_gates else "sigmoid"
    gates = cell.get("recurrent_activation", cell.get("inner_activation", default))
    return {
        "activation": _activation(cell.get("activation", "tanh"), version),
        "recurrent_activation": _activation(gates, version),
        **{
            key: bool(layer.get(key, False))
            for key in ("go_backwards", "stateful", "zero_output_for_mask")
        },
        "compute_dtype": _compute_dtype(cell.get("dtype")),
    }


def _activation(given: Any, version: Version) -> str:
    """As ``gate_weights`` names it: somebody's own so that no replay takes it for Keras'."""
    if given is None:
        return "linear"
    if isinstance(given, dict):
        name = given.get("config")
        name = name if isinstance(name, str) else given.get("class_name")
        return f"custom {str(name).rpartition('>')[2].strip('_')}"
    name = str(given)
    if name == "hard_sigmoid" and version.major < 3:
        return "hard_sigmoid_keras1"
    if name == "swish":
        return "silu"
    return name if name in _KERAS_FUNCTIONS else f"custom {name.rpartition('>')[2]}"


def _compute_dtype(given: Any) -> str | None:
    if isinstance(given, dict):
        given = given.get("config", {}).get("name")
    last = str(given).split("_")[-1]  # mixed_float16, int8_from_mixed_bfloat16
    return last if last in _DTYPES else None


def _snake_case(name: str) -> str:
    """As Keras makes the name of a group from that of a class."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()
