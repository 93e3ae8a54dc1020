"""Sequential: layers in sequence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from ..errors import GraphValueError
from ..graph import Graph


class Sequential(nn.Sequential):
    """Layers in sequence; each takes a graph and the output of the previous one.

    Args:
        *args: layers, or one ordered dict of layers.

    Shapes:
        - graph: one graph or block for all layers; or a list, of one for each.
        - feats: the arguments of the first layer after the graph. A layer that returns a tuple
          gives the next one several arguments.
        - output: the output of the last layer.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.add_self_loop(gm.graph(([0, 1], [1, 2])))
        >>> net = gm.nn.Sequential(gm.nn.GraphConv(5, 3), gm.nn.GraphConv(3, 2))
        >>> net(g, torch.ones(3, 5)).shape
        torch.Size([3, 2])
        >>> net([g, g], torch.ones(3, 5)).shape
        torch.Size([3, 2])
    """

    def forward(self, graph: Graph | Sequence[Graph], *feats: Any) -> Any:
        """Apply the layers.

        Args:
            graph: one graph or block for all layers; or a list, of one for each.
            *feats: the arguments of the first layer after the graph.

        Returns:
            The output of the last layer.

        Raises:
            GraphValueError: another number of graphs than of layers.
        """
        graphs = graph if isinstance(graph, (list, tuple)) else [graph] * len(self)
        if len(graphs) != len(self):
            raise GraphValueError(
                f"Expected a graph for each of the {len(self)} layers, or one for all, got "
                f"{len(graphs)}."
            )
        outputs: Any = feats
        for layer, each in zip(self, graphs, strict=True):
            outputs = layer(each, *(outputs if isinstance(outputs, tuple) else (outputs,)))
        return outputs
