"""`nodeflow nodes`: the node types that there are."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from typing import Any, Final

import click

from nodeflow.cli import opening, telling
from nodeflow.cli.describing import Row, by_category, marks, meaning, rows
from nodeflow.library import CATEGORIES
from nodeflow.model import UNSET
from nodeflow.node import NodeType
from nodeflow.registry import Registry
from nodeflow.sockets import Kind, Socket
from nodeflow.values import to_json

HEADINGS: Final = {
    Kind.EXEC_IN: "Exec inputs",
    Kind.OPTION: "Options",
    Kind.DATA_IN: "Data inputs",
    Kind.DATA_OUT: "Data outputs",
    Kind.EXEC_OUT: "Exec outputs",
}


@click.command("nodes", short_help="List the node types, or say all about one.")
@click.argument("name", required=False)
@click.option("--nodes", "modules", multiple=True, metavar="MODULE", help="Also the node types of this module or file.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object, by name.")
@telling.command
def nodes(name: str | None, modules: tuple[str, ...], as_json: bool) -> None:
    """List the node types; with NAME all about one (`flow.for`), or the sockets of a category (`flow`)."""
    registry = opening.open_registry(modules)
    chosen = _chosen(registry, name)
    if as_json:
        telling.say(telling.json_line({each.name: _object(each) for each in chosen}))
    elif name is None:
        telling.say(*_list(chosen))
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


def _told(row: Row) -> str:
    """A socket with its type and default."""
    name = f"<{row.name}>" if row.group else row.name
    return f"{name}{': ' + row.type if row.type and not row.group else ''}{' = ' + row.default if row.default else ''}"


def _inputs(node_type: NodeType) -> list[str]:
    return [_told(row) for row in rows(node_type) if row.kind in (Kind.EXEC_IN, Kind.DATA_IN)]


def _outputs(node_type: NodeType) -> list[str]:
    return [_told(row) for row in rows(node_type) if row.kind in (Kind.DATA_OUT, Kind.EXEC_OUT)]


def _options(node_type: NodeType) -> list[str]:
    return [_told(row) for row in rows(node_type) if row.kind is Kind.OPTION]


# --- forms --------------------------------------------------------------------------------------------


def _list(chosen: Iterable[NodeType]) -> Iterator[str]:
    """All node types by category, two lines each: sockets and options, and what it does."""
    heading = (lambda text: click.style(text, bold=True)) if telling.on_terminal() else str
    first = True
    for category, members in by_category(chosen).items():
        title = CATEGORIES.get(category, category)
        yield from ([] if first else [""])
        yield heading(f"{title}: {category}" if title != category else category)
        first = False
        for each in members:
            given = [*_inputs(each), *(f"[{option}]" for option in _options(each))]
            outputs = ", ".join(_outputs(each))
            yield f"  {heading(each.name)}  {', '.join(given)}{' -> ' if outputs else ''}{outputs}".rstrip()
            yield f"      {meaning(each)}".rstrip()


def _entry(node_type: NodeType) -> Iterator[str]:
    """A node type in the list of its category."""
    yield f"{node_type.name}  {meaning(node_type)}".rstrip()
    for label, names in (
        ("options", _options(node_type)),
        ("in", _inputs(node_type)),
        ("out", _outputs(node_type)),
    ):
        if said := ", ".join(names):
            yield f"    {label}: {said}"


def _page(node_type: NodeType) -> Iterator[str]:
    """All about one node type."""
    kind = "exec node" if node_type.is_exec else "data node"
    yield f"{node_type.name}  ({', '.join([kind, f'version {node_type.version}', *marks(node_type)])})"
    yield from ("", *node_type.doc.splitlines()) if node_type.doc else ()
    told = list(rows(node_type))
    for kind_of, heading in HEADINGS.items():
        if mine := ["  ".join(filter(None, [f"  {_told(row)}", row.says])) for row in told if row.kind is kind_of]:
            yield from ("", f"{heading}:", *mine)
    if node_type.example:
        yield from ("", "Example:", *(f"  {line}".rstrip() for line in node_type.example.splitlines()))
    if node_type.module:
        yield from ("", f"Defined in {node_type.module}.")


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
        takes = [*(f"[{option}]" for option in _options(each)), *_inputs(each)]
        cells = [each.name, "\n".join(takes), "\n".join(_outputs(each)), meaning(each)]
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
        "example": node_type.example,
        "marks": marks(node_type),
        "exec_inputs": [socket.name for socket in node_type.exec_ins],
        "exec_outputs": [socket.name for socket in node_type.exec_outs],
        "options": sockets(node_type.options),
        "inputs": sockets(node_type.data_ins),
        "outputs": sockets(node_type.data_outs),
        "groups": [
            {"name": f"<{row.name}>", "kind": row.kind.value, "doc": row.doc} for row in rows(node_type) if row.group
        ],
    }
