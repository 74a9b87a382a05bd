"""How Sphinx makes the pages of the course. ``make course`` calls it, with a staged folder."""

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import course_pages  # noqa: E402 - it stands beside this file

project = "Weights of a Keras LSTM"
html_title = project
author = copyright = ""
language = "en"

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "course_pages"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb", ".rst": "restructuredtext"}
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["course.css"]
html_js_files = [("course.js", {"defer": "defer"})]

# The notebooks come with their outputs.
nb_execution_mode = "off"
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
myst_heading_slug_func = "lstm_helpers.course.website.slug"

# Formulas become MathML, which browsers show without a script.
html_math_renderer = "mathml"

# Slow to import, and not everywhere: docstrings need none of them. A class that is derived from one
# of Keras' needs a class to derive from.
autodoc_mock_imports = ["tensorflow", "torch", "h5py", "onnx", "safetensors"]
sys.modules["keras"] = course_pages.without_keras()
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_use_admonition_for_examples = False

html_theme = "pydata_sphinx_theme"
html_theme_options = {
    "logo": {"text": project},
    "navbar_end": ["theme-switcher"],
    "navbar_align": "left",
    "header_links_before_dropdown": 4,
    "show_toc_level": 2,
    "show_nav_level": 1,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "footer_start": [],
    "footer_end": [],
    "article_footer_items": [],
    "footer_center": [],
    "secondary_sidebar_items": ["page-toc"],
    "back_to_top_button": False,
}
html_context = {"default_mode": "auto"}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
html_use_index = False
html_domain_indices = False
# The lines below a hit are fetched, which no browser does of pages that are opened as files.
html_show_search_summary = False
html_permalinks_icon = "#"
