"""Each numbered rule of docs/semantics.md has a test that carries its number."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"""mark\.rule\(\s*((?:["'][^"']+["'],?\s*)+)\)""")


def rules_of_the_contract():
    """Numbers like 6.3, from headings `## 6. ...` and numbered paragraphs, T1-T7 included."""
    rules, section = set(), 0
    for line in (ROOT / "docs" / "semantics.md").read_text().splitlines():
        if heading := re.match(r"## (\d+)\. ", line):
            section = int(heading[1])
        elif rule := re.match(r"(\d+)\. ", line):
            rules.add(f"{section}.{rule[1]}")
        elif invariant := re.match(r"- \*\*(T\d)", line):
            rules.add(f"{section}.{invariant[1]}")
    return rules


def rules_with_a_test():
    found = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        for numbers in MARK.findall(path.read_text()):
            found.update(re.findall(r"""["']([^"']+)["']""", numbers))
    return found


def test_each_rule_has_a_test():
    contract = rules_of_the_contract()
    assert len(contract) > 50
    assert sorted(contract - rules_with_a_test()) == []


def test_each_mark_names_a_rule():
    known = rules_of_the_contract() | {str(n) for n in range(1, 13)} | {"5.table", "5.paths", "5.elide"}
    assert sorted(rules_with_a_test() - known) == []
