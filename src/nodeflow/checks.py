"""What can be wrong with a document that loads: a table of codes, and one function per rule.

A rule looks at one workflow and yields what it found; `CHECKS` gives it its code and severity, and the docs'
table of codes is made of it. Rules are conservative: an error is one in every run that gets there.
To add one: a function in `nodeflow.checking`, and a row.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

from nodeflow import files
from nodeflow.checking import control, data, events, joins, locks, loops, names, parallel, sharing
from nodeflow.checking.data import may_fail
from nodeflow.checking.subject import Found, Rule, Subject
from nodeflow.linking import LinkedDocument, link
from nodeflow.model import Document, Finding, Severity
from nodeflow.registry import Registry

__all__ = ["CHECKS", "Check", "Found", "Subject", "check", "may_fail", "validate"]

ERROR: Final = Severity.ERROR
WARNING: Final = Severity.WARNING
INFO: Final = Severity.INFO


@frozen
class Check:
    """A row of the table of codes. Without a rule, the code comes from reading files or from linking."""

    code: str
    severity: Severity
    title: str
    rule: Rule | None = None


def validate(document: Document, registry: Registry) -> list[Finding]:
    """All that is wrong with a document, or worth knowing: of linking first, then in document order."""
    return check(link(document, registry))


def check(linked: LinkedDocument) -> list[Finding]:
    """The findings of linking, and those of all rules."""
    findings = [*linked.findings, *_check_entry(linked)]
    subjects: dict[str, Subject] = {}
    for name, workflow in linked.workflows.items():
        subjects[name] = Subject(linked, workflow, subjects)
    for workflow, subject in zip(linked.workflows.values(), subjects.values(), strict=True):
        found = []
        for row in CHECKS:
            for each in row.rule(subject) if row.rule is not None else ():
                found.append((-1 if each.node is None else each.node.index, _finding(row, each, workflow.name)))
        findings += [finding for _, finding in sorted(found, key=_index)]
    return findings


def _finding(row: Check, found: Found, workflow: str) -> Finding:
    node = None if found.node is None else found.node.id
    return Finding(row.code, row.severity, found.message, "", workflow, node, found.socket, found.trace)


def _index(found: tuple[int, Finding]) -> int:
    return found[0]


def _check_entry(linked: LinkedDocument) -> list[Finding]:
    if linked.document.entry in linked.workflows:
        return []
    known = ", ".join(map(repr, [*linked.workflows][:8])) or "none at all"
    says = f"the entry is {linked.document.entry!r}, but no workflow is named so; there is {known}"
    return [Finding("NF501", ERROR, says)]


# --- the table of codes ---------------------------------------------------------------------------------

CHECKS: Final = (
    *(Check(code, ERROR, title) for code, title in files.CODES.items()),
    Check("NF101", ERROR, "The node type is unknown."),
    Check("NF102", ERROR, "A connection names a node that does not exist."),
    Check("NF103", ERROR, "A socket, option or input does not exist."),
    Check("NF104", ERROR, "The name of a type is unknown."),
    Check("NF105", ERROR, "A value given in the file does not fit its socket."),
    Check(
        "NF106",
        ERROR,
        "A placed node cannot be brought to the version of its type (without hook: a warning).",
    ),
    Check("NF107", ERROR, "The sockets of a node cannot be determined."),
    Check("NF108", ERROR, "A connection joins an exec socket and a data socket."),
    Check("NF109", ERROR, "An option is wired."),
    Check("NF110", ERROR, "Two wires lead into one data input."),
    Check("NF201", ERROR, "Data nodes form a cycle.", data.data_cycles),
    Check("NF202", WARNING, "A required input is missing.", data.missing_inputs),
    Check("NF203", ERROR, "A wire joins types between which no conversion exists.", data.impossible_types),
    Check("NF204", WARNING, "A wire joins types between which the conversion may fail.", data.narrowing_types),
    Check("NF205", ERROR, "A value is read where it can never be visible.", data.hidden_values),
    Check("NF206", WARNING, "An output is read before its node can have run.", data.early_reads),
    Check("NF207", INFO, "Nothing reads a data node.", data.unread_data),
    Check("NF208", WARNING, "A local variable is set in a concurrent scope and read behind it.", data.lost_variables),
    Check("NF301", INFO, "An exec node is unreachable.", control.unreachable_nodes),
    Check("NF302", WARNING, "Nothing starts in a workflow.", control.no_start),
    Check("NF303", ERROR, "A break or continue has no loop in its flow thread.", control.stray_jumps),
    Check("NF304", WARNING, "A wire back is not the last of its output.", control.wires_back),
    Check("NF305", WARNING, "A placed node's `retry` is not carried out by this version.", control.retries),
    Check("NF306", WARNING, "A loop has no way out, and nothing in it ever waits.", loops.spins),
    Check("NF307", INFO, "A loop has no way out but failing or being cancelled.", loops.never_ends),
    Check("NF308", WARNING, "A node may wait for itself.", locks.waits_for_itself),
    Check("NF401", ERROR, "Branches of one fan-out reach different fan-ins.", parallel.different_fan_ins),
    Check("NF402", ERROR, "A fan-in is reached from outside its fan-out.", parallel.fan_ins_from_outside),
    Check("NF403", ERROR, "Two fan-outs reach one fan-in.", parallel.overlapping_fan_outs),
    Check("NF404", ERROR, "A fan-in is reached by no fan-out.", parallel.unmatched_fan_ins),
    Check("NF405", ERROR, "A flow thread leads back to its opener or before it.", parallel.threads_back),
    Check("NF406", WARNING, "The output `joined` is wired although there is a fan-in.", parallel.unused_joined),
    Check("NF407", ERROR, "An input of a fan-in is named like no branch.", parallel.fan_in_inputs),
    Check("NF408", ERROR, "An option of a node that starts or joins flow threads is wrong.", parallel.bad_policies),
    Check("NF409", WARNING, "A fan-in can never go on.", joins.never_goes_on),
    Check("NF410", WARNING, "A branch may end without arriving at its fan-in.", joins.may_be_missing),
    Check("NF411", WARNING, "A branch may arrive twice at its fan-in.", joins.may_arrive_twice),
    Check("NF412", INFO, "A fan-in may go on early: one branch can bring several arrivals.", joins.may_go_on_early),
    Check("NF413", INFO, "A flow thread leads to what is also reached outside of it.", joins.leads_around),
    Check("NF490", INFO, "The result may depend on the schedule.", parallel.exemptions),
    Check("NF491", INFO, "Concurrent flow threads write one shared variable.", sharing.concurrent_writers),
    Check("NF501", ERROR, "The entry names no workflow."),
    Check("NF502", ERROR, "A workflow is named that does not exist.", names.unknown_workflows),
    Check("NF503", ERROR, "A variable is not declared.", names.unknown_variables),
    Check("NF504", ERROR, "An event is not declared.", names.unknown_events),
    Check("NF505", WARNING, "Nothing sends an event that is waited for.", events.waits_for_nobody),
    Check("NF506", INFO, "Nothing triggers an event that is listened to.", events.nobody_triggers),
)
"""All codes. The docs' table of codes is made of this."""
