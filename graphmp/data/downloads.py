"""Downloads, checked against a known sum or that of the first download."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from pathlib import Path

from ..errors import GraphRuntimeError, GraphValueError
from .sources import DATA_VARIABLE, Folder, cache_folder, pooch_module

REPOSITORY = "https://data.dgl.ai/"


def get_download_dir() -> str:
    """Return the folder of downloaded data, and create it if it does not exist.

    It is the folder that the environment variable ``DGL_DOWNLOAD_DIR`` names; else ``~/.dgl`` if
    that exists, as DGL makes it; else ``graphmp`` in the system's folder of caches, on Linux
    ``~/.cache``.

    Raises:
        GraphRuntimeError: pooch is not installed.
    """
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def get_dgl_url(file_url: str) -> str:
    """Return the URL of a file in the repository that ``DGL_REPO`` names, by default DGL's.

    Args:
        file_url: the path within the repository.

    Example:
        >>> import graphmp as gm
        >>> gm.data.get_dgl_url("dataset/ppi.zip")
        'https://data.dgl.ai/dataset/ppi.zip'
    """
    return f"{os.environ.get('DGL_REPO', REPOSITORY).rstrip('/')}/{file_url}"


def check_sha1(filename: Folder, sha1_hash: str) -> bool:
    """Whether a file has a SHA-1 sum.

    Args:
        filename: the file.
        sha1_hash: the sum in hexadecimal digits.
    """
    return _sum(Path(filename), "sha1") == sha1_hash.lower()


def download(
    url: str,
    path: Folder | None = None,
    overwrite: bool = True,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
    log: bool = True,
) -> str:
    """Download a file; it takes its place only when it is complete and has the sum.

    Args:
        url: the file's URL, by http or https.
        path: the file or folder to write to; by default the current folder.
        overwrite: whether to replace a file that exists.
        sha1_hash: the SHA-1 sum that the file must have; one that exists with another is replaced.
        retries: how often to try again.
        verify_ssl: whether to verify the server's certificate.
        log: whether to print what is downloaded, and a progress bar.

    Returns:
        The path of the file.

    Raises:
        GraphValueError: a URL of another kind, or a file with another sum.
        GraphRuntimeError: the file cannot be downloaded, or pooch is not installed.
    """
    target = _target(url, path)
    fits = target.is_file() and (not sha1_hash or check_sha1(target, sha1_hash))
    if fits and not overwrite:
        return str(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if log:
        print(f"Downloading {target} from {url}...")
    known = f"sha1:{sha1_hash}" if sha1_hash else None
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    _retrieve(url, part, known, log, retries, verify_ssl)
    part.replace(target)
    return str(target)


def fetch(url: str, path: Path, checksum: str | None, progress: bool) -> Path:
    """Download a file unless it exists, and check it.

    Without a known sum, that of the first download is written to a file beside it, whose name ends
    in ``.sha256``, and later downloads are compared with it.

    Args:
        url: the file's URL.
        path: where to write it.
        checksum: such as ``"sha256:…"``, ``"sha1:…"`` or ``"md5:…"``; None if it is not known.
        progress: whether to show a progress bar.

    Returns:
        ``path``.

    Raises:
        GraphRuntimeError: pooch is not installed, or the file cannot be downloaded.
        GraphValueError: the file has another sum.
    """
    record = path.with_name(path.name + ".sha256")
    if checksum is None and record.is_file():
        checksum = f"sha256:{_recorded(record)}"
    path.parent.mkdir(parents=True, exist_ok=True)
    _retrieve(url, path, checksum, progress)
    if checksum is None:
        record.write_text(_sum(path, "sha256") + "\n", encoding="ascii")
    return path


def forget(path: Path) -> None:
    """Remove a download that is damaged, and the record of its sum, so that another may follow.

    Args:
        path: the file.
    """
    for each in (path, path.with_name(path.name + ".sha256")):
        each.unlink(missing_ok=True)


def fetch_files(base_url: str, checksums: Mapping[str, str], folder: Path, progress: bool) -> Path:
    """Download the files that ``folder`` does not hold yet, and check all against their sums.

    A file of another content than its sum says is replaced.

    Args:
        base_url: what to put before each file's name, with a slash at the end.
        checksums: the sha256 of each file, by name.
        folder: the folder of the files; created if it does not exist.
        progress: show a progress bar for each file.

    Returns:
        ``folder``.

    Raises:
        GraphRuntimeError: pooch is not installed, or a file cannot be downloaded.
        GraphValueError: a downloaded file is not the one that was wanted.
    """
    for name, checksum in checksums.items():
        fetch(base_url + name, folder / name, f"sha256:{checksum}", progress)
    return folder


def _recorded(record: Path) -> str:
    """The sum of a first download."""
    content = record.read_text(encoding="latin-1").strip()
    if not re.fullmatch("[0-9a-f]{64}", content):
        raise GraphValueError(
            f"Expected {record} to hold a SHA-256 sum, got {content!r:.80}; remove it, to trust "
            "the next download."
        )
    return content


def _retrieve(
    url: str,
    path: Path,
    known: str | None,
    progress: bool,
    retries: int = 0,
    verify_ssl: bool = True,
) -> None:
    """Have pooch download one file, unless it exists with the known sum."""
    pooch = pooch_module()
    if not url.startswith(("http://", "https://")):
        raise GraphValueError(f"Expected a URL by http or https, got {url!r}.")
    downloader = pooch.HTTPDownloader(progressbar=progress, verify=verify_ssl)
    for left in range(retries, -1, -1):
        try:
            pooch.retrieve(url, known, path.name, path.parent, downloader=downloader)
            return
        except OSError as error:
            if left == 0:
                raise GraphRuntimeError(_failed(path.name, url, error)) from error
        except ValueError as error:
            raise GraphValueError(_differs(path.name, url, error)) from error


def _target(url: str, path: Folder | None) -> Path:
    name = url.rsplit("/", 1)[-1]
    target = Path(name) if path is None else Path(path).expanduser()
    target = target / name if target.is_dir() and name else target
    if not target.name:
        raise GraphValueError(f"Expected a path for {url}, which ends without a name; pass path.")
    return target


def _sum(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        content = hashlib.new(algorithm, usedforsecurity=False)
        while chunk := file.read(1 << 20):
            content.update(chunk)
    return content.hexdigest()


def _failed(name: str, url: str, error: Exception) -> str:
    return (
        f"Expected {name} or a download from {url}, got: {error}. Move the files to a folder and "
        f"pass it as raw_dir, or set {DATA_VARIABLE} to it."
    )


def _differs(name: str, url: str, error: Exception) -> str:
    return (
        f"{name} from {url} is not the file with the expected checksum, and was removed: {error} "
        "Try again; if this persists, the file has changed there."
    )
