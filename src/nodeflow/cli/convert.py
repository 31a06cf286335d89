"""`nodeflow convert`: another engine's file becomes a nodeflow document."""

from __future__ import annotations

import click

from nodeflow.api import validate as findings_of
from nodeflow.cli import opening, telling
from nodeflow.errors import DocumentError
from nodeflow.files import dumps, save
from nodeflow.model import Severity


@click.command("convert", short_help="Make a document of another engine's file.")
@opening.takes_file
@click.option("-o", "--output", metavar="OUT", help="Write to this file instead of stdout.")
@click.option(
    "--strict",
    is_flag=True,
    help="Leave out what keeps the other engine's results: 42 / 0 fails, instead of giving 0, and so does a null "
    "where a number is wanted.",
)
@click.option("--check", is_flag=True, help="Write nothing if there are errors or warnings.")
@telling.command
def convert(file: str, modules: tuple[str, ...], output: str | None, strict: bool, check: bool) -> None:
    """Write FILE (`-`: stdin), of another engine or of an older version, as a nodeflow document.

    Errors and warnings that `validate` would find in what comes of it go to stderr.
    """
    source = opening.name_of(file)
    registry = opening.open_registry(modules)
    document = opening.open_document(file, strict=strict)
    findings = [each for each in findings_of(document, registry) if each.severity is not Severity.INFO]
    if check and findings:
        raise telling.refusal(source, findings)
    telling.complain(*(telling.finding_line(source, finding) for finding in findings))
    try:
        if output is None:
            telling.say(dumps(document).rstrip("\n"))
        else:
            save(document, output)
    except DocumentError as error:
        raise telling.refusal(source, error.findings) from error
    except OSError as error:
        raise telling.Stop(telling.BAD, f"nodeflow: {output}: {error.strerror or error}") from error
