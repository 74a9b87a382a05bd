"""Which step a lag is where windows are padded, and which windows exchange lags."""

import numpy as np
import pytest

from lstm_helpers import _lags

REAL = np.array(
    [
        [1, 1, 1, 1],
        [0, 0, 1, 1],  # padding before
        [1, 1, 0, 0],  # and after
        [1, 0, 1, 0],  # and between
        [0, 0, 0, 0],
    ],
    bool,
)
# Of each lag, by hand; None: the window has none.
STEPS = [
    [3, 2, 1, 0],
    [3, 2, None, None],
    [1, 0, None, None],
    [2, None, 0, None],
    [None] * 4,
]


def test_lags_are_counted_from_the_last_real_step():
    steps, has = _lags.steps_of(REAL)
    found = [
        [int(step) if there else None for step, there in zip(*row, strict=True)]
        for row in zip(steps, has, strict=True)
    ]
    assert found == STEPS
    assert steps.min() == 0, "also where there is none: so that it may be looked up"


def test_partners_are_of_one_group_and_have_the_same_lags():
    has = np.array([[1, 1], [1, 0], [1, 1], [1, 0], [0, 1], [0, 0], [0, 0], [1, 1]], bool)
    group = np.zeros(8, int)

    def sets(number, has):
        return sorted(some.tolist() for some in _lags.partners(number, has))

    assert sets(group, has) == [[0, 2, 7], [1, 3]]
    assert sets(group, has[:, :1]) == [[0, 1, 2, 3, 7]]
    assert sets(group, has[:, 1:]) == [[0, 2, 4, 7]]
    assert sets(np.array([0, 0, 0, 0, 1, 1, 1, 1]), has) == [[0, 2], [1, 3]]
    assert sets(np.array([0, 1, 0, 2, 3, 3, 3, 1]), has) == [[0, 2]]
    assert sets(np.arange(8), has) == []
    assert sets(group, np.zeros((8, 2), bool)) == []


def test_groups_come_in_their_order():
    found = _lags.partners(np.array([1, 0, 1, 0]), np.ones((4, 3), bool))
    assert [some.tolist() for some in found] == [[1, 3], [0, 2]]


def test_orders_exchange_within_the_sets_and_are_the_same_again():
    sets = [np.array([0, 2, 5, 7]), np.array([1, 8])]

    def drawn(seed):
        return np.stack(list(_lags.orders(sets, 9, 30, seed)))

    found = drawn(3)
    assert found.shape == (30, 9)
    for some in sets:
        assert (np.sort(found[:, some], axis=1) == some).all()
        assert len(np.unique(found[:, some], axis=0)) > 1
    assert (found[:, [3, 4, 6]] == [3, 4, 6]).all()
    assert (found == drawn(3)).all()
    assert (found != drawn(4)).any()
    rng = np.random.default_rng(3)
    assert found[0, sets[0]].tolist() == rng.permutation(sets[0]).tolist()
    assert found[0, sets[1]].tolist() == rng.permutation(sets[1]).tolist()


def test_sets_that_lack_a_lag_come_first():
    """Their order says which of the random orders each gets, so a seed means the same tomorrow."""
    has = np.array([[True, True], [True, False]] * 2)
    found = _lags.partners(np.zeros(4, int), has)
    assert [some.tolist() for some in found] == [[1, 3], [0, 2]]


def test_groups_are_numbered():
    assert _lags.checked_groups(None, 3).tolist() == [0, 0, 0]
    assert _lags.checked_groups(["b", "a", "b"], 3).tolist() == [1, 0, 1]
    assert _lags.checked_groups(np.array([2.5, 2.5, 0]), 3).tolist() == [1, 1, 0]
    days = np.array(["2020-01-02", "2020-01-01", "2020-01-02"], "M8[ns]")
    assert _lags.checked_groups(days, 3).tolist() == [1, 0, 1]


@pytest.mark.parametrize(
    ("given", "error", "got"),
    [
        (["a", "b"], ValueError, r"\(2,\)"),
        (np.ones((3, 1)), ValueError, r"\(3, 1\)"),
        ({"a": 1}, ValueError, r"\(\)"),
        (["a", None, "b"], ValueError, "None"),
        ([1.0, np.nan, 2.0], ValueError, "nan"),
        (np.array([1.0, np.nan, "a"], object), ValueError, "nan"),
        (np.array(["2020-01-01", "NaT", "2020-01-01"], "M8[ns]"), ValueError, "None"),
        (np.ma.array([1, 2, 3], mask=[0, 0, 1]), TypeError, "a masked array"),
        ([[1], [1, 2], [3]], TypeError, "rows of different lengths"),
    ],
    ids=str,
)
def test_groups_that_do_not_fit(given, error, got):
    with pytest.raises(error, match=rf"^expected a group for each window,( \(3,\),)? got {got}$"):
        _lags.checked_groups(given, 3)


def test_places_are_lags_with_all_features_or_features_with_all_lags():
    shape = (9, 3, 2)
    every = [([0], [0, 1]), ([1], [0, 1]), ([2], [0, 1])]
    assert _lags.checked_places("lag", None, shape) == every
    assert _lags.checked_places("lag", [range(1, 3), (0,)], shape) == [([1, 2], [0, 1]), every[0]]
    assert _lags.checked_places("feature", None, shape) == [([0, 1, 2], [0]), ([0, 1, 2], [1])]
    assert _lags.checked_places("feature", [[1, 0]], shape) == [([0, 1, 2], [1, 0])]
    with pytest.raises(
        ValueError, match=r"^expected at least one set of features in together, got"
    ):
        _lags.checked_places("feature", [], shape)
    for axis, most in (("lag", 2), ("feature", 1)):
        for some in ([], [-1], [most + 1], [0, 0], [0.0], [True], ["0"]):
            with pytest.raises(ValueError, match=f"different {axis}s from 0 to {most} in together"):
                _lags.checked_places(axis, [[0], some], shape)


def test_places_that_share_a_lag_or_a_feature():
    lags = [([3, 1], [0, 1]), ([2], [0, 1]), ([0, 4], [0, 1])]
    assert _lags.require_apart("lag", lags) is None
    assert _lags.require_apart("feature", [([0, 1], [1]), ([0, 1], [0])]) is None
    for more, shared in (([5, 4, 3], 3), ([2], 2)):
        with pytest.raises(
            ValueError, match=f"^expected each lag in one set of together, got {shared} in two$"
        ):
            _lags.require_apart("lag", [*lags, (more, [0, 1])])
    with pytest.raises(ValueError, match=r"^expected each feature in one set of together, got 1 "):
        _lags.require_apart("feature", [([0, 1], [1]), ([0, 1], [0]), ([0, 1], [1])])


def test_lengths_are_whole_numbers_of_steps():
    found = _lags.checked_lengths(np.array([1, 4, 2], "uint8"), 3, 4)
    assert (found.tolist(), found.dtype) == ([1, 4, 2], int)
    for given in ([1, 2], [[1, 2, 3]], 2):
        with pytest.raises(ValueError, match=r"^expected lengths of shape \(3,\), got \("):
            _lags.checked_lengths(given, 3, 4)
    for given, got in (([1, 0, 2], "0"), ([1, 5, 2], "5"), ([1, 2.5, 3], r"1\.0")):
        with pytest.raises(
            ValueError, match=f"^expected lengths as whole numbers from 1 to 4, got {got}$"
        ):
            _lags.checked_lengths(given, 3, 4)
    for given in ([True, True, True], ["1", "2", "3"], [1, None, 2], [1, 10**30, 2]):
        with pytest.raises(TypeError, match=r"^expected lengths as real numbers, got dtype"):
            _lags.checked_lengths(given, 3, 4)
