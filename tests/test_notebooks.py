"""The conventions of the notebooks, checked on the committed files. (nbval runs them.)

A convention is one function: its name says the rule, it yields what breaks the rule, and above it
stand the faults that it must find.
"""

import ast
import html
import itertools
import json
import re
import statistics

import nbformat
import pytest
from common import NOTEBOOKS
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

RULES = {}
"""By name: a function from a notebook to lines, one a problem."""
FAULTS = {}
"""By the name of the rule: functions that break a notebook, in place."""


def finds(*faults):
    """Enter a function into the table of rules, with faults that it must find."""

    def enter(rule):
        RULES[rule.__name__], FAULTS[rule.__name__] = rule, faults
        return rule

    return enter


def problems(notebook) -> list[str]:
    """Everything in a notebook that breaks a convention, one line each."""
    return [f"{name}: {problem}" for name, rule in RULES.items() for problem in rule(notebook)]


def read(path):
    return nbformat.read(path, as_version=4)


# What the rules and the faults look at.


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]


def headings(notebook):
    without_fences = (re.sub(r"(?ms)^```.*?^```", "", text) for text in prose(notebook))
    lines = (line for text in without_fences for line in text.splitlines())
    return [line for line in lines if line.startswith("#")]


def outputs(notebook):
    """(cell, output) of every cell."""
    return [(cell, output) for cell in code(notebook) for output in cell.outputs]


def tagged(notebook, tag):
    return [cell for cell in code(notebook) if tag in cell.metadata.get("tags", [])]


def ignored(notebook):
    """Cells of which nbval does not compare what they print."""
    return tagged(notebook, "nbval-ignore-output")


def figure(notebook):
    return next(o for _, o in outputs(notebook) if "image/png" in o.get("data", {}))


def printed(text, name="stdout"):
    """A fault: a cell that printed this too."""

    def plant(notebook):
        cell = code(notebook)[0]
        cell.outputs.append(new_output("stream", name=name, text=text))

    return plant


def written(source):
    """A fault: the first cell of code holds this and nothing else."""
    return lambda notebook: code(notebook)[0].update(source=source)


def each_cell(change):
    """A fault: the change in every cell of code."""
    return lambda notebook: [change(cell) for cell in code(notebook)]


# The file.


@finds(lambda nb: nb.update(nbformat_minor=4), lambda nb: nb.update(nbformat=5))
def nbformat_is_4_5(notebook):
    if (notebook.nbformat, notebook.nbformat_minor) != (4, 5):
        yield f"nbformat {notebook.nbformat}.{notebook.nbformat_minor}"


@finds(lambda nb: nb.metadata.update(widgets={}), lambda nb: nb.metadata.pop("kernelspec"))
def metadata_is_cut(notebook):
    if set(notebook.metadata) != {"kernelspec", "language_info"}:
        yield f"{sorted(notebook.metadata)}"


@finds(lambda nb: nb.metadata.kernelspec.update(name="conda-env-mine"))
def kernel_is_python3(notebook):
    name = notebook.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield f"{name}"


@finds(
    lambda nb: nb.metadata.language_info.update(version="3.12.1"),
    lambda nb: nb.metadata.language_info.update(name="R"),
)
def language_info_holds_the_name_alone(notebook):
    info = dict(notebook.metadata.get("language_info", {}))
    if info != {"name": "python"}:
        yield f"{info}"


@finds(
    lambda nb: nb.cells[1].update(id=nb.cells[0].id),
    lambda nb: nb.cells[1].pop("id"),
)
def every_cell_has_an_id_of_its_own(notebook):
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        yield "cell ids are missing or doubled"


@finds(
    lambda nb: nb.cells[0].metadata.update(collapsed=True),
    lambda nb: code(nb)[0].metadata.update(execution={"iopub.status.busy": "10:30"}),
)
def metadata_of_cells_is_cut(notebook):
    for cell in notebook.cells:
        extra = set(cell.metadata) - {"tags", "jupyter"}
        if extra:
            yield f"cell {cell.get('id')}: {sorted(extra)}"


# A stripped notebook passes nbval with nothing compared: it is refused here.
@finds(
    each_cell(lambda cell: cell.update(outputs=[], execution_count=None)),
    lambda nb: code(nb)[-1].update(execution_count=len(code(nb)) + 1),
)
def executed_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in code(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield "execution counts are not 1..n: run it with make notebooks"


# Its size.


@finds(lambda nb: nb.cells.extend(new_code_cell("1") for _ in range(41 - len(code(nb)))))
def at_most_40_code_cells(notebook):
    if len(code(notebook)) > 40:
        yield f"{len(code(notebook))} code cells"


@finds(
    each_cell(lambda cell: cell.update(source="a = 1\nb = 2")),
    each_cell(lambda cell: cell.update(source="\n".join(["a = 1"] * 7))),
)
def median_cell_has_3_to_6_lines(notebook):
    median = statistics.median(cell.source.count("\n") + 1 for cell in code(notebook))
    if not 3 <= median <= 6:
        yield f"median cell length {median} lines"


@finds(written("\n" * 25))
def no_cell_is_longer_than_25_lines(notebook):
    longest = max(cell.source.count("\n") + 1 for cell in code(notebook))
    if longest > 25:
        yield f"a cell of {longest} lines"


# Its text.


@finds(
    lambda nb: nb.cells.append(new_markdown_cell("# Again")),
    lambda nb: nb.cells[0].update(source="## " + nb.cells[0].source),
    lambda nb: nb.cells.insert(0, new_markdown_cell("By the way,")),
)
def one_title_at_the_top(notebook):
    titles = sum(line.startswith("# ") for line in headings(notebook))
    if titles != 1 or not prose(notebook)[0].startswith("# "):
        yield f"{titles} titles, and the notebook begins with {prose(notebook)[0][:30]!r}"


OPENING = ("**What you'll do.**", "**What you'll learn**", "**What you'll need.**")


def _without_part(part):
    return lambda nb: nb.cells[0].update(source=nb.cells[0].source.replace(part, ""))


@finds(lambda nb: nb.cells[0].update(source="# Title"), *map(_without_part, OPENING))
def opening_says_what_you_do_learn_and_need(notebook):
    yield from (f"the opening lacks {part}" for part in OPENING if part not in prose(notebook)[0])


SECTIONS = ("## What we saw", "## On your own", "## Solutions", "## Further reading")


def _without_section(section):
    def plant(notebook):
        for cell in notebook.cells:
            cell.source = cell.source.replace(section, "#" + section)

    return plant


@finds(lambda nb: nb.cells.reverse(), *map(_without_section, SECTIONS))
def last_sections_in_their_order(notebook):
    lines = headings(notebook)
    order = [lines.index(section) for section in SECTIONS if section in lines]
    if len(order) < len(SECTIONS) or order != sorted(order):
        yield f"sections missing or out of order: {SECTIONS}"


# Its exercises.


def _stubs(notebook):
    return [cell for cell in code(notebook) if re.search(r"= \.\.\.$", cell.source, re.M)]


def _solved(notebook):
    cell = _stubs(notebook)[0]
    cell.source = cell.source.replace("= ...", "= 5")


def _only_exercises(count):
    """So many of the same exercise, each with a solution."""

    def plant(notebook):
        stub, solution = _stubs(notebook)[0], tagged(notebook, "solution")[0]
        exercises = [*_stubs(notebook), *tagged(notebook, "solution")]
        others = [cell for cell in notebook.cells if cell not in exercises]
        notebook.cells = [*others, *[stub] * count, *[solution] * count]

    return plant


@finds(
    each_cell(lambda cell: cell.metadata.pop("tags", None)),
    _solved,
    _only_exercises(2),
    _only_exercises(6),
)
def three_to_five_exercises_each_with_a_solution(notebook):
    stubs, solutions = len(_stubs(notebook)), len(tagged(notebook, "solution"))
    if not 3 <= stubs == solutions <= 5:
        yield f"{stubs} exercises and {solutions} solutions"


@finds(
    lambda nb: tagged(nb, "solution")[-1].metadata.pop("jupyter"),
    lambda nb: tagged(nb, "solution")[0].metadata.jupyter.update(outputs_hidden=False),
)
def solutions_are_folded(notebook):
    folded = {"source_hidden": True, "outputs_hidden": True}
    if not all(cell.metadata.get("jupyter") == folded for cell in tagged(notebook, "solution")):
        yield "a solution is not folded"


@finds(lambda nb: tagged(nb, "solution")[-1].update(source="answer = 5"))
def a_folded_solution_shows_a_comment(notebook):
    first = "# Solution of exercise"
    if not all(cell.source.startswith(first) for cell in tagged(notebook, "solution")):
        yield "a folded solution shows its first line: let that be a comment"


# Its code.


@finds(
    written("# NBVAL_IGNORE_OUTPUT: why"),
    written("x = 1  # NBVAL_IGNORE_OUTPUT"),
)
def nbval_is_told_by_a_tag(notebook):
    # A comment it reads only if there is nothing else in the line: with a reason, it compares.
    if any("NBVAL_" in cell.source for cell in code(notebook)):
        yield "a comment tells nbval something: use a tag"


# A notebook that trains the reader's own network shows more of it: then each cell judges itself.
@finds(
    each_cell(lambda cell: cell.metadata.update(tags=["nbval-ignore-output"])),
    lambda nb: [
        cell.update(source="# Why.\nassert True")
        or cell.metadata.update(tags=["nbval-ignore-output"])
        for cell in code(nb)[:7]
    ],
)
def of_cells_that_nbval_ignores_all_but_one_assert(notebook):
    silent = [cell for cell in ignored(notebook) if "assert" not in cell.source]
    if len(silent) > 1:
        yield "nbval ignores the output of more than one cell without an assertion"
    if len(ignored(notebook)) > 5:
        yield "nbval ignores the output of more than five cells"


@finds(
    lambda nb: code(nb)[0].metadata.update(tags=["nbval-ignore-output"]),
)
def an_ignored_cell_says_why(notebook):
    if not all(cell.source.startswith("# ") for cell in ignored(notebook)):
        yield "nbval ignores an output, and no comment on the first line says why"


def _four_assertions(notebook):
    sources = [cell for cell in code(notebook) if "assert" in cell.source]
    for cell in sources[4:]:
        cell.source = cell.source.replace("assert", "")


@finds(
    each_cell(lambda cell: cell.update(source=cell.source.replace("assert", ""))), _four_assertions
)
def five_cells_assert_something(notebook):
    asserting = sum("assert" in cell.source for cell in code(notebook))
    if asserting < 5:
        yield f"{asserting} cells assert something"


@finds(
    lambda nb: nb.cells.append(new_code_cell("import os")),
    lambda nb: nb.cells.append(new_code_cell("if True:\n    from os import path")),
)
def imports_stand_in_the_first_code_cell(notebook):
    for cell in code(notebook)[1:]:
        if re.search(r"(?m)^\s*(import|from) ", cell.source):
            yield f"cell {cell.id}"


@finds(*map(written, ("%time 1", "a = 1\n!ls", "import sys\nsys.path.append('..')")))
def no_magic_no_shell_no_sys_path(notebook):
    for cell in code(notebook):
        if re.search(r"(?m)^\s*[%!]|sys\.path", cell.source):
            yield f"cell {cell.id}"


@finds(written('open("../README.md")'), written("open('../../data/a')"))
def paths_lead_to_the_data_alone(notebook):
    for cell in code(notebook):
        for path in re.findall(r"""["'](\.\./[^"']*)["']""", cell.source):
            if not path.startswith("../data"):
                yield f"cell {cell.id}: {path}"


# Its outputs.


@finds(printed("hm", "stderr"), printed("a.py:3: UserWarning: hm"))
def no_stderr_and_no_warning(notebook):
    for cell, output in outputs(notebook):
        if output.get("name") == "stderr" or "Warning: " in json.dumps(output):
            yield f"cell {cell.id}"


@finds(
    lambda nb: code(nb)[0].outputs.append(new_output("error", ename="E", evalue="", traceback=[]))
)
def no_error(notebook):
    yield from (f"cell {cell.id}" for cell, o in outputs(notebook) if o.output_type == "error")


MACHINE_PATH = re.compile(r"(/home/|/root/|/tmp/|/Users/|[A-Z]:\\\\)")


@finds(
    *map(printed, ("/home/me/x", "in /root/x", "/tmp/x", "/Users/me/x", "C:\\Users\\me")),
    lambda nb: code(nb)[0].outputs.append(new_output("display_data", {"text/html": "/home/me/x"})),
)
def no_path_of_some_machine(notebook):
    for cell, output in outputs(notebook):
        if MACHINE_PATH.search(json.dumps(output)):
            yield f"cell {cell.id}"


@finds(printed("<lstm object at 0x7f00deadbeef>"))
def no_address_of_an_object(notebook):
    for cell, output in outputs(notebook):
        if re.search(r" at 0x[0-9a-f]{6,}", json.dumps(output)):
            yield f"cell {cell.id}"


@finds(
    lambda nb: figure(nb).metadata["image/png"].pop("alt"),
    lambda nb: figure(nb).metadata["image/png"].update(alt="A picture without a number."),
)
def figures_have_alt_text_with_a_number(notebook):
    for cell, output in outputs(notebook):
        if "image/png" in output.get("data", {}) and not re.search(r"\d", _alt(output)):
            yield f"cell {cell.id}"


def _captioned(notebook):
    """The outputs of the first cell with a figure, and where in them the caption is."""
    for cell in code(notebook):
        for place, output in enumerate(cell.outputs):
            if "image/png" in output.get("data", {}):
                return cell.outputs, place + 1


def _another_caption(notebook):
    listed, place = _captioned(notebook)
    listed[place].data["text/plain"] = "another 1"


def _no_caption(notebook):
    listed, place = _captioned(notebook)
    del listed[place]


@finds(
    lambda nb: figure(nb).data.update({"text/plain": "another 1"}),
    lambda nb: figure(nb).metadata["image/png"].update(alt="another 1"),
    _another_caption,
    _no_caption,
)
def text_and_caption_of_a_figure_are_its_alt_text(notebook):
    for cell in code(notebook):
        for output, after in itertools.zip_longest(cell.outputs, cell.outputs[1:]):
            if "image/png" in output.get("data", {}):
                caption = (after or {}).get("data", {}).get("text/plain")
                if not output.data["text/plain"] == caption == _alt(output):
                    yield f"cell {cell.id}"


def _alt(output):
    return output.metadata.get("image/png", {}).get("alt", "")


def _living(text, page):
    """A fault: a living figure with this text and this page."""
    data = {"text/plain": text, "text/html": f'<figure class="lstm-play">{page}</figure>'}
    shown = new_output("execute_result", data, execution_count=1)
    return lambda nb: code(nb)[0].outputs.append(shown)


@finds(
    _living("No number.", '<img alt="No number.">'),
    _living("32 units.", '<img alt="another 1">'),
    _living("32 units.", '<img alt="32 units.">' + 200_000 * "x"),
    # nbval compares all of it, and no two machines draw the same PNG.
    _living("32 units.", '<img alt="32 units." src="data:image/png;base64,iVBORw0KGgo=">'),
    _living("32 units.", '<img alt="32 units."><script src="https://example.org/a.js"></script>'),
)
def living_figures_say_what_they_show_and_are_small(notebook):
    for cell, output in outputs(notebook):
        page = output.get("data", {}).get("text/html", "")
        if 'class="lstm-play"' not in page:
            continue
        said = output.data["text/plain"]
        if not re.search(r"\d", said) or f'alt="{html.escape(said)}"' not in page:
            yield f"cell {cell.id}: its picture and its text say not the same, or no number"
        if len(page.encode()) > 200_000:
            yield f"cell {cell.id}: more than 200 kB"
        if re.search(r"image/png|(?:src|href)=.https?:", page):
            yield f"cell {cell.id}: a PNG, or something from elsewhere"


def _torn_stream(notebook):
    code(notebook)[0].outputs = [new_output("stream", text=text) for text in "ab"]


@finds(_torn_stream)
def streams_are_coalesced(notebook):
    for cell in code(notebook):
        streams = [output.name for output in cell.outputs if output.output_type == "stream"]
        kinds = [output.output_type for output in cell.outputs]
        # With a figure between them, two parts of a stream are as they should be.
        touch = any(a == b == "stream" for a, b in itertools.pairwise(kinds))
        if len(streams) > len(set(streams)) and touch:
            yield f"cell {cell.id}"


# The table at work.


def test_there_are_notebooks():
    assert [path.name[:2] for path in NOTEBOOKS] == [f"{n + 1:02}" for n in range(len(NOTEBOOKS))]
    assert len(NOTEBOOKS) >= 2


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_keeps_the_conventions(path):
    nbformat.validate(read(path))
    assert problems(read(path)) == []


@pytest.mark.parametrize(
    ("rule", "number"), [(rule, n) for rule, faults in FAULTS.items() for n in range(len(faults))]
)
def test_every_convention_can_fail(rule, number):
    notebook = read(NOTEBOOKS[0])
    assert not list(RULES[rule](notebook))
    FAULTS[rule][number](notebook)
    assert list(RULES[rule](notebook))
    assert any(problem.startswith(f"{rule}: ") for problem in problems(notebook))


def test_every_convention_has_a_fault():
    assert RULES.keys() == FAULTS.keys()
    assert all(FAULTS.values())


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_are_python(path):
    for cell in read(path).cells:
        if cell.cell_type == "code":
            ast.parse(cell.source)
