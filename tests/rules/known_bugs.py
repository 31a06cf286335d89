"""What is known to be wrong: the marks of tests that show it."""

from __future__ import annotations

import pytest

BUGS = {
    "shield": "a body's own await is cancelled through `send(outcome.Error)`, so `Driver._shield` never sees it (10.2)",
    "elided events": "observers are not told of the threads of an elided context: no `ThreadStarted`",
    "turns": "an elided context runs a branch to its end before the next begins: one that spins starves the others",
    "contextvars": "a branch from the queue inherits the contextvars of the branch that ended, not the opener's",
    "listener path": "the only listener of an event has no `[0]` in its path",
    "unconnected": "an unconnected branch starts a flow thread",
    "many quorum": "NF408 counts branches where `arrivals: many` lets one arrive more than once",
    "conflict name": "`merge` names one side of a conflict '?' where the value before is a dict",
    "merge in place": "`merge` with `prefer: last` keeps a contribution itself and merges the next into it",
    "source cleanup": "the source is closed inside of the scope that a failing slice cancels: it cannot await",
    "joins twice": "triggering a join's output twice raises `InvariantBroken`, as an error of the node",
    "invariant caught": "`InvariantBroken` is an `Exception`: a `try` of the graph catches it",
    "listener back": "a wire from a listener back to what triggers its event, or before it, is not rejected",
    "last opened": "a join takes what the context brought that its opener opened last: contributions are lost",
}


def bug(name: str) -> pytest.MarkDecorator:
    """What a test carries that shows a known bug: the day that it passes, the mark goes."""
    return pytest.mark.xfail(strict=True, reason=f"BUG: {BUGS[name]}")


def elide_only(name: str | None = None, *, nurseries: str | None = None) -> pytest.MarkDecorator:
    """Both ways of running, one of which shows a bug."""
    return pytest.mark.parametrize(
        "elide",
        [
            pytest.param(True, id="elide", marks=[bug(name)] if name else []),
            pytest.param(False, id="nurseries", marks=[bug(nurseries)] if nurseries else []),
        ],
    )

