"""A bad signature fails where it is declared, and says what is wrong and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import nodeflow as nf

Body = Callable[..., Any]


def bad_star_args(*values: int) -> None: ...


def bad_star_kwargs(**values: int) -> None: ...


def bad_generator() -> Any:
    yield 1


async def bad_async_generator() -> Any:
    yield 1


def bad_name(value: Nonsense) -> None: ...  # type: ignore[name-defined]  # noqa: F821


def bad_lazy(value: nf.Lazy[int]) -> None: ...


def bad_stream(*, items: nf.Stream[int]) -> None: ...


def bad_lazy_ports(values: nf.Ports[nf.Lazy[int]]) -> None: ...


def bad_same_inputs(from_: int, *, from__: int) -> None: ...


def bad_same_outputs(*, result: nf.Out[int]) -> int:
    return 1


def bad_same_execs(*, exit: nf.ExecOut, exit_: nf.ExecOut) -> nf.ExecOut:
    return exit


def bad_out_and_exec(*, done: nf.Out[int], done_: nf.ExecOut) -> None: ...


async def bad_two_streams(*, a: nf.Stream[int], b: nf.Stream[int]) -> None: ...


def bad_exec_default(*, exit: nf.ExecOut = None) -> nf.ExecOut:  # type: ignore[assignment]
    return exit


def bad_exec_in_default(open: nf.ExecIn = None) -> None: ...  # type: ignore[assignment]


def bad_ports_default(values: nf.Ports[int] = ["a"]) -> None: ...  # type: ignore[assignment]  # noqa: B006


def bad_ports_source(*, case: nf.Ports[nf.ExecOut] = nf.ports_from("cases")) -> None: ...


def bad_ports_source_type(
    cases: nf.Option[int] = 3, *, case: nf.Ports[nf.ExecOut] = nf.ports_from("cases")
) -> None: ...


def bad_type(value: 3) -> None: ...  # type: ignore[valid-type]


def bad_out_type(*, value: nf.Out[3]) -> None: ...  # type: ignore[valid-type]


def bad_mixed_return(*, exit: nf.ExecOut) -> nf.ExecOut | int:
    return exit


def bad_return_without_output() -> nf.ExecOut: ...  # type: ignore[empty-body]


def bad_enter(enter: int) -> None: ...


def bad_exit(*, exit: nf.Out[int]) -> None: ...


async def bad_completed(*, items: nf.Stream[int], completed: nf.ExecOut) -> None: ...


async def bad_mode(mode: nf.Option[str], *, items: nf.Stream[int]) -> None: ...


def bad_value_of_join(brought: nf.Arrivals, value: int = 0) -> None: ...


def bad_optional_exec(*, exit: nf.ExecOut | None) -> None: ...


def bad_list_of_execs(*, exits: list[nf.ExecOut]) -> None: ...


def bad_option_of_lazy(value: nf.Option[nf.Lazy[int]]) -> None: ...


def bad_nested_handle(*, value: nf.Out[nf.Out[int]]) -> None: ...


def bad_default(value: int = "three") -> None: ...  # type: ignore[assignment]


def bad_option_default(value: nf.Option[int] = "three") -> None: ...  # type: ignore[assignment]


def bad_out_default(*, value: nf.Out[int] = nf.initially("three")) -> None: ...


def bad_returned_branch(*, body: nf.Branch) -> nf.Branch:
    return body


def bad(body: Body, *says: str) -> Any:
    return pytest.param(body, says, id=body.__name__)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        bad(bad_star_args, "'values'", "Ports"),
        bad(bad_star_kwargs, "'values'", "Ports"),
        bad(bad_generator, "Stream[T]"),
        bad(bad_async_generator, "Stream[T]"),
        bad(bad_name, "Nonsense"),
        bad(bad_lazy, "value", "async def"),
        bad(bad_stream, "items", "async def"),
        bad(bad_lazy_ports, "values", "async def"),
        bad(bad_same_inputs, "two inputs", "'from'"),
        bad(bad_same_outputs, "two outputs", "'result'"),
        bad(bad_same_execs, "two outputs", "'exit'"),
        bad(bad_out_and_exec, "two outputs", "'done'"),
        bad(bad_two_streams, "at most one stream"),
        bad(bad_exec_default, "'exit'", "no default"),
        bad(bad_exec_in_default, "'open'", "no default"),
        bad(bad_ports_default, "'values'", "ports_from"),
        bad(bad_type, "'value'", "3"),
        bad(bad_out_type, "'value'", "3"),
        bad(bad_ports_source, "'case'", "cases"),
        bad(bad_ports_source_type, "'case'", "cases"),
        bad(bad_mixed_return, "ExecOut"),
        bad(bad_return_without_output, "ExecOut"),
        bad(bad_enter, "'enter'"),
        bad(bad_exit, "'exit'"),
        bad(bad_completed, "'completed'"),
        bad(bad_mode, "'mode'"),
        bad(bad_value_of_join, "'value'"),
        bad(bad_optional_exec, "'exit'", "ExecOut"),
        bad(bad_list_of_execs, "'exits'", "Ports"),
        bad(bad_option_of_lazy, "'value'"),
        bad(bad_nested_handle, "'value'"),
        bad(bad_default, "'value'", "three", "int"),
        bad(bad_option_default, "'value'", "three", "int"),
        bad(bad_out_default, "'value'", "three", "int"),
        bad(bad_returned_branch, "Branch"),
    ],
)
def test_a_bad_signature_fails_when_declared_saying_what_and_where(body: Body, says: tuple[str, ...]) -> None:
    with pytest.raises(nf.DeclarationError) as raised:
        nf.exec_node("t.bad")(body)
    message = str(raised.value)
    assert body.__name__ in message
    assert f"{__file__}:{body.__code__.co_firstlineno}" in message
    for part in says:
        assert part in message


def data_out(*, value: nf.Out[int]) -> None: ...


def data_exec(*, exit: nf.ExecOut) -> int:
    return 1


def data_in(open: nf.ExecIn) -> int:
    return 1


async def data_stream(*, items: nf.Stream[int]) -> int:
    return 1


def data_state(*, times: nf.State[int]) -> int:
    return 1


def data_result(*, result: nf.Result[int]) -> int:
    return 1


def data_returns_exec() -> nf.ExecOut: ...  # type: ignore[empty-body]


def data_arrivals(brought: nf.Arrivals) -> int:
    return 1


def data_item(*, item: nf.Item[int]) -> int:
    return 1


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (data_out, "'value'"), (data_exec, "'exit'"), (data_in, "'open'"), (data_stream, "'items'"),
        (data_item, "'item'"), (data_state, "volatile"), (data_result, "'result'"), (data_arrivals, "'brought'"),
        (data_returns_exec, "exec_node"),
    ],
)  # fmt: skip
def test_a_data_node_has_inputs_and_returns_its_outputs(body: Body, says: str) -> None:
    with pytest.raises(nf.DeclarationError, match=says) as raised:
        nf.data_node("t.bad")(body)
    assert f"{__file__}:{body.__code__.co_firstlineno}" in str(raised.value)


def plain(value: int = 0) -> None: ...


async def waiting(value: int = 0) -> None: ...


@pytest.mark.parametrize(
    ("body", "options", "says"),
    [
        (waiting, {"blocking": True}, "plain `def`"),
        (plain, {"abandon_on_cancel": True}, "blocking"),
        (plain, {"loop": True}, "body"),
        (plain, {"loop": ("body", "exit")}, "body"),
        (plain, {"listens": "event"}, "event"),
        (waiting, {"stream": "sideways"}, "sideways"),
    ],
)
def test_bad_options_of_a_declaration(body: Body, options: dict[str, Any], says: str) -> None:
    with pytest.raises(nf.DeclarationError, match=says):
        nf.exec_node("t.bad", **options)(body)


def test_a_data_node_reads_a_variable_that_one_of_its_options_names() -> None:
    with pytest.raises(nf.DeclarationError, match="missing"):
        nf.data_node("t.bad", reads="missing")(plain)


@pytest.mark.parametrize("name", ["", "plain", "a.", ".b", "a..b", 3, None])
@pytest.mark.parametrize("declare", [nf.exec_node, nf.data_node])
def test_a_type_has_a_category_and_a_name(declare: Any, name: Any) -> None:
    with pytest.raises(nf.DeclarationError, match=r"category\.name"):
        declare(name)(plain)


@pytest.mark.parametrize("thing", [3, "text", None])
def test_a_body_is_a_function_or_a_class(thing: Any) -> None:
    with pytest.raises(nf.DeclarationError, match=r"t\.bad"):
        nf.exec_node("t.bad")(thing)


# --- resources ---


class NoOpen:
    async def close(self) -> None: ...

    async def run(self) -> None: ...


class NoRun:
    async def open(self, services: Any) -> None: ...

    async def close(self) -> None: ...


class PlainOpen(NoRun):
    def open(self, services: Any) -> None: ...  # type: ignore[override]

    async def run(self) -> None: ...


class BadRun(NoRun):
    def run(self, value: nf.Lazy[int]) -> None: ...


class NeedsArguments(NoRun):
    def __init__(self, host: str) -> None: ...

    async def run(self) -> None: ...


class OpensWithoutServices(NoRun):
    async def open(self) -> None: ...  # type: ignore[override]

    async def run(self) -> None: ...


@pytest.mark.parametrize(
    ("cls", "says"),
    [
        (NoOpen, "open"),
        (NoRun, "run"),
        (PlainOpen, "async def"),
        (BadRun, "async def"),
        (NeedsArguments, "host"),
        (OpensWithoutServices, "services"),
    ],
)
def test_a_bad_resource_fails_when_declared(cls: type, says: str) -> None:
    with pytest.raises(nf.DeclarationError, match=says) as raised:
        nf.exec_node("t.bad")(cls)
    assert cls.__name__ in str(raised.value)
