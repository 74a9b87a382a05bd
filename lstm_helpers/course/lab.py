"""Open the learner's copies in JupyterLab, and end with it."""

from __future__ import annotations

import contextlib
import datetime
import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from lstm_helpers.course import copies, homes

NEWS = "@jupyterlab/apputils-extension:announcements"
"""What asks at the first start whether to get news from the internet."""


def start(top: Path, fresh: bool, options: list[str]) -> int:
    """Bring the learner's copies up to date and open them; end when JupyterLab ends.

    Parameters
    ----------
    top : Path
        The checkout.
    fresh : bool
        Begin with new copies; those so far are kept in a backup.
    options : list of str
        For JupyterLab.

    Returns
    -------
    int
        JupyterLab's exit code.
    """
    mine = _place(top)
    if fresh and mine.exists():
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        backup = mine.rename(mine.with_name(f"{mine.name}.backup-{stamp}"))
        print(f"Your notebooks so far are kept in {backup.name if mine.parent == top else backup}/")
    originals = sorted((top / "notebooks").glob("[0-9][0-9]_*.ipynb"))
    for line in copies.refresh(originals, mine):
        print(line)
    shown = mine.name if mine.parent == top else mine
    print(f"Work in {shown}/ as you like: the originals stay in notebooks/")
    print(f"Solutions of the exercises lie in {shown}/solutions/", flush=True)
    # Our settings come on top of the reader's: no question about news at the first start.
    return _open(mine, originals[0].name, top / "notebooks" / ".jupyter", options, top)


def open_students(box: Path, spare: Path, options: list[str]) -> int:
    """Open the notebooks for students at a seat of a workshop; end when JupyterLab ends.

    Parameters
    ----------
    box : Path
        The folder with ``students`` and ``data``.
    spare : Path
        A folder that stays until the end, for settings: a copy of the box may have lost folders
        whose name begins with a dot.
    options : list of str
        For JupyterLab.

    Returns
    -------
    int
        JupyterLab's exit code.
    """
    folder = box / "students"
    notebooks = sorted(folder.glob("[0-9][0-9]_*.ipynb"))
    if not notebooks or not (box / "data").is_dir():
        sys.exit(
            f"expected the folders students and data of the workshop in {box}, got one or none"
        )
    if not homes.can_write(folder):
        sys.exit(
            f"expected to write {folder}, got no permission: copy the box to a folder of yours"
        )
    print("Work in students/. Solutions: ask your instructor", flush=True)
    config = spare / "config"
    page = config / "labconfig" / "page_config.json"
    page.parent.mkdir(parents=True)
    page.write_text(json.dumps({"disabledExtensions": {NEWS: True}}), encoding="utf-8")
    return _open(folder, notebooks[0].name, config, options, box)


def _open(folder: Path, first: str, config: Path, options: list[str], cwd: Path) -> int:
    """Show a folder and nothing else in JupyterLab, with its first notebook open."""
    # The originals, which have the solutions in them, are not in it.
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--LabApp.default_url=/lab/tree/{first}",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.answer_yes=True",  # Ctrl-C ends it without a question, as SIGTERM does
    ]
    paths = [str(config), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    settings = {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    # A kernel called python3 that the learner has elsewhere knows nothing of this course.
    settings["JUPYTER_PREFER_ENV_PATH"] = "1"
    return wait_for([*command, *options], cwd=cwd, env=os.environ | settings)


def wait_for(command: list[str], **options) -> int:
    """Run a command that gets each signal to end which we get, and return its exit code."""
    started, ended = [], []

    def end(*_):
        ended.append(True)
        # On Windows a Ctrl-C has reached it already, and terminate() leaves no time to save.
        if os.name == "posix":
            for process in started:
                process.terminate()

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        started.append(subprocess.Popen(command, **options))
        if ended:  # while it was started
            end()
        # A wait without an end may begin just after a signal has come, and then never hear of it.
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return started[0].wait(timeout=1)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _place(top: Path) -> Path:
    """Where the learner's copies are: in the checkout, or where that can't be written at home."""
    mine = top / "my-notebooks"
    if homes.can_write(mine):
        return mine
    home = Path(os.path.expanduser("~"), "lstm-course")  # noqa: PTH111 (never raises)
    if not homes.can_write(home / mine.name):
        sys.exit(
            f"expected to write {mine} or {home / mine.name}, can do neither: copy this folder to "
            "one of your own and start there"
        )
    print(f"You can't write {mine}, so your notebooks are in {home / mine.name}")
    home.mkdir(exist_ok=True)
    _lend(top / "data", home / "data")
    return home / mine.name


def _lend(data: Path, place: Path) -> None:
    """Make the data of the checkout seen beside the learner's notebooks, as ``../data``."""
    if place.is_symlink():
        place.unlink()  # it may lead to another checkout
    try:
        place.symlink_to(data, target_is_directory=True)
    except OSError:  # Windows asks for a privilege; a copy from an earlier start may stand there
        place.mkdir(exist_ok=True)
        for path in data.iterdir():
            there = place / path.name
            # Not the permissions: a file that can't be written can't be renewed either.
            if path.is_file() and not (there.exists() and filecmp.cmp(path, there, shallow=False)):
                shutil.copyfile(path, there)
