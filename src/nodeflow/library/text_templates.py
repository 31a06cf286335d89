"""Text: templates in Liquid, by python-liquid, in a sandbox."""

from __future__ import annotations

import json
from typing import Any, Final

from nodeflow.library.extras import need
from nodeflow.library.inputs import check_choice
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import size_of, to_text

MOST_DATA: Final = 4 << 20
"""Bytes, roughly, of all values that a template gets."""


@data_node("text.template")
def template(
    template: str = "",
    values: dict[str, Any] = {},  # noqa: B006 - values are never changed
    missing: Option[str] = "error",
    html: Option[bool] = False,
    *,
    names: Ports[Any],
) -> str:
    """A template in Liquid, filled in: `{{ name | upcase }}`, `{% for item in items %}`, `{% if total > 10 %}`.

    It sees the values and nothing else: no files, no other templates, no clock. Fails with `ValueError` if the template
    is wrong, names what is not there, or becomes too much: 50,000 characters of template, some seconds of work, 4 MB.

    Args:
        template: In the language of https://shopify.github.io/liquid/ without `include` and `render`. Times are
            datetimes or ISO 8601 texts; `{{ when | date: "%d.%m.%Y" }}` writes them.
        values: Values by name. Free inputs are values too, and come first.
        missing: What a name stands for that is no value: `error`, or `empty` for an empty text. A condition and the
            filter `default` may ask for such a name in either case.
        html: Escape what is filled in for HTML.

    >>> from nodeflow.testing import try_node
    >>> try_node(template, template="Hello, {{ name | upcase }}!", name="Ada").result
    'Hello, ADA!'
    >>> rows = [{"what": "Tea", "price": 2.5}, {"what": "Cake", "price": 4}]
    >>> lines = "{% for row in rows %}{{ row.what }}: {{ row.price }}. {% endfor %}"
    >>> try_node(template, template=lines, values={"rows": rows}).result
    'Tea: 2.5. Cake: 4. '
    """
    check_choice("missing", missing, "error", "empty")
    need("liquid", extra="templates")
    from nodeflow.library.text_liquid import Printed, render

    data = {**values, **names}
    if size_of(data, MOST_DATA) > MOST_DATA:
        raise ValueError(f"the values of a template take at most {MOST_DATA} bytes together")
    # As plain data: no object of the host gets into a template.
    plain = json.loads(to_text(data), object_hook=Printed)
    return render(template, plain, strict=missing == "error", html=html)
