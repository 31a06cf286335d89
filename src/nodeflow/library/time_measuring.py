"""Measuring how long something takes, on the clock of the run: it never goes back, and a mock clock works."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen

from nodeflow.node import ExecOut, NodeContext, Out, SharedState, exec_node, initially


@frozen
class Watch:
    """What a stopwatch remembers.

    Attributes:
        gathered: Seconds until it was stopped the last time.
        since: When it was started, on the clock of the run; None while it stands still.
    """

    gathered: float = 0.0
    since: float | None = None

    def seconds(self, now: float) -> float:
        """What it shows."""
        return self.gathered + (0.0 if self.since is None else now - self.since)

    def told(self, now: float, *, reset: bool, start: bool, stop: bool) -> Watch:
        """The watch after it was reset, then started, then stopped."""
        watch = Watch() if reset else self
        if start and watch.since is None:
            watch = Watch(watch.gathered, now)
        return Watch(watch.seconds(now)) if stop else watch


@exec_node("time.stopwatch")
def stopwatch(
    ctx: NodeContext,
    start: bool = True,
    stop: bool = False,
    reset: bool = False,
    watch: SharedState[Watch] = initially(Watch()),
    *,
    elapsed: Out[timedelta],
    elapsed_ms: Out[float],
    running: Out[bool],
) -> None:
    """A stopwatch: each time it is reached it does what its inputs say, and shows how long it has run in all.

    It is one for all flow threads of the workflow. `reset` comes first, then `start`, then `stop`. Starting a watch
    that runs changes nothing.

    Args:
        start: Let it run.
        stop: Let it stand still.
        reset: Put it to 0 and let it stand still.
        elapsed: What it shows.
        elapsed_ms: The same, in milliseconds.
        running: Whether it runs.

    >>> from nodeflow.testing import try_node
    >>> try_node(stopwatch, start=False).outputs
    {'elapsed': datetime.timedelta(0), 'elapsed_ms': 0.0, 'running': False}
    """
    now = ctx.time()
    after = watch.update(lambda before: before.told(now, reset=reset, start=start, stop=stop))
    elapsed.set(timedelta(seconds=after.seconds(now)))
    elapsed_ms.set(after.seconds(now) * 1000)
    running.set(after.since is not None)


@exec_node("time.timer", shield=False)
async def timer(
    ctx: NodeContext,
    *,
    elapsed: Out[timedelta],
    elapsed_ms: Out[float],
    body: ExecOut,
    exit: ExecOut,
) -> ExecOut:
    """Run `body`, and tell how long it took; also if it fails, to a `try` around it.

    Args:
        elapsed: How long it took.
        elapsed_ms: The same, in milliseconds.

    >>> from nodeflow.testing import try_node
    >>> try_node(timer).exits
    ['body', 'exit']
    """
    began = ctx.time()
    try:
        await body()
    finally:
        seconds = ctx.time() - began
        elapsed.set(timedelta(seconds=seconds))
        elapsed_ms.set(seconds * 1000)
    return exit
