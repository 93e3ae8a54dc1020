"""Kernels are given memory full of junk, so that a row which a kernel does not write is seen."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

with torch.device("cpu"):  # torch notes here which functions make tensors, before they are changed
    torch.empty(0)


def _junk(dtype: torch.dtype) -> float:
    """NaN, or what no kernel gives where floating point does not exist."""
    if dtype.is_floating_point or dtype.is_complex:
        return torch.nan
    return True if dtype == torch.bool else torch.iinfo(dtype).max


def _poisoned(allocate: Callable[..., Tensor]) -> Callable[..., Tensor]:
    def filled(*args: Any, **kwargs: Any) -> Tensor:
        made = allocate(*args, **kwargs)
        return made.fill_(_junk(made.dtype))

    return filled


class PoisonedNumPy:
    """NumPy, but for what ``empty`` gives."""

    def __getattr__(self, name: str) -> Any:
        return getattr(np, name)

    def empty(self, shape: Any, dtype: Any) -> Any:
        return np.full(shape, np.nan, dtype)


@pytest.fixture(autouse=True)
def poisoned_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill what ``torch.empty`` and its siblings give, and NumPy where results are made."""
    if find_spec("numba") is not None:
        messages = import_module("graphmp.kernels.cpu.messages")
        monkeypatch.setattr(messages, "np", PoisonedNumPy())
    monkeypatch.setattr(torch, "empty", _poisoned(torch.empty))
    monkeypatch.setattr(torch, "empty_like", _poisoned(torch.empty_like))
    monkeypatch.setattr(torch.Tensor, "new_empty", _poisoned(torch.Tensor.new_empty))
