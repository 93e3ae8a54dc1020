"""Values at edges that are not computed yet: features of one end, and expressions of them.

- A :class:`Leaf` is a tensor at the sources, the destinations or the edges. A function of one end
  alone is computed at its nodes, and is a leaf again.
- An :class:`Elementwise` value combines leaves of several ends, element by element. It becomes an
  expression that kernels evaluate, so that it is never stored at the edges.
- A :class:`Concatenated` value has its parts side by side.
- A :class:`Linear` value is a linear map of one that is not of one end.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor

from ..._storage.adjacency import Adjacency
from ..._storage.gather import gather
from ...function import BINARY_OPS, BinaryOp
from ...kernels.expression import FORMULAS, MAX_OPERANDS, MAX_STEPS, Steps
from ...kernels.plan import broadcast_shape
from ...ops.expressions import mapped
from ...ops.spmm import contract, spmm
from . import notes

Shape: TypeAlias = tuple[int, ...]

LINEAR = "a linear map of what is no sum of features of one end"  # a reason in notes

# How many edges are looked at for parts that cancel; and how many times larger than their sum parts
# may be on the average, of which a map of each then loses as many times the rounding.
_SAMPLED, _MOST_TIMES = 1024, 16

# A derivative may read every operand and the gradients of two more derivatives.
_MOST_LEAVES = MAX_OPERANDS - 3


@dataclass(frozen=True, eq=False)
class Leaf:
    """A tensor at one end of the edges.

    Attributes:
        data: (rows, *feature).
        end: ``"u"``, ``"v"``, ``"e"``, or ``"1"`` for one row that all edges share.
        rows: the nodes of the rows: those that have edges. None for all.
        name: what it is in notes; empty while none are taken.
    """

    data: Tensor
    end: str
    rows: Tensor | None = None
    name: str = ""

    @property
    def shape(self) -> Shape:
        """Of a row."""
        return tuple(self.data.shape[1:])

    @property
    def dtype(self) -> torch.dtype:
        """Of the data."""
        return self.data.dtype


@dataclass(frozen=True, eq=False)
class Elementwise:
    """An operator of values of several ends, which broadcast.

    Attributes:
        op: a key of :data:`graphmp.kernels.expression.FORMULAS`.
        args: the operator's arguments.
        shape: of a row.
        dtype: of the result.
        text: the call in notes that gave it; empty for the operator itself.
    """

    op: str
    args: tuple[Value | float, ...]
    shape: Shape
    dtype: torch.dtype
    text: str = ""


@dataclass(frozen=True, eq=False)
class Concatenated:
    """Values side by side along a feature dimension.

    Attributes:
        parts: of one dtype.
        axis: the feature dimension, not negative.
        shape: of a row.
        dtype: of the parts.
    """

    parts: tuple[Value, ...]
    axis: int
    shape: Shape
    dtype: torch.dtype


@dataclass(frozen=True, eq=False)
class Linear:
    """A linear map of a value of several ends: of its sum, where it is summed.

    Attributes:
        value: (…, in features).
        weight: one row of (out features, in features).
        bias: one row of (out features,), or None.
        shape: of a row.
        dtype: of the result.
    """

    value: Value
    weight: Leaf
    bias: Leaf | None
    shape: Shape
    dtype: torch.dtype

    def of(self, rows: Tensor, scale: Tensor | None = None) -> Tensor:
        """The map of rows, whose bias counts ``scale`` times."""
        weight, bias = self.weight.data[0], None if self.bias is None else self.bias.data[0]
        if scale is None or bias is None:
            return torch.nn.functional.linear(rows, weight, bias)
        out = torch.nn.functional.linear(rows, weight)
        return out + scale.to(out.dtype).view(-1, *(1,) * (out.ndim - 1)) * bias.to(out.dtype)


Value: TypeAlias = Leaf | Elementwise | Concatenated | Linear


VALUES = (Leaf, Elementwise, Concatenated, Linear)

# ---- leaves


def on_rows(edges: Adjacency, leaf: Leaf, function: Callable[[Tensor], Any], what: str = "") -> Any:
    """Apply a function of rows to a leaf: to the rows that have edges, and to no others.

    Whatever the function gives for other rows, an infinity or NaN, would be in a gradient.

    Args:
        edges: the edges.
        leaf: the argument.
        function: of the leaf's data.
        what: its name in notes; empty for what leaves the numbers as they are.

    Returns:
        A leaf, or a list of leaves if the function returned several tensors.
    """
    leaf = _with_edges(edges, leaf)
    results = function(leaf.data)
    name = leaf.name
    if what and notes.are_taken():
        first = results if isinstance(results, Tensor) else results[0]
        name = noted_at_rows(edges, f"{what}({text_of(leaf)})", leaf.end, first)
    if isinstance(results, Tensor):
        return Leaf(results, leaf.end, leaf.rows, name)
    return [
        Leaf(result, leaf.end, leaf.rows, name and f"{name}[{i}]")
        for i, result in enumerate(results)
    ]


def noted_at_rows(edges: Any, text: str, end: str, result: Tensor) -> str:
    """Take a note of what is computed at the rows of one end, or of other rows than edges.

    Returns:
        What later notes call it.
    """
    place = "edges" if end == "e" and isinstance(edges, Adjacency) else "nodes"
    ends = {"u": " at the sources", "v": " at the destinations"}
    notes.note(place, lambda: text + ends.get(end, ""), result.nbytes)
    notes.name(result, notes.last())
    return notes.last()


def _with_edges(edges: Adjacency, leaf: Leaf) -> Leaf:
    """The same leaf without the rows that have no edge."""
    if leaf.end not in ("u", "v") or leaf.rows is not None:
        return leaf
    rows = rows_with_edges(edges if leaf.end == "v" else edges.reversed)
    return leaf if rows is None else Leaf(gather(leaf.data, rows), leaf.end, rows, leaf.name)


def rows_with_edges(edges: Adjacency) -> Tensor | None:
    """The destinations that edges enter, cached; None if they are all."""
    if not edges.has_zero_in_degree:
        return None
    return edges.cached("rows with edges", lambda: edges.in_degrees.nonzero().view(-1))


def all_rows(edges: Adjacency, leaf: Leaf) -> Tensor:
    """The data of a leaf with a row for every node, 0 where there is no edge."""
    if leaf.rows is None:
        return leaf.data
    num_rows = edges.num_src if leaf.end == "u" else edges.num_dst
    zeros = leaf.data.new_zeros(num_rows, *leaf.shape)
    return zeros.index_copy(0, leaf.rows, leaf.data)


def of_edges(tensor: Tensor) -> Leaf:
    """A feature of the edges, or a tensor that the function has for each edge."""
    if notes.are_taken() and not notes.is_named(tensor):
        text = f"a tensor of the function's own, {tuple(tensor.shape)}"
        notes.note("edges", lambda: text, tensor.nbytes)
        notes.name(tensor, notes.last())
    return Leaf(tensor, "e")


# ---- values of several ends


def elementwise(edges: Adjacency, op: str, args: Sequence[Value | float], dtype: Any) -> Value:
    """An operator of values that broadcast; ``dtype`` is that of the result."""
    scaled = _scaled(op, args, dtype)
    if scaled is not None:
        return scaled
    args = [without_map(edges, a) if isinstance(a, Linear) else a for a in args]
    values = [arg for arg in args if not isinstance(arg, (int, float))]
    shape = broadcast_shape(*(value.shape for value in values))
    parted = next((value for value in values if isinstance(value, Concatenated)), None)
    if parted is not None:
        pieces = [_pieces(edges, arg, parted) for arg in args]
        parts = [elementwise(edges, op, each, dtype) for each in zip(*pieces, strict=True)]
        return Concatenated(tuple(parts), parted.axis, shape, dtype)
    result = Elementwise(op, tuple(args), shape, dtype)
    if len(leaves_of(result)) > _MOST_LEAVES or _num_steps(result) > MAX_STEPS // 2:
        shorter: list[Value | float] = [
            v if isinstance(v, (int, float, Leaf)) else kept_at_edges(edges, v) for v in args
        ]
        return Elementwise(op, tuple(shorter), shape, dtype)
    return result


def _scaled(op: str, args: Sequence[Value | float], dtype: torch.dtype) -> Linear | None:
    """A multiple of a linear map, which is a linear map; None for what is none."""
    linear = next((arg for arg in args if isinstance(arg, Linear) and arg.dtype == dtype), None)
    numbers = [arg for arg in args if isinstance(arg, (int, float))]
    if linear is None or len(numbers) != len(args) - 1 or (op == "div" and args[0] is not linear):
        return None
    factors = {"neg": lambda: -1.0, "mul": lambda: numbers[0], "div": lambda: 1 / numbers[0]}
    if op not in factors or numbers == [0]:
        return None
    factor, bias = factors[op](), linear.bias
    weight = replace(linear.weight, data=linear.weight.data * factor)
    bias = None if bias is None else replace(bias, data=bias.data * factor)
    return replace(linear, weight=weight, bias=bias)


def without_map(edges: Adjacency, value: Linear) -> Leaf | Elementwise:
    """A linear map, computed at the edges: in a kernel if its result is one number."""
    return _dot(edges, value) or kept_at_edges(edges, value, LINEAR)


def _dot(edges: Adjacency, value: Linear) -> Leaf | Elementwise | None:
    """A linear map to one number as a product, summed in a kernel; None for another."""
    inner, weight, bias = value.value, value.weight, value.bias
    is_one_dtype = inner.dtype == weight.dtype == value.dtype
    if value.shape[-1] != 1 or not isinstance(inner, Elementwise) or not is_one_dtype:
        return None
    row = Leaf(weight.data[:, 0], "1")
    product = elementwise(edges, "mul", (inner, row), value.dtype)
    total = summed_features(edges, product, [len(inner.shape) - 1])
    if bias is None:
        return total
    return Elementwise("add", (total, bias), value.shape, value.dtype)


def cancels(edges: Adjacency, value: Elementwise) -> bool:
    """Whether a sum or difference is much smaller than what it is of, as between near points.

    A map of each part loses then what the parts have in common. Some edges are looked at.
    """
    with torch.no_grad():
        step = max(edges.num_edges // _SAMPLED, 1)
        eids = torch.arange(0, edges.num_edges, step, dtype=edges.idtype, device=edges.device)
        parts = [_sampled(edges, arg, eids) for arg in value.args]
        result = FORMULAS[value.op](*parts).abs().mean()
        largest = max(part.abs().mean() for part in parts if isinstance(part, Tensor))
        return bool(result * _MOST_TIMES < largest)


def _sampled(edges: Adjacency, value: Value | float, eids: Tensor) -> Any:
    """A value of leaves at some edges, by torch."""
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Leaf):
        if value.end == "1":
            return value.data
        ends = {"u": edges.src, "v": edges.dst}
        rows = eids if value.end == "e" else gather(ends[value.end], eids)
        if value.rows is not None:
            rows = torch.searchsorted(value.rows, rows.to(value.rows.dtype))
        return gather(value.data, rows)
    if isinstance(value, Elementwise):
        return FORMULAS[value.op](*(_sampled(edges, arg, eids) for arg in value.args))
    return gather(at_edges(edges, value), eids)


def leaves_of(value: Value | float) -> list[Leaf]:
    """The different leaves of a value."""
    if isinstance(value, (int, float)):
        return []
    if isinstance(value, Leaf):
        return [value]
    if isinstance(value, Linear):
        below: Any = [part for part in (value.value, value.weight, value.bias) if part is not None]
    else:
        below = value.args if isinstance(value, Elementwise) else value.parts
    leaves = {id(leaf): leaf for part in below for leaf in leaves_of(part)}
    return list(leaves.values())


def _num_steps(value: Value | float) -> int:
    if not isinstance(value, Elementwise):
        return 0
    return 1 + sum(map(_num_steps, value.args))


def _pieces(edges: Adjacency, arg: Value | float, like: Concatenated) -> list[Value | float]:
    """An argument cut as another is: along ``like.axis``, counted from the right."""
    from_right = len(like.shape) - like.axis
    if isinstance(arg, (int, float)) or len(arg.shape) < from_right:
        return [arg] * len(like.parts)
    axis = len(arg.shape) - from_right
    if arg.shape[axis] == 1:
        return [arg] * len(like.parts)
    sizes = [part.shape[like.axis] for part in like.parts]
    if isinstance(arg, Concatenated) and [p.shape[arg.axis] for p in arg.parts] == sizes:
        return list(arg.parts)
    leaf = arg if isinstance(arg, Leaf) else kept_at_edges(edges, arg)
    return list(on_rows(edges, leaf, lambda data: torch.split(data, sizes, axis + 1)))


def kept_at_edges(edges: Adjacency, value: Value, reason: str = "") -> Leaf:
    """A value computed and stored at the edges; the reason is for notes."""
    if isinstance(value, Leaf) and value.end == "e":
        return value
    data = at_edges(edges, value)
    notes.note("edges", lambda: text_of(value), data.nbytes, reason)
    return Leaf(data, "e", None, notes.last())


def text_of(value: Value | float) -> str:
    """A value as notes show it."""
    if isinstance(value, (int, float)):
        return f"{value:g}"
    if isinstance(value, Leaf):
        return value.name or notes.name_of(value.data)
    if isinstance(value, Linear):
        return f"linear({text_of(value.value)})"
    if isinstance(value, Concatenated):
        return f"cat({', '.join(map(text_of, value.parts))})"
    if value.text:
        return value.text
    return call_text(value.op, value.args)


def call_text(name: str, args: Sequence[Any]) -> str:
    """The call of an operator or a function, as notes show it."""
    sign = _SIGNS.get(name)
    if sign and len(args) == 2:
        return f"{_term(args[0])} {sign} {_term(args[1])}"
    kinds = (*VALUES, float)
    texts = (text_of(arg) if isinstance(arg, kinds) else notes.name_of(arg) for arg in args)
    return f"{name.strip('_')}({', '.join(texts)})"


def _term(arg: Any) -> str:
    """An argument of an operator."""
    text = text_of(arg)
    is_sum = isinstance(arg, Elementwise) and not arg.text and arg.op in _SIGNS
    return f"({text})" if is_sum else text


_SIGNS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "div": "/",
    "__truediv__": "/",
    "gt": ">",
    "lt": "<",
    "ge": ">=",
    "le": "<=",
}


def at_edges(edges: Adjacency, value: Value) -> Tensor:
    """Compute a value at the edges: (E, *shape), in edge id order."""
    if isinstance(value, Concatenated):
        return torch.cat([at_edges(edges, part) for part in value.parts], value.axis + 1)
    if isinstance(value, Linear):
        dot = _dot(edges, value)
        return value.of(at_edges(edges, value.value)) if dot is None else at_edges(edges, dot)
    if isinstance(value, Leaf):
        if value.end == "e":
            return value.data
        if value.end == "1":
            return value.data.expand(edges.num_edges, *value.shape).contiguous()
        return gather(all_rows(edges, value), edges.src if value.end == "u" else edges.dst)
    return Lowered(edges, value).to("e", "sum", value.shape)


def with_leaves(value: Value, function: Callable[[Leaf], Leaf]) -> Value:
    """A value with other leaves of the same shapes; a leaf that occurs twice is one leaf again."""
    leaves = {id(leaf): function(leaf) for leaf in leaves_of(value)}

    def rebuilt(part: Value | float | None) -> Any:
        if isinstance(part, Leaf):
            return leaves[id(part)]
        if isinstance(part, Elementwise):
            return replace(part, args=tuple(map(rebuilt, part.args)))
        if isinstance(part, Concatenated):
            return replace(part, parts=tuple(map(rebuilt, part.parts)))
        if isinstance(part, Linear):
            inner, weight, bias = map(rebuilt, (part.value, part.weight, part.bias))
            return replace(part, value=inner, weight=weight, bias=bias)
        return part

    return rebuilt(value)  # type: ignore[no-any-return]


def detached(value: Value) -> Value:
    """A value without a gradient."""

    def of_leaf(leaf: Leaf) -> Leaf:
        name = text_of(leaf) if notes.are_taken() else ""
        return replace(leaf, data=leaf.data.detach(), name=name)

    return with_leaves(value, of_leaf)


def in_order(value: Value, eids: Tensor) -> Value:
    """A value of the edges ``eids``, in that order; to be computed on the relation of these."""

    def of_edges(leaf: Leaf) -> Leaf:
        return Leaf(gather(leaf.data, eids), "e") if leaf.end == "e" else leaf

    return with_leaves(value, of_edges)


def summed_features(edges: Adjacency, value: Value, axes: Sequence[int]) -> Leaf:
    """Sum feature dimensions, which stay as 1, at the edges."""
    shape = tuple(1 if axis in axes else size for axis, size in enumerate(value.shape))
    if isinstance(value, Elementwise):
        data = Lowered(edges, value).to("e", "sum", shape)
        notes.note(
            "kernel", lambda: f"sum of features({text_of(value)}), kept at the edges", data.nbytes
        )
        return Leaf(data, "e", None, notes.last())
    leaf = value if isinstance(value, Leaf) else kept_at_edges(edges, value)
    dims = [axis + 1 for axis in axes]
    return on_rows(edges, leaf, lambda data: data.sum(dims, keepdim=True))  # type: ignore[no-any-return]


def reduced(edges: Adjacency, value: Value, kernel: str, per_degree: bool = False) -> Tensor:
    """Reduce a value at the destinations: (num_dst, *shape), 0 without edges.

    Args:
        edges: the edges.
        value: floating point, or a leaf.
        kernel: ``"sum"``, ``"max"`` or ``"min"``.
        per_degree: divide a sum by the number of edges.
    """
    if isinstance(value, Concatenated):
        parts = [reduced(edges, part, kernel, per_degree) for part in value.parts]
        return torch.cat(parts, value.axis + 1)
    if isinstance(value, Linear) and kernel == "sum" and edges.num_dst <= edges.num_edges:
        total = reduced(edges, value.value, kernel, per_degree)
        degrees = edges.in_degrees
        out = value.of(total, degrees > 0 if per_degree else degrees)
        noted_at_rows(edges, f"linear({notes.name_of(total)})", "v", out)
        return out
    if isinstance(value, Linear):
        value = without_map(edges, value)
    if isinstance(value, Leaf) and value.end == "1":
        value = Leaf(at_edges(edges, value), "e", None, value.name)
    out = _reduced(edges, value, kernel, per_degree)
    reducer = "mean" if per_degree else kernel
    notes.note("kernel", lambda: f"{reducer}({text_of(value)}) over in-edges", out.nbytes)
    notes.name(out, notes.last())
    return out


def _reduced(edges: Adjacency, value: Leaf | Elementwise, kernel: str, per_degree: bool) -> Tensor:
    """Run the kernel of a leaf, of an operator of the table, or of an expression."""
    if isinstance(value, Leaf):
        data, ends = all_rows(edges, value), (value.end, value.end)
        return spmm(edges, None, kernel, data, None, ends, per_degree)
    lowered = Lowered(edges, value)
    row = lowered.row()
    if row is not None:
        lhs, rhs = lowered.operands
        return spmm(edges, row, kernel, lhs, rhs, (lowered.ends[0], lowered.ends[1]), per_degree)
    return lowered.to("v", kernel, value.shape, per_degree)


class Lowered:
    """An elementwise value as kernels compute it: an expression and its operands.

    Attributes:
        edges: the edges.
        expression: the expression.
        constants: its constants.
        operands: (rows, *feature) of one dtype, of equal rank.
        ends: the end of each.
        shape: of a message.
    """

    def __init__(self, edges: Adjacency, value: Elementwise) -> None:
        """Put the expression together."""
        steps, leaves = Steps(), leaves_of(value)
        self.edges, self.shape, self._dtype = edges, value.shape, value.dtype
        dtype = _computed_in(value)
        numbers = {id(leaf): steps.operand(index) for index, leaf in enumerate(leaves)}
        result = _steps_of(value, steps, numbers, {})
        self.expression, indices, self.constants = steps.expression(result)
        rank = len(value.shape)
        used = [leaves[index] for index in indices]
        self.operands = [_padded(all_rows(edges, leaf).to(dtype), rank) for leaf in used]
        self.ends = "".join(leaf.end for leaf in used)

    def row(self) -> BinaryOp | None:
        """The row of the table of operators that this is, or None."""
        if len(self.expression.steps) != 1 or "1" in self.ends or self.constants:
            return None
        name, values = self.expression.steps[0]
        return BINARY_OPS.get(name) if values == (0, 1) and name in _FUSED else None

    def to(self, end: str, kernel: str, out_shape: Shape, per_degree: bool = False) -> Tensor:
        """Compute messages and reduce them at an end, or keep them at the edges."""
        if self.row() is not None and kernel == "sum":
            lhs, rhs = self.operands
            op, ends = self.expression.steps[0][0], (self.ends[0], self.ends[1])
            out = contract(self.edges, end, op, lhs, rhs, ends, out_shape, per_degree)
            return out.to(self._dtype)
        out = mapped(
            self.edges,
            end,
            kernel,
            self.expression,
            self.constants,
            self.operands,
            self.ends,
            self.shape,
            out_shape,
            per_degree,
        )
        return out.to(self._dtype)


_FUSED = ("add", "sub", "mul", "div")


def _computed_in(value: Value) -> torch.dtype:
    """The dtype in which an elementwise value is computed: the widest of its leaves."""
    dtype = value.dtype
    for leaf in leaves_of(value):
        dtype = torch.promote_types(dtype, leaf.dtype)
    return dtype if dtype.is_floating_point else torch.get_default_dtype()


def _steps_of(
    value: Value | float, steps: Steps, numbers: dict[int, int], known: dict[int, int]
) -> int:
    """Add a value to the steps; ``known`` are values that were added before."""
    if isinstance(value, (int, float)):
        return steps.constant(value)
    if isinstance(value, Leaf):
        return numbers[id(value)]
    if id(value) not in known:
        operation = cast(Elementwise, value)  # others have been cut, or computed
        args = [_steps_of(arg, steps, numbers, known) for arg in operation.args]
        known[id(value)] = steps(operation.op, *args)
    return known[id(value)]


def _padded(data: Tensor, rank: int) -> Tensor:
    """Rows with as many feature dimensions as ``rank``."""
    missing = rank - (data.ndim - 1)
    return data.reshape(data.shape[0], *(1,) * missing, *data.shape[1:]) if missing else data
