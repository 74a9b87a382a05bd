"""What all readers of files share: how arrays are named in a file, and which of them are an LSTM.

Nothing here needs a library beside NumPy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lstm_helpers.layouts import LAYOUTS, checked_layout

# A file may claim more than it holds. Below the first number nobody is hurt; above it, nothing
# real shrinks as much as the second: trained weights hardly shrink at all.
_HARMLESS = 2**28
_MOST_EXPANSION = 10


class RefusedError(ValueError):
    """A file that is not read, and why: the text goes on after the name of the file."""


class Stored(NamedTuple):
    """One LSTM as a file holds it.

    Attributes
    ----------
    layout : str
        A name in ``LAYOUTS``.
    arrays : list of ndarray
    options : dict
        For ``LSTMWeights.from_arrays``.
    said : bool
        Whether the file says what the gates pass through; else it is a default.
    """

    layout: str
    arrays: list[np.ndarray]
    options: dict[str, Any]
    said: bool


class Named(NamedTuple):
    """Which arrays are one LSTM, by their names.

    Attributes
    ----------
    style : {"keras", "keras1", "torch", "numbered"}
        How they are named.
    layout : str
    keys : list of str
        In the order of the layout.
    """

    style: str
    layout: str
    keys: list[str]


def count_key(name: str) -> list[Any]:
    """For sorting as people count: "lstm_2" before "lstm_10"."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"([0-9]+)", name)]


def check_size(what: str, claimed: int, held: int) -> None:
    """Refuse what claims to be far larger than the file can be."""
    if claimed > max(_HARMLESS, _MOST_EXPANSION * held):
        raise RefusedError(
            f"expected weights, got {what} of {claimed / 2**30:.1f} GiB in a file of "
            f"{held / 2**20:.1f} MiB: real weights don't shrink like that, so it is not unpacked"
        )


def plain(array: np.ndarray) -> np.ndarray:
    """In this machine's byte order; ml_dtypes' bfloat16 as float32, exactly."""
    if array.dtype.name == "bfloat16":
        return array.astype(np.float32)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def from_bfloat16(raw: np.ndarray) -> np.ndarray:
    """Float32 from the two bytes of each bfloat16, which NumPy does not have: its upper half."""
    return (raw.view(np.uint16).astype(np.uint32) << 16).view(np.float32)


_TORCH = re.compile(r"(?:(.*)\.)?((?:weight|bias)_(?:ih|hh|hr))(?:_(l\d+(?:_reverse)?))?")
_KERAS = re.compile(r"(?:(.*)[/.])?(recurrent_kernel|kernel|bias)((?:_\d+)?)(?::0)?")
_KERAS1 = re.compile(r"(?:(.*)_)?([WUb]_[icfo]|[WUb])(?::0)?")
_NUMBERED = re.compile(r"(?:(.*)[/._])?(\d+)(?::0)?")
_CELL = re.compile(r"(^|[/.])(lstm_cell(_\d+)?|cell|vars)$")

_ORDERS = {
    "torch": ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr"),
    "keras": ("kernel", "recurrent_kernel", "bias"),
    "keras1": ("W", "U", "b", *(f"{part}_{gate}" for gate in "icfo" for part in "WUb")),
}
_LAYOUTS = {
    "torch": ("pytorch",),
    "keras": ("keras", "cudnn"),
    "keras1": ("keras1", "keras"),  # the second with consume_less="gpu"
    "numbered": ("keras", "keras1", "cudnn", "pytorch"),
}


def lstm_sets(arrays: Mapping[str, Any]) -> dict[str, Named]:
    """The sets of arrays that are an LSTM, by the name of its layer.

    Parameters
    ----------
    arrays : mapping from str to array
        Anything with a ``shape``.

    Returns
    -------
    dict from str to Named
        Empty where none is an LSTM. "" is an LSTM whose arrays have no name in front.

    Raises
    ------
    RefusedError
        Arrays that are an LSTM's by their names, and do not fit together.
    """
    groups: dict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for key in arrays:
        found = _place(key)
        if found is not None:
            style, name, role = found
            groups[style, name][role] = key
    sets = {}
    for (style, name), members in groups.items():
        order = _ORDERS.get(style) or sorted(members, key=int)
        members = {role: members[role] for role in order if role in members}
        keys = list(members.values())
        layout = _fitting(style, name, members, [arrays[key] for key in keys])
        if layout is not None:
            sets[style, name] = Named(style, layout, keys)
    return _short_names(sets)


def _place(key: str) -> tuple[str, str, str] | None:
    """(style, name in front, which array of the layer) of an array's name."""
    for style, pattern in (("torch", _TORCH), ("keras", _KERAS), ("keras1", _KERAS1)):
        match = pattern.fullmatch(key)
        if match:
            name, role, *number = match.groups(default="")
            if style == "torch":  # the layer's number belongs to its name
                return style, ".".join(part for part in (name, *number) if part), role
            return style, name + "".join(number), role
    match = _NUMBERED.fullmatch(key)
    if match and match[1] is not None:
        return "numbered", match[1], match[2]
    return None


def _fitting(style: str, name: str, members: Mapping[str, str], arrays: list[Any]) -> str | None:
    if "weight_hr" in members:
        raise RefusedError(
            f"expected an LSTM without projection, got weight_hr of {name or 'the module'!r} "
            "(proj_size): its hidden state is not what this package replays"
        )
    for layout in _LAYOUTS[style]:
        if LAYOUTS[layout].fits(arrays):
            return layout
    # Four gates by their names and shapes, so not another kind of layer: something is missing.
    recurrent = {"torch": "weight_hh", "keras": "recurrent_kernel"}.get(style)
    if recurrent is not None and recurrent in members:
        shape = arrays[list(members).index(recurrent)].shape
        if len(shape) == 2 and 4 * min(shape) == max(shape):
            try:
                checked_layout(_LAYOUTS[style][0], arrays)
            except ValueError as error:
                raise RefusedError(f"{name or 'arrays'}: {error}") from None
    return None


def _short_names(sets: dict[tuple[str, str], Named]) -> dict[str, Named]:
    """Without the cell at the end, unless two layers would then share a name."""
    short = {key: key[1] if key[0] == "torch" else _without_cell(key[1]) for key in sets}
    return unique({key: (short[key], key[1], f"{key[1]}/{key[0]}") for key in sets}, sets)


def _without_cell(name: str) -> str:
    while _CELL.search(name):
        name = _CELL.sub("", name)
    return name


def unique(candidates: Mapping[Any, Iterable[str]], values: Mapping[Any, Any]) -> dict[str, Any]:
    """Values by name: the first of each one's candidates that no other has."""
    left, named = {key: list(names) for key, names in candidates.items()}, {}
    while left:
        counts = defaultdict(list)
        for key, names in left.items():
            counts[names[0]].append(key)
        for name, keys in counts.items():
            if len(keys) == 1 and name not in named:
                named[name] = values[keys[0]]
                del left[keys[0]]
            else:
                for number, key in enumerate(keys):
                    names = left[key]
                    left[key] = names[1:] or [f"{names[0]}_{number}"]
    return named
