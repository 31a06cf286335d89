"""Running the programs that the host allows with `Processes([...])`, never through a shell.

This module uses trio itself: a process is started, fed, read and killed in the one task that waits for it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import suppress
from typing import Any, Final, NamedTuple, NoReturn

import trio
from attrs import define, field

from nodeflow.node import NodeContext, Option, exec_node
from nodeflow.services import NotGranted, Processes, Secret, granted
from nodeflow.values import short, to_text

MOST_ARGUMENTS: Final = 1_000
LONGEST_ARGUMENTS: Final = 100_000
"""Characters in all arguments together."""

AFTER: Final = 1.0
"""Seconds to wait for the rest of the output when a process has ended but something still holds its pipes."""


class ProcessFailed(Exception):
    """A process ended with another code than 0, and the node was to fail on these."""


class Ended(NamedTuple):
    """What a process printed, and the code with which it ended."""

    stdout: str
    stderr: str
    code: int


@exec_node("process.run")
async def run(
    ctx: NodeContext,
    command: str,
    args: list[Any] = [],  # noqa: B006 - the default of a socket; nobody changes it
    stdin: str = "",
    timeout: float | None = None,
    fail_on_code: Option[bool] = False,
) -> Ended:
    """Run a program and wait for its end.

    There is no shell: arguments arrive as they are, and nothing in them is expanded. The environment, the folder and
    the programs are what the host granted. When it takes too long, prints too much or the run is cancelled, it is
    killed with all processes of its group; so is what it leaves running when it ends. Fails with `NotGranted`,
    `FileNotFoundError`, `TimeoutError`, with `ValueError` for what cannot be an argument and for too much output, and,
    if asked to, with `ProcessFailed`.

    Args:
        command: The program, as the host wrote it.
        args: Its arguments; numbers become text.
        stdin: What it reads.
        timeout: Seconds until it must have ended; what the host allows, unless it is less.
        fail_on_code: Fail if it ends with another code than 0.
        stdout: What it printed.
        stderr: What it complained about.
        code: With which code it ended; below 0, it is the signal that ended it.

    >>> from nodeflow.testing import try_node
    >>> try_node(run, command="echo", args=["hello", "$HOME"], services=[Processes(["echo"])], real_time=True).outputs
    {'stdout': 'hello $HOME\\n', 'stderr': '', 'code': 0}
    """
    grant = granted(ctx, Processes)
    program, texts, given = _program(grant, command), _arguments(args), stdin.encode("utf-8", "replace")
    if len(given) > grant.max_bytes:
        raise ValueError(f"stdin has {len(given)} bytes, and the host allows {grant.max_bytes}")
    seconds = grant.timeout if timeout is None else min(timeout, grant.timeout)
    if not seconds > 0:
        raise ValueError(f"timeout must be more than 0 seconds, not {seconds:g}")
    running = _Running(command, grant.max_bytes)
    with trio.move_on_after(seconds) as scope:
        await running.run([program, *texts], given, grant)
    if scope.cancelled_caught:
        raise TimeoutError(f"{short(command)} took more than {seconds:g} s and was killed")
    ended = running.ended()
    if fail_on_code and ended.code != 0:
        raise ProcessFailed(f"{short(command)} ended with {ended.code}: {short(ended.stderr.strip(), 200)}")
    return ended


def _program(grant: Processes, command: str) -> str:
    """Where the program is that the host allowed under this very name."""
    if command not in grant.allow:
        known = ", ".join(grant.allow) or "none"
        raise NotGranted(f"the host did not grant the program {short(command)}; it granted {known}")
    found = shutil.which(command, path=grant.env.get("PATH"))
    if found is None:
        raise FileNotFoundError(f"the program {short(command)} is not there, or is none")
    return os.path.abspath(found)


def _arguments(args: list[Any]) -> list[str]:
    if len(args) > MOST_ARGUMENTS:
        raise ValueError(f"a program takes at most {MOST_ARGUMENTS} arguments here, not {len(args)}")
    texts = []
    for each in args:
        if isinstance(each, Secret):
            raise TypeError("a secret is no argument: everybody on the machine can see the arguments of a process")
        text = to_text(each)
        try:
            os.fsencode(text)
        except UnicodeEncodeError:
            text = "\0"
        if "\0" in text:
            raise ValueError(f"{short(each)} cannot be an argument: it has a NUL in it, or half a character")
        texts.append(text)
    if sum(map(len, texts)) > LONGEST_ARGUMENTS:
        raise ValueError(f"the arguments have more than {LONGEST_ARGUMENTS} characters")
    return texts


@define
class _Running:
    """A process, and what came out of it so far."""

    command: str
    limit: int
    out: list[bytes] = field(factory=list)
    complaints: list[bytes] = field(factory=list)
    total: int = 0
    too_much: bool = False
    code: int = 0

    async def run(self, arguments: list[str], given: bytes, grant: Processes) -> None:
        """Start it, feed it, read it and wait for its end; whatever happens, it and its group are gone behind this."""
        try:
            process = await trio.lowlevel.open_process(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=grant.cwd,
                env=dict(grant.env),
                start_new_session=True,
            )
        except OSError as error:
            self._cannot_start(error)
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        try:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(_feed, process.stdin, given)
                nursery.start_soon(self._read, process.stdout, self.out, nursery.cancel_scope)
                nursery.start_soon(self._read, process.stderr, self.complaints, nursery.cancel_scope)
                self.code = await process.wait()
                _kill(process)  # at once: later its id may be another's
                nursery.cancel_scope.deadline = trio.current_time() + AFTER
        finally:
            if process.returncode is None:
                _kill(process)
            with trio.CancelScope(shield=True):  # it was killed: this takes no time
                await process.wait()
                for pipe in (process.stdin, process.stdout, process.stderr):
                    await pipe.aclose()

    def _cannot_start(self, error: OSError) -> NoReturn:
        raise type(error)(f"{short(self.command)} cannot be started: {error.strerror}") from None

    async def _read(self, pipe: trio.abc.ReceiveStream, parts: list[bytes], scope: trio.CancelScope) -> None:
        async for part in pipe:
            self.total += len(part)
            if self.total > self.limit:
                self.too_much = True
                scope.cancel()
                return
            parts.append(bytes(part))

    def ended(self) -> Ended:
        if self.too_much:
            raise ValueError(
                f"{short(self.command)} printed more than the {self.limit} bytes that the host allows, and was killed"
            )
        out, complaints = (b"".join(parts).decode("utf-8", "replace") for parts in (self.out, self.complaints))
        return Ended(out, complaints, self.code)


async def _feed(pipe: trio.abc.SendStream, given: bytes) -> None:
    with suppress(trio.BrokenResourceError):  # it does not want to read that much, or at all
        await pipe.send_all(given)
    await pipe.aclose()


def _kill(process: trio.Process) -> None:
    """Kill the process and its group: what it started and left running, as far as it has not left the group itself."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is there any more (macOS says it the other way)
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
