"""``make faults``: plant every fault, one by one, and say which test caught it.

python -m faults [name ...]
"""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

from . import FAULTS
from .planting import Fault, copy_checkout

AT_ONCE = 2
"""Faults that are tried side by side, each in a copy of its own: two, as `make test` has."""
HUNG = 1800
"""Seconds after which a run of tests is stopped; it has then caught nothing."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What a run of pytest found: its exit code, and (test, message) of what failed."""

    code: int
    failures: list[tuple[str, str]]
    output: str

    @property
    def caught(self) -> bool:
        """A test failed. Not so if pytest found no test, or broke before or beside the tests."""
        return self.code == 1 and bool(self.failures)


def run_tests(checkout: Path, tests: Sequence[str], *options: str) -> Outcome:
    """Run tests of a checkout on its own package."""
    if any(".ipynb" in test for test in tests):
        options += ("--nbval", "--nbval-current-env")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        # A notebook that took too long on a busy machine would count as one that saw the fault.
        command += ["-o", "notebook_budgets=", "-o", "junit_family=xunit1"]
        command += [f"--junitxml={report}", *options, *tests]
        try:
            done = subprocess.run(
                command,
                cwd=checkout,
                env=environment(checkout),
                capture_output=True,
                text=True,
                timeout=HUNG,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Outcome(-1, [], f"no end after {HUNG} s")
        failures = _failures(report) if report.exists() else []
    return Outcome(done.returncode, failures, done.stderr + done.stdout)


def environment(checkout: Path) -> dict[str, str]:
    """Imports come from the checkout first, kernels and subprocesses of the tests included."""
    # No bytecode: an edit of the same length within the same second would not be seen.
    ours = {"PYTHONPATH": str(checkout), "PYTHONDONTWRITEBYTECODE": "1"}
    return {**os.environ, **ours, "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}


def _failures(report: Path) -> list[tuple[str, str]]:
    """Failed tests, with the first line of why. An error of collection or set-up is no failure."""
    found = []
    for case in ElementTree.parse(report).iter("testcase"):
        for failure in case.iter("failure"):
            message = re.sub(r"(\x1b|#x1B)\[[0-9;]*m", "", failure.get("message", ""))
            lines = [line.strip() for line in message.splitlines() if line.strip()]
            name = f"{case.get('file')}::{case.get('name')}"
            if lines and lines[0].startswith(case.get("file")):  # a notebook: which cell it was
                lines = lines[1:]
            found.append((name, " ".join(lines)))
    return found


def try_fault(fault: Fault) -> tuple[Outcome, float]:
    """Plant one fault in a fresh copy and run the tests that can see it; also the seconds."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder))
        fault.plant(checkout)
        outcome = run_tests(checkout, fault.tests, "-x")
    return outcome, time.monotonic() - started


def check_unplanted(faults: Sequence[Fault]) -> None:
    """Stop unless tests run on the copy's own package, and all tests that are asked are green."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = copy_checkout(Path(folder).resolve())
        command = [sys.executable, "-c", "import lstm_helpers; print(lstm_helpers.__file__)"]
        imported = subprocess.check_output(
            command, cwd=folder, env=environment(checkout) | {"PYTHONSAFEPATH": "1"}, text=True
        )
        if Path(imported.strip()).parent != checkout / "lstm_helpers":
            sys.exit(f"expected the package of the copy, got {imported.strip()}")
        tests = sorted({test for fault in faults for test in fault.tests})
        outcome = run_tests(checkout, tests, "-n", str(AT_ONCE), "--dist", "loadscope")
    if outcome.code:
        print(outcome.output)
        sys.exit("Without any fault these tests are red: nothing was planted.")


def main(names: Sequence[str]) -> int:
    unknown = set(names) - set(FAULTS)
    if unknown:
        sys.exit(f"expected names of {', '.join(FAULTS)}, got {', '.join(sorted(unknown))}")
    asked = {name: FAULTS[name] for name in names or FAULTS}
    started = time.monotonic()
    print("without a fault: ", end="", flush=True)
    check_unplanted(list(asked.values()))
    print(f"green, {time.monotonic() - started:.0f} s", flush=True)
    missed = []
    with ThreadPoolExecutor(AT_ONCE) as pool:
        tried = pool.map(try_fault, asked.values())
        for (name, fault), (outcome, seconds) in zip(asked.items(), tried, strict=True):
            print(f"{'caught' if outcome.caught else 'NOT CAUGHT'} {seconds:3.0f} s  {name}")
            print(f"    {fault.broken}")
            if outcome.caught:
                test, message = outcome.failures[0]
                print(f"    by {test}: {message[:200]}", flush=True)
            else:
                missed.append(name)
                # Green, or pytest itself broke: its last line says which.
                print(f"    {(outcome.output.splitlines() or ['no output'])[-1]}", flush=True)
    minutes = (time.monotonic() - started) / 60
    print(f"{len(asked) - len(missed)} of {len(asked)} faults caught, {minutes:.1f} minutes")
    if missed:
        print(f"NOT CAUGHT: {', '.join(missed)}")
    return bool(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
