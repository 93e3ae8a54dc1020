"""Each public set of graphs, from a small copy of its files in their format."""

from __future__ import annotations

import csv
import gzip
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

import graphmp as gm
from graphmp import data
from graphmp.data.graphs.peptides import STRUCTURE

Array = NDArray[Any]


def ends(g: gm.Graph) -> list[list[int]]:
    return [side.tolist() for side in g.edges()]


def dump(path: Path, value: Any) -> Path:
    path.write_bytes(pickle.dumps(value, 2))
    return path


def write_ppi(folder: Path, mode: str, first: int, count: int, **changes: Any) -> None:
    owner = np.repeat(np.arange(first, first + count), 2)
    links = [{"source": 2 * i, "target": 2 * i + 1} for i in range(count)]
    nodes = [{"id": i} for i in range(2 * count)]
    content = {"directed": False, "nodes": nodes, "links": [*links, links[0]], **changes}
    (folder / f"{mode}_graph.json").write_text(json.dumps(content))
    np.save(folder / f"{mode}_graph_id.npy", owner)
    np.save(folder / f"{mode}_feats.npy", np.arange(2.0 * count)[:, None] * np.ones(50))
    np.save(folder / f"{mode}_labels.npy", np.ones((2 * count, 121), np.int64))


@pytest.mark.parametrize(
    ("mode", "first", "count"), [("train", 1, 20), ("valid", 21, 2), ("test", 23, 2)]
)
def test_ppi_has_a_graph_for_each_tissue(tmp_path: Path, mode: str, first: int, count: int) -> None:
    write_ppi(tmp_path, mode, first, count)
    dataset = data.PPIDataset(mode, tmp_path)
    assert (len(dataset), dataset.num_classes, dataset.num_labels) == (count, 121, 121)
    g = dataset[1]
    assert ends(g) == [[0, 1], [1, 0]]
    assert g.ndata["feat"][:, 0].tolist() == [2, 3]
    assert g.ndata["label"].dtype == torch.float32
    assert (g.ndata["_ID"].tolist(), g.edata["_ID"].tolist()) == ([2, 3], [2, 3])
    legacy, feat, label = data.LegacyPPIDataset(mode, tmp_path)[1]
    assert torch.equal(feat, legacy.ndata["feat"])
    assert torch.equal(label, legacy.ndata["label"])


@pytest.mark.parametrize(
    "changes",
    [{"links": [{"source": 0, "target": 9}]}, {"links": 5}, {"nodes": [{"id": 0}]}, {"nodes": 1}],
)
def test_wrong_links_of_ppi_are_an_error(tmp_path: Path, changes: dict[str, Any]) -> None:
    write_ppi(tmp_path, "valid", 21, 2)
    path = tmp_path / "valid_graph.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    with pytest.raises(gm.GraphError, match=r"valid_graph\.json: expected nodes and links"):
        data.PPIDataset("valid", tmp_path)


def write_fake_news(folder: Path) -> None:
    (folder / "A.txt").write_text("0, 2\n2, 0\n1, 3\n")
    np.save(folder / "graph_labels.npy", np.array([1, 0]))
    np.save(folder / "node_graph_id.npy", np.array([0, 1, 0, 1]))
    for part, ids in (("train", [0]), ("val", [1]), ("test", [])):
        np.save(folder / f"{part}_idx.npy", np.array(ids, np.int64))
    for name in ("bert", "content", "profile", "spacy"):
        sp.save_npz(folder / f"new_{name}_feature.npz", sp.csr_matrix(np.eye(4, 3)))


@pytest.mark.parametrize("name", ["gossipcop", "politifact"])
@pytest.mark.parametrize("feature", ["bert", "content", "profile", "spacy"])
def test_fake_news_are_graphs_of_rows_of_features(tmp_path: Path, name: str, feature: str) -> None:
    write_fake_news(tmp_path)
    dataset = data.FakeNewsDataset(name, feature, tmp_path)
    (first, label), (second, _) = dataset
    assert (ends(first), ends(second)) == ([[0, 1], [1, 0]], [[0], [1]])
    assert (int(label), dataset.num_graphs, dataset.num_classes) == (1, 2, 2)
    assert dataset.feature[first.ndata["_ID"]].tolist() == [[1, 0, 0], [0, 0, 1]]
    assert dataset.train_mask.tolist() == dataset.val_mask.logical_not().tolist() == [True, False]
    assert not dataset.test_mask.any()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("node_graph_id", np.array([0, 1, 0, 2]), "numbers of the 2 labelled graphs"),
        ("node_graph_id", np.array([0, 1, 0]), "edges of the 3 nodes"),
        ("train_idx", np.array([2]), r"train_idx\.npy: expected ids from 0 to 1, got 2"),
        ("graph_labels", np.eye(2), "labels of shape"),
    ],
)
def test_wrong_parts_of_fake_news_are_an_error(
    tmp_path: Path, name: str, value: Any, message: str
) -> None:
    write_fake_news(tmp_path)
    np.save(tmp_path / f"{name}.npy", value)
    with pytest.raises(gm.GraphError, match=message):
        data.FakeNewsDataset("politifact", "bert", tmp_path)


def test_qm7b_has_the_entries_of_coulomb_matrices(tmp_path: Path) -> None:
    matrices = np.zeros((2, 3, 3))
    matrices[0, 0, 1] = matrices[0, 1, 0] = 0.5
    matrices[1, 2, 2] = 7
    scipy.io.savemat(tmp_path / "qm7b.mat", {"X": matrices, "T": np.arange(4.0).reshape(2, 2)})
    dataset = data.QM7bDataset(tmp_path)
    (first, label), (second, _) = dataset
    assert ends(first) == [[0, 1], [1, 0]]
    assert first.edata["h"].tolist() == [[0.5], [0.5]]
    assert (second.num_nodes(), label.tolist(), dataset.num_tasks) == (3, [0, 1], 2)
    scipy.io.savemat(tmp_path / "qm7b.mat", {"X": matrices[:, :2], "T": np.ones((2, 2))})
    with pytest.raises(gm.GraphError, match="square matrices"):
        data.QM7bDataset(tmp_path)


def test_qm9_joins_atoms_that_are_near(tmp_path: Path) -> None:
    parts: dict[str, Any] = {"N": [3, 1], "Z": [6, 1, 8, 7], "mu": [1.0, 2], "gap": [3.0, 4]}
    positions = np.array([[0, 0, 0], [1, 0, 0], [3.5, 0, 0], [9, 9, 9]])
    np.savez(tmp_path / "qm9_eV.npz", **parts, R=positions)
    dataset = data.QM9Dataset(["gap", "mu"], cutoff=3.0, raw_dir=tmp_path)
    (first, label), (second, _) = dataset
    assert ends(first) == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert first.ndata["R"].tolist() == positions[:3].tolist()
    assert (first.ndata["Z"].tolist(), label.tolist()) == ([6, 1, 8], [3, 1])
    assert (second.num_nodes(), second.num_edges(), dataset.num_tasks) == (1, 0, 2)
    with pytest.raises(gm.GraphError, match="lacks the arrays cv"):
        data.QM9Dataset(["cv"], raw_dir=tmp_path)
    with pytest.raises(gm.GraphError, match="list of names for label_keys, got 'mu'"):
        data.QM9Dataset("mu", raw_dir=tmp_path)
    np.savez(tmp_path / "qm9_eV.npz", **{**parts, "N": [3, 2]}, R=positions)
    with pytest.raises(gm.GraphError, match="expected 4 atoms in all molecules, got 5"):
        data.QM9Dataset(["mu"], raw_dir=tmp_path)


def test_qm9_can_be_processed_by_a_subclass(tmp_path: Path) -> None:
    class Labels(data.QM9Dataset):
        def process(self) -> None:
            self.label = np.ones((3, len(self.label_keys)))

        def download(self) -> None:
            pass

    dataset = Labels(label_keys=["mu", "gap"], raw_dir=tmp_path)
    assert (len(dataset), dataset.num_labels, dataset.num_classes) == (3, 2, 2)


def test_qm9_edge_has_the_bonds(tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        "n_node": [2, 1],
        "n_edge": [2, 0],
        "node_attr": np.eye(3),
        "node_pos": np.ones((3, 3)),
        "edge_attr": np.eye(2),
        "src": [0, 1],
        "dst": [1, 0],
        "targets": np.arange(38.0).reshape(2, 19),
    }
    np.savez(tmp_path / "qm9_edge.npz", **parts)
    dataset = data.QM9EdgeDataset(["alpha", "mu"], tmp_path)
    (first, label), (second, other) = dataset
    assert ends(first) == [[0, 1], [1, 0]]
    assert (label.tolist(), other.tolist(), dataset.num_tasks) == ([1, 0], [20, 19], 2)
    assert first.ndata["attr"].tolist() == [[1, 0, 0], [0, 1, 0]]
    assert first.edata["edge_attr"].shape == (2, 2)
    assert (second.num_nodes(), second.num_edges()) == (1, 0)
    assert data.QM9EdgeDataset(raw_dir=tmp_path)[0][1].shape == (19,)
    with pytest.raises(gm.GraphKeyError, match=r"Expected names of mu, alpha, .* got 'Mu'"):
        data.QM9EdgeDataset(["Mu"], tmp_path)
    np.savez(tmp_path / "qm9_edge.npz", **{**parts, "dst": [5, 0]})
    with pytest.raises(gm.GraphError, match="the 2 atoms of a molecule, got an edge with node 5"):
        data.QM9EdgeDataset(raw_dir=tmp_path)


@pytest.mark.parametrize("name", ["BA-2motif.pkl", "BA-2motifs.pkl"])
def test_ba_2motifs_are_graphs_of_matrices(tmp_path: Path, name: str) -> None:
    adjacency = np.zeros((2, 3, 3))
    adjacency[0, 0, 2] = adjacency[0, 2, 0] = 1
    content = adjacency, np.ones((2, 3, 10)), np.array([[1, 0], [0, 1]])
    dump(tmp_path / name, content)
    dataset = data.BA2MotifDataset(tmp_path)
    g, label = dataset[0]
    assert (ends(g), label.tolist(), dataset.num_classes) == ([[0, 2], [2, 0]], [1, 0], 2)
    assert g.ndata["feat"].shape == dataset[1][0].ndata["feat"].shape == (3, 10)
    for wrong in (
        adjacency,
        (np.zeros((0, 3, 3)), np.ones((0, 3, 1)), np.array([])),
        (*content[:2], np.array(1)),
        (adjacency, content[1], content[2][:1]),
        (adjacency[:, :2], *content[1:]),
    ):
        dump(tmp_path / name, wrong)
        with pytest.raises(gm.GraphError, match=r"BA-2motifs?\.pkl: expected"):
            data.BA2MotifDataset(tmp_path)


def test_cora_binary_has_graphs_matrices_and_labels(tmp_path: Path) -> None:
    (tmp_path / "graphs.txt").write_text("graph 0\n0 1\n1 0\ngraph 1\n2 0\n")
    (tmp_path / "labels.txt").write_text("graph 0\n0\n1\ngraph 1\n1\n1\n0\n")
    matrices = [sp.coo_matrix(np.eye(2)), sp.csr_matrix(np.ones((1, 3)))]
    dump(tmp_path / "pmpds.pkl", matrices)
    dataset = data.CoraBinary(tmp_path)
    g, matrix, label = dataset[1]
    assert (ends(g), g.num_nodes(), label.tolist()) == ([[2], [0]], 3, [1, 1, 0])
    assert (matrix.toarray() == 1).all()
    batched, block, labels = dataset.collate_fn([dataset[0], dataset[1]])
    assert (batched.batch_size, block.shape, labels.tolist()) == (2, (3, 5), [0, 1, 1, 1, 0])
    for name, content, message in (
        ("graphs.txt", "0 1\n", r"graphs\.txt, line 1: expected 2 numbers below"),
        ("graphs.txt", "graph\n0 1\ngraph\n0 7\n", "nodes from 0 to 2, got 7"),
        ("graphs.txt", "graph\n0 1\n", "as many graphs as labels"),
        ("labels.txt", "graph\nx\n", r"labels\.txt, line 2: expected a number, got 'x'"),
    ):
        whole = (tmp_path / name).read_text()
        (tmp_path / name).write_text(content)
        with pytest.raises(gm.GraphError, match=message):
            data.CoraBinary(tmp_path)
        (tmp_path / name).write_text(whole)


TREES = "(3 (2 It) (4 (2 's) (3 fine)))\n(1\n  (0 Bad) (2 -lrb-))\n"


def test_sst_has_a_tree_for_each_sentence(tmp_path: Path) -> None:
    (tmp_path / "tiny.txt").write_text(TREES)
    (tmp_path / "vocab.txt").write_text("it\nfine\nbad\n")
    dataset = data.SSTDataset("tiny", raw_dir=tmp_path)
    first, second = dataset
    assert ends(first) == [[1, 2, 3, 4], [0, 0, 2, 2]]
    assert first.ndata["x"].tolist() == [-1, 0, -1, -1, 1]
    assert first.ndata["y"].tolist() == [3, 2, 4, 2, 3]
    assert first.ndata["mask"].tolist() == [0, 1, 0, 1, 1]
    assert (second.ndata["x"].tolist(), second.ndata["y"].tolist()) == ([-1, 2, -1], [1, 0, 2])
    assert (dataset.vocab_size, dataset.num_classes, dataset.pretrained_emb) == (3, 5, None)
    (tmp_path / "words").write_text("fine\n")
    assert data.SST("tiny", vocab_file=tmp_path / "words", raw_dir=tmp_path).vocab == {"fine": 0}


def test_sst_has_vectors_of_the_words_that_a_file_knows(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text(TREES)
    (tmp_path / "vocab.txt").write_text("it\nfine\n")
    glove = tmp_path / "glove"
    glove.write_text("other 1\nFine " + " ".join(["0.5"] * 300) + "\n")
    vectors = data.SSTDataset(glove_embed_file=glove, raw_dir=tmp_path).pretrained_emb
    assert vectors is not None
    assert vectors.shape == (2, 300)
    assert bool((vectors[1] == 0.5).all())
    assert 0 < float(vectors[0].abs().max()) <= 0.05
    glove.write_text("it 1 2\n")
    with pytest.raises(gm.GraphError, match="glove, line 1"):
        data.SSTDataset(glove_embed_file=glove, raw_dir=tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "expected trees in brackets"),
        ("(1 (2 a)", "got no end of one"),
        ("word\n", "line 1: expected an opening bracket, got 'word'"),
        ("(3 (2 a))\n)\n", "line 2: expected an opening bracket"),
        ("(x (2 a))\n", "line 1: expected a number, got 'x'"),
        ("(" * 99999, "got no end|expected a number"),
    ],
)
def test_wrong_trees_are_an_error(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "dev.txt").write_text(content)
    (tmp_path / "vocab.txt").write_text("a\n")
    with pytest.raises(gm.GraphError, match=message):
        data.SSTDataset("dev", raw_dir=tmp_path)


def similarity(points: Array) -> Array:
    """exp(-(d / sigma)^2) with the mean distance to the 8 nearest, by loops."""
    size = len(points)
    distance = np.array([[np.linalg.norm(a - b) for b in points] for a in points])
    sigma = [sorted(row)[:9] for row in distance]
    scale = np.array([sum(row) / 8 if size > 8 else 1 for row in sigma]) + 1e-8
    return (distance / scale[:, None]) ** 2


SETS = pytest.mark.parametrize(
    ("make", "stem", "size", "colors"),
    [
        (data.MNISTSuperPixelDataset, "mnist_75sp", 28, 1),
        (data.CIFAR10SuperPixelDataset, "cifar10_150sp", 32, 3),
    ],
)


@SETS
@pytest.mark.parametrize("use_feature", [False, True])
@pytest.mark.parametrize("split", ["train", "test"])
def test_superpixels_are_joined_to_the_most_similar(
    tmp_path: Path, make: Any, stem: str, size: int, colors: int, use_feature: bool, split: str
) -> None:
    draw = np.random.default_rng(0)
    images = [
        (draw.random((n, colors)), draw.random((n, 2)) * size, list(range(n))) for n in (12, 8, 1)
    ]
    dump(tmp_path / f"{stem}_{split}.pkl", ([3, 1, 4], images))
    dataset = make(tmp_path, split, use_feature)
    assert dataset.labels.tolist() == [3, 1, 4]
    assert [g.num_edges() for g, _ in dataset] == [12 * 8, 8 * 7, 0]
    g, _ = dataset[0]
    color, position = images[0][0], images[0][1] / size
    exponent = similarity(position) + (similarity(color) if use_feature else 0)
    expected = np.exp(-exponent)
    expected = (expected + expected.T) / 2
    np.fill_diagonal(expected, -1)
    src, dst = g.edges()
    weights = torch.from_numpy(expected).float()[src, dst]
    assert torch.allclose(g.edata["feat"][:, 0], weights, atol=1e-6)
    nearest = np.argsort(expected, 1)[:, -8:]
    assert dst.view(12, 8).sort().values.tolist() == np.sort(nearest, 1).tolist()
    assert torch.allclose(g.ndata["feat"], torch.from_numpy(np.hstack([color, position])).float())


@SETS
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([1], "expected labels and images"),
        (([1, 2], []), "an image for each of the labels"),
        (([0.5], [1]), "labels of .*pkl"),
        (([2**70], [1]), "labels of .*pkl"),
        (([1], [(np.ones((0, 1)), np.ones((0, 2)))]), "a color and a position for each"),
        (([1], [(np.ones((2, 1)),)]), "expected colors and positions"),
        (([1], [(np.ones((2, 1)), np.ones((3, 2)))]), "a color and a position for each"),
    ],
)
def test_wrong_superpixels_are_an_error(
    tmp_path: Path, make: Any, stem: str, size: int, colors: int, content: Any, message: str
) -> None:
    dump(tmp_path / f"{stem}_train.pkl", content)
    with pytest.raises(gm.GraphError, match=message):
        make(tmp_path)


SEGMENTS = pytest.mark.parametrize(
    ("make", "raw", "expected", "classes"),
    [
        (data.VOCSuperpixelsDataset, [0, 20, 5], [0, 20, 5], 21),
        (data.COCOSuperpixelsDataset, [0, 90, 13], [0, 80, 12], 81),
    ],
)


@SEGMENTS
@pytest.mark.parametrize("split", ["train", "val", "test"])
@pytest.mark.parametrize("kind", [list, np.array, torch.tensor])
def test_segments_are_graphs_of_tensors(
    tmp_path: Path,
    make: Any,
    raw: list[int],
    expected: list[int],
    classes: int,
    split: str,
    kind: Any,
) -> None:
    image = torch.rand(3, 14), torch.rand(2, 2), torch.tensor([[0, 1], [1, 2]]), kind(raw)
    folder = tmp_path / make._set_name / "slic_compactness_10" / "edge_wt_only_coord"
    folder.mkdir(parents=True)
    dump(folder / f"{split}.pickle", [image])
    dataset = make(tmp_path, split, "edge_wt_only_coord", 10)
    g = dataset[0]
    assert (len(dataset), dataset.num_classes) == (1, classes)
    assert ends(g) == [[0, 1], [1, 2]]
    assert torch.equal(g.ndata["feat"], image[0])
    assert torch.equal(g.edata["feat"], image[1])
    assert g.ndata["label"].tolist() == expected


@SEGMENTS
def test_wrong_segments_are_an_error(
    tmp_path: Path, make: Any, raw: list[int], expected: list[int], classes: int
) -> None:
    feat, edge = torch.rand(3, 14), torch.tensor([[0, 1], [1, 2]])
    for image, message in (
        ((feat, feat[:2], edge), "features, edges and labels"),
        ((feat, feat[:2], edge, [0, 1]), "whose parts do not fit"),
        ((feat.sum(), feat[:2], edge, [0, 1, 2]), "whose parts do not fit"),
        ((feat, feat[:2], edge, feat[:, 0].bfloat16()), "as integers, got torch.bfloat16"),
        ((feat, feat[:2], edge, [0, 1, 2**70]), "as integers, got object"),
        ((feat, feat, edge, [0, 1, 2]), "whose parts do not fit"),
        ((feat, feat[:2], edge, [0, 1, 99]), "expected known labels, got 99"),
        ((feat, feat[:2], edge + 5, [0, 1, 2]), "edge with node 7"),
        ((1, feat[:2], edge, [0, 1, 2]), "as a tensor"),
    ):
        dump(tmp_path / "train.pickle", [image])
        with pytest.raises(gm.GraphError, match=message):
            make(tmp_path)
    with pytest.raises(gm.GraphError, match=r"slic_compactness 10 or 30, got 'train', .* and 20"):
        make(tmp_path, slic_compactness=20)


def molecule(smiles: str) -> dict[str, Any]:
    size = len(smiles)
    edges = np.array([range(size - 1), range(1, size)])
    edge_feat = np.ones((size - 1, 3), np.int64)
    return {
        "edge_index": edges,
        "edge_feat": edge_feat,
        "node_feat": np.zeros((size, 9)),
        "num_nodes": size,
    }


def write_peptides(folder: Path, functional: bool) -> Any:
    make = data.PeptidesFunctionalDataset if functional else data.PeptidesStructuralDataset
    table, split = make._remote
    columns = ["labels"] if functional else STRUCTURE
    with gzip.open(folder / table, "wt", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", *columns])
        for i, smiles in enumerate(("CC", "CCO", "N")):
            writer.writerow([smiles, *(["[1, 0]"] if functional else [i] * len(columns))])
    dump(
        folder / split, {"train": np.array([2, 0]), "val": np.array([1]), "test": np.array([], int)}
    )
    return make


@pytest.mark.parametrize("functional", [True, False])
def test_peptides_are_graphs_of_molecules(tmp_path: Path, functional: bool) -> None:
    make = write_peptides(tmp_path, functional)
    dataset = make(tmp_path, smiles2graph=molecule)
    g, label = dataset[1]
    assert ends(g) == [[0, 1], [1, 2]]
    assert (g.ndata["feat"].shape, g.edata["feat"].shape) == ((3, 9), (2, 3))
    assert label.tolist() == ([1, 0] if functional else [0] * 11)
    assert dataset.labels[2].tolist() == ([1, 0] if functional else [1] * 11)
    split = dataset.get_idx_split()
    assert {name: ids.tolist() for name, ids in split.items()} == {
        "train": [2, 0],
        "val": [1],
        "test": [],
    }
    assert (dataset.num_atom_types, dataset.num_bond_types) == (9, 3)


@pytest.mark.parametrize("functional", [True, False])
def test_peptides_need_a_reader_of_molecules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, functional: bool
) -> None:
    monkeypatch.setitem(sys.modules, "ogb", None)
    make = write_peptides(tmp_path, functional)
    with pytest.raises(gm.GraphError, match=r"pip install 'graphmp\[molecules\]', or pass smiles2"):
        make(tmp_path)


@pytest.mark.parametrize(
    "row",
    [
        "CC,__import__('os')\n",
        "CC,[x]\n",
        "CC\n",
        f"CC,{'[' * 2000}\n",
        f"CC,{'1' * 200_000}\n",
        "",
    ],
)
def test_labels_of_peptides_are_never_run(tmp_path: Path, row: str) -> None:
    make = write_peptides(tmp_path, functional=True)
    with gzip.open(tmp_path / next(iter(make._remote)), "wt") as file:
        file.write("smiles,labels\n" + row)
    with pytest.raises(gm.GraphError, match="expected molecules and their labels"):
        make(tmp_path, smiles2graph=molecule)


@pytest.mark.parametrize("ids", [[3], [-1], [0.5], [[0]]])
def test_a_split_of_peptides_names_graphs(tmp_path: Path, ids: list[Any]) -> None:
    make = write_peptides(tmp_path, functional=True)
    dump(tmp_path / list(make._remote)[1], {"train": np.array(ids)})
    with pytest.raises(gm.GraphError, match=r"train of .*\.pickle: expected"):
        make(tmp_path, smiles2graph=molecule).get_idx_split()


@pytest.mark.parametrize(
    "make",
    [
        lambda: data.PPIDataset("dev"),
        lambda: data.SSTDataset("dev2"),
        lambda: data.MNISTSuperPixelDataset(split="val"),
        lambda: data.FakeNewsDataset("twitter", "bert"),
        lambda: data.FakeNewsDataset("gossipcop", "size"),
    ],
)
def test_other_parts_of_a_set_are_an_error(make: Any) -> None:
    with pytest.raises(gm.GraphError, match=r"Expected (mode|split|name) to be"):
        make()
