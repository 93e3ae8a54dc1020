"""Operation: a differentiable operation on edges, written once, in every form that torch needs.

- Eager mode calls :meth:`Operation.run`, through a classic ``autograd.Function`` if a gradient is
  recorded: the form with the least overhead.
- A compiled or exported program calls the operator ``graphmp::<name>``. It takes tensors and
  constants, and reads the numbers of rows from the tensors: one program serves every size.
  Its gradient is another such operator.
- Under a transform of ``torch.func`` a function with ``setup_context`` is called.

All of them run the same formulas.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple, get_type_hints

import torch
from torch import Tensor
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling

from .._storage.adjacency import Adjacency
from ..errors import GraphRuntimeError
from ..kernels import torch_library
from ..kernels.contract import Csr

Maybe = Tensor | None

_CONSTANTS: dict[Any, str] = {  # how torch's schemas call them
    str: "str",
    bool: "bool",
    float: "float",
    int: "SymInt",
    tuple[int, ...]: "SymInt[]",
}
is_exporting = getattr(torch.compiler, "is_exporting", is_compiling)  # new in torch 2.7

_LAYOUTS = ("csc_indptr", "csc_indices", "csc_eids", "csr_indptr", "csr_indices", "csr_eids")


class AdjacencyRecord(NamedTuple):
    """The record of an operation without constants.

    Attributes:
        adjacency: the edges.
    """

    adjacency: Adjacency


class Operation(ABC):
    """A differentiable operation; an instance is called with a record and operands.

    The record is a named tuple: an adjacency and constants. Operands are tensors or None.

    Attributes:
        name: of the operator.
        record: the type of the record; its annotations make the operator's signature.
        operands: the names of the operands.
        results: the names of the results.
        visible: how many results the caller receives; the gradient reads the others.
        num_saved: how many tensors :meth:`saved_tensors` returns.
    """

    name: ClassVar[str]
    record: ClassVar[type[Any]]
    operands: ClassVar[tuple[str, ...]]
    results: ClassVar[tuple[str, ...]] = ("out",)
    visible: ClassVar[int] = 1
    num_saved: ClassVar[int]

    @abstractmethod
    def run(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Compute the results.

        Args:
            call: the record.
            trains: whether a gradient may be needed; otherwise what only it reads may be None.
            operands: tensors or None.

        Returns:
            As many as ``results``; results that were left out are None.
        """

    @abstractmethod
    def fake(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Return tensors like the results of :meth:`run`, from tensors without data."""

    @abstractmethod
    def saved_tensors(
        self,
        call: Any,
        needs: Sequence[bool],
        operands: Sequence[Any],
        results: Sequence[Any],
    ) -> tuple[Maybe, ...]:
        """Return what the gradient reads: ``num_saved`` tensors or None.

        Args:
            call: the record.
            needs: which operands need a gradient.
            operands: tensors or None.
            results: the results of :meth:`run`.
        """

    @abstractmethod
    def gradients(
        self, call: Any, needs: Sequence[bool], saved: Sequence[Any], grads: Sequence[Any]
    ) -> tuple[Maybe, ...]:
        """Return the gradients of the operands, by operations that are differentiable themselves.

        Args:
            call: the record.
            needs: which operands need a gradient.
            saved: the tensors of :meth:`saved_tensors`.
            grads: the gradients of the visible results, or None.

        Returns:
            One for each operand; None where none is needed.
        """

    # ---- the forms

    def __init__(self) -> None:
        """Build every form."""
        self._function = _function(self)
        self._transformed = _transformed(self)
        self._operator = _operator(self)

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
                        return self._function.apply(call, *operands)
            results = self.run(call, False, *operands)
        return results[0] if self.visible == 1 else results[: self.visible]

    def _traced(self, call: Any, operands: tuple[Any, ...]) -> tuple[Any, ...]:
        """Call the operator."""
        trains = torch.is_grad_enabled() and (
            is_exporting()  # an exported program may be called with operands that need a gradient
            or any(operand is not None and operand.requires_grad for operand in operands)
        )
        adjacency: Adjacency = call[0]
        csr = adjacency.csr if trains or self.needs_csr(call) else (None, None, None)
        results = self._operator(*adjacency.csc, *csr, *call[1:], trains, *operands)
        return results if isinstance(results, tuple) else (results,)

    def needs_csr(self, call: Any) -> bool:
        """Whether :meth:`run` reads the edges grouped by source."""
        return False


def _visible(operation: Operation, results: tuple[Any, ...]) -> Any:
    return results[0] if operation.visible == 1 else results[: operation.visible]


def _gradients(operation: Operation, ctx: Any, grads: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """The gradients of a function's arguments: the record and the operands."""
    if all(grad is None for grad in grads):
        return (None,) * (1 + len(operation.operands))
    needs = ctx.needs_input_grad[1:]
    return None, *operation.gradients(ctx.call, needs, ctx.saved_tensors, grads)


def _function(operation: Operation) -> Any:
    """The classic function of eager mode."""

    class Eager(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, call: Any, *operands: Any) -> Any:
            results = operation.run(call, True, *operands)
            ctx.call = call
            ctx.save_for_backward(
                *operation.saved_tensors(call, ctx.needs_input_grad[1:], operands, results)
            )
            ctx.set_materialize_grads(False)
            return _visible(operation, results)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return _gradients(operation, ctx, grads)

    return Eager


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


# ---- the operator


def _operator(operation: Operation) -> Any:
    """The operator and its gradient."""
    constants = [
        f"{_CONSTANTS[kind]} {name}"
        for name, kind in get_type_hints(operation.record).items()
        if kind is not Adjacency
    ]
    record = [*(f"Tensor? {name}" for name in _LAYOUTS), *constants]
    operands = [f"Tensor? {name}" for name in operation.operands]
    first = len(_LAYOUTS)
    end = len(record)

    def bound(arguments: Sequence[Any]) -> Any:
        constants = map(_frozen, arguments[first:end])
        return operation.record(_adjacency(arguments[:first]), *constants)

    def run(*arguments: Any) -> Any:
        trains, *values = arguments[end:]
        return _owned(operation.run(bound(arguments), trains, *values), values, operation.visible)

    def fake(*arguments: Any) -> Any:
        trains, *values = arguments[end:]
        return _owned(operation.fake(bound(arguments), trains, *values), values, operation.visible)

    signature = _signature([*record, "bool trains", *operands], len(operation.results))
    operator = torch_library.define(operation.name, signature, run, fake)
    backward = _backward_operator(operation, record, bound)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        arguments, trains, values = inputs[:end], inputs[end], inputs[end + 1 :]
        if not trains:
            raise GraphRuntimeError(
                "Expected a program that was compiled or exported with gradients, got one without; "
                "compile or export it again outside of torch.no_grad()."
            )
        results = output if isinstance(output, tuple) else (output,)
        needs = [value is not None and value.requires_grad for value in values]
        saved = operation.saved_tensors(bound(arguments), needs, values, results)
        ctx.constants = arguments[first:]
        ctx.needs, ctx.shapes = needs, [None if v is None else v.shape for v in values]
        ctx.mark_non_differentiable(*results[operation.visible :])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*arguments[:first], *saved)

    def differentiated(ctx: Any, *grads: Any) -> Any:
        visible_grads = grads[: operation.visible]
        if all(grad is None for grad in visible_grads):
            return (None,) * (end + 1 + len(ctx.needs))
        saved = ctx.saved_tensors
        sizes = [size for shape in ctx.shapes if shape is not None for size in shape]
        ranks = [-1 if shape is None else len(shape) for shape in ctx.shapes]
        arguments = (*saved[:first], *ctx.constants, ctx.needs, sizes, ranks, *saved[first:])
        results = backward(*arguments, *visible_grads)
        results = results if isinstance(results, tuple) else (results,)
        pairs = zip(results, ctx.needs, strict=True)
        return (*(None,) * (end + 1), *(grad if needed else None for grad, needed in pairs))

    torch_library.differentiate(operation.name, differentiated, setup_context)
    return operator


def _backward_operator(operation: Operation, record: list[str], bound: Any) -> Any:
    """The operator that computes the gradients: one call, so that the formulas are not traced."""
    end, num_saved = len(record), operation.num_saved
    name = f"{operation.name}_backward"

    def run(*arguments: Any) -> Any:
        needs, _, _ = arguments[end : end + 3]
        saved, grads = arguments[end + 3 : end + 3 + num_saved], arguments[end + 3 + num_saved :]
        with torch.no_grad():
            results = operation.gradients(bound(arguments), needs, saved, grads)
        return _owned(results, grads, len(results))

    def fake(*arguments: Any) -> Any:
        needs, sizes, ranks = arguments[end : end + 3]
        grads = arguments[end + 3 + num_saved :]
        like = next(grad for grad in grads if grad is not None)
        shapes = _shapes(sizes, ranks)
        results = [like.new_empty(s) if n else None for s, n in zip(shapes, needs, strict=True)]
        return _owned(results, grads, len(results))

    signature = [
        *record,
        "bool[] needs",
        "SymInt[] sizes",
        "int[] ranks",
        *(f"Tensor? saved_{i}" for i in range(num_saved)),
        *(f"Tensor? grad_{name}" for name in operation.results[: operation.visible]),
    ]
    schema = _signature(signature, len(operation.operands))
    operator = torch_library.define(name, schema, run, fake)
    torch_library.differentiate(name, _no_second_derivative, _save_nothing)
    return operator


def _signature(arguments: Sequence[str], results: int) -> str:
    """A torch schema without its name."""
    returns = "Tensor" if results == 1 else f"({', '.join(['Tensor'] * results)})"
    return f"({', '.join(arguments)}) -> {returns}"


def _adjacency(layouts: Sequence[Maybe]) -> Adjacency:
    """The edges of an operator's first arguments; the numbers of nodes are read from them.

    Without the layout by source the number of sources is unknown, and is not needed.
    """
    csc = Csr(*layouts[:3])  # type: ignore[arg-type]
    csr = None if layouts[3] is None else Csr(*layouts[3:])  # type: ignore[arg-type]
    return Adjacency.from_both(csc, csr)


def _frozen(constant: Any) -> Any:
    """A constant as records hold it: lists become tuples."""
    return tuple(constant) if isinstance(constant, (list, tuple)) else constant


def _shapes(sizes: Sequence[int], ranks: Sequence[int]) -> list[Sequence[int]]:
    """Split concatenated shapes; a rank of -1 stands for None."""
    shapes, start = [], 0
    for rank in ranks:
        shapes.append(sizes[start : start + max(rank, 0)])
        start += max(rank, 0)
    return shapes


def _owned(results: Sequence[Maybe], arguments: Sequence[Maybe], visible: int) -> Any:
    """Results as an operator must return them.

    They are contiguous tensors that share memory neither with an argument nor with each other, and
    positions are int64 whichever backend ran.

    Args:
        results: tensors or None.
        arguments: tensors with which they may share memory.
        visible: how many of the results are values; the others may be positions.

    Returns:
        A tensor, or a tuple of several.
    """
    tensors = [value for value in arguments if value is not None]
    seen = {value.untyped_storage()._cdata for value in tensors}
    owned = []
    for i, result in enumerate(results):
        tensor = tensors[0].new_empty(0) if result is None else result
        if i >= visible and tensor.dtype == torch.int32:
            tensor = tensor.long()
        tensor = tensor.contiguous()
        if tensor.untyped_storage()._cdata in seen:
            tensor = tensor.clone()
        seen.add(tensor.untyped_storage()._cdata)
        owned.append(tensor)
    return owned[0] if len(owned) == 1 else tuple(owned)


def _save_nothing(*, ctx: Any, inputs: Any, output: Any) -> None:
    pass


def _no_second_derivative(*_: Any) -> Any:
    raise GraphRuntimeError(
        "Expected a first derivative, got a second one of a compiled or exported program; compute "
        "second derivatives in eager mode."
    )
