"""A node module with the mistakes that one makes: mypy finds each of them, at the line that says which.

`# E: code` at the end of a line is what `mypy --strict` must say there. The module can be imported: none of these
mistakes can be seen in a signature.
"""

from __future__ import annotations

import nodeflow as nf


@nf.exec_node("bad.values")
async def values(
    count: int,
    condition: nf.Lazy[bool],
    name: nf.Option[str] = "x",
    *,
    index: nf.Out[int],
    items: nf.Stream[int],
    body: nf.ExecOut,
    exit: nf.ExecOut,
) -> nf.ExecOut:
    index.set("one")  # E: arg-type
    index.set(None)  # E: arg-type
    await items.emit("one")  # E: arg-type
    items.emit(1)  # E: unused-coroutine
    body()  # E: unused-coroutine
    await body(1)  # E: call-arg
    number: int = await condition()
    text: str = await condition()  # E: assignment
    name.append("y")  # E: attr-defined
    count.upper()  # E: attr-defined
    index.write(1)  # E: attr-defined
    print(number, text)
    return exit


@nf.exec_node("bad.forgot")
async def forgot(condition: nf.Lazy[bool], *, exit: nf.ExecOut) -> nf.ExecOut:
    if condition():  # E: truthy-bool
        return exit
    return exit


@nf.exec_node("bad.returns")
async def returns(*, exit: nf.ExecOut) -> nf.ExecOut:
    return "exit"  # E: return-value


@nf.exec_node("bad.missing")
async def missing(*, exit: nf.ExecOut) -> nf.ExecOut:  # E: return
    await exit()


@nf.exec_node("bad.state")
def state(*, total: nf.State[int] = nf.initially(0), shared: nf.SharedState[str] = nf.initially("")) -> None:
    total.value = "one"  # E: assignment
    total.set("one")  # E: arg-type
    shared.update(lambda old: 1)  # E: arg-type,return-value


@nf.exec_node("bad.ports")
def ports(*, case: nf.Ports[nf.ExecOut] = nf.ports_from("cases"), cases: nf.Option[list[str]]) -> nf.ExecOut:
    case["x"] = case["y"]  # E: index
    return case[1]  # E: index


class Gateway:
    def charge(self, amount: float) -> str:
        return ""


@nf.exec_node("bad.context")
async def context(ctx: nf.NodeContext, *, result: nf.Result[int], each: nf.Branch) -> None:
    ctx.service(Gateway).refund(1.0)  # E: attr-defined
    receipt: int = ctx.service(Gateway).charge(1.0)  # E: assignment
    ctx.sleep(1)  # E: unused-coroutine
    print(ctx.nonsense)  # E: attr-defined
    async with ctx.open_scope("batch", result=result) as scope:  # E: arg-type
        scope.start("each")  # E: arg-type
    with ctx.open_scope():  # E: attr-defined
        print(receipt)


def undecorated(value: int = "x") -> None: ...  # E: assignment


def mistakes() -> None:
    wf = nf.Workflow(3)  # E: arg-type
    wf.add("flow.start")  # E: arg-type
    wf.add(state) >> 3  # E: operator
    nf.Limits(1)  # E: call-arg
    nf.Limits(stops=1)  # E: call-arg
