"""A drawing of one step of the cell: what flows where. Drawn from a list of wires."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch, Patch
from matplotlib.path import Path

from lstm_helpers import _checks
from lstm_helpers.plots.figure import GATE_COLORS, GATE_NAMES, INK, MUTED, WIDTH, panel


class Node(NamedTuple):
    """A part of the cell: its centre and half its size, in units of the drawing.

    Examples
    --------
    >>> from lstm_helpers.plots import diagram
    >>> diagram.NODES["keep"].y == diagram.NODES["add"].y  # both on the way of the cell state
    True
    """

    x: float
    y: float
    half_width: float
    half_height: float


RAIL, BUS, ROW = 50.0, 8.0, 22.5
"""The heights of the cell state, of what all four boxes read, and of the boxes."""

NODES = {
    "c_old": Node(5.5, RAIL, 4, 3),
    "h_old": Node(5.5, BUS, 4, 3),
    "x": Node(18, -5, 2.5, 2.5),
    # In the order in which the equation of the cell state names them, so that no wire crosses
    # another one: f times old, plus i times candidate.
    "f": Node(29, ROW, 7.4, 9.5),
    "i": Node(45, ROW, 7.4, 9.5),
    "c": Node(61, ROW, 7.4, 9.5),
    "o": Node(77, ROW, 7.4, 9.5),
    "keep": Node(29, RAIL, 2.2, 2.2),
    "write": Node(53, 40, 2.2, 2.2),
    "add": Node(53, RAIL, 2.2, 2.2),
    "tanh": Node(91, 37, 4.2, 2.8),
    "show": Node(91, ROW, 2.2, 2.2),
    "c_new": Node(106, RAIL, 3, 3),
    "h_new": Node(106, ROW, 3, 3),
}

WIRES = (
    *((source, gate) for gate in GATE_NAMES for source in ("x", "h_old")),
    ("c_old", "keep"),
    ("f", "keep"),
    ("i", "write"),
    ("c", "write"),
    ("keep", "add"),
    ("write", "add"),
    ("add", "c_new"),
    ("add", "tanh"),
    ("tanh", "show"),
    ("o", "show"),
    ("show", "h_new"),
)
"""From where to where something flows: the whole cell. No other wire is drawn."""

SIGNS = {"keep": "×", "write": "×", "add": "+", "show": "×"}
SYMBOLS = {
    "c_old": "$c_{t-1}$",
    "h_old": "$h_{t-1}$",
    "x": "$x_t$",
    "c_new": "$c_t$",
    "h_new": "$h_t$",
    "f": "f",
    "i": "i",
    "c": r"$\mathbf{\tilde{c}}$",
    "o": "o",
    "tanh": "tanh",
} | SIGNS
MEANINGS = {
    "c_old": ("old", "cell state", "c_tm1"),
    "h_old": ("old", "hidden state", "h_tm1"),
    "x": ("", "", "inputs"),
    "c_new": ("new", "cell state", "c"),
    "h_new": ("new", "hidden state", "h"),
}
"""Old or new, of what, and the name in the source of Keras (``LSTMCell.call``)."""

KERAS = (
    "W: kernel   U: recurrent_kernel   b: bias",
    "σ: recurrent_activation   tanh: activation",
)
IN_KERAS = {"family": "monospace", "color": "#555555"}
SMALLEST = 6.0
"""Points. Smaller letters can't be read at 100 pixels an inch."""


def cell_diagram(*, equations: bool = True, ax: Axes | None = None) -> Axes:
    """One step of an LSTM cell: four boxes, old and new state, and what flows where.

    The cell of Gers, Schmidhuber and Cummins (2000), doi:10.1162/089976600300015015, as Keras has
    it: without peepholes, so no gate reads the cell state.

    Parameters
    ----------
    equations : bool
        With the six equations beside what computes them, and with the names of Keras. Without, the
        drawing is smaller and has the names of the gates alone.
    ax : Axes, optional
        At least 3.5 inches wide, with equations 6.5 inches.

    Returns
    -------
    Axes
        A box for each gate in its colour, an arrow for each wire. Letters have the size that fits
        the Axes.

    Raises
    ------
    TypeError
        ``equations`` is neither True nor False.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> ax = plots.cell_diagram(equations=False)
    >>> [text.get_text() for text in ax.texts if text.get_fontweight() == "bold"][:2]
    ['f', 'i']
    """
    _checks.true_or_false("equations", equations)
    bottom, top = (-12, 60) if equations else (-9, 59)
    ax = panel(ax, 4.9 if equations else 2.9)
    ax.set_axis_off()
    ax.set_xlim(0, 112)
    ax.set_ylim(bottom, top)
    ax.set_aspect("equal")
    inches = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    scale = min(inches.width / 112, inches.height / (top - bottom)) * 112 / WIDTH

    def write(x: float, y: float, text: str, size: float, **style: object) -> None:
        style = {"ha": "center", "va": "center", "color": INK} | style
        ax.text(x, y, text, fontsize=max(size * scale, SMALLEST), **style)  # type: ignore[arg-type]

    ax.add_patch(
        FancyBboxPatch(
            (13, 3), 86, 55, boxstyle="round,pad=0,rounding_size=3",
            facecolor="#F4F4F4", edgecolor=MUTED, linewidth=0.8, zorder=0,
        )
    )  # fmt: skip
    routes = {wire: route(*wire) for wire in WIRES}
    for wire, points in routes.items():
        ax.add_patch(_arrow(wire, points, scale))
    for x, y in branches(list(routes.values())):
        ax.add_patch(Circle((x, y), 0.75, color=INK, linewidth=0, zorder=2.5))
    for name, node in NODES.items():
        shape = _shape(name, node)
        if shape is not None:
            ax.add_patch(shape)
        if equations and name in GATE_NAMES:
            ax.add_patch(_paper(node))
    for name, node in NODES.items():
        _write_part(write, name, node, equations)
    if equations:
        write(72, RAIL + 4, r"$c_t = f \circ c_{t-1} + i \circ \tilde{c}$", 10.5)
        write(87, 8, r"$h_t = o \circ \tanh(c_t)$", 10.5)
        write(99, -3.5, "grey: the names in Keras", 8.5, ha="right", color="#555555")
        for n, line in enumerate(KERAS):
            write(29, -3.5 - 4.5 * n, line, 8.5, ha="left", **IN_KERAS)
    return ax


def describe_cell_diagram() -> str:
    """What ``cell_diagram`` shows, in words, for a caption: read from its wires.

    Returns
    -------
    str
        How many boxes there are and what they read, and both equations of the state.

    Examples
    --------
    >>> from lstm_helpers import plots
    >>> plots.describe_cell_diagram().split(": ")[1]
    'c(t) = f × c(t-1) + i × c̃, and h(t) = o × tanh(c(t)).'
    """
    said = {"x": "x(t)", "h_old": "h(t-1)", "c_old": "c(t-1)", "c": "c̃"}
    into: dict[str, list[str]] = {}
    for source, target in WIRES:
        into.setdefault(target, []).append(source)

    def formula(name: str) -> str:
        parts = [formula(source) for source in into.get(name, ()) if name not in GATE_NAMES]
        if name == "tanh":
            # What it reads is the new cell state, which has a name.
            return "tanh(c(t))" if into[name] == into["c_new"] else f"tanh({', '.join(parts)})"
        if name in SIGNS:
            # Gates are named first.
            return f" {SIGNS[name]} ".join(sorted(parts, key=lambda part: part not in "fio"))
        return parts[0] if parts else said.get(name, name)

    same = {tuple(into[gate]) for gate in GATE_NAMES}
    reads = " and ".join(said[name] for name in same.pop()) if len(same) == 1 else "other things"
    return (
        f"One step of the cell. {len(GATE_NAMES)} boxes, f, i, c̃ and o, each read {reads}. "
        f"Then: c(t) = {formula('c_new')}, and h(t) = {formula('h_new')}."
    )


def route(source: str, target: str) -> list[tuple[float, float]]:
    """The corners of a wire from the edge of one part to the edge of another.

    Examples
    --------
    >>> from lstm_helpers.plots import diagram
    >>> diagram.route("c_old", "keep")  # straight on
    [(9.5, 50.0), (26.8, 50.0)]
    >>> diagram.route("h_old", "f")  # to the right, then up
    [(9.5, 8.0), (29, 8.0), (29, 13.0)]
    """
    one, other = NODES[source], NODES[target]
    if source == "x":
        middle = [(one.x, BUS), (other.x, BUS)]
    elif one.x == other.x or one.y == other.y:
        middle = []
    elif source in GATE_NAMES:
        middle = [(one.x, other.y)]
    else:
        middle = [(other.x, one.y)]
    points = [(one.x, one.y), *middle, (other.x, other.y)]
    return [_edge(one, points[1]), *middle, _edge(other, points[-2])]


def branches(routes: Sequence[Sequence[tuple[float, float]]]) -> list[tuple[float, float]]:
    """Where one wire turns off while another goes straight on.

    Examples
    --------
    >>> from lstm_helpers.plots import diagram
    >>> diagram.branches([[(0, 0), (9, 0)], [(0, 0), (5, 0), (5, 3)]])
    [(5, 0)]
    """

    def inside(point: tuple[float, float], route: Sequence[tuple[float, float]]) -> bool:
        x, y = point
        return any(
            (a == c == x and min(b, d) < y < max(b, d))
            or (b == d == y and min(a, c) < x < max(a, c))
            for (a, b), (c, d) in itertools.pairwise(route)
        )

    corners = [corner for route in routes for corner in route[1:-1]]
    found = [corner for corner in corners if any(inside(corner, route) for route in routes)]
    return list(dict.fromkeys(found))


def _edge(node: Node, towards: tuple[float, float]) -> tuple[float, float]:
    """Where a line from the centre leaves the part: straight up, down or to a side."""
    x, y = towards
    if x == node.x:
        return node.x, node.y + (node.half_height if y > node.y else -node.half_height)
    return node.x + (node.half_width if x > node.x else -node.half_width), node.y


def _arrow(
    wire: tuple[str, str], points: Sequence[tuple[float, float]], scale: float
) -> FancyArrowPatch:
    state = {"c_old", "keep", "add"} & {wire[0]} and wire[1] in ("keep", "add", "c_new")
    return FancyArrowPatch(
        path=Path(points),
        arrowstyle=f"-|>,head_length={4.2 * scale},head_width={2.1 * scale}",
        color=GATE_COLORS.get(wire[0], INK),
        linewidth=max((2.4 if state else 1.3) * scale, 0.8),
        mutation_scale=1,
        joinstyle="round",
        capstyle="butt",
        shrinkA=0,
        shrinkB=0,
        gid=" -> ".join(wire),
        zorder=3 if wire[0] in GATE_COLORS else 2,
    )


def _shape(name: str, node: Node) -> Patch | None:
    """The outline of a part; what comes in or goes out has none."""
    if name in SIGNS:
        place = (node.x, node.y)
        return Circle(place, node.half_width, facecolor="white", edgecolor=INK, zorder=4, gid=name)
    if name in MEANINGS:
        return None
    return FancyBboxPatch(
        (node.x - node.half_width, node.y - node.half_height),
        2 * node.half_width,
        2 * node.half_height,
        boxstyle=f"round,pad=0,rounding_size={2.4 if name == 'tanh' else 1}",
        facecolor=GATE_COLORS.get(name, "white"),
        edgecolor="white" if name in GATE_COLORS else INK,
        zorder=4,
        gid=name,
    )


def _paper(node: Node) -> FancyBboxPatch:
    """The white part of a box, for its equation."""
    width, height = 2 * node.half_width - 1, 2 * node.half_height - 7.5
    corner = (node.x - width / 2, node.y - node.half_height + 0.5)
    style = "round,pad=0,rounding_size=0.7"
    return FancyBboxPatch(
        corner, width, height, boxstyle=style, facecolor="white", linewidth=0, zorder=5
    )


def _write_part(write: Callable[..., None], name: str, node: Node, equations: bool) -> None:
    """A part's symbol, and beside it what it means."""
    x, y, symbol = node.x, node.y, SYMBOLS[name]
    if name in MEANINGS:
        when, what, keras = MEANINGS[name]
        write(x, y, symbol, 15 if equations else 19)
        outwards = 1 if name[0] == "c" else -1  # away from the middle, where no wire is
        if name == "x":
            place = (x, y - 4.5) if equations else (x + 8.5, y)
            write(*place, keras, 8.5 if equations else 12, **(IN_KERAS if equations else {}))
        elif equations:
            write(x, y + 5.3 * outwards, f"{when}\n{what}", 8.5)
            write(x, y - 4 * outwards, keras, 8.5, **IN_KERAS)
        else:
            write(x, y + 5 * outwards, when, 12)
    elif name in GATE_NAMES:
        white = {"color": "white", "zorder": 6}
        if not equations:
            write(x, y + 4, symbol, 20, fontweight="bold", **white)
            write(x, y - 3.5, GATE_NAMES[name].replace(" ", "\n"), 12, **white)
            return
        write(x, y + 7.3, symbol, 13, fontweight="bold", **white)
        write(x, y + 3.9, GATE_NAMES[name], 8.2, fontweight="bold", **white)
        function = r"\tanh" if name == "c" else r"\sigma"
        lines = f"{function}(x_t\\, W_{name}", f"+\\, h_{{t-1}}\\, U_{name}", f"+\\, b_{name})"
        for n, line in enumerate(lines):
            write(x, y - 0.2 - 3.6 * n, f"${line}$", 10, zorder=6)
    else:
        write(x, y, symbol, 10 if name == "tanh" else 14, zorder=5)
