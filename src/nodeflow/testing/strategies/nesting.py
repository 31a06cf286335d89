"""Statements of one flow thread: activations, jumps, decisions, loops, try and its like."""

from __future__ import annotations

from typing import Any, Final, cast

from nodeflow.builder import Placed, Port
from nodeflow.library import flow, logic, variables
from nodeflow.node import NodeType
from nodeflow.testing import sample_nodes as sample
from nodeflow.testing.strategies.pen import GET, NAPS, Pen, Place, Statement

_HANDLE: Final = cast(NodeType, sample.Handle)  # the decorator made a node type of the class

# --- simple ones ---


def act(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """One activation, mostly of a node that computes a digest."""
    kinds: list[NodeType] = [sample.work, sample.work, sample.plain, sample.task, sample.nap, sample.nap, sample.nap]
    kinds += [sample.nap, sample.count, _HANDLE]
    kinds += [sample.fail_if, sample.fail_late] * 2 if pen.flag(35) else []
    if "shared" in pen.exempt:
        kinds += [sample.count_all, flow.counter]
    if "timeouts" in pen.exempt:
        kinds.append(sample.stubborn)
    kind = pen.pick(kinds)
    given: dict[str, Any] = {"seconds": pen.pick(NAPS)} if any(s.name == "seconds" for s in kind.data_ins) else {}
    reads = " ".join(s.name for s in kind.data_ins if s.name in "ab")
    if kind is sample.fail_if:
        given["one_in"] = pen.pick((20, 5, 2))
    node = pen.then(place, ins, kind, reads, **given)
    if kind in (sample.plain, _HANDLE):
        pen.readable(place, node, "result", whole=True)
    elif kind is flow.counter:
        pen.readable(place, node, "count", whole=True)
    elif kind not in (sample.fail_if, sample.fail_late, sample.stubborn):
        pen.readable(place, node, "out", whole=True)
    return [node["exit"]]


def set_variable(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A variable is written, or changed."""
    if pen.flag(40):
        node = pen.then(place, ins, variables.update, op="set", name=pen.pick(pen.names))
        pen.wire(place, node, "value")
        pen.readable(place, node, "value")
    else:
        node = pen.then(place, ins, variables.set_, name=pen.pick(pen.names))
        pen.wire(place, node, "value")
    return [node["exit"]]


def set_output(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Outputs of the workflow are set."""
    return [pen.then(place, ins, flow.set_output, pen.pick(("y", "z", "y z")))["exit"]]


def tell(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A line is printed; rarely a point is marked."""
    if pen.flag(10):
        return [pen.then(place, ins, flow.marker)["exit"]]
    return [pen.then(place, ins, flow.print, "value", label="p")["exit"]]


def maybe_leave(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Return, break, continue or arrive, where that is possible: nothing follows here."""
    if place.depth == 0 or not pen.flag(70):
        return act(pen, place, ins)
    ways = ["return"] + (["break", "continue"] * 2 if place.loop else []) + (["arrive"] if place.join else [])
    way = pen.pick(ways)
    if way == "arrive":
        assert place.join is not None
        for port in ins:
            port >> place.join["enter"]
    elif way == "return":
        pen.then(place, ins, flow.return_, "y")
    else:
        pen.then(place, ins, flow.break_ if way == "break" else flow.continue_)
    return []


# --- decisions and loops ---


def choose(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """One of several ways."""
    names = ["true", "false"]
    kind = pen.pick((flow.if_, flow.if_, flow.switch, flow.choose, flow.match))
    if kind is flow.if_:
        node = pen.then(place, ins, kind)
        pen.feed(pen.condition(place), node, "condition")
    elif kind is flow.switch:
        cases = [0, 1, 2][: pen.number(1, 3)]
        node = pen.then(place, ins, kind, cases=cases)
        pen.feed(pen.add(place, sample.third, "a"), node, "value")
        names = [*map(str, cases), "default"]
    else:
        node, names = lazily(pen, place, ins, kind)
    ends = []
    for name in names:
        ends += pen.block(place.inner(), [node[name]], 2) if pen.flag(70) else [node[name]]
    return ends


def lazily(pen: Pen, place: Place, ins: list[Port], kind: NodeType) -> tuple[Placed, list[str]]:
    """A decision whose conditions are pulled one after the other."""
    names = ["first", "second"]
    options: dict[str, Any] = {"conditions" if kind is flow.choose else "cases": names}
    node = pen.then(place, ins, kind, **options)
    for name in names:
        pen.feed(pen.condition(place) if kind is flow.choose else pen.add(place, sample.third, "a"), node, name)
    if kind is flow.match:
        pen.feed(pen.add(place, sample.third, "a"), node, "value")
    return node, [*names, "default"]


def loop(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A loop of any kind, a few rounds long."""
    times = pen.pick((2, 1, 3, 0))
    kinds = (flow.for_, flow.for_each, flow.for_range, flow.for_each_entry, flow.reduce)
    kind = pen.pick((*kinds, flow.while_, flow.do_while, flow.repeat_until))
    if kind not in kinds:
        if pen.counters < 4:
            return counted(pen, place, ins, kind, times)
        kind = flow.for_
    if kind is flow.for_:
        node = pen.then(place, ins, kind, times=times)
    elif kind is flow.for_range:
        node = pen.then(place, ins, kind, start=2 * times, stop=0, step=-2)
    elif kind is flow.for_each_entry:
        node = pen.then(place, ins, kind)
        pen.feed(pen.add(place, sample.as_dict, "a"), node, "dict")
    else:
        initial: dict[str, Any] = {"initial": 0} if kind is flow.reduce else {}
        node = pen.then(place, ins, kind, **initial)
        pen.feed(pen.some(place, max(times, 1)), node, "items")
    inner = place.inner(loop=True, times=place.times * max(times, 1))
    pen.readable(inner, node, "index", whole=True)
    if kind is flow.reduce:
        pen.readable(inner, node, "item", "accumulated")
    pen.block(inner, [node["body"]])
    if kind is flow.reduce:
        pen.wire(inner, node, "next")
        pen.readable(place, node, "result")
    return [node["exit"]]


def counted(pen: Pen, place: Place, ins: list[Port], kind: NodeType, times: int) -> list[Port]:
    """A loop whose condition reads a variable that its body changes."""
    name = f"i{pen.counters}"
    pen.counters += 1
    zero = pen.then(place, ins, variables.set_, name=name, value=0)
    node = pen.then(place, [zero["exit"]], kind)
    value = pen.add(place, variables.get, name=name)
    test = pen.add(place, logic.less, b=times)
    value[GET] >> test["a"]
    if kind is flow.repeat_until:
        not_ = pen.add(place, logic.not_)
        test["result"] >> not_["value"]
        test = not_
    test["result"] >> node["condition"]
    inner = place.inner(loop=True, times=place.times * max(times, 1))
    one_more = pen.then(inner, [node["body"]], variables.update, name=name, op="add", value=1)
    pen.readable(inner, one_more, "value", whole=True)
    pen.block(inner, [one_more["exit"]])
    return [node["exit"]]


def again(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A wire back to an earlier node."""
    times = pen.number(1, 2)
    inner = place.inner(times=place.times * (times + 1))
    first = pen.then(inner, ins, sample.work, "a b")
    pen.readable(inner, first, "out", whole=True)
    ends = pen.block(inner, [first["exit"]], 2)
    if not ends:
        return []
    node = pen.then(inner, ends, sample.again, times=times)
    node["back"] >> first["enter"]
    return [node["exit"]]


# --- others that wait for what they trigger ---


def guard(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A try: some catch only errors that rarely come."""
    catches = pen.pick(([], [], ["Boom"], ["LookupError"], ["FanInIncomplete"]))
    node = pen.then(place, ins, flow.try_, catches=catches)
    pen.block(place.inner(), [node["body"]])
    if pen.flag(60):
        inner = place.inner()
        pen.readable(inner, node, "error")
        pen.block(inner, [node["catch"]], 2)
    if pen.flag(50):
        pen.block(place.inner(loop=False, join=None), [node["finally"]], 1)
    pen.readable(place, node, "error")
    return [node["exit"]]


def retry(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Tried again, with and without a wait, with and without a way for the last failure."""
    attempts = pen.number(1, 2)
    node = pen.then(place, ins, flow.retry, attempts=attempts, backoff=pen.pick(NAPS))
    inner = place.inner(times=place.times * attempts)
    pen.readable(inner, node, "attempt", whole=True)
    pen.block(inner, [node["body"]])
    pen.readable(place, node, "error")
    return [node["exit"], node["failed"]] if pen.flag(50) else [node["exit"]]


def sequence(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Steps one after the other; what dangles behind the last goes on."""
    steps = ["one", "two", "three"][: pen.number(2, 3)]
    node = pen.then(place, ins, flow.sequence, steps=steps)
    ends = []
    for step in steps:
        ends = pen.block(place.inner(), [node[step]], 2)
    return ends


def aside(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """Several targets on one output: what stands first runs to its end first."""
    pen.block(place.inner(), ins, 2)
    return act(pen, place, ins)


def around(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A body that waits for what it triggers, then does something more."""
    kind = pen.pick((sample.around, sample.tidy, sample.lazy))
    if kind is sample.lazy:
        node = pen.then(place, ins, kind, "first second")
    else:
        node = pen.then(place, ins, kind, "a", seconds=pen.pick(NAPS))
    pen.block(place.inner(), [node["body"]])
    if kind is not sample.tidy:
        pen.readable(place, node, "out", whole=True)
    return [node["exit"]]


def exempted(pen: Pen, place: Place, ins: list[Port]) -> list[Port]:
    """A timeout, a semaphore, once: what T7 leaves out, if it may be drawn."""
    kinds = [flow.timeout] if "timeouts" in pen.exempt else []
    kinds += [flow.semaphore, flow.once, flow.flip_flop] if "shared" in pen.exempt else []
    if not kinds:
        return around(pen, place, ins)
    kind = pen.pick(kinds)
    if kind is flow.timeout:
        node = pen.then(place, ins, kind, seconds=pen.pick((0.0, 0.5, 1.5, 3.0)))
        pen.block(place.inner(), [node["body"]])
        if pen.flag(40):
            pen.block(place.inner(), [node["expired"]], 1)
        return [node["exit"]]
    if kind is flow.semaphore:
        node = pen.then(place, ins, kind, permits=pen.number(1, 2))
        pen.block(place.inner(), [node["body"]])
        return [node["exit"]]
    node = pen.then(place, ins, kind)
    ways = ("first", "already_run") if kind is flow.once else ("a", "b")
    return [*pen.block(place.inner(), [node[ways[0]]], 2), node[ways[1]]]


SIMPLE: Final[tuple[Statement, ...]] = (
    act, act, act, act, act, set_variable, set_output, tell, maybe_leave,
)  # fmt: skip
NESTING: Final[tuple[Statement, ...]] = (
    choose, loop, loop, again, guard, guard, retry, sequence, aside, around, exempted, exempted,
)  # fmt: skip
