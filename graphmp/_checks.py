"""Validate arguments; each function returns the checked value or raises.

An id argument may be an int, a list, a range, a NumPy array, a column of pandas or a tensor. Others
than tensors are cast to the graph's id type; a tensor must already have it, since a silent copy
would hide a mistake.
"""

from __future__ import annotations

import os
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor
from torch.compiler import is_compiling

from .errors import GraphIndexError, GraphTypeError, GraphValueError

ID_DTYPES = (torch.int32, torch.int64)
TEXT_ADVICE = (
    "a tensor holds numbers: encode text as the codes of pandas.factorize, or one-hot (see "
    "https://github.com/graphmp/graphmp/blob/main/docs/guide/own_data.md)"
)
_CAST = {torch.int32: "int", torch.int64: "long"}
_validate_on_device = False


class AnyMapping(Mapping[Any, Any]):
    """What maps keys to values: a dict, and whatever has its methods, as ``nn.ParameterDict`` has.

    A column of pandas has them too, but is an array.

    Example:
        >>> isinstance(torch.nn.ParameterDict(), AnyMapping), isinstance([], AnyMapping)
        (True, False)
    """

    @classmethod
    def __subclasshook__(cls, other: type) -> bool:
        has_methods = (hasattr(other, name) for name in ("keys", "items", "values", "__getitem__"))
        return all(has_methods) and not hasattr(other, "to_numpy")


def validate_ids(enabled: bool = True) -> None:
    """Check the range of ids, and the lengths of segments, on accelerators too.

    On the CPU they are always checked. On another device the check synchronises with the device,
    so it is off by default.

    Args:
        enabled: whether to check from now on.

    Example:
        >>> import graphmp as gm
        >>> gm.validate_ids()
        >>> gm.validate_ids(False)
    """
    global _validate_on_device
    _validate_on_device = bool(enabled)


def kind(value: Any) -> str:
    """Describe ``value`` for an error message: its type, and a tensor's or array's dtype.

    Args:
        value: anything.

    Returns:
        A short description, for example ``"a tensor of torch.float32"``.
    """
    if isinstance(value, Tensor):
        return f"a tensor of {value.dtype}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype}"
    if _are_tensors(value):
        names = getattr(value, "__match_args__", ())
        title = f"{type(value).__name__}({', '.join(names)})" if names else type(value).__name__
        return f"{title} of {len(value)} tensors"
    if isinstance(getattr(value, "shape", None), tuple) and hasattr(value, "to_numpy"):
        return f"{type(value).__name__} of shape {value.shape}"  # pandas: its text has many lines
    return "None" if value is None else _cut(f"{type(value).__name__} {value!r}")


def _cut(text: str) -> str:
    """The first 80 characters of a text; of a longer one an ellipsis and its closing bracket."""
    end = text[-1] if text[-1] in ")]}>" else ""
    return text if len(text) <= 80 else f"{text[: 79 - len(end)]}…{end}"


def brief(value: object) -> str:
    """Describe a value from a file for an error; nested ones may have no end.

    Args:
        value: anything.

    Example:
        >>> brief([[[[[[[1]]]]]]]), brief("x" * 50)
        ('[[[[[[...]]]]]]', "'xxxxxxxxxxxx...xxxxxxxxxxxxx'")
    """
    try:
        return reprlib.repr(value)
    except ValueError:  # an int of thousands of digits
        return f"a large {type(value).__name__}"


def id_dtype(dtype: Any, what: str = "Ids") -> torch.dtype:
    """Check that ``dtype``, that of ``what``, is int32 or int64."""
    if dtype in ID_DTYPES:
        return dtype  # type: ignore[no-any-return]
    raise GraphTypeError(f"{what}: expected a dtype of torch.int32 or torch.int64, got {dtype}.")


def device(value: Any) -> torch.device:
    """Check that torch can use a device; return it with its index.

    Raises:
        GraphValueError: it cannot.
    """
    try:
        return torch.empty(0, device=value).device
    except (RuntimeError, AssertionError, TypeError) as error:
        reason = str(error).partition("\n")[0]
        raise GraphValueError(
            f"Expected a device that this torch can use, got {value!r}: {reason}"
        ) from error


def graph(value: Any) -> Any:
    """Check that the value is a graph.

    Raises:
        GraphTypeError: it is not.
    """
    if not hasattr(type(value), "adjacency"):
        raise GraphTypeError(
            f"Expected a graph, got {kind(value)}; pass the graph first, then the features. Build "
            "a graph from an edge_index with graphmp.from_edge_index."
        )
    return value


def listing(values: Any, what: str) -> list[Any]:
    """Check several values: anything that can be iterated over but a string.

    Args:
        values: the values.
        what: what they are, for error messages.

    Raises:
        GraphTypeError: they are not several.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise GraphTypeError(f"Expected {what} in a list, got {kind(values)}.")
    return list(values)


def field_names(names: Any, what: str) -> list[Any]:
    """Check names of fields: a list of them, one, or None for none."""
    if names is None:
        return []
    return [names] if isinstance(names, str) else listing(names, what)


def adjacency_of(value: Any) -> Any:
    """The edges of the only relation of a graph.

    Raises:
        GraphTypeError: the value is not a graph.
    """
    return graph(value).adjacency


def count(value: object, what: str) -> int:
    """Check a count: an int that is not negative."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.dtype.is_floating_point:
        value = value.item()
    number = integer(value, what)
    if number < 0:
        raise GraphValueError(f"{what}: expected a non-negative int, got {number}.")
    return number


def size(value: object, what: str) -> int:
    """Check a count of rows that are going to be made: one that memory can hold.

    A compiled program computes with numbers that are not known, and checks none.
    """
    return cast(int, value) if is_compiling() else held(count(value, what), what)


def held(rows: int, what: str, row: int = 8) -> int:
    """Check that memory can hold ``rows`` of ``row`` bytes each, before they are allocated.

    Args:
        rows: how many rows.
        what: what they are, for the error message.
        row: the bytes of a row; those of an int64 id by default.

    Raises:
        GraphValueError: it cannot.
    """
    if rows * row > memory():
        raise GraphValueError(
            f"{what}: expected a number that memory can hold, got {rows}; at {row} bytes each they "
            f"need {rows * row >> 30} GiB, and this machine has {memory() >> 30}."
        )
    return rows


@cache
def memory() -> int:
    """The bytes of this machine's memory; 1 TiB where the system does not say."""
    names = getattr(os, "sysconf_names", {})
    if not {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= set(names):
        return 1 << 40
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def positive(value: object, what: str) -> int:
    """Check a count of at least 1."""
    number = count(value, what)
    if number == 0:
        raise GraphValueError(f"Expected {what} to be at least 1, got 0.")
    return number


def integer(value: object, what: str) -> int:
    """Check an int of either sign."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise GraphTypeError(f"{what}: expected an int, got {kind(value)}.")
    return int(value)


def probability(value: object, what: str) -> float:
    """Check a probability: a number from 0 to 1."""
    if isinstance(value, bool) or not isinstance(value, (int, float, np.floating)):
        raise GraphTypeError(f"{what}: expected a number, got {kind(value)}.")
    if not 0 <= value <= 1:
        raise GraphValueError(f"{what}: expected a probability, 0 to 1, got {value}.")
    return float(value)


def fanout(value: Any, what: str) -> int:
    """Check a number of sampled edges: an int of at least -1, for all, and below 2³¹."""
    if isinstance(value, Tensor) and value.ndim == 0:
        value = value.item()
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise GraphTypeError(f"Expected {what} to be an int, got {kind(value)}.")
    number = int(value)
    if not -1 <= number < 2**31:
        raise GraphValueError(
            f"Expected {what} to be -1, for all edges, or a count below 2147483648, got {number}."
        )
    return number


def indptr(value: Tensor, total: int) -> None:
    """Check where rows of edges start: ascending from 0 to the number of edges."""
    starts: Any = value.numpy() if value.is_cpu else value  # NumPy compares faster
    first, last = (int(starts[0]), int(starts[-1])) if len(starts) else (0, -1)
    row_limits(first, last, not bool((starts[1:] < starts[:-1]).any()), total)


def row_limits(first: int, last: int, ascend: bool, total: int) -> None:
    """Check the first and the last of an indptr, -1 if it has none, and whether they ascend."""
    if first != 0 or last < 0 or not ascend:
        raise GraphValueError("Expected an indptr that starts with 0 and never decreases.")
    if last != total:
        raise GraphValueError(
            f"Expected an indptr that ends with the number of indices, {total}, got {last}."
        )


def number(value: Any, what: str) -> float:
    """Check a number, or a text or tensor of one."""
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise GraphTypeError(f"Expected {what} to be a number, got {kind(value)}.") from error


def is_mask(value: object) -> bool:
    """Whether ``value`` is a boolean mask: a tensor, an array or a list of bools."""
    if isinstance(value, Tensor):
        return value.dtype == torch.bool
    if isinstance(value, np.ndarray):
        return bool(value.dtype == np.bool_)
    return (
        isinstance(value, Sequence)
        and len(value) > 0
        and all(isinstance(item, (bool, np.bool_)) for item in value)
    )


def is_single(value: object) -> bool:
    """Whether ``value`` names one id (an int or a tensor without dimensions), not several."""
    return value.ndim == 0 if isinstance(value, (Tensor, np.ndarray)) else is_int(value)


def is_int(value: object) -> bool:
    """Whether ``value`` is an int or a NumPy integer, so that a query answers with a scalar."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)


def id_tensor(value: Any, dtype: torch.dtype, device: torch.device, what: str) -> Tensor:
    """Make a 1-D id tensor without looking at the range.

    Args:
        value: int, list, range, array, column of pandas or tensor of ids.
        dtype: the graph's id type.
        device: the graph's device.
        what: what the ids are, for error messages.

    Returns:
        Tensor of shape (n,), of ``dtype``, on ``device``.

    Raises:
        GraphTypeError: ids that are not integers, or a tensor of another id type.
        GraphValueError: more than one dimension, or a tensor on another device.
    """
    if isinstance(value, Tensor):
        tensor = _checked_tensor(value, dtype, device, what)
    else:
        tensor = torch.from_numpy(_as_array(value, dtype, what)).to(device)
    if tensor.ndim > 1:
        raise GraphValueError(
            f"{what}: expected one dimension, got a shape of {tuple(tensor.shape)}."
        )
    return tensor if tensor.ndim == 1 else tensor.reshape(-1)


def _checked_tensor(value: Tensor, dtype: torch.dtype, device: torch.device, what: str) -> Tensor:
    stored(value, what)
    if value.device != device:
        raise GraphValueError(
            f"{what}: expected a tensor on the graph's device {device}, got one on {value.device}; "
            f"call .to('{device}') on it, or graph.to('{value.device}')."
        )
    if value.numel() == 0 and value.dtype == torch.float32 and value.ndim == 1:
        return value.to(dtype)  # torch.tensor([]) is float32, and means no ids
    if value.dtype != dtype:
        hint = f"; call .{_CAST[dtype]}() on them"
        hint += f", or graph.{_CAST[value.dtype]}()" if value.dtype in ID_DTYPES else ""
        raise GraphTypeError(
            f"{what}: expected the graph's id type {dtype}, got {value.dtype}{hint}."
        )
    return value


def stored(tensor: Tensor, what: str) -> Tensor:
    """Check that the numbers of a tensor of ids lie in memory, one for each.

    Args:
        tensor: the tensor.
        what: what the ids are, for error messages.

    Raises:
        GraphTypeError: a sparse tensor.
    """
    if tensor.layout != torch.strided:
        raise GraphTypeError(
            f"{what}: expected a dense tensor of integers, got {kind(tensor)} in the layout "
            f"{tensor.layout}."
        )
    return tensor


def _as_array(value: Any, dtype: torch.dtype, what: str) -> np.ndarray[Any, Any]:
    value = value.to_numpy() if hasattr(value, "to_numpy") else value
    if isinstance(value, (str, bytes, AnyMapping)) or not isinstance(
        value, (int, np.integer, np.ndarray, Iterable)
    ):
        raise GraphTypeError(
            f"{what}: expected an int, a list, a NumPy array or a tensor, got {kind(value)}."
        )
    try:
        is_plain = type(value) is np.ndarray and value.dtype.kind in "iu"
        if isinstance(value, Iterable) and not is_plain and not is_single(value):
            value = list(value)
        array = np.asarray(value)
    except (ValueError, TypeError, RuntimeError) as error:
        raise GraphValueError(
            f"{what}: expected one flat list of ids, got nested ones: {error}"
        ) from error
    if array.size == 0:
        return np.empty(array.shape if array.ndim == 1 else 0, _numpy_dtype(dtype))
    if array.dtype.kind not in "iu":
        advice = f"; {TEXT_ADVICE}" if holds_text(array) else ""
        raise GraphTypeError(f"{what}: expected integers, got {kind(array)}{advice}.")
    _check_fit(array, dtype, what)
    return np.array(array, dtype=_numpy_dtype(dtype))


def _check_fit(array: np.ndarray[Any, Any], dtype: torch.dtype, what: str) -> None:
    """Check that integers fit an id type."""
    info = torch.iinfo(dtype)
    if np.can_cast(array.dtype, _numpy_dtype(dtype)):
        return
    if array.max() > info.max or array.min() < info.min:
        bad = array.max() if array.max() > info.max else array.min()
        raise GraphIndexError(f"{what}: expected ids that fit {dtype}, got {bad}.")


def _numpy_dtype(dtype: torch.dtype) -> type[np.signedinteger[Any]]:
    return np.int32 if dtype == torch.int32 else np.int64


def paired(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
    """Make as many sources as destinations: a single one goes with each of the others.

    Raises:
        GraphValueError: different numbers.
    """
    if u.numel() == v.numel():
        return u, v
    if 1 not in (u.numel(), v.numel()):
        raise GraphValueError(
            f"Expected as many sources as destinations, got {u.numel()} and {v.numel()}."
        )
    return (u.expand(v.numel()), v) if u.numel() == 1 else (u, v.expand(u.numel()))


def is_looked_at(tensor: Tensor) -> bool:
    """Whether the numbers of a tensor are checked; see :func:`validate_ids`."""
    return tensor.is_cpu or _validate_on_device


def in_range(tensor: Tensor, limit: int, what: str) -> Tensor:
    """Check that every id is at least 0 and below ``limit``.

    Raises:
        GraphIndexError: an id outside the range; the message names the first. A compiled program
            raises RuntimeError.
    """
    if tensor.numel() == 0 or not is_looked_at(tensor):
        return tensor
    if is_compiling():
        is_in_range = ((tensor >= 0) & (tensor < limit)).all()
        torch._assert_async(is_in_range, f"{what}: expected ids that exist, got others.")
        return tensor
    if not are_below(tensor, limit):
        bad = tensor[(tensor < 0) | (tensor >= limit)][0].item()
        raise GraphIndexError(
            f"{what}: expected ids from 0 to {limit - 1}, got {bad}."
            if limit
            else f"{what}: expected no ids, as there is nothing to number, got {bad}."
        )
    return tensor


def are_below(ids: Tensor, limit: int) -> bool:
    """Whether ids, at least one, are from 0 to ``limit - 1``."""
    if ids.is_cpu and ids.dtype in ID_DTYPES:
        # Negative ids are the greatest of unsigned ones, which NumPy finds as fast as it reads.
        unsigned = np.uint32 if ids.dtype == torch.int32 else np.uint64
        return int(ids.numpy().view(unsigned).max()) < limit
    low, high = torch.aminmax(ids)
    return int(low) >= 0 and int(high) < limit


def ids(value: Any, dtype: torch.dtype, device: torch.device, limit: int, what: str) -> Tensor:
    """Make a checked 1-D tensor of ids below ``limit``; see :func:`id_tensor`."""
    return in_range(id_tensor(value, dtype, device, what), limit, what)


def once(ids: Tensor) -> Tensor:
    """Each id once: in the same order, or ascending if some are repeated."""
    distinct = torch.unique(ids)
    return ids if distinct.numel() == ids.numel() else distinct


def ids_or_mask(
    value: Any, dtype: torch.dtype, device: torch.device, limit: int, what: str
) -> Tensor:
    """Make a checked 1-D tensor of ids from ids or from a boolean mask of length ``limit``."""
    if not is_mask(value):
        return ids(value, dtype, device, limit, what)
    mask = value if isinstance(value, Tensor) else torch.as_tensor(value, device="cpu")
    if mask.shape != (limit,):
        raise GraphValueError(
            f"{what}: expected a mask of shape ({limit},), got {tuple(mask.shape)}."
        )
    if mask.device != device and isinstance(value, Tensor):
        raise GraphValueError(
            f"{what}: expected a mask on {device}, got one on {mask.device}; call .to('{device}') "
            "on it."
        )
    return mask.to(device).nonzero().view(-1).to(dtype)


def no_tensor(value: Any) -> str:
    """Describe what stands where a tensor belongs, and what to do, for an error message.

    Args:
        value: anything but a tensor.

    Example:
        >>> no_tensor([1, 2])
        'expected a tensor, got list [1, 2]; call torch.as_tensor on it.'
    """
    array = value.to_numpy() if hasattr(value, "to_numpy") else value
    if isinstance(value, AnyMapping):
        return (
            "expected one tensor, got a dict; a dict {type: tensor} is for graphs of several types."
        )
    if holds_text(array):
        advice = TEXT_ADVICE
    elif _are_tensors(value):
        advice = _advice_on_tensors(value)
    elif isinstance(array, np.ndarray) and array.dtype.kind == "O":
        advice = "convert it by .astype(float), then call torch.as_tensor on it"
    else:
        advice = f"call torch.as_tensor on {'it' if array is value else 'its .to_numpy()'}"
    return f"expected a tensor, got {kind(value)}; {advice}."


def holds_text(value: Any, depth: int = 3) -> bool:
    """Whether a value is text or has some in it: a list, nested up to ``depth``, or an array."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        value = value.ravel().tolist()
    if isinstance(value, (list, tuple)) and depth:
        return any(holds_text(item, depth - 1) for item in value)
    return isinstance(value, (str, bytes)) or getattr(
        getattr(value, "dtype", None), "kind", ""
    ) in ("U", "S", "T")


def _are_tensors(value: Any) -> bool:
    """Whether a value is several tensors: a list, a tuple, a NamedTuple."""
    is_several = isinstance(value, (list, tuple)) and len(value) > 0
    return is_several and all(isinstance(item, Tensor) for item in value)


def _advice_on_tensors(value: Any) -> str:
    """How to take one tensor of several: a NamedTuple's, as torch's functions return."""
    names = getattr(value, "__match_args__", ())
    if "values" not in names:
        return f"take one of them, .{names[0]}" if names else "call torch.stack on it"
    extreme = type(value).__name__
    one = f", or call .a{extreme}(1) in place of .{extreme}(1)" if extreme in ("max", "min") else ""
    return f"take its .values{one}"


def feature(
    value: Any, rows: int, device: torch.device, name: object, owner: object, advice: str = ""
) -> None:
    """Check a whole column: a tensor with ``rows`` rows on ``device``.

    Args:
        value: the column.
        rows: how many rows the frame has.
        device: where the frame is.
        name: the field's name.
        owner: what the rows are, for example ``"nodes of type 'user'"``.
        advice: what to do about a wrong number of rows.

    Raises:
        GraphTypeError: not a tensor, or a field name that is not a string.
        GraphValueError: wrong length or device.
    """
    if not isinstance(name, str):
        raise GraphTypeError(f"Expected a field name as a string, got {kind(name)}.")
    if not isinstance(value, Tensor):
        raise GraphTypeError(f"Field {name!r} of the {owner}: {no_tensor(value)}")
    if value.ndim == 0 or value.shape[0] != rows:
        rows_of_value = f"{value.shape[0]} rows" if value.ndim else "a tensor without rows"
        raise GraphValueError(
            f"Field {name!r}: expected {rows} rows, one for each of the {owner}, got "
            f"{rows_of_value}{advice}."
        )
    if value.device != device:
        raise GraphValueError(
            f"Field {name!r} of the {owner}: expected a tensor on {device}, got one on "
            f"{value.device}; call .to('{device}') on it, or graph.to('{value.device}')."
        )
