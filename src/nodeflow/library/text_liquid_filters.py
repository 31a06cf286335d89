"""Filters of Liquid templates in place of those that multiply texts, take quadratic time, or read the clock.

Like `text_liquid` it is imported when a template is rendered: it needs the extra `templates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from liquid.exceptions import FilterArgumentError, LiquidTypeError, ResourceLimitError
from liquid.undefined import is_undefined

from nodeflow.values import short

Filter = Callable[..., Any]

MOST_BYTES: Final = 4 << 20
"""Of the output, of all that is assigned, and of each value that a filter gives."""

MOST_UNIQUE: Final = 1_000
"""Items of a list that `uniq` compares each with each."""


def check_size(size: int) -> None:
    """Raise `ResourceLimitError` for a value that is too large."""
    if size > MOST_BYTES:
        raise ResourceLimitError(f"a value of the template takes at most {MOST_BYTES} bytes", token=None)


def _text(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _replace(value: object, old: object, new: object = "") -> str:
    text, search, put = _text(value), _text(old), _text(new)
    check_size(len(text) + text.count(search) * (len(put) - len(search)))
    return text.replace(search, put)


def _join(value: Any, separator: object = " ") -> str:
    items = [_text(item) for item in value] if isinstance(value, list | tuple | range) else [_text(value)]
    between = _text(separator)
    check_size(sum(map(len, items)) + len(between) * len(items))
    return between.join(items)


def _strip_html(value: object) -> str:
    return re.sub(r"<[^<>]*>", "", _text(value))


def _uniq(value: Any, key: Any = None) -> list[Any]:
    if not isinstance(value, list | tuple | range):
        return [value]
    if len(value) > MOST_UNIQUE:
        raise FilterArgumentError(f"uniq takes at most {MOST_UNIQUE} items, not {len(value)}", token=None)
    found: list[Any] = []
    seen: list[Any] = []
    for item in value:
        mark = item if key is None else item.get(key) if isinstance(item, dict) else None
        if mark not in seen:
            seen.append(mark)
            found.append(item)
    return found


def _date(value: Any, form: object = "%Y-%m-%d") -> str:
    """Times come from outside only: there is no `now` here."""
    if is_undefined(value) or value is None:
        return ""
    pattern = _text(form)
    if len(pattern) > 200:
        raise FilterArgumentError("date takes a format of at most 200 characters", token=None)
    try:
        when = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        said = f"date takes a time in ISO 8601, not {short(value)}; there is no `now`, wire it to an input"
        raise LiquidTypeError(said, token=None) from None
    return when.strftime(pattern)


FILTERS: Final[Mapping[str, Filter]] = {
    "replace": _replace,
    "join": _join,
    "strip_html": _strip_html,
    "uniq": _uniq,
    "date": _date,
}
