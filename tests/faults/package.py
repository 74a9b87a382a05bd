"""Faults in the package: arithmetic, names, time, imports."""

from .planting import replace, seen_by

# Names of the arrays.


@seen_by("tests/test_layouts.py")
def two_gates_swapped(top):
    """The forget gate and the candidate have each other's quarter."""
    old, new = '"ifco", "(F, 4H); (H, 4H); (4H,)"', '"icfo", "(F, 4H); (H, 4H); (4H,)"'
    replace(top / "lstm_helpers/layouts.py", old, new)


@seen_by("tests/test_plots.py")
def pictures_name_two_gates_wrongly(top):
    """The panel of the forget gate says candidate, and the other way round."""
    replace(top / "lstm_helpers/layouts.py", '("i", "f", "c", "o")', '("i", "c", "f", "o")')


@seen_by("tests/test_layouts.py")
def old_order_of_keras_1_taken_for_todays(top):
    """Twelve arrays of Keras 1 are named in the order of Keras 3."""
    old, new = '"icfo", "; ".join', '"ifco", "; ".join'
    replace(top / "lstm_helpers/layouts.py", old, new)


@seen_by("tests/test_layouts.py")
def order_of_onnx_taken_for_ours(top):
    """The gates of an ONNX node are named in the order of Keras."""
    old, new = '"iofc", "(1, 4H, F)', '"ifco", "(1, 4H, F)'
    replace(top / "lstm_helpers/layouts.py", old, new)


@seen_by("tests/test_layouts.py")
def recurrent_kernel_transposed(top):
    """Each gate's square of the recurrent kernel comes back transposed."""
    replace(
        top / "lstm_helpers/gates.py",
        "            Gates(**recurrent_kernel),",
        "            Gates(**{gate: array.T for gate, array in recurrent_kernel.items()}),",
    )


@seen_by("tests/test_layers.py")
def forget_bias_set_on_the_input_gate(top):
    """set_forget_bias writes into the first quarter."""
    replace(top / "lstm_helpers/layers.py", "w.bias.f[...] = rounded", "w.bias.i[...] = rounded")


@seen_by("tests/test_keras_tools.py")
def forget_bias_of_a_new_layer_in_the_candidate(top):
    """The initializer puts its number into the third quarter."""
    old, new = "(zeros, forget, zeros, zeros)", "(zeros, zeros, forget, zeros)"
    replace(top / "lstm_helpers/keras_tools/initializer.py", old, new)


@seen_by("tests/test_gates.py")
def spectral_norm_is_the_frobenius_norm(top):
    """gate_norms gives the same for both names."""
    old, new = "np.linalg.norm(array, 2)", 'np.linalg.norm(array, "fro")'
    replace(top / "lstm_helpers/gates.py", old, new)


# Replay and gradient.


@seen_by("tests/test_numpy_lstm.py")
def tanh_dropped_from_the_output(top):
    """The replay's hidden state is o * c."""
    replace(
        top / "lstm_helpers/numpy_lstm.py",
        "        np.multiply(tanh_c, o, out=hidden)",
        "        np.multiply(cell, o, out=hidden)",
    )


@seen_by("tests/test_numpy_lstm.py")
def gates_before_the_sigmoid(top):
    """The trace shows what goes into the sigmoid and calls it the gates."""
    replace(
        top / "lstm_helpers/numpy_lstm.py",
        "    trace = LSTMTrace(Gates(i, f, c, o), cell,",
        "    i, f, o = (np.log(gate / (1 - gate)) for gate in (i, f, o))\n"
        "    trace = LSTMTrace(Gates(i, f, c, o), cell,",
    )


@seen_by("tests/test_numpy_lstm.py")
def mask_ignored(top):
    """The replay works through steps that the mask skips."""
    replace(top / "lstm_helpers/numpy_lstm.py", "if skip is not None:", "if False:")


@seen_by("tests/test_numpy_lstm.py")
def go_backwards_ignored(top):
    """The replay reads from the first step on, whatever the layer says."""
    replace(top / "lstm_helpers/numpy_lstm.py", "    if w.go_backwards:\n", "    if False:\n")


@seen_by("tests/test_numpy_lstm.py")
def initial_state_ignored(top):
    """The replay starts from a hidden state of zeros."""
    replace(
        top / "lstm_helpers/numpy_lstm.py",
        "h[...] = initial_state[0].T",
        "h[...] = 0",
    )


@seen_by("tests/test_patching.py")
def edit_of_the_cell_comes_after_the_hidden_state(top):
    """An edited cell is seen by the next step only, not by the hidden state made from it."""
    path = top / "lstm_helpers/numpy_lstm.py"
    late = '            apply_edit(edit, "cell", step, cell)\n'
    replace(path, late, "            pass\n")
    hidden = '            apply_edit(edit, "hidden", step, hidden)\n'
    replace(path, hidden, late + hidden)


@seen_by("tests/test_patching.py")
def gates_that_are_held_at_one_step_only(top):
    """A patch of several steps ends after the first of them."""
    replace(
        top / "lstm_helpers/patching.py",
        "step in places else value",
        "step == min(places) else value",
    )


@seen_by("tests/test_probing.py")
def probe_scored_on_its_training_data(top):
    """R² is that of the windows on which the probe was fitted."""
    replace(
        top / "lstm_helpers/probing.py",
        "    others, wanted = _pair(",
        "    _pair(",
    )
    replace(
        top / "lstm_helpers/probing.py",
        "    penalty = _checks.finite_number",
        "    others, wanted = states, targets\n    penalty = _checks.finite_number",
    )


@seen_by("tests/test_jacobian.py::test_jacobian_equals_central_differences")
def gradient_not_through_the_forget_gate(top):
    """The backward pass hands the cell's derivative on whole."""
    replace(top / "lstm_helpers/jacobian.py", "        dc *= f[:, None]\n", "")


@seen_by("tests/test_jacobian.py")
def gradient_through_a_masked_step(top):
    """The backward pass lets the hidden state's derivative through a step that is skipped."""
    replace(top / "lstm_helpers/jacobian.py", "np.copyto(dh, kept[0], where=skip)", "pass")


@seen_by("tests/test_memory.py")
def output_gate_of_a_masked_step(top):
    """The cut takes the output gate of the last step, though it may be padding."""
    replace(top / "lstm_helpers/_derivatives.py", "    if trace.mask is None:\n", "    if True:\n")


@seen_by("tests/test_memory.py")
def half_life_in_another_base(top):
    """Steps until 1/e is left, not one half."""
    replace(top / "lstm_helpers/memory.py", "1 / np.log2(gate)", "1 / np.log(gate)")


# Attribution.


@seen_by("tests/test_attribution.py")
def lags_reversed(top):
    """The temporal profile begins with the oldest hour."""
    replace(top / "lstm_helpers/attribution.py", ".mean(axis=0)[::-1].copy()", ".mean(axis=0)")


@seen_by("tests/test_attribution.py")
def lags_of_a_permutation_reversed(top):
    """Permutation by lag begins with the oldest hour."""
    old, new = "return [(some, ", "return [([time - 1 - lag for lag in some], "
    replace(top / "lstm_helpers/_lags.py", old, new)


@seen_by("tests/test_attribution.py")
def baseline_ignored(top):
    """Integrated gradients multiply by the input, not by what was added to the baseline."""
    old, new = "shares[node], gradients, distance)", "shares[node], gradients, start + distance)"
    replace(top / "lstm_helpers/attribution.py", old, new)


@seen_by("tests/test_attribution.py")
def baseline_of_occlusion_ignored(top):
    """Occlusion puts zeros in, whatever was asked for."""
    old, new = "copy[:, *place] = replacements[sample, part][:, *place]", "copy[:, *place] = 0"
    replace(top / "lstm_helpers/attribution.py", old, new)


@seen_by("tests/test_attribution.py")
def groups_ignored(top):
    """Permutation shuffles over all windows, across the groups."""
    old, new = "_lags.partners(number, has[:, lags])", "_lags.partners(0 * number, has[:, lags])"
    replace(top / "lstm_helpers/attribution.py", old, new)


@seen_by("tests/test_attribution.py")
def completeness_always_zero(top):
    """The delta of integrated gradients says that nothing is missing, whatever is."""
    replace(
        top / "lstm_helpers/attribution.py",
        "delta = attributions.sum(axis=(1, 2)) - difference",
        "delta = 0 * difference",
    )


# Weather and forecaster.


@seen_by("tests/test_weather.py::test_wind_blows_away_from_its_name")
def wind_turned_round(top):
    """A west wind counts as one that blows to the west."""
    replace(
        top / "lstm_helpers/course/weather.py",
        "-speed * np.sin(radians)",
        "speed * np.sin(radians)",
    )


@seen_by("tests/test_weather.py")
def long_gaps_filled(top):
    """A straight line is drawn through gaps of any length."""
    replace(top / "lstm_helpers/course/weather.py", "(gap & (length <= max_gap))", "gap")


@seen_by("tests/test_forecaster.py")
def horizon_off_by_one(top):
    """The target lies an hour too early."""
    old, new = "values[newest + horizon :]", "values[newest + horizon - 1 :]"
    replace(top / "lstm_helpers/course/windowing.py", old, new)


@seen_by("tests/test_forecaster.py")
def training_years_moved(top):
    """The training years reach into the validation year."""
    old, new = '"2015-02-28 23:00"),\n    "validation"', '"2015-08-31 23:00"),\n    "validation"'
    replace(top / "lstm_helpers/course/forecaster.py", old, new)


@seen_by("tests/test_forecaster.py")
def change_scaled_by_the_readings(top):
    """The scaler divides changes by the spread of the readings."""
    old, new = "(change / self.change_std).astype", "(change / self.std).astype"
    replace(top / "lstm_helpers/course/forecaster.py", old, new)


@seen_by("tests/test_forecaster.py")
def climatology_of_the_wrong_hour(top):
    """The typical value is looked up at the hour of the newest reading, not of the target."""
    replace(
        top / "lstm_helpers/course/baselines.py",
        "        when = w.target_times\n        return self.table",
        "        when = w.times\n        return self.table",
    )


@seen_by("tests/test_forecaster.py")
def clock_missing(top):
    """Ridge with clock is given a clock that stands still."""
    old, new = "*([clock_features(w)] if clock", "*([0 * clock_features(w)] if clock"
    replace(top / "lstm_helpers/course/baselines.py", old, new)


# Figures, exercises, imports.


@seen_by("tests/test_plots.py::test_a_forget_bias_of_1_pales_no_kernel")
def bias_sets_the_colour_scale(top):
    """A forget bias of 1 pales both kernels again."""
    old, new = (
        "return largest_entry([*w.kernel, *w.recurrent_kernel])",
        "return largest_entry([*w.kernel, *w.recurrent_kernel, *(w.bias or ())])",
    )
    replace(top / "lstm_helpers/plots/weights.py", old, new)


@seen_by("tests/test_house.py")
def an_arrow_that_points_up(top):
    """A general tool imports the course."""
    old = "import numpy as np\n"
    new = f"{old}\nfrom lstm_helpers.course import weather  # noqa: F401\n"
    replace(top / "lstm_helpers/readout.py", old, new)


@seen_by("tests/test_readout.py")
def bias_of_a_readout_forgotten(top):
    """What the head adds to the last hidden state is left out."""
    old, new = " + self.w.dtype.type(self.bias)", ""
    replace(top / "lstm_helpers/readout.py", old, new)


@seen_by("tests/test_attribution.py")
def together_shuffled_one_by_one(top):
    """Lags that were to come from one other window are shuffled each by itself."""
    old, new = "order[rows]\n", "order[(rows + chosen[:, None]) % len(order)]\n"
    replace(top / "lstm_helpers/attribution.py", old, new)


@seen_by("tests/test_attribution.py")
def padding_takes_the_baseline(top):
    """Integrated gradients begin at the baseline where there is padding too."""
    old = "start = np.where(padding[part], inputs[part], starts[sample, part])"
    replace(top / "lstm_helpers/attribution.py", old, "start = starts[sample, part]")


@seen_by("tests/test_attribution.py")
def lags_counted_from_the_end_of_the_array(top):
    """The last step is lag 0, though it be padding."""
    old, new = (
        "last = time - 1 - real[:, ::-1].argmax(axis=1)",
        "last = np.full(len(real), time - 1)",
    )
    replace(top / "lstm_helpers/_lags.py", old, new)


@seen_by("tests/test_attribution.py")
def rows_of_other_windows(top):
    """A copy of a window gets the row of another one."""
    old, new = "np.tile(np.arange(part", "np.repeat(np.arange(part"
    replace(top / "lstm_helpers/_calls.py", old, new)


@seen_by("tests/test_shapley_values.py")
def shapley_values_weigh_all_sets_alike(top):
    """A set of each size counts the same, as in the value of Banzhaf."""
    old, new = "1 / (n * math.comb(n - 1, size))", "1 / 2 ** (n - 1)"
    replace(top / "lstm_helpers/shapley_values.py", old, new)


@seen_by("tests/test_shapley_values.py")
def orders_walked_one_way_only(top):
    """The way back is the way there once more."""
    old, new = "np.concatenate([first, ~first])", "np.concatenate([first, ~first[::-1, ::-1]])"
    replace(top / "lstm_helpers/shapley_values.py", old, new)


@seen_by("tests/test_shapley_values.py")
def samples_of_baselines_share_one_spread(top):
    """The standard error forgets that the mean is over several samples of the baselines."""
    old, new = "each * samples**2", "each * samples"
    replace(top / "lstm_helpers/shapley_values.py", old, new)


@seen_by("tests/test_rescaling.py")
def rescaling_sees_one_step_of_the_map(top):
    """The change is taken at the replaced step, not over the whole map."""
    old = "sums = np.where(padding[row], 0, changes).sum(axis=(1, 2), dtype=float)"
    replace(top / "lstm_helpers/rescaling.py", old, "sums = changes[each, step].sum(axis=1)")


@seen_by("tests/test_rescaling.py")
def rescaling_asks_features_everywhere(top):
    """The quantile is not used."""
    old, new = "asked = real & (of_step.squeeze(2) >= limits[:, None])", "asked = real"
    replace(top / "lstm_helpers/rescaling.py", old, new)


@seen_by("tests/test_plots.py::test_one_scale_with_zero_in_its_middle_serves_all_panels")
def colour_scale_not_centred(top):
    """White is not zero in the heatmaps of gates."""
    old, new = "                vmin=-limit,\n", "                vmin=-limit / 2,\n"
    replace(top / "lstm_helpers/plots/weights.py", old, new)


@seen_by("notebooks/02_slice_the_weights.ipynb")
def muted_bars_in_magenta(top):
    """A colour of the house changes, and every figure with it."""
    replace(top / "lstm_helpers/plots/figure.py", '"#D55E00", "#8C8C8C"', '"#D55E00", "#FF00FF"')


@seen_by("tests/test_exercises.py")
def every_answer_right(top):
    """The check of an exercise accepts whatever it is given."""
    replace(
        top / "lstm_helpers/course/exercises.py",
        "return any(_distance(given, target) <= exercise.within for target in targets)",
        "return True",
    )


@seen_by("tests/test_exercises.py")
def number_of_a_usual_mistake_changed(top):
    """The mistake of forgetting the biases has another number than it leads to."""
    old, new = "Wrong(4 * (10 + 64) * 64, ", "Wrong(4 * (12 + 64) * 64, "
    replace(top / "lstm_helpers/course/exercises.py", old, new)


@seen_by("tests/test_import.py::test_the_package_loads_nothing_heavy")
def import_loads_tensorflow(top):
    """Importing the package imports Keras."""
    old = "from lstm_helpers._quiet import quiet\n"
    replace(top / "lstm_helpers/__init__.py", old, f"{old}import keras\n")


@seen_by("tests/test_import.py::test_the_package_loads_nothing_heavy")
def gates_need_pandas(top):
    """The names of the arrays come with pandas."""
    old = "import numpy as np\n"
    replace(top / "lstm_helpers/gates.py", old, f"{old}import pandas as pd\n")


# Living figures. Those of the script are seen where a Chromium is installed.


@seen_by("tests/test_play.py")
def the_script_swaps_two_gates(top):
    """In the browser the input gate multiplies the old cell and the forget gate the candidate."""
    replace(
        top / "lstm_helpers/plots/living.js",
        "gates.f[u] * old + gates.i[u] * gates.c[u]",
        "gates.i[u] * old + gates.f[u] * gates.c[u]",
    )


@seen_by("tests/test_play.py")
def the_script_moves_another_bias(top):
    """The slider of the forget bias moves the bias of the output gate."""
    replace(top / "lstm_helpers/plots/living.js", '(gate === "f" ? more', '(gate === "o" ? more')


@seen_by("tests/test_play.py")
def names_can_end_the_script_of_a_living_figure(top):
    """A feature called </script> ends the script in which the names stand."""
    replace(top / "lstm_helpers/plots/living.py", "{_without_tags(lines)}", "{lines}")


@seen_by("tests/test_play.py")
def a_living_figure_changes_with_the_processor(top):
    """The window stands in the figure with all its digits."""
    old, new = "_rounded(x), _rounded(means)", "x, _rounded(means)"
    replace(top / "lstm_helpers/plots/living.py", old, new)
