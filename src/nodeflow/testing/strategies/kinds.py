"""Node types, drawn: any mix of inputs, options, outputs and exec outputs, plain and async."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen
from hypothesis import strategies as st

from nodeflow.node import ExecOut, Lazy, NodeContext, NodeType, Out, State, data_node, exec_node, initially
from nodeflow.testing.sample_nodes import digest

TYPES: Final[dict[Any, Callable[[int], Any]]] = {
    int: lambda n: n,
    float: lambda n: n / 2,
    str: str,
    bool: lambda n: n % 2 == 1,
    list[int]: lambda n: [n] * (n % 3),
    dict[str, Any]: lambda n: {f"k{n % 3}": n},
    Any: lambda n: n,
}
"""Types of sockets, and how a value of each is made of a number."""

_WORDS: Final = ("left", "right", "upper", "lower")


@frozen
class _Shape:
    """What a node type is to look like."""

    inputs: list[tuple[Any, bool]]
    outputs: list[Any]
    exits: int
    waits: bool
    lazy: bool
    counts: bool
    volatile: bool


_shapes = st.builds(
    _Shape,
    inputs=st.lists(st.tuples(st.sampled_from([*TYPES]), st.booleans()), max_size=4),
    outputs=st.lists(st.sampled_from([*TYPES]), max_size=3),
    exits=st.integers(1, 3),
    waits=st.booleans(),
    lazy=st.booleans(),
    counts=st.booleans(),
    volatile=st.booleans(),
)


def node_types(*, exec: bool | None = None, name: str = "drawn.node") -> st.SearchStrategy[NodeType]:
    """Node types whose bodies compute digests of what they are given, as `nodeflow.testing.sample_nodes` do.

    Args:
        exec: Only exec nodes, or only data nodes; None: both.
        name: What each is called; a document that uses several needs several strategies with names of their own.
    """
    makers = [_exec] if exec else [_data] if exec is False else [_data, _exec]
    return st.builds(lambda maker, shape: maker(name, shape), st.sampled_from(makers), _shapes)


def _inputs(shape: _Shape) -> dict[str, tuple[Any, Any]]:
    """Annotation and default of each input, by name; those without a default come first."""
    found = {}
    for word, (kind, required) in zip(_WORDS, sorted(shape.inputs, key=lambda each: not each[1]), strict=False):
        found[word] = (kind, inspect.Parameter.empty if required else TYPES[kind](1))
    return found


def _declared(function: Any, positional: dict[str, Any], keywords: dict[str, Any], returns: Any) -> Any:
    """Give a function the signature that a node's author would have written."""
    empty = inspect.Parameter.empty
    parameters = [
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        for name, (_, default) in positional.items()
    ]
    parameters += [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=empty) for name in keywords]
    function.__signature__ = inspect.Signature(parameters)
    annotations = {name: kind for name, (kind, _) in positional.items()} | keywords
    function.__annotations__ = annotations | {"return": returns}
    return function


def _data(name: str, shape: _Shape) -> NodeType:
    kind = shape.outputs[0] if shape.outputs else int
    inputs = _inputs(shape)

    def plain(*values: Any) -> Any:
        return TYPES[kind](digest(name, *values))

    async def waits(ctx: NodeContext, *values: Any) -> Any:
        await ctx.sleep(1)
        return TYPES[kind](digest(name, *values))

    body = _declared(plain, inputs, {}, kind)
    if shape.waits:
        body = _declared(waits, {"ctx": (NodeContext, inspect.Parameter.empty), **inputs}, {}, kind)
    return data_node(name, volatile=shape.volatile)(body)


def _exec(name: str, shape: _Shape) -> NodeType:
    given = _inputs(shape)
    if shape.waits:
        given = {"ctx": (NodeContext, inspect.Parameter.empty), **given}
        if shape.lazy:
            given["asked"] = (Lazy[Any], initially(0))
    if shape.counts:
        given["seen"] = (State[int], initially(0))
    outputs = {f"out_{i}": kind for i, kind in enumerate(shape.outputs)}
    exits = ["exit", *(f"exit_{i}" for i in range(1, shape.exits))]
    keywords = {key: Out[kind] for key, kind in outputs.items()} | dict.fromkeys(exits, ExecOut)  # type: ignore[valid-type]

    def finish(values: list[Any], handles: dict[str, Any]) -> ExecOut:
        if shape.counts:
            state = values.pop()
            state.set(state.value + 1)
            values.append(state.value)
        number = digest(name, *values)
        for key, kind in outputs.items():
            handles[key].set(TYPES[kind](number))
        chosen: ExecOut = handles[exits[number % len(exits)]]
        return chosen

    def plain(*values: Any, **handles: Any) -> ExecOut:
        return finish([*values], handles)

    async def waits(*values: Any, **handles: Any) -> ExecOut:
        ctx, *found = values
        await ctx.sleep(1)
        if shape.lazy:
            place = len(found) - (2 if shape.counts else 1)
            found[place] = await found[place]()
        return finish(found, handles)

    return exec_node(name)(_declared(waits if shape.waits else plain, given, keywords, ExecOut))
