"""The signature is the node: turns a function into the description of a node type.

A bad signature fails here, at the line that declares it, and says what would be right.
"""

from __future__ import annotations

import enum
import functools
import inspect
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import frozen

from nodeflow import sockets
from nodeflow.docstring import arguments_of, read_docstring
from nodeflow.errors import ConversionError, DeclarationError
from nodeflow.model import UNSET
from nodeflow.sockets import Kind, PortsFrom, Pull, Refers, Socket
from nodeflow.values import ANY, LIST, Fit, SocketType, fit, short, type_from_annotation


class Role(enum.Enum):
    """What a body's parameter is given."""

    INPUT = "value of a data input"
    LAZY = "handle of a lazy input"
    RESULT = "handle of a result input"
    OPTION = "value of an option"
    OUT = "handle of a data output"
    ITEM = "marker of a data output that differs per thread"
    EXEC_IN = "whether it fired"
    EXEC_OUT = "handle of an exec output"
    STATE = "handle of a state"
    STREAM = "handle of a stream output"
    PORTS_IN = "values of a group of data inputs"
    PORTS_LAZY = "handles of a group of lazy inputs"
    PORTS_OUT = "handles of a group of data outputs"
    PORTS_EXEC = "handles of a group of exec outputs"
    CONTEXT = "the node context"
    ARRIVALS = "what the branches brought"


_HANDLES: dict[type, Role] = {
    sockets.Lazy: Role.LAZY,
    sockets.Result: Role.RESULT,
    sockets.Out: Role.OUT,
    sockets.Item: Role.ITEM,
    sockets.ExecIn: Role.EXEC_IN,
    sockets.ExecOut: Role.EXEC_OUT,
    sockets.Branch: Role.EXEC_OUT,
    sockets.State: Role.STATE,
    sockets.SharedState: Role.STATE,
    sockets.Stream: Role.STREAM,
    sockets.Arrivals: Role.ARRIVALS,
}

_ON_THE_WAY_BACK = (Role.OUT, Role.ITEM, Role.EXEC_OUT, Role.PORTS_OUT, Role.PORTS_EXEC, Role.STREAM)
_NEEDS_ASYNC = (Role.LAZY, Role.STREAM, Role.PORTS_LAZY)


@frozen
class Parameter:
    """One parameter of a body: what it is given, and the socket or group that it stands for."""

    name: str
    role: Role
    keyword: bool
    socket: Socket | None = None
    group: PortGroup | None = None
    shared: bool = False
    initial: Any = UNSET


@frozen
class PortGroup:
    """A `Ports` parameter: sockets like `pattern`, under names that the graph decides."""

    name: str
    pattern: Socket
    source: PortsFrom | None = None


@frozen
class Signature:
    """What a function says about its node type.

    Attributes:
        results: The data outputs that the return value is spread over, by field name; `result` for one value.
        docstrings: As they stand in the source, of the function and of its class; read when somebody asks.
        fields: Names of the attributes to read from the return value, or None where it is the value itself.
    """

    parameters: tuple[Parameter, ...]
    results: tuple[Socket, ...]
    fields: tuple[str, ...] | None
    returns_exec: bool
    docstrings: tuple[str | None, ...]
    never_returns: bool = False
    says_result: bool = True

    @property
    def doc(self) -> str:
        """What it does, in words."""
        return next(filter(None, (read_docstring(inspect.cleandoc(each or "")).prose for each in self.docstrings)), "")

    @property
    def example(self) -> str:
        """Doctests."""
        return next(
            filter(None, (read_docstring(inspect.cleandoc(each or "")).example for each in self.docstrings)), ""
        )


def read_signature(
    function: Callable[..., Any], context_type: type, *, method: bool = False, names: Mapping[str, Any]
) -> Signature:
    """Read a body's signature.

    Args:
        function: The body, or the unbound `run` of a class.
        context_type: The class that stands for "give me the node context".
        method: Whether the first parameter is `self`.
        names: Local names of the place of declaration, for annotations that use them.

    Raises:
        DeclarationError: For anything that cannot be a node, naming function and parameter.
    """
    where = place_of(function)
    try:
        hints = _hints(_annotated(function), names)
    except Exception as error:
        raise DeclarationError(f"{where}: an annotation cannot be resolved: {error}") from error
    documented = _annotated(function).__doc__
    argument_docs = arguments_of(documented)
    parameters = _parameters(function)[1 if method else 0 :]
    read = [
        _parameter(p, hints.get(p.name, Any), argument_docs.get(p.name, ""), context_type, where) for p in parameters
    ]
    results, fields, returns_exec = _results(function, hints, where, argument_docs)
    never = hints.get("return") in (typing.NoReturn, typing.Never)
    signature = Signature(tuple(read), results, fields, returns_exec, (documented,), never, "return" in hints)
    _check_names(signature, where)
    _check_groups(signature, where)
    return signature


def _annotated(function: Callable[..., Any]) -> Callable[..., Any]:
    """What has the annotations: the function behind a partial, the `__call__` of an object."""
    while isinstance(function, functools.partial):
        function = function.func
    if inspect.isfunction(function) or inspect.ismethod(function):
        return function
    return type(function).__call__


def _hints(function: Callable[..., Any], names: Mapping[str, Any]) -> dict[str, Any]:
    """What `typing.get_type_hints` gives, at a tenth of the price: it compiles each annotation anew."""
    scope = typing.cast(types.FunctionType, inspect.unwrap(function)).__globals__
    hints = {}
    for name, annotation in function.__annotations__.items():
        if isinstance(annotation, str):
            annotation = eval(_compiled(annotation), scope, names)  # what the author of the node wrote
        hints[name] = type(None) if annotation is None else annotation
    if any(not isinstance(hint, type) and _names_inside(hint) for hint in hints.values()):
        return typing.get_type_hints(_Annotated(hints, scope), localns=dict(names), include_extras=True)
    return hints


def _names_inside(annotation: Any) -> bool:
    """Whether something in an annotation is still text, as in `list["Order"]`."""
    try:
        return _has_names(annotation)
    except TypeError:
        return True  # it has no hash


@functools.lru_cache(1024)
def _has_names(annotation: Any) -> bool:
    todo = [annotation]
    while todo:
        part = todo.pop()
        if isinstance(part, str | typing.ForwardRef):
            return True
        if typing.get_origin(part) is not typing.Literal:
            todo.extend(typing.get_args(part))
    return False


class _Annotated:
    """Looks like a function to `typing.get_type_hints`."""

    def __init__(self, annotations: dict[str, Any], scope: dict[str, Any]) -> None:
        self.__annotations__ = annotations
        self.__globals__ = scope


@functools.lru_cache(1024)
def _compiled(annotation: str) -> types.CodeType:
    """Most annotations are one of a few: `int`, `Any`, `ExecOut`."""
    return compile(annotation, "<annotation>", "eval")


def place_of(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


def _parameters(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """As `inspect.signature` has them; of plain functions at a third of the price."""
    code = getattr(function, "__code__", None)
    if type(function) is not types.FunctionType or code is None or function.__dict__ or code.co_flags & _STARRED:
        return list(inspect.signature(function).parameters.values())
    names, count = code.co_varnames, code.co_argcount
    defaults = dict(zip(reversed(names[:count]), reversed(function.__defaults__ or ()), strict=False))
    defaults.update(function.__kwdefaults__ or {})
    kinds = [_POSITIONAL] * count + [_KEYWORD] * code.co_kwonlyargcount
    empty = inspect.Parameter.empty
    return [
        inspect.Parameter(name, kind, default=defaults.get(name, empty))
        for name, kind in zip(names, kinds, strict=False)
    ]


_POSITIONAL, _KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
_STARRED = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS


def _parameter(parameter: inspect.Parameter, annotation: Any, doc: str, context_type: type, where: str) -> Parameter:
    here = f"{where}, parameter {parameter.name!r}"
    if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
        raise DeclarationError(f"{here}: a node has no * parameters; for sockets that the graph names use Ports[...]")
    keyword = parameter.kind is parameter.KEYWORD_ONLY
    default = UNSET if parameter.default is parameter.empty else parameter.default
    name = parameter.name.rstrip("_") or parameter.name
    origin = typing.get_origin(annotation) or annotation
    if origin is context_type:
        return Parameter(parameter.name, Role.CONTEXT, keyword)
    if origin is sockets.Ports:
        return _ports(parameter.name, name, annotation, default, doc, keyword, here)
    if origin is typing.Annotated and sockets._Mark.OPTION in annotation.__metadata__:
        return Parameter(parameter.name, Role.OPTION, keyword, _option(name, annotation, default, doc, here))
    role = _HANDLES.get(origin) if isinstance(origin, type) else None
    if role is None:
        kind = _type(annotation, here)
        socket = Socket(name, Kind.DATA_IN, kind, _fitting_default(default, kind, here), doc)
        return Parameter(parameter.name, Role.INPUT, keyword, socket)
    initial = _initial(default, role, here)
    if role is Role.STATE:
        shared = issubclass(origin, sockets.SharedState)
        return Parameter(parameter.name, role, keyword, None, None, shared, None if initial is UNSET else initial)
    if role is Role.ARRIVALS:
        return Parameter(parameter.name, role, keyword)
    return Parameter(parameter.name, role, keyword, _handle(role, origin, name, annotation, initial, doc, here))


def _initial(default: Any, role: Role, here: str) -> Any:
    if isinstance(default, sockets.Initially):
        default = default.value
    elif default is not UNSET and role in (Role.EXEC_OUT, Role.EXEC_IN, Role.STREAM, Role.ARRIVALS):
        raise DeclarationError(f"{here}: this kind of socket has no default")
    return default


def _handle(role: Role, origin: type, name: str, annotation: Any, initial: Any, doc: str, here: str) -> Socket:
    if role is Role.EXEC_OUT:
        return Socket(name, Kind.EXEC_OUT, doc=doc, starts_threads=issubclass(origin, sockets.Branch))
    if role is Role.EXEC_IN:
        return Socket(name, Kind.EXEC_IN, doc=doc)
    inner = typing.get_args(annotation)
    kind = _type(inner[0], here) if inner else ANY
    initial = _fitting_default(initial, kind, here)
    if role is Role.LAZY:
        return Socket(name, Kind.DATA_IN, kind, initial, doc, Pull.LAZY)
    if role is Role.RESULT:
        return Socket(name, Kind.DATA_IN, kind, initial, doc, Pull.RESULT)
    return Socket(name, Kind.DATA_OUT, kind, initial, doc, per_thread=role is Role.ITEM)


def _option(name: str, annotation: Any, default: Any, doc: str, here: str) -> Socket:
    refers = next((Refers(m.value) for m in annotation.__metadata__ if m is not sockets._Mark.OPTION), None)
    kind = _type(annotation.__origin__, here)
    return Socket(name, Kind.OPTION, kind, _fitting_default(default, kind, here), doc, refers=refers)


def _ports(parameter: str, name: str, annotation: Any, default: Any, doc: str, keyword: bool, here: str) -> Parameter:
    inner = (typing.get_args(annotation) or (Any,))[0]
    origin = typing.get_origin(inner) or inner
    if default is not UNSET and not isinstance(default, PortsFrom):
        raise DeclarationError(f"{here}: the default of a Ports group is ports_from(...), not {default!r}")
    source = None if default is UNSET else default
    if isinstance(origin, type) and issubclass(origin, sockets.ExecOut):
        role, pattern = Role.PORTS_EXEC, _handle(Role.EXEC_OUT, origin, name, inner, UNSET, doc, here)
    elif origin is sockets.Lazy:
        role, pattern = Role.PORTS_LAZY, _handle(Role.LAZY, origin, name, inner, UNSET, doc, here)
    elif origin is sockets.Out:
        role, pattern = Role.PORTS_OUT, _handle(Role.OUT, origin, name, inner, UNSET, doc, here)
    else:
        role, pattern = Role.PORTS_IN, Socket(name, Kind.DATA_IN, _type(inner, here), doc=doc)
    return Parameter(parameter, role, keyword, None, PortGroup(name, pattern, source))


def _type(annotation: Any, here: str) -> SocketType:
    try:
        try:
            return _read_type(annotation)
        except TypeError:
            return _type_of(annotation)  # perhaps it only has no hash
    except _HandleInside as found:
        raise DeclarationError(
            f"{here}: {found} stands by itself, not inside of another type; for a group of sockets use Ports[{found}]"
        ) from None
    except (TypeError, ValueError) as error:
        raise DeclarationError(f"{here}: {annotation!r} cannot be the type of a socket: {error}") from error


class _HandleInside(Exception):
    """A handle stands inside of another type; names it."""


def _type_of(annotation: Any) -> SocketType:
    handle = _handle_inside(annotation)
    if handle is not None:
        raise _HandleInside(handle.__name__)
    return type_from_annotation(annotation)


_read_type = functools.lru_cache(1024)(_type_of)


def _handle_inside(annotation: Any) -> type | None:
    """A handle somewhere in an annotation that should be the type of a value."""
    todo = [annotation]
    while todo:
        part = todo.pop()
        origin = typing.get_origin(part) or part
        if isinstance(origin, type) and (origin in _HANDLES or origin is sockets.Ports):
            return origin
        todo.extend(typing.get_args(part))
    return None


def _fitting_default(default: Any, kind: SocketType, here: str) -> Any:
    """The default as the socket's type."""
    if default is UNSET:
        return default
    try:
        return kind.adapt(default)
    except ConversionError as error:
        raise DeclarationError(f"{here}: the default {short(default)} is no {kind.name}: {error}") from error


def _results(
    function: Callable[..., Any], hints: dict[str, Any], where: str, docs: Mapping[str, str]
) -> tuple[tuple[Socket, ...], tuple[str, ...] | None, bool]:
    """The data outputs that come from the return annotation, and whether it is an exec output."""
    if "return" not in hints:
        return (), None, False
    annotation = hints["return"]
    if annotation in (typing.NoReturn, typing.Never):
        return (), None, False
    members = set(typing.get_args(annotation)) if _is_union(annotation) else {annotation}
    plain = members - {type(None)}
    execs = {m for m in plain if isinstance(m, type) and issubclass(m, sockets.ExecOut)}
    if execs:
        _check_returned(function, hints, plain, execs, where)
        return (), None, True
    if not plain:
        return (), None, False
    fields = _fields(annotation)
    if fields is None:
        return (Socket("result", Kind.DATA_OUT, _type(annotation, where), doc=docs.get("result", "")),), None, False
    outputs = tuple(
        Socket(name.rstrip("_") or name, Kind.DATA_OUT, _type(hint, where), doc=docs.get(name, ""))
        for name, hint in fields.items()
    )
    return outputs, tuple(fields), False


def _check_returned(
    function: Callable[..., Any], hints: dict[str, Any], plain: set[Any], execs: set[type], where: str
) -> None:
    if execs != {sockets.ExecOut}:
        raise DeclarationError(f"{where}: a Branch starts flow threads and is never returned; return an ExecOut")
    if plain != execs:
        raise DeclarationError(f"{where}: a body returns an ExecOut or values, not both; set values through Out[T]")
    inner = [typing.get_args(hint)[:1] or (hint,) for name, hint in hints.items() if name != "return"]
    if not any(isinstance(kind, type) and issubclass(kind, sockets.ExecOut) for (kind,) in inner):
        raise DeclarationError(f"{where}: it returns an ExecOut, but has no parameter of that type; an exec_node does")


def _is_union(annotation: Any) -> bool:
    return typing.get_origin(annotation) in (typing.Union, types.UnionType)


def _fields(annotation: Any) -> dict[str, Any] | None:
    """The fields of an attrs class or NamedTuple, which become one output each."""
    if not isinstance(annotation, type):
        return None
    if attrs.has(annotation):
        hints = typing.get_type_hints(annotation)
        return {field.name: hints.get(field.name, Any) for field in attrs.fields(annotation)}
    if issubclass(annotation, tuple) and hasattr(annotation, "_fields"):
        hints = typing.get_type_hints(annotation)
        return {name: hints.get(name, Any) for name in annotation._fields}
    return None


def _check_names(signature: Signature, where: str) -> None:
    for back in (False, True):
        names = [p.socket.name for p in signature.parameters if p.socket and (p.role in _ON_THE_WAY_BACK) is back] + [
            socket.name for socket in signature.results if back
        ]
        if len(set(names)) < len(names):
            twice = sorted({name for name in names if names.count(name) > 1})
            side = "outputs" if back else "inputs"
            raise DeclarationError(f"{where}: two {side} are named {', '.join(map(repr, twice))}")
    streams = [p for p in signature.parameters if p.role is Role.STREAM]
    if len(streams) > 1:
        raise DeclarationError(f"{where}: a node has at most one stream output, not {len(streams)}")


def _check_groups(signature: Signature, where: str) -> None:
    """The option that names a group's sockets must be there, and hold names."""
    options = {p.socket.name: p.socket for p in signature.parameters if p.role is Role.OPTION and p.socket}
    for parameter in signature.parameters:
        source = parameter.group.source if parameter.group else None
        if source is None or source.option is None:
            continue
        here = f"{where}, parameter {parameter.name!r}: ports_from({source.option!r})"
        if source.option not in options:
            raise DeclarationError(f"{here} names no option; options are {', '.join(options) or 'none'}")
        if fit(LIST, options[source.option].type) is Fit.IMPOSSIBLE:
            raise DeclarationError(f"{here}: that option must be a list of names, as Option[list[str]]")


def needs_async(signature: Signature) -> list[str]:
    """Names of the parameters that only an `async def` body can use."""
    return [p.name for p in signature.parameters if p.role in _NEEDS_ASYNC]
