"""The container of all files that are written: tensors in a file of safetensors.

Its metadata are the kind of the file, the version of its layout, and what the file says beside its
tensors, in JSON. ``docs/files.md`` describes it all.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .._checks import kind as kind_of
from ..errors import GraphKeyError, GraphRuntimeError, GraphTypeError, GraphValueError
from . import files
from .files import reading, replacing
from .header import METADATA, STORABLE, Entry, Header, parse_json

VERSION = 1
_DTYPES = tuple(STORABLE.values())


def write(path: Path, kind: str, content: Any, tensors: Mapping[str, Sequence[Tensor]]) -> None:
    """Write a file.

    Args:
        path: the file.
        kind: the kind of the file, which :meth:`Container.content` checks.
        content: what the file says beside its tensors, for JSON.
        tensors: by name the parts of a tensor, which are joined along their first dimension; a
            single one may have no dimension.

    Raises:
        GraphTypeError: a dtype that files do not have.
        GraphValueError: the path of a folder, or names that UTF-8 does not have.
        GraphRuntimeError: the file cannot be written, or names and texts exceed 100 MB.
    """
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    plain = {name: [_plain(name, each) for each in parts] for name, parts in tensors.items()}
    metadata = {
        "format": "graphmp",
        "kind": kind,
        "version": str(VERSION),
        "content": json.dumps(content, separators=(",", ":")),
    }
    with replacing(path) as new:
        try:
            save_file(_joined(plain), new, metadata)
        except SafetensorError as error:
            raise GraphRuntimeError(f"Expected to write {path}, but got: {error}.") from error
        except UnicodeError as error:
            raise GraphValueError(f"Expected names in UTF-8, but got: {error}.") from error


def named(tensors: Any, what: str) -> dict[str, Tensor]:
    """Check a dict of tensors.

    Raises:
        GraphTypeError: something else than a dict of names and tensors.
        GraphValueError: a name that files do not have.
    """
    if not isinstance(tensors, Mapping):
        raise GraphTypeError(f"Expected {what} as a dict {{name: tensor}}, got {kind_of(tensors)}.")
    for name, tensor in tensors.items():
        if not isinstance(name, str) or not isinstance(tensor, Tensor):
            raise GraphTypeError(
                f"Expected {what} as a dict {{name: tensor}}, got {kind_of(tensor)} for "
                f"{name!r:.80}."
            )
        if name == METADATA:
            raise GraphValueError(f"Expected other names in {what} than {name!r}; rename it.")
    return dict(tensors)


def is_storable(tensor: Tensor) -> bool:
    """Whether files have such a tensor."""
    return tensor.dtype in _DTYPES and tensor.layout == torch.strided and not tensor.is_meta


def check_storable(tensor: Tensor, what: str) -> None:
    """Check that files have such a tensor.

    Raises:
        GraphTypeError: they do not.
    """
    if not is_storable(tensor):
        raise GraphTypeError(
            f"{what}: expected a dense tensor of a dtype among {', '.join(map(str, _DTYPES))}, "
            f"got one of {tensor.dtype}, {tensor.layout}, on {tensor.device}; convert it."
        )


def _plain(name: str, tensor: Tensor) -> Tensor:
    """The values of a tensor, in order, in memory of the CPU."""
    check_storable(tensor, repr(name))
    return tensor.detach().as_subclass(Tensor).cpu().resolve_conj().resolve_neg().contiguous()


def _joined(tensors: Mapping[str, list[Tensor]]) -> dict[str, Tensor]:
    """Join the parts of tensors; no two results share memory, which safetensors refuses."""
    joined, storages = {}, set()
    for name, parts in tensors.items():
        tensor = torch.cat(parts) if len(parts) > 1 else parts[0]
        if tensor.untyped_storage().data_ptr() in storages:
            tensor = tensor.clone()
        storages.add(tensor.untyped_storage().data_ptr())
        joined[name] = tensor
    return joined


class Container(Mapping[str, Tensor]):
    """An open file: its tensors by name, read when they are used.

    Args:
        path: the file.
        content: its bytes.

    Attributes:
        path: the file.
        is_mapped: whether it is mapped into memory, as large files are.

    Raises:
        GraphValueError: it is no such file, or is damaged.
    """

    def __init__(self, path: Path, content: memoryview) -> None:
        self.path, self._bytes = path, content
        self.is_mapped = len(content) >= files.SMALLEST_MAPPED
        with reading(path):
            self._metadata, self._entries = Header.checked(content)

    def __getitem__(self, name: str) -> Tensor:
        dtype, shape, start, count = self._entry(name)
        if not count:
            return torch.empty(shape, dtype=dtype, device="cpu")
        if dtype == torch.bool:  # the file may have any byte
            numbers = torch.frombuffer(self._bytes, dtype=torch.uint8, count=count, offset=start)
            return (numbers != 0).view(shape)
        values = torch.frombuffer(self._bytes, dtype=dtype, count=count, offset=start).view(shape)
        is_aligned = values.data_ptr() % dtype.itemsize == 0
        return values if self.is_mapped and is_aligned else values.clone()

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def numbers(self, name: str) -> list[int]:
        """The numbers of a vector of int64.

        Raises:
            GraphKeyError: there is no tensor of this name.
            GraphValueError: it is no such vector.
        """
        dtype, shape, start, count = self._entry(name)
        if dtype != torch.int64 or shape != [count]:
            raise GraphValueError(f"expected numbers of int64 in {name[:80]!r}, got others.")
        numbers: list[int] = self._bytes[start : start + 8 * count].cast("q").tolist()
        return numbers

    def _entry(self, name: str) -> Entry:
        if name not in self._entries:
            raise GraphKeyError(f"Expected the name of a tensor of {self.path}, got {name[:80]!r}.")
        return self._entries[name]

    def content(self, kind: str) -> Any:
        """What the file says beside its tensors.

        Args:
            kind: the kind that the file must have.

        Raises:
            GraphValueError: it has another, or was written by a later version.
        """
        with reading(self.path):
            metadata = self._metadata
            if metadata.get("format") != "graphmp" or metadata.get("kind") != kind:
                name = metadata.get("kind", "no kind")
                advice = f"; use {_LOADERS[name]}" if name in _LOADERS else ""
                raise GraphValueError(
                    f"expected a file of {kind} by graphmp, got one of {name}{advice}."
                )
            version = int(metadata["version"])
            if version != VERSION:
                raise GraphValueError(
                    f"expected version {VERSION} of its layout, got {version}; install the "
                    "newest graphmp."
                )
            return parse_json(metadata["content"])


_LOADERS = {"graphs": "load_graphs", "tensors": "io.load_tensors", "info": "io.load_info"}


def is_container(content: memoryview) -> bool:
    """Whether a file begins as a container does."""
    return bytes(content[8:9]) == b"{" and int.from_bytes(content[:8], "little") < 1 << 40
