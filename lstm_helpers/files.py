"""The LSTM layers of a file, whoever wrote it, without the framework that wrote it."""

from __future__ import annotations

import importlib
import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lstm_helpers._keras_files import read_hdf5, read_keras
from lstm_helpers._onnx_file import read_onnx
from lstm_helpers._stored import (
    Named,
    RefusedError,
    Stored,
    check_size,
    count_key,
    from_bfloat16,
    lstm_sets,
    plain,
)
from lstm_helpers.gates import LSTMWeights

_HDF5 = b"\x89HDF\r\n\x1a\n"
_ZIP = b"PK"
# An LSTM of other types is none that this package replays.
_SAFETENSORS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4"}
_PICKLES = (".pt", ".pth", ".pkl", ".pickle", ".ckpt", ".bin", ".joblib")
_SAY_PICKLE = (
    "got a pickle, which runs code when it is opened: open it where you trust it, and save the "
    "arrays alone, for PyTorch with safetensors.torch.save_file(model.state_dict(), "
    "'weights.safetensors')"
)


def open_weights(path: str | os.PathLike[str]) -> dict[str, LSTMWeights]:
    """Read every LSTM layer of a file, without the framework that wrote it.

    Neither Keras nor PyTorch is loaded, and nothing that the file holds is run: the code of a
    Lambda layer is skipped, and pickles are refused.

    Parameters
    ----------
    path : str or path
        By its ending: ``.keras``; ``.h5`` or ``.hdf5``, of Keras 1 to 3, whole models, weights
        only and ``.weights.h5``; ``.onnx``, its nodes of operator LSTM; ``.safetensors`` and
        ``.npz``, with arrays named as in a PyTorch state dict (``weight_ih_l0``), as in Keras
        (``name/kernel``, ``name/recurrent_kernel``, ``name/bias``), or numbered
        (``name/0``, ``name/1``, ``name/2``; ``arr_0`` as well).

    Returns
    -------
    dict from str to LSTMWeights
        By the name of the layer, sorted as people count: ``lstm_2`` before ``lstm_10``. A nested
        layer has its path: ``encoder/lstm``, ``bidirectional/forward_lstm`` and
        ``bidirectional/backward_lstm``, ``rnn/lstm_cell_1`` of a stack of cells,
        ``encoder.l0_reverse`` of a PyTorch module, ``node/forward`` of an ONNX node with two
        directions. Those that read from the end have ``go_backwards``.

    Raises
    ------
    ImportError
        The library for this format is missing; it says what to install.
    FileNotFoundError, IsADirectoryError
        There is no such file, or it is a folder.
    TypeError
        ``path`` is no path.
    ValueError
        The ending is none of these, or the content is something else, damaged, cut short, a
        pickle, or far larger than the file; or there is no LSTM in it, or one that is not
        replayed (projections, peepholes, clip, ...).

    Warns
    -----
    UserWarning
        The file holds weights only: activations and options are then Keras' defaults. Of
        TensorFlow 1.14 and 1.15 sigmoid is taken, though their default was hard_sigmoid.

    Notes
    -----
    Initial states of an ONNX node and ``time_major`` of Keras 2 are not part of the weights:
    ``replay`` takes states as arguments, and inputs with the windows first. bfloat16 comes as
    float32, which holds the same numbers.

    Examples
    --------
    >>> found = lh.open_weights("../tests/fixtures/keras3_nested.keras")
    >>> list(found)[:3]
    ['both/backward_lstm', 'both/forward_lstm', 'each/each_one']
    >>> found["both/forward_lstm"].kernel.f.shape
    (3, 2)
    """
    path = _checked(path)
    ending = path.suffix.lower()
    modules, first, read = _READERS[ending]
    for module in modules:
        _require(module, path)
    try:
        _check_content(path, ending, first)
        stored = read(path)
    except RefusedError as error:
        raise ValueError(f"{path.name}: {error}") from None
    except Exception as error:  # whatever a library says of bytes that are not what they should be
        raise ValueError(
            f"{path.name}: expected a complete {ending} file, got one that can't be read: it is "
            f"damaged or cut short ({type(error).__name__}: {str(error)[:200]})"
        ) from error
    found = {}
    for name in sorted(stored, key=count_key):
        layout, arrays, options, _ = stored[name]
        try:
            found[name] = LSTMWeights.from_arrays(arrays, layout, **options)
        except (TypeError, ValueError) as error:
            raise ValueError(f"{path.name}, {name!r}: {error}") from None
    _warn(path, {name: w for name, w in found.items() if not stored[name].said})
    return found


def _checked(path: str | os.PathLike[str]) -> Path:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"expected the path of a file, got {type(path).__name__}")
    path = Path(path)
    if path.is_dir():
        raise IsADirectoryError(
            f"{path.name}: expected a file, got a folder: a SavedModel holds no layers to read; "
            "save the Keras model as .keras"
        )
    if not path.exists():
        raise FileNotFoundError(f"expected a file, got {path}, which does not exist")
    ending = path.suffix.lower()
    if ending in _PICKLES:
        raise ValueError(f"{path.name}: expected a file without code, {_SAY_PICKLE}")
    if ending not in _READERS:
        raise ValueError(
            f"{path.name}: expected a file that ends in {', '.join(_READERS)}, got "
            f"{ending or 'no ending'}"
        )
    return path


def _check_content(path: Path, ending: str, first: bytes) -> None:
    """Refuse what is something else by its first bytes, before a library reads it."""
    size = path.stat().st_size
    if size == 0:
        raise RefusedError(f"expected a {ending} file, got an empty one")
    with path.open("rb") as file:
        start = file.read(16)
    # safetensors starts with a length, 8 bytes that can be any, and then a brace.
    by_length = ending == ".safetensors" and start[8:9] == b"{"
    if not by_length and start[:1] == b"\x80" and start[1:2] in b"\x02\x03\x04\x05":
        raise RefusedError(f"expected a {ending} file, {_SAY_PICKLE}")
    for kind, what in ((_HDF5, "an HDF5 file: if Keras wrote it, name it .h5"), (_ZIP, "a zip")):
        if not by_length and start.startswith(kind) and first != kind:
            raise RefusedError(f"expected a {ending} file, got {what}")
    if not start.startswith(first):
        raise RefusedError(f"expected a {ending} file, got something else by its first bytes")
    if first == _ZIP:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        if any(member.filename.endswith(".pkl") for member in members):
            raise RefusedError(f"expected a {ending} file, {_SAY_PICKLE}")
        check_size("a zip", sum(member.file_size for member in members), size)


def _require(module: str, path: Path) -> None:
    try:
        importlib.import_module(module)
    except ImportError as error:
        raise ImportError(
            f"{path.name}: reading {path.suffix} needs {module}, which is not installed: "
            f"pip install {module}, or lstm-helpers[files] for all formats"
        ) from error


def _read_npz(path: Path) -> dict[str, Stored]:
    # A pickle inside is an array of objects, and refused.
    with np.load(path, allow_pickle=False) as file:
        arrays = {}
        for name in file.files:
            try:
                arrays[name] = file[name]
            except ValueError as error:
                if "pickle" in str(error).lower():
                    raise RefusedError(
                        f"expected arrays of numbers, {name!r}: {_SAY_PICKLE}"
                    ) from None
                raise
    return _by_name(arrays)


def _read_safetensors(path: Path) -> dict[str, Stored]:
    import safetensors

    # safetensors.numpy knows bfloat16 only where ml_dtypes is loaded, so the bytes are read here.
    arrays = {}
    for name, tensor in safetensors.deserialize(path.read_bytes()):
        dtype = _SAFETENSORS.get(tensor["dtype"])
        if dtype is not None:
            array = np.frombuffer(tensor["data"], dtype).reshape(tensor["shape"])
            arrays[name] = from_bfloat16(array) if tensor["dtype"] == "BF16" else array
    return _by_name(arrays)


def _by_name(arrays: dict[str, np.ndarray]) -> dict[str, Stored]:
    """Where arrays have names and nothing else is said."""
    sets = lstm_sets(arrays)
    if not sets:
        names = sorted(arrays, key=count_key)
        more = f", ... ({len(names)} names)" if len(names) > 8 else ""
        raise RefusedError(
            "expected arrays named as an LSTM's (weight_ih_l0, weight_hh_l0, ...; name/kernel, "
            "name/recurrent_kernel, name/bias; name/0, name/1, name/2) and of its shapes, got "
            + (", ".join(f"{name} {arrays[name].shape}" for name in names[:8]) or "none")
            + more
        )
    return {
        name or "lstm": Stored(
            named.layout,
            [plain(arrays[key]) for key in named.keys],
            _options(name, named),
            named.layout == "pytorch",
        )
        for name, named in sets.items()
    }


def _options(name: str, named: Named) -> dict[str, Any]:
    if named.layout == "pytorch":  # whose gates are always the same
        return {"go_backwards": name.endswith("_reverse")}
    if named.style == "keras1":
        return {"recurrent_activation": "hard_sigmoid_keras1"}
    return {}


def _warn(path: Path, unsaid: dict[str, LSTMWeights]) -> None:
    if not unsaid:
        return
    kinds = {
        f"activation={w.activation!r}, recurrent_activation={w.recurrent_activation!r}": name
        for name, w in unsaid.items()
    }
    names = list(unsaid)
    shown = ", ".join(map(repr, names[:4])) + (", ..." if len(names) > 4 else "")
    warnings.warn(
        f"{path.name} holds the weights of {shown} and not what they pass through: taken is "
        f"Keras' default, {' and '.join(kinds)}; if the layer was made with something else, use "
        "dataclasses.replace(w, activation=...)",
        UserWarning,
        stacklevel=3,
    )


_READERS: dict[str, tuple[tuple[str, ...], bytes, Callable[[Path], dict[str, Stored]]]] = {
    ".keras": (("h5py",), _ZIP, read_keras),
    ".h5": (("h5py",), _HDF5, read_hdf5),
    ".hdf5": (("h5py",), _HDF5, read_hdf5),
    ".onnx": (("onnx",), b"", read_onnx),
    ".safetensors": (("safetensors",), b"", _read_safetensors),
    ".npz": ((), _ZIP, _read_npz),
}
