"""GraphDataLoader: batches of whole graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from torch.utils import data
from torch.utils.data.distributed import DistributedSampler

from .. import _checks
from .._graph.shown import Shown
from ..errors import GraphTypeError, GraphValueError
from ..graph import Graph
from ..transforms.batch import batch
from .seeds import Shard


class GraphCollator(Shown):
    """Combines items into one: graphs into a batched graph, the rest as torch does.

    Example:
        >>> import graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> both, labels = gm.dataloading.GraphCollator().collate([(g, 0), (g, 1)])
        >>> both.batch_num_nodes(), labels
        (tensor([2, 2]), tensor([0, 1]))
    """

    def collate(self, items: Sequence[Any]) -> Any:
        """Combine items.

        Args:
            items: at least one; all graphs, tensors, numbers, strings, or tuples, lists or dicts of
                them, of the same structure.

        Returns:
            An item of the same structure.

        Raises:
            GraphError: graphs that cannot be batched together.
            GraphValueError: tuples or lists of several lengths.
        """
        first = items[0]
        if isinstance(first, Graph):
            return batch(items)
        if isinstance(first, Mapping):
            return {key: self.collate([item[key] for item in items]) for key in first}
        if isinstance(first, tuple) and hasattr(first, "_fields"):
            return type(first)(*map(self.collate, _columns(items)))
        if isinstance(first, (tuple, list)):
            return list(map(self.collate, _columns(items)))
        return data.default_collate(items)  # type: ignore[arg-type]


def _columns(items: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    """The first values of all items, then the second ones, and so on."""
    if len(lengths := {len(item) for item in items}) > 1:
        raise GraphValueError(
            f"Expected items of a batch with equally many values, got {sorted(lengths)}; pass "
            "collate_fn to combine them otherwise."
        )
    return zip(*items, strict=True)


class GraphDataLoader(Shown, data.DataLoader[Any]):
    """Iterates over batches of the graphs of a dataset, with their labels and other values.

    This is torch's ``DataLoader`` with :func:`graphmp.batch` for graphs.

    Args:
        dataset: a sequence of items: graphs, or tuples, lists or dicts with graphs.
        collate_fn: combines items into one; :meth:`GraphCollator.collate` by default.
        use_ddp: whether each process of ``torch.distributed`` gets its own shard of the items.
        ddp_seed: the random seed of the order, together with the number of the epoch, for
            ``use_ddp`` and ``shuffle``; it must be the same in all processes.
        **kwargs: the other arguments of torch's ``DataLoader``: ``batch_size``, ``shuffle``,
            ``drop_last``, ``num_workers`` (here processes), ``sampler``, …

    Raises:
        GraphRuntimeError: ``use_ddp`` without a process group.
        GraphTypeError: not a dataset.

    Example:
        >>> import graphmp as gm
        >>> graphs = [(gm.graph(([0], [1])), 0), (gm.graph(([0, 1], [1, 2])), 1)]
        >>> for g, labels in gm.dataloading.GraphDataLoader(graphs, batch_size=2):
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
                f"Expected a dataset, such as a list of graphs, got {_checks.kind(dataset)}; to "
                "sample from one graph, use DataLoader."
            )
        self._by_process: DistributedSampler[Any] | None = None
        if use_ddp:
            shard = Shard.of_process()
            options = {"shuffle": kwargs.pop("shuffle", False), "seed": ddp_seed}
            options["drop_last"] = kwargs.get("drop_last", False)
            self._by_process = DistributedSampler(dataset, shard.world_size, shard.rank, **options)
            kwargs["sampler"] = self._by_process
        super().__init__(dataset, collate_fn=collate_fn or GraphCollator().collate, **kwargs)

    def _settings(self) -> dict[str, str]:
        """The arguments that a loader shows: most of them are those of torch's loader."""
        dataset: Any = self.dataset
        settings = {"dataset": type(dataset).__name__, "batch_size": str(self.batch_size)}
        if isinstance(dataset, (list, tuple)):
            settings["dataset"] += f" of {len(dataset):,} items"
        numbers = {"drop_last": self.drop_last, "num_workers": self.num_workers}
        settings |= {name: str(value) for name, value in numbers.items() if value}
        if not isinstance(self.sampler, data.SequentialSampler):
            settings["sampler"] = type(self.sampler).__name__
        return settings

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch, for its order with ``use_ddp`` and ``shuffle``.

        Args:
            epoch: the number; without this call all epochs have the same order.
        """
        if self._by_process is not None:
            self._by_process.set_epoch(epoch)
