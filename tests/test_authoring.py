"""The signature is the node: what each annotation becomes, how bodies are called, and how registries are made."""

from __future__ import annotations

import functools
import importlib.metadata
import types
from collections.abc import Callable
from typing import Any, NamedTuple

import attrs
import pytest
import trio

import nodeflow as nf
from nodeflow.library import flow, math, text
from nodeflow.sockets import Kind, Pull
from nodeflow.values import FLOAT, INT, TEXT

Body = Callable[..., Any]

# --- what each annotation becomes --------------------------------------------------------------------------------


@nf.exec_node("shop.charge")
async def charge(
    ctx: nf.NodeContext,
    amount: float,
    note: nf.Lazy[str] = nf.initially("none"),
    currency: nf.Option[str] = "EUR",
    *,
    receipt: nf.Out[str],
    total: nf.Out[int] = nf.initially(7),
    paid: nf.ExecOut,
    declined: nf.ExecOut,
) -> nf.ExecOut:
    """Charge the customer's card.

    Takes a while.

    Args:
        amount: How much, in units
            of the currency.
        currency: ISO 4217 code.
        receipt: Number of the receipt, once paid.
        paid: Where it goes on.
    """
    if amount < 0:
        return declined
    receipt.set(f"{amount:g} {currency}: {await note()}")
    return paid


def test_sockets_types_defaults_and_docs() -> None:
    data = (*charge.data_ins, *charge.data_outs, *charge.options)
    sockets = {socket.name: socket for socket in (*data, *charge.exec_ins, *charge.exec_outs)}
    assert list(sockets) == ["amount", "note", "receipt", "total", "currency", "enter", "paid", "declined"]
    assert {name: s.kind for name, s in sockets.items()} == {
        "amount": Kind.DATA_IN, "note": Kind.DATA_IN, "receipt": Kind.DATA_OUT, "total": Kind.DATA_OUT,
        "currency": Kind.OPTION, "enter": Kind.EXEC_IN, "paid": Kind.EXEC_OUT, "declined": Kind.EXEC_OUT,
    }  # fmt: skip
    assert (sockets["amount"].type, sockets["note"].type, sockets["total"].type) == (FLOAT, TEXT, INT)
    assert (sockets["amount"].pull, sockets["note"].pull) == (Pull.EAGER, Pull.LAZY)
    defaults = {name: s.default for name, s in sockets.items() if s.default is not nf.model.UNSET}
    assert defaults == {"note": "none", "total": 7, "currency": "EUR"}
    assert charge.doc == "Charge the customer's card.\n\nTakes a while."
    assert sockets["amount"].doc == "How much, in units of the currency."
    assert sockets["currency"].doc == "ISO 4217 code."
    assert sockets["receipt"].doc == "Number of the receipt, once paid."
    assert sockets["paid"].doc == "Where it goes on."


async def test_the_node_works() -> None:
    wf = nf.Workflow("main")
    node, show = wf.add(charge, amount=3, currency="CHF"), wf.add(flow.print)
    first = wf.add(flow.print)
    wf.add(flow.start) >> first >> node
    node.total >> first.value
    node.paid >> show.enter
    node.receipt >> show.value
    assert (await nf.run(wf)).printed == ["7", "3 CHF: none"]


def test_an_option_cannot_be_wired() -> None:
    wf = nf.Workflow("main")
    node, source = wf.add(charge), wf.add(text.concat)
    with pytest.raises(nf.WiringError, match="option"):
        source.result >> node.currency


def test_a_trailing_underscore_is_not_part_of_the_name() -> None:
    assert [socket.name for socket in flow.try_.exec_outs] == ["body", "catch", "finally", "exit"]


def test_calling_the_node_type_calls_the_function() -> None:
    @nf.data_node("t.vat")
    def vat(net: float, rate: float = 0.19) -> float:
        return net * rate

    assert vat(100.0, rate=0.5) == 50.0


async def results_of(node_type: nf.NodeType, **given: Any) -> nf.RunResult:
    """Run one node behind a start, and print each of its outputs behind it."""
    wf = nf.Workflow("main")
    node = wf.add(node_type, id="node", **given)
    if node_type.is_exec:
        wf.add(flow.start) >> node
        at = node
    else:
        at = wf.add(flow.start)
    for socket in node_type.data_outs:
        show = wf.add(flow.print, label=socket.name)
        at.exit >> show.enter
        node[socket.name] >> show.value
        at = show
    return await nf.run(wf)


class Ends(NamedTuple):
    first: int
    last_: int


@attrs.frozen
class Size:
    width: int
    height: float


def simple_untyped_sink(value):  # type: ignore[no-untyped-def]
    print_calls.append(value)


print_calls: list[Any] = []


def simple_action(value: int = 4) -> int:
    return value * 2


async def simple_async(value: int = 4) -> int:
    await trio.lowlevel.checkpoint()
    return value * 2


def named_tuple(value: int = 4) -> Ends:
    return Ends(value, value + 1)


def attrs_class(value: int = 4) -> Size:
    return Size(value, value + 0.5)


def union(value: int = 4) -> int | None:
    return None


@pytest.mark.parametrize("declare", [nf.exec_node, nf.data_node])
@pytest.mark.parametrize(
    ("body", "printed"),
    [
        (simple_action, ["result: 8"]),
        (simple_async, ["result: 8"]),
        (named_tuple, ["first: 4", "last: 5"]),
        (attrs_class, ["width: 4", "height: 4.5"]),
        (union, ["result: "]),
    ],
)
async def test_what_a_body_returns_becomes_its_outputs(declare: Any, body: Body, printed: list[str]) -> None:
    node_type = declare("t.simple")(body)
    assert (await results_of(node_type)).printed == printed
    if declare is nf.exec_node:
        assert [s.name for s in node_type.exec_ins] == ["enter"]
        assert [s.name for s in node_type.exec_outs] == ["exit"]


async def test_a_simple_action_needs_no_annotations() -> None:
    print_calls.clear()
    node_type = nf.exec_node("t.sink")(simple_untyped_sink)
    await results_of(node_type, value=[1])
    assert print_calls == [[1]]
    assert ([s.name for s in node_type.exec_ins], [s.name for s in node_type.exec_outs]) == (["enter"], ["exit"])


async def test_what_an_unannotated_action_returns_becomes_its_output() -> None:
    def double(value):  # type: ignore[no-untyped-def]
        return value * 2

    assert (await results_of(nf.exec_node("t.double")(double), value=4)).printed == ["result: 8"]


async def test_several_exec_inputs_replace_enter() -> None:
    @nf.exec_node("t.door")
    def door(open: nf.ExecIn, close: nf.ExecIn) -> str:
        return "opened" if open else "closed" if close else "?"

    assert [s.name for s in door.exec_ins] == ["open", "close"]
    wf = nf.Workflow("main")
    node, show = wf.add(door), wf.add(flow.print)
    wf.add(flow.start).exit >> node.close
    node >> show
    node.result >> show.value
    assert (await nf.run(wf)).printed == ["closed"]


@pytest.mark.parametrize("free_first", [True, False])
async def test_ports_named_by_an_option_a_function_and_a_wire(free_first: bool) -> None:
    def named(placing: nf.node.Placing) -> list[tuple[str, Any, Any]]:
        return [(f"{placing.options['prefix']}{number}", INT, number) for number in range(2)]

    async def write(values: Any, computed: Any, outs: Any) -> None:
        pulled = {name: await value() for name, value in computed.items()}
        for name, out in outs.items():
            out.set(f"{name}: {dict(values)} {pulled}")

    @nf.exec_node("t.ports")
    async def any_first(
        values: nf.Ports[Any],
        names: nf.Option[list[str]],
        prefix: nf.Option[str] = "p",
        computed: nf.Ports[nf.Lazy[int]] = nf.ports_from(named),
        *,
        outs: nf.Ports[nf.Out[str]] = nf.ports_from("names"),
    ) -> None:
        await write(values, computed, outs)

    @nf.exec_node("t.ports")
    async def any_last(
        names: nf.Option[list[str]],
        prefix: nf.Option[str] = "p",
        computed: nf.Ports[nf.Lazy[int]] = nf.ports_from(named),
        *,
        values: nf.Ports[Any],
        outs: nf.Ports[nf.Out[str]] = nf.ports_from("names"),
    ) -> None:
        await write(values, computed, outs)

    ports = any_first if free_first else any_last
    wf = nf.Workflow("main")
    node, show = wf.add(ports, names=["x", "y"], prefix="q", free=1), wf.add(flow.print)
    add = wf.add(math.add, a=2, b=3)
    wf.add(flow.start) >> node >> show
    add.result >> node["wired"]
    add.result >> node["q1"]
    node["y"] >> show.value
    (line,) = (await nf.run(wf)).printed
    assert line.startswith("y: ")
    assert "'free': 1" in line
    assert "'wired': 5" in line
    assert "{'q0': 0, 'q1': 5}" in line


async def test_a_switch_of_ones_own() -> None:
    @nf.exec_node("t.pick")
    def pick(
        cases: nf.Option[list[str]], value: str, *, case: nf.Ports[nf.ExecOut] = nf.ports_from("cases")
    ) -> nf.ExecOut:
        return case[value]

    wf = nf.Workflow("main")
    node = wf.add(pick, cases=["a", "b"], value="b")
    wf.add(flow.start) >> node
    for name in "ab":
        node[name] >> wf.add(flow.print, value=name, id=name).enter
    assert (await nf.run(wf)).printed == ["b"]


async def test_a_stream_and_its_outputs() -> None:
    @nf.exec_node("t.count")
    async def count(times: int, *, numbers: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
        for number in range(times):
            await numbers.emit(number)
        return exit

    assert {"on_item", "completed", "exit"} == {s.name for s in count.exec_outs}
    for mode in ("sequential", "concurrent"):
        wf = nf.Workflow("main")
        node, show = wf.add(count, times=2, mode=mode), wf.add(flow.print)
        wf.add(flow.start) >> node
        node.on_item >> show.enter
        node.numbers >> show.value
        node.completed >> wf.add(flow.print, value="completed").enter
        node.exit >> wf.add(flow.print, value="exit").enter
        printed = (await nf.run(wf)).printed
        assert sorted(printed[:2]) == ["0", "1"]
        assert printed[2:] == ["completed", "exit"]


async def test_a_batch_of_ones_own_with_a_result_input() -> None:
    @nf.exec_node("t.map")
    async def map_(
        ctx: nf.NodeContext,
        items: list[Any],
        *,
        result: nf.Result[Any],
        item: nf.Item[Any],
        results: nf.Out[list[Any]],
        each: nf.Branch,
        exit: nf.ExecOut,
    ) -> nf.ExecOut:
        assert result
        async with ctx.open_scope(nf.ScopeKind.BATCH, result=result) as scope:
            for one in items:
                scope.start(each, item=one)
        results.set(scope.results)
        return exit

    wf = nf.Workflow("main")
    node, add, show = wf.add(map_, items=[1, 2, 3]), wf.add(math.add, b=10), wf.add(flow.print)
    wf.add(flow.start) >> node >> show
    node.item >> add.a
    add.result >> node["result"]
    node.results >> show.value
    assert (await nf.run(wf)).printed == ["[11,12,13]"]


class Gateway:
    answer = "yes"


async def test_the_node_context_tells_and_gives() -> None:
    told: dict[str, Any] = {}

    @nf.exec_node("t.curious")
    async def curious(ctx: nf.NodeContext) -> None:
        assert isinstance(ctx, nf.NodeContext)
        told.update(
            node=ctx.node_id, type=ctx.type_name, workflow=ctx.workflow, path=ctx.context_path, kind=ctx.context_kind,
            service=ctx.service(Gateway).answer, variable=ctx.variables.get("x"),
        )  # fmt: skip
        ctx.variables.set("x", 2)
        assert ctx.variables.update("x", lambda old: old + 1) == 3
        ctx.feedback("hello", "print")
        assert type(ctx.thread_id) is int
        with pytest.raises(LookupError, match="Gateway"):
            ctx.service(int)
        with pytest.raises(nf.WrongCall, match="'y' is not declared"):
            ctx.variables.get("y")

    wf = nf.Workflow("main", variables={"x": nf.model.Variable("int", 1, "local")})
    wf.add(flow.start) >> wf.add(curious, id="node")
    result = await nf.run(wf, services=[Gateway()])
    assert told == {
        "node": "node", "type": "t.curious", "workflow": "main", "path": "main", "kind": "WorkflowContext",
        "service": "yes", "variable": 1,
    }  # fmt: skip
    assert result.variables == {"x": 3}
    assert result.printed == ["hello"]


@pytest.mark.parametrize("watched", [True, False])
@pytest.mark.parametrize("kind", ["async", "plain"])
async def test_a_body_behind_a_decorator(kind: str, watched: bool) -> None:
    """A decorator that keeps the signature, as `functools.wraps` does, is one of the first things that authors try."""
    calls: list[str] = []

    def logged(body: Body) -> Body:
        if kind == "async":

            @functools.wraps(body)
            async def wrapper(*args: Any, **kwargs: Any) -> Any:
                calls.append(body.__name__)
                return await body(*args, **kwargs)
        else:

            @functools.wraps(body)
            def wrapper(*args: Any, **kwargs: Any) -> Any:
                calls.append(body.__name__)
                return body(*args, **kwargs)

        return wrapper

    if kind == "async":

        @nf.exec_node("t.decorated")
        @logged
        async def decorated(value: int = 3, *, out: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
            out.set(value)
            return exit
    else:

        @nf.exec_node("t.decorated")
        @logged
        def decorated(value: int = 3, *, out: nf.Out[int], exit: nf.ExecOut) -> nf.ExecOut:
            out.set(value)
            return exit

    wf = nf.Workflow("main")
    node, show = wf.add(decorated), wf.add(flow.print)
    wf.add(flow.start) >> node >> show
    node.out >> show.value
    observers: list[Any] = [lambda event: None] if watched else []
    assert (await nf.run(wf, observers=observers)).printed == ["3"]
    assert calls == ["decorated"]


@pytest.mark.parametrize("kind", ["partial", "object"])
async def test_a_partial_and_a_callable_object(kind: str) -> None:
    def scaled(factor: int, value: int = 1) -> int:
        return factor * value

    class Adder:
        def __call__(self, value: int = 1) -> int:
            return value + 10

    body: Body = functools.partial(scaled, 5) if kind == "partial" else Adder()
    printed = ["result: 5"] if kind == "partial" else ["result: 11"]
    assert (await results_of(nf.exec_node("t.callable")(body))).printed == printed


async def test_positional_only_and_keyword_only_parameters() -> None:
    def body(a: int = 1, /, b: int = 2, *, c: int = 3) -> str:
        return f"{a}{b}{c}"

    for declare in (nf.exec_node, nf.data_node):
        assert (await results_of(declare("t.order")(body), c=9, a=7)).printed == ["result: 729"]


# --- blocking bodies, resources ----------------------------------------------------------------------------------


async def test_a_blocking_body() -> None:
    def blocking(value: int = 2, *, doubled: nf.Out[int]) -> None:
        doubled.set(trio.from_thread.run_sync(lambda: value * 2))

    assert (await results_of(nf.exec_node("t.blocking", blocking=True)(blocking))).printed == ["doubled: 4"]


def resource(seen: list[str]) -> nf.NodeType:
    @nf.exec_node("t.held")
    class Held:
        """Holds something."""

        async def open(self, services: Any) -> None:
            await trio.lowlevel.checkpoint()
            self.word = next(service for service in services if isinstance(service, Gateway)).answer
            seen.append("open")

        async def close(self) -> None:
            await trio.lowlevel.checkpoint()
            seen.append("close")

        async def run(self, value: int = 1, *, out: nf.Out[str], exit: nf.ExecOut) -> nf.ExecOut:
            seen.append(f"run {id(self)}")
            out.set(self.word * value)
            return exit

    return Held


async def test_a_resource_is_opened_once_per_placed_node_and_run() -> None:
    seen: list[str] = []
    held = resource(seen)
    assert held.doc == "Holds something."
    wf = nf.Workflow("main")
    loop, first, second = wf.add(flow.for_, times=2), wf.add(held, value=2), wf.add(held)
    wf.add(held, id="unreachable")
    show = wf.add(flow.print)
    wf.add(flow.start) >> loop
    loop.body >> first >> second >> show
    first.out >> show.value
    compiled = nf.compile(wf)
    for _ in range(2):
        seen.clear()
        result = await compiled.run(services=[Gateway()])
        assert result.printed == ["yesyes"] * 2
        assert seen[:2] == ["open"] * 2
        assert seen[-2:] == ["close"] * 2
        assert len(seen) == 8
        assert len(set(seen[2:6])) == 2


@pytest.mark.parametrize("is_async", [True, False])
async def test_a_data_node_may_hold_a_resource(is_async: bool) -> None:
    class Held:
        async def open(self, services: Any) -> None:
            self.word = "held"

        async def close(self) -> None:
            self.word = "closed"

        if is_async:

            async def run(self, value: int = 2) -> str:
                return self.word * value
        else:

            def run(self, value: int = 2) -> str:  # type: ignore[misc]
                return self.word * value

    assert (await results_of(nf.data_node("t.held")(Held))).printed == ["result: heldheld"]


# --- registries --------------------------------------------------------------------------------------------------


def test_registries_are_made_and_merged() -> None:
    first = nf.Registry(charge)
    second = nf.Registry(nf.exec_node("t.simple")(simple_action))
    merged = first | second
    assert sorted(merged) == ["shop.charge", "t.simple"]
    assert merged["shop.charge"] is charge
    assert (sorted(first), sorted(second)) == (["shop.charge"], ["t.simple"])
    assert set(nf.standard_registry()) < set(nf.standard_registry() | merged)
    assert len(first | first) == 1


def test_two_types_of_one_name_are_an_error_that_names_both() -> None:
    first, second = nf.exec_node("t.same")(simple_action), nf.exec_node("t.same")(simple_async)
    with pytest.raises(nf.RegistryError) as raised:
        nf.Registry(first) | nf.Registry(second)
    for part in ("t.same", "simple_action", "simple_async"):
        assert part in str(raised.value)


def test_a_registry_of_a_module_and_of_nothing_else() -> None:
    module = types.ModuleType("shop")
    module.charge = charge  # type: ignore[attr-defined]
    module.again = charge  # type: ignore[attr-defined]
    module.other = 3  # type: ignore[attr-defined]
    assert list(nf.Registry(module)) == ["shop.charge"]
    with pytest.raises(nf.RegistryError, match="not 3"):
        nf.Registry(3)  # type: ignore[arg-type]


def test_declaring_a_node_changes_no_registry() -> None:
    before = dict(nf.standard_registry())
    nf.exec_node("t.new")(simple_action)
    assert dict(nf.standard_registry()) == before
    with pytest.raises(TypeError):
        nf.standard_registry()["t.new"] = charge  # type: ignore[index]


class Point:
    """An entry point."""

    def __init__(self, name: str, target: Any) -> None:
        self.name, self.target = name, target

    def load(self) -> Any:
        if isinstance(self.target, Exception):
            raise self.target
        return self.target


def install(monkeypatch: pytest.MonkeyPatch, *points: Point) -> None:
    def entry_points(*, group: str) -> tuple[Point, ...]:
        return points if group == "nodeflow.nodes" else ()

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setattr("nodeflow.registry.entry_points", entry_points)


def test_entry_points_fill_a_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("shop")
    module.charge = charge  # type: ignore[attr-defined]
    simple = nf.exec_node("t.simple")(simple_action)
    install(monkeypatch, Point("shop", module), Point("more", nf.Registry(simple)), Point("one", charge))
    found = nf.installed_nodes()
    assert sorted(found) == ["shop.charge", "t.simple"]
    assert "shop.charge" not in nf.standard_registry()


@pytest.mark.parametrize("target", [ImportError("no module shop"), 3])
def test_a_bad_entry_point_is_named(monkeypatch: pytest.MonkeyPatch, target: Any) -> None:
    install(monkeypatch, Point("shop", target))
    with pytest.raises(nf.RegistryError, match="'shop'"):
        nf.installed_nodes()


async def test_a_document_from_a_file_finds_ones_own_nodes() -> None:
    wf = nf.Workflow("main", outputs={"r": "int"})
    node, out = wf.add(nf.exec_node("t.simple")(simple_action), id="node"), wf.add(flow.set_output)
    wf.add(flow.start) >> node >> out
    node.result >> out.r
    loaded = nf.loads(nf.dumps(nf.Document(wf)))
    own = nf.Registry(nf.exec_node("t.simple")(simple_action))
    assert (await nf.run(loaded, registry=nf.standard_registry() | own)).outputs == {"r": 8}
    with pytest.raises(nf.InvalidDocument, match=r"t\.simple"):
        nf.compile(loaded)


def test_a_node_with_several_exec_inputs_is_entered_at_enter() -> None:
    wf = nf.Workflow("main")
    start, once = wf.add(flow.start), wf.add(flow.once)
    start >> once
    assert [c.target for c in wf.to_model().connections] == [f"{once.id}.enter"]


def test_a_wire_that_was_refused_leaves_its_input_free() -> None:
    wf = nf.Workflow("main")
    word, total = wf.add(text.upper), wf.add(math.add)
    with pytest.raises(nf.WiringError, match="no value fits both"):
        word.result >> total.a
    wf.add(math.add).result >> total.a
