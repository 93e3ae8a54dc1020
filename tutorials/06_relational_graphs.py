# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Graphs with many relations
#
# In a knowledge graph every edge says what it means: a person *writes* a publication, a project *is
# about* a topic. A relational graph convolution (R-GCN,
# [Schlichtkrull and others, 2018](https://arxiv.org/abs/1703.06103)) has weights of its own for
# each relation.
#
# This page trains one on AIFB, the graph of a research institute: to which of four groups does a
# person belong? Nodes have no features at all; the edges must do.
#
# AIFB is used where the environment variable `GRAPHMP_DATA` names a folder of data that holds its
# files (`aifb.n3` and so on, there or in `aifb/` within); else a small institute is made up.
# `--seeds 10` trains so many models.

# %%
import argparse
import os
from collections import Counter
from pathlib import Path
from statistics import mean, stdev

import matplotlib.pyplot as plt
import networkx as nx
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import trange

import graphmp as gm

parser = argparse.ArgumentParser()
parser.add_argument(
    "--quick",
    action="store_true",
    default="GRAPHMP_QUICK" in os.environ,
    help="a short run, for the test suite",
)
parser.add_argument("--seeds", type=int, default=10, help="how many models to train")
arguments, _ = parser.parse_known_args()
SEEDS = range(2 if arguments.quick else arguments.seeds)
EPOCHS, HIDDEN = 50, 16
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

# %% [markdown]
# ## The data
#
# Each type of nodes has its own ids and its own features, and so has each type of edges. A type of
# edges is named by three names: the type of its sources, the relation, the type of its
# destinations. Every edge also has its reverse, under a name that starts with `rev-`: messages
# should flow both ways, and mean something else each way.


# %%
def made_up_institute(people=240, papers=200, projects=48, groups=4):
    """People of four groups, who mostly write with, and work in projects of, their own group."""
    draw = torch.Generator().manual_seed(0)
    group = torch.arange(people) % groups

    def partners(count, each):
        """Ends of edges from each person to ``each`` of ``count`` things, which have groups too."""
        person = torch.arange(people).repeat_interleave(each)
        thing = torch.randint(count // groups, person.shape, generator=draw) * groups
        strange = torch.rand(person.shape, generator=draw) < 0.3
        other = torch.randint(groups, person.shape, generator=draw)
        return person, thing + torch.where(strange, other, group[person])

    writes, works = partners(papers, 4), partners(projects, 1)
    g = gm.heterograph(
        {
            ("person", "writes", "paper"): writes,
            ("paper", "rev-writes", "person"): writes[::-1],
            ("person", "works_at", "project"): works,
            ("project", "rev-works_at", "person"): works[::-1],
        },
        {"person": people, "paper": papers, "project": projects},
    )
    train = torch.rand(people, generator=draw) < 0.8
    g.nodes["person"].data.update({"label": group, "train_mask": train, "test_mask": ~train})
    return g, "person"


def load_graph():
    """Give a graph, the node type that has labels, and a title."""
    if os.environ.get("GRAPHMP_DATA"):
        try:
            dataset = gm.data.AIFBDataset(verbose=False)
            return dataset[0], dataset.predict_category, "AIFB"
        except gm.GraphRuntimeError as error:
            print(error)
    print("Using a made-up institute. For AIFB, name the folder of its files in GRAPHMP_DATA.")
    return *made_up_institute(), "a made-up institute"


g, predicted, title = load_graph()
data = g.nodes[predicted].data
train_nodes, test_nodes = (data[f"{part}_mask"].nonzero().view(-1) for part in ("train", "test"))
num_classes = int(data["label"].max()) + 1
print(f"{title}: {g.num_nodes()} nodes of {len(g.ntypes)} types,", end=" ")
print(f"{g.num_edges()} edges of {len(g.canonical_etypes)} types")
print(f"{len(train_nodes)} nodes of type {predicted!r} to train on, {len(test_nodes)} to test on")

# %% [markdown]
# The types form a graph themselves, the *metagraph*. In the picture a node type is a disc as large
# as it has nodes, and the number at a line counts the relations between two types.

# %%
pairs = Counter(
    (head, tail) for head, name, tail in g.canonical_etypes if not name.startswith("rev-")
)
types = nx.Graph([(*pair, {"count": count}) for pair, count in pairs.items()])
places = nx.circular_layout(types)
sizes = [300 + 12 * g.num_nodes(ntype) ** 0.7 for ntype in types]
colours = ["tab:orange" if ntype == predicted else "lightsteelblue" for ntype in types]
figure, axes = plt.subplots(figsize=(8, 5.5), layout="constrained")
nx.draw_networkx(types, places, ax=axes, node_size=sizes, node_color=colours, edge_color="0.7")
counts = {(head, tail): data["count"] for head, tail, data in types.edges(data=True)}
nx.draw_networkx_edge_labels(types, places, counts, ax=axes)
axes.set_title(f"Types of {title}; {predicted} are to be classified")
axes.margins(0.15)
axes.set_axis_off()
figure.savefig(PICTURES / "metagraph.png", dpi=120)

# %% [markdown]
# ## The layer
#
# $$h_v' = \sigma\Big(h_v W_0 + \sum_r \frac{1}{|N_r(v)|} \sum_{u \in N_r(v)} h_u W_r\Big)$$
#
# A node averages what comes to it along each relation $r$, maps each average by the matrix of that
# relation, and adds them up, with its own features through a matrix of their own.
#
# `HeteroGraphConv` says this in its plainest form: one layer for each relation, whose results are
# added. `GraphConv(norm="right")` is the average.

# %%
torch.manual_seed(0)
by_relation = gm.nn.HeteroGraphConv(
    {
        etype: gm.nn.GraphConv(8, 3, norm="right", bias=False, allow_zero_in_degree=True)
        for etype in g.canonical_etypes
    }
)
h = {ntype: torch.randn(g.num_nodes(ntype), 8) for ntype in g.ntypes}
out = by_relation(g, h)
print({ntype: tuple(each.shape) for ntype, each in out.items()})

# %% [markdown]
# With a hundred relations these are a hundred small steps. `RelGraphConv` does the same in one: it
# takes a graph of one type, and the number of its relation for each edge.
# `to_homogeneous` makes that graph: it numbers the nodes type after type and keeps the types of
# edges in `edata["_TYPE"]`.

# %%
one = gm.to_homogeneous(g)
etype = one.edata[gm.ETYPE]
num_relations = len(g.canonical_etypes)
_, group, size = torch.unique(
    one.edges()[1] * num_relations + etype, return_inverse=True, return_counts=True
)
norm = (1 / size[group]).unsqueeze(1)  # 1 / |N_r(v)| for each edge

layer = gm.nn.RelGraphConv(8, 3, num_relations, bias=False, self_loop=False)
with torch.no_grad():
    for number, name in enumerate(g.canonical_etypes):
        layer.linear_r.W[number] = by_relation.mods[str(name)].weight
    same = layer(one, torch.cat([h[ntype] for ntype in g.ntypes]), etype, norm)
    assert torch.allclose(same, torch.cat([out[ntype] for ntype in g.ntypes]), atol=1e-4)
print("a layer for each relation, and one for all: the same result")

# %% [markdown]
# ## Nodes without features
#
# Where there are no features, the input of a node is a vector with a 1 at its own place. Such a
# vector times a matrix is one row of the matrix. So the first layer multiplies nothing: for each
# relation and each node that sends along it, it looks up a row. We give a number to each such pair,
# and make a graph from pairs to nodes; then the layer is one `u_mul_e_sum`.


# %%
class OneHotRelGraphConv(nn.Module):
    """The relational layer for one-hot inputs: -> (N, out_feats)."""

    def __init__(self, out_feats):
        super().__init__()
        src, dst = one.edges()
        pairs, pair = torch.unique(etype * one.num_nodes() + src, return_inverse=True)
        ends = {("pair", "to", "node"): (pair, dst)}
        self.sends = gm.heterograph(ends, {"pair": len(pairs), "node": one.num_nodes()})
        self.rows = nn.Parameter(torch.empty(len(pairs), out_feats))
        self.own = nn.Parameter(torch.empty(one.num_nodes(), out_feats))
        self.bias = nn.Parameter(torch.zeros(out_feats))
        limit = (6 / (one.num_nodes() + out_feats)) ** 0.5  # Glorot's, for the whole matrix
        nn.init.uniform_(self.rows, -limit, limit)
        nn.init.uniform_(self.own, -limit, limit)

    def forward(self):
        return gm.ops.u_mul_e_sum(self.sends, self.rows, norm) + self.own + self.bias


class RGCN(nn.Module):
    """Two layers: -> (N, num_classes)."""

    def __init__(self):
        super().__init__()
        self.first = OneHotRelGraphConv(HIDDEN)
        self.second = gm.nn.RelGraphConv(HIDDEN, num_classes, num_relations)

    def forward(self):
        return self.second(one, self.first().relu(), etype, norm)


# %% [markdown]
# ## Training
#
# As in the paper: 16 hidden numbers, Adam with a learning rate of 0.01, 50 epochs, no decay of
# weights, a matrix for each relation. There are no validation nodes, and nothing is chosen: what
# counts is the model after the last epoch. The test nodes are looked at in every epoch only to draw
# the curves.

# %%
first = sum(g.num_nodes(ntype) for ntype in g.ntypes[: g.ntypes.index(predicted)])
rows = slice(first, first + g.num_nodes(predicted))


def train(seed):
    """Train a model; give the losses and the test accuracies of its epochs."""
    torch.manual_seed(seed)
    model = RGCN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses, accuracies = [], []
    for _ in trange(EPOCHS, desc=f"seed {seed}", leave=False, disable=None):
        logits = model()[rows]
        loss = F.cross_entropy(logits[train_nodes], data["label"][train_nodes])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            right = model()[rows].argmax(1) == data["label"]
        losses.append(loss.item())
        accuracies.append(float(right[test_nodes].double().mean()))
    return losses, accuracies


curves = []
for seed in SEEDS:
    curves.append(train(seed))
    print(f"seed {seed}: test accuracy {curves[-1][1][-1]:.3f}")
last = [accuracies[-1] for _, accuracies in curves]
spread = stdev(last) if len(last) > 1 else 0.0
print(f"{title}, R-GCN, {len(last)} seeds: test accuracy {mean(last):.4f} ± {spread:.4f}")

# %%
figure, both = plt.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
for axes, which, name in zip(
    both, (0, 1), ("loss on training nodes", "test accuracy"), strict=True
):
    each = torch.tensor([curve[which] for curve in curves])
    axes.plot(each.T, color="tab:blue", alpha=0.25)
    axes.plot(each.mean(0), color="black", label="mean")
    axes.set(title=f"{title}: {name}", xlabel="epoch")
    axes.spines[["top", "right"]].set_visible(False)
both[0].set_yscale("log")
both[1].legend(frameon=False, loc="lower right")
figure.savefig(PICTURES / "rgcn.png", dpi=120)

# %% [markdown]
# The paper reports 95.83 % for AIFB. With 36 test nodes, one node more or less is 2.8 points, so
# only means over many seeds can be compared. [Accuracy](../docs/accuracy.md) has what this
# page gave.
#
# ## Where to go from here
#
# - `RelGraphConv(regularizer="basis", num_bases=…)` shares a few matrices among all relations;
#   `"bdd"` has blocks on the diagonal. Both help where relations are many and edges few.
# - `HGTConv` puts attention in the place of averages.
# - Samplers and loaders take graphs of many types as they are:
#   [training on samples](../docs/guide/minibatches.md#several-types).
