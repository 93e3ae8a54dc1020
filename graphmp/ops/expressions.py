"""Messages that are expressions, reduced at one end of their edges or kept there; differentiable.

An expression's gradient at one operand is again an expression, summed into that operand's own end,
so that derivatives of every order run on the same kernels and no message is stored.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from ..kernels.contract import ALL, Operand
from ..kernels.expression import MAX_OPERANDS, Expression, evaluate, parse
from ..kernels.plan import plan
from .argmax import gather_at_argmax, scatter_to_argmax
from .derivatives import gradients, operands_of
from .formulas import Maybe
from .normalized import divided
from .operation import Operation

# Which row of an operand an edge reads, in the edges grouped by either end.
_ENDS = {"v": {"v": 0, "u": 1, "e": 2, "1": ALL}, "u": {"u": 0, "v": 1, "e": 2, "1": ALL}}


class Mapping(NamedTuple):
    """One call: the edges, where messages are summed, and how they are computed.

    Attributes:
        adjacency: the edges.
        to: ``"u"`` or ``"v"`` reduces messages into that end, ``"e"`` keeps them.
        reduce: ``"sum"``; or ``"max"`` or ``"min"``, for ``"v"`` alone.
        expression: the text of an :class:`~graphmp.kernels.expression.Expression`.
        constants: the expression's.
        ends: the end of each operand, ``"u"``, ``"v"``, ``"e"``, or ``"1"`` for one row.
        shapes: the feature shapes of the operands, all of the rank of ``shape``, in one tuple.
        shape: the feature shape of a message.
        out_shape: of the result; dimensions that are 1 here alone are summed.
        per_degree: whether a sum is divided by the number of messages.
    """

    adjacency: Adjacency
    to: str
    reduce: str
    expression: str
    constants: tuple[float, ...]
    ends: str
    shapes: tuple[int, ...]
    shape: tuple[int, ...]
    out_shape: tuple[int, ...]
    per_degree: bool


def mapped(
    adjacency: Adjacency,
    to: str,
    reduce: str,
    expression: Expression,
    constants: tuple[float, ...],
    operands: Sequence[Tensor],
    ends: str,
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
    per_degree: bool = False,
) -> Tensor:
    """Compute messages from any number of operands, element by element, and reduce them.

    Args:
        adjacency: the edges.
        to: ``"u"`` or ``"v"`` reduces messages into that end, ``"e"`` keeps them.
        reduce: ``"sum"``; or ``"max"`` or ``"min"``, for ``"v"`` alone.
        expression: what is computed.
        constants: the expression's.
        operands: (rows, *feature) of one floating point dtype, whose features broadcast to
            ``shape`` and have its rank.
        ends: the end of each operand, ``"u"``, ``"v"``, ``"e"``, or ``"1"`` for one row.
        shape: the feature shape of a message.
        out_shape: of the result; dimensions that are 1 here alone are summed.
        per_degree: divide a sum by the number of messages.

    Returns:
        (rows of ``to``, *out_shape), 0 in rows without edges.
    """
    shapes = tuple(size for operand in operands for size in operand.shape[1:])
    text = expression.text
    call = Mapping(
        adjacency, to, reduce, text, constants, ends, shapes, shape, out_shape, per_degree
    )
    padded = (*operands, *(None,) * (MAX_OPERANDS - len(operands)))
    operation = _SUM if reduce == "sum" else _EXTREME
    return operation(call, *padded)  # type: ignore[no-any-return]


def _shapes(call: Mapping) -> list[tuple[int, ...]]:
    """The feature shape of each operand."""
    rank = len(call.shape)
    return [call.shapes[i * rank : (i + 1) * rank] for i in range(len(call.ends))]


def _rows(call: Mapping) -> int:
    edges = call.adjacency
    return {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges}[call.to]


def _operands(call: Mapping, operands: Sequence[Maybe], to: str) -> list[Operand]:
    """The operands as kernels take them, for edges grouped by ``to``."""
    ends = _ENDS[to]
    pairs = zip(operands, call.ends, strict=False)  # what follows the last is None
    return [Operand(x, ends[end]) for x, end in pairs if x is not None]


def _reduce(
    call: Mapping, operands: Sequence[Maybe], wants_arg: bool = False
) -> tuple[Tensor, Maybe]:
    """Run the kernel that reduces into one end."""
    edges, expression = call.adjacency, parse(call.expression)
    return kernels.reduce_expression(
        edges.csc if call.to == "v" else edges.csr,
        expression,
        _operands(call, operands, call.to),
        call.constants,
        call.reduce,
        call.per_degree,
        call.shape,
        wants_arg,
    )


class _Sum(Operation):
    """A sum of expressions, or expressions at edges."""

    name, record, num_saved = "mapped", Mapping, MAX_OPERANDS
    operands = tuple(f"x{index}" for index in range(MAX_OPERANDS))

    def run(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Tensor]:
        """Run the kernel."""
        if call.to != "e":
            out, _ = _reduce(call, operands)
            return (out.sum_to_size(len(out), *call.out_shape),)
        sums = [
            i for i, (o, s) in enumerate(zip(call.out_shape, call.shape, strict=True)) if o != s
        ]
        is_tail = sums == list(range(len(call.shape) - len(sums), len(call.shape)))
        out = kernels.edge_expression(
            call.adjacency.csc,
            parse(call.expression),
            _operands(call, operands, "v"),
            call.constants,
            call.shape,
            call.out_shape if is_tail else call.shape,
        )
        return (out.sum_to_size(len(out), *call.out_shape),)

    def fake(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Tensor]:
        """An empty result."""
        assert operands[0] is not None
        return (operands[0].new_empty(_rows(call), *call.out_shape),)

    def needs_csr(self, call: Mapping) -> bool:
        """Whether messages go to the sources."""
        return call.to == "u"

    def saved_tensors(
        self, call: Mapping, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands that the gradients read."""
        count = len(call.ends)
        parts = gradients(parse(call.expression), call.constants, tuple(needs[:count]))
        read = operands_of(parts)
        return tuple(x if index in read else None for index, x in enumerate(operands))

    def gradients(
        self, call: Mapping, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Expressions summed at the operands' own ends."""
        count, grad = len(call.ends), grads[0]
        if call.per_degree:
            edges = call.adjacency
            degrees = edges.in_degrees if call.to == "v" else edges.out_degrees
            grad = divided(grad, degrees.clamp(min=1))
        parts = gradients(parse(call.expression), call.constants, tuple(needs[:count]))
        values, ends = [*saved[:count], grad], call.ends + call.to
        results: list[Maybe] = [None] * len(saved)
        for index, (part, shape) in enumerate(zip(parts, _shapes(call), strict=True)):
            if part is not None:
                results[index] = _gradient(call, part, values, ends, call.ends[index], shape)
        return tuple(results)


def _gradient(
    call: Mapping, part: Any, values: Sequence[Maybe], ends: str, end: str, shape: tuple[int, ...]
) -> Tensor:
    """The gradient of an operand that lies at ``end`` and has features of ``shape``."""
    expression, indices, constants = part
    to = "v" if end == "1" else end
    total = mapped(
        call.adjacency,
        to,
        "sum",
        expression,
        constants,
        [values[index] for index in indices],  # they were saved
        "".join(ends[index] for index in indices),
        call.shape,
        shape,
    )
    return total.sum(0, keepdim=True) if end == "1" else total


class _Extreme(_Sum):
    """A maximum or minimum of expressions, whose gradient goes to the edge that gave each value."""

    name, num_saved = "mapped_extreme", MAX_OPERANDS + 1
    results = ("out", "arg")

    def run(  # type: ignore[override]
        self, call: Mapping, trains: bool, *operands: Maybe
    ) -> tuple[Maybe, ...]:
        """Run the kernel; the positions of the values are for the gradient."""
        return _reduce(call, operands, trains)

    def fake(  # type: ignore[override]
        self, call: Mapping, trains: bool, *operands: Maybe
    ) -> tuple[Maybe, ...]:
        """Empty results."""
        assert operands[0] is not None
        out = operands[0].new_empty(_rows(call), *call.out_shape)
        size = math.prod(call.shape)
        return out, out.new_empty((out.shape[0], size), dtype=torch.int64) if trains else None

    def saved_tensors(
        self, call: Mapping, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands that the gradients read, and the positions."""
        return *super().saved_tensors(call, needs, operands, results), results[1]

    def gradients(
        self, call: Mapping, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Expressions at the edges that gave the values, summed at the operands' own ends."""
        *operands, arg = saved
        count, edges = len(call.ends), call.adjacency
        grad = grads[0].reshape(arg.shape)
        shapes = _shapes(call)
        columns = [plan(own, call.shape, call.shape).maps[0].to(arg.device) for own in shapes]
        values = [
            None if x is None else _at_argmax(edges, end, x, arg, column)
            for x, end, column in zip(operands, call.ends, columns, strict=False)
        ]
        parts = gradients(parse(call.expression), call.constants, tuple(needs[:count]))
        results: list[Maybe] = [None] * len(operands)
        for index, part in enumerate(parts):
            if part is None:
                continue
            expression, indices, constants = part
            read = [[*values, grad][i] for i in indices]
            at_edges = evaluate(expression, read, constants).expand_as(arg)
            end = "v" if call.ends[index] == "1" else call.ends[index]
            shape = shapes[index]
            total = scatter_to_argmax(edges, end, at_edges, arg, columns[index], shape)
            results[index] = total.sum(0, keepdim=True) if call.ends[index] == "1" else total
        return tuple(results)


def _at_argmax(edges: Adjacency, end: str, x: Tensor, arg: Tensor, columns: Tensor) -> Tensor:
    """The elements of an operand at the edges that gave the values."""
    if end == "1":
        return x.reshape(1, -1)[:, columns].expand(arg.shape)
    return gather_at_argmax(edges.csc, end, x, arg, columns)


_SUM, _EXTREME = _Sum(), _Extreme()
