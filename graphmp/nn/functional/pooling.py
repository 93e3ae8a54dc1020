"""Readouts of each graph of a batch."""

from __future__ import annotations

from torch import Tensor

from ... import _checks, ops
from ...errors import GraphValueError
from ...graph import Graph
from ...ops.results import reshaped, unsaved
from ...readout.readout import topk_nodes
from .._shared.inputs import checked_nodes


def sum_pooling(graph: Graph, feat: Tensor) -> Tensor:
    r"""Sum the nodes of each graph, as :class:`graphmp.nn.SumPooling` does.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, \*).

    Returns:
        (batch size, \*), 0 for a graph without nodes.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.functional.sum_pooling(g, torch.tensor([1.0, 3.0, 5.0]))
        tensor([4., 5.])
    """
    return ops.segment_reduce(checked_nodes(graph, feat), feat, "sum")


def avg_pooling(graph: Graph, feat: Tensor) -> Tensor:
    r"""Average the nodes of each graph, as :class:`graphmp.nn.AvgPooling` does.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, \*).

    Returns:
        (batch size, \*), 0 for a graph without nodes.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.functional.avg_pooling(g, torch.tensor([1.0, 3.0, 5.0]))
        tensor([2., 5.])
    """
    return ops.segment_reduce(checked_nodes(graph, feat), feat, "mean")


def max_pooling(graph: Graph, feat: Tensor) -> Tensor:
    r"""Take the maximum of the nodes of each graph, as :class:`graphmp.nn.MaxPooling` does.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, \*).

    Returns:
        (batch size, \*), 0 for a graph without nodes.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> gm.nn.functional.max_pooling(g, torch.tensor([1.0, 3.0, 5.0]))
        tensor([3., 5.])
    """
    return ops.segment_reduce(checked_nodes(graph, feat), feat, "max")


def sort_pooling(graph: Graph, feat: Tensor, k: int) -> Tensor:
    """Keep the first nodes of each graph, sorted, as :class:`graphmp.nn.SortPooling` does.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, D).
        k: number of nodes of each graph in the result.

    Returns:
        (batch size, k * D), 0 where a graph has fewer nodes.

    Raises:
        GraphTypeError: something else than a graph, a tensor and an int.
        GraphValueError: features of a wrong shape or on another device, a negative ``k``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0, 1], [1, 2])), gm.graph(([0], [0]))])
        >>> feat = torch.tensor([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0], [5.0, 4.0]])
        >>> gm.nn.functional.sort_pooling(g, feat, k=2)
        tensor([[0., 3., 1., 2.],
                [4., 5., 0., 0.]])
    """
    checked_nodes(graph, feat)
    if feat.ndim != 2:
        raise GraphValueError(f"feat: expected shape (N, D), got a shape of {tuple(feat.shape)}.")
    with graph.local_scope():
        graph.ndata["h"] = feat.sort(dim=-1).values
        rows = topk_nodes(graph, "h", _checks.count(k, "k"), sortby=-1)[0]
        return reshaped(rows, rows.shape[0], rows.shape[1:].numel())


def weight_and_sum(graph: Graph, feats: Tensor, weights: Tensor) -> Tensor:
    """Sum the nodes of each graph, weighted, as :class:`graphmp.nn.WeightAndSum` does.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feats: (N, in_feats).
        weights: (N, 1), which the layer makes by a linear map and a sigmoid.

    Returns:
        (batch size, in_feats), 0 for a graph without nodes.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> feats, weights = torch.tensor([[1.0], [3.0], [5.0]]), torch.tensor([[1.0], [0.5], [0]])
        >>> gm.nn.functional.weight_and_sum(g, feats, weights)
        tensor([[2.5000],
                [0.0000]])
    """
    sizes = checked_nodes(graph, feats)
    _check_numbers(graph, weights, "weights", "atom_weighting")
    return ops.segment_reduce(sizes, feats, "sum", weights)


def global_attention_pooling(
    graph: Graph, feat: Tensor, gate: Tensor, get_attention: bool = False
) -> Tensor | tuple[Tensor, Tensor]:
    """Sum the nodes of each graph by attention, as :class:`graphmp.nn.GlobalAttentionPooling`.

    Args:
        graph: a graph or a batch of graphs, of one node type.
        feat: (N, D).
        gate: (N, 1), scores; their softmax over the nodes of each graph is the attention.
        get_attention: return the attention too.

    Returns:
        (batch size, D), 0 for a graph without nodes; and the attention, (N, 1), if wanted.

    Raises:
        GraphError: see :mod:`graphmp.nn`.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [0]))])
        >>> x = torch.tensor([[1.0], [3.0], [5.0]])
        >>> gm.nn.functional.global_attention_pooling(g, x, torch.zeros(3, 1))
        tensor([[2.],
                [5.]])
    """
    sizes = checked_nodes(graph, feat)
    _check_numbers(graph, gate, "gate", "gate_nn")
    attention = ops.segment_softmax(sizes, gate)
    out = ops.segment_reduce(sizes, feat, "sum", attention)
    return (out, unsaved(attention)) if get_attention else out


def _check_numbers(graph: Graph, value: Tensor, name: str, source: str) -> None:
    """Check the output of a part of the layer, one number for each node."""
    _checks.feature(value, graph.num_nodes(), graph.device, name, "nodes")
    if value.ndim < 2 or value.shape[-1] != 1:
        raise GraphValueError(
            f"{name}: expected the output of {source}, of shape (N, 1), one number for each node, "
            f"got a shape of {tuple(value.shape)}."
        )
