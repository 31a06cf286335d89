"""`nodeflow test`: run the tests that stand in `*.flowtest.json`."""

from __future__ import annotations

import click

from nodeflow.cli import telling


@click.command("test", short_help="Run the tests in *.flowtest.json files.")
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option("-k", "named", metavar="TEXT", help="Run only tests with this in their name, whatever its case.")
@click.option(
    "--schedules",
    type=click.IntRange(min=1),
    metavar="N",
    help="Try so many schedules, instead of those that each test says.",
)
@click.option("--coverage", is_flag=True, help="Say what of each document no test came by.")
@click.option("--coverage-json", metavar="FILE", help="Write the coverage to this file, as JSON.")
@click.option(
    "--picture",
    metavar="FILE",
    help="Draw the document for Mermaid, with the wires dashed that no test came by; several documents into a `.md`.",
)
@click.option(
    "--fail-under", type=click.FloatRange(0, 100), metavar="PERCENT", help="Fail if less than that is covered."
)
@telling.command
def test(
    paths: tuple[str, ...],
    named: str | None,
    schedules: int | None,
    coverage: bool,
    coverage_json: str | None,
    picture: str | None,
    fail_under: float | None,
) -> int:
    """Run the tests in the files PATH, and in all `*.flowtest.json` below folders PATH (the working directory, unless
    said), each under many schedules in the simulator.

    Exit code: 0 all passed, 1 one failed or too little is covered, 2 bad file or usage, 130 it was interrupted.
    """
    from nodeflow.cli.flowtests import Session, files_in  # only who tests loads what tests

    counted = bool(coverage or coverage_json or picture or fail_under is not None)
    session = Session(named, schedules, counted)
    for file in files_in(paths):
        session.run_file(file)
    session.summary(paths)
    if counted:
        session.tell_coverage(in_words=coverage, fail_under=fail_under)
        session.write(coverage_json, picture)
    return session.code
