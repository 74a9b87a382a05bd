"""Planted faults: what goes wrong in this project, and proof that a test sees it.

``make faults`` plants each in a copy of the checkout, runs the tests that can see it, and says
which one did. A fault is a function that edits the copy: its name and docstring say what is broken,
its decorator which tests see it. Those of the package, of the notebooks, of the data and of the
rest stand in a file each, and those of what is said of a model.
"""

# Each registers its faults.
from . import course, data, notebooks, package, readings  # noqa: F401
from .planting import FAULTS

__all__ = ["FAULTS"]
