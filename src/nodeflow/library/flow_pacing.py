"""Waiting, and how often something may happen."""

from __future__ import annotations

from nodeflow.node import ExecOut, NodeContext, exec_node


@exec_node("flow.delay")
async def delay(ctx: NodeContext, seconds: float = 0.0, *, exit: ExecOut) -> ExecOut:
    """Wait, then go on."""
    await ctx.sleep(max(0.0, seconds))
    return exit
