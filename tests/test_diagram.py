"""The drawing of the cell computes what the cell computes: its arrows are followed, as a reader
follows them, and nothing in it covers anything else."""

import inspect
import itertools

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from common import random_weights
from matplotlib.patches import Circle, FancyArrowPatch, FancyBboxPatch

import lstm_helpers as lh
from lstm_helpers import plots
from lstm_helpers.plots import diagram

SIZES = [  # with equations or without, and inches of the figure
    (True, 7.6, 4.9),
    (True, 6.6, 4.3),
    (True, 12.0, 9.0),
    (False, 7.6, 2.9),
    (False, 3.8, 2.6),
    (False, 3.5, 2.6),
    (False, 12.0, 4.0),
]


ENDS = ("$c_{t-1}$", "$h_{t-1}$", "$x_t$", "$c_t$", "$h_t$")
GATES = {"f": "f", "i": "i", diagram.SYMBOLS["c"]: "c", "o": "o"}
BOXES = (*GATES, "tanh", "×", "+")


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def drawn(equations=True, width=7.6, height=4.9):
    with mpl.rc_context(plots.STYLE):
        fig, ax = plt.subplots(figsize=(width, height), layout="constrained")
    assert plots.cell_diagram(equations=equations, ax=ax) is ax
    fig.draw_without_rendering()
    return ax


def parts_of(ax):
    """The symbol and the outline of each part, in the units of the drawing."""
    parts = []
    for shape in (p for p in ax.patches if isinstance(p, Circle | FancyBboxPatch)):
        path = shape.get_path()
        if isinstance(shape, Circle):
            path = path.transformed(shape.get_patch_transform())
        box = path.get_extents()
        inside = [text.get_text() for text in ax.texts if box.contains(*text.get_position())]
        symbols = [symbol for symbol in inside if symbol in BOXES]
        if len(symbols) == 1:  # not a dot, not the white of a box, not the cell as a whole
            parts.append((symbols[0], box))
    return parts


def wiring(ax):
    """(from, to) of each arrow, by where it begins and ends and what stands there."""
    ends = [text for text in ax.texts if text.get_text() in ENDS]
    assert len(ends) == len(ENDS)
    parts = parts_of(ax)

    def at(point):
        touching = [
            (name, box.x0, box.y0)
            for name, box in parts
            if box.x0 - 0.1 <= point[0] <= box.x1 + 0.1 and box.y0 - 0.1 <= point[1] <= box.y1 + 0.1
        ]
        if touching:
            (found,) = touching
            return found
        nearest = min(ends, key=lambda text: np.hypot(*np.subtract(text.get_position(), point)))
        assert np.hypot(*np.subtract(nearest.get_position(), point)) < 4.5, point
        return nearest.get_text(), *nearest.get_position()

    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    lines = [np.asarray(arrow._path_original.vertices) for arrow in arrows]
    assert all(arrow.get_arrowstyle().arrow == "-|>" for arrow in arrows)
    for line in lines:
        assert all((a == b).any() for a, b in itertools.pairwise(line)), "across or up, not aslant"
    return [(at(line[0]), at(line[-1])) for line in lines]


def followed(ax, w, x, h, c):
    """h and c of the new state, computed along the arrows."""
    into = {}
    for source, target in wiring(ax):
        into.setdefault(target, []).append(source)

    def value(part):
        symbol = part[0]
        if symbol in ("$x_t$", "$h_{t-1}$", "$c_{t-1}$"):
            return {"$x_t$": x, "$h_{t-1}$": h, "$c_{t-1}$": c}[symbol]
        symbols = [source[0] for source in into[part]]
        if symbol in GATES:
            gate = GATES[symbol]
            assert sorted(symbols) == ["$h_{t-1}$", "$x_t$"], f"{gate} reads {symbols}"
            z = x @ getattr(w.kernel, gate) + h @ getattr(w.recurrent_kernel, gate)
            z = z + getattr(w.bias, gate)
            return np.tanh(z) if gate == "c" else 1 / (1 + np.exp(-z))
        values = [value(source) for source in into[part]]
        if symbol in ("×", "+"):
            one, other = values
            return one * other if symbol == "×" else one + other
        (one,) = values
        return np.tanh(one) if symbol == "tanh" else one

    ends = {part[0]: part for part in into}
    return value(ends["$h_t$"]), value(ends["$c_t$"])


def six_lines(w, x, h, c):
    """The six lines of notebook 03."""

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    W, U, b = w.kernel, w.recurrent_kernel, w.bias
    i = sigmoid(x @ W.i + h @ U.i + b.i)
    f = sigmoid(x @ W.f + h @ U.f + b.f)
    candidate = np.tanh(x @ W.c + h @ U.c + b.c)
    o = sigmoid(x @ W.o + h @ U.o + b.o)
    c = f * c + i * candidate
    return o * np.tanh(c), c


def given():
    rng = np.random.default_rng(3)
    w = random_weights(rng, 5, 4, dtype=float)
    return w, rng.normal(size=(3, 4)), rng.normal(size=(3, 5)), rng.normal(size=(3, 5))


@pytest.mark.parametrize("equations", [True, False])
def test_whoever_follows_the_arrows_computes_the_six_lines(equations):
    ax, (w, x, h, c) = drawn(equations), given()
    new = followed(ax, w, x, h, c)
    np.testing.assert_allclose(new, six_lines(w, x, h, c), atol=1e-12)
    step = lh.replay(w, x[:, None], initial_state=(h, c))
    np.testing.assert_allclose(new, (step.hidden[:, 0], step.cell[:, 0]), atol=1e-6)


def rewired(old, new):
    return tuple(new if wire == old else wire for wire in diagram.WIRES)


WRONG = {
    "output without tanh": rewired(("tanh", "show"), ("add", "show")),
    "tanh of the old state": rewired(("add", "tanh"), ("keep", "tanh")),
    "forget and input gate exchanged": tuple(
        {("f", "keep"): ("i", "keep"), ("i", "write"): ("f", "write")}.get(wire, wire)
        for wire in diagram.WIRES
    ),
    "the new state is the old one": rewired(("add", "c_new"), ("keep", "c_new")),
    "the output gate is the output": rewired(("show", "h_new"), ("o", "h_new")),
    "a peephole": (*diagram.WIRES, ("c_old", "o")),
    "a gate that does not read h": tuple(w for w in diagram.WIRES if w != ("h_old", "f")),
    "an arrow the wrong way": rewired(("write", "add"), ("add", "write")),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_wire_is_seen_in_the_drawing_and_in_its_caption(fault, monkeypatch):
    right = plots.describe_cell_diagram()
    monkeypatch.setattr(diagram, "WIRES", WRONG[fault])
    ax, (w, x, h, c) = drawn(), given()
    try:
        new = followed(ax, w, x, h, c)
    except (AssertionError, ValueError, KeyError, RecursionError):
        pass
    else:
        assert np.abs(np.subtract(new, six_lines(w, x, h, c))).max() > 1e-3
    try:
        assert plots.describe_cell_diagram() != right
    except RecursionError:
        assert fault == "an arrow the wrong way"


def test_each_gate_has_its_colour_on_box_and_arrow():
    ax = drawn()
    colors = {mpl.colors.to_hex(color) for color in plots.GATE_COLORS.values()}
    by_name = {patch.get_gid(): patch for patch in ax.patches if patch.get_gid()}
    for gate, color in plots.GATE_COLORS.items():
        assert mpl.colors.same_color(by_name[gate].get_facecolor(), color)
    for source, target in diagram.WIRES:
        color = mpl.colors.to_hex(by_name[f"{source} -> {target}"].get_edgecolor())
        expected = plots.GATE_COLORS.get(source)
        assert (color == expected.lower()) if expected else (color not in colors)


@pytest.mark.parametrize(("equations", "width", "height"), SIZES)
def test_no_label_covers_another_or_a_wire_or_leaves_the_figure(equations, width, height):
    ax = drawn(equations, width, height)
    assert covered(ax) == []


def covered(ax):
    """What can't be read in a drawing, a line each."""
    found = []
    renderer = ax.figure.canvas.get_renderer()
    labels = [(text.get_text(), text.get_window_extent(renderer)) for text in ax.texts]
    room = ax.get_window_extent(renderer)
    inside = [(name, box.transformed(ax.transData)) for name, box in parts_of(ax) if name != "tanh"]
    for text in ax.texts:
        if text.get_fontsize() < 6:
            found.append(f"{text.get_text()!r} has {text.get_fontsize():.1f} points")
    for name, box in labels:
        if min(box.x0 - room.x0, box.y0 - room.y0, room.x1 - box.x1, room.y1 - box.y1) < 0:
            found.append(f"{name!r} leaves the Axes")
        for part, outline in inside:
            x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
            out = min(box.x0 - outline.x0, box.y0 - outline.y0)
            out = min(out, outline.x1 - box.x1, outline.y1 - box.y1)
            if outline.contains(x, y) and out < 0:
                found.append(f"{name!r} is larger than its box {part!r}")
    for (one, box), (other, covers) in itertools.combinations(labels, 2):
        if box.overlaps(covers):
            found.append(f"{one!r} covers {other!r}")
    for arrow in (patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)):
        corners = ax.transData.transform(arrow._path_original.vertices)
        for one, other in itertools.pairwise(corners):
            line = mpl.transforms.Bbox([np.minimum(one, other), np.maximum(one, other)])
            for name, box in labels:
                if box.overlaps(line) and name not in diagram.SIGNS.values():
                    found.append(f"{name!r} lies on {arrow.get_gid()}")
    return found


@pytest.mark.parametrize(
    ("attribute", "value", "message"),
    [
        ("RAIL", 46.0, "lies on"),
        ("SMALLEST", 9.0, "is larger than its box"),
        ("SMALLEST", 22.0, "covers"),
        ("SMALLEST", 60.0, "leaves the Axes"),
        ("SMALLEST", 1.0, "points"),
    ],
)
def test_what_can_not_be_read_is_found(attribute, value, message, monkeypatch):
    if attribute == "RAIL":  # the label of a state on the rail of the state
        monkeypatch.setitem(diagram.NODES, "c_new", diagram.Node(80, 50.0, 3, 3))
    monkeypatch.setattr(diagram, attribute, value)
    assert any(message in line for line in covered(drawn(False, 3.5, 2.2)))


def test_the_caption_is_read_from_the_wires():
    said = plots.describe_cell_diagram()
    assert "c(t) = f × c(t-1) + i × c̃, and h(t) = o × tanh(c(t))." in said
    assert said.startswith("One step of the cell. 4 boxes, f, i, c̃ and o, each read x(t) and")


def test_the_names_of_keras_are_those_of_its_source():
    with lh.quiet():
        import keras
    source = inspect.getsource(keras.layers.LSTMCell)
    said = " ".join(text.get_text() for text in drawn().texts)
    for name in ("inputs", "h_tm1", "c_tm1", "kernel", "recurrent_kernel", "bias"):
        assert name in said
        assert name in source
    for name in ("recurrent_activation", "activation"):
        assert f"self.{name}(" in source
        assert f": {name}" in said
