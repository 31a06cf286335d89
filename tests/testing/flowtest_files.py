"""Small documents and files of flow tests for the tests of both."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def graph(nodes: dict[str, Any], *wires: str, **more: Any) -> dict[str, Any]:
    """A document with one workflow. A node is its type, or an object; a wire is `a.exit -> b.enter`."""
    placed = {id: {"type": node} if isinstance(node, str) else node for id, node in nodes.items()}
    connections = [{"from": source, "to": target} for source, target in (wire.split(" -> ") for wire in wires)]
    return {"nodeflow": 1, "workflows": {"main": {"nodes": placed, "connections": connections, **more}}}


def node(type: str, options: dict[str, Any] | None = None, **values: Any) -> dict[str, Any]:
    placed: dict[str, Any] = {"type": type}
    if values:
        placed["values"] = values
    if options:
        placed["options"] = options
    return placed


def fan(*branches: str, **options: Any) -> dict[str, Any]:
    return node("flow.fan_out", {"branches": list(branches), **options})


HELLO = graph(
    {"start": "flow.start", "show": node("flow.print", value="hello")},
    "start.exit -> show.enter",
)

RACE = graph(
    {
        "start": "flow.start",
        "fan": fan("a", "b"),
        "a": node("flow.print", value="a"),
        "b": node("flow.print", value="b"),
    },
    "start.exit -> fan.enter",
    "fan.a -> a.enter",
    "fan.b -> b.enter",
)
"""Prints `a` and `b`, in any order."""

DOUBLE = graph(
    {"start": "flow.start", "double": node("math.multiply", b=2), "done": "flow.set_output"},
    "start.exit -> done.enter",
    "inputs.n -> double.a",
    "double.result -> done.twice",
    inputs={"n": {"type": "int"}},
    outputs={"twice": {"type": "int"}},
    variables={"seen": {"type": "int", "default": 3}},
)

FAILS = graph({"start": "flow.start", "fail": node("flow.fail", message="no more milk")}, "start.exit -> fail.enter")

BROKEN = graph({"start": "flow.start", "show": "flow.prin"}, "start.exit -> show.enter")


def write(folder: Path, document: Any, *tests: dict[str, Any], name: str = "some.flowtest.json", **more: Any) -> Path:
    """Write a file of flow tests."""
    path = folder / name
    path.write_text(json.dumps({"flowtest": 1, "document": document, "tests": list(tests), **more}), encoding="utf-8")
    return path
