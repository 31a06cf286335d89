"""Converting what a wire does not convert by itself."""

from __future__ import annotations

from typing import Any

from nodeflow.node import data_node
from nodeflow.values import to_text as as_text


@data_node("convert.to_text")
def to_text(value: Any = None) -> str:
    """The value as text: numbers in their shortest form, nothing as empty text."""
    return as_text(value)
