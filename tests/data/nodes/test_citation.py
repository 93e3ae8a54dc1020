from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pooch
import pytest
import torch

import graphmp as gm
from graphmp.data import CiteseerGraphDataset, CoraGraphDataset, PubmedGraphDataset
from graphmp.data.readers.planetoid import file_names, read

MASKS = ("train_mask", "val_mask", "test_mask")


class Published(NamedTuple):
    make: Callable[..., Any]
    nodes: int
    edges: int
    loops: int
    feats: int
    classes: int
    split: tuple[int, int, int]


SETS = [
    Published(CoraGraphDataset, 2708, 10556, 0, 1433, 7, (140, 500, 1000)),
    Published(CiteseerGraphDataset, 3327, 9228, 124, 3703, 6, (120, 500, 1000)),
    Published(PubmedGraphDataset, 19717, 88651, 3, 500, 3, (60, 500, 1000)),
]
EACH_SET = pytest.mark.parametrize("known", SETS, ids=["cora", "citeseer", "pubmed"])


@EACH_SET
def test_counts_are_those_published(planetoid_dir: Path, known: Published) -> None:
    dataset = known.make(planetoid_dir, verbose=False)
    g = dataset[0]
    src, dst = g.edges()
    assert (g.num_nodes(), g.num_edges()) == (known.nodes, known.edges)
    assert int((src == dst).sum()) == known.loops
    assert g.ndata["feat"].shape == (known.nodes, known.feats)
    assert dataset.num_classes == known.classes
    assert g.ndata["label"].unique().tolist() == list(range(known.classes))
    assert tuple(int(g.ndata[mask].sum()) for mask in MASKS) == known.split


@EACH_SET
def test_edges_are_distinct_and_go_both_ways(planetoid_dir: Path, known: Published) -> None:
    g = known.make(planetoid_dir, verbose=False)[0]
    src, dst = g.edges()
    keys = (src * known.nodes + dst).unique()
    assert len(keys) == len(src)
    assert bool((src.diff() >= 0).all())
    assert torch.equal((dst * known.nodes + src).sort().values, keys)


@EACH_SET
def test_fields_have_their_dtypes_and_the_masks_do_not_overlap(
    planetoid_dir: Path, known: Published
) -> None:
    data = known.make(planetoid_dir, verbose=False)[0].ndata
    assert data["feat"].dtype == torch.float32
    assert data["label"].dtype == torch.int64
    assert all(data[mask].dtype == torch.bool for mask in MASKS)
    assert int(torch.stack([data[mask] for mask in MASKS]).sum(0).max()) == 1


@EACH_SET
def test_rows_of_features_sum_to_1_or_are_zero(planetoid_dir: Path, known: Published) -> None:
    sums = known.make(planetoid_dir, verbose=False)[0].ndata["feat"].sum(1)
    assert torch.allclose(sums[sums != 0], torch.ones(1), atol=1e-5)


@EACH_SET
def test_training_nodes_are_20_of_each_class(planetoid_dir: Path, known: Published) -> None:
    data = known.make(planetoid_dir, verbose=False)[0].ndata
    assert data["label"][data["train_mask"]].bincount().tolist() == [20] * known.classes


def test_classes_of_cora_have_the_published_sizes(planetoid_dir: Path) -> None:
    label = CoraGraphDataset(planetoid_dir, verbose=False)[0].ndata["label"]
    assert label.bincount().tolist() == [351, 217, 418, 818, 426, 298, 180]


def test_the_15_nodes_that_citeseer_does_not_describe_are_zero_and_unmasked(
    planetoid_dir: Path,
) -> None:
    data = CiteseerGraphDataset(planetoid_dir, verbose=False)[0].ndata
    index = [*map(int, (planetoid_dir / "ind.citeseer.test.index").read_text().split())]
    missing = sorted(set(range(min(index), max(index))) - set(index))
    assert len(missing) == 15
    assert (data["feat"].sum(1) == 0).nonzero().view(-1).tolist() == missing
    assert not any(data[mask][missing].any() for mask in MASKS)
    assert data["label"][missing].tolist() == [0] * 15


def test_without_reverse_edges_each_edge_comes_once(planetoid_dir: Path) -> None:
    dataset = CoraGraphDataset(planetoid_dir, verbose=False, reverse_edge=False)
    src, dst = dataset[0].edges()
    assert not dataset.reverse_edge
    assert len(src) == 5278
    assert bool((src < dst).all())
    assert dataset[0].num_nodes() == 2708


def test_verbose_prints_the_counts(planetoid_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CoraGraphDataset(planetoid_dir)
    assert capsys.readouterr().out == (
        "  NumNodes: 2708\n  NumEdges: 10556\n  NumFeats: 1433\n  NumClasses: 7\n"
        "  NumTrainingSamples: 140\n  NumValidationSamples: 500\n  NumTestSamples: 1000\n"
        f"Done loading data from {planetoid_dir}.\n"
    )
    CoraGraphDataset(planetoid_dir, verbose=False)
    assert capsys.readouterr().out == ""


def test_transform_is_applied(planetoid_dir: Path) -> None:
    dataset = CoraGraphDataset(planetoid_dir, verbose=False, transform=lambda g: g.num_edges())
    assert dataset[0] == 10556


def test_the_named_folder_is_used(planetoid_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GRAPHMP_DATA", str(planetoid_dir))
    assert len(CoraGraphDataset(verbose=False)) == 1


def test_files_that_are_not_at_hand_are_downloaded_and_checked(
    planetoid_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(self: object, url: str, output_file: str, pooch: object) -> None:
        shutil.copy(planetoid_dir / url.rsplit("/", 1)[1], output_file)

    monkeypatch.delenv("GRAPHMP_DATA", raising=False)
    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", download)
    CoraGraphDataset(tmp_path, verbose=False)
    fetched = sorted(path.name for path in (tmp_path / "planetoid").iterdir())
    assert fetched == sorted(file_names("cora"))


class Attack:
    """Pickled, it asks whoever loads it to call ``print``."""

    def __reduce__(self) -> tuple[Any, ...]:
        return print, ("attacked",)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_names_another_global_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], protocol: int
) -> None:
    (tmp_path / "ind.cora.test.index").write_text("0\n")
    (tmp_path / "ind.cora.x").write_bytes(pickle.dumps(Attack(), protocol))
    with pytest.raises(gm.GraphError, match=r"ind\.cora\.x.*asks for \w+\.print") as caught:
        read(tmp_path, "cora")
    assert isinstance(caught.value, ValueError)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "content", [b"", b"no pickle", pickle.dumps([1, 2])[:-3]], ids=["empty", "text", "cut"]
)
def test_a_damaged_pickle_is_an_error_that_names_the_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ind.cora.test.index").write_text("0\n")
    (tmp_path / "ind.cora.x").write_bytes(content)
    with pytest.raises(gm.GraphError, match=r"ind\.cora\.x is damaged"):
        read(tmp_path, "cora")


@pytest.mark.parametrize("content", ["", "0\nx\n", "1.5\n", "-1\n", "9" * 30])
def test_a_damaged_index_is_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "ind.cora.test.index").write_text(content)
    with pytest.raises(gm.GraphError, match=r"ind\.cora\.test\.index(, line \d)?: expected"):
        read(tmp_path, "cora")


@pytest.mark.parametrize("swapped", ["allx", "tx", "ty", "graph", "test.index"])
def test_files_that_do_not_fit_together_are_an_error(
    planetoid_dir: Path, tmp_path: Path, swapped: str
) -> None:
    for name in file_names("cora"):
        shutil.copy(planetoid_dir / name, tmp_path)
    if swapped == "test.index":
        (tmp_path / "ind.cora.test.index").write_text("5\n")
    else:
        shutil.copy(planetoid_dir / "ind.cora.x", tmp_path / f"ind.cora.{swapped}")
    with pytest.raises(gm.GraphError, match="do not fit together"):
        read(tmp_path, "cora")
