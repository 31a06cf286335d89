"""Sphinx: `pip install -e '.[docs]'`, then `sphinx-build -W docs docs/_build`."""

from __future__ import annotations

import html
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import Directive

import nodeflow

project = "nodeflow"
author = "The nodeflow founders"
copyright = author
release = version = nodeflow.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"nodeflow {version}"
html_js_files = [("https://cdn.jsdelivr.net/npm/mermaid@11/dist/mermaid.min.js", {"defer": "defer"})]
myst_heading_anchors = 4
myst_fence_as_directive = ["mermaid"]

default_role = "code"  # docstrings are written with single backquotes
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
autodoc_class_signature = "mixed"
napoleon_numpy_docstring = False
napoleon_use_ivar = True


class Mermaid(Directive):
    """A picture that the browser draws; the text of it where there is none."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {}

    def run(self) -> list[nodes.Node]:
        text = html.escape("\n".join(self.content), quote=False)
        return [nodes.raw("", f'<pre class="mermaid">\n{text}\n</pre>', format="html")]


def setup(app: Any) -> None:
    app.add_directive("mermaid", Mermaid)
