"""Scores, softmax and weighted sum in one pass, by every backend, against loops in float64."""

from __future__ import annotations

from typing import Any

import dense
import pytest
import torch
from backends import each_backend_and_dtype
from corner_graphs import (
    CORNERS,
    FLOATS,
    HUB,
    ID_DTYPES,
    MIXED,
    Corner,
    each_small_corner,
    feature,
)
from laws import assert_close, gradients
from torch import Tensor

from graphmp import kernels
from graphmp.kernels.contract import SCORES, Attention, accumulator
from graphmp.kernels.philox import dropout_mask

# Rows of 600, 0, 700, 3 and 524 edges at the destinations, of 609 at each source: beyond what the
# loops hold at once, and a change from one row to the next.
_ENTER = (*(0,) * 600, *(2,) * 700, *(3,) * 3, *(4,) * 524)
LONG = Corner("long rows", tuple(7 * e % 3 for e in range(1827)), _ENTER, 3, 5, bipartite=True)

# Rows of 50, 0, 8, 9, 1 and 17 edges at the destinations, of about 28 at three of four sources.
_CUT = (*(0,) * 50, *(2,) * 8, *(3,) * 9, 4, *(5,) * 17)
CUT = Corner("rows to cut", tuple(7 * e % 3 for e in range(85)), _CUT, 4, 6, bipartite=True)

# Heads, k and size of a head: every number of heads and every size meets every kind of tile.
SIZES = [(1, 1, 130), (1, 130, 8), (3, 5, 5), (3, 1, 16), (4, 1, 1), (8, 16, 5), (9, 16, 5)]

each_kind = pytest.mark.parametrize("kind", SCORES)
each_long_corner = pytest.mark.parametrize("corner", [*CORNERS, LONG], ids=str)


def given(
    corner: Corner,
    kind: str,
    dtype: torch.dtype = torch.float32,
    sizes: tuple[int, int, int] = (3, 5, 5),
    **changes: Any,
) -> Attention:
    """Operands with edge terms, weights and dropout; ``changes`` replaces some."""
    heads, k, size = sizes
    k = 1 if kind == "add" else k

    def drawn(rows: int, width: int, seed: int, scale: float = 1.0) -> Tensor:
        return (feature(rows, (width,), torch.float64, seed) * scale).to(dtype)

    made = Attention(
        kind,
        heads,
        left=drawn(corner.num_src, heads * k, 1, k**-0.5 if kind == "dot" else 1),
        right=drawn(corner.num_dst, heads * k, 2),
        value=drawn(corner.num_src, heads * size, 3),
        edge=drawn(len(corner.src), heads, 4),
        weight=drawn(len(corner.src), heads, 5),
        slant=drawn(1, heads * k, 6, k**-0.5) if kind == "leaky" else None,
        slope=0.2,
        dropout=0.3,
        seed=12345,
    )
    return made._replace(**changes)


class Oracle:
    """What ``given`` should give, in float64 and with a graph of autograd.

    Attributes:
        leaves: the operands, by name, flat.
        scores: (E, heads).
        out: (num_dst, heads * size).
        attention: (E, heads).
    """

    def __init__(self, corner: Corner, given: Attention) -> None:
        self.corner, self.given = corner, given
        self.leaves = {
            name: x.double().requires_grad_()
            for name, x in given._asdict().items()
            if isinstance(x, Tensor)
        }
        ends, heads = (corner.src, corner.dst), given.heads
        by_head = {
            name: x.view(len(x), heads, x.shape[1] // heads) for name, x in self.leaves.items()
        }
        slant = by_head["slant"][0] if "slant" in by_head else None
        edge, weight = self.leaves.get("edge"), self.leaves.get("weight")
        self.scores = dense.scores(
            given.kind, *ends, by_head["left"], by_head["right"], edge, slant, given.slope
        )
        mask = None
        if given.dropout > 0:
            ids = torch.arange(len(corner.src))
            mask = dropout_mask(given.seed, ids, heads, given.dropout, torch.float64)
        out, self.attention = dense.attend(
            self.scores, by_head["value"], *ends, corner.num_dst, weight, mask
        )
        self.out = out.reshape(corner.num_dst, given.value.shape[1])

    def stats(self) -> Tensor:
        """(num_dst, 2 heads): peak and total of each row; NaN in rows without edges."""
        made = torch.full((self.corner.num_dst, 2 * self.given.heads), torch.nan).double()
        scores, dst = self.scores.detach(), torch.tensor(self.corner.dst, dtype=torch.int64)
        for v in set(self.corner.dst):
            row = scores[dst == v]
            made[v] = torch.cat([row.amax(0), (row - row.amax(0)).exp().sum(0)])
        return made


def wide(tensor: Tensor) -> Tensor:
    """In the accumulator's dtype."""
    return tensor.to(accumulator(tensor.dtype))


def assert_forward(
    corner: Corner, given: Attention, wanted: bool = True, idtype: torch.dtype = torch.int64
) -> None:
    """Output, statistics and attention are those of the loops."""
    out, stats, attention = kernels.attention(corner.graph(idtype).adjacency.csc, given, wanted)
    oracle, dtype = Oracle(corner, given), given.value.dtype
    assert out.dtype == stats.dtype == accumulator(dtype)
    assert_close(out, oracle.out.detach())
    rows = sorted(set(corner.dst))
    assert stats.shape == (corner.num_dst, 2 * given.heads)
    assert_close(stats[rows], oracle.stats()[rows])
    if not wanted:
        assert attention is None
        return
    assert attention is not None
    assert attention.dtype == dtype
    assert_close(attention, oracle.attention.detach())


def assert_backward(
    corner: Corner, given: Attention, wanted: bool = True, idtype: torch.dtype = torch.int64
) -> None:
    """The gradient of every operand is that of the loops, from random upstream gradients."""
    oracle, dtype = Oracle(corner, given), given.value.dtype
    grad = feature(corner.num_dst, (given.value.shape[1],), dtype, 7)
    attention_grad = feature(len(corner.src), (given.heads,), dtype, 8) if wanted else None
    stats = torch.cat([oracle.stats(), flow_back(oracle, grad, attention_grad)], 1)
    adjacency = corner.graph(idtype).adjacency
    value, left, scores, weight = kernels.attention_gradient(
        adjacency.csr, given, stats.to(accumulator(dtype)), grad, attention_grad
    )
    right = kernels.score_gradient(adjacency.csc, given, scores)
    made: dict[str, Tensor | None] = {"value": value, "edge": scores, "weight": weight}
    slant = 1 if given.slant is None else wide(given.slant)
    made |= {"left": left * slant, "right": right * slant}
    assert value.dtype == dtype
    assert {x.dtype for x in made.values() if x is not None} <= {dtype, accumulator(dtype)}
    assert (weight is None) == (given.weight is None)
    expected = expected_gradients(oracle, grad, attention_grad)
    for name, wanted_grad in expected.items():
        found = made[name]
        assert found is not None
        assert_close(found, wanted_grad)


def expected_gradients(
    oracle: Oracle, grad: Tensor, attention_grad: Tensor | None
) -> dict[str, Tensor]:
    """By autograd, for all operands but ``slant``."""
    loss = (oracle.out * grad.double()).sum()
    if attention_grad is not None:
        loss = loss + (oracle.attention * attention_grad.double()).sum()
    names = [name for name in oracle.leaves if name != "slant"]
    found = gradients(loss, [oracle.leaves[name] for name in names], torch.ones(()))
    return dict(zip(names, found, strict=True))


def flow_back(oracle: Oracle, grad: Tensor, attention_grad: Tensor | None) -> Tensor:
    """(num_dst, heads): the sum of attention times its gradient over the edges of each row."""
    corner, heads = oracle.corner, oracle.given.heads
    products = (oracle.out.detach() * grad.double()).view(
        corner.num_dst, heads, grad.shape[1] // heads
    )
    total = products.sum(-1)
    if attention_grad is not None:
        parts = oracle.attention.detach() * attention_grad.double()
        total = total + dense.reduce("sum", parts, corner.dst, corner.num_dst)
    return total


def assert_agrees(corner: Corner, given: Attention, **options: Any) -> None:
    """Forward and backward."""
    assert_forward(corner, given, **options)
    assert_backward(corner, given, **options)


@each_kind
@each_long_corner
@each_backend_and_dtype(FLOATS, "attention")
def test_every_kind_and_dtype(corner: Corner, backend: str, dtype: torch.dtype, kind: str) -> None:
    assert_agrees(corner, given(corner, kind, dtype))


@pytest.mark.parametrize("sizes", SIZES, ids=str)
@each_kind
@pytest.mark.usefixtures("backend")
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
@pytest.mark.usefixtures("backend")
def test_with_and_without_edge_terms_weights_dropout_and_attention(
    edge: bool, weight: bool, dropout: float, wanted: bool
) -> None:
    for corner in (MIXED, LONG) if dropout == 0.3 and not edge else (MIXED,):
        for kind in SCORES:
            operands = given(corner, kind, dropout=dropout)
            operands = operands if edge else operands._replace(edge=None)
            operands = operands if weight else operands._replace(weight=None)
            assert_agrees(corner, operands, wanted=wanted)


@pytest.mark.parametrize("slope", [0.0, 0.2, 1.0, -0.5, 1.7])
@each_kind
@pytest.mark.usefixtures("backend")
def test_every_slope(kind: str, slope: float) -> None:
    assert_agrees(MIXED, given(MIXED, kind, slope=slope))


@pytest.mark.parametrize("seed", [0, 2**31, 2**32 + 5, 2**63 - 1])
@pytest.mark.usefixtures("backend")
def test_every_seed(seed: int) -> None:
    assert_agrees(MIXED, given(MIXED, "dot", seed=seed, sizes=(9, 16, 5)))


@each_backend_and_dtype(FLOATS, "attention")
def test_large_scores_do_not_overflow(backend: str, dtype: torch.dtype) -> None:
    for kind in SCORES:
        operands = given(MIXED, kind, dtype)
        edge = MIXED.feature("e", (3,), dtype) * 20_000
        out, _, attention = kernels.attention(
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


@each_backend_and_dtype(FLOATS, "attention")
def test_minus_infinity_is_weight_zero_and_stops_no_gradient(
    backend: str, dtype: torch.dtype
) -> None:
    edge = strange_edges(dtype, {1: -torch.inf, 4: -torch.inf, 8: -torch.inf})
    for kind in SCORES:
        operands = given(MIXED, kind, dtype, edge=edge)
        _, _, attention = kernels.attention(MIXED.graph().adjacency.csc, operands, True)
        assert attention is not None
        assert not attention[[1, 4, 8]].any()
        assert_forward(MIXED, operands)
        assert attention.isfinite().all()
        assert_backward(MIXED, operands)


@each_backend_and_dtype(FLOATS, "attention")
def test_nan_and_infinity_spread_over_their_node_alone(backend: str, dtype: torch.dtype) -> None:
    edge = strange_edges(dtype, {1: torch.nan, 4: torch.inf, 5: -torch.inf})
    for kind in SCORES:
        operands = given(MIXED, kind, dtype, edge=edge, dropout=0.0)
        assert_forward(MIXED, operands)
        out, _, attention = kernels.attention(MIXED.graph().adjacency.csc, operands, True)
        assert attention is not None
        assert out.isnan().all(1).tolist() == [v in (1, 2, 3) for v in range(6)]
        assert attention.isnan().all(1).tolist() == [v in (1, 2, 3) for v in MIXED.dst]
        whole = [0, 4, 5]
        assert out[whole].isfinite().all()


@each_backend_and_dtype(FLOATS, "attention")
def test_one_head_is_strange_and_the_others_are_not(backend: str, dtype: torch.dtype) -> None:
    edge = strange_edges(dtype, {})
    edge[0, 1] = torch.nan
    operands = given(MIXED, "dot", dtype, edge=edge)
    assert_forward(MIXED, operands)
    out, _, _ = kernels.attention(MIXED.graph().adjacency.csc, operands, False)
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
    out, stats, attention = kernels.attention(HUB.graph().adjacency.csc, operands, True)
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
    out, stats, attention = kernels.attention(form, nothing, True)
    assert attention is not None
    assert (out.shape, attention.shape) == ((corner.num_dst, 0), (len(corner.src), 0))
    assert stats.shape == (corner.num_dst, 0)
    made = kernels.attention_gradient(corner.graph().adjacency.csr, nothing, stats, out, attention)
    right = kernels.score_gradient(form, nothing, made[2])
    assert [0 if x is None else x.numel() for x in (*made, right)] == [0] * 5


@pytest.fixture
def short_pieces(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut all rows of more than eight edges."""
    monkeypatch.setattr("graphmp.kernels.cuda.layout.LEAST_PIECE", 8)
    monkeypatch.setattr("graphmp.kernels.cuda.layout.SHARE", 0)


on_gpu = pytest.mark.parametrize("backend", ["cuda"], indirect=True)


@on_gpu
@each_kind
@pytest.mark.usefixtures("short_pieces")
def test_rows_in_pieces(kind: str) -> None:
    of_kind = {"add": (3, 1, 5), "dot": (1, 1, 130), "leaky": (5, 16, 16)}
    assert_agrees(CUT, given(CUT, kind, sizes=of_kind[kind]))


@on_gpu
@pytest.mark.usefixtures("short_pieces")
def test_pieces_of_strange_scores() -> None:
    edge = CUT.feature("e", (3,))
    edge[:16] = edge[50:58] = -torch.inf  # two pieces of a row, and all of a row
    edge[66, 0], edge[84, 1] = torch.nan, torch.inf  # in last pieces
    operands = given(CUT, "dot", edge=edge, dropout=0.0)
    assert_forward(CUT, operands)
    out, _, _ = kernels.attention(CUT.graph().adjacency.csc, operands, False)
    nan = [[False] * 3, [False] * 3, [True] * 3, [True, False, False], [False] * 3]
    assert out.view(6, 3, 5).isnan().any(2).tolist() == [*nan, [False, True, False]]


@on_gpu
@pytest.mark.usefixtures("short_pieces")
def test_ids_that_do_not_fit_into_32_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphmp.kernels.cuda.layout.LARGEST", 8)
    assert_agrees(CUT, given(CUT, "leaky"))
