"""Dropout by every backend, against words that are drawn one by one: the same bits everywhere."""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from support.backends import each_backend_and_dtype
from support.corner_graphs import FLOATS, feature
from support.laws import assert_same_bits
from torch import Tensor

from graphmp import kernels
from graphmp.kernels import philox
from graphmp.kernels.contract import accumulator

KEY = 0x299F31D0A4093822
# Around a vector, a run of lanes, a block, and with several blocks.
SIZES = (0, 1, 3, 8, 9, 255, 256, 257, 1000, 1023, 1024, 1025, 2048, 2500)

each_probability = pytest.mark.parametrize("dropout", [0.0, 1e-10, 0.1, 0.3, 0.9, 1.0 - 1e-10, 1.0])


@cache
def word(i: int) -> int:
    """The word of element ``i``."""
    block, place = divmod(i, 1024)
    counter = torch.tensor([256 * block + place % 256])
    return int(philox.words(KEY, counter, 0)[place // 256])


def factor(probability: float) -> float:
    """What elements that are not dropped are multiplied by."""
    return 2**32 / max(2**32 - philox.threshold(probability), 1)


def expected(x: Tensor, probability: float, relu: bool = False) -> Tensor:
    """Each element on its own."""
    least = philox.threshold(probability)
    wide = x.flatten().to(accumulator(x.dtype)) * factor(probability)
    wide = wide.relu() if relu else wide
    elements = [v if word(i) >= least else v.new_zeros(()) for i, v in enumerate(wide)]
    return torch.stack(elements).to(x.dtype).view(x.shape) if elements else x.clone()


@each_probability
@pytest.mark.parametrize("size", SIZES)
@each_backend_and_dtype(FLOATS, "dropout")
def test_an_element_is_dropped_or_scaled_as_its_word_says(
    backend: str, dtype: torch.dtype, size: int, dropout: float
) -> None:
    if size > 300 and dropout not in (0.3, 1.0):
        return
    x = feature(size, (), dtype)
    assert_same_bits(kernels.dropout(x, dropout, KEY, False), expected(x, dropout))


@pytest.mark.parametrize("size", [1, 3, 1025])
@each_backend_and_dtype(FLOATS, "dropout")
def test_a_relu_comes_first(backend: str, dtype: torch.dtype, size: int) -> None:
    x = feature(size, (), dtype)
    assert torch.equal(kernels.dropout(x, 0.3, KEY, True), expected(x, 0.3, relu=True))


@each_probability
@pytest.mark.parametrize("size", [0, 3, 1000, 2500])
@each_backend_and_dtype(FLOATS, "dropout")
def test_the_gradient_after_a_relu_reads_the_result(
    backend: str, dtype: torch.dtype, size: int, dropout: float
) -> None:
    x, grad = feature(size, (), dtype), feature(size, (), dtype) + 1
    out = kernels.dropout(x, dropout, KEY, True)
    wanted = torch.where(out > 0, factor(dropout) * grad.to(accumulator(dtype)), 0)
    assert torch.equal(kernels.dropout_gradient(out, grad, dropout), wanted.to(dtype))


@pytest.mark.parametrize("shape", [(), (7,), (3, 0), (30, 50), (2, 3, 4)], ids=str)
@pytest.mark.usefixtures("backend")
def test_positions_are_counted_over_all_dimensions(shape: tuple[int, ...]) -> None:
    x = torch.arange(1.0, math.prod(shape) + 1).view(shape)
    assert_same_bits(kernels.dropout(x, 0.5, KEY, False), expected(x, 0.5))


@pytest.mark.usefixtures("backend")
def test_strides_do_not_matter() -> None:
    x = feature(30, (50,))
    strided, wide = x.t().contiguous().t(), x[:1].expand(30, 50)
    assert_same_bits(kernels.dropout(strided, 0.5, KEY, False), expected(x, 0.5))
    assert_same_bits(kernels.dropout(wide, 0.5, KEY, False), expected(wide.clone(), 0.5))
    out = kernels.dropout(x, 0.5, KEY, True)
    contiguous = kernels.dropout_gradient(out, x, 0.5)
    assert_same_bits(kernels.dropout_gradient(out.t().contiguous().t(), strided, 0.5), contiguous)


@pytest.mark.parametrize("relu", [False, True])
@each_backend_and_dtype(FLOATS, "dropout")
def test_a_dropped_nan_or_infinity_is_0(backend: str, dtype: torch.dtype, relu: bool) -> None:
    for value in (torch.nan, torch.inf, -torch.inf):
        x = torch.full((40,), value, dtype=dtype)
        least = philox.threshold(0.5)
        is_kept = torch.tensor([word(i) >= least for i in range(40)])
        kept = torch.relu(x) if relu else x
        out = kernels.dropout(x, 0.5, KEY, relu)
        wanted = torch.where(is_kept, kept, 0)
        assert torch.equal(out.nan_to_num(7, 8, 9), wanted.nan_to_num(7, 8, 9))


@pytest.mark.usefixtures("backend")
def test_the_gradient_passes_where_the_result_is_nan() -> None:
    out, grad = torch.tensor([torch.nan, 0.0, 1.0, torch.inf]), torch.ones(4)
    made = kernels.dropout_gradient(out, grad, 0.5)
    assert_same_bits(made, torch.tensor([2.0, 0.0, 2.0, 2.0]))


@pytest.mark.parametrize("relu", [False, True])
def test_threads_do_not_change_a_bit(relu: bool) -> None:
    x, before, results = feature(700, (1000,)), torch.get_num_threads(), []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        out = kernels.dropout(x, 0.3, KEY, relu)
        results.append(torch.stack([out, kernels.dropout_gradient(out, x, 0.3)]))
    torch.set_num_threads(before)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])
    reference = torch.where(
        philox.block_words(KEY, x.numel(), x.device).view_as(x) >= philox.threshold(0.3),
        (x.relu() if relu else x) * factor(0.3),
        0,
    )
    assert torch.equal(results[0][0], reference)
