"""`math.expression`: what it computes, and that nobody gets more out of it than that."""

from __future__ import annotations

import math
import operator
import sys
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, logic
from nodeflow.library.extras import MissingExtra
from nodeflow.library.math import expression as node
from nodeflow.testing import Each, try_node


def value(expression: str, **names: Any) -> Any:
    """What the body gives."""
    return node(expression, names=names)


@pytest.mark.parametrize(
    ("expression", "names", "result"),
    [
        ("1 + 2 * 3", {}, 7),
        ("  (a - b) / 2  ", {"a": 7, "b": 4}, 1.5),
        ("-7 // 2", {}, -4),
        ("-7 % 3", {}, 2),
        ("2 ** 100", {}, 2**100),
        ("2 ** -1", {}, 0.5),
        ("+a", {"a": 3}, 3),
        ("6 & 3 | 8 ^ 1", {}, 6 & 3 | 8 ^ 1),
        ("~5 << 2 >> 1", {}, ~5 << 2 >> 1),
        ("1 < a <= 3", {"a": 3}, True),
        ("1 < a < 3", {"a": 3}, False),
        ("'a' < 'b'", {}, True),
        ("a == 1.0 and a != 2", {"a": 1}, True),
        ("a == True", {"a": 1}, False),
        ("not a or b", {"a": True, "b": "x"}, "x"),
        ("a if ok else b", {"a": 1, "b": 2, "ok": False}, 2),
        ("a is None", {"a": None}, True),
        ("a is not none", {"a": 0}, True),
        ("true and not false", {}, True),
        ("'b' in word and 3 in (1, 2, 3) and 'x' not in row", {"word": "abc", "row": {}}, True),
        ("[1, a][1]", {"a": 5}, 5),
        ("row['price'] * row['count']", {"row": {"price": 2.5, "count": 4}}, 10.0),
        ("rows[-1]['a']", {"rows": [{"a": 1}, {"a": 2}]}, 2),
        ("first + ' ' + last", {"first": "Ada", "last": "Lovelace"}, "Ada Lovelace"),
        ("[1] + [2]", {}, [1, 2]),
        ("sqrt(2) ** 2 + sin(pi / 2) + log(e)", {}, math.sqrt(2) ** 2 + 2),
        ("max(1, 2, 3) - min(a, 2) + abs(-4)", {"a": 1}, 6),
        ("round(2.567, 1) + round(2.5) + floor(2.9) + ceil(2.1) + trunc(-2.9)", {}, 2.6 + 2 + 2 + 3 - 2),
        ("hypot(3, 4) + atan2(0, 1) + degrees(pi) + radians(0) + len('abc')", {}, 188.0),
        ("log10(1000) + log2(8) + exp(0) + log(8, 2)", {}, 10.0),
        ("pi", {"pi": 3}, 3),
        ("max", {"max": 3}, 3),
        ("größe", {"größe": 180}, 180),
        ("1 / 3 == nan_like", {"nan_like": math.nan}, False),
        ("10 ** 400 > x", {"x": 1e308}, True),
    ],
)
def test_value(expression: str, names: dict[str, Any], result: Any) -> None:
    found = value(expression, **names)
    assert found == result
    assert isinstance(found, bool) == isinstance(result, bool)


@given(st.integers(-1000, 1000), st.integers(-1000, 1000), st.integers(-1000, 1000))
def test_precedence_is_pythons(a: int, b: int, c: int) -> None:
    assert value("a + b * c - (a - b) * -c", a=a, b=b, c=c) == a + b * c - (a - b) * -c
    assert value("a < b or b < c and not a == c", a=a, b=b, c=c) == (a < b or (b < c and a != c))
    assert value("a & b | c ^ a", a=a, b=b, c=c) == a & b | c ^ a


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "//", "%"])
@given(a=st.floats(-1e6, 1e6), b=st.floats(-1e6, 1e6).filter(bool))
def test_operators_are_pythons(op: str, a: float, b: float) -> None:
    python = {
        "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
        "%": operator.mod,
    }[op]  # fmt: skip
    assert value(f"a {op} b", a=a, b=b) == python(a, b)


def test_in_a_run_names_are_sockets() -> None:
    assert try_node(node, expression="a * 2 + b", a=Each(1, 2, 3), b=1).seen("result") == [3, 5, 7]


def test_only_the_side_that_is_needed_is_computed() -> None:
    assert value("a != 0 and 1 / a > 0", a=0) is False
    assert value("0 if a == 0 else 1 / a", a=0) == 0


# --- what fails as Python does ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "names", "error"),
    [
        ("1 / a", {"a": 0}, ZeroDivisionError),
        ("1 % 0", {}, ZeroDivisionError),
        ("0 ** -1", {}, ValueError),
        ("(-8) ** 0.5", {}, ValueError),
        ("sqrt(-1)", {}, ValueError),
        ("row['b']", {"row": {"a": 1}}, KeyError),
        ("row[5]", {"row": [1]}, IndexError),
        ("row[10 ** 30]", {"row": [1]}, IndexError),
        ("a[0]", {"a": 5}, TypeError),
        ("row[[1]]", {"row": {}}, TypeError),
        ("1.5 ** 10000", {}, OverflowError),
        ("exp(1000)", {}, OverflowError),
        ("10 ** 400 + 0.5", {}, OverflowError),
        ("sqrt()", {}, TypeError),
        ("round(1, 2, 3)", {}, TypeError),
    ],
)
def test_fails(expression: str, names: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        value(expression, **names)


def test_a_failure_can_be_caught_in_the_graph() -> None:
    wf = nf.Workflow("main")
    caught, show, bad = wf.add(flow.try_), wf.add(flow.print), wf.add(node, expression="a.__class__", a=1)
    sorry, passed = wf.add(flow.print, value="no"), wf.add(logic.value)
    wf.add(flow.start) >> caught
    caught.body >> show
    caught.catch >> sorry
    bad.result >> passed.value
    passed.result >> show.value
    assert list(nf.run_sync(wf).printed) == ["no"]


# --- who tries to break it ----------------------------------------------------------------------------

DEEP = "(" * 150 + "1" + ")" * 150

HOSTILE = {
    # too deep, too long
    "unary operators": ("-" * 500 + "1", "nested deep"),
    "nots": ("not " * 200 + "a", "nested deep"),
    "brackets": ("[" * 100 + "]" * 100, "nested deep"),
    "more brackets than the parser takes": ("(" * 400 + "1" + ")" * 400, "no expression|nested too deeply"),
    "subscripts": ("a" + "[0]" * 60, "nested deep"),
    "conditions": ("1 if a else " * 60 + "2", "nested deep"),
    "a long sum": ("+".join("1" * 60), "nested deep"),
    "too long": ("1" + " + 1" * 300, "at most 1000 characters"),
    "many digits": ("9" * 900 + " ** " + "9", None),
    # numbers that grow
    "a tower of powers": ("9 ** 9 ** 9", "100000 bits"),
    "a huge power of a name": ("a ** a", "100000 bits"),
    "a huge negative base": ("(-9) ** 99999999999", "100000 bits"),
    "a huge shift": ("1 << 10 ** 9", "100000 bits"),
    "a huge shift of a huge number": ("2 ** 9999 << 2 ** 999", "100000 bits"),
    "a negative shift": ("1 << -1", "0 or more"),
    "a chain of products": ("*".join(["9 ** 30000"] * 10), "100000 bits"),
    "a squared chain": ("((((a ** 1000) ** 10) ** 10) ** 10)", "100000 bits"),
    "rounding to many digits": ("round(1, -10 ** 9)", "from -400 to 400"),
    # texts and lists that grow
    "a repeated text": ("'a' * 10 ** 9", r"\* takes numbers"),
    "a repeated text, the other way round": ("10 ** 9 * 'a'", r"\* takes numbers"),
    "a repeated list": ("[0] * 10 ** 9", r"\* takes numbers"),
    "a repeated tuple": ("(0,) * 10 ** 9", r"\* takes numbers"),
    "a doubled text": ("word + word", "at most 10000"),
    "a doubled list": ("rows + rows", "at most 1000"),
    "a text with a width": ("'%1000000000d' % 1", "% takes numbers"),
    "a text with a width from outside": ("'%*d' % (10 ** 9, 1)", "% takes numbers"),
    "an f-string": ("f'{a}'", "no f-strings"),
    "an f-string with a width": ("f'{a:>1000000000}'", "no f-strings"),
    # ways out
    "an attribute": ("a.real", "no attributes"),
    "a dunder attribute": ("a.__class__", "no attributes"),
    "a chain of attributes": ("().__class__.__bases__[0].__subclasses__()", "names only|no attributes"),
    "a format string": ("'{0.__class__}'.format(a)", "names only|no attributes"),
    "a dunder name": ("__builtins__", "do not begin with `__`"),
    "a dunder function": ("__import__('os')", "no function '__import__'"),
    "eval": ("eval('1')", "no function 'eval'"),
    "open": ("open('/etc/passwd')", "no function 'open'"),
    "getattr": ("getattr(a, 'x')", "no function 'getattr'"),
    "type": ("type(a)", "no function 'type'"),
    "list": ("list('abc')", "no function 'list'"),
    "range": ("range(10 ** 9)", "no function 'range'"),
    "rand": ("rand()", "no function 'rand'"),
    "int": ("int('9' + '9')", "no function 'int'"),
    "str": ("str(9)", "no function 'str'"),
    "an input that is called": ("a()", "no function 'a'"),
    "a function in the place of a value": ("sqrt", "'sqrt', which is no input"),
    "a function of a function": ("(sqrt)(sqrt)", "'sqrt', which is no input"),
    "a called subscript": ("[sqrt][0](4)", "names only"),
    "named arguments": ("round(number=1.5, ndigits=0)", "have no names"),
    "arguments out of a dict": ("max(**row)", "have no names"),
    "arguments out of a list": ("max(*rows)", r"no `\*`"),
    # what is no expression, or none of these
    "nothing": ("", "is no expression"),
    "blanks": ("  \n ", "is no expression"),
    "two expressions": ("1; 2", "is no expression"),
    "two lines": ("1\n2", "is no expression"),
    "an assignment": ("a = 1", "is no expression"),
    "an assignment in an expression": ("(b := 1)", "no assignments"),
    "an import": ("import os", "is no expression"),
    "a loop": ("for x in a: pass", "is no expression"),
    "a zero byte": ("1 + \0", "is no expression"),
    "half a surrogate": ("'\ud800'", "is no expression"),
    "a lambda": ("lambda: 1", "no functions of one's own"),
    "a called lambda": ("(lambda: 1)()", "names only"),
    "a list comprehension": ("[x for x in rows]", "no comprehensions"),
    "a generator": ("max(x for x in rows)", "no comprehensions"),
    "a set comprehension": ("{x for x in rows}", "no comprehensions"),
    "a dict comprehension": ("{x: 1 for x in rows}", "no comprehensions"),
    "a dict": ("{'a': 1}", "no dicts"),
    "a set": ("{1}", "no sets"),
    "a slice": ("word[0:2]", "no slices"),
    "await": ("await a", "no Await"),
    "yield": ("(yield 1)", "no Yield"),
    "a star": ("[*rows]", r"no `\*`"),
    "matrices": ("a @ a", "no `@`"),
    "bytes": ("b'a'", "no value of an expression"),
    "complex numbers": ("1j", "no value of an expression"),
    "dots": ("...", "no value of an expression"),
    "a name that is not there": ("b + 1", "'b', which is no input; inputs are a, rows, row, word"),
    # values of the wrong kind
    "a text and a number": ("word + 1", r"\+ takes numbers"),
    "a truth value as a number": ("True + 1", r"\+ takes numbers, not True"),
    "a negated text": ("-word", "- takes numbers"),
    "bits of a fraction": ("1.5 | 1", r"\| takes whole numbers"),
    "comparing kinds": ("word < 1", "comparing takes numbers"),
    "looking in a number": ("1 in a", "in a text, list or dict"),
    "the length of a number": ("len(a)", "`len` takes"),
    "the root of a text": ("sqrt(word)", "sqrt takes numbers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_it_does_not_break(name: str) -> None:
    expression, said = HOSTILE[name]
    names = {"a": 10**6, "rows": [0] * 600, "row": {"x": 1}, "word": "w" * 6000}
    if said is None:
        assert value(expression, **names) == int("9" * 900) ** 9
        return
    with pytest.raises((ValueError, OverflowError), match=said) as caught:
        value(expression, **names)
    assert len(str(caught.value)) < 400


@given(st.text(st.sampled_from("ab01.()[]{}'\"+-*/%<>=!~&|^,: \n\\") | st.characters(), max_size=60))
def test_whatever_is_written_gives_a_value_or_an_ordinary_error(expression: str) -> None:
    with suppress(ValueError, ArithmeticError, LookupError, TypeError):
        value(expression, a=3, b="x")


def test_inputs_have_a_size() -> None:
    with pytest.raises(ValueError, match="at most 20000 bytes"):
        value("a", a=[0] * 10**5)
    doubled: list[Any] = []
    for _ in range(60):
        doubled = [doubled, doubled]
    with pytest.raises(ValueError, match="at most 20000 bytes"):
        value("a == a", a=doubled)


def test_inputs_have_a_depth() -> None:
    deep: list[Any] = []
    for _ in range(1100):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        value("len(a)", a=deep)


def test_inputs_are_not_changed() -> None:
    rows = [1, 2]
    assert value("rows + [3]", rows=rows) == [1, 2, 3]
    assert rows == [1, 2]


def test_without_its_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "simpleeval", None)
    with pytest.raises(MissingExtra, match=r"nodeflow-trio\[expressions\]"):
        value("1 + 1")
