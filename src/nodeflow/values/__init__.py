"""Values on wires: the socket types, what fits where, and the one table of conversions (semantics 3.6).

A value that fits its type is passed on untouched, as the very object that was written. One that does not
is converted if `CONVERSIONS` has a way for it, and else refused. All that a wire converts is lossless or
customary; it never parses text into a number, and never takes a bool for one.

Types are finite expressions, so checking against one may recurse. Values are not: whatever walks into a
value (`copy_value`, `to_json`, `size_of`) keeps its own stack.
"""

from __future__ import annotations

from nodeflow.values.annotations import type_from_annotation
from nodeflow.values.conversions import coerce, convert, from_json
from nodeflow.values.copying import copy_value, size_of
from nodeflow.values.expressions import parse_type
from nodeflow.values.fitting import Fit, fit
from nodeflow.values.messages import short
from nodeflow.values.plain import to_json, to_text
from nodeflow.values.table import CONVERSIONS, Conversion, Way
from nodeflow.values.types import (
    ANY,
    BOOL,
    BUILT_IN,
    BYTES,
    DATE,
    DATETIME,
    DICT,
    DURATION,
    FLOAT,
    INT,
    LIST,
    NONE,
    PATH,
    TEXT,
    TUPLE,
    SocketType,
    container_of,
    type_of_class,
    union_of,
)

__all__ = [
    "ANY",
    "BOOL",
    "BUILT_IN",
    "BYTES",
    "CONVERSIONS",
    "DATE",
    "DATETIME",
    "DICT",
    "DURATION",
    "FLOAT",
    "INT",
    "LIST",
    "NONE",
    "PATH",
    "TEXT",
    "TUPLE",
    "Conversion",
    "Fit",
    "SocketType",
    "Way",
    "coerce",
    "container_of",
    "convert",
    "copy_value",
    "fit",
    "from_json",
    "parse_type",
    "short",
    "size_of",
    "to_json",
    "to_text",
    "type_from_annotation",
    "type_of_class",
    "union_of",
]
