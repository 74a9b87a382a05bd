"""Loading refuses what cannot be true; cleaning accounts for every row and value."""

import dataclasses
import gzip
import hashlib
import itertools
import re

import numpy as np
import pandas as pd
import pytest
from common import DATA

from lstm_helpers.course import forecaster, models, weather

STATIONS = ("changping", "gucheng", "huairou", "shunyi")
COLUMNS = ("year", "month", "day", "hour", "TEMP", "PRES", "DEWP", "RAIN", "wd", "WSPM")
GOOD = {"TEMP": 1.5, "PRES": 1000.5, "DEWP": -3, "RAIN": 0, "wd": "N", "WSPM": 2}


def rows(count=3, start="2013-03-01 00:00"):
    """Good rows, hour after hour."""
    hours = pd.date_range(start, periods=count, freq="h")
    return [{"year": t.year, "month": t.month, "day": t.day, "hour": t.hour, **GOOD} for t in hours]


def write(path, content, columns=COLUMNS):
    lines = [",".join(columns), *(",".join(str(row[name]) for name in columns) for row in content)]
    path.write_text("\n".join(lines) + "\n")
    return path


# Load.


def test_load_reads_what_is_there(tmp_path):
    content = rows(2)
    content[1] |= {"TEMP": -2.25, "DEWP": "", "wd": "SSW", "WSPM": "0.0", "RAIN": "1e1"}
    frame = weather.load(write(tmp_path / "a.csv", content))
    assert list(frame.columns) == ["temp", "pres", "dewp", "rain", "wspm", "wd"]
    assert frame.index.tolist() == [pd.Timestamp(2013, 3, 1, 0), pd.Timestamp(2013, 3, 1, 1)]
    numbers = frame[["temp", "pres", "dewp", "rain", "wspm"]]
    assert set(numbers.dtypes) == {np.dtype(float)}
    np.testing.assert_array_equal(
        numbers, [[1.5, 1000.5, -3, 0, 2], [-2.25, 1000.5, np.nan, 10, 0]]
    )
    assert frame["wd"].tolist() == ["N", "SSW"]


def test_columns_may_stand_in_another_order_and_beside_others(tmp_path):
    content = [{**row, "station": "x"} for row in rows()]
    shuffled = weather.load(write(tmp_path / "b.csv", content, ("station", *reversed(COLUMNS))))
    pd.testing.assert_frame_equal(shuffled, weather.load(write(tmp_path / "a.csv", content)))


def test_gzipped_is_the_same(tmp_path):
    plain = write(tmp_path / "a.csv", rows())
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    pd.testing.assert_frame_equal(weather.load(packed), weather.load(str(plain)))


def test_absent_hours_are_not_invented(tmp_path):
    content = rows(10)
    del content[3:7]
    frame = weather.load(write(tmp_path / "a.csv", content))
    assert frame.index.hour.tolist() == [0, 1, 2, 7, 8, 9]


DATE = "year, month, day, hour"
A_DATE = "a date and an hour from 0 to 23"
WRONG_VALUES = [
    ("TEMP", "warm", "TEMP", "a number or a blank, got 'warm'"),
    ("PRES", "1013,25", "PRES", "a number or a blank, got '1013,25'"),
    ("DEWP", "inf", "DEWP", "a number or a blank, got 'inf'"),
    ("WSPM", "-inf", "WSPM", "a number or a blank, got '-inf'"),
    ("TEMP", "60.1", "TEMP", "a value from -60 to 60, got '60.1'"),
    ("TEMP", "-60.1", "TEMP", "a value from -60 to 60, got '-60.1'"),
    ("PRES", "101325", "PRES", "a value from 500 to 1100, got '101325'"),
    ("DEWP", "41", "DEWP", "a value from -80 to 40, got '41'"),
    ("RAIN", "-0.1", "RAIN", "a value from 0 to 400, got '-0.1'"),
    ("WSPM", "-1", "WSPM", "a value from 0 to 120, got '-1'"),
    ("WSPM", "999", "WSPM", "a value from 0 to 120, got '999'"),
    ("wd", "NNNE", "wd", "one of the 16 compass points, got 'NNNE'"),
    ("wd", "270", "wd", "one of the 16 compass points, got '270'"),
    ("year", "", "year", "a whole number, got nan"),
    ("month", "March", "month", "a number or a blank, got 'March'"),
    ("hour", "1.5", "hour", "a whole number, got '1.5'"),
    ("hour", "24", DATE, f"{A_DATE}, got '2013-3-1 24 h'"),
    ("hour", "-1", DATE, f"{A_DATE}, got '2013-3-1 -1 h'"),
    ("day", "32", DATE, f"{A_DATE}, got '2013-3-32 1 h'"),
    ("month", "13", DATE, f"{A_DATE}, got '2013-13-1 1 h'"),
    ("hour", "0", "hour", "an hour later than that of the row before, got '2013-3-1 0 h'"),
    ("year", "2012", "hour", "an hour later than that of the row before, got '2012-3-1 1 h'"),
]


@pytest.mark.parametrize(("name", "text", "column", "expected"), WRONG_VALUES)
def test_each_error_names_file_row_and_column(tmp_path, name, text, column, expected):
    content = rows()
    content[1][name] = f'"{text}"' if "," in text else text
    message = f"a.csv, row 3, column {column}: expected {expected}"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        weather.load(write(tmp_path / "a.csv", content))


@pytest.mark.parametrize(("year", "day"), [(2014, 30), (2014, 29), (2016, 30)])
def test_february_has_its_days(tmp_path, year, day):
    content = [*rows(2), {**rows(1)[0], "year": year, "month": 2, "day": day}]
    message = f"a.csv, row 4, column {DATE}: expected {A_DATE}, got '{year}-2-{day} 0 h'"
    with pytest.raises(ValueError, match=f"^{message}$"):
        weather.load(write(tmp_path / "a.csv", content))


def test_the_29th_of_february_of_a_leap_year_is_read(tmp_path):
    frame = weather.load(write(tmp_path / "a.csv", rows(25, "2016-02-29 00:00")))
    assert (frame.index[0], frame.index[-1]) == (
        pd.Timestamp(2016, 2, 29), pd.Timestamp(2016, 3, 1),
    )  # fmt: skip


def test_limits_themselves_are_allowed(tmp_path):
    content = rows(2)
    for source, name in weather.COLUMNS.items():
        content[0][source], content[1][source] = weather.LIMITS[name]
    assert len(weather.load(write(tmp_path / "a.csv", content))) == 2


def test_the_first_of_several_errors_is_named(tmp_path):
    content = rows(9)
    content[7]["TEMP"] = content[4]["TEMP"] = "x"
    with pytest.raises(ValueError, match=r"^a\.csv, row 6, column TEMP"):
        weather.load(write(tmp_path / "a.csv", content))


@pytest.mark.parametrize("missing", COLUMNS)
def test_a_missing_column_is_named(tmp_path, missing):
    path = write(tmp_path / "a.csv", rows(), [name for name in COLUMNS if name != missing])
    with pytest.raises(
        ValueError, match=rf"^a\.csv: expected the columns .*, got no .* {missing}$"
    ):
        weather.load(path)


def test_rows_are_counted_as_an_editor_does_also_after_an_empty_line(tmp_path):
    path = write(tmp_path / "a.csv", rows())
    lines = path.read_text().splitlines()
    path.write_text("\n".join([*lines[:2], "", *lines[2:]]) + "\n")
    with pytest.raises(ValueError, match=r"^a\.csv, row 3, column year: expected a whole number"):
        weather.load(path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv: expected a CSV file, got: No columns"),
        ("a,b\n1,2\n1,2,3\n", "a.csv: expected a CSV file, got: .* line 3"),
    ],
    ids=["empty", "a row too long"],
)
def test_what_is_no_table_is_refused_by_name(tmp_path, text, message):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ValueError, match=f"^{message}"):
        weather.load(tmp_path / "a.csv")


def test_no_such_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        weather.load(tmp_path / "nowhere.csv")


LOADERS = {
    "forecaster.load_data": forecaster.load_data,
    "models.load_model": models.load_model,
    "models.load_model_arrays": models.load_model_arrays,
    "models.load_errors": models.load_errors,
    "models.load_forget_bias_experiments": models.load_forget_bias_experiments,
    "models.load_window_experiments": models.load_window_experiments,
    "models.load_named_lags": models.load_named_lags,
}


@pytest.mark.parametrize("load", LOADERS)
def test_who_has_moved_a_notebook_is_told_where_it_looked(load, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught:
        LOADERS[load]("../data")
    said = str(caught.value)
    assert said.startswith("expected a file ../data/")
    assert f"seen from {tmp_path.as_posix()}: " in said
    assert "keep yours there" in said


# Wind.


@pytest.mark.parametrize(
    ("point", "u", "v"),
    [("N", 0, -2), ("E", -2, 0), ("S", 0, 2), ("W", 2, 0), ("SW", 2**0.5, 2**0.5)],
)
def test_wind_blows_away_from_its_name(point, u, v):
    found = weather.wind_components(pd.Series([point]), pd.Series([2.0]))
    np.testing.assert_allclose(np.ravel(found), [u, v], atol=1e-12)


def test_the_16_points_are_one_turn():
    u, v = weather.wind_components(pd.Series(weather.COMPASS), pd.Series([1.0] * 16))
    degrees = np.rad2deg(np.unwrap(np.arctan2(-u, -v)))
    np.testing.assert_allclose(degrees, 22.5 * np.arange(16), atol=1e-9)


def test_a_calm_needs_no_direction_and_a_wind_does():
    direction = pd.Series([None, "N", None, "N"], dtype=object)
    u, v = weather.wind_components(direction, pd.Series([0.0, 0.0, 1.0, np.nan]))
    np.testing.assert_array_equal(u, [0, 0, np.nan, np.nan])
    np.testing.assert_array_equal(v, [0, 0, np.nan, np.nan])


# Clean.


def frame(count, start="2013-03-01 00:00", **columns):
    """As load gives it: a south wind whose speed grows, so that u is 0 and v the speed."""
    hours = pd.date_range(start, periods=count, freq="h", name="time")
    step = np.arange(count, dtype=float)
    values = {"temp": step, "pres": 1000 + step, "dewp": -step, "rain": np.expm1(step / 100)}
    values |= {"wspm": 1 + step / 10, "wd": ["S"] * count, **columns}
    return pd.DataFrame(values, index=hours)


def with_gap(column, first, length, count=20):
    data = frame(count)
    data.loc[data.index[first : first + length], column] = None if column == "wd" else np.nan
    return data


ACCOUNT = dict.fromkeys(weather.FEATURES, 0)


def test_features_of_a_whole_frame():
    features, report = weather.clean(frame(5))
    assert tuple(features.columns) == weather.FEATURES == tuple(weather.UNITS)
    step = np.arange(5)
    expected = [step, -step, 1000 + step, 1 + step / 10, 0 * step, 1 + step / 10, step / 100]
    np.testing.assert_allclose(features.T, expected, atol=1e-12)
    assert report == weather.CleaningReport(5, 5, 0, ACCOUNT, 1)


def test_a_report_cannot_be_rewritten():
    with pytest.raises(dataclasses.FrozenInstanceError):
        weather.CleaningReport(5, 5, 0, ACCOUNT, 1).rows_cut = 1


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_gaps_are_filled_with_the_straight_line(length):
    """Each column of the frame is a straight line: so filled it is as if nothing had lacked."""
    for column, filled in {"temp": ["temp"], "rain": ["rain"], "wd": ["u", "v"]}.items():
        features, report = weather.clean(with_gap(column, 5, length))
        np.testing.assert_allclose(features, weather.clean(frame(20))[0], atol=1e-12)
        counts = ACCOUNT | dict.fromkeys(filled, length)
        assert report == weather.CleaningReport(20, 20, 0, counts, 1)


def test_the_line_joins_the_two_neighbours_and_no_others():
    temp = np.array([0, 50, 10, np.nan, np.nan, np.nan, 18, -50, 0])
    features, _ = weather.clean(frame(9, temp=temp))
    assert features["temp"].tolist() == [0, 50, 10, 12, 14, 16, 18, -50, 0]


@pytest.mark.parametrize(("max_gap", "length"), [(3, 4), (3, 9), (1, 2), (0, 1)])
def test_longer_gaps_are_cut_whole(max_gap, length):
    features, report = weather.clean(with_gap("temp", 5, length), max_gap)
    whole = weather.clean(frame(20))[0]
    kept = np.r_[0:5, 5 + length : 20]
    pd.testing.assert_frame_equal(features, whole.iloc[kept], check_freq=False)
    assert report == weather.CleaningReport(20, 20 - length, length, ACCOUNT, 2)


@pytest.mark.parametrize("first", [0, 18])
def test_ends_have_no_neighbour_and_are_cut(first):
    features, report = weather.clean(with_gap("pres", first, 2))
    assert len(features) == 18
    assert report == weather.CleaningReport(20, 18, 2, ACCOUNT, 1)


def test_no_line_joins_readings_across_hours_that_the_file_leaves_out():
    data = with_gap("temp", 9, 1).drop(frame(20).index[10:12])
    features, report = weather.clean(data)
    assert features.index.equals(data.index.delete(9))
    assert report == weather.CleaningReport(18, 17, 1, ACCOUNT, 2)


def test_gaps_of_several_columns_are_counted_by_column():
    data = with_gap("temp", 3, 2)
    data.iloc[10:14, data.columns.get_loc("pres")] = np.nan  # cut
    data.iloc[9:12, data.columns.get_loc("dewp")] = np.nan  # filled, but two of the rows are cut
    _, report = weather.clean(data)
    assert report == weather.CleaningReport(20, 16, 4, ACCOUNT | {"temp": 2, "dewp": 1}, 2)
    assert str(report) == (
        "20 rows in = 16 kept + 4 cut; 2 unbroken segments\n"
        "values filled: temp 2, dewp 1, pres 0, wspm 0, u 0, v 0, rain 0"
    )


def test_clean_leaves_its_input_alone():
    data = with_gap("temp", 3, 2)
    before = data.copy(deep=True)
    weather.clean(data)
    pd.testing.assert_frame_equal(data, before)


def test_clean_refuses_a_negative_gap_and_a_frame_without_a_complete_row():
    with pytest.raises(ValueError, match="expected max_gap of 0 hours or more, got -1"):
        weather.clean(frame(3), -1)
    with pytest.raises(ValueError, match="expected at least one complete row, got none of 3"):
        weather.clean(with_gap("temp", 0, 3, count=3))
    with pytest.raises(ValueError, match="expected at least one complete row, got none of 0"):
        weather.clean(frame(0))


# Segments.


def test_segments_split_at_each_jump_and_at_nothing_else():
    data = frame(12).drop(frame(12).index[[3, 7, 8]])
    parts = weather.segments(data)
    assert [part.index.hour.tolist() for part in parts] == [[0, 1, 2], [4, 5, 6], [9, 10, 11]]
    pd.testing.assert_frame_equal(pd.concat(parts), data)
    assert [len(part) for part in weather.segments(frame(5))] == [5]


def test_segments_are_views():
    features, _ = weather.clean(with_gap("temp", 5, 4))
    parts = weather.segments(features)
    assert len(parts) == 2
    values = features.to_numpy()
    assert all(np.shares_memory(part.to_numpy(), values) for part in parts)


# The files of the course.


@pytest.fixture(scope="module", params=STATIONS)
def station(request):
    raw = weather.load(DATA / f"{request.param}.csv.gz")
    return raw, *weather.clean(raw)


def test_real_files_are_four_whole_years(station):
    raw, _, _ = station
    hours = pd.date_range("2013-03-01 00:00", "2017-02-28 23:00", freq="h")
    assert raw.index.equals(hours.as_unit(raw.index.unit))


def test_real_reports_add_up(station):
    raw, features, report = station
    assert report.rows_in == len(raw) == 35064
    assert report.rows_kept == len(features)
    assert report.rows_in == report.rows_kept + report.rows_cut
    assert 0 < report.rows_cut < 100
    assert report.segments == len(weather.segments(features))
    for name in ("temp", "dewp", "pres", "wspm", "rain"):
        blanks = raw[name].isna()
        assert report.filled[name] == blanks[features.index].sum() > 0
        assert blanks.sum() == report.filled[name] + blanks.drop(features.index).sum()
    directions = raw["wd"].isna() & (raw["wspm"] != 0)
    unknown = (directions | raw["wspm"].isna())[features.index].sum()
    assert report.filled["u"] == report.filled["v"] == unknown


def test_real_readings_are_not_touched(station):
    raw, features, _ = station
    assert features.notna().all(axis=None)
    for name in ("temp", "dewp", "pres", "wspm"):
        there = raw[name].notna()[features.index]
        assert (features[name] == raw[name][features.index])[there].all()


def test_no_real_segment_jumps(station):
    _, features, report = station
    parts = weather.segments(features)
    hour = pd.Timedelta(hours=1)
    assert all((part.index.to_series().diff().iloc[1:] == hour).all() for part in parts)
    assert sum(map(len, parts)) == len(features)
    assert all(b.index[0] - a.index[-1] > hour for a, b in itertools.pairwise(parts))
    assert report.segments == len(parts) > 1


def test_checksums_are_those_in_the_readme():
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    pattern = re.compile(r"^\|\s*`?(\w+\.csv\.gz)`?\s*\|\s*`?([0-9a-f]{64})`?\s*\|")
    listed = dict(match.groups() for match in map(pattern.match, lines) if match)
    files = sorted(DATA.glob("*.csv.gz"))
    assert listed == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert sorted(listed) == sorted(f"{name}.csv.gz" for name in (*STATIONS, "newark_2013"))
