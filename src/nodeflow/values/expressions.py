"""Types as documents write them: `list[text]`, `dict[int | none]`, `Person`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from nodeflow.values.messages import short
from nodeflow.values.types import BUILT_IN, DICT, LIST, TUPLE, SocketType, container_of, type_of_class, union_of

_DEPTH: Final = 32  # of brackets in a type expression: documents come from strangers
_TOKEN: Final = re.compile(r"\s*([A-Za-z_][\w.]*|[\[\]|]|\S)")


def parse_type(expression: str, classes: Mapping[str, type] | None = None) -> SocketType:
    """Read a type as documents write it; `classes` are the registered attrs classes by name.

    >>> parse_type("dict[list[int]] | none").accepts({"primes": [2, 3]})
    True
    >>> parse_type("strnig")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: unknown type 'strnig'; known are any, bool, bytes, date, datetime, ...
    """
    tokens = _TOKEN.findall(expression)
    tokens.reverse()  # the next one is popped from the end
    found = _parse_union(expression, tokens, classes or {}, 0)
    if tokens:
        raise ValueError(f"type {short(expression)}: unexpected {tokens[-1]!r}")
    return found


def _parse_union(expression: str, tokens: list[str], classes: Mapping[str, type], depth: int) -> SocketType:
    if depth > _DEPTH:
        raise ValueError(f"type {short(expression)} is nested deeper than {_DEPTH}")
    members = [_parse_one(expression, tokens, classes, depth)]
    while tokens and tokens[-1] == "|":
        tokens.pop()
        members.append(_parse_one(expression, tokens, classes, depth))
    return union_of(members)


def _parse_one(expression: str, tokens: list[str], classes: Mapping[str, type], depth: int) -> SocketType:
    name = tokens.pop() if tokens else ""
    if name in BUILT_IN:
        found = BUILT_IN[name]
    elif name in classes:
        found = type_of_class(classes[name], name)
    elif name.isidentifier() or "." in name[1:]:
        raise ValueError(f"unknown type {short(name)}; known are {', '.join(sorted({*BUILT_IN, *classes}))}")
    else:
        where = f"before {name!r}" if name else "at its end"
        raise ValueError(f"type {short(expression)}: a type is missing {where}")
    if not tokens or tokens[-1] != "[":
        return found
    if found not in (LIST, TUPLE, DICT):
        raise ValueError(f"type {short(expression)}: only list, tuple and dict take [...], not {name}")
    tokens.pop()
    inner = _parse_union(expression, tokens, classes, depth + 1)
    if not tokens or tokens.pop() != "]":
        raise ValueError(f"type {short(expression)}: a ']' is missing")
    return container_of(found, inner)
