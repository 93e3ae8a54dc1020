"""Translations of graphmp's operators to ONNX, which ``torch.onnx.export`` calls.

Each is the formula of an operation, like :meth:`.formulas.Formulas.run`, on values of an ONNX
graph.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import torch

from ..errors import GraphImportError, GraphValueError
from .attention_op import AttentionCall
from .formulas import AdjacencyRecord
from .onnx_nodes import Edges, Nodes, Value, neutral, sizes
from .spmm import Contraction
from .torch_operator import LAYOUTS


def onnx_translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """The translations to ONNX of the operators that layers and operations run.

    Those of a forward pass: gradients and dropout have no translation, so call ``model.eval()``
    before the export. Sizes of features are constants of the ONNX model; numbers of nodes and edges
    are as dynamic as ``dynamic_shapes`` says.

    Returns:
        From operators of torch to functions of onnxscript: the argument
        ``custom_translation_table`` of ``torch.onnx.export(…, dynamo=True)``.

    Raises:
        GraphImportError: onnxscript is not installed.

    Example:
        >>> import torch, graphmp as gm
        >>> g, feat = gm.graph(([0, 1], [1, 2])), torch.ones(3, 2)
        >>> program = torch.onnx.export(  # doctest: +SKIP
        ...     gm.nn.SAGEConv(2, 4, "mean").eval(),
        ...     (g, feat),
        ...     dynamo=True,
        ...     custom_translation_table=gm.ops.onnx_translations(),
        ... )
    """
    if find_spec("onnxscript") is None:
        raise GraphImportError(
            "Expected onnxscript to be installed, for ONNX; pip install 'graphmp[onnx]'."
        )
    from onnxscript import opset18

    translations = _Translations(opset18)
    table = {
        "sum": translations.of(Contraction, translations.sum),
        "extreme": translations.of(Contraction, translations.extreme),
        "normalized_sum": translations.of(AdjacencyRecord, translations.normalized_sum),
        "softmax": translations.of(AdjacencyRecord, translations.normalized_exp),
        "attention": translations.of(AttentionCall, translations.attention),
        "group": _function(translations.group),
        "segment_products": _function(translations.segment_products),
    }
    repeat = torch.ops.aten.repeat_interleave.Tensor  # torch's takes no ``output_size``
    return {
        repeat: _function(translations.repeat_interleave),
        torch.ops.aten.sort.stable: _function(translations.sort),
        torch.ops.aten.index_add.default: _function(translations.index_add),
        **{getattr(torch.ops.graphmp, name).default: table[name] for name in table},
    }


def _function(method: Callable[..., Any]) -> Callable[..., Any]:
    """A function, on which the exporter sets an attribute, as it cannot on a method."""
    return lambda *arguments, **options: method(*arguments, **options)


class _Translations(Nodes):
    """The formulas."""

    def of(self, record: Any, formula: Callable[..., Any]) -> Callable[..., Any]:
        """The function that is called with the arguments of an operator of :mod:`.torch_operator`.

        Args:
            record: the type of the operation's record.
            formula: called with the edges, the record and the other arguments.
        """
        first = len(LAYOUTS)
        end = first + len(record._fields) - 1

        def translate(*arguments: Any) -> Any:
            edges = self.edges(*arguments[:first])
            return formula(edges, record(edges, *arguments[first:end]), *arguments[end:])

        return translate

    def group(self, ids: Value, num_rows: Any) -> tuple[Value, Value]:
        """Sort stably: of equal ids ``TopK`` returns the first position first."""
        op, limit = self.op, self.op.Reshape(num_rows, [1])
        _, order = op.TopK(ids, op.Shape(ids), largest=0)
        indptr = op.CumSum(self.counts(op.Add(self.as_int64(ids), [1]), op.Add(limit, [1])), 0)
        return op.CastLike(indptr, ids), op.CastLike(order, ids)

    def sort(
        self, values: Value, *, stable: bool = True, dim: int = -1, descending: bool = False
    ) -> tuple[Value, Value]:
        """Sort stably along a dimension, as :meth:`group` does."""
        op, axis = self.op, dim % len(values.shape)
        size = op.Shape(values, start=axis, end=axis + 1)
        return op.TopK(values, size, axis=axis, largest=int(descending))  # type: ignore[no-any-return]

    def index_add(self, x: Value, dim: int, index: Value, source: Value, alpha: float = 1) -> Value:
        """``torch.index_add``; torch's own translation needs int64 and adds by ScatterND."""
        op, rank = self.op, len(source.shape)
        others = [axis for axis in range(rank) if axis != dim % rank]
        places = op.Expand(op.Unsqueeze(self.as_int64(index), others), op.Shape(source))
        terms = source if alpha == 1 else op.Mul(source, self.like(alpha, source))
        return op.ScatterElements(x, places, terms, axis=dim, reduction="add")

    def repeat_interleave(self, repeats: Value, output_size: Any = None) -> Value:
        """Each position as often as ``repeats`` says; the size is computed."""
        op, ends = self.op, self.op.CumSum(self.as_int64(repeats), 0)
        starts, size = op.Slice(ends, [0], [-1]), op.ReduceSum(self.as_int64(repeats), keepdims=1)
        return op.CastLike(self.rows(starts, size), repeats)

    def segment_products(
        self, blocks: int, trains: bool, x: Value, lengths: Value, weights: Value
    ) -> Value:
        """A product of a slice of rows for each segment."""
        op, (segments, _, rows, columns) = self.op, sizes(weights.shape)
        ends = op.CumSum(self.as_int64(lengths), 0)
        start, parts = self.ints(0), []
        for segment in range(segments):
            end = op.Slice(ends, [segment], [segment + 1])
            part = self.reshaped(op.Slice(x, start, end), blocks, rows)
            weight = op.Gather(weights, segment)
            part = op.MatMul(op.Transpose(part, perm=[1, 0, 2]), weight)
            parts.append(self.reshaped(op.Transpose(part, perm=[1, 0, 2]), blocks * columns))
            start = end
        return op.Concat(*parts, axis=0)

    def sum(
        self, edges: Edges, call: Contraction, trains: bool, lhs: Value, rhs: Value | None
    ) -> Value:
        op, rank = self.op, len(call.out_shape)
        messages = self._messages(edges, call, self.wide(lhs), self.wide(rhs))
        if call.to == "e":
            return op.CastLike(messages, lhs)
        out = self.reduced("add", 0.0, messages, edges.end(call.to), rank)
        if call.per_degree:
            out = self.divided(out, op.Max(edges.in_degrees, self.ints(1)), rank)
        return op.CastLike(out, lhs)

    def extreme(
        self, edges: Edges, call: Contraction, trains: bool, lhs: Value, rhs: Value | None
    ) -> tuple[Value, Value]:
        """The second result is for gradients, which are not translated: -1 or nothing."""
        op, rank = self.op, len(call.out_shape)
        messages = self._messages(edges, call, self.wide(lhs), self.wide(rhs))
        out = self.reduced(call.reduce, neutral(lhs, call.reduce), messages, edges.end("v"), rank)
        has_edge = self.padded(op.Greater(edges.in_degrees, [0]), rank)
        out = op.CastLike(op.Where(has_edge, out, self.like(0.0, out)), lhs)
        if not trains:
            return out, op.Expand(self.like(0.0, lhs), [0])
        size = self.ints(math.prod(sizes(call.out_shape)))
        return out, op.Expand([-1], op.Concat(edges.num_dst, size, axis=0))

    def normalized_sum(
        self,
        edges: Edges,
        call: AdjacencyRecord,
        trains: bool,
        feat: Value,
        left: Value | None,
        right: Value | None,
    ) -> Value:
        op, rank, rows = self.op, len(feat.shape) - 1, self.wide(feat)
        if left is not None:
            rows = self.divided(rows, left, rank)
        out = self.reduced("add", 0.0, op.Gather(rows, edges.src), edges.end("v"), rank)
        if right is not None:
            out = self.divided(out, right, rank)
        return op.CastLike(out, feat)

    def normalized_exp(
        self, edges: Edges, call: AdjacencyRecord, trains: bool, logits: Value
    ) -> tuple[Value, Value]:
        weights, _, _ = self.softmax(edges, self.wide(logits), len(logits.shape) - 1)
        weights = self.op.CastLike(weights, logits)
        return weights, weights  # no gradient reads the second, which is grouped elsewhere

    def attention(
        self, edges: Edges, call: AttentionCall, trains: bool, *operands: Any
    ) -> tuple[Value, ...]:
        left, right, value, edge, weight, attn_vector, seed = operands
        if seed is not None:
            raise GraphValueError(
                "Expected a model without dropout, got one in training mode; call model.eval() "
                "before the export."
            )
        op, heads, shape = self.op, call.heads, sizes(value.shape[1:])
        left_rows, right_rows = (
            self.reshaped(op.Gather(self.wide(rows), ids), heads, sizes(rows.shape[1:])[0] // heads)
            for rows, ids in ((left, edges.src), (right, edges.dst))
        )
        scores = self._scores(call, left_rows, right_rows, attn_vector)
        if edge is not None:
            scores = op.Add(scores, self.wide(edge))
        if call.kind == "add":
            scores = self.leaky_relu(scores, call.negative_slope)
        alpha, peak, total = self.softmax(edges, scores, 1)
        if weight is not None:
            alpha = op.Mul(alpha, self.wide(weight))
        rows = self.reshaped(op.Gather(self.wide(value), edges.src), heads, shape[-1])
        exact = self.reduced("add", 0.0, op.Mul(op.Unsqueeze(alpha, [2]), rows), edges.end("v"), 2)
        return (
            op.CastLike(self.reshaped(exact, *shape), value),
            op.CastLike(self.reshaped(alpha, *shape[:-1]), value),
            self.reshaped(exact, heads * shape[-1]),
            op.Concat(peak, total, axis=1),
        )

    def _scores(
        self, call: AttentionCall, left: Value, right: Value, attn_vector: Value | None
    ) -> Value:
        """Scores before the leaky ReLU of kind ``"add"``: (E, heads); operands (E, heads, k)."""
        op = self.op
        terms = op.Mul(left, right) if call.kind == "dot" else op.Add(left, right)
        if attn_vector is not None:
            shape = [1, call.heads, sizes(attn_vector.shape[1:])[0] // call.heads]
            vectors = op.Reshape(self.wide(attn_vector), shape)
            terms = op.Mul(self.leaky_relu(terms, call.negative_slope), vectors)
        return op.ReduceSum(terms, [2], keepdims=0)

    def _messages(self, edges: Edges, call: Contraction, lhs: Value, rhs: Value | None) -> Value:
        """The message of each edge: (E, *out_shape)."""
        op, rank = self.op, len(call.out_shape)

        def on_edges(rows: Value, end: str, shape: tuple[int, ...]) -> Value:
            rows = rows if end == "e" else op.Gather(rows, edges.end(end)[0])
            return self.padded(rows, rank - len(shape))

        messages = on_edges(lhs, call.lhs, call.lhs_shape)
        if rhs is not None:
            apply = {"add": op.Add, "sub": op.Sub, "mul": op.Mul, "div": op.Div}[call.op]
            messages = apply(messages, on_edges(rhs, call.rhs, call.rhs_shape))
        shapes = (call.lhs_shape, call.rhs_shape, call.out_shape)
        padded = ((1,) * (rank - len(shape)) + tuple(shape) for shape in shapes)
        by_axis = enumerate(zip(*padded, strict=True), 1)
        summed = [
            axis for axis, (left, right, out) in by_axis if out == 1 and not left == right == 1
        ]
        return op.ReduceSum(messages, summed) if summed else messages
