"""Faults in the data: readings, stored models and what their cards say."""

import gzip

from .planting import arrays, card, replace, seen_by

CLOCK = (
    "tests/test_window_experiments.py"
    "::test_the_stored_models_with_the_clock_make_the_errors_of_their_rows"
)


@seen_by("tests/test_weather.py::test_checksums_are_those_in_the_readme")
def reading_changed(top):
    """One temperature of one station is another."""
    path = top / "data/huairou.csv.gz"
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    place = lines[0].split(",").index("TEMP")
    row = lines[1000].split(",")
    row[place] = str(float(row[place]) + 1)
    lines[1000] = ",".join(row)
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0))


def _model_of_another_seed(path, name, other):
    with arrays(path) as stored:
        for key in [key for key in stored if key.startswith(f"{name}/")]:
            stored[key] = stored[key.replace(name, other)]


@seen_by("tests/test_models.py::test_reference_is_the_best_seed_on_validation_and_the_saved_model")
def reference_of_another_seed(top):
    """The arrays of the course's model are those of seed 3."""
    path = top / "data/weather_models.npz"
    _model_of_another_seed(path, "trained_6h_seed2", "trained_6h_seed3")


@seen_by("tests/test_models.py::test_every_error_of_the_models[trained-1]")
def stored_model_of_another_seed(top):
    """One of the stored networks is another one."""
    path = top / "data/weather_models.npz"
    _model_of_another_seed(path, "trained_1h_seed4", "trained_1h_seed0")


@seen_by(f"{CLOCK}[1]")
def clock_model_of_another_seed(top):
    """One of the stored networks with a clock is another one."""
    path = top / "data/clock_models.npz"
    _model_of_another_seed(path, "clock_6h_seed1", "clock_6h_seed0")


@seen_by("tests/test_models.py::test_every_error_of_the_models[trained-6]")
def error_on_the_card_changed(top):
    """The card says of one network that it is two thousandths of a degree better."""
    with card(top / "data/weather_models.json") as read:
        read["models"]["trained_6h_seed3"]["test"]["gucheng"]["MAE"]["temp"] -= 0.002


@seen_by("tests/test_models.py::test_every_error_of_the_baselines[6]")
def error_of_a_rule_on_the_card_changed(top):
    """The card says of ridge that it is worse than it is."""
    with card(top / "data/weather_models.json") as read:
        read["baselines"]["ridge_6h"]["test"]["changping"]["MAE"]["temp"] += 0.01


@seen_by("tests/test_models.py::test_scaling_is_that_of_the_training_years[6]")
def scaling_on_the_card_changed(top):
    """The mean temperature on the card is that of other years."""
    with card(top / "data/weather_models.json") as read:
        read["scalers"]["6h"]["mean"][0] += 0.01


@seen_by("tests/test_experiments.py::test_each_outcome_follows_from_its_error")
def outcome_flipped(top):
    """A training that solved its task is called unsolved."""
    with card(top / "data/forget_bias_experiments.json") as read:
        row = next(row for row in read["rows"] if row["outcome"] == "solved")
        row["outcome"] = "unsolved"


@seen_by("tests/test_experiments.py::test_one_row_comes_out_again")
def outcome_flipped_with_its_error(top):
    """A training that solved its task has an error that says it did not."""
    asked = {"task": "remember", "bias": 5, "learning_rate": 3e-3, "seed": 0}
    with card(top / "data/forget_bias_experiments.json") as read:
        (row,) = (row for row in read["rows"] if asked.items() <= row.items())
        row["outcome"], row["mse"] = "unsolved", 0.3304


@seen_by(f"{CLOCK}[0]")
def error_of_a_retraining_changed(top):
    """A row of the retrainings is a hundredth of a degree better than its network."""
    _edit_row(top, "6,0,24,,,True,", lambda numbers: [numbers[0] - 0.01, *numbers[1:]])


@seen_by("tests/test_window_experiments.py::test_every_training_of_the_plan_has_one_row")
def row_of_the_retrainings_lost(top):
    """One of the planned trainings has no row."""
    _edit_row(top, "1,0,12,", lambda numbers: None)


@seen_by("tests/test_window_experiments.py::test_a_row_comes_out_again[24]")
def row_of_the_retrainings_of_another_horizon(top):
    """What the newest hour alone is worth a day ahead is written down a tenth too good."""
    _edit_row(top, "24,0,1,", lambda numbers: [number - 0.1 for number in numbers])


@seen_by("tests/test_window_experiments.py::test_the_more_of_an_order_is_blanked_the_more_is_lost")
def retraining_without_more_lags_than_its_row_says(top):
    """Without three lags networks lose as much as others do without six."""
    _edit_row(top, "6,0,24,0 1 2,", lambda numbers: [number + 0.2 for number in numbers])


def _edit_row(top, start, change):
    """Change the errors of the row that starts like this; the row goes if there are none."""
    path = top / "data/window_experiments.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    (place,) = (n for n, line in enumerate(lines) if line.startswith(start))
    cells = lines[place].split(",")
    errors = change([float(cell) for cell in cells[6:]])
    if errors is None:
        del lines[place]
    else:
        lines[place] = ",".join([*cells[:6], *(f"{error:.4f}" for error in errors)])
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@seen_by("tests/test_window_experiments.py::test_the_lags_that_each_method_names_come_out_again")
def lags_that_a_method_names_exchanged(top):
    """The card says that permutation puts lag 23 before lag 17."""
    with card(top / "data/window_experiments.json") as read:
        order = read["named"]["permutation"]
        a, b = order.index(17), order.index(23)
        order[a], order[b] = order[b], order[a]


@seen_by("tests/test_window_experiments.py::test_some_features_are_blanked_and_the_clock_never")
def clock_blanked_with_the_readings(top):
    """Networks that never saw yesterday did not see the clock at these hours either."""
    path = top / "data/make_window_experiments.py"
    text = path.read_text(encoding="utf-8")
    clock = "    if clock:\n        inputs = forecaster.with_clock(inputs, w)\n"
    assert clock in text
    text = text.replace(clock, "")
    scale = "    inputs = scaler.scale(w.inputs)\n"
    path.write_text(text.replace(scale, scale + clock), encoding="utf-8")


# A reader's own file.

OWN = "tests/test_own_data.py"


@seen_by(f"{OWN}::test_gaps_are_filled_with_the_past_only_and_never_counted_as_read")
def gaps_filled_from_the_future(top):
    """Missing readings lie on a line to the next one."""
    path = top / "lstm_helpers/course/own_table.py"
    replace(path, "frame.ffill(limit=MAX_GAP)", "frame.interpolate(limit=MAX_GAP)")


@seen_by(f"{OWN}::test_no_window_crosses_a_gap_or_has_a_target_that_was_filled")
def filled_readings_forecast(top):
    """A reading that was filled is a target, and persistence looks better."""
    path = top / "lstm_helpers/course/own_data.py"
    replace(path, "to_numpy(dtype=bool)", "to_numpy(dtype=bool) | True")


@seen_by(f"{OWN}::test_scaling_knows_the_training_part_only")
def own_scaler_fitted_on_later_years(top):
    """Mean and spread of a reader's file are those of the validation part."""
    path = top / "lstm_helpers/course/own_data.py"
    replace(path, 'Scaler.fit(parts["training"])', 'Scaler.fit(parts["validation"])')


@seen_by(f"{OWN}::test_a_column_that_drifts_is_read_as_a_difference")
def drift_judged_by_the_test_part(top):
    """Whether a column drifts is decided by looking ahead at the test part."""
    path = top / "lstm_helpers/course/own_data.py"
    replace(path, 'parts["validation"].newest', 'parts["test"].newest')


@seen_by(f"{OWN}::test_what_was_trained_is_kept_and_other_inputs_are_trained_anew")
def trained_once_for_all_inputs(top):
    """A network that was trained without a lag is taken from the one trained with all."""
    path = top / "lstm_helpers/course/own_network.py"
    replace(path, "for array in (inputs, targets):", "for array in (targets,):")
