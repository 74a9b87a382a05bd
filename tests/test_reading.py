"""report: what it measures where the answer is known, what it warns of, and its page."""

import csv
import dataclasses
import html.parser
import itertools
import re
import sys
import types

import matplotlib as mpl

mpl.use("Agg")

import numpy as np
import pytest
from common import DATA, random_weights

import lstm_helpers as lh
from lstm_helpers import (
    _report_figures,
    _report_measures,
    _report_memory,
    _report_models,
    _report_named,
    _report_page,
    _report_probes,
    _report_warnings,
    memory,
)
from lstm_helpers._report_measures import METHODS, Effort
from lstm_helpers._report_models import Opened
from lstm_helpers._report_tables import shown, table

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 8, 3))


def opened(forward, gradient, numbers=10, **more):
    """A model that is a function, with nothing to look into."""
    return Opened("function", "planted", forward, gradient, lambda x: {}, numbers, **more)


def delay(step=-4, feature=1):
    """The output is one reading, so its lag and feature are known, and nothing else counts."""

    def gradient(x):
        found = np.zeros(x.shape)
        found[:, step, feature] = 2
        return found

    return opened(lambda x: 2 * x[:, step, feature], gradient)


def readout(seed=0, **options):
    w = random_weights(np.random.default_rng(seed), units=4, features=3, **options)
    return lh.Readout(w, np.random.default_rng(seed).normal(size=4), 0.5)


# What stands out.


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 0, 9, 0, 0, 0], (2,)),
        ([0, 3, 9, 0, 0, 0, 0, 0], (1, 2)),
        ([1, 1, 1, 1, 1, 1], None),
        ([9, 8, 7, 6, 5, 4], None),
        ([5, 5, 5, 5, 5, 0, 0, 0, 0, 0], None),  # five are not few
        ([4, 4, 4, 4, 0, 0, 0, 0], (0, 1, 2, 3)),
        ([6, 1, 1, 1, 1, 1, 1], None),  # a gap, but half is behind it
        ([-3, 0.1, 5, 0.1], (2,)),  # what is below zero is nothing
        ([0, 0, 0, 0], None),
        ([2.0], (0,)),
        ([2, 1], None),
        ([9, 1], (0,)),
    ],
)
def test_few_of_many_are_named_or_none(values, expected):
    assert _report_named.few(np.array(values, dtype=float)) == expected


def test_a_report_names_what_a_delay_reads_and_nothing_of_an_untrained_layer():
    w = delay_line()
    found = lh.report(lh.Readout(w, np.eye(3)[2]), X, feature_names=["a", "b", "c"])
    assert found.named == _report_named.Named((2,), (1,), (("lstm", 2),))
    assert found.sections["What stands out"] == [
        "Lags: 2 (100 % of all lags).",
        "Features: b (100 % of all features).",
        "Units: lstm 2 (100 % of all units).",
    ]
    w = lh.LSTMWeights.from_arrays(
        [np.ones((3, 12)), np.linalg.qr(rng.normal(size=(12, 3)))[0].T, np.zeros(12)]
    )
    fresh = lh.report(lh.Readout(w, np.eye(3)[2]), X * [1, 0, 0])
    assert "looks untrained" in [warned.kind for warned in fresh.warnings]
    assert fresh.named == _report_named.Named(None, None, None)
    assert fresh.sections["What stands out"][0] == "No lag stands out."


def delay_line():
    """Unit n shows feature 1 of n steps ago."""
    parts = [lh.Gates(*np.zeros((4, *shape))) for shape in ((3, 3), (3, 3), (3,))]
    w = lh.LSTMWeights(*parts, activation="linear", recurrent_activation="hard_sigmoid")
    w.bias.i[:], w.bias.f[:], w.bias.o[:] = 3, -3, 3
    w.kernel.c[1, 0] = w.recurrent_kernel.c[0, 1] = w.recurrent_kernel.c[1, 2] = 1
    return w


# Measurements from outside.


@pytest.mark.parametrize("targets", [None, 2 * X[:, -4, 1]])
def test_all_methods_name_the_lag_and_the_feature_of_a_delay_and_nothing_else(targets):
    found = _report_measures.measured(delay(), X, targets, None)
    for method in METHODS:
        assert found.lags[method][3] > 1, method
        assert found.features[method][1] > 1, method
        assert np.delete(found.lags[method], 3).max() == 0, method
        assert np.delete(found.features[method], 1).max() == 0, method
    assert np.unravel_index(found.map.argmax(), found.map.shape) == (3, 1)
    assert found.delta < 1e-12


def test_each_method_is_the_function_of_that_name():
    model = readout()
    found = _report_measures.measured(_report_models.opened(model, 0), X, None, None)
    assert found.effort == Effort(windows=60, samples=20, replaced=60, donors=5, block=1)
    lenders = lenders_of(found, X)
    baselines = X[lenders][:, None]
    expected = lh.integrated_gradients(model.gradient, X, baselines, n_steps=4)
    np.testing.assert_allclose(found.attributions, expected[:, ::-1], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.lags[METHODS[0]], lh.temporal_profile(expected), rtol=1e-9)
    np.testing.assert_allclose(
        found.features[METHODS[0]], np.abs(expected).sum(axis=1).mean(axis=0), rtol=1e-9
    )
    few = baselines[:5]
    occluded = lh.occlusion(model.forward, X, few, window=(1, 3))[..., :1]
    np.testing.assert_allclose(found.lags["occlusion"], lh.temporal_profile(occluded), rtol=1e-9)
    occluded = lh.occlusion(model.forward, X, few, window=(8, 1))[:, 0]
    np.testing.assert_allclose(found.features["occlusion"], np.abs(occluded).mean(0), rtol=1e-9)


def lenders_of(found, x):
    """The windows that lend: drawn after those that are explained."""
    draw = np.random.default_rng(0)
    draw.choice(len(x), found.effort.windows, replace=False)
    return np.sort(draw.choice(np.arange(len(x)), found.effort.samples, replace=False))


def test_permutation_is_how_the_error_grows_or_how_far_the_output_moves():
    model = readout()
    off = model.forward(X) + rng.normal(size=60)
    for targets in (None, off):
        found = _report_measures.measured(_report_models.opened(model, 0), X, targets, None)
        truth = model.forward(X) if targets is None else targets
        before = np.abs(truth - model.forward(X))
        costs = []
        for lender in lenders_of(found, X)[:5]:
            shuffled = X.copy()
            shuffled[:, -3] = X[lender, -3]
            costs.append(np.abs(truth - model.forward(shuffled)) - before)
        cost = np.mean(costs, axis=0)
        assert found.lags["permutation"][2] == pytest.approx(cost.mean(), rel=1e-9)
        error = cost.std(ddof=1) / 60**0.5
        assert found.lag_errors["permutation"][2] == pytest.approx(error, rel=1e-9)


@pytest.mark.parametrize("front", [True, False])
def test_padding_is_no_lag_and_lends_nothing(front):
    lengths = np.tile([8, 5, 3], 20)
    at = np.arange(8)
    mask = at >= 8 - lengths[:, None] if front else at < lengths[:, None]
    x = np.where(mask[..., None], X, -99.0)
    last = np.full(60, 7) if front else lengths - 1

    def forward(x, *_):
        """Two steps before the last real one."""
        return x[np.arange(len(x)), ends(x) - 2, 1]

    def ends(x):
        return 7 - (x[:, ::-1, 0] != -99).argmax(axis=1)

    def gradient(x, *_):
        found = np.zeros(x.shape)
        found[np.arange(len(x)), ends(x) - 2, 1] = 1
        return found

    found = _report_measures.measured(opened(forward, gradient), x, None, mask)
    assert (forward(x) == x[np.arange(60), last - 2, 1]).all()
    for method in METHODS:
        assert found.lags[method].argmax() == 2
        assert np.delete(found.lags[method], 2).max() == 0
        assert found.lags[method][2] < 5  # padding would be 99 away
    assert np.isnan(found.attributions[lengths == 3][:, 3:]).all()
    assert np.isfinite(found.attributions[lengths == 3][:, :3]).all()


def test_lags_are_replaced_together_where_each_alone_would_take_too_long():
    small = Effort.of(delay(), (300, 24, 7))
    assert (small.windows, small.samples, small.replaced, small.block) == (300, 20, 300, 1)
    large = Effort.of(opened(None, None, numbers=70_000), (2000, 168, 8))
    assert large.windows < 300
    assert large.block > 1
    huge = Effort.of(opened(None, None, numbers=10**8), (2000, 500, 100))
    assert (huge.windows, huge.samples, huge.replaced, huge.block) == (16, 8, 16, 500)
    assert Effort.of(delay(), (2, 24, 7)).samples == 1


def test_neighbours_that_were_replaced_together_share_a_value(monkeypatch):
    monkeypatch.setattr(_report_measures, "_FOR_REPLACED", 40 * 5 * (4 + 3) * 2 * 10 * 8)
    found = _report_measures.measured(delay(), X, None, None)
    assert found.effort.block == 2
    assert found.blocks == [[0, 1], [2, 3], [4, 5], [6, 7]]
    assert found.lags["occlusion"][2] == found.lags["occlusion"][3] > 1
    assert found.lags["occlusion"][[0, 1, 4, 5, 6, 7]].max() == 0
    tables = _report_measures.tables(found, ["a", "b", "c"], None)
    assert "2 lags" in tables["lags"].note
    assert tables["agreement"].column("shared over lags (%)") == pytest.approx([100] * 3)


def test_shares_are_what_two_profiles_have_in_common():
    assert _report_measures.shared(np.array([1.0, 3]), np.array([2.0, 6])) == 1
    assert _report_measures.shared(np.array([1.0, 0]), np.array([0.0, 6])) == 0
    assert _report_measures.shared(np.array([1.0, 1, -8]), np.array([1.0, 0, 0])) == 0.5


# Measurements inside.


def test_memory_is_that_of_the_functions_of_this_name():
    model = readout(go_backwards=True)
    found = lh.report(model, X)
    trace = lh.replay(model.w, X)
    usual = np.exp(np.log(trace.gates.f).mean(axis=(0, 1)))
    assert found.tables["units"].column("half-life") == pytest.approx(lh.half_life(usual))
    slowest = np.median(memory.time_constants(model.w, X[:50])[:, 0])
    assert found.tables["memory"].column("slowest time constant") == pytest.approx([slowest])
    line = memory.recurrence_cut(model.w, X, model.head)
    by_lag = np.abs(line).sum(axis=(1, 3)).mean(axis=0)  # the newest is what it read last: step 0
    assert found.tables["roads"].column("the cell's own line") == pytest.approx(by_lag)
    every = np.abs(lh.input_jacobian(model.w, X, model.head)).sum(axis=(1, 3)).mean(axis=0)
    assert found.tables["roads"].column("all paths") == pytest.approx(every)
    share = 100 * by_lag[4:].sum() / every[4:].sum()
    assert found.tables["memory"].column("by the cell's own line (%)") == pytest.approx([share])
    effects = np.abs(model.head[:, 0]) * trace.hidden[:, -1].std(axis=0)
    assert found.tables["units"].column("effect on the output") == pytest.approx(effects)
    gates = found.tables["gates"]
    assert gates.column("mean")[1] == pytest.approx(trace.gates.f.mean())
    assert gates.column("below 0.05 (%)")[2] == pytest.approx(100 * (trace.gates.o < 0.05).mean())


def test_without_recurrent_kernel_all_comes_along_the_line():
    arrays = readout().w.to_arrays()
    arrays[1] = 0 * arrays[1]
    found = lh.report(lh.Readout(lh.LSTMWeights.from_arrays(arrays), np.ones(4)), X)
    assert found.tables["memory"].column("by the cell's own line (%)") == pytest.approx([100])


def test_norms_stand_beside_what_features_are_worth():
    model = readout()
    found = lh.report(model, X)
    norms = lh.gate_norms(model.w)
    assert found.tables["norms"].rows[0] == ("lstm", *norms.values())
    sizes = np.sqrt(sum(rows**2 for rows in lh.feature_norms(model.w)))
    beside = found.tables["feature norms"]
    assert beside.column("norm of its rows") == pytest.approx(sizes)
    assert beside.column("expected gradients") == found.tables["features"].column(METHODS[0])


def test_traces_of_large_layers_stay_small():
    assert _report_memory.windows_to_trace(32, (5000, 24, 7)) == 200
    count = _report_memory.windows_to_trace(512, (2000, 168, 8))
    assert 2 <= count * 6 * 4 * 512 * 168 <= 2**26
    assert _report_memory.windows_to_trace(10**6, (2000, 168, 8)) == 2


def test_probes_read_a_clock_that_the_inputs_tell_beside_their_controls():
    hours = np.arange("2024-03-01", "2024-03-17", dtype="datetime64[h]")
    angle = 2 * np.pi * (np.arange(len(hours)) % 24) / 24
    clock = np.stack([np.sin(angle), np.cos(angle), 0 * angle], axis=1)
    noise = np.random.default_rng(0).normal(size=(len(hours), 8, 3))
    noise[:, -1] = clock  # only the newest reading tells the hour
    (row,) = lh.report(readout(), noise, times=hours).tables["probes"].rows
    layer, quantity, state, untrained, readings, newest, shuffled, windows = row
    assert (layer, quantity, windows) == ("lstm", "hour of the day", 384)
    assert newest > 0.99
    assert readings > 0.99
    assert min(state, untrained) > 0.3
    assert shuffled < 0.1
    (row,) = lh.report(readout(), noise[::-1, ::-1], times=hours).tables["probes"].rows
    assert row[5] < 0.1  # the newest tells nothing now
    days = hours[0] + 24 * np.arange(384)
    (row,) = lh.report(readout(), noise, times=days).tables["probes"].rows
    assert row[1] == "day of the year"  # the hour is always the same
    assert "probes" not in lh.report(readout(), noise[:90], times=hours[:90]).tables


def test_a_probe_is_scored_on_windows_that_it_was_not_fitted_on():
    draw = np.random.default_rng(0)
    later = np.arange(150) % 3 == 2
    noise = draw.normal(size=(150, 60)), draw.normal(size=(150, 2))
    assert _report_probes.score_of(*noise, later) < 0  # fitted on all of them, it would be over 0.3


# Warnings: each fires where it must, and only there.


def kinds(found):
    return {warned.kind for warned in found.warnings}


def healthy(**changes):
    """Trained-looking weights of one feature that counts at all lags, and scaled inputs."""
    model = readout()
    arrays = dict(zip("WUb", model.w.to_arrays(), strict=True)) | changes
    return lh.Readout(lh.LSTMWeights.from_arrays(list(arrays.values())), model.head)


ALIKE = np.random.default_rng(3).normal(size=(300, 1, 3)) + 0.1 * np.tile(X, (5, 1, 1))
"""Readings that hardly change within a window."""


def test_what_is_well_gets_no_warning_but_that_the_window_is_long():
    y = readout().forward(np.tile(X, (5, 1, 1)))
    found = lh.report(readout(), np.tile(X, (5, 1, 1)), y)
    assert kinds(found) <= {"window longer than what is used"}


def one_bias(gate, value):
    bias = np.zeros(16)
    bias["ifco".index(gate) * 4] = value
    return bias


GLOROT = np.random.default_rng(5).uniform(-1, 1, (3, 16)) * (6 / 19) ** 0.5
ORTHOGONAL = np.linalg.qr(np.random.default_rng(5).normal(size=(16, 4)))[0].T
PYTORCH = np.random.default_rng(5).uniform(-0.5, 0.5, (23, 16))


@pytest.mark.parametrize(
    ("kind", "call"),
    [
        ("inputs not scaled", lambda: lh.report(readout(), X + np.array([0, 0, 50]))),
        ("inputs not scaled", lambda: lh.report(readout(), X * [1, 30, 1])),
        ("a baseline that never occurs", lambda: lh.report(readout(), X + np.array([0, 20, 0]))),
        ("a baseline that never occurs", lambda: lh.report(readout(), np.where(X > 0, 1.0, -1.0))),
        ("looks untrained", lambda: lh.report(healthy(W=GLOROT, U=ORTHOGONAL), X)),
        (
            "looks untrained",
            lambda: lh.report(healthy(W=PYTORCH[:3], U=PYTORCH[3:7], b=PYTORCH[7]), X),
        ),
        ("no better than a constant", lambda: lh.report(readout(), X, X[::-1, 0, 0])),
        ("a reading that is the target", lambda: lh.report(readout(), X, 3 * X[:, 2, 1] + 1)),
        ("too few windows", lambda: lh.report(readout(), X[:12])),
        ("saturated gates", lambda: lh.report(healthy(b=one_bias("o", 40.0)), X)),
        ("saturated gates", lambda: lh.report(healthy(b=one_bias("i", -40.0)), X)),
        ("dead units", lambda: lh.report(healthy(b=one_bias("o", -40.0)), X)),
    ],
)
def test_a_planted_fault_is_warned_of(kind, call):
    assert kind in kinds(call())


def test_methods_that_disagree_are_named():
    # Where a gradient is 0 at every window, as of a step, expected gradients see nothing.
    step = opened(
        lambda x: (x[:, -1, 0] > 0) + 0.1 * x[:, -2, 1],
        lambda x: np.pad(np.full((len(x), 1, 1), 0.1), ((0, 0), (6, 1), (1, 1))),
    )
    found = _report_measures.measured(step, X, None, None)
    agreement = _report_measures.tables(found, ["a", "b", "c"], None)["agreement"]
    warned = _report_warnings.about_methods(found, agreement, 60, "steps")
    both = [one for one in warned if one.kind == "methods disagree"]
    assert [one.where for one in both] == ["lags", "features"]
    assert "expected gradients and" in both[0].reason
    assert both[0].number < 30


@pytest.mark.parametrize(
    ("windows", "error", "number", "bound", "start"),
    [
        (49, 0.0, 49, 50, "Only 49 windows: the standard error at the largest lag, 1, is 0 of 2."),
        (50, 0.5, 0.25, 0.2, "The 50 windows differ much: the standard error at the largest lag, "),
        (49, 0.5, 49, 50, "Only 49 windows: "),
        (50, 0.3, None, None, ""),
    ],
)
def test_few_windows_or_windows_that_differ(windows, error, number, bound, start):
    name = METHODS[0]
    found = types.SimpleNamespace(
        lags={name: np.array([1.0, 2.0])}, lag_errors={name: np.array([9.0, error])}
    )
    warned = _report_warnings._few(found, windows)
    assert [(one.number, one.bound) for one in warned] == [(number, bound)] * (number is not None)
    assert all(one.reason.startswith(start) for one in warned)


EDGES = [(-8, True, False), (-7, False, False), (-4, False, True), (-3, False, True)]


@pytest.mark.parametrize(("step", "far", "long"), EDGES)
def test_the_edge_of_the_window_and_a_window_too_long(step, far, long):
    found = _report_measures.measured(delay(step), X, None, None)
    agreement = _report_measures.tables(found, ["a", "b", "c"], None)["agreement"]
    warned = {one.kind: one for one in _report_warnings.about_methods(found, agreement, 60, "h")}
    assert ("attribution at the far edge" in warned) == far
    assert ("window longer than what is used" in warned) == long
    if long:
        assert warned["window longer than what is used"].number == -step


def test_stored_networks_look_trained_and_untrained_as_they_are():
    with np.load(DATA / "weather_models.npz") as stored:
        names = sorted({key.rsplit("/", 1)[0] for key in stored.files})
        starts = {
            name: _report_warnings.starts(
                {name: lh.LSTMWeights.from_arrays([stored[f"{name}/{n}"] for n in range(3)])}
            )
            for name in names
        }
    warned = {name for name, of in starts.items() if _report_warnings.untrained(of)}
    assert warned == {name for name in names if name.startswith("untrained")}
    assert len(warned) == 5
    assert len(names) == 35


def test_a_layer_that_scales_is_trusted():
    scales = _report_warnings.scales(X + 50, None, ["a", "b", "c"])
    assert len(_report_warnings.unscaled(scales, normalizes=False)) == 3
    assert _report_warnings.unscaled(scales, normalizes=True) == []


def test_padding_does_not_count_for_the_scale():
    mask = np.arange(8) >= np.tile([0, 4], 30)[:, None]
    scales = _report_warnings.scales(np.where(mask[..., None], X, -99), mask, ["a", "b", "c"])
    assert max(scales.column("largest")) < 6
    assert min(scales.column("smallest")) > -6


# The report: text, tables, page.


def everything():
    """As much as a report can say: targets, names that are no HTML, warnings."""
    names = ["wind", "<script>alert('x')</script>", 'a "b" & $c$']
    y = X[:, 0, 0]
    return lh.report(
        readout(), X + np.array([0, 50, 0]), y, feature_names=names, unit="m/s <b>", step="hours"
    )


REPORTS = {
    "everything": everything,
    "no targets": lambda: lh.report(readout(), X),
    "few": lambda: lh.report(readout(), X[:2]),
}


@pytest.mark.parametrize("name", REPORTS)
def test_every_number_of_the_text_is_in_a_table(name):
    found = REPORTS[name]()
    said = re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?", found.text)
    cells = {text for of in found.tables.values() for row in of.texts() for text in row}
    # Numbers that stand in no table: of the draw, of names, and what "far from 0" is.
    cells |= {"0"}
    in_names = {n for cell in cells for n in re.findall(r"\d+", cell) if not cell[0].isdigit()}
    assert set(said) - cells - in_names == set()
    assert len(said) > 40


def test_a_number_that_stands_nowhere_is_found(monkeypatch):
    found = everything()
    found.sections["The model"].append("There are 123456 of them.")
    monkeypatch.setitem(REPORTS, "wrong", lambda: found)
    with pytest.raises(AssertionError):
        test_every_number_of_the_text_is_in_a_table("wrong")


def test_the_same_inputs_give_the_same_text_and_page():
    first, second = everything(), everything()
    assert first.text == second.text
    assert first.html() == second.html()
    assert first.tables.keys() == second.tables.keys()


class Walk(html.parser.HTMLParser):
    """Tags in order, what stands in headings, and what is open."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", REPORTS)
def test_the_page_is_whole_and_readable_without_eyes(name):
    page = REPORTS[name]().html()
    walk = Walk(page)
    tags = [tag for tag, _ in walk.tags]
    levels = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
    assert levels.count(1) == 1
    assert ("html", {"lang": "en"}) in walk.tags
    assert "main" in tags
    images = [attrs for tag, attrs in walk.tags if tag == "img"]
    assert len(images) >= 5
    for attrs in images:
        assert attrs["src"].startswith("data:image/png;base64,")
        assert re.search(r"\d", attrs["alt"])
    assert all("scope" in attrs for tag, attrs in walk.tags if tag == "th")
    assert tags.count("caption") == tags.count("table") >= 8
    assert not {"script", "link", "iframe"} & set(tags)
    assert "http" not in re.sub(r"base64,[^\"]*", "", page)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page


def test_names_are_escaped_everywhere():
    page = everything().html()
    assert "<script" not in page
    assert "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;" in page
    assert "m/s &lt;b&gt;" in page
    assert 'alt="' in page
    assert "a &quot;b&quot; &amp; $c$" in page


def test_names_are_escaped_in_tables_and_alternative_texts():
    of = table("<b>", {"<i>": ["<u>", "<u>"], "layer": ["<s>", 1]}, "<em>")
    picture = _report_figures.Picture("", '"<b>"', 1, 1)
    for text in (_report_page._table(of), _report_page._figure(picture)):
        assert not re.search(r"<(b|i|u|s|em)>", text)
    assert 'alt="&quot;&lt;b&gt;&quot;"' in _report_page._figure(picture)


def test_an_output_that_nothing_moves_is_reported_too():
    found = lh.report(readout(), X, np.arange(60.0)).tables
    assert found
    constant = opened(lambda x: np.zeros(len(x)), np.zeros_like)
    still = _report_measures.measured(constant, X, None, None)
    agreement = _report_measures.tables(still, ["a", "b", "c"], None)["agreement"]
    kinds = [one.kind for one in _report_warnings.about_methods(still, agreement, 60, "steps")]
    assert "attribution at the far edge" not in kinds


def test_in_a_notebook_it_displays_one_level_lower():
    found = REPORTS["no targets"]()
    shows = found._repr_html_()
    assert shows.startswith('<div class="lstm-report">')
    assert "<h1" not in shows
    assert "<h2>Reading of Readout" in shows
    assert repr(found) == found.text


def test_without_matplotlib_the_page_says_so(monkeypatch):
    found = REPORTS["no targets"]()
    monkeypatch.setitem(sys.modules, "lstm_helpers.plots", None)
    monkeypatch.delattr(lh, "plots", raising=False)
    page = found.html()
    assert "No figures: they need Matplotlib" in page
    assert "<img" not in page
    assert "<table>" in page


def test_it_saves_page_text_and_every_table(tmp_path):
    found = everything()
    files = found.save(tmp_path / "new" / "folder")
    assert all(file.is_file() for file in files)
    assert (tmp_path / "new/folder/report.html").read_text("utf-8") == found.html()
    assert (tmp_path / "new/folder/report.txt").read_text("utf-8") == found.text + "\n"
    assert len(files) == 2 + len(found.tables)
    with (tmp_path / "new/folder/tables/lags.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == found.tables["lags"].columns
    assert [float(row[1]) for row in rows] == found.tables["lags"].column(header[1])


def test_cells_as_they_are_shown():
    assert [shown(cell) for cell in (12, 0.0, -0.0, 1234567.0, 999.6, float("nan"), -np.inf)] == [
        "12", "0", "0", "1.23e+06", "1000", "NaN", "-∞",
    ]  # fmt: skip
    of = table("t", {"a": [1], "b": [None]})
    assert of.texts() == [["1", "–"]]
    with pytest.raises(ValueError, match="expected a column of a, b, got 'c'"):
        of.column("c")


def test_long_tables_are_folded():
    short = table("short", {"n": list(range(12))})
    longer = dataclasses.replace(short, rows=(*short.rows, (12,)))
    assert "<details" not in _report_page._table(short)
    assert "<summary>short: 13 rows" in _report_page._table(longer)


def test_targets_of_several_outputs_are_those_of_the_one_explained():
    y = np.stack([X[:, 0, 0], readout().forward(X)], axis=1)
    with pytest.raises(ValueError, match="which has one, got 1"):
        lh.report(readout(), X, y, output=1)
    first = lh.report(readout(), X, y)
    assert first.tables["targets"].rows == lh.report(readout(), X, y[:, 0]).tables["targets"].rows
    assert lh.report(readout(), X, y[:, :1]).text == first.text


def test_times_are_dates_one_for_each_window():
    days = np.arange("2024-03-01", "2024-04-30", dtype="datetime64[D]")
    assert lh.report(readout(), X, times=days).tables["lags"].rows
    assert lh.report(readout(), X, times=days.astype(object)).tables["lags"].rows
    with pytest.raises(TypeError, match="expected times as dates, got dtype int64"):
        lh.report(readout(), X, times=np.arange(60))
    with pytest.raises(ValueError, match="expected a time for each of 60 windows"):
        lh.report(readout(), X, times=days[1:])
    with pytest.raises(ValueError, match="got NaT"):
        lh.report(readout(), X, times=np.where(np.arange(60) == 7, np.datetime64("NaT", "D"), days))
