"""Lists, Dictionaries, JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from nodeflow.importers.rule import Rule

_AS_ITEM: Final = {"Value": "item"}
_NOT_NEGATIVE: Final = {"negative": "outside"}
_KEPT: Final = {"outside": "keep"}
_CUT: Final = {"limit": 100_000, "longer": "cut"}
_BY_VALUE: Final = "Lists and dicts are equal if all in them is; the original compares who they are."
_UNIFORM: Final = "Parsed JSON and dicts and lists are one and the same here, so it takes all of them."


def _json(name: str, type: str, differs: str = _UNIFORM, ins: Mapping[str, str] | None = None, **more: Any) -> Rule:
    return Rule(name, f"json.{type}", ins={"Json": "value", **(ins or {})}, differs=differs, **more)


LISTS: Final = (
    Rule("List Create", "lists.make", outs={"List": "result"}),
    Rule("List Add", "lists.append", ins=_AS_ITEM),
    Rule("List Count", "lists.length", outs={"Count": "result"}),
    Rule("List Get", "lists.get", outs={"Value": "result"}, options=_NOT_NEGATIVE, as_original={"outside": "none"}),
    Rule("List Contains", "lists.contains", ins=_AS_ITEM, outs={"Contains": "result"}, differs=_BY_VALUE),
    Rule("List Index Of", "lists.index_of", ins=_AS_ITEM, outs={"Index": "result"}, differs=_BY_VALUE),
    Rule("List Any", "lists.first", outs={"Result": "found"}),
    Rule("List Is Empty", "lists.is_empty"),
    Rule("List Clear", "lists.slice", values={"count": 0}),
    Rule("List Reverse", "lists.reverse"),
    Rule("List Distinct", "lists.distinct", differs=_BY_VALUE),
    Rule("List Sort", "lists.sort", differs="Texts are ordered by code points, not by a culture; equal items stay."),
    Rule(
        "List Sort Descending", "lists.sort", options={"descending": True},
        differs="Texts are ordered by code points, not by a culture; equal items stay.",
    ),
    Rule("List Flatten", "lists.flatten", options={"depth": -1}),
    Rule("List Sum", "lists.sum", as_original={"others": "parse"}),
    Rule("List Average", "lists.average", as_original={"others": "zero", "empty": "zero"}),
    Rule("List Min", "lists.min", as_original={"others": "ignore", "empty": "zero"}),
    Rule("List Max", "lists.max", as_original={"others": "ignore", "empty": "zero"}),
    Rule("List To String", "lists.to_texts", differs="Items become text as everywhere here."),
    Rule("List First", "lists.first", outs={"HasValue": "found"}),
    Rule("List Last", "lists.last", outs={"HasValue": "found"}),
    Rule("List Insert", "lists.insert", ins=_AS_ITEM, options=_NOT_NEGATIVE, as_original=_KEPT),
    Rule("List Set", "lists.set", ins=_AS_ITEM, options=_NOT_NEGATIVE, as_original=_KEPT),
    Rule("List Remove At", "lists.remove_at", options=_NOT_NEGATIVE, as_original=_KEPT),
    Rule("List Remove Value", "lists.remove", ins=_AS_ITEM, differs=_BY_VALUE),
    Rule("List Concat", "lists.concat"),
    Rule("List Slice", "lists.slice", options=_NOT_NEGATIVE, differs="A huge count does not overflow."),
    Rule(
        "List Range", "lists.range", ins={"End": "stop"}, defaults={"stop": 10},
        options={"direction": "to_stop"}, as_original=_CUT,
    ),
    Rule("List Repeat", "lists.repeat", ins=_AS_ITEM, defaults={"count": 5}, as_original=_CUT),
)  # fmt: skip

DICTS: Final = (
    Rule("Dict Create", "dicts.make"),
    Rule("Dict Get", "dicts.get"),
    Rule("Dict Set", "dicts.set"),
    Rule("Dict Remove", "dicts.remove"),
    Rule("Dict Merge", "dicts.merge"),
    Rule("Dict Contains Key", "dicts.has"),
    Rule("Dict Keys", "dicts.keys"),
    Rule("Dict Values", "dicts.values"),
    Rule("Dict Count", "dicts.length"),
    Rule("Dict Clear", "dicts.pick", values={"keys": []}),
)

JSON: Final = (
    Rule(
        "JSON Parse", "json.parse", ins={"Json": "text"}, defaults={"text": "{}"}, as_original={"invalid": "none"},
        differs="Gives dicts, lists and plain values; whole numbers stay whole, however large.",
    ),
    Rule(
        "JSON Stringify", "json.to_text",
        as_original={"escape": "html", "numbers": "short", "unfit": "null"},
        differs="Dates are ISO 8601, bytes base64.",
    ),
    _json("JSON Get Property", "get_property", ins={"Property": "name"}),
    _json("JSON Get Index", "get_index"),
    _json("JSON Array Length", "length", "", options={"dicts": False}, as_original={"others": "zero"}),
    _json("JSON Path", "get_path"),
    _json("JSON To Dict", "to_dict", as_original={"others": "empty"}),
    _json("JSON To List", "to_list", as_original={"others": "empty"}),
)  # fmt: skip

RULES: Final = (*LISTS, *DICTS, *JSON)
