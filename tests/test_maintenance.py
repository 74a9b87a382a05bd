"""What the next maintainer is told: the files that say it, and that they say the same."""

import base64
import json
import re
import shutil
import subprocess
import tomllib

import matrix
import pytest
import yaml
from common import TOP, environment_without_make

from lstm_helpers.course import pictures

PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]
VERSION = r"(\d+\.\d+\.\d+)"


def text(name):
    return (TOP / name).read_text(encoding="utf-8")


def workflow():
    return yaml.safe_load(text(".github/workflows/ci.yml"))


def targets():
    """Of the Makefile: what may be called."""
    (line,) = re.findall(r"(?m)^\.PHONY: (.+)$", text("Makefile"))
    rules = set(re.findall(r"(?m)^([a-z]+):", text("Makefile")))
    return set(line.split()) & rules


def called(text):
    """Targets in what is given to make; NAME=value is none."""
    return {
        word
        for line in re.findall(r"(?m)^ *make ([^\n#`|]+)", text)
        for word in re.sub(r'\w+="[^"]*"', "", line).split()
        if "=" not in word
    }


def test_the_changelog_begins_with_the_version_of_pyproject():
    headings = re.findall(r"(?m)^## (.+)$", text("CHANGELOG.md"))
    date = r"\d{4}-\d\d-\d\d"
    for heading in headings:
        assert re.fullmatch(rf"Unreleased \(to be {VERSION}\)|{VERSION} - {date}", heading), heading
    assert re.search(VERSION, headings[0])[0] == PROJECT["version"]


def test_the_citation_is_of_that_version_and_licence_and_names_who_holds_it():
    citation = yaml.safe_load(text("CITATION.cff"))
    assert citation["version"] == PROJECT["version"]
    assert citation["license"] == PROJECT["license"]
    holder = re.search(r"(?m)^Copyright \(c\) \d+ (.+)$", text("LICENSE"))[1]
    assert [author["name"].lower() for author in citation["authors"]] == [holder.lower()]
    assert {"cff-version", "message", "title", "type"} <= citation.keys()
    (data,) = citation["references"]
    assert data["doi"] in text("data/README.md")
    assert data["doi"] in PROJECT["urls"]["Data"]


def test_the_workflow_calls_make_lint_test_on_three_systems_and_keeps_the_drift():
    job = workflow()["jobs"]["test"]
    systems = {name.split("-")[0] for name in job["strategy"]["matrix"]["os"]}
    assert systems == {"ubuntu", "macos", "windows"}
    assert job["runs-on"] == "${{ matrix.os }}"
    (run,) = (step["run"] for step in job["steps"] if "run" in step)
    assert called(run) == {"lint", "test"} <= targets()
    (kept,) = (step for step in job["steps"] if "upload-artifact" in step.get("uses", ""))
    assert kept["if"] == "failure()"
    assert kept["with"]["path"] == "build/drift"
    assert "build/drift" in text("tests/README.md")


def test_the_workflow_has_every_python_that_pyproject_asks_for():
    matrix = workflow()["jobs"]["test"]["strategy"]["matrix"]
    pythons = {*matrix["python"], *(row["python"] for row in matrix["include"])}
    assert PROJECT["requires-python"] == ">=3.11,<3.14"
    assert pythons == {"3.11", "3.12", "3.13"}


@pytest.mark.parametrize(
    ("system", "python"),
    [("Windows_NT", ".venv/Scripts/python.exe"), ("", ".venv/bin/python")],
)
@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_the_makefile_finds_python_where_the_system_has_it(system, python):
    done = subprocess.run(
        ["make", "--dry-run", f"OS={system}", "lint"],
        cwd=TOP, env=environment_without_make(), capture_output=True, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{python} -m ruff check ." in done.stdout


@pytest.mark.parametrize(
    "name",
    ["README.md", "CONTRIBUTING.md", "INSTRUCTORS.md", "tests/README.md", "data/README.md"],
)
def test_every_target_that_is_named_exists(name):
    blocks = re.findall(r"(?ms)^ *```\n(.*?)^ *```", text(name))
    inline = re.findall(r"`(make [^`]+)`", text(name))
    named = {target for part in [*blocks, *inline] for target in called(part)}
    assert named
    assert named <= targets()


MADE = {"lstm_helpers/smooth_attribution.py", "tests/test_smooth_attribution.py"}
"""Files that a recipe makes."""


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "INSTRUCTORS.md", "CHANGELOG.md"])
def test_every_file_that_is_named_exists(name):
    folders = r"data|lstm_helpers|notebooks|tests|\.github"
    named = set(re.findall(rf"`((?:{folders})/[\w./]+)`", text(name)))
    named |= set(re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(name)))
    badge = "../../actions/workflows/ci.yml"  # where a fork's host shows what its tests say
    named -= {badge, f"{badge}/badge.svg"}
    assert {path for path in named if not (TOP / path).exists()} <= MADE


def test_readme_leads_to_contributing_changelog_and_instructors():
    for name in ("CONTRIBUTING.md", "CHANGELOG.md", "INSTRUCTORS.md"):
        assert f"]({name})" in text("README.md")


def test_readme_is_short():
    assert text("README.md").count("\n") < 120


def outputs(name):
    notebook = json.loads(text(name))
    return [o for cell in notebook["cells"] for o in cell.get("outputs", [])]


def said(output):
    return "".join(output.get("text", output.get("data", {}).get("text/plain", "")))


def test_readme_answers_with_numbers_that_the_notebooks_print():
    rows = re.findall(
        r"(?m)^\| [^|]+\? \| ([^|]+) \| \[notebook (\d\d)\]\((.+)\) \|$", text("README.md")
    )
    assert [number for _, number, _ in rows] == ["02", "05", "07"]
    for answer, number, target in rows:
        assert target.startswith(f"notebooks/{number}_")
        printed = " ".join(map(said, outputs(target)))
        printed += text(target) if number == "02" else ""  # "of 24 orders 23 are wrong"
        for value in re.findall(r"(?<![\w-])\d[\d.]*%?", answer):
            assert re.search(rf"(?<![\d.]){re.escape(value.rstrip('.'))}(?![\d.]\d)", printed), (
                value
            )


@pytest.mark.parametrize(
    ("picture", "notebook"),
    [
        ("three_arrays.png", "02_slice_the_weights.ipynb"),
        ("what_is_left.png", "05_set_the_forget_bias.ipynb"),
    ],
)
def test_the_pictures_of_readme_are_figures_of_the_notebooks(picture, notebook):
    assert f"(notebooks/{picture})" in text("README.md")
    file = base64.b64encode((TOP / "notebooks" / picture).read_bytes()).decode()
    figures = [
        output["data"]["image/png"]
        for output in outputs(f"notebooks/{notebook}")
        if "image/png" in output.get("data", {})
    ]
    # Where it is red: take the new one from the notebook.
    assert any(not changed(file, "".join(figure)) for figure in figures)


def changed(one, other):
    try:
        return pictures.change(one, other)
    except ValueError:  # of another size
        return True


def test_what_rows_of_the_matrix_leave_out_is_there():
    """pytest says nothing of a file to ignore that does not exist."""
    assert matrix.SAME_EVERYWHERE
    for name in matrix.SAME_EVERYWHERE:
        assert (TOP / "tests" / f"test_{name}.py").exists(), name
