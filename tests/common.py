"""What several tests need: the folders, weights drawn at random, the scripts in data/.

Plain functions in a module and not fixtures in a conftest.py: ``make mutate`` runs the unit tests
without one.
"""

import importlib.util
import os
import re
from pathlib import Path
from types import ModuleType

import numpy as np

import lstm_helpers as lh

TOP = Path(__file__).resolve().parent.parent
DATA = TOP / "data"
OPTIONAL = {"lstm_helpers.torch_tools": "torch"}
"""Rooms that need what only the oracle extra installs."""
NOTEBOOKS = sorted((TOP / "notebooks").glob("*.ipynb"))


def glorot(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """A matrix as Keras draws it, or a small random bias."""
    limit = np.sqrt(6 / sum(shape)) if len(shape) == 2 else 0.5
    return rng.uniform(-limit, limit, shape)


def normal(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Large weights: gates that open and close."""
    return rng.normal(size=shape)


def random_arrays(rng, units=3, features=2, *, draw=normal, dtype="float64", scale=1.0, bias=True):
    """The arrays of an LSTM as Keras stores them: three, or two without bias."""
    shapes = [(features, 4 * units), (units, 4 * units), (4 * units,)][: 3 if bias else 2]
    return [(scale * draw(rng, shape)).astype(dtype) for shape in shapes]


def random_weights(
    rng, units=3, features=2, *, draw=normal, dtype="float64", scale=1.0, bias=True, **options
):
    """The same as LSTMWeights; options are those of the layer, as ``activation``."""
    arrays = random_arrays(rng, units, features, draw=draw, dtype=dtype, scale=scale, bias=bias)
    return lh.LSTMWeights.from_arrays(arrays, **options)


def can_import(room: str) -> bool:
    """False only for a room of OPTIONAL whose library is not installed."""
    return room not in OPTIONAL or importlib.util.find_spec(OPTIONAL[room]) is not None


def environment_without_make() -> dict[str, str]:
    """Ours, without what a make around the tests was told, and without that there is one."""
    read = re.findall(r"\$\(([A-Z]+)\)", (TOP / "Makefile").read_text(encoding="utf-8"))
    around = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", *read} - {"OS"}
    return {name: value for name, value in os.environ.items() if name not in around}


def settings_of_a_user(home: Path) -> dict[str, str]:
    """A home in which much is set, and the environment variables that lead there."""
    every = "c.InteractiveShell.ast_node_interactivity = 'all'"
    files = {
        ".config/matplotlib/matplotlibrc": "lines.linewidth: 6",
        ".ipython/profile_default/startup/00.py": "print('my own start')",
        ".ipython/profile_default/ipython_config.py": every,
        ".jupyter/jupyter_nbconvert_config.py": "c.TemplateExporter.exclude_input = True",
        ".keras/keras.json": '{"floatx": "float64", "backend": "jax"}',
    }
    for name, text in files.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "MPLCONFIGDIR": str(home / ".config" / "matplotlib"),
        "IPYTHONDIR": str(home / ".ipython"),
        "JUPYTER_CONFIG_DIR": str(home / ".jupyter"),
        "KERAS_HOME": str(home / ".keras"),
        "KERAS_BACKEND": "jax",
    }


SEEN = """\
import keras, matplotlib
"an expression in the midst"
print(keras.backend.backend(), keras.backend.floatx(), matplotlib.rcParams["lines.linewidth"])
"""
"""A cell that prints what a user's settings would change, and what it prints without them."""
SEEN_WITHOUT = "tensorflow float32 1.5\n"


def load_script(path: Path) -> ModuleType:
    """Import a file that lies in no package, as those in data/."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script
