"""One checker, and a table of answers and misconceptions for each notebook.

``check`` says *not attempted yet*, *right, because ...*, or which misunderstanding an answer
shows. It never says the answer: that stands, worked out, at the end of each notebook.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One row of the table.

    Attributes
    ----------
    answer : number, text or array
        What is right.
    because : str
        Said with a right answer.
    misconceptions : dict from a wrong answer to str
        What the wrong answer shows. Keys are numbers or text; arrays come as ``wrong_arrays``.
    wrong_arrays : sequence of (array, str)
        The same where the answer is an array.
    tolerance : float
        Largest difference that still counts as right: for answers that are rounded.
    hint : str
        Said with any other wrong answer.
    """

    answer: Any
    because: str
    misconceptions: dict[Any, str] = dataclasses.field(default_factory=dict)
    wrong_arrays: tuple[tuple[np.ndarray, str], ...] = ()
    tolerance: float = 1e-6
    hint: str = ""

    def wrong(self) -> list[tuple[Any, str]]:
        """Every known wrong answer with what it shows."""
        return [*self.misconceptions.items(), *self.wrong_arrays]


def check(name: str, answer: Any = ...) -> None:
    """Print what an answer to an exercise shows.

    Parameters
    ----------
    name : str
        Number of notebook and exercise, as ``"01-1"``.
    answer : anything
        In any form: number, text, list, array. ``...`` means not attempted.

    Raises
    ------
    ValueError
        There is no such exercise.
    """
    print(f"{name}: {verdict(name, answer)}")


def verdict(name: str, answer: Any = ...) -> str:
    """What ``check`` prints, as text."""
    if name not in EXERCISES:
        raise ValueError(f"expected an exercise of {', '.join(EXERCISES)}, got {name!r}")
    exercise = EXERCISES[name]
    if answer is ... or answer is None:
        return "not attempted yet. Put your answer in place of the dots and run the cell again."
    if _same(answer, exercise.answer, exercise.tolerance):
        return f"right, because {exercise.because}"
    for wrong, message in exercise.wrong():
        if _same(answer, wrong, exercise.tolerance):
            return f"not yet. {message}"
    given, wanted = _plain(answer), _plain(exercise.answer)
    if given is None or type(given) is not type(wanted):
        kind = "a text" if isinstance(wanted, str) else "a number or an array of numbers"
        return f"not yet. Expected {kind}, got {type(answer).__name__}."
    if isinstance(given, np.ndarray) and given.shape != wanted.shape:
        return f"not yet. The shape {given.shape} does not fit. {exercise.hint}".rstrip()
    return f"not yet. {exercise.hint}".rstrip()


def _same(given: Any, wanted: Any, tolerance: float) -> bool:
    given, wanted = _plain(given), _plain(wanted)
    if given is None or type(given) is not type(wanted):
        return False
    if isinstance(given, str):
        return given == wanted
    return given.shape == wanted.shape and bool(np.allclose(given, wanted, rtol=0, atol=tolerance))


def _plain(thing: Any) -> np.ndarray | str | None:
    """An array of floats, without axes of length 1 around a single number; text in lower case."""
    if isinstance(thing, bool | np.bool_):
        return None
    try:
        array = np.asarray(thing, dtype=float)
        return array.reshape(()) if array.size == 1 else array
    except Exception:  # whatever a learner's object raises when asked for its numbers
        return thing.strip().lower() if isinstance(thing, str) else None


def _quarter(n: int) -> np.ndarray:
    return EXAMPLE_RECURRENT_KERNEL[:, 3 * n : 3 * n + 3]


EXAMPLE_RECURRENT_KERNEL = np.arange(36.0).reshape(3, 12)
"""Of 3 units, every number another: for exercise 02-2."""

EXERCISES = {
    "01-1": Exercise(
        answer=971,
        because="the last window must still have its target inside: "
        "hours - time_steps - horizon + 1.",
        misconceptions={
            977: "You left no room for the target, which lies 6 hours after the window.",
            970: "Off by one: where window and target together fill all the hours, "
            "there is one window, not none.",
            976: "The target lies 6 hours after the window and must be inside too; and where "
            "window and target fill all the hours there is one window, not none.",
            41: "That many windows stand side by side. Ours overlap: one begins at every hour.",
            994: "A window needs its 24 hours as well as its target.",
            1000: "Not every hour can begin a window: it needs the hours after it.",
        },
        hint="Try with 30 hours first: how many windows are there then? And with 31?",
    ),
    "01-2": Exercise(
        answer=18,
        because="the target lies 6 hours after the newest reading, "
        "so one day before it is 24 - 6 hours before the newest reading.",
        misconceptions={
            24: "That reading was made 24 hours before the newest one. The target comes 6 hours "
            "after the newest one.",
            30: "You went the wrong way: the target lies after the newest reading, not before.",
            6: "That is as far before the newest reading as the target is after it.",
            17: "Lag 0 is the newest reading itself: count hours, not places.",
            19: "Lag 0 is the newest reading itself: count hours, not places.",
            -18: "A lag counts hours back from the newest reading: it is positive.",
            -19: "That is the place to index with. The lag is the number of hours before the "
            "newest reading, whose place is -1.",
        },
        hint="Draw a line of hours: newest reading at 0, target at 6. Where is one day earlier?",
    ),
    "01-3": Exercise(
        answer=3.846,
        because="it is the mean of |reading one day before the target - target|, in hPa. "
        "The daily wave of pressure is small beside its drift from day to day, so yesterday is "
        "a poor guess: persistence errs by less than half of that.",
        misconceptions={
            5.108: "That is the root mean square error. Asked for is the mean absolute error.",
            1.836: "That is the error of persistence: you compared with the newest reading.",
            4.078: "That is the test year. Choices and exercises stay with validation.",
            2.519: "That is the temperature, in °C. Pressure is the third feature.",
            3.756: "One hour too new: the newest reading stands at place -1, and it is lag 0.",
            2.514: "Windows run from the oldest reading to the newest: count from the end.",
        },
        tolerance=0.0045,
        hint="Take pressure, the third feature, the validation year, Gucheng, and the mean of "
        "absolute errors in hPa.",
    ),
    "02-1": Exercise(
        answer=50,
        because="the recurrent kernel has one row for each unit, "
        "and every last axis is four gates times the units.",
        misconceptions={
            200: "That is the last axis: the four gates side by side, each as wide as the units.",
            7: "That is the number of features that come in, the rows of the kernel.",
            100: "That is half of the last axis. How many gates stand side by side in it?",
            28: "That divides or multiplies the features. Units have to do with the last axis.",
        },
        hint="Which axis of which array counts units alone?",
    ),
    "02-2": Exercise(
        answer=_quarter(1),
        because="all rows, and of the columns the second quarter: units to 2 * units.",
        wrong_arrays=(
            (_quarter(0), "That is the input gate: i comes first, forget is the quarter after."),
            (_quarter(2), "That is the candidate: f comes before c in Keras."),
            (_quarter(3), "That is the output gate."),
            (_quarter(1).T, "Transposed: rows are the units that signals come from, as stored."),
            (
                EXAMPLE_RECURRENT_KERNEL[:, 1::4],
                "Every fourth column mixes the gates: they stand block by block, not in turns.",
            ),
            (
                EXAMPLE_RECURRENT_KERNEL.reshape(4, 3, 3)[1],
                "reshape reads on along the rows, so it mixes the gates: cut columns instead.",
            ),
        ),
        hint="Keep every row and cut columns: the gates stand side by side, in the order i f c o.",
    ),
    "02-3": Exercise(
        answer=19200,
        because="4 gates * (10 features + 64 units + 1 bias) * 64 units; "
        "the 168 hours do not come in, since every hour uses the same weights.",
        misconceptions={
            168 * 19200: "You counted the weights again for each hour. "
            "Every hour uses the same ones.",
            18944: "The biases are missing: one a unit in each gate.",
            4800: "That is one gate. How many are there?",
            19456: "One bias too many: PyTorch stores two a gate, Keras one.",
            2560: "That is the kernel alone.",
            16384: "That is the recurrent kernel alone.",
            59648: "You took the hours for features: 168 readings of 10 features.",
            18945: "Every unit has its own bias, in each gate.",
        },
        hint="Add up the three arrays: kernel, recurrent_kernel and bias.",
    ),
    "03-1": Exercise(
        answer=0.75,
        because="c = f * c + i * c~: half of the old is kept, and a quarter of -1 is added.",
        misconceptions={
            1.25: "The candidate is negative: it is added with its sign.",
            1.0: "That is what is kept of the old. Something new comes in as well.",
            -0.25: "That is the new alone. The forget gate says how much of the old stays.",
            0.5: "It looks as if the forget gate multiplied the candidate too, or the input "
            "gate the old state: each gate has its own.",
            -0.5: "That is c~ times f: the forget gate multiplies the old state, "
            "the input gate the candidate.",
            0.25: "Was that i alone? Both gates come in, each with what it multiplies.",
            0.0: "You swapped the gates: f multiplies the old state, i the candidate.",
            1.75: "The forget gate multiplies the old state; it does not take away from it.",
        },
        hint="Fifth line of the six: which gate multiplies which?",
    ),
    "03-2": Exercise(
        answer=0.4 * np.tanh(0.75),
        because="h = o * tanh(c): the cell is squashed first, then the output gate lets some out.",
        misconceptions={
            0.3: "The tanh is missing: the cell goes through it before the gate.",
            float(np.tanh(0.3)): "The gate comes after the tanh, not inside it.",
            float(np.tanh(0.75)): "That is what the gate is given. It lets out only a part.",
            0.4: "That is the gate, not what it lets out.",
            float(0.4 / (1 + np.exp(-0.75))): "That is a sigmoid. The cell goes through a tanh.",
        },
        tolerance=0.0051,
        hint="Last line of the six. The cell state is that of exercise 1.",
    ),
    "03-3": Exercise(
        answer=6,
        because="the cell is not the only memory: h of each hour goes through the recurrent "
        "kernel into the gates of the next. That path fades quickly here, but it is there "
        "with every forget gate shut.",
        misconceptions={
            1: "So it would be if the cell were the only memory. The hidden state, too, reaches "
            "the next hour: follow it through the recurrent kernel.",
            0: "The newest hour must count. Is it the forget gate that you shut, and does the "
            "replay get the changed readings?",
            24: "So it is where any difference counts, however small (asked is: more than 0.02), "
            "and with the forget gates as they were. Check both.",
            23: "Is the bias at -100 and not at 0? A forget gate at bias 0 is half open.",
            16: "Those are the candidates. The forget gate is the f in i, f, c, o.",
        },
        hint="Count hours, not windows or units: the largest difference over all of them decides.",
    ),
    "03-4": Exercise(
        answer=1,
        because="without forget gate and recurrent kernel nothing passes from hour to hour: "
        "only the newest reading is left. Memory needs one of the two paths.",
        misconceptions={
            0: "By which path do the newest readings come in? That one is untouched.",
            24: "By which path would an old hour arrive? The cell is wiped, h is ignored.",
            7: "Is the recurrent kernel zero in all four gates?",
        },
        hint="Which paths lead from one hour to the next? Which of them are still open?",
    ),
    "04-1": Exercise(
        answer=2,
        because="the square of the norm counts entries: 28 * 28 * 4 against 7 * 28 * 4, "
        "four times as many, and the root of four.",
        misconceptions={
            4: "That is how many times more entries it has. The norm is the root of a sum.",
            16: "You squared where a root belongs.",
            1: "So it is for the root mean square per entry. The Frobenius norm adds entries up.",
            28: "That is the number of its rows alone. Compare both arrays.",
            0.5: "The other way round: which of the two has more entries?",
        },
        tolerance=0.01,
        hint="Count the entries of both arrays, then take the root of what?",
    ),
    "04-2": Exercise(
        answer=1 / 1.8,
        because="each number that comes in is 1.8 times as large, so what it is multiplied with "
        "must be that much smaller. (The constant goes into the bias.)",
        misconceptions={
            1.8: "Then the product would grow twice: by the reading and by the weight.",
            1.0: "The readings are larger now; with the same weights so is what the gates see.",
            32.0: "That is the constant of the conversion: it goes into the bias.",
            1 / 1.8**2: "Once is enough: the weight meets the reading once.",
            -1 / 1.8: "Why the sign? Warmer is warmer on both scales.",
        },
        tolerance=0.006,
        hint="reading * weight must stay what it was.",
    ),
    "04-3": Exercise(
        answer=1.065,
        because="shuffling shows what the network uses: much of the dew point, hardly any rain.",
        misconceptions={
            2.75: "That is the error with the dew point shuffled. By how much did it grow?",
            0.143: "That is the rain. The dew point is the second feature.",
            0.922: "That is the difference to the rain's damage. Asked is the growth of the error.",
            3.765: "That is the temperature: features count from 0.",
            0.33: "That is the pressure: features count from 0.",
            -1.065: "The error grows: subtract the usual one from the other.",
        },
        tolerance=0.008,
        hint="Error with the shuffled feature minus the usual error; the dew point is feature 1.",
    ),
    "05-1": Exercise(
        answer=0.9**10,
        because="each hour keeps nine tenths of what the hour before left: 0.9 to the power of 10.",
        misconceptions={
            0.9: "That is what one hour leaves.",
            0.0: "It does not lose a tenth of the first value each hour, but of what is left.",
            9.0: "A share is at most 1: the gates multiply, they don't add up.",
            1 - 0.9**10: "That is the share that is gone.",
            0.1: "That is what one hour takes.",
        },
        tolerance=0.006,
        hint="What is left after one hour? After two?",
    ),
    "05-2": Exercise(
        answer=0.5 ** (1 / 24),
        because="to the power of 24 it must be one half: the 24th root of 1/2.",
        misconceptions={
            0.5: "That gate halves the cell in one hour.",
            1 - 0.5 / 24: "That would be right if each hour took the same amount. "
            "It takes the same share of what is left.",
            1 - 1 / 24: "That leaves half after about 16 hours: try lh.half_life.",
            0.5**24: "You raised where a root belongs.",
            0.97: "That leaves 48 % after a day: give one digit more.",
            1 / 24: "That gate keeps next to nothing for even one hour.",
        },
        tolerance=0.0006,
        hint="Which number gives one half when it is multiplied with itself 24 times?",
    ),
    "05-3": Exercise(
        answer=float(-np.log(2 ** (1 / 24) - 1)),
        because="b = log(f / (1 - f)) undoes the sigmoid. Keras begins at 1.",
        misconceptions={
            float(np.log(2 ** (1 / 24) - 1)): "The sign: a gate above one half needs a positive "
            "bias.",
            float(np.log(24)): "Close: with that bias a bit over a third is left after 24 hours, "
            "not a half.",
            0.9715: "That is the gate. Which bias does the sigmoid turn into it?",
            24.0: "That opens the gate for good: sigmoid(24) is 1 to ten digits.",
            5.0: "That gives about 100 hours.",
        },
        tolerance=0.031,
        hint="Solve sigmoid(b) = f for b, with the f of exercise 2.",
    ),
    "06-1": Exercise(
        answer=19,
        because="t-5 is four hours before the newest reading, which stands in row 23.",
        misconceptions={
            18: "That is lag 5. With t-1 for the newest reading, t-5 is lag 4.",
            4: "That is the lag, counted from the newest reading. Rows begin with the oldest hour.",
            5: "Rows begin with the oldest hour, so row 5 lies far back.",
            20: "Row 23 is the newest reading, t-1; row 22 is t-2. Go on.",
            -5: "As an index from the end that is right. Which row is it, from 0 to 23?",
            -4: "Even from the end: -1 is the newest reading, t-1.",
        },
        hint="Row 23 is t-1. Which row is t-2?",
    ),
    "06-2": Exercise(
        answer=1.5,
        because="the items add up to the forecast minus what the network says of the baseline.",
        misconceptions={
            2.5: "That is the difference between the two, not the forecast itself.",
            3.5: "The sign: the forecast is the baseline's -1.0 plus what was added on the way.",
            -3.5: "The bill goes from the baseline to the window, not back.",
            -1.5: "The bill goes from the baseline to the window, not back.",
        },
        hint="The items say how to get from one to the other. Where do they start?",
    ),
    "06-3": Exercise(
        answer=np.array([3.0, 18.0]),
        because="all methods but the two that follow the cell's own line name these two.",
        wrong_arrays=(
            (np.array([18.0, 3.0]), "Those are the two: now the newer one first."),
            (
                np.array([5.0, 20.0]),
                "Those are rows counted from the oldest hour. Lag 0 is newest.",
            ),
            (
                np.array([20.0, 5.0]),
                "Those are rows counted from the oldest hour. Lag 0 is newest.",
            ),
            (np.array([4.0, 19.0]), "Off by one: lag 0 is the newest reading itself."),
            (np.array([2.0, 17.0]), "Off by one: lag 0 is the newest reading itself."),
            (
                np.array([0.0, 23.0]),
                "Gate products have all their weight on lag 0, and this network "
                "remembers through the recurrent kernel. Ask another method.",
            ),
        ),
        hint="Two lags, as in [1, 2]. tasks.methods(unknown)['lag'] asks all methods.",
    ),
    "06-4": Exercise(
        answer="either",
        because="either of the two suffices, so a method that hides one at a time finds none.",
        misconceptions={
            "two lags": "There each lag counts by itself: hiding one changes the output.",
            "switch": "There the value alone decides while the flag is on: hiding it changes the "
            "output.",
            "silent": "There the silent feature never mattered, alone or together.",
            "latch": "There hiding the hour that was flagged changes the output.",
            "closed gate": "There hiding the one true lag changes the output.",
            "one lag": "There hiding the one true lag changes the output.",
            "jump": "There hiding the one true lag changes the output.",
        },
        hint="Two hours tell the same. Which output is content with one of them?",
    ),
}
"""Every exercise by its number."""
