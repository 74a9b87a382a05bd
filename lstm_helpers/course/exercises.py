"""One checker, and a table of answers and usual mistakes for each exercise.

``check`` says *not attempted yet*, *right*, or what probably went wrong. It says the answer only
after a right one. The solutions in the notebooks work it out.

To add an exercise, add an entry to ``EXERCISES``: the answer, why it is right, and a row for each
usual mistake. Write the number of a mistake as the wrong way computes it, ``1000 - 24`` and not
``976``, so that a reader of the table sees what happened. tests/test_exercises.py has the same
wrong ways, computed without this table.
"""

from __future__ import annotations

import dataclasses
import re
import types
from typing import Any

import numpy as np

EXACT = 1e-6
"""Two numbers that differ by less count as the same, even if one of them was a float32."""


@dataclasses.dataclass(frozen=True)
class Wrong:
    """A usual wrong answer, one row of the table.

    Attributes
    ----------
    answer : number, text or array
        What the mistake gives.
    shows : str
        The message.
    within : float, optional
        How far from it a number still counts as this mistake. By default half a unit of the last
        decimal that the exercise asks for, or ``EXACT`` if it asks for no decimals.

    Examples
    --------
    >>> from lstm_helpers.course.exercises import Wrong
    >>> Wrong(1000 - 24, "You left out the horizon.").answer
    976
    """

    answer: Any
    shows: str
    within: float | None = None


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One entry of the table.

    Attributes
    ----------
    answer : number, text or array
        The right answer.
    because : str
        The message for a right answer.
    wrong : tuple of Wrong
        Usual mistakes. If several rows fit, the nearest counts.
    hint : str
        The message for any other wrong answer.
    decimals : int, optional
        How many the exercise asks for. An answer that agrees to so many is right. Without it, the
        answer must be exact.
    per_cent : bool
        The exercise asks for per cent: the text "33 %" is 33. Otherwise it is 0.33.

    Examples
    --------
    >>> from lstm_helpers.course.exercises import Exercise, Wrong
    >>> wrong = Wrong(0.25, "Those are the others.")
    >>> exercise = Exercise(0.75, "3 of 4 count.", (wrong,), "Count them.", decimals=2)
    >>> exercise.shown(), len(exercise.wrong)
    ('0.75', 1)
    """

    answer: Any
    because: str
    wrong: tuple[Wrong, ...]
    hint: str
    decimals: int | None = None
    per_cent: bool = False

    @property
    def within(self) -> float:
        """How far a number may be from the right one.

        Examples
        --------
        >>> from lstm_helpers.course.exercises import Exercise
        >>> round(Exercise(0.75, "of the data.", (), "Count.", decimals=2).within, 4)
        0.005
        """
        return EXACT if self.decimals is None else 10.0**-self.decimals / 2 + EXACT

    def shown(self) -> str:
        """The answer as a learner would write it.

        Examples
        --------
        >>> from lstm_helpers.course.exercises import Exercise
        >>> Exercise(0.7, "of the data.", (), "Count.", decimals=2).shown()
        '0.70'
        """
        if isinstance(self.answer, str):
            return self.answer
        if self.decimals is not None:
            return f"{self.answer:.{self.decimals}f}"
        return _written(np.asarray(self.answer))


def check(name: str, answer: Any = ...) -> None:
    """Print what an answer to an exercise shows.

    Parameters
    ----------
    name : str
        Number of notebook and exercise, as ``"01-1"``.
    answer : anything
        In any form: number, list, array, or text such as ``"0,75"``, ``"971 windows"`` and
        ``"35 %"``. ``...`` means not attempted.

    Raises
    ------
    ValueError
        There is no such exercise.

    Examples
    --------
    >>> from lstm_helpers.course.exercises import check
    >>> check("01-1")  # doctest: +ELLIPSIS
    01-1: not attempted yet...
    """
    print(f"{name}: {verdict(name, answer)}")


def verdict(name: str, answer: Any = ...) -> str:
    """What ``check`` prints, as text.

    Examples
    --------
    >>> from lstm_helpers.course.exercises import verdict
    >>> verdict("01-1").split(".")[0]
    'not attempted yet'
    """
    if name not in EXERCISES:
        raise ValueError(f"expected an exercise of {', '.join(EXERCISES)}, got {name!r}")
    return judged(EXERCISES[name], answer)


def judged(exercise: Exercise, answer: Any = ...) -> str:
    """What an answer to an exercise shows, whatever table the exercise stands in.

    Parameters
    ----------
    exercise : Exercise
    answer : anything
        As for ``check``.

    Returns
    -------
    str
        It begins with "not attempted yet", "right" or "not yet".

    Examples
    --------
    >>> from lstm_helpers.course.exercises import Exercise, judged
    >>> exercise = Exercise(0.75, "3 of 4 count.", (), "Count them.", decimals=2)
    >>> judged(exercise, "75 %")
    'right: 0.75, because 3 of 4 count.'
    """
    if answer is ...:
        return "not attempted yet. Put your answer in place of the dots and run the cell again."
    if answer is None:
        quotes = " A word goes in quotes." if _is_text(exercise.answer) else ""
        return (
            "not attempted yet. The answer is None, which is Python's word for no value. Put yours "
            f"in its place and run the cell again.{quotes}"
        )
    readings = _readings(answer, exercise)
    typed = _is_text(answer) and not _is_text(exercise.answer)
    for reading in readings:
        if said := _says(exercise, reading):
            understood = f"Understood as {_written(reading)}. " if typed else ""
            return said if said.startswith("right") else f"not yet. {understood}{said}"
    understood = expected = ""
    if typed and readings:
        understood = f"Understood as {' or '.join(map(_written, readings))}. "
    # A name may be right and a number usual: to ask for a name would say too much.
    wanted = dict.fromkeys(_kind(row) for row in (exercise.answer, *_usual(exercise)))
    got = _kind(readings[0]) if readings else _named(answer)
    if got not in wanted:
        expected = f"Expected {' or '.join(wanted)}, got {got}. "
        if "one number" in wanted and _has_a_comma(answer):
            expected += "Write decimals with a point, and thousands without a comma. "
    return f"not yet. {understood}{expected}{exercise.hint}"


def _usual(exercise: Exercise) -> list[Any]:
    return [row.answer for row in exercise.wrong]


def _says(exercise: Exercise, given: np.ndarray | str) -> str | None:
    """The message for an answer; None if it is not a usual one."""
    answer, decimals = exercise.answer, exercise.decimals
    fits = []
    for row in exercise.wrong:
        distance = _distance(given, row.answer)
        if distance <= (exercise.within if row.within is None else row.within):
            fits.append((distance, row.shows))
    nearest, said = min(fits, key=lambda fit: fit[0], default=(np.inf, None))
    if _is_right(exercise, given) and _distance(given, answer) < nearest:
        return f"right: {exercise.shown()}, because {exercise.because}"
    if decimals is None:
        return said
    asked = f"give {_WORDS[decimals]} decimal{'s' * (decimals > 1)}"
    if _is_coarse(given, answer, decimals):
        if said:  # exactly the wrong answer, and the right one rounded
            return f"If you rounded, it may be right: {asked}. If you did not: {said}"
        return f"That may be right, but has too few digits to tell: {asked}."
    if said:
        return said
    if _distance(given, np.trunc(answer * 10**decimals) / 10**decimals) < EXACT:
        return "Nearly: you cut off the digits that follow. Round the last one instead."
    rough = [row.shows for row in exercise.wrong if _is_coarse(given, row.answer, decimals)]
    return f"Perhaps this ({asked} to be sure): {rough[0]}" if len(rough) == 1 else None


def _is_right(exercise: Exercise, given: np.ndarray | str) -> bool:
    """Near enough, or the same to the decimals asked for, if an earlier result was rounded."""
    targets = [exercise.answer]
    if exercise.decimals is not None:
        targets.append(round(exercise.answer, exercise.decimals))
    return any(_distance(given, target) <= exercise.within for target in targets)


def _is_coarse(given: Any, wanted: float, decimals: int) -> bool:
    """``wanted`` rounded to fewer decimals, if a digit of it is left."""
    return any(
        abs(wanted) >= 10.0**-n and _distance(given, round(wanted, n)) < EXACT
        for n in range(decimals)
    )


def _distance(given: Any, wanted: Any) -> float:
    """Largest difference between two answers, infinite where they can't be compared."""
    if _is_text(given) or _is_text(wanted):
        return 0.0 if _is_text(given) and _is_text(wanted) and given == wanted else np.inf
    given, wanted = np.asarray(given), np.asarray(wanted)
    return float(np.abs(given - wanted).max()) if given.shape == wanted.shape else np.inf


# The given answer, in the form of the right one.

_WORDS = {1: "one", 2: "two", 3: "three"}
_THOUSANDS = re.compile(r"(?<=\d)[ _'’\u00a0\u202f](?=\d{3}(?!\d))")
_WITH_UNIT = re.compile(r"[≈~]?\s*([+-]?(?:\d[\d.,]*|[.,]\d+)(?:e[+-]?\d+)?)\s*(\D*)", re.I)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_IN_A_LIST = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?")


def _readings(given: Any, exercise: Exercise) -> list[Any]:
    """What an answer may mean: nothing, one thing or, as with "1,234", two."""
    wanted = exercise.answer
    try:
        if not _is_text(given):
            array = np.asarray(given, dtype=float)
            if np.asarray(given).dtype == bool:
                return []
            return [array.reshape(()) if array.size == 1 and np.ndim(wanted) == 0 else array]
        if _is_text(wanted):
            plain = _plain(given)
            return [plain, *map(np.asarray, _numbers(plain))]
        if np.ndim(wanted) == 0:
            return [np.asarray(number) for number in _numbers(given, exercise.per_cent)]
        numbers = [float(number) for number in _IN_A_LIST.findall(given.replace("−", "-"))]
        return [np.asarray(numbers)] if numbers else []
    except Exception:  # whatever a learner's object raises when asked for its numbers
        return []


def _numbers(text: str, per_cent: bool = False) -> list[float]:
    """Numbers that a text may mean, with a unit behind, a decimal comma, spaces in thousands."""
    text = _THOUSANDS.sub("", text.strip(" \t\n\"'`").replace("−", "-"))
    found = _WITH_UNIT.fullmatch(text)
    if not found:
        return []
    number, unit = found[1].rstrip(".,"), found[2].lower()
    if "," in number and "." in number:  # the last of them is the decimal one
        grouping = "," if number.rindex(",") < number.rindex(".") else "."
        forms = [number.replace(grouping, "").replace(",", ".")]
    elif re.fullmatch(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", number):
        forms = [number.replace(",", "."), re.sub("[.,]", "", number)]
    elif re.fullmatch(r"[+-]?\d{1,3}([.,]\d{3}){2,}", number):
        forms = [re.sub("[.,]", "", number)]
    else:
        forms = [number.replace(",", ".")]
    share = unit.startswith(("%", "percent", "per cent")) and not per_cent
    return [float(form) / (100 if share else 1) for form in forms]


def _plain(text: str) -> str:
    """Words in lower case, without quotes, "the", "world", and "lag" or "feature" in front."""
    words = re.sub(r"[\W_]+", " ", text.lower()).split()
    words = [word for word in words if word not in ("the", "world")]
    return " ".join(words[1:] if words[:1] in (["lag"], ["feature"]) else words)


def _is_text(thing: Any) -> bool:
    return issubclass(type(thing), str)  # isinstance would ask the object, which may raise


def _has_a_comma(thing: Any) -> bool:
    """Whether it was typed as 3,85 or 19,200, which Python takes for two numbers."""
    return type(thing) is tuple and len(thing) > 1 and all(type(part) is int for part in thing)


def _kind(thing: np.ndarray | str) -> str:
    if _is_text(thing):
        return "a name in quotes"
    shape = np.shape(thing)
    if len(shape) > 1:
        return f"an array of shape {shape}"
    if shape:
        return f"a list of {shape[0]} number{'s' * (shape[0] != 1)}"
    if np.isnan(thing):
        return "nan: before it, a value is missing or 0 is divided by 0"
    return "one number" if np.isfinite(thing) else str(thing)


def _named(thing: Any) -> str:
    """A name for an answer that can't be read."""
    if _is_text(thing):
        a_sum = re.fullmatch(r"[\d\s.()+*/-]*\d\s*[+*/-][\d\s.()+*/-]*", thing)
        computes = ", which Python computes only without quotes" if a_sum else ""
        return f"the text {thing[:40]!r}{computes}"
    if issubclass(type(thing), _FUNCTIONS):
        return "a function that was not called: put () behind its name"
    if type(thing) in (bool, np.bool_):
        return str(thing)
    if type(thing) is int:
        return "a number too large to use"
    if type(thing) in (list, tuple):
        return f"a {type(thing).__name__} with something else than numbers in it"
    return f"an object of type {type(thing).__name__}"


def _written(numbers: np.ndarray) -> str:
    """Numbers as a learner would write them."""
    if np.ndim(numbers) == 0:
        return f"{numbers:.10g}"
    return f"[{', '.join(map(_written, numbers))}]"


def _quarter(n: int) -> np.ndarray:
    return EXAMPLE_RECURRENT_KERNEL[:, 3 * n : 3 * n + 3]


EXAMPLE_RECURRENT_KERNEL = np.arange(36.0).reshape(3, 12)
"""For exercise 02-2: a layer of 3 units; no number occurs twice."""

EXERCISES = {
    "01-1": Exercise(
        answer=1000 - 24 - 6 + 1,
        because="the last window must still have its target inside: "
        "hours - time_steps - horizon + 1.",
        wrong=(
            Wrong(
                1000 - 24 + 1,
                "You left no room for the target, which lies 6 hours after the window.",
            ),
            Wrong(
                1000 - 24 - 6,
                "One too few: if window and target together fill all the hours, there is one "
                "window, not zero.",
            ),
            Wrong(
                1000 - 24,
                "The target lies 6 hours after the window and must be inside too. And if "
                "window and target fill all the hours, there is one window, not zero.",
            ),
            Wrong(
                1000 // 24,
                "That many windows stand side by side. Ours overlap: one begins at every hour.",
            ),
            Wrong(
                1000 // (24 + 6),
                "That many windows stand side by side, each with its target. Ours overlap: one "
                "begins at every hour.",
            ),
            Wrong(1000 - 6, "A window needs its 24 hours as well as its target."),
            Wrong(1000, "Not every hour can begin a window: it needs the hours after it."),
        ),
        hint="Try with 30 hours first: how many windows are there then? And with 31?",
    ),
    "01-2": Exercise(
        answer=24 - 6,
        because="the target lies 6 hours after the newest reading, "
        "so one day before it is 24 - 6 hours before the newest reading.",
        wrong=(
            Wrong(
                24,
                "That reading was made 24 hours before the newest one. The target comes 6 hours "
                "after the newest one.",
            ),
            Wrong(
                24 + 6,
                "You went the wrong way: the target lies after the newest reading, not before.",
            ),
            Wrong(6, "That is as far before the newest reading as the target is after it."),
            Wrong(
                23 - (24 - 6),
                "That is the row, counted from the oldest reading. A lag counts back from the "
                "newest one.",
            ),
            Wrong(
                24 - 6 - 1,
                "One too few. Lag 0 is the newest reading itself: count hours, not places.",
            ),
            Wrong(
                24 - 6 + 1,
                "One too many. Lag 0 is the newest reading itself: count hours, not places.",
            ),
            Wrong(-(24 - 6), "A lag counts hours back from the newest reading: it is positive."),
            Wrong(
                -1 - (24 - 6),
                "That is the place to index with. The lag is the number of hours before the "
                "newest reading, which is at place -1.",
            ),
        ),
        hint="Draw a line of hours: newest reading at 0, target at 6. Where is one day earlier?",
    ),
    # Numbers that need the data are typed, and tested against the data.
    "01-3": Exercise(
        answer=3.8456,
        decimals=2,
        because="it is the mean of |reading one day before the target - target|, in hPa. "
        "The daily wave of pressure is small beside its drift from day to day, so yesterday is "
        "a poor guess: persistence errs by less than half of that.",
        wrong=(
            Wrong(
                5.1082,
                "That is the root mean square error. The exercise asks for the mean absolute "
                "error.",
            ),
            Wrong(
                1.8363,
                "That is the error of persistence: you compared with the newest reading.",
            ),
            Wrong(
                4.0784,
                "That is the test year. Choices and exercises stay with the validation year.",
            ),
            Wrong(2.5186, "That is the temperature, in °C. Pressure is the third feature."),
            Wrong(3.8831, "That is the dew point, in °C. Pressure is the third feature."),
            Wrong(
                3.7557,
                "One hour too new: the newest reading is at place -1, and it is lag 0.",
            ),
            Wrong(
                2.5140,
                "That is row 18, counted from the oldest reading. Lags count from the newest one.",
            ),
            Wrong(4.4867, "That is the oldest reading. One day before the target is later."),
            Wrong(3.8548, "That is Changping. The exercise asks for Gucheng.", within=0.001),
            Wrong(
                -0.0413,
                "You left out the absolute value: errors up and down cancel.",
            ),
            Wrong(
                0.0413,
                "You took the mean first and then its absolute value: errors up and down cancel.",
            ),
        ),
        hint="Take pressure, the third feature, the validation year, Gucheng, and the mean of "
        "absolute errors in hPa.",
    ),
    "02-1": Exercise(
        answer=50,
        because="the recurrent kernel has one row for each unit, "
        "and every last axis is four gates times the units.",
        wrong=(
            Wrong(
                200,
                "That is the last axis: the four gates side by side, each as wide as the units.",
            ),
            Wrong(7, "That is the number of features that come in, the rows of the kernel."),
            Wrong(
                200 // 2,
                "That is half of the last axis. How many gates stand side by side in it?",
            ),
            Wrong(
                4 * 7,
                "That is four times the features. The units have to do with the last axis.",
            ),
        ),
        hint="Which axis of which array has one entry for each unit?",
    ),
    "02-2": Exercise(
        answer=_quarter(1),
        because="it has all rows and the second quarter of the columns: units to 2 * units.",
        wrong=(
            Wrong(
                _quarter(0), "That is the input gate: i comes first, forget is the quarter after."
            ),
            Wrong(_quarter(2), "That is the candidate: f comes before c in Keras."),
            Wrong(_quarter(3), "That is the output gate. The order is i f c o."),
            Wrong(
                _quarter(1).T,
                "That is transposed: rows are the units that signals come from, as stored.",
            ),
            Wrong(
                EXAMPLE_RECURRENT_KERNEL[:, 1::4],
                "Every fourth column mixes the gates: each gate is one block of columns.",
            ),
            Wrong(
                EXAMPLE_RECURRENT_KERNEL.reshape(4, 3, 3)[1],
                "reshape reads row by row, so it mixes the gates: cut columns instead.",
            ),
        ),
        hint="Keep every row and cut columns: the gates stand side by side, in the order i f c o.",
    ),
    "02-3": Exercise(
        answer=4 * (10 + 64 + 1) * 64,
        because="there are 4 gates * (10 features + 64 units + 1 bias) * 64 units; "
        "the 168 hours do not count, since every hour uses the same weights.",
        wrong=(
            Wrong(
                168 * 4 * (10 + 64 + 1) * 64,
                "You counted the weights again for each hour. Every hour uses the same ones.",
            ),
            Wrong(4 * (10 + 64) * 64, "The biases are missing: one for each unit in each gate."),
            Wrong((10 + 64 + 1) * 64, "That is one gate. How many are there?"),
            Wrong(
                4 * (10 + 64 + 2) * 64,
                "One bias too many: PyTorch stores two for each unit and gate, Keras one.",
            ),
            Wrong(4 * 10 * 64, "That is the kernel alone."),
            Wrong(4 * 64 * 64, "That is the recurrent kernel alone."),
            Wrong(
                4 * (168 + 64 + 1) * 64,
                "You took the hours for features: there are 168 hours of 10 features.",
            ),
            Wrong(4 * (10 + 64) * 64 + 1, "Every unit has its own bias, in each gate."),
        ),
        hint="Add up the three arrays: kernel, recurrent_kernel and bias.",
    ),
    "03-1": Exercise(
        answer=0.5 * 2.0 + 0.25 * -1.0,
        because="c = f * c + i * c~: half of the old is kept, and a quarter of -1 is added.",
        wrong=(
            Wrong(0.5 * 2.0 + 0.25 * 1.0, "The candidate is negative: it is added with its sign."),
            Wrong(
                0.5 * 2.0, "That is what is kept of the old state. Something new comes in as well."
            ),
            Wrong(
                0.25 * -1.0,
                "That is the new part alone. The forget gate says how much of the old state stays.",
            ),
            Wrong(
                0.5 * (2.0 + -1.0),
                "It looks as if the forget gate multiplied the candidate too, or the input gate "
                "the old state. Each gate multiplies only one of them.",
            ),
            Wrong(
                0.5 * -1.0,
                "That is c~ times f: the forget gate multiplies the old state, the input gate "
                "the candidate.",
            ),
            Wrong(0.25, "Was that i alone? Use both gates, each with what it multiplies."),
            Wrong(
                0.25 * 2.0 + 0.5 * -1.0,
                "You swapped the gates: f multiplies the old state, i the candidate.",
            ),
            Wrong(
                2.0 + 0.25 * -1.0,
                "You kept all of the old state: the forget gate multiplies it.",
            ),
        ),
        hint="Fifth line of the six: which gate multiplies which?",
    ),
    "03-2": Exercise(
        answer=0.4 * np.tanh(0.75),
        decimals=2,
        because="h = o * tanh(c): the cell is squashed first, then the output gate lets some out.",
        wrong=(
            Wrong(0.4 * 0.75, "The tanh is missing: the cell goes through it before the gate."),
            Wrong(np.tanh(0.4 * 0.75), "The gate comes after the tanh, not inside it."),
            Wrong(np.tanh(0.75), "That is what the gate is given. It lets out only a part."),
            Wrong(0.4, "That is the gate, not what it lets out."),
            Wrong(0.4 / (1 + np.exp(-0.75)), "That is a sigmoid. The cell goes through a tanh."),
        ),
        hint="Last line of the six. The cell state is that of exercise 1.",
    ),
    "03-3": Exercise(
        answer=6,
        because="the cell is not the only memory: h of each hour goes through the "
        "recurrent kernel into the gates of the next. That path fades quickly here, but it is "
        "there with every forget gate shut.",
        wrong=(
            Wrong(
                1,
                "That would be right if the cell were the only memory. The hidden state, too, "
                "reaches the next hour: follow it through the recurrent kernel.",
            ),
            Wrong(
                0,
                "The newest hour must count. Did you shut the forget gate, and does the replay "
                "get the changed readings?",
            ),
            Wrong(
                24,
                "You get that if any difference counts, however small (the exercise asks for more "
                "than 0.02), or if the forget gates are as before. Check both.",
            ),
            Wrong(23, "Is the bias at -100 and not at 0? A forget gate at bias 0 is half open."),
            Wrong(
                16,
                "You changed the bias of the candidate. The forget gate is the f in i, f, c, o.",
            ),
        ),
        hint="Count hours, not windows or units: the largest difference over all of them decides.",
    ),
    "03-4": Exercise(
        answer=1,
        because="without forget gate and recurrent kernel nothing passes from hour to "
        "hour: only the newest reading is left. Memory needs one of the two paths.",
        wrong=(
            Wrong(
                0,
                "The newest readings still come in, through the kernel. The kernel "
                "keeps its weights.",
            ),
            Wrong(
                24,
                "That is the network as it was. Both the forget bias and the recurrent kernel "
                "have to change.",
            ),
            Wrong(
                20,
                "That is with the recurrent kernel at zero and the forget gates as they were. "
                "Shut these, too.",
            ),
            Wrong(
                6,
                "That is the recurrent kernel as it was, or zero in one gate only. Is it zero in "
                "all four?",
            ),
            Wrong(3, "Is the recurrent kernel zero in all four gates, or only in the candidate?"),
        ),
        hint="Which paths lead from one hour to the next? Which of them are still open?",
    ),
    "04-1": Exercise(
        answer=np.sqrt(28 / 7),
        decimals=1,
        because="the recurrent kernel has four times as many entries, 28 * 28 * 4 against "
        "7 * 28 * 4, and the norm is the root of a sum over them.",
        wrong=(
            Wrong(
                28 / 7, "That is how many times more entries it has. The norm is the root of a sum."
            ),
            Wrong((28 / 7) ** 2, "You squared. Take the root instead."),
            Wrong(
                1,
                "That is right for the root mean square per entry. The Frobenius norm adds up "
                "the squares of all entries.",
            ),
            Wrong(28, "That is the number of its rows alone. Compare both arrays."),
            Wrong(np.sqrt(7 / 28), "You divided the other way round. Which has more entries?"),
        ),
        hint="How many entries has each of the arrays? The norm is the root of a sum over them.",
    ),
    "04-2": Exercise(
        answer=1 / 1.8,
        decimals=2,
        because="each reading is 1.8 times as large, so its weights must be that much smaller. "
        "(The constant goes into the bias.)",
        wrong=(
            Wrong(1.8, "Then the product would grow twice: by the reading and by the weight."),
            Wrong(
                1,
                "The readings are larger now. With the same weights the gates would see more.",
            ),
            Wrong(32, "That is the constant of the conversion: it goes into the bias."),
            Wrong(1 / 1.8**2, "You divided twice. The weight meets the reading once."),
            Wrong(-1 / 1.8, "The sign stays: warmer is a larger number on both scales."),
        ),
        hint="reading * weight must stay what it was.",
    ),
    "04-3": Exercise(
        answer=1.0587,
        decimals=2,
        because="shuffling shows what the network uses: much of the dew point, hardly any rain.",
        wrong=(
            Wrong(
                2.7572, "That is the error with the dew point shuffled. By how much did it grow?"
            ),
            Wrong(1.6985, "That is the usual error. By how much does shuffling raise it?"),
            Wrong(
                1.0652,
                "That is the mean of four shufflings. The exercise asks for one, with seed 0.",
            ),
            Wrong(0.2017, "That is the rain. The dew point is the second feature."),
            Wrong(
                1.0587 - 0.2017,
                "That is the difference to the rain's cost. The exercise asks by how much the "
                "error grows.",
            ),
            Wrong(3.6647, "That is the temperature: features count from 0."),
            Wrong(0.4128, "That is the pressure: features count from 0."),
            Wrong(-1.0587, "The error grows: subtract the usual one from the other."),
        ),
        hint="Error with the shuffled feature minus the usual error; the dew point is feature 1.",
    ),
    "05-1": Exercise(
        answer=0.9**10,
        decimals=2,
        because="each hour keeps nine tenths of what the hour before left: 0.9 to the power of 10.",
        wrong=(
            Wrong(0.9, "That is what one hour leaves."),
            Wrong(0.9**9, "That is what 9 hours leave."),
            Wrong(0.9**11, "That is what 11 hours leave."),
            Wrong(
                1 - 10 * 0.1,
                "It does not lose a tenth of the first value each hour, but of what is left then.",
            ),
            Wrong(10 * 0.9, "A share is at most 1: the gates multiply, they don't add up."),
            Wrong(1 - 0.9**10, "That is the share that is gone."),
            Wrong(0.1, "That is what one hour takes."),
            Wrong(100 * 0.9**10, "That is per cent. A share lies between 0 and 1.", within=0.5),
        ),
        hint="What is left after one hour? After two?",
    ),
    "05-2": Exercise(
        answer=0.5 ** (1 / 24),
        decimals=3,
        because="to the power of 24 it must be one half: the 24th root of 1/2.",
        wrong=(
            Wrong(0.5, "That gate halves the cell in one hour."),
            Wrong(
                1 - 0.5 / 24,
                "That would be right if each hour took the same amount. "
                "But it takes the same share of what is left.",
            ),
            Wrong(1 - 1 / 24, "That leaves half after about 16 hours: try lh.half_life."),
            Wrong(0.5**24, "You raised to the power of 24. Take the root instead.", within=1e-8),
            Wrong(1, "A gate of 1 keeps all of it, for ever."),
            Wrong(1 / 24, "That gate keeps next to nothing, even for one hour."),
        ),
        hint="Which number gives one half when it is multiplied with itself 24 times?",
    ),
    "05-3": Exercise(
        answer=-np.log(2 ** (1 / 24) - 1),
        decimals=1,
        because="b = log(f / (1 - f)) undoes the sigmoid. Keras begins at 1.",
        wrong=(
            Wrong(
                np.log(2 ** (1 / 24) - 1),
                "The sign is wrong: a gate above one half needs a positive bias.",
            ),
            Wrong(
                np.log(24),
                "Close: with that bias a bit over a third is left after 24 hours, not a half.",
            ),
            Wrong(
                0.5 ** (1 / 24),
                "That is the gate. Which bias does the sigmoid turn into it?",
                within=0.01,
            ),
            Wrong(
                1 / (1 + np.exp(-(0.5 ** (1 / 24)))),
                "You put the gate through the sigmoid. Go the other way: from the gate to the "
                "bias.",
            ),
            Wrong(1, "That is where Keras begins. It leaves half after about 2 hours."),
            Wrong(24, "That opens the gate fully and for ever: sigmoid(24) is 1 to ten digits."),
            Wrong(5, "With that bias half is left after about 100 hours."),
        ),
        hint="Solve sigmoid(b) = f for b, with the f of exercise 2.",
    ),
    "06-1": Exercise(
        answer=np.array([3.0, 18.0]),
        because="all methods find these two, except those that follow the cell's own line.",
        wrong=(
            Wrong(
                np.array([18.0, 3.0]),
                "Those are the two. The exercise asks for the newer one first.",
            ),
            Wrong(
                np.array([23 - 18.0, 23 - 3.0]),
                "Those are rows, counted from the oldest hour. Lag 0 is the newest reading.",
            ),
            Wrong(
                np.array([23 - 3.0, 23 - 18.0]),
                "Those are their rows: rows count from the oldest hour, lags from the newest.",
            ),
            Wrong(
                np.array([3.0 + 1, 18.0 + 1]),
                "Both are one too many: lag 0 is the newest reading itself.",
            ),
            Wrong(
                np.array([3.0 - 1, 18.0 - 1]),
                "Both are one too few: lag 0 is the newest reading itself.",
            ),
            Wrong(
                np.array([0.0, 1.0]),
                "Those are the two newest. Gate products and cell contributions have all their "
                "weight on lag 0, and this network remembers through the recurrent kernel. Ask "
                "another method.",
            ),
            Wrong(
                np.array([0.0, 23.0]),
                "Those are lag 0 and any other lag: none of the others has any weight. Gate "
                "products and cell contributions have all their weight on lag 0, and this network "
                "remembers through the recurrent kernel. Ask another method.",
            ),
        ),
        hint="Two lags, as in [1, 2]. scoring.ask(unknown)['lag'] asks all methods.",
    ),
    "06-2": Exercise(
        answer="either",
        because="either of the two is enough, so a method that hides one at a time finds neither.",
        wrong=(
            Wrong("two lags", "There each lag counts by itself: hiding one changes the output."),
            Wrong(
                "switch",
                "There the value alone decides while the flag is on: hiding it changes the output.",
            ),
            Wrong(
                "silent", "There the silent feature never mattered, alone or together with others."
            ),
            Wrong("latch", "There hiding the hour that was flagged changes the output."),
            Wrong(
                "closed gate",
                "There one lag matters, and what the closed gate keeps out never does.",
            ),
            Wrong("one lag", "There one lag matters, and hiding it changes the output."),
            Wrong(
                "jump",
                "There one lag matters, since the value never jumps. Hiding it changes the output.",
            ),
            Wrong(
                "between",
                "There one lag matters. Hiding the newest flag changes the output, alone.",
            ),
            Wrong("season", "There two lags matter, each alone: hiding one changes the output."),
        ),
        hint="The two hours say the same thing. Which output needs only one of them?",
    ),
    "06-3": Exercise(
        answer=(-2.0 - 1.0) * -0.5,
        because="the reading is 3 below its baseline, and each step down raises the output by 0.5.",
        wrong=(
            Wrong(-2.0 * -0.5, "That starts from zero. Here the line starts at the baseline."),
            Wrong(
                (1.0 - -2.0) * -0.5,
                "The sign is wrong: the line leads from the baseline to the reading.",
            ),
            Wrong(-0.5, "That is the gradient. Multiply it by the length of the line."),
            Wrong(
                (-2.0 + 1.0) * -0.5,
                "You added the baseline. How far is it from there to the reading?",
            ),
            Wrong(-2.0 - 1.0, "That is the length of the line. Multiply it by the slope."),
        ),
        hint="The slope is the same all along the line. How long is the line, and which way?",
    ),
    "06-4": Exercise(
        answer=10 - 2,
        because="the mean keeps the closed gate closed, and opens that of either by half. It is "
        "still fooled by jump and by between.",
        wrong=(
            Wrong(10 - 4, "That is occlusion from zeros. Pass the mean of the windows instead."),
            Wrong(
                10 - 1,
                "That is for the features, or for occlusion from other windows. The exercise asks "
                "for lags, from the mean of the windows.",
            ),
            Wrong(2, "Those are the worlds that fool it. In how many does it find all lags?"),
            Wrong(
                10,
                "Then it would be better than all others. Count the worlds where it says True, by "
                "lag.",
            ),
        ),
        hint="Count the worlds in which your method's row of the table by lag says True.",
    ),
    "07-1": Exercise(
        answer=23 - 4,
        because="t-5 is four hours before the newest reading, which stands in row 23.",
        wrong=(
            Wrong(23 - 5, "That is lag 5. With t-1 for the newest reading, t-5 is lag 4."),
            Wrong(
                5 - 1,
                "That is the lag, counted from the newest reading. Rows begin with the oldest "
                "hour.",
            ),
            Wrong(5, "Rows begin with the oldest hour, so row 5 lies far back."),
            Wrong(24 - 4, "One too new: row 23 is the newest reading, t-1; row 22 is t-2. Go on."),
            Wrong(-5, "As an index from the end that is right. Which row is it, from 0 to 23?"),
            Wrong(-4, "One too new, also counted from the end: -1 is the newest reading, t-1."),
        ),
        hint="Row 23 is t-1. Which row is t-2?",
    ),
    "07-2": Exercise(
        answer=24 // np.gcd(18, 24),
        because="18 and 24 have the common factor 6, so only each 6th hour of the day comes up. "
        "Take 17 or 19, and all of them do.",
        wrong=(
            Wrong(24, "That is so if the step and 24 have no common factor. 18 and 24 have one."),
            Wrong(
                np.gcd(18, 24),
                "That is the largest common factor: how many hours lie between two neighbours.",
            ),
            Wrong(18, "That is the step. Add it again and again, and start anew after 24."),
            Wrong(
                24 / 18,
                "You divided 24 by the step. Write down the hours: 0, 18, then 36 - 24, ...",
                within=0.01,
            ),
            Wrong(1, "That is so for a step of 24."),
        ),
        hint="Write down the hours at which they end, from 0 on: when does the first come again?",
    ),
    "07-3": Exercise(
        answer=np.mean(np.subtract([1.73, 1.73, 1.77], [1.70, 1.75, 1.72])),
        decimals=3,
        because="each seed is compared with itself: worse by 0.03, better by 0.02, worse by 0.05.",
        wrong=(
            Wrong(
                np.mean(np.abs(np.subtract([1.73, 1.73, 1.77], [1.70, 1.75, 1.72]))),
                "One of the three got better without the lag. It counts with its sign.",
            ),
            Wrong(
                np.mean(np.subtract([1.70, 1.75, 1.72], [1.73, 1.73, 1.77])),
                "The sign is wrong: worse means that the error without the lag is larger.",
            ),
            Wrong(
                np.sum(np.subtract([1.73, 1.73, 1.77], [1.70, 1.75, 1.72])),
                "That is the sum over the three seeds. What is it on average?",
            ),
            Wrong(
                np.mean([1.73, 1.73, 1.77]),
                "That is the error of the networks without the lag. How much worse is it?",
            ),
            Wrong(
                np.min([1.73, 1.73, 1.77]) - np.min([1.70, 1.75, 1.72]),
                "You compared the best of each. A seed has its partner: take all three pairs.",
            ),
            Wrong(
                np.max(np.subtract([1.73, 1.73, 1.77], [1.70, 1.75, 1.72])),
                "That is the seed that loses most. What is it on average?",
            ),
        ),
        hint="Three differences, one for each seed.",
    ),
    "08-1": Exercise(
        answer=18.0,
        because="sine -1 and cosine 0 are three quarters of the way round: 18 of 24 hours.",
        wrong=(
            Wrong(6.0, "That is sine +1: the hand points the other way."),
            Wrong(12.0, "That is sine 0 and cosine -1: you exchanged the two."),
            Wrong(9.0, "That is three quarters of a clock with 12 hours. Ours has 24."),
            Wrong(-6.0, "The angle is right. Hours go from 0 to 23: add a whole day."),
            Wrong(270.0, "That is the angle in degrees. How many hours is it?"),
        ),
        hint="np.arctan2(sine, cosine) is the angle; a whole turn is 24 hours.",
    ),
    "08-2": Exercise(
        answer=4 * 0.5**3,
        because="from lag 3 to lag 0 there are three later steps, and each halves the difference.",
        wrong=(
            Wrong(4 * 0.5**4, "You counted the gate of lag 3 too. It was used before the patch."),
            Wrong(4 * 0.5**2, "That is one step too few: lags 2, 1 and 0 follow."),
            Wrong(4 * 0.5, "That is after one step only."),
            Wrong(4 - 3 * 0.5, "A gate multiplies, it does not subtract."),
            Wrong(4.0, "That is the patch itself. Each later forget gate lets half through."),
        ),
        hint="With the gates held, the difference is multiplied by each later forget gate.",
    ),
    "08-3": Exercise(
        answer=1.2183,
        because="the hidden state is used once, by the gates of the next hour.",
        wrong=(
            Wrong(4.5192, "That is the cell state at lag 5. Patch the hidden state."),
            Wrong(1.2526, "That is lag 4: step -5. Lag 0 is step -1."),
            Wrong(-0.1736, "That is the mean with signs, where moves up and down cancel."),
            Wrong(0.0, "With the gates held a patched hidden state has no way left. Hold nothing."),
            Wrong(2.9178, "That is how far the donors' own forecasts are. Patch one lag."),
        ),
        hint="patching.patch(lh.replay(net.w, x[::-1]), ['hidden'], steps=...), and compare.",
        decimals=2,
    ),
    "09-1": Exercise(
        answer="none",
        because="all 24 lags have a share. It reads a wave, and each hour helps a little.",
        wrong=(
            Wrong(
                19,
                "That is the largest by expected gradients, but it has less than a tenth of all. "
                "Does it stand out?",
            ),
            Wrong(
                5,
                "That is the largest by occlusion, and expected gradients name another. Look at "
                "how much it has of all.",
            ),
            Wrong(0, "That is the newest. Look at the table of lags: it is not even the largest."),
        ),
        hint="Read the first line of found.sections['What stands out'].",
    ),
    "09-2": Exercise(
        answer=0.9586 - 0.6249,
        because="a good part of the hour is read from any network that reads this wave.",
        wrong=(
            Wrong(0.9586, "That is the probe without its control. Take the untrained one off."),
            Wrong(0.6249, "That is what an untrained layer gives. How much more is learned?"),
            Wrong(
                0.9586 - 0.7985, "You compared with all readings. The question is what was learned."
            ),
            Wrong(
                0.9586 - 0.2371, "You compared with the newest reading, not the untrained layer."
            ),
            Wrong(
                0.9586 - -0.1264,
                "You compared with shuffled hours. That shows that the probe itself makes nothing "
                "up. What does an untrained layer give?",
            ),
        ),
        hint="The columns are 'last hidden state' and 'untrained layer'; the row is the hour.",
        decimals=2,
    ),
    "09-3": Exercise(
        answer="c",
        because="its newest reading is the target: at the time of a real forecast it is not known.",
        wrong=(
            Wrong("a", "It goes with the target, but is not the same. Which has correlation 1?"),
            Wrong("b", "You counted from 1. Feature 0 is the first name, and feature 2 the third."),
        ),
        hint="lh.report(third.readout, third.inputs, third.targets).warnings: read the first.",
    ),
    "09-4": Exercise(
        answer=4,
        because="untrained networks tell it much better. That it is read at all shows nothing.",
        wrong=(
            Wrong(1, "Exchanged, that lag moves the output as far as all readings together."),
            Wrong(2, "Exchanged, that feature moves nothing, however large its weights."),
            Wrong(3, "What is as old as that, exchanged together, moves the output all the way."),
        ),
        hint="lh.check_reading(stories[1], case.readout, case.inputs) and so on.",
    ),
    "10-1": Exercise(
        answer=(400 - 24 - 6 + 1) + (1000 - 400 - 5 - 24 - 6 + 1),
        because="no window may cross the gap, so each stretch loses 29 rows.",
        wrong=(
            Wrong(1000 - 24 - 6 + 1, "That is without a gap. Cut each stretch by itself."),
            Wrong(
                1000 - 5 - 24 - 6 + 1,
                "You closed the gap: some of your windows then jump over five hours.",
            ),
            Wrong(
                (400 - 24 + 1) + (1000 - 400 - 5 - 24 + 1),
                "You left out the horizon: the target must lie in the same stretch.",
            ),
            Wrong(
                (400 - 24 - 6) + (1000 - 400 - 5 - 24 - 6),
                "Each stretch has one more: its first window begins at its first row.",
            ),
            Wrong(
                1000 - 400 - 5 - 24 - 6 + 1,
                "That is the longer stretch alone. The other one gives windows too.",
            ),
        ),
        hint="How long are the two stretches? Each gives rows - window - horizon + 1 windows.",
    ),
    "10-2": Exercise(
        answer=48 - 8,
        because="a day is 48 half hours, and the target lies 8 of them after the newest one.",
        wrong=(
            Wrong(48, "That is one day before the newest reading. The target lies later."),
            Wrong(24 - 4, "You counted hours. A step is half an hour."),
            Wrong(24 - 8, "A day has 24 hours, but how many steps?"),
            Wrong(48 + 8, "The target lies after the newest reading, so this day ends later too."),
            Wrong(48 - 4, "The horizon is given in hours. How many steps is it?"),
        ),
        hint="Count all in steps: the day, and the way from the newest reading to the target.",
    ),
    "10-3": Exercise(
        answer=24,
        because="at 12:00 nobody knows what 13:00 will bring.",
        wrong=(
            Wrong((24 + 30) / 2, "That is the middle of both neighbours. One lies in the future."),
            Wrong(30, "That is the reading after it: it lies in the future."),
            Wrong(24 + (24 - 20), "That carries on the trend. `read` does less."),
            Wrong(
                np.mean([20, 24, 30]),
                "That is the mean of the three, one of which lies in the future.",
                within=0.5,
            ),
        ),
        hint="What is the last thing that is known at 12:00?",
    ),
    "10-4": Exercise(
        answer=100 * (1 - 3.6 / 5.4),
        decimals=1,
        because="the error falls by 1.8, and that is a third of what persistence has.",
        wrong=(
            Wrong(100 * 3.6 / 5.4, "That is what is left of the error. By how much did it fall?"),
            Wrong(
                100 * (5.4 / 3.6 - 1), "Divide by the error that you compare with, the larger one."
            ),
            Wrong(5.4 - 3.6, "That is the difference in degrees. Which part of 5.4 is it?"),
            Wrong(1 - 3.6 / 5.4, "That is the part. In per cent it is 100 times as much."),
        ),
        hint="The difference of the two, divided by the error of persistence.",
        per_cent=True,
    ),
}
"""Every exercise by its number."""
