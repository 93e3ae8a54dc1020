"""LSTMs under autocast, on every CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def run_lstm(lstm: nn.LSTM, sequence: Tensor, state: Any = None) -> Any:
    """Call an LSTM; outside of autocast on a CPU for which torch has no LSTM in half precision.

    Without AVX-512, torch has none for bfloat16 and float16, and its own call under autocast ends
    in an error of oneDNN.

    Args:
        lstm: the module.
        sequence: the features, as ``lstm`` reads them.
        state: hidden and cell state; None for zeros.

    Returns:
        The outputs, and the last state.
    """
    is_native = not torch.is_autocast_enabled("cpu") or _has_half_precision()
    if is_native or not sequence.is_cpu:
        return lstm(sequence, state)
    with torch.autocast("cpu", enabled=False):
        weight: Any = lstm.weight_ih_l0
        return lstm(sequence.to(weight.dtype), state)


def _has_half_precision() -> bool:
    return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
