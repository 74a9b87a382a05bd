"""One place for "expected ..., got ...", and that everyone uses it."""

import ast
from pathlib import Path

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import _checks

RAGGED = [[1.0], [1.0, 2.0]]


def weights():
    return lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.ones((3, 12)), np.ones(12)])


@pytest.mark.parametrize(
    "call",
    {
        "replay": lambda: lh.replay(weights(), RAGGED),
        "arrays": lambda: lh.LSTMWeights.from_arrays([RAGGED, RAGGED]),
        "mask": lambda: lh.replay(weights(), np.ones((2, 2, 2)), mask=RAGGED),
        "head": lambda: lh.input_jacobian(weights(), np.ones((1, 2, 2)), RAGGED),
        "saliency": lambda: lh.saliency(np.cos, RAGGED),
        "baselines": lambda: lh.integrated_gradients(np.cos, np.ones((1, 2, 2)), RAGGED),
        "profile": lambda: lh.temporal_profile(RAGGED),
        "half_life": lambda: lh.half_life(RAGGED),
        "readout": lambda: lh.Readout(weights(), RAGGED),
    }.items(),
    ids=lambda item: item[0],
)
def test_rows_of_different_lengths_get_our_error_everywhere(call):
    with pytest.raises(TypeError, match=r"expected .+ as real numbers, got rows of different len"):
        call[1]()


@pytest.mark.parametrize(
    ("given", "got"),
    [
        ("a", "str"),
        (None, "NoneType"),
        (["a"], "dtype <U1"),
        ([1j], "dtype complex128"),
        (np.array([1], "m8[s]"), r"dtype timedelta64\[s\]"),
    ],
)
def test_what_is_no_real_number(given, got):
    for booleans in (True, False):
        with pytest.raises(TypeError, match=f"^expected it as real numbers, got {got}$"):
            _checks.real_numbers("it", given, booleans=booleans)


def test_things_by_name_come_in_a_dict_with_something_in_it():
    given = {"a": 1}
    assert _checks.by_name("lines", given) is given
    with pytest.raises(TypeError, match=r"^expected lines by name, in a dict, got list$"):
        _checks.by_name("lines", [1])
    with pytest.raises(ValueError, match=r"^expected lines by name, in a dict, got none$"):
        _checks.by_name("lines", {})


def test_an_index_counts_from_either_end():
    found = [_checks.place("step", given, 3) for given in (0, 2, -1, -3, np.int8(1))]
    assert found == [0, 2, 2, 0, 1]
    assert type(found[-1]) is int
    for given in (3, -4, 1.0, None, True, "1"):
        with pytest.raises(ValueError, match=r"^expected step from -3 to 2, got "):
            _checks.place("step", given, 3)


def test_true_or_false():
    for given in (True, False, np.bool_(True)):
        _checks.true_or_false("stateful", given)
    for given in (0, 1, "no", None, [True]):
        with pytest.raises(TypeError, match=r"^expected stateful as True or False, got "):
            _checks.true_or_false("stateful", given)


def test_some_of_some_texts():
    for given in (["a"], ("b", "a")):
        _checks.some_of("keep", given, iter(("a", "b")))
    for given in ([], ["c"], ["a", "c"], [["a"]], [None]):
        with pytest.raises(ValueError, match=r"^expected keep of 'a', 'b', got "):
            _checks.some_of("keep", given, ("a", "b"))
    for given in ("a", None, {"a"}):
        with pytest.raises(TypeError, match=r"^expected keep as a list or tuple of names, got "):
            _checks.some_of("keep", given, ("a", "b"))


def test_a_list_of_arrays():
    found = _checks.arrays("arrays", iter([np.ones((2, 3)), [1]]))
    assert [array.shape for array in found] == [(2, 3), (1,)]
    for given in ({"kernel": [1.0]}, {1}, "abc", b"abc", None, 3):
        message = f"^expected arrays as a list of arrays, got {type(given).__name__}$"
        with pytest.raises(TypeError, match=message):
            _checks.arrays("arrays", given)
    with pytest.raises(TypeError, match=r"^expected arrays\[1\] as real numbers, got rows of diff"):
        _checks.arrays("arrays", [[1.0], RAGGED])


def test_masked_entries_are_no_numbers():
    given = np.ma.array([1.0, 2.0], mask=[False, True])
    for door in (
        lambda: _checks.real_numbers("it", given),
        lambda: _checks.real_numbers("it", np.ma.masked),
        lambda: _checks.windows("it", np.ma.array(np.ones((1, 2, 2)), mask=True)),
    ):
        with pytest.raises(TypeError, match=r"^expected it as real numbers, got a masked array$"):
            door()
    with pytest.raises(TypeError, match=r"^expected f to return real numbers, got a masked array$"):
        _checks.returned("f", given, (2,))
    none_masked = _checks.real_numbers("it", np.ma.array([1.0, 2.0], mask=False))
    assert (type(none_masked), none_masked.tolist()) == (np.ndarray, [1.0, 2.0])


def test_an_array_of_anything():
    assert _checks.array("a name for each", ["a", "b"]).tolist() == ["a", "b"]
    with pytest.raises(TypeError, match=r"^expected a name for each, got rows of different len"):
        _checks.array("a name for each", [["a"], ["b", "c"]])


def test_a_mask_is_true_and_false_or_1_and_0():
    expected = [[True, False, True], [False, True, True]]
    for kind in (bool, int, "uint8", float, "float32"):
        found = _checks.mask(np.array(expected, kind), 2, 3)
        assert (found.dtype, found.tolist()) == (bool, expected)
    given = np.ones((2, 3), bool)
    assert not np.shares_memory(_checks.mask(given, 2, 3), given)
    assert _checks.mask(np.ones((0, 3)), 0, 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ([[1, 1, 1]], ValueError, r"expected mask of shape \(2, 3\), got \(1, 3\)"),
        (np.ones((3, 2)), ValueError, r"expected mask of shape \(2, 3\), got \(3, 2\)"),
        ([[1, 0.5, 0], [1, 1, 7]], ValueError, r"expected mask of True and False, got 0\.5"),
        ([[1, 0, 0], [1, np.nan, 0]], ValueError, "expected mask of True and False, got nan"),
        ([[1, 0, 2], [0, 1, 1]], ValueError, "expected mask of True and False, got 2"),
        ([[1, 0, -1], [0, 1, 1]], ValueError, "expected mask of True and False, got -1"),
        ([["1", "0", "1"]] * 2, TypeError, "expected mask as real numbers, got dtype <U1"),
        (None, TypeError, "expected mask as real numbers, got NoneType"),
        (np.ma.ones((2, 3)) * np.ma.masked, TypeError, "expected mask as real .+ masked array"),
    ],
)
def test_what_is_no_mask(given, error, message):
    with pytest.raises(error, match=f"^{message}$"):
        _checks.mask(given, 2, 3)


def test_the_window_of_an_occlusion():
    for given in ((1, 1), [4, 3], (np.int64(2), 1)):
        assert _checks.window_size(given, (9, 4, 3)) == tuple(given)
    for given in (2, None, (2,), (1, 1, 1), (0, 1), (1, 0), (5, 1), (1, 4), (1.0, 1), (1, True)):
        with pytest.raises(ValueError, match=r"from \(1, 1\) to \(4, 3\), got"):
            _checks.window_size(given, (9, 4, 3))


def test_booleans_are_numbers_unless_they_are_not_wanted():
    assert _checks.real_numbers("it", [True, 2]).tolist() == [1, 2]
    assert _checks.real_numbers("it", [True]).tolist() == [True]
    with pytest.raises(TypeError, match="got dtype bool"):
        _checks.real_numbers("it", [True], booleans=False)


def test_windows_are_floats_of_three_axes():
    assert _checks.windows("x", np.ones((2, 3, 4), int)).dtype == float
    assert _checks.windows("x", np.ones((2, 3, 4), "float32")).dtype == "float32"
    assert _checks.windows("x", np.ones((0, 3, 4))).shape == (0, 3, 4)
    for shape in ((2, 3), (2, 0, 4), (2, 3, 0), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match="expected x of shape"):
            _checks.windows("x", np.ones(shape))


@pytest.mark.parametrize("given", [0, 1.0, True, "1", None, np.bool_(True)])
def test_what_is_no_whole_number_of_at_least_1(given):
    with pytest.raises(ValueError, match="expected n as a whole number of at least 1, got "):
        _checks.whole_number("n", given, 1)


def test_a_whole_number_comes_back_as_an_int():
    found = _checks.whole_number("n", np.int8(3), 3)
    assert (found, type(found)) == (3, int)


def test_a_finite_number_comes_back_as_a_float():
    found = _checks.finite_number("value", np.float32(0.5))
    assert (found, type(found)) == (0.5, float)
    for given in (True, np.bool_(False), "1", None, [1.0], 1j):
        with pytest.raises(TypeError, match="expected value as a number, got"):
            _checks.finite_number("value", given)
    assert _checks.finite_number("value", 65504, "float16") == 65504
    assert _checks.finite_number("value", -(10**300)) == -1e300
    for given, dtype in ((65505, "float16"), (-1e39, "float32"), (10**400, float)):
        with pytest.raises(ValueError, match=rf"^expected value within .*, what {np.dtype(dtype)}"):
            _checks.finite_number("value", given, dtype)
    for given in (np.nan, np.inf, -np.inf):
        with pytest.raises(ValueError, match="expected value as a finite number, got"):
            _checks.finite_number("value", given)


def test_one_of_some_texts():
    _checks.one_of("axis", "lag", ("lag", "feature"))
    for given in ("step", None, ["lag"], {}):
        with pytest.raises(ValueError, match="expected axis of 'lag', 'feature', got"):
            _checks.one_of("axis", given, ("lag", "feature"))


def test_the_options_may_be_given_one_by_one():
    with pytest.raises(ValueError, match="expected axis of 'lag', 'feature', got 'step'"):
        _checks.one_of("axis", "step", iter(("lag", "feature")))


def test_what_a_function_returned_comes_back_as_an_array():
    for given in ([1, 2], [1.5, 2], np.array([True, False]), np.array([1, 2], "uint8")):
        found = _checks.returned("forward", given, (2,))
        assert isinstance(found, np.ndarray)
        assert found.tolist() == list(given)
    assert _checks.returned("error", 0.5, ()) == 0.5


@pytest.mark.parametrize(
    ("given", "shape", "error", "message"),
    [
        ([1, 2, 3], (2,), ValueError, r"forward to return shape \(2,\), got shape \(3,\)"),
        (1.0, (2,), ValueError, r"forward to return shape \(2,\), got shape \(\)"),
        ([1.0], (), ValueError, r"forward to return one number, got shape \(1,\)"),
        (["a", "b"], (2,), TypeError, "forward to return real numbers, got dtype <U1"),
        ([1j, 2], (2,), TypeError, "forward to return real numbers, got dtype complex128"),
        (None, (), TypeError, "forward to return real numbers, got dtype object"),
    ],
)
def test_what_a_function_returned_and_should_not(given, shape, error, message):
    with pytest.raises(error, match=f"^expected {message}$"):
        _checks.returned("forward", given, shape)


def test_functions():
    _checks.function("forward", len)
    with pytest.raises(TypeError, match="expected forward as a function of windows, got int"):
        _checks.function("forward", 3)


def test_names_or_numbers():
    assert _checks.names_of(2, "names of features", None, "feature {}") == [
        "feature 0",
        "feature 1",
    ]
    assert _checks.names_of(2, "names of features", ("a", 7), "") == ["a", "7"]
    for given in ([], ["a"], "abc"):
        with pytest.raises(ValueError, match="expected 2 names of features, got"):
            _checks.names_of(2, "names of features", given, "")
    with pytest.raises(ValueError, match=r"^expected 3 names of features, got one text, 'abc'$"):
        _checks.names_of(3, "names of features", "abc", "")
    with pytest.raises(TypeError, match=r"^expected 2 names of features, got int$"):
        _checks.names_of(2, "names of features", 3, "")


X = np.ones((5, 3, 2), "float32")


def test_inputs_and_targets_come_as_arrays_of_any_number_of_axes():
    inputs, targets = _checks.inputs_and_targets("training", [X.astype(int), range(5)])
    assert (inputs.dtype, inputs.shape, targets.tolist()) == (float, (5, 3, 2), [0, 1, 2, 3, 4])
    pair = _checks.inputs_and_targets("training", (X, np.ones((5, 4, 1))))
    assert pair[0].dtype == "float32"
    other = (X[:2], np.ones((2, 4, 1)))
    assert _checks.inputs_and_targets("validation", other, like=pair)[1].shape == (2, 4, 1)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (X, TypeError, r"expected training as \(inputs, targets\), got ndarray$"),
        ((X,), TypeError, "got 1 items$"),
        ((X, X, X), TypeError, "got 3 items$"),
        ((X[0], np.ones(5)), ValueError, r"expected inputs of training of shape \(batch, time, f"),
        ((X, ["a"] * 5), TypeError, "expected targets of training as real numbers, got dtype <U1"),
        ((X, np.ones(4)), ValueError, r"for each of 5 windows, got shape \(4,\)$"),
        ((X, 1.0), ValueError, r"for each of 5 windows, got shape \(\)$"),
        ((X[:0], np.ones(0)), ValueError, "expected at least one window of training, got none$"),
        (
            (X[:, :2], np.ones(5)),
            ValueError,
            r"^expected inputs of training of shape \(windows, 3, 2",
        ),
        ((X[..., :1], np.ones(5)), ValueError, r"\(windows, 3, 2\), got \(5, 3, 1\)$"),
        (
            (X, np.ones((5, 1))),
            ValueError,
            r"^expected targets of training of shape \(windows\), g",
        ),
    ],
)
def test_what_are_no_inputs_and_targets(given, error, message):
    with pytest.raises(error, match=message):
        _checks.inputs_and_targets("training", given, like=(X, np.ones(5)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [(0, [0]), (np.int8(7), [7]), ([7, 0], [7, 0]), (range(2, 4), [2, 3]), (np.arange(2), [0, 1])],
)
def test_one_number_or_several(given, expected):
    found = _checks.different_numbers("lags", given, 0, 7)
    assert found == expected
    assert {type(number) for number in found} == {int}


@pytest.mark.parametrize(
    "given", [-1, 8, [], [1, 1], [0, 8], [-1, 2], [1.0], [True], [[1]], [None]]
)
def test_what_are_no_different_numbers(given):
    with pytest.raises(ValueError, match="expected lags as different whole numbers from 0 to 7, g"):
        _checks.different_numbers("lags", given, 0, 7)


@pytest.mark.parametrize("given", [2.0, "12", b"12", {1: 2}, None, True, np.array(3.0)])
def test_what_is_not_several(given):
    with pytest.raises(TypeError, match=f"from 0 to 7, got {type(given).__name__}$"):
        _checks.different_numbers("lags", given, 0, 7)


def test_a_path_stays_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = _checks.path("store", "a.jsonl")
    assert found == _checks.path("store", Path("a.jsonl")) == (tmp_path / "a.jsonl").resolve()
    for given, error, message in (
        (3, TypeError, "expected store as the path of a file, got int$"),
        (b"a", TypeError, "got bytes$"),
        (tmp_path, ValueError, "expected store as the path of a file, got a folder: "),
        ("no/a.jsonl", ValueError, "expected store in a folder that exists, got no/a.jsonl$"),
    ):
        with pytest.raises(error, match=message):
            _checks.path("store", given)


def test_nobody_else_looks_at_the_kind_of_a_dtype():
    """Four copies of "an array of numbers" had drifted apart."""
    package = Path(lh.__file__).parent
    found = {
        path.relative_to(package).as_posix()
        for path in package.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in ("fiu", "fiub")
    }
    assert found == {"_checks.py"}
