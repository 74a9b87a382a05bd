"""A notebook as one web page that needs no other file: what a test run leaves that went wrong.

The website of the course is made in ``website``.
"""

from __future__ import annotations

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
    """What makes such a page."""
    from jinja2 import DictLoader
    from nbconvert import HTMLExporter

    # No page may fetch anything: it is read offline.
    return HTMLExporter(
        template_file="course.html.j2",
        extra_loaders=[DictLoader({"course.html.j2": PAGE})],
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        embed_images=True,
    )
