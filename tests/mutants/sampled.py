"""Runs mutmut over `nodeflow.machine`: a seeded sample of its mutants, and all survivors with their differences.

    pip install mutmut pytest-timeout
    python tests/mutants/sampled.py --seed 4 --count 500     # the first 500
    python tests/mutants/sampled.py --seed 4 --skip 500      # the 300 behind them
    python tests/mutants/sampled.py NAME NAME                # these mutants again

The settings lie in pyproject.toml, `[tool.mutmut]`; mutmut keeps a copy of everything in `mutants/` at the top of the
repository. The seed puts the mutants into one random order: a sample is a stretch of that.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
MUTMUT = str(Path(sys.executable).with_name("mutmut"))
SAID = {None: "not tried", 0: "survived", 5: "no test reaches it", 33: "no test reaches it"}
SAID.update(dict.fromkeys((-24, 24, 36, 152, 255), "hangs"))
"""What mutmut's exit codes mean; all others: killed."""


def results() -> dict[str, int | None]:
    """The exit code of each mutant that there is."""
    found: dict[str, int | None] = {}
    for path in sorted((ROOT / "mutants").rglob("*.meta")):
        found.update(json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"])
    return found


def mutmut(*arguments: str) -> str:
    """Its output; `CI` so that failing properties are not shrunk.

    Raises:
        SystemExit: It did not run.
    """
    environment = {**os.environ, "CI": "true"}
    done = subprocess.run([MUTMUT, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    return done.stdout


def sample(seed: int, skip: int, count: int) -> list[str]:
    """So many names of mutants, from the place `skip` on of the order that the seed gives."""
    if not results():  # mutmut generates them only to run some
        mutmut("run", "--max-children", "1", "nodeflow.machine.limits.*_1")
    names = sorted(results())
    random.Random(seed).shuffle(names)
    return names[skip : skip + count]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="mutants, as mutmut calls them; none: a sample")
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--skip", type=int, default=0, help="how many of the order to leave out before")
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--jobs", type=int, default=2)
    asked = parser.parse_args()
    chosen = asked.names or sample(asked.seed, asked.skip, asked.count)
    mutmut("run", "--max-children", str(asked.jobs), *chosen)
    known = results()
    said = {name: SAID.get(known[name], "killed") for name in chosen}
    for name in sorted(name for name in chosen if said[name] not in ("killed", "hangs")):
        print(f"--- {said[name]}: {mutmut('show', name)}")
    counts = Counter(said.values())
    print(f"{len(chosen)} of {len(known)} mutants: " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))
    return 1 if counts["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())
