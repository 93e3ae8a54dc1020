"""TWIRLSConv: unfolded descent on an energy between two multilayer perceptrons."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any, cast

import torch
from torch import Tensor, nn

from ... import _checks
from ...graph import Graph
from ...ops import Adjacency
from .._shared.inputs import read_steps
from .._shared.options import check_option
from ..functional.dropout import dropout
from .twirls_unfolding import TWIRLSUnfoldingAndAttention


class TWIRLSConv(nn.Module):
    r"""Propagation that descends on an energy, with iteratively reweighted edges.

    From `Graph Neural Networks Inspired by Classical Iterative Algorithms
    <https://arxiv.org/abs/2103.06064>`__ (Yang et al., ICML 2021).

    .. math:: H' = \mathrm{MLP}_2\big(\mathrm{unfold}(\mathrm{MLP}_1(H))\big)

    with the steps of :class:`TWIRLSUnfoldingAndAttention`. Every node has exactly one self-loop,
    whatever the graph has.

    Args:
        input_d: size of a node's input.
        output_d: size of a node's output.
        hidden_d: size of the hidden layers.
        prop_step: the number of steps.
        num_mlp_before: the number of linear maps before the steps.
        num_mlp_after: the number of linear maps after the steps.
        norm: ``"batch"``, ``"layer"`` or ``"none"``, before each activation.
        precond: as in :class:`TWIRLSUnfoldingAndAttention`.
        alp: likewise.
        lam: likewise.
        attention: apply attention after half of the steps.
        tau: as in :class:`TWIRLSUnfoldingAndAttention`.
        T: likewise.
        p: likewise.
        use_eta: likewise.
        attn_bef: apply attention before the first step, too.
        dropout: dropout of the hidden layers.
        attn_dropout: dropout of the weights of edges.
        inp_dropout: dropout of the input.

    Attributes:
        mlp_bef: the perceptron before the steps.
        unfolding: the steps.
        mlp_aft: the perceptron after the steps.

    Shapes:
        - feat: (N, input_d).
        - output: (N, output_d).

    Raises:
        GraphValueError: an unknown ``norm``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> gm.nn.TWIRLSConv(5, 2, 8, prop_step=4)(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        input_d: int,
        output_d: int,
        hidden_d: int,
        prop_step: int,
        num_mlp_before: int = 1,
        num_mlp_after: int = 1,
        norm: str = "none",
        precond: bool = True,
        alp: float = 0,
        lam: float = 1,
        attention: bool = False,
        tau: float = 0.2,
        T: float = -1,  # noqa: N803
        p: float = 1,
        use_eta: bool = False,
        attn_bef: bool = False,
        dropout: float = 0.0,
        attn_dropout: float = 0.0,
        inp_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.input_d, self.inp_dropout = input_d, inp_dropout
        width = hidden_d if num_mlp_after else output_d
        options = (dropout, norm)
        self.mlp_bef = MLP(input_d, hidden_d, width, num_mlp_before, *options, False)
        width = width if num_mlp_before else input_d
        attn_aft = prop_step // 2 if attention else -1
        thresholds = (tau, T, p, use_eta, attn_bef, attn_dropout, precond)
        self.unfolding = TWIRLSUnfoldingAndAttention(
            width, alp, lam, prop_step, attn_aft, *thresholds
        )
        is_hidden = num_mlp_before > 0 and num_mlp_after > 0
        self.mlp_aft = MLP(width, hidden_d, output_d, num_mlp_after, *options, is_hidden)

    def forward(self, graph: Graph, feat: Tensor) -> Tensor:
        """Convolve.

        Args:
            graph: a graph whose destinations are its sources.
            feat: (N, input_d).

        Returns:
            (N, output_d).

        Raises:
            GraphError: see :mod:`graphmp.nn`.
        """
        like = next(self.parameters(), None)
        adjacency, h = read_steps(graph, feat, self.input_d, like)
        h = self.mlp_bef(dropout(h, self.inp_dropout, self.training))
        looped = adjacency.cached("one self-loop", lambda: _with_one_self_loop(adjacency))
        return self.mlp_aft(self.unfolding.unfold(looped, h))  # type: ignore[no-any-return]


class MLP(nn.Module):
    """A multilayer perceptron, with ReLU as the activation.

    Args:
        input_d: size of the input.
        hidden_d: size of the hidden layers.
        output_d: size of the output.
        num_layers: the number of linear maps; 0 for the identity.
        dropout: dropout after each activation.
        norm: ``"batch"``, ``"layer"`` or ``"none"``, before each activation.
        init_activate: begin with an activation of an input of size ``hidden_d``.

    Raises:
        GraphTypeError: ``num_layers`` is not an int.
        GraphValueError: an unknown ``norm``, or negative ``num_layers``.

    Example:
        >>> import torch
        >>> MLP(5, 8, 2, num_layers=3)(torch.ones(4, 5)).shape
        torch.Size([4, 2])
    """

    def __init__(
        self,
        input_d: int,
        hidden_d: int,
        output_d: int,
        num_layers: int,
        dropout: float = 0.0,
        norm: str = "none",
        init_activate: bool = False,
    ) -> None:
        super().__init__()
        check_option(norm, ("batch", "layer", "none"), "norm")
        count = _checks.count(num_layers, "num_layers")
        sizes = [input_d, *[hidden_d] * (count - 1), output_d][: count + 1]
        self.layers = nn.ModuleList([nn.Linear(*pair) for pair in pairwise(sizes)])
        self.init_activate, self.dropout = init_activate, dropout
        if norm != "none":
            kind: Any = nn.BatchNorm1d if norm == "batch" else nn.LayerNorm
            norms = range(count - 1 + int(init_activate))
            self.norms = nn.ModuleList([kind(hidden_d) for _ in norms])
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Reset the weights by Glorot's normal rule, and set the biases to zero."""
        for layer in cast("Iterable[nn.Linear]", self.layers):
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        """Map every row.

        Args:
            x: (N, input_d).

        Returns:
            (N, output_d).
        """
        norms = iter(getattr(self, "norms", ()))
        for i, layer in enumerate(self.layers):
            if i or self.init_activate:
                x = next(norms, nn.Identity())(x)
                x = dropout(x, self.dropout, self.training, activation="relu")
            x = layer(x)
        return x


def _with_one_self_loop(adjacency: Adjacency) -> Adjacency:
    """The edges between different nodes, and one self-loop at each node."""
    is_proper = adjacency.src != adjacency.dst
    loops = torch.arange(adjacency.num_dst, dtype=adjacency.src.dtype, device=adjacency.device)
    src = torch.cat([adjacency.src[is_proper], loops])
    dst = torch.cat([adjacency.dst[is_proper], loops])
    return Adjacency.from_coo(src, dst, adjacency.num_src, adjacency.num_dst)
