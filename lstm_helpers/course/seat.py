"""Open the notebooks for students in JupyterLab. In the box for a workshop this is start.py.

python start.py [options for JupyterLab]
"""

from __future__ import annotations

import sys
from pathlib import Path


def main(box: Path, options: list[str]) -> int | str:
    """Open ``students`` of the box, or say in a line that the course is not installed."""
    try:
        from lstm_helpers.course import commands
    except ImportError as error:
        return (
            f"start.py: {sys.executable} can't open the course ({error}): install it first, and "
            "call start.py with the Python of that environment"
        )
    return commands.main(box, ["seat", *options])


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, sys.argv[1:]))
