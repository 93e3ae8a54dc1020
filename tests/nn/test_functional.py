from __future__ import annotations

import torch

import graphmp as gm
from graphmp.nn import functional as F
from graphmp.ops import edge_softmax


def test_edge_softmax_is_where_users_of_dgl_look_for_it() -> None:
    g = gm.graph(([0, 1], [2, 2]))
    assert F.edge_softmax is edge_softmax
    assert F.edge_softmax(g, torch.zeros(2)).tolist() == [0.5, 0.5]
