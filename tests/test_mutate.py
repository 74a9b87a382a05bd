"""The mutation runner: which changes it makes, and what it says of the list of equivalent ones."""

import tomllib

import mutate
import pytest
from common import TOP

SOURCE = '''"""A docstring is left alone."""


def function(a, b=2, *, name="x") -> "an annotation":
    if a < b and not name:
        raise ValueError(f"left alone: {a + b}" + "1")
    a = a[1:].astype(bool)
    return pow(a, -max(b, 1)) if name == "mean" else 0.5
'''
EXPECTED = """
def function(a, b=3, *, name="x") -> "an annotation":
def function(a, b=1, *, name="x") -> "an annotation":
def function(a, b=2, *, name='mutant x') -> "an annotation":
if (not (a < b and not name)):
if a <= b and not name:
if a >= b and not name:
if a < b or not name:
if a < b and name:
pass
pass
a = a[1:]
a = a[:].astype(bool)
a = a[2:].astype(bool)
a = a[0:].astype(bool)
return None
return ((0.5) if (name == "mean") else (pow(a, -max(b, 1))))
return pow(-max(b, 1), a) if name == "mean" else 0.5
return pow(a, -max(b, 2)) if name == "mean" else 0.5
return pow(a, -max(b, 0)) if name == "mean" else 0.5
return pow(a, max(b, 1)) if name == "mean" else 0.5
return pow(a, -max(b, 1)) if name != "mean" else 0.5
return pow(a, -max(b, 1)) if name == 'mutant mean' else 0.5
return pow(a, -max(b, 1)) if name == "mean" else 1.0
return pow(a, -max(b, 1)) if name == "mean" else 1.5
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A package of one module, and an empty list."""
    (tmp_path / "package").mkdir()
    path = tmp_path / "package/small.py"
    path.write_text(SOURCE)
    monkeypatch.setattr(mutate, "TOP", tmp_path)
    monkeypatch.setattr(mutate, "PACKAGE", tmp_path / "package")
    monkeypatch.setattr(mutate, "EQUIVALENTS", tmp_path / "list.toml")
    return path


def test_these_are_the_mutants_and_each_is_one_change(module):
    mutants = mutate.mutants_of("small")
    assert sorted(m.becomes for m in mutants) == sorted(EXPECTED.strip().splitlines())
    assert {m.function for m in mutants} == {"the module", "function"}
    assert len({m.source for m in mutants}) == len(mutants)
    for mutant in mutants:
        compile(mutant.source, "small.py", "exec")
        before, after = SOURCE.splitlines(), mutant.source.decode().splitlines()
        assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
    assert module.read_text() == SOURCE


def test_of_exercises_only_numbers_are_changed(module, monkeypatch):
    monkeypatch.setattr(mutate, "NUMBERS_ONLY", ("small",))
    found = {m.becomes for m in mutate.mutants_of("small")}
    assert 'def function(a, b=3, *, name="x") -> "an annotation":' in found
    assert len(found) == 9


ENTRY = """
[[equivalent]]
file = "package/small.py"
function = "function"
was = 'a = a[1:].astype(bool)'
becomes = 'a = a[1:]'
reason = "one"
"""


def test_a_listed_mutant_is_not_counted(module):
    mutate.EQUIVALENTS.write_text(ENTRY)
    mutants = mutate.mutants_of("small")
    alive, equivalent = mutate.take_out_equivalents(mutants, ["small"])
    assert [m.becomes for m in equivalent] == ["a = a[1:]"]
    assert len(alive) == len(mutants) - 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (ENTRY.replace("[1:]'", "[7:]'"), "no such mutant any more"),
        (ENTRY.replace('n = "function"', 'n = "other"'), "no such mutant any more"),
        (ENTRY + ENTRY, "this stands there twice"),
        (ENTRY.replace('"one"', '""'), "expected file, function, was, becomes and reason"),
        (ENTRY.replace("reason", "because"), "expected file, function, was, becomes and reason"),
        (ENTRY.replace("small", "gone"), "no such file: package/gone.py"),
    ],
)
def test_an_entry_that_is_none_is_an_error(module, text, message):
    mutate.EQUIVALENTS.write_text(text)
    with pytest.raises(SystemExit, match=message):
        mutate.take_out_equivalents(mutate.mutants_of("small"), ["small"])


def test_the_sample_is_drawn_by_its_seed(module):
    mutants = mutate.mutants_of("small")
    drawn = [
        [m.number for m in mutate.choose(mutants, mutate.parse(["--sample", "8", "--seed", seed]))]
        for seed in "001"
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert [len(set(numbers)) for numbers in drawn] == [8, 8, 8]
    assert mutate.choose(mutants, mutate.parse(["--all", "--sample", "8"])) == mutants


def test_the_lines_of_the_list_stand_in_their_files():
    entries = tomllib.loads((TOP / "tests/equivalent_mutants.toml").read_text(encoding="utf-8"))
    for entry in entries["equivalent"]:
        lines = (TOP / entry["file"]).read_text(encoding="utf-8").splitlines()
        assert entry["was"] in map(str.strip, lines)
        assert len(entry["reason"]) > 20
