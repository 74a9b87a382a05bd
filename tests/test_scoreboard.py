"""Who finds the truth in planted worlds, and who is fooled, for every seed.

Why each is fooled:

- weight norms count weights, also those behind a gate that stays closed or on an input that stays
  silent; and all steps share the weights, so they say nothing of lags.
- gate products and cell contributions see the cell's own line: the latch. They miss what the
  recurrent kernel carries, and call it the newest step's. They know no features.
- The gradient is 0 where a gate is fully open or closed (switch, latch, either), however much the
  flag that holds it there decides, and counts an input that never moves (silent).
- Gradient x input does not count that one, but has the same zeros.
- Integrated gradients and occlusion take zeros for "nothing": where the flag is always 1, they
  open the closed gate themselves.
- Occlusion takes out one entry at a time: either hour alone suffices, so it finds none. It makes
  jumps where no series had one, and a rule for jumps answers.
- Permutation makes such jumps too when it shuffles one hour; not when it shuffles a whole feature.
"""

import functools

import numpy as np
import pytest

from lstm_helpers import _calls, attribution, memory
from lstm_helpers.course import scoring, worlds

# + passes: Score.passed, which is: all true entries found, no other, .9 of the mass on them.
# - fails.
LAG = """
                     | one lag | two lags | switch | latch | closed gate | silent | either | jump
gate products        |    -    |    -     |   -    |   +   |      -      |   -    |   -    |  -
cell contributions   |    -    |    -     |   -    |   +   |      -      |   -    |   -    |  -
gradient             |    +    |    +     |   -    |   +   |      +      |   -    |   -    |  +
gradient x input     |    +    |    +     |   -    |   +   |      +      |   +    |   -    |  +
integrated gradients |    +    |    +     |   +    |   +   |      -      |   +    |   +    |  +
occlusion            |    +    |    +     |   +    |   +   |      -      |   +    |   -    |  -
permutation          |    +    |    +     |   +    |   +   |      +      |   +    |   +    |  -
"""
FEATURE = """
                     | one lag | two lags | switch | latch | closed gate | silent | either | jump
weight norms         |    +    |    +     |   +    |   +   |      -      |   -    |   +    |  +
gradient             |    +    |    +     |   -    |   -   |      +      |   -    |   -    |  +
gradient x input     |    +    |    +     |   -    |   -   |      +      |   +    |   -    |  +
integrated gradients |    +    |    +     |   +    |   +   |      -      |   +    |   +    |  +
occlusion            |    +    |    +     |   +    |   +   |      -      |   +    |   -    |  +
permutation          |    +    |    +     |   +    |   +   |      +      |   +    |   +    |  +
"""
SEEDS = [0, 1, 2, 3, 4, 1871, 90_210]
AXES = {"lag": 1, "feature": 0}  # what is left out of the truth (time, features)


def table(text):
    """The text as {method: {world: passes}}."""
    lines = text.strip("\n").splitlines()
    (_, *worlds), *rows = ([cell.strip() for cell in line.split("|")] for line in lines)
    return {
        method: {world: cell == "+" for world, cell in zip(worlds, cells, strict=True)}
        for method, *cells in rows
    }


SCOREBOARD = {"lag": table(LAG), "feature": table(FEATURE)}


def scored(world, importance, axis):
    return scoring.score(importance, world.truth.any(axis=AXES[axis]))


@pytest.fixture(autouse=True)
def _small_calls(monkeypatch):
    """Their products are left to one thread by BLAS.

    Threads that wait for each other while other programs run take ten times as long.
    """
    monkeypatch.setattr(_calls, "_CALL_BYTES", 2**16)


def verdicts(name, seed):
    world = worlds.planted(name, seed)
    said = scoring.ask(world)
    return {
        axis: {method: scored(world, each, axis).passed for method, each in said[axis].items()}
        for axis in AXES
    }


def test_the_table_is_read_as_it_stands():
    assert SCOREBOARD["lag"]["integrated gradients"]["either"] is True
    assert SCOREBOARD["lag"]["permutation"]["jump"] is False
    assert SCOREBOARD["feature"]["weight norms"]["closed gate"] is False
    for rows in SCOREBOARD.values():
        assert all(tuple(row) == worlds.WORLDS for row in rows.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_scoreboard(seed):
    expected = {
        axis: {name: {method: row[name] for method, row in rows.items()} for name in worlds.WORLDS}
        for axis, rows in SCOREBOARD.items()
    }
    assert scoring.scoreboard(seed) == expected


def test_a_method_of_ones_own_enters_with_one_function():
    own = {
        "the truth": lambda world: np.broadcast_to(world.truth[::-1], world.inputs.shape),
        "with its sign": lambda world: -world.gradient(world.inputs) * world.inputs,
        "lags alone": lambda world: {"lag": world.truth.any(axis=1)},
    }
    board = scoring.scoreboard(0, own)
    for axis in AXES:
        assert all(row["the truth"] for row in board[axis].values())
        for name, row in board[axis].items():
            assert row["with its sign"] == SCOREBOARD[axis]["gradient x input"][name]
    assert board["lag"].keys() == board["feature"].keys() == set(worlds.WORLDS)
    assert board["lag"]["latch"]["lags alone"]
    assert "lags alone" not in board["feature"]["latch"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (np.ones((2, 2)), r"the method 'mine' to return shape \(150, 24, 3\), got shape \(2, 2\)"),
        ({"lag": np.ones(3)}, r"the method 'mine' to return shape \(24,\), got shape \(3,\)"),
        ({"unit": np.ones(3)}, r"the method 'mine' to return lag or feature, got \['unit'\]"),
        ({}, r"the method 'mine' to return lag or feature, got \[\]"),
    ],
)
def test_what_no_method_says(said, message):
    with pytest.raises(ValueError, match=message):
        scoring.ask(worlds.planted("latch", 0), {"mine": lambda world: said})


def test_every_method_passes_somewhere_and_is_fooled_somewhere():
    for method in SCOREBOARD["lag"].keys() | SCOREBOARD["feature"].keys():
        rows = [SCOREBOARD[axis].get(method, {}) for axis in AXES]
        assert {passes for row in rows for passes in row.values()} == {True, False}, method


# What cures the baseline: something that occurs. Neither is a cure for what occlusion does to
# "jump" and "either".


@pytest.mark.parametrize("seed", SEEDS)
def test_baselines_that_occur_keep_the_closed_gate_closed(seed):
    world = worlds.planted("closed gate", seed)
    x = world.inputs
    for attributions in (
        attribution.integrated_gradients(world.gradient, x, x.mean(axis=0), n_steps=5),
        attribution.occlusion(world.forward, x, x.mean(axis=0)),
        attribution.occlusion(world.forward, x, x[:5, None]),
    ):
        importance = np.abs(attributions).mean(axis=0)[::-1]
        for axis, others in AXES.items():
            assert scored(world, importance.sum(axis=others), axis).passed


# Each method, broken in one way: its row changes in the world and axis that are named.


def call(function, change):
    """The function, with what it returns changed."""
    return lambda *args, **kwargs: change(function(*args, **kwargs))


def unshuffled(error, inputs, *, axis="lag"):
    size = inputs.shape[{"lag": 1, "feature": 2}[axis]]
    return np.zeros(size) + error(inputs)


FAULTS = {
    "norms of the candidate alone": (
        ("weight norms", "switch", "feature"),
        (scoring, "feature_norms", call(scoring.feature_norms, lambda norms: [norms.c])),
    ),
    "norms of the gates alone": (
        ("weight norms", "one lag", "feature"),
        (scoring, "feature_norms", call(scoring.feature_norms, lambda norms: [norms.i, norms.o])),
    ),
    "retention with the step's own forget gate": (
        ("gate products", "latch", "lag"),
        (memory, "retention", lambda trace: memory.products(trace)[:, :-1]),
    ),
    "retention without forgetting": (
        ("gate products", "latch", "lag"),
        (memory, "retention", lambda trace: np.ones_like(trace.cell)),
    ),
    "cell contributions without forgetting": (
        ("cell contributions", "latch", "lag"),
        (memory, "cell_contributions", lambda trace: (trace.gates.i * trace.gates.c, 0)),
    ),
    "cell contributions without the input gate": (
        ("cell contributions", "latch", "lag"),
        (
            memory,
            "cell_contributions",
            lambda trace: (memory.products(trace)[:, 1:] * trace.gates.c, 0),
        ),
    ),
    "the gradient of the first window for all": (
        ("gradient", "latch", "lag"),
        (attribution, "saliency", lambda gradient, x: np.abs(0 * x + gradient(x)[:1])),
    ),
    "a gradient with the newest step first": (
        ("gradient x input", "one lag", "lag"),
        (worlds.World, "gradient", call(worlds.World.gradient, lambda slopes: slopes[:, ::-1])),
    ),
    "integrated gradients without the way": (
        ("integrated gradients", "silent", "feature"),
        (
            attribution,
            "integrated_gradients",
            lambda gradient, x, n_steps: np.mean(
                [gradient((n + 0.5) / n_steps * x) for n in range(n_steps)], axis=0
            ),
        ),
    ),
    "integrated gradients at the end of the way": (
        ("integrated gradients", "switch", "lag"),
        (attribution, "integrated_gradients", lambda gradient, x, n_steps: gradient(x) * x),
    ),
    "occlusion that replaces nothing": (
        ("occlusion", "one lag", "lag"),
        (attribution, "occlusion", lambda forward, x: np.zeros(x.shape)),
    ),
    "occlusion of two steps at once": (
        ("occlusion", "one lag", "lag"),
        (
            attribution,
            "occlusion",
            functools.partial(attribution.occlusion, window=(2, 1)),
        ),
    ),
    "permutation that shuffles nothing": (
        ("permutation", "one lag", "lag"),
        (attribution, "permutation", unshuffled),
    ),
    "permutation with the oldest lag first": (
        ("permutation", "one lag", "lag"),
        (
            attribution,
            "permutation",
            call(attribution.permutation, lambda importance: importance[::-1]),
        ),
    ),
    "a profile with the oldest lag first": (
        ("gradient", "one lag", "lag"),
        (
            attribution,
            "temporal_profile",
            call(attribution.temporal_profile, lambda profile: profile[::-1]),
        ),
    ),
}


def test_every_method_has_a_fault():
    assert {method for (method, _, _), _ in FAULTS.values()} == scoring.METHODS.keys()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_broken_method_changes_its_row(monkeypatch, fault):
    (method, name, axis), patch = FAULTS[fault]
    monkeypatch.setattr(*patch)
    assert verdicts(name, 0)[axis][method] is not SCOREBOARD[axis][method][name]
