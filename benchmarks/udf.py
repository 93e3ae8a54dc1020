"""A mean as a function of the user's own, on a graph whose in-degrees follow a power law.

A reduce function is called once for each distinct in-degree, and here there are hundreds. The
backward pass must not pay for each of them anew: forward and backward together take less than 20
times the forward. Exits with an error when they do not.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import graphmp as gm
from graphmp import EdgeBatch, NodeBatch

NUM_NODES, NUM_EDGES, NUM_FEATURES = 50_000, 700_000, 64
LEAST_DISTINCT_DEGREES, MOST_TIMES_THE_FORWARD = 300, 20
ROUNDS = 5
RESULTS = Path(__file__).parent / "results" / "udf.json"


def power_law_graph(seed: int = 2) -> gm.Graph:
    """In-degrees in proportion to Pareto weights up to 800, random sources, shuffled edges."""
    random = np.random.default_rng(seed)
    weights = np.minimum(random.pareto(1.2, NUM_NODES) + 1, 800)
    degrees = np.floor(weights * (NUM_EDGES / weights.sum())).astype(np.int64)
    lucky = random.choice(NUM_NODES, NUM_EDGES - degrees.sum(), replace=False)
    degrees[lucky] += 1  # what rounding down has left over
    destinations = random.permutation(np.repeat(np.arange(NUM_NODES), degrees))
    sources = random.integers(0, NUM_NODES, NUM_EDGES)
    return gm.graph((sources, destinations), num_nodes=NUM_NODES)


def send(edges: EdgeBatch) -> dict[str, Tensor]:
    """Send the source's feature."""
    return {"m": edges.src["x"]}


def mean(nodes: NodeBatch) -> dict[str, Tensor]:
    """Average the messages."""
    return {"y": nodes.mailbox["m"].mean(1)}


def seconds(run: Callable[[], object]) -> float:
    """The median time of a call, after one call to warm up."""
    times = []
    for _ in range(ROUNDS + 1):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def measure() -> dict[str, float | int]:
    """Time the forward, and the forward with the backward."""
    g = power_law_graph()
    features = torch.randn(NUM_NODES, NUM_FEATURES, generator=torch.Generator().manual_seed(0))
    leaf = features.clone().requires_grad_()

    def forward(x: Tensor) -> Tensor:
        g.ndata["x"] = x
        g.update_all(send, mean)
        y: Tensor = g.ndata["y"]
        return y

    def forward_and_backward() -> Tensor:
        return torch.autograd.grad(forward(leaf).sum(), leaf)[0]

    builtin = gm.ops.copy_u_mean(g, features)
    torch.testing.assert_close(forward(features), builtin)
    times = {
        "forward_s": seconds(lambda: forward(features)),
        "forward_and_backward_s": seconds(forward_and_backward),
    }
    return {
        "nodes": g.num_nodes(),
        "edges": g.num_edges(),
        "distinct_degrees": len(g.in_degrees().unique()),
        "features": NUM_FEATURES,
        "threads": torch.get_num_threads(),
        **times,
        "ratio": times["forward_and_backward_s"] / times["forward_s"],
    }


def main() -> None:
    """Measure, print, write the results, and check them."""
    found = measure()
    print(
        f"mean as a function, {found['nodes']:,} nodes, {found['edges']:,} edges, "
        f"{found['distinct_degrees']} distinct in-degrees, {found['features']} features, "
        f"{found['threads']} threads"
    )
    print(f"forward               {found['forward_s'] * 1e3:8.1f} ms")
    print(f"forward and backward  {found['forward_and_backward_s'] * 1e3:8.1f} ms")
    print(f"ratio                 {found['ratio']:8.2f}    (less than {MOST_TIMES_THE_FORWARD})")
    RESULTS.parent.mkdir(exist_ok=True)
    versions = {"torch": torch.__version__, "python": platform.python_version()}
    RESULTS.write_text(json.dumps({**found, **versions}, indent=2) + "\n", encoding="utf-8")
    if found["distinct_degrees"] <= LEAST_DISTINCT_DEGREES:
        raise SystemExit(f"There must be more than {LEAST_DISTINCT_DEGREES} distinct in-degrees.")
    if found["ratio"] >= MOST_TIMES_THE_FORWARD:
        raise SystemExit(f"The ratio must be less than {MOST_TIMES_THE_FORWARD}.")


if __name__ == "__main__":
    main()
