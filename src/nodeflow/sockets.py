"""What stands in a node's signature: the annotations, and the handles that a body gets for them.

A body never sees the engine. It sees handles, and each handle that makes the flow thread do something is
awaited: it yields itself to whatever drives the body (the trio adapter, the simulator), which does it and
sends the answer back. A handle is good for one activation, in the task of its body (semantics 1.1, 2.1).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Generator, ItemsView, Iterable, Iterator, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING, Annotated, Any, Final, Generic, NamedTuple, NoReturn, Protocol, TypeVar, cast

from attrs import frozen

from nodeflow.errors import WrongCall
from nodeflow.model import UNSET
from nodeflow.values import ANY, SocketType, to_text

if TYPE_CHECKING:
    from nodeflow.model import Document, PlacedNode

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Activation(Protocol):
    """What a handle needs of the activation it belongs to."""

    def check_caller(self, what: str) -> None:
        """Raise `WrongCall` unless the calling code is this activation's body, in its own task."""

    def set_output(self, index: int, value: Any) -> None: ...

    def read_state(self, index: int) -> Any: ...

    def write_state(self, index: int, value: Any) -> None: ...


class Request:
    """A handle that is awaited: it yields itself once, and `answer` is what the driver left there."""

    __slots__ = ("activation", "answer", "index")

    def __init__(self, activation: Activation, index: int) -> None:
        self.activation = activation
        self.index = index
        self.answer: Any = None

    def __await__(self) -> Generator[Any, Any, Any]:
        return cast("Generator[Any, Any, Any]", iter((self,)))


class ExecOut(Request):
    """An exec output. `await body()` runs what is connected and comes back; `return exit` goes on there.

    Source: semantics 2.1 and 2.2.
    """

    __slots__ = ()

    async def __call__(self) -> None:
        self.activation.check_caller("trigger")
        await self


class ReturnOnly(ExecOut):
    """The exec output of a body that cannot wait: it is returned, never triggered (2.5)."""

    __slots__ = ()

    def __call__(self) -> NoReturn:
        raise WrongCall("a plain `def` body cannot trigger; it returns the exec output, or is made `async def`")


class Branch(ExecOut):
    """An exec output that starts flow threads: it is given to `scope.start`, and never awaited."""

    __slots__ = ()

    async def __call__(self) -> None:
        raise WrongCall(
            "this output starts flow threads and cannot be awaited; "
            "start it: `async with ctx.open_scope() as scope: scope.start(branch)`"
        )


class Lazy(Request, Generic[T]):
    """A data input that is resolved when the body asks, each time anew: `await condition()` (4.5)."""

    __slots__ = ()

    async def __call__(self) -> T:
        self.activation.check_caller("pull")
        await self
        answer, self.answer = self.answer, None
        return cast(T, answer)


class Stream(Request, Generic[T]):
    """A stream output: `await items.emit(item)`; `on_item` runs for each, `completed` after the last (9.1)."""

    __slots__ = ("item",)

    async def emit(self, item: T) -> None:
        self.activation.check_caller("emit")
        self.item = item
        await self


class Out(Generic[T]):
    """A data output. `set` writes a new cell; who read the old one keeps what it saw (3.1)."""

    __slots__ = ("activation", "index")

    def __init__(self, activation: Activation, index: int) -> None:
        self.activation = activation
        self.index = index

    def set(self, value: T) -> None:
        """Write `value`. Raises `SocketTypeError` if it does not fit the output's type."""
        self.activation.set_output(self.index, value)


class Item(Generic[T]):
    """A data output that differs per flow thread: `scope.start(process, item=x)` sets it there."""

    __slots__ = ()


class Result(Generic[T]):
    """A data input pulled as the last act of each thread of a scope, in that thread's scope (7.2)."""

    __slots__ = ("index", "wired")

    def __init__(self, index: int, wired: bool) -> None:
        self.index = index
        self.wired = wired

    def __bool__(self) -> bool:
        return self.wired


class ExecIn:
    """One of several exec inputs; true in the activation that it started (2.4)."""

    __slots__ = ("fired",)

    def __init__(self, fired: bool) -> None:
        self.fired = fired

    def __bool__(self) -> bool:
        return self.fired


class State(Generic[T]):
    """What a placed node remembers between activations, as a cell of the scope (4.7).

    It follows snapshot at spawn: a branch sees what was there when it started, siblings never each other.
    """

    __slots__ = ("activation", "index")

    def __init__(self, activation: Activation, index: int) -> None:
        self.activation = activation
        self.index = index

    @property
    def value(self) -> T:
        return cast(T, self.activation.read_state(self.index))

    @value.setter
    def value(self, value: T) -> None:
        self.activation.write_state(self.index, value)

    def set(self, value: T) -> None:
        self.activation.write_state(self.index, value)

    def update(self, change: Callable[[T], T]) -> T:
        """Replace the value by `change(value)`, at once for everyone, and return the new one."""
        value = change(self.value)
        self.activation.write_state(self.index, value)
        return value


class SharedState(State[T]):
    """State of which there is one per placed node and `WorkflowContext`; updates are atomic (4.7)."""

    __slots__ = ()


class Ports(Mapping[str, T_co]):
    """A group of sockets whose names the graph decides: values, or handles, by socket name.

    `Ports[ExecOut]`, `Ports[Branch]`, `Ports[Out[T]]`, `Ports[Lazy[T]]`, or `Ports[T]` for data inputs. The
    parameter's default says where the names come from: `ports_from("steps")` names an option with a list of
    names, `ports_from(function)` asks a function; without it, any name that is wired or given is a socket.
    """

    __slots__ = ("_handles",)

    def __init__(self, handles: dict[str, T_co]) -> None:
        self._handles = handles

    def __getitem__(self, name: str) -> T_co:
        return self._handles[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._handles)

    def __len__(self) -> int:
        return len(self._handles)

    def values(self) -> ValuesView[T_co]:
        return self._handles.values()

    def items(self) -> ItemsView[str, T_co]:
        return self._handles.items()

    def __repr__(self) -> str:
        return f"Ports({self._handles!r})"


class HandlePorts(Ports[Any]):
    """A group of handles, made when they are asked for: a fan-out may have a hundred thousand."""

    __slots__ = ("_indexes", "_make", "_owner")

    def __init__(self, indexes: Mapping[str, int], make: Callable[[Any, int], Any], owner: Any) -> None:
        self._indexes = indexes
        self._make = make
        self._owner = owner

    def __getitem__(self, name: str) -> Any:
        return self._make(self._owner, self._indexes[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._indexes)

    def __len__(self) -> int:
        return len(self._indexes)

    def values(self) -> ValuesView[Any]:
        return ValuesView(self)

    def items(self) -> ItemsView[str, Any]:
        return ItemsView(self)

    def __repr__(self) -> str:
        return f"Ports({list(self._indexes)})"


class Arrival(NamedTuple):
    """What one branch brought to its fan-in: its name and what it contributed."""

    branch: str
    value: Any


class Arrivals(Sequence[Arrival]):
    """Makes a node a fan-in: reaching it is arriving, and its body runs once behind the join (6.3).

    The sequence has the contributions in branch order; `missing` (names of branches, where the policy leaves
    gaps) and `errors` (of failed branches, in branch order) say what is not there. A fan-in has the data
    inputs `value` and one per branch, pulled when the branch arrives.
    """

    __slots__ = ("_arrivals", "errors", "missing")

    def __init__(
        self,
        arrivals: Sequence[Arrival] = (),
        errors: Sequence[BaseException] = (),
        missing: Sequence[str] = (),
    ) -> None:
        self._arrivals = tuple(arrivals)
        self.errors = list(errors)
        self.missing = list(missing)

    def __getitem__(self, index: Any) -> Any:
        return self._arrivals[index]

    def __len__(self) -> int:
        return len(self._arrivals)

    def __iter__(self) -> Iterator[Arrival]:
        return iter(self._arrivals)


class _Mark(enum.Enum):
    OPTION = "option"
    VARIABLE = "variable"
    EVENT = "event"
    WORKFLOW = "workflow"


Option = Annotated[T, _Mark.OPTION]
"""`Option[T]` is a `T` that is fixed when the graph is drawn and cannot be wired."""

VariableName = Annotated[str, _Mark.OPTION, _Mark.VARIABLE]
"""An option that names a declared variable. It may be wired too; the node then depends on all of them (9.2)."""

EventName = Annotated[str, _Mark.OPTION, _Mark.EVENT]
"""An option that names a declared event."""

WorkflowName = Annotated[str, _Mark.OPTION, _Mark.WORKFLOW]
"""An option that names a workflow of the document."""


# --- descriptions ---------------------------------------------------------------------------------------


class Kind(enum.Enum):
    """The four kinds of socket, and what is set without a wire."""

    EXEC_IN = "exec in"
    EXEC_OUT = "exec out"
    DATA_IN = "data in"
    DATA_OUT = "data out"
    OPTION = "option"


class Pull(enum.Enum):
    """When a data input is resolved."""

    EAGER = "before the body starts"
    LAZY = "when the body asks"
    RESULT = "at the end of each thread of its scope"
    ARRIVAL = "when a branch arrives"


class Refers(enum.Enum):
    """What an option names."""

    VARIABLE = "variable"
    EVENT = "event"
    WORKFLOW = "workflow"


@frozen
class Socket:
    """One socket of a node type or a placed node.

    Attributes:
        default: For an input what it reads as unwired; for an output before it was written; `UNSET` if none.
        pull: For a data input, when it is resolved.
        starts_threads: For an exec output, that it is a `Branch` (or a concurrent stream's `on_item`).
        per_thread: For a data output, that it is an `Item`.
        refers: For an option, what it names.
    """

    name: str
    kind: Kind
    type: SocketType = ANY
    default: Any = UNSET
    doc: str = ""
    pull: Pull = Pull.EAGER
    starts_threads: bool = False
    per_thread: bool = False
    refers: Refers | None = None


@frozen
class Placing:
    """What a function that names `Ports` may look at."""

    node: PlacedNode
    options: Mapping[str, Any]
    wired: tuple[str, ...]
    """Names on this side of the node that are wired or, for inputs, given as literals; in order."""
    document: Document
    workflow: str


PortNames = Callable[[Placing], Iterable[tuple[str, SocketType, Any]]]
"""Gives name, type and default (`UNSET` if none) of each socket of a group."""


class PortsFrom:
    """Where the names of a `Ports` group come from."""

    __slots__ = ("names", "option")

    def __init__(self, source: str | PortNames) -> None:
        self.option = source if isinstance(source, str) else None
        self.names = None if isinstance(source, str) else source


def ports_from(source: str | PortNames) -> Any:
    """The default of a `Ports` parameter: the option, or the function, that decides the names."""
    return PortsFrom(source)


def port_name(literal: Any) -> str:
    """The name of the socket that `ports_from` makes for a literal: the literal as text.

    A socket has a name: that of none is `none`, and that of the empty text `empty`.

    >>> port_name("red"), port_name(7.0), port_name(None), port_name("")
    ('red', '7', 'none', 'empty')
    """
    if literal is None:
        return "none"
    return (literal if isinstance(literal, str) else to_text(literal)) or "empty"


class Initially:
    """Holds what an output or a state reads as before it was written."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def initially(value: Any) -> Any:
    """The default of an `Out` or a `State` parameter: what it reads as before it was written.

    `total: Out[int] = initially(0)`
    """
    return Initially(value)


STREAM_OUTPUTS: Final = ("on_item", "completed")
"""The exec outputs of every node with a stream."""
