"""Text nodes against Python itself, and at their edges (category text)."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nodeflow as nf
from nodeflow.library import flow, text
from nodeflow.library.text_limits import MAX_LENGTH, MAX_PARTS, joined
from nodeflow.testing import try_node

LONG = "x" * 4_000
words = st.text(alphabet="ab ,\n", max_size=30)
any_text = st.text(max_size=30)


def refused(message: str, kind: type[Exception] = ValueError) -> Any:
    return pytest.raises(kind, match=message)


# --- against Python -----------------------------------------------------------------------------------


@given(any_text, any_text)
def test_of_two_texts(a: str, b: str) -> None:
    assert text.contains(a, b) == (b in a)
    assert text.starts_with(a, b) == a.startswith(b)
    assert text.ends_with(a, b) == a.endswith(b)
    assert text.index_of(a, b) == a.find(b)
    assert text.last_index_of(a, b) == a.rfind(b)
    assert text.same(a, b) == (a == b)
    assert text.compare(a, b) == -text.compare(b, a) == (a > b) - (a < b)


@given(any_text)
def test_of_one_text(value: str) -> None:
    assert text.length(value) == len(value)
    assert text.reverse(text.reverse(value)) == value
    assert text.upper(value) == value.upper()
    assert text.lower(value) == value.lower()
    assert text.trim(value) == value.strip()
    assert text.is_empty(value) == (value == "")
    assert text.is_blank(value) == (value.strip() == "")
    assert text.split_lines(value) == value.splitlines()
    assert "".join(text.characters(value)) == value
    assert text.is_digits(value) == value.isdecimal()


@given(words, st.sampled_from([",", "a", "ab", "a,"]), st.integers(-1, 4), st.sampled_from(["", "x", ",,"]))
def test_splitting_and_replacing(value: str, search: str, limit: int, new: str) -> None:
    assert text.split(value, search, limit) == value.split(search, limit)
    assert text.replace(value, search, new, limit) == value.replace(search, new, limit)
    assert text.count(value, search) == value.count(search)
    assert text.join(text.split(value, search), search) == value


@given(any_text, st.integers(-40, 40), st.integers(-3, 40))
def test_a_slice_is_pythons(value: str, start: int, length: int) -> None:
    begin = max(0, len(value) + start) if start < 0 else start
    assert text.slice(value, start, length) == (value[begin:] if length < 0 else value[begin : begin + length])
    clamped = max(0, start)
    wanted = value[clamped:] if length < 0 else value[clamped : clamped + length]
    assert text.slice(value, start, length, negative="zero") == wanted


@given(any_text, st.integers(0, 40), st.sampled_from(["", ".", "ab"]))
def test_padding(value: str, width: int, character: str) -> None:
    fill = character[:1] or " "
    assert text.pad_left(value, width, character) == value.rjust(width, fill)
    assert text.pad_right(value, width, character) == value.ljust(width, fill)
    centered = text.center(value, width, character)
    assert len(centered) == max(width, len(value))
    assert centered.strip(fill) == value.strip(fill)


@given(words, st.integers(1, 12))
def test_wrapping_keeps_all_words_in_lines_that_fit(value: str, width: int) -> None:
    lines = text.wrap(value, width)
    assert all(0 < len(line) <= width and line == line.strip() for line in lines)
    assert "".join("".join(lines).split()) == "".join(value.split())
    firsts = [line.split()[0] for line in lines[1:]]
    assert all(len(line) + 1 + len(first) > width for line, first in zip(lines, firsts, strict=False)), "room was left"


@given(any_text, st.integers(0, 40), st.sampled_from(["", "…", "..."]))
def test_truncating(value: str, length: int, ending: str) -> None:
    found = text.truncate(value, length, ending)
    assert len(found) == min(len(value), length)
    if len(value) <= length:
        assert found == value
    else:
        assert found.endswith(ending[:length])


@given(any_text, st.sampled_from(["NFC", "NFD", "NFKC", "NFKD"]))
def test_normalizing(value: str, form: Any) -> None:
    assert text.normalize(value, form=form) == unicodedata.normalize(form, value)


@given(any_text)
def test_a_slug_of_a_slug_is_itself(value: str) -> None:
    slug = text.slug(value)
    assert text.slug(slug) == slug
    assert not any(c.isspace() or c.isupper() for c in slug)


# --- what has more to say ------------------------------------------------------------------------------


def test_characters_are_counted_not_units_or_bytes() -> None:
    assert text.length("👍é") == 2
    assert text.reverse("a👍") == "👍a"
    assert text.index_of("👍b", "b") == 1
    assert text.pad_left("👍", 3, "é") == "éé👍"


def test_letter_case_in_any_language() -> None:
    assert text.same("Straße", "STRASSE", ignore_case=True)
    assert text.contains("Die STRASSE", "straße", ignore_case=True)
    assert text.starts_with("Éa", "é", ignore_case=True)
    assert text.ends_with("aÉ", "é", ignore_case=True)
    assert not text.contains("A", "a")
    assert text.compare("B", "a", ignore_case=True) == 1
    assert text.compare("B", "a") == -1


@pytest.mark.parametrize(
    ("value", "want"),
    [("", ""), ("o'neill and they’re", "O'neill And They’re"), ("ÉTÉ-2 b_c", "Été-2 B_C"), ("12ab", "12Ab")],
)
def test_title(value: str, want: str) -> None:
    assert text.title(value) == want


@pytest.mark.parametrize(
    ("value", "want"),
    [("", ""), ("--", ""), ("Ærø & Ørsted!", "ærø-ørsted"), ("ﬁne Größe", "fine-grosse"), ("日本 語", "日本-語")],
)
def test_slug(value: str, want: str) -> None:
    assert text.slug(value) == want


def test_trim_takes_sides_and_characters() -> None:
    assert text.trim("\u2003a\u00a0") == "a"
    assert text.trim(" a ", side="start") == "a "
    assert text.trim(" a ", side="end") == " a"
    assert text.trim("xyaxy", "yx") == "a"
    with refused("option `side` must be 'both', 'start' or 'end', not 'left'"):
        text.trim("a", side="left")


def test_an_empty_delimiter_is_one_part_or_all_characters() -> None:
    assert text.split("a b", "") == ["a b"]
    assert text.split("abc", "", empty_delimiter="characters") == ["a", "b", "c"]
    assert text.split("abc", "", 1, empty_delimiter="characters") == ["a", "bc"]
    assert text.split("", "", empty_delimiter="characters") == [""]
    assert text.split(" a , ,b ", ",", trim=True, skip_empty=True) == ["a", "b"]
    assert text.split(" a ,b", ",") == [" a ", "b"]
    with refused("option `empty_delimiter`"):
        text.split("a", "", empty_delimiter="parts")


def test_looking_from_a_place_on() -> None:
    assert text.index_of("abcabc", "a", 1) == 3
    assert text.index_of("abc", "a", -5) == 0
    assert text.index_of("abc", "a", 99) == -1


def test_joining_any_items() -> None:
    assert text.join([1, None, 2.0, True, ["a"]], "-") == '1--2-true-["a"]'
    assert text.join([1, None, 2.0, True], "-", style="dotnet") == "1--2-True"
    assert try_node(text.join, list=("a", "b")).result == "a, b"


# --- in a run -----------------------------------------------------------------------------------------


def test_further_texts_follow_in_the_order_of_their_names() -> None:
    assert try_node(text.concat).result == ""
    assert try_node(text.concat, a="1", b=2).result == "12"
    assert try_node(text.concat, item10="d", item9="c", b="b", a="a").result == "abcd"


def test_numbers_and_nothing_become_text_on_the_way() -> None:
    wf = nf.Workflow("main")
    both, show = wf.add(text.concat, a=1.0), wf.add(flow.print)
    wf.add(text.length, id="none").result >> both["c"]
    wf.add(flow.start) >> show
    both.result >> show.value
    assert nf.run_sync(wf).printed == ["10"]


def test_what_a_node_raises_can_be_caught() -> None:
    wf = nf.Workflow("main")
    attempt, show, caught = wf.add(flow.try_), wf.add(flow.print), wf.add(flow.print, value="caught")
    wf.add(flow.start) >> attempt
    attempt.body >> show
    attempt.catch >> caught
    wf.add(text.replace, value="a", old="").result >> show.value
    assert nf.run_sync(wf).printed == ["caught"]


# --- what fails, and bounds ---------------------------------------------------------------------------


def test_what_makes_no_sense_fails() -> None:
    with refused("`old` must not be empty"):
        text.replace("abc", "", "x")
    with refused("`search` must not be empty"):
        text.count("abc", "")
    with refused("`count` must be 0 or more, not -1"):
        text.repeat("a", -1)
    for pad in (text.pad_left, text.pad_right, text.center):
        with refused("`width` must be 0 or more, not -1"):
            pad("a", -1)
    with refused("`width` must be 1 or more, not 0"):
        text.wrap("a", 0)
    with refused("`length` must be 0 or more, not -1"):
        text.truncate("a", -1)
    with refused("option `form`"):
        text.normalize("a", form="NFX")
    with refused("option `negative`"):
        text.slice("a", negative="no")


def test_what_would_be_too_long_fails_before_it_is_built() -> None:
    huge = 10**15
    for build in (
        lambda: text.repeat("ab", huge),
        lambda: text.pad_left("", huge),
        lambda: text.pad_right("", huge),
        lambda: text.center("", huge),
        lambda: text.replace(LONG, "x", LONG),
        lambda: text.join([LONG] * 4_000),
        lambda: text.join([""] * 4_000, LONG),
        lambda: text.slug("a " * 4_000, LONG),
        lambda: try_node(text.concat, **{f"item{i}": "x" * 1_000_000 for i in range(11)}),
        lambda: try_node(text.format, template="{a}" * 4_000, a=LONG),
        lambda: text.format_positional("{0}" * 4_000, LONG),
        lambda: text.format_positional("{0,9999999}" * 4_000, LONG),
    ):
        with refused(str(MAX_LENGTH)):
            build()


def test_a_clamped_repeat_ends_where_the_original_does() -> None:
    assert text.repeat("ab", 10**15, clamp=True) == "ab" * 10_000
    assert text.repeat("ab", -3, clamp=True) == ""
    assert text.repeat("", 10**15) == ""
    with refused("at most 10000000"):
        text.repeat("x" * 2_000, 10_000, clamp=True)


def test_many_parts_fail() -> None:
    many = "a," * MAX_PARTS
    for take_apart in (
        lambda: text.split(many),
        lambda: text.split(many, "", empty_delimiter="characters"),
        lambda: text.characters(many),
        lambda: text.split_lines(many.replace(",", "\n") + "a"),
        lambda: text.wrap(many.replace(",", " ") + "a", 1),
    ):
        with refused("at most 1000000"):
            take_apart()
    assert len(text.split(many, ",", 3)) == 4


def test_exactly_as_long_as_allowed() -> None:
    assert len(joined(["x" * (MAX_LENGTH - 1), "y"])) == MAX_LENGTH
    with refused("would have 10000001 characters"):
        joined(["x" * MAX_LENGTH, "y"])


# --- formats ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("template", "values", "want"),
    [
        ("", {}, ""),
        ("plain", {}, "plain"),
        ("{a}{a}", {"a": 2.0}, "22"),
        ("{{a}}", {"a": 1}, "{a}"),
        ("{a}", {"a": None}, ""),
        ("{a}", {"a": [1.0, None]}, "[1,null]"),
        ("{1}", {"1": "x"}, "x"),
    ],
)
def test_format(template: str, values: dict[str, Any], want: str) -> None:
    assert try_node(text.format, template=template, **values).result == want


@pytest.mark.parametrize("template", ["{b}", "{a.real}", "{a[0]}", "{a:>9}", "{a!r}", "{}", "{", "}", "{a"])
def test_format_refuses(template: str) -> None:
    with pytest.raises(ValueError):
        try_node(text.format, template=template, a=1)


@pytest.mark.parametrize(
    ("template", "arguments", "want"),
    [
        ("", (), ""),
        ("{0}{3}", ("a", 0, 0, "d"), "ad"),
        ("{0}", (None,), ""),
        ("{0}", (True,), "True"),
        ("{0}", (1e15,), "1E+15"),
        ("{0 }|{1 , 4 }", ("a", "b"), "a|   b"),
        ("{0,4}|{0,-4}|{0,1}", ("ab",), "  ab|ab  |ab"),
        ("{0:F2}|{0,8:N1}", (1234.5,), "1234.50| 1,234.5"),
        ("{0:F2}", ("text",), "text"),
        ("{0:X4}", (255,), "00FF"),
        ("{{{0}}}{{}}", (1,), "{1}{}"),
        ("{0:0.0#}", (2.5,), "2.5"),
    ],
)
def test_format_positional(template: str, arguments: tuple[Any, ...], want: str) -> None:
    assert text.format_positional(template, *arguments) == want
    assert text.format_positional(template, *arguments, invalid="keep") == want


@pytest.mark.parametrize(
    "template", ["{", "}", "{0", "{}", "{x}", "{-1}", "{4}", "{0,}", "{0,x}", "{ 0}", "a}b", "{0:{1}}", "{٣}", "{0:Q9}"]
)
def test_format_positional_refuses_or_keeps(template: str) -> None:
    with pytest.raises(ValueError):
        text.format_positional(template, 1)
    assert text.format_positional(template, 1, invalid="keep") == template


def test_format_positional_of_numbers_without_end() -> None:
    assert text.format_positional("{0}|{1}", float("nan"), float("-inf")) == "NaN|-Infinity"
    with pytest.raises(ValueError):
        text.format_positional("{0:F2}", 10**5_000)
    with pytest.raises(nf.ConversionError):
        text.format_positional("{0}", 10**5_000)
    assert text.format_positional("{0}", 10**5_000, invalid="keep") == "{0}"


@given(st.integers(-(10**30), 10**30), st.integers(-12, 12))
def test_format_positional_pads_like_python(value: int, width: int) -> None:
    padded = str(value).ljust(-width) if width < 0 else str(value).rjust(width)
    assert text.format_positional(f"<{{0,{width}}}>", value) == f"<{padded}>"
