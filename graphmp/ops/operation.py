"""Operation: a differentiable operation, written once, in every form that torch needs.

- Eager mode calls :meth:`Operation.run`, through a classic ``autograd.Function`` if a gradient is
  recorded: the form with the least overhead.
- A compiled or exported program calls the operator ``graphmp::<name>``. It takes tensors and
  constants, and reads the numbers of rows from the tensors: one program serves every size.
  Its gradient is another such operator.
- Under a transform of ``torch.func`` a function with ``setup_context`` is called.

All of them run the same formulas.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling

from .._storage.adjacency import Adjacency
from .formulas import Formulas, Maybe
from .torch_operator import define

# New in torch 2.7.
is_exporting = getattr(torch.compiler, "is_exporting", is_compiling)


class Operation(Formulas):
    """A differentiable operation; an instance is called with a record and operands.

    Attributes:
        recorded: the call in eager mode that records a gradient, with the same arguments.
    """

    def __init__(self) -> None:
        """Build every form."""
        self.recorded = _function(self)
        self._transformed = _transformed(self)
        self._operator = define(self)

    def __call__(self, call: Any, *operands: Any) -> Any:
        """Return the visible results: one, or a tuple of several."""
        if is_compiling():
            results = self._traced(call, operands)
        elif _are_functorch_transforms_active():
            results = self._transformed.apply(call, *operands)
        else:
            if torch.is_grad_enabled():
                for operand in operands:
                    if operand is not None and operand.requires_grad:
                        return self.recorded(call, *operands)
            results = self.run(call, False, *operands)
        return results[0] if self.visible == 1 else results[: self.visible]

    def _traced(self, call: Any, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Call the operator."""
        trains = torch.is_grad_enabled() and (
            is_exporting()  # an exported program may be called with operands that need a gradient
            or any(operand is not None and operand.requires_grad for operand in operands)
        )
        record = tuple(call)  # torch before 2.8 cannot slice a NamedTuple in a program
        if isinstance(record[0], Adjacency):
            adjacency, *rest = record
            csr = adjacency.csr if trains or self.needs_csr(call) else (None, None, None)
            record = (*adjacency.csc, *csr, *rest)
        results = self._operator(*record, trains, *operands)
        return results if isinstance(results, tuple) else (results,)


def _gradients(operation: Operation, ctx: Any, grads: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """The gradients of a function's arguments: the record and the operands."""
    for grad in grads:
        if grad is not None:
            needs = ctx.needs_input_grad[1:]
            return None, *operation.gradients(ctx.call, needs, ctx.saved_tensors, grads)
    return (None,) * (1 + len(operation.operands))


def _function(operation: Operation) -> Any:
    """The call of the classic function of eager mode."""
    visible = operation.visible

    class Eager(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, call: Any, *operands: Any) -> Any:
            # Kernels may return views in the shape of a feature; as data they may be changed in
            # place.
            results = [
                result if result is None or result._base is None else result.data
                for result in operation.run(call, True, *operands)
            ]
            ctx.call = call
            ctx.save_for_backward(
                *operation.saved_tensors(call, ctx.needs_input_grad[1:], operands, results)
            )
            ctx.set_materialize_grads(False)
            return results[0] if visible == 1 else tuple(results[:visible])

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return _gradients(operation, ctx, grads)

    # Function.apply first asks what Operation has asked already, whether torch.func is at work.
    return super(torch.autograd.Function, Eager).apply


def _transformed(operation: Operation) -> Any:
    """The function for ``torch.func``, whose context is set up afterwards."""
    visible = operation.visible

    class Transformed(torch.autograd.Function):
        @staticmethod
        def forward(call: Any, *operands: Any) -> Any:
            return operation.run(call, True, *operands)

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            call, *operands = inputs
            ctx.call = call
            ctx.mark_non_differentiable(*(t for t in output[visible:] if t is not None))
            ctx.save_for_backward(
                *operation.saved_tensors(call, ctx.needs_input_grad[1:], operands, output)
            )
            ctx.set_materialize_grads(False)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return _gradients(operation, ctx, grads[:visible])

        @staticmethod
        def vmap(info: Any, in_dims: Any, call: Any, *operands: Any) -> Any:
            dims = in_dims[1:]
            each = [
                Transformed.apply(call, *_selected(operands, dims, place))  # type: ignore[no-untyped-call]
                for place in range(info.batch_size)
            ]
            results = [None if r[0] is None else torch.stack(r) for r in zip(*each, strict=True)]
            return tuple(results), tuple(None if r is None else 0 for r in results)

    return Transformed


def _selected(operands: Sequence[Maybe], dims: Sequence[int | None], place: int) -> list[Maybe]:
    """One of the operands along a batch dimension."""
    return [
        operand if operand is None or dim is None else operand.select(dim, place)
        for operand, dim in zip(operands, dims, strict=True)
    ]
