"""Monte Carlo tree search for the most important connected part of a graph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import torch
from torch import Tensor

# The probability of the class from masks of nodes, (num_nodes,), 1 for nodes with their features.
Value: TypeAlias = Callable[[Tensor], float]


@dataclass(eq=False)
class TreeNode:
    """A part of the graph.

    Attributes:
        nodes: its nodes, ascending.
        reward: its importance.
        visits: how often the search went there.
        total: the sum of the rewards at the ends of these visits.
        children: the parts that remain without one node; None before they are needed.
    """

    nodes: Tensor
    reward: float = 0.0
    visits: int = 0
    total: float = 0.0
    children: list[TreeNode] | None = None


@dataclass
class TreeSearch:
    """A search in one graph, whose nodes and edges are numbered across all types.

    Attributes:
        src: (E,) on the CPU.
        dst: (E,) on the CPU.
        num_nodes: the number of nodes.
        value: the probability of the class that is explained.
        num_hops: how many steps the model sees.
        coef: weight of exploration.
        high2low: remove nodes of great degree first.
        num_child: how many nodes are tried at each part.
        node_min: parts of at most so many nodes are ends.
        shapley_steps: the number of samples for each importance.
    """

    src: Tensor
    dst: Tensor
    num_nodes: int
    value: Value
    num_hops: int
    coef: float
    high2low: bool
    num_child: int
    node_min: int
    shapley_steps: int
    tree: dict[tuple[int, ...], TreeNode] = field(default_factory=dict)

    def rollout(self, root: TreeNode) -> None:
        """Go from the root to an end, and remember its reward on the way."""
        node, path = root, []
        while len(node.nodes) > self.node_min:
            node = self._best_child(node)
            path.append(node)
        for visited in path:
            visited.visits += 1
            visited.total += node.reward

    def best(self) -> Tensor:
        """The nodes of the most important end."""
        ends = [node for node in self.tree.values() if len(node.nodes) <= self.node_min]
        return max(ends, key=lambda node: node.reward).nodes

    def _best_child(self, node: TreeNode) -> TreeNode:
        children = self._children(node)
        root = math.sqrt(sum(child.visits for child in children))

        def score(child: TreeNode) -> float:
            exploration = self.coef * child.reward * root / (1 + child.visits)
            return child.total / max(child.visits, 1) + exploration

        return max(children, key=score)

    def _children(self, node: TreeNode) -> list[TreeNode]:
        """The greatest connected part without each of some nodes, each part once."""
        if node.children is None:
            parts = {}
            for removed in self._by_degree(node.nodes)[: self.num_child]:
                nodes = self._largest_component(node.nodes[node.nodes != removed])
                parts[tuple(nodes.tolist())] = nodes
            for key, nodes in parts.items():
                if key not in self.tree:
                    self.tree[key] = TreeNode(nodes, self.importance(nodes))
            node.children = [self.tree[key] for key in parts]
        return node.children

    def _by_degree(self, nodes: Tensor) -> Tensor:
        """The nodes of a part, ordered by their degrees in it."""
        src, dst = self._edges_among(nodes)
        degrees = torch.bincount(torch.cat([src, dst]), minlength=self.num_nodes)[nodes]
        return nodes[degrees.argsort(descending=self.high2low, stable=True)]

    def _largest_component(self, nodes: Tensor) -> Tensor:
        """The largest of the connected components of a part."""
        src, dst = self._edges_among(nodes)
        labels, before = torch.arange(self.num_nodes), None
        while before is None or not torch.equal(labels, before):
            before = labels
            labels = labels.scatter_reduce(0, dst, before[src], "amin")
            labels = labels.scatter_reduce(0, src, before[dst], "amin")
            labels = labels[labels]
        labels = labels[nodes]
        return nodes[labels == torch.bincount(labels).argmax()]

    def _edges_among(self, nodes: Tensor) -> tuple[Tensor, Tensor]:
        is_in = self._mask(nodes)
        both = is_in[self.src] & is_in[self.dst]
        return self.src[both], self.dst[both]

    def importance(self, nodes: Tensor) -> float:
        """Estimate the Shapley value of a part among the nodes nearby.

        Args:
            nodes: the nodes of the part.

        Returns:
            The mean over random coalitions of nodes nearby, in which the others have no features,
            of what the part adds to the probability.
        """
        part, region = self._mask(nodes), self._mask(nodes)
        for _ in range(self.num_hops - 1):
            before = region.clone()
            region[self.src[before[self.dst]]] = True
            region[self.dst[before[self.src]]] = True
        others, total = (region & ~part).nonzero().view(-1), 0.0
        for _ in range(self.shapley_steps):
            ranks = torch.randperm(len(others) + 1)
            mask = ~region
            mask[others[ranks[:-1] < ranks[-1]]] = True
            total += self.value(mask | part) - self.value(mask)
        return total / self.shapley_steps

    def _mask(self, nodes: Tensor) -> Tensor:
        """(num_nodes,): True for some nodes."""
        mask = torch.zeros(self.num_nodes, dtype=torch.bool)
        mask[nodes] = True
        return mask
