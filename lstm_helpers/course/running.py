"""Run a notebook, and leave in it what is the same in every run and on every machine."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, DeadKernelError
from tqdm import tqdm

from lstm_helpers.course import pictures

CELL_TIMEOUT = 300
"""Seconds after which a cell counts as hung; the longest takes about 30."""


def run(notebook: nbformat.NotebookNode, name: str, folder: Path) -> bool:
    """Execute in place with a bar; after a failing cell say which, and return False.

    Parameters
    ----------
    notebook : NotebookNode
    name : str
        Stands before the bar.
    folder : Path
        Where the kernel works: ``../data`` is seen from there.
    """
    code = [n for n, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    bar = tqdm(total=len(code), desc=name, unit="cell", file=sys.stdout)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],  # only errors of the kernel's own
        resources={"metadata": {"path": str(folder)}},
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


def keep_figures(before: nbformat.NotebookNode, after: nbformat.NotebookNode) -> None:
    """Keep the bytes of each figure that is still the same picture: a diff shows what changed."""
    for old, new in zip(before.cells, after.cells, strict=True):
        pairs = zip(
            pictures.pngs(old.get("outputs", [])),
            pictures.pngs(new.get("outputs", [])),
            strict=False,  # a figure may be new
        )
        for was, now in pairs:
            with contextlib.suppress(ValueError):  # what was no picture goes
                if not pictures.change(was.data["image/png"], now.data["image/png"]):
                    now.data["image/png"] = was.data["image/png"]


def _has_error(cell: nbformat.NotebookNode) -> bool:
    allowed = "raises-exception" in cell.metadata.get("tags", [])
    return not allowed and any(o.output_type == "error" for o in cell.get("outputs", []))
