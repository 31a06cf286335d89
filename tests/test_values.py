"""Socket types, what fits where, and conversions (semantics 3.6 and 3.7)."""

from __future__ import annotations

import collections.abc as abc
import enum
import json
import math
import sys
import typing
from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodeflow import values
from nodeflow.errors import ConversionError
from nodeflow.values import (
    ANY,
    BOOL,
    BYTES,
    CONVERSIONS,
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
    Fit,
    SocketType,
    coerce,
    convert,
    copy_value,
    fit,
    from_json,
    parse_type,
    short,
    size_of,
    to_json,
    to_text,
    type_from_annotation,
    type_of_class,
)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Mode(enum.StrEnum):
    FAST = "fast"


class Level(enum.IntEnum):
    LOW = 1


@attrs.frozen
class Address:
    street: str
    number: int = 1


@attrs.frozen
class Person:
    name: str
    height: float = 1.5
    tags: list[str] = attrs.Factory(list)
    address: Address | None = None


@attrs.frozen
class Employee(Person):
    staff_id: int = 0


@attrs.frozen
class Tree:
    children: list[Tree] = attrs.Factory(list)


@attrs.frozen
class Rich:
    colour: Colour = Colour.RED
    pair: tuple[int, str] = (0, "")
    many: tuple[int, ...] = ()
    labels: frozenset[str] = frozenset()
    when: datetime | None = None
    raw: bytes = b""
    number: int | str = 0
    anything: Any = None
    people: dict[str, Person] = attrs.Factory(dict)
    limit: int = attrs.field(default=1, validator=attrs.validators.gt(0))


CLASSES = {"Person": Person, "Employee": Employee, "Colour": Colour, "Mode": Mode, "Level": Level}
PERSON = type_of_class(Person)

# --- strategies ---------------------------------------------------------------------------------------

plain_types = st.sampled_from([*values.BUILT_IN.values(), *(type_of_class(each) for each in CLASSES.values())])
socket_types = st.recursive(
    plain_types,
    lambda inner: (
        st.builds(values.container_of, st.sampled_from([LIST, TUPLE, DICT]), inner)
        | st.builds(values.union_of, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=4,
)
people = st.builds(Person, st.text(max_size=3)) | st.builds(Employee, st.text(max_size=3))
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.binary(max_size=3),
    st.datetimes(), st.dates(), st.timedeltas(), st.sampled_from([PurePath("a/b"), PurePath()]), people,
    st.sampled_from([*Colour, *Mode, *Level]), st.builds(object),
    st.just({"name": "Ada"}), st.sampled_from(["red", "fast", 1, 10**400]),
)  # fmt: skip
any_values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=3)
    ),
    max_leaves=5,
)
CLASS_VALUES = {Person: people, Employee: st.builds(Employee, st.text(max_size=3)), **{
    each: st.sampled_from(each) for each in (Colour, Mode, Level)
}}  # fmt: skip
PLAIN_VALUES = {
    ANY: any_values, BOOL: st.booleans(), INT: st.integers() | st.sampled_from(Level), FLOAT: st.floats(),
    TEXT: st.text(max_size=5) | st.sampled_from(Mode), LIST: st.lists(any_values, max_size=3),
    TUPLE: st.lists(any_values, max_size=3).map(tuple), BYTES: st.binary(), DATETIME: st.datetimes(),
    DATE: st.dates(), DURATION: st.timedeltas(), PATH: st.text(max_size=5).map(PurePath),
    DICT: st.dictionaries(st.text(max_size=3) | st.integers(), any_values, max_size=3), NONE: st.none(),
}  # fmt: skip


def values_of(type_: SocketType) -> st.SearchStrategy[Any]:
    """Values that the type accepts."""
    if type_ in PLAIN_VALUES:
        return PLAIN_VALUES[type_]
    if type_.members:
        return st.one_of([values_of(member) for member in type_.members])
    if type_.inner is None:
        return CLASS_VALUES[type_.cls]
    if type_.kind == "dict":
        return st.dictionaries(st.text(max_size=3), values_of(type_.inner), max_size=3)
    items = st.lists(values_of(type_.inner), max_size=3)
    return items.map(tuple) if type_.kind == "tuple" else items


def nested(depth: int, wrap: Any = lambda inner: [inner]) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = wrap(value)
    return value


def same(left: Any, right: Any) -> bool:
    """Equal, of equal types, and NaN is itself."""
    return type(left) is type(right) and (left == right or repr(left) == repr(right))


# --- properties ---------------------------------------------------------------------------------------


@given(socket_types, st.data())
def test_the_strategy_makes_accepted_values(type_: SocketType, data: st.DataObject) -> None:
    assert type_.accepts(data.draw(values_of(type_)))


@pytest.mark.rule("3.6")
@given(socket_types, any_values)
def test_what_fits_is_passed_on_untouched_and_what_does_not_is_converted_or_refused(
    type_: SocketType, value: Any
) -> None:
    if type_.accepts(value):
        assert type_.adapt(value) is value
        return
    try:
        adapted = convert(value, type_)
    except ConversionError as error:
        message = str(error)
    else:
        assert type_.accepts(adapted)
        assert type_.adapt(adapted) is adapted
        return
    assert "does not fit" in message or "too many digits" in message
    assert len(message) < 2000


@pytest.mark.rule("3.6")
@given(socket_types, socket_types, st.data())
def test_fit_tells_the_truth_about_every_value(source: SocketType, target: SocketType, data: st.DataObject) -> None:
    value = data.draw(values_of(source))
    match fit(source, target):
        case Fit.FITS:
            assert target.adapt(value) is value
        case Fit.IMPOSSIBLE:
            with pytest.raises(ConversionError):
                target.adapt(value)


@given(socket_types)
def test_exact_proves_that_a_value_fits(type_: SocketType) -> None:
    if type_.exact is not None:
        assert type_.cls is type_.exact
        assert type_.inner is None
        assert not type_.members


@given(socket_types)
def test_a_name_reads_as_the_type_it_names(type_: SocketType) -> None:
    assert parse_type(type_.name, CLASSES) == type_
    assert hash(parse_type(type_.name, CLASSES)) == hash(type_)
    assert str(type_) == type_.name


@pytest.mark.rule("3.6")
@given(st.floats())
def test_the_text_of_a_float_is_its_shortest_and_reads_back(number: float) -> None:
    text = to_text(number)
    assert not text.endswith(".0")
    assert float(text) == number or math.isnan(number)
    assert len(text) <= len(repr(number))


@given(any_values)
def test_json_data_is_plain_and_stays_as_it_is(value: Any) -> None:
    data = to_json(value)
    assert same(to_json(data), data)
    assert same(json.loads(json.dumps(data)), data)


@given(socket_types, st.data())
def test_json_data_of_concrete_types_reads_back(type_: SocketType, data: st.DataObject) -> None:
    value = data.draw(
        st.floats() | st.integers() | st.binary() | st.datetimes() | st.dates() | st.timedeltas() | people
    )
    own = type_from_annotation(type(value))
    assert same(from_json(to_json(value), own), value)


@pytest.mark.rule("3.7")
@given(any_values)
def test_a_copy_is_equal_and_shares_no_container(value: Any) -> None:
    copied = copy_value(value)
    assert same(copied, value)
    if isinstance(value, list | dict):
        assert copied is not value


@given(any_values, st.integers(0, 200))
def test_size_and_short_are_bounded(value: Any, limit: int) -> None:
    assert size_of(value, 10**9) > 0
    assert (size_of(value, limit) > limit) == (size_of(value, 10**9) > limit)
    assert len(short(value, max(limit, 1))) <= max(limit, 1)


# --- conversions, one by one --------------------------------------------------------------------------


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("value", "type_", "expected"),
    [
        (3, "float", 3.0),
        (2**60 + 1, "float", float(2**60)),  # customary, though not exact
        (3.0, "int", 3),
        (1e20, "int", 10**20),
        (3, "text", "3"),
        (3.0, "text", "3"),
        (2.5, "text", "2.5"),
        (True, "text", "true"),
        (None, "text", ""),
        (Level.LOW, "text", "1"),
        (Level.LOW, "float", 1.0),
        ((1, 2), "list", [1, 2]),
        ([1, 2], "tuple", (1, 2)),
        ([1, 2.0], "tuple[int]", (1, 2)),
        ((1, 2), "list[text]", ["1", "2"]),
        ({"a": 1, "b": 2.0}, "dict[float]", {"a": 1.0, "b": 2.0}),
        ([[1], [2.0]], "list[list[int]]", [[1], [2]]),
        (3.0, "int | none", 3),
        (datetime(2026, 2, 28, tzinfo=UTC), "text", "2026-02-28T00:00:00+00:00"),
        (date(2026, 2, 28), "text", "2026-02-28"),
        (timedelta(hours=-1), "text", "-PT1H"),
        (PureWindowsPath("a\\b"), "text", "a/b"),
        ("a/b", "path", PurePath("a/b")),
        (["a"], "list[path]", [PurePath("a")]),
        (3.5, "int | text", "3.5"),
        (3.0, "int | text", 3),
        ("red", "Colour", Colour.RED),
        ("fast", "Mode", Mode.FAST),
        (1, "Level", Level.LOW),
        ({"name": "Ada"}, "Person", Person("Ada")),
        ([{"name": "Ada"}, Person("Bo")], "list[Person]", [Person("Ada"), Person("Bo")]),
        ({"name": "Ada", "height": 2, "tags": ("x",)}, "Person", Person("Ada", 2.0, ["x"])),
        ({"name": "A", "address": {"street": "S"}}, "Person", Person("A", address=Address("S"))),
        ({"name": "A", "address": Address("S")}, "Person", Person("A", address=Address("S"))),
    ],
)
def test_converts(value: Any, type_: str, expected: Any) -> None:
    assert same(convert(value, parse_type(type_, CLASSES)), expected)


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("value", "type_", "message"),
    [
        ("3", "int", "'3' does not fit int: a wire never parses text"),
        ("3", "float", "'3' does not fit float: a wire never parses text"),
        (True, "int", "True does not fit int: a bool is not a number"),
        (False, "float", "False does not fit float: a bool is not a number"),
        (1, "bool", "1 does not fit bool"),
        (None, "int", "None does not fit int"),
        (None, "bool", "None does not fit bool"),
        (None, "list", "None does not fit list"),
        (2.5, "int", "2.5 does not fit int: it is not integral"),
        (math.nan, "int", "nan does not fit int: it is not integral"),
        (-math.inf, "int", "-inf does not fit int: it is not integral"),
        (10**400, "float", "… does not fit float: it is too large"),
        pytest.param(10**5000, "float", "<int of 16610 bits> does not fit float", id="huge float"),
        pytest.param(10**5000, "text", "<int of 16610 bits> has too many digits", id="huge text"),
        ([1], "text", "[1] does not fit text"),
        ("abc", "list", "'abc' does not fit list"),
        ("abc", "list[text]", "'abc' does not fit list[text]"),
        ({1: 2}, "dict[int]", "{1: 2} does not fit dict[int]: key 1 is not text"),
        ([1, "x"], "list[int]", "[1, 'x'] does not fit list[int]: at 1: 'x' does not fit int"),
        ({"a": {"b": "x"}}, "dict[dict[int]]", "at 'a': {'b': 'x'} does not fit dict[int]: at 'b': 'x'"),
        ("x", "int | none", "'x' does not fit int | none: 'x' does not fit int: a wire never parses text"),
        ("x", "int | float | none", "'x' does not fit int | float | none"),
        ("2026-02-28", "datetime", "'2026-02-28' does not fit datetime"),
        (b"x", "text", "b'x' does not fit text"),
        ("2026-02-28", "date", "'2026-02-28' does not fit date: a wire never parses text"),
        ("PT1S", "duration", "'PT1S' does not fit duration: a wire never parses text"),
        (90, "duration", "90 does not fit duration"),
        (timedelta(1), "float", "does not fit float"),
        (datetime(2026, 2, 28), "date", "does not fit date: its time would be lost"),
        (date(2026, 2, 28), "datetime", "does not fit datetime"),
        (b"a", "path", "b'a' does not fit path"),
        ("true", "bool", "'true' does not fit bool: a wire never parses text"),
        ("green", "Colour", "'green' does not fit Colour: its members are 'red', 'blue'"),
        (7, "Level", "7 does not fit Level: its members are 1"),
        (Address("S"), "Person", "Address(street='S', number=1) does not fit Person"),
        ({}, "Person", "{} does not fit Person: 'name' is missing"),
        ({"name": "A", "height": "2"}, "Person", "'2' does not fit float: a wire never parses text"),
        ({"name": "A", "height": True}, "Person", "True does not fit float: a bool is not a number"),
        ({"name": "A", "tags": "xy"}, "Person", "'xy' is not a list"),
        ({"name": "A", "age": 3}, "Person", "Extra fields in constructor for Person: age"),
        ({"name": "A", 1: 3}, "Person", "is not a dict with text keys"),
        ({"name": "A", "address": 3}, "Person", "3 is not a dict with text keys"),
        ({"name": "A", "address": {"street": "S", "number": "1"}}, "Person", "address.number"),
    ],
)
def test_refuses(value: Any, type_: str, message: str) -> None:
    with pytest.raises(ConversionError) as caught:
        convert(value, parse_type(type_, CLASSES))
    assert message in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.rule("3.6")
def test_all_that_is_wrong_with_a_dict_is_named_at_once() -> None:
    with pytest.raises(ConversionError) as caught:
        convert({"height": "x", "tags": [1, []], "colour": 1}, PERSON)
    for part in ("'name' is missing", "'x' does not fit float", "[] does not fit text", "colour"):
        assert part in str(caught.value)


@pytest.mark.rule("3.6")
def test_a_list_stays_the_same_object_unless_an_item_is_converted() -> None:
    fitting = [1, Level.LOW]
    assert convert(fitting, parse_type("list[int]")) is fitting
    given_ = [1, 2.0]
    made = convert(given_, parse_type("list[int]"))
    assert made == [1, 2]
    assert given_ == [1, 2.0]
    assert type(given_[1]) is float


@pytest.mark.rule("3.6")
def test_instances_of_subclasses_fit_and_are_not_rebuilt() -> None:
    employee = Employee("Ada")
    assert convert(employee, PERSON) is employee
    assert fit(type_of_class(Employee), PERSON) is Fit.FITS
    assert fit(PERSON, type_of_class(Employee)) is Fit.CONVERTS
    with pytest.raises(ConversionError):
        convert(Person("Ada"), type_of_class(Employee))


def test_fields_of_attrs_classes_of_every_sort() -> None:
    rich = type_of_class(Rich)
    full = {
        "colour": "blue", "pair": [1, "x"], "many": [1, 2.0], "labels": ["b", "a"], "raw": "YWJj",
        "when": "2026-02-28T00:00:00", "number": "x", "anything": [object], "people": {"a": {"name": "A"}},
    }  # fmt: skip
    assert convert(full, rich) == Rich(
        Colour.BLUE, (1, "x"), (1, 2), frozenset("ab"), datetime(2026, 2, 28), b"abc", "x", [object],
        {"a": Person("A")},
    )  # fmt: skip
    for wrong in (
        {"colour": "green"}, {"pair": [1]}, {"pair": "ab"}, {"labels": "ab"}, {"when": "soon"}, {"raw": "?"},
        {"number": 1.5, "limit": True}, {"limit": 0}, {"people": {"a": {}}}, {"people": 3}, {"many": ["1"]},
    ):  # fmt: skip
        with pytest.raises(ConversionError):
            convert(wrong, rich)


def test_json_data_of_an_attrs_class_reads_back() -> None:
    value = Rich(Colour.BLUE, (1, "x"), (1,), frozenset("ab"), datetime(2026, 1, 1), b"\0", 3, None)
    data = json.loads(json.dumps(to_json(value)))
    assert data["labels"] == ["a", "b"]
    assert from_json(data, type_of_class(Rich)) == value


def test_literals_of_types_that_json_has_not() -> None:
    assert from_json("2026-02-28T12:00:00+00:00", DATETIME) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert from_json(["YWJj"], parse_type("list[bytes]")) == [b"abc"]
    assert from_json(None, parse_type("bytes | none")) is None
    for data, type_ in (("soon", DATETIME), ("?", BYTES), ("é", BYTES), ("3", INT), (3, BYTES)):
        with pytest.raises(ConversionError, match="does not fit"):
            from_json(data, type_)


EXAMPLE_TYPES = {"enum": {"text": "Colour", "int": "Level"}, "class": {"dict": "Named"}}


@attrs.frozen
class Named:
    name: str


@pytest.mark.rule("3.6")
@pytest.mark.parametrize("row", CONVERSIONS.values(), ids=lambda row: f"{row.source}-{row.target}")
@pytest.mark.parametrize("way", ["wire", "file", "node"])
def test_each_way_of_the_table_converts_its_example_and_what_has_no_way_is_refused(
    row: values.Conversion, way: str
) -> None:
    name = EXAMPLE_TYPES.get(row.target, {}).get(row.source, row.target)
    target = parse_type(name, {**CLASSES, "Named": Named})
    make = {"wire": convert, "file": from_json, "node": coerce}[way]
    if getattr(row, way) is None:
        with pytest.raises(ConversionError, match="does not fit"):
            make(row.example, target)
        return
    made = make(row.example, target)
    assert target.accepts(made)
    assert not target.accepts(row.example)
    assert made == EXAMPLES[row.source, row.target, way] if (row.source, row.target, way) in EXAMPLES else True


EXAMPLES = {
    ("float", "int", "wire"): 3, ("bytes", "text", "node"): "YWJj", ("text", "int", "node"): 12,
    ("text", "float", "node"): 2500.0, ("duration", "int", "node"): 1, ("duration", "float", "node"): 1.5,
    ("int", "bool", "node"): True, ("text", "list", "node"): ["a", "b", "c"], ("dict", "list", "node"): [["a", 1]],
    ("bytes", "list", "node"): [97, 98, 99], ("object", "list", "node"): [1, 2],
    ("list", "dict", "node"): {"a": 1, "b": 2},
    ("object", "dict", "node"): {each.name: getattr(INT, each.name) for each in attrs.fields(SocketType)},
    ("text", "bytes", "node"): b"YWJj", ("text", "bytes", "file"): b"abc", ("list", "bytes", "node"): b"ab",
    ("text", "date", "file"): date(2026, 2, 28), ("datetime", "date", "node"): date(2026, 2, 28),
    ("int", "datetime", "node"): datetime(2026, 2, 28, tzinfo=UTC),
    ("text", "duration", "file"): timedelta(minutes=90), ("int", "duration", "file"): timedelta(seconds=90),
}  # fmt: skip


def test_the_table_is_fit_for_the_docs() -> None:
    for (source, target), row in CONVERSIONS.items():
        assert (row.source, row.target) == (source, target)
        assert row.wire or row.node
        assert all(way.words for way in (row.wire, row.file, row.node) if way)
        if row.wire:
            assert row.file == row.wire
    assert not any(row.wire for (source, target), row in CONVERSIONS.items() if source == "text" and target != "path"
                   and target != "enum")  # fmt: skip
    assert not any(row.wire for (source, target), row in CONVERSIONS.items() if source == "bool" and target != "text")


@pytest.mark.parametrize(
    ("value", "target", "message"),
    [
        ("1.5", "int", "it is not a whole number"), ("", "int", "it is not a whole number"),
        ("\u0663", "int", "it is not a whole number"), ("1" * 5000, "int", "more than 4000 digits"),
        (math.nan, "int", "it has no whole part"), (-math.inf, "int", "it has no whole part"),
        (None, "int", "None does not fit int"), ([], "int", "[] does not fit int"),
        ("1,000", "float", "it is not a number"), ("--inf", "float", "it is not a number"),
        ("1" * 5000, "float", "more than 4000 digits"), (10**400, "float", "it is too large"),
        ("1", "bool", "it is neither true nor false"), ([], "bool", "[] does not fit bool"),
        (3, "list", "3 does not fit list"), (object(), "list", "does not fit list"),
        ([["a"]], "dict", "item 0, ['a'], is not a pair"), ([[[], 1]], "dict", "key [] of item 0"),
        (["ab"], "dict", "item 0, 'ab', is not a pair"), (object(), "dict", "does not fit dict"),
        ("\ud800", "bytes", "it has half a character"), ([256], "bytes", "from 0 to 255"),
        ([True], "bytes", "from 0 to 255"), ("2026-02-30", "date", "it is not a date"),
        ("2026-02-28T12:00", "date", "it is not a date"), ("noon", "datetime", "it is not a date and time"),
        (1e18, "datetime", "up to the year 9999"), (math.nan, "datetime", "up to the year 9999"),
        ("P1M", "duration", "it is not a duration"), ("P", "duration", "it is not a duration"),
        ("PT", "duration", "it is not a duration"), ("P9999999999D", "duration", "it is too long"),
        ("PT" + "9" * 999 + "S", "duration", "it is too long"), (math.inf, "duration", "number of seconds"),
        (1e300, "duration", "number of seconds"),
    ],
    ids=lambda value: None,
)  # fmt: skip
def test_what_a_convert_node_refuses(value: Any, target: str, message: str) -> None:
    with pytest.raises(ConversionError) as caught:
        coerce(value, parse_type(target))
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


@given(st.one_of(st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(), st.timedeltas()))
def test_the_text_of_a_value_converts_back_to_it(value: Any) -> None:
    assert same(coerce(to_text(value), type_from_annotation(type(value))), value) or value == 0


@given(st.text(max_size=8), st.sampled_from([INT, FLOAT, values.BOOL, DATE, DATETIME, DURATION]))
def test_any_text_converts_or_is_refused(text: str, target: SocketType) -> None:
    try:
        made = coerce(text, target)
    except ConversionError:
        return
    assert target.accepts(made)


@given(st.timedeltas())
def test_a_duration_reads_back_from_its_text_and_from_a_number_of_seconds(length: timedelta) -> None:
    assert from_json(to_json(length), DURATION) == length
    whole = timedelta(length.days, length.seconds)
    assert from_json(int(whole.total_seconds()), DURATION) == whole
    assert coerce(to_text(length).lower(), DURATION) == length


def test_a_datetime_is_no_date_whatever_python_says() -> None:
    assert DATE.accepts(date(2026, 2, 28))
    assert not DATE.accepts(datetime(2026, 2, 28))
    assert not DATETIME.accepts(date(2026, 2, 28))


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("source", "target", "expected"),
    [
        ("int", "any", Fit.FITS),
        ("any", "int", Fit.CONVERTS),
        ("int", "float", Fit.CONVERTS),
        ("float", "int", Fit.CONVERTS),
        ("text", "int", Fit.IMPOSSIBLE),
        ("bool", "int", Fit.IMPOSSIBLE),
        ("int", "bool", Fit.IMPOSSIBLE),
        ("list", "int", Fit.IMPOSSIBLE),
        ("bool", "text", Fit.CONVERTS),
        ("none", "text", Fit.CONVERTS),
        ("none", "int", Fit.IMPOSSIBLE),
        ("int", "int | none", Fit.FITS),
        ("int | none", "int", Fit.CONVERTS),
        ("int | none", "int | text | none", Fit.FITS),
        ("bool | text", "int | float", Fit.IMPOSSIBLE),
        ("list", "list[int]", Fit.CONVERTS),
        ("list[int]", "list", Fit.FITS),
        ("list[int]", "list[int | none]", Fit.FITS),
        ("list[text]", "list[int]", Fit.CONVERTS),  # the empty list does
        ("list[int]", "tuple[int]", Fit.CONVERTS),
        ("dict[int]", "dict[any]", Fit.FITS),
        ("dict", "Person", Fit.CONVERTS),
        ("list", "Person", Fit.IMPOSSIBLE),
        ("Person", "dict", Fit.IMPOSSIBLE),
        ("Person", "Colour", Fit.IMPOSSIBLE),
        ("text", "Colour", Fit.CONVERTS),
        ("Mode", "text", Fit.FITS),
        ("Level", "int", Fit.FITS),
        ("Level", "text", Fit.CONVERTS),
        ("Colour", "text", Fit.IMPOSSIBLE),
        ("date", "datetime", Fit.IMPOSSIBLE),
        ("datetime", "date", Fit.IMPOSSIBLE),
        ("datetime | date", "text", Fit.CONVERTS),
        ("duration", "float", Fit.IMPOSSIBLE),
        ("text", "path", Fit.CONVERTS),
        ("path", "text", Fit.CONVERTS),
        ("text", "date", Fit.IMPOSSIBLE),
    ],
)
def test_fit(source: str, target: str, expected: Fit) -> None:
    assert fit(parse_type(source, CLASSES), parse_type(target, CLASSES)) is expected


# --- type expressions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (" list [ int ] ", "list[int]"),
        ("none|text", "text | none"),
        ("text | text", "text"),
        ("int | any", "any"),
        ("list[any]", "list"),
        ("dict[any | none]", "dict"),
        ("list[int | none] | none", "list[int | none] | none"),
        ("Person", "Person"),
    ],
)
def test_parses(expression: str, name: str) -> None:
    assert parse_type(expression, CLASSES).name == name


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("", "type '': a type is missing at its end"),
        ("list[", "a type is missing at its end"),
        ("list[int", "a ']' is missing"),
        ("list[int]]", "unexpected ']'"),
        ("list[int][int]", "unexpected '['"),
        ("int |", "a type is missing at its end"),
        ("| int", "a type is missing before '|'"),
        ("int[text]", "only list, tuple and dict take [...], not int"),
        ("str", "unknown type 'str'; known are Colour, Employee, Level, Mode, Person, any, bool, bytes"),
        ("int; float", "unexpected ';'"),
        ("list[" * 5000 + "int" + "]" * 5000, "nested deeper than 32"),
        ("ä", "unknown type"),
        ("3", "a type is missing before '3'"),
    ],
)
def test_says_what_is_wrong_with_a_type_expression(expression: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_type(expression, CLASSES)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 300


T = typing.TypeVar("T")
UserId = typing.NewType("UserId", int)


class Row(typing.TypedDict):
    a: int


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        (Any, "any"), (object, "any"), (T, "any"), (int, "int"), (float, "float"), (str, "text"),
        (bool, "bool"), (bytes, "bytes"), (datetime, "datetime"), (None, "none"), (date, "date"),
        (timedelta, "duration"), (PurePath, "path"), (Path, "path"), (PureWindowsPath, "path"),
        (list[Path], "list[path]"),
        (list, "list"), (list[int], "list[int]"), (typing.List[str], "list[text]"), (type(None), "none"),  # noqa: UP006
        (list[Any], "list"), (list[T], "list"), (abc.Sequence[int], "list[int]"), (abc.Sequence, "list"),
        (tuple, "tuple"), (tuple[int, ...], "tuple[int]"), (tuple[int, str], "tuple"), (tuple[()], "tuple"),
        (dict, "dict"), (dict[str, int], "dict[int]"), (dict[int, int], "dict"), (dict[str, Any], "dict"),
        (abc.Mapping[str, float], "dict[float]"), (Row, "dict"),
        (abc.Iterable[int], "any"), (abc.AsyncIterable[int], "any"), (abc.Callable[[], int], "any"),
        (int | None, "int | none"), (typing.Optional[str], "text | none"), (int | str, "int | text"),  # noqa: UP045
        (Any | None, "any"), (typing.Literal["a", "b"], "text"), (typing.Literal["a", None], "text | none"),
        (typing.Annotated[int, "doc"], "int"), (UserId, "int"), (Person, "Person"),
        (list[Person], "list[Person]"), (Colour, "Colour"), (typing.Callable, "any"), (set, "any"),
    ],
)  # fmt: skip
def test_annotations(annotation: Any, name: str) -> None:
    assert type_from_annotation(annotation).name == name


@pytest.mark.parametrize("annotation", [3, "int", [int], len, ...])
def test_what_is_not_a_type_is_refused(annotation: Any) -> None:
    with pytest.raises(TypeError, match="is not a type"):
        type_from_annotation(annotation)


# --- values as text, as data, copied and measured -----------------------------------------------------


@pytest.mark.rule("3.6")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("x", "x"), (None, ""), (True, "true"), (3, "3"), (3.0, "3"), (-0.0, "0"), (0.1, "0.1"),
        (1e22, "1e+22"), (math.inf, "inf"), (math.nan, "nan"), ([1.0, None, "é"], '[1,null,"é"]'),
        ({"a": (1,)}, '{"a":[1]}'), ([], "[]"),
        (b"abc", "YWJj"), (datetime(2026, 2, 28), "2026-02-28T00:00:00"), (Colour.RED, "red"),
        (date(2026, 2, 28), "2026-02-28"), (timedelta(days=1, seconds=0.5), "P1DT0.5S"),
        (timedelta.max, "P999999999DT23H59M59.999999S"), (PurePosixPath("/a/b"), "/a/b"),
        ([date(2026, 2, 28), PurePosixPath("a")], '["2026-02-28","a"]'),
        (Level.LOW, "1"), (Address("S"), '{"street":"S","number":1}'), (ValueError("no"), "ValueError: no"),
    ],
)  # fmt: skip
def test_text(value: Any, text: str) -> None:
    assert to_text(value) == text


def test_what_is_not_json_becomes_a_bounded_repr() -> None:
    huge = 10**5000
    data = to_json({"f": print, (1, 2): range(3), "n": huge, huge: 0, "big": "x" * 1000, "set": {2, 1}})
    assert data["f"] == "<built-in function print>"
    assert data["[1,2]"] == "range(0, 3)"
    assert data["n"] == "<int of 16610 bits>"
    assert data["<int of 16610 bits>"] == 0
    assert len(data["big"]) == 1000
    assert data["set"] == [1, 2]


def test_a_value_that_contains_itself_is_survived() -> None:
    loop: list[Any] = [1]
    loop.append(loop)
    assert to_json(loop)[0] == 1
    assert isinstance(to_json(loop)[1], str)
    copied = copy_value(loop)
    assert copied[1] is copied
    assert copied is not loop
    assert size_of(loop, 1000) > 1000
    assert short(loop).startswith("[1, [1, [1, […]]]")


WRAPS = [lambda inner: [inner], lambda inner: {"a": inner}, lambda inner: (inner, 1)]


@pytest.mark.parametrize("wrap", WRAPS)
def test_depth_is_no_problem(wrap: Any) -> None:
    deep = nested(100_000, wrap)
    container = type_from_annotation(type(deep))
    assert container.adapt(deep) is deep
    assert copy_value(deep) is not deep
    assert size_of(deep, 10**9) > 100_000
    assert type(to_json(deep)) in (list, dict)
    assert len(short(deep)) < 80
    assert fit(container, ANY) is Fit.FITS
    with pytest.raises(ConversionError, match="nested too deeply"):
        to_text(deep)


def test_data_too_deep_for_an_attrs_class_is_refused() -> None:
    data = nested(sys.getrecursionlimit(), lambda inner: {"children": [inner] if inner else []})
    with pytest.raises(ConversionError, match="does not fit Tree"):
        convert(data, type_of_class(Tree))
    assert convert({"children": [{"children": []}]}, type_of_class(Tree)) == Tree([Tree()])


@pytest.mark.rule("3.7")
def test_a_copy_keeps_kinds_and_shares_leaves() -> None:
    class Point(typing.NamedTuple):
        x: list[int]

    leaf = Person("Ada")
    value = {"a": [leaf, (1, [2], ((3,), {}))], "b": OrderedDict(x=Point([1]))}
    copied = copy_value(value)
    assert copied == value
    assert type(copied["b"]) is OrderedDict
    assert type(copied["b"]["x"]) is Point
    assert copied["b"]["x"].x is not value["b"]["x"].x
    assert copied["a"][0] is leaf
    assert copied["a"][1][1] is not value["a"][1][1]
    assert copied["a"][1][2][1] is not value["a"][1][2][1]
    assert copy_value(leaf) is leaf


def test_a_copy_keeps_what_is_shared_shared() -> None:
    value: list[Any] = []
    for _ in range(200):  # written out, this would be 2**200 lists
        value = [value, value]
    copied = copy_value(value)
    assert copied[0] is copied[1]
    assert size_of(value, 2**20) > 2**20


def test_measuring_stops_at_the_limit() -> None:
    class Watched(list[int]):
        def __iter__(self) -> Any:
            raise AssertionError("looked inside")

    assert size_of(Watched([1] * 1000), 1000) > 1000
    assert size_of("x" * 100, 10) == 108
    assert size_of("é" * 100, 10) == 408
    assert size_of(b"x" * 100, 10) == 108
    assert size_of({"ab": 1}, 1000) == 8 + 8 + 10 + 8
    assert size_of(Address("S"), 1000) == 8 + (8 + 6) + (8 + 9 - 8) + (8 + 6) + 8  # names of fields too


def test_short_never_raises() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError("no")

    assert short(Bad()) == "<Bad>"
    assert short([Bad()]) == "<list>"
    assert short("x" * 1000, 10) == "'xxxxxxxx…"
    assert short({"a": {1}, "b": frozenset({2})}) == "{'a': {1}, 'b': frozenset({2})}"
    assert short(Colour.RED) == "<Colour.RED: 'red'>"
    assert short([[[[[1]]]]]) == "[[[[…]]]]"
    assert short([[[Address("S")]]]) == "[[[Address(…)]]]"


def test_a_text_has_an_end() -> None:
    crowd: list[Any] = [0]
    for _ in range(30):
        crowd = [crowd] * 10
    with pytest.raises(ConversionError, match="too many items and keys"):
        to_text(crowd)
