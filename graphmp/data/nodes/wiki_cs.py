"""Wiki-CS: articles about computer science."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...construct.from_edges import graph
from ...errors import GraphValueError
from ...transforms import reorder_graph, to_bidirected
from ..builtin import FixedDataset
from ..dataset import SingleGraphDataset
from ..readers.arrays import fitting
from ..readers.text import read_json


class WikiCSDataset(FixedDataset, SingleGraphDataset):
    """Articles of Wikipedia: 11,701 in 10 branches of computer science, 431,726 edges.

    From `Wiki-CS: A Wikipedia-Based Benchmark for Graph Neural Networks
    <https://arxiv.org/abs/2007.02901>`__ (P. Mernyei and C. Cangea, 2020). Edges are distinct and
    go both ways; nodes are numbered by reverse Cuthill-McKee, as in DGL. The graph has ``feat``
    (N, 300) float32, ``label`` (N,) int64, twenty splits ``train_mask``, ``val_mask`` and
    ``stopping_mask`` (N, 20) bool, and ``test_mask`` (N,) bool. The file ``data.json`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        raw_dir: the folder of the file.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: a missing file that cannot be downloaded, or SciPy is not installed.
    """

    _set_name, _remote, _files = "wiki_cs", "dataset/wiki_cs.zip", ("data.json",)

    def process(self) -> None:
        """Read the file and build the graph."""
        path = self._folder() / "data.json"
        data = read_json(path, dict)
        size = len(data.get("labels") or ())
        g = to_bidirected(graph(_ends(data.get("links"), size, path), num_nodes=size))
        feat = _array(data, "features", path, "fi", size, None)
        g.ndata["feat"] = torch.from_numpy(feat.astype("float32"))
        g.ndata["label"] = torch.from_numpy(_array(data, "labels", path, "i", size))
        for part in ("train", "val", "stopping"):
            masks = _array(data, f"{part}_masks", path, "bi", None, size)
            g.ndata[f"{part}_mask"] = torch.from_numpy((masks != 0).T.copy())
        g.ndata["test_mask"] = torch.from_numpy(_array(data, "test_mask", path, "bi", size) != 0)
        self._graph = reorder_graph(g, "rcmk", edge_permute_algo="dst", store_ids=False)

    @property
    def num_classes(self) -> int:
        """10 branches."""
        return 10


def _ends(links: Any, size: int, path: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """The ends of the links: a list of neighbours for each node."""
    try:
        degrees = [len(others) for others in links]
        ends = np.array([other for others in links for other in others], np.float64)
        fits = len(degrees) == size and (ends == ends.astype(np.int64)).all()
        if not fits or (ends.size and not 0 <= ends.min() <= ends.max() < size):
            raise GraphValueError(f"expected {size} lists of nodes from 0 to {size - 1}")
    except (TypeError, ValueError) as error:
        raise GraphValueError(f"{path}: links: {error}. Download it again.") from error
    return torch.arange(size).repeat_interleave(torch.tensor(degrees)), torch.from_numpy(
        ends.astype(np.int64)
    )


def _array(
    data: dict[str, Any], name: str, path: Path, kinds: str, *shape: int | None
) -> NDArray[Any]:
    """An array of the file, checked."""
    try:
        value = np.array(data.get(name))
    except ValueError as error:
        raise GraphValueError(f"{path}: {name}: {error}. Download it again.") from error
    return fitting(value, name, path, kinds, *shape)
