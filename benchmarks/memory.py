"""How much memory ``update_all`` with builtins needs: its inputs, its result, and no more.

The peak of a call is measured in a process of its own. Inputs, result and all that the call holds
besides shall be at most 1.1 times the inputs and the result. Exits with an error when a sum or a
mean needs more; an extreme also holds the edge that gave each number, which is only reported.
"""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from benchmarks import harness
from benchmarks.cases import Case, Family, Run, normal
from benchmarks.graphs import Edges

WIDTH, BYTES, MOST = 128, 4, 1.10
# What is sent and how it is reduced: how many numbers come in for a node and for an edge, and how
# many go out for a node.
CALLS = {
    ("copy_u", "sum"): (WIDTH, 0, WIDTH),
    ("copy_u", "mean"): (WIDTH, 0, WIDTH),
    ("copy_u", "max"): (WIDTH, 0, WIDTH),
    ("u_mul_e", "sum"): (WIDTH, 1, WIDTH),
    ("u_mul_e", "mean"): (WIDTH, 1, WIDTH),
    ("u_mul_e", "max"): (WIDTH, 1, WIDTH),
    ("u_add_v", "sum"): (WIDTH, 0, WIDTH),
    ("u_add_v", "max"): (WIDTH, 0, WIDTH),
    ("u_dot_v", "sum"): (WIDTH, 0, 1),
}


def graphmp(edges: Edges, message: str, reduce: str) -> Run:
    """``update_all``, forward."""
    import graphmp.function as fn

    graph = edges.graphmp
    graph.ndata["x"], graph.edata["w"] = normal(edges.num_nodes, WIDTH), normal(edges.num_edges, 1)
    operands = {"copy_u": ("x",), "u_mul_e": ("x", "w")}.get(message, ("x", "x"))
    builtins = getattr(fn, message)(*operands, "m"), getattr(fn, reduce)("m", "y")

    def run() -> Any:
        graph.update_all(*builtins)
        return graph.ndata.pop("y")

    return run


def most(numbers: tuple[int, int, int], edges: Edges) -> float:
    """Bytes that a call may take beyond its inputs."""
    of_node, of_edge, out = numbers
    inputs = BYTES * (edges.num_nodes * of_node + edges.num_edges * of_edge)
    return MOST * (inputs + BYTES * edges.num_nodes * out) - inputs


FAMILY = Family(
    __file__,
    "Memory of update_all beyond its inputs, F 128",
    [
        Case(
            f"{message} {reduce}",
            {"message": message, "reduce": reduce},
            limit=partial(most, numbers),
            unit="MB",
        )
        for (message, reduce), numbers in CALLS.items()
    ],
    {"graphmp": graphmp},
)


def main() -> None:
    """Measure, and end with an error where more memory was used than allowed."""
    rows = harness.main(FAMILY)
    wrong = [row.case for row in rows if not row.met and not row.case.endswith("max")]
    if wrong and "--quick" not in sys.argv:
        raise SystemExit(f"More than inputs and result: {', '.join(wrong)}.")


if __name__ == "__main__":
    main()
