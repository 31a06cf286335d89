"""Files and folders below the one folder that the host grants with `Files(root)`.

All paths are texts relative to that folder, with `/` between names on every system; `.` is the folder itself. Nothing
leads out of it. Reading and writing are actions, not data: what a file holds changes while a graph runs. `watch` has
a module of its own, `files_watch`.
"""

from __future__ import annotations

import codecs
from datetime import datetime
from typing import Final, NamedTuple

from attrs import frozen

from nodeflow.library import confined
from nodeflow.library.files_watch import watch
from nodeflow.library.inputs import check_choice
from nodeflow.node import NodeContext, Option, exec_node
from nodeflow.services import Files, granted
from nodeflow.values import short

__all__ = [
    "delete", "exists", "info", "list_", "make_folder", "read_bytes", "read_text", "watch", "write_bytes", "write_text",
]  # fmt: skip

# --- text and bytes -----------------------------------------------------------------------------------

_ENCODINGS: Final = ("utf", "ascii", "iso", "latin", "cp", "koi8", "mac", "euc", "gb", "big5", "shift", "hz", "johab")
"""How names of encodings begin that are for text. Others are compressions, or take quadratic time."""


def encoding_named(name: str) -> str:
    """The encoding as Python calls it.

    >>> encoding_named("UTF8"), encoding_named("Windows-1252")
    ('utf-8', 'cp1252')
    >>> encoding_named("punycode")
    Traceback (most recent call last):
    ValueError: 'punycode' is no encoding of text that is known here; 'utf-8' is one, 'utf-16', 'latin-1', 'cp1252'
    """
    try:
        found = codecs.lookup(name[:40]).name
    except (LookupError, ValueError):
        found = ""
    if not found.startswith(_ENCODINGS):
        raise ValueError(
            f"{short(name)} is no encoding of text that is known here; 'utf-8' is one, 'utf-16', 'latin-1', 'cp1252'"
        )
    return found


@exec_node("files.read_text", blocking=True)
def read_text(ctx: NodeContext, path: str, encoding: Option[str] = "utf-8") -> str:
    """Read all of a file as text.

    Line ends stay as they are. Fails with `FileNotFoundError`, with `PermissionError` for what is not granted, with
    `ValueError` if the file is too large or is not in this encoding.

    Args:
        path: Relative to the folder that the host granted.
        encoding: How the text is written: `utf-8`, `utf-8-sig` (with a mark at its beginning), `latin-1`, ...

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     _ = try_node(write_text, path="note.txt", text="Hello", services=[grant])
    ...     try_node(read_text, path="note.txt", services=[grant]).result
    'Hello'
    """
    grant, encoding = granted(ctx, Files), encoding_named(encoding)
    content = confined.read(grant, path)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise ValueError(f"{short(path)} is not text in {encoding}: byte {error.start}: {error.reason}") from None


@exec_node("files.read_bytes", blocking=True)
def read_bytes(ctx: NodeContext, path: str) -> bytes:
    """Read all of a file as bytes.

    Fails as `files.read_text` does.

    Args:
        path: Relative to the folder that the host granted.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     _ = try_node(write_bytes, path="data", content=b"abc", services=[grant])
    ...     try_node(read_bytes, path="data", services=[grant]).result
    b'abc'
    """
    return confined.read(granted(ctx, Files), path)


@exec_node("files.write_text", blocking=True)
def write_text(
    ctx: NodeContext, path: str, text: str, encoding: Option[str] = "utf-8", append: Option[bool] = False
) -> None:
    """Write a text into a file, in place of what it held.

    The file is replaced at once: whoever reads it sees all of the old or all of the new. Fails with `PermissionError`
    if the host did not grant writing, with `FileNotFoundError` if the folder is not there.

    Args:
        path: Relative to the folder that the host granted.
        text: What the file is to hold.
        encoding: How the text is written.
        append: Add to the end of the file instead.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     for line in ("one ", "two"):
    ...         _ = try_node(write_text, path="log.txt", text=line, append=True, services=[grant])
    ...     try_node(read_text, path="log.txt", services=[grant]).result
    'one two'
    """
    grant, encoding = granted(ctx, Files), encoding_named(encoding)
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError as error:
        raise ValueError(f"{short(text[error.start])} cannot be written in {encoding}") from None
    confined.write(grant, path, content, append=append)


@exec_node("files.write_bytes", blocking=True)
def write_bytes(ctx: NodeContext, path: str, content: bytes, append: Option[bool] = False) -> None:
    """Write bytes into a file, in place of what it held.

    The file is replaced at once. Fails as `files.write_text` does.

    Args:
        path: Relative to the folder that the host granted.
        content: What the file is to hold.
        append: Add to the end of the file instead.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     try_node(write_bytes, path="data", content=b"abc", services=[Files(folder)])
    Traceback (most recent call last):
    PermissionError: the host granted these files for reading only: Files(..., write=True), or --allow-files DIR:rw
    """
    confined.write(granted(ctx, Files), path, content, append=append)


# --- what is there ------------------------------------------------------------------------------------


@frozen
class Listed:
    """What a folder holds, and whether it could be read."""

    files: list[str]
    count: int
    ok: bool
    error: str


@exec_node("files.list", blocking=True)
def list_(
    ctx: NodeContext,
    path: str = ".",
    pattern: str = "*",
    recursive: bool = False,
    what: Option[str] = "files",
    on_failure: Option[str] = "error",
) -> Listed:
    """List the files in a folder, sorted, as paths that the other nodes take.

    Symbolic links and what is no file are left out. Fails with `ValueError` if the folder holds more than the host
    allows to look at, else as `files.read_text` does.

    Args:
        path: The folder, relative to the one that the host granted; `.` is that one.
        pattern: Which names: `*` is any text, `?` one character, `[a-z]` one of these; empty as `*`.
        recursive: Whether to look into the folders in it too.
        what: `files`, `folders` or `all`.
        on_failure: `error` fails; `report` says in `ok` and `error` what is wrong, and `files` is empty.
        files: The paths, relative to the folder that the host granted.
        count: How many there are.
        ok: Whether the folder could be listed.
        error: What was wrong; empty if nothing was.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     for name in ("b.txt", "a.txt", "c.bin"):
    ...         _ = try_node(write_text, path=name, text="", services=[grant])
    ...     try_node(list_, pattern="*.txt", services=[grant]).outputs["files"]
    ['a.txt', 'b.txt']
    """
    check_choice("what", what, "files", "folders", "all")
    check_choice("on_failure", on_failure, "error", "report")
    grant = granted(ctx, Files)
    try:
        found = confined.below(grant, path, pattern.strip(), recursive=recursive)
    except (OSError, ValueError) as error:
        if on_failure == "error":
            raise
        return Listed([], 0, False, str(error))
    paths = [one.path for one in found if what == "all" or one.is_folder is (what == "folders")]
    return Listed(paths, len(paths), True, "")


@exec_node("files.exists", blocking=True)
def exists(ctx: NodeContext, path: str) -> bool:
    """Whether there is a file or a folder.

    A symbolic link, a pipe or a device counts as nothing. Fails with `PermissionError` if the path leads out of the
    folder that the host granted.

    Args:
        path: Relative to the folder that the host granted.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     try_node(exists, path="note.txt", services=[Files(folder)]).result
    False
    """
    grant = granted(ctx, Files)
    confined.names_of(path)  # a path that cannot be is a mistake, not an absence
    try:
        confined.look(grant, path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return False
    return True


class Info(NamedTuple):
    """What is known of a file or folder."""

    name: str
    extension: str
    folder: str
    kind: str
    size: int
    modified: datetime


@exec_node("files.info", blocking=True)
def info(ctx: NodeContext, path: str) -> Info:
    """What is known of a file or folder: its name, kind, size and when it was changed.

    Fails with `FileNotFoundError` if it is not there, else as `files.read_text` does.

    Args:
        path: Relative to the folder that the host granted.
        name: Its name, with the extension.
        extension: The end of its name, from the last dot on; empty if there is none.
        folder: The path of the folder that it is in.
        kind: `file` or `folder`.
        size: How many bytes a file has.
        modified: When it was last changed, in UTC.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     _ = try_node(write_text, path="note.txt", text="Hello", services=[grant])
    ...     found = try_node(info, path="note.txt", services=[grant]).outputs
    >>> found["extension"], found["kind"], found["size"]
    ('.txt', 'file', 5)
    """
    found = confined.look(granted(ctx, Files), path)
    folder, _, name = found.path.rpartition("/")
    dot = name.rfind(".")
    extension = name[dot:] if dot > 0 else ""
    return Info(name, extension, folder or ".", "folder" if found.is_folder else "file", found.size, found.modified)


# --- changing what is there ---------------------------------------------------------------------------


@exec_node("files.make_folder", blocking=True)
def make_folder(ctx: NodeContext, path: str) -> None:
    """Make a folder, and those above it; nothing happens if it is there already.

    Fails with `NotADirectoryError` if there is a file of that name, with `PermissionError` if the host did not grant
    writing.

    Args:
        path: Relative to the folder that the host granted.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     grant = Files(folder, write=True)
    ...     _ = try_node(make_folder, path="reports/2026", services=[grant])
    ...     try_node(list_, what="folders", recursive=True, services=[grant]).outputs["files"]
    ['reports', 'reports/2026']
    """
    confined.make_folder(granted(ctx, Files), path)


@exec_node("files.delete", blocking=True)
def delete(ctx: NodeContext, path: str, missing_ok: Option[bool] = False) -> bool:
    """Delete a file; the result is whether it was there.

    Fails with `FileNotFoundError` if it is not there, with `IsADirectoryError` for a folder, with `PermissionError`
    if the host did not grant writing.

    Args:
        path: Relative to the folder that the host granted.
        missing_ok: Whether it is all right if it is not there.

    >>> from tempfile import TemporaryDirectory
    >>> from nodeflow.testing import try_node
    >>> with TemporaryDirectory() as folder:
    ...     try_node(delete, path="note.txt", missing_ok=True, services=[Files(folder, write=True)]).result
    False
    """
    try:
        confined.delete(granted(ctx, Files), path)
    except FileNotFoundError:
        if not missing_ok:
            raise
        return False
    return True
