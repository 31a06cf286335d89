"""Node types for imported files: what another engine's nodes do that no node of the library does exactly.

They keep that engine's results where those differ on purpose (42 / 0 is 0 there) and need nothing but
`nodeflow.node`. Documents that were converted and saved find them by name, so they stand in the standard
registry too.
"""

from __future__ import annotations

import builtins
import math
import string
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from nodeflow.errors import FlowFailure
from nodeflow.node import (
    ExecOut,
    Lazy,
    NodeContext,
    Option,
    Out,
    SharedState,
    VariableName,
    data_node,
    exec_node,
    initially,
)
from nodeflow.values import short, to_text

# ruff: noqa: B006 - values are never changed

Number = int | float
MANY = 100_000
"""The most items that the original builds into one list."""


# --- flow ---------------------------------------------------------------------------------------------


@exec_node("nodeeditor.marker")
def marker() -> None:
    """A named place for observers; does nothing."""


@exec_node("nodeeditor.consume")
def consume(value: Any = None) -> None:
    """Pull a value and go on."""


@exec_node("nodeeditor.delay")
async def delay(ctx: NodeContext, ms: Number = 1000, *, exit: ExecOut) -> ExecOut:
    """Wait for so many milliseconds; -1 waits until the run is cancelled."""
    if ms < -1:
        raise ValueError(f"`ms` must be -1 or more, not {short(ms)}")
    await ctx.sleep(math.inf if ms == -1 else ms / 1000)
    return exit


@exec_node("nodeeditor.while", loop=True)
async def while_(
    condition: Lazy[bool] = initially(False),
    limit: Option[int] = 10_000,
    *,
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` as long as `condition` holds, pulled before each round, and at most `limit` times."""
    rounds = 0
    while rounds < limit and await condition():
        rounds += 1
        await body()
    return exit


@exec_node("nodeeditor.do_while", loop=True)
async def do_while(
    condition: Lazy[bool] = initially(False),
    until: Option[bool] = False,
    limit: Option[int] = 10_000,
    *,
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` once, and again as long as `condition` holds (`until`: does not hold), at most `limit` times."""
    for _ in builtins.range(limit):
        await body()
        if await condition() == until:
            break
    return exit


@exec_node("nodeeditor.for_each_dict", loop=True)
async def for_each_dict(
    dict: builtins.dict[str, Any] | None = None,
    *,
    key: Out[str],
    value: Out[Any],
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body` once for each entry of a dict."""
    for name, item in builtins.list((dict or {}).items()):
        key.set(name)
        value.set(item)
        await body()
    return exit


@exec_node("nodeeditor.multi_branch")
async def multi_branch(
    cond_0: Lazy[bool] = initially(False),
    cond_1: Lazy[bool] = initially(False),
    cond_2: Lazy[bool] = initially(False),
    cond_3: Lazy[bool] = initially(False),
    *,
    path_0: ExecOut,
    path_1: ExecOut,
    path_2: ExecOut,
    path_3: ExecOut,
    default: ExecOut,
) -> ExecOut:
    """Go on at the path of the first condition that holds, else at `default`."""
    for holds, path in ((cond_0, path_0), (cond_1, path_1), (cond_2, path_2), (cond_3, path_3)):
        if await holds():
            return path
    return default


@exec_node("nodeeditor.switch_text")
def switch_text(
    value: str = "",
    match_0: str = "",
    match_1: str = "",
    match_2: str = "",
    match_3: str = "",
    *,
    case_0: ExecOut,
    case_1: ExecOut,
    case_2: ExecOut,
    case_3: ExecOut,
    default: ExecOut,
) -> ExecOut:
    """Go on at the case of the first text that equals `value`, else at `default`."""
    for match, case in ((match_0, case_0), (match_1, case_1), (match_2, case_2), (match_3, case_3)):
        if value == match:
            return case
    return default


@exec_node("nodeeditor.once")
def once(ran: SharedState[bool] = initially(False), *, first: ExecOut, already_run: ExecOut) -> ExecOut:
    """Go on at `first` the first time, at `already_run` from then on."""
    if ran.value:
        return already_run
    ran.set(True)
    return first


@exec_node("nodeeditor.flip_flop")
def flip_flop(
    state: SharedState[bool] = initially(False), *, is_a: Out[bool], a: ExecOut, b: ExecOut
) -> ExecOut:
    """Go on at `a` and `b` in turn."""
    now = state.update(lambda before: not before)
    is_a.set(now)
    return a if now else b


@exec_node("nodeeditor.counter")
def counter(reset: bool = False, total: SharedState[int] = initially(0), *, count: Out[int]) -> None:
    """Count how often it is reached."""
    count.set(total.update(lambda before: 1 if reset else before + 1))


@exec_node("nodeeditor.wait_count")
def wait_count(
    count: int = 2,
    seen: SharedState[int] = initially(0),
    *,
    triggers_so_far: Out[int],
    waiting: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Go on at `exit` each time that it has been reached `count` times, else at `waiting`."""
    now = seen.update(lambda before: before + 1)
    triggers_so_far.set(now)
    if now < count:
        return waiting
    seen.set(0)
    return exit


@exec_node("nodeeditor.assert")
def assert_(condition: bool = True, message: str = "Assertion failed") -> None:
    """Fail with a message unless `condition` holds; a `try` around it catches `FlowFailure`."""
    if not condition:
        raise FlowFailure(message)


@exec_node("nodeeditor.increment")
def increment(ctx: NodeContext, name: VariableName, step: int = 1, *, value: Out[int]) -> None:
    """Add to a variable at once for everyone. What is no number counts as 0; fractions are dropped."""

    def add(old: Any) -> int:
        number = isinstance(old, int | float) and not isinstance(old, bool) and math.isfinite(old)
        return (int(old) if number else 0) + step

    value.set(ctx.variables.update(name, add))


@data_node("nodeeditor.print_value")
def print_value(ctx: NodeContext, label: str = "", value: Any = None) -> Any:
    """Print one line when it is pulled and pass the value on."""
    text = to_text(value)
    ctx.feedback(f"{label}: {text}" if label else text, "print", value)
    return value


# --- values and logic ---------------------------------------------------------------------------------


@data_node("nodeeditor.value")
def value(value: Any = None) -> Any:
    """The value itself."""
    return value


@data_node("nodeeditor.coalesce")
def coalesce(value: Any = None, fallback: Any = None) -> Any:
    """The value, or `fallback` where it is nothing."""
    return fallback if value is None else value


COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "not_equal": lambda a, b: isinstance(a, bool) != isinstance(b, bool) or a != b,
    "at_least": lambda a, b: a >= b,
    "at_most": lambda a, b: a <= b,
    "same_text": lambda a, b: to_text(a).upper() == to_text(b).upper(),
}


@data_node("nodeeditor.compare")
def compare(op: Option[str], a: Any = None, b: Any = None) -> bool:
    """Compare: `not_equal`, `at_least`, `at_most`, or `same_text` in any letter case."""
    return bool(_operation(COMPARISONS, op)(a, b))


# --- numbers ------------------------------------------------------------------------------------------


def _divide(a: Number, b: Number) -> Number:
    return 0.0 if b == 0 else a / b


def _divide_int(a: Number, b: Number) -> Number:
    if b == 0:
        return 0
    whole = abs(int(a)) // abs(int(b))
    return whole if (a < 0) == (b < 0) else -whole


def _remainder(a: Number, b: Number) -> Number:
    """With the sign of `a`; not a number where there is none."""
    return math.nan if b == 0 or not math.isfinite(a) else math.fmod(a, b)


def _extreme(pick: Callable[[Number, Number], Number]) -> Callable[[Number, Number], Number]:
    return lambda a, b: math.nan if math.isnan(a) or math.isnan(b) else pick(a, b)


def _power(a: Number, b: Number) -> Number:
    try:
        return math.pow(a, b)
    except OverflowError:
        return -math.inf if a < 0 and b % 2 == 1 else math.inf
    except ValueError:
        if a != 0:
            return math.nan
        return -math.inf if math.copysign(1, a) < 0 and b % 2 == 1 else math.inf


OF_TWO: Mapping[str, Callable[[Any, Any], Number]] = {
    "divide": _divide,
    "divide_int": _divide_int,
    "remainder": _remainder,
    "min": _extreme(min),
    "max": _extreme(max),
    "power": _power,
}


@data_node("nodeeditor.calculate")
def calculate(op: Option[str], a: Number = 0, b: Number = 0) -> Number:
    """`divide` and `divide_int` (by 0: 0), `remainder` (sign of `a`), `min`, `max`, `power`."""
    return _operation(OF_TWO, op)(a, b)


def _if_finite(change: Callable[[Number], Number]) -> Callable[[Number], Number]:
    return lambda value: change(value) if math.isfinite(value) else value


OF_ONE: Mapping[str, Callable[[Any], Any]] = {
    "abs": abs,
    "ceiling": _if_finite(math.ceil),
    "floor": _if_finite(math.floor),
    "truncate": _if_finite(math.trunc),
    "round": _if_finite(round),  # ties to even, as there
    "sqrt": lambda value: math.sqrt(value) if value >= 0 else math.nan,
    "sign": lambda value: (value > 0) - (value < 0),
    "is_even": lambda value: value % 2 == 0,
    "is_odd": lambda value: value % 2 != 0,
    "float": float,
}


@data_node("nodeeditor.number")
def number(op: Option[str], value: Number = 0) -> Any:
    """`abs`, `ceiling`, `floor`, `truncate`, `round`, `sqrt`, `sign`, `is_even`, `is_odd` or `float`."""
    return _operation(OF_ONE, op)(value)


@data_node("nodeeditor.clamp")
def clamp(value: Number = 0.0, min: Number = 0.0, max: Number = 1.0) -> Number:
    """The value, or the bound that it lies beyond."""
    if min > max:
        raise ValueError(f"`min` ({short(min)}) is greater than `max` ({short(max)})")
    return builtins.max(min, builtins.min(value, max))


def _operation(table: Mapping[str, Any], op: str) -> Any:
    found = table.get(op)
    if found is None:
        raise ValueError(f"`op` must be one of {', '.join(table)}, not {short(op)}")
    return found


# --- text ---------------------------------------------------------------------------------------------


@data_node("nodeeditor.format")
def format(
    format: str = "", arg_0: Any = None, arg_1: Any = None, arg_2: Any = None, arg_3: Any = None
) -> str:
    """`{0}` to `{3}` replaced by the inputs as text; a format that makes no sense is given back unchanged."""
    given = (arg_0, arg_1, arg_2, arg_3)
    parts = []
    try:
        for literal, name, spec, conversion in string.Formatter().parse(format):
            parts.append(literal)
            if name is None:
                continue
            if spec or conversion or name.strip() not in ("0", "1", "2", "3"):
                return format
            parts.append(to_text(given[int(name)]))
    except ValueError:
        return format
    return "".join(parts)


OF_TEXT: Mapping[str, Callable[[str], Any]] = {
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
    "reverse": lambda value: value[::-1],
    "length": len,
    "is_empty": lambda value: not value,
    "is_whitespace": lambda value: not value.strip(),
}


@data_node("nodeeditor.text")
def text(op: Option[str], value: str = "") -> Any:
    """`upper`, `lower`, `trim`, `reverse`, `length`, `is_empty` or `is_whitespace`."""
    return _operation(OF_TEXT, op)(value)


SEARCHES: Mapping[str, Callable[[str, str], Any]] = {
    "contains": lambda value, search: search in value,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "index_of": str.find,
    "last_index_of": str.rfind,
}


@data_node("nodeeditor.search")
def search(op: Option[str], value: str = "", search: str = "") -> Any:
    """`contains`, `starts_with`, `ends_with`, `index_of` or `last_index_of` (-1: not found)."""
    return _operation(SEARCHES, op)(value, search)


@data_node("nodeeditor.replace")
def replace(value: str = "", old: str = "", new: str = "") -> str:
    """The text with each `old` replaced by `new`."""
    if not old:
        raise ValueError("`old` must not be empty")
    return value.replace(old, new)


@data_node("nodeeditor.substring")
def substring(value: str = "", start: int = 0, length: int = -1) -> str:
    """`length` characters from `start`, or all from there if `length` is negative."""
    begin = max(0, start)
    return value[begin:] if length < 0 else value[begin : begin + length]


@data_node("nodeeditor.repeat")
def repeat(value: str = "", count: int = 1) -> str:
    """The text `count` times, at most 10,000 times."""
    return value * max(0, min(count, 10_000))


@data_node("nodeeditor.split")
def split(value: str = "", delimiter: str = ",") -> list[str]:
    """The parts between the delimiters; an empty delimiter leaves the text in one part."""
    return value.split(delimiter) if delimiter else [value]


@data_node("nodeeditor.join")
def join(list: list[Any] | None = None, separator: str = ", ") -> str:
    """The items as text, with the separator between them."""
    return separator.join(map(to_text, list or ()))


@data_node("nodeeditor.concat")
def concat(a: str = "", b: str = "", c: str = "", d: str = "") -> str:
    """One text behind the other."""
    return a + b + c + d


# --- lists and dicts ----------------------------------------------------------------------------------


def _same(a: Any, b: Any) -> bool:
    return isinstance(a, bool) == isinstance(b, bool) and bool(a == b)


def _numbers(items: list[Any]) -> list[Number]:
    return [item for item in items if isinstance(item, int | float) and not isinstance(item, bool)]


def _distinct(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if not any(_same(item, before) for before in found):
            found.append(item)
    return found


def _sort(items: list[Any]) -> list[Any]:
    return [None] * items.count(None) + sorted(item for item in items if item is not None)


OF_LIST: Mapping[str, Callable[[list[Any]], Any]] = {
    "any": bool,
    "is_empty": lambda items: not items,
    "clear": lambda items: [],
    "reverse": lambda items: items[::-1],
    "distinct": _distinct,
    "sort": _sort,
    "sort_descending": lambda items: _sort(items)[::-1],
    "min": lambda items: float(min(_numbers(items), default=0)),
    "max": lambda items: float(max(_numbers(items), default=0)),
    "to_text": lambda items: [to_text(item) for item in items],
}


@data_node("nodeeditor.list")
def list_(op: Option[str], list: list[Any] | None = None) -> Any:
    """`any`, `is_empty`, `clear`, `reverse`, `distinct`, `sort`, `sort_descending`, `min`, `max` or `to_text`."""
    return _operation(OF_LIST, op)(list or [])


class Ended(NamedTuple):
    """The item at an end of a list, and whether there is one."""

    result: Any
    has_value: bool


@data_node("nodeeditor.list_end")
def list_end(last: Option[bool] = False, list: list[Any] | None = None) -> Ended:
    """The first item of a list, or the last one; nothing if there is none."""
    return Ended((list or [None])[-1 if last else 0], bool(list))


@data_node("nodeeditor.list_get")
def list_get(list: list[Any] | None = None, index: int = 0) -> Any:
    """The item at `index`, or nothing outside of the list."""
    items = list or []
    return items[index] if 0 <= index < len(items) else None


@data_node("nodeeditor.list_find")
def list_find(list: list[Any] | None = None, value: Any = None) -> int:
    """The index of the first item that equals `value`, or -1."""
    return next((index for index, item in enumerate(list or ()) if _same(item, value)), -1)


@data_node("nodeeditor.list_contains")
def list_contains(list: list[Any] | None = None, value: Any = None) -> bool:
    """Whether an item equals `value`."""
    return any(_same(item, value) for item in list or ())


EDITS: Mapping[str, Callable[[list[Any], int, Any], list[Any]]] = {
    "insert": lambda items, i, item: [*items[:i], item, *items[i:]] if i <= len(items) else items,
    "set": lambda items, i, item: [*items[:i], item, *items[i + 1 :]] if i < len(items) else items,
    "remove_at": lambda items, i, item: [*items[:i], *items[i + 1 :]],
}


@data_node("nodeeditor.list_edit")
def list_edit(op: Option[str], list: list[Any] | None = None, index: int = 0, item: Any = None) -> list[Any]:
    """`insert`, `set` or `remove_at`; an index outside of the list changes nothing."""
    change = _operation(EDITS, op)
    items = builtins.list(list or ())
    return items if index < 0 else builtins.list(change(items, index, item))


@data_node("nodeeditor.list_remove")
def list_remove(list: list[Any] | None = None, value: Any = None) -> list[Any]:
    """The list without the first item that equals `value`."""
    items = builtins.list(list or ())
    found = next((index for index, item in enumerate(items) if _same(item, value)), len(items))
    return [*items[:found], *items[found + 1 :]]


@data_node("nodeeditor.list_concat")
def list_concat(a: list[Any] | None = None, b: list[Any] | None = None) -> list[Any]:
    """One list behind the other."""
    return [*(a or ()), *(b or ())]


@data_node("nodeeditor.list_slice")
def list_slice(list: list[Any] | None = None, start: int = 0, count: int = -1) -> list[Any]:
    """`count` items from `start`, or all from there if `count` is negative."""
    items, begin = builtins.list(list or ()), max(0, start)
    return items[begin:] if count < 0 else items[begin : begin + count]


@data_node("nodeeditor.list_range")
def list_range(start: int = 0, end: int = 10) -> list[int]:
    """Whole numbers from `start` to `end`, without `end`, downwards too; at most 100,000."""
    return [*builtins.range(start, end, 1 if start <= end else -1)[:MANY]]


@data_node("nodeeditor.list_repeat")
def list_repeat(value: Any = None, count: int = 5) -> list[Any]:
    """A list of `count` times the value, at most 100,000."""
    return [value] * max(0, min(count, MANY))


class Looked(NamedTuple):
    """What stands under a key, and whether it is there."""

    value: Any
    found: bool


class Removed(NamedTuple):
    """A dict without a key, and whether the key was there."""

    result: dict[str, Any]
    removed: bool


@data_node("nodeeditor.dict_get")
def dict_get(dict: dict[str, Any] | None = None, key: str = "") -> Looked:
    """The value under a key, or nothing."""
    return Looked((dict or {}).get(key), key in (dict or {}))


@data_node("nodeeditor.dict_set")
def dict_set(dict: dict[str, Any] | None = None, key: str = "", value: Any = None) -> dict[str, Any]:
    """The dict with the value under a key."""
    return {**(dict or {}), key: value}


@data_node("nodeeditor.dict_remove")
def dict_remove(dict: dict[str, Any] | None = None, key: str = "") -> Removed:
    """The dict without a key."""
    return Removed({name: item for name, item in (dict or {}).items() if name != key}, key in (dict or {}))


@data_node("nodeeditor.dict_merge")
def dict_merge(a: dict[str, Any] | None = None, b: dict[str, Any] | None = None) -> dict[str, Any]:
    """Both dicts in one; `b` wins."""
    return {**(a or {}), **(b or {})}


OF_DICT: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    "keys": builtins.list,
    "values": lambda entries: [*entries.values()],
    "count": len,
    "clear": lambda entries: {},
}


@data_node("nodeeditor.dict")
def dict_(op: Option[str], dict: dict[str, Any] | None = None) -> Any:
    """`keys`, `values`, `count` or `clear`."""
    return _operation(OF_DICT, op)(dict or {})


@data_node("nodeeditor.dict_has")
def dict_has(dict: dict[str, Any] | None = None, key: str = "") -> bool:
    """Whether a key is there."""
    return key in (dict or {})
