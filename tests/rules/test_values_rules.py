"""Semantics 3.4 to 3.6: how inputs resolve, what unwritten outputs read as, types and conversions."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import pytest
from probes import Counted, Log, cause, codes, failure, note, outcome, put, run, started

import nodeflow as nf
from nodeflow.library import flow, math, text, variables

# --- 3.4: connection, literal, default, missing ------------------------------------------------------------


@nf.exec_node("t.needy")
def needy(ctx: nf.NodeContext, value: Any) -> None:
    ctx.service(Log).seen.append(value)


@nf.exec_node("t.modest")
def modest(ctx: nf.NodeContext, value: Any = "default") -> None:
    ctx.service(Log).seen.append(value)


@nf.exec_node("t.modest_lazy")
async def modest_lazy(ctx: nf.NodeContext, value: nf.Lazy[Any] = nf.initially("default")) -> None:
    ctx.service(Log).seen.append(await value())


@nf.exec_node("t.needy_lazy")
async def needy_lazy(ctx: nf.NodeContext, value: nf.Lazy[Any]) -> None:
    ctx.service(Log).seen.append("started")
    try:
        await value()
    except nf.NodeFailed as error:
        ctx.service(Log).seen.append(type(error.__cause__))
        raise


READERS = pytest.mark.parametrize("reader", [modest, modest_lazy], ids=repr)


@pytest.mark.rule("3.4")
@READERS
@pytest.mark.parametrize(
    ("wired", "literal", "expected"),
    [(True, True, "wired"), (True, False, "wired"), (False, True, "literal"), (False, False, "default")],
)
async def test_connection_then_literal_then_default(
    reader: nf.NodeType, wired: bool, literal: bool, expected: str
) -> None:
    wf, start = started()
    source, node = wf.add(put, value="wired"), wf.add(reader, **({"value": "literal"} if literal else {}))
    start >> source >> node
    if wired:
        source.result >> node.value
    assert (await run(wf)).seen == [expected]


@pytest.mark.rule("3.4")
@READERS
@pytest.mark.parametrize("literal", [True, False])
async def test_none_over_a_connection_is_a_value(reader: nf.NodeType, literal: bool) -> None:
    wf, start = started()
    source, node = wf.add(put, value=None), wf.add(reader, **({"value": "literal"} if literal else {}))
    start >> source >> node
    source.result >> node.value
    assert (await run(wf)).seen == [None]


@pytest.mark.rule("3.4")
@READERS
@pytest.mark.parametrize("null", [None, False, 0, "", []])
async def test_an_empty_literal_is_a_value(reader: nf.NodeType, null: Any) -> None:
    wf, start = started()
    start >> wf.add(reader, value=null)
    assert (await run(wf)).seen == [null]


@pytest.mark.rule("3.4")
async def test_null_in_a_file_is_a_value() -> None:
    document = nf.loads(
        '{"nodeflow": 1, "entry": "main", "workflows": {"main": {"nodes": {"start": {"type": "flow.start"},'
        '"get": {"type": "logic.select", "values": {"condition": true, "then": null, "otherwise": 1}},'
        '"done": {"type": "flow.set_output"}}, "outputs": {"r": {"type": "any"}}, "connections": ['
        '{"from": "start.exit", "to": "done.enter"}, {"from": "get.result", "to": "done.r"}]}}}'
    )
    assert (await nf.run(document)).outputs == {"r": None}


@pytest.mark.rule("3.4")
async def test_none_does_not_fit_where_a_number_is_wanted_although_there_is_a_default() -> None:
    @nf.exec_node("t.number")
    def number(value: int = 7) -> None: ...

    wf, start = started()
    source, node = wf.add(put, value=None), wf.add(number)
    start >> source >> node
    source.result >> node.value
    assert isinstance(await cause(wf), nf.SocketTypeError)


@pytest.mark.rule("3.4")
async def test_a_missing_input_is_reported_and_reading_it_raises() -> None:
    wf, start = started()
    start >> wf.add(needy)
    assert codes(wf)["NF202"] == "warning"
    error = await failure(wf)
    assert isinstance(error, nf.NodeFailed)
    assert error.node == "needy"
    assert isinstance(error.__cause__, nf.MissingInput)
    assert "'value'" in str(error.__cause__)


@pytest.mark.rule("3.4")
async def test_a_missing_lazy_input_raises_when_it_is_read_and_not_before() -> None:
    wf, start = started()
    start >> wf.add(needy_lazy)
    assert codes(wf)["NF202"] == "warning"
    result, log = await outcome(wf)
    assert log.seen == ["started", nf.MissingInput]
    assert isinstance(result.error, nf.NodeFailed)
    assert isinstance(result.error.__cause__, nf.MissingInput)


@pytest.mark.rule("3.4")
async def test_a_missing_input_of_a_data_node_is_its_failure() -> None:
    @nf.data_node("t.needing")
    def needing(value: int) -> int:
        return value

    wf, start = started()
    data, node = wf.add(needing), wf.add(note)
    start >> node
    data.result >> node.value
    assert "NF202" in codes(wf)
    error = await failure(wf)
    assert isinstance(error, nf.NodeFailed)
    assert error.node == "needing"
    assert isinstance(error.__cause__, nf.MissingInput)


@pytest.mark.rule("3.4")
async def test_a_try_catches_a_missing_input() -> None:
    wf, start = started()
    trying, caught = wf.add(flow.try_, catches=["MissingInput"]), wf.add(note, value="caught")
    start >> trying
    trying.body >> wf.add(needy).enter
    trying.catch >> caught.enter
    assert (await run(wf)).seen == ["caught"]


@pytest.mark.rule("3.4")
async def test_an_unwired_name_of_a_group_is_absent_and_its_literal_counts() -> None:
    @nf.exec_node("t.grouping")
    def grouping(ctx: nf.NodeContext, values: nf.Ports[Any]) -> None:
        ctx.service(Log).seen.append(dict(values))

    wf, start = started()
    source, node = wf.add(put, value=None), wf.add(grouping, b=2, c=None)
    start >> source >> node
    source.result >> node["a"]
    assert (await run(wf)).seen == [{"a": None, "b": 2, "c": None}]


# --- 3.5: outputs of exec nodes that have not run ----------------------------------------------------------


@nf.exec_node("t.giving")
def giving(ctx: nf.NodeContext, *, given: nf.Out[int] = nf.initially(5), bare: nf.Out[int]) -> None:
    ctx.service(Log).counts["giving"] += 1
    given.set(6)
    bare.set(6)


def reading_early(output: str, through: int = 0) -> nf.Workflow:
    """`read` comes before `giving`, whose output it reads through so many data nodes."""
    wf, start = started()
    reader, writer = wf.add(note, id="read"), wf.add(giving)
    start >> reader >> writer
    source = writer[output]
    for number in range(through):
        data = wf.add(math.add, b=0, id=f"d{number}")
        source >> data.a
        source = data.result
    source >> reader.value
    return wf


@pytest.mark.rule("3.5")
@pytest.mark.parametrize("through", [0, 1, 3])
async def test_an_unwritten_output_reads_as_its_default_and_runs_nothing(through: int) -> None:
    log = await run(reading_early("given", through))
    assert log.seen == [5]
    assert log.counts["giving"] == 1


@pytest.mark.rule("3.5")
@pytest.mark.parametrize("through", [0, 1, 3])
async def test_an_unwritten_output_without_default_is_missing(through: int) -> None:
    result, log = await outcome(reading_early("bare", through))
    assert isinstance(result.error, nf.NodeFailed)
    missing = result.error.__cause__
    assert isinstance(missing, nf.MissingInput)
    assert "giving" in str(missing)
    assert "bare" in str(missing)
    assert log.counts["giving"] == 0


@pytest.mark.rule("3.5")
def test_reading_before_its_node_can_have_run_is_a_warning() -> None:
    assert codes(reading_early("bare"))["NF206"] == "warning"


@pytest.mark.rule("3.5")
async def test_the_outputs_default_counts_and_not_the_inputs() -> None:
    @nf.exec_node("t.source")
    def source(*, out: nf.Out[str] = nf.initially("output's"), bare: nf.Out[str]) -> None: ...

    wf, start = started()
    giver, reader, second = wf.add(source), wf.add(modest), wf.add(modest)
    start >> reader >> giver
    giver.out >> reader.value
    giver >> second
    giver.bare >> second.value
    result, log = await outcome(wf)
    assert log.seen == ["output's"]
    assert isinstance(result.error, nf.NodeFailed)
    assert isinstance(result.error.__cause__, nf.MissingInput)


@pytest.mark.rule("3.5")
async def test_none_is_a_default_like_any() -> None:
    @nf.exec_node("t.source")
    def source(*, out: nf.Out[Any] = nf.initially(None)) -> None: ...

    wf, start = started()
    giver, reader = wf.add(source), wf.add(modest)
    start >> reader >> giver
    giver.out >> reader.value
    assert (await run(wf)).seen == [None]


@pytest.mark.rule("3.5")
@pytest.mark.parametrize("elide", [True, False])
async def test_in_this_scope(elide: bool) -> None:
    """A branch that wrote it sees it, its sibling reads the default."""
    wf, start = started()
    fork, writer = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(giving)
    meet, seen = wf.add(flow.fan_in), wf.add(note)
    start >> fork
    fork["a"] >> writer.enter
    writer.exit >> meet.enter
    fork["b"] >> meet.enter
    writer.given >> meet.value
    meet.exit >> seen.enter
    meet.merged >> seen.value
    assert (await run(wf, elide=elide)).seen == [[6, 5]]


def hiding(kind: str, through: int = 1) -> nf.Workflow:
    """A reader for which the only writer is in a concurrent scope that it is not in."""
    wf, start = started(events={"ping": "any"})
    writer, reader = wf.add(giving), wf.add(note, id="read")
    if kind == "branch, behind the join":
        fork, meet = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in)
        start >> fork
        fork["a"] >> writer.enter
        writer.exit >> meet.enter
        fork["b"] >> meet.enter
        meet.exit >> reader.enter
    elif kind == "branch, behind joined":
        fork = wf.add(flow.fan_out, branches=["a"])
        start >> fork
        fork["a"] >> writer.enter
        fork.joined >> reader.enter
    elif kind == "sibling branch":
        fork = wf.add(flow.fan_out, branches=["a", "b"])
        start >> fork
        fork["a"] >> writer.enter
        fork["b"] >> reader.enter
    elif kind == "slice":
        batch = wf.add(flow.batch, items=[1])
        start >> batch
        batch.process >> writer.enter
        batch.continue_ >> reader.enter
    elif kind == "other entry":
        start >> writer
        wf.add(flow.start, id="other") >> reader
    elif kind == "before":
        batch = wf.add(flow.batch, items=[1])
        start >> reader >> batch
        batch.process >> writer.enter
    source = writer.given
    for number in range(through):
        data = wf.add(math.add, b=0, id=f"d{number}")
        source >> data.a
        source = data.result
    source >> reader.value
    return wf


HIDDEN = ["branch, behind the join", "branch, behind joined", "sibling branch", "slice", "other entry", "before"]


@pytest.mark.rule("3.5")
@pytest.mark.parametrize("through", [0, 1, 3])
@pytest.mark.parametrize("kind", HIDDEN)
def test_reading_where_it_can_never_be_visible_is_an_error_that_says_the_way_out(kind: str, through: int) -> None:
    wf = hiding(kind, through)
    (found,) = (finding for finding in nf.validate(wf) if finding.code == "NF205")
    assert found.severity is nf.Severity.ERROR
    assert "'read'" in found.message
    assert "giving.given" in found.message
    assert any(way in found.message for way in ("fan-in", "result", "shared", "output"))
    with pytest.raises(nf.InvalidDocument):
        nf.compile(wf)


@pytest.mark.rule("3.5")
async def test_a_second_writer_that_can_be_seen_makes_it_right() -> None:
    wf = hiding("slice", 0)
    wf._connections = [wire for wire in wf._connections if wire.from_node != "start"]
    wf._placed["start"] >> wf._placed["giving"]
    second = wf.add(note, id="second")
    assert "NF205" not in codes(wf)
    wf._placed["giving"] >> second


@pytest.mark.rule("3.5")
def test_a_local_variable_set_in_a_concurrent_scope_and_read_behind_it_is_a_warning() -> None:
    for scope, expected in (("local", "warning"), ("shared", None)):
        wf, start = started(variables={"x": nf.model.Variable("int", 0, scope)})
        fork, writer = wf.add(flow.fan_out, branches=["a"]), wf.add(variables.set_, name="x", value=1)
        get, reader = wf.add(variables.get, name="x"), wf.add(note)
        start >> fork
        fork["a"] >> writer.enter
        fork.joined >> reader.enter
        get[variables.get.data_outs[0].name] >> reader.value
        assert codes(wf).get("NF208") == expected


# --- 3.6: types and conversions ----------------------------------------------------------------------------


def wired(kind: Any, value: Any) -> nf.Workflow:
    """`put` gives the value, and a node with one input of the type takes it."""

    @nf.exec_node("t.taking")
    def taking(ctx: nf.NodeContext, value: Any) -> None:
        ctx.service(Log).seen.append(value)

    taking.function.__annotations__["value"] = kind
    typed = nf.exec_node("t.taking")(taking.function)
    wf, start = started(inputs={"given": ("any", None)})
    source, node = wf.add(put), wf.add(typed)
    wf.inputs.given >> source.value
    source.result >> node.value
    start >> source >> node
    return wf


@attrs.define
class Point:
    x: int
    y: int = 0


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        (float, 3, 3.0), (int, 3.0, 3), (int, -0.0, 0), (str, 3, "3"), (str, 3.0, "3"), (str, 0.1, "0.1"),
        (str, 1e300, "1e+300"), (str, None, ""), (str, -2.50, "-2.5"), (tuple, [1, 2], (1, 2)), (list, (1, 2), [1, 2]),
        (list[float], [1, 2.5], [1.0, 2.5]), (dict[str, int], {"a": 1.0}, {"a": 1}), (Point, {"x": 1}, Point(1, 0)),
        (Point, {"x": 1, "y": 2}, Point(1, 2)), (int | None, None, None), (float | None, 2, 2.0), (bool, True, True),
    ],
)  # fmt: skip
async def test_lossless_or_customary_conversions(kind: Any, value: Any, expected: Any) -> None:
    (seen,) = (await run(wired(kind, value), inputs={"given": value})).seen
    assert seen == expected
    assert type(seen) is type(expected)


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, "3"), (float, "3.5"), (int, 3.5), (int, float("nan")), (int, float("inf")), (int, True), (float, False),
        (bool, 1), (bool, 0.0), (bool, "true"), (bool, None), (int, None), (list, "abc"), (list, {"a": 1}), (dict, [1]),
        (list[int], [1, "2"]), (list[int], [True]), (Point, {"x": "1"}), (Point, {"z": 1}), (Point, 3),
        (datetime, "2026-01-01"), (float, 10**400),
    ],
)  # fmt: skip
async def test_anything_else_raises_and_names_both_ends(kind: Any, value: Any) -> None:
    error = await cause(wired(kind, value), inputs={"given": value})
    assert isinstance(error, nf.SocketTypeError)
    assert "put" in str(error)
    assert "taking.value" in str(error)


@pytest.mark.rule("3.6")
async def test_a_value_is_checked_against_its_own_output_when_it_is_set() -> None:
    @nf.exec_node("t.setting")
    def setting(ctx: nf.NodeContext, *, number: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
        number.set(3.0)  # type: ignore[arg-type]
        try:
            number.set("4")  # type: ignore[arg-type]
        except nf.SocketTypeError as error:
            ctx.service(Log).seen.append(str(error))
        return exit

    wf, start = started()
    node, reader = wf.add(setting), wf.add(note)
    start >> node >> reader
    node.number >> reader.value
    message, value = (await run(wf)).seen
    assert "'number'" in message
    assert "'setting'" in message
    assert value == 3
    assert type(value) is int


@pytest.mark.rule("3.6")
@pytest.mark.parametrize("how", ["plain", "async", "fields", "data", "stream", "item"])
@pytest.mark.parametrize("watched", [True, False])
async def test_every_way_of_setting_is_checked(how: str, watched: bool) -> None:
    wf, start = started()
    node = wf.add(_WRONG[how])
    if how == "data":
        reader = wf.add(note)
        node.result >> reader.value
        start >> reader
    else:
        start >> node
    error = await cause(wf, observers=[Counted()] if watched else [])
    assert isinstance(error, nf.ConversionError)
    assert "wrong" in str(error)


@nf.exec_node("t.plain")
def _plain() -> int:
    return "wrong"  # type: ignore[return-value]


@nf.exec_node("t.async")
async def _async() -> int:
    return "wrong"  # type: ignore[return-value]


@attrs.frozen
class Pair:
    left: int
    right: int


@nf.exec_node("t.fields")
def _fields() -> Pair:
    return Pair(1, "wrong")  # type: ignore[arg-type]


@nf.data_node("t.data")
def _data() -> int:
    return "wrong"  # type: ignore[return-value]


@nf.exec_node("t.stream")
async def _stream(*, items: nf.Stream[int]) -> None:
    await items.emit("wrong")  # type: ignore[arg-type]


@nf.exec_node("t.item")
async def _item(ctx: nf.NodeContext, *, item: nf.Item[int], body: nf.Branch) -> None:
    async with ctx.open_scope() as scope:
        scope.start(body, item="wrong")


_WRONG = {"plain": _plain, "async": _async, "fields": _fields, "data": _data, "stream": _stream, "item": _item}


class Made:
    """How often an instance of `Costly` was made."""

    count = 0


def _count(value: int) -> int:
    Made.count += 1
    return value


@attrs.define
class Costly:
    x: int = attrs.field(converter=_count)


@attrs.define
class Other:
    x: int = attrs.field(converter=_count)


@nf.exec_node("t.take_costly")
def take_costly(ctx: nf.NodeContext, value: Costly) -> None:
    ctx.service(Log).seen.append(value)


@nf.exec_node("t.take_other")
def take_other(ctx: nf.NodeContext, value: Other) -> None:
    ctx.service(Log).seen.append(value)


@nf.data_node("t.costly_x")
def costly_x(value: Costly) -> int:
    return value.x


@nf.exec_node("t.lazy_costly")
async def lazy_costly(ctx: nf.NodeContext, value: nf.Lazy[Costly]) -> None:
    ctx.service(Log).seen.append(await value())
    ctx.service(Log).seen.append(await value())


@pytest.fixture(autouse=True)
def _none_made() -> None:
    Made.count = 0


@pytest.mark.rule("3.6")
@pytest.mark.parametrize("lazy", [True, False])
async def test_one_conversion_per_cell_and_target_type(lazy: bool) -> None:
    wf, start = started()
    source, loop = wf.add(put, value={"x": 1}), wf.add(flow.for_, times=5)
    reader, second, third = wf.add(take_costly), wf.add(lazy_costly if lazy else take_costly), wf.add(note)
    data = wf.add(costly_x)
    start >> source >> loop
    loop.body >> reader >> second >> third
    for socket in (reader.value, second.value, data.value):
        source.result >> socket
    data.result >> third.value
    log = await run(wf)
    assert Made.count == 1
    objects = [value for value in log.seen if isinstance(value, Costly)]
    assert len(objects) == (15 if lazy else 10)
    assert all(each is objects[0] for each in objects)


@pytest.mark.rule("3.6")
async def test_two_target_types_are_two_conversions_and_each_cell_has_its_own() -> None:
    wf, start = started()
    loop, source = wf.add(flow.for_, times=3), wf.add(put, value={"x": 1})
    first, second = wf.add(take_costly), wf.add(take_other)
    start >> loop
    loop.body >> source >> first >> second
    source.result >> first.value
    source.result >> second.value
    log = await run(wf)
    assert Made.count == 6
    assert len(log.seen) == 6


@pytest.mark.rule("3.6")
@pytest.mark.parametrize("elide", [True, False])
async def test_a_cell_that_many_branches_read_is_converted_once(elide: bool) -> None:
    wf, start = started()
    names = [f"b{number}" for number in range(50)]
    source, fork, reader = wf.add(put, value={"x": 1}), wf.add(flow.fan_out, branches=names), wf.add(take_costly)
    start >> source >> fork
    for name in names:
        fork[name] >> reader.enter
    source.result >> reader.value
    log = await run(wf, elide=elide)
    assert len(log.seen) == 50
    assert Made.count == 1


@pytest.mark.rule("3.6")
async def test_a_literal_is_converted_once() -> None:
    wf, start = started()
    loop, reader = wf.add(flow.for_, times=5), wf.add(take_costly, value={"x": 1})
    start >> loop
    loop.body >> reader.enter
    compiled = nf.compile(wf)
    before = Made.count
    log = Log()
    await compiled.run(services=[log])
    assert Made.count - before <= 1
    assert log.seen == [Costly(1)] * 5


@pytest.mark.rule("3.6")
async def test_a_conversion_that_fails_fails_its_reader() -> None:
    wf, start = started()
    source, trying = wf.add(put, value={"x": "no"}), wf.add(flow.try_)
    reader, caught = wf.add(take_costly), wf.add(note)
    start >> source >> trying
    trying.body >> reader.enter
    source.result >> reader.value
    trying.catch >> caught.enter
    trying.error >> caught.value
    (said,) = (await run(wf)).seen
    assert "put" in said
    assert "take_costly.value" in said


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("value", "expected"),
    [(3, "3"), (3.0, "3"), (0.1 + 0.2, "0.30000000000000004"), (1e16, "1e+16"), (None, ""), (-0.5, "-0.5")],
)
async def test_numbers_as_text_take_the_shortest_form(value: Any, expected: str) -> None:
    wf, start = started()
    join, reader = wf.add(text.concat, b="!"), wf.add(note)
    source = wf.add(put, value=value)
    start >> source >> reader
    source.result >> join.a
    join.result >> reader.value
    (seen,) = (await run(wf)).seen
    assert seen == f"{expected}!"
