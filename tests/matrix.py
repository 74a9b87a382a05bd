"""Run the suite as other machines would, and print one table: ``make matrix``.

python tests/matrix.py [--list] [--only ROW ...] [--times N] [--unit] [options for pytest]

One processor can stand in for many: OpenBLAS, XLA, oneDNN and NumPy each choose their instructions
when they start, and each can be told to leave some out. Rows of other versions and other Pythons
get environments of their own in build/matrix/, rows of this one use this one and leave out what is
the same on every machine. What a row printed is kept in build/matrix/<row>.log.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
BUILD = TOP / "build" / "matrix"
SUITE = ["-q", "-n", "2", "--dist", "loadscope", "--nbval", "--nbval-current-env"]
SUITE += ["--nbval-cell-timeout=3000", "-o", "notebook_budgets="]
"""What ``make test`` gives to pytest, with time for a machine that is slow by intention."""
EVERYTHING = ["tests", "notebooks"]
# A third of the time, and no number in them comes from a processor: they read files, pages and
# commands. Rows of this environment leave them out; `make test` has run them.
SAME_EVERYWHERE = [
    "copies",
    "course",
    "house",
    "instructors",
    "lab",
    "maintenance",
    "mutate",
    "notebook_drift",
    "notebook_runs",
    "paper",
    "ready",
    "setup",
    "site",
    "start",
    "types",
    "wheelhouse",
    "workshop",
]
# They compare what is installed with constraints.txt: not for rows with other versions.
OF_THE_PINS = ["notebook_runs", "ready", "setup"]
# What emulation finishes in an hour. Notebook 01 trains over 15 minutes there, 06 takes over an
# hour; the rest of the tests need Keras to train, or more memory than an emulator likes.
UNIT_TESTS = [
    f"tests/test_{name}.py"
    for name in ("gates", "layouts", "numpy_lstm", "jacobian", "attribution")
]
QUICK = [*UNIT_TESTS, *(f"notebooks/{n}" for n in ("02_*.ipynb", "03_*.ipynb", "04_*.ipynb"))]


@dataclasses.dataclass(frozen=True)
class Row:
    """One kind of machine.

    ``settings`` are environment variables, ``needs`` the sets of instructions that the processor
    must have for them, ``without`` those that NumPy must not use, both as patterns of names;
    ``python`` is another interpreter, ``install`` what pip is given in an environment of the row's
    own, ``tests`` what is run there.
    """

    about: str
    settings: dict[str, str] = dataclasses.field(default_factory=dict)
    needs: str | None = None
    without: str | None = None
    python: str | None = None
    install: tuple[str, ...] = ()
    tests: tuple[str, ...] = tuple(EVERYTHING)


def blas(kernel: str) -> dict[str, str]:
    return {"OPENBLAS_CORETYPE": kernel}


def isa(name: str, kernel: str) -> dict[str, str]:
    """XLA up to this set of instructions, oneDNN off (it can't be limited without breaking)."""
    xla = {"XLA_FLAGS": f"--xla_cpu_max_isa={name}", "TF_ENABLE_ONEDNN_OPTS": "0"}
    return blas(kernel) | xla


# NumPy 2.4 names whole levels, older ones the single sets.
AVX2, AVX512 = "X86_V3|AVX2", "X86_V4|AVX512F"
PINS = ("-c", "constraints.txt", "-e", ".[course,files,test]")
OLDEST = tuple(
    f"{name}.*"
    for name in ("tensorflow==2.18", "keras==3.8", "numpy==2.0", "pandas==2.2", "matplotlib==3.9")
)
# Of that time too: with a newer one Matplotlib 3.9 warns at import, and warnings are errors here.
OLDEST += ("pyparsing==3.2.*",)

ROWS = {
    "this": Row("this machine as it is"),
    "haswell": Row("BLAS of most laptops", blas("Haswell"), AVX2),
    "zen": Row("BLAS of AMD's processors", blas("Zen"), AVX2),
    "skylakex": Row("BLAS with AVX-512", blas("SkylakeX"), AVX512),
    "sandybridge": Row("BLAS with AVX alone", blas("Sandybridge"), AVX2),
    "nehalem": Row("BLAS without AVX", blas("Nehalem"), AVX2),
    "avx2": Row("everything up to AVX2", isa("AVX2", "Haswell"), AVX2, "V4|AVX512"),
    "avx": Row("no FMA anywhere", isa("AVX", "Sandybridge"), AVX2, "V[34]|AVX2|AVX512|FMA"),
    "sse": Row("XLA with SSE4.2", isa("SSE4_2", "Nehalem"), AVX2, "V[34]|AVX|FMA|F16C"),
    "onednn-off": Row("TensorFlow without oneDNN", {"TF_ENABLE_ONEDNN_OPTS": "0"}),
    "numpy-plain": Row("NumPy's own loops for any processor", without="."),
    "one-thread": Row(
        "one thread everywhere",
        dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), "1")
        | {"OPENBLAS_NUM_THREADS": "1"},
    ),
    "two-threads": Row("two threads for NumPy too", {"OPENBLAS_NUM_THREADS": "2"}),
    "elsewhere": Row(
        "another time zone, no language", {"TZ": "Pacific/Chatham", "LC_ALL": "C", "LANG": "C"}
    ),
    "python3.11": Row("Python 3.11", python="python3.11", install=PINS),
    "python3.12": Row("Python 3.12", python="python3.12", install=PINS),
    "python3.13": Row("Python 3.13", python="python3.13", install=PINS),
    "oldest": Row(
        "the oldest versions that pyproject.toml allows",
        python="python3.11",
        install=("-e", ".[course,files,test]", *OLDEST),
    ),
    "newest": Row(
        "the newest versions there are",
        python="python3.12",
        install=("--upgrade", "-e", ".[course,files,test]"),
    ),
    "arm64": Row("arm64, emulated", tests=tuple(QUICK)),
}


def instructions(pattern: str, python: str = sys.executable) -> str:
    """The sets that NumPy found on this processor and can do without, as it wants them named.

    A name that the machine lacks would be a warning, and warnings are errors in our tests.
    """
    code = (
        "from numpy._core._multiarray_umath import __cpu_dispatch__ as d, __cpu_features__ as f;"
        "print(*[n for n in d if f.get(n)])"
    )
    names = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout
    return " ".join(name for name in names.split() if re.search(pattern, name))


def own_kernel() -> str:
    """The kernel that NumPy takes on this processor by itself; "" if it does not tell."""
    environment = {k: v for k, v in os.environ.items() if k != "OPENBLAS_CORETYPE"}
    told = subprocess.run(
        [sys.executable, "-c", "import numpy"],
        env=environment | {"OPENBLAS_VERBOSE": "2"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"(?m)^Core: (\w+)", told.stdout + told.stderr)
    return found.group(1) if found else ""


def own_environment(name: str, row: Row) -> str | None:
    """The Python of the row's environment, made where it isn't there; None without that Python."""
    base = find_python(row.python)
    if base is None:
        return None
    folder = BUILD / name
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        print(f"{name}: making an environment, some minutes", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([base, "-m", "venv", folder], check=True)
        quiet = ["--disable-pip-version-check", "--quiet"]
        subprocess.run([python, "-m", "pip", "install", *quiet, *row.install], check=True, cwd=TOP)
        done.touch()
    return str(python)


def find_python(name: str) -> str | None:
    """A Python of that version that starts and can make environments, or None."""
    versions = Path(sys.base_prefix).parent  # where pyenv, for one, keeps them side by side
    beside = sorted(versions.glob(f"{name.removeprefix('python')}.*/bin/{name}"))
    for candidate in (shutil.which(name), *map(str, beside)):
        if candidate:
            works = subprocess.run([candidate, "-c", "import venv, ensurepip"], capture_output=True)
            if works.returncode == 0:
                return candidate
    return None


def possible(row: Row) -> bool:
    """Whether this processor has what the row needs."""
    return row.needs is None or bool(instructions(row.needs))


def run(name: str, row: Row, options: list[str], unit: bool = False) -> dict:
    """Run one row; what came of it as ``result`` with ``seconds`` and ``failed`` tests."""
    if not possible(row):
        return {"result": "not on this processor"}
    if name == "arm64":
        command, environment = arm64(row)
        if command is None:
            return {"result": environment}
    else:
        python = own_environment(name, row) if row.install else sys.executable
        if python is None:
            return {"result": f"no {row.python} here"}
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"} | row.settings
        if row.without:
            environment["NPY_DISABLE_CPU_FEATURES"] = instructions(row.without, python)
        tests = ("tests",) if unit else row.tests
        leave = [] if row.install == PINS else OF_THE_PINS if row.install else SAME_EVERYWHERE
        left_out = [f"--ignore=tests/test_{name}.py" for name in leave]
        command = [python, "-m", "pytest", *SUITE, *left_out, *expand(tests), *options]
    log = BUILD / f"{name}.log"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as file:
        subprocess.run(command, cwd=TOP, env=environment, stdout=file, stderr=subprocess.STDOUT)
    text = log.read_text(encoding="utf-8", errors="replace")
    last = re.findall(r"(?m)^=*\s*((?:\d+ \w+,? ?)+) in [\d.]+s", text)
    return {
        "result": last[-1].strip(", ") if last else "did not come to its end",
        "seconds": time.monotonic() - started,
        "failed": re.findall(r"(?m)^(?:FAILED|ERROR) (.+?)(?: - .*)?$", text),
    }


def expand(tests: tuple[str, ...]) -> list[str]:
    return [str(path.relative_to(TOP)) for pattern in tests for path in sorted(TOP.glob(pattern))]


def arm64(row: Row) -> tuple[list[str] | None, dict | str]:
    """The command that runs the tests in an emulated Debian; None and a reason where it can't."""
    tools = [tool for tool in ("debootstrap", "qemu-aarch64-static") if not shutil.which(tool)]
    if platform.machine() == "aarch64":
        return None, "this is one: see the first row"
    if tools or not hasattr(os, "geteuid") or os.geteuid() != 0:
        lacks = ", ".join(tools) or "root"
        return None, f"needs {lacks} (Debian: qemu-user-static, debootstrap, binfmt-support; root)"
    root = BUILD / "arm64"
    script = BUILD / "arm64.sh"
    # An emulator is slow: no budgets, and an hour for a cell.
    options = "-q --nbval --nbval-current-env --nbval-cell-timeout=3600 -o notebook_budgets="
    tests = " ".join(expand(row.tests))
    inside = f"OPENBLAS_NUM_THREADS=1 .venv/bin/python -m pytest {options} {tests}"
    script.write_text(ARM64.format(root=root, top=TOP, inside=inside), encoding="utf-8")
    return ["bash", str(script)], dict(os.environ)


ARM64 = """\
set -eu
mountpoint -q /proc/sys/fs/binfmt_misc || mount binfmt_misc -t binfmt_misc /proc/sys/fs/binfmt_misc
update-binfmts --enable qemu-aarch64
if [ ! -e '{root}/ready' ]; then
  rm -rf '{root}'
  debootstrap --arch=arm64 --variant=minbase \\
    --include=python3,python3-venv,make,git,ca-certificates bookworm '{root}'
  touch '{root}/ready'
fi
cp -L /etc/ssl/certs/ca-certificates.crt '{root}/etc/ssl/certs/'
cp -L /etc/resolv.conf '{root}/etc/' || true
rm -rf '{root}/course.new'
git clone --quiet '{top}' '{root}/course.new'
mkdir -p '{root}/course'
cp -r '{root}/course.new/.' '{root}/course/'
for part in proc dev; do
  mountpoint -q '{root}/'$part || mount --rbind /$part '{root}/'$part
done
trap "umount -l '{root}/proc' '{root}/dev'" EXIT
chroot '{root}' bash -euc 'cd /course && make lint && {inside}'
"""


def table(found: dict[str, dict]) -> str:
    """Markdown, one line a row, what failed below it."""
    lines = ["| row | what it stands for | result | seconds |", "|---|---|---|---|"]
    for name, row in found.items():
        for n, once in enumerate(row, 1):
            again = f" ({n})" if len(row) > 1 else ""
            seconds = f"{once['seconds']:.0f}" if "seconds" in once else ""
            lines.append(f"| {name}{again} | {ROWS[name].about} | {once['result']} | {seconds} |")
    for name, row in found.items():
        for test in dict.fromkeys(test for once in row for test in once.get("failed", ())):
            lines.append(f"\n{name}: {test}")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    parser.add_argument("--only", nargs="+", default=list(ROWS), metavar="ROW", choices=ROWS)
    parser.add_argument("--times", type=int, default=1, help="run each row so many times")
    parser.add_argument("--unit", action="store_true", help="no notebooks")
    parser.add_argument(
        "--others", action="store_true", help="not the row that this machine is, if another can run"
    )
    arguments, options = parser.parse_known_args()
    if arguments.list:
        print("\n".join(f"{name:12} {row.about}" for name, row in ROWS.items()))
        return 0
    BUILD.mkdir(parents=True, exist_ok=True)
    found: dict[str, list] = {}
    rows = {name: ROWS[name] for name in arguments.only}
    if arguments.others:
        # Whoever has just run the tests has run this row.
        kernel = os.environ.get("OPENBLAS_CORETYPE") or own_kernel()
        own = {n: row for n, row in rows.items() if row == Row(row.about, blas(kernel), row.needs)}
        if any(possible(row) for name, row in rows.items() if name not in own):
            found = {name: [{"result": "this machine as it is"}] for name in own}
    for name, row in rows.items():
        for _ in range(0 if name in found else arguments.times):
            print(f"{name}: {row.about} ...", flush=True)
            found.setdefault(name, []).append(run(name, row, options, arguments.unit))
            print(f"{name}: {found[name][-1]['result']}", flush=True)
    print("\n" + table(found))
    ran = [once for row in found.values() for once in row if "seconds" in once]
    return int(any(once["failed"] or "passed" not in once["result"] for once in ran))


if __name__ == "__main__":
    sys.exit(main())
