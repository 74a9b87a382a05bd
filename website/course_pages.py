"""What happens to words while Sphinx makes the pages.

The first use of a term in a page leads to the glossary, "notebook 03" to that notebook, an arXiv id
or a DOI to the paper; formulas become MathML.
"""

from __future__ import annotations

import html
import re
from pathlib import PurePosixPath
from types import ModuleType, SimpleNamespace

from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.addnodes import desc_signature, pending_xref, toctree
from sphinx.util.nodes import make_refnode

PAPER = re.compile(r"\b(arXiv:(\d{4}\.\d{4,5})|doi:(10\.\d{4,9}/[^\s,;]*[^\s,;.)]))")
NOTEBOOK = re.compile(r"\b[Nn]otebook\s(\d\d)\b")
NOT_WITHIN = (
    nodes.reference, nodes.literal, nodes.literal_block, nodes.doctest_block, nodes.title,
    nodes.raw, nodes.math, nodes.math_block, nodes.image, nodes.comment, nodes.term, nodes.thead,
    nodes.field_name, nodes.rubric, pending_xref, desc_signature, toctree,
)  # fmt: skip
"""What is a link already, or is no running text."""
NO_TERMS = ("glossary", "CHANGELOG", "CONTRIBUTING", "INSTRUCTORS", "tests/README")
"""Pages for those who know the words."""


def texts(tree: nodes.Node) -> list[nodes.Text]:
    """The running text of a page, in order."""
    return [
        text
        for text in tree.findall(nodes.Text)
        if not any(isinstance(parent, NOT_WITHIN) for parent in _parents(text))
    ]


def _parents(node):
    while node := node.parent:
        yield node


def link(tree: nodes.Node, pattern: re.Pattern, make, once: bool = False) -> bool:
    """Put ``make(match)`` in place of each match in running text, or of the first."""
    for text in texts(tree):
        parts, end = [], 0
        for match in pattern.finditer(text):
            made = make(match)
            if made is None:
                continue
            parts += [nodes.Text(text[end : match.start()]), made]
            end = match.end()
            if once:
                break
        if parts:
            parts.append(nodes.Text(text[end:]))
            text.parent.replace(text, [part for part in parts if part.astext()])
            if once:
                return True
    return False


def link_papers(app, tree):
    def make(match):
        shown, arxiv, doi = match.groups()
        uri = f"https://arxiv.org/abs/{arxiv}" if arxiv else f"https://doi.org/{doi}"
        return nodes.reference("", shown, refuri=uri, internal=False)

    link(tree, PAPER, make)


def link_notebooks(app, tree, page):
    found = {
        PurePosixPath(name).name[:2]: name
        for name in app.env.found_docs
        if re.fullmatch(r"notebooks/\d\d_\w+", name)
    }

    def make(match):
        target = found.get(match[1])
        if target in (None, page):
            return None
        shown = nodes.Text(match[0])
        return make_refnode(app.builder, page, target, "", shown)

    link(tree, NOTEBOOK, make)


def terms(text: str) -> list[str]:
    """The terms of the glossary's source."""
    (body,) = re.findall(r"(?s)```\{glossary\}\n(.*?)```", text)
    return re.findall(r"(?m)^\S.*$", body)


def spelled(term: str) -> str:
    """A pattern of a term: one or several of it, over a line's end too."""
    words = re.escape(term).replace(r"\ ", r"\s+")
    return rf"(?i)(?<![\w-])(?:{words}|{words}s|{words.removesuffix('f')}ves)(?![\w-])"


def link_terms(app, tree, page):
    if page in NO_TERMS:
        return
    known = terms(app.env.doc2path("glossary").read_text(encoding="utf-8"))
    # The longest first: "forget gate" is not "gate".
    for term in sorted(known, key=len, reverse=True):

        def make(match, term=term):
            shown = nodes.inline("", match[0], classes=["xref", "std", "std-term"])
            return pending_xref(
                "", shown, refdomain="std", reftype="term", reftarget=term, refdoc=page,
                refexplicit=True, refwarn=True,
            )  # fmt: skip

        link(tree, re.compile(spelled(term)), make, once=True)


def fold_solutions(tree):
    """Shut until clicked, as in the notebook."""
    for cell in list(tree.findall(nodes.container)):
        if "tag_solution" not in cell["classes"]:
            continue
        first = next(iter(cell.findall(nodes.literal_block))).astext().splitlines()[0]
        title = first.lstrip("# ").rstrip(".") if first.startswith("# Solution") else "Solution"
        opening = f'<details class="solution"><summary>{html.escape(title)}</summary>'
        cell.insert(0, nodes.raw("", opening, format="html"))
        cell.append(nodes.raw("", "</details>", format="html"))


def on_read(app, tree):
    page = app.env.current_document.docname
    fold_solutions(tree)
    for name in tree.findall(nodes.field_name):
        if name.astext() == "Variables":  # napoleon's word for what the docstrings call
            name.children[:] = [nodes.Text("Attributes")]
    link_papers(app, tree)
    link_notebooks(app, tree, page)
    link_terms(app, tree, page)


def show_formula(translator, node):
    block = isinstance(node, nodes.math_block)
    translator.body.append(tex2mathml(node.astext(), as_block=block))
    raise nodes.SkipNode


class Initializer:
    """In place of Keras'."""


def without_keras() -> ModuleType:
    """As much of Keras as modules use while they are imported."""
    keras = ModuleType("keras")
    keras.initializers = SimpleNamespace(Initializer=Initializer)
    keras.saving = SimpleNamespace(register_keras_serializable=lambda _: lambda thing: thing)
    return keras


def setup(app):
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (show_formula, None), (show_formula, None))
    app.connect("doctree-read", on_read)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
