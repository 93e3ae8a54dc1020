"""Dropout beside torch's, and beside a copy into memory that is already there."""

from __future__ import annotations

from typing import Any

from benchmarks import harness
from benchmarks.cases import PASSES, Case, Family, Run, normal
from benchmarks.graphs import Edges

P, WIDTH = 0.5, 256
Work = tuple[Run, Run]


def features(edges: Edges, dtype: str) -> Any:
    """(N, 256)."""
    import torch

    return normal(edges.num_nodes, WIDTH).to(getattr(torch, dtype))


def zeros(result: Any) -> Any:
    """The fractions of zeros: two generators drop as many elements, but others."""
    import torch

    outs = result if isinstance(result, tuple) else (result,)
    return torch.stack([(out == 0).double().mean() for out in outs])


def graphmp(edges: Edges, dtype: str, activation: str | None, passes: str) -> Work:
    """``graphmp.nn.functional.dropout``."""
    from graphmp.nn.functional import dropout

    run = PASSES[passes](lambda x: dropout(x, P, activation=activation), features(edges, dtype))
    return run, zeros


def torch_(edges: Edges, dtype: str, activation: str | None, passes: str) -> Work:
    """``torch.nn.functional.dropout``, after ``relu``."""
    from torch.nn.functional import dropout

    function = (lambda x: dropout(x.relu(), P)) if activation else (lambda x: dropout(x, P))
    return PASSES[passes](function, features(edges, dtype)), zeros


def copy(edges: Edges, dtype: str, activation: str | None, passes: str) -> Run:  # noqa: ARG001
    """A copy, and another one for the gradient."""
    import torch

    x = features(edges, dtype)
    outs = tuple(torch.empty_like(x) for _ in range(1 if passes == "forward" else 2))
    return lambda: [out.copy_(x) for out in outs]


FAMILY = Family(
    __file__,
    "Dropout of 256 features",
    [
        Case(
            f"{'ReLU and ' if activation else ''}dropout {passes}, {dtype}",
            {"dtype": dtype, "activation": activation, "passes": passes},
            tolerance=0.01,
        )
        for dtype in ("float32", "bfloat16")
        for activation in (None, "relu")
        for passes in PASSES
    ],
    {"graphmp": graphmp, "torch": torch_, "copy": copy},
)

if __name__ == "__main__":
    harness.main(FAMILY)
