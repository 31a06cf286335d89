"""Rules about what can come of a graph in a run: a graph that has it, one that has not, and runs that show it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

import nodeflow as nf
from nodeflow.builder import Placed
from nodeflow.checking.bodies import body_of
from nodeflow.errors import FanInIncomplete
from nodeflow.library import debug as _debug  # noqa: F401 - all of the library is known
from nodeflow.library import events, flow, variables
from nodeflow.model import Connection, Document, PlacedNode, Variable, Workflow
from nodeflow.testing.simulator import Deadlock, Simulator

KINDS = {
    "if": (flow.if_, {}),
    "sequence": (flow.sequence, {"steps": ["x", "y"]}),
    "for": (flow.for_, {"times": 2}),
    "while": (flow.while_, {"condition": True}),
    "print": (flow.print, {}),
    "delay": (flow.delay, {"seconds": 1.0}),
    "try": (flow.try_, {}),
    "retry": (flow.retry, {}),
    "timeout": (flow.timeout, {}),
    "once": (flow.once, {}),
    "counter": (flow.counter, {}),
    "choose": (flow.choose, {"conditions": ["x", "y"]}),
    "gate": (flow.gate, {}),
    "debounce": (flow.debounce, {}),
    "semaphore": (flow.semaphore, {}),
    "return": (flow.return_, {}),
    "fail": (flow.fail, {}),
    "break": (flow.break_, {}),
    "fork": (flow.fan_out, {"branches": ["x", "y"]}),
    "batch": (flow.batch, {"items": [1]}),
    "stream": (flow.stream, {"items": [1, 2]}),
    "wait": (events.wait, {"event": "e"}),
    "trigger": (events.trigger, {"event": "e"}),
    "listen": (events.listen, {"event": "e"}),
    "set": (variables.set_, {"name": "v", "value": 1}),
    "add": (variables.update, {"name": "v", "value": 1, "op": "add"}),
    "append": (variables.update, {"name": "v", "value": 1, "op": "append"}),
    "increment": (variables.increment, {"name": "v"}),
}


def drawn(wires: str, fan: Any = flow.fan_out, start: str = "fan", given: Any = None, **join: Any) -> nf.Workflow:
    """`fan.a > join; if.true > join`: nodes are named like their kind, digits left out; `fan` has branches a, b."""
    wf = nf.Workflow("main", variables={"v": Variable("int", 0, "shared")}, events={"e": "any"})
    placed: dict[str, Placed] = {"start": wf.add(flow.start, id="start")}

    def node(name: str) -> Placed:
        if name not in placed:
            if name == "fan":
                placed[name] = wf.add(fan, id="fan", branches=["a", "b"], **(given or {}).get("fan", {}))
            elif name == "join":
                placed[name] = wf.add(flow.fan_in, id="join", **join)
            else:
                kind, options = KINDS[name.rstrip("0123456789")]
                placed[name] = wf.add(kind, id=name, **{**options, **(given or {}).get(name, {})})
        return placed[name]

    for part in (f"start > {start}; {wires}" if start else wires).split(";"):
        ends = [each.strip() for each in part.split(">")]
        for left, right in pairwise(ends):
            (source, _, out), (target, _, into) = left.partition("."), right.partition(".")
            if right is not ends[-1]:
                into = ""
            node(source)[out or "exit"] >> node(target)[into or "enter"]
    return wf


def found(code: str, wires: str, **more: Any) -> list[nf.Finding]:
    findings = nf.validate(drawn(wires, **more))
    assert [str(each) for each in findings if each.severity is nf.Severity.ERROR] == []
    return [each for each in findings if each.code == code]


def traces(code: str, wires: str, **more: Any) -> list[tuple[str, ...]]:
    return [each.trace for each in found(code, wires, **more)]


def fails_for_arrivals(wires: str, **more: Any) -> bool:
    """Whether a simulated run fails with `FanInIncomplete`."""
    error = Simulator(drawn(wires, **more)).run().result.error
    return isinstance(getattr(error, "__cause__", None), FanInIncomplete)


JOIN_CODES = ("NF409", "NF410", "NF411")
SOUND = [
    "fan.a > join; fan.b > join",
    "fan.a > print > join; fan.b > delay > join",
    "fan.a > if; if.true > join; if.false > print > join; fan.b > join",
    "fan.a > choose; choose.x > join; choose.y > join; choose.default > join; fan.b > join",
    "fan.a > sequence; sequence.x > print; sequence.y > join; fan.b > join",
    "fan.a > for.exit > join; for.body > print; fan.b > join",
    "fan.a > try.exit > join; try.body > print; fan.b > join",
    "fan.a > try.body > print > join; try.catch > join; fan.b > join",
    "fan.a > retry.body > print > join; fan.b > join",
    "fan.a > retry.exit > join; retry.body > print; retry.failed > join; fan.b > join",
    "fan.a > timeout.body > delay > join; timeout.expired > join; fan.b > join",
    "fan.a > timeout.exit > join; timeout.body > delay; fan.b > join",
    "fan.a > once.first > join; once.already_run > join; fan.b > join",
    "fan.a > counter > join; fan.b > join",
    "fan.a > gate.exit > join; gate.closed > join; fan.b > join",
    "fan.a > debounce.exit > join; debounce.superseded > join; fan.b > join",
    "fan.a > fork.joined > join; fork.x > print; fork.y > print2; fan.b > join",
    "fan.a > batch.continue > join; batch.process > print; fan.b > join",
    "fan.a > stream.exit > join; stream.on_item > print; fan.b > join",
    "fan.a > print > if; if.true > print; if.false > join; fan.b > join",  # a wire back
    "fan.a > fail; fan.b > join; join > print",
    "fan.a > if; if.true > join; if.false > fail; fan.b > join",
    "fan.a > while.body > break; while.exit > join; fan.b > join",
]


@pytest.mark.rule("6.6")
@pytest.mark.parametrize("wires", SOUND)
def test_sound_branches(wires: str) -> None:
    findings = nf.validate(drawn(wires))
    expected = ["NF409"] if "fan.a > fail" in wires else []
    assert [f.code for f in findings if f.severity is not nf.Severity.INFO] == expected
    assert not fails_for_arrivals(wires)


@pytest.mark.rule("6.6")
@pytest.mark.parametrize(
    ("wires", "trace"),
    [
        ("fan.a > if.true > join; fan.b > join", ("fan.a", "if.false")),
        ("fan.a > if.true > join; if.false > print; fan.b > join", ("fan.a", "if.false", "print.exit")),
        ("fan.a > if; if.true > return; if.false > join; fan.b > join", ("fan.a", "if.true", "return")),
        ("fan.a > for.body > join; fan.b > join", ("fan.a", "for.exit")),
        ("fan.a > try.body > print > join; fan.b > join", ("fan.a", "try.exit")),
        ("fan.a > once.first > join; fan.b > join", ("fan.a", "once.already_run")),
        ("fan.a > choose.x > join; choose.y > join; fan.b > join", ("fan.a", "choose.default")),
        ("fan.a > timeout.body > delay > join; fan.b > join", ("fan.a", "timeout.exit")),
        ("fan.a > while.body > if; if.true > return; if.false > break; while.exit > join; fan.b > join",
         ("fan.a", "while.body", "if.true", "return")),
    ],
)  # fmt: skip
def test_a_branch_that_may_be_missing(wires: str, trace: tuple[str, ...]) -> None:
    (finding,) = found("NF410", wires)
    assert (finding.node, finding.socket, finding.trace) == ("fan", "a", trace)
    assert " -> ".join(trace) in finding.message
    assert found("NF410", wires, missing="skip") == []
    assert found("NF410", wires, join="any") == []
    assert found("NF410", wires, fan=flow.race) == []


@pytest.mark.rule("6.6")
@pytest.mark.parametrize(
    "wires",
    [
        "fan.a > if.true > join; fan.b > join",  # `if.condition` is false by default
        "fan.a > if.true > join; if.false > return; fan.b > join",
        "fan.a > choose.x > join; choose.y > join; fan.b > join",
    ],
)
def test_a_branch_that_may_be_missing_is_missing(wires: str) -> None:
    assert found("NF410", wires)
    assert fails_for_arrivals(wires)


@pytest.mark.rule("6.5")
def test_a_quorum_that_may_not_be_reached() -> None:
    wires = "fan.a > if.true > join; fan.b > join"
    (finding,) = found("NF410", wires, join={"quorum": 2})
    assert finding.trace == ("fan.a", "if.false")
    assert fails_for_arrivals(wires, join={"quorum": 2})
    assert found("NF410", wires, join={"quorum": 1}) == []
    assert not fails_for_arrivals(wires, join={"quorum": 1})


@pytest.mark.rule("6.6")
@pytest.mark.parametrize(
    ("wires", "trace"),
    [
        ("fan.a > print; fan.b > join", ("fan.a", "print.exit")),
        ("fan.a > print > return; fan.b > join", ("fan.a", "print.exit", "return")),
        ("fan.a > if; if.true > return; if.false > print; fan.b > join", ("fan.a", "if.false", "print.exit")),
    ],
)
def test_a_branch_that_never_arrives(wires: str, trace: tuple[str, ...]) -> None:
    (finding,) = found("NF409", wires)
    assert (finding.node, finding.trace) == ("join", trace)
    assert "'a'" in finding.message
    assert fails_for_arrivals(wires)
    assert found("NF409", wires, missing="none") == []
    assert found("NF409", wires, join="any") == []
    assert not fails_for_arrivals(wires, missing="none")


@pytest.mark.rule("6.8")
def test_a_branch_that_only_fails() -> None:
    wires = "fan.a > fail; fan.b > join"
    assert traces("NF409", wires) == [("fan.a", "fail")]
    assert Simulator(drawn(wires)).run().result.status == "failed"
    collecting = {"given": {"fan": {"errors": "collect"}}}
    assert traces("NF409", wires, **collecting) == []
    assert Simulator(drawn(wires, **collecting)).run().result.status == "completed"


@pytest.mark.rule("6.5")
def test_a_quorum_that_can_never_be_reached() -> None:
    wires = "fan.a > print; fan.b > join"
    (finding,) = found("NF409", wires, join={"quorum": 2})
    assert finding.trace == ("fan.a", "print.exit")
    assert "waits for 2 arrivals, but only 1 of 2 branches can arrive" in finding.message
    assert fails_for_arrivals(wires, join={"quorum": 2})


@pytest.mark.rule("6.2")
def test_a_fan_in_that_no_branch_leads_to() -> None:
    (finding,) = found("NF409", "join > print", start="")
    assert "no branch leads to this fan-in" in finding.message
    assert found("NF409", "fan.a > join; fan.b > join > print") == []


@pytest.mark.rule("6.6")
@pytest.mark.parametrize(
    ("wires", "trace"),
    [
        (
            "fan.a > sequence; sequence.x > join; sequence.y > print > join; fan.b > join",
            ("fan.a", "sequence.x", "join.enter", "sequence.y", "print.exit", "join.enter"),
        ),
        ("fan.a > for.body > print > join; for.exit > print2; fan.b > join",
         ("fan.a", "for.body", "print.exit", "join.enter")),
        ("fan.a > for.body > join; for.exit > join; fan.b > join", ("fan.a", "for.body", "join.enter")),
        ("fan.a > print > join; print > join; fan.b > join",
         ("fan.a", "print.exit", "join.enter", "print.exit", "join.enter")),
        ("fan.a > try.body > join; try.exit > join; fan.b > join",
         ("fan.a", "try.body", "join.enter", "try.exit", "join.enter")),
        ("fan.a > stream.on_item > join; fan.b > join", ("fan.a", "stream.on_item", "join.enter")),
    ],
)  # fmt: skip
def test_a_branch_that_may_arrive_twice(wires: str, trace: tuple[str, ...]) -> None:
    given = {"stream": {"mode": "sequential"}}
    (finding,) = found("NF411", wires, given=given)
    assert (finding.node, finding.socket, finding.trace) == ("fan", "a", trace)
    assert fails_for_arrivals(wires, given=given)
    assert found("NF411", wires, given=given, arrivals="many") == []
    assert found("NF411", wires, given=given, join="any") == []
    assert not fails_for_arrivals(wires, given=given, arrivals="many")


@pytest.mark.rule("6.6")
def test_one_branch_that_fills_a_quorum() -> None:
    wires = "fan.a > for.body > join; fan.b > delay > join; join > print"
    (finding,) = found("NF412", wires, arrivals="many", join={"quorum": 2})
    assert finding.trace == ("fan.a", "for.body", "join.enter")
    run = Simulator(drawn(wires, arrivals="many", join={"quorum": 2})).run()
    assert run.result.value("join", "merged") == [[None, None]]
    assert found("NF412", wires, arrivals="many") == []


@pytest.mark.rule("6.2")
def test_a_branch_that_leads_around_its_fan_in() -> None:
    wires = "fan.a > join; fan.b > if; if.true > join; if.false > print; join > print"
    (finding,) = found("NF413", wires)
    assert (finding.socket, finding.trace) == ("b", ("if.false", "print"))
    assert "around the fan-in 'join'" in finding.message
    fork = "fan.a > print; fan.b > print2; fan.joined > print"
    assert traces("NF413", fork) == [("fan.a", "print")]
    assert len(Simulator(drawn(fork)).run().result.printed) == 3
    assert found("NF413", "fan.a > print > join; fan.b > print; join > print2") == []


# --- loops ----------------------------------------------------------------------------------------------

SPINNING = [
    ("print > print2 > print", ("print.exit", "print2.exit", "print")),
    ("print > print", ("print.exit", "print")),
    ("print > if; if.true > print; if.false > print", ("print.exit", "if.true", "print")),
    ("print > while; while.body > print2", ("while.body", "print2")),
    ("print > sequence; sequence.x > print; sequence.y > print2", ("print.exit", "sequence.x", "print")),
]


@pytest.mark.rule("2.2", "2.6")
@pytest.mark.parametrize(("wires", "trace"), SPINNING)
def test_a_loop_without_a_way_out(wires: str, trace: tuple[str, ...]) -> None:
    assert traces("NF306", wires, start="print") == [trace]
    run = Simulator(drawn(wires, start="print")).run(limits=nf.Limits(steps=500))
    assert "steps" in str(run.result.error)


@pytest.mark.parametrize(
    "wires",
    [
        "print > if; if.true > print",
        "print > if; if.true > print; if.false > return",
        "print > if; if.true > print; if.false > fail",
        "print > for; for.exit > print2",
        "print > for; for.body > print2; for.exit > print3",
        "print > while; while.body > break",
        "print > while; while.body > if; if.true > return",
        "print > while; while.body > if; if.true > fail",
        "print > once.first > print",
        "print > counter > print2",
    ],
)
def test_loops_with_a_way_out(wires: str) -> None:
    assert found("NF306", wires, start="print") == found("NF307", wires, start="print") == []


def test_a_while_that_may_end() -> None:
    for given in ({"condition": False}, {"limit": 3}):
        assert found("NF306", "while.body > print", start="while", given={"while": given}) == []


def test_a_loop_without_a_way_out_that_waits() -> None:
    for wires in ("print > delay > print", "print > while; while.body > delay"):
        assert found("NF306", wires, start="print") == []
        (finding,) = found("NF307", wires, start="print")
        assert "until the run is cancelled" in finding.message


def test_only_the_innermost_loop_is_told() -> None:
    wires = "while.body > while2; while2.body > print"
    assert [each.node for each in found("NF306", wires, start="while")] == ["while2"]


# --- nodes that let only so many in ---------------------------------------------------------------------


def deadlocks(wf: nf.Workflow) -> bool:
    """Whether some schedule of the first few leads to a deadlock."""
    for first in range(8):
        try:
            Simulator(wf).run(schedule=[first, *([1] * 20)])
        except Deadlock:
            return True
    return False


@pytest.mark.rule("4.7")
def test_a_semaphore_that_waits_for_itself() -> None:
    wires = "semaphore.body > print > if; if.false > semaphore"
    assert traces("NF308", wires, start="semaphore") == [("semaphore.body", "print.exit", "if.false")]
    assert deadlocks(drawn(wires, start="semaphore"))
    assert found("NF308", "semaphore.body > print; semaphore.exit > if; if.true > semaphore", start="semaphore") == []


@pytest.mark.rule("4.7")
def test_semaphores_that_wait_for_each_other() -> None:
    wires = "fan.a > semaphore1.body > delay > semaphore2; fan.b > semaphore3.body > delay2 > semaphore4"
    assert found("NF308", wires) == []
    crossed = "fan.a > semaphore1; fan.b > semaphore2; semaphore1.body > delay > if; if.false > semaphore2"
    crossed += "; semaphore2.body > delay2 > if2; if2.false > semaphore1"
    assert [each.node for each in found("NF308", crossed)] == ["semaphore1", "semaphore2"]
    assert deadlocks(drawn(crossed))


# --- events ---------------------------------------------------------------------------------------------


@pytest.mark.rule("9.3")
def test_a_wait_for_what_nobody_sends() -> None:
    assert traces("NF505", "wait > print", start="wait") == [("wait",)]
    with pytest.raises(Deadlock):
        Simulator(drawn("wait > print", start="wait")).run()
    both = "fan.a > wait; fan.b > delay > trigger"
    assert found("NF505", both) == []
    assert Simulator(drawn(both)).run().result.status == "completed"
    unreached = "start > wait; print > trigger"
    assert traces("NF505", unreached, start="") == [("wait",)]


@pytest.mark.rule("9.3")
def test_a_wait_for_what_is_sent_behind_it_alone() -> None:
    for wires in ("wait > print > trigger", "wait > fan.a > trigger"):
        assert traces("NF505", wires, start="wait") == [("wait", "trigger")]
        with pytest.raises(Deadlock):
            Simulator(drawn(wires, start="wait")).run()
    assert found("NF505", "trigger > wait", start="trigger") == []  # too early perhaps, but that is not sure


@pytest.mark.rule("9.3")
def test_a_listener_that_nobody_calls() -> None:
    assert [each.node for each in found("NF506", "start > print; listen > print2", start="")] == ["listen"]
    assert found("NF506", "start > trigger; listen > print2", start="") == []


@pytest.mark.rule("9.3")
def test_an_event_of_the_document_may_come_from_another_workflow() -> None:
    def of(name: str, kind: str, **declared: Any) -> Workflow:
        nodes = {"s": PlacedNode("s", "flow.start"), "n": PlacedNode("n", kind, options={"event": "e"})}
        return Workflow(name, nodes, (Connection("s", "exit", "n", "enter"),), events=declared)

    def document(**declared: Any) -> Document:
        workflows = of("main", "events.wait", **declared), of("other", "events.trigger")
        return Document(*workflows, events={"e": nf.model.Event()})

    assert "NF505" not in [each.code for each in nf.validate(document())]
    assert "NF505" in [each.code for each in nf.validate(document(e=nf.model.Event()))]


# --- shared variables -----------------------------------------------------------------------------------


@pytest.mark.rule("9.2")
@pytest.mark.parametrize(
    ("wires", "trace"),
    [
        ("fan.a > set; fan.b > set2", ("set", "set2")),
        ("fan.a > set; fan.b > add", ("set", "add")),
        ("fan.a > append; fan.b > append2", ("append", "append2")),
        ("fan.a > fork.x > set; fan.b > set2", ("set", "set2")),
        ("fan.a > batch.process > set; fan.b > print", ("set", "set")),
    ],
)
def test_concurrent_writers(wires: str, trace: tuple[str, ...]) -> None:
    (finding,) = found("NF491", wires)
    assert finding.trace == trace
    assert all(repr(name) in finding.message for name in trace)


@pytest.mark.rule("9.2")
@pytest.mark.parametrize(
    "wires",
    [
        "fan.a > add; fan.b > add2",
        "fan.a > add; fan.b > increment",
        "fan.a > set > set2; fan.b > print",
        "fan.a > set; fan.b > print; fan.joined > set2",
        "fan.a > batch.process > add",
    ],
)
def test_writers_that_are_not_concurrent_or_commute(wires: str) -> None:
    assert found("NF491", wires) == []


def test_writers_one_after_the_other() -> None:
    one = {"fan": {"parallel": 1}}
    assert found("NF491", "fan.a > set; fan.b > set2", given=one) == []


# --- bodies ---------------------------------------------------------------------------------------------


@nf.exec_node("own.hidden")
async def hidden(*, left: nf.ExecOut, right: nf.ExecOut) -> None:
    """Hands its outputs on, so that nobody can tell what becomes of them."""
    for output in (left, right):
        await output()


@nf.exec_node("own.either")
async def either(flag: bool = False, *, left: nf.ExecOut, right: nf.ExecOut) -> nf.ExecOut:
    if flag:
        return left
    return right


@nf.exec_node("own.both")
async def both(*, left: nf.ExecOut, right: nf.ExecOut) -> nf.ExecOut:
    await left()
    return right


@pytest.mark.parametrize(
    ("kind", "codes"),
    [(hidden, ["NF410", "NF411"]), (either, []), (both, ["NF411"])],
)
def test_what_an_own_body_does_is_read(kind: nf.NodeType, codes: list[str]) -> None:
    wf = nf.Workflow("main")
    fan, node, join = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(kind), wf.add(flow.fan_in)
    wf.add(flow.start) >> fan
    fan["a"] >> node["enter"]
    fan["b"] >> join["enter"]
    node["left"] >> join["enter"]
    node["right"] >> join["enter"]
    assert [f.code for f in nf.validate(wf) if f.code in JOIN_CODES] == codes


def test_a_body_without_a_source_may_do_anything() -> None:
    names: dict[str, Any] = {"nf": nf}
    exec(
        "@nf.exec_node('own.no_source')\n"
        "async def node(*, left: nf.ExecOut, right: nf.ExecOut) -> None:\n"
        "    await left()\n",
        names,
    )
    assert "Repeat" in str(body_of(names["node"]).program)
    assert "waits=True" in str(body_of(names["node"]))


def test_the_variable_of_a_document_is_shared_too() -> None:
    wf = nf.Workflow("main")
    fan = wf.add(flow.fan_out, branches=["a", "b"])
    wf.add(flow.start) >> fan
    for name in "ab":
        fan[name] >> wf.add(variables.set_, id=f"set_{name}", name="p", value=1)["enter"]
    document = nf.Document(wf, variables={"p": Variable("int", 0, "process")})
    assert "NF491" in [each.code for each in nf.validate(document)]
