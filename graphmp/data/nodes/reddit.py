"""Reddit: posts that the same users commented on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from ...construct.from_edges import graph
from ...transforms import reorder_graph
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..downloads import get_dgl_url
from ..readers.arrays import fitting, read_npz, read_sparse
from ..sources import Folder
from ..splits import MASKS


class RedditDataset(BuiltinDataset, SingleGraphDataset):
    """Posts of September 2014: 232,965 in 41 communities, 114,615,892 edges, 602 features.

    From `Inductive Representation Learning on Large Graphs <https://arxiv.org/abs/1706.02216>`__
    (W. Hamilton, R. Ying, J. Leskovec, 2017). The graph has ``feat`` (N, 602) float32, ``label``
    (N,) int64 and ``train_mask``, ``val_mask``, ``test_mask`` (N,) bool; nodes are numbered by
    reverse Cuthill-McKee, as in DGL. The files ``reddit_data.npz`` and ``reddit_graph.npz``, or
    ``reddit_self_loop_graph.npz``, are read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        self_loop: read the graph with an edge from each node to itself.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded, or SciPy is not installed.
    """

    def __init__(
        self,
        self_loop: bool = False,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        name = "reddit_self_loop" if self_loop else "reddit"
        self._files = (f"{name}_graph.npz", "reddit_data.npz")
        super().__init__(
            name,
            get_dgl_url(f"dataset/{name}.zip"),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        adjacency = read_sparse(folder / self._files[0], "the adjacency")
        size = len(adjacency)
        ends = torch.from_numpy(adjacency.rows()), torch.from_numpy(adjacency.indices)
        g = graph(ends, num_nodes=size)
        path = folder / self._files[1]
        parts = read_npz(path, ["feature", "label", "node_types"])
        role = fitting(parts["node_types"], "node_types", path, "iu", size)
        for number, name in enumerate(MASKS, 1):
            g.ndata[name] = torch.from_numpy(role == number)
        feat = fitting(parts["feature"], "features", path, "f", size, None)
        label = fitting(parts["label"], "labels", path, "iu", size)
        g.ndata["feat"] = torch.from_numpy(feat.astype("float32"))
        g.ndata["label"] = torch.from_numpy(label.astype("int64"))
        self._graph = reorder_graph(g, "rcmk", edge_permute_algo="dst", store_ids=False)
        if self.verbose:
            print(f"  NumNodes: {size}\n  NumEdges: {g.num_edges()}")
            for name in MASKS:
                print(f"  {name}: {int(g.ndata[name].sum())}")

    @property
    def num_classes(self) -> int:
        """41 communities."""
        return 41
