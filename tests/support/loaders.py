"""Graphs to sample from, every kind of sampler for them, and batches as plain Python."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
import torch
from torch import Tensor

import graphmp as gm
from graphmp import dataloading as dl

NID, EID = gm.NID, gm.EID
FOLLOWS, BUYS = ("user", "follows", "user"), ("user", "buys", "item")
BOUGHT = ("item", "by", "user")
PATIENCE = 30.0  # seconds within which even a loaded machine does what a test waits for


def people(idtype: torch.dtype = torch.int64, num_nodes: int = 60, degree: int = 7) -> gm.Graph:
    """A graph of one type in which nobody knows all; edge i + E/2 is the reverse of edge i."""
    rng = np.random.default_rng(0)
    u, v = torch.from_numpy(rng.integers(num_nodes, size=(2, num_nodes * degree // 2))).to(idtype)
    g = gm.graph((torch.cat([u, v]), torch.cat([v, u])), num_nodes=num_nodes)
    g.ndata["x"] = torch.arange(num_nodes * 2.0).view(num_nodes, 2)
    g.ndata["label"] = torch.arange(num_nodes) % 3
    g.edata["w"] = torch.arange(float(g.num_edges())) % 5
    g.edata["mask"] = g.edata["w"] > 1
    return g


def reverse_ids(g: gm.Graph) -> Tensor:
    """The reverse of each edge of :func:`people`."""
    half = g.num_edges() // 2
    return (torch.arange(g.num_edges(), dtype=g.idtype) + half) % g.num_edges()


def market(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """Users who follow users and buy items; an edge of the last relation is the reverse of a buy's
    with its id.
    """
    rng = np.random.default_rng(1)
    followers = torch.from_numpy(rng.integers(30, size=(2, 90))).to(idtype)
    users = torch.from_numpy(rng.integers(30, size=80)).to(idtype)
    items = torch.from_numpy(rng.integers(20, size=80)).to(idtype)
    edges = {FOLLOWS: tuple(followers), BUYS: (users, items), BOUGHT: (items, users)}
    g = gm.heterograph(edges, {"user": 30, "item": 20})
    g.ndata["x"] = {"user": torch.arange(30.0), "item": -torch.arange(20.0)}
    g.edata["w"] = {etype: torch.arange(float(g.num_edges(etype))) for etype in edges}
    return g


class Case(NamedTuple):
    """A sampler, and the seeds that a loader of it goes through."""

    sampler: Any
    indices: Any


def edge_sampler(**kwargs: Any) -> dl.EdgePredictionSampler:
    return dl.as_edge_prediction_sampler(
        dl.NeighborSampler([3, 2]), negative_sampler=dl.negative_sampler.Uniform(2), **kwargs
    )


def cases_of_people(g: gm.Graph) -> dict[str, Case]:
    """Every sampler, for a graph of one type."""
    nodes, edges = range(0, 60, 2), torch.arange(30, dtype=g.idtype) * 3
    own: dict[str, Any] = {"prefetch_node_feats": ["x"], "prefetch_edge_feats": ["w"]}
    saint: dict[str, Any] = {"prefetch_ndata": ["x"], "prefetch_edata": ["w"]}
    parts: dict[str, Any] = {"cache_path": None, "balance_ntypes": g.ndata["label"]}
    return {
        "neighbor": Case(dl.NeighborSampler([3, 2], prefetch_labels=["label"], **own), nodes),
        "weighted": Case(dl.NeighborSampler([3, 2], prob="w", **own), nodes),
        "masked": Case(dl.NeighborSampler([3, 2], mask="mask", replace=True, **own), nodes),
        "full": Case(dl.MultiLayerFullNeighborSampler(2, **own), nodes),
        "labor": Case(dl.LaborSampler([3, 2], **own), nodes),
        "labor layers": Case(dl.LaborSampler([3, 2], layer_dependency=True, **own), nodes),
        "labor steps": Case(dl.LaborSampler([3, 2], "in", "w", 2, True, 4, **own), nodes),
        "shadow": Case(dl.ShaDowKHopSampler([3, 2], **own), nodes),
        "saint node": Case(dl.SAINTSampler("node", 20, **saint), range(12)),
        "saint edge": Case(dl.SAINTSampler("edge", 20, **saint), range(12)),
        "saint walk": Case(dl.SAINTSampler("walk", (5, 3), **saint), range(12)),
        "cluster": Case(dl.ClusterGCNSampler(g, 9, **parts, **saint), range(9)),
        "edges": Case(edge_sampler(exclude="self", prefetch_labels=["w"]), edges),
        "reverse edges": Case(
            edge_sampler(exclude="reverse_id", reverse_eids=reverse_ids(g)), edges
        ),
    }


def cases_of_market(g: gm.Graph) -> dict[str, Case]:
    """Every sampler that takes several types."""
    nodes = {"user": range(0, 30, 2), "item": range(10)}
    edges = {"buys": torch.arange(20, dtype=g.idtype), FOLLOWS: list(range(9))}
    own: dict[str, Any] = {"prefetch_node_feats": {"user": "x"}, "prefetch_edge_feats": ["w"]}
    fanouts = [{"follows": 2, "buys": 1, "by": -1}, 2]
    types = {"by": "buys", "buys": "by"}
    return {
        "neighbor": Case(dl.NeighborSampler(fanouts, **own), nodes),
        "full": Case(dl.MultiLayerFullNeighborSampler(2, **own), nodes),
        "labor": Case(dl.LaborSampler(fanouts, **own), nodes),
        "labor steps": Case(dl.LaborSampler(fanouts, importance_sampling=-1, **own), nodes),
        "shadow": Case(dl.ShaDowKHopSampler(fanouts, **own), nodes),
        "edges": Case(edge_sampler(exclude="self"), edges),
        "reverse edges": Case(edge_sampler(exclude="reverse_types", reverse_etypes=types), edges),
    }


def plain(value: Any) -> Any:
    """A batch, or many, as numbers that can be compared."""
    if isinstance(value, Tensor):
        return value.tolist()
    if isinstance(value, gm.Graph):
        return {
            "src": {t: columns(value.srcnodes[t].data) for t in value.srctypes},
            "dst": {t: columns(value.dstnodes[t].data) for t in value.dsttypes},
            "edges": {
                t: ([end.tolist() for end in value.edges(etype=t)], columns(value.edges[t].data))
                for t in value.canonical_etypes
            },
        }
    if isinstance(value, Mapping):
        return {key: plain(each) for key, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, (tuple, list)) else value


def columns(frame: Mapping[str, Tensor]) -> dict[str, Any]:
    return {name: column.tolist() for name, column in sorted(frame.items())}


def epoch(loader: Iterable[Any], seed: int = 0) -> list[Any]:
    """All batches of an epoch after torch was seeded, as numbers."""
    torch.manual_seed(seed)
    return [plain(batch) for batch in loader]


def tensors(value: Any) -> list[Tensor]:
    """All id tensors of a batch: seeds, and the ids and edges of its graphs."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, gm.Graph):
        frames: list[Any] = [value.srcnodes[t].data for t in value.srctypes]
        frames += [value.dstnodes[t].data for t in value.dsttypes]
        frames += [value.edges[t].data for t in value.canonical_etypes]
        found = [frame[NID] for frame in frames if NID in frame]
        return found + [end for t in value.canonical_etypes for end in value.edges(etype=t)]
    if isinstance(value, Mapping):
        value = list(value.values())
    return [tensor for each in value for tensor in tensors(each)]


def flat(lists: Iterable[list[Any]]) -> list[Any]:
    """All that lists hold, in one list."""
    return [each for one in lists for each in one]


def workers() -> list[str]:
    """The names of the threads of loaders that run."""
    return [t.name for t in threading.enumerate() if t.name.startswith("graphmp-loader")]


@contextmanager
def woken_from_every_wait() -> Iterator[None]:
    """Assert that a loader's waits end when what they wait for happens, and not with their time.

    A wait that nobody ends takes longer than any machine needs.
    """
    started = time.monotonic()
    prefetch, too_long = "graphmp.dataloading.prefetch", 2 * PATIENCE
    with mock.patch.multiple(prefetch, POLL_INTERVAL=too_long, JOIN_TIMEOUT=too_long):
        yield
    assert time.monotonic() - started < PATIENCE
