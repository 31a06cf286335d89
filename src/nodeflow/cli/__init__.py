"""The command line: `nodeflow run`, `validate`, `check`, `test`, `show`, `nodes`, `convert`; one module per subcommand.

Exit codes: 0 it completed; 1 the run failed; 2 bad file or usage; 124 the run timed out; 130 interrupted (Ctrl-C,
SIGTERM, or nobody reads the output any more).

Needs the extra `cli` (`pip install 'nodeflow-trio[cli]'`). That is why click is imported inside functions here.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = ("run", "validate", "check", "test", "show", "nodes", "convert")
"""The subcommands; each is a module of this package with a click command of its name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Args:
        arguments: What stands behind `nodeflow`; None: of this process.
    """
    try:
        import click
    except ModuleNotFoundError:
        print("nodeflow: the command line needs click: pip install 'nodeflow-trio[cli]'", file=sys.stderr)
        return 2
    from nodeflow import __version__
    from nodeflow.cli import telling

    group = click.Group("nodeflow", help="Check, draw and run node graphs.")
    click.version_option(__version__, package_name="nodeflow-trio", prog_name="nodeflow")(group)
    for name in COMMANDS:
        group.add_command(getattr(import_module(f"nodeflow.cli.{name}"), name))
    return telling.exit_code_of(group, arguments)
