"""Running programs: what arrives, what comes back, and that nothing is left running."""

import os
import signal
import sys
from functools import partial

import pytest
import trio

import nodeflow as nf
from nodeflow.library import flow, process
from nodeflow.services import NotGranted, Processes, Secret
from nodeflow.testing import try_node

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="these tests run programs of POSIX systems")

PYTHON = sys.executable


def grant(*allow, **more):
    return Processes(allow or [PYTHON], **more)


def python(code, *args, granted=None, **given):
    """Run Python code as a process."""
    service = granted or grant()
    return try_node(
        process.run, command=PYTHON, args=["-c", code, *args], services=[service], real_time=True, **given
    ).outputs


# --- what arrives and what comes back -----------------------------------------------------------------


def test_output_complaints_and_code():
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"
    assert python(code) == {"stdout": "out\n", "stderr": "err\n", "code": 3}


def test_stdin():
    assert python("print(input() + '!')", stdin="hällo")["stdout"] == "hällo!\n"
    assert python("import sys; print(repr(sys.stdin.read()))")["stdout"] == "''\n"
    assert python("print('reads nothing')", stdin="x" * 1_000_000)["stdout"] == "reads nothing\n"


def test_much_goes_in_and_comes_out_at_once():
    text = "0123456789" * 50_000
    outputs = python(
        "import sys; t = sys.stdin.read(); print(t, end=''); print(t, end='', file=sys.stderr)", stdin=text
    )
    assert (outputs["stdout"], outputs["stderr"]) == (text, text)


def test_arguments_are_not_expanded():
    given = ["$HOME", "*", "a b", "; echo", "", "-", "ä", 3, 2.0, True, None]
    said = ["$HOME", "*", "a b", "; echo", "", "-", "ä", "3", "2", "true", ""]
    assert python("import sys; print(ascii(sys.argv[1:]))", *given)["stdout"] == ascii(said) + "\n"


def test_what_is_not_text_becomes_marks():
    assert python(r"import sys; sys.stdout.buffer.write(b'a\xff')")["stdout"] == "a\ufffd"


def test_the_environment_is_what_the_host_says(monkeypatch):
    monkeypatch.setenv("NODEFLOW_TEST", "s3cret")
    code = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))"
    assert python(code)["stdout"] == "[]\n"
    assert python(code, granted=grant(env={"A": "1"}))["stdout"] == "['A']\n"


def test_the_folder_is_what_the_host_says(tmp_path):
    assert python("import os; print(os.getcwd())", granted=grant(cwd=tmp_path))["stdout"] == f"{tmp_path.resolve()}\n"
    with pytest.raises(FileNotFoundError, match="cannot be started: No such file") as caught:
        python("", granted=grant(cwd=tmp_path / "nope"))
    assert str(tmp_path) not in str(caught.value)


def test_programs_by_name_are_looked_up_where_the_host_says(tmp_path):
    program = tmp_path / "hello"
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    service = grant("hello", env={"PATH": str(tmp_path)})
    assert try_node(process.run, command="hello", services=[service], real_time=True).outputs["stdout"] == "hello\n"
    program.chmod(0o644)
    with pytest.raises(FileNotFoundError, match="the program 'hello' is not there"):
        try_node(process.run, command="hello", services=[service], real_time=True)


def test_what_cannot_be_executed(tmp_path):
    program = tmp_path / "broken"
    program.write_text("no program")
    program.chmod(0o755)
    with pytest.raises(OSError, match="cannot be started: Exec format error"):
        try_node(process.run, command=str(program), services=[grant(str(program))], real_time=True)


def test_codes_are_results_unless_they_are_to_fail():
    assert python("import os, signal; os.kill(os.getpid(), signal.SIGTERM)")["code"] == -signal.SIGTERM
    with pytest.raises(process.ProcessFailed, match="ended with 2: 'no milk'"):
        python("import sys; print('no milk', file=sys.stderr); sys.exit(2)", fail_on_code=True)
    assert python("", fail_on_code=True)["code"] == 0


# --- what is not granted ------------------------------------------------------------------------------


def test_without_the_grant():
    with pytest.raises(NotGranted, match=r"needs Processes.*--allow-process PROGRAM"):
        try_node(process.run, command="echo")


@pytest.mark.parametrize(
    "command", ["", "sh", "/bin/sh", "./echo", "echo ", "ECHO", "echo\0", "../bin/echo", "/bin/echo"]
)
def test_only_what_is_granted_is_run(command):
    with pytest.raises(NotGranted, match=r"did not grant the program .*; it granted echo"):
        try_node(process.run, command=command, services=[grant("echo")], real_time=True)
    with pytest.raises(NotGranted, match="it granted none"):
        try_node(process.run, command=command, services=[Processes([])], real_time=True)


@pytest.mark.parametrize("program", ["./echo", "bin/echo", "../echo", "", "a\0b", 3])
def test_grants_that_cannot_be(program):
    with pytest.raises(ValueError, match=r"is a relative path|is not a text"):
        Processes([program])


@pytest.mark.parametrize(
    ("args", "error"),
    [
        (["a\0b"], "cannot be an argument"),
        (["\ud800"], "cannot be an argument"),
        (["x"] * 1001, "at most 1000 arguments"),
        (["x" * 100_001], "more than 100000 characters"),
    ],
)
def test_arguments_that_cannot_be(args, error):
    with pytest.raises(ValueError, match=error):
        try_node(process.run, command=PYTHON, args=args, services=[grant()], real_time=True)


def test_a_secret_is_no_argument():
    with pytest.raises(TypeError, match="everybody on the machine"):
        try_node(process.run, command=PYTHON, args=[Secret("s3cret")], services=[grant()], real_time=True)


# --- bounds -------------------------------------------------------------------------------------------

ENDLESS = "import sys, time\nprint('up', flush=True)\nwhile True: time.sleep(60)"
CHATTY = "while True: print('x' * 1000)"


def test_a_process_that_takes_too_long_is_killed():
    with pytest.raises(TimeoutError, match=r"took more than 0.2 s and was killed"):
        python(ENDLESS, timeout=0.2)
    with pytest.raises(TimeoutError, match=r"took more than 0.2 s and was killed"):
        python("import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + ENDLESS, granted=grant(timeout=0.2))


@pytest.mark.parametrize("timeout", [0, -1, float("nan")])
def test_timeouts_that_cannot_be(timeout):
    with pytest.raises(ValueError, match="timeout must be more than 0 seconds"):
        python("", timeout=timeout)


@pytest.mark.parametrize("code", [CHATTY, "import sys\nwhile True: print('x' * 1000, file=sys.stderr)"])
def test_a_process_that_prints_too_much_is_killed(code):
    with pytest.raises(ValueError, match="printed more than the 100000 bytes that the host allows, and was killed"):
        python(code, granted=grant(max_bytes=100_000))


def test_too_much_for_stdin():
    with pytest.raises(ValueError, match="stdin has 11 bytes, and the host allows 10"):
        python("", stdin="x" * 11, granted=grant(max_bytes=10))


# --- nothing is left running --------------------------------------------------------------------------

FAMILY = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), child.pid, flush=True)
"""


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"  # one that nobody has asked about is over
    except FileNotFoundError:
        return False


needs_proc = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="there is no /proc here")


async def gone(pids):
    """Wait until processes are gone; a killed one is, as soon as the system comes to it."""
    with trio.fail_after(30):
        while any(map(is_running, pids)):  # noqa: ASYNC110 - it is no task of ours
            await trio.sleep(0.01)


@needs_proc
def test_what_a_process_leaves_running_is_killed_when_it_ends():
    outputs = python(FAMILY)
    assert outputs["code"] == 0
    trio.run(gone, outputs["stdout"].split())


@needs_proc
def test_what_a_process_started_is_killed_with_it(tmp_path):
    with pytest.raises(TimeoutError):
        python(f"import sys; sys.stdout = open({str(tmp_path / 'pids')!r}, 'w')\n{FAMILY}\n{ENDLESS}", timeout=1)
    pids = (tmp_path / "pids").read_text().split()[:2]
    assert len(pids) == 2
    trio.run(gone, pids)


@needs_proc
async def test_cancelling_kills(tmp_path):
    """The run is cancelled as soon as the process is up; behind it, nothing runs any more."""
    pids = tmp_path / "pids"
    wf = nf.Workflow("main")
    code = f"import sys; sys.stdout = open({str(pids)!r}, 'w')\n{FAMILY}\n{ENDLESS}"
    wf.add(flow.start) >> wf.add(process.run, command=PYTHON, args=["-c", code])
    async with trio.open_nursery() as nursery:
        nursery.start_soon(partial(nf.run, wf, services=[grant()]))
        with trio.fail_after(60):
            while not (pids.exists() and pids.read_text().endswith("up\n")):  # noqa: ASYNC110
                await trio.sleep(0.01)
        nursery.cancel_scope.cancel()
    await gone(pids.read_text().split()[:2])


@needs_proc
def test_a_child_that_left_the_group_does_not_keep_the_node_waiting():
    code = (
        "import subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(child.pid, flush=True)"
    )
    outputs = python(code)
    os.kill(int(outputs["stdout"]), signal.SIGKILL)
    assert outputs["code"] == 0


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="there is no /proc here")
async def test_no_descriptor_is_left_open():
    async def run_all():
        wf = nf.Workflow("main")
        wf.add(flow.start) >> wf.add(process.run, command=PYTHON, args=["-c", "print(1)"])
        await nf.run(wf, services=[grant()])
        wf = nf.Workflow("main")
        wf.add(flow.start) >> wf.add(process.run, command=PYTHON, args=["-c", CHATTY])
        with pytest.raises(nf.RunFailed):
            await nf.run(wf, services=[grant(max_bytes=1000)])

    await run_all()
    before = set(os.listdir("/proc/self/fd"))
    await run_all()
    assert set(os.listdir("/proc/self/fd")) == before
