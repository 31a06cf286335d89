"""The documents of `torture/`: under many schedules, on trio, and beside the reference interpreter."""

from __future__ import annotations

import functools
import json
import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest
import trio
from attrs import evolve
from trio.testing import MockClock

import nodeflow as nf
from nodeflow.files import from_dict
from nodeflow.model import Severity
from nodeflow.testing import reference
from nodeflow.testing.flowtest import SUFFIX, FlowTest, Suite, open_suite, read, run_test
from nodeflow.testing.reference import Expected, Unsupported

ROOT = Path(__file__).parents[2]
TORTURE = ROOT / "torture"
FILES = sorted(TORTURE.glob(f"*/*{SUFFIX}"))
DOCUMENTS = sorted(path for path in TORTURE.glob("*/*.json") if not path.name.endswith(SUFFIX))

BUGS: dict[str, str] = {}
"""What the engine does wrong."""

BY_THE_CLOCK = {
    "batch_fails": "what is cancelled in time, the reference has run before",
    "item_fails": "what is cancelled in time, the reference has run before",
    "parallel_limit": "it measures how many run at once",
    "wcp18_milestone": "it asks at a certain time for what another branch does",
    "wcp24_persistent_trigger": "it looks again and again for what another branch does",
}
"""What the reference cannot know, which runs one branch after the other."""

CATALOGUE = (
    "Sequence",
    "Parallel Split",
    "Synchronization",
    "Exclusive Choice",
    "Simple Merge",
    "Multi-Choice",
    "Structured Synchronizing Merge",
    "Multi-Merge",
    "Structured Discriminator",
    "Arbitrary Cycles",
    "Implicit Termination",
    "Multiple Instances without Synchronization",
    "Multiple Instances with a Priori Design-Time Knowledge",
    "Multiple Instances with a Priori Run-Time Knowledge",
    "Multiple Instances without a Priori Run-Time Knowledge",
    "Deferred Choice",
    "Interleaved Parallel Routing",
    "Milestone",
    "Cancel Task",
    "Cancel Case",
    "Structured Loop",
    "Recursion",
    "Transient Trigger",
    "Persistent Trigger",
    "Cancel Region",
    "Cancel Multiple Instance Activity",
    "Complete Multiple Instance Activity",
    "Blocking Discriminator",
    "Cancelling Discriminator",
    "Structured Partial Join",
    "Blocking Partial Join",
    "Cancelling Partial Join",
    "Generalised AND-Join",
    "Static Partial Join for Multiple Instances",
    "Cancelling Partial Join for Multiple Instances",
    "Dynamic Partial Join for Multiple Instances",
    "Local Synchronizing Merge",
    "General Synchronizing Merge",
    "Critical Section",
    "Interleaved Routing",
    "Thread Merge",
    "Thread Split",
    "Explicit Termination",
)
"""The control-flow patterns of workflowpatterns.com, from WCP-1 on."""


def stem(path: Path) -> str:
    return path.name.removesuffix(SUFFIX).removesuffix(".json")


def cases(*, runs: bool = False) -> Any:
    """Parametrize with all tests of all files; with those that run something and need no simulator."""
    found = []
    for path in FILES:
        for test in read(path).tests:
            if runs and (test.expect.findings is not None or test.faults):
                continue
            bug = BUGS.get(stem(path))
            marks = [pytest.mark.xfail(reason=bug)] if bug else []
            found.append(pytest.param(path, test, id=f"{path.parent.name}/{stem(path)}: {test.name}", marks=marks))
    return pytest.mark.parametrize(("path", "test"), found)


@functools.lru_cache(8)
def suite_of(path: Path) -> Suite:
    return open_suite(path)


# --- running them -------------------------------------------------------------------------------------


@pytest.mark.rule("6.1", "6.2", "6.3", "6.4", "6.5", "6.6", "6.7", "6.8", "7.1", "7.2", "7.3", "5.T2", "5.T5")
@cases()
def test_under_many_schedules(path: Path, test: FlowTest) -> None:
    outcome = run_test(suite_of(path), test)
    assert outcome.failure is None, outcome.failure.text()
    assert test.expect.findings is not None or outcome.schedules > 0


@cases(runs=True)
def test_once_on_trio(path: Path, test: FlowTest) -> None:
    outcome = run_test(suite_of(path), evolve(test, schedules=0))
    assert outcome.failure is None, outcome.failure.text()
    assert outcome.on_trio


@cases(runs=True)
def test_the_reference_agrees(path: Path, test: FlowTest) -> None:
    """The same outcome, outputs and variables, and the same lines: of threads side by side in any order."""
    if stem(path) in BY_THE_CLOCK:
        pytest.skip(BY_THE_CLOCK[stem(path)])
    wanted = by_the_letter(path, test)
    if isinstance(wanted, Unsupported):
        pytest.skip(f"the reference refuses it: {wanted}")

    async def main() -> nf.Result:
        async with suite_of(path).compiled.open_run(inputs=test.inputs) as run:
            return await run.wait()

    result = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert result.status == wanted.status, (result.error, wanted.error)
    assert dict(result.outputs) == dict(wanted.outputs)
    assert dict(result.variables) == dict(wanted.variables)
    assert sorted(result.printed) == sorted(line for lines in wanted.printed.values() for line in lines)


def by_the_letter(path: Path, test: FlowTest) -> Expected | Unsupported:
    async def main() -> Expected:
        return await reference.run(suite_of(path).document, registry=nf.standard_registry(), inputs=test.inputs)

    try:
        return trio.run(main, clock=MockClock(autojump_threshold=0))
    except Unsupported as refused:
        return refused


def test_the_reference_knows_most_of_them() -> None:
    """The comparison above is not skipped for most: what is refused says by its policy that it is a race."""
    known = [
        path for path in FILES if stem(path).startswith(("unequal", "nested", "batch_", "merge_", "join_", "ends_"))
    ]
    compared = [
        test.name
        for path in known
        for test in read(path).tests
        if not suite_of(path).rejected and isinstance(by_the_letter(path, test), Expected)
    ]
    assert len(compared) >= 20


# --- the folder ---------------------------------------------------------------------------------------


def test_each_document_has_tests_and_says_what_it_is_for() -> None:
    assert {stem(path) for path in FILES} == {stem(path) for path in DOCUMENTS}
    assert len([path for path in FILES if path.parent.name == "joins"]) >= 50
    for path in DOCUMENTS:
        meta = json.loads(path.read_text(encoding="utf-8"))["meta"]
        assert meta["title"], path
        assert len(meta["description"]) > 20, path


def test_other_engines_need_the_standard_library_only() -> None:
    for path in FILES:
        data = json.loads(path.read_text(encoding="utf-8"))
        assert data["document"] == f"{stem(path)}.json"
        assert "nodes" not in data


@pytest.mark.rule("6.2")
def test_what_is_rejected_is_rejected_in_the_right_words() -> None:
    seen = set()
    for path in FILES:
        if stem(path) in BUGS or all(test.expect.findings is None for test in read(path).tests):
            continue
        suite = suite_of(path)
        document = path.with_name(f"{stem(path)}.json")
        says = json.loads(document.read_text(encoding="utf-8"))["meta"]["says"]
        errors = [finding for finding in suite.rejected if finding.severity is Severity.ERROR]
        assert any(says in finding.message for finding in errors), (path, errors)
        seen |= {finding.code for finding in errors}
    assert seen >= {"NF205", "NF303", "NF401", "NF402", "NF403", "NF404", "NF405", "NF407", "NF408"}


@pytest.mark.rule("6.1", "11")
def test_ten_thousand_branches() -> None:
    spec = spec_from_file_location("torture_wide", TORTURE / "wide.py")
    assert spec is not None
    assert spec.loader is not None
    wide = module_from_spec(spec)
    spec.loader.exec_module(wide)
    kept = json.loads((TORTURE / "joins" / "wide_fan_out.json").read_text(encoding="utf-8"))
    assert wide.document(1000) == kept

    async def main() -> nf.Result:
        return await nf.run(nf.compile(from_dict(wide.document(10_000))))

    result = trio.run(main, clock=MockClock(autojump_threshold=0))
    assert result.outputs == {"arrived": 10_000}
    assert result.counters["seconds"] == 1.0


# --- the catalogue of patterns ------------------------------------------------------------------------


def test_all_patterns_of_the_catalogue_are_there() -> None:
    found = {}
    for path in DOCUMENTS:
        if path.parent.name == "patterns":
            meta = json.loads(path.read_text(encoding="utf-8"))["meta"]
            assert meta["expressed"] in ("expressed", "partly", "not expressed")
            assert path.name.startswith(f"wcp{meta['pattern']:02}_")
            found[meta["pattern"]] = meta["title"]
    assert found == dict(enumerate(CATALOGUE, 1))


def test_the_table_has_all_of_them() -> None:
    page = (ROOT / "docs" / "reference" / "workflow-patterns.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \| (\w[\w ]*) \| `([\w.]+)` \|", page, re.MULTILINE)
    assert [(int(number), name) for number, name, _, _ in rows] == list(enumerate(CATALOGUE, 1))
    for _, _, how, document in rows:
        meta = json.loads((TORTURE / "patterns" / document).read_text(encoding="utf-8"))["meta"]
        assert meta["expressed"] == how
        assert (TORTURE / "patterns" / document.replace(".json", SUFFIX)).exists()
