"""What belongs to a data set, in files: ``save_info`` and ``load_info``."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import GraphTypeError, GraphValueError
from . import container, pickles
from .container import Container, is_container
from .files import File, contents, local, reading
from .recognition import refuse_others

KIND = "info"
DEEPEST = 100
_INFO = pickles.Advice(
    "which is not read; graphmp reads numbers, texts, arrays, tensors, dtypes, lists, tuples, sets "
    "and dicts. Open the file with the library that wrote it, and save these; of graphs, use its "
    "save_graphs",
    "Write it again with save_info",
)


def save_info(path: File, info: Any) -> None:
    """Save numbers, texts, tensors and arrays, in lists, tuples and dicts, to a file.

    Args:
        path: the path of the file. Its folder is created if it does not exist.
        info: None, bools, ints, floats, strings, bytes, tensors, NumPy arrays and numbers, and
            lists, tuples, sets and dicts of them. A number of NumPy is loaded as one of Python,
            an ``OrderedDict`` as a dict and a ``torch.Size`` as a tuple.

    Raises:
        GraphTypeError: anything else in ``info``.
        GraphValueError: ``info`` that is nested more than 100 deep, or the path of a folder.
        GraphRuntimeError: the file cannot be written.

    Example:
        >>> import tempfile, torch, graphmp as gm
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     gm.io.save_info(f"{folder}/info", {"num_classes": 3, 7: ("a", torch.ones(2))})
        ...     gm.io.load_info(f"{folder}/info")
        {'num_classes': 3, 7: ('a', tensor([1., 1.]))}
    """
    tensors: list[Tensor] = []
    content = _encoded(info, tensors)
    parts = {str(number): [tensor] for number, tensor in enumerate(tensors)}
    container.write(local(path), KIND, content, parts)


def load_info(path: File) -> Any:
    """Load what :func:`save_info` saved, or DGL's function of that name.

    A file of DGL is a pickle. It is read without running code: numbers, texts, arrays, tensors,
    dtypes, lists, tuples, sets and dicts.

    Args:
        path: the path of the file.

    Returns:
        What was saved.

    Raises:
        GraphValueError: there is no such file, it is damaged or of another kind; or a pickle that
            asks for anything else.
    """
    file = local(path)
    content = contents(file)
    refuse_others(file, content, "a file of info", or_pickle=True)
    if not is_container(content):
        values = pickles.read(file, _INFO)
        with reading(file):
            return pickles.plain(values, "a value", 4 * file.stat().st_size)
    tensors = Container(file, content)
    about = tensors.content(KIND)
    with reading(file):
        return _decoded(about, tensors)


def _encoded(value: Any, tensors: list[Tensor], depth: int = 0) -> Any:
    """A value for JSON: what JSON lacks is a dict of one item, whose key says what it is."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return _encoded(value.item(), tensors)
    if depth > DEEPEST:
        raise GraphValueError(f"Expected info that is nested at most {DEEPEST} deep, got deeper.")
    if isinstance(value, (Tensor, np.ndarray)):
        tensors.append(value if isinstance(value, Tensor) else _tensor(value))
        return {"tensor" if isinstance(value, Tensor) else "array": len(tensors) - 1}
    if isinstance(value, dict):
        pairs = [[_encoded(each, tensors, depth + 1) for each in pair] for pair in value.items()]
        return {"dict": pairs}
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    for kind in (list, tuple, set):
        if isinstance(value, kind):
            items = [_encoded(each, tensors, depth + 1) for each in value]
            return items if kind is list else {kind.__name__: items}
    raise GraphTypeError(
        "Expected numbers, texts, tensors, arrays, lists, tuples, sets and dicts, got an object of "
        f"type {type(value).__name__}; save what it consists of."
    )


def _tensor(array: np.ndarray[Any, Any]) -> Tensor:
    try:
        return torch.from_numpy(np.array(array))
    except TypeError as error:
        raise GraphTypeError(
            f"Expected arrays of numbers, got one of {array.dtype}; save .tolist() of it."
        ) from error


def _decoded(value: Any, tensors: Container) -> Any:
    if isinstance(value, list):
        return [_decoded(each, tensors) for each in value]
    if not isinstance(value, dict):
        return value
    ((kind, content),) = value.items()
    if kind in ("tensor", "array"):
        tensor = tensors[str(content)]
        return tensor if kind == "tensor" else tensor.numpy()
    if kind == "bytes":
        return bytes.fromhex(content)
    if kind == "dict":
        return {_decoded(k, tensors): _decoded(v, tensors) for k, v in content}
    return {"tuple": tuple, "set": set}[kind](_decoded(each, tensors) for each in content)
