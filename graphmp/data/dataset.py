"""What all data sets share: a name, folders, hooks for loading, and indexing."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .. import _checks
from ..errors import GraphIndexError
from ..graph import Graph
from .sources import Folder, cache_folder


class GraphDataset(ABC):
    """Base of the data sets here and of a user's own; ``DGLDataset`` is another name for it.

    A subclass overrides :meth:`process`, ``__getitem__`` and ``__len__``. When it is made, it
    loads itself: from its cache when :meth:`has_cache` says that there is one, else by
    :meth:`download`, :meth:`process` and :meth:`save`. A subclass that overrides none of the
    hooks is processed anew each time.

    Args:
        name: what the data set is called.
        url: where its raw data is, for :meth:`download`.
        raw_dir: folder of downloaded data; by default the system's cache folder.
        save_dir: folder of processed data; by default ``raw_dir``.
        hash_key: settings on which the processed data depends; see :attr:`hash`.
        force_reload: ignore the cache.
        verbose: print what is done.
        transform: called on each graph that is read.

    Example:
        >>> import graphmp as gm
        >>> class Triangle(GraphDataset):
        ...     def __init__(self):
        ...         super().__init__(name="triangle")
        ...
        ...     def process(self):
        ...         self.graph = gm.graph(([0, 1, 2], [1, 2, 0]))
        ...
        ...     def __getitem__(self, idx):
        ...         return self.graph
        ...
        ...     def __len__(self):
        ...         return 1
        >>> Triangle()[0].num_edges()
        3
    """

    def __init__(
        self,
        name: str,
        url: str | None = None,
        raw_dir: Folder | None = None,
        save_dir: Folder | None = None,
        hash_key: tuple[Any, ...] = (),
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self._name = name
        self._url = url
        self._raw_dir = raw_dir
        self._save_dir = save_dir
        self._hash_key = hash_key
        self._force_reload = force_reload
        self._verbose = verbose
        self._transform = transform
        self._load()

    @abstractmethod
    def process(self) -> None:
        """Make the graphs from the raw data."""

    @abstractmethod
    def __getitem__(self, idx: int) -> Any:
        """Give the item at ``idx``, from 0 to ``len(self) - 1``."""

    @abstractmethod
    def __len__(self) -> int:
        """Give the number of items."""

    def __iter__(self) -> Iterator[Any]:
        return (self[idx] for idx in range(len(self)))

    def download(self) -> None:
        """Bring the raw data to :attr:`raw_path`; called when that does not exist yet."""

    def save(self) -> None:
        """Write the processed data below :attr:`save_path`."""

    def load(self) -> None:
        """Read what :meth:`save` wrote."""

    def has_cache(self) -> bool:
        """Say whether :meth:`load` has something to read."""
        return False

    @property
    def name(self) -> str:
        """What the data set is called."""
        return self._name

    @property
    def url(self) -> str | None:
        """Where the raw data is."""
        return self._url

    @property
    def raw_dir(self) -> str:
        """Folder of downloaded data."""
        return str(cache_folder() if self._raw_dir is None else Path(self._raw_dir).expanduser())

    @property
    def raw_path(self) -> str:
        """Folder of this data set's raw data."""
        return str(Path(self.raw_dir) / self.name)

    @property
    def save_dir(self) -> str:
        """Folder of processed data."""
        return self.raw_dir if self._save_dir is None else str(Path(self._save_dir).expanduser())

    @property
    def save_path(self) -> str:
        """Folder of this data set's processed data."""
        return str(Path(self.save_dir) / self.name)

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that change with ``hash_key``, for names of cache files."""
        return hashlib.sha256(repr(self._hash_key).encode()).hexdigest()[:8]

    @property
    def verbose(self) -> bool:
        """Whether to print what is done."""
        return self._verbose

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r}, num_graphs={len(self)})"

    def _load(self) -> None:
        if self.has_cache() and not self._force_reload:
            self.load()
            return
        if self._downloads() and not Path(self.raw_path).exists():
            Path(self.raw_dir).mkdir(parents=True, exist_ok=True)
            self.download()
        self.process()
        self.save()

    def _downloads(self) -> bool:
        return type(self).download is not GraphDataset.download


class SingleGraphDataset(GraphDataset):
    """A data set of one graph, which :meth:`process` puts into ``self._graph``."""

    _graph: Graph

    def __getitem__(self, idx: int) -> Any:
        """Give the graph, transformed.

        Args:
            idx: 0.

        Raises:
            GraphIndexError: any other index.
        """
        if not _checks.is_single(idx) or idx != 0:
            raise GraphIndexError(
                f"{type(self).__name__} has one graph, at index 0, but {idx!r} came."
            )
        return self._graph if self._transform is None else self._transform(self._graph)

    def __len__(self) -> int:
        """Give 1."""
        return 1

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return int(self._graph.ndata["label"].max()) + 1


DGLDataset = GraphDataset
