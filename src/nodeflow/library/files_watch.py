"""Watching a folder below the one that the host grants with `Files(root)`: the node `files.watch`."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.library import confined
from nodeflow.library.worker import in_thread
from nodeflow.node import ExecOut, NodeContext, Option, Out, Stream, exec_node
from nodeflow.services import Files, granted

SOONEST: Final = 0.05
"""Seconds between two looks, at least."""


def changes(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    """What differs between two looks: path and `added`, `changed` or `removed`, sorted by path.

    >>> changes({"a": 1, "b": 1}, {"b": 2, "c": 1})
    [('a', 'removed'), ('b', 'changed'), ('c', 'added')]
    """
    found = [(path, "removed") for path in before if path not in after]
    found += [
        (path, "changed" if path in before else "added")
        for path, mark in after.items()
        if path not in before or before[path] != mark
    ]
    return sorted(found)


@exec_node("files.watch")
async def watch(
    ctx: NodeContext,
    path: str = ".",
    pattern: str = "*",
    recursive: bool = False,
    interval: float = 1.0,
    most: int = 0,
    existing: Option[bool] = False,
    *,
    file: Stream[str],
    change: Out[str],
    exit: ExecOut,
) -> ExecOut:
    """Watch a folder: `on_item` runs for each file that is added, changed or removed from now on.

    It looks every so often, and compares times, sizes and identities: what is undone between two looks is not seen. It
    goes on until it is cancelled, or has told of `most` changes. Fails as `files.list` does, also later: when the
    folder is removed, or comes to hold more than the host allows to look at.

    Args:
        path: The folder, relative to the one that the host granted.
        pattern: Which names, as for `files.list`.
        recursive: Whether to look into the folders in it too.
        interval: Seconds between two looks; at least 0.05.
        most: How many changes to wait for; 0: without end.
        existing: Tell of what is there at the beginning too, as `added`.
        file: The path of the file, relative to the folder that the host granted.
        change: `added`, `changed` or `removed`.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.library.files import write_text
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     _ = try_node(write_text, path="new.txt", text="!", services=[grant])
    ...     tried = try_node(watch, existing=True, most=1, services=[grant], real_time=True)
    >>> tried.exits, tried.outputs["file"], tried.outputs["change"]
    (['on_item', 'completed', 'exit'], 'new.txt', 'added')
    """
    if not interval >= SOONEST or most < 0:
        raise ValueError(f"interval must be at least {SOONEST} and most at least 0, not {interval} and {most}")
    grant = granted(ctx, Files)

    def look() -> dict[str, tuple[int, int, int]]:
        found = confined.below(grant, path, pattern.strip(), recursive=recursive)
        return {one.path: (one.modified_ns, one.size, one.inode) for one in found if not one.is_folder}

    told = 0
    before: dict[str, tuple[int, int, int]] = {}
    if not existing:
        before = await in_thread(look)
        await ctx.sleep(interval)
    while True:
        after = await in_thread(look)
        for name, kind in changes(before, after):
            change.set(kind)
            await file.emit(name)
            told += 1
            if told == most:
                return exit
        before = after
        await ctx.sleep(interval)
