"""Message passing on tensors, without frames: ``ops.u_mul_e_sum(graph, x, w)``.

Every pair of builtins has a function here: ``<message>(graph, …)`` returns the messages, (E, …),
and ``<message>_<reducer>(graph, …)`` the reduced messages, (number of destinations, …). A message
is ``copy_u``, ``copy_v``, ``copy_e`` or ``{u,v,e}_{add,sub,mul,div,dot}_{u,v,e}``; see
:mod:`graphmp.function`. Operators and reducers that users register have functions here too.

A ``graph`` is a :class:`~graphmp.Graph` of one edge type. Everything is differentiable.

Files:
    activation: The differentiable sum of rows and a bias, and an activation.
    argmax: Gather and scatter at the edges that gave a maximum, differentiable.
    attention: Attention over incoming edges: arguments and documentation.
    attention_op: The differentiable attention operation on flat operands.
    broadcast: Common dtypes and broadcast shapes of operands.
    buckets: Messages grouped by the in-degree of their destination.
    derivatives: Derivatives of expressions, which are expressions again.
    dropout: Dropout, alone or after a ReLU.
    eager: Whether operations run one by one, and on many elements.
    edge_softmax: Softmax over the edges that share a node.
    expressions: Messages that are expressions, reduced or kept at edges.
    formulas: What a differentiable operation computes: the methods that it has.
    gather: Row gathering with a gradient of fixed order, checked.
    grouped: Products of rows with a matrix for each segment, or for each id, checked.
    grouped_op: The differentiable products of segments of rows with matrices.
    linear: The differentiable sum of linear maps.
    normalized: Sums with a divisor for each source and destination.
    onnx_nodes: Nodes of an ONNX graph for messages along edges.
    onnx_translations: Translations of the operators to ONNX.
    operation: The base class of differentiable operations, in every form torch needs.
    products: The gradient of a weighted sum, in one pass.
    results: Results that the caller may change in place while gradients are recorded.
    segment: Reductions and softmax over consecutive rows.
    spmm: Sums and extremes of messages, and messages kept at edges.
    torch_operator: The torch operator of an operation, for compiled programs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from .. import _checks
from .. import function as fn
from .._storage.adjacency import Adjacency as Adjacency
from ..errors import GraphValueError
from ..function import BINARY_OPS, REDUCERS, BinaryOp, Reducer
from .attention import dot_attention, gat_attention, gatv2_attention
from .broadcast import autocast
from .buckets import Inbox, reduce_by_formula
from .edge_softmax import edge_softmax
from .gather import gather
from .grouped import gather_mm, segment_mm
from .normalized import normalized_sum
from .onnx_translations import onnx_translations
from .segment import segment_argsort, segment_broadcast, segment_reduce, segment_softmax
from .spmm import sddmm as _sddmm
from .spmm import spmm as _spmm

__all__ = [
    "dot_attention",
    "edge_softmax",
    "gat_attention",
    "gather",
    "gather_mm",
    "gatv2_attention",
    "gsddmm",
    "gspmm",
    "normalized_sum",
    "onnx_translations",
    "segment_argsort",
    "segment_broadcast",
    "segment_mm",
    "segment_reduce",
    "segment_softmax",
]


def gspmm(
    g: Any,
    op: str,
    reduce_op: str,
    lhs_data: Tensor | None,
    rhs_data: Tensor | None,
    lhs_target: str = "u",
    rhs_target: str = "e",
) -> Tensor:
    """Compute messages and reduce them at the destinations.

    Args:
        g: a graph of one edge type.
        op: ``"add"``, ``"sub"``, ``"mul"``, ``"div"``, ``"dot"``, a registered operator,
            ``"copy_lhs"`` or ``"copy_rhs"``.
        reduce_op: ``"sum"``, ``"mean"``, ``"max"``, ``"min"`` or another row of the table.
        lhs_data: (rows, *feature) of the end ``lhs_target``; None for ``copy_rhs``.
        rhs_data: (rows, *feature) of the end ``rhs_target``; None for ``copy_lhs``.
        lhs_target: ``"u"`` source, ``"v"`` destination or ``"e"`` edge.
        rhs_target: likewise.

    Returns:
        (number of destinations, *feature); 0 where no edge enters.

    Raises:
        GraphValueError: an unknown operator, reducer or target, a wrong number of rows, or
            shapes that do not broadcast.
        GraphTypeError: an operand that is not a tensor.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> gm.ops.gspmm(g, "mul", "sum", torch.ones(3), torch.tensor([2.0, 3.0]))
        tensor([0., 0., 5.])
    """
    if reduce_op not in REDUCERS:
        raise GraphValueError(
            f"reduce_op: expected one of {', '.join(REDUCERS)}, got {reduce_op!r}."
        )
    adjacency = _checks.adjacency_of(g)
    row, lhs, rhs, targets = _operands(adjacency, op, lhs_data, rhs_data, (lhs_target, rhs_target))
    return reduce_messages(adjacency, row, REDUCERS[reduce_op], lhs, rhs, targets)


def reduce_messages(
    adjacency: Adjacency,
    op: BinaryOp | None,
    reducer: Reducer,
    lhs: Tensor,
    rhs: Tensor | None = None,
    targets: tuple[str, str] = ("u", "e"),
) -> Tensor:
    """Make messages and reduce them, as :func:`gspmm`, with arguments that are already checked.

    Args:
        adjacency: the edges.
        op: row of the operator; None copies ``lhs``.
        reducer: row of the reducer.
        lhs: (rows, *feature) of the end ``targets[0]``.
        rhs: (rows, *feature) of the end ``targets[1]``, or None for a copy.
        targets: ``"u"``, ``"v"`` or ``"e"`` for each operand.

    Returns:
        (number of destinations, *feature); 0 where no edge enters.
    """
    if reducer.kernel is not None:
        return _spmm(adjacency, op, reducer.kernel, lhs, rhs, targets, reducer.per_degree)
    assert reducer.formula is not None  # a row has a kernel or a formula
    inbox = Inbox(adjacency, op, lhs, rhs, targets)
    return reduce_by_formula(adjacency.buckets, adjacency.num_dst, [inbox], reducer.formula)


def gsddmm(
    g: Any,
    op: str,
    lhs_data: Tensor | None,
    rhs_data: Tensor | None,
    lhs_target: str = "u",
    rhs_target: str = "v",
) -> Tensor:
    """Compute a message on every edge.

    Args:
        g: a graph of one edge type.
        op: ``"add"``, ``"sub"``, ``"mul"``, ``"div"``, ``"dot"``, a registered operator,
            ``"copy_lhs"`` or ``"copy_rhs"``.
        lhs_data: (rows, *feature) of the end ``lhs_target``; None for ``copy_rhs``.
        rhs_data: (rows, *feature) of the end ``rhs_target``; None for ``copy_lhs``.
        lhs_target: ``"u"`` source, ``"v"`` destination or ``"e"`` edge.
        rhs_target: likewise.

    Returns:
        (E, *feature), in edge id order.

    Raises:
        GraphValueError: an unknown operator or target, a wrong number of rows, or shapes that do
            not broadcast.
        GraphTypeError: an operand that is not a tensor.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> gm.ops.gsddmm(g, "dot", torch.ones(3, 2), torch.ones(3, 2))
        tensor([[2.],
                [2.]])
    """
    adjacency = _checks.adjacency_of(g)
    row, lhs, rhs, targets = _operands(adjacency, op, lhs_data, rhs_data, (lhs_target, rhs_target))
    return _sddmm(adjacency, row, lhs, rhs, targets)


def _operands(
    adjacency: Adjacency,
    op: str,
    lhs: Tensor | None,
    rhs: Tensor | None,
    targets: tuple[str, str],
) -> tuple[BinaryOp | None, Tensor, Tensor | None, tuple[str, str]]:
    """Check the arguments; return the row of the table, the operands and their ends."""
    if op == "copy_lhs":
        left = _check_rows(adjacency, lhs, targets[0], "lhs_data")
        return None, left, None, targets
    if op == "copy_rhs":
        right = _check_rows(adjacency, rhs, targets[1], "rhs_data")
        return None, right, None, (targets[1], targets[1])
    if op not in BINARY_OPS:
        known = ", ".join([*BINARY_OPS, "copy_lhs", "copy_rhs"])
        raise GraphValueError(f"op: expected one of {known}, got {op!r}.")
    left = _check_rows(adjacency, lhs, targets[0], "lhs_data")
    right = _check_rows(adjacency, rhs, targets[1], "rhs_data")
    return BINARY_OPS[op], left, right, targets


def _check_rows(adjacency: Adjacency, operand: Any, target: str, name: str) -> Tensor:
    """Check an operand, and cast it under autocast."""
    ends = {
        "u": (adjacency.num_src, "source nodes"),
        "v": (adjacency.num_dst, "destination nodes"),
        "e": (adjacency.num_edges, "edges"),
    }
    if target not in ends:
        raise GraphValueError(f"target: expected 'u', 'v' or 'e', got {target!r}.")
    _checks.feature(operand, ends[target][0], adjacency.device, name, ends[target][1])
    return autocast(operand)


def _generate(name: str) -> Callable[..., Tensor] | None:
    """The function of a message, or of a message and a reducer, that the table describes."""
    message, _, last = name.rpartition("_")
    if name in fn.message_names():
        message, reducer = name, None
    elif message in fn.message_names() and last in REDUCERS:
        reducer = REDUCERS[last]
    else:
        return None
    left, op, right = message.split("_") if message.count("_") == 2 else (message[-1], "", "")
    return _function(name, left, BINARY_OPS.get(op), right, reducer)


def _function(
    name: str, left: str, op: BinaryOp | None, right: str, reducer: Reducer | None
) -> Callable[..., Tensor]:
    key = "copy_lhs" if op is None else op.name

    def binary(g: Any, x: Tensor, y: Tensor) -> Tensor:
        if reducer is None:
            return gsddmm(g, key, x, y, left, right)
        return gspmm(g, key, reducer.name, x, y, left, right)

    def unary(g: Any, x: Tensor) -> Tensor:
        if reducer is None:
            return gsddmm(g, key, x, None, left)
        return gspmm(g, key, reducer.name, x, None, left)

    function: Callable[..., Tensor] = unary if op is None else binary
    function.__name__ = function.__qualname__ = name
    result = "kept at the edges" if reducer is None else f"reduced by {reducer.name}"
    function.__doc__ = (
        f"Messages ``{name.removesuffix('_' + (reducer.name if reducer else ''))}``, {result}."
    )
    return function


def __getattr__(name: str) -> Callable[..., Tensor]:
    """Create the function of a message, or of a message and a reducer, at its first use."""
    function = _generate(name)
    if function is None:
        raise AttributeError(f"module {__name__!r} has no operation {name!r}")
    globals()[name] = function
    return function


def __dir__() -> list[str]:
    messages = fn.message_names()
    reduced = [f"{message}_{reducer}" for message in messages for reducer in REDUCERS]
    return sorted([*__all__, *messages, *reduced])
