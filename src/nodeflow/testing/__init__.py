"""For tests of nodes and graphs: try one node, simulate a graph, check invariants, explore every schedule.

`nodeflow.testing.strategies` (documents, schedules, faults for hypothesis), `.reference` (the reference interpreter),
`.exploring` and `.certificate` (what `nodeflow check` does), `.flowtest` (what `nodeflow test` does) are imported
by themselves.
"""

from nodeflow.machine.states import InvariantBroken
from nodeflow.testing.checking import check_events, checked, histories, same_results
from nodeflow.testing.examples import check_example
from nodeflow.testing.simulator import Deadlock, Fault, Simulated, Simulator, Stuck, Unsimulated
from nodeflow.testing.trying import Each, Own, Tried, try_node

__all__ = [
    "Deadlock",
    "Each",
    "Fault",
    "InvariantBroken",
    "Own",
    "Simulated",
    "Simulator",
    "Stuck",
    "Tried",
    "Unsimulated",
    "check_events",
    "check_example",
    "checked",
    "histories",
    "same_results",
    "try_node",
]
