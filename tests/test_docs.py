"""What README and docs show is true: their code runs, their commands print what they say, their links lead somewhere.

Python blocks of a page run in one namespace, in order; a `text` block right behind one is what it prints. In `console`
blocks, lines `$ nodeflow ...` run in this process, in a directory with the examples; what stands below is what they say
(`...` is anything). `<!-- skip -->` before a block leaves it out, `<!-- file: NAME -->` puts it there as a file.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import io
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trio
import trio.testing

import nodeflow as nf
from nodeflow.cli import main

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)]
FENCE = re.compile(
    r"^(?:<!-- (?P<mark>skip|file: (?P<file>[\w.-]+)) -->\n)?```(?P<language>[\w-]*)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")


class Block(NamedTuple):
    language: str
    code: str
    line: int
    """Line in the file at which the code begins."""
    mark: str
    file: str
    said: str | None
    """What a `text` block right behind it says."""


def blocks_of(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    found = list(FENCE.finditer(text))
    blocks = []
    for this, following in zip(found, [*found[1:], None], strict=False):
        said = None
        if (
            following is not None
            and following["language"] == "text"
            and not text[this.end() : following.start()].strip()
        ):
            said = following["code"]
        line = text.count("\n", 0, this.start("code")) + 1
        blocks.append(Block(this["language"], this["code"], line, this["mark"] or "", this["file"] or "", said))
    return blocks


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def with_blocks(*languages: str) -> Any:
    """Parametrize with the pages that have such blocks."""
    pages = [path for path in PAGES if any(block.language in languages for block in blocks_of(path))]
    return pytest.mark.parametrize("page", pages, ids=name_of)


@pytest.fixture
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory to run what a page shows in: with the examples, and on a clock that does not wait."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    clock = functools.partial(trio.testing.MockClock, autojump_threshold=0)
    real = trio.run
    monkeypatch.setattr(trio, "run", lambda *args, **options: real(*args, **{"clock": clock(), **options}))
    return tmp_path


@with_blocks("python", "console")
def test_what_a_page_shows_works(page: Path, workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    namespace: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(page):
        if block.file:
            (workplace / block.file).write_text(block.code, encoding="utf-8")
        if block.mark == "skip":
            continue
        if block.language == "python":
            printed = io.StringIO()
            code = compile("\n" * (block.line - 1) + block.code, str(page), "exec")
            with contextlib.redirect_stdout(printed):
                exec(code, namespace)
            if block.said is not None:
                assert printed.getvalue().rstrip() == block.said.rstrip(), f"{page}:{block.line}"
        elif block.language == "console":
            for command, expected in commands_of(block.code):
                said = said_by(command)
                assert as_pattern(expected).fullmatch(said), f"{page}:{block.line}: {command} said\n{said}"


def commands_of(code: str) -> list[tuple[str, str]]:
    """The commands of a console block that are nodeflow's, with what they are to say."""
    parts = re.split(r"^\$ ", code, flags=re.MULTILINE)[1:]
    commands = [part.partition("\n")[::2] for part in parts]
    return [
        (command.removeprefix(".venv/bin/"), said)
        for command, said in commands
        if re.match(r"(\.venv/bin/)?nodeflow ", command)
    ]


def said_by(command: str) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(shlex.split(command)[1:])
    return (out.getvalue() + err.getvalue()).rstrip()


def as_pattern(expected: str) -> re.Pattern[str]:
    if not expected.strip():
        return re.compile(r".*", re.DOTALL)
    return re.compile(".*".join(re.escape(part) for part in expected.rstrip().split("...")), re.DOTALL)


@with_blocks("json")
def test_documents_that_are_shown_are_valid(page: Path) -> None:
    for block in blocks_of(page):
        if block.language != "json" or block.mark == "skip":
            continue
        data = json.loads(block.code)
        if "nodeflow" in data:
            document = nf.loads(block.code)
            if block.file:
                continue  # it may use the page's own nodes; a command runs it
            findings = nf.validate(document)
            assert [str(f) for f in findings if f.severity is not nf.Severity.INFO] == [], f"{page}:{block.line}"


def test_few_blocks_are_skipped() -> None:
    skipped = [
        f"{name_of(p)}:{b.line}" for p in PAGES for b in blocks_of(p) if b.mark == "skip" and b.language == "python"
    ]
    assert len(skipped) <= 3, skipped


# --- links --------------------------------------------------------------------------------------------


def without_code(path: Path) -> str:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    return re.sub(r"`[^`\n]*`", "code", text)


def anchors_of(path: Path) -> set[str]:
    text = FENCE.sub("", path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        slug = (
            re.sub(r"[^\w\- ]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).lower()).strip().replace(" ", "-")
        )
        found.add(slug)
    return found


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    broken = []
    for link in LINK.findall(without_code(page)):
        if re.match(r"https?:|mailto:", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and path.suffix == ".md" and anchor not in anchors_of(path)):
            broken.append(link)
    assert broken == []


def test_every_page_is_in_a_table_of_contents() -> None:
    listed = set()
    for page in DOCS.rglob("*.md"):
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            entries = [re.sub(r".*<(.*)>", r"\1", line).strip() for line in tree.splitlines()]
            listed |= {
                (page.parent / f"{entry}.md").resolve() for entry in entries if entry and not entry.startswith(":")
            }
    missing = [name_of(page) for page in PAGES if page.parent != ROOT and page.resolve() not in listed]
    assert missing == ["docs/index.md"]


# --- what is made of the code -------------------------------------------------------------------------


@functools.cache
def generate() -> Any:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_parts_are_current() -> None:
    pages = generate().pages()
    assert len(pages) >= 5
    stale = [
        name_of(p) for p in pages if generate().current(p.read_text(encoding="utf-8")) != p.read_text(encoding="utf-8")
    ]
    assert stale == [], "run `python docs/generate.py`"


def test_a_stale_page_is_noticed() -> None:
    page = "# Findings\n\n<!-- generated: findings -->\nold\n<!-- end -->\nby hand\n"
    assert "old" not in generate().current(page)
    assert generate().current(page).startswith("# Findings\n\n<!-- generated: findings -->\n## ")
    assert generate().current(page).endswith("<!-- end -->\nby hand\n")


def test_every_public_name_is_in_the_reference() -> None:
    text = (DOCS / "reference" / "api.md").read_text(encoding="utf-8")
    named = set(re.findall(r"[\w.]+", text))
    missing = [name for name in nf.__all__ if f"nodeflow.{name}" not in named and name not in named]
    assert missing == []


def test_every_code_is_in_the_table_of_findings() -> None:
    text = (DOCS / "reference" / "findings.md").read_text(encoding="utf-8")
    source = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "nodeflow").rglob("*.py"))
    assert set(re.findall(r"\"(NF\d{3})\"", source)) - set(re.findall(r"NF\d{3}", text)) == set()


# --- promises -----------------------------------------------------------------------------------------


def test_what_is_not_built_is_promised_nowhere() -> None:
    """These words stand only where it says that it is not there, or what it would need."""
    promised = []
    made_of_nodes = {*(DOCS / "reference" / "library").glob("*.md"), DOCS / "reference" / "nodeeditor-nodes.md"}
    for page in (each for each in PAGES if each not in made_of_nodes):  # one is named `debug.breakpoint`
        for part in re.split(r"\n\n|\n(?=[-*|#])|(?<=[.:]) (?=\*\*Not)", without_code(page)):
            for word in ("breakpoint", "journal", "retries of placed"):
                if word in part.lower() and not re.search(r"\b(not|no)\b", part, re.IGNORECASE):
                    promised.append(f"{name_of(page)}: {part}")
    assert promised == []


@pytest.mark.slow
def test_the_docs_build_without_warnings(tmp_path: Path) -> None:
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html", str(DOCS), str(tmp_path / "html")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    assert (tmp_path / "html" / "tutorial.html").exists()
