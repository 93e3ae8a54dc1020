"""Test accuracies on public splits, trained as the papers did.

``python -m benchmarks.accuracy cora gcn --seeds 10``

A model is tested once, as it was in the epoch with the best accuracy on the validation nodes; of
equal ones the epoch with the least loss there. Test nodes choose nothing.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from statistics import mean, stdev
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from tqdm.auto import trange

import graphmp as gm

DATASETS: dict[str, Callable[..., Any]] = {
    "cora": gm.data.CoraGraphDataset,
    "citeseer": gm.data.CiteseerGraphDataset,
    "pubmed": gm.data.PubmedGraphDataset,
}


class Words:
    """Bags of words: features of which few are not zero, as a graph from words to nodes.

    Dropout leaves zeros as they are, so it is drawn for the others alone; random numbers for zeros
    would take most of the time of an epoch.

    Args:
        feat: (N, D).
    """

    def __init__(self, feat: Tensor) -> None:
        self._feat = feat
        self._places = feat.nonzero(as_tuple=True)
        self._values = feat[self._places]
        counts = {"word": feat.shape[1], "node": feat.shape[0]}
        self._graph = gm.heterograph({("word", "in", "node"): self._places[::-1]}, counts)

    def times(self, weight: Tensor, p: float) -> Tensor:
        """(N, out): the features after dropout times a weight (D, out)."""
        values = F.dropout(self._values, p).unsqueeze(1)
        return gm.ops.u_mul_e_sum(self._graph, weight, values)

    def dense(self, p: float) -> Tensor:
        """(N, D): the features after dropout."""
        if p == 0:
            return self._feat
        zeros = torch.zeros_like(self._feat)
        return zeros.index_put_(self._places, F.dropout(self._values, p))


class GCN(nn.Module):
    """Kipf and Welling, ICLR 2017: 16 hidden numbers, dropout, decay of the first layer's weights.

    Args:
        in_feats: size of a node's input.
        num_classes: the number of classes.
    """

    def __init__(self, in_feats: int, num_classes: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(in_feats, 16)))
        self.first = gm.nn.GraphConv(16, 16, weight=False)
        self.second = gm.nn.GraphConv(16, num_classes)

    def groups(self) -> list[dict[str, Any]]:
        """The parameters and how fast they decay."""
        return [
            {"params": [self.weight, *self.first.parameters()], "weight_decay": 5e-4},
            {"params": self.second.parameters()},
        ]

    def forward(self, g: gm.Graph, words: Words) -> Tensor:
        """(N, num_classes)."""
        p = 0.5 if self.training else 0.0
        h = self.first(g, words.times(self.weight, p)).relu()
        return self.second(g, F.dropout(h, p))  # type: ignore[no-any-return]


class GAT(nn.Module):
    """Veličković et al., ICLR 2018: 8 heads of 8 hidden numbers, dropout also of attention.

    Args:
        in_feats: size of a node's input.
        num_classes: the number of classes.
        heads: heads of the second layer.
        decay: of all weights.
    """

    def __init__(
        self, in_feats: int, num_classes: int, heads: int = 1, decay: float = 5e-4
    ) -> None:
        super().__init__()
        self.first = gm.nn.GATConv(in_feats, 8, 8, attn_drop=0.6, activation=F.elu)
        self.second = gm.nn.GATConv(64, num_classes, heads, feat_drop=0.6, attn_drop=0.6)
        self._decay = decay

    def groups(self) -> list[dict[str, Any]]:
        """The parameters and how fast they decay."""
        return [{"params": self.parameters(), "weight_decay": self._decay}]

    def forward(self, g: gm.Graph, words: Words) -> Tensor:
        """(N, num_classes)."""
        h = self.first(g, words.dense(0.6 if self.training else 0.0)).flatten(1)
        return self.second(g, h).mean(1)  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Recipe:
    """How a model is trained.

    Attributes:
        model: makes it, from the numbers of features and classes.
        lr: the learning rate of Adam.
        epochs: at most so many.
        patience: stop after so many epochs that improved neither accuracy nor loss.
    """

    model: Callable[[int, int], GCN | GAT]
    lr: float
    epochs: int
    patience: int


def recipe(model: str, dataset: str) -> Recipe:
    """The settings of a model's paper for a data set.

    Args:
        model: ``"gcn"`` or ``"gat"``.
        dataset: a name in ``DATASETS``.
    """
    if model == "gcn":
        return Recipe(GCN, lr=0.01, epochs=200, patience=200)
    if dataset == "pubmed":
        return Recipe(lambda i, o: GAT(i, o, heads=8, decay=1e-3), 0.01, 1000, 100)
    return Recipe(GAT, lr=0.005, epochs=1000, patience=100)


@dataclass(frozen=True)
class Measured:
    """What was found after an epoch; greater is better.

    Attributes:
        val: accuracy on the validation nodes.
        loss: cross-entropy there.
        test: accuracy on the test nodes.
    """

    val: float
    loss: float
    test: float

    def better(self, other: Measured) -> bool:
        """Whether this epoch is to be preferred; test nodes are not asked."""
        return (self.val, -self.loss) > (other.val, -other.loss)


@torch.no_grad()
def measure(model: GCN | GAT, g: gm.Graph, words: Words) -> Measured:
    """Measure a model without dropout."""
    data = g.ndata
    model.eval()
    logits = model(g, words)
    right = (logits.argmax(1) == data["label"]).double()
    known = data["val_mask"]
    return Measured(
        float(right[known].mean()),
        float(F.cross_entropy(logits[known], data["label"][known])),
        float(right[data["test_mask"]].mean()),
    )


def precision(dtype: torch.dtype) -> torch.autocast:
    """Forward passes in a dtype, with weights in float32."""
    return torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)


def fit(
    g: gm.Graph, words: Words, how: Recipe, seed: int, dtype: torch.dtype = torch.float32
) -> float:
    """Train a model and give its accuracy on the test nodes.

    Args:
        g: a graph with features, labels and masks.
        words: its features.
        how: the settings.
        seed: of weights and dropout.
        dtype: of forward passes, float32 or bfloat16.
    """
    torch.manual_seed(seed)
    data = g.ndata
    known, label = data["train_mask"], data["label"]
    model = how.model(data["feat"].shape[1], int(label.max()) + 1)
    optimizer = torch.optim.Adam(model.groups(), how.lr)
    best, val, loss, waited = Measured(-1, 0, 0), 0.0, float("inf"), 0
    for _ in trange(how.epochs, desc=f"seed {seed}", leave=False, disable=None):
        model.train()
        with precision(dtype):
            loss_of_epoch = F.cross_entropy(model(g, words)[known], label[known])
        optimizer.zero_grad()
        torch.autograd.backward(loss_of_epoch)
        optimizer.step()
        with precision(dtype):
            found = measure(model, g, words)
        best = found if found.better(best) else best
        waited = 0 if found.val > val or found.loss < loss else waited + 1
        val, loss = max(val, found.val), min(loss, found.loss)
        if waited == how.patience:
            break
    return best.test


def accuracies(
    dataset: str, model: str, seeds: Iterable[int], dtype: torch.dtype = torch.float32
) -> Iterator[float]:
    """Train a model from several seeds.

    Args:
        dataset: a name in ``DATASETS``.
        model: ``"gcn"`` or ``"gat"``.
        seeds: one for each run.
        dtype: of forward passes, float32 or bfloat16.

    Yields:
        The accuracy on the test nodes for each seed.
    """
    g = DATASETS[dataset](verbose=False)[0]
    g = gm.add_self_loop(gm.remove_self_loop(g))
    words = Words(g.ndata["feat"])
    how = recipe(model, dataset)
    for seed in seeds:
        yield fit(g, words, how, seed, dtype)


def main() -> None:
    """Print the accuracy of a model on a data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", choices=DATASETS)
    parser.add_argument("model", choices=("gcn", "gat"))
    parser.add_argument("--seeds", type=int, default=10, help="how many, from 0")
    arguments = parser.parse_args()
    found = []
    for each in accuracies(arguments.dataset, arguments.model, range(arguments.seeds)):
        print(f"{each:.3f}", end=" ", flush=True)
        found.append(each)
    spread = stdev(found) if len(found) > 1 else 0.0
    print(f"\n{arguments.dataset} {arguments.model}: {mean(found):.4f} ± {spread:.4f}")


if __name__ == "__main__":
    main()
