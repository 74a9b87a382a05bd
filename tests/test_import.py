"""What an import loads, what ``quiet`` hides, and that every public name says what it is."""

import importlib
import inspect
import os
import pkgutil
import re
import subprocess
import sys

import pytest
from common import OPTIONAL, TOP, can_import

import lstm_helpers as lh


def run(code, **environment):
    """Run code in a fresh interpreter, from the top of the repository."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=TOP,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


# The import.

HEAVY = {"IPython", "jupyter_core", "jupyterlab", "keras", "matplotlib", "pandas", "tensorflow"}
HEAVY |= {"torch"}


def heavy_packages_after(statement):
    done = run(f"import sys\n{statement}\nprint(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return HEAVY & set(done.stdout.split())


def test_the_package_loads_nothing_heavy():
    assert heavy_packages_after("import lstm_helpers") == set()


def test_the_check_above_finds_what_is_loaded():
    assert heavy_packages_after("import lstm_helpers.course.weather") == {"pandas"}


# quiet().


def test_quiet_hides_what_goes_past_python_and_nothing_else():
    done = run(
        "import os, sys, lstm_helpers as lh\n"
        "os.write(2, b'before|')\n"
        "with lh.quiet():\n"
        "    os.write(2, b'hidden|')\n"
        "    with lh.quiet():\n"
        "        os.write(2, b'hidden twice|')\n"
        "    os.write(2, b'still hidden|')\n"
        "    print('printed')\n"
        "os.write(2, b'after|')\n"
        "print('and after', file=sys.stderr, end='|')\n"
    )
    assert done.returncode == 0
    assert done.stderr == "before|after|and after|"
    assert done.stdout == "printed\n"


def test_what_python_had_buffered_before_is_not_hidden():
    done = run(
        "import sys, lstm_helpers as lh\n"
        "sys.stderr.write('buffered|')\n"
        "with lh.quiet():\n"
        "    sys.stderr.write('this line empties the buffer\\n')\n",
        PYTHONUNBUFFERED="",
    )
    assert done.stderr == "buffered|"


def test_a_failing_import_still_raises_and_the_descriptor_works_again():
    done = run(
        "import os, lstm_helpers as lh\n"
        "try:\n"
        "    with lh.quiet():\n"
        "        import no_such_module\n"
        "except ModuleNotFoundError as error:\n"
        "    print(error.name)\n"
        "os.write(2, b'after|')\n"
        "with lh.quiet():\n"
        "    raise RuntimeError('seen')\n"
    )
    assert done.stdout == "no_such_module\n"
    assert done.stderr.startswith("after|Traceback")
    assert done.stderr.endswith("RuntimeError: seen\n")
    assert done.returncode == 1


def test_quiet_leaves_no_descriptor_open():
    done = run(
        "import os, lstm_helpers as lh\n"
        "first = os.dup(1)\n"
        "os.close(first)\n"
        "for _ in range(3):\n"
        "    with lh.quiet():\n"
        "        pass\n"
        "print(os.dup(1) == first)\n"
    )
    assert done.stdout == "True\n"


@pytest.mark.parametrize("level", ["0", None])
def test_a_log_level_that_the_user_chose_is_kept(level):
    code = (
        "import os, lstm_helpers as lh\n"
        f"os.environ.pop('TF_CPP_MIN_LOG_LEVEL', None) if {level is None} else None\n"
        "with lh.quiet():\n"
        "    print(os.environ['TF_CPP_MIN_LOG_LEVEL'])\n"
    )
    chosen = {} if level is None else {"TF_CPP_MIN_LOG_LEVEL": level}
    assert run(code, **chosen).stdout == f"{level or '3'}\n"


# Names and docstrings.

with lh.quiet():
    MODULES = [
        importlib.import_module(f"lstm_helpers.{found.name}")
        for found in pkgutil.iter_modules(lh.__path__)
        if can_import(f"lstm_helpers.{found.name}")
    ]


def public(module):
    """Functions and classes defined there, and the methods of those classes."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(thing) or inspect.isclass(thing):
            yield f"{module.__name__}.{name}", thing
        if inspect.isclass(thing):
            for method, code in vars(thing).items():
                code = getattr(code, "fget", None) or getattr(code, "__func__", code)
                if inspect.isfunction(code) and not method.startswith("_"):
                    yield f"{module.__name__}.{name}.{method}", code


PUBLIC = {name: thing for module in (lh, *MODULES) for name, thing in public(module)}


def test_only_a_room_whose_library_is_missing_is_left_out(monkeypatch):
    rooms = {f"lstm_helpers.{found.name}" for found in pkgutil.iter_modules(lh.__path__)}
    assert rooms >= OPTIONAL.keys()
    assert {module.__name__ for module in MODULES} >= rooms - OPTIONAL.keys()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert {room for room in rooms if not can_import(room)} == OPTIONAL.keys()


def test_all_holds_every_public_name_once_and_each_exists():
    assert all(hasattr(lh, name) for name in lh.__all__)
    assert len(set(lh.__all__)) == len(lh.__all__)
    visible = {
        name
        for name, thing in vars(lh).items()
        if not name.startswith("_") and not inspect.ismodule(thing)
    }
    assert visible == set(lh.__all__)


def test_the_walk_finds_functions_classes_methods_and_properties():
    expected = {"lstm_helpers.readout.Readout.forward", "lstm_helpers.layers.gate_weights"}
    expected |= {f"lstm_helpers.gates.LSTMWeights{end}" for end in ("", ".from_arrays", ".units")}
    assert expected <= PUBLIC.keys()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_every_module_says_what_it_is_for(module):
    assert (module.__doc__ or "").strip()


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_says_what_it_is(name):
    thing = PUBLIC[name]
    # Python writes "Name(field: type, ...)" itself where a dataclass has no docstring.
    written = (thing.__doc__ or "").strip()
    assert written
    assert not written.startswith(f"{thing.__name__}(")


def sections(thing):
    """Headings of a numpydoc docstring and what stands under each."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", inspect.getdoc(thing), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


# What the house promises by name: __all__, and the methods of its classes.
PROMISED = {
    path: thing for path, thing in PUBLIC.items() if {*path.split(".")[-2:]} & set(lh.__all__)
}


@pytest.mark.parametrize("name", PROMISED)
def test_promised_names_document_parameters_and_what_comes_of_them(name):
    thing = PROMISED[name]
    found = sections(thing)
    parameters = inspect.signature(thing).parameters.keys() - {"self", "cls"}
    lines = (found.get("Parameters", "") + found.get("Attributes", "")).splitlines()
    heads = [line.split(" :")[0] for line in lines if line and not line[0].isspace()]
    assert parameters <= {name.strip(" *") for head in heads for name in head.split(",")}
    if parameters and inspect.isfunction(thing):
        assert {"Returns", "Yields", "Raises"} & found.keys()
