"""The course's own figures show what they are given: read from the Artists."""

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from lstm_helpers import plots
from lstm_helpers.course import figures, forecaster, weather


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
    axes = figures.weather_panels(frame)
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
    ax = figures.window(w, 3, feature=2)
    seen, target = ax.lines[:2]
    np.testing.assert_array_equal(seen.get_ydata(), frame["pres"].iloc[3:27])
    np.testing.assert_array_equal(seen.get_xdata(), np.arange(-23, 1))
    assert (target.get_xdata()[0], target.get_ydata()[0]) == (6, frame["pres"].iloc[32])
    assert ax.get_ylabel() == "pressure (hPa)"
    assert ax.get_xlabel() == "hours after the newest reading"


def test_error_bars_are_sorted_labelled_and_one_stands_out():
    ax = figures.error_bars({"a": 2.0, "b": 3.0, "c": 1.0}, "°C", highlight="a")
    assert [bar.get_width() for bar in ax.patches] == [1.0, 2.0, 3.0]
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["c", "a", "b"]
    assert [text.get_text() for text in ax.texts] == ["1.00", "2.00", "3.00"]
    colors = [rgb(bar.get_facecolor()) for bar in ax.patches]
    assert colors == [rgb(plots.MUTED), rgb(plots.HIGHLIGHT), rgb(plots.MUTED)]
    assert "°C" in ax.get_xlabel()


def test_forecast_lines_name_what_they_show(frame):
    observed = frame["temp"].to_numpy()
    ax = figures.forecast_lines(frame.index, observed, {"one": observed + 1, "two": observed - 2})
    for line, label, offset in zip(ax.lines, ("observed", "one", "two"), (0, 1, -2), strict=True):
        assert line.get_label() == label
        np.testing.assert_array_equal(line.get_ydata(), observed + offset)
    assert len({rgb(line.get_color()) for line in ax.lines}) == 3
    assert ax.get_ylabel() == "temperature (°C)"


def test_figures_draw_on_the_axes_they_are_given_and_never_show(frame, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *args: pytest.fail("shown"))
    for draw in (
        lambda ax: figures.error_bars({"a": 1.0}, "m/s", highlight="a", ax=ax),
        lambda ax: figures.forecast_lines(frame.index, frame["temp"], {}, ax=ax),
        lambda ax: figures.window(forecaster.windows(frame, 4, 1), 0, ax=ax),
    ):
        _, ax = plots.subplots()
        assert draw(ax) is ax


BOARD = {
    "lag": {"near": {"a": True, "b": False}, "far": {"a": True, "b": True}},
    "feature": {"near": {"b": True, "c": False}, "far": {"b": False, "c": False}},
}


def test_scoreboard_has_a_dot_where_found_a_cross_where_fooled_and_counts_the_dots():
    axes = figures.scoreboard(BOARD)
    dots, crosses = zip(*(ax.lines for ax in axes), strict=True)
    places = [[{*zip(*line.get_data(), strict=True)} for line in of] for of in (dots, crosses)]
    assert places == [[{(0, 0), (1, 0), (1, 1)}, {(0, 1)}], [{(0, 1)}, {(0, 2), (1, 1), (1, 2)}]]
    assert {rgb(line.get_color()) for line in crosses} == {rgb(plots.HIGHLIGHT)}
    assert [[text.get_text() for text in ax.texts] for ax in axes] == [["2", "1"], ["1", "0"]]
    assert [ax.get_title(loc="left") for ax in axes] == ["by lag", "by feature"]
    assert [label.get_text() for label in axes[0].get_yticklabels()] == ["a", "b", "c"]
    own = plots.subplots(1, 2)[1]
    assert figures.scoreboard(BOARD, axes=own) is own


def test_the_sentence_of_a_scoreboard_says_where_each_was_fooled():
    assert figures.describe_scoreboard(BOARD) == (
        "Found in 2 worlds. By lag: a 2, in all; b 1, not in near. "
        "By feature: b 1, not in far; c 0, not in near, far."
    )
    many = {str(n): {"a": n == 3} for n in range(6)}
    assert figures.describe_scoreboard({"lag": many}).endswith("a 1, only in 3.")
