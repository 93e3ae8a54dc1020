"""Changes of a graph's structure as objects."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor

from .._graph.arguments import refuse_block, refuse_types
from .._graph.frames import Frames
from .._graph.line import line_graph
from .._graph.self_loops import add_self_loop, remove_self_loop
from .._graph.simple import to_simple
from .._graph.state import assembled
from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, Metagraph, of_type
from ..errors import GraphValueError
from ..graph import Graph
from .base import BaseTransform
from .products import khop_graph, metapath_reachable_graph


class AddSelfLoop(BaseTransform):
    """Give each node one self-loop in every relation from a node type to itself.

    Args:
        allow_duplicate: keep the self-loops that are there; by default they are replaced.
        new_etypes: also add a relation ``(ntype, "self", ntype)`` of self-loops for each node type.
        edge_feat_names: the features that self-loops get values for; see :func:`add_self_loop`.
        fill_data: the value; see :func:`add_self_loop`.

    Raises:
        GraphValueError: when called, a block.

    Example:
        >>> import graphmp as gm
        >>> gm.AddSelfLoop()(gm.graph(([0, 0], [0, 1]))).edges()
        (tensor([0, 0, 1]), tensor([1, 0, 1]))
    """

    def __init__(
        self,
        allow_duplicate: bool = False,
        new_etypes: bool = False,
        edge_feat_names: Iterable[str] | None = None,
        fill_data: Any = 1.0,
    ) -> None:
        self.allow_duplicate = allow_duplicate
        self.new_etypes = new_etypes
        self.edge_feat_names = edge_feat_names
        self.fill_data = fill_data

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with self-loops; ``g`` stays as it is."""
        refuse_block(g)
        for etype in _loop_types(g):
            rest = g if self.allow_duplicate else remove_self_loop(g, etype)
            g = add_self_loop(rest, self.edge_feat_names, self.fill_data, etype)
        if not self.new_etypes:
            return g
        loops = {(ntype, "self", ntype): (g.nodes(ntype),) * 2 for ntype in g.ntypes}
        return _with_relations(g, {**loops, **_relations(g)}, dict(g._frames.edge))


class RemoveSelfLoop(BaseTransform):
    """Remove all self-loops.

    Raises:
        GraphValueError: when called, a block.

    Example:
        >>> import graphmp as gm
        >>> gm.RemoveSelfLoop()(gm.graph(([0, 0], [0, 1]))).edges()
        (tensor([0]), tensor([1]))
    """

    def __call__(self, g: Graph) -> Graph:
        """Give a graph without self-loops; ``g`` stays as it is."""
        refuse_block(g)
        for etype in _loop_types(g):
            g = remove_self_loop(g, etype)
        return g


class AddReverse(BaseTransform):
    """Add the reverse of every edge.

    A relation from a node type to itself gets the reversed edges appended. For another relation
    ``(s, name, d)`` there is a new one, ``(d, "rev_name", s)``, unless the graph has it.

    Args:
        copy_edata: give reversed edges the features of the edges; by default appended ones have
            zeros, and those of new relations no features.
        sym_new_etype: also make a new relation where source and destination type are the same.

    Raises:
        GraphValueError: when called, a block.

    Example:
        >>> import graphmp as gm
        >>> gm.AddReverse()(gm.graph(([0], [1]))).edges()
        (tensor([0, 1]), tensor([1, 0]))
        >>> gm.AddReverse()(gm.heterograph({("a", "x", "b"): ([0], [1])})).canonical_etypes
        [('a', 'x', 'b'), ('b', 'rev_x', 'a')]
    """

    def __init__(self, copy_edata: bool = False, sym_new_etype: bool = False) -> None:
        self.copy_edata = copy_edata
        self.sym_new_etype = sym_new_etype

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with reversed edges; ``g`` stays as it is."""
        refuse_block(g)
        relations, frames = _relations(g), dict(g._frames.edge)
        for etype, (u, v) in _relations(g).items():
            s, name, d = etype
            if s == d and not self.sym_new_etype:
                relations[etype] = (torch.cat([u, v]), torch.cat([v, u]))
                frames[etype] = self._doubled(frames[etype])
            elif (d, f"rev_{name}", s) not in relations:
                reverse = (d, f"rev_{name}", s)
                relations[reverse] = (v, u)
                if self.copy_edata:
                    frames[reverse] = frames[etype]
        return _with_relations(g, relations, frames)

    def _doubled(self, frame: Frame) -> Frame:
        """The rows of a frame, and those of the reversed edges."""
        new = frame.bare(2 * frame.num_rows)
        for name, column in frame.items():
            new[name] = torch.cat(
                [column, column if self.copy_edata else column.new_zeros(column.shape)]
            )
        return new


class ToSimple(BaseTransform):
    """Make one edge of parallel edges; see :func:`to_simple`.

    Args:
        return_counts: the edge feature for how many edges each one stands for; None leaves it out.
        aggregator: how edge features are made: ``"arbitrary"``, ``"sum"`` or ``"mean"``.

    Example:
        >>> import graphmp as gm
        >>> gm.ToSimple()(gm.graph(([0, 0], [1, 1]))).edata["count"]
        tensor([2])
    """

    def __init__(self, return_counts: str | None = "count", aggregator: str = "arbitrary") -> None:
        self.return_counts = return_counts
        self.aggregator = aggregator

    def __call__(self, g: Graph) -> Graph:
        """Give a graph without parallel edges; ``g`` stays as it is."""
        simple: Graph = to_simple(
            g, self.return_counts, copy_edata=True, aggregator=self.aggregator
        )
        return simple


class LineGraph(BaseTransform):
    """Make a graph whose nodes are the edges, with their features; see :func:`line_graph`.

    Args:
        backtracking: let an edge ``u → v`` lead to ``v → u``.

    Example:
        >>> import graphmp as gm
        >>> gm.LineGraph()(gm.graph(([0, 1], [1, 2]))).edges()
        (tensor([0]), tensor([1]))
    """

    def __init__(self, backtracking: bool = True) -> None:
        self.backtracking = backtracking

    def __call__(self, g: Graph) -> Graph:
        """Give the line graph; ``g`` stays as it is."""
        return line_graph(g, self.backtracking, shared=True)


class KHopGraph(BaseTransform):
    """Make a graph with an edge for each walk of ``k`` steps; see :func:`khop_graph`.

    Args:
        k: the number of steps.

    Example:
        >>> import graphmp as gm
        >>> gm.KHopGraph(2)(gm.graph(([0, 1], [1, 2]))).edges()
        (tensor([0]), tensor([2]))
    """

    def __init__(self, k: int) -> None:
        self.k = k

    def __call__(self, g: Graph) -> Graph:
        """Give the graph of walks; ``g`` stays as it is."""
        return khop_graph(g, self.k)


class AddMetaPaths(BaseTransform):
    """Add a relation for each metapath, between the nodes that it joins.

    From `Heterogeneous Graph Attention Network <https://arxiv.org/abs/1903.07293>`__ (Wang et al.,
    WWW 2019); see :func:`metapath_reachable_graph`.

    Args:
        metapaths: for the name of each new relation a list of edge types.
        keep_orig_edges: keep the relations of the graph, with their features.

    Raises:
        GraphKeyError: when called, an unknown edge type.
        GraphValueError: when called, a block, a metapath whose steps do not follow each other, or
            the name of a relation that is there.

    Example:
        >>> import graphmp as gm
        >>> g = gm.heterograph({("a", "x", "b"): ([0, 1], [1, 1]), ("b", "y", "a"): ([1], [2])})
        >>> gm.AddMetaPaths({"near": ["x", "y"]})(g).edges(etype="near")
        (tensor([0, 1]), tensor([2, 2]))
    """

    def __init__(
        self, metapaths: Mapping[str, Iterable[Any]], keep_orig_edges: bool = True
    ) -> None:
        self.metapaths = metapaths
        self.keep_orig_edges = keep_orig_edges

    def __call__(self, g: Graph) -> Graph:
        """Give a graph with the new relations; ``g`` stays as it is."""
        refuse_block(g)
        relations = _relations(g) if self.keep_orig_edges else {}
        for name, path in self.metapaths.items():
            reachable = metapath_reachable_graph(g, path)
            ((s, _, d),) = reachable.canonical_etypes
            if (s, name, d) in relations:
                raise GraphValueError(
                    f"Expected metapaths with names of their own, got {name!r}, which the graph "
                    f"has from {s!r} to {d!r}."
                )
            relations[s, name, d] = reachable.edges()
        return _with_relations(g, relations, dict(g._frames.edge))


class ToLevi(BaseTransform):
    """Make edges nodes, too: edge ``u → v`` becomes a node between ``u`` and ``v``.

    From `Graph-to-Sequence Learning using Gated Graph Neural Networks
    <https://arxiv.org/abs/1806.09835>`__ (Beck et al., ACL 2018). The result has node types
    ``"node"`` and ``"edge"`` with the features of nodes and edges, and relations ``("node", "n2e",
    "edge")`` and ``("edge", "e2n", "node")``.

    Raises:
        GraphValueError: when called, a graph of several types.

    Example:
        >>> import graphmp as gm
        >>> levi = gm.ToLevi()(gm.graph(([0, 1], [1, 2])))
        >>> levi.edges(etype="n2e"), levi.edges(etype="e2n")
        ((tensor([0, 1]), tensor([0, 1])), (tensor([0, 1]), tensor([1, 2])))
    """

    def __call__(self, g: Graph) -> Graph:
        """Give the Levi graph; ``g`` stays as it is."""
        refuse_types(g)
        u, v, edges = g.all_edges("all")
        relations = {("node", "n2e", "edge"): (u, edges), ("edge", "e2n", "node"): (edges, v)}
        nodes = {"edge": g.edata.copy(), "node": g.ndata.copy()}
        for ntype, frame in nodes.items():
            frame.owner = f"nodes{of_type(ntype)}"
        return _with_relations(g, relations, {}, nodes)


def _loop_types(g: Graph) -> list[CanonicalEtype]:
    """The relations from a node type to itself."""
    return [etype for etype in g.canonical_etypes if etype[0] == etype[2]]


def _relations(g: Graph) -> dict[CanonicalEtype, tuple[Tensor, Tensor]]:
    """Both ends of the edges of each relation."""
    return {etype: (a.src, a.dst) for etype, a in g.adjacencies.items()}


def _with_relations(
    g: Graph,
    relations: Mapping[CanonicalEtype, tuple[Tensor, Tensor]],
    frames: Mapping[CanonicalEtype, Frame],
    nodes: Mapping[str, Frame] | None = None,
) -> Graph:
    """A graph of other relations.

    Args:
        g: the graph.
        relations: the sources and destinations of each relation.
        frames: the features of relations; those left out have none.
        nodes: the features of the node types; those of ``g`` by default.
    """
    src = {t: frame.copy() for t, frame in (nodes or g._frames.src).items()}
    adjacencies, edges = {}, {}
    for etype in sorted(relations):
        u, v = relations[etype]
        counts = (src[etype[0]].num_rows, src[etype[2]].num_rows)
        adjacencies[etype] = Adjacency.from_coo(u, v, *counts)
        old = frames.get(etype)
        edges[etype] = Frame(u.numel(), g.device, "") if old is None else old.copy()
        edges[etype].owner = f"edges{of_type(etype)}"
    return assembled(g, Metagraph(edges, src), adjacencies, Frames(src, src, edges))
