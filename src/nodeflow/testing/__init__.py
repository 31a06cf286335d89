"""For tests of nodes and graphs: try one node, simulate a graph, compare it with a reference."""

from nodeflow.testing.examples import check_example
from nodeflow.testing.simulator import Deadlock, Fault, Simulated, Simulator, Stuck, Unsimulated
from nodeflow.testing.trying import Each, Own, Tried, try_node

__all__ = [
    "Deadlock",
    "Each",
    "Fault",
    "Own",
    "Simulated",
    "Simulator",
    "Stuck",
    "Tried",
    "Unsimulated",
    "check_example",
    "try_node",
]
