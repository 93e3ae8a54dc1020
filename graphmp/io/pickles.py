"""Pickles of numbers, read without trusting them.

Some data sets are distributed as pickles, which can name any function to be called. This reader
knows a few names of NumPy, SciPy and torch, and stands in for each with a record: it stores what
the file passes, and runs nothing. :func:`array`, :func:`matrix` and :func:`tensor` build arrays
from the records, after checking them.
"""

from __future__ import annotations

import io
import re
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .._checks import brief
from ..errors import GraphValueError
from .compressed_rows import CompressedRows, from_triples
from .pickled_containers import Counter, FrozenSet, Mapping, Set, Unpickler

# Numbers only: an array of objects would take bytes of the file for addresses.
_NUMBERS = re.compile(r"(b1|[iu][1248]|f[248])\Z")
_BYTE_ORDERS = ("<", ">", "|", "=")


class Advice(NamedTuple):
    """What the errors about a pickle say.

    Attributes:
        refused: why a name is refused, and what to do instead.
        damaged: what to do about a file that is damaged.
    """

    refused: str
    damaged: str


DATA_SET = Advice(
    "which no data set needs and which could run any code. Do not use this file; download it again "
    "from its source",
    "Download it again",
)


def read(path: Path, advice: Advice = DATA_SET) -> Any:
    """Read a pickle into numbers, texts, lists, tuples, sets, dicts and records.

    Args:
        path: the file, of Python 2 or 3.
        advice: what errors say.

    Returns:
        The object; convert its records with :func:`array`, :func:`matrix` and :func:`tensor`.

    Raises:
        GraphValueError: the file is damaged, or asks for anything else.
    """
    try:
        content = io.BytesIO(path.read_bytes())  # a file would reserve whatever is asked for
        unpickler = _Unpickler(content, encoding="latin1")
        unpickler.refused = advice.refused
        return unpickler.load()
    except GraphValueError as error:
        raise GraphValueError(f"{path} was not read: {error}") from error
    except Exception as error:  # a damaged pickle can raise anything
        raise GraphValueError(
            f"{path} is damaged or not a pickle of this kind ({type(error).__name__}: {error}). "
            f"{advice.damaged}."
        ) from error


def array(value: Any, what: str) -> NDArray[Any]:
    """Build the array of a record.

    Args:
        value: a part of what :func:`read` returned.
        what: what the array is, for the error.

    Raises:
        GraphValueError: it is not an array of numbers, or its parts do not fit together.
    """
    if not isinstance(value, (_Array, _Buffer, _Scalar)):
        raise GraphValueError(f"Expected {what} as an array of numbers, got {_kind(value)}.")
    try:
        shape, dtype, fortran, content = value.array_parts()
        element = _dtype(dtype)
        numbers = np.frombuffer(_bytes(content), element)
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
        if isinstance(value, (set, frozenset)):
            return (set if isinstance(value, set) else frozenset)(value)
        if isinstance(value, _Encoded):
            return _bytes(value)
        if isinstance(value, (_Constant, _Dtype, _Size)):
            return value.value()
        is_tensor = isinstance(value, _TensorRecord)
        numbers = tensor(value, self._what) if is_tensor else array(value, self._what)
        self._left -= numbers.nbytes
        if self._left < 0:
            raise GraphValueError(f"Expected {self._what} to be as large as its arrays.")
        return numbers[()] if isinstance(value, _Scalar) else numbers


def _kind(value: Any) -> str:
    """What a value of a pickle is, for errors."""
    return "an object" if isinstance(value, _Record) else f"{type(value).__name__} {brief(value)}"


def _counts(value: Any) -> tuple[int, ...]:
    if isinstance(value, tuple) and all(type(n) is int and 0 <= n < 1 << 62 for n in value):
        return value
    raise GraphValueError(f"{brief(value)} for a shape")


def _bytes(value: Any) -> bytes:
    if isinstance(value, _Encoded):
        value = value.arguments[0] if value.arguments else ""
    if not isinstance(value, (str, bytes, bytearray)):
        raise GraphValueError(f"{_kind(value)} in the place of bytes")
    return value.encode("latin1") if isinstance(value, str) else bytes(value)


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

    def value(self) -> np.dtype[Any]:
        return _dtype(self)


class _Encoded(_Record):
    """``_codecs.encode``: bytes as Python 3 writes them in old protocols."""

    def scalar(self) -> bytes:
        return _bytes(self)


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

    def scalar(self) -> Any:
        return array(self, "a key")[()]


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


class _Size(_Record):
    """``torch.Size``."""

    def value(self) -> torch.Size:
        return torch.Size(_counts(*self.arguments))


class _Constant(_Record):
    """A dtype of torch."""

    def value(self) -> Any:
        return self.arguments[0]


_ARRAYS = {"_reconstruct": _Array, "scalar": _Scalar}
_KNOWN: dict[tuple[str, str], type] = {
    ("numpy", "ndarray"): _Record,
    ("numpy", "dtype"): _Dtype,
    **{(f"numpy.{core}.numeric", "_frombuffer"): _Buffer for core in ("core", "_core")},
    **{("numpy.core.multiarray", name): record for name, record in _ARRAYS.items()},
    **{("numpy._core.multiarray", name): record for name, record in _ARRAYS.items()},
    **{(f"scipy.sparse{m}", "csr_matrix"): _Csr for m in ("", ".csr", "._csr")},
    **{(f"scipy.sparse{m}", "coo_matrix"): _Coo for m in ("", ".coo", "._coo")},
    ("torch._utils", "_rebuild_tensor_v2"): _TensorRecord,
    ("torch.storage", "_load_from_bytes"): _Storage,
    **{("collections", name): Mapping for name in ("OrderedDict", "defaultdict")},
    ("_codecs", "encode"): _Encoded,
    ("__builtin__", "bytes"): _Encoded,
    **{("__builtin__", name): _Record for name in ("list", "long", "float", "dict")},
    **{("builtins", name): _Record for name in ("list", "int", "float", "dict")},
    **{(module, "set"): Set for module in ("__builtin__", "builtins")},
    **{(module, "frozenset"): FrozenSet for module in ("__builtin__", "builtins")},
    ("collections", "Counter"): Counter,
    ("torch", "Size"): _Size,
}


class _Unpickler(Unpickler):
    """Knows the names that this module stands in for."""

    refused = DATA_SET.refused

    def find_class(self, module: str, name: str) -> Any:
        """Look up a global that the pickle names."""
        dtype = vars(torch).get(name) if module == "torch" else None
        if isinstance(dtype, torch.dtype):
            return _Constant(dtype)
        record = _KNOWN.get((module, name))
        if record is None and module.partition(".")[0] == "dgl":
            raise GraphValueError(
                f"it holds an object of DGL ({module:.80}.{name:.80}). Load it with DGL, save its "
                "graphs by dgl.save_graphs, and load them by load_graphs."
            )
        if record is None:
            raise GraphValueError(f"it asks for {module:.80}.{name:.80}, {self.refused}.")
        return record
