"""NodeEditor files that hold one entry of the catalogue, drawn from its sockets as the catalogue lists them."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any, Final

from attrs import Factory, frozen
from nodeeditor_drawing import SHARED, file, node

CATALOGUE: Final = SHARED / "node-catalogue.json"
STANDARD: Final = "NodeEditor.Net.Services.Execution."
WAYS: Final = ("id", "name", "wired")
"""By definition id, inputs left alone have no literal; by display name, they have the default as literal, as the
editor writes it; wired: what is given comes over wires from outputs of type Object."""


@frozen
class Parsed:
    """In place of an input: the output of a JSON Parse node with this text."""

    text: str


@frozen
class From:
    """In place of an input: a wire from here, as `loop.Index`."""

    source: str


@frozen
class Outs:
    """What several outputs are, or what they must hold."""

    values: dict[str, Any]


@frozen
class Flow:
    """What happens when an exec node is activated: each of its exec outputs prints its own name.

    Attributes:
        lines: What is printed.
        inputs: Literals, or what comes over a wire.
        shows: A data output that is printed behind the name of an exec output.
        times: How often it is activated, by a For Loop of id `loop`.
        to: Where exec outputs lead to instead: `throw.Enter`.
        nodes, wires: What else is drawn; `p-Exit` is the Debug Print at `Exit`.
        left: Variables at the end: data outputs of the node, by name.
        fails: What the run fails with.
        says: Messages that observers are told.
        seconds: How long it takes.
        sort: The order of the lines is open.
    """

    lines: list[str]
    inputs: dict[str, Any] = Factory(dict)
    shows: dict[str, str] = Factory(dict)
    times: int = 1
    to: dict[str, str] = Factory(dict)
    nodes: list[dict[str, Any]] = Factory(list)
    wires: list[str] = Factory(list)
    left: dict[str, Any] = Factory(dict)
    fails: str | None = None
    says: list[str] = Factory(list)
    seconds: float | None = None
    sort: bool = False


@cache
def entries() -> dict[str, dict[str, Any]]:
    """The catalogue by `Category/Name`; empty if it is not beside the project."""
    if not CATALOGUE.is_file():
        return {}
    return {f"{entry['category']}/{entry['name']}": entry for entry in json.loads(CATALOGUE.read_text("utf-8"))}


TYPES: Final = {
    "Boolean": "System.Boolean", "Int32": "System.Int32", "Double": "System.Double", "String": "System.String",
    "Object": "System.Object", "List": "NodeEditor.Net.Models.SerializableList",
    "Dict": "NodeEditor.Net.Models.SerializableDict",
}  # fmt: skip
BY_CLASS: Final = {bool: "Boolean", int: "Int32", float: "Double", str: "String", list: "List", dict: "Dict"}


def literal(value: Any, type: str) -> dict[str, Any]:
    if type == "Object":
        type = BY_CLASS[value.__class__]
    if type == "Double":
        value = float(value)
    return {"typeName": TYPES[type], "json": value}


def _socket(name: str, type: str, value: dict[str, Any] | None, *, inward: bool) -> dict[str, Any]:
    runs = type == "ExecutionPath"
    shown = f"{STANDARD}ExecutionPath" if runs else TYPES[type]
    return {"name": name, "typeName": shown, "isInput": inward, "isExecution": runs, "value": value}


def _special(value: Any) -> tuple[str, dict[str, Any], str] | None:
    """The node that makes what no literal can say: name, literals, output."""
    if value is None:
        return "Null", {}, "Result"
    if isinstance(value, Parsed):
        return "JSON Parse", {"Json": value.text}, "Result"
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return "Sqrt", {"Value": -1.0}, "Result"
        return ("Exp", {"Value": 1e9}, "Result") if value > 0 else ("Log10", {"Value": 0.0}, "Result")
    return None


def placed(
    entry: dict[str, Any], inputs: dict[str, Any], way: str
) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """The node `x` of an entry, with the nodes and wires that its inputs need."""
    sockets = [_socket(name, "ExecutionPath", None, inward=True) for name in entry["execInputs"]]
    nodes: list[dict[str, Any]] = []
    drawn: list[str] = []
    assert set(inputs) <= {socket["name"] for socket in entry["inputs"]}, f"{entry['name']} has no such input"
    for i, socket in enumerate(entry["inputs"]):
        name, type, written = socket["name"], socket["type"], None
        if name not in inputs:
            if way == "name" and socket["default"] is not None:
                written = literal(json.loads(socket["default"]), type)
        elif isinstance(value := inputs[name], From):
            drawn.append(f"{value.source} > x.{name}")
        elif (special := _special(value)) is not None:
            made, literals, output = special
            nodes.append(node(f"in{i}", made, **literals))
            drawn.append(f"in{i}.{output} > x.{name}")
        elif way == "wired":
            source = node(f"in{i}", "Pass Through", Value=None)
            source["inputs"][0]["value"] = literal(value, type)
            nodes.append(source)
            drawn.append(f"in{i}.Result > x.{name}")
        else:
            written = literal(value, type)
        sockets.append(_socket(name, type, written, inward=True))
    outs = [_socket(name, "ExecutionPath", None, inward=False) for name in entry["execOutputs"]]
    outs += [_socket(socket["name"], socket["type"], None, inward=False) for socket in entry["outputs"]]
    x = {
        "id": "x", "typeId": None, "name": entry["name"], "x": 400, "y": 200, "width": 180, "height": 60,
        "callable": entry["kind"] != "data", "execInit": entry["kind"] == "initiator",
        "inputs": sockets, "outputs": outs,
    }  # fmt: skip
    if way == "id":
        x |= {"definitionId": entry["definitionId"], "name": "A name of my own"}
    return x, nodes, drawn


START: Final = node("start", "Start", starts=True)


def reading(entry: dict[str, Any], inputs: dict[str, Any], way: str) -> dict[str, Any]:
    """A file that puts each output of a data node into a variable of its name, in a Try Catch."""
    x, nodes, drawn = placed(entry, inputs, way)
    nodes += [START, x, node("try", "Try Catch"), node("caught", "Debug Print", Value="caught")]
    drawn += ["start.Exit > try.Enter", "try.Catch > caught.Enter"]
    before = "try.Try"
    for i, socket in enumerate(entry["outputs"]):
        nodes.append(node(f"set{i}", "Set Variable", Name=socket["name"]))
        drawn += [f"{before} > set{i}.Enter", f"x.{socket['name']} > set{i}.Value"]
        before = f"set{i}.Exit"
    return file(nodes, *drawn)


def running(entry: dict[str, Any], flow: Flow, way: str) -> dict[str, Any]:
    """A file that activates an exec node."""
    x, nodes, drawn = placed(entry, flow.inputs, way)
    nodes += [START, x, *flow.nodes]
    drawn += flow.wires
    first = "start.Exit"
    if flow.left:
        nodes.append(node("order", "Sequence"))
        drawn.append("start.Exit > order.Enter")
        first, before = "order.Then 0", "order.Then 1"
        for output in flow.left:
            nodes.append(node(f"left-{output}", "Set Variable", Name=output))
            drawn += [f"{before} > left-{output}.Enter", f"x.{output} > left-{output}.Value"]
            before = f"left-{output}.Exit"
    if flow.times > 1:
        nodes.append(node("loop", "For Loop", LoopTimes=flow.times))
        drawn.append(f"{first} > loop.Enter")
        first = "loop.LoopPath"
    drawn += [f"{first} > x.{name}" for name in entry["execInputs"]]
    for output in sorted(entry["execOutputs"], key=lambda name: name == "Exit"):
        if output in flow.to:
            drawn.append(f"x.{output} > {flow.to[output]}")
            continue
        shown = flow.shows.get(output)
        id = f"p-{output}"
        nodes.append(node(id, "Debug Print", **({"Label": output} if shown else {"Value": output})))
        drawn.append(f"x.{output} > {id}.Enter")
        if shown:
            drawn.append(f"x.{shown} > {id}.Value")
    return file(nodes, *drawn)
