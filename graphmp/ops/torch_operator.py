"""The operator of an operation, for compiled and exported programs.

It takes tensors and constants, and reads the numbers of rows from the tensors: one program serves
every size. Its gradient is another operator.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import NoneType
from typing import Any, get_type_hints

import torch

from .._storage.adjacency import Adjacency
from ..errors import GraphRuntimeError
from ..kernels import torch_library
from ..kernels.contract import Csr
from .formulas import Formulas, Maybe

_CONSTANTS: dict[Any, str] = {  # how torch's schemas call them
    str: "str",
    bool: "bool",
    float: "float",
    int: "SymInt",
    tuple[int, ...]: "SymInt[]?",  # AOTInductor passes None for an empty list
    tuple[float, ...]: "float[]?",
}
LAYOUTS = ("csc_indptr", "csc_indices", "csc_eids", "csr_indptr", "csr_indices", "csr_eids")


def define(operation: Formulas) -> Any:
    """Define the operator ``graphmp::<name>`` and its gradient; return the operator."""
    kinds = get_type_hints(operation.record)
    constants = [
        f"{_CONSTANTS[kind]} {name}" for name, kind in kinds.items() if kind is not Adjacency
    ]
    layouts = LAYOUTS if Adjacency in kinds.values() else ()
    record = [*(f"Tensor? {name}" for name in layouts), *constants]
    operands = [f"Tensor? {name}" for name in operation.operands]
    first = len(layouts)
    end = len(record)

    def bound(arguments: Sequence[Any]) -> Any:
        constants = map(_frozen, arguments[first:end])
        edges = (_adjacency(arguments[:first]),) if layouts else ()
        return operation.record(*edges, *constants)

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
                "run it in torch.no_grad(), or compile or export it again outside of it."
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
        if torch.is_grad_enabled():  # the gradients are differentiated again
            call = bound((*saved[:first], *ctx.constants))
            with _compiling():
                results = operation.gradients(call, ctx.needs, saved[first:], visible_grads)
            return (*(None,) * (end + 1), *results)
        sizes = [size for shape in ctx.shapes if shape is not None for size in shape]
        ranks = [-1 if shape is None else len(shape) for shape in ctx.shapes]
        arguments = (*saved[:first], *ctx.constants, ctx.needs, sizes, ranks, *saved[first:])
        results = backward(*arguments, *visible_grads)
        results = results if isinstance(results, tuple) else (results,)
        pairs = zip(results, ctx.needs, strict=True)
        return (*(None,) * (end + 1), *(grad if needed else None for grad, needed in pairs))

    torch_library.differentiate(operation.name, differentiated, setup_context)
    return operator


@contextmanager
def _compiling() -> Iterator[None]:
    """Let ``is_compiling`` be true, which torch does not when it traces gradients."""
    before = torch.compiler._is_compiling_flag
    torch.compiler._is_compiling_flag = True
    try:
        yield
    finally:
        torch.compiler._is_compiling_flag = before


def _backward_operator(operation: Formulas, record: list[str], bound: Any) -> Any:
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
    """A constant as records hold it: lists become tuples, and None an empty one."""
    return tuple(constant or ()) if isinstance(constant, (list, tuple, NoneType)) else constant


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
