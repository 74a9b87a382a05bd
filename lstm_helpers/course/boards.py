"""The picture of a scoreboard: which method finds the truth in which world."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from lstm_helpers.plots.figure import HIGHLIGHT, INK, MUTED, subplots


def scoreboard(
    board: Mapping[str, Mapping[str, Mapping[str, bool]]], *, axes: Sequence[Axes] | None = None
) -> Sequence[Axes]:
    """Which method finds the truth in which world: a dot, or a cross where it was fooled.

    Parameters
    ----------
    board : mapping from question to world to method to bool
        As ``scoring.scoreboard`` returns it, or a part of it. A panel for each question.
    axes : one Axes for each question, optional

    Returns
    -------
    Axes for each question
        Worlds to the right, methods from top to bottom, nothing where a method has no answer. The
        number beside a row counts its dots.

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> tables = {"lag": {"switch": {"mine": True}, "jump": {"mine": False}}}
    >>> (ax,) = figures.scoreboard(tables)
    >>> [label.get_text() for label in ax.get_xticklabels()], ax.get_title(loc="left")
    (['switch', 'jump'], 'by lag')
    """
    rows = _methods_of(board)
    if axes is None:
        height = 1.1 + 0.27 * len(rows)
        _, axes = subplots(1, len(board), height=height, sharey=True, squeeze=False)
        axes = axes[0]
    for ax, (question, table) in zip(axes, board.items(), strict=True):
        for marker, color, wanted, size in (("o", INK, True, 6), ("x", HIGHLIGHT, False, 7)):
            points = [
                (column, rows.index(method))
                for column, found in enumerate(table.values())
                for method, passed in found.items()
                if passed is wanted
            ]
            across, down = zip(*points, strict=True) if points else ((), ())
            ax.plot(across, down, marker, color=color, markersize=size, markeredgewidth=2)
        for row, method in enumerate(rows):
            passed = [found[method] for found in table.values() if method in found]
            if passed:
                ax.text(len(table) - 0.3, row, f"{sum(passed)}", va="center", fontsize=9.5)
        ax.set_xticks(range(len(table)), table, rotation=60, ha="right", rotation_mode="anchor")
        ax.set_yticks(range(len(rows)), rows)
        ax.set_xlim(-0.6, len(table) + 0.3)
        ax.set_ylim(len(rows) - 0.4, -0.6)
        ax.grid(color=MUTED, alpha=0.25)
        ax.set_axisbelow(True)
        ax.tick_params(length=0)
        ax.set_title(f"by {question}", loc="left")
    return axes


def describe_scoreboard(board: Mapping[str, Mapping[str, Mapping[str, bool]]]) -> str:
    """What ``scoreboard`` shows, in words: where each method was fooled.

    Parameters
    ----------
    board : mapping from question to world to method to bool
        What was drawn.

    Returns
    -------
    str

    Examples
    --------
    >>> from lstm_helpers.course import figures
    >>> tables = {"lag": {"switch": {"mine": True}, "jump": {"mine": False}}}
    >>> figures.describe_scoreboard(tables)
    'Found in 2 worlds. By lag: mine 1, not in jump.'
    """
    parts = []
    for question, table in board.items():
        said = []
        for method in _methods_of({question: table}):
            fooled = [
                name for name, found in table.items() if method in found and not found[method]
            ]
            count = sum(found.get(method, False) for found in table.values())
            if not fooled:
                where = "in all"
            elif len(fooled) <= 4:
                where = f"not in {', '.join(fooled)}"
            elif len(fooled) == len(table):
                where = "in none"
            else:
                where = f"only in {', '.join(n for n, found in table.items() if found[method])}"
            said.append(f"{method} {count}, {where}")
        parts.append(f"By {question}: {'; '.join(said)}.")
    count = len(next(iter(board.values())))
    return f"Found in {count} worlds. " + " ".join(parts)


def _methods_of(board: Mapping[str, Mapping[str, Mapping[str, bool]]]) -> list[str]:
    """In the order in which the tables name them."""
    return list(
        dict.fromkeys(m for table in board.values() for found in table.values() for m in found)
    )
