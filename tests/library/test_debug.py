"""What the debug nodes tell, and that they change nothing else."""

from __future__ import annotations

import math as numbers
from typing import Any

import pytest

import nodeflow as nf
from flow_drawing import started
from nodeflow.library import debug, flow, math
from nodeflow.testing import try_node


async def test_a_value_is_printed_whenever_it_is_a_new_one() -> None:
    wf, loop = started(flow.for_, times=3)
    seen, add, take = wf.add(debug.print_value, label="i"), wf.add(math.add, b=1), wf.add(debug.consume)
    loop.index >> seen.value
    seen.result >> add.a
    loop.body >> take["enter"]
    add.result >> take.value
    assert (await nf.run(wf)).printed == ["i: 0", "i: 1", "i: 2"]


async def test_a_value_that_stays_is_printed_once() -> None:
    wf, loop = started(flow.for_, times=3)
    seen, take = wf.add(debug.print_value, value="fixed"), wf.add(debug.consume)
    loop.body >> take["enter"]
    seen.result >> take.value
    assert (await nf.run(wf)).printed == ["fixed"]


async def test_a_value_that_nobody_pulls_is_not_printed() -> None:
    wf, _ = started(flow.print, value="only this")
    wf.add(debug.print_value, value="not this")
    assert (await nf.run(wf)).printed == ["only this"]


async def test_branches_that_pull_the_same_value_print_it_once(elide: bool) -> None:
    wf, fan = started(flow.fan_out, branches=["a", "b", "c"])
    seen = wf.add(debug.print_value, value="once")
    for name in "abc":
        take = wf.add(debug.consume)
        fan[name] >> take["enter"]
        seen.result >> take.value
    assert (await nf.run(wf, elide=elide)).printed == ["once"]


@pytest.mark.parametrize("value", [None, "", [1, {"a": None}], numbers.inf, True])
def test_a_printed_value_is_passed_on_as_it_is(value: Any) -> None:
    tried = try_node(debug.print_value, value=value)
    assert tried.result == value
    assert len(tried.printed) == 1


def test_printing_as_dotnet_does() -> None:
    assert try_node(debug.print_value, value=True, style="dotnet").printed == ["True"]


def test_assert() -> None:
    assert try_node(debug.assert_, condition=True, message="no").exits == ["exit"]
    for message, said in (("too bad", "too bad"), ("", "Assertion failed")):
        with pytest.raises(nf.FlowFailure, match=f"^{said}$"):
            try_node(debug.assert_, condition=False, message=message)
    with pytest.raises(nf.FlowFailure, match="Assertion failed"):
        try_node(debug.assert_, condition=False)


async def test_what_an_assertion_fails_with_can_be_caught() -> None:
    wf, guard = started(flow.try_, catches=["FlowFailure"])
    guard.body >> wf.add(debug.assert_, condition=False)["enter"]
    guard.catch >> wf.add(flow.print, value="caught")["enter"]
    assert (await nf.run(wf)).printed == ["caught"]


def test_consume_pulls_and_goes_on() -> None:
    assert try_node(debug.consume, value=[1]).exits == ["exit"]
    wf, take = started(debug.consume)
    wf.add(math.divide, a=1, b=0).result >> take.value
    with pytest.raises(nf.RunFailed, match="divide"):
        nf.run_sync(wf)


def test_a_breakpoint_tells_and_goes_on() -> None:
    tried = try_node(debug.breakpoint, label="here")
    assert tried.told == [("breakpoint", "here")]
    assert tried.exits == ["exit"]
    assert try_node(debug.breakpoint).told == [("breakpoint", "Breakpoint hit")]


@pytest.mark.parametrize(
    ("value", "type", "size", "short"),
    [
        (None, "none", None, "None"), (True, "bool", None, "True"), (7, "int", None, "7"), (2.5, "float", None, "2.5"),
        (numbers.nan, "float", None, "nan"), ("", "text", 0, "''"), ("abc", "text", 3, "'abc'"), ([], "list", 0, "[]"),
        ((1, 2), "list", 2, "(1, 2)"), ({"a": 1}, "dict", 1, "{'a': 1}"), (b"ab", "bytes", 2, "b'ab'"),
    ],
)  # fmt: skip
def test_inspect(value: Any, type: str, size: int | None, short: str) -> None:
    assert debug.inspect(value) == (type, size, short)
    assert try_node(debug.inspect, value=value).outputs["type"] == type


def test_inspecting_what_is_large_or_deep_is_short() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in ("x" * 10**6, [*range(10**6)], {str(i): i for i in range(10**5)}, 10**5000, deep):
        found = debug.inspect(value)
        assert len(found.short) <= 80
    while deep:  # so that taking it apart does not recurse
        deep = deep[0]


def test_inspecting_what_says_nothing_of_its_size() -> None:
    class Odd:
        def __len__(self) -> int:
            raise RuntimeError("no")

    found = debug.inspect(Odd())
    assert found.type == "Odd"
    assert found.size is None
