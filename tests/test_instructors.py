"""INSTRUCTORS.md says what the notebooks, the tests and the environment say."""

import re

import nbformat
import pytest
from common import TOP
from minutes import NOTEBOOKS, RUN_SECONDS, minutes, rounded

from lstm_helpers.course import workshop
from lstm_helpers.course.durations import sections

GUIDE = (TOP / "INSTRUCTORS.md").read_text(encoding="utf-8")
READ = {path.name[:2]: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
CORE = {number: rounded(notebook, number)[0] for number, notebook in READ.items()}
EXACT = {number: minutes(notebook, RUN_SECONDS[number])[0] for number, notebook in READ.items()}
HEADING = re.compile(r"(?m)^## (Half a day|A full day)\n\n(?s:(.+?))(?=^## )")
SAYS = ("Say", "Stuck", "Late")


def memory():
    """MiB of the kernels by notebook, as tests/README.md has them, of a reader's environment."""
    page = (TOP / "tests" / "README.md").read_text(encoding="utf-8")
    listed = re.search(r"Memory of the kernels, MiB, 01 to 11: ([\d, ]+\d)", page)[1]
    return {f"{n:02d}": mib for n, mib in enumerate(re.findall(r"\d+", listed), 1)}


def wrong_in_plan(heading, plan):
    """What a plan by minutes says and is not so, a line each."""
    found, clock, taught = [], 0, []
    for start, what, stated in re.findall(r"(?m)^\| (\d:\d\d) \| (.+?) \| (\d*) ?\|$", plan):
        if start != f"{clock // 60}:{clock % 60:02d}":
            found.append(f"{heading}: expected {clock // 60}:{clock % 60:02d}, got {start}")
        clock += int(stated or 0)
        if number := re.fullmatch(r"notebook (\d\d)", what):
            taught.append(number[1])
            if int(stated) != CORE[number[1]]:
                found.append(f"{heading}: expected {CORE[number[1]]} minutes, got {stated}: {what}")
    total = sum(CORE[number] for number in taught)
    exact = round(sum(EXACT[number] for number in taught))
    if f"The notebooks take {total} minutes, {exact} before each is rounded to 5, and " not in plan:
        found.append(f"{heading}: the notebooks take {total} minutes, {exact} before rounding")
    if not re.search(rf"the (?:half )?day {clock}\.", plan):
        found.append(f"{heading}: all takes {clock} minutes")
    return found


def wrong_in_guide(text):
    """What INSTRUCTORS.md says and is not so, a line each."""
    plans = HEADING.findall(text)
    found = [line for heading, plan in plans for line in wrong_in_plan(heading, plan)]
    if len(plans) != 2:
        found.append("expected a plan for half a day and one for a day")
    rows = re.findall(r"(?m)^\| (\d\d) \| (\d+) \| (\d+) \| (\d+) \|$", text)
    kept = memory()
    seats = [(n, str(CORE[n]), str(RUN_SECONDS[n]), kept[n]) for n in sorted(READ)]
    found += [f"expected {seat} in the table of seats" for seat in seats if seat not in rows]
    for number, notebook in READ.items():
        said = workshop.said_of(text, number)
        found += [f"{number}: no {word}" for word in SAYS if f"**{word}.**" not in said]
        numbered = {title.split(".")[0] for title, _, _ in sections(notebook, 0)}
        for section in re.findall(r"(?i)\bsection (\d+)", said):
            found += [] if section in numbered else [f"{number}: no section {section}"]
        for exercise, stated in re.findall(r"(?i)\bexercise (\d+) \((\d+) minutes\)", said):
            asked = f"**Exercise {exercise}** ({stated} minutes)"
            if not any(asked in cell.source for cell in notebook.cells):
                found.append(f"{number}: no exercise {exercise} of {stated} minutes")
    return found


def test_the_guide_says_what_is_so():
    assert wrong_in_guide(GUIDE) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("| 0:55 | notebook 02 | 40 |", "| 0:55 | notebook 02 | 45 |", "expected 40 minutes"),
        ("| 1:35 | break | 20 |", "| 1:35 | break | 25 |", "expected 2:00, got 1:55"),
        ("| 0:55 | notebook 02", "| 0:50 | notebook 02", "expected 0:55, got 0:50"),
        ("take 160 minutes", "take 150 minutes", "the notebooks take 160"),
        ("minutes, 250 before", "minutes, 240 before", "240 minutes, 250 before rounding"),
        ("the half day 200.", "the half day 190.", "all takes 200"),
        ("the day 365.", "the day 360.", "all takes 365"),
        ("## A full day", "## A whole day", "a plan for half a day and one"),
        ("| 05 | 30 | 75 | 1008 |", "| 05 | 30 | 75 | 990 |", "in the table of seats"),
        ("| 07 | 40 | 40 | 848 |", "| 07 | 40 | 45 | 848 |", "in the table of seats"),
        ("**Stuck.** A letter", "A letter", "11: no Stuck"),
        ("**Late.** Section 5: older", "**Late.** Section 9: older", "02: no section 9"),
        ("### 08", "### 80", "08: no Say"),
        ("Exercise 1 (4 minutes)", "Exercise 1 (5 minutes)", "10: no exercise 1 of 5"),
    ],
)
def test_a_planted_fault_is_found(old, new, told):
    assert old in GUIDE
    assert any(told in line for line in wrong_in_guide(GUIDE.replace(old, new)))


def test_the_instructors_notebook_says_what_the_guide_says():
    for path in NOTEBOOKS[:2]:
        number = path.name[:2]
        said = workshop.said_of(GUIDE, number)
        note = workshop.instructors(READ[number], path.name, said).cells[1].source
        assert all(line in note for line in said.splitlines())


def test_the_pythons_are_those_of_the_package():
    assert "Python 3.11, 3.12 or 3.13" in GUIDE
    assert 'requires-python = ">=3.11,<3.14"' in (TOP / "pyproject.toml").read_text("utf-8")
