from __future__ import annotations

import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import combinations

import pytest
import torch

import graphmp as gm
from graphmp import Graph

EDGE = ([0], [0])


def shop() -> Graph:
    """Types with parallel relations, a relation back, and relations to themselves."""
    names = ("buys", "likes", "rates")
    return gm.heterograph(
        {
            ("game", "bought_by", "user"): EDGE,
            ("user", "follows", "user"): ([0, 1], [1, 2]),
            ("user", "blocks", "user"): EDGE,
            **{("user", name, "game"): ([0, 1], [0, 0]) for name in names},
            ("developer", "makes", "game"): EDGE,
        }
    )


def papers() -> Graph:
    """Types with long names whose arrows cross."""
    return gm.heterograph(
        {
            ("author", "affiliated_with", "institution"): EDGE,
            ("author", "writes", "paper"): EDGE,
            ("paper", "written_by", "author"): EDGE,
            ("paper", "cites", "paper"): EDGE,
            ("paper", "has_topic", "field_of_study"): EDGE,
        }
    )


def block() -> Graph:
    """A block of two types at each end, whose arrows cross."""
    return gm.create_block(
        {
            ("game", "bought_by", "user"): EDGE,
            ("user", "buys", "game"): EDGE,
            ("user", "likes", "game"): EDGE,
            ("user", "follows", "user"): EDGE,
        }
    )


def ring() -> Graph:
    """Nine types in a ring, each joined to itself and to its neighbour."""
    types = [f"type {i}" for i in range(9)]
    pairs = [*zip(types, types, strict=True), *zip(types, types[1:] + types[:1], strict=True)]
    return gm.heterograph({(s, f"from {s}", d): EDGE for s, d in pairs})


# ---- text, as DGL prints it


def test_one_type_shows_counts_and_schemes() -> None:
    g = gm.graph(([0, 1], [1, 2]), num_nodes=4)
    g.ndata["x"], g.edata["w"] = torch.ones(4, 3), torch.ones(2, dtype=torch.int64)
    assert repr(g) == (
        "Graph(num_nodes=4, num_edges=2,\n"
        "      ndata_schemes={'x': Scheme(shape=(3,), dtype=torch.float32)}\n"
        "      edata_schemes={'w': Scheme(shape=(), dtype=torch.int64)})"
    )


def test_several_types_show_counts_by_type_and_the_metagraph() -> None:
    g = gm.heterograph(
        {
            ("drug", "interacts", "drug"): ([0, 1], [1, 2]),
            ("drug", "interacts", "gene"): ([0, 1], [2, 3]),
            ("drug", "treats", "disease"): ([1], [2]),
        }
    )
    assert repr(g) == (
        "Graph(num_nodes={'disease': 3, 'drug': 3, 'gene': 4},\n"
        "      num_edges={('drug', 'interacts', 'drug'): 2, ('drug', 'interacts', 'gene'): 2, "
        "('drug', 'treats', 'disease'): 1},\n"
        "      metagraph=[('drug', 'drug', 'interacts'), ('drug', 'gene', 'interacts'), "
        "('drug', 'disease', 'treats')])"
    )


def test_the_metagraph_lists_parallel_relations_together() -> None:
    g = gm.heterograph(
        {("a", "x", "c"): EDGE, ("a", "y", "b"): EDGE, ("a", "z", "c"): EDGE, ("b", "w", "a"): EDGE}
    )
    shown = "[('a', 'c', 'x'), ('a', 'c', 'z'), ('a', 'b', 'y'), ('b', 'a', 'w')]"
    assert repr(g).endswith(f"metagraph={shown})")


def test_a_graph_without_relations_shows_its_nodes() -> None:
    assert repr(gm.heterograph({}, {"a": 2})) == (
        "Graph(num_nodes={'a': 2},\n      num_edges={},\n      metagraph=[])"
    )


def test_a_block_shows_both_ends() -> None:
    one = gm.create_block(([0, 1], [0, 0]), num_src_nodes=3)
    assert repr(one) == "Block(num_src_nodes=3, num_dst_nodes=1, num_edges=2)"


def test_a_block_of_several_types_shows_both_ends_by_type() -> None:
    g = gm.create_block({("a", "x", "b"): ([0, 1], [0, 0]), ("b", "y", "b"): EDGE})
    assert repr(g) == (
        "Block(num_src_nodes={'a': 2, 'b': 1},\n"
        "      num_dst_nodes={'b': 1},\n"
        "      num_edges={('a', 'x', 'b'): 2, ('b', 'y', 'b'): 1},\n"
        "      metagraph=[('a', 'b', 'x'), ('b', 'b', 'y')])"
    )


def test_a_batch_shows_how_many_graphs_it_has() -> None:
    one = gm.graph(([0, 1], [1, 2]))
    assert repr(gm.batch([one])) == repr(one)
    assert repr(gm.batch([one, one, one])).startswith(
        "Graph(num_nodes=9, num_edges=6, batch_size=3,\n      ndata_schemes={}"
    )
    assert "('b', 'y', 'c'): 2}, batch_size=2,\n      metagraph" in repr(
        gm.batch([gm.heterograph({("a", "x", "b"): EDGE, ("b", "y", "c"): EDGE})] * 2)
    )
    assert ", a batch of 3 graphs" in Page(gm.batch([one, one, one])._repr_html_()).text
    assert "batch" not in one._repr_html_()


# ---- HTML


class Page(HTMLParser):
    """Parses HTML, fails on a tag that does not close, and collects table cells and all text."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.rows: list[list[str]] = []
        self.text = ""
        self.feed(source)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += data


GRAPHS = {
    "one type": lambda: gm.graph(EDGE),
    "no nodes": lambda: gm.graph(([], [])),
    "no types": lambda: gm.heterograph({}),
    "bipartite": lambda: gm.heterograph({("user", "buys", "game"): EDGE}),
    "shop": shop,
    "papers": papers,
    "ring": ring,
    "block": block,
}


@pytest.mark.parametrize("name", GRAPHS)
def test_html_is_well_formed(name: str) -> None:
    page = Page(GRAPHS[name]()._repr_html_())
    assert page.rows[0] == ["", "type", "count", "feature", "shape", "dtype"]
    assert {len(row) for row in page.rows} == {6}


def test_html_has_counts_and_features_with_shapes_and_dtypes() -> None:
    g = gm.graph(([0] * 1500, [1] * 1500))
    g.ndata["x"], g.ndata["y"] = torch.ones(2, 3), torch.ones(2, dtype=torch.bool)
    page = Page(g._repr_html_())
    assert "Graph" in page.text
    assert "2 nodes, 1,500 edges, torch.int64 ids on cpu" in page.text
    assert page.rows[1:] == [
        ["nodes", "", "2", "x", "(2, 3)", "float32"],
        ["", "", "", "y", "(2,)", "bool"],
        ["edges", "", "1,500", "", "", ""],
    ]


def test_html_has_a_row_for_every_type() -> None:
    rows = Page(shop()._repr_html_()).rows
    assert [row[1] for row in rows if row[0] == "nodes"] == shop().ntypes
    edges = [row[1:3] for row in rows if row[0] == "edges"]
    assert edges[:2] == [["developer → makes → game", "1"], ["game → bought_by → user", "1"]]
    assert len(edges) == 7


def test_html_of_a_block_has_both_ends() -> None:
    kinds = [row[:2] for row in Page(block()._repr_html_()).rows]
    assert ["source nodes", "user"] in kinds
    assert ["destination nodes", "game"] in kinds


def test_html_does_not_gather_the_features_of_a_subgraph() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.zeros(3)
    part = g.subgraph([2, 1])
    page = Page(part._repr_html_())
    g.ndata["x"].add_(1)
    assert ["", "", "", "_ID", "(2,)", "int64"] in page.rows
    assert part.ndata["x"].tolist() == [1, 1]


def test_html_escapes_names() -> None:
    evil = "<script>'&\"</script>"
    g = gm.heterograph({(evil, evil, "b"): EDGE, ("b", "x", evil): EDGE})
    g.nodes[evil].data[evil] = torch.ones(1)
    page = Page(g._repr_html_())
    assert "<script>" not in g._repr_html_()
    assert [evil, "1", evil, "(1,)", "float32"] in [row[1:] for row in page.rows]


# ---- the drawing

Box = tuple[float, float, float, float]

DRAWN = [name for name in GRAPHS if name not in ("one type", "no nodes", "no types")]


def drawing(g: Graph) -> ET.Element:
    source = g._repr_html_()
    return ET.fromstring(source[source.index("<svg") : source.index("</svg>") + 6])


def texts(g: Graph) -> list[str]:
    return [str(text.text) for text in drawing(g).iter("text")]


def boxes(g: Graph) -> list[Box]:
    """Around what the drawing says: left, top, right and bottom of each pill and each label."""
    found = []
    for group in drawing(g).iter("g"):
        pill, lines = group.find("rect"), group.findall("text")
        xs, ys = ([float(line.attrib[axis]) for line in lines] for axis in "xy")
        half = max(len(str(line.text)) for line in lines) * 3.2
        if pill is not None:
            half = float(pill.attrib["width"]) / 2
        found.append((xs[0] - half, min(ys) - 9, xs[0] + half, max(ys) + 2))
    return found


def test_types_without_names_are_not_drawn() -> None:
    for name in GRAPHS.keys() - DRAWN:
        assert "<svg" not in GRAPHS[name]()._repr_html_()


@pytest.mark.parametrize("name", DRAWN)
def test_the_drawing_names_every_type_and_relation(name: str) -> None:
    g = GRAPHS[name]()
    assert sorted(texts(g)) == sorted([*g.ntypes, *g.etypes])


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_in_the_drawing_is_written_over_another(name: str) -> None:
    for a, b in combinations(boxes(GRAPHS[name]()), 2):
        assert a[0] >= b[2] or b[0] >= a[2] or a[1] >= b[3] or b[1] >= a[3]


@pytest.mark.parametrize("name", DRAWN)
def test_everything_lies_inside_the_drawing(name: str) -> None:
    left, top, width, height = map(float, drawing(GRAPHS[name]()).attrib["viewBox"].split())
    for box in boxes(GRAPHS[name]()):
        assert left <= box[0] <= box[2] <= left + width
        assert top <= box[1] <= box[3] <= top + height


def test_relations_from_one_type_to_another_share_an_arrow() -> None:
    arrows = len(drawing(shop()).findall("path"))
    assert arrows == len({(s, d) for s, _, d in shop().canonical_etypes}) == 4


def test_long_names_and_many_relations_are_cut_short_and_told_in_full_on_hover() -> None:
    names = [f"relation {i}" for i in range(9)]
    g = gm.heterograph({("x" * 40, name, "b"): EDGE for name in names})
    assert texts(g)[0] == "x" * 23 + "…"
    assert texts(g)[-1] == "and 5 more"
    titles = [title.text for title in drawing(g).iter("title")]
    assert titles == ["x" * 40, "b", ", ".join(names)]


# ---- features


def with_features() -> Graph:
    """A graph with a column of every kind."""
    g = gm.graph(([0, 1], [1, 2]), num_nodes=4)
    g.ndata["x"] = torch.tensor([[1.0, 2.0], [3.0, float("nan")], [0.0, 0.0], [-1.0, 1.0]])
    g.ndata["label"] = torch.tensor([0, 2, 2, 1])
    g.ndata["mask"] = torch.tensor([True, False, False, False])
    g.edata["w"] = torch.tensor([0.5, 1.5], requires_grad=True)
    return g


COLUMNS = ["", "field", "shape", "dtype", "statistics", "first rows"]


def test_features_show_statistics_and_their_first_rows() -> None:
    g = with_features()
    page = Page(g.ndata._repr_html_())
    assert page.text.startswith("Features of the nodes")
    assert page.rows == [
        COLUMNS,
        [
            *("nodes (4)", "x", "(4, 2)", "float32", "-1 to 3, mean 0.8571, 12.5% NaN"),
            "[1, 2], [3, nan], [0, 0]",
        ],
        ["", "label", "(4,)", "int64", "0 to 2, 3 classes", "0, 2, 2"],
        ["", "mask", "(4,)", "bool", "25% True", "True, False, False"],
    ]
    assert Page(g.edata._repr_html_()).rows[1][4:] == ["0.5 to 1.5, mean 1", "0.5, 1.5"]


def test_some_rows_and_several_types_show_their_features() -> None:
    g = with_features()
    page = Page(g.nodes[[1, 3]].data._repr_html_())
    assert page.text.startswith("Features of 2 of the nodes")
    assert page.rows[2] == ["", "label", "(2,)", "int64", "1 to 2, 2 classes", "2, 1"]
    types = gm.heterograph({("a", "x", "b"): EDGE, ("b", "y", "b"): EDGE})
    types.nodes["a"].data["h"] = torch.ones(1, 9)
    rows = Page(types.ndata._repr_html_()).rows
    assert rows[1] == ["a (1)", "h", "(1, 9)", "float32", "1 to 1, mean 1", "[1, 1, 1, 1, …]"]
    assert rows[2] == ["b (1)", "", "", "", "", ""]
    assert [row[0] for row in Page(types.edata._repr_html_()).rows[1:]] == [
        "a → x → b (1)",
        "b → y → b (1)",
    ]


@pytest.mark.parametrize(
    "column",
    [
        torch.empty(0, 3),
        torch.empty(0, dtype=torch.int64),
        torch.empty(0, dtype=torch.bool),
    ],
)
def test_no_rows_have_no_statistics(column: torch.Tensor) -> None:
    g = gm.graph(([], []))
    g.ndata["x"] = column
    assert Page(g.ndata._repr_html_()).rows[1][4:] == ["", ""]


@pytest.mark.parametrize(
    ("column", "statistics"),
    [
        (torch.full((2, 2), float("nan")), "100% NaN"),
        (torch.tensor([float("inf"), 1.0]), "1 to inf, mean inf"),
        (torch.tensor([60000.0, 60000.0], dtype=torch.float16), "6e+04 to 6e+04, mean 6e+04"),
        (torch.tensor([1 + 1j, 2]), ""),
        (torch.eye(2).to_sparse(), ""),
        (torch.empty(2, 0), ""),
        (torch.tensor([7, 7], dtype=torch.uint8), "7 to 7, 1 class"),
    ],
    ids=["nan", "inf", "half", "complex", "sparse", "no width", "bytes"],
)
def test_unusual_numbers_are_shown(column: torch.Tensor, statistics: str) -> None:
    g = gm.graph(EDGE, num_nodes=2)
    g.ndata["x"] = column
    assert Page(g.ndata._repr_html_()).rows[1][4] == statistics


def test_features_on_a_device_without_memory_are_shown() -> None:
    g = gm.graph(EDGE, num_nodes=2).to("meta")
    g.ndata["x"] = torch.empty(2, device="meta")
    assert Page(g.ndata._repr_html_()).rows[1] == ["nodes (2)", "x", "(2,)", "float32", "", ""]


def test_statistics_of_large_columns_are_those_of_some_rows() -> None:
    g = gm.graph(([], []), num_nodes=1 << 19)
    g.ndata["x"] = torch.arange(float(1 << 19))
    rows = Page(g.ndata._repr_html_()).rows
    assert rows[1][4] == "0 to 5.243e+05, mean 2.621e+05 (1 row in 2)"


def test_showing_features_gathers_nothing_for_good() -> None:
    g = gm.graph(([0, 1], [1, 2]))
    g.ndata["x"] = torch.zeros(3)
    part = g.subgraph([2, 1])
    assert Page(part.ndata._repr_html_()).rows[1][5] == "0, 0"
    g.ndata["x"].add_(1)
    assert part.ndata["x"].tolist() == [1, 1]


def test_names_of_fields_are_escaped() -> None:
    g = gm.graph(EDGE)
    g.ndata["<script>"] = torch.ones(1)
    assert "<script>" not in g.ndata._repr_html_()
    assert Page(g.ndata._repr_html_()).rows[1][1] == "<script>"


def test_batches_of_user_defined_functions_show_what_they_hold() -> None:
    g = with_features()
    shown: list[str] = []

    def message(edges: gm.EdgeBatch) -> dict[str, torch.Tensor]:
        shown.extend([repr(edges), edges._repr_html_()])
        return {"m": edges.src["x"]}

    def reduce(nodes: gm.NodeBatch) -> dict[str, torch.Tensor]:
        shown.extend([repr(nodes), nodes._repr_html_()])
        return {"y": nodes.mailbox["m"].sum(1)}

    g.update_all(message, reduce)
    edges, edges_html, nodes, nodes_html = shown
    fields = ["x", "label", "mask"]
    assert edges == f"EdgeBatch(num_edges=2, src={fields}, dst={fields}, data=['w'])"
    assert [row[0] for row in Page(edges_html).rows if row[0]] == ["src (2)", "dst (2)", "data (2)"]
    assert nodes == f"NodeBatch(num_nodes=2, data={fields}, mailbox={{'m': (2, 1, 2)}})"
    assert Page(nodes_html).rows[-1][:3] == ["mailbox (2)", "m", "(2, 1, 2)"]

    def nothing(batch: gm.EdgeBatch | gm.NodeBatch) -> dict[str, torch.Tensor]:
        shown.append(repr(batch))
        return {}

    types = gm.heterograph({("a", "x", "b"): EDGE})
    types.apply_edges(nothing)
    types.apply_nodes(nothing, ntype="b")
    assert shown[4:] == [
        "EdgeBatch(num_edges=1, canonical_etype=('a', 'x', 'b'), src=[], dst=[], data=[])",
        "NodeBatch(num_nodes=1, ntype='b', data=[], mailbox={})",
    ]
