"""The tables of transitions: complete, reachable, and closed to everything that they do not name (semantics 12)."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from nodeflow.machine.states import (
    CONTEXT,
    RUN,
    THREAD,
    ContextFact,
    ContextState,
    InvariantBroken,
    RunFact,
    RunState,
    ThreadFact,
    ThreadState,
    after,
)

TABLES: dict[str, tuple[Mapping[Any, Any], type[enum.Enum], type[enum.Enum], enum.Enum, set[enum.Enum]]] = {
    "run": (
        RUN, RunState, RunFact, RunState.NEW,
        {RunState.COMPLETED, RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED},
    ),
    "context": (CONTEXT, ContextState, ContextFact, ContextState.OPENING, {ContextState.CLOSED}),
    "thread": (
        THREAD, ThreadState, ThreadFact, ThreadState.BORN,
        {ThreadState.RETURNED, ThreadState.FAILED, ThreadState.CANCELLED},
    ),
}  # fmt: skip
"""Table, states, facts, first state, last states."""

tables = pytest.mark.parametrize("name", TABLES)


def _reachable(table: Mapping[Any, Any], first: Any) -> set[Any]:
    found, todo = {first}, [first]
    while todo:
        state = todo.pop()
        for (before, _), following in table.items():
            if before is state and following not in found:
                found.add(following)
                todo.append(following)
    return found


@pytest.mark.rule("12")
@tables
def test_every_state_can_be_reached_and_every_fact_is_used(name: str) -> None:
    table, states, facts, first, _ = TABLES[name]
    assert _reachable(table, first) == set(states)
    assert {fact for _, fact in table} == set(facts)


@pytest.mark.rule("12")
@tables
def test_only_the_last_states_have_no_way_on_and_each_other_has_a_way_to_one(name: str) -> None:
    table, states, _, _, last = TABLES[name]
    assert {state for state in states if not any(before is state for before, _ in table)} == last
    for state in set(states) - last:
        assert _reachable(table, state) & last


def _illegal() -> list[tuple[str, Any, Any]]:
    return [
        (name, state, fact)
        for name, (table, states, facts, _, _) in TABLES.items()
        for state, fact in itertools.product(states, facts)
        if (state, fact) not in table
    ]


@pytest.mark.rule("5.T6")
@pytest.mark.parametrize(("name", "state", "fact"), _illegal(), ids=lambda value: getattr(value, "value", value))
def test_every_illegal_fact_raises_and_says_what_state_one_is_left_in(name: str, state: Any, fact: Any) -> None:
    said = f"T6: it is {state.value} and cannot be {fact.value}; it stays {state.value}"
    with pytest.raises(InvariantBroken, match=said):
        after(TABLES[name][0], state, fact, "it")


@pytest.mark.rule("12")
@tables
def test_every_legal_fact_leads_where_the_table_says(name: str) -> None:
    table = TABLES[name][0]
    for (state, fact), following in table.items():
        assert after(table, state, fact, "it") is following
