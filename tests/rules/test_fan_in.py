"""Fan-in: arriving, contributions, merge and join policies, what is missing (semantics 6.3 to 6.6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    boom,
    bug,
    codes,
    failures,
    fan,
    finish,
    give,
    go,
    mess,
    messages,
    nap,
    say,
    started,
    tidy,
    told,
    variable,
)

import nodeflow as nf
from nodeflow.library import flow, lists, logic, math, random, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


def merged(
    wires: Callable[[nf.Workflow, Any, Any], None], *names: str, **options: Any
) -> nf.Workflow:
    """A workflow of one fan-out and fan-in, whose output `all` is what came of it."""
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, *names, **options)
    start >> fo
    wires(wf, fo, fi)
    finish(wf, fi, all=fi.merged)
    return wf


def giving(*values: Any, naps: tuple[float, ...] = (), **options: Any) -> nf.Workflow:
    """Branches `b0`, `b1`, ... that bring `values`, in an order that `naps` decide."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for i, value in enumerate(values):
            node = wf.add(nap, seconds=naps[i], value=value) if naps else wf.add(give, value=value)
            fo[f"b{i}"] >> node >> fi
            (node.out if naps else node.result) >> fi[f"b{i}"]

    return merged(wires, *(f"b{i}" for i in range(len(values))), **options)


# --- 6.3: arriving and contributing ---


@pytest.mark.rule("6.3")
@both
async def test_a_branch_contributes_its_own_input_else_value_else_none(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        own, common = wf.add(give, id="own", value="own"), wf.add(give, id="common", value="value")
        fo["a"] >> common >> fi
        fo["b"] >> own >> fi
        own.result >> fi["b"]
        common.result >> fi.value

    result = await go(merged(wires, "a", "b"), elide)
    assert result.outputs["all"] == ["value", "own"]

    def bare(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["a"] >> fi

    assert (await go(merged(bare, "a"), elide)).outputs["all"] == [None]


@pytest.mark.rule("6.3")
@both
async def test_a_literal_value_is_contributed_where_nothing_is_wired(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["a"] >> fi
        fo["b"] >> fi

    assert (await go(merged(wires, "a", "b", value=7), elide)).outputs["all"] == [7, 7]


@pytest.mark.rule("6.3")
@both
async def test_only_the_input_of_the_branch_is_pulled(elide: bool) -> None:
    """The inputs of the others would fail here: they are not even looked at."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        bad = wf.add(math.divide, a=1, b=0)
        fo["a"] >> fi
        fo["b"] >> wf.add(flow.fail, message="b") >> fi
        good = wf.add(math.add, a=1, b=2)
        good.result >> fi["a"]
        bad.result >> fi["b"]

    wf = merged(wires, "a", "b", missing="skip")
    seen: list[nf.observers.Event] = []
    result = await go(wf, elide, observers=[seen.append])
    assert messages(result.error) == ["b"], "the division by zero was never pulled"
    assert not [e for e in seen if isinstance(e, nf.observers.DataEvaluated) and e.node == "divide"]


@pytest.mark.rule("6.3")
@both
async def test_a_contribution_is_pulled_in_the_scope_of_its_branch(elide: bool) -> None:
    """One data node, fed by what each branch wrote itself, gives each branch its own."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        add = wf.add(math.add, b=100)
        variable(wf, "x") >> add.a
        for i, name in enumerate(("a", "b", "c")):
            fo[name] >> wf.add(variables.set_, name="x", value=i) >> fi
        add.result >> fi.value

    wf, start = started(outputs={"all": "any"}, variables={"x": nf.model.Variable("int", 50, "local")})
    fo, fi = fan(wf, "a", "b", "c")
    start >> fo
    wires(wf, fo, fi)
    finish(wf, fi, all=fi.merged)
    assert (await go(wf, elide)).outputs["all"] == [100, 101, 102]


@pytest.mark.rule("6.3")
@both
async def test_what_fails_while_contributing_fails_the_branch(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["a"] >> fi
        wf.add(math.divide, id="bad", a=1, b=0).result >> fi["a"]

    result = await go(merged(wires, "a"), elide)
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path) == ("bad", "main/fan[0]")
    assert isinstance(failure.__cause__, ZeroDivisionError)


@pytest.mark.rule("6.3")
@both
async def test_contributions_come_in_branch_order_not_in_the_order_of_arrival(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf = giving("a", "b", "c", "d", naps=(9, 3, 7, 1))
    assert (await go(wf, elide)).outputs["all"] == ["a", "b", "c", "d"]
    wf = giving("a", "b", "c", naps=(3, 2, 1), merge="dict")
    assert list((await go(wf, elide)).outputs["all"]) == ["b0", "b1", "b2"]


@pytest.mark.rule("6.3")
@both
async def test_arriving_ends_the_chain_but_what_waits_in_the_branch_goes_on(elide: bool) -> None:
    """A sequence of the branch arrives in its first step; its second step still runs, before the join goes on."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        steps = wf.add(flow.sequence, steps=["one", "two"])
        fo["a"] >> steps
        steps["one"] >> wf.add(say, line="arriving") >> fi
        steps["two"] >> wf.add(say, line="second step")
        fi >> wf.add(say, line="behind")

    log = Log()
    result = await go(merged(wires, "a"), elide, services=[log])
    assert result.completed
    assert log.lines == ["arriving", "second step", "behind"]


@pytest.mark.rule("6.3")
@both
async def test_a_branch_that_loops_and_then_arrives(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=4)
        add = wf.add(math.add, b=1)
        put = wf.add(variables.set_, name="x")
        fo["a"] >> loop
        loop.body >> put
        x = variable(wf, "x")
        x >> add.a
        add.result >> put.value
        loop.exit >> fi
        x >> fi["a"]
        fo["b"] >> fi

    wf, start = started(outputs={"all": "any"}, variables={"x": nf.model.Variable("int", 0, "local")})
    fo, fi = fan(wf, "a", "b")
    start >> fo
    wires(wf, fo, fi)
    finish(wf, fi, all=fi.merged)
    assert (await go(wf, elide)).outputs["all"] == [4, None]


@pytest.mark.rule("6.3")
@both
async def test_what_follows_the_join_runs_once_in_the_opener(elide: bool) -> None:
    """It sees the opener's cells, not those of a branch, and the fan-in's own output."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for name in "abc":
            fo[name] >> wf.add(variables.set_, name="x", value=99) >> fi
        fi >> wf.add(say, line="behind")

    wf, start = started(outputs={"all": "any", "x": "int"}, variables={"x": nf.model.Variable("int", 5, "local")})
    fo, fi = fan(wf, "a", "b", "c")
    start >> fo
    wires(wf, fo, fi)
    finish(wf, fi, all=fi.merged, x=variable(wf, "x"))
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["behind"]
    assert result.outputs == {"all": [None] * 3, "x": 5}


@pytest.mark.rule("6.3")
@both
async def test_a_fan_in_inside_a_loop_starts_anew_each_round(elide: bool) -> None:
    """No arrival of an earlier round is left over: `any` needs one again, `all` needs all."""
    wf, start = started(outputs={"last": "any"})
    loop = wf.add(flow.for_, times=5)
    fo, fi = fan(wf, "a", "b", merge="dict")
    show, done = wf.add(flow.print), wf.add(flow.set_output)
    start >> loop
    loop.body >> fo
    double = wf.add(math.multiply, b=2)
    loop.index >> double.a
    fo["a"] >> fi
    fo["b"] >> fi
    loop.index >> fi["a"]
    double.result >> fi["b"]
    fi >> show
    fi.merged >> show.value
    loop.exit >> done
    fi.merged >> done.last
    result = await go(wf, elide)
    assert result.printed == [f'{{"a":{i},"b":{2 * i}}}' for i in range(5)]
    assert result.outputs["last"] == {"a": 4, "b": 8}


@pytest.mark.rule("6.3")
@both
async def test_a_fan_in_whose_exit_leads_back_to_its_fan_out(elide: bool) -> None:
    """A wire back in the opener's own thread is a loop: a new context each time, without nesting (2.2)."""
    wf, start = started(outputs={"x": "int"}, variables={"x": nf.model.Variable("int", 0, "local")})
    fo, fi = fan(wf, "a", "b")
    start >> fo
    fo["a"] >> fi
    fo["b"] >> fi
    put, add = wf.add(variables.set_, name="x"), wf.add(math.add, b=1)
    more, less = wf.add(flow.if_), wf.add(flow.set_output)
    x = variable(wf, "x")
    x >> add.a
    add.result >> put.value
    fi >> put >> more
    compare = wf.add(logic.less, b=50)
    x >> compare.a
    compare.result >> more.condition
    more.true >> fo
    more.false >> less
    x >> less.x
    result = await go(wf, elide)
    assert result.outputs["x"] == 50
    assert result.counters["contexts"] == 51


# --- 6.4: merge policies ---


@pytest.mark.rule("6.4")
@both
@pytest.mark.parametrize(
    ("merge", "values", "expected"),
    [
        ("list", (1, None, [2]), [1, None, [2]]),
        ("dict", (1, None), {"b0": 1, "b1": None}),
        ("concat", ([1, 2], [], [3]), [1, 2, 3]),
        ("first", ("x", "y"), "x"),
        ("merge", ({"a": 1}, {"b": {"c": 2}}, {"b": {"d": 3}}), {"a": 1, "b": {"c": 2, "d": 3}}),
        ("merge", ({"a": 1}, {"a": 1}), {"a": 1}),
    ],
)
async def test_merge_policies(elide: bool, merge: str, values: tuple[Any, ...], expected: Any) -> None:
    assert (await go(giving(*values, merge=merge), elide)).outputs["all"] == expected


@pytest.mark.rule("6.4")
@both
async def test_list_is_the_default(elide: bool) -> None:
    assert (await go(giving("x"), elide)).outputs["all"] == ["x"]


@pytest.mark.rule("6.4")
@both
async def test_first_is_the_first_branch_not_the_first_arrival(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    assert (await go(giving("slow", "quick", naps=(5, 1), merge="first"), elide)).outputs["all"] == "slow"


@pytest.mark.rule("6.4")
@both
@pytest.mark.parametrize(
    "values",
    [
        ({"a": 1}, {"a": 2}),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}),
        pytest.param(({"a": {"b": 1}}, {"a": 1}), marks=bug("conflict name")),
        ({"a": 1}, {"a": {"b": 1}}),
    ],
)
async def test_a_conflict_is_an_error_that_names_both_branches_and_the_key(
    elide: bool, values: tuple[Any, ...]
) -> None:
    result = await go(giving(*values, merge="merge"), elide)
    (failure,) = failures(result.error)
    assert failure.node == "join"
    assert isinstance(failure.__cause__, nf.MergeConflict)
    said = str(failure.__cause__)
    assert "'a" in said
    assert "b0" in said
    assert "b1" in said


@pytest.mark.rule("6.4")
@both
@pytest.mark.parametrize(("prefer", "kept"), [("first", 1), ("last", 2)])
async def test_a_side_can_be_chosen(elide: bool, prefer: str, kept: int) -> None:
    wf = giving({"a": {"b": 1, "x": 0}}, {"a": {"b": 2}}, merge="merge", prefer=prefer)
    assert (await go(wf, elide)).outputs["all"] == {"a": {"b": kept, "x": 0}}


@pytest.mark.rule("6.4")
@both
@pytest.mark.parametrize(("prefer", "kept"), [("first", {"b": 1}), ("last", 2)])
async def test_a_side_can_be_chosen_where_one_brings_a_dict_and_the_other_a_value(
    elide: bool, prefer: str, kept: Any
) -> None:
    wf = giving({"a": {"b": 1}}, {"a": 2}, merge="merge", prefer=prefer)
    assert (await go(wf, elide)).outputs["all"] == {"a": kept}


@pytest.mark.rule("6.4")
@both
async def test_merging_changes_no_contribution_in_place(elide: bool) -> None:
    """A dict that a branch brought, and that the graph goes on reading, stays what it was (3.7)."""
    wf, start = started(outputs={"all": "any", "one": "any"})
    base = wf.add(give, id="base", value={"a": {"x": 1}})
    fo, fi = fan(wf, "l", "r", merge="merge")
    start >> base >> fo
    fo["l"] >> fi
    other = wf.add(give, value={"a": {"y": 2}})
    fo["r"] >> other >> fi
    base.result >> fi["l"]
    other.result >> fi["r"]
    finish(wf, fi, all=fi.merged, one=base.result)
    result = await go(wf, elide, check_values=True)
    assert result.outputs == {"all": {"a": {"x": 1, "y": 2}}, "one": {"a": {"x": 1}}}


@bug("merge in place")
@pytest.mark.rule("6.4")
@both
async def test_a_dict_that_wins_a_conflict_is_not_merged_into_in_place(elide: bool) -> None:
    wf, start = started(outputs={"all": "any", "two": "any"})
    fo, fi = fan(wf, "x", "y", "z", merge="merge", prefer="last")
    two = wf.add(give, id="two", value={"a": {"b": 1}})
    start >> two >> fo
    one, three = wf.add(give, value={"a": 1}), wf.add(give, value={"a": {"c": 2}})
    for name, node in (("x", one), ("z", three)):
        fo[name] >> node >> fi
        node.result >> fi[name]
    fo["y"] >> fi
    two.result >> fi["y"]
    finish(wf, fi, all=fi.merged, two=two.result)
    result = await go(wf, elide)
    assert result.outputs == {"all": {"a": {"b": 1, "c": 2}}, "two": {"a": {"b": 1}}}


@pytest.mark.rule("6.4")
@both
async def test_dicts_hundreds_deep_are_merged_without_recursion(elide: bool) -> None:
    left: dict[str, Any] = {"end": 1}
    right: dict[str, Any] = {"other": 2}
    for _ in range(400):
        left, right = {"k": left}, {"k": right}
    result = await go(giving(left, right, merge="merge"), elide)
    found = result.outputs["all"]
    for _ in range(400):
        found = found["k"]
    assert found == {"end": 1, "other": 2}


@pytest.mark.rule("6.4")
@both
@pytest.mark.parametrize(("merge", "value"), [("concat", 5), ("merge", [1])])
async def test_a_contribution_that_the_policy_cannot_take_is_an_error(elide: bool, merge: str, value: Any) -> None:
    result = await go(giving(value, merge=merge), elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.MergeConflict)
    assert "b0" in str(failure.__cause__)
    assert str(value) in str(failure.__cause__)


@nf.exec_node("fi.total")
def total(brought: nf.Arrivals, *, total: nf.Out[int], names: nf.Out[str], exit: nf.ExecOut) -> nf.ExecOut:
    """A reducer of a user: the sum of all contributions."""
    total.set(sum(arrival.value for arrival in brought))
    names.set("".join(arrival.branch for arrival in brought))
    return exit


@pytest.mark.rule("6.4")
@both
async def test_a_users_own_reducer(elide: bool) -> None:
    wf, start = started(outputs={"sum": "int", "names": "text"})
    fo, join = wf.add(flow.fan_out, branches=["a", "b"]), wf.add(total)
    start >> fo
    for i, name in enumerate("ab"):
        value = wf.add(give, value=i + 20)
        fo[name] >> value >> join
        value.result >> join[name]
    finish(wf, join, sum=join.total, names=join.names)
    assert (await go(wf, elide)).outputs == {"sum": 41, "names": "ab"}


@pytest.mark.rule("6.4")
def test_an_unknown_policy_is_rejected_by_name() -> None:
    for options in ({"join": "most"}, {"missing": "maybe"}, {"arrivals": "few"}):
        (value,) = options.values()
        assert value in told(giving(1, **options), "NF408")


@pytest.mark.rule("6.4")
@both
async def test_an_unknown_merge_policy_is_an_error_that_names_it(elide: bool) -> None:
    try:
        said = str((await go(giving(1, merge="zip"), elide)).error)
    except nf.InvalidDocument as error:
        said = str(error)
    assert "zip" in said
    assert "concat" in said, "says what there is"


# --- 6.5: join policies ---


@pytest.mark.rule("6.5")
@both
async def test_any_hands_on_exactly_the_first_arrival(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    wf = giving("a", "b", "c", naps=(5, 2, 9), join="any")
    before = trio.current_time()
    assert (await go(wf, elide)).outputs["all"] == ["b"]
    assert trio.current_time() - before == 2


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_hands_on_exactly_the_first_n_in_branch_order(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    wf = giving("a", "b", "c", "d", naps=(5, 2, 9, 1), join={"quorum": 3}, merge="dict")
    before = trio.current_time()
    assert (await go(wf, elide)).outputs["all"] == {"b0": "a", "b1": "b", "b3": "d"}
    assert trio.current_time() - before == 5


@pytest.mark.rule("6.5")
@both
@pytest.mark.parametrize("join", ["any", {"quorum": 2}])
async def test_arrivals_at_the_very_same_time_are_still_exactly_n(elide: bool, join: Any) -> None:
    """Branches that never block arrive in one go: no more than n are handed on."""
    result = await go(giving("a", "b", "c", "d", join=join), elide)
    assert len(result.outputs["all"]) == (1 if join == "any" else 2)


@bug("shield")
@pytest.mark.rule("6.5")
@both
async def test_losers_have_cleaned_up_before_the_opener_goes_on(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["win"] >> wf.add(nap, seconds=1) >> wf.add(say, line="arrives") >> fi
        fo["lose"] >> wf.add(tidy, name="loser", cleanup=3) >> fi
        inner = wf.add(flow.fan_out, id="inner", branches=["x"])
        fo["deep"] >> inner
        inner["x"] >> wf.add(tidy, name="deep", cleanup=2)
        fi >> wf.add(say, line="behind")

    log = Log()
    before = trio.current_time()
    result = await go(merged(wires, "win", "lose", "deep", join="any"), elide, services=[log])
    assert result.completed
    assert log.lines[0] == "arrives"
    assert log.lines[-1] == "behind"
    assert sorted(log.lines[1:-1]) == [
        "deep begins cleanup", "deep cleaned up", "loser begins cleanup", "loser cleaned up",
    ]  # fmt: skip
    assert trio.current_time() - before == 4


@pytest.mark.rule("6.5")
@both
async def test_a_loser_whose_cleanup_fails_fails_the_join(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["win"] >> wf.add(nap, seconds=1) >> fi
        fo["lose"] >> wf.add(mess, id="messy", message="spilt") >> fi
        fi >> wf.add(say, line="behind")

    log = Log()
    result = await go(merged(wires, "win", "lose", join="any"), elide, services=[log])
    (failure,) = failures(result.error)
    assert (failure.node, failure.context_path, str(failure.__cause__)) == ("messy", "main/fan[1]", "spilt")
    assert log.lines == []


@pytest.mark.rule("6.5")
@both
async def test_the_arrival_that_satisfies_cancels_the_rest_of_its_own_branch(
    elide: bool, autojump_clock: trio.abc.Clock
) -> None:
    """What would have run behind the arrival, in a step of its own branch, does not: also where nothing blocks."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        steps = wf.add(flow.sequence, steps=["one", "two"])
        fo["win"] >> steps
        steps["one"] >> fi
        steps["two"] >> wf.add(say, line="rest")

    log = Log()
    result = await go(merged(wires, "win", join="any"), elide, services=[log])
    assert result.completed
    assert log.lines == []


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_of_all_waits_for_no_more_than_arrivals(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """With all arrived, what waits in the branches still is cancelled: the join is satisfied by arrivals."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for name in "ab":
            steps = wf.add(flow.sequence, steps=["one", "two"])
            fo[name] >> steps
            steps["one"] >> fi
            steps["two"] >> wf.add(nap, seconds=100)

    before = trio.current_time()
    assert (await go(merged(wires, "a", "b", join={"quorum": 2}), elide)).outputs["all"] == [None, None]
    assert trio.current_time() == before


@pytest.mark.rule("6.5")
@both
async def test_what_is_outside_the_race_is_not_cancelled(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """T2 seen from a join: only the context of the fan-out is cancelled, not the branch of the outer one."""
    wf, start = started(outputs={"all": "any"})
    outer, meet = fan(wf, "race", "other", id="outer", join_id="meet")
    inner, first = fan(wf, "x", "y", id="inner", join_id="first", join="any")
    start >> outer
    outer["race"] >> inner
    quick = wf.add(nap, seconds=1, value="x")
    inner["x"] >> quick >> first
    quick.out >> first["x"]
    inner["y"] >> wf.add(nap, seconds=99) >> first
    first >> meet
    first.merged >> meet["race"]
    slow = wf.add(nap, seconds=10, value="other")
    outer["other"] >> slow >> meet
    slow.out >> meet["other"]
    finish(wf, meet, all=meet.merged)
    assert (await go(wf, elide)).outputs["all"] == [["x"], "other"]


@pytest.mark.rule("6.5")
@both
async def test_a_quorum_below_one_or_above_what_can_arrive_is_rejected(elide: bool) -> None:
    for quorum in (0, 3):
        wf = giving(1, 2, join={"quorum": quorum})
        assert str(quorum) in told(wf, "NF408")


@pytest.mark.rule("6.5")
@both
async def test_a_branch_in_the_queue_of_a_satisfied_join_is_not_begun(elide: bool) -> None:
    wf, start = started(outputs={"all": "any"})
    fo, fi = fan(wf, "a", "b", join="any", parallel=1)
    start >> fo
    fo["a"] >> wf.add(say, line="a") >> fi
    fo["b"] >> wf.add(say, line="b") >> fi
    finish(wf, fi, all=fi.merged)
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["a"]
    assert result.outputs["all"] == [None]


# --- 6.6: what is missing ---


def _incomplete(**options: Any) -> nf.Workflow:
    """Branch `a` arrives, `b` ends at `dead_end`, `c` returns at `leave`."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        value = wf.add(give, value="a")
        fo["a"] >> value >> fi
        value.result >> fi["a"]
        choose = wf.add(flow.if_, condition=False)
        fo["b"] >> choose
        choose.true >> fi
        choose.false >> wf.add(give, id="dead_end")
        other = wf.add(flow.if_, condition=False)
        fo["c"] >> other
        other.true >> fi
        other.false >> wf.add(flow.return_, id="leave")

    return merged(wires, "a", "b", "c", **options)


@pytest.mark.rule("6.6")
@both
async def test_missing_branches_are_named_with_where_they_ended(elide: bool) -> None:
    result = await go(_incomplete(), elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    said = str(failure.__cause__)
    assert all(repr(part) in said for part in ("b", "dead_end", "c", "leave"))
    assert "'a'" not in said


@pytest.mark.rule("6.6")
@both
async def test_missing_skip_leaves_it_out_and_none_fills_it(elide: bool) -> None:
    assert (await go(_incomplete(missing="skip"), elide)).outputs["all"] == ["a"]
    assert (await go(_incomplete(missing="none"), elide)).outputs["all"] == ["a", None, None]
    assert (await go(_incomplete(missing="none", merge="dict"), elide)).outputs["all"] == {
        "a": "a", "b": None, "c": None,
    }  # fmt: skip


@pytest.mark.rule("6.6")
@both
@pytest.mark.parametrize(("missing", "expected"), [("skip", []), ("none", [None, None])])
async def test_all_branches_may_be_missing(elide: bool, missing: str, expected: list[Any]) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        for name in "ab":
            choose = wf.add(flow.if_, condition=False)
            fo[name] >> choose
            choose.true >> fi

    assert (await go(merged(wires, "a", "b", missing=missing), elide)).outputs["all"] == expected
    result = await go(merged(wires, "a", "b"), elide)
    said = messages(result.error)[0]
    assert "'a'" in said
    assert "'b'" in said


@pytest.mark.rule("6.6")
@both
async def test_dead_ends_do_not_matter_to_any_and_quorum_while_enough_arrive(elide: bool) -> None:
    assert (await go(_incomplete(join="any"), elide)).outputs["all"] == ["a"]
    result = await go(_incomplete(join={"quorum": 2}), elide)
    (failure,) = failures(result.error)
    assert isinstance(failure.__cause__, nf.FanInIncomplete)
    assert "2" in str(failure.__cause__)
    assert "dead_end" in str(failure.__cause__)


@pytest.mark.rule("6.6")
@both
@pytest.mark.parametrize("missing", ["skip", "none"])
async def test_no_missing_policy_makes_up_for_arrivals_that_a_quorum_lacks(elide: bool, missing: str) -> None:
    result = await go(_incomplete(join={"quorum": 3}, missing=missing), elide)
    assert isinstance(failures(result.error)[0].__cause__, nf.FanInIncomplete)


def _twice(**options: Any) -> nf.Workflow:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=3)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]
        fo["b"] >> fi

    return merged(wires, "a", "b", **options)


@pytest.mark.rule("6.6")
@both
async def test_arriving_twice_is_an_error_of_the_fan_in(elide: bool) -> None:
    result = await go(_twice(), elide)
    (failure,) = failures(result.error)
    assert failure.node == "join"
    assert "'a'" in str(failure.__cause__)
    assert "arrivals" in str(failure.__cause__), "says how to allow it"


@pytest.mark.rule("6.6")
@both
async def test_arrivals_many_contributes_the_list_of_a_branchs_arrivals(elide: bool) -> None:
    """Also of one that arrives once, so that the reader need not look."""
    result = await go(_twice(arrivals="many", merge="dict"), elide)
    assert result.outputs["all"] == {"a": [0, 1, 2], "b": [None]}


@pytest.mark.rule("6.6")
@both
async def test_under_arrivals_many_a_quorum_counts_arrivals(elide: bool) -> None:
    """The branch is cut off by the arrival that satisfies the join, its own further rounds included."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=100)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]

        fo["b"] >> wf.add(flow.for_, times=0)

    wf = merged(wires, "a", "b", join={"quorum": 2}, arrivals="many")
    assert (await go(wf, elide)).outputs["all"] == [[0, 1]]


@bug("many quorum")
@pytest.mark.rule("6.6")
@both
async def test_under_arrivals_many_a_quorum_may_be_larger_than_the_number_of_branches(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        loop = wf.add(flow.for_, times=100)
        fo["a"] >> loop
        loop.body >> fi
        loop.index >> fi["a"]

    wf = merged(wires, "a", join={"quorum": 3}, arrivals="many")
    assert codes(wf) == [], "one branch may arrive three times"
    assert (await go(wf, elide)).outputs["all"] == [[0, 1, 2]]


@pytest.mark.rule("6.6")
@both
async def test_a_branch_that_fails_after_arriving_has_failed(elide: bool) -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        steps = wf.add(flow.sequence, steps=["one", "two"])
        fo["a"] >> steps
        steps["one"] >> fi
        steps["two"] >> wf.add(flow.fail, message="afterwards")

    assert messages((await go(merged(wires, "a"), elide)).error) == ["afterwards"]

    def collected(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        wires(wf, fo, fi)
        fo["b"] >> fi
        show = wf.add(flow.print)
        fi >> show
        fi.errors >> show.value

    result = await go(merged(collected, "a", "b", errors="collect", merge="dict"), elide)
    assert result.outputs["all"] == {"b": None}
    assert result.printed == ['["afterwards"]']


@pytest.mark.rule("6.6")
@both
async def test_a_return_in_a_branch_ends_it_and_it_has_not_arrived(elide: bool) -> None:
    """It sets the workflow's outputs all the same (2.7), and the other branches go on."""
    wf, start = started(outputs={"early": "int", "all": "any"})
    fo, fi = fan(wf, "a", "b", missing="skip")
    start >> fo
    choose = wf.add(flow.if_, condition=True)
    fo["a"] >> choose
    choose.true >> wf.add(flow.return_, early=7)
    choose.false >> fi
    value = wf.add(give, value="b")
    fo["b"] >> value >> fi
    value.result >> fi["b"]
    finish(wf, fi, all=fi.merged)
    assert (await go(wf, elide)).outputs == {"early": 7, "all": ["b"]}


@pytest.mark.rule("6.6")
@both
async def test_a_return_unwinds_what_waits_in_the_branch_only(elide: bool) -> None:
    wf, start = started(outputs={"r": "int"})
    loop, fo = wf.add(flow.for_, times=3), wf.add(flow.fan_out, branches=["a"])
    inside, guard = wf.add(flow.for_, times=100), wf.add(flow.try_)
    start >> loop
    loop.body >> fo
    fo["a"] >> guard
    guard.body >> inside
    inside.body >> wf.add(say, line="in") >> wf.add(flow.return_, r=1)
    guard.finally_ >> wf.add(say, line="finally")
    guard.exit >> wf.add(say, line="never")
    fo.joined >> wf.add(say, line="joined")
    log = Log()
    result = await go(wf, elide, services=[log])
    assert log.lines == ["in", "finally", "joined"] * 3
    assert result.outputs == {"r": 1}


@pytest.mark.rule("6.6")
@both
async def test_nothing_is_lost_where_failing_and_missing_meet(elide: bool, autojump_clock: trio.abc.Clock) -> None:
    """Errors outrank what is only missing: the error is raised, not `FanInIncomplete`."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        fo["a"] >> wf.add(give)
        fo["b"] >> wf.add(boom, seconds=1, message="real") >> fi

    assert messages((await go(merged(wires, "a", "b"), elide)).error) == ["real"]


@pytest.mark.rule("6.6")
@both
async def test_an_incomplete_join_can_be_caught(elide: bool) -> None:
    wf, start = started()
    guard = wf.add(flow.try_, catches=["FanInIncomplete"])
    fo, fi = fan(wf, "a", "b")
    start >> guard
    guard.body >> fo
    fo["a"] >> fi
    fo["b"] >> wf.add(give)
    guard.catch >> wf.add(say, line="caught")
    log = Log()
    assert (await go(wf, elide, services=[log])).completed
    assert log.lines == ["caught"]


@pytest.mark.rule("6.3")
def test_an_input_named_like_no_branch_is_rejected() -> None:
    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        value = wf.add(give)
        fo["a"] >> value >> fi
        value.result >> fi["other"]

    wf = merged(wires, "a")
    assert codes(wf) == ["NF407"]
    assert "other" in told(wf, "NF407")


@pytest.mark.rule("6.3")
@both
async def test_each_arrival_is_a_pull_of_its_own(elide: bool) -> None:
    """A volatile contribution is drawn anew by each arrival (4.4)."""

    def wires(wf: nf.Workflow, fo: Any, fi: Any) -> None:
        draw = wf.add(random.uniform, low=0, high=1)
        double = wf.add(lists.append, item=0)
        for name in "ab":
            fo[name] >> fi
        draw.result >> double.item
        double.result >> fi.value

    one, other = (await go(merged(wires, "a", "b"), elide)).outputs["all"]
    assert one != other
