# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # A graph neural network in two minutes
#
# Every node of a graph has features and a label, but only a few labels are known. A graph neural
# network guesses the others: it looks at a node's own features and at those of its neighbours.
#
# This page trains one, a two-layer GraphSAGE written by hand, and draws what it learned. It runs
# on the citation graph Cora where the environment variable `GRAPHMP_DATA` names a folder of data,
# else on a random graph with planted communities, which needs no download.

# %%
import os
import sys
from pathlib import Path

import matplotlib.pyplot as plt
import networkx as nx
import torch
import torch.nn.functional as F
from matplotlib.collections import LineCollection
from torch import nn
from tqdm.auto import trange

import graphmp as gm
import graphmp.function as fn

QUICK = "--quick" in sys.argv or "GRAPHMP_QUICK" in os.environ  # a short run, for tests
EPOCHS = 10 if QUICK else 200
SEED = 0

# %% [markdown]
# ## The data
#
# The data set gives one graph. Its nodes carry features, labels, and three masks that say which
# nodes are for training, for choosing a model, and for testing it.


# %%
def load_graph():
    """Give a graph and its title."""
    if os.environ.get("GRAPHMP_DATA"):
        try:
            return gm.data.CoraGraphDataset(verbose=False)[0], "Cora"
        except gm.GraphRuntimeError as error:
            print(error)
    print("Using planted communities. For Cora, name the folder of its files in GRAPHMP_DATA.")
    return gm.data.PlantedCommunityDataset()[0], "planted communities"


g, title = load_graph()
num_classes = int(g.ndata["label"].max()) + 1
print(g)

# %% [markdown]
# ## The model
#
# A GraphSAGE layer averages the features of the nodes that point at a node, puts the average
# beside the node's own features, and applies one linear map to both.


# %%
class SAGELayer(nn.Module):
    """One GraphSAGE layer with mean aggregation: (N, in_feats) -> (N, out_feats)."""

    def __init__(self, in_feats, out_feats):
        super().__init__()
        self.linear = nn.Linear(2 * in_feats, out_feats)

    def forward(self, g, h):
        with g.local_scope():
            g.ndata["h"] = h
            g.update_all(fn.copy_u("h", "m"), fn.mean("m", "h_around"))
            return self.linear(torch.cat([h, g.ndata["h_around"]], dim=1))


class GraphSAGE(nn.Module):
    """Two layers: each node sees what is at most two edges away."""

    def __init__(self, in_feats, hidden, num_classes):
        super().__init__()
        self.first = SAGELayer(in_feats, hidden)
        self.second = SAGELayer(hidden, num_classes)

    def forward(self, g, h):
        return self.second(g, F.relu(self.first(g, h)))


# %% [markdown]
# ## Training
#
# The loss looks at the training nodes only. The test accuracy that counts is the one at the epoch
# with the best validation accuracy.


# %%
def accuracies(logits, data):
    """Share of right predictions under each mask."""
    right = (logits.argmax(1) == data["label"]).float()
    return {part: float(right[data[f"{part}_mask"]].mean()) for part in ("train", "val", "test")}


def train(g, model):
    """Fit the model; give what it measured in each epoch, and the predictions of the best."""
    data = g.ndata
    known = data["train_mask"]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history, best, predicted = [], -1.0, None
    epochs = trange(EPOCHS, desc="training", unit="epoch")
    for _ in epochs:
        logits = model(g, data["feat"])
        loss = F.cross_entropy(logits[known], data["label"][known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        history.append({"loss": loss.item(), **accuracies(logits, data)})
        shown = {name: f"{value:.3f}" for name, value in history[-1].items()}
        epochs.set_postfix(shown, refresh=False)
        if history[-1]["val"] > best:
            best, predicted = history[-1]["val"], logits.argmax(1)
    return history, predicted


torch.manual_seed(SEED)
model = GraphSAGE(g.ndata["feat"].shape[1], 16, num_classes)
history, predicted = train(g, model)
best = max(history, key=lambda epoch: epoch["val"])

print(f"{title}: {g.num_nodes()} nodes, {g.num_edges()} edges, {num_classes} classes")
print(f"training accuracy    {best['train']:.3f}")
print(f"validation accuracy  {best['val']:.3f}")
print(f"test accuracy        {best['test']:.3f}")

# %% [markdown]
# ## The picture
#
# Loss and accuracies on the left. On the right a part of the graph, drawn so that neighbours lie
# close together. The colour of a node is its predicted class; a ring marks a wrong prediction.

# %%
SHOWN = 150 if QUICK else 1500


def neighbourhood(g, size):
    """Give the subgraph of the ``size`` nodes that are nearest to the node of highest degree."""
    whole = nx.Graph(list(zip(*(ends.tolist() for ends in g.edges()), strict=True)))
    hub = max(whole, key=whole.degree)
    nearest = [hub, *(node for _, node in nx.bfs_edges(whole, hub))][:size]
    return whole.subgraph(nearest)


def draw_curves(loss_axes, accuracy_axes, history):
    """Draw the loss and the accuracies by epoch."""
    loss_axes.plot([epoch["loss"] for epoch in history], color="black")
    loss_axes.set(title="Loss on the training nodes", ylim=(0, None))
    for part, name in {"train": "training", "val": "validation", "test": "test"}.items():
        accuracy_axes.plot([epoch[part] for epoch in history], label=name)
    accuracy_axes.set(title="Accuracy", xlabel="epoch", ylim=(0, 1.02))
    accuracy_axes.legend(loc="lower right", frameon=False)
    for axes in (loss_axes, accuracy_axes):
        axes.spines[["top", "right"]].set_visible(False)


def draw_graph(axes, part, predicted, label):
    """Draw a part of the graph, coloured by predicted class."""
    nodes = sorted(part)
    where = nx.spring_layout(part, k=1.8 / len(nodes) ** 0.5, iterations=80, seed=SEED)
    lines = [(where[u], where[v]) for u, v in part.edges()]
    axes.add_collection(LineCollection(lines, colors="0.75", linewidths=0.25, zorder=1))
    colours = plt.get_cmap("tab10")
    for each in range(num_classes):
        points = [where[node] for node in nodes if predicted[node] == each]
        x, y = zip(*points, strict=True) if points else ((), ())
        axes.scatter(x, y, s=12, color=colours(each), zorder=2, label=f"class {each}")
    wrong = [where[node] for node in nodes if predicted[node] != label[node]]
    x, y = zip(*wrong, strict=True) if wrong else ((), ())
    axes.scatter(
        x, y, s=26, facecolors="none", edgecolors="black", linewidths=0.7, zorder=3, label="wrong"
    )
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, markerscale=1.5)
    axes.set_title(f"Predicted classes of the {len(nodes)} nodes around the node of highest degree")
    axes.set_axis_off()


figure, axes = plt.subplot_mosaic(
    [["loss", "graph"], ["accuracy", "graph"]],
    figsize=(14, 7.5),
    width_ratios=[1, 2.1],
    layout="constrained",
)
figure.suptitle(f"GraphSAGE on {title}: test accuracy {best['test']:.3f}", fontsize=15)
draw_curves(axes["loss"], axes["accuracy"], history)
draw_graph(axes["graph"], neighbourhood(g, SHOWN), predicted, g.ndata["label"])

picture = Path("build") / "demo.png"
picture.parent.mkdir(exist_ok=True)
figure.savefig(picture, dpi=120)
print(f"picture: {picture}")
