"""Strategies for hypothesis: documents of any shape, such as are wrong, inputs, schedules and faults.

    from hypothesis import given
    from nodeflow.testing import Simulator
    from nodeflow.testing.strategies import REGISTRY, documents, schedules

    @given(documents(confluent=True), schedules())
    def test_anything(drawn, schedule):
        Simulator(drawn.document, registry=REGISTRY).run(schedule=schedule)

Needs `pip install 'nodeflow-trio[testing]'`. How documents are distributed, `python -m nodeflow.testing.strategies
--measure 1000` shows.
"""

from __future__ import annotations

try:
    import hypothesis as _  # noqa: F401
except ImportError as error:  # pragma: no cover - the project's own environment has it
    raise ImportError("nodeflow.testing.strategies needs hypothesis: pip install 'nodeflow-trio[testing]'") from error

from nodeflow.testing.strategies.drawing import REGISTRY, Drawn, documents, shown
from nodeflow.testing.strategies.injuries import INJURIES, Injury
from nodeflow.testing.strategies.kinds import node_types
from nodeflow.testing.strategies.pen import EXEMPTIONS
from nodeflow.testing.strategies.plans import Injured, faults, inputs, invalid_documents, schedules, values

__all__ = [
    "EXEMPTIONS",
    "INJURIES",
    "REGISTRY",
    "Drawn",
    "Injured",
    "Injury",
    "documents",
    "faults",
    "inputs",
    "invalid_documents",
    "node_types",
    "schedules",
    "shown",
    "values",
]
