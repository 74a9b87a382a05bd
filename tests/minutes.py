"""``python tests/minutes.py`` prints the table that README.md and the notebooks must state.

How minutes are counted stands in ``lstm_helpers.course.durations``.
"""

import nbformat
from common import NOTEBOOKS

from lstm_helpers.course.durations import RUN_SECONDS, minutes, rounded, stated

__all__ = ["NOTEBOOKS", "RUN_SECONDS", "minutes", "rounded", "stated"]


def main() -> None:
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        core, optional = minutes(notebook, RUN_SECONDS[path.name[:2]])
        state = "{} (+ {})".format(*rounded(notebook, path.name[:2]))
        print(f"{path.name:36} {core:5.1f} + {optional:4.1f}   state {state}")


if __name__ == "__main__":
    main()
