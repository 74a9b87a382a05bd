"""pyproject.toml, constraints.txt, environment.yml and README.md say the same."""

import importlib.metadata
import os
import re
import shutil
import subprocess
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest
from common import environment_without_make
from packaging.specifiers import SpecifierSet
from packaging.version import Version

TOP = Path(__file__).parent.parent
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
EXTRAS = PROJECT["project"]["optional-dependencies"]
PINS = {}
for line in (TOP / "constraints.txt").read_text(encoding="utf-8").splitlines():
    if line and not line.startswith("#"):
        name, version = line.split("==")
        PINS[name.lower().replace("_", "-")] = version


def requirements():
    return PROJECT["project"]["dependencies"] + [r for extra in EXTRAS.values() for r in extra]


@pytest.mark.parametrize("requirement", requirements())
def test_every_dependency_is_pinned_within_its_range(requirement):
    name, least = re.fullmatch(r"([a-z][a-z0-9-]*)>=([\d.]+)", requirement).groups()
    pinned = [int(part) for part in PINS[name].split(".")[:2]]
    assert pinned >= [int(part) for part in least.split(".")]


def test_constraints_are_plain_pins():
    text = (TOP / "constraints.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        assert re.fullmatch(r"#.*|[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line


def test_every_pin_takes_the_oldest_python_that_is_asked_for():
    """Debian 12 has 3.11.2, and a pin that asks for 3.11.5 ends the set-up there."""
    oldest = Version("3.11.0")
    refused = {
        package: asked
        for metadata in (dist.metadata for dist in importlib.metadata.distributions())
        if (package := metadata["Name"].lower().replace("_", "-")) in PINS
        and (asked := metadata.get("Requires-Python"))
        and oldest not in SpecifierSet(asked)
    }
    assert refused == {}


def pip_lines():
    text = (TOP / "environment.yml").read_text(encoding="utf-8")
    entries = re.findall(r"(?m)^ +- (.+)$", text)
    assert entries[0] == "conda-forge"
    python, *rest = entries[1:]
    assert re.fullmatch(r"python=3\.1[123]", python)
    assert rest[:2] == ["pip", "pip:"]
    return rest[2:]


def test_environment_holds_python_pip_the_package_and_the_notebook_of_a_hub_only():
    constraints, package, *more = pip_lines()
    assert constraints == "-c constraints.txt"
    extras = re.fullmatch(r"-e \.\[([a-z,]+)\]", package).group(1).split(",")
    assert set(extras) <= set(EXTRAS)
    assert more == ["notebook"]


def test_the_notebook_of_a_hub_is_made_for_our_jupyterlab():
    """Notebook 7.N asks for JupyterLab 4.N. An image of repo2docker has an older one, unless we ask
    for ours."""
    seven, notebook, _ = PINS["notebook"].split(".")
    four, lab, _ = PINS["jupyterlab"].split(".")
    assert (seven, four) == ("7", "4")
    assert notebook == lab


# In repo2docker each of these comes before environment.yml: a folder binder is all that it reads,
# and a Dockerfile or a file of another build pack takes its place.
TAKES_OVER = (
    "binder", ".binder", "Dockerfile", "JuliaProject.toml", "Project.toml", "REQUIRE",
    "default.nix", "install.R", "runtime.txt", "DESCRIPTION",
)  # fmt: skip


def taken_over(top):
    return [name for name in TAKES_OVER if (top / name).exists()]


def test_repo2docker_takes_environment_yml(tmp_path):
    assert taken_over(TOP) == []
    (tmp_path / "binder").mkdir()
    (tmp_path / "Dockerfile").write_text("")
    assert taken_over(tmp_path) == ["binder", "Dockerfile"]


def test_every_set_up_path_uses_the_constraints():
    makefile = (TOP / "Makefile").read_text(encoding="utf-8")
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    for text in (makefile, readme):
        installs = re.findall(r".*pip install.*", text)
        assert installs
        assert all("-c constraints.txt" in line for line in installs), installs


def test_the_makefile_asks_for_the_pythons_of_pyproject():
    assert PROJECT["project"]["requires-python"] == ">=3.11,<3.14"
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in (TOP / "Makefile").read_text()


def test_readme_is_short_and_names_every_notebook():
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    # Beside the way with a model of one's own, which tests/test_readme.py runs.
    assert re.sub(r"```python.*?```", "", readme, flags=re.DOTALL).count("\n") < 100
    for path in (TOP / "notebooks").glob("*.ipynb"):
        assert path.name in readme


def packages(top):
    return Path(sysconfig.get_path("purelib", "venv", {"base": str(top / ".venv")}))


# make. A .venv that says it is set up, so that nothing is installed.


@pytest.fixture
def checkout(tmp_path):
    if os.name == "nt" or not shutil.which("make"):
        pytest.skip("no make here")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(TOP / name, tmp_path)
    venv.create(tmp_path / ".venv", symlinks=True)
    (packages(tmp_path) / "numpy.py").write_text("")
    asked = [(tmp_path / name).read_bytes() for name in ("pyproject.toml", "constraints.txt")]
    (tmp_path / ".venv" / "installed").write_bytes(b"".join(asked))
    return tmp_path


def recipe(checkout, target):
    """The commands that make would call, and none of those of another make around this test."""
    done = subprocess.run(
        ["make", "-n", target],
        cwd=checkout,
        env=environment_without_make(),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_make_installs_again_when_the_files_say_something_else(checkout):
    assert "pip install" not in recipe(checkout, "lint")
    os.utime(checkout / "pyproject.toml")  # as a copy has it
    os.utime(checkout / ".venv" / "installed", (0, 0))
    assert "pip install" not in recipe(checkout, "lint")
    with (checkout / "pyproject.toml").open("a") as file:
        file.write("# more\n")
    assert "pip install" in recipe(checkout, "lint")


@pytest.mark.parametrize("gone", ["python", "installed", "numpy.py"])
def test_make_installs_again_when_venv_is_broken(checkout, gone):
    (found,) = (checkout / ".venv").rglob(gone)
    found.unlink()
    if gone == "python":  # as after an update of the system
        found.symlink_to("no such python")
    lines = recipe(checkout, "lint")
    assert "pip install" in lines
    assert "echo --clear" in lines


def test_make_lets_venv_find_the_package_of_its_folder_before_it_counts_as_installed(checkout):
    (checkout / ".venv" / "installed").unlink()
    lines = recipe(checkout, "lint")
    order = [
        lines.index(part) for part in ("-m pip install", "course.py here", "> .venv/installed")
    ]
    assert order == sorted(order)


READY = (".venv", ".venv/bin/python", ".venv/installed", ".venv/site")


def test_make_calls_no_script_of_venv():
    """Their first lines hold the full name of the folder in which they were installed."""
    text = (TOP / "Makefile").read_text(encoding="utf-8")
    windows, here = "$(if $(filter Windows_NT,$(OS)),Scripts/python.exe,", "bin/python)"
    assert f".venv/{windows}{here}" in text
    for path in re.findall(r"\.venv\S*", text.replace(windows, "").replace(here, "bin/python")):
        assert path.rstrip(",:;)") in READY, path


def test_make_notebooks_checks_notebooks_and_exercises_and_cuts_nothing(checkout):
    lines = recipe(checkout, "notebooks").splitlines()
    assert lines[-1].endswith("tests/test_notebooks.py tests/test_exercises.py")
    assert "-o verbosity_assertions=2" in lines[-1]


def test_make_course_adds_sphinx_once_and_make_lab_never(checkout):
    assert "[site]" in recipe(checkout, "course")
    assert "[site]" not in recipe(checkout, "lab")
    installed = (checkout / ".venv" / "installed").read_bytes()
    (checkout / ".venv" / "site").write_bytes(installed)
    assert "pip install" not in recipe(checkout, "course")
    (checkout / ".venv" / "site").write_bytes(b"other pins")
    assert "[site]" in recipe(checkout, "course")
    default = re.search(r"(?m)^EXTRAS \?= (.+)$", (TOP / "Makefile").read_text())[1]
    assert not {"site", "browser"} & set(default.split(","))
