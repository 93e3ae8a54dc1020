"""Random numbers without a state: the published answers, and masks that drop what they should."""

from __future__ import annotations

import math

import pytest
import torch
from support.corner_graphs import FLOATS, ID_DTYPES
from torch import Tensor

from graphmp.kernels import philox

LOW = 2**32 - 1
# Philox 4x32-10 as its authors publish it: four words of counter, two of key, four of answer.
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((LOW,) * 4, (LOW,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
SEEDS = (0, 1, 0x299F31D0A4093822, 2**63 - 1)
IDS = (0, 1, 2, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 0x05A308D3243F6A88, 2**63 - 1)
DRAWS = 100_000


def one_by_one(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """Philox 4x32-10 in whole numbers of any size."""
    (a, b, c, d), (k, m) = counter, key
    for _ in range(10):
        x, y = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (y >> 32) ^ b ^ k, y & LOW, (x >> 32) ^ d ^ m, x & LOW
        k, m = (k + 0x9E3779B9) & LOW, (m + 0xBB67AE85) & LOW
    return a, b, c, d


def draws(probability: float, heads: int = 1, seed: int = 7) -> Tensor:
    """The mask of many edges, in float64."""
    return philox.dropout_mask(seed, torch.arange(DRAWS), heads, probability, torch.float64)


def assert_is_about(share: Tensor, probability: float, trials: int) -> None:
    """Each of ``share`` is within five standard deviations of ``probability``."""
    deviation = math.sqrt(probability * (1 - probability) / trials)
    assert float((share - probability).abs().max()) < 5 * deviation


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_the_rounds_give_the_published_answers(
    counter: tuple[int, ...], key: tuple[int, ...], answer: tuple[int, ...]
) -> None:
    assert one_by_one(counter, key) == answer


def test_a_counter_and_a_key_of_zero_give_the_published_answer() -> None:
    words = philox.words(0, torch.tensor([0]), 0)
    assert tuple(int(word) for word in words) == KNOWN[0][2]


@pytest.mark.parametrize("group", [0, 1, 3, 1000])
@pytest.mark.parametrize("seed", SEEDS)
def test_every_bit_of_seed_id_and_group_counts(seed: int, group: int) -> None:
    made = torch.stack(philox.words(seed, torch.tensor(IDS), group), 1).tolist()
    key = (seed & LOW, seed >> 32)
    expected = [one_by_one((i & LOW, i >> 32, group, 0), key) for i in IDS]
    assert made == [list(words) for words in expected]


@pytest.mark.parametrize("heads", [1, 3, 4, 5, 9])
def test_a_head_takes_a_word_of_its_group(heads: int) -> None:
    ids, least = torch.tensor([5, 0, 77]), philox.threshold(0.3)
    mask = philox.dropout_mask(7, ids, heads, 0.3, torch.float64)
    assert mask.shape == (3, heads)
    for row, i in zip(mask.tolist(), ids.tolist(), strict=True):
        words = [one_by_one((i, 0, h // 4, 0), (7, 0))[h % 4] for h in range(heads)]
        assert row == pytest.approx([(word >= least) / 0.7 for word in words])


@pytest.mark.parametrize("probability", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_as_many_are_dropped_as_asked_for(probability: float) -> None:
    mask = draws(probability, heads=6)
    assert_is_about((mask == 0).double().mean(0), probability, DRAWS)
    kept = mask[mask != 0]
    assert torch.allclose(kept, torch.full_like(kept, 1 / (1 - probability)))


def test_heads_neighbours_and_seeds_are_independent() -> None:
    dropped = draws(0.5, heads=6) == 0
    other = draws(0.5, heads=6, seed=8) == 0
    pairs = [(dropped[:, h], dropped[:, k]) for h in range(6) for k in range(h)]
    pairs += [(dropped[:-1, h], dropped[1:, h]) for h in range(6)]
    pairs += [(dropped[:, h], other[:, h]) for h in range(6)]
    both = torch.stack([(a & b).double().mean() for a, b in pairs])
    assert_is_about(both, 0.25, DRAWS)


def test_the_words_are_even() -> None:
    for word in philox.words(11, torch.arange(DRAWS), 2):
        assert bool(((word >= 0) & (word <= LOW)).all())
        for bits in (word & 63, word >> 26):  # 64 bins; chi square has a deviation of 11.2
            counts = torch.bincount(bits, minlength=64).double()
            expected = DRAWS / 64
            assert abs(float(((counts - expected) ** 2).sum()) / expected - 63) < 56


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_a_draw_depends_on_the_id_alone(idtype: torch.dtype) -> None:
    order = torch.randperm(1000, generator=torch.Generator().manual_seed(1))
    whole = philox.dropout_mask(3, torch.arange(1000), 5, 0.4, torch.float32)
    moved = philox.dropout_mask(3, order.to(idtype), 5, 0.4, torch.float32)
    assert torch.equal(moved, whole[order])


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_nothing_and_everything_can_be_dropped(dtype: torch.dtype) -> None:
    ids = torch.arange(1000)
    for probability, factor in ((0.0, 1.0), (1.0, 0.0)):
        mask = philox.dropout_mask(3, ids, 5, probability, dtype)
        assert torch.equal(mask, torch.full((1000, 5), factor, dtype=dtype))


def test_no_edges_and_no_heads_draw_nothing() -> None:
    for edges, heads in ((0, 3), (4, 0), (0, 0)):
        mask = philox.dropout_mask(3, torch.arange(edges), heads, 0.5, torch.float32)
        assert mask.shape == (edges, heads)
        assert mask.dtype == torch.float32


@pytest.mark.parametrize(("heads", "is_exact"), [(1, True), (3, False), (4, True), (9, False)])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_loops_draw_the_same(seed: int, heads: int, is_exact: bool) -> None:
    loops = pytest.importorskip(
        "graphmp.kernels.cpu.loops.attention",
        reason="needs Numba: pip install numba",
        exc_type=ImportError,
    )
    from numba import njit

    draw = njit(lambda *args: loops.dropout_mask(*args))
    ids = torch.tensor(IDS)
    for probability in (0.01, 0.5, 1.0):
        scratch = torch.zeros(0, heads, dtype=torch.float64).numpy()
        limits = ((seed, philox.threshold(probability)), 0, len(IDS))
        count = (heads, (0,) * heads if is_exact else ())
        made = torch.from_numpy(draw(count, ids.numpy(), *limits, scratch))
        expected = philox.dropout_mask(seed, ids, heads, probability, torch.float64)
        assert torch.equal(made[: len(IDS), :heads], expected)
