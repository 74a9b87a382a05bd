"""``python -m lstm_helpers report MODEL INPUTS.npy -o DIR``: a report without writing Python."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lstm_helpers._quiet import quiet
from lstm_helpers.reading import report


class _UnreadableError(Exception):
    """What a user gave can't be used; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; progress and errors go to stderr.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows ``python -m lstm_helpers``.

    Returns
    -------
    int
        0, or 2 where something can't be read or does not fit.

    Examples
    --------
    >>> from lstm_helpers.__main__ import main
    >>> main(["report", "model.pt", "inputs.npy", "-o", "folder"])  # says on stderr why not
    2
    """
    parser = argparse.ArgumentParser(prog="python -m lstm_helpers")
    command = parser.add_subparsers(dest="command", required=True).add_parser(
        "report", help="one page on a model: what it looks at, how long it remembers, what to doubt"
    )
    command.add_argument("model", type=Path, help="a Keras model, .keras or .h5")
    command.add_argument(
        "inputs", type=Path, help=".npy, (windows, time, features), as the model reads them"
    )
    command.add_argument(
        "-y", "--targets", type=Path, help=".npy, (windows,) or with a column each"
    )
    command.add_argument("-o", "--out", type=Path, required=True, help="the folder to write")
    command.add_argument("--output", type=int, default=0, help="which output is explained (0)")
    command.add_argument("--names", help="of the features, separated by commas")
    command.add_argument("--unit", help="of the output")
    command.add_argument("--step", default="steps", help="what a step is, in the plural: hours")
    given = parser.parse_args(arguments)

    said = logging.StreamHandler(sys.stderr)
    said.setFormatter(logging.Formatter("%(message)s"))
    log = logging.getLogger("lstm_helpers")
    level = log.level
    log.addHandler(said)
    log.setLevel(logging.INFO)
    try:
        _report(given, log)
    except _UnreadableError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    finally:
        log.removeHandler(said)
        log.setLevel(level)
    return 0


def _report(given: argparse.Namespace, log: logging.Logger) -> None:
    # What is quick to find comes before Keras, which takes seconds to start.
    inputs = _array(given.inputs)
    targets = None if given.targets is None else _array(given.targets)
    if given.out.exists() and not given.out.is_dir():
        raise _UnreadableError(f"expected a folder to write, got the file {given.out}")
    log.info("opening %s", given.model)
    model = _model(given.model)
    try:
        found = report(
            model,
            inputs,
            targets,
            output=given.output,
            feature_names=None if given.names is None else given.names.split(","),
            unit=given.unit,
            step=given.step,
        )
    except (TypeError, ValueError, NotImplementedError) as error:
        raise _UnreadableError(str(error)) from None
    log.info("writing %s", given.out)
    try:
        found.save(given.out)
    except OSError as error:
        raise _UnreadableError(f"expected a folder that can be written, got {error}") from None
    print(found.text)


def _array(path: Path) -> np.ndarray:
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _UnreadableError(
            f"expected an array as np.save writes it, got {path}: {error}"
        ) from None
    if not isinstance(found, np.ndarray):  # an archive of several
        raise _UnreadableError(f"expected one array as np.save writes it, got {path} with several")
    return found


def _model(path: Path) -> Any:
    if path.suffix in (".pt", ".pth", ".pkl", ".bin"):
        raise _UnreadableError(
            f"expected a .keras or .h5 file, got {path}: a pickle, which runs code when it is "
            "opened. In Python, make the module, load its weights, and call lh.report(module, x)"
        )
    if path.suffix not in (".keras", ".h5", ".hdf5"):
        raise _UnreadableError(f"expected a .keras or .h5 file, got {path}")
    if not path.is_file():
        raise _UnreadableError(f"expected a .keras or .h5 file, got {path}, which does not exist")
    try:
        with quiet():
            import keras

            # So that its initializer is known.
            from lstm_helpers import keras_tools  # noqa: F401
        return keras.models.load_model(path, compile=False, safe_mode=True)
    except ImportError as error:
        raise _UnreadableError(f"expected Keras to open {path}, got {error}") from None
    except Exception as error:  # Keras raises what it meets: of zip, of JSON, of HDF5, its own
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise _UnreadableError(
            f"expected a whole Keras model in safe mode, got {path}: {first}"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
