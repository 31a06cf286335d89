"""Numbers as .NET's invariant culture writes them, for flows that come from there: `F2`, `N0`, `#,##0.00`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final, NoReturn

from nodeflow.library.patterns import compiled_later
from nodeflow.values import short

Number = int | float

MOST_DIGITS: Final = 99
"""The most digits that a format may ask for, as `F99` does."""

MOST_CHARACTERS: Final = 200
"""The longest format."""

_WIDE: Final = Context(prec=2_000)
_AWAY: Final = Context(prec=2_000, rounding=ROUND_HALF_UP)

_STANDARD: Final = compiled_later(r"([A-Za-z])(\d{0,9})", re.ASCII)
_EXPONENT: Final = compiled_later(r"[eE]([+-]?)(0{1,10})")


def shortest(value: Number, big: str = "E") -> str:
    """The fewest digits that say which number it is, with an exponent from 1E+15 on and below 0.0001.

    >>> shortest(2.0), shortest(1e15), shortest(0.00001), shortest(float("inf"))
    ('2', '1E+15', '1E-05', 'Infinity')
    """
    if isinstance(value, int):
        _check_length(value)
        return str(int(value))
    if not math.isfinite(value):
        return _not_finite(value)
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    assert isinstance(exponent, int)
    minus = "-" if sign else ""
    place = len(digits) + exponent - 1  # the power of ten of the first digit
    if value == 0:
        return minus + "0"
    if place >= 15 or place < -4:
        said = "".join(map(str, digits))
        return f"{minus}{said[0]}{'.' + said[1:] if said[1:] else ''}{big}{place:+03d}"
    return format(Decimal(repr(value)).normalize(), "f")


def format_number(value: Number, spec: str) -> str:
    """A number by a format of .NET: a standard one (`C D E F G N P R X B`, with a number of digits) or a custom one.

    >>> format_number(1234.5, "F2"), format_number(1234.5, "N0"), format_number(42, "D5"), format_number(0.125, "P1")
    ('1234.50', '1,234', '00042', '12.5 %')
    >>> format_number(1234.5, "#,##0.00"), format_number(255, "X4"), format_number(1234.5, "E2")
    ('1,234.50', '00FF', '1.23E+003')
    """
    if len(spec) > MOST_CHARACTERS:
        raise ValueError(f"a format has at most {MOST_CHARACTERS} characters, not {len(spec)}")
    if isinstance(value, int):
        _check_length(value)
    if not spec:
        return shortest(value)
    if found := _STANDARD.fullmatch(spec):
        return _by_standard(value, spec, found[1], found[2])
    if not math.isfinite(value):
        return _not_finite(value)
    return _by_custom(value, spec)


def _unknown(spec: str) -> NoReturn:
    raise ValueError(f"{short(spec)} is no format for a number; known are C D E F G N P R X B with a number of digits")


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _check_length(value: int) -> None:
    if value.bit_length() > 1_300:
        raise ValueError(f"{short(value)} has too many digits for a format")


# --- standard formats ---------------------------------------------------------------------------------


def _by_standard(value: Number, spec: str, letter: str, said: str) -> str:
    digits = int(said) if said else None
    if digits is not None and digits > MOST_DIGITS:
        raise ValueError(f"format {short(spec)}: at most {MOST_DIGITS} digits")
    writer = STANDARD.get(letter.upper())
    if writer is None:
        _unknown(spec)
    if not math.isfinite(value):
        return _not_finite(value)
    return writer(value, digits, letter)


def _fixed(value: Number, digits: int, group: str = "") -> str:
    """Ties to even, on the exact value of the number."""
    return format(Decimal(value), f"{group}.{digits}f")


def _currency(value: Number, digits: int | None, letter: str) -> str:
    text = _fixed(abs(value), 2 if digits is None else digits, ",")
    return f"(¤{text})" if value < 0 and text.strip("0.,") else f"¤{text}"


def _whole(value: Number, letter: str) -> int:
    if value != math.floor(value):
        raise ValueError(f"format {letter} is for whole numbers, not {short(value)}")
    return int(value)


def _decimal(value: Number, digits: int | None, letter: str) -> str:
    whole = _whole(value, letter)
    return ("-" if whole < 0 else "") + str(abs(whole)).rjust(digits or 0, "0")


def _exponential(value: Number, digits: int | None, letter: str) -> str:
    mantissa, exponent = format(Decimal(value), f".{6 if digits is None else digits}e").split("e")
    return f"{mantissa}{letter}{int(exponent):+04d}"


def _general(value: Number, digits: int | None, letter: str) -> str:
    if not digits:
        return shortest(value, "e" if letter == "g" else "E")
    if value == 0:
        return "0"
    mantissa, exponent = format(Decimal(value), f".{digits - 1}e").split("e")
    place = int(exponent)
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    if place >= digits or place < -4:
        return f"{mantissa}{'e' if letter == 'g' else 'E'}{place:+03d}"
    return format(Decimal(mantissa).scaleb(place), "f")


def _percent(value: Number, digits: int | None, letter: str) -> str:
    return format(_WIDE.scaleb(Decimal(value), 2), f",.{2 if digits is None else digits}f") + " %"


def _based(base: str) -> Callable[[Number, int | None, str], str]:
    def write(value: Number, digits: int | None, letter: str) -> str:
        whole = _whole(value, letter)
        bits = 32 if -(2**31) <= whole < 2**31 else 64
        if not -(2**63) <= whole < 2**64:
            raise ValueError(f"format {letter} is for numbers of up to 64 bits, not {short(value)}")
        text = format(whole % 2**bits if whole < 0 else whole, base)
        return (text.upper() if letter.isupper() else text).rjust(digits or 0, "0")

    return write


STANDARD: Final[Mapping[str, Callable[[Number, int | None, str], str]]] = {
    "C": _currency,
    "D": _decimal,
    "E": _exponential,
    "F": lambda value, digits, _: _fixed(value, 2 if digits is None else digits),
    "G": _general,
    "N": lambda value, digits, _: _fixed(value, 2 if digits is None else digits, ","),
    "P": _percent,
    "R": lambda value, digits, _: shortest(value),
    "X": _based("x"),
    "B": _based("b"),
}
"""What writes a number by the letter of a standard format."""


# --- custom formats -----------------------------------------------------------------------------------

_QUOTED: Final = compiled_later(r"'[^']*'|\"[^\"]*\"|\\.|[^\\'\"]", re.DOTALL)


def _by_custom(value: Number, spec: str) -> str:
    sections = _sections(spec)
    # A float counts as its first 15 digits here, and ties go away from 0, other than with standard formats.
    exact = Decimal(f"{value:.14e}") if isinstance(value, float) else Decimal(value)
    if len(sections) > 1 and exact < 0 and sections[1]:
        tokens, exact = sections[1], -exact
    elif len(sections) > 2 and exact == 0:
        tokens = sections[2]
    else:
        tokens = sections[0]
    text, is_zero = _by_section(abs(exact), tokens)
    if is_zero and exact != 0 and len(sections) > 2:
        text, is_zero = _by_section(Decimal(0), sections[2])
    return f"-{text}" if exact < 0 and not is_zero else text


def _sections(spec: str) -> list[list[str]]:
    """The characters of each part between `;`; what is quoted is one token that begins with its quote."""
    tokens = _QUOTED.findall(spec)
    if len("".join(tokens)) != len(spec):
        raise ValueError(f"format {short(spec)}: a quotation mark or a character behind `\\` is missing")
    found: list[list[str]] = [[]]
    for token in tokens:
        if token == ";":
            found.append([])
        else:
            found[-1].append(token)
    if len(found) > 3:
        raise ValueError(f"format {short(spec)} has more than three sections")
    return found


def _by_section(value: Decimal, tokens: list[str]) -> tuple[str, bool]:
    """The text of a number that is not negative, and whether only zeros are left of it."""
    spec = "".join(token if len(token) == 1 else "\0" for token in tokens)
    if _EXPONENT.search(spec):
        raise ValueError("custom formats with an exponent are not known; the format E is")
    point = spec.find(".")
    before, behind = (spec, "") if point < 0 else (spec[:point], spec[point:])
    places = [i for i, c in enumerate(before) if c in "0#"]
    value = _WIDE.scaleb(value, 2 * spec.count("%") + 3 * spec.count("‰"))
    if places:  # each comma right before the point divides by a thousand
        value = _WIDE.scaleb(value, -3 * (len(before) - len(before.rstrip(","))))
    grouped = bool(places) and "," in before[places[0] : places[-1]]
    fraction = [c for c in behind if c in "0#"]
    with localcontext(_AWAY):
        whole, _, decimals = format(value, f".{len(fraction)}f").partition(".")
    whole = whole.lstrip("0")
    needed = next((len(places) - n for n, i in enumerate(places) if before[i] == "0"), 0)
    whole = whole.rjust(needed, "0")
    last = max((n + 1 for n, c in enumerate(fraction) if c == "0" or decimals[n] != "0"), default=0)
    is_zero = not whole.strip("0") and not decimals.strip("0")
    return _filled(tokens, whole, decimals[:last], len(places), grouped), is_zero


def _filled(tokens: list[str], whole: str, decimals: str, places: int, grouped: bool) -> str:
    """The digits in their places, with all that stands between them."""
    parts: list[str] = []
    given, seen, behind = 0, 0, False
    for token in tokens:
        if len(token) > 1:
            parts.append(token[1:] if token[0] == "\\" else token[1:-1])
        elif token in "0#" and not behind:
            # The first place takes all digits that have no place of their own.
            upto = max(0, len(whole) - (places - seen - 1))
            for i in range(given, upto):
                parts.append(whole[i] + ("," if grouped and (left := len(whole) - i - 1) and left % 3 == 0 else ""))
            given, seen = max(given, upto), seen + 1
        elif token in "0#":
            parts.append(decimals[:1])
            decimals = decimals[1:]
        elif token == "." and not behind:
            behind = True
            parts.append("." if decimals else "")
        elif token not in ",.":
            parts.append(token)
    return "".join(parts)
