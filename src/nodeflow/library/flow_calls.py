"""Calls: running another workflow of the document, and what a workflow gives back."""

from __future__ import annotations

from typing import Any

from nodeflow.model import UNSET
from nodeflow.node import ExecOut, Jump, NodeContext, Out, Placing, Ports, WorkflowName, exec_node, ports_from
from nodeflow.values import ANY, SocketType, parse_type


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

    Example:
        >>> import nodeflow as nf
        >>> from nodeflow.library import flow
        >>> from nodeflow.testing import try_node
        >>> double = nf.Workflow("double", inputs={"n": "int"}, outputs={"n": "int"})
        >>> give = double.add(set_output)
        >>> double.add(flow.start) >> give
        <placed set_output>
        >>> double.inputs.n >> give["n"]
        set_output.n
        >>> try_node(gosub, workflows=[double], workflow="double", n=4).outputs
        {'n': 4}
    """
    for name, value in (await ctx.gosub(workflow, inputs)).items():
        outputs[name].set(value)
    return exit


@exec_node("flow.set_output")
def set_output(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow: those that are wired or given.

    Example:
        >>> from nodeflow.testing import try_node
        >>> tried = try_node(set_output, outputs={"answer": "int"}, answer=42)
        >>> tried.run.outputs, tried.exits
        ({'answer': 42}, ['exit'])
    """
    ctx.set_outputs(outputs)


@exec_node("flow.return", jump=Jump.RETURN)
def return_(ctx: NodeContext, outputs: Ports[Any] = ports_from(_own_outputs)) -> None:
    """Set outputs of the workflow and end this flow thread; other threads of the workflow go on.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(return_, outputs={"answer": "int"}, answer=42).run.outputs
        {'answer': 42}
    """
    ctx.set_outputs(outputs)
