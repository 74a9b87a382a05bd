"""How many minutes a notebook takes: computed, so that no page states a guess.

Counted are 150 words a minute, half a minute a code cell, the run, and the minutes that each
exercise states. Solutions are not counted, cells tagged ``optional`` apart. Stated is the nearest
multiple of 5.
"""

from __future__ import annotations

import re
from typing import NamedTuple

WORDS_A_MINUTE = 150
MINUTES_A_CELL = 0.5
RUN_SECONDS = {
    "01": 45,
    "02": 10,
    "03": 10,
    "04": 10,
    "05": 75,
    "06": 65,
    "07": 40,
    "08": 10,
    "09": 15,
    "10": 55,
    "11": 5,
}
"""Of a whole notebook on two cores that do nothing else."""
OPENING = "Opening, and the first run"


class Section(NamedTuple):
    """A part of a notebook from one heading to the next.

    Attributes
    ----------
    title : str
        The heading.
    minutes : float
    optional : bool
        Whether the course says that it may be left out.
    """

    title: str
    minutes: float
    optional: bool


def minutes(notebook, run_seconds: float) -> tuple[float, float]:
    """Minutes of the core and of the optional cells; the run belongs to the core."""
    taken = sections(notebook, run_seconds)
    core = sum(section.minutes for section in taken if not section.optional)
    return core, sum(section.minutes for section in taken if section.optional)


def sections(notebook, run_seconds: float) -> list[Section]:
    """The parts of a notebook in order; the run belongs to the first.

    Parameters
    ----------
    notebook : NotebookNode
    run_seconds : float
        Of the whole notebook.

    Returns
    -------
    list of Section
        All that takes time: not the solutions, and not the heading above them.
    """
    found = [Section(OPENING, run_seconds / 60, False)]
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if "solution" in tags:
            continue
        optional = "optional" in tags
        if cell.cell_type == "code":
            pieces = [("", MINUTES_A_CELL)]
        else:
            parts = re.split(r"(?m)^(?=## )", cell.source)
            pieces = [(part, _reading(part)) for part in parts if part]
        for text, taken in pieces:
            title = re.match(r"## (.+)", text)
            last = found[-1]
            if title or last.optional != optional:
                found.append(Section(title[1] if title else last.title, taken, optional))
            else:
                found[-1] = last._replace(minutes=last.minutes + taken)
    return found


def _reading(text: str) -> float:
    """Minutes of a text, with those that its exercises state."""
    stated_there = re.findall(r"(?m)^\*\*Exercise \d+\*\* \((\d+) minutes\)", text)
    return len(text.split()) / WORDS_A_MINUTE + sum(map(int, stated_there))


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
