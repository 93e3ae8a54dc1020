"""Classes of DGL's inner modules that programs compare with."""

from __future__ import annotations

from typing import Any

from .._graph.features import EdgeView, NodeView, Space
from .._storage.frame import FieldMapping
from ..function.spec import Message, Reduce
from ..graph import Graph

__all__ = [
    "DGLBlock",
    "EdgeSpace",
    "HeteroEdgeDataView",
    "HeteroEdgeView",
    "HeteroNodeDataView",
    "HeteroNodeView",
    "MessageFunction",
    "NodeSpace",
    "ReduceFunction",
    "SimpleReduceFunction",
    "TargetCode",
    "TypeCode",
]

NodeSpace = EdgeSpace = Space
HeteroNodeView, HeteroEdgeView = NodeView, EdgeView
MessageFunction, ReduceFunction, SimpleReduceFunction = Message, Reduce, Reduce
HeteroNodeDataView = HeteroEdgeDataView = FieldMapping


class _EveryBlock(type):
    """Makes every graph that is a block an instance of the class."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return isinstance(instance, Graph) and instance.is_block


class DGLBlock(Graph, metaclass=_EveryBlock):
    """The class of blocks in DGL: ``isinstance(g, DGLBlock)`` is ``g.is_block``."""


class TargetCode:
    """Numbers of the ends that a message is read from."""

    SRC, DST, EDGE = range(3)
    CODE2STR = ("u", "v", "e")


class TypeCode:
    """Numbers of the kinds of values that calls of DGL's C++ library pass."""

    INT, UINT, FLOAT, HANDLE, NULL, DGL_DATA_TYPE, DGL_CONTEXT, ARRAY_HANDLE = range(8)
    OBJECT_HANDLE, MODULE_HANDLE, FUNC_HANDLE, STR, BYTES, NDARRAY_CONTAINER = range(8, 14)
    EXT_BEGIN = 15
