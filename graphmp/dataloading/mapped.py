"""Memory-mapped features: a batch reads only its rows from the file."""

from __future__ import annotations

import math
import mmap
import os
import sys
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphRuntimeError, GraphTypeError, GraphValueError

_CHANGES = {
    "__setitem__",
    *(f"__i{name}__" for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")),
    *(f"__i{name}__" for name in ("and", "or", "xor", "lshift", "rshift")),
}


Source = tuple[str, int, int, torch.dtype]  # path, first byte, size of the file, dtype

# A write that is not recognised goes to memory of this process. Linux reserves none before.
_RESERVES_NOTHING = 0x4000 if sys.platform == "linux" else 0
_PRIVATE: dict[str, Any] = (
    {"flags": mmap.MAP_PRIVATE | _RESERVES_NOTHING, "prot": mmap.PROT_READ | mmap.PROT_WRITE}
    if sys.platform != "win32"
    else {"access": mmap.ACCESS_COPY}
)


class MappedFeatures(Tensor):
    """A read-only tensor whose values are in a file; created by :func:`map_features`.

    Every operation checks first that the file has not shrunk, as reading beyond its end would
    terminate the process. Results of operations are plain tensors, except views, which are mapped
    too. A pickle has the path of the file and no values; a deep copy is the tensor itself.
    """

    _file: mmap.mmap
    _source: Source

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Pickle the path of the file and which of its values these are."""
        place = (tuple(self.shape), self.stride(), self.storage_offset(), self.dtype)
        return _mapped_again, (self._source, *place)

    def __deepcopy__(self, memo: Any) -> MappedFeatures:
        """The same tensor, as it cannot be written."""
        return self

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
            if _writes(name, args, kwargs):
                raise GraphRuntimeError(
                    f"Expected an operation that reads, got {name!r}, as features in a file cannot "
                    "be written; call .clone() on the rows."
                )
            for one in mapped:
                one._check()
            return _mapped_too(func(*args, **kwargs), mapped)

    def _check(self) -> None:
        size = self._source[2]
        if self._file.size() < size:
            raise GraphRuntimeError(
                f"Expected the features' file to keep its size, but it has shrunk from {size} to "
                f"{self._file.size()} bytes; write it again and map it again."
            )


def _writes(name: str, args: Any, kwargs: Any) -> bool:
    """Whether an operation writes to a mapped tensor."""
    if kwargs.get("inplace"):
        return True
    changes = name in _CHANGES or (name.endswith("_") and not name.endswith("__"))
    written = _flat((args[:1] if changes else (), kwargs.get("out")))
    return any(isinstance(one, MappedFeatures) for one in written)


def map_features(
    path: str | Path, shape: Iterable[int], dtype: torch.dtype = torch.float32, offset: int = 0
) -> Tensor:
    """Map a file of features, which may be larger than memory.

    Assign the result to ``graph.ndata`` or ``graph.edata``; a batch reads only its rows. Tensors of
    ``torch.from_file`` and ``numpy.memmap`` work too, without a check of the file's size.

    Args:
        path: a file of raw values in row-major order, or a .npy file.
        shape: the shape of the tensor, rows first. The values fill the file to its end.
        dtype: the dtype of the values.
        offset: the number of bytes before the values, a multiple of the size of a value. The header
            of a .npy file is read if it is 0.

    Returns:
        A read-only tensor on the CPU.

    Raises:
        GraphTypeError: a shape that is not ints, or not a dtype.
        GraphValueError: a missing file or one of another size, an invalid offset, or a .npy file of
            another shape, dtype or order.

    Example:
        >>> import graphmp as gm
        >>> import tempfile, numpy as np
        >>> with tempfile.NamedTemporaryFile() as file:
        ...     _ = file.write(np.arange(6, dtype=np.float32).tobytes())
        ...     file.flush()
        ...     gm.dataloading.map_features(file.name, (3, 2))[1:].sum()
        tensor(14.)
    """
    if not isinstance(dtype, torch.dtype):
        raise GraphTypeError(f"Expected a dtype such as torch.float32, got {dtype!r}.")
    sizes = _sizes(shape)
    if _checks.count(offset, "offset") % dtype.itemsize:
        raise GraphValueError(
            f"Expected offset to be a multiple of {dtype.itemsize}, the size of {dtype}, got "
            f"{offset}."
        )
    if not isinstance(path, (str, os.PathLike)):
        raise GraphTypeError(f"Expected a path, got {_checks.kind(path)}.")
    path = Path(path)
    if offset == 0 and path.is_file():
        offset = _header_size(path, sizes, dtype)
    values = math.prod(sizes)
    needed = offset + values * dtype.itemsize
    size = path.stat().st_size if path.is_file() else None
    if size != needed:
        actual = "there is no such file" if size is None else f"it has {size}"
        raise GraphValueError(
            f"Expected {str(path)!r} to have {needed} bytes for {sizes} of {dtype}, but {actual}."
        )
    if not values:
        return torch.empty(sizes, dtype=dtype, device="cpu")
    return _mapped((str(path.absolute()), offset, needed, dtype)).view(sizes)


def _sizes(shape: Any) -> tuple[int, ...]:
    """The sizes of a shape, for which torch has numbers."""
    if not isinstance(shape, Iterable):
        raise GraphTypeError(f"Expected a shape such as (3, 2), got {_checks.kind(shape)}.")
    sizes = tuple(_checks.count(size, "A size in shape") for size in shape)
    if math.prod(size or 1 for size in sizes) >= 1 << 60:
        raise GraphValueError(f"Expected a shape that a file can have, got {sizes}.")
    return sizes


def _header_size(path: Path, shape: tuple[int, ...], dtype: torch.dtype) -> int:
    """The number of bytes of a .npy file's header, which is checked; 0 for another file."""
    with path.open("rb") as file:
        if file.read(6) != b"\x93NUMPY":
            return 0
        file.seek(0)
        try:
            major, _ = np.lib.format.read_magic(file)
            read = np.lib.format.read_array_header_1_0, np.lib.format.read_array_header_2_0
            actual, is_fortran, kind = read[major > 1](file)
        except Exception as error:  # NumPy raises anything on damaged headers
            raise GraphValueError(
                f"Expected {str(path)!r} to begin as a .npy file does, but: {error!s:.200}; write "
                "it again."
            ) from error
        start = file.tell()
    is_same = kind.isnative and f"torch.{kind.name}" == str(dtype)
    if actual != shape or not is_same or (is_fortran and len(shape) > 1):
        order = "in column-major order" if is_fortran else "in row-major order"
        raise GraphValueError(
            f"Expected {str(path)!r} to have shape {shape} and {dtype} in row-major order, but its "
            f"header says {actual} of {kind} {order}; pass what it says, or convert it."
        )
    return start


def _mapped(source: Source) -> MappedFeatures:
    path, offset, needed, dtype = source
    with Path(path).open("rb") as opened:
        file = _map(opened.fileno(), needed)
    if hasattr(mmap, "MADV_RANDOM"):
        file.madvise(mmap.MADV_RANDOM)  # no read-ahead of neighbouring rows
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The given buffer is not writable")
        plain = torch.frombuffer(file, dtype=dtype, offset=offset)
    return _subclassed(plain, file, source)


def _map(descriptor: int, size: int) -> mmap.mmap:
    """Map a file so that writes go to memory of this process, or else to be read only."""
    try:
        return mmap.mmap(descriptor, size, **_PRIVATE)
    except OSError:  # a limit that counts private pages before they are written
        return mmap.mmap(descriptor, size, access=mmap.ACCESS_READ)


def _mapped_again(
    source: Source,
    shape: tuple[int, ...],
    stride: tuple[int, ...],
    start: int,
    dtype: torch.dtype,
) -> MappedFeatures:
    """Map the file of a pickled tensor, and view the values that it had."""
    path, _, needed, _ = source
    size = Path(path).stat().st_size if Path(path).is_file() else None
    if size != needed:
        raise GraphValueError(
            f"Expected the features' file {path!r} to have {needed} bytes as when the tensor was "
            f"pickled, but {'there is no such file' if size is None else f'it has {size}'}."
        )
    mapped = _mapped(source)
    with torch._C.DisableTorchFunctionSubclass():
        values: Tensor = mapped.as_subclass(Tensor)
        view = values.view(dtype).as_strided(shape, stride, start)
        return _subclassed(view, mapped._file, source)


def _subclassed(plain: Tensor, file: mmap.mmap, source: Source) -> MappedFeatures:
    mapped = plain.as_subclass(MappedFeatures)
    mapped._file, mapped._source = file, source
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
            return _subclassed(result, one._file, one._source)
    return result


def _flat(value: Any) -> Iterable[Any]:
    """The leaves of nested tuples, lists and dicts."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (tuple, list)):
        return [value]
    return [inner for one in value for inner in _flat(one)]
