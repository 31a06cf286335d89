"""Everything a node author imports.

```python
import nodeflow as nf

@nf.exec_node("shop.greet")
def greet(name: str = "you") -> str:
    return f"Hello, {name}!"
```

A function's parameters are its sockets: plain ones are data inputs, `Out[T]` a data output, `ExecOut` an exec
output, `Lazy[T]` an input that is pulled on `await`, `Option[T]` a setting that cannot be wired, `State[T]` what
the node remembers. See `docs/howto/write-a-node.md`.
"""

from __future__ import annotations

import enum
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import partial
from opcode import opmap
from types import CodeType, FunctionType
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from attrs import evolve, field, fields, frozen

from nodeflow.errors import DeclarationError
from nodeflow.model import UNSET
from nodeflow.signature import Parameter, PortGroup, Role, Signature, needs_async, place_of, read_signature
from nodeflow.sockets import (
    STREAM_OUTPUTS,
    Arrival,
    Arrivals,
    Branch,
    EventName,
    ExecIn,
    ExecOut,
    Item,
    Kind,
    Lazy,
    Option,
    Out,
    Placing,
    Ports,
    Pull,
    Result,
    SharedState,
    Socket,
    State,
    Stream,
    VariableName,
    WorkflowName,
    initially,
    port_name,
    ports_from,
)
from nodeflow.values import INT, TEXT

T = TypeVar("T")
S = TypeVar("S")

__all__ = [
    "Arrival",
    "Arrivals",
    "Branch",
    "EventName",
    "ExecIn",
    "ExecOut",
    "Item",
    "Jump",
    "Lazy",
    "NodeContext",
    "NodeType",
    "Option",
    "Out",
    "Placing",
    "Ports",
    "Result",
    "Scope",
    "ScopeKind",
    "SharedState",
    "Socket",
    "State",
    "Stream",
    "VariableName",
    "Variables",
    "WorkflowName",
    "data_node",
    "exec_node",
    "initially",
    "port_name",
    "ports_from",
]


class ScopeKind(enum.Enum):
    """Which of the tree's contexts `ctx.open_scope` opens (semantics 5)."""

    FAN_OUT = "FanOutInContext"
    BATCH = "BatchContext"


class Scope(Protocol):
    """An open context: its threads are awaited, and cancelled, together."""

    results: list[Any]
    """Behind the `async with`: what the result input gave, in the order of starting (7.2)."""
    errors: list[BaseException]
    """Behind the `async with`, under `collect`: errors of failed threads, in the order of starting."""
    finished: list[int]
    """Behind the `async with` of a race: which threads came first, in that order; numbers in the order of starting."""

    def start(self, output: ExecOut | None = None, **values: Any) -> None:
        """Start a flow thread at `output`, in a scope of its own in which the outputs named are set.

        With `parallel` threads running already it starts when one of them ends. Without an output the
        thread only pulls the result input.
        """

    async def wait_capacity(self) -> None:
        """Wait until a thread that is started now would run at once: backpressure."""

    def cancel(self, reason: str = "") -> None:
        """Cancel all that runs inside; the opener fails with `ContextCancelled`."""


class Variables(Protocol):
    """The variables that the body's flow thread can see."""

    def get(self, name: str) -> Any: ...

    def set(self, name: str, value: Any) -> None: ...

    def update(self, name: str, change: Callable[[Any], Any]) -> Any:
        """Replace the value by `change(value)` at once for everyone, and return the new one."""


@runtime_checkable
class NodeContext(Protocol):
    """What a body can ask of the run: take it as a parameter annotated `NodeContext`."""

    @property
    def node_id(self) -> str: ...

    @property
    def type_name(self) -> str: ...

    @property
    def workflow(self) -> str: ...

    @property
    def thread_id(self) -> int: ...

    @property
    def context_path(self) -> str: ...

    @property
    def context_kind(self) -> str: ...

    @property
    def variables(self) -> Variables: ...

    def service(self, kind: type[S]) -> S:
        """The service of this class that the host gave to the run. Raises `LookupError` if there is none."""

    def feedback(self, message: str, level: str = "info", data: Any = None) -> None:
        """Tell observers something; level `print` is what print nodes use (9.4)."""

    def set_outputs(self, values: Mapping[str, Any]) -> None:
        """Set outputs of the workflow in which the node is placed (2.7)."""

    def open_scope(
        self,
        kind: ScopeKind = ScopeKind.FAN_OUT,
        *,
        parallel: int | None = None,
        errors: str = "fail_fast",
        missing: str = "error",
        result: Result[Any] | None = None,
        timeout: float | None = None,
        first: int | None = None,
    ) -> AbstractAsyncContextManager[Scope]:
        """Open a context below the current one; at the end of the block its threads have ended.

        Args:
            kind: How it shows in the tree.
            parallel: How many of its threads run at once; the others wait for their turn.
            errors: `fail_fast` or `collect` (6.8).
            missing: What a thread without an arrival or a result counts as: `error`, `skip`, `none` (6.6).
            result: A result input, pulled as the last act of each thread.
            timeout: Seconds after which all of it is cancelled and the opener fails with `TimedOut`.
            first: It is a race: as soon as so many threads have come to their end (with a fan-in behind: have arrived
                there), the others are cancelled. Under `collect` a failed thread is out of the race.

        Raises:
            NodeFailed: A thread's error, or an `ExceptionGroup` of several in tree order.
        """

    async def gosub(self, workflow: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Run another workflow of the document below the current context; returns its outputs (8)."""

    async def trigger_event(self, event: str, payload: Any = None) -> None:
        """Run the listeners of an event and wait for them (9.3)."""

    async def wait_event(self, event: str) -> Any:
        """Wait until the event is triggered the next time; returns its payload (9.3)."""

    async def wait(self, state: SharedState[T], holds: Callable[[T], bool]) -> T:
        """Wait until `holds(state.value)`; returns that value. Asked again whenever the state is written (4.7).

        Nothing comes between the answer and what the body does until it awaits again: testing and setting a
        state is one step.
        """

    def time(self) -> float:
        """Seconds on the run's clock, which never goes back; only differences mean something."""

    async def sleep(self, seconds: float) -> None: ...

    def timeout(self, seconds: float) -> AbstractContextManager[Any]:
        """`with ctx.timeout(5) as scope: await body()`; then `scope.cancelled_caught` (as trio's)."""


class Jump(enum.Enum):
    """What a node does to the bodies that wait in its flow thread, once it has ended (2.7)."""

    BREAK = "break"
    CONTINUE = "continue"
    RETURN = "return"


Migrate = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""`{"values": ..., "options": ..., "version": n}` of a placed node of an older version -> of version n + 1."""


@frozen(eq=False, repr=False)
class NodeType:
    """A registered node definition. Made by `exec_node` and `data_node`; calling it calls the body.

    Attributes:
        loop: Names of the exec outputs that a loop repeats and that `break` leads to, or None.
        listens: Name of the option that names the event which starts this node, or None.
        reads: Name of the option that names the variable this data node is, or None.
        cleans_up: Whether the body has code that runs when it is cancelled.
    """

    name: str
    is_exec: bool
    function: Callable[..., Any]
    signature: Signature
    exec_ins: tuple[Socket, ...]
    exec_outs: tuple[Socket, ...]
    data_ins: tuple[Socket, ...]
    data_outs: tuple[Socket, ...]
    options: tuple[Socket, ...]
    version: int = 1
    is_async: bool = False
    blocking: bool = False
    abandon_on_cancel: bool = False
    volatile: bool = False
    entry: bool = False
    listens: str | None = None
    reads: str | None = None
    loop: tuple[str, str] | None = None
    jump: Jump | None = None
    resource: type | None = None
    migrate: Migrate | None = None
    cleans_up: bool = False
    module: str = field(default="")
    _read: Callable[[], NodeType] | None = field(default=None)
    """Makes this node type of its body; for one that is read when somebody asks for more than its name."""

    @classmethod
    def later(cls, name: str, read: Callable[[], NodeType]) -> NodeType:
        """A node type whose body is read when somebody asks for more than its name."""
        node_type = cls.__new__(cls)
        object.__setattr__(node_type, "name", name)
        object.__setattr__(node_type, "_read", read)
        return node_type

    def __getattr__(self, attribute: str) -> Any:
        """Only for what is not set: reads the body."""
        if attribute not in _FIELDS:
            raise AttributeError(f"a node type has no attribute {attribute!r}")
        assert self._read is not None
        read = self._read()
        for name in _FIELDS:
            object.__setattr__(self, name, getattr(read, name))
        return getattr(self, attribute)

    @property
    def doc(self) -> str:
        """What it does, in words; the first line in short."""
        return self.signature.doc

    @property
    def example(self) -> str:
        """The doctests of its docstring."""
        return self.signature.example

    @property
    def groups(self) -> tuple[tuple[Parameter, PortGroup], ...]:
        return tuple((p, p.group) for p in self.signature.parameters if p.group is not None)

    @property
    def is_join(self) -> bool:
        """Whether it is a fan-in."""
        return any(p.role is Role.ARRIVALS for p in self.signature.parameters)

    @property
    def is_stream(self) -> bool:
        return any(p.role is Role.STREAM for p in self.signature.parameters)

    @property
    def opens_threads(self) -> bool:
        """Whether it has outputs that start flow threads whatever its options."""
        groups = (group.pattern for _, group in self.groups)
        return any(socket.starts_threads for socket in (*self.exec_outs, *groups))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<node type {self.name}>"


_FIELDS: Final = frozenset(each.name for each in fields(NodeType)) - {"name", "_read"}

_later: Final = ContextVar("later", default=False)


@contextmanager
def reading_later() -> Iterator[None]:
    """Declare node types without looking at their bodies: each is read when somebody asks for it.

    For many at once of which a program uses few, and of which others know that they can be read: what cannot be a node
    is not told at the line that declares it.
    """
    token = _later.set(True)
    try:
        yield
    finally:
        _later.reset(token)


Body = TypeVar("Body", bound=Callable[..., Any])


def exec_node(
    name: str,
    *,
    version: int = 1,
    blocking: bool = False,
    abandon_on_cancel: bool = False,
    entry: bool = False,
    listens: str | None = None,
    loop: bool | tuple[str, str] = False,
    jump: Jump | None = None,
    stream: str = "sequential",
    shield: bool = True,
    migrate: Migrate | None = None,
) -> Callable[[Callable[..., Any] | type], NodeType]:
    """Declare a function, or a class with `open`, `close` and `run`, as an exec node.

    Args:
        name: `category.name`, as it stands in files.
        version: Version of the node type; files record it.
        blocking: The body is a plain `def` that blocks: it runs in a worker thread (2.5).
        abandon_on_cancel: A cancelled run does not wait for the worker thread.
        entry: It starts by itself, like `flow.start`.
        listens: Name of its option that names the event it listens to.
        loop: It is a loop: `break` and `continue` inside of its `body` end there. Or the names of the two outputs.
        jump: What it does to the bodies waiting in its flow thread when it has ended.
        stream: Default mode of its stream output, `sequential` or `concurrent`.
        shield: False: what the body does in `finally` or `async with` needs no time when it is cancelled, so it gets
            no cancel scope of its own (10.2).
        migrate: Brings what a file says of a placed node of an older version one version further.

    Raises:
        DeclarationError: The signature cannot be a node's; says which parameter and why.
    """
    names = _names_of_caller()

    def read(body: Callable[..., Any] | type) -> NodeType:
        function, resource, signature = _read(name, body, names)
        where = place_of(function)
        _check_body(where, function, signature, blocking=blocking)
        ins, outs = _exec_sockets(
            signature, starts_itself=entry or listens is not None, ends=jump is not None or signature.never_returns
        )
        data_ins, data_outs, options = _data_sockets(signature, stream)
        if is_simple_action(signature) and not (jump or entry or listens):
            signature = evolve(signature, results=(Socket("result", Kind.DATA_OUT),))
            data_outs = (*signature.results, *data_outs)
        _check_implicit(where, (*ins, *data_ins, *options), (*outs, *data_outs))
        if listens is not None and listens not in {socket.name for socket in options}:
            raise DeclarationError(f"{where}: listens={listens!r} names no option of it")
        if stream not in ("sequential", "concurrent"):
            raise DeclarationError(f"{where}: stream is 'sequential' or 'concurrent', not {stream!r}")
        exec_outs = {socket.name for socket in outs}
        loop_outputs = ("body", "exit") if loop is True else loop or None
        if loop_outputs and not exec_outs.issuperset(loop_outputs):
            raise DeclarationError(f"{where}: a loop has the exec outputs {loop_outputs}; this has {sorted(exec_outs)}")
        if abandon_on_cancel and not blocking:
            raise DeclarationError(f"{where}: abandon_on_cancel is for blocking=True bodies")
        return NodeType(
            name, True, function, signature, ins, outs, data_ins, data_outs, options, version,
            is_coroutine(function), blocking, abandon_on_cancel, False, entry, listens, None,
            loop_outputs, jump, resource, migrate, shield and _cleans_up(function), getattr(function, "__module__", ""),
        )  # fmt: skip

    return partial(_declare, name, read)


def data_node(
    name: str, *, version: int = 1, volatile: bool = False, reads: str | None = None, migrate: Migrate | None = None
) -> Callable[[Callable[..., Any] | type], NodeType]:
    """Declare a function as a data node: evaluated when something pulls it, remembered until a root changes (4).

    Args:
        name: `category.name`, as it stands in files.
        version: Version of the node type; files record it.
        volatile: Evaluated once per pull, not once per change: random numbers, clocks (4.4).
        reads: It is the variable that this option names.
        migrate: As for `exec_node`.

    Raises:
        DeclarationError: The signature cannot be a data node's; says which parameter and why.
    """
    names = _names_of_caller()

    def read(body: Callable[..., Any] | type) -> NodeType:
        function, resource, signature = _read(name, body, names)
        where = place_of(function)
        _check_body(where, function, signature, blocking=False)
        _check_data(where, signature, volatile)
        data_ins, data_outs, options = _data_sockets(signature, "")
        if not data_outs:
            data_outs = (Socket("result", Kind.DATA_OUT),)
        if reads is not None and reads not in {socket.name for socket in options}:
            raise DeclarationError(f"{where}: reads={reads!r} names no option of it")
        return NodeType(
            name, False, function, signature, (), (), data_ins, data_outs, options, version,
            is_coroutine(function), volatile=volatile, reads=reads, resource=resource,
            migrate=migrate, module=getattr(function, "__module__", ""),
        )  # fmt: skip

    return partial(_declare, name, read)


def _declare(
    name: str, read: Callable[[Callable[..., Any] | type], NodeType], body: Callable[..., Any] | type
) -> NodeType:
    return NodeType.later(name, partial(read, body)) if _later.get() else read(body)


def is_coroutine(function: Callable[..., Any]) -> bool:
    """Whether calling it gives a coroutine: an `async def`, a partial of one, an object with such a `__call__`."""
    if type(function) is FunctionType and not function.__dict__:
        return bool(function.__code__.co_flags & inspect.CO_COROUTINE)
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _names_of_caller() -> Mapping[str, Any]:
    return sys._getframe(2).f_locals


def _read(
    name: str, body: Callable[..., Any] | type, names: Mapping[str, Any]
) -> tuple[Callable[..., Any], type | None, Signature]:
    if not isinstance(name, str) or "." not in name or not all(name.split(".")):
        raise DeclarationError(f"a node type is named 'category.name', not {name!r}")
    if not isinstance(body, type):
        if not callable(body):
            raise DeclarationError(f"node {name!r}: {body!r} is not a function")
        return body, None, read_signature(body, NodeContext, names=names)
    missing = [method for method in ("open", "close", "run") if not callable(getattr(body, method, None))]
    if missing:
        raise DeclarationError(
            f"node {name!r}: the class {body.__qualname__} lacks {', '.join(missing)}; a node that holds a resource "
            "has `async def open(self, services)`, `async def close(self)` and `run`"
        )
    for method in ("open", "close"):
        if not inspect.iscoroutinefunction(getattr(body, method)):
            raise DeclarationError(f"node {name!r}: {body.__qualname__}.{method} must be `async def`")
    required = [p.name for p in inspect.signature(body).parameters.values() if p.default is p.empty and p.kind < 2]
    if required:
        raise DeclarationError(
            f"node {name!r}: {body.__qualname__}() wants {', '.join(required)}; a run makes it without"
        )
    if not list(inspect.signature(body.open).parameters)[1:]:  # type: ignore[attr-defined]
        raise DeclarationError(
            f"node {name!r}: {body.__qualname__}.open takes the services: `async def open(self, services)`"
        )
    run: Callable[..., Any] = body.run  # type: ignore[attr-defined]
    signature = read_signature(run, NodeContext, method=True, names=names)
    signature = evolve(signature, docstrings=(run.__doc__, body.__doc__))
    return run, body, signature


def _check_body(where: str, function: Callable[..., Any], signature: Signature, *, blocking: bool) -> None:
    if inspect.isasyncgenfunction(function) or inspect.isgeneratorfunction(function):
        raise DeclarationError(f"{where}: a body is not a generator; emit items through a parameter of type Stream[T]")
    if is_coroutine(function):
        if blocking:
            raise DeclarationError(f"{where}: a blocking body is a plain `def`; `async def` needs no thread")
        return
    if asynchronous := needs_async(signature):
        raise DeclarationError(f"{where}: {', '.join(asynchronous)} must be awaited, so the body must be `async def`")


def _check_data(where: str, signature: Signature, volatile: bool) -> None:
    for parameter in signature.parameters:
        if parameter.role is Role.STATE and not volatile:
            raise DeclarationError(
                f"{where}, parameter {parameter.name!r}: a data node with state must be volatile=True"
            )
        if parameter.role not in (
            Role.INPUT, Role.LAZY, Role.OPTION, Role.PORTS_IN, Role.PORTS_LAZY, Role.CONTEXT, Role.STATE,
        ):  # fmt: skip
            raise DeclarationError(
                f"{where}, parameter {parameter.name!r}: a data node has inputs and options only and returns its "
                "outputs; for exec sockets use exec_node"
            )
    if signature.returns_exec:
        raise DeclarationError(f"{where}: a data node returns values, not an exec output; use exec_node")


def is_simple_action(signature: Signature) -> bool:
    """Whether a body that does not say what it returns has no other way to give something."""
    roles = {p.role for p in signature.parameters}
    outward = {Role.OUT, Role.ITEM, Role.EXEC_OUT, Role.STREAM, Role.PORTS_OUT, Role.PORTS_EXEC}
    return not signature.says_result and not roles & outward


def _check_implicit(where: str, ins: tuple[Socket, ...], outs: tuple[Socket, ...]) -> None:
    """A name in the signature must not be that of a socket which comes without being named."""
    for side, found in (("input", ins), ("output", outs)):
        names = [socket.name for socket in found]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            said = ", ".join(map(repr, twice))
            raise DeclarationError(
                f"{where}: {said} is the name of an {side} that such a node has by itself; choose another"
            )


def _exec_sockets(
    signature: Signature, *, starts_itself: bool, ends: bool
) -> tuple[tuple[Socket, ...], tuple[Socket, ...]]:
    """The exec sockets, with the `enter` and `exit` that a simple action need not name."""
    parameters = signature.parameters
    ins = tuple(p.socket for p in parameters if p.role is Role.EXEC_IN and p.socket)
    outs = tuple(p.socket for p in parameters if p.role is Role.EXEC_OUT and p.socket)
    has_outs = outs or any(p.role is Role.PORTS_EXEC for p in parameters)
    if any(p.role is Role.STREAM for p in parameters):
        outs = (*outs, *(Socket(name, Kind.EXEC_OUT) for name in STREAM_OUTPUTS))
    if not ins and not starts_itself:
        ins = (Socket("enter", Kind.EXEC_IN),)
    if not has_outs and not ends:
        outs = (*outs, Socket("exit", Kind.EXEC_OUT))
    return ins, outs


def _data_sockets(
    signature: Signature, stream: str
) -> tuple[tuple[Socket, ...], tuple[Socket, ...], tuple[Socket, ...]]:
    inputs, outputs, options = [], list(signature.results), []
    for parameter in signature.parameters:
        socket = parameter.socket
        if parameter.role is Role.ARRIVALS:
            inputs.append(Socket("value", Kind.DATA_IN, default=None, pull=Pull.ARRIVAL))
        if socket is None:
            continue
        if socket.kind is Kind.OPTION:
            options.append(socket)
        elif socket.kind is Kind.DATA_IN:
            inputs.append(socket)
        elif socket.kind is Kind.DATA_OUT:
            outputs.append(socket)
        if parameter.role is Role.STREAM:
            options.append(Socket("mode", Kind.OPTION, TEXT, stream, "sequential or concurrent"))
            options.append(Socket("max_in_flight", Kind.OPTION, INT, UNSET, "how many items run at once"))
            options.append(Socket("errors", Kind.OPTION, TEXT, "fail_fast", "fail_fast or collect"))
    return tuple(inputs), tuple(outputs), tuple(options)


def _cleans_up(function: Callable[..., Any]) -> bool:
    """Whether the body has an `except`, `finally` or `with`: something that runs when it is cancelled."""
    code: CodeType | None = getattr(function, "__code__", None)
    if code is None or not inspect.iscoroutinefunction(function):
        return False
    return _PUSH_EXC_INFO in code.co_code[::2]


_PUSH_EXC_INFO: Final = opmap["PUSH_EXC_INFO"]
"""What every handler begins with. An instruction is two bytes; the caches behind some are zeros."""
