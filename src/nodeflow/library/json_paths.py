"""All places in a value that a JSONPath (RFC 9535) selects: what is there, another value there, nothing there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from nodeflow.library.json_query import Node, Query, keys_to, pointers_to
from nodeflow.node import data_node

MOST: Final = 100_000
"""The most places that a path may select."""

MOST_KEYS: Final = 2_000_000
"""The most keys and indexes on the ways to all places that are to be changed."""

_HERE: Final = object()


class Found(NamedTuple):
    """Values, and where they are."""

    values: list[Any]
    pointers: list[str]


class First(NamedTuple):
    """A value, where it is, and whether there is one."""

    value: Any
    pointer: str
    found: bool


class Changed(NamedTuple):
    """The new value, and how many places are different."""

    result: Any
    count: int  # type: ignore[assignment]  # hides a method of tuples


@data_node("json.find")
def find(value: Any = None, path: str = "$") -> Found:
    """All values that a JSONPath selects, and JSON Pointers to them. Nothing is found where there is nothing.

    Fails with `ValueError` for what is no JSONPath, if more than 100,000 values are selected, or finding them takes
    more than 1,000,000 steps. `match` and `search` in a filter take regular expressions of RE2.

    Args:
        path: As `$.items[?@.price < 10].name`, or `$..name`.

    >>> find({"items": [{"n": "a", "p": 5}, {"n": "b", "p": 20}]}, "$.items[?@.p < 10].n")
    Found(values=['a'], pointers=['/items/0/n'])
    """
    nodes = Query(path).nodes(value, MOST)
    return Found([node.value for node in nodes], pointers_to(nodes))


@data_node("json.find_first")
def find_first(value: Any = None, path: str = "$", default: Any = None) -> First:
    """The first value that a JSONPath selects, or `default`. Fails as `json.find`, which finds all.

    Args:
        pointer: The JSON Pointer to it.

    >>> find_first([{"n": "a"}, {"n": "b"}], "$[*].n"), find_first([], "$..n")
    (First(value='a', pointer='/0/n', found=True), First(value=None, pointer='', found=False))
    """
    node = Query(path).first(value)
    return First(default, "", False) if node is None else First(node.value, pointers_to([node])[0], True)


@data_node("json.set_all")
def set_all(value: Any = None, path: str = "$", item: Any = None) -> Changed:
    """The value with `item` at all places that a JSONPath selects, and how many. Fails as `json.find`.

    Of a place within another one, only the outer counts.

    >>> set_all({"a": [{"n": 1}, {"n": 2}]}, "$..n", 0)
    Changed(result={'a': [{'n': 0}, {'n': 0}]}, count=2)
    """
    tree = _tree_of(Query(path).nodes(value, MOST))
    root = [value]
    count = 0
    todo: list[tuple[Any, Any, _Tree]] = [(root, 0, tree)] if tree else []
    while todo:
        holder, key, below = todo.pop()
        if _HERE in below:
            holder[key] = item
            count += 1
        else:
            holder[key] = _copy(holder[key])
            todo.extend((holder[key], name, part) for name, part in below.items())
    return Changed(root[0], count)


@data_node("json.remove_all")
def remove_all(value: Any = None, path: str = "$[*]") -> Changed:
    """The value without all that a JSONPath selects, and how many places that are. Fails as `json.find`.

    Fails with `ValueError` if the path selects the whole value.

    >>> remove_all([1, 5, 2, 7], "$[?@ > 4]")
    Changed(result=[1, 2], count=2)
    """
    tree = _tree_of(Query(path).nodes(value, MOST))
    if _HERE in tree:
        raise ValueError("the path selects the whole value, which cannot be removed")
    root = [value]
    todo: list[tuple[Any, Any, _Tree]] = [(root, 0, tree)] if tree else []
    removing: list[tuple[Any, set[Any]]] = []
    while todo:
        holder, key, below = todo.pop()
        holder[key] = copy = _copy(holder[key])
        removing.append((copy, {name for name, part in below.items() if _HERE in part}))
        todo.extend((copy, name, part) for name, part in below.items() if _HERE not in part)
    for copy, gone in removing:  # at last, as it moves the items behind
        if isinstance(copy, dict):
            for name in gone:
                del copy[name]
        elif gone:
            copy[:] = [item for index, item in enumerate(copy) if index not in gone]
    return Changed(root[0], sum(len(gone) for _, gone in removing))


_Tree = dict[Any, Any]
"""By key or index: what is selected below; `_HERE`: this place itself."""


def _tree_of(nodes: Iterable[Node]) -> _Tree:
    """The places of nodes as one tree."""
    tree: _Tree = {}
    left = MOST_KEYS
    for node in nodes:
        keys = keys_to(node)
        left -= len(keys)
        if left < 0:
            raise ValueError(f"what the path selects lies too deep: more than {MOST_KEYS} keys on the ways there")
        place = tree
        for key in keys:
            place = place.setdefault(key, {})
        place[_HERE] = True
    return tree


def _copy(value: Any) -> Any:
    return {**value} if isinstance(value, dict) else [*value]
