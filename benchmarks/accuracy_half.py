"""Test accuracies in bfloat16 beside those in float32, from the same seeds.

``python -m benchmarks.accuracy_half mutag --seeds 5``

Forward passes run under ``torch.autocast``; weights and the optimizer are in float32.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import graphmp as gm
from benchmarks import accuracy, graphs
from benchmarks.accuracy import precision
from graphmp import ops

SIZE, HIDDEN = 128, 256


class SAGE(nn.Module):
    """Two layers of ``SAGEConv``, with dropout between them."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.first = gm.nn.SAGEConv(SIZE, HIDDEN, "mean")
        self.second = gm.nn.SAGEConv(HIDDEN, num_classes, "mean")
        self.drop = gm.nn.Dropout(0.5)

    def forward(self, g: gm.Graph, x: Tensor) -> Tensor:
        """(N, num_classes)."""
        h = self.drop(self.first(g, x).relu())
        return self.second(g, h)  # type: ignore[no-any-return]


class GIN(nn.Module):
    """Three layers of ``GINConv``, whose sums over each graph are added."""

    def __init__(self, in_feats: int, num_classes: int, hidden: int = 32) -> None:
        super().__init__()
        sizes = (in_feats, hidden, hidden)
        self.layers = nn.ModuleList(
            gm.nn.GINConv(
                nn.Sequential(
                    nn.Linear(size, hidden), nn.BatchNorm1d(hidden), nn.ReLU(),
                    nn.Linear(hidden, hidden), nn.ReLU(),
                )
            )
            for size in sizes
        )  # fmt: skip
        self.outputs = nn.ModuleList(nn.Linear(hidden, num_classes) for _ in sizes)
        self.pool = gm.nn.SumPooling()

    def forward(self, g: gm.Graph, h: Tensor) -> Tensor:
        """(graphs, num_classes)."""
        total: Any = 0
        for layer, output in zip(self.layers, self.outputs, strict=True):
            h = layer(g, h)
            total = total + output(self.pool(g, h))
        return total  # type: ignore[no-any-return]


def train(
    model: nn.Module, inputs: tuple[Any, ...], labels: Tensor, rows: Any, epochs: int, dtype: Any
) -> None:
    """Train a model on some rows of its result, by Adam; 0.01 is halved every 50 epochs."""
    optimizer = torch.optim.Adam(model.parameters(), 0.01)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 50, 0.5)
    model.train()
    for _ in range(epochs):
        with precision(dtype):
            loss = F.cross_entropy(model(*inputs)[rows], labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def test(model: nn.Module, inputs: tuple[Any, ...], labels: Tensor, rows: Any, dtype: Any) -> float:
    """The accuracy of a model on some rows of its result."""
    model.eval()
    with precision(dtype):
        predicted = model(*inputs)[rows].argmax(1)
    return float((predicted == labels[rows]).double().mean())


def planetoid(model: str, seeds: range, dtype: torch.dtype) -> Iterator[float]:
    """Cora, as :mod:`benchmarks.accuracy` has it."""
    return accuracy.accuracies("cora", model, seeds, dtype)


def arxiv(seeds: range, dtype: torch.dtype) -> Iterator[float]:
    """ogbn-arxiv without its features, which are not in the folder of the data.

    In their place each node has the mean of its neighbours' labels, of those for training, and
    random numbers, in ``dtype``. 20 epochs.
    """
    g = graphs.arxiv().graphmp
    folder = Path(os.environ.get("GRAPHMP_DATA", graphs.REPOSITORY.parent / "shared" / "data"))
    with np.load(folder / "ogbn_arxiv" / "ogbn_arxiv_graph.npz") as file:
        labels, train_rows, test_rows = (
            torch.from_numpy(file[name].astype(np.int64))
            for name in ("label", "train_idx", "test_idx")
        )
    classes = int(labels.max()) + 1
    known = torch.zeros(len(labels), classes)
    known[train_rows] = F.one_hot(labels[train_rows], classes).float()
    noise = torch.randn(len(labels), SIZE - classes, generator=torch.Generator().manual_seed(0))
    inputs = (g, torch.cat([ops.copy_u_mean(g, known), noise], 1).to(dtype))
    for seed in seeds:
        torch.manual_seed(seed)
        model = SAGE(classes)
        train(model, inputs, labels, train_rows, 20, dtype)
        yield test(model, inputs, labels, test_rows, dtype)


def mutag(seeds: range, dtype: torch.dtype) -> Iterator[float]:
    """MUTAG: the mean over ten folds after 200 epochs, each of one batch of all graphs."""
    data = gm.data.GINDataset("MUTAG", self_loop=False)
    pairs = [data[i] for i in range(len(data))]
    labels = torch.tensor([int(label) for _, label in pairs])
    batch = gm.batch([g for g, _ in pairs])
    feat = batch.ndata["attr"].float()
    for seed in seeds:
        folds = torch.randperm(len(pairs), generator=torch.Generator().manual_seed(seed)).chunk(10)
        yield mean(fold_accuracy(batch, feat, labels, fold, seed, dtype) for fold in folds)


def fold_accuracy(
    batch: gm.Graph, feat: Tensor, labels: Tensor, fold: Tensor, seed: int, dtype: torch.dtype
) -> float:
    """The accuracy on the graphs of a fold, after training on the others."""
    torch.manual_seed(seed)
    model = GIN(feat.shape[1], 2)
    others = torch.ones(len(labels), dtype=torch.bool)
    others[fold] = False
    rest = gm.batch([gm.slice_batch(batch, int(i)) for i in others.nonzero()])
    nodes = others.repeat_interleave(batch.batch_num_nodes())
    train(model, (rest, feat[nodes]), labels[others], slice(None), 200, dtype)
    return test(model, (batch, feat), labels, fold, dtype)


CASES: dict[str, Callable[[range, torch.dtype], Iterator[float]]] = {
    "cora-gcn": partial(planetoid, "gcn"),
    "cora-gat": partial(planetoid, "gat"),
    "arxiv": arxiv,
    "mutag": mutag,
}


def main() -> None:
    """Print the accuracies of a case in both dtypes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0")
    arguments = parser.parse_args()
    for dtype in (torch.float32, torch.bfloat16):
        each = list(CASES[arguments.case](range(arguments.seeds), dtype))
        spread = stdev(each) if len(each) > 1 else 0.0
        name = str(dtype).removeprefix("torch.")
        print(f"{arguments.case} {name}: {mean(each):.4f} ± {spread:.4f}", flush=True)


if __name__ == "__main__":
    main()
