"""What a call costs where there is nothing to compute: on three nodes.

On one thread, since there is no work to divide: where other programs run, a library that wakes its
threads at every call would be charged for waiting until they have a processor.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, forward_and_backward, normal, seeded

WIDTH = 16


def calls(package: str, graph: Any, what: str) -> Run:
    """A call by the names that graphmp and DGL share."""
    fn, ops, nn = (import_module(f"{package}.{name}") for name in ("function", "ops", "nn"))
    x = normal(graph.num_nodes(), WIDTH)

    def update_all() -> Any:
        graph.update_all(fn.copy_u("x", "m"), fn.sum("m", "y"))
        return graph.ndata["y"]

    def assign() -> None:
        graph.ndata["x"] = x

    assign()
    if what in ("GraphConv", "SAGEConv", "GATConv"):
        sizes = {"GraphConv": (WIDTH,), "SAGEConv": (WIDTH, "mean"), "GATConv": (4, 4)}[what]
        layer = seeded(getattr(nn, what)(WIDTH, *sizes))
        return lambda: layer(graph, x)
    work: dict[str, Callable[..., Any]] = {"update_all": update_all, "assign": assign}
    return work.get(what) or forward_and_backward(lambda leaf: ops.copy_u_sum(graph, leaf), x)


FAMILY = Family(
    __file__,
    "Calls on a graph of three nodes",
    [
        Case("update_all", {"what": "update_all"}, limit=20e-6, unit="µs"),
        Case("copy_u_sum with backward", {"what": "copy_u_sum"}, limit=60e-6, unit="µs"),
        Case("GraphConv", {"what": "GraphConv"}, limit=75e-6, unit="µs"),
        Case("SAGEConv", {"what": "SAGEConv"}, unit="µs"),
        Case("GATConv", {"what": "GATConv"}, limit=95e-6, unit="µs"),
        Case("g.ndata[k] = t", {"what": "assign"}, limit=1e-6, unit="µs"),
    ],
    {
        "graphmp": lambda edges, what: calls("graphmp", edges.graphmp, what),
        "DGL": lambda edges, what: calls("dgl", edges.dgl, what),
    },
    graphs=("triangle",),
    threads=1,
)

if __name__ == "__main__":
    harness.main(FAMILY)
