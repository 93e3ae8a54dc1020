"""Triton's interpreter as the tests use it.

It rounds to bfloat16, is faster, does not warn, and serves one thread after the other.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import numpy as np
import torch
import triton.language as tl
from triton.runtime import interpreter

_convert = interpreter._convert_float
_launch = interpreter.GridExecutor.__call__
_one_at_a_time = threading.Lock()


def _converted(values: Any, given: Any, wanted: Any, rounding: Any) -> Any:
    """Triton 3.9's own conversion loses the carry of a mantissa that is rounded up."""
    if wanted != tl.bfloat16 or values.dtype != np.float32:
        return _convert(values, given, wanted, rounding)
    bits = torch.from_numpy(np.array(values)).bfloat16().view(torch.int16)
    return bits.numpy().view(np.uint16)


def _called(function: Any, *args: Any, **kwargs: Any) -> Any:
    """A call inside a kernel, which Triton prepares anew each time: much of the whole time."""
    if function.fn.__module__.startswith("triton."):  # of another language module than kernels
        interpreter._patch_lang(function.fn)
    return function.rewrite()(*args, **kwargs)


def _launched(executor: Any, *args: Any, **kwargs: Any) -> Any:
    """A launch, which sets what holds for all threads."""
    with _one_at_a_time, np.errstate(all="ignore"):
        return _launch(executor, *args, **kwargs)


@contextmanager
def mended() -> Iterator[None]:
    """Interpret as a GPU computes."""
    with (
        mock.patch.object(interpreter, "_convert_float", _converted),
        mock.patch.object(interpreter.InterpretedFunction, "__call__", _called),
        mock.patch.object(interpreter.GridExecutor, "__call__", _launched),
    ):
        yield
