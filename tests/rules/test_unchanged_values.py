"""Semantics 3.7: values are never changed in place, and the check mode names who does."""

from __future__ import annotations

from typing import Any

import attrs
import pytest
from probes import Counted, Log, failure, note, outcome, put, run, slow, started, tally

import nodeflow as nf
from nodeflow.library import flow, lists, logic, variables


@pytest.mark.rule("3.7")
@pytest.mark.parametrize("watched", [True, False])
async def test_a_body_receives_the_very_object_that_was_written(watched: bool) -> None:
    given: list[Any] = [object(), [1], {"a": 1}, "text" * 50]
    made: list[Any] = []

    @nf.exec_node("t.giving_object")
    def giving_object(index: int) -> Any:
        made.append(given[index])
        return given[index]

    for index in range(len(given)):
        wf, start = started()
        source, reader, data = wf.add(giving_object, index=index), wf.add(note), wf.add(tally)
        second = wf.add(note)
        start >> source >> reader >> second
        source.result >> reader.value
        source.result >> data.value
        data.result >> second.value
        log = await run(wf, observers=[Counted()] if watched else [])
        assert all(value is given[index] for value in log.seen)
        assert len(log.seen) == 2


@pytest.mark.rule("3.7")
async def test_lists_and_dicts_are_copied_where_they_enter() -> None:
    given = {"items": [1, {"a": [2]}]}
    seed = [1]
    wf, start = started(inputs={"given": "dict"}, variables={"x": nf.model.Variable("list", [], "local")})
    source, reader, nap, second = wf.add(put), wf.add(note), wf.add(flow.delay), wf.add(note)
    get = wf.add(variables.get, name="x")
    wf.inputs.given >> source.value
    start >> source >> reader >> nap >> second
    source.result >> reader.value
    get[variables.get.data_outs[0].name] >> second.value
    log = Log()
    async with nf.open_run(wf, inputs={"given": given}, variables={"x": seed}, services=[log]) as handle:
        given["items"][1]["a"].append(3)  # type: ignore[index]
        given["items"].append("host")
        seed.append(2)
        await handle.wait()
    assert log.seen == [{"items": [1, {"a": [2]}]}, [1]]


@pytest.mark.rule("3.7")
@pytest.mark.parametrize("where", ["outputs", "variables", "value", "default"])
async def test_lists_and_dicts_are_copied_where_they_leave(where: str) -> None:
    kept: list[Any] = []

    @nf.exec_node("t.making")
    def making(value: Any) -> Any:
        kept.append(value)
        return value

    wf, start = started(
        inputs={"given": ("list", [[1]])},
        outputs={"out": "any"},
        variables={"x": nf.model.Variable("any", None, "local")},
    )
    source, setting, out = wf.add(making), wf.add(variables.set_, name="x"), wf.add(flow.set_output)
    wf.inputs.given >> source.value
    source.result >> setting.value
    source.result >> out.out
    start >> source >> setting >> out
    compiled = nf.compile(wf)
    for _ in range(2):
        result = await compiled.run()
        if where == "default":
            assert kept[-1] == [[1]]
            kept[-1][0].append("a bad node")
        else:
            left = {"outputs": result.outputs.get("out"), "variables": result.variables.get("x")}
            value = left[where] if where in left else result.value("making")
            assert value == [[1]]
            assert value is not kept[-1]
            assert value[0] is not kept[-1][0]


def changing(how: str) -> nf.NodeType:
    """A node that changes what it is given."""

    def change(value: Any) -> None:
        if how == "append":
            value.append(1)
        elif how == "nested":
            value[0]["a"] = 2
        elif how == "same length":
            value[0] = 5
        elif how == "replaced by an equal id":
            value.pop()
            value.append(value[0] * 3.5)
        elif how == "order":
            value.reverse()
        elif how == "dict":
            value["new"] = 1
        elif how == "dict value":
            value["a"] = 2
        elif how == "in a tuple":
            value[0].append(1)
        elif how == "in an object":
            value.inner.append(1)

    @nf.exec_node("t.changing")
    def node(value: Any) -> None:
        change(value)

    return node


@attrs.frozen
class Box:
    inner: list[Any]


GIVEN: dict[str, Any] = {
    "append": [], "nested": [{"a": 1}], "same length": [1, 2], "replaced by an equal id": [1.5, 2.5], "order": [1, 2],
    "dict": {}, "dict value": {"a": 1}, "in a tuple": ([],), "in an object": Box([]),
}  # fmt: skip


@nf.exec_node("t.making")
def making(kind: nf.Option[str]) -> Any:
    """A value that nothing else holds on to."""
    value = GIVEN[kind]
    if kind == "replaced by an equal id":
        return [float(len(kind)) * 0.25, float(len(kind)) * 0.125]
    return Box([]) if isinstance(value, Box) else ([],) if isinstance(value, tuple) else _fresh(value)


def _fresh(value: Any) -> Any:
    if isinstance(value, list):
        return [_fresh(item) for item in value]
    return {key: _fresh(item) for key, item in value.items()} if isinstance(value, dict) else value


def changed(how: str) -> nf.Workflow:
    wf, start = started()
    source, first, bad, last = wf.add(making, kind=how), wf.add(note), wf.add(changing(how), id="bad"), wf.add(note)
    start >> source >> first >> bad >> last
    for node in (first, bad, last):
        source.result >> node.value
    return wf


@pytest.mark.rule("3.7")
@pytest.mark.parametrize("how", list(GIVEN))
async def test_the_check_mode_names_the_node_that_changed_a_value(how: str) -> None:
    error = await failure(changed(how), check_values=True)
    assert isinstance(error, nf.NodeFailed)
    assert isinstance(error.__cause__, nf.ValueChanged)
    assert error.node == "bad"
    assert "'bad'" in str(error.__cause__)


@pytest.mark.rule("3.7")
async def test_without_the_check_mode_nobody_looks() -> None:
    result, _ = await outcome(changed("append"))
    assert result.completed


@nf.data_node("t.changing_data")
def changing_data(value: Any = None) -> int:
    value.append(1)
    return len(value)


@nf.exec_node("t.changing_async")
async def changing_async(value: Any = None, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    await body()
    value.append(1)
    return exit


@nf.exec_node("t.changing_lazy")
async def changing_lazy(value: nf.Lazy[Any]) -> None:
    (await value()).append(1)


@nf.exec_node("t.changing_group")
def changing_group(values: nf.Ports[Any]) -> None:
    values["value"].append(1)


@nf.exec_node("t.changing_thread", blocking=True)
def changing_thread(value: Any = None) -> None:
    value.append(1)


@nf.exec_node("t.changing_arrivals")
def changing_arrivals(brought: nf.Arrivals) -> None:
    brought[0].value.append(1)


@pytest.mark.rule("3.7")
@pytest.mark.parametrize(
    "node_type",
    [
        changing_async,
        changing_lazy,
        changing_group,
        changing_thread,
        changing_data,
        changing_arrivals,
    ],
    ids=repr,
)
async def test_bodies_of_every_kind_are_checked(node_type: nf.NodeType) -> None:
    wf, start = started()
    source, bad = wf.add(making, kind="append"), wf.add(node_type, id="bad")
    start >> source
    if node_type.is_join:
        fork = wf.add(flow.fan_out, branches=["a"])
        source >> fork
        fork["a"] >> bad.enter
    elif node_type.is_exec:
        source >> bad
    else:
        reader = wf.add(note)
        source >> reader
        bad.result >> reader.value
    source.result >> bad["value"]
    error = await failure(wf, check_values=True)
    assert isinstance(error, nf.NodeFailed)
    assert isinstance(error.__cause__, nf.ValueChanged)
    assert error.node == "bad"


@pytest.mark.rule("3.7")
async def test_the_check_mode_finds_nothing_in_the_library() -> None:
    wf, start = started(variables={"found": nf.model.Variable("list", [], "shared")})
    batch, append, length = wf.add(flow.batch, items=[[1], [2]]), wf.add(lists.append, item=9), wf.add(lists.length)
    update, reader, equal = wf.add(variables.update, name="found", op="append"), wf.add(note), wf.add(logic.equal, b=2)
    start >> batch
    batch.process >> update.enter
    batch.item >> append.list
    append.result >> update.value
    append.result >> batch.result
    batch.results >> length.list
    length.result >> equal.a
    batch.continue_ >> reader.enter
    equal.result >> reader.value
    result, log = await outcome(wf, check_values=True)
    assert result.completed, result.error
    assert log.seen == [True]
    assert sorted(result.variables["found"]) == [[1, 9], [2, 9]]


@pytest.mark.rule("3.7")
async def test_changing_a_value_elsewhere_meanwhile_is_laid_at_the_right_door(autojump_clock: Any) -> None:
    """A body that waits has the list too; the one that changed it ends first and is the one named."""
    wf, start = started()
    source, waiting, bad = wf.add(making, kind="append"), wf.add(_holding), wf.add(changing("append"), id="bad")
    start >> source >> waiting
    waiting.body >> bad.enter
    source.result >> waiting.value
    source.result >> bad.value
    error = await failure(wf, check_values=True)
    assert isinstance(error, nf.NodeFailed)
    assert error.node == "bad"


@nf.exec_node("t.holding")
async def _holding(value: Any, *, body: nf.ExecOut) -> None:
    await body()


@pytest.mark.rule("3.7")
async def test_the_check_mode_changes_no_result(autojump_clock: Any) -> None:
    wf, start = started()
    loop, data, reader = wf.add(flow.for_each, items=[[1], {"a": 2}, "x"]), wf.add(slow), wf.add(note)
    start >> loop
    loop.body >> reader.enter
    loop.item >> data.value
    data.result >> reader.value
    assert (await run(wf, check_values=True)).seen == (await run(wf)).seen == [[1], {"a": 2}, "x"]
