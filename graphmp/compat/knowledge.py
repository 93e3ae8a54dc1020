"""The names of ``dgl.data.knowledge_graph``."""

from __future__ import annotations

from collections.abc import Callable

from ..data import FB15k237Dataset, FB15kDataset, WN18Dataset
from ..data.links.knowledge_graph import KnowledgeGraphDataset
from ..errors import GraphValueError

__all__ = ["KnowledgeGraphDataset", "load_data"]

_DATASETS: dict[str, Callable[[], KnowledgeGraphDataset]] = {
    "wn18": WN18Dataset,
    "FB15k": FB15kDataset,
    "FB15k-237": FB15k237Dataset,
}


def load_data(dataset: str) -> KnowledgeGraphDataset:
    """A data set by the name that examples call it by.

    Args:
        dataset: ``"wn18"``, ``"FB15k"`` or ``"FB15k-237"``.

    Returns:
        The data set, which is downloaded if necessary.

    Raises:
        GraphValueError: another name.
    """
    if dataset not in _DATASETS:
        raise GraphValueError(
            f"dataset: expected one of {', '.join(_DATASETS)}, got {dataset!r}; pass one of these."
        )
    return _DATASETS[dataset]()
