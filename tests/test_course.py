"""The reader's copies, the rendered pages, and a failing cell."""

import importlib.util
import sys
from pathlib import Path

import nbformat
import pytest

TOP = Path(__file__).parent.parent


@pytest.fixture
def course(tmp_path, monkeypatch):
    """notebooks/course.py, working in a folder of its own with a space in its name."""
    spec = importlib.util.spec_from_file_location("course", TOP / "notebooks" / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    top = tmp_path / "a folder"
    (top / "notebooks").mkdir(parents=True)
    monkeypatch.setattr(module, "TOP", top)
    monkeypatch.setattr(module, "NOTEBOOKS", top / "notebooks")
    monkeypatch.setattr(module, "MINE", top / "my-notebooks")
    monkeypatch.setattr(module, "RENDERED", top / "build" / "course")
    return module


def write(folder, name, *cells):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Ask: is it <so>?"),
            *map(nbformat.v4.new_code_cell, cells),
        ]
    )
    nbformat.write(notebook, folder / name)


@pytest.fixture
def launched(course, monkeypatch):
    calls = []
    monkeypatch.setattr(course.subprocess, "call", lambda command, **_: calls.append(command) or 0)
    return calls


def test_lab_copies_once_and_never_overwrites(course, launched):
    write(course.NOTEBOOKS, "01_a.ipynb", "1")
    assert course.lab(fresh=False, options=["--no-browser"]) == 0
    mine = course.MINE / "01_a.ipynb"
    assert mine.read_bytes() == (course.NOTEBOOKS / "01_a.ipynb").read_bytes()
    assert launched[0][:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--LabApp.default_url=/lab/tree/my-notebooks/01_a.ipynb" in launched[0]
    assert launched[0][-1] == "--no-browser"

    mine.write_text("solved")
    write(course.NOTEBOOKS, "02_b.ipynb", "2")
    course.lab(fresh=False, options=[])
    assert mine.read_text() == "solved"
    assert (course.MINE / "02_b.ipynb").exists(), "a notebook that is new arrives"


def test_fresh_starts_anew_and_keeps_a_backup(course, launched):
    write(course.NOTEBOOKS, "01_a.ipynb", "1")
    course.lab(fresh=False, options=[])
    (course.MINE / "01_a.ipynb").write_text("solved")
    course.lab(fresh=True, options=[])
    (backup,) = course.TOP.glob("my-notebooks.backup-*")
    assert (backup / "01_a.ipynb").read_text() == "solved"
    assert (course.MINE / "01_a.ipynb").read_text() != "solved"


@pytest.fixture
def with_the_course(course):
    """The committed notebooks in place of made-up ones."""
    for path in (TOP / "notebooks").glob("*.ipynb"):
        (course.NOTEBOOKS / path.name).write_bytes(path.read_bytes())
    return course


def read(path):
    return nbformat.read(path, as_version=4)


def printed(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def test_run_all_in_a_copy_spoils_nothing(with_the_course, launched):
    course = with_the_course
    course.lab(fresh=False, options=[])
    for source in course.notebooks():
        original, mine = read(source), read(course.MINE / source.name)
        nbformat.validate(mine)
        solutions = [c for c in original.cells if "solution" in c.metadata.get("tags", [])]
        kept = [cell for cell in original.cells if cell not in solutions]
        assert len(solutions) >= 3
        assert original.cells[-1 - len(solutions) : -1] == solutions, "no other cell needs them"
        assert [cell.id for cell in mine.cells] == [cell.id for cell in kept]
        changed = [n for n, cell in enumerate(mine.cells) if cell != kept[n]]
        assert len(changed) == 1
        assert f"(solutions/{source.name})" in mine.cells[changed[0]].source
        assert mine.cells[changed[0]].source.startswith("## Solutions\n")
        assert sum("not attempted yet" in printed(cell) for cell in mine.cells) == len(solutions)
        told = "".join(cell.source + printed(cell) for cell in mine.cells)
        assert not any(cell.source in told or printed(cell) in told for cell in solutions)
        assert ": right" not in told


def test_solutions_lie_beside_with_their_exercise_and_output(with_the_course, launched):
    course = with_the_course
    course.lab(fresh=False, options=[])
    for source in course.notebooks():
        original, beside = read(source), read(course.MINE / "solutions" / source.name)
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
            assert any(cell.source.endswith(text.source) for cell in original.cells)
            assert solution.source.startswith(f"# Solution of exercise {n}.")
            assert printed(solution).startswith(f"{source.name[:2]}-{n}: right: ")


def test_solutions_are_never_overwritten_and_fresh_backs_them_up(with_the_course, launched):
    course = with_the_course
    course.lab(fresh=False, options=[])
    first, second = sorted((course.MINE / "solutions").iterdir())[:2]
    before = second.read_bytes()
    first.write_text("my notes")
    second.unlink()
    course.lab(fresh=False, options=[])
    assert first.read_text() == "my notes"
    assert second.read_bytes() == before, "one that is missing comes back, the same"
    course.lab(fresh=True, options=[])
    (backup,) = course.TOP.glob("my-notebooks.backup-*")
    assert (backup / "solutions" / first.name).read_text() == "my notes"
    assert first.read_text(encoding="utf-8") != "my notes"


def test_render_leaves_pages_with_an_index_that_fetch_nothing(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "print(6 * 7)")
    assert course.render() == 0
    index = (course.RENDERED / "index.html").read_text(encoding="utf-8")
    page = (course.RENDERED / "01_a.html").read_text(encoding="utf-8")
    assert '<a href="01_a.html">Ask: is it &lt;so&gt;?</a>' in index
    assert ">42\n" in page
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_render_stops_at_the_first_failing_cell_and_names_it(course, capsys):
    write(course.NOTEBOOKS, "01_a.ipynb", "1", "assert False, 'drifted'", "3")
    write(course.NOTEBOOKS, "02_b.ipynb", "1")
    assert course.render() == 1
    said = capsys.readouterr().err
    assert "01_a.ipynb, code cell 2 of 3 failed" in said
    assert "drifted" in said
    assert not (course.RENDERED / "02_b.html").exists()


def test_execute_leaves_the_same_bytes_twice(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "print(1)\nprint(2)", "import sys; sys.version[0]")
    path = course.NOTEBOOKS / "01_a.ipynb"
    assert course.execute([]) == 0
    once = path.read_bytes()
    assert course.execute(["01"]) == 0
    assert path.read_bytes() == once
    notebook = nbformat.read(path, as_version=4)
    assert dict(notebook.metadata.language_info) == {"name": "python"}
    assert all(not cell.metadata for cell in notebook.cells)


def test_an_unknown_notebook_is_refused(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "1")
    with pytest.raises(SystemExit, match="expected a notebook of 01, got 07"):
        course.execute(["07"])
