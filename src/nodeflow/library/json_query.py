"""JSONPath (RFC 9535) over values from strangers, with paths from strangers.

`python-jsonpath` parses a path and checks its types. Evaluating is done here, on what it has parsed: its own
evaluation recurses over the document, keeps a text for each node that it visits, matches regular expressions that can
take forever, and counts nothing. Here each node that is visited and each comparison is a step, of which there are
`MOST_STEPS`; documents may be nested as deeply as they like; regular expressions run in RE2, in linear time.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final, NamedTuple

from nodeflow.library.extras import need
from nodeflow.library.json_pointer import pointer_to
from nodeflow.values import short

LONGEST_PATH: Final = 10_000
"""Characters of a path."""

LONGEST_PATTERN: Final = 1_000
"""Characters of a regular expression in `match` and `search`."""

MOST_STEPS: Final = 1_000_000
"""Nodes visited, and values compared, in one evaluation."""

MOST_IN_POINTERS: Final = 10_000_000
"""Characters of all pointers to the nodes that are found."""

_NOTHING: Final = object()


class Node(NamedTuple):
    """A place in a document: what is there, and where it is in what."""

    value: Any
    parent: Node | None
    key: str | int


class Query:
    """A path that was parsed; may be evaluated often."""

    def __init__(self, path: str) -> None:
        """Raises `ValueError` for what is no JSONPath."""
        self.path = path
        self._segments = _parse(path)

    def nodes(self, document: Any, most: int) -> list[Node]:
        """The places that the path selects, in the order of RFC 9535; one may be there several times.

        Raises:
            ValueError: There are more than `most`, or finding them takes more than `MOST_STEPS`.
        """
        found: list[Node] = []
        try:
            for node in _Evaluation(document).select(self._segments, Node(document, None, "")):
                if len(found) >= most:
                    raise ValueError(f"the path {short(self.path)} selects more than {most} values")
                found.append(node)
        except _TooMuch:
            raise ValueError(f"the path {short(self.path)} takes more than {MOST_STEPS} steps here") from None
        except RecursionError:
            raise ValueError(f"the path {short(self.path)} has too many parts") from None
        return found

    def first(self, document: Any) -> Node | None:
        """The first place that the path selects. Raises `ValueError` as `nodes`."""
        try:
            return next(iter(_Evaluation(document).select(self._segments, Node(document, None, ""))), None)
        except _TooMuch:
            raise ValueError(f"the path {short(self.path)} takes more than {MOST_STEPS} steps here") from None
        except RecursionError:
            raise ValueError(f"the path {short(self.path)} has too many parts") from None


def keys_to(node: Node) -> list[str | int]:
    """The keys and indexes that lead to a node."""
    keys = []
    while node.parent is not None:
        keys.append(node.key)
        node = node.parent
    keys.reverse()
    return keys


def pointers_to(nodes: Iterable[Node]) -> list[str]:
    """JSON Pointers to nodes. Raises `ValueError` if they are too long together."""
    pointers: list[str] = []
    above: dict[int, str] = {}  # of containers, by identity: each is the start of those of its items
    left = MOST_IN_POINTERS
    for node in nodes:
        start = "" if node.parent is None else _start(node.parent, above, left)
        pointers.append(start if node.parent is None else start + pointer_to((node.key,)))
        left -= len(pointers[-1])
        if left < 0:
            raise _too_long()
    return pointers


def _start(node: Node, above: dict[int, str], left: int) -> str:
    keys: list[str | int] = []
    place: Node | None = node
    while place is not None and place.parent is not None and id(place) not in above:
        keys.append(place.key)
        left -= len(place.key) + 1 if isinstance(place.key, str) else 2
        if left < 0:
            raise _too_long()
        place = place.parent
    keys.reverse()
    above[id(node)] = above.get(id(place), "") + pointer_to(keys)
    return above[id(node)]


def _too_long() -> ValueError:
    return ValueError(f"the pointers to what is found have more than {MOST_IN_POINTERS} characters")


# --- parsing ------------------------------------------------------------------------------------------


def _parse(path: str) -> Any:
    if len(path) > LONGEST_PATH:
        raise ValueError(f"a JSONPath of {len(path)} characters is too long; at most {LONGEST_PATH}")
    jsonpath = need("jsonpath", extra="json")
    environment = jsonpath.JSONPathEnvironment(strict=True)
    _read_ints_exactly(environment.parser)
    try:
        return environment.compile(path).segments
    except RecursionError:
        why = "it is nested too deeply"
    except jsonpath.JSONPathError as error:
        token = error.token
        where = f" at character {token.index}" if token is not None and 0 <= token.index < len(path) else ""
        why = f"{error.args[0]}{where}".replace("TOKEN_", "")
    except (ValueError, OverflowError):
        why = "a number is too large"
    raise ValueError(f"{short(path)} is not a JSONPath, as '$.items[*].name' is: {why}")


def _read_ints_exactly(parser: Any) -> None:
    """The parser makes floats of ints on the way, which changes ids of more than 15 digits."""
    read = parser.parse_integer_literal

    def read_exactly(stream: Any) -> Any:
        digits = stream.current().value
        literal = read(stream)
        if digits.removeprefix("-").isdigit():
            literal.value = int(digits)
        return literal

    for table in (parser.token_map, parser.function_argument_map):
        table.update({kind: read_exactly for kind, reader in table.items() if reader == read})


# --- evaluating ---------------------------------------------------------------------------------------


class _TooMuch(Exception):
    """The steps are used up."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_ORDERS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip


class _Evaluation:
    """One evaluation of a path: the document, the steps that it has taken, what it remembers."""

    def __init__(self, document: Any) -> None:
        self._root = Node(document, None, "")
        self._steps = 0
        self._absolute: dict[int, list[Node]] = {}
        self._patterns: dict[str, Any] = {}

    def _step(self, count: int = 1) -> None:
        self._steps += count
        if self._steps > MOST_STEPS:
            raise _TooMuch

    # --- segments and selectors ---

    def select(self, segments: Any, start: Node) -> Iterator[Node]:
        found: Iterator[Node] = iter((start,))
        for segment in segments:
            found = self._apply(segment, found)
        return found

    def _apply(self, segment: Any, nodes: Iterator[Node]) -> Iterator[Node]:
        deep = type(segment).__name__ == "JSONPathRecursiveDescentSegment"
        chosen = [(_SELECTORS[type(selector).__name__], selector) for selector in segment.selectors]
        for node in nodes:
            for place in self._below(node) if deep else (node,):
                self._step()
                for choose, selector in chosen:
                    yield from choose(self, selector, place)

    def _below(self, node: Node) -> Iterator[Node]:
        """The node and all containers in it, each before what is in it."""
        todo = [node]
        while todo:
            place = todo.pop()
            yield place
            inside = [child for child in self._children(place) if isinstance(child.value, dict | list | tuple)]
            inside.reverse()
            todo += inside

    def _children(self, node: Node) -> Iterator[Node]:
        value = node.value
        if isinstance(value, dict):
            for key, item in value.items():
                self._step()
                yield Node(item, node, key)
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                self._step()
                yield Node(item, node, index)

    def _name(self, selector: Any, node: Node) -> Iterator[Node]:
        if isinstance(node.value, dict) and selector.name in node.value:
            yield Node(node.value[selector.name], node, selector.name)

    def _index(self, selector: Any, node: Node) -> Iterator[Node]:
        if isinstance(node.value, list | tuple):
            index = selector.index + len(node.value) if selector.index < 0 else selector.index
            if 0 <= index < len(node.value):
                yield Node(node.value[index], node, index)

    def _slice(self, selector: Any, node: Node) -> Iterator[Node]:
        if isinstance(node.value, list | tuple) and selector.slice.step != 0:
            for index in range(*selector.slice.indices(len(node.value))):
                self._step()
                yield Node(node.value[index], node, index)

    def _wildcard(self, selector: Any, node: Node) -> Iterator[Node]:
        return self._children(node)

    def _filter(self, selector: Any, node: Node) -> Iterator[Node]:
        for child in self._children(node):
            if self._holds(selector.expression.expression, child.value):
                yield child

    # --- expressions of a filter ---

    def _holds(self, expression: Any, current: Any) -> bool:
        self._step()
        kind = type(expression).__name__
        if kind == "InfixExpression":
            if expression.operator == "&&":
                return self._holds(expression.left, current) and self._holds(expression.right, current)
            if expression.operator == "||":
                return self._holds(expression.left, current) or self._holds(expression.right, current)
            left, right = self._value(expression.left, current), self._value(expression.right, current)
            return self._compare(left, expression.operator, right)
        if kind == "PrefixExpression":
            return not self._holds(expression.right, current)
        if kind == "FunctionExtension":
            return self._function(expression, current) is True
        return next(self._query(expression, current), None) is not None

    def _query(self, expression: Any, current: Any) -> Iterator[Node]:
        if type(expression).__name__ == "RelativeFilterQuery":
            return self.select(expression.path.segments, Node(current, None, ""))
        return self._again(self._absolutely(expression))

    def _absolutely(self, expression: Any) -> list[Node]:
        """What a query from the root selects: the same for each value that is filtered."""
        if id(expression) not in self._absolute:
            self._absolute[id(expression)] = [*self.select(expression.path.segments, self._root)]
        return self._absolute[id(expression)]

    def _again(self, nodes: list[Node]) -> Iterator[Node]:
        for node in nodes:
            self._step()
            yield node

    def _value(self, expression: Any, current: Any) -> Any:
        """What is compared: of a literal, a function, or a query that selects at most one value."""
        kind = type(expression).__name__
        if kind == "Nil":
            return None
        if kind == "FunctionExtension":
            return self._function(expression, current)
        if kind in ("RelativeFilterQuery", "RootFilterQuery"):
            node = next(self._query(expression, current), None)
            return _NOTHING if node is None else node.value
        return expression.value

    def _function(self, call: Any, current: Any) -> Any:
        if call.name == "count":
            query = call.args[0]
            absolute = type(query).__name__ == "RootFilterQuery"
            return len(self._absolutely(query)) if absolute else sum(1 for _ in self._query(query, current))
        if call.name == "value":
            found = [node.value for node in self._query(call.args[0], current)]
            return found[0] if len(found) == 1 else _NOTHING
        values = [self._value(argument, current) for argument in call.args]
        if call.name == "length":
            return len(values[0]) if isinstance(values[0], str | list | tuple | dict) else _NOTHING
        return self._matches(values[0], values[1], whole=call.name == "match")

    def _matches(self, text: Any, pattern: Any, *, whole: bool) -> bool:
        if not isinstance(text, str) or not isinstance(pattern, str):
            return False
        self._step(1 + len(text) // 20)
        if pattern not in self._patterns:
            self._step(100 + len(pattern))  # patterns may come from the document, another one for each value
            if len(self._patterns) >= 100:
                self._patterns.clear()
            self._patterns[pattern] = _compiled(pattern)
        compiled = self._patterns[pattern]
        if compiled is None:
            return False
        try:
            return bool(compiled.fullmatch(text) if whole else compiled.search(text))
        except UnicodeError:  # half a surrogate pair: no text
            return False

    # --- comparing ---

    def _compare(self, left: Any, sign: str, right: Any) -> bool:
        if sign in ("==", "!="):
            return self._equal(left, right) is (sign == "==")
        if (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str)):
            return _ORDERS[sign](left, right)
        return sign in ("<=", ">=") and self._equal(left, right)

    def _equal(self, left: Any, right: Any) -> bool:
        todo = [(left, right)]
        while todo:
            self._step()
            a, b = todo.pop()
            if isinstance(a, list | tuple) and isinstance(b, list | tuple):
                if len(a) != len(b):
                    return False
                todo.extend(zip(a, b, strict=True))
            elif isinstance(a, dict) and isinstance(b, dict):
                if a.keys() != b.keys():
                    return False
                todo.extend((item, b[key]) for key, item in a.items())
            elif isinstance(a, bool) is not isinstance(b, bool) or not (a is b or a == b):
                return False
        return True


_SELECTORS: Final[dict[str, Callable[[_Evaluation, Any, Node], Iterator[Node]]]] = {
    "NameSelector": _Evaluation._name,
    "IndexSelector": _Evaluation._index,
    "SliceSelector": _Evaluation._slice,
    "WildcardSelector": _Evaluation._wildcard,
    "Filter": _Evaluation._filter,
}


def _compiled(pattern: str) -> Any:
    """The pattern (I-Regexp, RFC 9485) for RE2; None for what is no pattern, which matches nothing there."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a regular expression of {len(pattern)} characters is too long; at most {LONGEST_PATTERN}")
    re2 = need("re2", extra="regex")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(_for_re2(pattern), options)
    except (re2.error, UnicodeError):
        return None


def _for_re2(pattern: str) -> str:
    """A dot stands for all but the ends of lines, of which RE2 knows only one.

    >>> _for_re2(r"a.[.]\\.")
    'a[^\\\\n\\\\r][.]\\\\.'
    """
    parts = []
    escaped = in_class = False
    for character in pattern:
        plain = not escaped
        escaped = plain and character == "\\"
        if plain and character in "[]":
            in_class = character == "["
        parts.append("[^\\n\\r]" if plain and character == "." and not in_class else character)
    return "".join(parts)
