"""The pen that draws one workflow: a structured program is made up and wired as it goes, so it is right as it stands.

Everything that is drawn is a whole number from a small range, and the lowest always means the least: a literal, no
statement, the plainest node. So what hypothesis shrinks, gets shorter and plainer.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, TypeVar

from attrs import define, evolve
from hypothesis import strategies as st

from nodeflow.builder import Placed, Port, Workflow
from nodeflow.library import flow, variables
from nodeflow.model import Variable
from nodeflow.node import NodeType
from nodeflow.testing import sample_nodes as sample

T = TypeVar("T")

EXEMPTIONS: Final = ("races", "shared", "timeouts", "volatile")
"""What T7 leaves out, and a document may be drawn with: joins and scopes that the first satisfies; variables and
states that flow threads share; timeouts; data nodes that differ from pull to pull."""

GET: Final = variables.get.data_outs[0].name
"""What the output of `variables.get` is called."""

NAPS: Final = (0.0, 0.5, 1.0, 1.0, 2.0)
"""How many (virtual) seconds something takes: few different ones, so that much happens at once."""

MOST_OFTEN: Final = 40
"""How often a place may run at most where something that repeats is still drawn."""

DEEPEST: Final = 6
"""How many statements are nested at most."""


@define
class Readable:
    """An output that can be read: whether it is a whole number."""

    port: Port
    whole: bool = False


@define
class Place:
    """Where the pen stands.

    Attributes:
        env: What can be read there.
        loop: Whether a loop of this flow thread is around it.
        join: The fan-in of the branch that it is in.
        depth: How many statements are around it.
        times: How often it runs at most.
        listening: Whether it is in a listener, where nothing is triggered again.
    """

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
class Callee:
    """A workflow that can be called: what it costs, and whether it calls itself."""

    name: str
    cost: int
    recursive: bool


Statement = Callable[["Pen", Place, list[Port]], list[Port]]
"""Takes the exec outputs that dangle, and returns those that dangle behind it."""


class Pen:
    """Draws one workflow.

    Args:
        draw: Of hypothesis' `composite`.
        callees: The workflows that it may call.
        exempt: Which of `EXEMPTIONS` it may use.
        room: How many nodes there is room for, about.
        shared: Names of the document's variables.
    """

    def __init__(
        self,
        draw: Callable[..., Any],
        name: str,
        callees: Sequence[Callee],
        *,
        exempt: Collection[str],
        room: int,
        shared: Sequence[str] = (),
    ) -> None:
        self.draw = draw
        self.name = name
        self.callees = callees
        self.exempt = frozenset(exempt)
        self.room = room
        self.cost = 0
        self.tag = 0
        self.counters = 0
        self.recursive = False
        declared: dict[str, Any] = {f"v{i}": Variable("any", i, "local") for i in range(2)}
        declared |= {f"i{i}": Variable("int", 0, "local") for i in range(4)}
        self.names = ["v0", "v1"]
        if "shared" in exempt:
            declared["shared"] = Variable("any", 0, "shared")
            self.names += ["shared", *shared]
        self.wf = Workflow(
            name, inputs={"n": ("int", 1), "x": ("any", 5)}, outputs={"y": "any", "z": "any"}, variables=declared,
            events={"ring": "any"}, entries=self.pick(("concurrent", "sequential")),
        )  # fmt: skip

    # --- drawing ---

    def number(self, low: int, high: int) -> int:
        """From `low`, the plainest, to `high`."""
        found: int = self.draw(st.integers(low, high))
        return found

    def pick(self, options: Sequence[T]) -> T:
        """One of some; the first is the plainest."""
        return options[self.number(0, len(options) - 1)]

    def flag(self, percent: int) -> bool:
        """True that often; False is the plainest."""
        return self.number(0, 99) >= 100 - percent

    # --- placing ---

    def add(self, place: Place, kind: NodeType, reads: str = "", **given: Any) -> Placed:
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
        short = kind.name.rpartition(".")[2]
        node = self.wf.add(kind, id=f"{short}_{len(self.wf._nodes)}", **given, **self._placing(kind))
        for name, port in wires.items():
            port >> node[name]
        return node

    def _placing(self, kind: NodeType) -> dict[str, Any]:
        """What a placed node says besides its inputs."""
        found: dict[str, Any] = {}
        if kind in (sample.nap, sample.task) and self.flag(8):
            found["capacity"] = "seats"
        if kind in (sample.work, sample.plain, sample.nap, sample.task) and self.flag(3):
            found["disabled"] = True
        if kind in (sample.nap, sample.around) and "timeouts" in self.exempt and self.flag(15):
            found["timeout"] = self.pick((0.0, 0.5, 1.0))
        return found

    def then(self, place: Place, ins: list[Port], kind: NodeType, reads: str = "", **given: Any) -> Placed:
        """Place an exec node behind the outputs that dangle."""
        node = self.add(place, kind, reads, **given)
        for port in ins:
            port >> node["enter"]
        return node

    def readable(self, place: Place, node: Placed, *sockets: str, whole: bool = False) -> None:
        """From here on these outputs can be read at a place."""
        place.env.extend(Readable(node[socket], whole) for socket in sockets)

    # --- values ---

    def value(self, place: Place) -> Readable | int:
        """Something to read: a literal, what is there, or a new data node over it."""
        choice = self.number(0, 9)
        if place.env and 2 <= choice < 6:
            return place.env[max(len(place.env) - 1 - self.number(0, 7), 0)]
        if choice >= 6 and self.room > 0:
            return self.data(place)
        return self.number(0, 9)

    def wire(self, place: Place, node: Placed, socket: str) -> None:
        """Wire an input to something."""
        found = self.value(place)
        if not isinstance(found, Readable):
            found = self.data(place)
        found.port >> node[socket]

    def feed(self, source: Placed, node: Placed, socket: str) -> None:
        """Wire a data node's result to an input."""
        source["result"] >> node[socket]

    def data(self, place: Place) -> Readable:
        """A new data node."""
        kinds = [sample.mix, sample.mix, sample.mix, sample.amix, sample.choose, sample.as_float, sample.as_text]
        kinds += [sample.fresh, variables.get]
        if "volatile" in self.exempt:
            kinds.append(sample.random)
        kind = sample.risky if self.flag(2) else self.pick(kinds)
        if kind is variables.get:
            return self.variable(place)
        if kind in (sample.as_float, sample.as_text):
            node = self.add(place, kind)
            whole = [r for r in place.env if r.whole]
            if whole:
                self.pick(whole).port >> node["a"]
        else:
            reads = {sample.mix: "a b", sample.choose: "a b c", sample.random: ""}.get(kind, "a")
            given = {"seconds": self.pick(NAPS)} if kind is sample.amix else {}
            node = self.add(place, kind, reads, **given)
        self.readable(place, node, "result", whole=kind in (sample.mix, sample.amix, sample.choose, sample.fresh))
        return place.env[-1]

    def variable(self, place: Place) -> Readable:
        """A variable that is read; now and then its name is wired."""
        node = self.add(place, variables.get, name=self.pick(self.names))
        if "shared" not in self.exempt and self.flag(10):  # a wired name may be that of any variable
            self.feed(self.add(place, sample.pick, "a"), node, "name")
        self.readable(place, node, GET)
        return place.env[-1]

    def some(self, place: Place, most: int) -> Placed:
        """A list that is rarely empty."""
        return self.add(place, sample.items, "a", least=0 if self.flag(10) else 1, most=most)

    def condition(self, place: Place) -> Placed:
        """A data node that says yes or no."""
        return self.add(place, sample.odd, "a")

    # --- statements ---

    def block(self, place: Place, ins: list[Port], most: int = 3) -> list[Port]:
        """A few statements one after the other; rarely none."""
        percent = 95
        for _ in range(most):
            if not ins or self.room <= 0 or not self.flag(percent):
                break
            ins = self.statement(place, ins)
            percent = 67
        return ins

    def statement(self, place: Place, ins: list[Port]) -> list[Port]:
        """One statement. Near the top of the workflow most open contexts."""
        simple, nesting, opening = statements()
        if place.depth >= DEEPEST or place.times > MOST_OFTEN or self.room < 4:
            return self.pick(simple)(self, place, ins)
        group = self.number(0, 99)
        opens = 80 if place.depth < 2 else 45
        if place.depth < DEEPEST - 1 and group >= 100 - opens:
            return self.pick(opening)(self, place, ins)
        if group >= 12:
            return self.pick(nesting)(self, place, ins)
        return self.pick(simple)(self, place, ins)

    def opening(self, place: Place, ins: list[Port]) -> list[Port]:
        """A statement that opens a context."""
        return self.pick(statements()[2])(self, place, ins)

    def workflow(self, *, least: int = 1) -> Callee:
        """Draw the whole of it; its first entry mostly opens at least so many contexts."""
        base = [Readable(self.wf.inputs["x"]), Readable(self.wf.inputs["n"], True)]
        if self.flag(35):
            for _ in range(self.number(1, 2)):
                self.listener([*base])
        for entry in range(self.pick((1, 1, 1, 2, 3))):
            place = Place([*base])
            ins = [self.add(place, flow.start)["exit"]]
            if entry == 0 and self.flag(90):
                ins = [self.then(place, ins, flow.set_output, "y", z=0)["exit"]]
            for _ in range(least if entry == 0 else 0):
                ins = self.opening(place, ins) if self.flag(97) else ins
            self.block(place, ins)
        return Callee(self.name, self.cost * (7 if self.recursive else 1), self.recursive)

    def listener(self, env: list[Readable]) -> None:
        """A listener of the event that `trigger` triggers."""
        from nodeflow.library import events

        place = Place(env, depth=4, listening=True)
        node = self.add(place, events.listen, event="ring")
        self.readable(place, node, "payload")
        self.block(place, [node["exit"]], 2)


def statements() -> tuple[Sequence[Statement], Sequence[Statement], Sequence[Statement]]:
    """All statements: simple ones, those with others inside, those that open contexts."""
    from nodeflow.testing.strategies import contexts, nesting  # they draw with this pen

    return nesting.SIMPLE, nesting.NESTING, contexts.OPENING
