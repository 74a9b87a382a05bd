"""What notebooks/course.py hands over: ``lab``, ``execute``, ``render`` and ``workshop``.

And what start.py hands over, in the box for a workshop: ``seat``.
"""

from __future__ import annotations

import argparse
import copy
import errno
import os
import sys
import tempfile
from pathlib import Path

import nbformat

from lstm_helpers.course import copies, homes, lab, paper, running, website, wheelhouse, workshop

PRINTED = ("INSTRUCTORS", "handout")
"""Texts of the box that stand before the notebooks on paper."""
CANNOT_WRITE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


def main(top: Path, arguments: list[str] | None = None) -> int:
    """Do what the command line asks for, in the checkout ``top``."""
    parser = argparse.ArgumentParser(
        prog="course.py", description="Open, execute and render the course"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    lab_parser = commands.add_parser("lab", help="open the course in JupyterLab")
    lab_parser.add_argument("--fresh", action="store_true", help="start anew, keep a backup")
    execute_parser = commands.add_parser("execute", help="execute notebooks in place")
    execute_parser.add_argument("numbers", nargs="*", help="01, 02, ...; all unless given")
    render_parser = commands.add_parser("render", help="execute all into a website")
    render_parser.add_argument(
        "--stored", action="store_true", help="execute nothing, take the outputs as they are"
    )
    box_parser = commands.add_parser("workshop", help="make a box for a workshop")
    box_parser.add_argument("--wheels", action="store_true", help="load all packages into it")
    box_parser.add_argument(
        "--platforms", default="", help="load them for linux,macos-arm64,windows"
    )
    box_parser.add_argument("--pdf", action="store_true", help="print all of it, with a Chromium")
    # In the box, as start.py.
    commands.add_parser("seat", help="open the notebooks of a workshop for students")
    asked, rest = parser.parse_known_args(arguments)
    if rest and asked.command not in ("lab", "seat"):
        parser.error(f"unknown options: {' '.join(rest)}")
    try:
        tempfile.gettempdir()
    except FileNotFoundError:  # as where the disk is full
        sys.exit("expected room for temporary files, got none: free some disk, or set TMPDIR")
    try:
        with (
            tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as folder,
            homes.environment(_settings(Path(folder), asked.command)),
        ):
            if asked.command == "lab":
                return lab.start(top, asked.fresh, rest)
            if asked.command == "seat":
                return lab.open_students(top, Path(folder), rest)
            if asked.command == "execute":
                return execute(top / "notebooks", asked.numbers)
            if asked.command == "workshop":
                return box(top, asked.wheels, asked.platforms, asked.pdf)
            return render(top, asked.stored)
    except OSError as error:
        if error.errno not in CANNOT_WRITE:
            raise
        where = error.filename or "a file"
        sys.exit(f"expected to read and write {where}, got: {error.strerror}")


def _settings(spare: Path, command: str) -> dict[str, str]:
    """Environment variables for Jupyter and its kernels."""
    # The matrices of the course are small: where cores are busy, threads of NumPy that wait for
    # each other take ten times as long as one.
    usual = {"OPENBLAS_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    kernels = {name: os.environ.get(name, value) for name, value in usual.items()}
    neutral = homes.neutral(spare)
    if command not in ("lab", "seat"):
        return kernels | neutral
    # In JupyterLab the settings of its user count, but for those of Keras: no notebook of the
    # course runs on another backend, and that one may not even be installed.
    keras = {name: place for name, place in neutral.items() if name.startswith("KERAS")}
    moved = homes.settings(spare)
    if moved:
        print("Your home can't be written: what Jupyter keeps there lasts until the end")
    return kernels | keras | moved


def execute(folder: Path, numbers: list[str]) -> int:
    """Execute notebooks where they are and take out what changes from run to run."""
    chosen = find(folder, numbers)
    for path in chosen:
        path.open("r+b").close()  # what can't be written is told now, not after minutes
    for path in chosen:
        notebook = nbformat.read(path, as_version=4)
        before = copy.deepcopy(notebook)
        if not running.run(notebook, path.name, folder):
            return 1
        running.strip(notebook)
        running.keep_figures(before, notebook)
        copies.replace(path, (nbformat.writes(notebook).rstrip("\n") + "\n").encode())
    return 0


def render(top: Path, stored: bool = False) -> int:
    """Execute every notebook in order and make the website; stop at a failure.

    With ``stored``, the outputs are those that the notebooks have.
    """
    rendered = top / "build" / "course"
    if absent := website.missing():
        sys.exit(
            f"course.py: {sys.executable} has no {absent[0]}: call make course, or install with "
            "this Python: python -m pip install -c constraints.txt -e '.[site]'"
        )
    rendered.mkdir(parents=True, exist_ok=True)
    folder = top / "notebooks"
    notebooks = {}
    for path in find(folder):
        notebook = nbformat.read(path, as_version=4)
        if not stored and not running.run(notebook, path.name, folder):
            return 1
        running.strip(notebook)
        notebooks[path.name] = notebook
    if failed := website.build(top, notebooks, rendered):
        return failed
    print(f"Open {Path(*rendered.parts[-2:]) / 'index.html'}")
    return 0


def box(top: Path, wheels: bool = False, platforms: str = "", pdf: bool = False) -> int:
    """Make the box for a workshop, of the notebooks as they are stored.

    With ``wheels``, or with ``platforms`` (names with commas between them), load all packages too.
    With ``pdf``, print guide, handout and the instructor's notebooks.
    """
    chromium = paper.browser()
    if pdf and not chromium:
        sys.exit(f"course.py: expected one of {', '.join(paper.BROWSERS)} for a PDF, got none")
    place = top / "build" / "workshop"
    try:
        names = wheelhouse.chosen(platforms)
        for line in workshop.build(top, find(top / "notebooks"), place):
            print(line)
    except ValueError as error:
        sys.exit(f"course.py: {error}")
    print(
        "build/workshop has students/, instructor/, data/, start.py, handout.html, INSTRUCTORS.md"
    )
    if pdf:
        texts = {name: (place / f"{name}.md").read_text("utf-8") for name in PRINTED}
        made = {path.name: nbformat.read(path, as_version=4) for path in find(place / "instructor")}
        try:
            paper.to_pdf(paper.everything(texts, made), place / workshop.PRINTED, chromium)
        except RuntimeError as error:
            sys.exit(f"course.py: {error}")
        print("and all of it on paper, instructor/everything.pdf")
    if wheels or names:
        if ended := wheelhouse.fill(top, place, names):
            return ended
        print("and wheelhouse/, with INSTALL.md that says how to install from it")
    return 0


def find(folder: Path, numbers: list[str] | None = None) -> list[Path]:
    """The course's notebooks in order, or those whose names begin with one of ``numbers``."""
    found = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not numbers:
        return found
    for number in numbers:
        if not any(path.name.startswith(number) for path in found):
            names = ", ".join(path.name[:2] for path in found)
            sys.exit(f"expected a notebook of {names}, got {number}")
    return [path for path in found if path.name.startswith(tuple(numbers))]
