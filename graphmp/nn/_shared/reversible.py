"""Reversible residual connections: the backward pass computes the input from the output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.utils.checkpoint import get_device_states, set_device_states

from ...errors import GraphRuntimeError, GraphValueError


def apply_reversibly(
    modules: Iterable[nn.Module], graph: Any, x: Tensor, args: tuple[Tensor, ...]
) -> Tensor:
    """Compute the formula of :class:`graphmp.nn.GroupRevRes`.

    Args:
        modules: a layer for each group.
        graph: their first argument.
        x: (N, D), which the groups split.
        args: more arguments, split too.

    Returns:
        (N, D).
    """
    residuals = _Residuals([*modules], graph, args)
    tensors = [x, *args, *residuals.weights]
    if not (torch.is_grad_enabled() and any(tensor.requires_grad for tensor in tensors)):
        return residuals.forward(x)
    out: Tensor = _Reversible.apply(residuals, *tensors)  # type: ignore[no-untyped-call]
    producer = getattr(x.grad_fn, "activation", None)
    if isinstance(producer, _Activation):
        out.grad_fn.producer = producer  # type: ignore[union-attr]
        producer.release(residuals, out.grad_fn.activation)  # type: ignore[union-attr]
    return out


class _Activation:
    """The output of a layer, which the backward pass reads once.

    When another reversible layer has consumed it, it is dropped, since it can be computed from the
    output of that layer. Whoever else holds the tensor keeps it alive.
    """

    def __init__(self, value: Tensor) -> None:
        self.consumer: tuple[_Residuals, _Activation] | None = None
        self.restore(value)

    def restore(self, value: Tensor) -> None:
        """Hold a tensor."""
        self.value: Tensor | None = value.detach()
        self.version = value._version

    def release(self, residuals: _Residuals, output: _Activation) -> None:
        """Drop the tensor, from which ``residuals`` computed ``output``."""
        if self.value is not None:
            self._check_version(self.value)
            self.value, self.consumer = None, (residuals, output)

    def read(self) -> Tensor:
        """The tensor, computed from the consumer's output if it was dropped."""
        if self.value is not None:
            return self._check_version(self.value)
        if self.consumer is None:
            raise GraphRuntimeError(
                "Expected one backward pass through GroupRevRes, got another; call the layer again."
            )
        residuals, output = self.consumer
        return residuals.invert(output.read())

    def take(self) -> Tensor:
        """The tensor, which can then not be read again."""
        value = self.read()
        self.value = self.consumer = None
        return value

    def _check_version(self, value: Tensor) -> Tensor:
        if value._version != self.version:
            raise GraphRuntimeError(
                "Expected the output of GroupRevRes as it was, got one that was changed in place, "
                "although the backward pass reads it; change a copy of it."
            )
        return value


class _Residuals:
    """The modules of one call, with what is needed to run them again with the same numbers."""

    def __init__(self, modules: list[nn.Module], graph: Any, args: tuple[Tensor, ...]) -> None:
        self.modules, self.graph, self.args = modules, graph, args
        self.weights = [p for module in modules for p in module.parameters() if p.requires_grad]
        self.states: list[_RandomState] = []

    def forward(self, x: Tensor) -> Tensor:
        """(N, D): the output."""
        self.autocast = _autocast_like(x)
        parts = x.chunk(len(self.modules), -1)
        h, outs = _total(parts[1:]), []
        for i, part in enumerate(parts):
            self.states.append(_RandomState(x))
            h = part + self._call(i, h, self._args(i))
            outs.append(h)
        return torch.cat(outs, -1)

    @torch.no_grad()
    def invert(self, out: Tensor) -> Tensor:
        """(N, D): the input, from the output."""
        outs = out.chunk(len(self.modules), -1)
        parts: list[Tensor] = []
        for i in reversed(range(len(outs))):
            with self._replayed(i):
                parts.insert(0, outs[i] - self._call(i, _input(i, outs, parts), self._args(i)))
        return torch.cat(parts, -1)

    def backward(self, out: Tensor, grad: Tensor) -> tuple[Tensor, list[Tensor | None]]:
        """The input, and the gradients of it, of the other arguments and of the weights."""
        outs, grads = out.chunk(len(self.modules), -1), [*grad.chunk(len(self.modules), -1)]
        parts: list[Tensor] = []
        of_args: list[list[Tensor]] = []
        of_weights: list[Tensor] = []
        for i in reversed(range(len(outs))):
            residual, of_h, of_own, of_own_weights = self._gradients(i, outs, parts, grads[i])
            parts.insert(0, outs[i] - residual)
            of_args.insert(0, of_own)
            of_weights = [*of_own_weights, *of_weights]
            for j in [i - 1] if i else range(1, len(outs)):
                grads[j] = grads[j] + of_h
        joined = iter([torch.cat(of_one, -1) for of_one in zip(*of_args, strict=True)])
        each = [next(joined) if arg.requires_grad else None for arg in self.args]
        return torch.cat(parts, -1), [torch.cat(grads, -1), *each, *of_weights]

    def _gradients(
        self, i: int, outs: tuple[Tensor, ...], parts: list[Tensor], grad: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor], list[Tensor]]:
        """The result of one module, and the gradients of its input, arguments and weights."""
        pairs = zip(self._args(i), self.args, strict=True)
        args = [part.detach().requires_grad_(whole.requires_grad) for part, whole in pairs]
        weights = [p for p in self.modules[i].parameters() if p.requires_grad]
        h = _input(i, outs, parts).detach().requires_grad_()
        leaves = [arg for arg in args if arg.requires_grad]
        with self._replayed(i), torch.enable_grad():
            residual = self._call(i, h, args)
            of_h, *rest = torch.autograd.grad(
                residual,
                [h, *leaves, *weights],
                grad.to(residual.dtype),
                allow_unused=True,
                materialize_grads=True,
            )
        return residual.detach(), of_h, rest[: len(leaves)], rest[len(leaves) :]

    def _args(self, i: int) -> list[Tensor]:
        """The arguments of one module."""
        return [arg.chunk(len(self.modules), -1)[i] for arg in self.args]

    def _call(self, i: int, h: Tensor, args: list[Tensor]) -> Tensor:
        result: Tensor = self.modules[i](self.graph, h, *args)
        if result.shape != h.shape:
            raise GraphValueError(
                "Expected a layer whose output has the shape of its input, "
                f"{tuple(h.shape)}, got {tuple(result.shape)}."
            )
        return result

    @contextmanager
    def _replayed(self, i: int) -> Iterator[None]:
        """Run a module again as in the forward pass; its buffers do not change."""
        buffers = [(buffer, buffer.clone()) for buffer in self.modules[i].buffers()]
        with self.states[i].replayed(), torch.autocast(**self.autocast):
            yield
        with torch.no_grad():
            for buffer, before in buffers:
                buffer.copy_(before)


class _RandomState:
    """The states of the random number generators of the CPU and of the device of a tensor."""

    def __init__(self, x: Tensor) -> None:
        self.cpu = torch.get_rng_state()
        self.devices, self.states = get_device_states(x)

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Draw the same numbers again in the context, and go on as before after it."""
        with torch.random.fork_rng(self.devices):
            torch.set_rng_state(self.cpu)
            set_device_states(self.devices, self.states)
            yield


class _Reversible(torch.autograd.Function):
    """All modules; only the output is stored."""

    @staticmethod
    def forward(ctx: Any, residuals: _Residuals, x: Tensor, *_: Tensor) -> Tensor:
        """Call the modules."""
        out = residuals.forward(x)
        ctx.residuals, ctx.activation, ctx.producer = residuals, _Activation(out), None
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        """Call them again, from the last to the first."""
        x, grads = ctx.residuals.backward(ctx.activation.take(), grad)
        if ctx.producer is not None:
            ctx.producer.restore(x)
        return None, *grads


def _input(i: int, outs: tuple[Tensor, ...], parts: list[Tensor]) -> Tensor:
    """The input of one module: the output before it, or the sum of the groups but the first."""
    return outs[i - 1] if i else _total(parts)


def _total(parts: Iterable[Tensor]) -> Tensor:
    first, *others = parts
    for part in others:
        first = first + part
    return first


def _autocast_like(x: Tensor) -> dict[str, Any]:
    """The state of autocast on the device of a tensor."""
    device = x.device.type
    return {
        "device_type": device,
        "enabled": torch.is_autocast_enabled(device),
        "dtype": torch.get_autocast_dtype(device),
        "cache_enabled": False,
    }
