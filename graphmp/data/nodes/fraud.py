"""Fraud in reviews: users or reviews with three relations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ...construct.from_edges import heterograph
from ...errors import GraphValueError
from ...io.compressed_rows import CompressedRows
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..downloads import get_dgl_url
from ..readers import matlab
from ..readers.arrays import fitting
from ..sources import Folder
from ..splits import MASKS, mask_of

SETS: dict[str, dict[str, Any]] = {
    "yelp": {
        "url": "dataset/FraudYelp.zip",
        "file": "YelpChi.mat",
        "node": "review",
        "relations": ["net_rsr", "net_rtr", "net_rur"],
        "first": 0,
    },
    "amazon": {
        "url": "dataset/FraudAmazon.zip",
        "file": "Amazon.mat",
        "node": "user",
        "relations": ["net_upu", "net_usu", "net_uvu"],
        "first": 3305,  # the users before have no label
    },
}


class FraudDataset(BuiltinDataset, SingleGraphDataset):
    """A graph of `CARE-GNN <https://arxiv.org/abs/2008.08692>`__ (Dou and others, CIKM 2020).

    One node type, ``"review"`` or ``"user"``, with three edge types, has ``feature`` (N, D)
    float32, ``label`` (N,) int64, 1 for fraud, and ``train_mask``, ``val_mask``, ``test_mask``
    (N,) bool. The file ``YelpChi.mat`` or ``Amazon.mat`` is read as
    :class:`graphmp.data.DGLBuiltinDataset` says. The first 3,305 users of Amazon, which have no
    label, are in no mask.

    Args:
        name: ``"yelp"`` or ``"amazon"``.
        raw_dir: the folder of the file.
        random_seed: the seed of the split.
        train_size: the fraction of training nodes.
        val_size: the fraction of validation nodes; the others are test nodes.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.

    Raises:
        GraphValueError: an unknown name, fractions above 1, or a damaged file.
        GraphRuntimeError: a missing file that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        raw_dir: Folder | None = None,
        random_seed: int = 717,
        train_size: float = 0.7,
        val_size: float = 0.1,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        if name not in SETS:
            raise GraphValueError(f"Expected name to be one of {', '.join(SETS)}, got {name!r}.")
        if min(train_size, val_size) < 0 or train_size + val_size > 1:
            raise GraphValueError(
                f"Expected train_size and val_size from 0, at most 1 together, got {train_size} "
                f"and {val_size}."
            )
        self.seed, self.train_size, self.val_size = random_seed, train_size, val_size
        self._files = (SETS[name]["file"],)
        super().__init__(
            name,
            get_dgl_url(SETS[name]["url"]),
            raw_dir=raw_dir,
            hash_key=(random_seed, train_size, val_size),
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the file and build the graph."""
        path = self._folder() / self._files[0]
        node, relations = SETS[self.name]["node"], SETS[self.name]["relations"]
        parts = matlab.read(path, ["features", "label", *relations])
        label = np.asarray(_dense(parts["label"], path)).reshape(-1)
        size = len(label)
        edges = {(node, name, node): _ends(parts[name], size, name, path) for name in relations}
        g = heterograph(edges, {node: size})
        feat = fitting(_dense(parts["features"], path), "features", path, "fiub", size, None)
        g.ndata["feature"] = torch.from_numpy(feat.astype("float32"))
        g.ndata["label"] = torch.from_numpy(
            fitting(label, "labels", path, "fiu", size).astype("int64")
        )
        self._graph = g
        self._split(size)

    @property
    def graph(self) -> Any:
        """The graph, not transformed."""
        return self._graph

    @property
    def num_classes(self) -> int:
        """2: honest and fraud."""
        return 2

    def _split(self, size: int) -> None:
        index = np.arange(min(SETS[self.name]["first"], size), size)
        index = np.random.RandomState(self.seed).permutation(index)
        first, last = int(self.train_size * len(index)), int(self.val_size * len(index))
        middle = len(index) - last
        for name, part in zip(
            MASKS, (index[:first], index[middle:], index[first:middle]), strict=True
        ):
            self._graph.ndata[name] = mask_of(part, size, name)


class FraudYelpDataset(FraudDataset):
    """Reviews of hotels and restaurants: 45,954 reviews, 32 features, 7,739,912 edges.

    Args and Raises: see :class:`FraudDataset`, without the name.
    """

    def __init__(self, raw_dir: Folder | None = None, *settings: Any, **named: Any) -> None:
        super().__init__("yelp", raw_dir, *settings, **named)


class FraudAmazonDataset(FraudDataset):
    """Reviewers of musical instruments: 11,944 users, 25 features, 8,796,784 edges.

    Args and Raises: see :class:`FraudDataset`, without the name.
    """

    def __init__(self, raw_dir: Folder | None = None, *settings: Any, **named: Any) -> None:
        super().__init__("amazon", raw_dir, *settings, **named)


def _ends(matrix: Any, size: int, name: str, path: Any) -> tuple[Tensor, Tensor]:
    """The rows and columns of a sparse matrix."""
    if not isinstance(matrix, CompressedRows) or matrix.shape != (size, size):
        raise GraphValueError(
            f"{path}: expected {name} as a sparse matrix of {size} rows and columns, got "
            f"{type(matrix).__name__} of shape {matrix.shape}. Download it again."
        )
    return torch.from_numpy(matrix.indices), torch.from_numpy(matrix.rows())


def _dense(value: Any, path: Any) -> Any:
    """An array, or the whole of a sparse matrix, which is read by columns."""
    return value.dense(f"a matrix of {path}").T if isinstance(value, CompressedRows) else value
