"""NodeEmbedding: a large embedding of nodes, of which a step reads and updates a few rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from ...errors import GraphRuntimeError, GraphValueError
from .._shared.inputs import checked_types
from .._shared.options import check_parameter


class NodeEmbedding(nn.Module):
    r"""An embedding of nodes for the optimizers of :mod:`graphmp.nn.optim`.

    .. math:: h_i = E_{v_i}

    A call returns rows, as a tensor without history, and records them. The optimizer reads their
    gradients and updates these rows alone, so that a step takes no time for the others. The
    embedding is not among the parameters of a module that holds it, and stays on its device when
    the module moves, which may be too small for it; its weight is in the module's ``state_dict``.

    One process has it; several would have embeddings that differ.

    Args:
        num_embeddings: the number of nodes.
        embedding_dim: size of the embeddings.
        name: a name, which identifies it in the state of an optimizer.
        init_func: takes the zeros (num_embeddings, embedding_dim), and returns the first weight.
        device: where the weight lies; by default on the CPU.
        partition: not supported; omit it.

    Attributes:
        weight: (num_embeddings, embedding_dim) in float32, a buffer.
        trace: the ids and rows of the calls since the last step, if gradients were recorded.

    Shapes:
        - node_ids: (N,) integers.
        - output: (N, embedding_dim).

    Raises:
        GraphRuntimeError: several processes.
        GraphValueError: a partition, or an ``init_func`` that returns another shape.

    Example:
        >>> import torch, graphmp as gm
        >>> embedding = gm.nn.NodeEmbedding(5, 2, "users", torch.nn.init.ones_)
        >>> optimizer = gm.nn.optim.SparseAdagrad([embedding], lr=0.5)
        >>> embedding(torch.tensor([3, 1])).sum().backward()
        >>> optimizer.zero_grad()
        >>> optimizer.step()
        >>> embedding.weight[:, 0]
        tensor([1.0000, 0.5000, 1.0000, 0.5000, 1.0000])
    """

    weight: Tensor

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        name: str,
        init_func: Callable[[Tensor], Tensor] | None = None,
        device: Any = None,
        partition: None = None,
    ) -> None:
        super().__init__()
        _check_single_process(partition)
        weight = torch.zeros(num_embeddings, embedding_dim, device=device or "cpu")
        if init_func is not None:
            weight = init_func(weight)
            check_parameter(weight, (num_embeddings, embedding_dim), "the result of init_func")
        self.register_buffer("weight", weight.detach())
        self.name = name
        self.optm_state: tuple[Tensor, ...] | None = None
        self.trace: list[tuple[Tensor, Tensor]] = []

    @property
    def num_embeddings(self) -> int:
        """The number of nodes."""
        return self.weight.shape[0]

    @property
    def embedding_dim(self) -> int:
        """The size of the embeddings."""
        return self.weight.shape[1]

    @property
    def partition(self) -> None:
        """None: the embedding is in one part."""

    @property
    def store(self) -> None:
        """None: no other process shares the embedding."""

    @property
    def rank(self) -> int:
        """-1: there is one process."""
        return -1

    @property
    def world_size(self) -> int:
        """0: there is one process."""
        return 0

    def forward(self, node_ids: Any, device: Any = None) -> Tensor:
        """Look up rows, and record them if gradients are recorded.

        Args:
            node_ids: (N,) integers.
            device: where the result lies; by default on the CPU.

        Returns:
            (N, embedding_dim), a leaf that requires a gradient if gradients are recorded.

        Raises:
            GraphIndexError: an unknown node.
            GraphTypeError: not integers.
        """
        ids = checked_types(node_ids, self.num_embeddings, "node_ids").to(self.weight.device)
        rows = self.weight.detach()[ids].to(device or "cpu")
        if torch.is_grad_enabled():
            rows.requires_grad_()
            self.trace.append((ids, rows))
        return rows

    def reset_trace(self) -> None:
        """Forget the recorded rows."""
        self.trace = []

    def set_optm_state(self, state: tuple[Tensor, ...]) -> None:
        """Set the state that an optimizer has for this embedding.

        Args:
            state: tensors with a row for each node.
        """
        self.optm_state = state

    def all_set_embedding(self, values: Tensor) -> None:
        """Set the whole weight.

        Args:
            values: (num_embeddings, embedding_dim).

        Raises:
            GraphTypeError: not a tensor.
            GraphValueError: another shape.
        """
        check_parameter(values, tuple(self.weight.shape), "values")
        with torch.no_grad():
            self.weight.copy_(values)

    def all_get_embedding(self) -> Tensor:
        """The whole weight: (num_embeddings, embedding_dim)."""
        return self.weight

    def _apply(self, fn: Any, recurse: bool = True) -> NodeEmbedding:  # noqa: ARG002
        """Stay as it is when a module that holds it moves or changes its dtype."""
        return self

    def extra_repr(self) -> str:
        """Show the sizes and the name in ``repr``."""
        return f"{self.num_embeddings}, {self.embedding_dim}, name={self.name!r}"


def _check_single_process(partition: Any) -> None:
    if partition is not None:
        raise GraphValueError(
            "partition: expected None, since NodeEmbedding has one part; omit it."
        )
    distributed = torch.distributed
    is_distributed = distributed.is_available() and distributed.is_initialized()
    if is_distributed and distributed.get_world_size() > 1:
        raise GraphRuntimeError(
            f"Expected one process, got {distributed.get_world_size()}, whose embeddings would "
            "differ; use torch.nn.Embedding(…, sparse=True) in DistributedDataParallel."
        )
