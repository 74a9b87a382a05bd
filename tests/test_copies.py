"""The learner's copies: without solutions, never overwritten, and renewed where they may be."""

import json
import re
from pathlib import Path

import nbformat
import pytest

from lstm_helpers.course import copies

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
ORIGINALS = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))


@pytest.fixture
def mine(tmp_path):
    return tmp_path / "my notebooks"


def read(path):
    return nbformat.read(path, as_version=4)


def printed(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*.ipynb*")
        if path.is_file()
    }


# What a copy is.


def test_run_all_in_a_copy_spoils_nothing(mine):
    assert copies.refresh(ORIGINALS, mine) == []
    for source in ORIGINALS:
        original, copied = read(source), read(mine / source.name)
        nbformat.validate(copied)
        solutions = [c for c in original.cells if "solution" in c.metadata.get("tags", [])]
        kept = [cell for cell in original.cells if cell not in solutions]
        assert len(solutions) >= 3
        assert original.cells[-1 - len(solutions) : -1] == solutions, "no other cell needs them"
        assert [cell.id for cell in copied.cells] == [cell.id for cell in kept]
        changed = [n for n, cell in enumerate(copied.cells) if cell != kept[n]]
        assert len(changed) == 1
        assert f"(solutions/{source.name})" in copied.cells[changed[0]].source
        assert copied.cells[changed[0]].source.startswith("## Solutions\n")
        assert sum("not attempted yet" in printed(cell) for cell in copied.cells) == len(solutions)
        told = "".join(cell.source + printed(cell) for cell in copied.cells)
        assert not any(cell.source in told or printed(cell) in told for cell in solutions)
        assert ": right" not in told


def test_solutions_lie_beside_with_their_exercise_and_output(mine):
    copies.refresh(ORIGINALS, mine)
    for source in ORIGINALS:
        original, beside = read(source), read(mine / "solutions" / source.name)
        nbformat.validate(beside)
        intro, *rest = beside.cells
        assert intro.source.startswith(
            f"# Solutions: {original.cells[0].source.splitlines()[0][2:]}"
        )
        assert "copy the cell" in intro.source
        assert f"(../{source.name})" in intro.source
        solutions = [c for c in original.cells if "solution" in c.metadata.get("tags", [])]
        assert rest[1::2] == solutions
        for n, (text, solution) in enumerate(zip(rest[::2], rest[1::2], strict=True), 1):
            assert text.source.startswith(f"**Exercise {n}** (")
            assert text.source.count("**Exercise") == 1
            told = text.source.replace(f"](../{source.name}#", "](#")
            assert any(cell.source.endswith(told) for cell in original.cells)
            assert solution.source.startswith(f"# Solution of exercise {n}.")
            # The quiz has four questions an exercise.
            name = f"{4 * n - 3}" if source.name.startswith("11_") else f"{source.name[:2]}-{n}"
            assert printed(solution).startswith(f"{name}: right: ")


def test_a_copy_leads_to_nothing_outside_the_learners_folder(mine):
    """JupyterLab shows that folder only. Links to the web and to sections that exist are fine."""
    copies.refresh(ORIGINALS, mine)
    found, parts = 0, 0
    for path in mine.rglob("*.ipynb"):
        for cell in read(path).cells:
            if cell.cell_type == "markdown":
                for target, part in re.findall(r"\]\(([^)#]*)#?(.*?)\)(?!\))", cell.source):
                    if target.startswith("https://"):
                        continue
                    there = path.parent / target if target else path
                    assert there.resolve().is_relative_to(mine.resolve())
                    assert there.exists(), target
                    if part:
                        assert part.rstrip(")") in sections(there)
                        parts += bool(target)
                    else:
                        found += 1
    assert found == 2 * len(ORIGINALS), "to the solutions and back"
    assert parts >= 4, "from a solution to a section of the notebook"


def sections(path):
    """What a link to a section of a notebook may say behind #, without a closing bracket."""
    texts = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    return {
        heading.replace(" ", "-").rstrip(")") for heading in re.findall(r"(?m)^#+ (.*)$", texts)
    }


# What becomes of it. A course of three small notebooks, which changes.


class Course:
    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        for name in ("01_a", "02_b", "03_c"):
            self.write(name)

    def write(self, name, text="Read.", solution="answer = 6 * 7"):
        notebook = nbformat.v4.new_notebook(
            cells=[
                nbformat.v4.new_markdown_cell(f"# Ask {name[3:]}\n\n{text}", id="title"),
                nbformat.v4.new_code_cell("1 + 1", id="code"),
                nbformat.v4.new_markdown_cell(
                    "## On your own\n\n**Exercise 1** (x) y, [z](#z)", id="own"
                ),
                nbformat.v4.new_markdown_cell("## Solutions\n", id="solutions"),
                nbformat.v4.new_code_cell(
                    f"# Solution of exercise 1.\n{solution}",
                    metadata={"tags": ["solution"]},
                    id="solution",
                ),
            ]
        )
        nbformat.write(notebook, self.folder / f"{name}.ipynb")

    def rename(self, old, *new):
        (self.folder / f"{old}.ipynb").unlink()
        for name in new:
            self.write(name)

    def refresh(self, mine, renamed=()):
        table = {f"{a}.ipynb": tuple(f"{b}.ipynb" for b in bs) for a, bs in dict(renamed).items()}
        return copies.refresh(sorted(self.folder.glob("*.ipynb")), mine, table)


@pytest.fixture
def course(tmp_path):
    return Course(tmp_path / "notebooks")


def answer(path, text="answer = 41"):
    """What a learner does."""
    notebook = read(path)
    notebook.cells.insert(2, nbformat.v4.new_code_cell(text))
    nbformat.write(notebook, path)
    return path.read_bytes()


def run_all(path):
    """What JupyterLab saves when a learner has run all and typed nothing."""
    notebook = read(path)
    for n, cell in enumerate(notebook.cells):
        cell.metadata["collapsed"] = True
        if cell.cell_type == "code":
            cell.execution_count = n
            cell.outputs = [nbformat.v4.new_output("stream", text="2\n")]
    notebook.cells.append(nbformat.v4.new_code_cell(""))
    notebook.metadata["language_info"] = {"name": "python", "version": "3.12.1"}
    nbformat.write(notebook, path)
    return path.read_bytes()


def test_nothing_happens_while_the_course_stays_the_same(course, mine):
    assert course.refresh(mine) == []
    ran = run_all(mine / "01_a.ipynb")
    changed = answer(mine / "02_b.ipynb")
    notes = answer(mine / "solutions" / "02_b.ipynb", "# my notes")
    (mine / "03_c.ipynb").write_text("no notebook any more")
    before = snapshot(mine)
    for _ in range(2):
        assert course.refresh(mine) == []
        assert snapshot(mine) == before
    assert before["01_a.ipynb"] == ran
    assert before["02_b.ipynb"] == changed
    assert before["solutions/02_b.ipynb"] == notes


def test_what_is_missing_comes_back_and_what_is_new_arrives(course, mine):
    course.refresh(mine)
    before = snapshot(mine)
    for path in ("01_a.ipynb", "solutions/02_b.ipynb"):
        (mine / path).unlink()
    course.write("04_d")
    assert course.refresh(mine) == []
    after = snapshot(mine)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"04_d.ipynb", "solutions/04_d.ipynb"}


def test_a_copy_that_was_only_run_is_renewed(course, mine):
    course.refresh(mine)
    run_all(mine / "01_a.ipynb")
    course.write("01_a", "Read this.")
    (said,) = course.refresh(mine)
    assert said == "The course has changed. Renewed, as you had not changed them: 01_a.ipynb"
    fresh = read(mine / "01_a.ipynb")
    assert fresh.cells[0].source == "# Ask a\n\nRead this."
    assert not fresh.cells[1].outputs
    assert course.refresh(mine) == []


def test_solutions_are_renewed_alike(course, mine):
    course.refresh(mine)
    run_all(mine / "solutions" / "01_a.ipynb")
    notes = answer(mine / "solutions" / "02_b.ipynb", "# my notes")
    course.write("01_a", solution="answer = 42")
    course.write("02_b", solution="answer = 42")
    renewed, beside = course.refresh(mine)
    assert renewed.endswith("not changed them: solutions/01_a.ipynb")
    assert beside.endswith("lie beside them: solutions/02_b_new_version.ipynb")
    assert "answer = 42" in read(mine / "solutions" / "01_a.ipynb").cells[-1].source
    assert "answer = 42" in read(mine / "solutions" / "02_b_new_version.ipynb").cells[-1].source
    assert (mine / "solutions" / "02_b.ipynb").read_bytes() == notes


def test_a_changed_copy_stays_and_the_new_one_lies_beside_once(course, mine):
    course.refresh(mine)
    changed = answer(mine / "02_b.ipynb")
    course.write("02_b", "Read this.")
    (said,) = course.refresh(mine)
    assert said == (
        "The course has changed, and so have your copies: yours stay as they are, the new ones lie "
        "beside them: 02_b_new_version.ipynb"
    )
    assert (mine / "02_b.ipynb").read_bytes() == changed
    assert read(mine / "02_b_new_version.ipynb").cells[0].source.endswith("Read this.")
    (mine / "02_b_new_version.ipynb").unlink()
    assert course.refresh(mine) == [], "who has seen it and threw it away is not asked again"
    assert not (mine / "02_b_new_version.ipynb").exists()


def test_a_new_version_follows_the_course_until_the_learner_works_in_it(course, mine):
    course.refresh(mine)
    answer(mine / "02_b.ipynb")
    course.write("02_b", "Two.")
    course.refresh(mine)
    course.write("02_b", "Three.")
    (said,) = course.refresh(mine)
    assert said.endswith(": 02_b_new_version.ipynb")
    assert read(mine / "02_b_new_version.ipynb").cells[0].source.endswith("Three.")

    working = answer(mine / "02_b_new_version.ipynb")
    course.write("02_b", "Four.")
    (said,) = course.refresh(mine)
    assert said.endswith(": 02_b_new_version_2.ipynb")
    assert (mine / "02_b_new_version.ipynb").read_bytes() == working
    assert read(mine / "02_b_new_version_2.ipynb").cells[0].source.endswith("Four.")


def test_a_learner_who_takes_the_new_version_over_is_up_to_date(course, mine):
    course.refresh(mine)
    answer(mine / "02_b.ipynb")
    course.write("02_b", "Two.")
    course.refresh(mine)
    (mine / "02_b_new_version.ipynb").replace(mine / "02_b.ipynb")
    assert course.refresh(mine) == []
    course.write("02_b", "Three.")
    assert course.refresh(mine) == [
        "The course has changed. Renewed, as you had not changed them: 02_b.ipynb"
    ]


@pytest.mark.parametrize("broken", [None, "{", "[]"], ids=["no record", "half of one", "no dict"])
def test_copies_without_a_record_count_as_changed(course, mine, broken):
    course.refresh(mine)
    run_all(mine / "01_a.ipynb")
    changed = answer(mine / "02_b.ipynb")
    if broken is None:
        (mine / copies.RECORD).unlink()
    else:
        (mine / copies.RECORD).write_text(broken)
    old = (mine / "03_c.ipynb").read_bytes()
    course.write("02_b", "Read this.")
    course.write("03_c", "Read this.")
    (said,) = course.refresh(mine)
    assert said.endswith("beside them: 02_b_new_version.ipynb, 03_c_new_version.ipynb")
    assert (mine / "02_b.ipynb").read_bytes() == changed
    assert (mine / "03_c.ipynb").read_bytes() == old
    assert course.refresh(mine) == []
    course.write("01_a", "Read this.")
    (said,) = course.refresh(mine)
    assert said.endswith(" not changed them: 01_a.ipynb"), "it was found equal to its original"


def test_whatever_stands_there_is_the_learners(course, mine):
    """Not JSON, JSON of no notebook, cells without a source, bytes that are no text."""
    course.refresh(mine)
    contents = (b"my notes", b"[1, 2]", b'{"cells": [{"cell_type": "code"}]}', b"\xff\xfe")
    for content in contents:
        (mine / "01_a.ipynb").write_bytes(content)
        course.write("01_a", str(content))
        (said,) = course.refresh(mine)
        assert said.endswith(": 01_a_new_version.ipynb")
        assert (mine / "01_a.ipynb").read_bytes() == content


def test_the_record_is_hidden_and_no_half_written_file_stays(course, mine):
    course.refresh(mine)
    assert {path.name for path in mine.iterdir() if path.name.startswith(".")} == {copies.RECORD}
    record = json.loads((mine / copies.RECORD).read_text(encoding="utf-8"))
    assert record.keys() == snapshot(mine).keys()


def test_what_can_not_be_written_leaves_what_was_there_and_no_half(course, mine, monkeypatch):
    course.refresh(mine)
    before = {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()}
    course.write("01_a", "new")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(copies.os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        course.refresh(mine)
    assert {path: path.read_bytes() for path in mine.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("content", ["<<<<<<< HEAD\n{}", '{"cells": 3}', '{"nbformat": 4}', "[]"])
def test_an_original_that_is_broken_is_named_and_shuts_no_other(course, mine, content):
    course.refresh(mine)
    before = snapshot(mine)
    (course.folder / "01_a.ipynb").write_text(content)
    course.write("02_b", "new")
    said = course.refresh(mine)
    assert re.match(r"expected .*01_a.ipynb as the course has it, got something else \(", said[0])
    assert said[1].endswith("02_b.ipynb")
    after = snapshot(mine)
    assert after["01_a.ipynb"] == before["01_a.ipynb"]
    assert after["02_b.ipynb"] != before["02_b.ipynb"]


def test_a_new_version_takes_no_name_of_a_file_that_is_no_notebook(course, mine):
    course.refresh(mine)
    answer(mine / "02_b.ipynb")
    (mine / "02_b_new_version.ipynb").write_text("mine")
    course.write("02_b", "Two.")
    (said,) = course.refresh(mine)
    assert said.endswith(": 02_b_new_version_2.ipynb")
    assert (mine / "02_b_new_version.ipynb").read_text() == "mine"


# Renamed notebooks.


def test_one_that_was_renamed_takes_its_new_name_and_keeps_the_answers(course, mine):
    course.refresh(mine)
    changed = answer(mine / "02_b.ipynb")
    course.rename("03_c", "04_c")
    course.rename("02_b", "03_b")
    said = course.refresh(mine, {"02_b": ["03_b"], "03_c": ["04_c"]})
    assert "02_b.ipynb is now 03_b.ipynb: your copy has the new name" in said
    assert "solutions/03_c.ipynb is now solutions/04_c.ipynb: your copy has the new name" in said
    expected = changed.decode().replace("solutions/02_b.ipynb", "solutions/03_b.ipynb")
    assert (mine / "03_b.ipynb").read_text(encoding="utf-8") == expected != changed.decode()
    intro, exercise, *_ = read(mine / "solutions/03_b.ipynb").cells
    assert "[03_b.ipynb](../03_b.ipynb)" in intro.source
    assert "[z](../03_b.ipynb#z)" in exercise.source
    names = {"01_a.ipynb", "03_b.ipynb", "04_c.ipynb"}
    assert snapshot(mine).keys() == names | {f"solutions/{name}" for name in names}
    assert course.refresh(mine, {"02_b": ["03_b"], "03_c": ["04_c"]}) == []
    course.write("03_b", "Read this.")
    (said,) = course.refresh(mine, {"02_b": ["03_b"], "03_c": ["04_c"]})
    assert said.endswith("lie beside them: 03_b_new_version.ipynb"), "what it was made of is known"


def test_one_that_became_several_goes_unless_the_learner_changed_it(course, mine):
    course.refresh(mine)
    run_all(mine / "02_b.ipynb")
    changed = answer(mine / "03_c.ipynb")
    course.rename("02_b", "05_x", "06_y")
    course.rename("03_c", "07_z", "08_c")
    table = {"02_b": ["05_x", "06_y"], "03_c": ["07_z", "08_c"]}
    said = course.refresh(mine, table)
    assert said[:2] == [
        "03_c.ipynb is now 07_z.ipynb, 08_c.ipynb: your copy stays as it is",
        "solutions/03_c.ipynb is now solutions/07_z.ipynb, solutions/08_c.ipynb: your copy was as "
        "we made it, so the new take its place",
    ]
    assert said[2].startswith("02_b.ipynb is now 05_x.ipynb, 06_y.ipynb: your copy was as we made")
    assert not (mine / "02_b.ipynb").exists()
    assert (mine / "03_c.ipynb").read_bytes() == changed
    assert {"05_x.ipynb", "06_y.ipynb", "07_z.ipynb", "08_c.ipynb"} <= snapshot(mine).keys()
    assert course.refresh(mine, table) == [], "said once"
    assert (mine / "03_c.ipynb").read_bytes() == changed


def test_a_renamed_one_without_a_record_is_never_removed(course, mine):
    course.refresh(mine)
    (mine / copies.RECORD).unlink()
    old = (mine / "03_c.ipynb").read_bytes()
    course.rename("03_c", "03_x", "04_c")
    said = course.refresh(mine, {"03_c": ["03_x", "04_c"]})
    assert len(said) == 2
    assert all(line.endswith("your copy stays as it is") for line in said)
    assert (mine / "03_c.ipynb").read_bytes() == old


def test_a_renamed_one_takes_no_name_that_a_file_of_the_learner_has(course, mine):
    course.refresh(mine)
    changed = answer(mine / "03_c.ipynb")
    (mine / "04_c.ipynb").write_text("mine")
    course.rename("03_c", "04_c")
    course.refresh(mine, {"03_c": ["04_c"]})
    assert (mine / "03_c.ipynb").read_bytes() == changed
    assert (mine / "04_c.ipynb").read_text() == "mine"
    assert (mine / "04_c_new_version.ipynb").exists()


def test_a_name_that_the_course_uses_again_is_not_renamed(course, mine):
    course.refresh(mine)
    before = snapshot(mine)
    assert course.refresh(mine, {"02_b": ["03_c"]}) == []
    assert snapshot(mine) == before


def test_the_table_of_renamed_notebooks_names_notebooks_of_the_course():
    names = {path.name for path in ORIGINALS}
    for old, new in copies.RENAMED.items():
        assert old not in names
        assert set(new) <= names


@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("old", copies.RENAMED)
def test_who_began_before_a_notebook_was_renamed_loses_nothing(mine, tmp_path, old, answered):
    """With the notebooks of the course and its own table."""
    before = tmp_path / old
    before.write_bytes(ORIGINALS[0].read_bytes().replace(ORIGINALS[0].name.encode(), old.encode()))
    copies.refresh([*ORIGINALS[1:], before], mine)
    for name in copies.RENAMED[old]:  # the course had none of these then
        (mine / name).unlink()
        (mine / "solutions" / name).unlink()
    record = json.loads((mine / copies.RECORD).read_text(encoding="utf-8"))
    for name in copies.RENAMED[old]:
        del record[name], record[f"solutions/{name}"]
    (mine / copies.RECORD).write_text(json.dumps(record), encoding="utf-8")
    if answered:
        answer(mine / old)

    said = "\n".join(copies.refresh(ORIGINALS, mine))
    assert f"{old} is now {', '.join(copies.RENAMED[old])}: your copy" in said
    assert {path.name for path in ORIGINALS} <= {path.name for path in mine.glob("*.ipynb")}
    if answered:
        assert sum(b"answer = 41" in path.read_bytes() for path in mine.glob("*.ipynb")) == 1
    else:
        assert not (mine / old).exists()
    assert copies.refresh(ORIGINALS, mine) == [], "said once"
