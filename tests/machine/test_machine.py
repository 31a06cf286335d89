"""The machine alone: driven by hand, without trio, with flow threads chosen in any order (semantics 5 to 8, 12)."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from sync_driver import Driver, Unwound, compiled

import nodeflow as nf
from nodeflow.errors import LimitExceeded
from nodeflow.library import flow, logic, math, variables
from nodeflow.machine import Context, ContextKind, ContextState, Limits, RunState
from nodeflow.machine.states import ThreadState

SEEDS = [None, *range(12)]


@nf.exec_node("mm.fails")
def fails(message: str = "failed") -> None:
    """Fail."""
    raise ValueError(message)


@nf.exec_node("mm.give")
def give(value: Any = None) -> Any:
    """Give the value."""
    return value


def wide() -> Any:
    """Fan-out, loop, batch, gosub and data nodes, with waiting in each branch."""
    wf = nf.Workflow("main", inputs={"n": ("int", 4)}, outputs={"all": "any", "each": "list", "last": "int"})
    start, fo = wf.add(flow.start), wf.add(flow.fan_out, id="fan", branches=["a", "b", "c"])
    fi = wf.add(flow.fan_in, id="join", merge="dict")
    start >> fo
    loop, out = wf.add(flow.for_, times=3), wf.add(flow.set_output)
    fo["a"] >> wf.add(flow.delay) >> loop
    loop.body >> wf.add(flow.delay) >> out
    loop.index >> out.last
    loop.exit >> fi
    loop.index >> fi["a"]
    call = wf.add(flow.gosub, id="call", workflow="sub")
    fo["b"] >> call >> fi
    wf.inputs.n >> call["n"]
    call["r"] >> fi["b"]
    fo["c"] >> wf.add(flow.delay) >> fi
    batch, add = wf.add(flow.batch, id="batch", items=[1, 2, 3, 4], parallel=2), wf.add(math.add, b=10)
    fi >> batch
    batch.process >> wf.add(flow.delay) >> wf.add(flow.delay)
    batch.item >> add.a
    add.result >> batch.result
    done = wf.add(flow.set_output)
    batch["continue"] >> done
    batch.results >> done.each
    fi.merged >> done.all
    sub = nf.Workflow("sub", inputs={"n": "int"}, outputs={"r": "int"})
    first, second, double = sub.add(flow.start), sub.add(flow.start), sub.add(math.multiply, b=2)
    one, two = sub.add(flow.set_output), sub.add(flow.set_output)
    sub.inputs.n >> double.a
    first >> sub.add(flow.delay) >> one
    sub.inputs.n >> one.r
    second >> two
    double.result >> two.r
    return compiled(wf, sub)


EXPECTED = {"all": {"a": 2, "b": 8, "c": None}, "each": [11, 12, 13, 14], "last": 2}


@pytest.mark.rule("5.T7")
@pytest.mark.parametrize("seed", SEEDS)
def test_any_order_of_flow_threads_gives_the_same_outputs(seed: int | None) -> None:
    driver = Driver(wide(), seed=seed).run()
    assert driver.error is None
    assert driver.outputs == EXPECTED
    assert driver.machine.state is RunState.COMPLETED


@pytest.mark.rule("12")
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_calls_give_the_same_answers(seed: int | None) -> None:
    """Also on another machine with another compilation of the same document, and however often."""
    graph = wide()
    first = Driver(graph, seed=seed).run().transcript
    assert len(first) > 50
    assert Driver(graph, seed=seed).run().transcript == first, "a run leaves nothing behind in the graph"
    assert Driver(wide(), seed=seed).run().transcript == first


@pytest.mark.rule("12")
def test_another_order_is_another_transcript() -> None:
    """Or the seeds of these tests would choose nothing."""
    graph = wide()
    assert len({tuple(Driver(graph, seed=seed).run().transcript) for seed in range(12)}) > 6


@pytest.mark.rule("12")
def test_the_machine_imports_nothing_that_does_io_keeps_a_clock_or_draws_numbers() -> None:
    """Beyond what Python itself has imported before: seen from a fresh interpreter."""
    code = (
        "import sys, nodeflow.machine; "
        "print(*[m for m, v in list(sys.modules.items()) if m.startswith('nodeflow.machine') "
        "for n in ('trio', 'time', 'random', 'uuid', 'threading', 'asyncio', 'socket', 'os') if hasattr(v, n)])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


# --- however it ends ---


def _consistent(driver: Driver) -> None:
    """What must hold between any two turns (T1, T3, T4), seen from outside."""
    machine, live, todo = driver.machine, 0, [driver.machine.root]
    while todo:
        context = todo.pop()
        assert context.state is not ContextState.CLOSED
        live += len(context.threads)
        assert all(thread.context is context for thread in context.threads.values())
        assert all(thread.state is not ThreadState.RETURNED for thread in context.threads.values())
        for child in context.children.values():
            assert child.parent is context
            assert child.depth == context.depth + 1
            assert child.doomed or not context.doomed, "T2: the subtree of a cancelled context is cancelled"
            todo.append(child)
    assert machine.live == live
    assert sum(1 for _ in machine.in_tree_order()) == live


@pytest.mark.rule("5.T1")
@pytest.mark.rule("5.T3")
@pytest.mark.parametrize("seed", SEEDS)
def test_invariants_hold_after_each_turn(seed: int | None) -> None:
    driver = Driver(wide(), seed=seed)
    driver.after_each = lambda: _consistent(driver)
    driver.run()


@pytest.mark.rule("5.T2")
@pytest.mark.rule("5.T6")
def test_a_run_cancelled_after_any_number_of_turns_leaves_nothing() -> None:
    graph = wide()
    length = _turns(graph)
    states = set()
    for turns in range(length):
        for seed in (None, turns):
            driver = Driver(graph, seed=seed)
            driver.after_each = lambda: _consistent(driver)  # noqa: B023 - called at once
            driver.run(turns=turns)
            assert driver.machine.live == 0
            states.add(driver.machine.state)
    assert RunState.CANCELLED in states


def _turns(graph: Any) -> int:
    """How many turns an undisturbed run takes."""
    taken = [0]
    driver = Driver(graph, seed=None)

    def count() -> None:
        taken[0] += 1

    driver.after_each = count
    driver.run()
    assert taken[0] > 20
    return taken[0]


@pytest.mark.rule("5.T6")
@pytest.mark.parametrize("limit", ["steps", "threads", "depth", "context_depth"])
def test_a_limit_ends_the_run_wherever_it_is_hit(limit: str) -> None:
    graph, seen = wide(), 0
    for value in range(1, 60):
        driver = Driver(graph, seed=value, limits=Limits(**{limit: value})).run()
        assert driver.machine.live == 0
        if driver.error is None:
            assert driver.outputs == EXPECTED
            break
        assert isinstance(driver.error, LimitExceeded)
        assert (driver.error.limit, driver.error.value) == (limit, value)
        seen += 1
    assert seen > 0


def failing(errors: str = "fail_fast") -> Any:
    """Three branches, two of which fail when it is their turn."""
    wf = nf.Workflow("main", outputs={"all": "any", "errors": "list", "r": "text"})
    fo = wf.add(flow.fan_out, id="fan", branches=["a", "b", "c"], errors=errors)
    fi = wf.add(flow.fan_in, id="join", merge="dict")
    wf.add(flow.start) >> fo
    for name in "ac":
        fo[name] >> wf.add(flow.delay) >> wf.add(fails, id=name, message=name) >> fi
    fo["b"] >> wf.add(flow.delay) >> wf.add(flow.set_output, r="b") >> wf.add(flow.delay) >> fi
    done = wf.add(flow.set_output)
    fi >> done
    fi.merged >> done.all
    fi.errors >> done.errors
    return compiled(wf)


@pytest.mark.rule("6.8")
@pytest.mark.parametrize("seed", SEEDS)
def test_fail_fast_and_collect_under_any_order(seed: int | None) -> None:
    driver = Driver(failing(), seed=seed).run()
    assert driver.machine.state is RunState.FAILED
    assert driver.outputs == {}
    assert isinstance(driver.error, nf.NodeFailed)
    assert driver.error.node in "ac"
    driver = Driver(failing("collect"), seed=seed).run()
    assert driver.outputs == {"all": {"b": None}, "errors": ["a", "c"], "r": "b"}


def racing(join: Any) -> Any:
    wf = nf.Workflow("main", outputs={"all": "list"})
    names = ["a", "b", "c", "d"]
    fo, fi = wf.add(flow.fan_out, id="fan", branches=names), wf.add(flow.fan_in, id="join", join=join)
    wf.add(flow.start) >> fo
    for name in names:
        value = wf.add(give, value=name)
        fo[name] >> wf.add(flow.delay) >> value >> fi
        value.result >> fi[name]
    done = wf.add(flow.set_output)
    fi >> done
    fi.merged >> done.all
    return compiled(wf)


@pytest.mark.rule("6.5")
@pytest.mark.parametrize(("join", "count"), [("any", 1), ({"quorum": 2}, 2), ({"quorum": 4}, 4)])
def test_exactly_the_first_n_arrivals_under_any_order(join: Any, count: int) -> None:
    graph, seen = racing(join), set()
    for seed in range(30):
        driver = Driver(graph, seed=seed).run()
        found = driver.outputs["all"]
        assert len(found) == count
        assert found == sorted(found), "branch order, not the order of arrival"
        seen.add(tuple(found))
    assert len(seen) == {1: 4, 2: 6, 4: 1}[count], "every outcome that is possible came up"


@pytest.mark.rule("7.1")
@pytest.mark.parametrize("parallel", [1, 2, 3])
def test_no_more_slices_live_than_parallel_says(parallel: int) -> None:
    wf = nf.Workflow("main", outputs={"all": "list"})
    batch = wf.add(flow.batch, items=list(range(7)), parallel=parallel)
    wf.add(flow.start) >> batch
    batch.process >> wf.add(flow.delay) >> wf.add(flow.delay)
    batch.item >> batch.result
    done = wf.add(flow.set_output)
    batch["continue"] >> done
    batch.results >> done.all
    most = 0

    def look() -> None:
        nonlocal most
        most = max([most, *(len(c.threads) for c in _contexts(driver.machine.root) if c.kind is ContextKind.BATCH)])

    for seed in range(8):
        driver = Driver(compiled(wf), seed=seed)
        driver.after_each = look
        assert driver.run().outputs["all"] == list(range(7))
    assert most == parallel


def _contexts(root: Context) -> list[Context]:
    found, todo = [], [root]
    while todo:
        context = todo.pop()
        found.append(context)
        todo.extend(context.children.values())
    return found


# --- reading: snapshot, memos, single flight ---


@pytest.mark.rule("3.2")
@pytest.mark.parametrize("seed", SEEDS)
def test_branches_never_see_each_others_cells(seed: int | None) -> None:
    wf = nf.Workflow("main", outputs={"all": "any"}, variables={"x": nf.model.Variable("int", 0, "local")})
    fo, fi = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(flow.fan_in, id="join", merge="dict")
    wf.add(flow.start) >> fo
    got = wf.add(variables.get, name="x")
    add = wf.add(math.add, b=1)
    got[variables.get.data_outs[0].name] >> add.a
    for name in "ab":
        loop, put = wf.add(flow.for_, times=3), wf.add(variables.set_, name="x")
        fo[name] >> loop
        loop.body >> wf.add(flow.delay) >> put
        add.result >> put.value
        loop.exit >> fi
        got[variables.get.data_outs[0].name] >> fi[name]
    done = wf.add(flow.set_output)
    fi >> done
    fi.merged >> done.all
    assert Driver(compiled(wf), seed=seed).run().outputs["all"] == {"a": 3, "b": 3}


@pytest.mark.rule("4.3")
@pytest.mark.parametrize("seed", SEEDS)
def test_a_data_node_outside_is_evaluated_once_for_all_branches(seed: int | None) -> None:
    wf = nf.Workflow("main", inputs={"n": ("int", 1)}, outputs={"all": "any"})
    names = [f"b{i}" for i in range(8)]
    fo, fi = wf.add(flow.fan_out, branches=names), wf.add(flow.fan_in, id="join")
    wf.add(flow.start) >> fo
    choose = wf.add(logic.select, condition=True)
    wf.inputs.n >> choose.then
    for name in names:
        value = wf.add(give)
        fo[name] >> wf.add(flow.delay) >> value >> fi
        choose.result >> value.value
        value.result >> fi[name]
    done = wf.add(flow.set_output)
    fi >> done
    fi.merged >> done.all
    driver = Driver(compiled(wf), seed=seed).run()
    assert driver.outputs["all"] == [1] * 8
    assert driver.machine.evaluations == 1


# --- nothing recurses ---


@pytest.mark.rule("8.3")
def test_three_thousand_nested_contexts_without_recursion() -> None:
    wf = nf.Workflow("down", inputs={"n": ("int", 3000)}, outputs={"r": "int"})
    choose, more, less = wf.add(flow.if_), wf.add(logic.greater, b=0), wf.add(math.subtract, b=1)
    call, back, bottom = wf.add(flow.gosub, workflow="down"), wf.add(flow.set_output), wf.add(flow.set_output, r=7)
    wf.add(flow.start) >> choose
    wf.inputs.n >> more.a
    wf.inputs.n >> less.a
    more.result >> choose.condition
    choose.true >> call >> back
    less.result >> call["n"]
    call["r"] >> back.r
    choose.false >> bottom
    graph = compiled(wf)
    driver = Driver(graph, seed=None).run()
    assert driver.outputs == {"r": 7}
    assert driver.machine.contexts_opened == 3001
    driver = Driver(graph, seed=None).run(turns=2500)
    assert driver.machine.state is RunState.CANCELLED


@pytest.mark.rule("2.7")
def test_unwinding_passes_through_every_body_that_waits() -> None:
    """`return` in the innermost of many loops: each is thrown the unwinding once, and the thread ends."""
    wf = nf.Workflow("main", outputs={"r": "int"})
    above: Any = wf.add(flow.start).exit
    for i in range(50):
        loop = wf.add(flow.for_, id=f"loop{i}", times=2)
        above >> loop
        above = loop.body
    above >> wf.add(flow.return_, r=1)
    driver = Driver(compiled(wf), seed=None).run()
    assert driver.outputs == {"r": 1}
    assert sum("unwound" in line for line in driver.transcript) == 50
    assert issubclass(Unwound, BaseException)
