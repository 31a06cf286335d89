"""Exhaustive model checking: every interleaving of the flow threads of a small graph."""

from __future__ import annotations

from nodeflow.testing.exploring.exploration import Exploration, explore
from nodeflow.testing.exploring.outcomes import Difference, Outcome
from nodeflow.testing.exploring.search import NotRepeatable, TooManyStates

__all__ = ["Difference", "Exploration", "NotRepeatable", "Outcome", "TooManyStates", "explore"]
