"""Small documents for the model checker: fan-outs whose branches are, or are not, in each other's way."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.builder import Port
from nodeflow.library import events, flow, math, variables
from nodeflow.model import Variable

Steps = list[Any]
"""Names of what a branch does; a `Fan` among them is a fan-out in the branch."""

Fan = dict[str, Any]
"""`{"branches": [steps, ...], "join": "all", "errors": "fail_fast"}`; without `join` there is no fan-in."""

QUIET = ("local", "memo", "nap", "output")
LOUD = ("print", "tell")
SHARING = ("set", "add", "read", "count", "once", "semaphore", "capacity")
FAILING = ("fail", "try", "cut")
EVENTFUL = ("ring", "wait")
PLACES = ("gosub", "batch", "stream", "loop")


class Sketch:
    """Draws a `Fan` as a workflow."""

    def __init__(self) -> None:
        self.wf = nf.Workflow(
            "main", inputs={"n": ("int", 3)}, outputs={"out": "any"}, events={"bell": "any"},
            variables={"shared": Variable("any", 0, "shared"), "local": Variable("any", 0)},
        )  # fmt: skip
        self.root = self.wf.add(math.add, id="root", b=1)
        self.wf.inputs.n >> self.root["a"]
        self.counter: Any = None
        self.once: Any = None
        self.tag = 0

    def node(self, kind: Any, ins: Port, **given: Any) -> Any:
        placed = self.wf.add(kind, **given)
        ins >> placed["enter"]
        return placed

    def fan(self, fan: Fan, ins: Port) -> Port | None:
        names = [f"b{i}" for i in range(len(fan["branches"]))]
        node = self.node(flow.fan_out, ins, branches=names, errors=fan.get("errors", "fail_fast"))
        join = None
        if "join" in fan:
            join = self.wf.add(flow.fan_in, join=fan["join"], missing=fan.get("missing", "skip"))
            self.root["result"] >> join["value"]
        for name, steps in zip(names, fan["branches"], strict=True):
            end = self.steps(steps, node[name])
            if end is not None and join is not None:
                end >> join["enter"]
        return node["joined"] if join is None else join["exit"]

    def steps(self, steps: Steps, ins: Port) -> Port | None:
        end: Port | None = ins
        for step in steps:
            if end is None:
                break
            end = self.fan(step, end) if isinstance(step, dict) else getattr(self, f"step_{step}")(end)
        return end

    def value(self) -> int:
        self.tag += 1
        return self.tag

    def step_local(self, ins: Port) -> Port:
        return self.node(variables.set_, ins, name="local", value=self.value())["exit"]

    def step_set(self, ins: Port) -> Port:
        return self.node(variables.set_, ins, name="shared", value=self.value())["exit"]

    def step_add(self, ins: Port) -> Port:
        return self.node(variables.update, ins, name="shared", value=1)["exit"]

    def step_read(self, ins: Port) -> Port:
        said = self.node(flow.print, ins)
        self.wf.add(variables.get, name="shared")["value"] >> said["value"]
        return said["exit"]

    def step_tell(self, ins: Port) -> Port:
        said = self.node(flow.print, ins)
        self.wf.add(variables.get, name="local")["value"] >> said["value"]
        return said["exit"]

    def step_memo(self, ins: Port) -> Port:
        marker = self.node(variables.set_, ins, name="local")
        self.root["result"] >> marker["value"]
        return marker["exit"]

    def step_print(self, ins: Port) -> Port:
        return self.node(flow.print, ins, value=self.value())["exit"]

    def step_nap(self, ins: Port) -> Port:
        return self.node(flow.delay, ins, seconds=1.0)["exit"]

    def step_output(self, ins: Port) -> Port:
        return self.node(flow.set_output, ins, out=self.value())["exit"]

    def step_count(self, ins: Port) -> None:
        """All branches come to the same counter, and end there."""
        if self.counter is None:
            self.counter = self.node(flow.counter, ins)
            said = self.node(flow.print, self.counter["exit"])
            self.counter["count"] >> said["value"]
        else:
            ins >> self.counter["enter"]

    def step_once(self, ins: Port) -> None:
        """All branches come to the same node, which one of them passes."""
        if self.once is None:
            self.once = self.node(flow.once, ins)
            self.node(flow.print, self.once["first"], value="first")
        else:
            ins >> self.once["enter"]

    def step_semaphore(self, ins: Port) -> Port:
        guard = self.node(flow.semaphore, ins, permits=1)
        self.node(variables.update, guard["body"], name="shared", value=1)
        return guard["exit"]

    def step_capacity(self, ins: Port) -> Port:
        return self.node(flow.delay, ins, seconds=1.0, capacity="seats")["exit"]

    def step_fail(self, ins: Port) -> None:
        self.node(flow.fail, ins, message=f"no {self.value()}")

    def step_try(self, ins: Port) -> Port:
        guard = self.node(flow.try_, ins)
        self.node(flow.delay, guard["body"], seconds=1.0)
        self.node(flow.print, guard["finally"], value=self.value())
        return guard["exit"]

    def step_cut(self, ins: Port) -> Port:
        limit = self.node(flow.timeout, ins, seconds=0.5)
        self.node(flow.delay, limit["body"], seconds=1.0)
        return limit["exit"]

    def step_ring(self, ins: Port) -> Port:
        return self.node(events.trigger, ins, event="bell", payload=self.value())["exit"]

    def step_wait(self, ins: Port) -> Port:
        heard = self.node(events.wait, ins, event="bell")
        said = self.node(flow.print, heard["exit"])
        heard["payload"] >> said["value"]
        return said["exit"]

    def step_gosub(self, ins: Port) -> Port:
        call = self.node(flow.gosub, ins, workflow="low")
        said = self.node(flow.print, call["exit"])
        call["out"] >> said["value"]
        return said["exit"]

    def step_batch(self, ins: Port) -> Port:
        batch = self.node(flow.batch, ins, items=[1, 2, 3], parallel=2)
        more = self.node(variables.update, batch["process"], name="local")
        batch["item"] >> more["value"]
        more["value"] >> batch["result"]
        said = self.node(flow.print, batch["continue"])
        batch["results"] >> said["value"]
        return said["exit"]

    def step_stream(self, ins: Port) -> Port:
        stream = self.node(flow.stream, ins, items=[1, 2], mode="concurrent", max_in_flight=2)
        said = self.node(variables.set_, stream["on_item"], name="local")
        stream["item"] >> said["value"]
        return stream["exit"]

    def step_loop(self, ins: Port) -> Port:
        loop = self.node(flow.for_, ins, times=2)
        said = self.node(variables.set_, loop["body"], name="local")
        loop["index"] >> said["value"]
        return loop["exit"]


def low() -> nf.Workflow:
    """A workflow that counts in a shared variable of its own."""
    wf = nf.Workflow("low", outputs={"out": "any"}, variables={"own": Variable("int", 0, "shared")})
    more, give = wf.add(variables.update, name="own", value=1), wf.add(flow.set_output)
    wf.add(flow.start).exit >> more["enter"]
    more["exit"] >> give["enter"]
    more["value"] >> give["out"]
    return wf


def drawn(fan: Fan, behind: Steps = ()) -> nf.Document:  # type: ignore[assignment]
    """The document of a sketch."""
    sketch = Sketch()
    end = sketch.fan(fan, sketch.wf.add(flow.start)["exit"])
    if end is not None:
        sketch.steps([*behind], end)
    return nf.Document(sketch.wf, low())


def steps(*kinds: tuple[str, ...], most: int = 2) -> st.SearchStrategy[Steps]:
    return st.lists(st.sampled_from([name for kind in kinds for name in kind]), min_size=1, max_size=most)


JOINS = st.sampled_from(["all", "all", "any", {"quorum": 2}, None])


@st.composite
def fans(draw: Any, *kinds: tuple[str, ...], most: int = 2, width: int = 3, nested: bool = True) -> Fan:
    branches: list[Steps] = draw(st.lists(steps(*kinds, most=most), min_size=2, max_size=width))
    if nested and len(branches) == 2 and draw(st.booleans()):
        branches[0] = [*branches[0][:1], draw(fans(*kinds, most=1, width=2, nested=False))]
    found: Fan = {"branches": branches, "errors": draw(st.sampled_from(["fail_fast", "fail_fast", "collect"]))}
    join = draw(JOINS)
    return found if join is None else {**found, "join": join, "missing": draw(st.sampled_from(["skip", "error"]))}
