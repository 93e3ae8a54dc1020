"""Message and reduce functions as people write them, and some that must run as they are.

Each takes ``x`` of shape (N, 6) at the nodes and ``w`` of shape (E, 1) at the edges.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

Function = Callable[[Any], dict[str, Any]]

torch.manual_seed(0)
LINEAR = nn.Linear(6, 6)
PAIR = nn.Linear(12, 6)
TRIPLE = nn.Linear(13, 6)
MLP = nn.Sequential(nn.Linear(12, 6), nn.ReLU(), nn.Linear(6, 6))
NORM = nn.LayerNorm(6)
LSTM = nn.LSTM(6, 6, batch_first=True)
PRELU = nn.PReLU()
OF_ONE = nn.Linear(1, 6)
SCORE = nn.Linear(12, 1)
MODULES = nn.ModuleList([LINEAR, PAIR, TRIPLE, MLP, NORM, LSTM, PRELU, OF_ONE, SCORE]).double()
ATTENTION = torch.randn(6, dtype=torch.float64, requires_grad=True)
CENTERS = torch.linspace(0, 2, 6, dtype=torch.float64)


def heads(x: Any) -> Any:
    return x.view(-1, 2, 3)


def ends(edges: Any) -> tuple[Any, Any, Any]:
    return edges.src["x"], edges.dst["x"], edges.data["w"]


def sent(message: Callable[[Any, Any, Any], Any]) -> Function:
    """A function that sends one message, of both ends and the edge."""
    return lambda edges: {"m": message(*ends(edges))}


def distance(u: Any, v: Any) -> Any:
    return ((u - v) ** 2).sum(-1, keepdim=True)


# Of values of several ends, or of one: none is stored at the edges.
MESSAGES: dict[str, Function] = {
    "copy": sent(lambda u, v, w: u),
    "GCN": sent(lambda u, v, w: u * w),
    "scaled": sent(lambda u, v, w: 0.5 * u / (1 + w.abs())),
    "linear first": sent(lambda u, v, w: LINEAR(u)),
    "difference": sent(lambda u, v, w: u - v),
    "distance features": sent(lambda u, v, w: torch.cat([u - v, (u - v).abs()], -1)),
    "GAT scores": sent(lambda u, v, w: F.leaky_relu(PAIR(torch.cat([u, v], -1)), 0.2)),
    "GATv2 scores": sent(
        lambda u, v, w: heads(F.leaky_relu(LINEAR(u) + LINEAR(v))) * heads(ATTENTION.view(1, 6))
    ),
    "GatedGCN": sent(lambda u, v, w: torch.sigmoid(LINEAR(u) + v + w) * u),
    "EdgeConv": sent(lambda u, v, w: torch.relu(LINEAR(u - v) + LINEAR(v))),
    "MPNN": sent(lambda u, v, w: torch.relu(TRIPLE(torch.cat([u, v, w], 1)))),
    "two layers": sent(lambda u, v, w: MLP(torch.cat([u, v], 1))),
    "two layers of a difference": sent(lambda u, v, w: LINEAR(torch.tanh(u - v)) / 2),
    "SchNet": sent(lambda u, v, w: u * torch.exp(-10 * (w - CENTERS) ** 2)),
    "Gaussian": sent(lambda u, v, w: torch.exp(-distance(u, v)) * u),
    "EGNN": sent(lambda u, v, w: (u - v) / (distance(u, v).sqrt() + 1)),
    "norm": sent(lambda u, v, w: (u - v) / torch.norm(u - v + 1, dim=-1, keepdim=True)),
    "GELU": sent(lambda u, v, w: F.gelu(u + v)),
    "SiLU": sent(lambda u, v, w: F.silu(u * v)),
    "ELU": sent(lambda u, v, w: nn.ELU()(u - v)),
    "softplus": sent(lambda u, v, w: F.softplus(u + v) - w),
    "clamp": sent(lambda u, v, w: (u * v).clamp(-0.5, 0.5)),
    "where": sent(lambda u, v, w: torch.where(u > v, u, w)),
    "masked": sent(lambda u, v, w: u * (v > 0)),
    "largest": sent(lambda u, v, w: torch.maximum(u, v)),
    "power": sent(lambda u, v, w: (u - v).abs() ** 1.5),
    "TransE": sent(lambda u, v, w: torch.tanh(u + w - v)),
    "DistMult": sent(lambda u, v, w: u * ATTENTION * v),
    "heads": sent(lambda u, v, w: (heads(u) * heads(v).tanh()).flatten(1)),
    "slices": sent(lambda u, v, w: u[:, :3] * v[:, 3:]),
    "split": sent(lambda u, v, w: (u + v).chunk(2, 1)[0] * 2),
    "count": sent(lambda u, v, w: torch.ones_like(u[:, :1])),
    "map of the weight": sent(lambda u, v, w: u * torch.tanh(OF_ONE(w) + v)),
    "weight alone": sent(lambda u, v, w: torch.sigmoid(w)),
}

# Reduced without a call for each in-degree.
REDUCTIONS: dict[str, Function] = {
    "sum": lambda nodes: {"y": nodes.mailbox["m"].sum(1)},
    "torch.sum": lambda nodes: {"y": torch.sum(nodes.mailbox["m"], dim=1)},
    "mean": lambda nodes: {"y": nodes.mailbox["m"].mean(dim=1)},
    "max": lambda nodes: {"y": nodes.mailbox["m"].max(1)[0]},
    "torch.max": lambda nodes: {"y": torch.max(nodes.mailbox["m"], 1).values},
    "amin": lambda nodes: {"y": nodes.mailbox["m"].amin(1)},
    "std": lambda nodes: {"y": nodes.mailbox["m"].std(1, unbiased=False)},
    "var": lambda nodes: {"y": nodes.mailbox["m"].var(1, unbiased=False)},
    "logsumexp": lambda nodes: {"y": torch.logsumexp(nodes.mailbox["m"], 1)},
    "mean by hand": lambda nodes: {"y": nodes.mailbox["m"].sum(1) / nodes.mailbox["m"].shape[1]},
    "GraphSAGE": lambda nodes: {
        "y": F.relu(PAIR(torch.cat([nodes.data["x"], nodes.mailbox["m"].mean(1)], 1)))
    },
    "residual": lambda nodes: {"y": NORM(nodes.data["x"] + LINEAR(nodes.mailbox["m"].sum(1)))},
    "MLP": lambda nodes: {"y": MLP(torch.cat([nodes.data["x"], nodes.mailbox["m"].sum(1)], 1))},
    "attention": lambda nodes: {
        "y": (
            torch.softmax(
                (nodes.mailbox["m"] * nodes.data["x"].unsqueeze(1)).sum(-1, keepdim=True), 1
            )
            * nodes.mailbox["m"]
        ).sum(1)
    },
    "from the node": lambda nodes: {
        "y": (nodes.mailbox["m"] - nodes.data["x"].unsqueeze(1)).abs().sum(1)
    },
    "PNA": lambda nodes: {
        "y": torch.cat(
            [
                nodes.mailbox["m"].mean(1),
                nodes.mailbox["m"].max(1)[0],
                nodes.mailbox["m"].min(1)[0],
                torch.sqrt(
                    F.relu((nodes.mailbox["m"] ** 2).mean(1) - nodes.mailbox["m"].mean(1) ** 2)
                    + 1e-5
                ),
            ],
            1,
        )
    },
    "two fields": lambda nodes: {
        "y": nodes.mailbox["m"].sum(1),
        "z": nodes.mailbox["m"].amax(1),
    },
    "normalized": lambda nodes: {"y": F.normalize(nodes.mailbox["m"].sum(1), dim=-1)},
    "map of messages": lambda nodes: {"y": LINEAR(nodes.mailbox["m"]).relu().mean(1)},
    "softmax of features": lambda nodes: {"y": F.softmax(nodes.mailbox["m"], -1).sum(1)},
    "heads": lambda nodes: {
        "y": nodes.mailbox["m"]
        .view(nodes.mailbox["m"].shape[0], nodes.mailbox["m"].shape[1], 2, 3)
        .sum(1)
        .view(nodes.mailbox["m"].shape[0], -1)
    },
}

CALLS: list[Any] = []
STATE = {"calls": 0}


class Counter:
    calls = 0


def append(nodes: Any) -> dict[str, Any]:
    CALLS.append(1)
    return {"y": nodes.mailbox["m"].sum(1)}


def sizes(nodes: Any) -> dict[str, Any]:
    CALLS.append(nodes.batch_size())
    return {"y": nodes.mailbox["m"].sum(1)}


def attribute(nodes: Any) -> dict[str, Any]:
    Counter.calls += 1
    return {"y": nodes.mailbox["m"].sum(1)}


def item(nodes: Any) -> dict[str, Any]:
    STATE["calls"] += 1
    return {"y": nodes.mailbox["m"].sum(1)}


def in_place(nodes: Any) -> dict[str, Any]:
    nodes.mailbox["m"].mul_(2)
    return {"y": nodes.mailbox["m"].sum(1)}


def added_in_place(nodes: Any) -> dict[str, Any]:
    total = nodes.mailbox["m"].sum(1)
    total += nodes.data["x"]
    return {"y": total}


def by_degree(nodes: Any) -> dict[str, Any]:
    messages = nodes.mailbox["m"]
    return {"y": messages.sum(1) if messages.shape[1] > 2 else messages.mean(1)}


def caught(nodes: Any) -> dict[str, Any]:
    try:
        return {"y": nodes.mailbox["m"].sort(1)[0][:, 0]}
    except Exception:  # noqa: BLE001
        return {"y": nodes.mailbox["m"].sum(1) * 0}


def caught_bare(nodes: Any) -> dict[str, Any]:
    try:
        return {"y": nodes.mailbox["m"].sort(1)[0][:, 0]}
    except:  # noqa: E722
        return {"y": nodes.mailbox["m"].sum(1) * 0}


def loop(nodes: Any) -> dict[str, Any]:
    state = nodes.data["x"]
    for step in range(nodes.mailbox["m"].shape[1]):
        state = torch.tanh(state + nodes.mailbox["m"][:, step])
    return {"y": state}


def padded(nodes: Any) -> dict[str, Any]:
    zeros = torch.zeros(nodes.batch_size(), 6, dtype=torch.float64)
    return {"y": nodes.mailbox["m"].sum(1) + zeros}


def batch_norm(nodes: Any) -> dict[str, Any]:
    total = nodes.mailbox["m"].sum(1)
    return {"y": total - total.mean(0)}


def largest_edge(nodes: Any) -> dict[str, Any]:
    return {"y": nodes.mailbox["m"].max(1)[1].double()}


# Run as they are, and give what they say.
UNCHANGED: dict[str, Function] = {
    "a list": append,
    "the sizes": sizes,
    "an attribute": attribute,
    "an item": item,
    "in place": in_place,
    "added in place": added_in_place,
    "by degree": by_degree,
    "caught": caught,
    "caught by a bare except": caught_bare,
    "a loop": loop,
    "padded": padded,
    "of a batch": batch_norm,
    "which": largest_edge,
    "LSTM": lambda nodes: {"y": LSTM(nodes.mailbox["m"])[0][:, -1]},
    "sorted": lambda nodes: {"y": nodes.mailbox["m"].sort(1)[0][:, 0]},
    "first": lambda nodes: {"y": nodes.mailbox["m"][:, 0]},
    "last": lambda nodes: {"y": nodes.mailbox["m"][:, -1]},
    "topk": lambda nodes: {"y": nodes.mailbox["m"].topk(1, 1)[0].squeeze(1)},
    "median": lambda nodes: {"y": nodes.mailbox["m"].median(1)[0]},
    "cumsum": lambda nodes: {"y": nodes.mailbox["m"].cumsum(1)[:, -1]},
    "ids": lambda nodes: {"y": nodes.mailbox["m"].sum(1) + nodes.nodes().view(-1, 1)},
    "number of nodes": lambda nodes: {"y": nodes.mailbox["m"].sum(1) / nodes.batch_size()},
    "len": lambda nodes: {"y": nodes.mailbox["m"].sum(1) / len(nodes)},
    "rows": lambda nodes: {"y": nodes.mailbox["m"].sum(1) / nodes.mailbox["m"].shape[0]},
    "sum of all": lambda nodes: {"y": nodes.mailbox["m"].sum(1) / nodes.mailbox["m"].sum().exp()},
    "control flow": lambda nodes: {
        "y": nodes.mailbox["m"].sum(1) * (2 if nodes.mailbox["m"].sum() > 0 else 1)
    },
    "NumPy": lambda nodes: {"y": torch.from_numpy(np.sum(nodes.mailbox["m"].detach().numpy(), 1))},
    "Python's random": lambda nodes: {"y": nodes.mailbox["m"].sum(1) * random.random()},
    "torch's random": lambda nodes: {"y": nodes.mailbox["m"].sum(1) * torch.rand(1)},
    "dropout": lambda nodes: {"y": F.dropout(nodes.mailbox["m"].sum(1), 0.5)},
    "positions": lambda nodes: {
        "y": (nodes.mailbox["m"] * torch.arange(nodes.mailbox["m"].shape[1]).view(1, -1, 1)).sum(1)
    },
    "printed": lambda nodes: (print(end=""), {"y": nodes.mailbox["m"].sum(1)})[1],
}

# Functions of numbers that expressions have, as text of x and y, which have several ends.
ELEMENTWISE = [
    "torch.erfc(x)",
    "torch.log2(x.abs() + 0.1)",
    "torch.log10(x.abs() + 0.1)",
    "torch.exp2(x)",
    "torch.rsqrt(x.abs() + 0.1)",
    "torch.reciprocal(x + 9)",
    "x.expm1()",
    "torch.cos(x)",
    "1 - x",
    "2 / (x + 9)",
    "torch.sub(x, y, alpha=3)",
    "torch.addcmul(x, y, y, value=2)",
    "torch.addcdiv(x, y, y + 9, value=2)",
    "torch.lerp(x, y, 0.25)",
    "torch.lerp(x, y, y)",
    "F.selu(x)",
    "F.celu(x, 0.5)",
    "F.mish(x)",
    "F.gelu(x, approximate='tanh')",
    "F.relu6(x * 9)",
    "F.hardtanh(x, -0.5, 0.25)",
    "F.hardsigmoid(x * 3)",
    "F.hardswish(x * 3)",
    "F.softsign(x)",
    "F.logsigmoid(x)",
    "F.softplus(x, beta=2, threshold=1)",
    "x.clamp(min=0.1)",
    "x.clamp_max(0.1)",
    "x.masked_fill(y > 0, 0.5)",
    "x ** 3",
    "(x.abs() + 1) ** -1.5",
]

Formula = Callable[..., Any]


def listed(messages: Any) -> Any:
    CALLS.append(1)
    return messages.sum(1)


# Of rows that are added to the table of reducers: functions of mailboxes (nodes, degree, 6).
FORMULAS: dict[str, Formula] = {
    "range": lambda m: m.amax(1) - m.amin(1),
    "product": lambda m: m.prod(1),
    "torch.prod": lambda m: torch.prod(m, dim=1, keepdim=True).squeeze(1) + m.sum(1),
    "soft": lambda m: (torch.softmax(m, 1) * m).sum(1),
    "energy": lambda m: (m * m).mean(1).sqrt(),
    "spread": lambda m: torch.cat([m.std(1, unbiased=False), m.mean(1)], -1),
}

# Computed for some nodes at a time, from messages that are not stored.
OTHER_FORMULAS: dict[str, Formula] = {
    "middle": lambda m: m.median(1).values,
    "at least": lambda m: m.sort(1)[0][:, 0],
    "drawn": lambda m: m.sum(1) * torch.rand(1, dtype=m.dtype),
    "by degree": lambda m: m.sum(1) if m.shape[1] > 1 else -m.sum(1),
    "listed": listed,
}

# Of rows that are added to the table of operators.
OPERATORS: dict[str, Formula] = {
    "hypot": torch.hypot,
    "gate": lambda a, b: torch.sigmoid(a) * b,
    "gap": lambda a, b: (a - b).abs(),
    "larger": torch.maximum,
    "drawn": lambda a, b: a * torch.rand(1, dtype=a.dtype) + b,
}


def scored(score: Callable[[Any, Any, Any], Any], is_by_head: bool = False) -> Function:
    """A function that sends the source's features ``z`` and their score ``e``, and a weight."""

    def message(edges: Any) -> dict[str, Any]:
        u, v, w = ends(edges)
        pair = (heads(u), heads(v)) if is_by_head else (u, v)
        return {"z": pair[0], "e": score(*pair, w), "w": w}

    return message


def by_steps(scores: Any) -> Any:
    weights = torch.exp(scores - scores.max(1, keepdim=True)[0])
    return weights / weights.sum(1, keepdim=True)


def by_other_steps(scores: Any) -> Any:
    weights = (scores - torch.amax(scores, 1, True).detach()).exp()
    return weights.div(torch.sum(weights, 1).unsqueeze(1))


# Messages of attention: features and their scores.
SCORES: dict[str, Function] = {
    "GAT": scored(lambda u, v, w: F.leaky_relu(SCORE(torch.cat([u, v], 1)), 0.2)),
    "added": scored(lambda u, v, w: LINEAR(u)[:, :1] + v[:, 1:2]),
    "of the edge": scored(lambda u, v, w: torch.tanh(w)),
    "GAT with edges": scored(lambda u, v, w: F.leaky_relu(u[:, :1] + v[:, 1:2] + w)),
    "products": scored(lambda u, v, w: (u * v).sum(-1, keepdim=True)),
    "GAT of heads": scored(lambda u, v, w: F.leaky_relu(u[..., :1] + v[..., 1:2]), True),
    "products of heads": scored(lambda u, v, w: (u * v).sum(-1, keepdim=True), True),
}

# Weighted sums of z by a softmax of e, (n, degree, …, 1) each.
ATTENTIONS: dict[str, Function] = {
    "softmax": lambda nodes: {
        "y": (torch.softmax(nodes.mailbox["e"], 1) * nodes.mailbox["z"]).sum(1)
    },
    "F.softmax": lambda nodes: {
        "y": torch.sum(nodes.mailbox["z"] * F.softmax(nodes.mailbox["e"], dim=1), dim=1)
    },
    "kept dimension": lambda nodes: {
        "y": (nodes.mailbox["e"].softmax(dim=1) * nodes.mailbox["z"])
        .sum(1, keepdim=True)
        .squeeze(1)
    },
    "steps": lambda nodes: {"y": (by_steps(nodes.mailbox["e"]) * nodes.mailbox["z"]).sum(1)},
    "other steps": lambda nodes: {
        "y": (by_other_steps(nodes.mailbox["e"]) * nodes.mailbox["z"]).sum(1)
    },
    "exponentials": lambda nodes: {
        "y": (nodes.mailbox["e"].exp() * nodes.mailbox["z"]).sum(1)
        / nodes.mailbox["e"].exp().sum(1)
    },
    "and the weights": lambda nodes: {
        "y": (torch.softmax(nodes.mailbox["e"], 1) * nodes.mailbox["z"]).sum(1),
        "largest": torch.softmax(nodes.mailbox["e"], 1).amax(1),
    },
    "an activation": lambda nodes: {
        "y": F.elu((torch.softmax(nodes.mailbox["e"], 1) * nodes.mailbox["z"].tanh()).sum(1))
    },
    "a mean": lambda nodes: {
        "y": (torch.softmax(nodes.mailbox["e"], 1) * nodes.mailbox["z"]).mean(1)
    },
}
FUSED_ATTENTIONS = ("softmax", "F.softmax", "kept dimension", "steps", "other steps")

# The same for one head, (n, degree, 1) and (n, degree, 6).
MATRICES: dict[str, Function] = {
    "bmm": lambda nodes: {
        "y": torch.bmm(
            torch.softmax(nodes.mailbox["e"], 1).transpose(1, 2), nodes.mailbox["z"]
        ).squeeze(1)
    },
    "matmul": lambda nodes: {
        "y": (nodes.mailbox["z"].permute(0, 2, 1) @ torch.softmax(nodes.mailbox["e"], 1)).squeeze(
            -1
        )
    },
    "einsum": lambda nodes: {
        "y": torch.einsum(
            "bd,bdf->bf", torch.softmax(nodes.mailbox["e"], 1).squeeze(-1), nodes.mailbox["z"]
        )
    },
    "einsum of a list": lambda nodes: {
        "y": torch.einsum("nde, ndf -> nf", [nodes.mailbox["e"].softmax(1), nodes.mailbox["z"]])
    },
    "unsqueezed": lambda nodes: {
        "y": (
            torch.softmax(nodes.mailbox["e"].squeeze(-1), dim=1).unsqueeze(-1) * nodes.mailbox["z"]
        ).sum(1)
    },
}

# Other products of matrices.
PRODUCTS: dict[str, Function] = {
    "queries": lambda nodes: {
        "y": torch.bmm(
            torch.softmax(
                torch.bmm(nodes.data["x"].unsqueeze(1), nodes.mailbox["z"].transpose(1, 2)) / 2.5,
                -1,
            ),
            nodes.mailbox["z"],
        ).squeeze(1)
    },
    "columns": lambda nodes: {
        "y": (
            nodes.mailbox["z"]
            * torch.softmax(nodes.mailbox["z"] @ nodes.data["x"].unsqueeze(-1), 1)
        ).sum(1)
    },
    "einsum of a row": lambda nodes: {
        "y": torch.einsum("bf,bdf->bd", nodes.data["x"], nodes.mailbox["z"]).amax(1)
    },
    "einsum of all": lambda nodes: {
        "y": torch.einsum("bf,bdf->b", nodes.data["x"], nodes.mailbox["z"])
    },
    "outer": lambda nodes: {
        "y": torch.bmm(nodes.mailbox["z"].transpose(2, 1), nodes.mailbox["z"] * 2)
    },
}

# Run as they are.
OTHER_PRODUCTS: dict[str, Function] = {
    "pairs of messages": lambda nodes: {
        "y": torch.bmm(nodes.mailbox["z"], nodes.mailbox["z"].transpose(1, 2)).sum((1, 2))
    },
    "sum of a transpose": lambda nodes: {"y": nodes.mailbox["z"].transpose(1, 2).sum(1).amax(1)},
    "shape of a transpose": lambda nodes: {
        "y": nodes.mailbox["z"].sum(1) / nodes.mailbox["z"].transpose(1, 2).shape[2]
    },
    "einsum of a degree": lambda nodes: {
        "y": torch.einsum("bdf,bef->b", nodes.mailbox["z"], nodes.mailbox["z"])
    },
    "diagonal": lambda nodes: {"y": torch.einsum("bdf,bdf->fb", *[nodes.mailbox["z"]] * 2).t()},
    "dropout of weights": lambda nodes: {
        "y": (F.dropout(nodes.mailbox["e"].softmax(1), 0.5) * nodes.mailbox["z"]).sum(1)
    },
}
