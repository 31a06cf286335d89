"""Decisions that remember: once, in turn, the how-manieth time, an open or closed gate.

What they remember is shared by all flow threads of the workflow (semantics 4.7), is forgotten when the workflow ends,
and is visible to observers. All but the gate have a second exec input, `reset`, that makes them forget it.
"""

from __future__ import annotations

import builtins
from typing import Any, Final

from nodeflow.node import ExecIn, ExecOut, Option, Out, SharedState, exec_node, initially
from nodeflow.values import short

MOST: Final = 100_000
"""The most values that `flow.collect` gathers before they are taken."""


@exec_node("flow.once")
def once(
    enter: ExecIn, reset: ExecIn, ran: SharedState[bool] = initially(False), *, first: ExecOut, already_run: ExecOut
) -> ExecOut | None:
    """Go on at `first` the first time, at `already_run` from then on; `reset` makes the next time the first again.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(once, enter=["enter", "enter", "reset", "enter"]).exits
        ['first', 'already_run', 'first']
    """
    if reset:
        ran.set(False)
        return None
    if ran.value:
        return already_run
    ran.set(True)
    return first


@exec_node("flow.flip_flop")
def flip_flop(
    enter: ExecIn,
    reset: ExecIn,
    was_a: SharedState[bool] = initially(False),
    *,
    is_a: Out[bool],
    a: ExecOut,
    b: ExecOut,
) -> ExecOut | None:
    """Go on at `a` and `b` in turn; `reset` makes the next time `a`'s.

    Args:
        is_a: Whether it is `a`'s turn.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(flip_flop, times=3).exits
        ['a', 'b', 'a']
    """
    if reset:
        was_a.set(False)
        return None
    now = was_a.update(lambda before: not before)
    is_a.set(now)
    return a if now else b


@exec_node("flow.counter")
def counter(
    enter: ExecIn,
    reset: ExecIn,
    start_over: bool = False,
    total: SharedState[int] = initially(0),
    *,
    count: Out[int] = initially(0),
    exit: ExecOut,
) -> ExecOut | None:
    """Count how often it is reached; `reset` sets the count to 0 and goes on nowhere.

    Args:
        start_over: This time is the first again.
        count: How often it has been reached, this time included.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(counter, times=3).seen("count")
        [1, 2, 3]
    """
    if reset:
        count.set(0)
        total.set(0)
        return None
    count.set(total.update(lambda before: 1 if start_over else before + 1))
    return exit


@exec_node("flow.wait_for_n")
def wait_for_n(
    enter: ExecIn,
    reset: ExecIn,
    count: int = 2,
    seen: SharedState[int] = initially(0),
    *,
    triggers_so_far: Out[int] = initially(0),
    waiting: ExecOut,
    exit: ExecOut,
) -> ExecOut | None:
    """Go on at `exit` each time that it has been reached `count` times, else at `waiting`; `reset` starts over.

    Args:
        count: How many times; with 1 or less it goes on each time.
        triggers_so_far: How often it has been reached, this time included, since it went on last.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(wait_for_n, count=2, times=4).exits
        ['waiting', 'exit', 'waiting', 'exit']
    """
    if reset:
        triggers_so_far.set(0)
        seen.set(0)
        return None
    now = seen.value + 1
    triggers_so_far.set(now)
    seen.set(now if now < count else 0)
    return waiting if now < count else exit


@exec_node("flow.gate")
def gate(
    enter: ExecIn,
    open: ExecIn,
    close: ExecIn,
    toggle: ExecIn,
    initially_open: Option[bool] = True,
    is_open: SharedState[bool | None] = initially(None),
    *,
    exit: ExecOut,
    closed: ExecOut,
) -> ExecOut | None:
    """Who enters goes on at `exit` while the gate is open, and at `closed` while it is not.

    `open`, `close` and `toggle` change it, and go on nowhere.

    Args:
        initially_open: Whether it is open until something changes it.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(gate, enter=["enter", "close", "enter", "toggle", "enter"]).exits
        ['exit', 'closed', 'exit']
    """
    now = initially_open if is_open.value is None else is_open.value
    if enter:
        return exit if now else closed
    is_open.set(not now if toggle else bool(open))
    return None


@exec_node("flow.collect")
def collect(
    enter: ExecIn,
    flush: ExecIn,
    value: Any = None,
    count: int = 10,
    gathered: SharedState[tuple[Any, ...]] = initially(()),
    *,
    items: Out[list[Any]],
    waiting: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Gather `value` each time; go on at `exit` with all of them when there are `count`, else at `waiting`.

    `flush` goes on at `exit` with what there is, if it is nothing too. Both begin anew behind it.

    Args:
        count: How many are gathered, at least 1 and at most 100,000.
        items: What was gathered, in the order in which it came; written when it goes on at `exit`.

    Example:
        >>> from nodeflow.testing import Each, try_node
        >>> tried = try_node(collect, value=Each("a", "b", "c", "d"), count=2)
        >>> tried.seen("items", "exit")
        [['a', 'b'], ['c', 'd']]
    """
    if flush:
        found = gathered.value
    elif 1 <= count <= MOST:
        found = (*gathered.value, value)
        if len(found) < count:
            gathered.set(found)
            return waiting
    else:
        raise ValueError(f"`count` must be from 1 to {MOST}, not {short(count)}")
    gathered.set(())
    items.set(builtins.list(found))
    return exit
