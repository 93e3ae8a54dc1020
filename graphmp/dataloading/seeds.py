"""Seeds of a loader: their order, and their shards for several processes."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphRuntimeError, GraphValueError


class Seeds:
    """Seeds of one or several types, concatenated.

    Args:
        seeds: a tensor, or a dict of tensors by type.

    Raises:
        GraphValueError: no seeds.
    """

    def __init__(self, seeds: Any) -> None:
        self._types = list(seeds) if isinstance(seeds, _checks.AnyMapping) else None
        parts = list(seeds.values()) if isinstance(seeds, _checks.AnyMapping) else [seeds]
        if sum(map(len, parts)) == 0:
            raise GraphValueError("Expected at least one seed, got none.")
        self._all = parts[0] if len(parts) == 1 else torch.cat(parts)
        self._ends = torch.tensor([len(part) for part in parts], device="cpu").cumsum(0)

    def __len__(self) -> int:
        return len(self._all)

    def take(self, positions: Tensor) -> Any:
        """The seeds at some positions, in that order: a tensor, or a dict of tensors by type."""
        seeds = self._all[positions.to(self._all.device)]
        if self._types is None:
            return seeds
        types = torch.bucketize(positions, self._ends, right=True)
        return {
            self._types[number]: seeds[(types == number).to(seeds.device)]
            for number in torch.unique(types).tolist()
        }


class Shard(NamedTuple):
    """One process's shard of the seeds.

    Attributes:
        rank: the rank of the process.
        world_size: the number of processes.
    """

    rank: int = 0
    world_size: int = 1

    @classmethod
    def of_process(cls) -> Shard:
        """The shard of this process in torch's default group.

        Raises:
            GraphRuntimeError: there is no group.
        """
        import torch.distributed as dist

        if not dist.is_available() or not dist.is_initialized():
            raise GraphRuntimeError(
                "Expected a process group of torch.distributed for use_ddp=True, got none; call "
                "torch.distributed.init_process_group first."
            )
        return cls(dist.get_rank(), dist.get_world_size())

    def size(self, total: int, drop_last: bool) -> int:
        """The number of seeds of each process, of ``total`` seeds."""
        return total // self.world_size if drop_last else -(-total // self.world_size)

    def select(self, order: Tensor, drop_last: bool) -> Tensor:
        """The elements of this process, as many as of every other.

        Args:
            order: all positions of seeds.
            drop_last: whether to drop the last elements if the number is not divisible by the
                number of processes; else the first are repeated.
        """
        if self.world_size == 1:
            return order
        size = self.size(len(order), drop_last) * self.world_size
        repeated = torch.arange(size, device="cpu") % max(len(order), 1)
        return order[repeated[self.rank :: self.world_size]]
