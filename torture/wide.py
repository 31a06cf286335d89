"""A fan-out of many branches: `python torture/wide.py 1000 > torture/joins/wide_fan_out.json`."""

from __future__ import annotations

import json
import sys
from typing import Any


def document(count: int) -> dict[str, Any]:
    """A document with a fan-out of so many branches, each of which waits and arrives; they are counted behind it."""
    names = [f"b{number}" for number in range(count)]
    nodes = {
        "start": {"type": "flow.start"},
        "fan": {"type": "flow.fan_out", "options": {"branches": names}},
        "nap": {"type": "flow.delay", "values": {"seconds": 1.0}},
        "join": {"type": "flow.fan_in", "values": {"value": 1}},
        "sum": {"type": "lists.sum"},
        "done": {"type": "flow.set_output"},
    }
    wires = [
        ("start.exit", "fan.enter"),
        *((f"fan.{name}", "nap.enter") for name in names),
        ("nap.exit", "join.enter"),
        ("join.exit", "done.enter"),
        ("join.merged", "sum.list"),
        ("sum.result", "done.arrived"),
    ]
    main = {
        "outputs": {"arrived": {"type": "int"}},
        "nodes": nodes,
        "connections": [{"from": source, "to": target} for source, target in wires],
    }
    meta = {
        "title": f"A fan-out of {count:,} branches",
        "description": "Each branch costs a thread of the operating system, or looks at all others when it arrives.",
        "rules": ["6.1", "11"],
    }
    return {"nodeflow": 1, "entry": "main", "workflows": {"main": main}, "meta": meta}


if __name__ == "__main__":
    print(json.dumps(document(int(sys.argv[1]))).replace('{"from"', '\n{"from"'))
