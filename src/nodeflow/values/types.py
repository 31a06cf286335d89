"""The socket types: what a value must be, and how that is found out quickly."""

from __future__ import annotations

import enum
import types
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import Any, Final

from attrs import field, frozen

# The package as a whole, for what is about these types and imports them: there by the time that anyone asks.
import nodeflow.values as values


@frozen
class SocketType:
    """What a socket takes or gives; two are equal that mean the same. `parse_type` makes them.

    Attributes:
        name: As it is written in a document: `int`, `list[text]`, `text | none`, `Person`.
        kind: `any`, `union`, `class`, `enum`, or the name of a built-in type without its brackets.
        cls: The Python class that values belong to; `None` for `any` and unions.
        inner: Of `list[T]`, `tuple[T]` and `dict[T]`: T.
        members: Of a union: the alternatives, in the order in which conversions to them are tried.
        exact: If not `None`, `type(value) is exact` proves, cheaply, that a value fits.
        but_not: A subclass of `cls` whose values do not belong: to Python a bool is an int and a datetime a date.
    """

    name: str = field(eq=False)
    kind: str = field(repr=False)
    cls: type | None = field(default=None, repr=False)
    inner: SocketType | None = field(default=None, repr=False)
    members: tuple[SocketType, ...] = field(default=(), repr=False)
    exact: type | None = field(init=False, eq=False, repr=False)
    but_not: type | tuple[()] = field(default=(), eq=False, repr=False)

    @exact.default
    def _exact(self) -> type | None:
        return self.cls if self.inner is None else None

    def accepts(self, value: Any) -> bool:
        """Whether the value fits as it is, looked at as deeply as the type goes.

        >>> INT.accepts(3), INT.accepts(True), FLOAT.accepts(3)
        (True, False, False)
        """
        if self.cls is None:
            return self.kind == "any" or any(member.accepts(value) for member in self.members)
        if type(value) is self.exact:
            return True
        if not isinstance(value, self.cls) or isinstance(value, self.but_not):
            return False
        return self.inner is None or self._accepts_items(value, self.inner)

    def _accepts_items(self, value: Any, inner: SocketType) -> bool:
        if self.kind == "dict":
            if not all(isinstance(key, str) for key in value):
                return False
            value = value.values()
        # One pass at C speed settles the common case, a long list of plain values.
        if inner.exact is not None and set(map(type, value)) <= {inner.exact}:
            return True
        return all(map(inner.accepts, value))

    def adapt(self, value: Any) -> Any:
        """The value itself if it fits, else what it converts to, else `ConversionError`.

        >>> FLOAT.adapt(3), INT.adapt(3.0), TEXT.adapt(3.0), TEXT.adapt(None)
        (3.0, 3, '3', '')
        """
        return values.convert(value, self)

    def __str__(self) -> str:
        return self.name


ANY: Final = SocketType("any", "any")
BOOL: Final = SocketType("bool", "bool", bool)
INT: Final = SocketType("int", "int", int, but_not=bool)
FLOAT: Final = SocketType("float", "float", float)
TEXT: Final = SocketType("text", "text", str)
LIST: Final = SocketType("list", "list", list)
TUPLE: Final = SocketType("tuple", "tuple", tuple)
DICT: Final = SocketType("dict", "dict", dict)
BYTES: Final = SocketType("bytes", "bytes", bytes)
DATETIME: Final = SocketType("datetime", "datetime", datetime)
DATE: Final = SocketType("date", "date", date, but_not=datetime)
DURATION: Final = SocketType("duration", "duration", timedelta)
PATH: Final = SocketType("path", "path", PurePath)
NONE: Final = SocketType("none", "none", types.NoneType)

BUILT_IN: Final[Mapping[str, SocketType]] = {
    each.name: each
    for each in (ANY, BOOL, INT, FLOAT, TEXT, LIST, TUPLE, DICT, BYTES, DATETIME, DATE, DURATION, PATH, NONE)
}
"""The types that every document knows, by name."""


def container_of(container: SocketType, inner: SocketType) -> SocketType:
    """`list[T]`, `tuple[T]` or `dict[T]`. Of `any` it is the bare container: nobody looks inside."""
    if inner == ANY:
        return container
    return SocketType(f"{container.kind}[{inner.name}]", container.kind, container.cls, inner)


def union_of(alternatives: Iterable[SocketType]) -> SocketType:
    """`T | U | none`: flat, without repetitions, `none` last; a union with `any` is `any`."""
    flat = [member for each in alternatives for member in (each.members or (each,))]
    members = sorted(dict.fromkeys(flat), key=lambda member: member == NONE)
    if ANY in members:
        return ANY
    if len(members) == 1:
        return members[0]
    return SocketType(" | ".join(member.name for member in members), "union", members=tuple(members))


def type_of_class(cls: type, name: str | None = None) -> SocketType:
    """The type of an attrs class or an enum, under its own name unless said."""
    return SocketType(name or cls.__name__, "enum" if issubclass(cls, enum.Enum) else "class", cls)
