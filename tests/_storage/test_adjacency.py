from __future__ import annotations

import pickle
from collections.abc import Callable
from itertools import pairwise

import pytest
import torch
from support.corner_graphs import ID_DTYPES

from graphmp._storage.adjacency import Adjacency
from graphmp.kernels.contract import Csr
from graphmp.kernels.segments import positions_of, ranges, rows_of

Maker = Callable[[torch.dtype], Adjacency]


def random_edges(seed: int = 0) -> tuple[list[int], list[int]]:
    """Edges from 6 sources to 9 destinations, some parallel; the last of each have none."""
    generator = torch.Generator().manual_seed(seed)
    src = torch.randint(5, (40,), generator=generator)
    dst = torch.randint(8, (40,), generator=generator)
    return src.tolist(), dst.tolist()


SRC, DST = random_edges()
EDGES = list(enumerate(zip(SRC, DST, strict=True)))


def from_coo(idtype: torch.dtype) -> Adjacency:
    return Adjacency.from_coo(
        torch.tensor(SRC, dtype=idtype), torch.tensor(DST, dtype=idtype), 6, 9
    )


def from_csc(idtype: torch.dtype) -> Adjacency:
    return Adjacency.from_compressed(from_coo(idtype).csc, 6, 9, "csc")


def from_csr(idtype: torch.dtype) -> Adjacency:
    return Adjacency.from_compressed(from_coo(idtype).csr, 6, 9, "csr")


def from_reversed(idtype: torch.dtype) -> Adjacency:
    src, dst = from_coo(idtype).src, from_coo(idtype).dst
    return Adjacency.from_coo(dst, src, 9, 6).reversed


def from_rows(idtype: torch.dtype, by: str) -> tuple[Adjacency, Adjacency]:
    """Edges grouped by an end in the order of their ids, and the same edges by their ends."""
    grouped = getattr(from_coo(idtype), by)
    ends = rows_of(grouped.indptr, 40), grouped.indices
    src, dst = ends if by == "csr" else ends[::-1]
    equal = Adjacency.from_coo(src, dst, 6, 9)
    return Adjacency.from_rows(grouped.indptr, grouped.indices, 6, 9, by), equal


def every_way(test: Callable[..., None]) -> Callable[..., None]:
    """Run a test on the same edges, however the adjacency was made, in both id types."""
    makers = pytest.mark.parametrize("make", [from_coo, from_csc, from_csr, from_reversed])
    made: Callable[..., None] = makers(pytest.mark.parametrize("idtype", ID_DTYPES)(test))
    return made


@every_way
def test_ends_are_in_the_order_of_edge_ids(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    assert (adjacency.src.tolist(), adjacency.dst.tolist()) == (SRC, DST)
    assert (adjacency.num_edges, adjacency.num_src, adjacency.num_dst) == (40, 6, 9)
    assert adjacency.idtype == adjacency.src.dtype == idtype


@every_way
def test_csc_groups_by_destination_and_csr_by_source(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    assert unpacked(adjacency.csc) == [
        [(u, eid) for eid, (u, v) in EDGES if v == row] for row in range(9)
    ]
    assert unpacked(adjacency.csr) == [
        [(v, eid) for eid, (u, v) in EDGES if u == row] for row in range(6)
    ]
    assert {t.dtype for t in (*adjacency.csc, *adjacency.csr)} == {idtype}


def unpacked(form: Csr) -> list[list[tuple[int, int]]]:
    """For each row the other ends and the edge ids."""
    limits = form.indptr.tolist()
    pairs = list(zip(form.indices.tolist(), form.edge_ids.tolist(), strict=True))
    return [pairs[low:high] for low, high in pairwise(limits)]


def read(adjacency: Adjacency) -> Adjacency:
    """An adjacency of which every layout has been read."""
    adjacency.create_formats()
    return adjacency


CHANGES: dict[str, Callable[[Adjacency], Adjacency]] = {
    "none": lambda adjacency: adjacency,
    "after a read": read,
    "reversed twice": lambda adjacency: adjacency.reversed.reversed,
    "other ids": lambda adjacency: adjacency.astype(torch.int32).astype(adjacency.idtype),
    "only coo": lambda adjacency: adjacency.restricted("coo"),
    "only csr": lambda adjacency: adjacency.restricted("csr"),
    "only csc": lambda adjacency: adjacency.restricted("csc"),
    "pickled": lambda adjacency: pickle.loads(pickle.dumps(adjacency)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("by", ["csr", "csc"])
@pytest.mark.parametrize("idtype", ID_DTYPES)
def test_edges_in_the_order_of_their_rows_are_as_others(
    change: str, by: str, idtype: torch.dtype
) -> None:
    made, equal = from_rows(idtype, by)
    for name in ("src", "dst", "csr", "csc", "in_degrees", "out_degrees", "pairs"):
        adjacency = CHANGES[change](made)
        result, expected = getattr(adjacency, name), getattr(equal, name)
        for one, other in zip(result, expected, strict=True):
            assert torch.equal(one, other)
        assert (adjacency.num_edges, adjacency.num_src, adjacency.num_dst) == (40, 6, 9)
        made = from_rows(idtype, by)[0]


@pytest.mark.parametrize("by", ["csr", "csc"])
def test_edge_ids_are_written_when_they_are_first_read(by: str) -> None:
    adjacency = from_rows(torch.int64, by)[0]
    assert adjacency.formats()["created"] == [by]
    assert len(list(adjacency._layouts.tensors())) == 2
    with torch.inference_mode():
        grouped = getattr(adjacency, by)
    assert getattr(adjacency, by) is grouped
    assert not grouped.edge_ids.is_inference()
    assert adjacency.formats()["created"] == [by]
    assert len(list(adjacency._layouts.tensors())) == 3


@every_way
def test_degrees_count_edges(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    assert adjacency.in_degrees.tolist() == [DST.count(v) for v in range(9)]
    assert adjacency.out_degrees.tolist() == [SRC.count(u) for u in range(6)]
    assert adjacency.in_degrees.dtype == idtype
    assert adjacency.has_zero_in_degree


@every_way
def test_pairs_are_sorted_with_parallel_edges_in_the_order_of_their_ids(
    make: Maker, idtype: torch.dtype
) -> None:
    adjacency = make(idtype)
    keys, eids = adjacency.pairs, adjacency.sorted_csr.edge_ids
    expected = sorted((u * 9 + v, eid) for eid, (u, v) in EDGES)
    assert list(zip(keys.tolist(), eids.tolist(), strict=True)) == expected
    assert (keys.dtype, eids.dtype) == (torch.int64, idtype)


@every_way
def test_edges_of_pairs_are_found(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    u, v = torch.cartesian_prod(torch.arange(6), torch.arange(9)).unbind(1)
    low, high = adjacency.search(u, v)
    counts = [
        list(zip(SRC, DST, strict=True)).count(pair)
        for pair in zip(u.tolist(), v.tolist(), strict=True)
    ]
    assert (high - low).tolist() == counts
    eids = adjacency.sorted_csr.edge_ids
    assert {(SRC[e], DST[e]) for e in eids[low[high > low]].tolist()} == set(
        zip(SRC, DST, strict=True)
    )


@every_way
def test_a_multigraph_has_two_edges_with_the_same_ends(make: Maker, idtype: torch.dtype) -> None:
    assert make(idtype).is_multigraph == (len(set(zip(SRC, DST, strict=True))) < len(SRC))
    u, v = torch.tensor([0, 1, 1, 3]), torch.tensor([1, 1, 0, 0])
    for last, expected in ((4, False), (3, False), (0, False)):
        assert Adjacency.from_coo(u[:last], v[:last], 4, 3).is_multigraph is expected
    assert Adjacency.from_coo(u[[0, 1, 0]], v[[0, 1, 0]], 4, 3).is_multigraph


@every_way
def test_buckets_group_destinations_by_degree(make: Maker, idtype: torch.dtype) -> None:
    buckets = make(idtype).buckets
    by_degree = sorted((DST.count(v), v) for v in set(DST))
    assert buckets.degrees == sorted({degree for degree, _ in by_degree})
    assert buckets.sizes == [[d for d, _ in by_degree].count(d) for d in buckets.degrees]
    assert buckets.nodes.tolist() == [v for _, v in by_degree]
    assert buckets.edges.tolist() == [i for _, row in by_degree for i, (_, v) in EDGES if v == row]
    assert not buckets.is_full


def test_buckets_are_full_when_every_destination_has_an_edge() -> None:
    ends = torch.tensor([0, 1])
    assert Adjacency.from_coo(ends, ends, 2, 2).buckets.is_full
    none = Adjacency.from_coo(ends[:0], ends[:0], 2, 2).buckets
    assert (none.degrees, none.sizes, none.nodes.tolist(), none.is_full) == ([], [], [], False)


@every_way
def test_the_reversed_view_swaps_the_ends_and_shares_every_layout(
    make: Maker, idtype: torch.dtype
) -> None:
    adjacency = make(idtype)
    turned = adjacency.reversed
    assert turned.csc.edge_ids is adjacency.csr.edge_ids
    assert adjacency.csc.edge_ids is turned.csr.edge_ids
    assert (turned.src.tolist(), turned.dst.tolist()) == (DST, SRC)
    assert (turned.num_src, turned.num_dst) == (9, 6)
    assert turned.in_degrees is adjacency.out_degrees
    assert turned.reversed.csc.edge_ids is adjacency.csc.edge_ids
    assert turned.pairs.tolist() == sorted(v * 6 + u for _, (u, v) in EDGES)


@every_way
def test_a_layout_is_made_once(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    for name in ("src", "csc", "csr", "in_degrees", "buckets", "pairs"):
        assert getattr(adjacency, name) is getattr(adjacency, name)


@every_way
def test_a_subset_is_numbered_in_the_order_given(make: Maker, idtype: torch.dtype) -> None:
    part = make(idtype).subset(torch.tensor([7, 3, 7]))
    assert part.src.tolist() == [SRC[7], SRC[3], SRC[7]]
    assert part.dst.tolist() == [DST[7], DST[3], DST[7]]
    assert (part.num_src, part.num_dst, part.idtype) == (6, 9, idtype)


@every_way
def test_another_id_type_changes_every_layout(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    adjacency.create_formats()
    (other,) = set(ID_DTYPES) - {idtype}
    changed = adjacency.astype(other)
    assert {t.dtype for t in (changed.src, *changed.csc, *changed.csr)} == {other}
    assert changed.formats() == adjacency.formats()
    assert adjacency.astype(idtype) is adjacency


@every_way
def test_another_device_takes_every_layout_along(make: Maker, idtype: torch.dtype) -> None:
    adjacency = make(idtype)
    adjacency.create_formats()
    moved = adjacency.to(torch.device("meta"))
    assert {t.device.type for t in (moved.src, *moved.csc, *moved.csr)} == {"meta"}
    assert adjacency.to(torch.device("cpu")) is adjacency


@every_way
def test_a_restricted_adjacency_makes_other_layouts_and_does_not_keep_them(
    make: Maker, idtype: torch.dtype
) -> None:
    for kept in ("coo", "csr", "csc"):
        narrow = make(idtype).restricted(kept)
        assert (narrow.src.tolist(), narrow.dst.tolist()) == (SRC, DST)
        assert unpacked(narrow.csc) == unpacked(from_coo(idtype).csc)
        assert unpacked(narrow.csr) == unpacked(from_coo(idtype).csr)
        assert narrow.formats() == {"created": [kept], "not created": []}


def test_formats_of_a_reversed_view_are_named_from_its_side() -> None:
    narrow = from_coo(torch.int64).restricted(["coo", "csc"])
    turned = narrow.reversed
    assert narrow.formats() == {"created": ["coo"], "not created": ["csc"]}
    assert turned.formats() == {"created": ["coo"], "not created": ["csr"]}
    assert turned.restricted("csr").reversed.formats()["created"] == ["csc"]


def test_edges_of_rows_come_row_after_row() -> None:
    indptr = torch.tensor([0, 2, 2, 5], dtype=torch.int32)
    rows = torch.tensor([2, 0, 1, 2], dtype=torch.int32)
    assert positions_of(indptr, rows).tolist() == [2, 3, 4, 0, 1, 2, 3, 4]
    assert positions_of(indptr, rows[:0]).tolist() == []
    assert ranges(torch.tensor([5, 1]), torch.tensor([5, 3])).tolist() == [1, 2]


@every_way
def test_bucketed_edges_are_renumbered_in_the_order_of_the_buckets(
    make: Maker, idtype: torch.dtype
) -> None:
    adjacency = make(idtype)
    bucketed = adjacency.bucketed
    order = adjacency.buckets.edges.tolist()
    assert bucketed.src.tolist() == [SRC[e] for e in order]
    assert bucketed.dst.tolist() == [DST[e] for e in order]
    assert adjacency.bucketed is bucketed
    assert adjacency.reversed.bucketed is not bucketed


def test_what_is_kept_is_made_once_for_each_direction() -> None:
    adjacency = from_coo(torch.int64)
    views = (adjacency, adjacency.reversed, adjacency.reversed.reversed)
    assert [view.cached("what", object) is adjacency.cached("what", object) for view in views] == [
        True,
        False,
        True,
    ]
    assert adjacency.cached("else", object) is not adjacency.cached("what", object)
