"""The socket types of Python annotations."""

from __future__ import annotations

import collections.abc as abc
import enum
import types
import typing
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Final

import attrs

from nodeflow.values.messages import short
from nodeflow.values.types import (
    ANY,
    BUILT_IN,
    DICT,
    LIST,
    NONE,
    PATH,
    TUPLE,
    SocketType,
    container_of,
    type_of_class,
    union_of,
)

_BY_CLASS: Final[dict[Any, SocketType]] = {each.cls: each for each in BUILT_IN.values() if each.cls}
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
    if issubclass(cls, PurePath):
        return PATH
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
