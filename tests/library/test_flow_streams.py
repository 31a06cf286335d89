"""Streams of iterables, merged streams and windows: what comes when, and that sources are closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

import nodeflow as nf
from flow_drawing import BREAK, Link, chained, fail, say, started, wait
from nodeflow.library import flow
from nodeflow.testing import try_node


class Ticking:
    """An async iterable whose items come after so many seconds each; it knows whether it was closed."""

    def __init__(self, *items: tuple[float, Any], fails: bool = False) -> None:
        self.items = items
        self.fails = fails
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for seconds, item in self.items:
                await trio.sleep(seconds)
                yield item
            if self.fails:
                raise OSError("the line is dead")
        finally:
            self.closed = True


@nf.data_node("tests.given")
def given_source(ctx: nf.NodeContext, index: nf.Option[int]) -> Any:
    return ctx.service(list)[index]


@nf.exec_node("tests.show")
def show_item(ctx: nf.NodeContext, item: Any, source: Any = "") -> None:
    ctx.feedback(f"{source}{item}@{round(ctx.time(), 6):g}", "print")


def streamed(kind: nf.NodeType, sources: dict[str, Any], *behind: Link, **given: Any) -> nf.Workflow:
    """A stream of sources that are no literals; each item is shown with its time, and the end."""
    wf, node = started(kind, **given)
    for index, name in enumerate(sources):
        wf.add(given_source, id=f"source_{index}", index=index).result >> node[name]
    show = wf.add(show_item)
    node.on_item >> show["enter"]
    next(node[s.name] for s in kind.data_outs) >> show["item"]
    if kind is flow.merge_streams:
        node.source >> show["source"]
    chained(wf, show["exit"], *behind)
    chained(wf, node.completed, say("completed"))
    return wf


async def shown(kind: nf.NodeType, sources: dict[str, Any], *behind: Link, **given: Any) -> list[str]:
    result = await nf.run(streamed(kind, sources, *behind, **given), services=[[*sources.values()]])
    return list(result.printed)


# --- stream -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("items", [[], [1, None, "a"], {"b": 1, "a": 2}, range(4)])
def test_a_stream_of_anything_iterable(items: Any) -> None:
    tried = try_node(flow.stream, items=items)
    assert tried.seen("item", "on_item") == [*items]
    assert tried.exits == [*["on_item"] * len(items), "completed", "exit"]


async def test_the_interval_lies_between_items(autojump_clock: MockClock) -> None:
    assert await shown(flow.stream, {"items": ["a", "b", "c"]}, interval=2) == ["a@0", "b@2", "c@4", "completed"]
    assert trio.current_time() == 4


async def test_an_async_iterable_is_read_as_it_comes(autojump_clock: MockClock) -> None:
    source = Ticking((1, "a"), (2, "b"))
    assert await shown(flow.stream, {"items": source}) == ["a@1", "b@3", "completed"]
    assert source.closed


async def test_concurrent_items_do_not_hold_the_source_up(autojump_clock: MockClock) -> None:
    source = Ticking((1, "a"), (1, "b"), (1, "c"))
    lines = await shown(flow.stream, {"items": source}, wait(10), mode="concurrent", max_in_flight=3)
    assert lines == ["a@1", "b@2", "c@3", "completed"]
    assert trio.current_time() == 13


@pytest.mark.parametrize("kind", [flow.stream, flow.merge_streams, flow.window])
@pytest.mark.parametrize("mode", ["sequential", "concurrent"])
async def test_a_source_is_closed_when_an_item_fails(kind: nf.NodeType, mode: str, autojump_clock: MockClock) -> None:
    source = Ticking((1, "a"), (1, "b"), (1, "c"))
    timed = {"seconds": 0.5} if kind is flow.window else {}
    wf = streamed(kind, {"items": source}, fail("too bad"), mode=mode, **timed)
    with pytest.raises(nf.RunFailed, match="too bad"):
        await nf.run(wf, services=[[source]])
    assert source.closed
    assert trio.current_time() < 3


@pytest.mark.parametrize("kind", [flow.stream, flow.merge_streams, flow.window])
async def test_a_source_is_closed_when_a_loop_around_is_broken(kind: nf.NodeType, autojump_clock: MockClock) -> None:
    source = Ticking((1, "a"), (1, "b"))
    wf, loop = started(flow.for_, times=3)
    node = wf.add(kind, **({"seconds": 0.5} if kind is flow.window else {}))
    wf.add(given_source, index=0).result >> node["items"]
    loop.body >> node["enter"]
    chained(wf, node.on_item, say("item"), BREAK)
    assert (await nf.run(wf, services=[[source]])).printed == ["item"]
    assert source.closed


@pytest.mark.parametrize("kind", [flow.stream, flow.merge_streams, flow.window])
async def test_what_a_source_fails_with_fails_the_node(kind: nf.NodeType, autojump_clock: MockClock) -> None:
    source = Ticking((1, "a"), fails=True)
    timed = {"seconds": 0.5} if kind is flow.window else {}
    with pytest.raises(nf.RunFailed, match="the line is dead") as caught:
        await shown(kind, {"items": source}, **timed)
    failure = caught.value.__cause__
    assert isinstance(failure, nf.NodeFailed)
    assert isinstance(failure.__cause__, OSError)
    assert failure.type == kind.name


@pytest.mark.parametrize("kind", [flow.stream, flow.window])
@pytest.mark.parametrize("items", ["text", 7, None])
def test_what_cannot_be_streamed(kind: nf.NodeType, items: Any) -> None:
    with pytest.raises(ValueError, match="`items` must be a list or another iterable"):
        try_node(kind, items=items)


@pytest.mark.parametrize("interval", [-1.0, float("nan"), float("inf")])
def test_an_interval_that_makes_no_sense(interval: float) -> None:
    with pytest.raises(ValueError, match="`interval` must be a number from 0 on"):
        try_node(flow.stream, interval=interval)


# --- merged -------------------------------------------------------------------------------------------


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.lists(st.integers(), max_size=5)))
def test_lists_take_turns_and_keep_their_order(sources: dict[str, list[int]]) -> None:
    tried = try_node(flow.merge_streams, **sources)
    found = list(zip(tried.seen("source", "on_item"), tried.seen("item", "on_item"), strict=True))
    longest = max(map(len, sources.values()), default=0)
    assert found == [(name, items[i]) for i in range(longest) for name, items in sources.items() if i < len(items)]


async def test_async_sources_are_read_side_by_side(autojump_clock: MockClock) -> None:
    sources = {"a": Ticking((1, 1), (2, 2)), "b": Ticking((2, 1), (2, 2)), "c": [7]}
    lines = await shown(flow.merge_streams, sources)
    assert lines == ["c7@0", "a1@1", "b1@2", "a2@3", "b2@4", "completed"]
    assert sources["a"].closed
    assert sources["b"].closed


async def test_items_that_take_their_time_hold_the_sources_up(autojump_clock: MockClock) -> None:
    sources = {"a": Ticking((0, 1), (0, 2)), "b": Ticking((1, 1))}
    assert await shown(flow.merge_streams, sources, wait(5)) == ["a1@0", "a2@5", "b1@10", "completed"]


async def test_each_concurrent_item_knows_its_source(autojump_clock: MockClock) -> None:
    sources = {"a": Ticking((1, 1), (2, 2)), "b": Ticking((2, 1))}
    lines = await shown(flow.merge_streams, sources, wait(10), mode="concurrent")
    assert lines == ["a1@1", "b1@2", "a2@3", "completed"]
    assert trio.current_time() == 13


async def test_one_source_that_fails_closes_the_others(autojump_clock: MockClock) -> None:
    sources = {"bad": Ticking((1, 1), fails=True), "good": Ticking((5, 1))}
    with pytest.raises(nf.RunFailed, match="the line is dead"):
        await shown(flow.merge_streams, sources)
    assert sources["good"].closed
    assert trio.current_time() == 1


async def test_a_failure_below_is_the_failure_of_the_node_that_failed(autojump_clock: MockClock) -> None:
    wf, guard = started(flow.try_, catches=["FlowFailure"])
    node = wf.add(flow.merge_streams)
    wf.add(given_source, index=0).result >> node["a"]
    guard.body >> node["enter"]
    chained(wf, node.on_item, fail("too bad"))
    chained(wf, guard.catch, say("caught"))
    result = await nf.run(wf, services=[[Ticking((1, 1), (1, 2))]])
    assert result.printed == ["caught"]
    assert result.value("try", "error") == "too bad"


@pytest.mark.parametrize("kind", [flow.stream, flow.merge_streams, flow.window])
async def test_a_stream_is_cancelled_with_its_source(kind: nf.NodeType, autojump_clock: MockClock) -> None:
    source = Ticking((1, 1), (100, 2))
    wf, limited = started(flow.timeout, seconds=5)
    node = wf.add(kind, **({"seconds": 0.5} if kind is flow.window else {}))
    wf.add(given_source, index=0).result >> node["items"]
    limited.body >> node["enter"]
    chained(wf, node.on_item, say("item"))
    chained(wf, limited.expired, say("expired"))
    assert (await nf.run(wf, services=[[source]])).printed == ["item", "expired"]
    assert source.closed


def test_nothing_to_merge() -> None:
    assert try_node(flow.merge_streams).exits == ["completed", "exit"]
    assert try_node(flow.merge_streams, a=[], b=[]).exits == ["completed", "exit"]
    with pytest.raises(ValueError, match="`b` must be a list or another iterable, not 'text'"):
        try_node(flow.merge_streams, a=[1], b="text")


# --- windows ------------------------------------------------------------------------------------------


@given(st.lists(st.integers(), max_size=12), st.integers(1, 5))
def test_windows_by_count(items: list[int], count: int) -> None:
    windows = try_node(flow.window, items=items, count=count).seen("slice", "on_item")
    assert windows == [items[i : i + count] for i in range(0, len(items), count)]


def test_one_window_of_all() -> None:
    assert try_node(flow.window, items=[*range(50)], count=0).seen("slice", "on_item") == [[*range(50)]]
    assert try_node(flow.window, items=[], count=0).exits == ["completed", "exit"]


@pytest.mark.parametrize(
    ("given", "lines"),
    [  # items come at 0, 1, 6, 7, 8, 9, 10
        ({"count": 3}, ["[1, 2, 3]@6", "[4, 5, 6]@9", "[7]@10"]),
        ({"count": 0, "seconds": 2.2}, ["[1, 2]@2.2", "[3, 4, 5]@8.2", "[6, 7]@10"]),
        ({"count": 2, "seconds": 3.5}, ["[1, 2]@1", "[3, 4]@7", "[5, 6]@9", "[7]@10"]),
        ({"count": 3, "seconds": 2.5}, ["[1, 2]@2.5", "[3, 4, 5]@8", "[6, 7]@10"]),
        ({"count": 0, "seconds": 100}, ["[1, 2, 3, 4, 5, 6, 7]@10"]),
    ],
)
async def test_windows_by_time(given: dict[str, float], lines: list[str], autojump_clock: MockClock) -> None:
    source = Ticking((0, 1), (1, 2), (5, 3), (1, 4), (1, 5), (1, 6), (1, 7))
    found = await shown(flow.window, {"items": source}, **given)
    assert found == [*lines, "completed"]
    assert source.closed


async def test_a_window_is_not_late_because_an_item_takes_its_time(autojump_clock: MockClock) -> None:
    source = Ticking((0, 1), (0, 2), (0, 3))
    found = await shown(flow.window, {"items": source}, wait(10), count=2, seconds=1)
    assert found == ["[1, 2]@0", "[3]@10", "completed"]


@pytest.mark.parametrize("given", [{"count": -1}, {"count": 100_001}, {"seconds": -1.0}, {"seconds": float("nan")}])
def test_windows_that_make_no_sense(given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=f"`{next(iter(given))}` must be"):
        try_node(flow.window, **given)


def test_a_window_holds_no_more_than_a_hundred_thousand() -> None:
    sizes = [len(part) for part in try_node(flow.window, items=range(100_001), count=0).seen("slice", "on_item")]
    assert sizes == [100_000, 1]
