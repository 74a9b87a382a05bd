"""Is a computer ready? The check says so, or each thing that is missing."""

import importlib.metadata
import re
import shutil
import subprocess
import sys

import pytest
from common import DATA, TOP

from lstm_helpers.course import ready


@pytest.fixture
def box(tmp_path):
    """A copy of what is looked at."""
    shutil.copy(TOP / "constraints.txt", tmp_path)
    shutil.copytree(DATA, tmp_path / "data")
    return tmp_path


def test_this_computer_has_the_packages_and_the_data():
    assert ready.packages(TOP) == ready.data(TOP) == ready.python(sys.version_info[:2]) == []


def test_it_says_ready_and_ends_with_0(monkeypatch, capsys):
    monkeypatch.setattr(ready, "problems", lambda *_: [])
    assert ready.main(TOP) == 0
    assert capsys.readouterr().out == "ready\n"


def test_all_that_is_missing_is_said(box, monkeypatch, capsys):
    (box / "data" / "mysteries.npz").unlink()
    (box / "data" / "gucheng.csv.gz").write_bytes(b"half of it")
    text = (box / "constraints.txt").read_text(encoding="utf-8")
    pins = re.sub(r"(?m)^(numpy|typing_extensions)==.+$", r"\1==0.1", text)
    (box / "constraints.txt").write_text(pins, encoding="utf-8")
    monkeypatch.setattr(ready, "total_memory", lambda: 2e9)
    monkeypatch.setattr(ready.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1e9))
    assert ready.main(box, "call me") == 1
    said = capsys.readouterr().out.splitlines()
    numpy, extensions = map(importlib.metadata.version, ("numpy", "typing_extensions"))
    assert said == [
        f"missing: expected numpy 0.1, got {numpy}",
        # Nobody asks for it but other packages.
        f"missing: expected typing-extensions 0.1, got {extensions}",
        "missing: to install: call me",
        "missing: data/gucheng.csv.gz is not the file of the course: copy it anew",
        "missing: data/mysteries.npz is missing",
        "missing: expected 3.0 GB of free disk, got 1.0",
        "missing: expected 4 GB of memory, got 2.0: open one notebook at a time",
    ]


def test_without_the_pins_no_version_is_compared_and_it_says_so(box):
    (box / "constraints.txt").unlink()
    assert ready.packages(box) == [
        f"expected constraints.txt in {box}, got none: no version is compared"
    ]


def test_what_the_caller_knows_is_missing_too(monkeypatch, capsys):
    monkeypatch.setattr(ready, "problems", lambda *_: [])
    assert ready.main(TOP, known="another checkout") == 1
    assert capsys.readouterr().out == "missing: another checkout\n"


def test_without_anything_to_install_less_disk_will_do():
    assert ready.short_disk(1e9, to_install=False) == []
    assert ready.short_disk(0.4e9, to_install=False) == ["expected 0.5 GB of free disk, got 0.4"]


def test_a_package_that_the_course_needs_and_one_for_another_system(monkeypatch):
    known = {
        "lstm-helpers": ["numpy>=2", 'keras>=3; extra == "course"', 'ruff>=1; extra == "test"'],
        "numpy": ['pywin32; os_name == "nt"', 'sphinx; extra == "doc"'],
        "sphinx": ["a"],  # installed, in another version than pinned, and nobody asks for it
    }

    def requires(name):
        if name not in known:
            raise importlib.metadata.PackageNotFoundError(name)
        return known[name]

    versions = ready.pinned(TOP) | {"sphinx": "0.1"}
    monkeypatch.setattr(ready.metadata, "requires", requires)
    monkeypatch.setattr(ready.metadata, "version", lambda name: requires(name) and versions[name])
    assert ready.packages(TOP) == ["the package keras is not installed"]
    del known["lstm-helpers"]
    assert ready.packages(TOP) == ["the package lstm-helpers is not installed"]


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_named(version):
    assert ready.python(version) == ["expected Python 3.11 to 3.13, got {}.{}".format(*version)]


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_our_pythons_will_do(version):
    assert ready.python(version) == []


def test_without_data_it_says_where_they_were_expected(tmp_path):
    (said,) = ready.data(tmp_path)
    assert str(tmp_path / "data") in said


def test_every_file_of_the_data_is_looked_for():
    files = {path.name for path in DATA.iterdir() if path.suffix not in (".py", ".md")}
    assert files == set(ready.FILES)


def test_memory_is_a_number_here_and_nothing_is_said_where_it_is_not_known():
    assert ready.total_memory() is None or ready.total_memory() > 1e8
    assert ready.short_memory(None) == []


def test_it_needs_nothing_but_python():
    """Isolated, and without site-packages: neither this package nor NumPy is there."""
    script = TOP / "notebooks" / "course.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(script), "ready"], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "missing: the package lstm-helpers is not installed"
    assert lines[1] == f"missing: to install: {ready.INSTALL}"
