"""Combination of several features of a node or a pair."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from ... import _checks
from ...errors import GraphTypeError, GraphValueError
from ...ops.results import reshaped, unsaved
from .._shared.options import check_option

MODES = ("cat", "max", "lstm")
OPERATORS = ("dot", "cos", "ele", "cat")


def jumping_knowledge(
    feat_list: Sequence[Tensor],
    mode: str = "cat",
    score: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    r"""Merge the outputs of several layers, as :class:`graphmp.nn.JumpingKnowledge`.

    Args:
        feat_list: the outputs of L layers, (N, in_feats) each.
        mode: ``"cat"``, ``"max"`` or ``"lstm"``.
        score: gives the scores (N, L, 1) of (N, L, in_feats); needed for ``"lstm"``.

    Returns:
        (N, in_feats); (N, L * in_feats) in ``"cat"``.

    Raises:
        GraphValueError: an unknown mode, no layers, features of different shapes, or no scores for
            ``"lstm"``.

    Example:
        >>> import torch, graphmp as gm
        >>> layers = [torch.tensor([[1.0, 4.0]]), torch.tensor([[3.0, 2.0]])]
        >>> gm.nn.functional.jumping_knowledge(layers, "max")
        tensor([[3., 4.]])
    """
    check_mode(mode)
    feats = _checked_layers(feat_list, mode)
    if mode == "cat":
        return torch.cat(feats, -1)
    layers = torch.stack(feats, -2)
    if mode == "max":
        return unsaved(layers.amax(-2))
    if score is None:
        raise GraphValueError("score: expected a function for mode='lstm', got None.")
    return (score(layers).softmax(-2) * layers).sum(-2)


def check_mode(mode: str) -> None:
    """Check a mode of :func:`jumping_knowledge`.

    Raises:
        GraphValueError: an unknown mode.
    """
    check_option(mode, MODES, "mode")


def _checked_layers(feat_list: Any, mode: str) -> list[Tensor]:
    """A list of tensors of one shape; in ``"cat"`` but for the last dimension."""
    if isinstance(feat_list, Tensor):
        raise GraphTypeError("feat_list: expected a list of the outputs of layers, got one tensor.")
    feats = list(feat_list)
    if not feats:
        raise GraphValueError("feat_list: expected the output of a layer, got an empty list.")
    for position, feat in enumerate(feats):
        _check_tensor(feat, f"feat_list[{position}]")
    shapes = {feat.shape[:-1] if mode == "cat" else feat.shape for feat in feats}
    if len(shapes) > 1:
        raise GraphValueError(
            f"feat_list: expected matching shapes for mode={mode!r}, got shapes of "
            f"{[tuple(feat.shape) for feat in feats]}."
        )
    return feats


def edge_predictor(h_src: Tensor, h_dst: Tensor, op: str = "dot") -> Tensor:
    r"""Score pairs of nodes, as :class:`graphmp.nn.EdgePredictor` does before its linear map.

    Args:
        h_src: (E, in_feats), the features of the sources.
        h_dst: (E, in_feats), the features of the destinations.
        op: ``"dot"``, ``"cos"``, ``"ele"`` or ``"cat"``.

    Returns:
        (E, 1) for ``"dot"`` and ``"cos"``, (E, in_feats) for ``"ele"``, (E, 2 * in_feats) for
        ``"cat"``.

    Raises:
        GraphValueError: an unknown operator, or features of different shapes.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.nn.functional.edge_predictor(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
        tensor([[11.]])
    """
    check_operator(op)
    _check_tensor(h_src, "h_src")
    _check_tensor(h_dst, "h_dst")
    pairs = [*zip(reversed(h_src.shape), reversed(h_dst.shape), strict=False)]
    exact, rest = (pairs[1:], []) if op == "cat" else (pairs[:1], pairs[1:])
    if any(m != n for m, n in exact) or any(m != n and 1 not in (m, n) for m, n in rest):
        raise GraphValueError(
            f"h_src, h_dst: expected matching shapes for op={op!r}, got "
            f"{tuple(h_src.shape)} and {tuple(h_dst.shape)}."
        )
    if op == "dot":
        return (h_src * h_dst).sum(-1, keepdim=True)
    if op == "cos":
        cosines = cosine_similarity(h_src, h_dst, dim=-1)
        return reshaped(cosines, *cosines.shape, 1)
    return h_src * h_dst if op == "ele" else torch.cat((h_src, h_dst), -1)


def check_operator(op: str) -> None:
    """Check an operator of :func:`edge_predictor`.

    Raises:
        GraphValueError: an unknown operator.
    """
    check_option(op, OPERATORS, "op")


def _check_tensor(value: Any, name: str) -> None:
    if not isinstance(value, Tensor):
        raise GraphTypeError(f"{name}: expected a tensor, got {_checks.kind(value)}.")
    if value.ndim == 0:
        raise GraphValueError(f"{name}: expected shape (N, size), got a single number.")
