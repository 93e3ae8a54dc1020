"""Whether functions of the user's own are recorded, and whether what they gave is checked.

A function is not recorded where that is switched off, on graphs so small that to record takes
longer than to run, and where a recording of it was refused before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from types import BuiltinFunctionType
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import torch
from torch._C import _are_functorch_transforms_active
from torch.compiler import is_compiling

from ... import kernels
from ..._storage.adjacency import Adjacency
from ...errors import GraphTypeError, GraphValueError
from ...kernels.contract import Call
from . import notes

_Result = TypeVar("_Result")

SMALL = 1 << 10  # edges, below which functions run as they are

_enabled: ContextVar[bool | None] = ContextVar("_enabled", default=None)
_is_checked: ContextVar[bool] = ContextVar("_is_checked", default=True)


@contextmanager
def fuse_functions(enabled: bool = True, check: bool = True) -> Iterator[None]:
    """Choose inside the ``with`` whether functions of one's own are fused.

    Message and reduce functions that are fused run once, on stand-ins for the features, and what
    they compute runs in kernels; :func:`graphmp.explain` shows it. By default they are fused on
    graphs of at least 1,024 edges, on the CPU where Numba is installed, and on a GPU. The
    environment variable ``GRAPHMP_FUSE``, read at each call, says the same outside of this
    context: ``0`` for never, ``1`` for always.

    Args:
        enabled: always, or never.
        check: whether at the first call of a function its result at some nodes is compared with
            what the function itself gives.

    Raises:
        GraphTypeError: not a bool.

    Example:
        >>> import torch, graphmp as gm, graphmp.function as fn
        >>> g = gm.graph(([0, 1], [2, 2]))
        >>> g.ndata["x"] = torch.tensor([1.0, -3.0, 0.0])
        >>> with gm.fuse_functions(False):
        ...     g.update_all(lambda edges: {"m": edges.src["x"].abs()}, fn.sum("m", "y"))
        >>> g.ndata["y"]
        tensor([0., 0., 4.])
    """
    for name, value in (("enabled", enabled), ("check", check)):
        if not isinstance(value, bool):
            raise GraphTypeError(f"{name}: expected a bool, got {value!r}.")
    tokens = _enabled.set(enabled), _is_checked.set(check)
    try:
        yield
    finally:
        _enabled.reset(tokens[0])
        _is_checked.reset(tokens[1])


def is_recorded(
    adjacencies: Sequence[Adjacency], functions: tuple[Callable[..., Any], ...]
) -> bool:
    """Whether functions of relations are recorded."""
    num_edges = sum(edges.num_edges for edges in adjacencies)
    if num_edges == 0 or is_compiling() or _are_functorch_transforms_active():
        return False
    if any(map(uses_compiled, functions)):
        return False
    return why_not(num_edges, adjacencies[0].device) is None


def why_not(num_edges: int, device: torch.device) -> str | None:
    """Why functions of so many edges run as they are, or None if they are recorded.

    Raises:
        GraphValueError: the environment variable has another value than it may have.
    """
    enabled = _enabled.get()
    if enabled is not None:
        return None if enabled else "fuse_functions(False) is in force"
    setting = os.environ.get("GRAPHMP_FUSE", "")
    if setting not in ("", "0", "1"):
        raise GraphValueError(
            f"GRAPHMP_FUSE: expected 0 for never or 1 for always, got {setting!r}; change it, or "
            "unset it."
        )
    if setting:
        return None if setting == "1" else "GRAPHMP_FUSE is 0"
    if num_edges < SMALL:
        return f"there are less than {SMALL:,} edges"
    return None if _has_kernels(device) else f"expressions have no kernels on {device.type}"


def eagerly(function: Callable[..., _Result], *args: Any) -> _Result:
    """Call a function that records, none of whose frames ``torch.compile`` takes for itself.

    Where a compiled program is left, it still compiles what is called from there.
    """
    if "torch._dynamo" not in sys.modules:  # nothing was compiled
        return function(*args)
    return torch.compiler.disable(function)(*args)  # type: ignore[no-any-return,no-untyped-call]


def _has_kernels(device: torch.device) -> bool:
    """Whether expressions run on kernels, and not on torch, which stores messages."""
    backend = kernels.select(Call("reduce_expression", device.type, torch.float32))
    return backend.name != "reference"


def uses_compiled(function: Any) -> bool:
    """Whether a function refers to something that ``torch.compile`` made.

    Such code takes tensors alone: it would trace how lazy ones are recorded.
    """
    if "torch._dynamo" not in sys.modules:  # nothing was compiled
        return False
    inner = getattr(function, "__func__", function)
    values = [function, getattr(function, "__self__", None)]
    if hasattr(inner, "__code__"):
        values += inner.__defaults__ or ()
        names = inner.__code__.co_names
        values += [inner.__globals__[name] for name in names if name in inner.__globals__]
        for cell in inner.__closure__ or ():
            with suppress(ValueError):  # it is empty
                values.append(cell.cell_contents)
    return any(map(_is_compiled, values))


def _is_compiled(value: Any) -> bool:
    if isinstance(value, torch.nn.Module):
        return any(
            module._compiled_call_impl is not None or hasattr(module, "_orig_mod")
            for module in value.modules()
        )
    return hasattr(value, "_torchdynamo_orig_callable")


# ---- what is known of functions


class _Known:
    """Why functions were refused, and which were checked; forgotten with the functions' code."""

    def __init__(self) -> None:
        self._facts: WeakKeyDictionary[Any, dict[Any, str]] = WeakKeyDictionary()

    def get(self, functions: tuple[Callable[..., Any], ...], key: Any) -> str | None:
        """The fact about functions for arguments that ``key`` describes."""
        return self._facts.get(_code(functions[0]), {}).get(self._key(functions, key))

    def put(self, functions: tuple[Callable[..., Any], ...], key: Any, fact: str) -> None:
        """Remember a fact."""
        facts = self._facts.setdefault(_code(functions[0]), {})
        facts[self._key(functions, key)] = fact

    @staticmethod
    def _key(functions: tuple[Callable[..., Any], ...], key: Any) -> tuple[Any, ...]:
        return tuple(map(_name, functions[1:])), key


def _code(function: Any) -> Any:
    """The code of a function, which may be made for each call of a verb."""
    inner = getattr(function, "__func__", function)
    own = function if isinstance(function, BuiltinFunctionType) else type(function)
    return getattr(inner, "__code__", own)


def _name(function: Any) -> int:
    return id(_code(function))


class _Refusals(_Known):
    """Why functions were refused.

    A function may be recorded later: with other numbers, or once its object or what it encloses has
    changed. So it is tried again after one call, then after two, four, and at last 64.
    """

    def __init__(self) -> None:
        super().__init__()
        self._calls: WeakKeyDictionary[Any, dict[Any, list[int]]] = WeakKeyDictionary()

    def of_this_call(self, functions: tuple[Callable[..., Any], ...], key: Any) -> str | None:
        """Why functions run as they are this time, or None."""
        reason = self.get(functions, key)
        waiting = self._calls.get(_code(functions[0]), {}).get(self._key(functions, key))
        if reason is None or waiting is None:  # which is for good
            return reason
        if waiting[1] == 0 or notes.are_taken():
            return None
        waiting[1] -= 1
        return reason

    def put(
        self,
        functions: tuple[Callable[..., Any], ...],
        key: Any,
        fact: str,
        for_good: bool = False,
    ) -> None:
        """Remember a reason, for some calls or for good."""
        super().put(functions, key, fact)
        calls = self._calls.setdefault(_code(functions[0]), {})
        before = calls.pop(self._key(functions, key), [0, 0])[0]
        if not for_good:
            number = min(max(2 * before, 1), _MOST_CALLS)
            calls[self._key(functions, key)] = [number, number]

    def forget(self, functions: tuple[Callable[..., Any], ...], key: Any) -> None:
        """Forget a reason: the functions were recorded."""
        for facts in (self._facts, self._calls):
            facts.get(_code(functions[0]), {}).pop(self._key(functions, key), None)


_MOST_CALLS = 64  # for which a function that was refused is not tried
REFUSED, CHECKED = _Refusals(), _Known()


def needs_check(functions: tuple[Callable[..., Any], ...], key: Any) -> bool:
    """Whether the result of functions is to be compared, once, with what they themselves give."""
    if not _is_checked.get() or CHECKED.get(functions, key) is not None:
        return False
    CHECKED.put(functions, key, "checked")
    return True


def difference(result: torch.Tensor, expected: torch.Tensor) -> str | None:
    """How two results differ beyond rounding, or None."""
    if result.shape != expected.shape or result.dtype != expected.dtype:
        return (
            f"shape {tuple(result.shape)} of {result.dtype}, not {tuple(expected.shape)} of "
            f"{expected.dtype}"
        )
    wide, other = result.double(), expected.double()
    # Sums of terms that cancel are as inexact as their terms.
    finite = other[other.isfinite()].abs()
    size = float(finite.max()) if finite.numel() else 1.0
    bound = _TOLERANCE.get(result.dtype, 0.0)
    if torch.allclose(wide, other, rtol=bound, atol=bound * max(size, 1e-30), equal_nan=True):
        return None
    return f"by up to {float((wide - other).abs().nan_to_num().max()):.3g}"


_TOLERANCE = {
    torch.float64: 1e-9,
    torch.float32: 1e-3,
    torch.bfloat16: 6e-2,
    torch.float16: 1e-2,
}
