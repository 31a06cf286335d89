"""What a document is run with: inputs, a schedule, faults; and documents that are wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from nodeflow.model import UNSET, Document, Workflow
from nodeflow.testing.simulator import Fault
from nodeflow.testing.simulator.simulation import FAULTS
from nodeflow.testing.strategies.drawing import REGISTRY, documents, shown
from nodeflow.testing.strategies.injuries import INJURIES, Injury, injured
from nodeflow.values import SocketType, parse_type

ANYTHING: Final[st.SearchStrategy[Any]] = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(-1e6, 1e6) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)
"""Values as they stand in a file."""

_PLAIN: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "any": ANYTHING,
    "none": st.none(),
    "bool": st.booleans(),
    "int": st.integers(-1000, 1000),
    "float": st.floats(-1e6, 1e6),
    "text": st.text(max_size=8),
    "date": st.dates().map(str),
    "time": st.times().map(str),
}


def values(type: str | SocketType) -> st.SearchStrategy[Any]:
    """Values of a socket's type, as they stand in a file.

    Args:
        type: As in a document: `int`, `list[text]`, `text | none`.

    Raises:
        ValueError: The strategy has no values of that type.
    """
    kind = parse_type(type) if isinstance(type, str) else type
    if kind.kind == "union":
        return st.one_of([values(member) for member in kind.members])
    inner = values(kind.inner) if kind.inner is not None else ANYTHING
    if kind.kind in ("list", "tuple"):
        return st.lists(inner, max_size=4)
    if kind.kind == "dict":
        return st.dictionaries(st.text(max_size=4), inner, max_size=4)
    if kind.kind not in _PLAIN:
        raise ValueError(f"no values are drawn of the type {kind.name!r}; give that input yourself")
    return _PLAIN[kind.kind]


def inputs(document: Document | Workflow) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs for a run of a document: of the declared types; such as have a default are left out now and then."""
    workflow = document.workflows[document.entry] if isinstance(document, Document) else document
    needed = {name: values(each.type) for name, each in workflow.inputs.items() if each.default is UNSET}
    others = {name: values(each.type) for name, each in workflow.inputs.items() if each.default is not UNSET}
    return st.fixed_dictionaries(needed, optional=others)


def schedules(max_size: int = 24) -> st.SearchStrategy[list[int]]:
    """Schedules, for `Simulator.run(schedule=)` and `nodeflow.testing.schedules.scheduled`; shrink to the empty one.

    Empty means first in, first out.
    """
    return st.lists(st.integers(0, 2**16), max_size=max_size)


def faults(max_size: int = 3, *, latest: int = 60) -> st.SearchStrategy[list[Fault]]:
    """What goes wrong in a simulated run, for `Simulator.run(faults=)`; at least one fault.

    Args:
        latest: Before the how manieth body at most.
    """
    one = st.builds(Fault, st.sampled_from(FAULTS), st.integers(1, latest), st.sampled_from([10.0, 0.25]))
    return st.lists(one, min_size=1, max_size=max_size)


@frozen
class Injured:
    """A document that is wrong.

    Attributes:
        document: Valid but for one mistake.
        code: Of the finding that validation must have, as `NF402`.
        mistake: What was done to it, in words.
    """

    document: Document
    code: str
    mistake: str

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What hypothesis shows of a failing example."""
        printer.text(f"{self.code}: {self.mistake}\n{shown(self.document)}")


@st.composite
def invalid_documents(draw: Callable[..., Any], *, room: int = 20, code: str | None = None) -> Injured:
    """Documents with one mistake, and the code of the finding that it must produce.

    Args:
        room: About how many nodes the first workflow has.
        code: Only this mistake.

    Raises:
        ValueError: No mistake with this code can be drawn.
    """
    ways = [each for each in INJURIES if code in (None, each.code)]
    if not ways:
        raise ValueError(f"`code` is one of {', '.join(sorted({each.code for each in INJURIES}))}, not {code!r}")
    wound: Injury = draw(st.sampled_from(ways))
    document: Document = draw(documents(room=room)).document
    name = draw(st.sampled_from([*document.workflows]))
    here = draw(st.none() | st.sampled_from(_places(document.workflows[name])))
    return Injured(injured(document, name, here, wound), wound.code, wound.name)


def _places(workflow: Workflow) -> list[tuple[str, str]]:
    """Exec outputs `exit` that are reached from a start. A listener may see what its trigger's thread saw (9.3): some
    mistakes are none behind it."""
    reached = {id for id, node in workflow.nodes.items() if node.type == "flow.start"}
    todo = [*reached]
    while todo:
        here = todo.pop()
        for wire in workflow.connections:
            if wire.from_node == here and wire.to_socket == "enter" and wire.to_node not in reached:
                reached.add(wire.to_node)
                todo.append(wire.to_node)
    able = [id for id in workflow.nodes if id in reached]
    return [(id, "exit") for id in able if any(s.name == "exit" for s in REGISTRY[workflow.nodes[id].type].exec_outs)]
