"""How explainers call a model: checks of arguments and logits, modes, progress bars."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ... import _checks
from ...errors import GraphKeyError, GraphRuntimeError, GraphTypeError, GraphValueError
from ...graph import Graph


def check_call(model: Any, names: tuple[str, ...], call: str) -> None:
    """Check that a model can be called as explainers do.

    Args:
        model: the model.
        names: arguments that it must take.
        call: how it is called, for error messages.

    Raises:
        GraphTypeError: it is not callable, or takes other arguments.
    """
    if not callable(model):
        raise GraphTypeError(f"model: expected a callable, got {_checks.kind(model)}.")
    try:
        called = inspect.signature(model.forward if isinstance(model, nn.Module) else model)
    except (TypeError, ValueError):
        return  # compiled code does not tell
    named = called.parameters.values()
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in named):
        return
    missing = [name for name in names if name not in called.parameters]
    if missing:
        raise GraphTypeError(
            f"The model is called as {call}, where {names[-1]} is a factor for each edge, but "
            f"{type(model).__name__} takes {called} and so lacks {', '.join(missing)}: put it into "
            "a module whose forward takes them all."
        )


def check_homogeneous(graph: Graph, feat: Any, other: str) -> None:
    """Check a graph of one node and one edge type, and its features.

    Args:
        graph: the graph.
        feat: (N, D).
        other: the explainer for other graphs.

    Raises:
        GraphTypeError: features that are not a tensor of floating point numbers.
        GraphValueError: a graph of several types, or features of a wrong shape.
    """
    if graph.is_block or not graph.is_homogeneous:
        raise GraphValueError(
            f"Expected a graph of one node and one edge type, got {graph.canonical_etypes}; use "
            f"{other}."
        )
    check_features(feat, graph.num_nodes(), graph.device, "nodes")


def check_typed(graph: Graph, feat: Any) -> None:
    """Check a graph that is not a block, and its features by node type.

    Args:
        graph: the graph.
        feat: for each node type features, (N, D).

    Raises:
        GraphKeyError: a node type that features lack.
        GraphTypeError: features that are no dict of tensors of floating point numbers.
        GraphValueError: a block, or features of a wrong shape.
    """
    if graph.is_block:
        raise GraphValueError("Expected a graph, got a block; explain the graph that was sampled.")
    if not isinstance(feat, _checks.AnyMapping):
        raise GraphTypeError(
            f"feat: expected a dict {{node type: tensor}}, got {_checks.kind(feat)}."
        )
    for ntype in graph.ntypes:
        if ntype not in feat:
            raise GraphKeyError(
                f"feat: expected features of node type {ntype!r}, got {list(feat)}."
            )
        owner = f"nodes of type {ntype!r}"
        check_features(feat[ntype], graph.num_nodes(ntype), graph.device, owner)


def check_features(feat: Any, rows: int, device: torch.device, owner: str) -> None:
    """Check features to be masked.

    Raises:
        GraphTypeError: not a tensor of floating point numbers.
        GraphValueError: another shape than (rows, D), or another device.
    """
    _checks.feature(feat, rows, device, "feat", owner)
    if not feat.is_floating_point():
        raise GraphTypeError(f"feat: expected floating point, got {_checks.kind(feat)}.")
    if feat.ndim != 2:
        raise GraphValueError(f"feat: expected shape (N, D), got a shape of {tuple(feat.shape)}.")


def checked_classes(logits: Any, rows: int | None) -> Tensor:
    """Check the logits of a model, (n, classes).

    Args:
        logits: the output of the model.
        rows: the number of nodes, if they have classes; None if the graph has one.

    Raises:
        GraphTypeError: not a tensor.
        GraphValueError: another shape.
    """
    if not isinstance(logits, Tensor):
        raise GraphTypeError(
            f"logits: expected a tensor from the model, got {_checks.kind(logits)}."
        )
    if logits.ndim != 2 or 0 in logits.shape or len(logits) != (rows or 1):
        shape = "(1, classes), one row for the graph"
        if rows is not None:
            shape = f"(n, classes), one row for each of {rows} nodes"
        raise GraphValueError(
            f"logits: expected {shape}, from the model, got a shape of {tuple(logits.shape)}; use "
            "explain_node for classes of nodes, explain_graph for those of graphs."
        )
    return logits


@contextmanager
def evaluating(model: nn.Module, graph: Graph) -> Iterator[None]:
    """Move a model to the graph's device, and set it to evaluation in the context."""
    model.to(graph.device)
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes.items():
            module.training = mode


@contextmanager
def frozen(model: nn.Module, graph: Graph) -> Iterator[None]:
    """As :func:`evaluating`; in the context, results have no gradient of the model's parameters."""
    learnt = [parameter for parameter in model.parameters() if parameter.requires_grad]
    with evaluating(model, graph):
        try:
            for parameter in learnt:
                parameter.requires_grad_(False)
            yield
        finally:
            for parameter in learnt:
                parameter.requires_grad_()


def progress(count: int, title: str, log: bool) -> Any:
    """The numbers of the steps, perhaps with a progress bar.

    Args:
        count: how many steps.
        title: of the bar.
        log: whether to show it.

    Raises:
        GraphRuntimeError: a bar without tqdm.
    """
    if not log:
        return range(count)
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise GraphRuntimeError(
            "A progress bar needs tqdm, which is not installed: pip install tqdm, or choose "
            "log=False."
        ) from error
    return tqdm(range(count), desc=title)
