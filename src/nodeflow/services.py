"""What a host grants to the nodes of the library: `nf.run(..., services=[Seed(7), Files("data")])`.

A node of the library reaches the outside world, the clock and chance only through one of these. What is
not granted is not there: the node fails and says which service it wants. They are plain values; the nodes
that use them do the work.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NoReturn, Protocol, TypeVar

from attrs import field, frozen
from attrs.converters import optional

__all__ = [
    "Clock",
    "Databases",
    "Environment",
    "Files",
    "Http",
    "NotGranted",
    "Processes",
    "Secret",
    "Secrets",
    "Seed",
    "granted",
]

S = TypeVar("S")

_MIB: Final = 1024 * 1024


class NotGranted(LookupError):
    """A node wants a part of the outside world that the host did not grant to the run."""


class _Grants(Protocol):
    def service(self, kind: type[S]) -> S: ...


def granted(ctx: _Grants, kind: type[S]) -> S:
    """The service of this class; without it `NotGranted`, which says how a host grants it."""
    try:
        return ctx.service(kind)
    except LookupError:
        option = _OPTIONS.get(kind)
        on_the_command_line = f"; `nodeflow run` takes {option}" if option else ""
        raise NotGranted(
            f"this needs {kind.__name__}, which the host did not grant: "
            f"run(..., services=[{kind.__name__}(...)]){on_the_command_line}"
        ) from None


# --- chance and time ----------------------------------------------------------------------------------


@frozen
class Seed:
    """Makes random nodes repeat: each draw depends on the seed, the node, its place in the tree and its count.

    Attributes:
        value: Two runs of one document with the same seed draw the same values, whatever the schedule.
    """

    value: int | str = 0


class Clock:
    """Tells the time of day. A host that wants runs to repeat gives one that stands still.

    >>> Clock().now().tzinfo
    datetime.timezone.utc
    """

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return datetime.now(UTC)


# --- checks of what a host writes: a mistake fails there, not in the middle of a run -----------------------


def _at_least(least: float) -> Any:
    def check(_: Any, attribute: Any, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float) or not value >= least:
            raise ValueError(f"{attribute.name} must be a number of at least {least:g}, not {_short(value)}")

    return check


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _texts(values: Iterable[str] | str) -> tuple[str, ...]:
    found = (values,) if isinstance(values, str) else tuple(values)
    for each in found:
        if not isinstance(each, str) or not each or "\0" in each:
            raise ValueError(f"{_short(each)} is not a text that names something")
    return found


def _text_by_name(values: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in values.items():
        if not isinstance(name, str) or not name or not isinstance(value, str) or "\0" in name + value:
            raise ValueError(f"{_short(name)} must be a name with a text")  # the text may be secret
    return MappingProxyType(dict(values))


def _absolute(path: str | os.PathLike[str]) -> Path:
    if not os.fspath(path):
        raise ValueError("a path is missing; the working directory is '.'")  # as of a variable that is not set
    return Path(os.path.abspath(path))


# --- files --------------------------------------------------------------------------------------------


@frozen
class Files:
    """Grants the files below one folder. Paths of nodes are relative to it, and nothing leads out of it.

    Symbolic links, devices, pipes and sockets below it are refused, whatever they lead to. (Hard links and mounted
    folders cannot be told from others: what the host puts into the folder is granted.)

    Attributes:
        root: The folder.
        write: Whether nodes may change, make and delete files; they may only read unless said.
        max_bytes: The largest file that is read or written.
        max_entries: How many files and folders a node looks at when it lists or watches.
    """

    root: Path = field(converter=_absolute)
    write: bool = field(default=False, kw_only=True)
    max_bytes: int = field(default=10 * _MIB, kw_only=True, validator=_at_least(0))
    max_entries: int = field(default=10_000, kw_only=True, validator=_at_least(1))


# --- HTTP ---------------------------------------------------------------------------------------------

ANY_PUBLIC: Final = "*"
"""In `Http.allow`: every server with a public address."""

_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s/:?#@\[\]\\]+)(:\d{1,5})?")


def _places(values: Iterable[str] | str) -> tuple[str, ...]:
    found = _texts(values)
    for each in found:
        if each != ANY_PUBLIC and not _HOST.fullmatch(each) and not _is_start_of_url(each):
            raise ValueError(
                f"{_short(each)} grants no place: say 'https://api.example.com/v1/', 'api.example.com' or '*'"
            )
    return found


def _is_start_of_url(text: str) -> bool:
    from urllib.parse import urlsplit  # only hosts that grant HTTP pay for it

    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    more = parts.username or parts.password or parts.query or parts.fragment
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not more


@frozen
class Http:
    """Grants HTTP requests.

    Attributes:
        allow: Where to: beginnings of URLs (`https://api.example.com/v1/`), hosts (`api.example.com`,
            `localhost:8000`), or `*` for every server with a public address. A private, local or link-local address
            is reached only if an entry other than `*` names its host. Redirects are held to the same.
        max_bytes: The largest body that is sent or accepted, unpacked.
        timeout: Seconds that one request takes at most, with its redirects and its whole answer.
        max_redirects: How many redirects one request follows.
        transport: For tests: what answers instead of the network, an `httpx.AsyncBaseTransport`.
    """

    allow: tuple[str, ...] = field(default=(ANY_PUBLIC,), converter=_places)
    max_bytes: int = field(default=10 * _MIB, kw_only=True, validator=_at_least(0))
    timeout: float = field(default=30.0, kw_only=True, validator=_at_least(0))
    max_redirects: int = field(default=5, kw_only=True, validator=_at_least(0))
    transport: Any = field(default=None, kw_only=True, repr=False)


# --- processes ----------------------------------------------------------------------------------------


def _programs(values: Iterable[str] | str) -> tuple[str, ...]:
    found = _texts(values)
    for each in found:
        if os.path.dirname(each) and not os.path.isabs(each):
            raise ValueError(f"{each!r} is a relative path: say the name of a program, or an absolute path")
    return found


@frozen
class Processes:
    """Grants running certain programs. What a program can do with any arguments, the graph can do.

    Attributes:
        allow: Names of programs, looked up in `PATH`, or absolute paths; a node says them as they stand here.
        timeout: Seconds after which a process is killed, with all that it started.
        max_bytes: How much it may print, on stdout and stderr together, and how much it is given on stdin.
        env: All of its environment.
        cwd: Where it runs; where the host runs unless said.
    """

    allow: tuple[str, ...] = field(converter=_programs)
    timeout: float = field(default=60.0, kw_only=True, validator=_at_least(0))
    max_bytes: int = field(default=_MIB, kw_only=True, validator=_at_least(0))
    env: Mapping[str, str] = field(factory=dict, kw_only=True, converter=_text_by_name, repr=False)
    cwd: Path | None = field(default=None, kw_only=True, converter=optional(_absolute))


# --- databases ----------------------------------------------------------------------------------------


def _urls(urls: Mapping[str, str]) -> Mapping[str, str]:
    """URLs by name, paths of SQLite made absolute: a later change of the working directory changes nothing."""
    found = {}
    for name, url in _text_by_name(urls).items():
        scheme, _, rest = url.partition(":")
        if scheme == "sqlite" and rest and rest != ":memory:":
            url = f"sqlite:{_absolute(rest)}"
        elif scheme not in ("postgresql", "postgres") or not rest.startswith("//"):
            raise ValueError(  # without the URL: it may have a password in it
                f"the URL of database {name!r} must be 'sqlite:PATH' or 'postgresql://USER:PASSWORD@HOST/NAME'"
            )
        found[name] = url
    return MappingProxyType(found)


def _names_only(values: Mapping[str, Any]) -> str:
    return repr([*values])


def _which(names: bool | Iterable[str]) -> bool | frozenset[str]:
    return names if isinstance(names, bool) else frozenset(_texts(names))


@frozen
class Databases:
    """Grants databases, by names that the graph uses. What the user of a URL may do there, the graph may do.

    Attributes:
        urls: URL by name: `sqlite:data.db` (one file, made if it is not there) or `postgresql://...`.
        read_only: Whether statements that change something fail: everywhere, or in the databases of these names.
        max_rows: How many rows a query gives at most.
        max_bytes: How much all its rows hold at most.
        max_value: How long one text or blob is at most, in SQLite.
        timeout: Seconds that a statement takes at most.
    """

    urls: Mapping[str, str] = field(converter=_urls, repr=_names_only)
    read_only: bool | frozenset[str] = field(default=False, kw_only=True, converter=_which)
    max_rows: int = field(default=10_000, kw_only=True, validator=_at_least(0))
    max_bytes: int = field(default=10 * _MIB, kw_only=True, validator=_at_least(0))
    max_value: int = field(default=_MIB, kw_only=True, validator=_at_least(100))
    timeout: float = field(default=30.0, kw_only=True, validator=_at_least(0))

    def is_read_only(self, name: str) -> bool:
        """Whether the database of this name may only be read."""
        return self.read_only if isinstance(self.read_only, bool) else name in self.read_only


# --- secrets and the environment ----------------------------------------------------------------------


class Secret:
    """A text that is never shown: not printed, not logged, not in a result, an error or a file.

    It goes into headers of HTTP requests and parameters of SQL statements as it is. It does not protect against a
    graph that sends it to somebody who sends it back: grant hosts and databases that may know it.

    >>> token = Secret("s3cr3t")
    >>> token, str(token), f"{token}", token == Secret("s3cr3t")
    (Secret(***), '***', '***', True)
    >>> token.reveal()
    's3cr3t'
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError(f"a secret is a text, not of type {type(text).__name__}")
        object.__setattr__(self, "_text", text)

    def reveal(self) -> str:
        """The text. Only what hands it to where it belongs asks for it."""
        return str(self._text)  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # takes a time that tells nothing; loads OpenSSL

        mine, others = (each.reveal().encode("utf-8", "surrogatepass") for each in (self, other))
        return compare_digest(mine, others)

    def __hash__(self) -> int:
        return hash((Secret, self.reveal()))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a secret cannot be changed")

    def __deepcopy__(self, memo: object = None) -> Secret:
        return self

    __copy__ = __deepcopy__

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written to files")


def _secrets(values: Mapping[str, str | Secret]) -> Mapping[str, Secret]:
    return MappingProxyType({name: v if isinstance(v, Secret) else Secret(v) for name, v in values.items()})


@frozen
class Secrets:
    """Grants secrets, by names that the graph uses.

    Attributes:
        values: Text by name.
    """

    values: Mapping[str, Secret] = field(converter=_secrets, repr=_names_only)

    def get(self, name: str) -> Secret:
        """The secret of this name.

        Raises:
            NotGranted: There is none.
        """
        if name not in self.values:
            known = ", ".join(self.values) or "none"
            raise NotGranted(f"the host granted no secret {_short(name)}; it granted {known}")
        return self.values[name]


def _environment(values: Mapping[str, str] | None) -> Mapping[str, str]:
    return MappingProxyType(dict(os.environ if values is None else values))


@frozen
class Environment:
    """Grants variables of the environment, as they are when it is made. They are plain texts to the graph.

    Attributes:
        allow: Names of the variables.
        values: Where they are looked up: the environment of this process unless said.
    """

    allow: tuple[str, ...] = field(converter=_texts)
    values: Mapping[str, str] = field(default=None, converter=_environment, repr=False)

    def get(self, name: str) -> str | None:
        """The variable, None if it is not set. Raises `NotGranted` if it is none of those that are allowed."""
        if name not in self.allow:
            known = ", ".join(self.allow) or "none"
            raise NotGranted(f"the host did not grant the environment variable {_short(name)}; it granted {known}")
        return self.values.get(name)


_OPTIONS: Final[Mapping[Any, str]] = {
    Files: "--allow-files DIR",
    Http: "--allow-http URL-PREFIX",
    Processes: "--allow-process PROGRAM",
    Databases: "--database NAME=URL",
    Secrets: "--secret NAME=@FILE or NAME=env:VARIABLE",
    Environment: "--allow-env NAME",
    Seed: "--seed N",
}
"""The option of `nodeflow run` that grants each."""
