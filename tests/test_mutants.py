"""The mutants in tests/mutants fit the sources, and break what they say. `tests/mutants/run.py` tries them."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent / "mutants"
PATCHES = sorted(HERE.glob("*.patch"))


@pytest.fixture(scope="module")
def run() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mutants_run", HERE / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_each_fits_the_sources(run: ModuleType, tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("git applies them")
    bad = []
    for mutant in run.mutants():
        command = ["git", "apply", "--check", "--whitespace=nowarn", str(mutant.patch)]
        environment = {"GIT_DIR": "/dev/null", "PATH": "/usr/bin:/bin:/usr/local/bin"}
        done = subprocess.run(command, cwd=run.ROOT, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            bad.append(f"{mutant.name}: {done.stderr.strip()}")
    assert bad == []


def test_each_section_has_two_and_each_invariant_one(run: ModuleType) -> None:
    names = [mutant.name for mutant in run.mutants()]
    for section in range(2, 11):
        assert len([n for n in names if re.match(rf"{section}[.-]", n)]) >= 2, f"section {section}"
    for number in range(1, 8):
        assert [n for n in names if n.startswith(f"T{number}-")], f"T{number}"
