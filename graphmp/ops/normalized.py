"""Sums of the sources' features with a divisor for each source and each destination."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks, kernels
from .._storage.adjacency import Adjacency
from ..errors import GraphValueError
from ..kernels.contract import OTHER, Operand, accumulator
from ..kernels.plan import plan
from .broadcast import autocast, unsqueeze_like
from .formulas import AdjacencyRecord, Maybe
from .operation import Operation


def normalized_sum(
    graph: Any, feat: Tensor, left: Tensor | None = None, right: Tensor | None = None
) -> Tensor:
    r"""Sum the sources' features, with a divisor for each source and each destination.

    .. math:: y_v = \frac{1}{r_v} \sum_{u \in N(v)} \frac{x_u}{l_u}

    With the roots of degrees as divisors it is a step of :math:`D^{-1/2} A D^{-1/2}`; with
    in-degrees as ``right`` a mean. It takes as long as the sum alone, and so does its gradient.

    Args:
        graph: a graph of one edge type.
        feat: (num_src, \*feature).
        left: (num_src,) numbers other than 0, constants; None for 1.
        right: (num_dst,) numbers other than 0, constants; None for 1.

    Returns:
        (num_dst, \*feature) of the dtype of ``feat``; integers that are divided become the default
        float dtype. 0 where no edge enters.

    Raises:
        GraphTypeError: features or divisors that are not tensors.
        GraphValueError: a wrong number of rows, another device, divisors of another shape, or
            divisors that require a gradient.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> gm.ops.normalized_sum(g, torch.ones(3), left=torch.tensor([1.0, 2.0, 1.0]))
        tensor([0.0000, 0.0000, 1.5000])
    """
    adjacency = _checks.adjacency_of(graph)
    _checks.feature(feat, adjacency.num_src, adjacency.device, "feat", "source nodes")
    _check_divisor(adjacency, left, adjacency.num_src, "left")
    _check_divisor(adjacency, right, adjacency.num_dst, "right")
    return normalized_messages(adjacency, feat, left, right)


def normalized_messages(
    adjacency: Adjacency, feat: Tensor, left: Tensor | None, right: Tensor | None
) -> Tensor:
    """Compute a :func:`normalized_sum` of arguments that are already checked.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature).
        left: (num_src,) numbers other than 0, constants; None for 1.
        right: (num_dst,) numbers other than 0, constants; None for 1.

    Returns:
        (num_dst, *feature), as :func:`normalized_sum`.
    """
    if not (feat.is_floating_point() or feat.is_complex() or left is right is None):
        feat = feat.to(torch.get_default_dtype())
    feat = autocast(feat)
    dtype = accumulator(feat.dtype)
    left, right = _as_divisor(left, dtype), _as_divisor(right, dtype)
    return normalized(adjacency, feat, left, right)


def _check_divisor(adjacency: Adjacency, divisor: Tensor | None, rows: int, name: str) -> None:
    """Check a divisor."""
    if divisor is None:
        return
    owner = "source nodes" if name == "left" else "destination nodes"
    _checks.feature(divisor, rows, adjacency.device, name, owner)
    if divisor.ndim != 1:
        raise GraphValueError(
            f"{name}: expected one number for each of the {owner}, ({rows},), got shape "
            f"{tuple(divisor.shape)}."
        )
    if divisor.requires_grad:
        raise GraphValueError(
            f"{name}: expected constants, got a tensor that requires a gradient; pass "
            f"{name}.detach(), or divide the features themselves."
        )


def _as_divisor(divisor: Tensor | None, dtype: torch.dtype) -> Tensor | None:
    """A divisor as kernels read it."""
    if divisor is None:
        return None
    return (divisor if divisor.dtype == dtype else divisor.to(dtype)).contiguous()


def normalized(
    adjacency: Adjacency, feat: Tensor, left: Tensor | None, right: Tensor | None
) -> Tensor:
    """Sum ``feat[u] / left[u]`` over the edges of each destination, and divide by ``right``.

    The gradient is the same along the edges reversed, with the divisors exchanged: neither of them
    costs a pass over the features. No gradient reaches the divisors.

    Args:
        adjacency: the edges.
        feat: (num_src, *feature).
        left: (num_src,) in the accumulator's dtype, or None for 1.
        right: (num_dst,) in the accumulator's dtype, or None for 1.

    Returns:
        (num_dst, *feature); 0 where no edge enters.
    """
    return _NORMALIZED(AdjacencyRecord(adjacency), feat, left, right)  # type: ignore[no-any-return]


def divided(rows: Tensor, divisor: Tensor) -> Tensor:
    """Divide rows of features in the accumulator's dtype.

    Args:
        rows: (N, *feature).
        divisor: (N,) numbers other than 0. Integers, or at least float32, so that half precision
            rounds no degree.

    Returns:
        (N, *feature), in the dtype of ``rows`` if that is floating point.

    Example:
        >>> import torch
        >>> divided(torch.ones(2, 3), torch.tensor([1.0, 2.0]))
        tensor([[1.0000, 1.0000, 1.0000],
                [0.5000, 0.5000, 0.5000]])
    """
    by = unsqueeze_like(divisor, rows)
    quotient = rows.to(accumulator(rows.dtype)) / by
    return quotient.to(rows.dtype) if rows.is_floating_point() else quotient


def _summed(
    adjacency: Adjacency, feat: Tensor, left: Tensor | None, right: Tensor | None
) -> Tensor:
    """Run the kernel."""
    shape = tuple(feat.shape[1:])
    source, csr, by = Operand(feat, OTHER), adjacency.csc, False if right is None else right
    if left is None:
        features = plan(shape, (), shape)
        return kernels.spmm(csr, "copy", "sum", by, source, None, features)[0]
    narrow, factors = (1,) * len(shape), left.reciprocal()
    factors = factors if factors.dtype == feat.dtype else factors.to(feat.dtype)
    factor = Operand(factors.view(-1, *narrow), OTHER)
    features = plan(shape, narrow, shape)
    return kernels.spmm(csr, "mul", "sum", by, source, factor, features)[0]


class _Normalized(Operation):
    """A normalised sum, whose gradient is one along the edges reversed."""

    name, record, operands, num_saved = (
        "normalized_sum",
        AdjacencyRecord,
        ("feat", "left", "right"),
        2,
    )

    def run(
        self, call: AdjacencyRecord, trains: bool, feat: Tensor, left: Maybe, right: Maybe
    ) -> tuple[Tensor]:
        """Run the kernel."""
        return (_summed(call.adjacency, feat, left, right),)

    def fake(
        self, call: AdjacencyRecord, trains: bool, feat: Tensor, left: Maybe, right: Maybe
    ) -> tuple[Tensor]:
        """An empty result."""
        return (feat.new_empty(call.adjacency.num_dst, *feat.shape[1:]),)

    def saved_tensors(
        self, call: AdjacencyRecord, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The divisors."""
        return tuple(operands[1:])

    def gradients(
        self, call: AdjacencyRecord, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """A normalised sum with the divisors exchanged."""
        left, right = saved
        return normalized(call.adjacency.reversed, grads[0], right, left), None, None


_NORMALIZED = _Normalized()
