"""The shape of a file: which keys stand in which object, and what each must obey.

The keys and their types are the fields of the attrs classes in `nodeflow.model`. What a type does not say
(a number above zero, an id without a dot) stands in `RULES`, in the words of JSON Schema. This one table is
read twice: `structured` makes cattrs hooks of it, which turn JSON into the model's classes, and
`json_schema` a JSON Schema; so the two cannot drift apart. To add a key: a field in the model, and a line in
`RULES`.

What the loader asks for and a schema cannot say: that no key stands twice, that the entry names a workflow,
that `1.0` is no whole number, that numbers are finite, how deep literals may nest.
"""

from __future__ import annotations

import difflib
import functools
import math
import re
import types
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints

import attrs
from attrs import NOTHING, Factory, define, field, frozen
from cattrs import Converter
from cattrs.errors import (
    AttributeValidationNote,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn, override

from nodeflow.model import (
    FORMAT,
    INPUTS,
    UNSET,
    Connection,
    Event,
    Input,
    Meta,
    Output,
    PlacedNode,
    Retry,
    Variable,
    Workflow,
)

MAX_DEPTH: Final = 200
"""How deep lists and objects may nest in a literal or in `meta`."""

_OWN_NAME: Final = "(its own name)"
"""The key under which an object is told the name that it stands under. Files cannot use it."""

NO_VERSION: Final = "this does not look like a nodeflow document: the key `nodeflow` is missing"

T = TypeVar("T")
Where = tuple[str | int, ...]
Hook = Callable[[Any, Any], Any]

# --- the objects of a file that are not quite those of the model --------------------------------------


@frozen
class Wire:
    """A connection, from an output to an input; both ends are written `node.socket`."""

    from_: str
    to: str
    meta: Meta = Factory(dict)


@frozen
class ProcessVariable(Variable):
    """A variable that all workflows see."""

    scope: str = field(default="process")


@frozen(kw_only=True)
class File:
    """A nodeflow document."""

    nodeflow: int
    entry: str | None = None
    events: Mapping[str, Event] = Factory(dict)
    variables: Mapping[str, ProcessVariable] = Factory(dict)
    workflows: Mapping[str, Workflow]
    meta: Meta = Factory(dict)


KEYED: Final[Mapping[type, str]] = {PlacedNode: "id", Workflow: "name"}
"""Classes that stand in an object under their own name, and the field that has the name."""

WRITTEN_AS: Final[Mapping[type, type]] = {Connection: Wire}
"""Classes of the model that look different in a file."""

ORDER: Final[Mapping[type, tuple[str, ...]]] = {
    Workflow: ("inputs", "outputs", "variables", "events", "nodes", "connections", "meta"),
}
"""The order of keys in a file, where it is not that of the fields. A key that is not listed comes first."""

# --- what keys must obey ------------------------------------------------------------------------------

# In Python `$` matches before a newline at the end, too; `(?!\n)` takes that back, and is harmless elsewhere.
ID_PATTERN: Final = r"^[A-Za-z0-9_-]+$(?!\n)"
END_PATTERN: Final = r"^[A-Za-z0-9_-]+\.[\s\S]"

_Rule = Mapping[str, Any]

_ID: Final[_Rule] = {"pattern": ID_PATTERN, "not": {"const": INPUTS}}
_NAME: Final[_Rule] = {"minLength": 1}
_TYPE: Final[_Rule] = {
    "minLength": 1,
    "description": "Name of the type, as `int`, `list[text]` or `float | none`.",
}
_META: Final[_Rule] = {"description": "Any JSON. Kept, and never read by the engine."}
_VARIABLE: Final[Mapping[str, _Rule]] = {
    "type": _TYPE,
    "default": {"description": "What the variable has before it is set."},
}

RULES: Final[Mapping[type, Mapping[str, _Rule]]] = {
    File: {
        "nodeflow": {"const": FORMAT, "description": "Version of the file format."},
        "entry": {"description": "Name of the workflow to start with; needed if there are several."},
        "events": {"propertyNames": _NAME, "description": "Events that all workflows can trigger."},
        "variables": {"propertyNames": _NAME, "description": "Variables that all workflows see."},
        "workflows": {"propertyNames": {"pattern": ID_PATTERN}, "minProperties": 1},
        "meta": _META,
    },
    Workflow: {
        "entries": {
            "enum": ["concurrent", "sequential"],
            "description": "Whether several entry nodes run side by side or one after the other.",
        },
        "inputs": {"propertyNames": _NAME, "description": "What the workflow is given."},
        "outputs": {"propertyNames": _NAME, "description": "What the workflow gives back."},
        "variables": {"propertyNames": _NAME},
        "events": {"propertyNames": _NAME},
        "nodes": {"propertyNames": _ID, "description": "The placed nodes, by id."},
        "meta": _META,
    },
    PlacedNode: {
        "type": {"minLength": 1, "description": "Name of the node type, as `flow.for_each`."},
        "values": {"description": "Literals of data inputs, by name of the socket."},
        "options": {"description": "Options of the node type, by name."},
        "disabled": {"description": "Its exec inputs lead straight to `exit`."},
        "timeout": {"exclusiveMinimum": 0, "description": "Seconds that an activation may take."},
        "capacity": {"minLength": 1, "description": "Name of the capacity that is held while it runs."},
        "version": {"minimum": 1, "description": "Version of the node type that it was placed with."},
        "meta": _META,
    },
    Retry: {
        "attempts": {"minimum": 1, "description": "How often it is tried in all."},
        "delay": {"minimum": 0, "description": "Seconds before the second attempt."},
        "backoff": {"exclusiveMinimum": 0, "description": "What the delay is multiplied with each time."},
        "errors": {"description": "Names of the errors to try again for; all, if there is none."},
    },
    Wire: {
        "from": {"pattern": END_PATTERN, "description": "An output, as `node.socket`."},
        "to": {"pattern": END_PATTERN, "description": "An input, as `node.socket`."},
        "meta": _META,
    },
    Input: {"type": _TYPE, "default": {"description": "Used when it is not given."}},
    Output: {"type": _TYPE},
    Event: {"type": _TYPE},
    Variable: {
        **_VARIABLE,
        "scope": {
            "enum": ["local", "shared"],
            "description": "`process` variables are declared on the document.",
        },
    },
    ProcessVariable: {
        **_VARIABLE,
        "scope": {"enum": ["process"], "description": "Other variables are declared in a workflow."},
    },
}
"""What the values of keys must obey, class by class, in keywords of JSON Schema."""


@frozen
class Key:
    """One key of an object in a file, and the field of the class that it fills."""

    name: str
    attribute: str
    type: Any
    default: Any
    rule: _Rule

    @property
    def required(self) -> bool:
        return self.default is NOTHING


@functools.cache
def keys_of(cls: type) -> tuple[Key, ...]:
    """The keys of the object that stands for `cls` in a file, in the order in which they are written.

    A class of another kind of file has its rules itself, as `FILE_RULES`.

    >>> [key.name for key in keys_of(Wire)]
    ['from', 'to', 'meta']
    """
    hints = get_type_hints(cls)
    rules: Mapping[str, _Rule] = getattr(cls, "FILE_RULES", None) or RULES[cls]
    keys = []
    for attribute in attrs.fields(cls):
        if KEYED.get(cls) == attribute.name:
            continue
        name = attribute.name.rstrip("_")
        default = attribute.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
            default = default.factory()
        keys.append(Key(name, attribute.name, hints[attribute.name], default, rules.get(name, {})))
    order = ORDER.get(cls)
    if order is not None:
        keys.sort(key=lambda key: order.index(key.name) if key.name in order else -1)
    return tuple(keys)


def without_none(kind: Any) -> Any:
    """`T` for `T | None`: a key without a value is left out of the file, not written as null.

    >>> without_none(float | None)
    <class 'float'>
    """
    if get_origin(kind) in (Union, types.UnionType):
        (kind,) = (part for part in get_args(kind) if part is not types.NoneType)
    return kind


def absent(value: Any, default: Any) -> bool:
    """Whether a key can be left out of a file, because its value is the one that it has anyway.

    >>> absent(0, False), absent({}, {})
    (False, True)
    """
    return value is default or value is UNSET or (type(value) is type(default) and bool(value == default))


# --- what is wrong, and where -------------------------------------------------------------------------


class Problem(Exception):
    """One thing that is wrong; `path` leads to it from where the problem was raised."""

    def __init__(self, code: str, message: str, path: Where = ()) -> None:
        super().__init__(message)
        self.code = code
        self.path = path


@frozen
class NotJson:
    """Stands for `NaN` and its like, which Python's reader takes and JSON does not have."""

    text: str


def wrong(expected: str, value: Any, path: Where = ()) -> Problem:
    return Problem("NF008", f"expected {expected}, got {shown(value)}", path)


def unknown(key: Any, known: Collection[str], path: Where = ()) -> Problem:
    hint = near_miss(key, known) or (f"; known are {', '.join(known)}" if known else "")
    return Problem("NF006", f"unknown key {shown(key)}{hint}", (*path, key))


def near_miss(word: Any, known: Collection[str]) -> str:
    """What was probably meant, as the end of a message.

    >>> near_miss("valeus", ["type", "values"])
    "; did you mean 'values'?"
    """
    words = difflib.get_close_matches(word, known, 1) if isinstance(word, str) and len(word) < 50 else []
    return f"; did you mean {shown(words[0])}?" if words else ""


def shown(value: Any) -> str:
    """A value in a message: short, and as it stands in the file.

    >>> shown(True), shown([1, 2]), shown("3")
    ('true', 'a list', "'3'")
    """
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else value[:59] + "…")
    if isinstance(value, NotJson):
        return value.text
    if isinstance(value, int) and value.bit_length() > 200:
        return "a huge number"
    return repr(value) if isinstance(value, int | float) else f"a Python {type(value).__qualname__}"


def _flattened(error: BaseException, path: Where = ()) -> Iterator[Problem]:
    """The problems in a group of cattrs' errors, each with its whole path."""
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, AttributeValidationNote):
            path = (*path, note.name.rstrip("_"))
        elif isinstance(note, IterableValidationNote):
            path = (*path, note.index)
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _flattened(part, path)
    elif isinstance(error, Problem):
        yield Problem(error.code, str(error), (*path, *error.path))
    elif isinstance(error, ForbiddenExtraKeysError):
        known = [key.name for key in keys_of(error.cl)]
        for count, key in enumerate(sorted(error.extra_fields, key=str)):
            yield unknown(key, known if count < 20 else (), path)
    elif isinstance(error, KeyError) and path == ("nodeflow",):
        yield Problem("NF004", NO_VERSION)
    elif isinstance(error, KeyError) and path:
        yield Problem("NF007", f"the key {path[-1]!r} is missing", path[:-1])
    else:
        raise error


# --- rules as checks -----------------------------------------------------------------------------------


def checker(rule: _Rule) -> Callable[[Any], str | None] | None:
    """What says how a value breaks a rule; no checker if the rule asks for nothing.

    >>> checker({"minimum": 1})(0)
    'must be at least 1, got 0'
    """
    tests = [(*_TESTS[keyword], limit) for keyword, limit in rule.items() if keyword in _TESTS]
    if not tests:
        return None

    def check(value: Any) -> str | None:
        for holds, says, limit in tests:
            if not holds(value, limit):
                message = says(limit, rule.get("description", ""))
                return message if shown(value) in message else f"{message}, got {shown(value)}"
        return None

    return check


_PATTERNS: Final = {
    ID_PATTERN: "may only have letters (a-z, A-Z), digits, '_' and '-', and at least one of them",
    END_PATTERN: "must be 'node.socket'",
}

_Test = tuple[Callable[[Any, Any], bool], Callable[[Any, str], str]]
_TESTS: Final[Mapping[str, _Test]] = {
    "const": (lambda value, only: value == only, lambda only, _: f"must be {only!r}"),
    "enum": (
        lambda value, choices: value in choices,
        lambda choices, why: f"must be {' or '.join(map(repr, choices))} ({why.rstrip('.')})",
    ),
    "minimum": (lambda value, limit: value >= limit, lambda limit, _: f"must be at least {limit}"),
    "exclusiveMinimum": (lambda value, limit: value > limit, lambda limit, _: f"must be more than {limit}"),
    "minLength": (lambda value, limit: len(value) >= limit, lambda _, __: "must not be empty"),
    "minProperties": (lambda value, limit: len(value) >= limit, lambda _, __: "must not be empty"),
    "pattern": (
        lambda value, pattern: re.search(pattern, value) is not None,
        lambda pattern, _: _PATTERNS[pattern],
    ),
    "not": (
        lambda value, but: value != but["const"],
        lambda but, _: f"{but['const']!r} is reserved: under this id the workflow's own inputs are wired",
    ),
}


# --- rules as cattrs hooks: from JSON to the model's classes -------------------------------------------


def structured(data: dict[str, Any]) -> tuple[File | None, list[Problem]]:
    """The file that the data are, or all that keeps them from being one.

    >>> file, problems = structured({"nodeflow": 1, "workflows": {"main": {}}})
    >>> sorted(file.workflows), problems
    (['main'], [])
    """
    return structured_as(data, File)


def structured_as(data: object, cls: type[T]) -> tuple[T | None, list[Problem]]:
    """Likewise for the class that stands for another kind of file."""
    try:
        hook: Hook = _file_hook(cls)  # type: ignore[arg-type]  # a class is hashable
        return hook(data, cls), []
    except (ExceptionGroup, Problem) as error:
        return None, list(_flattened(error))


@functools.cache
def _file_hook(cls: type) -> Hook:
    return _class_hook(cls, Converter(detailed_validation=True, forbid_extra_keys=True))


def _hook(kind: Any, rule: _Rule, converter: Converter) -> Hook:
    """What makes a value of type `kind`, which must obey `rule`, of what stands in the file."""
    kind = without_none(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if rule.get("pattern") == END_PATTERN:
        return _end
    if kind in _SIMPLE:
        return _obeying(_SIMPLE[kind], rule)
    if origin is tuple:
        return _list_hook(_hook(arguments[0], {}, converter))
    if arguments and arguments[1] is Any:
        return _json_object
    if arguments:
        inner = _hook(arguments[1], {}, converter)
        return _obeying(_mapping_hook(inner, rule.get("propertyNames", {})), rule)
    if kind is Connection:
        return _connection_hook(_class_hook(Wire, converter))
    return _class_hook(kind, converter)


def _class_hook(cls: type, converter: Converter) -> Hook:
    known = [key.name for key in keys_of(cls)]
    overrides: dict[str, Any] = {
        key.attribute: override(rename=key.name, struct_hook=_hook(key.type, key.rule, converter))
        for key in keys_of(cls)
    }
    named = KEYED.get(cls)
    if named is not None:
        overrides[named] = override(rename=_OWN_NAME)
    make: Hook = make_dict_structure_fn(cls, converter, **overrides)

    def structure(value: Any, name: Any) -> Any:
        if not isinstance(value, dict):
            raise wrong("an object", value)
        if named is not None:
            if _OWN_NAME in value:
                raise unknown(_OWN_NAME, known)
            value = {**value, _OWN_NAME: name}
        return make(value, cls)

    return structure


def _mapping_hook(inner: Hook, names: _Rule) -> Hook:
    check = checker(names) or (lambda _: None)

    def structure(value: Any, kind: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise wrong("an object", value)
        found: dict[str, Any] = {}
        errors: list[Exception] = []
        for name, item in value.items():
            if type(name) is not str:
                errors.append(wrong("a name", name, (name,)))
                continue
            if (says := check(name)) is not None:
                errors.append(Problem("NF010", says, (name,)))
            try:
                found[name] = inner(item, name)
            except Exception as error:
                errors.append(_noted(error, name, kind))
        if errors:
            raise IterableValidationError("", errors, kind)
        return found

    return structure


def _list_hook(inner: Hook) -> Hook:
    def structure(value: Any, kind: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise wrong("a list", value)
        found: list[Any] = []
        errors: list[Exception] = []
        for index, item in enumerate(value):
            try:
                found.append(inner(item, None))
            except Exception as error:
                errors.append(_noted(error, index, kind))
        if errors:
            raise IterableValidationError("", errors, kind)
        return tuple(found)

    return structure


def _noted(error: Exception, index: str | int, kind: Any) -> Exception:
    error.__notes__ = [*getattr(error, "__notes__", ()), IterableValidationNote("", index, kind)]
    return error


def _connection_hook(inner: Hook) -> Hook:
    def structure(value: Any, _: Any) -> Connection:
        wire = inner(value, None)
        (from_node, from_socket), (to_node, to_socket) = wire.from_, wire.to
        return Connection(from_node, from_socket, to_node, to_socket, wire.meta)

    return structure


def _end(value: Any, _: Any) -> tuple[str, str]:
    """`node.socket`, split at the first dot: names of sockets may have dots."""
    if type(value) is not str:
        raise wrong("'node.socket'", value)
    if _END.match(value) is None:
        raise Problem("NF009", f"{_PATTERNS[END_PATTERN]}, got {shown(value)}")
    node, _, socket = value.partition(".")
    return node, socket


def _text(value: Any, _: Any) -> str:
    if type(value) is not str:
        raise wrong("text", value)
    return value


def _whole(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise wrong("a whole number", value)
    return value


def _number(value: Any, _: Any) -> float:
    if type(value) is int:
        value = float(value) if value.bit_length() < 1024 else math.inf
    if type(value) is not float:
        raise wrong("a number", value)
    if not math.isfinite(value):
        raise Problem("NF009", "the number is too large")
    return value


def _flag(value: Any, _: Any) -> bool:
    if type(value) is not bool:
        raise wrong("true or false", value)
    return value


def _json_object(value: Any, kind: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise wrong("an object", value)
    for key, item in value.items():
        plain = type(item) in SCALARS or (type(item) is float and math.isfinite(item))
        if not plain or type(key) is not str:
            return _json(value, kind)  # type: ignore[no-any-return]
    return dict(value)


def _json(value: Any, kind: Any) -> Any:
    """A copy of any JSON value, if it is one."""
    root = {"": value}
    errors: list[Exception] = []
    work: list[_Place] = [_Place(root, "", None, 0)]
    while work:
        place = work.pop()
        value = place.container[place.key]
        if isinstance(value, list | dict):
            if place.depth == MAX_DEPTH:
                says = f"nested more than {MAX_DEPTH} levels deep"
                errors.append(Problem("NF002", says, place.path()[:3]))
                break  # one is enough, and Python data can contain themselves
            copy = place.container[place.key] = dict(value) if isinstance(value, dict) else list(value)
            errors.extend(
                Problem("NF008", f"a key must be text, not {shown(key)}", place.path())
                for key in (copy if isinstance(copy, dict) else ())
                if type(key) is not str
            )
            inner = list(copy.items() if isinstance(copy, dict) else enumerate(copy))
            work += [_Place(copy, k, place, place.depth + 1) for k, v in reversed(inner) if type(v) not in SCALARS]
        elif isinstance(value, NotJson) or (type(value) is float and not math.isfinite(value)):
            errors.append(Problem("NF008", f"{shown(value)} is not a number that JSON has", place.path()))
        elif type(value) not in SCALARS and type(value) is not float:
            errors.append(Problem("NF008", f"{shown(value)} is not JSON", place.path()))
    if errors:
        raise IterableValidationError("", errors, kind)
    return root[""]


@define
class _Place:
    """Where a value stands in the JSON value that is being copied."""

    container: Any
    key: Any
    outer: _Place | None
    depth: int

    def path(self) -> Where:
        keys = []
        place = self
        while place.outer is not None:
            keys.append(place.key)
            place = place.outer
        return tuple(reversed(keys))


_END: Final = re.compile(END_PATTERN)
SCALARS: Final = frozenset({str, int, bool, type(None)})
_SIMPLE: Final[Mapping[Any, Hook]] = {str: _text, int: _whole, float: _number, bool: _flag, Any: _json}


def _obeying(hook: Hook, rule: _Rule) -> Hook:
    check = checker(rule)
    if check is None:
        return hook

    def structure(value: Any, kind: Any) -> Any:
        found = hook(value, kind)
        if (says := check(value)) is not None:
            raise Problem("NF009", says)
        return found

    return structure


# --- the JSON Schema ----------------------------------------------------------------------------------

_PLAIN: Final[Mapping[Any, Mapping[str, Any]]] = {
    Any: {},
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
}

_ENTRY_IS_CLEAR: Final = [
    {"required": ["entry"]},
    {"properties": {"workflows": {"maxProperties": 1}}},
]


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the file format, for editors and for programs in other languages.

    It also ships with the package, as `nodeflow/nodeflow.schema.json`; `python -m nodeflow.schema` prints it.

    >>> json_schema()["required"]
    ['nodeflow', 'workflows']
    """
    definitions: dict[str, Any] = {}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"nodeflow document, format {FORMAT}",
        **_object(File, definitions),
        "anyOf": _ENTRY_IS_CLEAR,
        "$defs": dict(sorted(definitions.items())),
    }


def _object(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    properties = {}
    for key in keys_of(cls):
        schema = {**_of(key.type, definitions), **key.rule}
        if isinstance(key.default, str | int | float):
            schema["default"] = key.default
        properties[key.name] = schema
    found: dict[str, Any] = {"description": (cls.__doc__ or "").partition("\n")[0], "type": "object"}
    required = [key.name for key in keys_of(cls) if key.required]
    if required:
        found["required"] = required
    return {**found, "properties": properties, "additionalProperties": False}


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    kind = without_none(kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind])
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is not None and issubclass(origin, Mapping):
        inner = _of(arguments[1], definitions)
        return {"type": "object", "additionalProperties": inner} if inner else {"type": "object"}
    cls = WRITTEN_AS.get(kind, kind)
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}
        definitions[cls.__name__] = _object(cls, definitions)
    return {"$ref": f"#/$defs/{cls.__name__}"}


if __name__ == "__main__":
    import json

    print(json.dumps(json_schema(), indent=2))
