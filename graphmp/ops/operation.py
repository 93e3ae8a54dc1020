"""Operation: a differentiable operation on edges, written once, in every form that torch asks for.

- Eager mode calls :meth:`Operation.run`, through a classic ``autograd.Function`` where a gradient
  is wanted: the form with the least overhead.
- A compiled or exported program calls the operator ``graphmp::<name>``. It takes tensors and
  constants and reads the numbers of rows from the tensors, so that a program serves every size.
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

_FORMS = ("csc_indptr", "csc_indices", "csc_eids", "csr_indptr", "csr_indices", "csr_eids")


class Edges(NamedTuple):
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
        results: the names of what :meth:`run` gives.
        visible: how many of the results a caller gets, from the first on.
        keeps: how many tensors the gradient reads.
    """

    name: ClassVar[str]
    record: ClassVar[type[Any]]
    operands: ClassVar[tuple[str, ...]]
    results: ClassVar[tuple[str, ...]] = ("out",)
    visible: ClassVar[int] = 1
    keeps: ClassVar[int]

    @abstractmethod
    def run(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Compute the results.

        Args:
            call: the record.
            trains: whether a gradient will be asked for; else what only it reads may be left out.
            operands: tensors or None.

        Returns:
            As many as ``results``; what was left out is None.
        """

    @abstractmethod
    def fake(self, call: Any, trains: bool, *operands: Any) -> tuple[Any, ...]:
        """Tensors like the results of :meth:`run`, of tensors without data."""

    @abstractmethod
    def kept(
        self,
        call: Any,
        needs: Sequence[bool],
        operands: Sequence[Any],
        results: Sequence[Any],
    ) -> tuple[Maybe, ...]:
        """What the gradient reads: ``keeps`` tensors or None.

        Args:
            call: the record.
            needs: which operands want a gradient.
            operands: what came.
            results: what :meth:`run` gave.
        """

    @abstractmethod
    def gradients(
        self, call: Any, needs: Sequence[bool], kept: Sequence[Any], grads: Sequence[Any]
    ) -> tuple[Maybe, ...]:
        """The gradients of the operands, of operations that are differentiable themselves.

        Args:
            call: the record.
            needs: which operands want a gradient.
            kept: what :meth:`kept` gave.
            grads: those of the visible results, or None.

        Returns:
            One for each operand; None where none is wanted.
        """

    # ---- the forms

    def __init__(self) -> None:
        """Make every form."""
        self._function = _function(self)
        self._transformed = _transformed(self)
        self._operator = _operator(self)

    def __call__(self, call: Any, *operands: Any) -> Any:
        """Give the visible results: one, or a tuple of several."""
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
            is_exporting()  # what is exported may be given operands that want a gradient
            or any(operand is not None and operand.requires_grad for operand in operands)
        )
        adjacency: Adjacency = call[0]
        csr = adjacency.csr if trains or self.needs_csr(call) else (None, None, None)
        made = self._operator(*adjacency.csc, *csr, *call[1:], trains, *operands)
        return made if isinstance(made, tuple) else (made,)

    def needs_csr(self, call: Any) -> bool:
        """Whether :meth:`run` reads the edges grouped by source."""
        return False


def _visible(operation: Operation, results: tuple[Any, ...]) -> Any:
    return results[0] if operation.visible == 1 else results[: operation.visible]


def _gradients(operation: Operation, ctx: Any, grads: Sequence[Maybe]) -> tuple[Maybe, ...]:
    """The gradients of a function's arguments, the record and the operands."""
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
                *operation.kept(call, ctx.needs_input_grad[1:], operands, results)
            )
            ctx.set_materialize_grads(False)
            return _visible(operation, results)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            return _gradients(operation, ctx, grads)

    return Eager


def _transformed(operation: Operation) -> Any:
    """The function for ``torch.func``, which asks for a context that is set up afterwards."""
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
            ctx.save_for_backward(*operation.kept(call, ctx.needs_input_grad[1:], operands, output))
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
            made = [None if of[0] is None else torch.stack(of) for of in zip(*each, strict=True)]
            return tuple(made), tuple(None if of is None else 0 for of in made)

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
    record = [*(f"Tensor? {name}" for name in _FORMS), *constants]
    operands = [f"Tensor? {name}" for name in operation.operands]
    first = len(_FORMS)
    end = len(record)

    def bound(given: Sequence[Any]) -> Any:
        return operation.record(_adjacency(given[:first]), *map(_frozen, given[first:end]))

    def run(*given: Any) -> Any:
        trains, *values = given[end:]
        return _owned(operation.run(bound(given), trains, *values), values, operation.visible)

    def fake(*given: Any) -> Any:
        trains, *values = given[end:]
        return _owned(operation.fake(bound(given), trains, *values), values, operation.visible)

    signature = _signature([*record, "bool trains", *operands], len(operation.results))
    made = torch_library.define(operation.name, signature, run, fake)
    backward = _backward_operator(operation, record, bound)

    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        given, trains, values = inputs[:end], inputs[end], inputs[end + 1 :]
        if not trains:
            raise GraphRuntimeError(
                "This program was compiled or exported without gradients: make it again outside "
                "of torch.no_grad()."
            )
        results = output if isinstance(output, tuple) else (output,)
        needs = [value is not None and value.requires_grad for value in values]
        kept = operation.kept(bound(given), needs, values, results)
        ctx.constants = given[first:]
        ctx.needs, ctx.shapes = needs, [None if v is None else v.shape for v in values]
        ctx.mark_non_differentiable(*results[operation.visible :])
        ctx.set_materialize_grads(False)
        ctx.save_for_backward(*given[:first], *kept)

    def differentiated(ctx: Any, *grads: Any) -> Any:
        given_grads = grads[: operation.visible]
        if all(grad is None for grad in given_grads):
            return (None,) * (end + 1 + len(ctx.needs))
        saved = ctx.saved_tensors
        sizes = [size for shape in ctx.shapes if shape is not None for size in shape]
        ranks = [-1 if shape is None else len(shape) for shape in ctx.shapes]
        given = (*saved[:first], *ctx.constants, ctx.needs, sizes, ranks, *saved[first:])
        found = backward(*given, *given_grads)
        found = found if isinstance(found, tuple) else (found,)
        pairs = zip(found, ctx.needs, strict=True)
        return (*(None,) * (end + 1), *(made if needed else None for made, needed in pairs))

    torch_library.differentiate(operation.name, differentiated, setup_context)
    return made


def _backward_operator(operation: Operation, record: list[str], bound: Any) -> Any:
    """The operator that is the gradient: the formulas as one call, so that nothing traces them."""
    end, keeps = len(record), operation.keeps
    name = f"{operation.name}_backward"

    def run(*given: Any) -> Any:
        needs, _, _ = given[end : end + 3]
        values = given[end + 3 :]
        with torch.no_grad():
            found = operation.gradients(bound(given), needs, values[:keeps], values[keeps:])
        return _owned(found, values[keeps:], len(found))

    def fake(*given: Any) -> Any:
        needs, sizes, ranks = given[end : end + 3]
        grads = given[end + 3 + keeps :]
        like = next(grad for grad in grads if grad is not None)
        shapes = _shapes(sizes, ranks)
        made = [like.new_empty(s) if n else None for s, n in zip(shapes, needs, strict=True)]
        return _owned(made, grads, len(made))

    arguments = [
        *record,
        "bool[] needs",
        "SymInt[] sizes",
        "int[] ranks",
        *(f"Tensor? kept_{i}" for i in range(keeps)),
        *(f"Tensor? grad_{name}" for name in operation.results[: operation.visible]),
    ]
    made = torch_library.define(name, _signature(arguments, len(operation.operands)), run, fake)
    torch_library.differentiate(name, _no_second_derivative, _keep_nothing)
    return made


def _signature(arguments: Sequence[str], results: int) -> str:
    """A torch schema without its name."""
    made = "Tensor" if results == 1 else f"({', '.join(['Tensor'] * results)})"
    return f"({', '.join(arguments)}) -> {made}"


def _adjacency(forms: Sequence[Maybe]) -> Adjacency:
    """The edges of an operator's first arguments; the numbers of nodes are read from them.

    Without a layout by source the number of sources is unknown, and nobody asks for it.
    """
    by_target = Csr(*forms[:3])  # type: ignore[arg-type]
    by_source = None if forms[3] is None else Csr(*forms[3:])  # type: ignore[arg-type]
    return Adjacency.from_both(by_target, by_source)


def _frozen(constant: Any) -> Any:
    """A constant as a record holds it."""
    return tuple(constant) if isinstance(constant, (list, tuple)) else constant


def _shapes(sizes: Sequence[int], ranks: Sequence[int]) -> list[Sequence[int]]:
    """Shapes that were written one after the other; a rank of -1 stands for None."""
    made, start = [], 0
    for rank in ranks:
        made.append(sizes[start : start + max(rank, 0)])
        start += max(rank, 0)
    return made


def _owned(results: Sequence[Maybe], given: Sequence[Maybe], visible: int) -> Any:
    """Results as an operator must give them.

    That is tensors, contiguous, which share memory neither with an argument nor with each other;
    and positions of one dtype, whichever backend found them.

    Args:
        results: tensors or None.
        given: the arguments with which they may share memory.
        visible: how many of the results are values; the others may be positions.

    Returns:
        A tensor, or a tuple of several.
    """
    tensors = [value for value in given if value is not None]
    seen = {value.untyped_storage()._cdata for value in tensors}
    made = []
    for place, result in enumerate(results):
        tensor = tensors[0].new_empty(0) if result is None else result
        if place >= visible and tensor.dtype == torch.int32:
            tensor = tensor.long()
        tensor = tensor.contiguous()
        if tensor.untyped_storage()._cdata in seen:
            tensor = tensor.clone()
        seen.add(tensor.untyped_storage()._cdata)
        made.append(tensor)
    return made[0] if len(made) == 1 else tuple(made)


def _keep_nothing(*, ctx: Any, inputs: Any, output: Any) -> None:
    pass


def _no_second_derivative(*_: Any) -> Any:
    raise GraphRuntimeError(
        "A compiled or exported program has first derivatives only: take second ones in eager mode."
    )
