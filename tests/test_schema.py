"""The JSON Schema is current, is a schema, and says the same as the loader."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

import attrs
import jsonschema
import pytest
from hypothesis import HealthCheck, event, example, given, settings
from hypothesis import strategies as st

from nodeflow import files, schema
from nodeflow.errors import DocumentError
from nodeflow.model import Document

AT_LEISURE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
VALIDATOR = jsonschema.Draft202012Validator(schema.json_schema())


def loads(data: object) -> bool:
    try:
        files.from_dict(data)
    except DocumentError:
        return False
    return True


def test_it_is_a_json_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema.json_schema())


def test_the_shipped_file_is_current() -> None:
    """If not: `python -m nodeflow.schema > src/nodeflow/nodeflow.schema.json`."""
    shipped = resources.files("nodeflow").joinpath("nodeflow.schema.json").read_text(encoding="utf-8")
    assert shipped == json.dumps(schema.json_schema(), indent=2) + "\n"


def test_every_rule_is_about_a_key_and_every_keyword_is_enforced() -> None:
    by_loader = {
        "const",
        "enum",
        "minimum",
        "exclusiveMinimum",
        "minLength",
        "minProperties",
        "pattern",
        "not",
    }
    for cls, rules in schema.RULES.items():
        assert set(rules) <= {key.name for key in schema.keys_of(cls)}, cls
        for rule in rules.values():
            assert set(rule) <= by_loader | {"description", "propertyNames"}
            assert set(rule.get("propertyNames", {})) <= by_loader


def test_every_field_of_the_model_is_a_key_of_the_file() -> None:
    """All but a document's node types, which come from Python and are never saved."""
    assert {f.name for f in attrs.fields(Document)} - {"types"} == {
        key.attribute for key in schema.keys_of(schema.File)
    } - {"nodeflow"}
    for cls, own_name in schema.KEYED.items():
        assert {f.name for f in attrs.fields(cls)} - {own_name} == {
            key.attribute for key in schema.keys_of(cls)
        }


def test_every_definition_is_described() -> None:
    definitions = schema.json_schema()["$defs"]
    assert set(definitions) == {
        *(
            "Event",
            "Input",
            "Output",
            "PlacedNode",
            "ProcessVariable",
            "Retry",
            "Variable",
            "Wire",
            "Workflow",
        )
    }
    assert all(definition["description"] for definition in definitions.values())


# --- documents, and documents gone wrong --------------------------------------------------------------

IDS = st.text("abzAZ09_-", min_size=1, max_size=4).filter(lambda name: name != "inputs")
NAMES = st.text(min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
META = st.dictionaries(st.text(), JSON, max_size=2)
ABOVE_ZERO = st.integers(1, 9) | st.floats(0.1, 9)


def some(required: dict[str, Any], **optional: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


def declared(**keys: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(NAMES, some({}, type=NAMES, **keys), max_size=2)


RETRY = some(
    {"attempts": st.integers(1, 9)},
    delay=st.just(0) | ABOVE_ZERO,
    backoff=ABOVE_ZERO,
    errors=st.lists(st.text(), max_size=2),
)
NODE = some(
    {"type": NAMES},
    values=META,
    options=META,
    disabled=st.booleans(),
    timeout=ABOVE_ZERO,
    retry=RETRY,
    capacity=NAMES,
    version=st.integers(1, 9),
    meta=META,
)
ENDS = st.builds("{}.{}".format, IDS | st.just("inputs"), NAMES)
WORKFLOW = some(
    {},
    entries=st.sampled_from(["concurrent", "sequential"]),
    inputs=declared(default=JSON),
    outputs=declared(),
    variables=declared(default=JSON, scope=st.sampled_from(["local", "shared"])),
    events=declared(),
    nodes=st.dictionaries(IDS, NODE, max_size=3),
    connections=st.lists(some({"from": ENDS, "to": ENDS}, meta=META), max_size=3),
    meta=META,
)
WITHOUT_ENTRY = some(
    {"nodeflow": st.just(1), "workflows": st.dictionaries(IDS, WORKFLOW, min_size=1, max_size=2)},
    events=declared(),
    variables=declared(default=JSON, scope=st.just("process")),
    meta=META,
)


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    data = draw(WITHOUT_ENTRY)
    if len(data["workflows"]) > 1 or draw(st.booleans()):
        data["entry"] = draw(st.sampled_from(sorted(data["workflows"])))
    return copy.deepcopy(data)


EVERY_KEY = {key.name for cls in schema.RULES for key in schema.keys_of(cls)}
TYPICAL_NAMES = ["", "inputs", "a.b", "a b", "é", "ok", "a\n", "id", "name", "from_"]
TYPICAL: list[Any] = [
    *(None, True, False, 0, 1, -1, 2.5, 0.0, -0.5),
    *("", "3", "process", "local", "a.b", "a.", ".a", "a", "a.b\n", "a\n"),
    *([], {}, [1], ["a"], [{}], {"type": "int"}, {"attempts": 1}, {"a": {}}, {"": {}}),
]
KEYS = st.sampled_from(sorted({*EVERY_KEY, *TYPICAL_NAMES}))
NEW_NAMES = st.sampled_from(TYPICAL_NAMES) | st.text(max_size=3)
NEW_VALUES = st.sampled_from(TYPICAL) | JSON


def containers(value: Any) -> list[Any]:
    """All the objects and lists in a JSON value."""
    found, work = [], [value]
    while work:
        value = work.pop()
        if isinstance(value, dict | list) and value:
            found.append(value)
            work.extend(value.values() if isinstance(value, dict) else value)
    return found


def spoil(data: dict[str, Any], draw: st.DrawFn) -> None:
    """Drop, add, rename or replace something somewhere."""
    place = draw(st.sampled_from(containers(data)))
    keys = list(place) if isinstance(place, dict) else list(range(len(place)))
    key = draw(st.sampled_from(keys))
    how = draw(st.sampled_from(["drop", "add", "rename", "replace", "replace"]))
    event(how)
    if how == "drop":
        del place[key]
    elif how == "replace" or isinstance(place, list):
        place[key] = copy.deepcopy(draw(NEW_VALUES))
    elif how == "add":
        place[draw(KEYS)] = copy.deepcopy(draw(NEW_VALUES))
    else:
        place[draw(NEW_NAMES | KEYS)] = place.pop(key)


def beyond_a_schema(data: Any) -> bool:
    """Whether it has what a schema cannot say: an entry that names no workflow, 1.0 where 1 is asked for."""
    if not isinstance(data, dict) or not isinstance(data.get("workflows"), dict):
        return False
    if isinstance(data.get("entry"), str) and data["entry"] not in data["workflows"]:
        return True
    whole = [data.get("nodeflow")]
    for place in containers(data):
        if isinstance(place, dict):
            whole += [place.get("version"), place.get("attempts")]
    return any(type(number) is float and number.is_integer() for number in whole)


FULL: dict[str, Any] = {
    "nodeflow": 1,
    "entry": "main",
    "events": {"e": {"type": "int"}},
    "variables": {"v": {"type": "int", "default": 1, "scope": "process"}},
    "workflows": {
        "main": {
            "entries": "sequential",
            "inputs": {"i": {"type": "int", "default": 1}},
            "outputs": {"o": {"type": "int"}},
            "variables": {"v": {"type": "int", "default": 1, "scope": "shared"}},
            "events": {"e": {"type": "int"}},
            "nodes": {
                "n": {
                    "type": "t",
                    "values": {"x": 1},
                    "options": {"x": 1},
                    "disabled": True,
                    "timeout": 2,
                    "retry": {"attempts": 2, "delay": 1, "backoff": 2, "errors": ["E"]},
                    "capacity": "http",
                    "version": 2,
                    "meta": {"x": 1},
                }
            },
            "connections": [{"from": "n.a", "to": "n.b", "meta": {"x": 1}}],
            "meta": {"x": 1},
        }
    },
    "meta": {"x": 1},
}


def ways_to_spoil(place: Any) -> Iterator[tuple[str, Any, Any]]:
    """What can be done to one object or list: how, to which key, with what."""
    for key in list(place) if isinstance(place, dict) else range(len(place)):
        yield "drop", key, None
        yield from (("replace", key, value) for value in TYPICAL)
        if isinstance(place, dict):
            yield from (("rename", key, name) for name in TYPICAL_NAMES)
    if isinstance(place, dict):
        yield from (
            ("replace", key, value) for key in sorted(EVERY_KEY - set(place)) for value in (1, "a", {})
        )


def test_they_agree_on_every_single_change() -> None:
    assert loads(FULL)
    assert {key for place in containers(FULL) if isinstance(place, dict) for key in place} >= EVERY_KEY
    accepted = refused = 0
    for index, original in enumerate(containers(FULL)):
        for how, key, value in ways_to_spoil(original):
            data = copy.deepcopy(FULL)
            place = containers(data)[index]
            if how == "replace":
                place[key] = copy.deepcopy(value)
            elif how == "rename":
                place[value] = place.pop(key)
            else:
                del place[key]
            if not beyond_a_schema(data):
                valid = VALIDATOR.is_valid(data)
                assert loads(data) == valid, (how, key, value, original)
                accepted, refused = accepted + valid, refused + (not valid)
    assert accepted > 500
    assert refused > 2000


@AT_LEISURE
@given(documents())
def test_what_is_a_document_passes_both(data: dict[str, Any]) -> None:
    VALIDATOR.validate(data)
    document = files.from_dict(data)
    assert files.from_dict(files.to_dict(document)) == document
    text = files.dumps(document)
    assert files.loads(text) == document
    assert files.dumps(files.loads(text)) == text
    VALIDATOR.validate(json.loads(text))


@AT_LEISURE
@given(st.data(), documents(), st.integers(1, 3))
def test_the_schema_and_the_loader_agree(choices: st.DataObject, data: dict[str, Any], times: int) -> None:
    for _ in range(times):
        if data:
            spoil(data, choices.draw)
    if not beyond_a_schema(data):
        valid = VALIDATOR.is_valid(data)
        event(f"valid: {valid}")
        assert loads(data) == valid


@AT_LEISURE
@given(JSON | st.dictionaries(KEYS, NEW_VALUES))
@example({})
@example([])
@example({"nodeflow": 1, "workflows": {}})
@example({"nodeflow": 1, "workflows": {"a": {}, "b": {}}})
@example({"nodeflow": True, "workflows": {"a": {}}})
@example({"nodeflow": 1, "workflows": {"a\n": {}}})
@example({"nodeflow": 1, "workflows": {"inputs": {}}})
def test_they_agree_on_what_is_no_document_at_all(data: Any) -> None:
    if not beyond_a_schema(data):
        assert loads(data) == VALIDATOR.is_valid(data)


@pytest.mark.parametrize("key", ["nodeflow", "version", "attempts"])
def test_only_the_loader_minds_a_whole_number_with_a_point(key: str) -> None:
    node = {"type": "t", "version": 1, "retry": {"attempts": 1}}
    text = json.dumps({"nodeflow": 1, "workflows": {"main": {"nodes": {"a": node}}}})
    data = json.loads(text.replace(f'"{key}": 1', f'"{key}": 1.0'))
    assert VALIDATOR.is_valid(data)
    assert not loads(data)
