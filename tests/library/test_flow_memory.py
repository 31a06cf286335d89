"""Decisions that remember: one memory for all flow threads of a workflow, a new one for each run of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

import nodeflow as nf
from flow_drawing import States, chained, crowd, say, started
from nodeflow.library import flow
from nodeflow.testing import Each, try_node

TURNS = st.lists(st.sampled_from(["enter", "reset"]), min_size=1, max_size=12)


def test_once_and_reset() -> None:
    assert try_node(flow.once, times=3).exits == ["first", "already_run", "already_run"]
    assert try_node(flow.once, enter=["reset", "enter", "enter", "reset", "reset", "enter"]).exits == [
        "first", "already_run", "first",
    ]  # fmt: skip


def test_flip_flop() -> None:
    tried = try_node(flow.flip_flop, times=4)
    assert tried.exits == ["a", "b", "a", "b"]
    assert tried.seen("is_a") == [True, False, True, False]
    assert try_node(flow.flip_flop, enter=["enter", "reset", "enter", "enter"]).exits == ["a", "a", "b"]


@given(TURNS)
def test_the_counter_counts_since_it_was_reset(turns: list[str]) -> None:
    tried = try_node(flow.counter, enter=turns)
    wanted, count = [], 0
    for turn in turns:
        count = count + 1 if turn == "enter" else 0
        wanted.extend([count] if turn == "enter" else [])
    assert tried.seen("count", "exit") == wanted
    assert tried.outputs["count"] == count


def test_the_counter_starts_over_with_the_first() -> None:
    tried = try_node(flow.counter, start_over=Each(False, False, True, False))
    assert tried.seen("count") == [1, 2, 1, 2]


@given(st.integers(-2, 5), st.integers(0, 12))
def test_every_nth_goes_on(count: int, times: int) -> None:
    tried = try_node(flow.wait_for_n, count=count, times=times)
    n = max(1, count)
    assert tried.exits == ["waiting" if i % n else "exit" for i in range(1, times + 1)]
    assert tried.seen("triggers_so_far") == [i % n or n for i in range(1, times + 1)]


def test_waiting_for_n_starts_over_when_reset() -> None:
    tried = try_node(flow.wait_for_n, count=2, enter=["enter", "reset", "enter", "enter"])
    assert tried.exits == ["waiting", "waiting", "exit"]
    assert tried.seen("triggers_so_far") == [1, 1, 2]


@pytest.mark.parametrize(
    ("initially", "turns", "exits"),
    [
        (True, ["enter"], ["exit"]),
        (False, ["enter"], ["closed"]),
        (False, ["open", "enter", "open", "enter"], ["exit", "exit"]),
        (True, ["close", "enter", "close", "enter"], ["closed", "closed"]),
        (True, ["toggle", "enter", "toggle", "enter"], ["closed", "exit"]),
        (False, ["toggle", "enter"], ["exit"]),
    ],
)
def test_gate(initially: bool, turns: list[str], exits: list[str]) -> None:
    assert try_node(flow.gate, initially_open=initially, enter=turns).exits == exits


# --- side by side -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "given", "exits"),
    [
        (flow.once, {}, {"first": 1, "already_run": 11}),
        (flow.flip_flop, {}, {"a": 6, "b": 6}),
        (flow.wait_for_n, {"count": 4}, {"waiting": 9, "exit": 3}),
        (flow.counter, {}, {"exit": 12}),
        (flow.collect, {"count": 6, "value": 1}, {"waiting": 10, "exit": 2}),
    ],
)
async def test_branches_share_what_is_remembered(
    kind: nf.NodeType, given: dict[str, Any], exits: dict[str, int], elide: bool, autojump_clock: MockClock
) -> None:
    wf = crowd([1.0] * 12, kind, {name: [say(name)] for name in exits}, **given)
    assert Counter((await nf.run(wf, elide=elide)).printed) == exits


@pytest.mark.parametrize("elide", [True, False])
async def test_branches_that_cannot_block_share_it_too(elide: bool) -> None:
    wf, fan = started(flow.fan_out, branches=["a", "b", "c"])
    once = wf.add(flow.once)
    for name in "abc":
        fan[name] >> once["enter"]
    chained(wf, once.first, say("first"))
    chained(wf, once.already_run, say("again"))
    assert (await nf.run(wf, elide=elide)).printed == ["first", "again", "again"]


# --- how long it is remembered ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "output"),
    [(flow.once, "first"), (flow.flip_flop, "a"), (flow.wait_for_n, "waiting"), (flow.collect, "waiting")],
)
async def test_each_run_of_a_workflow_remembers_anew(kind: nf.NodeType, output: str) -> None:
    inner = nf.Workflow("inner")
    node = inner.add(kind, id="node")
    inner.add(flow.start) >> node["enter"]
    chained(inner, node[output], say(output))
    outer, steps = started(flow.sequence, steps=["a", "b"])
    for name in ("a", "b"):
        steps[name] >> outer.add(flow.gosub, id=f"call_{name}", workflow="inner")["enter"]
    assert (await nf.run(nf.Document(outer, inner))).printed == [output, output]


@pytest.mark.parametrize(
    ("kind", "state", "values"),
    [
        (flow.once, "ran", [True]),
        (flow.flip_flop, "was_a", [True, False, True]),
        (flow.counter, "total", [1, 2, 3]),
        (flow.wait_for_n, "seen", [1, 0, 1]),
        (flow.collect, "gathered", [("x",), ("x", "x"), ("x", "x", "x")]),
    ],
)
async def test_observers_see_what_is_remembered(kind: nf.NodeType, state: str, values: list[Any]) -> None:
    wf, loop = started(flow.for_, times=3)
    node = wf.add(kind, **({"value": "x"} if kind is flow.collect else {}))
    loop.body >> node["enter"]
    states = States()
    await nf.run(wf, observers=[states])
    assert states.of(state) == values


# --- collect ------------------------------------------------------------------------------------------


@given(st.integers(1, 5), st.integers(0, 12))
def test_collect_hands_on_in_lists_of_so_many(count: int, times: int) -> None:
    tried = try_node(flow.collect, value=Each(*range(times)), count=count, times=times)
    full = [[*range(i, i + count)] for i in range(0, times - count + 1, count)]
    assert tried.seen("items", "exit") == full
    assert tried.exits.count("waiting") == times - len(full)


def test_flush_hands_on_what_there_is() -> None:
    tried = try_node(flow.collect, value="a", enter=["enter", "enter", "flush", "flush", "enter"])
    assert tried.exits == ["waiting", "waiting", "exit", "exit", "waiting"]
    assert tried.seen("items", "exit") == [["a", "a"], []]


@pytest.mark.parametrize("count", [0, -1, 100_001])
def test_how_many_are_collected_is_bounded(count: int) -> None:
    with pytest.raises(ValueError, match="`count` must be from 1 to 100000"):
        try_node(flow.collect, count=count)


def test_collected_values_may_be_anything() -> None:
    tried = try_node(flow.collect, value=Each(None, [1], {"a": None}), count=3)
    assert tried.outputs["items"] == [None, [1], {"a": None}]
