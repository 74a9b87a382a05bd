"""The conventions of the notebooks, checked on the committed files. (nbval runs them.)"""

import ast
import itertools
import json
import re
import statistics
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\)")
SECTIONS = ("## What we saw", "## On your own", "## Solutions", "## Further reading")
OPENING = ("**What you'll do.**", "**What you'll learn**", "**What you'll need.**")


def problems(notebook) -> list[str]:
    """Everything in a notebook that breaks a convention, one line each."""
    found = []
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    prose = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    lengths = [cell.source.count("\n") + 1 for cell in code]

    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        found.append("nbformat is not 4.5")
    if set(notebook.metadata) != {"kernelspec", "language_info"}:
        found.append(f"metadata: {sorted(notebook.metadata)}")
    if notebook.metadata.get("kernelspec", {}).get("name") != "python3":
        found.append("kernelspec is not python3")
    if dict(notebook.metadata.get("language_info", {})) != {"name": "python"}:
        found.append("language_info holds more than the name")
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        found.append("cell ids are missing or doubled")

    # A stripped notebook passes nbval with nothing compared: refuse it here.
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("execution counts are not 1..n: run it with make notebooks")
    if len(code) > 40:
        found.append(f"{len(code)} code cells, more than 40")
    if not 3 <= statistics.median(lengths) <= 6:
        found.append(f"median cell length {statistics.median(lengths)}, not 3 to 6 lines")
    if max(lengths) > 25:
        found.append(f"a cell of {max(lengths)} lines")

    headings = [line for text in prose for line in _without_fences(text) if line.startswith("#")]
    if sum(line.startswith("# ") for line in headings) != 1 or not prose[0].startswith("# "):
        found.append("not exactly one title, at the top")
    found += [f"the opening lacks {part}" for part in OPENING if part not in prose[0]]
    order = [headings.index(section) for section in SECTIONS if section in headings]
    if len(order) < len(SECTIONS) or order != sorted(order):
        found.append(f"sections missing or out of order: {SECTIONS}")

    for cell in notebook.cells:
        extra = set(cell.metadata) - {"tags", "jupyter"}
        if extra:
            found.append(f"cell {cell.id}: metadata {sorted(extra)}")
    solutions = [cell for cell in code if "solution" in cell.metadata.get("tags", [])]
    stubs = [cell for cell in code if re.search(r"= \.\.\.$", cell.source, re.M)]
    if not 3 <= len(stubs) == len(solutions) <= 5:
        found.append(f"{len(stubs)} exercises and {len(solutions)} solutions")
    folded = {"source_hidden": True, "outputs_hidden": True}
    if not all(cell.metadata.get("jupyter") == folded for cell in solutions):
        found.append("a solution is not folded")
    if not all(cell.source.startswith("# Solution of exercise") for cell in solutions):
        found.append("a folded solution shows its first line: let that be a comment")
    ignored = [cell for cell in code if "NBVAL_IGNORE_OUTPUT" in cell.source]
    tagged = [cell for cell in code if "nbval-ignore-output" in cell.metadata.get("tags", [])]
    if len(ignored) + len(tagged) > 1:
        found.append("nbval ignores the output of more than one cell")
    if not all(cell.source.startswith("# ") for cell in [*ignored, *tagged]):
        found.append("nbval ignores an output, and no comment on the first line says why")
    if sum("assert" in cell.source for cell in code) < 5:
        found.append("fewer than five cells assert something")

    imports_after = [c for c in code[1:] if re.search(r"(?m)^\s*(import|from) ", c.source)]
    if imports_after:
        found.append(f"imports after the first code cell: {imports_after[0].id}")
    for cell in code:
        if re.search(r"(?m)^\s*[%!]|sys\.path", cell.source):
            found.append(f"cell {cell.id}: magic, shell or sys.path")
        for path in re.findall(r"""["'](\.\./[^"']*)["']""", cell.source):
            if not path.startswith("../data"):
                found.append(f"cell {cell.id}: a path outside ../data: {path}")
        found += [f"cell {cell.id}: {problem}" for problem in _output_problems(cell)]
    return found


def _without_fences(text: str) -> list[str]:
    return re.sub(r"(?ms)^```.*?^```", "", text).splitlines()


def _output_problems(cell) -> list[str]:
    found = []
    outputs = cell.outputs
    for n, output in enumerate(outputs):
        text = json.dumps(output)
        if output.get("name") == "stderr" or "Warning: " in text:
            found.append("stderr or a warning")
        if output.output_type == "error":
            found.append("an error")
        if MACHINE_PATH.search(text):
            found.append("a path of some machine")
        if re.search(r" at 0x[0-9a-f]{6,}", text):
            found.append("an object's address")
        if "image/png" in output.get("data", {}):
            alt = output.metadata.get("image/png", {}).get("alt", "")
            after = outputs[n + 1].get("data", {}) if n + 1 < len(outputs) else {}
            if not re.search(r"\d", alt):
                found.append("a figure without alt text that holds a number")
            elif output.data["text/plain"] != alt or after.get("text/plain") != alt:
                found.append("a figure whose text or caption is not its alt text")
    streams = [o for o in outputs if o.output_type == "stream"]
    if len(streams) > len({o.name for o in streams}) and not _interleaved(outputs):
        found.append("streams not coalesced")
    return found


def _interleaved(outputs) -> bool:
    kinds = [o.output_type for o in outputs]
    return not any(a == b == "stream" for a, b in itertools.pairwise(kinds))


def read(path):
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n + 1:02}" for n in range(len(NOTEBOOKS))]
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_keeps_the_conventions(path):
    nbformat.validate(read(path))
    assert problems(read(path)) == []


def _strip_outputs(notebook):
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def _figure(notebook):
    return next(
        o
        for cell in notebook.cells
        if cell.cell_type == "code"
        for o in cell.outputs
        if "image/png" in o.get("data", {})
    )


def _first_code(notebook):
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


FAULTS = {
    "execution counts": _strip_outputs,
    "alt text": lambda nb: _figure(nb).metadata["image/png"].pop("alt"),
    "caption": lambda nb: _figure(nb).data.update({"text/plain": "another 1"}),
    "stderr": lambda nb: _first_code(nb).outputs.append(
        nbformat.v4.new_output("stream", name="stderr", text="hm")
    ),
    "path of some machine": lambda nb: _first_code(nb).outputs.append(
        nbformat.v4.new_output("stream", text="/home/me/x")
    ),
    "metadata": lambda nb: nb.metadata.update({"widgets": {}}),
    "one title": lambda nb: nb.cells.append(nbformat.v4.new_markdown_cell("# Again")),
    "lines": lambda nb: _first_code(nb).update(source="\n" * 30),
    "exercises": lambda nb: [c.metadata.pop("tags", None) for c in nb.cells],
    "imports": lambda nb: nb.cells.append(
        nbformat.v4.new_code_cell("import os", execution_count=99)
    ),
    "magic": lambda nb: _first_code(nb).update(source="%time 1"),
    "outside": lambda nb: _first_code(nb).update(source='open("../README.md")'),
    "ids": lambda nb: nb.cells[1].update(id=nb.cells[0].id),
    "assert": lambda nb: [c.update(source=c.source.replace("assert", "")) for c in nb.cells],
    "opening": lambda nb: nb.cells[0].update(source="# Title"),
    "sections": lambda nb: nb.cells.reverse(),
    "says why": lambda nb: _first_code(nb).metadata.update(tags=["nbval-ignore-output"]),
    "nbval ignores": lambda nb: [
        c.metadata.update(tags=["nbval-ignore-output"]) for c in nb.cells if c.cell_type == "code"
    ],
}


@pytest.mark.parametrize("word", FAULTS)
def test_every_convention_can_fail(word):
    notebook = read(NOTEBOOKS[0])
    FAULTS[word](notebook)
    assert any(word in problem for problem in problems(notebook))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_python(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
