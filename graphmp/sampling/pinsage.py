"""PinSAGE neighbours: the nodes that short random walks visit most often."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Generic

import torch
from torch import Tensor

from .. import _checks
from .._graph.arguments import refuse_block
from .._graph.frames import Frames
from .._graph.shown import Shown
from .._graph.state import assembled
from .._graph.structure import AnyGraph, Structure
from .._storage.adjacency import Adjacency
from .._storage.metagraph import DEFAULT_ETYPE, Metagraph, of_type
from ..errors import GraphValueError
from .walks import check_metapath, random_walk, restart_probabilities


class RandomWalkNeighborSampler(Shown, Generic[AnyGraph]):
    """Connects each node to the nodes of its type that random walks from it visit most often.

    These are the importance-based neighbourhoods of `Graph convolutional neural networks for
    web-scale recommender systems <https://arxiv.org/abs/1806.01973>`__ (Ying et al., KDD 2018), for
    any metapath that ends at the node type it starts from.

    Args:
        G: a graph that is not a block.
        num_traversals: the maximum number of times that a walk follows the metapath.
        termination_prob: the probability that a walk ends after each traversal but the last.
        num_random_walks: the number of walks from each node.
        num_neighbors: the maximum number of neighbours of a node.
        metapath: a list of edge types. Optional on a homogeneous graph, where it is one step.
        weight_column: the edge field for the numbers of visits.

    Raises:
        GraphKeyError: an unknown edge type.
        GraphTypeError: numbers of the wrong kind.
        GraphValueError: a block; a metapath that ends at another node type; numbers out of range.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2], [1, 2, 0]))
        >>> sampler = gm.sampling.RandomWalkNeighborSampler(g, 2, 0.0, 10, 5)
        >>> neighbors = sampler(torch.tensor([0]))
        >>> neighbors.edges(), neighbors.edata["weights"]
        ((tensor([1, 2]), tensor([0, 0])), tensor([10, 10]))
    """

    def __init__(
        self,
        G: AnyGraph,  # noqa: N803
        num_traversals: int,
        termination_prob: float,
        num_random_walks: int,
        num_neighbors: int,
        metapath: Iterable[Any] | None = None,
        weight_column: str = "weights",
    ) -> None:
        refuse_block(G)
        if metapath is None and not G.is_homogeneous:
            raise GraphValueError(
                "Expected a metapath, as a graph of several types needs metapath, got None; list "
                f"edge types of {G.canonical_etypes}."
            )
        path = check_metapath(G, G.canonical_etypes if metapath is None else metapath)
        if path[0][0] != path[-1][2]:
            raise GraphValueError(
                f"Expected metapath to come back to node type {path[0][0]!r}, got one that ends at "
                f"{path[-1][2]!r}."
            )
        self.G, self.ntype, self.weight_column = G, path[0][0], weight_column
        self.num_random_walks = _checks.positive(num_random_walks, "num_random_walks")
        self.num_neighbors = _checks.positive(num_neighbors, "num_neighbors")
        self.num_traversals = _checks.positive(num_traversals, "num_traversals")
        self.termination_prob = termination_prob
        self.metapath, self.metapath_hops = path, len(path)
        self.full_metapath = path * self.num_traversals
        self.restart_prob = torch.zeros(len(self.full_metapath), dtype=torch.float64, device="cpu")
        self.restart_prob[len(path) :: len(path)] = restart_probabilities(
            termination_prob, self.num_traversals - 1, "termination_prob"
        )

    def __call__(self, seed_nodes: Any) -> AnyGraph:
        """Find the neighbours of nodes.

        Args:
            seed_nodes: (n,) ids. A node that is listed twice gets neighbours twice.

        Returns:
            A graph with all nodes of the type and edges from visited nodes, possibly the seed
            itself, to the seeds. They are grouped by seed, in order of descending visits; of equal
            numbers the smaller id is first. The edge field is the number of visits.

        Raises:
            GraphIndexError: a node id out of range.
        """
        g, count = self.G, self.G.num_nodes(self.ntype)
        what = f"Ids of nodes{of_type(self.ntype)}"
        seeds = _checks.ids(seed_nodes, g.idtype, g.device, count, what)
        starts = seeds.repeat_interleave(self.num_random_walks)
        path, stops = self.full_metapath, self.restart_prob
        traces, _ = random_walk(g, starts, metapath=path, restart_prob=stops)
        visited = traces[:, self.metapath_hops :: self.metapath_hops]
        rows = visited.reshape(len(seeds), visited.numel() // max(len(seeds), 1))
        seed, node, visits = most_visited(rows, self.num_neighbors)
        etype = (self.ntype, DEFAULT_ETYPE, self.ntype)
        edges = {etype: Adjacency.from_coo(node.to(g.idtype), seeds[seed], count, count)}
        frames = Frames.empty(edges, {self.ntype: count}, None, g.device)
        frames.edge[etype][self.weight_column] = visits.to(g.idtype)
        return assembled(g, Metagraph([etype], [self.ntype]), edges, frames)


class PinSAGESampler(RandomWalkNeighborSampler[AnyGraph]):
    """Connects the nodes of one side of a bipartite graph, by walks to the other side and back.

    See :class:`RandomWalkNeighborSampler`, and `Graph convolutional neural networks for web-scale
    recommender systems <https://arxiv.org/abs/1806.01973>`__ (Ying et al., KDD 2018).

    Args:
        G: a graph with one edge type from ``ntype`` to ``other_type``, and one back.
        ntype: the node type to connect.
        other_type: the node type of the other side.
        num_traversals: the maximum number of times that a walk goes to the other side and back.
        termination_prob: the probability that a walk ends after each traversal but the last.
        num_random_walks: the number of walks from each node.
        num_neighbors: the maximum number of neighbours of a node.
        weight_column: the edge field for the numbers of visits.

    Raises:
        GraphKeyError: an unknown node type.
        GraphTypeError: numbers of the wrong kind.
        GraphValueError: a block; no edge type from one side to the other, or several; numbers out
            of range.

    Example:
        >>> import torch, graphmp as gm
        >>> users, items = torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1])
        >>> buys, bought = ("user", "buys", "item"), ("item", "bought", "user")
        >>> g = gm.heterograph({buys: (users, items), bought: (items, users)})
        >>> sampler = gm.sampling.PinSAGESampler(g, "item", "user", 1, 0.0, 100, 1)
        >>> sampler(torch.tensor([0])).num_edges()
        1
    """

    def __init__(
        self,
        G: AnyGraph,  # noqa: N803
        ntype: str,
        other_type: str,
        num_traversals: int,
        termination_prob: float,
        num_random_walks: int,
        num_neighbors: int,
        weight_column: str = "weights",
    ) -> None:
        refuse_block(G)
        path = [_only(G, ntype, other_type), _only(G, other_type, ntype)]
        walks = (num_traversals, termination_prob, num_random_walks)
        super().__init__(G, *walks, num_neighbors, path, weight_column)


def most_visited(visited: Tensor, k: int) -> tuple[Tensor, Tensor, Tensor]:
    """The ``k`` most frequent nodes in each row of (n, visits): row, node and count of each."""
    nodes = visited.long().sort(1).values
    is_first = torch.ones_like(nodes, dtype=torch.bool)
    is_first[:, 1:] = nodes.diff(dim=1) != 0
    row, column = is_first.nonzero(as_tuple=True)
    position = row * nodes.shape[1] + column
    counts = torch.cat([position, position.new_tensor([nodes.numel()])]).diff()
    node = nodes[row, column]
    row, node, counts = row[node >= 0], node[node >= 0], counts[node >= 0]
    order = torch.argsort(row * (nodes.shape[1] + 1) - counts, stable=True)
    row, node, counts = row[order], node[order], counts[order]
    first = torch.searchsorted(row, torch.arange(len(nodes), device=row.device))
    is_top = torch.arange(len(row), device=row.device) - first[row] < k
    return row[is_top], node[is_top], counts[is_top]


def _only(g: Structure, first: str, second: str) -> tuple[str, str, str]:
    """The only edge type from one node type to another."""
    ends = (g._meta.ntype(first), g._meta.ntype(second))
    etypes = [etype for etype in g.canonical_etypes if (etype[0], etype[2]) == ends]
    if len(etypes) != 1:
        raise GraphValueError(
            f"Expected one edge type from {first!r} to {second!r}, got {etypes}; use "
            "RandomWalkNeighborSampler with a metapath."
        )
    return etypes[0]
