"""The names of ``dgl.utils`` that number and select ids."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["Filter", "build_relabel_dict", "compensate", "make_invmap", "relabel", "to_nbits_int"]


class Filter:
    """Tells ids of a set from others.

    Args:
        ids: (n,), the ids of the set.
    """

    def __init__(self, ids: Tensor) -> None:
        self._ids = ids

    def find_included_indices(self, test: Tensor) -> Tensor:
        """The positions of the ids that are in the set."""
        return torch.isin(test, self._ids).nonzero().reshape(-1).to(test.dtype)

    def find_excluded_indices(self, test: Tensor) -> Tensor:
        """The positions of the ids that are not in the set."""
        return torch.isin(test, self._ids, invert=True).nonzero().reshape(-1).to(test.dtype)


def compensate(ids: Tensor, origin_ids: Tensor) -> Tensor:
    """The ids that are not among others.

    Args:
        ids: (n,), ids of ``origin_ids``.
        origin_ids: (m,), ascending.

    Returns:
        The other ids, ascending.
    """
    return origin_ids[~torch.isin(origin_ids, ids)]


def relabel(x: Tensor) -> tuple[Tensor, Tensor]:
    """Number ids from 0, in ascending order.

    Args:
        x: (n,), ids.

    Returns:
        The ids by new number, and the new numbers by id, 0 where an id does not occur.
    """
    ids, numbers = torch.unique(x), torch.zeros(int(x.max()) + 1, dtype=x.dtype, device=x.device)
    numbers[ids.long()] = torch.arange(len(ids), dtype=x.dtype, device=x.device)
    return ids, numbers


def build_relabel_dict(x: Iterable[Any]) -> dict[Any, int]:
    """The position of each id in a list."""
    return {each: position for position, each in enumerate(x)}


def make_invmap(array: Any, use_numpy: bool = True) -> tuple[Any, dict[Any, int], Any]:
    """Number the different elements of an array.

    Args:
        array: the elements.
        use_numpy: whether the numbers follow the order of the elements; else they follow none.

    Returns:
        The different elements, their numbers in a dict, and the number of each element.
    """
    elements = np.unique(array) if use_numpy else list(set(array))
    numbers = build_relabel_dict(elements)
    return elements, numbers, np.asarray([numbers[each] for each in array])


def to_nbits_int(tensor: Tensor, nbits: int) -> Tensor:
    """Integers of 32 or 64 bits."""
    return tensor.to({32: torch.int32, 64: torch.int64}[nbits])
