"""What there is to say of a node type, in parts: for `nodeflow nodes` and for the pages of the node library."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import frozen

from nodeflow.library import CATEGORIES
from nodeflow.model import UNSET
from nodeflow.node import NodeType
from nodeflow.signature import PortGroup
from nodeflow.sockets import Kind, Pull, Socket
from nodeflow.values import short, to_json


@frozen
class Row:
    """A socket, an option, or a group of sockets whose names the graph decides.

    Attributes:
        name: Of the socket; of a group in words, as `one per name in branches`.
        group: Whether it is a group.
        type: Name of its type; empty for exec sockets.
        default: As JSON; empty if it has none.
        doc: What its node type says of it.
        notes: What its kind means for who uses it.
    """

    kind: Kind
    name: str
    group: bool
    type: str
    default: str
    doc: str
    notes: tuple[str, ...]

    @property
    def says(self) -> str:
        """What there is to say of it, on one line."""
        return " ".join(filter(None, [self.doc, f"({'; '.join(self.notes)})" if self.notes else ""]))


def rows(node_type: NodeType) -> Iterator[Row]:
    """All sockets and options: exec inputs, options, data inputs, data outputs, exec outputs."""
    for kind, sockets in (
        (Kind.EXEC_IN, node_type.exec_ins),
        (Kind.OPTION, node_type.options),
        (Kind.DATA_IN, node_type.data_ins),
        (Kind.DATA_OUT, node_type.data_outs),
        (Kind.EXEC_OUT, node_type.exec_outs),
    ):
        yield from (_row(kind, socket) for socket in sockets)
        if kind is Kind.DATA_IN and node_type.is_join:
            doc = "Pulled when that branch arrives, instead of `value`."
            yield Row(kind, "one per branch", True, "any", "", doc, ())
        for _, group in node_type.groups:
            if group.pattern.kind is kind:
                yield _group_row(group)


def _row(kind: Kind, socket: Socket) -> Row:
    is_exec = kind in (Kind.EXEC_IN, Kind.EXEC_OUT)
    kind_of = "" if is_exec else socket.type.name
    return Row(kind, socket.name, False, kind_of, default_of(socket), socket.doc, tuple(_notes(socket)))


def _group_row(group: PortGroup) -> Row:
    option = group.source.option if group.source is not None else None
    pattern = group.pattern
    name = f"one per name in {option}" if option else group.name
    kind_of = "" if pattern.kind is Kind.EXEC_OUT else pattern.type.name
    return Row(pattern.kind, name, True, kind_of, default_of(pattern), pattern.doc, tuple(_notes(pattern)))


def _notes(socket: Socket) -> Iterator[str]:
    if socket.kind is Kind.DATA_IN and socket.pull is not Pull.EAGER:
        yield f"pulled {socket.pull.value}"
    if socket.starts_threads:
        yield "starts flow threads"
    if socket.per_thread:
        yield "differs per flow thread"
    if socket.refers is not None:
        yield f"names a {socket.refers.value}" + ("; may be wired" if socket.refers.value == "variable" else "")


def default_of(socket: Socket) -> str:
    """The default as JSON; as Python writes it, where it is no value of JSON; empty if there is none."""
    if socket.default is UNSET:
        return ""
    try:
        return json.dumps(to_json(socket.default), ensure_ascii=False)
    except (ValueError, TypeError):
        return short(socket.default)


def meaning(node_type: NodeType) -> str:
    """The first paragraph of its documentation on one line."""
    return " ".join(node_type.doc.partition("\n\n")[0].split())


def marks(node_type: NodeType) -> list[str]:
    """What is special about it, in a word each."""
    found: Mapping[str, Any] = {
        "starts a workflow": node_type.entry,
        "listens to an event": node_type.listens is not None,
        "a loop": node_type.loop is not None,
        "a fan-in": node_type.is_join,
        "a stream": node_type.is_stream,
        "volatile": node_type.volatile,
        "blocking": node_type.blocking,
        "holds a resource": node_type.resource is not None,
    }
    return [word for word, holds in found.items() if holds]


def by_category(node_types: Iterable[NodeType]) -> dict[str, list[NodeType]]:
    """Node types by category, sorted by name: the library's categories in its order, then the others."""
    found: dict[str, list[NodeType]] = {category: [] for category in CATEGORIES}
    for node_type in sorted(node_types, key=lambda each: each.name):
        found.setdefault(category_of(node_type), []).append(node_type)
    return {category: members for category, members in found.items() if members}


def category_of(node_type: NodeType) -> str:
    return node_type.name.partition(".")[0]
