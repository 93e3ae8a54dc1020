"""The contract of the backends: the primitives, the records they read, and tolerances.

:class:`Backend` lists the primitives; the docstring of each method is its contract. Every backend
has one file for each family of primitives: ``messages``, ``softmax``, ``attention``, ``dropout``,
``linear``, ``activations``, ``expressions``, ``gather``, ``sampling``, ``labor`` and ``walking``.

Conventions that all primitives share:

- Ids are contiguous and of one dtype, int32 or int64.
- ``csr`` is a :class:`Csr`: edges grouped by one of their ends, its rows. Rows are destinations
  unless a primitive says otherwise.
- Both operands of a message have one dtype, which is the dtype of the result. float16 and bfloat16
  accumulate in float32 and round once.
- The operators are ``copy`` (of ``lhs``), ``add``, ``sub``, ``mul`` and ``div``.
- Results are new tensors; the same inputs give the same bits on any number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from .expression import Expression
from .plan import Plan
from .sampling_spec import SampleSpec, WalkSpec

# Where an operand's row is found for an edge at a position of a compressed layout.
ROW, OTHER, EDGE = 0, 1, 2
ALL = 3  # one row, for every edge; in expressions

ACTIVATIONS = ("", "elu")
OPS = ("copy", "add", "sub", "mul", "div")
REDUCES = ("sum", "max", "min")
SCORES = ("add", "dot", "leaky")

# Greatest relative and absolute difference of a result from the formula in float64, where sums
# have up to a thousand terms of size one.
TOLERANCE: dict[torch.dtype, tuple[float, float]] = {
    torch.float64: (1e-10, 1e-10),
    torch.float32: (2e-5, 2e-5),
    torch.bfloat16: (1.6e-2, 1.6e-2),
    torch.float16: (2e-3, 2e-3),
}


class _Csr(NamedTuple):
    indptr: Tensor
    indices: Tensor
    edge_ids: Tensor


class Csr(_Csr):
    """Edges grouped by one of their ends; within a row in ascending edge id.

    Attributes:
        indptr: (rows + 1,) where each row starts and ends.
        indices: (E,) the other end of each edge.
        edge_ids: (E,) the edge id at each position.
        arrays: what a backend on the CPU has made of the three, for its next call; else None.
    """

    arrays: Any = None

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the tensors alone."""
        return Csr, tuple(self)


class OrderedCsr(Csr):
    """Edges grouped by row, and an order in which their rows are visited faster.

    It is a :class:`Csr` in everything else. A backend may ignore the order: results are the same.

    Attributes:
        rows: (rows,) the row at each place of the order.
        visited: the same edges, row after row in this order.
    """

    rows: Tensor
    visited: Csr

    def __new__(cls, csr: Csr, rows: Tensor, visited: Csr) -> OrderedCsr:
        """Give ``csr`` an order of its rows."""
        self = tuple.__new__(cls, csr)
        self.rows, self.visited = rows, visited
        return self

    _make = Csr._make  # type: ignore[assignment]  # other edges do not have this order


class Operand(NamedTuple):
    """One operand of a message.

    Attributes:
        data: (rows, *feature), of any strides.
        end: which row of ``data`` an edge reads: ``ROW``, ``OTHER`` or ``EDGE``; in expressions
            also ``ALL``, the only row.
    """

    data: Tensor
    end: int


class Attention(NamedTuple):
    """The operands of attention; features are flat, (rows, heads * head size).

    The score of an edge from u to v, for each head, is by kind

    - ``"add"``: ``leaky(left[u] + right[v] + edge)``, where a head has one element;
    - ``"dot"``: ``left[u] · right[v] + edge``;
    - ``"leaky"``: ``attn_vector · leaky(left[u] + right[v]) + edge``.

    The softmax of the scores over the edges into v, times dropout and ``weight``, weighs the sum of
    ``value[u]``. Dropout is that of :mod:`.philox`.

    Attributes:
        kind: how scores are computed.
        heads: the number of heads.
        left: (num_src, heads * k).
        right: (num_dst, heads * k).
        value: (num_src, heads * d).
        edge: (E, heads), or None.
        weight: (E, heads), or None.
        attn_vector: (1, heads * k), for kind ``"leaky"``; else None.
        negative_slope: slope of the leaky ReLU below zero.
        dropout: probability that an edge's attention is dropped, 0 to 1.
        seed: of the dropout, 0 to 2⁶³ - 1.
    """

    kind: str
    heads: int
    left: Tensor
    right: Tensor
    value: Tensor
    edge: Tensor | None
    weight: Tensor | None
    attn_vector: Tensor | None
    negative_slope: float
    dropout: float
    seed: int


class Call(NamedTuple):
    """One call of a primitive, as far as a backend needs it to say why it cannot run it."""

    primitive: str
    device: str
    dtype: torch.dtype
    op: str = "copy"


class Backend(Protocol):
    """The primitives: each is one method, whose docstring is the contract.

    A backend may leave primitives out: ``why_not`` then gives the reason, and the next backend runs
    the call. A backend that accepted a call runs it.
    """

    name: str

    def why_not(self, call: Call) -> str | None:
        """The reason why this backend cannot run ``call``, or None if it can."""

    # ---- messages

    def spmm(
        self,
        csr: Csr,
        op: str,
        reduce: str,
        divisor: Tensor | bool,
        lhs: Operand,
        rhs: Operand | None,
        plan: Plan,
        wants_arg: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        r"""Compute messages from two operands and reduce them into each row.

        Args:
            csr: the edges.
            op: the operator.
            reduce: ``"sum"``, ``"max"`` or ``"min"``. NaN wins in ``"max"`` and ``"min"``.
            divisor: divides each row of a sum before it is rounded: (rows,) numbers in the
                accumulator's dtype, or True for the number of edges of the row.
            lhs: the left operand.
            rhs: the right operand, or None for ``copy``.
            plan: how the features broadcast.
            wants_arg: whether ``arg`` is needed; only with ``"max"`` and ``"min"``.

        Returns:
            ``(out, arg)``. ``out`` is (rows, \*plan.out_shape), 0 in rows without edges. ``arg`` is
            None, or (rows, plan.out_size) of int32 or int64: the position in ``csr`` of the edge
            that gave each value, the first among equals, -1 in rows without edges.
        """

    def sddmm(self, csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
        r"""Compute messages from two operands and keep them at the edges.

        Returns:
            (E, \*plan.out_shape), in edge id order.
        """

    def product_gradient(
        self, csr: Csr, own: Tensor, weight: Tensor, grad: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Compute both gradients of a sum of products in one pass.

        Args:
            csr: the edges.
            own: (rows, heads * head size), the features of the rows.
            weight: (E, heads), the weights that they were multiplied with.
            grad: like ``own``, the gradient at the other ends.

        Returns:
            ``(of_own, of_weight)``, shaped as the operands. ``of_own[r]`` is the sum of
            ``weight * grad[other end]`` over the edges of row ``r``; ``of_weight`` is the product
            of ``own[r]`` and ``grad[other end]``, summed in each head.
        """

    def scatter(
        self,
        csr: Csr,
        end: int,
        values: Tensor,
        arg: Tensor,
        columns: Tensor,
        shape: tuple[int, int],
    ) -> Tensor:
        """Scatter values to the edges that gave a maximum: the gradient of a maximum.

        Args:
            csr: the edges.
            end: ``OTHER`` or ``EDGE``: whether rows of ``out`` are other ends or edge ids.
            values: (rows, size).
            arg: (rows, size) positions in ``csr``, each in its own row or -1.
            columns: (size,) the column of ``out`` for each column of ``values``; each column is
                named equally often.
            shape: (n, m), the shape of the result.

        Returns:
            ``out`` with ``out[ids[arg[r, f]], columns[f]] += values[r, f]``.
        """

    # ---- expressions

    def reduce_expression(
        self,
        csr: Csr,
        expression: Expression,
        operands: Sequence[Operand],
        constants: tuple[float, ...],
        reduce: str,
        divisor: Tensor | bool,
        shape: tuple[int, ...],
        wants_arg: bool = False,
        keeps: int = 0,
    ) -> tuple[list[Tensor], Tensor | None]:
        r"""Compute messages of any number of operands, and reduce them into each row.

        An expression with several results gives as many messages for each edge, in one pass. All
        are summed; or the first are summed, and the last ``keeps`` of them kept at the edges.

        Args:
            csr: the edges.
            expression: what is computed from the operands, element by element; it has one result
                with ``"max"`` and ``"min"``, and at least one that is summed with ``"sum"``.
            operands: of one floating point dtype; their features broadcast to ``shape``.
            constants: of the expression.
            reduce: ``"sum"``, ``"max"`` or ``"min"``.
            divisor: of sums, as in :meth:`spmm`.
            shape: of a message.
            wants_arg: whether ``arg`` is needed; only with ``"max"`` and ``"min"``.
            keeps: how many of the last results are kept at the edges; only with ``"sum"``.

        Returns:
            ``(outs, arg)``: a tensor for each result, (rows, \*shape) as :meth:`spmm` returns it,
            or (E, \*shape) in edge id order; and ``arg`` of :meth:`spmm`.
        """

    def edge_expression(
        self,
        csr: Csr,
        expression: Expression,
        operands: Sequence[Operand],
        constants: tuple[float, ...],
        shape: tuple[int, ...],
        out_shape: tuple[int, ...],
    ) -> Tensor:
        r"""Compute messages of any number of operands, and keep them at the edges.

        Args:
            csr: the edges.
            expression: what is computed from the operands, element by element; it has one result.
            operands: of one floating point dtype; their features broadcast to ``shape``.
            constants: of the expression.
            shape: of a message.
            out_shape: ``shape``, or the same with 1 in its last dimensions, which are summed.

        Returns:
            (E, \*out_shape), in edge id order.
        """

    def argmax_expression(
        self,
        csr: Csr,
        expression: Expression,
        operands: Sequence[Operand],
        constants: tuple[float, ...],
        arg: Tensor,
        shape: tuple[int, ...],
    ) -> list[Tensor]:
        r"""Compute each element of a message for one edge: that which gave a maximum.

        Args:
            csr: the edges.
            expression: what is computed from the operands, element by element.
            operands: of one floating point dtype; their features broadcast to ``shape``.
            constants: of the expression.
            arg: (rows, size) positions in ``csr``, each in its own row or -1.
            shape: of a message, of ``size`` elements.

        Returns:
            A tensor for each result, (rows, \*shape); 0 where ``arg`` is -1.
        """

    # ---- gather

    def group(self, ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
        """Sort (E,) ids stably by counting.

        Returns:
            ``(indptr, order)``: (num_rows + 1,) where each id starts, and (E,) positions, in the
            dtype of the ids.
        """

    def compress(self, rows: Tensor, others: Tensor, num_rows: int) -> Csr:
        """Group edges by one of their ends, stably: (E,) rows, and (E,) other ends."""

    def sort_pairs(self, u: Tensor, v: Tensor, num_u: int, num_v: int) -> Csr:
        """Group edges by (E,) ``u``, in each row in ascending ``v`` and then stably."""

    def symmetrize(self, u: Tensor, v: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
        """The different edges among (E,) ``u[i] -> v[i]`` and their reverses, sorted by both ends.

        Returns:
            Sources and destinations.
        """

    def search(self, csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
        """Find the edges between pairs of nodes.

        Args:
            csr: the edges; in each row the other ends ascend.
            rows: (k,) the row of each pair.
            others: (k,) its other end.

        Returns:
            ``(low, high)``: (k,) int64, the position of the first edge and one past the last;
            equal if there is no edge.
        """

    def edges_of(
        self, csr: Csr, rows: Tensor, names: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gather all edges of rows, row after row; a row named twice gives its edges twice.

        Args:
            csr: the edges.
            rows: (n,) rows.
            names: (n,) what the result calls each row; its position in ``rows`` by default.

        Returns:
            ``(owners, indices, edge_ids)``: for each edge the name of its row, its other end and
            its id, in the dtype of the ids.
        """

    def entries_of(self, indptr: Tensor, entries: Tensor, rows: Tensor) -> Tensor:
        """Gather the entries of rows, row after row: one of the three that edges have.

        Args:
            indptr: where each row starts and ends.
            entries: (E,) one for each position, such as the indices or the edge ids of a layout.
            rows: (n,) rows; a row named twice gives its entries twice.
        """

    def edges_among(
        self, csr: Csr, rows: Tensor, nodes: Tensor, limit: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Gather the edges of (n,) rows, row after row, whose other ends are among some nodes.

        Args:
            csr: the edges.
            rows: (n,) rows; a row named twice gives its edges twice.
            nodes: (m,) distinct nodes.
            limit: an upper bound of all other ends, exclusive.

        Returns:
            ``(owners, positions, edge_ids)``: for each edge the position of its row in ``rows``,
            that of its other end in ``nodes`` and its id, in the dtype of the ids.
        """

    def arange(self, count: int, like: Tensor) -> Tensor:
        """0 to ``count - 1``, in the dtype and on the device of ``like``."""

    def copy_ids(
        self, arrays: Sequence[Tensor], dtype: torch.dtype
    ) -> list[tuple[Tensor, int, int, bool]]:
        """Copy arrays of ids to an id type, and find the range and the order of each.

        Args:
            arrays: each (n,) int32 or int64, on one device.
            dtype: int32 or int64. What does not fit is cut off, and seen by the range.

        Returns:
            For each array ``(copy, low, high, ascend)``: (n,) of ``dtype`` in memory of its own;
            the least and the greatest id, or 0 and -1 if there are none; and whether none is less
            than the one before it.
        """

    def check_edge_ids(self, indptr: Tensor, edge_ids: Tensor) -> tuple[bool, bool]:
        """Check edge ids that come from outside.

        Args:
            indptr: (rows + 1,) where rows start: ascending from 0 to E.
            edge_ids: (E,) any numbers.

        Returns:
            ``(are_all, ascend)``: whether the ids are 0 to E - 1, each once; and if so, whether
            those of each row ascend.
        """

    def take(self, data: Tensor, ids: Tensor) -> Tensor:
        """``data[ids]`` for (k,) ids."""

    def relabel(self, first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
        """Renumber nodes in order of first appearance.

        Args:
            first: (n,) distinct nodes that get the numbers 0 to n - 1.
            ids: (m,) nodes.
            limit: an upper bound of all nodes, exclusive.

        Returns:
            ``(nodes, positions)``: the distinct nodes, those of ``first`` and then the new ones of
            ``ids``; and (m,) where each of ``ids`` is in ``nodes``.
        """

    # ---- softmax

    def softmax(self, csr: Csr, logits: Tensor, with_grouped: bool) -> tuple[Tensor, Tensor | None]:
        r"""Softmax of (E, \*) logits over the edges of each row.

        An edge at minus infinity gets 0, also if all edges of the row are.

        Returns:
            ``(weights, grouped)``: the softmax in edge id order; and as the edges are grouped, in
            memory of its own, or None unless ``with_grouped``.
        """

    def softmax_gradient(self, csr: Csr, grouped: Tensor, grads: Tensor) -> Tensor:
        """The gradient of :meth:`softmax`.

        Args:
            csr: the edges.
            grouped: the softmax, as the edges are grouped.
            grads: its gradient, in edge id order.

        Returns:
            ``weights * (grads - total)``, in edge id order, where ``total`` is the sum of
            ``weights * grads`` over the edges of the row.
        """

    # ---- attention

    def attention(
        self, csr: Csr, spec: Attention, with_attention: bool
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """Attend as :class:`Attention` says.

        Returns:
            ``(out, rounded, stats, attention)``. ``out`` is (rows, size of ``value``), 0 in rows
            without edges. ``rounded`` is the same in the dtype of ``value``; it is ``out`` if that
            has this dtype. ``stats`` is (rows, 2 heads): the largest score of each row, any number
            if one is NaN, and the sum of ``exp(score - largest)``; 0 and 1 without edges, or if
            all are minus infinity. ``out`` and ``stats`` have the accumulator's dtype.
            ``attention`` is (E, heads), after dropout and weights, or None unless
            ``with_attention``.
        """

    def attention_gradient(
        self,
        csr: Csr,
        spec: Attention,
        stats: Tensor,
        grad: Tensor,
        attention_grad: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """The gradients of :meth:`attention` at the sources and the edges.

        Args:
            csr: the edges, whose rows are sources here.
            spec: the attention.
            stats: (num_dst, 3 heads): as :meth:`attention` returns them, and ``delta``, the sum of
                attention times its gradient over the edges of a destination.
            grad: the gradient of ``out``.
            attention_grad: the gradient of ``attention``, or None.

        Returns:
            ``(value, left, scores, weight)``. ``value`` has the dtype of its operand, the others
            the accumulator's. ``scores`` is (E, heads), for kind ``"add"`` before the leaky ReLU.
            ``left`` is for kind ``"leaky"`` not multiplied by the attention vector yet. ``weight``
            is None without weights.
        """

    def score_gradient(self, csr: Csr, spec: Attention, scores: Tensor) -> Tensor:
        """The gradient of the scores at the destinations, which are the rows.

        For kind ``"leaky"`` it is not multiplied by the attention vector yet.
        """

    def row_dots(self, left: Tensor, right: Tensor, heads: int) -> Tensor:
        """The dot products of the rows of two matrices, head by head.

        Args:
            left: (rows, heads * size).
            right: likewise, perhaps in another dtype.
            heads: the number of heads.

        Returns:
            (rows, heads), in the dtype of ``left``, which is that of an accumulator.
        """

    # ---- dropout

    def dropout(self, x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
        """Set elements to 0 at random, and scale the others.

        Which elements, follows from the key and their flat positions alone: element ``i`` is
        dropped, whatever it is, if word ``i`` of :func:`.philox.block_words` is below
        :func:`.philox.threshold`. The others are multiplied by :func:`.philox.scale_of`, in the
        accumulator's dtype. All backends return the same bits.

        Args:
            x: of any shape, floating point.
            probability: that an element is dropped, 0 to 1.
            seed: the key, 0 to 2⁶³ - 1.
            relu: whether to apply a ReLU first; NaN stays NaN.

        Returns:
            Like ``x``, contiguous.
        """

    def dropout_gradient(self, out: Tensor, grad: Tensor, probability: float) -> Tensor:
        """The gradient of :meth:`dropout` with ``relu``, without random words.

        Args:
            out: the result of :meth:`dropout`.
            grad: its gradient.
            probability: as there.

        Returns:
            ``grad`` times :func:`.philox.scale_of`; 0 where ``out`` is 0.
        """

    # ---- linear maps

    def linear(self, factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
        """Sum the products of features and transposed weights, and add a bias.

        Args:
            factors: pairs of (n, k) features and (m, k) weights, at least one; k may differ.
            bias: (m,), or None.

        Returns:
            (n, m).
        """

    def weight_gradient(self, x: Tensor, grad: Tensor) -> Tensor:
        """Sum the outer products of rows: the gradient of a weight.

        Args:
            x: (n, k), floating point.
            grad: (n, m), of the same dtype.

        Returns:
            (m, k), summed in float32 for half precision, but that a few rows may be rounded twice.
        """

    def column_sums(self, x: Tensor) -> Tensor:
        """Sum the rows: the gradient of a bias.

        Args:
            x: (n, m), floating point.

        Returns:
            (m,).
        """

    # ---- activations

    def activate(self, x: Tensor, bias: Tensor | None, kind: str) -> Tensor:
        """Add a bias to rows, and apply an activation; half precision is rounded once.

        Args:
            x: (n, m), floating point.
            bias: (m,), or None.
            kind: of ``ACTIVATIONS``: ``""`` for none, or ``"elu"``, which is x above 0 and
                exp(x) - 1 below. NaN stays NaN.

        Returns:
            (n, m).
        """

    def activation_gradient(
        self, x: Tensor, bias: Tensor | None, grad: Tensor, kind: str
    ) -> Tensor:
        """The gradient of ``x`` from that of the result of :meth:`activate`.

        Args:
            x: as there.
            bias: as there.
            grad: (n, m).
            kind: as there.

        Returns:
            (n, m).
        """

    # ---- sampling

    def sample(self, csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
        """Sample edges of (n,) rows; a row named twice is sampled twice.

        Returns:
            ``(indptr, indices, positions)``: (n + 1,) where the edges of each row start, and for
            each edge its other end and its position in ``csr``.
        """

    def greatest(
        self, csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Choose the ``k`` edges of greatest weight of each row, the greatest first.

        Args:
            csr: the edges.
            rows: (n,) rows.
            k: how many; -1 for all.
            weights: (E,) by edge id, of integers, float32 or float64. Of equal weights the first
                in the row comes first.
            ascending: choose the least instead.

        Returns:
            As :meth:`sample`.
        """

    def labor(
        self, csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sample each edge independently, with random numbers that rows share (LABOR).

        Returns:
            As :meth:`sample`, and (E,) float32 weights whose mean is 1 in each row.
        """

    def walk(self, csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
        """Walk at random from (n,) nodes, along edges whose rows are sources here.

        Args:
            csr: the edges.
            nodes: where the walks are; -1 for a walk that has ended.
            spec: the kind of walk, and how many steps.

        Returns:
            ``(traces, edge_ids)``: the node and the edge id of each step, (n, steps) each, -1
            after the end of a walk.
        """

    def levels(self, csr: Csr, needed: Tensor) -> Tensor:
        """Find the nodes that edges reach in several searches, level by level.

        A node that needs no edge is in level 0, any other in the next level as soon as ``needed``
        edges from earlier levels reach it. So 0 at the start and 1 elsewhere is a breadth-first
        search, and the in-degrees are a topological order.

        Args:
            csr: the edges between N nodes, whose rows are sources here.
            needed: (searches, N) how many edges each node needs, in the dtype of the ids.

        Returns:
            (searches, N), the level of each node; -1 for nodes that are not reached.
        """

    def communities(self, csr: Csr, max_size: int, rounds: int) -> Tensor:
        """Find groups of nodes with many edges among them, by label propagation.

        The label of a node is its id at first. In each round every node in turn takes the label
        of most of its neighbours, of those that fewer than ``max_size`` other nodes have. If
        several are equally frequent, it takes the first that is so in the order of its edges.

        Args:
            csr: the edges between N nodes.
            max_size: how many nodes have one label at most.
            rounds: how many rounds there are at most; they end when no label changes.

        Returns:
            (N,) labels in the dtype of the ids.
        """

    def first_edges(self, csr: Csr, levels: Tensor) -> Tensor:
        """Find the edges through which searches reach nodes.

        Args:
            csr: the edges between N nodes.
            levels: (searches, N), as :meth:`levels` returns them.

        Returns:
            (searches, N), the least id of the edges from earlier levels into each node; -1 for
            nodes that are in level 0 or not reached.
        """


PRIMITIVES = tuple(
    name
    for name, member in vars(Backend).items()
    if callable(member) and not name.startswith("_") and name != "why_not"
)


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The dtype in which results of ``dtype`` are accumulated."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
