"""The cache on disk of compiled loops: a cached loop runs without a compiler.

Before Numba looks into a cache it imports all that it can compile, with it SciPy's linear algebra,
and compiles its own runtime. That takes most of the first call in a process, for nothing if the
loop is cached; if it is not, Numba's compiler does all of it itself. Before any call it looks for
what other packages add to it, and imports NumPy's masked arrays to tell them from arrays; neither
ever reaches a loop.

This knows Numba from the inside. A Numba newer than those that it was tried with is left alone.
"""

from __future__ import annotations

import pickle
import warnings
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import numba
import numpy as np
from llvmlite.binding import add_symbol
from numba.core import types
from numba.core.caching import FunctionCache, IndexDataCacheFile, NullCache
from numba.core.typing.typeof import typeof
from numba.np.numpy_support import from_dtype, map_layout

_NEWEST_TRIED = (0, 68)
_CHECKSUM = sha256().digest_size


def enable(dispatcher: Any) -> None:
    """Keep on disk what ``dispatcher`` compiles, as Numba's ``cache=True`` does."""
    if tuple(map(int, numba.__version__.split(".")[:2])) <= _NEWEST_TRIED:
        dispatcher._cache = _Unopened(dispatcher)
        dispatcher._compilation_chain_init_hook = _nothing
        dispatcher.typeof_pyval = _type_of
        return
    with suppress(RuntimeError):  # there is no folder that can be written
        dispatcher.enable_caching()


def folder_of(dispatcher: Any) -> Path | None:
    """The folder that keeps the compiled forms of a loop, or None where none can be written."""
    try:
        return Path(FunctionCache(dispatcher.py_func).cache_path)
    except RuntimeError:
        return None


def _nothing() -> None:
    """In place of a search for what other packages add."""


def _type_of(value: Any) -> Any:
    """The Numba type of an argument of a loop."""
    if type(value) is np.ndarray:
        dtype, layout = from_dtype(value.dtype), map_layout(value)
        return types.Array(dtype, value.ndim, layout, readonly=not value.flags.writeable)
    if type(value) is tuple:
        return types.BaseTuple.from_types([_type_of(part) for part in value], tuple)
    return typeof(value)


class _Unopened(NullCache):
    """The cache of a loop that was not called yet: to open one, a file is written to its folder."""

    def __init__(self, dispatcher: Any) -> None:
        self._dispatcher = dispatcher

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Open the cache, where there is a folder that can be written, and look into it."""
        try:
            opened: Any = _Cache(self._dispatcher.py_func)
        except RuntimeError:  # there is no folder that can be written
            opened = NullCache()
            _warn("no folder can be written")
        self._dispatcher._cache = opened
        return opened.load_overload(sig, target_context)


class _Files(IndexDataCacheFile):
    """The files of a cache, each named by its signature and beginning with a checksum.

    Numba numbers them in order, so that two processes which compile at once can take one number for
    two signatures, and a third would then run the loop of the other. And it trusts their contents:
    a file that was cut off raises at every call, and one with a wrong byte in its machine code ends
    the process. Here a file whose checksum differs does not exist, and is written again.
    """

    def save(self, key: Any, data: Any) -> None:
        """Write a compiled loop, then add it to the index."""
        digest = sha256(repr(key).encode()).digest()
        name = self._data_name(int.from_bytes(digest[:8], "big"))
        self._save_data(name, data)
        self._save_index({**self._load_index(), key: name})

    def _load_index(self) -> dict[Any, str]:
        return self._read(self._index_path) or {}

    def _save_index(self, overloads: dict[Any, str]) -> None:
        self._write(self._index_path, overloads)

    def _load_data(self, name: str) -> Any:
        return self._read(self._data_path(name))

    def _save_data(self, name: str, data: Any) -> None:
        self._write(self._data_path(name), data)

    def _read(self, path: str) -> Any:
        """The contents of a file, or None if it is missing, damaged, or for other sources."""
        try:
            content = Path(path).read_bytes()
        except OSError:
            return None
        checksum, data = content[:_CHECKSUM], content[_CHECKSUM:]
        return pickle.loads(data) if checksum == self._checksum(data) else None

    def _write(self, path: str, value: Any) -> None:
        data = self._dump(value)
        with self._open_for_write(path) as file:
            file.write(self._checksum(data) + data)

    def _checksum(self, data: bytes) -> bytes:
        """The checksum of a file's contents, of Numba's version and of the source's stamp."""
        return sha256(f"{self._version} {self._source_stamp}".encode() + data).digest()


class _Cache(FunctionCache):
    """Numba's cache of a function, but for what it does before it looks, and for its files."""

    def __init__(self, py_func: Any) -> None:
        super().__init__(py_func)
        stamp = self._impl.locator.get_source_stamp()
        self._cache_file = _Files(self._cache_path, self._impl.filename_base, stamp)

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """The compiled loop for a signature, or None."""
        _find_runtime()
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)

    def save_overload(self, sig: Any, data: Any) -> None:
        """Write a compiled loop, or warn where that is impossible."""
        try:
            super().save_overload(sig, data)
        except OSError as error:  # a full disk, or a folder that has become read-only
            _warn(str(error.strerror or error))


@cache
def _warn(reason: str) -> None:
    """Warn once for each reason."""
    warnings.warn(
        f"compiled loops cannot be cached ({reason}): each process compiles them again. "
        "Set NUMBA_CACHE_DIR to a folder with space that can be written.",
        RuntimeWarning,
        stacklevel=2,
    )


@cache
def _find_runtime() -> None:
    """Tell LLVM where the functions of Numba's runtime are: machine code calls them by name."""
    from numba.core.runtime._nrt_python import c_helpers

    for name, address in c_helpers.items():
        add_symbol(name if name.startswith("_") else f"NRT_{name}", address)
