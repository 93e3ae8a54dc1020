"""Nodes of an ONNX graph for messages along edges, which onnxscript adds.

Sums are ``ScatterElements``: onnxruntime runs ``ScatterND`` on several threads, where additions to
one row get lost.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..errors import GraphValueError

Value = Any  # an ``onnx_ir.Value``; onnxscript, which brings onnx_ir, need not be installed

_FLOAT, _INT32, _INT64 = 1, 6, 7  # the numbers of dtypes in ONNX
_WIDE = {"FLOAT16": _FLOAT, "BFLOAT16": _FLOAT, "BOOL": _INT32}
_END = np.iinfo(np.int64).max  # of a slice


class Edges(NamedTuple):
    """The edges of a call, in edge id order.

    Attributes:
        src: (E,) the source of each edge.
        dst: (E,) the destination of each edge.
        num_src: (1,) the number of sources; None without the layout by source.
        num_dst: (1,) the number of destinations.
        in_degrees: (num_dst,) the number of edges that enter each destination, int64.
    """

    src: Value
    dst: Value
    num_src: Value | None
    num_dst: Value
    in_degrees: Value

    def end(self, name: str) -> tuple[Value, Value]:
        """The nodes at one end of the edges, and how many nodes there are."""
        return (self.src, self.num_src) if name == "u" else (self.dst, self.num_dst)


class Nodes:
    """What the translations of several operators have in common.

    Args:
        op: the module of onnxscript whose functions add nodes to a graph.
    """

    def __init__(self, op: Any) -> None:
        self.op = op

    def edges(self, indptr: Value, indices: Value, edge_ids: Value, *csr: Value | None) -> Edges:
        """Read the edges from the layouts of an operator's first arguments."""
        op = self.op
        indptr, indices, edge_ids = map(self.as_int64, (indptr, indices, edge_ids))
        size = op.Shape(indices)
        rows = self.rows(op.Slice(indptr, [1], [-1]), size)
        by_id = op.Expand([0], size)
        return Edges(
            op.ScatterElements(by_id, edge_ids, indices),
            op.ScatterElements(by_id, edge_ids, rows),
            None if csr[0] is None else op.Sub(op.Shape(csr[0]), [1]),
            op.Sub(op.Shape(indptr), [1]),
            op.Sub(op.Slice(indptr, [1], [_END]), op.Slice(indptr, [0], [-1])),
        )

    def rows(self, starts: Value, size: Value) -> Value:
        """The row of each of ``size`` (1,) items, where rows but the first start at ``starts``."""
        marks = self.counts(starts, self.op.Add(size, [1]))
        return self.op.CumSum(self.op.Slice(marks, [0], size), 0)

    def counts(self, ids: Value, limit: Value) -> Value:
        """How often each number below ``limit`` (1,) occurs in ``ids`` (n,), int64."""
        op, zeros = self.op, self.op.Expand([0], limit)
        ones = op.Expand([1], op.Shape(ids))
        return op.ScatterElements(zeros, ids, ones, reduction="add")

    def reduced(
        self, reduction: str, start: float, messages: Value, end: tuple[Value, Value], rank: int
    ) -> Value:
        """Reduce messages at one end of their edges.

        Args:
            reduction: ``"add"``, ``"max"`` or ``"min"``.
            start: the result where there is no message.
            messages: (E, *feature).
            end: of :meth:`Edges.end`.
            rank: the number of feature dimensions.

        Returns:
            (nodes, *feature).
        """
        op, (ids, count) = self.op, end
        shape = op.Concat(count, op.Shape(messages, start=1), axis=0)
        index = op.Expand(self.padded(ids, rank), op.Shape(messages))
        rows = op.Expand(self.like(start, messages), shape)
        return op.ScatterElements(rows, index, messages, reduction=reduction)

    def softmax(self, edges: Edges, scores: Value, rank: int) -> tuple[Value, Value, Value]:
        """Softmax over the edges into each node.

        Args:
            edges: the edges.
            scores: (E, *feature).
            rank: the number of feature dimensions.

        Returns:
            (E, *feature); and (num_dst, *feature) the largest score of each destination, and the
            sum of ``exp(score - largest)``: 0 and 1 if all scores are minus infinity.
        """
        op, end = self.op, edges.end("v")
        zero, one, least = (self.like(number, scores) for number in (0.0, 1.0, -np.inf))
        peak = self.reduced("max", -np.inf, scores, end, rank)
        peak = op.Where(op.Equal(peak, least), zero, peak)
        powers = op.Exp(op.Sub(scores, op.Gather(peak, edges.dst)))
        total = self.reduced("add", 0.0, powers, end, rank)
        total = op.Where(op.Equal(total, zero), one, total)
        return op.Div(powers, op.Gather(total, edges.dst)), peak, total

    def leaky_relu(self, x: Value, negative_slope: float) -> Value:
        """A leaky ReLU, of every dtype."""
        op, zero = self.op, self.like(0.0, x)
        return op.Where(op.Less(x, zero), op.Mul(x, self.like(negative_slope, x)), x)

    def divided(self, rows: Value, divisor: Value, rank: int) -> Value:
        """Divide rows (N, *feature) by a number each, (N,)."""
        return self.op.Div(rows, self.padded(self.op.CastLike(divisor, rows), rank))

    def like(self, number: float, value: Value) -> Value:
        """A number in the dtype of ``value``."""
        return self.op.CastLike(number, value)

    def ints(self, *numbers: int) -> Value:
        """A tensor of int64."""
        return self.op.Constant(value_ints=list(numbers))

    def as_int64(self, ids: Value) -> Value:
        """Ids as int64."""
        return self.op.Cast(ids, to=_INT64)

    def padded(self, rows: Value, missing: int) -> Value:
        """(N, *) as (N, 1, …, *), with ``missing`` dimensions of size 1 after the first."""
        return self.op.Unsqueeze(rows, list(range(1, 1 + missing))) if missing else rows

    def reshaped(self, rows: Value, *shape: int) -> Value:
        """(N, *) as (N, *shape)."""
        op, first = self.op, self.op.Shape(rows, start=0, end=1)
        whole = op.Concat(first, self.ints(*shape), axis=0) if shape else first
        return op.Reshape(rows, whole, allowzero=1)

    def wide(self, value: Value | None) -> Value | None:
        """A value in the dtype in which it is reduced."""
        dtype = None if value is None else _WIDE.get(value.dtype.name)
        return value if dtype is None else self.op.Cast(value, to=dtype)


def neutral(value: Value, reduction: str) -> float:
    """The number that a maximum or minimum in the dtype of ``value`` replaces by any other."""
    is_max = reduction == "max"
    if value.dtype.is_floating_point():
        return -np.inf if is_max else np.inf
    limits = np.iinfo(np.int32 if value.dtype.name == "BOOL" else value.dtype.numpy())
    return int(limits.min if is_max else limits.max)


def sizes(shape: Any) -> list[int]:
    """Sizes of features, which a program knows.

    Raises:
        GraphValueError: a size that is not constant.
    """
    known = list(shape)
    if not all(isinstance(size, int) for size in known):
        raise GraphValueError(
            f"Expected features of constant sizes, got {known}; export with dynamic numbers of "
            "nodes and edges alone."
        )
    return known
