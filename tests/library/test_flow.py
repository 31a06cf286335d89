"""Decisions and what flows tell; all nodes of the category are found in `flow`."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from flow_drawing import chained, say, started
from nodeflow.library import flow, logic, standard_registry
from nodeflow.testing import try_node


def test_flow_has_every_node_of_its_category() -> None:
    found = {value.name for value in vars(flow).values() if isinstance(value, nf.NodeType)}
    assert found == {name for name in standard_registry() if name.startswith("flow.")}
    assert all(getattr(flow, name, None) is not None for name in flow.__all__)


# --- choose -------------------------------------------------------------------------------------------


@given(st.lists(st.booleans(), max_size=6))
def test_the_first_condition_that_holds(holds: list[bool]) -> None:
    names = [f"c{i}" for i in range(len(holds))]
    tried = try_node(flow.choose, conditions=names, **dict(zip(names, holds, strict=True)))
    assert tried.exits == [next((name for name, value in zip(names, holds, strict=True) if value), "default")]


def test_conditions_behind_one_that_holds_are_not_pulled() -> None:
    wf, choose = started(flow.choose, conditions=["small", "large"])
    broken = wf.add(logic.less, a=1, b="a")
    broken.result >> choose["large"]
    wf.add(logic.less, a=1, b=2).result >> choose["small"]
    chained(wf, choose["small"], say("small"))
    chained(wf, choose["large"], say("large"))
    assert nf.run_sync(wf).printed == ["small"]


async def test_a_condition_is_pulled_at_each_arrival() -> None:
    wf, loop = started(flow.for_, times=3)
    choose, first = wf.add(flow.choose, conditions=["first"]), wf.add(logic.equal, b=0)
    loop.body >> choose["enter"]
    loop.index >> first.a
    first.result >> choose["first"]
    chained(wf, choose["first"], say("first"))
    chained(wf, choose.default, say("later"))
    assert (await nf.run(wf)).printed == ["first", "later", "later"]


@pytest.mark.parametrize(
    ("kind", "option", "name"),
    [
        (flow.choose, "conditions", "enter"), (flow.choose, "conditions", "default"),
        (flow.choose, "conditions", "conditions"), (flow.match, "cases", "value"), (flow.match, "cases", "cases"),
    ],
)  # fmt: skip
def test_names_that_are_taken(kind: nf.NodeType, option: str, name: str) -> None:
    wf, _ = started(kind, **{option: [name]})
    (found,) = [f for f in nf.validate(wf) if f.code == "NF107"]
    assert f"{name!r} is the name of another socket of this node" in str(found)


def test_without_conditions_it_goes_on_at_default() -> None:
    assert try_node(flow.choose, conditions=[]).exits == ["default"]
    assert try_node(flow.choose, conditions=["a", "a", "b"], b=True).exits == ["b"]


# --- match and switch ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "exit"),
    [("a", "text"), (7, "number"), (7.0, "number"), (True, "truth"), ("7", "default"), (1, "default"),
     (None, "nothing"), ([1, 2], "list"), ([2, 1], "default"), (float("nan"), "default")],
)  # fmt: skip
def test_match_compares_like_with_like(value: Any, exit: str) -> None:
    given = {"text": "a", "number": 7, "truth": True, "nothing": None, "list": [1, 2]}
    assert try_node(flow.match, cases=[*given], value=value, **given).exits == [exit]


@pytest.mark.parametrize(
    ("value", "exit"),
    [("a", "a"), (7, "7"), (7.0, "7"), (True, "true"), (1, "default"), ("7", "default"), (0, "default"),
     (None, "none"), ("", "empty"), ([1, 2], "[1,2]"), ([1, True], "default"), ({"a": [1.0]}, '{"a":[1]}'),
     ({"a": [True]}, "default"),     (float("nan"), "default")],
)  # fmt: skip
def test_switch_compares_as_equal_does(value: Any, exit: str) -> None:
    cases = ["a", "", 7, True, False, None, [1, 2], {"a": [1]}, float("nan")]
    assert try_node(flow.switch, cases=cases, value=value).exits == [exit]


def test_a_case_that_is_called_default_goes_on_there() -> None:
    assert try_node(flow.switch, cases=["default", "b"], value="default").exits == ["default"]
    assert try_node(flow.switch, cases=["default", "b"], value="b").exits == ["b"]


def test_a_case_without_a_text_is_found_when_validating() -> None:
    with pytest.raises(nf.InvalidDocument, match="too many digits to be text"):
        try_node(flow.switch, cases=[10**5000], value=1)


def test_values_deeper_than_the_stack_have_a_case() -> None:
    deep: list[Any] = []
    for _ in range(20_000):
        deep = [deep]
    switch = partial(try_node, flow.switch, cases=["text", []])
    assert switch(value=deep).exits == ["default"]


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error"])
def test_a_message_has_a_level(level: str) -> None:
    assert try_node(flow.log, message="m", level=level).told == [(level, "m")]


def test_a_level_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="`level` must be 'debug', 'info', 'warning' or 'error', not 'loud'"):
        try_node(flow.log, message="m", level="loud")


def test_of_equal_cases_the_first_is_taken() -> None:
    assert try_node(flow.match, cases=["x", "y"], value=1, x=1, y=1).exits == ["x"]


def test_a_case_without_a_value_is_found_when_validating() -> None:
    wf, _ = started(flow.match, cases=["x"], value=1)
    assert [f.code for f in nf.validate(wf) if f.socket == "x"] == ["NF202"]
    with pytest.raises(nf.RunFailed, match="input 'x' of node 'match' has no connection"):
        nf.run_sync(wf)


def test_wired_cases_are_pulled_in_order() -> None:
    wf, match = started(flow.match, cases=["x", "y"], value=True)
    wf.add(logic.not_, id="x", value=False).result >> match["x"]
    wf.add(logic.less, id="y", a=1, b="a").result >> match["y"]
    chained(wf, match["x"], say("x"))
    assert nf.run_sync(wf).printed == ["x"]


# --- telling ------------------------------------------------------------------------------------------


def test_a_marker_tells_its_name_or_its_id() -> None:
    assert try_node(flow.marker, name="here").told == [("marker", "here")]
    tried = try_node(flow.marker, times=2)
    assert tried.told == [("marker", "node")] * 2
    assert tried.exits == ["exit", "exit"]
    assert tried.printed == []


@pytest.mark.parametrize(
    ("value", "plain", "dotnet"),
    [(True, "true", "True"), (2.0, "2", "2"), (None, "", ""), ([True], "[true]", "[true]"),
     (1e20, "1e+20", "1E+20"), ("", "", "")],
)  # fmt: skip
def test_printing_in_two_styles(value: Any, plain: str, dotnet: str) -> None:
    assert try_node(flow.print, value=value).printed == [plain]
    assert try_node(flow.print, value=value, style="dotnet").printed == [dotnet]
    assert try_node(flow.print, value=value, label="L").printed == [f"L: {plain}"]


def test_a_style_that_there_is_not() -> None:
    with pytest.raises(ValueError, match="`style` must be 'plain' or 'dotnet', not 'loud'"):
        try_node(flow.print, style="loud")
