"""`nodeflow run`: run a document and print what its nodes print."""

from __future__ import annotations

import json
import math
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click
import trio

from nodeflow.api import compile as compile_document
from nodeflow.cli import grants, opening, telling
from nodeflow.cli.telling import BAD, COMPLETED, FAILED, INTERRUPTED, TIMED_OUT, Stop
from nodeflow.errors import InvalidDocument, NodeFailed, SocketTypeError, describe
from nodeflow.machine import Limits
from nodeflow.model import Document
from nodeflow.observers import Event, Feedback
from nodeflow.runtime.handle import Compiled, RunHandle
from nodeflow.runtime.result import Result
from nodeflow.values import to_json

EXIT_CODES: Mapping[str, int] = {
    "completed": COMPLETED,
    "failed": FAILED,
    "timed_out": TIMED_OUT,
    "cancelled": INTERRUPTED,
}
"""The exit code for each status of a run."""

MOST_LINES = 20
"""How many errors of one run are told; the others are counted."""


def _seconds(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    if value is not None and (math.isnan(value) or value < 0):
        raise click.BadParameter(f"{value:g} is no number of seconds")
    return value


@click.command("run", short_help="Run a document and print what its nodes print.")
@opening.takes_file
@click.option("--workflow", metavar="W", help="Run this workflow instead of the document's entry.")
@click.option("--input", "inputs", multiple=True, metavar="K=JSON", help="An input of the workflow; may be repeated.")
@click.option("--var", "variables", multiple=True, metavar="K=JSON", help="What a variable begins with.")
@click.option("--timeout", type=float, callback=_seconds, metavar="S", help="Stop after so many seconds.")
@click.option("--max-steps", type=click.IntRange(min=1), metavar="N", help="Fail after so many steps.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object at the end and nothing else.")
@grants.takes_grants
@telling.command
def run(
    file: str,
    modules: tuple[str, ...],
    workflow: str | None,
    inputs: tuple[str, ...],
    variables: tuple[str, ...],
    timeout: float | None,
    max_steps: int | None,
    as_json: bool,
    **granted: Any,
) -> int:
    """Run the document in FILE (`-`: stdin) and print what its nodes print, line by line.

    The value in K=JSON is JSON; what is no JSON is taken as text, and so is everything for an input of type `text`
    that is not in quotes. A file of another engine that nodeflow can import is imported.

    Its nodes reach no files, servers, programs, databases, secrets and variables of the environment but those that
    options grant.

    Exit code: 0 it completed, 1 it failed, 2 bad file or usage, 124 it timed out, 130 it was interrupted.
    """
    source = opening.name_of(file)
    services = grants.services_of(**granted)
    registry = opening.open_registry(modules)
    document = opening.with_entry(opening.open_document(file), workflow, source)
    try:
        compiled = compile_document(document, registry)
    except InvalidDocument as error:
        raise opening.refused(source, error) from error
    declared = document.workflows[document.entry]
    options = {
        "inputs": read_given(inputs, {name: each.type for name, each in declared.inputs.items()}, "--input"),
        "variables": read_given(variables, _variable_types(document), "--var"),
        "limits": Limits(steps=max_steps, deadline=timeout),
        "services": services,
    }
    output = Output(as_json)
    result = trio.run(_run, compiled, options, output, source)
    return _report(result, document, source, output)


def _variable_types(document: Document) -> dict[str, str]:
    own = document.workflows[document.entry].variables
    return {name: each.type for name, each in {**document.variables, **own}.items()}


# --- K=JSON -------------------------------------------------------------------------------------------


def read_given(given: Sequence[str], types: Mapping[str, str], option: str) -> dict[str, Any]:
    """What `K=JSON` arguments say.

    >>> read_given(["n=3", "who=Ada", "code=007", "to=[1, 2]"], {"n": "int", "code": "text"}, "--input")
    {'n': 3, 'who': 'Ada', 'code': '007', 'to': [1, 2]}

    Raises:
        click.UsageError: There is no `=` in one.
    """
    values = {}
    for argument in given:
        name, equals, text = argument.partition("=")
        if not equals or not name:
            raise click.UsageError(f"{option} takes K=JSON, as `{option} n=3`, not {argument!r}")
        values[name] = _value(text, types.get(name, "any"))
    return values


def _value(text: str, type_name: str) -> Any:
    try:
        value = json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return text
    return value if type_name.strip() != "text" or isinstance(value, str) else text


def _no_json(name: str) -> NoReturn:
    raise ValueError(name)


# --- running ------------------------------------------------------------------------------------------


class Output:
    """An observer: what nodes print goes to stdout at once, what they log to stderr."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.handle: RunHandle | None = None
        self.stop: Stop | None = None

    def __call__(self, event: Event) -> None:
        if not isinstance(event, Feedback):
            return
        if event.level != "print":
            telling.complain(f"{event.level}: {event.node}: {event.message}")
        elif not self.as_json and self.stop is None:
            try:
                telling.say(event.message)
            except Stop as stop:  # an observer does not raise: it would only be detached
                self.stop = stop
                if self.handle is not None:
                    self.handle.cancel("its output cannot be written")


async def _run(compiled: Compiled, options: dict[str, Any], output: Output, source: str) -> Result:
    try:
        opened = compiled.open_run(**options, observers=[output])
    except SocketTypeError as error:
        raise Stop(BAD, f"nodeflow: {source}: {error}") from error
    async with opened as handle:
        output.handle = handle
        with stopped_by_signals(handle.cancel):
            await handle.wait()
    return await handle.wait()


@contextmanager
def stopped_by_signals(cancel: Callable[[str], None]) -> Iterator[None]:
    """Let SIGINT and SIGTERM cancel the run, once it can be; a second one ends the process at once."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    token = trio.lowlevel.current_trio_token()
    received: list[int] = []

    def handler(number: int, frame: object) -> None:
        received.append(number)
        if len(received) > 1:
            os._exit(INTERRUPTED)
        token.run_sync_soon(cancel, f"interrupted by {signal.Signals(number).name}")

    before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


# --- telling how it ended -----------------------------------------------------------------------------


def _report(result: Result, document: Document, source: str, output: Output) -> int:
    if output.stop is not None:
        raise output.stop
    if output.as_json:
        telling.say(telling.json_line(as_json_object(result)))
    if result.abandoned:
        names = ", ".join(dict.fromkeys(result.abandoned))
        telling.complain(f"nodeflow: {source}: worker threads that were not waited for: {names}")
    if result.error is not None:
        lines = _error_lines(result, document)
        raise Stop(EXIT_CODES[result.status], *(f"nodeflow: {source}: {line}" for line in lines)) from result.error
    return EXIT_CODES[result.status]


def as_json_object(result: Result) -> dict[str, Any]:
    """What `--json` prints of a run."""
    return {
        "status": result.status,
        "outputs": to_json(result.outputs),
        "variables": to_json(result.variables),
        "printed": list(result.printed),
        "error": None if result.error is None else _error_object(result.error),
        "counters": to_json(result.counters),
    }


def _error_object(error: BaseException) -> dict[str, Any]:
    """An error: what failed, as what, in which node and context; of several, each in `errors`."""
    if isinstance(error, BaseExceptionGroup):
        found = {"type": type(error).__name__, "message": describe(error), "node": None, "context_path": None}
        return {**found, "errors": [_error_object(each) for each in leaves(error)]}
    node = error if isinstance(error, NodeFailed) else None
    cause = (error.__cause__ or error) if node is not None else error
    return {
        "type": type(cause).__name__,
        "message": describe(cause).removeprefix(f"{type(cause).__name__}: "),
        "node": node and node.node,
        "context_path": node and node.context_path,
    }


def leaves(error: BaseException) -> list[BaseException]:
    """The errors in a group and the groups in it, in order."""
    found: list[BaseException] = []
    todo = [error]
    while todo:
        each = todo.pop()
        if isinstance(each, BaseExceptionGroup):
            todo.extend(reversed(each.exceptions))
        else:
            found.append(each)
    return found


def _error_lines(result: Result, document: Document) -> list[str]:
    error = result.error
    assert error is not None
    if result.status != "failed":
        return [str(error)]
    found = leaves(error)
    lines = [f"the run failed: {_place(each, document)}{describe(each)}" for each in found[:MOST_LINES]]
    return [*lines, f"and {len(found) - MOST_LINES} more errors"] if len(found) > MOST_LINES else lines


def _place(error: BaseException, document: Document) -> str:
    """Where in the file a node stands that failed, if only one can be meant."""
    if not isinstance(error, NodeFailed):
        return ""
    places = [
        name
        for name, workflow in document.workflows.items()
        if error.node in workflow.nodes and workflow.nodes[error.node].type == error.type
    ]
    return f"workflows/{places[0]}/nodes/{error.node}: " if len(places) == 1 else ""
