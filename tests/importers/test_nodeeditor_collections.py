"""Lists, dictionaries and JSON of imported files: what `convert --strict` makes of them, and how they are placed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from nodeeditor_drawing import START, file, needs_catalogue, node

import nodeflow as nf
from nodeflow.importers import nodeeditor
from nodeflow.importers.rules import collections


async def value(name: str, literals: dict[str, Any], *, strict: bool) -> Any:
    drawn = file(
        [START, node("x", name, **literals), node("set", "Set Variable", Name="out")],
        "start.Exit > set.Enter",
        f"x.{'Value' if name in ('JSON Path', 'Dict Get') else 'Result'} > set.Value",
    )
    return (await nf.run(nodeeditor.convert(drawn, strict=strict))).variables["out"]


@pytest.mark.parametrize(
    ("name", "literals", "lenient", "kind"),
    [
        ("List Get", {"List": [1], "Index": 1}, None, IndexError),
        ("List Get", {"List": [1], "Index": -1}, None, IndexError),
        ("List Set", {"List": [1], "Index": -1, "Value": 2}, [1], IndexError),
        ("List Insert", {"List": [1], "Index": -1, "Item": 2}, [1], IndexError),
        ("List Remove At", {"List": [1], "Index": 1}, [1], IndexError),
        ("List Sum", {"List": [1, "2"]}, 3, TypeError),
        ("List Average", {"List": []}, 0, ValueError),
        ("List Min", {"List": ["a"]}, 0, TypeError),
        ("List Max", {"List": []}, 0, ValueError),
        ("List Repeat", {"Value": 1, "Count": 10_000_001}, [1] * 100_000, ValueError),
        ("List Range", {"Start": 10_000_001, "End": 0}, list(range(10_000_001, 9_900_001, -1)), ValueError),
        ("JSON Parse", {"Json": "{"}, None, ValueError),
        ("JSON To List", {"Json": {"a": 1}}, [], TypeError),
        ("JSON To Dict", {"Json": [1]}, {}, TypeError),
        ("JSON Array Length", {"Json": {"a": 1}}, 0, TypeError),
    ],
)
async def test_strict_fails_where_the_original_has_a_result(
    name: str, literals: dict[str, Any], lenient: Any, kind: type[Exception]
) -> None:
    assert await value(name, literals, strict=False) == lenient
    with pytest.raises(nf.RunFailed) as caught:
        await value(name, literals, strict=True)
    assert isinstance(caught.value.__cause__.__cause__, kind)


@pytest.mark.parametrize(
    ("name", "literals", "want"),
    [
        ("List Slice", {"List": [1, 2, 3], "Start": -1}, [1, 2, 3]),
        ("List Range", {"Start": 2, "End": 0}, [2, 1]),
        ("List Flatten", {"List": [1, [2, [3]]]}, [1, 2, 3]),
        ("JSON Path", {"Json": {"a": [5]}, "Path": "a.0"}, 5),
        ("Dict Get", {"Dict": {"a": 5}, "Key": "a"}, 5),
        ("JSON Parse", {}, {}),
    ],
)
async def test_strict_keeps_what_is_no_failure(name: str, literals: dict[str, Any], want: Any) -> None:
    assert await value(name, literals, strict=True) == want


@needs_catalogue
def test_all_of_the_three_categories_have_a_rule() -> None:
    from nodeeditor_drawing import SHARED

    entries = json.loads((SHARED / "node-catalogue.json").read_text("utf-8"))
    names = sorted(entry["name"] for entry in entries if entry["category"] in ("Lists", "Dictionaries", "JSON"))
    assert sorted(rule.name for rule in collections.RULES) == names
    assert not any(rule.type.startswith("nodeeditor.") for rule in collections.RULES)
