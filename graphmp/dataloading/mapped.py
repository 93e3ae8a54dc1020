"""Features that stay in a file: only the rows that are needed are read."""

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
    """A tensor whose values stay in a file; made by :func:`map_features`.

    Whatever reads it looks first whether the file still has its size: to read beyond the end of a
    file that has shrunk would end the process. Nothing can be written. What is read are plain
    tensors; views are mapped as this is.
    """

    _file: mmap.mmap
    _size: int

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Do what torch is asked for, if the file is as it was and nothing is written.

        Args:
            func: what is to be done.
            types: not used.
            args: to what.
            kwargs: to what.

        Raises:
            GraphRuntimeError: the file has shrunk, or something would be written.
        """
        name, kwargs = getattr(func, "__name__", ""), kwargs or {}
        with torch._C.DisableTorchFunctionSubclass():
            if name == "__get__":  # an attribute, such as the shape, reads no value
                return _mapped_too(func(*args, **kwargs), [args[0]])
            mapped = [one for one in _flat((args, kwargs)) if isinstance(one, MappedFeatures)]
            writes = name in _CHANGES or (name.endswith("_") and not name.endswith("__"))
            if (writes and args[0] is mapped[0]) or isinstance(kwargs.get("out"), MappedFeatures):
                raise GraphRuntimeError(
                    f"Features in a file cannot be written, as {name!r} would: call .clone() on "
                    "the rows."
                )
            for one in mapped:
                one._check()
            return _mapped_too(func(*args, **kwargs), mapped)

    def _check(self) -> None:
        if self._file.size() < self._size:
            raise GraphRuntimeError(
                f"The file of the features has shrunk from at least {self._size} to "
                f"{self._file.size()} bytes since it was mapped: write it anew and map it again."
            )


def map_features(
    path: str | Path, shape: Iterable[int], dtype: torch.dtype = torch.float32, offset: int = 0
) -> Tensor:
    """Map a file of features, which may be larger than memory.

    Assign the result to ``graph.ndata`` or ``graph.edata``: of a batch, only the rows that it has
    are read. A tensor of ``torch.from_file`` or of ``numpy.memmap`` does the same, without a check
    of the file's size.

    Args:
        path: a file of the values alone, row after row.
        shape: the shape of the tensor, rows first.
        dtype: what the values are.
        offset: how many bytes come before them, a multiple of a value's size.

    Returns:
        A tensor on the CPU that can be read, not written.

    Raises:
        GraphTypeError: a shape that is not ints, or no dtype.
        GraphValueError: the file is missing or too short, or the offset does not fit.

    Example:
        >>> import tempfile, numpy as np
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(np.arange(6, dtype=np.float32).tobytes())
        ...     file.flush()
        ...     map_features(file.name, (3, 2))[1:].sum()
        tensor(14.)
    """
    if not isinstance(dtype, torch.dtype):
        raise GraphTypeError(f"A dtype such as torch.float32 is wanted, but {dtype!r} came.")
    sizes = tuple(_checks.count(size, "A size in shape") for size in shape)
    if _checks.count(offset, "offset") % dtype.itemsize:
        raise GraphValueError(
            f"offset must be a multiple of {dtype.itemsize}, the size of {dtype}, but {offset} "
            "came."
        )
    values = math.prod(sizes)
    needed = offset + values * dtype.itemsize
    path = Path(path)
    found = path.stat().st_size if path.is_file() else None
    if found is None or found < needed:
        came = "there is no such file" if found is None else f"it has {found}"
        raise GraphValueError(
            f"{str(path)!r} must have {needed} bytes for {sizes} of {dtype}, but {came}."
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
        file.madvise(mmap.MADV_RANDOM)  # what lies beside a row is not read with it
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")
        plain = torch.frombuffer(file, dtype=dtype, offset=offset)
    return _subclassed(plain, file, needed)


def _subclassed(plain: Tensor, file: mmap.mmap, size: int) -> MappedFeatures:
    made = plain.as_subclass(MappedFeatures)
    made._file, made._size = file, size
    return made


def _mapped_too(result: Any, mapped: list[MappedFeatures]) -> Any:
    """A result that is a view of mapped values is mapped as they are."""
    if isinstance(result, (tuple, list)) and any(isinstance(one, Tensor) for one in result):
        return type(result)([_mapped_too(one, mapped) for one in result])
    if not isinstance(result, Tensor) or isinstance(result, MappedFeatures):
        return result
    where = result.untyped_storage().data_ptr()
    for one in mapped:
        if one.untyped_storage().data_ptr() == where:
            return _subclassed(result, one._file, one._size)
    return result


def _flat(value: Any) -> Iterable[Any]:
    """All that tuples, lists and dicts hold."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (tuple, list)):
        return [value]
    return [inner for one in value for inner in _flat(one)]
