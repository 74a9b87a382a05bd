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


@pytest.fixture
def maps():
    rng = np.random.default_rng(1)
    return {"one": rng.normal(size=(24, 7)), "two": 5 * rng.normal(size=(24, 7))}


def test_lag_maps_show_each_reading_at_its_place_white_at_zero(maps):
    axes = figures.lag_maps(maps, "°C")
    assert [ax.get_title(loc="left") for ax in axes] == ["one", "two"]
    for ax, values in zip(axes, maps.values(), strict=True):
        image = ax.images[0]
        np.testing.assert_array_equal(image.get_array(), values.T)
        assert image.get_clim() == (-np.abs(values).max(), np.abs(values).max())
        assert rgb(image.cmap(0.5)) == rgb(mpl.colormaps["RdBu_r"](0.5))
        assert [tick.get_text() for tick in ax.get_yticklabels()] == list(
            figures.FEATURE_NAMES.values()
        )
        assert ax.get_xlim() == (23.5, -0.5), "time runs to the right"
        assert image.colorbar.ax.get_ylabel() == "°C"
    assert list(figures.FEATURE_NAMES) == list(weather.FEATURES)


def test_lag_maps_of_zeros_are_white():
    (ax,) = figures.lag_maps({"nothing": np.zeros((24, 7))}, "°C")
    assert ax.images[0].get_clim() == (-1, 1)


def test_lag_maps_refuse_other_shapes(maps):
    for wrong in (np.zeros((24, 6)), np.zeros((12, 7)), np.zeros(24)):
        with pytest.raises(ValueError, match=r"expected maps of one shape \(lags, 7\), got"):
            figures.lag_maps(maps | {"three": wrong}, "°C")
    with pytest.raises(ValueError, match="expected maps of one shape"):
        figures.lag_maps({"three": np.zeros((24, 6))}, "°C")


def test_the_caption_of_lag_maps_says_what_is_largest_and_the_share_of_the_temperature():
    values = np.zeros((24, 7))
    values[3, 2], values[15, 0], values[15, 1], values[20, 0] = -4, 1, 1, 2
    said = figures.describe_lag_maps({"a": values}, "°C", lags=range(14, 20))
    assert said == (
        "a: largest -4.00 °C, pressure at lag 3; 38 % of the sum is temperature, "
        "at lags 14 to 19 alone 50 %."
    )
    assert figures.describe_lag_maps({"a": values, "b": values}, "°C").count("38 % of the sum") == 2


HIDDEN = {"a": {0: [0.0, 0.0], 6: [1.0, 3.0], 24: [2.0, 2.5]}, "b": {0: [0.0, 0.0], 24: [2.5, 2.5]}}
ANEW = {"a": {1: [0.1, 0.3], 6: [0.2, 0.6]}, "b": {1: [-0.1, 0.0], 6: [0.3, 0.4]}}


def test_removal_curves_draw_each_order_without_and_with_training():
    left, right = figures.removal_curves(HIDDEN, ANEW)
    drawn = [(line.get_xydata().tolist(), line.get_linestyle()) for line in left.lines]
    assert [style for _, style in drawn[:4]] == ["-", "--", "-", "--"]
    means = [
        [[0, 0], [6, 2], [24, 2.25]], [[1, 0.2], [6, 0.4]], [[0, 0], [24, 2.5]],
        [[1, -0.05], [6, 0.35]],
    ]  # fmt: skip
    for (points, _), wanted in zip(drawn, means, strict=False):
        np.testing.assert_allclose(points, wanted)
    colors = [rgb(line.get_color()) for line in left.lines[:4]]
    assert colors[0] == colors[1] != colors[2] == colors[3]
    for bars, (name, color) in zip(right.containers, (("a", 0), ("b", 2)), strict=True):
        line, _, (ranges,) = bars
        assert rgb(line.get_color()) == colors[color]
        np.testing.assert_allclose(line.get_ydata(), np.mean(list(ANEW[name].values()), axis=1))
        assert np.abs(line.get_xdata() - [1, 6]).max() < 0.5
        ends = [segment[:, 1].tolist() for segment in ranges.get_segments()]
        np.testing.assert_allclose(ends, list(ANEW[name].values()))
    assert not set(right.containers[0][0].get_xdata()) & set(right.containers[1][0].get_xdata())
    assert {ax.get_xlabel() for ax in (left, right)} == {"hours hidden (of 24)"}
    assert {ax.get_ylabel() for ax in (left, right)} == {"growth of the error (°C)"}
    (legend,) = left.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    own = plots.subplots(1, 2)[1]
    assert list(figures.removal_curves(HIDDEN, ANEW, axes=own)) == list(own)


def test_removal_curves_are_of_the_same_names_and_of_eight_at_most():
    with pytest.raises(ValueError, match=r"expected the same names twice, got \['a', 'b'\] and"):
        figures.removal_curves(HIDDEN, {"a": ANEW["a"]})
    many = {str(n): {0: [1]} for n in range(9)}
    with pytest.raises(ValueError, match="expected at most 8 names, got 9"):
        figures.removal_curves(many, many)


def test_the_sentence_of_removal_curves_names_the_highest_of_each_kind():
    assert figures.describe_removal_curves(HIDDEN, ANEW) == (
        "Growth of the error, mean of the networks; hidden: 2.50 °C at most, 24 hours in the "
        "order of b; trained anew: 0.40 °C at most, 6 hours in the order of a."
    )


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
    none = {str(n): {"a": False} for n in range(6)}
    assert figures.describe_scoreboard({"lag": none}).endswith("a 0, in none.")
