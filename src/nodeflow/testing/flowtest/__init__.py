"""Flow tests: files that say what the runs of a document are to come to, under every schedule that is tried.

`nodeflow test` runs them, and so does pytest, which collects `*.flowtest.json` where nodeflow is installed. The format
is in `docs/howto/test-a-flow.md`.
"""

from nodeflow.testing.flowtest.coverage import Coverage, Item
from nodeflow.testing.flowtest.format import SUFFIX, Expect, FlowTest, FlowTests, from_data, read
from nodeflow.testing.flowtest.running import Failure, Outcome, SuiteCoverage, run_test
from nodeflow.testing.flowtest.suite import Suite, open_suite

__all__ = [
    "SUFFIX",
    "Coverage",
    "Expect",
    "Failure",
    "FlowTest",
    "FlowTests",
    "Item",
    "Outcome",
    "Suite",
    "SuiteCoverage",
    "from_data",
    "open_suite",
    "read",
    "run_test",
]
