"""notebooks/course.py: a folder that was moved, renamed or copied imports its own package."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PTH = "course_of_this_folder.pth"
# What pip leaves of an editable install: the full name of the folder.
FINDER = """\
import importlib.util, os, sys
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        file = os.path.join({top!r}, "lstm_helpers", "__init__.py")
        if name == "lstm_helpers" and os.path.exists(file):
            return importlib.util.spec_from_file_location(name, file)
sys.meta_path.append(Finder)
"""
# In place of JupyterLab a child, which sees what a kernel would.
COMMANDS = """\
import subprocess, sys
def main(top):
    print(top, flush=True)
    return subprocess.call([sys.executable, "-c", "import lstm_helpers as l; print(l.__file__)"],
                           cwd=top / "notebooks")
"""


def python(top):
    return top / ".venv" / ("Scripts" if os.name == "nt" else "bin") / "python"


def packages(top):
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(top / ".venv")}))


@pytest.fixture
def original(tmp_path):
    """A checkout with a .venv as pip leaves it, and a space in its name."""
    top = tmp_path.resolve() / "the original"
    (top / "notebooks").mkdir(parents=True)
    shutil.copy(TOP / "notebooks" / "course.py", top / "notebooks")
    (top / "lstm_helpers" / "course").mkdir(parents=True)
    (top / "lstm_helpers" / "__init__.py").write_text("")
    (top / "lstm_helpers" / "course" / "__init__.py").write_text("")
    (top / "lstm_helpers" / "course" / "commands.py").write_text(COMMANDS)
    venv.create(top / ".venv", symlinks=os.name != "nt")
    for name in ("numpy", "nbformat", "jupyterlab"):
        (packages(top) / f"{name}.py").write_text("")
    (packages(top) / "finder_of_pip.py").write_text(FINDER.format(top=str(top)))
    (packages(top) / "lstm_helpers.pth").write_text("import finder_of_pip")
    return top


def run(*command, cwd=None, **environment):
    inherited = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONSAFEPATH")}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def imported(top):
    """From where the Python of .venv imports the package, if it is started elsewhere."""
    done = run(python(top), "-c", "import lstm_helpers as l; print(l.__file__)", cwd=top.parent)
    return Path(done.stdout.strip()).parent.parent if done.returncode == 0 else done.stderr


def start(top, *arguments, by=None, **environment):
    return run(by or python(top), top / "notebooks" / "course.py", *arguments, **environment)


def assert_starts_on_its_own_package(top, **environment):
    done = start(top, "lab", **environment)
    assert done.stderr == ""
    where, found = done.stdout.splitlines()
    assert (Path(where), Path(found)) == (top, top / "lstm_helpers" / "__init__.py")


def moved(top):
    return top.rename(top.with_name("moved"))


def copied(top):
    return shutil.copytree(top, top.with_name("copied"), symlinks=True)


@pytest.mark.parametrize("after", [moved, copied])
@pytest.mark.parametrize("settled", [True, False], ids=["by make", "by pip alone"])
def test_a_folder_imports_its_own_package_wherever_it_is(original, after, settled):
    assert imported(original) == original
    if settled:
        assert start(original, "here").returncode == 0
    there = after(original)
    if settled:
        assert imported(there) == there
    else:
        assert imported(there) != there, "without us: none, or that of the original"
    assert_starts_on_its_own_package(there)
    assert imported(there) == there
    if after is copied:
        assert_starts_on_its_own_package(original)
        assert imported(original) == original


def test_where_venv_cannot_be_written_what_is_started_finds_the_package_too(original):
    there = copied(original)
    (packages(there) / PTH).mkdir()  # so that no file can have this name, not even root's
    assert_starts_on_its_own_package(there)
    (there / "elsewhere").mkdir()
    (there / "elsewhere" / "mine.py").write_text("")
    (there / "lstm_helpers" / "__init__.py").write_text("import mine")
    assert_starts_on_its_own_package(there, PYTHONPATH=str(there / "elsewhere"))


def test_here_says_nothing_and_starts_nothing(original):
    done = start(original, "here")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (packages(original) / PTH).read_text().strip() == os.path.relpath(
        original, packages(original)
    )
    assert not Path((packages(original) / PTH).read_text()).is_absolute()


def assert_one_line(done, *parts):
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("course.py: ")
    assert "call make, or install with this Python" in done.stderr
    for part in parts:
        assert str(part) in done.stderr


def test_the_package_of_another_folder_is_one_line(original):
    """As in an environment of conda, which is not in the folder and serves one."""
    there = copied(original)
    shutil.rmtree(there / ".venv")
    done = start(there, "lab", by=python(original))
    assert_one_line(done, f"imports lstm_helpers from {original / 'lstm_helpers'}, not", there)
    assert not (packages(original) / PTH).exists(), "its .venv is the other folder's"


def test_a_package_that_was_installed_and_is_no_link_is_one_line(original):
    shutil.copytree(original / "lstm_helpers", packages(original) / "lstm_helpers")
    assert_one_line(start(original, "lab"), f"from {packages(original) / 'lstm_helpers'}, not")
    shutil.copy(TOP / "lstm_helpers" / "course" / "ready.py", original / "lstm_helpers" / "course")
    done = start(original, "ready")
    assert done.returncode == 1
    assert f"from {packages(original) / 'lstm_helpers'}, not" in done.stdout.splitlines()[-1]


def test_a_python_that_has_nothing_is_one_line(original):
    bare = original.with_name("bare")
    venv.create(bare / ".venv", symlinks=os.name != "nt")
    assert_one_line(start(original, "lab", by=python(bare)), f"{python(bare)} has no lstm_helpers")
    for name in ("numpy", "nbformat", "jupyterlab"):
        (packages(original) / f"{name}.py").rename(packages(original) / f"{name}.gone")
        assert_one_line(start(original, "render"), f"has no {name}:")
        (packages(original) / f"{name}.gone").rename(packages(original) / f"{name}.py")


def test_the_starter_needs_the_standard_library_alone():
    code = "import sys; sys.path.insert(0, 'notebooks'); import course; print(*sys.modules)"
    done = run(sys.executable, "-I", "-S", "-c", code, cwd=TOP)
    assert done.returncode == 0, done.stderr
    ours = {name.partition(".")[0] for name in done.stdout.split()} - {"course", "__main__"}
    assert {name for name in ours if name not in sys.stdlib_module_names} == set()
