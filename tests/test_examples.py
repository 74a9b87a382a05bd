"""Every public name shows how it is used, in an example that runs and is right."""

import doctest
import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pytest
from common import can_import
from test_import import public

import lstm_helpers as lh

TOP = Path(__file__).parent.parent

STARTER = (
    "commands", "copies", "durations", "homes", "lab", "pages", "paper", "pictures", "ready",
    "running", "seat", "website", "wheelhouse", "workshop",
)  # fmt: skip
WITHOUT = {f"lstm_helpers.course.{room}" for room in STARTER}
WITHOUT |= {f"lstm_helpers._{room}" for room in ("keras_config", "keras_files", "onnx_file")}
WITHOUT |= {"lstm_helpers._stored", "lstm_helpers._claim_experiments"}
WITHOUT |= {"lstm_helpers.course._mystery_training"}
WITHOUT |= {f"lstm_helpers._report_{room}" for room in ("figures", "measures", "memory", "models")}
WITHOUT |= {"lstm_helpers._report_named"}
WITHOUT |= {f"lstm_helpers._report_{room}" for room in ("page", "probes", "text", "warnings")}
"""Rooms that are not asked for examples, since readers do not call them: those of the starter, and
those behind ``open_weights``, ``report``, ``check_reading`` and ``mystery``."""

MOST_LINES = 8
"""A longer example is a lesson, and belongs into a notebook."""


def modules():
    """All rooms of the package but those; the private ones too."""
    with lh.quiet():
        for found in pkgutil.walk_packages(lh.__path__, "lstm_helpers."):
            if found.name not in WITHOUT and can_import(found.name):
                yield importlib.import_module(found.name)


PUBLIC = {name: thing for module in modules() for name, thing in public(module)}


def examples(name, thing):
    """The lines of the Examples section, ready to run; np and lh are there, as in the notebooks."""
    section = re.split(r"^Examples\n-{8}$", inspect.getdoc(thing) or "", flags=re.MULTILINE)[1:]
    text = re.split(r"^\w[\w ]*\n-{3,}$", "".join(section), flags=re.MULTILINE)[0]
    return doctest.DocTestParser().get_doctest(text, {"np": np, "lh": lh}, name, None, 0)


@pytest.fixture
def notebook(monkeypatch):
    """Examples run as in a notebook: beside the others, where the data is in ../data."""
    monkeypatch.chdir(TOP / "notebooks")
    yield
    plt.close("all")


def test_the_walk_sees_functions_with_a_decorator_methods_properties_and_every_storey():
    # np.errstate wraps these: doctest's own search does not find them.
    assert {"lstm_helpers.numpy_lstm.replay", "lstm_helpers.memory.time_constants"} <= PUBLIC.keys()
    assert "lstm_helpers.plots.steps.gate_trace" in PUBLIC
    assert {"lstm_helpers.gates.LSTMWeights.units", "lstm_helpers.readout.Readout.forward"} <= (
        PUBLIC.keys()
    )
    promised = {thing for name in lh.__all__ if callable(thing := getattr(lh, name))}
    assert promised <= set(PUBLIC.values())


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_runs_and_is_right(name, notebook):
    test = examples(name, PUBLIC[name])
    assert test.examples, f"{name} has no example"
    assert any(example.want for example in test.examples), f"{name} shows nothing"
    said = []
    failed = doctest.DocTestRunner(verbose=False).run(test, out=said.append).failed
    assert not failed, "".join(said)


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_is_short_and_shows_no_last_digits(name):
    shown = examples(name, PUBLIC[name]).examples
    lines = sum(example.source.count("\n") for example in shown)
    assert 1 <= lines <= MOST_LINES
    assert not re.findall(r"\d\.\d{5,}", "".join(example.want for example in shown))
    assert not any("SKIP" in example.source for example in shown)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Nothing here.", "has no example"),
        ("Examples\n--------\n>>> a = 1", "shows nothing"),
        ("Examples\n--------\n>>> 1 + 1\n3", "1 + 1"),
        ("Examples\n--------\n>>> import warnings\n>>> warnings.warn('old')\n>>> 1\n1", "old"),
        ("Examples\n--------\n>>> 1 + 1\n2\n>>> nowhere", "name 'nowhere' is not defined"),
    ],
)
def test_a_wrong_example_is_found(text, message, monkeypatch, notebook):
    def thing():
        pass

    thing.__doc__ = text
    monkeypatch.setitem(PUBLIC, "thing", thing)
    with pytest.raises(AssertionError, match=re.escape(message)):
        test_the_example_runs_and_is_right("thing", notebook)
