# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Message passing: write your own layer
#
# Most graph neural networks are one idea with different formulas in it: nodes send messages along
# their edges, and each node makes something of the messages that it receives. This page shows how
# to write such a formula with graphmp.
#
# You will
#
# - see what happens in one round of messages, with numbers,
# - write a GraphSAGE layer, stack it, and train it,
# - let edges weigh what they carry,
# - replace the builtin functions by Python functions of your own, and see what becomes of it.
#
# You need to know how to train a model in PyTorch, and nothing about graphs.

# %%
import os
import sys
import time
from pathlib import Path

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.patches import FancyArrowPatch, Rectangle
from torch import nn

import graphmp as gm
import graphmp.function as fn

QUICK = "--quick" in sys.argv or "GRAPHMP_QUICK" in os.environ  # a short run, for tests
EPOCHS = 10 if QUICK else 200
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

# %% [markdown]
# ## One round of messages
#
# Let an edge go from $u$ to $v$. One round has three steps, and each step is a function that you
# choose:
#
# $$m_{u \to v} = \mathrm{message}(h_u, h_v, w_{u \to v})$$
#
# $$a_v = \mathrm{reduce}\,\{\, m_{u \to v} \;:\; u \to v \text{ is an edge} \,\}$$
#
# $$h'_v = \mathrm{update}(h_v, a_v)$$
#
# Here $h$ are features of nodes and $w$ features of edges. The *message* may use the source, the
# destination and the edge. The *reduce* makes one value of any number of messages, whatever their
# order: a sum, a mean, a maximum. The *update* combines the result with what the node had before;
# in a neural network it holds the weights to be learned. J. Gilmer and others described this
# scheme in [Neural Message Passing for Quantum Chemistry](https://arxiv.org/abs/1704.01212).
#
# Take a graph of five nodes. Each holds one number and sends it along its edges; each node that
# receives messages takes their mean.

# %%
src = torch.tensor([0, 1, 2, 3, 3, 4, 1])
dst = torch.tensor([2, 2, 3, 2, 4, 3, 0])
small = gm.graph((src, dst))
small.ndata["h"] = torch.tensor([1.0, 2.0, 4.0, 6.0, 8.0])

small.update_all(fn.copy_u("h", "m"), fn.mean("m", "h_new"))
print(small.ndata["h_new"])

# %% [markdown]
# That line read: make each edge a message `m` by copying the field `h` of its source `u`; then let
# each node average its messages `m` and keep the result as its field `h_new`.
#
# Node 2 received 1, 2 and 6, so it has 3. Nobody sends to node 1: it has 0, which is what every
# builtin reduce function gives when there are no messages. Note the direction: node 1 sends to node
# 2, but node 2 sends nothing back. A friendship is two edges, one each way.

# %%
PLACES = {0: (0, 1), 1: (0, 0), 2: (1.4, 0.5), 3: (2.8, 0.5), 4: (4.2, 0.5)}
LABELS = {0: 0.27, 1: -0.33, 2: 0.27, 3: 0.27, 4: 0.27}


def draw_round(axes, field, title, with_messages):
    """Draw the small graph with one number in each node and, if asked, one on each edge."""
    for u, v in zip(src.tolist(), dst.tolist(), strict=True):
        bend = "arc3,rad=0.25" if (u, v) != (1, 0) else "arc3"
        arrow = FancyArrowPatch(
            PLACES[u],
            PLACES[v],
            connectionstyle=bend,
            arrowstyle="-|>",
            mutation_scale=16,
            shrinkA=17,
            shrinkB=17,
            color="tab:blue" if with_messages else "0.7",
        )
        axes.add_patch(arrow)
        if with_messages:
            x, y = (sum(ends) / 2 for ends in zip(PLACES[u], PLACES[v], strict=True))
            side = 0 if (u, v) == (1, 0) else -0.17 if PLACES[u][0] < PLACES[v][0] else 0.17
            value = f"{small.ndata['h'][u]:g}"
            axes.text(x, y + side, value, color="tab:blue", ha="center", backgroundcolor="white")
    for node, (x, y) in PLACES.items():
        axes.scatter(x, y, s=900, color="white", edgecolors="black", zorder=3)
        axes.text(x, y, f"{small.ndata[field][node]:g}", ha="center", va="center", zorder=4)
        axes.text(x, y + LABELS[node], f"node {node}", ha="center", fontsize=8, color="0.4")
    axes.set(title=title, xlim=(-0.5, 4.7), ylim=(-0.4, 1.45))
    axes.set_axis_off()


figure, (before, after) = plt.subplots(1, 2, figsize=(12, 3.2), layout="constrained")
draw_round(before, "h", "messages: each edge carries its source's number", with_messages=True)
draw_round(after, "h_new", "reduce: each node has the mean of its messages", with_messages=False)
figure.savefig(PICTURES / "messages.png", dpi=120)

# %% [markdown]
# ## The builtin functions
#
# A message function is named after what it reads: `u` is the source, `v` the destination, `e` the
# edge. `copy_u` and `copy_e` copy a field. `u_add_v`, `u_sub_v`, `u_mul_e`, `e_div_v`, `u_dot_v`
# and their like combine two fields. The reduce functions are `sum`, `mean`, `max` and `min`, and
# some more. Any message goes with any reduce.

# %%
print(len(fn.message_names()), "messages, among them", fn.message_names()[:8])
print(len(fn.reducer_names()), "reducers:", fn.reducer_names())

# %% [markdown]
# ## A GraphSAGE layer
#
# GraphSAGE ([Hamilton and others, 2017](https://arxiv.org/abs/1706.02216)) averages the features
# of the neighbours, puts the average beside the node's own features, and applies one linear map:
#
# $$h_{N(v)} = \mathrm{mean}\,\{\, h_u \;:\; u \to v \,\} \qquad
#   h'_v = W \, [\, h_v \,\|\, h_{N(v)} \,] + b$$
#
# with a non-linear function between two layers. The mean is one `update_all`; the rest is PyTorch.


# %%
class SAGEConv(nn.Module):
    """A GraphSAGE layer with mean aggregation: (N, in_feats) -> (N, out_feats)."""

    def __init__(self, in_feats, out_feats):
        super().__init__()
        self.linear = nn.Linear(2 * in_feats, out_feats)

    def forward(self, g, h):
        with g.local_scope():
            g.ndata["h"] = h
            g.update_all(fn.copy_u("h", "m"), fn.mean("m", "h_N"))
            return self.linear(torch.cat([h, g.ndata["h_N"]], dim=1))


# %% [markdown]
# `local_scope` undoes the changes of fields when the block ends, so the layer leaves no `h` and
# `h_N` behind on a graph that belongs to its caller.
#
# Two layers make a network in which a node sees what is at most two edges away.


# %%
class GraphSAGE(nn.Module):
    """Two GraphSAGE layers."""

    def __init__(self, in_feats, hidden, num_classes):
        super().__init__()
        self.first = SAGEConv(in_feats, hidden)
        self.second = SAGEConv(hidden, num_classes)

    def forward(self, g, h):
        return self.second(g, F.relu(self.first(g, h)))


# %% [markdown]
# ## Training
#
# The task is to guess the class of each node when only some classes are known. The data is the
# citation graph Cora where `GRAPHMP_DATA` names a folder of data, else a random graph with planted
# communities. Either way the graph comes with `feat`, `label` and three masks.


# %%
def load_dataset():
    """Give Cora, or else planted communities."""
    if os.environ.get("GRAPHMP_DATA"):
        try:
            return gm.data.CoraGraphDataset(verbose=False)
        except gm.GraphRuntimeError as error:
            print(error)
    print("Using planted communities. For Cora, name the folder of its files in GRAPHMP_DATA.")
    return gm.data.PlantedCommunityDataset()


dataset = load_dataset()
g = dataset[0]
print(g)


# %%
def train(name, g, model, *inputs):
    """Fit ``model(g, feat, *inputs)``; give (validation, test) accuracy of each epoch."""
    feat, label = g.ndata["feat"], g.ndata["label"]
    known = g.ndata["train_mask"]
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    history = []
    for epoch in range(EPOCHS):
        logits = model(g, feat, *inputs)
        loss = F.cross_entropy(logits[known], label[known])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        right = (logits.argmax(1) == label).float()
        history.append(tuple(float(right[g.ndata[m]].mean()) for m in ("val_mask", "test_mask")))
        if epoch % 20 == 0:
            print(f"{name}, epoch {epoch:3d}: loss {loss:.3f}, val {history[-1][0]:.3f}")
    print(f"{name}: test accuracy {max(history)[1]:.3f} where validation is best")
    return history


torch.manual_seed(0)
num_feats = g.ndata["feat"].shape[1]
curves = {"mean": train("mean", g, GraphSAGE(num_feats, 16, dataset.num_classes))}

# %% [markdown]
# ## Edges that weigh
#
# Edges have fields too, in `edata`. Let each edge say how alike its two ends are: the cosine of
# their features. `apply_edges` takes a message function alone; its result stays on the edges.

# %%
with g.local_scope():
    g.ndata["unit"] = F.normalize(g.ndata["feat"])
    g.apply_edges(fn.u_dot_v("unit", "unit", "cosine"))
    weight = 1 + 4 * g.edata["cosine"]
print(weight.shape, f"from {weight.min():.2f} to {weight.max():.2f}")

# %% [markdown]
# `u_dot_v` keeps a last dimension of 1, so that the weight `(E, 1)` broadcasts against features
# `(E, D)`. Now the message is the source's feature times the edge's weight.


# %%
class WeightedSAGEConv(nn.Module):
    """A GraphSAGE layer whose messages are weighted: features (N, D) and weights (E, 1)."""

    def __init__(self, in_feats, out_feats):
        super().__init__()
        self.linear = nn.Linear(2 * in_feats, out_feats)

    def forward(self, g, h, w):
        with g.local_scope():
            g.ndata["h"] = h
            g.edata["w"] = w
            g.update_all(fn.u_mul_e("h", "w", "m"), fn.mean("m", "h_N"))
            return self.linear(torch.cat([h, g.ndata["h_N"]], dim=1))


class WeightedGraphSAGE(nn.Module):
    """Two weighted GraphSAGE layers that share the weights."""

    def __init__(self, in_feats, hidden, num_classes):
        super().__init__()
        self.first = WeightedSAGEConv(in_feats, hidden)
        self.second = WeightedSAGEConv(hidden, num_classes)

    def forward(self, g, h, w):
        return self.second(g, F.relu(self.first(g, h, w)), w)


torch.manual_seed(0)
weighted = WeightedGraphSAGE(num_feats, 16, dataset.num_classes)
curves["weighted"] = train("weighted", g, weighted, weight)

# %%
figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
for number, (name, history) in enumerate(curves.items()):
    validation, test = zip(*history, strict=True)
    axes.plot(test, color=f"C{number}", label=f"{name}, test")
    axes.plot(validation, color=f"C{number}", linestyle=":", label=f"{name}, validation")
axes.set(title="Accuracy", xlabel="epoch", ylim=(0, 1))
axes.spines[["top", "right"]].set_visible(False)
axes.legend(frameon=False)
figure.savefig(PICTURES / "training.png", dpi=120)

# %% [markdown]
# Do not read much into which curve ends higher: one run on one graph does not say which weights are
# good, and this page is about how to use them.
#
# Mind that `mean` divides by the *number* of messages. For weights that sum to 1 at every node,
# divide each weight by the sum at its destination first. Two builtins do that, and
# `graphmp.ops.edge_softmax` does the like for scores that may be negative, as attention needs it.

# %%
with g.local_scope():
    g.edata["w"] = weight
    g.update_all(fn.copy_e("w", "m"), fn.sum("m", "total"))
    g.apply_edges(fn.e_div_v("w", "total", "share"))
    g.update_all(fn.copy_e("share", "m"), fn.sum("m", "one"))
    has_edges = g.in_degrees() > 0
    assert torch.allclose(g.ndata["one"][has_edges], torch.ones(1))

# %% [markdown]
# ## Functions of your own
#
# Where no builtin fits, pass a Python function. A message function gets all edges at once: their
# sources' fields in `edges.src`, their destinations' in `edges.dst`, their own in `edges.data`. It
# returns a dict of messages. This one is what `fn.u_mul_e("h", "w", "m")` does:


# %%
def weighted_message(edges):
    return {"m": edges.src["h"] * edges.data["w"]}


# %% [markdown]
# A reduce function gets nodes with their messages in `nodes.mailbox`, as a tensor of shape
# `(nodes, messages a node, features)`. This one is what `fn.mean("m", "h_N")` does:


# %%
def mean_reduce(nodes):
    return {"h_N": nodes.mailbox["m"].mean(dim=1)}


# %% [markdown]
# Builtins and functions mix in any way, with the same result:

# %%
with g.local_scope():
    g.ndata["h"] = g.ndata["feat"]
    g.edata["w"] = weight
    results = []
    for message in (fn.u_mul_e("h", "w", "m"), weighted_message):
        for reduce in (fn.mean("m", "h_N"), mean_reduce):
            g.update_all(message, reduce)
            results.append(g.ndata["h_N"])
assert all(torch.allclose(results[0], other, atol=1e-6) for other in results[1:])
print("all four ways agree")

# %% [markdown]
# ## Degree buckets
#
# A tensor has one length in each dimension, but nodes have different numbers of messages. So
# graphmp sorts the nodes by in-degree and calls a reduce function once for each degree that
# occurs, with the nodes of that degree. Nodes without messages are left out: they get
# zeros, or what `set_n_initializer` says.

# %%
shapes = []


def watched_mean(nodes):
    shapes.append(tuple(nodes.mailbox["m"].shape))
    return {"h_new": nodes.mailbox["m"].mean(dim=1)}


small.update_all(fn.copy_u("h", "m"), watched_mean)
print("in-degrees:", small.in_degrees().tolist())
print("shapes of the mailboxes:", shapes)


# %%
def draw_buckets(axes, g):
    """Draw each bucket's mailbox as a grid: one row a node, one cell a message."""
    degrees = g.in_degrees()
    left = 0.0
    for degree in degrees[degrees > 0].unique().tolist():
        nodes = (degrees == degree).nonzero().view(-1).tolist()
        for row, node in enumerate(nodes):
            senders, _ = g.in_edges(node)
            axes.text(left - 0.15, -row - 0.5, f"node {node}", ha="right", va="center", fontsize=9)
            for column, sender in enumerate(senders.tolist()):
                cell = Rectangle(
                    (left + column, -row - 1), 0.94, 0.94, color=f"C{degree}", alpha=0.4
                )
                axes.add_patch(cell)
                axes.text(
                    left + column + 0.47, -row - 0.53, f"from {sender}", ha="center", va="center"
                )
        axes.text(left, 0.25, f"mailbox ({len(nodes)}, {degree})", fontsize=10)
        left += degree + 1.5
    axes.set(xlim=(-1.2, left - 1), ylim=(-2.2, 0.8), aspect="equal")
    axes.set_axis_off()


figure, axes = plt.subplots(figsize=(11, 3), layout="constrained")
draw_buckets(axes, small)
figure.suptitle("One call of the reduce function for each in-degree that occurs")
figure.savefig(PICTURES / "buckets.png", dpi=120)

# %% [markdown]
# ## What to prefer
#
# The first of these that has your formula, since each leaves you more to write:
#
# 1. **A layer of `graphmp.nn`**, where there is one for your formula.
# 2. **Functions of `graphmp.ops`**, such as `edge_softmax`, `copy_u_mean` or `u_mul_e_sum`, which
#    take a graph and tensors, and give a tensor.
# 3. **`update_all` with builtins.** A builtin pair is fused: the messages of source and edge
#    fields are never stored, though there may be many more edges than nodes.
# 4. **Functions of your own.** They can do anything. What they compute element by element, by
#    linear maps and by reductions such as the mean runs on the same kernels as the builtins, if the
#    graph is not tiny. The rest is stored at the edges, and a reduce function that does anything
#    else is called for each in-degree that occurs. `gm.explain(g, message, reduce)` says what
#    became of them.
#
# The time of a weighted mean, forward and backward, and last with functions that are run as they
# are. It depends on the machine and the graph: on a
# small one the loops take little of it, and the ways may come out in another order.

# %%
big = gm.data.planted_communities(num_nodes=2000 if QUICK else 20000, mean_degree=20)
features = torch.rand(big.num_nodes(), 64, requires_grad=True)
weights = torch.rand(big.num_edges(), 1)


def by_ops():
    return gm.ops.u_mul_e_mean(big, features, weights)


def by_update_all(message, reduce):
    with big.local_scope():
        big.ndata["h"] = features
        big.edata["w"] = weights
        big.update_all(message, reduce)
        return big.ndata["h_N"]


def as_they_are():
    with gm.fuse_functions(False):
        return by_update_all(weighted_message, mean_reduce)


WAYS = {
    "ops.u_mul_e_mean": by_ops,
    "update_all, builtins": lambda: by_update_all(fn.u_mul_e("h", "w", "m"), fn.mean("m", "h_N")),
    "own message, builtin mean": lambda: by_update_all(weighted_message, fn.mean("m", "h_N")),
    "own message, own mean": lambda: by_update_all(weighted_message, mean_reduce),
    "the same, as they are": as_they_are,
}


def seconds(way):
    """Time one forward and backward, the best of three after a warm-up."""
    times = []
    for _ in range(4):
        start = time.perf_counter()
        way().sum().backward()
        times.append(time.perf_counter() - start)
    return min(times[1:])


milliseconds = {name: 1000 * seconds(way) for name, way in WAYS.items()}
for name, value in milliseconds.items():
    print(f"{name:28s}{value:8.1f} ms")

# %%
figure, axes = plt.subplots(figsize=(8, 2.6), layout="constrained")
bars = axes.barh(list(milliseconds), list(milliseconds.values()), color="C0")
axes.bar_label(bars, fmt="%.1f ms", padding=4)
axes.invert_yaxis()
axes.set(title=f"A weighted mean over {big.num_edges():,} edges, 64 features", xlabel="ms")
axes.spines[["top", "right"]].set_visible(False)
axes.margins(x=0.15)
figure.savefig(PICTURES / "timing.png", dpi=120)
print(f"pictures: {PICTURES}")

# %% [markdown]
# ## What to try next
#
# - Replace `mean` by `max`, or concatenate both.
# - Let the layer learn the weights: score each edge with `u_add_v`, make shares of the scores with
#   `graphmp.ops.edge_softmax`, and sum with `u_mul_e` and `sum`. That is graph attention.
# - Register a row of your own in the table of builtins with `graphmp.function.register_operator`
#   or `register_reducer`.
