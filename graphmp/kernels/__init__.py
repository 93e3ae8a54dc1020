"""The primitives that graphs run on: each call goes to the first backend that can run it.

``BACKENDS`` is the order. The last, plain torch, supports everything. A backend with an optional
dependency is imported when a call first reaches it. :class:`.contract.Backend` documents the
primitives; the functions of the same names here select a backend and call it.

Files:
    contract: The primitives every backend may offer, their records, and tolerances.
    cpu: The CPU backend, compiled by Numba.
    cuda: The GPU backend, compiled by Triton.
    error_texts: Error messages that all backends share.
    expression: Expressions of messages, as data.
    philox: The counter-based random number generator Philox 4x32-10.
    plan: How the features of two operands broadcast, and which dimensions are summed.
    reference: The reference backend in plain torch: every device, every dtype.
    sampling_spec: Records that describe samples and walks.
    segments: Rows and positions of compressed layouts.
    torch_library: Registration of operators with torch.library.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import cast

import torch
from torch import Tensor
from torch.compiler import is_compiling

from ..errors import GraphRuntimeError, GraphValueError
from . import torch_library
from .contract import Attention, Backend, Call, Csr, Operand
from .expression import Expression
from .plan import Plan
from .sampling_spec import SampleSpec, WalkSpec

# Name, module, and the package that it needs.
BACKENDS: list[tuple[str, str, str | None]] = [
    ("cpu", ".cpu", "numba"),
    ("cuda", ".cuda", "triton"),
    ("reference", ".reference", None),
]
_enabled: tuple[str, ...] = tuple(name for name, _, _ in BACKENDS)
_selected: dict[tuple[object, ...], Backend] = {}  # by the fields of a call


@cache
def _load(module: str) -> Backend:
    return cast(Backend, import_module(module, __name__))


def why_not(name: str, call: Call) -> str | None:
    """The reason why backend ``name`` does not run ``call``, or None when it can.

    Args:
        name: a name in ``BACKENDS``.
        call: the call to run.
    """
    module, needs = next((m, n) for known, m, n in BACKENDS if known == name)
    if name not in _enabled:
        return "it is switched off"
    if needs is not None and find_spec(needs) is None:
        return f"{needs} is not installed"
    return _load(module).why_not(call)


def select(call: Call) -> Backend:
    """The backend that runs ``call``.

    Raises:
        GraphRuntimeError: every backend has a reason against it; the message lists them.
    """
    backend = _selected.get(call)
    if backend is not None:
        return backend
    reasons = []
    for name, module, _ in BACKENDS:
        reason = why_not(name, call)
        if reason is None:
            _selected[call] = _load(module)
            return _selected[call]
        reasons.append(f"{name}: {reason}")
    raise GraphRuntimeError(f"No backend runs {call}: {'; '.join(reasons)}.")


def _backend(primitive: str, like: Tensor, op: str = "copy") -> Backend:
    """The backend that runs a primitive on such tensors; to ask a device for its type is slow."""
    key = (primitive, like.device, like.dtype, op)
    backend = _selected.get(key)
    if backend is None:
        backend = _selected[key] = select(Call(primitive, like.device.type, like.dtype, op))
    return backend


@contextmanager
def using(*names: str) -> Iterator[None]:
    """Run calls inside the ``with`` by these backends alone, in their usual order.

    For debugging and for tests; the choice holds for all threads.

    Args:
        names: names in ``BACKENDS``.

    Raises:
        GraphValueError: an unknown name.

    Example:
        >>> import graphmp as gm
        >>> with gm.kernels.using("reference"):
        ...     g = gm.graph(([0, 1], [1, 2]))
    """
    known = [name for name, _, _ in BACKENDS]
    if not names or any(name not in known for name in names):
        raise GraphValueError(f"Expected names of backends ({', '.join(known)}), got {names}.")
    previous = _enabled
    _enable(names)
    try:
        yield
    finally:
        _enable(previous)


def _enable(names: Sequence[str]) -> None:
    global _enabled
    _enabled = tuple(names)
    _selected.clear()


def group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    """Sort (E,) ids stably: row limits (num_rows + 1,) and positions (E,), in the ids' dtype."""
    if is_compiling():
        return _GROUP(ids, num_rows)  # type: ignore[no-any-return]
    return _group(ids, num_rows)


def _group(ids: Tensor, num_rows: int) -> tuple[Tensor, Tensor]:
    return _backend("group", ids).group(ids, num_rows)


_GROUP = torch_library.define(
    "group",
    "(Tensor ids, SymInt num_rows) -> (Tensor, Tensor)",
    _group,
    lambda ids, num_rows: (ids.new_empty(num_rows + 1), ids.new_empty(ids.shape)),
)


def compress(rows: Tensor, others: Tensor, num_rows: int) -> Csr:
    """Group edges by one of their ends; see :class:`.contract.Backend`."""
    if is_compiling():
        indptr, order = group(rows, num_rows)
        return Csr(indptr, others.index_select(0, order), order)
    return _backend("compress", rows).compress(rows, others, num_rows)


def sort_pairs(u: Tensor, v: Tensor, num_u: int, num_v: int) -> Csr:
    """Group edges by one of their ends and sort by the other; see :class:`.contract.Backend`."""
    return _backend("sort_pairs", u).sort_pairs(u, v, num_u, num_v)


def symmetrize(u: Tensor, v: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
    """Different edges in both directions, sorted; see :class:`.contract.Backend`."""
    return _backend("symmetrize", u).symmetrize(u, v, num_nodes)


def search(csr: Csr, rows: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """Find the edges between pairs of nodes; see :class:`.contract.Backend`."""
    return _backend("search", rows).search(csr, rows, others)


def edges_of(csr: Csr, rows: Tensor, names: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """Gather all edges of rows, row after row; see :class:`.contract.Backend`."""
    return _backend("edges_of", rows).edges_of(csr, rows, names)


def entries_of(indptr: Tensor, entries: Tensor, rows: Tensor) -> Tensor:
    """Gather the entries of rows, row after row; see :class:`.contract.Backend`."""
    return _backend("entries_of", rows).entries_of(indptr, entries, rows)


def edges_among(csr: Csr, rows: Tensor, nodes: Tensor, limit: int) -> tuple[Tensor, Tensor, Tensor]:
    """Gather edges of rows to some nodes; see :class:`.contract.Backend`."""
    return _backend("edges_among", rows).edges_among(csr, rows, nodes, limit)


def spmm(
    csr: Csr,
    op: str,
    reduce: str,
    divisor: Tensor | bool,
    lhs: Operand,
    rhs: Operand | None,
    plan: Plan,
    wants_arg: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Compute messages and reduce them into rows; see :class:`.contract.Backend`."""
    backend = _backend("spmm", lhs.data, op)
    return backend.spmm(csr, op, reduce, divisor, lhs, rhs, plan, wants_arg)


def sddmm(csr: Csr, op: str, lhs: Operand, rhs: Operand | None, plan: Plan) -> Tensor:
    """Compute messages and keep them at the edges; see :class:`.contract.Backend`."""
    backend = _backend("sddmm", lhs.data, op)
    return backend.sddmm(csr, op, lhs, rhs, plan)


def product_gradient(csr: Csr, own: Tensor, weight: Tensor, grad: Tensor) -> tuple[Tensor, Tensor]:
    """Both gradients of a sum of products; see :class:`.contract.Backend`."""
    backend = _backend("product_gradient", grad)
    return backend.product_gradient(csr, own, weight, grad)


def reduce_expression(
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
    """Compute messages and reduce them into rows; see :class:`.contract.Backend`."""
    return _backend("reduce_expression", operands[0].data).reduce_expression(
        csr, expression, operands, constants, reduce, divisor, shape, wants_arg, keeps
    )


def edge_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    shape: tuple[int, ...],
    out_shape: tuple[int, ...],
) -> Tensor:
    """Compute messages and keep them at the edges; see :class:`.contract.Backend`."""
    return _backend("reduce_expression", operands[0].data).edge_expression(
        csr, expression, operands, constants, shape, out_shape
    )


def argmax_expression(
    csr: Csr,
    expression: Expression,
    operands: Sequence[Operand],
    constants: tuple[float, ...],
    arg: Tensor,
    shape: tuple[int, ...],
) -> list[Tensor]:
    """Compute messages for the edges that gave a maximum; see :class:`.contract.Backend`."""
    return _backend("argmax_expression", operands[0].data).argmax_expression(
        csr, expression, operands, constants, arg, shape
    )


def arange(count: int, like: Tensor) -> Tensor:
    """Ids 0 to ``count - 1``, of the dtype and on the device of ``like``."""
    return _backend("arange", like).arange(count, like)


def copy_ids(arrays: Sequence[Tensor], dtype: torch.dtype) -> list[tuple[Tensor, int, int, bool]]:
    """Copy ids to an id type, and find their range and order; see :class:`.contract.Backend`."""
    return _backend("copy_ids", arrays[0]).copy_ids(arrays, dtype)


def check_edge_ids(indptr: Tensor, edge_ids: Tensor) -> tuple[bool, bool]:
    """Check edge ids that come from outside; see :class:`.contract.Backend`."""
    return _backend("check_edge_ids", edge_ids).check_edge_ids(indptr, edge_ids)


def take(data: Tensor, ids: Tensor) -> Tensor:
    """Rows of a tensor, ``data[ids]``; see :class:`.contract.Backend`."""
    return _backend("take", data).take(data, ids)


def softmax(csr: Csr, logits: Tensor, with_grouped: bool = False) -> tuple[Tensor, Tensor | None]:
    """Softmax over the edges of each row; see :class:`.contract.Backend`."""
    return _backend("softmax", logits).softmax(csr, logits, with_grouped)


def softmax_gradient(csr: Csr, grouped: Tensor, grads: Tensor) -> Tensor:
    """The gradient of :func:`softmax`; see :class:`.contract.Backend`."""
    return _backend("softmax", grads).softmax_gradient(csr, grouped, grads)


def scatter(
    csr: Csr,
    end: int,
    values: Tensor,
    arg: Tensor,
    columns: Tensor,
    shape: tuple[int, int],
) -> Tensor:
    """Scatter values to the edges that gave a maximum; see :class:`.contract.Backend`."""
    backend = _backend("scatter", values)
    return backend.scatter(csr, end, values, arg, columns, shape)


def attention(
    csr: Csr, spec: Attention, with_attention: bool
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """Attend; see :class:`.contract.Backend`."""
    return _backend("attention", spec.value, spec.kind).attention(csr, spec, with_attention)


def attention_gradient(
    csr: Csr,
    spec: Attention,
    stats: Tensor,
    grad: Tensor,
    attention_grad: Tensor | None,
) -> tuple[Tensor, Tensor, Tensor, Tensor | None]:
    """The gradient of :func:`attention` at sources and edges; see :class:`.contract.Backend`."""
    backend = _backend("attention", spec.value, spec.kind)
    return backend.attention_gradient(csr, spec, stats, grad, attention_grad)


def score_gradient(csr: Csr, spec: Attention, scores: Tensor) -> Tensor:
    """The gradient of attention's scores at the destinations; see :class:`.contract.Backend`."""
    return _backend("attention", spec.value, spec.kind).score_gradient(csr, spec, scores)


def row_dots(left: Tensor, right: Tensor, heads: int) -> Tensor:
    """The dot products of two matrices' rows, head by head; see :class:`.contract.Backend`."""
    return _backend("row_dots", left).row_dots(left, right, heads)


def dropout(x: Tensor, probability: float, seed: int, relu: bool) -> Tensor:
    """Drop elements at random and scale the others; see :class:`.contract.Backend`."""
    return _backend("dropout", x).dropout(x, probability, seed, relu)


def dropout_gradient(out: Tensor, grad: Tensor, probability: float) -> Tensor:
    """The gradient of :func:`dropout` after a ReLU; see :class:`.contract.Backend`."""
    backend = _backend("dropout", grad)
    return backend.dropout_gradient(out, grad, probability)


def linear(factors: Sequence[tuple[Tensor, Tensor]], bias: Tensor | None) -> Tensor:
    """Sum products of features and weights; see :class:`.contract.Backend`."""
    return _backend("linear", factors[0][0]).linear(factors, bias)


def weight_gradient(x: Tensor, grad: Tensor) -> Tensor:
    """Sum the outer products of rows; see :class:`.contract.Backend`."""
    return _backend("weight_gradient", x).weight_gradient(x, grad)


def column_sums(x: Tensor) -> Tensor:
    """Sum rows; see :class:`.contract.Backend`."""
    return _backend("column_sums", x).column_sums(x)


def activate(x: Tensor, bias: Tensor | None, kind: str) -> Tensor:
    """Add a bias and apply an activation; see :class:`.contract.Backend`."""
    return _backend("activate", x).activate(x, bias, kind)


def activation_gradient(x: Tensor, bias: Tensor | None, grad: Tensor, kind: str) -> Tensor:
    """The gradient of :func:`activate`; see :class:`.contract.Backend`."""
    return _backend("activate", grad).activation_gradient(x, bias, grad, kind)


def sample(csr: Csr, rows: Tensor, spec: SampleSpec) -> tuple[Tensor, Tensor, Tensor]:
    """Sample edges of rows; see :class:`.contract.Backend`."""
    return _backend("sample", rows).sample(csr, rows, spec)


def labor(
    csr: Csr, rows: Tensor, spec: SampleSpec, steps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sample each edge independently; see :class:`.contract.Backend`."""
    return _backend("labor", rows).labor(csr, rows, spec, steps)


def greatest(
    csr: Csr, rows: Tensor, k: int, weights: Tensor, ascending: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose the edges of greatest weight; see :class:`.contract.Backend`."""
    return _backend("greatest", weights).greatest(csr, rows, k, weights, ascending)


def relabel(first: Tensor, ids: Tensor, limit: int) -> tuple[Tensor, Tensor]:
    """Renumber nodes in order of first appearance; see :class:`.contract.Backend`."""
    return _backend("relabel", first).relabel(first, ids, limit)


def walk(csr: Csr, nodes: Tensor, spec: WalkSpec) -> tuple[Tensor, Tensor]:
    """Walk at random; see :class:`.contract.Backend`."""
    backend = _backend("walk", nodes, spec.kind)
    return backend.walk(csr, nodes, spec)


def levels(csr: Csr, needed: Tensor) -> Tensor:
    """Find the nodes that edges reach, level by level; see :class:`.contract.Backend`."""
    return _backend("levels", needed).levels(csr, needed)


def communities(csr: Csr, max_size: int, rounds: int) -> Tensor:
    """Find groups of nodes with many edges among them; see :class:`.contract.Backend`."""
    return _backend("communities", csr.indices).communities(csr, max_size, rounds)


def first_edges(csr: Csr, levels: Tensor) -> Tensor:
    """Find the edges through which searches reach nodes; see :class:`.contract.Backend`."""
    return _backend("first_edges", levels).first_edges(csr, levels)
