"""The public strategies, under the names that the tests know."""

from __future__ import annotations

import nodeflow as nf
from nodeflow.testing import strategies as public
from nodeflow.testing.strategies import REGISTRY, Drawn, documents

__all__ = ["REGISTRY", "Drawn", "documents", "errors_of", "schedules"]

schedules = public.schedules()


def errors_of(drawn: Drawn) -> list[nf.Finding]:
    return drawn.errors()
