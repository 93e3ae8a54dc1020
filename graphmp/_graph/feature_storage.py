"""Feature storages: columns of a graph that are read by rows."""

from __future__ import annotations

from typing import Any, NamedTuple

from torch import Tensor

from .. import _checks
from .._storage.gather import gather
from .state import GraphState


class FeatureStorage(NamedTuple):
    """One feature of the nodes or edges of a type, read by rows.

    Attributes:
        storage: (n, *feature) the feature.
        owner: what the rows are, for error messages.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0])
        >>> g.get_node_storage("x").fetch(torch.tensor([2, 0]), "cpu")
        tensor([3., 1.])
    """

    storage: Tensor
    owner: str

    def fetch(
        self, indices: Any, device: Any = None, pin_memory: bool = False, **kwargs: Any
    ) -> Tensor:
        """Read some rows.

        Args:
            indices: ids (n,).
            device: the device of the result; that of the feature by default.
            pin_memory: whether to copy through page-locked memory, for a GPU.
            **kwargs: passed on to ``torch.Tensor.to``, for example ``non_blocking``.

        Returns:
            (n, *feature).

        Raises:
            GraphIndexError: an id out of range.
            GraphTypeError: ids that are not integers.
        """
        where = self.storage.device
        dtype = getattr(indices, "dtype", _checks.ID_DTYPES[1])
        dtype = dtype if dtype in _checks.ID_DTYPES else _checks.ID_DTYPES[1]
        ids = indices.to(where) if isinstance(indices, Tensor) else indices
        rows = _checks.ids(ids, dtype, where, len(self.storage), f"Ids of {self.owner}")
        result = gather(self.storage, rows)
        result = result.pin_memory() if pin_memory else result
        return result if device is None else result.to(_checks.device(device), **kwargs)

    def requires_ddp(self) -> bool:
        """Whether a loader needs ``use_ddp`` to read this feature: False."""
        return False


def get_node_storage(graph: GraphState, key: str, ntype: str | None = None) -> FeatureStorage:
    """A node feature that is read by rows.

    Args:
        graph: any graph; of a block, the destinations or ``"SRC/x"``.
        key: the feature.
        ntype: the node type; not needed when there is one.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.ndata["x"] = torch.tensor([1.0, 2.0, 3.0])
        >>> g.get_node_storage("x").fetch([1])
        tensor([2.])
    """
    end, name = graph._meta.end(ntype, first=1)
    frame = graph._frames.at(end)[name]
    return FeatureStorage(frame[key], frame.owner)


def get_edge_storage(graph: GraphState, key: str, etype: Any = None) -> FeatureStorage:
    """An edge feature that is read by rows.

    Args:
        graph: any graph.
        key: the feature.
        etype: the edge type; not needed when there is one.

    Raises:
        GraphKeyError: an unknown feature or type.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 2]))
        >>> g.edata["w"] = torch.tensor([1.0, 2.0])
        >>> g.get_edge_storage("w").fetch([1])
        tensor([2.])
    """
    frame = graph._frames.edge[graph._meta.etype(etype)]
    return FeatureStorage(frame[key], frame.owner)
