"""IO."""

from __future__ import annotations

from typing import Final

from nodeflow.importers.rule import Rule

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "Load From Directory",
        "files.list",
        ins={"DirectoryPath": "path", "Filter": "pattern"},
        defaults={"path": ""},
        as_original={"on_failure": "report"},
        differs="Only below the folder that the host grants, to which paths are relative; sorted; links are left out; "
        "`Exit` fires once.",
    ),
)
