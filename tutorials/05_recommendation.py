# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Recommendation: what will a user visit next?
#
# Users visit items: places, films, books. The visits are the edges of a graph between users and
# items, and there is nothing else to go by: no features on either side. The task is to rank, for
# each user, the items not visited yet.
#
# You will
#
# - learn an embedding for each user and item, and smooth it along the edges with LightGCN,
# - train on triples of a user, an item that was visited and one that was not,
# - rank all items for all users, a chunk at a time, and measure recall@20 and ndcg@20,
# - exchange the layer for that of LR-GCCF.
#
# You need to know what a [message passing layer](01_message_passing.py) is.
#
# Run as a script, this page takes options; `--help` lists them. With `--epochs 1000
# --batch-size 2048 --lr 0.001` it follows the published recipe of LightGCN, which takes a day on
# one core. With the larger batch that is the default, an epoch has an eighth of the steps. By
# default there are four: after two, LightGCN reaches a recall@20 of 0.118 on Gowalla, and after 241
# epochs 0.173 ([accuracy](../docs/accuracy.md)).

# %%
import argparse
import os
import time
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

import graphmp as gm

parser = argparse.ArgumentParser(description="LightGCN and LR-GCCF on visits of users to items")
parser.add_argument("--model", choices=("LightGCN", "LR-GCCF", "both"), default="both")
parser.add_argument("--epochs", type=int, help="by default 4 on Gowalla, 40 on random visits")
parser.add_argument("--minutes", type=float, default=float("inf"), help="stop a model after these")
parser.add_argument("--every", type=int, help="measure after so many epochs, by default 1 or 2")
parser.add_argument("--batch-size", type=int, default=16384)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--l2", type=float, default=1e-4)
parser.add_argument("--dims", type=int, default=64)
parser.add_argument("--layers", type=int, default=3)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument(
    "--quick",
    action="store_true",
    default="GRAPHMP_QUICK" in os.environ,
    help="a short run, for the test suite",
)
args = parser.parse_known_args()[0]
if args.quick:
    args.epochs = 20
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

# %% [markdown]
# ## The data
#
# Where `GRAPHMP_DATA` names a folder that has it, Gowalla serves: 29,858 users and 40,981 places.
# We draw visits elsewhere. Each user has a taste, each item a kind, and a user visits items of the
# kind that he likes more often than others.


# %%
def random_visits(num_users=400, num_items=600, num_kinds=12, visits=16, seed=0):
    """Give a graph as ``GowallaDataset`` does: edges both ways, with masks."""
    rng = np.random.default_rng(seed)
    likes = rng.integers(num_kinds, size=(num_users, 1)) == np.arange(num_items) % num_kinds
    probabilities = np.where(likes, 20.0, 1.0) * rng.uniform(0.5, 1.5, num_items)
    # The items of greatest key are a sample without replacement, with these probabilities.
    keys = rng.random(probabilities.shape) ** (1 / probabilities)
    items = torch.from_numpy(np.argsort(-keys, axis=1)[:, :visits].copy()).flatten()
    users = torch.arange(num_users).repeat_interleave(visits)
    is_train = torch.arange(visits).repeat(num_users) % 4 != 3
    g = gm.heterograph(
        {
            ("user", "visited", "item"): (users, items),
            ("item", "visited_by", "user"): (items, users),
        },
        {"user": num_users, "item": num_items},
    )
    for etype in g.etypes:
        g.edges[etype].data["train_mask"] = is_train
        g.edges[etype].data["test_mask"] = ~is_train
    return g


def load_graph():
    """Give a graph and its title."""
    if os.environ.get("GRAPHMP_DATA") and not args.quick:
        try:
            return gm.data.GowallaDataset(verbose=False)[0], "Gowalla"
        except gm.GraphRuntimeError as error:
            print(error)
    print("Using random visits. For Gowalla, name the folder of its files in GRAPHMP_DATA.")
    args.batch_size, args.dims = 1024, 16  # this graph is small
    return random_visits(), "random visits"


g, title = load_graph()
if args.epochs is None:
    args.epochs = 4 if title == "Gowalla" else 40
if args.every is None:
    args.every = 1 if args.epochs < 10 else 2
print(g)


# %% [markdown]
# The model must not see the visits that it is asked to guess, so it works on the graph of the
# others. Users stay users: no node is dropped or renumbered.


# %%
def part(mask):
    """The graph of some edges, with all nodes."""
    edges = {etype: g.edges[etype].data[mask] for etype in g.etypes}
    return gm.edge_subgraph(g, edges, relabel_nodes=False, store_ids=False)


seen, asked = part("train_mask"), part("test_mask")
num_users, num_items = g.num_nodes("user"), g.num_nodes("item")
print(f"{seen.num_edges('visited')} visits to train on, {asked.num_edges('visited')} to test on")

# %% [markdown]
# ## LightGCN
#
# Each user and each item has an embedding, which is all that is learnt. A step gives a node the sum
# of its neighbours, scaled by the degrees of both ends:
#
# $$h'_v = \sum_{u \to v} \frac{1}{\sqrt{d_u d_v}}\, h_u$$
#
# There is no weight matrix and no activation, and in a step no node looks at what it had before.
# The mean over the embeddings and the results of some steps represents a node
# ([He and others, 2020](https://arxiv.org/abs/2002.02126)). The score of an item for a user is the
# inner product of the two.
#
# The graph has two types of edges, and a step goes along both: items get from users, and users from
# items. `seen["visited"]` is the part with one of them.


# %%
class Smoothed(nn.Module):
    """Embeddings of users and items, and convolutions that smooth them, one after the other."""

    def __init__(self, dims, convs):
        super().__init__()
        self.users = nn.Parameter(0.1 * torch.randn(num_users, dims))
        self.items = nn.Parameter(0.1 * torch.randn(num_items, dims))
        self.convs = nn.ModuleList(convs)

    def results(self):
        """Give what users have, and what items have: at first and after each step."""
        to_users, to_items = seen["visited_by"], seen["visited"]
        users, items = [self.users], [self.items]
        for conv in self.convs:
            both = users[-1], items[-1]
            users.append(conv(to_users, both[::-1]))
            items.append(conv(to_items, both))
        return users, items


class LightGCN(Smoothed):
    """The mean over the embeddings and ``num_steps`` steps."""

    def __init__(self, dims, num_steps):
        super().__init__(dims, [gm.nn.LightGCNConv() for _ in range(num_steps)])

    def forward(self):
        users, items = self.results()
        return sum(users) / len(users), sum(items) / len(items)


# %% [markdown]
# ## LR-GCCF
#
# LR-GCCF ([Chen and others, 2020](https://arxiv.org/abs/2001.10167)) is linear too, but a node
# keeps a part of what it had, each step has a linear map, and the results of all steps stand side
# by side instead of being averaged. Users and items share the map of a step.


# %%
class LRGCCF(Smoothed):
    """The embeddings and ``num_steps`` steps, side by side."""

    def __init__(self, dims, num_steps):
        super().__init__(dims, [gm.nn.LRGCCFConv(dims, dims) for _ in range(num_steps)])
        for conv in self.convs:  # at first, a step only smooths
            nn.init.eye_(conv.lin.weight)
            nn.init.zeros_(conv.lin.bias)

    def forward(self):
        users, items = self.results()
        return torch.cat(users, 1), torch.cat(items, 1)


# %% [markdown]
# ## Triples
#
# A triple is a user, an item that he visited, and one that he did not. Bayesian personalised
# ranking, BPR, wants the first item to score higher than the second:
#
# $$\mathrm{loss} = -\log \sigma(s_{ui} - s_{uj}) \;+\; \frac{\lambda}{2}
#   \big(\lVert e_u \rVert^2 + \lVert e_i \rVert^2 + \lVert e_j \rVert^2\big)$$
#
# The embeddings $e$ in the second term are those before the steps. An epoch draws as many triples
# as there are visits: users at random, then one of the visits of each, then items until none was
# visited.


# %%
def triples(count):
    """Draw users, items that they visited, and items that they did not: three (count,) tensors."""
    # Edges come sorted by user in the compressed layout of rows.
    offsets, visited, _ = seen.adj_tensors("csr", etype="visited")
    degrees = offsets.diff()
    users = (degrees > 0).nonzero().view(-1)
    users = users[torch.randint(len(users), (count,))]
    items = visited[offsets[users] + (torch.rand(count) * degrees[users]).long()]
    others = torch.randint(num_items, (count,))
    while True:
        wrong = seen.has_edges_between(users, others, etype="visited").nonzero().view(-1)
        if not len(wrong):
            return users, items, others
        others[wrong] = torch.randint(num_items, (len(wrong),))


def bpr_loss(model, users, items, others):
    """The loss of some triples."""
    smooth_users, smooth_items = model()
    gap = smooth_items[items] - smooth_items[others]
    ranking = F.softplus(-(smooth_users[users] * gap).sum(1)).mean()
    taken = model.users[users], model.items[items], model.items[others]
    return ranking + args.l2 / 2 * sum(rows.square().sum() for rows in taken) / len(users)


# %% [markdown]
# Each step of training propagates over the whole graph, forward and backward, whatever the size of
# the batch. So an epoch of Gowalla takes 396 propagations with batches of 2048, and 50 with batches
# of 16384; the learning rate is raised with the batch.
#
# ## Ranking
#
# To measure, all items that a user has not visited are ranked. Of the 20 best, *recall* says which
# share of the visits we asked for is among them; *ndcg* counts a hit less the further down it is.
# The scores of all users and items together would take gigabytes, so users come in chunks.

# %%
DISCOUNT = 1 / torch.log2(torch.arange(20) + 2.0)


def scores_of_unseen(chunk, users, items):
    """Scores (len(chunk), items), minus infinity for items that were visited in training."""
    scores = users[chunk] @ items.T
    row, item = seen.out_edges(chunk, etype="visited")
    scores[row - chunk[0], item] = -torch.inf
    return scores


@torch.no_grad()
def measure(users, items, chunk_size=1024):
    """Give the mean recall@20 and ndcg@20 over the users who have visits to guess.

    ``users`` and ``items`` are what represents each of them: (num_users, D) and (num_items, D).
    """
    wanted = asked.out_degrees(etype="visited")
    recall, ndcg = [], []
    for chunk in torch.arange(num_users).split(chunk_size):
        best = scores_of_unseen(chunk, users, items).topk(20).indices
        pairs = chunk.repeat_interleave(20), best.flatten()
        hits = asked.has_edges_between(*pairs, etype="visited").view(-1, 20).float()
        possible = wanted[chunk].clamp(1, 20)
        recall.append(hits.sum(1) / wanted[chunk].clamp(min=1))
        ndcg.append((hits * DISCOUNT).sum(1) / DISCOUNT.cumsum(0)[possible - 1])
    counted = wanted > 0
    return float(torch.cat(recall)[counted].mean()), float(torch.cat(ndcg)[counted].mean())


# %% [markdown]
# ## Training


# %%
def train(name, model):
    """Fit a model; give rows (epoch, minutes, recall@20, ndcg@20)."""
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    start, history = time.perf_counter(), [(0, 0.0, *measure(*model()))]
    progress = tqdm(range(1, args.epochs + 1), desc=name, unit="epoch", disable=args.quick)
    for epoch in progress:
        drawn = triples(seen.num_edges("visited"))
        for batch in zip(*(column.split(args.batch_size) for column in drawn), strict=True):
            loss = bpr_loss(model, *batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        minutes = (time.perf_counter() - start) / 60
        last = epoch == args.epochs or minutes > args.minutes
        if epoch % args.every == 0 or last:
            history.append((epoch, minutes, *measure(*model())))
            recall, ndcg = history[-1][2:]
            tqdm.write(
                f"{name}, epoch {epoch}, {minutes:.1f} minutes: loss {loss.item():.4f}, "
                f"recall@20 {recall:.4f}, ndcg@20 {ndcg:.4f}"
            )
        if last:
            break
    return history


# %% [markdown]
# Before the models, a simple rival: recommend to everybody what most people visited.

# %%
visits = seen.in_degrees(etype="visited").float().view(-1, 1)
popular = measure(torch.ones(num_users, 1), visits)
print(f"the most visited items: recall@20 {popular[0]:.4f}, ndcg@20 {popular[1]:.4f}")

MODELS = {"LightGCN": LightGCN, "LR-GCCF": LRGCCF}
histories = {}
for name, kind in MODELS.items():
    if args.model in (name, "both"):
        gm.seed(args.seed)
        histories[name] = train(name, kind(args.dims, args.layers))

for name, history in histories.items():
    epoch, minutes, recall, ndcg = history[-1]
    print(f"{name}, epoch {epoch}: recall@20 {recall:.4f}, ndcg@20 {ndcg:.4f}")

# %%
figure, places = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for number, (axes, measured) in enumerate(zip(places, ("recall@20", "ndcg@20"), strict=True)):
    for name, history in histories.items():
        axes.plot([row[0] for row in history], [row[2 + number] for row in history], label=name)
    axes.axhline(popular[number], color="0.6", linestyle=":", label="the most visited items")
    axes.set(title=f"{measured} on {title}", xlabel="epochs", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
if title == "Gowalla":
    places[0].axhline(0.183, color="black", linestyle="--", label="published, 1000 epochs")
places[0].legend(frameon=False)
figure.savefig(PICTURES / "recommendation.png", dpi=120)

# %% [markdown]
# ## Where to go from here
#
# - The published curve of LightGCN is still rising after some hundred epochs: give it time.
# - Where the graph does not fit, `as_edge_prediction_sampler` gives a block of the neighbourhood of
#   each batch of visits, with negative items from `graphmp.dataloading.negative_sampler`.
# - `graphmp.sampling.PinSAGESampler` finds the items that matter most to an item by random walks.
