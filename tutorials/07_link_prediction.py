# ---
# jupyter:
#   jupytext:
#     formats: py:percent
# ---

# %% [markdown]
# # Link prediction: which facts are missing?
#
# A knowledge graph holds facts: (Rome, capital of, Italy). Entities are nodes, facts are edges, and
# each edge has a relation. No such graph is complete. The task is to answer questions like (Rome,
# capital of, ?) by ranking all entities.
#
# You will
#
# - learn to tell facts from pairs that were drawn at random,
# - let a loader draw these, and see why it must hide edges from the model,
# - rank all entities, leaving out the other right answers, and measure MRR and hits@10,
# - compare embeddings alone with a relational graph convolution on top of them.
#
# You need to know how a loader [makes blocks](02_minibatch_training.py).
#
# Run as a script, this page takes options; `--help` lists them. On FB15k-237 the default is one
# epoch: DistMult then has an MRR of 0.245 on the validation facts, and of 0.270 after three, its
# best ([accuracy](../docs/accuracy.md)).

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

parser = argparse.ArgumentParser(description="DistMult, alone and on R-GCN, on facts")
parser.add_argument("--model", choices=("DistMult", "R-GCN", "both"), default="both")
parser.add_argument("--epochs", type=int, help="by default 1 on FB15k-237, 10 on a small world")
parser.add_argument("--minutes", type=float, default=float("inf"), help="stop a model after these")
parser.add_argument("--batch-size", type=int, default=2048)
parser.add_argument("--negatives", type=int, default=32, help="random answers to each question")
parser.add_argument("--fanout", type=int, default=10, help="neighbours that R-GCN looks at")
parser.add_argument("--dims", type=int, default=100)
parser.add_argument("--dropout", type=float, default=0.3)
parser.add_argument("--lr", type=float, default=0.005)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument(
    "--quick",
    action="store_true",
    default="GRAPHMP_QUICK" in os.environ,
    help="a short run, for the test suite",
)
args = parser.parse_known_args()[0]
if args.quick:
    args.epochs = 4
PICTURES = Path("build")
PICTURES.mkdir(exist_ok=True)

# %% [markdown]
# ## The data
#
# FB15k-237 serves where `GRAPHMP_DATA` names a folder that has it: 14,541 entities, 237 relations,
# 272,115 facts to train on. Elsewhere we make a small world. Its entities fall into kinds, and
# a relation leads from each kind to one other: `born in` leads from people to towns.
#
# In both, each fact is an edge from head to tail, and comes again the other way round with a
# relation of its own. So "which town was she born in?" and "who was born in this town?" are the
# same sort of question: given the source of an edge and its relation, find the destination.


# %%
def small_world(num_nodes=300, num_kinds=15, num_rels=8, facts=4000, seed=0):
    """Give a graph as ``FB15k237Dataset`` does, and the number of relations."""
    rng = np.random.default_rng(seed)
    leads_to = np.stack([rng.permutation(num_kinds) for _ in range(num_rels)])
    heads, relations = rng.integers(num_nodes, size=facts), rng.integers(num_rels, size=facts)
    kinds = leads_to[relations, heads % num_kinds]
    tails = kinds + num_kinds * rng.integers(num_nodes // num_kinds, size=facts)
    heads, relations, tails = torch.from_numpy(np.unique([heads, relations, tails], axis=1))
    g = gm.graph((torch.cat([heads, tails]), torch.cat([tails, heads])), num_nodes=num_nodes)
    g.edata["etype"] = torch.cat([relations, relations + num_rels])
    part = torch.from_numpy(rng.choice(3, size=len(heads), p=[0.8, 0.1, 0.1])).repeat(2)
    for number, name in enumerate(("train", "val", "test")):
        g.edata[f"{name}_mask"] = part == number
    return g, num_rels


def load_graph():
    """Give a graph, the number of its relations and a title."""
    if os.environ.get("GRAPHMP_DATA") and not args.quick:
        try:
            dataset = gm.data.FB15k237Dataset(verbose=False)
            return dataset[0], dataset.num_rels, "FB15k-237"
        except gm.GraphRuntimeError as error:
            print(error)
    print("Using a small world. For FB15k-237, name the folder of its files in GRAPHMP_DATA.")
    args.batch_size, args.dims, args.lr = 256, 32, 0.02  # this graph is small
    return *small_world(), "a small world"


g, num_rels, title = load_graph()
if args.epochs is None:
    args.epochs = 1 if title == "FB15k-237" else 10
MEASUREMENTS = 4 if args.epochs == 1 else 1  # in an epoch
seen = gm.edge_subgraph(g, g.edata["train_mask"], relabel_nodes=False)
print(
    f"{title}: {g.num_nodes()} entities, {num_rels} relations, {seen.num_edges() // 2} facts seen"
)

# %% [markdown]
# ## Batches of facts
#
# A fact is a positive example. Negative ones are made: keep the source and the relation, and draw a
# destination at random. Nearly all such pairs are wrong, in particular if the graph is large.
#
# `as_edge_prediction_sampler` turns a sampler of nodes into one of edges. For each batch of edges
# it gives
#
# - the *pair graph*, which has these edges,
# - the *negative graph*, which has the random pairs, with the same nodes,
# - the blocks that a network needs to compute these nodes.
#
# The edges of the batch must not be in the blocks: a network that sees the edge from Rome to Italy
# need not learn anything to answer. Nor must their reverse. The second half of our edges mirrors
# the first, so the reverse of an edge is half the edges away. `exclude="reverse_id"` hides both.


# %%
def make_loader(fanout):
    """Give a loader of (input nodes, pair graph, negative graph, blocks)."""
    everything = torch.arange(seen.num_edges())
    sampler = gm.dataloading.as_edge_prediction_sampler(
        gm.dataloading.NeighborSampler([fanout]),
        exclude="reverse_id",
        reverse_eids=everything.roll(seen.num_edges() // 2),
        negative_sampler=gm.dataloading.negative_sampler.Uniform(args.negatives),
    )
    return gm.dataloading.DataLoader(
        seen, everything, sampler, batch_size=args.batch_size, shuffle=True, drop_last=True
    )


gm.seed(args.seed)
inputs, pairs, wrong, (block,) = next(iter(make_loader(args.fanout)))
print(f"{pairs.num_edges()} facts, {wrong.num_edges()} random pairs, {pairs.num_nodes()} entities")
print(f"computed from {block.num_src_nodes()} entities along {block.num_edges()} edges")

# %% [markdown]
# ## The models
#
# DistMult ([Yang and others, 2015](https://arxiv.org/abs/1412.6575)) gives entities and relations a
# vector each, and a fact the score
#
# $$s(h, r, t) = \sum_i h_i\, r_i\, t_i$$
#
# Its entities know nothing of each other but by the training. R-GCN
# ([Schlichtkrull and others, 2018](https://arxiv.org/abs/1703.06103)) lets each look at its
# neighbours first, through a matrix for each relation, made of a few bases so that there are not
# too many numbers to learn. What it finds is added to the entity's own vector.


# %%
class DistMult(nn.Module):
    """Scores of facts, from embeddings alone."""

    fanout = 0  # the blocks need no edges

    def __init__(self, dims):
        super().__init__()
        self.entities = nn.Embedding(g.num_nodes(), dims)
        self.relations = nn.Embedding(2 * num_rels, dims)
        for embedding in (self.entities, self.relations):
            nn.init.xavier_normal_(embedding.weight)
        self.dropout = gm.nn.Dropout(args.dropout)

    def forward(self, block, nodes):
        """Represent the destinations of a block whose sources are ``nodes``."""
        return self.entities(nodes[: block.num_dst_nodes()])

    def questions(self, sources, etypes):
        """What an answer should be like: (B, D). Its inner product with an answer is the score."""
        return self.dropout(sources * self.relations(etypes))


class RGCN(DistMult):
    """Scores of facts, from embeddings and what the neighbours have."""

    fanout = args.fanout

    def __init__(self, dims):
        super().__init__(dims)
        self.conv = gm.nn.RelGraphConv(
            dims, dims, 2 * num_rels, "basis", num_bases=2, self_loop=False
        )

    def forward(self, block, nodes):
        norm = 1 / block.in_degrees().clamp(min=1).float()
        around = self.conv(
            block, self.entities(nodes), block.edata["etype"], norm[block.edges()[1]]
        )
        return super().forward(block, nodes) + around.tanh()


# %% [markdown]
# ## Training
#
# Each fact stands beside its random rivals, and the model shall tell which of them is the fact: a
# cross-entropy with as many classes as candidates, of which the first is right.


# %%
def loss_of(model, inputs, pairs, wrong, block):
    """The cross-entropy of a batch."""
    h = model(block, inputs)
    src, dst = pairs.edges()
    questions = model.questions(h[src], pairs.edata["etype"])
    rivals = wrong.edges()[1].view(len(src), -1)
    candidates = h[torch.cat([dst.view(-1, 1), rivals], 1)]
    right = torch.zeros(len(src), dtype=torch.int64)
    return F.cross_entropy(torch.einsum("bd,bkd->bk", questions, candidates), right)


# %% [markdown]
# ## Ranking
#
# For each fact of the test set, both ways round, all entities are ranked as its destination. There
# may be other right answers that we know of, from any part of the data. They are left out, so that
# a model is not punished for them: such ranks are called *filtered*. An entity with the same score
# as the right one counts as half ahead of it.
#
# MRR is the mean of 1/rank; hits@10 is the share of ranks up to 10.

# %%
# A graph from each question, a source with a relation, to its right answers.
asked, question_of = torch.unique(
    g.edges()[0] * 2 * num_rels + g.edata["etype"], return_inverse=True
)
known = gm.heterograph(
    {("question", "has", "answer"): (question_of, g.edges()[1])},
    {"question": len(asked), "answer": g.num_nodes()},
)


@torch.no_grad()
def measure(model, mask, chunk_size=512):
    """Give the filtered MRR and hits@10 of the edges under a mask."""
    model.eval()
    everything = torch.arange(g.num_nodes())
    block = gm.sampling.sample_block(seen, everything, -1 if model.fanout else 0)
    h, ranks = model(block, block.srcdata[gm.NID]), []
    for edges in g.edata[mask].nonzero().view(-1).split(chunk_size):
        src, dst = g.find_edges(edges)
        scores = model.questions(h[src], g.edata["etype"][edges]) @ h.T
        right = scores.gather(1, dst.view(-1, 1))
        questions = question_of[edges]
        rows = torch.arange(len(edges)).repeat_interleave(known.out_degrees(questions))
        scores[rows, known.out_edges(questions)[1]] = -torch.inf
        ahead, level = (scores > right).sum(1), (scores == right).sum(1)
        ranks.append(1 + ahead + level / 2)
    model.train()
    ranks = torch.cat(ranks)
    return float((1 / ranks).mean()), float((ranks <= 10).float().mean())


def train(name, model):
    """Fit a model; give rows (epoch, minutes, MRR, hits@10) on the validation facts."""
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    loader = make_loader(model.fanout)
    every = -(-len(loader) // MEASUREMENTS)  # steps
    start, history = time.perf_counter(), [(0, 0.0, *measure(model, "val_mask"))]
    for epoch in range(1, args.epochs + 1):
        with tqdm(loader, desc=f"{name}, epoch {epoch}", disable=args.quick) as batches:
            for step, (inputs, pairs, wrong, (block,)) in enumerate(batches, 1):
                loss = loss_of(model, inputs, pairs, wrong, block)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                batches.set_postfix(loss=f"{loss.item():.3f}", refresh=False)
                if step % every == 0 or step == len(loader):
                    minutes = (time.perf_counter() - start) / 60
                    passed = epoch - 1 + step / len(loader)
                    history.append((passed, minutes, *measure(model, "val_mask")))
        mrr, hits = history[-1][2:]
        print(f"{name}, epoch {epoch}, {minutes:.1f} min: MRR {mrr:.4f}, hits@10 {hits:.4f}")
        if minutes > args.minutes:
            break
    return history


# %%
histories, tested = {}, {}
for name, kind in {"DistMult": DistMult, "R-GCN": RGCN}.items():
    if args.model in (name, "both"):
        gm.seed(args.seed)
        model = kind(args.dims)
        histories[name] = train(name, model)
        tested[name] = measure(model, "test_mask")
for name, (mrr, hits) in tested.items():
    print(f"{name} on the test facts: filtered MRR {mrr:.4f}, hits@10 {hits:.4f}")

# %%
figure, places = plt.subplots(1, 2, figsize=(11, 3.8), layout="constrained")
for number, (axes, measured) in enumerate(zip(places, ("MRR", "hits@10"), strict=True)):
    for name, history in histories.items():
        epochs, values = ([row[at] for row in history] for at in (0, 2 + number))
        axes.plot(epochs, values, marker="o", label=name)
    axes.set(title=f"Filtered {measured} on {title}, validation", xlabel="epochs", ylim=(0, None))
    axes.spines[["top", "right"]].set_visible(False)
places[0].legend(frameon=False)
figure.savefig(PICTURES / "link_prediction.png", dpi=120)

# %% [markdown]
# ## Where to go from here
#
# - Try more random rivals (`--negatives`), more numbers (`--dims`) and more epochs.
# - On a graph without relations, `exclude` and `negative_sampler` are used in the same way.
# - The negative sampler may be any function of the graph and the edges: draw rivals of the right
#   kind, and the questions become harder.
