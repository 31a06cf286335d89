"""What a run of the reference interpreter consists of, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, define, frozen

from nodeflow.node import Jump
from nodeflow.testing.reference.choices import Race
from nodeflow.testing.reference.graphs import Graph

Cells = dict[tuple[str, str], Any]
"""The newest value of each output, by node and socket; of local variables, by "" and name."""


@frozen
class Expected:
    """What a run of a document has to come to.

    Attributes:
        status: `completed` or `failed`.
        outputs, variables: As in `nodeflow.Result`.
        printed: The printed lines of each flow thread, by its path.
        histories: What each flow thread did, by its path: ("start", node, inputs), ("set", node, output, value),
            ("end", node, outcome, exec output).
        evaluations: How often each data node was computed, by workflow and node: at least as often as any run may.
        distinct: With how many different inputs: at most as often as any run must.
        error: What it failed with.
        cut: Paths of contexts whose flow threads may have been cancelled: what those did is at least a beginning of
            what stands here, or goes on behind it.
    """

    status: str
    outputs: Mapping[str, Any]
    variables: Mapping[str, Any]
    printed: Mapping[str, list[str]]
    histories: Mapping[str, list[Any]]
    evaluations: Mapping[tuple[str, str], int]
    error: BaseException | None = None
    distinct: Mapping[tuple[str, str], int] = Factory(dict)
    cut: frozenset[str] = frozenset()


class Unwind(BaseException):
    """`break`, `continue` and `return` on their way (2.7): no `Exception`, so that no `Try` catches them."""

    def __init__(self, jump: Jump, loop: Any = None) -> None:
        self.jump = jump
        self.loop = loop


@define(eq=False)
class Instance:
    """A workflow being run: its shared variables and states, and the run's."""

    graph: Graph
    store: dict[tuple[str, str], Any] = Factory(dict)


@define(eq=False)
class Context:
    path: str
    isolated: bool = False
    numbered: bool = True
    arrivals: dict[int, list[Any]] = Factory(dict)
    names: list[str] = Factory(list)
    failures: dict[int, BaseException] = Factory(dict)
    results: dict[int, Any] = Factory(dict)
    sets: dict[tuple[str, str], Any] = Factory(dict)
    race: Race | None = None


@define(eq=False)
class Thread:
    """A flow thread: its place in the tree, what it sees, what it set for the workflow, and what its next join gets."""

    context: Context
    index: int
    instance: Instance
    cells: Cells
    branch: str = ""
    sets: dict[tuple[str, str], Any] = Factory(dict)
    opened: dict[str, int] = Factory(dict)
    joined: Context | None = None
    last: str = "its start"

    @property
    def path(self) -> str:
        return self.context.path + (f"[{self.index}]" if self.context.numbered else "")
