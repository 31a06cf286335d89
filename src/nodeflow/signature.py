"""The signature is the node: turns a function into the description of a node type.

A bad signature fails here, at the line that declares it, and says what would be right.
"""

from __future__ import annotations

import enum
import functools
import inspect
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any

import attrs
from attrs import frozen

from nodeflow import sockets
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

_ON_THE_WAY_BACK = {Role.OUT, Role.ITEM, Role.EXEC_OUT, Role.PORTS_OUT, Role.PORTS_EXEC, Role.STREAM}
_NEEDS_ASYNC = {Role.LAZY, Role.STREAM, Role.PORTS_LAZY}


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
        fields: Names of the attributes to read from the return value, or None where it is the value itself.
    """

    parameters: tuple[Parameter, ...]
    results: tuple[Socket, ...]
    fields: tuple[str, ...] | None
    returns_exec: bool
    doc: str
    never_returns: bool = False
    says_result: bool = True


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
    text, argument_docs = read_docstring(inspect.getdoc(function) or "")
    parameters = list(inspect.signature(function).parameters.values())[1 if method else 0 :]
    read = [
        _parameter(p, hints.get(p.name, Any), argument_docs.get(p.name, ""), context_type, where) for p in parameters
    ]
    results, fields, returns_exec = _results(function, hints, where, argument_docs)
    never = hints.get("return") in (typing.NoReturn, typing.Never)
    signature = Signature(tuple(read), results, fields, returns_exec, text, never, "return" in hints)
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
    """`typing.get_type_hints`, with annotations that are plain text resolved from compiled code: it compiles each."""
    scope = typing.cast(types.FunctionType, inspect.unwrap(function)).__globals__
    resolved = _Resolved({}, scope)
    for name, annotation in inspect.get_annotations(function).items():
        if isinstance(annotation, str):
            annotation = eval(_compiled(annotation), scope, dict(names))  # what the author of the node wrote
        resolved.__annotations__[name] = annotation
    return typing.get_type_hints(resolved, localns=dict(names), include_extras=True)


class _Resolved:
    """Looks like a function to `typing.get_type_hints`, which resolves what is nested in the annotations."""

    def __init__(self, annotations: dict[str, Any], names: dict[str, Any]) -> None:
        self.__annotations__ = annotations
        self.__globals__ = names


@functools.lru_cache(1024)
def _compiled(annotation: str) -> types.CodeType:
    """Most annotations are one of a few: `int`, `Any`, `ExecOut`."""
    return compile(annotation, "<annotation>", "eval")


def place_of(function: Callable[..., Any]) -> str:
    code = getattr(function, "__code__", None)
    name = getattr(function, "__qualname__", repr(function))
    return f"{name} ({code.co_filename}:{code.co_firstlineno})" if code else name


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
    handle = _handle_inside(annotation)
    if handle is not None:
        raise DeclarationError(
            f"{here}: {handle.__name__} stands by itself, not inside of another type; for a group of sockets use "
            f"Ports[{handle.__name__}]"
        )
    try:
        return type_from_annotation(annotation)
    except (TypeError, ValueError) as error:
        raise DeclarationError(f"{here}: {annotation!r} cannot be the type of a socket: {error}") from error


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
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
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


_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Attributes|Example|Examples|Note)s?:\s*$")
_ARGUMENT = re.compile(r"^\s{2,}(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


def read_docstring(text: str) -> tuple[str, dict[str, str]]:
    """Split a Google style docstring into its prose and what it says of each argument.

    >>> read_docstring('Add.\\n\\nArgs:\\n    a: One\\n        number.\\n    b: Another.')
    ('Add.', {'a': 'One number.', 'b': 'Another.'})
    """
    prose: list[str] = []
    found: dict[str, list[str]] = {}
    section = ""
    current: list[str] | None = None
    for line in text.splitlines():
        if heading := _SECTION.match(line):
            section, current = heading.group(1), None
        elif section in ("Args", "Arguments", "Parameters", "Attributes"):
            indent = len(line) - len(line.lstrip())
            if (match := _ARGUMENT.match(line)) and indent <= 4:
                current = found.setdefault(match.group(1), [])
                current.append(match.group(2))
            elif current is not None:
                current.append(line.strip())
        elif not section:
            prose.append(line)
    return "\n".join(prose).strip(), {name: " ".join(filter(None, lines)) for name, lines in found.items()}
