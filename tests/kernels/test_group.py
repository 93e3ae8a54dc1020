"""Sorting edges by one of their ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch
from support.corner_graphs import ID_DTYPES, Corner, each_corner

from graphmp import kernels


@pytest.fixture
def set_threads() -> Iterator[Callable[[int], None]]:
    """Set the number of threads for one test."""
    count = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(count)


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_group_is_a_stable_sort(corner: Corner, idtype: torch.dtype) -> None:
    indptr, order = kernels.group(torch.tensor(corner.dst, dtype=idtype), corner.num_dst)
    assert indptr.dtype == order.dtype == idtype
    assert order.tolist() == sorted(range(len(corner.dst)), key=corner.dst.__getitem__)
    starts = [sum(node < row for node in corner.dst) for row in range(corner.num_dst + 1)]
    assert indptr.tolist() == starts


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_compress_groups_edges_stably(corner: Corner, idtype: torch.dtype) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    indptr, indices, eids = kernels.compress(dst, src, corner.num_dst)
    expected = kernels.group(dst, corner.num_dst)
    assert (indptr.tolist(), eids.tolist()) == tuple(part.tolist() for part in expected)
    assert indices.tolist() == src[eids.long()].tolist()
    assert {indptr.dtype, indices.dtype, eids.dtype} == {idtype}


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_edges_of_many_rows_are_grouped_stably(idtype: torch.dtype) -> None:
    for rows in (300_000, (1 << 19) + 1, 700_000, 1 << 20):
        ids = torch.randint(rows, (5000,), dtype=idtype)
        ids[:9] = torch.tensor([rows - 1, 0, rows - 1, 3, 3, 0, rows // 2, rows - 2, rows - 1])
        indptr, indices, eids = kernels.compress(ids, ids + 1, rows)
        ordered, order = ids.sort(stable=True)
        assert torch.equal(indices, ordered + 1)
        assert torch.equal(eids, order.to(idtype))
        assert torch.equal(indptr.long(), torch.searchsorted(ordered, torch.arange(rows + 1)))


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_search_finds_the_edges_of_pairs(corner: Corner, idtype: torch.dtype) -> None:
    pairs = sorted(zip(corner.dst, corner.src, strict=True))
    rows, others = (torch.tensor([pair[i] for pair in pairs], dtype=idtype) for i in (0, 1))
    csr = kernels.compress(rows, others, corner.num_dst)
    asked = [(v, u) for v in range(corner.num_dst) for u in range(corner.num_src)][:2000]
    low, high = kernels.search(
        csr, *(torch.tensor([pair[i] for pair in asked], dtype=idtype) for i in (0, 1))
    )
    assert low.dtype == high.dtype == torch.int64
    for pair, first, end in zip(asked, low.tolist(), high.tolist(), strict=True):
        assert pairs[first:end] == [pair] * pairs.count(pair)


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_sort_pairs_sorts_by_both_ends_stably(corner: Corner, idtype: torch.dtype) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    indptr, indices, eids = kernels.sort_pairs(src, dst, corner.num_src, corner.num_dst)
    order = sorted(range(len(corner.src)), key=lambda e: (corner.src[e], corner.dst[e]))
    assert eids.tolist() == order
    assert indices.tolist() == [corner.dst[e] for e in order]
    assert torch.equal(indptr, kernels.group(src, corner.num_src)[0])
    assert {indptr.dtype, indices.dtype, eids.dtype} == {idtype}


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_edges_of_rows_come_row_after_row(corner: Corner, idtype: torch.dtype) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    csr = kernels.compress(dst, src, corner.num_dst)
    wanted = [*range(corner.num_dst - 1, -1, -1), *range(min(corner.num_dst, 5))]  # some twice
    for rows in (wanted, wanted[::3], []):
        chosen = torch.tensor(rows, dtype=idtype)
        expected = [(i, e) for i, v in enumerate(rows) for e, w in enumerate(corner.dst) if v == w]
        for names in (None, chosen + 7):
            owners, others, eids = kernels.edges_of(csr, chosen, names)
            assert owners.tolist() == [i if names is None else rows[i] + 7 for i, _ in expected]
            assert others.tolist() == [corner.src[e] for _, e in expected]
            assert eids.tolist() == [e for _, e in expected]
            assert owners.dtype == others.dtype == eids.dtype == idtype
        for entries, part in ((csr.indices, others), (csr.edge_ids, eids)):
            assert torch.equal(kernels.entries_of(csr.indptr, entries, chosen), part)


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_edges_to_some_nodes_come_row_after_row(corner: Corner, idtype: torch.dtype) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    csr = kernels.compress(dst, src, corner.num_dst)
    rows = [*range(corner.num_dst - 1, -1, -1), *range(min(corner.num_dst, 5))]
    for nodes in ([*range(corner.num_src)][::-1], [*range(0, corner.num_src, 2)], []):
        some_rows, some_nodes = (torch.tensor(ids, dtype=idtype) for ids in (rows, nodes))
        owners, positions, eids = kernels.edges_among(csr, some_rows, some_nodes, corner.num_src)
        expected = [
            (i, e)
            for i, v in enumerate(rows)
            for e, (u, w) in enumerate(zip(corner.src, corner.dst, strict=True))
            if v == w and u in nodes
        ]
        assert list(zip(owners.tolist(), eids.tolist(), strict=True)) == expected
        assert positions.tolist() == [nodes.index(corner.src[e]) for _, e in expected]
        assert owners.dtype == positions.dtype == eids.dtype == idtype


@pytest.mark.parametrize("nodes", [1, 300, 1 << 13, (1 << 23) + 5])
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_many_pairs_are_sorted_by_both_ends_stably(idtype: torch.dtype, nodes: int) -> None:
    u, v = (torch.randint(nodes, (40_000,), dtype=idtype) for _ in range(2))
    u[:9_000], v[30_000:] = nodes - 1, 0  # a hub, and parallel edges
    csr = kernels.sort_pairs(u, v, nodes, nodes)
    order = torch.argsort(u.long() * nodes + v, stable=True)
    assert torch.equal(csr.edge_ids, order.to(idtype))
    assert torch.equal(csr.indices, v[order])
    limits = torch.searchsorted(u[order], torch.arange(nodes + 1, dtype=idtype))
    assert torch.equal(csr.indptr, limits.to(idtype))


@each_corner
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
@pytest.mark.usefixtures("backend")
def test_symmetrize_has_each_edge_in_both_directions_once(
    corner: Corner, idtype: torch.dtype
) -> None:
    src, dst = (torch.tensor(end, dtype=idtype) for end in (corner.src, corner.dst))
    u, v = kernels.symmetrize(src, dst, max(corner.num_src, corner.num_dst))
    pairs = {*zip(corner.src, corner.dst, strict=True), *zip(corner.dst, corner.src, strict=True)}
    assert list(zip(u.tolist(), v.tolist(), strict=True)) == sorted(pairs)
    assert u.dtype == v.dtype == idtype


@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_many_edges_are_symmetrized(idtype: torch.dtype) -> None:
    u, v = torch.randint(70_000, (2, 50_000), dtype=idtype)
    pairs = torch.unique(torch.stack([torch.cat([u, v]), torch.cat([v, u])]), dim=1)
    assert torch.equal(torch.stack(kernels.symmetrize(u, v, 70_000)), pairs)


@pytest.mark.parametrize("rows", [1, 300, 50_000, (1 << 19) + 1])
@pytest.mark.parametrize("idtype", ID_DTYPES, ids=str)
def test_threads_sort_many_edges_stably(
    idtype: torch.dtype, rows: int, set_threads: Callable[[int], None]
) -> None:
    ids, others = (torch.randint(rows, (200_003,), dtype=idtype) for _ in range(2))
    ids[5_000:60_000] = rows - 1  # a hub
    for count in (2, 3, 5):
        for sort in (kernels.compress, partial(kernels.sort_pairs, num_v=rows), kernels.symmetrize):
            set_threads(1)
            expected = sort(ids, others, rows)
            set_threads(count)
            for result, one in zip(sort(ids, others, rows), expected, strict=True):
                assert torch.equal(result, one)
