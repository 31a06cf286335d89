"""What a node may ask of which server: URLs against the grant `Http(...)`, headers and bodies against what is safe."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from nodeflow.library.patterns import compiled_later
from nodeflow.services import ANY_PUBLIC, Http, NotGranted, Secret
from nodeflow.values import short, to_json, to_text

if TYPE_CHECKING:
    import httpx

# --- what may be asked of whom ------------------------------------------------------------------------

LONGEST_URL: Final = 8_192
MOST_HEADERS: Final = 100
LONGEST_HEADER: Final = 16_384
_HOST: Final = compiled_later(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_TOKEN: Final = compiled_later(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,200}")
_OURS: Final = frozenset(
    ("host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect",
     "accept-encoding")
)  # fmt: skip
"""Headers that say how a request travels: who sets them sends it elsewhere, or two for one."""


def parsed(library: Any, url: str) -> httpx.URL:
    """A URL, if it is one of HTTP; `library` is httpx, which is imported by who makes a request."""
    if len(url) > LONGEST_URL:
        raise ValueError(f"the URL {short(url)} has more than {LONGEST_URL} characters")
    try:
        found: httpx.URL = library.URL(url.strip())
    except (library.InvalidURL, ValueError) as error:
        raise ValueError(f"{short(url)} is no URL: {error}") from None
    if found.scheme not in ("http", "https") or not _HOST.fullmatch(found.raw_host.decode()) or port_of(found) > 65_535:
        raise ValueError(
            f"{short(url)} is no URL of HTTP: it begins with https:// or http:// and a host, as example.com"
        )
    if found.userinfo:
        raise ValueError(f"a URL has no user and password in it ({found.host}); give the header 'Authorization'")
    return found


def port_of(url: httpx.URL) -> int:
    return url.port or (443 if url.scheme == "https" else 80)


def _names(library: Any, entry: str, url: httpx.URL) -> bool:
    """Whether an entry of `Http.allow` names the place of a URL."""
    if "://" not in entry:
        host = library.URL(f"//{entry}")
        return bool(
            host.host == url.host and (host.port or port_of(url)) == port_of(url) and (host.port or not url.port)
        )
    start = library.URL(entry)
    if (start.scheme, start.host, port_of(start)) != (url.scheme, url.host, port_of(url)):
        return False
    folder = start.path if start.path.endswith("/") else start.path + "/"
    return folder == "/" or ((url.path + "/").startswith(folder) and _stays(url))


def _stays(url: httpx.URL) -> bool:
    """Whether a path goes down only, however often a server decodes it."""
    path = url.raw_path.decode("ascii").partition("?")[0]
    for _ in range(5):
        path, before = unquote(path), path
        if path == before:
            return not {".", ".."} & {name.partition(";")[0] for name in re.split(r"[/\\]", path)}
    return False


def is_listed(library: Any, grant: Http, url: httpx.URL) -> bool:
    """Whether the host named the place; False: it may be reached if its address is public.

    Raises:
        NotGranted: It may not be asked at all.
    """
    if any(entry != ANY_PUBLIC and _names(library, entry, url) for entry in grant.allow):
        return True
    if ANY_PUBLIC not in grant.allow:
        known = ", ".join(grant.allow) or "none"
        raise NotGranted(
            f"the host did not grant requests to {url.scheme}://{url.netloc.decode()}{url.path[:100]}; "
            f"it granted {known}"
        )
    return False


# --- what is sent -------------------------------------------------------------------------------------


def checked_headers(headers: Mapping[str, Any]) -> tuple[dict[str, str], frozenset[str]]:
    """The headers with what is secret in them revealed, and the names of those that are.

    No message of this function shows a value: it may be secret though it is no `Secret`.
    """
    if len(headers) > MOST_HEADERS:
        raise ValueError(f"a request has at most {MOST_HEADERS} headers, not {len(headers)}")
    found: dict[str, str] = {}
    hidden = {"authorization", "cookie"}
    for name, value in headers.items():
        key = name.lower()
        if not _TOKEN.fullmatch(name) or key in _OURS or key.startswith("proxy-"):
            raise ValueError(f"{short(name)} is no name of a header, or one that is not for the graph to set")
        if isinstance(value, Secret):
            hidden.add(key)
        text = value.reveal() if isinstance(value, Secret) else to_text(value)
        if len(text) > LONGEST_HEADER or not all(" " <= letter <= "~" or letter == "\t" for letter in text):
            raise ValueError(
                f"the value of the header {name!r} has characters that a header cannot have, "
                f"or more than {LONGEST_HEADER}"
            )
        if key in found:
            raise ValueError(f"the header {name!r} is given twice")
        found[key] = text.strip()
    return found, frozenset(hidden)


def body_of(body: Any, limit: int) -> tuple[bytes, str]:
    """What a body is as bytes, and its type: bytes and texts as they are, other values as JSON.

    >>> body_of({"a": [1]}, 100), body_of("ä", 100), body_of(None, 100)
    ((b'{"a":[1]}', 'application/json'), (b'\\xc3\\xa4', 'text/plain; charset=utf-8'), (b'', ''))
    """
    if isinstance(body, Secret):
        raise TypeError("a secret is sent in a header, not as the body of a request")
    if body is None:
        return b"", ""
    if isinstance(body, bytes):
        content, kind = body, "application/octet-stream"
    elif isinstance(body, str):
        content, kind = body.encode("utf-8", "replace"), "text/plain; charset=utf-8"
    else:
        try:
            text = json.dumps(to_json(body), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        except (ValueError, RecursionError):
            raise ValueError(f"{short(body)} cannot be written as JSON: it is too deep, or not finite") from None
        content, kind = text.encode("utf-8", "replace"), "application/json"
    if len(content) > limit:
        raise ValueError(f"the body has {len(content)} bytes, and the host allows {limit}")
    return content, kind
