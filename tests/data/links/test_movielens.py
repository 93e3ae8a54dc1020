from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import graphmp as gm
from graphmp.data import MovieLensDataset
from graphmp.data.links.movielens import GENRES

NAMES = pytest.mark.parametrize("name", ["ml-100k", "ml-1m", "ml-10m"])
RATINGS = [(7, 3, 5), (7, 1, 2), (9, 3, 4.5), (9, 2, 1), (7, 2, 3), (9, 1, 2)]
TITLES = {1: "Café", 2: "b", 3: "c", 4: "unseen"}


def write(folder: Path, name: str) -> Path:
    sep = "\t" if name == "ml-100k" else "::"
    lines = [sep.join([*map(str, each), "88"]) for each in RATINGS]
    if name == "ml-100k":
        (folder / "u1.base").write_text("\n".join(lines[:4]))
        (folder / "u1.test").write_text("\n".join(lines[4:]))
        (folder / "u.user").write_text("9|50|F|artist|1\n8|1|M|none|2\n7|25|M|doctor|3\n")
        films = [f"{i}|{t}|d||u|{'|'.join(map(str, flags(i)))}" for i, t in TITLES.items()]
        (folder / "u.item").write_text("\n".join(films), encoding="latin-1")
        return folder
    (folder / "ratings.dat").write_text("\n".join(lines))
    (folder / "users.dat").write_text("9::F::50::1::x\n8::M::1::2::y\n7::M::25::0::z\n")
    films = [
        f"{i}::{t}::{'Drama|Children' + chr(39) + 's' if i == 1 else 'War'}"
        for i, t in TITLES.items()
    ]
    (folder / "movies.dat").write_text("\n".join(films), encoding="latin-1")
    return folder


def flags(film: int) -> list[int]:
    return [int(g in ("Drama", "Children") if film == 1 else g == "War") for g in GENRES["ml-100k"]]


def ratios(name: str) -> dict[str, Any]:
    return {"valid_ratio": 0.25} if name == "ml-100k" else {"valid_ratio": 0.2, "test_ratio": 0.34}


@NAMES
def test_ratings_are_edges_both_ways(tmp_path: Path, name: str) -> None:
    g = MovieLensDataset(name, raw_dir=write(tmp_path, name), **ratios(name))[0]
    users, films = g.edges(etype="user-movie")
    ids = {"ml-10m": [7, 9]}.get(name, [9, 7])
    rates = g.edges["user-movie"].data["rate"].tolist()
    actual = {
        (ids[u], m + 1, r) for u, m, r in zip(users.tolist(), films.tolist(), rates, strict=True)
    }
    assert actual == set(RATINGS)
    assert [ends.tolist() for ends in g.edges(etype="movie-user")] == [
        films.tolist(),
        users.tolist(),
    ]
    assert (g.num_nodes("user"), g.num_nodes("movie")) == (2, 3)
    assert torch.equal(g.edges["movie-user"].data["rate"], g.edges["user-movie"].data["rate"])


@NAMES
def test_every_rating_is_in_one_part(tmp_path: Path, name: str) -> None:
    g = MovieLensDataset(name, raw_dir=write(tmp_path, name), **ratios(name))[0]
    for etype in g.etypes:
        data = g.edges[etype].data
        masks = torch.stack([data[f"{part}_mask"] for part in ("train", "valid", "test")])
        assert masks.sum(0).tolist() == [1] * 6
        assert masks.sum(1).tolist() == ([3, 1, 2] if name == "ml-100k" else [2, 1, 3])


@NAMES
def test_users_and_films_have_features(tmp_path: Path, name: str) -> None:
    g = MovieLensDataset(name, raw_dir=write(tmp_path, name), **ratios(name))[0]
    users, films = g.nodes["user"].data["feat"], g.nodes["movie"].data["feat"]
    assert films.shape == (3, len(GENRES[name]))
    assert [GENRES[name][i] for i in films[0].nonzero().view(-1)] == ["Children", "Drama"]
    if name == "ml-10m":
        assert users.tolist() == [[0], [0]]
    else:
        assert users[:, :2].tolist() == [[1, 1], [0.5, 0]]
        assert users[:, 2:].sum(1).tolist() == [1, 1]


def test_features_of_films_may_be_those_of_dgl(tmp_path: Path) -> None:
    write(tmp_path, "ml-1m")
    (tmp_path / "movie_feat.pkl").write_bytes(pickle.dumps(torch.eye(3, dtype=torch.float64), 2))
    g = MovieLensDataset("ml-1m", 0.2, 0.2, raw_dir=tmp_path)[0]
    assert g.nodes["movie"].data["feat"].tolist() == np.eye(3).tolist()
    (tmp_path / "movie_feat.pkl").write_bytes(pickle.dumps(torch.eye(2), 2))
    with pytest.raises(gm.GraphError, match=r"movie_feat\.pkl: expected features of 3 films"):
        MovieLensDataset("ml-1m", 0.2, 0.2, raw_dir=tmp_path)


@pytest.mark.parametrize(
    ("name", "file", "content", "message"),
    [
        ("ml-100k", "u1.base", "7\t3\t5\n", r"u1\.base, line 1: expected 4 parts"),
        ("ml-100k", "u1.base", "", r"u1\.base: expected ratings, got none"),
        ("ml-100k", "u1.base", "7\tx\t5\t1\n", "line 1: expected a number, got 'x'"),
        ("ml-100k", "u.user", "9|50|F|a|1\n", "a line for the user 7"),
        ("ml-100k", "u.user", "9|old|F|a|1\n", "line 1: expected a number, got 'old'"),
        ("ml-100k", "u.item", "1|a|b|c|d|1\n", "line 1: expected 24 parts"),
        ("ml-1m", "movies.dat", "1::a::War\n", "a line for the film 2"),
        ("ml-1m", "users.dat", "9::F::50\n", "expected 5 parts"),
    ],
)
def test_wrong_files_are_an_error(
    tmp_path: Path, name: str, file: str, content: str, message: str
) -> None:
    write(tmp_path, name)
    (tmp_path / file).write_text(content)
    with pytest.raises(gm.GraphError, match=message) as caught:
        MovieLensDataset(name, raw_dir=tmp_path, **ratios(name))
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize(
    "settings",
    [
        ("ml-20m", 0.1),
        ("ml-100k", 0.0),
        ("ml-100k", 1.0),
        ("ml-1m", 0.1),
        ("ml-1m", 0.5, 0.5),
        ("ml-1m", 0.5, 0.0),
    ],
)
def test_other_settings_are_an_error(settings: tuple[Any, ...]) -> None:
    with pytest.raises(gm.GraphError, match=r"one of ml-100k|valid_ratio and test_ratio above 0"):
        MovieLensDataset(*settings)
