"""What a node's body does with its exec outputs: which it triggers and waits for, in which order, and which it returns.

Most signatures say enough: a plain `def` takes the one output that it returns, a loop its `body` any number of times
and then its `exit`. Of other `async` bodies the source is read, for calls (`await body()`) and `return`s in the
statements around them. Tests are not understood, so either side of an `if` may be taken; but which exec inputs are
wired and which groups of outputs are empty is known. A body whose source is missing, or that hands its outputs on to
others, may do anything: trigger any of them in any order and number.
"""

from __future__ import annotations

import ast
import inspect
from functools import lru_cache
from textwrap import dedent
from typing import Final

from attrs import frozen

from nodeflow.node import NodeType
from nodeflow.signature import Role
from nodeflow.sockets import STREAM_OUTPUTS

ELEMENT: Final = "*"
"""Stands for the output that an `Each` is at."""
_SWALLOWS_NOT: Final = ("open_scope", "aclosing", "fail_after")
"""Context managers behind which nothing goes on that was cut off inside."""


@frozen
class Call:
    """The output is triggered and waited for."""

    output: str


@frozen
class Give:
    """The body is over, and one of these outputs follows; of the outputs of a group, any of them."""

    outputs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    nothing: bool = False


@frozen
class Steps:
    parts: tuple[Program, ...] = ()


@frozen
class Test:
    """Whether an exec input was the one that was entered, or a group has outputs."""

    name: str
    is_input: bool
    negated: bool = False


@frozen
class Either:
    """One of the parts; with a test the first if it holds, else the second."""

    parts: tuple[Program, ...]
    test: Test | None = None


@frozen
class Repeat:
    """Any number of rounds, also none; `forever`: until something in it ends it. `otherwise` if nothing broke it."""

    body: Program
    forever: bool = False
    otherwise: Program = Steps()


@frozen
class Each:
    """The body once for each output of a group, in order."""

    group: str
    body: Program


@frozen
class Guard:
    """Behind a failure of `body` one of the handlers may run; `final` runs in any case."""

    body: Program
    handlers: tuple[Program, ...] = ()
    otherwise: Program = Steps()
    final: Program = Steps()


@frozen
class Atom:
    """`may_fail`; `raise`, `break` and `continue` are those of the body's own code."""

    what: str


Program = Call | Give | Steps | Either | Repeat | Each | Guard | Atom

MAY_FAIL: Final = Atom("may_fail")


@frozen
class Body:
    """What is known of a body.

    Attributes:
        waits: Whether it may wait for something else than what it triggers and its lazy inputs.
    """

    program: Program
    waits: bool


@lru_cache(maxsize=4096)
def body_of(node_type: NodeType) -> Body:
    """What the body of an exec node's type does with the outputs that stay in its flow thread."""
    signature = node_type.signature
    outputs = tuple(socket.name for socket in node_type.exec_outs if not socket.starts_threads)
    groups = tuple(p.name for p, g in node_type.groups if p.role is Role.PORTS_EXEC and not g.pattern.starts_threads)
    sure = signature.returns_exec and not _may_return_none(node_type)
    implicit = not groups and not any(p.role is Role.EXEC_OUT for p in signature.parameters)
    waits = node_type.blocking or node_type.is_async
    if node_type.is_stream:
        others = tuple(name for name in outputs if name not in STREAM_OUTPUTS)
        given = Give(others, groups, not (sure or implicit))
        return Body(Steps((Repeat(Call("on_item")), Call("completed"), given)), waits)
    if node_type.loop is not None and not groups and set(outputs) == set(node_type.loop):
        read = _read(node_type)
        again, behind = node_type.loop
        return Body(Steps((Repeat(Call(again)), Give((behind,)))), waits if read is None else read.waits)
    if implicit or (sure and (not node_type.is_async or (len(outputs) == 1 and not groups))):
        return Body(Give(outputs, groups, not outputs and not groups), waits)
    if not node_type.is_async and not signature.returns_exec:
        return Body(Give(nothing=True), waits)
    return _read(node_type) or Body(_anything(node_type, outputs, groups, sure), waits)


def _anything(node_type: NodeType, outputs: tuple[str, ...], groups: tuple[str, ...], sure: bool) -> Program:
    given = Give(outputs, groups, not sure)
    if not node_type.is_async:
        return given
    calls: list[Program] = [*map(Call, outputs), *(Each(group, Either((Call(ELEMENT), Steps()))) for group in groups)]
    return Steps((Repeat(Either((*calls, Steps()))), given))


def _may_return_none(node_type: NodeType) -> bool:
    annotation = str(getattr(node_type.function, "__annotations__", {}).get("return", ""))
    return "None" in annotation or "Optional" in annotation


# --- reading a source -----------------------------------------------------------------------------------


class _Unreadable(Exception):
    """The body does something with an output that is not understood."""


def _read(node_type: NodeType) -> Body | None:
    """What the source of the body says; None if it is missing or not understood."""
    function = node_type.function
    code = getattr(function, "__code__", None)
    try:
        (tree,) = ast.parse(dedent(inspect.getsource(function))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return None
    if code is None or not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef) or tree.name != code.co_name:
        return None
    named = [each.arg for each in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)]
    if named != list(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]):
        return None  # the file has changed since
    reader = _Reader(node_type)
    try:
        program = reader.block(tree.body)
    except _Unreadable:
        return None
    if all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in tree.body):
        return None  # a stub
    return Body(_steps(program, Give(nothing=True)), reader.waits)


def _steps(*parts: Program) -> Program:
    """The parts in a row, without rows inside of it, and what may fail but once."""
    flat: list[Program] = []
    for part in parts:
        for each in part.parts if isinstance(part, Steps) else (part,):
            if each != MAY_FAIL or not flat or flat[-1] != MAY_FAIL:
                flat.append(each)
    return flat[0] if len(flat) == 1 else Steps(tuple(flat))


class _Reader:
    """Turns statements into programs."""

    def __init__(self, node_type: NodeType) -> None:
        of = node_type.signature.parameters
        self.outputs = {
            p.name: p.socket.name for p in of if p.role is Role.EXEC_OUT and p.socket and not p.socket.starts_threads
        }
        self.groups = {
            p.name for p, g in node_type.groups if p.role is Role.PORTS_EXEC and not g.pattern.starts_threads
        }
        self.entered = {p.name: p.socket.name for p in of if p.role is Role.EXEC_IN and p.socket}
        self.lazy = {p.name for p in of if p.role in (Role.LAZY, Role.PORTS_LAZY)}
        self.element = ""
        self.waits = False

    def block(self, statements: list[ast.stmt]) -> Program:
        parts: list[Program] = []
        left = list(statements)
        while left:
            statement = left.pop(0)
            if isinstance(statement, ast.With | ast.AsyncWith) and left and self._asks_whether_cut(statement, left[0]):
                asked = left.pop(0)
                assert isinstance(asked, ast.If)
                inside, cut, whole = self.block(statement.body), self.block(asked.body), self.block(asked.orelse)
                self.waits = self.waits or isinstance(statement, ast.AsyncWith)
                parts.append(Guard(inside, (cut,), whole))
            else:
                parts.append(self.statement(statement))
        return _steps(*parts)

    def statement(self, at: ast.stmt) -> Program:
        match at:
            case ast.Expr(value=ast.Await(value=ast.Call() as call)) if (program := self._call(call)) is not None:
                return program
            case ast.Return():
                return self._return(at.value)
            case ast.If():
                test = self._test(at.test)
                return _steps(MAY_FAIL, Either((self.block(at.body), self.block(at.orelse)), test))
            case ast.For() | ast.AsyncFor() | ast.While():
                return self._loop(at)
            case ast.Try():
                handlers = tuple(self.block(handler.body) for handler in at.handlers)
                return Guard(self.block(at.body), handlers, self.block(at.orelse), self.block(at.finalbody))
            case ast.With() | ast.AsyncWith():
                self.waits = self.waits or isinstance(at, ast.AsyncWith)
                for item in at.items:
                    self._plain(item.context_expr)
                inside = _steps(MAY_FAIL, self.block(at.body))
                return Guard(inside, (Steps(),)) if any(map(_may_swallow, at.items)) else inside
            case ast.Match():
                self._plain(at.subject)
                cases: list[Program] = [self.block(case.body) for case in at.cases]
                return Either((*cases, Steps()))
            case ast.Raise():
                return Atom("raise")
            case ast.Break():
                return Atom("break")
            case ast.Continue():
                return Atom("continue")
            case ast.Pass() | ast.Global() | ast.Nonlocal() | ast.Import() | ast.ImportFrom():
                return Steps()
            case _:
                self._plain(at)
                return MAY_FAIL

    def _plain(self, at: ast.AST) -> None:
        """Code that has nothing to do with exec outputs, which it must not mention."""
        known = {*self.outputs, *self.groups, self.element}
        for each in ast.walk(at):
            if isinstance(each, ast.Name) and each.id in known:
                raise _Unreadable(each.id)
            if isinstance(each, ast.Await) and not self._pulls(each.value):
                self.waits = True

    def _pulls(self, at: ast.expr) -> bool:
        return isinstance(at, ast.Call) and isinstance(at.func, ast.Name) and at.func.id in self.lazy

    def _call(self, call: ast.Call) -> Program | None:
        """`body()` or `then[name]()`."""
        if call.args or call.keywords:
            return None
        match call.func:
            case ast.Name(id=name) if name in self.outputs:
                return Call(self.outputs[name])
            case ast.Name(id=name) if name == self.element and name:
                return Call(ELEMENT)
            case ast.Subscript(value=ast.Name(id=name), slice=key) if name in self.groups:
                self._plain(key)
                return Each(name, Either((Steps((Call(ELEMENT), Atom("break"))), MAY_FAIL)))
        return None

    def _return(self, value: ast.expr | None) -> Program:
        match value:
            case None | ast.Constant(value=None):
                return Give(nothing=True)
            case ast.Name(id=name) if name in self.outputs:
                return Give((self.outputs[name],))
            case ast.Name(id=name) if name == self.element and name:
                return Give((ELEMENT,))
            case ast.Subscript(value=ast.Name(id=name), slice=key) if name in self.groups:
                self._plain(key)
                return Give(groups=(name,))
            case ast.IfExp(test=test, body=one, orelse=other):
                self._plain(test)
                return _steps(MAY_FAIL, Either((self._return(one), self._return(other))))
        self._plain(value)
        return _steps(MAY_FAIL, Give(nothing=True))

    def _test(self, at: ast.expr) -> Test | None:
        match at:
            case ast.Name(id=name) if name in self.entered:
                return Test(self.entered[name], True)
            case ast.Name(id=name) if name in self.groups:
                return Test(name, False)
            case ast.UnaryOp(op=ast.Not(), operand=operand) if (test := self._test(operand)) is not None:
                return Test(test.name, test.is_input, not test.negated)
        self._plain(at)
        return None

    def _loop(self, at: ast.For | ast.AsyncFor | ast.While) -> Program:
        if isinstance(at, ast.While):
            forever = isinstance(at.test, ast.Constant) and bool(at.test.value)
            self._plain(at.test)
            return _steps(MAY_FAIL, Repeat(_steps(self.block(at.body), MAY_FAIL), forever, self.block(at.orelse)))
        self.waits = self.waits or isinstance(at, ast.AsyncFor)
        match at.iter, at.target:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="values"), args=[]), ast.Name(id=element):
                pass
            case (
                ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="items"), args=[]),
                ast.Tuple(elts=[_, ast.Name(id=element)]),
            ):
                pass
            case _:
                name = element = ""
        if name not in self.groups or at.orelse:
            self._plain(at.iter)
            return _steps(MAY_FAIL, Repeat(_steps(MAY_FAIL, self.block(at.body)), False, self.block(at.orelse)))
        before, self.element = self.element, element
        body = self.block(at.body)
        self.element = before
        return Each(name, body)

    def _asks_whether_cut(self, at: ast.With | ast.AsyncWith, behind: ast.stmt) -> bool:
        """Whether the statement behind a `with ... as scope` asks for `scope.cancelled_caught`, and nothing else."""
        match behind, at.items:
            case (
                ast.If(test=ast.Attribute(value=ast.Name(id=asked), attr="cancelled_caught")),
                [ast.withitem(context_expr=opened, optional_vars=ast.Name(id=named))],
            ) if asked == named:
                self._plain(opened)
                return True
        return False


def _may_swallow(item: ast.withitem) -> bool:
    """Whether code behind a `with` may run although what is inside was cut off."""
    opened = item.context_expr
    name = opened.func if isinstance(opened, ast.Call) else opened
    said = name.attr if isinstance(name, ast.Attribute) else name.id if isinstance(name, ast.Name) else ""
    return said not in _SWALLOWS_NOT
