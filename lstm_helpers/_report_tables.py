"""Numbers of a report as tables: what its page, its text and its warnings are written from."""

from __future__ import annotations

import csv
import dataclasses
import io
from typing import Any

import numpy as np

Cell = str | int | float | None
"""What a table may hold; None where there is no value."""


@dataclasses.dataclass(frozen=True)
class Table:
    """Rows of a report under one title, each as long as the names of the columns.

    Attributes
    ----------
    title : str
    columns : tuple of str
        With the unit in brackets, where there is one.
    rows : tuple of tuple
        Texts, whole numbers and floats; None where there is no value.
    note : str
        What the numbers say and what they don't.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(40, 6, 2))
    >>> table = lh.report(lh.Readout(w, np.ones(3)), x).tables["lags"]
    >>> table.columns[:2], len(table.rows)
    (('lag', 'expected gradients'), 6)
    >>> table.column("lag")
    [0, 1, 2, 3, 4, 5]
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def column(self, name: str) -> list[Any]:
        """The values of one column, from the first row on.

        Examples
        --------
        >>> from lstm_helpers._report_tables import table
        >>> of = table("Gates", {"gate": ["i", "f"], "mean": [0.25, 1 / 3]})
        >>> of.column("gate")
        ['i', 'f']
        """
        if name not in self.columns:
            raise ValueError(f"expected a column of {', '.join(self.columns)}, got {name!r}")
        at = self.columns.index(name)
        return [row[at] for row in self.rows]

    def csv(self) -> str:
        """The table as a text of comma-separated values, floats in full.

        Examples
        --------
        >>> from lstm_helpers._report_tables import table
        >>> of = table("Gates", {"gate": ["i", "f"], "mean": [0.25, 1 / 3]})
        >>> of.csv().splitlines()[:2]
        ['gate,mean', 'i,0.25']
        """
        lines = io.StringIO()
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(self.columns)
        writer.writerows(self.rows)
        return lines.getvalue()

    def texts(self) -> list[list[str]]:
        """The cells as a page shows them.

        Examples
        --------
        >>> from lstm_helpers._report_tables import table
        >>> of = table("Gates", {"gate": ["i", "f"], "mean": [0.25, 1 / 3]})
        >>> of.texts()
        [['i', '0.25'], ['f', '0.333']]
        """
        return [[shown(cell) for cell in row] for row in self.rows]


@dataclasses.dataclass(frozen=True)
class Warned:
    """One reason to doubt.

    Attributes
    ----------
    kind : str
        In a few words, such as ``"methods disagree"``.
    where : str
        A layer, feature or method; empty for the whole model.
    number, bound : float
        What was measured, and where the warning begins.
    reason : str
        One sentence or two, with the number in it.

    Examples
    --------
    >>> w = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
    >>> x = np.random.default_rng(0).normal(size=(40, 6, 2)) + 100
    >>> [warned.kind for warned in lh.report(lh.Readout(w, np.ones(3)), x).warnings][:2]
    ['inputs not scaled', 'inputs not scaled']
    """

    kind: str
    where: str
    number: float
    bound: float
    reason: str


def table(title: str, columns: dict[str, Any], note: str = "") -> Table:
    """A table from its columns, each a list or an array of one length.

    Examples
    --------
    >>> from lstm_helpers._report_tables import table
    >>> table("Gates", {"gate": ["i", "f"], "mean": np.array([0.25, 0.5])}).rows
    (('i', 0.25), ('f', 0.5))
    """
    lists = [_plain(values) for values in columns.values()]
    return Table(title, tuple(columns), tuple(zip(*lists, strict=True)), note)


def shown(cell: Cell) -> str:
    """A cell as text, in tables and in sentences alike: three digits of a float.

    Examples
    --------
    >>> from lstm_helpers._report_tables import shown
    >>> [shown(cell) for cell in (7, 0.12345, 1234.5, None, float("inf"))]
    ['7', '0.123', '1234', '–', '∞']
    """
    if cell is None:
        return "–"
    if isinstance(cell, float):
        if np.isnan(cell):
            return "NaN"
        if np.isinf(cell):
            return "∞" if cell > 0 else "-∞"
        # Not 1.23e+03: readers of a page know 1230.
        return f"{cell:.0f}" if 999.5 <= abs(cell) < 1e6 else f"{cell + 0.0:.3g}"
    return str(cell)


def _plain(values: Any) -> list[Cell]:
    return [value.item() if isinstance(value, np.generic) else value for value in values]
