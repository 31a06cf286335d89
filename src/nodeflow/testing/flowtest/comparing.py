"""What a run came to, beside what it was to come to."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from nodeflow.errors import describe
from nodeflow.model import Finding, Severity
from nodeflow.runtime.result import Result
from nodeflow.testing.flowtest.format import Expect
from nodeflow.values import to_json

WIDTH: Final = 400
"""How long a value may be that is shown."""


def differences(result: Result, expect: Expect) -> list[str]:
    """How a run differs from what is expected, one line for each expectation; empty if it does not."""
    if result.status != expect.ending:
        why = f": {describe(result.error)}" if result.error is not None else ""
        return [f"status: expected {expect.ending}, got {result.status}{why}"]
    return [
        *_error(result.error, expect.error),
        *_values("output", expect.outputs, result.outputs),
        *_values("variable", expect.variables, result.variables),
        *_printed(result.printed, expect),
        *_seconds(float(result.counters["seconds"]), expect.seconds),
    ]


def _error(error: BaseException | None, expected: str | None) -> Iterator[str]:
    if expected is not None and expected not in _all_said(error):
        yield f"error: expected one that says {shown(expected)}, got {describe(error)}"


def _all_said(error: BaseException | None) -> str:
    """What an error says, and each of those in it."""
    said, todo = [], [error]
    while todo:
        each = todo.pop()
        said.append(describe(each, 1_000_000))
        if isinstance(each, BaseExceptionGroup):
            todo.extend(reversed(each.exceptions))
    return "\n".join(said)


def _values(what: str, expected: Mapping[str, Any], got: Mapping[str, Any]) -> Iterator[str]:
    for name, value in expected.items():
        if name not in got:
            there = ", ".join(map(repr, got)) or "none"
            yield f"{what} {name!r}: expected {shown(value)}, but it was not set; set: {there}"
        elif not same(value, to_json(got[name])):
            yield f"{what} {name!r}: expected {shown(value)}, got {shown(to_json(got[name]))}"


def _printed(lines: Sequence[str], expect: Expect) -> Iterator[str]:
    if expect.printed is not None and list(expect.printed) != list(lines):
        yield _lines_differ(expect.printed, lines)
    if expect.printed_any_order is not None:
        wanted, got = Counter(expect.printed_any_order), Counter(lines)
        missing, surplus = list((wanted - got).elements()), list((got - wanted).elements())
        if missing or surplus:
            parts = [f"not printed: {shown(missing)}"] if missing else []
            parts += [f"printed, but not expected: {shown(surplus)}"] if surplus else []
            yield f"printed_any_order: {'; '.join(parts)}"


def _lines_differ(expected: Sequence[str], got: Sequence[str]) -> str:
    if len(_json(expected)) + len(_json(got)) <= WIDTH:
        return f"printed: expected {shown(expected)}, got {shown(got)}"
    pairs = zip(expected, got, strict=False)
    at = next((n for n, (one, other) in enumerate(pairs) if one != other), min(len(expected), len(got)))
    wanted = shown(expected[at]) if at < len(expected) else "no more lines"
    found = shown(got[at]) if at < len(got) else "no more lines"
    counts = f"{len(expected)} lines were expected, {len(got)} printed"
    return f"printed: line {at + 1}: expected {wanted}, got {found} ({counts})"


def _seconds(took: float, expected: float | None) -> Iterator[str]:
    if expected is not None and not math.isclose(took, expected, rel_tol=1e-9, abs_tol=1e-9):
        yield f"seconds: expected {expected:g}, took {took:g}"


# --- documents that are rejected ----------------------------------------------------------------------


def rejection_differences(rejected: Iterable[Finding], expected: Sequence[str]) -> list[str]:
    """How the errors of a document differ from the codes that are expected."""
    errors = [finding for finding in rejected if finding.severity is Severity.ERROR]
    found = sorted({finding.code for finding in errors})
    if found == sorted(set(expected)):
        return []
    wanted = ", ".join(sorted(set(expected)))
    if not errors:
        return [f"findings: expected that the document is rejected for {wanted}, but it has no errors"]
    return [f"findings: expected {wanted}, got {', '.join(found)}", *(f"  {finding}" for finding in errors)]


# --- values -------------------------------------------------------------------------------------------


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same: `1` and `1.0` are, `1` and `true` are not.

    >>> same({"n": [1, 2]}, {"n": [1.0, 2]}), same(1, True)
    (True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def shown(value: Any) -> str:
    """A value as it would stand in the file, cut off where it is long."""
    text = _json(value)
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False)
    except RecursionError:
        return "(a value that is nested too deeply to be shown)"
