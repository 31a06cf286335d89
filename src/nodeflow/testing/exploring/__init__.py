"""Exhaustive model checking: every interleaving of the flow threads of a small graph.

A *turn* of a flow thread is what it does between two points where others may run; in the simulator (`fine`) that is one
step. `explore` tries every order of turns, depth first, and looks at each state once. Time passes only when no thread
can run, as if steps took none: what needs a slow step to be reached (a timeout that passes while somebody computes)
is not among the orders tried.

**Which orders need not be tried.** Let `t` be the thread chosen in a state, and `a` its next turn. If whatever the
other threads may do before `a` is independent of it (neither keeps the other from happening, and both orders lead to
the same state), then `{a}` alone is a *persistent set* (Godefroid, "Partial-Order Methods for the Verification of
Concurrent Systems", LNCS 1032, 1996), an *ample set* of one (Clarke, Grumberg, Peled, "Model Checking", chapter 10):
every outcome and every deadlock is reached through `a`, and the other threads need not be tried in this state. That
postponed threads come to their turn at last (condition C3) is certain, since what was printed, written and waited for
only grows: a run that comes to the same state twice would never end, and is refused.

A turn can depend on others through

1. what threads share: variables and states that are shared, memos of data nodes in a common scope, events, capacities,
   services that have a state, resources, and the order of arrivals where that counts (`any`, quorum, race). Each
   reading and writing is recorded;
2. cancellation: whoever fails in a `fail_fast` context, or wins a race, keeps the others from their next turn.

Everything else is a thread's own: its scope, its bodies; arrivals and ends are kept by the number of the branch, and
waking somebody who waits keeps nobody from anything.

Which things are in fact shared, and which contexts cancelled, is not known beforehand. The search assumes that none
are, writes down all that it sees, and starts anew when a thing turns out to be used by two threads of which one changes
it, or a context to be cancelled in which there may be several threads. When a search ends without news, there is none
in the orders that were left out either. Suppose that from some state a sequence leads to a conflict that was not known,
and take such a state that is as near as possible to the end (there is one: runs end). If it was fully explored, the
next state on the way is nearer to the end, or the conflict was seen. If only `a` was tried there: up to the conflict,
nothing in the sequence conflicts with `a`, so that it leads to the conflict also behind `a` (or `a` conflicts with
something in it, which is then a conflict that is reached behind `a`): again from a state nearer to the end.

In a context that may be cancelled, a turn still counts as independent if nobody can tell whether it happened before
the cancellation or not at all: it printed nothing, changed nothing shared, and no body in its thread cleans up. What
the thread had in its scope is gone then, and what it set does not count (semantics 8.4).

What is left is two turns that use the same thing: there, all threads that can run are tried. `reduce=False` tries all
of them everywhere; the tests compare both.

**What this does not see.** Whatever bodies share outside of nodeflow (global variables, files): two runs of one
schedule that differ are noticed and refused, other such things are not. Opaque values are told apart by their `repr`.
"""

from __future__ import annotations

from nodeflow.testing.exploring.exploration import Exploration, explore, replay
from nodeflow.testing.exploring.outcomes import Difference, Outcome, Trial
from nodeflow.testing.exploring.search import NotRepeatable, TooManyStates

__all__ = ["Difference", "Exploration", "NotRepeatable", "Outcome", "TooManyStates", "Trial", "explore", "replay"]
