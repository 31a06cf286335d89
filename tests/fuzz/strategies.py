"""Valid documents, drawn: a structured program is made up and wired as it goes, so that it is right by construction.

A `Place` is where the pen stands: what can be read there, whether a loop or a fan-in is near, how often it runs at
most. A statement takes the exec outputs that dangle, and returns those that dangle behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fuzz_nodes as fz
from attrs import define, evolve
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.builder import Placed, Port
from nodeflow.library import events, flow, logic, math, variables
from nodeflow.model import Variable

REGISTRY = nf.standard_registry() | fz.REGISTRY

GET = variables.get.data_outs[0].name
"""What the output of `variables.get` is called."""

NAPS = (0.0, 0.5, 1.0, 1.0, 2.0)
MOST_OFTEN = 40
"""How often a place may run at most where something that repeats is still drawn."""


@define
class Readable:
    """An output that can be read: whether it is a whole number, and never missing."""

    port: Port
    whole: bool
    safe: bool


@define
class Place:
    env: list[Readable]
    loop: bool = False
    join: Placed | None = None
    depth: int = 0
    times: int = 1
    listening: bool = False

    def inner(self, **changes: Any) -> Place:
        """Below a statement of the same flow thread."""
        return evolve(self, env=[*self.env], depth=self.depth + 1, **changes)

    def thread(self, **changes: Any) -> Place:
        """In a flow thread that is started here."""
        return self.inner(**{"loop": False, "join": None, **changes})


@define
class Flow:
    """A workflow that can be called: what it costs, and what it takes."""

    name: str
    cost: int
    recursive: bool


@define
class Drawn:
    """A drawn document: whether T7 covers it."""

    document: nf.Document
    confluent: bool

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis shows of a failing example: the file, which can be loaded and run."""
        printer.text(f"confluent={self.confluent}\n{nf.dumps(self.document)}")


class Pen:
    """Draws one workflow."""

    def __init__(self, draw: Callable[..., Any], name: str, callees: list[Flow], *, confluent: bool, room: int) -> None:
        self.draw = draw
        self.callees = callees
        self.confluent = confluent
        self.room = room
        self.cost = 0
        self.tag = 0
        self.counters = 0
        self.recursive = False
        self.name = name
        declared: dict[str, Any] = {f"v{i}": Variable("any", i, "local") for i in range(2)}
        declared |= {f"i{i}": Variable("int", 0, "local") for i in range(4)}
        if not confluent:
            declared["shared"] = Variable("any", 0, "shared")
        self.wf = nf.Workflow(
            name, inputs={"n": ("int", 1), "x": ("any", 5)}, outputs={"y": "any", "z": "any"}, variables=declared,
            events={"ring": "any", "never": "any"}, entries=self.pick(("concurrent", "sequential")),
        )  # fmt: skip

    # --- drawing ---

    def number(self, low: int, high: int) -> int:
        found: int = self.draw(st.integers(low, high))
        return found

    def pick(self, options: Any) -> Any:
        return options[self.number(0, len(options) - 1)]

    def flag(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    # --- placing ---

    def add(self, place: Place, kind: nf.NodeType, reads: str = "", **given: Any) -> Placed:
        """Place a node; `reads` names inputs that are wired to something, or given a literal."""
        self.room -= 1
        self.cost += place.times if kind.is_exec else 0
        wires = {}
        for name in reads.split():
            found = self.value(place)
            if isinstance(found, Readable):
                wires[name] = found.port
            else:
                given[name] = found
        if any(s.name == "tag" for s in kind.data_ins):
            self.tag += 1
            given["tag"] = self.tag
        more: dict[str, Any] = {}
        if kind in (fz.nap, fz.task) and self.flag(8):
            more["capacity"] = "seats"
        if kind in (fz.work, fz.plain, fz.nap, fz.task) and self.flag(3):
            more["disabled"] = True
        if kind in (fz.nap, fz.around) and not self.confluent and self.flag(15):
            more["timeout"] = self.pick((0.0, 0.5, 1.0))
        node = self.wf.add(kind, id=f"{kind.name.split('.')[1]}_{len(self.wf._nodes)}", **given, **more)
        for name, port in wires.items():
            port >> node[name]
        return node

    def then(self, place: Place, ins: list[Port], kind: nf.NodeType, reads: str = "", **given: Any) -> Placed:
        node = self.add(place, kind, reads, **given)
        for port in ins:
            port >> node["enter"]
        return node

    def readable(self, place: Place, node: Placed, socket: str, *, whole: bool = False, safe: bool = True) -> Readable:
        found = Readable(node[socket], whole, safe)
        place.env.append(found)
        return found

    # --- values ---

    def value(self, place: Place, *, whole: bool = False, fresh: bool = False) -> Readable | int:
        """Something to read: what is there, a new data node over it, or a literal."""
        known = [r for r in place.env if not whole or r.whole]
        choice = self.number(0, 9)
        if known and choice < 4 and not fresh:
            return known[max(len(known) - 1 - self.number(0, 7), 0)]
        if (choice < 8 and self.room > 0) or fresh:
            return self.data(place)
        return self.number(0, 9)

    def data(self, place: Place) -> Readable:
        kinds = [fz.mix, fz.mix, fz.mix, fz.amix, fz.choose, fz.fresh, fz.as_float, fz.as_text, variables.get]
        if not self.confluent:
            kinds.append(fz.random)
        if self.flag(2):
            kinds = [fz.risky]
        kind = self.pick(kinds)
        if kind is variables.get:
            return self.variable(place)
        before = len(place.env)
        if kind in (fz.as_float, fz.as_text):
            node = self.add(place, kind)
            whole = [r for r in place.env if r.whole]
            if whole:
                self.pick(whole).port >> node["a"]
        else:
            reads = {fz.mix: "a b", fz.choose: "a b c", fz.random: ""}.get(kind, "a")
            given = {"seconds": self.pick(NAPS)} if kind is fz.amix else {}
            node = self.add(place, kind, reads, **given)
        safe = kind is not fz.risky and all(r.safe for r in place.env[:before])
        return self.readable(place, node, "result", whole=kind in (fz.mix, fz.amix, fz.choose, fz.fresh), safe=safe)

    def variable(self, place: Place) -> Readable:
        names = ["v0", "v1"] if self.confluent else ["v0", "v1", "shared"]
        node = self.add(place, variables.get, name=self.pick(names))
        if self.confluent and self.flag(10):
            self.feed(place, self.add(place, fz.pick, "a"), node, "name")
        return self.readable(place, node, GET)

    def feed(self, place: Place, source: Placed, node: Placed, socket: str) -> None:
        source["result"] >> node[socket]

    def some(self, place: Place, most: int) -> Placed:
        """A list that is rarely empty."""
        return self.add(place, fz.items, "a", least=0 if self.flag(10) else 1, most=most)

    def condition(self, place: Place) -> Placed:
        return self.add(place, fz.odd, "a")

    # --- statements ---

    def block(self, place: Place, ins: list[Port], most: int = 3) -> list[Port]:
        """A few statements one after the other."""
        for _ in range(self.number(1, most)):
            if not ins or self.room <= 0:
                break
            ins = self.statement(place, ins)
        return ins

    def statement(self, place: Place, ins: list[Port]) -> list[Port]:
        if place.depth >= 6 or place.times > MOST_OFTEN or self.room < 4:
            return self.pick(SIMPLE)(self, place, ins)
        group = self.number(0, 99)
        if place.depth < 5 and group < (75 if place.depth < 2 else 45):
            return self.pick(OPENING)(self, place, ins)
        if group < 88:
            return self.pick(NESTING)(self, place, ins)
        return self.pick(SIMPLE)(self, place, ins)

    def act(self, place: Place, ins: list[Port]) -> list[Port]:
        kinds = [fz.work, fz.work, fz.plain, fz.task, fz.nap, fz.nap, fz.nap, fz.nap, fz.count, fz.Handle]
        kinds += [fz.fail_if, fz.fail_late] if self.flag(35) else []
        if not self.confluent:
            kinds += [fz.count_all, fz.stubborn]
        kind = self.pick(kinds)
        given = {"seconds": self.pick(NAPS)} if any(s.name == "seconds" for s in kind.data_ins) else {}
        reads = " ".join(s.name for s in kind.data_ins if s.name in "ab")
        if kind is fz.fail_if:
            given["one_in"] = self.pick((2, 5, 20))
        node = self.then(place, ins, kind, reads, **given)
        if kind in (fz.plain, fz.Handle):
            self.readable(place, node, "result", whole=True, safe=False)
        elif kind not in (fz.fail_if, fz.fail_late, fz.stubborn):
            self.readable(place, node, "out", whole=True)
        return [node["exit"]]

    def set_variable(self, place: Place, ins: list[Port]) -> list[Port]:
        names = ["v0", "v1"] if self.confluent else ["v0", "v1", "shared", "shared"]
        if self.flag(40):
            node = self.then(place, ins, variables.update, op="set", name=self.pick(names))
            self.wire_value(place, node, "value")
            self.readable(place, node, "value", safe=False)
        else:
            node = self.then(place, ins, variables.set_, name=self.pick(names))
            self.wire_value(place, node, "value")
        return [node["exit"]]

    def wire_value(self, place: Place, node: Placed, socket: str) -> None:
        found = self.value(place)
        if not isinstance(found, Readable):
            found = self.value(place, fresh=True)
        assert isinstance(found, Readable)
        found.port >> node[socket]

    def set_output(self, place: Place, ins: list[Port]) -> list[Port]:
        node = self.then(place, ins, flow.set_output, self.pick(("y", "z", "y z")))
        return [node["exit"]]

    def tell(self, place: Place, ins: list[Port]) -> list[Port]:
        return [self.then(place, ins, flow.print, "value", label="p")["exit"]]

    def leave(self, place: Place, ins: list[Port]) -> list[Port]:
        """Something after which nothing follows here."""
        ways = ["return"] + (["break", "continue"] * 2 if place.loop else []) + (["arrive"] if place.join else [])
        way = self.pick(ways)
        if way == "arrive":
            assert place.join is not None
            for port in ins:
                port >> place.join["enter"]
        elif way == "return":
            self.then(place, ins, flow.return_, "y")
        else:
            self.then(place, ins, flow.break_ if way == "break" else flow.continue_)
        return []

    def maybe_leave(self, place: Place, ins: list[Port]) -> list[Port]:
        if place.depth == 0 or self.flag(30):
            return self.act(place, ins)
        return self.leave(place, ins)

    # --- statements with statements inside, in the same flow thread ---

    def choose(self, place: Place, ins: list[Port]) -> list[Port]:
        if self.flag(60):
            node = self.then(place, ins, flow.if_)
            self.feed(place, self.condition(place), node, "condition")
            names = ["true", "false"]
        else:
            node = self.then(place, ins, flow.switch, cases=[0, 1, 2][: self.number(1, 3)])
            self.feed(place, self.add(place, fz.third, "a"), node, "value")
            names = [*map(str, node.workflow._nodes[node.id]["options"]["cases"]), "default"]
        ends = []
        for name in names:
            ends += self.block(place.inner(), [node[name]], 2) if self.flag(70) else [node[name]]
        return ends

    def loop(self, place: Place, ins: list[Port]) -> list[Port]:
        times = self.pick((2, 1, 3, 0))
        kind = self.pick((flow.for_, flow.for_each, flow.for_range, flow.while_, flow.do_while, flow.repeat_until))
        if kind in (flow.while_, flow.do_while, flow.repeat_until) and self.counters < 4:
            return self.counted(place, ins, kind, times)
        kind = kind if kind in (flow.for_, flow.for_each, flow.for_range) else flow.for_
        if kind is flow.for_:
            node = self.then(place, ins, kind, times=times)
        elif kind is flow.for_range:
            node = self.then(place, ins, kind, start=2 * times, stop=0, step=-2)
        else:
            node = self.then(place, ins, kind)
            self.feed(place, self.some(place, max(times, 1)), node, "items")
        inner = place.inner(loop=True, times=place.times * max(times, 1))
        self.readable(inner, node, "index", whole=True, safe=False)
        self.block(inner, [node["body"]])
        return [node["exit"]]

    def counted(self, place: Place, ins: list[Port], kind: nf.NodeType, times: int) -> list[Port]:
        """A loop whose condition reads a variable that its body changes."""
        name = f"i{self.counters}"
        self.counters += 1
        zero = self.then(place, ins, variables.set_, name=name, value=0)
        node = self.then(place, [zero["exit"]], kind)
        value = self.add(place, variables.get, name=name)
        test = self.add(place, logic.less, b=times)
        value[GET] >> test["a"]
        if kind is flow.repeat_until:
            not_ = self.add(place, logic.not_)
            test["result"] >> not_["value"]
            test = not_
        test["result"] >> node["condition"]
        inner = place.inner(loop=True, times=place.times * max(times, 1))
        one_more = self.then(inner, [node["body"]], variables.update, name=name, op="add", value=1)
        self.readable(inner, one_more, "value", whole=True, safe=False)
        self.block(inner, [one_more["exit"]])
        return [node["exit"]]

    def again(self, place: Place, ins: list[Port]) -> list[Port]:
        """A wire back to an earlier node."""
        times = self.number(1, 2)
        inner = place.inner(times=place.times * (times + 1))
        first = self.then(inner, ins, fz.work, "a b")
        self.readable(inner, first, "out", whole=True)
        ends = self.block(inner, [first["exit"]], 2)
        if not ends:
            return []
        node = self.then(inner, ends, fz.again, times=times)
        node["back"] >> first["enter"]
        return [node["exit"]]

    def guard(self, place: Place, ins: list[Port]) -> list[Port]:
        catches = self.pick(([], [], ["Boom"], ["LookupError"], ["FanInIncomplete"]))
        node = self.then(place, ins, flow.try_, catches=catches)
        self.block(place.inner(), [node["body"]])
        if self.flag(60):
            inner = place.inner()
            self.readable(inner, node, "error")
            self.block(inner, [node["catch"]], 2)
        if self.flag(50):
            self.block(place.inner(loop=False, join=None), [node["finally"]], 1)
        self.readable(place, node, "error")
        return [node["exit"]]

    def sequence(self, place: Place, ins: list[Port]) -> list[Port]:
        steps = ["one", "two", "three"][: self.number(2, 3)]
        node = self.then(place, ins, flow.sequence, steps=steps)
        ends = []
        for step in steps:
            ends = self.block(place.inner(), [node[step]], 2)
        return ends

    def aside(self, place: Place, ins: list[Port]) -> list[Port]:
        """Several targets on one output: what stands first runs to its end first."""
        self.block(place.inner(), ins, 2)
        return self.act(place, ins)

    def around(self, place: Place, ins: list[Port]) -> list[Port]:
        kind = self.pick((fz.around, fz.tidy, fz.lazy))
        if kind is fz.lazy:
            node = self.then(place, ins, kind, "first second")
        else:
            node = self.then(place, ins, kind, "a", seconds=self.pick(NAPS))
        self.block(place.inner(), [node["body"]])
        if kind is not fz.tidy:
            self.readable(place, node, "out", whole=True)
        return [node["exit"]]

    def timed(self, place: Place, ins: list[Port]) -> list[Port]:
        if self.confluent:
            return self.around(place, ins)
        node = self.then(place, ins, flow.timeout, seconds=self.pick((0.0, 0.5, 1.5, 3.0)))
        self.block(place.inner(), [node["body"]])
        if self.flag(40):
            self.block(place.inner(), [node["expired"]], 1)
        return [node["exit"]]

    # --- statements that open contexts ---

    def fan_out(self, place: Place, ins: list[Port]) -> list[Port]:
        names = ["a", "b", "c", "d"][: self.number(2, 4)]
        node = self.then(
            place, ins, flow.fan_out, branches=names, errors=self.pick(("fail_fast", "collect")),
            parallel=self.pick((None, None, None, 1, 2)),
        )  # fmt: skip
        if self.flag(20):
            for name in names[: self.number(1, len(names))]:
                self.block(place.thread(), [node[name]], 2)
            return [node["joined"]]
        many = self.flag(25)
        merge = self.pick(("list", "list", "dict", "first", "concat", "merge"))
        join: Any = "all"
        if not self.confluent and self.flag(40):
            join = self.pick(("any", {"quorum": 1}, {"quorum": 2}))
        missing = self.pick(("skip", "skip", "none", "none", "none", "error"))
        fan_in = self.add(
            place, flow.fan_in, merge=merge, join=join, missing=missing, arrivals="many" if many else "one",
            prefer=self.pick(("error", "first", "last")),
        )  # fmt: skip
        if self.flag(30):
            self.wire_value(place, fan_in, "value")
        for name in names:
            self.branch(place, node, fan_in, name, merge, many, missing)
        self.readable(place, fan_in, "merged")
        self.readable(place, fan_in, "errors")
        return [fan_in["exit"]]

    def branch(
        self, place: Place, node: Placed, fan_in: Placed, name: str, merge: str, many: bool, missing: str
    ) -> None:
        inner = place.thread(join=fan_in)
        ends = [node[name]]
        if self.flag(85):
            ends = self.block(inner, ends)
        if self.flag(90 if missing == "error" else 75) or name in "ab":
            for port in ends:
                port >> fan_in["enter"]
        if self.flag(75) or merge in ("concat", "merge"):
            if merge in ("concat", "merge") and not many:
                kind = fz.as_list if merge == "concat" else fz.as_dict
                self.feed(inner, self.add(inner, kind, "a"), fan_in, name)
            else:
                self.wire_value(inner, fan_in, name)

    def batch(self, place: Place, ins: list[Port]) -> list[Port]:
        most, size = self.pick((3, 4, 2, 1)), self.pick((1, 1, 2))
        node = self.then(
            place, ins, flow.batch, size=size, parallel=self.pick((3, 2, 1)),
            errors=self.pick(("fail_fast", "collect")),
            missing=self.pick(("skip", "skip", "none", "none", "error")),
        )  # fmt: skip
        self.feed(place, self.some(place, most), node, "items")
        inner = place.thread(times=place.times * most)
        self.readable(inner, node, "index", whole=True, safe=False)
        self.readable(inner, node, "slice", safe=False)
        if size == 1:
            self.readable(inner, node, "item", whole=True, safe=False)
        if self.flag(90):
            self.block(inner, [node["process"]])
        if self.flag(80):
            self.wire_value(inner, node, "result")
            self.readable(place, node, "results", safe=False)
        self.readable(place, node, "errors")
        return [node["continue"]]

    def gosub(self, place: Place, ins: list[Port]) -> list[Port]:
        own = not self.recursive and place.times <= 2 and place.depth and not place.listening and self.flag(35)
        able = [callee for callee in self.callees if callee.cost * place.times <= 120]
        if own:
            return self.recurse(place, ins)
        if not able:
            return self.fan_out(place, ins) if self.flag(50) else self.batch(place, ins)
        callee = self.pick(able)
        node = self.then(
            place, ins, flow.gosub, "x", workflow=callee.name, n=self.number(0, 2) if callee.recursive else 1
        )
        self.cost += callee.cost * place.times
        self.readable(place, node, "y")
        return [node["exit"]]

    def recurse(self, place: Place, ins: list[Port]) -> list[Port]:
        """Call oneself with one less, as long as there is something left."""
        self.recursive = True
        test = self.add(place, logic.less, a=0)
        self.wf.inputs["n"] >> test["b"]
        node = self.then(place, ins, flow.if_)
        test["result"] >> node["condition"]
        less = self.add(place, math.subtract, b=1)
        self.wf.inputs["n"] >> less["a"]
        call = self.then(place, [node["true"]], flow.gosub, "x", workflow=self.name)
        less["result"] >> call["n"]
        return [call["exit"], node["false"]]

    def stream(self, place: Place, ins: list[Port]) -> list[Port]:
        concurrent = self.flag(75)
        items = self.pick((2, 3, 1, 0))
        node = self.then(
            place, ins, fz.emit_many if self.flag(50) else fz.emit, items=items, seconds=self.pick(NAPS),
            mode="concurrent" if concurrent else "sequential", max_in_flight=self.pick((3, 2, 1)),
            errors=self.pick(("fail_fast", "collect")),
        )  # fmt: skip
        if not concurrent:
            inner = place.inner(loop=False, times=place.times * max(items, 1))
        else:
            inner = place.thread(times=place.times * max(items, 1))
        self.readable(inner, node, "item", whole=True, safe=False)
        self.readable(inner, node, "out", whole=True)
        self.block(inner, [node["on_item"]])
        if self.flag(50):
            self.block(place.inner(loop=False), [node["completed"]], 2)
        return [node["exit"]]

    def scatter(self, place: Place, ins: list[Port]) -> list[Port]:
        times = self.pick((2, 3, 1, 0))
        node = self.then(
            place, ins, fz.scatter, times=times, errors=self.pick(("fail_fast", "collect")),
            parallel=self.pick((None, 1, 2)),
        )  # fmt: skip
        inner = place.thread(times=place.times * max(times, 1))
        self.readable(inner, node, "number", whole=True, safe=False)
        self.readable(inner, node, "out", whole=True)
        self.block(inner, [node["each"]])
        if self.flag(60):
            self.wire_value(inner, node, "result")
        self.readable(place, node, "found")
        return [node["exit"]]

    def trigger(self, place: Place, ins: list[Port]) -> list[Port]:
        if place.listening:
            return self.act(place, ins)
        self.cost += 8 * place.times
        return [self.then(place, ins, events.trigger, "payload", event="ring")["exit"]]

    # --- workflows ---

    def workflow(self, *, least: int = 1) -> Flow:
        base = [Readable(self.wf.inputs["x"], False, True), Readable(self.wf.inputs["n"], True, True)]
        if self.flag(35):
            for _ in range(self.number(1, 2)):
                place = Place([*base], depth=4, listening=True)
                node = self.add(place, events.listen, event="ring")
                self.readable(place, node, "payload")
                self.block(place, [node["exit"]], 2)
        for entry in range(self.pick((1, 1, 1, 2, 3))):
            place = Place([*base])
            ins = [self.add(place, flow.start)["exit"]]
            if entry == 0:
                ins = [self.then(place, ins, flow.set_output, "y", z=0)["exit"]]
            for _ in range(least if entry == 0 else 0):
                ins = self.pick(OPENING)(self, place, ins)
            self.block(place, ins)
        return Flow(self.name, self.cost * (7 if self.recursive else 1), self.recursive)


Statement = Callable[[Pen, Place, list[Port]], list[Port]]
SIMPLE: tuple[Statement, ...] = (
    Pen.act, Pen.act, Pen.act, Pen.act, Pen.act, Pen.set_variable, Pen.set_output, Pen.tell, Pen.maybe_leave,
)  # fmt: skip
NESTING: tuple[Statement, ...] = (
    Pen.choose, Pen.loop, Pen.loop, Pen.again, Pen.guard, Pen.guard, Pen.sequence, Pen.aside, Pen.around, Pen.timed,
)  # fmt: skip
OPENING: tuple[Statement, ...] = (
    Pen.fan_out, Pen.fan_out, Pen.fan_out, Pen.batch, Pen.batch, Pen.gosub, Pen.gosub, Pen.stream, Pen.scatter,
    Pen.trigger,
)  # fmt: skip


@st.composite
def documents(draw: Any, confluent: bool | None = None, room: int = 45) -> Drawn:
    """A document of one to three workflows, of which the first calls the others."""
    if confluent is None:
        confluent = draw(st.booleans())
    callees: list[Flow] = []
    made: list[nf.Workflow] = []
    for name in ["low", "mid"][: draw(st.integers(1, 2))]:
        pen = Pen(draw, name, callees, confluent=confluent, room=room // 3)
        callees = [*callees, pen.workflow()]
        made.append(pen.wf)
    pen = Pen(draw, "main", callees, confluent=confluent, room=room)
    pen.workflow(least=2)
    return Drawn(nf.Document(pen.wf, *made), confluent)


schedules = st.lists(st.integers(0, 2**16), max_size=24)
"""What trio's shuffle is fed from; empty: no shuffling."""


def errors_of(drawn: Drawn) -> list[nf.Finding]:
    return [f for f in nf.validate(drawn.document, REGISTRY) if f.severity is nf.Severity.ERROR]
