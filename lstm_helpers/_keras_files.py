"""The LSTM layers in the files of Keras 1, 2 and 3, read with h5py and without Keras.

Two ways of storing. The older one, ``.h5`` of every version: a group a layer, whose attribute
``weight_names`` lists its arrays (keras/src/legacy/saving/legacy_h5_format.py in Keras 3). The
newer one, ``.keras`` and ``.weights.h5``: groups by class, counted, ``layers/lstm_1/cell/vars/0``
(keras/src/saving/saving_lib.py, _save_state). Names and options stand in the model's config; it is
read as text, and nothing in it is run: the code of a Lambda layer stays what it is, a string.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path
from typing import Any

from lstm_helpers._keras_config import Layer, Version, classes_in, lstm_layers_in
from lstm_helpers._stored import (
    RefusedError,
    Stored,
    check_size,
    from_bfloat16,
    lstm_sets,
    plain,
    unique,
)
from lstm_helpers.layouts import LAYOUTS

# Until Keras 2.12 the newer way had another word for "layers".
_CONTAINERS = ("layers", "_layer_checkpoint_dependencies")


def read_keras(path: Path) -> dict[str, Stored]:
    """The LSTM layers of a ``.keras`` file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict from str to Stored

    Raises
    ------
    RefusedError
        It is none, or unpacks to more than it can hold, or has no LSTM.
    """
    import h5py

    with zipfile.ZipFile(path) as archive:
        members = set(archive.namelist())
        missing = {"config.json", "model.weights.h5"} - members
        if missing:
            raise RefusedError(
                f"expected config.json and model.weights.h5 in the zip, got "
                f"{', '.join(sorted(members)[:5]) or 'nothing'}"
            )
        config = json.loads(archive.read("config.json"))
        version = "3"
        if "metadata.json" in members:
            version = json.loads(archive.read("metadata.json")).get("keras_version", "3")
        packed = archive.read("model.weights.h5")
    with h5py.File(io.BytesIO(packed), "r") as file:
        return _newer(file, len(packed), config, Version.of(version))


def read_hdf5(path: Path) -> dict[str, Stored]:
    """The LSTM layers of an HDF5 file: whole models and weights only, of any Keras.

    Parameters
    ----------
    path : Path

    Returns
    -------
    dict from str to Stored

    Raises
    ------
    RefusedError
        Keras did not write it so, or it has no LSTM.
    """
    import h5py

    size = path.stat().st_size
    with h5py.File(path, "r") as file:
        root = _group(file, "model_weights") if "model_weights" in file else file
        if "layer_names" not in root.attrs and "layer_names0" not in root.attrs:
            return _newer(file, size, None, Version.of("3"))
        version = _text(root.attrs.get("keras_version", file.attrs.get("keras_version", "1")))
        config = file.attrs.get("model_config")
        config = None if config is None else json.loads(_text(config))
        return _older(root, size, config, Version.of(version))


# The newer way.


def _newer(
    file: Any, size: int, config: dict[str, Any] | None, version: Version
) -> dict[str, Stored]:
    cells = _cells(file)
    found, names, rest = {}, {}, dict(cells)
    layers = [] if config is None else list(lstm_layers_in(config, (), "", version))
    for layer in layers:
        for word in _CONTAINERS:
            group = re.sub(r"(^|/)layers/", rf"\1{word}/", layer.group)
            arrays = rest.pop(group, None)
            if arrays is not None:
                found[group] = _loaded("keras", arrays, size, layer.options, True)
                names[group] = ("/".join(layer.path), group)
                break
        else:
            if layer.path[-1] not in {name[0].split("/")[-1] for name in names.values()}:
                raise RefusedError(
                    f"expected weights of layer {'/'.join(layer.path)!r}, got none: was the model "
                    "built before it was saved?"
                )  # else it is shared, and Keras stores what is shared once
    for group, arrays in rest.items():
        options = {"go_backwards": True} if "backward_layer" in group.split("/") else {}
        found[group] = _loaded("keras", arrays, size, options, False)
        names[group] = (_name_by_groups(file, group), group)
    return _or_refused(unique(names, found), config, file)


def _cells(file: Any) -> dict[str, list[Any]]:
    """The datasets of each LSTM cell, by its group. Links out of the file are not followed."""
    found = {}

    def visit(name: str, thing: Any) -> None:
        parent, _, last = name.rpartition("/")
        if last != "vars" or hasattr(thing, "shape"):
            return
        keys = [str(n) for n in range(len(thing))]
        arrays = [_dataset(thing, key) for key in keys if key in thing]
        # Two matrices can be many things, so they must stand where a cell does.
        is_cell = re.search(r"(^|/)(cell|cells/[^/]+)$", parent)
        enough = len(arrays) == len(keys) and (len(arrays) == 3 or is_cell)
        if arrays and enough and LAYOUTS["keras"].fits(arrays):
            found[parent] = arrays

    file.visititems(visit)
    return dict(sorted(found.items()))


def _name_by_groups(file: Any, group: str) -> str:
    """The names of the layers that the group stands in; Keras notes them since 3.8 or so."""
    names: list[str] = []
    parts = group.split("/")
    for n, part in enumerate(parts):
        if part in (*_CONTAINERS, "cells") or (part == "cell" and names):
            continue
        variables = file.get("/".join([*parts[: n + 1], "vars"]))
        noted = None if variables is None else variables.attrs.get("name")
        names.append(part if noted is None else _text(noted))
    return "/".join(names) or "lstm"


# The older way.


def _older(
    root: Any, size: int, config: dict[str, Any] | None, version: Version
) -> dict[str, Stored]:
    sets = {}
    for top in _listed(root, "layer_names"):
        group = _group(root, top)
        here = {name: _dataset(group, name) for name in _listed(group, "weight_names")}
        for name, named in lstm_sets(here).items():
            sets[top, name] = (named, [here[key] for key in named.keys])
    layers = [] if config is None else list(lstm_layers_in(config, (), "", version))
    matched = _match(layers, sets)
    found, names = {}, {}
    for key, (named, arrays) in sets.items():
        top, inner = key
        layer = matched.get(key)
        if layer is not None:
            options, path = layer.options, "/".join(layer.path)
        else:
            old = named.style == "keras1" or version.old_gates
            options = {"recurrent_activation": "hard_sigmoid_keras1"} if old else {}
            partner = re.sub(r"(^|/)backward_", r"\1forward_", inner)
            if partner != inner and (top, partner) in sets:
                options["go_backwards"] = True
            parts = [part for part in inner.split("/") if part != "stacked_rnn_cells"]
            if named.style == "numbered" or not inner:
                parts = []
            path = "/".join(parts if parts[:1] == [top] else [top, *parts])
        found[key] = _loaded(named.layout, arrays, size, options, layer is not None)
        names[key] = (path, f"{top}/{inner}")
    return _or_refused(unique(names, found), config, root)


def _match(layers: list[Layer], sets: dict[tuple[str, str], Any]) -> dict[tuple[str, str], Layer]:
    """Which set of arrays belongs to which layer: by name where the file has it, else in order."""
    matched, left = {}, list(layers)
    words = {key: {key[0], *re.split(r"[/.]", key[1])} for key in sets}

    def named_within(layer: Layer, key: tuple[str, str]) -> bool:
        return layer.path[0] == key[0] and layer.path[-1] in words[key]

    def within(layer: Layer, key: tuple[str, str]) -> bool:
        return layer.path[0] == key[0]

    def named(
        layer: Layer, key: tuple[str, str]
    ) -> bool:  # Keras 1 lists the layers of a nested Sequential as if they were not
        return layer.path[-1] in words[key]

    for fits in (named_within, within, named):
        for layer in list(left):
            keys = [key for key in sets if key not in matched and fits(layer, key)]
            if keys:
                # max takes the first of those that are equally good.
                best = max(keys, key=lambda key: len(words[key] & set(layer.path)))
                matched[best] = layer
                left.remove(layer)
    if left:
        raise RefusedError(
            f"expected weights of layer {'/'.join(left[0].path)!r}, got none: was the model built "
            "before it was saved?"
        )
    return matched


def _listed(group: Any, name: str) -> list[str]:
    """A list of texts in the attributes; a long one is cut into name0, name1, ..."""
    if name in group.attrs:
        return [_text(item) for item in group.attrs[name]]
    pieces, n = [], 0
    while f"{name}{n}" in group.attrs:
        pieces += [_text(item) for item in group.attrs[f"{name}{n}"]]
        n += 1
    return pieces


# What both have in common.


def _text(given: Any) -> str:
    return given.decode("utf-8") if isinstance(given, bytes) else str(given)


def _own(group: Any, name: str) -> Any:
    """What stands under that name, unless it is a link, which may lead into another file."""
    import h5py

    thing = group
    for part in name.split("/"):
        if not isinstance(thing.get(part, getlink=True), h5py.HardLink):
            found = "a link" if part in thing else "nothing of that name"
            raise RefusedError(f"expected {name!r} in the file itself, got {found}")
        thing = thing[part]
    return thing


def _group(parent: Any, name: str) -> Any:
    group = _own(parent, name)
    if hasattr(group, "shape"):
        raise RefusedError(f"expected {name!r} as a group, got an array")
    return group


def _dataset(group: Any, name: str) -> Any:
    dataset = _own(group, name)
    if not hasattr(dataset, "shape"):
        raise RefusedError(f"expected {name!r} as an array, got a group")
    if dataset.external or dataset.is_virtual:
        raise RefusedError(f"expected {name!r} in the file itself, got one stored in other files")
    return dataset


def _loaded(
    layout: str, datasets: list[Any], size: int, options: dict[str, Any], said: bool
) -> Stored:
    arrays = []
    for dataset in datasets:
        check_size(f"an array {dataset.shape}", dataset.nbytes, size)
        array = dataset[()]
        if _text(dataset.attrs.get("dtype", "")) == "bfloat16":  # stored as two bytes of anything
            array = from_bfloat16(array)
        arrays.append(plain(array))
    return Stored(layout, arrays, options, said)


def _or_refused(
    found: dict[str, Stored], config: dict[str, Any] | None, file: Any
) -> dict[str, Stored]:
    if found:
        return found
    if config is not None:
        holds = "layers of class " + ", ".join(sorted(set(classes_in(config))) or ["(none)"])
    else:
        holds = "groups " + ", ".join(sorted(file)[:8]) if len(file) else "nothing"
    raise RefusedError(f"expected an LSTM in it, got {holds}")
