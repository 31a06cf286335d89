"""What holds for every node type of the library: documented, with an example that works, in its place."""

from __future__ import annotations

import json
import os
import pkgutil
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest

import nodeflow as nf
from nodeflow import library
from nodeflow.cli.describing import meaning
from nodeflow.library import CATEGORIES
from nodeflow.node import reading_later
from nodeflow.signature import Role
from nodeflow.testing import check_example

TYPES = [each for each in nf.standard_registry().values() if not each.name.startswith("nodeeditor.")]
EXTRAS = ["httpx", "re2", "jsonpath", "liquid", "simpleeval", "psycopg", "click", "rich", "tzdata"]

every_type = pytest.mark.parametrize("node_type", TYPES, ids=lambda each: each.name)


@every_type
def test_it_says_what_it_does_in_one_sentence(node_type: nf.NodeType) -> None:
    first = node_type.doc.partition("\n")[0]
    assert re.fullmatch(r"\S+ .*[.?]", first), first
    assert len(meaning(node_type)) < 250


@every_type
def test_it_has_an_example_that_works(node_type: nf.NodeType) -> None:
    check_example(node_type)


@every_type
def test_its_options_are_documented(node_type: nf.NodeType) -> None:
    assert [option.name for option in node_type.options if not option.doc] == []


@every_type
def test_a_data_node_that_asks_the_run_is_volatile(node_type: nf.NodeType) -> None:
    """What a service says, the clock or chance may differ from pull to pull; only a variable is watched."""
    if node_type.name in ("secrets.get", "secrets.environment", "debug.print_value"):
        return  # what is granted stays as it is for a run; and telling is not asking
    asks = any(parameter.role is Role.CONTEXT for parameter in node_type.signature.parameters)
    if not node_type.is_exec and asks and node_type.reads is None:
        assert node_type.volatile


@pytest.mark.parametrize("name", ["random.uniform", "time.now"])
def test_these_are_volatile(name: str) -> None:
    assert nf.standard_registry()[name].volatile


def test_all_random_data_nodes_are_volatile() -> None:
    assert [t.name for t in TYPES if t.name.startswith("random.") and not t.is_exec and not t.volatile] == []


# --- names and modules --------------------------------------------------------------------------------


@every_type
def test_its_name_is_in_its_category(node_type: nf.NodeType) -> None:
    category, _, name = node_type.name.partition(".")
    assert category in CATEGORIES
    assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
    assert node_type.module.startswith(f"nodeflow.library.{category}")


def declared() -> list[nf.NodeType]:
    """The node types of all modules of the library, whether they are in the registry or not."""
    modules = [import_module(f"nodeflow.library.{found.name}") for found in pkgutil.iter_modules(library.__path__)]
    return [each for module in modules for each in vars(module).values() if isinstance(each, nf.NodeType)]


def test_what_any_module_declares_is_in_the_registry() -> None:
    registry = nf.standard_registry()
    missing = {each.name for each in declared() if registry.get(each.name) is not each}
    assert missing == set()


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_category_is_a_module_that_has_its_node_types(category: str) -> None:
    module = getattr(library, category)
    found = {each.name for each in vars(module).values() if isinstance(each, nf.NodeType)}
    mine = {name for name in nf.standard_registry() if name.startswith(f"{category}.")}
    assert mine
    assert mine <= found


# --- reading later ------------------------------------------------------------------------------------


def test_a_body_is_read_when_somebody_asks_for_more_than_the_name() -> None:
    with reading_later():

        @nf.exec_node("try.good", loop=True)
        async def good(a: int = 1, *, body: nf.ExecOut, exit: nf.ExecOut) -> nf.ExecOut:
            """Say nothing."""
            return exit

        @nf.data_node("try.bad")
        def bad(*values: int) -> int:
            return 0

    assert (good.name, repr(good), bad.name) == ("try.good", "<node type try.good>", "try.bad")
    assert nf.Registry(good, bad)["try.bad"] is bad
    assert (good.doc, good.loop, good.is_exec) == ("Say nothing.", ("body", "exit"), True)
    assert [socket.name for socket in good.data_ins] == ["a"]
    for _ in range(2):
        with pytest.raises(nf.DeclarationError, match="no \\* parameters"):
            _ = bad.data_ins
    for attribute in ("nothing", "__wrapped__"):
        assert not hasattr(good, attribute)


def test_others_are_read_at_the_line_that_declares_them() -> None:
    with reading_later():
        pass
    with pytest.raises(nf.DeclarationError):

        @nf.data_node("try.bad")
        def bad(*values: int) -> int:
            return 0


# --- registries that load -----------------------------------------------------------------------------


class Shelf:
    """Categories that note when they are loaded."""

    def __init__(self, **categories: list[nf.NodeType]) -> None:
        self.loaded: list[str] = []
        self.registry = nf.Registry.of_categories({name: self.loader(name, categories[name]) for name in categories})

    def loader(self, name: str, types: list[nf.NodeType]) -> Callable[[], nf.Registry]:
        def load() -> nf.Registry:
            self.loaded.append(name)
            return nf.Registry(*types)

        return load


def named(name: str) -> nf.NodeType:
    @nf.data_node(name)
    def node(a: int = 0) -> int:
        return a

    return node


def test_a_category_is_loaded_when_a_name_of_it_is_asked_for() -> None:
    shelf = Shelf(one=[named("one.a")], two=[named("two.a"), named("two.b")])
    assert "three.a" not in shelf.registry
    assert shelf.loaded == []
    assert shelf.registry["two.b"].name == "two.b"
    assert shelf.loaded == ["two"]
    assert list(shelf.registry) == ["one.a", "two.a", "two.b"]  # in the order of the categories, not of asking
    assert (shelf.loaded, len(shelf.registry)) == (["two", "one"], 3)


def test_merging_loads_what_both_sides_have_something_of() -> None:
    shelf = Shelf(one=[named("one.a")], two=[named("two.a")])
    merged = shelf.registry | nf.Registry(named("mine.a"))
    assert shelf.loaded == []
    assert list(nf.Registry(named("mine.a")) | shelf.registry) == ["one.a", "two.a", "mine.a"]
    assert (merged["mine.a"].name, merged.get("two.a") is not None) == ("mine.a", True)
    shelf = Shelf(one=[named("one.a")], two=[named("two.a")])
    with pytest.raises(nf.RegistryError, match=r"two node types are named 'one\.a'"):
        _ = shelf.registry | nf.Registry(named("one.a"))
    assert shelf.loaded == ["one"]
    again = Shelf(one=[named("one.a")])
    both = again.registry | again.registry
    assert (list(both), again.loaded) == (["one.a"], ["one"])


def test_a_category_that_cannot_be_loaded_says_so_each_time() -> None:
    def broken() -> nf.Registry:
        raise ImportError("no such module")

    registry = nf.Registry.of_categories({"one": broken})
    for _ in range(2):
        with pytest.raises(ImportError, match="no such module"):
            registry.get("one.a")


def test_similar_names_are_found_in_what_is_not_loaded() -> None:
    shelf = Shelf(one=[named("one.alpha")], two=[named("two.beta")])
    assert shelf.registry.similar("one.alhpa") == ["one.alpha"]


# --- loading ------------------------------------------------------------------------------------------


def in_a_new_process(code: str) -> Any:
    """What a program prints as JSON."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


LOADED = "[name for name in sys.modules if name.startswith('nodeflow.library.')]"


def test_importing_nodeflow_loads_no_category_and_no_extra() -> None:
    code = f"import json, sys, nodeflow; print(json.dumps([{LOADED}, [n for n in {EXTRAS} if n in sys.modules]]))"
    assert in_a_new_process(code) == [[], []]


def test_all_categories_are_loaded_without_an_extra() -> None:
    code = (
        "import json, sys, nodeflow; count = len(nodeflow.standard_registry());"
        f"print(json.dumps([count, [n for n in {EXTRAS} if n in sys.modules]]))"
    )
    assert in_a_new_process(code) == [len(nf.standard_registry()), []]


def test_a_run_loads_the_categories_that_it_names() -> None:
    code = (
        "import json, sys, nodeflow as nf; from nodeflow.library import flow; wf = nf.Workflow('main');"
        "wf.add(flow.start) >> wf.add(flow.print, value=1); printed = nf.run_sync(wf).printed;"
        f"print(json.dumps([printed, {LOADED}]))"
    )
    printed, loaded = in_a_new_process(code)
    assert printed == ["1"]
    others = [name for name in loaded if name.rpartition(".")[2] in set(CATEGORIES) - {"flow"}]
    assert others == []


def test_a_category_can_be_named_without_an_import_of_its_own() -> None:
    code = "import json, nodeflow; print(json.dumps(nodeflow.library.flow.print.name))"
    assert in_a_new_process(code) == "flow.print"
    assert set(dir(library)) >= set(CATEGORIES)
    with pytest.raises(AttributeError, match="nothing"):
        _ = library.nothing
