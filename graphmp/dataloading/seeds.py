"""Seeds: what a loader goes through, in which order, and what of it falls to a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..errors import GraphRuntimeError, GraphValueError


class Seeds:
    """Seeds of one or several types, one after the other.

    Args:
        given: a tensor, or a dict of tensors by type.

    Raises:
        GraphValueError: no seed.
    """

    def __init__(self, given: Any) -> None:
        self._types = list(given) if isinstance(given, Mapping) else None
        parts = list(given.values()) if isinstance(given, Mapping) else [given]
        if sum(map(len, parts)) == 0:
            raise GraphValueError("At least one seed is wanted, but none came.")
        self._all = parts[0] if len(parts) == 1 else torch.cat(parts)
        self._ends = torch.tensor([len(part) for part in parts]).cumsum(0)

    def __len__(self) -> int:
        return len(self._all)

    def take(self, places: Tensor) -> Any:
        """The seeds at some places, in that order: a tensor, or a dict of the types among them."""
        seeds = self._all[places.to(self._all.device)]
        if self._types is None:
            return seeds
        numbers = torch.bucketize(places, self._ends, right=True)
        return {
            self._types[number]: seeds[(numbers == number).to(seeds.device)]
            for number in torch.unique(numbers).tolist()
        }


class Share(NamedTuple):
    """Which of several processes takes part in what a loader goes through.

    Attributes:
        rank: the number of this process.
        of: how many there are.
    """

    rank: int = 0
    of: int = 1

    @classmethod
    def of_process(cls) -> Share:
        """The share of this process in torch's default group.

        Raises:
            GraphRuntimeError: there is no group.
        """
        import torch.distributed as dist

        if not dist.is_available() or not dist.is_initialized():
            raise GraphRuntimeError(
                "use_ddp=True divides the seeds among the processes of torch.distributed, but "
                "there are none: call torch.distributed.init_process_group first."
            )
        return cls(dist.get_rank(), dist.get_world_size())

    def size(self, total: int, drop_last: bool) -> int:
        """How many of ``total`` places fall to each process."""
        return total // self.of if drop_last else -(-total // self.of)

    def places(self, order: Tensor, drop_last: bool) -> Tensor:
        """The places that fall to this process: as many as to every other.

        Args:
            order: all places.
            drop_last: leave the last out where they do not divide evenly; else the first come a
                second time.
        """
        if self.of == 1:
            return order
        size = self.size(len(order), drop_last) * self.of
        repeated = torch.arange(size) % max(len(order), 1)
        return order[repeated[self.rank :: self.of]]
