"""`nodeflow validate`: all findings about a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import click

from nodeflow.api import validate as findings_of
from nodeflow.cli import opening, telling
from nodeflow.errors import DocumentError, ImportFailed
from nodeflow.model import Finding, Severity

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "cyan"}


@click.command("validate", short_help="Say what is wrong with a document.")
@opening.takes_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@telling.command
def validate(file: str, modules: tuple[str, ...], as_json: bool) -> int:
    """Check the document in FILE (`-`: stdin) and print what is wrong with it, or worth knowing.

    Exit code: 0 without errors (warnings and infos may be there), 2 with errors.
    """
    source = opening.name_of(file)
    registry = opening.open_registry(modules)
    try:
        findings: Sequence[Finding] = findings_of(opening.open_document(file), registry)
    except telling.Stop as stop:
        if not isinstance(stop.__cause__, DocumentError | ImportFailed):
            raise
        findings = stop.__cause__.findings
    counts = Counter(finding.severity for finding in findings)
    if as_json:
        telling.say(telling.json_line(_object(source, findings, counts)))
    else:
        telling.say(*(_coloured(source, finding) for finding in findings), _summary(source, counts))
    return telling.BAD if counts[Severity.ERROR] else telling.COMPLETED


def _object(source: str, findings: Sequence[Finding], counts: Counter[Severity]) -> dict[str, Any]:
    return {
        "file": source,
        "valid": not counts[Severity.ERROR],
        "counts": {severity.value: counts[severity] for severity in Severity},
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity.value,
                "message": finding.message,
                "path": telling.path_of(finding),
                "workflow": finding.workflow,
                "node": finding.node,
                "socket": finding.socket,
            }
            for finding in findings
        ],
    }


def _coloured(source: str, finding: Finding) -> str:
    line = telling.finding_line(source, finding)
    if not telling.on_terminal():
        return line
    word = f" {finding.severity.value}: "
    return line.replace(word, click.style(word, fg=COLOURS[finding.severity]), 1)


def _summary(source: str, counts: Counter[Severity]) -> str:
    parts = [f"{counts[s]} {s.value}{'s' if counts[s] != 1 else ''}" for s in Severity if counts[s]]
    return f"{source}: {', '.join(parts) or 'nothing to say against it'}"
