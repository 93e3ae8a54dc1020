# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Functions of your own at the speed of builtins
#
# Five layers are written here with plain Python functions: GraphSAGE, attention, gates on edges,
# EdgeConv, and a message network with an MLP. graphmp reads what each function computes, and runs
# it in the kernels of the builtins; you see what became of each, and what it takes.
#
# You will
#
# - read an explanation: what is computed at nodes, in kernels, at edges,
# - write five layers as their papers have them, and get fast ones,
# - see what is *not* recognised, and why it is right all the same,
# - measure the difference.
#
# [Message passing](01_message_passing.py) introduces message and reduce functions.

# %%
import os
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn

import graphmp as gm
import graphmp.function as fn

QUICK = "--quick" in sys.argv or "GRAPHMP_QUICK" in os.environ  # a short run, for tests
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

torch.manual_seed(0)
g = gm.data.planted_communities(num_nodes=1000 if QUICK else 20000, mean_degree=20)
WIDTH = 64
x = torch.randn(g.num_nodes(), WIDTH)
weight = torch.rand(g.num_edges(), 1)
print(g)

# %% [markdown]
# ## GraphSAGE
#
# The message is the source's feature times the weight of the edge, and the nodes average what they
# receive. With builtins that is `fn.u_mul_e("h", "w", "m")` and `fn.mean("m", "h_N")`. In Python:


# %%
def u_mul_e(edges):
    return {"m": edges.src["h"] * edges.data["w"]}


def mean(nodes):
    return {"h_N": nodes.mailbox["m"].mean(1)}


class SAGEConv(nn.Module):
    """GraphSAGE with weights (Hamilton and others, 2017): (N, F) -> (N, F)."""

    def __init__(self, width):
        super().__init__()
        self.linear = nn.Linear(2 * width, width)

    def forward(self, g, h_src, h_dst, w):
        with g.local_scope():
            g.srcdata["h"], g.dstdata["h"], g.edata["w"] = h_src, h_dst, w
            g.update_all(u_mul_e, mean)
            return self.linear(torch.cat([h_dst, g.dstdata["h_N"]], dim=1))


# %% [markdown]
# Read literally, `u_mul_e` makes a tensor of a row for each edge, and `mean` is called for each
# in-degree, as the messages of a node are a matrix of as many rows as it has in-edges. Neither
# happens. `explain` runs both once and says what did:

# %%
g.ndata["h"], g.edata["w"] = x, weight
explanation = gm.explain(g, u_mul_e, mean)
print(explanation)
print("as fast as the builtins:", explanation.is_fused)

# %% [markdown]
# One kernel, nothing stored at the edges. How is that possible? The message function ran on
# *stand-ins* for its features, which record what is done with them. What it computed is an
# expression of the sources, the destinations and the edges, and graphmp has a kernel for any such
# expression: one is compiled the first time that it is seen, forward and backward.
#
# It works alike on the blocks of a loader, where sources and destinations are different nodes:

# %%
sampler = gm.dataloading.NeighborSampler([10])
loader = gm.dataloading.DataLoader(g, torch.arange(500), sampler, batch_size=500)
input_nodes, output_nodes, (block,) = next(iter(loader))
h_src = x[input_nodes]
h_dst = h_src[: block.num_dst_nodes()]  # a block's destinations are its first sources
out = SAGEConv(WIDTH)(block, h_src, h_dst, block.edata["w"])
print(block)
print("a batch:", tuple(h_src.shape), "->", tuple(out.shape))

# %% [markdown]
# ## Attention
#
# A graph attention layer gives each edge a score, normalises the scores of a node's in-edges by a
# softmax, and weighs the features with them. Written as in the paper, with heads:


# %%
class GATConv(nn.Module):
    """Graph attention (Veličković and others, 2018): (N, F) -> (N, F), in four heads."""

    def __init__(self, width, heads=4):
        super().__init__()
        self.fc = nn.Linear(width, width, bias=False)
        self.attn = nn.Linear(2 * width // heads, 1, bias=False)
        self.heads = heads

    def message(self, edges):
        both = torch.cat([edges.src["z"], edges.dst["z"]], dim=-1)
        return {"z": edges.src["z"], "e": F.leaky_relu(self.attn(both), 0.2)}

    def reduce(self, nodes):
        alpha = F.softmax(nodes.mailbox["e"], dim=1)
        return {"h": torch.sum(alpha * nodes.mailbox["z"], dim=1)}

    def forward(self, g, h):
        with g.local_scope():
            g.ndata["z"] = self.fc(h).view(len(h), self.heads, -1)
            g.update_all(self.message, self.reduce)
            return g.ndata["h"].flatten(1)


gat = GATConv(WIDTH)
g.ndata["z"] = gat.fc(x).view(len(x), gat.heads, -1)
print(gm.explain(g, gat.message, gat.reduce))

# %% [markdown]
# The linear map of two concatenated features, `attn`, is a sum of two maps, one of the source and
# one of the destination. So it runs over the nodes, not over the edges, of which there are twenty
# times as many. Only the rounding differs; where features nearly cancel, as coordinates of near
# points do, it would differ much, and they are subtracted first.
#
# ## Gates on edges
#
# A gated graph convolution lets each edge decide, feature by feature, what passes. There are two
# messages here, and the reduce function divides one sum by another:


# %%
class GatedConv(nn.Module):
    """A gated graph convolution (Bresson and Laurent, 2017): (N, F) -> (N, F)."""

    def __init__(self, width):
        super().__init__()
        self.A, self.B, self.U, self.V = (nn.Linear(width, width) for _ in range(4))

    def message(self, edges):
        gate = torch.sigmoid(self.A(edges.src["h"]) + self.B(edges.dst["h"]))
        return {"m": gate * self.V(edges.src["h"]), "gate": gate}

    def reduce(self, nodes):
        total = nodes.mailbox["m"].sum(dim=1)
        return {"h": self.U(nodes.data["h"]) + total / (nodes.mailbox["gate"].sum(dim=1) + 1e-6)}

    def forward(self, g, h):
        with g.local_scope():
            g.ndata["h"] = h
            g.update_all(self.message, self.reduce)
            return F.relu(g.ndata["h"])


gated = GatedConv(WIDTH)
print(gm.explain(g, gated.message, gated.reduce))

# %% [markdown]
# Later steps name earlier ones by their numbers. Everything that concerns one end of the edges
# alone is *at the nodes*; the sigmoid, the product and the sum are *in a kernel*, which reads both
# ends of an edge and adds up, and writes a row for each node.
#
# ## EdgeConv
#
# EdgeConv maps the feature of a point and the differences to its neighbours, and takes a maximum:


# %%
class EdgeConv(nn.Module):
    """EdgeConv (Wang and others, 2019): (N, F) -> (N, F)."""

    def __init__(self, width):
        super().__init__()
        self.theta, self.phi = nn.Linear(width, width), nn.Linear(width, width)

    def message(self, edges):
        difference = edges.src["h"] - edges.dst["h"]
        return {"e": F.relu(self.theta(difference) + self.phi(edges.dst["h"]))}

    def forward(self, g, h):
        with g.local_scope():
            g.ndata["h"] = h
            g.update_all(self.message, fn.max("e", "h"))
            return g.ndata["h"]


edge = EdgeConv(WIDTH)
print(gm.explain(g, edge.message, fn.max("e", "h")))

# %% [markdown]
# A linear map of a difference is the difference of two maps. The builtin `fn.max` reduces here:
# functions and builtins combine in any way.
#
# ## A message network
#
# Two layers of an MLP on everything that an edge knows, its own feature included:


# %%
class MessageNetwork(nn.Module):
    """Message passing with an MLP (Gilmer and others, 2017): (N, F) -> (N, F)."""

    def __init__(self, width):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(2 * width + 1, width), nn.SiLU(), nn.Linear(width, width)
        )
        self.update = nn.GRUCell(width, width)

    def message(self, edges):
        everything = torch.cat([edges.src["h"], edges.dst["h"], edges.data["w"]], dim=1)
        return {"m": self.mlp(everything)}

    def reduce(self, nodes):
        return {"total": nodes.mailbox["m"].sum(1)}

    def forward(self, g, h, w):
        with g.local_scope():
            g.ndata["h"], g.edata["w"] = h, w
            g.update_all(self.message, self.reduce)
            return self.update(g.ndata["total"], h)


network = MessageNetwork(WIDTH)
print(gm.explain(g, network.message, network.reduce))

# %% [markdown]
# The first layer becomes three maps, of the two ends and of the edges' own feature. The activation
# is in the kernel, and the second layer follows the sum: a sum of linear maps is the linear map of
# the sum, so it runs on a row for each node. Nothing of the size of edges times features is stored.
#
# ## What is not recognised
#
# Whatever cannot be recorded exactly runs as it is written: a reduce function is called for each
# in-degree, and what a message function does is done on rows of the edges. The explanation has the
# line and the reason.


# %%
def median(nodes):
    return {"y": nodes.mailbox["m"].median(dim=1).values}


calls = []


def counted(nodes):
    calls.append(1)  # a side effect, which shall happen as often as it always did
    return {"y": nodes.mailbox["m"].sum(dim=1)}


lstm = nn.LSTM(WIDTH, WIDTH, batch_first=True)


def through_lstm(nodes):
    return {"y": lstm(nodes.mailbox["m"])[0][:, -1]}


small = gm.rand_graph(100, 1500)
small.ndata["h"] = torch.randn(100, WIDTH)
for reduce in (median, counted, through_lstm):
    print(f"{reduce.__name__}:", gm.explain(small, fn.copy_u("h", "m"), reduce), sep="\n")

# %% [markdown]
# Functions that draw random numbers, look at the numbers to decide what to do, change lists or
# attributes, or take numbers to NumPy are left as they are, too. The first time that a function
# runs fused, its result at a few nodes is compared with what the function gives for them; a
# difference is a warning, and from then on it runs as it is.
#
# `gm.fuse_functions(False)` and the environment variable `GRAPHMP_FUSE=0` switch all of it off, for
# a comparison or while you look for a fault:

# %%
sage = SAGEConv(WIDTH)
fused = sage(g, x, x, weight)
with gm.fuse_functions(False):
    plain = sage(g, x, x, weight)
print(f"the largest difference: {(fused - plain).abs().max():.1g}")

# %% [markdown]
# ## What it takes
#
# The five layers, forward and backward, fused and as they are:

# %%
LAYERS = {
    "GraphSAGE": lambda h: sage(g, h, h, weight),
    "attention": lambda h: gat(g, h),
    "gates": lambda h: gated(g, h),
    "EdgeConv": lambda h: edge(g, h),
    "MLP": lambda h: network(g, h, weight),
}


def milliseconds(layer, is_fused):
    """The shortest of some runs, forward and backward, after one that compiles."""
    times = []
    with gm.fuse_functions(is_fused):
        for _ in range(3 if QUICK else 6):
            h = x.clone().requires_grad_()
            started = time.perf_counter()
            layer(h).sum().backward()
            times.append(1000 * (time.perf_counter() - started))
    return min(times[1:])


measured = {}
for name, layer in LAYERS.items():
    measured[name] = milliseconds(layer, True), milliseconds(layer, False)
    print(f"{name:<10} fused {measured[name][0]:8.1f} ms, as it is {measured[name][1]:8.1f} ms")

# %%
figure, axes = plt.subplots(figsize=(8, 3.4), layout="constrained")
for position, (short, long) in enumerate(measured.values()):
    axes.plot([short, long], [position] * 2, color="0.8", linewidth=6, solid_capstyle="round")
    axes.scatter([short, long], [position] * 2, s=70, color=["tab:blue", "tab:orange"], zorder=3)
    axes.text((short * long) ** 0.5, position + 0.18, f"{long / short:.0f} times", ha="center")
axes.scatter([], [], s=70, color="tab:blue", label="fused")
axes.scatter([], [], s=70, color="tab:orange", label="as it is")
axes.set(xscale="log", xlabel="milliseconds, forward and backward", ylim=(-0.6, 4.8))
axes.xaxis.set_major_formatter("{x:.0f}")
axes.xaxis.set_minor_formatter("{x:.0f}")
axes.set_yticks(range(len(measured)), list(measured))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
figure.savefig(PICTURES / "own_functions.png", dpi=120)

# %% [markdown]
# Functions like these beside DGL, which runs them as they are, on a graph of 50,000 nodes and
# 700,000 edges whose degrees follow a power law; two threads, 64 features, milliseconds:
#
# | message, reduction | graphmp, forward | DGL | graphmp, both passes | DGL |
# |---|---|---|---|---|
# | `src - dst`, maximum | 6.0 | 153 | 22 | 324 |
# | `sigmoid(src + dst) * src`, sum | 9.1 | 243 | 37 | 514 |
# | two layers of `cat(src, dst)`, sum | 16 | 393 | 37 | 904 |
# | a layer of `cat(src, dst)`, maximum | 13 | 327 | 36 | 778 |
# | gates on edges, sums of a reduce function | 36 | 634 | 107 | minutes |
# | attention by hand, four heads | 14 | 404 | 39 | minutes |
#
# A reduce function of one's own costs DGL a call for each in-degree, and in its backward pass a
# tensor of all messages for each: minutes on this graph, which has hundreds of in-degrees. The
# repository's `benchmarks/udf.py` measures these and more.
#
# ## Where to go from here
#
# - [Functions of your own](../docs/guide/own_functions.md) has the rules.
# - [Builtins of your own](../docs/guide/own_parts.md) registers an operator and a reducer by
#   their formulas.
