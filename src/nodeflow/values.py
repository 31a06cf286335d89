"""Values on wires: the socket types, what fits where, and the one table of conversions (semantics 3.6).

A value that fits its type is passed on untouched, as the very object that was written. One that does not
is converted if `CONVERSIONS` has a row for it, and else refused. All conversions are lossless or
customary; none parses text, and none takes a bool for a number.

Types are finite expressions, so checking against one may recurse. Values are not: whatever walks into a
value (`copy_value`, `to_json`, `size_of`) keeps its own stack.
"""

from __future__ import annotations

import base64
import collections.abc as abc
import copy
import enum
import json
import math
import re
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from itertools import islice, repeat
from typing import Any, Final

import attrs
import cattrs
from attrs import field, frozen

from nodeflow.errors import ConversionError, describe

_DEPTH: Final = 32  # of brackets in a type expression: documents come from strangers


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
    """

    name: str = field(eq=False)
    kind: str = field(repr=False)
    cls: type | None = field(default=None, repr=False)
    inner: SocketType | None = field(default=None, repr=False)
    members: tuple[SocketType, ...] = field(default=(), repr=False)
    exact: type | None = field(init=False, eq=False, repr=False)

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
        if not isinstance(value, self.cls) or (isinstance(value, bool) and self.kind == "int"):
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
        return _adapt(value, self, CONVERSIONS)

    def __str__(self) -> str:
        return self.name


ANY: Final = SocketType("any", "any")
BOOL: Final = SocketType("bool", "bool", bool)
INT: Final = SocketType("int", "int", int)
FLOAT: Final = SocketType("float", "float", float)
TEXT: Final = SocketType("text", "text", str)
LIST: Final = SocketType("list", "list", list)
TUPLE: Final = SocketType("tuple", "tuple", tuple)
DICT: Final = SocketType("dict", "dict", dict)
BYTES: Final = SocketType("bytes", "bytes", bytes)
DATETIME: Final = SocketType("datetime", "datetime", datetime)
NONE: Final = SocketType("none", "none", types.NoneType)

BUILT_IN: Final[Mapping[str, SocketType]] = {
    each.name: each for each in (ANY, BOOL, INT, FLOAT, TEXT, LIST, TUPLE, DICT, BYTES, DATETIME, NONE)
}
"""The types that every document knows, by name."""

_BY_CLASS: Final[dict[Any, SocketType]] = {each.cls: each for each in BUILT_IN.values() if each.cls}


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


# --- type expressions ---------------------------------------------------------------------------------

_TOKEN: Final = re.compile(r"\s*([A-Za-z_][\w.]*|[\[\]|]|\S)")


def parse_type(expression: str, classes: Mapping[str, type] | None = None) -> SocketType:
    """Read a type as documents write it; `classes` are the registered attrs classes by name.

    >>> parse_type("dict[list[int]] | none").accepts({"primes": [2, 3]})
    True
    >>> parse_type("strnig")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: unknown type 'strnig'; known are any, bool, bytes, datetime, dict, float, int, ...
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


# --- annotations --------------------------------------------------------------------------------------

_CONTAINERS: Final[Mapping[Any, SocketType]] = {
    list: LIST, abc.Sequence: LIST, abc.MutableSequence: LIST, tuple: TUPLE,
    dict: DICT, abc.Mapping: DICT, abc.MutableMapping: DICT,
}  # fmt: skip


def type_from_annotation(annotation: object) -> SocketType:
    """The socket type of a Python annotation; `any` for what has no counterpart.

    >>> type_from_annotation(dict[str, list[int]] | None).name
    'dict[list[int]] | none'
    """
    if annotation is None:
        return NONE
    if isinstance(annotation, type):
        return _type_from_class(annotation)
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_from_annotation(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return union_of(map(type_from_annotation, arguments))
    if origin is typing.Literal:
        return union_of(type_from_annotation(type(value)) for value in arguments)
    if origin in _CONTAINERS:
        return container_of(_CONTAINERS[origin], _inner_of(origin, arguments))
    if origin is not None:
        return _type_from_class(origin) if isinstance(origin, type) else ANY
    for alias in ("__supertype__", "__value__"):  # of a NewType, of a `type` statement
        if hasattr(annotation, alias):
            return type_from_annotation(getattr(annotation, alias))
    if type(annotation).__module__ in ("typing", "typing_extensions"):  # Any, TypeVars, special forms
        return ANY
    raise TypeError(f"{short(annotation)} is not a type")


def _type_from_class(cls: type) -> SocketType:
    if cls in _BY_CLASS:
        return _BY_CLASS[cls]
    if cls in _CONTAINERS:
        return _CONTAINERS[cls]
    if typing.is_typeddict(cls):
        return DICT
    return type_of_class(cls) if issubclass(cls, enum.Enum) or attrs.has(cls) else ANY


def _inner_of(origin: Any, arguments: tuple[Any, ...]) -> SocketType:
    """T of an annotated container; `any` where the socket types cannot say it."""
    if _CONTAINERS[origin] is DICT:
        return type_from_annotation(arguments[1]) if arguments[0] is str else ANY
    if origin is tuple and (len(arguments) != 2 or arguments[1] is not ...):
        return ANY
    return type_from_annotation(arguments[0])


# --- what fits where ----------------------------------------------------------------------------------


class Fit(enum.Enum):
    """How the values of one type do as values of another."""

    FITS = "fits"
    """Every value does, untouched."""
    CONVERTS = "converts"
    """Some value does, perhaps converted: one has to look at it."""
    IMPOSSIBLE = "impossible"
    """No value ever does."""


def fit(source: SocketType, target: SocketType) -> Fit:
    """How the values of `source` do as values of `target`, known without seeing one.

    >>> fit(INT, ANY).name, fit(INT, TEXT).name, fit(TEXT, INT).name
    ('FITS', 'CONVERTS', 'IMPOSSIBLE')
    """
    if target == ANY or source == target:
        return Fit.FITS
    if source == ANY:
        return Fit.CONVERTS
    if source.members:
        found = {fit(member, target) for member in source.members}
        return found.pop() if len(found) == 1 else Fit.CONVERTS
    if target.members:
        found = {fit(source, member) for member in target.members}
        return next(each for each in Fit if each in found)  # the best: Fit lists them in this order
    return _fit_plain(source, target)


def _fit_plain(source: SocketType, target: SocketType) -> Fit:
    """Of two types that are neither `any` nor unions."""
    assert source.cls is not None
    assert target.cls is not None
    if BOOL in (source, target):  # to Python a bool is an int, here it is not
        related = Fit.IMPOSSIBLE
    elif issubclass(source.cls, target.cls):
        related = Fit.FITS
    else:
        related = Fit.CONVERTS if issubclass(target.cls, source.cls) else Fit.IMPOSSIBLE
    if related is Fit.IMPOSSIBLE and (_kind_of(source.cls), target.kind) in CONVERSIONS:
        related = Fit.CONVERTS
    if related is Fit.FITS and target.inner is not None:
        # Even where no item could ever be converted, the empty list can.
        return Fit.FITS if fit(source.inner or ANY, target.inner) is Fit.FITS else Fit.CONVERTS
    return related


# --- conversions --------------------------------------------------------------------------------------


@frozen
class Conversion:
    """One row of the table: values of a kind that convert to a type of a kind, and how, for the docs."""

    source: str
    target: str
    how: str
    convert: Callable[[Any, SocketType], Any] = field(repr=False)


def convert(value: Any, target: SocketType) -> Any:
    """The value as one of `target`; the same as `target.adapt(value)`.

    >>> convert("3", INT)
    Traceback (most recent call last):
    nodeflow.errors.ConversionError: '3' does not fit int: a wire never parses text
    """
    return _adapt(value, target, CONVERSIONS)


def from_json(data: Any, target: SocketType) -> Any:
    """The value that a literal or an input in a file means: as `convert`, and the reverse of `to_json`.

    >>> from_json("2026-02-28T12:00:00", DATETIME)
    datetime.datetime(2026, 2, 28, 12, 0)
    """
    return _adapt(data, target, _JSON_CONVERSIONS)


_Table = Mapping[tuple[str, str], Conversion]


def _adapt(value: Any, target: SocketType, table: _Table) -> Any:
    if target.accepts(value):
        return value
    if target.members:
        return _adapt_to_one_of(value, target, table)
    if target.inner is not None:
        return _adapt_items(value, target, target.inner, table)
    row = table.get((_kind_of(type(value)), target.kind))
    if row is None:
        raise _misfit(value, target)
    return row.convert(value, target)


def _adapt_to_one_of(value: Any, target: SocketType, table: _Table) -> Any:
    why = []
    for member in target.members:
        try:
            return _adapt(value, member, table)
        except ConversionError as error:
            why.append(str(error))
    # Of `T | none` it helps to know what is wrong with it as a T; of others it would be a list.
    raise _misfit(value, target, why[0] if len(why) == 2 and NONE in target.members else "")


def _adapt_items(value: Any, target: SocketType, inner: SocketType, table: _Table) -> Any:
    try:
        holder = _adapt(value, BUILT_IN[target.kind], table)
    except ConversionError:
        raise _misfit(value, target) from None
    fresh: dict[Any, Any] = {}
    for key, item in holder.items() if target.kind == "dict" else enumerate(holder):
        if target.kind == "dict" and not isinstance(key, str):
            raise _misfit(value, target, f"key {short(key)} is not text")
        try:
            fresh[key] = _adapt(item, inner, table)
        except ConversionError as error:
            raise _misfit(value, target, f"at {short(key)}: {error}") from None
    if target.kind == "dict":
        return fresh
    if target.accepts(holder):  # only the container had to be converted: it is new already
        return holder
    return tuple(fresh.values()) if target.kind == "tuple" else list(fresh.values())


_HINTS: Final[Mapping[tuple[str, str], str]] = {
    ("text", "int"): "a wire never parses text",
    ("text", "float"): "a wire never parses text",
    ("bool", "int"): "a bool is not a number",
    ("bool", "float"): "a bool is not a number",
}


def _misfit(value: Any, target: SocketType, why: str = "") -> ConversionError:
    why = why or _HINTS.get((_kind_of(type(value)), target.kind), "")
    return ConversionError(f"{short(value)} does not fit {target.name}" + (f": {why}" if why else ""))


_KINDS: Final = (
    (bool, "bool"), (int, "int"), (float, "float"), (str, "text"), (list, "list"), (tuple, "tuple"),
    (dict, "dict"), (bytes, "bytes"), (datetime, "datetime"), (types.NoneType, "none"),
)  # fmt: skip


def _kind_of(cls: type) -> str:
    """The row of `CONVERSIONS` for values of a class: an `IntEnum` converts like any int."""
    return next((kind for each, kind in _KINDS if issubclass(cls, each)), "object")


def _finite(value: Any, target: SocketType) -> Any:
    try:
        return float(value)
    except OverflowError:
        raise _misfit(value, target, "it is too large") from None


def _integral(value: Any, target: SocketType) -> Any:
    if math.isfinite(value) and value == math.floor(value):
        return int(value)
    raise _misfit(value, target, "it is not integral")


def _member(value: Any, target: SocketType) -> Any:
    assert target.cls is not None
    found = [member for member in typing.cast(type[enum.Enum], target.cls) if member.value == value]
    if not found:
        known = ", ".join(short(member.value) for member in typing.cast(type[enum.Enum], target.cls))
        raise _misfit(value, target, f"its members are {known}")
    return found[0]


def _structure(value: Any, target: SocketType) -> Any:
    try:
        return _CONVERTER.structure(value, typing.cast(Any, target.cls))
    except Exception as error:  # the class's own validators may raise anything
        why = _explain(error)
    # Out of the `except`: what cattrs raises nests as deeply as the value, and would be chained.
    raise _misfit(value, target, why)


def _explain(error: Exception) -> str:
    """All that is wrong, each with the field where it is."""
    if not isinstance(error, cattrs.BaseValidationError):
        return describe(error)
    try:
        found = cattrs.transform_error(error, format_exception=_explain_one)
    except RecursionError:
        return "it is nested too deeply"
    text = "; ".join(found)
    return text if len(text) <= 500 else text[:499] + "…"


def _explain_one(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return f"{error} is missing"
    ours = isinstance(error, ConversionError | cattrs.ForbiddenExtraKeysError)
    return str(error) if ours else describe(error)


def _rows(*rows: Conversion) -> dict[tuple[str, str], Conversion]:
    return {(row.source, row.target): row for row in rows}


CONVERSIONS: Final[_Table] = _rows(
    Conversion("int", "float", "unless it is too large", _finite),
    Conversion("float", "int", "if it is integral", _integral),
    Conversion("int", "text", "its digits", lambda value, _: to_text(value)),
    Conversion("float", "text", "the shortest form, without `.0`", lambda value, _: to_text(value)),
    Conversion("bool", "text", "`true` or `false`", lambda value, _: to_text(value)),
    Conversion("none", "text", "the empty text", lambda value, _: to_text(value)),
    Conversion("tuple", "list", "a list of its items", lambda value, _: list(value)),
    Conversion("list", "tuple", "a tuple of its items", lambda value, _: tuple(value)),
    Conversion("text", "enum", "the member with that value", _member),
    Conversion("int", "enum", "the member with that value", _member),
    Conversion("dict", "class", "an instance, by cattrs; fields as in a file, no others", _structure),
)
"""Every conversion that a wire makes, by kind of the value and kind of the type (3.6)."""


def _from_iso(value: Any, target: SocketType) -> Any:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise _misfit(value, target, "it is not a date and time as in ISO 8601") from None


def _from_base64(value: Any, target: SocketType) -> Any:
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise _misfit(value, target, "it is not base64") from None


_JSON_CONVERSIONS: Final = _rows(
    *CONVERSIONS.values(),
    Conversion("text", "datetime", "as ISO 8601 writes it", _from_iso),
    Conversion("text", "bytes", "base64", _from_base64),
)


# --- attrs classes ------------------------------------------------------------------------------------


def _make_converter() -> cattrs.Converter:
    """cattrs for the fields of attrs classes, without the coercions that it makes by itself.

    Left alone it takes "3" for 3, 1 for True, "ab" for ["a", "b"], and refuses instances among the data.
    """
    converter = cattrs.Converter(forbid_extra_keys=True)

    def structure_items(value: Any, annotation: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise ConversionError(f"{short(value)} is not a list")
        origin, inner = typing.get_origin(annotation) or annotation, typing.get_args(annotation)
        each: Iterable[Any] = repeat(inner[0] if inner else Any)
        if origin is tuple and inner and inner[-1] is not ...:
            if len(inner) != len(value):
                raise ConversionError(f"{short(value)} does not have {len(inner)} items")
            each = inner
        items = [converter.structure(item, cls) for item, cls in zip(value, each, strict=False)]
        return _ITEMS[origin](items)

    def make_attrs_hook(cls: Any, _: Any) -> Callable[[Any, Any], Any]:
        plain = cattrs.gen.make_dict_structure_fn(cls, converter, _cattrs_forbid_extra_keys=True)

        def structure_attrs(value: Any, annotation: Any) -> Any:
            if isinstance(value, typing.get_origin(cls) or cls):
                return value
            if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
                raise ConversionError(f"{short(value)} is not a dict with text keys")
            return plain(value, annotation)

        return structure_attrs

    converter.register_structure_hook_factory(attrs.has, make_attrs_hook)
    for each in _PLAIN:  # by class too: cattrs asks its own hooks for these before any predicate
        converter.register_structure_hook(each, _structure_plain)
    converter.register_structure_hook_func(_is_plain, _structure_plain)
    converter.register_structure_hook_func(_has_items, structure_items)
    return converter


_PLAIN: Final = (bool, int, float, str, bytes, datetime)
_ITEMS: Final[dict[Any, Callable[[list[Any]], Any]]] = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list,
    tuple: tuple, set: set, abc.Set: frozenset, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip


def _has_items(cls: Any) -> bool:
    return cls in _ITEMS or typing.get_origin(cls) in _ITEMS


def _structure_plain(value: Any, cls: Any) -> Any:
    return from_json(value, type_from_annotation(cls))


def _is_plain(cls: Any) -> bool:
    if typing.get_origin(cls) in (typing.Union, types.UnionType):
        return all(each in (*_PLAIN, types.NoneType) for each in typing.get_args(cls))
    return isinstance(cls, type) and issubclass(cls, enum.Enum)


_CONVERTER: Final = _make_converter()


# --- values as text and as data -----------------------------------------------------------------------


def to_text(value: Any) -> str:
    """The value as people read it; containers as compact JSON.

    >>> [to_text(value) for value in (2.0, 0.5, None, True, [1.0, "a", {"b": None}])]
    ['2', '0.5', '', 'true', '[1,"a",{"b":null}]']
    """
    if isinstance(value, enum.Enum):
        return to_text(value.value)
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        return "0" if value == 0 else float.__repr__(value).removesuffix(".0")
    if isinstance(value, BaseException):
        return describe(value)
    if isinstance(value, int) and value.bit_length() >= _MANY_BITS:
        raise ConversionError(f"{short(value)} has too many digits to be text")
    if not isinstance(value, int) and _parts(value) is None:
        return str(_json_leaf(value))
    try:
        return json.dumps(_plain(value, _text_leaf), ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise ConversionError(f"{short(value)} is nested too deeply to be text") from None


def to_json(value: Any) -> Any:
    """The value as plain JSON data: for results, the journal and the wire to other programs.

    >>> to_json({"when": datetime(2026, 2, 28), "raw": b"abc", 1: (1, 2.5)})
    {'when': '2026-02-28T00:00:00', 'raw': 'YWJj', '1': [1, 2.5]}
    """
    return _plain(value, _json_leaf)


def _plain(value: Any, leaf: Callable[[Any], Any]) -> Any:
    """JSON data from the top down: each holder is filled with its items' still empty holders."""
    root = [value]
    inside: set[int] = set()  # ids of the containers that we are in
    todo: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    while todo:
        holder, key, item = todo.pop()
        if holder is None:
            inside.discard(key)
        elif (parts := _parts(item)) is None:
            holder[key] = leaf(item)
        elif id(item) in inside:
            holder[key] = short(item)
        else:
            holder[key] = parts
            inside.add(id(item))
            todo.append((None, id(item), item))
            todo.extend((parts, name, part) for name, part in _pairs(parts))
    return root[0]


def _parts(value: Any) -> dict[str, Any] | list[Any] | None:
    """A new dict or list of what a container has in it; `None` for other values."""
    if type(value) in _LEAVES:
        return None
    if isinstance(value, dict):
        return {key if isinstance(key, str) else _key_text(key): item for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return list(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=short)  # the order of a set differs from process to process
    if attrs.has(type(value)) and not isinstance(value, enum.Enum | BaseException):
        return {each.name: getattr(value, each.name, None) for each in attrs.fields(type(value)) if each.init}
    return None


_LEAVES: Final = frozenset({types.NoneType, bool, int, float, str, bytes, datetime})  # a shortcut


def _key_text(key: Any) -> str:
    try:
        return to_text(key)
    except ConversionError:
        return short(key)


def _pairs(parts: dict[Any, Any] | list[Any]) -> Iterable[tuple[Any, Any]]:
    return list(parts.items() if isinstance(parts, dict) else enumerate(parts))


def _json_leaf(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _json_leaf(value.value)
    if isinstance(value, int):
        return int(value) if value.bit_length() < _MANY_BITS else short(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if isinstance(value, (date, time)):
        return value.isoformat()
    return short(value, 200)


def _text_leaf(value: Any) -> Any:
    """Within a text, numbers are short also in lists."""
    leaf = _json_leaf(value)
    return int(leaf) if isinstance(leaf, float) and leaf.is_integer() and abs(leaf) < 1e16 else leaf


def copy_value(value: Any) -> Any:
    """A copy of lists, dicts and tuples; other values in them are shared. For what enters and leaves a run.

    >>> mine = {"rows": [[1], [2]]}
    >>> copy_value(mine) == mine, copy_value(mine)["rows"][0] is mine["rows"][0]
    (True, False)
    """
    if not isinstance(value, (list, dict, tuple)):
        return value
    root = [value]
    copies: dict[int, Any] = {}  # a list that is there twice, or in itself, is so in the copy
    tuples: list[tuple[Any, Any, type, list[Any]]] = []
    todo: list[tuple[Any, Any, Any]] = [(root, 0, value)]
    while todo:
        holder, key, item = todo.pop()
        fresh = copies.get(id(item))
        if fresh is None:
            if isinstance(item, tuple):
                fresh = list(item)
                tuples.append((holder, key, type(item), fresh))
            else:
                fresh = copies[id(item)] = copy.copy(item)
            pairs = item.items() if isinstance(item, dict) else enumerate(item)
            todo.extend((fresh, name, part) for name, part in pairs if isinstance(part, (list, dict, tuple)))
        holder[key] = fresh
    for holder, key, cls, items in reversed(tuples):  # inner ones before those that they are in
        holder[key] = cls._make(items) if hasattr(cls, "_make") else cls(items)
    return root[0]


def size_of(value: Any, limit: int) -> int:
    """Roughly how many bytes the value takes, written out; stops counting once it is above the limit.

    What is there twice counts twice, as it does when it is written out.

    >>> size_of([1, 2, 3], 1000), size_of("x" * 5000, 1000) > 1000
    (56, True)
    """
    total = 0
    todo = [value]
    while todo and total <= limit:
        item = todo.pop()
        total += _weight(item)
        parts = _parts(item) if total <= limit else None  # not even looked at if its length is too much
        if isinstance(parts, dict):
            todo.extend(parts.values())
            todo.extend(parts)
        elif parts is not None:
            todo.extend(parts)
    return total


def _weight(value: Any) -> int:
    """A word, and one for each slot."""
    if isinstance(value, str):
        return 8 + len(value) * (1 if value.isascii() else 4)
    if isinstance(value, int):
        return 8 + value.bit_length() // 64 * 8
    if isinstance(value, (bytes, bytearray)):
        return 8 + len(value)
    return 8 + 8 * len(value) if isinstance(value, (list, dict, tuple, set, frozenset)) else 8


_MANY_BITS: Final = 14_000  # Python refuses to write ints of more than 4300 digits


def short(value: Any, limit: int = 80) -> str:
    """The value's repr for messages: bounded in length, depth and effort; never raises.

    >>> short(list(range(1000)))
    '[0, 1, 2, 3, 4, 5, …]'
    """
    try:
        text = _short(value, limit, 3)
    except Exception:
        text = f"<{type(value).__name__}>"
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _short(value: Any, limit: int, levels: int) -> str:
    cls = type(value)
    if cls in (str, bytes):
        return repr(value[:limit])
    if cls is int and value.bit_length() >= _MANY_BITS:
        return f"<int of {value.bit_length()} bits>"
    if cls in (list, tuple, dict, set, frozenset):
        opening, closing = _BRACKETS[cls]
        inside = _short_items(value, limit, levels - 1) if levels else "…"
        return f"{opening}{inside}{closing}"
    if attrs.has(cls) and not isinstance(value, enum.Enum | BaseException):
        fields = [each.name for each in attrs.fields(cls)[:6]] if levels else []
        each = [f"{name}={_short(getattr(value, name, None), limit, levels - 1)}" for name in fields]
        return f"{cls.__name__}({', '.join(each) if levels else '…'})"
    return repr(value)


_BRACKETS: Final[Mapping[type, tuple[str, str]]] = {
    list: ("[", "]"), tuple: ("(", ")"), dict: ("{", "}"), set: ("{", "}"), frozenset: ("frozenset({", "})"),
}  # fmt: skip


def _short_items(values: Any, limit: int, levels: int) -> str:
    if isinstance(values, dict):
        parts = [
            f"{_short(key, limit, levels)}: {_short(item, limit, levels)}" for key, item in islice(values.items(), 6)
        ]
    else:
        parts = [_short(item, limit, levels) for item in islice(values, 6)]
    return ", ".join(parts + ["…"] * (len(values) > 6))
