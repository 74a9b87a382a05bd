"""Faults in what is said of a model: reports, mysteries, readings put to the test."""

from .planting import replace, seen_by

EXPERIMENTS = "lstm_helpers/_claim_experiments.py"


@seen_by("tests/test_claims.py")
def a_probe_needs_no_control(top):
    """A reading "knows" is judged by its own score alone."""
    replace(top / EXPERIMENTS, "rise = score - best", "rise = score")


@seen_by("tests/test_claims.py")
def a_unit_held_is_not_held(top):
    """The unit whose state is held goes on as it likes."""
    replace(top / EXPERIMENTS, 'if signal in ("cell", "hidden"):', "if signal in ():")


@seen_by("tests/test_claims.py")
def units_have_an_order(top):
    """The unit of the same number counts as the most alike, whatever it does."""
    replace(
        top / EXPERIMENTS,
        "int(np.argmax(roles @ own[reading.unit]))",
        "int(np.argmax(own @ own[reading.unit]))",
    )


@seen_by("tests/test_claims.py")
def lags_from_the_oldest_on(top):
    """What is exchanged at a lag is counted from the other end."""
    replace(
        top / EXPERIMENTS,
        "at, there = steps[chosen][:, lags], steps[lender][:, lags]",
        "at, there = steps[chosen][:, ::-1][:, lags], steps[lender][:, ::-1][:, lags]",
    )


@seen_by("tests/test_claims.py")
def a_leak_is_skill(top):
    """A forecast counts as skilled though the target stands in the readings."""
    replace(top / EXPERIMENTS, "if alike > LEAKED:", "if alike > 1.1:")


@seen_by("tests/test_reading.py")
def the_largest_stands_out_always(top):
    """A report names the largest lag, however much the others have."""
    replace(
        top / "lstm_helpers/_report_named.py",
        "GAP, MOST, FLOOR = 3.0, 0.8",
        "GAP, MOST, FLOOR = 0.0, 0.0",
    )


@seen_by("tests/test_mysteries.py")
def the_truth_names_another_feature(top):
    """The features of a mystery are put in another order, and its truth is not."""
    replace(
        top / "lstm_helpers/course/mysteries.py",
        "tuple(sorted(int(places[n]) for n in truth.features))",
        "tuple(sorted(int(column[n]) for n in truth.features))",
    )


@seen_by("tests/test_mysteries.py")
def a_mystery_tells_its_rule(top):
    """What is displayed of a mystery says what it does."""
    replace(
        top / "lstm_helpers/course/mysteries.py",
        'return f"Mystery(inputs={self.inputs.shape}, ',
        'return f"Mystery({self.truth.rule}, inputs={self.inputs.shape}, ',
    )


@seen_by("notebooks/09_read_an_unknown_lstm.ipynb")
def old_gates_are_smooth(top):
    """The gates of Keras 1 are taken for today's sigmoid."""
    old = "arrays_of(name), layout=name)"
    new = old.replace("=name)", '=name, recurrent_activation=\\"sigmoid\\")')
    replace(top / "notebooks/09_read_an_unknown_lstm.ipynb", old, new)
