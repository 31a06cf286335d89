"""Small formulas over named inputs, evaluated by simpleeval (`pip install 'nodeflow-trio[expressions]'`).

simpleeval bounds much by itself. Here an expression is looked at as a whole before it is evaluated, and no operation
takes anything but what the nodes of this category would: what it computes is bounded as they are.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any, Final

from nodeflow.library.equality import same
from nodeflow.library.extras import need
from nodeflow.library.math_limits import Number, within_bits
from nodeflow.library.math_rounding import ceiling, floor, round, truncate
from nodeflow.library.math_whole import shift_left, shift_right
from nodeflow.node import Option, Ports, data_node
from nodeflow.values import short, size_of

MAX_LENGTH: Final = 1_000
"""Characters of an expression."""

MAX_DEPTH: Final = 50
"""How deep an expression may be nested."""

MAX_TEXT: Final = 10_000
"""Characters of a text that an expression puts together."""

MAX_ITEMS: Final = 1_000
"""Items of a list that an expression puts together."""

MAX_SIZE: Final = 20_000
"""Roughly how many bytes the lists and dicts that come in may have: each mention of one is looked through."""


@data_node("math.expression")
def expression(expression: Option[str], *, names: Ports[Any]) -> Any:
    """What a formula gives, in which the inputs stand by their names.

    Numbers, texts, `true` or `True`, `none` or `None`, `pi`, `e`, lists; `+ - * / // % **`, `& | ^ ~ << >>`, comparing,
    `in`, `and`, `or`, `not`, `a if b else c`, `row["price"]`, and the functions `abs`, `min`, `max`, `round`, `floor`,
    `ceil`, `trunc`, `sqrt`, `exp`, `log`, `log2`, `log10`, `sin`, `cos`, `tan`, `asin`, `acos`, `atan`, `atan2`,
    `hypot`, `degrees`, `radians` and `len`. `+` also joins texts, and lists. A truth value is not a number.

    Fails with `ValueError` for anything else, for more than 1,000 characters, 50 levels, inputs of more than 20,000
    bytes, texts that become longer than 10,000 and lists that become longer than 1,000, with `OverflowError` for whole
    numbers of more than 100,000 bits, and as Python does for `1 / 0` or `sqrt(-1)`.

    Args:
        expression: The formula.

    >>> from nodeflow.testing import try_node
    >>> try_node(expression, expression="price * (1 + rate)", price=200, rate=0.25).result
    250.0
    >>> try_node(expression, expression="max(a, b) if a != b else 'the same'", a=1, b=1).result
    'the same'
    """
    tree = _parsed(expression)
    if size_of(list(names.values()), MAX_SIZE) > MAX_SIZE:
        raise ValueError(f"the inputs of an expression have at most {MAX_SIZE} bytes")
    simpleeval = need("simpleeval", extra="expressions")
    evaluator = simpleeval.EvalWithCompoundTypes(operators=_OPERATORS, functions={})
    evaluator.functions = _FUNCTIONS  # without `list` and the like, which the evaluator has added
    evaluator.nodes[ast.Name] = partial(_named, names)
    try:
        return evaluator.eval(expression, previously_parsed=tree)
    except simpleeval.InvalidExpression as error:
        raise ValueError(f"the expression {short(expression)} cannot be evaluated: {error}") from None
    except RecursionError:
        raise ValueError("an input of the expression is nested too deeply") from None


def _named(names: Mapping[str, Any], part: ast.Name) -> Any:
    """What a name stands for: an input, or else one of a few constants; never a function."""
    if part.id in names:
        return names[part.id]
    if part.id in _CONSTANTS:
        return _CONSTANTS[part.id]
    raise ValueError(f"the expression names {part.id!r}, which is no input; inputs are {', '.join(names) or 'none'}")


_CONSTANTS: Final[Mapping[str, Any]] = {"pi": math.pi, "e": math.e, "true": True, "false": False, "none": None}


# --- what may stand in an expression ------------------------------------------------------------------

_PARTS: Final = (
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name, ast.Constant, ast.Subscript,
    ast.List, ast.Tuple, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.Load,
)  # fmt: skip

_WHAT: Final[Mapping[type, str]] = {
    ast.Attribute: "attributes",
    ast.JoinedStr: "f-strings",
    ast.ListComp: "comprehensions",
    ast.SetComp: "comprehensions",
    ast.DictComp: "comprehensions",
    ast.GeneratorExp: "comprehensions",
    ast.Lambda: "functions of one's own",
    ast.NamedExpr: "assignments",
    ast.Starred: "`*`",
    ast.Slice: "slices",
    ast.Dict: "dicts",
    ast.Set: "sets",
    ast.MatMult: "`@`",
}


@lru_cache(maxsize=256)
def _parsed(expression: str) -> ast.expr:
    """The expression as a tree, all of whose parts are allowed."""
    if len(expression) > MAX_LENGTH:
        raise ValueError(f"an expression has at most {MAX_LENGTH} characters, not {len(expression)}")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError) as error:
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        raise ValueError(f"{short(expression)} is no expression: {why}") from None
    except (RecursionError, MemoryError):  # the parser's way of saying so
        raise ValueError(f"the expression {short(expression)} is nested too deeply") from None
    todo: list[tuple[ast.AST, int]] = [(tree, 1)]
    while todo:
        part, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise ValueError(f"the expression {short(expression)} is nested deeper than {MAX_DEPTH}")
        _check_part(part)
        todo.extend((inner, depth + 1) for inner in ast.iter_child_nodes(part))
    return tree


def _check_part(part: ast.AST) -> None:
    """Check one part by itself.

    Raises:
        ValueError: There is no such thing in an expression.
    """
    if not isinstance(part, _PARTS) or isinstance(part, ast.MatMult):
        what = _WHAT.get(type(part), type(part).__name__)
        raise ValueError(f"an expression has no {what}")
    if isinstance(part, ast.Constant) and not isinstance(part.value, int | float | str | None):
        raise ValueError(f"{short(part.value)} is no value of an expression; numbers, texts, True, False and None are")
    if isinstance(part, ast.Name) and part.id.startswith("__"):
        raise ValueError(f"the expression names {part.id!r}; names do not begin with `__`")
    if isinstance(part, ast.Call):
        name = part.func.id if isinstance(part.func, ast.Name) else None
        if name not in _FUNCTIONS:
            raise ValueError(
                f"an expression has no function {name!r}; it has {', '.join(_FUNCTIONS)}"
                if name
                else "an expression calls functions by their names only"
            )
        if part.keywords:
            raise ValueError(f"arguments of {name} have no names in an expression")


# --- what is computed ---------------------------------------------------------------------------------


def _numbers(sign: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that takes numbers only."""

    def checked(*values: Any) -> Any:
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ValueError(f"{sign} takes numbers, not {short(value)}")
        return compute(*values)

    return checked


def _bits(sign: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """An operation that takes whole numbers only."""

    def checked(*values: Any) -> Any:
        for value in values:
            if isinstance(value, bool) or not isinstance(value, int):
                raise ValueError(f"{sign} takes whole numbers, not {short(value)}")
        return compute(*values)

    return checked


def _add(a: Any, b: Any) -> Any:
    for kind, size in ((str, MAX_TEXT), (list, MAX_ITEMS), (tuple, MAX_ITEMS)):
        if isinstance(a, kind) and isinstance(b, kind):
            if len(a) + len(b) > size:
                raise ValueError(f"what an expression puts together has a length of at most {size}")
            return a + b  # type: ignore[operator]
    return _numbers("+", operator.add)(a, b)


def _multiply(a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int):
        within_bits(a.bit_length() + b.bit_length(), "the product")
    return a * b


def _power(a: Number, b: Number) -> Number:
    if isinstance(a, int) and isinstance(b, int) and b >= 0:
        within_bits(math.log2(abs(a) or 1) * min(b, 10**9), "the power")
        whole: int = a**b
        return whole
    try:
        return math.pow(a, b)
    except ValueError:
        raise ValueError(f"{short(a)} has no power {short(b)} that is a real number") from None


def _round(value: Number, digits: int = 0) -> Number:
    rounded: Number = round(value, digits)
    return rounded


def _order(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    """An operation that takes two numbers or two texts."""
    on_numbers = _numbers("comparing", compute)
    return lambda a, b: bool(compute(a, b) if isinstance(a, str) and isinstance(b, str) else on_numbers(a, b))


def _contains(item: Any, container: Any) -> bool:
    if isinstance(container, str) and isinstance(item, str):
        return item in container
    if isinstance(container, dict) and isinstance(item, str):
        return item in container
    if isinstance(container, list | tuple):
        return any(same(item, one) for one in container)
    raise ValueError(f"`in` looks for {short(item)} in a text, list or dict, not in {short(container)}")


def _length(value: Any) -> int:
    if isinstance(value, str | list | tuple | dict):
        return len(value)
    raise ValueError(f"`len` takes a text, list or dict, not {short(value)}")


_OPERATORS: Final[dict[type, Callable[..., Any]]] = {
    ast.Add: _add,
    ast.Sub: _numbers("-", operator.sub),
    ast.Mult: _numbers("*", _multiply),
    ast.Div: _numbers("/", operator.truediv),
    ast.FloorDiv: _numbers("//", operator.floordiv),
    ast.Mod: _numbers("%", operator.mod),
    ast.Pow: _numbers("**", _power),
    ast.UAdd: _numbers("+", operator.pos),
    ast.USub: _numbers("-", operator.neg),
    ast.Not: operator.not_,
    ast.BitAnd: _bits("&", operator.and_),
    ast.BitOr: _bits("|", operator.or_),
    ast.BitXor: _bits("^", operator.xor),
    ast.Invert: _bits("~", operator.invert),
    ast.LShift: _bits("<<", shift_left),
    ast.RShift: _bits(">>", shift_right),
    ast.Eq: same,
    ast.NotEq: lambda a, b: not same(a, b),
    ast.Lt: _order(operator.lt),
    ast.LtE: _order(operator.le),
    ast.Gt: _order(operator.gt),
    ast.GtE: _order(operator.ge),
    ast.In: _contains,
    ast.NotIn: lambda a, b: not _contains(a, b),
    ast.Is: lambda a, b: a is None and b is None,
    ast.IsNot: lambda a, b: not (a is None and b is None),
}
"""By operator. `is` is for `is None` only: whether two other values are one and the same object is chance."""

_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "abs": _numbers("abs", abs),
    "min": _numbers("min", min),
    "max": _numbers("max", max),
    "round": _numbers("round", _round),
    "floor": _numbers("floor", floor),
    "ceil": _numbers("ceil", ceiling),
    "trunc": _numbers("trunc", truncate),
    "len": _length,
    **{
        name: _numbers(name, getattr(math, name))
        for name in (
            "sqrt", "exp", "log", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "atan2", "hypot",
            "degrees", "radians",
        )
    },
}  # fmt: skip
