"""The nodes of operator LSTM in an ONNX file, and their weights.

ONNX operator LSTM, versions 1 to 22: inputs X, W, R, B, sequence_lens, initial_h, initial_c, P.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lstm_helpers._stored import RefusedError, Stored, plain, unique

_INPUTS = ("X", "W", "R", "B", "sequence_lens", "initial_h", "initial_c", "P")
_DIRECTIONS = {
    "forward": (("", False),),
    "reverse": (("", True),),
    "bidirectional": (("/forward", False), ("/backward", True)),
}
# By the operator's names in small letters; with alpha and beta where it has them. ONNX Runtime
# compares without case as well.
_OURS = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu"}
_WITH_NUMBERS = {
    "hardsigmoid": ((0.2, 0.5), {(0.2, 0.5): "hard_sigmoid_keras1", (1 / 6, 0.5): "hard_sigmoid"}),
    "affine": ((1.0, 0.0), {(1.0, 0.0): "linear"}),
}
_TAKES_ALPHA = {"leakyrelu", "thresholdedrelu", "scaledtanh", "elu", *_WITH_NUMBERS}
_TAKES_BETA = {"scaledtanh", *_WITH_NUMBERS}
_USE_A_MASK = "export the model without sequence_lens, and give replay a mask"


def read_onnx(path: Path) -> dict[str, Stored]:
    """Every LSTM node, one entry a direction, by the name of the node.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict from str to Stored

    Raises
    ------
    RefusedError
        A node asks for what is not replayed, or its weights are not constants.
    """
    import onnx

    # Tensors in files beside are read one by one, and those of the LSTM only.
    model = onnx.load(str(path), load_external_data=False)
    if not model.HasField("graph"):
        raise RefusedError(
            "expected an ONNX model, got none: the file is damaged or something else"
        )
    found: dict[tuple[int, str], Stored] = {}
    names: dict[tuple[int, str], tuple[str, str]] = {}
    kinds: set[str] = set()
    for graph, constants, shapes in _graphs(model.graph, {}, {}):
        for node in graph.node:
            own = node.domain in ("", "ai.onnx")
            kinds.add(node.op_type if own else f"{node.domain}::{node.op_type}")
            if node.op_type != "LSTM" or not own:
                continue
            place = len(names)
            name = node.name or (node.output[0] if node.output else "") or "lstm"
            for end, stored in _directions(node, name, constants, shapes, path):
                found[place, end] = stored
                names[place, end] = (name + end, f"{name}_{place}{end}")
    if not found:
        raise RefusedError(
            f"expected a node of operator LSTM, got only {', '.join(sorted(kinds)) or 'no nodes'}"
            ": an export that unrolls the layer, or writes a Loop, keeps no LSTM"
        )
    return unique(names, found)


def _graphs(
    graph: Any, constants: dict[str, Any], shapes: dict[str, Any]
) -> Iterator[tuple[Any, dict[str, Any], dict[str, Any]]]:
    """The graph and those inside of its nodes, each with the constants and shapes it can see."""
    constants = {**constants, **{tensor.name: tensor for tensor in graph.initializer}}
    shapes = {**shapes, **{v.name: v for v in (*graph.input, *graph.value_info)}}
    computed: dict[str, str] = {}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
        elif node.op_type == "Identity" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
        else:
            computed |= dict.fromkeys(node.output, node.op_type)
    constants |= {name: kind for name, kind in computed.items() if name not in constants}
    yield graph, constants, shapes
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    yield from _graphs(inner, constants, shapes)


def _directions(
    node: Any, name: str, constants: dict[str, Any], shapes: dict[str, Any], path: Path
) -> Iterator[tuple[str, Stored]]:
    import onnx

    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    inputs = dict(zip(_INPUTS, node.input, strict=False))
    inputs = {slot: given for slot, given in inputs.items() if given}
    if "P" in inputs:
        raise RefusedError(f"node {name!r}: expected no peepholes, got P: they are not replayed")
    if "clip" in attributes:
        raise RefusedError(
            f"node {name!r}: expected no clip, got clip={attributes['clip']:g}: it is not replayed"
        )
    if attributes.get("input_forget"):
        raise RefusedError(f"node {name!r}: expected input_forget=0, got 1: it is not replayed")
    if "sequence_lens" in inputs:
        _check_full(name, inputs, attributes, constants, shapes, path)
    direction = attributes.get("direction", b"forward").decode()
    if direction not in _DIRECTIONS:
        raise RefusedError(
            f"node {name!r}: expected direction forward, reverse or bidirectional, "
            f"got {direction!r}"
        )
    slots = [slot for slot in "WRB" if slot in inputs]
    arrays = [_constant(name, slot, inputs[slot], constants, path) for slot in slots]
    ends = _DIRECTIONS[direction]
    for slot, array in zip(slots, arrays, strict=True):
        if array.ndim != (2 if slot == "B" else 3) or len(array) != len(ends):
            raise RefusedError(
                f"node {name!r}: expected {slot} with {len(ends)} direction(s) in front, "
                f"got shape {array.shape}"
            )
    activations = _names_of_activations(name, attributes, len(ends))
    for number, (end, backwards) in enumerate(ends):
        gates, candidate = activations[number]
        options = {
            "activation": candidate,
            "recurrent_activation": gates,
            "go_backwards": backwards,
        }
        yield end, Stored("onnx", [a[number : number + 1] for a in arrays], options, True)


def _constant(
    name: str, slot: str, given: str, constants: dict[str, Any], path: Path
) -> np.ndarray:
    import onnx

    tensor = constants.get(given)
    if not isinstance(tensor, onnx.TensorProto):
        how = f"computed by {tensor}" if tensor else "an input of the model"
        raise RefusedError(
            f"node {name!r}: expected {slot} as a constant, got one that is {how}: export with "
            "constants folded"
        )
    # Arrays may be in a file beside. onnx refuses a place outside of the folder.
    return plain(onnx.numpy_helper.to_array(tensor, str(path.parent)))


def _check_full(
    name: str,
    inputs: dict[str, Any],
    attributes: dict[str, Any],
    constants: dict[str, Any],
    shapes: dict[str, Any],
    path: Path,
) -> None:
    """sequence_lens may say what X says: all steps of each sequence."""
    import onnx

    wrong = f"node {name!r}: expected no sequence_lens, or all steps of X in each, got "
    tensor = constants.get(inputs["sequence_lens"])
    if not isinstance(tensor, onnx.TensorProto):
        raise RefusedError(f"{wrong}some that come with the data: {_USE_A_MASK}")
    lengths = _constant(name, "sequence_lens", inputs["sequence_lens"], constants, path)
    known = shapes.get(inputs["X"])
    dims = known.type.tensor_type.shape.dim if known is not None else ()
    axis = int(bool(attributes.get("layout", 0)))
    steps = dims[axis].dim_value if len(dims) == 3 else 0
    if not steps or (lengths != steps).any():
        raise RefusedError(
            f"{wrong}{lengths.tolist()} of {steps or 'an unknown number of'} steps: {_USE_A_MASK}"
        )


def _names_of_activations(
    name: str, attributes: dict[str, Any], directions: int
) -> list[tuple[str, str]]:
    """(of the gates, of candidate and output), one a direction, by our names."""
    kinds = [kind.decode() for kind in attributes.get("activations", ())]
    kinds = kinds or ["Sigmoid", "Tanh", "Tanh"] * directions
    if len(kinds) != 3 * directions:
        raise RefusedError(
            f"node {name!r}: expected {3 * directions} activations, got {len(kinds)}: {kinds}"
        )
    alphas, betas = (list(attributes.get(f"activation_{of}", ())) for of in ("alpha", "beta"))
    ours = []
    for kind in kinds:
        small = kind.lower()
        alpha = alphas.pop(0) if small in _TAKES_ALPHA and alphas else None
        beta = betas.pop(0) if small in _TAKES_BETA and betas else None
        ours.append(_our_name(name, kind, alpha, beta))
    triples = [ours[n : n + 3] for n in range(0, len(ours), 3)]
    for _, candidate, output in triples:
        if candidate != output:
            raise RefusedError(
                f"node {name!r}: expected one activation for candidate and output, got "
                f"{candidate} and {output} (activations={kinds}): LSTMWeights has one"
            )
    return [(gates, candidate) for gates, candidate, _ in triples]


def _our_name(name: str, kind: str, alpha: float | None, beta: float | None) -> str:
    small = kind.lower()
    if small in _OURS:
        return _OURS[small]
    numbers = ""
    if small in _WITH_NUMBERS:
        defaults, known = _WITH_NUMBERS[small]
        pair = (defaults[0] if alpha is None else alpha, defaults[1] if beta is None else beta)
        for theirs, ours in known.items():
            # The file holds float32.
            if np.allclose(
                np.array(theirs, np.float32), np.array(pair, np.float32), rtol=1e-6, atol=0
            ):
                return ours
        numbers = f" with alpha={pair[0]:g}, beta={pair[1]:g}"
    raise RefusedError(
        f"node {name!r}: expected activations that this package replays, got {kind}{numbers}"
    )
