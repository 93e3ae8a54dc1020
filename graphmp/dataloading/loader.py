"""DataLoader: batches of seeds, sampled by threads while the model trains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from types import NoneType
from typing import Any

import torch
from torch import Tensor

from .. import _checks, random
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError
from ..graph import Graph
from .prefetch import Ahead, Settings, in_turn
from .sampler import Sampler, check_sampler
from .seeds import Seeds, Share
from .transfer import Transfer


class DataLoader:
    """Batches of seeds, each made into what a sampler gives.

    Workers are threads: the loops of sampling release the interpreter's lock, so nothing is copied
    to other processes. Sampling, the reading of the features that the sampler names, and the way to
    the device go on while the model trains.

    An epoch draws one key from torch's generator, in the thread that iterates; its order and all
    its batches follow from the key. So batches are the same for any number of workers, and
    ``torch.manual_seed`` repeats them. A sampler of one's own must draw from
    :mod:`graphmp.sampling` or ``graphmp.random.generator()`` for that: torch's own generator is one
    for all threads. With workers an epoch sees the fields that the graph had when it began.

    What a sampler raises is raised where its batch is asked for. Breaking the loop off ends the
    threads.

    Args:
        graph: what is sampled from; no block.
        indices: seeds: a tensor of the graph's id type, a list, an array or a bool mask; with
            several types a dict by node type, or by edge type for a sampler of edges.
        graph_sampler: makes a batch of some seeds; see :class:`Sampler`.
        device: where batches go; the graph's device unless given. Copies to a GPU are queued on the
            stream that is current where the loop starts.
        use_ddp: give each process of ``torch.distributed`` another part of the seeds, all of one
            size: the first seeds come a second time where they do not divide evenly.
        ddp_seed: what the order depends on, besides the number of the epoch, with ``use_ddp`` and
            ``shuffle``; the same in all processes.
        batch_size: how many seeds a batch has.
        drop_last: leave out the last batch if it is smaller, and with ``use_ddp`` the last seeds if
            they do not divide evenly.
        shuffle: go through the seeds in another order in each epoch.
        use_prefetch_thread: with ``num_workers=0``, sample in one thread of its own.
        use_alternate_streams: accepted for DGL's sake.
        pin_prefetcher: accepted for DGL's sake.
        use_uva: accepted where batches go to a GPU; features are then read on the CPU, by workers.
        gpu_cache: not there; None.
        num_workers: how many threads sample; with 0 the thread that iterates does.
        pin_memory: accepted for torch's sake.
        persistent_workers: accepted for torch's sake; threads start in no time.
        worker_init_fn: called in each thread, with its number, when it starts.
        prefetch_factor: how many batches for each worker are made ahead; 2 unless given.
        timeout: seconds after which a batch that has not come is an error; 0 for never.
        generator: where the key of an epoch is drawn from; torch's own generator unless given.

    Raises:
        GraphIndexError: a seed that is not there.
        GraphKeyError: an unknown type of seeds.
        GraphRuntimeError: ``use_ddp`` without a group of processes, ``use_uva`` without a GPU.
        GraphTypeError: no graph, no sampler, seeds of another id type, settings of another kind.
        GraphValueError: a block, no seed, a batch size of 0, a timeout below 0.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        >>> g.ndata["x"] = torch.arange(4.0)
        >>> sampler = gm.dataloading.NeighborSampler([1, 1], prefetch_node_feats=["x"])
        >>> loader = DataLoader(g, [0, 2, 3], sampler, batch_size=2, num_workers=1)
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
        self.batch_size = _positive(batch_size, "batch_size")
        self.drop_last, self.shuffle = drop_last, shuffle
        self.use_prefetch_thread, self.use_uva = use_prefetch_thread, use_uva
        self.use_alternate_streams, self.pin_prefetcher = use_alternate_streams, pin_prefetcher
        self.num_workers = _checks.count(num_workers, "num_workers")
        self.pin_memory, self.persistent_workers = pin_memory, persistent_workers
        _check_ways(worker_init_fn, generator, timeout)
        self.worker_init_fn, self.generator, self.timeout = worker_init_fn, generator, timeout
        self.prefetch_factor = _positive(
            2 if prefetch_factor is None else prefetch_factor, "prefetch_factor"
        )
        self._epoch = 0
        self._share()
        check = getattr(graph_sampler, "check_seeds", Sampler().check_seeds)
        self._seeds = Seeds(check(graph, indices))

    def __len__(self) -> int:
        """The number of batches of an epoch, in this process."""
        seeds = self._share().size(len(self._seeds), self.drop_last)
        return seeds // self.batch_size if self.drop_last else -(-seeds // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        threads = self.num_workers or int(bool(self.use_prefetch_thread))
        job = self._job(self.graph.local_var() if threads else self.graph)
        if threads == 0:
            return in_turn(job, len(self))
        depth = threads * self.prefetch_factor
        settings = Settings(threads, depth, self.worker_init_fn, self.timeout)
        return Ahead(job, len(self), settings)

    def set_epoch(self, epoch: int) -> None:
        """Choose the order of the next epoch, with ``use_ddp`` and ``shuffle``.

        Epochs are counted by themselves; a program that goes on from a checkpoint says where.

        Args:
            epoch: its number.
        """
        self._epoch = _checks.count(epoch, "epoch")

    def enable_cpu_affinity(
        self,
        loader_cores: Any = None,  # noqa: ARG002
        compute_cores: Any = None,  # noqa: ARG002
        verbose: bool = True,  # noqa: ARG002
    ) -> AbstractContextManager[None]:
        """Do nothing; here for DGL's sake, whose workers are processes that need cores.

        Args:
            loader_cores: not used.
            compute_cores: not used.
            verbose: not used.
        """
        return nullcontext()

    def _job(self, graph: Graph) -> Callable[[int], Any]:
        """What makes the batches of a new epoch."""
        key = _key(self.generator)
        share = self._share()
        order = share.places(self._order(key), self.drop_last)
        seeds, size, sampler = self._seeds, self.batch_size, self.graph_sampler
        transfer = Transfer(self.device)

        def job(number: int) -> Any:
            places = order[number * size : (number + 1) * size]
            with random.stream(key, share.rank, number):
                batch = sampler.sample(graph, seeds.take(places))
            return transfer(batch)

        return job

    def _order(self, key: int) -> Tensor:
        """All places of seeds, in the order of the next epoch."""
        if not self.shuffle:
            return torch.arange(len(self._seeds))
        seed = random.mixed(self.ddp_seed, self._epoch) if self.use_ddp else random.mixed(key, 0)
        self._epoch += 1
        generator = torch.Generator("cpu").manual_seed(seed)
        return torch.randperm(len(self._seeds), generator=generator, device="cpu")

    def _share(self) -> Share:
        return Share.of_process() if self.use_ddp else Share()


def _key(generator: torch.Generator | None) -> int:
    if generator is None:
        return random.key()
    return int(torch.randint(2**63 - 1, (), generator=generator, device="cpu"))


def _check_parts(graph: Any, sampler: Any) -> None:
    if not isinstance(graph, Graph):
        raise GraphTypeError(f"A graph to sample from is wanted, but {_checks.kind(graph)} came.")
    if graph.is_block:
        raise GraphValueError("A block cannot be sampled from: give the graph it came from.")
    check_sampler(sampler)


def _check_ways(start: Any, generator: Any, timeout: Any) -> None:
    if start is not None and not callable(start):
        raise GraphTypeError(
            "worker_init_fn is a function of the number of a worker, but "
            f"{_checks.kind(start)} came."
        )
    if not isinstance(generator, (torch.Generator, NoneType)):
        raise GraphTypeError(
            f"generator is a torch.Generator, but {_checks.kind(generator)} came: for a seed give "
            "torch.Generator().manual_seed(seed)."
        )
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)):
        raise GraphTypeError(f"timeout is a number of seconds, but {_checks.kind(timeout)} came.")
    if not timeout >= 0:
        raise GraphValueError(f"timeout must be 0, for never, or more, but {timeout} came.")


def _check_gpu(device: torch.device, use_uva: bool, gpu_cache: Any) -> None:
    if use_uva and device.type != "cuda":
        raise GraphRuntimeError(
            f"use_uva=True is for batches that go to a GPU, but they go to {device}: leave it out, "
            "or name a device such as 'cuda'."
        )
    if gpu_cache:
        raise GraphValueError(
            "gpu_cache is not there: leave it out, or keep the features on the GPU and index them "
            "by input_nodes."
        )


def _positive(value: Any, what: str) -> int:
    if _checks.count(value, what) == 0:
        raise GraphValueError(f"{what} must be at least 1, but 0 came.")
    return int(value)
