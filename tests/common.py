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


def load_script(path: Path) -> ModuleType:
    """Import a file that lies in no package, as those in data/."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script
