"""Seeds divided among the processes of torch.distributed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from support.loaders import flat, people

import graphmp as gm
from graphmp import dataloading as dl
from graphmp.dataloading.seeds import Shard

PROGRAM = Path(__file__).resolve().parents[1] / "support" / "ddp_program.py"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """What two processes that torchrun started wrote down."""
    folder = tmp_path_factory.mktemp("ddp")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    paths = [str(Path(gm.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [*command, str(PROGRAM), str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads((folder / f"{rank}.json").read_text()) for rank in range(2)]


@pytest.mark.program
def test_each_process_gets_other_seeds_and_together_they_get_all(found: list[Any]) -> None:
    for shuffle in (False, True):
        for workers in (0, 2):
            pairs = [one[f"False {shuffle} {workers}"] for one in found]
            assert [length for length, _ in pairs] == [3, 3]
            for epochs in zip(*(epochs for _, epochs in pairs), strict=True):
                parts = [flat(epoch) for epoch in epochs]
                assert [len(part) for part in parts] == [12, 12]  # 23 and one a second time
                assert set(parts[0] + parts[1]) == set(range(23))
                assert len(set(parts[0]) & set(parts[1])) == 1


@pytest.mark.program
def test_with_drop_last_no_seed_comes_twice(found: list[Any]) -> None:
    for shuffle in (False, True):
        for workers in (0, 2):
            pairs = [one[f"True {shuffle} {workers}"] for one in found]
            assert [length for length, _ in pairs] == [2, 2]
            for epochs in zip(*(epochs for _, epochs in pairs), strict=True):
                assert [[len(batch) for batch in epoch] for epoch in epochs] == [[4, 4], [4, 4]]
                seeds = flat(flat(epochs))
                assert len(set(seeds)) == 16


@pytest.mark.program
def test_epochs_have_another_order_and_set_epoch_chooses_it(found: list[Any]) -> None:
    for one in found:
        first, second, again = one["False True 0"][1]
        assert first == again != second
        assert one["False True 2"] == one["False True 0"]
        first, second, _ = one["False False 0"][1]
        assert first == second


@pytest.mark.program
def test_seeds_of_several_types_and_whole_graphs_are_divided_too(found: list[Any]) -> None:
    kinds = [{(t, i) for batch in one["types"] for t in batch for i in batch[t]} for one in found]
    assert kinds[0] | kinds[1] == {("a", 0), ("a", 1), ("b", 0), ("b", 1), ("b", 2)}
    sizes = [flat(one["graphs"]) for one in found]
    assert [len(size) for size in sizes] == [4, 4]
    assert set(sizes[0] + sizes[1]) == set(range(1, 8))


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize("total", [1, 2, 7, 12])
@pytest.mark.parametrize("processes", [1, 2, 3, 5])
def test_shares_are_those_of_torchs_sampler(processes: int, total: int, drop_last: bool) -> None:
    order = torch.randperm(total)
    parts = [Shard(i, processes).select(order, drop_last) for i in range(processes)]
    for rank, part in enumerate(parts):
        torchs: Any = torch.utils.data.DistributedSampler(
            order,  # type: ignore[arg-type]
            processes,
            rank,
            shuffle=False,
            drop_last=drop_last,
        )
        if drop_last and total < processes:  # torch counts wrong here
            assert len(part) == 0
            continue
        assert part.tolist() == order[list(torchs)].tolist()
        assert len(part) == Shard(rank, processes).size(total, drop_last)


def test_without_a_group_of_processes_it_is_refused() -> None:
    with pytest.raises(gm.GraphRuntimeError, match="init_process_group first"):
        dl.DataLoader(people(), [1], dl.NeighborSampler([1]), use_ddp=True)
    with pytest.raises(gm.GraphRuntimeError, match="init_process_group first"):
        dl.GraphDataLoader([people()], use_ddp=True)
