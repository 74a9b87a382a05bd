"""The quiz at the end of the course: twenty questions, checked as the exercises are.

Each question has one right answer and usual wrong ones. Each answer, right or wrong, has a message
and the place in the course that shows it. Questions with a letter are multiple choice, all others
ask for a number. Nine are marked as transfer: they ask to use what one notebook taught on a case
that it did not show.

To add a question, add a ``Question`` to ``QUESTIONS``. Write the number of a mistake as the wrong
way computes it. tests/test_quiz.py goes each wrong way again without this table, and compares the
text of the notebook with it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any, NamedTuple

from lstm_helpers.course.exercises import Exercise, Wrong, judged

LETTERS = "abcd"


class Place(NamedTuple):
    """A section of the course: number of the notebook, and heading without its number.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import Place
    >>> print(Place("02", "Slice"))
    notebook 02, "Slice"
    """

    notebook: str
    heading: str

    def __str__(self) -> str:
        return f'notebook {self.notebook}, "{self.heading}"'


@dataclasses.dataclass(frozen=True)
class Answer:
    """An answer to a question, right or wrong.

    Attributes
    ----------
    given : number or text
        The number, or the text of the choice.
    says : str
        Of a right answer why it is right, to be read after "because"; of a wrong one what went
        wrong.
    see : Place
        Where the course shows it.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import Answer, Place
    >>> Answer(4 * 3, "You counted one gate.", Place("02", "Slice")).given
    12
    """

    given: Any
    says: str
    see: Place


@dataclasses.dataclass(frozen=True)
class Question:
    """One question.

    Attributes
    ----------
    asks : str
        The question, as Markdown.
    right : Answer
    wrong : tuple of Answer
        Of a multiple choice all other choices, in their order.
    letter : str, optional
        Of a multiple choice: the letter of the right one.
    transfer : str, optional
        Number of the notebook whose lesson is to be used on a new case.
    hint : str
        Of a question for a number: the message for an unusual wrong answer.
    decimals : int, optional
        How many a number is to have; without it, it must be exact.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import QUESTIONS
    >>> QUESTIONS[0].letter, sorted(QUESTIONS[0].choices)
    ('c', ['a', 'b', 'c', 'd'])
    """

    asks: str
    right: Answer
    wrong: tuple[Answer, ...]
    letter: str | None = None
    transfer: str | None = None
    hint: str = "Answer with the letter of one choice, in quotes."
    decimals: int | None = None

    @property
    def choices(self) -> dict[str, Answer]:
        """The choices by letter; empty if a number is asked for.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import QUESTIONS
        >>> QUESTIONS[2].choices["b"].given
        'i, f, c, o'
        """
        if self.letter is None:
            return {}
        place = LETTERS.index(self.letter)
        rows = (*self.wrong[:place], self.right, *self.wrong[place:])
        return dict(zip(LETTERS, rows, strict=True))

    @property
    def exercise(self) -> Exercise:
        """The question as an exercise, whose checker reads and judges the answer.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import QUESTIONS
        >>> QUESTIONS[2].exercise.answer
        'b'
        """
        letters = {id(row): letter for letter, row in self.choices.items()}
        rows = tuple(Wrong(letters.get(id(row), row.given), _told(row)) for row in self.wrong)
        return Exercise(
            answer=self.letter or self.right.given,
            because=f"{self.right.says.removesuffix('.')} ({self.right.see}).",
            wrong=rows,
            hint=f"{self.hint} Read again: {self.right.see}.",
            decimals=self.decimals,
        )

    def text(self, number: int) -> str:
        """The question as it stands in the notebook, in Markdown.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import QUESTIONS
        >>> print(QUESTIONS[2].text(3).splitlines()[2])
        - a) f, i, c, o
        """
        marked = f" (transfer, {self.transfer})" if self.transfer else ""
        lines = [f"**Question {number}**{marked}. {self.asks}"]
        if self.choices:
            lines += ["", *(f"- {letter}) {row.given}" for letter, row in self.choices.items())]
        return "\n".join(lines)

    def read_again(self, verdict: str) -> Place:
        """The place that a verdict on this question sends to.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import QUESTIONS, verdict
        >>> QUESTIONS[2].read_again(verdict(3, "a"))
        Place(notebook='03', heading='Six lines')
        """
        rows = (row for row in self.wrong if _told(row) in verdict)
        return next(rows, self.right).see


def _told(row: Answer) -> str:
    return f"{row.says} Read again: {row.see}."


def verdict(number: int, answer: Any = ...) -> str:
    """What an answer to a question shows: not attempted yet, right or not yet, and why.

    Parameters
    ----------
    number : int
        Of the question, from 1.
    answer : anything
        A letter, or a number in any form. ``...`` means not attempted.

    Raises
    ------
    ValueError
        There is no such question.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import verdict
    >>> verdict(3, "B")  # doctest: +ELLIPSIS
    'right: b, because ...'
    """
    if number not in range(1, len(QUESTIONS) + 1):
        raise ValueError(f"expected a question from 1 to {len(QUESTIONS)}, got {number!r}")
    return judged(QUESTIONS[number - 1].exercise, answer)


class Quiz:
    """Answers so far, and what they show.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import Quiz
    >>> mine = Quiz()
    >>> mine.check(2, "a", "b")  # doctest: +ELLIPSIS
    2: not yet. A row of the kernel...
    3: right: b, because...
    >>> mine.summary()  # doctest: +ELLIPSIS
    1 of 20 right so far; of the 9 transfer questions 0...
    """

    def __init__(self) -> None:
        self._answers: dict[int, Any] = {}

    def check(self, first: int, *answers: Any) -> None:
        """Print what the answers to some questions show, and remember them.

        Parameters
        ----------
        first : int
            Number of the first of these questions.
        *answers : anything
            To this question and those after it. ``...`` means not attempted.

        Raises
        ------
        ValueError
            There is no such question. Then nothing is remembered.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import Quiz
        >>> Quiz().check(20, ...)  # doctest: +ELLIPSIS
        20: not attempted yet...
        """
        said = {number: verdict(number, given) for number, given in enumerate(answers, first)}
        self._answers.update(enumerate(answers, first))
        for number, line in said.items():
            print(f"{number}: {line}")

    def summary(self) -> None:
        """Print how many are right so far, and which notebooks to read again.

        Examples
        --------
        >>> from lstm_helpers.course.quiz import Quiz
        >>> mine = Quiz()
        >>> mine.check(3, "c")  # doctest: +ELLIPSIS
        3: not yet...
        >>> mine.summary()  # doctest: +ELLIPSIS
        0 of 20 right so far; of the 9 transfer questions 0.
        Not attempted yet: 19.
        Read again:
          notebook 02: "What older answers get wrong" (question 3)
        """
        said = {n: verdict(n, self._answers.get(n, ...)) for n in range(1, len(QUESTIONS) + 1)}
        right = [n for n, line in said.items() if line.startswith("right")]
        transfer = [n for n in said if QUESTIONS[n - 1].transfer]
        both = len(set(right) & set(transfer))
        print(
            f"{len(right)} of {len(said)} right so far; "
            f"of the {len(transfer)} transfer questions {both}."
        )
        untried = sum(line.startswith("not attempted") for line in said.values())
        if untried:
            print(f"Not attempted yet: {untried}.")
        again: dict[Place, list[int]] = {}
        for n, line in said.items():
            if line.startswith("not yet"):
                again.setdefault(QUESTIONS[n - 1].read_again(line), []).append(n)
        if again:
            print("Read again:")
        for notebook in sorted({place.notebook for place in again}):
            sections = [
                f'"{place.heading}" ({_questions(numbers)})'
                for place, numbers in again.items()
                if place.notebook == notebook
            ]
            print(f"  notebook {notebook}: {', '.join(sections)}")
        if len(right) == len(said):
            print("All of them. Now read a network of your own.")


def _questions(numbers: list[int]) -> str:
    return f"question{'s' * (len(numbers) > 1)} {', '.join(map(str, numbers))}"


def text(first: int, last: int) -> str:
    """The questions from one number to another, as they stand in the notebook, in Markdown.

    Examples
    --------
    >>> from lstm_helpers.course.quiz import text
    >>> text(1, 4).count("**Question")
    4
    """
    return "\n\n".join(QUESTIONS[n - 1].text(n) for n in range(first, last + 1))


# The table. Places that several messages name come first.

RULES = Place("01", "Rules to beat")
ONE_TRAINING = Place("01", "One training proves little")
NO_TIME = Place("02", "Three arrays, and no time")
SHAPES = Place("02", "Read `units` from a shape")
ORDER = Place("02", "The order, proved")
OLDER = Place("02", "What older answers get wrong")
SIX_LINES = Place("03", "Six lines")
NO_NUMBER = Place("03", "What the picture can't say")
PER_ENTRY = Place("04", "The usual picture, and what it hides")
KEEP = Place("05", "Forget or keep?")
HALF_LIFE = Place("05", "From a bias to hours")
FOOLED = Place("06", "What fools each method")
SETTING = Place("06", "Does a better setting help?")
NEEDED = Place("07", "Needed: train without it")
CONTROLS = Place("08", "Four controls")
CHANGE = Place("08", "Change a state")
ELSEWHERE = Place("09", "Three networks from elsewhere")
STORY = Place("09", "A story as data")


def _sigmoid(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def _bias(gate: float) -> float:
    """Which number the sigmoid makes a gate of."""
    return math.log(gate / (1 - gate))


QUESTIONS = (
    Question(
        "Somebody forecasts with an LSTM how much a shop will sell the next day. In a year that it "
        "was not trained on, its mean absolute error is 40. *Tomorrow as today* errs by 55, "
        "*tomorrow as the same weekday of last week* by 38. What do you report?",
        letter="c",
        transfer="01",
        right=Answer(
            "so far the LSTM is worse than a rule that needs no training",
            "a forecast is only as good as the best rule that it beats.",
            RULES,
        ),
        wrong=(
            Answer(
                "the LSTM is good: it beats persistence",
                "Persistence is one rule. Where there is a rhythm it is a bad one, as for the "
                "temperature.",
                RULES,
            ),
            Answer(
                "the LSTM is better, since it reads more than either rule",
                "To read more is no merit. A day ahead, our network reads all of the window and is "
                "worse than a linear map.",
                ONE_TRAINING,
            ),
            Answer(
                "nothing: rules and network must be compared on the training years",
                "Those years tell about days that the network has seen. Judge it by others.",
                Place("01", "Years to train on, a year to choose on, a year to report"),
            ),
        ),
    ),
    Question(
        "The same layer is to read windows five times as long. Which of its arrays grows?",
        letter="d",
        right=Answer(
            "no array",
            "every hour uses the same weights: `time_steps` only says how often.",
            NO_TIME,
        ),
        wrong=(
            Answer(
                "the kernel: it has a row for each hour",
                "A row of the kernel is a feature and not an hour.",
                SHAPES,
            ),
            Answer(
                "the recurrent kernel: it passes the hours on",
                "It has a row for each unit. The same array is used again at every hour.",
                SHAPES,
            ),
            Answer(
                "the bias: it is added at each hour",
                "It is, but at all hours the same numbers are added.",
                NO_TIME,
            ),
        ),
    ),
    Question(
        "In which order do the four blocks of a Keras kernel stand, from left to right?",
        letter="b",
        right=Answer(
            "i, f, c, o",
            "of the 24 orders this is the only one that gives what Keras gives.",
            ORDER,
        ),
        wrong=(
            Answer(
                "f, i, c, o",
                "That is how the drawing shows them, since the line for the new cell begins with "
                "f. The arrays have another order.",
                SIX_LINES,
            ),
            Answer(
                "i, c, f, o",
                "That is the order of the twelve arrays of Keras 1. Today's three arrays have "
                "another.",
                OLDER,
            ),
            Answer(
                "i, o, f, c",
                "That is the order of another format, ONNX. One step of a layer tells which "
                "order is right.",
                ORDER,
            ),
        ),
    ),
    Question(
        "How many numbers does Keras' `LSTM(128)` hold if it reads 10 hours of 10 features?",
        right=Answer(
            4 * 128 * (10 + 128 + 1),
            "four blocks of 128 columns, each with 10 rows of the kernel, 128 of the recurrent "
            "kernel and a bias.",
            SHAPES,
        ),
        wrong=(
            Answer(
                10 * 4 * 128 * (10 + 128 + 1),
                "You counted the weights anew for each hour. All hours share them.",
                NO_TIME,
            ),
            Answer(4 * 128 * (10 + 128), "The biases are missing.", SHAPES),
            Answer(
                128 * (10 + 128 + 1),
                "That is one gate. The last axis of each array holds four blocks.",
                Place("02", "Slice"),
            ),
            Answer(
                4 * 128 * (10 + 128 + 2),
                "One bias too many for Keras. (PyTorch stores two.)",
                SHAPES,
            ),
            Answer(
                4 * 128 * (10 + 128 + 1) + 128 + 1,
                "You counted a Dense layer behind it, too.",
                SHAPES,
            ),
            Answer(4 * 128 * 10, "That is the kernel alone. There are two more arrays.", SHAPES),
        ),
        hint="Write down the shapes of the three arrays.",
    ),
    Question(
        "PyTorch's `LSTM(10, 128)` stores `weight_ih` of shape `(512, 10)`, `weight_hh` "
        "`(512, 128)`, and two biases `(512,)`. Its blocks are i, f, c, o as well; it computes "
        "`W x + b_ih + U h + b_hh`. Which three arrays give a Keras layer that does the same?",
        letter="c",
        right=Answer(
            "both matrices transposed, and the sum of the two biases",
            "Keras has features and units first, and a step only adds the two biases.",
            ELSEWHERE,
        ),
        wrong=(
            Answer(
                "both matrices reshaped to `(10, 512)` and `(128, 512)`, and the sum of the two "
                "biases",
                "The shapes fit, and the numbers get mixed: `reshape` tears each row apart and "
                "goes on in the next one.",
                OLDER,
            ),
            Answer(
                "both matrices transposed, and `bias_ih`",
                "Then `bias_hh` is lost, and every gate of every step gets another number.",
                SIX_LINES,
            ),
            Answer(
                "both matrices transposed, and the two biases one after the other, `(1024,)`",
                "Keras' bias has 4 times as many numbers as there are units, one for each column.",
                SHAPES,
            ),
        ),
    ),
    Question(
        "A layer of another kind, Keras' `GRU`, has arrays of shapes `(7, 150)`, `(50, 150)` and "
        "`(2, 150)`. An LSTM has four blocks side by side. How many has this layer?",
        transfer="02",
        right=Answer(
            150 // 50,
            "the recurrent kernel has a row for each unit, and a block a column for each.",
            SHAPES,
        ),
        wrong=(
            Answer(4, "That is an LSTM. Here four blocks would not fit.", SHAPES),
            Answer(
                2,
                "Those are the rows of the bias: this layer has two. Blocks stand side by side.",
                SHAPES,
            ),
            Answer(
                150 / 7, "You divided by the features. A block has a column for each unit.", SHAPES
            ),
            Answer(50, "That is the width of one block. How many fit side by side?", SHAPES),
        ),
        hint="Which array tells how many units there are? How wide is a block then?",
    ),
    Question(
        "You replay somebody's Keras layer with the six lines, from states of zero. The first "
        "batch is equal, the second is not. (No step is masked: a masked step would leave both "
        "states as they are.) Why?",
        letter="a",
        transfer="03",
        right=Answer(
            "the layer is `stateful`",
            "it begins a batch with the `h` and `c` that the batch before has left. The lines are "
            "right, their start is not.",
            SIX_LINES,
        ),
        wrong=(
            Answer(
                "its blocks are in another order",
                "Then the first batch would be wrong, too.",
                ORDER,
            ),
            Answer(
                "its gates use `hard_sigmoid`",
                "Another function in the gates changes every batch, also the first.",
                OLDER,
            ),
            Answer(
                "it has `return_sequences=True`",
                "That changes what is returned, and not what is computed.",
                Place("03", "All hidden vectors"),
            ),
        ),
    ),
    Question(
        "In your network, unit 14 follows the temperature. You train again, from another seed. "
        "What do you expect of unit 14?",
        letter="d",
        right=Answer(
            "nothing: another unit may do it, or several together",
            "you can renumber the units in all arrays, and the network computes the same. So "
            "their numbers can't mean anything.",
            NO_NUMBER,
        ),
        wrong=(
            Answer(
                "the same, since data and settings are the same",
                "The forecasts are nearly the same. But units of the same number are hardly more "
                "alike than any two.",
                NO_NUMBER,
            ),
            Answer(
                "the same, perhaps with the other sign",
                "We left out the sign when we compared, and units of the same number were hardly "
                "more alike than any two.",
                NO_NUMBER,
            ),
            Answer(
                "at least a forget gate that is open as far",
                "Compared unit by unit, the mean forget gates of two trainings hardly agree.",
                Place("07", "Could we have read it from the weights?"),
            ),
        ),
    ),
    Question(
        "An `LSTM(100)` reads 4 features. The Frobenius norm of its `U_f` is 4 times that of its "
        "`W_f`. How many times as large is a usual entry of `U_f`, compared with one of `W_f`? "
        "Give one decimal.",
        transfer="04",
        right=Answer(
            4 / math.sqrt(100 / 4),
            "with equal entries the norm would be 5 times as large, for its rows alone.",
            PER_ENTRY,
        ),
        wrong=(
            Answer(4, "That compares the whole matrices. `U_f` has more rows.", PER_ENTRY),
            Answer(
                4 / (100 / 4),
                "You divided by how many times as many entries there are. A norm is the root of "
                "a sum.",
                PER_ENTRY,
            ),
            Answer(math.sqrt(100 / 4) / 4, "The other way round: `W_f` to `U_f`.", PER_ENTRY),
            Answer(4 * math.sqrt(100 / 4), "More rows make the norm larger: divide.", PER_ENTRY),
            Answer(
                math.sqrt(100 / 4),
                "So many times as large would the norm be with equal entries.",
                PER_ENTRY,
            ),
        ),
        hint="How many times as large is the norm of a matrix with 100 rows, compared with one of "
        "4 rows, if all entries are equal?",
        decimals=1,
    ),
    Question(
        "You set the forget bias of a new layer to 5. What happens to a cell?",
        letter="b",
        right=Answer(
            "it keeps nearly all from step to step",
            "the old cell is multiplied by the gate, and the sigmoid of 5 is nearly 1.",
            KEEP,
        ),
        wrong=(
            Answer(
                "it forgets faster: the forget gate is wide open",
                "The gate has a misleading name. Look at what is multiplied by it.",
                KEEP,
            ),
            Answer(
                "it keeps five times as much",
                "The bias goes through a sigmoid, so that no gate is ever above 1.",
                KEEP,
            ),
            Answer(
                "nothing that lasts: training moves the bias to where the task needs it",
                "On the weather, trained biases stayed near where they began.",
                Place("05", "And the weather?"),
            ),
        ),
    ),
    Question(
        "A forget gate stays at 0.9. After how many steps is half of the cell left? Give one "
        "decimal.",
        right=Answer(
            math.log(0.5) / math.log(0.9),
            "after n steps 0.9 to the power of n is left, and that is a half for this n.",
            HALF_LIFE,
        ),
        wrong=(
            Answer(
                0.5 / (1 - 0.9),
                "A step takes a tenth of what is still there, and not of the first value.",
                HALF_LIFE,
            ),
            Answer(
                1 / (1 - 0.9),
                "After so many steps a bit over a third is left, and not a half.",
                HALF_LIFE,
            ),
            Answer(
                math.log(0.5) / math.log(1 - 0.9),
                "You took what a step takes. Take what it leaves.",
                HALF_LIFE,
            ),
            Answer(
                math.log(0.5) / math.log(_sigmoid(0.9)),
                "You took 0.9 for a bias. It is the gate: it has been through the sigmoid.",
                HALF_LIFE,
            ),
            Answer(math.log(0.9) / math.log(0.5), "Upside down: divide by log(0.9).", HALF_LIFE),
        ),
        hint="lh.half_life(gate), or log(1/2) divided by a logarithm.",
        decimals=1,
    ),
    Question(
        "Another series has a value every 15 minutes. With which forget bias is half of a cell "
        "left after 24 hours, if nothing else moves the gate? Give one decimal.",
        transfer="05",
        right=Answer(
            _bias(0.5 ** (1 / (24 * 4))),
            "a day has 96 steps here, and the gate that leaves half after 96 steps is the "
            "sigmoid of this bias.",
            HALF_LIFE,
        ),
        wrong=(
            Answer(
                _bias(0.5 ** (1 / 24)),
                "That keeps half for 24 steps. A step is no hour here.",
                HALF_LIFE,
            ),
            Answer(_bias(0.5 ** (4 / 24)), "You divided 24 by 4: an hour has 4 steps.", HALF_LIFE),
            Answer(
                -_bias(0.5 ** (1 / (24 * 4))),
                "The sign: a negative bias shuts the gate, and the cell forgets.",
                KEEP,
            ),
            Answer(
                math.log(24 * 4),
                "Nearly: with this bias a bit over a third is left after a day, and not a half.",
                HALF_LIFE,
            ),
            Answer(
                0.5 ** (1 / (24 * 4)),
                "That is the gate. Which number does the sigmoid make it of?",
                HALF_LIFE,
            ),
        ),
        hint="How many steps has a day? Then the gate, then the bias.",
        decimals=1,
    ),
    Question(
        "A network reads the pressure as it is, in hPa, far from 0 in every window. Integrated "
        "gradients from zeros name the pressure first. What does that show?",
        letter="d",
        right=Answer(
            "what happens on a way from a pressure that never occurs",
            "the way from zeros goes through windows that do not exist. Begin at windows that do.",
            FOOLED,
        ),
        wrong=(
            Answer(
                "that the forecast depends most on the pressure",
                "Perhaps it does. But from zeros the method also names a feature on which no "
                "output depends.",
                FOOLED,
            ),
            Answer(
                "the same as from any other baseline, since zero is neutral",
                "No baseline is neutral. In our network zeros name the oldest hour first, and "
                "real windows the newest.",
                Place("07", "Which readings?"),
            ),
            Answer(
                "that the sum has too few steps",
                "More steps make the sum exact. They don't change where the way begins.",
                FOOLED,
            ),
        ),
    ),
    Question(
        "A network forecasts how full a bus will be. A window is a working day or a holiday, all "
        "of it, and the output depends on which. As references for expected gradients you take "
        "the windows most alike. What will you miss?",
        letter="b",
        transfer="06",
        right=Answer(
            "that it matters whether it is a holiday",
            "what a window and all its references have in common can't be found, as in the world "
            "*season*.",
            SETTING,
        ),
        wrong=(
            Answer(
                "nothing: references that are alike are the safe choice",
                "They help in the world *between*. There is a world in which they harm.",
                SETTING,
            ),
            Answer(
                "the newest reading",
                "It differs a little even among windows that are alike. What never differs?",
                SETTING,
            ),
            Answer(
                "only the sign of the attributions",
                "A sign comes from the change between reference and window. What never changes?",
                Place("06", "Which way does it push?"),
            ),
        ),
    ),
    Question(
        "At 6 hours ahead, shuffling t-5 costs our networks 0.084 °C. New networks that never saw "
        "t-5 are worse by 0.008 °C on average, and some of them are better. What do you report?",
        letter="a",
        right=Answer(
            "t-5 is used, and hardly needed as long as the hours around it are there",
            "a shuffle shows what these networks use, a new training what others can do without.",
            NEEDED,
        ),
        wrong=(
            Answer(
                "t-5 is needed, since a wrong reading there costs every network something",
                "A shuffle asks networks that rely on the hour. Networks that never had it found "
                "the same elsewhere.",
                NEEDED,
            ),
            Answer(
                "t-5 is not used",
                "These networks err more when it is wrong, so they do use it.",
                Place("07", "Used: shuffle one hour"),
            ),
            Answer(
                "one of the two numbers must be wrong",
                "Both are right. They answer two questions.",
                NEEDED,
            ),
        ),
    ),
    Question(
        "Could you have read from the weights alone that t-5 hardly matters?",
        letter="c",
        right=Answer(
            "no: there is no weight for t-5",
            "all steps share the same arrays, and what they do with an hour depends on the hours "
            "around it. It takes weights and windows, run together, and then a new training.",
            Place("07", "Could we have read it from the weights?"),
        ),
        wrong=(
            Answer(
                "yes: row 5 of the kernel is small",
                "A row of the kernel is a feature and not an hour.",
                SHAPES,
            ),
            Answer(
                "yes: the forget gates close within five hours",
                "They do so in our network, and yet yesterday's hours count.",
                Place("05", "A puzzle"),
            ),
            Answer(
                "no: nothing can be known about a single hour of the window",
                "Its cost can be measured, and so can networks that were trained without it.",
                Place("07", "The answer"),
            ),
        ),
    ),
    Question(
        "A boiler has two thermometers, A and B. Shuffling A costs much. Networks trained without "
        "A are as good as before. Somebody concludes: A is not needed, B says the same, so both "
        "can go. What do you say?",
        letter="c",
        transfer="07",
        right=Answer(
            "A can go while B stays; for both, train without both",
            "what a reading is worth depends on which others are there.",
            Place("07", "Your own network"),
        ),
        wrong=(
            Answer(
                "right: each of them can be replaced by the other, so neither is needed",
                "Each by the other. Without both, nothing may be left that says the same.",
                Place("07", "Your own network"),
            ),
            Answer(
                "wrong: the shuffle shows that A is needed",
                "A shuffle shows what is used. Networks without A are as good.",
                NEEDED,
            ),
            Answer(
                "open: the shuffle and the new training contradict each other",
                "They answer two questions, what is used and what is needed. Both can be right.",
                NEEDED,
            ),
        ),
    ),
    Question(
        "The hour of the day is read much better from trained states than from untrained ones. "
        "What would show that the forecast also uses it?",
        letter="d",
        right=Answer(
            "turning the hour inside the state, with random pushes beside it",
            "only a change shows use. The forecast must follow it further than random changes "
            "of the same length.",
            Place("08", "Turn the clock inside"),
        ),
        wrong=(
            Answer(
                "no more than that: training puts in only what the forecast uses",
                "A probe reads. It can't tell whether the network reads it, too.",
                CHANGE,
            ),
            Answer(
                "the units that have the largest weights in the probe",
                "A probe's weights say how to read the hour, and not how the state moves with it. "
                "A push along them moved the forecast less than half as far.",
                Place("08", "Turn the clock inside"),
            ),
            Answer(
                "a probe of shuffled answers that scores 0",
                "That control tests the probe, and not the forecast.",
                CONTROLS,
            ),
        ),
    ),
    Question(
        "A network forecasts a town's use of electricity from the last week, without a calendar. "
        "From its state a probe reads nearly without error whether it is Sunday. From the state "
        "of an untrained network, too. What do you conclude?",
        letter="b",
        transfer="08",
        right=Answer(
            "the state knows it, with or without training",
            "only the difference to the controls says what was learned. Here there is hardly any.",
            CONTROLS,
        ),
        wrong=(
            Answer(
                "the network has learned what a Sunday is",
                "The untrained network has learned nothing, and its state says the same.",
                CONTROLS,
            ),
            Answer(
                "the probe is broken: random weights can't know it",
                "Random weights keep much of what they read. The mean of the last day was read "
                "from them as well as from trained ones.",
                CONTROLS,
            ),
            Answer(
                "the forecast does not use it",
                "No probe can tell that. Change the state, and look at the forecast.",
                CHANGE,
            ),
        ),
    ),
    Question(
        "Somebody says that a network uses the rain, and tests it with `lh.check_reading` on 200 "
        "windows, all of them dry. The reading does not hold. What do you conclude?",
        letter="a",
        transfer="09",
        right=Answer(
            "these windows can't decide it: take some wet ones",
            "the experiment exchanges the rain between windows. Where all are dry, nothing was "
            "changed.",
            STORY,
        ),
        wrong=(
            Answer(
                "the network does not use the rain: an experiment decides",
                "Not in dry windows. Rare does not mean unused: in wet ones our forecaster does "
                "use it.",
                Place("04", "Does a large norm mean an important feature?"),
            ),
            Answer(
                "the norm of the rain's weights has to decide",
                "A weight does not know how far its feature moves. That is one of the five ways to "
                "be wrong.",
                Place("09", "Five ways to be wrong"),
            ),
            Answer(
                "the reading has to name a lag as well",
                "Then the rain of that lag is exchanged. It is dry there, too.",
                STORY,
            ),
        ),
    ),
)
"""The questions in their order."""
