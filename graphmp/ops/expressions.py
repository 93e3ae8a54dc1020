"""Messages that are expressions, reduced at one end of their edges or kept there; differentiable.

An expression's gradient at one operand is again an expression, summed into that operand's own end,
so that derivatives of every order run on the same kernels and no message is stored. The gradients
of all operands at one end are the results of one expression, and are computed in one pass.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from .. import kernels
from .._storage.adjacency import Adjacency
from ..kernels.contract import ALL, Operand
from ..kernels.expression import MAX_OPERANDS, MAX_RESULTS, Expression, parse
from ..kernels.plan import plan
from .argmax import scatter_to_argmax
from .derivatives import gradients
from .formulas import Maybe
from .normalized import divided
from .operation import Operation

# Which row of an operand an edge reads, in the edges grouped by either end.
_ENDS = {"v": {"v": 0, "u": 1, "e": 2, "1": ALL}, "u": {"u": 0, "v": 1, "e": 2, "1": ALL}}


class Mapping(NamedTuple):
    """One call: the edges, where messages are summed, and how they are computed.

    Attributes:
        adjacency: the edges.
        to: for each result ``"u"`` or ``"v"``, which reduce messages into that end, or ``"e"``,
            which keeps them. Those that are reduced come first, and are reduced into one end.
        reduce: ``"sum"``; or ``"max"`` or ``"min"``, for ``"v"`` alone.
        expression: the text of an :class:`~graphmp.kernels.expression.Expression`.
        constants: the expression's.
        ends: the end of each operand, ``"u"``, ``"v"``, ``"e"``, or ``"1"`` for one row.
        shapes: the feature shapes of the operands, all of the rank of ``shape``, in one tuple.
        shape: the feature shape of a message.
        out_shapes: of the results, in one tuple; dimensions that are 1 here alone are summed.
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
    out_shapes: tuple[int, ...]
    per_degree: bool


class Pass(NamedTuple):
    """Gradients of several operands, computed together.

    Attributes:
        expression: of the operands and, after them, the gradients of the results.
        indices: which of these the expression reads.
        constants: the expression's.
        to: where its results are summed or kept, as in :class:`Mapping`.
        out_shapes: the feature shape of each result.
        targets: for each result the operands whose gradient it is.
    """

    expression: Expression
    indices: tuple[int, ...]
    constants: tuple[float, ...]
    to: str
    out_shapes: tuple[tuple[int, ...], ...]
    targets: tuple[tuple[int, ...], ...]


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
    shapes = _joined([operand.shape[1:] for operand in operands])
    text = expression.text
    call = Mapping(
        adjacency, to, reduce, text, constants, ends, shapes, shape, out_shape, per_degree
    )
    if reduce == "sum":
        return _SUM(call, *_padded(operands, MAX_OPERANDS))[0]  # type: ignore[no-any-return]
    return _EXTREME(call, *_padded(operands, MAX_OPERANDS))  # type: ignore[no-any-return]


def _padded(tensors: Sequence[Any], count: int) -> tuple[Any, ...]:
    """Tensors, and None in place of those that are missing."""
    return (*tensors, *(None,) * (count - len(tensors)))


def _joined(shapes: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Shapes of equal rank in one tuple."""
    return tuple(size for shape in shapes for size in shape)


def _split(sizes: tuple[int, ...], rank: int, count: int) -> tuple[tuple[int, ...], ...]:
    """The shapes that :func:`_joined` has put together."""
    return tuple(sizes[i * rank : (i + 1) * rank] for i in range(count))


def _out_shapes(call: Mapping) -> tuple[tuple[int, ...], ...]:
    """The rows and features of each result."""
    edges = call.adjacency
    rows = {"u": edges.num_src, "v": edges.num_dst, "e": edges.num_edges}
    shapes = _split(call.out_shapes, len(call.shape), len(call.to))
    return tuple((rows[end], *shape) for end, shape in zip(call.to, shapes, strict=True))


def _operands(call: Mapping, operands: Sequence[Maybe], to: str) -> list[Operand]:
    """The operands as kernels take them, for edges grouped by ``to``."""
    ends = _ENDS[to]
    pairs = zip(operands, call.ends, strict=False)  # what follows the last is None
    return [Operand(x, ends[end]) for x, end in pairs if x is not None]


def _reduce(
    call: Mapping, operands: Sequence[Maybe], wants_arg: bool = False
) -> tuple[list[Tensor], Maybe]:
    """Run the kernel that reduces into one end."""
    edges, to = call.adjacency, call.to[0]
    return kernels.reduce_expression(
        edges.csc if to == "v" else edges.csr,
        parse(call.expression),
        _operands(call, operands, to),
        call.constants,
        call.reduce,
        call.per_degree,
        call.shape,
        wants_arg,
        call.to.count("e"),
    )


def _keep(call: Mapping, operands: Sequence[Maybe]) -> Tensor:
    """Run the kernel that keeps messages at the edges, and may sum their last dimensions."""
    pairs = zip(call.out_shapes, call.shape, strict=True)
    sums = [axis for axis, (own, full) in enumerate(pairs) if own != full]
    is_tail = sums == list(range(len(call.shape) - len(sums), len(call.shape)))
    return kernels.edge_expression(
        call.adjacency.csc,
        parse(call.expression),
        _operands(call, operands, "v"),
        call.constants,
        call.shape,
        call.out_shapes if is_tail else call.shape,
    )


class _Sum(Operation):
    """Sums of expressions, or expressions at edges."""

    name, record, num_saved = "mapped", Mapping, MAX_OPERANDS
    operands = tuple(f"x{index}" for index in range(MAX_OPERANDS))
    results, visible = tuple(f"out{index}" for index in range(MAX_RESULTS)), MAX_RESULTS

    def run(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Maybe, ...]:
        """Run the kernel."""
        outs = [_keep(call, operands)] if call.to == "e" else _reduce(call, operands)[0]
        pairs = zip(outs, _out_shapes(call), strict=True)
        return _padded([out.sum_to_size(shape) for out, shape in pairs], MAX_RESULTS)

    def fake(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Maybe, ...]:
        """Empty results."""
        assert operands[0] is not None
        outs = [operands[0].new_empty(shape) for shape in _out_shapes(call)]
        return _padded(outs, MAX_RESULTS)

    def needs_csr(self, call: Mapping) -> bool:
        """Whether messages go to the sources."""
        return call.to[0] == "u"

    def saved_tensors(
        self, call: Mapping, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands that the gradients read."""
        passes = _passes_of(call, needs, (True,) * len(call.to))
        read = {index for one in passes for index in one.indices}
        return tuple(x if index in read else None for index, x in enumerate(operands))

    def gradients(
        self, call: Mapping, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Expressions summed at the operands' own ends."""
        count, grads = len(call.ends), grads[: len(call.to)]
        if call.per_degree:
            edges = call.adjacency
            degrees = edges.in_degrees if call.to == "v" else edges.out_degrees
            grads = [divided(grads[0], degrees.clamp(min=1))]
        values = [*saved[:count], *grads]
        results: list[Maybe] = [None] * len(saved)
        for one in _passes_of(call, needs, tuple(grad is not None for grad in grads)):
            gradient, read = _together(call, one, values)
            for out, index in _owned(_SUM(gradient, *read), one):
                is_one = call.ends[index] == "1"
                results[index] = out.sum(0, keepdim=True) if is_one else out
        return tuple(results)


def _together(call: Mapping, one: Pass, values: Sequence[Any]) -> tuple[Mapping, tuple[Any, ...]]:
    """The call that computes gradients together, and its operands.

    ``values`` are the operands and the gradients of the results of ``call``.
    """
    read, ends = [values[index] for index in one.indices], call.ends + call.to
    gradient = Mapping(
        call.adjacency,
        one.to,
        "sum",
        one.expression.text,
        one.constants,
        "".join(ends[index] for index in one.indices),
        _joined([x.shape[1:] for x in read]),
        call.shape,
        _joined(one.out_shapes),
        per_degree=False,
    )
    return gradient, _padded(read, MAX_OPERANDS)


def _owned(outs: Sequence[Any], one: Pass) -> list[tuple[Tensor, int]]:
    """Gradients that were computed together, each with an operand whose gradient it is."""
    return [(out, i) for out, owners in zip(outs, one.targets, strict=False) for i in owners]


def _passes_of(call: Mapping, needs: Sequence[bool], has_grad: tuple[bool, ...]) -> list[Pass]:
    """The gradients of a call's operands that are needed, pass by pass."""
    count, rank = len(call.ends), len(call.shape)
    shapes = _split(call.shapes, rank, count)
    needed = tuple(needs[:count])
    return _passes(call.expression, call.constants, call.ends, shapes, call.shape, needed, has_grad)


@lru_cache(maxsize=1024)
def _passes(
    text: str,
    constants: tuple[float, ...],
    ends: str,
    shapes: tuple[tuple[int, ...], ...],
    shape: tuple[int, ...],
    needs: tuple[bool, ...],
    has_grad: tuple[bool, ...],
) -> list[Pass]:
    """Group the gradients of operands by the ends at which they are summed.

    The gradient of one row is summed at one of these ends first, and what is kept at the edges as
    it is is computed there too.
    """
    steps, values = gradients(parse(text), constants, has_grad)
    wanted = {i: v for i, v in enumerate(values) if needs[i] and v is not None}
    first = next((end for end in "vu" if any(ends[i] == end for i in wanted)), "v")
    # The results of each group: where they go, their values and shapes; and whose gradient each is.
    groups: dict[Any, dict[tuple[str, int, tuple[int, ...]], list[int]]] = {}
    for i in sorted(wanted, key=lambda i: ends[i] == "e"):  # those at the edges come last
        to = first if ends[i] == "1" else ends[i]
        joins = first in groups and shapes[i] == shape
        group = to if to != "e" else first if joins else i
        groups.setdefault(group, {}).setdefault((to, wanted[i], shapes[i]), []).append(i)
    # The derivatives of a pass read its operands and a gradient for each result.
    most = max(1, min(MAX_RESULTS, MAX_OPERANDS - 1 - len(ends) - len(has_grad)))
    passes = []
    for targets in groups.values():
        results = list(targets)
        while results:
            together = results[: 1 if results[0][0] == "e" else most]
            results = results[len(together) :]
            ends_of, values_of, shapes_of = zip(*together, strict=True)
            owners = tuple(tuple(targets[result]) for result in together)
            one = steps.expression(*values_of)
            passes.append(Pass(*one, "".join(ends_of), shapes_of, owners))
    return passes


class _Extreme(_Sum):
    """A maximum or minimum of expressions, whose gradient goes to the edge that gave each value."""

    name, num_saved = "mapped_extreme", MAX_OPERANDS + 1
    results, visible = ("out", "arg"), 1

    def run(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Maybe, ...]:
        """Run the kernel; the positions of the values are for the gradient."""
        (out,), arg = _reduce(call, operands, trains)
        return out, arg

    def fake(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Maybe, ...]:
        """Empty results."""
        assert operands[0] is not None
        out = operands[0].new_empty(_out_shapes(call)[0])
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
        return _gradients_at_argmax(call, needs, saved, grads)


class _AtArgmax(_Sum):
    """Expressions, each element at the edge that gave an extreme."""

    name, num_saved = "mapped_at_argmax", MAX_OPERANDS + 1
    operands = (*_Sum.operands, "arg")

    def run(self, call: Mapping, trains: bool, *operands: Maybe) -> tuple[Maybe, ...]:
        """Run the kernel."""
        *values, arg = operands
        assert arg is not None
        edges, expression = call.adjacency.csc, parse(call.expression)
        read = _operands(call, values, "v")
        outs = kernels.argmax_expression(edges, expression, read, call.constants, arg, call.shape)
        return _padded(outs, MAX_RESULTS)

    def saved_tensors(
        self, call: Mapping, needs: Sequence[bool], operands: Any, results: Any
    ) -> tuple[Maybe, ...]:
        """The operands that the gradients read, and the positions."""
        return *super().saved_tensors(call, needs, operands[:-1], results), operands[-1]

    def gradients(
        self, call: Mapping, needs: Sequence[bool], saved: Any, grads: Any
    ) -> tuple[Maybe, ...]:
        """Expressions at the same edges, summed at the operands' own ends."""
        return *_gradients_at_argmax(call, needs, saved, grads), None


def _gradients_at_argmax(
    call: Mapping, needs: Sequence[bool], saved: Sequence[Any], grads: Sequence[Any]
) -> tuple[Maybe, ...]:
    """The gradients of messages, which are those of the edges at the positions that come last."""
    (*operands, arg), grads = saved, grads[: len(call.to)]
    count, edges = len(call.ends), call.adjacency
    values, shapes = [*operands[:count], *grads], _split(call.shapes, len(call.shape), count)
    has_grad = tuple(grad is not None for grad in grads)
    # They are computed at the destinations, wherever they are summed.
    whole = call._replace(ends="v" * count, shapes=_joined([call.shape] * count))
    results: list[Maybe] = [None] * len(operands)
    for one in _passes_of(whole, needs, has_grad):
        gradient, read = _together(call, one, values)
        for out, index in _owned(_AT_ARGMAX(gradient, *read, arg), one):
            end, shape = call.ends[index], shapes[index]
            if end in "ue":
                columns = plan(shape, call.shape, call.shape).maps[0].to(arg.device)
                flat = out.reshape(arg.shape)
                results[index] = scatter_to_argmax(edges, end, flat, arg, columns, shape)
            else:
                total = out.sum_to_size(len(out), *shape)
                results[index] = total.sum(0, keepdim=True) if end == "1" else total
    return tuple(results)


_SUM, _EXTREME, _AT_ARGMAX = _Sum(), _Extreme(), _AtArgmax()
