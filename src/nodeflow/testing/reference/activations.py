"""One execution of one body: its arguments, what it answers, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import define, evolve, field

from nodeflow.errors import MissingInput, NodeFailed
from nodeflow.model import UNSET
from nodeflow.node import Jump
from nodeflow.signature import Parameter, Role
from nodeflow.sockets import Arrival, Arrivals, ExecIn, Item, Kind, Ports, Result
from nodeflow.testing.reference.choices import Unsupported
from nodeflow.testing.reference.graphs import Node
from nodeflow.testing.reference.handles import ExecOut, Lazy, NodeContext, Out, State, Stream
from nodeflow.testing.reference.records import Cells, Context, Thread, Unwind

if TYPE_CHECKING:
    from nodeflow.testing.reference.interpreter import Reference


@define(eq=False)
class Activation:
    """One execution of one body: its handles, and the `NodeContext` that it may ask for."""

    run_: Reference
    thread: Thread
    node: Node
    entered: str
    parent: Activation | None
    memo: dict[str, Cells] | None = None
    answered: Cells = field(factory=dict)
    joined: Context | None = None
    stream: Context | None = None
    looping: str = ""
    watched: bool = False
    written: bool = False
    tidied: int = 0

    # --- from start to end ---

    async def run(self) -> str | None:
        """Resolve the eager inputs, call the body, and say which exec output is next."""
        kind, run = self.node.type, self.run_
        if kind.is_exec:
            self._may_begin()
        memo = self.memo if self.memo is not None else {}
        positional: list[Any] = []
        named: dict[str, Any] = {}
        inputs: list[Any] = []
        for parameter in kind.signature.parameters:
            value = await self._argument(parameter, memo, inputs)
            if parameter.keyword:
                named[parameter.name] = value
            else:
                positional.append(value)
        history = run.histories[self.thread.path]
        if kind.is_exec:
            history.append(("start", self.node.id, tuple(inputs)))
        else:
            run.seen.setdefault((self.node.graph.model.name, self.node.id), set()).add(repr(inputs))
        try:
            exit = await self._call(positional, named)
        except Unwind as unwind:
            history.append(("end", self.node.id, "unwound", None))
            if unwind.loop is not self or unwind.jump is not Jump.BREAK:
                raise
            return (kind.loop or ("", ""))[1]
        except Exception:
            if kind.is_exec:
                history.append(("end", self.node.id, "failed", None))
            raise
        if kind.is_exec:
            history.append(("end", self.node.id, "returned", exit))
        if kind.jump is not None:
            self._jump(kind.jump)
        return exit

    def _may_begin(self) -> None:
        """Between an arrival that counts and the next activation, the race may be over."""
        run, context = self.run_, self.thread.context
        self.thread.last = self.node.id
        if self.node.placed.timeout is not None:
            raise Unsupported(f"the timeout of {self.node.id!r}")
        if context.race is not None and self.thread.index in context.arrivals:
            assert run.choices is not None
            if run.choices.choose(2):
                raise run.cut_off(context.race)

    async def _call(self, positional: list[Any], named: dict[str, Any]) -> str | None:
        kind, run = self.node.type, self.run_
        if kind.resource is not None:
            positional.insert(0, run.resources[self.node.graph.model.name, self.node.id])
        if kind.is_stream and self.node.options.get("mode") == "concurrent":
            self.stream = run.below(self.thread, self.node.id)
            self.tidied = run.finallies
        try:
            answer = kind.function(*positional, **named)
            if kind.is_async:
                answer = await answer
            exit = self._answer(answer)
        except (NodeFailed, BaseExceptionGroup, Unwind, Unsupported):
            self._producer_failed()
            raise
        except Exception as error:
            self._producer_failed()
            raise run.failed(self.thread, self.node, error) from error
        if kind.is_stream:
            self._settle_stream()
        return exit

    def _settle_stream(self) -> None:
        context, run = self.stream, self.run_
        if context is None:
            return
        if context.failures and self.node.options.get("errors") != "collect":
            if run.choices is None:
                raise next(iter(context.failures.values()))
            run.may_cut(context, self.tidied)
            raise run.gone(self, [run.some_of(context.failures)])
        self.thread.sets.update(context.sets)

    def _producer_failed(self) -> None:
        """A body that emits has failed: its items are cancelled (9.1)."""
        if self.stream is not None and self.stream.names and self.run_.choices is not None:
            self.run_.may_cut(self.stream, self.tidied)
            if self.stream.failures:
                raise Unsupported(f"the stream {self.node.id!r}, whose producer fails and items too")

    def _answer(self, answer: Any) -> str | None:
        """Write what the body returned; which exec output it chose."""
        signature = self.node.type.signature
        if signature.fields is not None:
            for attribute, socket in zip(signature.fields, signature.results, strict=True):
                self.set(socket.name, getattr(answer, attribute))
        elif signature.results or not self.node.type.is_exec:
            self.set(signature.results[0].name if signature.results else "result", answer)
        elif isinstance(answer, ExecOut):
            return answer.name
        roles = {p.role for p in signature.parameters}
        return "exit" if "exit" in self.node.exec_outs and not roles & {Role.EXEC_OUT, Role.PORTS_EXEC} else None

    def _jump(self, jump: Jump) -> NoReturn:
        loop = self.parent
        while jump is not Jump.RETURN and loop is not None:
            if loop.node.type.loop and loop.looping == loop.node.type.loop[0]:
                break
            loop = loop.parent
        raise Unwind(jump, loop)

    # --- arguments ---

    async def _argument(self, parameter: Parameter, memo: dict[str, Cells], inputs: list[Any]) -> Any:
        role, node, socket = parameter.role, self.node, parameter.socket
        if role is Role.CONTEXT:
            return NodeContext(self)
        if role is Role.STATE:
            return State(self, parameter)
        if role is Role.ARRIVALS:
            return self.brought()
        if parameter.group is not None:
            names = node.ports[parameter.name]
            if role is not Role.PORTS_IN:
                return Ports({name: self._handle(role, name) for name in names})
            given = {}
            for name in names:
                if name in node.wires or name in node.placed.values or node.inputs[name].default is not UNSET:
                    given[name] = await self.run_.pull(self.thread, node, name, memo)
            inputs.extend(given.values())
            return Ports(given)
        assert socket is not None
        if role is Role.INPUT or (role is Role.OPTION and socket.name in node.wires):
            if role is Role.OPTION:
                node.inputs.setdefault(socket.name, evolve(socket, kind=Kind.DATA_IN))
            value = await self.run_.pull(self.thread, node, socket.name, memo)
            inputs.append(value)
            return value
        if role is Role.OPTION:
            if node.options[socket.name] is UNSET:
                raise self.run_.failed(self.thread, node, MissingInput(socket.name))
            inputs.append(node.options[socket.name])
            return node.options[socket.name]
        return self._handle(role, socket.name)

    def _handle(self, role: Role, name: str) -> Any:
        if role is Role.RESULT:
            return Result(0, name in self.node.wires or name in self.node.placed.values)
        if role is Role.ITEM:
            return Item()
        if role is Role.EXEC_IN:
            return ExecIn(self.entered == name)
        makers: dict[Role, Callable[[Activation, str], Any]] = {
            Role.LAZY: Lazy, Role.PORTS_LAZY: Lazy, Role.OUT: Out, Role.PORTS_OUT: Out,
            Role.EXEC_OUT: ExecOut, Role.PORTS_EXEC: ExecOut, Role.STREAM: Stream,
        }  # fmt: skip
        return makers[role](self, name)

    def brought(self) -> Arrivals:
        """What the branches of the context that has closed brought to this fan-in (6.3, 6.6)."""
        context, self.thread.joined = self.thread.joined, None
        assert context is not None
        found, missing = [], []
        for index, name in enumerate(context.names):
            if name == "":
                continue
            if index in context.arrivals and index not in context.failures:
                values = context.arrivals[index]
                found.append(Arrival(name, values if self.node.options.get("arrivals") == "many" else values[0]))
            else:
                if context.race is not None:
                    continue
                missing.append(name)
                if self.node.options.get("missing") == "none":
                    found.append(Arrival(name, None))
        return Arrivals(found, [context.failures[i] for i in sorted(context.failures)], missing)

    # --- what handles do ---

    def set(self, name: str, value: Any) -> None:
        value = self.node.outputs[name].type.adapt(value)
        self.written = self.written or self.watched
        if not self.node.type.is_exec:
            self.answered[self.node.id, name] = value
            return
        self.thread.cells[self.node.id, name] = value
        self.run_.histories[self.thread.path].append(("set", self.node.id, name, value))

    def targets(self, exit: str) -> tuple[list[tuple[Node, str]], bool]:
        """Where an exec output leads, and whether that is behind the fan-in of this fan-out."""
        join = self.node.graph.fan_in.get(self.node.id)
        if join is None or self.node.exec_outs[exit].starts_threads:
            return self.node.targets.get(exit, []), False
        self.thread.joined = self.joined
        return [(join, "")], True

    async def trigger(self, name: str) -> None:
        self.looping = name
        targets, behind = self.targets(name)
        if name == "finally" and targets:
            self.run_.finallies += 1
        if behind:
            raise Unsupported("a fan-out with a fan-in that triggers its exec output")
        try:
            for node, socket in targets:
                await self.run_.chain(self.thread, node, socket, self)
        except Unwind as unwind:
            if unwind.loop is not self or unwind.jump is not Jump.CONTINUE:
                raise
        finally:
            self.looping = ""
