"""How many minutes a notebook takes: computed, so that no page states a guess.

``python tests/minutes.py`` prints the table that README.md and the notebooks must state.

Counted are 150 words a minute, half a minute a code cell, the run, and the minutes that each
exercise states. Solutions are not counted, cells tagged ``optional`` apart. Stated is the nearest
multiple of 5.
"""

import re

import nbformat
from common import NOTEBOOKS

WORDS_A_MINUTE = 150
MINUTES_A_CELL = 0.5
RUN_SECONDS = {
    "01": 45,
    "02": 10,
    "03": 20,
    "04": 20,
    "05": 75,
    "06": 45,
    "07": 40,
    "08": 35,
    "09": 30,
    "10": 45,
    "11": 10,
}
"""Of a whole notebook on two cores that do nothing else."""


def minutes(notebook, run_seconds: float) -> tuple[float, float]:
    """Minutes of the core and of the optional cells; the run belongs to the core."""
    core, optional = run_seconds / 60, 0.0
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        if cell.cell_type == "code":
            taken = MINUTES_A_CELL
        else:
            stated = re.findall(r"(?m)^\*\*Exercise \d+\*\* \((\d+) minutes\)", cell.source)
            taken = len(cell.source.split()) / WORDS_A_MINUTE + sum(map(int, stated))
        if "optional" in tags:
            optional += taken
        else:
            core += taken
    return core, optional


def rounded(notebook, number: str) -> tuple[int, int]:
    """What is to be stated of a notebook: minutes of the core and of the optional cells."""
    core, optional = (5 * round(part / 5) for part in minutes(notebook, RUN_SECONDS[number]))
    return core, optional


def stated(text: str) -> tuple[int, int]:
    """The two numbers in a notebook's opening, or in its row of README's table."""
    row = re.search(r"\| (\d+)(?: \(\+ (\d+)\))? \|$", text)
    opening = r"(?m)^\*\*What you'll need\.\*\* About (\d+) minutes.*?(?:takes? (\d+) more|$)"
    core, optional = (row or re.search(opening, text)).groups(default="0")
    return int(core), int(optional)


def main() -> None:
    for path in NOTEBOOKS:
        notebook = nbformat.read(path, as_version=4)
        core, optional = minutes(notebook, RUN_SECONDS[path.name[:2]])
        state = "{} (+ {})".format(*rounded(notebook, path.name[:2]))
        print(f"{path.name:36} {core:5.1f} + {optional:4.1f}   state {state}")


if __name__ == "__main__":
    main()
