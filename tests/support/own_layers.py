"""Layers as people write them with functions of their own: a message and a reduce function each.

Each takes ``x`` of shape (N, 6) at the nodes and ``w`` of shape (E, 1) at the edges, float64.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from support.own_functions import Function

torch.manual_seed(3)
U, V, W = (nn.Linear(6, 6) for _ in range(3))
ATTN = nn.Linear(6, 1)
PAIR, TRIPLE, GATE = nn.Linear(12, 6), nn.Linear(13, 6), nn.Linear(13, 6)
DIFFERENCE = nn.Linear(7, 6)
PHI = nn.Sequential(nn.Linear(13, 6), nn.SiLU(), nn.Linear(6, 6), nn.SiLU())
TO_NUMBER = nn.Linear(6, 1, bias=False)
FILTER = nn.Sequential(nn.Linear(4, 6), nn.Softplus(), nn.Linear(6, 6))
EDGE_NETWORK = nn.Linear(1, 36)
FORGET = nn.Linear(3, 3)
AGGREGATED = nn.Linear(24, 6)
GRU, LSTM = nn.GRUCell(6, 6), nn.LSTM(6, 6, batch_first=True)
MAPS = (U, V, W, ATTN, PAIR, TRIPLE, GATE, DIFFERENCE, PHI, TO_NUMBER, FILTER, EDGE_NETWORK)
MODULES = nn.ModuleList([*MAPS, FORGET, AGGREGATED, GRU, LSTM]).double()
EPS = nn.Parameter(torch.tensor(0.3, dtype=torch.float64))
CENTERS = torch.linspace(-1, 1, 4, dtype=torch.float64)
PARAMETERS = [*MODULES.parameters(), EPS]


def heads(x: Any) -> Any:
    return x.view(-1, 2, 3)


def summed(field: str = "m", out: str = "y") -> Function:
    return lambda nodes: {out: nodes.mailbox[field].sum(1)}


def gat_scores(edges: Any) -> dict[str, Any]:
    z = torch.cat([heads(edges.src["x"]), heads(edges.dst["x"])], dim=-1)
    return {"z": heads(edges.src["x"]), "e": F.leaky_relu(ATTN(z), 0.2)}


def attend(nodes: Any) -> dict[str, Any]:
    alpha = F.softmax(nodes.mailbox["e"], dim=1)
    return {"y": torch.sum(alpha * nodes.mailbox["z"], dim=1)}


def transformer_scores(edges: Any) -> dict[str, Any]:
    key, query = heads(U(edges.src["x"])), heads(V(edges.dst["x"]))
    score = (key * query).sum(-1, keepdim=True) / math.sqrt(3)
    return {"z": heads(W(edges.src["x"])), "e": score}


def unnormalized_scores(edges: Any) -> dict[str, Any]:
    key, query = heads(U(edges.src["x"])), heads(V(edges.dst["x"]))
    score = torch.exp((key * query).sum(-1, keepdim=True).clamp(-5, 5))
    return {"wv": score * heads(W(edges.src["x"])), "z": score}


def normalize_scores(nodes: Any) -> dict[str, Any]:
    return {"y": nodes.mailbox["wv"].sum(1) / (nodes.mailbox["z"].sum(1) + 1e-6)}


def einsum_scores(edges: Any) -> dict[str, Any]:
    key, query = heads(U(edges.src["x"])), heads(V(edges.dst["x"]))
    return {"z": heads(edges.src["x"]), "e": torch.einsum("ehd,ehd->eh", key, query).unsqueeze(-1)}


def cosine_scores(edges: Any) -> dict[str, Any]:
    u, v = F.normalize(edges.src["x"], dim=-1), F.normalize(edges.dst["x"], dim=-1)
    return {"z": edges.src["x"], "e": EPS * (u * v).sum(-1, keepdim=True)}


def gated(edges: Any) -> dict[str, Any]:
    gate = torch.sigmoid(U(edges.src["x"]) + V(edges.dst["x"]) + edges.data["w"])
    return {"m": gate * W(edges.src["x"]), "gate": gate}


def through_gates(nodes: Any) -> dict[str, Any]:
    passed = nodes.mailbox["m"].sum(1) / (nodes.mailbox["gate"].sum(1) + 1e-6)
    return {"y": F.relu(U(nodes.data["x"]) + passed)}


def edge_network(edges: Any) -> dict[str, Any]:
    matrix = EDGE_NETWORK(edges.data["w"]).view(-1, 6, 6)
    return {"m": torch.bmm(edges.src["x"].unsqueeze(1), matrix).squeeze(1)}


def continuous_filter(edges: Any) -> dict[str, Any]:
    basis = torch.exp(-2.0 * (edges.data["w"] - CENTERS) ** 2)
    return {"m": U(edges.src["x"]) * FILTER(basis)}


def edge_conv(edges: Any) -> dict[str, Any]:
    u, v = edges.src["x"], edges.dst["x"]
    return {"m": F.relu(PAIR(torch.cat([v, u - v], dim=1)))}


def largest(nodes: Any) -> dict[str, Any]:
    return {"y": torch.max(nodes.mailbox["m"], dim=1)[0]}


def principal(nodes: Any) -> dict[str, Any]:
    m = nodes.mailbox["m"]
    mean = torch.mean(m, dim=1)
    deviation = torch.sqrt(F.relu(torch.mean(m * m, dim=1) - mean * mean) + 1e-5)
    both = [mean, torch.max(m, dim=1)[0], torch.min(m, dim=1)[0], deviation]
    return {"y": AGGREGATED(torch.cat(both, dim=1))}


def scaled_by_degree(nodes: Any) -> dict[str, Any]:
    m = nodes.mailbox["m"]
    return {"y": m.mean(1) * math.log(m.shape[1] + 1)}  # a number of Python for each in-degree


def children(edges: Any) -> dict[str, Any]:
    return {"h": edges.src["x"][:, :3], "c": edges.src["x"][:, 3:]}


def tree_lstm(nodes: Any) -> dict[str, Any]:
    forget = torch.sigmoid(FORGET(nodes.mailbox["h"]))
    c = torch.sum(forget * nodes.mailbox["c"], 1)
    return {"y": torch.cat([torch.sum(nodes.mailbox["h"], 1), c], 1)}


def relational(edges: Any) -> dict[str, Any]:
    share = torch.sigmoid(edges.data["w"])
    return {"m": share * U(edges.src["x"]) + (1 - share) * V(edges.src["x"])}


def equivariant(edges: Any) -> dict[str, Any]:
    difference = edges.src["x"] - edges.dst["x"]
    radial = difference.square().sum(dim=1, keepdim=True)
    difference = difference / ((radial + 1e-3).sqrt() + 1)
    hidden = F.silu(TRIPLE(torch.cat([edges.src["x"], edges.dst["x"], radial], dim=-1)))
    return {"h": hidden, "x": TO_NUMBER(hidden) * difference}


def move(nodes: Any) -> dict[str, Any]:
    return {"y": nodes.mailbox["h"].sum(1), "z": nodes.data["x"] + nodes.mailbox["x"].mean(1)}


def mixture(edges: Any) -> dict[str, Any]:
    weight = torch.exp((-0.5 * (edges.data["w"] - CENTERS) ** 2).sum(-1, keepdim=True))
    return {"m": U(edges.src["x"]) * weight}


def crystal(edges: Any) -> dict[str, Any]:
    z = torch.cat([edges.src["x"], edges.dst["x"], edges.data["w"]], dim=1)
    return {"m": torch.sigmoid(GATE(z)) * F.softplus(TRIPLE(z))}


def residual(nodes: Any) -> dict[str, Any]:
    return {"y": F.softplus(nodes.data["x"] + nodes.mailbox["m"].sum(dim=1))}


def with_edges(edges: Any) -> dict[str, Any]:
    return {"m": F.relu(edges.src["x"] + edges.data["w"])}


def isomorphic(nodes: Any) -> dict[str, Any]:
    return {"y": U((1 + EPS) * nodes.data["x"] + nodes.mailbox["m"].sum(1)).relu()}


def collaborative(edges: Any) -> dict[str, Any]:
    u, v = edges.src["x"], edges.dst["x"]
    return {"m": edges.data["w"] * (U(u) + V(u * v))}


def rectified(nodes: Any) -> dict[str, Any]:
    return {"y": F.normalize(F.leaky_relu(nodes.mailbox["m"].sum(1), 0.2), p=2, dim=1)}


def weighted(edges: Any) -> dict[str, Any]:
    return {"m": edges.src["x"] * edges.data["w"]}


def restart(nodes: Any) -> dict[str, Any]:
    return {"y": 0.85 * torch.sum(nodes.mailbox["m"], dim=1) + 0.15 * nodes.data["x"]}


def everything(edges: Any) -> dict[str, Any]:
    both = torch.cat([edges.src["x"], edges.dst["x"], edges.data["w"]], dim=-1)
    return {"m": PHI(both)}


def difference_and_distance(edges: Any) -> dict[str, Any]:
    difference = edges.dst["x"] - edges.src["x"]
    distance = torch.norm(difference + 1e-3, dim=1, keepdim=True)
    return {"m": F.elu(DIFFERENCE(torch.cat([difference, distance], dim=1)))}


def recurrent(nodes: Any) -> dict[str, Any]:
    return {"y": GRU(nodes.mailbox["m"].sum(1), nodes.data["x"])}


def sequential(nodes: Any) -> dict[str, Any]:
    return {"y": LSTM(nodes.mailbox["m"])[1][0].squeeze(0)}


def clamped(nodes: Any) -> dict[str, Any]:
    return {"y": nodes.mailbox["m"].mean(1).clamp(0.0, 1.0)}


def two_statistics(nodes: Any) -> dict[str, Any]:
    m = nodes.mailbox["m"]
    return {"y": torch.cat([m.mean(1), m.max(1).values], dim=-1), "z": m.var(1, unbiased=False)}


LAYERS: dict[str, tuple[Function, Function]] = {
    "graph attention": (gat_scores, attend),
    "transformer": (transformer_scores, attend),
    "unnormalized attention": (unnormalized_scores, normalize_scores),
    "einsum attention": (einsum_scores, attend),
    "cosine attention": (cosine_scores, attend),
    "gated convolution": (gated, through_gates),
    "edge network": (edge_network, summed()),
    "continuous filter": (continuous_filter, summed()),
    "EdgeConv": (edge_conv, largest),
    "principal aggregation": (weighted, principal),
    "scaled by degree": (weighted, scaled_by_degree),
    "Tree-LSTM": (children, tree_lstm),
    "relational": (relational, summed()),
    "equivariant": (equivariant, move),
    "mixture of Gaussians": (mixture, summed()),
    "crystal graph": (crystal, residual),
    "isomorphism with edges": (with_edges, isomorphic),
    "collaborative filtering": (collaborative, rectified),
    "personalized PageRank": (weighted, restart),
    "message network": (everything, recurrent),
    "gated graph": (weighted, recurrent),
    "distance features": (difference_and_distance, largest),
    "GraphSAGE by LSTM": (weighted, sequential),
    "label propagation": (weighted, clamped),
    "statistics": (with_edges, two_statistics),
}
