"""One run of a document, checked: what the pytest fixture `checked_run` gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import trio
import trio.testing

from nodeflow.api import compile as compile_document
from nodeflow.errors import describe
from nodeflow.model import Document, HasModel
from nodeflow.observers import Event
from nodeflow.registry import Registry
from nodeflow.runtime.handle import Compiled
from nodeflow.runtime.result import Result
from nodeflow.testing.simulator import Simulator

Checker = Callable[[], AbstractContextManager[Iterable[Callable[[Event], object]]]]
"""Opened around a run; gives observers for it; raises at its end if what they saw must not be."""


def unchecked() -> AbstractContextManager[Iterable[Callable[[Event], object]]]:
    """The checker that lets everything pass."""
    return nullcontext(())


checker: Checker = unchecked
"""What `checked_run` opens around each run."""


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

    Raises:
        AssertionError: It ended with another status, or an invariant did not hold.
    """
    if on_trio and schedule:
        raise TypeError("trio takes no schedule: either `on_trio` or `schedule`")
    observers = [*options.pop("observers", ())]
    with checker() as watching:
        observers += watching
        if on_trio:
            result = _on_trio(document, registry, observers, options)
        else:
            simulator = Simulator(document, registry=registry)
            result = simulator.run(schedule=schedule, observers=observers, **options).result
    if result.status != status:
        why = f": {describe(result.error)}" if result.error is not None else ""
        raise AssertionError(f"the run was expected to end as {status!r} and ended as {result.status!r}{why}")
    return result


def _on_trio(
    document: Document | HasModel | Compiled, registry: Registry | None, observers: list[Any], options: dict[str, Any]
) -> Result:
    compiled = document if isinstance(document, Compiled) else compile_document(document, registry)

    async def main() -> Result:
        async with compiled.open_run(observers=observers, **options) as run:
            await run.wait()
        return await run.wait()

    return trio.run(main, clock=trio.testing.MockClock(autojump_threshold=0))
