"""From the command line's words to documents and node types: files, importers, modules, entry points."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import click

from nodeflow.cli.telling import BAD, Stop, refusal
from nodeflow.errors import DocumentError, ImportFailed, InvalidDocument, NodeflowError, RegistryError, describe
from nodeflow.files import loads
from nodeflow.library import standard_registry
from nodeflow.model import Document
from nodeflow.registry import Registry, installed_nodes

IMPORTERS: Final = ("nodeflow.importers.nodeeditor",)
"""Modules with `looks_like(data)` and `convert(data, source=, strict=)`, asked in this order; imported when needed."""

NOT_OURS: Final = "NF004"
"""The code of the finding that a file does not look like a nodeflow document."""


def takes_file(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument FILE and the option `--nodes`."""
    command = click.option(
        "--nodes",
        "modules",
        multiple=True,
        metavar="MODULE",
        help="Also know the node types of this Python module (`my.nodes`) or file (`my_nodes.py`).",
    )(command)
    return click.argument("file", metavar="FILE")(command)


# --- documents ----------------------------------------------------------------------------------------


def name_of(file: str) -> str:
    """What messages call a file; `-` is what comes in on stdin."""
    return "<stdin>" if file == "-" else file


def open_document(file: str, *, strict: bool = False) -> Document:
    """Read a document; a file of another engine is imported.

    Args:
        file: Its path, or `-`.
        strict: What is imported is to fail where nodes fail here, whatever the other engine does.

    Raises:
        Stop: It cannot be read, or is none; its cause is the error with the findings.
    """
    source = name_of(file)
    content = _read(file)
    try:
        return _as_document(content, source, strict)
    except (DocumentError, ImportFailed) as error:
        raise refusal(source, error.findings) from error


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise Stop(BAD, f"nodeflow: {name_of(file)}: {reason}") from error


def _as_document(content: bytes, source: str, strict: bool) -> Document:
    try:
        return loads(content, source=source)
    except DocumentError as error:
        if [finding.code for finding in error.findings] != [NOT_OURS]:
            raise
        imported = _imported(content, source, strict)
        if imported is None:
            raise
        return imported


def _imported(content: bytes, source: str, strict: bool) -> Document | None:
    """The document that an importer makes of it, None if none knows it."""
    data = json.loads(content.decode("utf-8-sig"))
    for name in IMPORTERS:
        importer = import_module(name)
        if importer.looks_like(data):
            document: Document = importer.convert(data, source=source, strict=strict)
            return document
    return None


def with_entry(document: Document, workflow: str | None, source: str) -> Document:
    """The document with another entry.

    Raises:
        Stop: It has no such workflow; names those that it has.
    """
    if workflow is None:
        return document
    if workflow not in document.workflows:
        known = ", ".join(document.workflows)
        raise Stop(BAD, f"nodeflow: {source}: there is no workflow {workflow!r}; there is {known}")
    chosen = Document.__new__(Document)  # its own __init__ takes workflows, and leaves out their node types
    chosen.__attrs_init__(
        document.workflows, workflow, document.events, document.variables, document.meta, document.types
    )
    return chosen


def refused(source: str, error: InvalidDocument) -> Stop:
    """What to stop with when a document has errors."""
    return refusal(source, error.findings)


# --- node types ---------------------------------------------------------------------------------------


def open_registry(modules: Sequence[str] = ()) -> Registry:
    """The standard node types, those of installed packages, and those of modules.

    Raises:
        Stop: A package or module cannot be loaded, or two node types have one name.
    """
    try:
        registry = standard_registry() | installed_nodes()
        for name in modules:
            registry = registry | _nodes_of(name)
    except NodeflowError as error:
        raise Stop(BAD, f"nodeflow: {error}") from error
    return registry


def _nodes_of(name: str) -> Registry:
    try:
        module = _module_from_file(name) if name.endswith(".py") else _module(name)
        found = Registry(module)
    except RegistryError:
        raise
    except (Exception, SystemExit) as error:
        raise Stop(BAD, f"nodeflow: --nodes {name}: {describe(error)}") from error
    if not found:
        raise Stop(BAD, f"nodeflow: --nodes {name}: there are no node types in it")
    return found


def _module(name: str) -> ModuleType:
    """Import a module, also one that lies in the working directory, as `python -m` would."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.insert(0, here)
    return import_module(name)


def _module_from_file(file: str) -> ModuleType:
    path = Path(file).resolve()
    spec = spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise FileNotFoundError(f"no such file: {file}")
    module = module_from_spec(spec)
    sys.modules.setdefault(path.stem, module)  # annotations of its classes are looked up there
    spec.loader.exec_module(module)
    return module
