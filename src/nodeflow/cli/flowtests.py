"""What `nodeflow test` does: find the files, run their tests, tell of each, and of what they covered."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from nodeflow.cli import telling
from nodeflow.cli.telling import BAD, COMPLETED, FAILED, Stop
from nodeflow.errors import DocumentError
from nodeflow.testing.flowtest import (
    SUFFIX,
    Coverage,
    FlowTest,
    Outcome,
    Suite,
    SuiteCoverage,
    open_suite,
    reporting,
    run_test,
)


def files_in(paths: Sequence[str]) -> list[Path]:
    """The files named, and those below folders named, each once.

    Raises:
        Stop: There is no such file or folder.
    """
    found: dict[str, Path] = {}
    for name in paths or (".",):
        path = Path(name)
        try:
            there = sorted(_below(path)) if path.is_dir() else [path] if path.exists() else None
        except (OSError, ValueError) as error:
            raise Stop(BAD, f"nodeflow: {name}: {error}") from error
        if there is None:
            raise Stop(BAD, f"nodeflow: {name}: there is no such file or folder")
        for file in there:
            found.setdefault(os.path.realpath(file), file)
    return list(found.values())


def _below(folder: Path) -> Iterator[Path]:
    """All files of tests below a folder; not in hidden folders, nor in those of packages."""
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".") and name not in ("node_modules", "venv")]
        yield from (Path(place, name) for name in files if name.endswith(SUFFIX))


class Session:
    """All tests of one call of the command.

    Args:
        named: Only tests with this in their names; None: all.
        schedules: How many to try; None: as each test says.
        counted: Whether to measure coverage.

    Attributes:
        code: The exit code, as far as things went.
        tested: By document, its coverage and one of the files that test it.
    """

    def __init__(self, named: str | None, schedules: int | None, counted: bool) -> None:
        self.named = named
        self.schedules = schedules
        self.coverage = SuiteCoverage() if counted else None
        self.passed = self.failed = self.bad = self.left_out = 0
        self.code = COMPLETED
        self.tested: dict[str, tuple[Coverage, Suite]] = {}

    # --- running ---

    def run_file(self, file: Path) -> None:
        """Run the tests of a file that are wanted, and tell of each."""
        try:
            suite = open_suite(file)
        except DocumentError as error:
            telling.complain(*(telling.finding_line(str(file), finding) for finding in error.findings))
            self.bad += 1
            self.code = BAD
            return
        tests = [test for test in suite.tests if (self.named or "").lower() in test.name.lower()]
        self.left_out += len(suite.tests) - len(tests)
        if self.coverage is not None and tests and not suite.rejected:
            self.tested.setdefault(suite.key, (self.coverage.of(suite), suite))
        for number, test in enumerate(tests):
            with _Progress(f"{file}: {number + 1} of {len(tests)}: {test.name}"):
                outcome = run_test(suite, test, schedules=self.schedules, coverage=self.coverage)
            self._tell(file, test, outcome)

    def _tell(self, file: Path, test: FlowTest, outcome: Outcome) -> None:
        word = "passed" if outcome.passed else "FAILED"
        if telling.on_terminal():
            word = click.style(word, fg="green" if outcome.passed else "red")
        telling.say(f"{word} {file}: {test.name}{_how(outcome)}")
        if outcome.failure is None:
            self.passed += 1
            return
        telling.say(*(f"    {line}" for line in outcome.failure.text().splitlines()))
        self.failed += 1
        self.code = max(self.code, FAILED)

    def summary(self, paths: Sequence[str]) -> None:
        """One line about all of it.

        Raises:
            Stop: There was nothing to run.
        """
        ran = self.passed + self.failed
        if not ran and not self.bad:
            if self.left_out:
                raise Stop(BAD, f"nodeflow: none of {self.left_out} tests has {self.named!r} in its name")
            raise Stop(BAD, f"nodeflow: there is no *{SUFFIX} in {', '.join(paths or ['.'])}")
        parts = [f"{self.passed} passed"] if self.passed or not self.bad else []
        parts += [f"{self.failed} failed"] if self.failed else []
        parts += [f"{self.left_out} left out"] if self.left_out else []
        parts += [f"{self.bad} file{'s' if self.bad > 1 else ''} with errors"] if self.bad else []
        telling.say(", ".join(parts))

    # --- coverage ---

    def tell_coverage(self, *, in_words: bool, fail_under: float | None) -> None:
        coverages = [coverage for coverage, _ in self.tested.values()]
        covered, of, percent = reporting.total(coverages)
        for each in coverages if in_words else ():
            telling.say(f"{each.subject}: {each.covered} of {len(each.items)} covered ({_floored(each.percent)} %)")
            words = each.in_words()
            telling.say(*(["  not covered:"] if words else []), *(f"    {line}" for line in words))
        telling.say(f"coverage: {covered} of {of} ({_floored(percent)} %)")
        if fail_under is not None and percent < fail_under:
            telling.complain(f"nodeflow: less than {fail_under:g} % is covered")
            self.code = max(self.code, FAILED)

    def write(self, coverage_json: str | None, picture: str | None) -> None:
        """Write what was asked for.

        Raises:
            Stop: It cannot be written.
        """
        if coverage_json is not None:
            coverages = [coverage for coverage, _ in self.tested.values()]
            _write(coverage_json, json.dumps(reporting.as_json(coverages), indent=2, ensure_ascii=False) + "\n")
        if picture is None:
            return
        drawn = [(coverage, suite.registry) for coverage, suite in self.tested.values()]
        if picture.endswith(".md"):
            _write(picture, reporting.page(drawn))
        elif len(drawn) == 1:
            _write(picture, reporting.picture(*drawn[0]))
        else:
            says = f"there are {len(drawn)} documents to draw, which takes a file that ends in `.md`"
            raise Stop(BAD, f"nodeflow: --picture {picture}: {says}")


def _how(outcome: Outcome) -> str:
    """Under what it was run."""
    if outcome.on_trio:
        return f" (on trio, {_counted(outcome.schedules, 'run')})"
    return f" ({_counted(outcome.schedules, 'schedule')})" if outcome.schedules else ""


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'s' if number != 1 else ''}"


def _floored(percent: float) -> str:
    """Percent without decimals; 100 only where nothing is missing."""
    return str(int(percent))


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", newline="\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise Stop(BAD, f"nodeflow: {path}: {reason}") from error


class _Progress:
    """A line on the terminal that says what goes on, and is gone when it is over."""

    def __init__(self, says: str) -> None:
        self.shown = sys.stderr is not None and sys.stderr.isatty()
        self.says = says

    def __enter__(self) -> None:
        if self.shown:
            print(self.says[: shutil.get_terminal_size().columns - 1], end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
