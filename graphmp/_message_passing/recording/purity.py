"""Whether a function can be called once more, or once instead of several times, and nobody notices.

:func:`call_if_pure` calls a function, and stops it before it does anything but compute: before it
writes to what existed before, draws random numbers, or calls code that may.
"""

from __future__ import annotations

import _weakrefset
import builtins
import dis
import gc
import math
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FrameType, ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.compiler import is_compiling


class Impure(BaseException):
    """A function is about to do something else than compute; its argument says what.

    It is no ``Exception``, so that a function does not take it for one of its own. One that takes
    all the same, with a bare ``except``, is noticed by :func:`call_if_pure`.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        reasons = _reasons.get()
        if reasons is not None:
            reasons.append(reason)


class Profiled(Impure):
    """A profiler takes the place of the watch: nothing is known of the function."""


_TORCH = str(Path(torch.__file__).parent)
TRUSTED = (_TORCH, str(Path(__file__).parents[2]))
_GENERATED = "<string>"  # the file of code that the standard library generates
_PACKAGES = ("torch", __name__.partition(".")[0])
_STANDARD = (str(Path(dis.__file__).parent), "<frozen ")  # trusted where what is trusted calls it
_FINALIZERS = (weakref.__file__, _weakrefset.__file__)
_STORES = {
    "STORE_GLOBAL": "writes a global variable",
    "DELETE_GLOBAL": "deletes a global variable",
    "STORE_ATTR": "writes an attribute",
    "DELETE_ATTR": "deletes an attribute",
    "STORE_SUBSCR": "writes an item",
    "DELETE_SUBSCR": "deletes an item",
    "DELETE_DEREF": "deletes a variable of an outer function",
    "IMPORT_NAME": "imports a module",
    "YIELD_VALUE": "is a generator",
    "LOAD_BUILD_CLASS": "defines a class",
    "BEFORE_WITH": "enters a context",
    "SETUP_WITH": "enters a context",
}
_FIRST_IN_PLACE = 13  # the operators of BINARY_OP that change their left side come last
_BUILTINS = {
    getattr(builtins, name)
    for name in (
        *("abs", "callable", "divmod", "format", "getattr", "hasattr", "hash", "id"),
        *("isinstance", "issubclass", "len", "max", "min", "pow", "repr", "round", "sorted", "sum"),
    )
}
_METHODS: dict[type, set[str]] = {
    dict: {"get", "items", "keys", "values", "copy"},
    list: {"copy", "count", "index"},
}
_IMMUTABLE = (str, bytes, int, float, complex, tuple, frozenset)
_RANDOM = (
    "rand",
    "normal",
    "bernoulli",
    "multinomial",
    "poisson",
    "seed",
    "dropout",
    "exponential",
)


# Why the function that runs was stopped.
_reasons: ContextVar[list[str] | None] = ContextVar("_reasons", default=None)
_is_guarded: ContextVar[bool] = ContextVar("_is_guarded", default=False)


@contextmanager
def guarded() -> Iterator[None]:
    """Let :func:`call` call functions only if they are pure."""
    token = _is_guarded.set(True)
    try:
        yield
    finally:
        _is_guarded.reset(token)


def call(function: Callable[..., Any], *args: Any) -> Any:
    """Call a user's function; inside of :func:`guarded` by :func:`call_if_pure`."""
    is_guarded = not is_compiling() and _is_guarded.get()
    return call_if_pure(function, *args) if is_guarded else function(*args)


def call_if_pure(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function.

    Raises:
        Impure: it is about to do something else than compute, and has done nothing so far.
        Profiled: there is a profiler.
    """
    if sys.getprofile() is not None:
        raise Profiled("a profiler is active")
    state, reasons, collects = torch.get_rng_state(), list[str](), gc.isenabled()
    token = _reasons.set(reasons)
    gc.disable()  # what runs when garbage is collected is not the function's
    sys.setprofile(_watch)
    try:
        result = function(*args)
    finally:
        sys.setprofile(None)
        if collects:
            gc.enable()
        _reasons.reset(token)
        if not torch.equal(state, torch.get_rng_state()):
            torch.set_rng_state(state)
            raise Impure("draws random numbers")
    if reasons:
        raise Impure(reasons[0])
    return result


class Unwatched:
    """A context for code of this package, of which no event is the function's."""

    __slots__ = ("_watch",)

    def __enter__(self) -> None:
        self._watch = sys.getprofile()
        sys.setprofile(None)

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._watch)


def _watch(frame: FrameType, event: str, arg: Any) -> None:
    """Stop the function if an event is none of a computation."""
    code, caller = frame.f_code, frame.f_back
    if code.co_filename.startswith(TRUSTED):
        if event == "c_call" and code.co_filename.startswith(_TORCH) and _changes_tensor(arg):
            raise Impure(f"torch changes a tensor in place, in {code.co_name}")
        return
    if code.co_filename == _GENERATED and _is_of_package(frame.f_globals.get("__name__", "")):
        return
    is_standard = code.co_filename.startswith(_STANDARD) and caller is not None
    if is_standard and caller.f_code.co_filename.startswith((*TRUSTED, *_STANDARD)):  # type: ignore[union-attr]
        return
    reason = None
    if event == "call":
        reason = _writes(code) or _uses(code, frame)
    elif event == "c_call" and not _is_computation(arg):
        name = getattr(arg, "__qualname__", repr(arg))
        reason = f"calls {name}, which may do more than compute"
    if reason is not None and not _is_in_finalizer(frame):
        raise Impure(f"{Path(code.co_filename).name}:{frame.f_lineno}: it {reason}")


def _is_in_finalizer(frame: FrameType | None) -> bool:
    """Whether a frame runs because an object ends, of which the function does not know."""
    while frame is not None and not frame.f_code.co_filename.startswith(TRUSTED):
        if frame.f_code.co_filename in _FINALIZERS or frame.f_code.co_name == "__del__":
            return True
        frame = frame.f_back
    return False


@lru_cache(maxsize=1024)
def _writes(code: CodeType) -> str | None:
    """What a function's own instructions write beyond its variables, or None."""
    for step in dis.get_instructions(code):
        if step.opname in _STORES:
            return _STORES[step.opname]
        if step.opname == "STORE_DEREF" and step.argval in code.co_freevars:
            return f"writes {step.argval!r} of an outer function"
        in_place = step.opname == "BINARY_OP" and (step.arg or 0) >= _FIRST_IN_PLACE
        if in_place or step.opname.startswith("INPLACE_"):
            return "changes a value in place"
    return None


def _uses(code: CodeType, frame: FrameType) -> str | None:
    """A module that a function uses whose functions may do anything, or None."""
    for name in code.co_names:
        module = frame.f_globals.get(name)
        if not isinstance(module, ModuleType) or module is math:
            continue
        if module.__name__.partition(".")[0] not in _PACKAGES:
            return f"uses the module {module.__name__}"
    return None


def _is_computation(function: Any) -> bool:
    """Whether a function of C computes something, and does nothing else."""
    name, owner = function.__name__, getattr(function, "__self__", None)
    if isinstance(owner, ModuleType):
        if owner is builtins:
            return function in _BUILTINS
        return owner is math or (_is_of_torch(owner.__name__) and _is_computing_name(name))
    if isinstance(owner, Tensor):
        return _is_computing_name(name)
    if isinstance(owner, _IMMUTABLE):
        return True
    if isinstance(owner, type):
        return _is_of_torch(owner.__module__ or "") and _is_computing_name(name)
    if type(owner) in _METHODS:
        return name in _METHODS[type(owner)]
    is_plain = isinstance(function, BuiltinFunctionType)
    module = getattr(function, "__module__", None) or type(owner).__module__
    return is_plain and _is_of_torch(module) and _is_computing_name(name)


def _is_of_package(module: str) -> bool:
    """Whether generated code, as of a dataclass or a named tuple, is of what is trusted."""
    return module.startswith("namedtuple_") or module.partition(".")[0] in _PACKAGES


def _changes_tensor(function: Any) -> bool:
    """Whether a function of C is a method that changes its tensor, such as a module's buffer."""
    is_method = isinstance(getattr(function, "__self__", None), Tensor)
    return is_method and not _is_computing_name(function.__name__)


def _is_of_torch(module: str) -> bool:
    return module.partition(".")[0] == "torch"


def _is_computing_name(name: str) -> bool:
    """Whether a name of torch's is of a function that changes and draws nothing."""
    is_in_place = name.endswith("_") and not name.endswith("__")
    return not is_in_place and name != "__setitem__" and not any(r in name for r in _RANDOM)
