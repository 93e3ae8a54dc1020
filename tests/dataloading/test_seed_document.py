"""DGL's tutorial on blocks runs after a change of its imports and of its data set."""

from __future__ import annotations

import io
import re
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support.seed_documents import blocks_of, read
from torch import Tensor

import graphmp as gm

DOCUMENT = "001_68ba21b638703026.txt"
CHANGES = {
    "import dgl": "import graphmp as dgl",
    "from ogb.nodeproppred import DglNodePropPredDataset": "",
    'dataset = DglNodePropPredDataset("ogbn-arxiv")': "dataset = DATASET",
    "import dgl.function as fn": "import graphmp.function as fn",
}


class Dataset:
    """What the tutorial uses of the data set of OGB: one graph, its labels, its split."""

    def __init__(self, graph: gm.Graph, labels: Tensor, train: Tensor) -> None:
        graph.ndata["year"] = torch.full((graph.num_nodes(), 1), 2013)
        self.graph, self.labels, self.train = graph, labels.view(-1, 1), train
        self.num_classes = int(labels.max()) + 1

    def __getitem__(self, index: int) -> tuple[gm.Graph, Tensor]:
        return self.graph, self.labels

    def get_idx_split(self) -> dict[str, Tensor]:
        return {"train": self.train}


def planted() -> Dataset:
    """A small graph, of which no edge has its reverse."""
    g = gm.data.planted_communities(num_nodes=6000, num_val=600, seed=1)
    u, v = g.edges()
    one_way = gm.graph((u[u < v], v[u < v]), num_nodes=6000)
    one_way.ndata["feat"] = g.ndata["feat"]
    return Dataset(one_way, g.ndata["label"], torch.arange(0, 6000, 2))


def arxiv(data_dir: Path) -> Dataset:
    """The graph of ogbn-arxiv with random features."""
    path = data_dir / "ogbn_arxiv" / "ogbn_arxiv_graph.npz"
    if not path.is_file():
        pytest.skip(f"needs the graph of ogbn-arxiv: put it at {path}")
    with np.load(path) as file:
        src, dst, label, train = (
            torch.from_numpy(file[name].astype(np.int64))
            for name in ("src", "dst", "label", "train_idx")
        )
    g = gm.graph((src, dst), num_nodes=len(label))
    g.ndata["feat"] = torch.randn(len(label), 128)
    return Dataset(g, label, train)


@pytest.fixture(scope="module")
def document() -> str:
    """The text of the tutorial."""
    return read(DOCUMENT)


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the program changes is restored."""
    monkeypatch.setenv("DGLBACKEND", "")


def lines_of(document: str) -> list[str]:
    return "\n".join(blocks_of(document)).splitlines()


def run(document: str, dataset: Dataset) -> dict[str, Any]:
    """Run all of its code; the names that it binds."""
    program = "\n".join(CHANGES.get(line.strip(), line) for line in lines_of(document))
    names: dict[str, Any] = {"__name__": "tutorial", "DATASET": dataset}
    torch.manual_seed(0)
    with redirect_stderr(io.StringIO()) as progress:
        exec(compile(program, DOCUMENT, "exec"), names)
    names["progress"] = progress.getvalue()
    return names


def test_only_the_imports_and_the_line_of_the_data_set_are_replaced(document: str) -> None:
    assert len(blocks_of(document)) == 11
    replaced = [line.strip() for line in lines_of(document) if line.strip() in CHANGES]
    assert replaced == list(CHANGES)


def test_the_document_runs(document: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = run(document, planted())
    printed = capsys.readouterr().out
    first = names["mfg"]
    assert f"{first.num_src_nodes()} {first.num_dst_nodes()}\n" in printed
    assert printed.endswith("True\n")  # destinations are the first of the sources
    for field in ("year", "feat", "label", "_ID"):
        assert printed.count(f"'{field}': tensor(") == 2
    assert names["m_v"].shape == (first.num_dst_nodes(), 10)
    assert len(names["train_dataloader"]) == 3
    assert "3/3" in names["progress"]
    assert names["predictions"].shape == (3000 - 2 * 1024, 6)
    assert names["labels"].shape == (3000 - 2 * 1024,)


def test_its_class_for_the_full_graph_is_its_class_for_blocks(document: str) -> None:
    names = run(document, planted())
    g = gm.data.KarateClubDataset()[0]
    x = torch.randn(34, 5)
    layer = names["SAGEConv"](5, 3)
    both = names["SAGEConvForBoth"](5, 3)
    both.load_state_dict(layer.state_dict())
    torch.testing.assert_close(layer(g, x), both(g, x))


def test_blocks_of_ogbn_arxiv_are_as_large_as_dgl_printed(
    document: str, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = run(document, arxiv(data_dir))
    capsys.readouterr()
    found = re.search(r"^ +(\d+) (\d+)$", document, re.MULTILINE)
    assert found is not None
    printed = [int(number) for number in found.groups()]
    assert printed == [12658, 4034]
    first = names["mfg"]
    sizes = torch.tensor([first.num_src_nodes(), first.num_dst_nodes()]).double()
    torch.testing.assert_close(sizes, torch.tensor(printed).double(), rtol=0.05, atol=0)
    assert len(names["train_dataloader"]) == 89
    assert "89/89" in names["progress"]
