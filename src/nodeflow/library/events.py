"""Events: declared with a payload, triggered, and listened to."""

from __future__ import annotations

from typing import Any

from nodeflow.node import EventName, ExecOut, NodeContext, Out, exec_node


@exec_node("events.trigger")
async def trigger(ctx: NodeContext, event: EventName, payload: Any = None, *, exit: ExecOut) -> ExecOut:
    """Run the listeners of an event, and go on when they have ended.

    Args:
        event: Which event.
        payload: What comes with it.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(trigger, event="order", payload="tea", events={"order": "text"}).exits
        ['exit']
    """
    await ctx.trigger_event(event, payload)
    return exit


@exec_node("events.listen", listens="event")
def listen(event: EventName, *, payload: Out[Any], exit: ExecOut) -> ExecOut:
    """Starts a path whenever the event is triggered.

    Args:
        event: Which event.
        payload: What came with it.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(listen, event="order", events={"order": "text"}, triggers={"order": "tea"})
        >>> tried.exits, tried.outputs
        (['exit'], {'payload': 'tea'})
    """
    return exit


@exec_node("events.wait")
async def wait(ctx: NodeContext, event: EventName, *, payload: Out[Any], exit: ExecOut) -> ExecOut:
    """Wait until the event is triggered the next time.

    Args:
        event: Which event.
        payload: What came with it.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(wait, event="order", events={"order": "text"}, triggers={"order": "tea"}).outputs["payload"]
        'tea'
    """
    payload.set(await ctx.wait_event(event))
    return exit
