"""Flow tests: their files, how they are run, and what of a graph they cover."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flowtest_files import BROKEN, DOUBLE, FAILS, HELLO, RACE, fan, graph, node, write
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.errors import DocumentError
from nodeflow.files import from_dict
from nodeflow.library import standard_registry
from nodeflow.testing import flowtest
from nodeflow.testing.flowtest import reporting
from nodeflow.testing.flowtest.comparing import same
from nodeflow.testing.flowtest.schedules import random_for, simplest, turns
from nodeflow.testing.simulator import Simulator

# --- files --------------------------------------------------------------------------------------------


def problems(data: Any) -> list[str]:
    with pytest.raises(DocumentError) as caught:
        flowtest.from_data(data)
    return [str(finding) for finding in caught.value.findings]


def with_tests(*tests: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"flowtest": 1, "document": "graph.json", "tests": list(tests), **more}


def test_a_file_says_what_a_test_is() -> None:
    data = with_tests(
        {
            "name": "all there is",
            "inputs": {"n": 1},
            "variables": {"v": [1]},
            "seed": 7,
            "schedules": 3,
            "faults": [{"kind": "jump", "at": 2, "seconds": 5}],
            "expect": {
                "status": "failed",
                "outputs": {"a": None},
                "variables": {"v": [1]},
                "printed": ["x"],
                "error": "why",
                "seconds": 2,
            },
        },
        {"name": "least of all"},
        nodes=["my.nodes", "more.py"],
    )
    found = flowtest.from_data(data)
    first, last = found.tests
    assert (first.seed, first.schedules, first.faults[0].seconds) == (7, 3, 5.0)
    assert (first.expect.printed, first.expect.outputs, first.expect.seconds) == (("x",), {"a": None}, 2.0)
    assert (last.schedules, last.expect.ending, last.expect.printed) == (20, "completed", None)
    assert found.nodes == ("my.nodes", "more.py")


def test_who_expects_an_error_expects_a_failure() -> None:
    found = flowtest.from_data(with_tests({"name": "a", "expect": {"error": "x"}}))
    assert found.tests[0].expect.ending == "failed"


def test_all_that_is_wrong_is_told_at_once() -> None:
    data = {
        "flowtest": 1,
        "document": 5,
        "nods": [],
        "tests": [
            {"name": "a", "schedules": -1, "seed": 1.5, "expct": {}},
            {"inputs": [], "faults": [{"kind": "earthquake", "at": 0}]},
            {"name": "a", "expect": {"printed": "x", "status": "done", "seconds": -1}},
            "no test",
        ],
    }
    assert sorted(problems(data)) == sorted(
        [
            "NF006 error: nods: unknown key 'nods'; did you mean 'nodes'?",
            "NF008 error: document: expected the path of a document, or a document, got 5",
            "NF009 error: tests/0/schedules: must be at least 0, got -1",
            "NF008 error: tests/0/seed: expected a whole number, got 1.5",
            "NF006 error: tests/0/expct: unknown key 'expct'; did you mean 'expect'?",
            "NF008 error: tests/1/inputs: expected an object, got a list",
            "NF009 error: tests/1/faults/0/kind: must be 'raise' or 'hang' or 'cancel' or 'stop' or "
            "'deadline' or 'jump' (What goes wrong), got 'earthquake'",
            "NF009 error: tests/1/faults/0/at: must be at least 1, got 0",
            "NF007 error: tests/1: the key 'name' is missing",
            "NF008 error: tests/2/expect/printed: expected a list, got 'x'",
            "NF009 error: tests/2/expect/status: must be 'completed' or 'failed' or 'timed_out' or 'cancelled' "
            "(How the run ends), got 'done'",
            "NF009 error: tests/2/expect/seconds: must be at least 0, got -1",
            "NF008 error: tests/3: expected an object, got 'no test'",
            "NF009 error: tests/2/name: tests/0 is named 'a' too; each test needs a name of its own",
        ]
    )


@pytest.mark.parametrize(
    ("expect", "says"),
    [
        (
            {"printed": [], "printed_any_order": []},
            "printed_any_order: either `printed` or `printed_any_order`, not both",
        ),
        ({"status": "completed", "error": "x"}, "error: a run that completed has no error"),
        ({"findings": []}, "findings: must not be empty; a test without `findings` expects"),
        (
            {"findings": ["NF101"], "outputs": {}},
            "findings: a document that is rejected is not run, so outputs can mean",
        ),
    ],
)
def test_expectations_that_contradict_each_other(expect: dict[str, Any], says: str) -> None:
    (found,) = problems(with_tests({"name": "a", "expect": expect}))
    assert found.startswith(f"NF009 error: tests/0/expect/{says}")


def test_tests_that_contradict_themselves() -> None:
    faults = [{"kind": "stop", "at": 2}, {"kind": "raise", "at": 2}]
    assert problems(with_tests({"name": "a", "schedules": 0, "faults": faults})) == [
        "NF009 error: tests/0/faults: faults need the simulator, which `schedules: 0` leaves out",
        "NF009 error: tests/0/faults/1/at: faults/0 happens at 2 too; only one can",
    ]
    idle = {"name": "a", "schedules": 3, "inputs": {}, "expect": {"findings": ["NF101"]}}
    (found,) = problems(with_tests(idle))
    assert "so inputs, schedules can mean nothing" in found


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ([], "NF004 error: a file of flow tests is an object, not a list"),
        ({}, "NF004 error: this does not look like a file of flow tests: the key `flowtest` is missing"),
        ({**with_tests({"name": "a"}), "flowtest": 2}, "NF005 error: flowtest: the file has format version 2; this"),
        ({**with_tests({"name": "a"}), "flowtest": "1"}, "NF008 error: flowtest: expected a whole number, got '1'"),
        ({"tests": [], "document": ""}, "NF007 error: the key 'flowtest' is missing"),
        (with_tests(), "NF009 error: tests: there are no tests in it"),
    ],
)
def test_what_is_no_file_of_flow_tests(data: Any, says: str) -> None:
    assert problems(data)[0].startswith(says)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "NF001 error: the file is empty (line 1, column 1)"),
        (b"{", "NF001 error: not JSON: "),
        (b"\xff", "NF001 error: not UTF-8: "),
        (b'{"flowtest": 1, "flowtest": 1, "document": {}, "tests": [{"name": "a"}]}', "NF003 error: flowtest: the key"),
        (b'{"flowtest": 1, "document": {"a": NaN}, "tests": [{"name": "a"}]}', "NF008 error: document/a: NaN is not"),
        (b"[" * 100_000, "NF002 error: lists and objects are nested too deeply"),
    ],
)
def test_what_is_no_json(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "bad.flowtest.json"
    path.write_bytes(content)
    with pytest.raises(DocumentError) as caught:
        flowtest.read(path)
    assert str(caught.value.findings[0]).startswith(says)
    assert caught.value.source == str(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="NF001 error: cannot be read: No such file"):
        flowtest.read(tmp_path / "none.flowtest.json")
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        flowtest.read(tmp_path)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 3) | st.floats() | st.text(max_size=3) | st.sampled_from(["name", "a"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["flowtest", "document", "nodes", "tests", "name", "expect", "findings", "faults", "at", "x"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(json_values)
def test_no_json_is_read_with_anything_but_findings(data: Any) -> None:
    found: Any
    try:
        found = flowtest.from_data(data).tests
    except DocumentError as error:
        found = error.findings
    assert found


# --- what a file names --------------------------------------------------------------------------------


def test_the_document_lies_beside_its_tests(tmp_path: Path) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "graphs" / "hello.json").write_text(json.dumps(HELLO))
    path = write(tmp_path / "tests", "../graphs/hello.json", {"name": "a", "expect": {"printed": ["hello"]}})
    suite = flowtest.open_suite(path)
    assert flowtest.run_test(suite, suite.tests[0]).passed
    assert suite.key == str((tmp_path / "graphs" / "hello.json").resolve())


OWN_NODES = """
import nodeflow as nf

@nf.exec_node("own.say")
def say(ctx: nf.NodeContext) -> None:
    ctx.feedback("{}", "print")
"""


def own(name: str = "own.say") -> dict[str, Any]:
    return graph({"start": "flow.start", "own": name}, "start.exit -> own.enter")


def test_node_types_of_ones_own(tmp_path: Path) -> None:
    """Files of one name in two folders are two; a module is found beside the tests."""
    for word in ("one", "other"):
        folder = tmp_path / word
        folder.mkdir()
        (folder / "own_nodes_of_a_test.py").write_text(OWN_NODES.format(word))
        path = write(folder, own(), {"name": "a", "expect": {"printed": [word]}}, nodes=["own_nodes_of_a_test.py"])
        assert outcome(path).passed
    path = write(folder, own(), {"name": "a", "expect": {"printed": ["other"]}}, nodes=["own_nodes_of_a_test"])
    assert outcome(path).passed


def test_what_cannot_be_opened_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "empty.py").write_text("")
    (tmp_path / "leaves.py").write_text("raise SystemExit(3)")
    names = ["broken.py", "no.such.module", "empty.py", "leaves.py", "missing.py"]
    path = write(tmp_path, "missing.json", {"name": "a"}, nodes=names)
    with pytest.raises(DocumentError) as caught:
        flowtest.open_suite(path)
    assert [str(finding) for finding in caught.value.findings] == [
        "NF009 error: nodes/0: broken.py: ZeroDivisionError: division by zero",
        "NF009 error: nodes/1: no.such.module: ModuleNotFoundError: No module named 'no'",
        "NF009 error: nodes/2: empty.py: there are no node types in it",
        "NF009 error: nodes/3: leaves.py: SystemExit: 3",
        f"NF009 error: nodes/4: missing.py: FileNotFoundError: no such file: {tmp_path / 'missing.py'}",
        f"NF009 error: document: {tmp_path / 'missing.json'}: No such file or directory",
    ]


# --- what runs come to --------------------------------------------------------------------------------


def outcome(path: Path, **options: Any) -> flowtest.Outcome:
    """What the first test of a file comes to."""
    suite = flowtest.open_suite(path)
    return flowtest.run_test(suite, suite.tests[0], **options)


@pytest.fixture
def check(tmp_path: Path) -> Any:
    """`check(document, expect=...)`: the outcome of one test."""

    def run(document: Any, **test: Any) -> flowtest.Outcome:
        return outcome(write(tmp_path, document, {"name": "it", **test}))

    return run


def failure(found: flowtest.Outcome) -> str:
    assert found.failure is not None
    return found.failure.text()


PASSING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (HELLO, {}),
    (HELLO, {"expect": {"printed": ["hello"]}}),
    (RACE, {"expect": {"printed_any_order": ["b", "a"]}}),
    (DOUBLE, {"inputs": {"n": 4}, "expect": {"outputs": {"twice": 8}, "variables": {"seen": 3}}}),
    (DOUBLE, {"inputs": {"n": 4}, "expect": {"outputs": {"twice": 8.0}}}),
    (DOUBLE, {"inputs": {"n": 4}, "variables": {"seen": 5}, "expect": {"variables": {"seen": 5}}}),
    (FAILS, {"expect": {"status": "failed"}}),
    (FAILS, {"expect": {"error": "more milk"}}),
    (HELLO, {"faults": [{"kind": "stop", "at": 1}], "expect": {"status": "cancelled", "printed": []}}),
    (HELLO, {"faults": [{"kind": "deadline", "at": 2}], "expect": {"status": "timed_out"}}),
    (HELLO, {"faults": [{"kind": "jump", "at": 2, "seconds": 3}], "expect": {"seconds": 3}}),
    (BROKEN, {"expect": {"findings": ["NF101"]}}),
    ({"nodeflow": 1, "workflows": {}}, {"expect": {"findings": ["NF009"]}}),
]  # fmt: skip


@pytest.mark.parametrize(("document", "test"), PASSING)
def test_what_is_as_expected_passes(check: Any, document: dict[str, Any], test: dict[str, Any]) -> None:
    found = check(document, **test)
    assert found.failure is None
    assert found.passed


FAILING: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (HELLO, {"expect": {"printed": ["bye"]}}, 'printed: expected ["bye"], got ["hello"]'),
    (RACE, {"expect": {"printed_any_order": ["a", "a"]}},
     'printed_any_order: not printed: ["a"]; printed, but not expected: ["b"]'),
    (DOUBLE, {"inputs": {"n": 4}, "expect": {"outputs": {"twice": 9}}}, "output 'twice': expected 9, got 8"),
    (DOUBLE, {"inputs": {"n": 4}, "expect": {"outputs": {"thrice": 9}}},
     "output 'thrice': expected 9, but it was not set; set: 'twice'"),
    (DOUBLE, {"inputs": {"n": 4}, "expect": {"variables": {"seen": True}}}, "variable 'seen': expected true, got 3"),
    (FAILS, {}, "status: expected completed, got failed: node 'fail' (flow.fail) in main: FlowFailure: no more milk"),
    (FAILS, {"expect": {"error": "bread"}},
     "error: expected one that says \"bread\", got node 'fail' (flow.fail) in main: FlowFailure: no more milk"),
    (HELLO, {"expect": {"error": "milk"}}, "status: expected failed, got completed"),
    (HELLO, {"expect": {"seconds": 2}}, "seconds: expected 2, took 0"),
    (HELLO, {"expect": {"findings": ["NF101"]}},
     "findings: expected that the document is rejected for NF101, but it has no errors"),
    (BROKEN, {"expect": {"findings": ["NF102", "NF101"]}}, "findings: expected NF101, NF102, got NF101"),
    (DOUBLE, {}, "cannot be run: input 'n' of workflow 'main' is not given"),
    (DOUBLE, {"inputs": {"n": "x", "m": 1}, "variables": {}}, "cannot be run: input 'n': 'x' does not fit int"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "test", "says"), FAILING)
def test_what_is_not_as_expected_is_told(check: Any, document: Any, test: dict[str, Any], says: str) -> None:
    found = check(document, **test)
    assert not found.passed
    assert failure(found).startswith(says)


def test_every_expectation_that_is_not_met_is_told(check: Any) -> None:
    found = check(DOUBLE, inputs={"n": 1}, expect={"outputs": {"twice": 3}, "variables": {"seen": 0}, "seconds": 1})
    assert failure(found).splitlines() == [
        "output 'twice': expected 3, got 2",
        "variable 'seen': expected 0, got 3",
        "seconds: expected 1, took 0",
        "under schedule [] (first in, first out)",
    ]


def test_a_rejected_document_fails_tests_that_want_to_run_it(check: Any) -> None:
    lines = failure(check(BROKEN)).splitlines()
    assert lines[0].startswith("the document ")
    assert lines[0].endswith("some.flowtest.json is rejected:")
    assert lines[1].startswith("  NF101 error: main/show: unknown node type 'flow.prin'; did you mean flow.print")
    lines = failure(check({"nodeflow": 1, "workflows": {"main": {"nodez": {}}}})).splitlines()
    assert lines[1].startswith("  NF006 error: workflows/main/nodez: unknown key 'nodez'")


def test_long_lists_are_compared_line_by_line(check: Any) -> None:
    count = graph(
        {"start": "flow.start", "each": node("flow.for", times=200), "show": "flow.print"},
        "start.exit -> each.enter",
        "each.body -> show.enter",
        "each.index -> show.value",
    )
    lines = [str(number) for number in range(200)]
    assert check(count, expect={"printed": lines}).passed
    wrong = check(count, expect={"printed": [*lines[:150], "x", *lines[151:]]})
    assert failure(wrong).startswith(
        'printed: line 151: expected "x", got "150" (200 lines were expected, 200 printed)'
    )
    more = check(count, expect={"printed": [*lines, "200"]})
    assert failure(more).startswith('printed: line 201: expected "200", got no more lines (201 lines were')


json_leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
json_data = st.recursive(json_leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner))


@given(json_data, json_data)
def test_two_values_are_the_same_if_their_json_is(one: Any, other: Any) -> None:
    assert same(one, json.loads(json.dumps(one)))
    if json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True):
        assert same(one, other)
    assert same(one, other) == same(other, one)
    assert not same([one], [one, other])
    assert not same({"a": one}, {"b": one})


# --- schedules ----------------------------------------------------------------------------------------


def test_a_schedule_that_shows_it_is_told_and_replays(check: Any) -> None:
    """In the order of starting `a` comes first; another schedule is needed to see that it need not."""
    found = check(RACE, expect={"printed": ["a", "b"]})
    assert found.failure is not None
    schedule = found.failure.schedule
    assert f"under schedule {list(schedule)} (found with the 2nd that was tried)" in failure(found)
    simulator = Simulator(from_dict(RACE))
    assert simulator.run().result.printed == ["a", "b"]
    assert simulator.run(schedule=schedule).result.printed == ["b", "a"]
    assert sum(schedule) == 1, "one choice is enough to see it"


def test_a_test_repeats(check: Any) -> None:
    first, again = (check(RACE, expect={"printed": ["a", "b"]}) for _ in range(2))
    assert first.failure == again.failure


def test_so_many_different_schedules_are_tried(check: Any) -> None:
    wide = graph(
        {"start": "flow.start", "fan": fan(*"abcd"), **{id: node("flow.delay", seconds=1) for id in "abcd"}},
        "start.exit -> fan.enter",
        *(f"fan.{id} -> {id}.enter" for id in "abcd"),
    )
    assert check(wide, expect={"seconds": 1}).schedules == 20
    assert check(wide, schedules=33).schedules == 33
    assert check(HELLO).schedules == 1, "there is no other"


def test_the_caller_may_say_how_many(tmp_path: Path) -> None:
    path = write(tmp_path, RACE, {"name": "a"})
    assert outcome(path, schedules=3).schedules == 3


def test_schedules_are_drawn_in_several_ways() -> None:
    """First in, first out; last in, first out; then at random."""
    ready = [type("task", (), {"number": number})() for number in range(5)]
    chosen = [[turns(number, random_for("x", number))(ready) for _ in range(1)] for number in range(2)]
    assert chosen == [[0], [4]]
    evenly, by_rank = (turns(number, random_for("x", number)) for number in (2, 3))
    drawn = [evenly(ready) for _ in range(100)]
    assert set(drawn) == set(range(5))
    ranked = [by_rank(ready) for _ in range(12)]
    assert max(map(ranked.count, ranked)) >= 3, "one runs ahead"
    assert evenly.made == drawn


@given(st.lists(st.integers(0, 5), max_size=30), st.integers(0, 5), st.integers(0, 60))
def test_the_simplest_schedule_still_shows_it(drawn: list[int], needed: int, most: int) -> None:
    asked = []

    def shows(schedule: tuple[int, ...]) -> bool:
        asked.append(schedule)
        return needed in schedule

    if needed in drawn:
        found = simplest(tuple(drawn), shows, most)
        assert needed in found
        assert len(found) <= len(drawn)
        assert len(asked) <= most
        if most == 60 and needed:
            assert sum(found) == needed


def test_a_deadlock_is_a_failure_with_its_schedule(check: Any, tmp_path: Path) -> None:
    (tmp_path / "waiting.py").write_text(
        "import nodeflow as nf\n"
        "@nf.exec_node('own.waits')\n"
        "async def waits(ctx: nf.NodeContext, never: nf.SharedState[bool] = nf.initially(False)) -> None:\n"
        "    await ctx.wait(never, bool)\n"
    )
    found = outcome(write(tmp_path, own("own.waits"), {"name": "a"}, nodes=["waiting.py"]))
    assert failure(found).startswith("deadlock: every task waits for ever: ")


def test_a_run_without_end_is_a_failure(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from nodeflow.testing.simulator import simulation

    few = simulation.SimulatedKernel
    monkeypatch.setattr(simulation, "SimulatedKernel", lambda *given, **options: few(*given, **options, most_turns=500))
    endless = graph(
        {"start": "flow.start", "loop": node("flow.while", condition=True)},
        "start.exit -> loop.enter",
    )
    assert failure(check(endless)).startswith("stuck: the simulation did not end within 500 turns")


def test_what_is_no_failure_of_a_node_is_told(tmp_path: Path) -> None:
    (tmp_path / "crash.py").write_text(
        "import nodeflow as nf\n@nf.exec_node('own.leaves')\ndef leaves() -> None:\n    raise SystemExit(3)\n"
    )
    for schedules in (1, 0):
        test = {"name": "a", "schedules": schedules}
        found = outcome(write(tmp_path, own("own.leaves"), test, nodes=["crash.py"]))
        assert failure(found).startswith("status: expected completed, got failed: SystemExit: 3")


def test_ctrl_c_in_a_body_ends_the_tests(tmp_path: Path) -> None:
    (tmp_path / "stop.py").write_text(
        "import nodeflow as nf\n@nf.exec_node('own.stops')\ndef stops() -> None:\n    raise KeyboardInterrupt\n"
    )
    for schedules in (1, 0):
        path = write(tmp_path, own("own.stops"), {"name": "a", "schedules": schedules}, nodes=["stop.py"])
        with pytest.raises(KeyboardInterrupt):
            outcome(path)


def test_a_body_that_awaits_what_nobody_knows(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(
        "import asyncio\nimport nodeflow as nf\n@nf.exec_node('own.odd')\n"
        "async def odd() -> None:\n    await asyncio.sleep(0)\n"
    )
    found = outcome(write(tmp_path, own("own.odd"), {"name": "a"}, nodes=["odd.py"]))
    assert failure(found).startswith("the simulation broke off: AssertionError: ")


DICE = graph(
    {"start": "flow.start", "roll": node("random.integer", min=1, max=10**12), "done": "flow.set_output"},
    "start.exit -> done.enter",
    "roll.result -> done.rolled",
    outputs={"rolled": {"type": "int"}},
)


def test_a_seed_makes_random_nodes_repeat(check: Any) -> None:
    said = failure(check(DICE, seed=7, expect={"outputs": {"rolled": 0}}))
    rolled = int(said.splitlines()[0].rpartition(" ")[2])
    assert check(DICE, seed=7, expect={"outputs": {"rolled": rolled}}).passed
    assert not check(DICE, seed=8, expect={"outputs": {"rolled": rolled}}).passed


# --- on trio ------------------------------------------------------------------------------------------

TRIO_NODES = """
import nodeflow as nf
import trio

@nf.exec_node("own.naps")
async def naps(seconds: float = 1.0) -> None:
    await trio.sleep(seconds)

@nf.exec_node("own.works", blocking=True)
def works() -> None:
    pass
"""


def napping(*, guarded: bool = False) -> dict[str, Any]:
    """Two branches that nap with trio's own sleep, and print."""
    nodes = {"start": "flow.start", "fan": fan("a", "b")}
    wires = ["start.exit -> fan.enter"]
    for id in "ab":
        nodes |= {f"nap_{id}": "own.naps", f"say_{id}": node("flow.print", value=id)}
        wires += [f"nap_{id}.exit -> say_{id}.enter"]
        if guarded:
            nodes[f"try_{id}"] = "flow.try"
            wires += [f"fan.{id} -> try_{id}.enter", f"try_{id}.body -> nap_{id}.enter"]
        else:
            wires += [f"fan.{id} -> nap_{id}.enter"]
    return graph(nodes, *wires)


@pytest.mark.parametrize("guarded", [False, True], ids=["failing", "caught"])
def test_bodies_that_call_trio_run_on_trio(tmp_path: Path, guarded: bool) -> None:
    (tmp_path / "napping.py").write_text(TRIO_NODES)
    expect = {"printed_any_order": ["a", "b"], "seconds": 1}
    path = write(tmp_path, napping(guarded=guarded), {"name": "a", "expect": expect}, nodes=["napping.py"])
    found = outcome(path)
    assert found.failure is None
    assert found.on_trio
    assert found.schedules > 1


def test_on_trio_schedules_are_shuffled_and_told(tmp_path: Path) -> None:
    (tmp_path / "napping.py").write_text(TRIO_NODES)
    path = write(tmp_path, napping(), {"name": "a", "expect": {"printed": ["a", "b"]}}, nodes=["napping.py"])
    first, again = outcome(path), outcome(path)
    assert first.failure is not None
    assert first.failure == again.failure
    assert first.failure.lines == ('printed: expected ["a", "b"], got ["b", "a"]',)
    assert failure(first).splitlines()[-1].startswith("on trio")


def test_no_schedules_is_one_run_on_trio(check: Any) -> None:
    delay = graph({"start": "flow.start", "nap": node("flow.delay", seconds=3600)}, "start.exit -> nap.enter")
    found = check(delay, schedules=0, expect={"seconds": 3600})
    assert (found.passed, found.on_trio, found.schedules) == (True, True, 1)
    assert failure(check(delay, schedules=0, expect={"seconds": 1})) == "seconds: expected 1, took 3600\non trio"


def test_worker_threads_are_waited_for_on_trio(tmp_path: Path) -> None:
    (tmp_path / "working.py").write_text(TRIO_NODES)
    document = graph({"start": "flow.start", "work": "own.works"}, "start.exit -> work.enter")
    assert outcome(write(tmp_path, document, {"name": "a", "schedules": 0}, nodes=["working.py"])).passed


def test_what_waits_for_ever_on_trio_times_out(check: Any) -> None:
    waiting = graph(
        {"start": "flow.start", "wait": node("events.wait", {"event": "never"})},
        "start.exit -> wait.enter",
        events={"never": {"type": "any"}},
    )
    assert failure(check(waiting, schedules=0)).startswith("status: expected completed, got timed_out: ")


def test_faults_need_the_simulator(tmp_path: Path) -> None:
    (tmp_path / "napping.py").write_text(TRIO_NODES)
    test = {"name": "a", "faults": [{"kind": "stop", "at": 9}]}
    found = outcome(write(tmp_path, napping(), test, nodes=["napping.py"]))
    assert "faults need the simulator, and node 'nap_a' (own.naps) calls trio itself" in failure(found)


# --- coverage -----------------------------------------------------------------------------------------


def coverage_of(tmp_path: Path, document: Any, *tests: dict[str, Any], **more: Any) -> flowtest.Coverage:
    """The coverage of a document by tests, which must pass."""
    named = [{"name": f"test {number}", "schedules": 5, **test} for number, test in enumerate(tests or ({},))]
    suite = flowtest.open_suite(write(tmp_path, document, *named, **more))
    measured = flowtest.SuiteCoverage()
    for test in suite.tests:
        assert flowtest.run_test(suite, test, coverage=measured).failure is None
    return measured.of(suite)


DECIDE = graph(
    {
        "start": "flow.start",
        "small": node("logic.less", b=10),
        "if": "flow.if",
        "yes": node("flow.print", value="small"),
        "no": "flow.print",
        "words": node("text.concat", a="not ", b="small"),
    },
    "start.exit -> if.enter",
    "inputs.n -> small.a",
    "small.result -> if.condition",
    "if.true -> yes.enter",
    "if.false -> no.enter",
    "words.result -> no.value",
    inputs={"n": {"type": "int"}},
)


def test_what_no_test_came_by_is_told_in_words(tmp_path: Path) -> None:
    half = coverage_of(tmp_path, DECIDE, {"inputs": {"n": 1}})
    assert half.in_words() == ["node no", "connection if.false -> no.enter"]
    assert half.by_kind() == {"node": (4, 6), "connection": (4, 6), "branch": (1, 2)}
    assert (half.covered, len(half.items), half.percent) == (9, 14, pytest.approx(900 / 14))
    whole = coverage_of(tmp_path, DECIDE, {"inputs": {"n": 1}}, {"inputs": {"n": 11}})
    assert whole.in_words() == []
    assert whole.percent == 100


def test_an_output_that_leads_nowhere_is_a_branch(tmp_path: Path) -> None:
    lone = json.loads(json.dumps(DECIDE))
    main = lone["workflows"]["main"]
    del main["nodes"]["no"], main["nodes"]["words"]
    main["connections"] = [wire for wire in main["connections"] if "no." not in wire["to"]]
    assert coverage_of(tmp_path, lone, {"inputs": {"n": 1}}).in_words() == ["branch if.false"]
    assert coverage_of(tmp_path, lone, {"inputs": {"n": 1}}, {"inputs": {"n": 11}}).in_words() == []


GUARDED = graph(
    {
        "start": "flow.start",
        "try": "flow.try",
        "nap": node("flow.delay", seconds=1),
        "caught": node("flow.print", value="caught"),
        "tidy": node("flow.print", value="tidy"),
    },
    "start.exit -> try.enter",
    "try.body -> nap.enter",
    "try.catch -> caught.enter",
    "try.finally -> tidy.enter",
)


def test_paths_of_failures_and_cleanup(tmp_path: Path) -> None:
    fails = {"faults": [{"kind": "raise", "at": 3}], "expect": {"printed": ["caught", "tidy"]}}
    stops = {"faults": [{"kind": "stop", "at": 3}], "expect": {"status": "cancelled", "printed": ["tidy"]}}
    assert coverage_of(tmp_path, GUARDED).in_words() == [
        "cleanup try.finally while cancelled",
        "node caught",
        "connection try.catch -> caught.enter",
    ]
    assert coverage_of(tmp_path, GUARDED, {}, fails).in_words() == ["cleanup try.finally while cancelled"]
    assert coverage_of(tmp_path, GUARDED, {}, fails, stops).in_words() == []


def joined(missing: str = "error", errors: str = "fail_fast", **join: Any) -> dict[str, Any]:
    """Two branches, `b` a second longer, that meet; `b` arrives only if it is asked to."""
    return graph(
        {
            "start": "flow.start",
            "fan": fan("a", "b", errors=errors),
            "first": node("flow.delay", seconds=1),
            "later": node("flow.delay", seconds=2),
            "if": "flow.if",
            "join": node("flow.fan_in", {"missing": missing, **join}),
            "show": "flow.print",
        },
        "start.exit -> fan.enter",
        "fan.a -> first.enter",
        "fan.b -> later.enter",
        "first.exit -> join.enter",
        "later.exit -> if.enter",
        "inputs.arrive -> if.condition",
        "if.true -> join.enter",
        "inputs.arrive -> join.a",
        "inputs.brought -> join.value",
        "join.exit -> show.enter",
        "join.merged -> show.value",
        inputs={"arrive": {"type": "bool", "default": True}, "brought": {"default": 1}},
    )


def test_joins(tmp_path: Path) -> None:
    stays = {"inputs": {"arrive": False}}
    cut_off = {"faults": [{"kind": "raise", "at": 3}], "expect": {"status": "failed"}}
    assert coverage_of(tmp_path, joined()).in_words() == ["cancel fan: a flow thread of it", "branch if.false"]
    assert (
        coverage_of(tmp_path, joined(), {}, {**stays, "expect": {"error": "FanInIncomplete"}}, cut_off).in_words() == []
    )
    skipping = joined(missing="skip", errors="collect")
    assert coverage_of(tmp_path, skipping).in_words() == [
        "join join with a branch missing",
        "join join with a failed branch",
        "cancel fan: a flow thread of it",
        "branch if.false",
    ]
    failing = {"faults": [{"kind": "raise", "at": 4}]}
    cancelled = {"faults": [{"kind": "cancel", "at": 4}], "expect": {"status": "failed"}}
    assert coverage_of(tmp_path, skipping, {}, stays, failing, cancelled).in_words() == []
    assert coverage_of(tmp_path, skipping, {}, failing, cancelled).in_words() == [
        "join join with a branch missing",
        "branch if.false",
    ]


def test_the_first_that_arrives_cancels_the_others(tmp_path: Path) -> None:
    found = coverage_of(tmp_path, joined(join="any"))
    assert found.by_kind()["cancel"] == (1, 1)
    assert found.in_words() == [
        "arrival fan.b at join",
        "node if",
        "connection later.exit -> if.enter",
        "connection inputs.brought -> join.value",
    ]


LOOPS = graph(
    {
        "start": "flow.start",
        "outer": node("flow.for", times=2),
        "inner": node("flow.for", times=3),
        "enough": node("logic.greater", b=0),
        "if": "flow.if",
        "leave": "flow.break",
        "behind": node("flow.print", value="behind"),
    },
    "start.exit -> outer.enter",
    "outer.body -> inner.enter",
    "inner.body -> if.enter",
    "inner.index -> enough.a",
    "enough.result -> if.condition",
    "if.true -> leave.enter",
    "inner.exit -> behind.enter",
)


def test_a_loop_that_is_left_by_break(tmp_path: Path) -> None:
    found = coverage_of(tmp_path, LOOPS, {"expect": {"printed": ["behind", "behind"]}})
    assert found.in_words() == []
    assert found.by_kind()["loop"] == (1, 1), "the outer one has no break"
    never = json.loads(json.dumps(LOOPS))
    never["workflows"]["main"]["nodes"]["enough"]["values"]["b"] = 5
    assert coverage_of(tmp_path, never).in_words() == [
        "loop inner left by break",
        "node leave",
        "connection if.true -> leave.enter",
    ]


def test_lazy_inputs_results_and_several_targets(tmp_path: Path) -> None:
    """Wires that bodies pull when they please, the result of a batch, two wires from one output, variables."""
    document = graph(
        {
            "start": "flow.start",
            "each": node("flow.batch", items=[1, 2]),
            "double": node("math.multiply", b=2),
            "one": "flow.print",
            "two": node("flow.print", value="two"),
            "either": "logic.or",
            "flag": node("variables.get", {"name": "flag"}),
            "other": node("logic.not", value=True),
            "if": "flow.if",
        },
        "start.exit -> each.enter",
        "each.item -> double.a",
        "double.result -> each.result",
        "each.continue -> one.enter",
        "each.continue -> two.enter",
        "each.results -> one.value",
        "two.exit -> if.enter",
        "flag.value -> either.a",
        "other.result -> either.b",
        "either.result -> if.condition",
        variables={"flag": {"type": "bool", "default": True}},
    )
    found = coverage_of(tmp_path, document, {"expect": {"printed": ["[2,4]", "two"]}})
    assert found.in_words() == ["node other", "branch if.false"]
    dull = {"variables": {"flag": False}}
    assert coverage_of(tmp_path, document, {}, dull).in_words() == []


def test_streams_gosubs_and_events(tmp_path: Path) -> None:
    document = graph(
        {
            "start": "flow.start",
            "call": node("flow.gosub", {"workflow": "sub"}),
            "ring": node("events.trigger", {"event": "rung"}, payload="ding"),
            "hear": node("events.listen", {"event": "rung"}),
            "say": "flow.print",
        },
        "start.exit -> call.enter",
        "call.exit -> ring.enter",
        "hear.exit -> say.enter",
        "hear.payload -> say.value",
        events={"rung": {"type": "text"}},
    )
    document["entry"] = "main"
    other = graph({"start": "flow.start", "nap": "flow.delay"}, "start.exit -> nap.enter")["workflows"]["main"]
    document["workflows"] |= {"sub": other, "alone": other}
    found = coverage_of(tmp_path, document, {"expect": {"printed": ["ding"]}})
    assert found.in_words() == ["workflow alone"]


def test_a_disabled_node_is_led_past(tmp_path: Path) -> None:
    document = graph(
        {
            "start": "flow.start",
            "off": {"type": "flow.print", "disabled": True},
            "two": {"type": "flow.print", "disabled": True},
            "show": node("flow.print", value="x"),
            "data": {"type": "math.add", "disabled": True},
        },
        "start.exit -> off.enter",
        "off.exit -> two.enter",
        "two.exit -> show.enter",
        "data.result -> off.value",
    )
    found = coverage_of(tmp_path, document)
    assert found.in_words() == []
    assert found.by_kind() == {"node": (2, 2), "connection": (3, 3)}


def test_coverage_is_the_same_on_trio(tmp_path: Path) -> None:
    simulated = coverage_of(tmp_path, joined(missing="skip"))
    real = coverage_of(tmp_path, joined(missing="skip"), {"schedules": 0})
    assert set(simulated.hits) == set(real.hits)


def test_documents_in_several_files_count_once(tmp_path: Path) -> None:
    (tmp_path / "decide.json").write_text(json.dumps(DECIDE))
    measured = flowtest.SuiteCoverage()
    for number in (1, 11):
        path = write(tmp_path, "decide.json", {"name": "a", "inputs": {"n": number}}, name=f"{number}.flowtest.json")
        suite = flowtest.open_suite(path)
        assert flowtest.run_test(suite, suite.tests[0], coverage=measured).passed
    assert [coverage.in_words() for coverage in measured.by_key.values()] == [[]]


def test_measuring_changes_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, joined(), {"name": "a", "schedules": 30})
    suite = flowtest.open_suite(path)
    plain = flowtest.run_test(suite, suite.tests[0])
    assert flowtest.run_test(suite, suite.tests[0], coverage=flowtest.SuiteCoverage()) == plain


def test_coverage_for_programs_and_as_a_picture(tmp_path: Path) -> None:
    found = coverage_of(tmp_path, DECIDE, {"inputs": {"n": 1}})
    data = json.loads(json.dumps(reporting.as_json([found])))
    assert (data["covered"], data["of"], data["percent"]) == (9, 14, 64.29)
    (document,) = data["documents"]
    assert document["kinds"]["connection"] == {"covered": 4, "of": 6}
    runs = {item["what"]: item["runs"] for item in document["items"] if item["kind"] == "connection"}
    assert runs["if.true -> yes.enter"] == 1
    assert runs["if.false -> no.enter"] == 0
    drawn = reporting.picture(found, standard_registry())
    wires = [line for line in drawn.splitlines() if "-->|" in line or "-.->|" in line]
    (style,) = [line.split() for line in drawn.splitlines() if "linkStyle" in line]
    dashed = [wires[int(number)] for number in style[1].split(",")]
    assert ['"false"' in dashed[0], '"result → value"' in dashed[1], len(dashed)] == [True, True, 2]
    assert reporting.total([]) == (0, 0, 100.0)
