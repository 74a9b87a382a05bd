"""What is loaded for a room without a network: how the commands are put together. None is run."""

import re
import shlex
import shutil
import subprocess
import sys

import pytest
from common import NOTEBOOKS, TOP, environment_without_make

from lstm_helpers.course import commands, ready, wheelhouse, workshop

PYTHON = "{}.{}".format(*sys.version_info)


@pytest.fixture
def called(monkeypatch):
    """The commands, in order; the first makes a wheel, as pip would."""
    made = []

    def call(command):
        made.append(command)
        if "wheel" in command:
            house = command[command.index("--wheel-dir") + 1]
            source = command[-1]
            made.append(sorted(p.name for p in wheelhouse.Path(source).iterdir()))
            wheelhouse.Path(house, "lstm_helpers-0.1.0-py3-none-any.whl").write_text("")
        return 0

    monkeypatch.setattr(wheelhouse, "_call", call)
    return made


def test_for_this_computer_pip_loads_the_pinned_versions_of_what_the_course_needs(called, tmp_path):
    assert wheelhouse.fill(TOP, tmp_path) == 0
    build, source, load = called
    house = tmp_path / "wheelhouse"
    assert build[:6] == [sys.executable, "-m", "pip", "wheel", "--no-deps", "--wheel-dir"]
    assert source == ["LICENSE", "README.md", "lstm_helpers", "pyproject.toml"]
    assert load == [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check",
        "--only-binary=:all:", "--dest", str(house), "-c", str(TOP / "constraints.txt"),
        f"{house / 'lstm_helpers-0.1.0-py3-none-any.whl'}[course,files]",
    ]  # fmt: skip


def test_for_other_systems_pip_is_told_which(called, tmp_path):
    assert wheelhouse.fill(TOP, tmp_path, ["linux", "macos-arm64", "windows"]) == 0
    loads = called[2:]
    assert len(loads) == 3
    for load, tag in zip(
        loads, ("manylinux2014_x86_64", "macosx_14_0_arm64", "win_amd64"), strict=True
    ):
        tags = [load[n + 1] for n, word in enumerate(load) if word == "--platform"]
        assert tag in tags
        assert load[load.index("--python-version") + 1] == PYTHON
        assert "--only-binary=:all:" in load, "pip asks for it with --platform"


def test_pip_understands_the_options():
    """It reads them all before it looks for anything, and has no package to look for here."""
    command = wheelhouse.download(TOP, TOP / "no", TOP / "none.whl", "linux")
    options = [word for word in command[4:] if not word.startswith(str(TOP / "none.whl"))]
    done = subprocess.run(
        [*command[:4], *options, "--no-index", "--help"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for option in (word.split("=")[0] for word in options if word.startswith("--")):
        assert option in done.stdout


def test_what_only_another_system_needs_is_added():
    there = {name: " ".join(wheelhouse.only_there(name)) for name in wheelhouse.PLATFORMS}
    assert "pywinpty" in there["windows"]
    assert "appnope" in there["macos-arm64"]
    if sys.platform == "linux":
        assert there["linux"] == ""
    assert "pywinpty" not in there["macos-arm64"]


def test_the_box_says_how_to_install_and_where_that_was_tried(called, tmp_path):
    wheelhouse.fill(TOP, tmp_path, ["linux", "windows", "macos-arm64"])
    page = (tmp_path / "INSTALL.md").read_text(encoding="utf-8")
    assert "linux (tried without a network), windows (untried: nobody" in page
    assert "macos-arm64 (untried: nobody" in page
    # Not python3: that of a seat may be another one, and then pip says of each wheel only that it
    # finds none.
    (linux,) = re.findall(r"(?m)^python\d\S* .+$", page)
    assert linux.startswith(f"python{PYTHON} -m venv .venv && ")
    words = shlex.split(linux.split("&& ")[1])
    assert words == [
        ".venv/bin/python", "-m", "pip", "install", "--no-index", "--find-links", "wheelhouse",
        "-c", "constraints.txt", "lstm-helpers[course,files]",
    ]  # fmt: skip
    assert f"py -{PYTHON} -m venv" in page
    for name in ("constraints.txt", "ready.py", "wheelhouse"):
        assert (tmp_path / name).exists()
    assert set(wheelhouse.EXTRAS.split(",")) == set(ready.EXTRAS)


def test_without_names_it_is_for_computers_like_this_one(monkeypatch):
    for platform, says in (("linux", "linux (tried "), ("darwin", "darwin (untried: ")):
        monkeypatch.setattr(wheelhouse.sys, "platform", platform)
        assert f"the one that loaded them, {says}" in wheelhouse.page([])


def test_the_page_names_only_what_is_in_the_box(called, tmp_path):
    workshop.build(TOP, NOTEBOOKS[:1], tmp_path)
    wheelhouse.fill(TOP, tmp_path)
    page = (tmp_path / "INSTALL.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w/]+\.(?:py|txt|ipynb)\b", page))
    assert named == {"constraints.txt", "ready.py", "start.py"}
    assert all((tmp_path / name).exists() for name in named)
    guide = (TOP / "INSTRUCTORS.md").read_text(encoding="utf-8")
    carried = re.search(r"(?s)Carry (.+?) to each seat", guide)[1]
    assert named | {"INSTALL.md", "students/", "data/", "wheelhouse/"} == set(
        re.findall(r"`(.+?)`", carried)
    )


def test_a_load_that_fails_ends_it(monkeypatch, tmp_path, capsys, called):
    call = wheelhouse._call
    monkeypatch.setattr(wheelhouse, "_call", lambda c: call(c) or (2 if "download" in c else 0))
    assert wheelhouse.fill(TOP, tmp_path, ["linux", "windows"]) == 2
    assert capsys.readouterr().out.startswith("Loading for linux failed")
    assert not (tmp_path / "INSTALL.md").exists()


def test_an_unknown_platform_is_named_before_anything_is_made(tmp_path):
    assert wheelhouse.chosen("linux, windows") == ["linux", "windows"]
    with pytest.raises(SystemExit, match="expected platforms of linux, macos-arm64, windows, got"):
        commands.box(tmp_path, platforms="linux,amiga")
    assert list(tmp_path.iterdir()) == []


def test_the_box_loads_nothing_unless_asked(monkeypatch, tmp_path):
    filled = []
    monkeypatch.setattr(commands.workshop, "build", lambda *_: [])
    monkeypatch.setattr(commands.wheelhouse, "fill", lambda *given: filled.append(given[2]) or 0)
    for options in ([], ["--wheels"], ["--platforms", "windows,linux"]):
        assert commands.main(tmp_path, ["workshop", *options]) == 0
    assert filled == [[], ["windows", "linux"]]


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("", ""),
        ("WHEELS=1", " --wheels"),
        ("PDF=1", " --pdf"),
        ("PLATFORMS=linux,windows", " --platforms linux,windows"),
    ],
)
@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
def test_make_passes_it_on(given, options):
    done = subprocess.run(
        ["make", "-n", "workshop", *given.split()],
        cwd=TOP, env=environment_without_make(), capture_output=True, text=True,
    )  # fmt: skip
    last = " ".join(done.stdout.splitlines()[-1].split())
    assert last.endswith(f"course.py workshop{options}")
