"""Changes of a value that are values themselves: JSON Patch (RFC 6902) and JSON Merge Patch (RFC 7396)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from nodeflow.library.equality import same
from nodeflow.library.json_pointer import NoSuchPlace, changed, key_in, look, tokens_of, with_item, without
from nodeflow.node import data_node
from nodeflow.values import short

MOST_WORK: Final = 100_000_000
"""How many items and keys a patch may copy, all its operations together."""

_COMPARING: Final = 10
"""How much more work it is to compare an item than to copy it."""

_NO_OPERATIONS: Final[list[Any]] = []
_NO_CHANGES: Final[dict[str, Any]] = {}


@data_node("json.merge_patch")
def merge_patch(value: Any = None, changes: Any = _NO_CHANGES) -> Any:
    """The value with changes as in RFC 7396: keys get other values, at any depth, and those that are none disappear.

    Lists are replaced as a whole. Changes that are no dict take the place of the value.

    >>> merge_patch({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"x": None}, "b": [], "c": 3})
    {'a': {'y': 2}, 'b': [], 'c': 3}
    """
    root: dict[str, Any] = {"": value}
    todo = [(root, {"": changes})]
    if changes is None:
        return None
    while todo:
        target, source = todo.pop()
        for key, change in source.items():
            if isinstance(change, dict):
                below = target.get(key)
                target[key] = {**below} if isinstance(below, dict) else {}
                todo.append((target[key], change))
            elif change is None:
                target.pop(key, None)
            else:
                target[key] = change
    return root[""]


@data_node("json.patch")
def patch(value: Any = None, operations: list[Any] = _NO_OPERATIONS) -> Any:
    """The value after operations as in RFC 6902: dicts with `op`, `path`, and `value` or `from`.

    `op` is `add`, `remove`, `replace`, `move`, `copy` or `test`. All of them happen, or it fails: with `NoSuchPlace`, a
    `LookupError`, where there is nothing, with `ValueError` for what is no operation, for a `test` that does not hold,
    and if more than 100,000,000 items and keys would have to be copied, or 10,000,000 compared.

    >>> patch({"a": [1]}, [{"op": "add", "path": "/a/-", "value": 2}, {"op": "move", "from": "/a", "path": "/b"}])
    {'b': [1, 2]}
    """
    work = 0
    for index, operation in enumerate(operations):
        try:
            work += _cost(value, operation, MOST_WORK - work)
            if work > MOST_WORK:
                raise ValueError(f"the patch takes too much: more than {MOST_WORK} items and keys to be copied")
            value = _apply(value, operation)
        except (LookupError, ValueError) as error:
            kind = NoSuchPlace if isinstance(error, LookupError) else ValueError
            raise kind(f"operation {index}, {short(operation)}: {error}") from None
    return value


def _cost(value: Any, operation: Any, left: int) -> int:
    """How many items and keys have to be copied for an operation; of a test, what has to be compared."""
    cost = 1 + _width(value, _text(operation, "path"))
    if operation.get("op") == "move":
        cost += _width(value, _text(operation, "from"))
    if operation.get("op") == "test":
        todo = [operation.get("value")]
        while todo and cost <= left:
            item = todo.pop()
            cost += _COMPARING
            if isinstance(item, dict | list | tuple):
                todo.extend(item.values() if isinstance(item, dict) else item)
    return cost


def _width(value: Any, path: str) -> int:
    """How many items and keys are in the containers on the way to a place."""
    width = 0
    for token in tokens_of(path):
        width += len(value) if isinstance(value, dict | list | tuple) else 0
        key = key_in(value, token)
        if key is None:
            break
        value = value[key]
    return width


def _text(operation: Any, name: str) -> str:
    if not isinstance(operation, dict):
        raise ValueError("an operation is a dict with `op` and `path`")
    found = operation.get(name)
    if not isinstance(found, str):
        raise ValueError(f"`{name}` must be there and a text, not {short(found)}")
    return found


def _value(operation: Mapping[str, Any]) -> Any:
    if "value" not in operation:
        raise ValueError("`value` is missing")
    return operation["value"]


def _apply(value: Any, operation: Any) -> Any:
    name = _text(operation, "op")
    if name not in OPERATIONS:
        raise ValueError(f"`op` must be one of {', '.join(OPERATIONS)}, not {short(name)}")
    return OPERATIONS[name](value, tokens_of(_text(operation, "path")), operation)


Tokens = tuple[str, ...]


def _put(value: Any, tokens: Tokens, item: Any) -> Any:
    return changed(value, tokens, with_item(item, replace=False)) if tokens else item


def _add(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    return _put(value, tokens, _value(operation))


def _remove(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    if not tokens:
        raise ValueError("the whole value cannot be removed")
    return changed(value, tokens, without)


def _replace(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    look(value, tokens)
    item = _value(operation)
    return changed(value, tokens, with_item(item, replace=True)) if tokens else item


def _move(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    source = tokens_of(_text(operation, "from"))
    item = look(value, source)
    if source == tokens:
        return value
    if tokens[: len(source)] == source:
        raise ValueError("a value cannot be moved into itself")
    return _put(changed(value, source, without), tokens, item)


def _copy(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    return _put(value, tokens, look(value, tokens_of(_text(operation, "from"))))


def _test(value: Any, tokens: Tokens, operation: Mapping[str, Any]) -> Any:
    there, wanted = look(value, tokens), _value(operation)
    if not same(there, wanted):
        raise ValueError(f"the test does not hold: there is {short(there)}, not {short(wanted)}")
    return value


OPERATIONS: Final[Mapping[str, Callable[[Any, Tokens, Mapping[str, Any]], Any]]] = {
    "add": _add, "remove": _remove, "replace": _replace, "move": _move, "copy": _copy, "test": _test,
}  # fmt: skip
