"""Secrets and variables of the environment, as far as the host grants them with `Secrets` and `Environment`.

A secret is an opaque value: it can be wired into a header of `http.request` and a parameter of `sql.query`, and shows
itself nowhere.
"""

from __future__ import annotations

from typing import Any

from nodeflow.node import NodeContext, data_node
from nodeflow.services import Environment, Secret, Secrets, granted
from nodeflow.values import short, to_text


@data_node("secrets.get")
def get(ctx: NodeContext, name: str) -> Any:
    """A secret that the host granted, as a value that shows nothing.

    Fails with `NotGranted` if there is none of this name.

    Args:
        name: The name under which the host granted it.

    >>> from nodeflow.testing import try_node
    >>> try_node(get, name="token", services=[Secrets({"token": "s3cr3t"})]).result
    Secret(***)
    """
    return granted(ctx, Secrets).get(name)


@data_node("secrets.join")
def join(before: str = "", secret: Any = None, after: str = "") -> Any:
    """A secret with text around it, which is a secret again: `Bearer ` and a token make the header `Authorization`.

    Fails with `TypeError` if it is given no secret.

    >>> join("Bearer ", Secret("s3cr3t"))
    Secret(***)
    >>> join("Bearer ", Secret("s3cr3t")).reveal()
    'Bearer s3cr3t'
    """
    if not isinstance(secret, Secret):
        raise TypeError(f"{short(secret)} is no secret; texts are joined by text.concat")
    return Secret(before + secret.reveal() + after)


@data_node("secrets.environment")
def environment(ctx: NodeContext, name: str, default: str | None = None) -> str:
    """A variable of the environment that the host granted, as plain text.

    Fails with `NotGranted` if the host did not grant it, with `LookupError` if it is not set and has no default.

    Args:
        name: The name of the variable.
        default: What it is if it is not set.

    >>> from nodeflow.testing import try_node
    >>> try_node(environment, name="LANG", services=[Environment(["LANG"], {"LANG": "C"})]).result
    'C'
    """
    found = granted(ctx, Environment).get(name)
    if found is None and default is None:
        raise LookupError(f"the environment variable {short(name)} is not set, and there is no default")
    return to_text(default) if found is None else found
