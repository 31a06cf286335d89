"""Lists. No node changes a list; each builds a new one."""

from __future__ import annotations

import builtins
from typing import Any

from nodeflow.node import data_node


@data_node("lists.length")
def length(list: builtins.list[Any] = []) -> int:  # noqa: B006 - values are never changed
    """How many items there are."""
    return len(list)


@data_node("lists.append")
def append(list: builtins.list[Any] = [], item: Any = None) -> builtins.list[Any]:  # noqa: B006
    """The list with one more item at the end."""
    return [*list, item]


@data_node("lists.get")
def get(list: builtins.list[Any] = [], index: int = 0) -> Any:  # noqa: B006
    """The item at `index`, from 0; a negative index counts from the end. Fails with `IndexError` outside."""
    return list[index]


@data_node("lists.range")
def range(start: int = 0, stop: int = 0, step: int = 1) -> builtins.list[int]:
    """Python's `range(start, stop, step)` as a list."""
    size = len(builtins.range(start, stop, step))
    if size > 10_000_000:
        raise ValueError(f"a range of {size} items is too long; at most 10000000")
    return [*builtins.range(start, stop, step)]
