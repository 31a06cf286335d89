"""Small node types for drawn documents: they compute digests of what they see, and say what they saw.

A digest depends on every value that went into it, so two runs that agree on one agree on what led there. What nodes
saw stands in `SEEN` until `reset()`; everything here is for one run at a time in one process.

>>> import nodeflow as nf
>>> from nodeflow.library import flow
>>> wf = nf.Workflow("main")
>>> wf.add(flow.start) >> wf.add(work, a=1, tag=7)
<placed work>
>>> reset()
>>> nf.run_sync(wf, registry=nf.standard_registry() | REGISTRY).value("work", "out")
360
>>> SEEN
[(7, (1, 0))]
"""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import Any

import trio

import nodeflow as nf

SEEN: list[tuple[int, tuple[Any, ...]]] = []
"""Tag and inputs of every activation of a node of this module: what a run shows without any observer."""


class Boom(ValueError):
    """What nodes fail with."""


class Crash(BaseException):
    """What is no failure of a node: it goes through to the host, as `KeyboardInterrupt` would."""


class Fuse:
    """Makes the `left`-th activation from now raise `error`: a failure at a drawn point. 0: none does."""

    left = 0
    error: type[BaseException] = Boom

    @classmethod
    def burn(cls) -> None:
        if cls.left:
            cls.left -= 1
            if not cls.left:
                raise cls.error("the fuse")


class Instances:
    """How many resources are open, and how many ever were, since `reset()`."""

    open = 0
    total = 0


def reset() -> None:
    """Forget what the last run left here."""
    SEEN.clear()
    Fuse.left, Fuse.error = 0, Boom
    Instances.open = Instances.total = 0


def digest(*values: Any) -> int:
    """A number below 1000 that depends on all of the values, the same in every process."""
    return zlib.crc32(repr(values).encode()) % 1000


def saw(tag: int, *values: Any) -> int:
    """Note what an activation saw, and make a digest of it."""
    SEEN.append((tag, values))
    Fuse.burn()
    return digest(tag, *values)


# --- activations ---


@nf.exec_node("sample.work")
def work(a: Any = 0, b: Any = 0, tag: int = 0, *, out: nf.Out[int] = nf.initially(0), exit: nf.ExecOut) -> nf.ExecOut:
    out.set(saw(tag, a, b))
    return exit


@nf.exec_node("sample.plain")
def plain(a: Any = 0, b: Any = 0, tag: int = 0) -> int:
    """Nothing but a function of its inputs: the engine's fast path."""
    return saw(tag, a, b)


@nf.exec_node("sample.task")
async def task(a: Any = 0, tag: int = 0, *, out: nf.Out[int] = nf.initially(0), exit: nf.ExecOut) -> nf.ExecOut:
    """Async without ever waiting."""
    out.set(saw(tag, a))
    return exit


@nf.exec_node("sample.nap")
async def nap(
    ctx: nf.NodeContext,
    a: Any = 0,
    seconds: float = 0.0,
    tag: int = 0,
    *,
    out: nf.Out[int] = nf.initially(0),
    exit: nf.ExecOut,
) -> nf.ExecOut:
    out.set(digest("asleep", a))
    await ctx.sleep(seconds)
    out.set(saw(tag, a))
    return exit


@nf.exec_node("sample.around")
async def around(
    ctx: nf.NodeContext,
    a: Any = 0, seconds: float = 0.0, tag: int = 0, *, out: nf.Out[int] = nf.initially(0), body: nf.ExecOut,
    exit: nf.ExecOut,
) -> None:  # fmt: skip
    """Keeps its body suspended to the end of all that follows, and waits between."""
    await body()
    await ctx.sleep(seconds)
    out.set(saw(tag, a))
    await exit()


@nf.exec_node("sample.tidy")
async def tidy(
    ctx: nf.NodeContext, a: Any = 0, seconds: float = 0.0, tag: int = 0, *, body: nf.ExecOut, exit: nf.ExecOut
) -> nf.ExecOut:
    """Has a cleanup that takes time."""
    saw(tag, a)
    try:
        await body()
    finally:
        await ctx.sleep(seconds)
    return exit


@nf.exec_node("sample.stubborn")
async def stubborn(ctx: nf.NodeContext, seconds: float = 1.0, tag: int = 0, *, exit: nf.ExecOut) -> nf.ExecOut:
    """Swallows its cancellation, which nobody should."""
    saw(tag)
    with suppress(trio.Cancelled):
        await ctx.sleep(seconds)
    return exit


@nf.exec_node("sample.fail_if")
def fail_if(a: Any = 0, one_in: int = 2, tag: int = 0) -> None:
    if saw(tag, a) % one_in == 0:
        raise Boom(f"fail_if {tag} saw {a!r}")


@nf.exec_node("sample.fail_late")
async def fail_late(
    ctx: nf.NodeContext, a: Any = 0, seconds: float = 0.0, tag: int = 0, *, exit: nf.ExecOut
) -> nf.ExecOut:
    await ctx.sleep(seconds)
    if saw(tag, a) % 2 == 0:
        raise KeyError(f"fail_late {tag}")
    return exit


@nf.exec_node("sample.lazy")
async def lazy(
    first: nf.Lazy[Any], second: nf.Lazy[Any], tag: int = 0, *, out: nf.Out[int] = nf.initially(0), body: nf.ExecOut,
    exit: nf.ExecOut,
) -> nf.ExecOut:  # fmt: skip
    """Pulls one input before and after what it triggers, the other only now and then."""
    before = await first()
    await body()
    after = await first()
    out.set(saw(tag, before, after, await second() if digest(before) % 2 else None))
    return exit


@nf.exec_node("sample.count")
def count(
    tag: int = 0, seen: nf.State[int] = nf.initially(0), *, out: nf.Out[int] = nf.initially(0), exit: nf.ExecOut
) -> nf.ExecOut:
    seen.set(seen.value + 1)
    out.set(saw(tag, seen.value))
    return exit


@nf.exec_node("sample.count_all")
async def count_all(
    tag: int = 0, seen: nf.SharedState[int] = nf.initially(0), *, out: nf.Out[int] = nf.initially(0), exit: nf.ExecOut
) -> nf.ExecOut:
    out.set(saw(tag, seen.update(lambda n: n + 1)))
    return exit


@nf.exec_node("sample.again")
def again(times: int = 1, seen: nf.State[int] = nf.initially(0), *, back: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
    """Leads back a few times, and starts over the next time it is reached."""
    if seen.value < times:
        seen.set(seen.value + 1)
        return back
    seen.set(0)
    return exit


@nf.exec_node("sample.emit")
async def emit(
    ctx: nf.NodeContext,
    items: int = 2, seconds: float = 0.0, tag: int = 0, *, item: nf.Stream[int], out: nf.Out[int] = nf.initially(0),
    exit: nf.ExecOut,
) -> nf.ExecOut:  # fmt: skip
    """A stream, sequential or concurrent as its option says. What it writes between items, later items see."""
    for i in range(items):
        if seconds:
            await ctx.sleep(seconds)
        out.set(digest(tag, i))
        await item.emit(i)
        out.set(digest(tag, i, "emitted"))
    saw(tag, items)
    return exit


@nf.exec_node("sample.emit_many", stream="concurrent")
async def emit_many(
    ctx: nf.NodeContext,
    items: int = 2, seconds: float = 0.0, tag: int = 0, *, item: nf.Stream[int], out: nf.Out[int] = nf.initially(0),
    exit: nf.ExecOut,
) -> nf.ExecOut:  # fmt: skip
    for i in range(items):
        if seconds:
            await ctx.sleep(seconds)
        out.set(digest(tag, i))
        await item.emit(i)
        out.set(digest(tag, i, "emitted"))
    saw(tag, items)
    return exit


@nf.exec_node("sample.scatter")
async def scatter(
    ctx: nf.NodeContext, times: int = 2, errors: nf.Option[str] = "fail_fast",
    parallel: nf.Option[int | None] = None, *, result: nf.Result[Any], number: nf.Item[int],
    found: nf.Out[list[Any]] = nf.initially([]), out: nf.Out[int] = nf.initially(0), each: nf.Branch, exit: nf.ExecOut,
) -> nf.ExecOut:  # fmt: skip
    """A scope of one's own: starts one output several times, and triggers nothing itself."""
    how: dict[str, Any] = {"parallel": parallel, "errors": errors, "missing": "none", "result": result}
    async with ctx.open_scope(nf.ScopeKind.BATCH, **how) as scope:
        for i in range(times):
            out.set(i)
            scope.start(each, number=i)
            out.set(-i)
            await ctx.sleep(i / 2)
    found.set(scope.results)
    return exit


@nf.exec_node("sample.handle")
class Handle:
    """Holds a resource."""

    async def open(self, services: Any) -> None:
        Instances.open += 1
        Instances.total += 1

    async def close(self) -> None:
        Instances.open -= 1

    async def run(self, a: Any = 0, tag: int = 0) -> int:
        assert Instances.open > 0
        return saw(tag, a)


# --- data ---


@nf.data_node("sample.mix")
def mix(a: Any = 0, b: Any = 0, tag: int = 0) -> int:
    return digest(tag, a, b)


@nf.data_node("sample.amix")
async def amix(ctx: nf.NodeContext, a: Any = 0, seconds: float = 0.0, tag: int = 0) -> int:
    """Takes its time, so that others meet it while it is evaluated."""
    await ctx.sleep(seconds)
    return digest(tag, a)


@nf.data_node("sample.choose")
async def choose(a: Any, b: nf.Lazy[Any], c: nf.Lazy[Any], tag: int = 0) -> int:
    return digest(tag, a, await (b if digest(a) % 2 else c)())


@nf.data_node("sample.fresh", volatile=True)
def fresh(a: Any = 0, tag: int = 0) -> int:
    """Volatile, though it always says the same."""
    return digest("fresh", tag, a)


@nf.data_node("sample.random", volatile=True)
def random(tag: int = 0) -> int:
    """Different at each pull, but the same under the same schedule."""
    return digest(tag, len(SEEN))


@nf.data_node("sample.risky")
def risky(a: Any = 0, tag: int = 0) -> int:
    if digest(tag, a) % 3 == 0:
        raise Boom(f"risky {tag}")
    return digest(a)


@nf.data_node("sample.float")
def as_float(a: float = 0.0, tag: int = 0) -> float:
    """Its input is converted on the wire."""
    return a / 2 + tag


@nf.data_node("sample.text")
def as_text(a: str = "", tag: int = 0) -> str:
    return f"{a}/{tag}"


@nf.data_node("sample.list")
def as_list(a: Any = 0) -> list[Any]:
    return [digest(a)]


@nf.data_node("sample.dict")
def as_dict(a: Any = 0) -> dict[str, Any]:
    return {f"k{digest(a) % 3}": digest(a)}


@nf.data_node("sample.odd")
def odd(a: Any = 0) -> bool:
    return digest(a) % 2 == 1


@nf.data_node("sample.third")
def third(a: Any = 0) -> int:
    return digest(a) % 3


@nf.data_node("sample.items")
def items(a: Any = 0, least: int = 1, most: int = 4) -> list[int]:
    return [digest(a, i) for i in range(least + digest(a) % (most - least + 1))]


@nf.data_node("sample.pick")
def pick(a: Any = 0) -> str:
    """The name of a variable."""
    return f"v{digest(a) % 2}"


REGISTRY = nf.Registry(*[value for value in list(globals().values()) if isinstance(value, nf.NodeType)])
"""All node types of this module."""
