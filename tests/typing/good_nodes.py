"""A node module as a user writes it, with all annotations in use: `mypy --strict` has nothing to say about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import attrs

import nodeflow as nf


class Gateway:
    async def charge(self, amount: float, currency: str) -> str:
        return f"{amount} {currency}"


@attrs.frozen
class Size:
    width: int
    height: int


class Parts(NamedTuple):
    head: str
    tail: str


@nf.exec_node("good.for", loop=True)
async def for_(times: int = 10, *, index: nf.Out[int], body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    for i in range(times):
        index.set(i)
        await body()
    return exit


@nf.exec_node("good.while", loop=True)
async def while_(condition: nf.Lazy[bool], *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    while await condition():
        await body()
    return exit


@nf.exec_node("good.charge")
async def charge(
    ctx: nf.NodeContext,
    amount: float,
    currency: nf.Option[str] = "EUR",
    *,
    receipt: nf.Out[str],
    tries: nf.Out[int] = nf.initially(0),
    paid: nf.ExecOut,
    declined: nf.ExecOut,
) -> nf.ExecOut | None:
    if amount < 0:
        return declined
    receipt.set(await ctx.service(Gateway).charge(amount, currency.upper()))
    seen: int = ctx.variables.update("seen", lambda old: old + 1)
    ctx.feedback(f"charged, {seen}", level="info", data={"amount": amount})
    with ctx.timeout(1.0):
        await ctx.sleep(0.5)
    return paid


@nf.exec_node("good.door")
def door(open: nf.ExecIn, close: nf.ExecIn, *, opened: nf.ExecOut, closed: nf.ExecOut) -> nf.ExecOut:
    return opened if open else closed


@nf.exec_node("good.once")
def once(*, done: nf.SharedState[bool] = nf.initially(False), first: nf.ExecOut, again: nf.ExecOut) -> nf.ExecOut:
    before = done.value
    done.set(True)
    return again if before else first


@nf.exec_node("good.sum")
def running_sum(value: float, *, total: nf.State[float] = nf.initially(0.0)) -> float:
    return total.update(lambda old: old + value)


@nf.exec_node("good.numbers")
async def numbers(times: int, *, items: nf.Stream[int], exit: nf.ExecOut) -> nf.ExecOut:
    for number in range(times):
        await items.emit(number)
    return exit


@nf.exec_node("good.switch")
def switch(
    cases: nf.Option[list[str]], value: str, *, case: nf.Ports[nf.ExecOut] = nf.ports_from("cases"), default: nf.ExecOut
) -> nf.ExecOut:
    return case.get(value, default)


@nf.exec_node("good.map")
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
    async with ctx.open_scope(nf.ScopeKind.BATCH, parallel=4, result=result) as scope:
        for one in items:
            await scope.wait_capacity()
            scope.start(each, item=one)
    results.set(scope.results)
    return exit


@nf.exec_node("good.join")
def join(brought: nf.Arrivals, *, merged: nf.Out[list[Any]], exit: nf.ExecOut) -> nf.ExecOut:
    merged.set([arrival.value for arrival in brought])
    return exit


@nf.exec_node("good.read", blocking=True)
def read(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read()


@nf.exec_node("good.print")
def print_value(value: object) -> None:
    print(value)


@nf.exec_node("good.session")
class Session:
    async def open(self, services: list[Any]) -> None:
        self.gateway = Gateway()

    async def close(self) -> None: ...

    async def run(self, amount: float, *, receipt: nf.Out[str], exit: nf.ExecOut) -> nf.ExecOut:
        receipt.set(await self.gateway.charge(amount, "EUR"))
        return exit


@nf.data_node("good.add")
def add(a: float = 0.0, b: float = 0.0) -> float:
    return a + b


@nf.data_node("good.select")
async def select(condition: bool, then: nf.Lazy[Any], otherwise: nf.Lazy[Any] = nf.initially(None)) -> Any:
    return await (then if condition else otherwise)()


@nf.data_node("good.size")
def size(text: str) -> Size:
    return Size(len(text), 1)


@nf.data_node("good.parts")
def parts(text: str) -> Parts:
    return Parts(text[:1], text[1:])


@nf.data_node("good.format")
def format_(template: str, values: nf.Ports[Any]) -> str:
    names: Mapping[str, Any] = values
    return template.format_map(names)


REGISTRY: nf.Registry = nf.standard_registry() | nf.Registry(add, charge)


async def use() -> list[str]:
    wf = nf.Workflow("main")
    loop = wf.add(for_, times=3)
    loop.body >> wf.add(print_value, value=1).enter
    result = await nf.run(wf, services=[Gateway()], limits=nf.Limits(steps=100))
    async with nf.open_run(nf.Document(wf)) as handle:
        handle.pause()
        await handle.step()
        handle.cancel("enough")
        ended: nf.RunResult = await handle.wait()
    return result.printed + ended.printed
