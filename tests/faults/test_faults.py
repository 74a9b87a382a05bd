"""Every fault still finds what it breaks. (That a test sees it, only `make faults` can tell.)"""

import ast
import filecmp

import nbformat
import pytest

from . import FAULTS
from .planting import TOP, cell_with, copy_checkout, paths_of, replace


@pytest.fixture
def checkout(tmp_path):
    if not (TOP / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to it")
    return copy_checkout(tmp_path)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_edits_the_copy_and_what_is_left_still_runs(checkout, name):
    FAULTS[name].plant(checkout)
    files = [path.relative_to(checkout) for path in checkout.rglob("*") if path.is_file()]
    changed = [
        name for name in files if not filecmp.cmp(TOP / name, checkout / name, shallow=False)
    ]
    assert len(changed) == 1
    # What breaks the file altogether, any test would see.
    if changed[0].suffix == ".py":
        ast.parse((checkout / changed[0]).read_text(encoding="utf-8"))
    if changed[0].suffix == ".ipynb":
        nbformat.validate(nbformat.read(checkout / changed[0], as_version=4))


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_what_is_broken_and_names_tests_that_exist(name):
    assert FAULTS[name].broken.endswith(".")
    assert "\n" not in FAULTS[name].broken
    assert FAULTS[name].tests
    assert all((TOP / path).exists() for path in paths_of(FAULTS[name].tests))


def test_there_are_enough():
    assert len(FAULTS) >= 24


@pytest.mark.parametrize("text", ["one two", "no"])
def test_an_edit_that_misses_or_could_mean_two_places_raises(tmp_path, text):
    path = tmp_path / "file"
    path.write_text("one two one two")
    with pytest.raises(LookupError, match=r"expected '.*' once, got it (0|2) times"):
        replace(path, text, "three")
    assert path.read_text() == "one two one two"


def test_a_cell_that_is_not_the_only_one_raises():
    cells = [nbformat.v4.new_code_cell(source) for source in ("a = 1", "a = 2", "b = 3")]
    read = nbformat.v4.new_notebook(cells=cells)
    assert cell_with(read, "b =") is cells[2]
    for text, count in (("a =", 2), ("c =", 0)):
        with pytest.raises(LookupError, match=f"expected one cell with .*, got {count}"):
            cell_with(read, text)
