import numpy as np
import pytest

from lstm_helpers._ranks import spearman


def test_rank_correlation_shares_ranks_and_knows_when_nothing_varies():
    assert spearman([1, 2, 9], [10, 20, 30]) == 1
    assert spearman([1, 2, 9], [3, 2, 1]) == -1
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4: 4.5 / root of 4.5 * 5.
    assert spearman([0, 5, 5, 7], [1, 2, 3, 4]) == pytest.approx(0.9**0.5)
    assert spearman([0, np.nan, 5], [1, -9, 3]) == 1
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))
    assert np.isnan(spearman([np.nan], [1]))
