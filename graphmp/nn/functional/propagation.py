"""Multi-step propagation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear, one_hot

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...graph import Graph
from ...ops import Adjacency
from ...ops.broadcast import autocast, unsqueeze_like
from ...ops.linear import sum_of_linear
from ...ops.normalized import normalized_messages
from .._shared.aggregation import aggregate
from .._shared.inputs import read_steps
from .._shared.maps import add_bias
from .._shared.options import check_option, check_parameter
from .._shared.steps import Step, normalized_step
from .dropout import dropout
from .edge_weights import edge_weight_norm

LABEL_NORMS = ("sym", "row")


def appnp_conv(
    graph: Graph,
    feat: Tensor,
    k: int,
    alpha: float | Tensor,
    edge_weight: Tensor | None = None,
    edge_drop: float = 0.0,
    training: bool = True,
) -> Tensor:
    r"""Propagate by personalised PageRank.

    The formula is that of :class:`graphmp.nn.APPNPConv`.

    Args:
        graph: a graph whose destinations are its sources.
        feat: (N, \*).
        k: the number of steps.
        alpha: the chance to return; a tensor of one number is learnt.
        edge_weight: (E,) or (E, 1), above zero.
        edge_drop: dropout of edges, drawn again in every step.
        training: whether edges are dropped.

    Returns:
        (N, \*).

    Raises:
        GraphTypeError: features or weights that are not tensors, or a ``k`` that is not an int.
        GraphValueError: weights that are not above zero; a negative ``k``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> gm.nn.functional.appnp_conv(g, torch.tensor([4.0, 0.0]), k=1, alpha=0.25)
        tensor([1., 3.])
    """
    adjacency, feat = read_steps(graph, feat, None)
    feat = autocast(feat)  # once, and not in every step
    step, h = _appnp_step(adjacency, feat, edge_weight, edge_drop if training else 0.0), feat
    first = alpha * feat
    for _ in range(_checks.count(k, "k")):
        h = _add_rest(first, step(h), alpha)
    return feat.clone() if h is feat else h


def _add_rest(first: Tensor, h: Tensor, alpha: float | Tensor) -> Tensor:
    """Add ``1 - alpha`` times a step's result, for a number in one pass."""
    if isinstance(alpha, Tensor):
        return first + (1 - alpha) * h
    return torch.add(first, h, alpha=1 - alpha)


def _appnp_step(
    adjacency: Adjacency, feat: Tensor, edge_weight: Tensor | None, edge_drop: float
) -> Step:
    """One step with dropout of edges."""
    if edge_drop == 0:
        return normalized_step(adjacency, feat, edge_weight, "out")
    if edge_weight is None:
        edge_weight = feat.new_ones(adjacency.num_edges)
    weights = edge_weight_norm(adjacency, edge_weight)
    return lambda h: aggregate(adjacency, h, dropout(weights, edge_drop))


def tag_conv(
    graph: Graph,
    feat: Tensor,
    weight: Tensor,
    k: int,
    bias: Tensor | None = None,
    edge_weight: Tensor | None = None,
) -> Tensor:
    r"""Convolve with a weight for every number of steps, from none on.

    The formula is that of :class:`graphmp.nn.TAGConv`. Where the output is smaller than the input,
    the sum is nested, so that the smaller features travel and nothing of size k is stored.

    Args:
        graph: a graph whose destinations are its sources.
        feat: (N, \*, in_feats).
        weight: (out_feats, (k + 1) * in_feats), the weights :math:`W_0, …, W_k` side by side.
        k: the largest number of steps.
        bias: (out_feats,), added to the result.
        edge_weight: (E,) or (E, 1), above zero.

    Returns:
        (N, \*, out_feats).

    Raises:
        GraphTypeError: features, weights or a bias that are not tensors, or a ``k`` that is not an
            int.
        GraphValueError: edge weights that are not above zero; a negative ``k``.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> x, weight = torch.tensor([[1.0], [3.0]]), torch.tensor([[1.0, 10.0]])
        >>> gm.nn.functional.tag_conv(g, x, weight, k=1).view(-1)
        tensor([31., 13.])
    """
    adjacency, feat = _read_parts(graph, feat, weight, bias, _checks.count(k, "k") + 1)
    step = normalized_step(adjacency, feat, edge_weight)
    if weight.shape[0] >= feat.shape[-1]:
        powers = [feat]
        for _ in range(k):
            powers.append(step(powers[-1]))
        return sum_of_linear(_parts(powers, weight), bias)
    *rest, last = torch.split(weight, feat.shape[-1], 1)
    h = linear(feat, last)  # H W_0 + A (H W_1 + A (H W_2 + …))
    for part in reversed(rest):
        h = step(h) + linear(feat, part)
    return add_bias(h, bias)


def cheb_conv(
    graph: Graph,
    feat: Tensor,
    weight: Tensor,
    k: int,
    bias: Tensor | None = None,
    lambda_max: Any = None,
) -> Tensor:
    r"""Convolve by Chebyshev polynomials of the Laplacian.

    The formula is that of :class:`graphmp.nn.ChebConv`, without its activation.

    Args:
        graph: a graph whose destinations are its sources.
        feat: (N, \*, in_feats).
        weight: (out_feats, k * in_feats), the weights of the polynomials side by side.
        k: the number of polynomials, at least 1.
        bias: (out_feats,), added to the result.
        lambda_max: the largest eigenvalue of the normalised Laplacian; a number, or a list or
            tensor of one for each graph of a batch. Without it 2, the largest there can be.

    Returns:
        (N, \*, out_feats).

    Raises:
        GraphTypeError: features, a weight or a bias that are not tensors, or a ``k`` that is not an
            int.
        GraphValueError: features or a weight of a wrong shape; features on another device; another
            number of eigenvalues than of graphs; a ``k`` below 1.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1], [1, 0]))
        >>> x, weight = torch.tensor([[1.0], [3.0]]), torch.tensor([[1.0, 10.0]])
        >>> gm.nn.functional.cheb_conv(g, x, weight, k=2).view(-1)
        tensor([-29.,  -7.])
    """
    adjacency, feat = _read_parts(graph, feat, weight, bias, _checks.count(k, "k"))
    scale = 2 / _eigenvalues(graph, feat, lambda_max)
    step, polynomials = _laplacian(adjacency, feat, scale), [feat]
    for i in range(1, k):
        polynomials.append(step(feat) if i == 1 else 2 * step(polynomials[-1]) - polynomials[-2])
    return sum_of_linear(_parts(polynomials, weight), bias)


def _laplacian(adjacency: Adjacency, feat: Tensor, scale: Tensor) -> Step:
    """The rescaled Laplacian as a function of features."""
    step = normalized_step(adjacency, feat)
    return lambda h: (scale - 1) * h - scale * step(h)


def _eigenvalues(graph: Graph, feat: Tensor, lambda_max: Any) -> Tensor:
    """The largest eigenvalue for each node, of the rank of the features; or one for all."""
    if lambda_max is None or isinstance(lambda_max, (int, float)):
        return feat.new_full((1,), 2.0 if lambda_max is None else lambda_max)
    values = torch.as_tensor(lambda_max).to(feat.device, feat.dtype).flatten()
    if values.numel() == 1:
        return values
    counts = graph._sizes_by_nodes()
    if values.numel() != counts.numel():
        raise GraphValueError(
            f"lambda_max: expected one number, or one for each of the {counts.numel()} graphs "
            f"of the batch, got {values.numel()}."
        )
    rows = values.repeat_interleave(counts, output_size=graph.num_nodes())
    return unsqueeze_like(rows, feat)


def _parts(feats: list[Tensor], weight: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of features and their part of a weight, whose parts lie side by side."""
    return zip(feats, torch.tensor_split(weight, len(feats), 1), strict=True)


def _read_parts(
    graph: Graph, feat: Any, weight: Any, bias: Any, parts: int
) -> tuple[Adjacency, Tensor]:
    """Check features, and a weight of so many parts of their size side by side."""
    check_parameter(weight, (None, None), "weight")
    if bias is not None:
        check_parameter(bias, weight.shape[:1], "bias")
    if parts == 0 or weight.shape[1] % parts:
        raise GraphValueError(
            f"weight: expected {parts} parts of equal size side by side, and at least one, got a "
            f"shape of {tuple(weight.shape)}."
        )
    return read_steps(graph, feat, weight.shape[1] // parts, weight)


def gcn2_conv(
    graph: Graph,
    feat: Tensor,
    feat_0: Tensor,
    weight1: Tensor,
    weight2: Tensor | None = None,
    bias: Tensor | None = None,
    alpha: float = 0.1,
    beta: float = 1.0,
    edge_weight: Tensor | None = None,
) -> Tensor:
    r"""Convolve with a part of the first features, and a weight near the identity.

    The formula is that of :class:`graphmp.nn.GCN2Conv`, without its activation.

    Args:
        graph: a graph whose destinations are its sources.
        feat: (N, \*, in_feats).
        feat_0: (N, \*, in_feats), the features before the first layer.
        weight1: (in_feats, in_feats).
        weight2: (in_feats, in_feats), for the first features; they share ``weight1`` without it.
        bias: (in_feats,), added to the result.
        alpha: the part of the first features.
        beta: the part of the weights; the rest is the identity.
        edge_weight: (E,) or (E, 1), above zero.

    Returns:
        (N, \*, in_feats).

    Raises:
        GraphValueError: edge weights that are not above zero.

    Example:
        >>> import torch, graphmp as gm
        >>> g, x = gm.graph(([0, 1], [1, 0])), torch.tensor([[1.0], [3.0]])
        >>> gm.nn.functional.gcn2_conv(g, x, x, torch.ones(1, 1), alpha=0.5).view(-1)
        tensor([2., 2.])
    """
    check_parameter(weight1, (None, None), "weight1")
    size = weight1.shape[0]
    for name, parameter in (("weight1", weight1), ("weight2", weight2), ("bias", bias)):
        if parameter is not None:
            check_parameter(parameter, (size,) if name == "bias" else (size, size), name)
    adjacency, feat = read_steps(graph, feat, size, weight1)
    first = alpha * autocast(read_steps(graph, feat_0, size, weight1)[1])
    h = normalized_step(adjacency, feat, edge_weight)(feat)
    if weight2 is None:
        out = _near_identity(torch.add(first, h, alpha=1 - alpha), weight1, beta)
    else:
        own = _near_identity(first, weight2, beta)
        out = own + _near_identity((1 - alpha) * h, weight1, beta)
    return add_bias(out, bias)


def _near_identity(h: Tensor, weight: Tensor, beta: float) -> Tensor:
    rows = h.flatten(0, -2)
    return torch.addmm(rows, rows, weight, beta=1 - beta, alpha=beta).view_as(h)


def label_propagation(
    graph: Graph,
    labels: Tensor,
    k: int,
    alpha: float,
    mask: Any = None,
    norm_type: str = "sym",
    clamp: bool = True,
    normalize: bool = False,
    reset: bool = False,
) -> Tensor:
    """Spread labels along edges.

    The formula is that of :class:`graphmp.nn.LabelPropagation`.

    Args:
        graph: a graph whose destinations are its sources.
        labels: (N,) integers, or (N, C) numbers.
        k: the number of steps.
        alpha: the part that comes from neighbours.
        mask: (N,) bools or ids, which labels are known; all by default.
        norm_type: ``"sym"`` or ``"row"``.
        clamp: keep values from 0 to 1 after each step.
        normalize: let the values of a node add up to 1 after each step.
        reset: restore the known labels after each step.

    Returns:
        (N, C), float; differentiable in labels that are numbers.

    Raises:
        GraphTypeError: labels that are not a tensor, or a ``k`` that is not an int.
        GraphValueError: an unknown norm, a negative ``k``, not a label for each node, labels on
            another device, or destinations that are not the sources.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0, 1, 1, 2], [1, 0, 2, 1]))
        >>> labels, known = torch.tensor([0, 0, 1]), torch.tensor([True, False, True])
        >>> gm.nn.functional.label_propagation(
        ...     g, labels, k=1, alpha=0.5, mask=known, norm_type="row"
        ... )
        tensor([[0.5000, 0.0000],
                [0.2500, 0.2500],
                [0.0000, 0.5000]])
    """
    check_label_norm(norm_type)
    adjacency, labels = read_steps(graph, labels, None)
    known, first = _known(labels, mask)
    y, step = first, _label_step(adjacency, first, norm_type)
    for _ in range(_checks.count(k, "k")):
        y = alpha * step(y) + (1 - alpha) * first
        y = y.clamp(0, 1) if clamp else y
        y = torch.nn.functional.normalize(y, p=1) if normalize else y
        y = torch.where(known, first, y) if reset else y
    return y


def check_label_norm(norm_type: str) -> None:
    """Check the name of a norm of :func:`label_propagation`.

    Raises:
        GraphValueError: an unknown norm.
    """
    check_option(norm_type, LABEL_NORMS, "norm_type")


def _known(labels: Tensor, mask: Any) -> tuple[Tensor, Tensor]:
    """(N, 1) bools and (N, C) numbers, or (N,) both: which labels are known, and those labels."""
    known = torch.ones(len(labels), dtype=torch.bool, device=labels.device)
    if isinstance(mask, Tensor) and mask.is_floating_point() and mask.numel():
        raise GraphTypeError(
            f"mask: expected bools or ids, got {mask.dtype}; call .bool() on zeros and ones."
        )
    if mask is not None:
        ids = _checks.ids_or_mask(mask, torch.int64, labels.device, len(labels), "mask")
        known = ~known.index_fill(0, ids, False)
    if labels.is_floating_point():
        y = labels
    else:
        is_class = labels.ndim == 1 or labels.shape[1] == 1
        y = _one_hot(labels.long().flatten(), known) if is_class else labels.float()
    known = unsqueeze_like(known, y)
    return known, y * known


def _one_hot(labels: Tensor, known: Tensor) -> Tensor:
    """(N, C) floats of labels (N,); unknown labels may be negative."""
    negative = labels[known & (labels < 0)]
    if negative.numel():
        raise GraphValueError(
            f"labels: expected numbers from 0, got {int(negative[0])}; if it stands for an unknown "
            "label, pass mask=labels >= 0."
        )
    return one_hot(labels.clamp(min=0)).float()


def _label_step(adjacency: Adjacency, like: Tensor, norm_type: str) -> Step:
    if norm_type == "sym":
        return normalized_step(adjacency, like, leaving="out")
    right = adjacency.divisors(like.dtype)
    return lambda y: normalized_messages(adjacency, y, None, right)
