"""What every backend offers: the primitives, the features' index maps, and how exact results are.

Primitives
    ``group(ids, num_rows) -> (indptr, order)``
        A stable counting sort of (E,) ids: (num_rows + 1,) limits and (E,) positions.
    ``spmm(csr, op, reduce, divisor, lhs, rhs, plan, wants_arg) -> (out, arg)``
        Messages made from two operands and reduced into each row of ``csr``, a triple
        ``(indptr, indices, eids)``. ``out`` is (rows, *plan.out_shape) and holds 0 in rows without
        edges. ``arg`` is None unless ``"max"`` or ``"min"`` want it; it is the position in
        ``csr`` of the edge that gave each value, the first among equals, -1 in rows without
        edges: (rows, plan.out_size), int32 or int64. NaN wins. ``divisor``
        divides each row of a sum before it is rounded: (rows,) numbers in the accumulator's dtype,
        or True for the number of its edges.
    ``sddmm(csr, op, lhs, rhs, plan) -> out``
        Messages kept at the edges: (E, *plan.out_shape), in edge id order.
    ``product_gradient(csr, own, weight, grad) -> (of_own, of_weight)``
        The gradient of a sum of products, of rows and of the edges they were multiplied with, in
        one pass: ``of_own[r]`` is the sum of ``weight * grad[other end]`` over the edges of row
        ``r``, and ``of_weight`` the product of ``own[r]`` and ``grad[other end]`` summed in each
        head. ``own`` is (rows, heads * size of a head), ``grad`` likewise at the other ends,
        ``weight`` (E, heads); results are as the operands.
    ``arange(count, like) -> ids``
        0 to ``count - 1``, of the dtype and on the device of ``like``.
    ``take(data, ids) -> rows``
        ``data[ids]``, for (k,) ids.
    ``softmax(csr, logits) -> out``
        Softmax of (E, *) logits over the edges of each row, in edge id order.
    ``softmax_gradient(csr, weights, grads) -> out``
        What reaches the logits: ``weights * (grads - total)``, where ``total`` is the sum of
        ``weights * grads`` over the edges of the row.
    ``scatter(csr, where, values, arg, places, shape) -> out``
        The gradient of a maximum: ``out[ids[arg[r, f]], places[f]] += values[r, f]`` for (rows,
        size) values and positions in ``csr``, each -1 or in its row. ``ids`` are the other ends
        or the edge ids, as ``where`` says; ``out`` has ``shape``, (n, m), and each of its m columns
        is named by as many of the (size,) ``places``.
    ``attention(csr, given, wanted) -> (out, stats, attention)``
        Attention as :class:`Attention` says; rows of ``csr`` are destinations. ``out`` is (rows,
        size of ``value``), 0 in rows without edges. ``stats`` is (rows, 2 heads): the peak of the
        scores of a row and the sum of ``exp(score - peak)``. Both have the accumulator's dtype.
        ``attention`` is (E, heads), after dropout and weights, if ``wanted``; else None.
    ``attention_gradient(csr, given, stats, grad, attention_grad)``
        What reaches the sources and the edges, ``(value, left, scores, weight)``; rows of ``csr``
        are sources. ``stats`` is (num_dst, 3 heads), with ``delta``, the sum of attention times its
        gradient over the edges of a destination. ``grad`` is that of ``out``, ``attention_grad``
        that of ``attention`` or None. ``value`` has its operand's dtype, the others the
        accumulator's; ``scores``, (E, heads), is the gradient before the leaky ReLU of kind
        ``"add"``, ``weight`` None without weights.
    ``score_gradient(csr, given, scores) -> right``
        The gradient of the scores at the destinations, the rows of ``csr``. It and ``left`` above
        are for kind ``"leaky"`` not yet multiplied by ``slant``.
    ``sample(csr, rows, choice) -> (limits, others, places)``
        Edges of (n,) ``rows`` of ``csr``, chosen as :class:`.draws.Choice` says: (n + 1,) limits,
        and the other end and the position in ``csr`` of each edge. A row named twice chooses
        twice.
    ``labor(csr, rows, choice, steps) -> (limits, others, places, weights)``
        Likewise edges that are taken each by itself, from other ends that rows have in common, as
        :mod:`.sampling_spec` says; and (E,) float32 ``weights``, whose mean is 1 in each row.
    ``greatest(csr, rows, k, weights, ascending) -> (limits, others, places)``
        Likewise the ``k`` edges of each row with the greatest weights, or the least if
        ``ascending``, the greatest first; of equals the one that comes first in the row. ``k`` is
        -1 for all. ``weights`` are (E,) by edge id, of integers, float32 or float64.
    ``relabel(first, ids, limit) -> (nodes, places)``
        Nodes numbered anew: those of ``first``, (n,), and then those of ``ids``, (m,), that are
        new, in the order in which they first come. ``places`` is (m,), where each of ``ids`` is
        first in ``nodes``. All are below ``limit``.
    ``walk(csr, nodes, how) -> (traces, eids)``
        Walks that leave (n,) ``nodes`` along the edges of ``csr``, as :class:`.draws.Walk` says:
        the node and the edge id of each step, (n, steps) each, -1 after the end of a walk. A node
        -1 is a walk that has ended before.

Ids are contiguous and of one dtype. An operand is an :class:`At`: a tensor and where its rows are
found. Both operands have one dtype, which is the dtype of the result; float16 and bfloat16
accumulate in float32 and round once.
The operators are ``copy`` (of ``lhs``), ``add``, ``sub``, ``mul``, ``div``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from ..errors import GraphValueError
from .sampling_spec import Choice, Walk

# Where an operand's row is found for an edge at a position of a compressed layout.
ROW, OTHER, EDGE = 0, 1, 2

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


class Csr(NamedTuple):
    """Edges grouped by one of their ends; within a row in ascending edge id.

    Attributes:
        indptr: (rows + 1,) where each row starts and ends.
        indices: (E,) the other end of each edge.
        edge_ids: (E,) the edge id at each position.
    """

    indptr: Tensor
    indices: Tensor
    edge_ids: Tensor


class Operand(NamedTuple):
    """One operand of a message.

    Attributes:
        data: (rows, *feature), contiguous.
        end: which row of ``data`` an edge reads: ``ROW``, ``OTHER`` or ``EDGE``.
    """

    data: Tensor
    end: int


class Attention(NamedTuple):
    """What attends to what: features are flat, (rows, heads * size of a head).

    The score of an edge from u to v, for each head, is by kind

    - ``"add"``: ``leaky(left[u] + right[v] + edge)``, where a head has one element;
    - ``"dot"``: ``left[u] · right[v] + edge``;
    - ``"leaky"``: ``slant · leaky(left[u] + right[v]) + edge``.

    The softmax of the scores over the edges into v, times dropout and ``weight``, weighs the sum of
    ``value[u]``. Dropout is that of :mod:`.philox`.

    Attributes:
        kind: how scores are made.
        heads: the number of heads.
        left: (num_src, heads * k).
        right: (num_dst, heads * k).
        value: (num_src, heads * d).
        edge: (E, heads), or None.
        weight: (E, heads), or None.
        slant: (1, heads * k), for kind ``"leaky"``; else None.
        slope: of the leaky ReLU below zero.
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
    slant: Tensor | None
    slope: float
    dropout: float
    seed: int


class Call(NamedTuple):
    """What a backend may look at to say why it cannot run a call."""

    primitive: str
    device: str
    dtype: torch.dtype
    op: str = "copy"


class Backend(Protocol):
    """A folder or module of kernels."""

    name: str

    def why_not(self, call: Call) -> str | None:
        """A reason why this backend cannot run ``call``, or None when it can."""

    def group(self, ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
        """See the module's docstring."""

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
        """See the module's docstring."""

    def sddmm(self, csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
        """See the module's docstring."""

    def product_gradient(
        self, csr: Csr, own: Tensor, weight: Tensor, grad: Tensor
    ) -> tuple[Tensor, Tensor]:
        """See the module's docstring."""

    def arange(self, count: int, like: Tensor) -> Tensor:
        """See the module's docstring."""

    def take(self, data: Tensor, ids: Tensor) -> Tensor:
        """See the module's docstring."""

    def softmax(self, csr: Csr, logits: Tensor) -> Tensor:
        """See the module's docstring."""

    def softmax_gradient(self, csr: Csr, weights: Tensor, grads: Tensor) -> Tensor:
        """See the module's docstring."""

    def scatter(
        self,
        csr: Csr,
        where: int,
        values: Tensor,
        arg: Tensor,
        places: Tensor,
        shape: tuple[int, int],
    ) -> Tensor:
        """See the module's docstring."""

    def attention(
        self, csr: Csr, given: Attention, wanted: bool
    ) -> tuple[Tensor, Tensor, Tensor | None]:
        """See the module's docstring."""

    def attention_gradient(
        self,
        csr: Csr,
        given: Attention,
        stats: Tensor,
        grad: Tensor,
        attention_grad: Tensor | None,
    ) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
        """See the module's docstring."""

    def score_gradient(self, csr: Csr, given: Attention, scores: Tensor) -> Tensor:
        """See the module's docstring."""

    def sample(self, csr: Csr, rows: Tensor, choice: Choice) -> tuple[Tensor, Tensor, Tensor]:
        """See the module's docstring."""

    def labor(
        self, csr: Csr, rows: Tensor, choice: Choice, steps: int
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """See the module's docstring."""

    def greatest(
        self,
        csr: Csr,
        rows: Tensor,
        k: int,
        weights: Tensor,
        ascending: bool,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See the module's docstring."""

    def relabel(self, first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
        """See the module's docstring."""

    def walk(self, csr: Csr, nodes: Tensor, how: Walk) -> tuple[Tensor, Tensor]:
        """See the module's docstring."""


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that shapes broadcast to, right-aligned as in NumPy.

    Torch's own imports SymPy, which takes 0.3 s; NumPy's knows no symbolic sizes.

    Raises:
        GraphValueError: they do not broadcast.

    Example:
        >>> broadcast_shape((2, 1), (3,), ())
        (2, 3)
    """
    rank = max(map(len, shapes))
    made = [1] * rank
    for shape in shapes:
        for place, size in enumerate(shape, rank - len(shape)):
            if made[place] == 1:
                made[place] = size
            elif size not in (1, made[place]):
                raise GraphValueError(f"Shapes {', '.join(map(str, shapes))} do not broadcast.")
    return tuple(made)


@dataclass(frozen=True, eq=False)
class Plan:
    """How the features of two operands meet in a result, right-aligned as in NumPy.

    Operands and result broadcast to ``full``; where ``out_shape`` has 1 and ``full`` has not, it
    is summed. A dot product is a multiplication whose last dimension is summed, and so is the
    gradient of a broadcast operand.

    Attributes:
        lhs_shape: feature shape of the left operand.
        rhs_shape: of the right operand.
        out_shape: of the result.
    """

    lhs_shape: tuple[int, ...]
    rhs_shape: tuple[int, ...]
    out_shape: tuple[int, ...]

    @cached_property
    def full(self) -> tuple[int, ...]:
        """The shape that the operands and the result broadcast to."""
        return broadcast_shape(*self._shapes)

    @cached_property
    def size(self) -> int:
        """The number of elements of ``full``."""
        return math.prod(self.full)

    @cached_property
    def out_size(self) -> int:
        """The number of elements of ``out_shape``."""
        return math.prod(self.out_shape)

    @cached_property
    def maps(self) -> tuple[Tensor, Tensor, Tensor]:
        """For each element of ``full`` its flat place in left, right and result: (size,) int64."""
        sizes = [(shape, math.prod(shape)) for shape in self._shapes]
        places = [torch.arange(size, device="cpu").reshape(shape) for shape, size in sizes]
        left, right, out = (of_one.expand(self.full).reshape(-1) for of_one in places)
        return left, right, out

    @cached_property
    def width(self) -> int:
        """The block of a fast layout, or 0.

        When every one of left, right and result is either as large as ``full`` or has one
        element for each block of ``width``, kernels need no maps: this covers equal shapes,
        scalars, heads, and dot products.
        """
        if self.size == 0:
            return 0
        widths = {_block(indices) for indices in self.maps} - {1}
        if 0 in widths or len(widths) > 1:
            return 0
        return widths.pop() if widths else self.size

    @cached_property
    def wide(self) -> tuple[bool, bool, bool]:
        """Whether left, right and result are as large as ``full``, for the fast layout."""
        left, right, out = (math.prod(shape) == self.size for shape in self._shapes)
        return left, right, out

    @property
    def _shapes(self) -> tuple[tuple[int, ...], ...]:
        return self.lhs_shape, self.rhs_shape, self.out_shape


def _block(indices: Tensor) -> int:
    """The w for which ``indices[i] == i // w`` everywhere, or 0."""
    width = int((indices == 0).sum())
    expected = torch.arange(indices.numel(), device="cpu") // max(width, 1)
    return width if torch.equal(indices, expected) else 0


@lru_cache(maxsize=4096)
def plan(
    lhs_shape: tuple[int, ...], rhs_shape: tuple[int, ...], out_shape: tuple[int, ...]
) -> Plan:
    """The plan of these feature shapes; made once."""
    return Plan(lhs_shape, rhs_shape, out_shape)


@lru_cache(maxsize=4096)
def maps_on(plan: Plan, device: torch.device) -> tuple[Tensor, ...]:
    """The maps of a plan on a device; copied there once."""
    return tuple(places.to(device) for places in plan.maps)


def accumulator(dtype: torch.dtype) -> torch.dtype:
    """The dtype in which results of ``dtype`` are accumulated."""
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype
