"""The parts of DGL's loader from which programs build their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from .._graph.frames import Frames
from .._storage.frame import Frame, Pending
from ..dataloading.seeds import Seeds, Shard
from ..graph import Graph
from .containers import recursive_apply

__all__ = [
    "CollateWrapper",
    "DDPTensorizedDataset",
    "TensorizedDataset",
    "WorkerInitWrapper",
    "create_tensorized_dataset",
    "remove_parent_storage_columns",
    "restore_parent_storage_columns",
]

_ROWS = "_rows_of_"  # begins the name of a column of row numbers, in place of the rows


class TensorizedDataset(IterableDataset[Any]):
    """Seeds in batches, each a tensor or a dict of tensors; workers of torch's loader share them.

    Args:
        indices: a tensor, or a dict of tensors by type.
        batch_size: seeds of a batch.
        drop_last: leave out a last batch that is smaller.
        shuffle: whether a loader calls :meth:`shuffle` before each epoch.
        use_shared_memory: keep the order in memory that workers share, so that workers of several
            epochs see a new order.

    Raises:
        GraphValueError: no seeds.
    """

    def __init__(
        self,
        indices: Any,
        batch_size: int,
        drop_last: bool,
        shuffle: bool,
        use_shared_memory: bool,
    ) -> None:
        self._seeds = Seeds(indices)
        self.batch_size, self.drop_last, self._shuffle = batch_size, drop_last, shuffle
        self._local = torch.arange(len(self._seeds))
        self._indices = self._local.clone()
        if use_shared_memory:
            self._indices.share_memory_()  # type: ignore[no-untyped-call]

    def shuffle(self) -> None:
        """Draw a new order, from torch's generator."""
        order = self._local[torch.randperm(len(self._local))]
        self._indices.copy_(_padded(order, len(self._indices)))

    def __iter__(self) -> Iterator[Any]:
        return map(self._seeds.take, self._batches())

    def __len__(self) -> int:
        """The number of batches of all workers."""
        more = 0 if self.drop_last else self.batch_size - 1
        return (len(self._indices) + more) // self.batch_size

    def _batches(self) -> tuple[Tensor, ...]:
        """The positions of each batch of this worker."""
        batches = torch.split(self._indices, self.batch_size)[: len(self)]
        worker = get_worker_info()
        if worker is None:
            return batches
        least, more = divmod(len(batches), worker.num_workers)
        start = least * worker.id + min(more, worker.id)
        return batches[start : start + least + (worker.id < more)]


class DDPTensorizedDataset(TensorizedDataset):
    """The seeds of one process of torch's default group, in batches.

    Each process has as many; without ``drop_last`` some seeds are repeated for that.

    Args:
        indices: the seeds of all processes: a tensor, or a dict of tensors by type.
        batch_size: seeds of a batch.
        drop_last: leave out seeds that would need repeated ones, and a smaller last batch.
        ddp_seed: for compatibility with DGL; each process shuffles its own seeds.
        shuffle: whether a loader calls ``shuffle`` before each epoch.

    Raises:
        GraphRuntimeError: there is no group.
        GraphValueError: no seeds.
    """

    def __init__(
        self, indices: Any, batch_size: int, drop_last: bool, ddp_seed: int, shuffle: bool
    ) -> None:
        super().__init__(indices, batch_size, drop_last, shuffle, use_shared_memory=False)
        shard = Shard.of_process()
        self.rank, self.num_replicas, self.seed = shard.rank, shard.world_size, ddp_seed
        self.num_samples = shard.size(len(self._seeds), drop_last)
        start = self.rank * self.num_samples
        own = self._local[start : start + self.num_samples]
        self._local = own if len(own) else self._local
        self._indices = _padded(self._local, self.num_samples)
        self._indices.share_memory_()  # type: ignore[no-untyped-call]


def _padded(order: Tensor, size: int) -> Tensor:
    """The first ``size`` of a tensor that is repeated as often as needed."""
    return order[torch.arange(size) % max(len(order), 1)]


def create_tensorized_dataset(
    indices: Any,
    batch_size: int,
    drop_last: bool,
    use_ddp: bool,
    ddp_seed: int,
    shuffle: bool,
    use_shared_memory: bool,
) -> TensorizedDataset:
    """Seeds in batches: a :class:`DDPTensorizedDataset` if ``use_ddp``, else of one process."""
    if use_ddp:
        return DDPTensorizedDataset(indices, batch_size, drop_last, ddp_seed, shuffle)
    return TensorizedDataset(indices, batch_size, drop_last, shuffle, use_shared_memory)


def remove_parent_storage_columns(item: Any, g: Any) -> Any:
    """Replace what a sampled graph still has to read from a graph by the numbers of its rows.

    A worker sends these to another process, which calls :func:`restore_parent_storage_columns`.

    Args:
        item: a graph sampled from ``g``, changed in place; anything else stays as it is.
        g: a graph, or anything else.

    Returns:
        ``item``.
    """
    for frame, parent in _pairs_of_frames(item, g):
        for name, column in list(frame._columns.items()):
            source = parent._columns.get(name)
            if isinstance(column, Pending) and column.source is source:
                frame.put({_ROWS + name: column.rows.to(frame.device)})
                del frame[name]
    return item


def restore_parent_storage_columns(item: Any, g: Any) -> Any:
    """Undo :func:`remove_parent_storage_columns`.

    Args:
        item: a graph, changed in place; anything else stays as it is.
        g: the graph that it was sampled from.

    Returns:
        ``item``.

    Raises:
        GraphKeyError: ``g`` has lost a feature.
    """
    for frame, parent in _pairs_of_frames(item, g):
        for name in [name for name in frame if name.startswith(_ROWS)]:
            rows, feature = frame[name], name.removeprefix(_ROWS)
            frame.defer(feature, parent[feature], rows.to(parent.device))
            del frame[name]
    return item


def _pairs_of_frames(item: Any, g: Any) -> Iterator[tuple[Frame, Frame]]:
    """The frames of each type of a sampled graph, and those of the graph itself."""
    if not isinstance(item, Graph) or not isinstance(g, Graph):
        return
    own: Frames = item._frames
    nodes = own.src.items() if own.dst is own.src else chain(own.src.items(), own.dst.items())
    yield from ((frame, g._frames.src[t]) for t, frame in nodes if t in g._frames.src)
    yield from ((frame, g._frames.edge[t]) for t, frame in own.edge.items() if t in g._frames.edge)


class CollateWrapper:
    """Samples a batch in a worker of torch's loader.

    Args:
        sample_func: called with the graph and the seeds, as ``sampler.sample``.
        g: the graph.
        use_uva: whether seeds move to the device first, as they do if the graph is on a GPU.
        device: the device.
    """

    def __init__(
        self, sample_func: Callable[[Any, Any], Any], g: Any, use_uva: bool, device: Any
    ) -> None:
        self.sample_func, self.g, self.use_uva, self.device = sample_func, g, use_uva, device

    def __call__(self, items: Any) -> Any:
        """The batch of some seeds, without the features that it has still to read."""
        if self.use_uva or getattr(self.g, "device", None) != torch.device("cpu"):
            items = recursive_apply(items, lambda each: each.to(self.device))
        batch = self.sample_func(self.g, items)
        return recursive_apply(batch, remove_parent_storage_columns, self.g)


class WorkerInitWrapper:
    """Lets a worker of torch's loader use one thread.

    Args:
        func: called with the worker's number then; or None.
    """

    def __init__(self, func: Callable[[int], Any] | None) -> None:
        self.func = func

    def __call__(self, worker_id: int) -> None:
        """Prepare the worker."""
        torch.set_num_threads(1)
        if self.func is not None:
            self.func(worker_id)
