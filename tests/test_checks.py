"""One place for "expected ..., got ...", and that everyone uses it."""

import ast
from pathlib import Path

import numpy as np
import pytest

import lstm_helpers as lh
from lstm_helpers import _checks

RAGGED = [[1.0], [1.0, 2.0]]
W = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.ones((3, 12)), np.ones(12)])


@pytest.mark.parametrize(
    "call",
    {
        "replay": lambda: lh.replay(W, RAGGED),
        "mask": lambda: lh.replay(W, np.ones((2, 2, 2)), mask=RAGGED),
        "head": lambda: lh.input_jacobian(W, np.ones((1, 2, 2)), RAGGED),
        "saliency": lambda: lh.saliency(np.cos, RAGGED),
        "baselines": lambda: lh.integrated_gradients(np.cos, np.ones((1, 2, 2)), RAGGED),
        "profile": lambda: lh.temporal_profile(RAGGED),
        "half_life": lambda: lh.half_life(RAGGED),
        "readout": lambda: lh.Readout(W, RAGGED),
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
        with pytest.raises(
            ValueError, match=r"as \(steps, features\) from \(1, 1\) to \(4, 3\), got"
        ):
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
