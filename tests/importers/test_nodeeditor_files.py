"""The files that other people drew run, and print what they are meant to."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from nodeeditor_drawing import GIVEN, needs_files

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.runtime.events import NodeStarted

NAMES = ["hello-world.json", "fizzbuzz.json", "list-foreach-greeting.json", "event-basic.json", "parallel.json"]

pytestmark = needs_files


def expected(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GIVEN / "expected.json").read_text())[name]
    return found


@pytest.mark.parametrize("name", NAMES)
async def test_prints_what_it_is_meant_to(name: str, autojump_clock: trio.abc.Clock) -> None:
    want = expected(name)
    result = await nf.run(nodeeditor.load(GIVEN / name))
    assert result.status == want["status"]
    assert list(result.printed) == want["printed"]
    assert dict(result.variables) == want["variables"]


@pytest.mark.parametrize("name", NAMES)
async def test_prints_the_same_once_saved(name: str, autojump_clock: trio.abc.Clock) -> None:
    text = nf.dumps(nodeeditor.load(GIVEN / name))
    document = nf.loads(text)
    assert nf.dumps(document) == text
    result = await nf.run(document)
    assert list(result.printed) == expected(name)["printed"]


def test_every_given_file_is_known() -> None:
    assert set(NAMES) == set(json.loads((GIVEN / "expected.json").read_text()))
    for name in NAMES:
        assert nodeeditor.looks_like(json.loads((GIVEN / name).read_text()))


async def test_a_trigger_waits_for_its_listeners(autojump_clock: trio.abc.Clock) -> None:
    order: list[str] = []

    def watch(event: object) -> None:
        if isinstance(event, NodeStarted) and event.node.startswith("marker"):
            order.append(event.node)

    async with nf.open_run(nodeeditor.load(GIVEN / "event-basic.json"), observers=[watch]) as run:
        await run.wait()
    assert order == expected("event-basic.json")["order"]


async def test_several_starts_run_side_by_side(autojump_clock: trio.abc.Clock) -> None:
    began = trio.current_time()
    await nf.run(nodeeditor.load(GIVEN / "parallel.json"))
    assert trio.current_time() - began == pytest.approx(0.7)


def test_positions_and_names_are_kept() -> None:
    document = nodeeditor.load(GIVEN / "fizzbuzz.json")
    loop = document.workflows["main"].nodes["for-loop"]
    assert loop.meta == {"x": 280, "y": 140, "width": 180, "height": 60, "nodeeditor": {"name": "For Loop"}}
    assert document.meta["nodeeditor"]["viewport"]["width"] == 1900
