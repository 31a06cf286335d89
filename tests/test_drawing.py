"""Drawings: whatever is in a document, what comes out can be read by what it is for."""

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from attrs import evolve, field, frozen

import nodeflow as nf
from nodeflow import drawing
from nodeflow.model import Connection, Document, PlacedNode, Workflow

EXAMPLES = sorted(
    path
    for path in (Path(__file__).parents[1] / "examples").glob("*.json")
    if not path.name.endswith(".flowtest.json")
)
REGISTRY = nf.standard_registry()

NASTY = 'a"b\'c<d>&e#f;|g\\h`i[j](k){l}\nm\t"]é→'
"""A name of everything that means something to one of the formats."""


# --- small readers of the formats ---------------------------------------------------------------------


@frozen
class Picture:
    """What a drawing says: labels of nodes and boxes, in which box each stands, and the edges."""

    nodes: dict[str, str] = field(factory=dict)
    boxes: dict[str, str] = field(factory=dict)
    inside: dict[str, str | None] = field(factory=dict)
    edges: list[tuple[str, str, str, bool]] = field(factory=list)

    def label(self, name):
        return self.nodes[name].partition("\n")[0]

    def wires(self):
        return Counter((self.label(a), self.label(b), says, is_exec) for a, b, says, is_exec in self.edges)

    def box_of(self, id):
        name = next(name for name in self.nodes if self.label(name) == id)
        return self.boxes[self.inside[name]]


def read_mermaid(text):
    picture, open_boxes = Picture(), []
    lines = text.splitlines()
    assert lines[0] == "flowchart LR"
    for line in map(str.strip, lines[1:]):
        if found := re.fullmatch(r'subgraph (\w+)\["([^"]*)"\]', line):
            picture.boxes[found[1]] = _plain(found[2])
            picture.inside[found[1]] = open_boxes[-1] if open_boxes else None
            open_boxes.append(found[1])
        elif line == "end":
            open_boxes.pop()
        elif found := re.fullmatch(r'(\w+) (-->|-\.->)\|"([^"|]*)"\| (\w+)', line):
            picture.edges.append((found[1], found[4], _plain(found[3]), found[2] == "-->"))
        elif found := re.fullmatch(r'(\w+)(\["([^"]*)"\]|\(\["([^"]*)"\]\))(:::disabled)?', line):
            picture.nodes[found[1]] = _plain(found[3] or found[4])
            picture.inside[found[1]] = open_boxes[-1]
        else:
            assert line.startswith("classDef "), line
    assert not open_boxes
    return picture


def _plain(label):
    """What Mermaid shows for a label."""
    label = label.replace("<br/>", "\n")
    assert not set(label) & set('"<>`\\|&')
    assert not re.search(r"#(?!\d+;)", label)
    return re.sub(r"#(\d+);", lambda code: chr(int(code[1])), label)


TOKEN = re.compile(r'"((?:[^"\\\n]|\\[n"\\])*)"|(\w+)|(->|[{}\[\];=,])|\s+')


def read_dot(text):
    tokens, place = [], 0
    while place < len(text):
        found = TOKEN.match(text, place)
        assert found, text[place : place + 50]
        place = found.end()
        if not found[0].isspace():
            tokens.append(("text", found[1]) if found[0][0] == '"' else ("word", found[0]))
    assert tokens[:3] == [("word", "digraph"), ("word", "nodeflow"), ("word", "{")]
    picture, open_boxes, statement = Picture(), [], []
    for kind, token in tokens[3:]:
        if kind == "word" and token in "{};":
            _dot_statement(picture, open_boxes, statement, token)
            statement = []
        else:
            statement.append((kind, token))
    assert open_boxes == ["closed"]
    return picture


def _dot_statement(picture, open_boxes, statement, end):
    words = [token for _, token in statement]
    if end == "{":
        assert words[0] == "subgraph"
        assert words[1].startswith("cluster_")
        picture.inside[words[1]] = open_boxes[-1] if open_boxes else None
        open_boxes.append(words[1])
    elif end == "}":
        assert not words
        open_boxes.pop() if open_boxes else open_boxes.append("closed")
    elif words[0] == "label":
        picture.boxes[open_boxes[-1]] = _shown(words[2])
    elif words[1:2] == ["->"]:
        given = _attributes(words[3:])
        picture.edges.append((words[0], words[2], _shown(given["label"]), given["style"] == "solid"))
    elif words[0] not in ("rankdir", "node"):
        picture.nodes[words[0]] = _shown(_attributes(words[1:])["label"])
        picture.inside[words[0]] = open_boxes[-1]


def _attributes(words):
    assert words[0] == "["
    assert words[-1] == "]"
    parts = " ".join("\0" if word in (",",) else word for word in words[1:-1]).split("\0")
    return {name.strip(): value.strip() for name, _, value in (part.partition("=") for part in parts)}


def _shown(label):
    """What Graphviz shows for a label."""
    label = re.sub(r"\\(.)", lambda escape: "\n" if escape[1] == "n" else escape[1], label)
    return label.replace("&amp;", "&")


READERS = {"mermaid": read_mermaid, "dot": read_dot}


def pictures(document, registry=REGISTRY):
    return [read(getattr(drawing, form)(document, registry)) for form, read in READERS.items()]


# --- pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_node_and_every_wire_is_drawn(path):
    document = nf.load(path)
    for picture in pictures(document):
        ids = [id for workflow in document.workflows.values() for id in workflow.nodes]
        drawn = [picture.label(name) for name in picture.nodes]
        assert sorted(id for id in drawn if id != "inputs") == sorted(ids)
        wires = sum(len(workflow.connections) for workflow in document.workflows.values())
        assert len(picture.edges) == wires
        assert set(picture.boxes.values()) >= {f"{document.entry} (entry)", *list(document.workflows)[1:]}


def test_exec_wires_are_solid_and_data_wires_dotted():
    document = nf.load(EXAMPLES[0].with_name("nested.json"))
    for picture in pictures(document):
        wires = picture.wires()
        assert wires["each", "measure", "process", True] == 1
        assert wires["each", "heat_line", "item → city", False] == 1
        assert wires["both", "each", "merged → result", False] == 1
        assert wires["inputs", "each", "cities → items", False] == 1
        assert "survey\nflow.gosub: survey" in picture.nodes.values()


def test_parallel_paths_are_boxes_in_boxes():
    for picture in pictures(nf.load(EXAMPLES[0].with_name("nested.json"))):
        assert picture.box_of("heat") == "measure.heat"
        assert picture.box_of("wind") == "measure.wind"
        assert picture.box_of("measure") == picture.box_of("both") == "each.process"
        assert picture.box_of("heat_line") == "each.process"  # where the fan-in that reads it stands
        assert picture.box_of("done") == "survey"
        names = {label: name for name, label in picture.boxes.items()}
        assert picture.inside[names["measure.heat"]] == names["each.process"]
        assert picture.inside[names["each.process"]] == names["survey"]


def test_a_node_of_two_paths_stands_outside_both():
    wf = nf.Workflow("main")
    start, fan = wf.add(nf_node("flow.start")), wf.add(nf_node("flow.fan_out"), branches=["a", "b"])
    both = wf.add(nf_node("flow.print"), id="both")
    start >> fan
    fan["a"] >> both
    fan["b"] >> both
    for picture in pictures(nf.Document(wf)):
        assert picture.box_of("both") == "main (entry)"


def nf_node(name):
    return REGISTRY[name]


def test_names_may_be_anything():
    nodes = {
        "start": PlacedNode("start", "flow.start"),
        "fan": PlacedNode("fan", "flow.fan_out", options={"branches": [NASTY]}),
        "end": PlacedNode("end", NASTY),
        "get": PlacedNode("get", "variables.get", options={"name": NASTY}),
    }
    wires = (Connection("start", "exit", "fan", "enter"), Connection("fan", NASTY, "end", "enter"))
    document = Document(Workflow("main", nodes, wires))
    shown = NASTY.replace("\n", "u+000a").replace("\t", "u+0009")
    for picture in pictures(document):
        assert picture.wires()["fan", "end", shown, True] == 1
        labels = {label.partition("\n")[0]: label for label in picture.nodes.values()}
        assert labels["end"] == f"end\n{shown}\nunknown type"
        assert labels["get"] == f"get\nvariables.get: {shown}"


def test_what_is_missing_is_drawn_as_missing():
    document = Document(Workflow("main", {}, (Connection("nowhere", "exit", "nothing", "enter"),)))
    for picture in pictures(document):
        assert sorted(picture.nodes.values()) == ["nothing\nmissing", "nowhere\nmissing"]
        assert len(picture.edges) == 1


def test_disabled_nodes_look_disabled():
    document = Document(Workflow("main", {"off": PlacedNode("off", "flow.print", disabled=True)}))
    assert ":::disabled" in drawing.mermaid(document, REGISTRY)
    assert 'style="dashed"' in drawing.dot(document, REGISTRY)
    assert "  off  flow.print  (disabled)" in drawing.tree(document, REGISTRY)


# --- trees --------------------------------------------------------------------------------------------


def test_a_tree_has_nodes_in_the_order_in_which_they_run():
    text = drawing.tree(nf.load(EXAMPLES[0].with_name("nested.json")), REGISTRY)
    assert text.partition("\n\n")[2] == (
        "workflow survey\n"
        "  input cities: list[text]\n"
        "  output reports: list\n"
        "  start  flow.start\n"
        "  each  flow.batch  parallel=2, items ← inputs.cities, result ← both.merged\n"
        "    process:\n"
        '      measure  flow.fan_out  branches=["heat", "wind"]\n'
        "        heat:\n"
        "          heat  flow.delay  seconds=0.02\n"
        "          → both\n"
        "        wind:\n"
        "          wind  flow.delay  seconds=0.01\n"
        "          → both\n"
        '      both  flow.fan_in  merge="dict", heat ← heat_line.result, wind ← wind_line.result\n'
        "  done  flow.return  reports ← each.results\n"
        "  data:\n"
        '    heat_line  text.format  template="heat of {city}", city ← each.item\n'
        '    wind_line  text.format  template="wind of {city}", city ← each.item\n'
    )


def test_a_wire_back_leads_to_where_the_node_stands():
    lines = drawing.tree(nf.load(EXAMPLES[0].with_name("retry_by_wire.json")), REGISTRY).splitlines()
    place = lines.index("      wait  flow.delay  seconds=0.05")
    assert lines[place + 1] == "      → attempt"
    assert sum(line.split()[:1] == ["attempt"] for line in lines) == 1


def test_a_tree_shows_what_is_declared_and_what_is_not_reached():
    document = nf.loads("""{
        "nodeflow": 1, "entry": "main", "variables": {"total": {"type": "float", "default": 0}},
        "workflows": {"main": {
            "inputs": {"a": {"type": "int"}, "b": {"type": "text", "default": "x"}},
            "events": {"ping": {"type": "text"}},
            "nodes": {"a": {"type": "flow.start"}, "b": {"type": "flow.print"}, "c": {"type": "flow.print"},
                      "d": {"type": "no.such"}, "l": {"type": "events.listen", "options": {"event": "ping"}},
                      "sum": {"type": "math.add"}},
            "connections": [{"from": "b.exit", "to": "c.enter"}]}}}""")
    assert drawing.tree(document, REGISTRY) == (
        "workflow main (entry)\n"
        "  input a: int\n"
        '  input b: text = "x"\n'
        "  variable total: float = 0 (process)\n"
        "  event ping: text\n"
        "  a  flow.start\n"
        "\n"
        '  l  events.listen  event="ping"\n'
        "  not reached:\n"
        "    b  flow.print\n"
        "    c  flow.print\n"
        "    d  no.such  (unknown type)\n"
        "  data:\n"
        "    sum  math.add\n"
    )


def test_long_literals_are_cut_off():
    long = PlacedNode("a", "flow.print", values={"value": list(range(1000))})
    line = drawing.tree(Document(Workflow("main", {"a": long})), REGISTRY).splitlines()[-1]
    assert "…" in line
    assert len(line) < 120


# --- size ---------------------------------------------------------------------------------------------


def chain(length):
    nodes = {"start": PlacedNode("start", "flow.start")}
    nodes |= {f"p{i}": PlacedNode(f"p{i}", "flow.print") for i in range(length)}
    return Workflow("main", nodes, tuple(Connection(a, "exit", b, "enter") for a, b in pairwise(nodes)))


def nest(depth, type_name, output, **options):
    nodes = {"start": PlacedNode("start", "flow.start")}
    nodes |= {f"n{i}": PlacedNode(f"n{i}", type_name, options=options) for i in range(depth)}
    wires = [Connection("start", "exit", "n0", "enter")]
    wires += [Connection(f"n{i}", output, f"n{i + 1}", "enter") for i in range(depth - 1)]
    return Workflow("main", nodes, tuple(wires))


@pytest.mark.parametrize(
    "workflow",
    [chain(5_000), nest(3_000, "flow.if", "true"), nest(2_000, "flow.fan_out", "a", branches=["a"])],
    ids=["chain", "ifs", "fan-outs"],
)
def test_large_and_deep_graphs(workflow):
    document = Document(workflow)
    for picture in pictures(document):
        assert len(picture.nodes) == len(workflow.nodes)
        assert len(picture.edges) == len(workflow.connections)
    text = drawing.tree(document, REGISTRY)
    assert len(text.splitlines()) >= len(workflow.nodes)
    assert max(map(len, text.splitlines())) < 200


def test_a_deep_tree_says_how_deep_it_is():
    text = drawing.tree(Document(nest(100, "flow.if", "true")), REGISTRY)
    assert f"{'  ' * drawing.MOST_INDENT}(199) n99  flow.if" in text.splitlines()


def test_a_chain_does_not_go_to_the_right():
    lines = drawing.tree(Document(chain(50)), REGISTRY).splitlines()
    assert {len(line) - len(line.lstrip()) for line in lines[1:]} == {2}


def test_drawing_changes_nothing():
    document = nf.load(EXAMPLES[0])
    copy = evolve(document.workflows[document.entry])
    pictures(document)
    drawing.tree(document, REGISTRY)
    assert document.workflows[document.entry] == copy
