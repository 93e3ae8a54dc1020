"""The exceptions that graphmp raises.

::

    GraphError                      the base class of all exceptions
    ├── GraphValueError             also a ValueError: the right type, but an invalid value
    ├── GraphTypeError              also a TypeError: an object or dtype of the wrong type
    ├── GraphKeyError               also a KeyError: an unknown field, node type or edge type
    │   └── GraphOptionError            also a GraphValueError: an unknown name of an option
    ├── GraphIndexError             also an IndexError: an id out of range
    ├── GraphRuntimeError           also a RuntimeError: the call is invalid in the current state
    │   └── GraphNotImplementedError    also a NotImplementedError: a subclass has to define it
    ├── GraphAttributeError         also an AttributeError: a name that graphmp does not have
    └── GraphImportError            also an ImportError: such a name is imported
        └── GraphModuleNotFoundError    also a ModuleNotFoundError: such a module is imported

    The last three are also a NotImplementedError.

    GraphWarning                    a UserWarning: valid, but probably unintended

A message says what was expected, what the call got instead, and what to do.
"""

from __future__ import annotations

__all__ = [
    "DGLError",
    "GraphAttributeError",
    "GraphError",
    "GraphImportError",
    "GraphIndexError",
    "GraphKeyError",
    "GraphModuleNotFoundError",
    "GraphNotImplementedError",
    "GraphOptionError",
    "GraphRuntimeError",
    "GraphTypeError",
    "GraphValueError",
    "GraphWarning",
]


class GraphError(Exception):
    """Base class of the exceptions that graphmp raises; also exported as ``DGLError``."""


class GraphValueError(GraphError, ValueError):
    """An argument of the right type has an invalid value."""


class GraphTypeError(GraphError, TypeError):
    """An argument is of the wrong type, or a tensor has the wrong dtype."""


class GraphKeyError(GraphError, KeyError):
    """A field, node type or edge type does not exist."""

    def __str__(self) -> str:
        """Return the message itself; ``KeyError`` returns its ``repr``."""
        return str(self.args[0]) if self.args else ""


class GraphOptionError(GraphValueError, GraphKeyError):
    """A name is not one of those that an argument may be; DGL raises a KeyError for some."""


class GraphIndexError(GraphError, IndexError):
    """A node or edge id is out of range, or an edge does not exist."""


class GraphRuntimeError(GraphError, RuntimeError):
    """A call is invalid in the current state of the graph, the device or the installation."""


class GraphNotImplementedError(GraphRuntimeError, NotImplementedError):
    """A method is called that a subclass has to define, and that it does not."""


class GraphAttributeError(GraphError, AttributeError, NotImplementedError):
    """A name that graphmp, a module of DGL or a graph does not have."""


class GraphImportError(GraphError, ImportError, NotImplementedError):
    """A name that graphmp or a module of DGL does not have is imported."""


class GraphModuleNotFoundError(GraphImportError, ModuleNotFoundError):
    """A module that graphmp does not have, or that is not installed, is imported."""


class GraphWarning(UserWarning):
    """A call that is valid but probably unintended."""


DGLError = GraphError
