"""`python -m benchmarks`: measure, print the table, and write it down if asked to."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import trio

from benchmarks import cases, graphs, loading, report
from benchmarks.cases import Effort, Row
from benchmarks.profiling import profile

EFFORTS = {"quick": cases.QUICK, "normal": cases.NORMAL, "full": cases.FULL}


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", dest="mode", action="store_const", const="quick", help="a rough idea, in seconds")
    mode.add_argument("--full", dest="mode", action="store_const", const="full", help="also whether cost stays flat")
    parser.set_defaults(mode="normal")
    parser.add_argument("--only", metavar="NAME", action="append", default=[],
                        help="only rows whose name begins so (a, c-1k, g, h, i, j, flat), repeatable")  # fmt: skip
    parser.add_argument("--json", metavar="OUT", type=Path, help="write the numbers to a file")
    parser.add_argument("--write", metavar="STEM", type=Path, help="write STEM.md and STEM.json")
    parser.add_argument("--profile", metavar="NAME", help="show where the time of a case goes; `parked`: the memory")
    return parser.parse_args(arguments)


PARTS = ("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "flat")
"""The parts of the table, in order: rows are named after them."""


class Wanted:
    """Which rows are asked for."""

    def __init__(self, only: list[str]) -> None:
        self.only = only

    def __contains__(self, name: str) -> bool:
        return not self.only or any(name == part or name.startswith(part + "-") for part in self.only)


async def rows_of(effort: Effort, wanted: Wanted) -> AsyncIterator[Row]:
    """All rows, as they are measured."""
    for case in cases.timed_cases(effort):
        if case.name in wanted:
            yield await cases.time_case(case, effort.few if case.slow else effort.rounds)
        if f"h-{case.name}" in wanted:
            yield await cases.time_observed(case, effort.few)
        if f"j-{case.name}" in wanted:
            yield await cases.time_checked(case, effort.rounds)
        graphs.forget()
    for name, measured in (("g-peak", cases.peak_row), ("g-parked", cases.parked_row)):
        if name in wanted:
            yield await measured(effort)
    graphs.forget()
    if "i" in wanted:
        yield loading.library_row(effort.rounds + effort.few)
    if effort.full and "flat-chain" in wanted:
        sizes = [1_000, 10_000, 100_000, 1_000_000]
        for row in await cases.flat_rows("chain", lambda n: cases.chain_case("flat", n, None), sizes, effort):
            yield row
    if effort.full and "flat-fan-out" in wanted:
        sizes = [10, 100, 1_000, 10_000, 100_000]
        for row in await cases.flat_rows("fan-out", lambda n: cases.fan_case("flat", n, None), sizes, effort):
            yield row


async def measure_all(effort: Effort, wanted: Wanted) -> list[Row]:
    rows = []
    async for row in rows_of(effort, wanted):
        rows.append(row)
        print(f"  {row.name:13} {report.cells(row)[2]:>10}  {row.title}", file=sys.stderr, flush=True)
    return sorted(rows, key=lambda row: PARTS.index(row.name.partition("-")[0]))


def main(arguments: list[str]) -> None:
    asked = parse(arguments)
    if asked.profile:
        profile(asked.profile)
        return
    began = time.monotonic()
    rows = trio.run(measure_all, EFFORTS[asked.mode], Wanted(asked.only))
    where = report.machine()
    print(report.as_text(rows))
    print(f"\n{where['python']}, trio {where['trio']}, {where['processor']}; {time.monotonic() - began:.0f} s")
    numbers = report.as_json(rows, where, asked.mode)
    if asked.json:
        asked.json.write_text(numbers)
    if asked.write:
        asked.write.parent.mkdir(parents=True, exist_ok=True)
        command = "python -m benchmarks " + " ".join(arguments)
        asked.write.with_suffix(".md").write_text(report.as_markdown(rows, where, command))
        asked.write.with_suffix(".json").write_text(numbers)


if __name__ == "__main__":
    main(sys.argv[1:])
