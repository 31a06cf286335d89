"""One run of a document, checked: what the pytest fixture `checked_run` gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import trio
import trio.testing

from nodeflow.api import compile as compile_document
from nodeflow.errors import describe
from nodeflow.model import Document, HasModel
from nodeflow.registry import Registry
from nodeflow.runtime.auditing import CHECKERS, audit_of
from nodeflow.runtime.handle import Compiled
from nodeflow.runtime.result import Result
from nodeflow.testing.simulator import Simulator


@contextmanager
def audited() -> Iterator[None]:
    """T1 to T6 are followed in all runs that are made inside."""
    token = CHECKERS.set((*CHECKERS.get(), audit_of))
    try:
        yield
    finally:
        CHECKERS.reset(token)


def checked_run(
    document: Document | HasModel | Compiled,
    *,
    status: str = "completed",
    on_trio: bool = False,
    schedule: Sequence[int] = (),
    registry: Registry | None = None,
    **options: Any,
) -> Result:
    """Run a document in the simulator, or on trio with a clock that does not wait; see the fixture of this name.

    >>> import nodeflow as nf
    >>> from nodeflow.library import flow
    >>> wf = nf.Workflow("main")
    >>> _ = wf.add(flow.start) >> wf.add(flow.print, value="hello")
    >>> checked_run(wf).printed, checked_run(wf, on_trio=True).printed
    (['hello'], ['hello'])

    Raises:
        AssertionError: It ended with another status.
        InvariantBroken: Nodeflow did what its contract excludes.
    """
    if on_trio and schedule:
        raise TypeError("trio takes no schedule: either `on_trio` or `schedule`")
    with audited():
        if on_trio:
            result = _on_trio(document, registry, options)
        else:
            simulated = Simulator(document, registry=registry).run(schedule=schedule, **options)
            if simulated.raised is not None:
                raise simulated.raised
            result = simulated.result
    if result.status != status:
        why = f": {describe(result.error)}" if result.error is not None else ""
        raise AssertionError(f"the run was expected to end as {status!r} and ended as {result.status!r}{why}")
    return result


def _on_trio(document: Document | HasModel | Compiled, registry: Registry | None, options: dict[str, Any]) -> Result:
    compiled = document if isinstance(document, Compiled) else compile_document(document, registry)

    async def main() -> Result:
        async with compiled.open_run(**options) as run:
            await run.wait()
        return await run.wait()

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
