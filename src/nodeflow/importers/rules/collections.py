"""Lists, Dictionaries, JSON."""

from __future__ import annotations

from typing import Any, Final

from nodeflow.importers.rule import Rule


def _op(name: str, type: str, op: str, **more: Any) -> Rule:
    return Rule(name, f"nodeeditor.{type}", options={"op": op}, **more)


RULES: Final = (
    Rule("List Create", "nodeeditor.value", outs={"List": "result"}, values={"value": []}),
    Rule("List Add", "lists.append", ins={"Value": "item"}),
    Rule("List Count", "lists.length", outs={"Count": "result"}),
    Rule("List Get", "nodeeditor.list_get", outs={"Value": "result"}),
    Rule("List Contains", "nodeeditor.list_contains", outs={"Contains": "result"}),
    Rule("List Index Of", "nodeeditor.list_find", outs={"Index": "result"}),
    _op("List Any", "list", "any"),
    _op("List Is Empty", "list", "is_empty"),
    _op("List Clear", "list", "clear"),
    _op("List Reverse", "list", "reverse"),
    _op("List Distinct", "list", "distinct"),
    _op("List Sort", "list", "sort"),
    _op("List Sort Descending", "list", "sort_descending"),
    _op("List Sum", "list", "sum"),
    _op("List Average", "list", "average"),
    _op("List Min", "list", "min"),
    _op("List Max", "list", "max"),
    _op("List To String", "list", "to_text"),
    Rule("List First", "nodeeditor.list_end"),
    Rule("List Last", "nodeeditor.list_end", options={"last": True}),
    _op("List Insert", "list_edit", "insert", ins={"Value": "item"}),
    _op("List Set", "list_edit", "set", ins={"Value": "item"}),
    _op("List Remove At", "list_edit", "remove_at"),
    Rule("List Remove Value", "nodeeditor.list_remove"),
    Rule("List Concat", "nodeeditor.list_concat"),
    Rule("List Slice", "nodeeditor.list_slice"),
    Rule("List Range", "nodeeditor.list_range"),
    Rule("List Repeat", "nodeeditor.list_repeat"),
    Rule("Dict Create", "nodeeditor.value", values={"value": {}}),
    Rule("Dict Get", "nodeeditor.dict_get"),
    Rule("Dict Set", "nodeeditor.dict_set"),
    Rule("Dict Remove", "nodeeditor.dict_remove"),
    Rule("Dict Merge", "nodeeditor.dict_merge"),
    Rule("Dict Contains Key", "nodeeditor.dict_has"),
    _op("Dict Keys", "dict", "keys"),
    _op("Dict Values", "dict", "values"),
    _op("Dict Count", "dict", "count"),
    _op("Dict Clear", "dict", "clear"),
)
