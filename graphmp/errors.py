"""Every error that graphmp raises on purpose.

::

    GraphError                      catch this to catch all of them
    ├── GraphValueError             also a ValueError: the kind is right, the content is not
    ├── GraphTypeError              also a TypeError: the wrong kind of object or dtype
    ├── GraphKeyError               also a KeyError: a field or type that does not exist
    ├── GraphIndexError             also an IndexError: an id outside its range
    └── GraphRuntimeError           also a RuntimeError: the call does not fit the state

    GraphWarning                    a UserWarning: legal, but probably not meant

A message says what was wanted, what came, and what to do.
"""

from __future__ import annotations

__all__ = [
    "DGLError",
    "GraphError",
    "GraphIndexError",
    "GraphKeyError",
    "GraphRuntimeError",
    "GraphTypeError",
    "GraphValueError",
    "GraphWarning",
]


class GraphError(Exception):
    """Base of every error that graphmp raises on purpose; also exported as ``DGLError``."""


class GraphValueError(GraphError, ValueError):
    """An argument of the right kind has content that cannot be used."""


class GraphTypeError(GraphError, TypeError):
    """An argument is of the wrong kind, or a tensor of the wrong dtype."""


class GraphKeyError(GraphError, KeyError):
    """A field, node type or edge type does not exist."""

    def __str__(self) -> str:
        """Give the message as written; ``KeyError`` would give its ``repr``."""
        return str(self.args[0]) if self.args else ""


class GraphIndexError(GraphError, IndexError):
    """A node or edge id lies outside its range, or an edge is not there."""


class GraphRuntimeError(GraphError, RuntimeError):
    """The call does not fit the state of the graph, the device or the installation."""


class GraphWarning(UserWarning):
    """A call that is legal but probably not meant."""


DGLError = GraphError
