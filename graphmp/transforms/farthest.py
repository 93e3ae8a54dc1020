"""Points that are far from each other, one after the other."""

from __future__ import annotations

import torch
from torch import Tensor

from .. import _checks, random
from ..errors import GraphIndexError, GraphValueError
from .points import checked_points


def farthest_point_sampler(pos: Tensor, npoints: int, start_idx: int | None = None) -> Tensor:
    """Choose points of each set, each the farthest from those before it.

    Distances are computed in float64. Of points that are as far, the smaller id is chosen.

    Args:
        pos: (B, N, D) the points of B sets.
        npoints: how many points to choose of each set, at most N.
        start_idx: the first point of every set; a random one of each by default, which
            ``torch.manual_seed`` repeats.

    Returns:
        (B, npoints) int64 ids of points within their set.

    Raises:
        GraphIndexError: ``start_idx`` is no id of a point.
        GraphTypeError: not a tensor, or numbers that are no ints.
        GraphValueError: another shape, points that are not finite, or more points than there are.

    Example:
        >>> import torch, graphmp as gm
        >>> pos = torch.tensor([[[0.0], [1.0], [5.0], [9.0]]])
        >>> gm.transforms.farthest_point_sampler(pos, 3, start_idx=0)
        tensor([[0, 3, 2]])
    """
    points = checked_points(pos, (3,)).double()
    sets, size = points.shape[:2]
    count = _checks.count(npoints, "npoints")
    if count > size:
        raise GraphValueError(f"Expected npoints to be at most {size}, the points, got {count}.")
    result = torch.empty(sets, count, dtype=torch.int64, device=pos.device)
    if result.numel() == 0:
        return result
    nearest = points.new_full((sets, size), torch.inf)
    each, chosen = torch.arange(sets, device=pos.device), _starts(start_idx, sets, size, pos.device)
    for step in range(count):
        result[:, step] = chosen
        distances = (points - points[each, chosen].unsqueeze(1)).square().sum(-1)
        nearest = torch.minimum(nearest, distances)
        nearest[each, chosen] = -1  # a chosen point is chosen once, also among equal points
        chosen = nearest.argmax(1)
    return result


def _starts(start: int | None, sets: int, size: int, device: torch.device) -> Tensor:
    """The first point of each set."""
    if start is None:
        generator = random.generator(device)
        return torch.randint(size, (sets,), generator=generator, device=device)
    first = _checks.integer(start, "start_idx")
    if not 0 <= first < size:
        raise GraphIndexError(f"Expected start_idx from 0 to {size - 1}, got {first}.")
    return torch.full((sets,), first, device=device)
