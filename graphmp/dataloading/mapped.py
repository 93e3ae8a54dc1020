"""Memory-mapped features: a batch reads only its rows from the file."""

from __future__ import annotations

import math
import mmap
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError

_CHANGES = {
    "__setitem__",
    *(f"__i{name}__" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")),
    *(f"__i{name}__" for name in ("and", "or", "xor", "lshift", "rshift")),
}


class MappedFeatures(Tensor):
    """A read-only tensor whose values are in a file; created by :func:`map_features`.

    Every operation checks first that the file has not shrunk, as reading beyond its end would
    terminate the process. Results of operations are plain tensors, except views, which are mapped
    too.
    """

    _file: mmap.mmap
    _size: int

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation of torch, after a check that it writes nothing and the file is intact.

        Args:
            func: the operation.
            types: not used.
            args: its positional arguments.
            kwargs: its keyword arguments.

        Raises:
            GraphRuntimeError: the file has shrunk, or the operation writes.
        """
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            if name == "__get__":  # an attribute, such as the shape, reads no value
                return _mapped_too(func(*args, **kwargs), [args[0]])
            mapped = [one for one in _flat((args, kwargs)) if isinstance(one, MappedFeatures)]
            writes = name in _CHANGES or (name.endswith("_") and not name.endswith("__"))
            if (writes and args[0] is mapped[0]) or isinstance(kwargs.get("out"), MappedFeatures):
                raise GraphRuntimeError(
                    f"Expected an operation that reads, got {name!r}, as features in a file cannot "
                    "be written; call .clone() on the rows."
                )
            for one in mapped:
                one._check()
            return _mapped_too(func(*args, **kwargs), mapped)

    def _check(self) -> None:
        if self._file.size() < self._size:
            raise GraphRuntimeError(
                f"Expected the features' file to keep its size, but it has shrunk from at least "
                f"{self._size} to {self._file.size()} bytes; write it again and map it again."
            )


def map_features(
    path: str | Path, shape: Iterable[int], dtype: torch.dtype = torch.float32, offset: int = 0
) -> Tensor:
    """Map a file of features, which may be larger than memory.

    Assign the result to ``graph.ndata`` or ``graph.edata``; a batch reads only its rows. Tensors of
    ``torch.from_file`` and ``numpy.memmap`` work too, without a check of the file's size.

    Args:
        path: a file of raw values in row-major order.
        shape: the shape of the tensor, rows first.
        dtype: the dtype of the values.
        offset: the number of bytes before the values, a multiple of the size of a value.

    Returns:
        A read-only tensor on the CPU.

    Raises:
        GraphTypeError: a shape that is not ints, or not a dtype.
        GraphValueError: a missing or too short file, or an invalid offset.

    Example:
        >>> import tempfile, numpy as np
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(np.arange(6, dtype=np.float32).tobytes())
        ...     file.flush()
        ...     map_features(file.name, (3, 2))[1:].sum()
        tensor(14.)
    """
    if not isinstance(dtype, torch.dtype):
        raise GraphTypeError(f"Expected a dtype such as torch.float32, got {dtype!r}.")
    sizes = tuple(_checks.count(size, "A size in shape") for size in shape)
    if _checks.count(offset, "offset") % dtype.itemsize:
        raise GraphValueError(
            f"Expected offset to be a multiple of {dtype.itemsize}, the size of {dtype}, got "
            f"{offset}."
        )
    values = math.prod(sizes)
    needed = offset + values * dtype.itemsize
    path = Path(path)
    size = path.stat().st_size if path.is_file() else None
    if size is None or size < needed:
        actual = "there is no such file" if size is None else f"it has {size}"
        raise GraphValueError(
            f"Expected {str(path)!r} to have {needed} bytes for {sizes} of {dtype}, but {actual}."
        )
    return (
        _mapped(path, offset, needed, dtype).view(sizes)
        if values
        else torch.empty(sizes, dtype=dtype)
    )


def _mapped(path: Path, offset: int, needed: int, dtype: torch.dtype) -> MappedFeatures:
    with path.open("rb") as opened:
        file = mmap.mmap(opened.fileno(), needed, access=mmap.ACCESS_READ)
    if hasattr(mmap, "MADV_RANDOM"):
        file.madvise(mmap.MADV_RANDOM)  # no read-ahead of neighbouring rows
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")
        plain = torch.frombuffer(file, dtype=dtype, offset=offset)
    return _subclassed(plain, file, needed)


def _subclassed(plain: Tensor, file: mmap.mmap, size: int) -> MappedFeatures:
    mapped = plain.as_subclass(MappedFeatures)
    mapped._file, mapped._size = file, size
    return mapped


def _mapped_too(result: Any, mapped: list[MappedFeatures]) -> Any:
    """Make a result that is a view of mapped values a mapped tensor too."""
    if isinstance(result, (tuple, list)) and any(isinstance(one, Tensor) for one in result):
        return type(result)([_mapped_too(one, mapped) for one in result])
    if not isinstance(result, Tensor) or isinstance(result, MappedFeatures):
        return result
    address = result.untyped_storage().data_ptr()
    for one in mapped:
        if one.untyped_storage().data_ptr() == address:
            return _subclassed(result, one._file, one._size)
    return result


def _flat(value: Any) -> Iterable[Any]:
    """The leaves of nested tuples, lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (tuple, list)):
        return [value]
    return [inner for one in value for inner in _flat(one)]
