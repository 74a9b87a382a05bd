"""How the caller's functions are called: sizes, rows, copies, and what is refused before."""

import dataclasses

import numpy as np
import pytest

from lstm_helpers import _calls

X = np.random.default_rng(0).normal(size=(5, 4, 3))


def limit(monkeypatch, windows):
    monkeypatch.setattr(_calls, "_CALL_BYTES", windows * X[0].nbytes + 1)


@pytest.mark.parametrize("windows", [1, 2, 3, 5, 7, 12])
@pytest.mark.parametrize("copies", [1, 2, 7])
def test_parts_are_all_of_it_once_and_none_too_large(windows, copies, monkeypatch):
    limit(monkeypatch, windows)
    seen = np.zeros((copies, 5), int)
    largest = 0
    for part, some in _calls.parts(X, copies):
        assert 0 <= part.start < part.stop <= 5
        assert 0 <= some.start < some.stop <= copies
        seen[some, part] += 1
        largest = max(largest, (part.stop - part.start) * (some.stop - some.start))
    assert (seen == 1).all()
    assert largest <= windows
    assert largest == windows or windows in (7, 12), "none smaller than it need be"


def test_parts_where_few_windows_have_many_copies(monkeypatch):
    limit(monkeypatch, 12)
    assert [some.stop for _, some in _calls.parts(X, 7)] == [2, 4, 6, 7]
    assert len(list(_calls.parts(X[:2], 7))) == 2
    assert list(_calls.parts(X[:0], 7)) == []
    monkeypatch.setattr(_calls, "_CALL_BYTES", 1)
    assert len(list(_calls.parts(X, 7))) == 5 * 7, "one window at least"


def test_how_many_windows_fit_into_a_call(monkeypatch):
    assert _calls.windows_at_once(X) == 2**20 // (4 * 3 * 8)
    assert _calls.windows_at_once(X.astype("float32")) == 2**20 // (4 * 3 * 4)
    assert _calls.windows_at_once(np.ones((1, 2**18, 1))) == 1
    assert _calls.windows_at_once(X[:0]) == 2**20
    limit(monkeypatch, 3)
    assert _calls.windows_at_once(X) == 3


def test_rows_may_be_of_any_order():
    asked = _calls.Asked("gradient", lambda x, c: c[:, None, None] * x, (4, 3), (np.arange(5),))
    found = asked.on_rows(X[[3, 0, 3]], np.array([3, 0, 1]))
    np.testing.assert_array_equal(found, X[[3, 0, 3]] * np.array([3, 0, 1])[:, None, None])
    with pytest.raises(ValueError, match=r"^expected gradient to return shape \(2, 4, 3\), got "):
        _calls.Asked("gradient", lambda x: x[:1], (4, 3)).on_rows(X[:2], np.arange(2))


def test_each_copy_gets_the_row_of_its_window():
    numbers, table, given = np.arange(5), np.arange(10).reshape(5, 2), ["a", "list"]
    scalar = np.array(7)
    seen = []

    def forward(x, *args):
        seen.append(args)
        return args[0] + 100 * x[:, 0, 0]

    args = (numbers, table, given, None, "text", scalar)
    asked = _calls.Asked("forward", forward, (), args)
    points = np.zeros((3, 2, 4, 3))
    points[:, :, 0, 0] = [[0, 1], [2, 3], [4, 5]]
    found = asked.on(points, slice(2, 4))
    assert found.tolist() == [[2, 103], [202, 303], [402, 503]]
    rows, more, *rest = seen[0]
    assert rows.tolist() == [2, 3, 2, 3, 2, 3]
    assert more.tolist() == table[rows].tolist()
    assert all(one is other for one, other in zip(rest, args[2:], strict=True))


@pytest.mark.parametrize("windows", [1, 2, 7])
def test_all_windows_in_as_many_calls_as_needed(windows, monkeypatch):
    limit(monkeypatch, windows)
    sizes = []

    def gradient(x, rows):
        sizes.append(len(x))
        return (2 * x + rows[:, None, None]).astype("float32")

    found = _calls.Asked("gradient", gradient, (4, 3), (np.arange(5),)).on_all(X)
    np.testing.assert_allclose(found, 2 * X + np.arange(5)[:, None, None], rtol=1e-6, atol=1e-6)
    assert found.dtype == float
    assert sizes == {1: [1] * 5, 2: [2, 2, 1], 7: [5]}[windows]


def test_a_function_cannot_reach_the_data_of_the_caller():
    x, rows = X.copy(), np.arange(5.0)

    def forward(z, more):
        z -= 5
        more -= 5
        return z[:, 0, 0]

    _calls.Asked("forward", forward, (), (rows,)).on_all(x)
    assert np.array_equal(x, X)
    assert rows.tolist() == [0, 1, 2, 3, 4]


def test_what_a_function_returned_is_checked():
    asked = _calls.Asked("forward", lambda x: x[:, 0, :1], ())
    with pytest.raises(
        ValueError, match=r"expected forward to return shape \(5,\), got shape \(5, 1"
    ):
        asked.on_all(X)
    with pytest.raises(ValueError, match=r"expected forward to return shape \(10,\), got"):
        asked.on(np.stack([X, X]), slice(0, 5))


def test_args_are_a_tuple():
    rows = np.arange(5)
    assert _calls.checked_args(None, 5) == ()
    assert _calls.checked_args("text", 5) == ("text",)
    assert _calls.checked_args([1, 2], 5) == ([1, 2],)
    (found,) = _calls.checked_args(rows, 5)
    assert found is rows
    assert _calls.checked_args((rows, None, np.array(3)), 5) == (rows, None, np.array(3))
    message = r"^expected additional_forward_args with a row for each of 5 windows, got shape \(4,"
    for wrong in (rows[:4], (rows, rows[:4]), np.ones((4, 5))):
        with pytest.raises(ValueError, match=message):
            _calls.checked_args(wrong, 5)


@pytest.mark.parametrize(
    "given", [2, [1, 2, 3], X[0], X[:, -1:], X, X[:, None], np.stack([X, 2 * X])]
)
def test_baselines_have_an_axis_of_samples(given):
    found = _calls.checked_baselines(given, X.astype("float32"))
    samples = len(given) if np.ndim(given) == 4 else 1
    assert (found.shape, found.dtype) == ((samples, *X.shape), "float32")
    np.testing.assert_allclose(found, np.broadcast_to(given, found.shape), rtol=1e-6)


FITS = (
    r"expected baselines that broadcast to \(5, 4, 3\), the shape of the inputs or to "
    r"\(samples, \*that\), got "
)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.ones(4), ValueError, FITS + r"\(4,\)"),
        (np.ones((2, 4, 3)), ValueError, FITS + r"\(2, 4, 3\)"),
        (np.ones((0, 5, 4, 3)), ValueError, FITS + r"\(0, 5, 4, 3\)"),
        (np.ones((2, 3, 4, 3)), ValueError, FITS + r"\(2, 3, 4, 3\)"),
        (np.ones((1, 2, 5, 4, 3)), ValueError, FITS + r"\(1, 2, 5, 4, 3\)"),
        ("zero", TypeError, "expected baselines as real numbers, got str"),
        (np.nan, ValueError, "expected baselines of finite float64 numbers, got nan"),
        ([0, 1, -np.inf], ValueError, "expected baselines of finite float64 numbers, got -inf"),
        ([0, np.nan, np.inf], ValueError, "expected baselines of finite float64 numbers, got nan"),
        (np.ma.array([1, 2, 3], mask=[0, 0, 1]), TypeError, "expected baselines as real .+ masked"),
    ],
)
def test_baselines_that_do_not_fit(given, error, message):
    with pytest.raises(error, match=f"^{message}"):
        _calls.checked_baselines(given, X)


def test_a_baseline_that_is_too_large_for_the_dtype_of_the_inputs():
    with pytest.raises(ValueError, match=r"baselines of finite float32 numbers, got 1e[+]300$"):
        _calls.checked_baselines([0, 1e300, 0], X.astype("float32"))
    assert _calls.checked_baselines([0, 1e300, 0], X).max() == 1e300


def test_padding_is_where_the_mask_is_false():
    assert not _calls.checked_padding(None, X).any()
    assert _calls.checked_padding(None, X).shape == (5, 4, 1)
    mask = np.arange(20).reshape(5, 4) % 3 > 0
    found = _calls.checked_padding(mask.tolist(), X)
    assert found.tolist() == (~mask)[..., None].tolist()
    with pytest.raises(ValueError, match=r"expected mask of shape \(5, 4\), got \(4, 5\)"):
        _calls.checked_padding(mask.T, X)


class Skipping:
    """Stands for a function of a model whose Masking layer skips this value."""

    def __init__(self, value):
        self.mask_value = value


SKIPPED = r"^expected baselines that the model reads, got what Masking\({}\) skips at {} steps: pass .+ mask= for padding$"  # noqa: E501


def test_baselines_that_masking_skips():
    none, some = np.zeros((5, 4, 1), bool), np.zeros((5, 4, 1), bool)
    some[:2] = True
    x = X.copy()
    x[3, 1] = 0  # is skipped as it is
    x[4, 2, :2] = 0  # is read
    zeros = np.zeros((1, *X.shape))
    for value in (0.0, np.float32(0)):
        functions = (np.sum, Skipping(None), Skipping(value))
        for padding, count in ((none, 19), (some, 11)):
            with pytest.raises(ValueError, match=SKIPPED.format(0, count)):
                _calls.require_not_skipped(functions, zeros, x, padding)
    one_feature_is_not = np.where(np.arange(3) == 2, 1, zeros)
    several = np.concatenate([one_feature_is_not, zeros, zeros])
    with pytest.raises(ValueError, match=SKIPPED.format(0, 38)):
        _calls.require_not_skipped((Skipping(0.0),), several, x, none)
    with pytest.raises(ValueError, match=SKIPPED.format(-9, 20)):
        _calls.require_not_skipped((Skipping(-9.0),), zeros - 9, x, none)
    for functions, baselines, padding in (
        ((np.sum, Skipping(None)), zeros, none),
        ((Skipping(0.0),), one_feature_is_not, none),
        ((Skipping(0.0),), zeros, ~none),
        ((Skipping(-9.0),), zeros, none),
    ):
        assert _calls.require_not_skipped(functions, baselines, x, padding) is None


def test_what_is_asked_stays_as_it_is():
    asked = _calls.Asked("forward", np.sum, ())
    with pytest.raises(dataclasses.FrozenInstanceError):
        asked.name = "gradient"
