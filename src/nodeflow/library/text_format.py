"""Text with values filled in: by name, and by number as .NET's `String.Format` does it."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from nodeflow.errors import ConversionError
from nodeflow.library.dotnet_dates import format_moment
from nodeflow.library.dotnet_numbers import format_number
from nodeflow.library.inputs import check_choice
from nodeflow.library.patterns import compiled_later
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
    invalid: Option[str] = "error",
) -> str:
    """The template with `{0}` to `{3}` replaced by the inputs, as .NET's `String.Format` does it in no language.

    `{0,8}` fills up to 8 characters at the left, `{0,-8}` at the right. `{0:F2}` formats a number, `{0:yyyy-MM-dd}` a
    date. `{{` is a brace. Fails with `ValueError` if the template makes no sense.

    Args:
        invalid: What happens then: `error`, or `keep` for the template as it is.

    >>> format_positional("{0} costs {1:F2} {{EUR}}", "Tea", 2.5), format_positional("[{0,4}|{1,-4}]", 7, "ab")
    ('Tea costs 2.50 {EUR}', '[   7|ab  ]')
    >>> format_positional("{4}", invalid="keep")
    '{4}'
    """
    check_choice("invalid", invalid, "error", "keep")
    try:
        return joined(_numbered(template, (arg_0, arg_1, arg_2, arg_3)), what="the formatted text")
    except (ValueError, ConversionError):
        if invalid == "keep":
            return template
        raise


_BRACE: Final = compiled_later(r"\{\{|\}\}|[{}]")
_ITEM: Final = compiled_later(r"(\d{1,7}) *(?:, *(-?)(\d{1,7}) *)?(?::([^{}]*))?\}", re.ASCII)


def _numbered(template: str, values: Sequence[Any]) -> Iterator[str]:
    at = 0
    while brace := _BRACE.search(template, at):
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
        text = dotnet_text(values[int(number)], form or "")
        fill = " " * min(MAX_LENGTH, int(width or 0) - len(text))
        yield text + fill if left else fill + text
    yield template[at:]


def dotnet_text(value: Any, form: str = "") -> str:
    """A value as .NET writes it, numbers and dates in that format; what takes no format is written without.

    >>> dotnet_text(1234.5, "N1"), dotnet_text(255, "X4"), dotnet_text("a", "F2"), dotnet_text(True), dotnet_text(None)
    ('1,234.5', '00FF', 'a', 'True', '')

    Raises:
        ValueError: There is no such format.
    """
    if isinstance(value, bool):
        return str(bool(value))
    if isinstance(value, float) or (isinstance(value, int) and form):
        return format_number(value, form)
    if isinstance(value, datetime):
        return format_moment(value, form)
    return to_text(value)
