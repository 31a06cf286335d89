"""`nodeflow check`."""

import json

import pytest
from cli_graphs import prints, wires

RACE = {
    "variables": {"last": {"type": "text", "default": "", "scope": "shared"}},
    "outputs": {"said": {"type": "text"}},
    "nodes": {
        "start": {"type": "flow.start"},
        "fan": {"type": "flow.fan_out", "options": {"branches": ["left", "right"]}},
        "one": {"type": "variables.set", "options": {"name": "last"}, "values": {"value": "left"}},
        "two": {"type": "variables.set", "options": {"name": "last"}, "values": {"value": "right"}},
        "get": {"type": "variables.get", "options": {"name": "last"}},
        "say": {"type": "flow.set_output"},
    },
    "connections": wires(
        "start.exit -> fan.enter",
        "fan.left -> one.enter",
        "fan.right -> two.enter",
        "fan.joined -> say.enter",
        "get.value -> say.said",
    ),
}

WAITS = {
    "events": {"bell": {"type": "any"}},
    "nodes": {"start": {"type": "flow.start"}, "wait": {"type": "events.wait", "options": {"event": "bell"}}},
    "connections": wires("start.exit -> wait.enter"),
}


def test_independent_of_the_schedule(nodeflow, file):
    path = file(prints(values={"value": "hello"}))
    said = nodeflow("check", path, "--exhaustive")
    assert said.lines == [f"{path}: 7 states, no deadlock, result independent of schedule"]
    assert said.code == 0
    said = nodeflow("check", path, "--schedules", 20)
    assert said.lines == [f"{path}: 20 schedules (1 distinct), no deadlock, the same result under each"]
    assert said.code == 0
    assert said.err == ""


@pytest.mark.parametrize("options", [["--exhaustive"], ["--schedules", "40"]])
def test_a_counterexample_can_be_replayed(nodeflow, file, options):
    path = file(RACE)
    said = nodeflow("check", path, *options)
    assert said.code == 1
    assert said.lines[1:] == [
        "  completed, said = 'right', last is 'right': --replay \"\"",
        "  completed, said = 'left', last is 'left': --replay \"1\"",
        "first node 'say' in main: input 'said' is 'right' under one schedule and 'left' under another",
        "  'right' with --replay \"\", after",
        "    main: start",
        "    main: fan",
        "    main/fan[0]: one",
        "    main/fan[1]: two",
        "    main: say",
        "  'left' with --replay \"1\", after",
        "    main: start",
        "    main: fan",
        "    main/fan[1]: two",
        "    main/fan[0]: one",
        "    main: say",
    ]
    replayed = nodeflow("check", path, "--replay", "1")
    assert replayed.code == 0
    assert replayed.lines[-2:] == ["main: say runs said = 'left'", "completed, said = 'left', last is 'left'"]
    assert nodeflow("check", path, "--replay", "").lines[-1] == "completed, said = 'right', last is 'right'"


def test_json(nodeflow, file):
    data = nodeflow("check", file(RACE), "--exhaustive", "--json").data
    assert data["independent"] is False
    assert data["shared"] == ["variable 'last'"]
    assert [outcome["schedule"] for outcome in data["outcomes"]] == [[], [1]]
    assert data["difference"]["node"] == "say"
    assert data["difference"]["schedules"] == [[], [1]]
    data = nodeflow("check", file(RACE), "--schedules", 12, "--faults", "--json").data
    assert (data["schedules"], sum(data["faulty"].values()), data["wrong"]) == (12, 12, [])
    replayed = nodeflow("check", file(RACE), "--replay", "1", "--json").data
    assert replayed["outputs"] == {"said": "'left'"}
    assert replayed["steps"][0] == "main: start runs"


def test_who_waits_for_ever(nodeflow, file):
    said = nodeflow("check", file(WAITS), "--exhaustive")
    assert said.code == 1
    assert "deadlock (waits for ever: main at 'wait')" in said.lines[0]
    replayed = nodeflow("check", file(WAITS), "--replay", "")
    assert (replayed.code, replayed.lines[-1]) == (1, "deadlock, waits for ever: main at 'wait'")


def test_faults_are_drawn_and_replayed(nodeflow, file):
    path = file(RACE)
    said = nodeflow("check", path, "--schedules", 12, "--faults", "--seed", 5)
    assert "with faults: " in said.lines[0]
    failed = nodeflow("check", path, "--replay", "1", "--fault", "raise@3")
    assert failed.code == 1
    assert failed.lines[-1].startswith("failed, last is '', node 'two' (variables.set): InjectedFault")


def test_inputs_and_workflows(nodeflow, file):
    other = {"nodes": {"start": {"type": "flow.start"}}, "connections": []}
    document = {"nodeflow": 1, "entry": "main", "workflows": {"main": RACE, "other": other}}
    assert nodeflow("check", file(document), "--exhaustive", "--workflow", "other").code == 0
    assert nodeflow("check", file(document), "--exhaustive", "--var", "last=x").code == 1
    said = nodeflow("check", file(document), "--exhaustive", "--input", "nothing=1")
    assert said.code == 2
    assert "nothing" in said.err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--replay", "a,b"], "a schedule is whole numbers with commas, as 3,0,1, not 'a,b'"),
        (["--fault", "flood@2"], "a fault is KIND@N, as raise@3"),
        (["--capacity", "http"], "a capacity is NAME=N, as http=2, not 'http'"),
    ],
)
def test_bad_options(nodeflow, file, options, message):
    said = nodeflow("check", file(RACE), *options)
    assert said.code == 2
    assert message in said.err


def test_what_cannot_be_checked_is_said_in_words(nodeflow, file):
    big = nodeflow("check", file(RACE), "--exhaustive", "--most-states", 5)
    assert big.code == 2
    assert "there are more than 5 states; --most-states allows more, --schedules tries some" in big.err
    writes = prints()
    writes["nodes"]["show"] = {"type": "files.write_text", "values": {"path": "a", "text": "b"}}
    refused = nodeflow("check", file(writes))
    assert refused.code == 2
    assert "node 'show' (files.write_text) wants Files, which is of the real world" in refused.err
    endless = prints()
    endless["nodes"]["show"] = {"type": "flow.while", "values": {"condition": True}}
    said = nodeflow("check", file(endless), "--exhaustive")
    assert (said.code, "did not end within" in said.err) == (2, True)
    invalid = prints(values={"nothing": 1})
    assert nodeflow("check", file(invalid)).code == 2
    capacity = prints()
    capacity["nodes"]["show"]["capacity"] = "seats"
    assert nodeflow("check", file(capacity), "--capacity", "seats=1").code == 0
    for said in (big, refused):
        assert "Traceback" not in said.err


def test_nodes_that_call_trio_are_refused_by_name(nodeflow, file, tmp_path):
    nodes = tmp_path / "naps.py"
    nodes.write_text(
        "import nodeflow as nf, trio\n\n@nf.exec_node('odd.nap')\nasync def nap() -> None:\n    await trio.sleep(1)\n"
    )
    graph = prints()
    graph["nodes"]["show"] = {"type": "odd.nap"}
    said = nodeflow("check", "--nodes", nodes, file(json.loads(json.dumps(graph))))
    assert said.code == 2
    assert "node 'show' (odd.nap) calls trio itself" in said.err
