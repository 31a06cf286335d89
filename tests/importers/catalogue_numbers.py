"""As `catalogue_values`: Math, Numbers, Strings."""

from __future__ import annotations

import math
from typing import Final

from catalogue_drawing import Outs
from catalogue_values import AB, FAILS, HIGH, INF, LOW, NAN, RADIANS, SEARCH, VALUE, Case, near, of

X1: Final = of("X1", "Y1", "X2", "Y2")

MATH: dict[str, list[Case]] = {
    "Math/Add": [({}, 0.0), *AB((1.5, 2.0, 3.5), (-1.0, 1.0, 0.0), (INF, -INF, NAN), (None, 2.0, 2.0),
        (1e308, 1e308, INF))],
    "Math/Add Int": [({}, 0), *AB((40, 2, 42), (HIGH, 1, LOW), (LOW, -1, HIGH), (HIGH, HIGH, -2), (None, 1, 1))],
    "Math/Subtract": [({}, 0.0), *AB((1.0, 2.5, -1.5), (INF, INF, NAN), (1.0, None, 1.0))],
    "Math/Subtract Int": [({}, 0), *AB((1, 3, -2), (LOW, 1, HIGH), (HIGH, -1, LOW))],
    "Math/Multiply": [({}, 0.0), *AB((2.5, -4.0, -10.0), (INF, 0.0, NAN), (1e200, 1e200, INF), (None, 3.0, 0.0))],
    "Math/Multiply Int": [({}, 0), *AB((6, 7, 42), (65536, 65536, 0), (HIGH, 2, -2), (LOW, -1, LOW),
        (46341, 46341, -2147479015))],
    "Math/Divide": [
        ({}, 0.0),
        *AB((7.0, 2.0, 3.5), (42.0, 0.0, 0.0), (-1.0, 0.0, 0.0), (0.0, 0.0, 0.0), (42.0, None, 0.0), (NAN, 1.0, NAN),
            (1.0, INF, 0.0)),
        ({"A": 5.0}, 5.0),
    ],
    "Math/Divide Int": [
        ({}, 0), *AB((7, 2, 3), (-7, 2, -3), (7, -2, -3), (-7, -2, 3), (42, 0, 0), (LOW, -1, FAILS), (42, None, 0)),
            ({"A": 5}, 5),
    ],
    "Math/Increment": [({}, 1), *VALUE((41, 42), (HIGH, LOW), (None, 1))],
    "Math/Decrement": [({}, -1), *VALUE((43, 42), (LOW, HIGH), (None, -1))],
    "Math/Negate": [({}, 0.0), *VALUE((2.5, -2.5), (-1.0, 1.0), (INF, -INF), (NAN, NAN))],
    "Math/Truncate": [({}, 0.0), *VALUE((1.8, 1.0), (-1.8, -1.0), (INF, INF), (NAN, NAN))],
    "Math/Sqrt": [({}, 0.0), *VALUE((9.0, 3.0), (2.0, near(2**0.5)), (-1.0, NAN), (INF, INF))],
    "Math/Exp": [({}, 1.0), *VALUE((1.0, near(math.e)), (1000.0, INF), (-1000.0, 0.0), (NAN, NAN))],
    "Math/Log": [({}, 0.0), *VALUE((math.e, near(1.0)), (0.0, -INF), (-1.0, NAN), (INF, INF), (None, -INF))],
    "Math/Log10": [({}, 0.0), *VALUE((1000.0, near(3.0)), (0.0, -INF), (-1.0, NAN), (INF, INF))],
    "Math/Power": [
        ({"Base": 3.0}, 9.0),
        *of("Base", "Exponent")(
            (2.0, 10.0, 1024.0), (2.0, -1.0, 0.5), (0.0, 0.0, 1.0), (-8.0, 0.5, NAN), (10.0, 400.0, INF),
                (0.0, -1.0, INF),
            (-10.0, 401.0, -INF), (NAN, 0.0, 1.0), (2.0, None, 1.0),
        ),
    ],
    "Math/Sin": [({}, 0.0), *RADIANS((math.pi / 2, near(1.0)), (INF, NAN), (NAN, NAN))],
    "Math/Cos": [({}, 1.0), *RADIANS((math.pi, near(-1.0)), (INF, NAN))],
    "Math/Tan": [({}, 0.0), *RADIANS((math.pi / 4, near(1.0)), (-INF, NAN))],
    "Math/Atan2": [({"Y": 1.0}, near(math.pi / 4)),
        *of("Y", "X")((1.0, -1.0, near(3 * math.pi / 4)), (0.0, 0.0, 0.0), (-1.0, 0.0, near(-math.pi / 2)))],
    "Math/Deg To Rad": [({}, 0.0), *of("Degrees")((180.0, near(math.pi)), (-90.0, near(-math.pi / 2)))],
    "Math/Rad To Deg": [({}, 0.0), *RADIANS((math.pi, near(180.0)), (-math.pi / 2, near(-90.0)))],
    "Math/Distance 2D": [({}, near(2**0.5)), *X1((0.0, 0.0, 3.0, 4.0, 5.0), (-1.0, -1.0, -1.0, -1.0, 0.0),
        (1.0, 1.0, -2.0, 5.0, 5.0))],
    "Math/Dot Product 2D": [({}, 0.0), *X1((1.0, 2.0, 3.0, 4.0, 11.0), (1.0, 0.0, 0.0, 1.0, 0.0))],
    "Math/Lerp": [({}, 0.5), *of("A", "B", "T")((10.0, 20.0, 0.25, 12.5), (10.0, 20.0, 2.0, 30.0),
        (10.0, 20.0, -1.0, 0.0))],
    "Math/Inverse Lerp": [
        ({}, 0.5), *of("A", "B", "Value")((10.0, 20.0, 12.5, 0.25), (10.0, 20.0, 40.0, 3.0), (5.0, 5.0, 7.0, 0.0),
            (20.0, 10.0, 10.0, 1.0)),
    ],
    "Math/Map Range": [
        ({}, 50.0),
        *of("Value", "InMin", "InMax", "OutMin", "OutMax")(
            (5.0, 0.0, 10.0, 100.0, 200.0, 150.0), (20.0, 0.0, 10.0, 0.0, 1.0, 2.0), (3.0, 4.0, 4.0, 7.0, 9.0, 7.0),
            (2.5, 0.0, 10.0, 10.0, 0.0, 7.5),
        ),
    ],
    "Math/Smoothstep": [
        ({}, 0.5),
        *of("Edge0", "Edge1", "Value")(
            (0.0, 1.0, 0.25, 0.15625), (0.0, 10.0, -5.0, 0.0), (0.0, 10.0, 50.0, 1.0), (2.0, 2.0, 1.0, 0.0),
                (2.0, 2.0, 3.0, 1.0),
            (2.0, 2.0, 2.0, 0.0),
        ),
    ],
    "Math/Bitwise And": [({}, 0), *AB((6, 3, 2), (-1, 255, 255), (LOW, HIGH, 0))],
    "Math/Bitwise Or": [({}, 0), *AB((6, 3, 7), (LOW, HIGH, -1), (None, 3, 3))],
    "Math/Bitwise Xor": [({}, 0), *AB((6, 3, 5), (-1, -1, 0), (LOW, -1, HIGH))],
    "Math/Shift Left": [
        ({"Value": 3}, 6), *of("Value", "Shift")((1, 4, 16), (1, 31, LOW), (1, 32, 1), (1, 33, 2), (1, -1, LOW),
            (HIGH, 1, -2), (5, None, 5)),
    ],
    "Math/Shift Right": [
        ({"Value": 6}, 3), *of("Value", "Shift")((-8, 1, -4), (-1, 31, -1), (16, 33, 8), (LOW, 31, -1), (HIGH, -1, 0),
            (16, 0, 16)),
    ],
    "Math/Is Even": [({}, True), *VALUE((-2, True), (3, False), (-3, False), (None, True))],
    "Math/Is Odd": [({}, False), *VALUE((-2, False), (3, True), (-3, True))],
    "Math/Is NaN": [({}, False), *VALUE((NAN, True), (INF, False), (1.0, False))],
    "Math/Is Infinity": [({}, False), *VALUE((INF, True), (-INF, True), (NAN, False), (1e308, False))],
    "Numbers/Abs": [({}, 0.0), *VALUE((-2.5, 2.5), (2.0, 2.0), (-INF, INF), (NAN, NAN))],
    "Numbers/Ceiling": [({}, 0.0), *VALUE((1.2, 2.0), (-1.2, -1.0), (3.0, 3.0), (INF, INF), (NAN, NAN))],
    "Numbers/Floor": [({}, 0.0), *VALUE((1.8, 1.0), (-1.2, -2.0), (3.0, 3.0), (-INF, -INF))],
    "Numbers/Round": [({}, 0.0), *VALUE((2.5, 2.0), (3.5, 4.0), (-2.5, -2.0), (2.4, 2.0), (2.6, 3.0), (NAN, NAN),
        (INF, INF))],
    "Numbers/Clamp": [
        ({}, 0.0),
        *of("Value", "Min", "Max")(
            (3.0, 0.0, 1.0, 1.0), (-3.0, -1.0, 1.0, -1.0), (0.5, 0.0, 1.0, 0.5), (1.0, 2.0, 1.0, FAILS),
                (NAN, 0.0, 1.0, NAN), (INF, 0.0, 5.0, 5.0),
        ),
        ({"Value": 3.0}, 1.0),
    ],
    "Numbers/Max": [({}, 0.0), *AB((1.0, 2.0, 2.0), (-1.0, -2.0, -1.0), (NAN, 1.0, NAN), (1.0, NAN, NAN),
        (-1.0, None, 0.0))],
    "Numbers/Min": [({}, 0.0), *AB((1.0, 2.0, 1.0), (-1.0, -2.0, -2.0), (NAN, 1.0, NAN), (1.0, NAN, NAN))],
    "Numbers/Mod": [
        ({}, 0.0),
        *AB((7.0, 3.0, 1.0), (-7.0, 3.0, -1.0), (7.0, -3.0, 1.0), (5.5, 2.0, 1.5), (7.0, 0.0, NAN), (7.0, None, NAN),
            (INF, 2.0, NAN), (5.0, INF, 5.0)),
        ({"A": 2.5}, 0.5),
    ],
    "Numbers/Sign": [({}, 0), *VALUE((-2.5, -1), (3.0, 1), (-INF, -1), (NAN, FAILS), (None, 0))],
}  # fmt: skip

PAD: Final = of("Value", "TotalWidth", "PadChar")
MATCH: Final = of("Value", "Pattern")


def match(text: str, ok: bool = True) -> Outs:
    return Outs({"Match": text, "Success": ok})


STRINGS: dict[str, list[Case]] = {
    "Strings/Contains": [({}, True), *SEARCH(("abc", "bc", True), ("abc", "B", False), ("abc", "", True),
        ("", "a", False), (None, "a", False), ("abc", None, True))],
    "Strings/Starts With": [({}, True), *of("Value", "Prefix")(("abc", "ab", True), ("abc", "b", False),
        ("abc", "", True), ("abc", "AB", False), (None, "a", False))],
    "Strings/Ends With": [({}, True), *of("Value", "Suffix")(("abc", "bc", True), ("abc", "b", False),
        ("abc", "", True), ("abc", "C", False), (None, None, True))],
    "Strings/Index Of": [({}, 0), *SEARCH(("abab", "b", 1), ("abab", "x", -1), ("abab", "", 0), ("", "a", -1),
        ("abab", "AB", -1), (None, "", 0))],
    "Strings/Last Index Of": [({}, 0), *SEARCH(("abab", "b", 3), ("abab", "x", -1), ("abab", "", 4), ("", "a", -1),
        ("aaa", "aa", 1))],
    "Strings/Join": [
        ({"List": ["a", "b"]}, "a, b"),
        *of("List", "Separator")(([1, None, "a", 2.5], "-", "1--a-2.5"), ([], ",", ""), (None, ",", ""),
            (["a"], ",", "a"), (["a", "b"], "", "ab"), (["a", "b"], None, "ab")),
    ],
    "Strings/Pad Left": [
        ({"Value": "abc"}, "       abc"),
        *PAD(("7", 3, "0", "007"), ("7", 3, "xyz", "xx7"), ("7", 3, "", "  7"), ("abcd", 3, "0", "abcd"),
            ("a", 0, "0", "a"), ("a", -1, "0", FAILS), (None, 2, "x", "xx")),
    ],
    "Strings/Pad Right": [
        ({"Value": "abc"}, "abc       "),
        *PAD(("7", 3, "0", "700"), ("7", 3, "xyz", "7xx"), ("7", 3, "", "7  "), ("abcd", 3, "0", "abcd"),
            ("a", -1, "0", FAILS)),
    ],
    "Strings/Regex Match": [
        ({}, match("")),
        *MATCH(("abbbc", "b+", match("bbb")), ("abc", "x", match("", False)), ("abc", "(", match("", False)),
            ("a1b22", r"\d{2}", match("22")), ("abc", "", match("")), (None, "a", match("", False)),
            ("ABC", "(?i)b", match("B"))),
    ],
    "Strings/Regex Replace": [
        ({}, ""),
        *of("Value", "Pattern", "Replacement")(
            ("a1b2", r"\d", "#", "a#b#"), ("john smith", r"(\w+) (\w+)", "$2 $1", "smith john"),
                ("ab", "b", "[$0]", "a[b]"), ("abc", "(", "x", "abc"),
            ("abc", "x", "y", "abc"), ("abc", "b", "", "ac"), ("abc", "b", None, "ac"), ("5", r"\d", "$$", "$"),
                ("ab", "b", r"\n", r"a\n"),
        ),
    ],
    "Strings/Repeat String": [
        ({"Value": "ab"}, "ab"),
        *of("Value", "Count")(("ab", 3, "ababab"), ("ab", 0, ""), ("ab", -2, ""),
            ("ab", 20_000, lambda text: text == "ab" * 10_000), (None, 3, "")),
    ],
    "Strings/Replace": [
        ({}, FAILS),
        *of("Value", "Old", "New")(("aba", "a", "x", "xbx"), ("aba", "A", "x", "aba"), ("aaa", "aa", "b", "ba"),
            ("aba", "b", "", "aa"), ("a.c", ".", "b", "abc"), ("abc", "", "x", FAILS), (None, "a", "b", "")),
    ],
    "Strings/Reverse String": [({}, ""), *VALUE(("abc", "cba"), ("", ""), (None, ""))],
    "Strings/Split": [
        ({}, [""]), ({"Value": "a,,b"}, ["a", "", "b"]),
        *of("Value", "Delimiter")(("a--b", "--", ["a", "b"]), (" a , b ", ",", [" a ", " b "]), ("a b", "", ["a b"]),
            ("", ",", [""]), ("ab", None, ["ab"]), ("ab", "b", ["a", ""]), (None, ",", [""])),
    ],
    "Strings/String Concat": [({}, ""), *AB(("a", "b", "ab"), ("a", None, "a"), (None, None, ""))],
    "Strings/String Concat 3": [({}, ""), *of("A", "B", "C")(("a", "b", "c", "abc"), (None, "b", None, "b"))],
    "Strings/String Concat 4": [({}, ""), *of("A", "B", "C", "D")(("a", "b", "c", "d", "abcd"),
        ("a", None, "", "d", "ad"))],
    "Strings/String Format": [
        ({}, ""), ({"Format": "plain"}, "plain"),
        *of("Format", "Arg0", "Arg1")(
            ("{0} and {1}", "a", 2, "a and 2"), ("{1}{0}{1}", "a", "b", "bab"), ("{{{0}}}", 1, 2, "{1}"),
                ("{0}{1}", None, 2.5, "2.5"),
            ("{0:F2}", 3.14159, 0, "3.14"), ("[{0,4}|{1,-4}]", 7, "ab", "[   7|ab  ]"), ("{9}", 1, 2, "{9}"),
                ("{0", 1, 2, "{0"), ("{x}", 1, 2, "{x}"), ("}", 1, 2, "}"),
            ("{0:000}", 7, 1, "007"), ("{0}", True, 1, "True"),
        ),
        ({"Format": "<{0}{3}>", "Arg3": "d"}, "<d>"),
    ],
    "Strings/String Is Empty": [({}, True), *VALUE(("", True), (" ", False), (None, True))],
    "Strings/String Is Whitespace": [({}, True),
        *VALUE((" \t\n", True), ("", True), (" a ", False), (None, True), ("\u00a0\u2003", True))],
    "Strings/String Length": [({}, 0), *VALUE(("abc", 3), ("é", 1), (None, 0))],
    "Strings/Substring": [
        ({"Value": "abcdef"}, "abcdef"),
        *of("Value", "Start", "Length")(("abcdef", 2, 3, "cde"), ("abcdef", 2, -1, "cdef"), ("abcdef", -5, 2, "ab"),
            ("abcdef", 9, 2, ""), ("abcdef", 4, 9, "ef"), ("abcdef", 4, HIGH, "ef"), ("abcdef", 0, 0, ""),
            (None, 0, -1, "")),
    ],
    "Strings/To Lower": [({}, ""), *VALUE(("AbÄ1", "abä1"), (None, ""))],
    "Strings/To Upper": [({}, ""), *VALUE(("aBä1", "ABÄ1"), (None, ""))],
    "Strings/Trim": [({}, ""), *VALUE((" a b \n", "a b"), ("\u2003a\u00a0", "a"), ("   ", ""), (None, ""))],
}  # fmt: skip

NUMBERS: Final[dict[str, list[Case]]] = MATH | STRINGS
