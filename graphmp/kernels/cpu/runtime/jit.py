"""How loops are compiled: without the interpreter's lock, cached on disk, exact for infinities."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, TypeVar, cast

import numba
from numba import njit
from numba.extending import overload

from . import compilation, disk_cache

Loop = TypeVar("Loop", bound=Callable[..., Any])

IS_COMPILED = not cast(Any, numba).config.DISABLE_JIT
compilation.watch()

# Sums may be reordered within a row; infinities and NaN must survive, so no "nnan" and no "ninf".
_OPTIONS: Any = {
    "nogil": True,
    "error_model": "numpy",
    "no_cfunc_wrapper": True,
    "fastmath": {"reassoc", "contract", "nsz"},
}

# Numba's cache watches only the file of a loop. A loop calls functions and reads constants of other
# files, so their contents go into the name under which the cache stores it.
_KERNELS = files(__package__.partition(".cpu")[0])  # a folder, or one in a zip archive


def _sources(folder: Any) -> Iterator[bytes]:
    """The contents of all Python files below a folder, in the order of their names."""
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _sources(entry)
        elif entry.name.endswith(".py"):
            yield entry.read_bytes()


_SOURCES = [
    *_sources(_KERNELS / "cpu"),
    *(
        (_KERNELS / f"{name}.py").read_bytes()
        for name in ("contract", "expression", "philox", "sampling_spec")
    ),
]
_STAMP = hashlib.sha256(b"".join(_SOURCES)).hexdigest()[:12]


def jit(loop: Loop) -> Loop:
    """Compile ``loop`` at its first call."""
    return _compiled(loop)


def code_for(loop: Any, args: tuple[Any, ...]) -> Any:
    """The machine code of a loop for arguments of the types of ``args`` and a range of rows.

    It is called as the loop is. Numba looks at the types of all arguments before it calls it, which
    takes longer than a small sum: who knows that they are the same calls the code directly.
    """
    if not IS_COMPILED:
        return loop
    return loop.compile(tuple(map(loop.typeof_pyval, (*args, 0, 0))))


def inline(loop: Loop) -> Loop:
    """Compile ``loop`` into each loop that calls it, where constants decide its branches."""
    return _compiled(loop, inline="always")


def inner(loop: Loop) -> Loop:
    """Compile ``loop`` for the loops that call it; called from Python it is not compiled.

    Without a conversion of Python's arguments, attention compiles in a quarter less time.
    """
    if IS_COMPILED:
        overload(loop, jit_options=_OPTIONS, strict=False, prefer_literal=True)(lambda *_: loop)
    return loop


def _compiled(loop: Loop, **options: Any) -> Loop:
    if not IS_COMPILED:
        return loop
    loop.__qualname__ = f"{loop.__qualname__}_{_STAMP}"
    compiled = njit(**_OPTIONS, **options)(loop)
    disk_cache.enable(compiled)
    return compiled  # type: ignore[no-any-return]
