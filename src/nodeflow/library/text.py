"""Text."""

from __future__ import annotations

import string
from typing import Any

from nodeflow.node import Ports, data_node
from nodeflow.values import to_text


@data_node("text.concat")
def concat(a: str = "", b: str = "") -> str:
    """One text behind the other."""
    return a + b


@data_node("text.format")
def format(template: str = "", *, names: Ports[Any]) -> str:
    """The template with each `{name}` replaced by the input of that name, as text. `{{` is a brace.

    Args:
        template: Only plain names stand in braces: no attributes, indexes or format specifications.
    """
    parts = []
    for literal, name, spec, conversion in string.Formatter().parse(template):
        parts.append(literal)
        if name is None:
            continue
        if spec or conversion or not name or any(c in name for c in ".[]"):
            raise ValueError(f"in braces stands the name of an input, not {name + (':' + spec if spec else '')!r}")
        if name not in names:
            raise ValueError(f"the template names {name!r}, which is no input; inputs are {', '.join(names) or 'none'}")
        parts.append(to_text(names[name]))
    return "".join(parts)
