"""Text with values filled in: by name, and by number as .NET's `String.Format` does it."""

from __future__ import annotations

import decimal
import math
import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from nodeflow.errors import ConversionError
from nodeflow.library.inputs import check_choice
from nodeflow.library.text_limits import MAX_LENGTH, joined
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import short, to_text


@data_node("text.format")
def format(template: str = "", *, names: Ports[Any]) -> str:
    """The template with each `{name}` replaced by the input of that name, as text. `{{` is a brace.

    Fails with `ValueError` if the template names something that is no input.

    Args:
        template: Only plain names stand in braces: no attributes, indexes or format specifications.

    >>> from nodeflow.testing import try_node
    >>> try_node(format, template="Hello, {name}! {{{count}}}", name="Ada", count=2.0).result
    'Hello, Ada! {2}'
    """
    return joined(_named(template, names), what="the formatted text")


def _named(template: str, names: Mapping[str, Any]) -> Iterator[str]:
    for literal, name, spec, conversion in string.Formatter().parse(template):
        yield literal
        if name is None:
            continue
        if spec or conversion or not name or any(c in name for c in ".[]"):
            raise ValueError(f"in braces stands the name of an input, not {name + (':' + spec if spec else '')!r}")
        if name not in names:
            raise ValueError(f"the template names {name!r}, which is no input; inputs are {', '.join(names) or 'none'}")
        yield to_text(names[name])


@data_node("text.format_positional")
def format_positional(
    template: str = "",
    arg_0: Any = None,
    arg_1: Any = None,
    arg_2: Any = None,
    arg_3: Any = None,
    on_error: Option[str] = "error",
) -> str:
    """The template with `{0}` to `{3}` replaced by the inputs, as .NET's `String.Format` does it in no language.

    `{0,8}` fills up to 8 characters at the left, `{0,-8}` at the right. `{0:F2}` formats a number: `F`, `N`, `D`, `E`,
    `P`, `X` with a number of digits, or patterns such as `0.00` and `#,##0.#`. `{{` is a brace. Fails with `ValueError`
    if the template makes no sense.

    Args:
        on_error: What happens then: `error`, or `keep` for the template as it is.

    >>> format_positional("{0} costs {1:F2} {{EUR}}", "Tea", 2.5), format_positional("[{0,4}|{1,-4}]", 7, "ab")
    ('Tea costs 2.50 {EUR}', '[   7|ab  ]')
    >>> format_positional("{4}", on_error="keep")
    '{4}'
    """
    check_choice("on_error", on_error, "error", "keep")
    try:
        return joined(_numbered(template, (arg_0, arg_1, arg_2, arg_3)), what="the formatted text")
    except (ValueError, ConversionError):
        if on_error == "keep":
            return template
        raise


_ITEM: Final = re.compile(r"(\d{1,7}) *(?:, *(-?)(\d{1,7}) *)?(?::([^{}]*))?\}", re.ASCII)


def _numbered(template: str, values: Sequence[Any]) -> Iterator[str]:
    at = 0
    for brace in re.finditer(r"\{\{|\}\}|[{}]", template):
        if brace.start() < at:
            continue  # it belongs to what was taken before
        yield template[at : brace.start()]
        at = brace.end()
        if len(brace.group()) == 2:
            yield brace.group()[0]
            continue
        item = _ITEM.match(template, at) if brace.group() == "{" else None
        if item is None:
            said = short(template[brace.start() : brace.start() + 20])
            raise ValueError(f"the template makes no sense at {said}; write `{{{{` and `}}}}` for braces")
        at = item.end()
        number, left, width, form = item.groups()
        if int(number) >= len(values):
            raise ValueError(f"the template asks for {{{number}}}; there are {{0}} to {{{len(values) - 1}}}")
        text = formatted(values[int(number)], form or "")
        fill = " " * min(MAX_LENGTH, int(width or 0) - len(text))
        yield text + fill if left else fill + text
    yield template[at:]


# --- numbers as .NET writes them ----------------------------------------------------------------------


def formatted(value: Any, form: str) -> str:
    """A value as text, a number in the form that a format string of .NET says; the form of other values is ignored.

    >>> formatted(1234.5, "N1"), formatted(255, "X4"), formatted(0.5, "P0"), formatted("a", "F2"), formatted(7, "000")
    ('1,234.5', '00FF', '50 %', 'a', '007')

    Raises:
        ValueError: There is no such form.
    """
    if not form or isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return to_text(value)
    to_text(value)  # fails for what has too many digits
    standard = re.fullmatch(r"([A-Za-z])([0-9]{0,2})", form)
    if standard is None:
        return _as_pattern(value, form)
    kind = standard[1].upper()
    if kind in "GR":
        return to_text(value)
    if kind not in _STANDARD or (kind in "DX" and not isinstance(value, int)):
        raise ValueError(f"{short(form)} is no format of {short(value)}")
    text = _STANDARD[kind](value, int(standard[2]) if standard[2] else None)
    return text.lower() if standard[1] in "xe" else text


def _fixed(value: float, digits: int, comma: str = "") -> str:
    """So many digits behind the point; what lies in the middle is rounded away from zero."""
    with decimal.localcontext() as context:
        context.prec = 5_000  # what `to_text` allows a number, and 99 digits behind the point
        exact = decimal.Decimal(value).quantize(decimal.Decimal(1).scaleb(-digits), decimal.ROUND_HALF_UP)
    return f"{exact:{comma}f}" if exact else f"{abs(exact):f}"


def _whole(value: int, digits: int | None) -> str:
    return ("-" if value < 0 else "") + to_text(abs(value)).zfill(digits or 0)


def _exponent(value: float, digits: int | None) -> str:
    mantissa, _, power = f"{decimal.Decimal(value):.{6 if digits is None else digits}E}".partition("E")
    return f"{mantissa}E{power[0]}{power[1:].zfill(3)}"


def _hexadecimal(value: int, digits: int | None) -> str:
    if value < 0:  # two's complement, of 32 bits if it fits
        value += 1 << (32 if value >= -(2**31) else 64 if value >= -(2**63) else value.bit_length() + 1)
    return f"{value:X}".zfill(digits or 0)


_STANDARD: Final[Mapping[str, Callable[[Any, int | None], str]]] = {
    "F": lambda value, digits: _fixed(value, 2 if digits is None else digits),
    "N": lambda value, digits: _fixed(value, 2 if digits is None else digits, ","),
    "P": lambda value, digits: _fixed(_percent(value), 2 if digits is None else digits, ",") + " %",
    "D": _whole,
    "E": _exponent,
    "X": _hexadecimal,
}


def _percent(value: float) -> Any:
    return value * 100 if isinstance(value, int) else decimal.Decimal(repr(value)) * 100


_PATTERN: Final = re.compile(r"([#0,]*)(?:\.([#0]*))?(%?)")


def _as_pattern(value: float, form: str) -> str:
    """A number in a form such as `0.00`, `#,##0.#` or `0%`: a 0 is a digit that is always there."""
    found = _PATTERN.fullmatch(form)
    if found is None or not (digits := (found[1] + (found[2] or "")).replace(",", "")) or len(digits) > 99:
        raise ValueError(f"{short(form)} is no format of a number that is known here")
    whole, behind = found[1].replace(",", ""), found[2] or ""
    text = _fixed(_percent(value) if found[3] else value, len(behind), "")
    sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
    front, _, back = text.partition(".")
    least = len(whole) - whole.index("0") if "0" in whole else 0
    front = front.lstrip("0").rjust(least, "0")
    if "," in found[1]:
        front = _grouped(front)
    always = behind.rfind("0") + 1
    back = back[:always] + back[always:].rstrip("0")
    return sign + front + ("." + back if back else "") + found[3]


def _grouped(digits: str) -> str:
    first = len(digits) % 3
    groups = [digits[:first], *(digits[i : i + 3] for i in range(first, len(digits), 3))]
    return ",".join(group for group in groups if group)
