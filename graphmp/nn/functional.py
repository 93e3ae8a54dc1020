"""Operations of layers as functions, without parameters of their own."""

from __future__ import annotations

from ..ops.edge_softmax import edge_softmax

__all__ = ["edge_softmax"]
