"""Statements that open contexts: fan-outs, races, batches, gosubs, streams, scopes of one's own, events."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.builder import Placed, Port
from nodeflow.library import events, flow, logic, math
from nodeflow.testing import sample_nodes as sample
from nodeflow.testing.strategies.nesting import act
from nodeflow.testing.strategies.pen import NAPS, Pen, Place, Statement

MOST_CALLED: Final = 120
"""How many activations a gosub may come to, about."""


def fan_out(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Branches with a fan-in, of any policy; now and then without, and then perhaps a race."""
    names = ["a", "b", "c", "d"][: pen.number(2, 4)]
    errors = pen.pick(("fail_fast", "collect"))
    races = "races" in pen.exempt
    if races and pen.flag(20):
        node = pen.then(place, ins, flow.race, branches=names, errors=errors)
        pen.readable(place, node, "winner")
    else:
        parallel = pen.pick((None, None, None, 1, 2))
        node = pen.then(place, ins, flow.fan_out, branches=names, errors=errors, parallel=parallel)
    if pen.flag(20):
        for name in names[: pen.number(1, len(names))]:
            pen.block(place.thread(), [node[name]], 2)
        return [node["joined"]]
    join: Any = "all"
    if races and pen.flag(50):
        join = pen.pick(("any", {"quorum": 1}, {"quorum": 2}))
    missing = pen.pick(("skip", "skip", "none", "none", "none", "error"))
    fan_in = pen.add(
        place, flow.fan_in, merge=pen.pick(("list", "list", "dict", "first", "concat", "merge")), join=join,
        missing=missing, arrivals="many" if pen.flag(25) else "one", prefer=pen.pick(("error", "first", "last")),
    )  # fmt: skip
    if pen.flag(30):
        pen.wire(place, fan_in, "value")
    for name in names:
        branch(pen, place, node, fan_in, name)
    pen.readable(place, fan_in, "merged", "errors")
    return [fan_in["exit"]]


def branch(pen: Pen, place: Place, node: Placed, fan_in: Placed, name: str) -> None:
    """A branch, which mostly arrives, and mostly brings something of its own."""
    options = fan_in.workflow._nodes[fan_in.id]["options"]
    merge, strict = options["merge"], options["missing"] == "error"
    inner = place.thread(join=fan_in)
    ends = [node[name]]
    if pen.flag(85):
        ends = pen.block(inner, ends)
    if name in "ab" or pen.flag(90 if strict else 75):
        for port in ends:
            port >> fan_in["enter"]
    if merge in ("concat", "merge") and options["arrivals"] == "one":
        pen.feed(pen.add(inner, sample.as_list if merge == "concat" else sample.as_dict, "a"), fan_in, name)
    elif merge in ("concat", "merge") or pen.flag(75):
        pen.wire(inner, fan_in, name)


def batch(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Slices of a short list."""
    most, size = pen.pick((3, 4, 2, 1)), pen.pick((1, 1, 2))
    node = pen.then(
        place, ins, flow.batch, size=size, parallel=pen.pick((3, 2, 1)), errors=pen.pick(("fail_fast", "collect")),
        missing=pen.pick(("skip", "skip", "none", "none", "error")),
    )  # fmt: skip
    pen.feed(pen.some(place, most), node, "items")
    inner = place.thread(times=place.times * most)
    pen.readable(inner, node, "index", whole=True)
    pen.readable(inner, node, "slice")
    if size == 1:
        pen.readable(inner, node, "item", whole=True)
    if pen.flag(90):
        pen.block(inner, [node["process"]])
    if pen.flag(80):
        pen.wire(inner, node, "result")
        pen.readable(place, node, "results")
    pen.readable(place, node, "errors")
    return [node["continue"]]


def gosub(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A call of another workflow, or of this one with one less."""
    own = not pen.recursive and place.times <= 2 and place.depth and not place.listening and pen.flag(35)
    able = [callee for callee in pen.callees if callee.cost * place.times <= MOST_CALLED]
    if own:
        return recurse(pen, place, ins)
    if not able:
        return (batch if pen.flag(50) else fan_out)(pen, place, ins)
    callee = pen.pick(able)
    times = pen.number(0, 2) if callee.recursive else 1
    node = pen.then(place, ins, flow.gosub, "x", workflow=callee.name, n=times)
    pen.cost += callee.cost * place.times
    pen.readable(place, node, "y")
    return [node["exit"]]


def recurse(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Call oneself with one less, as long as there is something left."""
    pen.recursive = True
    test = pen.add(place, logic.less, a=0)
    pen.wf.inputs["n"] >> test["b"]
    node = pen.then(place, ins, flow.if_)
    test["result"] >> node["condition"]
    less = pen.add(place, math.subtract, b=1)
    pen.wf.inputs["n"] >> less["a"]
    call = pen.then(place, [node["true"]], flow.gosub, "x", workflow=pen.name)
    less["result"] >> call["n"]
    return [call["exit"], node["false"]]


def stream(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A producer whose items are seen to one after the other, or side by side."""
    concurrent = pen.flag(75)
    items = pen.pick((2, 3, 1, 0))
    node = pen.then(
        place, ins, sample.emit_many if pen.flag(50) else sample.emit, items=items, seconds=pen.pick(NAPS),
        mode="concurrent" if concurrent else "sequential", max_in_flight=pen.pick((3, 2, 1)),
        errors=pen.pick(("fail_fast", "collect")),
    )  # fmt: skip
    times = place.times * max(items, 1)
    inner = place.thread(times=times) if concurrent else place.inner(loop=False, times=times)
    pen.readable(inner, node, "item", "out", whole=True)
    pen.block(inner, [node["on_item"]])
    if pen.flag(50):
        pen.block(place.inner(loop=False), [node["completed"]], 2)
    return [node["exit"]]


def scatter(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A scope of a node's own."""
    times = pen.pick((2, 3, 1, 0))
    errors, parallel = pen.pick(("fail_fast", "collect")), pen.pick((None, 1, 2))
    node = pen.then(place, ins, sample.scatter, times=times, errors=errors, parallel=parallel)
    inner = place.thread(times=place.times * max(times, 1))
    pen.readable(inner, node, "number", "out", whole=True)
    pen.block(inner, [node["each"]])
    if pen.flag(60):
        pen.wire(inner, node, "result")
    pen.readable(place, node, "found")
    return [node["exit"]]


def trigger(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """An event, which nobody may listen to."""
    if place.listening:
        return act(pen, place, ins)
    pen.cost += 8 * place.times
    return [pen.then(place, ins, events.trigger, "payload", event="ring")["exit"]]


OPENING: Final[tuple[Statement, ...]] = (
    fan_out, fan_out, fan_out, batch, batch, gosub, gosub, stream, scatter, trigger,
)  # fmt: skip
