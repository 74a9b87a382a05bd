"""Mysteries are what their truth says, and hide it; what the card says of them is so."""

import importlib.util
import json

import numpy as np
import pytest
from common import DATA

import lstm_helpers as lh
from lstm_helpers.course import _mystery_training
from lstm_helpers.course.drawn_readings import WAYS, drawn, siblings
from lstm_helpers.course.mysteries import RULES, TRAINED, mystery

CARD = json.loads((DATA / "mysteries.json").read_text(encoding="utf-8"))
BY_HAND = [rule for rule in RULES if rule not in TRAINED]
SEED = 7


def make_mysteries():
    spec = importlib.util.spec_from_file_location("make_mysteries", DATA / "make_mysteries.py")
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def case_of(rule, seed=100):
    return mystery(rule, seed, DATA)


def moved(case, lags=slice(None), features=slice(None)):
    """Largest change of the output where these readings are those of the window before."""
    x = case.inputs
    points = x[:, ::-1].copy()  # by lag
    points[:, lags, features] = np.roll(x[:, ::-1], 1, axis=0)[:, lags, features]
    return np.abs(case.readout.forward(points[:, ::-1]) - case.readout.forward(x)).max()


def test_a_third_of_at_least_twelve_was_trained():
    assert len(RULES) >= 12
    assert len(TRAINED) * 3 >= len(RULES)


@pytest.mark.parametrize("rule", [rule for rule in BY_HAND if rule != "untrained"])
@pytest.mark.parametrize("seed", [0, SEED])
def test_what_is_set_by_hand_depends_on_its_truth_and_on_nothing_else(rule, seed):
    case = mystery(rule, seed)
    truth = case.truth
    np.testing.assert_allclose(case.readout.forward(case.inputs), case.targets, atol=1e-9)
    others = [n for n in range(4) if n not in truth.features]
    assert moved(case, features=others) < 1e-9
    for feature in truth.features:
        assert moved(case, features=feature) > 0.05
    if truth.lags is not None:
        assert moved(case, lags=[n for n in range(24) if n not in truth.lags]) < 1e-9
        for lag in truth.lags:
            assert moved(case, lags=lag) > 0.05
    hidden = lh.replay(case.readout.w, case.inputs).hidden[:, -1]
    effect = np.abs(case.readout.head[:, 0]) * hidden.std(axis=0)
    assert tuple(np.flatnonzero(effect > 1e-9)) == truth.units


@pytest.mark.parametrize("rule", TRAINED)
def test_what_was_trained_forecasts_and_looks_where_its_truth_says(rule):
    case = case_of(rule)
    error = np.abs(case.readout.forward(case.inputs) - case.targets).mean()
    assert error < 0.25 * np.abs(case.targets - np.median(case.targets)).mean()
    of_truth = min(moved(case, features=feature) for feature in case.truth.features)
    assert of_truth > 2 * max(
        moved(case, features=n) for n in range(4) if n not in case.truth.features
    )


def test_one_seed_one_mystery_and_another_seed_another():
    for rule in RULES:
        first, again, other = (case_of(rule, seed) for seed in (101, 101, 102))
        assert np.array_equal(first.inputs, again.inputs)
        assert first.truth == again.truth
        for a, b in zip(first.readout.w.to_arrays(), again.readout.w.to_arrays(), strict=True):
            assert np.array_equal(a, b)
        assert not np.array_equal(first.inputs, other.inputs)
    truths = {case_of("delay", seed).truth for seed in range(100, 106)}
    assert len(truths) == 6


def test_nothing_that_is_displayed_tells_the_rule():
    for rule in RULES:
        case = case_of(rule)
        assert repr(case).startswith("Mystery(inputs=(240, 24, 4), units=")
        for one in drawn(case):
            assert repr(one) == f"Drawn({one.reading!r})"


def test_bad_arguments():
    with pytest.raises(ValueError, match="expected a rule of 'delay', 'difference'"):
        mystery("lag", 0)
    with pytest.raises(ValueError, match="expected seed as a whole number of at least 0, got -1"):
        mystery("delay", -1)


def test_siblings_compute_the_same_with_units_in_another_order():
    case = case_of("trained mean")
    for other in siblings(case):
        np.testing.assert_allclose(
            other.forward(case.inputs), case.readout.forward(case.inputs), atol=1e-5
        )
        assert not np.array_equal(other.head, case.readout.head)


def test_the_file_gives_back_what_was_stored():
    networks = _mystery_training.stored(DATA / _mystery_training.STORE)
    assert {rule for rule, _ in networks} == set(TRAINED)
    assert {seed for _, seed in networks} == {*range(4), *range(100, 120)}
    arrays = _mystery_training.store(networks)
    with np.load(DATA / _mystery_training.STORE) as file:
        assert set(file) == set(arrays)
        assert all(np.array_equal(file[name], arrays[name]) for name in file)


def test_a_network_trained_again_is_as_good_and_alike():
    rule, seed = "trained delay", 0
    case = mystery(rule, seed, DATA)
    again = mystery(rule, seed)
    assert again.truth == case.truth
    for one in (case, again):
        error = np.abs(one.readout.forward(one.inputs) - one.targets).mean()
        assert error < 0.1 * np.abs(one.targets).mean()
    both = np.stack([one.readout.forward(one.inputs) for one in (case, again)])
    assert np.corrcoef(both)[0, 1] > 0.99


# What the card says.


def test_the_card_holds_what_the_course_promises():
    assert CARD["unseen"]["seeds"] == [100, 119]
    for field in ("lags", "features", "units"):
        rightly = [of[field] for of in CARD["unseen"]["report: names the truth"].values()]
        assert len(rightly) == len(RULES)
        assert sum(rightly) >= 0.95 * 20 * len(RULES)
    verdicts = CARD["unseen"]["check_reading: verdicts"]
    false = [verdicts[way] for way in WAYS]
    assert sum(of["fails"] for of in false) >= 0.9 * sum(sum(of.values()) for of in false)
    assert verdicts["honest"]["fails"] <= 0.05 * sum(verdicts["honest"].values())
    for way in WAYS:
        assert sum(verdicts[way].values()) >= 20
        assert verdicts[way]["fails"] >= 0.8 * sum(verdicts[way].values())


@pytest.mark.parametrize("rule", ["closed gate", "latch", "trained clock", "untrained"])
def test_a_row_of_the_card_is_found_again(rule):
    script = make_mysteries()
    rightly = {field: 0 for field in script.FIELDS}
    for seed in (100, 101):
        for field, right in script.named_rightly(case_of(rule, seed)).items():
            rightly[field] += right
    card = CARD["unseen"]["report: names the truth"][rule]
    for field, count in rightly.items():
        assert 2 - count <= 20 - card[field]
        assert count <= card[field]


def test_verdicts_of_one_mystery_are_those_that_its_truth_gives():
    said = make_mysteries().verdicts(case_of("closed gate"))
    assert {way for way, _ in said} == {*WAYS[:1], *WAYS[2:3], *WAYS[4:5], "honest"}
    assert {word for way, word in said if way != "honest"} == {"fails"}
    assert {word for way, word in said if way == "honest"} == {"holds"}
