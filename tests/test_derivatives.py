"""Derivatives of one step, and along the cell's own line, against explicit products."""

import numpy as np
import pytest
from common import random_weights

import lstm_helpers as lh
from lstm_helpers import _derivatives, memory

MASK = np.array([[1, 1, 1, 1], [0, 1, 0, 1], [1, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)


def case(**options):
    rng = np.random.default_rng(0)
    w = random_weights(rng, 3, 2, **options)
    return w, rng.normal(size=(5, 4, 2)), tuple(rng.normal(size=(2, 5, 3)))


def of_unit(w, gate, unit, feature):
    return getattr(w.kernel, gate)[feature, unit]


def slope(value):
    """Of the sigmoid, by its value."""
    return value * (1 - value)


@pytest.mark.parametrize("zero_output_for_mask", [False, True])
def test_the_cut_is_the_product_along_each_path(zero_output_for_mask):
    """Number by number: into the cell at one step, by the forget gates after it, and out."""
    w, x, state = case(zero_output_for_mask=zero_output_for_mask)
    cut = memory.recurrence_cut(w, x, np.eye(3), mask=MASK, initial_state=state)
    trace = lh.replay(w, x, state, MASK)
    for window, unit, step, feature in np.ndindex(5, 3, 4, 2):
        i, f, c, o = (gate[window, :, unit] for gate in trace.gates)
        steps = np.flatnonzero(MASK[window])
        shown = MASK[window, -1] or not zero_output_for_mask
        if step not in steps or not shown:
            assert cut[window, unit, step, feature] == 0
            continue
        cell = trace.cell[window, :, unit]
        before = cell[step - 1] if step else state[1][window, unit]
        W = {gate: of_unit(w, gate, unit, feature) for gate in "ifco"}
        into = c[step] * slope(i[step]) * W["i"] + before * slope(f[step]) * W["f"]
        into += i[step] * (1 - c[step] ** 2) * W["c"]
        for later in steps[steps > step]:
            into *= f[later]
        out = np.tanh(cell[-1])
        expected = o[steps[-1]] * (1 - out**2) * into
        if step == steps[-1]:
            expected += out * slope(o[step]) * W["o"]
        assert cut[window, unit, step, feature] == pytest.approx(expected, rel=1e-11, abs=1e-14)


@pytest.mark.parametrize("with_mask", [False, True])
def test_the_last_step_that_counts_by_central_differences(with_mask):
    w, x, state = case()
    mask = MASK[:4] if with_mask else None
    x, state = x[:4], tuple(part[:4] for part in state)
    found = _derivatives.step_jacobians(w, lh.replay(w, x, state, mask))
    assert found.shape == (4, 6, 6)
    for window in range(4):
        last = np.flatnonzero(mask[window])[-1] if with_mask else 3
        one = [part[[window]] for part in state]
        if last:
            counts = None if mask is None else mask[[window], :last]
            trace = lh.replay(w, x[[window], :last], one, counts)
            # Where nothing counted yet, the hidden state is that before the first step.
            if counts is None or counts.any():
                one = [trace.hidden[:, -1], trace.cell[:, -1]]
        start = np.concatenate(one, axis=1)
        pushes = 1e-6 * np.concatenate([np.eye(6), -np.eye(6)])
        moved = start + pushes
        trace = lh.replay(
            w, np.repeat(x[[window], [last]][:, None], 12, 0), (moved[:, :3], moved[:, 3:])
        )
        after = np.concatenate([trace.hidden[:, 0], trace.cell[:, 0]], axis=1)
        expected = (after[:6] - after[6:]).T / 2e-6
        np.testing.assert_allclose(found[window], expected, rtol=0, atol=1e-8)


def test_a_masked_step_keeps_all():
    w, x, state = case()
    trace = lh.replay(w, x, state, MASK)
    kept = _derivatives.products(trace)
    forget = np.where(MASK[..., None], trace.gates.f, 1)
    for step in range(5):
        np.testing.assert_allclose(kept[:, step], forget[:, step:].prod(axis=1), rtol=1e-12)
