"""Documents as data: what a file says, nothing of what it means. Frozen, without behaviour.

The file format is in `docs/reference/file-format.md`; `nodeflow.files` reads and writes it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final, Protocol

from attrs import Factory, field, frozen

FORMAT: Final = 1
"""The version of the file format that this library writes."""

INPUTS: Final = "inputs"
"""The reserved node id under which a workflow's own inputs are wired."""


class Unset(enum.Enum):
    """The one value that means "nothing was given", where `None` is a value."""

    UNSET = "unset"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET

Meta = Mapping[str, Any]


@frozen
class Retry:
    """How often and when a placed node's activation is repeated (semantics 10.4)."""

    attempts: int
    delay: float = 0.0
    backoff: float = 1.0
    errors: tuple[str, ...] = ()


@frozen
class PlacedNode:
    """A node placed in a workflow: the name of its type and what was set on it."""

    id: str
    type: str
    values: Mapping[str, Any] = Factory(dict)
    options: Mapping[str, Any] = Factory(dict)
    disabled: bool = False
    timeout: float | None = None
    retry: Retry | None = None
    capacity: str | None = None
    version: int = 1
    meta: Meta = Factory(dict)


@frozen
class Connection:
    """A wire. Whether it is exec or data follows from its sockets."""

    from_node: str
    from_socket: str
    to_node: str
    to_socket: str
    meta: Meta = Factory(dict)

    @property
    def source(self) -> str:
        return f"{self.from_node}.{self.from_socket}"

    @property
    def target(self) -> str:
        return f"{self.to_node}.{self.to_socket}"


@frozen
class Input:
    """A declared input of a workflow. Without a default it must be given."""

    type: str = "any"
    default: Any = UNSET


@frozen
class Output:
    """A declared output of a workflow."""

    type: str = "any"


@frozen
class Variable:
    """A declared variable; scope is `local`, `shared` or `process` (semantics 9.2)."""

    type: str = "any"
    default: Any = None
    scope: str = "local"


@frozen
class Event:
    """A declared event and the type of its payload."""

    type: str = "any"


@frozen
class Workflow:
    """One graph. `entries` says whether several entry nodes run side by side or `sequential` (semantics 8.4)."""

    name: str
    nodes: Mapping[str, PlacedNode] = Factory(dict)
    connections: tuple[Connection, ...] = ()
    inputs: Mapping[str, Input] = Factory(dict)
    outputs: Mapping[str, Output] = Factory(dict)
    variables: Mapping[str, Variable] = Factory(dict)
    events: Mapping[str, Event] = Factory(dict)
    entries: str = "concurrent"
    meta: Meta = Factory(dict)

    def to_model(self) -> Workflow:
        """Itself: so that documents take drawn and built workflows alike."""
        return self


class HasModel(Protocol):
    """What `Document` bundles: a `model.Workflow`, or a builder of one."""

    def to_model(self) -> Workflow: ...


@frozen(init=False)
class Document:
    """One or more workflows, and which one is the entry (the first, unless said).

    >>> Document(Workflow("main")).entry
    'main'
    """

    workflows: Mapping[str, Workflow]
    entry: str
    events: Mapping[str, Event]
    variables: Mapping[str, Variable]
    meta: Meta
    types: Mapping[str, Any] = field(eq=False, repr=False)
    """Node types that came with the workflows when they were built in Python. Never saved."""

    def __init__(
        self,
        *workflows: HasModel,
        entry: str | None = None,
        events: Mapping[str, Event] | None = None,
        variables: Mapping[str, Variable] | None = None,
        meta: Meta | None = None,
    ) -> None:
        models = [workflow.to_model() for workflow in workflows]
        types: dict[str, Any] = {}
        for workflow in workflows:
            types.update(getattr(workflow, "types", {}))
        by_name = {model.name: model for model in models}
        if len(by_name) != len(models):
            names = [model.name for model in models]
            raise ValueError(f"two workflows have one name: {sorted(n for n in by_name if names.count(n) > 1)}")
        if entry is None:
            entry = models[0].name if models else "main"
        self.__attrs_init__(by_name, entry, events or {}, variables or {}, meta or {}, types)


def with_entry(document: Document, entry: str) -> Document:
    """The same document with another workflow as its entry.

    >>> with_entry(Document(Workflow("a"), Workflow("b")), "b").entry
    'b'
    """
    changed = Document(
        *document.workflows.values(),
        entry=entry,
        events=document.events,
        variables=document.variables,
        meta=document.meta,
    )
    object.__setattr__(changed, "types", document.types)
    return changed


class Severity(enum.Enum):
    """How bad a finding is. Only errors keep a document from being compiled."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@frozen
class Finding:
    """One thing found wrong, or worth knowing, about a file or a document.

    Attributes:
        code: Stable and short, as `NF201`; the table of codes is in the docs.
        severity: Error, warning or info.
        message: In plain words: what is wrong and what would be right.
        path: Where in the file, as `workflows/main/nodes/each/values/parallel`; empty if nowhere.
        workflow: Name of the workflow, if it is about one.
        node: Id of the placed node, if it is about one.
        socket: Name of its socket, if it is about one.
        trace: A path through the graph that shows it, as `("fan.a", "if.true", "join.enter")`; empty if none does.
    """

    code: str
    severity: Severity
    message: str
    path: str = ""
    workflow: str | None = None
    node: str | None = None
    socket: str | None = None
    trace: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = self.path or "/".join(part for part in (self.workflow, self.node, self.socket) if part)
        return f"{self.code} {self.severity.value}: {where + ': ' if where else ''}{self.message}"
