"""Sphinx configuration: `make docs` builds the site, without a network."""

from __future__ import annotations

import sys
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path[:0] = [str(DOCS / "_extensions"), str(DOCS.parent)]

import graphmp  # noqa: E402

project = "graphmp"
author = "The graphmp contributors"
copyright = "2026, the graphmp contributors"  # noqa: A001
version = release = graphmp.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx.ext.intersphinx",
    "sphinx-mathjax-offline",
    "myst_nb",
    "sphinx_copybutton",
    "sphinx_design",
    "docstrings",
    "inventories",
    "gallery",
    "pictures",
    "layer_table",
    "llms",
]
templates_path = ["_templates"]
exclude_patterns = ["_extensions", "_templates", "_checks", "gallery/files"]
source_suffix = {".rst": "restructuredtext", ".md": "myst-nb", ".ipynb": "myst-nb"}
nitpicky = True
nitpick_ignore = [
    ("py:class", name)
    # Aliases in annotations, and texts of Python's and torch's own docstrings.
    for name in (
        *("Dataset", "Ends", "Fields", "sequence", "torch.utils.data.dataset._T_co"),
        *("CanonicalEtype", "EdgeSummary", "NodeSummary"),
        *(
            "integer -- return number of occurrences of value",
            "integer -- return first index of value.",
        ),
    )
] + [("py:obj", "torch.utils.data.dataset._T_co"), ("py:obj", "typing.~Fields")]
suppress_warnings = ["myst.xref_missing"]

# ---- docstrings

autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "groupwise"
autodoc_preserve_defaults = True
autosummary_generate = True
autosummary_generate_overwrite = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_custom_sections = [("Shapes", "Shapes")]
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88

# ---- pages

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "fieldlist"]
myst_heading_anchors = 4
nb_execution_mode = "off"  # the gallery executes the tutorials itself and remembers the outputs
nb_merge_streams = True

html_theme = "pydata_sphinx_theme"
html_title = "graphmp"
html_logo = "_static/logo.svg"
html_favicon = "_static/logo.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "graphmp"},
    "github_url": "https://github.com/graphmp/graphmp",
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["theme-version"],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {"index": [], "layers": [], "search": []}
