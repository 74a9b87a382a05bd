"""Notebooks as web pages: the template, what makes a page, and the index."""

from __future__ import annotations

import html

PAGE = """\
{% extends 'lab/index.html.j2' %}
{% block codecell %}
{% if 'solution' in cell.metadata.get('tags', []) %}
<details style="margin-left: 7em"><summary>Solution</summary>{{ super() }}</details>
{% else %}{{ super() }}{% endif %}
{% endblock codecell %}
{% block data_png scoped %}
{% set alt = output | get_metadata('alt', 'image/png') %}
{{ super() if not alt
   else super() | replace('<img ', '<img alt="' ~ (alt | escape_html) ~ '" ', 1) }}
{% endblock data_png %}
"""
"""The page template: JupyterLab's look, but solutions are shut until clicked, as they are there,
and an image says what it shows to those who can't see it (nbconvert looks for no ``alt``)."""


def exporter():
    """What makes a page of a notebook: of the course, and of a test run that went wrong."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    # No page may fetch anything: the course is read offline.
    return HTMLExporter(
        template_file="course.html.j2",
        extra_loaders=[DictLoader({"course.html.j2": PAGE})],
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        embed_images=True,
    )


def index(titles: dict[str, str]) -> str:
    """The page that leads to the others: ``titles`` has the title of each file."""
    rows = [f'<li><a href="{name}">{html.escape(title)}</a></li>' for name, title in titles.items()]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        "<title>The course</title><style>body{font:1.1rem/1.7 sans-serif;max-width:40rem;"
        "margin:3rem auto;padding:0 1rem}</style></head><body>"
        "<h1>What do the weights of a Keras LSTM mean?</h1><ol>\n"
        + "\n".join(rows)
        + "\n</ol></body></html>\n"
    )
