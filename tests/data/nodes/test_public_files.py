"""Each public data set of one graph, from a small copy of its files in their format."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
import torch

import graphmp as gm
from graphmp import data

EDGES = np.array([[0, 1, 1, 2, 3], [1, 0, 2, 3, 3]])
FEAT = np.array([[1, 0, 2], [0, 1, 0], [3, 0, 0], [0, 0, 4]], np.float32)
LABEL = np.array([0, 1, 1, 0])
ADJACENCY = sp.csr_matrix((np.ones(5, np.float32), tuple(EDGES)), (4, 4))
ROLE = [1, 2, 3, 1]


def csr_parts(name: str, matrix: Any) -> Any:
    parts = {part: getattr(matrix, part) for part in ("data", "indices", "indptr", "shape")}
    return {f"{name}_{part}": value for part, value in parts.items()}


def write_co_purchase(folder: Path) -> None:
    feat = csr_parts("attr", sp.csr_matrix(FEAT))
    names = np.array(["a", None], dtype=object)  # as in the public files; it is never read
    for name in (*CO_PURCHASE, "cora_full"):
        np.savez(
            folder / f"{name}.npz", **csr_parts("adj", ADJACENCY), **feat, labels=LABEL, names=names
        )


CO_PURCHASE = (
    "amazon_co_buy_computer",
    "amazon_co_buy_photo",
    "coauthor_cs",
    "coauthor_physics",
)


def write_geom(folder: Path, actor: bool = False) -> None:
    rows = ["0,2", "1", "0", "2"] if actor else [",".join(map(str, row)) for row in FEAT]
    lines = [f"{node}\t{rows[node]}\t{LABEL[node]}" for node in (2, 0, 1, 3)]
    (folder / "out1_node_feature_label.txt").write_text("\n".join(["header", *lines, ""]))
    pairs = [f"{v}\t{u}" for u, v in EDGES.T]
    (folder / "out1_graph_edges.txt").write_text("\n".join(["header", *pairs, ""]))
    masks = {f"{part}_mask": np.array(ROLE) == i for i, part in enumerate(PARTS, 1)}
    for name in GEOM:
        for i in range(10):
            np.savez(folder / f"{name}_split_0.6_0.2_{i}.npz", **masks)


PARTS = ("train", "val", "test")
GEOM = ("actor", "chameleon", "squirrel", "cornell", "texas", "wisconsin")


def write_actor(folder: Path) -> None:
    write_geom(folder, actor=True)


def write_heterophilous(folder: Path) -> None:
    masks: Any = {
        f"{part}_masks": np.tile(np.array(ROLE) == i, (10, 1)) for i, part in enumerate(PARTS, 1)
    }
    for name in ("roman_empire", "amazon_ratings", "minesweeper", "tolokers", "questions"):
        np.savez(
            folder / f"{name}.npz", edges=EDGES.T, node_features=FEAT, node_labels=LABEL, **masks
        )


def write_fraud(folder: Path) -> None:
    relations = ("net_rsr", "net_rtr", "net_rur", "net_upu", "net_usu", "net_uvu")
    parts = {name: sp.csc_matrix(ADJACENCY) for name in relations}
    parts |= {"features": sp.csc_matrix(FEAT), "label": LABEL[None]}
    for name in ("YelpChi", "Amazon"):
        scipy.io.savemat(folder / f"{name}.mat", parts)


def write_graph_saint(folder: Path, classes: Any = (0, 1, 1, 0)) -> None:
    sp.save_npz(folder / "adj_full.npz", ADJACENCY)
    np.save(folder / "feats.npy", FEAT.astype(np.float64))
    (folder / "class_map.json").write_text(json.dumps(dict(enumerate(classes))))
    (folder / "role.json").write_text(json.dumps({"tr": [0, 3], "va": [1], "te": [2]}))


def write_reddit(folder: Path) -> None:
    for name in ("reddit", "reddit_self_loop"):
        sp.save_npz(folder / f"{name}_graph.npz", ADJACENCY.tocoo())
    np.savez(folder / "reddit_data.npz", feature=FEAT, label=LABEL, node_types=np.array(ROLE))


def write_wiki(folder: Path, **changes: Any) -> None:
    links = [[int(v) for v in EDGES[1][EDGES[0] == u]] for u in range(4)]
    parts = {f"{part}_masks": [[int(r == i) for r in ROLE]] * 20 for i, part in enumerate(PARTS, 1)}
    parts["stopping_masks"] = parts.pop("test_masks")
    content = {"features": FEAT.tolist(), "labels": LABEL.tolist(), "links": links, **parts}
    content["test_mask"] = [r == 3 for r in ROLE]
    (folder / "data.json").write_text(json.dumps({**content, **changes}))


class Case(NamedTuple):
    make: Callable[..., Any]
    write: Callable[[Path], None]
    reordered: bool = False
    both_ways: bool = False
    num_classes: int = 2
    splits: int | None = None
    feat: str = "feat"


CASES = {
    "computers": Case(data.AmazonCoBuyComputerDataset, write_co_purchase, True, True, 10),
    "photo": Case(data.AmazonCoBuyPhotoDataset, write_co_purchase, True, True, 8),
    "cs": Case(data.CoauthorCSDataset, write_co_purchase, True, True, 15),
    "physics": Case(data.CoauthorPhysicsDataset, write_co_purchase, True, True, 5),
    "cora_full": Case(data.CoraFullDataset, write_co_purchase, True, True, 70),
    "actor": Case(data.ActorDataset, write_actor, splits=10),
    "chameleon": Case(data.ChameleonDataset, write_geom, splits=10),
    "squirrel": Case(data.SquirrelDataset, write_geom, splits=10),
    "cornell": Case(data.CornellDataset, write_geom, splits=10),
    "texas": Case(data.TexasDataset, write_geom, splits=10),
    "wisconsin": Case(data.WisconsinDataset, write_geom, splits=10),
    "roman_empire": Case(data.RomanEmpireDataset, write_heterophilous, both_ways=True, splits=10),
    "ratings": Case(data.AmazonRatingsDataset, write_heterophilous, both_ways=True, splits=10),
    "minesweeper": Case(data.MinesweeperDataset, write_heterophilous, both_ways=True, splits=10),
    "tolokers": Case(data.TolokersDataset, write_heterophilous, both_ways=True, splits=10),
    "questions": Case(data.QuestionsDataset, write_heterophilous, both_ways=True, splits=10),
    "flickr": Case(data.FlickrDataset, write_graph_saint, num_classes=7),
    "yelp": Case(data.YelpDataset, write_graph_saint, num_classes=100),
    "reddit": Case(data.RedditDataset, write_reddit, True, num_classes=41),
    "wiki_cs": Case(data.WikiCSDataset, write_wiki, True, True, 10, splits=20),
}
EACH = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


def pairs(g: gm.Graph) -> list[tuple[int, int]]:
    """The edges by the original nodes, which their features tell."""
    rows = [tuple(row) for row in FEAT.astype(bool).tolist()]
    known = g.ndata["feat"].bool().tolist()
    original = [rows.index(tuple(row)) for row in known]
    return sorted(
        (original[u], original[v]) for u, v in zip(*(e.tolist() for e in g.edges()), strict=True)
    )


@EACH
def test_the_graph_is_that_of_the_files(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    dataset = case.make(raw_dir=tmp_path, verbose=False)
    g = dataset[0]
    expected = {tuple(pair) for pair in EDGES.T.tolist()}
    if case.both_ways:
        expected |= {(v, u) for u, v in expected}
    if case.make is not data.ActorDataset:
        assert pairs(g) == sorted(expected)
    assert g.num_edges() == len(expected)
    assert g.ndata["feat"].shape == (4, 3)
    assert (g.ndata["feat"].dtype, g.ndata["label"].dtype) == (torch.float32, torch.int64)
    assert sorted(g.ndata["label"].tolist()) == [0, 0, 1, 1]
    assert (len(dataset), dataset.num_classes) == (1, case.num_classes)
    if not case.reordered:
        assert g.ndata["label"].tolist() == LABEL.tolist()
        assert [ends.tolist() for ends in g.edges()] == EDGES.tolist() or case.both_ways


@EACH
def test_the_masks_are_those_of_the_files(case: Case, tmp_path: Path) -> None:
    case.write(tmp_path)
    g = case.make(raw_dir=tmp_path, verbose=False)[0]
    if case.write is write_co_purchase:
        assert set(g.ndata) == {"feat", "label"}
        return
    shape = (4,) if case.splits is None else (4, case.splits)
    names = [f"{part}_mask" for part in PARTS]
    if case.make is data.WikiCSDataset:
        assert g.ndata.pop("test_mask").shape == (4,)
        names[2] = "stopping_mask"
    masks = [g.ndata[name] for name in names]
    assert all(mask.shape == shape and mask.dtype == torch.bool for mask in masks)
    role = sum(
        (mask.view(4, -1)[:, 0].int() * i for i, mask in enumerate(masks, 1)), torch.zeros(4)
    )
    assert sorted(role.tolist()) == sorted(ROLE)
    if not case.reordered:
        assert role.tolist() == ROLE


@EACH
def test_the_folder_may_be_one_within(case: Case, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("GRAPHMP_DATA", raising=False)
        patch.setattr("graphmp.data.builtin.fetch", refuse)
        with pytest.raises(Refused):
            case.make(raw_dir=tmp_path, verbose=False)
        names = [path.name for path in tmp_path.iterdir()]
        (tmp_path / "written").mkdir()
        case.write(tmp_path / "written")
        name = {"RedditDataset": "reddit"}.get(case.make.__name__) or case.make._set_name  # type: ignore[attr-defined]
        (tmp_path / "written").rename(tmp_path / name)
        assert len(case.make(raw_dir=tmp_path, verbose=False, transform=lambda g: g)) == 1
        assert names == []


class Refused(Exception):
    """Raised in the place of a download."""


def refuse(*arguments: object) -> None:
    raise Refused


FAMILIES = {case.write.__name__: case for case in CASES.values()}


@pytest.mark.parametrize("case", FAMILIES.values(), ids=FAMILIES)
@pytest.mark.parametrize("content", [b"", b"no"])
def test_a_damaged_file_is_an_error_that_names_it(
    case: Case, tmp_path: Path, content: bytes
) -> None:
    case.write(tmp_path)
    paths = [tmp_path / name for names in case.make(raw_dir=tmp_path)._choices() for name in names]
    for path in (path for path in paths[:4] if path.is_file()):
        whole = path.read_bytes()
        path.write_bytes(content)
        with pytest.raises(gm.GraphError, match=path.name.replace(".", r"\.")):
            case.make(raw_dir=tmp_path, verbose=False)
        path.write_bytes(whole)


@pytest.mark.parametrize("make", [data.FraudYelpDataset, data.FraudAmazonDataset])
def test_fraud_has_three_relations_and_a_split(
    make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from graphmp.data.nodes import fraud

    monkeypatch.setitem(fraud.SETS["amazon"], "first", 1)
    write_fraud(tmp_path)
    dataset = make(raw_dir=tmp_path, verbose=False, train_size=0.5, val_size=0.25)
    g = dataset[0]
    assert len(g.etypes) == 3
    for etype in g.canonical_etypes:
        ends = zip(*(e.tolist() for e in g.edges(etype=etype)), strict=True)
        assert sorted(ends) == sorted(map(tuple, EDGES.T.tolist()))
    assert g.ndata["feature"].tolist() == FEAT.tolist()
    assert g.ndata["label"].tolist() == LABEL.tolist()
    masks = torch.stack([g.ndata[f"{part}_mask"] for part in PARTS]).sum(0)
    assert masks.tolist() == ([1] * 4 if make is data.FraudYelpDataset else [0, 1, 1, 1])
    assert (dataset.num_classes, dataset.graph) == (2, g)


def test_the_split_of_fraud_is_that_of_dgl(tmp_path: Path) -> None:
    write_fraud(tmp_path)
    g = data.FraudDataset("yelp", tmp_path, train_size=0.5, val_size=0.25)[0]
    order = np.random.RandomState(717).permutation(4)
    assert g.ndata["train_mask"].nonzero().view(-1).tolist() == sorted(order[:2].tolist())
    assert g.ndata["val_mask"].nonzero().view(-1).tolist() == [order[3]]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "ebay"}, "one of yelp, amazon, got 'ebay'"),
        ({"name": "yelp", "train_size": 0.7, "val_size": 0.4}, "at most 1 together"),
        ({"name": "yelp", "train_size": -0.1}, "from 0"),
    ],
)
def test_other_settings_of_fraud_are_an_error(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(gm.GraphError, match=message):
        data.FraudDataset(**settings)


def test_wrong_parts_of_fraud_are_an_error(tmp_path: Path) -> None:
    write_fraud(tmp_path)
    whole = scipy.io.loadmat(tmp_path / "YelpChi.mat")
    parts = {name: value for name, value in whole.items() if not name.startswith("__")}
    for change, message in (
        ({"net_rsr": np.eye(4)}, "net_rsr as a sparse matrix of 4 rows"),
        ({"net_rsr": sp.csc_matrix((5, 5))}, "net_rsr as a sparse matrix of 4 rows"),
        ({"features": FEAT[:3]}, "features of shape"),
        ({"label": np.array(["a"])}, "label to be an array of real numbers"),
    ):
        scipy.io.savemat(tmp_path / "YelpChi.mat", {**parts, **change})
        with pytest.raises(gm.GraphError, match=message):
            data.FraudYelpDataset(tmp_path, verbose=False)


def test_a_node_may_have_several_classes_or_none(tmp_path: Path) -> None:
    write_graph_saint(tmp_path, [[0, 1], [1, 1], [1, 0]])
    label = data.YelpDataset(tmp_path)[0].ndata["label"]
    assert label.tolist() == [[0, 1], [1, 1], [1, 0], [-1, -1]]


@pytest.mark.parametrize("make", [data.FlickrDataset, data.YelpDataset])
def test_nodes_may_be_reordered(make: Any, tmp_path: Path) -> None:
    write_graph_saint(tmp_path)
    assert pairs(make(tmp_path, reorder=True)[0]) == sorted(map(tuple, EDGES.T.tolist()))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("role.json", {"tr": [0], "va": [1]}, "te in .*role.json"),
        ("role.json", {"tr": [9], "va": [], "te": []}, "tr in .*expected ids from 0 to 3, got 9"),
        ("role.json", {"tr": ["x"], "va": [], "te": []}, "tr in .*expected integers"),
        ("role.json", [1], "expected a dict, got a list"),
        ("class_map.json", {"0": "x"}, r"class_map\.json: expected a class"),
        ("class_map.json", {"7": 1}, r"class_map\.json: expected nodes from 0 to 3"),
        ("class_map.json", {"x": 1}, r"class_map\.json: expected a number, got 'x'"),
        ("class_map.json", {"0": [1], "1": [1, 2]}, r"class_map\.json: "),
        ("class_map.json", {}, r"class_map\.json: "),
    ],
)
def test_wrong_json_is_an_error(tmp_path: Path, name: str, content: Any, message: str) -> None:
    write_graph_saint(tmp_path)
    (tmp_path / name).write_text(json.dumps(content))
    with pytest.raises(gm.GraphError, match=message):
        data.FlickrDataset(tmp_path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"links": [[1], [0], [4], []]}, "links: expected 4 lists of nodes from 0 to 3"),
        ({"links": [[1], [0], [0.5], []]}, "links: expected 4 lists"),
        ({"links": [[1], [0]]}, "links: expected 4 lists"),
        ({"links": 5}, "links: "),
        ({"links": None}, "links: "),
        ({"features": [[1, 2], [3]]}, "features"),
        ({"labels": [0, 1]}, "expected"),
        ({"train_masks": [[1]]}, r"train_masks of shape \(any, 4\)"),
        ({"test_mask": "x"}, "test_mask"),
    ],
)
def test_wrong_parts_of_wiki_cs_are_an_error(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_wiki(tmp_path, **changes)
    with pytest.raises(gm.GraphError, match=message):
        data.WikiCSDataset(tmp_path)


@pytest.mark.parametrize(
    ("name", "line", "message"),
    [
        ("out1_node_feature_label.txt", "0\t1\t0", "line 6: expected another node"),
        ("out1_node_feature_label.txt", "x\t1\t0", "line 6: expected a number, got 'x'"),
        ("out1_node_feature_label.txt", "4\t1,nan,x\t0", "line 6: expected a number, got 'x'"),
        ("out1_node_feature_label.txt", "4\t1,2\t0", "equally many features"),
        ("out1_node_feature_label.txt", "4\t1,2,3\t-1", "a label from 0, got -1"),
        ("out1_node_feature_label.txt", "4\t1", "line 6: not enough values"),
        ("out1_graph_edges.txt", "0\t4", "expected nodes from 0 to 3, got 4"),
        ("out1_graph_edges.txt", "-1\t0", "expected nodes from 0 to 3, got -1"),
        ("out1_graph_edges.txt", "0\t1\t2", "expected 2 numbers"),
    ],
)
def test_a_wrong_line_of_geom_gcn_is_an_error(
    tmp_path: Path, name: str, line: str, message: str
) -> None:
    write_geom(tmp_path)
    with (tmp_path / name).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(gm.GraphError, match=message):
        data.CornellDataset(tmp_path)


def test_an_actor_has_columns_below_a_limit(tmp_path: Path) -> None:
    write_actor(tmp_path)
    path = tmp_path / "out1_node_feature_label.txt"
    path.write_text(path.read_text().replace("0,2", "0,99999999"))
    with pytest.raises(gm.GraphError, match="expected columns from 0 to 65535, got 0 to 99999999"):
        data.ActorDataset(tmp_path)


@pytest.mark.usefixtures("named_data_dir")
@pytest.mark.parametrize(
    ("make", "nodes", "pairs", "feats"),
    [
        (data.AmazonCoBuyPhotoDataset, 7650, 119081, 745),
        (data.AmazonCoBuyComputerDataset, 13752, 245861, 767),
    ],
)
def test_counts_are_those_published(make: Any, nodes: int, pairs: int, feats: int) -> None:
    g = make()[0]
    src, dst = g.edges()
    assert (g.num_nodes(), g.ndata["feat"].shape[1]) == (nodes, feats)
    assert int((src < dst).sum()) == pairs


def test_the_older_names_choose_a_dataset() -> None:
    assert data.KarateClub is data.KarateClubDataset
    assert data.CoraFull is data.CoraFullDataset
    with pytest.raises(gm.GraphError, match="one of computers, photo, got 'phones'"):
        data.AmazonCoBuy("phones")
    with pytest.raises(gm.GraphError, match="one of cs, physics, got 'art'"):
        data.Coauthor("art")
