"""Faults in the data: readings, stored models and what their cards say."""

import gzip

from .planting import arrays, card, seen_by

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
    with card(top / "data/window_experiments.json") as read:
        row = next(row for row in read["rows"] if row.get("clock"))
        row["validation"]["gucheng"] -= 0.01


@seen_by("tests/test_window_experiments.py::test_every_training_of_the_plan_has_one_row")
def row_of_the_retrainings_lost(top):
    """One of the planned trainings has no row."""
    with card(top / "data/window_experiments.json") as read:
        del read["rows"][7]
