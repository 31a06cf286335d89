"""What a Google style docstring says: prose, arguments, examples."""

from __future__ import annotations

import re

from attrs import frozen

_SECTION = re.compile(r"^(Args|Arguments|Parameters|Returns|Raises|Attributes|Example|Note)s?:\s*$")
_ARGUMENT = re.compile(r"^\s{2,4}(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")
_ARGUMENTS = ("Args", "Arguments", "Parameters", "Attributes")
_HEADING = re.compile(rf"^([ \t]*)(?:{'|'.join(_ARGUMENTS)}):[ \t]*$", re.MULTILINE)


@frozen
class Docs:
    """A docstring in its parts.

    Attributes:
        prose: What it says in words; the first line is what it is in short.
        arguments: What it says of each argument, on one line.
        example: Its doctests, with an empty line between those that stand apart.
    """

    prose: str
    arguments: dict[str, str]
    example: str


def read_docstring(text: str) -> Docs:
    """Take a docstring apart; `text` is without the indentation that all of its lines have.

    >>> docs = read_docstring('Add.\\n\\nArgs:\\n    a: One\\n        number.\\n    b: Another.\\n\\n>>> add(1, 2)\\n3')
    >>> docs.prose, docs.arguments, docs.example
    ('Add.', {'a': 'One number.', 'b': 'Another.'}, '>>> add(1, 2)\\n3')
    """
    prose: list[str] = []
    example: list[str] = []
    found: dict[str, list[str]] = {}
    section = ""
    current: list[str] | None = None
    running = False
    for line in text.splitlines():
        running = line.lstrip().startswith(">>>") or (running and bool(line.strip()))
        if heading := _SECTION.match(line):
            section, current = heading.group(1), None
        elif running or (section == "Example" and not line.strip()):
            section = section if line[:1].isspace() else ""
            example.append(line)
        elif section and line.strip() and not line[0].isspace():
            section, current = "", None
            prose.append(line)
        elif section in _ARGUMENTS:
            if match := _ARGUMENT.match(line):
                current = found.setdefault(match.group(1), [])
                current.append(match.group(2))
            elif current is not None:
                current.append(line.strip())
        elif not section:
            prose.append(line)
            example.append("")
    arguments = {name: " ".join(filter(None, lines)) for name, lines in found.items()}
    return Docs(_tidy(prose), arguments, _tidy(_dedented(example)))


def arguments_of(docstring: str | None) -> dict[str, str]:
    """What a docstring as it stands in the source says of each argument; cheap where it says nothing of them.

    >>> arguments_of(arguments_of.__doc__)
    {}
    """
    heading = _HEADING.search(docstring) if docstring else None
    if heading is None or docstring is None:
        return {}
    margin = len(heading[1])
    lines = [line[margin:] for line in docstring[heading.start() :].splitlines()]
    end = next((i for i, line in enumerate(lines[1:], 1) if line and not line[0].isspace()), len(lines))
    return read_docstring("\n".join(lines[:end])).arguments


def _dedented(lines: list[str]) -> list[str]:
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return [line[margin:] for line in lines]


def _tidy(lines: list[str]) -> str:
    """Joined, with one empty line where there were several."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")
