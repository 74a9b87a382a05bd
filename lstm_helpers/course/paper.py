"""All of the course on paper: one page of HTML, and a PDF of it if there is a Chromium."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import nbformat

from lstm_helpers.course import pages

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
PRINT = """
<style>
@media print {
  pre, code { white-space: pre-wrap !important; overflow-wrap: anywhere }
  td:first-child code { white-space: nowrap !important }
  img, svg, tr { break-inside: avoid; max-width: 100% }
  h1, h2, h3 { break-after: avoid }
  .a-new-part { break-before: page }
}
</style>
"""


def browser() -> str | None:
    """The path of a Chromium; None if it is missing."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def everything(texts: Mapping[str, str], notebooks: Mapping[str, nbformat.NotebookNode]) -> str:
    """One page of HTML with texts first, then notebooks, all with their solutions open.

    Parameters
    ----------
    texts : mapping from str to str
        Markdown by a name.
    notebooks : mapping from file name to NotebookNode
        The instructor's.
    """
    cells = [nbformat.v4.new_markdown_cell(text, id=name) for name, text in texts.items()]
    starts = list(range(1, len(cells)))
    for name, notebook in notebooks.items():
        starts.append(len(cells))
        for cell in copy.deepcopy(notebook.cells):
            cell.id = f"{name[:2]}-{cell.id}"  # in two notebooks a cell may have the same
            # The page of a test run folds what has this tag, and nobody opens paper.
            cell.metadata["tags"] = [t for t in cell.metadata.get("tags", []) if t != "solution"]
            cells.append(cell)
    for start in starts:
        cells[start].source = f'<div class="a-new-part"></div>\n\n{cells[start].source}'
    whole = nbformat.v4.new_notebook(cells=cells, metadata={"title": "The course, all of it"})
    page, _ = pages.exporter().from_notebook_node(whole)
    return page.replace("</head>", f"{PRINT}</head>", 1)


def to_pdf(page: str, path: Path, chromium: str) -> None:
    """Print a page.

    Raises
    ------
    RuntimeError
        The browser made no PDF.
    """
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "page.html")
        source.write_text(page, encoding="utf-8")
        command = [
            chromium, "--headless", "--disable-gpu", "--no-pdf-header-footer",
            f"--user-data-dir={folder}/profile", f"--print-to-pdf={path}",
            "--generate-pdf-document-outline",  # headings beside the pages; there are over 200
            "--virtual-time-budget=20000", source.as_uri(),
        ]  # fmt: skip
        if hasattr(os, "geteuid") and os.geteuid() == 0:  # as in a container
            command.insert(1, "--no-sandbox")
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode or not path.exists():
        raise RuntimeError(f"expected a PDF from {chromium}, got: {done.stderr[-500:]}")
