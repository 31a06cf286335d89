"""HTTP requests to where the host allows with `Http(...)`. They stand on httpx: the extra `http`."""

from __future__ import annotations

import base64
import json as json_
import re
import zlib
from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import define, frozen

from nodeflow.library.extras import need
from nodeflow.library.http_asking import body_of, checked_headers, is_listed, parsed, port_of
from nodeflow.node import ExecOut, NodeContext, Option, Out, data_node, exec_node
from nodeflow.services import Http, NotGranted, Secret, granted
from nodeflow.values import short, to_text

if TYPE_CHECKING:
    import httpx


class HttpStatusError(Exception):
    """A server answered with a status of 400 or more, and the node was to fail on these."""


# --- what comes back ----------------------------------------------------------------------------------


@define
class Unpacked:
    """A body as it comes in, unpacked, never more than the limit in memory."""

    limit: int
    encoding: str
    url: str
    parts: list[bytes]
    total: int = 0
    unpacker: Any = None
    packed: int = 0

    @classmethod
    def of(cls, response: httpx.Response, limit: int) -> Unpacked:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise ValueError(f"the answer is packed as {short(encoding)}, which was not asked for")
        unpacker = None if encoding in ("", "identity") else zlib.decompressobj(47)  # gzip and zlib, told by the head
        return cls(limit, encoding, str(response.url)[:200], [], 0, unpacker)

    def add(self, part: bytes) -> None:
        if self.unpacker is None:
            self._keep(part)
            return
        self.packed += len(part)
        while part:
            try:
                self._keep(self.unpacker.decompress(part, self.limit + 1 - self.total))
            except zlib.error:
                raise ValueError(f"the answer of {self.url} is not packed as {self.encoding}, as it says") from None
            part = self.unpacker.unconsumed_tail

    def _keep(self, part: bytes) -> None:
        self.total += len(part)
        if self.total > self.limit:
            raise ValueError(f"the answer of {self.url} has more than the {self.limit} bytes that the host allows")
        self.parts.append(part)

    def content(self) -> bytes:
        if self.packed and not self.unpacker.eof:
            raise ValueError(f"the answer of {self.url} is packed, and ends too early")
        return b"".join(self.parts)


@frozen
class Answer:
    """What a server answered."""

    status: int
    headers: dict[str, str]
    content: bytes
    url: str

    def text(self) -> str:
        """As the answer says it is written, else as UTF-8; what cannot be read becomes a question mark."""
        said = re.search(r"charset=\"?([\w.:-]{1,40})", self.headers.get("content-type", ""), re.ASCII)
        encoding = said[1].lower() if said else "utf-8"
        if not encoding.startswith(
            ("utf", "ascii", "us-ascii", "iso-8859", "latin", "windows-", "cp", "gb", "big5", "shift", "euc", "koi8")
        ):
            encoding = "utf-8"
        try:
            return self.content.decode(encoding, "replace")
        except (LookupError, ValueError):
            return self.content.decode("utf-8", "replace")

    def json(self) -> Any:
        """As data, if the answer says that it is JSON and it is; else None."""
        kind = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" and not kind.endswith("+json"):
            return None
        try:
            return json_.loads(self.content, parse_constant=_no_json)
        except (ValueError, RecursionError):
            return None


def _no_json(name: str) -> Any:
    raise ValueError(name)


# --- the nodes ----------------------------------------------------------------------------------------

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class _Client:
    """The connections of one placed node: one to places that the host named, one to public addresses only."""

    def __init__(self) -> None:
        self._clients: dict[bool, httpx.AsyncClient] = {}
        self._own: list[httpx.AsyncClient] = []  # a transport that the host gave is the host's to close

    async def open(self, services: list[object]) -> None:
        """Nothing is connected, nor imported, before there is a request."""

    async def close(self) -> None:
        for client in self._own:
            await client.aclose()

    def client(self, httpx: Any, grant: Http, listed: bool) -> httpx.AsyncClient:
        if listed not in self._clients:
            self._clients[listed] = _make_client(httpx, grant, listed)
            if grant.transport is None:
                self._own.append(self._clients[listed])
        return self._clients[listed]


def _make_client(httpx: Any, grant: Http, listed: bool) -> httpx.AsyncClient:
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    transport = grant.transport
    if transport is None and listed:
        transport = httpx.AsyncHTTPTransport(verify=httpx.create_ssl_context(), trust_env=False)
    elif transport is None:
        from nodeflow.library.http_transport import PublicTransport

        transport = PublicTransport(httpx.create_ssl_context())
    # No proxies and passwords of the host's environment, and no cookies: what a request sends stands on the node.
    cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
    return httpx.AsyncClient(transport=transport, trust_env=False, cookies=cookies, timeout=None)  # type: ignore[no-any-return]


async def _body(response: httpx.Response, limit: int) -> bytes:
    body = Unpacked.of(response, limit)
    if response.is_stream_consumed:  # by a transport for tests, which has unpacked it too
        body.unpacker = None
        body.add(response.content)
        return body.content()
    problem: ValueError | None = None
    try:
        async for part in response.aiter_raw():
            if problem is None:
                try:
                    body.add(part)
                except ValueError as error:
                    problem = error
                    await response.aclose()  # so that reading on fails, from the inside of all its generators
    except Exception:
        if problem is None:
            raise
    if problem is not None:
        raise problem
    return body.content()


async def _ask(client: _Client, httpx: Any, grant: Http, first: httpx.Request, hidden: frozenset[str]) -> Answer:
    """Send a request and follow its redirects, each held to the grant."""
    request, hops = first, 0
    while True:
        listed = is_listed(httpx, grant, request.url)
        response = await client.client(httpx, grant, listed).send(request, stream=True)
        try:
            following = response.next_request
            if following is None:
                body = await _body(response, grant.max_bytes)
                headers = dict(response.headers.items())
                return Answer(response.status_code, headers, body, str(response.url))
        finally:
            await response.aclose()
        hops += 1
        if hops > grant.max_redirects:
            raise ValueError(f"{short(str(first.url))} leads on and on: more than {grant.max_redirects} redirects")
        target = parsed(httpx, str(following.url))
        if (target.scheme, target.host, port_of(target)) != (
            request.url.scheme,
            request.url.host,
            port_of(request.url),
        ):
            for name in hidden:  # what was meant for one server is not told to another
                following.headers.pop(name, None)
        request = following


class _Request(_Client):
    """Send an HTTP request and wait for the whole answer."""

    async def run(
        self,
        ctx: NodeContext,
        url: str,
        method: str = "GET",
        query: dict[str, Any] = {},  # noqa: B006 - the default of a socket; nobody changes it
        headers: dict[str, Any] = {},  # noqa: B006
        body: Any = None,
        timeout: float | None = None,
        fail_on_error_status: Option[bool] = False,
        *,
        status: Out[int],
        headers_: Out[dict[str, str]],
        text: Out[str],
        json: Out[Any],
        bytes_: Out[bytes],
        exit: ExecOut,
    ) -> ExecOut:
        """Send an HTTP request and wait for the whole answer.

        Redirects are followed, as far as they lead to what the host granted; secrets, `Authorization` and `Cookie`
        do not go along to another server. No cookies are kept. Fails with `NotGranted` or `PermissionError` if the
        host does not grant it, with `TimeoutError`, with `ConnectionError` if there is no answer, with `ValueError` if
        the answer is larger than the host allows, and, if asked to, with `HttpStatusError`.

        Args:
            url: Begins with `https://` or `http://`.
            method: GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
            query: Names and values that are added to the URL, lists as several.
            headers: Names and values; a value may be a secret.
            body: Bytes and texts are sent as they are, anything else as JSON; none: no body.
            timeout: Seconds until the whole answer must be there; what the host allows, unless it is less.
            fail_on_error_status: Fail if the status is 400 or more.
            status: The status of the answer; 200 is fine.
                headers_: The headers of the answer, with names in small letters.
            text: The body as text, in the encoding that the answer names.
            json: The body as data, if the answer says that it is JSON.
            bytes_: The body as it is.

        >>> import httpx
        >>> from nodeflow.testing import try_node
        >>> def server(request):
        ...     return httpx.Response(200, json={"you asked": request.url.path})
        >>> grant = Http(transport=httpx.MockTransport(server))
        >>> try_node(request, url="https://example.com/hello", services=[grant]).outputs["json"]
        {'you asked': '/hello'}
        """
        grant = granted(ctx, Http)
        httpx = need("httpx", extra="http")
        asked, hidden = _request(httpx, grant, method, url, query, headers, body)
        seconds = grant.timeout if timeout is None else min(timeout, grant.timeout)
        if not seconds > 0:
            raise ValueError(f"timeout must be more than 0 seconds, not {seconds:g}")
        answer = await _within(ctx, seconds, asked, _ask(self, httpx, grant, asked, hidden))
        status.set(answer.status)
        headers_.set(answer.headers)
        text.set(answer.text())
        json.set(answer.json())
        bytes_.set(answer.content)
        if fail_on_error_status and answer.status >= 400:
            raise HttpStatusError(f"{method} {_place(asked)} was answered with {answer.status}")
        return exit


async def _within(ctx: NodeContext, seconds: float, request: httpx.Request, asking: Awaitable[Answer]) -> Answer:
    """The answer, if it is there in time; what fails on the way says so in words of ours."""
    answer: Answer | None = None
    with ctx.timeout(seconds):
        try:
            answer = await asking
        except Exception as error:
            if (problem := _said(error, request)) is None:
                raise
            raise problem from None
    if answer is None:
        raise TimeoutError(f"{request.method} {_place(request)} took more than {seconds:g} s")
    return answer


def _request(
    httpx: Any, grant: Http, method: str, url: str, query: Mapping[str, Any], headers: Mapping[str, Any], body: Any
) -> tuple[httpx.Request, frozenset[str]]:
    if method not in METHODS:
        raise ValueError(f"{short(method)} is no method; one of {', '.join(METHODS)}")
    place = parsed(httpx, url)
    if query:
        given = {
            name: list(map(_part, each)) if isinstance(each, list) else _part(each) for name, each in query.items()
        }
        place = parsed(httpx, str(place.copy_merge_params(given)))
    is_listed(httpx, grant, place)
    content, kind = body_of(body, grant.max_bytes)
    ready, hidden = checked_headers(headers)
    if kind:
        ready.setdefault("content-type", kind)
    ready.setdefault("user-agent", "nodeflow")
    ready.setdefault("accept", "*/*")
    ready["accept-encoding"] = "gzip"
    return httpx.Request(method, place, headers=ready, content=content if kind else None), hidden


def _part(value: Any) -> str:
    if isinstance(value, Secret):
        raise TypeError("a secret is sent in a header: URLs are written down everywhere")
    return to_text(value)


def _place(request: httpx.Request) -> str:
    """A URL for messages: without its query, which may hold what is nobody's business."""
    return short(str(request.url.copy_with(query=None, fragment=None)))


def _said(error: Exception, request: httpx.Request) -> Exception | None:
    """What to raise instead of what httpx and httpcore raise; None: the error itself."""
    module = type(error).__module__.partition(".")[0]
    if isinstance(error, ValueError | PermissionError | NotGranted):
        return None
    if module in ("httpx", "httpcore", "h11") or isinstance(error, OSError):
        name = type(error).__name__
        return ConnectionError(f"{request.method} {_place(request)} failed: {name}: {short(str(error))}")
    return None


request = exec_node("http.request")(_Request)


@data_node("http.basic_auth")
def basic_auth(user: str, password: Any) -> Any:
    """The value of a header `Authorization` for a user and a password, as a secret.

    Args:
        user: The name of the user; it has no `:` in it.
        password: A secret, or a text.

    >>> basic_auth("ada", Secret("s3cret"))
    Secret(***)
    >>> basic_auth("ada", Secret("s3cret")).reveal()
    'Basic YWRhOnMzY3JldA=='
    """
    if ":" in user:
        raise ValueError(f"the name of a user has no ':' in it, as {short(user)} has")
    text = password.reveal() if isinstance(password, Secret) else to_text(password)
    return Secret("Basic " + base64.b64encode(f"{user}:{text}".encode("utf-8", "surrogatepass")).decode())
