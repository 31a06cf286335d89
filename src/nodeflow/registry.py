"""Names -> node types. A registry is a value: made, merged and passed along; nothing registers itself."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType

from nodeflow.errors import RegistryError
from nodeflow.node import NodeType

ENTRY_POINT_GROUP = "nodeflow.nodes"

Loader = Callable[[], "ModuleType | Mapping[str, NodeType]"]
"""Gives the node types of a category."""


class Registry(Mapping[str, NodeType]):
    """Node types by name.

    Args:
        sources: Node types, modules (their node types), or other registries.

    Raises:
        RegistryError: Two different node types have one name, or a source is something else.
    """

    __slots__ = ("_order", "_pending", "_types")

    def __init__(self, *sources: NodeType | ModuleType | Mapping[str, NodeType]) -> None:
        self._types: dict[str, NodeType] = {}
        self._pending: dict[str, tuple[Loader, ...]] = {}
        self._order: tuple[str, ...] = ()  # of the categories that are loaded when somebody asks
        for source in sources:
            self._include(source)

    @classmethod
    def of_categories(cls, loaders: Mapping[str, Loader]) -> Registry:
        """A registry that loads node types when a name of their category is asked for.

        Args:
            loaders: For each category what gives the module, or registry, with its node types; called at most once
                by each registry that has it. It must have no node types of another category.
        """
        registry = cls()
        registry._pending = {category: (load,) for category, load in loaders.items()}
        registry._order = tuple(loaders)
        return registry

    def _include(self, source: NodeType | ModuleType | Mapping[str, NodeType]) -> None:
        if not isinstance(source, Registry):
            types: Iterable[NodeType] = _types_of(source)
        else:
            types = list(source._types.values())
            self._order += tuple(category for category in source._order if category not in self._order)
            for category, loaders in source._pending.items():
                mine = self._pending.get(category, ())
                self._pending[category] = (*mine, *(load for load in loaders if load not in mine))
        for node_type in types:
            self._add(node_type)
        if self._pending:
            for category in {_category(name) for name in self._types} & self._pending.keys():
                self._load(category)  # now, so that two node types of one name are found where they come together

    def _add(self, node_type: NodeType) -> None:
        known = self._types.setdefault(node_type.name, node_type)
        if known is not node_type and known.function is not node_type.function:
            raise RegistryError(
                f"two node types are named {node_type.name!r}: {known.function.__module__}."
                f"{known.function.__qualname__} and {node_type.function.__module__}.{node_type.function.__qualname__}"
            )

    def _load(self, category: str) -> None:
        """Load what is pending of a category."""
        for load in self._pending.get(category, ()):
            for node_type in _types_of(load()):
                if _category(node_type.name) == category:
                    self._add(node_type)
        self._pending.pop(category, None)  # behind it: a thread that looks meanwhile loads it too

    def _all(self) -> Mapping[str, NodeType]:
        """Everything, loaded, in an order that does not depend on what was asked for first."""
        if self._order:
            for category in list(self._pending):
                self._load(category)
            places = {category: place for place, category in enumerate(self._order)}
            found = sorted(self._types.items(), key=lambda item: places.get(_category(item[0]), len(places)))
            self._types, self._order = dict(found), ()
        return self._types

    def __getitem__(self, name: str) -> NodeType:
        if name not in self._types and self._pending:
            self._load(_category(name))
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __or__(self, other: Mapping[str, NodeType]) -> Registry:
        return Registry(self, other)

    def __repr__(self) -> str:
        return f"<Registry of {len(self)} node types>"

    def similar(self, name: str) -> list[str]:
        """Names like this one, the likeliest first: for messages."""
        last = {key.rpartition(".")[2]: key for key in self}
        found = difflib.get_close_matches(name, self, 3, 0.7)
        return found or [last[match] for match in difflib.get_close_matches(name.rpartition(".")[2], last, 2, 0.8)]


def _category(name: str) -> str:
    return name.partition(".")[0]


def _types_of(source: object) -> Iterable[NodeType]:
    if isinstance(source, NodeType):
        return (source,)
    if isinstance(source, Mapping):
        return list(source.values())
    if isinstance(source, ModuleType):
        unique = {id(v): v for v in vars(source).values() if isinstance(v, NodeType)}
        return list(unique.values())
    raise RegistryError(f"a registry is made of node types, modules and registries, not {source!r}")


def installed_nodes() -> Registry:
    """The node types of all installed packages that have the entry point group `nodeflow.nodes`.

    Each entry point names a module, a registry or a node type.

    Raises:
        RegistryError: An entry point cannot be loaded or gives something else; names it.
    """
    registry = Registry()
    for point in entry_points(group=ENTRY_POINT_GROUP):
        try:
            registry = registry | Registry(point.load())
        except Exception as error:
            raise RegistryError(f"entry point {point.name!r} of {ENTRY_POINT_GROUP}: {error}") from error
    return registry
