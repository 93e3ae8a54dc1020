"""Attention as loops in float64 say that it is, forward and backward."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import Attention, accumulator
from graphmp.kernels.philox import dropout_mask
from support import dense
from support.corner_graphs import Corner, feature
from support.laws import assert_close, gradients


def given(
    corner: Corner,
    kind: str,
    dtype: torch.dtype = torch.float32,
    sizes: tuple[int, int, int] = (3, 5, 5),
    **changes: Any,
) -> Attention:
    """Operands with edge terms, weights and dropout; ``changes`` replaces some."""
    heads, k, size = sizes
    k = 1 if kind == "add" else k

    def drawn(rows: int, width: int, seed: int, scale: float = 1.0) -> Tensor:
        return (feature(rows, (width,), torch.float64, seed) * scale).to(dtype)

    made = Attention(
        kind,
        heads,
        left=drawn(corner.num_src, heads * k, 1, k**-0.5 if kind == "dot" else 1),
        right=drawn(corner.num_dst, heads * k, 2),
        value=drawn(corner.num_src, heads * size, 3),
        edge=drawn(len(corner.src), heads, 4),
        weight=drawn(len(corner.src), heads, 5),
        attn_vector=drawn(1, heads * k, 6, k**-0.5) if kind == "leaky" else None,
        negative_slope=0.2,
        dropout=0.3,
        seed=12345,
    )
    return made._replace(**changes)


class Oracle:
    """What ``given`` should give, in float64 and with a graph of autograd.

    Attributes:
        leaves: the operands, by name, flat.
        scores: (E, heads).
        out: (num_dst, heads * size).
        attention: (E, heads).
    """

    def __init__(self, corner: Corner, given: Attention) -> None:
        self.corner, self.given = corner, given
        self.leaves = {
            name: x.double().requires_grad_()
            for name, x in given._asdict().items()
            if isinstance(x, Tensor)
        }
        ends, heads = (corner.src, corner.dst), given.heads
        by_head = {
            name: x.view(len(x), heads, x.shape[1] // heads) for name, x in self.leaves.items()
        }
        attn_vector = by_head["attn_vector"][0] if "attn_vector" in by_head else None
        edge, weight = self.leaves.get("edge"), self.leaves.get("weight")
        self.scores = dense.scores(
            given.kind,
            *ends,
            by_head["left"],
            by_head["right"],
            edge,
            attn_vector,
            given.negative_slope,
        )
        mask = None
        if given.dropout > 0:
            ids = torch.arange(len(corner.src))
            mask = dropout_mask(given.seed, ids, heads, given.dropout, torch.float64)
        out, self.attention = dense.attend(
            self.scores, by_head["value"], *ends, corner.num_dst, weight, mask
        )
        self.out = out.reshape(corner.num_dst, given.value.shape[1])

    def stats(self) -> Tensor:
        """(num_dst, 2 heads): peak and total of each row; NaN in rows without edges."""
        made = torch.full((self.corner.num_dst, 2 * self.given.heads), torch.nan).double()
        scores, dst = self.scores.detach(), torch.tensor(self.corner.dst, dtype=torch.int64)
        for v in set(self.corner.dst):
            row = scores[dst == v]
            peak = row.amax(0)
            peak = peak.masked_fill(peak == -torch.inf, 0)
            total = (row - peak).exp().sum(0)
            made[v] = torch.cat([peak, total.masked_fill(total == 0, 1)])
        return made


def wide(tensor: Tensor) -> Tensor:
    """In the accumulator's dtype."""
    return tensor.to(accumulator(tensor.dtype))


def assert_forward(
    corner: Corner, given: Attention, wanted: bool = True, idtype: torch.dtype = torch.int64
) -> None:
    """Output, statistics and attention are those of the loops."""
    csc = corner.graph(idtype).adjacency.csc
    out, rounded, stats, attention = kernels.attention(csc, given, wanted)
    oracle, dtype = Oracle(corner, given), given.value.dtype
    assert out.dtype == stats.dtype == accumulator(dtype)
    assert rounded is out or out.dtype != dtype
    torch.testing.assert_close(rounded, out.to(dtype), rtol=0, atol=0, equal_nan=True)
    assert_close(out, oracle.out.detach())
    rows = sorted(set(corner.dst))
    assert stats.shape == (corner.num_dst, 2 * given.heads)
    made, expected = stats[rows], oracle.stats()[rows]
    is_nan = expected[:, given.heads :].isnan()  # where the largest score may be any number
    made[:, : given.heads].masked_fill_(is_nan, 0)
    expected[:, : given.heads].masked_fill_(is_nan, 0)
    assert_close(made, expected)
    if not wanted:
        assert attention is None
        return
    assert attention is not None
    assert attention.dtype == dtype
    assert_close(attention, oracle.attention.detach())


def assert_backward(
    corner: Corner, given: Attention, wanted: bool = True, idtype: torch.dtype = torch.int64
) -> None:
    """The gradient of every operand is that of the loops, from random upstream gradients."""
    oracle, dtype = Oracle(corner, given), given.value.dtype
    grad = feature(corner.num_dst, (given.value.shape[1],), dtype, 7)
    attention_grad = feature(len(corner.src), (given.heads,), dtype, 8) if wanted else None
    stats = torch.cat([oracle.stats(), flow_back(oracle, grad, attention_grad)], 1)
    adjacency = corner.graph(idtype).adjacency
    value, left, scores, weight = kernels.attention_gradient(
        adjacency.csr, given, stats.to(accumulator(dtype)), grad, attention_grad
    )
    right = kernels.score_gradient(adjacency.csc, given, scores)
    made: dict[str, Tensor | None] = {"value": value, "edge": scores, "weight": weight}
    attn_vector = 1 if given.attn_vector is None else wide(given.attn_vector)
    made |= {"left": left * attn_vector, "right": right * attn_vector}
    assert value.dtype == dtype
    assert {x.dtype for x in made.values() if x is not None} <= {dtype, accumulator(dtype)}
    assert (weight is None) == (given.weight is None)
    expected = expected_gradients(oracle, grad, attention_grad)
    for name, wanted_grad in expected.items():
        found = made[name]
        assert found is not None
        assert_close(found, wanted_grad)


def expected_gradients(
    oracle: Oracle, grad: Tensor, attention_grad: Tensor | None
) -> dict[str, Tensor]:
    """By autograd, for all operands but ``attn_vector``."""
    loss = (oracle.out * grad.double()).sum()
    if attention_grad is not None:
        loss = loss + (oracle.attention * attention_grad.double()).sum()
    names = [name for name in oracle.leaves if name != "attn_vector"]
    found = gradients(loss, [oracle.leaves[name] for name in names], torch.ones(()))
    return dict(zip(names, found, strict=True))


def flow_back(oracle: Oracle, grad: Tensor, attention_grad: Tensor | None) -> Tensor:
    """(num_dst, heads): the sum of attention times its gradient over the edges of each row."""
    corner, heads = oracle.corner, oracle.given.heads
    products = (oracle.out.detach() * grad.double()).view(
        corner.num_dst, heads, grad.shape[1] // heads
    )
    total = products.sum(-1)
    if attention_grad is not None:
        parts = oracle.attention.detach() * attention_grad.double()
        total = total + dense.reduce("sum", parts, corner.dst, corner.num_dst)
    return total


def assert_agrees(corner: Corner, given: Attention, **options: Any) -> None:
    """Forward and backward."""
    assert_forward(corner, given, **options)
    assert_backward(corner, given, **options)
