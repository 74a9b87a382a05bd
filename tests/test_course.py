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
