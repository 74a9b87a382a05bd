"""The pages of notebooks, notebooks executed in place, and what a failing cell leaves.

tests/test_site.py looks at the whole website, in a browser.
"""

import base64
import errno
import io
import os
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from common import SEEN, SEEN_WITHOUT, TOP, settings_of_a_user
from PIL import Image

from lstm_helpers.course import commands, pages, website

needs_sphinx = pytest.mark.skipif(bool(website.missing()), reason="install the extra site")


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A checkout with a space in its name, and the commands in it."""
    top = tmp_path / "a folder"
    (top / "notebooks").mkdir(parents=True)
    (top / "README.md").write_text("# A course\n", encoding="utf-8")
    shutil.copytree(TOP / "website", top / "website")
    monkeypatch.setattr(website, "public_modules", lambda: ["lstm_helpers.patching"])
    rendered = top / "build" / "course"
    return SimpleNamespace(
        NOTEBOOKS=top / "notebooks",
        RENDERED=rendered,
        render=lambda *options: commands.main(top, ["render", *options]),
        execute=lambda numbers: commands.main(top, ["execute", *numbers]),
    )


def write(folder, name, *cells):
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_markdown_cell("# Ask: this & that?"),
            *map(nbformat.v4.new_code_cell, cells),
        ]
    )
    nbformat.write(notebook, folder / name)


@needs_sphinx
def test_render_leaves_a_website_that_fetches_nothing(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "print(6 * 7)")
    assert course.render() == 0
    index = (course.RENDERED / "notebooks" / "index.html").read_text(encoding="utf-8")
    page = (course.RENDERED / "notebooks" / "01_a.html").read_text(encoding="utf-8")
    assert '<a class="reference internal" href="01_a.html">' in index
    assert "Ask: this &amp; that?" in index
    assert ">42\n" in page
    for text in (index, page, (course.RENDERED / "index.html").read_text(encoding="utf-8")):
        assert 'src="http' not in text
        assert 'href="http' not in text
    left = sorted(path.name for path in course.RENDERED.parent.iterdir())
    assert left == ["course"]


@needs_sphinx
def test_render_executes_nothing_if_asked(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "print(6 * 7)")
    assert course.render("--stored") == 0
    page = (course.RENDERED / "notebooks" / "01_a.html").read_text(encoding="utf-8")
    assert ">42\n" not in page


def test_render_without_sphinx_says_what_to_install(course, monkeypatch):
    monkeypatch.setattr(website, "missing", lambda: ["myst_nb"])
    with pytest.raises(
        SystemExit, match=r"has no myst_nb: call make course, or install .*\.\[site\]"
    ):
        course.render()
    assert not course.RENDERED.exists()


SENTENCE = 'A line, "mean" <b>5</b> & more: 7 °C.'
DRAW = """\
import io
import os
import re
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


def described(course):
    """A notebook with two figures, of which one says what it shows, and with a solution."""
    write(
        course.NOTEBOOKS,
        "01_a.ipynb",
        DRAW.format(color="red", alt=SENTENCE),
        "print('an exercise')",
        "# Solution of exercise 1.\nprint('the answer is', 6 * 7)",
        # An image that nobody described gets no words of ours.
        "from IPython.display import Image as Shown; Shown(file.getvalue())",
    )
    path = course.NOTEBOOKS / "01_a.ipynb"
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[3].metadata["tags"] = ["solution"]
    nbformat.write(notebook, path)
    assert course.execute([]) == 0
    return nbformat.read(path, as_version=4)


def check_page(page, summary):
    drawn, shown = page.images
    assert drawn["alt"] == SENTENCE
    assert drawn["width"] == "15"
    assert SENTENCE not in shown.get("alt", "")
    assert page.summaries == [summary]
    for hidden in ("Solution of exercise 1", "6", "7", "the answer is 42"):
        assert hidden in page.folded
    assert "the answer is" not in page.shown
    assert "an exercise" in page.shown
    assert "an exercise" not in page.folded
    return drawn["src"]


@needs_sphinx
def test_a_page_tells_what_a_figure_shows_and_keeps_solutions_folded(course):
    described(course)
    assert course.render("--stored") == 0
    path = course.RENDERED / "notebooks" / "01_a.html"
    figure = check_page(Page(path.read_text(encoding="utf-8")), "Solution of exercise 1")
    with Image.open(path.parent / figure) as image:
        assert image.size == (30, 20)


def test_so_does_the_page_of_a_test_run_that_went_wrong(course):
    page, _ = pages.exporter().from_notebook_node(described(course))
    assert check_page(Page(page), "Solution").startswith("data:image/png;base64,")


@needs_sphinx
def test_render_stops_at_the_first_failing_cell_and_names_it(course, capsys):
    write(course.NOTEBOOKS, "01_a.ipynb", "1", "assert False, 'drifted'", "3")
    write(course.NOTEBOOKS, "02_b.ipynb", "1")
    assert course.render() == 1
    said = capsys.readouterr().err
    assert "01_a.ipynb, code cell 2 of 3 failed" in said
    assert "drifted" in said
    assert list(course.RENDERED.rglob("*.html")) == []


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


def test_notebooks_are_executed_without_what_a_user_has_set(course, tmp_path, monkeypatch):
    for name, value in settings_of_a_user(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    write(course.NOTEBOOKS, "01_a.ipynb", SEEN)
    assert course.execute(["01"]) == 0
    cell = nbformat.read(course.NOTEBOOKS / "01_a.ipynb", as_version=4).cells[1]
    assert [output.get("text") for output in cell.outputs] == [SEEN_WITHOUT]
    assert dict(os.environ) == before


def test_a_full_disk_leaves_the_notebook_and_the_last_site(course, monkeypatch):
    write(course.NOTEBOOKS, "01_a.ipynb", "print(2)")
    path, last = course.NOTEBOOKS / "01_a.ipynb", course.RENDERED / "index.html"
    last.parent.mkdir(parents=True)
    last.write_text("last week's")
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(commands.running, "run", lambda *_: True)
    monkeypatch.setattr(commands.copies.os, "replace", full)
    with pytest.raises(SystemExit, match="No space left on device"):
        course.execute([])
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert path.read_bytes() == before

    monkeypatch.setattr(website, "missing", lambda: [])
    monkeypatch.setattr(commands.running, "run", lambda *_: False)
    assert course.render() == 1
    assert last.read_text() == "last week's"


def test_an_unknown_notebook_is_refused(course):
    write(course.NOTEBOOKS, "01_a.ipynb", "1")
    with pytest.raises(SystemExit, match="expected a notebook of 01, got 07"):
        course.execute(["07"])


@pytest.mark.parametrize("command", ["execute", "render"])
def test_what_cannot_be_written_is_one_line(course, monkeypatch, command):
    """The disk may be read-only, full or another's. Root may write all the same, so it is acted."""
    write(course.NOTEBOOKS, "01_a.ipynb", "1")

    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "open" if command == "execute" else "mkdir", refuse)
    monkeypatch.setattr(commands.homes, "neutral", lambda folder: {})
    monkeypatch.setattr(website, "missing", lambda: [])
    monkeypatch.setattr(commands.running, "run", None)  # it is told before a cell runs
    with pytest.raises(SystemExit) as stopped:
        commands.main(course.NOTEBOOKS.parent, [command])
    assert re.fullmatch(
        r"expected to read and write .*(01_a.ipynb|course), got: Read-only file system",
        stopped.value.code,
    )


def test_an_error_of_another_kind_is_not_hidden(course, monkeypatch):
    def lose(*_):
        raise FileNotFoundError(errno.ENOENT, "No such file", "x")

    monkeypatch.setattr(commands, "render", lose)
    with pytest.raises(FileNotFoundError):
        course.render()
