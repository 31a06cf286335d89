"""`python -m nodeflow.testing.strategies --measure 1000`: how drawn documents are distributed, as a table."""

from __future__ import annotations

import argparse

from nodeflow.testing.strategies import documents, shown
from nodeflow.testing.strategies.measuring import measure, table


def main() -> None:
    """Measure, or show one document."""
    parser = argparse.ArgumentParser(prog="python -m nodeflow.testing.strategies", description=__doc__)
    parser.add_argument("--measure", type=int, metavar="N", help="measure N drawn documents")
    parser.add_argument("--example", action="store_true", help="show a drawn document")
    parser.add_argument("--confluent", action="store_true", help="only documents that T7 covers")
    given = parser.parse_args()
    if given.measure:
        print(table(measure(given.measure, confluent=True if given.confluent else None)))
    elif given.example:
        print(shown(documents(confluent=True if given.confluent else None).example().document))
    else:
        parser.print_help()


if __name__ == "__main__":
    main()
