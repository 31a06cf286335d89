"""DateTime, and what measures time.

There, dates are texts. Here they are values, and a node that writes them as those texts stands behind the node that
makes them.
"""

from __future__ import annotations

from typing import Final

from nodeflow.importers.rule import EXIT, Draft, Rule

_DOTNET: Final = {"style": "dotnet"}
_UNCHANGED: Final = {"on_failure": "unchanged"}
_MOMENT: Final = {"DateTime": "value"}


def as_text(draft: Draft) -> None:
    """The result as the text that .NET writes for its format `o`: `2026-02-28T12:00:00.0000000Z`."""
    id = draft.helper("text", "time.format", {"format": "o"}, {**_DOTNET, **_on_failure(draft)})
    draft.wires.append((draft.id, "result", id, "value"))
    draft.outs["result"] = (id, "result")


def _on_failure(draft: Draft) -> dict[str, str]:
    """A text that is no date comes out of the node in front as it was, if that node lets it."""
    return {key: value for key, value in draft.options.items() if key == "on_failure"}


def of_now(draft: Draft) -> None:
    """It tells the time that it is now."""
    id = draft.helper("now", "time.now", {})
    draft.wires.append((id, "result", draft.id, "value"))


_READS: Final = "A time with an offset keeps it; there it becomes the local time of the machine."

RULES: Final[tuple[Rule, ...]] = (
    Rule("Now", "time.now", values={"zone": "local"}, adapt=as_text),
    Rule("UTC Now", "time.now", values={"zone": "UTC"}, adapt=as_text),
    Rule("Timestamp", "time.timestamp", adapt=of_now),
    Rule("Timestamp Ms", "time.timestamp", options={"unit": "milliseconds"}, adapt=of_now),
    Rule(
        "Add Days", "time.add", ins=_MOMENT, defaults={"value": "", "days": 1.0}, options=_DOTNET,
        as_original=_UNCHANGED, adapt=as_text, differs=_READS,
    ),
    Rule(
        "Date Diff Days", "time.difference", ins={"From": "start", "To": "end"}, outs={"Result": "days"},
        defaults={"start": "", "end": ""}, options=_DOTNET, as_original={"on_failure": "zero"},
        differs="Times in different zones are a real time apart; there, what their clocks show is subtracted.",
    ),
    Rule(
        "Format DateTime", "time.format", ins=_MOMENT, defaults={"value": "", "format": "yyyy-MM-dd HH:mm:ss"},
        options=_DOTNET, as_original=_UNCHANGED, differs=_READS,
    ),
    Rule(
        "Parse Date Parts", "time.parts", ins=_MOMENT, defaults={"value": ""}, options=_DOTNET,
        as_original={"on_failure": "zero"}, differs=_READS,
    ),
    Rule(
        "Stopwatch", "time.stopwatch",
        differs="It is one for all parallel paths; there each has its own in a parallel loop.",
    ),
    Rule(
        "Timer", "time.timer", outs={"Done": EXIT},
        differs="`Exit` fires too, and `ElapsedMs` is set also if the body fails.",
    ),
)  # fmt: skip
