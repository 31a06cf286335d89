"""Applies each mutant, runs the suite against it, and says which check caught it.

    python tests/mutants/run.py                # all of them; about a minute each where the first guess is wrong
    python tests/mutants/run.py T5 6.5         # those whose names begin so
    python tests/mutants/run.py --jobs 4

A mutant is a patch file with three lines above it: the rule of the contract that it breaks, what it does, and the
tests that are run first. Where these let it pass, the whole suite follows. A mutant that survives is a hole in the
tests: the exit code is then 1.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SECONDS = 300
"""How long a run of the tests may take: a mutant may well hang, and is caught then too."""

SUITE = ("tests/rules", "tests/machine", "tests/testing", "tests/fuzz", "tests")


class Mutant(NamedTuple):
    name: str
    rule: str
    says: str
    first: str
    patch: Path


class Verdict(NamedTuple):
    mutant: Mutant
    caught_by: str | None


def mutants() -> list[Mutant]:
    """All of them, in the order of the contract."""
    found = []
    for path in sorted(HERE.glob("*.patch"), key=lambda path: (path.stem.startswith("T"), _number(path.stem))):
        head = dict(re.findall(r"^(Rule|Mutant|First): (.*)$", path.read_text(encoding="utf-8"), re.MULTILINE))
        found.append(Mutant(path.stem, head["Rule"], head["Mutant"], head["First"], path))
    return found


def _number(name: str) -> tuple[float, str]:
    number = re.match(r"T?(\d+(?:\.\d+)?)", name)
    return float(number[1]) if number else 0.0, name


def applied(mutant: Mutant, folder: Path) -> Path:
    """A copy of the sources with the mutant in it.

    Raises:
        subprocess.CalledProcessError: The patch does not fit the sources any more.
    """
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    command = ["git", "apply", "--whitespace=nowarn", str(mutant.patch)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env={**os.environ, "GIT_DIR": os.devnull})
    return folder / "src"


def tried(mutant: Mutant) -> Verdict:
    """Run the tests against a mutant until one fails."""
    with tempfile.TemporaryDirectory() as folder:
        source = applied(mutant, Path(folder))
        for tests in (mutant.first, *SUITE):
            if caught := _failing(tests, source):
                return Verdict(mutant, caught)
    return Verdict(mutant, None)


def _failing(tests: str, source: Path) -> str | None:
    """The first test that fails, or None."""
    options = ("-x", "-q", "--no-header", "-p", "no:cacheprovider")
    command = [sys.executable, "-m", "pytest", *options, *tests.split()]
    environment = {**os.environ, "PYTHONPATH": str(source), "CI": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return f"{tests}: it hangs"
    if done.returncode == 0:
        return None
    said = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    if said is None:  # not a check that fails, but the tests that do not run: that proves nothing
        said_last = done.stdout[-2000:] + done.stderr[-2000:]
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{said_last}")
    return said[1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="beginnings of names; none: all")
    parser.add_argument("--jobs", type=int, default=1, help="how many mutants at once")
    chosen = parser.parse_args()
    wanted = [each for each in mutants() if not chosen.names or each.name.startswith(tuple(chosen.names))]
    survivors = 0
    with ThreadPoolExecutor(chosen.jobs) as pool:
        for mutant, caught in pool.map(tried, wanted):
            survivors += caught is None
            print(f"{mutant.name:36} {'SURVIVED' if caught is None else caught}", flush=True)
    print(f"{len(wanted)} mutants, {survivors} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
