"""Whether a run did what the reference says, as far as observers see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from nodeflow.runtime import events as seen
from nodeflow.runtime.result import Result
from nodeflow.sockets import ExecIn, Item, Request
from nodeflow.sockets import Result as ResultInput
from nodeflow.testing.reference.records import Expected

_HANDLES = (Request, ResultInput, Item, ExecIn)


def histories(events: Iterable[Any]) -> dict[tuple[str, int], list[Any]]:
    """What each flow thread did, by the path of its context and its index: see `Expected.histories`; and at last
    ("over", outcome).

    Args:
        events: All that an observer of the run was told.
    """
    contexts: dict[int, str] = {}
    threads: dict[int, tuple[str, int]] = {}
    found: dict[tuple[str, int], list[Any]] = {}
    for event in events:
        if isinstance(event, seen.ContextOpened):
            contexts[event.context] = event.path
        elif isinstance(event, seen.ThreadStarted):
            threads[event.thread] = contexts[event.context], event.index
            assert threads[event.thread] not in found, f"two threads are {threads[event.thread]}"
            found[threads[event.thread]] = []
        elif isinstance(event, seen.NodeStarted):
            found[threads[event.thread]].append(("start", event.node, tuple(event.inputs)))
        elif isinstance(event, seen.OutputSet):
            found[threads[event.thread]].append(("set", event.node, event.output, event.value))
        elif isinstance(event, seen.NodeEnded):
            found[threads[event.thread]].append(("end", event.node, event.outcome, event.output))
        elif isinstance(event, seen.ThreadEnded):
            found[threads[event.thread]].append(("over", event.outcome))
    return found


def _printed(events: Iterable[Any]) -> dict[tuple[str, int], list[str]]:
    """The printed lines of each flow thread."""
    contexts: dict[int, str] = {}
    threads: dict[int, tuple[str, int]] = {}
    found: dict[tuple[str, int], list[str]] = {}
    for event in events:
        if isinstance(event, seen.ContextOpened):
            contexts[event.context] = event.path
        elif isinstance(event, seen.ThreadStarted):
            threads[event.thread] = contexts[event.context], event.index
        elif isinstance(event, seen.Feedback) and event.level == "print" and event.thread in threads:
            found.setdefault(threads[event.thread], []).append(event.message)
    return found


def disagreement(result: Result, events: Iterable[Any], wanted: Expected) -> str | None:
    """What a run did otherwise than the reference says; None: nothing.

    Compared are the outcome, and of a run that completed its outputs, its variables, and each flow thread's history
    and printed lines. Of flow threads that may have been cancelled (`Expected.cut`), only what both did is compared.

    Args:
        events: All that an observer of the run was told.
    """
    if result.status != wanted.status:
        return f"the run {result.status} ({result.error!r}), the reference {wanted.status} ({wanted.error!r})"
    if wanted.status != "completed":
        return None
    for what, one, other in (
        ("outputs", dict(result.outputs), dict(wanted.outputs)),
        ("variables", dict(result.variables), dict(wanted.variables)),
    ):
        if one != other:
            return f"the {what} are {one}, of the reference {other}"
    events = list(events)
    return _histories_differ(histories(events), wanted) or _lines_differ(_printed(events), wanted)


def _histories_differ(found: Mapping[tuple[str, int], list[Any]], wanted: Expected) -> str | None:
    met = set()
    for place, history in found.items():
        path = _path(place, wanted.histories)
        met.add(path)
        mine, other = _plain(history), _plain(wanted.histories.get(path, []))
        if _is_cut(path, wanted):
            mine = _uncut(mine)
            mine, other = mine[: len(other)], other[: len(mine)]
        elif path not in wanted.histories:
            return f"a flow thread {path}, of which the reference knows nothing"
        if mine != other:
            at = next(
                (i for i, (a, b) in enumerate(zip(mine, other, strict=False)) if a != b), min(len(mine), len(other))
            )
            return f"flow thread {path}, at {at}: {mine[at:][:1]}, of the reference {other[at:][:1]}"
    lost = [path for path in wanted.histories if path not in met and not _is_cut(path, wanted)]
    return f"no flow thread {lost[0]}" if lost else None


def _lines_differ(printed: Mapping[tuple[str, int], list[str]], wanted: Expected) -> str | None:
    lines = {_path(place, wanted.printed): found for place, found in printed.items()}
    for path in {*lines, *wanted.printed}:
        mine, other = lines.get(path, []), wanted.printed.get(path, [])
        if mine != other and not _is_cut(path, wanted):
            return f"flow thread {path} printed {mine}, in the reference {other}"
    return None


def _path(place: tuple[str, int], known: Mapping[str, Any]) -> str:
    """A flow thread's path as the reference writes it: without an index where a workflow has one entry."""
    path = f"{place[0]}[{place[1]}]"
    return place[0] if path not in known and place[0] in known else path


def _is_cut(path: str, wanted: Expected) -> bool:
    return any(path.startswith(f"{context}[") for context in wanted.cut)


def _uncut(history: list[Any]) -> list[Any]:
    """A history up to where the flow thread was cancelled."""
    ends = (i for i, entry in enumerate(history) if entry[0] == "end" and entry[2] == "cancelled")
    return history[: next(ends, len(history))]


def _plain(history: list[Any]) -> list[Any]:
    """A history without handles among the inputs, words of errors, and the end of the thread."""
    found: list[Any] = []
    for entry in history:
        if entry[0] == "start":
            found.append((*entry[:2], repr([value for value in entry[2] if not isinstance(value, _HANDLES)])))
        elif entry[0] == "set" and entry[2] in ("errors", "error"):
            found.append((*entry[:-1], len(entry[-1]) if isinstance(entry[-1], list) else None))
        elif entry[0] == "end":
            found.append((*entry[:2], entry[2], repr(entry[-1])))
        elif entry[0] != "over":
            found.append((*entry[:-1], repr(entry[-1])))
    return found
