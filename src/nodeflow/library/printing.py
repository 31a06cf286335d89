"""The line that print nodes print."""

from __future__ import annotations

from typing import Any

from nodeflow.values import to_text


def line_of(value: Any, label: str, style: str) -> str:
    """The value as text, behind its label if it has one.

    >>> line_of(True, "done", "plain"), line_of(True, "", "dotnet")
    ('done: true', 'True')
    """
    if style == "plain":
        text = to_text(value)
    else:
        from nodeflow.library.convert import to_text as convert_to_text  # only imported flows need it

        text = convert_to_text(value, style=style)
    return f"{label}: {text}" if label else text
