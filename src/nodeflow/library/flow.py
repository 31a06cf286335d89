"""Control flow: where a run starts, decisions, sequences, jumps, telling.

Everything here is written with `nodeflow.node` alone, like any author's node: fan-out, batch and gosub too. The other
modules of the category are `flow_calls`, `flow_loops`, `flow_failing`, `flow_parallel`, `flow_memory`, `flow_pacing`
and `flow_streams`; their nodes are found here too.
"""

from __future__ import annotations

from typing import Any, Final

from nodeflow.library.equality import same
from nodeflow.library.flow_calls import gosub, return_, set_output
from nodeflow.library.flow_failing import error_text, fail, retry, timeout, try_
from nodeflow.library.flow_loops import (
    do_while,
    for_,
    for_each,
    for_each_entry,
    for_range,
    reduce,
    repeat_until,
    while_,
)
from nodeflow.library.flow_memory import collect, counter, flip_flop, gate, once, wait_for_n
from nodeflow.library.flow_pacing import debounce, delay, rate_limit, semaphore, throttle
from nodeflow.library.flow_parallel import MERGES, batch, fan_in, fan_out, race
from nodeflow.library.flow_streams import merge_streams, stream, window
from nodeflow.library.inputs import check_choice
from nodeflow.library.printing import line_of
from nodeflow.model import UNSET
from nodeflow.node import (
    ExecOut,
    Jump,
    Lazy,
    NodeContext,
    Option,
    Placing,
    Ports,
    exec_node,
    port_name,
    ports_from,
)
from nodeflow.values import ANY, SocketType, parse_type

__all__ = [
    "MERGES",
    "batch",
    "break_",
    "choose",
    "collect",
    "continue_",
    "counter",
    "debounce",
    "delay",
    "do_while",
    "error_text",
    "fail",
    "fan_in",
    "fan_out",
    "flip_flop",
    "for_",
    "for_each",
    "for_each_entry",
    "for_range",
    "gate",
    "gosub",
    "if_",
    "log",
    "marker",
    "match",
    "merge_streams",
    "once",
    "print",
    "print_",
    "race",
    "rate_limit",
    "reduce",
    "repeat_until",
    "retry",
    "return_",
    "semaphore",
    "sequence",
    "set_output",
    "start",
    "stream",
    "switch",
    "throttle",
    "timeout",
    "try_",
    "wait_for_n",
    "while_",
    "window",
]


_Named = tuple[str, SocketType, Any]
"""Name, type and default of a socket."""

_BOOL: Final = parse_type("bool")


@exec_node("flow.start", entry=True)
def start() -> None:
    """Where a workflow starts; several start nodes run side by side.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(start).exits
        ['exit']
    """


@exec_node("flow.if")
def if_(condition: bool = False, *, true: ExecOut, false: ExecOut) -> ExecOut:
    """Go on at `true` or at `false`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(if_, condition=True).exits
        ['true']
    """
    return true if condition else false


@exec_node("flow.switch")
def switch(
    cases: Option[list[Any]],
    value: Any = None,
    *,
    case: Ports[ExecOut] = ports_from("cases"),
    default: ExecOut,
) -> ExecOut:
    """Go on at the output of the case that equals `value`, else at `default`.

    Args:
        cases: Literals; each has an output of its name, none the output `none`, the empty text `empty`.
        value: Compared with each as by `logic.equal`: a number never equals a text.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(switch, cases=["red", 7], value=7).exits
        ['7']
        >>> try_node(switch, cases=["red", 7], value="7").exits
        ['default']
    """
    for literal in cases:
        if same(literal, value):
            return case.get(port_name(literal), default)  # one that is called `default` shares its output
    return default


def _conditions(placing: Placing) -> list[_Named]:
    """The inputs of `flow.choose`: one per condition."""
    return [(name, _BOOL, False) for name in _names(placing, "conditions")]


def _cases(placing: Placing) -> list[_Named]:
    """The inputs of `flow.match`: one per case."""
    return [(name, ANY, UNSET) for name in _names(placing, "cases", "value")]


def _names(placing: Placing, option: str, *taken: str) -> list[str]:
    """The names that an option lists, of which each has an input and an exec output."""
    found = dict.fromkeys(map(port_name, placing.options.get(option) or ()))
    for name in (option, "enter", "default", *taken):
        if name in found:
            raise ValueError(f"{name!r} is the name of another socket of this node; choose another in `{option}`")
    return [*found]


@exec_node("flow.choose")
async def choose(
    conditions: Option[list[str]],
    when: Ports[Lazy[bool]] = ports_from(_conditions),
    *,
    then: Ports[ExecOut] = ports_from("conditions"),
    default: ExecOut,
) -> ExecOut:
    """Go on at the output of the first condition that holds, else at `default`.

    Args:
        conditions: Names; each has an input and an output of its name.
        when: The conditions. They are pulled in order, until one holds.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(choose, conditions=["cold", "warm", "hot"], warm=True, hot=True).exits
        ['warm']
    """
    for name, holds in when.items():
        if await holds():
            return then[name]
    return default


@exec_node("flow.match")
async def match(
    cases: Option[list[str]],
    value: Any = None,
    against: Ports[Lazy[Any]] = ports_from(_cases),
    *,
    case: Ports[ExecOut] = ports_from("cases"),
    default: ExecOut,
) -> ExecOut:
    """Go on at the output of the first case whose input equals `value`, else at `default`.

    For cases that are known when the graph is drawn there is `flow.switch`.

    Args:
        cases: Names; each has an input and an output of its name.
        value: Compared with each as by `logic.equal`: a number never equals a text.
        against: What the value is compared with. They are pulled in order, until one equals it.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(match, cases=["mine", "yours"], value="Ada", mine="Grace", yours="Ada").exits
        ['yours']
    """
    for name, pull in against.items():
        if same(await pull(), value):
            return case[name]
    return default


@exec_node("flow.sequence")
async def sequence(steps: Option[list[str]], *, step: Ports[ExecOut] = ports_from("steps")) -> None:
    """Run each step to its end, one after the other.

    Args:
        steps: Names; each has an output of its name.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(sequence, steps=["first", "second"]).exits
        ['first', 'second']
    """
    for run in step.values():
        await run()


@exec_node("flow.break", jump=Jump.BREAK)
def break_() -> None:
    """End the nearest loop of this flow thread; it goes on at the loop's `exit`.

    Example:
        >>> import nodeflow as nf
        >>> wf = nf.Workflow("main")
        >>> loop, stop = wf.add(for_, times=1000), wf.add(break_)
        >>> wf.add(start) >> loop
        <placed for>
        >>> loop.body >> stop
        <placed break>
        >>> nf.run_sync(wf).value("for", "index")
        0
    """


@exec_node("flow.continue", jump=Jump.CONTINUE)
def continue_() -> None:
    """End this round of the nearest loop of this flow thread.

    Example:
        >>> import nodeflow as nf
        >>> wf = nf.Workflow("main")
        >>> loop, steps = wf.add(for_, times=3), wf.add(sequence, steps=["skip", "never"])
        >>> wf.add(start) >> loop
        <placed for>
        >>> loop.body >> steps
        <placed sequence>
        >>> steps["skip"] >> wf.add(continue_)
        <placed continue>
        >>> steps["never"] >> wf.add(fail)
        <placed fail>
        >>> nf.run_sync(wf).value("for", "index")
        2
    """


@exec_node("flow.print")
def print_(ctx: NodeContext, value: Any = None, label: str = "", style: Option[str] = "plain") -> None:
    """Print one line: the value as text, behind its label if it has one.

    Args:
        style: How values become text: `plain`, or `dotnet`, which writes `True` and `1E+20`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(print_, value=[1, 2], label="found").printed
        ['found: [1,2]']
    """
    ctx.feedback(line_of(value, label, style), "print", value)


print = print_


@exec_node("flow.log")
def log(ctx: NodeContext, message: str = "", level: Option[str] = "info") -> None:
    """Tell observers something, at a level: `debug`, `info`, `warning` or `error`.

    Args:
        level: How much it matters: `debug`, `info`, `warning` or `error`.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(log, message="nearly full", level="warning").told
        [('warning', 'nearly full')]
    """
    check_choice("level", level, "debug", "info", "warning", "error")
    ctx.feedback(message, level)


@exec_node("flow.marker")
def marker(ctx: NodeContext, name: Option[str] = "") -> None:
    """A named point: observers are told that it was reached, at the level `marker`.

    Args:
        name: What they are told; its own id, unless said.

    Example:
        >>> from nodeflow.testing import try_node
        >>> try_node(marker, name="halfway").told
        [('marker', 'halfway')]
    """
    ctx.feedback(name or ctx.node_id, "marker")
