"""The exercises answer back: solutions pass, stubs say so, usual mistakes are named."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest

from lstm_helpers import exercises, forecaster, weather

TOP = Path(__file__).parent.parent
NAMES = list(exercises.EXERCISES)
WRONG = [(name, n) for name in NAMES for n in range(len(exercises.EXERCISES[name].wrong()))]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("form", [np.asarray, np.float32, list, str], ids=lambda f: f.__name__)
def test_the_answer_passes_in_any_form(name, form):
    answer = exercises.EXERCISES[name].answer
    if form in (list, str) or isinstance(answer, str):
        answer = answer.tolist() if isinstance(answer, np.ndarray) else answer
        answer = str(answer) if form is str and not isinstance(answer, list) else answer
    else:
        answer = form(answer)
    assert exercises.verdict(name, answer).startswith("right, because ")


@pytest.mark.parametrize("name", NAMES)
def test_a_stub_says_so(name):
    assert exercises.verdict(name, ...).startswith("not attempted yet")
    assert exercises.verdict(name).startswith("not attempted yet")


@pytest.mark.parametrize("name", NAMES)
def test_at_least_two_misconceptions_have_messages_of_their_own(name):
    wrong = exercises.EXERCISES[name].wrong()
    messages = [exercises.verdict(name, answer) for answer, _ in wrong]
    assert len(set(messages)) >= 2
    hint = exercises.verdict(name, 123456.5)
    assert hint.startswith("not yet.")
    assert hint not in messages


@pytest.mark.parametrize(("name", "n"), WRONG)
def test_a_wrong_answer_gets_its_message_and_not_the_answer(name, n):
    exercise = exercises.EXERCISES[name]
    wrong, message = exercise.wrong()[n]
    said = exercises.verdict(name, wrong)
    assert said == f"not yet. {message}"
    if np.ndim(exercise.answer) == 0:
        assert str(exercise.answer) not in re.findall(r"-?\d+(?:\.\d+)?", said + exercise.hint)


class Hostile:
    def __array__(self, *args, **kwargs):
        raise RuntimeError("no")


NONSENSE = [
    "eighteen", "", b"x", [], {}, {"a": 1}, object(), Hostile(), [[1], [2, 3]], np.nan, np.inf,
    True, 1 + 2j, lambda x: x, pd.Series([1, 2]), range(3), np.zeros((2, 0)), 10**400,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("nonsense", NONSENSE, ids=lambda n: type(n).__name__)
def test_nonsense_gets_an_answer_and_never_an_error(name, nonsense):
    assert exercises.verdict(name, nonsense).startswith("not yet.")


def test_check_prints_the_verdict(capsys):
    exercises.check("01-1", 971)
    assert capsys.readouterr().out == f"01-1: {exercises.verdict('01-1', 971)}\n"


def test_an_unknown_exercise_is_refused():
    with pytest.raises(ValueError, match=r"expected an exercise of 01-1, .*got '99-9'"):
        exercises.check("99-9", 1)


def test_every_exercise_stands_in_its_notebook_and_solutions_pass():
    for path in sorted((TOP / "notebooks").glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        code = [c for c in notebook.cells if c.cell_type == "code"]
        for cell in code:
            called = re.findall(r'exercises\.check\("([^"]+)"', cell.source)
            for name in called:
                printed = "".join(o.get("text", "") for o in cell.outputs)
                solution = "solution" in cell.metadata.get("tags", [])
                assert name.startswith(path.name[:2])
                assert printed.startswith(
                    f"{name}: right" if solution else f"{name}: not attempted yet"
                )
        asked = {n for c in code for n in re.findall(r'check\("([^"]+)"', c.source)}
        assert asked == {name for name in NAMES if name.startswith(path.name[:2])}


def test_the_answer_of_01_3_and_its_misconceptions_are_what_the_data_say():
    features, _ = weather.clean(weather.load(TOP / "data" / "gucheng.csv.gz"))
    parts = forecaster.split(features)
    w = forecaster.all_windows([parts["validation"]], 24, 6)
    test = forecaster.all_windows([parts["test"]], 24, 6)
    yesterday = forecaster.errors(forecaster.same_hour_yesterday(w), w)
    wrong = [
        yesterday.loc["pres", "RMSE"],
        forecaster.errors(forecaster.persistence(w), w).loc["pres", "MAE"],
        forecaster.errors(forecaster.same_hour_yesterday(test), test).loc["pres", "MAE"],
        yesterday.loc["temp", "MAE"],
        np.abs(w.inputs[:, -18, 2] - w.future[:, 2]).mean(),
        np.abs(w.inputs[:, 18, 2] - w.future[:, 2]).mean(),
    ]
    exercise = exercises.EXERCISES["01-3"]
    assert abs(exercise.answer - yesterday.loc["pres", "MAE"]) < 0.001
    np.testing.assert_allclose(list(exercise.misconceptions), wrong, atol=0.001)
