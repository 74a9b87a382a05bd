"""The general tools from the wheel alone: no checkout, no pandas, no Keras; NumPy, then Matplotlib.

A practitioner's models, which have nothing to do with weather: a pump with a reading every five
minutes (4 units), and a network of 256 units and 100 features.
"""

import importlib.metadata
import inspect
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest
from common import TOP

from lstm_helpers import plots

BUILD = "import sys, setuptools.build_meta as b; print(b.build_wheel(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from what a clone holds."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(TOP / name, source)
    unwanted = shutil.ignore_patterns("__pycache__")
    shutil.copytree(TOP / "lstm_helpers", source / "lstm_helpers", ignore=unwanted)
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-c", BUILD, folder], cwd=source, check=True, capture_output=True
    )
    (found,) = folder.glob("*.whl")
    return found


def needed_by(name, found):
    """The distribution, and what it can't do without."""
    if name in found:
        return
    distribution = importlib.metadata.distribution(name)
    found[name] = distribution
    for requirement in distribution.requires or ():
        if ";" not in requirement:
            needed_by(re.match(r"[\w.-]+", requirement)[0], found)


def environment(folder, wheel, *names):
    """An environment with these packages and the wheel, and nothing else; its Python."""
    venv.create(folder, with_pip=False, symlinks=sys.platform != "win32")
    (site,) = [*folder.glob("lib/python*/site-packages"), *folder.glob("Lib/site-packages")]
    distributions = {}
    for name in names:
        needed_by(name, distributions)
    for distribution in distributions.values():
        for top in {file.parts[0] for file in distribution.files if file.parts[0] != ".."}:
            here = Path(distribution.locate_file(top))
            if here.name != "__pycache__" and not (site / top).exists():
                (site / top).symlink_to(here, target_is_directory=here.is_dir())
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return next(p for p in (folder / "bin/python", folder / "Scripts/python.exe") if p.exists())


def run(python, code, folder):
    return subprocess.run(
        [python, "-I", "-W", "error", "-c", code], cwd=folder, capture_output=True, text=True
    )


GENERAL = """
import sys
import numpy as np
import lstm_helpers as lh

def model(features, units, seed=0):
    rng = np.random.default_rng(seed)
    shapes = ((features, 4 * units), (units, 4 * units), (4 * units,))
    w = lh.LSTMWeights.from_arrays([rng.normal(size=s) / units**0.5 for s in shapes])
    return w, lh.Readout(w, rng.normal(size=units)), rng.normal(size=(6, 36, features))

for w, readout, x in (model(3, 4), model(100, 256)):
    trace = lh.replay(w, x)
    assert np.allclose(trace.hidden[:, -1] @ readout.head[:, 0], readout.forward(x))
    assert set(lh.gate_norms(w)) >= {"W_i", "U_f", "b_o"}
    assert lh.half_life(trace.gates.f).shape == trace.hidden.shape
    assert lh.saliency(readout.gradient, x).shape == x.shape
    found, delta = lh.integrated_gradients(
        readout.gradient, x, return_convergence_delta=True, forward=readout.forward
    )
    assert np.abs(delta).max() < 1e-6
    y = readout.forward(x)
    cost = lh.permutation(lambda z: np.abs(readout.forward(z) - y).mean(), x, together=[[0, 1]])
    assert cost.shape == (1,)
    assert lh.occlusion(readout.forward, x[:1, :4, :3] if w.input_dim == 3 else x[:1, :1]).any()
    assert lh.temporal_profile(found).shape == (36,)
    groups = [range(6), range(6, 36)]
    shares = lh.shapley(readout.forward, x, x[:2, None], together=groups)
    assert np.allclose(shares.sum(axis=1), readout.forward(x) - readout.forward(x[:2]).mean())
    assert lh.temporal_saliency_rescaling(readout.gradient, x[:1, :2]).any(axis=2).all()
back = lh.LSTMWeights.from_arrays(w.to_arrays("keras1"), layout="keras1")
assert np.array_equal(back.kernel.c, w.kernel.c)
"""

PICTURES = """
import matplotlib
matplotlib.use("Agg")
from lstm_helpers import memory, plots

names = ["pressure (bar)", "flow (l/s)", "current (A)"]
start = np.datetime64("2024-03-01T06:00")
times = start + 5 * np.arange(36) * np.timedelta64(1, "m")
for features, units in ((3, 4), (100, 256), (1, 1), (7, 512)):
    w, readout, x = model(features, units)
    trace = lh.replay(w, x)
    own = names if features == 3 else None
    profile = lh.temporal_profile(lh.saliency(readout.gradient, x))
    kept = {"unit 0": memory.retention(trace)[0, ::-1, 0]}
    drawn = [
        plots.gate_heatmaps(w, feature_names=own)[0, 0],
        plots.norm_bars(w),
        plots.gate_distributions(w)[0],
        plots.array_map({"kernel": (features, 4 * units)}),
        plots.gate_trace(trace, x[0], feature_names=own, times=times)[0],
        plots.gate_trace(trace, step="steps of 5 minutes")[0],
        plots.lag_profile(profile, unit="l/s", step="steps of 5 minutes"),
        plots.retention(kept, step="steps of 5 minutes"),
        plots.rank_scatter([1, 2], [2, 1], ["a", "b"], "norm", "cost (l/s)"),
        plots.order_errors({"ifco": 1e-8, "icfo": 0.3}),
        plots.cell_diagram(),
    ]
    for n, ax in enumerate(drawn):
        ax.figure.savefig(f"{features}_{units}_{n}.png")
        matplotlib.pyplot.close(ax.figure)
    texts = [
        # The weights of 512 units don't fit into a page.
        repr(plots.play(readout, x[0], unit="l/s")) if units < 9 else "",
        plots.describe_heatmaps(w, feature_names=own),
        plots.describe_norms(w),
        plots.describe_distributions(w),
        plots.describe_lag_profile(profile, unit="l/s", step="steps of 5 minutes"),
        plots.describe_cell_diagram(),
    ]
    assert not [text for text in texts if "°C" in text or "hour" in text]
    assert "°C" not in drawn[6].get_ylabel()
"""


def loaded(heavy):
    return f"\nprint(*sorted(set(sys.modules) & {heavy!r}))\n"


def test_numbers_need_numpy_alone(wheel, tmp_path):
    python = environment(tmp_path / "env", wheel, "numpy")
    code = GENERAL + loaded({"matplotlib", "pandas", "keras", "tensorflow", "IPython"})
    done = run(python, code, tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "\n")
    refused = run(python, "from lstm_helpers import plots", tmp_path)
    assert "No module named 'matplotlib'" in refused.stderr
    refused = run(python, "import lstm_helpers.course.weather", tmp_path)
    assert "No module named 'pandas'" in refused.stderr


def test_pictures_need_matplotlib_too(wheel, tmp_path):
    python = environment(tmp_path / "env", wheel, "numpy", "matplotlib")
    code = GENERAL + PICTURES + loaded({"pandas", "keras", "tensorflow", "IPython"})
    done = run(python, code, tmp_path)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "\n")
    assert len(list(tmp_path.glob("*.png"))) == 44


def test_pictures_draws_everything_that_plots_can():
    """show needs a notebook, and subplots is what the others draw on."""
    functions = {name for name in plots.__all__ if inspect.isfunction(getattr(plots, name))}
    missing = {name for name in functions if f"plots.{name}(" not in PICTURES}
    assert missing == {"show", "subplots"}


def test_the_wheel_holds_the_package_and_nothing_beside(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top.split("-")[0] for top in tops} == {"lstm_helpers"}
    here = {path.relative_to(TOP).as_posix() for path in (TOP / "lstm_helpers").rglob("*.py")}
    assert here <= set(names)
    # What a living figure runs, and its look.
    assert {"lstm_helpers/plots/living.js", "lstm_helpers/plots/living.css"} <= set(names)
    # Without this file type checkers take the package for untyped.
    assert "lstm_helpers/py.typed" in names
