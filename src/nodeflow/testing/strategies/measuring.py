"""How drawn documents are distributed: a table of their sizes, kinds of context and nodes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import define, field
from hypothesis import HealthCheck, Phase, given, settings

from nodeflow.machine import Limits
from nodeflow.model import Document
from nodeflow.runtime.events import ContextOpened, ThreadStarted
from nodeflow.testing import sample_nodes
from nodeflow.testing.simulator import Simulator
from nodeflow.testing.strategies.drawing import REGISTRY, Drawn, documents

LIMITS: Final = Limits(steps=200_000)
"""Far more than a drawn document needs."""


@define
class Shape:
    """One document, as far as it is measured.

    Attributes:
        nodes: How many are placed, in all workflows.
        depth: How many contexts are nested at most while it runs.
        width: How many flow threads one context starts at most.
        kinds: Kinds of context that are opened, gosubs and deliveries apart from the outermost workflow.
        types: Names of the node types that are placed.
        status: How a run of it ends, first in, first out.
    """

    nodes: int
    depth: int = 0
    width: int = 0
    kinds: frozenset[str] = frozenset()
    types: frozenset[str] = frozenset()
    status: str = ""


@define
class _Watch:
    """Notes what contexts a run opens."""

    kinds: set[str] = field(factory=set)
    depths: dict[int, int] = field(factory=dict)
    threads: Counter[int] = field(factory=Counter)

    def __call__(self, event: Any) -> None:
        if isinstance(event, ContextOpened):
            self.depths[event.context] = self.depths.get(event.parent, -1) + 1
            if event.kind != "ProcessContext":
                self.kinds.add(event.kind if event.parent else "main")
        elif isinstance(event, ThreadStarted):
            self.threads[event.context] += 1


def shape(document: Document) -> Shape:
    """Measure a document: as it stands, and in one simulated run."""
    watch = _Watch()
    sample_nodes.reset()
    simulator = Simulator(document, registry=REGISTRY, fine=False)
    ran = simulator.run(observers=[watch], capacities={"seats": 1}, limits=LIMITS)
    placed = [node for workflow in document.workflows.values() for node in workflow.nodes.values()]
    return Shape(
        len(placed), max(watch.depths.values(), default=0), max(watch.threads.values(), default=0),
        frozenset(watch.kinds), frozenset(node.type for node in placed), ran.result.status,
    )  # fmt: skip


def measure(count: int, **options: Any) -> list[Shape]:
    """Shapes of as many documents as hypothesis draws them, always the same.

    Args:
        options: Of `documents`.
    """
    shapes: list[Shape] = []
    calm = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

    @settings(
        max_examples=count, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
        suppress_health_check=calm,
    )  # fmt: skip
    @given(documents(**options))
    def sample(drawn: Drawn) -> None:
        shapes.append(shape(drawn.document))

    sample()
    return shapes


def table(shapes: list[Shape]) -> str:
    """The distribution as Markdown tables."""
    measured: Mapping[str, Callable[[Shape], int]] = {
        "nodes placed": lambda each: each.nodes,
        "contexts nested": lambda each: each.depth,
        "flow threads in one context": lambda each: each.width,
        "kinds of context": lambda each: len(each.kinds),
    }
    lines = [
        f"{len(shapes)} documents",
        "",
        "| of a document | least | a quarter up to | half up to | three quarters up to | most |",
    ]
    lines.append("|---|---|---|---|---|---|")
    for name, of in measured.items():
        found = sorted(map(of, shapes))
        quarters = [found[(len(found) - 1) * part // 4] for part in range(5)]
        lines.append(f"| {name} | {' | '.join(map(str, quarters))} |")
    three = sum(len(each.kinds) >= 3 for each in shapes)
    lines += ["", f"Three or more kinds of context: {_percent(three, len(shapes))} of the documents.", ""]
    lines += ["| in how many documents | |", "|---|---|"]
    lines += _rows("runs that ended", shapes, lambda each: [each.status])
    lines += _rows("context", shapes, lambda each: each.kinds)
    lines += _rows("node", shapes, lambda each: each.types)
    return "\n".join(lines)


def _rows(what: str, shapes: list[Shape], of: Callable[[Shape], Iterable[str]]) -> list[str]:
    counted = Counter(name for each in shapes for name in of(each))
    return [f"| {what} `{name}` | {_percent(count, len(shapes))} |" for name, count in counted.most_common()]


def _percent(part: int, whole: int) -> str:
    return f"{round(100 * part / max(1, whole))} %"
