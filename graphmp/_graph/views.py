"""Views of frames: some rows of one, or the frames of several types at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from torch import Tensor

from .. import _checks
from .._storage.frame import FieldMapping, Frame
from .._storage.preview import preview_html
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from .display import name_of


class Rows(FieldMapping[Tensor]):
    """Some rows of a frame: reading gathers them, assigning writes them."""

    __slots__ = ("_frame", "_rows")

    def __init__(self, frame: Frame, rows: Tensor) -> None:
        """View ``rows`` of ``frame``."""
        self._frame, self._rows = frame, rows

    @property
    def owner(self) -> str:
        """What the rows are, for error messages: for example ``"nodes of type 'user'"``."""
        return self._frame.owner

    def __getitem__(self, name: str) -> Tensor:
        return self._frame.read_rows(name, self._rows)

    def __setitem__(self, name: str, value: Tensor) -> None:
        self._frame.write_rows(self._rows, {name: value})

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Write the rows of several fields, or of none if one does not fit."""
        self._frame.write_rows(self._rows, dict(*args, **kwargs))

    def __delitem__(self, name: str) -> None:
        raise GraphValueError(
            f"Field {name!r} cannot be deleted for some rows; delete it from all of them."
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._frame)

    def __len__(self) -> int:
        return len(self._frame)

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: statistics and the first rows of each column."""
        title = f"Features of {self._rows.numel():,} of the {self.owner}"
        return preview_html(title, [self._frame.preview(self.owner, self._rows)])


class FramesByType(FieldMapping[dict[Any, Tensor]]):
    """The frames of several types at once: ``view[field]`` is ``{type: tensor}``.

    Only types that have the field are in the dict; a field that no type has gives an empty dict.
    """

    __slots__ = ("_by_type", "_find", "_what")

    def __init__(self, frames: Mapping[Any, Frame], find: Callable[[Any], Any], what: str) -> None:
        """View ``frames``.

        Args:
            frames: the frame of each type.
            find: turns what a user calls a type into a key of ``frames``, or raises.
            what: ``"node"`` or ``"edge"``, for messages.
        """
        self._by_type, self._find, self._what = frames, find, what

    def __getitem__(self, name: str) -> dict[Any, Tensor]:
        return {t: frame[name] for t, frame in self._by_type.items() if name in frame}

    def __setitem__(self, name: str, value: dict[Any, Tensor]) -> None:
        self.update({name: value})

    def update(self, *args: Any, **kwargs: Any) -> None:
        """Write several fields, or none if one does not fit."""
        fields = dict(*args, **kwargs).items()
        columns = [column for name, value in fields for column in self._columns_of(name, value)]
        for frame, name, tensor in columns:
            frame[name] = tensor

    def _columns_of(self, name: str, value: Any) -> list[tuple[Frame, str, Tensor]]:
        """The checked columns of a field: for each type its frame, the name and the tensor."""
        if not isinstance(value, _checks.AnyMapping):
            raise GraphTypeError(
                f"Expected field {name!r} as a dict {{{self._what} type: tensor}}, as the graph "
                f"has several {self._what} types, got {_checks.kind(value)}."
            )
        frames = [(self._by_type[self._find(t)], tensor) for t, tensor in value.items()]
        for frame, tensor in frames:
            _checks.feature(tensor, frame.num_rows, frame.device, name, frame.owner)
        return [(frame, name, tensor) for frame, tensor in frames]

    def __delitem__(self, name: str) -> None:
        frames = [frame for frame in self._by_type.values() if name in frame]
        if not frames:
            raise GraphKeyError(f"No {self._what} type has a field {name!r}.")
        for frame in frames:
            del frame[name]

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a field from every type that has it, and give what was there."""
        if default and name not in self:
            return default[0]
        return super().pop(name)

    def __contains__(self, name: object) -> bool:
        return any(name in frame for frame in self._by_type.values())

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(name for frame in self._by_type.values() for name in frame))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def _repr_html_(self) -> str:
        """The HTML that a notebook shows: statistics and the first rows of each column."""
        previews = [frame.preview(name_of(t)) for t, frame in self._by_type.items()]
        return preview_html(f"Features of the {self._what}s, by type", previews)
