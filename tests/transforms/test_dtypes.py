"""Features change their dtype; integers, structure and the old graph do not."""

from __future__ import annotations

import pytest
import torch
from support.samples import contents, shop

import graphmp as gm

DTYPES = {
    gm.to_half: torch.float16,
    gm.to_bfloat16: torch.bfloat16,
    gm.to_float: torch.float32,
    gm.to_double: torch.float64,
}
NAMES = [function.__name__ for function in DTYPES]


@pytest.mark.parametrize(("function", "dtype"), DTYPES.items(), ids=NAMES)
def test_floating_point_features_change_their_dtype(function: object, dtype: torch.dtype) -> None:
    g = gm.node_subgraph(shop().int(), {"user": [0, 1, 2], "game": [1, 0]})
    g.nodes["user"].data["mask"] = torch.tensor([True, False, True])
    before = contents(g)
    new = function(g)  # type: ignore[operator]
    assert contents(new) == before == contents(g)
    assert {column.dtype for column in new.ndata["x"].values()} == {dtype}
    assert {column.dtype for column in new.edata["w"].values()} == {dtype}
    assert new.nodes["user"].data["mask"].dtype == torch.bool
    assert new.nodes["user"].data[gm.NID].dtype == new.idtype == torch.int32
    assert g.nodes["user"].data["x"].dtype == torch.float32


@pytest.mark.parametrize("function", DTYPES, ids=NAMES)
def test_batches_and_blocks_stay_what_they_are(function: object) -> None:
    block = gm.create_block(([0, 1], [0, 0]))
    block.srcdata["x"], block.dstdata["y"] = torch.ones(2), torch.ones(1)
    new = function(block)  # type: ignore[operator]
    assert new.is_block
    assert new.srcdata["x"].dtype == new.dstdata["y"].dtype == DTYPES[function]  # type: ignore[index]
    batch = gm.batch([gm.graph(([0], [1])), gm.graph(([0], [2]))])
    assert function(batch).batch_num_nodes().tolist() == [2, 3]  # type: ignore[operator]


def test_something_else_is_refused() -> None:
    with pytest.raises(gm.GraphTypeError, match="Expected a graph"):
        gm.to_half(torch.ones(2))  # type: ignore[arg-type]
