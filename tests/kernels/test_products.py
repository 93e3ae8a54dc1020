"""The gradient of a sum of products at both, by every backend, against matrices in float64."""

from __future__ import annotations

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS, ID_DTYPES, MIXED, Corner, each_corner, each_small_corner
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels

# Heads, and the elements of each: also more than a tile has, and not a power of two.
SIZES = ((1, 1), (1, 5), (3, 1), (3, 8), (2, 41), (9, 16), (20, 8), (2, 192), (1, 200), (1, 256))


def operands(corner: Corner, heads: int, width: int, dtype: torch.dtype) -> list[Tensor]:
    """Features of the sources, a number for each edge and head, and what reaches destinations."""
    shapes = (("u", heads * width), ("e", heads), ("v", heads * width))
    return [corner.feature(end, (size,), dtype) for end, size in shapes]


def run(
    corner: Corner, given: list[Tensor], idtype: torch.dtype = torch.int64
) -> tuple[Tensor, Tensor]:
    """Call the kernel, whose rows are the sources."""
    return kernels.product_gradient(corner.graph(idtype).adjacency.csr, *given)


def check(corner: Corner, given: list[Tensor], made: tuple[Tensor, Tensor]) -> None:
    """Compare with both formulas."""
    feat, weight, grad = (tensor.double() for tensor in given)
    heads = weight.shape[1]
    src, dst = torch.tensor(corner.src).long(), torch.tensor(corner.dst).long()
    reached = grad.view(len(grad), heads, -1)[dst] if len(grad) else grad.view(0, heads, 1)
    sent = (reached * weight.unsqueeze(-1)).flatten(1) if len(dst) else feat[:0]
    of_feat = torch.zeros_like(feat).index_add(0, src, sent)
    of_weight = torch.zeros_like(weight)
    if len(dst):
        of_weight = (feat.view(len(feat), heads, -1)[src] * reached).sum(-1)
    assert made[0].dtype == made[1].dtype == given[0].dtype
    assert_close(made[0], of_feat)
    assert_close(made[1], of_weight)


@each_corner
@each_backend_and_dtype(FLOATS, "product_gradient")
def test_every_dtype(corner: Corner, backend: str, dtype: torch.dtype) -> None:
    given = operands(corner, 2, 3, dtype)
    check(corner, given, run(corner, given))


@pytest.mark.parametrize("heads_and_width", [(1, 5), (1, 16), (2, 8), (3, 8), (1, 300)], ids=str)
@each_backend_and_dtype(FLOATS, "product_gradient")
def test_whole_vectors_of_every_dtype(
    backend: str, dtype: torch.dtype, heads_and_width: tuple[int, int]
) -> None:
    given = operands(MIXED, *heads_and_width, dtype)
    check(MIXED, given, run(MIXED, given))


@each_small_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.parametrize("heads_and_width", SIZES, ids=str)
@pytest.mark.usefixtures("backend")
def test_every_size_and_id_type(
    corner: Corner, heads_and_width: tuple[int, int], idtype: torch.dtype
) -> None:
    given = operands(corner, *heads_and_width, torch.float32)
    check(corner, given, run(corner, given, idtype))


@pytest.mark.usefixtures("backend")
def test_rows_of_many_edges() -> None:
    lengths = (0, 700, 256, 257, 3, *(1,) * 40)
    ids = tuple(row for row, length in enumerate(lengths) for _ in range(length))
    corner = Corner("long rows", ids, tuple(i % 7 for i in range(len(ids))), 45, 7, bipartite=True)
    given = operands(corner, 2, 3, torch.float32)
    check(corner, given, run(corner, given))


@pytest.mark.usefixtures("backend")
def test_infinity_and_nan_reach_their_own_rows_and_edges_alone() -> None:
    given = operands(MIXED, 2, 3, torch.float32)
    given[2][1, 0], given[2][2, 4] = torch.inf, torch.nan
    made = run(MIXED, given)
    check(MIXED, given, made)
    assert made[1].isfinite().any()


@pytest.mark.parametrize("width", [3, 16])
@pytest.mark.usefixtures("backend")
def test_every_number_of_threads_gives_the_same_bits(width: int) -> None:
    generator = torch.Generator().manual_seed(1)
    src, dst = torch.randint(0, 40, (2, 3000), generator=generator).tolist()
    corner = Corner("random", tuple(src), tuple(dst), 40, 40, bipartite=False)
    given, before = operands(corner, 8, width, torch.float32), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 2, 3):
            torch.set_num_threads(threads)
            found.append(run(corner, given))
    finally:
        torch.set_num_threads(before)
    for of_feat, of_weight in found[1:]:
        assert torch.equal(of_feat, found[0][0])
        assert torch.equal(of_weight, found[0][1])
