"""What the other scripts measure, on a GPU: against cuSPARSE, and PyG eager and compiled.

Without a GPU ``--quick`` tries the script on the CPU; nothing else can be measured.
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, LacksError, Run
from benchmarks.graphs import Edges

LARGE = ("rmat-reddit", "rmat-products")
ARXIV = ("arxiv",)


def graphmp(edges: Edges, script: str, **parameters: Any) -> Run:
    """As in the script that the case comes from."""
    made: Run = import_module(f"benchmarks.{script}").graphmp(edges, **parameters)
    return made


def torch_sparse(edges: Edges, script: str, **parameters: Any) -> Any:
    """``torch.sparse.mm``, which calls cuSPARSE and makes its descriptors anew each time."""
    function = getattr(import_module(f"benchmarks.{script}"), "torch_sparse", None)
    if function is None:
        raise LacksError("it is no product of matrices")
    return function(edges, **parameters)


def cusparse(edges: Edges, script: str, reduce: str = "", width: int = 0, **parameters: Any) -> Run:
    """The product of cuSPARSE itself; what can be kept is kept, a mean is one of factors."""
    import torch

    if not torch.cuda.is_available():
        raise LacksError("it needs a GPU")
    if script != "spmm_copy":
        raise LacksError("it is measured for sums and means")
    from benchmarks.cusparse import product
    from benchmarks.spmm_copy import features

    x = features(edges, width, **parameters)
    degrees = edges.indptr.diff()
    factors = torch.ones_like(degrees, dtype=x.dtype)
    if reduce == "mean":
        factors = (1 / degrees).to(x.dtype)
    values = factors.repeat_interleave(degrees, output_size=edges.num_edges)
    return product(edges.indptr, edges.tensors[0][edges.order], values, x)


def pyg(edges: Edges, script: str, **parameters: Any) -> Run:
    """PyG, eager."""
    if find_spec("torch_geometric") is None:
        raise LacksError("torch_geometric is not installed")
    made: Run = import_module(f"benchmarks.{script}").pyg(edges, **parameters)
    return made


def pyg_compiled(edges: Edges, script: str, **parameters: Any) -> Run:
    """PyG's layers, compiled by ``torch.compile``."""
    if script != "attention":
        raise LacksError("it is measured for layers of attention")
    return pyg(edges, script, **parameters, compiled=True)


def gather(
    edges: Edges,
    script: str,
    width: int = 0,
    dtype: str = "",
    **parameters: Any,  # noqa: ARG001
) -> Run:
    """Read the same rows in the same order, and write next to nothing."""
    import torch

    if script != "spmm_copy":
        raise LacksError("it is measured for sums and means")
    if not torch.cuda.is_available():
        raise LacksError("it needs a GPU")
    from benchmarks.gather_gpu import gathered
    from benchmarks.spmm_copy import features

    return gathered(edges.graphmp.adjacency.csc.indices, features(edges, width, dtype))


def sums() -> list[Case]:
    """Sums and means, by width and dtype."""
    return [
        Case(
            f"copy_u {reduce} {dtype}, F {width}",
            {"script": "spmm_copy", "reduce": reduce, "width": width, "dtype": dtype},
            goal=goal if width >= 64 else None,
            of_roofline=0.85 if width >= 64 else None,
            tolerance=tolerance,
            graphs=None if width in (64, 128) else ARXIV,
        )
        for dtype, goal, tolerance in (("float32", 1.25, 1e-3), ("bfloat16", 2.5, 0.05))
        for reduce in ("sum", "mean")
        for width in (16, 32, 64, 128, 256)
    ]


def products() -> list[Case]:
    """Weighted sums, maxima, and values at the edges, without and with the backward pass."""
    found = []
    for passes in PASSES:
        for heads, width in ((8, 8), (8, 16), (4, 64)):
            given = {"script": "spmm_weighted", "heads": heads, "width": width, "passes": passes}
            title = f"u_mul_e {passes}, {heads}x{width}"
            on = None if (heads, width) == (8, 8) else ARXIV
            found.append(Case(title, given, goal=8.0, graphs=on))
        for width in (64, 128):
            given = {"script": "extreme", "reduce": "max", "width": width, "passes": passes}
            on = None if width == 64 else ARXIV
            found.append(Case(f"copy_u max {passes}, F {width}", given, goal=5.0, graphs=on))
        for what, title in (("edge_softmax", "edge_softmax 8 heads"), ("u_dot_v", "u_dot_v 8x16")):
            given = {"script": "edge_values", "what": what, "passes": passes}
            on = None if passes == "forward" else ARXIV
            found.append(Case(f"{title} {passes}", given, goal=8.0, graphs=on))
    return found


def layers() -> list[Case]:
    """Layers of attention forward and backward, and their peak of memory."""
    goals = {"PyG": 10.0, "PyG compiled": 3.0}
    names = {"GAT": "GAT", "GATv2": "GATv2", "dot product": "graph transformer"}
    found = []
    for layer, title in names.items():
        given = {"script": "attention", "layer": layer}
        found.append(Case(f"{title} 4x16", given, goals=goals))
        limit = 20.0 if layer == "GATv2" else None
        found.append(Case(f"{title} 4x16 peak memory", given, goal=limit, unit="MB"))
    return found


def training() -> list[Case]:
    """Epochs on the whole graph, and blocks sampled for batches."""
    models = ("GCN", "SAGE mean", "GAT")
    found = [Case(f"epoch of {m}", {"script": "epochs", "model": m}, graphs=ARXIV) for m in models]
    for fanouts in ([10, 10], [15, 10, 5]):
        given = {"script": "sampling", "fanouts": fanouts, "workers": 0}
        found.append(Case(f"40 batches of blocks, {fanouts}", given))
    return found


FAMILY = Family(
    __file__,
    "On a GPU",
    [*sums(), *products(), *layers(), *training()],
    {
        "graphmp": graphmp,
        "torch.sparse": torch_sparse,
        "cuSPARSE": cusparse,
        "PyG": pyg,
        "PyG compiled": pyg_compiled,
        "gather": gather,
    },
    graphs=(*ARXIV, *LARGE),
    on_gpu=True,
)


def main() -> None:
    """Measure, where there is a GPU."""
    import torch

    if not torch.cuda.is_available() and "--quick" not in sys.argv:
        print(
            "There is no GPU that torch can use; --quick tries the script without.", file=sys.stderr
        )
        raise SystemExit(2)
    harness.main(FAMILY)


if __name__ == "__main__":
    main()
