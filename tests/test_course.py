"""The reader's copies, the rendered pages, and a failing cell."""

import base64
import importlib.util
import io
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from PIL import Image

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


SENTENCE = 'A line, "mean" <b>5</b> & more: 7 °C.'
DRAW = """\
import io
from IPython.display import display
from PIL import Image
file = io.BytesIO()
Image.new("RGB", (30, 20), {color!r}).save(file, format="PNG")
display({{"image/png": file.getvalue(), "text/plain": {alt!r}}},
        metadata={{"image/png": {{"alt": {alt!r}, "width": 15}}}}, raw=True)
"""


class Page(HTMLParser):
    """What a reader meets on a page: the images, and the code in the open and under a fold."""

    def __init__(self, text):
        super().__init__()
        self.images, self.summaries, self.path = [], [], []
        self.shown, self.folded = "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag in ("details", "summary", "body"):
            self.path.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag in ("details", "summary", "body"):
            assert self.path.pop()[0] == tag

    def handle_data(self, data):
        tags = [tag for tag, _ in self.path]
        if tags[-1:] == ["summary"]:
            self.summaries.append(data)
        elif any(tag == "details" and "open" not in attrs for tag, attrs in self.path):
            self.folded += data
        elif "body" in tags:
            self.shown += data


def test_a_page_tells_what_a_figure_shows_and_keeps_solutions_folded(course):
    write(
        course.NOTEBOOKS,
        "01_a.ipynb",
        DRAW.format(color="red", alt=SENTENCE),
        "print('an exercise')",
        "# Solution of exercise 1\nprint('the answer is', 6 * 7)",
        # An image that nobody described gets no words of ours.
        "from IPython.display import Image as Shown; Shown(file.getvalue())",
    )
    path = course.NOTEBOOKS / "01_a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3].metadata["tags"] = ["solution"]
    nbformat.write(notebook, path)
    assert course.render() == 0
    page = Page((course.RENDERED / "01_a.html").read_text(encoding="utf-8"))

    drawn, shown = page.images
    assert drawn["alt"] == SENTENCE
    assert drawn["width"] == "15"
    assert drawn["src"].startswith("data:image/png;base64,")
    assert SENTENCE not in shown["alt"]

    assert page.summaries == ["Solution"]
    for hidden in ("Solution of exercise 1", "6", "7", "the answer is 42"):
        assert hidden in page.folded
    assert "the answer is" not in page.shown
    assert "an exercise" in page.shown
    assert "an exercise" not in page.folded


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


def square(color):
    file = io.BytesIO()
    Image.new("RGB", (30, 20), color).save(file, format="PNG", compress_level=1)
    return base64.b64encode(file.getvalue()).decode()


@pytest.mark.parametrize(
    ("stored", "kept"),
    [
        (square((200, 0, 0)), False),
        (square((0, 160, 0)), True),
        (base64.b64encode(b"no picture").decode(), False),
    ],
    ids=["another picture", "the same in other bytes", "no picture"],
)
def test_execute_keeps_the_bytes_of_a_figure_that_is_the_same(course, stored, kept):
    draw = DRAW.format(color=(0, 160, 0), alt="1")
    write(course.NOTEBOOKS, "01_a.ipynb", f"print('first')\n{draw}", draw)
    path = course.NOTEBOOKS / "01_a.ipynb"
    assert course.execute([]) == 0
    once = path.read_bytes()
    notebook = nbformat.read(path, as_version=4)
    fresh = notebook.cells[1].outputs[1].data["image/png"]
    assert stored != fresh
    notebook.cells[1].outputs[1].data["image/png"] = stored
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert course.execute([]) == 0
    assert path.read_bytes() == (before if kept else once)


def test_an_unknown_notebook_is_refused(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "1")
    with pytest.raises(SystemExit, match="expected a notebook of 01, got 07"):
        course.execute(["07"])
