"""The base class of datasets that are read from public files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from ..errors import GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError
from .archives import extract_archive
from .dataset import GraphDataset
from .downloads import fetch, forget, get_dgl_url
from .sources import Folder, cache_folder, find_folder, need_folder

ARCHIVES = (".zip", ".tgz", ".tar.gz", ".gz")


class BuiltinDataset(GraphDataset):
    """Base class of datasets from public files; also exported as ``DGLBuiltinDataset``.

    The files are read from ``raw_dir``, else from the folder that the environment variable
    ``GRAPHMP_DATA`` names: from the folder itself or from one with the dataset's name within. Else
    they are downloaded to ``raw_dir``, or without a ``raw_dir`` to the folder of
    :func:`graphmp.data.get_download_dir`. The sum of a download is compared with the known one, or
    else with that of the first download.

    A subclass whose files have names lists them in ``_files``; others are read from
    :attr:`raw_path`.

    Args:
        name: the name of the dataset.
        url: the URL of an archive or of the only file; None for data that needs no download.
        raw_dir: the folder of the files.
        hash_key: see :class:`graphmp.data.GraphDataset`.
        force_reload: see :class:`graphmp.data.GraphDataset`.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _files: tuple[str, ...] = ()
    _checksum: ClassVar[str | None] = None
    _first_download: Path | None = None

    def __init__(
        self,
        name: str,
        url: str | None,
        raw_dir: Folder | None = None,
        hash_key: tuple[Any, ...] = (),
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(
            name,
            url=url,
            raw_dir=raw_dir,
            hash_key=hash_key,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )

    def _load(self) -> None:
        """Load the dataset; each error about its files names the folder.

        A first download that cannot be read is removed, as its sum must not count for later ones.
        """
        try:
            super()._load()
        except (GraphIndexError, GraphKeyError, GraphTypeError, GraphValueError) as error:
            if self._first_download is not None:
                forget(self._first_download)
            folder = self._found() if any(self._choices()) else None
            if folder is None or str(folder) in str(error):
                raise
            raise GraphValueError(f"The files of {self.name!r} in {folder}: {error}") from error

    def download(self) -> None:
        """Download the archive, or the only file, to :attr:`raw_path`."""
        if self.url is None:
            return
        name = self.url.partition("?")[0].rsplit("/", 1)[-1]
        path = Path(self.raw_dir) / name
        is_read = any(name in names for names in self._choices())
        if is_read or not name.endswith(ARCHIVES):
            path = Path(self.raw_path) / name
        fetch(self.url, path, self._checksum, self.verbose)
        self._first_download = path if self._checksum is None else None
        if path.parent == Path(self.raw_dir):
            extract_archive(path, self.raw_path)

    def _downloads(self) -> bool:
        return self.url is not None or type(self).download is not BuiltinDataset.download

    def _has_raw(self) -> bool:
        return self._found() is not None if any(self._choices()) else super()._has_raw()

    def _found(self) -> Path | None:
        """The folder of the files, if there is one."""
        places = self._places()
        folder = find_folder(places, self._choices(), self._raw_dir)
        if folder is None and self._raw_dir is None:
            return find_folder(places, self._choices(), cache_folder())
        return folder

    def _folder(self) -> Path:
        """The folder of the files, downloaded or not."""
        folder = self._found()
        if folder is not None:
            return folder
        return need_folder(self._places(), self._choices(), self.raw_dir, str(self.url))

    def _choices(self) -> list[list[str]]:
        """The files; where they may have other names, several lists."""
        return [list(self._files)]

    def _places(self) -> list[str]:
        """Where the files may lie within a folder; DGL adds digits to the name."""
        names = [self.name, self._folder_name()]
        return [*names, *(f"{name}/{self.name}" for name in names)]


class FixedDataset(BuiltinDataset):
    """A dataset of the repository of DGL, whose name and files are fixed by its class.

    Args:
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print counts, and a progress bar for downloads.
        transform: a function that is applied to each graph on access.

    Raises:
        GraphValueError: a damaged or unexpected file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    _set_name: ClassVar[str]
    _remote: ClassVar[str]

    def __init__(
        self,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
    ) -> None:
        remote = self._remote
        super().__init__(
            self._set_name,
            remote if "://" in remote else get_dgl_url(remote),
            raw_dir=raw_dir,
            force_reload=force_reload,
            verbose=verbose,
            transform=transform,
        )


DGLBuiltinDataset = BuiltinDataset
