"""Graphs in shared memory are found by their names, and freed with them."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

import graphmp as gm
from graphmp.compat import memory
from graphmp.compat.shared_graphs import hetero_from_shared_memory, shared_memory


@pytest.fixture
def name() -> Iterator[str]:
    name = f"graphs-{os.getpid()}"
    yield name
    assert not memory.exist_shared_mem_array(name)


def shop() -> gm.Graph:
    edges = {("user", "buys", "item"): ([0, 1], [1, 2]), ("item", "of", "user"): ([0], [1])}
    g = gm.heterograph(edges, idtype=torch.int32)
    g.nodes["user"].data["x"] = torch.ones(2)
    return g


def test_a_graph_is_found_by_its_name_without_features(name: str) -> None:
    shared = shared_memory(shop(), name)
    for g in (shared, hetero_from_shared_memory(name)):
        assert (g.ntypes, g.canonical_etypes) == (shop().ntypes, shop().canonical_etypes)
        assert g.num_nodes("item") == 3
        assert g.idtype == torch.int32
        assert [ends.tolist() for ends in g.edges(etype="buys")] == [[0, 1], [1, 2]]
        assert list(g.nodes["user"].data) == []
        assert g.formats()["created"] == ["coo", "csr", "csc"]


def test_it_is_a_method_of_graphs(name: str) -> None:
    shared = shop().shared_memory(name, formats="csc")  # type: ignore[attr-defined]
    assert shared.formats()["created"] == ["csc"]


def test_a_block_remains_one(name: str) -> None:
    block = gm.to_block(gm.graph(([0, 1], [1, 2])), [1, 2])
    shared = shared_memory(block, name)
    assert shared.is_block
    assert shared.num_dst_nodes() == hetero_from_shared_memory(name).num_dst_nodes() == 2


def test_the_name_is_free_when_the_graph_is_gone(name: str) -> None:
    shared = shared_memory(shop(), name)
    with pytest.raises(gm.GraphValueError, match="expected a new name, got"):
        shared_memory(shop(), name)
    other = hetero_from_shared_memory(name)
    del shared
    gc.collect()
    with pytest.raises(gm.GraphValueError, match="Expected the name of a shared graph, got"):
        hetero_from_shared_memory(name)
    assert other.num_edges("buys") == 2


@pytest.mark.parametrize("wrong", ["", "..", "a/b"])
def test_a_path_is_no_name(wrong: str) -> None:
    with pytest.raises(gm.GraphValueError, match="expected a name, got"):
        shared_memory(shop(), wrong)


def test_an_unknown_layout_is_refused(name: str) -> None:
    with pytest.raises(gm.GraphValueError, match="xyz"):
        shared_memory(shop(), name, formats="xyz")


@pytest.mark.program
def test_another_process_finds_a_large_graph(name: str) -> None:
    large = gm.rand_graph(10_000, 200_000)
    shared = shared_memory(large, name)
    code = (
        "from graphmp.compat.shared_graphs import hetero_from_shared_memory\n"
        f"print(hetero_from_shared_memory({name!r}).in_degrees().tolist())"
    )
    command, root = [sys.executable, "-c", code], Path(gm.__file__).parents[1]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=True)
    assert done.stdout.strip() == str(shared.in_degrees().tolist())
    assert torch.equal(shared.in_degrees(), large.in_degrees())
