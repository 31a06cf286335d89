"""Each code of the table: a document that has it and one that has not; then any document, and large ones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings

from nodeflow import files
from nodeflow.checks import CHECKS, may_fail, validate
from nodeflow.dataflow import find_data_flow
from nodeflow.library import standard_registry
from nodeflow.linking import LinkedNode, link
from nodeflow.model import (
    Connection,
    Document,
    Event,
    Finding,
    Input,
    PlacedNode,
    Retry,
    Severity,
    Variable,
    Workflow,
)
from nodeflow.pairing import is_join
from nodeflow.plan import plan
from nodeflow.regions import Region, Regions, find_regions
from nodeflow.tree import Tree
from nodeflow.values import parse_type
from nodeflow.visibility import Visibility
from sample_nodes import REGISTRY, workflow
from test_regions import programs, scribbles

CONCURRENT = {"stream": {"mode": "concurrent"}}


def check(nodes: str, wires: str = "", **more: Any) -> list[Finding]:
    return validate(Document(workflow(nodes, wires, **more)), REGISTRY)


def found(code: str, nodes: str, wires: str = "", **more: Any) -> list[str]:
    """Where a code was found: `node.socket`, `node`, or `` for the workflow."""
    findings = [each for each in check(nodes, wires, **more) if each.code == code]
    row = next(row for row in CHECKS if row.code == code)
    assert all(each.severity is row.severity and each.workflow == "main" for each in findings)
    return [".".join(filter(None, (each.node, each.socket))) for each in findings]


def says(code: str, nodes: str, wires: str = "", **more: Any) -> str:
    (finding,) = (each for each in check(nodes, wires, **more) if each.code == code)
    return finding.message


def severe(findings: list[Finding]) -> list[str]:
    return [str(each) for each in findings if each.severity is not Severity.INFO]


# --- the table ------------------------------------------------------------------------------------------


def test_codes_are_unique_and_in_order() -> None:
    codes = [row.code for row in CHECKS]
    assert codes == sorted(set(codes))


def test_the_rows_of_files_are_those_of_the_reader() -> None:
    rows = {row.code: row.title for row in CHECKS if row.code < "NF1"}
    assert rows == files.CODES


def test_each_rule_is_tested() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_checks*.py"))
    assert [row.code for row in CHECKS if row.rule is not None and f'"{row.code}"' not in text] == []


def test_findings_come_in_document_order_and_those_of_linking_first() -> None:
    findings = check("a:need b:nonsense start c:need", "start > c")
    assert [each.node for each in findings] == ["b", "a", "a", "c"]
    assert [each.code for each in findings] == ["NF101", "NF202", "NF301", "NF202"]


# --- data -----------------------------------------------------------------------------------------------


@pytest.mark.rule("4.6")
def test_data_cycles() -> None:
    wires = "a.result = b.a; b.result = a.a; b.result = do.value; start > do"
    assert says("NF201", "start do a:add b:add", wires).startswith("a.result -> b.a -> a.a: ")
    assert found("NF201", "start a:add do", "start > do; a.result = a.b; a.result = do.value") == ["a.b"]
    assert found(
        "NF201",
        "a:add b:add c:add d:add",
        "a.result = b.a; b.result = a.b; c.result = d.a; d.result = c.a; d.result = b.b",
    ) == ["b.a", "d.a"]


@pytest.mark.rule("4.6")
def test_exec_outputs_break_cycles() -> None:
    assert not found("NF201", "start loop do a:add", "start > loop.body > do; a.result = do.value; do.result = a.a")


def test_a_long_cycle_is_shown_in_short() -> None:
    ids = [f"a{i}" for i in range(50)]
    wires = "; ".join(f"{a}.result = {b}.a" for a, b in zip(ids, [*ids[1:], ids[0]], strict=True))
    message = says("NF201", " ".join(f"{a}:add" for a in ids), wires)
    assert "50 nodes in all" in message
    assert len(message) < 250


@pytest.mark.rule("3.4")
def test_missing_inputs() -> None:
    assert found("NF202", "start need", "start > need") == ["need.value"]
    assert found("NF202", "start loop", "start > loop") == ["loop.condition"]
    assert not found("NF202", "start need", "start > need", values={"need": {"value": 1}})
    assert not found("NF202", "start need", "start > need", values={"need": {"value": None}})
    assert not found("NF202", "start need add", "start > need; add.result = need.value")
    assert not found("NF202", "start do batch fan_out fan_in", "start > do > batch.continue > fan_out.a > fan_in")
    assert not found("NF202", "start need", "start > need", disabled="need")


def test_an_input_whose_wire_is_broken_is_not_missing_too() -> None:
    assert [each.code for each in check("start need", "start > need; nobody.x = need.value")] == ["NF102"]


@pytest.mark.rule("3.6")
def test_impossible_types() -> None:
    assert found("NF203", "start do name int", "start > do; name.result = int.value; int.result = do.value") == [
        "int.value"
    ]
    assert not found("NF203", "start do int text", "start > do; int.result = text.value; text.result = do.value")
    ins = {"x": Input("list"), "y": Input("any")}
    assert found("NF203", "start do int", "start > do; inputs.x = int.value; int.result = do.value", inputs=ins)
    assert not found("NF203", "start do int", "start > do; inputs.y = int.value; int.result = do.value", inputs=ins)


@pytest.mark.rule("3.6")
def test_narrowing_types() -> None:
    wires = "start > do; float.result = int.value; int.result = do.value"
    assert found("NF204", "start do float int", wires) == ["int.value"]
    assert found("NF204", "start do maybe int", wires.replace("float", "maybe")) == ["int.value"]
    assert not found("NF204", "start do int1 float", "start > do; int1.result = float.value; float.result = do.value")
    assert not found("NF204", "start do add int", wires.replace("float", "add"))


@pytest.mark.parametrize(
    ("source", "target", "fails"),
    [
        ("int", "float", False),
        ("float", "int", True),
        ("float", "text", False),
        ("any", "int", False),
        ("list", "list[int]", False),
        ("list[float]", "list[int]", True),
        ("list[text]", "list[int]", True),
        ("list[int]", "list[float]", False),
        ("list[int]", "tuple[text]", False),
        ("int | none", "int", True),
        ("int | float", "int", False),
        ("list | float", "int", True),
        ("int | none", "text", False),
        ("float", "int | text", False),
        ("int", "int | none", False),
        ("dict[float]", "dict[int]", True),
    ],
)
def test_may_fail(source: str, target: str, fails: bool) -> None:
    assert may_fail(parse_type(source), parse_type(target)) is fails


def test_unread_data() -> None:
    assert found("NF207", "start a:add b:add do", "start > do; a.result = b.a") == ["a", "b"]
    assert not found("NF207", "start a:add b:add do", "start > do; a.result = b.a; b.result = do.value")


# --- values across concurrent scopes --------------------------------------------------------------------

FORK = "start > fan_out.a > x > fan_in; fan_out.b > y > fan_in > z"
NODES = "start fan_out fan_in x:do y:do z:do add"


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("wire", "reads"),
    [
        ("x.result = z.value", ["z.value"]),  # behind the join
        ("x.result = y.value", ["y.value"]),  # in another branch
        ("x.result = add.a; add.result = z.value", ["z.value"]),
        ("x.result = add.a; y.result = add.b; add.result = fan_in.value", ["fan_in.value"]),
        ("x.result = fan_in.b", ["fan_in.b"]),
        ("x.result = fan_in.a; x.result = fan_in.value", ["fan_in.value"]),  # only `b` pulls `value`
        ("x.result = fan_in.a", []),
        ("x.result = fan_in.value", []),
        ("x.result = fan_in.a; y.result = fan_in.b; fan_in.merged = z.value", []),
        ("z.result = x.value", []),  # too early perhaps, but not hidden
        ("x.result = x.value", []),
        ("x.result = add.a; add.result = x.value", []),
    ],
)
def test_hidden_values(wire: str, reads: list[str]) -> None:
    assert found("NF205", NODES, f"{FORK}; {wire}") == reads


@pytest.mark.rule("3.5")
def test_the_message_says_how_to_get_a_value_out() -> None:
    message = says("NF205", NODES, f"{FORK}; x.result = z.value")
    assert "x.result" in message
    assert "fan_out.a" in message
    assert "fan-in 'fan_in'" in message
    assert "shared" in message
    message = says(
        "NF205", "start batch x:do z:do", "start > batch.process > x; batch.continue > z; x.result = z.value"
    )
    assert "batch.result" in message


@pytest.mark.rule("7.2")
def test_what_a_slice_wrote_leaves_through_its_result_input_alone() -> None:
    wires = "start > batch.process > x; batch.continue > z"
    nodes = "start batch x:do z:do add"
    assert not found("NF205", nodes, f"{wires}; x.result = add.a; batch.item = add.b; add.result = batch.result")
    assert not found("NF205", nodes, f"{wires}; batch.results = z.value; batch.index = x.value")
    assert found("NF205", nodes, f"{wires}; batch.item = z.value") == ["z.value"]
    assert found("NF205", nodes, f"{wires}; x.result = batch.items") == ["batch.items"]
    assert found("NF205", nodes, f"{wires}; batch.item = add.a; add.result = z.value") == ["z.value"]


@pytest.mark.rule("9.1")
def test_items_of_a_concurrent_stream_are_seen_in_its_threads_alone() -> None:
    nodes, wires = "start stream x:do z:do", "start > stream.on_item > x; stream.completed > z"
    read = "stream.items = x.value; x.result = z.value"
    assert found("NF205", nodes, f"{wires}; {read}", options=CONCURRENT) == ["z.value"]
    assert not found("NF205", nodes, f"{wires}; {read}")


@pytest.mark.rule("8.4")
def test_entries_side_by_side_do_not_see_each_other() -> None:
    nodes, wires = "s:start t:start x:do y:do", "s > x; t > y; x.result = y.value"
    assert found("NF205", nodes, wires) == ["y.value"]
    assert not found("NF205", nodes, wires, entries="sequential")
    back = "s > x; t > y; y.result = x.value"
    assert not found("NF205", nodes, back, entries="sequential")


@pytest.mark.rule("9.3")
def test_a_listener_sees_what_the_triggering_thread_saw() -> None:
    nodes = "start x:do trigger listen y:do"
    wires = "start > x > trigger; listen > y"
    more: dict[str, Any] = {
        "options": {n: {"event": "e"} for n in ("trigger", "listen")},
        "events": {"e": Event()},
    }
    assert not severe(check(nodes, f"{wires}; x.result = y.value", **more))
    assert found("NF205", nodes, f"{wires}; y.result = trigger.payload", **more) == ["trigger.payload"]


@pytest.mark.rule("6.2")
def test_a_shared_node_sees_what_any_of_its_threads_see() -> None:
    nodes = "start fan_out fan_in x:do y:do shared:do deep:do last:do"
    wires = "start > fan_out.a > x > shared > deep > fan_in; fan_out.b > y > shared; fan_in > last"
    assert not found("NF205", nodes, f"{wires}; x.result = deep.value")
    assert not found("NF205", nodes, f"{wires}; shared.result = deep.value")
    assert found("NF205", nodes, f"{wires}; deep.result = last.value") == ["last.value"]
    assert found("NF205", nodes, f"{wires}; deep.result = start.x; deep.result = last.value") == ["last.value"]
    inner = wires.replace("shared > deep", "shared > f2.a > deep; f2.joined") + "; shared.result = deep.value"
    assert not found("NF205", f"{nodes} f2:fan_out", inner)
    assert found("NF205", f"{nodes} f2:fan_out", f"{inner}; deep.result = last.value") == ["last.value"]


def test_nodes_that_nothing_reaches_read_what_they_like() -> None:
    assert not found("NF205", NODES + " dead:do", f"{FORK}; x.result = dead.value")


# --- too early ------------------------------------------------------------------------------------------


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("wires", "reads"),
    [
        ("start > x > y; y.result = x.value", ["x.value"]),
        ("start > x > y; y.result = add.a; add.result = x.value", ["x.value"]),
        ("start > x; x.result = x.value", ["x.value"]),
        ("start > x > y; x.result = y.value", []),
        ("start > loop.body > x > y; y.result = x.value", []),  # from the second round on
        ("start > x > if.true > x; if.false > y; y.result = x.value", []),
        ("start > x > if.true > y > x; y.result = x.value", []),  # a wire back
        ("start > if.true > x > y; if.false > y; y.result = x.value", ["x.value"]),
        ("start > if.true > x; if.false > y; y.result = x.value", ["x.value"]),  # one or the other
        ("start > if.true > y > x; if.false > x; y.result = x.value", []),
        ("start > timeout.body > x > y; y.result = x.value", []),  # who knows what it does
        ("start > late > y; y.result = late.value", []),  # pulled when it wants
        ("start > x > late; late.total = x.value", []),  # has a default
        ("start > x > y; y.result = select.then; select.result = x.value", []),  # may not be pulled
        ("start > x; start > y; y.result = x.value", []),
        ("start > x; dead.result = x.value", ["x.value"]),
        ("start > fan_out.a > x > y; y.result = x.value", ["x.value"]),
        ("start > fan_out.a > x; fan_out.joined > y; y.result = x.value", []),
        ("start > x > fan_out.a > y > fan_in; fan_in.merged = x.value", ["x.value"]),
        ("listen > x > y; y.result = x.value", []),  # the event may be triggered again
    ],
)
def test_early_reads(wires: str, reads: list[str]) -> None:
    nodes = "start x:do y:do dead:do add select loop if timeout late fan_out fan_in listen"
    more: dict[str, Any] = {"options": {"listen": {"event": "e"}}, "events": {"e": Event()}}
    assert found("NF206", nodes, wires, **more) == reads


def test_a_node_that_is_repeated_may_read_what_it_wrote() -> None:
    drawn = workflow("start x:do", "start > x; x.result = x.value")
    nodes = {**drawn.nodes, "x": PlacedNode("x", "t.do", retry=Retry(3))}
    findings = validate(Document(Workflow("main", nodes, drawn.connections)), REGISTRY)
    assert not [each for each in findings if each.code == "NF206"]


# --- variables ------------------------------------------------------------------------------------------


@pytest.mark.rule("3.5")
@pytest.mark.parametrize(
    ("wires", "scope", "reads"),
    [
        ("start > fan_out.a > set > fan_in > x", "local", ["x"]),
        ("start > fan_out.a > set > fan_in > x", "shared", []),
        ("start > fan_out.a > set; fan_out.joined > x", "local", ["x"]),
        ("start > fan_out.a > set > x > fan_in", "local", []),
        ("start > x > fan_out.a > set > fan_in", "local", []),
        ("start > fan_out.a > set > fan_in > set2 > x", "local", []),  # set anew
        ("start > set > fan_out.a > x > fan_in", "local", []),
        ("start > if.true > fan_out.a > set > fan_in; if.false > x", "local", []),
    ],
)
def test_lost_variables(wires: str, scope: str, reads: list[str]) -> None:
    more: dict[str, Any] = {
        "options": {node: {"name": "v"} for node in ("set", "set2", "get")},
        "variables": {"v": Variable(scope=scope)},
    }
    nodes = "start fan_out fan_in set set2 get x:do add if"
    assert found("NF208", nodes, f"{wires}; get.result = add.a; add.result = x.value", **more) == reads


# --- control --------------------------------------------------------------------------------------------


def test_unreachable_nodes() -> None:
    assert found("NF301", "start x:do y:do z:do", "start > x; y > z") == ["y", "z"]
    assert not found("NF301", "start x:do y:do", "start > x > y", disabled="x")
    assert not found("NF301", "start x:do listen", "listen > x", options={"listen": {"event": "e"}})


def test_no_start() -> None:
    assert found("NF302", "x:do") == [""]
    assert [each.code for each in check("x:do y:do", "x > y")] == ["NF302"]
    assert not found("NF302", "start x:do", "start > x")
    assert found("NF302", "start x:do", "start > x", disabled="start") == [""]


@pytest.mark.rule("2.7")
@pytest.mark.parametrize(
    ("wires", "stray"),
    [
        ("start > break", ["break"]),
        ("start > continue", ["continue"]),
        ("start > return", []),
        ("start > loop.body > break", []),
        ("start > loop.body > if.true > continue; if.false > break", []),
        ("start > loop.body > timeout.body > break", []),
        ("start > loop.exit > break", ["break"]),
        ("start > loop.body > x; loop.exit > if.true > break", ["break"]),
        ("start > loop.body > fan_out.a > break", ["break"]),
        ("start > loop.body > batch.process > break", ["break"]),
        ("start > loop.body > stream.on_item > break", ["break"]),
        ("start > loop.body > fan_out.a > fan_in > break", []),  # behind the join is in the loop again
        ("start > loop.body > batch.continue > break", []),
        ("start > fan_out.a > loop.body > break", []),
        ("start > fan_out.a > loop.body > fan_in > break", ["break"]),
        ("start > loop.body > x > loop; loop.exit > break", []),  # the outer activation waits
        ("start > loop.body > break; start > break", []),  # in one way it is inside
        ("if.true > break", []),
    ],
)
def test_stray_jumps(wires: str, stray: list[str]) -> None:
    nodes = "start break continue return loop if timeout fan_out fan_in batch stream x:do"
    assert found("NF303", nodes, wires, options=CONCURRENT) == stray


@pytest.mark.rule("2.2")
@pytest.mark.parametrize(
    ("wires", "warned"),
    [
        ("start > if.true > start2; if.true > if; if.true > x", ["if.true"]),
        ("start > x > if.true > x; x > y", ["x.exit"]),
        ("start > x; x > y; x > if.true > x", []),  # the last one
        ("start > x; x > x; x > y", ["x.exit"]),
        ("start > x; x > y; x > y", []),
        ("start > loop.body > x; loop.body > y", []),
        ("start > loop; loop.body > x > loop; loop.body > y", ["loop.body"]),
    ],
)
def test_wires_back(wires: str, warned: list[str]) -> None:
    assert found("NF304", "start start2:do if x:do y:do loop", wires) == warned


# --- concurrency ----------------------------------------------------------------------------------------

TWO = "start f:fan_out g:fan_out j:fan_in k:fan_in x:do y:do batch if"


@pytest.mark.rule("6.2")
@pytest.mark.parametrize(
    ("code", "wires", "where", "named"),
    [
        ("NF401", "start > f.a > j; f.b > k", "f.a", "f j k"),
        ("NF401", "start > f.a > if.true > j; if.false > k", "f.a", "f j k"),
        ("NF402", "start > f.a > j; f.b > j; start > j", "j", "j f start"),
        ("NF402", "start > f.a > batch.process > j; f.b > j", "j", "j f batch.process"),
        ("NF403", "start > f.a > g.a > j; f.b > j", "j", "f g j"),
        ("NF404", "start > j", "j", "j start"),
        ("NF404", "start > batch.process > j", "j", "j batch.process"),
        ("NF405", "start > x > f.a > y > x; f.b > j", "y", "y x f"),
        ("NF405", "start > batch.process > y > batch", "y", "y batch"),
    ],
)
def test_what_is_wrong_with_fan_outs_and_fan_ins(code: str, wires: str, where: str, named: str) -> None:
    assert found(code, TWO, wires) == [where]
    message = says(code, TWO, wires)
    assert all(name in message for name in named.split())
    assert len([each for each in check(TWO, wires) if each.severity is Severity.ERROR]) == 1


@pytest.mark.rule("6.2")
@pytest.mark.parametrize("code", ["NF401", "NF402", "NF403", "NF404", "NF405"])
def test_what_is_right_with_fan_outs_and_fan_ins(code: str) -> None:
    assert not found(code, TWO, "start > f.a > g.a > k; g.b > k > j; f.b > x > if.true > x; if.false > j > y > f")
    assert not found(code, TWO, "start > f.a > j; f.b > j > g.a > k; g.b > batch.process > x; batch.continue > k")


@pytest.mark.rule("6.7")
def test_unused_joined() -> None:
    assert found("NF406", TWO, "start > f.a > j; f.joined > x") == ["f.joined"]
    assert not found("NF406", TWO, "start > f.a > y; f.joined > x")


@pytest.mark.rule("6.3")
def test_fan_in_inputs() -> None:
    wires = "start > f.a > j; f.b > j; x.result = j.{}"
    assert found("NF407", TWO, wires.format("c")) == ["j.c"]
    assert not found("NF407", TWO, wires.format("a"))
    assert not found("NF407", TWO, wires.format("value"))


@pytest.mark.rule("6.5")
@pytest.mark.parametrize(
    ("option", "value", "right"),
    [
        ("join", "all", True),
        ("join", "any", True),
        ("join", {"quorum": 1}, True),
        ("join", {"quorum": 2}, True),
        ("join", {"quorum": 3}, False),
        ("join", {"quorum": 0}, False),
        ("join", {"quorum": True}, False),
        ("join", {"quorum": "2"}, False),
        ("join", {"quorum": 1, "more": 1}, False),
        ("join", "some", False),
        ("join", 2, False),
        ("join", None, False),
        ("join", [], False),
        ("missing", "skip", True),
        ("missing", "none", True),
        ("missing", "ignore", False),
        ("arrivals", "many", True),
        ("arrivals", "two", False),
    ],
)
def test_policies_of_fan_ins(option: str, value: Any, right: bool) -> None:
    wires = "start > f.a > j; f.b > j"
    assert found("NF408", TWO, wires, options={"j": {option: value}}) == ([] if right else [f"j.{option}"])


@pytest.mark.rule("6.8")
@pytest.mark.parametrize(
    ("node", "option", "value", "right"),
    [
        ("f", "errors", "collect", True),
        ("f", "errors", "ignore", False),
        ("f", "parallel", 2, True),
        ("f", "parallel", 0, False),
        ("batch", "missing", "never", False),
        ("batch", "errors", "fail_fast", True),
        ("stream", "mode", "concurrent", True),
        ("stream", "mode", "parallel", False),
        ("stream", "max_in_flight", 0, False),
    ],
)
def test_policies_of_openers(node: str, option: str, value: Any, right: bool) -> None:
    options = {node: {option: value}}
    assert found("NF408", f"{TWO} stream", options=options) == ([] if right else [f"{node}.{option}"])


@pytest.mark.rule("5")
@pytest.mark.parametrize(
    ("nodes", "wires", "more", "reason"),
    [
        ("do", "start > do", {}, ""),
        ("count", "start > count", {}, "shared state (count)"),
        ("remember", "start > remember", {}, ""),
        ("random do", "start > do; random.result = do.value", {}, "volatile data (random)"),
        ("timeout", "start > timeout", {}, "timeouts (timeout)"),
        ("fan_out fan_in", "start > fan_out.a > fan_in", {"options": {"fan_in": {"join": "any"}}}, "races"),
        ("fan_out fan_in", "start > fan_out.a > fan_in", {}, ""),
        ("set", "", {"options": {"set": {"name": "s"}}}, "shared variables (set)"),
        ("set", "", {"options": {"set": {"name": "l"}}}, ""),
        ("set name", "name.result = set.name", {}, "shared variables (set)"),
        ("listen", "", {"options": {"listen": {"event": "e"}}}, "events"),
    ],
)
def test_exemptions(nodes: str, wires: str, more: dict[str, Any], reason: str) -> None:
    variables = {"s": Variable(scope="shared"), "l": Variable()}
    findings = check(f"start {nodes}", wires, variables=variables, events={"e": Event()}, **more)
    messages = [each.message for each in findings if each.code == "NF490"]
    assert len(messages) == bool(reason)
    assert reason in "".join(messages)


# --- documents ------------------------------------------------------------------------------------------


def test_no_entry() -> None:
    findings = validate(Document(workflow("start"), entry="nain"), REGISTRY)
    assert [(each.code, each.workflow) for each in findings] == [("NF501", None)]
    assert "'nain'" in findings[0].message
    assert not validate(Document(workflow("start")), REGISTRY)


@pytest.mark.rule("8.1")
def test_unknown_workflows() -> None:
    assert found("NF502", "start gosub", "start > gosub", options={"gosub": {"workflow": "sub"}}) == ["gosub.workflow"]
    assert found("NF502", "start gosub", "start > gosub") == ["gosub.workflow"]
    assert not found("NF502", "start gosub", "start > gosub", options={"gosub": {"workflow": "main"}})
    assert not found("NF502", "start gosub", "start > gosub", options={"gosub": {"workflow": "x"}}, disabled="gosub")


@pytest.mark.rule("9.2")
def test_unknown_variables() -> None:
    more: dict[str, Any] = {"variables": {"total": Variable()}}
    assert found("NF503", "start set", "start > set", options={"set": {"name": "totl"}}, **more) == ["set.name"]
    assert found("NF503", "start do get", "start > do; get.result = do.value", **more) == ["get.name"]
    assert not found("NF503", "start set", "start > set", options={"set": {"name": "total"}}, **more)
    assert not found("NF503", "start set name", "start > set; name.result = set.name", **more)
    process = Document(
        workflow("start set", "start > set", options={"set": {"name": "p"}}), variables={"p": Variable()}
    )
    assert not severe(validate(process, REGISTRY))


@pytest.mark.rule("9.3")
def test_unknown_events() -> None:
    more: dict[str, Any] = {"events": {"ping": Event()}}
    assert found("NF504", "start trigger", "start > trigger", options={"trigger": {"event": "p"}}, **more) == [
        "trigger.event"
    ]
    assert found("NF504", "listen", **more) == ["listen.event"]
    assert not found("NF504", "listen", options={"listen": {"event": "ping"}}, **more)


# --- plans ----------------------------------------------------------------------------------------------


def test_a_plan_has_layers_and_regions() -> None:
    drawn = workflow(
        "start fan_out fan_in x:do y:do a:add b:add c:random listen batch z:do",
        """start > fan_out.a > x > fan_in; fan_out.b > batch.process > z; batch.continue > fan_in > y
           x.result = a.a; c.result = b.a; a.result = b.b; b.result = y.value""",
        options={"listen": {"event": "e"}},
    )
    (shown,) = plan(Document(drawn), REGISTRY).workflows
    assert shown.layers == (("x",), ("a", "c"), ("b",))
    rows = [(r.kind, r.opener, r.output, " ".join(r.nodes), r.parents, r.join) for r in shown.regions]
    assert rows == [
        ("entry", "start", None, "start fan_out fan_in y", (), None),
        ("listener", "listen", None, "listen", (), None),
        ("branch", "fan_out", "a", "x", (0,), "fan_in"),
        ("branch", "fan_out", "b", "batch", (0,), "fan_in"),
        ("slice", "batch", "process", "z", (3,), None),
    ]


# --- any document, and large ones -----------------------------------------------------------------------


@given(scribbles() | programs())
@settings(max_examples=400, deadline=None)
def test_any_document(document: Document) -> None:
    findings = validate(document, REGISTRY)
    assert findings == validate(document, REGISTRY)
    plan(document, REGISTRY)


def _timed(document: Document, seconds: float) -> list[Finding]:
    begin = time.process_time()
    findings = validate(document, REGISTRY)
    assert time.process_time() - begin < seconds
    return findings


@pytest.mark.slow
def test_a_long_chain_with_data() -> None:
    size = 50_000
    nodes = {"start": PlacedNode("start", "t.start")}
    wires = [Connection("start", "exit", "n0", "enter")]
    for i in range(size):
        nodes |= {f"n{i}": PlacedNode(f"n{i}", "t.do"), f"d{i}": PlacedNode(f"d{i}", "t.add")}
        wires.append(Connection(f"d{i}", "result", f"n{i}", "value"))
        if i:
            wires.append(Connection(f"n{i - 1}", "exit", f"n{i}", "enter"))
            wires.append(Connection(f"n{i - 1}", "result", f"d{i}", "a"))
            wires.append(Connection(f"d{i - 1}", "result", f"d{i}", "b"))
    assert not _timed(Document(Workflow("main", nodes, tuple(wires))), 30)


@pytest.mark.slow
def test_nested_fan_outs_with_data() -> None:
    depth = 3_000
    nodes = {"start": PlacedNode("start", "t.start")}
    wires = [Connection("start", "exit", "f0", "enter")]
    for i in range(depth):
        nodes |= {f"f{i}": PlacedNode(f"f{i}", "t.fan_out"), f"j{i}": PlacedNode(f"j{i}", "t.fan_in")}
        wires.append(Connection(f"f{i}", "b", f"j{i}", "enter"))
        if i:
            wires.append(Connection(f"f{i - 1}", "a", f"f{i}", "enter"))
            wires.append(Connection(f"j{i}", "exit", f"j{i - 1}", "enter"))
            wires.append(Connection(f"j{i}", "merged", f"j{i - 1}", "a"))
    wires.append(Connection(f"f{depth - 1}", "a", f"j{depth - 1}", "enter"))
    assert not _timed(Document(Workflow("main", nodes, tuple(wires))), 20)


@pytest.mark.slow
def test_a_chain_that_many_branches_enter() -> None:
    """Each link of the chain runs in one more region than the one before: no list of regions is made."""
    size = 5_000
    branches = [f"b{i}" for i in range(size)]
    nodes = {
        "start": PlacedNode("start", "t.start"),
        "f": PlacedNode("f", "t.fan_out", {}, {"branches": branches}),
        "j": PlacedNode("j", "t.fan_in"),
    }
    wires = [Connection("start", "exit", "f", "enter"), Connection(f"n{size - 1}", "exit", "j", "enter")]
    for i, branch in enumerate(branches):
        nodes[f"n{i}"] = PlacedNode(f"n{i}", "t.do")
        wires.append(Connection("f", branch, f"n{i}", "enter"))
        if i:
            wires.append(Connection(f"n{i - 1}", "exit", f"n{i}", "enter"))
            wires.append(Connection(f"n{i - 1}", "result", f"n{i}", "value"))
    assert not _timed(Document(Workflow("main", nodes, tuple(wires))), 20)


@pytest.mark.slow
def test_many_writers_and_many_readers() -> None:
    size = 3_000
    nodes = {"start": PlacedNode("start", "t.start"), "a0": PlacedNode("a0", "t.add")}
    wires = [Connection("start", "exit", "w1", "enter")]
    for i in range(1, size):
        nodes |= {f"{k}{i}": PlacedNode(f"{k}{i}", t) for k, t in (("w", "t.do"), ("r", "t.do"), ("a", "t.add"))}
        wires.append(Connection(f"w{i}", "exit", f"w{i + 1}" if i + 1 < size else "r1", "enter"))
        wires.append(Connection(f"w{i}", "result", f"a{i}", "a"))
        wires.append(Connection(f"a{i - 1}", "result", f"a{i}", "b"))
        wires.append(Connection(f"a{size - 1}", "result", f"r{i}", "value"))
        if i > 1:
            wires.append(Connection(f"r{i - 1}", "exit", f"r{i}", "enter"))
    assert not _timed(Document(Workflow("main", nodes, tuple(wires))), 20)


# --- the quick answers against the plain definitions ----------------------------------------------------


def _with_parents(region: Region) -> list[Region]:
    found = [region]
    for each in found:
        found += [parent for parent in each.parents if parent not in found]
    return found


def _ways(regions: Regions, avoiding: LinkedNode | None) -> set[int]:
    """The nodes to which some way leads from the start of some thread, without one of them."""
    running = [r for r in regions.all if r.opener is None or regions.runs(r.opener)]
    todo = [first for region in running for first in region.firsts() if not is_join(first)]
    seen: set[int] = set()
    while todo:
        node = todo.pop()
        if node is not avoiding and node.index not in seen:
            seen.add(node.index)
            todo.extend(regions.steps(node))
    return seen


@given(programs())
@settings(max_examples=400, deadline=None)
def test_visible_and_before(document: Document) -> None:
    drawn = link(document, REGISTRY).workflows["main"]
    regions = find_regions(drawn)
    assume(not regions.problems)
    visibility = Visibility(drawn, regions, find_data_flow(drawn))
    running = [node for node in drawn.nodes if node.is_exec and regions.runs(node)]
    for reader in running:
        around = [outer for region in regions.of_node(reader) for outer in _with_parents(region)]
        listening = any(each.start is not None and not each.start.starts_itself for each in around)
        without = _ways(regions, reader)
        alone = regions.component.count(regions.component[reader.index]) == 1
        for writer in running:
            visible = listening or any(region in around for region in regions.of_node(writer))
            asked = visibility.is_visible(visibility.place_of(writer), visibility.place_of(reader))
            assert asked is visible, (writer, reader)
            if alone and writer is not reader:
                assert visibility.comes_always_before(reader, writer) is (writer.index not in without)


def test_meeting_in_a_forest() -> None:
    tree = Tree(8)
    for node, parent in ((1, 0), (2, 1), (3, 2), (4, 1), (6, 5)):
        tree.place(node, parent)
    assert [tree.meet(3, 4), tree.meet(3, 3), tree.meet(0, 3), tree.meet(3, 6), tree.meet(7, 0)] == [
        1,
        3,
        0,
        -1,
        -1,
    ]
    assert [tree.is_above(1, 3), tree.is_above(3, 1), tree.is_above(5, 3)] == [True, False, False]


def test_a_retry_that_this_version_does_not_carry_out_is_a_warning() -> None:
    start, again = PlacedNode("start", "flow.start"), PlacedNode("again", "flow.print", retry=Retry(3))
    workflow = Workflow("main", {"start": start, "again": again}, (Connection("start", "exit", "again", "enter"),))
    findings = validate(Document(workflow), standard_registry())
    assert [(f.code, f.severity, f.node) for f in findings] == [("NF305", Severity.WARNING, "again")]
