"""All of the course on one page, and on paper."""

import re
import shutil
import subprocess

import nbformat
import pytest
from common import NOTEBOOKS

from lstm_helpers.course import commands, paper, workshop

NAMES = [path.name for path in NOTEBOOKS[1:3]]
MADE = {
    path.name: workshop.instructors(nbformat.read(path, as_version=4), path.name)
    for path in NOTEBOOKS[1:3]
}
# As happens between notebooks that were made from one another.
MADE[NAMES[1]].cells[0].id = MADE[NAMES[0]].cells[0].id


@pytest.fixture(scope="module")
def page():
    texts = {"guide": "# A guide\n\n| `a/name` | what |\n|---|---|", "sheet": "# To do\n\nDo it."}
    return paper.everything(texts, MADE)


def test_guide_and_all_notebooks_are_on_the_page_in_order(page):
    heads = re.findall(r"<h1[^>]*>(.+?)<", page)
    titles = [notebook.cells[0].source.splitlines()[0][2:] for notebook in MADE.values()]
    assert heads == ["A guide", "To do", *titles]
    # All but the first begin a page.
    parts = re.findall(r'<div class="a-new-part"></div>\s*<h1[^>]*>(.+?)<', page)
    assert parts == heads[1:]
    assert paper.PRINT in page


def test_solutions_are_open_and_cells_have_names_of_their_own(page):
    assert "<details" not in page
    ids = re.findall(r'id="cell-id=([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 2 + sum(len(notebook.cells) for notebook in MADE.values())
    assert page.count("Solution of exercise ") == 7
    assert "solution" in {t for c in MADE[NAMES[0]].cells for t in c.metadata.get("tags", [])}


def test_the_page_fetches_nothing(page):
    assert not re.search(r"""<(?:script|link|img)[^>]+(?:src|href)=["'](?:https?:)?//""", page)


@pytest.mark.skipif(not paper.browser(), reason="there is no Chromium")
@pytest.mark.skipif(not shutil.which("pdftotext"), reason="there is no pdftotext")
def test_a_browser_prints_the_same_text_twice(tmp_path):
    told = []
    for name in ("a.pdf", "b.pdf"):
        paper.to_pdf("<h1>A guide</h1><p>0.75 is left.</p>", tmp_path / name, paper.browser())
        done = subprocess.run(
            ["pdftotext", str(tmp_path / name), "-"], capture_output=True, text=True, check=True
        )
        told.append(done.stdout)
    assert told[0] == told[1]
    assert re.findall(r"\S.*", told[0]) == ["A guide", "0.75 is left."]


@pytest.mark.skipif(not shutil.which("false"), reason="there is no command that fails")
def test_a_browser_that_fails_is_named(tmp_path):
    with pytest.raises(RuntimeError, match=r"expected a PDF from .*false"):
        paper.to_pdf("<p>", tmp_path / "a.pdf", shutil.which("false"))


def test_a_browser_that_fails_is_one_line_of_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "browser", lambda: shutil.which("false") or "false")
    monkeypatch.setattr(commands.workshop, "build", lambda *_: [])
    for name in commands.PRINTED:
        path = tmp_path / "build" / "workshop" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# A text\n", encoding="utf-8")

    def fail(*_):
        raise RuntimeError("expected a PDF from it, got: no display")

    monkeypatch.setattr(paper, "to_pdf", fail)
    with pytest.raises(SystemExit, match=r"^course.py: expected a PDF from it, got: no display$"):
        commands.box(tmp_path, pdf=True)


def test_without_a_browser_it_is_said_before_anything_is_made(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "browser", lambda: None)
    with pytest.raises(SystemExit, match=r"expected one of chromium, .* for a PDF, got none"):
        commands.box(tmp_path, pdf=True)
    assert list(tmp_path.iterdir()) == []
