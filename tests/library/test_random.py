"""Random values: what may come out, and that a seed makes runs repeat whatever the schedule (4.4, T7)."""

from __future__ import annotations

import random as python
import uuid
from collections import Counter
from typing import Any

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from tree_kit import nap, schedule

import nodeflow as nf
from nodeflow.library import flow, math, random, variables
from nodeflow.services import Seed
from nodeflow.testing import Each, try_node

ALL: list[tuple[nf.NodeType, dict[str, Any]]] = [
    (random.uniform, {}),
    (random.normal, {}),
    (random.integer, {"max": 10**9}),
    (random.boolean, {}),
    (random.choice, {"list": [*range(1000)]}),
    (random.sample, {"list": [*range(1000)], "count": 3}),
    (random.shuffle, {"list": [*range(50)]}),
    (random.text, {}),
    (random.uuid, {}),
]
SEEDED = (Seed(7),)
EACH = pytest.mark.parametrize(("node", "given"), ALL, ids=[node.name for node, _ in ALL])


def drawn(node: nf.NodeType, times: int = 20, services: Any = SEEDED, **given: Any) -> list[Any]:
    """The results of so many pulls."""
    return try_node(node, times=times, services=services, **given).seen("result")


# --- one node -----------------------------------------------------------------------------------------


@EACH
def test_all_are_volatile(node: nf.NodeType, given: dict[str, Any]) -> None:
    assert node.volatile


@EACH
def test_a_seed_repeats_and_each_pull_is_another_draw(node: nf.NodeType, given: dict[str, Any]) -> None:
    first = drawn(node, **given)
    assert drawn(node, **given) == first
    assert drawn(node, services=[Seed(8)], **given) != first
    assert drawn(node, services=[Seed("7")], **given) != first
    assert len(set(map(repr, first))) > 1


@EACH
def test_without_a_seed_nothing_repeats(node: nf.NodeType, given: dict[str, Any]) -> None:
    assert drawn(node, 100, (), **given) != drawn(node, 100, (), **given)


@EACH
def test_a_source_of_the_host_is_used_as_it_is(node: nf.NodeType, given: dict[str, Any]) -> None:
    source = python.Random(3)
    first = drawn(node, services=[source], **given)
    assert source.getstate() != python.Random(3).getstate()
    assert drawn(node, services=[python.Random(3)], **given) == first


def test_a_seed_goes_before_a_source_of_the_host() -> None:
    source = python.Random(3)
    assert drawn(random.uniform, services=[source, Seed(7)]) == drawn(random.uniform)
    assert source.getstate() == python.Random(3).getstate()


def test_what_a_seed_draws_is_the_same_in_every_process_and_version() -> None:
    assert drawn(random.integer, 3) == [73, 40, 51]


# --- what may come out --------------------------------------------------------------------------------


@given(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9), st.integers())
def test_uniform(low: float, high: float, seed: int) -> None:
    [found] = drawn(random.uniform, 1, [Seed(seed)], low=low, high=high)
    assert min(low, high) <= found <= max(low, high)


@given(st.integers(), st.integers(0, 10**30), st.integers())
def test_integer(low: int, more: int, seed: int) -> None:
    [found] = drawn(random.integer, 1, [Seed(seed)], min=low, max=low + more)
    assert low <= found < low + more or (more == 0 and found == low)
    [found] = drawn(random.integer, 1, [Seed(seed)], min=low, max=low + more, inclusive=True)
    assert low <= found <= low + more


def test_integers_reach_both_ends() -> None:
    assert {*drawn(random.integer, 100, min=1, max=3)} == {1, 2}
    assert {*drawn(random.integer, 100, min=1, max=3, inclusive=True)} == {1, 2, 3}
    assert {*drawn(random.integer, 10, min=5, max=5)} == {5}


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0), (-3.0, 0), (1.0, 1), (7.0, 1), (0.25, 0.25), (0.5, 0.5)])
def test_boolean(probability: float, share: float) -> None:
    found = drawn(random.boolean, 2000, probability=probability)
    assert set(map(type, found)) == {bool}
    assert sum(found) / 2000 == pytest.approx(share, abs=0.05)


def test_a_probability_that_is_no_number_never_comes_true() -> None:
    assert try_node(random.boolean, probability=Each(float("nan"))).result is False


def test_normal() -> None:
    found = drawn(random.normal, 2000, mean=10, deviation=2)
    assert sum(found) / 2000 == pytest.approx(10, abs=0.3)
    assert sum(8 < number < 12 for number in found) / 2000 == pytest.approx(0.68, abs=0.05)


@given(st.lists(st.integers(), max_size=20), st.integers(0, 20), st.integers())
def test_from_a_list(items: list[int], count: int, seed: int) -> None:
    services, before = [Seed(seed)], [*items]
    [shuffled] = drawn(random.shuffle, 1, services, list=items)
    assert sorted(shuffled) == sorted(items)
    if count <= len(items):
        [sample] = drawn(random.sample, 1, services, list=items, count=count)
        assert len(sample) == count
        assert not Counter(sample) - Counter(items)
    if items:
        outputs = try_node(random.choice, list=items, services=services).outputs
        assert items[outputs["index"]] == outputs["result"]
    assert items == before


def test_every_item_is_chosen() -> None:
    assert {*drawn(random.choice, 100, list=[1, 2, 3])} == {1, 2, 3}
    assert len({tuple(order) for order in drawn(random.shuffle, 100, list=[1, 2, 3])}) == 6


def test_an_empty_list() -> None:
    with pytest.raises(IndexError, match="nothing to choose"):
        try_node(random.choice, list=[])
    assert try_node(random.choice, list=[], empty="none").outputs == {"result": None, "index": -1}
    assert try_node(random.choice, list=[None], empty="none").outputs == {"result": None, "index": 0}
    assert drawn(random.shuffle, 1, list=[]) == drawn(random.sample, 1, list=[], count=0) == [[]]


@given(st.integers(0, 200), st.text(min_size=1, max_size=10), st.integers())
def test_text(length: int, alphabet: str, seed: int) -> None:
    [found] = drawn(random.text, 1, [Seed(seed)], length=length, alphabet=alphabet)
    assert len(found) == length
    assert {*found} <= {*alphabet}


def test_text_is_of_letters_and_digits() -> None:
    [found] = drawn(random.text, 1, length=10_000)
    assert len(found) == 10_000
    assert {*found} == {*random.LETTERS_AND_DIGITS}


def test_uuid() -> None:
    found = [uuid.UUID(text) for text in drawn(random.uuid, 50)]
    assert {each.version for each in found} == {4}
    assert len({*found}) == 50


@pytest.mark.parametrize(
    ("node", "given", "said"),
    [
        (random.uniform, {"low": -1.7e308, "high": 1.7e308}, "must be finite"),
        (random.normal, {"deviation": -1}, "no normal distribution"),
        (random.integer, {"min": 3, "max": 2}, r"`min` \(3\) is greater than `max` \(2\)"),
        (random.sample, {"list": [1], "count": 2}, "from 0 to 1"),
        (random.sample, {"list": [1], "count": -1}, "from 0 to 1"),
        (random.text, {"length": -1}, "from 0 to 10000, not -1"),
        (random.text, {"length": 10**12}, "from 0 to 10000"),
        (random.text, {"alphabet": ""}, "no character to draw"),
        (random.text, {"outside": "x"}, "'error' or 'clamp'"),
        (random.choice, {"empty": "x"}, "'error' or 'none'"),
    ],
)
def test_what_cannot_be_drawn(node: nf.NodeType, given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        try_node(node, **given)


@pytest.mark.parametrize(("length", "found"), [(-1, 0), (0, 0), (20_000, 10_000), (10**30, 10_000)])
def test_a_clamped_length(length: int, found: int) -> None:
    assert len(try_node(random.text, length=length, outside="clamp").result) == found


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_bounds_that_are_no_numbers(bad: float) -> None:
    for name in ("low", "high"):
        with pytest.raises(ValueError, match="must be finite"):
            try_node(random.uniform, **{name: Each(bad)})


# --- many threads -------------------------------------------------------------------------------------


def side_by_side() -> nf.Workflow:
    """Slices that draw from one node, twice each and between waits, in branches that do the same, with two nodes."""
    wf = nf.Workflow("main", outputs={"drawn": "dict"})
    fan, join, done = (
        wf.add(flow.fan_out, branches=["a", "b", "c"]),
        wf.add(flow.fan_in, merge="dict"),
        wf.add(flow.set_output),
    )
    one, two, draw_twice = wf.add(random.uniform, id="one"), wf.add(random.uniform, id="two"), wf.add(pair, id="pair")
    wf.add(flow.start) >> fan
    one.result >> draw_twice.a
    two.result >> draw_twice.b
    for branch in ("a", "b", "c"):
        batch = wf.add(flow.batch, id=f"batch_{branch}", items=[*range(4)], parallel=3)
        wait, again = wf.add(nap, id=f"wait_{branch}"), wf.add(nap, id=f"again_{branch}")
        both = wf.add(pair, id=f"both_{branch}")
        fan[branch] >> batch
        batch["process"] >> wait >> again
        one.result >> wait.value
        one.result >> again.value
        one.result >> both.a
        again.out >> both.b
        both.result >> batch["result"]
        batch["continue"] >> join.enter
        batch.results >> join[branch]
    join >> done
    join.merged >> done["drawn"]
    return wf


@nf.data_node("t.pair")
def pair(a: Any = None, b: Any = None) -> list[Any]:
    """Both."""
    return [a, b]


def run(seed: Seed, order: int, *, elide: bool = True) -> dict[str, list[Any]]:
    with schedule(order):
        return nf.run_sync(side_by_side(), services=[seed], elide=elide).outputs["drawn"]  # type: ignore[no-any-return]


@pytest.mark.rule("4.4", "5.T7")
def test_a_seed_draws_the_same_under_every_schedule() -> None:
    first = run(Seed(7), 0)
    for order in range(1, 12):
        assert run(Seed(7), order) == first
    assert run(Seed(7), 0, elide=False) == first


@pytest.mark.rule("4.4")
def test_branches_and_slices_and_pulls_and_seeds_differ() -> None:
    found = run(Seed(7), 0)
    values = [value for slices in found.values() for both in slices for value in both]
    assert len(values) == 24
    assert len({*values}) == 24
    other = run(Seed(8), 0)
    assert {*values}.isdisjoint(value for slices in other.values() for both in slices for value in both)


def test_nodes_differ() -> None:
    wf = nf.Workflow("main", outputs={"difference": "float"})
    one, two, minus, done = (
        wf.add(random.uniform, id="one"), wf.add(random.uniform, id="two"), wf.add(math.subtract),
        wf.add(flow.set_output),
    )  # fmt: skip
    wf.add(flow.start) >> done
    one.result >> minus.a
    two.result >> minus.b
    minus.result >> done["difference"]
    assert nf.run_sync(wf, services=[Seed(7)]).outputs["difference"] != 0


def test_a_loop_draws_anew_each_round_and_after_a_context_has_closed() -> None:
    wf = nf.Workflow("main", variables={"seen": nf.model.Variable("list", [])})
    loop, draw = wf.add(flow.for_, times=5), wf.add(random.uniform)
    keep = wf.add(variables.update, name="seen", op="append")
    batch = wf.add(flow.batch, items=[1, 2])
    wf.add(flow.start) >> loop
    loop.body >> batch
    draw.result >> batch["result"]
    batch["continue"] >> keep
    draw.result >> keep["value"]
    services = [Seed(1)]
    seen = nf.run_sync(wf, services=services).variables["seen"]
    assert len({*seen}) == 5
    assert nf.run_sync(wf, services=services).variables["seen"] == seen


async def test_values_do_not_depend_on_how_long_others_wait(autojump_clock: trio.abc.Clock) -> None:
    def waiting(seconds: list[float]) -> nf.Workflow:
        wf = nf.Workflow("main", outputs={"drawn": "list"})
        batch, wait, draw, done = (
            wf.add(flow.batch, items=seconds, parallel=3), wf.add(nap), wf.add(random.integer, max=10**9),
            wf.add(flow.set_output),
        )  # fmt: skip
        wf.add(flow.start) >> batch
        batch["process"] >> wait
        batch.item >> wait.seconds
        draw.result >> batch["result"]
        batch["continue"] >> done
        batch.results >> done["drawn"]
        return wf

    services = [Seed(7)]
    first = (await nf.run(waiting([1.0, 2.0, 3.0]), services=services)).outputs
    assert (await nf.run(waiting([3.0, 1.0, 2.0]), services=services)).outputs == first
    assert len({*first["drawn"]}) == 3
