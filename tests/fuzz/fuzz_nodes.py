"""The node types of drawn documents, under the name that tests know."""

from nodeflow.testing.sample_nodes import *  # noqa: F403
