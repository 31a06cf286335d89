"""The pytest plugin: collects `*.flowtest.json`, and gives fixtures for simulated and checked runs.

pytest loads it wherever nodeflow is installed (`-p no:nodeflow` keeps it out). That is why all it needs is imported
when a file is collected or a fixture asked for, and not before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from nodeflow.testing.flowtest import FlowTest, Suite

SUFFIX = ".flowtest.json"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("nodeflow").addoption(
        "--nodeflow-schedules",
        type=_positive,
        metavar="N",
        help="try N schedules for each test in a *.flowtest.json, instead of those that it says",
    )


def _positive(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError(text)
    return number


# --- collecting ---------------------------------------------------------------------------------------


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Files of flow tests, wherever pytest looks for tests."""
    if file_path.name.endswith(SUFFIX):
        collected: pytest.Collector = FlowtestFile.from_parent(parent, path=file_path)
        return collected
    return None


class FlowtestFile(pytest.File):
    """A file of flow tests."""

    def collect(self) -> Iterator[FlowtestItem]:
        from nodeflow.errors import DocumentError
        from nodeflow.testing.flowtest import open_suite

        try:
            suite = open_suite(self.path)
        except DocumentError as error:
            raise self.CollectError(str(error)) from None
        for test in suite.tests:
            yield FlowtestItem.from_parent(self, name=test.name, suite=suite, test=test)


class FlowtestItem(pytest.Item):
    """One test of a file."""

    obj = None
    """Other plugins (pytest-trio) ask each test for its function; pytest's own doctests say the same."""

    def __init__(self, *, suite: Suite, test: FlowTest, **given: Any) -> None:
        super().__init__(**given)
        self.suite = suite
        self.flowtest = test

    def runtest(self) -> None:
        from nodeflow.testing.flowtest import run_test

        schedules = self.config.getoption("--nodeflow-schedules")
        outcome = run_test(self.suite, self.flowtest, schedules=schedules)
        if outcome.failure is not None:
            raise FlowtestFailed(outcome.failure.text())

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What was expected and what came; how the test was run is nobody's business."""
        if isinstance(excinfo.value, FlowtestFailed):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        return self.path, None, self.name


class FlowtestFailed(AssertionError):
    """A flow test did not come to what it expects."""


# --- fixtures -----------------------------------------------------------------------------------------


@pytest.fixture
def simulator() -> Callable[..., Any]:
    """`simulator(document, registry=..., fine=...)`: a `nodeflow.testing.simulator.Simulator` of a document."""
    from nodeflow.testing.simulator import Simulator

    return Simulator


@pytest.fixture
def checked_run() -> Callable[..., Any]:
    """`checked_run(document)` runs a document, checks the invariants T1-T6 all the while, and returns its result.

    `checked_run(document, status="completed", on_trio=False, schedule=(), registry=None, **options)`: it must end with
    this status. It is simulated, under `schedule`; with `on_trio` it runs on trio with a clock that does not wait (not
    inside of another `trio.run`). `options` are those of `nodeflow.run`, and of `Simulator.run` if it is simulated.
    """
    from nodeflow.testing.flowtest.checking import checked_run

    return checked_run
