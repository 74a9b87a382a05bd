"""The box for a workshop: what a student gets, what an instructor gets, and that it is the same
box each time."""

import ast
import copy
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from common import NOTEBOOKS, TOP
from minutes import minutes
from nbconvert.filters import markdown2html

from lstm_helpers.course import seat, workshop
from lstm_helpers.course.exercises import EXERCISES, judged, verdict
from lstm_helpers.course.quiz import QUESTIONS

READ = {path.name: nbformat.read(path, as_version=4) for path in NOTEBOOKS}
TASKS = {name: workshop.tasks_of(notebook) for name, notebook in READ.items()}
SECOND = NOTEBOOKS[1].name


@pytest.fixture(scope="module")
def box(tmp_path_factory):
    made = tmp_path_factory.mktemp("a box") / "workshop"
    workshop.build(TOP, NOTEBOOKS, made)
    return made


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def cells(path):
    return nbformat.read(path, as_version=4).cells


def given_outputs(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def test_the_same_course_gives_the_same_bytes(box, tmp_path):
    code = (
        "import sys; from pathlib import Path; from lstm_helpers.course import commands, workshop\n"
        "top, made = map(Path, sys.argv[1:])\n"
        "workshop.build(top, commands.find(top / 'notebooks'), made)"
    )
    # Another process with other hashes: what a set gives has another order there.
    done = subprocess.run(
        [sys.executable, "-c", code, str(TOP), str(tmp_path)],
        cwd=TOP, env=os.environ | {"PYTHONHASHSEED": "1"}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert contents(box) == contents(tmp_path)
    # Neither a folder of this machine nor a day of this year.
    made = b"".join(data for name, data in contents(box).items() if not name.startswith("data/"))
    assert str(TOP).encode() not in made


def test_no_output_and_no_line_of_a_solution_is_in_a_students_copy(box):
    for name, original in READ.items():
        mine = cells(box / "students" / name)
        stubs = {task.stub.id for task in TASKS[name]}
        assert len(stubs) >= 3
        told = {line.strip() for cell in mine for line in cell.source.splitlines()}
        for cell in original.cells:
            if "solution" in cell.metadata.get("tags", []):
                lines = {line.strip() for line in cell.source.splitlines() if len(line) > 1}
                assert not lines & told, (name, lines & told)
        for cell in mine:
            if cell.cell_type == "code":
                assert cell.execution_count is None
                assert cell.id in stubs or cell.outputs == []
        kept = [c for c in original.cells if "solution" not in c.metadata.get("tags", [])]
        changed = [
            (a.source, b.source) for a, b in zip(kept, mine, strict=True) if a.source != b.source
        ]
        assert [after for _, after in changed] == ["## Solutions\n\nAsk your instructor."]


def test_a_target_is_what_the_solution_gives_and_the_check_takes_it(box):
    numbers = {}
    for name in READ:
        for cell in cells(box / "students" / name):
            for output in cell.get("outputs", []):
                found = re.fullmatch(r"(\d\d-\d): a solution gives (.+)\n", output["text"])
                assert f'"{found[1]}"' in cell.source
                numbers[found[1]] = found[2]
    wanted = {key for key, entry in EXERCISES.items() if not isinstance(entry.answer, str)}
    assert numbers.keys() == wanted - workshop.CHOICES.keys()
    for key, number in numbers.items():
        assert verdict(key, ast.literal_eval(number)).startswith("right"), key


def test_a_picture_of_a_solution_is_a_target():
    notebook = copy.deepcopy(READ[SECOND])
    picture = nbformat.v4.new_output(
        "execute_result", {"image/png": "AAAA", "text/plain": "<Figure>"}, execution_count=9
    )
    solution = next(c for c in notebook.cells if "solution" in c.metadata.get("tags", []))
    solution.outputs.append(picture)
    mine = workshop.students(notebook, SECOND)
    nbformat.validate(mine)
    (shown,) = [
        o for c in mine.cells for o in c.get("outputs", []) if "image/png" in o.get("data", {})
    ]
    assert (shown.output_type, shown.data["image/png"]) == ("display_data", "AAAA")


def edited(of, old, new):
    """A copy of notebook 02 with another source in the stub or the solution of its exercise 2."""
    notebook = copy.deepcopy(READ[SECOND])
    cell = getattr(workshop.tasks_of(notebook)[1], of)
    assert old in cell.source
    cell.source = cell.source.replace(old, new)
    return notebook


@pytest.mark.parametrize(
    ("of", "old", "new", "told"),
    [
        ("stub", "U_forget = ...", "U_forget = 7", "without its answer"),
        ("stub", '"02-2"', '"02-1"', "without its answer"),
        ("stub", ", U_forget)", ", U_forget, 2)", "without its answer"),
        ("stub", "U_forget = ...", "units = len(recurrent_kernel)\nU_forget = ...", "a step of"),
        ("stub", "exercises.check", "print", "one call of check, got 0"),
        ("solution", "2 * units])", "2 * units], 1)", "without its answer"),
        ("solution", '"02-2"', '"02-3"', "without its answer"),
        ("solution", "exercise 2.", "exercise 7.", "a solution of exercise 2"),
        ("solution", "units =", "import keras\nunits =", "no line of a solution"),
    ],
)
def test_a_stub_that_is_not_the_solution_without_its_answer_is_found(of, old, new, told):
    with pytest.raises(ValueError, match=told):
        workshop.students(edited(of, old, new), SECOND)


def test_an_exercise_without_a_cell_is_found():
    notebook = copy.deepcopy(READ[SECOND])
    notebook.cells.remove(workshop.tasks_of(notebook)[1].stub)
    with pytest.raises(ValueError, match="expected a cell for exercise 2, got the next one"):
        workshop.tasks_of(notebook)


def test_the_instructor_has_each_solution_open_below_its_exercise_with_what_goes_wrong(box):
    for name in READ:
        mine = cells(box / "instructor" / name)
        by_id = {cell.id: n for n, cell in enumerate(mine)}
        for task in TASKS[name]:
            place = by_id[task.stub.id]
            note, solution = mine[place + 1], mine[place + 2]
            assert solution.source == task.solution.source
            assert solution.outputs == task.solution.outputs
            assert "jupyter" not in solution.metadata, "it would be folded"
            for entry in workshop.asked(name[:2], task.number).values():
                assert f"The answer is **{entry.shown()}**" in note.source
                for row in entry.wrong:
                    assert row.shows.replace("|", "\\|") in note.source
                assert entry.hint in note.source
        assert not any(cell.source.startswith("## Solutions") for cell in mine)
        assert "**For the instructor.**" in mine[1].source
        notes = [cell.source for cell in mine if "instructor" in cell.metadata.get("tags", [])]
        assert all("<table>" in markdown2html(note) for note in notes)


def rows_of(page):
    """Each usual wrong answer that a page for the instructor prints, with its message."""
    number = None
    for line in page.splitlines():
        if named := re.match(r"(\d\d-\d+|Question \d+)\. The answer is ", line):
            number = named[1]
        elif not line.startswith("|"):
            number = number if not line else None
        elif number and (row := re.fullmatch(r"\| (?!answer |any other )(.+?) \| (.+) \|", line)):
            yield number, row[1].replace("\\|", "|"), row[2].replace("\\|", "|")


def test_who_types_a_wrong_answer_of_the_table_gets_its_message(box):
    rows = list(rows_of((box / "instructor" / "answers.md").read_text(encoding="utf-8")))
    entries = {f"Question {n}": question.exercise for n, question in enumerate(QUESTIONS, 1)}
    entries |= EXERCISES
    assert len(rows) == sum(len(entry.wrong) for entry in entries.values())
    for number, answer, message in rows:
        # As in the cell: numbers as they are, and what is no number in quotes.
        typed = ast.literal_eval(answer) if re.match(r"[-\d\[]", answer) else answer
        said = " ".join(judged(entries[number], typed).split())
        assert said.startswith("not yet"), (number, answer, said)
        assert message in said, (number, answer, said)


def test_the_timetable_ends_with_the_minutes_of_the_notebook():
    for name, notebook in READ.items():
        seconds = workshop.RUN_SECONDS[name[:2]]
        rows = re.findall(r"(?m)^\| (\d+) \| (\d+) \| ", workshop.timetable(notebook, seconds))
        assert [start for start, _ in rows[1:]] == [end for _, end in rows[:-1]]
        assert int(rows[-1][1]) == round(minutes(notebook, seconds)[0])


def test_the_handout_has_every_exercise_with_givens_and_no_answer_beyond_the_target(box):
    text = (box / "handout.md").read_text(encoding="utf-8")
    answers = (box / "instructor" / "answers.md").read_text(encoding="utf-8")
    for tasks in TASKS.values():
        for task in tasks:
            assert workshop.unlinked(task.text) in text
            assert task.stub.source in text
            assert task.solution.source not in text
            assert task.solution.source in answers
    assert "](#" not in text + answers
    assert not any(entry.because in text for entry in EXERCISES.values())
    assert text.count("\n### ") == sum(map(len, TASKS.values()))
    assert all(question.asks.splitlines()[0] in text for question in QUESTIONS)


def test_a_page_needs_no_other_file(box):
    for path in (box / "handout.html", box / "instructor" / "answers.html"):
        page = path.read_text(encoding="utf-8")
        assert not re.search(r"""(?:src|href)=["'](?!#|https?://)""", page)
        assert not re.search(r"<(?:script|link|img|iframe)\b|@import|url\(", page)
        assert page.count("<h3") == (box / "handout.md").read_text("utf-8").count("\n### ")


def test_the_data_lie_where_the_notebooks_look_and_a_wheelhouse_stays(tmp_path):
    (tmp_path / "wheelhouse").mkdir()
    (tmp_path / "wheelhouse" / "a.whl").write_text("kept")
    (tmp_path / "students").mkdir()
    (tmp_path / "students" / "99_old.ipynb").write_text("gone")
    workshop.build(TOP, NOTEBOOKS[:1], tmp_path)
    assert (tmp_path / "wheelhouse" / "a.whl").read_text() == "kept"
    assert [path.name for path in (tmp_path / "students").iterdir()] == [NOTEBOOKS[0].name]
    for folder in ("students", "instructor"):
        assert (tmp_path / folder / "../data/changping.csv.gz").exists()
    assert not list((tmp_path / "data").glob("*.py"))
    # tests/test_lab.py starts it.
    assert (tmp_path / "start.py").read_text("utf-8") == Path(seat.__file__).read_text("utf-8")
    # A stick, or a program that copies, may leave out what begins with a dot.
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".")]


def test_a_folder_in_which_somebody_worked_is_kept_and_one_that_was_only_run_is_made_anew(tmp_path):
    place = tmp_path / "a box"
    assert workshop.build(TOP, NOTEBOOKS[:1], place) == []
    mine = place / "students" / NOTEBOOKS[0].name
    notebook = nbformat.read(mine, as_version=4)
    notebook.cells[1].metadata["collapsed"] = True
    nbformat.write(notebook, mine)
    (place / "instructor" / "everything.pdf").write_text("printed after the box was made")
    (place / "students" / ".ipynb_checkpoints").mkdir()
    (place / "students" / ".ipynb_checkpoints" / "a.ipynb").write_text("{}")
    assert workshop.build(TOP, NOTEBOOKS[:1], place) == []
    assert not list(tmp_path.rglob("*backup*"))

    notebook.cells.append(nbformat.v4.new_code_cell("answer = 41"))
    nbformat.write(notebook, mine)
    (place / "data" / "own.csv").write_text("1")
    told = workshop.build(TOP, NOTEBOOKS[:1], place)
    assert [line.split("/")[0] for line in told] == [
        "Somebody has worked in students", "Somebody has worked in data",
    ]  # fmt: skip
    (students,), (data,) = (place.glob(f"{name}.backup-*") for name in ("students", "data"))
    assert "answer = 41" in (students / NOTEBOOKS[0].name).read_text("utf-8")
    assert (data / "own.csv").exists()
    assert "answer = 41" not in mine.read_text("utf-8")


def test_a_mistake_leaves_the_box_that_was_there(box, tmp_path, monkeypatch):
    workshop.build(TOP, NOTEBOOKS[:1], tmp_path)
    before = contents(tmp_path)
    monkeypatch.setattr(workshop, "page", lambda text: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        workshop.build(TOP, NOTEBOOKS[1:2], tmp_path)
    assert contents(tmp_path) == before
