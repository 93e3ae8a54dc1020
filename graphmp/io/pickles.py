"""Pickles of numbers, read without trusting them.

Some data sets are distributed as pickles, which can name any function to be called. This reader
knows a few names of NumPy, SciPy and torch, and stands in for each with a record: it stores what
the file passes, and runs nothing. :func:`array`, :func:`matrix` and :func:`tensor` build arrays
from the records, after checking them.
"""

from __future__ import annotations

import io
import pickle
import re
import struct
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .._checks import brief
from ..errors import GraphValueError
from .compressed_rows import CompressedRows, from_triples

# Numbers only: an array of objects would take bytes of the file for addresses.
_NUMBERS = re.compile(r"(b1|[iu][1248]|f[248])\Z")
_BYTE_ORDERS = ("<", ">", "|", "=")


def read(path: Path) -> Any:
    """Read a pickle into numbers, texts, lists, tuples, dicts and records.

    Args:
        path: the file, of Python 2 or 3.

    Returns:
        The object; convert its records with :func:`array`, :func:`matrix` and :func:`tensor`.

    Raises:
        GraphValueError: the file is damaged, or asks for anything else.
    """
    try:
        content = io.BytesIO(path.read_bytes())  # a file would reserve whatever is asked for
        return _Unpickler(content, encoding="latin1").load()
    except GraphValueError as error:
        raise GraphValueError(f"{path} was not read: {error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise GraphValueError(
            f"{path} is damaged or not a pickle of this kind ({type(error).__name__}: {error}). "
            "Download it again."
        ) from error


def array(value: Any, what: str) -> NDArray[Any]:
    """Build the array of a record.

    Args:
        value: a part of what :func:`read` returned.
        what: what the array is, for the error.

    Raises:
        GraphValueError: it is not an array of numbers, or its parts do not fit together.
    """
    try:
        shape, dtype, fortran, content = value.array_parts()
        numbers = np.frombuffer(_bytes(content), _dtype(dtype))
        if prod(_counts(shape)) != numbers.size:
            raise GraphValueError(f"{numbers.size} numbers for a shape of {shape}")
        if numbers.dtype.kind == "b":  # a bool of the file may have any byte
            numbers = numbers.view(np.uint8) != 0
        shaped = numbers.reshape(shape, order="F" if fortran else "C")
        native: NDArray[Any] = shaped.astype(shaped.dtype.newbyteorder("="))
        return native
    except (AttributeError, LookupError, OverflowError, TypeError, ValueError) as error:
        raise GraphValueError(f"Expected {what} as an array of numbers, got: {error}.") from error


def matrix(value: Any, what: str) -> CompressedRows:
    """Build the sparse matrix of a record.

    Args:
        value: a part of what :func:`read` returned.
        what: what the matrix is, for the error.

    Raises:
        GraphValueError: it is not a sparse matrix, or its parts do not fit together.
    """
    if not isinstance(value, (_Csr, _Coo)) or not isinstance(value.state, dict):
        raise GraphValueError(f"Expected {what} as a sparse matrix, got {type(value).__name__}.")
    state = dict(value.state)
    if isinstance(value, _Coo) and isinstance(state.get("coords"), tuple):
        state.update(zip(("row", "col"), state["coords"], strict=False))
    parts = {name: array(state.get(name), f"{name} of {what}") for name in value.parts}
    shape = state.get("_shape", state.get("shape"))
    if isinstance(value, _Coo):
        return from_triples(parts["row"], parts["col"], parts["data"], shape, what)
    return CompressedRows.checked(parts["indptr"], parts["indices"], parts["data"], shape, what)


def tensor(value: Any, what: str) -> Tensor:
    """Build the tensor of a record of torch.

    Args:
        value: a part of what :func:`read` returned.
        what: what the tensor is, for the error.

    Raises:
        GraphValueError: it is not a tensor, or its parts do not fit together.
    """
    try:
        content, offset, size, stride = value.tensor_parts()
        storage = _storage(content)
        if prod(_counts(size)) > storage.numel():
            raise GraphValueError(f"{storage.numel()} numbers for a shape of {size}")
        return torch.as_strided(storage, size, _counts(stride), offset).clone()
    except (AttributeError, OverflowError, TypeError, ValueError, RuntimeError) as error:
        raise GraphValueError(f"Expected {what} as a tensor, got: {error}.") from error


def plain(value: Any, what: str, size: int) -> Any:
    """Build the arrays and tensors of what :func:`read` returned.

    Args:
        value: what :func:`read` returned.
        what: what it is, for errors.
        size: the most bytes of arrays and tensors to build, such as the size of the file.

    Returns:
        The same lists, tuples and dicts, with arrays and tensors for records.

    Raises:
        GraphValueError: a record of anything else, more bytes, or a value that contains itself.
    """
    try:
        return _Plain(what, size).converted(value)
    except RecursionError as error:
        raise GraphValueError(f"Expected {what} not to contain itself.") from error


class _Plain:
    """Builds what records say; an object that occurs twice is built once."""

    def __init__(self, what: str, size: int) -> None:
        self._what, self._left = what, size
        self._built: dict[int, Any] = {}

    def converted(self, value: Any) -> Any:
        if isinstance(value, (bool, int, float, str, bytes, type(None))):
            return value
        if id(value) not in self._built:
            self._built[id(value)] = self._convert(value)
        return self._built[id(value)]

    def _convert(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self.converted(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)([self.converted(item) for item in value])
        if isinstance(value, _Encoded):
            return _bytes(value)
        is_tensor = isinstance(value, _TensorRecord)
        numbers = tensor(value, self._what) if is_tensor else array(value, self._what)
        self._left -= numbers.nbytes
        if self._left < 0:
            raise GraphValueError(f"Expected {self._what} to be as large as its arrays.")
        return numbers[()] if isinstance(value, _Scalar) else numbers


def _counts(value: Any) -> tuple[int, ...]:
    if isinstance(value, tuple) and all(type(n) is int and 0 <= n < 1 << 62 for n in value):
        return value
    raise GraphValueError(f"{brief(value)} for a shape")


def _bytes(value: Any) -> bytes:
    if isinstance(value, _Encoded):
        value = value.arguments[0] if value.arguments else ""
    return value.encode("latin1") if isinstance(value, str) else bytes(memoryview(value))


def _dtype(record: Any) -> np.dtype[Any]:
    name = record.arguments[0] if isinstance(record, _Dtype) else None
    if not isinstance(name, str) or not _NUMBERS.match(name):
        raise GraphValueError(f"elements of {brief(name)}, which are not numbers")
    order = record.state[1] if record.state else "="
    if order not in _BYTE_ORDERS:
        raise GraphValueError(f"a byte order of {brief(order)}")
    return np.dtype(order + name)


def _storage(record: Any) -> Tensor:
    """The elements of a storage, in one dimension."""
    (content,) = record.arguments if isinstance(record, _Storage) else (None,)
    try:
        storage = torch.load(io.BytesIO(_bytes(content)), weights_only=True)
    except Exception as error:  # torch raises anything here
        raise GraphValueError(f"a damaged storage ({type(error).__name__})") from error
    return torch.empty(0, dtype=storage.dtype).set_(storage)


class _Record:
    """An object of the file: its arguments and its state, neither of which is used.

    As the class has ``__setstate__``, a file cannot give state to the class itself.
    """

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __init__(self, *arguments: Any) -> None:
        self.arguments = arguments

    def __setstate__(self, state: Any) -> None:
        self.state = state


class _Dtype(_Record):
    """``numpy.dtype``."""


class _Encoded(_Record):
    """``_codecs.encode``: bytes as Python 3 writes them in old protocols."""


class _Array(_Record):
    """``numpy.core.multiarray._reconstruct``."""

    def array_parts(self) -> tuple[Any, ...]:
        _, shape, dtype, fortran, content = self.state
        return shape, dtype, fortran, content


class _Buffer(_Record):
    """``numpy.core.numeric._frombuffer``."""

    def array_parts(self) -> tuple[Any, ...]:
        content, dtype, shape, order = self.arguments
        return shape, dtype, order == "F", content


class _Scalar(_Record):
    """``numpy.core.multiarray.scalar``."""

    def array_parts(self) -> tuple[Any, ...]:
        dtype, content = self.arguments
        return (), dtype, False, content


class _Csr(_Record):
    """``scipy.sparse.csr_matrix``."""

    parts = ("indptr", "indices", "data")


class _Coo(_Record):
    """``scipy.sparse.coo_matrix``."""

    parts = ("row", "col", "data")


class _Storage(_Record):
    """``torch.storage._load_from_bytes``."""


class _TensorRecord(_Record):
    """``torch._utils._rebuild_tensor_v2``."""

    def tensor_parts(self) -> tuple[Any, ...]:
        return self.arguments[:4]


class _Mapping(dict[Any, Any]):
    """A dict that takes keys only that can be hashed at any depth of nesting."""

    def __init__(self, *arguments: Any) -> None:
        """Ignore what the file passes, such as a factory of missing values."""

    def __setitem__(self, key: Any, value: Any) -> None:
        is_plain = key is None or isinstance(key, (int, float, str))
        is_flat = isinstance(key, tuple) and all(isinstance(part, (int, str)) for part in key)
        if not (is_plain or is_flat):
            raise GraphValueError(f"it has a key of type {type(key).__name__}")
        super().__setitem__(key, value)

    def __setstate__(self, state: Any) -> None:
        raise GraphValueError("it gives state to a dict")


_ARRAYS = {"_reconstruct": _Array, "scalar": _Scalar}
_KNOWN: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Record,
    ("numpy", "dtype"): _Dtype,
    ("numpy.core.numeric", "_frombuffer"): _Buffer,
    ("numpy._core.numeric", "_frombuffer"): _Buffer,
    **{("numpy.core.multiarray", name): record for name, record in _ARRAYS.items()},
    **{("numpy._core.multiarray", name): record for name, record in _ARRAYS.items()},
    **{(f"scipy.sparse{m}", "csr_matrix"): _Csr for m in ("", ".csr", "._csr")},
    **{(f"scipy.sparse{m}", "coo_matrix"): _Coo for m in ("", ".coo", "._coo")},
    ("torch._utils", "_rebuild_tensor_v2"): _TensorRecord,
    ("torch.storage", "_load_from_bytes"): _Storage,
    ("collections", "OrderedDict"): _Mapping,
    ("collections", "defaultdict"): _Mapping,
    ("_codecs", "encode"): _Encoded,
    ("__builtin__", "bytes"): _Encoded,
    ("__builtin__", "list"): _Record,
    ("builtins", "list"): _Record,
}


class _Unpickler(pickle._Unpickler):
    """Python's unpickler in Python, whose memo is a dict: an index of 2**32 costs no memory."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)

    def find_class(self, module: str, name: str) -> Any:
        """Look up a global that the pickle names."""
        record = _KNOWN.get((module, name))
        if record is None and module.partition(".")[0] == "dgl":
            raise GraphValueError(
                f"it holds an object of DGL ({module:.80}.{name:.80}). Load it with DGL, save its "
                "graphs by dgl.save_graphs, and load them by load_graphs."
            )
        if record is None:
            raise GraphValueError(
                f"it asks for {module:.80}.{name:.80}, which no data set needs and which could run "
                "any code. Do not use this file; download it again from its source."
            )
        return record

    def load_empty_mapping(self) -> None:
        """Start a dict."""
        self.append(_Mapping())  # type: ignore[attr-defined]

    def load_bytes_to_change(self) -> None:
        """Read a bytearray, for which Python would fill memory before it reads."""
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        content = self.read(min(size, sys.maxsize))  # type: ignore[attr-defined]
        if len(content) != size:
            raise GraphValueError("it ends within a bytearray")
        self.append(content)  # type: ignore[attr-defined]

    dispatch[pickle.EMPTY_DICT[0]] = load_empty_mapping
    dispatch[pickle.BYTEARRAY8[0]] = load_bytes_to_change
    for _code in (pickle.DICT, pickle.EMPTY_SET, pickle.FROZENSET, pickle.ADDITEMS):
        del dispatch[_code[0]]
