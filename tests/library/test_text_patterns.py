"""Regular expressions: what they find, what is refused, and that none takes for ever."""

from __future__ import annotations

import re
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow.importers import nodeeditor
from nodeflow.library import text
from nodeflow.library.dotnet_patterns import translated
from nodeflow.library.extras import MissingExtra
from nodeflow.library.text_patterns import InvalidPattern, UnsupportedPattern
from nodeflow.testing import try_node

# Patterns that mean the same to Python's re.
PATTERNS = ["a", "a+b?", "(a)|(b)", "[ab]{2}", "x*", "(a(b)?)+", "^a", "b$", r"\d+", "(?i)A", "", r"(?P<n>a)(b)?", "."]
pattern_of = st.sampled_from(PATTERNS)
value_of = st.text(alphabet="abAé1 \n👍", max_size=20)


@given(value_of, pattern_of)
def test_as_python_finds_it(value: str, pattern: str) -> None:
    if pattern == "b$":
        value = value.rstrip("\n")  # to Python the end may be before the last line end
    found = re.search(pattern, value)
    mine = text.regex_match(value, pattern)
    assert mine.success == text.regex_test(value, pattern) == (found is not None)
    if found is not None:
        assert mine == (found.group(), True, found.start(), [*found.groups()], found.groupdict())
    assert text.regex_test(value, pattern, whole=True) == (re.fullmatch(pattern, value) is not None)
    everything = text.regex_find_all(value, pattern)
    assert everything.matches == [match.group() for match in re.finditer(pattern, value)]
    assert everything.groups == [[*match.groups()] for match in re.finditer(pattern, value)]
    assert text.regex_replace(value, pattern, r"<\0>") == re.sub(pattern, r"<\g<0>>", value)


@given(value_of, value_of)
def test_an_escaped_text_matches_itself(value: str, other: str) -> None:
    assert text.regex_test(value, text.regex_escape(value), whole=True)
    assert text.regex_test(other, text.regex_escape(value)) == (value in other)


@given(value_of)
def test_what_is_split_off_and_left_is_all(value: str) -> None:
    parts = text.regex_split(value, "a+|b")
    assert len(parts) == len(re.findall("a+|b", value)) + 1
    assert parts == re.split("a+|b", value)


def test_no_match() -> None:
    assert text.regex_match("abc", r"\d") == ("", False, -1, [], {})
    assert text.regex_find_all("", "a") == ([], [])
    assert text.regex_replace("abc", r"\d", "x") == "abc"
    assert text.regex_split("", "a") == [""]
    assert text.regex_split("abc", "") == ["abc"]
    assert text.regex_match("", "") == ("", True, 0, [], {})


def test_groups_that_took_no_part_are_null() -> None:
    assert text.regex_match("b", "(a)?(?P<n>b)") == ("b", True, 0, [None, "b"], {"n": "b"})
    assert text.regex_replace("b", "(a)?b", r"[\1]") == "[]"


def test_letter_case_and_limits() -> None:
    assert text.regex_match("xAB", "ab", ignore_case=True).match == "AB"
    assert text.regex_replace("aAa", "a", "-", limit=2, ignore_case=True) == "--a"
    assert text.regex_replace("aaa", "a", "-", limit=0) == "aaa"
    assert text.regex_split("a1b2c", r"\d", 1) == ["a", "b2c"]
    assert text.regex_find_all("aA", "A", ignore_case=True).matches == ["a", "A"]


def test_indexes_count_characters() -> None:
    assert text.regex_match("é👍b", "b").start == 2


@pytest.mark.parametrize(
    ("replacement", "want"),
    [(r"\2\1", "yx"), (r"\g<n>\g<2>", "xy"), (r"\\\n\t", "\\\n\t"), (r"\0!", "xy!"), ("$1", "$1"), ("", "")],
)
def test_replacements(replacement: str, want: str) -> None:
    assert text.regex_replace("xy", "(?P<n>x)(y)", replacement) == want


@pytest.mark.parametrize("replacement", [r"\3", r"\g<m>", "\\", r"\q", r"\g<1"])
def test_replacements_that_mean_nothing_fail(replacement: str) -> None:
    with pytest.raises(ValueError, match="replacement"):
        text.regex_replace("xy", "(?P<n>x)(y)", replacement)


# --- what is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a**", "a)", "a{3,1}", "[z-a]", "(?z)", "\\", "(?P<n>", r"\j"])
@pytest.mark.parametrize("node", [text.regex_test, text.regex_match, text.regex_find_all, text.regex_split])
def test_what_is_no_expression(pattern: str, node: Any) -> None:
    with pytest.raises(InvalidPattern, match="is not a regular expression: "):
        node("a", pattern)


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "a**", "a)", "a{3,1}", "[z-a]", "(?z)", "\\", r"\j"])
def test_what_is_no_expression_may_be_let_pass(pattern: str) -> None:
    assert text.regex_match("a", pattern, invalid="no_match") == ("", False, -1, [], {})
    assert text.regex_replace("a", pattern, "b", invalid="keep") == "a"
    with pytest.raises(InvalidPattern):
        text.regex_replace("a", pattern, "b")


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("a(?=b)", "lookahead"), ("a(?!b)", "lookahead"), ("(?<=a)b", "lookbehind"), ("(?<!a)b", "lookbehind"),
        (r"(a)\1", "references"), (r"(?<n>a)\k<n>", "references"), ("(?>a)", "give nothing back"),
        ("(a)(?(1)b|c)", "conditions"), ("a{2000}", "repetition size"), (r"a\Z", r"\\Z"), (r"\p{IsGreek}", "IsGreek"),
        ("(?#no)a", "something that is not there"), ("((a{50}){50}){50}", "something that is not there"),
        (r"(\pL*\pN*){200}", "too large"), ("a" * 1_001, "at most 1000 characters, not 1001"),
    ],
)  # fmt: skip
def test_what_is_not_there_says_so_and_never_passes_for_no_match(pattern: str, why: str) -> None:
    for ask in (
        lambda: text.regex_test("aab", pattern),
        lambda: text.regex_match("aab", pattern, syntax="dotnet", invalid="no_match"),
        lambda: text.regex_replace("aab", pattern, "x", syntax="dotnet", invalid="keep"),
    ):
        with pytest.raises(UnsupportedPattern, match=why):
            ask()


def test_half_a_character_is_refused() -> None:
    with pytest.raises(ValueError, match="lone surrogate"):
        text.regex_test("\ud800", "a")
    with pytest.raises(ValueError, match="lone surrogate"):
        text.regex_test("a", "\ud800")


def test_a_run_that_has_no_re2_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "re2", None)
    with pytest.raises(MissingExtra, match=r"pip install 'nodeflow-trio\[regex\]'"):
        try_node(text.regex_test, value="a", pattern="a pattern that was not compiled before")


# --- no pattern takes for ever ------------------------------------------------------------------------

LONG = "a" * 1_000_000


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|a)*b", "(a*)*b", "(x+x+)+y", "(a|aa)+$b", "(.*)(.*)(.*)(.*)b"])
def test_what_explodes_elsewhere_is_linear_here(pattern: str) -> None:
    assert not text.regex_test(LONG, pattern)
    assert text.regex_find_all(LONG, pattern) == ([], [])


@pytest.mark.parametrize("pattern", ["(a?){1000}b", "(.{0,900}b)", "(a|b)*a(a|b){900}c"])
def test_a_large_pattern_takes_only_short_texts(pattern: str) -> None:
    assert not text.regex_test(LONG[:10_000], pattern)
    with pytest.raises(UnsupportedPattern, match=r"is too large for a text of 1000000 characters; at most \d+"):
        text.regex_test(LONG, pattern)


@pytest.mark.slow
def test_finding_all_ends_though_each_match_goes_to_the_end() -> None:
    with pytest.raises(UnsupportedPattern, match=r"takes too long|matches more than"):
        text.regex_find_all(LONG, "a.*b|a")


def test_so_many_matches_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nodeflow.library.text_patterns.MOST_MATCHES", 100)
    assert len(text.regex_find_all("a" * 100, "a").matches) == 100
    for build in (text.regex_find_all, text.regex_split, text.regex_replace):
        with pytest.raises(UnsupportedPattern, match="matches more than 100 times"):
            build("a" * 101, "a")


def test_a_replacement_cannot_fill_the_memory() -> None:
    with pytest.raises(ValueError, match="at most 10000000"):
        text.regex_replace(LONG, "a+", r"\0" * 100_000)
    with pytest.raises(ValueError, match="at most 10000000"):
        text.regex_replace("a" * 100_000, "a", "$_", syntax="dotnet")


# --- as .NET has it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "want"),
    [
        ("", ""), ("a.b", "a.b"), (r"\d\D", r"\p{Nd}\P{Nd}"), (r"[\d_]", r"[\p{Nd}_]"), (r"\\d", r"\\d"),
        (r"[]\d]", r"[]\p{Nd}]"), (r"[^]\d]", r"[^]\p{Nd}]"), (r"\[\w", r"\[[\p{L}\p{Mn}\p{Nd}\p{Pc}]"),
        (r"\u00e9", r"\x{00e9}"), ("(?'a'x)", "(?P<a>x)"), ("\\", "\\"), (r"[a\]\d]", r"[a\]\p{Nd}]"),
    ],
)  # fmt: skip
def test_patterns_of_dotnet(pattern: str, want: str) -> None:
    assert translated(pattern) == want


def test_classes_of_dotnet_know_all_languages() -> None:
    assert text.regex_match("Größe ٣", r"\w+ \d", syntax="dotnet").match == "Größe ٣"
    assert text.regex_match("Größe", r"\w+").match == "Gr"
    assert text.regex_match("a\u00a0b", r"\s", syntax="dotnet").success
    assert text.regex_match("é-", r"[\w-]+", syntax="dotnet").match == "é-"


@pytest.mark.parametrize(
    ("replacement", "want"),
    [
        ("$2$1", "2yx"), ("${n}", "2x"), ("${2}", "2x"), ("$$1", "2$1"), ("$&$0", "2xyxy"), ("$9", "2$9"), ("$", "2$"),
        ("${m}", "2${m}"), ("$`|$'", "22|"), ("$+", "2x"), ("$_", "22xy"), (r"\1", r"2\1"), ("$01", "2y"),
    ],
)  # fmt: skip
def test_replacements_of_dotnet(replacement: str, want: str) -> None:
    """Groups with names are counted last there: `(y)` is 1, `(?<n>x)` is 2."""
    want = "2xy" if replacement == "$2$1" else want
    assert text.regex_replace("2xy", "(?<n>x)(y)", replacement, syntax="dotnet") == want


def test_options_that_make_no_sense_fail() -> None:
    for wrong in ({"syntax": "perl"}, {"invalid": "maybe"}):
        with pytest.raises(ValueError, match="option `"):
            text.regex_match("a", "a", **wrong)
        with pytest.raises(ValueError, match="option `"):
            text.regex_replace("a", "a", "a", **wrong)


def imported(name: str, strict: bool = False, **literals: Any) -> dict[str, Any]:
    """What a file of NodeEditor makes of it."""
    inputs = [{"name": key, "value": value} for key, value in literals.items()]
    document = nodeeditor.convert(
        {"nodes": [{"id": "x", "name": name, "inputs": inputs}], "connections": []}, strict=strict
    )
    return dict(document.workflows["main"].nodes["x"].options)


def test_imported_files_keep_going_unless_they_are_to_be_strict() -> None:
    assert imported("Regex Match") == {"syntax": "dotnet", "invalid": "no_match"}
    assert imported("Regex Replace", strict=True) == {"syntax": "dotnet"}
