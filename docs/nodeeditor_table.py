"""The table of NodeEditor's nodes and what each becomes, from the rules of the importer; for `generate.py`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from nodeflow.importers.mapping import ALL, original_of
from nodeflow.importers.originals import ORIGINALS, Original
from nodeflow.importers.rule import DROP, Rule, plain

LINK: Final = "library/{category}.md#{anchor}"


def nodeeditor_nodes() -> str:
    """One table per category of theirs, in the order in which their definitions are listed."""
    rules = {id(original_of(rule)): rule for rule in ALL}
    by_category: dict[str, list[Original]] = {}
    for original in (each for named in ORIGINALS.values() for each in named):
        by_category.setdefault(original.category, []).append(original)
    parts = []
    for category, originals in by_category.items():
        rows = (_row(original, rules[id(original)]) for original in originals)
        parts.append(f"## {category}\n\n{_table(rows)}")
    return "\n".join(parts)


def _table(rows: Iterable[tuple[str, ...]]) -> str:
    head = ("original", "becomes", "with", "as the original does", "what differs")
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines) + "\n"


def _row(original: Original, rule: Rule) -> tuple[str, ...]:
    if not rule.type:
        return original.name, "a comment in `meta`", "", "", rule.differs
    placed = {name: value for name, value in rule.defaults.items() if value not in ("", None, False, [], {})}
    defaults = f"unless wired or given: {_said(placed)}" if placed else ""
    always = _said({**rule.values, **rule.options})
    renamed = _renamed(original, rule)
    given = "; ".join(filter(None, [always, defaults, renamed]))
    return original.name, _node(rule.type), given, _said(rule.as_original), rule.differs


def _node(name: str) -> str:
    category = name.partition(".")[0]
    return f"[`{name}`]({LINK.format(category=category, anchor=name.replace('.', ''))})"


def _said(values: Mapping[str, Any]) -> str:
    return ", ".join(f"`{name}: {json.dumps(value, ensure_ascii=False)}`" for name, value in values.items())


def _renamed(original: Original, rule: Rule) -> str:
    """Sockets of today's definition that are called otherwise here, beyond letter case and spaces."""
    known = {*original.ins, *original.outs, *original.enters, *original.exits}
    shown = []
    for name, ours in (*rule.ins.items(), *rule.outs.items()):
        if plain(name) in known and ours != DROP and plain(name) != plain(ours):
            shown.append(f"{original.spelled[plain(name)]} is `{ours}`")
    return ", ".join(shown)


if __name__ == "__main__":
    print(nodeeditor_nodes())
