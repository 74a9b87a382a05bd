"""Who finds the truth in planted worlds, and who is fooled, for every seed.

Why each is fooled:

- weight norms count weights, also those behind a gate that stays closed or on an input that stays
  silent; and all steps share the weights, so they say nothing of lags.
- gate products and cell contributions see the cell's own line: the latch. They miss what the
  recurrent kernel carries, and call it the newest step's. They know no features.
- The gradient is 0 where a gate is fully open or closed (switch, latch, either), however much the
  flag that holds it there decides, and counts an input that never moves (silent).
- Gradient x input does not count that one, but has the same zeros.
- Whatever takes zeros for "nothing" opens the closed gate itself, where the flag is always 1.
- Integrated gradients go a straight way, and what is open only on the way (between) counts as much
  as what is open at its end: from zeros, from the mean, from other windows. Not from windows that
  are alike, as they are on the same side; but then a season that all of them share is missed.
- Occlusion takes out one entry at a time: from zeros either hour alone suffices, so it finds none.
  It makes jumps where no series had one, and a rule for jumps answers.
- Permutation makes such jumps too when it shuffles one hour; not when it shuffles a whole feature,
  and not among windows whose newest value is alike; but those share the season.
- Shapley values mix windows: in a mixture of two, the latch can be set at a lag where no window has
  it set last, and the value jumps.
- Saliency rescaling has the zeros of the gradient that it rescales, and takes out one step at a
  time.
"""

import numpy as np
import pytest

from lstm_helpers import _calls, attribution, memory, rescaling, shapley_values
from lstm_helpers.course import methods, scoring, worlds

# Where each is fooled: all true entries found, no other, .9 of the mass on them is Score.passed.
NEVER_LATCH = "one lag, two lags, switch, closed gate, silent, either, jump, between, season"
LAG = {
    "gate products": NEVER_LATCH,
    "cell contributions": NEVER_LATCH,
    "gradient": "switch, silent, either",
    "gradient x input": "switch, either",
    "integrated gradients, zeros": "closed gate, between",
    "integrated gradients, mean": "between",
    "expected gradients, others": "between",
    "expected gradients, alike": "season",
    "occlusion, zeros": "closed gate, either, jump, between",
    "occlusion, others": "jump",
    "permutation": "jump",
    "permutation, alike": "season",
    "Shapley values": "latch, jump",
    "saliency rescaling": "either, jump",
}
FEATURE = {
    "weight norms": "closed gate, silent, between",
    "gradient": "switch, latch, silent, either",
    "gradient x input": "switch, latch, either",
    "integrated gradients, zeros": "closed gate, between",
    "integrated gradients, mean": "between",
    "expected gradients, others": "between",
    "expected gradients, alike": "season",
    "occlusion, zeros": "closed gate, either, between",
    "occlusion, others": "",
    "permutation": "",
    "permutation, alike": "season",
    "saliency rescaling": "either",
}
SIGN = {
    "cell contributions": NEVER_LATCH,
    "gradient": "either",
    "gradient x input": "either",
    "integrated gradients, zeros": "",
    "integrated gradients, mean": "",
    "expected gradients, others": "",
    "expected gradients, alike": "season",
    "occlusion, zeros": "either",
    "occlusion, others": "",
    "Shapley values": "",
}
SEEDS = [0, 1, 2, 3, 4, 1871, 90_210]
AXES = {"lag": 1, "feature": 0}  # what is left out of the truth (time, features)


def fooled(text):
    return {name for name in text.split(", ") if name}


SCOREBOARD = {
    question: {
        method: {name: name not in fooled(text) for name in worlds.WORLDS}
        for method, text in rows.items()
    }
    for question, rows in (("lag", LAG), ("feature", FEATURE), ("sign", SIGN))
}


def scored(world, importance, axis):
    return scoring.score(importance, world.truth.any(axis=AXES[axis]))


@pytest.fixture(autouse=True)
def _small_calls(monkeypatch):
    """Their products are left to one thread by BLAS.

    Threads that wait for each other while other programs run take ten times as long.
    """
    monkeypatch.setattr(_calls, "_CALL_BYTES", 2**16)


def test_the_tables_are_read_as_they_stand():
    assert SCOREBOARD["lag"]["integrated gradients, mean"]["either"] is True
    assert SCOREBOARD["lag"]["permutation"]["jump"] is False
    assert SCOREBOARD["feature"]["weight norms"]["closed gate"] is False
    for rows in (LAG, FEATURE, SIGN):
        assert all(fooled(text) < {*worlds.WORLDS} for text in rows.values())
    methods_there = set().union(*SCOREBOARD.values())
    assert methods_there == scoring.METHODS.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_scoreboard(seed):
    expected = {
        axis: {name: {method: row[name] for method, row in rows.items()} for name in worlds.WORLDS}
        for axis, rows in SCOREBOARD.items()
    }
    assert scoring.scoreboard(seed) == expected


def test_each_method_has_a_named_world_that_fools_it_and_none_finds_all_lags():
    """What notebook 06 says of the tables. By feature two find all, and each has its reason."""
    telling = SCOREBOARD["lag"]
    assert len(telling) == 14
    assert all(fooled(text) for text in LAG.values())
    assert {name for name, text in FEATURE.items() if not text} == {
        "occlusion, others",
        "permutation",
    }
    # No world fools all; and these two are never fooled by the same one.
    for name in worlds.WORLDS:
        assert any(row[name] for row in telling.values())
    assert fooled(LAG["permutation"]) & fooled(LAG["expected gradients, others"]) == set()


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
    # Turned around, it has every sign that it finds wrong.
    assert not any(row["with its sign"] for row in board["sign"].values())
    assert not board["sign"]["latch"].keys() & {"lags alone"}
    assert board["lag"].keys() == board["feature"].keys() == set(worlds.WORLDS)
    assert board["lag"]["latch"]["lags alone"]
    assert "lags alone" not in board["feature"]["latch"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (np.ones((2, 2)), r"the method 'mine' to return shape \(150, 24, 3\), got shape \(2, 2\)"),
        ({"lag": np.ones(3)}, r"the method 'mine' to return shape \(24,\), got shape \(3,\)"),
        ({"unit": np.ones(3)}, r"the method 'mine' to return lag, feature or sign, got \['unit'\]"),
        ({"sign": np.ones(3)}, r"the method 'mine' to return shape \(24, 3\), got shape \(3,\)"),
        ({}, r"the method 'mine' to return lag, feature or sign, got \[\]"),
    ],
)
def test_what_no_method_says(said, message):
    with pytest.raises(ValueError, match=message):
        scoring.ask(worlds.planted("latch", 0), {"mine": lambda world: said})


# Each method, broken in one way: its row changes in the world and for the question named.


def call(function, change):
    """The function, with what it returns changed."""
    return lambda *args, **kwargs: change(function(*args, **kwargs))


def given(function, **changed):
    """The function, with some arguments changed."""
    return lambda *args, **kwargs: function(*args, **kwargs | changed)


def unshuffled(error, inputs, *, axis="lag", groups=None, repeats=1):
    size = inputs.shape[{"lag": 1, "feature": 2}[axis]]
    return np.zeros(size) + error(inputs)


def from_zeros(function):
    return lambda ask, x, baselines, *args: function(ask, x, 0.0, *args)


def at_the_end_of_the_way(gradient, x, baselines, n_steps):
    return gradient(x) * x


def without_the_way(gradient, x, baselines, n_steps):
    return np.mean([gradient((n + 0.5) / n_steps * x) for n in range(n_steps)], axis=0)


IG, OCCLUSION = attribution.integrated_gradients, attribution.occlusion
FAULTS = {
    "norms of the candidate alone": (
        ("weight norms", "switch", "feature"),
        (methods, "feature_norms", call(methods.feature_norms, lambda norms: [norms.c])),
    ),
    "norms of the gates alone": (
        ("weight norms", "one lag", "feature"),
        (methods, "feature_norms", call(methods.feature_norms, lambda norms: [norms.i, norms.o])),
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
    "cell contributions with the sign turned": (
        ("cell contributions", "latch", "sign"),
        (
            memory,
            "cell_contributions",
            call(memory.cell_contributions, lambda found: (-found[0], found[1])),
        ),
    ),
    "the gradient of the first window for all": (
        ("gradient", "latch", "lag"),
        (
            worlds.World,
            "gradient",
            call(worlds.World.gradient, lambda slopes: 0 * slopes + slopes[:1]),
        ),
    ),
    "a gradient with the newest step first": (
        ("gradient x input", "one lag", "lag"),
        (worlds.World, "gradient", call(worlds.World.gradient, lambda slopes: slopes[:, ::-1])),
    ),
    "a gradient with the sign turned": (
        ("gradient", "two lags", "sign"),
        (worlds.World, "gradient", call(worlds.World.gradient, lambda slopes: -slopes)),
    ),
    "integrated gradients without the way": (
        ("integrated gradients, zeros", "silent", "feature"),
        (attribution, "integrated_gradients", without_the_way),
    ),
    "integrated gradients at the end of the way": (
        ("integrated gradients, zeros", "switch", "lag"),
        (attribution, "integrated_gradients", at_the_end_of_the_way),
    ),
    "integrated gradients always from zeros": (
        ("integrated gradients, mean", "closed gate", "lag"),
        (attribution, "integrated_gradients", from_zeros(IG)),
    ),
    "expected gradients from zeros": (
        ("expected gradients, others", "closed gate", "feature"),
        (attribution, "integrated_gradients", from_zeros(IG)),
    ),
    "what is alike taken from anywhere": (
        ("expected gradients, alike", "between", "lag"),
        (methods.np, "argsort", lambda far, axis, kind: np.tile(np.arange(150), (40, 1))),
    ),
    "occlusion that replaces nothing": (
        ("occlusion, zeros", "one lag", "lag"),
        (attribution, "occlusion", lambda forward, x, baselines: np.zeros(x.shape)),
    ),
    "occlusion of two steps at once": (
        ("occlusion, zeros", "one lag", "lag"),
        (attribution, "occlusion", given(OCCLUSION, window=(2, 1))),
    ),
    "occlusion always from zeros": (
        ("occlusion, others", "closed gate", "lag"),
        (attribution, "occlusion", from_zeros(OCCLUSION)),
    ),
    "occlusion with the sign turned": (
        ("occlusion, others", "two lags", "sign"),
        (attribution, "occlusion", call(OCCLUSION, lambda lost: -lost)),
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
    "permutation that forgets its groups": (
        ("permutation, alike", "jump", "lag"),
        (attribution, "permutation", given(attribution.permutation, groups=None)),
    ),
    "Shapley values with the oldest lag first": (
        ("Shapley values", "one lag", "lag"),
        (
            shapley_values,
            "shapley",
            call(shapley_values.shapley, lambda shares: shares[:, ::-1]),
        ),
    ),
    "Shapley values with the sign turned": (
        ("Shapley values", "two lags", "sign"),
        (shapley_values, "shapley", call(shapley_values.shapley, lambda shares: -shares)),
    ),
    "saliency rescaling of the features alone": (
        ("saliency rescaling", "jump", "feature"),
        (
            rescaling,
            "temporal_saliency_rescaling",
            lambda attribute, x: np.ones(x.shape),
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
    (method, name, question), patch = FAULTS[fault]
    world = worlds.planted(name, 0)
    monkeypatch.setattr(*patch)
    answer = scoring.ask(world, {method: scoring.METHODS[method]})[question][method]
    if question == "sign":
        passes = scoring.score_signs(answer, world.signs).passed
    else:
        passes = scored(world, answer, question).passed
    assert passes is not SCOREBOARD[question][method][name]
