"""Comparing and deciding. What decides pulls only the inputs that it needs."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

from nodeflow.library.equality import first_difference, same
from nodeflow.node import Lazy, Option, Ports, data_node, initially, port_name, ports_from
from nodeflow.values import short

# --- comparing ----------------------------------------------------------------------------------------


@data_node("logic.equal")
def equal(a: Any = None, b: Any = None) -> bool:
    """Whether both are the same; a truth value never equals a number, and NaN equals nothing.

    Lists and dicts are compared item by item.

    >>> equal(1, 1.0), equal(1, True), equal([1, [2]], [1, [2]]), equal("a", "A")
    (True, False, True, False)
    """
    return same(a, b)


@data_node("logic.not_equal")
def not_equal(a: Any = None, b: Any = None) -> bool:
    """Whether they differ.

    >>> not_equal(1, 1.0), not_equal("1", 1)
    (False, True)
    """
    return not same(a, b)


@data_node("logic.less")
def less(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is less than `b`. Fails with `TypeError` if they have no order.

    Numbers, texts, dates, bytes and truth values have one among their like; lists by the first item that differs.

    >>> less(1, 2), less("b", "a"), less([1, 2], [1, 3]), less(1, float("nan"))
    (True, False, True, False)
    """
    return _compare(operator.lt, a, b)


@data_node("logic.less_or_equal")
def less_or_equal(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is not more than `b`. Fails with `TypeError` if they have no order.

    >>> less_or_equal(2, 2), less_or_equal(3, 2)
    (True, False)
    """
    return _compare(operator.le, a, b)


@data_node("logic.greater")
def greater(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is more than `b`. Fails with `TypeError` if they have no order.

    >>> greater(2, 1), greater(2, 2)
    (True, False)
    """
    return _compare(operator.gt, a, b)


@data_node("logic.greater_or_equal")
def greater_or_equal(a: Any = 0, b: Any = 0) -> bool:
    """Whether `a` is not less than `b`. Fails with `TypeError` if they have no order.

    >>> greater_or_equal(2, 2), greater_or_equal(float("nan"), 2)
    (True, False)
    """
    return _compare(operator.ge, a, b)


def _compare(order: Callable[[Any, Any], Any], a: Any, b: Any) -> bool:
    """The order of two values; of two lists or tuples, that of the first items that differ, or of their lengths."""
    if isinstance(a, list | tuple) and type(a) is type(b):
        a, b = first_difference(a, b) or (0, 0)
    if isinstance(a, bool) != isinstance(b, bool):
        raise _no_order(a, b)
    try:
        return bool(order(a, b))
    except TypeError:
        raise _no_order(a, b) from None
    except RecursionError:
        raise ValueError(f"{short(a)} is nested too deeply to be compared") from None


def _no_order(a: Any, b: Any) -> TypeError:
    return TypeError(
        f"{short(a)} and {short(b)} have no order; compare numbers with numbers, texts with texts, dates with dates"
    )


@data_node("logic.is_none")
def is_none(value: Any = None) -> bool:
    """Whether there is nothing: not 0, not an empty text, but no value.

    >>> is_none(None), is_none(0)
    (True, False)
    """
    return value is None


@data_node("logic.is_not_none")
def is_not_none(value: Any = None) -> bool:
    """Whether there is a value, be it 0 or an empty text.

    >>> is_not_none(""), is_not_none(None)
    (True, False)
    """
    return value is not None


# --- truth values -------------------------------------------------------------------------------------


@data_node("logic.and")
async def and_(a: Lazy[bool] = initially(False), b: Lazy[bool] = initially(False)) -> bool:
    """Whether both hold; `b` is pulled only if `a` does.

    >>> from nodeflow.testing import try_node
    >>> try_node(and_, a=True, b=False).result
    False
    """
    return await a() and await b()


@data_node("logic.or")
async def or_(a: Lazy[bool] = initially(False), b: Lazy[bool] = initially(False)) -> bool:
    """Whether one of both holds; `b` is pulled only if `a` does not.

    >>> from nodeflow.testing import try_node
    >>> try_node(or_, a=False, b=True).result
    True
    """
    return await a() or await b()


@data_node("logic.xor")
def xor(a: bool = False, b: bool = False) -> bool:
    """Whether exactly one of both holds.

    >>> xor(True, False), xor(True, True)
    (True, False)
    """
    return a != b


@data_node("logic.not")
def not_(value: bool = False) -> bool:
    """The opposite.

    >>> not_(True)
    False
    """
    return not value


@data_node("logic.all")
def all(list: builtins.list[bool] = []) -> bool:  # noqa: B006 - values are never changed
    """Whether all of a list hold; those of an empty list do.

    >>> all([True, False]), all([])
    (False, True)
    """
    return builtins.all(list)


@data_node("logic.any")
def any(list: builtins.list[bool] = []) -> bool:  # noqa: B006
    """Whether at least one of a list holds; of an empty list none does.

    >>> any([True, False]), any([])
    (True, False)
    """
    return builtins.any(list)


# --- deciding -----------------------------------------------------------------------------------------


@data_node("logic.select")
async def select(
    condition: bool = False, then: Lazy[Any] = initially(None), otherwise: Lazy[Any] = initially(None)
) -> Any:
    """`then` if `condition` holds, else `otherwise`; only that one is pulled.

    >>> from nodeflow.testing import try_node
    >>> try_node(select, condition=True, then="yes", otherwise="no").result
    'yes'
    """
    return await (then if condition else otherwise)()


@data_node("logic.choose")
async def choose(
    cases: Option[list[Any]],
    value: Any = None,
    *,
    case: Ports[Lazy[Any]] = ports_from("cases"),
    default: Lazy[Any] = initially(None),
) -> Any:
    """The input of the case that equals `value`, else `default`; only that one is pulled.

    Args:
        cases: Literals; each has an input of its name, none the input `none`, the empty text `empty`.
        value: Compared with each; a number never equals a text.

    >>> from nodeflow.testing import try_node
    >>> try_node(choose, cases=["de", "fr"], value="fr", de="Hallo", fr="Salut", default="Hello").result
    'Salut'
    """
    for literal in cases:
        if same(literal, value):
            return await case.get(port_name(literal), default)()
    return await default()


@data_node("logic.coalesce")
async def coalesce(value: Any = None, fallback: Lazy[Any] = initially(None)) -> Any:
    """The value, or `fallback` where there is none; only then is that pulled.

    >>> from nodeflow.testing import try_node
    >>> try_node(coalesce, value=0, fallback=7).result, try_node(coalesce, fallback=7).result
    (0, 7)
    """
    return await fallback() if value is None else value


@data_node("logic.value")
def value(value: Any = None) -> Any:
    """The value itself: a constant, or what is wired to it.

    >>> value([1, 2])
    [1, 2]
    """
    return value
