"""What can be wrong with a document that loads: a table of codes, and one function per rule.

A rule looks at one workflow and yields what it found; `CHECKS` gives it its code and severity, and the docs'
table of codes is made of it. Rules are conservative: an error is one in every run that gets there.
To add one: a function and a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import chain
from typing import Any, Final

from attrs import define, frozen

from nodeflow import files
from nodeflow.dataflow import DataFlow, find_data_flow, is_data, show_cycle
from nodeflow.linking import LinkedDocument, LinkedNode, LinkedWorkflow, link
from nodeflow.model import INPUTS, UNSET, Document, Finding, Severity
from nodeflow.node import Jump
from nodeflow.pairing import JOINED, Kind, Problem, is_join, threads_of
from nodeflow.regions import Region, Regions, find_regions
from nodeflow.registry import Registry
from nodeflow.signature import Role
from nodeflow.sockets import Pull, Refers, Socket
from nodeflow.values import ANY, Fit, SocketType, fit
from nodeflow.visibility import Visibility, Written, variables_of

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING
INFO: Final = Severity.INFO


@frozen
class Found:
    """What a rule yields: a message in plain words and where it belongs."""

    message: str
    node: LinkedNode | None = None
    socket: str | None = None


@define(eq=False, repr=False, slots=False)
class Subject:
    """One workflow under examination; what several rules need is found once."""

    linked: LinkedDocument
    workflow: LinkedWorkflow

    @cached_property
    def regions(self) -> Regions:
        return find_regions(self.workflow)

    @cached_property
    def flow(self) -> DataFlow:
        return find_data_flow(self.workflow)

    @cached_property
    def visibility(self) -> Visibility | None:
        """None where regions or data flow are not sound: what it said there would only confuse."""
        if self.regions.problems or self.flow.cycles:
            return None
        return Visibility(self.workflow, self.regions, self.flow)

    @property
    def nodes(self) -> Iterator[LinkedNode]:
        """Those whose type is known and that are not disabled."""
        return (node for node in self.workflow.nodes if node.type is not None and not node.placed.disabled)

    @cached_property
    def starts(self) -> list[LinkedNode]:
        return [*self.workflow.entries, *self.workflow.listeners()]

    def problems(self, kind: Kind) -> Iterator[Problem]:
        return (problem for problem in self.regions.problems if problem.kind is kind)


Rule = Callable[[Subject], Iterable[Found]]


@frozen
class Check:
    """A row of the table of codes. Without a rule, the code comes from reading files or from linking."""

    code: str
    severity: Severity
    title: str
    rule: Rule | None = None


def validate(document: Document, registry: Registry) -> list[Finding]:
    """All that is wrong with a document, or worth knowing: of linking first, then in document order."""
    return check(link(document, registry))


def check(linked: LinkedDocument) -> list[Finding]:
    """The findings of linking, and those of all rules."""
    findings = [*linked.findings, *_check_entry(linked)]
    for workflow in linked.workflows.values():
        subject = Subject(linked, workflow)
        found = []
        for row in CHECKS:
            for each in row.rule(subject) if row.rule is not None else ():
                index = -1 if each.node is None else each.node.index
                node = None if each.node is None else each.node.id
                finding = Finding(row.code, row.severity, each.message, "", workflow.name, node, each.socket)
                found.append((index, finding))
        findings += [finding for _, finding in sorted(found, key=_index)]
    return findings


def _index(found: tuple[int, Finding]) -> int:
    return found[0]


# --- data -----------------------------------------------------------------------------------------------


def data_cycles(at: Subject) -> Iterator[Found]:
    for cycle in at.flow.cycles:
        node, name = cycle[-1]
        says = "data nodes that wait for each other: an exec node between them would break the cycle"
        yield Found(f"{show_cycle(cycle)}: {says}", node, name)


def missing_inputs(at: Subject) -> Iterator[Found]:
    wired = {(wire.to_node, wire.to_socket) for wire in at.workflow.model.connections}
    for node in at.nodes:
        for name, socket in node.data_ins.items():
            given = socket.default is not UNSET or name in node.literals or name in node.placed.values
            if not given and socket.pull in (Pull.EAGER, Pull.LAZY) and (node.id, name) not in wired:
                yield Found(f"nothing is connected to {name!r}, and it has no value and no default", node, name)


def impossible_types(at: Subject) -> Iterator[Found]:
    for node, name, source, target in _typed_wires(at):
        if fit(source, target) is Fit.IMPOSSIBLE:
            read = _show_source(node, name)
            says = f"{name!r} takes {target}, but {read} gives {source}; no conversion between them exists"
            yield Found(says, node, name)


def narrowing_types(at: Subject) -> Iterator[Found]:
    for node, name, source, target in _typed_wires(at):
        if fit(source, target) is Fit.CONVERTS and may_fail(source, target):
            read = _show_source(node, name)
            says = f"{name!r} takes {target}, but {read} gives {source}: not every value of it can be converted"
            yield Found(says, node, name)


def _typed_wires(at: Subject) -> Iterator[tuple[LinkedNode, str, SocketType, SocketType]]:
    for node in at.nodes:
        for name, (source, output) in node.sources.items():
            out = (at.workflow.inputs if source is None else source.data_outs).get(output)
            into = node.data_ins.get(name)
            if out is not None and into is not None:
                yield node, name, out.type, into.type


_CERTAIN: Final = {
    ("int", "float"), ("int", "text"), ("float", "text"), ("bool", "text"), ("none", "text"),
    ("list", "tuple"), ("tuple", "list"),
}  # fmt: skip
"""Conversions that every value survives (an int that is too large for a float aside)."""


def may_fail(source: SocketType, target: SocketType) -> bool:
    """Whether it can be told from the types that some value does not convert; of `any` nothing can be told.

    >>> from nodeflow.values import FLOAT, INT, TEXT
    >>> may_fail(FLOAT, INT), may_fail(INT, FLOAT), may_fail(FLOAT, TEXT), may_fail(ANY, INT)
    (True, False, False, False)
    """
    if ANY in (source, target) or fit(source, target) is Fit.FITS:
        return False
    if source.members:
        found = [fit(member, target) for member in source.members]
        if Fit.FITS in found:  # as `int | float` does for an int: more often right than wrong
            return Fit.IMPOSSIBLE in found
        return any(may_fail(member, target) for member in source.members)
    if target.members:
        return all(may_fail(source, member) for member in target.members)
    if source.kind != target.kind and (source.kind, target.kind) not in _CERTAIN:
        return True
    return target.inner is not None and may_fail(source.inner or ANY, target.inner)


def hidden_values(at: Subject) -> Iterator[Found]:
    for node, name, written in at.visibility.hidden_reads() if at.visibility else ():
        yield Found(_hidden(at, node, name, written), node, name)


def _hidden(at: Subject, node: LinkedNode, name: str, written: Written) -> str:
    regions = [at.regions.all[i] for i in written.place.regions] or at.regions.of_node(written.node)
    inside = _show_region(regions[0])
    opener = regions[0].opener
    if opener is not None and opener.index in at.regions.join_of:
        way = f"wire it into the fan-in {at.regions.join_of[opener.index].id!r} and read that"
    elif opener is not None and (result := _result_of(opener)):
        way = f"wire it into {opener.id}.{result} and read what comes of that"
    else:
        way = "collect it with a fan-in or a result input"
    return (
        f"{name!r} reads {written.node.id}.{written.socket}, which is only written in {inside}; {node.id!r} "
        f"never runs there and can never see it. To get it out, {way}, or use an output of the workflow or a "
        "`shared` variable"
    )


def _result_of(opener: LinkedNode) -> str | None:
    return next((name for name, socket in opener.data_ins.items() if socket.pull is Pull.RESULT), None)


def _show_region(region: Region) -> str:
    if region.opener is None:
        return f"the flow thread of {region.start.id!r}" if region.start is not None else "another flow thread"
    return f"the flow threads that {region.opener.id}.{region.output} starts"


def early_reads(at: Subject) -> Iterator[Found]:
    for node, name, writer, output in at.visibility.early_reads() if at.visibility else ():
        if not at.regions.runs(writer):
            says = "which never runs"
        elif writer is node:
            says = "its own output, before it has run once"
        else:
            says = f"which cannot have run before {node.id!r} in this flow thread"
        yield Found(f"{name!r} reads {writer.id}.{output}, {says}: there will be no value", node, name)


def unread_data(at: Subject) -> Iterator[Found]:
    read = {node.index for node in at.workflow.nodes if node.is_exec}
    todo = [node for node in at.workflow.nodes if node.is_exec]
    while todo:
        for source, _ in todo.pop().sources.values():
            if source is not None and source.index not in read:
                read.add(source.index)
                todo.append(source)
    for node in at.nodes:
        if is_data(node) and node.index not in read:
            yield Found("no exec node reads this data node, so it is never evaluated", node)


def lost_variables(at: Subject) -> Iterator[Found]:
    local = {name for name, (_, _, scope) in at.workflow.variables.items() if scope == "local"}
    if not local or at.visibility is None:
        return
    for node, name, writer, opener in at.visibility.lost_writes(local):
        yield Found(
            f"reads the variable {name!r} behind {opener.id!r}, in whose flow threads {writer.id!r} sets "
            "it: it is `local`, so what they set stays with them. Declare it `shared`, or bring the value "
            "out through the join",
            node,
        )


# --- control --------------------------------------------------------------------------------------------


def unreachable_nodes(at: Subject) -> Iterator[Found]:
    if not at.starts:
        return
    reached = {node.index for node in at.starts}
    todo = list(at.starts)
    while todo:
        for target, _ in chain.from_iterable(todo.pop().targets.values()):
            if target.index not in reached:
                reached.add(target.index)
                todo.append(target)
    for node in at.nodes:
        if node.is_exec and node.index not in reached:
            yield Found("no wire leads here from an entry node or a listener, so it never runs", node)


def no_start(at: Subject) -> Iterator[Found]:
    if not at.starts:
        yield Found("nothing starts in this workflow: it needs an entry node, like `flow.start`, or a listener")


def stray_jumps(at: Subject) -> Iterator[Found]:
    jumps = [
        node
        for node in at.nodes
        if node.type is not None and node.type.jump in (Jump.BREAK, Jump.CONTINUE) and at.regions.runs(node)
    ]
    inside = _inside_loops(at) if jumps else set()
    for node in jumps:
        if node.index not in inside:
            assert node.type is not None
            assert node.type.jump is not None
            yield Found(
                f"`{node.type.jump.value}` without a loop waiting in its own flow thread: wire it behind the "
                "body of a loop; it cannot leave a branch, a slice or an item, nor reach a loop around them",
                node,
            )


def _inside_loops(at: Subject) -> set[int]:
    """Nodes to which some way leads from the body of a loop without leaving the flow thread."""
    found: set[int] = set()
    todo = []
    for node in at.nodes:
        if node.type is not None and node.type.loop is not None:
            todo += [target for target, _ in node.targets.get(node.type.loop[0], ()) if not is_join(target)]
    while todo:
        node = todo.pop()
        if node.index not in found:
            found.add(node.index)
            todo.extend(at.regions.steps(node))
    return found


def wires_back(at: Subject) -> Iterator[Found]:
    component = at.regions.component
    for node in at.nodes:
        for output, targets in node.targets.items():
            back = next((t for t, _ in targets[:-1] if component[t.index] == component[node.index]), None)
            if back is not None and at.regions.runs(node):
                yield Found(
                    f"the wire to {back.id!r} leads back here and is not the last of {output!r}: each round "
                    "waits for the one it starts. Connect it last, then rounds take no memory",
                    node,
                    output,
                )


def retries(at: Subject) -> Iterator[Found]:
    for node in at.nodes:
        if node.placed.retry is not None:
            says = "`retry` is kept, but this version does not repeat the node; wire a `flow.try` back to it instead"
            yield Found(says, node)


# --- concurrency ----------------------------------------------------------------------------------------


def different_fan_ins(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.DIFFERENT):
        opener, first, second = problem.nodes
        one, other = problem.sockets
        if one == other:
            says = f"branch {one!r} of {opener.id!r} can reach two fan-ins, {first.id!r} and {second.id!r}"
        else:
            says = f"branch {one!r} of {opener.id!r} reaches fan-in {first.id!r}, {other!r} {second.id!r}"
        yield Found(f"{says}: all branches of a fan-out meet in one", opener, one)


def fan_ins_from_outside(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.OUTSIDE):
        join, opener, *reached = problem.nodes
        origins = _show_origins(reached, problem)
        says = f"the fan-in {join.id!r} belongs to {opener.id!r}, but is reached {origins}"
        yield Found(f"{says}: only branches of its own fan-out may lead to it, and not from threads they start", join)


def unmatched_fan_ins(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.UNMATCHED):
        join, *reached = problem.nodes
        says = f"the fan-in {join.id!r} is reached {_show_origins(reached, problem)}, by no branch of a fan-out"
        yield Found(f"{says}: lead the branches that it is to join here", join)


def _show_origins(reached: list[LinkedNode], problem: Problem) -> str:
    origins = [
        f"from {node.id}.{output}" if output else f"from {node.id!r}"
        for node, output in zip(reached, problem.sockets, strict=True)
    ]
    return " and ".join(origins[:4]) + (f" and {len(origins) - 4} more" if len(origins) > 4 else "")


def overlapping_fan_outs(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.OVERLAP):
        join, first, second = problem.nodes
        says = f"the fan-outs {first.id!r} and {second.id!r} both reach the fan-in {join.id!r}"
        yield Found(f"{says}: each needs one of its own, and nested pairs match like brackets", join)


def threads_back(at: Subject) -> Iterator[Found]:
    for problem in at.problems(Kind.BACK):
        opener, source, target = problem.nodes
        output = f"{opener.id}.{problem.sockets[0]}"
        where = "its opener" if target is opener else f"{opener.id!r} or before it"
        way = f"the wire from {source.id!r} to {target.id!r}"
        says = f"{way} leads from the flow threads that {output} starts back to"
        yield Found(f"{says} {where}: a thread ends at a fan-in or where its wires end", source)
    yield from listeners_back(at)


def listeners_back(at: Subject) -> Iterator[Found]:
    """A listener that leads to a trigger of its own event which also stands outside of it."""
    triggers = {n.index: n for n in at.nodes if "trigger_event" in _names_in(n) and at.workflow.events}
    listeners = at.workflow.listeners() if triggers else []
    if not listeners:
        return
    outside = _reached(at.workflow.entries)
    for listener in listeners:
        event = listener.options.get(listener.type.listens or "") if listener.type is not None else None
        inside = _reached([listener])
        for index in sorted(inside & outside & triggers.keys()):
            if event in _events_of(triggers[index]):
                says = f"its wires lead back to {triggers[index].id!r}, which triggers {event!r} and so starts it"
                yield Found(
                    f"{says}: a listener ends where its wires end; use a trigger of its own to go round", listener
                )
                break


def _names_in(node: LinkedNode) -> tuple[str, ...]:
    """The names that a body's code uses."""
    function = None if node.type is None else node.type.function
    return getattr(getattr(function, "__code__", None), "co_names", ())


def _events_of(node: LinkedNode) -> set[Any]:
    options = () if node.type is None else node.type.options
    return {node.options.get(option.name) for option in options if option.refers is Refers.EVENT}


def _reached(starts: Iterable[LinkedNode]) -> set[int]:
    """Indexes of the exec nodes that any wires lead to."""
    todo, seen = list(starts), set()
    while todo:
        node = todo.pop()
        if node.index not in seen:
            seen.add(node.index)
            todo.extend(target for targets in node.targets.values() for target, _ in targets)
    return seen


def unused_joined(at: Subject) -> Iterator[Found]:
    for index, join in at.regions.join_of.items():
        opener = at.workflow.nodes[index]
        if opener.targets.get(JOINED):
            says = f"{JOINED!r} is not used, because the branches meet in {join.id!r}: connect what is to follow"
            yield Found(f"{says} to {join.id!r}", opener, JOINED)


def fan_in_inputs(at: Subject) -> Iterator[Found]:
    for index, opener in at.regions.opener_of.items():
        join = at.workflow.nodes[index]
        branches = threads_of(opener)
        known_names = set(branches)
        for name, socket in join.data_ins.items():
            if socket.pull is Pull.ARRIVAL and name != "value" and name not in known_names:
                known = ", ".join(map(repr, branches[:8]))
                says = f"{opener.id!r} has no branch {name!r}: the inputs of its fan-in are `value` and {known}"
                yield Found(says, join, name)


_POLICIES: Final = {
    "errors": ("fail_fast", "collect"),
    "missing": ("error", "skip", "none"),
    "arrivals": ("one", "once", "many"),
    "mode": ("sequential", "concurrent"),
}


def bad_policies(at: Subject) -> Iterator[Found]:
    for node in at.nodes:
        assert node.type is not None
        if not (node.type.is_join or node.type.opens_threads or node.type.is_stream):
            continue
        for socket in node.type.options:
            value = node.options.get(socket.name)
            right = "" if value in (UNSET, socket.default) else _right_policy(at, node, socket, value)
            if right:
                yield Found(f"{socket.name!r} is {right}, not {value!r:.60}", node, socket.name)


def _right_policy(at: Subject, node: LinkedNode, socket: Socket, value: Any) -> str:
    """What the option must be; empty if it is that."""
    if socket.name in _POLICIES and isinstance(value, str):
        return "" if value in _POLICIES[socket.name] else " or ".join(map(repr, _POLICIES[socket.name]))
    if socket.name in ("parallel", "max_in_flight") and isinstance(value, int | float | None):
        return "" if value is None or value >= 1 else "at least 1"
    if socket.name != "join" or not is_join(node):
        return ""
    right = "'all', 'any' or {'quorum': n}"
    if value in ("all", "any"):
        return ""
    if not isinstance(value, dict) or list(value) != ["quorum"]:
        return right
    number, most = value["quorum"], _most_arrivals(at, node)
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return f"{right} with n at least 1"
    return "" if number <= most else f"{right} with n at most {most}, as many as there are branches"


def _most_arrivals(at: Subject, join: LinkedNode) -> float:
    """How many branches can arrive; no limit if one branch may be started more than once."""
    opener = at.regions.opener_of.get(join.index)
    if (
        opener is None
        or join.options.get("arrivals") == "many"
        or any(out.per_thread for out in opener.data_outs.values())
    ):
        return math.inf
    return sum(bool(opener.targets.get(output)) for output in threads_of(opener))


_CALLS: Final = {
    "wait_event": "waits for an event",
    "timeout": "has a timeout",
    "move_on_after": "has a timeout",
    "fail_after": "has a timeout",
}


def exemptions(at: Subject) -> Iterator[Found]:
    found: dict[str, list[str]] = {}
    for node in at.nodes:
        for reason in _exemptions_of(at, node):
            found.setdefault(reason, []).append(node.id)
    if found:
        parts = [
            f"{reason} ({', '.join(ids[:5])}{f' and {len(ids) - 5} more' if len(ids) > 5 else ''})"
            for reason, ids in found.items()
        ]
        yield Found(f"what a run gives may depend on the order of things, because of {'; '.join(parts)}")


def _exemptions_of(at: Subject, node: LinkedNode) -> Iterator[str]:
    assert node.type is not None
    scopes = {at.workflow.variables[name][2] for name in variables_of(node) if name in at.workflow.variables}
    if any(s.refers is Refers.VARIABLE and s.name in node.sources for s in node.type.options):
        scopes |= {scope for _, _, scope in at.workflow.variables.values()}
    if scopes & {"shared", "process"}:
        yield "shared variables"
    if any(p.role is Role.STATE and p.shared for p in node.type.signature.parameters):
        yield "shared state"
    if node.type.volatile:
        yield "volatile data"
    if node.type.is_join and node.options.get("join", "all") != "all":
        yield "races between branches"
    calls = set(_names_in(node))
    says = {_CALLS[name] for name in calls & _CALLS.keys()}
    if node.placed.timeout is not None or "has a timeout" in says:
        yield "timeouts"
    if "waits for an event" in says:
        yield "waiting for events"
    if node.type.listens is not None:
        yield "events, if they are posted from outside"


# --- documents ------------------------------------------------------------------------------------------


def _check_entry(linked: LinkedDocument) -> list[Finding]:
    if linked.document.entry in linked.workflows:
        return []
    known = ", ".join(map(repr, [*linked.workflows][:8])) or "none at all"
    says = f"the entry is {linked.document.entry!r}, but no workflow is named so; there is {known}"
    return [Finding("NF501", ERROR, says)]


def unknown_workflows(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.WORKFLOW, at.linked.workflows, "a workflow of the document")


def unknown_variables(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.VARIABLE, at.workflow.variables, "a variable declared on the workflow or the document")


def unknown_events(at: Subject) -> Iterator[Found]:
    return _unknown(at, Refers.EVENT, at.workflow.events, "an event declared on the workflow or the document")


def _unknown(at: Subject, refers: Refers, known: Iterable[str], what: str) -> Iterator[Found]:
    known = set(known)
    for node in at.nodes:
        for socket in node.type.options if node.type is not None else ():
            if socket.refers is not refers or socket.name in node.sources:
                continue
            value = node.options.get(socket.name, UNSET)
            if not isinstance(value, str) or value not in known:
                given = "is not set" if value in (UNSET, None, "") else f"is {value!r:.60}"
                there = ", ".join(map(repr, sorted(known)[:8])) or "none"
                yield Found(f"{socket.name!r} {given}: it must name {what}; there is {there}", node, socket.name)


def _show_source(node: LinkedNode, name: str) -> str:
    source, output = node.sources[name]
    return f"{INPUTS if source is None else source.id}.{output}"


# --- the table of codes ---------------------------------------------------------------------------------

CHECKS: Final = (
    *(Check(code, ERROR, title) for code, title in files.CODES.items()),
    Check("NF101", ERROR, "The node type is unknown."),
    Check("NF102", ERROR, "A connection names a node that does not exist."),
    Check("NF103", ERROR, "A socket, option or input does not exist."),
    Check("NF104", ERROR, "The name of a type is unknown."),
    Check("NF105", ERROR, "A value given in the file does not fit its socket."),
    Check(
        "NF106",
        ERROR,
        "A placed node cannot be brought to the version of its type (without hook: a warning).",
    ),
    Check("NF107", ERROR, "The sockets of a node cannot be determined."),
    Check("NF108", ERROR, "A connection joins an exec socket and a data socket."),
    Check("NF109", ERROR, "An option is wired."),
    Check("NF110", ERROR, "Two wires lead into one data input."),
    Check("NF201", ERROR, "Data nodes form a cycle.", data_cycles),
    Check("NF202", WARNING, "A required input is missing.", missing_inputs),
    Check("NF203", ERROR, "A wire joins types between which no conversion exists.", impossible_types),
    Check("NF204", WARNING, "A wire joins types between which the conversion may fail.", narrowing_types),
    Check("NF205", ERROR, "A value is read where it can never be visible.", hidden_values),
    Check("NF206", WARNING, "An output is read before its node can have run.", early_reads),
    Check("NF207", INFO, "Nothing reads a data node.", unread_data),
    Check("NF208", WARNING, "A local variable is set in a concurrent scope and read behind it.", lost_variables),
    Check("NF301", INFO, "An exec node is unreachable.", unreachable_nodes),
    Check("NF302", WARNING, "Nothing starts in a workflow.", no_start),
    Check("NF303", ERROR, "A break or continue has no loop in its flow thread.", stray_jumps),
    Check("NF304", WARNING, "A wire back is not the last of its output.", wires_back),
    Check("NF305", WARNING, "A placed node's `retry` is not carried out by this version.", retries),
    Check("NF401", ERROR, "Branches of one fan-out reach different fan-ins.", different_fan_ins),
    Check("NF402", ERROR, "A fan-in is reached from outside its fan-out.", fan_ins_from_outside),
    Check("NF403", ERROR, "Two fan-outs reach one fan-in.", overlapping_fan_outs),
    Check("NF404", ERROR, "A fan-in is reached by no fan-out.", unmatched_fan_ins),
    Check("NF405", ERROR, "A flow thread leads back to its opener or before it.", threads_back),
    Check("NF406", WARNING, "The output `joined` is wired although there is a fan-in.", unused_joined),
    Check("NF407", ERROR, "An input of a fan-in is named like no branch.", fan_in_inputs),
    Check("NF408", ERROR, "An option of a node that starts or joins flow threads is wrong.", bad_policies),
    Check("NF490", INFO, "The result may depend on the schedule.", exemptions),
    Check("NF501", ERROR, "The entry names no workflow."),
    Check("NF502", ERROR, "A workflow is named that does not exist.", unknown_workflows),
    Check("NF503", ERROR, "A variable is not declared.", unknown_variables),
    Check("NF504", ERROR, "An event is not declared.", unknown_events),
)
"""All codes. The docs' table of codes is made of this."""
