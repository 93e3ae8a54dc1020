"""The graphs and features at which message passing goes wrong first.

Every kernel, operation and layer is tested on all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

import graphmp as gm

HALVES = (torch.float16, torch.bfloat16)
FLOATS = (*HALVES, torch.float32, torch.float64)
INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)
DTYPES = (*FLOATS, *INTEGERS, torch.bool)
ID_DTYPES = (torch.int32, torch.int64)

# What one row of a feature looks like: (N,), (N, 1), (N, 3), (N, 2, 3), (N, 0).
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (2, 3), (0,))

# Two features that meet in one message; all but the last six have equal last dimensions.
PAIRS: tuple[tuple[tuple[int, ...], tuple[int, ...]], ...] = (
    ((), ()),
    ((1,), (1,)),
    ((3,), (3,)),
    ((0,), (0,)),
    ((2, 3), (2, 3)),
    ((2, 3), (3,)),
    ((3,), (2, 3)),
    ((4, 1, 3), (2, 3)),
    ((2, 3), (1, 3)),
    ((), (1,)),
    ((3,), (1,)),
    ((), (3,)),
    ((2, 3), ()),
    ((2, 1), (2, 3)),
    ((2, 3), (2, 1)),
    ((2, 1), (3,)),
)
DOT_PAIRS = PAIRS[:10]


@dataclass(frozen=True)
class Corner:
    """The edges of one relation.

    Attributes:
        name: what is special about it.
        src: the source of each edge.
        dst: the destination of each edge.
        num_src: the number of sources.
        num_dst: the number of destinations.
        bipartite: whether sources and destinations are different nodes.
    """

    name: str
    src: tuple[int, ...]
    dst: tuple[int, ...]
    num_src: int
    num_dst: int
    bipartite: bool = False

    def __str__(self) -> str:
        return self.name

    def graph(self, idtype: torch.dtype = torch.int64) -> gm.Graph:
        """The graph of these edges."""
        ends = (torch.tensor(self.src, dtype=idtype), torch.tensor(self.dst, dtype=idtype))
        if not self.bipartite:
            return gm.graph(ends, num_nodes=self.num_dst, idtype=idtype)
        counts = {"source": self.num_src, "target": self.num_dst}
        return gm.heterograph({("source", "to", "target"): ends}, counts, idtype=idtype)

    def rows(self, target: str) -> int:
        """How many rows a feature of the sources, destinations or edges has."""
        return {"u": self.num_src, "v": self.num_dst, "e": len(self.src)}[target]

    def feature(
        self, target: str, shape: tuple[int, ...] = (), dtype: torch.dtype = torch.float32
    ) -> Tensor:
        """A feature of the sources (``"u"``), destinations (``"v"``) or edges (``"e"``)."""
        return feature(self.rows(target), shape, dtype, seed="uve".index(target))


def _hub() -> Corner:
    """Node 0 has 1000 in-edges, node 1 none, node 2 one; node 3 sends to the hub twice over."""
    src = (*(1 + i % 3 for i in range(1000)), 0)
    return Corner("hub", src, (*(0,) * 1000, 2), 4, 4)


NO_NODES = Corner("no nodes", (), (), 0, 0)
NO_EDGES = Corner("no edges", (), (), 3, 3)
SELF_LOOP = Corner("one self-loop", (0,), (0,), 1, 1)
ISOLATED = Corner("isolated destinations", (0, 3, 1, 4), (3, 1, 1, 3), 6, 6)
PARALLEL = Corner("parallel edges", (2, 0, 1, 0, 0, 2), (1, 1, 0, 1, 1, 2), 3, 3)
HUB = _hub()
BIPARTITE = Corner("bipartite", (4, 1, 1, 0, 3), (0, 2, 0, 2, 2), 5, 3, bipartite=True)
MIXED = Corner("everything at once", (0, 1, 2, 2, 3, 3, 4, 0, 4), (1, 1, 1, 2, 2, 3, 4, 1, 2), 6, 6)
# Parallel edges, a self-loop, and a node without edges: small enough for finite differences.
TINY = Corner("tiny", (0, 2, 0, 1, 2), (1, 1, 1, 0, 2), 4, 4)
SMALL_CORNERS = (NO_NODES, NO_EDGES, SELF_LOOP, ISOLATED, PARALLEL, BIPARTITE, MIXED)
CORNERS = (*SMALL_CORNERS, HUB)

each_corner = pytest.mark.parametrize("corner", CORNERS, ids=str)
each_small_corner = pytest.mark.parametrize("corner", SMALL_CORNERS, ids=str)


def feature(
    rows: int, shape: tuple[int, ...] = (), dtype: torch.dtype = torch.float32, seed: int = 0
) -> Tensor:
    """Values of ``dtype``, the same every time.

    Floating point values have a size from 0.5 to 1.5 and either sign, so that none is 0 and sums
    stay small; integers are from 1 to 3, so that no sum of a few of them overflows.
    """
    generator = torch.Generator("cpu").manual_seed(1000 * rows + 10 * math.prod(shape) + seed)
    size = (rows, *shape)
    if not dtype.is_floating_point:
        low, high = (0, 2) if dtype == torch.bool else (1, 4)
        drawn = torch.randint(low, high, size, generator=generator, device="cpu")
    else:
        values = torch.rand(size, generator=generator, dtype=torch.float64, device="cpu") + 0.5
        drawn = values * (torch.randint(2, size, generator=generator, device="cpu") * 2 - 1)
    return drawn.to(torch.get_default_device(), dtype)


def strided(tensor: Tensor) -> Tensor:
    """The same values, not contiguous in memory."""
    made = torch.stack([tensor, tensor], -1)[..., 0]
    assert tensor.numel() < 2 or not made.is_contiguous()
    return made


# Two relations into one type; node 0 hears of one, node 1 of both, node 2 of the other, 3 of none.
TWO_RELATIONS = {
    ("a", "first", "t"): Corner("first", (0, 1, 1), (0, 1, 1), 2, 4, bipartite=True),
    ("b", "second", "t"): Corner("second", (2, 0, 1), (1, 2, 2), 3, 4, bipartite=True),
}


def two_relations(idtype: torch.dtype = torch.int64) -> gm.Graph:
    """The graph of ``TWO_RELATIONS``."""
    edges = {
        etype: (torch.tensor(c.src, dtype=idtype), torch.tensor(c.dst, dtype=idtype))
        for etype, c in TWO_RELATIONS.items()
    }
    return gm.heterograph(edges, {"a": 2, "b": 3, "t": 4}, idtype=idtype)
