"""Label informativeness: what a neighbour's label tells about a node's label."""

from __future__ import annotations

import torch
from torch import Tensor

from ..graph import Graph
from .bidirected import to_bidirected
from .homophily import check_labels, class_degrees


def edge_label_informativeness(graph: Graph, y: Tensor, eps: float = 1e-8) -> float:
    r"""The mutual information of the labels at both ends of a random edge, over their entropy.

    From `Characterizing Graph Datasets for Node Classification
    <https://arxiv.org/abs/2209.06177>`__ (Platonov et al., NeurIPS 2023): with shares
    :math:`p(a, b)` of edges between classes, and :math:`p(a)` of their ends,

    .. math:: 2 - \frac{\sum_{a, b} p(a, b) \log p(a, b)}{\sum_a p(a) \log p(a)}

    Args:
        graph: a graph of one node type and one edge type; edges count in both directions, once.
        y: (N,) integer labels from 0.
        eps: added to each :math:`p(a, b)`.

    Returns:
        From 0 to 1, up to ``eps``; NaN if edges join nodes of one class only.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, or labels of another shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 2, 3, 4], [1, 2, 0, 3, 4, 5]))
        >>> round(gm.edge_label_informativeness(g, torch.tensor([0, 0, 0, 0, 1, 1])), 4)
        0.2518
    """
    classes = check_labels(graph, y)
    both = to_bidirected(graph)
    ends = class_degrees(both, y, classes)
    joint = _between_classes(both, y, classes, torch.ones(both.num_edges()).double())
    joint = joint / joint.sum() + eps
    entropies = torch.special.xlogy(joint, joint).sum(), torch.special.xlogy(ends, ends).sum()
    return float(2 - entropies[0] / entropies[1])


def node_label_informativeness(graph: Graph, y: Tensor, eps: float = 1e-8) -> float:
    r"""The same for a random node and a random edge of it.

    From `Characterizing Graph Datasets for Node Classification
    <https://arxiv.org/abs/2209.06177>`__ (Platonov et al., NeurIPS 2023): with the classes' shares
    :math:`q(a)` of nodes and :math:`p(b)` of the edges' ends, and the probability :math:`p(a, b)`
    of a node of class a and a neighbour of class b,

    .. math:: -\frac{\sum_{a, b} p(a, b) \log \frac{p(a, b)}{q(a) p(b)}}{\sum_a q(a) \log q(a)}

    Args:
        graph: a graph of one node type and one edge type; edges count in both directions, once.
        y: (N,) integer labels from 0.
        eps: added to each :math:`p(a, b)`.

    Returns:
        From 0 to 1, up to ``eps``; NaN if all nodes have one class. Classes without nodes or edges
        do not count.

    Raises:
        GraphTypeError: labels that are not a tensor of integers.
        GraphValueError: a graph of several types, or labels of another shape or below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 2, 3, 4], [1, 2, 0, 3, 4, 5]))
        >>> round(gm.node_label_informativeness(g, torch.tensor([0, 0, 0, 0, 1, 1])), 4)
        0.3382
    """
    classes = check_labels(graph, y)
    both = to_bidirected(graph)
    ends = class_degrees(both, y, classes)
    nodes = torch.bincount(y, minlength=classes).double() / max(y.numel(), 1)
    adjacency = both.adjacency
    degrees = adjacency.out_degrees.double()
    weights = 1 / (degrees[adjacency.src.long()] * (degrees > 0).sum())
    joint = _between_classes(both, y, classes, weights) + eps
    by_chance = nodes.view(-1, 1) * ends
    counts = by_chance > 0
    information = (joint[counts] * (joint[counts] / by_chance[counts]).log()).sum()
    return float(-information / torch.special.xlogy(nodes, nodes).sum())


def _between_classes(graph: Graph, y: Tensor, classes: int, weights: Tensor) -> Tensor:
    """(classes, classes) the sums of the weights of the edges from class to class."""
    u, v = (y[end.long()].long() for end in graph.edges())
    sums = torch.bincount(u * classes + v, weights.to(graph.device), minlength=classes**2)
    return sums.view(classes, classes)
