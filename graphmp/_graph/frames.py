"""Frames: the features of all node and edge types of a graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import torch

from .._storage.adjacency import Adjacency
from .._storage.frame import Frame
from .._storage.metagraph import CanonicalEtype, of_type


class Frames(NamedTuple):
    """The frames of a graph; ``src`` and ``dst`` are one object unless the graph is a block."""

    src: dict[str, Frame]
    dst: dict[str, Frame]
    edge: dict[CanonicalEtype, Frame]

    def at(self, end: int) -> dict[str, Frame]:
        """The frames of the sources for 0, those of the destinations for 1."""
        return self.dst if end else self.src

    def all(self) -> Iterator[Frame]:
        """Every frame once."""
        yield from self.src.values()
        if self.dst is not self.src:
            yield from self.dst.values()
        yield from self.edge.values()

    def changed(self, change: Callable[[Frame], Frame]) -> Frames:
        """The same types, each with the frame that ``change`` returns for its frame."""
        src = {ntype: change(frame) for ntype, frame in self.src.items()}
        dst = src
        if self.dst is not self.src:
            dst = {ntype: change(frame) for ntype, frame in self.dst.items()}
        return Frames(src, dst, {etype: change(frame) for etype, frame in self.edge.items()})

    @classmethod
    def empty(
        cls,
        adjacencies: Mapping[CanonicalEtype, Adjacency],
        num_src: Mapping[str, int],
        num_dst: Mapping[str, int] | None,
        device: torch.device,
    ) -> Frames:
        """Frames without columns; without ``num_dst`` the ends share theirs."""
        src = {t: Frame(n, device, f"nodes{of_type(t)}") for t, n in num_src.items()}
        dst = src
        if num_dst is not None:
            src = {t: Frame(n, device, f"source nodes{of_type(t)}") for t, n in num_src.items()}
            dst = {
                t: Frame(n, device, f"destination nodes{of_type(t)}") for t, n in num_dst.items()
            }
        edge = {t: Frame(a.num_edges, device, f"edges{of_type(t)}") for t, a in adjacencies.items()}
        return cls(src, dst, edge)
