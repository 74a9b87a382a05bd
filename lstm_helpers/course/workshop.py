"""The box for a workshop: notebooks without and with solutions, and a handout.

Made from the stored notebooks; nothing is run, so that the same course gives the same bytes.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import datetime
import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np

from lstm_helpers.course import copies
from lstm_helpers.course.durations import RUN_SECONDS, sections
from lstm_helpers.course.exercises import EXERCISES, Exercise, Wrong, judged
from lstm_helpers.course.quiz import QUESTIONS

MADE = (
    "students", "instructor", "data", "handout.md", "handout.html", "INSTRUCTORS.md", "start.py",
)  # fmt: skip
"""What is made anew each time. A wheelhouse beside it stays."""
RECORD = ".made.json"
"""Ends the name of a file beside the box: for each file that was made, its fingerprint."""
PRINTED = "instructor/everything.pdf"
"""Made after all else, if it is asked for."""
CHOICES = {"09-4": "the number of a story"}
"""Exercises whose number is a choice: as a target it would be the answer, and no aim."""
GIVES = ": a solution gives "
LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?://)(?:[^()\s]|\([^()\s]*\))+\)")
TASK = re.compile(r"(?m)^(?=\*\*Exercise \d)")
PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 1rem/1.5 sans-serif; max-width: 45rem; margin: 0 auto; padding: 1rem }}
pre {{ background: #f3f3f3; padding: .5rem; white-space: pre-wrap }}
h2 {{ border-top: 1px solid #777; padding-top: 1rem }}
@media print {{ pre, li, tr {{ break-inside: avoid }} h2, h3 {{ break-after: avoid }} }}
</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


class Task(NamedTuple):
    """One exercise of a notebook.

    Attributes
    ----------
    number : str
        Of the exercise in its notebook.
    text : str
        As Markdown.
    stub : NotebookNode
        The cell that the learner fills in.
    solution : NotebookNode
        The cell that solves it, with what it printed.
    """

    number: str
    text: str
    stub: nbformat.NotebookNode
    solution: nbformat.NotebookNode


def tasks_of(notebook: nbformat.NotebookNode) -> list[Task]:
    """The exercises of a notebook, in order.

    Raises
    ------
    ValueError
        An exercise has no stub or no solution, or its stub is not the solution without its answer.
    """
    solved = {}
    for cell in filter(copies.is_solution, notebook.cells):
        solved[re.match(r"# Solution of exercise (\d+)", cell.source)[1]] = cell
    found, waiting = [], None
    for cell in notebook.cells:
        if copies.is_solution(cell):
            continue
        if cell.cell_type == "markdown":
            for text in TASK.split(cell.source)[1:]:
                if waiting:
                    raise ValueError(f"expected a cell for exercise {waiting[0]}, got the next one")
                waiting = re.match(r"\*\*Exercise (\d+)", text)[1], text.strip()
        elif waiting:
            number, text = waiting
            if number not in solved:
                raise ValueError(f"expected a solution of exercise {number}, got none")
            made = stub_of(solved[number].source, cell.source)
            if ast.dump(ast.parse(made)) != ast.dump(ast.parse(cell.source)):
                raise ValueError(
                    f"expected the solution of exercise {number} without its answer:\n{made}\n"
                    f"got:\n{cell.source}"
                )
            found.append(Task(number, text, cell, solved[number]))
            waiting = None
    if waiting or len(found) != len(solved):
        raise ValueError(f"expected {len(solved)} exercises with a cell each, got {len(found)}")
    return found


def stub_of(solution: str, stub: str) -> str:
    """A solution with its answer taken out: givens, dots for each answer, the same check.

    Parameters
    ----------
    solution : str
        Its last check says what is asked, and with how many answers. All before it works them out.
    stub : str
        Only says how the answers are called, what is given, and what the checker is called.

    Returns
    -------
    str
        The source that the stub must have, but for comments and the way it is set.

    Raises
    ------
    ValueError
        One of them has not one call of ``check``, or a statement of the solution is among the
        givens.
    """
    asked, wanted = _check(stub), _check(solution)
    names = [argument.id for argument in asked.args[1:] if isinstance(argument, ast.Name)]
    # The names are the stub's; how many there are, and of which exercise, the solution says.
    names = (names + ["answer"] * len(wanted.args))[: len(wanted.args) - 1]
    given = [node for node in ast.parse(stub).body if not _is_open(node) and not _checks_in(node)]
    worked_out = {ast.dump(node) for node in ast.parse(solution).body}
    for node in given:
        if ast.dump(node) in worked_out:
            raise ValueError(f"expected a given, got a step of the solution: {ast.unparse(node)}")
    first = ast.unparse(wanted.args[0])
    lines = [ast.unparse(node) for node in given] + [f"{name} = ..." for name in names]
    lines.append(f"{ast.unparse(asked.func)}({', '.join([first, *names])})")
    return "\n".join(lines)


def _checks_in(node: ast.AST) -> list[ast.Call]:
    return [
        found
        for found in ast.walk(node)
        if isinstance(found, ast.Call) and getattr(found.func, "attr", "") == "check"
    ]


def _check(source: str) -> ast.Call:
    calls = _checks_in(ast.parse(source))
    if len(calls) != 1:
        raise ValueError(f"expected one call of check, got {len(calls)} in:\n{source}")
    return calls[0]


def _is_open(node: ast.stmt) -> bool:
    """Whether a statement is ``name = ...``."""
    return isinstance(node, ast.Assign) and getattr(node.value, "value", None) is ...


def target(task: Task) -> list[nbformat.NotebookNode]:
    """What a solution should give, as the output of the learner's cell: numbers and pictures.

    A name or a letter is the answer itself and no target; so are all answers of the quiz.
    """
    outputs = []
    for output in task.solution.get("outputs", []):
        if "image/png" in output.get("data", {}):
            outputs.append(copy.deepcopy(output))
            outputs[-1].pop("execution_count", None)
            outputs[-1]["output_type"] = "display_data"
    printed = "".join(o.get("text", "") for o in task.solution.get("outputs", []))
    right = re.match(r"(\d\d-\d+): right: (.+?), because ", printed)
    if right and right[1] not in CHOICES and not isinstance(_known(right[1]).answer, str):
        text = f"{right[1]}{GIVES}{right[2]}\n"
        outputs.insert(0, nbformat.v4.new_output("stream", name="stdout", text=text))
    return outputs


def _known(name: str) -> Exercise:
    if name not in EXERCISES:
        raise ValueError(f"expected an exercise of the table, got {name}")
    return EXERCISES[name]


def students(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """A notebook without solutions and outputs, but with the targets of its exercises.

    Raises
    ------
    ValueError
        As ``tasks_of``, or a line of a solution stands somewhere else too.
    """
    found = tasks_of(notebook)
    goals = {task.stub.id: target(task) for task in found}
    mine = copies.without_solutions(notebook, name)
    for cell in mine.cells:
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = goals.get(cell.id, [])
        elif cell.source.startswith("## Solutions"):
            cell.source = "## Solutions\n\nAsk your instructor."
    told = {line.strip() for cell in mine.cells for line in cell.source.splitlines()}
    for task in found:
        for line in map(str.strip, task.solution.source.splitlines()):
            if len(line) > 1 and line in told:
                raise ValueError(
                    f"expected no line of a solution in the copy of {name}, "
                    f"got one of exercise {task.number}: {line}"
                )
    return mine


def instructors(
    notebook: nbformat.NotebookNode, name: str, says: str = ""
) -> nbformat.NotebookNode:
    """A notebook with each solution open below its exercise, and notes.

    Parameters
    ----------
    notebook : NotebookNode
    name : str
        Of its file.
    says : str
        What INSTRUCTORS.md says of it, for the note at the top.
    """
    number, found = name[:2], tasks_of(notebook)
    below = {task.stub.id: task for task in found}
    mine = copy.deepcopy(notebook)
    cells = []
    for n, cell in enumerate(mine.cells):
        if copies.is_solution(cell) or cell.source.startswith("## Solutions"):
            continue
        cells.append(cell)
        if n == 0:
            top = [timetable(notebook, RUN_SECONDS[number]), *([says] if says else [])]
            cells.append(_note("\n\n".join(top), f"note-{number}"))
        if task := below.get(cell.get("id")):
            cells.append(_note(stuck(number, task.number), f"note-{number}-{task.number}"))
            solution = copy.deepcopy(task.solution)
            solution.metadata.pop("jupyter", None)
            cells.append(solution)
    mine.cells = cells
    return mine


def _note(text: str, name: str) -> nbformat.NotebookNode:
    # Between rules and not as a quotation, in which not every reader of notebooks shows tables.
    note = f"---\n\n**For the instructor.**\n\n{text}\n\n---"
    return nbformat.v4.new_markdown_cell(note, id=name, metadata={"tags": ["instructor"]})


def timetable(notebook: nbformat.NotebookNode, run_seconds: float) -> str:
    """From which minute to which each section takes; what is optional has no place in it."""
    lines, core = ["| from | to | section |", "|---|---|---|"], 0.0
    for section in sections(notebook, run_seconds):
        if section.minutes < 0.1:
            continue
        if section.optional:
            took = max(1, round(section.minutes))
            lines.append(f"| optional | {took} more | {section.title}: skip it when you are late |")
        else:
            lines.append(f"| {round(core)} | {round(core + section.minutes)} | {section.title} |")
            core += section.minutes
    return "\n".join(lines)


def asked(number: str, exercise: str) -> dict[str, Exercise]:
    """The entries that an exercise of a notebook checks, by name: one, or four of the quiz."""
    if number == "11":
        first = 4 * int(exercise) - 3
        return {f"Question {n}": QUESTIONS[n - 1].exercise for n in range(first, first + 4)}
    name = f"{number}-{exercise}"
    return {name: _known(name)}


def stuck(number: str, exercise: str) -> str:
    """Where people get stuck: each usual wrong answer, and what the check says to it."""
    parts = []
    for name, entry in asked(number, exercise).items():
        rows = [f"| {_cell(_typed(entry, row))} | {_cell(row.shows)} |" for row in entry.wrong]
        parts.append(
            f"{name}. The answer is **{entry.shown()}**. Usual wrong answers, and what the check "
            "says:\n\n| answer | message |\n|---|---|\n" + "\n".join(rows) + "\n"
            f"| any other | {_cell(entry.hint)} |"
        )
    return "\n\n".join(parts)


def _typed(entry: Exercise, row: Wrong) -> str:
    """A wrong answer as someone would type it who gets its message.

    With the decimals that are asked for, and with more where the check needs them to know it from
    the right one.
    """
    if isinstance(row.answer, str) or np.ndim(row.answer) or entry.decimals is None:
        return dataclasses.replace(entry, answer=row.answer, decimals=None).shown()
    written = [f"{row.answer:.{n}f}" for n in range(entry.decimals, 5)] + [f"{row.answer:.2g}"]
    return next((text for text in written if row.shows in judged(entry, float(text))), written[0])


def _cell(text: str) -> str:
    """A text that fits into a table."""
    return " ".join(text.split()).replace("|", "\\|")


def handout(notebooks: Mapping[str, nbformat.NotebookNode], answers: bool = False) -> str:
    """All exercises on paper, as Markdown: text, what is given, and the target.

    Parameters
    ----------
    notebooks : mapping from file name to NotebookNode
        In the order of the course.
    answers : bool
        For the instructor: with solution, usual wrong answers and their messages.
    """
    title = "Exercises, with answers and usual mistakes" if answers else "Exercises"
    parts = [f"# {title}"]
    for name, notebook in notebooks.items():
        parts.append("## Notebook " + f"{name[:2]}. {notebook.cells[0].source.splitlines()[0][2:]}")
        for task in tasks_of(notebook):
            parts.append("### " + f"{name[:2]}-{task.number}")
            parts.append(unlinked(task.text))
            parts.append(f"```python\n{task.stub.source}\n```")
            goals = [o.text.strip() for o in target(task) if "text" in o]
            parts += [f"Target: {goal.partition(GIVES)[2]}" for goal in goals]
            if answers:
                parts.append(f"```python\n{task.solution.source}\n```")
                parts.append(stuck(name[:2], task.number))
    return "\n\n".join(parts) + "\n"


def unlinked(text: str) -> str:
    """A text for paper, or for another folder: a link within the course is only its words."""
    return LINK.sub(r"\1", text)


def page(markdown: str) -> str:
    """A text as one page of HTML that needs no other file."""
    from nbconvert.filters import markdown2html

    title = markdown.splitlines()[0].lstrip("# ")
    body = re.sub(r'<a class="anchor-link"[^>]*>.*?</a>', "", markdown2html(markdown))
    return PAGE.format(title=title, body=body)


def said_of(guide: str, number: str) -> str:
    """What INSTRUCTORS.md says of a notebook; empty if it says nothing."""
    found = re.search(rf"(?ms)^### {number}\b[^\n]*\n+(.*?)(?=^##|\Z)", guide)
    return unlinked(found[1].strip()) if found else ""


def build(top: Path, originals: Sequence[Path], box: Path) -> list[str]:
    """Make the box anew. A folder in which somebody worked is kept beside it.

    Parameters
    ----------
    top : Path
        The checkout.
    originals : sequence of Path
        The notebooks of the course, in order.
    box : Path
        A folder, made if it is not there. Only what ``MADE`` names is replaced in it.

    Returns
    -------
    list of str
        What was kept, a line each.
    """
    notebooks = {path.name: nbformat.read(path, as_version=4) for path in originals}
    path = top / "INSTRUCTORS.md"
    guide = path.read_text(encoding="utf-8") if path.exists() else ""
    made = {}
    for name, notebook in notebooks.items():
        made[f"students/{name}"] = _written(students(notebook, name))
        made[f"instructor/{name}"] = _written(instructors(notebook, name, said_of(guide, name[:2])))
    made["handout.md"] = handout(notebooks)
    made["handout.html"] = page(made["handout.md"])
    made["instructor/answers.md"] = handout(notebooks, answers=True)
    made["instructor/answers.html"] = page(made["instructor/answers.md"])
    if guide:
        made["INSTRUCTORS.md"] = unlinked(guide)
    made["start.py"] = Path(__file__).with_name("seat.py").read_text(encoding="utf-8")
    # All was made before anything is replaced: a mistake in a notebook leaves the old box.
    lines, known = [], _record(box)
    stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    for name in MADE:
        place = box / name
        if not place.is_dir():
            place.unlink(missing_ok=True)
        elif all(known.get(path) == mark for path, mark in _marks(box, name).items()):
            shutil.rmtree(place)
        else:
            kept = place.rename(place.with_name(f"{name}.backup-{stamp}"))
            lines.append(f"Somebody has worked in {name}/: it is kept, as {kept.name}/")
    for name, text in made.items():
        place = box / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode())
    (box / "data").mkdir()
    for path in sorted((top / "data").iterdir()):
        if path.is_file() and path.suffix != ".py":
            shutil.copyfile(path, box / "data" / path.name)
    marks = {path: mark for name in MADE for path, mark in _marks(box, name).items()}
    copies.replace(box.with_name(box.name + RECORD), json.dumps(marks, indent=1).encode())
    return lines


def _marks(box: Path, name: str) -> dict[str, str | None]:
    """Of each file below a folder, what tells whether somebody wrote in it: to run it does not."""
    marks = {}
    for path in sorted((box / name).rglob("*")):
        inside = path.relative_to(box).as_posix()
        if path.is_file() and inside != PRINTED and ".ipynb_checkpoints" not in path.parts:
            notebook = path.suffix == ".ipynb"
            mark = copies.fingerprint_of(path, path.name) if notebook else None
            marks[inside] = mark or hashlib.sha256(path.read_bytes()).hexdigest()
    return marks


def _record(box: Path) -> dict[str, str]:
    """Empty if it is missing or can't be read: then nobody knows, and all is kept."""
    try:
        record = json.loads(box.with_name(box.name + RECORD).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _written(notebook: nbformat.NotebookNode) -> str:
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"
