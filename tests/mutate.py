"""Mutation testing: change the package in one place at a time, and see whether its tests notice.

``make mutate`` runs a sample, ``make mutate ARGS=--all`` everything. A mutant is the source of one
module with one small change: another operator, a number one larger, a statement left out. It is
*killed* when the unit tests of that module fail, and then *by an assertion* (or because an error
that was asked for did not come) or by *another exception*, which any test that reaches the line
would meet. It *survives* when they pass: then no test needs the line to be as it is.

The working tree is never touched. Each process has a copy of the package of its own, first on the
path; it imports NumPy, pytest and TensorFlow once, and forks a child for each mutant, which imports
the package from that copy. So this runs where Python can fork: on Linux, and on a Mac.

A survivor that computes the same as the original belongs into ``equivalent_mutants.toml``, with
the reason. It is not counted.
"""

from __future__ import annotations

import argparse
import ast
import collections
import compileall
import contextlib
import dataclasses
import gc
import itertools
import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import tomllib
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
PACKAGE = TOP / "lstm_helpers"
EQUIVALENTS = Path(__file__).with_name("equivalent_mutants.toml")

CORE = ("gates", "layouts", "layers", "numpy_lstm", "attribution", "memory")
CORE += ("_checks", "_activations", "_run_checks", "_derivatives", "jacobian", "readout")
CORE += ("retraining", "_outputs", "_calls", "_lags", "probing", "patching")
NUMBERS_ONLY = ("exercises",)
"""Modules of which only the numbers are changed: the rest is text for learners."""
BOUNDS = {CORE: 98.0, NUMBERS_ONLY: 90.0}
"""Per cent of the mutants of these modules, taken together, that must be killed."""

MEMORY = 6 * 2**30
"""Bytes that a mutant may ask for beyond what its process has: a size made too large ends there."""


# Mutants.


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One module with one change."""

    module: str
    function: str
    number: int
    source: bytes
    was: str
    becomes: str


COMPARISONS = {
    ast.Lt: ("<", ["<=", ">="]),
    ast.LtE: ("<=", ["<", ">"]),
    ast.Gt: (">", [">=", "<="]),
    ast.GtE: (">=", [">", "<"]),
    ast.Eq: ("==", ["!="]),
    ast.NotEq: ("!=", ["=="]),
    ast.Is: ("is", ["is not"]),
    ast.IsNot: (r"is\s+not", ["is"]),
    ast.In: ("in", ["not in"]),
    ast.NotIn: (r"not\s+in", ["in"]),
}
ARITHMETIC = {
    ast.Add: ("+", ["-"]),
    ast.Sub: ("-", ["+"]),
    ast.Mult: ("*", ["/"]),
    ast.Div: ("/", ["*"]),
    ast.FloorDiv: ("//", ["*"]),
    ast.Mod: ("%", ["*"]),
    ast.Pow: ("**", ["*"]),
    ast.MatMult: ("@", ["*"]),
    ast.BitAnd: ("&", ["|"]),
    ast.BitOr: ("|", ["&"]),
}
COMMUTATIVE = ("add", "max", "maximum", "min", "minimum", "multiply")
"""Functions whose arguments may be exchanged, and so are not."""
METHODS = ("astype", "copy", "lower", "ravel", "reshape", "round", "strip", "swapaxes", "transpose")
"""Of these the call is left out: ``x.astype(bool)`` becomes ``x``."""


class Changes(ast.NodeVisitor):
    """Collects (function, start, end, new text): what to put in place of bytes of the source."""

    def __init__(self, source: bytes, numbers_only: bool):
        self.source, self.numbers_only = source, numbers_only
        self.found: list[tuple[str, int, int, str]] = []
        self.scope: list[str] = []
        self.bound: list[set[str]] = [set()]
        lengths = [len(line) for line in source.splitlines(keepends=True)]
        self.starts = [0, *itertools.accumulate(lengths)]
        tree = ast.parse(source)
        self.modules = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        }
        self.visit(tree)

    # Where things stand.

    def span(self, node) -> tuple[int, int]:
        return (
            self.starts[node.lineno - 1] + node.col_offset,
            self.starts[node.end_lineno - 1] + node.end_col_offset,
        )

    def text(self, node) -> str:
        start, end = self.span(node)
        return self.source[start:end].decode()

    def add(self, start: int, end: int, new: str, number: bool = False) -> None:
        if number or not self.numbers_only:
            self.found.append((".".join(self.scope) or "the module", start, end, new))

    def replace(self, node, new: str, number: bool = False) -> None:
        self.add(*self.span(node), new, number)

    def operator(self, left, right, old: str, new: list[str], number: bool = False) -> None:
        """Replace the operator that stands between two nodes."""
        start, end = self.span(left)[1], self.span(right)[0]
        pattern = rf"\b{old}\b" if old[0].isalpha() else re.escape(old)
        match = re.search(pattern.encode(), self.source[start:end])
        for text in new:
            self.add(start + match.start(), start + match.end(), text, number)

    def name(self, function) -> str:
        """The last name of what is called."""
        return getattr(function, "attr", getattr(function, "id", ""))

    # What is left alone: annotations, docstrings, the text of errors.

    def visit_Raise(self, node):
        self.replace(node, "pass")

    def visit_JoinedStr(self, node):
        pass

    def visit_AnnAssign(self, node):
        if node.value is not None:
            self.visit(node.value)

    def visit_arguments(self, node):
        for default in (*node.defaults, *node.kw_defaults):
            if default is not None:
                self.visit(default)

    # Functions and statements.

    def visit_FunctionDef(self, node):
        if any(ast.unparse(decorator) == "overload" for decorator in node.decorator_list):
            return  # for a type checker alone: it never runs
        for decorator in node.decorator_list:
            start, end = self.span(decorator)
            self.add(start - 1, end, "")
            self.visit(decorator)
        self.visit(node.args)
        self.scope.append(node.name)
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        self.bound.append({argument.arg for argument in arguments})
        self.body(node.body)
        self.bound.pop()
        self.scope.pop()

    def visit_ClassDef(self, node):
        for decorator in node.decorator_list:
            self.visit(decorator)
        self.scope.append(node.name)
        self.body(node.body)
        self.scope.pop()

    def body(self, statements):
        for statement in statements:
            self.visit(statement)

    def visit_Expr(self, node):
        if not isinstance(node.value, ast.Constant):
            if not isinstance(node.value, ast.Yield):
                self.replace(node, "pass")
            self.visit(node.value)

    def visit_Return(self, node):
        if node.value is not None:
            if not (isinstance(node.value, ast.Constant) and node.value.value is None):
                self.replace(node, "return None")
            self.visit(node.value)

    def visit_Assign(self, node):
        targets = [name for target in node.targets for name in ast.walk(target)]
        names = {name.id for name in targets if isinstance(name, ast.Name)}
        stored = any(isinstance(name, ast.Subscript | ast.Attribute) for name in targets)
        # Without the first assignment a name does not exist; a later one may be needed or not.
        if stored or (len(self.bound) > 1 and names and names <= self.bound[-1]):
            self.replace(node, "pass")
        self.bound[-1] |= names
        self.generic_visit(node)

    def visit_AugAssign(self, node):
        self.replace(node, "pass")
        old, new = ARITHMETIC[type(node.op)]
        self.operator(node.target, node.value, f"{old}=", [f"{text}=" for text in new])
        self.generic_visit(node)

    def visit_If(self, node):
        self.condition(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node):
        for test in node.ifs:
            self.condition(test)
        self.generic_visit(node)

    def condition(self, test):
        """The other way round, where no other change does it already."""
        if not isinstance(test, ast.Compare | ast.UnaryOp):
            self.replace(test, f"(not ({self.text(test)}))")

    # Expressions.

    def visit_IfExp(self, node):
        then, other = self.text(node.body), self.text(node.orelse)
        self.replace(node, f"(({other}) if ({self.text(node.test)}) else ({then}))")
        self.generic_visit(node)

    def visit_Compare(self, node):
        for left, op, right in zip(
            [node.left, *node.comparators], node.ops, node.comparators, strict=False
        ):
            self.operator(left, right, *COMPARISONS[type(op)])
        self.visit(node.left)
        for op, right in zip(node.ops, node.comparators, strict=True):
            letters = getattr(right, "value", None)
            if isinstance(op, ast.In | ast.NotIn) and isinstance(letters, str):
                self.replace(right, repr(letters[1:]))  # one letter fewer is looked for
                self.replace(right, repr(letters[:-1]))
            else:
                self.visit(right)

    def visit_BinOp(self, node):
        parts = (node.left, node.right)
        text = any(
            isinstance(part, ast.JoinedStr)
            or (isinstance(part, ast.Constant) and isinstance(part.value, str))
            for part in parts
        )
        if not text:
            self.operator(*parts, *ARITHMETIC[type(node.op)], number=True)
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in itertools.pairwise(node.values):
            self.operator(left, right, old, [new])
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        self.replace(node, self.text(node.operand), number=isinstance(node.op, ast.USub))
        self.generic_visit(node)

    def visit_Constant(self, node):
        value = node.value
        if isinstance(value, bool):
            self.replace(node, repr(not value))
        elif isinstance(value, int):
            for new in (value + 1, value - 1):
                self.replace(node, f"({new})" if new < 0 else f"{new}", number=True)
        elif isinstance(value, float):
            for new in sorted({value + 1, 2 * value} - {value}):
                self.replace(node, repr(new), number=True)
        elif isinstance(value, str):
            self.replace(node, repr("mutant " + value))

    def visit_Slice(self, node):
        for part in ("lower", "upper", "step"):
            if getattr(node, part) is not None:
                fields = {"lower": node.lower, "upper": node.upper, "step": node.step}
                self.replace(node, ast.unparse(ast.Slice(**fields | {part: None})))
        self.generic_visit(node)

    def visit_Call(self, node):
        plain = [a for a in node.args if not isinstance(a, ast.Starred)]
        if len(plain) == len(node.args) >= 2 and self.name(node.func) not in COMMUTATIVE:
            (start, _), (_, end) = self.span(plain[0]), self.span(plain[1])
            between = self.source[self.span(plain[0])[1] : self.span(plain[1])[0]].decode()
            self.add(start, end, self.text(plain[1]) + between + self.text(plain[0]))
        function = node.func
        method = isinstance(function, ast.Attribute) and not (
            isinstance(function.value, ast.Name) and function.value.id in self.modules
        )
        if method and function.attr in METHODS:
            self.replace(node, self.text(function.value))
        elif not method and len(plain) == len(node.args) == 1 and not node.keywords:
            self.replace(node, f"({self.text(plain[0])})")
        self.generic_visit(node)


def find_module(name: str) -> Path:
    """The file of a module, wherever it is in the package."""
    found = sorted(PACKAGE.rglob(f"{name}.py"))
    if len(found) != 1:
        raise SystemExit(f"expected one module {name!r} in the package, got {len(found)}")
    return found[0]


def tests_of(name: str) -> list[Path]:
    """The unit tests of a module; those of ``_checks`` are in test_checks.py."""
    return sorted((TOP / "tests").rglob(f"test_{name.lstrip('_')}.py"))


def mutants_of(name: str) -> list[Mutant]:
    """Every mutant of a module, in the order of its source."""
    source = find_module(name).read_bytes()
    same = ast.dump(ast.parse(source))
    mutants, seen = [], {same}
    for function, start, end, new in sorted(
        Changes(source, name in NUMBERS_ONLY).found, key=lambda change: change[1:]
    ):
        changed = source[:start] + new.encode() + source[end:]
        try:
            tree = ast.dump(ast.parse(changed))
        except SyntaxError:  # a text whose line breaks cannot go where it was put
            continue
        if tree not in seen:
            seen.add(tree)
            was, becomes = first_difference(source, changed)
            mutants.append(Mutant(name, function, len(mutants), changed, was, becomes))
    return mutants


def first_difference(source: bytes, changed: bytes) -> tuple[str, str]:
    """The first line that is not the same, before and after."""
    lines = zip(source.decode().splitlines(), changed.decode().splitlines(), strict=False)
    return next((a.strip(), b.strip()) for a, b in lines if a != b)


# The mutants that no test can kill.


def take_out_equivalents(mutants: list[Mutant], names: list[str]) -> tuple[list, list]:
    """(mutants to kill, mutants that compute the same); an entry that is none is an error."""
    entries = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8")).get("equivalent", [])
    keys = collections.Counter()
    for entry in entries:
        if set(entry) != {"file", "function", "was", "becomes", "reason"} or not entry["reason"]:
            raise SystemExit(
                f"{EQUIVALENTS.name}: expected file, function, was, becomes and reason, got {entry}"
            )
        keys[key := tuple(entry[field] for field in ("file", "function", "was", "becomes"))] += 1
        if keys[key] > 1:
            raise SystemExit(f"{EQUIVALENTS.name}: this stands there twice: {key}")
    files = {name: find_module(name).relative_to(TOP).as_posix() for name in names}
    wanted = {key for key in keys if key[0] in files.values()}
    named = [(files[m.module], m.function, m.was, m.becomes) for m in mutants]
    if rotten := wanted - set(named):
        lines = "\n".join(f"  {file}, {where}\n  - {a}\n  + {b}" for file, where, a, b in rotten)
        raise SystemExit(f"{EQUIVALENTS.name}: no such mutant any more:\n{lines}")
    if missing := sorted({key[0] for key in keys if not (TOP / key[0]).is_file()}):
        raise SystemExit(f"{EQUIVALENTS.name}: no such file: {', '.join(missing)}")
    alive = [m for m, key in zip(mutants, named, strict=True) if key not in wanted]
    return alive, [m for m, key in zip(mutants, named, strict=True) if key in wanted]


# One mutant in a child.


class Watcher:
    """A pytest plugin that notes the first failure."""

    def __init__(self):
        self.first = None

    def pytest_exception_interact(self, node, call, report):
        if self.first is None:
            import pytest

            missing = (AssertionError, pytest.fail.Exception)
            during = "collection" if call.when == "collect" else "a test"
            kind = "assertion" if issubclass(call.excinfo.type, missing) else "exception"
            error = f"{node.nodeid}: {call.excinfo.typename}: {str(call.excinfo.value)[:300]}"
            self.first = (kind, during, error)


def run_tests(slot: Path, name: str) -> dict:
    """Run the tests of a module on the package in ``slot``; in a child, which ends afterwards."""
    import pytest

    sys.path.insert(0, str(slot))
    tests = tests_of(name)
    watcher = Watcher()
    # Unit tests alone, with settings of their own: no notebooks, no plugins.
    options = ["-x", "-q", "-p", "no:cacheprovider", "--noconftest", "--rootdir", str(TOP)]
    options += ["-c", str(slot / "pytest.ini")]
    code = int(pytest.main([*options, *map(str, tests)], plugins=[watcher]))
    dotted = ".".join(find_module(name).relative_to(TOP).with_suffix("").parts)
    loaded = sys.modules.get(dotted)
    return {
        "code": code,
        "first": watcher.first,
        "loaded": loaded is not None and Path(loaded.__file__).is_relative_to(slot),
    }


def child(slot: Path, name: str, is_mutant: bool) -> None:
    """What a fork does: run, write down what came of it, end."""
    # Nothing compiled of a mutant may stay; of the tests it may, and saves much time.
    sys.dont_write_bytecode = is_mutant
    os.setsid()
    result = {"code": 3, "first": ("exception", "a test", "the process ended"), "loaded": True}
    try:
        quiet = os.open(slot / "output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        import resource  # Windows has none, and tests/test_mutate.py is run there too

        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    except OSError:  # no /proc: not on Linux, and so without a limit
        pass
    try:
        result = run_tests(slot, name)
    except BaseException as error:
        result["first"] = ("exception", "a test", repr(error))
    finally:
        (slot / "result.json").write_text(json.dumps(result), encoding="utf-8")
        os._exit(0)


@dataclasses.dataclass
class Job:
    """A child at work."""

    pid: int
    slot: Path
    until: float


class Slots:
    """A few copies of the package, and a child at work in each."""

    def __init__(self, folder: Path, count: int):
        self.free = [folder / f"{n}" for n in range(count)]
        for slot in self.free:
            shutil.copytree(
                PACKAGE, slot / PACKAGE.name, ignore=shutil.ignore_patterns("__pycache__")
            )
            compileall.compile_dir(slot, quiet=2)
            (slot / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n")

    def start(self, name: str, source: bytes, seconds: float) -> Job:
        slot = self.free.pop()
        if source != (module := find_module(name)).read_bytes():
            (slot / module.relative_to(TOP)).write_bytes(source)
        (slot / "result.json").unlink(missing_ok=True)
        pid = os.fork()
        if pid == 0:
            child(slot, name, source != module.read_bytes())
        return Job(pid, slot, time.monotonic() + seconds)

    def finished(self, job: Job, name: str) -> dict | None:
        """What came of a child, or None while it works; it is ended when its time is up."""
        done, _ = os.waitpid(job.pid, os.WNOHANG)
        late = not done and time.monotonic() > job.until
        if not done and not late:
            return None
        with contextlib.suppress(ProcessLookupError):  # and whatever a test has started
            os.killpg(job.pid, signal.SIGKILL)
        if late:
            os.waitpid(job.pid, 0)
        module = find_module(name)
        # With its old time: what was compiled of it then counts again.
        shutil.copy2(module, job.slot / module.relative_to(TOP))
        self.free.append(job.slot)
        path = job.slot / "result.json"
        if late:
            return {"code": 1, "first": ("time", "a test", "time is up"), "loaded": True}
        if not path.exists():  # it crashed: a segmentation fault, or no memory
            return {"code": 1, "first": ("exception", "a test", "crashed"), "loaded": True}
        return json.loads(path.read_text(encoding="utf-8"))

    def run(self, tasks, report) -> None:
        """Work through (key, module, source, seconds), and report(key, result) each."""
        tasks, running = collections.deque(tasks), {}
        try:
            while tasks or running:
                while tasks and self.free:
                    key, name, source, seconds = tasks.popleft()
                    running[key] = (self.start(name, source, seconds), name)
                for key, (job, name) in list(running.items()):
                    result = self.finished(job, name)
                    if result is not None:
                        del running[key]
                        report(key, result)
                time.sleep(0.005)
        finally:
            for job, _ in running.values():
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(job.pid, signal.SIGKILL)

    def run_one(self, name: str, source: bytes) -> dict:
        results = []
        self.run([(name, name, source, 900)], lambda _, result: results.append(result))
        return results[0]


# Is the harness itself sound?

DEADLY = b"""

import types as _types
def _own(_things):
    _things = [getattr(_thing, "__wrapped__", _thing) for _thing in _things]
    _things = [_thing for _thing in _things if isinstance(_thing, _types.FunctionType)]
    return [_thing for _thing in _things if _thing.__module__ == __name__]
_all = list(globals().values())
_dead = [_thing for _thing in _own(_all) if _thing is not _own]
if not _dead:
    _classes = [_thing for _thing in _all if isinstance(_thing, type)]
    _classes = [_class for _class in _classes if _class.__module__ == __name__]
    _dead = [_thing for _class in _classes for _thing in _own(vars(_class).values())]
for _thing in _dead:
    if not _thing.__code__.co_freevars:
        _thing.__code__ = (lambda *_a, **_k: None).__code__
"""
"""Put behind a module, it makes every function of it return None, or every method where it has no
function: its tests must see that."""


def prepare(names: list[str]) -> None:
    """Import once, before the first fork, what takes seconds; but nothing of the package."""
    # Two processes have the cores already; and no plugin but pytest's own.
    os.environ |= {"OPENBLAS_NUM_THREADS": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    import pandas  # noqa: F401
    import pytest  # noqa: F401

    tests = [path for name in names for path in tests_of(name)]
    if any("import keras" in path.read_text(encoding="utf-8") for path in tests):
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        saved, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 2)  # TensorFlow talks while it starts
        import tensorflow  # noqa: F401

        os.dup2(saved, 2)
    gc.freeze()  # the children share this memory
    if any(name.split(".")[0] == PACKAGE.name for name in sys.modules):
        raise SystemExit("expected that nothing of the package is imported yet")


def check_harness(slots: Slots, names: list[str]) -> dict[str, float]:
    """Seconds that the tests of each module take as they are, if all is well."""
    seconds = {}
    for name in names:
        source, began = find_module(name).read_bytes(), time.monotonic()
        whole = slots.run_one(name, source)
        seconds[name] = time.monotonic() - began
        if whole["code"] != 0 or not whole["loaded"]:
            raise SystemExit(f"{name}: expected its tests to pass as it is, got {whole}")
        dead = slots.run_one(name, source + DEADLY)
        if dead["first"] is None or dead["first"][1] == "collection" or not dead["loaded"]:
            raise SystemExit(f"{name}: expected a test to fail on empty functions, got {dead}")
    return seconds


# The command.


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make mutate", description="Mutation testing.")
    parser.add_argument("--all", action="store_true", help="every mutant, not a sample")
    parser.add_argument("--sample", type=int, default=60, help="mutants a module (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="of the sample (default: 0)")
    parser.add_argument("--only", nargs="+", metavar="MODULE", default=[*CORE, *NUMBERS_ONLY])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument(
        "--equivalents", action="store_true", help="try the listed ones: none may be killed"
    )
    parser.add_argument("--verbose", action="store_true", help="say of each mutant what killed it")
    return parser.parse_args(arguments)


def choose(mutants: list[Mutant], options: argparse.Namespace) -> list[Mutant]:
    """The sample of one module, the same for the same source and seed."""
    if options.all or len(mutants) <= options.sample:
        return mutants
    rng = random.Random(f"{options.seed} {mutants[0].module}")
    return sorted(rng.sample(mutants, options.sample), key=lambda m: m.number)


def show(mutant: Mutant) -> str:
    return f"{mutant.module}.{mutant.function}\n  - {mutant.was}\n  + {mutant.becomes}"


def table(names, counts, alike) -> str:
    """A row a module: what became of its mutants."""
    columns = ("assertion", "exception", "time", "survived")
    lines = [
        f"{'module':<12} {'mutants':>7}   killed by an   by another  by the            per cent"
        "  listed as\n"
        f"{'':<12} {'':>7}      assertion    exception    time  survived    killed  equivalent"
    ]
    for name in names:
        a, e, t, s = (counts[name][column] for column in columns)
        tried = a + e + t + s
        share = f"{100 * (tried - s) / tried:.1f}" if tried else "-"
        row = f"{name:<12} {tried:>7}   {a:>12}   {e:>10}  {t:>6}  {s:>8}  {share:>8}"
        lines.append(f"{row}  {alike[name]:>10}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    names = list(dict.fromkeys(options.only))
    chosen, alike = [], collections.Counter()
    for name in names:
        mutants, equivalent = take_out_equivalents(mutants_of(name), [name])
        alike[name] = len(equivalent)
        chosen += equivalent if options.equivalents else choose(mutants, options)

    counts, survivors = collections.defaultdict(collections.Counter), []

    def report(mutant: Mutant, result: dict) -> None:
        first = result["first"]
        if first is None and (result["code"] != 0 or not result["loaded"]):
            raise SystemExit(f"expected the mutant to be run, got {result}\n{show(mutant)}")
        counts[mutant.module][first[0] if first else "survived"] += 1
        if first is None:
            survivors.append(mutant)
        if options.verbose:
            print(f"{show(mutant)}\n  {first or 'survived'}", flush=True)
        done = sum(counts[name].total() for name in names)
        if done % 50 == 0 or first is None:
            print(f"  {done} of {len(chosen)}, {len(survivors)} survived", file=sys.stderr)

    prepare(names)
    with tempfile.TemporaryDirectory() as folder:
        slots = Slots(Path(folder).resolve(), options.processes)
        seconds = check_harness(slots, names)
        slots.run(
            ((m, m.module, m.source, 30 + 5 * seconds[m.module]) for m in chosen),
            report,
        )

    survivors.sort(key=lambda m: (names.index(m.module), m.number))
    if options.equivalents:
        killed = len(chosen) - len(survivors)
        print(f"{len(chosen)} mutants are listed as equivalent; {killed} of them were killed.")
        for mutant in chosen:
            if mutant not in survivors:
                print(show(mutant))
        return int(killed > 0)
    for mutant in survivors:
        print(show(mutant))
    print(table(names, counts, alike))
    failed = False
    for group, bound in BOUNDS.items():
        tried = sum(counts[name].total() for name in group)
        if tried:
            share = 100 * (1 - sum(counts[name]["survived"] for name in group) / tried)
            failed |= share < bound
            said = "killed" if share >= bound else "killed: too few"
            print(f"{', '.join(n for n in group if n in names)}: {share:.1f} % {said}"
                  f" (at least {bound:g} %)")  # fmt: skip
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
