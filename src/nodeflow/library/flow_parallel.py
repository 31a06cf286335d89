"""Parallel paths: fan-out and fan-in, batches. They open contexts like any author's node does."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from nodeflow.errors import MergeConflict
from nodeflow.library.flow_failing import error_text
from nodeflow.library.flow_loops import check_items, drawn
from nodeflow.model import UNSET
from nodeflow.node import (
    Arrivals,
    Branch,
    ExecOut,
    Item,
    NodeContext,
    Option,
    Out,
    Ports,
    Result,
    ScopeKind,
    exec_node,
    initially,
    ports_from,
)
from nodeflow.values import copy_value, short


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

    Example:
        >>> from nodeflow.testing import try_node
        >>> sorted(try_node(fan_out, branches=["left", "right"]).exits)
        ['joined', 'left', 'right']
    """
    async with ctx.open_scope(ScopeKind.FAN_OUT, errors=errors, parallel=parallel) as scope:
        for output in branch.values():
            scope.start(output)
    return joined


@exec_node("flow.race", shield=False)
async def race(
    ctx: NodeContext,
    branches: Option[list[str]],
    errors: Option[str] = "fail_fast",
    *,
    branch: Ports[Branch] = ports_from("branches"),
    winner: Out[str | None] = initially(None),
    joined: ExecOut,
) -> ExecOut:
    """Run the branches side by side until one has come to its end; the others are cancelled.

    Goes on behind their fan-in, or else at `joined`, when the cancelled branches have ended too, with their cleanup.
    With a fan-in, the first branch to arrive there wins, and only what it brought is handed on.

    Args:
        branches: Names; each has an output of its name. A branch that is not connected does not take part.
        errors: `fail_fast`: a branch that fails before one has won fails the race. `collect`: it is out of the race,
            which fails if all are.
        winner: Name of the branch that came first; none if no branch is connected.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(race, branches=["only"])
        >>> tried.exits, tried.outputs["winner"]
        (['only', 'joined'], 'only')
    """
    names = builtins.list(branch)
    async with ctx.open_scope(ScopeKind.FAN_OUT, errors=errors, first=1) as scope:
        for output in branch.values():
            scope.start(output)
    winner.set(names[scope.finished[0]] if scope.finished else None)
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

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(fan_in, merge="dict", left=1, right=2).outputs["merged"]
        {'left': 1, 'right': 2}
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
    at_least_one: Option[bool] = False,
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
        at_least_one: A `size` or `parallel` below 1 counts as 1, instead of failing.
        slice: The items of this slice.
        item: The item, when `size` is 1.
        index: Number of the slice, from 0.
        results: What `result` gave for each slice, in order.

    Example:
        >>> from nodeflow.testing import Own, try_node
        >>> try_node(batch, items=["a", "b", "c"], size=2, result=Own("slice")).outputs["results"]
        [['a', 'b'], ['c']]
    """
    if at_least_one:
        size, parallel = max(1, size), max(1, parallel)
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


def _check_batch(items: Any, size: int, parallel: int) -> None:
    check_items(items)
    for name, value in (("size", size), ("parallel", parallel)):
        if value < 1:
            raise ValueError(f"`{name}` must be at least 1, not {value}")


async def _slices(items: Any, size: int) -> AsyncGenerator[builtins.list[Any], None]:
    """Slices of `items`, drawn one by one."""
    part: builtins.list[Any] = []
    async with aclosing(drawn(items)) as drawing:
        async for one in drawing:
            part.append(one)
            if len(part) == size:
                yield part
                part = []
    if part:
        yield part
