"""Linear probes where the answer is known, and what they refuse."""

import dataclasses

import numpy as np
import pytest

import lstm_helpers as lh

RNG = np.random.default_rng(0)
STATES = RNG.normal(size=(300, 4)) * [1, 10, 0.1, 1] + [0, 5, 0, -3]
TRUE = np.array([[1.0, 0.2, -7.0, 0.0], [0.5, 0.0, 2.0, 1.0]]).T
TARGETS = STATES @ TRUE + [3, -4]
NOISE = RNG.normal(size=TARGETS.shape)


def pairs(states=STATES, targets=TARGETS, split=200):
    return (states[:split], targets[:split]), (states[split:], targets[split:])


def test_what_is_linear_is_read_exactly():
    found = lh.probe(*pairs(), penalty=0)
    np.testing.assert_allclose(found.weights, TRUE, atol=1e-10)
    np.testing.assert_allclose(found.intercept, [3, -4], atol=1e-10)
    assert found.r2 == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(found.read(STATES), TARGETS, atol=1e-10)
    assert repr(found) == "Probe(units=4, targets=2, r2=1.00)"
    assert lh.probe(*pairs()).r2 > 0.999  # the penalty that is used if none is given


def test_weights_score_and_penalty_are_those_of_the_textbook():
    """Normal equations on scaled states; 1 - missed / spread, over all targets."""
    targets = TARGETS + 4 * NOISE
    (states, aims), (others, wanted) = pairs(targets=targets)
    scaled = (states - states.mean(0)) / states.std(0)
    for penalty in (0.0, 1.0, 300.0):
        found = lh.probe((states, aims), (others, wanted), penalty=penalty)
        weights = np.linalg.solve(
            scaled.T @ scaled + penalty * np.eye(4), scaled.T @ (aims - aims.mean(0))
        )
        np.testing.assert_allclose(found.weights, weights / states.std(0)[:, None], rtol=1e-9)
        read = (others - states.mean(0)) / states.std(0) @ weights + aims.mean(0)
        np.testing.assert_allclose(found.read(others), read, rtol=1e-9)
        missed, spread = ((read - wanted) ** 2).sum(), ((wanted - wanted.mean(0)) ** 2).sum()
        assert found.r2 == pytest.approx(1 - missed / spread, abs=1e-12)
    np.testing.assert_allclose(
        lh.probe((states, aims), (others, wanted)).weights,
        lh.probe((states, aims), (others, wanted), penalty=1).weights,
    )


def test_the_score_is_that_of_data_that_the_probe_never_saw():
    """More states than windows: all is fitted, and nothing of it holds."""
    states, targets = RNG.normal(size=(60, 50)), RNG.normal(size=60)
    training, validation = pairs(states, targets, split=30)
    assert lh.probe(training, training, penalty=0).r2 == pytest.approx(1, abs=1e-10)
    assert lh.probe(training, validation, penalty=0).r2 < 0


def test_a_probe_is_one_thing_and_stays_as_it_is():
    found = lh.probe(*pairs())
    assert found != lh.probe(*pairs())  # and no array is asked whether it is true
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.r2 = 1.0


def test_shuffled_labels_are_not_read():
    targets = RNG.permutation(TARGETS)
    assert abs(lh.probe(*pairs(targets=targets)).r2) < 0.1


def test_one_target_or_a_column_of_it_and_float32():
    one = lh.probe(*pairs(targets=TARGETS[:, 1]))
    column = lh.probe(*pairs(STATES.astype("float32"), TARGETS[:, 1:].astype("float32")))
    assert one.weights.shape == column.weights.shape == (4, 1)
    assert column.weights.dtype == column.intercept.dtype == float
    np.testing.assert_allclose(one.weights, column.weights, rtol=1e-4, atol=1e-4)
    assert one.read(STATES[:3]).shape == (3, 1)
    # All sums are in double precision, whatever the states are in.
    as_float = (part.astype("float32").astype(float) for part in (STATES, TARGETS[:, 1:]))
    np.testing.assert_allclose(column.weights, lh.probe(*pairs(*as_float)).weights, rtol=1e-12)
    assert type(column.r2) is float


@pytest.mark.parametrize("penalty", [0, 1])
def test_units_that_never_vary_or_say_the_same(penalty):
    # The spread of 0.1 comes out as 1e-17, that of 2 as 0.
    still = np.full((300, 2), [0.1, 2])
    states = np.column_stack([STATES, still, STATES[:, 0]])
    states[200:, 4] = 7.0  # what the probe has not seen it does not weigh
    found = lh.probe(*pairs(states), penalty=penalty)
    assert found.weights[4:6].tolist() == [[0, 0], [0, 0]]
    assert found.r2 > 0.999
    np.testing.assert_allclose(found.weights[6], found.weights[0], atol=1e-9)


def test_two_windows_are_enough():
    found = lh.probe(([[0.0], [1.0]], [2.0, 4.0]), ([[2.0], [3.0]], [6.0, 8.0]), penalty=0)
    assert found.r2 == pytest.approx(1)
    assert found.weights.item() == pytest.approx(2)


BAD = {
    "no pair": ((STATES, pairs()[1]), TypeError, r"training as \(states, targets\), got ndarray"),
    "three": ((pairs()[0], [1, 2, 3]), TypeError, "validation as .*, got 3 items"),
    "rank": (
        ((STATES[:, 0], TARGETS), pairs()[1]),
        ValueError,
        r"states of training of shape \(batch, columns\), got \(300,\)",
    ),
    "no states": (
        ((STATES[:, :0], TARGETS), pairs()[1]),
        ValueError,
        r"states of training of shape \(batch, columns\), got \(300, 0\)",
    ),
    "rank of targets": (
        ((STATES, TARGETS[None]), pairs()[1]),
        ValueError,
        r"targets of training of shape \(batch, columns\), got \(1, 300, 2\)",
    ),
    "no targets": (((STATES, TARGETS[:, :0]), pairs()[1]), ValueError, "targets of training of sh"),
    "one number": (
        ((STATES, 3.0), pairs()[1]),
        ValueError,
        r"targets of training of shape .*, got \(\)",
    ),
    "text": (((STATES, ["noon"] * 300), pairs()[1]), TypeError, "targets of training as real num"),
    "units": (
        (pairs()[0], (STATES[:, :3], TARGETS)),
        ValueError,
        r"states of validation of shape \(batch, 4\), got \(300, 3\)",
    ),
    "targets": (
        (pairs()[0], (STATES, TARGETS[:, 0])),
        ValueError,
        r"targets of validation of shape \(batch, 2\), got \(300, 1\)",
    ),
    "windows": (
        ((STATES, TARGETS[:5]), pairs()[1]),
        ValueError,
        "targets of training for each of 300 windows, got 5",
    ),
    "one window": (
        (pairs()[0], (STATES[:1], TARGETS[:1])),
        ValueError,
        "at least 2 windows of validation, got 1",
    ),
    "NaN": (
        ((np.where(STATES > 9, np.nan, STATES), TARGETS), pairs()[1]),
        ValueError,
        "states of training as finite numbers, got nan",
    ),
    "infinity": (
        (pairs()[0], (STATES, np.where(TARGETS > 0, np.inf, TARGETS))),
        ValueError,
        "targets of validation as finite numbers, got inf",
    ),
    "constant": (
        (pairs()[0], (STATES, np.column_stack([TARGETS[:, 0], np.full(300, 0.1)]))),
        ValueError,
        "targets of validation that vary, got a constant",
    ),
}


@pytest.mark.parametrize(("pair", "error", "message"), BAD.values(), ids=BAD)
def test_what_it_refuses(pair, error, message):
    with pytest.raises(error, match=f"^expected {message}"):
        lh.probe(*pair)


@pytest.mark.parametrize(
    ("penalty", "error", "message"),
    [
        (-0.5, ValueError, "penalty of at least 0, got -0.5"),
        (np.nan, ValueError, "penalty as a finite number, got nan"),
        ("1", TypeError, "penalty as a number, got '1'"),
    ],
)
def test_penalties_that_it_refuses(penalty, error, message):
    with pytest.raises(error, match=f"^expected {message}"):
        lh.probe(*pairs(), penalty=penalty)


def test_a_probe_reads_states_of_its_units_only():
    found = lh.probe(*pairs())
    with pytest.raises(ValueError, match=r"^expected states of shape \(batch, 4\), got \(300, 3\)"):
        found.read(STATES[:, 1:])
    with pytest.raises(ValueError, match=r"^expected states as finite numbers, got inf"):
        found.read(np.full((2, 4), np.inf))
