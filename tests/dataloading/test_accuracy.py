"""A model that is trained on samples is as accurate as one that is trained on the whole graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from statistics import mean
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

import graphmp as gm
from graphmp import dataloading as dl

SEEDS, EPOCHS = range(3), 80
Batches = Iterator[tuple[Any, Tensor, Tensor]]


class Model(nn.Module):
    """Two layers of GraphSAGE."""

    def __init__(self, sizes: tuple[int, int, int]) -> None:
        super().__init__()
        self.layers = nn.ModuleList([gm.nn.SAGEConv(*pair, "mean") for pair in pairwise(sizes)])

    def forward(self, blocks: Any, x: Tensor) -> Tensor:
        x = F.relu(self.layers[0](blocks[0], F.dropout(x, 0.5, self.training)))
        found: Tensor = self.layers[1](blocks[1], F.dropout(x, 0.5, self.training))
        return found


def whole(g: gm.Graph) -> Batches:
    """The whole graph as the only batch of an epoch, as often as samples make batches."""
    mask = g.ndata["train_mask"]
    for _ in range(2):
        yield [g, g], g.ndata["feat"], mask


def sampled(loader: dl.DataLoader) -> Batches:
    """Batches of an epoch."""
    for _, _, blocks in loader:
        yield blocks, blocks[0].srcdata["feat"], torch.ones(blocks[1].num_dst_nodes()).bool()


def accuracy(g: gm.Graph, seed: int, epoch: Callable[[], Batches]) -> float:
    """Train a model and test it on the whole graph."""
    torch.manual_seed(seed)
    model = Model((g.ndata["feat"].shape[1], 16, 6))
    optimizer = torch.optim.Adam(model.parameters(), 0.02, weight_decay=5e-4)
    for _ in range(EPOCHS):
        for blocks, x, rows in epoch():
            loss = F.cross_entropy(model(blocks, x)[rows], blocks[1].dstdata["label"][rows])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()
    model.eval()
    test = g.ndata["test_mask"]
    with torch.no_grad():
        right = model([g, g], g.ndata["feat"]).argmax(1) == g.ndata["label"]
    return float(right[test].float().mean())


def test_ten_neighbours_a_layer_are_as_good_as_all_within_one_point() -> None:
    g = gm.data.PlantedCommunityDataset()[0]
    sampler = dl.NeighborSampler([10, 10], prefetch_node_feats=["feat"], prefetch_labels=["label"])
    loader = dl.DataLoader(
        g, g.ndata["train_mask"], sampler, batch_size=60, shuffle=True, num_workers=1
    )
    full = mean(accuracy(g, seed, lambda: whole(g)) for seed in SEEDS)
    found = mean(accuracy(g, seed, lambda: sampled(loader)) for seed in SEEDS)
    print(f"whole graph {full:.4f}, samples {found:.4f}")
    assert full > 0.93  # the classes are learnt
    assert found > full - 0.01
