"""Transforms that draw: how much they leave out, and what stays."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from support.corner_graphs import ID_DTYPES
from support.samples import edges, shop

import graphmp as gm
from graphmp import transforms as T

MAKERS = (gm.DropEdge, gm.DropNode, gm.FeatMask)
EACH = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def large() -> gm.Graph:
    """20 000 nodes, as many edges, features that number them."""
    g = gm.rand_graph(20_000, 20_000)
    g.ndata["x"], g.edata["w"] = torch.arange(20_000), torch.arange(20_000)
    return g


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_as_many_edges_are_left_out_as_the_probability_says(p: float) -> None:
    gm.seed(0)
    g = large()
    left = gm.DropEdge(p)(g)
    spread = (20_000 * p * (1 - p)) ** 0.5
    assert abs(left.num_edges() - 20_000 * (1 - p)) < 5 * spread
    assert left.num_nodes() == 20_000
    kept = left.edata["w"]
    assert bool((kept.diff() > 0).all())
    whole = g.edges()
    assert all(torch.equal(new, old[kept]) for new, old in zip(left.edges(), whole, strict=True))


def test_nodes_go_with_their_edges() -> None:
    gm.seed(0)
    g = large()
    left = gm.DropNode(0.3)(g)
    assert abs(left.num_nodes() - 14_000) < 5 * (20_000 * 0.3 * 0.7) ** 0.5
    kept = left.ndata["x"]
    assert bool((kept.diff() > 0).all())
    inside = torch.isin(torch.stack(g.edges()), kept).all(0)
    assert torch.equal(left.edata["w"], inside.nonzero().view(-1))
    assert torch.equal(kept[left.edges()[0]], g.edges()[0][inside])


def test_masked_columns_are_zero_in_every_row() -> None:
    gm.seed(0)
    g = gm.rand_graph(3, 5)
    g.ndata["h"], g.edata["w"] = torch.ones(3, 2, 10_000), torch.ones(5, 10_000)
    g.ndata["kept"] = torch.ones(3, 4)
    masked = gm.FeatMask(0.3, ["h"], ["w"])(g)
    for column in (masked.ndata["h"].flatten(0, 1), masked.edata["w"]):
        assert torch.equal(column, column[:1].expand_as(column))
        assert abs(int(column[0].sum()) - 7000) < 5 * (10_000 * 0.3 * 0.7) ** 0.5
    assert bool(masked.ndata["kept"].all())
    assert bool(g.ndata["h"].all())
    assert bool(g.edata["w"].all())


def test_each_type_draws_its_own() -> None:
    gm.seed(0)
    g = gm.heterograph({(s, "to", d): (range(9), range(9)) for s, d in ("ab", "ba", "aa")})
    g.ndata["h"] = {"a": torch.ones(9, 50), "b": torch.ones(9, 50)}
    masked = gm.FeatMask(0.5, node_feat_names=["h"])(g).ndata["h"]
    assert not torch.equal(masked["a"], masked["b"])
    dropped = gm.DropEdge(0.5)(g)
    assert len({tuple(edges(dropped, etype)) for etype in g.canonical_etypes}) == 3
    fewer = gm.DropNode(0.5)(g)
    assert fewer.num_nodes("a") < 9
    assert fewer.num_nodes("b") < 9


@EACH
def test_nothing_and_everything_can_be_chosen(make: Callable[..., T.BaseTransform]) -> None:
    g = shop()
    same, none = make(0.0)(g), make(1.0)(g)
    assert [edges(same, e) for e in g.canonical_etypes] == [edges(g, e) for e in g.canonical_etypes]
    assert none.num_edges() == (g.num_edges() if make is gm.FeatMask else 0)
    assert none.num_nodes() == (0 if make is gm.DropNode else g.num_nodes())


@EACH
def test_the_same_seed_gives_the_same_graph(make: Callable[..., T.BaseTransform]) -> None:
    g = gm.rand_graph(50, 200)
    transform = make(0.5)

    def draw() -> list[tuple[int, int]]:
        gm.seed(3)
        return edges(transform(g))

    assert draw() == draw()
    assert make is gm.FeatMask or draw() != edges(transform(g))


@EACH
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_ids_keep_their_dtype(make: Callable[..., T.BaseTransform], idtype: torch.dtype) -> None:
    assert make(0.5)(gm.rand_graph(5, 9).astype(idtype)).idtype == idtype


@EACH
@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(make: Callable[..., T.BaseTransform], p: float) -> None:
    with pytest.raises(gm.GraphValueError, match="p as a probability from 0 to 1"):
        make(p)


@EACH
def test_what_is_no_number_is_refused(make: Callable[..., T.BaseTransform]) -> None:
    with pytest.raises(gm.GraphTypeError, match="p as a probability, got str 'x'"):
        make("x")


def test_features_without_columns_and_unknown_ones_are_refused() -> None:
    g = gm.graph(([0], [1]))
    g.ndata["h"] = torch.ones(2)
    with pytest.raises(gm.GraphValueError, match=r"columns to mask, .* shape of \(2,\)"):
        gm.FeatMask(0.5, ["h"])(g)
    for unknown in (g, shop()):
        with pytest.raises(gm.GraphKeyError, match="missing"):
            gm.FeatMask(0.5, ["missing"])(unknown)


def test_shuffled_features_are_a_permutation_of_the_rows() -> None:
    gm.seed(0)
    g = gm.rand_graph(100, 300)
    g.ndata["x"], g.ndata["y"] = torch.arange(100), torch.arange(100.0).view(-1, 1)
    new = gm.NodeShuffle()(g)
    assert sorted(new.ndata["x"].tolist()) == list(range(100))
    assert new.ndata["x"].tolist() != list(range(100))
    assert torch.equal(new.ndata["x"], new.ndata["y"].view(-1).long())
    assert edges(new) == edges(g)
    assert g.ndata["x"].tolist() == list(range(100))
    gm.seed(3)
    first = gm.NodeShuffle()(g).ndata["x"]
    gm.seed(3)
    assert torch.equal(gm.NodeShuffle()(g).ndata["x"], first)


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_new_edges_are_uniform_and_come_last(idtype: torch.dtype) -> None:
    gm.seed(0)
    users, games = torch.arange(20_000) % 8, torch.arange(20_000) % 2
    g = gm.heterograph({("user", "buys", "game"): (users, games)}, {"user": 8, "game": 4})
    g = g.astype(idtype)
    g.edata["w"] = torch.ones(20_000)
    new = gm.AddEdge(0.5)(g)
    assert (new.num_edges(), new.idtype) == (30_000, idtype)
    assert edges(new)[:20_000] == edges(g)
    assert new.edata["w"].sum() == 20_000
    for end, count in zip(new.edges(), (8, 4), strict=True):
        counts = torch.bincount(end[20_000:].long(), minlength=count)
        assert bool((counts - 10_000 / count).abs().max() < 5 * (10_000 / count) ** 0.5)


def test_the_same_seed_adds_the_same_edges() -> None:
    drawn = []
    for _ in range(2):
        gm.seed(4)
        drawn.append(edges(gm.AddEdge(1.0)(gm.graph(([0, 1], [1, 2])))))
    assert drawn[0] == drawn[1]
    assert edges(gm.AddEdge(0)(gm.graph(([], [])))) == []


@pytest.mark.parametrize("ratio", [-0.1, float("inf"), float("nan")])
def test_a_ratio_is_finite_and_not_negative(ratio: float) -> None:
    with pytest.raises(gm.GraphValueError, match="ratio to be finite and not negative"):
        gm.AddEdge(ratio)


def test_other_ratios_and_blocks_are_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="ratio to be a number"):
        gm.AddEdge(None)  # type: ignore[arg-type]
    with pytest.raises(gm.GraphValueError, match="not a block"):
        gm.AddEdge()(gm.create_block(([0], [0])))
