"""Where the time and the memory go: `python -m benchmarks --profile NAME`."""

from __future__ import annotations

import cProfile
import pstats
import tracemalloc

import trio

from benchmarks import cases, measure


async def profile_case(case: cases.Case, lines: int = 25) -> None:
    """Prints the functions of one case that take the most time themselves."""
    compiled = case.compiled()
    await compiled.run()
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(max(1, 20_000 // case.per)):
        await compiled.run()
    profile.disable()
    pstats.Stats(profile).sort_stats("tottime").print_stats(lines)


async def profile_parked(width: int = 5_000, lines: int = 25) -> None:
    """Prints where the bytes of a parked branch were allocated, and those of a bare task for comparison."""
    for name, job in (("nodeflow", measure.parked_ours(width)), ("raw", measure.parked_raw(width))):
        total, snapshot = await measure.parked_per_branch(job, width, frames=2)
        print(f"\n{name}: {total:,.0f} B a branch")
        assert snapshot is not None
        skipped = [tracemalloc.Filter(inclusive=False, filename_pattern=tracemalloc.__file__)]
        for entry in snapshot.filter_traces(skipped).statistics("lineno")[:lines]:
            where = entry.traceback[-1]
            size, count = entry.size / width, entry.count / width
            if size >= 1:
                print(f"{size:8.0f} B  {count:5.2f} blocks  {where.filename}:{where.lineno}")


def profile(name: str) -> None:
    if name == "parked":
        trio.run(profile_parked)
        return
    found = {case.name: case for case in cases.timed_cases(cases.NORMAL)}
    if name not in found:
        raise SystemExit(f"there is no case {name!r} to profile; there are: parked, {', '.join(found)}")
    trio.run(profile_case, found[name])
