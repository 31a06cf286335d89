"""Simulated runs: the machine, the adapter and the bodies as they are, under a schedule of one's choice."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import define, evolve, field, frozen

from nodeflow.api import compile as compile_document
from nodeflow.errors import NodeFailed
from nodeflow.graph import DataNode, ExecNode
from nodeflow.machine import Limits
from nodeflow.model import Document, HasModel
from nodeflow.registry import Registry
from nodeflow.runtime.events import Event
from nodeflow.runtime.handle import Compiled
from nodeflow.runtime.result import Result
from nodeflow.runtime.run import Run
from nodeflow.testing.simulator.kernel import SimulatedKernel, Task

FAULTS: Final = ("raise", "hang", "cancel", "stop", "deadline", "jump")


class Unsimulated(Exception):
    """A body waits for something of the real world, or of trio, and not through its node context."""


class InjectedFault(Exception):
    """What a body raises where a fault says so."""


@frozen
class Fault:
    """Something that goes wrong at a drawn point.

    Attributes:
        kind: `raise`: the body raises `InjectedFault`. `hang`: an async body waits for ever; if nothing else is left
            to run, the run is cancelled. `cancel`: the context of the flow thread is cancelled. `stop`: the run is
            cancelled. `deadline`: the run's deadline passes. `jump`: the clock jumps ahead by `seconds`.
        at: When: before the how manieth body is called, from 1.
    """

    kind: str
    at: int
    seconds: float = 10.0

    def __attrs_post_init__(self) -> None:
        if self.kind not in FAULTS:
            raise ValueError(f"the kind of a fault is one of {', '.join(FAULTS)}, not {self.kind!r}")


@frozen(eq=False)
class Simulated:
    """What a simulated run came to.

    Attributes:
        result: As of a real run.
        choices: Where more than one task could run: how many could, and which of them did.
        order: Ids of the flow threads in the order in which they called bodies.
        turns: How many turns tasks took.
        raised: What a body raised that is no failure of a node and would have gone on to the host.
    """

    result: Result
    choices: Sequence[tuple[int, int]]
    order: Sequence[int]
    turns: int
    raised: BaseException | None = None

    @property
    def schedule(self) -> list[int]:
        """What replays the run: the choices made, without the zeros at the end."""
        made = [chosen for _, chosen in self.choices]
        while made and made[-1] == 0:
            made.pop()
        return made


@define(eq=False)
class _Turning:
    """Chooses by a list of integers; first in, first out when it is used up."""

    numbers: Sequence[int]
    choices: list[tuple[int, int]] = field(factory=list)

    def __call__(self, ready: Sequence[Task]) -> int:
        at = len(self.choices)
        chosen = self.numbers[at] % len(ready) if at < len(self.numbers) else 0
        self.choices.append((len(ready), chosen))
        return chosen


class Simulator:
    """Compiles a document once, to simulate it often.

    Args:
        document: A document, a workflow, or what `nodeflow.compile` returned.
        registry: The node types it may use; None: the standard ones.
        fine: Flow threads take turns after every step, and not only where they wait.

    >>> import nodeflow as nf
    >>> from nodeflow.library import flow
    >>> wf = nf.Workflow("main")
    >>> race = wf.add(flow.fan_out, branches=["a", "b"])
    >>> wf.add(flow.start) >> race.enter
    fan_out.enter
    >>> for name in ("a", "b"):
    ...     nap, say = wf.add(flow.delay, seconds=1.0), wf.add(flow.print, value=name)
    ...     nap.exit >> (race[name] >> nap.enter and say.enter)
    print.enter
    print_2.enter
    >>> simulator = Simulator(wf)
    >>> simulator.run().result.printed, simulator.run(schedule=[0, 1]).result.printed
    (['a', 'b'], ['b', 'a'])
    """

    def __init__(
        self, document: Document | HasModel | Compiled, *, registry: Registry | None = None, fine: bool = True
    ) -> None:
        if isinstance(document, Compiled):
            document = document.document  # a graph of its own is compiled: its bodies are wrapped
        self.compiled = compile_document(document, registry)
        self.fine = fine
        self._now: _Faults | None = None
        for workflow in self.compiled._graph.workflows.values():
            for node in workflow.nodes.values():
                self._wrap(node)
            for data in workflow.data_nodes.values():
                self._wrap(data)

    def _wrap(self, node: ExecNode | DataNode) -> None:
        """Let faults happen before the body of a placed node."""
        binding = node.binding
        if node.type is None:  # a conversion on a wire has no body
            return
        body, simulator = binding.function, self

        def sync(*values: Any) -> Any:
            faults = simulator._now
            if faults is not None:
                faults.before(node)
            return body(*values)

        async def later(*values: Any) -> Any:
            faults = simulator._now
            if faults is not None and faults.before(node):
                await faults.kernel.sleep(math.inf)
            return await body(*values)

        binding.function = later if node.type.is_async else sync

    def run(
        self,
        *,
        schedule: Sequence[int] = (),
        faults: Iterable[Fault] = (),
        inputs: Mapping[str, Any] | None = None,
        variables: Mapping[str, Any] | None = None,
        services: Iterable[Any] = (),
        limits: Limits | None = None,
        observers: Iterable[Callable[[Event], object]] = (),
        capacities: Mapping[str, int] | None = None,
        elide: bool = False,
        cleanup_timeout: float = 5.0,
        choose: Callable[[Sequence[Task]], int] | None = None,
        watch: Callable[[Run, SimulatedKernel], object] | None = None,
    ) -> Simulated:
        """Simulate one run, however it ends.

        Args:
            schedule: At each point where several tasks can run, which is next: the how manieth, modulo their number,
                of those that can, in the order in which they became able to. Where it is used up: the first.
            faults: What goes wrong, and when.
            choose: Chooses instead of `schedule`.
            watch: Is given the run and the kernel before it starts.

        The other arguments are those of `nodeflow.open_run`. Time is virtual and begins at 0.

        Raises:
            Unsimulated: A body waits for what is not simulated; names it.
            Deadlock: Every flow thread waits for ever.
            Stuck: It took more than a million turns.
        """
        turning = _Turning(schedule)
        chosen: Callable[[Sequence[Task]], int] = choose or turning
        happens = {fault.at: fault for fault in faults}
        if any(fault.kind == "deadline" for fault in happens.values()):
            limits = limits or Limits()
            limits = limits if limits.deadline is not None else evolve(limits, deadline=1e9)
        kernel = SimulatedKernel(chosen, give_up=lambda: happening.give_up())
        run = self._run(kernel, inputs, variables, services, limits, observers, capacities, elide, cleanup_timeout)
        self._now = happening = _Faults(run, kernel, happens)
        if watch is not None:
            watch(run, kernel)
        raised: BaseException | None = None
        try:
            kernel.run(run.main())
        except Exception:
            raise
        except BaseException as error:
            if error is not run.crash:
                raise
            raised = error
        finally:
            self._now = None
            kernel.abandon()
        assert run.result is not None
        _refuse_trio(run.result.error)
        return Simulated(run.result, turning.choices, happening.order, kernel.turns, raised)

    def _run(
        self, kernel: SimulatedKernel, inputs: Any, variables: Any, services: Any, limits: Any, observers: Any,
        capacities: Any, elide: bool, cleanup_timeout: float,
    ) -> Run:  # fmt: skip
        run = self.compiled.prepare(
            inputs=inputs, variables=variables, services=services, limits=limits, observers=observers,
            capacities=capacities, elide=elide, cleanup_timeout=cleanup_timeout, kernel=kernel,
        )  # fmt: skip
        if self.fine:
            run.machine.slice_steps = run.machine.least_steps = 1
            kernel.before_turn = run.machine._grant  # one step a turn, whatever the turn before left
        return run


class _Faults:
    """What goes wrong in one run, and the order in which bodies are called."""

    def __init__(self, run: Run, kernel: SimulatedKernel, faults: Mapping[int, Fault]) -> None:
        self.run = run
        self.kernel = kernel
        self.faults = faults
        self.order: list[int] = []
        self.hanging = False
        self.hung = False

    def give_up(self) -> bool:
        """Everybody waits for a body that hangs because a fault says so: the host cancels the run."""
        if not self.hung:
            return False
        self.hung = False
        self.run.machine.stop("a body hangs")
        self.run.perform()
        return True

    def before(self, node: ExecNode | DataNode) -> bool:
        """A body is about to be called; whether it is to hang."""
        driver: Any = self.kernel.current_task().coroutine
        thread = getattr(driver, "thread", None)
        self.order.append(thread.id if thread is not None else 0)
        fault = self.faults.get(len(self.order))
        if self.hanging and node.type is not None and node.type.is_async:
            self.hanging, self.hung = False, True
            return True
        if fault is None:
            return False
        if fault.kind == "raise":
            raise InjectedFault(f"fault {fault.at}")
        if fault.kind == "hang":
            if node.type is not None and node.type.is_async:
                self.hung = True
                return True
            self.hanging = True  # a plain function cannot: the next body that can, does
        elif fault.kind == "cancel" and thread is not None:
            self.run.machine.cancel(thread.context, f"fault {fault.at}")
            self.run.perform()
        elif fault.kind == "stop":
            self.run.machine.stop(f"fault {fault.at}")
            self.run.perform()
        elif fault.kind == "deadline":
            self.run.deadline_scope.deadline = self.kernel.now
            self.kernel.expire()
        else:
            self.kernel.jump(fault.seconds)
        return False


def _refuse_trio(error: BaseException | None) -> None:
    """Say it in words if a body failed because it called trio itself."""
    todo = [error]
    while todo:
        found = todo.pop()
        if isinstance(found, BaseExceptionGroup):
            todo.extend(found.exceptions)
        elif isinstance(found, NodeFailed):
            cause = found.__cause__
            if isinstance(cause, RuntimeError) and str(cause) == "must be called from async context":
                raise Unsimulated(
                    f"node {found.node!r} ({found.type}) calls trio itself; a body that is to be simulated waits "
                    "through its node context: `await ctx.sleep(1)`, `with ctx.timeout(5)`"
                ) from found
