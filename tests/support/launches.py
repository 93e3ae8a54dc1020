"""What calls that are recorded for their launches have in common: layouts and sizes."""

from __future__ import annotations

import torch

from graphmp.kernels.contract import Csr

HEADS = (1, 2, 3, 4, 6, 8, 16, 32)
# Elements of a row, or of a head: powers of two, what loads of 16 bytes divide, and neither.
WIDTHS = (1, 2, 3, 4, 5, 7, 8, 16, 17, 24, 32, 40, 64, 100, 128, 130, 256, 300, 602)


def form_of(dtype: torch.dtype, degree: int) -> Csr:
    """A layout of three rows of one length."""
    ids = torch.arange(3 * degree, dtype=dtype)
    return Csr(torch.arange(0, 3 * degree + 1, degree, dtype=dtype), ids % 3, ids)
