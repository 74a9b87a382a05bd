"""Networks that never saw some inputs, in linear worlds where least squares finds the answer."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

import lstm_helpers as lh

TIME, FEATURES = 6, 2


def world(lag=3, feature=1, twin=None, seed=0, windows=240):
    """The target is one reading and a little noise; ``twin`` is a lag that says the same."""
    rng = np.random.default_rng(seed)
    x = rng.normal(3, 1, size=(windows, TIME, FEATURES))
    if twin is not None:
        x[:, -1 - twin] = x[:, -1 - lag]
    return x, x[:, -1 - lag, feature] + 0.1 * rng.normal(size=windows)


TRAINING, VALIDATION = world(seed=0), world(seed=1)


def fit(inputs, targets, seed):
    """Least squares with a constant; the seed picks the windows that it sees."""
    seen = np.random.default_rng(seed).permutation(len(inputs))[:200]

    def columns(x):
        return np.column_stack([x.reshape(len(x), -1), np.ones(len(x))])

    weights = np.linalg.lstsq(columns(inputs[seen]), targets[seen], rcond=1e-10)[0]
    return lambda x: columns(x) @ weights


def error(outputs, targets):
    return np.abs(outputs - targets).mean()


def lost(training=TRAINING, validation=VALIDATION, fit=fit, **options):
    options = {"seeds": 3, "progress": False, **options}
    return lh.retrain_without(fit, error, training, validation, **options)


def alike(found, expected):
    """Whether two trainings of the same kind have the same errors, up to rounding."""
    return all(
        np.allclose(getattr(found, name), getattr(expected, name), rtol=1e-9, atol=0)
        for name in ("seeds", "whole", "without")
    )


# What is needed.


@pytest.mark.parametrize(
    ("options", "needed"),
    [
        ({"lags": 3}, True),
        ({"lags": [0, 1, 2, 4, 5]}, False),
        ({"features": 1}, True),
        ({"features": [0]}, False),
        ({"lags": [3], "features": [1]}, True),
        ({"lags": [3], "features": [0]}, False),
        ({"lags": range(3), "features": [1]}, False),
    ],
    ids=str,
)
def test_only_the_reading_of_the_target_is_needed(options, needed):
    found = lost(**options)
    # Without it: the mean distance of a normal variable from its mean, less what is noise anyway.
    expected = np.sqrt(2 / np.pi) * 0.9 if needed else 0
    assert np.allclose(found.lost, expected, rtol=0, atol=0.1 if needed else 0.01)
    assert np.allclose(found.whole, 0.08, rtol=0, atol=0.01)
    assert (found.lost > 0.5).all() == needed


def test_of_two_lags_that_say_the_same_each_is_used_and_only_the_pair_is_needed():
    training, validation = world(twin=1), world(twin=1, seed=1)
    forward = fit(*training, 0)
    used = lh.permutation(lambda x: error(forward(x), validation[1]), validation[0])
    assert min(used[1], used[3]) > 0.2
    for lags, needed in (([1], False), ([3], False), ([1, 3], True)):
        found = lost(training, validation, lags=lags)
        assert (found.lost > 0.5).all() == needed
        assert (abs(found.lost) < 0.01).all() != needed


# What fit and forward get.


def recorded(**options):
    """(inputs, targets, seed, what forward got) of each training, and the result."""
    calls = []

    def record(inputs, targets, seed):
        calls.append([inputs.copy(), targets.copy(), seed])
        forward = fit(inputs, targets, seed)

        def recording(x):
            calls[-1].append(x.copy())
            return forward(x)

        return recording

    return calls, lost(fit=record, **options)


def test_each_seed_trains_once_whole_and_once_without():
    calls, found = recorded(lags=3, seeds=[7, 0, 2**32 - 1])
    assert [call[2] for call in calls] == [7, 7, 0, 0, 2**32 - 1, 2**32 - 1]
    assert {type(call[2]) for call in calls} == {int}
    assert found.seeds.tolist() == [7, 0, 2**32 - 1]
    assert found.whole.shape == found.without.shape == found.lost.shape == (3,)
    assert len(set(found.whole)) == 3
    # Each in the place of its seed.
    alone = [lost(lags=3, seeds=[seed]) for seed in (7, 0, 2**32 - 1)]
    assert np.allclose(found.whole, [one.whole[0] for one in alone], rtol=1e-9, atol=0)
    assert np.allclose(found.without, [one.without[0] for one in alone], rtol=1e-9, atol=0)


def test_a_number_of_seeds_counts_from_0_and_5_is_the_default():
    assert [call[2] for call in recorded(lags=3, seeds=2)[0]] == [0, 0, 1, 1]
    found = lh.retrain_without(fit, error, TRAINING, VALIDATION, lags=3, progress=False)
    assert found.seeds.tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("options", "place"),
    [
        ({"lags": [3, 0]}, np.s_[:, [2, 5], :]),
        ({"features": 1}, np.s_[:, :, [1]]),
        ({"lags": [0, 4], "features": [1]}, np.s_[:, [5, 1], 1]),
        ({"lags": [4, 0], "features": [1, 0]}, np.s_[:, [5, 1], :]),
    ],
    ids=str,
)
def test_a_blanked_entry_is_the_mean_of_its_feature_in_training_in_both_parts(options, place):
    training = (TRAINING[0] + [0, 50], TRAINING[1])  # features of different means
    calls, _ = recorded(training=training, seeds=1, **options)
    blank = np.broadcast_to(training[0].mean(axis=(0, 1)), training[0].shape)
    for given, whole, without in (
        (training[0], calls[0][0], calls[1][0]),
        (VALIDATION[0], calls[0][3], calls[1][3]),
    ):
        expected = given.copy()
        expected[place] = blank[place]
        assert np.array_equal(whole, given)
        assert np.allclose(without, expected, rtol=1e-12, atol=0)
        assert (without == given).sum() == (expected == given).sum()
    assert all(np.array_equal(call[1], training[1]) for call in calls)


def test_float32_stays_float32_and_whole_numbers_become_floats():
    for dtype, expected in (("float32", "float32"), (int, "float64")):
        parts = [(x.astype(dtype), y) for x, y in (TRAINING, VALIDATION)]
        calls, _ = recorded(training=parts[0], validation=parts[1], lags=0, seeds=1)
        assert {call[n].dtype for call in calls for n in (0, 3)} == {np.dtype(expected)}


def test_what_functions_do_to_their_arrays_reaches_nobody():
    def ruin(inputs, targets, seed):
        forward = fit(inputs, targets, seed)
        inputs[:], targets[:] = np.nan, np.nan

        def ruining(x):
            outputs = forward(x)
            x[:] = np.nan
            return outputs

        return ruining

    def ruining_error(outputs, targets):
        found = error(outputs, targets)
        targets[:] = np.nan
        return found

    parts = [array.copy() for part in (TRAINING, VALIDATION) for array in part]
    for array in parts:
        array.flags.writeable = False
    pairs = tuple(parts[:2]), tuple(parts[2:])
    found = lh.retrain_without(ruin, ruining_error, *pairs, lags=3, seeds=3, progress=False)
    assert alike(found, lost(lags=3))
    held = [array.copy() for array in parts]
    lh.retrain_without(
        ruin, ruining_error, tuple(held[:2]), tuple(held[2:]), lags=3, seeds=1, progress=False
    )
    assert all(np.array_equal(a, b) for a, b in zip(held, parts, strict=True))


def test_outputs_and_targets_may_have_any_shape():
    many = [(x, np.stack([y, -y], axis=1)[:, None]) for x, y in (TRAINING, VALIDATION)]

    def fit_many(inputs, targets, seed):
        forward = fit(inputs, targets[:, 0, 0], seed)
        return lambda x: {"outputs": forward(x)}

    found = lh.retrain_without(
        fit_many,
        lambda outputs, targets: error(outputs["outputs"], targets[:, 0, 0]),
        *many,
        lags=3,
        seeds=3,
        progress=False,
    )
    assert alike(found, lost(lags=3))


# The result, and what is printed.


def test_the_result_says_what_was_lost():
    found = lh.Retrained(np.arange(3), np.array([1.0, 1.0, 1.3]), np.array([1.5, 1.25, 1.3]))
    assert found.lost.tolist() == [0.5, 0.25, 0]
    assert found.mean == 0.25
    assert type(found.mean) is float
    assert found.spread == (0, 0.5)
    assert str(found) == (
        "error 1.1 with all inputs, 1.35 without: "
        "lost 0.25 (0 to 0.5 over 3 seeds), worse in 2 of 3"
    )
    one = lh.Retrained(np.arange(1), np.array([1.5]), np.array([1.25]))
    assert str(one).endswith("lost -0.25 (-0.25 to -0.25 over 1 seed), worse in 0 of 1")


def test_progress_names_every_training(tmp_path, capsys):
    store = tmp_path / "a.jsonl"
    lost(lags=[3], features=0, seeds=1, store=store)
    assert capsys.readouterr() == ("", "")
    lost(lags=[3], features=0, seeds=2, store=store, progress=True, validation=VALIDATION)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "4 trainings, whole and without feature 0 at lag 3, 2 of them stored"
    assert [line.rsplit(":", 1)[0] for line in lines[1:]] == [
        "3 of 4: seed 1, whole",
        "4 of 4: seed 1, without feature 0 at lag 3",
    ]
    assert all(0.07 < float(line.rsplit(":", 1)[1]) < 0.09 for line in lines[1:])
    lh.retrain_without(fit, error, TRAINING, VALIDATION, lags=3, seeds=1)
    assert capsys.readouterr().out.startswith("2 trainings, whole and without lag 3\n1 of 2: ")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lags": 3}, "lag 3"),
        ({"lags": [4, 3]}, "lags 3, 4"),
        ({"lags": [4, 2, 3]}, "lags 2 to 4"),
        ({"lags": [2, 3, 5]}, "lags 2, 3, 5"),
        ({"features": [1]}, "feature 1"),
        ({"features": range(2), "lags": range(6)}, "features 0, 1 at lags 0 to 5"),
    ],
    ids=str,
)
def test_how_it_is_said_what_is_left_out(options, words, capsys):
    lost(progress=True, seeds=1, **options)
    assert f", without {words}: " in capsys.readouterr().out


# The store.


class Stopping:
    """Trains so many times, and then fails: ``KeyboardInterrupt`` if it is the user who stops."""

    def __init__(self, times, kind=AssertionError):
        self.left, self.kind, self.seeds = times, kind, []

    def __call__(self, inputs, targets, seed):
        if self.left == 0:
            raise self.kind("stopped")
        self.left -= 1
        self.seeds.append(seed)
        return fit(inputs, targets, seed)


def test_it_goes_on_where_it_stopped(tmp_path):
    store = tmp_path / "a.jsonl"
    expected = lost(lags=3)
    with pytest.raises(KeyboardInterrupt):
        lost(fit=Stopping(0, KeyboardInterrupt), lags=3, store=store)
    for done in range(1, 6):
        with pytest.raises(KeyboardInterrupt):
            lost(fit=Stopping(1, KeyboardInterrupt), lags=3, store=store)
        assert store.read_text().count("\n") == 1 + done
    last = Stopping(9)
    found = lost(fit=last, lags=3, store=str(store))
    assert last.seeds == [2]
    assert alike(found, expected)
    again = Stopping(0)
    assert lost(fit=again, lags=[3], store=store).lost.tolist() == found.lost.tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_store_that_cannot_be_written_is_known_before_anything_is_trained(tmp_path):
    (tmp_path / ".a.jsonl.part").mkdir()
    with pytest.raises(OSError, match="part"):
        lost(fit=Stopping(0), lags=3, store=tmp_path / "a.jsonl")


def test_the_new_file_is_on_the_disk_before_it_takes_the_place_of_the_old_one(
    tmp_path, monkeypatch
):
    """Power that fails at any moment must leave one of the two."""
    store, done = tmp_path / "a.jsonl", []
    sync, replace = os.fsync, Path.replace
    monkeypatch.setattr(os, "fsync", lambda file: done.append("on the disk") or sync(file))
    monkeypatch.setattr(Path, "replace", lambda *a: done.append("in its place") or replace(*a))
    lost(lags=3, store=store, seeds=1)
    assert done == ["on the disk", "in its place"] * 3
    before = store.read_bytes()

    def failing(*_):
        raise OSError("no power")

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="no power"):
        lost(lags=3, store=store, seeds=2)
    assert store.read_bytes() == before


def test_the_mean_of_many_float32_numbers_is_taken_in_float64():
    """Added one by one in float32, they would end 0.03 % beside."""
    x = np.full((20_000, 2, 2), 0.1, "float32")
    calls, _ = recorded(training=(x, x[:, 0, 0]), validation=(x[:2], x[:2, 0, 0]), lags=0, seeds=1)
    assert (calls[1][0] == x).all()


def test_other_seeds_join_those_that_are_there(tmp_path):
    store = tmp_path / "a.jsonl"
    lost(lags=3, seeds=2, store=store)
    more = Stopping(9)
    lost(fit=more, lags=3, seeds=[5, 1], store=store)
    assert more.seeds == [5, 5]
    found = lost(fit=Stopping(0), lags=3, seeds=[0, 1, 5], store=store)
    assert alike(found, lost(lags=3, seeds=[0, 1, 5]))


PARTS = {"training": TRAINING, "validation": VALIDATION}


def changed(part, row, place):
    arrays = [array.copy() for array in part]
    arrays[row][place] += 1e-9
    return tuple(arrays)


@pytest.mark.parametrize(
    "other",
    [
        {"lags": 2},
        {"lags": 3, "features": 1},
        {"features": 1},
        {"lags": 3, "training": changed(TRAINING, 0, (-1, -1, -1))},
        {"lags": 3, "training": changed(TRAINING, 1, -1)},
        {"lags": 3, "validation": changed(VALIDATION, 0, (0, 0, 0))},
        {"lags": 3, "validation": changed(VALIDATION, 1, 0)},
        {"lags": 3, "validation": tuple(array[1:] for array in VALIDATION)},
        {"lags": 3, "training": (TRAINING[0].astype("float32"), TRAINING[1])},
        {"lags": 3} | {name: (x, y[:, None]) for name, (x, y) in PARTS.items()},
    ],
    ids=range(10),
)
def test_the_store_of_another_experiment_stays_as_it_is(other, tmp_path):
    store = tmp_path / "a.jsonl"
    lost(lags=3, seeds=1, store=store)
    before = store.read_bytes()
    with pytest.raises(
        ValueError, match=r"^expected a store of this experiment \(without .+, fi"
    ) as e:
        lost(fit=Stopping(0), store=store, **other)
    assert "got one of another (without lag 3, inputs (240, 6, 2) and (240, 6, 2), " in str(e.value)
    assert store.read_bytes() == before


def test_the_order_and_the_kind_of_the_lags_make_no_other_experiment(tmp_path):
    store = tmp_path / "a.jsonl"
    first = lost(lags=[3, 1], store=store)
    again = lost(fit=Stopping(0), lags=np.array([1, 3]), store=store)
    crossed = lost(fit=Stopping(0), lags={1, 3}, features=range(2), store=store)
    assert first.lost.tolist() == again.lost.tolist() == crossed.lost.tolist()


def test_wherever_the_file_is_cut_nothing_wrong_is_read(tmp_path):
    store = tmp_path / "a.jsonl"
    expected = lost(lags=3, seeds=1, store=store)
    whole = store.read_bytes()
    lines = whole.splitlines(keepends=True)
    header = len(lines[0])
    for end in (0, 1, header - 1):
        store.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="expected a store of retrain_without, got another fi"):
            lost(fit=Stopping(0), lags=3, seeds=1, store=store)
        assert store.read_bytes() == whole[:end]
    for end in range(header, len(whole), 7):
        store.write_bytes(whole[:end])
        left = Stopping(2)
        assert alike(lost(fit=left, lags=3, seeds=1, store=store), expected)
        assert len(left.seeds) == (2 if end < header + len(lines[1]) else 1)
        assert store.read_bytes().startswith(lines[0])
        assert store.read_text().count("\n") == 3


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no JSON",
        "[1]",
        '{"seed": 0, "trained": "whole"}',
        '{"seed": 0, "trained": "whole", "error": NaN}',
        '{"seed": 0, "trained": "whole", "error": "1"}',
        '{"seed": -1, "trained": "whole", "error": 1}',
        '{"seed": [0], "trained": "whole", "error": 1}',
        '{"seed": 0, "trained": true, "error": 1}',
        '{"seed": 0, "error": 1}',
    ],
)
def test_a_damaged_line_is_one_clear_error(line, tmp_path):
    store = tmp_path / "a.jsonl"
    lost(lags=3, seeds=1, store=store)
    lines = store.read_text().splitlines()
    lines[1] = line
    store.write_text("\n".join(lines) + "\n")
    before = store.read_bytes()
    with pytest.raises(ValueError, match=r"training in line 2 of the store, got '.*: .*a\.jsonl$"):
        lost(fit=Stopping(0), lags=3, seeds=1, store=store)
    assert store.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\n", b"{}\n", b"my notes\n", b'["made_by"]\n'])
def test_another_file_is_never_overwritten(content, tmp_path):
    store = tmp_path / "notes.txt"
    store.write_bytes(content)
    with pytest.raises(ValueError, match=r"got another file or one cut short: .+notes\.txt$"):
        lost(fit=Stopping(0), lags=3, store=store)
    assert store.read_bytes() == content


def test_the_store_is_text_that_people_can_read(tmp_path):
    store = tmp_path / "a.jsonl"
    found = lost(lags=3, seeds=[4], store=store)
    header, *rows = map(json.loads, store.read_text(encoding="utf-8").splitlines())
    assert header["made_by"] == "lstm_helpers.retrain_without"
    assert rows == [
        {"seed": 4, "trained": "whole", "error": found.whole[0]},
        {"seed": 4, "trained": "without", "error": found.without[0]},
    ]


# What does not fit.

X, Y = TRAINING


def nan_at(feature):
    x = X.copy()
    x[0, 0, feature] = np.nan
    return x, Y


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({}, ValueError, "expected lags or features to train without, got neither"),
        ({"lags": 6}, ValueError, r"lags as different whole numbers from 0 to 5, got \[6\]"),
        ({"lags": -1}, ValueError, r"from 0 to 5, got \[-1\]"),
        ({"lags": []}, ValueError, r"from 0 to 5, got \[\]"),
        ({"lags": [1, 1]}, ValueError, r"got \[1, 1\]"),
        ({"lags": True}, TypeError, "got bool"),
        ({"lags": "3"}, TypeError, "got str"),
        (
            {"features": 2},
            ValueError,
            r"features as different whole numbers from 0 to 1, got \[2\]",
        ),
        ({"features": 0.0}, TypeError, "got float"),
        ({"lags": 0, "seeds": 0}, ValueError, "seeds as a whole number of at least 1, got 0"),
        ({"lags": 0, "seeds": []}, ValueError, r"from 0 to 4294967295, got \[\]"),
        ({"lags": 0, "seeds": [2**32]}, ValueError, r"got \[4294967296\]"),
        ({"lags": 0, "seeds": None}, TypeError, "got NoneType"),
        (
            {"lags": 0, "fit": None},
            TypeError,
            "expected fit as a function of windows, got NoneType",
        ),
        (
            {"lags": 0, "training": X},
            TypeError,
            r"expected training as \(inputs, targets\), got nd",
        ),
        ({"lags": 0, "validation": None}, TypeError, "expected validation as"),
        ({"lags": 0, "validation": (X[:, 1:], Y)}, ValueError, r"of shape \(windows, 6, 2\), got"),
        (
            {"features": 1, "training": nan_at(1)},
            ValueError,
            "mean of feature 1 in training as a f",
        ),
        ({"lags": 0, "store": 3}, TypeError, "expected store as the path of a file, got int"),
        ({"lags": 0, "store": "/no/such/folder/a"}, ValueError, "store in a folder that exists"),
    ],
    ids=range(20),
)
def test_bad_arguments_are_refused_before_anything_is_trained(options, kind, message):
    def never(*_):
        pytest.fail("it trained")

    with pytest.raises(kind, match=message):
        lost(**{"fit": never, **options})


def test_error_must_be_a_function():
    with pytest.raises(TypeError, match="expected error as a function of windows, got float"):
        lh.retrain_without(fit, 0.5, TRAINING, VALIDATION, lags=0)


def test_nan_in_a_feature_that_stays_is_for_fit_to_deal_with():
    def constant(inputs, targets, seed):
        return lambda x: np.zeros(len(x))

    assert lost(nan_at(0), fit=constant, features=1).lost.tolist() == [0, 0, 0]


def test_what_fit_returns_must_be_a_function(tmp_path):
    def forgets(inputs, targets, seed):
        return None if seed == 1 else fit(inputs, targets, seed)

    store = tmp_path / "a.jsonl"
    with pytest.raises(
        TypeError,
        match=r"^expected the result of fit \(seed 1, whole\) as a function of windows, g",
    ):
        lost(fit=forgets, lags=3, store=store)
    assert store.read_text().count("\n") == 3


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (
            np.nan,
            ValueError,
            r"expected the error \(seed 0, without lag 3\) as a finite number, got n",
        ),
        (np.array(np.inf), ValueError, "finite number, got inf"),
        (
            None,
            TypeError,
            r"expected error \(seed 0, without lag 3\) to return real numbers, got dt",
        ),
        (
            [1.0, 2.0],
            ValueError,
            r"error \(seed 0, without lag 3\) to return one number, got shape",
        ),
    ],
)
def test_what_error_returns_must_be_one_finite_number(value, kind, message, tmp_path):
    values = iter([1.0, value])
    store = tmp_path / "a.jsonl"
    with pytest.raises(kind, match=message):
        lh.retrain_without(
            fit,
            lambda *_: next(values),
            *(TRAINING, VALIDATION),
            lags=3,
            progress=False,
            store=store,
        )
    assert store.read_text().count("\n") == 2
