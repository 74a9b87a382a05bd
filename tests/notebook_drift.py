"""What differs between a cell's committed outputs and its fresh ones, in words."""

from __future__ import annotations

import difflib
import html
import itertools
import re
from collections import defaultdict
from collections.abc import Iterator

NUMBER = re.compile(
    r"(?:(?<![\w.])[-+−])?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?|\b(?:nan|inf)\b"
)
PLACES = {
    "stdout": "printed",
    "stderr": "printed to stderr",
    "error": "error",
    "text/plain": "shown as text",
    "text/html": "shown as a table (HTML)",
}
"""Where a text stood, for the reader. The first that tells of a change is the only one that does:
a table is its text and its HTML, a caption is also the figure's text."""


def explain(committed: list, fresh: list) -> list[str]:
    """Every line that changed, from and to, with its numbers and how far they are apart.

    Parameters
    ----------
    committed, fresh : list of outputs
        As nbformat has them. Images are left to ``pictures``.

    Returns
    -------
    list of str
        Nothing is cut and nothing is told twice. Empty where all texts are equal.
    """
    old, new = _texts(committed), _texts(fresh)
    places = [place for place in PLACES if place in old | new]
    places += sorted((old | new).keys() - PLACES.keys())
    for tidy in (_collapsed, repr):  # in white space only, if nothing else
        told, seen = [], set()
        for place in places:
            # Tables differ in width where a number grew, in all of their lines: without spaces.
            before, after = ([tidy(line) for line in side[place]] for side in (old, new))
            here = set()
            for was, now in dict.fromkeys(_changed_lines(before, after)):
                change = set(_numbers(was, now)) or {(_words(was), _words(now))}
                if not change <= seen:
                    told += _tell(PLACES.get(place, f"shown as {place}"), was, now)
                here |= change
            seen |= here
        if told:
            return told
    return []


def _texts(outputs: list) -> dict[str, list[str]]:
    """The lines of each kind of text that a cell put out."""
    found = defaultdict(list)
    for output in outputs:
        if output["output_type"] == "stream":
            found[output["name"]] += output["text"].splitlines()
        elif output["output_type"] == "error":
            found["error"] += f"{output['ename']}: {output['evalue']}".splitlines()
        for kind, text in output.get("data", {}).items():
            if kind not in ("image/png", "image/jpeg"):
                text = _without_tags(text) if kind == "text/html" else str(text)
                found[kind] += text.splitlines()
    return found


def _without_tags(text: str) -> str:
    """The rows of a table, one a line."""
    text = re.sub(r"(?s)<style.*?</style>|\n\s*", "", text)
    return html.unescape(re.sub(r"<[^>]+>", " ", text.replace("</tr>", "\n")))


def _collapsed(line: str) -> str:
    return re.sub(r"-{2,}", "--", " ".join(line.split()))


def _words(line: str | None) -> str | None:
    return line and re.sub(r"\W+", " ", line).strip()


def _changed_lines(old: list[str], new: list[str]) -> Iterator[tuple[str | None, str | None]]:
    """Pairs of lines, committed and fresh; None where the other side has no such line."""
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if tag == "equal":
            continue
        # Lines of which only numbers changed belong together.
        masked = [[NUMBER.sub("#", line) for line in block] for block in (old[a:b], new[c:d])]
        for _, i, j, k, m in difflib.SequenceMatcher(None, *masked, False).get_opcodes():
            yield from itertools.zip_longest(old[a:b][i:j], new[c:d][k:m])


def _numbers(was: str | None, now: str | None) -> list[tuple[str, str]]:
    """The numbers of a line that changed, where both lines hold as many."""
    numbers = [NUMBER.findall(line or "") for line in (was, now)]
    if len(numbers[0]) != len(numbers[1]):
        return []
    return [(a, b) for a, b in zip(*numbers, strict=True) if a != b]


def _tell(place: str, was: str | None, now: str | None) -> list[str]:
    if now is None:
        return [f"{place}, only in the committed output: {was}"]
    if was is None:
        return [f"{place}, only in the fresh output: {now}"]
    lines = [f"{place}:", f"  committed: {was}", f"  fresh:     {now}"]
    lines += [f"  from {a} to {b} ({_apart(a, b)})" for a, b in _numbers(was, now)]
    return lines


def _apart(was: str, now: str) -> str:
    a, b = (float(number.replace(",", "").replace("−", "-")) for number in (was, now))
    if a == b:
        return "the same number, written otherwise"
    if a == 0:
        return f"difference {b - a:.2g}; no relative one from 0"
    return f"relative difference {abs(b - a) / abs(a):.2g}"
