"""What the strategies draw: documents of any shape, right and wrong, node types, inputs, schedules, faults."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample
from hypothesis.vendor.pretty import RepresentationPrinter

import nodeflow as nf
from nodeflow.model import Input
from nodeflow.testing import Fault, Simulator, try_node
from nodeflow.testing import strategies as nfs
from nodeflow.testing.strategies import INJURIES, REGISTRY, Drawn, Injured, documents, measuring

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]
FIND = settings(
    max_examples=300, deadline=None, database=None, derandomize=True, phases=tuple(Phase), suppress_health_check=CALM
)
FEW = settings(
    max_examples=10, deadline=None, database=None, derandomize=True, phases=(Phase.generate,),
    suppress_health_check=CALM,
)  # fmt: skip


def types_of(document: nf.Document) -> list[str]:
    return [node.type for workflow in document.workflows.values() for node in workflow.nodes.values()]


def text_of(drawn: Any) -> str:
    """What hypothesis prints of it."""
    import io

    written = io.StringIO()
    printer = RepresentationPrinter(written)
    printer.pretty(drawn)
    printer.flush()
    return written.getvalue()


# --- valid documents ---


@given(documents())
def test_documents_are_valid(drawn: Drawn) -> None:
    assert not drawn.errors()


@given(documents(confluent=True))
def test_confluent_documents_use_no_exemption_of_t7(drawn: Drawn) -> None:
    """But for volatile data that says the same each time, and listeners that nobody outside triggers."""
    assert drawn.confluent
    says = " ".join(f.message for f in nf.validate(drawn.document, REGISTRY) if f.code == "NF490")
    for reason in ("shared", "races", "timeouts", "waiting for events"):
        assert reason not in says
    assert "sample.random" not in types_of(drawn.document)


def test_an_exemption_is_drawn_only_where_it_may_be() -> None:
    found = find(
        documents(exempt=["races"], room=20), lambda d: "flow.race" in types_of(d.document),
        settings=settings(FIND, phases=(Phase.generate,)),
    )  # fmt: skip
    assert not found.confluent
    with pytest.raises(NoSuchExample):
        find(
            documents(exempt=["races"], room=20), lambda d: "flow.timeout" in types_of(d.document),
            settings=settings(FIND, max_examples=50),
        )  # fmt: skip
    with pytest.raises(ValueError, match="`exempt` names some of races, shared, timeouts, volatile, not luck"):
        find(documents(exempt=["luck"]), bool)


@pytest.mark.slow
@pytest.mark.parametrize("kinds", [["flow.fan_out", "flow.fan_in"], ["flow.batch"]], ids=str)
def test_what_fails_shrinks_to_what_a_person_can_read(kinds: list[str]) -> None:
    """The smallest document with such nodes: hardly anything else is left in it, and no workflow that nobody calls."""
    found = find(documents(room=9), lambda drawn: set(kinds) <= {*types_of(drawn.document)}, settings=FIND)
    placed = types_of(found.document)
    assert len(placed) <= 8, nf.dumps(found.document)
    assert len(found.document.workflows) == 1
    assert all(not w.variables and not w.events for w in found.document.workflows.values())


def test_a_failure_prints_a_file_and_a_picture() -> None:
    found = find(documents(room=12), lambda drawn: "flow.fan_out" in types_of(drawn.document), settings=FIND)
    text = text_of(found)
    _, _, rest = text.partition("save it as drawn.json ---\n")
    file, _, picture = rest.partition("--- its picture, for https://mermaid.live or any Markdown ---\n")
    assert nf.loads(file) == found.document
    assert picture.startswith("flowchart LR\n")
    assert "fan_out" in picture


# --- documents that are wrong ---


def test_there_are_many_ways_to_be_wrong() -> None:
    assert len({each.code for each in INJURIES}) >= 25
    with pytest.raises(ValueError, match=r"`code` is one of NF101, .*, not 'NF999'"):
        find(nfs.invalid_documents(code="NF999"), bool)


@pytest.mark.parametrize("injury", INJURIES, ids=lambda injury: injury.name)
def test_each_mistake_is_found(injury: nfs.Injury) -> None:
    """Whatever else is in the document: the finding is there, and no other error."""

    @FEW
    @given(nfs.invalid_documents(code=injury.code, room=12))
    def check(injured: Injured) -> None:
        findings = nf.validate(injured.document, REGISTRY)
        assert injured.code in {f.code for f in findings}, injured.mistake
        assert {f.code for f in findings if f.severity is nf.Severity.ERROR} <= {injured.code}, injured.mistake

    check()


@given(nfs.invalid_documents())
def test_an_error_keeps_a_document_from_being_compiled(injured: Injured) -> None:
    errors = [f for f in nf.validate(injured.document, REGISTRY) if f.severity is nf.Severity.ERROR]
    if errors:
        with pytest.raises((nf.InvalidDocument, nf.DocumentError)):
            nf.compile(injured.document, REGISTRY)
    else:
        nf.compile(injured.document, REGISTRY)
    assert injured.code in text_of(injured)


# --- node types, inputs, schedules, faults ---


@given(nfs.node_types(), st.data())
def test_node_types_run(kind: nf.NodeType, data: st.DataObject) -> None:
    given_ = {s.name: data.draw(nfs.values(s.type), s.name) for s in kind.data_ins}
    tried = try_node(kind, **given_)
    if kind.is_exec:
        assert len(tried.exits) == 1
        assert tried.exits[0] in {s.name for s in kind.exec_outs}
        assert {*tried.outputs} == {s.name for s in kind.data_outs}
    else:
        assert kind.data_outs[0].type.accepts(tried.result)


def test_node_types_of_one_kind() -> None:
    assert find(nfs.node_types(exec=True), lambda kind: True, settings=FIND).is_exec
    assert not find(nfs.node_types(exec=False, name="my.kind"), lambda kind: kind.name == "my.kind").is_exec


TYPED = ("int", "float", "bool", "text", "list[int]", "dict[text]", "int | none", "any", "date")


@given(st.data())
def test_inputs_fit(data: st.DataObject) -> None:
    """What is drawn for a workflow's inputs is taken by a run, and all that has no default is there."""
    declared = {f"i{n}": Input(kind) for n, kind in enumerate(TYPED)} | {"more": Input("int", 3)}
    wf = nf.Workflow("main", inputs=declared)
    wf.add(nf.library.flow.start)
    given_ = data.draw(nfs.inputs(nf.Document(wf)))
    assert set(given_) >= {f"i{n}" for n in range(len(TYPED))}
    assert Simulator(wf).run(inputs=given_).result.completed


def test_inputs_of_an_own_type_are_not_made_up() -> None:
    with pytest.raises(ValueError, match="no values are drawn of the type 'bytes'"):
        nfs.values("bytes")


def test_schedules_and_faults_shrink_to_the_least() -> None:
    assert find(nfs.schedules(), lambda schedule: True) == []
    assert find(nfs.faults(), lambda faults: True) == [Fault("raise", 1)]
    assert find(nfs.schedules(), lambda schedule: len(schedule) > 2, settings=FIND) == [0, 0, 0]


# --- how they are distributed ---


def test_the_distribution_is_measured() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "nodeflow.testing.strategies", "--measure", "20"], capture_output=True, text=True,
        check=True,
    ).stdout  # fmt: skip
    assert said.startswith("20 documents")
    assert "| nodes placed |" in said
    assert "Three or more kinds of context: " in said


def test_at_least_half_have_three_kinds_of_context() -> None:
    shapes = measuring.measure(120)
    assert sum(len(shape.kinds) >= 3 for shape in shapes) >= len(shapes) / 2
    assert max(shape.depth for shape in shapes) >= 5
    assert {"completed", "failed"} <= {shape.status for shape in shapes}
