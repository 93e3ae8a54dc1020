from __future__ import annotations

from typing import Any

import pytest
import torch
from support import dense
from support.agreement import Parameters, assert_agrees, drawn, features
from support.corner_graphs import Corner, each_corner
from support.laws import assert_close
from torch import Tensor

import graphmp as gm
from graphmp.nn import HGTConv

RING = gm.graph(([0, 1, 2, 0], [1, 2, 0, 2]))
HEADS, SIZE = 3, 2


def formula_of(corner: Corner, kinds: tuple[Tensor, Tensor], norm: bool) -> Any:
    """Every edge's key and message by the matrices of the types it meets."""

    def mapped(p: Parameters, name: str, h: Tensor, types: Tensor) -> Tensor:
        return torch.einsum("ni,nio->no", h, p[f"linear_{name}.W"][types])

    def formula(p: Parameters, source: Tensor, own: Tensor, _: None, etype: Tensor) -> Tensor:
        shape = (-1, HEADS, SIZE) if len(source) else (0, HEADS, SIZE)
        key, value = (mapped(p, name, source, kinds[0]).view(shape) for name in "kv")
        query = mapped(p, "q", own, kinds[1]).view(len(own), HEADS, SIZE)
        heads = []
        for head in range(HEADS):
            att, msg = (p[f"relation_{name}.{head}.W"][etype] for name in ("att", "msg"))
            keys = torch.einsum("ei,eio->eo", key[list(corner.src), head], att)
            score = (keys * query[list(corner.dst), head]).sum(1) / SIZE**0.5
            score = score * p[f"relation_pri.{head}"][etype]
            attention = dense.edge_softmax(score, corner.dst, corner.num_dst)
            sent = torch.einsum("ei,eio->eo", value[list(corner.src), head], msg)
            inbox = attention.view(-1, 1) * sent
            heads.append(dense.reduce("sum", inbox, corner.dst, corner.num_dst))
        h = mapped(p, "a", torch.cat(heads, 1), kinds[1])
        part = p["skip"][kinds[1]].sigmoid().view(-1, 1)
        own = own @ p["residual_w"] if "residual_w" in p else own
        out = part * h + (1 - part) * own
        if not norm:
            return out
        apart = out - out.mean(1, keepdim=True)
        spread = (apart.square().mean(1, keepdim=True) + 1e-5).sqrt()
        return apart / spread * p["norm.weight"] + p["norm.bias"]

    return formula


@pytest.mark.parametrize("size", [4, HEADS * SIZE], ids=["linear residual", "residual"])
@each_corner
def test_it_agrees_with_the_dense_formula(corner: Corner, size: int) -> None:
    kinds = (torch.arange(corner.num_src) % 2, torch.arange(corner.num_dst) % 2)
    inputs = features(corner, (size, size))
    for norm in (False, True):
        layer = drawn(HGTConv(size, SIZE, HEADS, 2, 4, dropout=0.0, use_norm=norm))
        ntype = kinds if corner.bipartite else kinds[0]
        types = corner.feature("e", (), torch.int64)
        formula = formula_of(corner, kinds, norm)

        def called(
            p: Parameters, x: Tensor, own: Tensor, w: None, f: Any = formula, **given: Any
        ) -> Any:
            return f(p, x, own, w, given["etype"])

        given: dict[str, Any] = {"etype": types}
        plain = layer.forward

        def forward(g: gm.Graph, x: Any, f: Any = plain, n: Any = ntype, **rest: Any) -> Tensor:
            out: Tensor = f(g, x, n, **rest)
            return out

        layer.forward = forward  # type: ignore[method-assign,assignment]
        assert_agrees(layer, called, corner.graph(), inputs, **given)


def test_sorted_nodes_need_not_be_moved() -> None:
    layer, x = HGTConv(4, SIZE, HEADS, 2, 4, dropout=0.0), torch.randn(3, 4)
    ntype, etype = torch.tensor([0, 1, 1]), torch.tensor([3, 0, 0, 1])
    assert_close(layer(RING, x, ntype, etype, presorted=True), layer(RING, x, ntype, etype))


def test_dropout_comes_before_the_residual() -> None:
    layer, x = HGTConv(4, 100, HEADS, 2, 4, dropout=0.5), torch.randn(3, 4)
    ntype, etype = torch.tensor([0, 1, 1]), torch.tensor([3, 0, 0, 1])
    rest = (1 - torch.ones(()).sigmoid()) * (x @ layer.residual_w)
    dropped = layer(RING, x, ntype, etype) - rest
    assert 0.3 < float((dropped.abs() < 1e-6).float().mean()) < 0.7


@pytest.mark.parametrize(
    ("ntype", "etype", "error", "message"),
    [
        ([0, 1, 2], [0, 0, 0, 0], gm.GraphIndexError, "ntype: expected ids from 0 to 1, got 2"),
        ([0, 1, 1], [0, 0, 4, 0], gm.GraphIndexError, "etype: expected ids from 0 to 3, got 4"),
        ([0, 1, 1], [0, 0], gm.GraphValueError, "'etype': expected 4 rows"),
        ([0, 1], [0, 0, 0, 0], gm.GraphValueError, "expected 2 rows"),
    ],
    ids=["node type", "edge type", "edges", "nodes"],
)
def test_wrong_types_are_refused(ntype: Any, etype: Any, error: type, message: str) -> None:
    layer = HGTConv(4, SIZE, HEADS, 2, 4)
    with pytest.raises(error, match=message):
        layer(RING, torch.ones(3, 4), torch.tensor(ntype), torch.tensor(etype))
