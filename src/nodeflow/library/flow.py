"""Control flow: where a run starts, loops, decisions, parallel paths, calls.

Everything here is written with `nodeflow.node` alone, like any author's node: fan-out, batch and gosub too.
"""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, AsyncIterable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from typing import Any, NoReturn

from nodeflow.errors import FlowFailure, MergeConflict, NodeFailed
from nodeflow.model import UNSET
from nodeflow.node import (
    Arrivals,
    Branch,
    ExecOut,
    Item,
    Jump,
    Lazy,
    NodeContext,
    Option,
    Out,
    Placing,
    Ports,
    Result,
    ScopeKind,
    WorkflowName,
    exec_node,
    initially,
    ports_from,
)
from nodeflow.values import ANY, SocketType, copy_value, parse_type, short, to_text


@exec_node("flow.start", entry=True)
def start() -> None:
    """Where a workflow starts; several start nodes run side by side."""


@exec_node("flow.if")
def if_(condition: bool = False, *, true: ExecOut, false: ExecOut) -> ExecOut:
    """Go on at `true` or at `false`."""
    return true if condition else false


@exec_node("flow.switch")
def switch(
    cases: Option[list[Any]],
    value: Any = None,
    *,
    case: Ports[ExecOut] = ports_from("cases"),
    default: ExecOut,
) -> ExecOut:
    """Go on at the output of the case that equals `value`, else at `default`.

    Args:
        cases: Literals; each has an output of its name.
        value: Compared with each; a number never equals a text.
    """
    for literal, output in zip(_distinct(cases), case.values(), strict=False):
        if _comparable(literal, value) and literal == value:
            return output
    return default


def _comparable(literal: Any, value: Any) -> bool:
    """Numbers compare with numbers; a text or a truth value only with its own kind."""
    if type(literal) is type(value):
        return True
    return not isinstance(literal, bool | str) and not isinstance(value, bool | str)


def _distinct(cases: list[Any]) -> list[Any]:
    """Cases whose names differ: two that look alike share an output."""
    seen: dict[str, Any] = {}
    for literal in cases:
        seen.setdefault(literal if isinstance(literal, str) else to_text(literal), literal)
    return builtins.list(seen.values())


@exec_node("flow.sequence")
async def sequence(steps: Option[list[str]], *, step: Ports[ExecOut] = ports_from("steps")) -> None:
    """Run each step to its end, one after the other."""
    for run in step.values():
        await run()


# --- loops ---


@exec_node("flow.for", loop=True)
async def for_(times: int = 10, *, index: Out[int], body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` once for each index below `times`."""
    for i in range(times):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_range", loop=True)
async def for_range(
    start: int = 0, stop: int = 10, step: int = 1, *, index: Out[int], body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` for each index of Python's `range(start, stop, step)`."""
    for i in range(start, stop, step):
        index.set(i)
        await body()
    return exit


@exec_node("flow.for_each", loop=True)
async def for_each(
    items: Iterable[Any] = (), *, item: Out[Any], index: Out[int], body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` once for each item, one after the other. Items may come from an async iterable."""
    _check_items(items)
    i = 0
    if isinstance(items, AsyncIterable):
        async for one in items:
            item.set(one)
            index.set(i)
            await body()
            i += 1
        return exit
    for one in builtins.list(items):
        item.set(one)
        index.set(i)
        await body()
        i += 1
    return exit


@exec_node("flow.while", loop=True)
async def while_(condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` as long as `condition` holds; it is pulled before each round."""
    i = 0
    while await condition():
        index.set(i)
        await body()
        i += 1
    return exit


@exec_node("flow.do_while", loop=True)
async def do_while(condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` once, and again as long as `condition` holds behind it."""
    i = 0
    while True:
        index.set(i)
        await body()
        i += 1
        if not await condition():
            return exit


@exec_node("flow.repeat_until", loop=True)
async def repeat_until(
    condition: Lazy[bool], *, index: Out[int] = initially(0), body: ExecOut, exit: ExecOut
) -> ExecOut:
    """Run `body` once, and again until `condition` holds behind it."""
    i = 0
    while True:
        index.set(i)
        await body()
        i += 1
        if await condition():
            return exit


@exec_node("flow.break", jump=Jump.BREAK)
def break_() -> None:
    """End the nearest loop of this flow thread; it goes on at the loop's `exit`."""


@exec_node("flow.continue", jump=Jump.CONTINUE)
def continue_() -> None:
    """End this round of the nearest loop of this flow thread."""


# --- failing, waiting ---


@exec_node("flow.try")
async def try_(
    catches: Option[list[str]] = [],  # noqa: B006 - options are never changed
    *,
    error: Out[Any] = initially(None),
    body: ExecOut,
    catch: ExecOut,
    finally_: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body`; run `catch` if it fails; run `finally` in any case, then go on at `exit`.

    Args:
        catches: Names of the errors that are caught, as `ValueError`; empty: all. Base classes count.
        error: What failed, in words.
    """
    try:
        try:
            await body()
        except (NodeFailed, ExceptionGroup) as failure:
            if catches and not _matches(failure, catches):
                raise
            error.set(error_text(failure))
            await catch()
    finally:
        await finally_()
    return exit


def error_text(failure: BaseException) -> str:
    """What a failure says, without where it happened."""
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(error_text(part) for part in failure.exceptions)
    cause = failure.__cause__ if isinstance(failure, NodeFailed) else failure
    return str(cause) or type(cause).__name__


def _matches(failure: BaseException, names: list[str]) -> bool:
    """Whether what failed is one of the errors named, by its own or a base class's name; of a group, all."""
    if isinstance(failure, BaseExceptionGroup):
        return all(_matches(part, names) for part in failure.exceptions)
    cause = failure.__cause__ if isinstance(failure, NodeFailed) else failure
    return any(kind.__name__ in names for kind in type(cause).__mro__)


@exec_node("flow.fail")
def fail(message: str = "failed") -> NoReturn:
    """Fail with a message; a `try` around it catches `FlowFailure`."""
    raise FlowFailure(message)


@exec_node("flow.delay")
async def delay(ctx: NodeContext, seconds: float = 0.0, *, exit: ExecOut) -> ExecOut:
    """Wait, then go on."""
    await ctx.sleep(max(0.0, seconds))
    return exit


@exec_node("flow.timeout", shield=False)
async def timeout(ctx: NodeContext, seconds: float = 1.0, *, body: ExecOut, expired: ExecOut, exit: ExecOut) -> ExecOut:
    """Run `body` for at most `seconds`; run `expired` if it was cut off; then go on at `exit`."""
    with ctx.timeout(seconds) as scope:
        await body()
    if scope.cancelled_caught:
        await expired()
    return exit


# --- parallel paths ---


@exec_node("flow.fan_out", shield=False)
async def fan_out(
    ctx: NodeContext,
    branches: Option[list[str]],
    errors: Option[str] = "fail_fast",
    parallel: Option[int | None] = None,
    *,
    branch: Ports[Branch] = ports_from("branches"),
    joined: ExecOut,
) -> ExecOut:
    """Run the branches side by side; go on behind their fan-in, or else at `joined`, when all have ended.

    Args:
        branches: Names; each has an output of its name.
        errors: `fail_fast`: the first failure cancels the other branches. `collect`: the fan-in lists the errors.
        parallel: How many branches run at once; the others wait for their turn.
    """
    async with ctx.open_scope(ScopeKind.FAN_OUT, errors=errors, parallel=parallel) as scope:
        for output in branch.values():
            scope.start(output)
    return joined


@exec_node("flow.fan_in")
def fan_in(
    brought: Arrivals,
    merge: Option[str] = "list",
    join: Option[Any] = "all",
    missing: Option[str] = "error",
    arrivals: Option[str] = "one",
    prefer: Option[str] = "error",
    *,
    merged: Out[Any],
    errors: Out[list[Any]] = initially([]),
    exit: ExecOut,
) -> ExecOut:
    """Where the branches of a fan-out meet. Goes on once, when its join policy says so.

    Args:
        merge: `list`, `dict` (by branch), `concat`, `merge` (of dicts, deeply) or `first`.
        join: `all`, `any`, or `{"quorum": n}`: go on after n arrivals and cancel the other branches.
        missing: What a branch counts as that ended elsewhere: `error`, `skip` or `none`.
        arrivals: `one`, or `many`: a branch may arrive several times and contributes a list.
        prefer: Which side wins where `merge` finds a conflict: `error` (none), `first` or `last`.
        merged: The contributions, in branch order.
        errors: Under `errors: collect`, what failed, in branch order.
    """
    reducer = MERGES.get(merge)
    if reducer is None:
        raise ValueError(f"`merge` must be one of {', '.join(MERGES)}, not {short(merge)}")
    merged.set(reducer(builtins.list(brought), prefer))
    errors.set([error_text(error) for error in brought.errors])
    return exit


def _merge_list(found: Sequence[tuple[str, Any]], prefer: str) -> Any:
    return [value for _, value in found]


def _merge_dict(found: Sequence[tuple[str, Any]], prefer: str) -> Any:
    return dict(found)


def _merge_concat(found: Sequence[tuple[str, Any]], prefer: str) -> Any:
    joined: list[Any] = []
    for name, value in found:
        if value is None:
            continue
        if not isinstance(value, list | tuple):
            raise MergeConflict(f"`concat` joins lists; branch {name!r} brought {short(value)}")
        joined.extend(value)
    return joined


def _merge_first(found: Sequence[tuple[str, Any]], prefer: str) -> Any:
    return found[0][1] if found else None


def _merge_deep(found: Sequence[tuple[str, Any]], prefer: str) -> Any:
    """Merge dicts key by key; iterative, because values may be deep."""
    result: dict[Any, Any] = {}
    owner: dict[tuple[Any, ...], str] = {}
    for name, value in found:
        if value is None:
            continue
        if not isinstance(value, Mapping):
            raise MergeConflict(f"`merge` joins dicts; branch {name!r} brought {short(value)}")
        todo: list[tuple[dict[Any, Any], Mapping[Any, Any], tuple[Any, ...]]] = [(result, value, ())]
        while todo:
            into, other, path = todo.pop()
            for key, item in other.items():
                place = (*path, key)
                before = into.get(key, UNSET)
                if isinstance(item, Mapping) and (before is UNSET or isinstance(before, dict)):
                    if before is UNSET:
                        into[key] = before = {}
                        owner[place] = name
                    todo.append((before, item, place))
                elif before is UNSET or before == item or prefer == "last":
                    into[key] = copy_value(item)
                    owner[place] = name
                elif prefer != "first":
                    where = ".".join(map(str, place))
                    raise MergeConflict(
                        f"branches {owner.get(place, '?')!r} and {name!r} both set {where!r}, to {short(before)} and "
                        f"{short(item)}; `prefer` chooses a side"
                    )
    return result


MERGES = {
    "list": _merge_list,
    "dict": _merge_dict,
    "concat": _merge_concat,
    "merge": _merge_deep,
    "first": _merge_first,
}
"""Merge policies (6.4): name and value of each contribution, in branch order -> what comes of it."""


@exec_node("flow.batch")
async def batch(
    ctx: NodeContext,
    items: Any = (),
    size: int = 1,
    parallel: int = 8,
    errors: Option[str] = "fail_fast",
    missing: Option[str] = "error",
    *,
    result: Result[Any],
    slice: Item[list[Any]],
    item: Item[Any],
    index: Item[int],
    results: Out[list[Any]],
    errors_: Out[list[Any]] = initially([]),
    process: Branch,
    continue_: ExecOut,
) -> ExecOut:
    """Cut `items` into slices of `size` and run `process` for each, at most `parallel` at once; then `continue`.

    Args:
        items: A list, or an iterable or async iterable: slices are drawn as capacity frees up.
        size: How many items a slice has, at least 1.
        parallel: How many slices run at once, at least 1.
        result: Pulled at the end of each slice, in its scope.
        errors: `fail_fast` or `collect`.
        missing: What a slice counts as whose result was not set: `error`, `skip` or `none`.
        slice: The items of this slice.
        item: The item, when `size` is 1.
        index: Number of the slice, from 0.
        results: What `result` gave for each slice, in order.
    """
    _check_batch(items, size, parallel)
    async with aclosing(_slices(items, size)) as slices:
        async with ctx.open_scope(
            ScopeKind.BATCH, parallel=parallel, errors=errors, missing=missing, result=result
        ) as scope:
            number = 0
            while True:
                await scope.wait_capacity()
                part = await anext(slices, None)
                if part is None:
                    break
                alone = {"item": part[0]} if size == 1 else {}
                scope.start(process, slice=part, index=number, **alone)
                number += 1
    results.set(scope.results)
    errors_.set([error_text(error) for error in scope.errors])
    return continue_


def _check_items(items: Any) -> None:
    if not isinstance(items, Iterable | AsyncIterable) or isinstance(items, str | bytes):
        raise ValueError(f"`items` must be a list or another iterable, not {short(items)}")


def _check_batch(items: Any, size: int, parallel: int) -> None:
    _check_items(items)
    for name, value in (("size", size), ("parallel", parallel)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, not {value}")


async def _slices(items: Any, size: int) -> AsyncGenerator[builtins.list[Any], None]:
    """Slices of `items`, drawn one by one."""
    part: builtins.list[Any] = []
    if isinstance(items, AsyncIterable):
        async with AsyncExitStack() as stack:
            source: Any = aiter(items)
            if hasattr(source, "aclose"):
                await stack.enter_async_context(aclosing(source))
            async for one in source:
                part.append(one)
                if len(part) == size:
                    yield part
                    part = []
    else:
        for one in items:
            part.append(one)
            if len(part) == size:
                yield part
                part = []
    if part:
        yield part


# --- calls ---


def _callee_inputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    """The inputs of the workflow that a gosub names."""
    workflow = placing.document.workflows.get(str(placing.options.get("workflow")))
    if workflow is None:
        return [(name, ANY, UNSET) for name in placing.wired]
    return [(name, _declared(given.type), given.default) for name, given in workflow.inputs.items()]


def _callee_outputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    workflow = placing.document.workflows.get(str(placing.options.get("workflow")))
    if workflow is None:
        return [(name, ANY, UNSET) for name in placing.wired]
    return [(name, _declared(output.type), UNSET) for name, output in workflow.outputs.items()]


def _own_outputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    """Those outputs of the workflow in which the node is placed that are wired or given here."""
    outputs = placing.document.workflows[placing.workflow].outputs
    wanted = set(placing.wired)
    return [(name, _declared(output.type), UNSET) for name, output in outputs.items() if name in wanted]


def _declared(name: str) -> SocketType:
    try:
        return parse_type(name)
    except ValueError:
        return ANY


@exec_node("flow.gosub")
async def gosub(
    ctx: NodeContext,
    workflow: WorkflowName,
    inputs: Ports[Any] = ports_from(_callee_inputs),
    *,
    outputs: Ports[Out[Any]] = ports_from(_callee_outputs),
    exit: ExecOut,
) -> ExecOut:
    """Run another workflow of the document and wait for it.

    Args:
        workflow: Its name; its inputs and outputs are the sockets of this node.
    """
    for name, value in (await ctx.gosub(workflow, inputs)).items():
        outputs[name].set(value)
    return exit


@exec_node("flow.set_output")
def set_output(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow: those that are wired or given."""
    ctx.set_outputs(outputs)


@exec_node("flow.return", jump=Jump.RETURN)
def return_(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow and end this flow thread; other threads of the workflow go on."""
    ctx.set_outputs(outputs)


# --- telling ---


@exec_node("flow.print")
def print_(ctx: NodeContext, value: Any = None, label: str = "") -> None:
    """Print one line: the value as text, behind its label if it has one."""
    text = to_text(value)
    ctx.feedback(f"{label}: {text}" if label else text, "print", value)


print = print_


@exec_node("flow.log")
def log(ctx: NodeContext, message: str = "", level: Option[str] = "info") -> None:
    """Tell observers something, at a level: `debug`, `info`, `warning` or `error`."""
    ctx.feedback(message, level)
