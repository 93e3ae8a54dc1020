"""GraphSAGE as DGL's tutorials write it: a class of the user's own around ``update_all``."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from benchmarks.cases import Run, normal
from benchmarks.graphs import Edges

HIDDEN = {"whole": 16, "sampled": 128}


def weighted(edges: Any) -> dict[str, Any]:
    """A message function: the source's features, times the edge's weight."""
    return {"m": edges.src["h"] * edges.data["w"]}


def mean(nodes: Any) -> dict[str, Any]:
    """A reduce function."""
    return {"h_N": nodes.mailbox["m"].mean(1)}


def convolution(package: str, weighting: str, before: int, after: int) -> Any:
    """The tutorial's layer: its features and the mean of its neighbours', mapped linearly.

    Args:
        package: ``"graphmp"`` or ``"dgl"``.
        weighting: ``"none"``, by a ``"builtin"`` or by ``"functions"``.
        before: the size of the input.
        after: the size of the output.
    """
    import torch

    fn: Any = import_module(f"{package}.function")
    messages = {"none": fn.copy_u("h", "m"), "builtin": fn.u_mul_e("h", "w", "m")}
    message, reduce = messages.get(weighting, weighted), fn.mean("m", "h_N")
    if weighting == "functions":
        reduce = mean

    class SAGEConv(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(2 * before, after)

        def forward(self, graph: Any, h: Any) -> Any:
            source, own = h if isinstance(h, tuple) else (h, h)
            with graph.local_scope():
                graph.srcdata["h"] = source
                graph.update_all(message, reduce)
                return self.linear(torch.cat([own, graph.dstdata["h_N"]], dim=1))

    return SAGEConv()


def written_sage(package: str, weighting: str) -> Any:
    """Two layers, from Cora's 1,433 features to its 7 classes."""
    import torch

    class Model(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1 = convolution(package, weighting, 1433, HIDDEN["whole"])
            self.conv2 = convolution(package, weighting, HIDDEN["whole"], 7)

        def forward(self, graph: Any, x: Any) -> Any:
            return self.conv2(graph, self.conv1(graph, x).relu())

    return Model()


def sampled_sage(edges: Edges, package: str) -> Run:
    """Two layers on blocks of four neighbours, 40 batches of 1,024 seeds, 128 features."""
    import torch

    graph = edges.graphmp if package == "graphmp" else edges.dgl.long()  # DGL samples by int64 ids
    graph.create_formats_()
    graph.ndata["feat"] = normal(edges.num_nodes, 128)
    graph.ndata["label"] = torch.arange(edges.num_nodes) % 40
    loading: Any = import_module(f"{package}.dataloading")
    seeds = torch.arange(min(edges.num_nodes, 40 * 1024)).to(graph.idtype)
    loader = loading.DataLoader(
        graph, seeds, loading.NeighborSampler([4, 4]), batch_size=1024, shuffle=True
    )
    sizes = [(128, HIDDEN["sampled"]), (HIDDEN["sampled"], 40)]
    layers = torch.nn.ModuleList(convolution(package, "none", *size) for size in sizes)
    optimizer = torch.optim.Adam(layers.parameters(), lr=1e-3)

    def run() -> None:
        for _, _, blocks in loader:
            h = blocks[0].srcdata["feat"]
            for number, (layer, block) in enumerate(zip(layers, blocks, strict=True)):
                h = layer(block, (h, h[: block.num_dst_nodes()]))
                h = h.relu() if number == 0 else h
            loss = torch.nn.functional.cross_entropy(h, blocks[-1].dstdata["label"])
            optimizer.zero_grad()
            torch.autograd.backward(loss)
            optimizer.step()

    return run
