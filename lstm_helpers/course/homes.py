"""Folders outside the checkout: may they be written, and what stands in for those that may not."""

from __future__ import annotations

import os
import sys
import tempfile
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
            place.mkdir()
            moved[variable] = str(place)
    return moved


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
