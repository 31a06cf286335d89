"""The nodes that come with nodeflow, one module per category, written with `nodeflow.node` alone."""

from __future__ import annotations

from functools import cache

from nodeflow.library import (
    convert,
    events,
    flow,
    lists,
    logic,
    math,
    nodeeditor,
    nodeeditor_data,
    random,
    text,
    variables,
)
from nodeflow.registry import Registry

MODULES = (flow, variables, events, logic, math, random, text, lists, convert, nodeeditor, nodeeditor_data)


@cache
def standard_registry() -> Registry:
    """The node types of the library. Merge it with your own: `standard_registry() | Registry(my_module)`."""
    return Registry(*MODULES)
