"""T7: runs of one document that the schedule may not tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from nodeflow.errors import LimitExceeded
from nodeflow.machine.states import InvariantBroken
from nodeflow.testing.checking.stream import History

if TYPE_CHECKING:
    from nodeflow.testing.checking.block import CheckedRun


POSTED: Final = "because of events, if they are posted from outside"
"""What `validate` says of listeners. Alone it exempts nothing: a checked run has no outside that could post."""


def same_results(runs: Sequence[CheckedRun], *, exempt: bool = True) -> Sequence[str]:
    """Compare runs of one document with the same inputs: how they ended, outputs, variables, and histories (T7).

    Histories are compared if the runs were checked with `deep=True`, else only how many contexts and flow threads
    there were. Values are compared with `==`; those of types without one of their own count as the same.

    Args:
        runs: Two or more that have ended, without injected faults; see `nodeflow.testing.checked`.
        exempt: Leave out what T7 leaves out; else compare whatever it is.

    Returns:
        Why T7 says nothing of these runs, in words; empty if it does, and they are the same.

    Raises:
        InvariantBroken: They are not; says what is different in which of them.
        ValueError: They are not of one document and the same inputs, or one has not ended, or there are too few.
    """
    _comparable(runs)
    reasons = exemptions(runs) if exempt else []
    if not reasons:
        for number, other in enumerate(runs[1:], 2):
            _compare(runs[0], other, number)
    return reasons


def exemptions(runs: Sequence[CheckedRun]) -> list[str]:
    """Why T7 says nothing of these runs, in words: of their document, or of what happened in one of them."""
    reasons = [says for says in runs[0].run.graph.exemptions if POSTED not in says or "; " in says]
    for number, run in enumerate(runs, 1):
        result = run.result
        assert result is not None
        if result.status in ("cancelled", "timed_out"):
            reasons.append(f"run {number} was stopped: {result.error}")
        elif isinstance(result.error, LimitExceeded):
            reasons.append(f"run {number} hit a limit: {result.error}")
        elif run.failed_together:
            reasons.append(f"in run {number} a flow thread failed beside others, which that cancels")
    return reasons


def _comparable(runs: Sequence[CheckedRun]) -> None:
    if len(runs) < 2:
        raise ValueError(f"runs are compared with each other: two or more are needed, not {len(runs)}")
    first = runs[0].run
    for number, checked in enumerate(runs, 1):
        run = checked.run
        if checked.result is None:
            raise ValueError(f"run {number} has not ended")
        if run.graph is not first.graph and run.graph.document != first.graph.document:
            raise ValueError(f"run {number} is of another document than run 1")
        if not alike(run.inputs, first.inputs) or not alike(run.seeds, first.seeds):
            raise ValueError(f"run {number} was given other inputs or variables than run 1")


def _compare(first: CheckedRun, other: CheckedRun, number: int) -> None:
    one, two = first.result, other.result
    assert one is not None and two is not None
    if one.status != two.status:
        raise _different(number, f"it {two.status}, and run 1 {one.status}: {two.error or one.error}")
    if one.status != "completed":
        return
    _compare_values("output", one.outputs, two.outputs, number)
    _compare_values("variable", one.variables, two.variables, number)
    for counted in ("threads", "contexts"):
        if one.counters[counted] != two.counters[counted]:
            raise _different(number, f"it had {two.counters[counted]} {counted}, and run 1 {one.counters[counted]}")
    if first.events is not None and other.events is not None:
        _compare_histories(first.histories or {}, other.histories or {}, number)


def _compare_values(what: str, one: Mapping[str, Any], two: Mapping[str, Any], number: int) -> None:
    for name in sorted({*one, *two}):
        if name not in one or name not in two:
            raise _different(number, f"{what} {name!r} was set in {'it' if name in two else 'run 1'} alone")
        if not alike(one[name], two[name]):
            raise _different(number, f"{what} {name!r} is {two[name]!r:.200}, and in run 1 {one[name]!r:.200}")


def _compare_histories(
    one: Mapping[tuple[str, int], History], two: Mapping[tuple[str, int], History], number: int
) -> None:
    for path, index in sorted({*one, *two}):
        mine, others = one.get((path, index)), two.get((path, index))
        if mine is None or others is None:
            raise _different(number, f"flow thread {index} of {path!r} is in {'it' if others else 'run 1'} alone")
        for step in range(max(len(mine), len(others))):
            now = others[step] if step < len(others) else "nothing more"
            then = mine[step] if step < len(mine) else "nothing more"
            if not alike(now, then):
                said = f"step {step + 1} of flow thread {index} of {path!r} is {now!r:.200}, and in run 1 {then!r:.200}"
                raise _different(number, said)


def _different(number: int, said: str) -> InvariantBroken:
    return InvariantBroken(f"T7: run {number} is not as run 1: {said}")


def alike(one: Any, other: Any) -> bool:
    """Whether two values are the same to a person who reads them; NaN is, and objects that have no `==` are.

    >>> alike([1.0, float("nan")], [1.0, float("nan")]), alike(1, True), alike([1], (1,))
    (True, False, False)
    """
    todo = [(one, other)]
    while todo:
        a, b = todo.pop()
        if a is b:
            continue
        if type(a) is not type(b):
            return False
        if isinstance(a, list | tuple):
            if len(a) != len(b):
                return False
            todo.extend(zip(a, b, strict=True))
        elif isinstance(a, dict):
            if a.keys() != b.keys():
                return False
            todo.extend((value, b[key]) for key, value in a.items())
        elif _compares(a) and not _equal(a, b):
            return False
    return True


def _compares(value: Any) -> bool:
    """Whether its type says what equal means."""
    return any("__eq__" in vars(kind) for kind in type(value).__mro__[:-1])


def _equal(a: Any, b: Any) -> bool:
    try:
        return bool(a == b) or bool(a != a and b != b)
    except Exception:  # arrays, say, whose comparison is an array
        return repr(a) == repr(b)
