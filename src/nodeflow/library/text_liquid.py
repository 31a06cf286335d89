"""The sandbox for Liquid templates. It is imported when a template is rendered: it needs the extra `templates`.

python-liquid bounds loops that are nested, the output and how much is assigned. A template of a stranger could still
hang the host or fill its memory in other ways: by many loops one after the other, filters that multiply texts, ranges
that become lists, ever longer numbers, a block that is rendered once for each of its conditions. Here a template has a
budget: each round of a loop takes from it by the length of its body, and each value by its size.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, Final

from liquid import BoundTemplate, Environment, RenderContext, TokenStream
from liquid.ast import Node
from liquid.builtin.expressions import LoopExpression
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags.case_tag import CaseNode, CaseTag, MultiExpressionBlockNode
from liquid.builtin.tags.for_tag import ForNode, ForTag
from liquid.builtin.tags.tablerow_tag import TablerowNode, TablerowTag
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression
from liquid.limits import to_int
from liquid.undefined import FalsyStrictUndefined, Undefined

from nodeflow.library.text_liquid_filters import FILTERS, MOST_BYTES, Filter, check_size
from nodeflow.values import short, size_of, to_text

MOST_SOURCE: Final = 50_000
"""Characters of a template."""

MOST_MARKUP: Final = 2_000
"""Characters between `{{` and `}}`, or `{%` and `%}`."""

MOST_WORK: Final = 2_000_000
"""The budget of a rendering: characters of loop bodies, and eighths of bytes of values that are looked at."""

MOST_ROUNDS: Final = 100_000
"""Of loops within each other, and items of a range."""

MOST_BITS: Final = 14_000
"""Of a whole number: more digits Python does not write."""


class Printed(dict[str, Any]):
    """A dict that a template prints as JSON."""

    def __str__(self) -> str:
        return to_text(dict(self))


def render(source: str, values: Mapping[str, Any], *, strict: bool, html: bool) -> str:
    """The template filled in with plain data.

    Args:
        source: The template.
        values: Plain data by name.
        strict: A name that is no value is an error.
        html: Escape what is filled in.

    Raises:
        ValueError: The template is wrong, or becomes too much; names the line.
    """
    try:
        return _parsed(source, strict, html).render(values)
    except LiquidError as error:
        raise ValueError(_readable(error)) from None
    except RecursionError:
        raise ValueError("the template is nested too deeply") from None
    except (ArithmeticError, ValueError, TypeError, LookupError, AttributeError) as error:
        if isinstance(error, BadTemplate):
            raise
        raise ValueError(f"the template cannot be filled in: {error}") from None


class BadTemplate(ValueError):
    """What is wrong with a template is said already."""


def _readable(error: LiquidError) -> str:
    message = str(error.message or "it is wrong").removesuffix(".")
    try:
        context = error.context()
    except ValueError:
        context = None
    where = f"line {context[0]}" if context else "the template"
    said = f"; there: {short(context[3].strip())}" if context and context[3].strip() else ""
    return f"{where}: {message}{said}"


# --- parsing ------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _parsed(source: str, strict: bool, html: bool) -> BoundTemplate:
    _check_source(source)
    template = _environment(strict, html).from_string(source)
    for expression in _expressions(template):
        if isinstance(expression, RangeLiteral):
            expression.stop = _Stop(expression.start, expression.stop)
    return template


def _check_source(source: str) -> None:
    """Refuse what python-liquid would read in quadratic time: markup that does not end, or only after very long.

    It goes through the template exactly as the lexer of python-liquid does, or something could be hidden from it.
    """
    if len(source) > MOST_SOURCE:
        raise BadTemplate(f"a template has at most {MOST_SOURCE} characters, not {len(source)}")
    if len(_VERBATIM.findall(source)) > 100:
        raise BadTemplate("a template has at most 100 blocks of `raw` and `doc`")
    at = 0
    while begin := _BEGIN.search(source, at):
        verbatim = _VERBATIM.match(source, begin.start())
        closing = _END_OF[verbatim[1]].search(source, verbatim.end()) if verbatim else None
        if closing is not None:
            at = closing.end()
        elif begin.group() == "{{" or _TAG.match(source, begin.start()):
            at = _end_of_markup(source, begin)
        else:
            at = begin.end()


def _end_of_markup(source: str, begin: re.Match[str]) -> int:
    where = f"line {source.count(chr(10), 0, begin.start()) + 1}"
    end = source.find("}}" if begin.group() == "{{" else "%}", begin.end())
    if end < 0:
        raise BadTemplate(f"{where}: what begins with {begin.group()} there does not end")
    if end - begin.start() > MOST_MARKUP:
        raise BadTemplate(f"{where}: between {begin.group()} and its end are at most {MOST_MARKUP} characters")
    if _BLANKS.search(source, begin.end(), end):
        raise BadTemplate(f"{where}: between {begin.group()} and its end are at most 100 blanks in a row")
    return end + 2


_BEGIN: Final = re.compile(r"\{\{|\{%")
_TAG: Final = re.compile(r"\{%-?\s*(?:#|\w)")
_BLANKS: Final = re.compile(r"\s{101}")
_VERBATIM: Final = re.compile(r"\{%-?\s*(raw|doc)\s*-?%\}")
_END_OF: Final = {name: re.compile(rf"\{{%-?\s*end{name}\s*-?%\}}") for name in ("raw", "doc")}


def _expressions(template: BoundTemplate) -> Iterator[Expression]:
    """All expressions of a template, those within others too."""
    context = RenderContext(template)
    nodes: list[Node] = [*template.nodes]
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context, include_partials=False))
        found = [*node.expressions()]
        while found:
            expression = found.pop()
            found.extend(expression.children())
            yield expression


class _Stop(Expression):
    """The end of a range, which is not too far from its start."""

    __slots__ = ("start", "stop")

    def __init__(self, start: Expression, stop: Expression) -> None:
        super().__init__(stop.token)
        self.start = start
        self.stop = stop

    def evaluate(self, context: RenderContext) -> object:
        start, stop = self.start.evaluate(context), self.stop.evaluate(context)
        items = _whole(stop) - _whole(start) + 1
        if items > MOST_ROUNDS:
            raise ResourceLimitError(f"a range has at most {MOST_ROUNDS} items, not {short(items)}", token=self.token)
        return stop

    def children(self) -> list[Expression]:
        return [self.start, self.stop]


def _whole(value: Any) -> int:
    """As a range of python-liquid reads its ends."""
    try:
        return to_int(value)
    except (ValueError, TypeError):
        return 0


# --- rendering ----------------------------------------------------------------------------------------


class _Context(RenderContext):
    """A rendering, and what is left of its budget."""

    __slots__ = ("left", "sizes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.left = MOST_WORK
        self.sizes: dict[str, int] = {}

    def spend(self, work: int) -> None:
        self.left -= work
        if self.left < 0:
            raise ResourceLimitError(
                "the template takes too long: too many rounds of loops, or too much in them", token=None
            )

    def look_at(self, *values: object) -> None:
        """Spend what it costs to go through values."""
        for value in values:
            self.spend(1 + (len(value) if isinstance(value, range) else size_of(value, 8 * self.left + 8) // 8))

    def get(self, path: list[object], *args: Any, **kwargs: Any) -> object:
        value = super().get(path, *args, **kwargs)
        self.look_at(value)
        return value

    def assign(self, key: str, val: Any) -> None:
        self.look_at(val)
        self.sizes[key] = size_of(val, MOST_BYTES)
        if sum(self.sizes.values()) > MOST_BYTES:
            raise ResourceLimitError(f"what is assigned takes at most {MOST_BYTES} bytes together", token=None)
        super().assign(key, val)


class _Template(BoundTemplate):
    context_class = _Context


class _Environment(Environment):
    template_class = _Template
    block_nesting_limit = 30
    context_depth_limit = 40
    loop_iteration_limit = MOST_ROUNDS
    local_namespace_limit = MOST_BYTES
    output_stream_limit = MOST_BYTES


class _Missing(FalsyStrictUndefined):
    """A name that is no value: may be asked for in a condition and by `default`, and fails else."""

    __slots__ = ()
    force_liquid_default = True


@cache
def _environment(strict: bool, html: bool) -> Environment:
    """One for all templates: it remembers nothing of them."""
    environment = _Environment(undefined=_Missing if strict else Undefined, autoescape=html)
    for tag in ("include", "render"):
        del environment.tags[tag]
    for tag_type in (_For, _Tablerow, _Case):
        environment.add_tag(tag_type)
    for name, function in {**environment.filters, **FILTERS}.items():
        environment.add_filter(name, _within_budget(function))
    return environment


# --- tags ---------------------------------------------------------------------------------------------


class _Loop(LoopExpression):
    """What a loop goes over; its rounds take from the budget."""

    __slots__ = ("size",)

    def __init__(self, plain: LoopExpression, size: int) -> None:
        super().__init__(
            plain.token, plain.identifier, plain.iterable, limit=plain.limit, offset=plain.offset,
            reversed_=plain.reversed, cols=plain.cols,
        )  # fmt: skip
        self.size = size

    def evaluate(self, context: RenderContext) -> tuple[Iterator[object], int]:
        items, length = super().evaluate(context)
        assert isinstance(context, _Context)
        context.spend(length * self.size)
        return items, length


class _For(ForTag):
    def parse(self, stream: TokenStream) -> Node:
        begin = stream.current.start_index
        node = super().parse(stream)
        assert isinstance(node, ForNode)
        node.expression = _Loop(node.expression, max(10, stream.current.start_index - begin))
        return node


class _Tablerow(TablerowTag):
    def parse(self, stream: TokenStream) -> TablerowNode:
        begin = stream.current.start_index
        node = super().parse(stream)
        node.expression = _Loop(node.expression, max(10, stream.current.start_index - begin))
        return node


class _OneOf(Expression):
    """Whether one of the values behind a `when` is it: python-liquid renders the block once for each that is."""

    __slots__ = ("values",)

    def __init__(self, values: Expression) -> None:
        super().__init__(values.token)
        self.values = values

    def evaluate(self, context: RenderContext) -> list[bool]:
        found: Any = self.values.evaluate(context)
        return [any(found)]

    def children(self) -> Iterable[Expression]:
        return [self.values]


class _Case(CaseTag):
    def parse(self, stream: TokenStream) -> Node:
        node = super().parse(stream)
        assert isinstance(node, CaseNode)
        for block in node.blocks:
            if isinstance(block, MultiExpressionBlockNode):
                block.expression = _OneOf(block.expression)  # type: ignore[assignment]
        return node


# --- filters ------------------------------------------------------------------------------------------


def _within_budget(function: Filter) -> Filter:
    """The filter; what it looks at takes from the budget, and what it gives is not too large."""
    takes_environment = getattr(function, "with_environment", False)

    def bounded(value: object, *args: Any, context: _Context, **kwargs: Any) -> Any:
        context.look_at(value, *args, *kwargs.values())
        if takes_environment:
            kwargs["environment"] = context.env
        result = function(value, *args, **kwargs)
        if isinstance(result, int) and result.bit_length() > MOST_BITS:
            raise ResourceLimitError("a number of the template gets too many digits", token=None)
        check_size(0 if isinstance(result, range) else size_of(result, MOST_BYTES))
        return result

    bounded.with_context = True  # type: ignore[attr-defined]
    return bounded
