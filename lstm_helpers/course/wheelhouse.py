"""Packages in a folder, for a room without a network: what is loaded, and how it is installed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

EXTRAS = "course,files"
PLATFORMS = {
    "linux": (
        "manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
    ),
    "macos-arm64": ("macosx_14_0_arm64",),
    "windows": ("win_amd64",),
}  # fmt: skip
"""The tags that pip knows a system by. For a Mac it takes older ones too."""
SYSTEMS = {
    "linux": ("linux", "Linux", "posix", "x86_64"),
    "macos-arm64": ("darwin", "Darwin", "posix", "arm64"),
    "windows": ("win32", "Windows", "nt", "AMD64"),
}
"""What each says of itself: ``sys.platform``, ``platform.system()``, ``os.name``, the machine."""
OWN = ("pyproject.toml", "README.md", "LICENSE")
INSTALL = """\
# Without a network

In this folder, with Python {python}. The packages are for this version of Python only, and for
{systems}.

Linux, Mac:

```
python{python} -m venv .venv && .venv/bin/python -m {command}
```

Windows (PowerShell):

```
py -{python} -m venv .venv; .venv\\Scripts\\python -m {command}
```

Then ask whether all is there: `.venv/bin/python ready.py`, on Windows
`.venv\\Scripts\\python ready.py`. To begin: `.venv/bin/python start.py`, on Windows
`.venv\\Scripts\\python start.py`. JupyterLab opens with the first notebook.
"""
TRIED = {"linux": "tried without a network"}
"""Systems on which somebody has installed from a wheelhouse, and has opened the first notebook."""
UNTRIED = "untried: nobody has installed from it there yet"
ROOM = f'pip install --no-index --find-links wheelhouse -c constraints.txt "lstm-helpers[{EXTRAS}]"'
"""What installs all of it, in the box."""


def chosen(text: str) -> list[str]:
    """Platforms out of a list with commas.

    Raises
    ------
    ValueError
        One of them is not known.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in PLATFORMS:
            raise ValueError(f"expected platforms of {', '.join(PLATFORMS)}, got {name}")
    return names


def own_wheel(source: Path, house: Path) -> list[str]:
    """The command that makes a wheel of this package, from a folder with nothing else in it."""
    return [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--wheel-dir",
        str(house),
        str(source),
    ]


def download(top: Path, house: Path, wheel: Path, platform: str | None = None) -> list[str]:
    """The command that loads all packages of the course.

    Parameters
    ----------
    top : Path
        The checkout, whose ``constraints.txt`` says the versions.
    house : Path
    wheel : Path
        Of this package. As a file: a name would be looked for in the index.
    platform : str, optional
        One of ``PLATFORMS``; without it for the computer that this runs on.
    """
    command = [
        sys.executable, "-m", "pip", "download", "--disable-pip-version-check",
        "--only-binary=:all:", "--dest", str(house), "-c", str(top / "constraints.txt"),
    ]  # fmt: skip
    more: Sequence[str] = ()
    if platform is not None:
        for tag in PLATFORMS[platform]:
            command += ["--platform", tag]
        command += ["--implementation", "cp", "--python-version", _python()]
        more = only_there(platform)
    return [*command, f"{wheel}[{EXTRAS}]", *more]


def only_there(platform: str) -> list[str]:
    """What the packages of the course need on another system, and is not installed here.

    pip asks for which system a package is needed, but it asks the one on which it runs. So this
    asks again. These have no pinned version.
    """
    from packaging.requirements import Requirement

    system, name, os_name, machine = SYSTEMS[platform]
    there = {
        "sys_platform": system, "platform_system": name, "os_name": os_name,
        "platform_machine": machine,
    }  # fmt: skip
    found: dict[str, str] = {}
    waiting = [("lstm-helpers", extra) for extra in EXTRAS.split(",")]
    seen = set()
    while waiting:
        package, extra = waiting.pop()
        if (package, extra) in seen:
            continue
        seen.add((package, extra))
        try:
            lines = metadata.requires(package) or []
        except metadata.PackageNotFoundError:
            continue
        for needed in map(Requirement, lines):
            if needed.marker and not needed.marker.evaluate(there | {"extra": extra}):
                continue
            waiting += [(needed.name, further) for further in ("", *needed.extras)]
            if not _is_here(needed.name):
                found[needed.name] = f"{needed.name}{needed.specifier}"
    return sorted(found.values())


def _is_here(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def _python() -> str:
    return "{}.{}".format(*sys.version_info)


def page(platforms: Sequence[str]) -> str:
    """How to install from the box, for INSTALL.md."""
    names = [f"{name} ({TRIED.get(name, UNTRIED)})" for name in platforms]
    tried = TRIED.get(sys.platform, UNTRIED)
    here = f"computers like the one that loaded them, {sys.platform} ({tried})"
    return INSTALL.format(python=_python(), systems=", ".join(names) or here, command=ROOM)


def fill(top: Path, box: Path, platforms: Sequence[str] = ()) -> int:
    """Load all packages into ``box/wheelhouse``, and write how to install them.

    Parameters
    ----------
    top : Path
        The checkout.
    box : Path
    platforms : sequence of str
        Of ``PLATFORMS``; none for the system that this runs on.

    Returns
    -------
    int
        0, or what pip ended with.
    """
    house = box / "wheelhouse"
    shutil.rmtree(house, ignore_errors=True)
    house.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        # In the checkout, what an earlier build has left would get into the wheel.
        for name in OWN:
            shutil.copy(top / name, folder)
        shutil.copytree(
            top / "lstm_helpers",
            Path(folder, "lstm_helpers"),
            ignore=shutil.ignore_patterns("__pycache__"),
        )
        if ended := _call(own_wheel(Path(folder), house)):
            return ended
    (wheel,) = house.glob("lstm_helpers-*.whl")
    for platform in platforms or [None]:
        if ended := _call(download(top, house, wheel, platform)):
            print(f"Loading for {platform or 'this computer'} failed: the wheelhouse is not whole")
            return ended
    shutil.copy(top / "constraints.txt", box)
    shutil.copy(top / "lstm_helpers" / "course" / "ready.py", box)
    (box / "INSTALL.md").write_bytes(page(platforms).encode())
    return 0


def _call(command: list[str]) -> int:
    return subprocess.run(command, check=False).returncode
