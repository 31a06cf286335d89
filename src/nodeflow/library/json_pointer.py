"""Places in a value, named by a JSON Pointer (RFC 6901): what is there, another value there, nothing there.

`python-jsonpath` reads the pointer. Walking is done here: the library's own also takes keys that the RFC does not
know (`#0`, `~name`), reads a text as a document, and changes what it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from nodeflow.library.extras import need
from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
from nodeflow.node import Option, data_node
from nodeflow.values import short

_INDEX: Final = compiled_later("0|[1-9][0-9]{0,17}")
_ESCAPES: Final = compiled_later("~(?![01])")


class Looked(NamedTuple):
    """What is there, and whether something is."""

    value: Any
    found: bool


class Removed(NamedTuple):
    """What is left, and whether something was removed."""

    result: Any
    removed: bool


class NoSuchPlace(LookupError):
    """A pointer leads to nothing; says how far it gets."""


def tokens_of(pointer: str) -> tuple[str, ...]:
    """The keys and indexes of a pointer.

    >>> tokens_of("/a~1b/0/~01"), tokens_of(""), tokens_of("/")
    (('a/b', '0', '~1'), (), ('',))

    Raises:
        ValueError: It is not a JSON Pointer.
    """
    if pointer and not pointer.startswith("/"):
        raise ValueError(f"a JSON Pointer is empty or begins with '/', as in '/items/0'; this is {short(pointer)}")
    if _ESCAPES.search(pointer):
        raise ValueError(f"in a JSON Pointer '~' is written '~0' and '/' '~1'; this is {short(pointer)}")
    parts: tuple[str, ...] = need("jsonpath", extra="json").JSONPointer(pointer, unicode_escape=False).parts
    return parts


def pointer_to(keys: Sequence[str | int]) -> str:
    """The pointer of keys and indexes: the reverse of `tokens_of`.

    >>> pointer_to(["a/b", 0, "~1"])
    '/a~1b/0/~01'
    """
    return "".join(f"/{str(key).replace('~', '~0').replace('/', '~1')}" for key in keys)


def key_in(value: Any, token: str) -> str | int | None:
    """The key of a dict or the index of a list that a token means there; None: there is no such."""
    if isinstance(value, dict):
        return token if token in value else None
    if isinstance(value, list | tuple) and _INDEX.fullmatch(token) and int(token) < len(value):
        return int(token)
    return None


def look(value: Any, tokens: Sequence[str]) -> Any:
    """What is at a place. Raises `NoSuchPlace`."""
    for depth, token in enumerate(tokens):
        key = key_in(value, token)
        if key is None:
            raise no_such_place(value, tokens[: depth + 1])
        value = value[key]
    return value


def no_such_place(parent: Any, tokens: Sequence[str]) -> NoSuchPlace:
    return NoSuchPlace(f"there is no {short(pointer_to(tokens))}: {short(parent)} has no {short(tokens[-1])}")


Change = Callable[[Any, str], Any]
"""Gives a copy of a container in which something is different at a token."""


def changed(value: Any, tokens: Sequence[str], change: Change, create: bool = False) -> Any:
    """The value with the container of a place replaced by a changed copy; what lies beside the way is shared.

    Args:
        create: Dicts that are missing on the way are made.
    """
    way: list[tuple[Any, str | int]] = []
    for depth, token in enumerate(tokens[:-1]):
        key = key_in(value, token)
        if key is None:
            if not create or not isinstance(value, dict):
                raise no_such_place(value, tokens[: depth + 1])
            way.append((value, token))
            value = {}
        else:
            way.append((value, key))
            value = value[key]
    fresh = change(value, tokens[-1])
    for holder, key in reversed(way):
        copy: Any = {**holder} if isinstance(holder, dict) else [*holder]
        copy[key] = fresh
        fresh = copy
    return fresh


def with_item(item: Any, *, replace: bool) -> Change:
    """Puts an item at a token: under a key; at an index, for the one there or before it; `-`: at the end."""

    def change(holder: Any, token: str) -> Any:
        if isinstance(holder, dict):
            return {**holder, token: item}
        if not isinstance(holder, list | tuple):
            raise NoSuchPlace(f"{short(holder)} is no dict and no list: nothing can be set at {short(token)} in it")
        at_end = token == "-" or token == str(len(holder))
        index = len(holder) if at_end else key_in(holder, token)
        if not isinstance(index, int):
            raise NoSuchPlace(f"{short(token)} is no index in {short(holder)}: 0 to {len(holder)}, or '-' for the end")
        return [*holder[:index], item, *holder[index + 1 if replace else index :]]

    return change


def without(holder: Any, token: str) -> Any:
    """Leaves out what is at a token."""
    key = key_in(holder, token)
    if key is None:
        raise no_such_place(holder, [token])
    if isinstance(holder, dict):
        return {name: item for name, item in holder.items() if name != key}
    return [item for index, item in enumerate(holder) if index != key]


# --- nodes --------------------------------------------------------------------------------------------


@data_node("json.get")
def get(value: Any = None, pointer: str = "", default: Any = None) -> Looked:
    """What is at a JSON Pointer, or `default`, and whether something is there. Fails with `ValueError` for no pointer.

    Args:
        pointer: As `/items/0/name`; in keys `~1` stands for `/` and `~0` for `~`. Empty: the value itself.

    >>> get({"items": [{"a/b": 7}]}, "/items/0/a~1b"), get([1], "/1", 0)
    (Looked(value=7, found=True), Looked(value=0, found=False))
    """
    for token in tokens_of(pointer):
        key = key_in(value, token)
        if key is None:
            return Looked(default, False)
        value = value[key]
    return Looked(value, True)


@data_node("json.set")
def set(value: Any = None, pointer: str = "", item: Any = None, missing: Option[str] = "error") -> Any:
    """The value with `item` at a JSON Pointer, in the place of what is there. In a list `/-` is behind the last item.

    Fails with `NoSuchPlace`, a `LookupError`, if there is nothing in which it could be.

    Args:
        pointer: As `/items/0/name`. Empty: `item` takes the place of everything.
        missing: What dicts are that are missing on the way: an `error`, or `create` them.

    >>> set({"a": [1, 2]}, "/a/0", 7), set({"a": [1, 2]}, "/a/-", 7), set({}, "/b/c", 7, missing="create")
    ({'a': [7, 2]}, {'a': [1, 2, 7]}, {'b': {'c': 7}})
    """
    check_choice("missing", missing, "error", "create")
    tokens = tokens_of(pointer)
    return changed(value, tokens, with_item(item, replace=True), missing == "create") if tokens else item


@data_node("json.insert")
def insert(value: Any = None, pointer: str = "", item: Any = None) -> Any:
    """The value with `item` added at a JSON Pointer, as `add` of RFC 6902: in a list before what is there.

    Fails with `NoSuchPlace`, a `LookupError`, if there is nothing in which it could be.

    Args:
        pointer: As `/items/0`; `/items/-` is the end of a list. What has that key in a dict is replaced.

    >>> insert({"a": [1, 2]}, "/a/0", 7), insert({"a": 1}, "/b", 7)
    ({'a': [7, 1, 2]}, {'a': 1, 'b': 7})
    """
    tokens = tokens_of(pointer)
    return changed(value, tokens, with_item(item, replace=False)) if tokens else item


@data_node("json.remove")
def remove(value: Any = None, pointer: str = "") -> Removed:
    """The value without what is at a JSON Pointer, and whether something was there.

    Fails with `ValueError` for the empty pointer: the whole value cannot be removed.

    >>> remove({"a": [1, 2]}, "/a/0"), remove({}, "/a")
    (Removed(result={'a': [2]}, removed=True), Removed(result={}, removed=False))
    """
    tokens = tokens_of(pointer)
    if not tokens:
        raise ValueError("the empty pointer is the whole value, which cannot be removed")
    try:
        return Removed(changed(value, tokens, without), True)
    except NoSuchPlace:
        return Removed(value, False)
