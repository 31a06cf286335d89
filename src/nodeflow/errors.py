"""Every exception of nodeflow, on one screen.

What is wrong, where, and what would be right: each message says all three where it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nodeflow.model import Finding


class NodeflowError(Exception):
    """What all errors of this library have in common."""


# --- before a run -------------------------------------------------------------------------------------


class DeclarationError(NodeflowError):
    """A node type was declared wrongly; raised where it is declared, naming function and parameter."""


class RegistryError(NodeflowError):
    """Two node types have one name, or an entry point gave something else than node types."""


class WiringError(NodeflowError):
    """The builder was asked for a connection, node or socket that cannot be; names what would fit."""


class _Findings(NodeflowError):
    def __init__(self, findings: Sequence[Finding], *, source: str | None = None) -> None:
        self.findings = tuple(findings)
        self.source = source
        super().__init__(self.findings, source)

    def __str__(self) -> str:
        count = len(self.findings)
        head = f"{self.source or 'document'}: {count} problem{'s' if count != 1 else ''}"
        return "\n".join([head, *(f"  {finding}" for finding in self.findings)])


class DocumentError(_Findings):
    """A file is not a nodeflow document. `findings` has all that is wrong, each with its path in the file."""


class InvalidDocument(_Findings):
    """A document that loads but cannot be compiled. `findings` are the errors that `validate` reports."""


class ImportFailed(_Findings):
    """A file of another engine cannot be mapped. `findings` lists every node and socket in the way."""


# --- what a node, and so the graph, can see -----------------------------------------------------------


class MissingInput(NodeflowError):
    """An input has no connection, literal or default, or reads an output that nothing has written (3.4, 3.5)."""


class ConversionError(NodeflowError):
    """A value has no conversion to the type that is asked for."""


class SocketTypeError(ConversionError):
    """A value does not fit a socket; names both ends (3.6)."""


class FanInIncomplete(NodeflowError):
    """Branches ended without arriving at their fan-in; names each and where it ended (6.6)."""


class MergeConflict(NodeflowError):
    """The contributions of branches contradict each other under the merge policy that was chosen (6.4)."""


class ContextCancelled(NodeflowError):
    """A context was cancelled by its handle (10.1)."""


class TimedOut(NodeflowError):
    """A context's or a node's own deadline passed (10.1, 10.4)."""


class FlowFailure(NodeflowError):
    """What `flow.fail` raises."""


class WrongCall(NodeflowError, RuntimeError):
    """A body used the engine in a way it does not allow; the message says the right way (1.1, 1.5)."""


class ValueChanged(NodeflowError):
    """In check mode: a body changed a value in place (3.7)."""


class NodeFailed(NodeflowError):
    """A node's body failed; what went wrong is `__cause__`. Made once, at the node that failed (10.1).

    Attributes:
        node: Id of the placed node.
        type: Name of its node type.
        context_path: Where in the context tree, as `main/fan_a[1]`.
        thread: Id of the flow thread.
        workflow: Name of the workflow in which the node is placed.
    """

    def __init__(
        self, node: str, type: str, context_path: str, thread: int, cause: BaseException, workflow: str = ""
    ) -> None:
        super().__init__(node, type, context_path, thread)
        self.workflow = workflow
        self.node = node
        self.type = type
        self.context_path = context_path
        self.thread = thread
        self.__cause__ = cause

    def __str__(self) -> str:
        return f"node {self.node!r} ({self.type}) in {self.context_path}: {describe(self.__cause__)}"


def describe(error: BaseException | None, limit: int = 500) -> str:
    """One line that names an error; bounded, because values in messages need not be.

    >>> describe(ValueError("no"))
    'ValueError: no'
    """
    if error is None:
        return "unknown error"
    if isinstance(error, BaseExceptionGroup):
        parts = [describe(part, 120) for part in error.exceptions[:5]]
        more = len(error.exceptions) - len(parts)
        text = f"{len(error.exceptions)} errors: " + "; ".join(parts) + (f"; and {more} more" if more else "")
    elif isinstance(error, NodeFailed):
        text = str(error)
    else:
        try:
            said = str(error)
        except Exception:
            said = "(its message cannot be shown)"
        text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return text if len(text) <= limit else text[: limit - 1] + "…"


# --- how a run ended ----------------------------------------------------------------------------------


class LimitExceeded(NodeflowError):
    """A limit was hit; the run is cancelled. No node can catch it (11)."""

    def __init__(self, limit: str, value: Any, place: str) -> None:
        super().__init__(limit, value, place)
        self.limit = limit
        self.value = value
        self.place = place

    def __str__(self) -> str:
        return f"limit {self.limit!r} of {self.value} exceeded at {self.place}"


class RunError(NodeflowError):
    """A run did not complete. `result` has what there was: status, outputs, counters."""

    def __init__(self, message: str, result: Any) -> None:
        super().__init__(message)
        self.result = result


class RunFailed(RunError):
    """A failure that nothing in the graph caught; it is the `__cause__`."""


class RunTimedOut(RunError):
    """The run's deadline passed."""


class RunCancelled(RunError):
    """The run was cancelled by its handle; `reason` says why."""

    def __init__(self, message: str, result: Any, reason: str = "") -> None:
        super().__init__(message, result)
        self.reason = reason


class QueueFull(NodeflowError):
    """The queue of runs is full and was asked not to wait."""


class QueueClosed(NodeflowError):
    """The queue of runs takes nothing more."""
