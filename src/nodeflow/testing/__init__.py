"""For tests and examples of node types: `try_node` runs one of them in a real run."""

from nodeflow.testing.examples import check_example
from nodeflow.testing.trying import Each, Own, Tried, try_node

__all__ = ["Each", "Own", "Tried", "check_example", "try_node"]
