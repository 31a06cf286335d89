"""Every example runs, prints what a reader expects of it, and stands in its file as nodeflow would write it."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

import nodeflow as nf
from nodeflow.cli import main

EXAMPLES = Path(__file__).parents[1] / "examples"

PRINTED = {
    "events": [
        "kitchen cooks: soup",
        "waiter serves: soup",
        "kitchen cooks: pizza",
        "waiter serves: pizza",
        "served: 2",
    ],
    "first_wins": ["downloading from: america.example"],
    "fizzbuzz": ["1", "2", "Fizz", "4", "Buzz", "Fizz", "7", "8", "Fizz", "Buzz", "11", "Fizz", "13", "14", "FizzBuzz"],
    "list_report": ["below the limit: 1", "4 marks, 2.75 on average, 4 at best"],
    "nested": [f'{{"heat":"heat of {city}","wind":"wind of {city}"}}' for city in ("Oslo", "Rome", "Lima")],
    "recursive_gosub": ["10! = 3628800"],
    "retry_by_wire": [
        "attempt 1 failed: the server is busy",
        "attempt 2 failed: the server is busy",
        "worked at attempt: 3",
    ],
    "scrape_and_merge": [
        "fetched: weather.example",
        "fetched: news.example",
        "fetched: sport.example",
        'pages: {"news":"<h1>news.example</h1>","weather":"<h1>weather.example</h1>","sport":"<h1>sport.example</h1>"}',
    ],
    "timeout_fallback": ["no answer in time, taking the rate of yesterday", "rate: 1.07"],
}

OUTPUTS = {
    "first_wins": {"mirror": "america.example"},
    "list_report": {"mean": 2.75},
    "recursive_gosub": {"factorial": 3628800},
    "retry_by_wire": {"attempts": 3},
    "timeout_fallback": {"rate": 1.07},
}


def path_of(name):
    return EXAMPLES / f"{name}.json"


def test_every_example_is_tested():
    documents = [path for path in EXAMPLES.glob("*.json") if not path.name.endswith(".flowtest.json")]
    assert {path.stem for path in documents} == set(PRINTED)
    assert {path.stem for path in EXAMPLES.glob("*.py")} == {"own_nodes", "service"}


@pytest.mark.parametrize("elide", [True, False])
@pytest.mark.parametrize("name", PRINTED)
async def test_prints_what_it_should(name, elide, autojump_clock):
    result = await nf.run(nf.load(path_of(name)), elide=elide)
    assert result.printed == PRINTED[name]
    assert {key: result.outputs[key] for key in OUTPUTS.get(name, {})} == OUTPUTS.get(name, {})


@pytest.mark.parametrize("name", PRINTED)
def test_has_neither_errors_nor_warnings(name):
    assert [f for f in nf.validate(nf.load(path_of(name))) if f.severity is not nf.Severity.INFO] == []


@pytest.mark.parametrize("name", PRINTED)
def test_says_what_it_is_about_and_stands_in_its_file_as_it_is_saved(name):
    document = nf.load(path_of(name))
    assert document.meta["title"]
    assert document.meta["about"]
    assert nf.dumps(document) == path_of(name).read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "inputs", "last"),
    [
        ("fizzbuzz", {"n": 3}, "Fizz"),
        ("timeout_fallback", {"patience": 2}, "rate: 1.09"),
        ("recursive_gosub", {"n": 30}, "30! = 265252859812191058636308480000000"),
        ("retry_by_wire", {"failures": 5000}, "worked at attempt: 5001"),
        ("events", {"orders": []}, "served: 0"),
        ("list_report", {"marks": [1], "limit": 0}, "1 marks, 1 on average, 1 at best"),
        ("nested", {"cities": ["Bern"]}, '{"heat":"heat of Bern","wind":"wind of Bern"}'),
    ],
)
async def test_takes_other_inputs(name, inputs, last, autojump_clock):
    result = await nf.run(nf.load(path_of(name)), inputs=inputs)
    assert result.printed[-1] == last


def test_runs_from_the_command_line(capsys):
    assert main(["run", str(path_of("fizzbuzz"))]) == 0
    assert capsys.readouterr().out.splitlines() == PRINTED["fizzbuzz"]
    assert main(["run", str(path_of("scrape_and_merge")), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["printed"] == PRINTED["scrape_and_merge"]


# --- programs -----------------------------------------------------------------------------------------

SEATED = ["Ada has No. 1", "Grace has No. 2", "Alan has No. 3"]


async def test_own_nodes(autojump_clock, capsys):
    example = runpy.run_path(str(EXAMPLES / "own_nodes.py"))
    result = await nf.run(example["build"]())
    assert result.printed == ["ADA!!", "GRACE!!", "ALAN!!", f"seated: {json.dumps(SEATED, separators=(',', ':'))}"]
    assert result.outputs == {"seated": SEATED}
    assert capsys.readouterr().out == "(the guest book is closed, with 3 names in it)\n"


async def test_the_scope_of_ones_own_is_a_context_like_others(autojump_clock):
    example = runpy.run_path(str(EXAMPLES / "own_nodes.py"))
    seen, guests_at_once = [], []
    async with nf.open_run(example["build"](), observers=[seen.append]) as run:
        run.add_observer(lambda event: guests_at_once.append(_most(run)))
        await run.wait()
    opened = [event for event in seen if isinstance(event, nf.observers.ContextOpened)]
    assert [(event.kind, event.path) for event in opened][1:] == [
        ("WorkflowContext", "party"),
        ("FanOutInContext", "party/arrivals"),
    ]
    closed = [event.kind for event in seen if isinstance(event, nf.observers.ContextClosed)]
    assert closed[:2] == ["FanOutInContext", "WorkflowContext"]
    assert max(guests_at_once) == 3  # served side by side, though they came one after the other


def _most(run):
    below = run.tree().children
    return max((len(inner.threads) for each in below for inner in each.children), default=0)


async def test_own_nodes_fail_as_any_node(autojump_clock):
    example = runpy.run_path(str(EXAMPLES / "own_nodes.py"))
    party = nf.Workflow("party")
    start, door = party.add(nf.standard_registry()["flow.start"]), party.add(example["arrivals"], guests=[1, 2])
    fail = party.add(nf.standard_registry()["flow.fail"], message="no entrance")
    start >> door
    door.each >> fail
    with pytest.raises(nf.RunFailed) as failed:
        await nf.run(party)
    assert failed.value.result.error.context_path == "party/arrivals[0]"


def test_the_programs_run_as_they_are():
    done = subprocess.run([sys.executable, EXAMPLES / "own_nodes.py"], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "(the guest book is closed, with 3 names in it)"
    assert done.stdout.splitlines()[:3] == ["ADA!!", "GRACE!!", "ALAN!!"]


def test_the_service_answers():
    done = subprocess.run([sys.executable, EXAMPLES / "service.py"], capture_output=True, text=True, check=True)
    asked, answered = done.stdout.splitlines()[::2], [line.strip() for line in done.stdout.splitlines()[1::2]]
    assert all(line.startswith("GET /quote?") for line in asked)
    assert answered[:2] == [
        '200 {"lines": ["0: tea", "1: bread", "2: jam"], "each": 0.5}',
        '200 {"lines": ["0: rice"], "each": 1.0}',
    ]
    assert [answer.split()[0] for answer in answered[2:]] == ["422", "504", "400"]
    assert "ZeroDivisionError" in answered[2]
    assert done.stderr == ""
