"""The quiz: every answer has a message that leads to the course, and no number is taken on trust.

As for the exercises, each wrong way to a number is gone again here. What a message states in
numbers must stand in an output of the section that it sends to. Which choice is right stands here
a second time, by a piece of its text.
"""

import functools
import itertools
import re

import nbformat
import numpy as np
import pandas as pd
import pytest
from common import DATA, NOTEBOOKS
from prose import LINK, claims, numbers, proofs, sections

import lstm_helpers as lh
from lstm_helpers.course import copies, models, quiz

NUMBERS = range(1, 21)
CHOICE = {
    1: "worse than a rule that needs no training",
    2: "no array",
    3: "i, f, c, o",
    5: "both matrices transposed, and the sum of the two biases",
    7: "stateful",
    8: "nothing: another unit may do it",
    10: "keeps nearly all",
    13: "from a pressure that never occurs",
    14: "whether it is a holiday",
    15: "used, and hardly needed",
    16: "there is no weight for t-5",
    17: "A can go while B stays",
    18: "turning the hour inside the state",
    19: "with or without training",
    20: "take some wet ones",
}
"""The right choice, by a piece of its text."""
LATER = {"09", "10"}
"""Notebooks that may be sent to before they are there."""
PATHS = {path.name[:2]: path for path in NOTEBOOKS}


def question(number):
    return quiz.QUESTIONS[number - 1]


# The right ways to the numbers, and the wrong ones.


def entries(*shapes):
    return sum(np.zeros(shape, bool).size for shape in shapes)


KERNEL, RECURRENT, BIAS = (10, 4 * 128), (128, 4 * 128), (4 * 128,)
GRU = [np.zeros((7, 150)), np.zeros((50, 150)), np.zeros((2, 150))]
ROWS = np.linalg.norm(np.ones((100, 100))) / np.linalg.norm(np.ones((4, 100)))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def solve(function, wanted):
    """Where a growing function gives what is wanted, by halving."""
    low, high = -30.0, 30.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) < wanted else (low, middle)
    return low


def steps_until(left, gate=0.9):
    """After how many steps of such a gate so much of a cell is left."""
    return -solve(lambda n: gate**-n, left)


def bias_for(steps):
    """The forget bias with which half is left after so many steps."""
    return solve(lambda b: -np.log(2) / np.log(sigmoid(b)), steps)


DAY = len(range(0, 24 * 60, 15))

RIGHT = {
    4: lambda: entries(KERNEL, RECURRENT, BIAS),
    6: lambda: len(np.split(GRU[1], GRU[1].shape[1] // GRU[1].shape[0], axis=1)),
    9: lambda: 4 / ROWS,
    11: lambda: steps_until(0.5),
    12: lambda: bias_for(DAY),
}
WRONG = {
    4: {
        "anew for each hour": lambda: sum(entries(KERNEL, RECURRENT, BIAS) for _ in range(10)),
        "biases are missing": lambda: entries(KERNEL, RECURRENT),
        "one gate": lambda: entries((10, 128), (128, 128), (128,)),
        "One bias too many": lambda: entries(KERNEL, RECURRENT, BIAS, BIAS),
        "a Dense layer": lambda: entries(KERNEL, RECURRENT, BIAS, (128, 1), (1,)),
        "the kernel alone": lambda: entries(KERNEL),
    },
    6: {
        "That is an LSTM": lambda: len(lh.Gates._fields),
        "rows of the bias": lambda: len(GRU[2]),
        "divided by the features": lambda: GRU[0].shape[1] / len(GRU[0]),
        "width of one block": lambda: len(GRU[1]),
    },
    9: {
        "whole matrices": lambda: 4,
        "times as many entries": lambda: 4 / (entries((100, 100)) / entries((4, 100))),
        "other way round": lambda: ROWS / 4,
        "More rows make": lambda: 4 * ROWS,
        "with equal entries": lambda: ROWS,
    },
    11: {
        "not of the first value": lambda: next(n for n in range(99) if 1 - n / 10 <= 0.5),
        "bit over a third": lambda: next(n for n in range(99) if n * 0.1 >= 1),
        "what a step takes": lambda: steps_until(0.5, 0.1),
        "0.9 for a bias": lambda: steps_until(0.5, sigmoid(0.9)),
        "Upside down": lambda: 1 / steps_until(0.5),
    },
    12: {
        "half for 24 steps": lambda: bias_for(24),
        "You divided 24": lambda: bias_for(24 / 4),
        "The sign": lambda: -bias_for(DAY),
        "Nearly": lambda: solve(np.exp, DAY),
        "That is the gate": lambda: solve(lambda gate: np.sign(gate) * abs(gate) ** DAY, 0.5),
    },
}
WAYS = [(number, fragment) for number, ways in WRONG.items() for fragment in ways]
DECIMALS = {4: None, 6: None, 9: 1, 11: 1, 12: 1}


def answers(number):
    """Every wrong answer, as a learner gives it, with its row."""
    letters = {id(row): letter for letter, row in question(number).choices.items()}
    return [(letters.get(id(row), row.given), row) for row in question(number).wrong]


def key(number):
    """The right answer, known without the table: a number, or a letter by the choice's text."""
    if number in RIGHT:
        return RIGHT[number]()
    choices = question(number).choices
    (letter,) = (letter for letter, row in choices.items() if CHOICE[number] in row.given)
    return letter


ROWS_OF_ALL = [(number, given, row) for number in NUMBERS for given, row in answers(number)]


# What is asked.


def test_there_are_twenty_and_a_transfer_for_each_notebook():
    assert len(quiz.QUESTIONS) == 20
    transfer = [question.transfer for question in quiz.QUESTIONS if question.transfer]
    assert transfer == [f"{n:02}" for n in range(1, 10)]
    assert CHOICE.keys() | RIGHT.keys() == set(NUMBERS)
    assert RIGHT.keys() == WRONG.keys() == DECIMALS.keys()


@pytest.mark.parametrize("number", NUMBERS)
def test_the_right_answer_is_told_why_and_where(number):
    said = quiz.verdict(number, key(number))
    row = question(number).right
    assert said.startswith("right: ")
    assert said.endswith(f", because {row.says.removesuffix('.')} ({row.see}).")
    assert len(row.says.split()) >= 6


@pytest.mark.parametrize(("number", "given", "row"), ROWS_OF_ALL)
def test_every_wrong_answer_has_a_message_of_its_own(number, given, row):
    assert quiz.verdict(number, given) == f"not yet. {row.says} Read again: {row.see}."
    assert len(row.says.split()) >= 4
    assert question(number).read_again(quiz.verdict(number, given)) == row.see


@pytest.mark.parametrize("number", NUMBERS)
def test_no_two_answers_and_no_two_messages_are_the_same(number):
    rows = [question(number).right, *question(number).wrong]
    assert len(rows) >= 4
    assert len({row.says for row in rows}) == len(rows)
    for a, b in itertools.combinations(rows, 2):
        assert a.given != b.given if number in CHOICE else abs(a.given - b.given) > 0.1


@pytest.mark.parametrize("number", CHOICE)
def test_a_choice_is_read_in_any_form(number):
    letter = key(number)
    assert sorted(question(number).choices) == list("abcd")
    for form in (letter.upper(), f"{letter})", f"({letter})", f" '{letter}'. "):
        assert quiz.verdict(number, form).startswith("right: ")
    for other in ("e", "", question(number).right.given + " and more", 3):
        said = quiz.verdict(number, other)
        assert said.startswith("not yet. ")
        assert said.endswith(f"{question(number).hint} Read again: {question(number).right.see}.")


def test_neither_the_letter_nor_the_length_gives_the_right_choice_away():
    letters = [key(number) for number in CHOICE]
    assert all(2 <= letters.count(letter) <= 5 for letter in "abcd")
    assert not any(a == b == c for a, b, c in zip(letters, letters[1:], letters[2:], strict=False))
    longest = 0
    for number in CHOICE:
        lengths = {letter: len(row.given) for letter, row in question(number).choices.items()}
        longest += max(lengths, key=lengths.get) == key(number)
    assert longest <= len(CHOICE) / 3


# The numbers.


@pytest.mark.parametrize("number", RIGHT)
def test_a_number_is_what_the_right_way_gives(number):
    asked, right = question(number), RIGHT[number]()
    assert asked.right.given == pytest.approx(right, abs=1e-9)
    assert asked.decimals == DECIMALS[number]
    assert ("one decimal" in asked.asks) == (asked.decimals == 1)
    if asked.decimals:
        assert quiz.verdict(number, round(right, asked.decimals)).startswith("right: ")
        for off in (-0.051, 0.051):
            far = max(right, round(right, 1)) if off > 0 else min(right, round(right, 1))
            assert not quiz.verdict(number, far + off).startswith("right")
    else:
        assert not quiz.verdict(number, right + 1e-5).startswith("right")
    other = quiz.verdict(number, 123456.5)
    assert other == f"not yet. {asked.hint} Read again: {asked.right.see}."


@pytest.mark.parametrize(("number", "fragment"), WAYS)
def test_each_wrong_way_leads_to_its_message(number, fragment):
    (row,) = (row for row in question(number).wrong if fragment in row.says)
    wrong = WRONG[number][fragment]()
    assert row.given == pytest.approx(wrong, abs=1e-9)
    for given in {wrong, round(wrong, DECIMALS[number] or 6)}:
        assert fragment in quiz.verdict(number, given)


@pytest.mark.parametrize("number", WRONG)
def test_every_wrong_number_has_its_way_here(number):
    assert len(question(number).wrong) == len(WRONG[number])


@pytest.mark.parametrize("number", NUMBERS)
def test_no_message_and_no_hint_says_the_answer(number):
    asked, right = question(number), key(number)
    for text in (asked.asks, asked.hint, *(row.says for row in asked.wrong)):
        if number in CHOICE:
            assert CHOICE[number] not in text
            assert not re.search(rf"(?<![\w']){right}\)", text)
        else:
            digits = DECIMALS[number] or 6
            assert all(round(float(n.value) - right, digits) for n in numbers(text))


# Where it leads, and what it claims.


@functools.cache
def notebook(number):
    return nbformat.read(PATHS[number], as_version=4)


def plain(heading):
    """A heading without its number and "(optional)"."""
    return re.sub(r"^\d+\. | \(optional\)$", "", heading)


@functools.cache
def headings(number):
    texts = "\n".join(c.source for c in notebook(number).cells if c.cell_type == "markdown")
    return [plain(heading) for heading in re.findall(r"(?m)^###? (.*)$", texts)]


PLACES = sorted({row.see for asked in quiz.QUESTIONS for row in (asked.right, *asked.wrong)})


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_place_is_in_the_course(place):
    if place.notebook in LATER - PATHS.keys():
        pytest.skip("that notebook is not there yet")
    assert place.notebook < "11"
    assert headings(place.notebook).count(place.heading) == 1


def test_every_notebook_is_sent_to():
    assert {place.notebook for place in PLACES} == {f"{n:02}" for n in range(1, 10)}


@pytest.mark.parametrize("number", NUMBERS)
def test_what_a_transfer_asks_for_is_taught_where_it_says(number):
    if question(number).transfer:
        assert question(number).right.see.notebook == question(number).transfer


@functools.cache
def evidence(place):
    """What the section of a place prints and asserts."""
    found = zip(sections(notebook(place.notebook)), proofs(notebook(place.notebook)), strict=True)
    return next(proof for part, proof in found if plain(part.heading) == place.heading)


def unfounded(number):
    """Every number of a message that neither its section nor the question has, a line each."""
    found, asked = [], question(number)
    given = {n.value for n in numbers(asked.asks.replace("`", " "))}
    for row in (asked.right, *asked.wrong):
        if row.see.notebook not in PATHS:
            continue
        for claim in claims(row.says):
            if claim.value not in given and not evidence(row.see).supports(claim):
                found.append(f"{claim.value} {claim.unit} in {row.says!r}: not in {row.see}")
    return found


@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_in_a_message_is_in_the_section_that_it_sends_to(number):
    known = {9: ["5 times"], 12: ["96 steps", "4 steps"]}  # what the question's numbers give
    left = [line for line in unfounded(number) if not any(k in line for k in known.get(number, []))]
    assert left == []


def errors(horizon, part):
    """Mean absolute errors of the temperature by kind and station, mean over the seeds."""
    table = models.load_errors(DATA)
    table = table[(table.horizon == horizon) & (table.part == part)]
    table = table[(table.feature == "temp") & (table.measure == "MAE")]
    return table.groupby(["kind", "station"]).error.mean()


def used_and_needed():
    """By how much shuffling t-5 costs at 6 hours, and by how much new networks without it lose."""
    costs = pd.read_csv(DATA / "shuffling_costs.csv", index_col=["horizon", "station", "seed"])
    runs = models.load_window_experiments(DATA)
    lost = runs.loc[6, models.without([5 - 1])]["training"] - runs.loc[6, "newest 24"]["training"]
    return costs.loc[(6, "changping"), "4"].mean(), lost.dropna()


def test_what_is_said_of_used_and_needed_is_so():
    used, lost = used_and_needed()
    assert f"costs our networks {used:.3f} °C" in question(15).asks
    assert f"are worse by {lost.mean():.3f} °C on average" in question(15).asks
    assert lost.min() < 0, "some of them are better"


def persistence_is_the_worst_rule():
    found = errors(6, "validation").unstack()["changping"]
    rules = ["persistence", "same hour yesterday", "climatology", "ridge", "ridge with clock"]
    return found[rules].idxmax() == "persistence"


def a_day_ahead_the_linear_map_is_better():
    found = errors(24, "test").unstack()
    return (found.loc["trained"] > found.loc["ridge"]).all()


def biases_stayed_near_where_they_began():
    bias = lh.LSTMWeights.from_arrays(models.load_model_arrays(DATA)[:3]).bias.f
    return abs(bias.mean() - 1) < 0.3


def order(layout):
    return ", ".join(lh.LAYOUTS[layout].order)


@pytest.mark.parametrize(
    ("number", "fragment", "is_so"),
    [
        (1, "a bad one, as for the temperature", persistence_is_the_worst_rule),
        (1, "worse than a linear map", a_day_ahead_the_linear_map_is_better),
        (3, "Keras 1", lambda: order("keras1") == "i, c, f, o" == CHOICES[3]["Keras 1"]),
        (3, "ONNX", lambda: order("onnx") == "i, o, f, c" == CHOICES[3]["ONNX"]),
        (10, "stayed near", biases_stayed_near_where_they_began),
        (11, "bit over a third", lambda: 1 / 3 < 0.9**10 < 0.36),
        (12, "bit over a third", lambda: 1 / 3 < sigmoid(np.log(DAY)) ** DAY < 0.37),
    ],
)
def test_what_a_message_says_is_so(number, fragment, is_so):
    assert any(fragment in row.says for row in question(number).wrong)
    assert is_so()


CHOICES = {
    number: {
        word: row.given
        for row in question(number).wrong
        for word in ("Keras 1", "ONNX")
        if word in row.says
    }
    for number in CHOICE
}
"""Choices by a word of their message."""


def test_what_is_said_of_layers_is_what_keras_does():
    """Their sizes; a stateful layer, as in question 7, and one with masked steps."""
    with lh.quiet():
        import keras
    layer = keras.layers.LSTM(128)
    layer.build((None, 10, 10))
    assert layer.count_params() == key(4)
    gru = keras.layers.GRU(50)
    gru.build((None, 10, 7))
    assert [tuple(w.shape) for w in gru.weights] == [array.shape for array in GRU]

    x = np.random.default_rng(0).normal(size=(2, 12, 3)).astype("float32")
    first, second = x[:, :6], x[:, 6:]
    layer = keras.layers.LSTM(4, stateful=True)
    given = [layer(keras.ops.convert_to_tensor(batch)) for batch in (first, second)]
    w = lh.LSTMWeights.from_arrays(layer.get_weights())
    alike = [
        np.allclose(lh.replay(w, batch).hidden[:, -1], keras.ops.convert_to_numpy(one), atol=1e-5)
        for batch, one in zip((first, second), given, strict=True)
    ]
    assert alike == [True, False]

    layer = keras.layers.LSTM(4, return_state=True)
    layer.build(x.shape)
    mask = np.arange(12) < 6
    masked = layer(x, mask=np.broadcast_to(mask, x.shape[:2]))
    for one, other in zip(masked, layer(first), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


# The quiz, in use and in its notebook.


def test_it_counts_what_is_right_and_says_what_to_read(capsys):
    mine = quiz.Quiz()
    mine.summary()
    nothing = "0 of 20 right so far; of the 9 transfer questions 0.\nNot attempted yet: 20.\n"
    assert capsys.readouterr().out == nothing
    mine.check(1, "a", ..., key(3), key(4))
    mine.check(6, 4)
    mine.check(4, 1)
    mine.check(9, key(9))
    capsys.readouterr()
    mine.summary()
    assert capsys.readouterr().out == (
        "2 of 20 right so far; of the 9 transfer questions 1.\n"
        "Not attempted yet: 15.\n"
        "Read again:\n"
        '  notebook 01: "Rules to beat" (question 1)\n'
        '  notebook 02: "Read `units` from a shape" (questions 4, 6)\n'
    )


def test_all_right(capsys):
    mine = quiz.Quiz()
    mine.check(1, *map(key, NUMBERS))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[:2] for line in lines] == [[str(n), "right"] for n in NUMBERS]
    mine.summary()
    assert capsys.readouterr().out == (
        "20 of 20 right so far; of the 9 transfer questions 9.\n"
        "All of them. Now read a network of your own.\n"
    )


def test_all_wrong_says_every_section_once(capsys):
    mine = quiz.Quiz()
    mine.check(1, *(answers(number)[0][0] for number in NUMBERS))
    capsys.readouterr()
    mine.summary()
    first, _, *again = capsys.readouterr().out.splitlines()
    assert first.startswith("0 of 20 right")
    assert [line[:13] for line in again] == sorted({line[:13] for line in again})
    listed = [int(n) for line in again for n in re.findall(r"\d+", re.sub('".*?"', "", line)[13:])]
    assert sorted(listed) == list(NUMBERS)


@pytest.mark.parametrize(("first", "given"), [(0, ["a"]), (21, ["a"]), (20, ["a", "b"]), (-1, [1])])
def test_a_question_that_is_not_there_is_an_error_and_nothing_is_remembered(first, given, capsys):
    mine = quiz.Quiz()
    with pytest.raises(ValueError, match=r"^expected a question from 1 to 20, got -?\d+$"):
        mine.check(first, *given)
    assert capsys.readouterr().out == ""
    mine.summary()
    assert "Not attempted yet: 20." in capsys.readouterr().out


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("nonsense", [[], {}, object(), np.nan, True, b"x", [1, 2], "%", 10**400])
def test_nonsense_gets_an_answer_and_never_an_error(number, nonsense):
    assert quiz.verdict(number, nonsense).startswith("not yet.")
    assert quiz.verdict(number, None).startswith("not attempted yet")


def cells(kind):
    return [cell for cell in notebook("11").cells if cell.cell_type == kind]


def printed(cell):
    return "".join(output.get("text", "") for output in cell.outputs)


def test_the_notebook_asks_what_the_table_asks_and_nothing_is_answered_before_the_solutions():
    told = "\n\n".join(c.source for c in cells("markdown") if c.source.startswith("**Exercise"))
    told = re.sub(r"\*\*Exercise \d\*\* \(\d minutes\)\. Questions \d+ to \d+\.\n\n", "", told)
    assert told == quiz.text(1, 20)
    solutions = [c for c in cells("code") if "solution" in c.metadata.get("tags", [])]
    stubs = [c for c in cells("code") if "mine.check(" in c.source]
    written = "\n".join(c.source for c in stubs)
    assert re.findall(r"(?m)^answer_(\d+) = \.\.\.$", written) == list(map(str, NUMBERS))
    asked = "".join(map(printed, stubs))
    solved = "".join(map(printed, solutions))
    assert re.findall(r"(?m)^(\d+): not attempted yet", asked) == list(map(str, NUMBERS))
    lines = [f"{number}: {quiz.verdict(number, key(number))}" for number in NUMBERS]
    assert re.findall(r"(?m)^\d+: .*", solved) == lines
    others = [c for c in cells("code") if c not in solutions]
    assert not any("right: " in printed(c) or "because" in printed(c) for c in others)
    (summary,) = (printed(c) for c in others if "mine.summary()" in c.source)
    assert summary.startswith("0 of 20 right so far")


def test_the_learners_copy_has_the_questions_and_no_solutions():
    mine = copies.without_solutions(notebook("11"), PATHS["11"].name)
    texts = "\n".join(cell.source for cell in mine.cells)
    assert quiz.text(17, 20) in texts
    assert "quiz.Quiz().check" not in texts
    alone = copies.solutions_alone(notebook("11"), PATHS["11"].name)
    assert sum("quiz.Quiz().check" in cell.source for cell in alone.cells) == 5
    assert sum("**Question" in cell.source for cell in alone.cells) == 5


def test_a_message_holds_no_link():
    """It is printed, and a link would not be one."""
    for asked in quiz.QUESTIONS:
        assert not any(LINK.search(row.says) for row in (asked.right, *asked.wrong))
