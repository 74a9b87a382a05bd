"""Living figures: the script beside NumPy in a real browser, the page, the still picture."""

import html
import json
import re
import shutil
import subprocess
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pytest
from common import DATA, normal, random_weights
from nbformat.v4 import new_code_cell, new_notebook, new_output

import lstm_helpers as lh
from lstm_helpers import plots
from lstm_helpers._activations import ACTIVATIONS
from lstm_helpers.course import forecaster, models, pages
from lstm_helpers.numpy_lstm import SIGNALS
from lstm_helpers.plots import living

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def in_double(w, **changes):
    """The same weights in double precision, with another forget bias if it is given."""
    arrays = [array.astype("float32").astype(float) for array in w.to_arrays()]
    if changes:
        third = np.split(arrays[2], 4)
        third[1] = third[1] + changes["more"]
        arrays[2] = np.concatenate(third)
    options = {name: getattr(w, name) for name in ("activation", "recurrent_activation")}
    return lh.LSTMWeights.from_arrays(arrays, **options)


def signals(trace):
    """Name -> (batch, time, units)."""
    return {**trace.gates._asdict(), "cell": trace.cell, "hidden": trace.hidden}


# The page: the course's forecaster, and small networks with every activation. They stand on one
# page, so each must leave the others alone.

COURSE = forecaster.load_data(DATA)
READOUT = models.load_readout(DATA, COURSE.scaler)
# Every 83rd: 83 and 24 have no common divisor, so all hours of the day come up.
WINDOWS = COURSE.scaled("validation", "changping", every=83)[:100]
NAMES = ["temperature (°C)", *"abcdef"]
PAIRS = [(name, "sigmoid") for name in ACTIVATIONS] + [("tanh", name) for name in ACTIVATIONS]


def course_figure(**options):
    scaler = COURSE.scaler
    given = {"mean": scaler.mean, "std": scaler.std, "feature_names": NAMES}
    given |= {"output_name": "change", "unit": "°C", "step": "hours"} | options
    return plots.play(READOUT, WINDOWS[0], **given)


def small(activation, recurrent_activation, bias=True, seed=0):
    """A readout of three units and windows for it."""
    rng = np.random.default_rng(seed)
    w = random_weights(
        rng, draw=normal, dtype="float32", scale=0.7, bias=bias,
        activation=activation, recurrent_activation=recurrent_activation,
    )  # fmt: skip
    return lh.Readout(w, rng.normal(size=3), 0.25), rng.normal(size=(4, 6, 2)).astype("float32")


SMALL = [small(*pair, seed=n) for n, pair in enumerate(PAIRS)] + [small("tanh", "sigmoid", False)]

HARNESS = """
const before = BEFORE;
const found = {};
const figures = [...document.querySelectorAll(".lstm-play")];
const sent = INPUTS;
// The networks, on windows of ours.
found.runs = figures.map((figure, n) => sent[n].map((window) => {
  const {output, ...all} = figure.lstm.run(window);
  return {output, last: [...all.hidden.at(-1)]};
}));
const plain = (all) => Object.fromEntries(
  Object.entries(all).map(([name, steps]) =>
    [name, steps.map ? steps.map((one) => [...one]) : steps])
);
found.traces = figures.map((figure, n) => plain(figure.lstm.run(sent[n][0])));
found.shut = ["i", "f", "o"].map((gate) => plain(figures[0].lstm.run(sent[0][0], 0, [gate])));
found.moved = plain(figures[0].lstm.run(sent[0][0], 1.75));
// What a reader meets, on the first figure, and what it does.
const figure = figures[0];
const sentence = () => figure.querySelector("[aria-live=polite]").textContent;
const drawn = () => [...figure.querySelectorAll(".panels svg")].map((svg) =>
  [...svg.querySelectorAll("path:not(.mark)")].map((path) => path.getAttribute("d")));
const [back, pull, keep] = figure.querySelectorAll("input[type=range]");
const buttons = [...figure.querySelectorAll("button")];
const slide = (input, value) => { input.value = value; input.dispatchEvent(new Event("input")); };
found.start = {sentence: sentence(), drawn: drawn(), pull: pull.getAttribute("aria-valuetext")};
found.controls = [...figure.querySelectorAll("input, select, button")].map((control) => ({
  tag: control.tagName, text: control.textContent,
  label: control.labels[0]?.querySelector("span").textContent,
  focus: control.tabIndex, quiet: control.hasAttribute("data-lm-suppress-shortcuts"),
}));
found.shown = [...figure.children].map((one) => [one.tagName, getComputedStyle(one).display]);
found.pictures = [...figure.querySelectorAll("[role=img]")]
  .map((one) => one.getAttribute("aria-label"));
slide(back, back.max - 17);
slide(pull, 5);
found.pulled = {sentence: sentence(), back: back.getAttribute("aria-valuetext"),
  pull: pull.getAttribute("aria-valuetext"), drawn: drawn()};
slide(keep, 2.5);
found.kept = sentence();
buttons[1].click();
found.pressed = {sentence: sentence(),
  state: buttons.map((one) => one.getAttribute("aria-pressed"))};
buttons[3].click();
found.reset = {sentence: sentence(), drawn: drawn()};
found.other = figures[1].querySelector("[aria-live=polite]").textContent;
found.leaked = Object.keys(window).filter((name) => !before.includes(name));
document.getElementById("found").textContent = JSON.stringify(found);
"""


def page_text():
    parts = [course_figure(lag=3), *(plots.play(readout, x[0]) for readout, x in SMALL)]
    inputs = [WINDOWS.tolist(), *(x.tolist() for _, x in SMALL)]
    script = HARNESS.replace("INPUTS", json.dumps(inputs)).replace("BEFORE", "namesBefore")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>figures</title>'
        "<script>var namesBefore; namesBefore = Object.keys(window)</script>"
        + "".join(part.html for part in parts)
        + f'<pre id="found"></pre><script>(() => {{{script}}})()</script></html>'
    )


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the page above says of itself in a real browser."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip(f"no browser here: none of {', '.join(BROWSERS)}")
    folder = tmp_path_factory.mktemp("page")
    (folder / "page.html").write_text(page_text(), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder}/profile"]
    done = subprocess.run(
        [browser, *options, "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True, text=True, encoding="utf-8", timeout=300, check=True,
    )  # fmt: skip
    said = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)[1]
    assert said, "the script of the page stopped"
    return json.loads(html.unescape(said))


def test_javascript_equals_numpy_on_100_windows(found):
    assert len(WINDOWS) == 100
    outputs = [run["output"] for run in found["runs"][0]]
    last = [run["last"] for run in found["runs"][0]]
    assert np.abs(outputs - READOUT.forward(WINDOWS)).max() < 1e-5  # °C
    assert np.abs(last - lh.replay(READOUT.w, WINDOWS).hidden[:, -1]).max() < 1e-5
    # In double precision nothing is left but the last digits.
    exact = lh.Readout(in_double(READOUT.w), READOUT.head.astype(float), READOUT.bias)
    assert np.abs(outputs - exact.forward(WINDOWS.astype(float))).max() < 1e-6
    assert np.ptp(outputs) > 5


def test_each_signal_is_that_of_replay(found):
    for (readout, x), trace in zip([(READOUT, WINDOWS), *SMALL], found["traces"], strict=True):
        w = readout.w if readout.w.bias is None else in_double(readout.w)
        for name, signal in signals(lh.replay(w, x[:1])).items():
            assert np.abs(signal[0] - trace[name]).max() < (1e-6 if w.bias is None else 1e-9), name


@pytest.mark.parametrize("number", range(len(SMALL)), ids=[*map("-".join, PAIRS), "no bias"])
def test_every_activation_is_that_of_replay(found, number):
    readout, x = SMALL[number]
    outputs = [run["output"] for run in found["runs"][1 + number]]
    assert np.abs(outputs - readout.forward(x)).max() < 1e-5 * max(1, np.abs(outputs).max())


def test_a_shut_gate_and_another_forget_bias_are_those_of_replay(found):
    x = WINDOWS[:1].astype(float)
    for gate, trace in zip("ifo", found["shut"], strict=True):

        def shut(signal, step, value, gate=gate):
            return np.zeros_like(value) if signal == gate else value

        for name, signal in signals(lh.replay(in_double(READOUT.w), x, edit=shut)).items():
            assert np.abs(signal[0] - trace[name]).max() < 1e-9, (gate, name)
    moved = lh.replay(in_double(READOUT.w, more=1.75), x)
    for name, signal in signals(moved).items():
        assert np.abs(signal[0] - found["moved"][name]).max() < 1e-9, name


def test_signals_are_all_compared():
    assert set(signals(lh.replay(READOUT.w, WINDOWS[:1]))) == set(SIGNALS)


def forecast(changed=None, more=0.0, gate=None):
    """What NumPy says of the first window, with 17 hours before its newest reading changed."""
    x = WINDOWS[:1].astype(float)
    x[0, -1 - 17, 0] += (changed or 0) / COURSE.scaler.std[0]

    def edit(signal, step, value):
        return np.zeros_like(value) if signal == gate else value

    trace = lh.replay(in_double(READOUT.w, more=more), x, edit=edit)
    return (trace.hidden[0, -1] @ READOUT.head[:, 0] + READOUT.bias).item()


def test_the_sentence_follows_what_the_reader_does(found):
    as_it_was = f"{forecast():.2f} °C."
    assert found["start"]["sentence"] == f"change: {as_it_was}"
    # Five small steps of the temperature: 1 °C, about a tenth of its standard deviation.
    assert found["pulled"]["back"] == "lag 17"
    real = WINDOWS[0, -1 - 17, 0] * COURSE.scaler.std[0] + COURSE.scaler.mean[0]
    assert found["pulled"]["pull"] == (
        f"temperature (°C), lag 17: {real + 5:.1f} (changed by +5.0)"
    )
    before, changed = f" As it was: {as_it_was} Changed: ", "1 reading"
    assert found["pulled"]["sentence"] == f"change: {forecast(5):.2f} °C.{before}{changed}."
    changed += ", forget bias by +2.50"
    assert found["kept"] == f"change: {forecast(5, 2.5):.2f} °C.{before}{changed}."
    changed += ", forget gate shut"
    said = f"change: {forecast(5, 2.5, 'f'):.2f} °C.{before}{changed}."
    assert found["pressed"]["sentence"] == said
    assert found["pressed"]["state"] == ["false", "true", "false", None]
    assert len({forecast(), forecast(5), forecast(5, 2.5), forecast(5, 2.5, "f")}) == 4
    assert found["reset"]["sentence"] == found["start"]["sentence"]
    assert found["reset"]["drawn"] == found["start"]["drawn"] != found["pulled"]["drawn"]


def test_figures_of_a_page_leave_each_other_alone_and_no_name_behind(found):
    first = lh.Readout(in_double(SMALL[0][0].w), SMALL[0][0].head, 0.25).forward(SMALL[0][1][:1])
    assert float(re.fullmatch(r"output: (.+)\.", found["other"])[1]) == pytest.approx(
        first.item(), abs=1e-2
    )
    assert found["leaked"] == []


def test_every_control_has_a_label_and_takes_the_keyboard(found):
    controls = found["controls"]
    assert [control["tag"] for control in controls] == ["SELECT", *["INPUT"] * 3, *["BUTTON"] * 4]
    assert all(control.get("label") or control["tag"] == "BUTTON" for control in controls)
    assert all(control["text"] for control in controls if control["tag"] == "BUTTON")
    assert all(control["focus"] == 0 for control in controls)
    assert all(control["quiet"] for control in controls)  # JupyterLab takes no key from them
    # The reading, four gates and the cell say what they show, with a number.
    assert len(found["pictures"]) == 6
    assert all(re.search(r"\d", label) for label in found["pictures"])


def test_the_script_replaces_the_still_picture(found):
    display = dict(found["shown"])
    assert display["IMG"] == display["FIGCAPTION"] == "none"
    assert display["DIV"] != "none"


def test_the_script_draws_what_python_drew(found):
    x = WINDOWS[:1].astype(float)
    data = data_of(course_figure(lag=3))
    trace = lh.replay(in_double(READOUT.w), x)
    for drawn, name in zip(found["start"]["drawn"], ("i", "f", "c", "o", "cell"), strict=True):
        signal, limit = signals(trace)[name], data["limit"] if name == "cell" else 1
        paths = [path for _, path in living._shades(signal[0], data["rows"], limit)]
        assert drawn == paths
        assert all(path in picture_of(course_figure()) for path in paths)


# The figure as a text.


def data_of(figure):
    return json.loads(
        re.search(r'(?s)<script type="application/json">(.*?)</script>', figure.html)[1]
    )


def picture_of(figure):
    """The still picture, an SVG."""
    return unquote(html.unescape(re.search(r'src="data:image/svg\+xml,([^"]*)"', figure.html)[1]))


def test_the_same_arguments_give_the_same_bytes():
    assert course_figure().html == course_figure().html
    assert course_figure().html != course_figure(lag=3).html


def test_rounding_of_another_processor_gives_the_same_bytes():
    """What is computed before the call may differ in its last digits; stored weights do not."""
    scaler = COURSE.scaler
    up = 1 + 4e-16
    moved = course_figure(mean=scaler.mean * up, std=scaler.std * up)
    assert moved.html == course_figure().html
    same = plots.play(READOUT, WINDOWS[0].astype(float))
    assert plots.play(READOUT, WINDOWS[0].astype(float) * up).html == same.html


def test_it_displays_in_jupyter_and_says_what_it_shows():
    figure = course_figure()
    shown = figure._repr_mimebundle_()
    assert shown == {"text/html": figure.html, "text/plain": repr(figure)}
    trace = lh.replay(READOUT.w, WINDOWS[:1])
    means = [signal[0, -1].mean() for signal in (*trace.gates, trace.cell)]
    i, f, c, o, cell = (f"{mean:.2f}" for mean in means)
    assert repr(figure) == (
        f"32 units read 24 hours of 7 readings; change: {forecast():.2f} °C. Mean of all units at "
        f"lag 0: input gate {i}, forget gate {f}, candidate {c}, output gate {o}, cell {cell}."
    )
    assert f'<img alt="{figure!r}"' in figure.html
    assert f"<figcaption>{figure!r}" in figure.html


def test_weights_are_inside_bit_for_bit_and_it_is_small():
    figure = course_figure()
    assert len(figure.html.encode()) < 100_000
    data = data_of(figure)
    stored = np.frombuffer(living.base64.b64decode(data["recurrent_kernel"]["f"]), "<f4")
    assert np.array_equal(stored.reshape(32, 32), READOUT.w.recurrent_kernel.f)
    assert np.abs(np.array(data["window"]) / WINDOWS[0] - 1).max() < 1e-6


def test_it_fetches_nothing_and_holds_no_png():
    text = course_figure().html + picture_of(course_figure())
    addresses = set(re.findall(r"\w+://[^\s'\"]+", text))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, not an address
    assert "image/png" not in text
    assert not re.search(r"\b(import|fetch|XMLHttpRequest|@import|url)\s*\(", text)


def test_an_exported_page_holds_it_unchanged():
    """nbconvert parses the page and writes it anew: script, data and picture must survive that."""
    figure = course_figure(output_name=EVIL)
    output = new_output("execute_result", figure._repr_mimebundle_(), execution_count=1)
    notebook = new_notebook(cells=[new_code_cell("play()", outputs=[output], execution_count=1)])
    page, _ = pages.exporter().from_notebook_node(notebook)
    scripts = re.findall(r"(?s)<script[^>]*>.*?</script>", figure.html)
    assert len(scripts) == 2
    assert all(script in page for script in scripts)
    assert re.search(r'src="(data:image/svg[^"]*)"', figure.html)[1] in page


EVIL = """</script><script>alert('1')</script> & "x" <b>"""


def test_names_are_escaped():
    readout, x = SMALL[0]
    figure = plots.play(
        readout, x[0], feature_names=[EVIL, "b"], output_name=EVIL, unit="<u>", step=EVIL
    )
    assert figure.html.count("<script") == figure.html.count("</script>") == 2
    assert "alert('1')</script>" not in figure.html
    assert "<b>" not in figure.html
    data = data_of(figure)
    assert data["names"] == [EVIL, "b"]
    assert (data["output_name"], data["unit"], data["step"]) == (EVIL, "<u>", EVIL)
    assert html.escape(repr(figure)) in figure.html
    drawn = ElementTree.fromstring(picture_of(figure))
    assert EVIL in [element.text for element in drawn.iter()]


def test_the_still_picture_is_well_formed_and_holds_the_readings():
    figure = course_figure(feature=0)
    assert not set(re.search(r'src="data:image/svg\+xml,([^"]*)"', figure.html)[1]) & set('<>#"')
    drawn = ElementTree.fromstring(picture_of(figure))
    (line,) = (one for one in drawn.iter() if one.tag.endswith("polyline"))
    heights = [float(point.split(",")[1]) for point in line.get("points").split()]
    assert np.corrcoef(heights, WINDOWS[0, :, 0])[0, 1] < -0.999  # up is less in an SVG


def test_a_forget_bias_that_all_units_share_is_named_by_its_value():
    w = lh.LSTMWeights.from_arrays(
        [np.ones((2, 12)), np.zeros((3, 12)), np.repeat([0, 1.0, 0, 0], 3)]
    )
    data = data_of(plots.play(lh.Readout(w, np.ones(3)), np.zeros((4, 2))))
    assert (data["forget"], data["forget_range"]) == (1, [-5, 7])
    assert data["forget_label"] == "forget bias of all units"
    assert data_of(course_figure())["forget_label"] == "added to every forget bias"


def test_of_a_large_layer_some_units_are_drawn_and_all_are_computed():
    rng = np.random.default_rng(0)
    w = random_weights(rng, units=64, features=10, dtype="float32", scale=0.2)
    readout, x = lh.Readout(w, np.ones(64)), rng.normal(size=(24, 10))
    figure = plots.play(readout, x)
    data = data_of(figure)
    assert len(set(data["rows"])) == 32
    assert "32 of 64 drawn" in data["note"]
    assert f"output: {readout.forward(x[None].astype('f4'))[0]:.1f}" in repr(figure)
    assert len(figure.html.encode()) < living.MOST_BYTES


def test_too_much_for_a_page_is_refused():
    rng = np.random.default_rng(0)
    w = random_weights(rng, units=128, features=3, dtype="float32")
    with pytest.raises(ValueError, match=r"^expected .* at most 200000 bytes, got \d+: 128 units"):
        plots.play(lh.Readout(w, np.ones(128)), np.zeros((24, 3)))


@pytest.mark.parametrize(
    ("size", "step"), [(1.14, 1), (1.0, 1), (0.99, 0.5), (0.0163, 0.01), (25, 20), (1e-9, 1e-9)]
)
def test_small_steps_are_round(size, step):
    assert living._nice(size) == step
