"""Control flow: where a run starts, decisions, sequences, jumps, calls, telling.

Everything here is written with `nodeflow.node` alone, like any author's node: fan-out, batch and gosub too. The other
modules of the category are `flow_loops`, `flow_failing`, `flow_parallel` and `flow_pacing`; their nodes
are found here too.
"""

from __future__ import annotations

import builtins
from typing import Any

from nodeflow.library.flow_failing import error_text, fail, timeout, try_
from nodeflow.library.flow_loops import do_while, for_, for_each, for_range, repeat_until, while_
from nodeflow.library.flow_pacing import delay
from nodeflow.library.flow_parallel import MERGES, batch, fan_in, fan_out
from nodeflow.model import UNSET
from nodeflow.node import ExecOut, Jump, NodeContext, Option, Out, Placing, Ports, WorkflowName, exec_node, ports_from
from nodeflow.values import ANY, SocketType, parse_type, to_text

__all__ = [
    "MERGES",
    "batch",
    "break_",
    "continue_",
    "delay",
    "do_while",
    "error_text",
    "fail",
    "fan_in",
    "fan_out",
    "for_",
    "for_each",
    "for_range",
    "gosub",
    "if_",
    "log",
    "print",
    "print_",
    "repeat_until",
    "return_",
    "sequence",
    "set_output",
    "start",
    "switch",
    "timeout",
    "try_",
    "while_",
]


@exec_node("flow.start", entry=True)
def start() -> None:
    """Where a workflow starts; several start nodes run side by side."""


@exec_node("flow.if")
def if_(condition: bool = False, *, true: ExecOut, false: ExecOut) -> ExecOut:
    """Go on at `true` or at `false`."""
    return true if condition else false


@exec_node("flow.switch")
def switch(
    cases: Option[list[Any]],
    value: Any = None,
    *,
    case: Ports[ExecOut] = ports_from("cases"),
    default: ExecOut,
) -> ExecOut:
    """Go on at the output of the case that equals `value`, else at `default`.

    Args:
        cases: Literals; each has an output of its name.
        value: Compared with each; a number never equals a text.
    """
    for literal, output in zip(_distinct(cases), case.values(), strict=False):
        if _comparable(literal, value) and literal == value:
            return output
    return default


def _comparable(literal: Any, value: Any) -> bool:
    """Numbers compare with numbers; a text or a truth value only with its own kind."""
    if type(literal) is type(value):
        return True
    return not isinstance(literal, bool | str) and not isinstance(value, bool | str)


def _distinct(cases: list[Any]) -> list[Any]:
    """Cases whose names differ: two that look alike share an output."""
    seen: dict[str, Any] = {}
    for literal in cases:
        seen.setdefault(literal if isinstance(literal, str) else to_text(literal), literal)
    return builtins.list(seen.values())


@exec_node("flow.sequence")
async def sequence(steps: Option[list[str]], *, step: Ports[ExecOut] = ports_from("steps")) -> None:
    """Run each step to its end, one after the other."""
    for run in step.values():
        await run()


@exec_node("flow.break", jump=Jump.BREAK)
def break_() -> None:
    """End the nearest loop of this flow thread; it goes on at the loop's `exit`."""


@exec_node("flow.continue", jump=Jump.CONTINUE)
def continue_() -> None:
    """End this round of the nearest loop of this flow thread."""


# --- calls ---


def _callee_inputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    """The inputs of the workflow that a gosub names."""
    workflow = placing.document.workflows.get(str(placing.options.get("workflow")))
    if workflow is None:
        return [(name, ANY, UNSET) for name in placing.wired]
    return [(name, _declared(given.type), given.default) for name, given in workflow.inputs.items()]


def _callee_outputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    workflow = placing.document.workflows.get(str(placing.options.get("workflow")))
    if workflow is None:
        return [(name, ANY, UNSET) for name in placing.wired]
    return [(name, _declared(output.type), UNSET) for name, output in workflow.outputs.items()]


def _own_outputs(placing: Placing) -> list[tuple[str, SocketType, Any]]:
    """Those outputs of the workflow in which the node is placed that are wired or given here."""
    outputs = placing.document.workflows[placing.workflow].outputs
    wanted = set(placing.wired)
    return [(name, _declared(output.type), UNSET) for name, output in outputs.items() if name in wanted]


def _declared(name: str) -> SocketType:
    try:
        return parse_type(name)
    except ValueError:
        return ANY


@exec_node("flow.gosub")
async def gosub(
    ctx: NodeContext,
    workflow: WorkflowName,
    inputs: Ports[Any] = ports_from(_callee_inputs),
    *,
    outputs: Ports[Out[Any]] = ports_from(_callee_outputs),
    exit: ExecOut,
) -> ExecOut:
    """Run another workflow of the document and wait for it.

    Args:
        workflow: Its name; its inputs and outputs are the sockets of this node.
    """
    for name, value in (await ctx.gosub(workflow, inputs)).items():
        outputs[name].set(value)
    return exit


@exec_node("flow.set_output")
def set_output(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow: those that are wired or given."""
    ctx.set_outputs(outputs)


@exec_node("flow.return", jump=Jump.RETURN)
def return_(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow and end this flow thread; other threads of the workflow go on."""
    ctx.set_outputs(outputs)


# --- telling ---


@exec_node("flow.print")
def print_(ctx: NodeContext, value: Any = None, label: str = "") -> None:
    """Print one line: the value as text, behind its label if it has one."""
    text = to_text(value)
    ctx.feedback(f"{label}: {text}" if label else text, "print", value)


print = print_


@exec_node("flow.log")
def log(ctx: NodeContext, message: str = "", level: Option[str] = "info") -> None:
    """Tell observers something, at a level: `debug`, `info`, `warning` or `error`."""
    ctx.feedback(message, level)
