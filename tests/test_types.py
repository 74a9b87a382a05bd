"""What a type checker knows of the lower storey: mypy reads this file too (``make lint``)."""

from collections.abc import Callable
from typing import Any, assert_type

import numpy as np

import lstm_helpers as lh
from lstm_helpers import memory

WEIGHTS = lh.LSTMWeights.from_arrays([np.ones((2, 12)), np.zeros((3, 12)), np.zeros(12)])
HEAD = np.ones(3)
X = np.zeros((4, 5, 2))


def test_gates_say_what_they_hold() -> None:
    assert_type(WEIGHTS.kernel, lh.Gates[np.ndarray])
    assert_type(WEIGHTS.kernel.f, np.ndarray)
    assert_type(lh.Gates("a", "b", "c", "d"), lh.Gates[str])
    assert_type(lh.replay(WEIGHTS, X).gates.o, np.ndarray)
    assert_type(lh.unit_norms(WEIGHTS), lh.Gates[np.ndarray])
    assert isinstance(WEIGHTS.kernel.f, np.ndarray)


def test_a_layer_without_bias_has_none() -> None:
    assert_type(WEIGHTS.bias, lh.Gates[np.ndarray] | None)
    assert WEIGHTS.bias is not None
    assert_type(WEIGHTS.bias.f, np.ndarray)


def test_half_life_of_a_number_is_a_number_and_of_an_array_an_array() -> None:
    assert_type(lh.half_life(0.5), float)
    assert_type(lh.half_life(np.array([0.5])), np.ndarray)
    assert_type(lh.half_life([0.5, 0.9]), np.ndarray)
    assert isinstance(lh.half_life(0.5), float)
    assert isinstance(lh.half_life([0.5, 0.9]), np.ndarray)


def test_what_an_option_asks_for_is_in_the_type() -> None:
    readout = lh.Readout(WEIGHTS, HEAD)
    found = lh.integrated_gradients(readout.gradient, X)
    assert_type(found, np.ndarray)
    both = lh.integrated_gradients(
        readout.gradient, X, return_convergence_delta=True, forward=readout.forward
    )
    assert_type(both, tuple[np.ndarray, np.ndarray])
    assert_type(lh.shapley(readout.forward, X), np.ndarray)
    values = lh.shapley(readout.forward, X, n_samples=2, return_standard_error=True)
    assert_type(values, tuple[np.ndarray, np.ndarray])
    constants = memory.time_constants(WEIGHTS, X)
    assert_type(constants, np.ndarray)
    pair = memory.time_constants(WEIGHTS, X, return_eigenvalues=True)
    assert_type(pair, tuple[np.ndarray, np.ndarray])
    assert isinstance(found, np.ndarray)
    assert isinstance(constants, np.ndarray)
    assert (len(both), len(pair), len(values)) == (2, 2, 2)


def test_a_report_holds_tables_and_warnings() -> None:
    found = lh.report(lh.Readout(WEIGHTS, HEAD), np.random.default_rng(0).normal(size=(20, 5, 2)))
    assert_type(found, lh.Report)
    assert_type(found.text, str)
    assert_type(found.html(), str)
    assert_type([warned.number for warned in found.warnings], list[float])
    assert found.tables["lags"].column("lag") == [0, 1, 2, 3, 4]


def test_a_method_takes_any_function_of_windows() -> None:
    forward: Callable[[np.ndarray], np.ndarray] = lh.Readout(WEIGHTS, HEAD).forward

    def error(x: np.ndarray) -> Any:
        return np.abs(forward(x)).mean()

    assert_type(lh.occlusion(forward, X), np.ndarray)
    assert_type(lh.permutation(error, X, repeats=1), np.ndarray)
    assert_type(lh.temporal_saliency_rescaling(lambda x: 2 * x, X), np.ndarray)
    assert lh.permutation(error, X, repeats=1).shape == (5,)
