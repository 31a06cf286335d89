"""How a body is called: made once for each placed node, when a document is compiled.

The machine resolves a node's eager inputs in the order of `node.eager`; a `Binding` turns these values into the
arguments of the body and the body's answer into outputs. Most bodies are plain functions of their inputs: for them
the values are the arguments.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Sequence
from typing import Any

import trio

from nodeflow.errors import WrongCall
from nodeflow.graph import CONST, MISSING, CompiledGraph, DataNode, ExecNode, InputPlan, OutputPlan
from nodeflow.model import UNSET
from nodeflow.node import NodeType
from nodeflow.signature import Parameter, Role
from nodeflow.sockets import (
    Arrival,
    Arrivals,
    Branch,
    ExecIn,
    ExecOut,
    HandlePorts,
    Item,
    Lazy,
    Out,
    Ports,
    Result,
    ReturnOnly,
    SharedState,
    State,
    Stream,
)
from nodeflow.values import ANY

Maker = Callable[[Any, int], Any]
"""Makes one argument from the activation and an index."""


NOTHING = OutputPlan("", -1, ANY)
"""Stands for the output of a body that returns nothing."""
NOTHING.exact = type(None)


class Binding:
    """How to call one placed node's body.

    Attributes:
        function: The body, all of whose parameters may be given by position.
        recipe: For each argument the index of its value and None, or a maker and the index to give it; None where the
            arguments are the values.
        plain: The body is a plain function of its inputs, in this thread: the fast path.
        bare: The body is a coroutine with nothing around it: no cancel scope, stream or capacity.
        output: The one data output that the answer is written to; `NOTHING` if the answer is no value.
        single: The answer is one value or nothing.
        fields: Where the answer is spread: attribute and output of each.
        exit: The exec output that is taken when the answer does not say (-1: none).
        returns_exec: The answer is an exec output.
        outs: Data outputs, by the index that handles carry; `states` the same for states:
            slot, whether it is shared, what it reads as before it was written, name.
        lazies: Plans of lazy inputs, by index.
        cleans_up: The body runs in a cancel scope of its own, so that its cleanup can be shielded (10.2).
    """

    __slots__ = (
        "bare",
        "cleans_up",
        "exit",
        "fields",
        "function",
        "lazies",
        "node",
        "output",
        "outs",
        "plain",
        "recipe",
        "returns_exec",
        "single",
        "states",
        "type",
    )

    def __init__(self, node: ExecNode | DataNode, node_type: NodeType) -> None:
        self.node = node
        self.type = node_type
        self.function: Callable[..., Any] = positional(node_type.function, bound=node_type.resource is not None)
        self.lazies: list[InputPlan] = []
        self.states: list[tuple[int, bool, Any, str]] = []
        self.outs: tuple[OutputPlan, ...] = node.outputs
        self.output: OutputPlan | None = None
        self.fields: tuple[tuple[str, OutputPlan], ...] | None = None
        self.returns_exec = node_type.signature.returns_exec or _may_return_exec(node_type)
        self.exit = -1
        self.cleans_up = node_type.cleans_up
        recipe, plans = _Recipe(self, node).make()
        node.eager = tuple(plans)
        straight = recipe == [(None, index) for index in range(len(recipe))] and len(recipe) == len(plans)
        self.recipe = None if straight and node_type.resource is None else tuple(recipe)
        self._answer(node)
        self.single = self.fields is None and not self.returns_exec
        if self.single and self.output is None:
            self.output = NOTHING
        self.plain = (
            self.recipe is None
            and self.single
            and not node_type.is_async
            and not node_type.blocking
            and not self._has_something_around(node)
        )
        self.bare = node_type.is_async and not node_type.cleans_up and not self._has_something_around(node)

    @staticmethod
    def _has_something_around(node: ExecNode | DataNode) -> bool:
        if isinstance(node, DataNode):
            return False
        concurrent = node.stream is not None and node.stream.in_flight > 0
        return node.timeout is not None or node.capacity is not None or concurrent

    def _answer(self, node: ExecNode | DataNode) -> None:
        signature = self.type.signature
        by_name = {plan.name: plan for plan in node.outputs}
        if signature.fields is not None:
            names = [socket.name for socket in signature.results]
            self.fields = tuple((field, by_name[name]) for field, name in zip(signature.fields, names, strict=True))
        elif signature.results:
            self.output = by_name[signature.results[0].name]
        elif not self.type.is_exec:
            self.output = by_name["result"]
        if isinstance(node, ExecNode) and not self.returns_exec and _has_own_exit(self.type):
            self.exit = node.exec_names.index("exit")

    def arguments(self, activation: Any, values: Sequence[Any]) -> Sequence[Any]:
        """What the body is called with."""
        if self.recipe is None:
            return values
        return [values[index] if make is None else make(activation, index) for make, index in self.recipe]

    def chosen(self, answer: Any, activation: Any) -> int:
        """Index of the exec output that a body returned; -1 for None."""
        if answer is None:
            return -1
        owner: Any = answer.activation if isinstance(answer, ExecOut) else None
        if owner is None or (owner is not activation and owner is not self):
            raise WrongCall(f"the body returned {answer!r}, which is not one of its own exec outputs, nor None")
        return int(answer.index)

    # Exec outputs of bodies that cannot wait belong to the binding: they are only returned.

    def check_caller(self, what: str) -> None:
        raise WrongCall(f"a plain `def` body cannot {what}; it returns an exec output, or is made `async def`")


def _may_return_exec(node_type: NodeType) -> bool:
    """Whether the body has exec outputs and does not say what it returns."""
    roles = {p.role for p in node_type.signature.parameters}
    return bool(roles & {Role.EXEC_OUT, Role.PORTS_EXEC}) and not node_type.signature.results


def _has_own_exit(node_type: NodeType) -> bool:
    """Whether `exit` was added because the signature names no exec outputs."""
    roles = {p.role for p in node_type.signature.parameters}
    return not roles & {Role.EXEC_OUT, Role.PORTS_EXEC} and any(s.name == "exit" for s in node_type.exec_outs)


class _Recipe:
    """Collects, parameter by parameter, the plans to resolve and how arguments are made of them."""

    def __init__(self, binding: Binding, node: ExecNode | DataNode) -> None:
        self.binding = binding
        self.node = node
        self.plans: list[InputPlan] = []
        self.recipe: list[tuple[Maker | None, int]] = []
        self.exec_position = {name: index for index, name in enumerate(getattr(node, "exec_names", ()))}
        self.out_position = {plan.name: index for index, plan in enumerate(node.outputs)}

    def make(self) -> tuple[list[tuple[Maker | None, int]], list[InputPlan]]:
        if self.binding.type.resource is not None:
            self.recipe.append((_instance, 0))
        for parameter in self.binding.type.signature.parameters:
            self.recipe.append(self._argument(parameter))
        return self.recipe, self.plans

    def _value(self, plan: InputPlan) -> int:
        self.plans.append(plan)
        return len(self.plans) - 1

    def _const(self, value: Any) -> tuple[Maker | None, int]:
        return None, self._value(InputPlan(CONST, "", value))

    def _argument(self, parameter: Parameter) -> tuple[Maker | None, int]:
        role, node, socket = parameter.role, self.node, parameter.socket
        if role is Role.CONTEXT:
            return _activation, 0
        if role is Role.ARRIVALS:
            return _arrivals, 0
        if role is Role.STATE:
            state = (node.states[parameter.name], parameter.shared, parameter.initial, parameter.name)
            self.binding.states.append(state)
            return (SharedState if parameter.shared else State), len(self.binding.states) - 1
        if parameter.group is not None:
            return self._group(parameter)
        assert socket is not None
        if role is Role.INPUT:
            return None, self._value(node.inputs[socket.name])
        if role is Role.OPTION:
            if socket.name in node.inputs:
                return None, self._value(node.inputs[socket.name])
            value = node.options.get(socket.name, UNSET)
            return (None, self._value(InputPlan(MISSING, socket.name))) if value is UNSET else self._const(value)
        if role is Role.LAZY:
            self.binding.lazies.append(node.inputs[socket.name])
            return Lazy, len(self.binding.lazies) - 1
        if role is Role.RESULT:
            return self._const(Result(0, node.inputs[socket.name].kind != MISSING))
        if role is Role.OUT:
            return Out, self._output(socket.name)
        if role is Role.ITEM:
            return self._const(Item())
        assert isinstance(node, ExecNode)
        if role is Role.STREAM:
            return Stream, self._output(socket.name)
        if role is Role.EXEC_IN:
            return _fired, [s.name for s in self.binding.type.exec_ins].index(socket.name)
        return self._exec_out(socket.starts_threads, self.exec_position[socket.name])

    def _output(self, name: str) -> int:
        return self.out_position[name]

    def _exec_out(self, starts_threads: bool, index: int) -> tuple[Maker | None, int]:
        if self.binding.type.is_async:
            return (Branch if starts_threads else ExecOut), index
        return self._const(ReturnOnly(self.binding, index))  # type: ignore[arg-type]

    def _group(self, parameter: Parameter) -> tuple[Maker | None, int]:
        assert parameter.group is not None
        names = self.node.ports.get(parameter.name, ())
        if parameter.role is Role.PORTS_IN:
            return _values_by_name(self._inputs_of_group(names))
        indexes: dict[str, int] = {}
        make: Maker = Out
        for name in names:
            if parameter.role is Role.PORTS_LAZY:
                make = Lazy
                self.binding.lazies.append(self.node.inputs[name])
                indexes[name] = len(self.binding.lazies) - 1
            elif parameter.role is Role.PORTS_OUT:
                indexes[name] = self._output(name)
            else:
                make = Branch if parameter.group.pattern.starts_threads else ExecOut
                indexes[name] = self.exec_position[name]
        if make is ExecOut and not self.binding.type.is_async:
            binding = self.binding
            return (lambda activation, _: HandlePorts(indexes, ReturnOnly, binding)), 0
        return (lambda activation, _: HandlePorts(indexes, make, activation)), 0

    def _inputs_of_group(self, names: Sequence[str]) -> list[tuple[str, int]]:
        given = [(name, self.node.inputs[name]) for name in names]
        return [(name, self._value(plan)) for name, plan in given if plan.kind != MISSING]


def _values_by_name(indexes: list[tuple[str, int]]) -> tuple[Maker | None, int]:
    def group(activation: Any, _: int) -> Ports[Any]:
        values = activation.thread.values
        return Ports({name: values[index] for name, index in indexes})

    return group, 0


def _activation(activation: Any, index: int) -> Any:
    return activation


def _instance(activation: Any, index: int) -> Any:
    return activation.run.instance_of(activation.node)


def _fired(activation: Any, index: int) -> ExecIn:
    return ExecIn(activation.entered == index)


def _arrivals(activation: Any, index: int) -> Arrivals:
    if activation.thread.brought is not None and activation.thread.brought.joined:
        raise WrongCall("a fan-out goes on behind its fan-in once; its body came there twice")
    found, errors, missing = activation.run.machine.contributions(activation.thread)
    if activation.run.watched:
        activation.run.watchers.given(activation, [value for _, value in found])
    return Arrivals([Arrival(name, value) for name, value in found], errors, missing)


def positional(function: Callable[..., Any], *, bound: bool = False) -> Callable[..., Any]:
    """A copy of a function whose keyword-only parameters may be given by position, and that Ctrl-C may interrupt.

    Handing arguments over by position is what makes a call cheap. The copy also keeps trio's marking of code
    that may be interrupted away from the author's own function.
    """
    if not isinstance(function, types.FunctionType):
        return function
    code = function.__code__
    if code.co_varnames[: code.co_argcount + code.co_kwonlyargcount] != tuple(inspect.signature(function).parameters):
        return _by_name(function)  # behind a decorator: the code is the wrapper's, the signature the body's
    code = code.replace(co_argcount=code.co_argcount + code.co_kwonlyargcount, co_kwonlyargcount=0)
    copy = types.FunctionType(code, function.__globals__, function.__name__, None, function.__closure__)
    copy.__qualname__ = function.__qualname__
    copy.__module__ = function.__module__
    return trio.lowlevel.disable_ki_protection(copy)


def _by_name(function: Callable[..., Any]) -> Callable[..., Any]:
    """Lets keyword-only parameters be given by position, by calling with their names."""
    parameters = inspect.signature(function).parameters.values()
    places = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    first = len(parameters) - len(places)

    def call(*values: Any) -> Any:
        return function(*values[:first], **dict(zip(places, values[first:], strict=True)))

    return trio.lowlevel.disable_ki_protection(call)


def bind(graph: CompiledGraph) -> None:
    """Give each node of a compiled graph its binding."""
    for workflow in graph.workflows.values():
        for data in workflow.data_nodes.values():
            assert data.type is not None
            data.binding = Binding(data, data.type)
        for node in workflow.nodes.values():
            node.binding = Binding(node, node.type)
