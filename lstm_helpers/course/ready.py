"""Is this computer ready for the course? Says so, or what is missing.

Needs nothing but Python, and no new one, since what it looks for may not be there. So it imports
nothing of the package, and notebooks/course.py loads it as a file. A copy of it lies in the box for
a workshop.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
from importlib import metadata
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)
EXTRAS = ("course", "files")
FILES = (
    "changping.csv.gz", "gucheng.csv.gz", "huairou.csv.gz", "shunyi.csv.gz", "newark_2013.csv.gz",
    "weather_lstm.keras", "weather_models.npz", "weather_models.json", "clock_models.npz",
    "forget_bias_experiments.json", "window_experiments.csv", "window_experiments.json",
    "shuffling_costs.csv", "reading_costs.csv", "foreign_lstms.npz", "mysteries.npz",
    "mysteries.json",
)  # fmt: skip
"""In data/."""
GB = 1e9
DISK, DISK_INSTALLED = 3 * GB, 0.5 * GB
"""Free: for the installation, and beside it."""
MEMORY = 3.5 * GB
"""What a computer of 4 GB says that it has."""
INSTALL = "python -m pip install -c constraints.txt -e '.[course,files,test]'"


def problems(top: Path, install: str = INSTALL) -> list[str]:
    """What is missing, a line each; empty if the computer is ready.

    Parameters
    ----------
    top : Path
        The checkout, or the box for a workshop: it has ``constraints.txt`` and ``data``.
    install : str
        The command that helps if packages are missing.
    """
    lacking = packages(top)
    found = python(sys.version_info[:2]) + lacking
    if lacking:
        found.append("to install: " + install)
    free = shutil.disk_usage(top).free
    return found + data(top) + short_disk(free, bool(lacking)) + short_memory(total_memory())


def python(version: tuple[int, int]) -> list[str]:
    """Whether TensorFlow has a build for this Python."""
    if OLDEST <= version <= NEWEST:
        return []
    return ["expected Python 3.11 to 3.13, got {}.{}".format(*version)]


def pinned(top: Path) -> dict[str, str]:
    """The version of each package in constraints.txt, by the name in lower case, with hyphens."""
    path = top / "constraints.txt"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return {_plain(name): version for name, version in re.findall(r"(?m)^([\w.-]+)==(\S+)$", text)}


def packages(top: Path) -> list[str]:
    """Packages that the course needs and that are missing, or of another version than pinned."""
    try:
        asked = metadata.requires("lstm-helpers") or []
    except metadata.PackageNotFoundError:
        return ["the package lstm-helpers is not installed"]
    versions, found = pinned(top), []
    if not versions:
        found.append(f"expected constraints.txt in {top}, got none: no version is compared")
    waiting = [(_name(line), True) for line in asked if _is_needed(line)]
    seen = set()
    while waiting:
        name, must = waiting.pop(0)
        if name in seen:
            continue
        seen.add(name)
        try:
            version, further = metadata.version(name), metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            # What only another package asks for may be for another system.
            found += [f"the package {name} is not installed"] if must else []
            continue
        wanted = versions.get(name, version)
        if version != wanted:
            found.append(f"expected {name} {wanted}, got {version}")
        waiting += [(_name(line), False) for line in further if "extra ==" not in line]
    return found


def _is_needed(line: str) -> bool:
    """Whether an installation of the course brings it: no extra, or one of ours."""
    extra = re.search(r"extra == ['\"]([\w-]+)['\"]", line)
    return extra is None or extra[1] in EXTRAS


def _name(line: str) -> str:
    return _plain(re.match(r"[\w.-]+", line)[0])


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def data(top: Path) -> list[str]:
    """Files of the course that are missing, or not as data/README.md says."""
    page = top / "data" / "README.md"
    if not page.exists():
        return [f"expected the data in {page.parent}, got no {page.name}"]
    text, found = page.read_text(encoding="utf-8"), []
    sums = dict(re.findall(r"(?m)^\| (\S+) \| ([0-9a-f]{64}) \|", text))
    for name in FILES:
        path = page.with_name(name)
        if not path.exists():
            found.append(f"data/{name} is missing")
        elif sums.get(name, made := hashlib.sha256(path.read_bytes()).hexdigest()) != made:
            found.append(f"data/{name} is not the file of the course: copy it anew")
    return found


def short_disk(free: float, to_install: bool) -> list[str]:
    """Whether the bytes that are free are enough."""
    needed = DISK if to_install else DISK_INSTALLED
    if free >= needed:
        return []
    return [f"expected {needed / GB:.1f} GB of free disk, got {free / GB:.1f}"]


def short_memory(total: float | None) -> list[str]:
    """Whether two notebooks can be open; nothing is said where nobody knows."""
    if total is None or total >= MEMORY:
        return []
    return [f"expected 4 GB of memory, got {total / GB:.1f}: open one notebook at a time"]


def total_memory() -> float | None:
    """Of this computer, in bytes; None where that can't be asked."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return _windows_memory()


def _windows_memory() -> float | None:
    import ctypes

    if not hasattr(ctypes, "windll"):
        return None

    class Status(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ulong), ("load", ctypes.c_ulong)] + [
            (name, ctypes.c_ulonglong) for name in ("total", "b", "c", "d", "e", "f", "g")
        ]

    status = Status(length=ctypes.sizeof(Status))
    if not ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return float(status.total)


def main(top: Path, install: str = INSTALL, known: str = "") -> int:
    """Print *ready* or what is missing, ``known`` too; the exit code is 0 or 1."""
    found = problems(top, install) + [known] * bool(known)
    for line in found:
        print(f"missing: {line}")
    if not found:
        print("ready")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, "see INSTALL.md"))
