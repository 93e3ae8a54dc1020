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
    return lambda edges: {"m": layers(both(edges))}


def of_ends(message: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    """A function that sends what is computed from the features of both ends."""
    return lambda edges: {"m": message(edges.src["x"], edges.dst["x"])}


def closeness(u: Any, v: Any) -> Any:
    """A number that falls with the distance of two features."""
    return (-((u - v) ** 2).mean(-1, keepdim=True)).exp()


def edge_gates() -> Any:
    """Messages of a gated graph convolution: what a gate lets through, and the gates."""
    from torch import nn

    maps = seeded(nn.ModuleList(nn.Linear(WIDTH, WIDTH) for _ in range(3)))

    def message(edges: Any) -> dict[str, Any]:
        gate = (maps[0](edges.src["x"]) + maps[1](edges.dst["x"])).sigmoid()
        return {"m": gate * maps[2](edges.src["x"]), "gate": gate}

    return message


def through_gates(nodes: Any) -> dict[str, Any]:
    """What passed the gates, divided by their sum."""
    return {"y": nodes.mailbox["m"].sum(1) / (nodes.mailbox["gate"].sum(1) + 1e-6)}


def heads(x: Any) -> Any:
    """Features in four heads."""
    return x.view(-1, 4, WIDTH // 4)


def scored() -> Any:
    """Messages of a graph attention layer: features, and their scores."""
    from torch.nn.functional import leaky_relu

    of_src, of_dst = (normal(1, 4, WIDTH // 4, seed=end).requires_grad_() for end in range(2))

    def message(edges: Any) -> dict[str, Any]:
        u, v = heads(edges.src["x"]), heads(edges.dst["x"])
        score = (u * of_src).sum(-1, keepdim=True) + (v * of_dst).sum(-1, keepdim=True)
        return {"m": u, "score": leaky_relu(score, 0.2)}

    return message


def attended(nodes: Any) -> dict[str, Any]:
    """The messages, weighted by a softmax of their scores."""
    shares = nodes.mailbox["score"].softmax(dim=1)
    return {"y": (shares * nodes.mailbox["m"]).sum(1)}


# Messages as people write them, each made once, as its parameters are; and how they are reduced:
# the name of a builtin, or a function.
WRITTEN: dict[str, tuple[Callable[[], Callable[[Any], Any]], Any]] = {
    "copy": (lambda: send, "mean"),
    "difference": (lambda: of_ends(lambda u, v: u - v), "max"),
    "ReLU of a sum": (lambda: of_ends(lambda u, v: (u + v).relu()), "sum"),
    "gate": (lambda: of_ends(lambda u, v: (u + v).sigmoid() * u), "sum"),
    "distance": (lambda: of_ends(lambda u, v: closeness(u, v) * u), "sum"),
    "two layers": (lambda: through(two_layers()), "sum"),
    "a layer and a maximum": (lambda: through(two_layers()[:2]), "max"),
    "edge gates": (edge_gates, through_gates),
    "attention": (scored, attended),
}
BUILTINS = {"copy": "copy_u_mean", "difference": "u_sub_v_max"}


def written(package: str, graph: Any, functions: str) -> Callable[[Any], Any]:
    """``update_all`` with functions that are written."""
    make, reduce = WRITTEN[functions]
    message = make()
    if isinstance(reduce, str):
        reduce = getattr(import_module(f"{package}.function"), reduce)("m", "y")

    def forward(x: Any) -> Any:
        graph.ndata["x"] = x
        graph.update_all(message, reduce)
        return graph.ndata["y"]

    return forward


def builtin(edges: Edges, passes: str, functions: str = "", **_: str) -> Run:
    """The builtin that a function is written for."""
    from graphmp import ops

    if functions not in BUILTINS:
        raise LacksError("no builtin has this formula")
    name, graph = BUILTINS[functions], edges.graphmp
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
    edges: Edges, passes: str, reduce: str = "", message: str = "send", functions: str = ""
) -> Run:
    """graphmp's; its mean must be that of the builtin."""
    import torch

    from graphmp import ops

    if functions:
        forward = written("graphmp", edges.graphmp, functions)
        return PASSES[passes](forward, normal(edges.num_nodes, WIDTH))
    run = work("graphmp", edges, edges.graphmp, reduce, passes, message)
    if reduce == "mean":
        y, x = run(), normal(edges.num_nodes, WIDTH)
        builtin = ops.copy_u_mean(edges.graphmp, x)
        torch.testing.assert_close(y[0] if isinstance(y, tuple) else y, builtin)
    return run


def dgl(
    edges: Edges, passes: str, reduce: str = "", message: str = "send", functions: str = ""
) -> Run:
    """DGL's."""
    if functions:
        if passes != "forward" and not isinstance(WRITTEN[functions][1], str):
            raise LacksError("one call takes minutes: backward once for each in-degree")
        forward = written("dgl", edges.dgl, functions)
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
            {"functions": name, "passes": passes},
            goal=2.0,
            of_roofline=0.9 if name in BUILTINS else None,
        )
        for name in WRITTEN
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
