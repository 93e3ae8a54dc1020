"""Homophily: how often edges join nodes with the same label."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import refuse_types
from .._graph.describe import has_same_label
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from .bidirected import to_bidirected


def edge_homophily(graph: Graph, y: Tensor) -> float:
    r"""The share of edges between nodes with the same label.

    From `Beyond Homophily in Graph Neural Networks <https://arxiv.org/abs/2006.11468>`__ (Zhu et
    al., NeurIPS 2020): :math:`|\{(u, v) \in E: y_u = y_v\}| / |E|`.

    Args:
        graph: a graph of one node type and one edge type.
        y: (N,) integer labels from 0.

    Returns:
        From 0 to 1; NaN without edges.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, or labels of another shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([1, 2, 0, 4], [0, 1, 2, 3]))
        >>> gm.edge_homophily(g, torch.tensor([0, 0, 0, 0, 1]))
        0.75
    """
    check_labels(graph, y)
    return float(has_same_label(graph.adjacency, y, y).mean())


def node_homophily(graph: Graph, y: Tensor) -> float:
    r"""The mean over nodes of the share of in-neighbours with the same label.

    From `Geom-GCN <https://arxiv.org/abs/2002.05287>`__ (Pei et al., ICLR 2020):

    .. math:: \frac{1}{|V|} \sum_v \frac{|\{u \in N(v): y_u = y_v\}|}{|N(v)|}

    Args:
        graph: a graph of one node type and one edge type.
        y: (N,) integer labels from 0.

    Returns:
        From 0 to 1; a node without in-edges counts as 0. NaN without nodes.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, or labels of another shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([1, 2, 0, 4], [0, 1, 2, 3]))
        >>> round(gm.node_homophily(g, torch.tensor([0, 0, 0, 0, 1])), 4)
        0.6
    """
    check_labels(graph, y)
    same = _per_group(graph.edges()[1], has_same_label(graph.adjacency, y, y), graph.num_nodes())
    return float((same / graph.in_degrees().clamp(min=1)).mean())


def linkx_homophily(graph: Graph, y: Tensor) -> float:
    r"""Homophily of each class, beyond what its size would give by chance.

    From `Large Scale Learning on Non-Homophilous Graphs <https://arxiv.org/abs/2110.14446>`__ (Lim
    et al., NeurIPS 2021), for C classes :math:`C_k`:

    .. math:: \frac{1}{C - 1} \sum_k \max\left(0, \frac{\sum_{v \in C_k} |\{u \in N(v): y_u =
        y_v\}|}{\sum_{v \in C_k} |N(v)|} - \frac{|C_k|}{|V|}\right)

    Args:
        graph: a graph of one node type and one edge type.
        y: (N,) integer labels from 0; C is the greatest plus 1.

    Returns:
        From 0 to 1; a class without in-edges counts as 0.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, fewer than two classes, or labels of another
            shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 0, 4]))
        >>> round(gm.linkx_homophily(g, torch.tensor([0, 0, 0, 0, 1])), 4)
        0.2
    """
    classes = check_labels(graph, y)
    if classes < 2:
        raise GraphValueError(f"Expected labels of at least two classes, got {classes}.")
    targets = y[graph.edges()[1].long()]
    same = _per_group(targets, has_same_label(graph.adjacency, y, y), classes)
    degrees = torch.bincount(targets, minlength=classes)
    sizes = torch.bincount(y, minlength=classes).double() / graph.num_nodes()
    excess = (same / degrees.clamp(min=1) - sizes).clamp(min=0)
    return float(excess.sum() / (classes - 1))


def adjusted_homophily(graph: Graph, y: Tensor) -> float:
    r"""Edge homophily, adjusted for what degrees and classes would give by chance.

    From `Characterizing Graph Datasets for Node Classification
    <https://arxiv.org/abs/2209.06177>`__ (Platonov et al., NeurIPS 2023): with
    :math:`p_k = \sum_{v: y_v = k} d(v) / 2|E|`

    .. math:: \frac{h_{edge} - \sum_k p_k^2}{1 - \sum_k p_k^2}

    Args:
        graph: a graph of one node type and one edge type; edges count in both directions, once.
        y: (N,) integer labels from 0.

    Returns:
        At most 1, and 0 if edges do not depend on labels; NaN without edges, or if they join nodes
        of one class only.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, or labels of another shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([1, 2, 0, 4], [0, 1, 2, 3]))
        >>> round(gm.adjusted_homophily(g, torch.tensor([0, 0, 0, 0, 1])), 4)
        -0.1429
    """
    classes = check_labels(graph, y)
    both = to_bidirected(graph)
    chance = class_degrees(both, y, classes).square().sum()
    return float((has_same_label(both.adjacency, y, y).mean() - chance) / (1 - chance))


def check_labels(graph: Graph, y: Any) -> int:
    """Check the labels of a graph's nodes.

    Returns:
        The number of classes, the greatest label plus 1.
    """
    refuse_types(graph)
    if not isinstance(y, Tensor) or y.is_floating_point() or y.is_complex():
        raise GraphTypeError(f"Expected labels as a tensor of integers, got {_checks.kind(y)}.")
    if y.shape != (graph.num_nodes(),) or y.device != graph.device:
        raise GraphValueError(
            f"Expected labels of shape ({graph.num_nodes()},) on {graph.device}, got "
            f"{tuple(y.shape)} on {y.device}."
        )
    if y.numel() and int(y.min()) < 0:
        raise GraphValueError(f"Expected labels from 0, got {int(y.min())}.")
    return int(y.max()) + 1 if y.numel() else 0


def class_degrees(both: Graph, y: Tensor, classes: int) -> Tensor:
    """(classes,) the share of the edges' ends that each class has."""
    targets = y[both.edges()[1].long()]
    return torch.bincount(targets, minlength=classes).double() / targets.numel()


def _per_group(groups: Tensor, values: Tensor, count: int) -> Tensor:
    """(count,) the sums of the values of each group."""
    return torch.bincount(groups.long(), values, minlength=count)
