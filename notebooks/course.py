"""Open, execute and render the course, for ``make lab``, ``notebooks`` and ``course``.

python notebooks/course.py lab [--fresh] [options for JupyterLab]
python notebooks/course.py execute [02 ...]
python notebooks/course.py render
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import datetime
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pictures
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tqdm import tqdm

NOTEBOOKS = Path(__file__).resolve().parent
TOP = NOTEBOOKS.parent
MINE = TOP / "my-notebooks"
RENDERED = TOP / "build" / "course"
CELL_TIMEOUT = 300
"""Seconds after which a cell counts as hung; the longest takes about 30."""

PAGE = """\
{% extends 'lab/index.html.j2' %}
{% block codecell %}
{% if 'solution' in cell.metadata.get('tags', []) %}
<details style="margin-left: 7em"><summary>Solution</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock codecell %}
{% block data_png scoped %}
{% set alt = output | get_metadata('alt', 'image/png') %}
{{ super() if alt is none
   else super() | replace('<img ', '<img alt="' ~ (alt | escape_html) ~ '" ', 1) }}
{% endblock data_png %}
"""
"""The page template: JupyterLab's look, but solutions are shut until clicked, as they are there,
and an image says what it shows to those who can't see it (nbconvert looks for no ``alt``)."""


def lab(fresh: bool, options: list[str]) -> int:
    """Open the reader's own copies, making them first; what exists is never overwritten.

    The copies have no solutions, so that Run All spoils nothing: they lie in a folder beside.
    """
    if fresh and MINE.exists():
        stamp = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
        backup = MINE.with_name(f"{MINE.name}.backup-{stamp}")
        MINE.rename(backup)
        print(f"Your notebooks so far are kept in {backup.name}/")
    (MINE / "solutions").mkdir(parents=True, exist_ok=True)
    for source in notebooks():
        for path, made in (
            (MINE / source.name, without_solutions),
            (MINE / "solutions" / source.name, solutions_alone),
        ):
            if not path.exists():
                nbformat.write(made(nbformat.read(source, as_version=4), source.name), path)
    print(f"Work in {MINE.name}/ as you like: the originals stay in {NOTEBOOKS.name}/")
    print(f"Solutions of the exercises lie in {MINE.name}/solutions/")
    first = f"{MINE.name}/{notebooks()[0].name}"
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={TOP}",
        f"--LabApp.default_url=/lab/tree/{first}",
        "--LabApp.extension_manager=readonly",
    ]
    # Our settings come on top of the reader's: no question about news at the first start.
    paths = [str(NOTEBOOKS / ".jupyter"), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    settings = {"JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, paths))}
    try:
        return subprocess.call([*command, *options], cwd=TOP, env=os.environ | settings)
    except KeyboardInterrupt:
        return 0


def without_solutions(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The notebook as a reader gets it: where the solutions stood, it says where they are."""
    mine = copy.deepcopy(notebook)
    mine.cells = [cell for cell in mine.cells if not _is_solution(cell)]
    for cell in mine.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## Solutions"):
            cell.source = (
                f"## Solutions\n\nThey lie beside this notebook, in "
                f"[solutions/{name}](solutions/{name}), with what they print."
            )
    return mine


def solutions_alone(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """A notebook to read: each exercise's text, its solution and what that printed."""
    title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
    texts = {}
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for text in re.split(r"(?m)^(?=\*\*Exercise \d)", cell.source)[1:]:
                texts[re.match(r"\*\*Exercise (\d+)", text)[1]] = text.strip()
    intro = (
        f"# Solutions: {title}\n\n"
        "Folded: click to open one. They are here to be read. To run one, run your notebook "
        f"[{name}](../{name}) up to the exercise, copy the cell into it, below the exercise, and "
        "run it there. What a solution uses and does not make itself (imports, data, weights) was "
        "made by the exercise's cell and those above it, or by the solutions before it."
    )
    cells = [nbformat.v4.new_markdown_cell(intro, id="intro")]
    for cell in filter(_is_solution, notebook.cells):
        number = re.match(r"# Solution of exercise (\d+)", cell.source)[1]
        cells.append(nbformat.v4.new_markdown_cell(texts[number], id=f"exercise-{number}"))
        cells.append(copy.deepcopy(cell))
    return nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(notebook.metadata))


def execute(numbers: list[str]) -> int:
    """Execute notebooks where they are and take out what changes from run to run."""
    for path in notebooks(numbers):
        notebook = nbformat.read(path, as_version=4)
        before = copy.deepcopy(notebook)
        if not run(notebook, path.name):
            return 1
        strip(notebook)
        keep_figures(before, notebook)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            nbformat.write(notebook, file)
    return 0


def render() -> int:
    """Execute every notebook in order and leave HTML pages with an index; stop at a failure."""
    shutil.rmtree(RENDERED, ignore_errors=True)
    RENDERED.mkdir(parents=True)
    rows = []
    for path in notebooks():
        notebook = nbformat.read(path, as_version=4)
        if not run(notebook, path.name):
            return 1
        strip(notebook)
        title = notebook.cells[0].source.splitlines()[0].lstrip("# ")
        notebook.metadata["title"] = title
        page, _ = exporter().from_notebook_node(notebook)
        target = RENDERED / path.with_suffix(".html").name
        target.write_text(page, encoding="utf-8")
        rows.append(f'<li><a href="{target.name}">{html.escape(title)}</a></li>')
    index = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<title>The course</title><style>body{font:1.1rem/1.7 sans-serif;max-width:40rem;"
        "margin:3rem auto;padding:0 1rem}</style></head><body>"
        "<h1>What do the weights of a Keras LSTM mean?</h1><ol>\n"
        + "\n".join(rows)
        + "\n</ol></body></html>\n"
    )
    (RENDERED / "index.html").write_text(index, encoding="utf-8")
    print(f"Open {RENDERED.relative_to(TOP) / 'index.html'}")
    return 0


def exporter():
    """What makes a page of a notebook: of the course, and of a test run that went wrong."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    # No page may fetch anything: the course is read offline.
    return HTMLExporter(
        template_file="course.html.j2",
        extra_loaders=[DictLoader({"course.html.j2": PAGE})],
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        embed_images=True,
    )


def notebooks(numbers: list[str] | None = None) -> list[Path]:
    """The course's notebooks in order, or those whose names begin with one of ``numbers``."""
    found = sorted(NOTEBOOKS.glob("[0-9][0-9]_*.ipynb"))
    if not numbers:
        return found
    for number in numbers:
        if not any(path.name.startswith(number) for path in found):
            names = ", ".join(path.name[:2] for path in found)
            sys.exit(f"expected a notebook of {names}, got {number}")
    return [path for path in found if path.name.startswith(tuple(numbers))]


def run(notebook: nbformat.NotebookNode, name: str) -> bool:
    """Execute in place with a bar; after a failing cell say which, and return False."""
    code = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    bar = tqdm(total=len(code), desc=name, unit="cell", file=sys.stdout)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # only errors of the kernel's own
        resources={"metadata": {"path": str(NOTEBOOKS)}},
        coalesce_streams=True,
        record_timing=False,
        on_cell_executed=lambda **_: bar.update(),
    )
    try:
        client.execute()
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        done = bar.n
        bar.close()
        # The bar counts a failing cell too, where the kernel lived to answer.
        failed = next((k for k, n in enumerate(code, 1) if _has_error(notebook.cells[n])), done + 1)
        print(f"{name}, code cell {failed} of {len(code)} failed:\n{error}", file=sys.stderr)
        return False
    bar.close()
    return True


def strip(notebook: nbformat.NotebookNode) -> None:
    """Take out what differs from run to run or from machine to machine."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        kept = {"tags", "jupyter"} & set(cell.metadata)
        cell.metadata = nbformat.from_dict({name: cell.metadata[name] for name in sorted(kept)})


def _is_solution(cell: nbformat.NotebookNode) -> bool:
    return "solution" in cell.metadata.get("tags", [])


def keep_figures(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> None:
    """Keep the bytes of each figure that is still the same picture: a diff shows what changed."""
    for old, new in zip(before.cells, after.cells, strict=True):
        pairs = zip(
            pictures.figures(old.get("outputs", [])),
            pictures.figures(new.get("outputs", [])),
            strict=False,  # a figure may be new
        )
        for was, now in pairs:
            with contextlib.suppress(ValueError):  # what was no picture goes
                if not pictures.change(was.data["image/png"], now.data["image/png"]):
                    now.data["image/png"] = was.data["image/png"]


def _has_error(cell: nbformat.NotebookNode) -> bool:
    allowed = "raises-exception" in cell.metadata.get("tags", [])
    return not allowed and any(o.output_type == "error" for o in cell.get("outputs", []))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    lab_parser = commands.add_parser("lab", help="open the course in JupyterLab")
    lab_parser.add_argument("--fresh", action="store_true", help="start anew, keep a backup")
    execute_parser = commands.add_parser("execute", help="execute notebooks in place")
    execute_parser.add_argument("numbers", nargs="*", help="01, 02, ...; all unless given")
    commands.add_parser("render", help="execute all into HTML pages")
    arguments, rest = parser.parse_known_args()
    if rest and arguments.command != "lab":
        parser.error(f"unknown options: {' '.join(rest)}")
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    # For the kernels. The matrices of the course are small: where cores are busy, threads of NumPy
    # that wait for each other take ten times as long as one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if arguments.command == "lab":
        return lab(arguments.fresh, rest)
    if arguments.command == "execute":
        return execute(arguments.numbers)
    return render()


if __name__ == "__main__":
    sys.exit(main())
