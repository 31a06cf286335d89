"""Templates: what they say, and that a stranger's cannot hang the host, fill its memory, or get out."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import pytest
from attrs import frozen

import nodeflow as nf
from nodeflow.library import text
from nodeflow.library.extras import MissingExtra
from nodeflow.library.text_liquid import MOST_BYTES, MOST_SOURCE, render
from nodeflow.testing import try_node

BIG = "x" * 1_000_000


def filled(template: str, **values: Any) -> str:
    return render(template, {"big": BIG, "rows": [{"a": i} for i in range(1_000)], **values}, strict=True, html=False)


def said(template: str, options: dict[str, Any] | None = None, **values: Any) -> str:
    return str(try_node(text.template, template=template, values=values, **(options or {})).result)


# --- what they say ------------------------------------------------------------------------------------


@frozen
class Person:
    name: str
    born: datetime


@pytest.mark.parametrize(
    ("template", "want"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{{ name }}", "Ada"),
        ("{{ name | upcase | append: '!' }}", "ADA!"),
        ("{% for n in numbers %}{{ n }};{% endfor %}", "1;2.5;3;"),
        ("{{ numbers | join: ', ' }}", "1, 2.5, 3"),
        ("{{ numbers | sum }} {{ numbers.size }} {{ numbers[0] }}", "6.5 3 1"),
        ("{% if person.name == 'Grace' %}yes{% else %}no{% endif %}", "yes"),
        ("{{ person.born | date: '%d.%m.%Y' }}", "09.12.1906"),
        ("{{ '2026-02-28' | date }}", "2026-02-28"),
        ("{{ data }}", '{"a":{"b":null}}'),
        ("{% if nothing %}a{% else %}b{% endif %}{{ nothing }}", "b"),
        ("{{ missing | default: 'd' }}{% if missing %}x{% endif %}", "d"),
        ("{% case name %}{% when 'Bob', 'Ada' %}1{% when 'Eve' %}2{% else %}3{% endcase %}", "1"),
        ("{% assign x = 2 | plus: 3 %}{{ x }}{% capture y %}<{{ x }}>{% endcapture %}{{ y }}", "5<5>"),
        ("{% raw %}{{ name }}{% endraw %}{% comment %}{{ name }}{% endcomment %}", "{{ name }}"),
        ("{% for i in (1..3) reversed %}{{ i }}{% endfor %}", "321"),
        ("{% for i in (1..9) limit:2 offset:3 %}{{ i }}{% endfor %}", "45"),
        ("{{ 'a<b>c</b>' | strip_html }}{{ 'a-b' | replace: '-', '+' }}", "aca+b"),
        ("{{ 'a,a,b' | split: ',' | uniq | join }}", "a b"),
        ("{% liquid\n assign x = 1\n echo x\n echo x %}", "11"),
    ],
)  # fmt: skip
def test_what_a_template_says(template: str, want: str) -> None:
    values = {
        "name": "Ada", "numbers": [1.0, 2.5, 3], "person": Person("Grace", datetime(1906, 12, 9)), "nothing": None,
        "data": {"a": {"b": None}},
    }  # fmt: skip
    assert said(template, **values) == want


def test_free_inputs_come_before_values() -> None:
    assert try_node(text.template, template="{{ a }}{{ b }}", values={"a": 1, "b": 2}, b=3, c=4).result == "13"


def test_escaping_for_html() -> None:
    assert said("{{ a }}<b>", {"html": True}, a="<&>") == "&lt;&amp;&gt;<b>"
    assert said("{{ a }}", a="<&>") == "<&>"
    assert said("{{ a | join: '<' }}{{ a | first | replace: 'a', '<' }}", {"html": True}, a=["a", ">"]) == "a<&gt;&lt;"


def test_names_that_are_no_values() -> None:
    assert said("[{{ a }}{{ b.c }}{% for x in d %}{% endfor %}]", {"missing": "empty"}) == "[]"
    for template in ("{{ a }}", "{{ b.c }}", "{% for x in d %}{% endfor %}", "{{ a | upcase }}", "{{ c | size }}"):
        with pytest.raises(ValueError, match=r"line 1: .* is undefined"):
            said(template, b={})


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("a\n\n{{ nmae }}", "line 3: 'nmae' is undefined; there: '{{ nmae }}'"),
        ("{% if %}", "line 1: missing expression"),
        ("{% for x in rows %}", "expected tag endfor"),
        ("\n{{ 1 | shout }}", "line 2: unknown filter 'shout'"),
        ("\n{{ a", "line 2: what begins with {{ there does not end"),
        ("{{ 1 | divided_by: 0 }}", "can't divide by 0"),
        ("{{ 'inf' | ceil }}", "cannot be filled in: cannot convert float infinity"),
        ("{{ 'x' | date: '%Y' }}", "takes a time in ISO 8601, not 'x'"),
        ("{{ '////' | base64_decode }}", "cannot be filled in"),
    ],
)
def test_errors_say_where(template: str, message: str) -> None:
    with pytest.raises(ValueError) as failure:
        filled(template)
    assert message in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_run_without_liquid_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "liquid", None)
    with pytest.raises(MissingExtra, match=r"pip install 'nodeflow-trio\[templates\]'"):
        said("a")


# --- nothing gets out ---------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["include", "render", "extends", "block", "macro", "call", "import", "layout"])
def test_no_other_templates_or_files(tag: str) -> None:
    with pytest.raises(ValueError, match=f"unexpected tag '{tag}'"):
        filled(f"{{% {tag} '/etc/passwd' %}}")


@pytest.mark.parametrize(
    "path",
    ["big.__class__", "rows.__class__.__mro__", "rows['__len__']", "rows[0].keys", "big.format", "person.secret"],
)
def test_no_attributes_of_objects(path: str) -> None:
    class Secretive(Person):
        secret = "no"

    person = Secretive("Ada", datetime(2026, 1, 1))
    with pytest.raises(ValueError, match="is undefined"):
        said(f"{{{{ {path} }}}}", big="x", rows=[{}], person=person)


def test_no_clock() -> None:
    for when in ("now", "today", "10:00"):
        with pytest.raises(ValueError, match="there is no `now`"):
            filled(f"{{{{ '{when}' | date: '%Y' }}}}")


# --- nothing hangs, nothing fills the memory ----------------------------------------------------------

TOO_LONG = "takes too long"
RANGE = "a range has at most 100000 items"
TOO_LARGE = f"takes at most {MOST_BYTES} bytes"
HUGE = "(1..999999999999)"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        # loops: within each other, one after the other, with nothing or very much in them
        ("{% for a in (1..999) %}" * 3 + "{% endfor %}" * 3, "loop iteration limit"),
        ("{% for a in (1..100000) %}{% endfor %}" * 500, TOO_LONG),
        ("{% for a in (1..300) %}{% for b in (1..300) %}{% endfor %}{% endfor %}" * 100, TOO_LONG),
        ("{% for a in (1..100000) %}" + "{{a}}" * 5000 + "{% endfor %}", TOO_LONG),
        ("{% for a in (1..100000) %}{{a" + "|plus:1" * 200 + "}}{% endfor %}", TOO_LONG),
        ("{% tablerow i in (1..100000) cols:2 %}{{i}}{% endtablerow %}" * 50, TOO_LONG),
        ("{% liquid\n" + "for i in (1..100000)\nendfor\n" * 50 + " %}", TOO_LONG),
        ("{% for i in (1..100000) %}{{ big }}{% endfor %}", TOO_LONG),
        ("{% for i in (1..100000) %}{% if rows == rows %}{% endif %}{% endfor %}", TOO_LONG),
        ("{% for i in (1..100000) %}{% cycle i: big, big %}{% endfor %}", TOO_LONG),
        # ranges
        (f"{{% for a in {HUGE} %}}{{% endfor %}}", RANGE),
        (f"{{% for a in {HUGE} %}}{{% break %}}{{% endfor %}}", RANGE),
        (f"{{% for a in {HUGE} reversed %}}{{% endfor %}}", RANGE),
        (f"{{% for a in {HUGE} limit:1 offset:999999999998 %}}{{% endfor %}}", RANGE),
        ("{% for a in (1..9999999999999999999999999) %}{% endfor %}", RANGE),
        ("{% assign n = 999999999 | times: 99999 %}{% assign r = (1..n) %}{% for a in r %}{% endfor %}", RANGE),
        (f"{{{{ {HUGE} | join }}}}", RANGE),
        (f"{{{{ {HUGE} | slice: 0, 999999999999 }}}}", RANGE),
        (f"{{% if {HUGE} contains 'x' %}}{{% endif %}}", RANGE),
        (f"{{% unless false %}}{{% if {HUGE} contains 1.5 %}}{{% endif %}}{{% endunless %}}", RANGE),
        (f"{{% if false %}}{{% elsif {HUGE} contains 1.5 %}}{{% endif %}}", RANGE),
        ("{% assign r = (1..100000) %}{% for i in r %}{% if r contains 'x' %}{% endif %}{% endfor %}", TOO_LONG),
        # texts and lists that grow
        ("{% assign x = 'ab' %}{% for i in (1..99) %}{% assign x = x | append: x %}{% endfor %}", TOO_LONG),
        ("{% assign x = 'ab' %}{% for i in (1..99) %}{% capture x %}{{x}}{{x}}{% endcapture %}{% endfor %}", TOO_LONG),
        ("{% assign x = 'a' | split: '' %}{% for i in (1..99) %}{% assign x = x | concat: x %}{% endfor %}", TOO_LONG),
        ("{{ big | replace: 'x', big }}", TOO_LARGE),
        ("{{ big | replace: '', big }}", TOO_LARGE),
        ("{{ big | split: '' | join: big }}", TOO_LARGE),
        ("{{ big | replace: 'x', '&' | escape }}", TOO_LARGE),
        ("{{ big }}{{ big }}{{ big }}{{ big }}{{ big }}", "output stream limit"),
        ("".join(f"{{% assign {name} = big %}}" for name in "abcde"), "bytes together"),
        ("{{ rows | concat: rows | uniq | size }}", "uniq takes at most 1000 items, not 2000"),
        # numbers that grow
        ("{% assign x = 10 %}{% for i in (1..99) %}{% assign x = x | times: x %}{% endfor %}", "too many digits"),
        # what is read
        ("a" * (MOST_SOURCE + 1), "at most 50000 characters, not 50001"),
        ("{% if true %}" * 99 + "{% endif %}" * 99, "block nesting limit"),
        ("{{ " + "[" * 900 + "a" + "]" * 900 + " }}", "nested too deeply"),
        ("{{ '" + "a" * 2000 + "' }}", "at most 2000 characters"),
        ("{{" + " " * 200 + "}}", "at most 100 blanks in a row"),
        ("{% comment %}" + "{{ " * 16000, "does not end"),
        ("{% comment %}" + "{%{{-{% endif %}" * 3000, "does not end"),
        ("{% comment %}" + "{% raw %}" * 5000, "at most 100 blocks"),
        ("{% comment %}{{ {% raw %} }}" + "{{ " * 15000 + "{% endraw %}", "does not end"),
    ],
)  # fmt: skip
def test_too_much_is_refused(template: str, message: str) -> None:
    with pytest.raises(ValueError) as failure:
        filled(template)
    assert message in str(failure.value)


def test_a_block_is_rendered_once_though_several_of_its_conditions_hold() -> None:
    nested = "{% case 1 %}{% when 1,1,1,1 %}" * 20 + "x" + "{% endcase %}" * 20
    assert filled(nested) == "x"


def test_markup_without_end_does_not_take_quadratic_time_to_strip() -> None:
    assert filled("{{ a | strip_html | size }}", a="<!--" * 250_000) == "1000000"


def test_many_values_are_refused() -> None:
    with pytest.raises(ValueError, match="take at most 4194304 bytes"):
        said("a", a=BIG * 5)


def test_deep_values() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(nf.ConversionError, match="nested too deeply"):
        said("a", a=deep)


def test_what_is_usual_is_well_within_the_limits() -> None:
    row = "<tr><td>{{ row.a }}</td><td>{{ row.a | times: 2 }}</td></tr>\n" * 10
    assert len(filled("{% for row in rows %}" + row + "{% endfor %}")) > 300_000
