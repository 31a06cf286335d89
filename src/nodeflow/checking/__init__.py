"""The rules of `nodeflow.checks`, by topic, and what several of them need.

A rule is a function that takes a `Subject`, one workflow under examination, and yields what it found. `data`,
`control`, `parallel` and `names` look at how things are wired; `joins`, `loops`, `events` and `sharing` at what can
come of it in a run. Those stand on `ends`: how a flow thread can end, which stands on `bodies`: what a body does with
its exec outputs.
"""
