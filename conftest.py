"""For every test run, started by make or not: what pyproject.toml can't say."""

import os

import pytest

# One thread each for NumPy, in the kernels of the notebooks too: the matrices are small, and where
# cores are busy, threads that wait for each other take ten times as long as one.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # PyTorch's
os.environ.setdefault("PYTHONUTF8", "1")

pytest_plugins = ["notebook_runs"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """With -n 2 alone the cells of a notebook stay together too: they share a kernel."""
    from xdist.scheduler import LoadScopeScheduling

    return LoadScopeScheduling(config, log) if config.getvalue("dist") == "load" else None
