"""Random numbers: one seed for the whole library."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch
from torch import Tensor

from . import _checks
from .errors import GraphValueError

_WORD = (1 << 64) - 1
_KEYS = 1 << 63  # keys are below this number, so that they fit in a torch.int64


class _Stream:
    """A sequence of keys that depends on a first key and numbers alone."""

    def __init__(self, key: int, numbers: tuple[int, ...]) -> None:
        self.turn = (key, 0)
        for number in numbers:
            self.turn = (key, number)
            key = mixed(key, number)
        self._key, self._drawn = key, 0

    def next(self) -> int:
        self._drawn += 1
        return mixed(self._key, self._drawn)


_stream: ContextVar[_Stream | None] = ContextVar("graphmp_stream", default=None)


def seed(val: int) -> None:
    """Seed the random numbers of the library.

    All random numbers come from torch's generators, so ``torch.manual_seed`` does the same.

    Args:
        val: any integer.

    Raises:
        GraphTypeError: it is no integer.

    Example:
        >>> import graphmp as gm
        >>> gm.seed(0)
        >>> first = gm.rand_graph(9, 5).edges()
        >>> gm.seed(0)
        >>> bool((gm.rand_graph(9, 5).edges()[0] == first[0]).all())
        True
    """
    torch.manual_seed(_checks.integer(val, "The seed"))


def choice(a: Any, size: Any, replace: bool = True, prob: Tensor | None = None) -> Tensor:
    """Draw elements at random, as ``numpy.random.choice`` does.

    Args:
        a: (n, …) a tensor to draw rows of, or n for the integers below it.
        size: how many, or the shape of the result.
        replace: whether an element may be drawn more than once.
        prob: (n,) probabilities, which need not sum to 1; uniform by default.

    Returns:
        A tensor of this shape, followed by that of an element.

    Raises:
        GraphTypeError: a size or a number of elements that is no int.
        GraphValueError: more elements than there are, or probabilities that are no numbers, are
            negative, infinite or of another length.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.random.choice(torch.tensor([3, 5, 7]), 3, replace=False).sort().values
        tensor([3, 5, 7])
    """
    shape = tuple(size) if isinstance(size, (tuple, list)) else (size,)
    shape = tuple(_checks.count(each, "size") for each in shape)
    count, device = math.prod(shape), a.device if isinstance(a, Tensor) else torch.device("cpu")
    _checks.held(count, "size")
    limit = len(a) if isinstance(a, Tensor) else _checks.count(a, "a")
    weights = None if prob is None else _weights(prob, limit).to(device)
    possible = limit if weights is None else int((weights > 0).sum())
    if count and possible < (1 if replace else count):
        raise GraphValueError(f"Expected elements to draw {count} of, got {possible}.")
    rows = _drawn(limit, count, replace, weights, device)
    rows = rows.reshape(shape)
    return a[rows] if isinstance(a, Tensor) else rows


def _weights(prob: Any, limit: int) -> Tensor:
    weights = torch.as_tensor(prob).double()
    if weights.shape != (limit,) or not bool((weights.isfinite() & (weights >= 0)).all()):
        raise GraphValueError(
            f"Expected prob to be {limit} numbers, none negative or infinite, got {prob!r:.80}."
        )
    return weights


def _drawn(
    limit: int, count: int, replace: bool, weights: Tensor | None, device: torch.device
) -> Tensor:
    """(count,) random integers below ``limit``."""
    random = generator(device)
    if weights is None and replace:
        return torch.randint(max(limit, 1), (count,), generator=random, device=device)
    if weights is None:
        return torch.randperm(limit, generator=random, device=device)[:count]
    if replace:
        sums = weights.cumsum(0)
        points = torch.rand(count, dtype=torch.float64, generator=random, device=device)
        last = int(weights.nonzero()[-1]) if count else 0
        return torch.searchsorted(sums, points * sums[-1:], right=True).clamp_(max=last)
    # The least of exponential variables of these rates: Efraimidis and Spirakis, 2006.
    times = torch.empty_like(weights).exponential_(generator=random) / weights
    return times.topk(count, largest=False).indices


def key() -> int:
    """A new key of a counter-based generator: 0 to 2⁶³ - 1.

    It comes from the current :func:`stream`, if any, else from torch's CPU generator.
    """
    current = _stream.get()
    return int(key_tensor()) if current is None else current.next()


def key_tensor() -> Tensor:
    """A new key as a tensor, from torch's CPU generator.

    A compiled program draws another one at every call.
    """
    return torch.randint(_KEYS - 1, (), device="cpu")


def turn() -> tuple[int, int] | None:
    """The key and the last number of the current :func:`stream`; None without a stream.

    The batches of an epoch have the same key; the number is that of the batch.
    """
    current = _stream.get()
    return None if current is None else current.turn


def generator(device: Any = "cpu") -> torch.Generator:
    """Create a torch generator for random numbers of your own, such as those of a sampler.

    Its seed is drawn from torch's CPU generator; within a loader it depends on the key of the epoch
    and the number of the batch alone, so that batches do not depend on the number of workers.

    Args:
        device: the device of the generator.

    Returns:
        A ``torch.Generator``; another call returns one with another seed.

    Example:
        >>> import torch, graphmp as gm
        >>> gm.seed(0)
        >>> first = torch.rand(3, generator=gm.random.generator())
        >>> gm.seed(0)
        >>> torch.equal(torch.rand(3, generator=gm.random.generator()), first)
        True
    """
    return torch.Generator(device).manual_seed(key())


@contextmanager
def stream(first: int, *numbers: int) -> Iterator[None]:
    """Let new keys depend on ``first`` and ``numbers`` alone, in any thread.

    Args:
        first: a key, for example of an epoch.
        numbers: numbers that distinguish streams, for example that of a batch.

    Example:
        >>> with stream(7, 3):
        ...     one = key()
        >>> with stream(7, 3):
        ...     key() == one
        True
    """
    token = _stream.set(_Stream(first, numbers))
    try:
        yield
    finally:
        _stream.reset(token)


def mixed(first: int, number: int) -> int:
    """A pseudo-random key from a key and a number: SplitMix64 (Steele et al., OOPSLA 2014)."""
    z = (first + (number + 1) * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return (z ^ (z >> 31)) % _KEYS
