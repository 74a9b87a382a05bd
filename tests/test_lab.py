"""What ``make lab`` starts, where the learner's notebooks are, and how it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest

from lstm_helpers.course import commands, homes, lab, seat

TOP = Path(__file__).parent.parent


@pytest.fixture
def top(tmp_path, monkeypatch):
    """A checkout with a space in its name, and a home."""
    folder = tmp_path / "a folder"
    (folder / "notebooks").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "data" / "weather.csv").write_text("1")
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# Ask")]),
        folder / "notebooks" / "01_a.ipynb",
    )
    (tmp_path / "home").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return folder


@pytest.fixture
def launched(monkeypatch):
    calls = []
    monkeypatch.setattr(lab, "wait_for", lambda command, **how: calls.append((command, how)) or 0)
    return calls


def test_jupyterlab_shows_the_learners_folder_and_opens_the_first_notebook(top, launched, capsys):
    assert lab.start(top, fresh=False, options=["--no-browser"]) == 0
    ((command, how),) = launched
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={top / 'my-notebooks'}" in command
    assert "--LabApp.default_url=/lab/tree/01_a.ipynb" in command
    assert command[-1] == "--no-browser"
    assert how["env"]["JUPYTER_CONFIG_PATH"].startswith(str(top / "notebooks" / ".jupyter"))
    assert capsys.readouterr().out == (
        "Work in my-notebooks/ as you like: the originals stay in notebooks/\n"
        "Solutions of the exercises lie in my-notebooks/solutions/\n"
    )


def test_what_became_of_the_copies_is_said(top, launched, monkeypatch, capsys):
    monkeypatch.setattr(lab.copies, "refresh", lambda originals, mine: ["Renewed: 01_a.ipynb"])
    lab.start(top, fresh=False, options=[])
    assert capsys.readouterr().out.startswith("Renewed: 01_a.ipynb\nWork in my-notebooks/")


def test_fresh_starts_anew_and_keeps_a_backup(top, launched, capsys):
    lab.start(top, fresh=False, options=[])
    (top / "my-notebooks" / "01_a.ipynb").write_text("solved")
    (top / "my-notebooks" / "solutions" / "01_a.ipynb").write_text("my notes")
    lab.start(top, fresh=True, options=[])
    (backup,) = top.glob("my-notebooks.backup-*")
    assert f"Your notebooks so far are kept in {backup.name}/\n" in capsys.readouterr().out
    assert (backup / "01_a.ipynb").read_text() == "solved"
    assert (backup / "solutions" / "01_a.ipynb").read_text() == "my notes"
    assert (top / "my-notebooks" / "01_a.ipynb").read_text() != "solved"
    assert (top / "my-notebooks" / "solutions" / "01_a.ipynb").read_text() != "my notes"


# At a seat of a workshop, from the box.


@pytest.fixture
def box(tmp_path):
    """What a seat has of the box, in a folder with a space in its name."""
    folder = tmp_path / "a box"
    for name in ("students", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "students" / "01_a.ipynb").write_text("{}")
    shutil.copy(seat.__file__, folder / "start.py")
    return folder


def test_at_a_seat_jupyterlab_shows_the_notebooks_for_students_and_asks_nothing(
    box, launched, monkeypatch, capsys
):
    seen = {}

    def settings(command, **how):
        seen.update(how["env"])
        first = how["env"]["JUPYTER_CONFIG_PATH"].split(os.pathsep)[0]
        seen["page"] = json.loads(Path(first, "labconfig", "page_config.json").read_text("utf-8"))
        return launched.append(command) or 5

    monkeypatch.setattr(lab, "wait_for", settings)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    assert seat.main(box, ["--no-browser"]) == 5
    (command,) = launched
    assert f"--ServerApp.root_dir={box / 'students'}" in command
    assert "--LabApp.default_url=/lab/tree/01_a.ipynb" in command
    assert command[-1] == "--no-browser"
    assert seen["page"] == json.loads(
        (TOP / "notebooks" / ".jupyter" / "labconfig" / "page_config.json").read_text("utf-8")
    )
    assert seen["JUPYTER_CONFIG_PATH"].endswith(f"{os.pathsep}mine")
    assert seen["JUPYTER_PREFER_ENV_PATH"] == seen["OPENBLAS_NUM_THREADS"] == "1"
    assert capsys.readouterr().out == "Work in students/. Solutions: ask your instructor\n"
    assert sorted(path.name for path in box.iterdir()) == ["data", "start.py", "students"]


@pytest.mark.parametrize("gone", ["students", "data"])
def test_half_a_box_is_said_in_a_line(box, launched, gone):
    shutil.rmtree(box / gone)
    with pytest.raises(SystemExit, match=r"^expected the folders students and data .*, got"):
        seat.main(box, [])
    assert not launched


def test_a_box_that_cannot_be_written_is_said_in_a_line(box, launched, monkeypatch):
    refuse(monkeypatch, box)
    with pytest.raises(SystemExit, match=r"^expected to write .*students, got no permission"):
        seat.main(box, [])
    assert not launched


def test_where_the_course_is_not_installed_start_says_so_in_a_line(box):
    """Isolated, and without site-packages: neither this package nor NumPy is there."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(box / "start.py")], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"start.py: {sys.executable} can't open the course (No module")
    assert done.stderr.count("\n") == 1


# Where nothing can be written. Root may write everywhere, so the refusal is acted.


def refuse(monkeypatch, *folders):
    can_write = homes.can_write
    monkeypatch.setattr(
        homes,
        "can_write",
        lambda folder: (
            not any(folder.is_relative_to(refused) for refused in folders) and can_write(folder)
        ),
    )


def test_in_a_checkout_of_another_the_notebooks_are_at_home(top, launched, monkeypatch, capsys):
    """A second learner, or a read-only checkout. The first one's copies stay as they are."""
    lab.start(top, fresh=False, options=[])
    first = top / "my-notebooks" / "01_a.ipynb"
    first.write_text("solved by another")
    refuse(monkeypatch, top)
    capsys.readouterr()
    assert lab.start(top, fresh=False, options=[]) == 0
    mine = Path.home() / "lstm-course" / "my-notebooks"
    said = capsys.readouterr().out
    assert said.startswith(
        f"You can't write {top / 'my-notebooks'}, so your notebooks are in {mine}\n"
    )
    assert f"Work in {mine}/ as you like" in said
    assert f"--ServerApp.root_dir={mine}" in launched[-1][0]
    assert (mine / "01_a.ipynb").exists()
    assert (mine / "../data/weather.csv").read_text() == "1", "what cells open"

    (mine / "01_a.ipynb").write_text("solved")
    assert lab.start(top, fresh=False, options=[]) == 0, "and again"
    assert (mine / "01_a.ipynb").read_text() == "solved"
    lab.start(top, fresh=True, options=[])
    assert first.read_text() == "solved by another"
    assert not list(top.glob("*.backup-*"))


def test_the_data_are_copied_where_a_link_is_refused(top, launched, monkeypatch):
    def refuse_link(*_, **__):
        raise OSError("a privilege is needed")

    monkeypatch.setattr(Path, "symlink_to", refuse_link)
    refuse(monkeypatch, top)
    data = Path.home() / "lstm-course" / "data"
    weather = top / "data" / "weather.csv"
    for content in ("1", "2"):
        weather.chmod(0o644)
        weather.write_text(content)
        weather.chmod(0o444)  # as all is in a checkout that can't be written
        lab.start(top, fresh=False, options=[])
        assert not data.is_symlink()
        assert (data / "weather.csv").read_text() == content
        assert (data / "weather.csv").stat().st_mode & 0o200, "else the next can't be written"
    copied = (data / "weather.csv").stat().st_mtime_ns
    lab.start(top, fresh=False, options=[])
    assert (data / "weather.csv").stat().st_mtime_ns == copied


def test_no_place_at_all_is_one_line(top, launched, monkeypatch):
    refuse(monkeypatch, top, Path.home())
    with pytest.raises(SystemExit, match=r"^expected to write .*, can do neither: copy .*\n?$"):
        lab.start(top, fresh=False, options=[])
    assert not launched


def test_a_folder_can_be_written_or_not(tmp_path):
    assert homes.can_write(tmp_path)
    assert homes.can_write(tmp_path / "not" / "yet")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    assert not homes.can_write(tmp_path / "file" / "below")
    assert not homes.can_write(tmp_path / "file")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux names these folders")
def test_what_jupyter_keeps_at_home_gets_a_place_only_where_it_needs_one(tmp_path, monkeypatch):
    names = {"JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"}
    names |= {"IPYTHONDIR", "MPLCONFIGDIR"}
    for name in (*names, "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.delenv(name, raising=False)
    home, spare = tmp_path / "home", tmp_path / "spare"
    home.mkdir()
    spare.mkdir()
    monkeypatch.setenv("HOME", str(home))
    assert homes.settings(spare) == {}
    assert list(home.iterdir()) == []

    (home / ".jupyter").write_text("in the way")
    assert homes.settings(spare).keys() == {"JUPYTER_CONFIG_DIR"}
    (home / ".jupyter").unlink()
    (home / ".cache").write_text("in the way")
    assert homes.settings(spare).keys() == {"MPLCONFIGDIR"}

    monkeypatch.setenv("HOME", str(home / ".cache"))
    (tmp_path / "other").mkdir()
    moved = homes.settings(tmp_path / "other")
    assert moved.keys() == names
    assert all(homes.can_write(Path(folder)) for folder in moved.values())

    monkeypatch.setenv("IPYTHONDIR", str(home / "mine"))
    (tmp_path / "third").mkdir()
    assert homes.settings(tmp_path / "third").keys() == names - {"IPYTHONDIR"}


def test_who_has_no_home_to_write_is_told_and_gets_one_until_the_end(top, monkeypatch, capsys):
    seen = {}

    def settings(spare):
        assert spare.is_dir()
        return {"IPYTHONDIR": str(spare)}

    def start(*_):
        seen["folder"] = Path(os.environ["IPYTHONDIR"])
        assert seen["folder"].is_dir()
        return 3

    monkeypatch.setenv("IPYTHONDIR", "elsewhere")
    monkeypatch.setattr(commands.homes, "settings", settings)
    monkeypatch.setattr(commands.lab, "start", start)
    assert commands.main(top, ["lab"]) == 3
    assert capsys.readouterr().out.startswith("Your home can't be written: ")
    assert not seen["folder"].exists()


def test_a_learner_keeps_all_settings_but_those_of_keras(top, monkeypatch):
    seen = {}
    for name in ("KERAS_HOME", "KERAS_BACKEND", "MPLCONFIGDIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setattr(commands.homes, "settings", lambda _: {})
    monkeypatch.setattr(commands.lab, "start", lambda *_: seen.update(os.environ) or 0)
    assert commands.main(top, ["lab"]) == 0
    assert seen["KERAS_BACKEND"] == "tensorflow"
    assert Path(seen["KERAS_HOME"]).name == "keras_home"
    assert seen["MPLCONFIGDIR"] == seen["IPYTHONDIR"] == os.environ["KERAS_BACKEND"] == "mine"


def test_without_room_for_temporary_files_it_is_one_line(top, monkeypatch):
    def none():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.setattr(commands.tempfile, "gettempdir", none)
    with pytest.raises(SystemExit, match=r"^expected room for temporary files, got none: .*TMPDIR"):
        commands.main(top, ["lab"])


# The end.

STARTER = """\
import sys
from lstm_helpers.course import lab
code = lab.wait_for([sys.executable, "-c", sys.argv[1]])
print("starter ends", code, flush=True)
"""
SERVER = """\
import signal, sys, time
def save(*_):
    time.sleep(.5)
    print("saved", flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, save)
print("up", flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_ends_the_starter_ends_jupyterlab_which_saves_first(number):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, SERVER], cwd=TOP, stdout=subprocess.PIPE, text=True
    )
    assert starter.stdout.readline() == "up\n"
    starter.send_signal(number)
    said, _ = starter.communicate(timeout=50)
    assert said == "saved\nstarter ends 7\n"
    assert starter.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals")
def test_a_signal_that_comes_while_jupyterlab_is_started_ends_it(monkeypatch):
    popen = subprocess.Popen

    def interrupted(*args, **options):
        process = popen(*args, **options)
        os.kill(os.getpid(), signal.SIGTERM)
        return process

    monkeypatch.setattr(lab.subprocess, "Popen", interrupted)
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    began = time.monotonic()
    code = lab.wait_for([sys.executable, "-c", "import time; time.sleep(60)"])
    assert code == -signal.SIGTERM
    assert time.monotonic() - began < 50
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals")
def test_a_signal_that_does_not_wake_the_wait_is_heard_all_the_same():
    """One that another thread gets, or that comes just before the wait, interrupts nothing."""

    def signal_to_this_thread():
        time.sleep(0.5)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    thread = threading.Thread(target=signal_to_this_thread)
    thread.start()
    began = time.monotonic()
    code = lab.wait_for([sys.executable, "-c", "import time; time.sleep(60)"])
    thread.join()
    assert code == -signal.SIGTERM
    assert time.monotonic() - began < 50
