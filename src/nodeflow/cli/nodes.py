"""`nodeflow nodes`: the node types that there are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator
from typing import Any

import click

from nodeflow.cli import opening, telling
from nodeflow.model import UNSET
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.sockets import Pull, Socket
from nodeflow.values import short, to_json


@click.command("nodes", short_help="List the node types, or say all about one.")
@click.argument("name", required=False)
@click.option("--nodes", "modules", multiple=True, metavar="MODULE", help="Also the node types of this module or file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, by name.")
@telling.command
def nodes(name: str | None, modules: tuple[str, ...], as_json: bool) -> None:
    """List the node types; with NAME all about one (`flow.for`), or a category (`flow`)."""
    registry = opening.open_registry(modules)
    chosen = _chosen(registry, name)
    if as_json:
        telling.say(telling.json_line({each.name: _object(each) for each in chosen}))
    elif name in registry:
        telling.say(*_page(chosen[0]))
    elif telling.on_terminal() and (table := _table(chosen)) is not None:
        telling.say(table)
    else:
        telling.say(*(line for each in chosen for line in _entry(each)))


def _chosen(registry: Registry, name: str | None) -> list[NodeType]:
    """The node types that a name means, or all.

    Raises:
        Stop: It means none; names what is similar.
    """
    if name is None:
        return list(registry.values())
    if name in registry:
        return [registry[name]]
    found = [each for key, each in registry.items() if key.startswith(f"{name.rstrip('.')}.")]
    if not found:
        similar = registry.similar(name)
        hint = f"; did you mean {' or '.join(similar)}?" if similar else ""
        raise telling.Stop(telling.BAD, f"nodeflow: unknown node type {name!r}{hint}")
    return found


# --- parts --------------------------------------------------------------------------------------------


def _meaning(node_type: NodeType) -> str:
    """The first paragraph of its documentation on one line."""
    return " ".join(node_type.doc.partition("\n\n")[0].split())


def _groups(node_type: NodeType) -> Iterator[tuple[str, Socket]]:
    """Sockets whose names the graph decides, as `<one per step>`."""
    for parameter, group in node_type.groups:
        source = group.source
        named = source.option if source is not None else None
        yield f"<one per name in {named}>" if named else f"<{parameter.name}>", group.pattern


def _inputs(node_type: NodeType) -> list[str]:
    grouped = [name for name, pattern in _groups(node_type) if pattern.kind.value == "data in"]
    join = ["value: any", "<one per branch>"] if node_type.is_join else []
    data = [s for s in node_type.data_ins if not (node_type.is_join and s.name == "value")]
    return [*(s.name for s in node_type.exec_ins), *map(_typed, data), *grouped, *join]


def _outputs(node_type: NodeType) -> list[str]:
    grouped = [name for name, pattern in _groups(node_type) if pattern.kind.value != "data in"]
    return [*map(_typed, node_type.data_outs), *(s.name for s in node_type.exec_outs), *grouped]


def _typed(socket: Socket) -> str:
    return f"{socket.name}: {socket.type.name}{_default(socket)}"


def _default(socket: Socket) -> str:
    if socket.default is UNSET:
        return ""
    try:
        return f" = {json.dumps(to_json(socket.default), ensure_ascii=False)}"
    except (ValueError, TypeError):
        return f" = {short(socket.default)}"


# --- forms --------------------------------------------------------------------------------------------


def _entry(node_type: NodeType) -> Iterator[str]:
    """A node type in a plain list."""
    yield f"{node_type.name}  {_meaning(node_type)}".rstrip()
    for label, names in (
        ("options", map(_typed, node_type.options)),
        ("in", _inputs(node_type)),
        ("out", _outputs(node_type)),
    ):
        if said := ", ".join(names):
            yield f"    {label}: {said}"


def _page(node_type: NodeType) -> Iterator[str]:
    """All about one node type."""
    kind = "exec node" if node_type.is_exec else "data node"
    marks = [word for word, holds in _marks(node_type) if holds]
    yield f"{node_type.name}  ({', '.join([kind, f'version {node_type.version}', *marks])})"
    yield from ("", *node_type.doc.splitlines()) if node_type.doc else ()
    groups = list(_groups(node_type))
    for heading, plain, names in (
        ("Exec inputs", node_type.exec_ins, ()),
        ("Options", node_type.options, ()),
        ("Data inputs", node_type.data_ins, [n for n, p in groups if p.kind.value == "data in"]),
        ("Data outputs", node_type.data_outs, [n for n, p in groups if p.kind.value == "data out"]),
        ("Exec outputs", node_type.exec_outs, [n for n, p in groups if p.kind.value == "exec out"]),
    ):
        yield from _section(heading, plain, names)
    if node_type.module:
        yield from ("", f"Defined in {node_type.module}.")


def _marks(node_type: NodeType) -> Iterable[tuple[str, bool]]:
    return (
        ("starts a workflow", node_type.entry),
        ("listens to an event", node_type.listens is not None),
        ("a loop", node_type.loop is not None),
        ("a fan-in", node_type.is_join),
        ("volatile", node_type.volatile),
        ("blocking", node_type.blocking),
        ("holds a resource", node_type.resource is not None),
    )


def _section(heading: str, sockets: Iterable[Socket], names: Iterable[str]) -> Iterator[str]:
    lines = [_described(socket) for socket in sockets] + [f"  {name}" for name in names]
    if lines:
        yield from ("", f"{heading}:", *lines)


def _described(socket: Socket) -> str:
    is_exec = socket.kind.value.startswith("exec")
    notes = [f"pulled {socket.pull.value}"] if socket.pull is not Pull.EAGER else []
    notes += ["starts flow threads"] if socket.starts_threads else []
    notes += ["differs per flow thread"] if socket.per_thread else []
    head = socket.name if is_exec else _typed(socket)
    return "  ".join(filter(None, [f"  {head}", socket.doc, f"({'; '.join(notes)})" if notes else ""]))


def _table(chosen: Iterable[NodeType]) -> str | None:
    """A table for the terminal, None without rich."""
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ModuleNotFoundError:
        return None
    table = Table("node type", "options and inputs", "outputs", "meaning", show_lines=True)
    for each in chosen:
        takes = [f"[{_typed(socket)}]" for socket in each.options] + _inputs(each)
        cells = [each.name, "\n".join(takes), "\n".join(_outputs(each)), _meaning(each)]
        table.add_row(*(Text(cell, style="bold" if cell is cells[0] else "") for cell in cells))
    console = Console(width=shutil.get_terminal_size().columns, force_terminal=True)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")


def _object(node_type: NodeType) -> dict[str, Any]:
    def sockets(found: Iterable[Socket]) -> list[dict[str, Any]]:
        return [
            {"name": s.name, "type": s.type.name, "doc": s.doc}
            | ({} if s.default is UNSET else {"default": to_json(s.default)})
            for s in found
        ]

    return {
        "kind": "exec" if node_type.is_exec else "data",
        "version": node_type.version,
        "doc": node_type.doc,
        "exec_inputs": [socket.name for socket in node_type.exec_ins],
        "exec_outputs": [socket.name for socket in node_type.exec_outs],
        "options": sockets(node_type.options),
        "inputs": sockets(node_type.data_ins),
        "outputs": sockets(node_type.data_outs),
        "groups": [{"name": name, "kind": pattern.kind.value} for name, pattern in _groups(node_type)],
    }
