"""For every test run, started by make or not: what pyproject.toml can't say."""

import os
import tempfile
from pathlib import Path

import pytest

# One thread each for NumPy, in the kernels of the notebooks too: the matrices are small, and where
# cores are busy, threads that wait for each other take ten times as long as one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch's
os.environ.setdefault("PYTHONUTF8", "1")

from lstm_helpers.course import homes  # after NumPy was told its threads

# Nothing that this machine's user has set, in the kernels neither. A worker has that of its run.
if "PYTEST_XDIST_WORKER" not in os.environ:
    SETTINGS = tempfile.TemporaryDirectory(prefix="settings-", ignore_cleanup_errors=True)
    os.environ.update(homes.neutral(Path(SETTINGS.name)))

pytest_plugins = ["notebook_runs"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n 2 alone the cells of a notebook stay together too: they share a kernel."""
    from xdist.scheduler import LoadScopeScheduling

    return LoadScopeScheduling(config, log) if config.getvalue("dist") == "load" else None
