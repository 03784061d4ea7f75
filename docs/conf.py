"""How Sphinx makes the site of these pages: ``make docs``. Nothing is loaded from elsewhere, built or read."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the checkout's own packages, and docs.making

from nnasim import __version__

project = "nnasim"
author = "the authors of nnasim"
copyright = "2026, the authors of nnasim, Apache-2.0"
version = release = __version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "docs.making", "docs.making.lessons"]
exclude_patterns = ["_build", "making", "**/.ipynb_checkpoints"]  # _build: also the notebooks of the last run
nitpicky = False

# Pages are Markdown; the lessons are run while the site is built, and one that fails ends it.
myst_enable_extensions = ["colon_fence", "deflist", "attrs_inline"]
myst_heading_anchors = 4
highlight_language = "none"  # a block that names no language is a command or what one printed
nb_execution_mode = "force"  # a cache knows a lesson's text, not the package that it runs
nb_execution_in_temp = True
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_ipywidgets_js = {}  # its default is a script from the network

autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = f"nnasim {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
