"""Graphs with features in another floating-point dtype."""

from __future__ import annotations

import torch

from .. import _checks
from .._storage.frame import Frame
from ..graph import Graph


def to_half(g: Graph) -> Graph:
    """The same graph with floating-point features in float16; others stay.

    Args:
        g: any graph, which stays as it is.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"], g.ndata["n"] = torch.ones(2), torch.ones(2, dtype=torch.int64)
        >>> half = gm.to_half(g)
        >>> half.ndata["x"].dtype, half.ndata["n"].dtype
        (torch.float16, torch.int64)
    """
    return _converted(g, torch.float16)


def to_bfloat16(g: Graph) -> Graph:
    """The same graph with floating-point features in bfloat16; others stay.

    Args:
        g: any graph, which stays as it is.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"] = torch.ones(2)
        >>> gm.to_bfloat16(g).ndata["x"].dtype
        torch.bfloat16
    """
    return _converted(g, torch.bfloat16)


def to_float(g: Graph) -> Graph:
    """The same graph with floating-point features in float32; others stay.

    Args:
        g: any graph, which stays as it is.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"] = torch.ones(2, dtype=torch.float64)
        >>> gm.to_float(g).ndata["x"].dtype
        torch.float32
    """
    return _converted(g, torch.float32)


def to_double(g: Graph) -> Graph:
    """The same graph with floating-point features in float64; others stay.

    Args:
        g: any graph, which stays as it is.

    Example:
        >>> import torch, graphmp as gm
        >>> g = gm.graph(([0], [1]))
        >>> g.ndata["x"] = torch.ones(2)
        >>> gm.to_double(g).ndata["x"].dtype
        torch.float64
    """
    return _converted(g, torch.float64)


def _converted(g: Graph, dtype: torch.dtype) -> Graph:
    def convert(frame: Frame) -> Frame:
        new = frame.copy()
        for name, scheme in frame.schemes().items():
            if scheme.dtype.is_floating_point:
                new[name] = frame[name].to(dtype)
        return new

    return _checks.graph(g)._derived(frames=g._frames.changed(convert))  # type: ignore[no-any-return]
