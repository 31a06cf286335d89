"""What stands in a NodeEditor file: checked, and brought into a plain shape, before anything is mapped.

Everything that is wrong is noted and reading goes on, so that one error can list all of it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import Factory, define, frozen

from nodeflow.errors import ConversionError
from nodeflow.importers.rule import plain
from nodeflow.model import UNSET, Finding, Severity
from nodeflow.values import SocketType, from_json

CODES: Final[Mapping[str, str]] = {
    "NF601": "It does not look like a NodeEditor file, or a part of it has the wrong shape.",
    "NF602": "Two nodes have one id.",
    "NF603": "There is no node type here for a node.",
    "NF604": "A node that is mapped has no such socket here.",
    "NF605": "A connection leads to a node that does not exist.",
    "NF606": "A literal does not fit its socket or variable.",
    "NF607": "Two wires lead into one data input.",
    "NF608": "A connection joins an exec and a data socket.",
    "NF609": "A variable or an event is not declared, or has no name.",
    "NF610": "The version of the file format is unknown.",
}
"""The codes of what keeps a file from being imported."""

VERSIONS: Final = (0, 1, 2)
"""The versions of NodeEditor's format; they differ in nothing that matters here."""

_TYPES: Final[Mapping[str, str]] = {
    "int16": "int", "int32": "int", "int64": "int", "int": "int", "long": "int", "double": "float", "single": "float",
    "float": "float", "decimal": "float", "string": "text", "boolean": "bool", "bool": "bool",
    "serializablelist": "list", "list": "list", "serializabledict": "dict", "dict": "dict",
}  # fmt: skip

_EMPTY: Final[Mapping[str, Any]] = {"int": 0, "float": 0.0, "text": "", "bool": False, "list": [], "dict": {}}


@frozen
class RawNode:
    """A node of the file. `inputs` has the literal, or `UNSET`, of each data input by plain name."""

    id: str
    name: str
    ids: tuple[str, ...]
    runs: bool
    starts: bool
    disabled: bool
    inputs: Mapping[str, Any]
    spelled: Mapping[str, str]
    """Names of inputs as the file spells them, by plain name."""
    types: Mapping[str, str]
    """Our types of the data inputs, by plain name."""
    outputs: Mapping[str, str]
    """Our types of the data outputs that the file lists, by plain name."""
    execs: frozenset[str]
    """Plain names of exec sockets that the file lists."""
    meta: Mapping[str, Any]
    path: str

    @property
    def sockets(self) -> set[str]:
        """Plain names of all sockets that the file lists."""
        return {*self.inputs, *self.outputs, *self.execs}

    def __str__(self) -> str:
        said = self.name or (self.ids[0] if self.ids else "without a name")
        return f"node {self.id!r} ({said})"


@frozen
class RawWire:
    source: str
    output: str
    target: str
    input: str
    path: str
    runs: bool = False
    """Whether the file says that it is an exec wire."""


@frozen
class RawVariable:
    id: str
    name: str
    type: str
    default: Any


@frozen
class RawFile:
    nodes: list[RawNode] = Factory(list)
    wires: list[RawWire] = Factory(list)
    variables: list[RawVariable] = Factory(list)
    events: dict[str, str] = Factory(dict)
    meta: dict[str, Any] = Factory(dict)
    bad_ids: set[str] = Factory(set)
    """Ids of nodes that are wrong in themselves: their wires are not complained about as well."""


class Findings(list[Finding]):
    """All that is wrong, in the order of the file."""

    def note(
        self, code: str, message: str, path: str = "", *, node: str | None = None, socket: str | None = None
    ) -> None:
        self.append(Finding(code, Severity.ERROR, message, path, None, node, socket))


def read(data: object, findings: Findings) -> RawFile:
    """Read what was parsed; notes all that is wrong."""
    file = RawFile()
    try:  # a copy of our own, and nothing in it that is not JSON
        data = json.loads(json.dumps(data, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        findings.note("NF601", f"it is not JSON: {error}")
        return file
    if not isinstance(data, dict) or not isinstance(data.get("nodes"), list):
        findings.note("NF601", "a NodeEditor file is an object with the lists 'nodes' and 'connections'")
        return file
    version = data.get("version")
    if version is not None and (type(version) is not int or version not in VERSIONS):
        findings.note("NF610", f"the file has format version {_short(version)}; known are 0, 1 and 2", "version")
    _read_events(data, file, findings)
    _read_variables(data, file, findings)
    _read_nodes(data["nodes"], file, findings)
    _read_wires(data, file, findings)
    used = ("nodes", "connections", "variables", "events")
    file.meta.update({key: value for key, value in data.items() if key not in used})
    return file


def _objects(
    data: Mapping[str, Any], key: str, path: str, findings: Findings, *, node: str | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a list that may be missing, each with its path."""
    found = data.get(key)
    where = f"{path}/{key}" if path else key
    if found is None:
        return
    if not isinstance(found, list):
        findings.note("NF601", f"{key!r} must be a list, not {_short(found)}", where, node=node)
        return
    for index, item in enumerate(found):
        if isinstance(item, dict):
            yield f"{where}/{index}", item
        else:
            message = f"each of {key!r} must be an object, not {_short(item)}"
            findings.note("NF601", message, f"{where}/{index}", node=node)


def _text(data: Mapping[str, Any], key: str, path: str, findings: Findings, *, node: str | None = None) -> str | None:
    """A text that must be there and not be empty."""
    found = data.get(key)
    if isinstance(found, str) and found:
        return found
    said = "is missing" if found is None else f"must be text that is not empty, not {_short(found)}"
    findings.note("NF601", f"{key!r} {said}", f"{path}/{key}", node=node)
    return None


def _read_events(data: Mapping[str, Any], file: RawFile, findings: Findings) -> None:
    for path, item in _objects(data, "events", "", findings):
        id, name = _text(item, "id", path, findings), _text(item, "name", path, findings)
        if id is None or name is None:
            continue
        if id in file.events:
            findings.note("NF609", f"two events have the id {id!r}", path)
        file.events[id] = _unused(name, file.events.values())


def _read_variables(data: Mapping[str, Any], file: RawFile, findings: Findings) -> None:
    for path, item in _objects(data, "variables", "", findings):
        id, name = _text(item, "id", path, findings), _text(item, "name", path, findings)
        if id is None or name is None:
            continue
        if any(variable.id == id for variable in file.variables):
            findings.note("NF609", f"two variables have the id {id!r}", path)
        type_name = item.get("typeName")
        kind = type_of(type_name) if isinstance(type_name, str) else "any"
        default = literal(item.get("defaultValue"))
        if default is UNSET:
            default = _EMPTY.get(kind)
        name = _unused(name, [variable.name for variable in file.variables])
        file.variables.append(RawVariable(id, name, kind, default))


def _unused(name: str, taken: Any) -> str:
    """The name, with a number behind it if it is taken."""
    taken, count, found = set(taken), 1, name
    while found in taken:
        count += 1
        found = f"{name} {count}"
    return found


def type_of(name: str) -> str:
    """Our type for a .NET type's name.

    >>> type_of("System.Int32"), type_of("NodeEditor.Net.Models.SerializableList"), type_of("System.Object")
    ('int', 'list', 'any')
    """
    return _TYPES.get(name.partition(",")[0].rpartition(".")[2].casefold(), "any")


def literal(value: Any) -> Any:
    """What a socket's value says: `{"typeName": ..., "json": ...}`, or plain JSON; `UNSET` if nothing.

    >>> literal({"typeName": "System.Double", "json": 3})
    3.0
    """
    kind = "any"
    if isinstance(value, dict) and ("json" in value or "typeName" in value):
        name = value.get("typeName")
        kind = type_of(name) if isinstance(name, str) else "any"
        value = value.get("json")
    elif isinstance(value, dict) and set(value) == {"value"}:
        value = value["value"]
    if value is None:
        return UNSET
    if kind == "float" and type(value) is int and abs(value) < 2**1000:
        return float(value)
    if kind == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    if kind == "list" and value == {}:  # so an older version wrote every list
        return []
    return value


def fitting_literal(value: Any, kind: SocketType) -> Any:
    """The literal, as its socket takes it: as it is, or converted as .NET would; `UNSET` if it cannot be."""
    for attempt in (value, *_as_dotnet(value)):
        try:
            from_json(attempt, kind)
        except ConversionError:
            continue
        return attempt
    return UNSET


def _as_dotnet(value: Any) -> list[Any]:
    """What a literal may be converted to: text to numbers and truth values, truth values to numbers, ..."""
    if isinstance(value, bool):
        return [int(value), "True" if value else "False"]
    if isinstance(value, float):
        return [round(value), value != 0]
    if isinstance(value, int):
        return [value != 0]
    if not isinstance(value, str):
        return []
    text = value.strip()
    if text.casefold() in ("true", "false"):
        return [text.casefold() == "true"]
    found: list[Any] = []
    for read_number in (int, float):
        try:
            number: int | float = read_number(text)
        except ValueError:
            continue
        if abs(number) < float("inf"):
            found.append(number)
    return found


def _read_nodes(nodes: list[Any], file: RawFile, findings: Findings) -> None:
    seen: set[str] = set()
    for path, item in _objects({"nodes": nodes}, "nodes", "", findings):
        before = len(findings)
        id = _text(item, "id", path, findings)
        if id is None:
            continue
        if id in seen:
            findings.note("NF602", f"two nodes have the id {id!r}", f"{path}/id", node=id)
        seen.add(id)
        node = _read_node(id, item, path, findings)
        if len(findings) > before:
            file.bad_ids.add(id)
        else:
            file.nodes.append(node)


def _read_node(id: str, item: dict[str, Any], path: str, findings: Findings) -> RawNode:
    texts = {key: item.get(key) for key in ("definitionId", "typeId", "name")}
    for key, value in texts.items():
        if value is not None and not isinstance(value, str):
            findings.note("NF601", f"{key!r} must be text, not {_short(value)}", f"{path}/{key}", node=id)
    flags = {key: item.get(key) for key in ("callable", "execInit", "disabled")}
    for key, value in flags.items():
        if value is not None and not isinstance(value, bool):
            findings.note("NF601", f"{key!r} must be true or false, not {_short(value)}", f"{path}/{key}", node=id)
    found = _read_sockets(id, item, path, findings)
    ids = tuple(text for text in (texts["definitionId"], texts["typeId"]) if isinstance(text, str) and text.strip())
    name = texts["name"] if isinstance(texts["name"], str) else ""
    if not ids and not name.strip():
        findings.note("NF601", f"node {id!r} has neither 'definitionId' nor 'typeId' nor 'name'", path, node=id)
    starts, disabled = flags["execInit"] is True, flags["disabled"] is True
    runs = bool(found.execs) or flags["callable"] is True or starts
    return RawNode(
        id, name, ids, runs, starts, disabled, found.inputs, found.spelled, found.types, found.outputs,
        frozenset(found.execs), _meta(item, path, id, findings), path,
    )  # fmt: skip


@define
class _Sockets:
    """What a node lists, by plain names."""

    inputs: dict[str, Any] = Factory(dict)
    spelled: dict[str, str] = Factory(dict)
    types: dict[str, str] = Factory(dict)
    outputs: dict[str, str] = Factory(dict)
    execs: set[str] = Factory(set)


def _read_sockets(id: str, item: dict[str, Any], path: str, findings: Findings) -> _Sockets:
    found = _Sockets()
    for side in ("inputs", "outputs"):
        for where, socket in _objects(item, side, path, findings, node=id):
            name, type_name = _text(socket, "name", where, findings, node=id), socket.get("typeName")
            kind = type_of(type_name) if isinstance(type_name, str) else "any"
            if name is None:
                continue
            if socket.get("isExecution") is True:
                found.execs.add(plain(name))
            elif side == "outputs":
                found.outputs[plain(name)] = kind
            else:
                found.spelled[plain(name)] = name
                found.types[plain(name)] = kind
                found.inputs[plain(name)] = literal(socket.get("value"))
    return found


def _meta(item: dict[str, Any], path: str, id: str, findings: Findings) -> dict[str, Any]:
    """Positions as they are; what else the editor says, under `nodeeditor`."""
    meta: dict[str, Any] = {}
    for key in ("x", "y", "width", "height"):
        value = item.get(key)
        if value is None:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            findings.note("NF601", f"{key!r} must be a number, not {_short(value)}", f"{path}/{key}", node=id)
        else:
            meta[key] = value
    used = ("id", "x", "y", "width", "height", "inputs", "outputs", "callable", "execInit", "disabled")
    rest = {key: value for key, value in item.items() if key not in used and value is not None}
    if rest:
        meta["nodeeditor"] = rest
    return meta


def _read_wires(data: Mapping[str, Any], file: RawFile, findings: Findings) -> None:
    keys = ("outputNodeId", "outputSocketName", "inputNodeId", "inputSocketName")
    for path, item in _objects(data, "connections", "", findings):
        ends = [_text(item, key, path, findings) for key in keys]
        source, output, target, into = ends
        if source is not None and output is not None and target is not None and into is not None:
            file.wires.append(RawWire(source, output, target, into, path, item.get("isExecution") is True))


def _short(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    said = json.dumps(value, ensure_ascii=False)
    return said if len(said) <= 60 else said[:59] + "…"
