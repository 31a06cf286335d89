"""The table in the docs has every definition, and what is different about it."""

from __future__ import annotations

import re
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from catalogue_drawing import entries
from nodeeditor_drawing import needs_catalogue

import nodeflow as nf
from nodeflow.importers.mapping import ALL

DOCS = Path(__file__).resolve().parents[2] / "docs"


def table() -> str:
    spec = spec_from_file_location("nodeeditor_table", DOCS / "nodeeditor_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.nodeeditor_nodes())


def rows(text: str) -> list[tuple[str, str]]:
    """Category and name of each row."""
    found: list[tuple[str, str]] = []
    category = ""
    for line in text.splitlines():
        if line.startswith("## "):
            category = line.removeprefix("## ")
        elif line.startswith("| ") and not line.startswith(("| original", "| ---")):
            found.append((category, line.split("|")[1].strip()))
    return found


@needs_catalogue
def test_the_table_has_every_entry_of_the_catalogue_in_its_order() -> None:
    assert len(rows(table())) == 224
    assert {f"{category}/{name}" for category, name in rows(table())} == set(entries())


def test_the_table_says_what_is_different_and_which_options_make_the_results_the_originals() -> None:
    text = table()
    for rule in ALL:
        assert rule.differs.replace("|", "\\|") in text, rule.name
        for option in rule.as_original:
            assert f"`{option}: " in text, rule.name


def test_the_page_has_the_table_and_links_to_node_types_that_exist() -> None:
    page = (DOCS / "reference" / "nodeeditor-nodes.md").read_text("utf-8")
    assert table().strip() in page
    named = set(re.findall(r"\[`(\w+\.\w+)`\]", page))
    assert named == {rule.type for rule in ALL if rule.type}
    assert named <= set(nf.standard_registry())
