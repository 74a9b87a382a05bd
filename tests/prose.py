"""What a notebook's text states, and whether its outputs, its assertions and its sections do.

A *claim* is a number in a markdown cell: a decimal, a number with a unit, or a whole number from
100 on. It needs *evidence* in its own section (from ## to ##): a printed number that rounds to it
and has its unit, or the same number in an assertion.
"""

from __future__ import annotations

import ast
import html
import itertools
import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from typing import NamedTuple

UNITS = {  # how a unit may be written
    "°C per °C": r"°C per °C",
    "°C per std": r"°C per std",
    "°C": r"°C",
    "°F": r"°F",
    "°": r"°(?![CF])",
    "hPa": r"hPa\b",
    "m/s": r"m/s\b",
    "mm": r"mm\b",
    "%": r"%|per cent\b",
    "h": r"hours?\b|h\b(?! =)",  # not the hidden state: 0.4 h = ...
    "min": r"minutes?\b|min\b",
    "s": r"seconds?\b|s\b",
    "days": r"days?\b",
    "months": r"months?\b",
    "years": r"years?\b",
    "degrees": r"degrees?\b",
    "steps": r"steps?\b",
    "times": r"times\b(?= (?:as|the|that|what)\b)",  # ten times as large
}
UNIT = "|".join(f"(?P<u{n}>{pattern})" for n, pattern in enumerate(UNITS.values()))
WORDS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9}
WORDS |= {"ten": 10, "eleven": 11, "twelve": 12, "twenty": 20, "thirty": 30}
NUMBER = re.compile(
    r"(?<![\w.])(?<![A-Za-z_]-)"  # t-5 is a name and no -5
    r"[-+]?\d+(?:,\d{3})*(?:\.\d+)?(?:e[-+]?\d+)?(?!\w)"  # 5,351  -0.7  3e-14, not 2nd
    rf"|(?i:\b(?:{'|'.join(WORDS)})\b)"
)
AFTER = re.compile(rf"(?:\s|-(?=\w))?(?:{UNIT})")  # 47%  24 hours  24-hour
SHARED = re.compile(r",? (?:to|and|or|–) |, ")  # 7 to 10 %  1, 6 and 24 hours: one unit for all
NO_CLAIM = re.compile(
    r"(?ms)^```.*?^```"  # a block of code
    r"|`[^`]*`"  # a name in code
    r"|(?<=\]\()[^\s()]*(?:\([^\s()]*\)[^\s()]*)*(?=\))"  # where a link leads
    r"|\b(?:https?://|doi:|arXiv:)\S+"  # an address
    r"|^\*\*What you'll need\.\*\*[^\n]*"  # its minutes are tested by themselves
    r"|^\*\*Exercise \d+\*\* \(\d+ minutes\)"
)
WHOLE = ("What we saw", "9. The answer")
"""Sections that sum up: the outputs of all others are evidence there, as for the opening."""


class Number(NamedTuple):
    """A number in a text: where it stands, its value, its unit or an empty string."""

    start: int
    end: int
    value: Decimal
    unit: str


class Section(NamedTuple):
    """A heading, its parts of markdown cells as (cell, start, end), and its code cells."""

    heading: str
    texts: list[tuple]
    code: list


class Evidence(NamedTuple):
    """What code cells print, each number with the units that it may have, and what they assert."""

    printed: list[tuple[Decimal, set[str]]]  # no set: 1.0 would be 1 in it
    asserted: set[Decimal]

    def supports(self, claim: Number) -> bool:
        # An assertion knows no units, so it counts where no output has its number with one.
        units = set().union(*(units for value, units in self.printed if value == claim.value))
        if claim.value in self.asserted and claim.unit != "%" and not units - {claim.unit}:
            return True
        return any(
            (claim.unit in units if claim.unit else units != {"%"}) and _rounds(value, claim.value)
            for value, units in self.printed
        )


def _rounds(value: Decimal, to: Decimal) -> bool:
    """Whether a printed value, rounded to the digits of another, is that: 1.684 to 1.7."""
    digit = Decimal(1).scaleb(to.as_tuple().exponent)
    if value.as_tuple().exponent > to.as_tuple().exponent:  # 1.7 does not say 1.70
        return False
    return any(value.quantize(digit, how) == to for how in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def _unit(match: re.Match | None) -> str:
    return "" if match is None else list(UNITS)[int(match.lastgroup[1:])]


def numbers(text: str) -> list[Number]:
    """All numbers of a text; one without a unit takes that of the next: 7 to 10 %."""
    text = text.replace("−", "-").replace("\xa0", " ").replace("\u202f", " ")
    found: list[Number] = []
    for match in reversed(list(NUMBER.finditer(text))):
        unit = _unit(AFTER.match(text, match.end()))
        between = SHARED.match(text, match.end())
        if not unit and found and between and between.end() == found[-1].start:
            unit = found[-1].unit
        digits = WORDS.get(match.group().lower(), match.group().replace(",", ""))
        found.append(Number(match.start(), match.end(), Decimal(digits), unit))
    return found[::-1]


def claims(source: str) -> list[Number]:
    """The numbers of a markdown text that need evidence, at their places in it."""
    blank = NO_CLAIM.sub(lambda match: "\0" * len(match.group()), source)
    kept = [n for n, char in enumerate(blank) if char not in "*[]"]  # 7 to *10* %
    return [
        Number(kept[number.start], kept[number.end - 1] + 1, number.value, number.unit)
        for number in numbers("".join(blank[n] for n in kept))
        if number.unit or number.value.as_tuple().exponent < 0 or abs(number.value) >= 100
    ]


def evidence(code) -> Evidence:
    """What code cells print and assert."""
    printed, asserted = [], set()
    for cell in code:
        texts = [text for output in cell.outputs for text in _said(output)]
        # Numbers without a unit may have one that the output names: MAE in °C, hidden (°C).
        named = re.compile(rf"(?:^(?=\S+\s*$)|\bin |[(\[])(?:{UNIT})")
        loose = {_unit(match) for text in texts for match in named.finditer(text)}
        for number in (number for text in texts for number in numbers(text)):
            printed.append((number.value, {number.unit} if number.unit else loose))
        solution = "solution" in cell.metadata.get("tags", [])  # it is checked, all of it
        for node in ast.walk(ast.parse(cell.source)):
            if solution or isinstance(node, ast.Assert):
                asserted |= set(_constants(node))
    return Evidence(printed, asserted)


def _constants(tree) -> list[Decimal]:
    found = []
    for node in ast.walk(tree):
        negative = isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub)
        inner = node.operand if negative else node
        if isinstance(inner, ast.Constant) and type(inner.value) in (int, float):
            found.append(Decimal(str(inner.value)) * (-1 if negative else 1))
    return found


def _said(output) -> list[str]:
    """What an output says; of a table each cell, with the unit of its column."""
    data = output.get("data", {})
    rows = re.findall(r"(?s)<tr.*?</tr>", data.get("text/html", ""))
    if not rows:  # a living figure is HTML too, and says what it shows as text
        return [output.get("text", "") or data.get("text/plain", "")]
    rows = [re.findall(r"<(t[hd])[^>]*>(.*?)</t[hd]>", html.unescape(row)) for row in rows]
    heads = [[text for _, text in row] for row in rows if "td" not in dict(row)]
    said = [" ".join(head) for head in heads]
    for row in rows:
        values = [text for kind, text in row if kind == "td"]
        said += [text for kind, text in row if kind == "th" and values]
        for n, value in enumerate(values, start=-len(values)):
            over = " ".join(head[n] for head in heads if len(head) >= len(values))
            unit = re.search(rf"[(\[](?:{UNIT})[)\]]", over)  # temp [°C]
            said.append(f"{value} {_unit(unit)}" if unit else value)
    return said


def sections(notebook) -> list[Section]:
    """The notebook from ## to ##, first what stands before; each exercise with its solution."""
    found: list[Section] = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            solved = re.match(r"# Solution of exercise (\d+)", cell.source)
            name = f"Exercise {solved.group(1)}" if solved else found[-1].heading
            home = next(part for part in found if part.heading == name)
            home.code.append(cell)
            continue
        starts = {m.start() for m in re.finditer(r"(?m)^(?:## |\*\*Exercise \d)", cell.source)}
        cuts = sorted({0, *starts, len(cell.source)})
        for start, end in itertools.pairwise(cuts):
            if not found or start in starts:
                heading = re.match(r"(?:#+ |\*\*)(Exercise \d+|.*)", cell.source[start:]).group(1)
                found.append(Section(heading, [], []))
            found[-1].texts.append((cell, start, end))
    return found


def proofs(notebook) -> list[Evidence]:
    """The evidence that counts in each section."""
    parts = sections(notebook)
    bodies = [part.code for part in parts if not part.heading.startswith("Exercise")]
    whole = evidence([cell for code in bodies for cell in code])
    # For what sums up, not what is asserted: all assertions together hold every small number.
    sums_up = [n == 0 or part.heading in WHOLE for n, part in enumerate(parts)]
    return [
        Evidence(whole.printed, set()) if of_all else evidence(part.code)
        for part, of_all in zip(parts, sums_up, strict=True)
    ]


def stale(notebook, listed=(), known=None) -> list[str]:
    """Every claim without evidence, a line each.

    Numbers within a piece of text of ``listed`` need none. ``known`` is ``proofs(notebook)``, for
    who has it already.
    """
    found = []
    for part, proof in zip(sections(notebook), known or proofs(notebook), strict=True):
        for cell, start, end in part.texts:
            text = cell.source[start:end]
            for piece in listed:
                text = text.replace(piece, "\0" * len(piece))
            for claim in claims(text):
                if not proof.supports(claim):
                    words = " ".join(text[max(claim.start - 30, 0) : claim.end + 20].split())
                    found.append(f"{part.heading}: {claim.value} {claim.unit} in '{words}'")
    return found


LINK = re.compile(r"\[([^\]]*)\]\(([^\s()]*(?:\([^\s()]*\)[^\s()]*)*)\)")


def lost(notebook, path, files) -> list[str]:
    """Every reference of a notebook that leads nowhere or elsewhere than it says, a line each.

    A section is named by a link, so that its number stands beside its title:
    ``[section 2](#2.-Read-units-from-a-shape)``.
    """
    found, parts = [], sections(notebook)
    source = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    source = re.sub(r"(?ms)^```.*?^```", "", source)
    headings = re.findall(r"(?m)^##+ (.*)$", source)
    # As JupyterLab and nbconvert make them, of the text without its formatting.
    anchors = {"#" + re.sub(r"[`*]", "", h).replace(" ", "-"): h.split(".")[0] for h in headings}
    for text, target in LINK.findall(source):
        if target.startswith("#"):
            if target not in anchors:
                found.append(f"[{text}]({target}): no such heading")
            elif text.lower() != f"section {anchors[target]}":
                found.append(f"[{text}]({target}): expected the text section {anchors[target]}")
        elif ":" not in target and not (path.parent / target).exists():
            found.append(f"[{text}]({target}): no such file")

    numbered = re.findall(r"(?m)^## (\d+)\. ", source)
    if numbered != [str(n + 1) for n in range(len(numbered))]:
        found.append(f"sections are numbered {numbered}")
    optional = [p.heading.split(".")[0] for p in parts if p.heading.endswith("(optional)")]
    need = re.search(r"(?m)^\*\*What you'll need\.\*\*.*$", source).group()
    named = re.search(r"[Ss]ections? ([\d, andto]+?) (?:is|are) optional", need)
    if _spread(named.group(1) if named else "") != optional:
        found.append(f"expected the optional sections {optional} in: {need}")
    for part in parts:
        cells = part.code + [cell for cell, start, _ in part.texts if start == 0]
        tagged = {"optional" in cell.metadata.get("tags", []) for cell in cells}
        if cells and tagged != {part.heading.endswith("(optional)")}:
            found.append(f"{part.heading}: optional in all tags and the heading, or in none")

    plain = re.findall(r"(?i)\bsections? \d+", LINK.sub("", source.replace(need, "")))
    found += [f"{text}: not a link" for text in plain]
    others = {file.name[:2]: file for file in files}
    for some in re.findall(r"(?i)\bnotebooks? (\d[\d, andto]*)", source):
        for number in re.findall(r"\d+", some):
            if number not in others or number == path.name[:2]:
                found.append(f"notebook {number}: no other notebook has this number")
    for number, other in re.findall(r"(?i)\bexercise (\d+)(?: of notebook (\d\d))?", source):
        text = others[other].read_text(encoding="utf-8") if other in others else source
        if f"**Exercise {number}**" not in text:
            found.append(f"exercise {number}: no such exercise")
    return found


def _spread(numbers: str) -> list[str]:
    """``6, 7 and 11`` or ``5 to 7`` as a list of them all."""
    numbers = re.sub(
        r"(\d+) to (\d+)",
        lambda m: " ".join(map(str, range(int(m.group(1)), int(m.group(2)) + 1))),
        numbers,
    )
    return re.findall(r"\d+", numbers)
