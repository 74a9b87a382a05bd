"""Folders outside the checkout: may they be written, do they count, and what stands in for them."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path


def can_write(folder: Path) -> bool:
    """Whether files can be made in a folder, or in the one in which it would have to be made."""
    while not os.path.lexists(folder) and folder != folder.parent:
        folder = folder.parent
    try:
        # A try is the only answer that holds: of permissions, a read-only disk, Windows.
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True


def settings(spare: Path) -> dict[str, str]:
    """Environment variables for what Jupyter, IPython and Matplotlib could not write otherwise.

    Parameters
    ----------
    spare : Path
        A folder that can be written, for those whose own can't.

    Returns
    -------
    dict
        Empty where all can be written, which is nearly everywhere.
    """
    moved = {}
    for variable, folders in _folders().items():
        if not all(can_write(folder) for folder in folders):
            place = spare / variable.lower()
            place.mkdir(exist_ok=True)
            moved[variable] = str(place)
    return moved


def neutral(folder: Path) -> dict[str, str]:
    """Environment variables with which a run is the same whatever its user has set.

    Of the programs that the course runs in: a ``matplotlibrc`` or ``InlineBackend`` of one's own
    draws other figures, a start-up file of IPython prints, another backend of Keras trains
    otherwise. Matplotlib's list of fonts goes there too: a program that outlived its installation
    can have written one in which fonts are missing.

    Parameters
    ----------
    folder : Path
        Where each starts with nothing set; what they write goes there.
    """
    names = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "KERAS_HOME", "MPLCONFIGDIR")
    places = {name: folder / name.lower() for name in names}
    for place in places.values():
        place.mkdir(exist_ok=True)
    return {name: str(place) for name, place in places.items()} | {"KERAS_BACKEND": "tensorflow"}


@contextlib.contextmanager
def environment(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for as long as it lasts."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _folders() -> dict[str, list[Path]]:
    """The variable that moves them, and the folders that are written where it is not set."""
    from jupyter_core import paths

    home = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home() may raise an error)
    ipython = Path(os.environ.get("IPYTHONDIR") or home / ".ipython")
    if os.environ.get("MPLCONFIGDIR"):
        matplotlib = [Path(os.environ["MPLCONFIGDIR"])]
    elif sys.platform.startswith(("linux", "freebsd")):
        config = Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config")
        cache = Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache")
        matplotlib = [config / "matplotlib", cache / "matplotlib"]
    else:
        matplotlib = [home / ".matplotlib"]
    return {
        "JUPYTER_CONFIG_DIR": [Path(paths.jupyter_config_dir())],
        "JUPYTER_DATA_DIR": [Path(paths.jupyter_data_dir())],
        "JUPYTER_RUNTIME_DIR": [Path(paths.jupyter_runtime_dir())],
        "IPYTHONDIR": [ipython],
        "MPLCONFIGDIR": matplotlib,
    }
