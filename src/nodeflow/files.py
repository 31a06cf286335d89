"""JSON <-> documents: the one way in and the one way out.

Reading is strict and thorough: nothing is guessed or coerced, and `DocumentError` has all that is wrong
with a file at once, each with its path in it. Writing is stable: the same document gives the same text,
small objects stand on one line, and what is written can be read back.

Which keys there are and what they must obey is in `nodeflow.schema`, which also has the cattrs hooks.
Files of older format versions go through `MIGRATIONS` first.
"""

from __future__ import annotations

import codecs
import functools
import itertools
import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final, NoReturn, get_args, get_origin

import attrs
from attrs import Factory, frozen
from cattrs import Converter

from nodeflow import schema
from nodeflow.errors import DocumentError
from nodeflow.model import FORMAT, Connection, Document, Finding, Severity, Variable
from nodeflow.schema import NotJson, Problem, json_schema, near_miss, shown, wrong

__all__ = ["CODES", "MIGRATIONS", "dumps", "from_dict", "json_schema", "load", "loads", "save", "to_dict"]

CODES: Final[Mapping[str, str]] = {
    "NF001": "The file is not JSON in UTF-8.",
    "NF002": "Something is nested too deeply.",
    "NF003": "A key stands twice in one object.",
    "NF004": "It does not look like a nodeflow document.",
    "NF005": "The version of the file format is unknown.",
    "NF006": "A key is unknown.",
    "NF007": "A key is missing.",
    "NF008": "A value has the wrong type.",
    "NF009": "A value is not allowed.",
    "NF010": "A name or id is not allowed.",
    "NF011": "The entry is missing or names no workflow.",
}
"""The codes of what can be wrong with a file."""

MIGRATIONS: Final[dict[int, Callable[[dict[str, Any]], dict[str, Any]]]] = {}
"""For each older format version, what makes the next one of it. It must not change what it is given."""

WIDTH: Final = 100
"""How many columns a line may have that is written."""


# --- reading ------------------------------------------------------------------------------------------


def load(path: str | os.PathLike[str]) -> Document:
    """Read a document from a file.

    Raises `DocumentError` with all that is wrong with it; what the operating system says passes through.
    """
    return loads(Path(path).read_bytes(), source=os.fspath(path))


def loads(text: str | bytes, *, source: str | None = None) -> Document:
    """Read a document from text; `source` is what errors call it.

    >>> loads('{"nodeflow": 1, "workflows": {"main": {}}}').entry
    'main'
    >>> loads('{"nodeflow": 1, "workflows": {"main": {"nodez": {}}}}')
    Traceback (most recent call last):
        ...
    nodeflow.errors.DocumentError: document: 1 problem
      NF006 error: workflows/main/nodez: unknown key 'nodez'; did you mean 'nodes'?
    """
    try:
        data, problems = parse(text)
    except Problem as problem:
        refuse([problem], source)
    return _read(data, source, problems)


def from_dict(data: object, *, source: str | None = None) -> Document:
    """A document from what `json.loads` made of its file. Nothing of `data` is kept or changed.

    >>> document = from_dict({"nodeflow": 1, "workflows": {"main": {"nodes": {"a": {"type": "flow.start"}}}}})
    >>> document.workflows["main"].nodes["a"].type
    'flow.start'
    """
    return _read(data, source, [])


def _decode(text: str | bytes) -> str:
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem("NF001", f"not UTF-8: {error.reason} at byte {error.start}") from None


def parse(text: str | bytes) -> tuple[object, list[Problem]]:
    """What the JSON says, and which of its keys stand twice; raises `Problem` if it is none."""
    text = _decode(text)
    repeated: dict[int, list[tuple[str, Any]]] = {}
    kept = []

    def make(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) != len(pairs):
            repeated[id(found)] = pairs
            kept.append(found)  # or its id could be used again
        return found

    try:
        data = json.loads(text, object_pairs_hook=make, parse_constant=NotJson)
    except json.JSONDecodeError as error:
        says = "the file is empty" if not text.strip() else f"not JSON: {error.msg}"
        raise Problem("NF001", f"{says} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Problem("NF002", "lists and objects are nested too deeply to be read") from None
    except ValueError as error:  # a whole number with thousands of digits
        raise Problem("NF001", f"cannot be read: {error}") from None
    return data, list(_repetitions(data, repeated)) if repeated else []


def _repetitions(data: object, repeated: Mapping[int, list[tuple[str, Any]]]) -> Iterator[Problem]:
    work: list[tuple[Any, schema.Where]] = [(data, ())]
    while work:
        value, path = work.pop()
        children: Iterable[tuple[Any, Any]] = ()
        if isinstance(value, dict):
            children = repeated.get(id(value)) or value.items()
            for key, count in Counter(key for key, _ in children).items() if id(value) in repeated else ():
                if count > 1:
                    says = f"the key {shown(key)} stands {count} times in one object"
                    yield Problem("NF003", says, (*path, key))
        elif isinstance(value, list):
            children = enumerate(value)
        work.extend((child, (*path, key)) for key, child in reversed(list(children)))


def _read(data: object, source: str | None, problems: list[Problem]) -> Document:
    try:
        data = _current(data)
    except Problem as problem:
        refuse([*problems, problem], source)
    file, more = schema.structured(data)
    problems = [*problems, *more, *_entry_problems(data)]
    if file is None or problems:
        refuse(problems, source)
    return Document(
        *file.workflows.values(),
        entry=file.entry,
        events=file.events,
        variables={name: Variable(v.type, v.default, v.scope) for name, v in file.variables.items()},
        meta=file.meta,
    )


def _current(data: object) -> dict[str, Any]:
    """The data as the present format version has it, or what keeps it from being one."""
    if not isinstance(data, dict):
        raise Problem("NF004", f"a nodeflow document is an object, not {shown(data)}")
    if "nodeflow" not in data:
        if "workflows" in data:
            return data  # one more thing that is wrong with it
        raise Problem("NF004", schema.NO_VERSION)
    version = data["nodeflow"]
    if type(version) is not int:
        raise wrong("a whole number", version, ("nodeflow",))
    if version > FORMAT:
        says = f"the file has format version {version}; this nodeflow knows {FORMAT}, a newer one is needed"
        raise Problem("NF005", says, ("nodeflow",))
    while version < FORMAT:
        if version not in MIGRATIONS:
            raise Problem("NF005", f"there is no format version {version}", ("nodeflow",))
        try:
            data = {**MIGRATIONS[version](data), "nodeflow": version + 1}
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            says = f"cannot be read as format version {version}: {type(error).__name__}: {error}"
            raise Problem("NF005", says) from error
        version += 1
    return data


def _entry_problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    workflows, entry = data.get("workflows"), data.get("entry")
    if not isinstance(workflows, dict) or not workflows:
        return
    names = ", ".join(shown(name) for name in itertools.islice(workflows, 10))
    names += ", ..." if len(workflows) > 10 else ""
    if "entry" not in data and len(workflows) > 1:
        says = f"the key 'entry' is missing; it names the workflow to start with, one of {names}"
        yield Problem("NF011", says)
    elif isinstance(entry, str) and entry not in workflows:
        hint = near_miss(entry, workflows) or f"; there is {names}"
        yield Problem("NF011", f"no workflow is named {shown(entry)}{hint}", ("entry",))


def refuse(problems: Iterable[Problem], source: str | None) -> NoReturn:
    """Raise `DocumentError` with a finding for each problem."""
    raise DocumentError([_finding(problem) for problem in problems], source=source)


def _finding(problem: Problem) -> Finding:
    parts = [str(part) for part in problem.path]
    workflow = node = socket = None
    if len(parts) > 1 and parts[0] == "workflows":
        workflow = parts[1]
        if len(parts) > 3 and parts[2] == "nodes":
            node = parts[3]
            socket = parts[5] if len(parts) > 5 and parts[4] == "values" else None
    path = "/".join(_printable(part) for part in parts)
    return Finding(problem.code, Severity.ERROR, str(problem), path, workflow, node, socket)


def _printable(part: str) -> str:
    """A part of a path, short and on one line whatever is in it."""
    part = part if len(part) <= 200 else part[:199] + "…"
    return part if part.isprintable() else repr(part)[1:-1]


# --- writing ------------------------------------------------------------------------------------------


def to_dict(document: Document) -> dict[str, Any]:
    """A document as it stands in a file: keys in their order, defaults left out.

    Literals are copied; attrs objects become objects, and tuples lists. It is not checked: `dumps` does that.

    >>> to_dict(from_dict({"nodeflow": 1, "workflows": {"main": {"meta": {"colour": "red"}, "nodes": {}}}}))
    {'nodeflow': 1, 'entry': 'main', 'workflows': {'main': {'meta': {'colour': 'red'}}}}
    """
    variables = document.variables.items()
    file = schema.File(
        nodeflow=FORMAT,
        entry=document.entry,
        events=document.events,
        variables={name: schema.ProcessVariable(v.type, v.default, v.scope) for name, v in variables},
        workflows=document.workflows,
        meta=document.meta,
    )
    return _object_writer(schema.File)(file)


def dumps(document: Document) -> str:
    """A document as text: readable, the same for the same document, and a diff of two shows what changed.

    Raises `DocumentError` if it could not be read back: an id or a literal has no place in a file.

    >>> print(dumps(from_dict({"nodeflow": 1, "workflows": {"main": {}}})), end="")
    {
      "nodeflow": 1,
      "entry": "main",
      "workflows": {
        "main": {}
      }
    }
    """
    return _text_of(document, None)


def save(document: Document, path: str | os.PathLike[str]) -> None:
    """Write a document to a file: all of it, or nothing.

    The text goes to a new file beside it first, which then takes its place.
    """
    text = _text_of(document, os.fspath(path))
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe, say
        Path(path).write_text(text, encoding="utf-8", newline="\n")
        return
    target = Path(os.path.realpath(path))
    beside, file = _open_beside(target)
    try:
        with file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, beside)
        os.replace(beside, target)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _open_beside(target: Path) -> tuple[Path, IO[str]]:
    for number in itertools.count():
        beside = target.with_name(f".{target.name[:50]}.{os.getpid()}-{number}.tmp")
        try:
            return beside, beside.open("x", encoding="utf-8", newline="\n")
        except FileExistsError:
            continue
    raise AssertionError("count() ended")


def _text_of(document: Document, source: str | None) -> str:
    data = to_dict(document)
    from_dict(data, source=source)
    text = _laid_out(data, 0, WIDTH, _OPENED) + "\n"
    return text if text.isascii() else _SURROGATES.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _laid_out(value: Any, indent: int, room: int, opened: _Opened | None) -> str:
    """JSON on one line if `room` columns are enough, else one line or more for each thing in it."""
    if not value or not isinstance(value, dict | list):
        return _one_line(value)
    if (opened is None or len(value) < opened.least) and len(line := _one_line(value)) <= room:
        return line
    parts = []
    items: Iterable[tuple[Any, Any]] = value.items() if isinstance(value, dict) else ((None, v) for v in value)
    for key, item in items:
        label = "" if key is None else f"{_one_line(key)}: "
        inner = opened and opened.inside.get(key, opened.inside.get("*", None))
        laid_out = _laid_out(item, indent + 2, WIDTH - indent - 3 - len(label), inner)
        parts.append(f"{' ' * (indent + 2)}{label}{laid_out}")
    start, end = "{}" if isinstance(value, dict) else "[]"
    body = ",\n".join(parts)
    return f"{start}\n{body}\n{' ' * indent}{end}"


@frozen
class _Opened:
    """An object or list with at least so many things in it always has a line for each."""

    least: int = 1
    inside: Mapping[Any, _Opened] = Factory(dict)


_DECLARED: Final = {
    "inputs": _Opened(2),
    "outputs": _Opened(2),
    "variables": _Opened(2),
    "events": _Opened(2),
}
_WORKFLOW: Final = _Opened(1, {**_DECLARED, "nodes": _Opened(), "connections": _Opened()})
_OPENED: Final = _Opened(1, {**_DECLARED, "workflows": _Opened(1, {"*": _WORKFLOW})})
_SURROGATES: Final = re.compile(r"[\ud800-\udfff]")
_one_line: Final = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


# --- from the model's classes to JSON -----------------------------------------------------------------


@functools.cache
def _writer(kind: Any) -> Callable[[Any], Any]:
    """What makes, of a value of type `kind`, what stands in a file."""
    kind = schema.without_none(kind)
    arguments = get_args(kind)
    if kind is Any:
        return _literal
    if kind is float:
        return lambda value: int(value) if isinstance(value, float) and value.is_integer() else value
    if kind is Connection:
        wire = _object_writer(schema.Wire)
        return lambda item: wire(schema.Wire(item.source, item.target, item.meta))
    if attrs.has(kind):
        return _object_writer(kind)
    if not arguments:
        return lambda value: value
    write = _writer(arguments[0 if get_origin(kind) is tuple else 1])
    if get_origin(kind) is tuple:
        return lambda value: [write(item) for item in value]
    return lambda value: {name: write(item) for name, item in value.items()}


@functools.cache
def _object_writer(cls: type) -> Callable[[Any], dict[str, Any]]:
    keys = [(k.name, k.attribute, k.default, _writer(k.type)) for k in schema.keys_of(cls)]
    absent = schema.absent

    def write(item: Any) -> dict[str, Any]:
        found = {}
        for name, attribute, default, write_value in keys:
            value = getattr(item, attribute)
            if not absent(value, default):
                found[name] = write_value(value)
        return found

    return write


_literals: Final = Converter()


def _literal(value: Any, depth: int = 0) -> Any:
    """A copy of a literal, with attrs objects as objects and tuples as lists."""
    kind = type(value)
    if kind in schema.SCALARS or depth > schema.MAX_DEPTH:
        return value
    if attrs.has(kind):
        value = _literals.unstructure(value)
    if isinstance(value, Mapping):
        return {name: _literal(item, depth + 1) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item, depth + 1) for item in value]
    return value
