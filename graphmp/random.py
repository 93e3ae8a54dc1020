"""Random numbers: one seed for all that the library draws."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import torch

_WORD = (1 << 64) - 1
_KEYS = 1 << 63  # how many keys there are: those that fit a torch.int64


class _Stream:
    """Keys that follow from a first one alone."""

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


def seed(value: int) -> None:
    """Make what is drawn from now on the same in every run.

    Everything random in the library draws from torch's generators, so ``torch.manual_seed`` does
    the same.

    Args:
        value: any integer.

    Example:
        >>> import graphmp as gm
        >>> gm.seed(0)
        >>> first = gm.rand_graph(9, 5).edges()
        >>> gm.seed(0)
        >>> bool((gm.rand_graph(9, 5).edges()[0] == first[0]).all())
        True
    """
    torch.manual_seed(value)


def key() -> int:
    """A new key for numbers that are a function of a key and a counter: 0 to 2⁶³ - 1.

    It comes from the stream that :func:`stream` chose, else from torch's generator of the CPU.
    """
    chosen = _stream.get()
    return int(torch.randint(_KEYS - 1, ())) if chosen is None else chosen.next()


def turn() -> tuple[int, int] | None:
    """What the keys of the stream that :func:`stream` chose follow from: a key and a number.

    Batches of an epoch have the key in common, and their numbers. None outside of a stream.
    """
    chosen = _stream.get()
    return None if chosen is None else chosen.turn


def generator(device: Any = "cpu") -> torch.Generator:
    """A torch generator of its own that starts from a new :func:`key`.

    Args:
        device: where it draws.
    """
    return torch.Generator(device).manual_seed(key())


@contextmanager
def stream(first: int, *numbers: int) -> Iterator[None]:
    """Draw keys that depend on ``first`` and ``numbers`` alone, in whatever thread.

    Args:
        first: a key, for example of an epoch.
        numbers: what the keys differ by, for example the number of a batch.

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
    """A key that looks unrelated to its arguments: SplitMix64 (Steele et al., OOPSLA 2014)."""
    z = (first + (number + 1) * 0x9E3779B97F4A7C15) & _WORD
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _WORD
    return (z ^ (z >> 31)) % _KEYS
