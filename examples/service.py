"""A trio service that runs a graph for each request: `python examples/service.py`.

The document is compiled once; each request is a run of its own, with limits. Runs at the same time share nothing
but the compiled document. A small client in this file asks a few things and then ends the program.
"""

from __future__ import annotations

import json
from functools import partial
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

import trio

import nodeflow as nf
from nodeflow.library import flow, lists, math, text

LIMITS = nf.Limits(steps=10_000, deadline=0.5, threads=100)
"""What a single request may use."""
STATUS = {"failed": HTTPStatus.UNPROCESSABLE_ENTITY, "timed_out": HTTPStatus.GATEWAY_TIMEOUT}
"""What a client is told of a run that did not complete."""
MAX_REQUEST = 8192


def build() -> nf.Workflow:
    """Quotes each product of an order side by side, and adds up; `seconds` is how long the warehouse takes."""
    quote = nf.Workflow(
        "quote",
        inputs={"products": "list[text]", "rebate": ("float", 1.0), "seconds": ("float", 0.05)},
        outputs={"lines": "list", "each": "float"},
    )
    start = quote.add(flow.start)
    every = quote.add(flow.batch, parallel=4)
    warehouse = quote.add(flow.delay)
    line = quote.add(text.format, template="{index}: {product}")
    count = quote.add(lists.length)
    share = quote.add(math.divide)
    done = quote.add(flow.set_output)

    start >> every
    quote.inputs.products >> every["items"]
    every.process >> warehouse
    quote.inputs.seconds >> warehouse.seconds
    every.index >> line["index"]
    every.item >> line["product"]
    line.result >> every.result
    every.continue_ >> done
    every.results >> done["lines"]
    quote.inputs.rebate >> share.a
    quote.inputs.products >> count.list
    count.result >> share.b
    share.result >> done["each"]
    return quote


async def answer(compiled: nf.Compiled, query: dict[str, str]) -> tuple[HTTPStatus, dict[str, object]]:
    """Run the graph for one request."""
    inputs: dict[str, object] = {"products": [name for name in query.get("products", "").split(",") if name]}
    inputs |= {name: float(query[name]) for name in ("rebate", "seconds") if name in query}
    try:
        result = await compiled.run(inputs=inputs, limits=LIMITS)
    except nf.RunError as error:  # the run did not complete; this service goes on
        return STATUS[error.result.status], {"error": str(error)}
    except nf.SocketTypeError as error:  # there was no run: an input does not fit
        return HTTPStatus.BAD_REQUEST, {"error": str(error)}
    return HTTPStatus.OK, dict(result.outputs)


async def serve_one(compiled: nf.Compiled, stream: trio.SocketStream) -> None:
    """One connection: one HTTP request and its response."""
    async with stream:
        try:
            head = await receive_head(stream)
            target = head.split(b" ", 2)[1].decode("ascii")
            status, body = await answer(compiled, dict(parse_qsl(urlsplit(target).query)))
        except (ValueError, IndexError) as error:
            status, body = HTTPStatus.BAD_REQUEST, {"error": f"bad request: {error}"}
        except trio.BrokenResourceError:
            return  # the client went away
        content = json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status.value} {status.phrase}", "Content-Type: application/json"]
        lines += [f"Content-Length: {len(content)}", "Connection: close", "", ""]
        try:
            await stream.send_all("\r\n".join(lines).encode() + content)
        except trio.BrokenResourceError:
            return


async def receive_head(stream: trio.SocketStream) -> bytes:
    """The head of a request, of bounded size, in bounded time."""
    head = b""
    with trio.move_on_after(5):
        while b"\r\n\r\n" not in head:
            chunk = await stream.receive_some(MAX_REQUEST)
            head += chunk
            if not chunk or len(head) > MAX_REQUEST:
                raise ValueError("the head is cut off or too long")
        return head
    raise ValueError("the head took too long")


async def ask(port: int, target: str) -> str:
    """A client: one request, and the response on one line."""
    stream = await trio.open_tcp_stream("127.0.0.1", port)
    async with stream:
        await stream.send_all(f"GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        response = b"".join([chunk async for chunk in stream]).decode()
    head, _, body = response.partition("\r\n\r\n")
    return f"{head.split(' ')[1]} {body}"


async def main() -> None:
    compiled = nf.compile(build())
    targets = [
        "/quote?products=tea,bread,jam&rebate=1.5",
        "/quote?products=rice",
        "/quote?products=",  # nothing to divide by: the run fails
        "/quote?products=tea&seconds=60",  # too slow: the run's deadline passes
        "/quote?products=tea&seconds=soon",
    ]
    answers: dict[str, str] = {}

    async def client(port: int, target: str) -> None:
        answers[target] = await ask(port, target)

    async with trio.open_nursery() as nursery:
        serve = partial(trio.serve_tcp, partial(serve_one, compiled), 0, host="127.0.0.1")
        listeners: list[trio.SocketListener] = await nursery.start(serve)
        port = listeners[0].socket.getsockname()[1]
        async with trio.open_nursery() as clients:
            for target in targets:
                clients.start_soon(client, port, target)
        nursery.cancel_scope.cancel()
    for target in targets:
        print(f"GET {target}\n    {answers[target]}")


if __name__ == "__main__":
    trio.run(main)
