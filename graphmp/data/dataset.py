"""The dataset base class: a name, folders, hooks for loading, and indexing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .. import _checks
from ..errors import GraphIndexError, GraphNotImplementedError
from ..graph import Graph
from .sources import Folder, cache_folder


class GraphDataset:
    """Base class of all datasets; also exported as ``DGLDataset``.

    A subclass overrides ``__getitem__`` and ``__len__``, and :meth:`process` unless its constructor
    builds the items. The constructor loads the dataset: by :meth:`load` if :meth:`has_cache`
    returns True, else by :meth:`download`, :meth:`process` and :meth:`save`. By default, nothing is
    cached; :func:`graphmp.save_graphs` and :func:`graphmp.io.save_info` write files for
    :meth:`load`.

    Args:
        name: the name of the dataset.
        url: the URL of the raw data, for :meth:`download`.
        raw_dir: the folder of downloaded data; by default that of
            :func:`graphmp.data.get_download_dir`.
        save_dir: the folder of processed data; by default ``raw_dir``.
        hash_key: settings that the processed data depends on; see :attr:`hash`.
        force_reload: whether to ignore the cache.
        verbose: whether to print progress.
        transform: a function of a graph, for ``__getitem__`` to apply; see
            :meth:`apply_transform`.

    Example:
        >>> import graphmp as gm
        >>> class Cycles(gm.data.GraphDataset):
        ...     def __init__(self, transform=None):
        ...         super().__init__(name="cycles", transform=transform)
        ...
        ...     def process(self):
        ...         ends = [(list(range(n)), [*range(1, n), 0]) for n in (3, 4, 5)]
        ...         self.graphs = [gm.graph(pair) for pair in ends]
        ...
        ...     def __getitem__(self, idx):
        ...         return self.apply_transform(self.graphs[idx])
        ...
        ...     def __len__(self):
        ...         return len(self.graphs)
        >>> [g.num_edges() for g in Cycles()]
        [3, 4, 5]
        >>> [g.num_edges() for g in Cycles(transform=gm.add_self_loop)]
        [6, 8, 10]
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
        self._hash = self._get_hash()
        self._force_reload = force_reload
        self._verbose = verbose
        self._transform = transform
        self._load()

    def process(self) -> None:
        """Build the graphs from the raw data; by default, do nothing."""

    def __getitem__(self, idx: int) -> Any:
        """Return item ``idx``, from 0 to ``len(self) - 1``."""
        raise GraphNotImplementedError(
            f"Expected {type(self).__name__} to have its own __getitem__(idx), got none; define it."
        )

    def __len__(self) -> int:
        """Return the number of items."""
        raise GraphNotImplementedError(
            f"Expected {type(self).__name__} to have its own __len__(), got none; define it."
        )

    def __iter__(self) -> Iterator[Any]:
        return (self[idx] for idx in range(len(self)))

    def apply_transform(self, g: Any) -> Any:
        """Apply ``transform`` to a graph; every ``__getitem__`` calls this.

        Args:
            g: a graph.

        Returns:
            The transformed graph; ``g`` itself without a ``transform``.
        """
        return g if self._transform is None else self._transform(g)

    def download(self) -> None:
        """Download the raw data to :attr:`raw_path`; called if that does not exist."""

    def save(self) -> None:
        """Save the processed data to :attr:`save_path`."""

    def load(self) -> None:
        """Load the data that :meth:`save` wrote."""

    def has_cache(self) -> bool:
        """Whether there is saved data for :meth:`load`."""
        return False

    @property
    def name(self) -> str:
        """The name of the dataset."""
        return self._name

    @property
    def url(self) -> str | None:
        """The URL of the raw data."""
        return self._url

    @property
    def raw_dir(self) -> str:
        """Folder of downloaded data."""
        return str(cache_folder() if self._raw_dir is None else Path(self._raw_dir).expanduser())

    @property
    def raw_path(self) -> str:
        """Folder of this dataset's raw data; with a URL, its name ends with DGL's hash of it."""
        return str(Path(self.raw_dir) / self._folder_name())

    @property
    def save_dir(self) -> str:
        """Folder of processed data."""
        return self.raw_dir if self._save_dir is None else str(Path(self._save_dir).expanduser())

    @property
    def save_path(self) -> str:
        """Folder of this dataset's processed data."""
        return str(Path(self.save_dir) / self._folder_name())

    @property
    def hash(self) -> str:
        """Eight hexadecimal digits that change with ``hash_key``, for names of cache files.

        They are those of DGL.
        """
        return self._hash

    @property
    def verbose(self) -> bool:
        """Whether to print progress."""
        return self._verbose

    def __repr__(self) -> str:
        try:
            count = f"num_graphs={len(self)}, "
        except (AttributeError, NotImplementedError):  # not loaded yet, or without a length
            count = ""
        return f'Dataset("{self.name}", {count}save_path={self.save_path})'

    def _get_hash(self) -> str:
        return _digits(self._hash_key)

    def _folder_name(self) -> str:
        return self.name if self.url is None else f"{self.name}_{_digits(self.url)}"

    def _load(self) -> None:
        if not self._force_reload and self.has_cache():
            self.load()
            return
        self._download()
        self.process()
        self.save()

    def _download(self) -> None:
        if self._downloads() and not self._has_raw():
            Path(self.raw_dir).mkdir(parents=True, exist_ok=True)
            self.download()

    def _downloads(self) -> bool:
        return type(self).download is not GraphDataset.download

    def _has_raw(self) -> bool:
        return Path(self.raw_path).exists()


def _digits(value: Any) -> str:
    return hashlib.sha1(str(value).encode(), usedforsecurity=False).hexdigest()[:8]


class SingleGraphDataset(GraphDataset):
    """Base class of datasets of one graph, which ``process`` assigns to ``self._graph``.

    Args:
        name: the name of the dataset; the other arguments are those of :class:`GraphDataset`.

    Example:
        >>> import torch, graphmp as gm
        >>> class Square(gm.data.SingleGraphDataset):
        ...     def process(self):
        ...         self._graph = gm.graph(([0, 1, 2, 3], [1, 2, 3, 0]))
        ...         self._graph.ndata["label"] = torch.tensor([0, 1, 0, 1])
        >>> data = Square("square", transform=gm.add_self_loop)
        >>> len(data), data[0].num_edges(), data.num_classes
        (1, 8, 2)
    """

    _graph: Graph

    def __getitem__(self, idx: int) -> Any:
        """Return the graph, transformed.

        Args:
            idx: 0.

        Raises:
            GraphIndexError: any other index.
        """
        if not _checks.is_single(idx) or idx != 0:
            raise GraphIndexError(
                f"Expected the only graph of {type(self).__name__}, at index 0, got {idx!r}."
            )
        return self.apply_transform(self._graph)

    def __len__(self) -> int:
        """Return 1."""
        return 1

    @property
    def num_classes(self) -> int:
        """Number of node classes."""
        return int(self._graph.ndata["label"].max()) + 1


DGLDataset = GraphDataset
