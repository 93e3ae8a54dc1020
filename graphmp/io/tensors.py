"""Dicts of tensors in files: ``save_tensors`` and ``load_tensors``."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from ..errors import GraphValueError
from . import container, dgl_graphs
from .container import Container
from .files import File, contents, local, reading
from .recognition import refuse_others


def save_tensors(filename: File, tensor_dict: Mapping[str, Tensor]) -> bool:
    """Save a dict of tensors to a file, which every program that reads safetensors reads.

    Args:
        filename: the path of the file. Its folder is created if it does not exist.
        tensor_dict: the tensors by name, on any devices.

    Returns:
        True.

    Raises:
        GraphTypeError: something else than a dict of tensors, or a dtype that files do not have.
        GraphValueError: the path of a folder.
        GraphRuntimeError: the file cannot be written.

    Example:
        >>> import tempfile, torch, graphmp as gm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = gm.io.save_tensors(f"{folder}/tensors", {"x": torch.ones(2)})
        ...     gm.io.load_tensors(f"{folder}/tensors")
        {'x': tensor([1., 1.])}
    """
    parts = {name: [tensor] for name, tensor in container.named(tensor_dict, "tensors").items()}
    container.write(local(filename), "tensors", None, parts)
    return True


def load_tensors(filename: File, return_dgl_ndarray: bool = False) -> dict[str, Tensor]:
    """Load the tensors of a file of :func:`save_tensors`, of safetensors, or of DGL's function.

    The tensors of a large file are mapped into memory and read when they are used; what is written
    to them does not reach the file.

    Args:
        filename: the path of the file.
        return_dgl_ndarray: only False, as there are no arrays but tensors.

    Returns:
        The tensors by name.

    Raises:
        GraphValueError: there is no such file, or it is damaged or of another kind; or
            ``return_dgl_ndarray``.
    """
    if return_dgl_ndarray:
        raise GraphValueError("Expected return_dgl_ndarray=False, got True; tensors are returned.")
    path = local(filename)
    content = contents(path)
    if dgl_graphs.is_tensors(content):
        return dgl_graphs.read_tensors(path, content)
    refuse_others(path, content, "a file of tensors")
    tensors = Container(path, content)
    with reading(path):
        return dict(tensors)
