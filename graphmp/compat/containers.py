"""The names of ``dgl.utils`` that read dicts and lists."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

__all__ = [
    "FlattenedDict",
    "HybridDict",
    "LazyDict",
    "ReadOnlyDict",
    "group_as_dict",
    "is_dict_like",
    "is_iterable",
    "is_listlike",
    "maybe_flatten_dict",
    "recursive_apply",
    "recursive_apply_pair",
]


def is_listlike(data: Any) -> bool:
    """Whether an object is a sequence, texts left out."""
    return isinstance(data, Sequence) and not isinstance(data, str)


def is_dict_like(obj: Any) -> bool:
    """Whether an object is a mapping."""
    return isinstance(obj, Mapping)


def is_iterable(obj: Any) -> bool:
    """Whether an object can be iterated over."""
    return isinstance(obj, Iterable)


def recursive_apply(data: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Apply a function to every element of nested mappings, tuples and lists.

    Args:
        data: the elements.
        fn: called with an element, and the other arguments.
        args: further arguments.
        kwargs: further arguments by name.

    Returns:
        The results, in the same nested containers.
    """
    if isinstance(data, Mapping):
        return {key: recursive_apply(each, fn, *args, **kwargs) for key, each in data.items()}
    if is_listlike(data):
        results = [recursive_apply(each, fn, *args, **kwargs) for each in data]
        return tuple(results) if isinstance(data, tuple) else results
    return fn(data, *args, **kwargs)


def recursive_apply_pair(
    data1: Any, data2: Any, fn: Callable[..., Any], *args: Any, **kwargs: Any
) -> Any:
    """Apply a function to the pairs of elements of two equally nested containers.

    Args:
        data1: the first elements.
        data2: the second elements.
        fn: called with a pair of elements, and the other arguments.
        args: further arguments.
        kwargs: further arguments by name.

    Returns:
        The results, in containers as those of ``data1``.
    """

    def both(first: Any, second: Any) -> Any:
        return recursive_apply_pair(first, second, fn, *args, **kwargs)

    if isinstance(data1, Mapping) and isinstance(data2, Mapping):
        return {key: both(each, data2[key]) for key, each in data1.items()}
    if is_listlike(data1) and is_listlike(data2):
        results = [both(*pair) for pair in zip(data1, data2, strict=False)]
        return tuple(results) if isinstance(data1, tuple) else results
    return fn(data1, data2, *args, **kwargs)


def group_as_dict(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, list[Any]]:
    """The values of each key.

    Args:
        pairs: keys and values, in any order.

    Returns:
        A dict of lists, whose values are in the order of the pairs.
    """
    groups: dict[Any, list[Any]] = defaultdict(list)
    for key, value in pairs:
        groups[key].append(value)
    return groups


class FlattenedDict(Sequence[tuple[Any, Any]]):
    """The items of several groups as one sequence of pairs (key of the group, item).

    Args:
        groups: the groups by key, each a sequence.
    """

    def __init__(self, groups: Mapping[Any, Any]) -> None:
        self._keys, self._groups = list(groups), groups
        self._ends = list(accumulate(len(group) for group in groups.values()))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def __getitem__(self, index: Any) -> Any:
        position = range(len(self))[int(index)]
        group = bisect_right(self._ends, position)
        start = self._ends[group - 1] if group else 0
        return self._keys[group], self._groups[self._keys[group]][position - start]


def maybe_flatten_dict(data: Any) -> Any:
    """A :class:`FlattenedDict` of a mapping, or the data itself."""
    return FlattenedDict(data) if isinstance(data, Mapping) else data


class ReadOnlyDict(Mapping[Any, Any]):
    """A view of a mapping that cannot be written to.

    Args:
        dict_like: the mapping.
    """

    def __init__(self, dict_like: Mapping[Any, Any]) -> None:
        self._items = dict_like

    def __getitem__(self, key: Any) -> Any:
        return self._items[key]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)


class LazyDict(Mapping[Any, Any]):
    """A mapping whose values a function computes when they are read.

    Args:
        fn: returns the value of a key.
        keys: the keys.
    """

    def __init__(self, fn: Callable[[Any], Any], keys: Iterable[Any]) -> None:
        self._value, self._keys = fn, dict.fromkeys(keys)

    def __getitem__(self, key: Any) -> Any:
        self._keys[key]
        return self._value(key)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


class HybridDict(LazyDict):
    """Several mappings as one; the first that has a key gives its value.

    Args:
        dict_like_list: the mappings.
    """

    def __init__(self, *dict_like_list: Mapping[Any, Any]) -> None:
        def first(key: Any) -> Any:
            return next(each[key] for each in dict_like_list if key in each)

        super().__init__(first, [key for each in dict_like_list for key in each])
