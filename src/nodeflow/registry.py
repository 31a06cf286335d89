"""Names -> node types. A registry is a value: made, merged and passed along; nothing registers itself."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import entry_points
from types import ModuleType

from nodeflow.errors import RegistryError
from nodeflow.node import NodeType

ENTRY_POINT_GROUP = "nodeflow.nodes"


class Registry(Mapping[str, NodeType]):
    """Node types by name.

    Args:
        sources: Node types, modules (their node types), or other registries.

    Raises:
        RegistryError: Two different node types have one name, or a source is something else.
    """

    __slots__ = ("_types",)

    def __init__(self, *sources: NodeType | ModuleType | Mapping[str, NodeType]) -> None:
        self._types: dict[str, NodeType] = {}
        for source in sources:
            for node_type in _types_of(source):
                self._add(node_type)

    def _add(self, node_type: NodeType) -> None:
        known = self._types.setdefault(node_type.name, node_type)
        if known is not node_type and known.function is not node_type.function:
            raise RegistryError(
                f"two node types are named {node_type.name!r}: {known.function.__module__}."
                f"{known.function.__qualname__} and {node_type.function.__module__}.{node_type.function.__qualname__}"
            )

    def __getitem__(self, name: str) -> NodeType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def __or__(self, other: Mapping[str, NodeType]) -> Registry:
        return Registry(self, other)

    def __repr__(self) -> str:
        return f"<Registry of {len(self)} node types>"

    def similar(self, name: str) -> list[str]:
        """Names like this one, the likeliest first: for messages."""
        last = {key.rpartition(".")[2]: key for key in self}
        found = difflib.get_close_matches(name, self._types, 3, 0.7)
        return found or [last[match] for match in difflib.get_close_matches(name.rpartition(".")[2], last, 2, 0.8)]


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
