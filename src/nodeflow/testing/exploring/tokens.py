"""Values as text: two values with the same text are the same to whoever compares runs."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Mapping
from typing import Any, Final

import attrs

from nodeflow.errors import NodeFailed
from nodeflow.sockets import Arrivals

_PLAIN: Final = frozenset({int, float, bool, str, bytes, complex, type(None)})


def token(value: Any) -> str:
    """What a value is, as text; without addresses, so that it is the same in every run.

    Lists, dicts, sets, enums, attrs classes, dataclasses and exceptions are told by what is in them. Anything else by
    its `repr`, and where that shows an address, by its type alone.

    >>> token({"a": [1, 2.0, True]}), token(NodeFailed("n", "my.type", "main", 1, ValueError("no")))
    ("{'a': [1, 2.0, True]}", '<n (my.type): <ValueError: no>>')
    """
    kind = type(value)
    if kind in _PLAIN:
        return repr(value)
    if kind is list:
        return f"[{_several(value)}]"
    if kind is tuple:
        return f"({_several(value)},)"
    if isinstance(value, BaseException):
        return _error(value)
    return _structured(value)


def _several(values: Iterable[Any]) -> str:
    return ", ".join([token(value) for value in values])


def _error(error: BaseException) -> str:
    """An error without the place in the tree: of a data node that is the place of whoever came first."""
    if isinstance(error, BaseExceptionGroup):
        return f"<{_several(error.exceptions)}>"
    if isinstance(error, NodeFailed):
        return f"<{error.node} ({error.type}): {token(error.__cause__)}>"
    return f"<{type(error).__name__}: {error}>"


def _structured(value: Any) -> str:
    kind = type(value)
    if isinstance(value, Arrivals):
        return f"arrivals({_several((*value, *value.errors, *value.missing))})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{token(k)}: {token(v)}' for k, v in value.items())}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(token(each) for each in value))}}}"
    if isinstance(value, enum.Enum):
        return str(value)
    names: Iterable[str] = ()
    if attrs.has(kind):
        names = [field.name for field in attrs.fields(kind)]
    elif dataclasses.is_dataclass(kind):
        names = [field.name for field in dataclasses.fields(kind)]
    if names:
        return f"{kind.__name__}({', '.join(f'{name}={token(getattr(value, name, None))}' for name in names)})"
    if isinstance(value, tuple | list):
        return f"{kind.__name__}({_several(value)})"
    said = repr(value)
    return f"<{kind.__qualname__}>" if " at 0x" in said else said


def mixed(*parts: Any) -> int:
    """A hash of texts, numbers and tuples and lists of them.

    It is Python's hash of their text, a keyed one (SipHash). That of tuples will not do: sums of it, and it of it,
    collide by the way they are built, as soon as two states differ by an exchange.
    """
    return hash(repr(parts))


def shown(text: str, most: int = 60) -> str:
    """A token, for people: the middle of a long one is left out.

    >>> shown("x" * 100, 10)
    'xxxx … xxx'
    """
    return text if len(text) <= most else f"{text[: (most - 2) // 2]} … {text[-((most - 3) // 2) :]}"
