"""Comparing and deciding. `and`, `or` and `select` pull only the side that they need."""

from __future__ import annotations

from typing import Any

from nodeflow.node import Lazy, data_node, initially


@data_node("logic.equal")
def equal(a: Any = None, b: Any = None) -> bool:
    """Whether both are the same; a truth value never equals a number."""
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


@data_node("logic.less")
def less(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is less than `b`. Fails with `TypeError` if they have no order."""
    return bool(a < b)


@data_node("logic.greater")
def greater(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is greater than `b`. Fails with `TypeError` if they have no order."""
    return bool(a > b)


@data_node("logic.and")
async def and_(a: Lazy[bool] = initially(False), b: Lazy[bool] = initially(False)) -> bool:
    """Whether both hold; `b` is pulled only if `a` does."""
    return await a() and await b()


@data_node("logic.or")
async def or_(a: Lazy[bool] = initially(False), b: Lazy[bool] = initially(False)) -> bool:
    """Whether one of both holds; `b` is pulled only if `a` does not."""
    return await a() or await b()


@data_node("logic.not")
def not_(value: bool = False) -> bool:
    """The opposite."""
    return not value


@data_node("logic.select")
async def select(
    condition: bool = False, then: Lazy[Any] = initially(None), otherwise: Lazy[Any] = initially(None)
) -> Any:
    """`then` if `condition` holds, else `otherwise`; only that one is pulled."""
    return await (then if condition else otherwise)()
