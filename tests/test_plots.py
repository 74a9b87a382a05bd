"""What the figures show is what they are given: read from the Artists, since images drift."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

import lstm_helpers as lh
from lstm_helpers import forecaster, plots, weather
from lstm_helpers.layouts import GATES


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


@pytest.fixture
def frame():
    hours = pd.date_range("2014-06-14", periods=72, freq="h")
    values = np.random.default_rng(0).normal(size=(72, 7))
    return pd.DataFrame(values, hours, list(weather.FEATURES))


def rgb(color):
    return mpl.colors.to_hex(color)


def test_weather_draws_each_feature_in_its_panel_with_its_unit(frame):
    axes = plots.weather(frame)
    shown = [[line.get_ydata() for line in ax.lines] for ax in axes]
    expected = [("temp", "dewp"), ("pres",), ("wspm",), ("rain",)]
    for lines, names, ax in zip(shown, expected, axes, strict=True):
        assert len(lines) == len(names)
        for line, name in zip(lines, names, strict=True):
            np.testing.assert_array_equal(line, frame[name])
        assert ax.get_ylabel() == weather.UNITS[names[0]]
    labels = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert labels == ["temperature", "dew point"]


def test_window_shows_the_inputs_the_newest_at_zero_and_the_target_at_its_hour(frame):
    w = forecaster.windows(frame, time_steps=24, horizon=6)
    ax = plots.window(w, 3, feature=2)
    seen, target = ax.lines[:2]
    np.testing.assert_array_equal(seen.get_ydata(), frame["pres"].iloc[3:27])
    np.testing.assert_array_equal(seen.get_xdata(), np.arange(-23, 1))
    assert (target.get_xdata()[0], target.get_ydata()[0]) == (6, frame["pres"].iloc[32])
    assert ax.get_ylabel() == "pressure (hPa)"
    assert ax.get_xlabel() == "hours after the newest reading"


def test_error_bars_are_sorted_labelled_and_one_stands_out():
    ax = plots.error_bars({"a": 2.0, "b": 3.0, "c": 1.0}, "°C", highlight="a")
    assert [bar.get_width() for bar in ax.patches] == [1.0, 2.0, 3.0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["c", "a", "b"]
    assert [text.get_text() for text in ax.texts] == ["1.00", "2.00", "3.00"]
    colors = [rgb(bar.get_facecolor()) for bar in ax.patches]
    assert colors == [rgb(plots.MUTED), rgb(plots.HIGHLIGHT), rgb(plots.MUTED)]
    assert "°C" in ax.get_xlabel()


def test_forecast_lines_name_what_they_show(frame):
    observed = frame["temp"].to_numpy()
    ax = plots.forecast_lines(frame.index, observed, {"one": observed + 1, "two": observed - 2})
    for line, label, offset in zip(ax.lines, ("observed", "one", "two"), (0, 1, -2), strict=True):
        assert line.get_label() == label
        np.testing.assert_array_equal(line.get_ydata(), observed + offset)
    assert len({rgb(line.get_color()) for line in ax.lines}) == 3
    assert ax.get_ylabel() == "temperature (°C)"


def test_array_map_is_to_scale_and_in_gate_colours():
    ax = plots.array_map({"kernel": (7, 128), "recurrent_kernel": (32, 128), "bias": (128,)})
    assert len(ax.patches) == 12
    for n, patch in enumerate(ax.patches):
        assert rgb(patch.get_facecolor()) == rgb(plots.GATE_COLORS[GATES[n % 4]])
        assert patch.get_x() == 32 * (n % 4)
        assert patch.get_width() == 32
        assert patch.get_height() == (7, 32, 1)[n // 4]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == [
        "kernel\n(7, 128)",
        "recurrent_kernel\n(32, 128)",
        "bias\n(128,)",
    ]
    assert [text.get_text() for text in ax.texts] == list(GATES) * 2


def test_order_errors_are_sorted_and_the_smallest_stands_out():
    ax = plots.order_errors({"ifco": 1e-8, "icfo": 0.3, "ofci": 0.02})
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["ifco", "ofci", "icfo"]
    assert [bar.get_height() for bar in ax.patches] == [1e-8, 0.02, 0.3]
    assert rgb(ax.patches[0].get_facecolor()) == rgb(plots.HIGHLIGHT)
    assert ax.get_yscale() == "log"


@pytest.fixture
def trace():
    rng = np.random.default_rng(1)
    gates = [rng.uniform(size=(2, 6, 3)) for _ in GATES]
    gates[2] = 2 * gates[2] - 1
    hidden = rng.normal(size=(2, 6, 3))
    return lh.LSTMTrace(lh.Gates(*gates), hidden, hidden, (hidden[:, 0], hidden[:, 0]))


@pytest.mark.parametrize("order", [None, (2, 0, 1)])
def test_gate_trace_has_the_weather_above_and_each_gate_in_its_panel(frame, trace, order):
    axes = plots.gate_trace(trace, frame[:6], sample=1, order=order)
    np.testing.assert_array_equal(axes[0].lines[0].get_ydata(), frame["temp"][:6])
    np.testing.assert_array_equal(axes[0].lines[1].get_ydata(), frame["dewp"][:6])
    np.testing.assert_array_equal(axes[1].lines[0].get_ydata(), frame["pres"][:6])
    rows = [0, 1, 2] if order is None else list(order)
    for ax, gate in zip(axes[2:], GATES, strict=True):
        (mesh,) = ax.collections
        np.testing.assert_array_equal(mesh.get_array(), getattr(trace.gates, gate)[1].T[rows])
        assert mesh.get_clim() == ((-1, 1) if gate == "c" else (0, 1))
        assert plots.GATE_NAMES[gate] in ax.get_title(loc="left")
        assert [int(tick.get_text()) for tick in ax.get_yticklabels()] == rows
        low, middle, high = (rgb(mesh.cmap(v)) for v in (0.0, 0.5, 1.0))
        if gate == "c":
            assert middle == rgb(mpl.colormaps[plots.SIGNED](0.5))
        else:
            assert (low, high) == ("#ffffff", rgb(plots.GATE_COLORS[gate]).lower())
        assert ax.get_ylim()[0] > ax.get_ylim()[1], "the first row is on top"
    bars = [ax for ax in axes[0].figure.axes if ax not in set(axes)]
    texts = [[tick.get_text() for tick in bar.get_yticklabels()] for bar in bars]
    assert texts == [
        ["0, shut", "1, open"],
        ["0, forget", "1, keep"],
        ["-1", "0", "1"],
        ["0, shut", "1, open"],
    ]


@pytest.mark.parametrize(("time", "units"), [(1, 1), (24, 128)])
def test_gate_trace_takes_any_size(time, units):
    hidden = np.zeros((1, time, units))
    trace = lh.LSTMTrace(lh.Gates(*[hidden] * 4), hidden, hidden, (hidden[:, 0], hidden[:, 0]))
    hours = pd.date_range("2014-06-14", periods=time, freq="h")
    frame = pd.DataFrame(0.0, hours, list(weather.FEATURES))
    axes = plots.gate_trace(trace, frame)
    axes[0].figure.canvas.draw()
    assert axes[2].collections[0].get_array().shape == (units, time)


def test_gate_trace_refuses_weather_of_another_length(frame, trace):
    with pytest.raises(ValueError, match="expected 6 rows of features, one a step, got 7"):
        plots.gate_trace(trace, frame[:7])


def test_functions_draw_on_the_axes_they_are_given_and_never_show(frame, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *a, **k: pytest.fail("show was called"))
    draw = [
        lambda ax: plots.error_bars({"a": 1.0}, "m/s", highlight="a", ax=ax),
        lambda ax: plots.order_errors({"ifco": 1.0, "ofci": 2.0}, ax=ax),
        lambda ax: plots.array_map({"bias": (8,)}, ax=ax),
        lambda ax: plots.forecast_lines(frame.index, frame["temp"], {}, ax=ax),
        lambda ax: plots.window(forecaster.windows(frame, 4, 1), 0, ax=ax),
    ]
    for function in draw:
        _, ax = plots.subplots()
        assert function(ax) is ax
    assert len(plt.get_fignums()) == len(draw)


def test_gate_colours_differ_also_in_grey():
    greys = [
        np.dot(mpl.colors.to_rgb(c), (0.299, 0.587, 0.114)) for c in plots.GATE_COLORS.values()
    ]
    assert list(plots.GATE_COLORS) == list(GATES)
    assert len({round(g, 2) for g in greys}) == 4


def test_show_gives_the_sentence_three_ways_and_the_same_bytes_again(monkeypatch):
    shown = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, raw, metadata=None: shown.append((data, metadata))
    )
    for _ in range(2):
        fig, ax = plots.subplots(height=1)
        ax.plot([1, 2])
        plots.show(fig, "A line from 1\n to 2.")
        assert not plt.get_fignums()
    (figure, metadata), (caption, _) = shown[:2]
    assert metadata["image/png"]["alt"] == "A line from 1 to 2."
    assert (metadata["image/png"]["width"], metadata["image/png"]["height"]) == (760, 100)
    assert figure["text/plain"] == caption["text/plain"] == "A line from 1 to 2."
    assert caption["text/markdown"] == "*A line from 1 to 2.*"
    assert figure["image/png"] == shown[2][0]["image/png"]
    assert figure["image/png"].startswith(b"\x89PNG")


def test_show_refuses_a_sentence_without_a_number():
    fig, _ = plots.subplots()
    with pytest.raises(ValueError, match="expected alt text with a number"):
        plots.show(fig, "A nice picture.")


@pytest.mark.parametrize("names", [["bias 0"], ["bias 0", "bias 3", "bias 5"]])
def test_retention_draws_one_line_a_name_over_the_steps_and_one_half(names):
    left = {name: 0.9 ** ((n + 1) * np.arange(25)) for n, name in enumerate(names)}
    ax = plots.retention(left, "steps")
    half, *lines = ax.lines
    assert list(half.get_ydata()) == [0.5, 0.5]
    assert [line.get_label() for line in lines] == names
    assert [text.get_text() for text in ax.get_legend().get_texts()] == names
    for line, values in zip(lines, left.values(), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(25))
        np.testing.assert_array_equal(line.get_ydata(), values)
    assert len({rgb(line.get_color()) for line in lines}) == len(names)
    light = [np.dot(mpl.colors.to_rgb(line.get_color()), (0.3, 0.6, 0.1)) for line in lines]
    assert light == sorted(light, reverse=True)
    assert max(light) < 0.75, "seen on white"
    assert ax.get_xlim() == (0, 24)
    assert ax.get_ylim() == (-0.02, 1.02)
    assert ax.get_xlabel() == "steps after it was written"
    assert ax.get_ylabel() == "share of the cell still there"


def test_retention_draws_on_the_axes_it_is_given_in_hours():
    _, ax = plots.subplots()
    assert plots.retention({"unit 3": [1, 0.5]}, ax=ax) is ax
    assert ax.get_xlabel() == "hours after it was written"


def test_retention_refuses_what_is_no_line():
    with pytest.raises(
        ValueError, match=r"expected 'bias 1' of shape \(steps \+ 1,\), got \(2, 3\)"
    ):
        plots.retention({"bias 1": np.ones((2, 3))})
    with pytest.raises(ValueError, match="expected at least one line, got none"):
        plots.retention({})
    assert not plt.get_fignums()
