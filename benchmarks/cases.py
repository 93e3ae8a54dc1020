"""What is measured: families of cases, and for each library a function that does the work.

A script such as ``spmm_copy`` makes one :class:`Family` of them. It is imported by the interpreter
of each library, of which most lack the other libraries, so functions import what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

    from benchmarks.graphs import Edges

Run = Callable[..., Any]  # does the work, and returns a tensor or a tuple of tensors
OURS = "graphmp"
ROOFLINES = (
    "gather",
    "floor",
    "bytes",
    "copy",
    "builtin",
)  # what no library can be faster than, or hardly
KEPT_MEMORY = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1)}


class LacksError(Exception):
    """A library cannot do a case; the message says why."""


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        title: what is done, then a comma and what tells it from others of its kind.
        parameters: what the functions of the libraries take by name.
        goal: how many times as long as ours every peer shall take.
        goals: the same for single peers.
        limit: what ours may take, or a function of the edges that gives it.
        of_roofline: the part of the roofline's speed that ours shall reach.
        tolerance: how far the results of libraries may differ, relative to their size.
        unit: what values are shown in. ``"MB"`` measures memory instead of time.
        graphs: those of the family's graphs that it is measured on; None for all.
        environment: variables of the libraries' processes, such as :data:`KEPT_MEMORY`, with which
            glibc keeps freed memory instead of returning it to the system.
    """

    title: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    goal: float | None = None
    goals: Mapping[str, float] = field(default_factory=dict)
    limit: float | Callable[[Edges], float] | None = None
    of_roofline: float | None = None
    tolerance: float = 1e-3
    unit: str = "ms"
    graphs: Sequence[str] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The title up to its comma."""
        return self.title.partition(",")[0]

    def limit_on(self, edges: Edges) -> float | None:
        """What ours may take on a graph."""
        return self.limit(edges) if callable(self.limit) else self.limit

    def is_measured_on(self, graph: str, family: Family) -> bool:
        """Whether the case is measured on one of the family's graphs, or on any other."""
        return self.graphs is None or graph in self.graphs or graph not in family.graphs

    def goal_against(self, peer: str) -> float | None:
        """How many times as long as ours ``peer`` shall take."""
        return self.goals.get(peer, self.goal)


@dataclass(frozen=True)
class Family:
    """The cases of one script.

    Attributes:
        script: the script's file.
        title: what they have in common.
        cases: the cases.
        libraries: for each library a function ``(edges, **parameters)`` that makes its inputs and
            returns the work; or a pair of that and a function that puts the result into the form
            of the others, outside the measured time. It raises LacksError for a case that the
            library does not have.
        graphs: names in :data:`benchmarks.graphs.GRAPHS`.
        threads: how many each library has; as many as torch takes, if None.
        on_gpu: whether it is measured on a GPU: by its clock, its caches emptied before each call,
            and graphmp's results compared bit by bit with those of a second call.
    """

    script: str
    title: str
    cases: Sequence[Case]
    libraries: Mapping[str, Callable[..., Run | tuple[Run, Run]]]
    graphs: Sequence[str] = ("arxiv",)
    threads: int | None = None
    on_gpu: bool = False

    @property
    def name(self) -> str:
        """The script's name without its ending."""
        return Path(self.script).stem


def normal(*shape: int, seed: int = 0) -> Tensor:
    """The same float32 numbers in every library, of mean 0 and variance 1.

    They lie on torch's default device, and in its own memory: rows of NumPy's may straddle lines of
    the cache, which takes a sum of 16 features up to a third longer.
    """
    import torch

    random = np.random.default_rng([seed, *shape])
    return torch.empty(shape).copy_(torch.from_numpy(random.standard_normal(shape, np.float32)))


def seeded(module: Any) -> Any:
    """The module, with the same small parameters in libraries that name them alike."""
    import torch

    with torch.no_grad():
        for name, parameter in module.named_parameters():
            values = normal(*parameter.shape, seed=sum(name.encode()))
            parameter.copy_(0.1 * values)
    return module


def forward_and_backward(forward: Callable[..., Tensor], *leaves: Tensor) -> Run:
    """Work that gives what ``forward`` makes of leaves, and their gradients."""
    import torch

    leaves = tuple(leaf.detach().requires_grad_() for leaf in leaves)
    with torch.no_grad():
        shape = forward(*leaves).shape
        upstream = normal(shape.numel(), seed=99).view(shape).to(leaves[0].dtype)

    def run() -> tuple[Tensor, ...]:
        out = forward(*leaves)
        return (out, *torch.autograd.grad(out, leaves, upstream))

    return run


def forward_only(forward: Callable[..., Tensor], *inputs: Tensor) -> Run:
    """Work that gives what ``forward`` makes of inputs that need no gradient."""
    return lambda: forward(*inputs)


PASSES: dict[str, Callable[..., Run]] = {
    "forward": forward_only,
    "forward and backward": forward_and_backward,
}
