"""A capacity, held while a body runs by itself and given back while it waits for what it triggered (10.4)."""

from __future__ import annotations

from collections.abc import Generator
from types import coroutine
from typing import TYPE_CHECKING, Any

import trio

from nodeflow.sockets import ExecOut, Stream

if TYPE_CHECKING:
    from nodeflow.runtime.run import Run


class Holder:
    """Holds one of a limiter on behalf of an activation: trio's own borrowers are tasks, which run many bodies."""

    def __init__(self, run: Run, limiter: trio.CapacityLimiter, activation: Any) -> None:
        self.run = run
        self.limiter = limiter
        self.activation = activation
        self.held = False

    async def __aenter__(self) -> Holder:
        await self.take()
        self.run.holders[id(self.activation)] = self
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> None:
        del self.run.holders[id(self.activation)]
        self.release()

    async def take(self) -> None:
        if not self.held:
            await self.limiter.acquire_on_behalf_of(self.activation)
            self.held = True

    def release(self) -> None:
        if self.held:
            self.held = False
            self.limiter.release_on_behalf_of(self.activation)

    @coroutine
    def drive(self, body: Any) -> Generator[Any, Any, Any]:
        """Run the body, and give the capacity back around each trigger and emit."""
        value: Any = None
        error: BaseException | None = None
        while True:
            try:
                request = body.send(value) if error is None else body.throw(error)
            except StopIteration as stop:
                return stop.value
            value = error = None
            triggers = type(request) in (ExecOut, Stream)
            if triggers:
                self.release()
            try:
                value = yield request
            except BaseException as raised:
                error = raised
            if triggers and not isinstance(error, trio.Cancelled):
                yield from self.take().__await__()
