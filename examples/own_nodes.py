"""Nodes of one's own: `python examples/own_nodes.py`.

The signature is the node: parameters are sockets, the docstring is its documentation. What is here could as
well live in a package that names it in the entry point group `nodeflow.nodes`; without one,
`nodeflow run --nodes own_nodes.py FILE` makes its node types known.
"""

from __future__ import annotations

from typing import Any

import nodeflow as nf
from nodeflow.library import flow, text


@nf.data_node("example.shout")
def shout(words: str, marks: int = 1) -> str:
    """The words in capitals, with exclamation marks.

    Args:
        words: What to say.
        marks: How many marks stand behind it.
    """
    return words.upper() + "!" * marks


@nf.exec_node("example.ticket")
def ticket(prefix: nf.Option[str] = "T", *, taken: nf.SharedState[int] = nf.initially(0)) -> str:
    """Take the next ticket. All flow threads of the workflow draw from one roll.

    Args:
        prefix: Stands before the number.
    """
    return f"{prefix}{taken.update(lambda count: count + 1)}"


class Guestbook:
    """Write a name into the guest book, which is open as long as the run goes on."""

    async def open(self, services: Any) -> None:
        self.names: list[str] = []

    async def close(self) -> None:
        print(f"(the guest book is closed, with {len(self.names)} names in it)")

    def run(self, name: str) -> int:
        self.names.append(name)
        return len(self.names)


guestbook = nf.exec_node("example.guestbook")(Guestbook)  # a decorator does too, but not for type checkers


@nf.exec_node("example.arrivals")
async def arrivals(
    ctx: nf.NodeContext,
    guests: list[Any],
    every: float = 0.05,
    *,
    guest: nf.Item[Any],
    result: nf.Result[Any],
    each: nf.Branch,
    results: nf.Out[list[Any]],
    exit: nf.ExecOut,
) -> nf.ExecOut:
    """Let a guest come every now and then; all who have come are served side by side.

    Neither a fan-out nor a batch starts its paths like this. It opens a context of its own, as they do: its flow
    threads are awaited and cancelled together, and values leave it only through its result input.

    Args:
        guests: Who comes, in this order.
        every: Seconds between two guests.
        guest: The guest that this path is about.
        result: Pulled at the end of each path.
        results: What it gave, in the order of the guests.
    """
    async with ctx.open_scope(result=result) as scope:
        for number, who in enumerate(guests):
            if number:
                await ctx.sleep(every)
            scope.start(each, guest=who)
    results.set(scope.results)
    return exit


def build() -> nf.Document:
    """The party: guests arrive, draw a ticket, sign the guest book and take their time to sit down."""
    party = nf.Workflow("party", outputs={"seated": "list"})
    start = party.add(flow.start)
    door = party.add(arrivals, guests=["Ada", "Grace", "Alan"])
    draw = party.add(ticket, prefix="No. ")
    sign = party.add(guestbook, id="sign")
    hello = party.add(shout, marks=2)
    greet = party.add(flow.print)
    sit_down = party.add(flow.delay, seconds=0.2)
    place = party.add(text.format, template="{guest} has {ticket}")
    show = party.add(flow.print, label="seated")
    done = party.add(flow.set_output)

    start >> door >> show >> done
    door.each >> draw >> sign >> greet >> sit_down
    door.guest >> sign.name
    door.guest >> hello.words
    hello.result >> greet.value
    door.guest >> place["guest"]
    draw.result >> place["ticket"]
    place.result >> door.result
    door.results >> show.value
    door.results >> done["seated"]
    return nf.Document(party, meta={"title": "Own nodes", "about": "Nodes that are written in examples/own_nodes.py."})


def main() -> None:
    nf.run_sync(build(), observers=[nf.observers.printing()])


if __name__ == "__main__":
    main()
