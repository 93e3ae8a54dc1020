"""MessagePassing: a base class for layers written as message, aggregate and update."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from .. import _checks, ops
from .. import function as fn
from ..construct.from_edges import create_block, from_edge_index, heterograph
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph
from ..ops import Adjacency
from ._shared.inputs import read_edges, read_ends, read_source, split_ends

OF_THE_GRAPH = ("graph", "index", "num_nodes")
ENDS = {"_j": "u", "_i": "v"}


class MessagePassing(nn.Module):
    r"""The base of message passing layers that subclasses define by up to three functions.

    The scheme of `Neural Message Passing for Quantum Chemistry
    <https://arxiv.org/abs/1704.01212>`__ (Gilmer et al., ICML 2017):

    .. math::
        h_v' = \mathrm{update}\Big(\mathrm{aggregate}_{u \in N(v)}\;
            \mathrm{message}(h_v, h_u, e_{uv}),\; h_v\Big)

    :meth:`forward` passes the features ``x`` of nodes and ``edge_attr`` of edges to
    :meth:`propagate`. A layer with other features has a ``forward`` of its own that calls
    ``self.propagate(graph, name=value, …)``. The three functions read the features by the names of
    their parameters:

    - in ``message(self, …)`` and ``aggregate(self, messages, …)``, ``x_j`` is the feature ``x`` of
      each edge's source and ``x_i`` that of its destination, (E, …); ``edge_attr`` is that of the
      edges themselves;
    - in ``update(self, aggregated, …)``, ``x`` is that of the destinations, (num_dst, …);
    - in all of them, ``graph`` is the graph, ``index`` (E,) the destination of each edge as int64,
      and ``num_nodes`` the number of destinations.

    Only the named features are gathered. A feature that is None is passed as None; a parameter
    with a default keeps it if no such feature is passed.

    ``message`` returns a tensor, (E, …), or a builtin such as ``fn.copy_u("x", "m")`` or
    ``fn.u_mul_e("x", "edge_attr", "m")``, whose fields are names of features. With a builtin the
    kernels make and reduce messages in one pass: nothing is stored for an edge and a feature.

    Args:
        aggr: how messages are reduced: ``"sum"``, ``"mean"``, ``"max"``, ``"min"``, or another row
            of the table of reducers; 0 for in-degree 0.

    Attributes:
        aggr: the reducer's name.

    Shapes:
        - x: (num_src, \*); or a pair of
          that and (num_dst, \*).
        - edge_attr: (E, \*).
        - output: (num_dst, \*) as ``update`` makes it.

    Raises:
        GraphValueError: an unknown reducer.

    Example:
        Mapped neighbours, weighted by the edges and averaged in one pass:

        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> class Weighted(gm.nn.MessagePassing):
        ...     def __init__(self, in_feats, out_feats):
        ...         super().__init__(aggr="mean")
        ...         self.lin = torch.nn.Linear(in_feats, out_feats)
        ...
        ...     def forward(self, graph, x, weight):
        ...         return self.propagate(graph, x=self.lin(x), weight=weight)
        ...
        ...     def message(self):
        ...         return fn.u_mul_e("x", "weight", "m")
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> Weighted(5, 4)(g, torch.ones(3, 5), torch.ones(2)).shape
        torch.Size([3, 4])

        Any function of both ends, with a tensor for all edges:

        >>> class Differences(gm.nn.MessagePassing):
        ...     def message(self, x_i, x_j):
        ...         return (x_j - x_i).abs()
        ...
        ...     def update(self, aggregated, x):
        ...         return torch.cat([x, aggregated], 1)
        >>> Differences("max")(g, torch.tensor([[1.0], [5.0], [2.0]]))
        tensor([[1., 0.],
                [5., 0.],
                [2., 3.]])
    """

    def __init__(self, aggr: str = "sum") -> None:
        super().__init__()
        if aggr not in list(fn.REDUCERS):  # a list, since a value may have no hash
            raise GraphValueError(
                f"aggr: expected one of {', '.join(fn.REDUCERS)}, got {aggr!r}; PyG's 'add' "
                "is 'sum' here, and several at once are written in aggregate()."
            )
        self.aggr = aggr

    def forward(self, graph: Any, x: Any, edge_attr: Tensor | None = None) -> Any:
        r"""Pass messages with the features ``x`` and ``edge_attr``.

        Args:
            graph: a graph or block of one edge type; or an ``edge_index``, see :meth:`propagate`.
            x: (num_src, \*) features; or a pair of that and (num_dst, \*).
            edge_attr: (E, \*) features of the edges, or None.

        Returns:
            The output of :meth:`update`.

        Raises:
            GraphError: see :meth:`propagate`.
        """
        return self.propagate(graph, x=x, edge_attr=edge_attr)

    def propagate(self, graph: Any, **features: Any) -> Any:
        r"""Compute messages, reduce them, update.

        Args:
            graph: a graph or block of one edge type. Or an ``edge_index``, (2, E) sources and
                destinations, together with a feature ``x`` whose rows are the nodes; a graph is
                then built in every call; passing a graph is faster.
            **features: tensors with a row for each node or for each edge, by any names; a pair is
                of the sources and of the destinations; None is read as None.

        Returns:
            The output of :meth:`update`.

        Raises:
            GraphTypeError: something else than a graph or an ``edge_index``; features or messages
                that are not tensors.
            GraphKeyError: a function reads a feature that was not passed.
            GraphValueError: features or messages with a wrong number of rows or on another device;
                one tensor where the destinations are not among the sources; a feature with a name
                that has a meaning of its own.
        """
        inputs = _Inputs(_graph_of(graph, features), features)
        message = inputs.call(self.message, inputs.at_edges)
        if type(self).aggregate is MessagePassing.aggregate:
            out = inputs.reduce(message, self.aggr)
        else:
            out = inputs.call(self.aggregate, inputs.at_edges, inputs.messages(message))
        return inputs.call(self.update, inputs.at_destinations, out)

    def message(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - for subclasses
        """Compute the message of each edge; by default its source's ``x``.

        A subclass names the features it reads, for example ``def message(self, x_j, edge_attr)``.

        Args:
            *args: nothing.
            **kwargs: nothing.

        Returns:
            (E, …); or a builtin of :mod:`graphmp.function`.
        """
        return fn.copy_u("x", "m")

    def aggregate(self, messages: Tensor, index: Tensor, num_nodes: int) -> Any:
        """Reduce the messages at each destination; by default with the layer's reducer.

        A subclass names the features it reads besides the messages. If it does not override this
        method, messages are reduced along the graph, whose edges are already grouped.

        Args:
            messages: (E, …).
            index: (E,) the destination of each edge.
            num_nodes: the number of destinations.

        Returns:
            (num_dst, …).
        """
        edges = (torch.arange(len(index), device=index.device), index)
        block = create_block(edges, num_src_nodes=len(index), num_dst_nodes=num_nodes)
        return ops.gspmm(block, "copy_rhs", self.aggr, None, messages)

    def update(self, aggregated: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ARG002
        """Compute the new features of the destinations; by default the aggregated messages.

        A subclass names the features it reads besides, as in ``def update(self, aggregated, x)``.

        Args:
            aggregated: (num_dst, …).
            *args: nothing.
            **kwargs: nothing.

        Returns:
            (num_dst, …).
        """
        return aggregated

    def extra_repr(self) -> str:
        """Show the reducer in ``repr``."""
        return f"aggr={self.aggr}"


class _Inputs:
    """The graph and the features that the functions of a layer read."""

    def __init__(self, graph: Graph, features: Mapping[str, Any]) -> None:
        for name in features:
            if name in OF_THE_GRAPH or name[-2:] in ENDS:
                raise GraphValueError(
                    f"Expected another name than {name!r} for a feature, since "
                    f"{', '.join(OF_THE_GRAPH)} and names that end in _i or _j are reserved; pass "
                    "x, and read x_i and x_j."
                )
        self.graph, self.features = graph, features
        self.adjacency: Adjacency = graph.adjacency

    def call(
        self, function: Callable[..., Any], read: Callable[[str, str], Any], *args: Any
    ) -> Any:
        """Call a method with ``args``, and with the features that its other parameters name."""
        named = {}
        for name, is_needed in _parameters(function)[len(args) :]:
            feature, target = (name[:-2], ENDS[name[-2:]]) if name[-2:] in ENDS else (name, "")
            if name in OF_THE_GRAPH:
                named[name] = self._of_the_graph(name)
            elif feature in self.features:
                named[name] = None if self.features[feature] is None else read(feature, target)
            elif is_needed:
                raise GraphKeyError(self._missing(f"{function.__name__}() reads {name!r}", feature))
        return function(*args, **named)

    def at_edges(self, feature: str, target: str) -> Tensor:
        """(E, …): the rows of each edge's source or destination, or the edges' own."""
        target = target or "e"
        return ops.gsddmm(self.adjacency, "copy_lhs", self._rows(feature, target), None, target)

    def at_destinations(self, feature: str, target: str) -> Tensor:
        """(num_dst, …): the rows of the destinations."""
        if target:
            raise GraphValueError(
                f"Expected update() to read {feature!r}, which has a row for each destination, got "
                f"{feature + '_i'!r} or {feature + '_j'!r}, which have a row for each edge."
            )
        return self._rows(feature, "v")

    def reduce(self, message: Any, aggr: str) -> Tensor:
        """(num_dst, …): a message, a tensor or a builtin, reduced."""
        if isinstance(message, fn.Message):
            op, *operands = self._operands(message)
            return ops.gspmm(self.adjacency, op, aggr, *operands)
        return ops.gspmm(self.adjacency, "copy_rhs", aggr, None, self.messages(message))

    def messages(self, message: Any) -> Tensor:
        """(E, …): a message, a tensor or a builtin."""
        if isinstance(message, fn.Message):
            op, *operands = self._operands(message)
            return ops.gsddmm(self.adjacency, op, *operands)
        return read_edges(self.adjacency, message, "message")

    def _operands(self, message: fn.Message) -> tuple[str, Any, Any, str, str]:
        """Operator, operands and their ends, as :mod:`graphmp.ops` takes them."""
        left, right = (self._operand(message, side) for side in (message.lhs, message.rhs))
        op = "copy_lhs" if message.op is None else message.op.name
        return op, left, right, message.lhs.target, message.rhs.target if message.rhs else "e"

    def _operand(self, message: fn.Message, operand: fn.Field | None) -> Tensor | None:
        if operand is None:
            return None
        if self.features.get(operand.field) is None:
            raise GraphKeyError(
                self._missing(f"{message.name} reads {operand.field!r}", operand.field)
            )
        return self._rows(operand.field, operand.target)

    def _rows(self, feature: str, target: str) -> Tensor:
        """The rows of a feature at ``"u"`` sources, ``"v"`` destinations or ``"e"`` edges."""
        value = self.features[feature]
        if target == "e":
            return read_edges(self.adjacency, value, feature)
        if target == "u":
            return read_source(self.graph, value, None, name=feature)[1]
        ends = read_ends(self.graph, value, (None, None), name=feature)
        return split_ends(ends, ends.feat)[1]

    def _of_the_graph(self, name: str) -> Any:
        if name == "index":
            return self.adjacency.dst.long()
        return self.graph if name == "graph" else self.adjacency.num_dst

    def _missing(self, reader: str, feature: str) -> str:
        """The message of an error: a feature is read that was not passed."""
        names = [name for name, value in self.features.items() if value is not None]
        return (
            f"Expected the feature {feature!r}, since {reader}, got {', '.join(names) or 'none'}; "
            f"pass {feature}=… to propagate()."
        )


def _parameters(function: Callable[..., Any]) -> tuple[tuple[str, bool], ...]:
    """The parameters of a method or function by name, and whether each needs a value."""
    plain = getattr(function, "__func__", function)
    return _all_parameters(plain)[plain is not function :]


@lru_cache(maxsize=4096)
def _all_parameters(function: Callable[..., Any]) -> tuple[tuple[str, bool], ...]:
    several = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    every = inspect.signature(function).parameters.values()
    return tuple((p.name, p.default is p.empty) for p in every if p.kind not in several)


def _graph_of(graph: Any, features: Mapping[str, Any]) -> Graph:
    """The graph itself; or that of an ``edge_index`` between the rows of ``x``."""
    if hasattr(type(graph), "adjacency"):
        _checks.adjacency_of(graph)  # one edge type
        return graph  # type: ignore[no-any-return]
    if not isinstance(graph, Tensor) or graph.is_floating_point() or graph.ndim != 2:
        raise GraphTypeError(
            "Expected a graph, or an edge_index of integers, (2, E), as the first argument, got "
            f"{_checks.kind(graph)}; pass the features after it."
        )
    if len(graph) != 2:
        raise GraphValueError(
            f"edge_index: expected shape (2, E), got a shape of {tuple(graph.shape)}."
        )
    match features.get("x"):
        case Tensor() as x if x.ndim:
            return from_edge_index(graph, num_nodes=len(x))
        case (Tensor() as source, Tensor() as target) if source.ndim and target.ndim:
            ends, counts = (graph[0], graph[1]), {"source": len(source), "target": len(target)}
            return heterograph({("source", "to", "target"): ends}, counts)
    raise GraphValueError(
        "x: expected a tensor or a pair of tensors whose rows are the nodes of edge_index, got "
        f"{_checks.kind(features.get('x'))}; pass x, or build a graph with "
        "graphmp.from_edge_index(edge_index, num_nodes=…)."
    )
