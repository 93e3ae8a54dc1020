"""Gowalla: who visited which places, for recommendation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ...construct.from_edges import heterograph
from ...errors import GraphValueError
from ...io.compressed_rows import check_cells
from ..dataset import SingleGraphDataset
from ..readers import text
from ..readers.numbers import integer
from ..sources import Folder, need_folder

Ints = NDArray[np.int64]

VISITED = ("user", "visited", "item")
VISITED_BY = ("item", "visited_by", "user")
ORIGIN = "https://github.com/gusye1234/LightGCN-PyTorch (data/gowalla)"
FILES = ["train.txt", "test.txt"]


class GowallaDataset(SingleGraphDataset):
    """Visits of users to places, in the split of NGCF and LightGCN.

    29,858 users, 40,981 items, 810,128 visits for training and 217,242 for testing. The visits are
    from E. Cho, S. Myers and J. Leskovec, "Friendship and Mobility", KDD 2011; the split is that of
    `NGCF <https://arxiv.org/abs/1905.08108>`__ (X. Wang and others, SIGIR 2019).

    The graph has edges ``("user", "visited", "item")``, training edges first, and their reverse,
    ``("item", "visited_by", "user")``, in the same order. Both have ``train_mask`` and
    ``test_mask`` (E,) bool. Train on the training edges alone: ``graphmp.edge_subgraph(g, {t:
    g.edges[t].data["train_mask"] for t in g.etypes}, relabel_nodes=False)``.

    The files ``train.txt`` and ``test.txt`` have a line ``user item item …`` for each user. They
    are read from ``raw_dir``, else from the folder that the environment variable ``GRAPHMP_DATA``
    names: from the folder itself or from ``gowalla/`` within.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts.
        transform: a function that is applied to the graph on access.

    Attributes:
        num_users: number of users.
        num_items: number of items.

    Raises:
        GraphValueError: a damaged file.
        GraphRuntimeError: missing files.
    """

    def __init__(
        self,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = True,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(
            "gowalla",
            url=ORIGIN,
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = need_folder(["gowalla"], [FILES], self._raw_dir, ORIGIN)
        train, test = (read_visits(folder / name) for name in FILES)
        users, items = (
            torch.from_numpy(np.concatenate(ends)) for ends in zip(train, test, strict=True)
        )
        self.num_users, self.num_items = (int(ends.max()) + 1 for ends in (users, items))
        check_cells(self.num_users + self.num_items, 1, len(users), f"the ids in {folder}")
        self._graph = heterograph(
            {VISITED: (users, items), VISITED_BY: (items, users)},
            {"user": self.num_users, "item": self.num_items},
        )
        is_train = torch.arange(len(users)) < len(train[0])
        for etype in (VISITED, VISITED_BY):
            self._graph.edges[etype].data["train_mask"] = is_train
            self._graph.edges[etype].data["test_mask"] = ~is_train
        if self.verbose:
            print(f"{self.num_users} users, {self.num_items} items.")
            print(f"{len(train[0])} visits to train on, {len(test[0])} to test on.")
            print(f"Done loading data from {folder}.")


def read_visits(path: Path) -> tuple[Ints, Ints]:
    """Read lines ``user item item …``.

    Args:
        path: the file.

    Returns:
        (E,) users and (E,) items, in the order of the file.

    Raises:
        GraphValueError: the file holds something else, or nothing; the message names the line.
    """
    users, items = [], []
    for number, line in text.lines(path):
        try:
            user, *visited = map(integer, line.split())
            if min(user, *visited, 0) < 0:
                raise GraphValueError(f"an id is negative in {line[:40]!r}")
        except GraphValueError as error:
            raise GraphValueError(
                f"{path}, line {number}: expected ids of a user and of items: {error}. "
                "Download the file again."
            ) from error
        users += [user] * len(visited)
        items += visited
    if not users:
        raise GraphValueError(f"{path} holds no visits. Download it again.")
    return np.array(users, np.int64), np.array(items, np.int64)
