"""Functions of the user's own, on a graph whose in-degrees follow a power law.

A reduce function is called once for each distinct in-degree, and here there are hundreds. The
backward pass must not pay for each of them anew: forward and backward together take less than 20
times the forward. Exits with an error when they do not.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from benchmarks import graphs, harness
from benchmarks.cases import OURS, PASSES, Case, Family, LacksError, Run, normal, seeded
from benchmarks.graphs import Edges

LEAST_DISTINCT_DEGREES, MOST_TIMES_THE_FORWARD = 300, 20
WIDTH = 64


def send(edges: Any) -> dict[str, Any]:
    """Send the source's feature."""
    return {"m": edges.src["x"]}


def mean(nodes: Any) -> dict[str, Any]:
    """Average the messages."""
    return {"y": nodes.mailbox["m"].mean(1)}


def sort_and_std(nodes: Any) -> dict[str, Any]:
    """The middle of the sorted messages, and how far they deviate."""
    messages = nodes.mailbox["m"].sort(1)[0]
    return {"y": messages[:, messages.shape[1] // 2] + messages.std(1, unbiased=False)}


def two_layers() -> Any:
    """Two linear maps of both ends' features."""
    from torch import nn

    return seeded(nn.Sequential(nn.Linear(2 * WIDTH, WIDTH), nn.ReLU(), nn.Linear(WIDTH, WIDTH)))


def both(edges: Any) -> Any:
    """The features of both ends, side by side."""
    import torch

    return torch.cat([edges.src["x"], edges.dst["x"]], 1)


def through(layers: Any) -> Callable[[Any], Any]:
    """Messages that layers make of both ends' features."""
    return lambda edges: layers(both(edges))


# Messages as people write them, and the reducer: each made once, as its parameters are.
MESSAGES: dict[str, tuple[Callable[[], Callable[[Any], Any]], str]] = {
    "copy": (lambda: lambda edges: edges.src["x"], "mean"),
    "difference": (lambda: lambda edges: edges.src["x"] - edges.dst["x"], "max"),
    "ReLU of a sum": (lambda: lambda edges: (edges.src["x"] + edges.dst["x"]).relu(), "sum"),
    "gate": (
        lambda: lambda edges: (edges.src["x"] + edges.dst["x"]).sigmoid() * edges.src["x"],
        "sum",
    ),
    "distance": (
        lambda: (
            lambda edges: (
                (-((edges.src["x"] - edges.dst["x"]) ** 2).mean(-1, keepdim=True)).exp()
                * edges.src["x"]
            )
        ),
        "sum",
    ),
    "two layers": (lambda: through(two_layers()), "sum"),
    "a layer and a maximum": (
        lambda: through(two_layers()[:2]),
        "max",
    ),
}
BUILTINS = {"copy": "copy_u_mean", "difference": "u_sub_v_max"}


def written(package: str, graph: Any, written_message: str) -> Callable[[Any], Any]:
    """``update_all`` with a function that sends, and a builtin."""
    make, reducer = MESSAGES[written_message]
    function = make()
    reduce = getattr(import_module(f"{package}.function"), reducer)("m", "y")

    def forward(x: Any) -> Any:
        graph.ndata["x"] = x
        graph.update_all(lambda edges: {"m": function(edges)}, reduce)
        return graph.ndata["y"]

    return forward


def builtin(edges: Edges, passes: str, written_message: str = "", **_: str) -> Run:
    """The builtin that a function is written for."""
    from graphmp import ops

    if written_message not in BUILTINS:
        raise LacksError("there is none")
    name, graph = BUILTINS[written_message], edges.graphmp
    features = normal(edges.num_nodes, WIDTH)
    if name == "copy_u_mean":
        return PASSES[passes](lambda x: ops.copy_u_mean(graph, x), features)
    return PASSES[passes](lambda x: ops.u_sub_v_max(graph, x, x), features)


def work(package: str, edges: Edges, graph: Any, reduce: str, passes: str, message: str) -> Run:
    """``update_all`` with a function that reduces, and a function or a builtin that sends."""
    sender = send if message == "send" else import_module(f"{package}.function").copy_u("x", "m")

    def forward(x: Any) -> Any:
        graph.ndata["x"] = x
        graph.update_all(sender, globals()[reduce])
        return graph.ndata["y"]

    return PASSES[passes](forward, normal(edges.num_nodes, WIDTH))


def graphmp(
    edges: Edges, passes: str, reduce: str = "", message: str = "send", written_message: str = ""
) -> Run:
    """graphmp's; its mean must be that of the builtin."""
    import torch

    from graphmp import ops

    if written_message:
        forward = written("graphmp", edges.graphmp, written_message)
        return PASSES[passes](forward, normal(edges.num_nodes, WIDTH))
    run = work("graphmp", edges, edges.graphmp, reduce, passes, message)
    if reduce == "mean":
        y, x = run(), normal(edges.num_nodes, WIDTH)
        builtin = ops.copy_u_mean(edges.graphmp, x)
        torch.testing.assert_close(y[0] if isinstance(y, tuple) else y, builtin)
    return run


def dgl(
    edges: Edges, passes: str, reduce: str = "", message: str = "send", written_message: str = ""
) -> Run:
    """DGL's."""
    if written_message:
        forward = written("dgl", edges.dgl, written_message)
        return PASSES[passes](forward, normal(edges.num_nodes, WIDTH))
    return work("dgl", edges, edges.dgl, reduce, passes, message)


FAMILY = Family(
    __file__,
    "Functions of the user's own, F 64",
    [
        Case(f"{reduce}, {passes}", {"reduce": reduce, "passes": passes}, goal=goal)
        for reduce, passes, goal in (
            ("mean", "forward", 4.0),
            ("mean", "forward and backward", 150.0),
            ("sort_and_std", "forward", 4.0),
        )
    ]
    + [
        Case(
            f"mean of a builtin's messages, {passes}",
            {"reduce": "mean", "passes": passes, "message": "copy_u"},
            goal=goal,
        )
        for passes, goal in (("forward", 4.0), ("forward and backward", 150.0))
    ]
    + [
        Case(
            f"{name}, {passes}",
            {"written_message": name, "passes": passes},
            goal=2.0,
            of_roofline=0.9 if name in BUILTINS else None,
        )
        for name in MESSAGES
        for passes in PASSES
    ],
    {"graphmp": graphmp, "DGL": dgl, "builtin": builtin},
    graphs=("power-law",),
)


def main() -> None:
    """Measure, and check what the backward costs."""
    degrees = len(np.unique(graphs.power_law().in_degrees))
    if degrees <= LEAST_DISTINCT_DEGREES:
        raise SystemExit(f"There must be more than {LEAST_DISTINCT_DEGREES} distinct in-degrees.")
    rows = {row.case: row.results[OURS].value for row in harness.main(FAMILY)}
    forward, both = rows.get("mean, forward"), rows.get("mean, forward and backward")
    if forward and both and both >= MOST_TIMES_THE_FORWARD * forward:
        raise SystemExit(
            f"Forward and backward take {both / forward:.1f} times the forward, not less than "
            f"{MOST_TIMES_THE_FORWARD}."
        )


if __name__ == "__main__":
    main()
