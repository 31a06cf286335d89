"""Observers: functions that are called with each event of a run.

```python
await nodeflow.run(document, observers=[nodeflow.observers.log()])
```
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from nodeflow.runtime.events import (
    ContextClosed,
    ContextOpened,
    DataEvaluated,
    Event,
    Feedback,
    NodeEnded,
    NodeFailedEvent,
    NodeStarted,
    ObserverDetached,
    OutputSet,
    RunEnded,
    RunStarted,
    StateSet,
    ThreadEnded,
    ThreadStarted,
)

__all__ = [
    "ContextClosed",
    "ContextOpened",
    "DataEvaluated",
    "Event",
    "Feedback",
    "NodeEnded",
    "NodeFailedEvent",
    "NodeStarted",
    "ObserverDetached",
    "OutputSet",
    "RunEnded",
    "RunStarted",
    "StateSet",
    "ThreadEnded",
    "ThreadStarted",
    "log",
    "printing",
]

_LEVELS = {"debug": logging.DEBUG, "warning": logging.WARNING, "error": logging.ERROR}


def log(logger: logging.Logger | None = None) -> Callable[[Event], None]:
    """An observer that writes every event to a logger (`nodeflow`, unless given): activations at debug level."""
    target = logger or logging.getLogger("nodeflow")

    def observe(event: Event) -> None:
        if isinstance(event, Feedback):
            target.log(_LEVELS.get(event.level, logging.INFO), "%s: %s", event.node, event.message)
        elif isinstance(event, NodeFailedEvent | ObserverDetached):
            target.error("%r", event)
        elif isinstance(event, RunStarted | RunEnded):
            target.info("%r", event)
        else:
            target.debug("%r", event)

    return observe


def printing(write: Callable[[str], object] = print) -> Callable[[Event], None]:
    """An observer that writes what print nodes print, line by line."""

    def observe(event: Event) -> None:
        if isinstance(event, Feedback) and event.level == "print":
            write(event.message)

    return observe
