"""What a fan-out, its fan-in and the branches between them can come to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from nodeflow.checking.ends import DONE, MANY, RETURN, AllEnds, Ends
from nodeflow.checking.ways import most_of
from nodeflow.linking import LinkedNode
from nodeflow.pairing import threads_of


@frozen
class Branch:
    """A connected branch of a fan-out that has a fan-in."""

    output: str
    ends: Ends

    @property
    def least(self) -> int:
        """How often it has arrived at least when it ends without failing."""
        return min((self.ends[kind].least for kind in (DONE, RETURN) if kind in self.ends), default=MANY)

    @property
    def most(self) -> int:
        return most_of(self.ends)

    @property
    def way_out(self) -> str:
        """How it ends that has arrived least, `""` if it ends only by failing, or never."""
        kinds = [kind for kind in (DONE, RETURN) if kind in self.ends]
        return min(kinds, key=lambda kind: self.ends[kind].least, default="")


@frozen
class Joining:
    """A fan-out that runs, its fan-in and what they say of how many must arrive."""

    at: AllEnds
    opener: LinkedNode
    join: LinkedNode
    branches: list[Branch]
    quorum: int
    """0: all; else how many arrivals are enough."""

    def option(self, name: str, default: str) -> Any:
        return self.join.options.get(name, default)

    @property
    def collects(self) -> bool:
        return self.opener.options.get("errors") == "collect"

    @property
    def many(self) -> bool:
        return bool(self.option("arrivals", "one") == "many")


def find_joinings(at: AllEnds) -> Iterator[Joining]:
    """Of all fan-outs that run and start each branch once."""
    for index, join in at.regions.join_of.items():
        opener = at.workflow.nodes[index]
        if not at.regions.runs(opener):
            continue
        outputs = [output for output in threads_of(opener) if opener.targets.get(output)]
        branches = [Branch(output, at.of_output(opener, output)) for output in outputs]
        if any(out.per_thread for out in opener.data_outs.values()):
            continue  # it starts as many threads as it likes
        yield Joining(at, opener, join, branches, _quorum(opener, join, len(branches)))


def _quorum(opener: LinkedNode, join: LinkedNode, branches: int) -> int:
    said = join.options.get("join", "all")
    if isinstance(said, dict):
        number = said.get("quorum")
        return number if isinstance(number, int) and number > 0 else 1
    return 1 if said == "any" or (is_race(opener) and branches) else 0


def is_race(opener: LinkedNode) -> bool:
    """Whether its body opens a scope as a race, `open_scope(first=...)`."""
    function = None if opener.type is None else opener.type.function
    constants = getattr(getattr(function, "__code__", None), "co_consts", ())
    return any(isinstance(each, tuple) and "first" in each for each in constants)
