"""Node types for imported files: what another engine's nodes do that no node of the library does exactly.

They keep that engine's results where those differ on purpose (42 / 0 is 0 there) and need nothing but
`nodeflow.node`. Documents that were converted and saved find them by name, so they stand in the standard
registry too.
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Mapping
from typing import Any

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

Number = int | float


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
def flip_flop(state: SharedState[bool] = initially(False), *, is_a: Out[bool], a: ExecOut, b: ExecOut) -> ExecOut:
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
    return bool(operation(COMPARISONS, op)(a, b))


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
    "atan2": math.atan2,
    "bit_and": lambda a, b: int(a) & int(b),
    "bit_or": lambda a, b: int(a) | int(b),
    "bit_xor": lambda a, b: int(a) ^ int(b),
}


@data_node("nodeeditor.calculate")
def calculate(op: Option[str], a: Number = 0, b: Number = 0) -> Number:
    """`divide` and `divide_int` (by 0: 0), `remainder` (sign of `a`), `min`, `max`, `power`, `atan2`, `bit_...`."""
    result: Number = operation(OF_TWO, op)(a, b)
    return result


def _log(base: Callable[[Number], float]) -> Callable[[Number], float]:
    return lambda value: base(value) if value > 0 else -math.inf if value == 0 else math.nan


def _exp(value: Number) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


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
    "is_nan": math.isnan,
    "is_infinite": math.isinf,
    "exp": _exp,
    "log": _log(math.log),
    "log10": _log(math.log10),
    "sin": lambda value: math.sin(value) if math.isfinite(value) else math.nan,
    "cos": lambda value: math.cos(value) if math.isfinite(value) else math.nan,
    "tan": lambda value: math.tan(value) if math.isfinite(value) else math.nan,
    "to_radians": lambda value: value * math.pi / 180,
    "to_degrees": lambda value: value * 180 / math.pi,
    "float": float,
}


@data_node("nodeeditor.number")
def number(op: Option[str], value: Number = 0) -> Any:
    """One of many operations on one number: `abs`, `floor`, `round` (ties to even), `sqrt`, `is_even`, `sin`, ..."""
    return operation(OF_ONE, op)(value)


@data_node("nodeeditor.clamp")
def clamp(value: Number = 0.0, min: Number = 0.0, max: Number = 1.0) -> Number:
    """The value, or the bound that it lies beyond."""
    if min > max:
        raise ValueError(f"`min` ({short(min)}) is greater than `max` ({short(max)})")
    return builtins.max(min, builtins.min(value, max))


def operation(table: Mapping[str, Any], op: str) -> Any:
    """What an option `op` names."""
    found = table.get(op)
    if found is None:
        raise ValueError(f"`op` must be one of {', '.join(table)}, not {short(op)}")
    return found
