"""The pytest plugin: flow tests are collected, and there are fixtures for simulated and checked runs."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import entry_points
from typing import Any

import pytest
from flowtest_files import BROKEN, FAILS, HELLO, RACE, write

from nodeflow.files import from_dict
from nodeflow.machine.states import InvariantBroken
from nodeflow.testing import plugin
from nodeflow.testing.flowtest.checking import checked_run

pytest_plugins = ["pytester"]


@pytest.fixture
def run(pytester: pytest.Pytester) -> Any:
    """`run(*arguments)`: what pytest says in a folder of its own."""
    return lambda *arguments: pytester.runpytest("-p", "no:cacheprovider", *arguments)


def test_pytest_loads_it_where_nodeflow_is_installed() -> None:
    """If not: `pip install -e .` once more."""
    (point,) = entry_points(group="pytest11", name="nodeflow")
    assert point.value == "nodeflow.testing.plugin"
    assert point.load() is plugin


def test_it_imports_nothing_of_its_own_until_it_is_needed() -> None:
    """Beyond what importing `nodeflow.testing` itself takes."""
    code = (
        "import sys, pytest, nodeflow.testing; before = set(sys.modules); import nodeflow.testing.plugin; "
        "print(sorted(set(sys.modules) - before))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['nodeflow.testing.plugin']"


def test_each_test_of_a_file_is_one_of_pytests(pytester: pytest.Pytester, run: Any) -> None:
    write(pytester.path, HELLO, {"name": "says hello", "expect": {"printed": ["hello"]}}, {"name": "completes"})
    write(pytester.mkdir("below"), BROKEN, {"name": "rejected", "expect": {"findings": ["NF101"]}})
    pytester.path.joinpath("graph.json").write_text(json.dumps(BROKEN))
    result = run("-v")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["*some.flowtest.json::says hello PASSED*", "*some.flowtest.json::completes PASSED*"])
    run("-k", "hello").assert_outcomes(passed=1, deselected=2)
    run("some.flowtest.json::completes").assert_outcomes(passed=1)


def test_a_failure_says_what_differs_and_nothing_of_ours(pytester: pytest.Pytester, run: Any) -> None:
    write(pytester.path, RACE, {"name": "in order", "expect": {"printed": ["a", "b"]}})
    result = run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ in order _*",
            'printed: expected ["a", "b"], got ["b", "a"]',
            "under schedule [[]*[]] (found with the 2nd that was tried)",
            "FAILED some.flowtest.json::in order*",
        ]
    )
    said = result.stdout.str()
    assert "Traceback" not in said
    assert ".py" not in said.partition("FAILURES")[2]


def test_a_bad_file_is_an_error_of_collection_in_words(pytester: pytest.Pytester, run: Any) -> None:
    write(pytester.path, "missing.json", {"name": "a"}, nodes=["missing.py"])
    write(pytester.path, HELLO, {"nam": "a"}, name="other.flowtest.json")
    result = run()
    result.assert_outcomes(errors=2)
    said = result.stdout.str()
    assert "NF009 error: document: " in said
    assert "NF009 error: nodes/0: missing.py: " in said
    assert "NF006 error: tests/0/nam: unknown key 'nam'; did you mean 'name'?" in said
    assert "Traceback" not in said
    assert "plugin.py" not in said


def test_the_number_of_schedules_is_an_option(
    pytester: pytest.Pytester, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pytester.path, RACE, {"name": "in order", "expect": {"printed": ["a", "b"]}})
    run("--nodeflow-schedules=1").assert_outcomes(passed=1)
    run("--nodeflow-schedules=2").assert_outcomes(failed=1)
    for wrong in ("0", "many"):
        result = run(f"--nodeflow-schedules={wrong}")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([f"*argument --nodeflow-schedules: invalid *value: '{wrong}'"])


def test_an_error_of_our_own_has_a_traceback(
    pytester: pytest.Pytester, run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only what a test says is in words; what nobody expects must be found."""
    write(pytester.path, HELLO, {"name": "a"})
    monkeypatch.setattr("nodeflow.testing.flowtest.run_test", lambda *given, **options: 1 / 0)
    result = run()
    result.assert_outcomes(failed=1)
    assert "ZeroDivisionError" in result.stdout.str()


def test_it_goes_with_pytest_trio_and_warnings_as_errors(pytester: pytest.Pytester, run: Any) -> None:
    pytester.makeini("[pytest]\ntrio_mode = true\nfilterwarnings = error\naddopts = --import-mode=importlib")
    write(pytester.path, HELLO, {"name": "a"})
    pytester.makepyfile("async def test_waits(checked_run):\n    import trio\n    await trio.sleep(0)\n")
    run().assert_outcomes(passed=2)
    assert pytester.runpytest_subprocess().ret == 0


def test_it_can_be_kept_out(pytester: pytest.Pytester, run: Any) -> None:
    write(pytester.path, FAILS, {"name": "a"})
    assert run("-p", "no:nodeflow").ret == pytest.ExitCode.NO_TESTS_COLLECTED


# --- fixtures -----------------------------------------------------------------------------------------


def test_the_fixtures(pytester: pytest.Pytester, run: Any) -> None:
    pytester.makepyfile(
        f"""
        import nodeflow as nf
        import pytest

        RACE, FAILS = nf.loads({json.dumps(json.dumps(RACE))}), nf.loads({json.dumps(json.dumps(FAILS))})

        def test_every_order(simulator):
            simulator = simulator(RACE)
            printed = {{tuple(simulator.run(schedule=[0] * n + [1]).result.printed) for n in range(8)}}
            assert printed == {{("a", "b"), ("b", "a")}}

        def test_a_run(checked_run):
            assert checked_run(RACE).printed == ["a", "b"]
            assert sorted(checked_run(RACE, on_trio=True).printed) == ["a", "b"]
            assert checked_run(FAILS, status="failed").error is not None

        def test_a_run_that_fails(checked_run):
            checked_run(FAILS)

        async def test_inside_trio(checked_run):
            assert checked_run(RACE).completed
        """
    )
    result = run("-o", "trio_mode=true")
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(
        ["*AssertionError: the run was expected to end as 'completed' and ended as 'failed': node*"]
    )


@pytest.mark.parametrize("on_trio", [False, True], ids=["simulated", "on trio"])
def test_a_checked_run_is_checked(on_trio: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The auditor sees every context and thread; what it finds wrong comes out."""
    from nodeflow.machine.audit import Audit

    seen = []
    ended = Audit.ended

    def broken(self: Audit, thread: Any) -> None:
        seen.append(thread.id)
        ended(self, thread)
        if thread.id == 2:
            ended(self, thread)

    document = from_dict(RACE)
    monkeypatch.setattr(Audit, "ended", broken)
    with pytest.raises(InvariantBroken, match="T"):
        checked_run(document, on_trio=on_trio)
    assert 2 in seen


def test_trio_takes_no_schedule() -> None:
    with pytest.raises(TypeError, match="trio takes no schedule"):
        checked_run(from_dict(RACE), on_trio=True, schedule=[1])
