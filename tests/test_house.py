"""The plan of the house: who may import whom, and what a room may need. Arrows never point up."""

import ast
import graphlib

import pytest
from common import TOP

PACKAGE = TOP / "lstm_helpers"
HEAVY = {"IPython", "keras", "matplotlib", "nbclient", "nbconvert", "pandas", "tensorflow", "torch"}
HEAVY |= {"h5py", "onnx", "safetensors"}

# What a room may need beside NumPy: in a function, or, where AT_ONCE says so, when it is imported.
NEEDS = {
    "files": {"safetensors"},
    "_keras_files": {"h5py"},
    "_onnx_file": {"onnx"},
    "keras_tools.doors": {"keras"},
    "keras_tools.functions": {"keras", "tensorflow", "torch"},
    "keras_tools.initializer": {"keras"},
    "keras_tools.traces": {"keras"},
    "torch_tools": {"torch"},
    # A report looks into the module that it gets; its figures, and the command, come last.
    "_report_models": {"torch"},
    "_report_figures": {"matplotlib"},
    "__main__": {"keras"},
    "plots": {"matplotlib", "IPython"},
    "plots.figure": {"matplotlib", "IPython"},
    "plots.diagram": {"matplotlib"},
    "plots.weights": {"matplotlib"},
    "plots.sizes": {"matplotlib"},
    "plots.steps": {"matplotlib"},
    "plots.profiles": {"matplotlib"},
}
AT_ONCE = {room: {"matplotlib"} for room in NEEDS if "plots" in room}
AT_ONCE |= {room: {"keras"} for room in NEEDS if "keras_tools" in room}
AT_ONCE |= {"torch_tools": {"torch"}}
"""The upper storey, ``course``, may need what it likes."""
DRAWS = {"_report_figures"}
"""Rooms below that may import plots, in a function: without Matplotlib a report has no figures."""
MOST_LINES = 450
LONG = {
    "course.exercises": "one row an exercise: a table",
    "course.quiz": "one row a question: a table",
}


def rooms(package=PACKAGE):
    """Source by name: "gates", "plots.weights", "course.weather"; "" is the face."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        parts = path.relative_to(package).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path.read_text("utf-8")
    return found


def imports(source):
    """(module, at once) of each import; at once is outside of functions and of type checks."""
    tree = ast.parse(source)
    late = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test))
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node not in late) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield node.module, node not in late
            if node.module.startswith("lstm_helpers"):
                yield from ((f"{node.module}.{a.name}", node not in late) for a in node.names)


def wall_breaks(sources):
    """Every import that the plan forbids, one line each; and circles."""
    found, graph = [], {}
    for room, source in sources.items():
        upper = room.split(".")[0] == "course"
        graph[room] = set()
        for module, at_once in imports(source):
            top = module.split(".")[0]
            if top == "lstm_helpers":
                target = module.removeprefix("lstm_helpers").lstrip(".")
                if target not in sources:  # a name in that room
                    target = target.rpartition(".")[0]
                points_up = target.split(".")[0] == "course" and not upper
                if target in sources and target not in ("", room) and not points_up:
                    graph[room].add(target)
                if points_up:
                    found.append(f"{room or 'the face'} imports {target}: an arrow that points up")
                may_draw = upper or room.startswith("plots") or (room in DRAWS and not at_once)
                if target.split(".")[0] == "plots" and not may_draw:
                    found.append(f"{room or 'the face'} imports {target}: needs Matplotlib")
            elif top in HEAVY and not upper:
                allowed = AT_ONCE.get(room, set()) if at_once else NEEDS.get(room, set())
                if top not in allowed:
                    found.append(f"{room or 'the face'} imports {module}")
    # A package's own file names its rooms for the face; they do not name it.
    packages = {"plots", "keras_tools", "course"}
    for package in packages:
        graph.pop(package, None)
    for targets in graph.values():
        targets -= packages
    try:
        tuple(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        found.append(f"a circle: {' -> '.join(error.args[1])}")
    return list(dict.fromkeys(found))


def test_no_arrow_points_up_and_no_room_needs_what_it_may_not():
    assert wall_breaks(rooms()) == []


@pytest.mark.parametrize(
    ("room", "line", "message"),
    [
        ("gates", "from lstm_helpers.course import weather", "an arrow that points up"),
        ("plots.steps", "import lstm_helpers.course.weather", "an arrow that points up"),
        (
            "memory",
            "def f():\n    from lstm_helpers.course import tasks",
            "an arrow that points up",
        ),
        ("", "from lstm_helpers import plots", "needs Matplotlib"),
        ("attribution", "from lstm_helpers.plots import show", "needs Matplotlib"),
        ("_report_page", "def f():\n    from lstm_helpers import plots", "needs Matplotlib"),
        ("_report_figures", "from lstm_helpers import plots", "needs Matplotlib"),
        ("_report_figures", "import matplotlib", "_report_figures imports matplotlib"),
        ("reading", "def f():\n    import keras", "reading imports keras"),
        ("__main__", "import keras", "__main__ imports keras"),
        ("plots.weights", "import pandas as pd", "plots.weights imports pandas"),
        ("layers", "import keras", "layers imports keras"),
        ("layers", "def f():\n    import keras", "layers imports keras"),
        ("numpy_lstm", "from matplotlib import pyplot", "numpy_lstm imports matplotlib"),
        ("keras_tools.functions", "import tensorflow as tf", "functions imports tensorflow"),
        ("keras_tools.functions", "import torch", "functions imports torch"),
        ("torch_tools", "import keras", "torch_tools imports keras"),
        ("_keras_files", "import h5py", "_keras_files imports h5py"),
        ("files", "def f():\n    import onnx", "files imports onnx"),
        ("gates", "from lstm_helpers.memory import half_life", "a circle"),
    ],
)
def test_the_walk_sees_each_of_them(room, line, message):
    sources = rooms()
    sources[room] += f"\n{line}\n"
    found = wall_breaks(sources)
    assert found
    assert all(message in line for line in found)


def test_the_walk_saw_the_imports_that_are_there():
    seen = dict.fromkeys(module for module, _ in imports(rooms()["memory"]))
    assert {"numpy", "lstm_helpers.gates", "lstm_helpers.gates.Gates"} <= seen.keys()


@pytest.mark.parametrize("room", rooms())
def test_a_room_is_not_a_hall(room):
    lines = rooms()[room].count("\n")
    assert lines <= MOST_LINES or room in LONG


def test_no_module_and_function_share_a_name():
    sources = rooms()
    names = {room.split(".")[-1] for room in sources if room}
    functions = {
        node.name
        for source in sources.values()
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
    }
    assert not names & functions
