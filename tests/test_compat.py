"""nodeflow beside trio-typing: types come from trio itself, and both can be installed together."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UNREACHABLE = ("ConnectionError", "Temporary failure", "NewConnectionError", "timed out", "ProxyError", "SSLError")
"""What pip says when there is no package index; a package that the index does not have is a failure."""

PROGRAM = '''
import trio
import trio_typing
import nodeflow as nf
from nodeflow.library import flow

started = []

@nf.exec_node("t.serve")
async def serve(ctx: nf.NodeContext, *, exit: nf.ExecOut) -> nf.ExecOut:
    """A body that starts a service the trio way."""
    async def service(task_status=trio.TASK_STATUS_IGNORED):
        started.append(isinstance(task_status, trio_typing.TaskStatus))
        task_status.started("up")
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        ctx.feedback(await nursery.start(service), "print")
        nursery.cancel_scope.cancel()
    return exit

wf = nf.Workflow("main")
wf.add(flow.start) >> wf.add(serve)

async def main():
    async def hosted(task_status=trio.TASK_STATUS_IGNORED):
        assert isinstance(task_status, trio_typing.TaskStatus)
        async with nf.open_run(wf) as run:
            task_status.started(run)
            await run.wait()

    async with trio.open_nursery() as nursery:
        run = await nursery.start(hosted)
        result = await run.wait()
    assert result.printed == ["up"], result
    assert started == [True], started
    print("side by side")

trio.run(main)
'''


def call(*command: object) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "PYTHONHOME")}
    return subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=environment, timeout=600, check=False
    )


@pytest.mark.slow
def test_nodeflow_and_trio_typing_work_side_by_side(tmp_path: Path) -> None:
    home = tmp_path / "env"
    venv.create(home, with_pip=True)
    python = home / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    installed = call(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", f"{ROOT}[compat]")
    if installed.returncode and any(sign in installed.stderr for sign in UNREACHABLE):
        pytest.skip(f"the package index cannot be reached: {installed.stderr.strip().splitlines()[-1][:200]}")
    assert installed.returncode == 0, installed.stderr
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    ran = call(python, "-W", "error::DeprecationWarning:__main__", program)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.strip() == "side by side"
