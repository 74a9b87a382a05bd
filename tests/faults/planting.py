"""What a fault is, and edits that raise where they do not find what they are to break."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
import numpy as np

TOP = Path(__file__).parent.parent.parent


@dataclasses.dataclass(frozen=True)
class Fault:
    """``plant`` breaks one thing in a checkout; ``tests``, arguments of pytest, can see it."""

    plant: Callable[[Path], None]
    tests: tuple[str, ...]

    @property
    def broken(self) -> str:
        return self.plant.__doc__


FAULTS: dict[str, Fault] = {}
"""Every fault by its name, in the order of the files."""


def seen_by(*tests: str) -> Callable:
    """Register a function as a fault that these tests can see."""

    def register(plant: Callable[[Path], None]) -> Callable[[Path], None]:
        assert plant.__name__ not in FAULTS, f"two faults are called {plant.__name__}"
        FAULTS[plant.__name__] = Fault(plant, tests)
        return plant

    return register


def copy_checkout(target: Path) -> Path:
    """Copy what git tracks, and what is new and not ignored, as it stands in the working tree."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (TOP / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(TOP / name, target / name)
    return target


def replace(path: Path, old: str, new: str) -> None:
    """Put ``new`` in the place of ``old``, which must stand there exactly once."""
    text = path.read_text(encoding="utf-8")
    path.write_text(_replaced(text, old, new, path.name), encoding="utf-8", newline="\n")


@contextlib.contextmanager
def notebook(path: Path) -> Iterator[nbformat.NotebookNode]:
    """Read a notebook, and write it back at the end."""
    read = nbformat.read(path, as_version=4)
    yield read
    with path.open("w", encoding="utf-8", newline="\n") as file:
        nbformat.write(read, file)


def cell_with(read: nbformat.NotebookNode, text: str) -> nbformat.NotebookNode:
    """The one cell in whose source ``text`` stands."""
    found = [cell for cell in read.cells if text in cell.source]
    if len(found) != 1:
        raise LookupError(f"expected one cell with {text!r}, got {len(found)}")
    return found[0]


def replace_in_cell(path: Path, old: str, new: str) -> None:
    """Replace in the source of the one cell that holds ``old``, once."""
    with notebook(path) as read:
        cell = cell_with(read, old)
        cell.source = _replaced(cell.source, old, new, path.name)


def output_of(cell: nbformat.NotebookNode, kind: str) -> nbformat.NotebookNode:
    """The one output of a cell that holds ``kind``: a MIME type, or "text" for what it printed."""
    (found,) = (out for out in cell.outputs if kind in out or kind in out.get("data", {}))
    return found


@contextlib.contextmanager
def card(path: Path) -> Iterator[dict]:
    """Read a JSON file, and write it back at the end."""
    read = json.loads(path.read_text(encoding="utf-8"))
    yield read
    path.write_text(json.dumps(read, indent=1), encoding="utf-8", newline="\n")


@contextlib.contextmanager
def arrays(path: Path) -> Iterator[dict[str, np.ndarray]]:
    """Read the arrays of an npz file, and write them back at the end."""
    with np.load(path) as stored:
        read = dict(stored)
    yield read
    np.savez_compressed(path, **read)


def _replaced(text: str, old: str, new: str, where: str) -> str:
    if text.count(old) != 1:
        raise LookupError(f"{where}: expected {old!r} once, got it {text.count(old)} times")
    return text.replace(old, new)


def paths_of(tests: Sequence[str]) -> list[str]:
    """The files in which tests stand."""
    return [test.split("::")[0] for test in tests]
