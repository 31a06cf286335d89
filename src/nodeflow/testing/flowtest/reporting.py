"""Coverage for programs, and as a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from nodeflow import drawing
from nodeflow.registry import Registry
from nodeflow.testing.flowtest.coverage import Coverage, percent

FORMAT: Final = 1
"""The version of the JSON."""

_DASHED: Final = "stroke:#c0392b,stroke-dasharray:6 4"


def total(coverages: Iterable[Coverage]) -> tuple[int, int, float]:
    """Of all documents together: how much is covered, of how much, in percent."""
    covered = of = 0
    for each in coverages:
        covered += each.covered
        of += len(each.items)
    return covered, of, percent(covered, of)


def as_json(coverages: Sequence[Coverage]) -> dict[str, Any]:
    """Coverage as an object for other programs: all items of all documents, with the number of runs that hit each."""
    covered, of, part = total(coverages)
    return {
        "flowtest_coverage": FORMAT,
        "covered": covered,
        "of": of,
        "percent": round(part, 2),
        "documents": [_document(each) for each in coverages],
    }


def _document(coverage: Coverage) -> dict[str, Any]:
    return {
        "document": coverage.subject,
        "covered": coverage.covered,
        "of": len(coverage.items),
        "percent": round(coverage.percent, 2),
        "kinds": {kind: {"covered": done, "of": of} for kind, (done, of) in coverage.by_kind().items()},
        "items": [
            {"kind": item.kind, "workflow": item.workflow, "what": item.what, "runs": coverage.hits[item]}
            for item in coverage.items
        ],
    }


def picture(coverage: Coverage, registry: Registry) -> str:
    """The document as a Mermaid flowchart, with the wires that no test came by dashed and red.

    `drawing.mermaid` draws each connection once, in document order, and Mermaid numbers them in the order in which
    they are drawn.
    """
    firsts, number = {}, 0
    for name, workflow in coverage.document.workflows.items():
        firsts[name] = number
        number += len(workflow.connections)
    wires = [firsts[each.workflow] + each.index for each in coverage.uncovered() if each.kind == "connection"]
    drawn = drawing.mermaid(coverage.document, registry)
    return drawn + (f"  linkStyle {','.join(map(str, sorted(wires)))} {_DASHED}\n" if wires else "")


def page(pictures: Sequence[tuple[Coverage, Registry]]) -> str:
    """The pictures of several documents, as Markdown."""
    parts = [
        f"## {coverage.subject}\n\n{coverage.covered} of {len(coverage.items)} covered.\n\n"
        f"```mermaid\n{picture(coverage, registry)}```\n"
        for coverage, registry in pictures
    ]
    return "\n".join(["# Coverage of flow tests\n", *parts])
