"""Faults in the notebooks: figures, captions, stored outputs, prose, exercises."""

import base64
import struct
import zlib

from .planting import cell_with, notebook, output_of, replace_in_cell, seen_by

FORECASTER = "notebooks/01_build_the_forecaster.ipynb"
SLICES = "notebooks/02_slice_the_weights.ipynb"
REPLAY = "notebooks/03_replay_the_cell.ipynb"
HEATMAPS = "notebooks/04_draw_heatmaps_and_norms.ipynb"
BIAS = "notebooks/05_set_the_forget_bias.ipynb"
METHODS = "notebooks/06_test_the_methods.ipynb"
HOURS = "notebooks/07_trace_the_past_hours.ipynb"
STATE = "notebooks/08_ask_the_state.ipynb"

# Code and what it shows.


@seen_by(REPLAY)
def scaling_fitted_on_all_years(top):
    """Mean and spread are measured on all years."""
    replace_in_cell(
        top / REPLAY,
        'scaler = data.parts["validation"]["changping"], data.scaler',
        'scaler = data.parts["validation"]["changping"], forecaster.Scaler.fit(forecaster.join('
        "w for part in data.parts.values() for w in part.values()))",
    )


@seen_by(SLICES)
def slice_of_the_wrong_quarter(top):
    """The text's slice of the forget gate cuts out the candidate."""
    replace_in_cell(top / SLICES, "U_f = U[:, units : 2 * units]", "U_f = U[:, 2 * units : -units]")


@seen_by(REPLAY)
def tanh_dropped_from_the_six_lines(top):
    """The last of the six lines has no tanh."""
    replace_in_cell(
        top / REPLAY, "h = o * np.tanh(c)\n    return h, c", "h = o * c\n    return h, c"
    )


@seen_by(HOURS)
def windows_of_four_hours_of_the_day(top):
    """The sample takes every 6th window: they all end at the same four hours of the day."""
    old, new = 'station="changping", every=7, first=0', 'station="changping", every=6, first=0'
    replace_in_cell(top / HOURS, old, new)


@seen_by(HOURS)
def clock_of_other_windows(top):
    """The networks with a clock get the clock of other windows."""
    old, new = (
        "with_clock(w.inputs[..., :0], w)[::7] if",
        "with_clock(w.inputs[..., :0], w)[:len(x)] if",
    )
    replace_in_cell(top / HOURS, old, new)


@seen_by(HOURS)
def hours_of_yesterday_shuffled_one_at_a_time(top):
    """Of the six hours only one is shuffled."""
    old, new = "together=[range(14, 20)]", "together=[range(17, 18)]"
    replace_in_cell(top / HOURS, old, new)


@seen_by(HOURS)
def retrained_without_another_number_of_lags(top):
    """The curve of new networks has the errors without six lags at all points."""
    old, new = "models.without(order[:count])", "models.without(order[:6])"
    replace_in_cell(top / HOURS, old, new)


@seen_by(METHODS)
def signs_averaged_before_sizes(top):
    """The size of the mean stands where the mean size should."""
    replace_in_cell(
        top / METHODS, "mean size {np.abs(at).mean():.2f}", "mean size {abs(at.mean()):.2f}"
    )


@seen_by(HOURS)
def costs_of_readings_of_another_lag(top):
    """The costs that are repeated are those of the hour before the newest."""
    replace_in_cell(top / HOURS, "[[23 * 7 + n] for n", "[[22 * 7 + n] for n")


@seen_by(STATE)
def control_that_is_the_trained_network(top):
    """The untrained network of the probes is the trained one."""
    replace_in_cell(
        top / STATE,
        "lh.replay(network(seed, kind).w, x, keep",
        "lh.replay(network(seed).w, x, keep",
    )


@seen_by(STATE)
def answers_of_the_control_in_their_order(top):
    """The answers that should be dealt out at random stay where they are."""
    old, new = "[rng.permutation(of_part) for of_part in target]", "[of_part for of_part in target]"
    replace_in_cell(top / STATE, old, new)


@seen_by(STATE)
def donors_that_are_the_windows_themselves(top):
    """Each window is its own donor."""
    replace_in_cell(top / STATE, "[[rng.choice(rows) for rows in same]]", "[list(chosen)]")


@seen_by(STATE)
def gates_held_as_in_the_donor(top):
    """The later gates are those of the donor's run."""
    replace_in_cell(
        top / STATE, "patching.patch(own, patching.GATES", "patching.patch(other, patching.GATES"
    )


@seen_by(STATE)
def clock_direction_with_sine_and_cosine_exchanged(top):
    """The cell is pushed by the cosine where the sine moves it."""
    old = "moves = lh.probe((hand, cell), (hand, cell)).weights"
    replace_in_cell(top / STATE, old, old + "[::-1]")


@seen_by(HEATMAPS)
def figure_of_other_data(top):
    """The figure of the weights before training shows those after it, under the same caption."""
    old, new = "plots.gate_heatmaps(born, ", "plots.gate_heatmaps(w, "
    replace_in_cell(top / HEATMAPS, old, new)


@seen_by(HEATMAPS)
def colour_scale_off_centre_in_a_notebook(top):
    """White is not zero in the picture that says so."""
    old, new = "vmin=-most, vmax=most", "vmin=-most / 2, vmax=most"
    replace_in_cell(top / HEATMAPS, old, new)


# Stored outputs.


@seen_by(SLICES)
def digit_of_a_stored_output_changed(top):
    """A number that a cell printed is edited by hand."""
    with notebook(top / SLICES) as read:
        printed = output_of(cell_with(read, "def largest_states_with_shut"), "text")
        assert "quarter 2 at -100: largest h 0.47" in printed.text
        printed.text = printed.text.replace("largest h 0.47", "largest h 0.74")


@seen_by(SLICES)
def caption_out_of_step(top):
    """Caption and alt text of a figure, edited alike, say another number than its data."""
    with notebook(top / SLICES) as read:
        cell = cell_with(read, "plots.order_errors(differences)")
        picture, caption = output_of(cell, "image/png"), output_of(cell, "text/markdown")
        wrong = picture.data["text/plain"].replace("is off by 0.03", "is off by 0.30")
        assert wrong != picture.data["text/plain"]
        picture.data["text/plain"] = caption.data["text/plain"] = wrong
        picture.metadata["image/png"]["alt"] = wrong
        caption.data["text/markdown"] = f"*{wrong}*"


@seen_by("tests/test_notebooks.py")
def alt_text_out_of_step(top):
    """What a screen reader says of a figure is not what its caption says."""
    with notebook(top / SLICES) as read:
        picture = output_of(cell_with(read, "plots.order_errors(differences)"), "image/png")
        picture.metadata["image/png"]["alt"] = "Largest difference for all 23 orders."


def _swap_pictures(top, one, other):
    with notebook(top / HEATMAPS) as read:
        one, other = (output_of(cell_with(read, text), "image/png") for text in (one, other))
        pngs = one.data["image/png"], other.data["image/png"]
        other.data["image/png"], one.data["image/png"] = pngs


@seen_by(HEATMAPS)
def two_pictures_exchanged(top):
    """The heatmaps before and after training stand in each other's place."""
    _swap_pictures(top, "plots.gate_heatmaps(w, ", "plots.gate_heatmaps(born, ")


@seen_by(SLICES)
def picture_replaced(top):
    """A figure is replaced by a grey area of its size."""
    with notebook(top / SLICES) as read:
        picture = output_of(cell_with(read, "plots.array_map("), "image/png")
        header = base64.b64decode(picture.data["image/png"])[16:24]
        picture.data["image/png"] = base64.b64encode(_grey(*struct.unpack(">II", header))).decode()


def _grey(width, height):
    """A PNG file, 8-bit grey."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@seen_by(SLICES)
def picture_that_is_none(top):
    """What is stored as a figure is no image."""
    with notebook(top / SLICES) as read:
        picture = output_of(cell_with(read, "plots.array_map("), "image/png")
        picture.data["image/png"] = base64.b64encode(b"This is no picture.").decode()


# Prose.


@seen_by("tests/test_prose.py")
def percentages_in_the_summary_changed(top):
    """The gain over ridge is 17 to 20 %."""
    replace_in_cell(top / FORECASTER, "by 7 to 10 % (test year", "by 17 to 20 % (test year")


@seen_by("tests/test_prose.py")
def digits_of_a_count_exchanged(top):
    """The network has 5,531 numbers."""
    replace_in_cell(top / FORECASTER, "Its 5,351 numbers", "Its 5,531 numbers")


@seen_by("tests/test_prose.py")
def decimal_in_prose_changed(top):
    """32 ones have the norm 5.76."""
    replace_in_cell(top / HEATMAPS, "have the norm 5.66)", "have the norm 5.76)")


@seen_by("tests/test_prose.py")
def unit_in_prose_changed(top):
    """Half of the cell is left after 103.2 degrees."""
    replace_in_cell(top / BIAS, "after 103.2 hours, with", "after 103.2 °C, with")


@seen_by("tests/test_prose.py")
def given_of_an_exercise_changed(top):
    """The exercise asks about another stretch than its answer is for."""
    replace_in_cell(
        top / FORECASTER, "An unbroken stretch has 1000 hours", "An unbroken stretch has 1200 hours"
    )


@seen_by("tests/test_prose.py")
def reference_to_no_section(top):
    """The text names section 10 and leads to section 1."""
    replace_in_cell(top / HOURS, "table of [section 1](#1.-", "table of [section 10](#1.-")


@seen_by("tests/test_prose.py")
def reference_to_the_wrong_place(top):
    """A link that names section 1 leads to section 6."""
    replace_in_cell(
        top / HOURS,
        "table of [section 1](#1.-Used:-shuffle-one-hour)",
        "table of [section 1](#6.-The-puzzle-of-notebook-05)",
    )


@seen_by("tests/test_prose.py")
def minutes_of_the_opening_changed(top):
    """The notebook says that it takes 30 minutes."""
    replace_in_cell(top / SLICES, "About 40 minutes, exercises", "About 30 minutes, exercises")


# Exercises.


@seen_by("tests/test_notebooks.py")
def solution_unfolded(top):
    """A solution lies open for everyone who scrolls by."""
    with notebook(top / SLICES) as read:
        del cell_with(read, "# Solution of exercise 1.").metadata["jupyter"]


@seen_by("tests/test_notebooks.py")
def stub_solved(top):
    """The cell for the reader's answer holds it."""
    old, new = "units_of_the_colleague = ...", "units_of_the_colleague = 50"
    replace_in_cell(top / SLICES, old, new)


@seen_by("tests/test_exercises.py")
def verdict_left_under_a_stub(top):
    """The output of an exercise's cell is that of its solution."""
    with notebook(top / SLICES) as read:
        stub = cell_with(read, "units_of_the_colleague = ...")
        stub.outputs = cell_with(read, "# Solution of exercise 1.").outputs
