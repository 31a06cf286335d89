"""Regions and the pairs of fan-out and fan-in, on graphs drawn by hand, at random, and very large."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nodeflow.linking import LinkedWorkflow, link
from nodeflow.model import Connection, Document, PlacedNode, Variable, Workflow
from nodeflow.pairing import Kind
from nodeflow.regions import NOWHERE, SEVERAL, Region, Regions, find_regions
from sample_nodes import REGISTRY, linked


def regions_of(nodes: str, wires: str, **more: Any) -> tuple[LinkedWorkflow, Regions]:
    workflow = linked(nodes, wires, **more)
    return workflow, find_regions(workflow)


def names(region: Region) -> str:
    return " ".join(node.id for node in region.nodes)


def titled(regions: Regions) -> dict[str, str]:
    return {f"{r.opener.id}.{r.output}" if r.opener else r.start.id if r.start else "": names(r) for r in regions.all}


def pairs(workflow: LinkedWorkflow, regions: Regions) -> dict[str, str]:
    assert {join.index: workflow.nodes[i] for i, join in regions.join_of.items()} == regions.opener_of
    return {workflow.nodes[i].id: join.id for i, join in regions.join_of.items()}


def found(regions: Regions) -> list[tuple[Kind, str, tuple[str, ...]]]:
    return [(p.kind, " ".join(node.id for node in p.nodes), p.sockets) for p in regions.problems]


# --- what runs where ------------------------------------------------------------------------------------


@pytest.mark.rule("6.2")
def test_what_is_behind_a_fan_in_runs_in_the_thread_of_its_fan_out() -> None:
    workflow, regions = regions_of(
        "start fan_out fan_in a:do b:do after:do",
        "start > fan_out; fan_out.a > a > fan_in; fan_out.b > b > fan_in > after",
    )
    assert pairs(workflow, regions) == {"fan_out": "fan_in"}
    assert titled(regions) == {"start": "start fan_out fan_in after", "fan_out.a": "a", "fan_out.b": "b"}
    branch = regions.all[1]
    assert [join.id for join in branch.joins] == ["fan_in"]
    assert [parent.index for parent in branch.parents] == [0]
    assert regions.of_node(workflow.by_id["b"]) == [regions.all[2]]
    assert regions.regions_of_opener(workflow.by_id["fan_out"]) == regions.all[1:]
    assert not regions.problems


def test_entries_listeners_slices_and_items_start_regions() -> None:
    _workflow, regions = regions_of(
        "start listen batch stream s2:stream a:do b:do c:do d:do e:do",
        """start > batch.process > a
           batch.continue > stream.on_item > b
           stream.completed > c
           listen > s2.on_item > d; s2.completed > e""",
        options={"stream": {"mode": "concurrent"}, "listen": {"event": "x"}},
    )
    assert titled(regions) == {
        "start": "start batch stream c",
        "listen": "listen s2 d e",
        "batch.process": "a",
        "stream.on_item": "b",
    }


def test_a_region_that_nothing_is_connected_to_is_there() -> None:
    workflow, regions = regions_of("start batch", "start > batch")
    assert [region.output for region in regions.regions_of_opener(workflow.by_id["batch"])] == ["process"]
    assert regions.all[1].nodes == []


@pytest.mark.rule("6.2")
def test_nested_pairs_match_like_brackets() -> None:
    workflow, regions = regions_of(
        "start f1:fan_out f2:fan_out j1:fan_in j2:fan_in x:do y:do",
        """start > f1.a > f2.a > j2
           f2.b > j2 > x > j1
           f1.b > y > j1""",
    )
    assert pairs(workflow, regions) == {"f1": "j1", "f2": "j2"}
    assert titled(regions)["f1.a"] == "f2 j2 x"
    assert not regions.problems


@pytest.mark.rule("6.2")
def test_a_node_reached_from_several_regions_runs_in_each() -> None:
    workflow, regions = regions_of(
        "start fan_out fan_in shared:do inner:batch deep:do",
        """start > fan_out.a > shared > inner > fan_in
           fan_out.b > shared; inner.process > deep; inner.continue > fan_in""".replace("inner > fan_in", "inner"),
    )
    shared, deep = workflow.by_id["shared"], workflow.by_id["deep"]
    assert not regions.problems
    assert regions.home[shared.index] == SEVERAL
    assert [region.output for region in regions.of_node(shared)] == ["a", "b"]
    assert [region.output for region in regions.of_node(deep)] == ["process"]
    assert [region.output for region in regions.of_node(deep)[0].parents] == ["a", "b"]


@pytest.mark.rule("6.2")
def test_a_node_of_process_and_continue_runs_in_both() -> None:
    workflow, regions = regions_of("start batch x:do", "start > batch.process > x; batch.continue > x")
    assert [r.output for r in regions.of_node(workflow.by_id["x"])] == [None, "process"]
    assert not regions.problems


@pytest.mark.rule("6.7")
def test_a_fan_out_without_fan_in_goes_on_at_joined() -> None:
    _workflow, regions = regions_of(
        "start fan_out a:do b:do after:do", "start > fan_out.a > a; fan_out.b > b; fan_out.joined > after"
    )
    assert titled(regions)["start"] == "start fan_out after"
    assert not regions.join_of


def test_joined_is_not_used_beside_a_fan_in() -> None:
    workflow, regions = regions_of(
        "start fan_out fan_in after:do", "start > fan_out.a > fan_in; fan_out.joined > after"
    )
    assert titled(regions)["start"] == "start fan_out fan_in"
    assert regions.home[workflow.by_id["after"].index] == NOWHERE


def test_an_inner_fork_join_in_a_branch_leaves_the_fan_in_to_the_outer() -> None:
    workflow, regions = regions_of(
        "start f1:fan_out f2:fan_out j:fan_in x:do",
        "start > f1.a > f2.a > x; f2.joined > j; f1.b > j",
    )
    assert pairs(workflow, regions) == {"f1": "j"}
    assert not regions.problems


def test_an_inner_fan_out_takes_the_fan_in_if_the_outer_does_not_reach_it() -> None:
    workflow, regions = regions_of("start f1:fan_out f2:fan_out j:fan_in", "start > f1.a > f2.a > j; f2.b > j")
    assert pairs(workflow, regions) == {"f2": "j"}
    assert not regions.problems


def test_loops_and_wires_back_inside_a_branch_are_fine() -> None:
    workflow, regions = regions_of(
        "start loop fan_out fan_in a:if b:loop c:do",
        """start > loop.body > fan_out.a > a.true > fan_in
           a.false > c > a
           fan_out.b > b.body > fan_in; b.exit > fan_in > loop""",
    )
    assert pairs(workflow, regions) == {"fan_out": "fan_in"}
    assert not regions.problems


def test_a_wire_back_from_behind_the_fan_in_is_fine() -> None:
    _workflow, regions = regions_of(
        "start fan_out fan_in x:if", "start > fan_out.a > fan_in; fan_out.b > fan_in > x.true > fan_out"
    )
    assert not regions.problems
    assert titled(regions)["start"] == "start fan_out fan_in x"
    assert regions.component[1] == regions.component[2] == regions.component[3]


# --- what is rejected -----------------------------------------------------------------------------------


@pytest.mark.rule("6.2")
def test_branches_that_reach_different_fan_ins() -> None:
    _, regions = regions_of("start f:fan_out j:fan_in k:fan_in", "start > f.a > j; f.b > k")
    assert found(regions) == [(Kind.DIFFERENT, "f j k", ("a", "b"))]


@pytest.mark.rule("6.2")
def test_one_branch_that_reaches_different_fan_ins() -> None:
    _, regions = regions_of("start f:fan_out x:if j:fan_in k:fan_in", "start > f.a > x.true > j; x.false > k")
    assert found(regions) == [(Kind.DIFFERENT, "f j k", ("a", "a"))]


@pytest.mark.rule("6.2")
@pytest.mark.parametrize(
    ("nodes", "wires", "who", "sockets"),
    [
        ("", "start > f; start > j", "start", ("",)),
        ("s2:start", "start > f; s2 > j", "s2", ("",)),
        ("", "start > f; j.exit > j", "start", ("",)),
        ("listen", "start > f; listen > j", "listen", ("",)),
        ("batch", "start > f; f.c > batch.process > j", "batch", ("process",)),
        ("stream", "start > f; f.c > stream.on_item > j", "stream", ("on_item",)),
    ],
)
def test_a_fan_in_reached_from_outside(nodes: str, wires: str, who: str, sockets: tuple[str, ...]) -> None:
    _, regions = regions_of(
        f"start f:fan_out j:fan_in {nodes}",
        f"f.a > j; f.b > j; {wires}",
        options={
            "f": {"branches": ["a", "b", "c"]},
            "stream": {"mode": "concurrent"},
            "listen": {"event": "e"},
        },
    )
    assert found(regions) == [(Kind.OUTSIDE, f"j f {who}", sockets)]


@pytest.mark.rule("6.2")
def test_a_fan_in_reached_from_a_thread_inside_a_branch() -> None:
    _, regions = regions_of("start f:fan_out g:fan_out j:fan_in", "start > f.a > g.a > j; f.b > j")
    assert found(regions) == [(Kind.OVERLAP, "j g f", ("b",))]


@pytest.mark.rule("6.2")
def test_overlapping_pairs() -> None:
    _, regions = regions_of(
        "start sequence f:fan_out g:fan_out j:fan_in x:do",
        "start > sequence.1 > f.a > x > j; sequence.2 > g.a > x",
        options={"sequence": {"steps": ["1", "2"]}},
    )
    assert found(regions) == [(Kind.OVERLAP, "j f g", ("a",))]


@pytest.mark.rule("6.2")
def test_a_fan_in_without_fan_out() -> None:
    _, regions = regions_of("start j:fan_in", "start > j")
    assert found(regions) == [(Kind.UNMATCHED, "j start", ("",))]


@pytest.mark.rule("6.2")
@pytest.mark.parametrize(
    ("wires", "nodes"),
    [
        ("start > x > f.a > y > f", "f y f"),
        ("start > x > f.a > y > x", "f y x"),
        ("start > x > f.a > x", "f f x"),
        ("start > x > f.a > g.a > y > f", "g y f"),
        ("start > x > f.a > g.a > y > g", "g y g"),
        ("start > x > batch.process > y > x", "batch y x"),
        ("start > x > stream.on_item > y > stream", "stream y stream"),
    ],
)
def test_a_wire_back_to_the_opener_or_before(wires: str, nodes: str) -> None:
    _, regions = regions_of(
        "start f:fan_out g:fan_out batch stream x:do y:do j:fan_in",
        f"{wires}; f.b > j; g.b > j" if "g.a" not in wires else wires,
        options={"stream": {"mode": "concurrent"}},
    )
    assert [(kind, who) for kind, who, _ in found(regions)] == [(Kind.BACK, nodes)]


def test_what_no_thread_reaches_is_no_problem() -> None:
    _, regions = regions_of("start f:fan_out j:fan_in k:fan_in x:do", "f.a > j; f.b > k; x > j; x > k")
    assert not regions.problems


def test_a_disabled_fan_out_leaves_its_fan_in_alone() -> None:
    _, regions = regions_of("start f:fan_out j:fan_in", "start > f.a > j; f.b > j", disabled="f")
    assert not regions.problems
    assert [region.output for region in regions.all] == [None]


# --- any graph, and large ones --------------------------------------------------------------------------

KINDS = [
    "start",
    "do",
    "if",
    "loop",
    "fan_out",
    "fan_in",
    "batch",
    "stream",
    "listen",
    "break",
    "add",
    "add",
    "select",
    "set",
    "get",
]
OUTS = [
    "exit",
    "true",
    "false",
    "body",
    "a",
    "b",
    "joined",
    "process",
    "continue",
    "on_item",
    "completed",
    "result",
    "result",
    "merged",
    "item",
]
INS = ["enter", "enter", "enter", "enter", "value", "value", "a", "b", "result", "then", "name"]


OPTIONS: dict[str, Any] = {
    "stream": {"mode": "concurrent"},
    "listen": {"event": "e"},
    "set": {"name": "v"},
    "get": {"name": "v"},
}


def document_of(kinds: list[str], wires: list[Connection], disabled: int = -1) -> Document:
    nodes = {
        f"n{i}": PlacedNode(f"n{i}", f"t.{kind}", {}, OPTIONS.get(kind, {}), i == disabled)
        for i, kind in enumerate(kinds)
    }
    return Document(Workflow("main", nodes, tuple(wires), variables={"v": Variable()}))


@st.composite
def scribbles(draw: st.DrawFn) -> Document:
    """Any wiring of anything."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=12))
    ends = st.sampled_from([f"n{i}" for i in range(len(kinds))])
    wire = st.builds(Connection, ends, st.sampled_from(OUTS), ends, st.sampled_from(INS))
    return document_of(kinds, draw(st.lists(wire, max_size=40)), draw(st.integers(-5, len(kinds) - 1)))


class Author:
    """Writes programs of nested blocks, in which what follows a block is wired to all of its loose ends."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.kinds: list[str] = []
        self.wires: list[Connection] = []

    def add(self, kind: str, ends: list[tuple[str, str]]) -> str:
        self.kinds.append(kind)
        name = f"n{len(self.kinds) - 1}"
        self.wires += [Connection(node, output, name, "enter") for node, output in ends]
        return name

    def block(self, ends: list[tuple[str, str]], depth: int) -> list[tuple[str, str]]:
        for _ in range(self.random.randint(0, 2)):
            ends = self.statement(ends, depth)
        return ends

    def statement(self, ends: list[tuple[str, str]], depth: int) -> list[tuple[str, str]]:
        kinds = ["do", "set", "if", "loop", "fan_out", "fork", "batch", "stream"]
        kind = self.random.choice(kinds if depth else ["do", "set"])
        if kind in ("do", "set"):
            return [(self.add(kind, ends), "exit")]
        node = self.add("fan_out" if kind == "fork" else kind, ends)
        if kind == "if":
            return self.block([(node, "true")], depth - 1) + self.block([(node, "false")], depth - 1)
        if kind in ("fan_out", "fork"):
            both = [(node, "a"), (node, "b")]
            apart = self.random.random() < 0.7
            inside = [self.block([end], depth - 1) for end in both] if apart else [self.block(both, depth - 1)]
            if kind == "fork":
                return [(node, "joined")]
            return [(self.add("fan_in", [end for branch in inside for end in branch]), "exit")]
        inner, outer = {
            "loop": ("body", "exit"),
            "batch": ("process", "continue"),
            "stream": ("on_item", "completed"),
        }[kind]
        left = self.block([(node, inner)], depth - 1)
        shared = self.random.random() < 0.2
        return [(node, outer), *left] if shared and left != [(node, inner)] else [(node, outer)]


@st.composite
def programs(draw: st.DrawFn) -> Document:
    """Programs with a few more wires anywhere, between any two nodes where they fit."""
    random = draw(st.randoms(use_true_random=False))
    author = Author(random)
    for kind in ("start", random.choice(["start", "listen", "do"])):
        author.block([(author.add(kind, []), "exit")], 3)
    for kind in ("add", "add", "select", "get"):
        author.add(kind, [])
    size = len(author.kinds)
    for _ in range(random.randint(0, 12)):
        source, target = random.randrange(size), random.randrange(size)
        control = random.random() < 0.2
        out, into = ("exit", "enter") if control else ("result", random.choice(INS[4:]))
        author.wires.append(Connection(f"n{source}", out, f"n{target}", into))
    return document_of(author.kinds, author.wires)


@given(scribbles() | programs())
@settings(max_examples=400, deadline=None)
def test_any_graph(document: Document) -> None:
    """The quick answers agree with the plain definitions."""
    workflow = link(document, REGISTRY).workflows["main"]
    regions = find_regions(workflow)
    runs_in: dict[int, list[Region]] = {node.index: [] for node in workflow.nodes}
    for region in regions.all:
        for node in region.nodes if region.opener is None or regions.runs(region.opener) else ():
            runs_in[node.index].append(region)
    back = any(
        regions.component[region.opener.index] == regions.component[first.index]
        for region in regions.all
        for first in region.firsts()
        if region.opener
    )
    for node in workflow.nodes:
        if not back:
            assert regions.of_node(node) == runs_in[node.index]
        for step in regions.steps(node):
            assert node in regions.before(step)
    if not regions.problems:
        alive = {n.index for r in regions.all if not r.opener for n in r.nodes}
        for index, join in regions.join_of.items():
            branches = regions.regions_of_opener(workflow.nodes[index])
            assert {j.id for region in branches for j in region.joins} == {join.id}
        for region in regions.all:
            if region.opener is None:
                assert not region.joins
        assert alive <= {node.index for node in regions.order}


@pytest.mark.slow
def test_a_long_chain() -> None:
    size = 200_000
    nodes = {"start": PlacedNode("start", "t.start")} | {f"n{i}": PlacedNode(f"n{i}", "t.do") for i in range(size)}
    wires = [Connection("start", "exit", "n0", "enter")]
    wires += [Connection(f"n{i}", "exit", f"n{i + 1}", "enter") for i in range(size - 1)]
    workflow = link(Document(Workflow("main", nodes, tuple(wires))), REGISTRY).workflows["main"]
    regions = find_regions(workflow)
    assert len(regions.all[0].nodes) == size + 1


@pytest.mark.slow
def test_deeply_nested_fan_outs() -> None:
    depth = 5_000
    nodes = {"start": PlacedNode("start", "t.start")}
    wires = [Connection("start", "exit", "f0", "enter")]
    for i in range(depth):
        nodes |= {f"f{i}": PlacedNode(f"f{i}", "t.fan_out"), f"j{i}": PlacedNode(f"j{i}", "t.fan_in")}
        wires.append(Connection(f"f{i}", "b", f"j{i}", "enter"))
        if i:
            wires.append(Connection(f"f{i - 1}", "a", f"f{i}", "enter"))
            wires.append(Connection(f"j{i}", "exit", f"j{i - 1}", "enter"))
    wires.append(Connection(f"f{depth - 1}", "a", f"j{depth - 1}", "enter"))
    workflow = link(Document(Workflow("main", nodes, tuple(wires))), REGISTRY).workflows["main"]
    regions = find_regions(workflow)
    assert len(regions.join_of) == depth
    assert not regions.problems
    assert max(regions.tree.depth) == depth
