"""A thin layer over nbval: what it says of a failure, and what it does not look at.

nbval runs the cells and decides whether texts are equal. This layer says what changed, compares the
figures, notices a kernel that died, leaves a page under build/drift/, and counts what each notebook
costs. The classes below take the place of nbval's, which they are derived from.
"""

from __future__ import annotations

import fnmatch
import functools
import importlib.metadata
import os
import re
import signal
import textwrap
import time
from pathlib import Path
from queue import Empty
from typing import NamedTuple

import nbval.plugin
import notebook_drift
import notebook_page
import pytest
from nbval.kernel import RunningKernel

OUTPUT_TIMEOUT = 120
"""Seconds to wait for a cell's next output once it has run. nbval's 5 are too few where a machine
is slow or busy; it has no option for it."""
FAR = 3
"""A notebook fails that costs more than so many times its budget."""
COST = "notebook cost"


def pytest_addoption(parser):
    parser.addini(
        "notebook_budgets", "a line each: name pattern, seconds, MiB; the last that fits counts",
        type="linelist",
    )  # fmt: skip


def pytest_configure(config):
    nbval.plugin.RunningKernel = Kernel
    config.pluginmanager.register(Costs(config))


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(parent):
    found = yield
    return [
        Notebook.from_parent(parent, path=node.path)
        if isinstance(node, nbval.plugin.IPyNbFile)
        else node
        for node in found
    ]


class Cost(NamedTuple):
    """Of a notebook: seconds, MiB, and seconds that processors worked; None where not measured."""

    seconds: float
    memory: float | None
    worked: float | None

    def times(self, limits: tuple[float | None, float | None]) -> tuple[float, float]:
        """How many times its budget of time and of memory it cost."""
        # Where others keep the machine busy a notebook waits, and that says nothing of it: far
        # beyond its budget is only what also worked longer than that.
        seconds = self.seconds if self.worked is None else min(self.seconds, FAR * self.worked)
        time_limit, memory_limit = limits
        return (
            seconds / time_limit if time_limit else 0,
            self.memory / memory_limit if memory_limit and self.memory else 0,
        )


class DeadKernelError(Exception):
    """The kernel's process has ended."""


class Kernel(RunningKernel):
    """A kernel that is seen to die while a cell waits for it; nbval waits until the time is up."""

    def execute_cell_input(self, cell_input, allow_stdin=None):
        """Count the cells, as JupyterLab does: tracebacks say In [n]. nbval has In [1] for all."""
        return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)

    def get_message(self, stream, timeout=None):
        end = time.monotonic() + timeout
        while True:
            try:
                return super().get_message(stream, timeout=min(1, timeout))
            except Empty:
                self.check()
                if time.monotonic() >= end:
                    raise

    def check(self):
        if not self.is_alive():
            code = self.km.provisioner.process.poll() if hasattr(self, "km") else None
            how = f"exit code {code}" if code is None or code >= 0 else signal.Signals(-code).name
            # The system takes the largest process when memory is short.
            hint = ": was there too little memory?" if how == "SIGKILL" else ""
            raise DeadKernelError(f"The kernel died ({how}){hint}")

    def peak(self) -> float | None:
        """The largest resident memory so far in MiB; None where the system does not say."""
        try:
            status = Path(f"/proc/{self.km.provisioner.process.pid}/status").read_text()
            return int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]) / 1024
        except (OSError, TypeError, AttributeError):
            return None  # no Linux, or the process is gone

    def worked(self) -> float | None:
        """Seconds that processors have worked for the kernel; None where Linux does not say."""
        try:
            stat = Path(f"/proc/{self.km.provisioner.process.pid}/stat").read_text()
            user, system = stat.rpartition(")")[2].split()[11:13]
            return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, AttributeError):
            return None


class Notebook(nbval.plugin.IPyNbFile):
    """A notebook, its kernel, and what was found in its cells."""

    def collect(self):
        for cell in super().collect():
            yield Cell.from_parent(
                self,
                name=f"In [{cell.cell_num + 1}]",
                cell_num=cell.cell_num,
                cell=cell.cell,
                options=cell.options,
            )

    def setup(self):
        self.began = time.monotonic()
        self.left = self.config.rootpath / "build" / "drift" / self.path.stem  # pages, figures
        notebook_page.remove(self.left)
        self.stopped = ""
        self.failures: dict[int, str] = {}
        self.ran: dict[int, Cell] = {}
        self.cost = Cost(0.0, None, None)
        try:
            super().setup()
        except RuntimeError as error:
            pytest.fail(f"{self.nodeid}: the kernel did not start: {error}", pytrace=False)

    def teardown(self):
        super().teardown()
        if self.failures:
            cells = {n: (cell.test_outputs or [], cell.stale) for n, cell in self.ran.items()}
            notebook_page.leave(self.left, self.nb, cells, self.failures)
        limits = budgets(self.config, self.path.name)
        for what, times, spent, budget in zip(
            ("seconds", "MiB"), self.cost.times(limits), self.cost, limits, strict=False
        ):
            if times > FAR:
                pytest.fail(
                    f"{self.nodeid} took {spent:,.0f} {what}, more than {FAR} times its budget of "
                    f"{budget:,g}: see notebook_budgets in pyproject.toml",
                    pytrace=False,
                )


class Cell(nbval.plugin.IPyNbCell):
    """A code cell, counted from 1 as JupyterLab does."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.output_timeout = OUTPUT_TIMEOUT
        self.stale: list[tuple[str, str, str]] = []

    def reportinfo(self):
        return self.path, None, f"{self.parent.nodeid}, {self.name}"

    def setup(self):
        """Not nbval's: it expects the cells after a time-out to fail, we don't run them."""

    def runtest(self):
        book = self.parent
        book.ran[self.cell_num] = self
        if book.stopped:
            pytest.skip(book.stopped)
        try:
            book.kernel.check()
            super().runtest()
        finally:
            if book.timed_out:
                book.stopped = f"not run: {self.name} took too long"
            elif not book.kernel.is_alive():
                book.stopped = f"not run: the kernel had died in {self.name}"
            book.cost = Cost(
                time.monotonic() - book.began,
                book.kernel.peak() or book.cost.memory,
                book.kernel.worked() or book.cost.worked,
            )
            self.user_properties.append((COST, [book.path.name, *book.cost]))

    def compare_outputs(self, test, ref, skip_compare=None):
        equal = super().compare_outputs(test, ref, skip_compare)
        told = [] if equal else notebook_drift.explain(ref, test) or self.comparison_traceback
        self.comparison_traceback = told + self.compare_figures(ref, test)
        return not self.comparison_traceback

    def compare_figures(self, committed, fresh) -> list[str]:
        from lstm_helpers.course import pictures

        old, new = pictures.pngs(committed), pictures.pngs(fresh)
        if len(old) != len(new):
            return [f"figures: {len(old)} committed, {len(new)} fresh"]
        told = []
        for n, (was, now) in enumerate(zip(old, new, strict=True), 1):
            pngs = was["data"]["image/png"], now["data"]["image/png"]
            try:
                change = pictures.change(*pngs)
            except ValueError as error:
                change = str(error)  # not even a picture, whatever draws the fresh one
            else:
                if why_figures_are_not_compared(self.config.rootpath):
                    continue
            if change:
                caption = caption_of(now)
                self.stale.append((*pngs, caption))
                start = textwrap.shorten(caption, 80, placeholder=" ...")
                told += [f"figure {n} of the cell, {start!r}, is another picture:", f"  {change}"]
        return told

    def format_output_compare(self, key, left, right):
        """In place of nbval's, which cuts and takes long; shown only where we find no words."""
        self.comparison_traceback += [f"{key}, committed:", str(left), "fresh:", str(right)]

    def repr_failure(self, excinfo):
        error = excinfo.value
        source = self.cell.source.strip() or "(an empty cell)"
        lines = [f"{self.parent.nodeid}, {self.name}: {source.splitlines()[0]}"]
        traceback = getattr(error, "inner_traceback", None) or ""
        if isinstance(error, DeadKernelError):
            lines.append(str(error))
        elif not isinstance(error, nbval.plugin.NbCellError):
            return pytest.Item.repr_failure(self, excinfo)
        elif "differ" in str(error):
            lines += ["The cell ran. Its output is not the committed one:", "", traceback]
        elif "exception" in str(error):
            raised = self.test_outputs[-1]
            message = f"{raised['ename']}: {raised['evalue']}".removesuffix(": ")
            lines += ["The cell raised an error:", message, traceback]
        else:
            lines += [str(error), traceback]
        text = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", "\n".join(lines)).rstrip()
        self.parent.failures[self.cell_num] = text
        page = self.parent.left.with_suffix(".html").relative_to(self.config.rootpath)
        return f"{text}\n\nThe notebook as it ran: {page.as_posix()}"


def caption_of(output) -> str:
    """The sentence of a figure."""
    alt = output.get("metadata", {}).get("image/png", {}).get("alt")
    return alt or output["data"].get("text/plain", "a figure without a caption")


@functools.cache
def why_figures_are_not_compared(root: Path) -> str:
    """Empty where the figures are drawn by the Matplotlib that drew the committed ones."""
    pinned = re.search(r"(?m)^matplotlib==(.+)$", (root / "constraints.txt").read_text())[1]
    try:
        here = importlib.metadata.version("matplotlib")
    except importlib.metadata.PackageNotFoundError:
        return "there is no Matplotlib here"
    if here != pinned:
        return f"they are drawn by Matplotlib {here} here, and {pinned} drew the committed ones"
    from matplotlib import ft2font

    # Other builds than PyPI's take the system's FreeType, whose letters differ.
    if ft2font.__freetype_build_type__ != "local":
        return "Matplotlib draws letters with the system's FreeType here"
    return ""


def budgets(config, name: str) -> tuple[float | None, float | None]:
    """Seconds and MiB that a notebook may cost."""
    found = (None, None)
    for line in config.getini("notebook_budgets"):
        pattern, seconds, memory = line.split()
        if fnmatch.fnmatch(name, pattern):
            found = (float(seconds), float(memory))
    return found


class Costs:
    """The table at the end. With xdist the reports bring the figures from the workers."""

    def __init__(self, config):
        self.config = config
        self.costs = {}

    def pytest_runtest_logreport(self, report):
        for key, value in report.user_properties:
            if key == COST:
                self.costs[value[0]] = Cost(*value[1:])

    def pytest_terminal_summary(self, terminalreporter):
        if not self.costs:
            return
        terminalreporter.section("notebooks: seconds, and peak memory of the kernel in MiB")
        width = max(map(len, self.costs))
        row = f"{{:{width}}}  {{:>7}}  {{:>6}}  {{:>12}}  {{:>6}}  {{}}"
        lines = [row.format("", "seconds", "budget", "memory", "budget", "")]
        for name, cost in sorted(self.costs.items()):
            limits = budgets(self.config, name)
            worst = max(cost.times(limits))
            word = "TOO MUCH" if worst > FAR else "over budget" if worst > 1 else ""
            spent = [f"{amount:,.0f}" if amount else "not measured" for amount in cost[:2]]
            asked = [f"{limit:,g}" if limit else "none" for limit in limits]
            lines.append(row.format(name, spent[0], asked[0], spent[1], asked[1], word))
        reason = why_figures_are_not_compared(self.config.rootpath)
        lines.append(f"Figures NOT compared: {reason}." if reason else "Figures compared.")
        for line in lines:
            terminalreporter.write_line(line.rstrip())
