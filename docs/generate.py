"""Write the generated parts of the docs anew: `python docs/generate.py`; with `--check` only say which are stale.

A page says where generated text goes, between `<!-- generated: NAME -->` and `<!-- end -->`; `PARTS` has a
function for each name. What stands outside of the markers is written by hand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from functools import partial
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any, Final, get_args, get_origin

import nodeflow as nf
from nodeflow import schema, values
from nodeflow.checks import CHECKS
from nodeflow.cli.describing import by_category, marks, rows
from nodeflow.importers.nodeeditor import CODES as IMPORT_CODES
from nodeflow.library import CATEGORIES
from nodeflow.machine import Do, Wish, states
from nodeflow.machine.tree import PARENTS
from nodeflow.model import UNSET
from nodeflow.node import NodeType

DOCS: Final = Path(__file__).parent
MARKED: Final = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)
LIBRARY: Final = DOCS / "reference" / "library"


def main(arguments: list[str]) -> int:
    for category, title in CATEGORIES.items():
        page = LIBRARY / f"{category}.md"
        if not page.exists() and "--check" not in arguments:
            page.write_text(f"# {title}\n\n<!-- generated: library-{category} -->\n<!-- end -->\n", encoding="utf-8")
    stale = [path for path in pages() if current(path.read_text(encoding="utf-8")) != path.read_text(encoding="utf-8")]
    for path in stale:
        if "--check" in arguments:
            print(f"{path.relative_to(DOCS.parent)} is not current: run `python docs/generate.py`")
        else:
            path.write_text(current(path.read_text(encoding="utf-8")), encoding="utf-8")
            print(f"wrote {path.relative_to(DOCS.parent)}")
    return 1 if stale and "--check" in arguments else 0


def pages() -> list[Path]:
    """The pages that have generated parts."""
    found = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
    return [path for path in found if MARKED.search(path.read_text(encoding="utf-8"))]


def current(text: str) -> str:
    """A page with its generated parts as they are to be."""
    return MARKED.sub(lambda found: found[1] + PARTS[found[2]]().strip("\n") + "\n" + found[3], text)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    def line(cells: Iterable[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    head = list(head)
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)]) + "\n"


# --- the node library ---------------------------------------------------------------------------------


def library_index() -> str:
    grouped = by_category(nf.standard_registry().values())
    found = []
    for category, title in CATEGORIES.items():
        names = (f"[{n.name.partition('.')[2]}]({category}.md#{_anchor(n.name)})" for n in grouped[category])
        found.append((f"[{title}]({category}.md)", f"`{category}`", ", ".join(names)))
    tree = "\n".join(["```{toctree}", ":hidden:", "", *CATEGORIES, "```"])
    return f"{table(('', 'category', 'node types'), found)}\n{tree}"


def _anchor(name: str) -> str:
    return name.replace(".", "").lower()


def library_page(category: str) -> str:
    return "\n".join(map(_node, by_category(nf.standard_registry().values())[category]))


def _node(node_type: NodeType) -> str:
    said = [*(() if node_type.is_exec else ("data node",)), *marks(node_type)]
    lines = [f"## {node_type.name}", "", node_type.doc + (f" *({', '.join(said)})*" if said else ""), ""]
    found = [
        (
            row.kind.value,
            row.name if row.group else f"`{row.name}`",
            row.type,
            f"`{row.default}`" if row.default else "",
            row.says,
        )
        for row in rows(node_type)
    ]
    if found:
        lines.append(table(("", "name", "type", "default", ""), found))
    if node_type.example:
        lines += ["```pycon", node_type.example, "```", ""]
    return "\n".join(lines)


def nodeeditor_nodes() -> str:
    spec = spec_from_file_location("nodeeditor_table", DOCS / "nodeeditor_table.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.nodeeditor_nodes())


# --- findings -----------------------------------------------------------------------------------------


_FAMILIES: Final = {
    "NF0": "What is wrong with a file",
    "NF1": "What does not fit together: names, sockets, wires",
    "NF2": "Data",
    "NF3": "Control flow",
    "NF4": "Parallel paths",
    "NF5": "Names of workflows, variables and events",
    "NF6": "What is in the way of importing a file",
}


def findings() -> str:
    rows = [(check.code, check.severity.value, check.title) for check in CHECKS]
    rows += [(code, "error", title) for code, title in IMPORT_CODES.items()]
    parts = []
    for family, title in _FAMILIES.items():
        mine = [row for row in rows if row[0].startswith(family)]
        parts += [f"## {title}\n", table(("code", "severity", "meaning"), ((f"`{c}`", s, t) for c, s, t in mine))]
    assert {row[0][:3] for row in rows} == set(_FAMILIES)
    return "\n".join(parts)


# --- the file format ----------------------------------------------------------------------------------


_OBJECTS: Final = (
    (schema.File, "The document"),
    (nf.model.Workflow, "A workflow"),
    (nf.model.PlacedNode, "A placed node"),
    (schema.Wire, "A connection"),
    (nf.model.Input, "An input of a workflow"),
    (nf.model.Output, "An output of a workflow"),
    (nf.model.Variable, "A variable of a workflow"),
    (schema.ProcessVariable, "A variable of the document"),
    (nf.model.Event, "An event"),
    (nf.model.Retry, "Retrying"),
)
_KINDS: Final = {str: "text", int: "whole number", float: "number", bool: "true or false", Any: "any JSON"}
_PHRASES: Final = {cls: title.lower() for cls, title in _OBJECTS}


def file_keys() -> str:
    parts = []
    for cls, title in _OBJECTS:
        rows = [
            (f"`{key.name}`", _kind(key.type), "needed" if key.required else _default(key.default), _says(key.rule))
            for key in schema.keys_of(cls)
        ]
        parts += [f"### {title}\n", table(("key", "value", "default", ""), rows)]
    return "\n".join(parts)


def _kind(kind: Any) -> str:
    kind = schema.without_none(kind)
    if kind in _KINDS:
        return _KINDS[kind]
    arguments = get_args(kind)
    if get_origin(kind) is tuple:
        inner = schema.WRITTEN_AS.get(arguments[0], arguments[0])
        return f"list: {_KINDS.get(inner) or _PHRASES[inner]} each"
    if arguments:
        return "object" if arguments[1] is Any else f"object: {_PHRASES[arguments[1]]} each, by name"
    return f"object ({_PHRASES[kind]})"


def _default(value: Any) -> str:
    if value is None or value is UNSET or value in ({}, ()):
        return ""
    return f"`{json.dumps(value)}`"


def _says(rule: Mapping[str, Any]) -> str:
    bounds = [
        f"{word} {rule[key]}"
        for key, word in (("minimum", "at least"), ("exclusiveMinimum", "more than"))
        if key in rule
    ]
    if "enum" in rule:
        bounds.append(" or ".join(f"`{choice}`" for choice in rule["enum"]))
    return " ".join(filter(None, [rule.get("description", ""), f"({'; '.join(bounds)})" if bounds else ""]))


def conversions() -> str:
    rows = []
    for row in values.CONVERSIONS.values():
        in_file = row.file if row.file and not row.wire else None  # what a wire does, a file does too
        ways = (way.words if way else "" for way in (row.wire, in_file, row.node))
        rows.append((row.source, row.target, *ways))
    return table(("a value that is", "becomes", "on a wire", "in a file too", "by a `convert` node"), rows)


# --- the command line ---------------------------------------------------------------------------------


def commands() -> str:
    from nodeflow.cli import COMMANDS

    parts = []
    for name in COMMANDS:
        command = getattr(import_module(f"nodeflow.cli.{name}"), name)
        arguments = [p.metavar or (p.name or "").upper() for p in command.params if p.param_type_name == "argument"]
        required = {p.metavar or (p.name or "").upper(): p.required for p in command.params}
        shown = " ".join(each if required[each] else f"[{each}]" for each in arguments)
        parts += [f"## nodeflow {name} {shown}\n", _reflowed(command.help or ""), ""]
        rows = [(_option(p), _help(p)) for p in command.params if p.param_type_name == "option"]
        parts.append(table(("option", ""), rows))
    return "\n".join(parts)


def _option(parameter: Any) -> str:
    spelling = ", ".join(f"`{each}`" for each in parameter.opts)
    if parameter.is_flag:
        return spelling
    choices = getattr(parameter.type, "choices", None)
    takes = "|".join(choices) if choices else parameter.metavar or parameter.type.name.upper()
    return f"{spelling} {takes}"


def _help(parameter: Any) -> str:
    says = parameter.help or ""
    if parameter.multiple and "repeated" not in says:
        says += " May be repeated."
    default = parameter.default
    return says or (f"Default: `{default}`." if isinstance(default, str) else "")


def _reflowed(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


# --- the machine --------------------------------------------------------------------------------------


def state_diagrams() -> str:
    parts = []
    for title, each, moves in (
        ("The run", states.RunState, states.RUN),
        ("A context", states.ContextState, states.CONTEXT),
        ("A flow thread", states.ThreadState, states.THREAD),
    ):
        parts += [f"## {title}\n", _diagram(each, moves), ""]
    parts += ["## Which context may stand in which\n", table(("context", "may stand in"), (
        (f"`{kind.value}`", ", ".join(f"`{k.value}`" for k in type(kind) if k in allowed) or "nothing: it is the root")
        for kind, allowed in PARENTS.items()
    ))]  # fmt: skip
    return "\n".join(parts)


def _diagram(kind: type[Enum], moves: Mapping[tuple[Any, Any], Any]) -> str:
    def name(state: Enum) -> str:
        return str(state.value).replace(" ", "_")

    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {name(next(iter(kind)))}"]
    lines += [f"    {name(state)} --> {name(following)}: {fact.value}" for (state, fact), following in moves.items()]
    left = {state for state, _ in moves}
    lines += [f"    {name(state)} --> [*]" for state in kind if state not in left]
    return "\n".join([*lines, "```"])


def wishes() -> str:
    rows = [(f"`{each.name}`", "the thread that reported", each.value) for each in Do]
    rows += [(f"`{each.name}`", "somebody else", each.value) for each in Wish]
    return table(("wish", "of", "what is to be done"), rows)


# --- documents that go wrong elsewhere ----------------------------------------------------------------


def workflow_patterns() -> str:
    rows = [
        (str(meta["pattern"]), meta["title"], meta["expressed"], f"`{name}`", meta["description"])
        for name, meta in _torture("patterns")
    ]
    return table(("WCP", "pattern", "is", "document", "how"), rows)


def join_torture() -> str:
    rows = [
        (f"`{name}`", meta["title"], meta["description"], ", ".join(meta["rules"])) for name, meta in _torture("joins")
    ]
    return table(("document", "what it is", "what goes wrong elsewhere", "rules"), rows)


def _torture(folder: str) -> list[tuple[str, dict[str, Any]]]:
    """Names of the documents of a folder, and what they say of themselves."""
    paths = sorted((DOCS.parent / "torture" / folder).glob("*.json"))
    documents = [path for path in paths if not path.name.endswith(".flowtest.json")]
    return [(path.name, json.loads(path.read_text(encoding="utf-8"))["meta"]) for path in documents]


PARTS: Final[Mapping[str, Callable[[], str]]] = {
    "library": library_index,
    **{f"library-{category}": partial(library_page, category) for category in CATEGORIES},
    "nodeeditor-nodes": nodeeditor_nodes,
    "findings": findings,
    "file-keys": file_keys,
    "conversions": conversions,
    "commands": commands,
    "state-diagrams": state_diagrams,
    "wishes": wishes,
    "workflow-patterns": workflow_patterns,
    "join-torture": join_torture,
}
"""What each name between the markers stands for."""

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
