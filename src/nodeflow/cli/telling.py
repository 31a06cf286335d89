"""What the command line says and how it ends: lines on stdout and stderr, exit codes."""

from __future__ import annotations

import functools
import json
import os
import sys
import traceback as tracebacks
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import click

from nodeflow.errors import describe
from nodeflow.model import Finding

COMPLETED: Final = 0
FAILED: Final = 1
BAD: Final = 2
TIMED_OUT: Final = 124
INTERRUPTED: Final = 130


class Stop(Exception):
    """Ends the program with an exit code and lines on stderr; its `__cause__` is shown on `--traceback`."""

    def __init__(self, code: int, *lines: str) -> None:
        super().__init__(code, *lines)
        self.code = code
        self.lines = lines


def exit_code_of(group: click.Group, arguments: Sequence[str] | None) -> int:
    """Run the command that the arguments name. No exception of this program comes out, only its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a character is no reason to fail
    try:
        code = group.main(arguments, prog_name="nodeflow", standalone_mode=False)
        flush()
    except click.ClickException as error:
        error.show()
        return BAD
    except Stop as stop:
        complain(*stop.lines)
        return stop.code
    except (click.Abort, KeyboardInterrupt):
        complain("nodeflow: interrupted")
        return INTERRUPTED
    return code if isinstance(code, int) else COMPLETED


def command(body: Callable[..., int | None]) -> Callable[..., int]:
    """Give a subcommand the option `--traceback`, and turn what it raises into lines and an exit code."""

    @click.option("--traceback", is_flag=True, help="Show where in Python an error comes from.")
    @functools.wraps(body)
    def guarded(*, traceback: bool, **given: Any) -> int:
        try:
            return body(**given) or COMPLETED
        except Stop as stop:
            if traceback and stop.__cause__ is not None:
                _show_traceback(stop.__cause__)
            raise
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except Exception as error:
            if traceback:
                _show_traceback(error)
            says = f"nodeflow: internal error: {describe(error)}"
            raise Stop(FAILED, says if traceback else f"{says} (--traceback shows where)") from error

    return guarded


def _show_traceback(error: BaseException) -> None:
    complain("".join(tracebacks.format_exception(error)).rstrip("\n"))


# --- stdout and stderr --------------------------------------------------------------------------------


def say(*lines: str) -> None:
    """Lines on stdout.

    Raises:
        Stop: Nobody reads them, or they cannot be written.
    """
    try:
        for line in lines:
            print(line)
        flush()
    except OSError as error:
        raise cannot_write(error) from error


def flush() -> None:
    """Make sure that what was said has arrived.

    Raises:
        Stop: It has not.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        raise cannot_write(error) from error


def cannot_write(error: OSError) -> Stop:
    """What to stop with when stdout fails: silently if only nobody reads it (`nodeflow run graph.json | head`)."""
    _leave_stdout()
    if isinstance(error, BrokenPipeError):
        return Stop(INTERRUPTED)
    return Stop(FAILED, f"nodeflow: cannot write the output: {error.strerror or error}")


def _leave_stdout() -> None:
    """Write nothing more to where stdout led, also not when Python flushes it at the end."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of the process


def complain(*lines: str) -> None:
    """Lines on stderr, as well as that is possible."""
    try:
        for line in lines:
            print(line, file=sys.stderr, flush=True)
    except OSError:
        pass


# --- forms --------------------------------------------------------------------------------------------


def json_line(value: Any) -> str:
    """A value as JSON on one line, whatever is in it, in what the encoding of stdout can show."""
    ascii_only = (getattr(sys.stdout, "encoding", None) or "utf-8").lower() not in ("utf-8", "utf8")
    try:
        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False)
    except ValueError:  # numbers that JSON has not: as text
        value = json.loads(json.dumps(value), parse_constant=str)
        return json.dumps(value, ensure_ascii=ascii_only)


def path_of(finding: Finding) -> str:
    """Where in the file a finding is."""
    if finding.path or finding.workflow is None:
        return finding.path
    path = f"workflows/{finding.workflow}"
    return path if finding.node is None else f"{path}/nodes/{finding.node}"


def finding_line(source: str, finding: Finding) -> str:
    """A finding on one line: file, code, severity, path, socket, message."""
    where = path_of(finding)
    if finding.socket is not None and not finding.path:
        where += f" ({finding.socket})"
    return f"{source}: {finding.code} {finding.severity.value}: {where + ': ' if where else ''}{finding.message}"


def refusal(source: str, findings: Iterable[Finding]) -> Stop:
    """What to stop with when a file has errors."""
    return Stop(BAD, *(finding_line(source, finding) for finding in findings))


def on_terminal() -> bool:
    """Whether somebody looks at stdout: only then are there tables and colours."""
    return sys.stdout is not None and sys.stdout.isatty() and "NO_COLOR" not in os.environ
