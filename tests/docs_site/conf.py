"""Sphinx's settings for `make docs`; a warning is an error there, a link to no page or heading among them."""

project = "parity"
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "parity"
html_show_copyright = False
html_show_sphinx = False
html_copy_source = False
exclude_patterns = ["_build"]
# Headings have anchors as git hosts make them, so that one link holds everywhere.
myst_heading_anchors = 3
# Tables as GitHub has them, and nothing else: pages must read well in a terminal, too.
myst_enable_extensions: list[str] = []
nitpicky = True
