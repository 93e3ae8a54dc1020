"""DataLoader: batches of seeds, sampled by threads during training."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from .. import _checks, random
from .._graph.shown import Shown
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError
from ..graph import Graph
from .prefetch import Prefetcher, Sequential, Settings
from .sampler import Sampler, check_sampler
from .seeds import Seeds, Shard
from .transfer import Transfer


class DataLoader(Shown):
    """Iterates over batches of seeds, each sampled by a sampler.

    Workers are threads: the sampling kernels release the interpreter's lock, and nothing is copied
    between processes. Sampling, gathering of prefetched features, and transfer to the device run
    while the model trains.

    Each epoch draws one random key from torch's generator, in the thread that iterates; the order
    and all batches depend on the key alone. So batches are the same for any number of workers, and
    ``torch.manual_seed`` reproduces them. A custom sampler must use :mod:`graphmp.sampling` or
    :func:`graphmp.random.generator` for that, as all threads share torch's default generator. With
    workers, an epoch uses the fields that the graph has at its start.

    An exception in a sampler is raised when its batch is requested. Leaving the loop ends the
    threads.

    Args:
        graph: the graph to sample, not a block.
        indices: seeds: a tensor of the graph's id type, a list, an array or a bool mask; with
            several types a dict by node type, or by edge type for a sampler of seed edges.
        graph_sampler: samples a batch for some seeds; see :class:`Sampler`.
        device: the device of the batches; the graph's device by default. Copies to a GPU run on
            the stream that is current where the loop starts.
        use_ddp: whether each process of ``torch.distributed`` gets its own shard of the seeds, all
            of the same size: the first seeds are repeated if the number is not divisible.
        ddp_seed: the random seed of the order, together with the number of the epoch, for
            ``use_ddp`` and ``shuffle``; it must be the same in all processes.
        batch_size: the number of seeds of a batch.
        drop_last: whether to drop the last batch if it is smaller, and with ``use_ddp`` the last
            seeds if their number is not divisible.
        shuffle: whether each epoch has a new random order.
        use_prefetch_thread: with ``num_workers=0``, whether to sample in a thread.
        use_alternate_streams: ignored; for compatibility with DGL.
        pin_prefetcher: ignored; for compatibility with DGL.
        use_uva: only for batches on a GPU; workers gather the features on the CPU.
        gpu_cache: not supported; None.
        num_workers: the number of sampling threads; with 0 the thread that iterates samples.
        pin_memory: ignored; for compatibility with torch.
        persistent_workers: ignored; for compatibility with torch.
        worker_init_fn: called in each thread with its number when it starts.
        prefetch_factor: the number of batches that each worker samples in advance; 2 by default.
        timeout: seconds after which a missing batch is an error; 0 for no timeout.
        generator: the generator for the key of an epoch; torch's default generator by default.

    Raises:
        GraphIndexError: a seed id out of range.
        GraphKeyError: an unknown type of seeds.
        GraphRuntimeError: ``use_ddp`` without a process group, ``use_uva`` without a GPU.
        GraphTypeError: not a graph, not a sampler, seeds of another id type, other arguments of the
            wrong kind.
        GraphValueError: a block, no seeds, a batch size of 0, a negative timeout.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> g.ndata["x"] = torch.arange(4.0)
        >>> sampler = gm.dataloading.NeighborSampler([1, 1], prefetch_node_feats=["x"])
        >>> loader = gm.dataloading.DataLoader(g, [0, 2, 3], sampler, batch_size=2, num_workers=1)
        >>> for input_nodes, output_nodes, blocks in loader:
        ...     print(input_nodes, blocks[0].srcdata["x"], output_nodes)
        tensor([0, 2, 3, 1]) tensor([0., 2., 3., 1.]) tensor([0, 2])
        tensor([3, 2, 1]) tensor([3., 2., 1.]) tensor([3])
    """

    def __init__(
        self,
        graph: Graph,
        indices: Any,
        graph_sampler: Any,
        device: Any = None,
        use_ddp: bool = False,
        ddp_seed: int = 0,
        batch_size: int = 1,
        drop_last: bool = False,
        shuffle: bool = False,
        use_prefetch_thread: bool | None = None,
        use_alternate_streams: bool | None = None,
        pin_prefetcher: bool | None = None,
        use_uva: bool = False,
        gpu_cache: Any = None,
        num_workers: int = 0,
        pin_memory: bool = False,
        persistent_workers: bool = False,
        worker_init_fn: Callable[[int], Any] | None = None,
        prefetch_factor: int | None = None,
        timeout: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> None:
        _check_parts(graph, graph_sampler)
        self.graph, self.indices, self.graph_sampler = graph, indices, graph_sampler
        self.device: torch.device = graph.device if device is None else _checks.device(device)
        _check_gpu(self.device, use_uva, gpu_cache)
        self.use_ddp, self.ddp_seed = use_ddp, _checks.count(ddp_seed, "ddp_seed")
        self.batch_size = _checks.positive(batch_size, "batch_size")
        self.drop_last, self.shuffle = drop_last, shuffle
        self.use_prefetch_thread, self.use_uva = use_prefetch_thread, use_uva
        self.use_alternate_streams, self.pin_prefetcher = use_alternate_streams, pin_prefetcher
        self.num_workers = _checks.count(num_workers, "num_workers")
        self.pin_memory, self.persistent_workers = pin_memory, persistent_workers
        _check_workers(worker_init_fn, generator, timeout)
        self.worker_init_fn, self.generator, self.timeout = worker_init_fn, generator, timeout
        self.prefetch_factor = _checks.positive(
            2 if prefetch_factor is None else prefetch_factor, "prefetch_factor"
        )
        self._epoch = 0
        self._attached: dict[str, Tensor] = {}
        self._shard()
        check = getattr(graph_sampler, "check_seeds", Sampler().check_seeds)
        self._seeds = Seeds(check(graph, indices))

    def __len__(self) -> int:
        """The number of batches of an epoch, in this process."""
        seeds = self._shard().size(len(self._seeds), self.drop_last)
        return seeds // self.batch_size if self.drop_last else -(-seeds // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        threads = self.num_workers or int(bool(self.use_prefetch_thread))
        job = self._job(self.graph.local_var() if threads else self.graph)
        if threads == 0:
            return Sequential(job, len(self))
        prefetch = threads * self.prefetch_factor
        settings = Settings(threads, prefetch, self.worker_init_fn, self.timeout)
        return Prefetcher(job, len(self), settings)

    def _settings(self) -> dict[str, str]:
        """The arguments that a loader shows: also the usual batch size, and how many batches."""
        settings = {**super()._settings(), "batch_size": str(self.batch_size)}
        if not self.num_workers:
            del settings["prefetch_factor"]
        return settings if self.use_ddp else {**settings, "batches": f"{len(self):,}"}

    def set_epoch(self, epoch: int) -> None:
        """Set the number of the next epoch, for its order with ``use_ddp`` and ``shuffle``.

        Epochs are counted automatically; call this to resume from a checkpoint.

        Args:
            epoch: the number.
        """
        self._epoch = _checks.count(epoch, "epoch")

    def attach_data(self, name: str, data: Any) -> None:
        """Name data that is no feature of the graph.

        A sampler may then return ``LazyFeature(name, ids)`` anywhere in a batch, which becomes the
        rows ``data[ids]`` on the batch's device; a worker gathers them.

        Args:
            name: the name.
            data: (N, …) a tensor or array.

        Example:
            >>> import torch, graphmp as gm
            >>> class Pairs(gm.dataloading.Sampler):
            ...     def sample(self, g, indices):
            ...         return g.in_degrees(indices), gm.LazyFeature("year", indices)
            >>> g = gm.graph(([0, 1, 2], [1, 2, 2]))
            >>> loader = gm.dataloading.DataLoader(g, [2, 1], Pairs(), batch_size=2)
            >>> loader.attach_data("year", torch.tensor([1999, 2007, 2013]))
            >>> next(iter(loader))
            (tensor([2, 1]), tensor([2013, 2007]))
        """
        self._attached[name] = torch.as_tensor(data)

    def enable_cpu_affinity(
        self,
        loader_cores: Any = None,  # noqa: ARG002
        compute_cores: Any = None,  # noqa: ARG002
        verbose: bool = True,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Do nothing; for compatibility with DGL, whose workers are processes.

        Args:
            loader_cores: ignored.
            compute_cores: ignored.
            verbose: ignored.
        """
        return nullcontext()

    def _job(self, graph: Graph) -> Callable[[int], Any]:
        """The function that samples the batches of a new epoch."""
        key = _key(self.generator)
        shard = self._shard()
        order = shard.select(self._order(key), self.drop_last)
        seeds, size, sampler = self._seeds, self.batch_size, self.graph_sampler
        transfer = Transfer(self.device, dict(self._attached))

        def job(number: int) -> Any:
            positions = order[number * size : (number + 1) * size]
            with random.stream(key, shard.rank, number):
                batch = sampler.sample(graph, seeds.take(positions))
            return transfer(batch)

        return job

    def _order(self, key: int) -> Tensor:
        """The positions of all seeds, in the order of the next epoch."""
        if not self.shuffle:
            return torch.arange(len(self._seeds), device="cpu")
        seed = random.mixed(self.ddp_seed, self._epoch) if self.use_ddp else random.mixed(key, 0)
        self._epoch += 1
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randperm(len(self._seeds), generator=generator, device="cpu")

    def _shard(self) -> Shard:
        return Shard.of_process() if self.use_ddp else Shard()


def _key(generator: torch.Generator | None) -> int:
    if generator is None:
        return random.key()
    return int(torch.randint(2**63 - 1, (), generator=generator, device="cpu"))


def _check_parts(graph: Any, sampler: Any) -> None:
    if not isinstance(graph, Graph):
        raise GraphTypeError(f"Expected a graph to sample from, got {_checks.kind(graph)}.")
    if graph.is_block:
        raise GraphValueError(
            "Expected a graph that is not a block, got a block; pass the graph that it was sampled "
            "from."
        )
    check_sampler(sampler)


def _check_workers(init: Any, generator: Any, timeout: Any) -> None:
    if init is not None and not callable(init):
        raise GraphTypeError(
            "Expected worker_init_fn to be a function of the number of a worker, got "
            f"{_checks.kind(init)}."
        )
    if generator is not None and not isinstance(generator, torch.Generator):
        raise GraphTypeError(
            f"Expected generator to be a torch.Generator, got {_checks.kind(generator)}; for a "
            "seed, pass torch.Generator().manual_seed(seed)."
        )
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise GraphTypeError(
            f"Expected timeout to be a number of seconds, got {_checks.kind(timeout)}."
        )
    if not timeout >= 0:
        raise GraphValueError(f"Expected timeout to be 0, for none, or positive, got {timeout}.")


def _check_gpu(device: torch.device, use_uva: bool, gpu_cache: Any) -> None:
    if use_uva and device.type != "cuda":
        raise GraphRuntimeError(
            f"Expected a GPU as the device for use_uva=True, got {device}; omit use_uva, or pass a "
            "device such as 'cuda'."
        )
    if gpu_cache:
        raise GraphValueError(
            "gpu_cache is not supported; omit it, or store the features on the GPU and index them "
            "by input_nodes."
        )
