"""A driver of the machine without trio, clock or tasks: for tests of `nodeflow.machine` alone.

It calls bodies, sends into those that wait, and opens contexts as soon as they are asked for. Whose turn it is, is the
test's choice: `choose` picks one of the flow threads that are ready. Everything that the machine was told and what it
answered is in `transcript`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import nodeflow as nf
from nodeflow.graph import CompiledGraph, compile_graph
from nodeflow.library import standard_registry
from nodeflow.linking import link
from nodeflow.machine import Context, ContextKind, Do, FlowThread, Frame, Limits, Machine, Wish
from nodeflow.machine.records import Evaluation, thread_path
from nodeflow.machine.states import InvariantBroken, RunFact
from nodeflow.machine.tree import Terms
from nodeflow.node import ScopeKind
from nodeflow.registry import Registry
from nodeflow.runtime.binding import bind
from nodeflow.sockets import ExecOut, Lazy, Request, Stream

KINDS = {ScopeKind.FAN_OUT: ContextKind.FAN_OUT, ScopeKind.BATCH: ContextKind.BATCH}


class Stopped(BaseException):
    """What a cancelled body is thrown."""


class Unwound(BaseException):
    """What `break`, `continue` and `return` throw into bodies that wait."""


def compiled(*workflows: Any, **more: Any) -> CompiledGraph:
    """A document compiled for the machine."""
    document = nf.Document(*workflows, **more)
    assert not [f for f in nf.validate(document) if f.severity is nf.Severity.ERROR]
    graph = compile_graph(link(document, Registry(standard_registry(), *document.types.values())))
    bind(graph)
    return graph


class Body(Frame):
    """A frame, and the node context of the body in it."""

    __slots__ = ("coroutine", "request", "run", "thread", "values")

    node: Any

    def __init__(self, node: Any, entered: int, parent: Frame | None) -> None:
        super().__init__(node, entered, parent)
        self.coroutine: Any = None
        self.request: Any = None
        self.run: Any = None
        self.thread: Any = None
        self.values: Any = None

    @property
    def node_id(self) -> str:
        return str(self.node.id)

    @property
    def context_path(self) -> str:
        return thread_path(self.thread)

    @property
    def variables(self) -> Any:
        return Variables(self)

    def check_caller(self, what: str) -> None:
        assert self.thread.frame is self, what

    def set_output(self, index: int, value: Any) -> None:
        self.run.machine.write(self.thread, self.node.binding.outs[index].slot, value)

    def set_outputs(self, values: Mapping[str, Any]) -> None:
        for name, value in values.items():
            self.run.machine.set_output(self.thread, self.node.workflow.outputs[name].slot, value)

    def feedback(self, message: str, level: str = "info", data: Any = None) -> None:
        self.run.printed.append(message)

    def open_scope(self, kind: ScopeKind, **terms: Any) -> Opened:
        result = terms.get("result")
        return Opened(
            self, KINDS[kind],
            Terms(
                terms.get("parallel") or 0, terms.get("errors") == "collect", terms.get("missing", "error"),
                self.node.result if result is not None and result.wired else None,
            ),
        )  # fmt: skip

    async def gosub(self, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        machine, plan = self.run.machine, self.run.graph.workflows[name]
        scope = Opened(self, ContextKind.WORKFLOW, Terms(), plan)
        async with scope:
            machine.enter_workflow(scope.context, plan, {**plan.defaults, **inputs})
        outputs: dict[str, Any] = machine.workflow_outputs(scope.context)
        return outputs

    async def sleep(self, seconds: float) -> None:
        await Pause(self, 0)


class Variables:
    """Variables, unchecked."""

    def __init__(self, body: Body) -> None:
        self.body = body

    def get(self, name: str) -> Any:
        plan = self.body.node.workflow.variables[name]
        return self.body.run.machine.get_variable(self.body.thread.scope, plan)

    def set(self, name: str, value: Any) -> None:
        self.body.run.machine.set_variable(self.body.thread, self.body.node.workflow.variables[name], value)


class Asked(Request):
    """Something that a body awaits of this driver."""

    def act(self, driver: Driver, thread: FlowThread) -> Do | None:
        raise NotImplementedError


class Pause(Asked):
    """Let others run."""

    def act(self, driver: Driver, thread: FlowThread) -> Do | None:
        driver.ready.append((thread, lambda: driver.step(thread, Stopped() if thread.context.doomed else None)))
        return None


class Joining(Asked):
    """Wait until a context has no thread left."""

    context: Context

    def act(self, driver: Driver, thread: FlowThread) -> Do | None:
        if not self.context.threads:
            return driver.step(thread)
        driver.joining[self.context.id] = thread
        return None


class Room(Asked):
    """Wait until one more thread would run at once."""

    context: Context

    def act(self, driver: Driver, thread: FlowThread) -> Do | None:
        return driver.told("wants_capacity", thread, self.context)


class Opened:
    """A context that a body holds open."""

    def __init__(self, body: Body, kind: ContextKind, terms: Terms, workflow: Any = None) -> None:
        self.body = body
        self.kind = kind
        self.terms = terms
        self.workflow = workflow
        self.results: list[Any] = []
        self.errors: list[Any] = []

    async def __aenter__(self) -> Opened:
        machine, body = self.body.run.machine, self.body
        context = machine.open(self.kind, body.thread, body.node.id, workflow=self.workflow, terms=self.terms)
        if context is None:
            raise Stopped
        self.context = context
        machine.opened(context)
        return self

    def start(self, output: ExecOut | None = None, **values: Any) -> None:
        body, targets, branch = self.body, (), None
        node = body.node
        if output is not None:
            targets, branch = node.targets[output.index], node.exec_names[output.index]
        cells = {plan.slot: values[plan.name] for plan in node.outputs if plan.name in values}
        body.run.machine.start(self.context, body.thread.scope, targets, branch, cells)
        body.run.perform()

    async def wait_capacity(self) -> None:
        room = Room(self.body, 0)
        room.context = self.context
        await room

    def cancel(self, reason: str = "") -> None:
        self.body.run.machine.cancel(self.context, reason)
        self.body.run.perform()

    async def __aexit__(self, kind: Any, error: BaseException | None, traceback: Any) -> bool:
        machine, context, run = self.body.run.machine, self.context, self.body.run
        if isinstance(error, InvariantBroken | GeneratorExit):
            return False
        machine.scope_left(context)
        if error is not None:
            machine.swept(context)
            run.stop(context)
        run.perform()
        while context.threads:
            joining = Joining(self.body, 0)
            joining.context = context
            await joining
        machine.closed(context)
        if not context.failures or context.collect:
            if error is not None:
                return False
            if self.body.thread.context.doomed:
                raise Stopped
        failures = [run.failure(self.body.node, self.body.thread, problem) for problem in machine.outcome(context)]
        if failures:
            raise failures[0] if len(failures) == 1 else ExceptionGroup("several", failures)
        machine.completed(context)
        self.results, self.errors = machine.results(context), machine.errors(context)
        return False


Ready = tuple[FlowThread, Callable[[], Do | None]]
Choose = Callable[[list[Ready]], Ready]


class Driver:
    """Runs a graph with a machine, one flow thread at a time."""

    watched = False

    def __init__(
        self, graph: CompiledGraph, *, seed: int | None = 0, kind: type[Machine] = Machine, limits: Limits | None = None
    ) -> None:
        self.graph = graph
        self.machine = kind(graph, limits, make_frame=Body)
        self.choose: Choose = (lambda ready: ready[0]) if seed is None else random.Random(seed).choice
        self.ready: list[Ready] = []
        self.waiting: dict[int, FlowThread] = {}
        self.joining: dict[int, FlowThread] = {}
        self.printed: list[str] = []
        self.transcript: list[str] = []
        self.error: BaseException | None = None
        self.outputs: dict[str, Any] = {}
        self.after_each: Callable[[], object] = lambda: None

    # --- the run ---

    def run(self, inputs: Mapping[str, Any] | None = None, *, turns: int | None = None) -> Driver:
        """Run to the end, or cancel the run after so many turns."""
        machine = self.machine
        plan = self.graph.workflows[self.graph.entry]
        machine.started()
        main = machine.open(ContextKind.WORKFLOW, None, plan.name, workflow=plan)
        assert main is not None
        machine.opened(main)
        machine.main = main
        machine.enter_workflow(main, plan, {**plan.defaults, **(inputs or {})})
        machine.scope_left(main)
        self.perform()
        taken = 0
        while self.ready:
            if taken == turns:
                machine.stop("enough")
                self.perform()
            taken += 1
            self.turn()
            self.after_each()
        assert not self.waiting, f"{self.waiting} wait for ever"
        machine.closed(main)
        problems = machine.outcome(main)
        self.error = machine.limit_error or (problems[0] if problems else None)
        self.outputs = machine.workflow_outputs(main)
        fact = RunFact.FAILED if self.error else RunFact.CANCELLED if machine.stop_reason else RunFact.COMPLETED
        machine.ended(fact)
        return self

    def turn(self) -> None:
        chosen = self.choose(self.ready)
        self.ready.remove(chosen)
        thread, begin = chosen
        do: Do | None = begin()
        while do is not None:
            do = self.follow(thread, do)
        self.perform()

    def follow(self, thread: FlowThread, do: Do) -> Do | None:
        """Do what the machine wants of the thread; None: it is somebody else's turn."""
        if do is Do.CALL:
            return self.call(thread)
        if do is Do.RESUME:
            frame: Any = thread.frame
            if frame.request is not None:
                frame.request.answer, frame.request = thread.answer, None
            return self.step(thread)
        if do is Do.THROW:
            return self.step(thread, thread.error)
        if do is Do.UNWIND:
            return self.step(thread, Unwound())
        if do is Do.EVALUATE:
            return self.evaluate(thread)
        if do is Do.FAIL:
            return self.told("failed", thread, self.failure(thread.culprit, thread, thread.error))
        if do is Do.SLICE:
            self.ready.append((thread, lambda: self.sliced(thread)))
        elif do is Do.WAIT:
            self.waiting[thread.id] = thread
        else:
            assert do is Do.END
            opener = self.joining.pop(thread.context.id, None) if not thread.context.threads else None
            if opener is not None:
                self.ready.append((opener, lambda: self.step(opener)))
        return None

    def told(self, fact: str, thread: FlowThread, *more: Any) -> Do:
        """Tell the machine a fact, and write down what it answers."""
        answer: Do = getattr(self.machine, fact)(thread, *more)
        node = thread.node.id if thread.node is not None else None
        values = ["handle" if type(value).__module__ == "nodeflow.sockets" else value for value in thread.values or ()]
        self.transcript.append(f"{fact} {thread.id} -> {answer.name} {node} {values} {thread.depth}")
        return answer

    def sliced(self, thread: FlowThread) -> Do:
        if thread.context.doomed:
            return self.cancelled(thread)
        return self.told("sliced", thread)

    def cancelled(self, thread: FlowThread) -> Do:
        answer = self.machine.failed(thread, Stopped(), cancelled=True)
        self.transcript.append(f"cancelled {thread.id} -> {answer.name}")
        return answer

    # --- wishes ---

    def perform(self) -> None:
        wishes, self.machine.wishes = self.machine.wishes, []
        for wish, subject in wishes:
            self.transcript.append(f"{wish.name} {subject!r}")
            if wish is Wish.START:
                assert isinstance(subject, FlowThread)
                self.ready.append((subject, self._beginner(subject)))
            elif wish is Wish.WAKE:
                assert isinstance(subject, FlowThread)
                if self.waiting.pop(subject.id, None) is not None:
                    self.ready.append((subject, self._resumer(subject)))
            else:
                assert isinstance(subject, Context)
                self.stop(subject)

    def _beginner(self, thread: FlowThread) -> Callable[[], Do]:
        return lambda: self.told("begun", thread)

    def _resumer(self, thread: FlowThread) -> Callable[[], Do]:
        return lambda: self.cancelled(thread) if thread.context.doomed else self.told("resumed", thread)

    def stop(self, context: Context) -> None:
        """Cancel what waits in a context and below it."""
        for thread in _threads_below(context):
            if self.waiting.pop(thread.id, None) is not None:
                self.ready.append((thread, self._canceller(thread)))

    def _canceller(self, thread: FlowThread) -> Callable[[], Do]:
        return lambda: self.cancelled(thread)

    # --- bodies ---

    def call(self, thread: FlowThread) -> Do | None:
        node: Any = thread.node
        body: Any = thread.frame if node.is_async else Body(node, thread.entered, None)
        body.run, body.thread, body.values = self, thread, thread.values
        try:
            arguments = node.binding.arguments(body, thread.values)
            if node.is_async:
                body.coroutine = node.binding.function(*arguments)
                return self.step(thread)
            output = self.answered(body, node.binding.function(*arguments))
        except InvariantBroken:
            raise
        except Exception as error:
            return self.told("failed", thread, self.failure(node, thread, error))
        return self.told("returned", thread, node, output)

    def step(self, thread: FlowThread, error: BaseException | None = None) -> Do | None:
        """Send into the body on top, or throw."""
        frame: Any = thread.frame
        try:
            request = frame.coroutine.send(None) if error is None else frame.coroutine.throw(error)
        except StopIteration as stop:
            if frame.pull is not None:
                return self.told("evaluated", thread, (stop.value,))
            return self.told("left", thread, self.answered(frame, stop.value))
        except Unwound:
            return self.told("unwound", thread)
        except InvariantBroken:
            raise
        except Stopped as stopped:
            answer = self.machine.body_failed(thread, stopped, cancelled=True)
            self.transcript.append(f"body cancelled {thread.id} -> {answer.name}")
            return answer
        except Exception as raised:
            return self.told("body_failed", thread, self.failure(frame.node, thread, raised))
        return self.requested(thread, frame, request)

    def requested(self, thread: FlowThread, frame: Any, request: Any) -> Do | None:
        if isinstance(request, ExecOut):
            return self.told("triggered", thread, request.index)
        if isinstance(request, Lazy):
            frame.request = request
            return self.told("pulled", thread, frame.node.binding.lazies[request.index])
        if isinstance(request, Stream):
            return self.told("emitted", thread, request.item)
        assert isinstance(request, Asked)
        return request.act(self, thread)

    def answered(self, body: Any, answer: Any) -> int:
        binding, node = body.node.binding, body.node
        if binding.returns_exec or isinstance(answer, ExecOut):
            return int(binding.chosen(answer, body))
        if node.type.signature.results:
            self.machine.write(body.thread, node.outputs[0].slot, answer)
        return int(binding.exit)

    def evaluate(self, thread: FlowThread) -> Do | None:
        pull: Any = thread.pull
        evaluation: Evaluation = pull.stack[-1]
        node: Any = evaluation.node
        if node.convert_to is not None:
            return self.told("evaluated", thread, (node.convert_to.adapt(evaluation.values[0]),))
        body = Body(node, 0, None)
        body.run, body.thread, body.values = self, thread, evaluation.values
        try:
            answer = node.binding.function(*node.binding.arguments(body, evaluation.values))
        except Exception as error:
            return self.told("failed", thread, self.failure(node, thread, error))
        if node.type.is_async:
            body.coroutine = answer
            self.machine.evaluation_began(thread, body)
            return self.step(thread)
        return self.told("evaluated", thread, (answer,))

    def failure(self, node: Any, thread: FlowThread, error: BaseException) -> BaseException:
        """An error as the graph sees it."""
        if isinstance(error, nf.NodeFailed | ExceptionGroup):
            return error
        return nf.NodeFailed(node.id, "test", thread_path(thread), thread.id, error)


def _threads_below(context: Context) -> Iterator[FlowThread]:
    todo = [context]
    while todo:
        one = todo.pop()
        yield from list(one.threads.values())
        todo.extend(one.children.values())
