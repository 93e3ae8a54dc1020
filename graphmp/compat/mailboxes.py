"""The functions of ``dgl.nn.pytorch.conv.pnaconv`` on mailboxes.

A mailbox holds the messages of nodes of one degree: (nodes, degree, size).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from torch import Tensor

__all__ = [
    "AGGREGATORS",
    "SCALERS",
    "aggregate_max",
    "aggregate_mean",
    "aggregate_min",
    "aggregate_moment_3",
    "aggregate_moment_4",
    "aggregate_moment_5",
    "aggregate_std",
    "aggregate_sum",
    "aggregate_var",
    "scale_amplification",
    "scale_attenuation",
    "scale_identity",
]

_TINY = 1e-30  # roots of 0 have a derivative with it


def aggregate_mean(h: Tensor) -> Tensor:
    """The mean of a mailbox."""
    return h.mean(1)


def aggregate_sum(h: Tensor) -> Tensor:
    """The sum of a mailbox."""
    return h.sum(1)


def aggregate_max(h: Tensor) -> Tensor:
    """The maximum of a mailbox."""
    return h.amax(1)


def aggregate_min(h: Tensor) -> Tensor:
    """The minimum of a mailbox."""
    return h.amin(1)


def aggregate_var(h: Tensor) -> Tensor:
    """The variance of a mailbox."""
    return (h - h.mean(1, keepdim=True)).square().mean(1)


def aggregate_std(h: Tensor) -> Tensor:
    """The standard deviation of a mailbox."""
    return (aggregate_var(h) + _TINY).sqrt()


def _moment(h: Tensor, order: int) -> Tensor:
    """The root of a central moment, with the moment's sign."""
    moment = (h - h.mean(1, keepdim=True)).pow(order).mean(1)
    root: Tensor = moment.sign() * (moment.abs() + _TINY).pow(1 / order)
    return root


def aggregate_moment_3(h: Tensor) -> Tensor:
    """The root of the third central moment of a mailbox."""
    return _moment(h, 3)


def aggregate_moment_4(h: Tensor) -> Tensor:
    """The root of the fourth central moment of a mailbox."""
    return _moment(h, 4)


def aggregate_moment_5(h: Tensor) -> Tensor:
    """The root of the fifth central moment of a mailbox."""
    return _moment(h, 5)


def scale_identity(h: Tensor) -> Tensor:
    """The values as they are."""
    return h


def scale_amplification(h: Tensor, D: int, delta: float) -> Tensor:  # noqa: N803
    """The values times the logarithm of the degree."""
    return h * (math.log(D + 1) / delta)


def scale_attenuation(h: Tensor, D: int, delta: float) -> Tensor:  # noqa: N803
    """The values over the logarithm of the degree."""
    return h * (delta / math.log(D + 1))


AGGREGATORS: dict[str, Callable[[Tensor], Tensor]] = {
    "mean": aggregate_mean,
    "sum": aggregate_sum,
    "max": aggregate_max,
    "min": aggregate_min,
    "std": aggregate_std,
    "var": aggregate_var,
    "moment3": aggregate_moment_3,
    "moment4": aggregate_moment_4,
    "moment5": aggregate_moment_5,
}
SCALERS: dict[str, Callable[..., Tensor]] = {
    "identity": scale_identity,
    "amplification": scale_amplification,
    "attenuation": scale_attenuation,
}
