"""DateTime, and what measures time."""

from __future__ import annotations

from typing import Final

from nodeflow.importers.rule import Rule

RULES: Final[tuple[Rule, ...]] = ()
