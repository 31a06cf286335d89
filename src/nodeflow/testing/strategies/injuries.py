"""What can be wrong with a document: each injury adds one mistake to a valid one, and says which finding it is.

An injury is given a `Patient`: a place in a drawn workflow behind which it may add nodes and wires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import define, evolve, field, frozen

from nodeflow.model import Connection, Document, Input, PlacedNode, Retry, Workflow


@define
class Patient:
    """A workflow that is to be injured.

    Attributes:
        workflow: As it stands.
        here: An exec output, as node and socket, behind which something can be placed.
        wholly: What is to be changed of the document as a whole, besides its workflows.
    """

    workflow: Workflow
    here: tuple[str, str]
    wholly: dict[str, Any] = field(factory=dict)

    def add(self, kind: str, options: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Place a node; returns its id. `given` are literals, or `timeout`, `retry`, `version`."""
        id = f"wrong_{sum(name.startswith('wrong_') for name in self.workflow.nodes)}"
        placing = {key: given.pop(key) for key in ("timeout", "retry", "version") if key in given}
        node = PlacedNode(id, kind, given, dict(options or {}), **placing)
        self.workflow = evolve(self.workflow, nodes={**self.workflow.nodes, id: node})
        return id

    def wire(self, source: tuple[str, str] | str, target: str, socket: str = "enter") -> None:
        """Draw a wire from an output, by its node's id from `exit`."""
        node, name = (source, "exit") if isinstance(source, str) else source
        wire = Connection(node, name, target, socket)
        self.workflow = evolve(self.workflow, connections=(*self.workflow.connections, wire))

    def follow(self, kind: str, options: Mapping[str, Any] | None = None, **given: Any) -> str:
        """Place an exec node, and wire it behind what was placed before; returns its id."""
        id = self.add(kind, options, **given)
        self.wire(self.here, id)
        self.here = (id, "exit")
        return id

    def begin(self) -> None:
        """Go on behind a start of its own, and no longer where the patient stood."""
        self.here = (self.add("flow.start"), "exit")

    def fork(self, *names: str, kind: str = "flow.fan_out", **options: Any) -> str:
        """Place a fan-out here."""
        return self.follow(kind, {"branches": list(names), **options})


Injure = Callable[[Patient], None]


@frozen
class Injury:
    """One way for a document to be wrong: the code of the finding, and what does it."""

    code: str
    name: str
    injure: Injure


INJURIES: Final[list[Injury]] = []
"""All that there are."""


def injury(code: str) -> Callable[[Injure], Injure]:
    """Declare what a function does to be a mistake that validation answers with `code`."""

    def declare(function: Injure) -> Injure:
        INJURIES.append(Injury(code, function.__name__.replace("_", " "), function))
        return function

    return declare


def injured(document: Document, workflow: str, here: tuple[str, str] | None, wound: Injury) -> Document:
    """A document with one mistake more, behind an exec output of a workflow, or behind a start of its own."""
    patient = Patient(document.workflows[workflow], here or ("", ""))
    if here is None:
        patient.begin()
    wound.injure(patient)
    workflows = [patient.workflow if w.name == workflow else w for w in document.workflows.values()]
    given = {"entry": document.entry, "variables": document.variables, "events": document.events}
    found = Document(*workflows, **{**given, **patient.wholly})
    object.__setattr__(found, "types", document.types)
    return found


# --- names, sockets, wires ---


@injury("NF101")
def an_unknown_node_type(at: Patient) -> None:
    at.follow("sample.nothing")


@injury("NF102")
def a_wire_to_no_node(at: Patient) -> None:
    at.wire(at.here, "nowhere")


@injury("NF103")
def an_unknown_socket(at: Patient) -> None:
    at.follow("sample.work", colour="blue")


@injury("NF104")
def an_unknown_type(at: Patient) -> None:
    at.workflow = evolve(at.workflow, inputs={**at.workflow.inputs, "wrong": Input("whole numbers", 1)})


@injury("NF105")
def a_literal_that_does_not_fit(at: Patient) -> None:
    at.follow("sample.nap", seconds="soon")


@injury("NF106")
def a_node_of_a_later_version(at: Patient) -> None:
    at.follow("sample.work", version=99)


@injury("NF107")
def sockets_that_collide(at: Patient) -> None:
    at.follow("flow.choose", {"conditions": ["default"]})


@injury("NF108")
def exec_joined_to_data(at: Patient) -> None:
    at.wire(at.here, at.add("sample.work"), "a")


@injury("NF109")
def an_option_that_is_wired(at: Patient) -> None:
    source, node = at.add("sample.mix"), at.follow("flow.marker")
    at.wire((source, "result"), node, "name")


@injury("NF110")
def two_wires_into_one_input(at: Patient) -> None:
    node = at.follow("sample.work")
    for _ in range(2):
        at.wire((at.add("sample.mix"), "result"), node, "a")


# --- data ---


@injury("NF201")
def a_cycle_of_data_nodes(at: Patient) -> None:
    one, other, node = at.add("sample.mix"), at.add("sample.mix"), at.follow("sample.work")
    at.wire((one, "result"), other, "a")
    at.wire((other, "result"), one, "a")
    at.wire((one, "result"), node, "a")


@injury("NF202")
def a_missing_input(at: Patient) -> None:
    at.follow("flow.while")


@injury("NF203")
def types_that_never_fit(at: Patient) -> None:
    at.wire((at.add("sample.dict"), "result"), at.follow("sample.nap"), "seconds")


@injury("NF205")
def a_value_of_a_branch_read_behind_the_branches(at: Patient) -> None:
    fork = at.fork("a")
    inside = at.add("sample.nap")
    at.wire((fork, "a"), inside)
    at.here = (fork, "joined")
    at.wire((inside, "out"), at.follow("sample.work"), "a")


@injury("NF205")
def an_item_read_behind_the_batch(at: Patient) -> None:
    batch = at.follow("flow.batch", items=[1, 2])
    at.here = (batch, "continue")
    at.wire((batch, "item"), at.follow("sample.work"), "a")


@injury("NF206")
def an_output_read_before_its_node_ran(at: Patient) -> None:
    at.begin()  # in a loop it may have run before
    first, second = at.follow("sample.work"), at.follow("sample.plain")
    at.wire((second, "result"), first, "a")


# --- control flow ---


@injury("NF303")
def a_break_across_a_flow_thread(at: Patient) -> None:
    loop = at.follow("flow.for", times=2)
    at.here = (loop, "body")
    at.here = (at.fork("a"), "a")
    at.follow("flow.break")


@injury("NF303")
def a_continue_without_a_loop(at: Patient) -> None:
    at.wire((at.follow("flow.batch", items=[1]), "process"), at.add("flow.continue"))


@injury("NF304")
def a_wire_back_that_is_not_the_last(at: Patient) -> None:
    first = at.follow("sample.work")
    again = at.follow("sample.again")
    at.wire((again, "back"), first)
    at.wire((again, "back"), at.add("sample.work"))


@injury("NF305")
def a_placed_retry(at: Patient) -> None:
    at.follow("sample.work", retry=Retry(2))


# --- parallel paths ---


@injury("NF401")
def branches_that_reach_different_fan_ins(at: Patient) -> None:
    fork = at.fork("a", "b")
    for name in "ab":
        at.wire((fork, name), at.add("flow.fan_in"))


@injury("NF402")
def a_fan_in_reached_from_outside(at: Patient) -> None:
    at.begin()  # in a branch it would be another mistake: that reaches two fan-ins
    before = at.follow("sample.work")
    fork, join = at.fork("a", "b"), at.add("flow.fan_in")
    for name in "ab":
        at.wire((fork, name), join)
    at.wire(before, join)


@injury("NF403")
def overlapping_fan_outs(at: Patient) -> None:
    """Two pairs that do not nest: the inner fan-out's branch reaches the outer one's fan-in."""
    outer, join = at.fork("a", "b"), at.add("flow.fan_in")
    at.wire((outer, "a"), join)
    at.here = (outer, "b")
    inner = at.fork("c", "d")
    for name in "cd":
        at.wire((inner, name), join)


@injury("NF403")
def two_fan_outs_with_one_fan_in(at: Patient) -> None:
    both = at.follow("flow.sequence", {"steps": ["one", "two"]})
    join = at.add("flow.fan_in")
    for step in ("one", "two"):
        at.here = (both, step)
        fork = at.fork("a", "b")
        for name in "ab":
            at.wire((fork, name), join)


@injury("NF404")
def a_fan_in_without_a_fan_out(at: Patient) -> None:
    at.begin()  # in a branch it would have one
    at.follow("flow.fan_in")


@injury("NF405")
def a_wire_back_out_of_a_branch(at: Patient) -> None:
    before = at.follow("sample.work")
    fork, inside = at.fork("a"), at.add("sample.work")
    at.wire((fork, "a"), inside)
    at.wire(inside, before)


@injury("NF405")
def a_slice_that_leads_back_to_its_batch(at: Patient) -> None:
    batch = at.follow("flow.batch", items=[1])
    at.wire((batch, "process"), batch)


@injury("NF406")
def joined_beside_a_fan_in(at: Patient) -> None:
    fork, join = at.fork("a"), at.add("flow.fan_in")
    at.wire((fork, "a"), join)
    at.wire((fork, "joined"), at.add("sample.work"))


@injury("NF407")
def an_input_of_no_branch(at: Patient) -> None:
    fork, join = at.fork("a"), at.add("flow.fan_in")
    at.wire((fork, "a"), join)
    at.wire((at.add("sample.mix"), "result"), join, "left")


@injury("NF408")
def a_quorum_of_more_than_there_are(at: Patient) -> None:
    fork, join = at.fork("a", "b"), at.add("flow.fan_in", {"join": {"quorum": 9}})
    for name in "ab":
        at.wire((fork, name), join)


@injury("NF408")
def an_unknown_policy(at: Patient) -> None:
    at.fork("a", errors="sometimes")


# --- names of workflows, variables, events ---


@injury("NF501")
def an_entry_that_does_not_exist(at: Patient) -> None:
    at.wholly["entry"] = "nowhere"


@injury("NF502")
def a_call_of_no_workflow(at: Patient) -> None:
    at.follow("flow.gosub", {"workflow": "nowhere"})


@injury("NF503")
def a_variable_that_is_not_declared(at: Patient) -> None:
    at.follow("variables.set", {"name": "nowhere"}, value=1)


@injury("NF504")
def an_event_that_is_not_declared(at: Patient) -> None:
    at.follow("events.trigger", {"event": "nowhere"})
