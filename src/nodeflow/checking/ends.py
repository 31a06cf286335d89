"""How a walk can end that goes on at a node, and how often it arrives at a fan-in until then.

This is an abstract interpretation. A *walk* is what a flow thread does from a node on until nothing of that chain is
left: it is done, or it unwinds what waits for it (break, continue, return, a failure). For each of these ends a
`Span` says how many arrivals there are on the way, at least and at most, counting to two. What is assumed:

- of a body, what `bodies` says: any test may come out either way, each time;
- every activation may fail, before it triggers anything, and whatever waits for it may do so when it is triggered;
- a loop may make any number of rounds, also none. One whose condition is given as true ends by a jump alone;
- a fan-out goes on behind its fan-in once; what its threads do is looked at in those.

So what is said to be impossible is impossible, and what is said to be possible may be prevented by values that the
graph does not show. Nodes are looked at behind those that they lead to, those of a cycle until nothing changes: counts
only go one way, so the time is linear in nodes and wires, but for cycles inside of cycles.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

from attrs import define, field, frozen

from nodeflow.checking.bodies import ELEMENT, Atom, Call, Each, Either, Give, Guard, Program, Repeat, Steps, body_of
from nodeflow.linking import LinkedNode, LinkedWorkflow
from nodeflow.model import UNSET
from nodeflow.node import Jump
from nodeflow.pairing import is_join
from nodeflow.regions import Regions

DONE: Final = "done"
BREAK: Final = "break"
CONTINUE: Final = "continue"
RETURN: Final = "return"
FAIL: Final = "fail"
"""By a node that does nothing but fail."""
ERROR: Final = "error"
"""By a failure that nobody planned, as of any node."""
ENDING: Final = frozenset({DONE, BREAK, CONTINUE, RETURN, FAIL})
MANY: Final = 2

# Ends of a part of a body, beside those of walks.
_NEXT: Final = "next"
_PY_BREAK: Final = "its own break"
_PY_CONTINUE: Final = "its own continue"
_GIVES: Final = "gives "

CONDITIONS: Final = {"flow.while": True, "flow.do_while": True, "flow.repeat_until": False}
"""What the `condition` of a loop must be, for good, for it never to end by itself."""


@frozen
class Span:
    """At least `least` and at most `most` arrivals; the outputs by which that comes about, of the node looked at."""

    least: int = 0
    most: int = 0
    least_way: tuple[str, ...] = field(default=(), eq=False)
    most_way: tuple[str, ...] = field(default=(), eq=False)


Ends = dict[str, Span]

_NONE: Final = Span()
_ARRIVAL: Final[Ends] = {DONE: Span(1, 1), ERROR: _NONE}
_NOTHING_WIRED: Final[Ends] = {DONE: _NONE}
_JUMPS: Final = {Jump.BREAK: BREAK, Jump.CONTINUE: CONTINUE, Jump.RETURN: RETURN}


def _add(one: Span, other: Span) -> Span:
    if other == _NONE and not other.least_way:
        return one
    return Span(
        min(MANY, one.least + other.least),
        min(MANY, one.most + other.most),
        (one.least_way + other.least_way)[-3:],
        (one.most_way + other.most_way)[:2],
    )


def _or(ends: Ends, more: Iterable[tuple[str, Span]]) -> Ends:
    """Put `more` into `ends`: it may come to an end in either way."""
    for kind, span in more:
        had = ends.get(kind)
        if had is None:
            ends[kind] = span
        elif span.least < had.least or span.most > had.most:
            low, high = (span if span.least < had.least else had), (span if span.most > had.most else had)
            ends[kind] = Span(low.least, high.most, low.least_way, high.most_way)
    return ends


def _then(first: Ends, second: Ends, kind: str = _NEXT) -> Ends:
    """`second` behind those of `first` that end in `kind`."""
    before = first.get(kind)
    if before is None:
        return first
    ends = {other: span for other, span in first.items() if other != kind}
    return _or(ends, ((other, _add(before, span)) for other, span in second.items()))


@define(eq=False, repr=False, slots=False)
class AllEnds:
    """The ends of the walks from each of some nodes of a workflow, which has no problems of regions.

    Attributes:
        ends: By index of the node. None of a node's ends but `ERROR`: it never comes to an end by itself.
    """

    workflow: LinkedWorkflow
    regions: Regions
    wanted: list[LinkedNode]
    ends: dict[int, Ends] = field(factory=dict)
    _entered: dict[int, set[str]] = field(factory=dict)

    def __attrs_post_init__(self) -> None:
        for node in self.workflow.nodes:
            for targets in node.targets.values():
                for target, into in targets:
                    self._entered.setdefault(target.index, set()).add(into)
        self._solve()

    def _solve(self) -> None:
        wanted = {node.index for node in self._reachable(self.wanted)}
        component = self.regions.component
        order = [node for node in reversed(self.regions.order) if node.index in wanted]
        place = 0
        while place < len(order):
            end = place + 1
            while end < len(order) and component[order[end].index] == component[order[place].index]:
                end += 1
            self._solve_cycle(order[place:end])
            place = end

    def _reachable(self, starts: list[LinkedNode]) -> list[LinkedNode]:
        found = list({node.index: node for node in starts}.values())
        seen = {node.index for node in found}
        for node in found:
            for step in self.regions.steps(node):
                if step.index not in seen:
                    seen.add(step.index)
                    found.append(step)
        return found

    def _solve_cycle(self, cycle: list[LinkedNode]) -> None:
        if len(cycle) == 1 and cycle[0] not in self.regions.steps(cycle[0]):
            self.ends[cycle[0].index] = self._like_behind(cycle[0]) or self.of_activation(cycle[0])
            return
        inside = {node.index for node in cycle}
        todo, waiting = deque(cycle), set(inside)
        while todo:
            node = todo.popleft()
            waiting.discard(node.index)
            ends = self._like_behind(node) or self.of_activation(node)
            if ends == self.ends.get(node.index):
                continue
            self.ends[node.index] = ends
            for before in self.regions.before(node):
                if before.index in inside and before.index not in waiting:
                    waiting.add(before.index)
                    todo.append(before)

    # --- walks ---

    def of_output(self, node: LinkedNode, output: str) -> Ends:
        """Of the walk behind an exec output, or the first node of the thread that it starts."""
        join = self.regions.join_of.get(node.index)
        if join is not None and not node.starts_threads(output):
            return self.ends.get(join.index, {})
        targets = node.targets.get(output)
        if not targets:
            return _NOTHING_WIRED
        ends = self.of_target(targets[0][0])
        for target, _ in targets[1:]:
            ends = _then(ends, self.of_target(target), DONE)
        return ends

    def of_target(self, target: LinkedNode) -> Ends:
        return _ARRIVAL if is_join(target) else self.ends.get(target.index, {})

    def of_activation(self, node: LinkedNode) -> Ends:
        """What an activation of `node` comes to, with all that it leads to."""
        assert node.type is not None
        if node.type.jump is not None:
            return {_JUMPS[node.type.jump]: _NONE, ERROR: _NONE}
        if node.type.signature.never_returns:
            return {FAIL: _NONE, ERROR: _NONE}
        program = body_of(node.type).program
        if isinstance(program, Give) and len(program.outputs) == 1 and not program.groups and not program.nothing:
            output = program.outputs[0]
            return _or(self._by_way(output, self.of_output(node, output)), ((ERROR, _NONE),))
        inside = _Inside(self, node).of(program)
        ends: Ends = {ERROR: _NONE}
        for kind, span in inside.items():
            if kind.startswith(_GIVES):
                output = kind.removeprefix(_GIVES)
                behind = self._by_way(output, self.of_output(node, output)) if output else _NOTHING_WIRED
                _or(ends, ((other, _add(span, each)) for other, each in behind.items()))
            else:
                _or(ends, ((DONE if kind == _NEXT else kind, span),))
        return ends

    def _by_way(self, output: str, ends: Ends) -> Ends:
        way = (output,)
        return {k: Span(s.least, s.most, way, way * s.most) for k, s in ends.items()}

    def _like_behind(self, node: LinkedNode) -> Ends | None:
        """Of one that only leads on: the same, as numbers, as of the one that it leads to."""
        assert node.type is not None
        if len(node.targets) != 1 or node.type.jump is not None or node.type.signature.never_returns:
            return None
        ((output, targets),) = node.targets.items()
        if len(targets) != 1 or is_join(targets[0][0]) or body_of(node.type).program != Give((output,)):
            return None
        if node.index in self.regions.join_of:
            return None
        ends = self.ends.get(targets[0][0].index)
        return ends if ends and ends.get(ERROR, _ARRIVAL[DONE]).least == 0 else None

    def entered(self, node: LinkedNode) -> set[str]:
        """The exec inputs that something is wired to."""
        return self._entered.get(node.index, set())


def is_endless(node: LinkedNode) -> bool:
    """Whether it is a loop that does not end by itself: its condition is given, and there is no limit."""
    assert node.type is not None
    holds = CONDITIONS.get(node.type.name)
    if holds is None or "condition" in node.sources or node.options.get("limit") is not None:
        return False
    given = node.literals.get("condition", UNSET)
    return given is holds


@define(eq=False, repr=False)
class _Inside:
    """Interprets the body of one placed node."""

    at: AllEnds
    node: LinkedNode
    element: str = ""

    def of(self, program: Program) -> Ends:
        match program:
            case Call(output):
                return self._call(output)
            case Give(outputs, groups, nothing):
                names = [self.element if name == ELEMENT else name for name in outputs]
                names += [name for group in groups for name in self.node.ports.get(group, ())]
                return {f"{_GIVES}{name}": _NONE for name in (names if not nothing and names else [*names, ""])}
            case Steps(parts):
                ends: Ends = {_NEXT: _NONE}
                for part in parts:
                    if _NEXT not in ends:
                        break
                    ends = _then(ends, self.of(part))
                return ends
            case Either(parts, test):
                ends = {}
                for number, part in enumerate(parts):
                    if test is None or self._may(test.name, test.is_input, test.negated is bool(number == 0)):
                        _or(ends, self.of(part).items())
                return ends
            case Repeat():
                return self._repeat(program)
            case Each(group, body):
                return self._each(group, body)
            case Guard():
                return self._guard(program)
            case Atom("may_fail"):
                return {_NEXT: _NONE, ERROR: _NONE}
            case Atom("raise"):
                return {ERROR: _NONE}
            case Atom("break"):
                return {_PY_BREAK: _NONE}
        return {_PY_CONTINUE: _NONE}

    def _may(self, name: str, is_input: bool, be_false: bool) -> bool:
        """Whether a test can come out so."""
        if not is_input:
            return bool(self.node.ports.get(name)) is not be_false
        entered = self.at.entered(self.node)
        return entered != {name} if be_false else name in entered

    def _call(self, output: str) -> Ends:
        output = self.element if output == ELEMENT else output
        if output not in self.node.exec_outs or self.node.starts_threads(output):
            return {_NEXT: _NONE}
        assert self.node.type is not None
        loop = self.node.type.loop
        ends: Ends = {}
        for kind, span in self.at.of_output(self.node, output).items():
            if loop is not None and kind == BREAK:
                kind = f"{_GIVES}{loop[1]}"
            elif kind == DONE or (loop is not None and kind == CONTINUE):
                kind = _NEXT
            _or(ends, ((kind, Span(span.least, span.most, (output,), (output,) * span.most)),))
        return ends

    def _repeat(self, program: Repeat) -> Ends:
        forever = program.forever or is_endless(self.node)
        entry, ends = _NONE, Ends()
        while True:
            found = _then({_NEXT: entry}, self.of(program.body))
            again = _or({_NEXT: entry}, ((_NEXT, found[k]) for k in (_NEXT, _PY_CONTINUE) if k in found))[_NEXT]
            _or(ends, ((k, s) for k, s in found.items() if k not in (_NEXT, _PY_CONTINUE, _PY_BREAK)))
            if _PY_BREAK in found:
                _or(ends, ((_PY_BREAK, found[_PY_BREAK]),))
            if again == entry:
                break
            entry = again
        broken = ends.pop(_PY_BREAK, None)
        if not forever:
            ends = _or(ends, _then({_NEXT: entry}, self.of(program.otherwise)).items())
        return ends if broken is None else _or(ends, ((_NEXT, broken),))

    def _each(self, group: str, body: Program) -> Ends:
        ends: Ends = {_NEXT: _NONE}
        broken: Ends = {}
        outer = self.element
        for element in self.node.ports.get(group, ()):
            if _NEXT not in ends:
                break
            self.element = element
            found = _then(ends, self.of(body))
            _or(broken, ((_NEXT, found.pop(k)) for k in (_PY_BREAK,) if k in found))
            ends = _or({k: s for k, s in found.items() if k != _PY_CONTINUE},
                       ((_NEXT, found[k]) for k in (_PY_CONTINUE,) if k in found))  # fmt: skip
        self.element = outer
        return _or(ends, broken.items())

    def _guard(self, program: Guard) -> Ends:
        ends = self.of(program.body)
        failed = [ends[kind] for kind in (FAIL, ERROR) if kind in ends]
        ends = _then(ends, self.of(program.otherwise))
        for handler in program.handlers:
            for span in failed:
                ends = _or(dict(ends), _then({_NEXT: span}, self.of(handler)).items())
        final = self.of(program.final)
        found: Ends = {}
        for kind, span in ends.items():
            behind: Mapping[str, Span] = {kind if k == _NEXT else k: s for k, s in final.items()}
            _or(found, ((k, _add(span, s)) for k, s in behind.items()))
        return found
