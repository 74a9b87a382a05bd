"""The page of a notebook that failed: fresh outputs, what went wrong, old and new figures."""

from __future__ import annotations

import base64
import contextlib
import copy
import html
import shutil
from pathlib import Path

import nbformat

MARK = "border-left: 6px solid #b00020; padding: 0 1em; overflow-x: auto"


def remove(place: Path) -> None:
    """What a run before has left."""
    shutil.rmtree(place, ignore_errors=True)
    place.with_suffix(".html").unlink(missing_ok=True)


def leave(place: Path, notebook, cells: dict, failures: dict[int, str]) -> None:
    """Write ``place``.html, and the figures that changed as files into ``place``.

    Parameters
    ----------
    place : Path
    notebook : NotebookNode
        As committed.
    cells : dict from number to (outputs, figures)
        The code cells that ran, counted from 0, with their fresh outputs; a figure is (committed
        PNG, fresh PNG, caption).
    failures : dict from number to text
    """
    from lstm_helpers.course import pages

    page = copy.deepcopy(notebook)
    for n, cell in enumerate(cell for cell in page.cells if cell.cell_type == "code"):
        outputs, figures = cells.get(n, ([], []))
        cell.execution_count = n + 1
        cell.outputs = nbformat.from_dict(outputs)
        if n in failures:
            mark = f'<div id="drift-{n + 1}" style="{MARK}"><pre>{html.escape(failures[n])}</pre>'
            for k, figure in enumerate(figures, 1):
                mark += _side_by_side(place / f"{n + 1:02}-{k}", *figure)
            data = {"text/html": f"{mark}</div>"}
            cell.outputs.insert(0, nbformat.v4.new_output("display_data", data))
    links = ", ".join(f"[In [{n + 1}]](#drift-{n + 1})" for n in sorted(failures))
    page.cells.insert(0, nbformat.v4.new_markdown_cell(f"Not as committed: {links}"))
    page.metadata["title"] = f"Drift of {place.name}"
    text, _ = pages.exporter().from_notebook_node(page)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.with_suffix(".html").write_text(text, encoding="utf-8")


def _side_by_side(files: Path, committed: str, fresh: str, caption: str) -> str:
    """A figure's committed and fresh picture and their difference, as HTML and as files."""
    from lstm_helpers.course import pictures

    pngs = {"committed": committed, "fresh": fresh}
    with contextlib.suppress(ValueError):  # one is no picture, or of another size
        pngs["difference"] = pictures.difference(committed, fresh)
    files.parent.mkdir(parents=True, exist_ok=True)
    shown = ""
    for name, png in pngs.items():
        with contextlib.suppress(ValueError):  # not even base64
            files.with_name(f"{files.name}-{name}.png").write_bytes(base64.b64decode(png))
        shown += (
            f'<figure style="width: 32%; margin: 0"><figcaption>{name}</figcaption><img '
            f'style="width: 100%" alt="{name}: {html.escape(caption)}" '
            f'src="data:image/png;base64,{html.escape(png)}"></figure>'
        )
    return f'<div style="display: flex; gap: 2%">{shown}</div>'
