"""Random values, drawn anew for each pull.

Where they come from the host decides: `nf.run(..., services=[Seed(7)])` makes runs repeat, whatever the schedule, a
`random.Random` is used as it is, and without either they come from the operating system.
"""

from __future__ import annotations

import builtins
import math
from random import Random, SystemRandom
from typing import Any, Final

from attrs import frozen

from nodeflow.library.inputs import check_choice
from nodeflow.node import NodeContext, Option, State, data_node, initially
from nodeflow.services import Seed
from nodeflow.values import short

MAX_TEXT: Final = 10_000
"""The most characters that `random.text` draws."""

LETTERS_AND_DIGITS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

_UNSEEDED: Final = SystemRandom()


def source_of(ctx: NodeContext, draws: State[int]) -> Random:
    """Where this draw comes from.

    With a `Seed`, a source for this draw alone: it depends on the seed, on where in the tree of contexts the node
    runs, on the node, and on how many draws its flow thread has seen; never on what else runs meanwhile.

    Args:
        ctx: The node's context.
        draws: The node's local state, which counts its draws.
    """
    try:
        seed = ctx.service(Seed)
    except LookupError:
        try:
            return ctx.service(Random)
        except LookupError:
            return _UNSEEDED
    number = draws.update(lambda before: before + 1)
    return Random(
        f"{seed.value!r}\n{ctx.context_path}\n{ctx.node_id}\n{number}"
    )  # a text, as its hash is the same everywhere


# --- numbers ------------------------------------------------------------------------------------------


@data_node("random.uniform", volatile=True)
def uniform(ctx: NodeContext, low: float = 0.0, high: float = 1.0, draws: State[int] = initially(0)) -> float:
    """A number between `low` and `high`, all equally likely. Fails with `ValueError` if they are not finite.

    >>> from nodeflow.testing import try_node
    >>> 10 <= try_node(uniform, low=10, high=20, services=[Seed(7)]).result <= 20
    True
    """
    if not math.isfinite(high - low):
        raise ValueError(f"`low` ({short(low)}) and `high` ({short(high)}) must be finite, and not too far apart")
    return source_of(ctx, draws).uniform(low, high)


@data_node("random.normal", volatile=True)
def normal(ctx: NodeContext, mean: float = 0.0, deviation: float = 1.0, draws: State[int] = initially(0)) -> float:
    """A number around `mean`, normally distributed. Fails with `ValueError` unless both inputs are finite.

    Args:
        deviation: The standard deviation: two thirds of the numbers are nearer than that. Not negative.

    >>> from nodeflow.testing import try_node
    >>> try_node(normal, mean=5, deviation=0).result
    5.0
    """
    if not math.isfinite(mean) or not 0 <= deviation < math.inf:
        raise ValueError(f"there is no normal distribution with mean {short(mean)} and deviation {short(deviation)}")
    return source_of(ctx, draws).normalvariate(mean, deviation)


@data_node("random.integer", volatile=True)
def integer(
    ctx: NodeContext,
    min: int = 0,
    max: int = 100,
    inclusive: Option[bool] = False,
    draws: State[int] = initially(0),
) -> int:
    """A whole number from `min` up to `max`, without `max` itself; `min` if both are the same.

    Fails with `ValueError` if `min` is above `max`.

    Args:
        inclusive: `max` may be drawn too.

    >>> from nodeflow.testing import try_node
    >>> try_node(integer, min=1, max=6, inclusive=True, services=[Seed(7)]).result in range(1, 7)
    True
    """
    if min > max:
        raise ValueError(f"`min` ({short(min)}) is greater than `max` ({short(max)})")
    end = max + 1 if inclusive or min == max else max
    return source_of(ctx, draws).randrange(min, end)


@data_node("random.boolean", volatile=True)
def boolean(ctx: NodeContext, probability: float = 0.5, draws: State[int] = initially(0)) -> bool:
    """True with that probability: never at 0 and less, always at 1 and more. NaN is never.

    >>> from nodeflow.testing import try_node
    >>> try_node(boolean, probability=1).result, try_node(boolean, probability=0).result
    (True, False)
    """
    return source_of(ctx, draws).random() < probability


# --- from a list --------------------------------------------------------------------------------------


@frozen
class Chosen:
    """What was chosen."""

    result: Any
    index: int


@data_node("random.choice", volatile=True)
def choice(
    ctx: NodeContext,
    list: builtins.list[Any] = [],  # noqa: B006 - values are never changed
    empty: Option[str] = "error",
    draws: State[int] = initially(0),
) -> Chosen:
    """One item of a list, and its index. Fails with `IndexError` if there is none.

    Args:
        empty: What an empty list gives: `error`, or `none` for none and the index -1.

    >>> from nodeflow.testing import try_node
    >>> try_node(choice, list=["a"]).outputs
    {'result': 'a', 'index': 0}
    """
    check_choice("empty", empty, "error", "none")
    if not list:
        if empty == "none":
            return Chosen(None, -1)
        raise IndexError("there is nothing to choose: the list is empty")
    index = source_of(ctx, draws).randrange(len(list))
    return Chosen(list[index], index)


@data_node("random.sample", volatile=True)
def sample(
    ctx: NodeContext,
    list: builtins.list[Any] = [],  # noqa: B006
    count: int = 1,
    draws: State[int] = initially(0),
) -> builtins.list[Any]:
    """`count` items of a list, each at most once, in random order. Fails with `ValueError` if it has fewer.

    >>> from nodeflow.testing import try_node
    >>> sorted(try_node(sample, list=[1, 2, 3], count=3).result)
    [1, 2, 3]
    """
    if not 0 <= count <= len(list):
        raise ValueError(f"`count` must be from 0 to {len(list)}, as many as there are items, not {short(count)}")
    return source_of(ctx, draws).sample(list, count)


@data_node("random.shuffle", volatile=True)
def shuffle(
    ctx: NodeContext,
    list: builtins.list[Any] = [],  # noqa: B006
    draws: State[int] = initially(0),
) -> builtins.list[Any]:
    """The items of a list in random order.

    >>> from nodeflow.testing import try_node
    >>> sorted(try_node(shuffle, list=[3, 1, 2]).result)
    [1, 2, 3]
    """
    return source_of(ctx, draws).sample(list, len(list))


# --- texts --------------------------------------------------------------------------------------------


@data_node("random.text", volatile=True)
def text(
    ctx: NodeContext,
    length: int = 8,
    alphabet: str = LETTERS_AND_DIGITS,
    outside: Option[str] = "error",
    draws: State[int] = initially(0),
) -> str:
    """A text of random characters. Fails with `ValueError` for a length below 0 or above 10,000.

    Args:
        alphabet: The characters that it is made of. One that stands there twice is drawn twice as often.
        outside: What another length gives: `error`, or `clamp` for a text of 0 or 10,000 characters.

    >>> from nodeflow.testing import try_node
    >>> try_node(text, length=3, alphabet="x").result
    'xxx'
    """
    check_choice("outside", outside, "error", "clamp")
    size = max(0, min(length, MAX_TEXT))
    if size != length and outside == "error":
        raise ValueError(f"`length` must be from 0 to {MAX_TEXT}, not {short(length)}")
    if size and not alphabet:
        raise ValueError("`alphabet` is empty: there is no character to draw")
    return "".join(source_of(ctx, draws).choices(alphabet, k=size)) if size else ""


@data_node("random.uuid", volatile=True)
def uuid(ctx: NodeContext, draws: State[int] = initially(0)) -> str:
    """A random UUID (version 4), as text.

    >>> from nodeflow.testing import try_node
    >>> len(try_node(uuid).result)
    36
    """
    from uuid import UUID  # not at the top: it looks at the platform, which takes time

    return str(UUID(int=source_of(ctx, draws).getrandbits(128), version=4))
