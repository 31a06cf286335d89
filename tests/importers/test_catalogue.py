"""Each of the 224 entries of the catalogue, in a file of its own: imported, run, and compared with what it says.

What is expected was worked out from the catalogue alone, never from what comes out: the tables are in
`catalogue_values`, `catalogue_numbers` and `catalogue_flows`; here is what needs more than a line.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import trio
from catalogue_collections import COLLECTIONS
from catalogue_drawing import WAYS, Flow, Outs, entries, placed, reading, running
from catalogue_flows import FLOWS
from catalogue_numbers import NUMBERS
from catalogue_values import FAILS, VALUES
from nodeeditor_drawing import START, file, needs_catalogue, node

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.runtime.events import Feedback
from nodeflow.services import Clock, Seed

pytestmark = needs_catalogue

DATA: Final = VALUES | COLLECTIONS | NUMBERS


async def run(data: dict[str, Any], **options: Any) -> Any:
    """Import, save, load again, validate and run."""
    document = nodeeditor.convert(data)
    assert nf.loads(nf.dumps(document)) == document
    assert [str(f) for f in nf.validate(document) if f.severity is nf.Severity.ERROR] == []
    return await nf.run(document, **options)


# --- data nodes ---------------------------------------------------------------------------------------


def check(found: Any, want: Any, type: str) -> None:
    if callable(want):
        assert want(found), found
    elif isinstance(want, float) and math.isnan(want):
        assert isinstance(found, float)
        assert math.isnan(found)
    else:
        assert found == want
        assert same_kinds(found, want), f"{found!r} is not {want!r}"
    if found is not None and type == "Int32":
        assert found.__class__ is int
    elif found is not None and type != "Object":
        classes = {"Double": (int, float), "Boolean": bool, "String": str, "List": list, "Dict": dict}
        assert isinstance(found, classes[type])
        assert isinstance(found, bool) == (type == "Boolean")


def same_kinds(found: Any, want: Any) -> bool:
    """No truth value in the place of a number, however deep."""
    if isinstance(want, list):
        return all(map(same_kinds, found, want))
    if isinstance(want, dict):
        return all(same_kinds(found[key], item) for key, item in want.items())
    return isinstance(found, bool) == isinstance(want, bool) and (found is None) == (want is None)


CASES: Final = [(name, inputs, want) for name, rows in DATA.items() for inputs, want in rows]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "inputs", "want"), CASES, ids=[f"{name}-{i}" for name, rows in DATA.items() for i in range(len(rows))]
)
async def test_value(name: str, inputs: dict[str, Any], want: Any, way: str) -> None:
    entry = entries()[name]
    result = await run(reading(entry, inputs, way))
    if want is FAILS:
        assert list(result.printed) == ["caught"]
        return
    assert list(result.printed) == []
    wanted = want.values if isinstance(want, Outs) else {entry["outputs"][0]["name"]: want}
    types = {socket["name"]: socket["type"] for socket in entry["outputs"]}
    assert wanted.keys() == types.keys() or len(types) > len(wanted) == 1
    for output, value in wanted.items():
        check(result.variables[output], value, types[output])


@pytest.mark.parametrize("name", DATA)
async def test_defaults_are_the_catalogues(name: str) -> None:
    """Inputs that the file leaves alone are what the catalogue says that they are."""
    left_alone, said = [await run(reading(entries()[name], {}, way)) for way in ("id", "name")]
    assert list(left_alone.printed) == list(said.printed)
    assert left_alone.variables == said.variables


# --- exec nodes ---------------------------------------------------------------------------------------

SCENES: Final = [(name, flow) for name, flows in FLOWS.items() for flow in flows]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "flow"), SCENES, ids=[f"{name}-{i}" for name, flows in FLOWS.items() for i in range(len(flows))]
)
async def test_flow(name: str, flow: Flow, way: str, autojump_clock: trio.abc.Clock) -> None:
    said: list[str] = []

    def listen(event: object) -> None:
        if isinstance(event, Feedback) and event.node == "x":
            said.append(event.message)

    began = trio.current_time()
    data = running(entries()[name], flow, way)
    if flow.fails is None:
        result = await run(data, observers=[listen])
    else:
        with pytest.raises(nf.RunFailed, match=re.escape(flow.fails)) as caught:
            await run(data, observers=[listen])
        result = caught.value.result
    printed = list(result.printed)
    assert (sorted(printed) if flow.sort else printed) == flow.lines
    for output, value in flow.left.items():
        assert result.variables[output] == value
        assert isinstance(result.variables[output], bool) == isinstance(value, bool)
    if flow.says:
        assert said == flow.says
    if flow.seconds is not None:
        assert trio.current_time() - began == pytest.approx(flow.seconds)


async def test_a_delay_of_minus_one_waits_for_ever(autojump_clock: trio.abc.Clock) -> None:
    flow = Flow([], {"DelayMs": -1})
    for way in WAYS:
        with trio.move_on_after(1e6) as scope:
            await run(running(entries()["Helpers/Delay"], flow, way))
        assert scope.cancelled_caught


async def test_several_starts() -> None:
    x, _, _ = placed(entries()["Helpers/Start"], {}, "id")
    nodes = [START, x, node("a", "Debug Print", Value="a"), node("b", "Debug Print", Value="b")]
    assert sorted((await run(file(nodes, "start.Exit > a.Enter", "x.Exit > b.Enter"))).printed) == ["a", "b"]


@pytest.mark.parametrize("way", WAYS)
async def test_a_comment_does_nothing(way: str) -> None:
    x, more, drawn = placed(entries()["Helpers/Comment"], {"Text": "Mind the gap"}, way)
    data = file([START, x, *more, node("say", "Debug Print", Value="on")], "start.Exit > say.Enter", *drawn)
    assert list((await run(data)).printed) == ["on"]


# What such a node remembers is one for the whole run, not one for each branch.
@pytest.mark.parametrize(
    ("name", "shows", "lines"),
    [
        ("Flow/Once", {}, ["Already Run", "Already Run", "First"]),
        ("Flow/Counter", {"Exit": "Count"}, ["Exit: 1", "Exit: 2", "Exit: 3"]),
        ("Flow/Flip Flop", {}, ["A", "A", "B"]),
        ("Flow/Wait Count", {}, ["Exit"]),
    ],
)
async def test_what_is_remembered_is_shared_by_parallel_scopes(
    name: str, shows: dict[str, str], lines: list[str]
) -> None:
    data = running(entries()[name], Flow([], shows=shows), "id")
    data["nodes"].append(node("each", "Parallel ForEach", List=[1, 2, 3], MaxParallelism=1))
    wires = data["connections"]
    wires[:] = [wire for wire in wires if wire["outputNodeId"] != "start"]
    if name in ("Flow/Once", "Flow/Flip Flop"):
        wires[:] = [wire for wire in wires if (wire["outputNodeId"], wire["outputSocketName"]) != ("x", "Exit")]
    wires += file([], "start.Exit > each.Enter", "each.LoopPath > x.Enter")["connections"]
    assert sorted((await run(data)).printed) == lines


# --- variables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
async def test_get_variable_reads_what_is_there_now(way: str) -> None:
    x, more, drawn = placed(entries()["Variables/Get Variable"], {"Name": "v"}, way)
    nodes = [START, x, *more, node("loop", "For Loop", LoopTimes=3), node("set", "Set Variable", Name="v")]
    nodes += [node("before", "Debug Print", Label="before"), node("after", "Debug Print", Label="after")]
    drawn += [
        "start.Exit > loop.Enter",
        "loop.LoopPath > before.Enter",
        "before.Exit > set.Enter",
        "x.Value > before.Value",
    ]
    drawn += ["loop.Index > set.Value", "set.Exit > after.Enter", "x.Value > after.Value"]
    printed = list((await run(file(nodes, *drawn))).printed)
    assert printed == ["before: ", "after: 0", "before: 0", "after: 1", "before: 1", "after: 2"]


async def test_the_default_names_of_variables() -> None:
    get, _, _ = placed(entries()["Variables/Get Variable"], {}, "id")
    nodes = [START, get, node("set", "Set Variable", Value=5), node("say", "Debug Print")]
    drawn = ["start.Exit > set.Enter", "set.Exit > say.Enter", "x.Value > say.Value"]
    result = await run(file(nodes, *drawn))
    assert list(result.printed) == ["5"]
    assert result.variables == {"myVar": 5}
    x, _, _ = placed(entries()["Variables/Increment Variable"], {}, "id")
    assert (await run(file([START, x], "start.Exit > x.Enter"))).variables == {"counter": 1}


@pytest.mark.parametrize(("before", "after"), [(None, 2), (40, 42), (2.9, 4), (-2.9, 0), ("7", 2), (True, 2)])
async def test_increment_counts_what_is_no_number_as_nothing(before: Any, after: int) -> None:
    x, _, _ = placed(entries()["Variables/Increment Variable"], {"Name": "v", "Step": 2}, "id")
    nodes = [START, x, node("set", "Set Variable", Name="v", Value=before)]
    result = await run(file(nodes, "start.Exit > set.Enter", "set.Exit > x.Enter"))
    assert result.variables == {"v": after}


# --- printing and summing on the way ------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("inputs", "line"), [({"Label": "P", "Value": 7}, "P: 7"), ({"Value": "a"}, "a"), ({}, ""), ({"Value": None}, "")]
)
async def test_print_value(way: str, inputs: dict[str, Any], line: str) -> None:
    result = await run(reading(entries()["Debug/Print Value"], inputs, way))
    assert list(result.printed) == [line]
    assert result.variables == {"PassThrough": inputs.get("Value")}


@pytest.mark.parametrize("way", WAYS)
async def test_running_sum(way: str) -> None:
    x, _, _ = placed(entries()["Math/Running Sum"], {}, way)
    nodes = [START, x, node("loop", "For Loop", LoopTimes=5), node("say", "Debug Print"), node("is", "Equal Int", B=3)]
    drawn = ["start.Exit > loop.Enter", "loop.LoopPath > say.Enter", "x.Total > say.Value", "loop.Index > x.Value"]
    assert list((await run(file(nodes, *drawn))).printed) == ["0", "1", "3", "6", "10"]
    drawn += ["loop.Index > is.A", "is.Result > x.Reset"]
    assert list((await run(file(nodes, *drawn))).printed) == ["0", "1", "3", "3", "7"]


# --- the clock ----------------------------------------------------------------------------------------

MOMENT: Final = datetime(2026, 2, 28, 12, 34, 56, 789000, UTC)


class Stopped(Clock):
    def now(self) -> datetime:
        return MOMENT


async def read(name: str, inputs: dict[str, Any], way: str, *services: Any) -> dict[str, Any]:
    """The outputs of a data node, by name."""
    result = await run(reading(entries()[name], inputs, way), services=services)
    assert list(result.printed) == []
    return dict(result.variables)


@pytest.mark.parametrize("way", WAYS)
async def test_the_time(way: str) -> None:
    assert await read("DateTime/UTC Now", {}, way, Stopped()) == {"Result": "2026-02-28T12:34:56.7890000Z"}
    now = (await read("DateTime/Now", {}, way, Stopped()))["Result"]
    assert re.fullmatch(r"2026-02-2\d|2026-03-01", now[:10])
    assert re.fullmatch(r".*T\d\d:\d\d:56\.7890000([+-]\d\d:\d\d|Z)", now)
    assert datetime.fromisoformat(now) == MOMENT
    assert await read("DateTime/Timestamp", {}, way, Stopped()) == {
        "Result": pytest.approx(MOMENT.timestamp(), abs=1e-3)
    }
    assert await read("DateTime/Timestamp Ms", {}, way, Stopped()) == {
        "Result": pytest.approx(MOMENT.timestamp() * 1000, abs=0.5)
    }


async def test_the_time_goes_by() -> None:
    before = datetime.now(UTC)
    found = datetime.fromisoformat((await read("DateTime/UTC Now", {}, "id"))["Result"])
    assert before <= found <= datetime.now(UTC)


# --- chance -------------------------------------------------------------------------------------------

Holds = Callable[[dict[str, Any]], bool]


def one(holds: Callable[[Any], bool]) -> Holds:
    return lambda found: holds(found["Result"])


TEXT: Final = re.compile(r"[A-Za-z0-9]*")
GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
ITEMS: Final = [*range(10, 30)]
CHANCE: Final[dict[str, list[tuple[dict[str, Any], Holds, bool]]]] = {
    "Numbers/Random Range": [
        ({}, one(lambda n: type(n) is int and 0 <= n < 100), True),
        ({"Min": -3, "Max": -1}, one(lambda n: n in (-3, -2)), True),
        ({"Min": 5, "Max": 5}, one(lambda n: n == 5), False),
    ],
    "Random/Random Bool": [({}, one(lambda b: type(b) is bool), True)],
    "Random/Random Bool Weighted": [
        ({}, one(lambda b: type(b) is bool), True),
        ({"Probability": 0.0}, one(lambda b: b is False), False),
        ({"Probability": 1.0}, one(lambda b: b is True), False),
        ({"Probability": 7.0}, one(lambda b: b is True), False),
        ({"Probability": None}, one(lambda b: b is False), False),
    ],
    "Random/Random Choice": [
        ({"List": ITEMS}, lambda f: f["Result"] in ITEMS and 0 <= f["Index"] < 20, True),
        ({"List": [None]}, lambda f: f == {"Result": None, "Index": 0}, False),
        ({"List": []}, lambda f: f == {"Result": None, "Index": -1}, False),
        ({}, lambda f: f == {"Result": None, "Index": -1}, False),
        ({"List": None}, lambda f: f == {"Result": None, "Index": -1}, False),
    ],
    "Random/Random Double": [({}, one(lambda n: type(n) is float and 0 <= n < 1), True)],
    "Random/Random Double Range": [
        ({}, one(lambda n: 0 <= n <= 1), True),
        ({"Min": -5.0, "Max": -4.0}, one(lambda n: -5 <= n <= -4), True),
        ({"Min": 5.0, "Max": 3.0}, one(lambda n: 3 <= n <= 5), True),
    ],
    "Random/Random GUID": [({}, one(lambda s: GUID.fullmatch(s) is not None), True)],
    "Random/Random Shuffle": [
        ({"List": ITEMS}, one(lambda items: sorted(items) == ITEMS), True),
        ({"List": [1]}, one(lambda items: items == [1]), False),
        ({}, one(lambda items: items == []), False),
        ({"List": None}, one(lambda items: items == []), False),
    ],
    "Random/Random String": [
        ({}, one(lambda s: len(s) == 8 and TEXT.fullmatch(s) is not None), True),
        ({"Length": 3}, one(lambda s: len(s) == 3 and TEXT.fullmatch(s) is not None), True),
        ({"Length": -1}, one(lambda s: s == ""), False),
        ({"Length": 20_000}, one(lambda s: len(s) == 10_000), True),
    ],
}
DRAWS: Final = [(name, *row) for name, rows in CHANCE.items() for row in rows]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("name", "inputs", "holds", "varies"),
    DRAWS,
    ids=[f"{n}-{i}" for n, rows in CHANCE.items() for i in range(len(rows))],
)
async def test_chance(name: str, inputs: dict[str, Any], holds: Holds, varies: bool, way: str) -> None:
    found = [await read(name, inputs, way, Seed(seed)) for seed in range(12)]
    assert all(map(holds, found)), found
    assert [await read(name, inputs, way, Seed(seed)) for seed in range(3)] == found[:3]
    assert len({json.dumps(each) for each in found}) > 1 or not varies
    assert holds(await read(name, inputs, way))


@pytest.mark.parametrize("way", WAYS)
async def test_the_index_is_that_of_the_chosen_item(way: str) -> None:
    x, more, drawn = placed(entries()["Random/Random Choice"], {"List": ITEMS}, way)
    nodes = [START, x, *more, node("both", "String Format", Format="{0} {1}"), node("say", "Debug Print")]
    drawn += ["x.Result > both.Arg0", "x.Index > both.Arg1", "both.Result > say.Value", "start.Exit > say.Enter"]
    for seed in range(12):
        (line,) = (await run(file(nodes, *drawn), services=[Seed(seed)])).printed
        item, index = map(int, line.split())
        assert ITEMS[index] == item


async def test_chance_between_bounds_that_are_none() -> None:
    result = await run(reading(entries()["Numbers/Random Range"], {"Min": 3, "Max": 1}, "id"))
    assert list(result.printed) == ["caught"]


# --- two definitions with one name --------------------------------------------------------------------


@pytest.mark.parametrize("key", ["definitionId", "typeId", "name"])
@pytest.mark.parametrize("name", ["Debug/Log", "Math/Log"])
async def test_two_nodes_are_named_log(name: str, key: str) -> None:
    x, _, _ = placed(entries()[name], {}, "name")
    x[key] = entries()[name]["definitionId"] if key != "name" else "Log"
    prints = name == "Debug/Log"
    if prints:
        x["inputs"][1]["value"]["json"] = "hello"
        result = await run(file([START, x], "start.Exit > x.Enter"))
    else:
        nodes = [START, x, node("say", "Debug Print")]
        result = await run(file(nodes, "start.Exit > say.Enter", "x.Result > say.Value"))
    assert list(result.printed) == (["hello"] if prints else ["0"])


# --- all of them --------------------------------------------------------------------------------------

HERE: Final = {
    "Debug/Print Value", "Helpers/Comment", "IO/Load From Directory", "Math/Running Sum", "Variables/Get Variable",
    "DateTime/Now", "DateTime/UTC Now", "DateTime/Timestamp", "DateTime/Timestamp Ms",
}  # fmt: skip
"""Entries that have tests of their own, above and in `test_catalogue_files`."""


def test_every_entry_of_the_catalogue_is_tested() -> None:
    assert len(entries()) == 224
    tables = [DATA, FLOWS, CHANCE, HERE]
    assert sum(map(len, tables)) == 224
    assert set(entries()) == set().union(*tables)
