"""Notes on what became of functions, taken while :func:`graphmp.explain` runs them."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor
from torch.compiler import is_compiling

from .purity import TRUSTED


class Note(NamedTuple):
    """One step of a function.

    Attributes:
        place: ``"nodes"``, ``"kernel"``, ``"edges"``, ``"parts"`` or ``"buckets"``.
        text: what is computed there.
        num_bytes: what it writes.
        line: where the function asks for it, ``file:number``; empty for none.
        reason: why it is done there; empty for none.
    """

    place: str
    text: str
    num_bytes: int
    line: str
    reason: str


_notes: ContextVar[list[Note] | None] = ContextVar("_notes", default=None)
# Each name with its tensor, so that no other tensor takes its id.
_names: ContextVar[dict[int, tuple[Any, str]] | None] = ContextVar("_names", default=None)


@contextmanager
def taken() -> Iterator[list[Note]]:
    """Take notes inside the ``with``; yields the list that they are added to."""
    notes: list[Note] = []
    tokens = _notes.set(notes), _names.set({})
    try:
        yield notes
    finally:
        _notes.reset(tokens[0])
        _names.reset(tokens[1])


def are_taken() -> bool:
    """Whether notes are taken."""
    return not is_compiling() and _notes.get() is not None


def note(place: str, text: Callable[[], str], num_bytes: int = 0, reason: str = "") -> None:
    """Take a note; ``text`` is called only if notes are taken."""
    notes = _notes.get()
    if notes is not None:
        notes.append(Note(place, text(), num_bytes, line(), reason))


def last() -> str:
    """What later notes call the result of the last one: its number; empty while none are taken."""
    notes = _notes.get()
    return f"#{len(notes)}" if notes else ""


def name(tensor: Any, text: str) -> None:
    """Name a tensor for notes."""
    names = _names.get()
    if names is not None:
        names[id(tensor)] = tensor, text


def is_named(tensor: Any) -> bool:
    """Whether a tensor has a name in notes."""
    return id(tensor) in (_names.get() or {})


def name_of(tensor: Any) -> str:
    """The name of a tensor in notes, or another argument as it is written."""
    if not isinstance(tensor, Tensor):
        return repr(tensor)
    names = _names.get() or {}
    _, text = names.get(id(tensor), (None, f"tensor{tuple(tensor.shape)}"))
    return text


def line() -> str:
    """The line of the user's function that is being run, ``file:number``; empty for none."""
    frame: Any = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith(TRUSTED) and frame.f_code.co_name != "<module>":
            return f"{Path(file).name}:{frame.f_lineno}"
        frame = frame.f_back
    return ""
