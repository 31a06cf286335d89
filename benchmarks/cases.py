"""What is measured against what, and what is to be reached (issue 2, "Cost")."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from attrs import field, frozen

import nodeflow as nf
from benchmarks import graphs, limits, measure


@frozen
class Row:
    """One line of the table.

    Attributes:
        value: What is judged: a ratio, bytes, or a growth; None if it could not be measured.
        best, worst: The least and the greatest of the rounds.
        ours, raw: What was divided, as text.
        target: At most this is to be reached; None: for information.
    """

    name: str
    title: str
    value: float | None
    unit: str
    target: float | None = None
    ours: str = ""
    raw: str = ""
    best: float | None = None
    worst: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if self.target is None:
            return ""
        if self.value is None:
            return "not measured"
        return "met" if self.value <= self.target else "MISSED"


@frozen
class Effort:
    """How much is measured: `rounds` of each, `few` of what takes long."""

    rounds: int
    few: int
    widest: int
    full: bool


QUICK = Effort(5, 3, 2_000, full=False)
NORMAL = Effort(11, 5, 10_000, full=False)
FULL = Effort(11, 5, 10_000, full=True)


@frozen
class Case:
    """A job of nodeflow and its raw limit.

    Attributes:
        compiled: Makes the graph, once.
        raw: The raw limit, for `size`.
        per: What the times are divided by when shown: so many `things` a run.
        check: Whether the result is right; raises if not.
        slow: Fewer rounds will do.
        clock: What is measured: processor time, or time on the wall where it sleeps.
    """

    name: str
    title: str
    compiled: Callable[[], nf.Compiled]
    raw: measure.Job
    per: int
    things: str
    check: Callable[[nf.RunResult], object]
    target: float | None = None
    slow: bool = field(default=False, kw_only=True)
    clock: measure.Clock = field(default=measure.PROCESSOR, kw_only=True)


def _expect(right: Any, node: str, socket: str = "result") -> Callable[[nf.RunResult], None]:
    """Checks what a data output had at the end."""

    def check(result: nf.RunResult) -> None:
        found = result.value(node, socket)
        assert found == right, f"the run gave {found!r:.100} and not {right!r:.100}"

    return check


def _expect_output(right: Any) -> Callable[[nf.RunResult], None]:
    def check(result: nf.RunResult) -> None:
        assert result.outputs == {"r": right}, f"the run gave {result.outputs!r:.100} and not {right!r:.100}"

    return check


def chain_case(name: str, length: int, target: float | None, kind: str = "bench.inc") -> Case:
    bodies = "" if kind == "bench.inc" else ", async bodies"
    title = f"chain of {length:,} nodes{bodies} / `await f(v)`"
    check = _expect(length, f"n{length - 1}")
    compiled, raw = partial(graphs.chain, length, kind), partial(limits.chain, length)
    return Case(name, title, compiled, raw, length, "node", check, target)


def fan_case(name: str, width: int, target: float | None, kind: str = "bench.leaf") -> Case:
    branches, raw = {
        "bench.leaf": ("async", limits.leaf),
        "bench.plain_leaf": ("plain", limits.leaf),
        "bench.sleep": ("sleeping (10 ms)", limits.sleep),
    }[kind]
    title = f"fan-out and join, {width:,} {branches} branches / nursery"
    job = partial(limits.nursery, width, raw)
    check = _expect([1] * width, "in", "merged")
    clock = measure.WALL if kind == "bench.sleep" else measure.PROCESSOR
    compiled = partial(graphs.fan_out, width, kind)
    return Case(name, title, compiled, job, width, "branch", check, target, slow=width >= 5_000, clock=clock)


def _lattice_sum(count: int) -> int:
    last, this = 1, 1
    for _ in range(count):
        last, this = this, (this + last) & graphs.MASK
    return this


def timed_cases(effort: Effort) -> list[Case]:
    """The cases (a) to (f), in the order of the table."""
    most = effort.widest
    cubed = [[[1] * 10] * 10] * 10
    return [
        chain_case("a", 1_000, 25),
        chain_case("a-async", 1_000, None, "bench.async_inc"),
        Case(
            "b", "loop of 10,000 rounds, three nodes each / the same in Python", partial(graphs.loop, 10_000),
            partial(limits.loop, 10_000), 10_000, "round", _expect(10_002, "c"), 28,
        ),
        fan_case("c-10", 10, 1.7),
        fan_case("c-1k", 1_000, 1.7),
        fan_case("c-10k", most, 2.2),
        fan_case("c-plain-10", 10, 1.7, "bench.plain_leaf"),
        fan_case("c-plain-1k", 1_000, 1.7, "bench.plain_leaf"),
        fan_case("c-plain-10k", most, 2.2, "bench.plain_leaf"),
        fan_case("d", 1_000, 1.25, "bench.sleep"),
        Case(
            "e", "lattice of 1,000 data nodes / plain loop", partial(graphs.lattice, 1_000),
            partial(limits.lattice, 1_000), 1_000, "node", _expect_output(_lattice_sum(1_000)), 35,
        ),
        Case(
            "f", "nested fan-out 10 x 10 x 10 / nested nurseries", partial(graphs.nested, 10),
            partial(limits.nested, 10), 1_000, "leaf", _expect(cubed, "in", "merged"), 1.5,
        ),
    ]  # fmt: skip


def _micro(seconds: float, case: Case) -> str:
    return f"{seconds / case.per * 1e6:.3g} µs/{case.things}"


async def time_case(case: Case, rounds: int) -> Row:
    compiled = case.compiled()
    times = await measure.in_turns(compiled.run, case.raw, rounds, case.check, case.clock)
    return Row(case.name, case.title, times.ratio, "x", case.target, _micro(times.ours, case), _micro(times.raw, case),
               min(times.ratios), max(times.ratios))  # fmt: skip


async def time_observed(case: Case, rounds: int) -> Row:
    """The same run with one observer, against itself without."""
    compiled = case.compiled()
    watcher = measure.Watcher()
    ours = partial(compiled.run, observers=[watcher])
    times = await measure.in_turns(ours, compiled.run, rounds, case.check, case.clock)
    assert watcher.events >= case.per, f"{watcher.events} events are too few"
    title = f"one observer: {case.title.partition(' / ')[0]} / without"
    return Row(f"h-{case.name}", title, times.ratio, "x", 1.5, _micro(times.ours, case), _micro(times.raw, case),
               min(times.ratios), max(times.ratios))  # fmt: skip


async def time_checked(case: Case, rounds: int) -> Row:
    """The same run with the option `checked`, against itself without."""
    compiled = case.compiled()
    checked = partial(compiled.run, checked=True)
    times = await measure.in_turns(checked, compiled.run, rounds, case.check, case.clock)
    title = f"checked: {case.title.partition(' / ')[0]} / without"
    return Row(f"j-{case.name}", title, times.ratio, "x", 1.1, _micro(times.ours, case), _micro(times.raw, case),
               min(times.ratios), max(times.ratios))  # fmt: skip


# --- memory -------------------------------------------------------------------------------------------


async def peak_row(effort: Effort) -> Row:
    width = effort.widest
    ours = await measure.peak_per_branch(graphs.fan_out(width).run, width)
    raw = await measure.peak_per_branch(partial(limits.nursery, width), width)
    return Row("g-peak", f"peak memory of a fan-out of {width:,} branches, a branch", ours / measure.KIB, "KiB", 2.3,
               f"{ours:,.0f} B/branch", f"{raw:,.0f} B/task")  # fmt: skip


async def parked_row(effort: Effort) -> Row:
    width = effort.widest
    ours, _ = await measure.parked_per_branch(measure.parked_ours(width), width)
    raw, _ = await measure.parked_per_branch(measure.parked_raw(width), width)
    return Row("g-parked", f"memory of a parked branch of {width:,} / of a bare trio task", ours / raw, "x", 1.25,
               f"{ours:,.0f} B/branch", f"{raw:,.0f} B/task")  # fmt: skip


# --- flat ---------------------------------------------------------------------------------------------

PATIENCE = 100.0
"""Seconds that compiling a graph may take, as far as smaller ones let one guess; else that size is left out."""


async def flat_rows(name: str, make: Callable[[int], Case], sizes: list[int], effort: Effort) -> list[Row]:
    """The ratio at each size, and by how much it grew: the greatest over the least at any smaller size."""
    rows: list[Row] = []
    compiling: list[tuple[int, float]] = []
    for size in sizes:
        guess = _guess(compiling, size)
        case = make(size)
        if guess > PATIENCE:
            rows.append(Row(case.name, case.title, None, "x", note=f"compiling would take about {guess:,.0f} s"))
            continue
        began = time.perf_counter()
        case.compiled()
        compiling.append((size, time.perf_counter() - began))
        rounds = effort.rounds if size < 10_000 else effort.few if size < 100_000 else 3
        row = await time_case(case, rounds)
        rows.append(row)
        graphs.forget()
    growth = max(_growths([row.value for row in rows if row.value is not None]), default=None)
    left_out = next((row.note for row in rows if row.value is None), "")
    note = f"{growth:+.0f} % without the last size: {left_out}" if left_out and growth is not None else left_out
    title = f"{name}: growth of the ratio, {sizes[0]:,} to {sizes[-1]:,}"
    rows.append(Row(f"flat-{name}", title, None if left_out else growth, "%", 50.0, note=note))
    return rows


def _guess(known: list[tuple[int, float]], size: int) -> float:
    """Seconds for this size, if they go on growing as they did."""
    if len(known) < 2:
        return 0.0
    (small, few), (large, many) = known[-2:]
    power = max(1.0, math.log(many / few, large / small))
    return float(many * (size / large) ** power)


def _growths(ratios: list[float]) -> Iterator[float]:
    for index in range(1, len(ratios)):
        yield (ratios[index] / min(ratios[:index]) - 1) * 100
