"""MovieLens: ratings of films by users."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ...construct.from_edges import heterograph
from ...errors import GraphValueError
from ...io import pickles
from ..builtin import BuiltinDataset
from ..dataset import SingleGraphDataset
from ..downloads import get_dgl_url
from ..readers import text
from ..readers.numbers import integer, real
from ..sources import Folder

Array = NDArray[Any]

RATES, RATED = ("user", "user-movie", "movie"), ("movie", "movie-user", "user")
GENRES_ML_100K = [
    "unknown",
    "Action",
    "Adventure",
    "Animation",
    "Children",
    "Comedy",
    "Crime",
    "Documentary",
    "Drama",
    "Fantasy",
    "Film-Noir",
    "Horror",
    "Musical",
    "Mystery",
    "Romance",
    "Sci-Fi",
    "Thriller",
    "War",
    "Western",
]
GENRES = {
    "ml-100k": GENRES_ML_100K,
    "ml-1m": GENRES_ML_100K[1:],
    "ml-10m": [*GENRES_ML_100K, "IMAX"],
}
FILES = {
    "ml-100k": ("u1.base", "u1.test", "u.user", "u.item"),
    "ml-1m": ("ratings.dat", "users.dat", "movies.dat"),
    "ml-10m": ("ratings.dat", "movies.dat"),
}


class MovieLensDataset(BuiltinDataset, SingleGraphDataset):
    """Ratings of films, for recommendation: which rating does a user give to a film?

    From F. M. Harper and J. A. Konstan, "The MovieLens Datasets", 2015. The graph has edges
    ``("user", "user-movie", "movie")``, training ratings first in ml-100k, and the reversed ones
    ``("movie", "movie-user", "user")``. Both have ``rate`` (E,) float32 and ``train_mask``,
    ``valid_mask``, ``test_mask`` (E,) bool. Users have ``feat``: age / 50, whether female, and the
    occupation one-hot; zeros in ml-10m. Films have ``feat``: that of DGL's file
    ``movie_feat.pkl`` where it lies beside the others, else their genres. Users and films without
    ratings are left out. The files are read as :class:`graphmp.data.DGLBuiltinDataset` says.

    Args:
        name: ``"ml-100k"``, ``"ml-1m"`` or ``"ml-10m"``.
        valid_ratio: the fraction of validation ratings: of the training ratings in ml-100k, else of
            all.
        test_ratio: the fraction of test ratings; ml-100k has its own.
        raw_dir: the folder of the files.
        force_reload: ignored, as processed data is not cached.
        verbose: whether to print a progress bar for downloads.
        transform: a function that is applied to the graph on access.
        random_state: the seed of the split.

    Raises:
        GraphValueError: an unknown name, fractions out of range, or a damaged file.
        GraphRuntimeError: missing files that cannot be downloaded.
    """

    def __init__(
        self,
        name: str,
        valid_ratio: float,
        test_ratio: float | None = None,
        raw_dir: Folder | None = None,
        force_reload: bool = False,
        verbose: bool = False,
        transform: Callable[[Any], Any] | None = None,
        random_state: int = 0,
    ) -> None:
        if name not in FILES:
            raise GraphValueError(f"Expected name to be one of {', '.join(FILES)}, got {name!r}.")
        held_out = 0.0 if name == "ml-100k" else test_ratio or 0.0
        if not 0 < valid_ratio < 1 - held_out or (name != "ml-100k" and not 0 < held_out < 1):
            raise GraphValueError(
                f"Expected valid_ratio and test_ratio above 0, below 1 together, got {valid_ratio} "
                f"and {test_ratio}."
            )
        self.valid_ratio, self.test_ratio, self.random_state = valid_ratio, test_ratio, random_state
        self.genres, self._files = GENRES[name], FILES[name]
        super().__init__(
            name,
            get_dgl_url(f"dataset/{name}.zip"),
            raw_dir=raw_dir,
            hash_key=(name, valid_ratio, test_ratio, random_state),
            force_reload=force_reload,
            verbose=verbose or False,
            transform=transform,
        )

    def process(self) -> None:
        """Read the files and build the graph."""
        folder = self._folder()
        rows, part = self._ratings(folder)
        users, movies = self._users(folder, rows), self._movies(folder)
        src = _numbered(rows[:, 0], users, "user")
        dst = _numbered(rows[:, 1], movies, "film")
        users = _that_occur(users, rows[:, 0])
        movies = _that_occur(movies, rows[:, 1])
        sizes = {"user": len(users), "movie": len(movies)}
        g = heterograph({RATES: (src, dst), RATED: (dst, src)}, sizes)
        g.nodes["user"].data["feat"] = torch.from_numpy(np.array(list(users.values()), np.float32))
        g.nodes["movie"].data["feat"] = _movie_features(folder, movies)
        for etype in (RATES, RATED):
            g.edges[etype].data["rate"] = torch.from_numpy(rows[:, 2].astype(np.float32))
            for number, name in enumerate(("train_mask", "valid_mask", "test_mask")):
                g.edges[etype].data[name] = torch.from_numpy(part == number)
        self._graph = g

    def _places(self) -> list[str]:
        folders = {"ml-10m": "ml-10M100K"}
        return [*super()._places(), f"{self.name}/{folders.get(self.name, self.name)}"]

    def _ratings(self, folder: Path) -> tuple[Array, Array]:
        """Rows (user, film, rating), and 0, 1 or 2 for the part that each is in."""
        if self.name == "ml-100k":
            train, test = (_rows(folder / name, "\t") for name in self._files[:2])
            order = self._order(len(train))
            num_train = int(len(train) * (1 - self.valid_ratio))
            part = np.repeat([0, 1, 2], [num_train, len(train) - num_train, len(test)])
            return np.concatenate([train[order], test]), part
        rows = _rows(folder / "ratings.dat", "::")
        order, test_ratio = self._order(len(rows)), self.test_ratio or 0.0
        num_train = int(len(rows) * (1 - self.valid_ratio - test_ratio))
        num_valid = int(len(rows) * self.valid_ratio)
        part = np.full(len(rows), 2)
        part[order[:num_train]] = 0
        part[order[num_train : num_train + num_valid]] = 1
        return rows, part

    def _order(self, size: int) -> Array:
        return np.random.RandomState(self.random_state).permutation(size)

    def _users(self, folder: Path, rows: Array) -> dict[int, list[float]]:
        """The features of each user."""
        if self.name == "ml-10m":
            return {int(user): [0.0] for user in np.unique(rows[:, 0])}
        hundred = self.name == "ml-100k"
        path, separator = folder / ("u.user" if hundred else "users.dat"), "|" if hundred else "::"
        age, gender = (1, 2) if hundred else (2, 1)
        users: dict[int, tuple[float, float, str]] = {}
        for number, words in _fields(path, separator, 5, "utf-8-sig"):
            user = _read(integer, words[0], path, number)
            users[user] = (
                _read(real, words[age], path, number) / 50,
                float(words[gender] == "F"),
                words[3],
            )
        jobs = sorted({job for _, _, job in users.values()})
        return {
            user: [years, female, *(float(job == other) for other in jobs)]
            for user, (years, female, job) in users.items()
        }

    def _movies(self, folder: Path) -> dict[int, list[float]]:
        """The genres of each film, one-hot."""
        movies: dict[int, list[float]] = {}
        if self.name == "ml-100k":
            path = folder / "u.item"
            for number, words in _fields(path, "|", 5 + len(self.genres), "latin-1"):
                genres = [_read(real, word, path, number) for word in words[5:]]
                movies[_read(integer, words[0], path, number)] = genres
            return movies
        path, known = folder / "movies.dat", {name: name for name in self.genres}
        known |= {"Children's": "Children", "Childrens": "Children"}
        for number, words in _fields(path, "::", 3, "latin-1"):
            its = {known.get(genre, "unknown") for genre in words[2].split("|")}
            movies[_read(integer, words[0], path, number)] = [float(g in its) for g in self.genres]
        return movies


def _rows(path: Path, separator: str) -> Array:
    """Users, films and ratings of a file ``user film rating time``."""
    rows = []
    for number, words in _fields(path, separator, 4, "utf-8-sig"):
        user, movie = (_read(integer, word, path, number) for word in words[:2])
        rows.append((user, movie, _read(real, words[2], path, number)))
    if not rows:
        raise GraphValueError(f"{path}: expected ratings, got none. Download it again.")
    return np.array(rows, np.float64)


def _fields(path: Path, separator: str, count: int, encoding: str) -> Any:
    for number, line in text.lines(path, encoding):
        words = line.split(separator)
        if len(words) != count:
            raise GraphValueError(
                f"{path}, line {number}: expected {count} parts, separated by {separator!r}, got "
                f"{line[:80]!r}. Download it again."
            )
        yield number, words


def _read(read: Callable[[str], Any], word: str, path: Path, number: int) -> Any:
    try:
        return read(word)
    except GraphValueError as error:
        raise GraphValueError(f"{path}, line {number}: {error}. Download it again.") from error


def _numbered(ids: Array, known: dict[int, list[float]], what: str) -> Tensor:
    """Numbers of the ids among those that occur, in the order of ``known``."""
    occurring = set(ids.astype(np.int64).tolist())
    missing = occurring - set(known)
    if missing:
        raise GraphValueError(
            f"Expected a line for the {what} {min(missing)}, whose rating is in the files, got "
            "none. Download all files again."
        )
    number = {each: place for place, each in enumerate(each for each in known if each in occurring)}
    return torch.tensor([number[each] for each in ids.astype(np.int64).tolist()])


def _that_occur(known: dict[int, list[float]], ids: Array) -> dict[int, list[float]]:
    occurring = set(ids.astype(np.int64).tolist())
    return {each: row for each, row in known.items() if each in occurring}


def _movie_features(folder: Path, movies: dict[int, list[float]]) -> Tensor:
    path = folder / "movie_feat.pkl"
    if not path.is_file():
        return torch.from_numpy(np.array(list(movies.values()), np.float32))
    feat = pickles.tensor(pickles.read(path), f"the tensor of {path}").float()
    if feat.ndim != 2 or len(feat) != len(movies):
        raise GraphValueError(
            f"{path}: expected features of {len(movies)} films, got a shape of "
            f"{tuple(feat.shape)}. Download it again, or remove it to use the genres."
        )
    return feat
