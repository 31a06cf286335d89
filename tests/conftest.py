"""Hypothesis profiles, and what all tests share.

`NODEFLOW_FUZZ=long` runs property tests with `NODEFLOW_FUZZ_EXAMPLES` (10,000) random examples each.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]

# Where an example fails in CI it is shown as drawn: shrinking a graph can take longer than CI has.
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    print_blob=True,
    suppress_health_check=SLOW,
    phases=(Phase.explicit, Phase.reuse, Phase.generate) if os.environ.get("CI") else tuple(Phase),
)
settings.register_profile(
    "long",
    max_examples=int(os.environ.get("NODEFLOW_FUZZ_EXAMPLES", "10000")),
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=SLOW,
)
settings.load_profile("long" if os.environ.get("NODEFLOW_FUZZ") == "long" else "ci")


@pytest.fixture(params=[True, False], ids=["elided", "nurseries"])
def elide(request: pytest.FixtureRequest) -> bool:
    """Run a test with and without elided nurseries (semantics 5)."""
    return bool(request.param)
