"""How the pages in this folder become a site: ``make docs-site``.

The pages are plain Markdown that a code host shows as it is. What belongs to the site alone (links
that leave this folder, pages that are made of code) is done by ``_ext/repository.py``.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from safeload import __version__

project = "safeload"
author = "the safeload developers"
project_copyright = author
version = release = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "names",
    "repository",
]
exclude_patterns = ["_ext"]

# Markdown: headings have the anchors that code hosts give them.
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 4

# The Python interface, from docstrings in Google's style.
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autoclass_content = "class"
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
# What serves elsewhere needs what it serves for; the pages need its docstrings alone.
autodoc_mock_imports = ["mlserver"]
python_maximum_signature_line_length = 80
python_use_unqualified_type_names = True
# Every name in a docstring or an annotation has to exist.
nitpicky = True
nitpick_ignore = [("py:exc", "MlflowException")]

# Prompts are not copied, and neither is what a command prints.
copybutton_prompt_text = "$ "
copybutton_only_copy_prompt_lines = True

html_theme = "pydata_sphinx_theme"
html_title = "safeload"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Whoever reads the pages asks no other server for anything.
html_theme_options = {
    "logo": {"text": "safeload"},
    "github_url": "https://github.com/safeload/safeload",
    "header_links_before_dropdown": 5,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "footer_start": ["copyright"],
    "footer_end": [],
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": []}
html_show_sourcelink = False
pygments_style = "default"
