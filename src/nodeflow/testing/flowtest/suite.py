"""A file of flow tests with what it names: the document, compiled, and the node types that it uses."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

from nodeflow.api import compile as compile_document
from nodeflow.errors import DocumentError, InvalidDocument, RegistryError, describe
from nodeflow.files import from_dict, loads, refuse
from nodeflow.library import standard_registry
from nodeflow.model import Document, Finding
from nodeflow.registry import Registry, installed_nodes
from nodeflow.runtime.handle import Compiled
from nodeflow.schema import Problem
from nodeflow.testing.flowtest import format
from nodeflow.testing.simulator import Simulator

_numbers: Final = itertools.count(1)


class Suite:
    """The tests of one file, ready to be run.

    Attributes:
        path: The file.
        document_path: The document's file; None where the document stands in the file of tests.
        tests: What to run.
        registry: The node types that the document may use.
        rejected: The errors for which the document is rejected; empty if it is not.
    """

    def __init__(self, path: Path, tests: format.FlowTests, registry: Registry, document_path: Path | None) -> None:
        self.path = path
        self.document_path = document_path
        self.tests = tests.tests
        self.registry = registry
        self.rejected: tuple[Finding, ...] = ()
        try:
            self._document = self._read(tests.document)
            self._simulator = Simulator(self._document, registry=registry)
        except (DocumentError, InvalidDocument) as error:
            self.rejected = error.findings

    def _read(self, document: Any) -> Document:
        if self.document_path is None:
            return from_dict(document)
        return loads(self.document_path.read_bytes(), source=os.fspath(self.document_path))

    @property
    def simulator(self) -> Simulator:
        """The simulator of the document, which is not rejected."""
        return self._simulator

    @cached_property
    def compiled(self) -> Compiled:
        """The document as trio runs it."""
        return compile_document(self._document, self.registry)

    @property
    def document(self) -> Document:
        return self._document

    @property
    def subject(self) -> str:
        """What the document is called."""
        return os.fspath(self.document_path or self.path)

    @property
    def key(self) -> str:
        """The same for all files that test the same document."""
        return os.path.realpath(self.subject)


def open_suite(path: str | os.PathLike[str]) -> Suite:
    """Read a file of tests, its document and its node types. A document with errors is there, and is rejected.

    Raises:
        DocumentError: The file, or what it names, cannot be read or loaded; has all that is wrong.
    """
    path = Path(path)
    source = os.fspath(path)
    tests = format.read(path)
    problems: list[Problem] = []
    registry = _registry(tests.nodes, path.parent, problems)
    document_path = path.parent / tests.document if isinstance(tests.document, str) else None
    if document_path is not None:
        problems.extend(_unreadable(document_path))
    if problems:
        refuse(problems, source)
    return Suite(path, tests, registry, document_path)


def _unreadable(path: Path) -> Iterator[Problem]:
    try:
        path.read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        yield Problem("NF009", f"{path}: {reason}", ("document",))


# --- node types ---------------------------------------------------------------------------------------


def _registry(names: Sequence[str], folder: Path, problems: list[Problem]) -> Registry:
    """The standard node types, those of installed packages, and those of the modules and files named."""
    registry = standard_registry()
    try:
        registry = registry | installed_nodes()
    except RegistryError as error:
        problems.append(Problem("NF009", str(error), ("nodes",)))
    for number, name in enumerate(names):
        try:
            found = Registry(_module(name, folder))
            registry = registry | found
        except (Exception, SystemExit) as error:
            problems.append(Problem("NF009", f"{name}: {describe(error)}", ("nodes", number)))
        else:
            if not found:
                problems.append(Problem("NF009", f"{name}: there are no node types in it", ("nodes", number)))
    return registry


def _module(name: str, folder: Path) -> ModuleType:
    if name.endswith(".py"):
        return _from_file(folder / name)
    with _importable(folder):
        return import_module(name)


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let modules be imported that lie in the folder of the tests or in the working directory."""
    places = [os.path.realpath(folder), os.getcwd()]
    sys.path[:0] = places
    try:
        yield
    finally:
        for place in places:
            if place in sys.path:
                sys.path.remove(place)


def _from_file(path: Path) -> ModuleType:
    """A module of its own, also where another folder has a file of the same name."""
    if not path.is_file():
        raise FileNotFoundError(f"no such file: {path}")
    spec = spec_from_file_location(f"_nodeflow_flowtest_{next(_numbers)}_{path.stem}", path.resolve())
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # annotations of its classes are looked up there
    spec.loader.exec_module(module)
    return module
