"""Common loops, compiled ahead in parallel processes.

A loop is compiled for the dtype of features and ids, and for the number of vectors that hold a row,
those of attention for the number of heads in these, too; so each layer is trained for one step with
each.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import product
from multiprocessing import get_context
from typing import Any

import torch

from ..errors import GraphRuntimeError

LAYERS = ("GATConv", "GraphConv", "SAGEConv")  # the slowest to compile first
SIZES = (8, 16, 32, 64, 128)  # of a row of features or a head: 1, 2, 4, 8 and 16 vectors
HEADS = (1, 4, 8)
IDS = (torch.int64, torch.int32)


def warm(processes: int) -> None:
    """Compile the loops of GraphConv, SAGEConv and GATConv for float32 features, with a bar.

    Args:
        processes: how many compile at once.

    Raises:
        GraphRuntimeError: tqdm, which draws the bar, is not installed.
    """
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        raise GraphRuntimeError(
            "Expected tqdm to be installed, got no module of this name; pip install tqdm."
        ) from error
    steps = [
        (layer, size, heads, ids)
        for layer, size, ids in product(LAYERS, SIZES, IDS)
        for heads in (HEADS if layer == "GATConv" else (1,))
    ]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        futures = [pool.submit(train, *step) for step in steps]
        for future in tqdm(as_completed(futures), total=len(steps), desc="compiling"):
            future.result()


def train(layer: str, size: int, heads: int, ids: torch.dtype) -> None:
    """Train a layer for one step.

    Args:
        layer: the name of a layer.
        size: how many features its output has, or each head of it.
        heads: the number of heads of ``GATConv``.
        ids: dtype of the graph's ids.
    """
    from .. import nn
    from ..construct.from_edges import graph

    torch.set_num_threads(1)
    src = torch.arange(2 * size, dtype=ids)
    ring = graph((src, src.roll(1)))
    layers: dict[str, Callable[[], Any]] = {
        "GATConv": lambda: nn.GATConv(size, size, heads, feat_drop=0.5),
        "GraphConv": lambda: nn.GraphConv(size, size),
        "SAGEConv": lambda: nn.SAGEConv(size, size, "mean"),
    }
    x = torch.randn(len(src), size, requires_grad=True)
    torch.autograd.backward(layers[layer]()(ring, x).sum())
