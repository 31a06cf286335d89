"""What loading costs: `import nodeflow`, and all node types of the library on top of it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.cases import Row

CODE = """
import time
began = time.process_time()
import nodeflow
imported = time.process_time()
count = len(nodeflow.standard_registry())
print(imported - began, time.process_time() - imported, count)
"""


def library_row(rounds: int) -> Row:
    """Milliseconds of processor time that loading every category takes; the least of so many new processes.

    With compiled modules, as an installed package has them: the first process writes them.
    """
    with tempfile.TemporaryDirectory() as cache:
        env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        env |= {"PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(Path(__file__).parents[1] / "src")}
        runs = [_measured(env) for _ in range(rounds + 1)][1:]
    imports, loads, counts = zip(*runs, strict=True)
    least = min(loads) * 1e3
    return Row(
        "i", f"loading all {counts[0]:.0f} node types of the library, behind `import nodeflow`", least, "ms", 30.0,
        f"{least / counts[0] * 1e3:.0f} µs/node type", f"{min(imports) * 1e3:.0f} ms/import",
        best=least, worst=max(loads) * 1e3,
    )  # fmt: skip


def _measured(env: dict[str, str]) -> tuple[float, float, float]:
    said = subprocess.run([sys.executable, "-c", CODE], env=env, capture_output=True, text=True, check=True).stdout
    imported, loaded, count = map(float, said.split())
    return imported, loaded, count
