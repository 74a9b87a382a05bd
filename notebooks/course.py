"""Open, execute and render the course, for ``make lab``, ``notebooks``, ``course``, ``workshop``.

python notebooks/course.py lab [--fresh] [options for JupyterLab]
python notebooks/course.py execute [02 ...]
python notebooks/course.py render
python notebooks/course.py workshop
python notebooks/course.py ready        (says whether this computer is, or what is missing)
python notebooks/course.py here         (only lets .venv import the package of this folder)

What these do stands in ``lstm_helpers.course``. Here is only what must come before: that this
Python, and so the kernels, import ``lstm_helpers`` from this folder and from no other.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
import sysconfig
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PATH_FILE = "course_of_this_folder.pth"


def settle() -> None:
    """Let the Python of .venv import the package of the folder in which .venv stands.

    pip writes the folder's name into .venv, so that after a move there would be no package, and in
    a copy the package of the original. A line relative to .venv holds in both. Python looks there
    before it asks what pip has left.
    """
    venv = TOP / ".venv"
    if not (venv.exists() and venv.samefile(sys.prefix)):
        return
    packages = Path(sysconfig.get_path("purelib"))
    line = os.path.relpath(Path(sys.prefix).parent, packages) + "\n"
    path = packages / PATH_FILE
    try:
        if not path.exists() or path.read_text(encoding="utf-8") != line:
            path.write_text(line, encoding="utf-8")
    except OSError:  # .venv can't be written: then for what is started from here
        known = os.environ.get("PYTHONPATH")
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TOP), known)))
    if str(TOP) not in sys.path:
        sys.path.append(str(TOP))
    importlib.invalidate_caches()


def problem() -> str:
    """Why the course can't run with this Python, in a line; empty if it can."""
    expected = TOP / "lstm_helpers" / "__init__.py"
    spec = importlib.util.find_spec("lstm_helpers")
    found = spec and spec.origin
    if found and Path(found).samefile(expected):
        missing = [name for name in ("numpy", "nbformat", "jupyterlab") if not _is_there(name)]
        if not missing:
            return ""
        what = f"{sys.executable} has no {missing[0]}"
    elif found:
        what = f"{sys.executable} imports lstm_helpers from {Path(found).parent}, not from {TOP}"
    else:
        what = f"{sys.executable} has no lstm_helpers"
    return (
        f"course.py: {what}: in this folder, call make, or install with this Python: "
        "python -m pip install -c constraints.txt -e '.[course,files,test]'"
    )


def _is_there(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def ready() -> int:
    """Load the file that says it alone: the package may not be there, or have no NumPy."""
    path = TOP / "lstm_helpers" / "course" / "ready.py"
    spec = importlib.util.spec_from_file_location("ready", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    settle()
    # Another checkout's package counts as installed, and lab would refuse to start.
    told = problem()
    return module.main(TOP, known=told if "imports lstm_helpers from" in told else "")


def main() -> int | str:
    if sys.argv[1:] == ["ready"]:
        return ready()
    settle()
    if sys.argv[1:] == ["here"]:
        return 0
    if told := problem():
        return told
    from lstm_helpers.course import commands

    return commands.main(TOP)


if __name__ == "__main__":
    sys.exit(main())
