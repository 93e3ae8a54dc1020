"""Optimizers of :class:`~graphmp.nn.NodeEmbedding`, which update the rows that were read."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from .. import _checks
from ..errors import GraphKeyError, GraphTypeError, GraphValueError
from .embedding.node_embedding import NodeEmbedding

__all__ = ["SparseAdagrad", "SparseAdam", "SparseGradOptimizer"]


class SparseGradOptimizer(ABC):
    """The base of the optimizers of :class:`~graphmp.nn.NodeEmbedding`.

    A step reads the gradients of all rows that the embeddings have recorded. The gradient of a node
    is the mean over the times that it was looked up.

    Args:
        params: embeddings with different names.
        lr: the learning rate.

    Raises:
        GraphTypeError: other parameters than embeddings.
        GraphValueError: no parameters, or embeddings of one name.
    """

    def __init__(self, params: Sequence[NodeEmbedding], lr: float) -> None:
        self._params, self._lr = list(params), lr
        self._clears_trace = False
        for embedding in self._params:
            if not isinstance(embedding, NodeEmbedding):
                raise GraphTypeError(
                    f"params: expected embeddings of graphmp.nn.NodeEmbedding, got "
                    f"{_checks.kind(embedding)}; use an optimizer of torch.optim for it."
                )
        names = {embedding.name for embedding in self._params}
        if not names or len(names) < len(self._params):
            raise GraphValueError(
                "params: expected at least one embedding, and different names, got "
                f"{[embedding.name for embedding in self._params]}."
            )
        for embedding in self._params:
            embedding.set_optm_state(self.first_state(embedding.weight))

    def __repr__(self) -> str:
        names = [embedding.name for embedding in self._params]
        return f"{type(self).__name__}(params={names}, lr={self._lr})"

    def zero_grad(self) -> None:
        """Forget the recorded rows at the end of the next step.

        It may be called before or after the embeddings are looked up. Without it, the next steps
        read the gradients of these rows again.
        """
        self._clears_trace = True

    @torch.no_grad()
    def step(self) -> None:
        """Update the rows that were looked up."""
        for embedding in self._params:
            traced = [(ids, rows.grad) for ids, rows in embedding.trace if rows.grad is not None]
            if traced:
                self.update(*_mean_by_node(traced, embedding.weight), embedding)
            if self._clears_trace:
                embedding.reset_trace()
        self._clears_trace = False

    @abstractmethod
    def first_state(self, weight: Tensor) -> tuple[Tensor, ...]:
        """The state before the first step.

        Args:
            weight: (N, D) the embeddings.

        Returns:
            Tensors with N rows.
        """

    @abstractmethod
    def update(self, idx: Tensor, grad: Tensor, emb: NodeEmbedding) -> None:
        """Update rows of an embedding, and their state.

        Args:
            idx: (n,) different nodes.
            grad: (n, D) their gradients.
            emb: the embedding.
        """

    @property
    @abstractmethod
    def param_groups(self) -> list[dict[str, Any]]:
        """One dict with the numbers of the optimizer."""

    @abstractmethod
    def set_param_groups(self, groups: Sequence[Mapping[str, Any]]) -> None:
        """Set the numbers of the optimizer.

        Args:
            groups: as ``param_groups``.
        """

    def state_dict(self) -> dict[str, Any]:
        """The state of every embedding by its name, and ``param_groups``."""
        state = {embedding.name: embedding.optm_state for embedding in self._params}
        return {"state": state, "param_groups": self.param_groups}

    @torch.no_grad()
    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state.

        Args:
            state_dict: a result of :meth:`state_dict`.

        Raises:
            GraphKeyError: an embedding without a state.
            GraphValueError: a state of another shape.
        """
        for embedding in self._params:
            if embedding.name not in state_dict["state"]:
                raise GraphKeyError(
                    f"state_dict: expected a state of {embedding.name!r}, got "
                    f"{list(state_dict['state'])}."
                )
            state, new = embedding.optm_state or (), state_dict["state"][embedding.name]
            if [x.shape for x in state] != [x.shape for x in new]:
                raise GraphValueError(
                    f"state_dict: expected a state of {embedding.name!r} of shapes "
                    f"{[tuple(x.shape) for x in state]}, got {[tuple(x.shape) for x in new]}."
                )
        for embedding in self._params:
            for mine, value in zip(
                embedding.optm_state or (), state_dict["state"][embedding.name], strict=True
            ):
                mine.copy_(value)
        self.set_param_groups(state_dict["param_groups"])


class SparseAdagrad(SparseGradOptimizer):
    r"""Adagrad on the rows that were looked up.

    From `Adaptive Subgradient Methods for Online Learning and Stochastic Optimization
    <https://jmlr.org/papers/v12/duchi11a.html>`__ (Duchi, Hazan and Singer, JMLR 2011).

    .. math:: s' = s + g^2, \qquad h' = h - \eta\, g / \sqrt{s' + \epsilon}

    Args:
        params: embeddings with different names.
        lr: the learning rate :math:`\eta`.
        eps: the number :math:`\epsilon`.

    Raises:
        GraphTypeError: other parameters than embeddings.
        GraphValueError: no parameters, or embeddings of one name.

    Example:
        See :class:`~graphmp.nn.NodeEmbedding`.
    """

    def __init__(self, params: Sequence[NodeEmbedding], lr: float, eps: float = 1e-10) -> None:
        self._eps = eps
        super().__init__(params, lr)

    def first_state(self, weight: Tensor) -> tuple[Tensor, ...]:
        """The sums of squared gradients."""
        return (torch.zeros_like(weight),)

    def update(self, idx: Tensor, grad: Tensor, emb: NodeEmbedding) -> None:
        """Update rows; see the base class."""
        (state,) = emb.optm_state or ()
        total = state[idx] + grad.square()
        state[idx] = total
        emb.weight[idx] -= self._lr * grad / (total + self._eps).sqrt()

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """``lr`` and ``eps``."""
        return [{"lr": self._lr, "eps": self._eps}]

    def set_param_groups(self, groups: Sequence[Mapping[str, Any]]) -> None:
        """Set ``lr`` and ``eps``."""
        self._lr, self._eps = groups[0]["lr"], groups[0]["eps"]


class SparseAdam(SparseGradOptimizer):
    r"""Adam on the rows that were looked up; each row counts its own steps.

    From `Adam: A Method for Stochastic Optimization <https://arxiv.org/abs/1412.6980>`__ (Kingma
    and Ba, ICLR 2015).

    .. math::
        m' = \beta_1 m + (1 - \beta_1) g, \qquad v' = \beta_2 v + (1 - \beta_2) g^2, \qquad
        h' = h - \eta \frac{m' / (1 - \beta_1^t)}{\sqrt{v' / (1 - \beta_2^t)} + \epsilon}

    Args:
        params: embeddings with different names.
        lr: the learning rate :math:`\eta`.
        betas: the numbers :math:`\beta_1` and :math:`\beta_2`.
        eps: the number :math:`\epsilon`.
        use_uva: accepted for programs of DGL; it has no effect.
        dtype: of the state, float32 or float16.

    Raises:
        GraphTypeError: other parameters than embeddings, or another dtype.
        GraphValueError: no parameters, or embeddings of one name.

    Example:
        >>> import torch, graphmp as gm
        >>> embedding = gm.nn.NodeEmbedding(5, 2, "users", torch.nn.init.ones_)
        >>> optimizer = gm.nn.optim.SparseAdam([embedding], lr=0.5)
        >>> embedding(torch.tensor([3, 1])).sum().backward()
        >>> optimizer.step()
        >>> embedding.weight[:, 0]
        tensor([1.0000, 0.5000, 1.0000, 0.5000, 1.0000])
    """

    def __init__(
        self,
        params: Sequence[NodeEmbedding],
        lr: float,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        use_uva: bool | None = None,  # noqa: ARG002
        dtype: torch.dtype = torch.float32,
    ) -> None:
        if dtype not in (torch.float16, torch.float32):
            raise GraphTypeError(f"dtype: expected torch.float32 or torch.float16, got {dtype}.")
        self._betas, self._eps, self._dtype = betas, eps, dtype
        super().__init__(params, lr)

    def first_state(self, weight: Tensor) -> tuple[Tensor, ...]:
        """The steps, (N,), and the means of gradients and of their squares, (N, D)."""
        steps = weight.new_zeros(len(weight), dtype=torch.int32)
        return steps, *(torch.zeros_like(weight, dtype=self._dtype) for _ in range(2))

    def update(self, idx: Tensor, grad: Tensor, emb: NodeEmbedding) -> None:
        """Update rows; see the base class."""
        steps, mean, square = emb.optm_state or ()
        steps[idx] += 1
        beta1, beta2 = self._betas
        new_mean = beta1 * mean[idx].to(grad.dtype) + (1 - beta1) * grad
        new_square = beta2 * square[idx].to(grad.dtype) + (1 - beta2) * grad.square()
        mean[idx], square[idx] = new_mean.to(self._dtype), new_square.to(self._dtype)
        count = steps[idx].to(grad.dtype).unsqueeze(1)
        new_mean, new_square = new_mean / (1 - beta1**count), new_square / (1 - beta2**count)
        emb.weight[idx] -= self._lr * new_mean / (new_square.sqrt() + self._eps)

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """``lr``, ``betas`` and ``eps``."""
        return [{"lr": self._lr, "betas": self._betas, "eps": self._eps}]

    def set_param_groups(self, groups: Sequence[Mapping[str, Any]]) -> None:
        """Set ``lr``, ``betas`` and ``eps``."""
        self._lr, self._eps = groups[0]["lr"], groups[0]["eps"]
        self._betas = tuple(groups[0]["betas"])


def _mean_by_node(traced: list[tuple[Tensor, Tensor]], weight: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) the nodes that were looked up, and (n, D) the means of their gradients."""
    ids = torch.cat([ids for ids, _ in traced])
    grads = torch.cat([grad.to(weight.device, weight.dtype) for _, grad in traced])
    nodes, inverse, counts = torch.unique(ids.long(), return_inverse=True, return_counts=True)
    totals = weight.new_zeros(len(nodes), weight.shape[1]).index_add_(0, inverse, grads)
    return nodes, totals / counts.unsqueeze(1)
