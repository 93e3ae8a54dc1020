"""Containers of layers for graphs of several types."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from ..graph import Graph
from ..ops.results import unsaved
from ._shared.inputs import in_dtype_of

AGGREGATORS: dict[str, Callable[[list[Tensor]], Tensor]] = {
    "sum": lambda parts: torch.stack(parts).sum(0) if len(parts) > 1 else parts[0],
    "max": lambda parts: unsaved(torch.stack(parts).amax(0)),
    "min": lambda parts: unsaved(torch.stack(parts).amin(0)),
    "mean": lambda parts: torch.stack(parts).mean(0),
    "stack": lambda parts: torch.stack(parts, 1),
}


class _ByType(nn.ModuleDict):
    """Modules by the names of types, which may be names of a module's own, such as ``to``."""

    def __setitem__(self, key: str, module: nn.Module) -> None:
        self._modules[key] = module


class HeteroGraphConv(nn.Module):
    r"""A layer for each edge type, and a reduction of their outputs for each node type.

    The scheme of `Modeling Relational Data with Graph Convolutional Networks
    <https://arxiv.org/abs/1703.06103>`__ (Schlichtkrull et al., ESWC 2018) for any layers.

    .. math:: h_v' = \mathrm{aggregate}_{r \to type(v)}\; f_r(G_r, h)_v

    Each layer is called as ``layer(graph[etype], (source features, destination features))``. On a
    block, a dict of the sources' features is enough: the destinations are the first sources. A
    relation is left out if its source type has no features; with a pair of features, also if its
    destination type has none.

    Args:
        mods: ``{edge type: layer}``, by name or by canonical type, for every relation that is not
            left out. Layers that reject nodes of in-degree 0 are set to allow them, since a node
            need not have edges of every type.
        aggregate: ``"sum"``, ``"max"``, ``"min"``, ``"mean"``, ``"stack"`` (along dimension 1, in
            the order of edge type ids), or a function of the list of results and the node type.

    Attributes:
        mods: the layers, by ``str`` of their types.

    Shapes:
        - inputs: ``{node type: (N, \*)}``, on a block those of the sources; or a pair of such
          dicts, of the sources and of the destinations.
        - output: ``{node type: (N, \*)}``.

    Raises:
        GraphTypeError: layers that are not modules in a dict.
        GraphValueError: an unknown aggregate.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.heterograph({
        ...     ("user", "follows", "user"): ([0, 1], [1, 2]),
        ...     ("user", "buys", "item"): ([0, 2], [0, 1]),
        ... })
        >>> conv = gm.nn.HeteroGraphConv({
        ...     "follows": gm.nn.GraphConv(5, 2),
        ...     "buys": gm.nn.SAGEConv((5, 4), 2, "mean"),
        ... })
        >>> out = conv(g, {"user": torch.ones(3, 5), "item": torch.ones(2, 4)})
        >>> {ntype: h.shape for ntype, h in out.items()}
        {'item': torch.Size([2, 2]), 'user': torch.Size([3, 2])}
    """

    def __init__(
        self,
        mods: Mapping[Any, nn.Module] | nn.ModuleDict,
        aggregate: str | Callable[[list[Tensor], str], Tensor] = "sum",
    ) -> None:
        super().__init__()
        if not isinstance(mods, _checks.AnyMapping):
            raise GraphTypeError(f"mods: expected a dict of layers, got {_checks.kind(mods)}.")
        if not callable(aggregate) and aggregate not in AGGREGATORS:
            raise GraphValueError(
                f"aggregate: expected one of {', '.join(AGGREGATORS)} or a function, got "
                f"{aggregate!r}."
            )
        for etype, module in mods.items():
            if not isinstance(module, nn.Module):
                raise GraphTypeError(
                    f"Expected an nn.Module for {etype!r}, got {_checks.kind(module)}."
                )
        self.mods = _ByType({str(etype): module for etype, module in mods.items()})
        for module in self.mods.values():
            allow = getattr(module, "set_allow_zero_in_degree", None)
            if allow is not None:
                allow(True)
        self.aggregate = aggregate

    def forward(
        self,
        g: Graph,
        inputs: Any,
        mod_args: Mapping[Any, tuple[Any, ...]] | None = None,
        mod_kwargs: Mapping[Any, Mapping[str, Any]] | None = None,
    ) -> dict[str, Tensor]:
        r"""Apply the layers.

        Args:
            g: a graph or block.
            inputs: ``{node type: (N, \*)}``; or a pair of such dicts.
            mod_args: ``{edge type: (argument, …)}``, further arguments of each layer's call.
            mod_kwargs: ``{edge type: {name: argument}}``, likewise.

        Returns:
            ``{node type: (N, \*)}`` for the node types that some relation reached, in the order
            of ``g.dsttypes``.

        Raises:
            GraphTypeError: features that are not in dicts.
            GraphKeyError: a relation without a layer, a destination type without features, an
                unknown node type while one of the graph's has none, or arguments for an unknown
                edge type.
            GraphValueError: layers that give a node type results of different shapes.
        """
        sources, targets = _split_ends(g, inputs)
        self._check_names(g, sources, mod_args, mod_kwargs)
        outputs: dict[str, list[Tensor]] = {ntype: [] for ntype in g.dsttypes}
        for etype in g.canonical_etypes:
            source, _, target = etype
            if source not in sources or (isinstance(inputs, tuple) and target not in targets):
                continue
            if target not in targets:
                raise GraphKeyError(
                    f"Expected features of node type {target!r}, which {etype} needs, got none."
                )
            pair = (sources[source], targets[target])
            args, options = _of(etype, mod_args, ()), _of(etype, mod_kwargs, {})
            outputs[target].append(self._layer(etype)(g[etype], pair, *args, **options))
        return {ntype: self._reduce(parts, ntype) for ntype, parts in outputs.items() if parts}

    def _layer(self, etype: tuple[str, str, str]) -> nn.Module:
        for name in (str(etype), etype[1]):
            if name in self.mods:
                return self.mods[name]
        known = ", ".join(self.mods)
        raise GraphKeyError(
            f"Expected a layer for edge type {etype}, got layers for {known}; add one, or leave "
            "the relation out: pass graphmp.edge_type_subgraph of the others."
        )

    def _check_names(self, g: Graph, sources: Mapping[str, Any], *options: Any) -> None:
        """Find mistyped names of node types without effect, and of edge types anywhere."""
        unknown = [ntype for ntype in sources if ntype not in g.ntypes]
        missing = [ntype for ntype, _, _ in g.canonical_etypes if ntype not in sources]
        if unknown and missing:
            raise GraphKeyError(
                f"Expected features of {missing[0]!r}, got features of the unknown node type "
                f"{unknown[0]!r}; the graph has {', '.join(map(repr, g.ntypes))}."
            )
        known = {*map(str, g.canonical_etypes), *g.etypes, *self.mods}
        for etype in (etype for by_type in options for etype in by_type or {}):
            if str(etype) not in known:
                raise GraphKeyError(
                    "Expected arguments for edge types of the graph, got arguments for "
                    f"{etype!r}; there are layers for {', '.join(self.mods)}."
                )

    def _reduce(self, parts: list[Tensor], ntype: str) -> Tensor:
        if callable(self.aggregate):
            return self.aggregate(parts, ntype)
        if any(part.shape != parts[0].shape for part in parts[1:]):
            shapes = dict.fromkeys(tuple(part.shape) for part in parts)
            raise GraphValueError(
                f"Expected one shape from the layers of all edge types into {ntype!r}, got "
                f"{', '.join(map(str, shapes))}; give them one size, or pass a function as "
                "aggregate."
            )
        return AGGREGATORS[self.aggregate](parts)


def _split_ends(g: Graph, inputs: Any) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The features of the sources and of the destinations, by type."""
    parts = inputs if isinstance(inputs, tuple) else (inputs,)
    if len(parts) > 2 or not all(isinstance(part, _checks.AnyMapping) for part in parts):
        raise GraphTypeError(
            "inputs: expected a dict {node type: tensor}, or a pair of such dicts (of the "
            f"sources, of the destinations), got {_checks.kind(inputs)}."
        )
    if len(parts) == 2 or not g.is_block:
        return parts[0], parts[-1]
    counts = {ntype: g.num_dst_nodes(ntype) for ntype in g.dsttypes if ntype in inputs}
    return inputs, {ntype: inputs[ntype][:count] for ntype, count in counts.items()}


def _of(etype: tuple[str, str, str], by_type: Mapping[Any, Any] | None, default: Any) -> Any:
    """The value for an edge type, by its canonical type or its name."""
    for name in (etype, etype[1]):
        if by_type is not None and name in by_type:
            return by_type[name]
    return default


class HeteroLinear(nn.Module):
    """A linear map for each type.

    Args:
        in_size: ``{type: size of its rows}``; a type is a node type or an edge type.
        out_size: size of every output.
        bias: add biases.

    Attributes:
        linears: the linear maps, by ``str`` of their types.

    Shapes:
        - feat: ``{type: (N, in_size[type])}``.
        - output: ``{type: (N, out_size)}``.

    Example:
        >>> import torch, graphmp as gm
        >>> linear = gm.nn.HeteroLinear({"user": 5, "item": 4}, 2)
        >>> linear({"item": torch.ones(3, 4)})["item"].shape
        torch.Size([3, 2])
    """

    def __init__(self, in_size: Mapping[Any, int], out_size: int, bias: bool = True) -> None:
        super().__init__()
        self.linears = _ByType(
            {str(name): nn.Linear(size, out_size, bias=bias) for name, size in in_size.items()}
        )

    def forward(self, feat: Mapping[Any, Tensor]) -> dict[Any, Tensor]:
        """Map.

        Args:
            feat: ``{type: (N, in_size[type])}``, of some types or all.

        Returns:
            ``{type: (N, out_size)}`` for the same types.

        Raises:
            GraphKeyError: an unknown type.
        """
        outputs = {}
        for name, h in _dict_by_type(feat, "feat").items():
            linear: Any = _module_of(self.linears, name)
            outputs[name] = linear(in_dtype_of(linear.weight, h, f"feat[{name!r}]"))
        return outputs


class HeteroEmbedding(nn.Module):
    """An embedding for each type.

    Args:
        num_embeddings: ``{type: number of its ids}``; a type is a node type or an edge type.
        embedding_dim: size of every vector.

    Attributes:
        embeds: the embeddings, by ``str`` of their types.

    Shapes:
        - input_ids: ``{type: (N,)}`` integers.
        - output: ``{type: (N, embedding_dim)}``.

    Example:
        >>> import torch, graphmp as gm
        >>> embedding = gm.nn.HeteroEmbedding({"user": 5, "item": 4}, 2)
        >>> embedding({"item": torch.tensor([3, 0, 3])})["item"].shape
        torch.Size([3, 2])
        >>> embedding.weight["user"].shape
        torch.Size([5, 2])
    """

    def __init__(self, num_embeddings: Mapping[Any, int], embedding_dim: int) -> None:
        super().__init__()
        self._names = {str(name): name for name in num_embeddings}
        self.embeds = _ByType(
            {str(name): nn.Embedding(size, embedding_dim) for name, size in num_embeddings.items()}
        )

    @property
    def weight(self) -> dict[Any, Tensor]:
        """``{type: (number of its ids, embedding_dim)}``, all vectors."""
        return {self._names[name]: embed.weight for name, embed in self.embeds.items()}  # type: ignore[misc]

    def reset_parameters(self) -> None:
        """Reset the vectors by Glorot's uniform rule."""
        for weight in self.weight.values():
            nn.init.xavier_uniform_(weight)

    def forward(self, input_ids: Mapping[Any, Tensor]) -> dict[Any, Tensor]:
        """Look up.

        Args:
            input_ids: ``{type: (N,)}`` integers, of some types or all.

        Returns:
            ``{type: (N, embedding_dim)}`` for the same types.

        Raises:
            GraphKeyError: an unknown type.
        """
        vectors = {}
        for name, ids in _dict_by_type(input_ids, "input_ids").items():
            table: Any = _module_of(self.embeds, name)
            argument = f"input_ids[{name!r}]"
            if not isinstance(ids, Tensor):
                raise GraphTypeError(
                    f"{argument}: expected a tensor of integers, got {_checks.kind(ids)}."
                )
            _checks.id_dtype(ids.dtype, argument)
            vectors[name] = table(_checks.in_range(ids, table.num_embeddings, argument))
        return vectors


def _dict_by_type(value: Any, name: str) -> Mapping[Any, Any]:
    if not isinstance(value, _checks.AnyMapping):
        raise GraphTypeError(
            f"{name}: expected a dict {{type: tensor}}, got {_checks.kind(value)}."
        )
    return value


def _module_of(modules: nn.ModuleDict, name: Any) -> nn.Module:
    """The module of a type."""
    if str(name) not in modules:
        raise GraphKeyError(f"Expected one of the types {', '.join(modules)}, got {name!r}.")
    return modules[str(name)]
