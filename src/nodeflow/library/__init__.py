"""The nodes that come with nodeflow, one module per category, written with `nodeflow.node` alone.

A category is a module of its name, which has all of its node types: those of a second module of the category
(`math_functions`) are imported there. A module is loaded when somebody asks for a node type of its category.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Final

from nodeflow.node import reading_later
from nodeflow.registry import Registry

if TYPE_CHECKING:
    from nodeflow.library import (  # so that `nodeflow.library.flow` is known without an import of its own
        convert,
        debug,
        dicts,
        events,
        files,
        flow,
        http,
        json,
        lists,
        logic,
        math,
        process,
        random,
        secrets,
        sql,
        text,
        time,
        variables,
    )

__all__ = [
    "CATEGORIES", "convert", "debug", "dicts", "events", "files", "flow", "http", "json", "lists", "logic", "math",
    "process", "random", "secrets", "sql", "standard_registry", "text", "time", "variables",
]  # fmt: skip

CATEGORIES: Final[Mapping[str, str]] = {
    "flow": "Control flow",
    "variables": "Variables",
    "events": "Events",
    "logic": "Comparing and deciding",
    "math": "Arithmetic",
    "random": "Random values",
    "text": "Text",
    "lists": "Lists",
    "dicts": "Dicts",
    "json": "JSON",
    "convert": "Converting",
    "time": "Dates and times",
    "files": "Files",
    "debug": "Debugging",
    "http": "HTTP",
    "sql": "Databases",
    "process": "Processes",
    "secrets": "Secrets and the environment",
}
"""Each category, which is also the name of its module, and its title."""


@cache
def standard_registry() -> Registry:
    """The node types of the library. Merge it with your own: `standard_registry() | Registry(my_module)`."""
    return Registry.of_categories({c: partial(_module, c) for c in CATEGORIES})


def _module(category: str) -> ModuleType:
    with reading_later():
        return import_module(f"{__name__}.{category}")


def __getattr__(name: str) -> ModuleType:
    if name in CATEGORIES:
        return _module(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *CATEGORIES})
