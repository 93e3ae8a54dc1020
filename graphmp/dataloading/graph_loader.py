"""GraphDataLoader: batches of whole graphs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torch.utils import data
from torch.utils.data.distributed import DistributedSampler

from .. import _checks
from ..errors import GraphTypeError
from ..graph import Graph
from ..transforms.batch import batch
from .seeds import Share


class GraphCollator:
    """Makes one item of several: of graphs a batch, of all else what torch makes of it.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> both, labels = GraphCollator().collate([(g, 0), (g, 1)])
        >>> both.batch_num_nodes(), labels
        (tensor([2, 2]), tensor([0, 1]))
    """

    def collate(self, items: Sequence[Any]) -> Any:
        """Make one item.

        Args:
            items: at least one; all graphs, tensors, numbers, strings, or tuples, lists or dicts of
                such, of one form.

        Returns:
            An item of the same form.

        Raises:
            GraphError: graphs that cannot be batched together.
        """
        first = items[0]
        if isinstance(first, Graph):
            return batch(items)
        if isinstance(first, Mapping):
            return {key: self.collate([item[key] for item in items]) for key in first}
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return type(first)(*map(self.collate, zip(*items, strict=True)))
        if isinstance(first, (tuple, list)):
            return list(map(self.collate, zip(*items, strict=True)))
        return data.default_collate(items)  # type: ignore[arg-type]


class GraphDataLoader(data.DataLoader[Any]):
    """Batches of the graphs of a data set, with what comes along, such as labels.

    This is torch's loader, with graphs laid side by side by :func:`graphmp.batch`.

    Args:
        dataset: items with an index and a length: graphs, or tuples, lists or dicts with graphs.
        collate_fn: makes one item of several; :meth:`GraphCollator.collate` unless given.
        use_ddp: give each process of ``torch.distributed`` another part of the items.
        ddp_seed: what the order depends on, besides the number of the epoch, with ``use_ddp`` and
            ``shuffle``; the same in all processes.
        **kwargs: as torch's ``DataLoader`` takes them: ``batch_size``, ``shuffle``, ``drop_last``,
            ``num_workers`` (here processes), ``sampler``, …

    Raises:
        GraphRuntimeError: ``use_ddp`` without a group of processes.
        GraphTypeError: no data set.

    Example:
        >>> import graphmp as gm
        >>> graphs = [(gm.graph(([0], [1])), 0), (gm.graph(([0, 1], [1, 2])), 1)]
        >>> for g, labels in GraphDataLoader(graphs, batch_size=2):
        ...     print(g.batch_num_nodes(), labels)
        tensor([2, 3]) tensor([0, 1])
    """

    def __init__(
        self,
        dataset: Any,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        use_ddp: bool = False,
        ddp_seed: int = 0,
        **kwargs: Any,
    ) -> None:
        if isinstance(dataset, Graph) or not (
            hasattr(dataset, "__getitem__") or hasattr(dataset, "__iter__")
        ):
            raise GraphTypeError(
                "A data set, such as a list of graphs, is wanted, but "
                f"{_checks.kind(dataset)} came: DataLoader is the one that samples from a graph."
            )
        self._by_process: DistributedSampler[Any] | None = None
        if use_ddp:
            share = Share.of_process()
            how = {"shuffle": kwargs.pop("shuffle", False), "seed": ddp_seed}
            how["drop_last"] = kwargs.get("drop_last", False)
            self._by_process = DistributedSampler(dataset, share.of, share.rank, **how)
            kwargs["sampler"] = self._by_process
        super().__init__(dataset, collate_fn=collate_fn or GraphCollator().collate, **kwargs)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next epoch, with ``use_ddp`` and ``shuffle``.

        Args:
            epoch: its number; without this call all epochs have one order.
        """
        if self._by_process is not None:
            self._by_process.set_epoch(epoch)
