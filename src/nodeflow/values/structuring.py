"""Dicts as attrs classes, by cattrs, without the coercions that it makes by itself."""

from __future__ import annotations

import collections.abc as abc
import enum
import functools
import types
import typing
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import repeat
from pathlib import Path, PurePath
from typing import Any, Final

import attrs
import cattrs

# The package as a whole, for what is built on this module.
import nodeflow.values as values
from nodeflow.errors import ConversionError, describe
from nodeflow.values.annotations import type_from_annotation
from nodeflow.values.messages import short


def structure(value: Any, cls: Any) -> Any:
    """The instance that a dict means. Raises what cattrs and the class's own validators raise; see `explain`."""
    return _converter().structure(value, cls)


def explain(error: Exception) -> str:
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


@functools.cache
def _converter() -> cattrs.Converter:
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


_PLAIN: Final = (bool, int, float, str, bytes, datetime, date, timedelta, PurePath, Path)
_ITEMS: Final[dict[Any, Callable[[list[Any]], Any]]] = {
    list: list, abc.Sequence: list, abc.MutableSequence: list, abc.Collection: list, abc.Iterable: list,
    tuple: tuple, set: set, abc.Set: frozenset, abc.MutableSet: set, frozenset: frozenset,
}  # fmt: skip


def _has_items(cls: Any) -> bool:
    return cls in _ITEMS or typing.get_origin(cls) in _ITEMS


def _structure_plain(value: Any, cls: Any) -> Any:
    return values.from_json(value, type_from_annotation(cls))


def _is_plain(cls: Any) -> bool:
    if typing.get_origin(cls) in (typing.Union, types.UnionType):
        return all(each in (*_PLAIN, types.NoneType) for each in typing.get_args(cls))
    return isinstance(cls, type) and issubclass(cls, enum.Enum)
