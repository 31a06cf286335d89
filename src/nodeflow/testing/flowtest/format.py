"""What stands in a `*.flowtest.json`: a document, and tests that say what its runs are to come to."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final

from attrs import Factory, frozen

from nodeflow.files import parse, refuse
from nodeflow.schema import Problem, shown, structured_as, wrong

FORMAT: Final = 1
"""The version of the file format."""

SUFFIX: Final = ".flowtest.json"

SCHEDULES: Final = 20
"""Under how many schedules a test is run that does not say it."""

_Rules = Mapping[str, Mapping[str, Any]]


@frozen(kw_only=True)
class Expect:
    """What a run is to come to. What is not given may be anything, but it must have completed.

    Attributes:
        status: How it ended; unless said `completed`, or `failed` where an error is expected.
        outputs, variables: Those named must have these values.
        printed, printed_any_order: What print nodes print, line by line.
        error: Text that the error contains.
        findings: The document is rejected, for errors with just these codes; then nothing is run.
        seconds: How long it takes, in virtual seconds.
    """

    status: str | None = None
    outputs: Mapping[str, Any] = Factory(dict)
    variables: Mapping[str, Any] = Factory(dict)
    printed: tuple[str, ...] | None = None
    printed_any_order: tuple[str, ...] | None = None
    error: str | None = None
    findings: tuple[str, ...] | None = None
    seconds: float | None = None

    FILE_RULES: ClassVar[_Rules] = {
        "status": {"enum": ["completed", "failed", "timed_out", "cancelled"], "description": "How the run ends."},
        "error": {"minLength": 1, "description": "Text that the error contains."},
        "seconds": {"minimum": 0, "description": "How long the run takes, in virtual seconds."},
    }

    @property
    def ending(self) -> str:
        """The status that is expected."""
        return self.status or ("failed" if self.error is not None else "completed")


@frozen(kw_only=True)
class FaultToInject:
    """Something that goes wrong; see `nodeflow.testing.simulator.Fault`."""

    kind: str
    at: int
    seconds: float = 10.0

    FILE_RULES: ClassVar[_Rules] = {
        "kind": {
            "enum": ["raise", "hang", "cancel", "stop", "deadline", "jump"],
            "description": "What goes wrong.",
        },
        "at": {"minimum": 1, "description": "Before the how manieth body is called."},
        "seconds": {"minimum": 0, "description": "How far the clock jumps."},
    }


@frozen(kw_only=True)
class FlowTest:
    """One test of a document."""

    name: str
    inputs: Mapping[str, Any] = Factory(dict)
    variables: Mapping[str, Any] = Factory(dict)
    seed: int | None = None
    schedules: int = SCHEDULES
    faults: tuple[FaultToInject, ...] = ()
    expect: Expect = Factory(Expect)

    FILE_RULES: ClassVar[_Rules] = {
        "name": {"minLength": 1},
        "schedules": {"minimum": 0, "description": "How many schedules to try; 0: one run on trio."},
    }


@frozen(kw_only=True)
class FlowTests:
    """A file of tests.

    Attributes:
        document: Path of the document from the file's folder, or the document itself.
        nodes: Modules and `.py` files (from the file's folder) with the node types that it uses.
    """

    flowtest: int
    document: Any
    nodes: tuple[str, ...] = ()
    tests: tuple[FlowTest, ...]

    FILE_RULES: ClassVar[_Rules] = {"flowtest": {"const": FORMAT, "description": "Version of the format."}}


def read(path: str | os.PathLike[str]) -> FlowTests:
    """Read a file of tests.

    Raises:
        DocumentError: It cannot be read or is none; has all that is wrong with it, each with its path in the file.
    """
    source = os.fspath(path)
    try:
        data, problems = parse(Path(path).read_bytes())
    except Problem as problem:
        refuse([problem], source)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        refuse([Problem("NF001", f"cannot be read: {reason}")], source)
    return from_data(data, source, problems)


def from_data(data: object, source: str | None = None, problems: list[Problem] | None = None) -> FlowTests:
    """Tests from what `json.loads` made of their file.

    >>> found = from_data({"flowtest": 1, "document": "graph.json", "tests": [{"name": "it completes"}]})
    >>> found.tests[0].schedules, found.tests[0].expect.ending
    (20, 'completed')
    >>> from_data({"flowtest": 1, "document": "graph.json", "tests": [{"nam": "it completes"}]})
    Traceback (most recent call last):
    nodeflow.errors.DocumentError: document: 2 problems
      NF007 error: tests/0: the key 'name' is missing
      NF006 error: tests/0/nam: unknown key 'nam'; did you mean 'name'?
    """
    data = _current(data, source, problems or [])
    found, more = structured_as(data, FlowTests)
    all_of_them = [*(problems or []), *more, *_contradictions(data)]
    if found is None or all_of_them:
        refuse(all_of_them, source)
    return found


def _current(data: object, source: str | None, problems: list[Problem]) -> dict[str, Any]:
    """The data, if they are of this version of the format."""
    if not isinstance(data, dict):
        refuse([Problem("NF004", f"a file of flow tests is an object, not {shown(data)}")], source)
    if "flowtest" not in data and "tests" not in data:
        says = "this does not look like a file of flow tests: the key `flowtest` is missing"
        refuse([*problems, Problem("NF004", says)], source)
    version = data.get("flowtest", FORMAT)
    if type(version) is int and version != FORMAT:
        newer = "; a newer one is needed" if version > FORMAT else ""
        says = f"the file has format version {version}; this nodeflow knows {FORMAT}{newer}"
        refuse([*problems, Problem("NF005", says, ("flowtest",))], source)
    return data


# --- what a schema cannot say -------------------------------------------------------------------------


def _contradictions(data: Mapping[str, Any]) -> Iterator[Problem]:
    """What is wrong although each key by itself is right."""
    document, tests = data.get("document", {}), data.get("tests")
    if not isinstance(document, str | dict):
        yield wrong("the path of a document, or a document", document, ("document",))
    elif document == "":
        yield Problem("NF009", "must not be empty: it is the path of a document, or a document", ("document",))
    if tests == []:
        yield Problem("NF009", "there are no tests in it", ("tests",))
    names: dict[str, int] = {}
    for number, test in enumerate(tests if isinstance(tests, list) else ()):
        if not isinstance(test, dict):
            continue
        name = test.get("name")
        if isinstance(name, str) and names.setdefault(name, number) != number:
            says = f"tests/{names[name]} is named {shown(name)} too; each test needs a name of its own"
            yield Problem("NF009", says, ("tests", number, "name"))
        yield from _fault_problems(test, number)
        if isinstance(expect := test.get("expect"), dict):
            yield from _expect_problems(test, expect, ("tests", number, "expect"))


def _fault_problems(test: Mapping[str, Any], number: int) -> Iterator[Problem]:
    faults = test.get("faults")
    if not isinstance(faults, list):
        return
    if faults and test.get("schedules") == 0:
        yield Problem(
            "NF009", "faults need the simulator, which `schedules: 0` leaves out", ("tests", number, "faults")
        )
    places: dict[int, int] = {}
    for at, fault in enumerate(faults):
        place = fault.get("at") if isinstance(fault, dict) else None
        if type(place) is int and places.setdefault(place, at) != at:
            says = f"faults/{places[place]} happens at {place} too; only one can"
            yield Problem("NF009", says, ("tests", number, "faults", at, "at"))


def _expect_problems(
    test: Mapping[str, Any], expect: Mapping[str, Any], where: tuple[str | int, ...]
) -> Iterator[Problem]:
    if "printed" in expect and "printed_any_order" in expect:
        yield Problem("NF009", "either `printed` or `printed_any_order`, not both", (*where, "printed_any_order"))
    if "error" in expect and expect.get("status") == "completed":
        yield Problem("NF009", "a run that completed has no error", (*where, "error"))
    if "findings" not in expect:
        return
    if expect["findings"] == []:
        says = "must not be empty; a test without `findings` expects that the document is not rejected"
        yield Problem("NF009", says, (*where, "findings"))
    idle = [name for name in expect if name != "findings"]
    idle += [name for name in ("inputs", "variables", "seed", "schedules", "faults") if name in test]
    if idle:
        says = f"a document that is rejected is not run, so {', '.join(idle)} can mean nothing"
        yield Problem("NF009", says, (*where, "findings"))
