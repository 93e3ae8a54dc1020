"""Both gradients of a weighted sum, in one pass over the features.

A weighted sum multiplies features of nodes with one weight for each edge and head.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.compiler import is_compiling

from .. import kernels
from .._storage.adjacency import Adjacency
from ..kernels.plan import plan
from .formulas import Maybe
from .operation import Operation


class Product(NamedTuple):
    """A weighted sum: node features times edge weights, summed at the other ends.

    Attributes:
        adjacency: the edges.
        end: ``"u"`` or ``"v"``, where the features lie.
    """

    adjacency: Adjacency
    end: str


class ProductGradient(Operation):
    """Both gradients of a weighted sum.

    Args:
        contract: :func:`graphmp.ops.spmm.contract`, which computes the second derivatives.
    """

    name, record, operands, num_saved = (
        "product_gradient",
        Product,
        ("feat", "weight", "upstream"),
        3,
    )
    results, visible = ("of_feat", "of_weight"), 2

    def __init__(self, contract: Callable[..., Tensor]) -> None:
        self._contract = contract
        super().__init__()

    def of(self, call: Any, grad: Tensor, lhs: Any, rhs: Any) -> tuple[Tensor, Tensor] | None:
        """Both gradients of a contraction, in the order of its operands; None if it does not apply.

        Args:
            call: the :class:`~graphmp.ops.spmm.Contraction`, a sum of products.
            grad: the gradient of its result.
            lhs: its left operand.
            rhs: its right operand.
        """
        is_turned = call.lhs == "e"
        end, other = (call.rhs, call.lhs) if is_turned else (call.lhs, call.rhs)
        if {end, other, call.to} != {"u", "v", "e"} or call.to == "e" or grad.is_complex():
            return None
        if is_compiling():  # the layout of features is read from tensors
            return None
        feat, weight = (rhs, lhs) if is_turned else (lhs, rhs)
        features = plan(tuple(feat.shape[1:]), tuple(weight.shape[1:]), call.out_shape)
        if features.width == 0 or features.wide != (True, False, True):
            return None
        of_feat, of_weight = self(Product(call.adjacency, end), feat, weight, grad)
        return (of_weight, of_feat) if is_turned else (of_feat, of_weight)

    def run(
        self, call: Product, trains: bool, feat: Tensor, weight: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Run the kernel."""
        csr = call.adjacency.csr if call.end == "u" else call.adjacency.csc
        rows = [
            operand.detach().contiguous().view(len(operand), operand.shape[1:].numel())
            for operand in (feat, weight, upstream)
        ]
        of_feat, of_weight = kernels.product_gradient(csr, *rows)
        return of_feat.view(feat.shape), of_weight.view(weight.shape)

    def fake(
        self, call: Product, trains: bool, feat: Tensor, weight: Tensor, upstream: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Empty results."""
        return feat.new_empty(feat.shape), weight.new_empty(weight.shape)

    def needs_csr(self, call: Product) -> bool:
        """Whether the features are those of sources."""
        return call.end == "u"

    def saved_tensors(
        self, call: Product, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """All operands: the gradient of each reads the others."""
        return tuple(operands)

    def gradients(
        self, call: Product, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Weighted sums again."""
        feat, weight, upstream = saved
        to_feat, to_weight = (
            torch.zeros_like(x) if grad is None else grad
            for x, grad in zip((feat, weight), grads, strict=True)
        )
        shape, number = tuple(feat.shape[1:]), tuple(weight.shape[1:])

        def summed(to: str, left: Tensor, right: Tensor, ends: tuple[str, str]) -> Tensor:
            out_shape = number if to == "e" else shape
            return self._contract(call.adjacency, to, "mul", left, right, ends, out_shape)

        node, other = call.end, "v" if call.end == "u" else "u"
        back = (node, "e")
        return (
            summed(node, upstream, to_weight, (other, "e")) if needs[0] else None,
            summed("e", to_feat, upstream, (node, other)) if needs[1] else None,
            summed(other, to_feat, weight, back) + summed(other, feat, to_weight, back)
            if needs[2]
            else None,
        )
