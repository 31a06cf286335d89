"""Opening what lies below one folder, so that no path leads out of it.

A path is walked name by name, each opened relative to the folder that is open already, and never through a symbolic
link: there is no moment between a check and the opening in which somebody could change what a name means. What is
no regular file (a pipe, a device, a socket) is not read and not written; none of these is waited for.
"""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final, NoReturn

from attrs import frozen

from nodeflow.library.patterns import compiled_later
from nodeflow.services import Files
from nodeflow.values import short

DEEPEST: Final = 100
"""How many folders deep a path may go."""

LONGEST: Final = 4096
"""How many characters a path or a pattern may have."""

_LOCKED: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NOCTTY", 0)
_FOLDER: Final = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | _LOCKED
_AT_ONCE: Final = _LOCKED | getattr(os, "O_NONBLOCK", 0)  # to open a pipe is else to wait for its other end
_CHUNK: Final = 1024 * 1024
_PART: Final = compiled_later(r"\.[0-9a-f]{16}\.part")  # what is being written


@frozen
class Found:
    """A file or folder: its path from the root, and what is known of it."""

    path: str
    is_folder: bool
    size: int
    modified_ns: int
    inode: int

    @property
    def modified(self) -> datetime:
        return datetime.fromtimestamp(self.modified_ns / 1e9, UTC)


def names_of(path: str) -> list[str]:
    """The names in a path from the root; none for the root itself.

    >>> names_of("reports//2026/./june.txt"), names_of(".")
    (['reports', '2026', 'june.txt'], [])
    >>> names_of("../secret.txt")
    Traceback (most recent call last):
    PermissionError: '../secret.txt' leads out of the folder that the host granted: a path has no '..' in it
    """
    if not path.strip():
        raise ValueError("a path is missing; '.' is the folder that the host granted")
    if "\0" in path or len(path) > LONGEST:
        raise ValueError(f"{short(path)} is no path: it has a NUL in it, or more than {LONGEST} characters")
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        raise ValueError(f"{short(path)} is no path: the file system cannot write its characters") from None
    if path.startswith(("/", "\\")) or path[1:3] in (":\\", ":/"):
        raise PermissionError(f"{short(path)} is an absolute path: say it relative to the folder that the host granted")
    names = [name for name in path.split("/") if name not in ("", ".")]
    if ".." in names:
        raise PermissionError(f"{short(path)} leads out of the folder that the host granted: a path has no '..' in it")
    if len(names) > DEEPEST:
        raise ValueError(f"{short(path)} goes more than {DEEPEST} folders deep")
    return names


@contextmanager
def _told(path: str) -> Iterator[None]:
    """What the operating system says, with the path that the graph knows and not a word of where the root is."""
    try:
        yield
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no {short(path)}") from None
    except FileExistsError:
        raise FileExistsError(f"{short(path)} is there already") from None
    except OSError as error:
        if error.errno is None:
            raise  # one of ours
        raise type(error)(f"{short(path)}: {error.strerror}") from None


@contextmanager
def _folder(grant: Files, names: list[str]) -> Iterator[int]:
    """A descriptor of the folder below the root that these names lead to."""
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        raise OSError("files are not granted on this system: it cannot open a file relative to an open folder")
    try:
        here = os.open(grant.root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
    except OSError as error:
        raise OSError(f"the folder that the host granted cannot be opened: {error.strerror}") from None
    try:
        for number, name in enumerate(names):
            path = "/".join(names[: number + 1])
            with _told(path):
                try:
                    below = os.open(name, _FOLDER, dir_fd=here)
                except OSError:
                    _refuse_unless(stat.S_ISDIR, os.stat(name, dir_fd=here, follow_symlinks=False), path)
                    raise
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def _refuse_unless(wanted: object, status: os.stat_result, path: str) -> None:
    """Say what something is that is not what was wanted: a regular file (`stat.S_ISREG`) or a folder."""
    if stat.S_ISLNK(status.st_mode):
        raise PermissionError(f"{short(path)} is a symbolic link, and these are not followed")
    if wanted is stat.S_ISDIR and not stat.S_ISDIR(status.st_mode):
        raise NotADirectoryError(f"{short(path)} is not a folder")
    if wanted is stat.S_ISREG and stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(f"{short(path)} is a folder, not a file")
    if wanted is stat.S_ISREG and not stat.S_ISREG(status.st_mode):
        raise PermissionError(f"{short(path)} is neither a file nor a folder: a pipe, a device or a socket")


def _file_in(names: list[str], path: str) -> tuple[list[str], str]:
    if not names:
        raise IsADirectoryError(f"{short(path)} is a folder, not a file")
    return names[:-1], names[-1]


def _writable(grant: Files) -> None:
    if not grant.write:
        raise PermissionError(
            "the host granted these files for reading only: Files(..., write=True), or --allow-files DIR:rw"
        )


def _too_large(path: str, limit: int) -> NoReturn:
    raise ValueError(f"{short(path)} is larger than the {limit} bytes that the host allows")


# --- files --------------------------------------------------------------------------------------------


def read(grant: Files, path: str) -> bytes:
    """All of a regular file, if it is not too large."""
    above, name = _file_in(names_of(path), path)
    with _folder(grant, above) as folder, _told(path):
        _refuse_unless(stat.S_ISREG, os.stat(name, dir_fd=folder, follow_symlinks=False), path)
        with open(os.open(name, os.O_RDONLY | _AT_ONCE, dir_fd=folder), "rb", buffering=0) as file:
            status = os.fstat(file.fileno())
            _refuse_unless(stat.S_ISREG, status, path)  # it may have become another one in between
            if status.st_size > grant.max_bytes:
                _too_large(path, grant.max_bytes)
            return _read_all(file.fileno(), grant.max_bytes, path)


def _read_all(file: int, limit: int, path: str) -> bytes:
    """By what is read, not by what was said: a file may grow, and one in /proc has no size."""
    parts, total = [], 0
    while part := os.read(file, _CHUNK):
        total += len(part)
        if total > limit:
            _too_large(path, limit)
        parts.append(part)
    return b"".join(parts)


def write(grant: Files, path: str, content: bytes, *, append: bool = False) -> None:
    """Replace a file at once, or add to its end. What reads it meanwhile sees the old or the new one, whole."""
    _writable(grant)
    if len(content) > grant.max_bytes:
        _too_large(path, grant.max_bytes)
    above, name = _file_in(names_of(path), path)
    with _folder(grant, above) as folder, _told(path):
        try:
            before = os.stat(name, dir_fd=folder, follow_symlinks=False)
            _refuse_unless(stat.S_ISREG, before, path)
        except FileNotFoundError:
            before = None
        if append:
            _append(folder, name, content, grant.max_bytes, path)
        else:
            _replace(folder, name, content, before.st_mode & 0o777 if before is not None else None)


def _append(folder: int, name: str, content: bytes, limit: int, path: str) -> None:
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | _AT_ONCE
    with open(os.open(name, flags, 0o666, dir_fd=folder), "ab", buffering=0) as file:
        status = os.fstat(file.fileno())
        _refuse_unless(stat.S_ISREG, status, path)
        if status.st_size + len(content) > limit:
            _too_large(path, limit)
        _write_all(file.fileno(), content)


def _replace(folder: int, name: str, content: bytes, mode: int | None) -> None:
    fresh = f".{os.urandom(8).hex()}.part"
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _LOCKED, 0o666, dir_fd=folder)
    try:
        try:
            if mode is not None:
                os.fchmod(file, mode)
            _write_all(file, content)
            os.fsync(file)
        finally:
            os.close(file)
        os.replace(fresh, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(fresh, dir_fd=folder)
        raise


def _write_all(file: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(file, rest[:_CHUNK]) :]


def delete(grant: Files, path: str) -> None:
    """Delete a regular file."""
    _writable(grant)
    above, name = _file_in(names_of(path), path)
    with _folder(grant, above) as folder, _told(path):
        _refuse_unless(stat.S_ISREG, os.stat(name, dir_fd=folder, follow_symlinks=False), path)
        os.unlink(name, dir_fd=folder)


def make_folder(grant: Files, path: str) -> None:
    """Make a folder, and those above it; it may be there already."""
    _writable(grant)
    names = names_of(path)
    for number, name in enumerate(names):
        with _folder(grant, names[:number]) as folder, _told(path):
            try:
                os.mkdir(name, dir_fd=folder)
            except FileExistsError:
                continue  # what it is, opening it tells
    with _folder(grant, names):
        pass


# --- looking ------------------------------------------------------------------------------------------


def look(grant: Files, path: str) -> Found:
    """What is known of a file or folder."""
    names = names_of(path)
    if not names:
        with _folder(grant, names) as folder:
            return _found(".", os.fstat(folder))
    with _folder(grant, names[:-1]) as above, _told(path):
        status = os.stat(names[-1], dir_fd=above, follow_symlinks=False)
        if not stat.S_ISDIR(status.st_mode):
            _refuse_unless(stat.S_ISREG, status, path)
        return _found("/".join(names), status)


def _found(path: str, status: os.stat_result) -> Found:
    return Found(path, stat.S_ISDIR(status.st_mode), status.st_size, status.st_mtime_ns, status.st_ino)


def below(grant: Files, path: str, pattern: str = "*", *, recursive: bool = False) -> list[Found]:
    """The files and folders in a folder whose names fit a pattern (`*`, `?`, `[a-z]`), sorted by path.

    Links, pipes, devices and sockets are left out.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"the pattern has more than {LONGEST} characters")
    found: list[Found] = []
    seen = 0
    todo = [names_of(path)]
    while todo:
        names = todo.pop()
        with _folder(grant, names) as folder, os.scandir(folder) as entries:
            for entry in entries:
                seen += 1
                if seen > grant.max_entries:
                    raise ValueError(
                        f"{short(path)} holds more than the {grant.max_entries} files that the host allows"
                    )
                one = _looked_at(folder, names, entry.name)
                if one is None:
                    continue
                if one.is_folder and recursive:
                    if len(names) == DEEPEST:
                        raise ValueError(f"{short(path)} holds folders that are more than {DEEPEST} deep")
                    todo.append([*names, entry.name])
                if fnmatch.fnmatchcase(entry.name, pattern or "*"):
                    found.append(one)
    return sorted(found, key=lambda one: one.path)


def _looked_at(folder: int, names: list[str], name: str) -> Found | None:
    if _PART.fullmatch(name):
        return None
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return None  # gone meanwhile
    if not stat.S_ISDIR(status.st_mode) and not stat.S_ISREG(status.st_mode):
        return None
    return _found("/".join([*names, name]), status)
