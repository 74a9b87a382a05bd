"""The page of a report: one HTML text with all in it, for screens, phones and paper."""

from __future__ import annotations

import html
from typing import Any

from lstm_helpers import _report_figures
from lstm_helpers._report_tables import Cell, Table

# Longer tables are folded on the page; in a browser one click opens them, on paper they are short.
_FOLDED = 12

_STYLE = """
.lstm-report { --ground: #fff; --ink: #1b1b1b; --soft: #55585c; --line: #c9ccd1; --band: #f3f4f6;
  --warn: #8a3a00; --warnband: #fff4e8; color: var(--ink); background: var(--ground);
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; max-width: 52rem;
  margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) { .lstm-report { --ground: #16181c; --ink: #e8eaed;
  --soft: #b3b8bf; --line: #4a4f57; --band: #22262c; --warn: #ffb377; --warnband: #33261a; } }
.lstm-report h1, .lstm-report h2, .lstm-report h3 { line-height: 1.25; margin: 1.6em 0 .5em; }
.lstm-report h1 { font-size: 1.6rem; margin-top: .2em; } .lstm-report h2 { font-size: 1.25rem; }
.lstm-report h3 { font-size: 1.05rem; }
.lstm-report ul { padding-left: 1.2rem; }
.lstm-report .warnings { background: var(--warnband); border-left: 4px solid var(--warn);
  padding: .6rem .6rem .6rem 1.8rem; margin: 0; }
.lstm-report .warnings strong { color: var(--warn); }
.lstm-report figure { margin: 1rem 0; background: #fff; border: 1px solid var(--line);
  border-radius: 4px; padding: .5rem; }
.lstm-report figure img { display: block; width: 100%; height: auto; max-width: 760px;
  margin: 0 auto; }
.lstm-report figcaption { color: #45484d; font-size: .85rem; padding-top: .3rem; }
.lstm-report .wide { overflow-x: auto; margin: .6rem 0; }
.lstm-report .wide:focus-visible { outline: 2px solid var(--warn); }
.lstm-report table { border-collapse: collapse; font-size: .85rem; background: var(--ground);
  font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.lstm-report caption { text-align: left; font-weight: 600; padding: .2rem 0; }
.lstm-report th, .lstm-report td { border-bottom: 1px solid var(--line); padding: .2rem .6rem;
  text-align: right; vertical-align: top; background: var(--ground); color: var(--ink); }
.lstm-report th:first-child, .lstm-report td.text { text-align: left; }
.lstm-report thead th { background: var(--band); }
.lstm-report .note { color: var(--soft); font-size: .85rem; margin: .2rem 0 1rem; }
.lstm-report summary { cursor: pointer; }
@media print { .lstm-report { --ground: #fff; --ink: #000; --soft: #333; --line: #999;
  --band: #eee; --warn: #703000; --warnband: #fff; max-width: none; padding: 0; font-size: 10pt; }
  .lstm-report figure, .lstm-report tr { break-inside: avoid; }
  .lstm-report h2, .lstm-report h3, .lstm-report caption { break-after: avoid; }
  .lstm-report .wide { overflow: visible; }
  .lstm-report details::details-content { content-visibility: visible; block-size: auto; }
  .lstm-report table { font-size: 7.5pt; }
  .lstm-report th, .lstm-report td { padding: .1rem .3rem; } }
"""

# Which tables stand under which heading.
_TABLES = {
    "The model": ("inputs", "targets", "layers"),
    "What stands out": ("stands out",),
    "Warnings": ("warnings",),
    "What it listens to": ("lags", "features", "map", "agreement"),
    "What it does inside": ("gates", "memory", "roads", "units"),
    "What the norms don't say": ("norms", "feature norms", "starts"),
    "What the state knows of the time": ("probes",),
    "How it was measured": ("model",),
}
_FIGURES = {
    "What it listens to": "outside",
    "What it does inside": "inside",
    "What the norms don't say": "norms",
}


def page(report: Any) -> str:
    """A whole document, of a Report."""
    title = html.escape(f"Reading of {report.title}")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n<style>body {{ margin: 0; }}\n"
        "@media (prefers-color-scheme: dark) { body { background: #16181c; } }\n"
        "@media print { body { background: #fff; } }</style>\n"
        f"</head>\n<body>\n<main>\n{fragment(report, level=1)}\n</main>\n</body>\n</html>\n"
    )


def fragment(report: Any, level: int) -> str:
    """The page without its frame, its first heading of that level: what a notebook shows."""
    try:
        pictures = _report_figures.all_pictures(report.tables, report.weights, report.step)
        missing = ""
    except ImportError:
        pictures, missing = {}, "<p>No figures: they need Matplotlib, which is not installed.</p>"
    parts = [
        f'<div class="lstm-report">\n<style>{_STYLE}</style>',
        f"<h{level}>Reading of {html.escape(report.title)}</h{level}>",
        missing,
    ]
    for heading, sentences in report.sections.items():
        parts.append(f"<h{level + 1}>{html.escape(heading)}</h{level + 1}>")
        parts.append(_sentences(heading, sentences))
        parts += [_figure(picture) for picture in pictures.get(_FIGURES.get(heading, ""), ())]
        parts += [_table(report.tables[n]) for n in _TABLES[heading] if n in report.tables]
    return "\n".join([*filter(None, parts), "</div>"])


def _sentences(heading: str, sentences: list[str]) -> str:
    if heading == "Warnings" and sentences != ["None."]:
        lines = []
        for sentence in sentences:
            kind, _, reason = sentence.partition(": ")
            lines.append(f"<li><strong>{html.escape(kind)}</strong>: {html.escape(reason)}</li>")
        return f'<ul class="warnings">{"".join(lines)}</ul>'
    return "<ul>" + "".join(f"<li>{html.escape(one)}</li>" for one in sentences) + "</ul>"


def _figure(picture: Any) -> str:
    # The caption says what the alternative text says: those who see the figure want it too.
    alt = html.escape(picture.alt, quote=True)
    return (
        f'<figure><img src="data:image/png;base64,{picture.png}" alt="{alt}" '
        f'width="{picture.width}" height="{picture.height}">'
        f"<figcaption>{alt}</figcaption></figure>"
    )


def _table(table: Table) -> str:
    if not table.rows:
        return ""
    title = html.escape(table.title)
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in table.columns)
    body = []
    for row, texts in zip(table.rows, table.texts(), strict=True):
        first, *others = (html.escape(text) for text in texts)
        cells = "".join(
            f"<td{_side(cell)}>{text}</td>" for cell, text in zip(row[1:], others, strict=True)
        )
        body.append(f'<tr><th scope="row">{first}</th>{cells}</tr>')
    # Wider than a phone: it scrolls in its own frame, which the keyboard reaches.
    whole = (
        f'<div class="wide" tabindex="0" role="region" aria-label="{title}"><table>'
        f"<caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )
    if len(table.rows) > _FOLDED:
        whole = f"<details><summary>{title}: {len(table.rows)} rows</summary>{whole}</details>"
    return whole + (f'<p class="note">{html.escape(table.note)}</p>' if table.note else "")


def _side(cell: Cell) -> str:
    return ' class="text"' if isinstance(cell, str) else ""
