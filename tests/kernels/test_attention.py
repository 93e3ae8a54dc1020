"""Scores, softmax and weighted sum in one pass, by every backend, against loops in float64."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.attended import Oracle, assert_agrees, assert_backward, assert_forward, given
from support.backends import each_backend_and_dtype
from support.corner_graphs import CORNERS, FLOATS, HUB, ID_DTYPES, MIXED, Corner, each_small_corner
from support.laws import assert_close
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import SCORES, Attention

# Rows of 600, 0, 700, 3 and 524 edges at the destinations, of 609 at each source: beyond what the
# loops hold at once, and a change from one row to the next.
_ENTER = (*(0,) * 600, *(2,) * 700, *(3,) * 3, *(4,) * 524)
LONG = Corner("long rows", tuple(7 * e % 3 for e in range(1827)), _ENTER, 3, 5, bipartite=True)

# Heads, k and size of a head: every number of heads and every size meets every kind of tile.
SIZES = [(1, 1, 130), (1, 130, 8), (3, 5, 5), (3, 1, 16), (4, 1, 1), (8, 16, 5), (9, 16, 5)]

each_kind = pytest.mark.parametrize("kind", SCORES)
each_long_corner = pytest.mark.parametrize("corner", [*CORNERS, LONG], ids=str)


@each_kind
@each_long_corner
@each_backend_and_dtype(FLOATS, "attention")
def test_every_kind_and_dtype(corner: Corner, backend: str, dtype: torch.dtype, kind: str) -> None:
    assert_agrees(corner, given(corner, kind, dtype))


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@each_kind
@pytest.mark.usefixtures("backend")
@pytest.mark.loops
def test_every_number_of_heads_and_every_size(kind: str, sizes: tuple[int, int, int]) -> None:
    assert_agrees(MIXED, given(MIXED, kind, sizes=sizes))


@each_small_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@each_kind
@pytest.mark.usefixtures("backend")
def test_every_id_type(corner: Corner, kind: str, idtype: torch.dtype) -> None:
    assert_agrees(corner, given(corner, kind), idtype=idtype)


@pytest.mark.parametrize("wanted", [False, True])
@pytest.mark.parametrize("dropout", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("weight", [False, True])
@pytest.mark.parametrize("edge", [False, True])
@each_kind
@pytest.mark.usefixtures("backend")
def test_with_and_without_edge_terms_weights_dropout_and_attention(
    edge: bool, weight: bool, dropout: float, wanted: bool, kind: str
) -> None:
    for corner in (MIXED, LONG) if dropout == 0.3 and not edge else (MIXED,):
        operands = given(corner, kind, dropout=dropout)
        operands = operands if edge else operands._replace(edge=None)
        operands = operands if weight else operands._replace(weight=None)
        assert_agrees(corner, operands, wanted=wanted)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0, -0.5, 1.7])
@each_kind
@pytest.mark.usefixtures("backend")
def test_every_slope(kind: str, slope: float) -> None:
    assert_agrees(MIXED, given(MIXED, kind, negative_slope=slope))


@pytest.mark.usefixtures("backend")
def test_values_that_make_the_scores_too() -> None:
    operands = given(MIXED, "leaky", sizes=(3, 5, 5))
    assert_agrees(MIXED, operands._replace(value=operands.left))


@pytest.mark.parametrize("seed", [0, 2**31, 2**32 + 5, 2**63 - 1])
@pytest.mark.usefixtures("backend")
def test_every_seed(seed: int) -> None:
    assert_agrees(MIXED, given(MIXED, "dot", seed=seed, sizes=(9, 16, 5)))


@each_kind
@each_backend_and_dtype(FLOATS, "attention")
def test_large_scores_do_not_overflow(backend: str, dtype: torch.dtype, kind: str) -> None:
    operands = given(MIXED, kind, dtype)
    edge = MIXED.feature("e", (3,), dtype) * 20_000
    out, _, _, attention = kernels.attention(
        MIXED.graph().adjacency.csc, operands._replace(edge=edge), True
    )
    oracle = Oracle(MIXED, operands._replace(edge=edge))
    assert attention is not None
    for made, expected in ((out, oracle.out), (attention, oracle.attention)):
        assert made.isfinite().all()
        assert_close(made, expected.detach())


def strange_edges(dtype: torch.dtype, values: dict[int, float], heads: int = 3) -> Tensor:
    """Edge terms of ``MIXED``, some of them replaced in all heads."""
    edge = MIXED.feature("e", (heads,), dtype)
    for e, value in values.items():
        edge[e] = value
    return edge


@each_kind
@each_backend_and_dtype(FLOATS, "attention")
def test_minus_infinity_is_weight_zero_and_stops_no_gradient(
    backend: str, dtype: torch.dtype, kind: str
) -> None:
    edge = strange_edges(dtype, {1: -torch.inf, 4: -torch.inf, 8: -torch.inf})
    operands = given(MIXED, kind, dtype, edge=edge)
    _, _, _, attention = kernels.attention(MIXED.graph().adjacency.csc, operands, True)
    assert attention is not None
    assert not attention[[1, 4, 8]].any()
    assert_forward(MIXED, operands)
    assert attention.isfinite().all()
    assert_backward(MIXED, operands)


@each_kind
@each_backend_and_dtype(FLOATS, "attention")
def test_nan_and_infinity_spread_over_their_node_alone(
    backend: str, dtype: torch.dtype, kind: str
) -> None:
    edge = strange_edges(dtype, {1: torch.nan, 4: torch.inf, 5: -torch.inf})
    operands = given(MIXED, kind, dtype, edge=edge, dropout=0.0)
    assert_forward(MIXED, operands)
    out, _, _, attention = kernels.attention(MIXED.graph().adjacency.csc, operands, True)
    assert attention is not None
    assert out.isnan().all(1).tolist() == [v in (1, 2) for v in range(6)]
    assert attention.isnan().all(1).tolist() == [v in (1, 2) for v in MIXED.dst]
    assert not out[3].any()  # all its edges are left out
    whole = [0, 3, 4, 5]
    assert out[whole].isfinite().all()


@each_backend_and_dtype(FLOATS, "attention")
def test_one_head_is_strange_and_the_others_are_not(backend: str, dtype: torch.dtype) -> None:
    edge = strange_edges(dtype, {})
    edge[0, 1] = torch.nan
    operands = given(MIXED, "dot", dtype, edge=edge)
    assert_forward(MIXED, operands)
    out, _, _, _ = kernels.attention(MIXED.graph().adjacency.csc, operands, False)
    assert out.view(6, 3, 5).isnan().any(-1).nonzero().tolist() == [[1, 1]]


@each_backend_and_dtype(FLOATS, "attention")
def test_a_value_that_is_infinite_reaches_its_neighbours_alone(
    backend: str, dtype: torch.dtype
) -> None:
    operands = given(MIXED, "add", dtype, dropout=0.0)
    operands.value[0], operands.value[3, 2] = torch.inf, torch.nan
    assert_forward(MIXED, operands)


@each_backend_and_dtype(FLOATS, "attention")
def test_a_thousand_equal_edges_share_alike(backend: str, dtype: torch.dtype) -> None:
    def ones(rows: int, width: int) -> Tensor:
        return torch.ones(rows, width, dtype=dtype)

    none: tuple[Any, ...] = (None, None, None, 0.2, 0.0, 0)
    operands = Attention("dot", 3, ones(4, 15), ones(4, 15), ones(4, 15), *none)
    out, _, stats, attention = kernels.attention(HUB.graph().adjacency.csc, operands, True)
    assert attention is not None
    assert_close(attention[:1000], torch.full((1000, 3), 0.001).double())
    assert_close(out, torch.tensor([1.0, 0, 1, 0]).double().view(4, 1).expand(4, 15))
    assert stats[0].tolist() == [5, 5, 5, 1000, 1000, 1000]


@each_small_corner
@each_kind
@pytest.mark.usefixtures("backend")
def test_heads_of_no_size_have_attention_all_the_same(corner: Corner, kind: str) -> None:
    operands = given(corner, kind)
    assert_agrees(corner, operands._replace(value=operands.value[:, :0].contiguous()))


@each_small_corner
@each_kind
@pytest.mark.usefixtures("backend")
def test_no_heads_give_nothing(corner: Corner, kind: str) -> None:
    operands = given(corner, kind)
    flat: dict[str, Any] = {
        n: x[:, :0] for n, x in operands._asdict().items() if isinstance(x, Tensor)
    }
    nothing = operands._replace(heads=0, **flat)
    form = corner.graph().adjacency.csc
    out, _, stats, attention = kernels.attention(form, nothing, True)
    assert attention is not None
    assert (out.shape, attention.shape) == ((corner.num_dst, 0), (len(corner.src), 0))
    assert stats.shape == (corner.num_dst, 0)
    made = kernels.attention_gradient(corner.graph().adjacency.csr, nothing, stats, out, attention)
    right = kernels.score_gradient(form, nothing, made[2])
    assert [0 if x is None else x.numel() for x in (*made, right)] == [0] * 5
