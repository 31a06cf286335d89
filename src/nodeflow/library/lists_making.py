"""Building lists: of inputs, numbers, copies, of other lists. All are bounded by 10,000,000 items."""

from __future__ import annotations

import builtins
from itertools import zip_longest
from typing import Any, Final

from nodeflow.library.inputs import check_choice, in_order
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import short

Items = list[Any]

MANY: Final = 10_000_000
"""The most items that a node builds into one list."""

EMPTY: Final[Items] = []


def check_size(size: int) -> None:
    """Raise `ValueError` if a node would have to build more than `MANY` items."""
    if size > MANY:
        raise ValueError(f"a list of {size} items is too long; at most {MANY}")


# --- making -------------------------------------------------------------------------------------------


@data_node("lists.make")
def make(*, items: Ports[Any]) -> Items:
    """A list of all inputs, whatever they are called, in the order of their names (`item2` before `item10`).

    >>> from nodeflow.testing import try_node
    >>> try_node(make, item1="a", item10="c", item2="b").result
    ['a', 'b', 'c']
    """
    return in_order(items)


@data_node("lists.range")
def range(
    start: int = 0,
    stop: int = 0,
    step: int = 1,
    direction: Option[str] = "step",
    limit: Option[int] = MANY,
    longer: Option[str] = "error",
) -> list[int]:
    """Whole numbers from `start` up to, without, `stop`: Python's `range(start, stop, step)` as a list.

    Fails with `ValueError` if `step` is 0, or the list would be longer than `limit`.

    Args:
        direction: `step`: as the sign of `step` says; `to_stop`: towards `stop`, whatever its sign.
        limit: The most items, up to 10,000,000.
        longer: What happens to more items than `limit`: `error`, or `cut`.

    >>> range(0, 10, 3), range(3, 0, -1), range(3, 0)
    ([0, 3, 6, 9], [3, 2, 1], [])
    >>> range(3, 0, direction="to_stop")
    [3, 2, 1]
    """
    check_choice("direction", direction, "step", "to_stop")
    check_choice("longer", longer, "error", "cut")
    if direction == "to_stop":
        step = abs(step) if start <= stop else -abs(step)
    numbers = builtins.range(start, stop, step)
    most = builtins.max(0, min(limit, MANY))
    if numbers[most:]:  # its `len` fails where it does not fit into a machine word
        if longer == "error":
            raise ValueError(f"the range from {short(start)} to {short(stop)} is too long; at most {most} items")
        numbers = numbers[:most]
    return [*numbers]


@data_node("lists.repeat")
def repeat(item: Any = None, count: int = 1, limit: Option[int] = MANY, longer: Option[str] = "error") -> Items:
    """The item `count` times; nothing if `count` is negative. Fails with `ValueError` above `limit`.

    Args:
        limit: The most items, up to 10,000,000.
        longer: What happens to more items than `limit`: `error`, or `cut`.

    >>> repeat("a", 3), repeat("a", -1), repeat("a", 9, limit=2, longer="cut")
    (['a', 'a', 'a'], [], ['a', 'a'])
    """
    check_choice("longer", longer, "error", "cut")
    most = builtins.max(0, min(limit, MANY))
    if count > most and longer == "error":
        raise ValueError(f"{short(count)} items are too many; at most {most}")
    return [item] * min(count, most)


@data_node("lists.concat")
def concat(a: Items = EMPTY, b: Items = EMPTY, *, more: Ports[list[Any]]) -> Items:
    """One list behind the other: `a`, `b`, then all other inputs in the order of their names.

    Fails with `ValueError` above 10,000,000 items.

    >>> from nodeflow.testing import try_node
    >>> try_node(concat, a=[1], b=[2, 3], c=[4]).result
    [1, 2, 3, 4]
    """
    lists = [a, b, *in_order(more)]
    check_size(sum(map(len, lists)))
    return [item for each in lists for item in each]


@data_node("lists.zip")
def zip(
    a: Items = EMPTY, b: Items = EMPTY, uneven: Option[str] = "error", *, more: Ports[list[Any]]
) -> list[list[Any]]:
    """The first items of all lists, the second ones, and so on: of `a`, `b`, then all others in the order of names.

    Fails with `ValueError` if the lists are not equally long, and above 10,000,000 items.

    Args:
        uneven: What lists of different lengths give: `error`, `cut` to the shortest, or `fill` with none.

    >>> from nodeflow.testing import try_node
    >>> try_node(zip, a=[1, 2], b=["x", "y"]).result
    [[1, 'x'], [2, 'y']]
    >>> try_node(zip, a=[1, 2], b=["x"], c=[True], uneven="fill").result
    [[1, 'x', True], [2, None, None]]
    """
    check_choice("uneven", uneven, "error", "cut", "fill")
    lists = [a, b, *in_order(more)]
    sizes = [len(each) for each in lists]
    if uneven == "error" and max(sizes) != min(sizes):
        raise ValueError(f"the lists are not equally long: {', '.join(map(str, sizes))} items")
    check_size(max(sizes) * len(lists) if uneven == "fill" else min(sizes) * len(lists))
    rows = zip_longest(*lists) if uneven == "fill" else builtins.zip(*lists, strict=False)
    return [[*row] for row in rows]


@data_node("lists.chunk")
def chunk(list: Items = EMPTY, size: int = 1) -> builtins.list[Items]:
    """The list cut into lists of `size` items, the last one perhaps shorter. Fails with `ValueError` below 1.

    >>> chunk([1, 2, 3, 4, 5], 2)
    [[1, 2], [3, 4], [5]]
    """
    if size < 1:
        raise ValueError(f"`size` must be 1 or more, not {short(size)}")
    step = min(size, len(list) or 1)  # a size beyond all bounds is no step
    return [list[start : start + step] for start in builtins.range(0, len(list), step)]


@data_node("lists.flatten")
def flatten(list: Items = EMPTY, depth: Option[int] = 1) -> Items:
    """The items, with each that is a list replaced by its items. Fails with `ValueError` above 10,000,000 items.

    Args:
        depth: How many levels of lists are taken apart; -1: all.

    >>> flatten([1, [2, [3, []]], "ab"]), flatten([1, [2, [3, []]], "ab"], depth=-1)
    ([1, 2, [3, []], 'ab'], [1, 2, 3, 'ab'])
    """
    flat: Items = []
    levels = [iter(list)]
    steps = 0  # lists of empty lists give nothing, and take time nevertheless
    while levels:
        for item in levels[-1]:
            steps += 1
            if steps > MANY:
                raise ValueError(f"the lists have too many items in them; at most {MANY}")
            if isinstance(item, builtins.list | tuple) and (depth < 0 or len(levels) <= depth):
                levels.append(iter(item))
                break
            flat.append(item)
        else:
            levels.pop()
    return flat
