"""Dicts and sets of pickles: what a file has for keys and items is checked before it is hashed."""

from __future__ import annotations

import pickle
import struct
import sys
from collections.abc import Callable
from typing import Any, ClassVar

from ..errors import GraphValueError


def _key(key: Any) -> Any:
    """A key of a dict or an item of a set, which can be hashed at any depth of nesting.

    A record of a number or of bytes is replaced by its value.
    """
    if hasattr(key, "scalar"):
        return key.scalar()
    if isinstance(key, FrozenSet):
        return frozenset(key)
    is_plain = key is None or isinstance(key, (int, float, str, bytes))
    is_flat = isinstance(key, tuple) and all(isinstance(part, (int, str)) for part in key)
    if not (is_plain or is_flat):
        raise GraphValueError(f"it has a key of type {type(key).__name__}")
    return key


class Mapping(dict[Any, Any]):
    """A dict that takes keys only that can be hashed at any depth of nesting."""

    def __init__(self, *arguments: Any) -> None:
        """Ignore what the file passes, such as a factory of missing values."""

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(_key(key), value)

    def __setstate__(self, state: Any) -> None:
        raise GraphValueError("it gives state to a dict")


class Counter(Mapping):
    """``collections.Counter``, to which the file passes a dict."""

    def __init__(self, counts: Mapping) -> None:
        for key, count in counts.items():
            self[key] = count


class Set(set[Any]):
    """A set whose items are checked as keys are."""

    def __init__(self, items: Any = ()) -> None:
        super().__init__(map(_key, items))

    def update(self, *items: Any) -> None:
        """Add what a file has in a list."""
        super().update(*(map(_key, each) for each in items))

    def __setstate__(self, state: Any) -> None:
        raise GraphValueError("it gives state to a set")


class FrozenSet(frozenset[Any]):
    """A set that does not change."""

    def __new__(cls, items: Any = ()) -> FrozenSet:
        """Check the items."""
        return super().__new__(cls, map(_key, items))

    def __setstate__(self, state: Any) -> None:
        raise GraphValueError("it gives state to a set")


class Unpickler(pickle._Unpickler):
    """Python's unpickler in Python, whose memo is a dict: an index of 2**32 costs no memory."""

    dispatch: ClassVar[dict[int, Callable[..., None]]] = dict(pickle._Unpickler.dispatch)

    def load_empty_mapping(self) -> None:
        """Start a dict."""
        self.append(Mapping())  # type: ignore[attr-defined]

    def load_bytes_to_change(self) -> None:
        """Read a bytearray, for which Python would fill memory before it reads."""
        (size,) = struct.unpack("<Q", self.read(8))  # type: ignore[attr-defined]
        content = self.read(min(size, sys.maxsize))  # type: ignore[attr-defined]
        if len(content) != size:
            raise GraphValueError("it ends within a bytearray")
        self.append(content)  # type: ignore[attr-defined]

    def load_empty_set(self) -> None:
        """Start a set."""
        self.append(Set())  # type: ignore[attr-defined]

    def load_frozen_set(self) -> None:
        """End a set that does not change."""
        items = self.pop_mark()  # type: ignore[attr-defined]
        self.append(FrozenSet(items))  # type: ignore[attr-defined]

    def load_items(self) -> None:
        """Add items to a set."""
        items = self.pop_mark()  # type: ignore[attr-defined]
        target = self.stack[-1]  # type: ignore[attr-defined]
        if not isinstance(target, Set):
            raise GraphValueError("it adds items to what is no set")
        target.update(items)

    dispatch[pickle.EMPTY_DICT[0]] = load_empty_mapping
    dispatch[pickle.BYTEARRAY8[0]] = load_bytes_to_change
    dispatch[pickle.EMPTY_SET[0]] = load_empty_set
    dispatch[pickle.FROZENSET[0]] = load_frozen_set
    dispatch[pickle.ADDITEMS[0]] = load_items
    del dispatch[pickle.DICT[0]]
