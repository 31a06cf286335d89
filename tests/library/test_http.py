"""HTTP requests: what is sent, what comes back, and what is not allowed."""

import gzip
import json
import zlib
from functools import partial

import pytest
import trio
import trio.testing

import nodeflow as nf
from nodeflow.errors import NodeFailed
from nodeflow.library import flow, http
from nodeflow.library.http_asking import is_listed
from nodeflow.services import Http, NotGranted, Secret
from nodeflow.testing import try_node

httpx = pytest.importorskip("httpx", reason="the extra `http` is not installed")

from nodeflow.library import http_transport  # noqa: E402

URL = "https://api.example.com/v1/items"


def server(answer, seen=None):
    """A transport that answers with a response, or with what a function of the request gives."""

    def handle(request):
        if seen is not None:
            seen.append(request)
        return answer(request) if callable(answer) else answer

    return httpx.MockTransport(handle)


def ask(answer, *, allow=("*",), seen=None, grant=None, **given):
    grant = {"transport": server(answer, seen)} | (grant or {})
    return try_node(http.request, services=[Http(allow, **grant)], **({"url": URL} | given))


def sent(**given):
    """The one request that is sent."""
    seen = []
    ask(httpx.Response(200), seen=seen, **given)
    (request,) = seen
    return request


class Parts(httpx.AsyncByteStream):
    """A body in parts, as it comes in over the net."""

    def __init__(self, *parts):
        self.parts = parts
        self.given = self.closed_after = 0

    async def __aiter__(self):
        for part in self.parts:
            self.given += len(part)
            yield part

    async def aclose(self):
        self.closed_after = self.closed_after or self.given


# --- what is sent -------------------------------------------------------------------------------------


def test_a_plain_request():
    request = sent()
    assert (request.method, str(request.url), request.content) == ("GET", URL, b"")
    assert dict(request.headers) == {
        "host": "api.example.com", "user-agent": "nodeflow", "accept": "*/*", "accept-encoding": "gzip",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("body", "content", "kind"),
    [
        ({"a": [1, None, 2.5]}, b'{"a":[1,null,2.5]}', "application/json"),
        ([], b"[]", "application/json"),
        (0, b"0", "application/json"),
        (False, b"false", "application/json"),
        ("ä", "ä".encode(), "text/plain; charset=utf-8"),
        ("", b"", "text/plain; charset=utf-8"),
        (b"\xff", b"\xff", "application/octet-stream"),
    ],
)
def test_bodies(body, content, kind):
    request = sent(method="POST", body=body)
    assert (request.content, request.headers["content-type"]) == (content, kind)


def test_the_type_of_a_body_can_be_said():
    assert sent(method="PUT", body="<a/>", headers={"Content-Type": "text/xml"}).headers["content-type"] == "text/xml"


def test_query():
    given = {"q": "a b&c", "n": 3, "on": True, "tags": ["x", "y"], "none": None}
    assert str(sent(url=URL + "?a=1", query=given).url) == URL + "?a=1&q=a+b%26c&n=3&on=true&tags=x&tags=y&none="


@pytest.mark.parametrize("body", [float("nan"), {"a": [float("inf")]}])
def test_what_is_no_json(body):
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        sent(method="POST", body=body)


def test_a_body_that_is_too_deep_is_an_error():
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="cannot be written as JSON"):
        sent(method="POST", body=deep)


def test_a_body_that_is_too_large():
    with pytest.raises(ValueError, match="the body has 11 bytes, and the host allows 10"):
        sent(method="POST", body="x" * 11, grant={"max_bytes": 10})


@pytest.mark.parametrize("method", ["get", "TRACE", "CONNECT", "", "GET / HTTP/1.1\r\n"])
def test_methods(method):
    with pytest.raises(ValueError, match="is no method; one of GET"):
        sent(method=method)


@pytest.mark.parametrize(
    "url", ["", "nope", "ftp://example.com", "file:///etc/passwd", "http://", "https:///x", "http://[::1", "//x",
            "https://example.com:99999", "http://exa mple.com/", "https://e\0x.com", "javascript:alert(1)"]
)  # fmt: skip
def test_what_is_no_url(url):
    with pytest.raises(ValueError, match="is no URL"):
        sent(url=url)


def test_a_url_that_is_too_long():
    with pytest.raises(ValueError, match="more than 8192 characters"):
        sent(url=URL + "x" * 10_000)
    with pytest.raises(ValueError, match=r"more than 8192 characters|is no URL"):
        sent(query={"q": "x" * 10_000})


def test_a_url_has_no_password_in_it():
    with pytest.raises(ValueError, match="no user and password") as caught:
        sent(url="https://ada:s3cret@example.com/")
    assert "s3cret" not in str(caught.value)


# --- headers and secrets ------------------------------------------------------------------------------


def test_secrets_are_revealed_in_headers_only():
    request = sent(headers={"Authorization": http.basic_auth("ada", Secret("s3cret")), "X-Key": Secret("k3y"), "n": 1})
    assert request.headers["authorization"] == "Basic YWRhOnMzY3JldA=="
    assert (request.headers["x-key"], request.headers["n"]) == ("k3y", "1")
    for given in ({"query": {"key": Secret("k3y")}}, {"method": "POST", "body": Secret("k3y")}):
        with pytest.raises(TypeError, match="a secret is sent in a header"):
            sent(**given)
    assert b"k3y" not in sent(method="POST", body={"key": Secret("k3y")}).content


@pytest.mark.parametrize("value", ["s3cret\r\nX-Evil: 1", "s3cret\0", "s3crét", "s3cret" * 10_000])
def test_a_value_that_cannot_be_sent_is_not_shown(value):
    for given in (value, Secret(value)):
        with pytest.raises(ValueError, match="value of the header 'X-Key' has characters") as caught:
            sent(headers={"X-Key": given})
        assert "s3cr" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "Connection", "Proxy-Authorization", "Accept-Encoding", "",
             "a b", "a:", "a\n", "é", "x" * 300]
)  # fmt: skip
def test_headers_that_are_not_for_the_graph(name):
    with pytest.raises(ValueError, match=r"is no name of a header|two inputs"):
        sent(headers={name: "x"})


def test_headers_are_few_and_differ():
    with pytest.raises(ValueError, match="given twice"):
        sent(headers={"A": "1", "a": "2"})
    with pytest.raises(ValueError, match="at most 100 headers"):
        sent(headers={f"x{n}": "" for n in range(101)})


@pytest.mark.parametrize(("user", "password"), [("", ""), ("ada", "pässword"), ("a@b", Secret(":"))])
def test_basic_auth_never_shows(user, password):
    assert repr(http.basic_auth(user, password)) == "Secret(***)"


def test_basic_auth_has_no_colon():
    with pytest.raises(ValueError, match="no ':' in it"):
        http.basic_auth("a:b", "c")


# --- what comes back ----------------------------------------------------------------------------------


def test_all_outputs():
    outputs = ask(httpx.Response(201, json={"a": 1}, headers={"X-More": "1"})).outputs
    assert (outputs["status"], outputs["json"], outputs["text"], outputs["bytes"]) == (
        201,
        {"a": 1},
        '{"a":1}',
        b'{"a":1}',
    )
    assert outputs["headers"]["x-more"] == "1"


@pytest.mark.parametrize(
    ("kind", "content", "data"),
    [
        ("application/json", b"[1]", [1]),
        ("application/problem+json; charset=utf-8", b'{"a": null}', {"a": None}),
        ("application/json", b"null", None),
        ("application/json", b"", None),
        ("application/json", b"{", None),
        ("application/json", b"[NaN]", None),
        ("application/json", b"9" * 5000, None),
        ("application/json", b"[" * 100_000, None),
        ("application/json", b"\xff", None),
        ("text/plain", b"[1]", None),
        ("", b"[1]", None),
    ],
)
def test_json(kind, content, data):
    assert ask(httpx.Response(200, content=content, headers={"content-type": kind})).outputs["json"] == data


@pytest.mark.parametrize(
    ("kind", "content", "text"),
    [
        ("text/plain; charset=latin-1", b"\xe4", "ä"),
        ('text/plain; charset="UTF-16-LE"', "ä".encode("utf-16-le"), "ä"),
        ("text/plain", "ä".encode(), "ä"),
        ("text/plain", b"\xff", "\ufffd"),
        ("text/plain; charset=nope", b"a", "a"),
        ("text/plain; charset=punycode", b"a-", "a-"),
        ("text/plain; charset=utf-99", b"a", "a"),
        ("", b"", ""),
    ],
)
def test_text(kind, content, text):
    assert ask(httpx.Response(200, content=content, headers={"content-type": kind})).outputs["text"] == text


def test_error_statuses_are_answers_unless_they_are_to_fail():
    assert ask(httpx.Response(404)).outputs["status"] == 404
    with pytest.raises(http.HttpStatusError, match=r"GET '.*/v1/items' was answered with 503"):
        ask(httpx.Response(503, text="s3cret"), fail_on_error_status=True, query={"token": "s3cret"})
    assert ask(httpx.Response(204), fail_on_error_status=True).outputs["bytes"] == b""


def test_a_failed_node_can_be_caught_by_the_name_of_its_error():
    wf = nf.Workflow("main")
    attempt = wf.add(flow.try_, catches=["HttpStatusError"])
    asking, show = wf.add(http.request, url=URL, fail_on_error_status=True), wf.add(flow.print, value="caught")
    wf.add(flow.start) >> attempt
    attempt.body >> asking
    attempt.catch >> show
    grant = Http(transport=server(httpx.Response(500)))
    assert nf.run_sync(wf, services=[grant]).printed == ["caught"]


def test_a_large_answer_is_given_up_as_it_comes_in():
    body = Parts(*[b"x" * 100] * 4)
    with pytest.raises(ValueError, match="more than the 250 bytes"):
        ask(httpx.Response(200, stream=body), grant={"max_bytes": 250})
    assert body.closed_after == 300


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
def test_packed_answers(encoding):
    pack = zlib.compress if encoding == "deflate" else gzip.compress
    packed = pack(b"hello" * 100)
    answer = httpx.Response(200, stream=Parts(packed[:5], packed[5:]), headers={"content-encoding": encoding})
    assert ask(answer).outputs["bytes"] == b"hello" * 100


def test_a_bomb_is_not_unpacked():
    bomb = Parts(gzip.compress(b"\0" * 50_000_000, mtime=0))
    with pytest.raises(ValueError, match="more than the 1000 bytes"):
        ask(httpx.Response(200, stream=bomb, headers={"content-encoding": "gzip"}), grant={"max_bytes": 1000})


@pytest.mark.parametrize(
    ("encoding", "content", "error"),
    [
        ("gzip", b"hello", "is not packed as gzip"),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-9], "ends too early"),
        ("br", b"hello", "packed as 'br', which was not asked for"),
        ("gzip, gzip", b"hello", "was not asked for"),
    ],
)
def test_what_cannot_be_unpacked(encoding, content, error):
    with pytest.raises(ValueError, match=error):
        ask(httpx.Response(200, stream=Parts(content), headers={"content-encoding": encoding}))


def test_an_answer_without_a_body_may_say_that_it_would_be_packed():
    answer = httpx.Response(200, stream=Parts(), headers={"content-encoding": "gzip"})
    assert ask(answer, method="HEAD").outputs["bytes"] == b""


def fails(error):
    def answer(request):
        raise error

    return answer


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.RemoteProtocolError("no"), OSError("down")])
def test_no_answer(error):
    with pytest.raises(ConnectionError, match=r"GET 'https://api.example.com/v1/items' failed: \w+: '\w+'"):
        ask(fails(error), query={"q": "s3cret"})


def test_an_answer_that_drips_is_given_up_in_time():
    class Drip(httpx.AsyncByteStream):
        async def __aiter__(self):
            while True:
                await trio.sleep(1)
                yield b"."

    with pytest.raises(TimeoutError, match=r"GET .* took more than 30 s"):
        ask(httpx.Response(200, stream=Drip()))
    with pytest.raises(TimeoutError, match="took more than 5 s"):
        ask(httpx.Response(200, stream=Drip()), timeout=5)
    with pytest.raises(TimeoutError, match="took more than 30 s"):
        ask(httpx.Response(200, stream=Drip()), timeout=1e9)


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeouts_that_cannot_be(timeout):
    with pytest.raises(ValueError, match="timeout must be more than 0 seconds"):
        ask(httpx.Response(200), timeout=timeout)


def test_cookies_are_not_kept():
    seen = []
    answer = httpx.Response(200, headers={"set-cookie": "id=s3cret; Path=/"})
    transport = server(lambda _: answer, seen)
    try_node(http.request, url=URL, times=2, services=[Http(transport=transport)])
    assert len(seen) == 2
    assert not any("cookie" in request.headers for request in seen)


def test_a_transport_of_the_host_is_not_closed():
    class Transport(httpx.MockTransport):
        async def aclose(self):
            raise AssertionError

    grant = Http(["*", "api.example.com"], transport=Transport(redirects("https://other.example.com/")))
    assert try_node(http.request, url=URL, services=[grant]).outputs["status"] == 200


# --- where to -----------------------------------------------------------------------------------------


def test_without_the_grant():
    with pytest.raises(NotGranted, match=r"needs Http.*--allow-http URL-PREFIX"):
        try_node(http.request, url=URL)


LISTED = [
    ("https://api.example.com/v1/", ["https://api.example.com/v1/", "https://api.example.com/v1/a?b", "https://API.example.com:443/v1/a"]),
    ("https://api.example.com/v1", ["https://api.example.com/v1", "https://api.example.com/v1/a"]),
    ("https://api.example.com", ["https://api.example.com", "https://api.example.com/a/../b"]),
    ("api.example.com", ["https://api.example.com/x", "http://api.example.com/x"]),
    ("localhost:8000", ["http://localhost:8000/x"]),
    ("[::1]:8000", ["http://[::1]:8000/"]),
    ("https://bücher.example/", ["https://bücher.example/x", "https://xn--bcher-kva.example/x"]),
]  # fmt: skip
NOT_LISTED = [
    ("https://api.example.com/v1/", [
        "https://api.example.com/", "https://api.example.com/v2/", "https://api.example.com/v1evil/",
        "http://api.example.com/v1/", "https://api.example.com:8443/v1/", "https://evil.com/v1/",
        "https://api.example.com.evil.com/v1/", "https://evil.com/https://api.example.com/v1/",
        "https://api.example.com/v1/../admin", "https://api.example.com/v1/%2e%2e/admin",
        "https://api.example.com/v1/%252e%252e/admin", "https://api.example.com/v1/..%2fadmin",
        "https://api.example.com/v1/..%5cadmin", "https://api.example.com/v1/..;/admin", "https://api.example.com./v1/",
    ]),
    ("api.example.com", ["https://api.example.com:8443/", "https://x.api.example.com/", "https://api.example.co/"]),
    ("localhost:8000", ["http://localhost/", "http://localhost:8001/", "http://127.0.0.1:8000/"]),
]  # fmt: skip


@pytest.mark.parametrize(("entry", "url"), [(entry, url) for entry, urls in LISTED for url in urls])
def test_what_an_entry_allows(entry, url):
    assert is_listed(httpx, Http([entry]), httpx.URL(url)) is True


@pytest.mark.parametrize(("entry", "url"), [(entry, url) for entry, urls in NOT_LISTED for url in urls])
def test_what_an_entry_does_not_allow(entry, url):
    with pytest.raises(NotGranted, match="the host did not grant requests to"):
        is_listed(httpx, Http([entry]), httpx.URL(url))
    assert is_listed(httpx, Http([entry, "*"]), httpx.URL(url)) is False


def test_what_is_not_allowed_is_not_asked():
    seen = []
    with pytest.raises(NotGranted, match=r"https://evil.com/; it granted api.example.com"):
        ask(httpx.Response(200), allow=["api.example.com"], url="https://evil.com/", seen=seen)
    with pytest.raises(NotGranted, match="it granted none"):
        ask(httpx.Response(200), allow=[], seen=seen)
    assert seen == []


@pytest.mark.parametrize(
    "entry",
    ["", "a b", "ftp://x", "https://", "https://u:p@x/", "https://x/?q", "https://x/#f", "https://x:99999/", 3, "a\0"],
)
def test_entries_that_cannot_be(entry):
    with pytest.raises(ValueError, match=r"grants no place|is not a text"):
        Http([entry])


# --- redirects ----------------------------------------------------------------------------------------


def redirects(*targets, status=302):
    """A server that leads from one to the next."""
    left = list(targets)
    return lambda request: httpx.Response(status, headers={"location": left.pop(0)}) if left else httpx.Response(200)


def test_redirects_are_followed():
    seen = []
    ask(redirects("/v1/other", "https://api.example.com/v2"), seen=seen)
    assert [str(each.url) for each in seen] == [URL, "https://api.example.com/v1/other", "https://api.example.com/v2"]


@pytest.mark.parametrize(
    "target", ["https://evil.com/", "http://api.example.com/v1/", "/v2/", "../admin", "//evil.com/v1/"]
)
def test_redirects_are_held_to_the_grant(target):
    seen = []
    with pytest.raises(NotGranted, match="did not grant requests to"):
        ask(redirects(target), allow=["https://api.example.com/v1/"], seen=seen)
    assert len(seen) == 1


@pytest.mark.parametrize(
    "target", ["file:///etc/passwd", "ftp://x", "http://", "https://u:p@api.example.com/", "http://[", ""]
)
def test_redirects_that_lead_nowhere(target):
    with pytest.raises((ValueError, ConnectionError)):
        ask(redirects(target, target, target, target, target, target))


def test_redirects_without_end():
    seen = []
    with pytest.raises(ValueError, match="more than 3 redirects"):
        ask(lambda _: httpx.Response(302, headers={"location": URL}), seen=seen, grant={"max_redirects": 3})
    assert len(seen) == 4


def test_what_is_meant_for_one_server_is_not_told_to_another():
    seen = []
    headers = {"X-Key": Secret("k3y"), "Authorization": "Bearer t", "X-Plain": "p"}
    targets = ["https://api.example.com/2", "http://api.example.com/3", "https://other.example.com/4"]
    ask(redirects(*targets), seen=seen, headers=headers)
    told = [{name for name in headers if name.lower() in each.headers} for each in seen]
    assert told == [{*headers}, {*headers}, {"X-Plain"}, {"X-Plain"}]
    assert not any("k3y" in str(each.headers.raw) for each in seen[2:])


@pytest.mark.parametrize(
    ("status", "method", "content"), [(303, "GET", b""), (302, "GET", b""), (307, "POST", b"x"), (308, "POST", b"x")]
)
def test_methods_of_redirects(status, method, content):
    seen = []
    ask(redirects("/2", status=status), seen=seen, method="POST", body="x")
    assert (seen[1].method, seen[1].content) == (method, content)


# --- on the net ---------------------------------------------------------------------------------------


async def asking(port, *, allow, path="/", times=1, **given):
    """Run a document that asks a server on this machine."""
    wf = nf.Workflow("main", outputs={"status": "int", "bytes": "bytes"})
    again = wf.add(flow.for_, times=times)
    node, done = wf.add(http.request, url=f"http://localhost:{port}{path}", **given), wf.add(flow.set_output)
    wf.add(flow.start) >> again
    again.body >> node >> done
    node.status >> done["status"]
    node["bytes"] >> done["bytes"]
    return (await nf.run(wf, services=[Http(allow)])).outputs


async def serve(handler, task_status=trio.TASK_STATUS_IGNORED):
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    serving = partial(trio.serve_listeners, handler, listeners)
    task_status.started(listeners[0].socket.getsockname()[1])
    await serving()


async def head_of(stream):
    """What a client sends, up to the empty line."""
    got = b""
    while not got.endswith(b"\r\n\r\n"):
        part = await stream.receive_some()
        if not part:
            return None
        got += part
    return got


async def test_a_server_on_this_machine_by_its_name(nursery):
    connections = []

    async def handler(stream):
        connections.append(stream)
        while await head_of(stream):
            await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")

    port = await nursery.start(serve, handler)
    outputs = await asking(port, allow=[f"localhost:{port}"], times=3)
    assert outputs == {"status": 200, "bytes": b"hi"}
    assert len(connections) == 1  # one is kept for the next request


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1", "[::1]", "2130706433", "0x7f.1", "0.0.0.0", "[::ffff:127.0.0.1]"]
)
async def test_this_machine_is_not_public(host, nursery):
    reached = []

    async def handler(stream):
        reached.append(stream)

    port = await nursery.start(serve, handler)
    wf = nf.Workflow("main")
    wf.add(flow.start) >> wf.add(http.request, url=f"http://{host}:{port}/")
    with pytest.raises(nf.RunFailed) as caught:
        await nf.run(wf, services=[Http()])
    cause = caught.value.__cause__.__cause__
    assert isinstance(cause, PermissionError | ConnectionError)  # some are addresses on some systems only
    assert "which is not public" in str(cause) or "gaierror" in str(cause)
    assert reached == []


async def test_a_name_that_leads_to_a_private_address_at_second_sight(monkeypatch):
    """A name that is public when it is looked at, and another address when it is connected to."""
    answers = [["93.184.216.34"], ["10.0.0.1"]]
    connected = []

    async def getaddrinfo(host, port, **_):
        return [(2, 1, 6, "", (address, port)) for address in answers.pop(0)]

    async def connect(self, address, *_):
        connected.append(address)
        return object()

    monkeypatch.setattr(http_transport.anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(http_transport.httpcore.AnyIOBackend, "connect_tcp", connect)
    backend = http_transport.PublicOnly()
    await backend.connect_tcp("rebind.example.com", 80)
    with pytest.raises(PermissionError, match=r"is at 10.0.0.1, which is not public"):
        await backend.connect_tcp("rebind.example.com", 80)
    assert connected == ["93.184.216.34"]  # the address that was looked at, not the name


async def test_of_several_addresses_the_public_ones_are_tried(monkeypatch):
    tried = []

    async def getaddrinfo(host, port, **_):
        return [(2, 1, 6, "", (each, port)) for each in ("127.0.0.1", "93.184.216.34", "8.8.8.8", "93.184.216.34")]

    async def connect(self, address, *_):
        tried.append(address)
        raise http_transport.httpcore.ConnectError("refused")

    monkeypatch.setattr(http_transport.anyio, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(http_transport.httpcore.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(http_transport.httpcore.ConnectError):
        await http_transport.PublicOnly().connect_tcp("example.com", 80)
    assert tried == ["93.184.216.34", "8.8.8.8"]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "255.255.255.255", "224.0.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "2002:a00:1::", "2001:0:53aa:64c:0:0:f5ff:fffe"],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not http_transport.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_addresses_that_are_public(address):
    assert http_transport.is_public(address)


async def test_public_servers_are_asked_over_our_own_transport(monkeypatch, nursery):
    """All of the way that a request to a public server takes, to one on this machine that counts as public."""
    got = bytearray()

    async def handler(stream):
        while not got.endswith(b"\r\n\r\nhello"):
            got.extend(await stream.receive_some())
        await stream.send_all(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nworld")

    port = await nursery.start(serve, handler)
    monkeypatch.setattr(http_transport, "is_public", lambda address: address == "127.0.0.1")
    outputs = await asking(port, allow=["*"], path="/x", query={"q": 1}, method="POST", body="hello")
    assert outputs["bytes"] == b"world"
    assert got.startswith(b"POST /x?q=1 HTTP/1.1\r\nHost: localhost:")


async def test_an_endless_answer_over_the_net(nursery):
    closed = trio.Event()

    async def handler(stream):
        await head_of(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            while True:
                await stream.send_all(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
        except trio.BrokenResourceError:
            closed.set()

    port = await nursery.start(serve, handler)
    with pytest.raises(nf.RunFailed) as caught:
        await asking(port, allow=[f"localhost:{port}"])
    assert isinstance(caught.value.__cause__, NodeFailed)
    assert "more than the 10485760 bytes" in str(caught.value)
    await closed.wait()


async def test_a_server_that_says_nonsense(nursery):
    async def handler(stream):
        await head_of(stream)
        await stream.send_all(b"nonsense\r\n\r\n")

    port = await nursery.start(serve, handler)
    with pytest.raises(nf.RunFailed, match="ConnectionError"):
        await asking(port, allow=[f"localhost:{port}"])


async def test_cancelling_closes_the_connection(nursery):
    closed, asked = trio.Event(), trio.Event()

    async def handler(stream):
        await head_of(stream)
        asked.set()
        assert not await stream.receive_some()
        closed.set()

    port = await nursery.start(serve, handler)
    async with trio.open_nursery() as running:
        running.start_soon(partial(asking, port, allow=[f"localhost:{port}"]))
        await asked.wait()
        running.cancel_scope.cancel()
    await closed.wait()


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://evil.example.com:3128")
    monkeypatch.setenv("ALL_PROXY", "http://evil.example.com:3128")
    with pytest.raises(PermissionError, match=r"'localhost' is at .*, which is not public"):
        try_node(http.request, url="https://localhost:1/", services=[Http()], real_time=True)


def test_json_of_an_answer_is_what_python_reads():
    data = {"a": [1, 2.5, "ä", None, True, {"deep": []}]}
    assert ask(httpx.Response(200, json=data)).outputs["json"] == json.loads(json.dumps(data))


def test_without_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "httpx", None)
    with pytest.raises(ImportError, match=r"pip install 'nodeflow-trio\[http\]'"):
        try_node(http.request, url=URL, services=[Http()])
