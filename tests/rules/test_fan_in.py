"""Fan-in: arriving, contributions, merge and join policies, what is missing (semantics 6.3 to 6.6)."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from tree_kit import (
    Log,
    codes,
    fails,
    failures,
    fan,
    finish,
    give,
    giving,
    go,
    merged,
    messages,
    say,
    started,
    told,
    variable,
)

import nodeflow as nf
from nodeflow.library import flow, lists, logic, math, random, variables

both = pytest.mark.parametrize("elide", [True, False], ids=["elide", "nurseries"])


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
        fo["b"] >> wf.add(fails, message="b") >> fi
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
        ({"a": {"b": 1}}, {"a": 1}),
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

