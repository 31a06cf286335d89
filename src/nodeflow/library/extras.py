"""Packages that only some nodes need: imported when such a node runs, never before."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class MissingExtra(ImportError):
    """A node needs a package that is not installed; says how to install it."""


def need(module: str, *, extra: str) -> Any:
    """The module, imported now.

    Raises:
        MissingExtra: It is not installed; names the extra that brings it.

    >>> need("json", extra="none").dumps([1])
    '[1]'
    >>> need("no_such_module", extra="regex")
    Traceback (most recent call last):
    nodeflow.library.extras.MissingExtra: this node needs 'no_such_module': pip install 'nodeflow-trio[regex]'
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != module.partition(".")[0]:
            raise  # the package is there and broken: its own error says more
        raise MissingExtra(f"this node needs {module!r}: pip install 'nodeflow-trio[{extra}]'") from None
