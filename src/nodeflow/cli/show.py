"""`nodeflow show`: draw a document."""

from __future__ import annotations

import click

from nodeflow import drawing
from nodeflow.cli import opening, telling

FORMATS = {"tree": drawing.tree, "mermaid": drawing.mermaid, "dot": drawing.dot}


@click.command("show", short_help="Draw a document: as text, for Mermaid, for Graphviz.")
@opening.takes_file
@click.option("--format", "form", type=click.Choice(list(FORMATS)), default="tree", show_default=True)
@telling.command
def show(file: str, modules: tuple[str, ...], form: str) -> None:
    """Draw the document in FILE (`-`: stdin): as text, for Mermaid, or for Graphviz' dot. It may have errors."""
    registry = opening.open_registry(modules)
    telling.say(FORMATS[form](opening.open_document(file), registry).rstrip("\n"))
