"""What each process of test_ddp.py runs: two epochs of every loader, written down as numbers."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import torch.distributed as dist

import graphmp as gm
from graphmp import dataloading as dl


def seeds_of(loader: dl.DataLoader) -> list[list[int]]:
    return [batch[1].tolist() for batch in loader]


def main(folder: Path) -> None:
    dist.init_process_group("gloo")
    torch.manual_seed(dist.get_rank())  # processes need not agree on a seed
    g = gm.rand_graph(23, 100)
    found: dict[str, Any] = {"rank": dist.get_rank()}
    for drop_last in (False, True):
        for shuffle in (False, True):
            for workers in (0, 2):
                loader = dl.DataLoader(
                    g,
                    range(23),
                    dl.NeighborSampler([2]),
                    use_ddp=True,
                    ddp_seed=5,
                    batch_size=4,
                    shuffle=shuffle,
                    drop_last=drop_last,
                    num_workers=workers,
                )
                epochs = [seeds_of(loader), seeds_of(loader)]
                loader.set_epoch(0)
                epochs.append(seeds_of(loader))
                found[f"{drop_last} {shuffle} {workers}"] = [len(loader), epochs]
    by_type = dl.DataLoader(
        gm.heterograph({("a", "x", "b"): ([0, 1, 2], [0, 1, 2])}),
        {"a": [0, 1], "b": [0, 1, 2]},
        dl.NeighborSampler([2]),
        use_ddp=True,
        batch_size=5,
    )
    found["types"] = [{t: ids.tolist() for t, ids in batch[1].items()} for batch in by_type]
    graphs = [gm.rand_graph(n, 1) for n in range(1, 8)]
    of_graphs = dl.GraphDataLoader(graphs, use_ddp=True, ddp_seed=1, batch_size=2, shuffle=True)
    of_graphs.set_epoch(1)
    found["graphs"] = [batch.batch_num_nodes().tolist() for batch in of_graphs]
    (folder / f"{dist.get_rank()}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
