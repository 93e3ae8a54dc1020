# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Minibatches: train on a graph a little at a time
#
# A step of training on a whole graph computes every node in every layer. That is wasteful when a
# few nodes are enough to know where the weights should go, and impossible when the graph does not
# fit. The way out is to take a few nodes at a time, and for each of them a few neighbours.
#
# You will
#
# - see how many nodes a small batch needs, and how sampling keeps that number down,
# - take a *block* apart, which is the piece of a graph that one layer works on,
# - write a layer that works on blocks, and then one that works on blocks and whole graphs alike,
# - train with a loader, with a progress bar, and compare with training on the whole graph,
# - read features from a file that need not fit into memory.
#
# You need to know what a [message passing layer](01_message_passing.py) is.

# %%
import os
import sys
import tempfile
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

import graphmp as gm
import graphmp.function as fn

QUICK = "--quick" in sys.argv or "GRAPHMP_QUICK" in os.environ  # a short run, for tests
EPOCHS = 3 if QUICK else 15
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

# %% [markdown]
# ## The data
#
# The citation graph ogbn-arxiv, 169,343 papers, where the folder that `GRAPHMP_DATA` names has it.
# Its own features are not in that folder, so we draw some: each paper gets the mean of its subject,
# blurred by noise that is much larger. Elsewhere a random graph with planted communities serves.


# %%
def load_arxiv(path):
    """The graph with edges both ways, drawn features, labels, and three masks."""
    with np.load(path) as file:
        src, dst = torch.from_numpy(file["src"]).long(), torch.from_numpy(file["dst"]).long()
        g = gm.graph((torch.cat([src, dst]), torch.cat([dst, src])))
        g.ndata["label"] = torch.from_numpy(file["label"]).long()
        for name in ("train", "valid", "test"):
            mask = torch.zeros(g.num_nodes(), dtype=torch.bool)
            mask[torch.from_numpy(file[f"{name}_idx"]).long()] = True
            g.ndata[f"{name.removesuffix('id')}_mask"] = mask
    centres = torch.randn(int(g.ndata["label"].max()) + 1, 64)
    g.ndata["feat"] = 0.25 * centres[g.ndata["label"]] + torch.randn(g.num_nodes(), 64)
    return g


gm.seed(0)
arxiv = Path(os.environ.get("GRAPHMP_DATA", ""), "ogbn_arxiv", "ogbn_arxiv_graph.npz")
if arxiv.is_file() and not QUICK:
    g, BATCH = load_arxiv(arxiv), 1024
else:
    g = gm.data.planted_communities(num_nodes=2000 if QUICK else 20000, mean_degree=12)
    BATCH = 128
    moved = g.ndata["test_mask"].nonzero().view(-1)[::2]  # more nodes to train on
    g.ndata["train_mask"][moved], g.ndata["test_mask"][moved] = True, False
num_feats, num_classes = g.ndata["feat"].shape[1], int(g.ndata["label"].max()) + 1
train_nodes, test_nodes = (g.ndata[name].nonzero().view(-1) for name in ("train_mask", "test_mask"))
print(g)
print(f"{len(train_nodes)} nodes to train on, {len(test_nodes)} to test on")

# %% [markdown]
# ## How far a batch reaches
#
# To compute 32 nodes with one layer we need the nodes that send them messages. With two layers we
# need the nodes that send messages to *those*. The set grows by the mean degree with every layer
# until it is most of the graph. Take at most a few neighbours of each node, its *fanout*, and
# it grows by that at most.


# %%
def reach(fanout, num_layers, seeds):
    """How many nodes a batch needs before each layer, from the last layer to the first."""
    counts, nodes = [len(seeds)], seeds
    for _ in range(num_layers):
        nodes = gm.sampling.sample_block(g, nodes, fanout).srcdata[gm.NID]
        counts.append(len(nodes))
    return counts


seeds = train_nodes[:32]
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for fanout in (-1, 10, 5, 2):
    label = "all neighbours" if fanout < 0 else f"at most {fanout}"
    axes.plot(reach(fanout, 4, seeds), marker="o", label=label)
axes.axhline(g.num_nodes(), color="0.6", linestyle=":")
axes.annotate("the whole graph", (0, g.num_nodes()), va="bottom", color="0.4")
axes.set(title="Nodes that a batch of 32 needs", xlabel="layers", xticks=range(5), yscale="log")
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig(PICTURES / "reach.png", dpi=120)

# %% [markdown]
# ## A block
#
# What one layer of a batch works on is a *block*, also called a message flow graph: the nodes that
# send, the nodes that receive, and the sampled edges between them. Here is one on a graph of eight
# nodes. We ask for nodes 5 and 2, with two neighbours each.

# %%
small = gm.graph(([0, 1, 3, 4, 6, 7, 1, 5], [5, 5, 5, 2, 2, 2, 2, 4]))
small.ndata["h"] = torch.arange(8.0).view(8, 1) * 10
block = gm.sampling.sample_block(small, [5, 2], 2)
print(block)
print("sources:", block.srcdata[gm.NID].tolist())
print("destinations:", block.dstdata[gm.NID].tolist())
print("edges of the small graph:", block.edata[gm.EID].tolist())

# %% [markdown]
# Nodes have new numbers in a block; `_ID`, which `gm.NID` and `gm.EID` name, says which they were.
# Two things always hold:
#
# - destinations are in the order in which we asked for them;
# - **the first sources are the destinations**, since most layers also need what a node had before.
#
# Features come along. They are gathered when they are read, so nothing is copied in vain.

# %%
num_dst = block.num_dst_nodes()
assert torch.equal(block.srcdata[gm.NID][:num_dst], block.dstdata[gm.NID])
print("sources' features:", block.srcdata["h"].flatten().tolist())

# %%
figure, axes = plt.subplots(figsize=(8, 3), layout="constrained")
tops = [(i * 1.2, 1) for i in range(block.num_src_nodes())]
bottoms = [(i * 1.2, 0) for i in range(num_dst)]
for u, v in zip(*(ends.tolist() for ends in block.edges()), strict=True):
    arrow = {"arrowstyle": "-|>", "color": "tab:blue", "shrinkA": 15, "shrinkB": 15}
    axes.annotate("", bottoms[v], tops[u], arrowprops=arrow)
for places, ids, kept in (
    (tops, block.srcdata[gm.NID], num_dst),
    (bottoms, block.dstdata[gm.NID], num_dst),
):
    for number, (x, y) in enumerate(places):
        colour = "moccasin" if number < kept else "white"
        axes.scatter(x, y, s=800, color=colour, edgecolors="black", zorder=3)
        axes.text(x, y, int(ids[number]), ha="center", va="center", zorder=4)
axes.text(-0.6, 1, "sources", ha="right", va="center")
axes.text(-0.6, 0, "destinations", ha="right", va="center")
axes.set(title="A block: the destinations come first among the sources", ylim=(-0.4, 1.4))
axes.set_xlim(-2.2, tops[-1][0] + 0.6)
axes.set_axis_off()
figure.savefig(PICTURES / "block.png", dpi=120)

# %% [markdown]
# ## A layer for blocks
#
# Message passing on a block is what it is on a graph, but sources and destinations are different
# sets of nodes. So features go into `srcdata`, and results come out of `dstdata`. This is GraphSAGE
# with a mean, for blocks. It takes the features of both ends.


# %%
class BlockSAGE(nn.Module):
    """(num_src, in_feats) and (num_dst, in_feats) -> (num_dst, out_feats)."""

    def __init__(self, in_feats, out_feats):
        super().__init__()
        self.linear = nn.Linear(2 * in_feats, out_feats)

    def forward(self, block, h):
        h_src, h_dst = h
        with block.local_scope():
            block.srcdata["h"] = h_src
            block.update_all(fn.copy_u("h", "m"), fn.mean("m", "h_N"))
            return self.linear(torch.cat([h_dst, block.dstdata["h_N"]], dim=1))


layer = BlockSAGE(1, 4)
h = block.srcdata["h"]
print(layer(block, (h, h[:num_dst])).shape)

# %% [markdown]
# ## One layer for both
#
# In a whole graph the sources *are* the destinations: `srcdata` and `dstdata` are both `ndata`. So
# a layer that is written for blocks works on whole graphs too, if it is told what the destinations
# had. Three changes make it so:
#
# 1. Take one tensor or a pair. One tensor stands for both ends; on a block its first rows are the
#    destinations'.
# 2. Write to `srcdata` or `dstdata`, by the end that the message function reads.
# 3. Read results from `dstdata`.


# %%
class SAGE(nn.Module):
    """A GraphSAGE layer for graphs and blocks."""

    def __init__(self, in_feats, out_feats):
        super().__init__()
        self.linear = nn.Linear(2 * in_feats, out_feats)

    def forward(self, g, h):
        h_src, h_dst = h if isinstance(h, tuple) else (h, h[: g.num_dst_nodes()])
        with g.local_scope():
            g.srcdata["h"] = h_src
            g.update_all(fn.copy_u("h", "m"), fn.mean("m", "h_N"))
            return self.linear(torch.cat([h_dst, g.dstdata["h_N"]], dim=1))


class Model(nn.Module):
    """Two layers. ``graphs`` has a block for each, or is one graph for both."""

    def __init__(self, in_feats, hidden, out_feats):
        super().__init__()
        self.layers = nn.ModuleList([SAGE(in_feats, hidden), SAGE(hidden, out_feats)])

    def forward(self, graphs, h):
        blocks = [graphs] * 2 if isinstance(graphs, gm.Graph) else graphs
        h = self.layers[0](blocks[0], h).relu()
        return self.layers[1](blocks[1], h)


# %% [markdown]
# With all neighbours, a batch gives exactly what the whole graph gives:

# %%
torch.manual_seed(0)
model = Model(num_feats, 64, num_classes)
everything = gm.dataloading.MultiLayerFullNeighborSampler(2)
input_nodes, output_nodes, blocks = everything.sample(g, train_nodes[:8])
with torch.no_grad():
    batch = model(blocks, g.ndata["feat"][input_nodes])
    whole = model(g, g.ndata["feat"])
assert torch.allclose(batch, whole[output_nodes], atol=1e-5)
print(f"8 nodes need {len(input_nodes)} of {g.num_nodes()} nodes")

# %% [markdown]
# ## Training with a loader
#
# A sampler knows how to make the blocks of a batch; a loader iterates over the training nodes in
# batches. Fanouts are listed from the first layer to the last. Each step gives the nodes whose
# features are needed, the nodes to be computed, and a block for each layer.
#
# `num_workers=2` samples on two threads while the model trains. Nothing is copied to other
# processes. The columns named in `prefetch_node_feats` and `prefetch_labels` are gathered there
# too.


# %%
def sampled_epochs(model, fanouts, num_workers=2):
    """Train on batches; give the accuracy on the test nodes after each epoch."""
    sampler = gm.dataloading.NeighborSampler(
        fanouts, prefetch_node_feats=["feat"], prefetch_labels=["label"]
    )
    loader = gm.dataloading.DataLoader(
        g, train_nodes, sampler, batch_size=BATCH, shuffle=True, num_workers=num_workers
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    for epoch in range(EPOCHS):
        with tqdm(loader, desc=f"epoch {epoch}", disable=QUICK) as batches:
            for _, _, blocks in batches:
                logits = model(blocks, blocks[0].srcdata["feat"])
                loss = F.cross_entropy(logits, blocks[-1].dstdata["label"])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                batches.set_postfix(loss=f"{loss:.3f}")
        yield accuracy(model)


@torch.no_grad()
def accuracy(model):
    """The share of the test nodes whose class is guessed, with all their neighbours."""
    right = model(g, g.ndata["feat"]).argmax(1) == g.ndata["label"]
    return float(right[test_nodes].float().mean())


def whole_epochs(model):
    """Train on the whole graph, a step an epoch; give the accuracy as ``sampled_epochs``."""
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(EPOCHS):
        logits = model(g, g.ndata["feat"])
        loss = F.cross_entropy(logits[train_nodes], g.ndata["label"][train_nodes])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield accuracy(model)


# %%
curves = {}
for name, epochs in (
    ("sampled, fanouts 10 and 10", lambda m: sampled_epochs(m, [10, 10])),
    ("sampled, fanouts 3 and 3", lambda m: sampled_epochs(m, [3, 3])),
    ("whole graph", whole_epochs),
):
    torch.manual_seed(0)
    start = time.perf_counter()
    curves[name] = list(epochs(Model(num_feats, 64, num_classes)))
    print(f"{name}: {curves[name][-1]:.3f} after {time.perf_counter() - start:.1f} s")

# %%
figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
for name, curve in curves.items():
    axes.plot(range(1, EPOCHS + 1), curve, label=name)
axes.set(title="Accuracy on the test nodes", xlabel="epochs", ylim=(0, 1))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig(PICTURES / "minibatches.png", dpi=120)

# %% [markdown]
# An epoch means something else in each: the whole graph takes one step, batches take many. That is
# why they learn in fewer epochs. A smaller fanout makes an epoch faster and its gradients
# noisier.
#
# ## The same batches again
#
# What is drawn depends on the seed alone, not on the number of workers or threads:


# %%
def first_inputs(num_workers):
    """The input nodes of the first batch of an epoch."""
    gm.seed(7)
    sampler = gm.dataloading.NeighborSampler([5, 5])
    loader = gm.dataloading.DataLoader(
        g, train_nodes, sampler, batch_size=BATCH, shuffle=True, num_workers=num_workers
    )
    return next(iter(loader))[0]


assert torch.equal(first_inputs(0), first_inputs(2))
print("the same batch with and without workers")

# %% [markdown]
# ## Features on disk
#
# A column may lie in a file that is mapped into memory. Gathering rows then reads the pages that
# hold these rows and no others, so the file may be larger than the memory.

# %%
with tempfile.TemporaryDirectory() as folder:
    path = Path(folder, "feat.bin")
    g.ndata["feat"].numpy().tofile(path)
    on_disk = torch.from_file(
        str(path), shared=True, size=g.ndata["feat"].numel(), dtype=torch.float32
    )
    with g.local_scope():
        g.ndata["feat"] = on_disk.view(g.num_nodes(), num_feats)
        _, _, blocks = gm.dataloading.NeighborSampler([5, 5]).sample(g, train_nodes[:16])
        print("read from disk:", tuple(blocks[0].srcdata["feat"].shape))
    del on_disk, blocks

# %% [markdown]
# ## Where to go from here
#
# - Layers of `graphmp.nn` take blocks as they take graphs: `conv(block, h)`.
# - `as_edge_prediction_sampler` turns a node sampler into one for pairs of nodes, with negative
#   pairs, for link prediction.
# - Other samplers choose in other ways: `LaborSampler` needs fewer nodes for the same fanouts,
#   `ShaDowKHopSampler`, `SAINTSampler` and `ClusterGCNSampler` give subgraphs instead of blocks.
# - A sampler of your own derives from `BlockSampler` and says how to make the blocks.
