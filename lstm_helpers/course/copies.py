"""The learner's copies of the notebooks: made without solutions, and kept up to date.

A copy that the learner never changed follows the course. One that the learner changed stays as it
is, and the new original comes beside it. A record in the folder says what was copied.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import nbformat

RECORD = ".copies.json"
"""For each file that was copied, the fingerprint of the newest original that the learner has."""
BESIDE = "_new_version"
"""Ends the name of a new original that lies beside the copy that a learner changed."""
KEPT = "kept"
"""In the record: a renamed notebook's old copy, which the learner changed and was told of."""

RENAMED: dict[str, tuple[str, ...]] = {
    "06_trace_the_past_hours.ipynb": (
        "06_test_the_methods.ipynb",
        "07_trace_the_past_hours.ipynb",
        "08_ask_the_state.ipynb",
    ),
}
"""What became of notebooks that the course has no more: the old name, and the new one or ones."""


def refresh(
    originals: Sequence[Path], mine: Path, renamed: Mapping[str, Sequence[str]] = RENAMED
) -> list[str]:
    """Make the copies that are missing, renew those that the learner never changed.

    Nothing that a learner wrote is overwritten or removed. Compared are the sources of the cells,
    since to run a notebook in JupyterLab changes all else.

    Parameters
    ----------
    originals : sequence of Path
        The notebooks of the course.
    mine : Path
        The learner's folder; it is made if it does not exist.
    renamed : mapping from str to sequence of str
        As ``RENAMED``.

    Returns
    -------
    list of str
        What the learner should know, a line each; empty at the first start.
    """
    (mine / "solutions").mkdir(parents=True, exist_ok=True)
    record = _read_record(mine / RECORD)
    gone = {old: new for old, new in renamed.items() if old not in {p.name for p in originals}}
    lines = _follow_renames(mine, record, gone)
    renewed, beside = [], []
    for source in originals:
        try:
            original = nbformat.read(source, as_version=4)
            copies = {
                source.name: without_solutions(original, source.name),
                f"solutions/{source.name}": solutions_alone(original, source.name),
            }
        except (ValueError, TypeError, KeyError, AttributeError, nbformat.ValidationError):
            lines.append(
                f"expected {source} as the course has it, got something else (was it edited, or "
                "merged?): it is left out, and a copy that you have stays as it is"
            )
            continue
        for name, made in copies.items():
            known, now = record.get(name), fingerprint(made.cells, source.name)
            record[name] = now
            if not (mine / name).exists():
                _write(made, mine / name)
                continue
            found = fingerprint_of(mine / name, source.name)
            if found == now:
                continue
            if found is not None and found == known:
                _write(made, mine / name)
                renewed.append(name)
            elif known != now:  # also a copy from before there was a record: whose words are these?
                beside.append(_write_beside(made, now, mine, name, record))
    if renewed:
        lines.append(
            f"The course has changed. Renewed, as you had not changed them: {_list(renewed)}"
        )
    if beside:
        lines.append(
            "The course has changed, and so have your copies: yours stay as they are, the new ones "
            f"lie beside them: {_list(beside)}"
        )
    _write_record(record, mine / RECORD)
    return lines


def fingerprint(cells: Sequence[Mapping], name: str) -> str:
    """Of the kinds and the sources of cells, and of nothing that a run or a new name changes."""
    sources = [(cell["cell_type"], "".join(cell["source"]).rstrip()) for cell in cells]
    sources = [(kind, source.replace(name, "")) for kind, source in sources]
    # To run the last cell makes an empty one below it.
    told = [(kind, source) for kind, source in sources if source]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def without_solutions(notebook: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """The notebook as a learner gets it: where the solutions stood, it says where they are."""
    mine = copy.deepcopy(notebook)
    mine.cells = [cell for cell in mine.cells if not is_solution(cell)]
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
                # Its sections are those of the learner's notebook.
                away = text.strip().replace("](#", f"](../{name}#")
                texts[re.match(r"\*\*Exercise (\d+)", text)[1]] = away
    intro = (
        f"# Solutions: {title}\n\n"
        "Folded: click to open one. They are here to be read. To run one, run your notebook "
        f"[{name}](../{name}) up to the exercise, copy the cell into it, below the exercise, and "
        "run it there. What a solution uses and does not make itself (imports, data, weights) was "
        "made by the exercise's cell and those above it, or by the solutions before it."
    )
    cells = [nbformat.v4.new_markdown_cell(intro, id="intro")]
    for cell in filter(is_solution, notebook.cells):
        number = re.match(r"# Solution of exercise (\d+)", cell.source)[1]
        cells.append(nbformat.v4.new_markdown_cell(texts[number], id=f"exercise-{number}"))
        cells.append(copy.deepcopy(cell))
    return nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(notebook.metadata))


def is_solution(cell: nbformat.NotebookNode) -> bool:
    """Whether a cell solves an exercise."""
    return "solution" in cell.metadata.get("tags", [])


def _follow_renames(mine: Path, record: dict, renamed: Mapping[str, Sequence[str]]) -> list[str]:
    """Bring old copies under their new name, or say what took their place."""
    lines = []
    # From the last to the first: a course that grows moves numbers up.
    for old, new in sorted(renamed.items(), reverse=True):
        for folder in ("", "solutions/"):
            known = record.pop(folder + old, None)
            path = mine / folder / old
            if not path.exists():
                continue
            after = [folder + name for name in new]
            said = f"{folder}{old} is now {_list(after)}"
            if len(new) == 1 and not (mine / after[0]).exists():
                _rename(path, new[0])
                if known is not None:
                    record[after[0]] = known
                lines.append(f"{said}: your copy has the new name")
            elif known is not None and fingerprint_of(path, old) == known:
                path.unlink()
                lines.append(f"{said}: your copy was as we made it, so the new take its place")
            else:
                record[folder + old] = KEPT
                if known != KEPT:
                    lines.append(f"{said}: your copy stays as it is")
    return lines


def _rename(path: Path, new: str) -> None:
    """Rename a copy, and let its link to the solutions, or theirs to it, lead to the new name."""
    content = path.read_bytes()
    for link in ("[solutions/{0}](solutions/{0})", "[{0}](../{0})", "](../{0}#"):
        content = content.replace(link.format(path.name).encode(), link.format(new).encode())
    replace(path, content)
    path.rename(path.with_name(new))


def _write_beside(
    made: nbformat.NotebookNode, now: str, mine: Path, name: str, record: dict
) -> str:
    """Write a new original, of fingerprint ``now``, where no file of the learner's is."""
    stem, number = name.removesuffix(".ipynb"), 1
    while True:
        beside = f"{stem}{BESIDE}{f'_{number}' if number > 1 else ''}.ipynb"
        path = mine / beside
        found = fingerprint_of(path, Path(name).name) if path.exists() else now
        if found is not None and found in (now, record.get(beside)):
            _write(made, path)
            record[beside] = now
            return beside
        number += 1


def fingerprint_of(path: Path, name: str) -> str | None:
    """Of a file; None where the file is no notebook: whatever it is, it is the learner's."""
    try:
        return fingerprint(json.loads(path.read_text(encoding="utf-8"))["cells"], name)
    except (ValueError, TypeError, KeyError):
        return None


def _write(notebook: nbformat.NotebookNode, path: Path) -> None:
    replace(path, (nbformat.writes(notebook) + "\n").encode())


def _read_record(path: Path) -> dict[str, str]:
    """Empty if the file is missing or can't be read: then each copy counts as changed."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def _write_record(record: dict[str, str], path: Path) -> None:
    replace(path, json.dumps(record, indent=1, sort_keys=True).encode())


def replace(path: Path, content: bytes) -> None:
    """Write a file as a whole or not at all: half a notebook would be lost work."""
    # Of this process: another may be starting too.
    half = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        half.write_bytes(content)
        os.replace(half, path)  # noqa: PTH105 (says more than Path.replace does)
    except BaseException:
        half.unlink(missing_ok=True)
        raise


def _list(names: Sequence[str]) -> str:
    return ", ".join(names)
