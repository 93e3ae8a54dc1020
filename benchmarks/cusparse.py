"""cuSPARSE at its best: its own product, whose descriptors and buffer are kept between calls."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from ctypes import byref, c_float, c_int, c_int64, c_size_t, c_void_p
from typing import Any

import torch
from torch import Tensor

from benchmarks.cases import LacksError, Run
from benchmarks.worker import gpu_seconds

# Numbers of the enumerations in cusparse.h and library_types.h.
AS_IT_IS, FROM_ZERO, ROWS_FIRST, INT32 = 0, 0, 2, 2
DTYPES = {torch.float32: 0, torch.float16: 2, torch.bfloat16: 14}
METHODS = (4, 6, 12)  # CUSPARSE_SPMM_CSR_ALG1 to ALG3
TRIES = 5


def library() -> ctypes.CDLL:
    """The cuSPARSE that torch has loaded.

    Raises:
        LacksError: there is none.
    """
    major = (torch.version.cuda or "").partition(".")[0]
    for name in (f"libcusparse.so.{major}", "libcusparse.so.12", "libcusparse.so"):
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    raise LacksError("cuSPARSE is not installed")


class Product:
    """``out = matrix @ x`` for a CSR matrix of int32 ids and dense rows, by one of the methods.

    Args:
        indptr: (rows + 1,) int32.
        indices: (E,) int32.
        values: (E,), of the dtype of ``x``.
        x: (columns, F).
        method: the algorithm's number.
    """

    def __init__(
        self, indptr: Tensor, indices: Tensor, values: Tensor, x: Tensor, method: int
    ) -> None:
        self._library, self._handle = library(), c_void_p()
        self._held = indptr, indices, values, x
        rows, (columns, width), kind = len(indptr) - 1, x.shape, DTYPES[x.dtype]
        self.out = x.new_empty(rows, width)
        self._do("cusparseCreate", byref(self._handle))
        stream = c_void_p(torch.cuda.current_stream().cuda_stream)
        self._do("cusparseSetStream", self._handle, stream)
        a, b, c = c_void_p(), c_void_p(), c_void_p()
        size = c_int64(rows), c_int64(columns), c_int64(len(indices))
        parts = [c_void_p(part.data_ptr()) for part in (indptr, indices, values)]
        kinds = [c_int(number) for number in (INT32, INT32, FROM_ZERO, kind)]
        self._do("cusparseCreateCsr", byref(a), *size, *parts, *kinds)
        for made, dense in ((b, x), (c, self.out)):
            shape = c_int64(dense.shape[0]), c_int64(width), c_int64(width)
            data = c_void_p(dense.data_ptr())
            self._do(
                "cusparseCreateDnMat", byref(made), *shape, data, c_int(kind), c_int(ROWS_FIRST)
            )
        ways, one, none = (c_int(AS_IT_IS),) * 2, c_float(1), c_float(0)
        how = c_int(DTYPES[torch.float32]), c_int(method)
        self._given = (self._handle, *ways, byref(one), a, b, byref(none), c, *how)
        needed = c_size_t()
        self._do("cusparseSpMM_bufferSize", *self._given, byref(needed))
        self._buffer = torch.empty(max(needed.value, 1), dtype=torch.uint8, device=x.device)
        self._place = c_void_p(self._buffer.data_ptr())
        self._do("cusparseSpMM_preprocess", *self._given, self._place)

    def _do(self, function: str, *arguments: Any) -> None:
        status = getattr(self._library, function)(*arguments)
        if status != 0:
            raise RuntimeError(f"{function} gave {status}")

    def __call__(self) -> Tensor:
        """Multiply; the result is overwritten by the next call."""
        self._do("cusparseSpMM", *self._given, self._place)
        return self.out


def product(indptr: Tensor, indices: Tensor, values: Tensor, x: Tensor) -> Run:
    """The fastest of cuSPARSE's methods for this matrix.

    Raises:
        LacksError: there is no cuSPARSE, or no method that can do it.
    """
    made: list[tuple[float, Product]] = []
    for method in METHODS:
        try:
            one = Product(indptr, indices, values, x, method)
            one()
            made.append((min(gpu_seconds(one) for _ in range(TRIES)), one))
        except RuntimeError as error:
            reason = str(error)
    if not made:
        raise LacksError(f"no method of cuSPARSE can: {reason}")
    return min(made, key=_seconds)[1]


def _seconds(pair: Sequence[Any]) -> float:
    return float(pair[0])
